//! State files of every schema version open for ever. `version-N.state` is one that version N made over
//! `examples/contoso`. Those of released versions are never made anew; that of the newest, while it is not
//! released, with `cargo test --test all state::upgrade::make -- --ignored`, and its snapshot with it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dyngroup::store::{LicenseTable, Store, UnfitRun};
use rusqlite::Connection;

use super::history::held;
use crate::runner::{Folder, Ran};

/// The versions that have a file.
const VERSIONS: [u32; 2] = [1, 2];

/// The version that is not released.
const NEWEST: u32 = 2;

fn file(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/state/version-{version}.state"))
}

/// The example tenant in the folder `tenant`.
fn folder() -> Folder {
    let folder = Folder::new();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso");
    for entry in fs::read_dir(example).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        folder.write(&format!("tenant/{name}"), fs::read(path).unwrap());
    }
    folder
}

/// A run that is done, and leaves some people with an error of a license.
fn run(folder: &Folder, state: &str, now: &str, more: &[&str]) -> Ran {
    let fixed = ["recompute", "tenant", "--state", state, "--now", now, "--no-guards", "--actor", "ada"];
    folder.run(&[&fixed, more].concat())
}

/// Somebody changes the department and somebody leaves.
fn change(folder: &Folder) {
    let users = folder.read("tenant/users.ndjson");
    let ids: Vec<String> = users
        .lines()
        .take(2)
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned()
        })
        .collect();
    folder.write(
        "changes.ndjson",
        format!(
            "{{\"id\":\"{}\",\"department\":\"Sales\",\"city\":\"Oslo\"}}\n{{\"id\":\"{}\",\"@removed\":{{}}}}\n",
            ids[0], ids[1]
        ),
    );
}

#[test]
#[ignore = "makes the file of the newest version anew"]
fn make() {
    let folder = folder();
    change(&folder);
    run(&folder, "state", "2026-01-15T00:00:00Z", &[]).expect_code(1);
    run(&folder, "state", "2026-01-16T00:00:00Z", &["--changed", "changes.ndjson"]).expect_code(1);
    fs::copy(folder.path().join("state"), file(NEWEST)).unwrap();
}

/// What the file tells, without what depends on when it was made.
fn told(folder: &Folder, state: &str) -> String {
    let mut text = String::new();
    let mut store = Store::open(&folder.path().join(state), Duration::ZERO).unwrap();
    let session = store.read().unwrap();
    for run in session.runs().unwrap() {
        let (added, removed) = (&run.head.summary["counts"]["added"], &run.head.summary["counts"]["removed"]);
        let _ = writeln!(
            text,
            "run {} {} {} by {}: +{added} -{removed}",
            run.run,
            run.head.kind.word(),
            run.head.now,
            run.head.actor
        );
        for delta in session.deltas(run.run).unwrap() {
            let _ = writeln!(
                text,
                "  {} {}: +{} -{}",
                delta.ordinal,
                delta.cause,
                delta.added.len(),
                delta.removed.len()
            );
        }
        for event in session.audit(run.run).unwrap() {
            let _ = writeln!(text, "  {} {}", event.activity, event.target);
        }
    }
    for table in [LicenseTable::Intent, LicenseTable::Outcome] {
        for row in session.license_rows(table).unwrap() {
            let _ = writeln!(text, "{} users: {}", row.users.len(), row.body);
        }
    }
    for (group, (status, members)) in held(folder, state) {
        let _ = writeln!(text, "{group} {status} {}", members.len());
        for member in members {
            let _ = writeln!(text, "  {member}");
        }
    }
    text
}

#[test]
fn the_files_of_all_versions_open_and_are_gone_on_with() {
    VERSIONS.into_iter().for_each(opens_and_is_gone_on_with);
}

fn opens_and_is_gone_on_with(version: u32) {
    let folder = folder();
    change(&folder);
    fs::copy(file(version), folder.path().join("state")).unwrap();
    let before = told(&folder, "state");
    assert_eq!(schema(&folder, "state"), schema(&folder, "fresh"), "the way to a schema does not matter");
    assert_eq!(unfit_run(&folder, "state"), None);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("history-of-version-{version}"), before);
    });
    // The folder does not have the change: a full run takes it back, and holds what a first run would.
    let now = "2026-01-17T00:00:00Z";
    run(&folder, "state", now, &[]).expect_code(1);
    run(&folder, "new", now, &[]).expect_code(1);
    assert_eq!(held(&folder, "state"), held(&folder, "new"));
    for state in ["state", "new"] {
        run(&folder, state, now, &["--changed", "changes.ndjson"]).expect_code(1);
    }
    assert_eq!(held(&folder, "state"), held(&folder, "new"));
    let past = before.lines().take_while(|line| line.starts_with("run ") || line.starts_with("  "));
    assert!(told(&folder, "state").lines().zip(past).all(|(now, then)| now == then), "the past is another");
    assert_eq!(unfit_run(&folder, "state"), None);
}

/// The tables, indices, triggers and views of a file, which is made if it is not there.
fn schema(folder: &Folder, state: &str) -> Vec<(String, String, Option<String>)> {
    let path = folder.path().join(state);
    drop(Store::create(&path, Duration::ZERO).unwrap());
    let connection = Connection::open(&path).unwrap();
    let sql = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn unfit_run(folder: &Folder, state: &str) -> Option<UnfitRun> {
    let mut store = Store::open(&folder.path().join(state), Duration::ZERO).unwrap();
    store.read().unwrap().first_unfit_run().unwrap()
}
