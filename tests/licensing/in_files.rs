//! What a scenario says about its run through the program, where a tenant folder cannot tell what events tell,
//! or tells more.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::scenario::Step;

/// What only a folder has.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct InFiles {
    /// Microsoft 365 groups.
    pub(super) unified: Vec<String>,
    /// Members that are devices.
    pub(super) devices: Vec<String>,
    /// Members that are neither users nor devices.
    pub(super) contacts: Vec<String>,
    /// Whether another order of all lines has to give the same files.
    pub(super) any_order: bool,
    /// Whether the first step is the first run; otherwise a run over names alone comes before it.
    pub(super) begins: bool,
    /// Why the scenario does not run over changes of users.
    pub(super) only_folders: Option<String>,
    /// Whether the guard over licenses is on, and only that one.
    pub(super) guarded: bool,
}

/// What takes the place of what the step says; of tables only the keys that are listed.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepInFiles {
    /// Why it is different.
    #[serde(rename = "reason")]
    _reason: String,
    #[serde(rename = "do")]
    events: Option<Vec<String>>,
    #[serde(default)]
    users: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    on: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    off: BTreeMap<String, Vec<String>>,
    seats: Option<BTreeMap<String, i64>>,
    errors: Option<Vec<String>>,
    audit: Option<Vec<String>>,
    refused: Option<Vec<String>>,
    /// The run fails with these words and leaves everything as it was.
    pub(super) fails: Option<String>,
}

/// The step as it is in files.
pub(super) fn step_in_files(step: &Step) -> Step {
    let mut step = step.clone();
    let Some(other) = step.recompute.clone() else { return step };
    step.users.extend(other.users);
    step.on.extend(other.on);
    step.off.extend(other.off);
    put(&mut step.events, other.events);
    put(&mut step.seats, other.seats);
    put(&mut step.errors, other.errors);
    put(&mut step.audit, other.audit);
    put(&mut step.refused, other.refused);
    step
}

fn put<T>(place: &mut T, other: Option<T>) {
    if let Some(other) = other {
        *place = other;
    }
}
