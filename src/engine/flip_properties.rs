//! Properties of the smallest change, on made-up rules and objects.

use jiff::SignedDuration;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::building::{Draft, and, not, now, one, or, user, world};
use super::flip::{AttributeChange, Flip, smallest_flip};
use super::oracle::evaluate;
use super::world::{Relations, World};
use crate::directory::object::{Object, Value};
use crate::language::typed::Reach;

fn rules() -> impl Strategy<Value = Draft> {
    const CONDITIONS: [&str; 18] = [
        "user.city -eq 'a'",
        "user.city -ne 'ab'",
        "user.city -startsWith 'a'",
        "user.city -notContains 'b'",
        "user.city -match 'c$'",
        "user.mail -ne null",
        "user.mail -in ['a', 'c']",
        "user.mail -notEndsWith 'c'",
        "user.accountEnabled -eq true",
        "user.accountEnabled -ne false",
        "user.employeeHireDate -ge 2026-01-01T00:00:00Z",
        "user.employeeHireDate -le system.now -plus p1d",
        "user.otherMails -contains 'a'",
        "user.otherMails -notStartsWith 'b'",
        "user.objectId -eq 'u'",
        "user.memberOf -in ['g1', 'g3']",
        "user.memberOf -in ['g2']",
        "Direct Reports for 'm'",
    ];
    select(&CONDITIONS[..]).prop_map(one).prop_recursive(3, 10, 3, |inner| {
        let parts = vec(inner.clone(), 2..4);
        prop_oneof![parts.clone().prop_map(and), parts.prop_map(or), inner.prop_map(not)]
    })
}

fn objects() -> impl Strategy<Value = Object> {
    let text = || prop_oneof![Just(Value::Null), "[abc]{1,3}".prop_map(Value::Text)];
    let boolean = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::Boolean)];
    let instant = prop_oneof![
        Just(Value::Null),
        (-40_i64..40).prop_map(|days| Value::Instant(now() + SignedDuration::from_hours(24 * days)))
    ];
    let texts = vec("[abc]{1,2}", 0..3).prop_map(Value::Texts);
    let manager = prop_oneof![Just(None), Just(Some("M".to_owned())), Just(Some("x".to_owned()))];
    (text(), text(), boolean, instant, texts, manager).prop_map(
        |(city, mail, boolean, instant, texts, manager)| {
            let mut object = user("u")
                .with("city", city)
                .with("mail", mail)
                .with("accountEnabled", boolean)
                .with("employeeHireDate", instant)
                .with("otherMails", texts);
            object.set_manager(manager);
            object
        },
    )
}

/// The groups that everybody is in, and no managers.
struct Groups(Vec<String>);

impl Relations for Groups {
    fn is_member(&self, group: &str, _: &str, _: Reach) -> bool {
        self.0.iter().any(|of| of == group)
    }
    fn manager_of(&self, _: &str) -> Option<&str> {
        None
    }
}

/// Makes the changes as a reader of the report would.
fn changed(changes: &[AttributeChange], object: &Object) -> (Object, Groups) {
    let (mut object, mut groups) = (object.clone(), vec!["g1".to_owned(), "g2".to_owned()]);
    for AttributeChange { attribute, from, to } in changes {
        match (attribute.as_str(), to) {
            ("memberOf", Value::Texts(to)) => {
                let Value::Texts(from) = from else { unreachable!("{from:?}") };
                groups.retain(|group| !from.contains(group));
                groups.extend(to.iter().cloned());
            }
            ("manager", Value::Text(to)) => object.set_manager(Some(to.clone())),
            ("manager", _) => object.set_manager(None),
            (name, to) => object.set(name.strip_prefix("user.").expect("a user's attribute"), to.clone()),
        }
    }
    (object, Groups(groups))
}

proptest! {
    #[test]
    fn a_found_change_turns_the_result_and_names_attributes_of_the_rule(
        draft in rules(),
        object in objects(),
    ) {
        let rule = draft.rule();
        let groups = Groups(vec!["g1".to_owned(), "g2".to_owned()]);
        let world = World { relations: &groups, ..world() };
        let before = evaluate(&rule, &object, &world).expect("no error");
        if let Flip::Changes(changes) = smallest_flip(&rule, &object, &world) {
            let (after, groups) = changed(&changes, &object);
            let after = evaluate(&rule, &after, &World { relations: &groups, ..world });
            prop_assert_eq!(after, Ok(!before), "{} by {:?}", rule.text, changes);

            let mut named: Vec<String> = rule.attributes_read().iter().map(|of| of.path()).collect();
            named.extend(["memberOf".to_owned(), "manager".to_owned()]);
            for change in &changes {
                prop_assert!(named.contains(&change.attribute), "{}", change.attribute);
                prop_assert_ne!(&change.from, &change.to);
            }
        }
    }

    #[test]
    fn one_condition_can_always_be_turned(draft in rules(), object in objects()) {
        let groups = Groups(vec!["g1".to_owned(), "g2".to_owned()]);
        let world = World { relations: &groups, ..world() };
        if draft.node.is_leaf() && !draft.text.contains("objectId") && !draft.text.contains("-match") {
            let found = smallest_flip(&draft.rule(), &object, &world);
            prop_assert!(matches!(&found, Flip::Changes(changes) if changes.len() == 1), "{:?}", found);
        }
    }
}
