//! What stands in the way of a run: other processes, places that take no file, files that are no state or
//! are damaged. The run says so, and nothing is changed; a run that only tries changes nothing either.

use std::collections::BTreeMap;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

use dyngroup::store::Store;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::town::{Held, Town, files};
use crate::recompute::tenant::{assigned, dynamic, in_departments, tenant};
use crate::runner::{Folder, Ran};

/// A tenant with a group of Sales, and a state file of a first run.
fn folder() -> Folder {
    let people: Vec<(String, &str)> =
        (0..30).map(|at| (format!("u{at}"), ["Sales", "Design"][at % 2])).collect();
    let folder = tenant(&users(&people), &groups(), &[("board", "u1")]);
    run(&folder, &["--out", "out", "--no-guards"]).expect_code(0);
    folder
}

fn users(people: &[(String, &str)]) -> Vec<Value> {
    in_departments(&people.iter().map(|(id, department)| (id.as_str(), *department)).collect::<Vec<_>>())
}

fn groups() -> [Value; 2] {
    [dynamic("sales", "user.department -eq \"Sales\""), assigned("board")]
}

/// So many of them are in Sales from now on.
fn move_to_sales(folder: &Folder, count: usize) {
    let people: Vec<(String, &str)> =
        (0..30).map(|at| (format!("u{at}"), if at < count { "Sales" } else { "Design" })).collect();
    folder.write("tenant/users.json", json!(users(&people)).to_string());
}

fn run(folder: &Folder, more: &[&str]) -> Ran {
    let fixed = ["recompute", "tenant", "--state", "state", "--now", "2026-01-15T00:00:00Z"];
    folder.run(&[&fixed, more].concat())
}

/// The bytes of the state and of the files of a run.
fn everything(folder: &Folder) -> (Vec<u8>, BTreeMap<String, String>) {
    (fs::read(folder.path().join("state")).unwrap(), files(folder, "out"))
}

fn sales(folder: &Folder) -> usize {
    Held::by(folder, "state").groups["sales"].1.len()
}

/// The run fails with these words and no panic.
#[track_caller]
fn fails(ran: &Ran, words: &str) {
    assert!(ran.stderr.contains(words) && ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert_eq!(ran.expect_code(2), "");
}

#[test]
fn who_comes_second_waits_or_fails_at_once() {
    let folder = folder();
    move_to_sales(&folder, 20);
    let before = everything(&folder);
    let mut store = Store::open(&folder.path().join("state"), Duration::ZERO).unwrap();
    let session = store.write().unwrap();
    session.set_fact("test", Some("1")).unwrap();
    let ran = run(&folder, &["--wait", "0", "--out", "out"]);
    fails(
        &ran,
        "state: another process writes to the state file; wait until it has ended, or give it longer with --wait",
    );
    assert_eq!(everything(&folder), before);
    // Who reads is not in the way and sees the state before.
    let mut reader = Store::open(&folder.path().join("state"), Duration::ZERO).unwrap();
    assert_eq!(reader.read().unwrap().fact("test").unwrap(), None);
    assert_eq!(sales(&folder), 15);
    let mut waiting =
        folder.dyngroup(&["recompute", "tenant", "--state", "state", "--no-guards", "--out", "out"]).start();
    sleep(Duration::from_millis(300));
    assert!(waiting.try_wait().unwrap().is_none(), "it does not wait");
    assert_eq!(files(&folder, "out"), before.1);
    session.commit().unwrap();
    assert!(waiting.wait().unwrap().success());
    assert_eq!(reader.read().unwrap().fact("test").unwrap().as_deref(), Some("1"), "nothing is lost");
    assert_eq!(sales(&folder), 20);
}

#[test]
fn who_reads_is_not_in_the_way_of_a_run() {
    let folder = folder();
    move_to_sales(&folder, 20);
    let mut store = Store::open(&folder.path().join("state"), Duration::ZERO).unwrap();
    let session = store.read().unwrap();
    assert_eq!(session.runs().unwrap().len(), 1);
    run(&folder, &["--wait", "0"]).expect_code(0);
    assert_eq!(session.runs().unwrap().len(), 1, "one state, whatever others write");
    drop(session);
    assert_eq!(store.read().unwrap().runs().unwrap().len(), 2);
}

#[test]
fn runs_that_begin_together_come_one_after_the_other() {
    for known in [false, true] {
        let folder = folder();
        if !known {
            fs::remove_file(folder.path().join("state")).unwrap();
        }
        let arguments = ["recompute", "tenant", "--state", "state", "--no-guards"];
        let all: Vec<_> = (0..6).map(|_| folder.dyngroup(&arguments).start()).collect();
        for mut child in all {
            assert!(child.wait().unwrap().success(), "known: {known}");
        }
        assert_eq!(Held::by(&folder, "state").runs.len(), 6 + usize::from(known));
        assert_eq!(sales(&folder), 15);
    }
}

#[test]
fn any_number_of_seconds_can_be_waited() {
    let folder = folder();
    for seconds in ["2147484", "99999999999", "18446744073709551615"] {
        run(&folder, &["--wait", seconds]).expect_code(0);
    }
}

#[test]
fn places_that_take_no_state() {
    let folder = folder();
    let before = everything(&folder);
    folder.write("folder/file", "");
    for (state, words) in [
        ("folder", "folder: it is a folder; name a file"),
        (
            "nowhere/state",
            "nowhere/state: the state file cannot be opened: look at the folder and its permissions",
        ),
        ("folder/file/state", "folder/file/state: the state file cannot be opened"),
        ("", "--state"),
        ("tenant/users.json", "tenant/users.json: this is no state file; name another one"),
    ] {
        let ran = folder.run(&["recompute", "tenant", "--state", state, "--out", "out"]);
        assert!(ran.stderr.contains(words), "{state}: {}", ran.stderr);
        ran.expect_code(2);
    }
    assert_eq!(folder.list("folder"), ["file"]);
    assert_eq!(everything(&folder), before);
    // Where the log beside it cannot be made, nothing can be written safely.
    folder.write("state-wal/x", "");
    let ran = run(&folder, &["--out", "out"]);
    assert!(ran.stderr.starts_with("error: state: "), "{}", ran.stderr);
    ran.expect_code(2);
    assert_eq!(everything(&folder), before);
}

#[test]
fn folders_that_take_no_files_leave_the_state_as_it_was() {
    let folder = folder();
    move_to_sales(&folder, 20);
    let before = everything(&folder);
    folder.write("file", "");
    fails(&run(&folder, &["--out", "file"]), "file: cannot write: a file stands where a folder is expected");
    for name in ["summary.json", "audit.ndjson", "membership-deltas.ndjson"] {
        folder.write(&format!("taken/{name}/x"), "");
        fails(&run(&folder, &["--out", "taken"]), &format!("{name}: cannot write: it is a folder"));
        fs::remove_dir_all(folder.path().join("taken")).unwrap();
    }
    assert_eq!(everything(&folder), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_nobody_can_read_says_that_the_run_is_done() {
    let folder = folder();
    move_to_sales(&folder, 20);
    let arguments = ["recompute", "tenant", "--state", "state", "--no-guards"];
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dyngroup"))
        .current_dir(folder.path())
        .args(arguments)
        .stdout(full)
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("the run itself is done: the state holds it"), "{words}");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(sales(&folder), 20);
}

#[test]
fn databases_of_others_are_left_alone() {
    let folder = folder();
    let path = folder.path().join("other");
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    let before = fs::read(&path).unwrap();
    for more in [&[][..], &["--dry-run"]] {
        let ran = folder.run(&[&["recompute", "tenant", "--state", "other"], more].concat());
        fails(&ran, "other: this is a database of another program, not a state file; name another one");
    }
    assert!(fs::read(&path).unwrap() == before);
    assert!(!folder.path().join("other-wal").exists());
}

#[test]
fn a_truncated_state_is_an_error_and_no_panic() {
    let folder = folder();
    let whole = fs::read(folder.path().join("state")).unwrap();
    for part in 1..20 {
        let length = whole.len() * part / 20;
        folder.write("state", &whole[..length]);
        let ran = run(&folder, &["--out", "out"]);
        assert!(ran.stderr.starts_with("error: state: "), "{length}: {}", ran.stderr);
        assert_eq!(ran.expect_code(2), "", "{length}");
        assert!(!ran.stderr.contains("panicked"));
    }
}

#[test]
fn damage_in_the_state_is_an_error_or_does_no_harm() {
    let folder = Folder::new();
    let mut town = Town::new(&folder, 500);
    let arguments = |whole: bool| super::town::arguments("one", whole);
    let run = |whole: bool| {
        let arguments = arguments(whole);
        folder.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    run(true).expect_code(0);
    let sound = fs::read(folder.path().join("one.state")).unwrap();
    town.step(&folder, true);
    let expected = [true, false].map(|whole| {
        folder.write("one.state", &sound);
        run(whole).expect_code(0);
        Held::by(&folder, "one.state").groups
    });
    assert_eq!(expected[0], expected[1]);
    let mut generator = ChaCha8Rng::seed_from_u64(3);
    let mut codes: BTreeMap<i32, usize> = BTreeMap::new();
    for at in 0..120 {
        let mut damaged = sound.clone();
        let place = generator.random_range(0..damaged.len() - 64);
        generator.fill(&mut damaged[place..place + 64]);
        folder.write("one.state", &damaged);
        let ran = run(at % 2 == 0);
        let code = ran.code.unwrap_or(101);
        *codes.entry(code).or_default() += 1;
        assert!(!ran.stderr.contains("panicked"), "{place}: {}", ran.stderr);
        match code {
            0 => {
                let held = super::history::held(&folder, "one.state");
                assert!(held == expected[0], "{place}: the members are others");
            }
            2 => assert!(ran.stderr.starts_with("error: "), "{place}: {}", ran.stderr),
            _ => panic!("{place}: {code} {}", ran.stderr),
        }
    }
    assert!(codes.len() == 2, "{codes:?}");
}

#[test]
fn a_run_that_only_tries_leaves_no_trace_in_the_state() {
    let folder = folder();
    let dry = ["--dry-run", "--detailed-exitcode", "--out", "out"];
    let before = everything(&folder);
    run(&folder, &dry).expect_code(0);
    move_to_sales(&folder, 17);
    folder.write(
        "changes.ndjson",
        "{\"id\":\"u29\",\"department\":\"Sales\"}\n{\"id\":\"new\",\"department\":\"Sales\"}\n",
    );
    for more in [&[][..], &["--changed", "changes.ndjson"]] {
        let ran = run(&folder, &[&dry, more].concat());
        ran.expect_code(4);
        let summary: Value = serde_json::from_str(&folder.read("out/summary.json")).unwrap();
        assert_eq!(summary["dryRun"], true);
        assert!(everything(&folder).0 == before.0, "the state is another");
        assert!(!folder.list(".").iter().any(|name| name.starts_with("state-")), "something is left");
    }
    // A guard stops this one; trying says so too.
    move_to_sales(&folder, 0);
    run(&folder, &dry).expect_code(3);
    assert!(everything(&folder).0 == before.0);
    folder.write("empty", "");
    for state in ["none", "empty"] {
        let ran = folder.run(&["recompute", "tenant", "--state", state, "--dry-run"]);
        ran.expect_code(0);
        for more in [&[][..], &["--dry-run"]] {
            let ran = folder.run(
                &[&["recompute", "tenant", "--state", state, "--changed", "changes.ndjson"], more].concat(),
            );
            fails(&ran, &format!("{state}: it remembers no run yet; run once without --changed"));
        }
    }
    assert!(!folder.path().join("none").exists() && folder.read("empty").is_empty());
}

#[test]
fn the_files_of_a_run_never_take_the_place_of_its_state() {
    let folder = folder();
    let before = everything(&folder);
    folder.write("new/file", "");
    for (state, out) in [
        ("out/summary.json", "out"),
        ("./out/../out/groups.ndjson", "out/"),
        ("membership-deltas.parquet", "."),
        ("new/guards.json", "new"),
        ("new/audit.ndjson", "../NAME/new"),
    ] {
        let name = folder.path().file_name().unwrap().to_str().unwrap();
        let out = out.replace("NAME", name);
        for command in
            [&["recompute", "tenant"][..], &["recompute", "tenant", "--dry-run"], &["undo", "last"]]
        {
            let ran = folder.run(&[command, &["--state", state, "--out", &out]].concat());
            fails(&ran, &format!("{state}: a run writes a file of this name into the folder of --out"));
        }
    }
    assert_eq!(everything(&folder), before);
    assert_eq!(folder.list("new"), ["file"]);
}

#[test]
fn files_that_a_kill_kept_from_their_places_are_missed() {
    let folder = folder();
    folder.write("out/.dyngroup-a1b2c3", "the deltas of a run that was killed behind its commit");
    folder.write("out/summary.json", "{\"run\": \"run-of-before\"}");
    let again = run(&folder, &["--out", "out"]);
    again.expect_code(0);
    assert!(again.stderr.starts_with("warning: the files of run 1 (`run-"), "{}", again.stderr);
    assert!(again.stderr.contains("did not reach out: `dyngroup history 1 --out DIR`"), "{}", again.stderr);
    assert!(folder.list("out").iter().all(|name| !name.starts_with('.')), "{:?}", folder.list("out"));
    assert_eq!(run(&folder, &["--out", "out"]).stderr, "");
}
