//! Corners of runs over changes and of undoing that histories made up at random do not come to.

use serde_json::{Value, json};

use super::town::Held;
use crate::recompute::tenant::{assigned, dynamic, tenant};
use crate::runner::{Folder, Ran};

fn run(folder: &Folder, more: &[&str]) -> Ran {
    let fixed = ["recompute", "tenant", "--state", "state", "--no-guards", "--now", "2026-01-15T00:00:00Z"];
    folder.run(&[&fixed, more].concat())
}

/// Tells of changed users in a run over changes.
fn tell(folder: &Folder, users: &Value, more: &[&str]) -> Ran {
    folder.write("changed.json", users.to_string());
    run(folder, &[&["--changed", "changed.json"], more].concat())
}

fn members(folder: &Folder, group: &str) -> Vec<String> {
    Held::by(folder, "state").groups[group].1.iter().cloned().collect()
}

fn groups(folder: &Folder, groups: &[Value]) {
    folder.write("tenant/groups.json", json!(groups).to_string());
}

#[test]
fn an_attribute_that_becomes_another_kind_is_read_again() {
    let users = [json!({ "id": "a", "hired": "2026-01-01T00:00:00Z" })];
    let folder = tenant(&users, &[dynamic("g", "user.hired -startsWith \"2026\"")], &[]);
    let text = ["--dialect", "extended", "--attribute", "user.hired:text"];
    run(&folder, &text).expect_code(0);
    groups(&folder, &[dynamic("g", "user.hired -ge 2025-01-01T00:00:00Z")]);
    tell(&folder, &json!([]), &["--dialect", "extended", "--attribute", "user.hired:date"]).expect_code(0);
    assert_eq!(members(&folder, "g"), ["a"]);
}

#[test]
fn what_was_told_of_an_attribute_that_was_not_declared_is_missed() {
    let users = [json!({ "id": "a", "employeeType": "E" })];
    let groups = [dynamic("g", "user.employeeType -eq \"E\"")];
    let folder = tenant(&users, &groups, &[]);
    let declared = ["--dialect", "extended", "--attribute", "user.employeeType:text"];
    run(&folder, &declared).expect_code(0);
    tell(&folder, &json!([{ "id": "a", "employeeType": "F" }]), &[]).expect_code(1);
    let ran = tell(&folder, &json!([]), &declared);
    ran.expect_code(2);
    assert!(
        ran.stderr.contains("`user.employeeType`") && ran.stderr.contains("run once without --changed"),
        "{}",
        ran.stderr
    );
    run(&folder, &declared).expect_code(0);
    tell(&folder, &json!([{ "id": "a", "employeeType": "F" }]), &declared).expect_code(0);
    assert!(members(&folder, "g").is_empty());
}

#[test]
fn a_new_attribute_is_kept_of_those_who_come_when_nobody_was_there() {
    let folder =
        tenant(&[json!({ "id": "a", "department": "X" })], &[dynamic("g", "user.department -eq \"X\"")], &[]);
    run(&folder, &[]).expect_code(0);
    tell(&folder, &json!([{ "id": "a", "@removed": {} }]), &[]).expect_code(0);
    groups(&folder, &[dynamic("g", "user.department -eq \"X\""), dynamic("h", "user.city -eq \"Oslo\"")]);
    tell(&folder, &json!([{ "id": "b", "department": "X", "city": "Oslo" }]), &[]).expect_code(0);
    assert_eq!((members(&folder, "g"), members(&folder, "h")), (vec!["b".to_owned()], vec!["b".to_owned()]));
    tell(&folder, &json!([{ "id": "b", "city": null }]), &[]).expect_code(0);
    assert!(members(&folder, "h").is_empty());
}

#[test]
fn a_group_that_becomes_assigned_has_the_members_of_the_file() {
    let users = ["a", "b"].map(|id| json!({ "id": id, "department": "X" }));
    let folder = tenant(&users, &[dynamic("g", "user.department -eq \"X\"")], &[("g", "b")]);
    run(&folder, &[]).expect_code(0);
    groups(&folder, &[assigned("g")]);
    tell(&folder, &json!([]), &[]).expect_code(0);
    assert_eq!(members(&folder, "g"), ["b"]);
}

#[test]
fn a_state_that_is_not_told_stays() {
    let users = [json!({ "id": "a", "department": "X" })];
    let mut paused = dynamic("g", "user.department -eq \"Y\"");
    paused["membershipRuleProcessingState"] = json!("Paused");
    let folder = tenant(&users, &[paused], &[("g", "a")]);
    run(&folder, &[]).expect_code(0);
    let mut silent = dynamic("g", "user.department -eq \"Y\"");
    silent.as_object_mut().unwrap().remove("membershipRuleProcessingState");
    groups(&folder, &[silent]);
    for _ in 0..2 {
        run(&folder, &[]).expect_code(0);
        tell(&folder, &json!([]), &[]).expect_code(0);
        assert_eq!(members(&folder, "g"), ["a"]);
    }
    groups(&folder, &[dynamic("g", "user.department -eq \"Y\"")]);
    run(&folder, &[]).expect_code(0);
    assert!(members(&folder, "g").is_empty());
}

#[test]
fn an_id_is_a_group_or_a_user() {
    let folder = tenant(&[json!({ "id": "a" })], &[dynamic("g", "user.city -ne null")], &[]);
    run(&folder, &[]).expect_code(0);
    let ran = tell(&folder, &json!([{ "id": "G" }]), &[]);
    ran.expect_code(2);
    assert!(ran.stderr.contains("`g` is the id of a group and of a user or device"), "{}", ran.stderr);
}

fn undo(folder: &Folder, run: &str) {
    folder.run(&["undo", run, "--state", "state"]).expect_code(0);
}

#[test]
fn undo_leaves_what_later_runs_changed_again() {
    let folder = tenant(
        &[json!({ "id": "a", "city": "Oslo" }), json!({ "id": "b", "city": "Oslo" })],
        &[dynamic("g", "user.city -eq \"Oslo\"")],
        &[],
    );
    run(&folder, &[]).expect_code(0);
    for city in [json!(null), json!("Oslo"), json!(null)] {
        tell(&folder, &json!([{ "id": "a", "city": city }]), &[]).expect_code(0);
    }
    undo(&folder, "2");
    assert_eq!(members(&folder, "g"), ["b"], "run 4 took a out again");
    undo(&folder, "4");
    assert_eq!(members(&folder, "g"), ["a", "b"]);
    undo(&folder, "last");
    assert_eq!(members(&folder, "g"), ["b"]);
    tell(&folder, &json!([]), &[]).expect_code(0);
    assert_eq!(members(&folder, "g"), ["b"], "the next run follows the rule");
}

#[test]
fn undo_knows_who_became_a_user_since() {
    let folder = tenant(&[json!({ "id": "a" })], &[assigned("s")], &[("s", "a")]);
    run(&folder, &[]).expect_code(0);
    folder.write(
        "tenant/members.json",
        json!([{ "groupId": "s", "memberId": "a" }, { "groupId": "s", "memberId": "zed" }]).to_string(),
    );
    run(&folder, &[]).expect_code(0);
    tell(&folder, &json!([{ "id": "zed" }]), &[]).expect_code(0);
    assert_eq!(members(&folder, "s"), ["a", "zed"]);
    undo(&folder, "2");
    assert_eq!(members(&folder, "s"), ["a"]);
    // What was undone is told by the members file again, and that is read.
    tell(&folder, &json!([]), &[]).expect_code(0);
    assert_eq!(members(&folder, "s"), ["a", "zed"]);
}

#[test]
fn undo_brings_deleted_groups_back_with_their_names() {
    let mut empty = dynamic("e", "user.city -eq \"Rome\"");
    empty["displayName"] = json!("Group Empty");
    let mut full = dynamic("g", "user.city -eq \"Oslo\"");
    full["displayName"] = json!("Group One");
    let folder =
        tenant(&[json!({ "id": "a", "city": "Oslo" })], &[empty, full, assigned("s")], &[("s", "a")]);
    run(&folder, &[]).expect_code(0);
    groups(&folder, &[]);
    run(&folder, &[]).expect_code(0);
    assert!(Held::by(&folder, "state").groups.is_empty());
    undo(&folder, "last");
    let held = Held::by(&folder, "state").groups;
    let statuses: Vec<_> =
        held.iter().map(|(id, (status, members))| (id.as_str(), status.as_str(), members.len())).collect();
    assert_eq!(statuses, [("e", "NotStarted", 0), ("g", "NotStarted", 1), ("s", "Static", 1)]);
    assert_eq!(folder.run(&["members", "Group One", "--state", "state"]).stdout, "a\n");
}

#[test]
fn undo_does_not_write_over_a_tenant() {
    let folder = tenant(&[json!({ "id": "a" })], &[assigned("s")], &[]);
    run(&folder, &[]).expect_code(0);
    let ran = folder.run(&["undo", "last", "--state", "state", "--out", "tenant"]);
    ran.expect_code(2);
    assert!(ran.stderr.contains("tenant: this is a tenant folder"), "{}", ran.stderr);
}

#[test]
fn the_guards_know_attributes_that_a_run_over_changes_began_to_read() {
    let users = |with_city: bool| -> Vec<Value> {
        let user = |number| {
            let mut user = json!({ "id": format!("u{number}"), "department": "X" });
            if with_city {
                user["city"] = json!("Oslo");
            }
            user
        };
        (0..40).map(user).collect()
    };
    let x = dynamic("g", "user.department -eq \"X\"");
    let folder = tenant(&users(true), std::slice::from_ref(&x), &[]);
    run(&folder, &[]).expect_code(0);
    // The rule admits others for the time being, so that no guard of groups is in the way.
    groups(&folder, &[x, dynamic("h", "user.city -ne \"Rome\"")]);
    tell(&folder, &json!([]), &[]).expect_code(0);
    folder.write("tenant/users.json", json!(users(false)).to_string());
    let ran = folder.run(&["recompute", "tenant", "--state", "state", "--now", "2026-01-15T00:00:00Z"]);
    ran.expect_code(3);
    assert!(ran.stderr.contains("`user.city` has no values any more; there were 40"), "{}", ran.stderr);
}
