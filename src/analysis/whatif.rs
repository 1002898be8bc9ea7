//! The members of all groups as their rules are, and as they would be with other rules.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use roaring::RoaringBitmap;

use crate::base::fold::fold;
use crate::directory::columns::TextColumn;
use crate::directory::object::Object;
use crate::directory::row_object::object_of_row;
use crate::engine::explain::{Explanation, explain};
use crate::engine::world::{Relations, World};
use crate::language::attribute::Subject;
use crate::language::typed::{Reach, TypedRule};
use crate::membership::recompute::{GroupInput, GroupOutcome, Objects, Settings, recompute};
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;

/// One set of rules and what it gives.
#[derive(Clone, Debug)]
pub struct Side {
    /// The outcome of each group, by its ordinal.
    pub outcomes: HashMap<Ordinal, GroupOutcome>,
    /// The members of all groups.
    pub members: Snapshot,
}

/// The two sides.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// The rules as they are.
    pub present: Side,
    /// The rules as they would be.
    pub proposed: Side,
}

impl WhatIf {
    /// Computes both sides. `listed` holds the members that the tenant lists: those of groups without a
    /// rule that is evaluated. `changed` are the groups that `present` and `proposed` do not agree about;
    /// a group that only one of them has is new or gone. `progress` is told how many evaluations of one
    /// rule for one object are done.
    ///
    /// Beside the changed groups only those are computed anew that read members of groups: nothing else
    /// can be different.
    pub fn compute(
        present: &[GroupInput],
        proposed: &[GroupInput],
        changed: &RoaringBitmap,
        listed: &Snapshot,
        objects: Objects<'_>,
        settings: Settings,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Self {
        let (outcomes, now) = recompute(present, objects, listed, settings, progress);
        let present_side = Side::of(outcomes, now);
        let mut start = present_side.members.clone();
        for group in changed {
            start.replace(group, listed.members(group).cloned().unwrap_or_default());
        }
        let there: RoaringBitmap = proposed.iter().map(|input| input.group).collect();
        for gone in changed - &there {
            start.replace(gone, RoaringBitmap::new());
        }
        let anew: Vec<GroupInput> = proposed
            .iter()
            .filter(|input| {
                let reads_groups = input.plan.rule().is_some_and(|rule| !rule.groups_read().is_empty());
                changed.contains(input.group) || reads_groups
            })
            .cloned()
            .collect();
        let (outcomes, then) = recompute(&anew, objects, &start, settings, progress);
        let mut proposed_side = Side::of(outcomes, then);
        for input in proposed {
            if let Some(same) = present_side.outcomes.get(&input.group) {
                proposed_side.outcomes.entry(input.group).or_insert_with(|| same.clone());
            }
        }
        Self { present: present_side, proposed: proposed_side }
    }

    /// The groups among `groups` that are not `changed` and whose members, or error, would be others.
    pub fn affected(&self, groups: &[GroupInput], changed: &RoaringBitmap) -> Vec<Ordinal> {
        let differs = |group: Ordinal| {
            self.present.members(group) != self.proposed.members(group)
                || self.present.error(group) != self.proposed.error(group)
        };
        let others = groups.iter().map(|input| input.group).filter(|&group| !changed.contains(group));
        others.filter(|&group| differs(group)).collect()
    }
}

impl Side {
    fn of(outcomes: Vec<GroupOutcome>, members: Snapshot) -> Self {
        Self { outcomes: outcomes.into_iter().map(|outcome| (outcome.group, outcome)).collect(), members }
    }

    /// The members of a group.
    pub fn members(&self, group: Ordinal) -> RoaringBitmap {
        self.members.members(group).cloned().unwrap_or_default()
    }

    /// Why the rule of a group was not evaluated.
    pub fn error(&self, group: Ordinal) -> Option<&str> {
        self.outcomes.get(&group).and_then(|outcome| outcome.error.as_deref())
    }
}

/// Those of `sources` that a group reads through `memberOf`, itself or through other groups, by id and in
/// folded form. `rules` holds the rule of each group by folded id.
pub fn sources_of(
    group: &str,
    sources: &BTreeSet<String>,
    rules: &BTreeMap<String, &TypedRule>,
) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![fold(group).into_owned()];
    while let Some(group) = waiting.pop() {
        let Some(rule) = rules.get(&group) else { continue };
        for read in rule.groups_read() {
            let read = fold(read).into_owned();
            if seen.insert(read.clone()) {
                waiting.push(read);
            }
        }
    }
    seen.intersection(sources).cloned().collect()
}

/// Explains a rule for members by their ordinals, from columns.
#[derive(Clone, Copy, Debug)]
pub struct Explainer<'a> {
    /// Who and what there is. The columns have to hold what the rule reads, as written too.
    pub objects: Objects<'a>,
    /// The members of all groups, as the rule sees them.
    pub members: &'a Snapshot,
    /// The instant of the evaluation, and choices.
    pub settings: Settings,
}

impl Explainer<'_> {
    /// Why the rule selects a member or not. `None` for something that is no object of the rule's kind, or
    /// for which the rule has no result.
    pub fn explain(&self, rule: &TypedRule, member: Ordinal) -> Option<Explanation> {
        let object = self.object(rule.subject, member)?;
        let relations =
            Related { roster: self.objects.roster, members: self.members, managers: self.objects.managers };
        let Settings { now, version_order } = self.settings;
        explain(rule, &object, &World { now, version_order, relations: &relations }).ok()
    }

    fn object(&self, subject: Subject, member: Ordinal) -> Option<Object> {
        let row = self.objects.roster.row_of(subject, member)?;
        let mut object = object_of_row(self.objects.of(subject), row as usize)?;
        if subject == Subject::User {
            let manager = self.objects.managers.and_then(|managers| managers.get(row as usize));
            object.set_manager(manager.map(str::to_owned));
        }
        Some(object)
    }
}

struct Related<'a> {
    roster: &'a Roster,
    members: &'a Snapshot,
    managers: Option<&'a TextColumn>,
}

impl Relations for Related<'_> {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let found = self.roster.find(group).zip(self.roster.find(object));
        found.is_some_and(|(group, object)| match reach {
            Reach::Direct => self.members.is_direct_member(group, object),
            Reach::Transitive => self.members.is_transitive_member(group, object),
        })
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.managers?.get(self.roster.row(Subject::User, user)? as usize)
    }
}
