//! The result of a run before anything is written: members, and what will be remembered of the groups.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::failure::Failure;
use super::licenses::{Licensed, Occasion, Rounds};
use super::loaded::{Loaded, Memory};
use super::progress::Progress;
use super::remembered::Inputs;
use super::settings::Settings;
use crate::directory::columns::Columns;
use crate::directory::group::Group;
use crate::language::attribute::Subject;
use crate::language::typed::TypedRule;
use crate::membership::clock::Clock;
use crate::membership::guard::{Input, InputCount};
use crate::membership::recompute::{self, GroupOutcome, Status};
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;
use crate::store::{GroupHead, hash_of};

/// A run of which nothing is written yet.
pub(super) struct Computed {
    pub(super) loaded: Loaded,
    pub(super) outcomes: Vec<GroupOutcome>,
    pub(super) after: Snapshot,
    /// In the order of the groups.
    pub(super) followed: Vec<Followed>,
    pub(super) inputs: Inputs,
    /// How much of what was read there was and is.
    pub(super) counts: Vec<InputCount>,
    /// The ordinals of the users and of the devices.
    pub(super) present: [RoaringBitmap; 2],
    /// What comes of the licenses, if the tenant has products.
    pub(super) licensed: Option<Licensed>,
}

/// What the members of a group follow from.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed {
    /// The [`fingerprint`] of the rule that they follow; `None` if they do not.
    pub(super) evaluated: Option<String>,
    /// When the clock alone can change them next.
    pub(super) next_change: Option<Timestamp>,
}

/// What was remembered of groups, without their members.
pub(super) type Past = HashMap<Ordinal, GroupHead>;

impl Computed {
    /// Reads the tenant in `folder` and evaluates all rules over all objects, and the licenses with them. `memory`
    /// is what a state remembers of the last run.
    pub(super) fn of_folder(
        folder: &Path,
        settings: &Settings,
        choices: recompute::Settings,
        memory: Option<&mut Memory<'_>>,
        occasion: &Occasion,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let Some(memory) = memory else {
            let mut loaded = Loaded::read(folder, settings, progress)?;
            let begin = || Rounds::begin(&mut loaded, None, None, occasion);
            let rounds = progress.stage("read", "reading licenses", begin)?;
            return Self::in_full(loaded, settings, choices, None, rounds, progress);
        };
        let mut loaded = Loaded::resume(folder, settings, memory, progress)?;
        let begin = || Rounds::begin(&mut loaded, Some(memory.session), None, occasion);
        let rounds = progress.stage("read", "reading licenses", begin)?;
        let remembered = &memory.remembered;
        let last = remembered.last.is_some().then_some((&remembered.present, &remembered.inputs));
        Self::in_full(loaded, settings, choices, last, rounds, progress)
    }

    /// Evaluates all rules over all objects. `present` and `inputs` are those of the last run, if there was one.
    pub(super) fn in_full(
        mut loaded: Loaded,
        settings: &Settings,
        choices: recompute::Settings,
        last: Option<(&[RoaringBitmap; 2], &Inputs)>,
        rounds: Option<Rounds>,
        progress: &mut Progress,
    ) -> Result<Self, Failure> {
        let mut members = loaded.recompute(choices, progress);
        let licensed = match rounds {
            Some(rounds) => Some(rounds.settle(&mut loaded, &mut members, choices, progress)?),
            None => None,
        };
        let (outcomes, after) = members;
        let nothing = vec![Followed::default(); outcomes.len()];
        let followed = followed_in_full(&loaded, &outcomes, settings, choices.now, nothing);
        let inputs = Inputs { values: values_of(&loaded), ..loaded.read.clone() };
        let present = [Subject::User, Subject::Device].map(|subject| ordinals_of(&loaded.roster, subject));
        let counts =
            last.map(|(before, read)| counts_of(before, &present, read, &inputs)).unwrap_or_default();
        Ok(Self { loaded, outcomes, after, followed, inputs, counts, present, licensed })
    }
}

/// What the members of groups follow from whose rules were evaluated over all objects; `others` has it for the
/// other groups.
pub(super) fn followed_in_full(
    loaded: &Loaded,
    outcomes: &[GroupOutcome],
    settings: &Settings,
    now: Timestamp,
    others: Vec<Followed>,
) -> Vec<Followed> {
    let mut users = Clock::new(&loaded.users, now);
    let mut devices = Clock::new(&loaded.devices, now);
    let groups = loaded.groups.iter().zip(&loaded.inputs).zip(outcomes).zip(others);
    groups
        .map(|(((group, input), outcome), other)| match input.plan.rule() {
            Some(rule) if outcome.status == Status::Succeeded => Followed {
                evaluated: Some(fingerprint(group, rule, settings)),
                next_change: match rule.subject {
                    Subject::User => users.next_change(rule),
                    Subject::Device => devices.next_change(rule),
                },
            },
            _ => other,
        })
        .collect()
}

/// Equal for equal rules under equal settings: what a rule selects follows from it and from the objects.
pub(super) fn fingerprint(group: &Group, rule: &TypedRule, settings: &Settings) -> String {
    let attributes = rule.attributes_read();
    let kinds: Vec<String> =
        attributes.iter().map(|attribute| format!("{} {:?}", attribute.name, attribute.kind)).collect();
    let text = group.membership_rule.as_deref().unwrap_or_default();
    let (subject, dialect, order) = (rule.subject, rule.dialect, settings.version_order);
    hash_of(&format!("{subject:?} {dialect:?} {order:?} {kinds:?} {text}"))
}

/// The ordinals of all rows.
pub(super) fn ordinals_of(roster: &Roster, subject: Subject) -> RoaringBitmap {
    let rows = u32::try_from(roster.rows(subject)).unwrap_or(u32::MAX);
    roster.ordinals_of_rows(subject, (0..rows).collect())
}

/// How many objects have a value of each attribute that rules read.
fn values_of(loaded: &Loaded) -> BTreeMap<String, u64> {
    let of = |subject: Subject, columns: &Columns| -> Vec<(String, u64)> {
        let count = |(name, column): (&std::sync::Arc<str>, &crate::directory::columns::Column)| {
            (format!("{}.{name}", subject.word()), column.count_values() as u64)
        };
        columns.columns.iter().map(count).collect()
    };
    let mut values = of(Subject::User, &loaded.users);
    values.extend(of(Subject::Device, &loaded.devices));
    values.into_iter().collect()
}

/// What there was in the last run, beside what there is now.
pub(super) fn counts_of(
    before: &[RoaringBitmap; 2],
    after: &[RoaringBitmap; 2],
    read: &Inputs,
    reads: &Inputs,
) -> Vec<InputCount> {
    let [users, devices] = before;
    let [users_now, devices_now] = after;
    let mut counts = vec![
        InputCount { input: Input::Users, before: users.len(), after: users_now.len() },
        InputCount { input: Input::Devices, before: devices.len(), after: devices_now.len() },
    ];
    for (path, &before) in &read.values {
        // Of what rules do not read any more nothing is known.
        let (Some(&after), Some((subject, name))) = (reads.values.get(path), path.split_once('.')) else {
            continue;
        };
        let subject = if subject == Subject::Device.word() { Subject::Device } else { Subject::User };
        counts.push(InputCount { input: Input::Attribute { subject, name: name.into() }, before, after });
    }
    counts
}
