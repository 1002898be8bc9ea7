//! The scenarios again, each of them through the program: every step is a tenant folder, a run over it, and the
//! files that the run leaves.

mod expected;
mod folder;
mod invariants;
mod known;
mod model;
mod outputs;
mod products;
mod refusing;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rayon::prelude::*;

use self::folder::TENANT;
use self::known::Known;
use self::model::{Asked, Model};
use self::outputs::Told;
use super::in_files::step_in_files;
use super::scenario::{Scenario, Step};
use crate::runner::{Folder, Ran, scrubbed};

/// Scenarios for both ways, and those that only files can tell.
const FOLDERS: [&str; 2] = ["scenarios", "scenarios_in_files"];

/// How many scenarios run side by side.
const THREADS: usize = 4;

/// How many scenarios the specification has.
const NUMBERS: usize = 104;

/// Scenarios with more users do not run over changes as well: that takes too long.
const BY_CHANGES_MAX_USERS: usize = 60;

/// Files of a run that do not depend on when it was made, but for what is scrubbed.
const FILES: [&str; 7] = [
    "membership-deltas.ndjson",
    "license-deltas.ndjson",
    "license-states.ndjson",
    "license-errors.ndjson",
    "seats.json",
    "groups.ndjson",
    "audit.ndjson",
];

#[test]
fn every_scenario_holds_through_the_program() {
    let faults_of = |file: &PathBuf| -> Vec<String> {
        let name = file.file_stem().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(file).unwrap();
        let found = faults(&text).into_iter().chain(faults_by_changes(&text));
        found.map(|fault| format!("{name}: {fault}")).collect()
    };
    // Half of the time goes into waiting for the disk.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build().unwrap();
    let faults: Vec<String> = pool.install(|| scenario_files().par_iter().flat_map_iter(faults_of).collect());
    assert!(faults.is_empty(), "{} faults\n{}\n", faults.len(), faults.join("\n"));
}

#[test]
fn every_number_of_the_specification_has_a_scenario() {
    let files = scenario_files();
    let numbers = files.iter().filter_map(|file| {
        let name = file.file_name()?.to_str()?;
        name.split_once('-')?.0.parse::<usize>().ok()
    });
    let numbers: BTreeSet<usize> = numbers.collect();
    let missing: Vec<usize> = (1..=NUMBERS).filter(|number| !numbers.contains(number)).collect();
    assert!(missing.is_empty(), "no scenario for {missing:?}");
}

fn scenario_files() -> Vec<PathBuf> {
    let licensing = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/licensing");
    let entries = FOLDERS.iter().flat_map(|folder| std::fs::read_dir(licensing.join(folder)).unwrap());
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What is wrong with a scenario that is told by folders.
fn faults(text: &str) -> Vec<String> {
    let scenario: Scenario = match toml::from_str(text) {
        Ok(scenario) => scenario,
        Err(error) => return vec![error.to_string()],
    };
    let mut runner = Runner::of(&scenario, Way::Folder);
    let mut faults = runner.all();
    if scenario.recompute.any_order {
        let mut reversed = Runner::of(&scenario, Way::Reversed);
        faults.extend(reversed.all().into_iter().map(|fault| format!("reversed: {fault}")));
        if runner.written.len() != reversed.written.len() {
            faults.push("another order of lines makes another number of runs".to_owned());
        }
        for (one, other) in runner.written.iter().zip(&reversed.written) {
            let differing = one.iter().filter(|(name, text)| other.get(*name) != Some(*text));
            faults.extend(differing.map(|(name, _)| format!("{name} depends on the order of lines")));
        }
    }
    faults
}

/// What is wrong with a scenario that is told by the users that changed.
fn faults_by_changes(text: &str) -> Vec<String> {
    let Ok(scenario) = toml::from_str::<Scenario>(text) else { return Vec::new() };
    let mut runner = Runner::of(&scenario, Way::Changes);
    if scenario.recompute.only_folders.is_some() || runner.model.users.len() > BY_CHANGES_MAX_USERS {
        return Vec::new();
    }
    let faults = runner.all().into_iter().map(|fault| format!("by changes: {fault}"));
    let faults: Vec<String> = faults.collect();
    let after = runner.second_look().into_iter().map(|fault| format!("after changes: {fault}"));
    faults.into_iter().chain(after).collect()
}

/// How the program is told of what happened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By the whole folder.
    Folder,
    /// By the whole folder, with all lists the other way round.
    Reversed,
    /// By the users that changed; what is not of users is in the folder.
    Changes,
}

/// A scenario on its way.
struct Runner<'a> {
    scenario: &'a Scenario,
    way: Way,
    folder: Folder,
    model: Model,
    /// What the last run was told of.
    told: Option<Model>,
    now: Timestamp,
    known: Known,
    /// The files of the tenant.
    files: BTreeMap<&'static str, String>,
    /// The files of each run, if they are to be compared with those of others.
    written: Vec<BTreeMap<&'static str, String>>,
}

impl<'a> Runner<'a> {
    fn of(scenario: &'a Scenario, way: Way) -> Self {
        let lines: Vec<String> = scenario.step.iter().flat_map(|step| step_in_files(step).events).collect();
        Self {
            scenario,
            way,
            folder: Folder::new(),
            model: Model::of(scenario, &lines),
            told: None,
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            known: Known::default(),
            files: BTreeMap::new(),
            written: Vec::new(),
        }
    }

    /// The first run, over nothing but names unless the scenario begins with one, and all steps.
    fn all(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        if !self.scenario.recompute.begins {
            self.write();
            match self.recompute() {
                Ok(first) => {
                    faults.extend(self.known.take(&first, &self.model.products));
                    if !first.deltas.is_empty() || !first.errors.is_empty() {
                        faults.push("the first run changes licenses".to_owned());
                    }
                }
                Err(fault) => return vec![format!("first run: {fault}")],
            }
        }
        let scenario = self.scenario;
        for (number, step) in (1..).zip(&scenario.step) {
            let found = self.step(step);
            faults.extend(found.into_iter().map(|fault| format!("step {number}: {fault}")));
        }
        faults
    }

    /// Brings the files of the tenant up to date.
    fn write(&mut self) {
        let files = self.model.files(self.way == Way::Reversed);
        for (name, text) in files.iter().filter(|(name, text)| self.files.get(*name) != Some(*text)) {
            self.folder.write(&format!("{TENANT}/{name}"), text);
        }
        self.files = files;
    }

    fn step(&mut self, written: &Step) -> Vec<String> {
        let step = step_in_files(written);
        self.later(SignedDuration::from_hours(1));
        let model = self.model.clone();
        let asked: Vec<Asked> = step.events.iter().flat_map(|line| self.model.apply(line)).collect();
        if self.told.is_none() {
            self.known = Known::before(self.model.held(), &self.model.products);
        }
        let before = self.known.clone();
        let mut back = BTreeSet::new();
        let mut reprocess = Vec::new();
        for asked in asked {
            match asked {
                Asked::Days(days) => self.later(SignedDuration::from_hours(24 * days)),
                Asked::Restored(user) => {
                    back.insert(user);
                }
                Asked::Reprocess(arguments) => reprocess.push(arguments),
            }
        }
        self.write();
        let fails = written.recompute.as_ref().and_then(|other| other.fails.as_deref());
        if step.stopped.is_some() || fails.is_some() {
            let faults = self.refused(step.stopped, fails);
            self.model = model;
            self.write();
            return [faults, self.second_look()].concat();
        }
        let mut faults = Vec::new();
        let mut runs = Vec::new();
        // A step that only asks for a second look at somebody has nothing new in the folder.
        let is_told = reprocess.is_empty() || step.events.len() > reprocess.len();
        let plain = is_told.then(Vec::new);
        for arguments in plain.into_iter().chain(reprocess) {
            let told = if arguments.is_empty() { self.recompute() } else { self.reprocess(&arguments) };
            match told {
                Ok(told) => {
                    let run = told.audit.first().map(|line| line.run.clone()).unwrap_or_default();
                    faults.extend(invariants::of_run(&told, &run));
                    faults.extend(self.known.take(&told, &self.model.products));
                    runs.push(told);
                }
                Err(fault) => return [faults, vec![fault]].concat(),
            }
        }
        // Alternatives to a product are given and not asked for.
        let is_counted = !self.scenario.policy.contains("alternatives");
        faults.extend(invariants::of_known(&self.known, is_counted, &self.model.deleted()));
        if self.way != Way::Changes {
            faults.extend(self.second_look());
        }
        if !step.setup {
            faults.extend(self.look(&step, &before, &runs, &back));
        }
        faults
    }

    fn later(&mut self, time: SignedDuration) {
        self.now = self.now.checked_add(time).unwrap();
    }

    fn recompute(&mut self) -> Result<Told, String> {
        let before = self.told.replace(self.model.clone());
        let Some(before) = before else {
            // Nobody knows yet what was taken over: the first run tells of everybody.
            return self.run(&["recompute", TENANT, "--out", "out", "--full"]);
        };
        if self.way != Way::Changes || self.model.has_other_rules(&before) {
            return self.run(&["recompute", TENANT, "--out", "out"]);
        }
        self.folder.write("changed.json", self.model.changes_since(&before));
        self.run(&["recompute", TENANT, "--out", "out", "--changed", "changed.json"])
    }

    fn reprocess(&mut self, arguments: &[String]) -> Result<Told, String> {
        let arguments = arguments.iter().map(String::as_str);
        let all: Vec<&str> = ["licenses", "reprocess", "--out", "out"].into_iter().chain(arguments).collect();
        self.run(&all)
    }

    /// The files of a run that has to be done, with errors or without.
    fn run(&mut self, arguments: &[&str]) -> Result<Told, String> {
        let ran = self.dyngroup(arguments);
        if !matches!(ran.code, Some(0 | 1)) {
            return Err(format!("exit code {:?}\n{}{}", ran.code, ran.stdout, ran.stderr));
        }
        if self.scenario.recompute.any_order {
            let file = |name| (name, scrubbed(&outputs::text(&self.folder, "out", name).unwrap_or_default()));
            self.written.push(FILES.map(file).into());
        }
        let is_untouched =
            |(name, text): (&&str, &String)| self.folder.read(&format!("{TENANT}/{name}")) == *text;
        if !self.files.iter().all(is_untouched) {
            return Err("the run has written to the tenant folder".to_owned());
        }
        Told::read(&self.folder, "out")
    }

    /// Runs the program on the state, at the time of the scenario.
    fn dyngroup(&self, arguments: &[&str]) -> Ran {
        let now = self.now.to_string();
        let mut all = arguments.to_vec();
        all.extend(["--state", "state.sqlite", "--actor", "admin", "--now", &now]);
        if arguments[0] == "recompute" && !self.scenario.recompute.guarded {
            all.push("--no-guards");
        }
        // Other scenarios run beside it.
        self.folder.dyngroup(&all).env("RAYON_NUM_THREADS", "1").run()
    }

    /// Tries the same run again: nothing is left to do, and all states are as they were told.
    fn second_look(&self) -> Vec<String> {
        let ran = self.dyngroup(&["recompute", TENANT, "--out", "again", "--dry-run", "--full"]);
        if !matches!(ran.code, Some(0 | 1)) {
            return vec![format!("a second run: exit code {:?}\n{}{}", ran.code, ran.stdout, ran.stderr)];
        }
        match Told::read(&self.folder, "again") {
            Ok(second) => invariants::of_second_look(&self.known, &second),
            Err(fault) => vec![format!("a second run: {fault}")],
        }
    }

    /// Runs what has to be stopped by a guard or has to fail, without leaving anything.
    fn refused(&self, stopped: Option<u64>, fails: Option<&str>) -> Vec<String> {
        let files = || FILES.map(|name| outputs::text(&self.folder, "out", name));
        let before = files();
        let ran = self.dyngroup(&["recompute", TENANT, "--out", "out"]);
        let mut faults = Vec::new();
        let (code, words) = match (stopped, fails) {
            (Some(users), _) => (3, users.to_string()),
            (None, words) => (2, words.unwrap_or_default().to_owned()),
        };
        if ran.code != Some(code) || !ran.stderr.contains(&words) {
            faults.push(format!(
                "expected exit code {code} and `{words}`, found {:?}\n{}{}",
                ran.code, ran.stdout, ran.stderr
            ));
        }
        if files() != before {
            faults.push("a run that did nothing has left files".to_owned());
        }
        faults
    }
}
