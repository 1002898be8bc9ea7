//! How groups came out of a batch.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use super::books::Books;
use crate::licensing::column::Code;
use crate::licensing::draft::Draft;
use crate::licensing::intent::GroupIndex;
use crate::licensing::outcome::{ErrorCode, Outcome, Source};
use crate::licensing::registers::{Trait, Usual, failing_groups};

/// How a group came out of a batch. Deleted users are no members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// The group.
    pub group: GroupIndex,
    /// What the batch did with it.
    pub trigger: Trigger,
    /// Its user members.
    pub members: u64,
    /// Members without an error from it.
    pub succeeded: u64,
    /// Members with one.
    pub failed: u64,
    /// Members by error; one with several counts for each.
    pub by_error: BTreeMap<ErrorCode, u64>,
    /// Members about whom nothing changed.
    pub unchanged: u64,
}

/// Why a group was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Members came or went.
    Membership,
    /// Its template was edited.
    Template,
    /// It was to be processed again.
    Reprocess,
}

/// Knows how many members of every group fail and changed.
pub(super) struct Summarizer<'a> {
    draft: &'a Draft<'a>,
    books: &'a Books,
    /// By group, what entries add to what is known of the tenant.
    tallies: BTreeMap<GroupIndex, Tally<'a>>,
    /// All users of entries.
    entered: OnceCell<RoaringBitmap>,
}

/// Counts of users of entries who are members of a group.
#[derive(Default)]
struct Tally<'a> {
    /// Members who are deleted now and were not before, less those of whom the reverse is true.
    deleted: i64,
    /// Living members about whom something changed.
    changed: u64,
    /// Living members with an error from the group, by outcome.
    failing: Vec<(&'a Outcome, u64)>,
}

impl<'a> Summarizer<'a> {
    /// For groups with a run or with other members.
    pub(super) fn new(draft: &'a Draft<'a>, books: &'a Books) -> Self {
        let groups = draft.runs.keys().chain(&draft.changed_groups);
        let mut tallies: BTreeMap<GroupIndex, Tally<'_>> =
            groups.map(|group| (*group, Tally::default())).collect();
        for entry in &books.entries {
            let (was_living, lives) =
                (entry.state.before.user.deleted_at.is_none(), entry.user.deleted_at.is_none());
            if was_living && lives && entry.change.is_none() && !fails(&entry.outcome) {
                continue;
            }
            let size = i64::try_from(entry.size).unwrap_or(i64::MAX);
            let failing = if lives { failing_groups(&entry.outcome) } else { BTreeSet::new() };
            for group in entry.user.memberships.keys() {
                let Some(tally) = tallies.get_mut(group) else { continue };
                tally.deleted += size * (i64::from(was_living) - i64::from(lives));
                if lives && entry.change.is_some() {
                    tally.changed += entry.size;
                }
                if failing.contains(group) {
                    tally.failing.push((&entry.outcome, entry.size));
                }
            }
        }
        Self { draft, books, tallies, entered: OnceCell::new() }
    }

    /// `None` for a group without licenses.
    pub(super) fn summary(&self, group: GroupIndex) -> Option<GroupSummary> {
        let run = self.draft.runs.get(&group);
        let known = self.draft.groups.get(group.0 as usize)?;
        let registers = &self.draft.tenant.registers;
        if run.is_none() && known.template.is_empty() && registers.count(Usual::From(group)) == 0 {
            return None;
        }
        let trigger = match run {
            None => Trigger::Membership,
            Some(run) if run.is_reprocess => Trigger::Reprocess,
            Some(_) => Trigger::Template,
        };
        let base = &self.draft.tenant.group(group)?.members;
        let turnover = self.draft.turnover(group);
        let none = Tally::default();
        let tally = self.tallies.get(&group).unwrap_or(&none);
        let deleted = turnover.count_among(base, registers.users(Trait::Deleted));
        let members = turnover.len(base) - deleted.saturating_add_signed(tally.deleted);
        let mut failed = 0;
        let mut by_error: BTreeMap<ErrorCode, u64> = BTreeMap::new();
        let others = self.others_failing(group, base);
        for (outcome, count) in tally.failing.iter().copied().chain(others) {
            failed += count;
            for code in errors_from(outcome, group) {
                *by_error.entry(code).or_default() += count;
            }
        }
        let (succeeded, unchanged) = (members - failed, members - tally.changed);
        Some(GroupSummary { group, trigger, members, succeeded, failed, by_error, unchanged })
    }

    /// How many members without an entry have which outcome, of those with an error from the group.
    fn others_failing(&self, group: GroupIndex, base: &RoaringBitmap) -> Vec<(&'a Outcome, u64)> {
        let tenant = self.draft.tenant;
        let failing = tenant.registers.users(Trait::FailsFrom(group));
        if failing.is_empty() {
            return Vec::new();
        }
        let entered = self.entered.get_or_init(|| self.books.roll.users(|_| true));
        let others = failing - entered - tenant.registers.users(Trait::Deleted);
        let mut counts: HashMap<Code, u64> = HashMap::new();
        for user in self.draft.turnover(group).among(base, &others) {
            *counts.entry(tenant.outcomes.code(user)).or_default() += 1;
        }
        counts
            .into_iter()
            .filter_map(|(code, count)| Some((&**tenant.outcomes.value(code)?, count)))
            .collect()
    }
}

fn fails(outcome: &Outcome) -> bool {
    outcome.records.iter().any(|record| record.error.is_some())
}

fn errors_from(outcome: &Outcome, group: GroupIndex) -> BTreeSet<ErrorCode> {
    let own = outcome.records.iter().filter(|record| record.source == Source::Group(group));
    own.filter_map(|record| record.error).collect()
}
