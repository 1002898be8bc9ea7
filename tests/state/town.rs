//! A made-up tenant whose users move from run to run, and looks at its state file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use dyngroup::store::{RunRecord, Store};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::history::held;
use crate::recompute::tenant::{assigned, dynamic};
use crate::runner::{Folder, lines};

const DEPARTMENTS: usize = 19;
const CITIES: usize = 13;

/// A tenant in the folder `tenant`, with 40 groups.
pub(super) struct Town {
    /// Department, city and whether the account is enabled.
    users: Vec<(usize, usize, bool)>,
    generator: ChaCha8Rng,
}

impl Town {
    pub(super) fn new(folder: &Folder, users: usize) -> Self {
        let generator = ChaCha8Rng::seed_from_u64(7);
        let users = (0..users).map(|at| (at % DEPARTMENTS, at % CITIES, at % 5 > 0)).collect();
        let town = Self { users, generator };
        let mut groups: Vec<Value> = Vec::new();
        for at in 0..DEPARTMENTS {
            groups.push(dynamic(
                &format!("department-{at}"),
                &format!("user.department -eq \"Department {at}\""),
            ));
        }
        for at in 0..CITIES {
            groups.push(dynamic(&format!("city-{at}"), &format!("user.city -eq \"City {at}\"")));
        }
        for (id, rule) in [
            ("enabled", "user.accountEnabled -eq true"),
            ("others", "user.accountEnabled -ne true"),
            ("nested", "user.memberOf -any (group.objectId -in ['department-1', 'static'])"),
            ("reports", "Direct Reports for \"user-3\""),
            (
                "several",
                "user.city -in [\"City 1\", \"City 4\"] -and user.department -startsWith \"department 1\"",
            ),
            ("nobody", "user.city -eq \"Nowhere\""),
        ] {
            groups.push(dynamic(id, rule));
        }
        groups.extend([assigned("static"), assigned("empty")]);
        folder.write("tenant/groups.json", json!(groups).to_string());
        let members =
            (0..50).map(|at| json!({ "groupId": "static", "memberId": format!("user-{}", at * 3) }));
        folder.write("tenant/members.ndjson", lines(members));
        town.write_users(folder);
        town
    }

    /// Exports all users.
    pub(super) fn write_users(&self, folder: &Folder) {
        folder.write("tenant/users.ndjson", lines((0..self.users.len()).map(|at| self.user(at))));
    }

    /// Some users move; what is told of them is in `changes.ndjson`, and in the export too if `whole`.
    pub(super) fn step(&mut self, folder: &Folder, whole: bool) {
        let count = self.users.len();
        let moved: BTreeSet<usize> =
            (0..=count / 100).map(|_| self.generator.random_range(0..count)).collect();
        for &at in &moved {
            self.users[at] = (
                self.generator.random_range(0..DEPARTMENTS),
                self.generator.random_range(0..CITIES),
                self.generator.random(),
            );
        }
        folder.write("changes.ndjson", lines(moved.into_iter().map(|at| self.user(at))));
        if whole {
            self.write_users(folder);
        }
    }

    /// A number from 0 up to `end`, always the same ones.
    pub(super) fn random(&mut self, end: f64) -> f64 {
        self.generator.random_range(0.0..1.0) * end
    }

    fn user(&self, at: usize) -> Value {
        let (department, city, enabled) = self.users[at];
        json!({
            "id": format!("user-{at}"),
            "department": format!("Department {department}"),
            "city": format!("City {city}"),
            "accountEnabled": enabled,
            "managerId": format!("user-{}", at / 9),
        })
    }
}

/// The arguments of a run with the state file and the folder of `name`.
pub(super) fn arguments(name: &str, whole: bool) -> Vec<String> {
    let (state, out) = (format!("{name}.state"), format!("{name}.out"));
    let fixed = ["recompute", "tenant", "--no-guards", "--now", "2026-01-15T00:00:00Z"];
    let files = ["--state", &state, "--out", &out];
    let changes: &[&str] = if whole { &[] } else { &["--changed", "changes.ndjson"] };
    [&fixed[..], &files, changes].concat().into_iter().map(str::to_owned).collect()
}

/// What a state file holds.
#[derive(Debug, PartialEq)]
pub(super) struct Held {
    /// Members and status of each group.
    pub(super) groups: BTreeMap<String, (String, BTreeSet<String>)>,
    pub(super) runs: Vec<RunRecord>,
}

impl Held {
    /// Looks at a state file, which has to be sound.
    pub(super) fn by(folder: &Folder, state: &str) -> Self {
        let path = folder.path().join(state);
        let mut store = Store::open(&path, Duration::from_secs(9)).unwrap();
        let runs = store.read().unwrap().runs().unwrap();
        let numbers: Vec<i64> = runs.iter().map(|run| run.run).collect();
        assert_eq!(numbers, (1..).take(runs.len()).collect::<Vec<_>>(), "runs are counted");
        assert_eq!(store.read().unwrap().first_unfit_run().unwrap(), None, "the hashes fit");
        let connection = Connection::open(&path).unwrap();
        let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
        assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
        Self { groups: held(folder, state), runs }
    }

    /// As [`Held::by`], but of a copy, so that what a killed run left is still there for the next one.
    pub(super) fn by_copy(folder: &Folder, state: &str) -> Self {
        let copy = format!("copy.{state}");
        for ending in ["", "-wal"] {
            let (from, to) = (format!("{state}{ending}"), format!("{copy}{ending}"));
            remove(&folder.path().join(&to));
            if folder.path().join(&from).exists() {
                fs::copy(folder.path().join(&from), folder.path().join(&to)).unwrap();
            }
        }
        remove(&folder.path().join(format!("{copy}-shm")));
        Self::by(folder, &copy)
    }

    /// The counts of the last run.
    pub(super) fn counts(&self) -> &Value {
        &self.runs.last().unwrap().head.summary["counts"]
    }
}

fn remove(path: &Path) {
    if path.exists() {
        fs::remove_file(path).unwrap();
    }
}

/// The files in a folder, without those that a killed run left beside their places.
pub(super) fn files(folder: &Folder, out: &str) -> BTreeMap<String, String> {
    let names = folder.list(out).into_iter().filter(|name| !name.starts_with(".dyngroup-"));
    names.map(|name| (name.clone(), folder.read(&format!("{out}/{name}")))).collect()
}
