//! All groups over all objects: the members that the rules ask for, and what changes.

use std::collections::HashMap;

use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::dependencies;
use super::evaluation::Evaluation;
use super::order::{self, Waves};
use super::roster::{Ordinal, Roster};
use super::snapshot::Snapshot;
use crate::base::code::{self, Code};
use crate::directory::columns::{Columns, TextColumn};
use crate::engine::world::VersionOrder;
use crate::language::attribute::Subject;
use crate::language::typed::TypedRule;

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
    /// The caller knows the members already.
    Known {
        /// All of them, `None` for those before; deleted objects among them are left out.
        members: Option<RoaringBitmap>,
        /// What became of the group.
        status: Status,
    },
}

impl Plan {
    /// Nothing can be said about the members, because of an error in the evaluation of the rule.
    pub fn failed(why: &str) -> Self {
        Self::Refused(failure(&code::EVALUATION_FAILED, why))
    }

    /// The rule that is to be evaluated, if there is one.
    pub fn rule(&self) -> Option<&TypedRule> {
        if let Self::Rule(rule) = self { Some(rule) } else { None }
    }
}

/// Who and what there is.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a> {
    /// The users, with the attributes that rules read.
    pub users: &'a Columns,
    /// The devices, with the attributes that rules read.
    pub devices: &'a Columns,
    /// The id of the manager on each row of the users, as written. Without it nobody has a manager; that
    /// is enough where no rule [reads managers](TypedRule::reads_managers).
    pub managers: Option<&'a TextColumn>,
    /// Users and devices that were deleted: they leave every group.
    pub deleted: &'a RoaringBitmap,
    /// The ids behind all ordinals. Its rows are those of the columns.
    pub roster: &'a Roster,
}

impl<'a> Objects<'a> {
    /// The objects that a rule selects from.
    pub fn of(self, subject: Subject) -> &'a Columns {
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
    /// It is there no more, and nobody is a member.
    Deleted,
    /// It is there again, and its rule was not evaluated yet.
    NotStarted,
}

impl Status {
    /// The status that a word stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        let all =
            [Self::Succeeded, Self::Failed, Self::Paused, Self::Static, Self::Deleted, Self::NotStarted];
        all.into_iter().find(|status| status.word() == word)
    }

    /// The word that reports use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Paused => "Paused",
            Self::Static => "Static",
            Self::Deleted => "Deleted",
            Self::NotStarted => "NotStarted",
        }
    }
}

/// The outcome for one group. Who came and went is the [`Delta`](super::delta::Delta) between its members
/// before and after.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupOutcome {
    /// The group.
    pub group: Ordinal,
    /// What became of it.
    pub status: Status,
    /// How many members it has now.
    pub members: u64,
    /// How many came.
    pub added: u64,
    /// How many went.
    pub removed: u64,
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
/// members and does not keep the others from being evaluated. `progress` is told how many evaluations, of
/// one rule for one object each, were done since it was last called; see [`evaluations`].
pub fn recompute(
    groups: &[GroupInput],
    objects: Objects<'_>,
    before: &Snapshot,
    settings: Settings,
    progress: &(dyn Fn(u64) + Sync),
) -> (Vec<GroupOutcome>, Snapshot) {
    let mut snapshot = before.clone();
    for input in groups {
        if let Plan::Known { members: Some(members), .. } = &input.plan {
            snapshot.replace(input.group, members.clone());
        }
    }
    snapshot.remove_everywhere(objects.deleted);
    let sorted = order::waves(&dependencies::of(groups, objects.roster, &snapshot));
    let mut failures = failures_of(groups, objects.roster, &sorted);
    let evaluation = Evaluation::new(objects, settings);
    for wave in &sorted.waves {
        let mut results = Vec::with_capacity(wave.len());
        for subject in [Subject::User, Subject::Device] {
            let (places, rules) = rules_about(subject, wave, groups);
            let rows = evaluation.rows(&rules, subject, &snapshot, progress);
            let members: Vec<_> = rows
                .into_par_iter()
                .map(|rows| rows.map(|rows| objects.roster.ordinals_of_rows(subject, rows)))
                .collect();
            results.extend(places.into_iter().zip(members));
        }
        // Only now: all rules of a wave see the same members.
        for ((at, group), result) in results {
            match result {
                Ok(members) => snapshot.replace(group, members),
                Err(why) => {
                    failures.insert(at, failure(&code::EVALUATION_FAILED, &why));
                }
            }
        }
    }
    let mut failures: Vec<Option<String>> = (0..groups.len()).map(|at| failures.remove(&at)).collect();
    let outcomes = groups
        .par_iter()
        .zip(&mut failures)
        .map(|(input, failure)| outcome(input, failure.take(), before, &snapshot))
        .collect();
    (outcomes, snapshot)
}

/// How many evaluations, of one rule for one object each, [`recompute`] does.
pub fn evaluations(groups: &[GroupInput], objects: Objects<'_>) -> u64 {
    let rules = groups.iter().filter_map(|input| input.plan.rule());
    rules.map(|rule| objects.of(rule.subject).rows() as u64).sum()
}

/// The rules of a wave about one kind of object, with the places and ordinals of their groups.
fn rules_about<'rule>(
    subject: Subject,
    wave: &[usize],
    groups: &'rule [GroupInput],
) -> (Vec<(usize, Ordinal)>, Vec<&'rule TypedRule>) {
    wave.iter()
        .filter_map(|&at| {
            let input = groups.get(at)?;
            let rule = input.plan.rule().filter(|rule| rule.subject == subject)?;
            Some(((at, input.group), rule))
        })
        .unzip()
}

fn outcome(input: &GroupInput, failure: Option<String>, before: &Snapshot, after: &Snapshot) -> GroupOutcome {
    let nobody = RoaringBitmap::new();
    let (old, new) =
        (before.members(input.group).unwrap_or(&nobody), after.members(input.group).unwrap_or(&nobody));
    // What was not replaced is one and the same.
    let is_same = std::ptr::eq(old, new);
    let (status, error) = match (&input.plan, failure) {
        (_, Some(why)) => (Status::Failed, Some(why)),
        (Plan::Refused(why), None) => (Status::Failed, Some(why.clone())),
        (Plan::Static, None) => (Status::Static, None),
        (Plan::Paused, None) => (Status::Paused, None),
        (Plan::Rule(_), None) => (Status::Succeeded, None),
        (Plan::Known { status, .. }, None) => (*status, None),
    };
    GroupOutcome {
        group: input.group,
        status,
        members: new.len(),
        added: if is_same { 0 } else { new.difference_len(old) },
        removed: if is_same { 0 } else { old.difference_len(new) },
        error,
    }
}

/// Groups that cannot be evaluated because of circles, by position.
fn failures_of(groups: &[GroupInput], roster: &Roster, sorted: &Waves) -> HashMap<usize, String> {
    let id = |at: usize| groups.get(at).map_or("", |input| roster.id(input.group));
    let mut failures = HashMap::new();
    for cycle in &sorted.cycles {
        let named: Vec<String> =
            cycle.0.iter().chain(cycle.0.first()).map(|&at| format!("`{}`", id(at))).collect();
        let circle = format!("memberOf goes round in a circle: {}", named.join(" reads "));
        let why = failure(&code::GROUP_CYCLE, &circle);
        failures.extend(cycle.0.iter().map(|&at| (at, why.clone())));
    }
    let waits = failure(&code::GROUP_CYCLE, "memberOf reads a group that is part of, or waits for, a circle");
    failures.extend(sorted.blocked.iter().map(|&at| (at, waits.clone())));
    failures
}

/// An error as reports show it.
fn failure(code: &Code, why: &str) -> String {
    format!("{}[{}] {why}", code.severity.word(), code.id)
}
