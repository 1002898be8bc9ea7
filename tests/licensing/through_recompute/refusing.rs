//! The runner itself: scenarios that state what is not so do not pass.

use super::faults;

/// A scenario in which all is as it should be; each of the others has one thing wrong.
const RIGHT: &str = r#"
title = "two members, one seat"
country = "NO"

[[step]]
do = ["pool E3 = 1", "template HR = E3 -TEAMS1, EMS", "join Other bob"]
setup = true

[[step]]
do = ["join HR ada bob"]
users.ada = ["HR Active: E3 -TEAMS1", "HR Active: EMS"]
users.bob = ["HR Error CountViolation: E3 -TEAMS1", "HR Error Other: EMS"]
seats = { E3 = 1, EMS = 1 }
errors = ["E3 CountViolation", "EMS Other"]
audit = ["AM x2", "CUL+", "CUL-"]
on.ada = ["SWAY"]
off.ada = ["TEAMS1"]
plans.ada = 42
available = { E3 = 0 }
has_errors = { HR = true }
assigned.ada = ["E3 -TEAMS1", "EMS"]
location.ada = "NO"
"#;

#[test]
fn a_scenario_that_is_right_passes() {
    assert_eq!(faults(RIGHT), Vec::<String>::new());
}

#[test]
fn a_scenario_with_one_thing_wrong_fails_for_it() {
    let wrong = [
        ("HR Active: E3 -TEAMS1\", \"HR Active: EMS", "HR Active: E3", "step 2: ada, one of 1\n"),
        ("users.bob", "users.cid", "step 2: cid, one of 1\n"),
        ("HR Error CountViolation", "HR ActiveWithError CountViolation", "step 2: bob, one of 1\n"),
        ("HR Error Other: EMS", "Other Error Other: EMS", "step 2: bob, one of 1\n"),
        ("seats = { E3 = 1,", "seats = { E3 = 2,", "step 2: seats\n"),
        ("errors = [\"E3 CountViolation\", ", "errors = [", "step 2: errors\n"),
        ("audit = [\"AM x2\"", "audit = [\"AM\"", "step 2: audit\n"),
        ("off.ada", "on.bob", "step 2: bob has TEAMS1\n"),
        ("on.ada = [\"SWAY\"]\noff.ada = [\"TEAMS1\"]", "off.ada = [\"SWAY\"]", "step 2: ada has SWAY\n"),
        ("plans.ada = 42", "plans.ada = 41", "step 2: plans of ada\n"),
        ("available = { E3 = 0 }", "available = { E3 = 1 }", "step 2: available E3\n"),
        ("has_errors = { HR = true }", "has_errors = { HR = false }", "step 2: errors of HR\n"),
        ("assigned.ada = [\"E3 -TEAMS1\"", "assigned.ada = [\"E3\"", "step 2: assigned licenses of ada\n"),
        ("location.ada = \"NO\"", "location.ada = \"SE\"", "step 2: location\n"),
        ("audit = [", "refused = [\"NoSeat\"]\naudit = [", "step 2: refused\n"),
        ("audit = [", "stopped = 1\naudit = [", "step 2: expected exit code 3"),
        (
            "audit = [",
            "recompute.reason = \"\"\nrecompute.fails = \"LoopStop\"\naudit = [",
            "step 2: expected exit code 2",
        ),
        ("audit = [", "recompute.audit = []\naudit = [", "missing field `reason`"),
    ];
    for (right, other, fault) in wrong {
        let text = RIGHT.replacen(right, other, 1);
        assert_ne!(text, RIGHT, "{right}");
        let found = faults(&text);
        assert!(found.iter().any(|one| one.contains(fault)), "{other}: {found:?}");
    }
}
