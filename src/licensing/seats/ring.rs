//! Swaps that work out only together: full pools whose holders would change places.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::order::Request;
use super::walk::{StateIndex, Walk};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::resolve::Position;

/// Some users with what they would have if all swaps that are left were granted.
struct Ring {
    /// By walker, the bundles that would swap, and the state with these granted.
    trials: HashMap<u32, (Vec<usize>, StateIndex)>,
    /// By product, how many seats all of them take more than they give.
    net: Vec<i64>,
    /// By product, how many users take a seat.
    takers: Vec<u64>,
}

impl Walk<'_, '_> {
    /// Bundles that would give up what they have for something else: whether some of them can all change
    /// at once, although none can alone. The last in the order are left out until the rest fits.
    pub(super) fn try_ring(&mut self, requests: &[Request]) -> bool {
        let swaps: Vec<Request> = requests.iter().copied().filter(|request| self.is_swap(*request)).collect();
        let mut ring = self.ring_of(&swaps);
        let mut overfull = self.overfull(&ring);
        let mut end = swaps.len();
        while !overfull.is_empty() {
            let open = swaps.get(..end).unwrap_or_default();
            let Some(last) = open.iter().rposition(|swap| self.takes(&ring, *swap, &overfull)) else {
                return false;
            };
            let Some(swap) = swaps.get(last).copied() else { return false };
            let has_more = self.leave_out(&mut ring, swap);
            let now = self.overfull(&ring);
            // Behind this one none takes what is overfull, unless that is more or other than it was.
            if has_more || !now.is_subset(&overfull) {
                end = swaps.len();
            } else {
                end = last;
            }
            overfull = now;
        }
        let mut trials: Vec<(u32, StateIndex)> =
            ring.trials.into_iter().map(|(walker, (_, state))| (walker, state)).collect();
        trials.sort_unstable();
        let mut gains = false;
        for (walker, state) in trials {
            gains |= self.held(walker) != self.states.get(state).map(|state| &state.answer.held);
            self.accept(walker, state);
        }
        gains
    }

    /// Whether a bundle has something in force that it would give up.
    fn is_swap(&self, request: Request) -> bool {
        let Some(walker) = self.walkers.get(request.walker as usize) else { return false };
        let Some(state) = self.states.get(walker.state) else { return false };
        let candidates = &state.case.question.candidates;
        let holds = candidates.get(request.order).is_some_and(|one| !one.in_force.is_empty());
        let is_lesser = matches!(state.answer.positions.get(request.order), Some(Position::Target(1..)));
        let held_for_it = candidates.iter().any(|one| one.may_hold);
        (holds || is_lesser || held_for_it) && state.grants.get(request.order) != Some(&0)
    }

    fn ring_of(&mut self, swaps: &[Request]) -> Ring {
        let mut trials: HashMap<u32, (Vec<usize>, StateIndex)> = HashMap::new();
        for swap in swaps {
            let Some(walker) = self.walkers.get(swap.walker as usize) else { continue };
            let trial = trials.entry(swap.walker).or_insert_with(|| (Vec::new(), walker.state));
            trial.0.push(swap.order);
            trial.1 = self.states.with(trial.1, swap.order, 0);
        }
        let products = self.left.len();
        let mut ring = Ring { trials: HashMap::new(), net: vec![0; products], takers: vec![0; products] };
        for (walker, trial) in trials {
            self.count_trial(&mut ring, walker, trial.1, true);
            ring.trials.insert(walker, trial);
        }
        ring
    }

    /// Takes a swap out of a ring; whether its user has another one in it.
    fn leave_out(&mut self, ring: &mut Ring, swap: Request) -> bool {
        let Some((mut orders, state)) = ring.trials.remove(&swap.walker) else { return false };
        self.count_trial(ring, swap.walker, state, false);
        orders.retain(|order| *order != swap.order);
        let Some(walker) = self.walkers.get(swap.walker as usize) else { return false };
        if orders.is_empty() {
            return false;
        }
        let state = orders.iter().fold(walker.state, |state, order| self.states.with(state, *order, 0));
        self.count_trial(ring, swap.walker, state, true);
        ring.trials.insert(swap.walker, (orders, state));
        true
    }

    /// Counts what a user takes and gives in a ring, or what they took and gave.
    fn count_trial(&self, ring: &mut Ring, walker: u32, state: StateIndex, is_in: bool) {
        let (Some(before), Some(state)) = (self.held(walker), self.states.get(state)) else { return };
        let after = &state.answer.held;
        let mut count = |sku: &SkuIndex, seats: i64, takers: u64| {
            let at = sku.0 as usize;
            if let (Some(net), Some(all)) = (ring.net.get_mut(at), ring.takers.get_mut(at)) {
                if is_in {
                    (*net, *all) = (*net + seats, *all + takers);
                } else {
                    (*net, *all) = (*net - seats, *all - takers);
                }
            }
        };
        after.difference(before).for_each(|sku| count(sku, 1, 1));
        before.difference(after).for_each(|sku| count(sku, -1, 0));
    }

    /// Products of which some take seats and that would have more in use than there are.
    fn overfull(&self, ring: &Ring) -> BTreeSet<SkuIndex> {
        let all = ring.net.iter().zip(&ring.takers).zip(&self.left).zip((0..).map(SkuIndex));
        all.filter(|(((net, takers), left), _)| **takers > 0 && *left < *net).map(|(_, sku)| sku).collect()
    }

    fn takes(&self, ring: &Ring, swap: Request, overfull: &BTreeSet<SkuIndex>) -> bool {
        let Some((orders, state)) = ring.trials.get(&swap.walker) else { return false };
        let (Some(before), Some(state)) = (self.held(swap.walker), self.states.get(*state)) else {
            return false;
        };
        orders.contains(&swap.order) && state.answer.held.difference(before).any(|sku| overfull.contains(sku))
    }

    fn held(&self, walker: u32) -> Option<&BTreeSet<SkuIndex>> {
        let state = self.states.get(self.walkers.get(walker as usize)?.state)?;
        Some(&state.answer.held)
    }
}
