//! What is proved about rules whatever the data holds for every object that the oracle is asked about.

use dyngroup::analysis::logic::{Constant, Relation, constant, relation};
use dyngroup::directory::object::Object;
use dyngroup::engine::oracle::evaluate;
use dyngroup::engine::world::{NoRelations, VersionOrder, World};
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::typed::TypedRule;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::generate;
use crate::machines::cases;

fn rule(text: &str) -> Option<TypedRule> {
    compile(text, Options { dialect: Dialect::Extended, ..Options::default() }).rule
}

/// Two rules made of the same few conditions, so that something can be proved about them.
fn pair(subject: Subject) -> impl Strategy<Value = (String, String)> {
    let shapes: &[&str] = &[
        "A",
        "B",
        "-not (A)",
        "(A) -and (B)",
        "(A) -or (B)",
        "(B) -and (A)",
        "(A) -and -not (B)",
        "-not ((A) -or (B))",
        "(-not (A)) -and (-not (B))",
        "((A) -and (B)) -or ((A) -and -not (B))",
        "(A) -or ((A) -and (C))",
        "(A) -and (C)",
        "(A) -and -not (A)",
        "(A) -or -not (A)",
        "((A) -or (B)) -and ((A) -or (C))",
        "(A) -or ((B) -and (C))",
    ];
    let parts = vec(generate::rule_text_about(subject, Dialect::Entra), 3);
    (parts, select(shapes), select(shapes)).prop_map(|(parts, one, other)| {
        let filled = |shape: &str| {
            let mut text = String::new();
            for letter in shape.chars() {
                match letter {
                    'A' => text.push_str(&parts[0]),
                    'B' => text.push_str(&parts[1]),
                    'C' => text.push_str(&parts[2]),
                    _ => text.push(letter),
                }
            }
            text
        };
        (filled(one), filled(other))
    })
}

fn held(one: &TypedRule, other: &TypedRule, objects: &[Object]) {
    let world =
        World { now: generate::now(), version_order: Some(VersionOrder::Version), relations: &NoRelations };
    let (related, always) = (relation(one, other), constant(one));
    for object in objects {
        let (Ok(first), Ok(second)) = (evaluate(one, object, &world), evaluate(other, object, &world)) else {
            continue;
        };
        let holds = match related {
            Some(Relation::Equivalent) => first == second,
            Some(Relation::Within) => !first || second,
            Some(Relation::Around) => !second || first,
            Some(Relation::Apart) => !(first && second),
            None => true,
        };
        assert!(holds, "{related:?}: {} | {}: {object:?}", one.text, other.text);
        match always {
            Some(Constant::Always) => assert!(first, "{}: {object:?}", one.text),
            Some(Constant::Never) => assert!(!first, "{}: {object:?}", one.text),
            None => {}
        }
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn what_is_proved_holds_for_every_object(
        (one, other) in pair(Subject::User),
        objects in vec(generate::object(Subject::User), 12),
    ) {
        // Some combinations are not allowed, such as Direct Reports with anything else.
        if let (Some(one), Some(other)) = (rule(&one), rule(&other)) {
            held(&one, &other, &objects);
        }
    }
}

/// The law above says something only if proofs are found.
#[test]
fn proofs_are_found_for_rules_of_the_same_parts() {
    let texts = ["user.city -eq \"a\"", "user.state -startsWith \"b\"", "user.mail -ne null"];
    let rule = |text: String| rule(&text).unwrap();
    let [a, b, c] = texts;
    let distributed = rule(format!("(({a}) -or ({b})) -and (({a}) -or ({c}))"));
    assert_eq!(
        relation(&distributed, &rule(format!("({a}) -or (({b}) -and ({c}))"))),
        Some(Relation::Equivalent)
    );
    assert_eq!(relation(&rule(format!("({a}) -and ({b})")), &distributed), Some(Relation::Within));
    assert_eq!(constant(&rule(format!("({a}) -or -not ({a})"))), Some(Constant::Always));
}
