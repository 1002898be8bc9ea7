//! The records of one user, from an answer and what was there before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::candidate::{Candidate, Question, Rules, Standing};
use super::catalog::SkuIndex;
use super::intent::Version;
use super::outcome::{AssignmentState, ErrorCode, Outcome, PlanGrace, Problem, Record, Source};
use super::plan_set::PlanSet;
use super::resolve::{Position, Resolution};
use crate::base::limits::LICENSE_GRACE_DAYS;

/// What becomes of a user.
#[derive(Debug)]
pub(super) struct Settlement {
    pub(super) outcome: Outcome,
    /// Licenses of groups that became direct ones.
    pub(super) converted: Version,
}

/// By candidate, the products that had no seat left when it was their turn.
pub(super) type Refusals = BTreeMap<usize, BTreeSet<SkuIndex>>;

/// Writes down an answer. `is_short` tells of a product whether it has no seat left.
pub(super) fn settle(
    rules: &Rules<'_>,
    question: &Question,
    resolution: &Resolution,
    refusals: &Refusals,
    is_short: &dyn Fn(SkuIndex) -> bool,
) -> Settlement {
    let mut writer = Writer { rules, question, resolution, refusals, is_short, outcome: Outcome::default() };
    for candidate in &question.candidates {
        writer.write(candidate);
    }
    let converted = writer.convert();
    let mut outcome = writer.outcome;
    outcome.grace = grace(rules, &question.former, &outcome);
    Settlement { outcome, converted }
}

/// What becomes of a user who is deleted: nothing is left but the time to come back.
pub(super) fn cleared(rules: &Rules<'_>, before: &Outcome) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.grace = grace(rules, before, &outcome);
    outcome
}

/// What a deleted user keeps who still has the seats. Plans that come to a product meanwhile are looked
/// at when the user comes back.
pub(super) fn kept_for_deleted(rules: &Rules<'_>, before: &Outcome) -> Outcome {
    let mut outcome = Outcome { records: before.in_force().cloned().collect(), grace: before.grace.clone() };
    for record in &mut outcome.records {
        let new = rules.catalog.plans_of(record.sku).minus(&rules.catalog_before.plans_of(record.sku));
        record.held_back.extend_with(&new.minus(&record.disabled));
    }
    outcome
}

/// Until when data and plans of what is removed now can come back.
pub(super) fn grace_end(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * LICENSE_GRACE_DAYS)).unwrap_or(Timestamp::MAX)
}

/// Plans that were there and are not any more, with those of earlier times that did not come back.
fn grace(rules: &Rules<'_>, before: &Outcome, after: &Outcome) -> Vec<PlanGrace> {
    let enabled = after.enabled(rules.catalog);
    let until = grace_end(rules.now.time);
    let lost = before.enabled(rules.catalog_before).minus(&enabled);
    let kept = before
        .grace
        .iter()
        .filter(|one| one.until > rules.now.time && !enabled.contains(one.plan) && !lost.contains(one.plan));
    let mut all: Vec<PlanGrace> = kept.copied().collect();
    all.extend(lost.iter().map(|plan| PlanGrace { plan, until }));
    all.sort_unstable();
    all
}

struct Writer<'a> {
    rules: &'a Rules<'a>,
    question: &'a Question,
    resolution: &'a Resolution,
    refusals: &'a Refusals,
    is_short: &'a dyn Fn(SkuIndex) -> bool,
    outcome: Outcome,
}

impl Writer<'_> {
    fn write(&mut self, candidate: &Candidate) {
        let position = self.resolution.positions.get(candidate.order).copied().unwrap_or(Position::Out);
        let none = Version::new();
        let in_force = match position {
            Position::InForce => &candidate.in_force,
            Position::Target(target) => candidate.targets.get(target).unwrap_or(&none),
            Position::Out => &none,
        };
        let is_lesser = match position {
            Position::InForce => candidate.targets.iter().skip(1).any(|target| target == in_force),
            Position::Target(target) => target > 0,
            Position::Out => false,
        };
        for (&sku, disabled) in in_force {
            let pending_removal = !candidate.wants(sku) && !is_lesser;
            let problems = self.problems_in_force(candidate, sku, is_lesser);
            self.put(candidate.source, sku, disabled, true, problems, pending_removal, candidate.order);
        }
        for (&sku, disabled) in candidate.targets.first().unwrap_or(&none) {
            if !in_force.contains_key(&sku) {
                let problems = self.problems_of_missing(candidate, sku);
                self.put(candidate.source, sku, disabled, false, problems, false, candidate.order);
            }
        }
    }

    fn problems_in_force(&self, candidate: &Candidate, sku: SkuIndex, is_lesser: bool) -> BTreeSet<Problem> {
        let order = candidate.order;
        if candidate.standing == Standing::Frozen {
            return self.former_problems(candidate, sku);
        }
        let mut problems = self.resolution.layout.problems.get(&(order, sku)).cloned().unwrap_or_default();
        if is_lesser {
            return problems;
        }
        if let Some(faults) = self.resolution.faults.get(&order) {
            match faults.get(&sku) {
                Some(own) => problems.extend(own.iter().cloned()),
                None if candidate.targets.is_empty() => {
                    problems.insert(Problem::Sibling);
                }
                None => {
                    let first = faults.values().flatten().map(Problem::code).min();
                    problems.insert(Problem::ChangeFailed(first.unwrap_or(ErrorCode::Other)));
                }
            }
        } else if self.resolution.short.contains_key(&order) {
            problems.insert(Problem::ChangeFailed(ErrorCode::CountViolation));
        }
        problems
    }

    fn problems_of_missing(&self, candidate: &Candidate, sku: SkuIndex) -> BTreeSet<Problem> {
        if candidate.standing == Standing::Frozen {
            return self.former_problems(candidate, sku);
        }
        let order = candidate.order;
        if let Some(faults) = self.resolution.faults.get(&order) {
            return faults.get(&sku).cloned().unwrap_or_else(|| BTreeSet::from([Problem::Sibling]));
        }
        let lacks = self.short_products(candidate).contains(&sku);
        BTreeSet::from([if lacks { Problem::NoSeat } else { Problem::Sibling }])
    }

    /// The products for which a bundle waits: those for which it waited, as long as one of them is short;
    /// otherwise those that were short when it was its turn.
    fn short_products(&self, candidate: &Candidate) -> BTreeSet<SkuIndex> {
        let needed = self.resolution.short.get(&candidate.order).cloned().unwrap_or_default();
        let short: BTreeSet<SkuIndex> = needed.iter().filter(|sku| (self.is_short)(**sku)).copied().collect();
        let waited = |sku: &&SkuIndex| {
            let former = self.question.outcome.record(**sku, candidate.source);
            former.is_some_and(|record| record.problems.contains(&Problem::NoSeat))
        };
        let waited: BTreeSet<SkuIndex> = short.iter().filter(waited).copied().collect();
        let refused = self.refusals.get(&candidate.order).into_iter().flatten();
        let refused: BTreeSet<SkuIndex> = refused.filter(|sku| short.contains(sku)).copied().collect();
        [waited, refused, short].into_iter().find(|skus| !skus.is_empty()).unwrap_or(needed)
    }

    fn former_problems(&self, candidate: &Candidate, sku: SkuIndex) -> BTreeSet<Problem> {
        let former = self.question.outcome.record(sku, candidate.source);
        former.into_iter().flat_map(|record| record.problems.iter().cloned()).collect()
    }

    #[expect(clippy::too_many_arguments, reason = "each is one field of the record")]
    fn put(
        &mut self,
        source: Source,
        sku: SkuIndex,
        disabled: &PlanSet,
        is_in_force: bool,
        problems: BTreeSet<Problem>,
        pending_removal: bool,
        order: usize,
    ) {
        let former = self.question.outcome.record(sku, source);
        let mut problems: Vec<Problem> = problems.into_iter().collect();
        problems.sort_by_key(Problem::code);
        let error = problems.first().map(Problem::code);
        let state = if !is_in_force {
            AssignmentState::Error
        } else if self.rules.catalog.pool(sku).is_disabled() {
            AssignmentState::Disabled
        } else if error.is_some() {
            AssignmentState::ActiveWithError
        } else {
            AssignmentState::Active
        };
        let now = self.rules.now;
        let held_back = self.resolution.layout.held_back.get(&(order, sku)).filter(|_| is_in_force);
        let waits = problems.contains(&Problem::NoSeat);
        let mut record = Record {
            sku,
            source,
            state,
            error,
            problems,
            disabled: disabled.clone(),
            held_back: held_back.cloned().unwrap_or_default(),
            pending_removal,
            last_updated: former.map_or(now.time, |record| record.last_updated),
            activated: is_in_force.then(|| former.and_then(|record| record.activated).unwrap_or(now)),
            waiting_since: waits.then(|| former.and_then(|record| record.waiting_since).unwrap_or(now.time)),
            error_since: error.and_then(|_| former.and_then(|record| record.error_since).or(Some(now.time))),
        };
        if former != Some(&record) {
            record.last_updated = now.time;
        }
        self.outcome.put(record);
    }

    /// What nobody asks for and others need becomes a direct license, or a part of the one that is there.
    fn convert(&mut self) -> Version {
        let mut converted = Version::new();
        for &order in &self.resolution.converted {
            let Some(candidate) = self.question.candidates.get(order) else { continue };
            if self.resolution.positions.get(order) == Some(&Position::InForce) {
                continue;
            }
            for (sku, disabled) in candidate.in_force.iter().filter(|(sku, _)| !candidate.wants(**sku)) {
                let own =
                    self.outcome.record(*sku, Source::Direct).filter(|record| record.state.is_in_force());
                let disabled =
                    own.map_or_else(|| disabled.clone(), |own| own.disabled.intersection(disabled));
                self.put(Source::Direct, *sku, &disabled, true, BTreeSet::new(), false, order);
                converted.insert(*sku, disabled);
            }
        }
        converted
    }
}
