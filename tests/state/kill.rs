//! Runs that are killed at random moments: the state is the one before or the one after, whatever was done
//! at the moment.

use std::collections::BTreeMap;
use std::fs;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::town::{Held, Town, arguments, files};
use crate::runner::{Folder, scrubbed};

const KILLS: usize = 200;

/// What a run leaves in the folder of `--out`.
const FILES: [&str; 4] = ["audit.ndjson", "groups.ndjson", "membership-deltas.ndjson", "summary.json"];

/// How long an undisturbed run takes.
struct Took {
    all: Duration,
    /// From the first file beside its place to the end: the part in which it counts.
    end: Duration,
}

/// When a run is killed.
enum Moment {
    AfterStart(Duration),
    /// After the first file stands beside its place.
    AfterFile(Duration),
}

fn start(folder: &Folder, name: &str, whole: bool) -> Child {
    let arguments = arguments(name, whole);
    folder.dyngroup(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).start()
}

/// Waits until a file of this run stands beside its place, or the run has ended.
fn wait_for_file(folder: &Folder, name: &str, child: &mut Child) {
    let out = folder.path().join(format!("{name}.out"));
    let is_there = || {
        let entries = fs::read_dir(&out).ok();
        entries.is_some_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with(".dyngroup-"))
        })
    };
    while !is_there() && child.try_wait().unwrap().is_none() {
        sleep(Duration::from_micros(200));
    }
}

fn undisturbed(folder: &Folder, name: &str, whole: bool) -> Took {
    let started = Instant::now();
    let mut child = start(folder, name, whole);
    wait_for_file(folder, name, &mut child);
    let file = Instant::now();
    assert!(child.wait().unwrap().success());
    Took { all: started.elapsed(), end: file.elapsed() }
}

/// Runs and kills, and says whether the run had not ended before.
fn killed(folder: &Folder, name: &str, whole: bool, moment: &Moment) -> bool {
    for left in folder.list(&format!("{name}.out")).iter().filter(|file| file.starts_with(".dyngroup-")) {
        fs::remove_file(folder.path().join(format!("{name}.out/{left}"))).unwrap();
    }
    let mut child = start(folder, name, whole);
    match moment {
        Moment::AfterStart(delay) => sleep(*delay),
        Moment::AfterFile(delay) => {
            wait_for_file(folder, name, &mut child);
            sleep(*delay);
        }
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// What was in the folder of `--out`, and what a whole run leaves there.
struct Files<'a> {
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
}

impl Files<'_> {
    /// Each file is the one before or the one after, and with a summary there are all of its run. Says
    /// whether some are new and others are not, or not there.
    fn look(&self, found: &BTreeMap<String, String>) -> bool {
        let is_before = |name: &str| self.before.get(name) == found.get(name);
        let is_after = |name: &str| {
            let (found, after) = (found.get(name), self.after.get(name));
            found.zip(after).is_some_and(|(found, after)| match name {
                "summary.json" => counts(found) == counts(after),
                _ => scrubbed(found) == scrubbed(after),
            })
        };
        for name in found.keys() {
            assert!(is_before(name) || is_after(name), "{name} is neither of them: {}", found[name]);
        }
        let all_before = FILES.iter().all(|name| is_before(name));
        let all_after = FILES.iter().all(|name| is_after(name));
        if found.contains_key("summary.json") {
            assert!(all_before || all_after, "a summary of other files: {:?}", found.keys());
        }
        !all_before && !all_after
    }
}

fn counts(summary: &str) -> Value {
    let summary: Value = serde_json::from_str(summary).unwrap();
    summary["counts"].clone()
}

#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    before: usize,
    after: usize,
    between_files: usize,
}

#[test]
fn a_kill_leaves_the_state_before_or_the_one_after() {
    let folder = Folder::new();
    let mut town = Town::new(&folder, 2_000);
    undisturbed(&folder, "calm", true);
    undisturbed(&folder, "killed", true);
    let mut tally = Tally::default();
    let mut kind = [true, false].into_iter().cycle();
    let mut before = Held::by(&folder, "killed.state");
    while tally.kills < KILLS {
        let whole = kind.next().unwrap();
        town.step(&folder, whole);
        let took = undisturbed(&folder, "calm", whole);
        let after = Held::by(&folder, "calm.state");
        let folder_before = files(&folder, "killed.out");
        let folder_after = files(&folder, "calm.out");
        let sets = Files { before: &folder_before, after: &folder_after };
        let mut is_done = false;
        for late in [false, true, true, false, true] {
            let moment = if late {
                Moment::AfterFile(took.end.mul_f64(town.random(1.0)))
            } else {
                Moment::AfterStart(took.all.mul_f64(town.random(1.0)))
            };
            let was_killed = killed(&folder, "killed", whole, &moment);
            let found = Held::by_copy(&folder, "killed.state");
            is_done = found.runs.len() > before.runs.len();
            assert_eq!(found.runs[..before.runs.len()], before.runs, "no run is lost or another");
            assert_eq!(found.runs.len() - before.runs.len(), usize::from(is_done));
            assert_eq!(found.groups, if is_done { &after } else { &before }.groups, "{tally:?}");
            if is_done {
                assert_eq!(found.counts(), after.counts());
            }
            let is_between = sets.look(&files(&folder, "killed.out"));
            assert!(is_done || !is_between, "files before the state");
            tally.kills += usize::from(was_killed);
            tally.before += usize::from(was_killed && !is_done);
            tally.after += usize::from(was_killed && is_done);
            tally.between_files += usize::from(is_between);
            if is_done {
                break;
            }
        }
        undisturbed(&folder, "killed", whole);
        let found = Held::by(&folder, "killed.state");
        assert_eq!(found.runs.len(), before.runs.len() + 1 + usize::from(is_done));
        assert_eq!(found.groups, after.groups);
        let written = files(&folder, "killed.out");
        assert_eq!(written.keys().collect::<Vec<_>>(), FILES);
        if !is_done {
            assert_eq!(written["membership-deltas.ndjson"], folder_after["membership-deltas.ndjson"]);
        }
        before = found;
    }
    println!("{tally:?}");
}
