//! What is not told is not taken for empty, and what looks like a failed export stops at a guard.

use std::fs;

use serde_json::{Value, json};

use super::history::held;
use crate::recompute::tenant::{assigned, dynamic};
use crate::runner::{Folder, Ran, lines};

const USERS: usize = 60;

fn users(count: usize, with_department: bool) -> String {
    lines((0..count).map(|at| {
        let mut user = json!({ "id": format!("u{at}"), "accountEnabled": at % 2 == 0 });
        if with_department {
            user["department"] = json!(["Sales", "Design"][at % 2]);
        }
        user
    }))
}

fn groups() -> Vec<Value> {
    vec![
        dynamic("enabled", "user.accountEnabled -eq true"),
        // Nobody leaves it where the attribute is gone: only the attribute's own guard sees that.
        dynamic("no-sales", "user.department -ne \"Sales\""),
        dynamic("kiosks", "device.displayName -startsWith \"kiosk\""),
        assigned("board"),
    ]
}

/// A tenant after its first run.
fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("tenant/users.ndjson", users(USERS, true));
    let devices = (0..8).map(|at| json!({ "id": format!("d{at}"), "displayName": format!("Kiosk {at}") }));
    folder.write("tenant/devices.ndjson", lines(devices));
    folder.write("tenant/groups.json", json!(groups()).to_string());
    folder.write("tenant/members.csv", "groupId,memberId\nboard,u1\nboard,u2\n");
    let ran = run(&folder, &["--no-guards"]);
    ran.expect_code(0);
    assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 8, no-sales 30");
    folder
}

fn run(folder: &Folder, more: &[&str]) -> Ran {
    let fixed = ["recompute", "tenant", "--state", "state", "--now", "2026-01-15T00:00:00Z"];
    folder.run(&[&fixed, more].concat())
}

/// How many members each group has.
fn sizes(folder: &Folder) -> String {
    let held = held(folder, "state");
    let sizes: Vec<String> =
        held.iter().map(|(group, (_, members))| format!("{group} {}", members.len())).collect();
    sizes.join(", ")
}

fn remove(folder: &Folder, name: &str) {
    fs::remove_file(folder.path().join(name)).unwrap();
}

/// The run stops with these words, and the state stays.
#[track_caller]
fn stops(folder: &Folder, words: &str) {
    let before = fs::read(folder.path().join("state")).unwrap();
    let ran = run(folder, &[]);
    ran.expect_code(3);
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    assert!(fs::read(folder.path().join("state")).unwrap() == before, "the state is another");
}

#[test]
fn without_a_file_of_devices_those_of_the_last_run_stay() {
    let folder = folder();
    remove(&folder, "tenant/devices.ndjson");
    let ran = run(&folder, &[]);
    ran.expect_code(0);
    assert!(
        ran.stderr.contains("warning: the folder has no devices: 8 devices of the last run are kept"),
        "{}",
        ran.stderr
    );
    assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 8, no-sales 30");
    // They are looked at nevertheless.
    let mut groups = groups();
    groups[2] = dynamic("kiosks", "device.displayName -in [\"Kiosk 1\", \"Kiosk 2\"]");
    folder.write("tenant/groups.json", json!(groups).to_string());
    run(&folder, &["--allow", "kiosks"]).expect_code(0);
    assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 2, no-sales 30");
}

#[test]
fn a_file_without_devices_says_that_there_are_none() {
    let folder = folder();
    folder.write("tenant/devices.ndjson", "");
    let ran = run(&folder, &[]);
    // Either it is refused as an export that failed, or a guard stops the run.
    assert!(matches!(ran.code, Some(2 | 3)), "{:?} {}", ran.code, ran.stderr);
    assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 8, no-sales 30");
}

#[test]
fn without_a_members_file_static_groups_stay() {
    let folder = folder();
    remove(&folder, "tenant/members.csv");
    let ran = run(&folder, &[]);
    ran.expect_code(0);
    assert!(ran.stderr.contains("nothing tells who is a member of 1 static group"), "{}", ran.stderr);
    assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 8, no-sales 30");
    // A file that names nobody does tell: nobody.
    folder.write("tenant/members.csv", "groupId,memberId\n");
    stops(&folder, "board");
    run(&folder, &["--allow", "board"]).expect_code(0);
    assert_eq!(sizes(&folder), "board 0, enabled 30, kiosks 8, no-sales 30");
}

#[test]
fn an_attribute_that_is_gone_from_the_export_stops_the_run() {
    let folder = folder();
    folder.write("tenant/users.ndjson", users(USERS, false));
    stops(&folder, "user.department");
}

#[test]
fn half_an_export_stops_the_run() {
    let folder = folder();
    folder.write("tenant/users.ndjson", users(USERS / 2, true));
    stops(&folder, "30 of 60 users");
    // In the middle of a line it is no export at all.
    let whole = users(USERS, true);
    folder.write("tenant/users.ndjson", &whole[..whole.len() / 2]);
    let ran = run(&folder, &[]);
    ran.expect_code(2);
    assert!(ran.stderr.contains("tenant/users.ndjson:31:"), "{}", ran.stderr);
}

#[test]
fn an_export_without_users_stops_the_run() {
    let folder = folder();
    for (name, text) in [
        ("users.ndjson", ""),
        ("users.json", "[]"),
        ("users.json", "{\"value\":[]}"),
        ("users.csv", "id,department,accountEnabled\n"),
    ] {
        for old in folder.list("tenant").iter().filter(|name| name.starts_with("users.")) {
            remove(&folder, &format!("tenant/{old}"));
        }
        folder.write(&format!("tenant/{name}"), text);
        let ran = run(&folder, &[]);
        assert!(matches!(ran.code, Some(2 | 3)), "{name} {text}: {:?} {}", ran.code, ran.stderr);
        assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 8, no-sales 30");
    }
    remove(&folder, "tenant/users.csv");
    run(&folder, &[]).expect_code(2);
    assert_eq!(sizes(&folder), "board 2, enabled 30, kiosks 8, no-sales 30");
}

#[test]
fn a_group_that_is_gone_has_to_be_allowed_to_go() {
    for (gone, left) in [(0, "board 2, kiosks 8, no-sales 30"), (3, "enabled 30, kiosks 8, no-sales 30")] {
        let folder = folder();
        let mut groups = groups();
        let id = groups.remove(gone)["id"].as_str().unwrap().to_owned();
        folder.write("tenant/groups.json", json!(groups).to_string());
        if id == "board" {
            folder.write("tenant/members.csv", "groupId,memberId\n");
        }
        stops(&folder, &id);
        let ran = run(&folder, &["--allow", &id, "--out", "out"]);
        ran.expect_code(0);
        assert_eq!(sizes(&folder), left);
        assert!(folder.read("out/membership-deltas.ndjson").contains(&id));
        assert!(run(&folder, &["--dry-run", "--detailed-exitcode"]).code == Some(0));
    }
}
