//! The search for the fewest changes that turn a result.

use std::collections::HashSet;

use super::candidates::{Candidate, Rank};
use super::edits::{Edit, Place, collect, edits, places, with_edits};
use super::flip::FLIP_MAX_EVALUATIONS;
use super::oracle::{evaluate, holds};
use super::reading::Scope;
use super::world::World;
use crate::directory::object::Object;
use crate::language::typed::{Node, NodeKind, TypedRule};

/// A change that makes a difference to the conditions on its attribute.
pub(super) struct Choice<'rule> {
    pub(super) edit: Edit<'rule>,
    rank: Rank,
    /// The results of those conditions after the change, by their numbers.
    results: Vec<(usize, bool)>,
}

/// The search for one object. It counts what it spends.
pub(super) struct Search<'a, 'rule> {
    rule: &'rule TypedRule,
    object: &'a Object,
    world: &'a World<'a>,
    /// The result to turn.
    present: bool,
    /// The results of the conditions as the object is, by their numbers.
    results: Vec<bool>,
    tried: usize,
}

/// The best changes so far, after the sum of their ranks.
type Best<'c, 'rule> = Option<(u32, Vec<&'c Choice<'rule>>)>;

impl<'a, 'rule> Search<'a, 'rule> {
    /// A search where the rule says `present` of the object.
    pub(super) fn new(
        rule: &'rule TypedRule,
        object: &'a Object,
        world: &'a World<'a>,
        present: bool,
    ) -> Self {
        let mut leaves = Vec::new();
        collect(&rule.root, false, &mut leaves);
        let scope = Scope::new(object, world);
        let results = leaves.iter().map(|leaf| holds(leaf.node, scope).unwrap_or_default()).collect();
        Self { rule, object, world, present, results, tried: 1 }
    }

    /// The evaluations spent so far.
    pub(super) fn tried(&self) -> usize {
        self.tried
    }

    /// The changes that make a difference, for each place where the object can change.
    pub(super) fn choices(&mut self) -> Vec<Vec<Choice<'rule>>> {
        places(&self.rule.root).iter().map(|place| self.choices_at(place)).collect()
    }

    /// The best way of turning the result by exactly so many changes, in different places.
    pub(super) fn best_of<'c>(
        &mut self,
        changes: usize,
        choices: &'c [Vec<Choice<'rule>>],
    ) -> Option<Vec<&'c Choice<'rule>>> {
        let mut best = None;
        self.descend(changes, choices, &mut Vec::new(), &mut best);
        best.map(|(_, chosen)| chosen)
    }

    /// Tries the changes of one place on its conditions. Of those that give the same results the best is
    /// kept: a rule cannot tell them apart.
    fn choices_at(&mut self, place: &Place<'rule>) -> Vec<Choice<'rule>> {
        let results = |object: &Object, world: &World<'_>| -> Option<Vec<(usize, bool)>> {
            let scope = Scope::new(object, world);
            place.leaves.iter().map(|leaf| Some((leaf.at, holds(leaf.node, scope).ok()?))).collect()
        };
        let mut seen: HashSet<_> = results(self.object, self.world).into_iter().collect();
        let mut choices = Vec::new();
        for Candidate { value: edit, rank } in edits(place, self.object, self.world) {
            if self.tried >= FLIP_MAX_EVALUATIONS {
                break;
            }
            self.tried += 1;
            // A value on which a condition fails to evaluate turns nothing.
            if let Some(results) = with_edits(&[&edit], self.object, self.world, results)
                && seen.insert(results.clone())
            {
                choices.push(Choice { edit, rank, results });
            }
        }
        choices
    }

    /// Tries all ways of changing `more` of the `places` on top of what is chosen.
    fn descend<'c>(
        &mut self,
        more: usize,
        places: &'c [Vec<Choice<'rule>>],
        chosen: &mut Vec<&'c Choice<'rule>>,
        best: &mut Best<'c, 'rule>,
    ) {
        let cost = chosen.iter().map(|choice| choice.rank as u32).sum();
        let is_beaten = best.as_ref().is_some_and(|(least, _)| *least <= cost);
        if is_beaten || self.tried >= FLIP_MAX_EVALUATIONS {
            return;
        }
        if more == 0 {
            self.tried += 1;
            if self.turns(chosen) {
                *best = Some((cost, chosen.clone()));
            }
            return;
        }
        let mut rest = places;
        while let Some((place, later)) = rest.split_first() {
            rest = later;
            for choice in place {
                chosen.push(choice);
                self.descend(more - 1, later, chosen, best);
                chosen.pop();
            }
        }
    }

    /// Whether the changes turn the result. The conditions that they concern are known, so the rule
    /// itself is evaluated only to confirm.
    fn turns(&self, chosen: &[&Choice<'_>]) -> bool {
        let mut results = self.results.clone();
        for &(at, result) in chosen.iter().flat_map(|choice| &choice.results) {
            if let Some(old) = results.get_mut(at) {
                *old = result;
            }
        }
        let edits: Vec<&Edit<'_>> = chosen.iter().map(|choice| &choice.edit).collect();
        decide(&self.rule.root, &mut results.into_iter()) != self.present
            && with_edits(&edits, self.object, self.world, |object, world| {
                evaluate(self.rule, object, world) == Ok(!self.present)
            })
    }
}

/// The result of a condition by the results of the leaves below it, in the order of the rule.
fn decide(node: &Node, results: &mut impl Iterator<Item = bool>) -> bool {
    match &node.kind {
        NodeKind::And(parts) | NodeKind::Or(parts) => {
            let is_and = matches!(node.kind, NodeKind::And(_));
            let mut decided = is_and;
            for part in parts {
                // No short circuit: every leaf takes its result.
                let result = decide(part, results);
                decided = if is_and { decided & result } else { decided | result };
            }
            decided
        }
        NodeKind::Not(part) => !decide(part, results),
        _ => results.next().unwrap_or_default(),
    }
}
