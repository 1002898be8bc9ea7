//! The smallest change of an object that turns a rule's result.

use super::oracle::evaluate;
use super::search::Search;
use super::world::World;
use crate::directory::object::{Object, Value};
use crate::language::typed::TypedRule;

/// Most attributes changed at once.
pub const FLIP_MAX_ATTRIBUTES: usize = 3;

/// Most evaluations, of the rule or of one attribute's conditions, in one search.
pub const FLIP_MAX_EVALUATIONS: usize = 20_000;

/// What it takes to turn a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flip {
    /// These changes together do it, in the order in which the rule names the attributes; none of the
    /// tried changes of fewer attributes does.
    Changes(Vec<AttributeChange>),
    /// No tried change does it.
    NotFound {
        /// The number of evaluations spent.
        tried: usize,
    },
}

/// One attribute with its value before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    /// The attribute as a rule writes it, such as `user.department`; `memberOf` for the listed groups
    /// that the object is in (collections of ids), `manager` for its manager (an id or null).
    pub attribute: String,
    /// The object's value.
    pub from: Value,
    /// The value that is needed.
    pub to: Value,
}

/// Finds the smallest change of the object's attributes that turns the result of the rule.
///
/// Fewer attributes come first, then values that the rule itself names, then the order of the rule.
/// The values tried are made from the constants of the rule, so not finding a change proves nothing.
/// An object that leaves a group is taken to leave it altogether, nested groups included.
/// The object id never changes, nor does an attribute that no object has a value of. Every change
/// returned was checked with [`evaluate`](super::oracle::evaluate); where that fails for the object as
/// it is, nothing is found.
pub fn smallest_flip(rule: &TypedRule, object: &Object, world: &World<'_>) -> Flip {
    let Ok(present) = evaluate(rule, object, world) else {
        return Flip::NotFound { tried: 1 };
    };
    let mut search = Search::new(rule, object, world, present);
    let choices = search.choices();
    for attributes in 1..=FLIP_MAX_ATTRIBUTES {
        if let Some(chosen) = search.best_of(attributes, &choices) {
            return Flip::Changes(chosen.into_iter().map(|choice| choice.edit.change(object)).collect());
        }
    }
    Flip::NotFound { tried: search.tried() }
}

#[cfg(test)]
mod tests {
    use super::super::building::{Draft, all_of, and, any_of, not, now, one, or, user, world};
    use super::super::reading::Item;
    use super::super::world::{NoRelations, Relations, VersionOrder};
    use super::*;
    use crate::directory::object::AssignedPlan;
    use crate::language::pattern::Pattern;
    use crate::language::typed::Reach;

    fn print_value(value: &Value) -> String {
        match value {
            Value::Null => "null".into(),
            Value::Boolean(value) => value.to_string(),
            Value::Text(text) => text.clone(),
            Value::Instant(instant) => instant.to_string(),
            Value::Texts(texts) => format!("{texts:?}"),
            Value::Plans(plans) => {
                let print = |plan| Item::Plan(plan).print();
                format!("{:?}", plans.iter().map(print).collect::<Vec<_>>())
            }
        }
    }

    fn print(flip: &Flip) -> String {
        let Flip::Changes(changes) = flip else { return format!("{flip:?}") };
        let print = |change: &AttributeChange| {
            format!("{}: {} -> {}", change.attribute, print_value(&change.from), print_value(&change.to))
        };
        changes.iter().map(print).collect::<Vec<_>>().join("; ")
    }

    fn flip_in(draft: Draft, object: &Object, world: &World<'_>) -> String {
        print(&smallest_flip(&draft.rule(), object, world))
    }

    fn flip(draft: Draft, object: &Object) -> String {
        flip_in(draft, object, &world())
    }

    fn with(values: &[(&str, &str)]) -> Object {
        values.iter().fold(user("u"), |user, (name, value)| user.with(*name, Value::Text((*value).into())))
    }

    #[test]
    fn one_condition() {
        let sales = || with(&[("department", "Sales")]);
        assert_eq!(flip(one("user.department -eq 'HR'"), &sales()), "user.department: Sales -> HR");
        assert_eq!(flip(one("user.department -eq 'sales'"), &sales()), "user.department: Sales -> null");
        assert_eq!(flip(one("user.department -ne 'HR'"), &sales()), "user.department: Sales -> HR");
        assert_eq!(flip(one("user.department -ne null"), &sales()), "user.department: Sales -> null");
        assert_eq!(flip(one("user.department -ne null"), &user("u")), "user.department: null -> other");
        assert_eq!(
            flip(one("user.userType -eq 'Guest'"), &with(&[("userType", "Guest")])),
            "user.userType: Guest -> Member"
        );
        assert_eq!(
            flip(one("user.accountEnabled -ne true"), &user("u")),
            "user.accountEnabled: null -> true"
        );
        assert_eq!(flip(one("user.objectId -eq 'x'"), &user("u")), "NotFound { tried: 1 }");
        assert_eq!(
            flip(one("device.deviceOSVersion -ge '1'"), &user("d")),
            "NotFound { tried: 1 }",
            "an error"
        );
    }

    #[test]
    fn fewest_attributes_then_the_values_that_the_rule_names() {
        let sales = || one("user.department -eq 'Sales'");
        let oslo = || one("user.city -eq 'Oslo'");
        let engineer = || one("user.jobTitle -startsWith 'SDE'");
        let nobody = user("u");
        assert_eq!(
            flip(and([sales(), oslo()]), &nobody),
            "user.department: null -> Sales; user.city: null -> Oslo"
        );
        assert_eq!(flip(or([and([sales(), oslo()]), engineer()]), &nobody), "user.jobTitle: null -> SDE");
        let both = with(&[("department", "Sales"), ("city", "Oslo"), ("jobTitle", "x")]);
        assert_eq!(flip(and([sales(), oslo()]), &both), "user.department: Sales -> null");
        assert_eq!(flip(and([sales(), oslo(), not(engineer())]), &both), "user.jobTitle: x -> SDE");
        let none = not(or([sales(), oslo(), engineer()]));
        assert_eq!(flip(none, &both), "user.department: Sales -> null; user.city: Oslo -> null");
        let four =
            ["department", "city", "jobTitle", "state"].map(|name| one(&format!("user.{name} -eq 'x'")));
        assert_eq!(flip(and(four.clone()), &with(&[("state", "x")])).matches("-> x").count(), 3);
        assert!(flip(and(four), &nobody).starts_with("NotFound"), "four attributes are too many");
        let never = and([sales(), one("user.department -eq 'HR'")]);
        assert!(flip(never, &nobody).starts_with("NotFound"));
    }

    #[test]
    fn texts_are_made_to_fit_all_conditions() {
        let conditions = ["-startsWith 'A'", "-contains 'b'", "-endsWith 'C'", "-ne 'AbC'"];
        let draft = and(conditions.map(|condition| one(&format!("user.city {condition}"))));
        assert_eq!(flip(draft, &user("u")), "user.city: null -> AotherbC");
        let draft =
            and(["-contains 'a'", "-contains 'b'"].map(|condition| one(&format!("user.city {condition}"))));
        assert_eq!(flip(draft, &user("u")), "user.city: null -> a b");
    }

    #[test]
    fn regular_expressions() {
        assert_eq!(
            flip(one("user.city -match '^Os'"), &with(&[("city", "Oslo")])),
            "user.city: Oslo -> null"
        );
        let known = or([
            one("user.city -match '^Os'"),
            and([one("user.city -eq 'oslo'"), one("user.mail -ne null")]),
        ]);
        let found = flip(known, &user("u"));
        if let Some(sample) = Pattern::new("^Os").expect("a pattern").sample() {
            assert_eq!(
                flip(one("user.city -match '^Os'"), &user("u")),
                format!("user.city: null -> {sample}")
            );
        }
        assert!(found.starts_with("user.city: null -> "), "{found}");
    }

    #[test]
    fn dates_and_versions() {
        let hired = |days: i64| {
            let instant = now() + jiff::SignedDuration::from_hours(24 * days);
            user("u").with("employeeHireDate", Value::Instant(instant))
        };
        let recent = || {
            let from = one("user.employeeHireDate -ge system.now -minus p30d");
            and([from, one("user.employeeHireDate -le system.now")])
        };
        assert_eq!(
            flip(recent(), &hired(-60)),
            "user.employeeHireDate: 2025-11-16T00:00:00Z -> 2025-12-16T00:00:00Z"
        );
        assert_eq!(
            flip(recent(), &hired(-1)),
            "user.employeeHireDate: 2026-01-14T00:00:00Z -> 2025-12-15T23:59:59Z"
        );
        assert_eq!(
            flip(one("user.employeeHireDate -gt 2026-01-15T00:00:00Z"), &hired(0)),
            "user.employeeHireDate: 2026-01-15T00:00:00Z -> 2026-01-15T00:00:01Z"
        );
        for order in [VersionOrder::Version, VersionOrder::Ordinal] {
            let world = World { version_order: Some(order), ..world() };
            for (rule, present) in [
                ("-ge '10.0.10'", "9"),
                ("-le '10.0.10'", "9.1"),
                ("-lt '10.0.10'", "11"),
                ("-gt '10.0.10'", "1"),
            ] {
                let draft = one(&format!("device.deviceOSVersion {rule}"));
                let found = flip_in(draft, &with(&[("deviceOSVersion", present)]), &world);
                assert!(found.starts_with("device.deviceOSVersion: "), "{rule} {order:?}: {found}");
            }
        }
    }

    #[test]
    fn string_collections() {
        let mails = |items: &[&str]| {
            user("u").with("otherMails", Value::Texts(items.iter().map(ToString::to_string).collect()))
        };
        let contoso = || one("_ -endsWith '@c.com'");
        assert_eq!(
            flip(any_of("user.otherMails", contoso()), &user("u")),
            "user.otherMails: null -> [\"@c.com\"]"
        );
        assert_eq!(
            flip(any_of("user.otherMails", contoso()), &mails(&["x", "a@c.com", "y", "b@c.com"])),
            "user.otherMails: [\"x\", \"a@c.com\", \"y\", \"b@c.com\"] -> [\"x\", \"y\"]"
        );
        assert_eq!(
            flip(all_of("user.otherMails", contoso()), &mails(&["x", "a@c.com"])),
            "user.otherMails: [\"x\", \"a@c.com\"] -> [\"a@c.com\"]"
        );
        assert_eq!(
            flip(all_of("user.otherMails", contoso()), &user("u")),
            "user.otherMails: null -> [\"other\"]"
        );
        assert_eq!(
            flip(one("user.otherMails -notContains 'x'"), &mails(&["ax"])),
            "user.otherMails: [\"ax\"] -> []"
        );
        let exchange = and([
            any_of("user.otherMails", one("_ -eq 'new'")),
            not(any_of("user.otherMails", one("_ -eq 'old'"))),
        ]);
        assert_eq!(
            flip(exchange, &mails(&["old", "x"])),
            "user.otherMails: [\"old\", \"x\"] -> [\"x\", \"new\"]"
        );
        let two = and(["a", "b"].map(|item| any_of("user.otherMails", one(&format!("_ -eq '{item}'")))));
        assert_eq!(flip(two, &mails(&["x"])), "user.otherMails: [\"x\"] -> [\"x\", \"a\", \"b\"]");
    }

    #[test]
    fn service_plans() {
        let plan = |id: &str, status: &str| AssignedPlan {
            service: None,
            service_plan_id: Some(id.into()),
            capability_status: Some(status.into()),
        };
        let owner = |plans: &[AssignedPlan]| user("u").with("assignedPlans", Value::Plans(plans.to_vec()));
        let has = || {
            let body = ["assignedPlan.servicePlanId -eq 'X'", "assignedPlan.capabilityStatus -eq 'Enabled'"];
            any_of("user.assignedPlans", and(body.map(one)))
        };
        assert_eq!(
            flip(has(), &owner(&[plan("X", "Deleted")])),
            "user.assignedPlans: [\"/X/Deleted\"] -> [\"/X/Deleted\", \"/X/Enabled\"]"
        );
        assert_eq!(
            flip(has(), &owner(&[plan("X", "Enabled"), plan("Y", "Enabled")])),
            "user.assignedPlans: [\"/X/Enabled\", \"/Y/Enabled\"] -> [\"/Y/Enabled\"]"
        );
        let none = || all_of("user.assignedPlans", one("assignedPlan.servicePlanId -eq null"));
        assert_eq!(
            flip(none(), &owner(&[plan("X", "Enabled")])),
            "user.assignedPlans: [\"/X/Enabled\"] -> []"
        );
        assert_eq!(flip(none(), &user("u")), "user.assignedPlans: null -> [\"/other/\"]");
    }

    /// The object `u` is in the groups `g1` and `g2`.
    struct Groups;

    impl Relations for Groups {
        fn is_member(&self, group: &str, object: &str, _: Reach) -> bool {
            object == "u" && ["g1", "g2"].contains(&group)
        }
        fn manager_of(&self, user: &str) -> Option<&str> {
            NoRelations.manager_of(user)
        }
    }

    #[test]
    fn groups_and_managers() {
        let world = World { relations: &Groups, ..world() };
        let group = |list: &str| one(&format!("user.memberOf -in [{list}]"));
        let mut ada = user("u");
        assert_eq!(flip_in(group("'g3', 'g4'"), &ada, &world), "memberOf: [] -> [\"g3\"]");
        assert_eq!(flip_in(group("'g1', 'g2', 'g3'"), &ada, &world), "memberOf: [\"g1\", \"g2\"] -> []");
        let moved = and([group("'g3'"), not(group("'g1'"))]);
        assert_eq!(flip_in(moved, &ada, &world), "memberOf: [\"g1\"] -> [\"g3\"]");

        assert_eq!(flip_in(one("Direct Reports for 'M'"), &ada, &world), "manager: null -> M");
        ada.set_manager(Some("m".into()));
        assert_eq!(flip_in(one("Direct Reports for 'M'"), &ada, &world), "manager: m -> null");
        assert!(flip_in(one("All Reports for 'M'"), &user("M"), &world).starts_with("NotFound"));
    }

    #[test]
    fn long_rules_stay_within_the_limit() {
        let parts = (1..=12).flat_map(|number| {
            (0..10).map(move |value| one(&format!("user.extensionAttribute{number} -eq '{value}'")))
        });
        let found = smallest_flip(&and(parts).rule(), &user("u"), &world());
        assert_eq!(found, Flip::NotFound { tried: FLIP_MAX_EVALUATIONS });
    }
}
