//! Who gets a seat when there are not enough.
//!
//! Where everything that is wanted fits, everything is given, so that swaps between full pools work out.
//! Otherwise seats are given to one bundle after the other, each with all of its seats or none.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::candidate::{Question, Rules, Standing, wanted_since};
use super::catalog::SkuIndex;
use super::intent::{Moment, User, UserIndex};
use super::policy::SeatKey;
use super::resolve::{Grants, Position, Resolution, none_granted, resolve};
use super::tenant::UserIds;

/// Users with one question, and its answer with all seats granted.
pub(super) struct Case {
    /// Tells cases of a batch apart.
    pub(super) number: usize,
    pub(super) question: Question,
    pub(super) full: Rc<Resolution>,
}

/// One user with their case.
#[derive(Clone)]
pub(super) struct Seeker<'u> {
    pub(super) index: UserIndex,
    pub(super) user: &'u User,
    pub(super) case: Rc<Case>,
}

/// Who got what.
#[derive(Default)]
pub(super) struct Allotment {
    /// The answers of users who did not get all; the others' are those of their cases.
    pub(super) answers: BTreeMap<UserIndex, Rc<Resolution>>,
    /// By user and candidate, the products that had no seat left when it was their turn.
    pub(super) refusals: BTreeMap<(UserIndex, usize), BTreeSet<SkuIndex>>,
    /// Seats in use, of the products that came up.
    pub(super) consumed: BTreeMap<SkuIndex, u64>,
}

/// Gives seats. `consumed` tells how many are in use without any of the changes that are asked for.
pub(super) fn allot(
    rules: &Rules<'_>,
    seekers: &[Seeker<'_>],
    ids: &dyn UserIds,
    consumed: &dyn Fn(SkuIndex) -> u64,
) -> Allotment {
    let mut cases: BTreeMap<usize, (&Case, i64)> = BTreeMap::new();
    for seeker in seekers {
        cases.entry(seeker.case.number).or_insert((&seeker.case, 0)).1 += 1;
    }
    let short = short_products(rules, cases.values().copied(), consumed);
    let mut walk = Walk {
        rules,
        seekers: Vec::new(),
        use_now: BTreeMap::new(),
        ids,
        consumed,
        known: HashMap::new(),
        refusals: BTreeMap::new(),
    };
    for seeker in seekers {
        if products(&seeker.case.question).any(|sku| short.contains(&sku)) {
            let grants = none_granted(&seeker.case.question);
            let answer = walk.answer(&seeker.case, &grants);
            walk.count(&seeker.case.question.held, &answer.held);
            walk.seekers.push(Walker { seeker: seeker.clone(), grants, answer });
        } else {
            walk.count(&seeker.case.question.held, &seeker.case.full.held);
        }
    }
    walk.give();
    let answers = walk.seekers.iter().map(|one| (one.seeker.index, Rc::clone(&one.answer))).collect();
    let consumed =
        walk.use_now.iter().map(|(sku, change)| (*sku, consumed(*sku).saturating_add_signed(*change)));
    let refusals = walk
        .refusals
        .into_iter()
        .filter_map(|((walker, order), skus)| Some(((walk.seekers.get(walker)?.seeker.index, order), skus)));
    Allotment { answers, refusals: refusals.collect(), consumed: consumed.collect() }
}

/// All products of the sets in which not everything fits. Products that a user gives or takes together
/// are in one set, because a seat of one may depend on a seat of the other.
fn short_products<'c>(
    rules: &Rules<'_>,
    cases: impl Iterator<Item = (&'c Case, i64)>,
    consumed: &dyn Fn(SkuIndex) -> u64,
) -> BTreeSet<SkuIndex> {
    let mut sets = Sets::default();
    let mut change: BTreeMap<SkuIndex, i64> = BTreeMap::new();
    let mut taken: BTreeSet<SkuIndex> = BTreeSet::new();
    for (case, users) in cases {
        sets.join(products(&case.question));
        for sku in case.full.held.difference(&case.question.held) {
            *change.entry(*sku).or_default() += users;
            taken.insert(*sku);
        }
        for sku in case.question.held.difference(&case.full.held) {
            *change.entry(*sku).or_default() -= users;
        }
    }
    let overfull = |sku: &&SkuIndex| {
        let change = change.get(sku).copied().unwrap_or_default();
        consumed(**sku).saturating_add_signed(change) > rules.catalog.pool(**sku).capacity
    };
    let roots: BTreeSet<SkuIndex> = taken.iter().filter(overfull).map(|sku| sets.root(*sku)).collect();
    let all: Vec<SkuIndex> = sets.parents.keys().copied().collect();
    all.into_iter().filter(|sku| roots.contains(&sets.root(*sku))).collect()
}

/// The products that a user may come to take or give.
fn products(question: &Question) -> impl Iterator<Item = SkuIndex> + '_ {
    let moving = question.candidates.iter().filter(|one| one.standing == Standing::Moving);
    moving.flat_map(|one| one.targets.iter().flat_map(BTreeMap::keys).chain(one.in_force.keys()).copied())
}

/// Disjoint sets of products.
#[derive(Default)]
struct Sets {
    parents: BTreeMap<SkuIndex, SkuIndex>,
}

impl Sets {
    fn root(&self, mut sku: SkuIndex) -> SkuIndex {
        while let Some(parent) = self.parents.get(&sku).filter(|parent| **parent != sku) {
            sku = *parent;
        }
        sku
    }

    fn join(&mut self, skus: impl Iterator<Item = SkuIndex>) {
        let mut first = None;
        for sku in skus {
            self.parents.entry(sku).or_insert(sku);
            let root = self.root(sku);
            let first = *first.get_or_insert(root);
            let target = self.root(first);
            self.parents.insert(root, target);
        }
    }
}

struct Walk<'a, 'u> {
    rules: &'a Rules<'a>,
    seekers: Vec<Walker<'u>>,
    /// By how many the seats in use changed.
    use_now: BTreeMap<SkuIndex, i64>,
    ids: &'a dyn UserIds,
    consumed: &'a dyn Fn(SkuIndex) -> u64,
    known: HashMap<(usize, Grants), Rc<Resolution>>,
    /// By walker and candidate, what was short when it first came to their turn.
    refusals: BTreeMap<(usize, usize), BTreeSet<SkuIndex>>,
}

struct Walker<'u> {
    seeker: Seeker<'u>,
    grants: Grants,
    answer: Rc<Resolution>,
}

/// One bundle that wants seats.
#[derive(Clone, Copy)]
struct Request {
    /// The user's place among the walkers.
    walker: usize,
    /// The candidate.
    order: usize,
}

impl Walk<'_, '_> {
    fn give(&mut self) {
        let requests = self.requests();
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

    /// All bundles that ask for something, the first to be served first.
    fn requests(&self) -> Vec<Request> {
        let mut keyed = Vec::new();
        for (walker, one) in self.seekers.iter().enumerate() {
            for candidate in &one.seeker.case.question.candidates {
                if candidate.standing == Standing::Moving && !candidate.targets.is_empty() {
                    keyed.push((self.key(one, candidate.order), Request { walker, order: candidate.order }));
                }
            }
        }
        keyed.sort_by(|left, right| left.0.cmp(&right.0));
        keyed.into_iter().map(|(_, request)| request).collect()
    }

    fn key(&self, walker: &Walker<'_>, order: usize) -> (Vec<SeatRank>, String, usize) {
        let user = walker.seeker.user;
        let candidate = walker.seeker.case.question.candidates.get(order);
        let rank = |key: &SeatKey| match key {
            SeatKey::Priority => {
                SeatRank::Priority(std::cmp::Reverse(candidate.map_or(0, |one| one.priority)))
            }
            SeatKey::WantedSince => SeatRank::Since(
                candidate
                    .and_then(|one| wanted_since(self.rules.groups, user, one.source, one.targets.first()?)),
            ),
        };
        (
            self.rules.policy.seat_order.iter().map(rank).collect(),
            self.ids.id(walker.seeker.index).to_owned(),
            order,
        )
    }

    /// Gives a bundle the best target that seats are left for.
    fn try_request(&mut self, request: Request) -> bool {
        let Some(walker) = self.seekers.get(request.walker) else { return false };
        let case = Rc::clone(&walker.seeker.case);
        let Some(candidate) = case.question.candidates.get(request.order) else { return false };
        let granted = walker.grants.get(request.order).copied().unwrap_or(0);
        for target in 0..candidate.targets.len().min(granted) {
            let Some(walker) = self.seekers.get(request.walker) else { return false };
            let held = walker.answer.held.clone();
            let needed = candidate.targets.get(target).into_iter().flat_map(BTreeMap::keys);
            let needed = needed.filter(|sku| !held.contains(sku));
            let short: BTreeSet<SkuIndex> = needed.filter(|sku| self.available(**sku) < 1).copied().collect();
            if !short.is_empty() {
                if target == 0 {
                    self.refusals.entry((request.walker, request.order)).or_insert(short);
                }
                continue;
            }
            let mut grants = walker.grants.clone();
            if let Some(grant) = grants.get_mut(request.order) {
                *grant = target;
            }
            let answer = self.answer(&case, &grants);
            let is_taken = answer.positions.get(request.order) == Some(&Position::Target(target));
            if is_taken && answer.held.difference(&held).all(|sku| self.available(*sku) >= 1) {
                self.accept(request.walker, grants, answer);
                return true;
            }
        }
        false
    }

    /// Bundles that would give up what they have for something else: whether some of them can all change
    /// at once, although none can alone. The last in the order are left out until the rest fits.
    fn try_ring(&mut self, requests: &[Request]) -> bool {
        let mut swaps: Vec<Request> =
            requests.iter().copied().filter(|request| self.is_swap(*request)).collect();
        while !swaps.is_empty() {
            let mut trials: BTreeMap<usize, Grants> = BTreeMap::new();
            for swap in &swaps {
                let Some(walker) = self.seekers.get(swap.walker) else { continue };
                let grants = trials.entry(swap.walker).or_insert_with(|| walker.grants.clone());
                if let Some(grant) = grants.get_mut(swap.order) {
                    *grant = 0;
                }
            }
            let answers: Vec<(usize, Grants, Rc<Resolution>)> = trials
                .into_iter()
                .filter_map(|(walker, grants)| {
                    let case = Rc::clone(&self.seekers.get(walker)?.seeker.case);
                    let answer = self.answer(&case, &grants);
                    Some((walker, grants, answer))
                })
                .collect();
            let overfull = self.overfull(&answers);
            if overfull.is_empty() {
                let gains = answers.iter().any(|(walker, _, answer)| {
                    self.seekers.get(*walker).is_some_and(|one| one.answer.held != answer.held)
                });
                for (walker, grants, answer) in answers {
                    self.accept(walker, grants, answer);
                }
                return gains;
            }
            let takes = |request: &Request| {
                let answer = answers.iter().find(|(walker, ..)| *walker == request.walker);
                let before = self.seekers.get(request.walker).map(|one| &one.answer.held);
                answer.zip(before).is_some_and(|((.., answer), before)| {
                    answer.held.difference(before).any(|sku| overfull.contains(sku))
                })
            };
            let Some(last) = swaps.iter().rposition(takes) else { return false };
            swaps.remove(last);
        }
        false
    }

    /// Whether a bundle has something in force that it would give up.
    fn is_swap(&self, request: Request) -> bool {
        let Some(walker) = self.seekers.get(request.walker) else { return false };
        let candidate = walker.seeker.case.question.candidates.get(request.order);
        let holds = candidate.is_some_and(|one| !one.in_force.is_empty());
        let is_lesser = matches!(walker.answer.positions.get(request.order), Some(Position::Target(1..)));
        let held_for_it = walker.seeker.case.question.candidates.iter().any(|one| one.may_hold);
        (holds || is_lesser || held_for_it) && walker.grants.get(request.order) != Some(&0)
    }

    /// Products of which some take seats and that would have more in use than there are.
    fn overfull(&self, answers: &[(usize, Grants, Rc<Resolution>)]) -> BTreeSet<SkuIndex> {
        let mut change: BTreeMap<SkuIndex, i64> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (walker, _, answer) in answers {
            let Some(one) = self.seekers.get(*walker) else { continue };
            for sku in answer.held.difference(&one.answer.held) {
                *change.entry(*sku).or_default() += 1;
                taken.insert(*sku);
            }
            for sku in one.answer.held.difference(&answer.held) {
                *change.entry(*sku).or_default() -= 1;
            }
        }
        let net = |sku: &SkuIndex| change.get(sku).copied().unwrap_or_default();
        taken.into_iter().filter(|sku| self.available(*sku) < net(sku)).collect()
    }

    fn accept(&mut self, walker: usize, grants: Grants, answer: Rc<Resolution>) {
        let Some(before) = self.seekers.get(walker).map(|one| Rc::clone(&one.answer)) else { return };
        self.count(&before.held, &answer.held);
        if let Some(one) = self.seekers.get_mut(walker) {
            (one.grants, one.answer) = (grants, answer);
        }
    }

    fn count(&mut self, before: &BTreeSet<SkuIndex>, after: &BTreeSet<SkuIndex>) {
        for sku in after.difference(before) {
            *self.use_now.entry(*sku).or_default() += 1;
        }
        for sku in before.difference(after) {
            *self.use_now.entry(*sku).or_default() -= 1;
        }
    }

    /// Seats left; negative if more are in use than there are.
    fn available(&self, sku: SkuIndex) -> i64 {
        let change = self.use_now.get(&sku).copied().unwrap_or_default();
        let used = (self.consumed)(sku).saturating_add_signed(change);
        let signed = |seats: u64| i64::try_from(seats).unwrap_or(i64::MAX);
        signed(self.rules.catalog.pool(sku).capacity).saturating_sub(signed(used))
    }

    fn answer(&mut self, case: &Case, grants: &Grants) -> Rc<Resolution> {
        let key = (case.number, grants.clone());
        let found = self.known.entry(key);
        Rc::clone(found.or_insert_with(|| Rc::new(resolve(self.rules, &case.question, grants))))
    }
}

/// A part of the order in which seats are given.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SeatRank {
    Priority(std::cmp::Reverse<i64>),
    Since(Option<Moment>),
}
