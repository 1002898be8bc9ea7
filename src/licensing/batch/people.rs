//! The users of a batch: which are looked at, and what the resolver has to say of them. Users who are alike
//! are one crowd, and crowds with one question are one case.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::{SignedDuration, Timestamp};
use roaring::{MultiOps, RoaringBitmap};

use crate::base::limits::DELETED_USER_DAYS;
use crate::licensing::candidate::{Question, Rules, Standing, wanted_from};
use crate::licensing::catalog::{Country, SkuIndex};
use crate::licensing::draft::{Draft, State, Tries};
use crate::licensing::intent::{GroupIndex, User};
use crate::licensing::outcome::Outcome;
use crate::licensing::plan_set::PlanSet;
use crate::licensing::records::{cleared, kept_for_deleted};
use crate::licensing::registers::{Account, Trait};
use crate::licensing::resolve::{all_granted, resolve};
use crate::licensing::roll::{Roll, each};
use crate::licensing::seats::Case;

/// The users of a batch.
pub(super) struct People<'a> {
    pub(super) draft: &'a Draft<'a>,
    pub(super) rules: &'a Rules<'a>,
    pub(super) crowds: Vec<Crowd>,
    /// Which user is in which crowd.
    pub(super) roll: Roll,
    pub(super) cases: Vec<Case>,
    numbers: HashMap<Key, usize>,
    /// Countries where some plan may not be used.
    countries: BTreeSet<Country>,
    /// What is left of users who were deleted, by the address of the outcome that they had and
    /// whether they keep seats.
    left: HashMap<(usize, bool), Arc<Outcome>>,
    /// By how many deleted users change the seats in use.
    freed: BTreeMap<SkuIndex, i64>,
}

/// Users who are alike, before the batch and as its events left them.
pub(super) struct Crowd {
    /// How many users these are.
    pub(super) size: u64,
    pub(super) state: State,
    pub(super) fate: Fate,
}

/// What is done with a crowd.
pub(super) enum Fate {
    /// Nothing has changed for it when all events are over.
    Idles,
    /// It seeks what it asks for: the number of its case.
    Seeks(usize),
    /// It was deleted, and this is left.
    Cleared(Arc<Outcome>),
}

/// What a crowd's question depends on: crowds with equal keys have equal questions. The outcome stands
/// for itself by its address, which holds as long as the draft does.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    outcome: usize,
    former: usize,
    kept: Vec<SkuIndex>,
    tries: Tries,
    location: Whereabouts,
    has_address_conflict: bool,
    /// In the order in which they were asked for.
    groups: Vec<GroupIndex>,
    left: Vec<(GroupIndex, Timestamp)>,
    direct: Vec<(SkuIndex, PlanSet)>,
}

/// What a location means to licenses.
#[derive(PartialEq, Eq, Hash)]
enum Whereabouts {
    Unknown,
    /// A country where some plan is prohibited.
    At(Country),
    /// One of the others, which are all alike.
    Elsewhere,
}

impl<'a> People<'a> {
    /// Users about whom something changed; with them those who wait for a seat that may become free.
    pub(super) fn of(draft: &'a Draft<'a>, rules: &'a Rules<'a>) -> Self {
        let mut people = Self {
            draft,
            rules,
            crowds: Vec::new(),
            roll: Roll::default(),
            cases: Vec::new(),
            numbers: HashMap::new(),
            countries: rules.catalog.countries(),
            left: HashMap::new(),
            freed: BTreeMap::new(),
        };
        let (roll, states) = draft.classes();
        people.add(roll, states);
        if rules.policy.capacity_retry_auto {
            while people.add_waiting() {}
        }
        people
    }

    fn add(&mut self, roll: Roll, states: Vec<State>) {
        let first = self.crowds.len();
        let sizes = roll.sizes(states.len());
        for (state, size) in states.into_iter().zip(sizes) {
            let fate = match state.user.deleted_at {
                _ if !state.is_dirty() => Fate::Idles,
                Some(deleted_at) => Fate::Cleared(self.clear(size, &state, deleted_at)),
                None => Fate::Seeks(0),
            };
            self.crowds.push(Crowd { size, state, fate });
        }
        if first == 0 {
            self.roll = roll;
        } else {
            self.roll.merge(roll.moved(first));
        }
        self.find_cases(&(first..self.crowds.len()).collect::<Vec<_>>());
    }

    /// What is left of users who were deleted.
    fn clear(&mut self, users: u64, state: &State, deleted_at: Timestamp) -> Arc<Outcome> {
        let keeps = self.keeps_seats(&state.user, deleted_at);
        let rules = self.rules;
        let known = self.left.entry((Arc::as_ptr(&state.outcome) as usize, keeps));
        let left = Arc::clone(known.or_insert_with(|| {
            let make = if keeps { kept_for_deleted } else { cleared };
            Arc::new(make(rules, &state.outcome))
        }));
        for sku in (&state.outcome.held() | &state.kept).difference(&left.held()) {
            *self.freed.entry(*sku).or_default() -= i64::try_from(users).unwrap_or(i64::MAX);
        }
        left
    }

    /// Whether a deleted user's seats are not yet free.
    fn keeps_seats(&self, user: &User, deleted_at: Timestamp) -> bool {
        let end = deleted_at.checked_add(SignedDuration::from_hours(24 * DELETED_USER_DAYS));
        let is_gone = user.memberships.is_empty() && user.direct.is_empty();
        self.rules.policy.hold_deleted_seats && !is_gone && end.is_ok_and(|end| self.rules.now.time < end)
    }

    /// Gives crowds their cases; questions that are new are answered, with seats for all.
    fn find_cases(&mut self, crowds: &[usize]) {
        let seeking: Vec<(usize, &State)> = crowds
            .iter()
            .filter_map(|at| Some((*at, self.crowds.get(*at)?)))
            .filter(|(_, crowd)| matches!(crowd.fate, Fate::Seeks(_)))
            .map(|(at, crowd)| (at, &crowd.state))
            .collect();
        let keys = each(&seeking, |(_, state)| key(self.rules, &self.countries, state));
        let mut new: Vec<(usize, &State)> = Vec::new();
        let mut found: Vec<(usize, usize)> = Vec::new();
        for ((at, state), key) in seeking.into_iter().zip(keys) {
            let next = self.cases.len() + new.len();
            let number = *self.numbers.entry(key).or_insert(next);
            if number == next {
                new.push((number, state));
            }
            found.push((at, number));
        }
        let cases = each(&new, |(number, state)| {
            let question = Question::of(self.rules, state);
            let full = Arc::new(resolve(self.rules, &question, &all_granted(&question)));
            Case { number: *number, question, full }
        });
        self.cases.extend(cases);
        for (at, number) in found {
            if let Some(crowd) = self.crowds.get_mut(at) {
                crowd.fate = Fate::Seeks(number);
            }
        }
    }

    /// Adds users who wait for a product of which a seat may become free; whether there were any.
    fn add_waiting(&mut self) -> bool {
        let products = self.products_with_seats();
        let registers = &self.draft.tenant.registers;
        let waiting: Vec<&RoaringBitmap> = products
            .iter()
            .map(|sku| registers.users(Trait::Waits(*sku)))
            .filter(|users| !users.is_empty())
            .collect();
        if waiting.is_empty() {
            return false;
        }
        let mut woken = Vec::new();
        for (at, crowd) in self.crowds.iter_mut().enumerate() {
            let sleeps = match crowd.fate {
                Fate::Idles => crowd.state.user.deleted_at.is_none(),
                Fate::Seeks(_) => crowd.state.tries < Tries::All,
                Fate::Cleared(_) => false,
            };
            if sleeps && !crowd.state.before.outcome.waiting().is_disjoint(&products) {
                crowd.state.tries = Tries::All;
                crowd.fate = Fate::Seeks(0);
                woken.push(at);
            }
        }
        let others = waiting.into_iter().union() - self.roll.users(|_| true);
        let (roll, accounts) = self.draft.tenant.classes_of(&others);
        let state = |account: Account| {
            let forced = account.user.deleted_at.is_none();
            State { forced, tries: Tries::All, ..State::of(account) }
        };
        let is_more = !woken.is_empty() || !others.is_empty();
        self.find_cases(&woken);
        self.add(roll, accounts.into_iter().map(state).collect());
        is_more
    }

    /// Products of which a seat may become free.
    fn products_with_seats(&self) -> BTreeSet<SkuIndex> {
        let mut products: BTreeSet<SkuIndex> =
            self.draft.catalog.skus().filter(|sku| self.left_now(*sku) > self.left_before(*sku)).collect();
        let mut seen = vec![false; self.cases.len()];
        for crowd in &self.crowds {
            let Fate::Seeks(number) = crowd.fate else { continue };
            let (Some(case), Some(seen)) = (self.cases.get(number), seen.get_mut(number)) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            let question = &case.question;
            products.extend(question.held.difference(&case.full.held).copied());
            let moving = question.candidates.iter().filter(|one| one.standing == Standing::Moving);
            products.extend(moving.flat_map(|one| one.in_force.keys().copied()));
        }
        products
    }

    fn left_now(&self, sku: SkuIndex) -> i128 {
        i128::from(self.draft.catalog.pool(sku).capacity) - i128::from(self.consumed(sku))
    }

    fn left_before(&self, sku: SkuIndex) -> i128 {
        let tenant = self.draft.tenant;
        i128::from(tenant.catalog.pool(sku).capacity) - i128::from(tenant.consumed(sku))
    }

    /// Seats in use before any seeker gets or gives one.
    pub(super) fn consumed(&self, sku: SkuIndex) -> u64 {
        self.draft.consumed(sku).saturating_add_signed(self.freed.get(&sku).copied().unwrap_or_default())
    }
}

fn key(rules: &Rules<'_>, countries: &BTreeSet<Country>, state: &State) -> Key {
    let user = &*state.user;
    let whereabouts = |country| {
        if countries.contains(&country) { Whereabouts::At(country) } else { Whereabouts::Elsewhere }
    };
    let mut groups: Vec<GroupIndex> = user.memberships.keys().copied().collect();
    if groups.len() > 1 {
        groups.sort_by_cached_key(|group| {
            let at = group.0 as usize;
            let priority = rules.settings.get(at).map_or(0, |one| one.priority);
            let id = rules.groups.get(at).map(|group| group.id.as_str());
            (Reverse(priority), wanted_from(rules.groups, user, *group), id)
        });
    }
    Key {
        outcome: Arc::as_ptr(&state.outcome) as usize,
        former: Arc::as_ptr(&state.before.outcome) as usize,
        kept: state.kept.iter().copied().collect(),
        tries: state.tries,
        location: rules.location(user).map_or(Whereabouts::Unknown, whereabouts),
        has_address_conflict: user.has_address_conflict,
        groups,
        left: user.left.iter().map(|(group, left)| (*group, left.time)).collect(),
        direct: user.direct.iter().map(|(sku, one)| (*sku, one.disabled.clone())).collect(),
    }
}
