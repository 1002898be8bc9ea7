//! All groups over all objects: the members that the rules ask for, and what changes.

use std::collections::HashMap;

use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::delta::Delta;
use super::order::{self, Waves};
use super::roster::{Ordinal, Roster};
use super::snapshot::Snapshot;
use crate::directory::managers::Managers;
use crate::directory::object::Object;
use crate::engine::oracle;
use crate::engine::world::{Relations, VersionOrder, World};
use crate::language::attribute::Subject;
use crate::language::typed::{Reach, TypedRule};

/// A group and what is to be done with it.
#[derive(Clone, Debug)]
pub struct GroupInput {
    /// The group's ordinal.
    pub group: Ordinal,
    /// What decides about its members.
    pub plan: Plan,
}

/// What decides about the members of a group.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Nobody here: an assigned group.
    Static,
    /// Its rule, which is paused: the members stay.
    Paused,
    /// A rule that was refused: the members stay, and this says why.
    Refused(String),
    /// Its rule.
    Rule(Box<TypedRule>),
}

/// Users and devices, each with its ordinal.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a> {
    /// The users.
    pub users: &'a [(Ordinal, Object)],
    /// The devices.
    pub devices: &'a [(Ordinal, Object)],
    /// Who reports to whom.
    pub managers: &'a Managers,
}

impl<'a> Objects<'a> {
    /// The objects that a rule selects from.
    pub fn of(self, subject: Subject) -> &'a [(Ordinal, Object)] {
        match subject {
            Subject::User => self.users,
            Subject::Device => self.devices,
        }
    }
}

/// What became of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Its rule was evaluated.
    Succeeded,
    /// Its rule was not evaluated, because of an error; the members stay.
    Failed,
    /// Its rule is paused; the members stay.
    Paused,
    /// It has no rule.
    Static,
}

impl Status {
    /// The word that reports use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Paused => "Paused",
            Self::Static => "Static",
        }
    }
}

/// The outcome for one group.
#[derive(Clone, Debug)]
pub struct GroupOutcome {
    /// The group.
    pub group: Ordinal,
    /// What became of it.
    pub status: Status,
    /// How many members it has now.
    pub members: u64,
    /// Who came and who went.
    pub delta: Delta,
    /// Why it failed.
    pub error: Option<String>,
}

/// What evaluation depends on beside rules and objects.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What `system.now` stands for.
    pub now: Timestamp,
    /// How operating system versions are ordered, where the caller chose.
    pub version_order: Option<VersionOrder>,
}

/// Evaluates all groups, each after the groups that it reads, and compares with `before`.
///
/// Returns the outcomes in the order of `groups` and the new members. A group in error keeps its
/// members and does not keep the others from being evaluated. `progress` is called with the number of
/// groups that were finished.
pub fn recompute(
    groups: &[GroupInput],
    objects: Objects<'_>,
    roster: &Roster,
    before: &Snapshot,
    settings: Settings,
    progress: &(dyn Fn(usize) + Sync),
) -> (Vec<GroupOutcome>, Snapshot) {
    let sorted = order::waves(&sources_of(groups, roster));
    let mut snapshot = before.clone();
    let mut failures = failures_of(groups, roster, &sorted);
    for wave in &sorted.waves {
        let relations = Live { roster, snapshot: &snapshot, managers: objects.managers };
        let results: Vec<(usize, Result<RoaringBitmap, String>)> = wave
            .par_iter()
            .filter_map(|&at| match &groups.get(at)?.plan {
                Plan::Rule(rule) => Some((at, members_of(rule, objects, settings, &relations))),
                Plan::Static | Plan::Paused | Plan::Refused(_) => None,
            })
            .collect();
        for (at, result) in results {
            match (result, groups.get(at)) {
                (Ok(members), Some(input)) => snapshot.replace(input.group, members),
                (Err(why), _) => {
                    failures.insert(at, why);
                }
                (Ok(_), None) => {}
            }
        }
        progress(wave.len());
    }
    let outcomes = groups
        .iter()
        .enumerate()
        .map(|(at, input)| outcome(input, failures.remove(&at), before, &snapshot))
        .collect();
    (outcomes, snapshot)
}

fn outcome(input: &GroupInput, failure: Option<String>, before: &Snapshot, after: &Snapshot) -> GroupOutcome {
    let nobody = RoaringBitmap::new();
    let (old, new) =
        (before.members(input.group).unwrap_or(&nobody), after.members(input.group).unwrap_or(&nobody));
    let (status, error) = match (&input.plan, failure) {
        (_, Some(why)) => (Status::Failed, Some(why)),
        (Plan::Refused(why), None) => (Status::Failed, Some(why.clone())),
        (Plan::Static, None) => (Status::Static, None),
        (Plan::Paused, None) => (Status::Paused, None),
        (Plan::Rule(_), None) => (Status::Succeeded, None),
    };
    GroupOutcome { group: input.group, status, members: new.len(), delta: Delta::between(old, new), error }
}

/// The objects that a rule admits.
fn members_of(
    rule: &TypedRule,
    objects: Objects<'_>,
    settings: Settings,
    relations: &Live<'_>,
) -> Result<RoaringBitmap, String> {
    let world = World { now: settings.now, version_order: settings.version_order, relations };
    let admitted: Result<Vec<Option<Ordinal>>, String> = objects
        .of(rule.subject)
        .par_iter()
        .map(|(ordinal, object)| match oracle::evaluate(rule, object, &world) {
            Ok(admitted) => Ok(admitted.then_some(*ordinal)),
            Err(error) => Err(format!("{} `{}`: {error}", rule.subject.word(), object.id())),
        })
        .collect();
    Ok(admitted?.into_iter().flatten().collect())
}

/// Which groups, by position, each group reads.
fn sources_of(groups: &[GroupInput], roster: &Roster) -> Vec<Vec<usize>> {
    let positions: HashMap<Ordinal, usize> =
        groups.iter().enumerate().map(|(at, input)| (input.group, at)).collect();
    let position = |id: &str| roster.find(id).and_then(|ordinal| positions.get(&ordinal)).copied();
    groups
        .iter()
        .map(|input| match &input.plan {
            Plan::Rule(rule) => rule.groups_read().into_iter().filter_map(position).collect(),
            Plan::Static | Plan::Paused | Plan::Refused(_) => Vec::new(),
        })
        .collect()
}

/// Groups that cannot be evaluated because of circles, by position.
fn failures_of(groups: &[GroupInput], roster: &Roster, sorted: &Waves) -> HashMap<usize, String> {
    let id = |at: usize| groups.get(at).map_or("", |input| roster.id(input.group));
    let mut failures = HashMap::new();
    for cycle in &sorted.cycles {
        let named: Vec<String> =
            cycle.0.iter().chain(cycle.0.first()).map(|&at| format!("`{}`", id(at))).collect();
        let why = format!("memberOf goes round in a circle: {}", named.join(" reads "));
        failures.extend(cycle.0.iter().map(|&at| (at, why.clone())));
    }
    let waits = "memberOf reads a group that is part of, or waits for, a circle";
    failures.extend(sorted.blocked.iter().map(|&at| (at, waits.to_owned())));
    failures
}

/// Membership as computed so far.
struct Live<'a> {
    roster: &'a Roster,
    snapshot: &'a Snapshot,
    managers: &'a Managers,
}

impl Relations for Live<'_> {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let (Some(group), Some(object)) = (self.roster.find(group), self.roster.find(object)) else {
            return false;
        };
        match reach {
            Reach::Direct => self.snapshot.is_direct_member(group, object),
            Reach::Transitive => self.snapshot.is_transitive_member(group, object),
        }
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.managers.of(user)
    }
}
