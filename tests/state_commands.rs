//! The commands that read a state file: `history`, `members`, `groups-of`, `status` and `export`.
//!
//! The state files are made through the library, as `recompute --state` makes them.

use std::path::Path;
use std::time::Duration;

use dyngroup::membership::roster::{Ordinal, Roster, RowIds};
use dyngroup::store::{AuditEvent, GroupHead, RunHead, RunKind, Session, Store, StoredDelta, StoredGroup};
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::runner::{Folder, assert_transcript, lines};

const FORMATS: [&str; 4] = ["full", "concise", "json", "jsonl"];

/// Three users, a device, and groups: `g1` Sales (a rule), `g2` Everybody (holds `g1` and the device), `g3`
/// Broken (in error), `g4` Paused, two called Twin, and `g9`, which run 3 has deleted.
fn folder() -> Folder {
    let folder = Folder::new();
    let mut store = Store::create(&folder.path().join("s"), Duration::ZERO).unwrap();
    let session = store.write().unwrap();
    let mut roster = Roster::new(RowIds::of(["cleo", "Ada", "bob"]), RowIds::of(["pc-1"])).unwrap();
    let [cleo, ada, bob, pc] = ["cleo", "ada", "bob", "pc-1"].map(|id| roster.find(id).unwrap());
    let [sales, everybody, broken, paused, twin, other_twin, gone] =
        ["g1", "G2", "g3", "g4", "g5", "g6", "g9"].map(|id| roster.intern(id).unwrap());
    session.add_ids(&roster).unwrap();

    let first =
        [delta(sales, "membershipRule", &[cleo, ada], &[]), delta(gone, "membershipRule", &[bob], &[])];
    session.add_run(&run(1, RunKind::Full, None), &first, &[], &[]).unwrap();
    let event = |activity: &str, target: Value, details: Value| AuditEvent {
        activity: activity.to_owned(),
        category: "GroupManagement".to_owned(),
        target,
        details,
    };
    let rule = json!({ "property": "membershipRule", "before": "user.city -eq \"Oslo\"", "after": RULE });
    let guard = json!({ "by": "--approve", "guard": "groupRemovals", "fingerprint": "00ff" });
    let events = [
        event("Update group", json!({ "groupId": "g1" }), rule),
        event("Override guard", json!({ "groupId": "g1" }), guard),
        event(
            "Override guard",
            json!({ "groupId": null }),
            json!({ "by": "--no-guards", "guard": "totalRemovals" }),
        ),
    ];
    let second =
        [delta(sales, "ruleChanged", &[bob], &[cleo]), delta(everybody, "assigned", &[pc, sales], &[])];
    session.add_run(&run(2, RunKind::Incremental, None), &second, &events, &[]).unwrap();
    let third = [delta(gone, "groupDeleted", &[], &[bob])];
    session.add_run(&run(3, RunKind::Full, None), &third, &[], &[]).unwrap();
    session.add_run(&run(4, RunKind::Undo, Some(3)), &[], &[], &[]).unwrap();

    let error = Some("the version order is not chosen");
    let groups = [
        group(sales, "g1", "Sales", "Succeeded", None, &[ada, bob]),
        group(everybody, "G2", "Everybody", "Static", None, &[pc, sales]),
        group(broken, "g3", "Broken\u{1b}[2J", "Failed", error, &[]),
        group(paused, "g4", "Paused", "Paused", None, &[ada]),
        group(twin, "g5", "Twin", "Static", None, &[]),
        group(other_twin, "g6", "Twin", "Static", None, &[]),
    ];
    session.set_groups(&groups, &roaring::RoaringBitmap::new()).unwrap();
    session.commit().unwrap();
    folder
}

const RULE: &str = "user.department -eq \"Sales\"";

fn run(number: i64, kind: RunKind, undoes: Option<i64>) -> RunHead {
    RunHead {
        id: format!("run-{number}"),
        kind,
        undoes,
        started: format!("2026-01-1{number}T08:00:00.5Z").parse().unwrap(),
        now: "2026-01-15T00:00:00Z".parse().unwrap(),
        actor: if number == 2 { "bob" } else { "ada" }.to_owned(),
        version: "9.9.9".to_owned(),
        summary: json!({ "counts": { "users": 3, "failed": u8::from(number == 2) } }),
    }
}

fn delta(ordinal: Ordinal, cause: &str, added: &[Ordinal], removed: &[Ordinal]) -> StoredDelta {
    let set = |members: &[Ordinal]| members.iter().copied().collect();
    StoredDelta { ordinal, cause: cause.to_owned(), added: set(added), removed: set(removed) }
}

fn group(
    ordinal: Ordinal,
    id: &str,
    name: &str,
    status: &str,
    error: Option<&str>,
    members: &[Ordinal],
) -> StoredGroup {
    let has_rule = status != "Static";
    let members: roaring::RoaringBitmap = members.iter().copied().collect();
    let head = GroupHead {
        ordinal,
        id: id.to_owned(),
        display_name: Some(name.to_owned()),
        status: status.to_owned(),
        error: error.map(str::to_owned),
        rule: has_rule.then(|| RULE.to_owned()),
        evaluated: None,
        next_change: (id == "g1").then(|| "2026-02-01T00:00:00Z".parse::<Timestamp>().unwrap()),
        members: members.len(),
        updated_run: 4,
        changed_run: has_rule.then_some(2),
    };
    StoredGroup { head, members }
}

/// Runs `command` over the state file in every format.
fn in_every_format(name: &str, folder: &Folder, command: &[&str], code: i32) {
    let runs =
        FORMATS.map(|format| folder.run(&[command, &["--state", "s", "--output-format", format]].concat()));
    for ran in &runs {
        ran.expect_code(code);
    }
    for json in runs[3].stdout.lines().chain([runs[2].stdout.as_str()]) {
        serde_json::from_str::<Value>(json).unwrap();
    }
    assert_transcript(name, &runs.iter().collect::<Vec<_>>());
}

#[test]
fn history_in_every_shape() {
    let folder = folder();
    in_every_format("state-history", &folder, &["history"], 0);
    in_every_format("state-history-run", &folder, &["history", "2"], 0);
    in_every_format("state-history-verify", &folder, &["history", "--verify"], 0);
}

#[test]
fn runs_are_named_in_many_ways_and_narrowed_to_a_group() {
    let folder = folder();
    let named = |run: &str| folder.run(&["history", "--state", "s", "--output-format", "json", run]);
    let number = |run: &str| serde_json::from_str::<Value>(named(run).expect_code(0)).unwrap()["run"].clone();
    assert_eq!(["last", "last~2", "run-3", "1"].map(number), [4, 2, 3, 1].map(|run| json!(run)));
    let runs = [
        folder.run(&["history", "--state", "s", "--limit", "1"]),
        folder.run(&["history", "--state", "s", "--group", "sales"]),
        folder.run(&["history", "--state", "s", "--group", "Sales"]),
        folder.run(&["history", "--state", "s", "--group", "G9"]),
        folder.run(&["history", "--state", "s", "--group", "g3"]),
        folder.run(&["history", "--state", "s", "--group", "Everybody", "2"]),
        folder.run(&["history", "--state", "s", "--group", "Sales", "last"]),
        folder.run(&["history", "--state", "s", "last~4"]),
        folder.run(&["history", "--state", "s", "run-5"]),
    ];
    for (ran, code) in runs.iter().zip([0, 2, 0, 0, 0, 0, 0, 2, 2]) {
        ran.expect_code(code);
    }
    assert_transcript("state-history-narrowed", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn deltas_of_a_past_run_are_written_once_more() {
    let folder = folder();
    folder.run(&["history", "--state", "s", "2", "--out", "a/b"]).expect_code(0);
    let line = |group: &str, member: &str, change: &str| json!({ "groupId": group, "memberId": member, "change": change });
    let expected = [
        line("G2", "g1", "added"),
        line("G2", "pc-1", "added"),
        line("g1", "bob", "added"),
        line("g1", "cleo", "removed"),
    ];
    assert_eq!(folder.read("a/b/membership-deltas.ndjson"), lines(&expected));
    folder.run(&["history", "--state", "s", "2", "--out", "a/b", "--group", "sales"]).expect_code(2);
    assert_eq!(folder.read("a/b/membership-deltas.ndjson"), lines(&expected), "nothing was written");
    folder.run(&["history", "--state", "s", "2", "--out", "a/b", "--group", "g1"]).expect_code(0);
    assert_eq!(folder.read("a/b/membership-deltas.ndjson"), lines(&expected[2..]));
    folder.run(&["history", "--state", "s", "last", "--out", "a/b"]).expect_code(0);
    assert_eq!(folder.read("a/b/membership-deltas.ndjson"), "");
    assert_eq!(folder.list("a/b"), ["membership-deltas.ndjson"]);
    folder.write("file", "");
    let ran = folder.run(&["history", "--state", "s", "2", "--out", "file"]);
    assert!(
        ran.stderr.contains("file: cannot write: a file stands where a folder is expected"),
        "{}",
        ran.stderr
    );
    ran.expect_code(2);
}

#[test]
fn members_today_and_earlier() {
    let folder = folder();
    in_every_format("state-members", &folder, &["members", "Sales"], 0);
    in_every_format("state-members-count", &folder, &["members", "g1", "--count"], 0);
    for (group, run, members) in [
        ("g1", "1", ["Ada", "cleo"].as_slice()),
        ("G1", "last", &["Ada", "bob"]),
        ("everybody", "2", &[]),
        ("Everybody", "2", &["g1", "pc-1"]),
        ("g2", "run-1", &[]),
        ("g9", "2", &["bob"]),
        ("g9", "last", &[]),
    ] {
        let ran = folder.run(&["members", group, "--state", "s", "--at", run]);
        let code = if group == "everybody" { 2 } else { 0 };
        assert_eq!(ran.expect_code(code), lines(members), "{group} {run}");
    }
    let runs = [
        folder.run(&["members", "g9", "--state", "s"]),
        folder.run(&["members", "Slaes", "--state", "s"]),
        folder.run(&["members", "every", "--state", "s"]),
        folder.run(&["members", "Twin", "--state", "s"]),
        folder.run(&["members", "ada", "--state", "s"]),
        folder.run(&["members", "g1", "--state", "s", "--at", "7"]),
        folder.run(&["members", "g1", "--state", "elsewhere"]),
    ];
    for ran in &runs {
        assert_eq!(ran.expect_code(2), "");
    }
    assert_transcript("state-members-errors", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn groups_of_an_object() {
    let folder = folder();
    in_every_format("state-groups-of", &folder, &["groups-of", "ADA", "--transitive"], 0);
    let groups = |arguments: &[&str]| {
        let ran =
            folder.run(&[&["groups-of", "--state", "s", "--output-format", "concise"], arguments].concat());
        ran.expect_code(0).to_owned()
    };
    assert_eq!(groups(&["ada"]), "g1\ng4\n");
    assert_eq!(groups(&["pc-1"]), "G2\n");
    assert_eq!(groups(&["g1"]), "G2\n");
    assert_eq!(groups(&["bob", "--transitive"]), "G2\ng1\n");
    assert_eq!(groups(&["cleo"]), "");
    let runs = [
        folder.run(&["groups-of", "cleo", "--state", "s"]),
        folder.run(&["groups-of", "cloe", "--state", "s"]),
        folder.run(&["groups-of", "nobody-like-that", "--state", "s"]),
    ];
    for (ran, code) in runs.iter().zip([0, 2, 2]) {
        assert_eq!(ran.expect_code(code), "");
    }
    assert_transcript("state-groups-of-nobody", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn status_has_the_words_of_graph() {
    let folder = folder();
    in_every_format("state-status", &folder, &["status"], 1);
    let some = folder.run(&["status", "--state", "s", "g2", "Sales", "G1"]);
    some.expect_code(0);
    let all = folder.run(&["status", "--state", "s", "--all", "--color", "always"]);
    assert!(all.expect_code(1).contains("\u{1b}[31mFailed\u{1b}[0m"));
    assert!(!all.stdout.contains("\u{1b}[2J"), "a name acts on the terminal");
    assert_eq!(all.stdout.lines().count(), 1 + 6 + 1);
    let narrow = folder.dyngroup(&["status", "--state", "s"]).env("COLUMNS", "100").run();
    assert_transcript("state-status-some", &[&some, &narrow]);
    folder.run(&["status", "--state", "s", "Sale"]).expect_code(2);
}

#[test]
fn what_is_exported_reads_back() {
    let folder = folder();
    let expected: Vec<Value> = [("G2", "g1"), ("G2", "pc-1"), ("g1", "Ada"), ("g1", "bob"), ("g4", "Ada")]
        .map(|(group, member)| json!({ "groupId": group, "memberId": member }))
        .to_vec();
    let exported = folder.run(&["export", "--state", "s", "--out", "-"]);
    assert_eq!(exported.expect_code(0), lines(&expected));
    assert_eq!(exported.stderr, "");
    let some = folder.run(&["export", "--state", "s", "--out", "-", "--group", "G1", "--group", "Sales"]);
    assert_eq!(some.expect_code(0), lines(&expected[2..4]));
    for format in ["ndjson", "csv", "parquet", "CSV"] {
        let file = format!("members.{format}");
        let ran = folder.run(&["export", "--state", "s", "--out", &file]);
        assert_eq!((ran.expect_code(0), ran.stderr.as_str()), ("", ""));
        if format == "CSV" {
            assert_eq!(folder.read(&file), folder.read("members.csv"));
            continue;
        }
        let members = dyngroup::directory::members::read_members_of_file(&folder.path().join(&file)).unwrap();
        let mut pairs: Vec<(&str, &str)> = members.iter().collect();
        pairs.sort_unstable();
        let text = |pair: &(&str, &str)| json!({ "groupId": pair.0, "memberId": pair.1 });
        let members: Vec<Value> = pairs.iter().map(text).collect();
        // Ids have the letters that they were first met with, in whatever place that was.
        assert_eq!(lines(members).to_lowercase(), lines(&expected).to_lowercase(), "{format}");
    }
    let runs = [
        folder.run(&["export", "--state", "s", "--out", "members.xml"]),
        folder.run(&["export", "--state", "s", "--out", "members"]),
        folder.run(&["export", "--state", "s", "--out", "nowhere/members.csv"]),
        folder.run(&["export", "--state", "s", "--out", "members.csv", "--group", "g7"]),
    ];
    for ran in &runs {
        ran.expect_code(2);
    }
    assert_transcript("state-export-errors", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn an_exported_file_is_part_of_a_tenant() {
    let folder = folder();
    folder.write("tenant/users.csv", "id\nada\nbob\ncleo\n");
    folder.write("tenant/devices.csv", "id\npc-1\n");
    folder.write("tenant/groups.json", r#"[{"id":"g1"},{"id":"g2"},{"id":"g4"}]"#);
    folder.run(&["export", "--state", "s", "--out", "tenant/members.parquet"]).expect_code(0);
    let ran = folder.run(&["recompute", "tenant", "--output-format", "jsonl"]);
    let members = |line: &str| serde_json::from_str::<Value>(line).unwrap()["members"].clone();
    assert_eq!(
        ran.expect_code(0).lines().map(members).collect::<Vec<_>>(),
        [2, 2, 1].map(|count| json!(count))
    );
}

#[test]
fn what_recompute_remembers_is_what_it_wrote() {
    let folder = Folder::new();
    let users = |departments: &[(&str, &str)]| {
        let user = |(id, department): &(&str, &str)| json!({ "id": id, "department": department });
        lines(departments.iter().map(user))
    };
    let rule = |department: &str| {
        let rule = format!("user.department -eq \"{department}\"");
        let group = json!({
            "id": "g1", "displayName": "Sales", "groupTypes": ["DynamicMembership"], "securityEnabled": true,
            "membershipRule": rule, "membershipRuleProcessingState": "On",
        });
        lines([group])
    };
    folder.write("tenant/users.ndjson", users(&[("ada", "Sales"), ("bob", "Sales"), ("cleo", "HR")]));
    folder.write("tenant/groups.ndjson", rule("Sales"));
    let recompute = ["recompute", "tenant", "--state", "s", "--no-guards"];
    folder.run(&[&recompute[..], &["--out", "o1"]].concat()).expect_code(0);
    folder.write("tenant/users.ndjson", users(&[("ada", "HR"), ("bob", "Sales"), ("cleo", "HR")]));
    folder.run(&[&recompute[..], &["--out", "o2"]].concat()).expect_code(0);
    folder.write("tenant/groups.ndjson", rule("HR"));
    folder.run(&[&recompute[..], &["--out", "o3"]].concat()).expect_code(0);
    for (run, members) in [("1", ["ada", "bob"].as_slice()), ("2", &["bob"]), ("3", &["ada", "cleo"])] {
        folder.run(&["history", run, "--state", "s", "--out", "again"]).expect_code(0);
        let deltas = folder.read("again/membership-deltas.ndjson");
        assert_eq!(deltas, folder.read(&format!("o{run}/membership-deltas.ndjson")), "{run}");
        assert!(!deltas.is_empty());
        let ran = folder.run(&["members", "Sales", "--state", "s", "--at", run]);
        assert_eq!(ran.expect_code(0), lines(members));
    }
    let ran = folder.run(&["history", "last", "--state", "s", "--output-format", "jsonl"]);
    let group: Value = serde_json::from_str(ran.expect_code(0).lines().last().unwrap()).unwrap();
    assert_eq!(
        (&group["cause"], &group["added"], &group["removed"]),
        (&json!("ruleChanged"), &json!(2), &json!(1))
    );
    assert_eq!(group["ruleChanges"][0]["after"], "user.department -eq \"HR\"");
    folder.run(&["history", "--state", "s", "--verify"]).expect_code(0);
    folder.run(&["status", "--state", "s"]).expect_code(0);
}

/// Runs SQL over the state file as somebody would who wants to hide something.
fn tamper(file: &Path, sql: &str) {
    let connection = Connection::open(file).unwrap();
    let triggers = "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'";
    let drops: Vec<String> = connection
        .prepare(triggers)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on; {}{sql}",
            drops.concat()
        ))
        .unwrap();
}

#[test]
fn a_changed_past_is_found() {
    for (sql, words) in [
        ("UPDATE run SET actor = 'eve' WHERE run = 2", "run 2 does not fit: it is not what was written"),
        ("DELETE FROM run WHERE run = 3", "run 3 does not fit: it is missing"),
        ("UPDATE delta SET added_count = 0 WHERE run = 1", "run 1 does not fit: its counts"),
        ("UPDATE run SET summary = '{' WHERE run = 4", "run 4 does not fit: it is not what was written"),
    ] {
        let folder = folder();
        tamper(&folder.path().join("s"), sql);
        let ran = folder.run(&["history", "--state", "s", "--verify"]);
        assert!(ran.expect_code(1).starts_with(words), "{sql}: {}", ran.stdout);
        let ran = folder.run(&["history", "--state", "s", "--verify", "--output-format", "jsonl"]);
        let proof: Value = serde_json::from_str(ran.expect_code(1)).unwrap();
        assert_eq!((&proof["valid"], proof["firstUnfit"]["run"].is_i64()), (&json!(false), true), "{proof}");
    }
}

#[test]
fn hostile_state_files_are_an_error_and_no_panic() {
    let commands: [&[&str]; 8] = [
        &["history"],
        &["history", "2", "--out", "out"],
        &["history", "--verify"],
        &["members", "g1", "--at", "1"],
        &["groups-of", "ada", "--transitive"],
        &["status", "--all"],
        &["export", "--out", "members.csv"],
        &["export", "--out", "-"],
    ];
    for sql in [
        "UPDATE delta SET added = x'3a300000ffffffff'",
        "UPDATE delta SET added = x'3a30000001000000ffff000010000000ffff', added_count = 1",
        "UPDATE delta SET added_count = -9223372036854775808",
        "UPDATE delta SET added_count = 9223372036854775807, removed_count = 9223372036854775807",
        "UPDATE delta SET ordinal = 4294967296 + rowid",
        "UPDATE delta SET ordinal = 77000000 + rowid",
        "UPDATE member_set SET members = x''",
        "UPDATE member_set SET members = x'3a30000001000000ffff000010000000ffff'",
        "UPDATE member_group SET updated_run = 99",
        "UPDATE member_group SET next_change = 'tomorrow'",
        "UPDATE member_group SET member_count = -1",
        "UPDATE member_group SET id = ''",
        "UPDATE member_group SET status = char(27) || 'x', display_name = char(27)",
        "UPDATE run SET run = 9223372036854775807 WHERE run = 4",
        "UPDATE run SET run = -9223372036854775807 WHERE run = 1",
        "UPDATE run SET kind = 'x'",
        "UPDATE run SET started = ''",
        "UPDATE run SET summary = '[]'",
        "UPDATE run SET undoes = -1",
        "UPDATE audit SET target = '{', details = '{'",
        "UPDATE audit SET target = '7', details = '[]'",
        "UPDATE id_page SET ids = '[]'",
        "UPDATE id_page SET ids = '[\"\"]'",
        "UPDATE id_page SET ordinal = ordinal + 1",
        "DELETE FROM id_page",
        "DELETE FROM run",
        "DROP TABLE delta",
        "DROP TABLE member_group",
        "DROP TABLE member_set",
        "DELETE FROM member_set",
    ] {
        let folder = folder();
        tamper(&folder.path().join("s"), sql);
        let mut codes = Vec::new();
        for command in commands {
            let ran = folder.run(&[command, &["--state", "s"]].concat());
            let code = ran.code.unwrap_or(101);
            codes.push(code);
            assert!(code <= 2, "{sql}: {command:?}: {code}: {}", ran.stderr);
            assert_eq!(code == 2, ran.stderr.starts_with("error: "), "{sql}: {command:?}: {}", ran.stderr);
            assert!(!ran.stderr.contains("panicked") && !ran.stdout.contains('\u{1b}'), "{sql}: {command:?}");
        }
        assert_ne!(codes, [0, 0, 0, 0, 0, 1, 0, 0], "{sql}: nobody has seen it");
        assert!(
            !folder.list(".").iter().any(|name| name.starts_with(".tmp")),
            "{sql}: a piece of a file is left"
        );
    }
}

#[test]
fn damage_is_told_and_leaves_no_file() {
    let folder = folder();
    tamper(&folder.path().join("s"), "UPDATE member_set SET members = x'00' WHERE ordinal = 131072");
    folder.write("members.csv", "as it was\n");
    let runs = [
        folder.run(&["export", "--state", "s", "--out", "members.csv"]),
        folder.run(&["members", "g1", "--state", "s"]),
        folder.run(&["groups-of", "ada", "--state", "s"]),
        folder.run(&["members", "g4", "--state", "members.csv"]),
    ];
    for ran in &runs {
        assert_eq!(ran.expect_code(2), "");
    }
    assert_eq!(folder.read("members.csv"), "as it was\n");
    assert_transcript("state-damaged", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn a_state_without_runs_is_empty_everywhere() {
    let folder = Folder::new();
    drop(Store::create(&folder.path().join("s"), Duration::ZERO).unwrap());
    let runs = [
        folder.run(&["history", "--state", "s"]),
        folder.run(&["history", "--state", "s", "--output-format", "json"]),
        folder.run(&["history", "--state", "s", "--verify"]),
        folder.run(&["history", "--state", "s", "last"]),
        folder.run(&["status", "--state", "s"]),
        folder.run(&["export", "--state", "s", "--out", "-"]),
    ];
    for (ran, code) in runs.iter().zip([0, 0, 0, 2, 0, 0]) {
        ran.expect_code(code);
    }
    assert_transcript("state-empty", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn the_state_is_read_while_another_writes() {
    let folder = folder();
    let mut store = Store::open(&folder.path().join("s"), Duration::ZERO).unwrap();
    let session: Session<'_> = store.write().unwrap();
    session.set_fact("x", Some("1")).unwrap();
    let ran = folder.run(&["members", "g1", "--state", "s", "--wait", "0"]);
    assert_eq!(ran.expect_code(0), "Ada\nbob\n");
}
