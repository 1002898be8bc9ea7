//! Who gets a seat when there are not enough.
//!
//! Where everything that is wanted fits, everything is given, so that swaps between full pools work out.
//! Otherwise seats are given to one bundle after the other, each with all of its seats or none.

mod order;
mod ring;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use self::walk::Walk;
use super::candidate::{Question, Rules, Standing};
use super::catalog::SkuIndex;
use super::intent::User;
use super::records::Refusals;
use super::resolve::Resolution;
use super::roll::Roll;
use super::tenant::UserIds;

/// Users with one question, and its answer with all seats granted.
pub(super) struct Case {
    /// Its place among the cases of a batch.
    pub(super) number: usize,
    pub(super) question: Question,
    pub(super) full: Arc<Resolution>,
}

/// Users who are alike, with their case.
#[derive(Clone, Copy)]
pub(super) struct Seeker<'u> {
    /// The number of their crowd.
    pub(super) crowd: usize,
    /// How many users these are.
    pub(super) size: u64,
    pub(super) user: &'u User,
    pub(super) case: &'u Case,
}

/// Who got what.
#[derive(Default)]
pub(super) struct Allotment {
    pub(super) parts: Vec<Part>,
    /// The parts of users whose crowd is no part as a whole, in the order of their ordinals.
    pub(super) walkers: Vec<usize>,
    /// By how many the seats in use changed, of the products that came up.
    changes: BTreeMap<SkuIndex, i64>,
}

/// Users of a seeker who got the same.
pub(super) struct Part {
    /// The seeker's place.
    pub(super) seeker: usize,
    /// Whether these are all users of the seeker.
    pub(super) is_whole: bool,
    /// How many users these are.
    pub(super) size: u64,
    /// `None` if it is the answer of the case.
    pub(super) answer: Option<Arc<Resolution>>,
    /// By candidate, the products that had no seat left when it was their turn.
    pub(super) refusals: Refusals,
}

impl Allotment {
    /// By how many the seats in use of a product changed.
    pub(super) fn use_change(&self, sku: SkuIndex) -> i64 {
        self.changes.get(&sku).copied().unwrap_or_default()
    }

    fn count(&mut self, users: u64, before: &BTreeSet<SkuIndex>, after: &BTreeSet<SkuIndex>) {
        let users = signed(users);
        for sku in after.difference(before) {
            *self.changes.entry(*sku).or_default() += users;
        }
        for sku in before.difference(after) {
            *self.changes.entry(*sku).or_default() -= users;
        }
    }
}

/// Gives seats. `roll` tells which users are in which crowd, `consumed` how many seats are in use without any
/// of the changes that are asked for.
pub(super) fn allot(
    rules: &Rules<'_>,
    seekers: &[Seeker<'_>],
    roll: &Roll,
    ids: &dyn UserIds,
    consumed: &dyn Fn(SkuIndex) -> u64,
) -> Allotment {
    let mut cases: Vec<(&Case, u64)> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for Seeker { case, size, .. } in seekers {
        let place = *places.entry(case.number).or_insert_with(|| {
            cases.push((case, 0));
            cases.len() - 1
        });
        if let Some((_, users)) = cases.get_mut(place) {
            *users += size;
        }
    }
    let short = short_products(rules, &cases, consumed);
    let scarce = scarce_products(rules, &cases, &short, consumed);
    let mut allotment = Allotment::default();
    let mut walking: HashSet<usize> = HashSet::new();
    for (case, size) in cases {
        // Who is new to all of it and takes only what there is enough of gets it, whoever comes first.
        let wants = if case.full.is_free { &scarce } else { &short };
        if products(&case.question).any(|sku| wants.contains(&sku)) {
            walking.insert(case.number);
        } else {
            allotment.count(size, &case.question.held, &case.full.held);
        }
    }
    let mut competing = Vec::new();
    for (seeker, one) in seekers.iter().enumerate() {
        if walking.contains(&one.case.number) {
            competing.push(seeker);
        } else {
            let (size, refusals) = (one.size, Refusals::new());
            allotment.parts.push(Part { seeker, is_whole: true, size, answer: None, refusals });
        }
    }
    if !competing.is_empty() {
        let left = |sku| {
            let used = consumed(sku).saturating_add_signed(allotment.use_change(sku));
            signed(rules.catalog.pool(sku).capacity).saturating_sub(signed(used))
        };
        let mut walk = Walk::new(rules, seekers, &competing, roll, left);
        walk.give(ids);
        walk.finish(&mut allotment);
    }
    allotment
}

fn signed(seats: u64) -> i64 {
    i64::try_from(seats).unwrap_or(i64::MAX)
}

/// All products of the sets in which not everything fits. Products that a user gives or takes together
/// are in one set, because a seat of one may depend on a seat of the other.
fn short_products(
    rules: &Rules<'_>,
    cases: &[(&Case, u64)],
    consumed: &dyn Fn(SkuIndex) -> u64,
) -> BTreeSet<SkuIndex> {
    let mut sets = Sets { parents: rules.catalog.skus().collect() };
    // By product, the change of seats in use, and whether anyone takes one.
    let mut changes: Vec<(i64, bool)> = vec![(0, false); sets.parents.len()];
    let mut count = |sku: &SkuIndex, users: i64, takes: bool| {
        if let Some(change) = changes.get_mut(sku.0 as usize) {
            *change = (change.0 + users, change.1 | takes);
        }
    };
    for (case, size) in cases {
        sets.join(products(&case.question));
        let users = signed(*size);
        case.full.held.difference(&case.question.held).for_each(|sku| count(sku, users, true));
        case.question.held.difference(&case.full.held).for_each(|sku| count(sku, -users, false));
    }
    let overfull = |(sku, (change, is_taken)): (SkuIndex, &(i64, bool))| {
        let is_over = || consumed(sku).saturating_add_signed(*change) > rules.catalog.pool(sku).capacity;
        (*is_taken && is_over()).then(|| sets.root(sku))
    };
    let roots: BTreeSet<SkuIndex> = rules.catalog.skus().zip(&changes).filter_map(overfull).collect();
    rules.catalog.skus().filter(|sku| roots.contains(&sets.root(*sku))).collect()
}

/// Those of the short products of which there would not be enough if everyone who may come to take one did.
fn scarce_products(
    rules: &Rules<'_>,
    cases: &[(&Case, u64)],
    short: &BTreeSet<SkuIndex>,
    consumed: &dyn Fn(SkuIndex) -> u64,
) -> BTreeSet<SkuIndex> {
    if short.is_empty() {
        return BTreeSet::new();
    }
    let mut newcomers: BTreeMap<SkuIndex, u64> = BTreeMap::new();
    for (case, size) in cases {
        let held = &case.question.held;
        let may_take: BTreeSet<SkuIndex> =
            products(&case.question).filter(|sku| !held.contains(sku)).collect();
        for sku in may_take {
            *newcomers.entry(sku).or_default() += size;
        }
    }
    let enough = |sku: &&SkuIndex| {
        let newcomers = newcomers.get(sku).copied().unwrap_or_default();
        consumed(**sku).saturating_add(newcomers) <= rules.catalog.pool(**sku).capacity
    };
    short.iter().filter(|sku| !enough(sku)).copied().collect()
}

/// The products that a user may come to take or give.
fn products(question: &Question) -> impl Iterator<Item = SkuIndex> + '_ {
    let moving = question.candidates.iter().filter(|one| one.standing == Standing::Moving);
    moving.flat_map(|one| one.targets.iter().flat_map(BTreeMap::keys).chain(one.in_force.keys()).copied())
}

/// Disjoint sets of products.
struct Sets {
    /// By product, another one of its set, or itself.
    parents: Vec<SkuIndex>,
}

impl Sets {
    fn root(&self, mut sku: SkuIndex) -> SkuIndex {
        while let Some(parent) = self.parents.get(sku.0 as usize).filter(|parent| **parent != sku) {
            sku = *parent;
        }
        sku
    }

    fn join(&mut self, mut skus: impl Iterator<Item = SkuIndex>) {
        let Some(first) = skus.next() else { return };
        let target = self.root(first);
        for sku in skus {
            let root = self.root(sku);
            if let Some(parent) = self.parents.get_mut(root.0 as usize) {
                *parent = target;
            }
        }
    }
}
