//! Seats one by one: everyone begins with what they would have if nothing new was granted, and is granted
//! what there is in turn.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;

use super::order::{Request, requests};
use super::{Allotment, Case, Part, Seeker};
use crate::licensing::candidate::Rules;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::records::Refusals;
use crate::licensing::resolve::{Grants, Position, Resolution, none_granted, resolve};
use crate::licensing::roll::Roll;
use crate::licensing::tenant::UserIds;

pub(super) struct Walk<'a, 'u> {
    rules: &'a Rules<'a>,
    seekers: &'a [Seeker<'u>],
    /// In the order of their ordinals.
    pub(super) walkers: Vec<Walker>,
    pub(super) states: States<'a, 'u>,
    /// By product, the seats left; negative if more are in use than there are.
    pub(super) left: Vec<i64>,
    refusals: RefusalTable,
}

/// One user.
#[derive(Clone, Copy)]
pub(super) struct Walker {
    pub(super) user: u32,
    /// The seeker's place among all.
    pub(super) seeker: usize,
    pub(super) state: StateIndex,
    refused: usize,
}

/// A state's place among the states.
pub(super) type StateIndex = usize;

/// What users with one case have been granted, and what they have with that.
pub(super) struct State<'u> {
    pub(super) case: &'u Case,
    pub(super) grants: Grants,
    pub(super) answer: Arc<Resolution>,
}

/// All states that came up, each worked out once.
pub(super) struct States<'a, 'u> {
    rules: &'a Rules<'a>,
    all: Vec<State<'u>>,
    numbers: HashMap<(usize, Grants), StateIndex>,
    /// By state, candidate and target: the state in which that is granted, too.
    steps: HashMap<(StateIndex, usize, usize), StateIndex>,
}

/// What was short when it first came to users' turn, each distinct value once.
#[derive(Default)]
struct RefusalTable {
    all: Vec<Refusals>,
    numbers: HashMap<Refusals, usize>,
}

impl<'a, 'u> Walk<'a, 'u> {
    /// `competing` are the places of the seekers who compete; `left` tells how many seats of a product are
    /// left before any of them gives or takes one.
    pub(super) fn new(
        rules: &'a Rules<'a>,
        seekers: &'a [Seeker<'u>],
        competing: &[usize],
        roll: &Roll,
        left: impl Fn(SkuIndex) -> i64,
    ) -> Self {
        let states = States { rules, all: Vec::new(), numbers: HashMap::new(), steps: HashMap::new() };
        let left = rules.catalog.skus().map(left).collect();
        let refusals = RefusalTable::default();
        let mut walk = Self { rules, seekers, walkers: Vec::new(), states, left, refusals };
        let refused = walk.refusals.number(Refusals::new());
        let mut firsts: HashMap<usize, (usize, StateIndex)> = HashMap::new();
        for &at in competing {
            let Some(Seeker { crowd, size, case, .. }) = seekers.get(at).copied() else { continue };
            let state = walk.states.of(case, none_granted(&case.question));
            if let Some(answer) = walk.states.get(state).map(|state| Arc::clone(&state.answer)) {
                walk.count(&case.question.held, &answer.held, super::signed(size));
            }
            firsts.insert(crowd, (at, state));
        }
        for (user, crowd) in roll.iter() {
            if let Some((seeker, state)) = firsts.get(&crowd).copied() {
                walk.walkers.push(Walker { user, seeker, state, refused });
            }
        }
        walk
    }

    /// Gives seats until nothing more can be given.
    pub(super) fn give(&mut self, ids: &dyn UserIds) {
        let requests = requests(self.rules, self.seekers, &self.walkers, ids);
        loop {
            let mut gave = false;
            for request in &requests {
                gave |= self.try_request(*request);
            }
            if !gave && !self.try_ring(&requests) {
                break;
            }
        }
    }

    /// Enters who got what.
    pub(super) fn finish(self, allotment: &mut Allotment) {
        let mut numbers: HashMap<(usize, StateIndex, usize), usize> = HashMap::new();
        for walker in &self.walkers {
            let key = (walker.seeker, walker.state, walker.refused);
            let parts = &mut allotment.parts;
            let number = *numbers.entry(key).or_insert_with(|| {
                parts.push(Part {
                    seeker: walker.seeker,
                    is_whole: false,
                    size: 0,
                    answer: self.states.get(walker.state).map(|state| Arc::clone(&state.answer)),
                    refusals: self.refusals.all.get(walker.refused).cloned().unwrap_or_default(),
                });
                parts.len() - 1
            });
            if let Some(part) = parts.get_mut(number) {
                part.size += 1;
            }
            allotment.walkers.push(number);
        }
        for ((_, state, _), number) in numbers {
            let size = allotment.parts.get(number).map_or(0, |part| part.size);
            if let Some(state) = self.states.get(state) {
                allotment.count(size, &state.case.question.held, &state.answer.held);
            }
        }
    }

    /// Gives a bundle the best target that seats are left for.
    fn try_request(&mut self, request: Request) -> bool {
        let Some(&walker) = self.walkers.get(request.walker as usize) else { return false };
        let Some(state) = self.states.get(walker.state) else { return false };
        let case = state.case;
        let Some(candidate) = case.question.candidates.get(request.order) else { return false };
        let granted = state.grants.get(request.order).copied().unwrap_or(0);
        let before = Arc::clone(&state.answer);
        for (target, version) in candidate.targets.iter().enumerate().take(granted) {
            let is_short = |sku: &SkuIndex| !before.held.contains(sku) && self.left(*sku) < 1;
            if version.keys().any(is_short) {
                if target == 0 && !self.refusals.knows(walker.refused, request.order) {
                    let short: BTreeSet<SkuIndex> = version.keys().copied().filter(is_short).collect();
                    let refused = self.refusals.with(walker.refused, request.order, short);
                    if let Some(walker) = self.walkers.get_mut(request.walker as usize) {
                        walker.refused = refused;
                    }
                }
                continue;
            }
            let next = self.states.with(walker.state, request.order, target);
            let Some(answer) = self.states.get(next).map(|state| &state.answer) else { return false };
            let is_taken = answer.positions.get(request.order) == Some(&Position::Target(target));
            if is_taken && answer.held.difference(&before.held).all(|sku| self.left(*sku) >= 1) {
                self.accept(request.walker, next);
                return true;
            }
        }
        false
    }

    /// Lets a user have what a state gives.
    pub(super) fn accept(&mut self, walker: u32, state: StateIndex) {
        let Some(one) = self.walkers.get_mut(walker as usize) else { return };
        let before = std::mem::replace(&mut one.state, state);
        let (before, after) = (self.states.get(before), self.states.get(state));
        let Some((before, after)) = before.zip(after) else { return };
        let (before, after) = (Arc::clone(&before.answer), Arc::clone(&after.answer));
        self.count(&before.held, &after.held, 1);
    }

    fn count(&mut self, before: &BTreeSet<SkuIndex>, after: &BTreeSet<SkuIndex>, users: i64) {
        for sku in after.difference(before) {
            if let Some(left) = self.left.get_mut(sku.0 as usize) {
                *left -= users;
            }
        }
        for sku in before.difference(after) {
            if let Some(left) = self.left.get_mut(sku.0 as usize) {
                *left += users;
            }
        }
    }

    pub(super) fn left(&self, sku: SkuIndex) -> i64 {
        self.left.get(sku.0 as usize).copied().unwrap_or_default()
    }
}

impl<'u> States<'_, 'u> {
    pub(super) fn get(&self, state: StateIndex) -> Option<&State<'u>> {
        self.all.get(state)
    }

    /// The state of users with a case and grants.
    pub(super) fn of(&mut self, case: &'u Case, grants: Grants) -> StateIndex {
        let (all, rules) = (&mut self.all, self.rules);
        *self.numbers.entry((case.number, grants)).or_insert_with_key(|(_, grants)| {
            let answer = Arc::new(resolve(rules, &case.question, grants));
            all.push(State { case, grants: grants.clone(), answer });
            all.len() - 1
        })
    }

    /// The state in which a candidate may take new seats for a target.
    pub(super) fn with(&mut self, state: StateIndex, order: usize, target: usize) -> StateIndex {
        if let Some(next) = self.steps.get(&(state, order, target)) {
            return *next;
        }
        let Some(known) = self.all.get(state) else { return state };
        let (case, mut grants) = (known.case, known.grants.clone());
        if let Some(grant) = grants.get_mut(order) {
            *grant = target;
        }
        let next = self.of(case, grants);
        self.steps.insert((state, order, target), next);
        next
    }
}

impl RefusalTable {
    fn number(&mut self, refusals: Refusals) -> usize {
        let all = &mut self.all;
        *self.numbers.entry(refusals).or_insert_with_key(|refusals| {
            all.push(refusals.clone());
            all.len() - 1
        })
    }

    fn knows(&self, refused: usize, order: usize) -> bool {
        self.all.get(refused).is_some_and(|refusals| refusals.contains_key(&order))
    }

    fn with(&mut self, refused: usize, order: usize, short: BTreeSet<SkuIndex>) -> usize {
        let mut refusals = self.all.get(refused).cloned().unwrap_or_default();
        refusals.insert(order, short);
        self.number(refusals)
    }
}
