//! Scenarios: a tenant, steps of events, and what comes of each.

use std::collections::BTreeMap;

use dyngroup::licensing::audit::{Activity, AuditEvent, Details, Target};
use dyngroup::licensing::batch::Batch;
use dyngroup::licensing::event::{Event, EventKind, Reprocess};
use dyngroup::licensing::intent::GroupIndex;
use dyngroup::licensing::tenant::Tenant;
use roaring::RoaringBitmap;
use serde::Deserialize;

use super::in_files::{InFiles, StepInFiles};
use super::laws;
use super::world::{World, names};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    #[serde(rename = "title")]
    _title: String,
    /// The text of a policy file.
    #[serde(default)]
    pub(super) policy: String,
    /// The directory's location.
    pub(super) country: Option<String>,
    /// Groups that cannot have licenses.
    #[serde(default)]
    pub(super) ineligible: Vec<String>,
    /// Templates that nobody checked.
    #[serde(default)]
    pub(super) imported: BTreeMap<String, String>,
    /// What only files have.
    #[serde(default)]
    pub(super) recompute: InFiles,
    pub(super) step: Vec<Step>,
}

/// One batch. What a step does not list has to be empty, but for what is only looked at where it is listed.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    #[serde(rename = "do")]
    pub(super) events: Vec<String>,
    /// Nothing is looked at.
    #[serde(default)]
    pub(super) setup: bool,
    /// The records of users, only of those listed.
    #[serde(default)]
    pub(super) users: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) seats: BTreeMap<String, i64>,
    /// All errors that there are, with their numbers.
    #[serde(default)]
    pub(super) errors: Vec<String>,
    #[serde(default)]
    pub(super) audit: Vec<String>,
    #[serde(default)]
    pub(super) refused: Vec<String>,
    /// Plans that users have, and plans that they do not have; only those listed.
    #[serde(default)]
    pub(super) on: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) off: BTreeMap<String, Vec<String>>,
    /// How many plans users have.
    #[serde(default)]
    pub(super) plans: BTreeMap<String, usize>,
    /// How many plans users can get back.
    #[serde(default)]
    pub(super) grace: BTreeMap<String, usize>,
    #[serde(default)]
    pub(super) restored: BTreeMap<String, usize>,
    #[serde(default)]
    pub(super) assigned: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub(super) available: BTreeMap<String, i64>,
    #[serde(default)]
    pub(super) location: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) has_errors: BTreeMap<String, bool>,
    /// How many users would lose a license; then nothing happens.
    pub(super) stopped: Option<u64>,
    /// What is different where the step runs through the program.
    pub(super) recompute: Option<StepInFiles>,
}

/// What is wrong.
pub(super) fn run(text: &str) -> Vec<String> {
    let scenario: Scenario = match toml::from_str(text) {
        Ok(scenario) => scenario,
        Err(error) => return vec![error.to_string()],
    };
    let mut world = World::new(&scenario.policy, scenario.country.as_deref());
    for name in &scenario.ineligible {
        world.group_of_kind(name, false);
    }
    for (name, template) in &scenario.imported {
        world.import_group(name, template);
    }
    let mut faults = Vec::new();
    for (number, step) in (1..).zip(&scenario.step) {
        let found = run_step(&mut world, step);
        faults.extend(found.into_iter().map(|fault| format!("step {number}: {fault}")));
    }
    faults
}

fn run_step(world: &mut World, step: &Step) -> Vec<String> {
    world.wait();
    let events: Vec<Event> = step.events.iter().flat_map(|line| world.events(line)).collect();
    let before = world.tenant.clone();
    let mut faults = Faults::default();
    match world.apply(&events) {
        Err(stop) => {
            faults.same("stopped", &step.stopped, &Some(stop.users_losing()));
            return faults.0;
        }
        Ok(batch) => {
            faults.same("stopped", &step.stopped, &None);
            faults.0.extend(laws::of_batch(&before, &batch, &world.tenant, &events, &world.names));
            let again = world.evaluate(&events).unwrap();
            faults.same("changes of a batch that comes again", &0, &again.changes.len());
            faults.0.extend(nothing_left_to_do(world));
            if !step.setup {
                look_at_batch(world, step, &batch, told_elsewhere(&before, &events), &mut faults);
                look_at_users(world, step, &batch, &mut faults);
            }
        }
    }
    faults.0
}

/// Whoever is looked at again stays as they are.
pub(super) fn nothing_left_to_do(world: &World) -> Vec<String> {
    let mut copy = world.clone();
    let users: Vec<_> = world.tenant.users().collect();
    let events: Vec<Event> = users
        .into_iter()
        .map(|user| copy.event(EventKind::Reprocess(Reprocess::Users([user.0].into()))))
        .collect();
    if !world.tenant.policy().capacity_retry_auto || !world.tenant.policy().self_heal_on_user_change {
        return Vec::new();
    }
    let second = world.evaluate(&events).unwrap();
    second
        .user_changes()
        .take(3)
        .map(|change| format!("a second look changes user {}: {:?}", change.user.0, change.change.records))
        .collect()
}

/// What the audit of members and users would tell of events, which the engine does not.
fn told_elsewhere(before: &Tenant, events: &[Event]) -> BTreeMap<String, u64> {
    let mut ordered: Vec<&Event> = events.iter().collect();
    ordered.sort_by_key(|event| event.sequence);
    let mut members: BTreeMap<GroupIndex, RoaringBitmap> = BTreeMap::new();
    let mut deleted: RoaringBitmap = RoaringBitmap::new();
    for user in before.users().filter(|user| before.user(*user).unwrap().deleted_at.is_some()) {
        deleted.insert(user.0);
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for event in ordered {
        let (word, count) = match &event.kind {
            EventKind::MembersChanged { group, added, removed } => {
                let own =
                    members.entry(*group).or_insert_with(|| before.group(*group).unwrap().members.clone());
                let (came, went) = (added - &*own, removed & &*own);
                *own = (&*own - removed) | added;
                *counts.entry("AM".to_owned()).or_default() += came.len();
                ("RM", went.len())
            }
            EventKind::UserSoftDeleted(user) => ("delete", u64::from(deleted.insert(user.0))),
            EventKind::UserRestored(user) => ("restore", u64::from(deleted.remove(user.0))),
            EventKind::UserHardDeleted(user) => {
                deleted.insert(user.0);
                ("delete", 1)
            }
            _ => continue,
        };
        *counts.entry(word.to_owned()).or_default() += count;
    }
    counts.retain(|_, count| *count > 0);
    counts
}

fn look_at_batch(
    world: &mut World,
    step: &Step,
    batch: &Batch,
    mut told: BTreeMap<String, u64>,
    faults: &mut Faults,
) {
    let seats: BTreeMap<String, i64> =
        batch.seat_changes().into_iter().map(|(sku, change)| (world.sku_name(sku), change)).collect();
    faults.same("seats", &step.seats, &seats);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for error in world.tenant.errors() {
        *counts.entry(format!("{} {}", world.sku_name(error.sku), error.code.word())).or_default() += 1;
    }
    faults.same("errors", &sorted(&step.errors), &counted(counts));
    for event in &batch.audit {
        let count = match &event.target {
            Target::Users(users) => users.len(),
            _ => 1,
        };
        *told.entry(audit_text(world, event)).or_default() += count;
    }
    faults.same("audit", &sorted(&step.audit), &counted(told));
    let refused: Vec<String> = batch.refused.iter().map(|one| one.refusal.word().to_owned()).collect();
    faults.same("refused", &step.refused, &refused);
    for (name, expected) in &step.available {
        let sku = world.sku(name);
        let pools = world.tenant.pools();
        let found = pools.iter().find(|pool| pool.sku == sku).map(|pool| pool.available);
        faults.same(&format!("available {name}"), &Some(*expected), &found);
    }
    for (name, expected) in &step.has_errors {
        let group = world.group(name);
        faults.same(&format!("errors of {name}"), expected, &world.tenant.has_errors(group));
    }
    for (name, expected) in &step.restored {
        let user = world.user(name);
        let found = batch.changes.iter().find(|change| change.users.contains(user.0));
        faults.same("restored", expected, &found.map_or(0, |change| change.change.plans_restored.len()));
    }
}

fn look_at_users(world: &mut World, step: &Step, _batch: &Batch, faults: &mut Faults) {
    for (range, expected) in &step.users {
        for name in names(&[range.as_str()]) {
            let user = world.user(&name);
            let outcome = world.tenant.outcome(user).unwrap();
            let found: Vec<String> = outcome.records.iter().map(|record| world.record_text(record)).collect();
            faults.same(&name, &sorted(expected), &sorted(&found));
        }
    }
    for (name, plans, expected) in step
        .on
        .iter()
        .map(|(name, plans)| (name, plans, true))
        .chain(step.off.iter().map(|(name, plans)| (name, plans, false)))
    {
        let user = world.user(name);
        for plan in plans {
            let index = world.plan(plan);
            let outcome = world.tenant.outcome(user).unwrap();
            let found = outcome.enabled(world.tenant.catalog()).contains(index);
            faults.same(&format!("{name} has {plan}"), &expected, &found);
        }
    }
    for (name, expected) in &step.plans {
        let user = world.user(name);
        let found = world.tenant.outcome(user).unwrap().enabled(world.tenant.catalog()).len();
        faults.same(&format!("plans of {name}"), expected, &found);
    }
    for (name, expected) in &step.grace {
        let user = world.user(name);
        faults.same(&format!("grace of {name}"), expected, &world.tenant.outcome(user).unwrap().grace.len());
    }
    for (name, expected) in &step.assigned {
        let user = world.user(name);
        let assigned = world.tenant.outcome(user).unwrap().assigned_licenses();
        let found: Vec<String> =
            assigned.iter().map(|(sku, disabled)| world.version_text(*sku, disabled)).collect();
        faults.same(&format!("assigned licenses of {name}"), &sorted(expected), &sorted(&found));
    }
    for (name, expected) in &step.location {
        let user = world.user(name);
        let found = world.tenant.user(user).unwrap().location;
        faults.same(
            "location",
            expected,
            &found.map_or_else(|| "none".to_owned(), |found| found.to_string()),
        );
    }
}

fn audit_text(world: &World, event: &AuditEvent) -> String {
    let group = match event.target {
        Target::Group(group) => world.tenant.group(group).unwrap().id.clone(),
        _ => String::new(),
    };
    let word = match event.activity {
        Activity::DeleteGroup => format!("delete {group}"),
        Activity::SetGroupLicense => format!("SGL {group}"),
        Activity::TriggerRecalculation => format!("TGR {group}"),
        Activity::StartRun => format!("START {group}"),
        Activity::ChangeUserLicense => "CUL".to_owned(),
        Activity::FinishRun => format!("FIN {group}"),
        Activity::ChangeLicenseStatus => "status".to_owned(),
        Activity::ChangeProduct => "product".to_owned(),
    };
    match &event.details {
        Details::Result { succeeded, failed } => format!("{word} {succeeded} {failed}"),
        Details::Sources { is_partial: true, .. } => format!("{word}+ partial"),
        _ if event.activity == Activity::ChangeUserLicense => {
            let by = if event.actor == "admin" { " by admin" } else { "" };
            format!("{word}{}{by}", if event.succeeded { "+" } else { "-" })
        }
        _ if !event.succeeded => format!("{word} failed"),
        _ => word,
    }
}

pub(super) fn counted(counts: BTreeMap<String, u64>) -> Vec<String> {
    let text = |(name, count)| if count == 1 { name } else { format!("{name} x{count}") };
    sorted(&counts.into_iter().map(text).collect::<Vec<_>>())
}

pub(super) fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort();
    lines
}

#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    pub(super) fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, found: &T) {
        if expected != found {
            self.0.push(format!("{what}\n  expected {expected:?}\n  found    {found:?}"));
        }
    }
}
