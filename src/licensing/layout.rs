//! The plans that a user would have from several bundles at once, and what is wrong with that.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Question, Rules};
use super::catalog::{Family, SkuIndex};
use super::intent::Version;
use super::outcome::{Problem, Source};
use super::plan_set::{PlanIndex, PlanSet};
use super::policy::lower_of;

/// One bundle as it would be in force.
#[derive(Clone, Copy)]
pub(super) struct Part<'q> {
    pub(super) candidate: &'q Candidate,
    pub(super) version: &'q Version,
    /// Whether it was in force before, in this version. Then plans that came to its products are held
    /// back where they do not fit, and nothing that the user has is taken away.
    pub(super) is_old: bool,
}

/// A product of a bundle, by the candidate's place in the question.
pub(super) type Place = (usize, SkuIndex);

/// What several bundles come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) held_back: BTreeMap<Place, PlanSet>,
    pub(super) problems: BTreeMap<Place, BTreeSet<Problem>>,
    /// Plans of old bundles that lack what they need.
    pub(super) stranded: Vec<Stranded>,
}

/// A plan that the user had and that lacks what it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stranded {
    pub(super) plan: PlanIndex,
    pub(super) sku: SkuIndex,
    pub(super) source: Source,
    pub(super) any_of: PlanSet,
}

/// Lays bundles together.
pub(super) fn lay(rules: &Rules<'_>, question: &Question, parts: &[Part<'_>]) -> Layout {
    let mut work = Work { rules, question, pieces: pieces(rules, parts), layout: Layout::default() };
    if rules.policy.precedence {
        work.switch_lower_plans_off();
    }
    work.add_new_plans();
    work.find_exclusive_plans();
    work.find_missing_needs();
    work.find_prohibited_plans();
    work.layout
}

/// A product of a bundle with the plans that it gives.
struct Piece {
    place: Place,
    source: Source,
    plans: PlanSet,
    /// Plans that came to the product since the bundle is in force.
    new: PlanSet,
    is_old: bool,
}

struct Work<'q> {
    rules: &'q Rules<'q>,
    question: &'q Question,
    pieces: Vec<Piece>,
    layout: Layout,
}

fn pieces(rules: &Rules<'_>, parts: &[Part<'_>]) -> Vec<Piece> {
    let of_part = |part: &Part<'_>| {
        let (candidate, is_old) = (part.candidate, part.is_old);
        part.version
            .iter()
            .map(move |(&sku, disabled)| {
                let all = rules.catalog.plans_of(sku).minus(disabled);
                let had = candidate.plans_before.get(&sku).cloned().unwrap_or_default();
                let plans = if is_old { all.intersection(&had) } else { all.clone() };
                let new = all.minus(&plans);
                Piece { place: (candidate.order, sku), source: candidate.source, plans, new, is_old }
            })
            .collect::<Vec<_>>()
    };
    parts.iter().flat_map(of_part).collect()
}

impl Work<'_> {
    /// Of two plans with ranks that exclude each other, the lower is held back.
    fn switch_lower_plans_off(&mut self) {
        let mut off: Vec<(usize, PlanIndex, Problem)> = Vec::new();
        for family in self.rules.catalog.families() {
            for (at, piece) in self.pieces.iter().enumerate() {
                for plan in piece.plans.union(&piece.new).intersection(&family.exclusive).iter() {
                    let higher = self
                        .rivals(family, piece.place.1, plan)
                        .filter(|(other, _)| lower_of(&family.ranks, plan, *other) == Some(plan));
                    // The best one is never off itself, so that it is the same at a second look.
                    let rank = |other: &PlanIndex| Reverse(family.ranks.get(other).copied());
                    let named = higher.map(|(other, of)| (rank(&other), exclusive(plan, other, of))).min();
                    let problem = named.map(|(_, problem)| problem);
                    off.extend(problem.map(|problem| (at, plan, problem)));
                }
            }
        }
        for (at, plan, problem) in off {
            self.hold_back(at, plan, problem);
        }
    }

    /// Plans that came to products of old bundles are given where they fit.
    fn add_new_plans(&mut self) {
        for at in 0..self.pieces.len() {
            let Some(piece) = self.pieces.get(at) else { continue };
            for plan in piece.new.clone().iter() {
                match self.objection(at, plan) {
                    Some(problem) => self.hold_back(at, plan, problem),
                    None => {
                        if let Some(piece) = self.pieces.get_mut(at) {
                            piece.plans.insert(plan);
                        }
                    }
                }
            }
        }
        // One may need another: what lacks something goes until nothing does.
        loop {
            let all = self.all_plans();
            let lacking = self.pieces.iter().enumerate().find_map(|(at, piece)| {
                let given = piece.new.intersection(&piece.plans);
                given.iter().find_map(|plan| Some((at, plan, self.unmet(plan, &all)?)))
            });
            let Some((at, plan, any_of)) = lacking else { break };
            self.hold_back(at, plan, Problem::Needs { plan, any_of });
        }
    }

    /// Why a plan cannot be given with what the user has. What is still to come has to yield to it.
    fn objection(&self, at: usize, plan: PlanIndex) -> Option<Problem> {
        let piece = self.pieces.get(at)?;
        if let Some(problem) = self.prohibition(plan) {
            return Some(problem);
        }
        let families = self.rules.catalog.families().iter().filter(|family| family.exclusive.contains(plan));
        let rivals: Vec<_> = families.flat_map(|family| self.rivals(family, piece.place.1, plan)).collect();
        // The one that is named does not depend on what came when.
        let named = rivals.iter().map(|(other, of)| exclusive(plan, *other, of)).min();
        named.filter(|_| rivals.iter().any(|(_, of)| of.is_old))
    }

    fn prohibition(&self, plan: PlanIndex) -> Option<Problem> {
        let location = self.question.location?;
        let prohibited = self.rules.catalog.plan_at(plan)?.prohibited_in.contains(&location);
        prohibited.then_some(Problem::Prohibited { plan, location })
    }

    /// The plans of a family that the user would have from other products.
    fn rivals<'s>(
        &'s self,
        family: &'s Family,
        sku: SkuIndex,
        plan: PlanIndex,
    ) -> impl Iterator<Item = (PlanIndex, &'s Piece)> {
        self.pieces.iter().filter(move |piece| piece.place.1 != sku).flat_map(move |piece| {
            let others = piece.plans.intersection(&family.exclusive);
            let others: Vec<PlanIndex> = others.iter().filter(|other| *other != plan).collect();
            others.into_iter().map(move |other| (other, piece))
        })
    }

    /// New bundles must not clash with anything. Among old ones a clash is noted with the later one.
    fn find_exclusive_plans(&mut self) {
        let mut found: Vec<(Place, Problem)> = Vec::new();
        for family in self.rules.catalog.families() {
            for (at, piece) in self.pieces.iter().enumerate() {
                for plan in piece.plans.intersection(&family.exclusive).iter() {
                    // Of several, the one that does not depend on the order of bundles is named.
                    let rivals = self.rivals(family, piece.place.1, plan).filter(|(_, of)| {
                        let is_later = self.pieces.iter().position(|one| one.place == of.place) < Some(at);
                        !piece.is_old || (of.is_old && is_later)
                    });
                    let problem = rivals.map(|(other, of)| exclusive(plan, other, of)).min();
                    found.extend(problem.map(|problem| (piece.place, problem)));
                }
            }
        }
        self.note(found);
    }

    fn find_missing_needs(&mut self) {
        let all = self.all_plans();
        let mut found = Vec::new();
        for piece in &self.pieces {
            for plan in piece.plans.intersection(&self.rules.catalog.needy).iter() {
                let Some(any_of) = self.unmet(plan, &all) else { continue };
                found.push((piece.place, Problem::Needs { plan, any_of: any_of.clone() }));
                if piece.is_old {
                    let (sku, source) = (piece.place.1, piece.source);
                    self.layout.stranded.push(Stranded { plan, sku, source, any_of });
                }
            }
        }
        self.note(found);
    }

    fn find_prohibited_plans(&mut self) {
        let mut found = Vec::new();
        for piece in &self.pieces {
            let plans = piece.plans.intersection(&self.rules.catalog.restricted);
            found.extend(plans.iter().filter_map(|plan| Some((piece.place, self.prohibition(plan)?))));
            if !piece.is_old && self.question.location.is_none() {
                found.push((piece.place, Problem::LocationMissing));
            }
        }
        self.note(found);
    }

    /// The first set of which the user would have no plan.
    fn unmet(&self, plan: PlanIndex, all: &PlanSet) -> Option<PlanSet> {
        let sets = &self.rules.catalog.plan_at(plan)?.requires;
        sets.iter().find(|set| !set.intersects(all)).cloned()
    }

    fn all_plans(&self) -> PlanSet {
        let mut all = PlanSet::default();
        for piece in &self.pieces {
            all.extend_with(&piece.plans);
        }
        all
    }

    fn hold_back(&mut self, at: usize, plan: PlanIndex, problem: Problem) {
        let Some(piece) = self.pieces.get_mut(at) else { return };
        piece.plans.remove(plan);
        piece.new.remove(plan);
        self.layout.held_back.entry(piece.place).or_default().insert(plan);
        self.layout.problems.entry(piece.place).or_default().insert(problem);
    }

    fn note(&mut self, found: Vec<(Place, Problem)>) {
        for (place, problem) in found {
            self.layout.problems.entry(place).or_default().insert(problem);
        }
    }
}

fn exclusive(plan: PlanIndex, other: PlanIndex, of: &Piece) -> Problem {
    Problem::Exclusive { plan, other, other_sku: of.place.1, other_source: of.source }
}
