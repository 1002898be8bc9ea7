//! Guards and the state: a run that is stopped leaves its reasons and nothing else, and what was approved of
//! it passes, and only this.

use std::fs;

use serde_json::{Value, json};

use super::town::{Held, files};
use crate::recompute::tenant::{assigned, dynamic, in_departments, tenant};
use crate::runner::{Folder, Ran, lines};

/// Users `u0` to `u39`, of whom those from `first` on are in Sales and the others in Design.
fn write_users(folder: &Folder, first: usize) {
    let people: Vec<(String, &str)> =
        (0..40).map(|at| (format!("u{at}"), if at >= first { "Sales" } else { "Design" })).collect();
    let people: Vec<(&str, &str)> =
        people.iter().map(|(id, department)| (id.as_str(), *department)).collect();
    folder.write("tenant/users.json", json!(in_departments(&people)).to_string());
}

/// A tenant after its first run, from whose group `sales` the half is about to go.
fn folder() -> Folder {
    let groups = [dynamic("sales", "user.department -eq \"Sales\""), assigned("board")];
    let folder = tenant(&[], &groups, &[("board", "u1")]);
    write_users(&folder, 0);
    run(&folder, &["--no-guards"]).expect_code(0);
    write_users(&folder, 20);
    folder
}

fn run(folder: &Folder, more: &[&str]) -> Ran {
    let fixed = ["recompute", "tenant", "--state", "state", "--out", "out", "--now", "2026-01-15T00:00:00Z"];
    folder.run(&[&fixed, more].concat())
}

fn sales(folder: &Folder) -> usize {
    Held::by(folder, "state").groups["sales"].1.len()
}

#[test]
fn a_stopped_run_leaves_its_reasons_and_nothing_else() {
    let folder = folder();
    let (state, before) = (fs::read(folder.path().join("state")).unwrap(), files(&folder, "out"));
    let ran = run(&folder, &[]);
    ran.expect_code(3);
    assert!(fs::read(folder.path().join("state")).unwrap() == state, "the state is another");
    let mut after = files(&folder, "out");
    let guards: Value = serde_json::from_str(&after.remove("guards.json").unwrap()).unwrap();
    assert!(guards.to_string().contains("sales"), "{guards}");
    assert_eq!(after, before);
    // A folder that was not there has this file only.
    folder.run(&["recompute", "tenant", "--state", "state", "--out", "new"]).expect_code(3);
    assert_eq!(folder.list("new"), ["guards.json"]);
}

#[test]
fn what_is_approved_passes_and_only_that() {
    let folder = folder();
    run(&folder, &[]).expect_code(3);
    fs::copy(folder.path().join("out/guards.json"), folder.path().join("approved.json")).unwrap();
    // Somebody else goes as well: not what was approved.
    write_users(&folder, 21);
    run(&folder, &["--approve", "approved.json"]).expect_code(3);
    assert_eq!(sales(&folder), 40);
    write_users(&folder, 20);
    run(&folder, &["--approve", "approved.json"]).expect_code(0);
    assert_eq!(sales(&folder), 20);
    assert!(!folder.list("out").contains(&"guards.json".to_owned()), "it is of a run that is no more");
    // It was for this one change.
    write_users(&folder, 40);
    run(&folder, &["--approve", "approved.json"]).expect_code(3);
    assert_eq!(sales(&folder), 20);
    run(&folder, &["--approve", "nowhere.json"]).expect_code(2);
}

#[test]
fn a_group_is_allowed_by_name_and_it_is_remembered() {
    let folder = folder();
    run(&folder, &["--allow", "board"]).expect_code(3);
    run(&folder, &["--allow", "nobody"]).expect_code(2);
    assert_eq!(sales(&folder), 40);
    // The guard over all groups looks at those that are not allowed.
    run(&folder, &["--allow", "SALES"]).expect_code(0);
    assert_eq!(sales(&folder), 20);
    let path = folder.path().join("state");
    let mut store = dyngroup::store::Store::open(&path, std::time::Duration::ZERO).unwrap();
    let events = store.read().unwrap().audit(2).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((&*events[0].activity, &events[0].target["groupId"]), ("Override guard", &json!("SALES")));
}

#[test]
fn a_stopped_run_over_changes_can_be_told_again() {
    let folder = folder();
    let changes = (0..20).map(|at| json!({ "id": format!("u{at}"), "department": "Design" }));
    folder.write("changes.ndjson", lines(changes));
    run(&folder, &["--changed", "changes.ndjson"]).expect_code(3);
    assert_eq!(sales(&folder), 40);
    run(&folder, &["--changed", "changes.ndjson", "--approve", "out/guards.json"]).expect_code(0);
    assert_eq!(sales(&folder), 20);
}
