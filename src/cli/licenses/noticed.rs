//! Which service plans rules can tell from others: of all the plans of a tenant, rules ask for a handful.

use std::collections::{BTreeMap, HashSet};

use super::coded::Coded;
use super::overlay::{ASSIGNED_PLANS, plans_table};
use crate::base::fold::{FoldedText, fold};
use crate::directory::columns::Columns;
use crate::language::attribute::PlanField;
use crate::language::typed::{Node, NodeKind, Quantifier, Test, TypedRule};
use crate::licensing::catalog::Catalog;
use crate::licensing::plan_set::{PlanIndex, PlanSet};

/// The services of plans by the id of the plan, all folded.
pub(super) type Services = BTreeMap<String, Service>;

/// What users who have a plan tell of its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// All the same; `None` if it has none.
    One(Option<String>),
    Several,
}

/// The services of all plans that users have.
pub(super) fn services(columns: &Columns) -> Services {
    let mut services = Services::new();
    let Some(table) = plans_table(columns) else { return services };
    let (ids, names) = (Coded::of(&table.items.service_plan_id), Coded::of(&table.items.service));
    let pairs: HashSet<(u32, u32)> = ids.codes().iter().copied().zip(names.codes().iter().copied()).collect();
    for (id, name) in pairs {
        let Some(id) = ids.text(id) else { continue };
        let name = Service::One(names.text(name).map(str::to_owned));
        match services.get_mut(id) {
            Some(known) if *known != name => *known = Service::Several,
            Some(_) => {}
            None => {
                services.insert(id.to_owned(), name);
            }
        }
    }
    services
}

/// The plans of a catalog that some rule can notice, whatever their state.
pub(super) fn noticed<'r>(
    catalog: &Catalog,
    rules: impl Iterator<Item = &'r TypedRule>,
    services: &Services,
) -> PlanSet {
    let rules: Vec<&TypedRule> = rules.collect();
    let is_noticed = |plan: &PlanIndex| {
        let Some(known) = catalog.plan_at(*plan) else { return false };
        let id = fold(&known.id).into_owned();
        // Of a plan that nobody has no service is known, and none is told.
        let service = match services.get(&id) {
            None => Field::Known(None),
            Some(Service::One(service)) => Field::Known(service.as_deref()),
            Some(Service::Several) => Field::Unknown,
        };
        let item = Item { id: &id, service };
        rules.iter().any(|rule| notices(&rule.root, item))
    };
    catalog
        .skus()
        .flat_map(|sku| catalog.plans_of(sku).iter().collect::<Vec<_>>())
        .filter(is_noticed)
        .collect()
}

/// A service plan of a user in some state.
#[derive(Clone, Copy)]
struct Item<'i> {
    id: &'i str,
    service: Field<'i>,
}

#[derive(Clone, Copy)]
enum Field<'i> {
    Known(Option<&'i str>),
    Unknown,
}

/// Whether it matters to a condition if a user has the plan, and in which state.
fn notices(node: &Node, item: Item<'_>) -> bool {
    match &node.kind {
        NodeKind::And(parts) | NodeKind::Or(parts) => parts.iter().any(|part| notices(part, item)),
        NodeKind::Not(part) => notices(part, item),
        NodeKind::Quantified { quantifier, collection, body } if *collection.name == *ASSIGNED_PLANS => {
            // An item about which the body says no never makes `-any` true, and one about which it says yes
            // never makes `-all` false.
            let idle = matches!(quantifier, Quantifier::All);
            says(body, item) != Some(idle)
        }
        NodeKind::Quantified { .. }
        | NodeKind::Attribute { .. }
        | NodeKind::Item { .. }
        | NodeKind::MemberOf { .. }
        | NodeKind::Reports { .. } => false,
    }
}

/// What a body says about a plan in any state; `None` if that depends.
fn says(body: &Node, item: Item<'_>) -> Option<bool> {
    match &body.kind {
        NodeKind::And(parts) => of_parts(parts, item, false),
        NodeKind::Or(parts) => of_parts(parts, item, true),
        NodeKind::Not(part) => says(part, item).map(|said| !said),
        NodeKind::Item { field: Some(PlanField::ServicePlanId), test } => holds(test, Some(item.id)),
        NodeKind::Item { field: Some(PlanField::Service), test } => match item.service {
            Field::Known(service) => holds(test, service),
            Field::Unknown => None,
        },
        _ => None,
    }
}

/// One part that says `decisive` decides; all others have to say the same.
fn of_parts(parts: &[Node], item: Item<'_>, decisive: bool) -> Option<bool> {
    let said: Vec<Option<bool>> = parts.iter().map(|part| says(part, item)).collect();
    if said.contains(&Some(decisive)) {
        Some(decisive)
    } else if said.contains(&None) {
        None
    } else {
        Some(!decisive)
    }
}

/// What a test says of a text; `None` if that is not looked into here.
fn holds(test: &Test, text: Option<&str>) -> Option<bool> {
    let is = |other: &FoldedText| text == Some(other.folded());
    match test {
        Test::IsNull => Some(text.is_none()),
        Test::Equals(other) => Some(is(other)),
        Test::In(others) => Some(others.iter().any(is)),
        _ if text.is_none() => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::directory::object::{AssignedPlan, Object, Value};
    use crate::directory::sku::{PrepaidUnits, ServicePlan, Sku};
    use crate::engine::oracle::evaluate;
    use crate::engine::world::{NoRelations, World};
    use crate::language::attribute::{Attributes, Subject};
    use crate::language::compile::{Options, compile};
    use crate::language::dialect::Dialect;
    use crate::licensing::policy::LicensingPolicy;

    /// All plans of a product, with their services; of the last one different things are told.
    const PLANS: [(&str, Option<&str>); 4] =
        [("p1", Some("exchange")), ("p2", None), ("p3", Some("SCO")), ("p4", Some("exchange"))];

    fn catalog() -> Catalog {
        let plan = |(id, _): (&str, Option<&str>)| ServicePlan {
            service_plan_id: id.to_owned(),
            service_plan_name: None,
            applies_to: None,
            provisioning_status: None,
        };
        let sku = Sku {
            sku_id: "sku".to_owned(),
            sku_part_number: "SKU".to_owned(),
            applies_to: None,
            capability_status: None,
            prepaid_units: PrepaidUnits::default(),
            consumed_units: 0,
            service_plans: PLANS.into_iter().map(plan).collect(),
            subscription_ids: Vec::new(),
            line: 1,
        };
        Catalog::new(&[sku], &LicensingPolicy::default())
    }

    fn plan(id: &str, service: Option<&str>, status: &str) -> AssignedPlan {
        AssignedPlan {
            service: service.map(str::to_owned),
            service_plan_id: Some(id.to_owned()),
            capability_status: Some(status.to_owned()),
        }
    }

    fn user(plans: Vec<AssignedPlan>) -> Object {
        Object::new("ada").with(ASSIGNED_PLANS, Value::Plans(plans))
    }

    fn rule(text: &str) -> TypedRule {
        let options = Options { dialect: Dialect::Extended, ..Options::default() };
        let compiled = compile(text, options);
        compiled.rule.unwrap_or_else(|| panic!("{text}: {:?}", compiled.diagnostics))
    }

    fn condition() -> impl Strategy<Value = String> {
        let id = prop::sample::select(vec!["p1", "P2", "p3", "p4", "other"]);
        let service = prop::sample::select(vec!["Exchange", "sco", "none"]);
        let leaf = prop_oneof![
            (id.clone(), prop::sample::select(vec!["-eq", "-ne", "-startsWith"]))
                .prop_map(|(id, operator)| format!("assignedPlan.servicePlanId {operator} \"{id}\"")),
            (id.clone(), id).prop_map(|(a, b)| format!("assignedPlan.servicePlanId -in [\"{a}\", \"{b}\"]")),
            (service, prop::sample::select(vec!["-eq", "-ne", "-contains"]))
                .prop_map(|(service, operator)| format!("assignedPlan.service {operator} \"{service}\"")),
            prop::sample::select(vec!["service", "servicePlanId"])
                .prop_map(|field| format!("assignedPlan.{field} -eq null")),
            prop::sample::select(vec!["-eq", "-ne"])
                .prop_map(|operator| format!("assignedPlan.capabilityStatus {operator} \"Enabled\"")),
        ];
        leaf.prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("({})", parts.join(" -and "))),
                prop::collection::vec(inner.clone(), 2..4)
                    .prop_map(|parts| format!("({})", parts.join(" -or "))),
                inner.prop_map(|part| format!("-not ({part})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_not_noticed_makes_no_difference(
            body in condition(),
            quantifier in prop::sample::select(vec!["-any", "-all"]),
            negated: bool,
            held in prop::collection::vec(0..PLANS.len(), 0..3),
            changed in 0..PLANS.len(),
        ) {
            let not = if negated { "-not " } else { "" };
            let text = format!("{not}(user.assignedPlans {quantifier} ({body}))");
            let (catalog, rule) = (catalog(), rule(&text));
            let of = |at: usize, status: &str| {
                let (id, service) = PLANS[at];
                plan(id, if id == "p4" && status == "Deleted" { Some("other") } else { service }, status)
            };
            // Of the last plan users tell two different services.
            let all = [0, 1, 2, 3].map(|at| of(at, "Enabled")).into_iter().chain([of(3, "Deleted")]).collect();
            let attribute = Attributes::standard().find(Subject::User, ASSIGNED_PLANS).unwrap();
            let services = services(&Columns::of_objects(&[user(all)], [&attribute]));
            let noticed = noticed(&catalog, [&rule].into_iter(), &services);
            if noticed.contains(catalog.find_plan(PLANS[changed].0).unwrap()) {
                return Ok(());
            }
            let others = || held.iter().filter(|at| **at != changed).map(|at| of(*at, "Deleted"));
            let world = World { now: Timestamp::UNIX_EPOCH, version_order: None, relations: &NoRelations };
            let says = |plans: Vec<AssignedPlan>| evaluate(&rule, &user(plans), &world).unwrap();
            let without = says(others().collect());
            for status in ["Enabled", "Suspended", "Deleted"] {
                prop_assert_eq!(says(others().chain([of(changed, status)]).collect()), without, "{}", text);
            }
        }
    }

    #[test]
    fn rules_notice_the_plans_that_they_name() {
        let ids = |text: &str| {
            let (catalog, rule) = (catalog(), rule(text));
            let services = Services::from([
                ("P1".to_owned(), Service::One(Some("EXCHANGE".to_owned()))),
                ("P3".to_owned(), Service::Several),
            ]);
            let noticed = noticed(&catalog, [&rule].into_iter(), &services);
            noticed.iter().map(|plan| catalog.plan_at(plan).unwrap().id.clone()).collect::<Vec<_>>().join(" ")
        };
        let enabled = "assignedPlan.capabilityStatus -eq \"Enabled\"";
        let any = |body: &str| ids(&format!("user.assignedPlans -any ({body} -and {enabled})"));
        assert_eq!(any("assignedPlan.servicePlanId -eq \"P1\""), "p1");
        assert_eq!(any("assignedPlan.service -eq \"Exchange\""), "p1 p3", "of one nobody knows");
        assert_eq!(any("assignedPlan.service -eq null"), "p2 p3 p4", "a new one has none");
        assert_eq!(any("assignedPlan.servicePlanId -ne \"p1\""), "p2 p3 p4");
        let none = "user.assignedPlans -all (assignedPlan.servicePlanId -ne \"p2\" -or assignedPlan.capabilityStatus -ne \"Enabled\")";
        assert_eq!(ids(none), "p2");
        assert_eq!(ids("user.assignedPlans -all (assignedPlan.servicePlanId -eq null)"), "p1 p2 p3 p4");
        assert_eq!(ids("user.department -eq \"Sales\""), "");
    }
}
