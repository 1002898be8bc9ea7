//! The answer to most questions: nothing stands in the way of anything, and all is done as it is asked for and seats
//! are granted for.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Question, Rules, Standing};
use super::catalog::{Catalog, SkuIndex};
use super::intent::Version;
use super::layout::Layout;
use super::plan_set::PlanSet;
use super::resolve::{Grants, Position, Resolution};

/// The answer, if all that moves can move without a look at what else moves; otherwise it has to be searched.
/// It is the one that the search would find.
pub(super) fn plain(rules: &Rules<'_>, question: &Question, grants: &Grants) -> Option<Resolution> {
    if rules.policy.precedence || question.has_address_conflict {
        return None;
    }
    let staying = plans_that_stay(rules, question)?;
    let mut all = staying.clone();
    let mut positions = Vec::with_capacity(question.candidates.len());
    let (mut is_free, mut waits) = (true, false);
    for (candidate, grant) in question.candidates.iter().zip(grants) {
        let has_something = !candidate.in_force.is_empty();
        match (candidate.standing, candidate.targets.first()) {
            (Standing::Settled | Standing::Frozen, _) => positions.push(Position::InForce),
            (Standing::Moving, None) => {
                is_free = false;
                positions.push(Position::Out);
            }
            (Standing::Moving, Some(_)) if *grant > 0 && (has_something || candidate.targets.len() > 1) => {
                return None;
            }
            (Standing::Moving, Some(target)) => {
                is_free &= !has_something && *grant == 0;
                let plans = plans_that_fit(rules, question, target, &staying)?;
                all.extend_with(&plans);
                waits |= *grant > 0;
                positions.push(if *grant > 0 { Position::Out } else { Position::Target(0) });
            }
        }
    }
    // Who waits fits in with all others, too: nothing but seats is in the way.
    let asked = question.candidates.iter().zip(&positions).filter_map(|(candidate, position)| {
        version(candidate, *position).or_else(|| candidate.targets.first())
    });
    if excludes(rules.catalog, &all, || asked.clone()) {
        return None;
    }
    let mut short = BTreeMap::new();
    if waits {
        if question.candidates.iter().any(|candidate| candidate.may_hold) {
            return None;
        }
        short = wait(question, &mut positions);
    }
    Some(Resolution {
        held: held(question, &positions),
        positions,
        converted: BTreeSet::new(),
        layout: Layout::default(),
        faults: BTreeMap::new(),
        short,
        is_free,
    })
}

/// Gives what needs no other seats than those that the user has anyway, and says what the rest waits for.
fn wait(question: &Question, positions: &mut [Position]) -> BTreeMap<usize, BTreeSet<SkuIndex>> {
    let mut has = held(question, positions);
    has.extend(&question.held);
    for (candidate, position) in question.candidates.iter().zip(positions.iter_mut()) {
        let target = candidate.targets.first().filter(|_| *position == Position::Out);
        if target.is_some_and(|target| target.keys().all(|sku| has.contains(sku))) {
            *position = Position::Target(0);
        }
    }
    let held = held(question, positions);
    let waiting = question.candidates.iter().zip(positions.iter()).filter_map(|(candidate, position)| {
        let target = candidate.targets.first().filter(|_| *position == Position::Out)?;
        Some((candidate.order, target.keys().filter(|sku| !held.contains(sku)).copied().collect()))
    });
    waiting.collect()
}

/// The products of which the user has a seat.
fn held(question: &Question, positions: &[Position]) -> BTreeSet<SkuIndex> {
    let versions = question.candidates.iter().zip(positions).filter_map(|pair| version(pair.0, *pair.1));
    versions.flat_map(BTreeMap::keys).copied().collect()
}

/// What stays, if nothing came to its products and none of its plans lacks or breaks anything.
fn plans_that_stay(rules: &Rules<'_>, question: &Question) -> Option<PlanSet> {
    let mut all = PlanSet::default();
    for candidate in question.candidates.iter().filter(|one| one.standing != Standing::Moving) {
        for (sku, disabled) in &candidate.in_force {
            let plans = rules.catalog.product(*sku)?.plans.minus(disabled);
            if candidate.plans_before.get(sku).is_none_or(|before| !plans.is_subset(before)) {
                return None;
            }
            all.extend_with(&plans);
        }
    }
    is_sound(rules, question, &all, &all).then_some(all)
}

/// The plans of a target that can be had together with what stays, and without anything else.
fn plans_that_fit(
    rules: &Rules<'_>,
    question: &Question,
    target: &Version,
    staying: &PlanSet,
) -> Option<PlanSet> {
    question.location?;
    let mut plans = PlanSet::default();
    for (sku, disabled) in target {
        let product = rules.catalog.product(*sku).filter(|_| rules.catalog.is_subscribed(*sku))?;
        plans.extend_with(&product.plans.minus(disabled));
    }
    is_sound(rules, question, &plans, &staying.union(&plans)).then_some(plans)
}

/// Whether plans lack nothing if there are certain others, and may be used where the user is.
fn is_sound(rules: &Rules<'_>, question: &Question, plans: &PlanSet, all: &PlanSet) -> bool {
    let facts = |of: &PlanSet| plans.intersection(of);
    let lacks_nothing = facts(&rules.catalog.needy).iter().all(|plan| {
        let known = rules.catalog.plan_at(plan);
        known.is_some_and(|known| known.requires.iter().all(|set| set.intersects(all)))
    });
    let is_allowed = facts(&rules.catalog.restricted).iter().all(|plan| {
        let known = rules.catalog.plan_at(plan);
        known.zip(question.location).is_none_or(|(known, place)| !known.prohibited_in.contains(&place))
    });
    lacks_nothing && is_allowed
}

/// Whether two products have different plans that exclude each other.
fn excludes<'v, V: Iterator<Item = &'v Version>>(
    catalog: &Catalog,
    all: &PlanSet,
    versions: impl Fn() -> V,
) -> bool {
    let gives = |family: &PlanSet, (sku, disabled): (&SkuIndex, &PlanSet)| {
        let product = catalog.product(*sku);
        product.is_some_and(|product| product.plans.minus(disabled).intersects(family)).then_some(*sku)
    };
    catalog.families().iter().any(|family| {
        let several = all.intersects(&family.exclusive) && all.intersection(&family.exclusive).len() > 1;
        several && {
            let mut products = versions().flatten().filter_map(|entry| gives(&family.exclusive, entry));
            products.next().is_some_and(|first| products.any(|other| other != first))
        }
    })
}

fn version(candidate: &Candidate, position: Position) -> Option<&Version> {
    match position {
        Position::InForce => Some(&candidate.in_force),
        Position::Target(target) => candidate.targets.get(target),
        Position::Out => None,
    }
}
