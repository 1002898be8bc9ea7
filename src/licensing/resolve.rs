//! What one user ends up with, seats aside: a function of the question alone.
//!
//! First all that has to go is taken away and all that is asked for is tried, in order. What then turns
//! out to be needed, or could not be changed, goes back to where it was, and all is tried again. At the end
//! each bundle that stayed behind is tried on its own once more, so that a second look finds nothing to do.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Question, Rules, Standing};
use super::catalog::SkuIndex;
use super::intent::Version;
use super::layout::{Layout, Part, Place, Stranded, lay};
use super::outcome::Problem;
use super::plain::plain;
use super::plan_set::PlanSet;
use super::policy::RemovalBlock;

/// For each candidate, the best of its targets that may take new seats; a larger number than there are
/// targets means none.
pub(super) type Grants = Vec<usize>;

/// Where a candidate ended up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Position {
    /// What was in force before, if anything, is in force.
    InForce,
    /// The target of this number is in force.
    Target(usize),
    /// Nothing is in force.
    Out,
}

/// The answer for one user.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resolution {
    pub(super) positions: Vec<Position>,
    /// Candidates whose products that are not asked for any more became direct licenses.
    pub(super) converted: BTreeSet<usize>,
    pub(super) layout: Layout,
    /// What is wrong with the first target of each candidate that does not have it, or with its going.
    pub(super) faults: BTreeMap<usize, BTreeMap<SkuIndex, BTreeSet<Problem>>>,
    /// The products of which a candidate lacks the seats and nothing else.
    pub(super) short: BTreeMap<usize, BTreeSet<SkuIndex>>,
    /// The products of which the user has a seat.
    pub(super) held: BTreeSet<SkuIndex>,
    /// Whether all that moves is new, and each part of it could be had without the others.
    pub(super) is_free: bool,
}

/// Everything may take seats.
pub(super) fn all_granted(question: &Question) -> Grants {
    vec![0; question.candidates.len()]
}

/// Nothing may take a seat that the user does not have.
pub(super) fn none_granted(question: &Question) -> Grants {
    vec![usize::MAX; question.candidates.len()]
}

/// Answers a question.
pub(super) fn resolve(rules: &Rules<'_>, question: &Question, grants: &Grants) -> Resolution {
    let Some(answer) = plain(rules, question, grants) else { return searched(rules, question, grants) };
    debug_assert_eq!(
        Resolution { is_free: false, ..answer.clone() },
        searched(rules, question, grants),
        "what is plain is what would be found"
    );
    answer
}

/// The answer as it is found by trying.
fn searched(rules: &Rules<'_>, question: &Question, grants: &Grants) -> Resolution {
    let mut search = Search {
        rules,
        question,
        grants,
        kept: BTreeSet::new(),
        held_for_move: BTreeSet::new(),
        converted: BTreeSet::new(),
        leftovers: question.candidates.iter().map(leftover).collect(),
    };
    let mut positions = search.settle();
    search.improve(&mut positions);
    search.answer(positions)
}

struct Search<'q> {
    rules: &'q Rules<'q>,
    question: &'q Question,
    grants: &'q Grants,
    /// Candidates that go back to what they have.
    kept: BTreeSet<usize>,
    /// Those of them that wait for another one's seat.
    held_for_move: BTreeSet<usize>,
    converted: BTreeSet<usize>,
    /// What each candidate has and does not ask for.
    leftovers: Vec<Version>,
}

/// Why a target cannot be taken.
#[derive(Default)]
struct Obstacle {
    faults: BTreeMap<SkuIndex, BTreeSet<Problem>>,
    seats: BTreeSet<SkuIndex>,
}

impl<'q> Search<'q> {
    /// Tries everything at once, and puts back what must not go, until nothing has to be put back.
    fn settle(&mut self) -> Vec<Position> {
        loop {
            let mut positions: Vec<Position> = self.candidates().map(|one| self.start(one)).collect();
            self.take_targets(&mut positions);
            let failed: Vec<usize> = self.failed_changes(&positions);
            if !failed.is_empty() {
                self.kept.extend(failed);
            } else if let Some(needed) = self.needed(&positions) {
                self.keep(needed, &positions);
            } else if let Some(holding) = self.holding(&positions) {
                self.held_for_move.insert(holding);
                self.kept.insert(holding);
            } else {
                return positions;
            }
        }
    }

    fn start(&self, candidate: &Candidate) -> Position {
        let stays = candidate.standing != Standing::Moving || self.kept.contains(&candidate.order);
        if stays { Position::InForce } else { Position::Out }
    }

    /// Takes targets in order until none can be taken any more. One may bring what another needs.
    fn take_targets(&self, positions: &mut [Position]) {
        loop {
            let found = self.candidates().find_map(|candidate| {
                (positions.get(candidate.order) == Some(&Position::Out)).then_some(())?;
                Some((candidate.order, self.best_target(candidate, positions, candidate.targets.len())?))
            });
            let Some((order, target)) = found else { break };
            set(positions, order, Position::Target(target));
        }
    }

    /// The best target before `end` that can be taken. A lesser one is only for lack of seats.
    fn best_target(&self, candidate: &Candidate, positions: &[Position], end: usize) -> Option<usize> {
        for target in 0..candidate.targets.len().min(end) {
            let obstacle = self.obstacle(candidate.order, target, positions);
            if !obstacle.faults.is_empty() {
                return None;
            }
            if obstacle.seats.is_empty() {
                return Some(target);
            }
        }
        None
    }

    /// Changes that could not be made and leave what is in force in force.
    fn failed_changes(&self, positions: &[Position]) -> Vec<usize> {
        let failed = self.candidates().filter(|candidate| {
            positions.get(candidate.order) == Some(&Position::Out)
                && !candidate.in_force.is_empty()
                && !candidate.targets.is_empty()
                && !candidate.drops_on_failure
        });
        failed.map(|candidate| candidate.order).collect()
    }

    /// The first candidate that has something the rest cannot do without: first one that would go, then
    /// one that would change.
    fn needed(&self, positions: &[Position]) -> Option<usize> {
        let stranded = self.lay(positions).stranded;
        let gives = |candidate: &&Candidate| {
            let given = candidate.plans_before.values();
            stranded.iter().any(|one| given.clone().any(|plans| plans.intersects(&one.any_of)))
        };
        let movers = || self.candidates().filter(|one| one.standing == Standing::Moving);
        let at = |position: fn(&Position) -> bool| {
            let mut movers = movers().filter(|one| positions.get(one.order).is_some_and(position));
            movers.find(gives).map(|one| one.order)
        };
        at(|position| *position == Position::Out)
            .or_else(|| at(|position| matches!(position, Position::Target(_))))
    }

    /// Keeps what is needed, or makes direct licenses of what nobody asks for any more.
    fn keep(&mut self, needed: usize, positions: &[Position]) {
        let has_leftover = self.leftovers.get(needed).is_some_and(|version| !version.is_empty());
        let is_out = positions.get(needed) == Some(&Position::Out);
        let goes = is_out || matches!(positions.get(needed), Some(Position::Target(0)));
        let converts = self.rules.policy.removal_block == RemovalBlock::ConvertToDirect;
        if !(converts && has_leftover && goes && self.converted.insert(needed)) {
            self.kept.insert(needed);
        }
    }

    /// A bundle that was left and stays while another one waits for seats only.
    fn holding(&self, positions: &[Position]) -> Option<usize> {
        let waits = self.candidates().any(|one| {
            positions.get(one.order) == Some(&Position::Out)
                && !one.targets.is_empty()
                && self.obstacle(one.order, 0, positions).faults.is_empty()
        });
        let can = |one: &&Candidate| one.may_hold && positions.get(one.order) == Some(&Position::Out);
        let found = self.candidates().find(can)?;
        waits.then_some(found.order)
    }

    /// Tries each bundle that stayed behind on its own, with all others where they are.
    fn improve(&self, positions: &mut Vec<Position>) {
        loop {
            let better = self.candidates().find_map(|candidate| self.improved(candidate, positions));
            let Some(better) = better else { break };
            *positions = better;
        }
    }

    fn improved(&self, candidate: &Candidate, positions: &[Position]) -> Option<Vec<Position>> {
        let order = candidate.order;
        if candidate.standing != Standing::Moving || self.held_for_move.contains(&order) {
            return None;
        }
        let next = match *positions.get(order)? {
            Position::Target(now) => Position::Target(self.best_target(candidate, positions, now)?),
            Position::InForce if candidate.targets.is_empty() => Position::Out,
            _ => Position::Target(self.best_target(candidate, positions, candidate.targets.len())?),
        };
        let trial = with(positions, order, next);
        self.strands_more(positions, &trial, false).is_empty().then_some(trial)
    }

    /// Plans that lack something after a step and did not before. A plan that is new to its product would only be
    /// held back: it counts if `with_new`.
    fn strands_more(&self, before: &[Position], after: &[Position], with_new: bool) -> Vec<Stranded> {
        let (layout_before, layout_after) = (self.lay(before), self.lay(after));
        let lacking = |layout: &Layout, off: &Layout| -> Vec<Stranded> {
            // To those of old bundles come those of bundles that were just taken.
            let new = self.candidates().flat_map(|candidate| {
                let needs = layout
                    .problems
                    .range((candidate.order, SkuIndex(0))..=(candidate.order, SkuIndex(u32::MAX)));
                needs.flat_map(move |((_, sku), problems)| {
                    problems.iter().filter_map(move |problem| match problem {
                        Problem::Needs { plan, any_of } => {
                            let (plan, sku, any_of) = (*plan, *sku, any_of.clone());
                            Some(Stranded { plan, sku, source: candidate.source, any_of })
                        }
                        _ => None,
                    })
                })
            });
            let held_back = |one: &Stranded| {
                off.held_back.iter().any(|((_, sku), plans)| *sku == one.sku && plans.contains(one.plan))
            };
            new.filter(|one| !held_back(one)).collect()
        };
        let known = lacking(&layout_before, &layout_before);
        let now = lacking(&layout_after, if with_new { &layout_before } else { &layout_after });
        now.into_iter().filter(|one| !known.contains(one)).collect()
    }

    /// Why a candidate cannot have a target, with all others where they are.
    fn obstacle(&self, order: usize, target: usize, positions: &[Position]) -> Obstacle {
        self.obstacle_from(Position::InForce, order, target, positions)
    }

    /// The same, where the candidate itself comes from `own`: what is in force, or nothing.
    fn obstacle_from(&self, own: Position, order: usize, target: usize, positions: &[Position]) -> Obstacle {
        let mut obstacle = Obstacle::default();
        let Some(candidate) = self.question.candidates.get(order) else { return obstacle };
        let Some(version) = candidate.targets.get(target) else { return obstacle };
        let trial = with(positions, order, Position::Target(target));
        let layout = self.lay(&trial);
        for &sku in version.keys() {
            let mut faults = faults_at(&layout, (order, sku));
            if !self.rules.catalog.is_subscribed(sku) {
                faults.insert(Problem::NotSubscribed);
            }
            if self.takes_address(sku, version, &with(positions, order, own)) {
                faults.insert(Problem::AddressTaken);
            }
            if !faults.is_empty() {
                obstacle.faults.insert(sku, faults);
            }
        }
        let granted = self.grants.get(order).is_some_and(|first| target >= *first);
        if !granted {
            let others = self.held(&with(positions, order, Position::Out));
            let has = |sku: &&SkuIndex| self.question.held.contains(sku) || others.contains(sku);
            obstacle.seats = version.keys().filter(|sku| !has(sku)).copied().collect();
        }
        obstacle
    }

    /// Whether a product brings the first mailbox to a user whose address is taken.
    fn takes_address(&self, sku: SkuIndex, version: &Version, positions: &[Position]) -> bool {
        let is_mailbox = |plan| self.rules.catalog.plan_at(plan).is_some_and(|plan| plan.is_mailbox);
        let brings = |sku: &SkuIndex, disabled: &PlanSet| {
            self.rules.catalog.plans_of(*sku).minus(disabled).iter().any(is_mailbox)
        };
        let has = |part: &Part<'_>| {
            if part.is_old {
                part.candidate.plans_before.values().any(|plans| plans.iter().any(is_mailbox))
            } else {
                part.version.iter().any(|(sku, disabled)| brings(sku, disabled))
            }
        };
        self.question.has_address_conflict
            && version.get(&sku).is_some_and(|disabled| brings(&sku, disabled))
            && !self.parts(positions).iter().any(has)
    }

    fn answer(self, positions: Vec<Position>) -> Resolution {
        // What is only there for the sake of a bundle that waits does not stand in its way.
        let mut unheld = positions.clone();
        for &order in &self.held_for_move {
            set(&mut unheld, order, Position::Out);
        }
        let (layout, held) = (self.lay(&positions), self.held(&positions));
        let mut faults = BTreeMap::new();
        let mut short = BTreeMap::new();
        for candidate in self.candidates().filter(|one| one.standing == Standing::Moving) {
            let order = candidate.order;
            match positions.get(order) {
                Some(Position::Target(0)) | None => continue,
                Some(Position::Out) if candidate.targets.is_empty() => continue,
                Some(Position::InForce) if candidate.targets.is_empty() => {
                    faults.insert(order, self.reasons_to_stay(candidate, &positions));
                    continue;
                }
                _ => {}
            }
            // What was dropped does not count any more.
            let own =
                if positions.get(order) == Some(&Position::Out) { Position::Out } else { Position::InForce };
            let mut obstacle = self.obstacle_from(own, order, 0, &unheld);
            let change = with(&unheld, order, Position::Target(0));
            for (sku, problem) in self.needed_by(candidate, &unheld, &change, false) {
                obstacle.faults.entry(sku).or_default().insert(problem);
            }
            if obstacle.faults.is_empty() {
                // A seat that the user gave up is one that the bundle now lacks, too.
                let wanted = candidate.targets.first().into_iter().flat_map(BTreeMap::keys).copied();
                short.insert(order, wanted.filter(|sku| !held.contains(sku)).collect());
            } else {
                faults.insert(order, obstacle.faults);
            }
        }
        let is_free = false;
        Resolution { positions, converted: self.converted, layout, faults, short, held, is_free }
    }

    fn reasons_to_stay(
        &self,
        candidate: &Candidate,
        positions: &[Position],
    ) -> BTreeMap<SkuIndex, BTreeSet<Problem>> {
        let mut faults: BTreeMap<SkuIndex, BTreeSet<Problem>> = BTreeMap::new();
        if self.held_for_move.contains(&candidate.order) {
            let held = candidate.in_force.keys().map(|sku| (*sku, BTreeSet::from([Problem::HeldForMove])));
            return held.collect();
        }
        let gone = with(positions, candidate.order, Position::Out);
        for (sku, problem) in self.needed_by(candidate, positions, &gone, true) {
            faults.entry(sku).or_default().insert(problem);
        }
        faults
    }

    /// Which products of a candidate are needed by plans that would lack them after a step.
    fn needed_by(
        &self,
        candidate: &Candidate,
        before: &[Position],
        after: &[Position],
        with_new: bool,
    ) -> Vec<(SkuIndex, Problem)> {
        let mut found = Vec::new();
        for one in self.strands_more(before, after, with_new) {
            for (sku, plans) in &candidate.plans_before {
                let is_own = one.source == candidate.source && candidate.in_force.contains_key(&one.sku);
                if !is_own && plans.intersects(&one.any_of) {
                    let (plan, other_sku, other_source) = (one.plan, one.sku, one.source);
                    let any_of = one.any_of.clone();
                    found.push((*sku, Problem::NeededBy { plan, other_sku, other_source, any_of }));
                }
            }
        }
        found
    }

    fn held(&self, positions: &[Position]) -> BTreeSet<SkuIndex> {
        self.parts(positions).iter().flat_map(|part| part.version.keys().copied()).collect()
    }

    fn lay(&self, positions: &[Position]) -> Layout {
        lay(self.rules, self.question, &self.parts(positions))
    }

    fn parts<'s>(&'s self, positions: &[Position]) -> Vec<Part<'s>> {
        let mut parts = Vec::new();
        for (candidate, position) in self.candidates().zip(positions) {
            let order = candidate.order;
            if self.converted.contains(&order) && *position != Position::InForce {
                parts.extend(self.leftovers.get(order).map(|version| Part {
                    candidate,
                    version,
                    is_old: true,
                }));
            }
            match position {
                Position::InForce => {
                    parts.push(Part { candidate, version: &candidate.in_force, is_old: true });
                }
                Position::Target(target) => {
                    let version = candidate.targets.get(*target);
                    parts.extend(version.map(|version| Part { candidate, version, is_old: false }));
                }
                Position::Out => {}
            }
        }
        parts
    }

    fn candidates(&self) -> impl Iterator<Item = &'q Candidate> + use<'q> {
        self.question.candidates.iter()
    }
}

/// What is in force and not asked for.
fn leftover(candidate: &Candidate) -> Version {
    let unwanted = candidate.in_force.iter().filter(|(sku, _)| !candidate.wants(**sku));
    unwanted.map(|(sku, disabled)| (*sku, disabled.clone())).collect()
}

/// What is wrong with a product, but for plans that are only held back.
fn faults_at(layout: &Layout, place: Place) -> BTreeSet<Problem> {
    let held_back = layout.held_back.get(&place);
    let is_note = |problem: &Problem| match problem {
        Problem::Exclusive { plan, .. } => held_back.is_some_and(|plans| plans.contains(*plan)),
        _ => false,
    };
    let all = layout.problems.get(&place).into_iter().flatten();
    all.filter(|problem| !is_note(problem)).cloned().collect()
}

fn set(positions: &mut [Position], order: usize, position: Position) {
    if let Some(place) = positions.get_mut(order) {
        *place = position;
    }
}

fn with(positions: &[Position], order: usize, position: Position) -> Vec<Position> {
    let mut changed = positions.to_vec();
    set(&mut changed, order, position);
    changed
}
