//! What becomes of groups and members in one run.

use serde_json::{Value, json};

use super::tenant::{assigned, dynamic, in_departments, recompute, tenant};
use crate::runner::{Folder, assert_transcript, lines, scrubbed};

const SALES: &str = "user.department -eq \"Sales\"";

#[test]
fn a_group_in_error_keeps_its_members_and_stops_no_other() {
    let users = in_departments(&[("u1", "Sales"), ("u2", "HR")]);
    let mut for_roles = dynamic("for-roles", SALES);
    for_roles["isAssignableToRole"] = true.into();
    let mut team = dynamic("team", "device.displayName -ne null");
    team["groupTypes"] = json!(["DynamicMembership", "Unified"]);
    let groups = [
        dynamic("sales", SALES),
        dynamic("broken", "user.departmnt -eq \"Sales\" -and user.x -eq 3"),
        dynamic("blank", "  "),
        json!({ "id": "no-rule", "groupTypes": ["DynamicMembership"] }),
        for_roles,
        team,
        dynamic("systems", "device.deviceOSVersion -ge \"10\""),
    ];
    let before = [("sales", "u2"), ("broken", "u1"), ("broken", "u2"), ("systems", "d1")];
    let folder = tenant(&users, &groups, &before);
    folder.write("tenant/devices.csv", "id,operatingSystemVersion\nd2,9\nd1,11\n");
    let written = recompute(&folder, &[], 1);
    assert_eq!(written.changes(), ["sales +u1", "sales -u2"]);
    assert_eq!(written.outcome("sales"), "Succeeded 1 +1 -1");
    assert_eq!(written.outcome("broken"), "Failed 2 +0 -0");
    let errors: Vec<String> =
        written.groups.keys().map(|group| format!("{group}: {}\n", written.error(group))).collect();
    assert!(written.error("systems").starts_with("error[DG0407] `device.deviceOSVersion`"));
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("recompute-errors", errors.concat());
    });
    let counts = &written.summary["counts"];
    assert_eq!((&counts["failed"], &counts["succeeded"]), (&Value::from(6), &Value::from(1)));
    let written = recompute(&folder, &["--version-order", "version"], 1);
    assert_eq!(written.outcome("systems"), "Succeeded 1 +0 -0");
}

#[test]
fn a_paused_group_keeps_its_members_whatever_its_rule() {
    let users = in_departments(&[("u1", "Sales"), ("u2", "HR")]);
    let paused = |id: &str, rule: &str| {
        let mut group = dynamic(id, rule);
        group["membershipRuleProcessingState"] = "Paused".into();
        group
    };
    let groups = [
        paused("fine", SALES),
        paused("broken", "user.departmnt"),
        dynamic("reads", "user.memberOf -any (group.objectId -in ['fine'])"),
    ];
    let written = recompute(&tenant(&users, &groups, &[("fine", "u2")]), &[], 0);
    assert_eq!(written.changes(), ["reads +u2"], "others see the members that stay");
    assert_eq!(written.outcome("fine"), "Paused 1 +0 -0");
    assert_eq!(written.outcome("broken"), "Paused 0 +0 -0");
    assert_eq!(written.error("broken"), "");
}

#[test]
fn who_is_deleted_leaves_every_group() {
    let mut users = in_departments(&[("u1", "Sales"), ("gone", "Sales")]);
    users[1]["@removed"] = json!({ "reason": "deleted" });
    let mut paused = dynamic("paused", SALES);
    paused["membershipRuleProcessingState"] = "Paused".into();
    let groups = [
        dynamic("sales", SALES),
        dynamic("broken", "user.departmnt"),
        paused,
        assigned("assigned"),
        dynamic("reads", "user.memberOf -any (group.objectId -in ['assigned'])"),
    ];
    let before: Vec<(&str, &str)> = ["sales", "broken", "paused", "assigned", "reads"]
        .into_iter()
        .flat_map(|group| [(group, "gone"), (group, "u1")])
        .collect();
    let folder = tenant(&users, &groups, &before);
    let written = recompute(&folder, &[], 1);
    let left: Vec<String> =
        ["assigned", "broken", "paused", "reads", "sales"].map(|group| format!("{group} -gone")).into();
    assert_eq!(written.changes(), left);
    assert_eq!(written.outcome("assigned"), "Static 1 +0 -1");
    let audit = folder.read("out/audit.ndjson");
    assert_eq!(audit.matches("\"cause\":\"objectDeleted\"").count(), 5, "{audit}");
    assert!(written.ran.stdout.contains("assigned "), "it changed, so it is shown: {}", written.ran.stdout);
}

#[test]
fn members_that_the_tenant_does_not_have_leave_dynamic_groups_only() {
    let groups = [dynamic("sales", SALES), assigned("assigned")];
    let before = [("sales", "ghost"), ("assigned", "ghost"), ("elsewhere", "u1")];
    let written = recompute(&tenant(&in_departments(&[("u1", "Sales")]), &groups, &before), &[], 0);
    assert_eq!(written.changes(), ["sales -ghost", "sales +u1"]);
    let warnings = written.summary["warnings"].as_array().unwrap();
    assert!(
        matches!(warnings.as_slice(), [one] if one.as_str().unwrap().contains("`elsewhere`")),
        "{warnings:?}"
    );
}

#[test]
fn nobody_at_all() {
    let sales = [dynamic("sales", SALES)];
    let folder = tenant(&[], &sales, &[("sales", "u1")]);
    assert_eq!(recompute(&folder, &[], 0).changes(), ["sales -u1"]);
    assert!(recompute(&tenant(&[], &[], &[]), &[], 0).changes().is_empty());
    // An empty file may be an export that failed.
    let folder = Folder::with(&[("tenant/users.ndjson", ""), ("tenant/groups.json", "[]")]);
    assert!(folder.run(&["recompute", "tenant"]).expect_code(2).is_empty());
}

#[test]
fn devices_have_groups_of_their_own() {
    let folder = tenant(
        &[json!({ "id": "u1", "displayName": "Kiosk" })],
        &[
            dynamic("kiosks", "device.displayName -startsWith \"kiosk\""),
            dynamic("people", "user.objectId -ne null"),
        ],
        &[("kiosks", "u1")],
    );
    folder.write("tenant/devices.json", r#"[{"id":"d1","displayName":"Kiosk 1"},{"id":"d2","displayName":"Desk"},{"id":"d3","displayName":"Kiosk 3","@removed":{}}]"#);
    let written = recompute(&folder, &[], 0);
    assert_eq!(written.changes(), ["kiosks +d1", "kiosks -u1", "people +u1"]);
    let counts = &written.summary["counts"];
    assert_eq!((&counts["users"], &counts["devices"]), (&Value::from(1), &Value::from(2)));
}

#[test]
fn the_subject_of_the_settings_is_for_checks_only() {
    let folder = tenant(&in_departments(&[("u1", "Sales")]), &[dynamic("sales", SALES)], &[]);
    folder.write("dyngroup.toml", "subject = \"device\"\n");
    assert_eq!(recompute(&folder, &[], 0).changes(), ["sales +u1"]);
}

#[test]
fn the_clock_is_an_argument() {
    let users = [json!({ "id": "u1", "employeeHireDate": "2026-01-10T00:00:00Z" })];
    let groups = [dynamic("joiners", "user.employeeHireDate -ge system.now -minus P7D")];
    let folder = tenant(&users, &groups, &[]);
    for (now, count) in [("2026-01-17T00:00:00Z", 1), ("2026-01-17T00:00:01Z", 0)] {
        let ran = folder.run(&["recompute", "tenant", "--out", "out", "--now", now]);
        ran.expect_code(0);
        assert_eq!(folder.read("out/membership-deltas.ndjson").lines().count(), count, "{now}");
    }
}

/// A tenant with enough groups and users for several threads.
fn busy_tenant() -> Folder {
    let users: Vec<Value> = (0..500)
        .map(|at| json!({ "id": format!("u{at:03}"), "department": format!("D{}", at % 7), "city": format!("C{}", at % 11) }))
        .collect();
    let mut groups: Vec<Value> = (0..40)
        .map(|at| {
            dynamic(
                &format!("g{at:02}"),
                &format!("user.department -eq \"D{}\" -or user.city -eq \"C{}\"", at % 9, at % 13),
            )
        })
        .collect();
    groups.push(dynamic("reads", "user.memberOf -any (group.objectId -in ['g01','g02'])"));
    groups.push(dynamic("systems", "device.deviceOSVersion -ge \"10\""));
    groups.push(dynamic("broken", "user.x"));
    let folder = tenant(&users, &groups, &[("g01", "u001"), ("g01", "u009"), ("broken", "u001")]);
    let devices = lines((0..200).map(|at| format!("d{at:03},{at}")));
    folder.write("tenant/devices.csv", format!("id,operatingSystemVersion\n{devices}"));
    folder
}

#[test]
fn runs_differ_in_their_ids_and_times_only() {
    let folder = busy_tenant();
    let run = |threads: &str| {
        let arguments =
            ["recompute", "tenant", "--out", "out", "--now", "2026-01-15T00:00:00Z", "--no-guards"];
        let ran = folder.dyngroup(&arguments).env("RAYON_NUM_THREADS", threads).run();
        ran.expect_code(1);
        let names = ["membership-deltas.ndjson", "groups.ndjson", "audit.ndjson", "summary.json"];
        let files = names.map(|name| scrubbed(&folder.read(&format!("out/{name}"))));
        (ran.stdout, ran.stderr, files)
    };
    let first = run("4");
    assert_eq!(run("4"), first);
    assert_eq!(run("1"), first);
}

#[test]
fn the_tenant_folder_takes_no_output() {
    let folder = tenant(&[json!({ "id": "u1" })], &[dynamic("g", "user.city -eq null")], &[]);
    let before = folder.list("tenant");
    for out in ["tenant", "./tenant/", "tenant/../tenant"] {
        let ran = folder.run(&["recompute", "tenant", "--out", out]);
        assert_eq!(ran.expect_code(2), "");
        assert!(ran.stderr.contains("tenant folder"), "{}", ran.stderr);
    }
    assert_eq!(folder.list("tenant"), before);
}

#[test]
fn deltas_as_a_table() {
    let folder = tenant(
        &in_departments(&[("u1", "Sales"), ("u,\"2", "Sales")]),
        &[dynamic("sales", SALES)],
        &[("sales", "u3")],
    );
    folder.run(&["recompute", "tenant", "--out", "out", "--delta-format", "csv"]).expect_code(0);
    assert_eq!(
        folder.read("out/membership-deltas.csv"),
        "groupId,memberId,change\nsales,\"u,\"\"2\",added\nsales,u1,added\nsales,u3,removed\n"
    );
    assert_eq!(
        folder.list("out"),
        ["audit.ndjson", "groups.ndjson", "membership-deltas.csv", "summary.json"]
    );
}

#[test]
fn reports_on_standard_output() {
    let folder = busy_tenant();
    let runs = ["full", "concise", "json", "jsonl"].map(|format| {
        folder.run(&["recompute", "tenant", "--now", "2026-01-15T00:00:00Z", "--output-format", format])
    });
    assert_eq!(runs[0].stdout, runs[1].stdout);
    assert_transcript("recompute-formats", &[&runs[0], &runs[2], &runs[3]]);
    assert!(folder.list("out").is_empty(), "without --out nothing is written");
}

#[cfg(unix)]
#[test]
fn files_are_as_readable_as_others() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tenant(&[json!({ "id": "u1" })], &[assigned("g")], &[]);
    folder.run(&["recompute", "tenant", "--out", "out"]).expect_code(0);
    let mode = |name: &str| folder.path().join(name).metadata().unwrap().permissions().mode();
    for name in folder.list("out") {
        assert_eq!(mode(&format!("out/{name}")), mode("tenant/users.json"), "{name}");
    }
}

#[test]
fn a_pattern_that_needs_too_many_steps_is_an_error_of_its_group() {
    let users = [
        json!({ "id": "u1", "displayName": "a".repeat(60), "department": "Sales" }),
        json!({ "id": "u2", "displayName": "aab", "department": "Sales" }),
    ];
    let groups = [
        dynamic("steps", r#"user.displayName -match "^(a|aa)+\1c$""#),
        dynamic("ahead", r#"user.displayName -match "^a+(?=b)""#),
        dynamic("sales", SALES),
    ];
    let written = recompute(&tenant(&users, &groups, &[("steps", "u9")]), &[], 1);
    assert_eq!(written.changes(), ["ahead +u2", "sales +u1", "sales +u2"]);
    assert_eq!(written.outcome("steps"), "Failed 1 +0 -0");
    assert_eq!(
        written.error("steps"),
        r"error[DG0407] the regular expression `^(a|aa)+\1c$` needs too many steps on the value of `user.displayName`"
    );
}
