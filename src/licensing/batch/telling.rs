//! What is told of a batch: the audit, how groups came out of it, errors and pools.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::people::Settled;
use super::{GroupSummary, Trigger};
use crate::licensing::audit::{Activity, AuditEvent, Details, Target};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::change::{OutcomeChange, UserChange};
use crate::licensing::draft::Draft;
use crate::licensing::event::EventKind;
use crate::licensing::intent::{GroupIndex, User, UserIndex};
use crate::licensing::outcome::{ErrorCode, Outcome, Problem, Source};
use crate::licensing::tenant::{Tenant, failing_groups};

/// One assignment with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRecord {
    /// The user.
    pub user: UserIndex,
    /// Where the assignment comes from.
    pub source: Source,
    /// The product.
    pub sku: SkuIndex,
    /// The error that is shown.
    pub code: ErrorCode,
    /// All that is wrong.
    pub problems: Vec<Problem>,
    /// Since when.
    pub first_seen: Timestamp,
    /// Since when the user waits for a seat.
    pub waiting_since: Option<Timestamp>,
}

/// The seats of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolReport {
    /// The product.
    pub sku: SkuIndex,
    /// Seats that can be in use.
    pub capacity: u64,
    /// Seats in use.
    pub consumed: u64,
    /// Seats left; negative if more are in use than there are.
    pub available: i64,
    /// Users who wait for one.
    pub waiting: u64,
    /// Users who are to have it, from any source.
    pub demand: u64,
}

pub(super) struct Told {
    pub(super) summaries: Vec<GroupSummary>,
    pub(super) audit: Vec<AuditEvent>,
}

pub(super) fn tell(draft: &Draft<'_>, settled: &Settled) -> Told {
    let teller = Teller::new(draft, settled);
    let mut audit = draft.audit.clone();
    for (group, run) in &draft.runs {
        let causes = draft.ids(&run.causes);
        audit.push(teller.by_service(Activity::StartRun, true, Target::Group(*group), causes, Details::None));
    }
    for change in &settled.changes {
        teller.tell_user(change, &mut audit);
    }
    let groups: BTreeSet<GroupIndex> = draft.runs.keys().chain(&draft.changed_groups).copied().collect();
    let summaries: Vec<GroupSummary> = groups.into_iter().filter_map(|group| teller.summary(group)).collect();
    for summary in summaries.iter().filter(|one| one.trigger != Trigger::Membership) {
        let causes = draft.runs.get(&summary.group).map_or_else(|| [].into(), |run| draft.ids(&run.causes));
        let details = Details::Result { succeeded: summary.succeeded, failed: summary.failed };
        audit.push(teller.by_service(
            Activity::FinishRun,
            true,
            Target::Group(summary.group),
            causes,
            details,
        ));
    }
    Told { summaries, audit }
}

struct Teller<'a> {
    draft: &'a Draft<'a>,
    settled: &'a Settled,
    changed: RoaringBitmap,
    deleted: RoaringBitmap,
    /// By group, the users who now have an error from it, and those who have none any more.
    turned: BTreeMap<GroupIndex, (RoaringBitmap, RoaringBitmap)>,
}

impl<'a> Teller<'a> {
    fn new(draft: &'a Draft<'a>, settled: &'a Settled) -> Self {
        let mut deleted = draft.tenant.registers.deleted.clone();
        for (index, user) in &draft.users {
            if user.deleted_at.is_some() {
                deleted.insert(index.0);
            } else {
                deleted.remove(index.0);
            }
        }
        let mut turned: BTreeMap<GroupIndex, (RoaringBitmap, RoaringBitmap)> = BTreeMap::new();
        for (index, outcome) in &settled.outcomes {
            let Some(before) = draft.tenant.outcome(*index) else { continue };
            let (before, after) = (failing_groups(before), failing_groups(outcome));
            for group in after.difference(&before) {
                turned.entry(*group).or_default().0.insert(index.0);
            }
            for group in before.difference(&after) {
                turned.entry(*group).or_default().1.insert(index.0);
            }
        }
        let changed = settled.changes.iter().map(|one| one.user.0).collect();
        Self { draft, settled, changed, deleted, turned }
    }

    fn by_service(
        &self,
        activity: Activity,
        succeeded: bool,
        target: Target,
        causes: Arc<[String]>,
        details: Details,
    ) -> AuditEvent {
        AuditEvent {
            activity,
            succeeded,
            actor: self.draft.tenant.policy.actor.clone(),
            target,
            time: self.draft.now.time,
            run: self.draft.run,
            causes,
            details,
        }
    }

    /// One event for what changed, and one for what failed without changing anything.
    fn tell_user(&self, one: &UserChange, audit: &mut Vec<AuditEvent>) {
        if self.user(one.user).is_none_or(|user| user.deleted_at.is_some()) {
            return;
        }
        let OutcomeChange { changed_sources, failed_sources, is_status_only, .. } = &*one.change;
        let mut tell = |activity, succeeded, sources: Vec<Source>, is_partial| {
            let is_direct = sources.iter().all(|source| *source == Source::Direct);
            let details = Details::Sources { sources, is_partial };
            let mut event = self.by_service(
                activity,
                succeeded,
                Target::User(one.user),
                Arc::clone(&one.causes),
                details,
            );
            if is_direct {
                event.actor = self.direct_actor(one).unwrap_or(event.actor);
            }
            audit.push(event);
        };
        if !changed_sources.is_empty() {
            let is_partial = !changed_sources.is_disjoint(failed_sources);
            tell(Activity::ChangeUserLicense, true, changed_sources.iter().copied().collect(), is_partial);
        }
        let failed: Vec<Source> = failed_sources.difference(changed_sources).copied().collect();
        if !failed.is_empty() {
            tell(Activity::ChangeUserLicense, false, failed, false);
        }
        if *is_status_only {
            let sources = one.change.records.iter().map(|record| record.source).collect::<BTreeSet<_>>();
            tell(Activity::ChangeLicenseStatus, true, sources.into_iter().collect(), false);
        }
    }

    /// Who edited the user's direct licenses.
    fn direct_actor(&self, one: &UserChange) -> Option<String> {
        let causes = &self.draft.marks.get(&one.user)?.causes;
        let events = causes.iter().rev().filter_map(|at| self.draft.events.get(*at));
        let mut direct = events.filter(|event| matches!(event.kind, EventKind::DirectSet { .. }));
        direct.next().map(|event| event.actor.clone())
    }

    fn summary(&self, group: GroupIndex) -> Option<GroupSummary> {
        let run = self.draft.runs.get(&group);
        let known = self.draft.groups.get(group.0 as usize)?;
        let leftovers = self.draft.tenant.registers.by_group.get(&group);
        if run.is_none() && known.template.is_empty() && leftovers.is_none_or(RoaringBitmap::is_empty) {
            return None;
        }
        let trigger = match run {
            None => Trigger::Membership,
            Some(run) if run.is_reprocess => Trigger::Reprocess,
            Some(_) => Trigger::Template,
        };
        let members = &known.members - &self.deleted;
        let mut failing =
            self.draft.tenant.registers.failing_by_group.get(&group).cloned().unwrap_or_default();
        if let Some((fails, recovered)) = self.turned.get(&group) {
            failing = (failing - recovered) | fails;
        }
        failing &= &members;
        let mut by_error: BTreeMap<ErrorCode, u64> = BTreeMap::new();
        for index in failing.iter().map(UserIndex) {
            for code in errors_from(&self.outcome(index), group) {
                *by_error.entry(code).or_default() += 1;
            }
        }
        Some(GroupSummary {
            group,
            trigger,
            members: members.len(),
            succeeded: members.len() - failing.len(),
            failed: failing.len(),
            by_error,
            unchanged: (members - &self.changed).len(),
        })
    }

    fn user(&self, index: UserIndex) -> Option<&User> {
        self.settled.users.get(&index).or_else(|| self.draft.user(index))
    }

    fn outcome(&self, index: UserIndex) -> Arc<Outcome> {
        let known =
            self.settled.outcomes.get(&index).or_else(|| self.draft.tenant.outcomes.get(index.0 as usize));
        known.cloned().unwrap_or_default()
    }
}

fn errors_from(outcome: &Outcome, group: GroupIndex) -> BTreeSet<ErrorCode> {
    let own = outcome.records.iter().filter(|record| record.source == Source::Group(group));
    own.filter_map(|record| record.error).collect()
}

impl Tenant {
    /// All assignments with an error, by user and product.
    pub fn errors(&self) -> impl Iterator<Item = ErrorRecord> + '_ {
        let users = self.registers.failing.iter().map(UserIndex);
        users.filter_map(|user| Some((user, self.outcome(user)?))).flat_map(|(user, outcome)| {
            outcome.records.iter().filter_map(move |record| {
                Some(ErrorRecord {
                    user,
                    source: record.source,
                    sku: record.sku,
                    code: record.error?,
                    problems: record.problems.clone(),
                    first_seen: record.error_since.unwrap_or(record.last_updated),
                    waiting_since: record.waiting_since,
                })
            })
        })
    }

    /// The seats of every product that the tenant has, or that someone is to have.
    pub fn pools(&self) -> Vec<PoolReport> {
        let mut wanted: BTreeMap<SkuIndex, RoaringBitmap> = BTreeMap::new();
        for group in &self.groups {
            for sku in group.template.keys() {
                *wanted.entry(*sku).or_default() |= &group.members;
            }
        }
        let mut deleted = RoaringBitmap::new();
        for index in self.users() {
            let Some(user) = self.user(index) else { continue };
            if user.deleted_at.is_some() {
                deleted.insert(index.0);
            }
            for sku in user.direct.keys() {
                wanted.entry(*sku).or_default().insert(index.0);
            }
        }
        let report = |sku: SkuIndex| {
            let (capacity, consumed) = (self.catalog.pool(sku).capacity, self.consumed(sku));
            let signed = |seats: u64| i64::try_from(seats).unwrap_or(i64::MAX);
            PoolReport {
                sku,
                capacity,
                consumed,
                available: signed(capacity).saturating_sub(signed(consumed)),
                waiting: self.registers.waiting.get(&sku).map_or(0, RoaringBitmap::len),
                demand: wanted.get(&sku).map_or(0, |users| (users - &deleted).len()),
            }
        };
        let matters = |sku: &SkuIndex| self.catalog.is_subscribed(*sku) || wanted.contains_key(sku);
        self.catalog.skus().filter(matters).map(report).collect()
    }
}
