//! The users of a batch: which are looked at, and what each ends up with.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::base::limits::DELETED_USER_DAYS;
use crate::licensing::candidate::{Question, Rules, wanted_since};
use crate::licensing::catalog::{Country, SkuIndex};
use crate::licensing::change::{OutcomeChange, UserChange};
use crate::licensing::draft::Draft;
use crate::licensing::intent::{DirectLicense, GroupIndex, User, UserIndex, Version};
use crate::licensing::outcome::{Outcome, Source};
use crate::licensing::plan_set::PlanSet;
use crate::licensing::records::{Refusals, Settlement, cleared, kept_for_deleted, settle};
use crate::licensing::resolve::{Resolution, all_granted, resolve};
use crate::licensing::seats::{Allotment, Case, Seeker, allot};
use crate::licensing::tenant::UserIds;

/// What users end up with.
pub(super) struct Settled {
    pub(super) changes: Vec<UserChange>,
    /// Users who differ from those of the tenant.
    pub(super) users: BTreeMap<UserIndex, User>,
    /// Outcomes that differ from those of the tenant.
    pub(super) outcomes: BTreeMap<UserIndex, Arc<Outcome>>,
}

/// The users of a batch.
pub(super) struct People<'a> {
    draft: &'a Draft<'a>,
    rules: &'a Rules<'a>,
    seekers: BTreeMap<UserIndex, Seeker<'a>>,
    /// Those of them for whom nothing that failed is tried again.
    unhealed: BTreeSet<UserIndex>,
    /// Users who were deleted, with what is left.
    cleared: BTreeMap<UserIndex, Arc<Outcome>>,
    cases: HashMap<Key, Rc<Case>>,
    /// By how many deleted users change the seats in use.
    freed: BTreeMap<SkuIndex, i64>,
}

/// What a user's question depends on: users with equal keys have equal questions. The outcome stands
/// for itself by its address, which holds as long as the draft does.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    outcome: usize,
    retries: bool,
    location: Option<Country>,
    has_address_conflict: bool,
    /// In the order in which they were asked for.
    groups: Vec<GroupIndex>,
    left: Vec<(GroupIndex, Timestamp)>,
    direct: Vec<(SkuIndex, PlanSet)>,
}

impl<'a> People<'a> {
    /// Users about whom something changed; with them those who wait for a seat that may become free.
    pub(super) fn of(draft: &'a Draft<'a>, rules: &'a Rules<'a>) -> Self {
        let mut people = Self {
            draft,
            rules,
            seekers: BTreeMap::new(),
            unhealed: BTreeSet::new(),
            cleared: BTreeMap::new(),
            cases: HashMap::new(),
            freed: BTreeMap::new(),
        };
        for index in draft.dirty() {
            let retries = draft.marks.get(&index).is_some_and(|mark| mark.retries);
            people.add(index, retries);
        }
        if rules.policy.capacity_retry_auto {
            while people.add_waiting() {}
        }
        people
    }

    fn add(&mut self, index: UserIndex, retries: bool) {
        let Some(user) = self.draft.user(index) else { return };
        let outcome = self.draft.outcome(index);
        if let Some(deleted_at) = user.deleted_at {
            let left = if self.keeps_seats(user, deleted_at) {
                kept_for_deleted(self.rules, &outcome)
            } else {
                cleared(self.rules, &outcome)
            };
            for sku in outcome.held().difference(&left.held()) {
                *self.freed.entry(*sku).or_default() -= 1;
            }
            self.cleared.insert(index, Arc::new(left));
            return;
        }
        let key = self.key(user, &outcome, retries);
        let number = self.cases.len();
        let rules = self.rules;
        let case = self.cases.entry(key).or_insert_with(|| {
            let question = Question::of(rules, user, &outcome, retries);
            let full = Rc::new(resolve(rules, &question, &all_granted(&question)));
            Rc::new(Case { number, question, full })
        });
        let case = Rc::clone(case);
        if retries {
            self.unhealed.remove(&index);
        } else {
            self.unhealed.insert(index);
        }
        self.seekers.insert(index, Seeker { index, user, case });
    }

    /// Whether a deleted user's seats are not yet free.
    fn keeps_seats(&self, user: &User, deleted_at: Timestamp) -> bool {
        let end = deleted_at.checked_add(SignedDuration::from_hours(24 * DELETED_USER_DAYS));
        let is_gone = user.memberships.is_empty() && user.direct.is_empty();
        self.rules.policy.hold_deleted_seats && !is_gone && end.is_ok_and(|end| self.rules.now.time < end)
    }

    fn key(&self, user: &User, outcome: &Arc<Outcome>, retries: bool) -> Key {
        let rank = |group: &GroupIndex| {
            let at = group.0 as usize;
            let (known, settings) = (self.rules.groups.get(at), self.rules.settings.get(at));
            let template = known.map(|group| group.version()).unwrap_or_default();
            let since = wanted_since(self.rules.groups, user, Source::Group(*group), &template);
            (
                std::cmp::Reverse(settings.map_or(0, |one| one.priority)),
                since,
                known.map(|group| group.id.as_str()),
            )
        };
        let mut groups: Vec<GroupIndex> = user.memberships.keys().copied().collect();
        if groups.len() > 1 {
            groups.sort_by_cached_key(rank);
        }
        Key {
            outcome: Arc::as_ptr(outcome) as usize,
            retries,
            location: user.location,
            has_address_conflict: user.has_address_conflict,
            groups,
            left: user.left.iter().map(|(group, left)| (*group, left.time)).collect(),
            direct: user.direct.iter().map(|(sku, one)| (*sku, one.disabled.clone())).collect(),
        }
    }

    /// Adds users who wait for a product of which a seat may become free; whether there were any.
    fn add_waiting(&mut self) -> bool {
        let mut products: BTreeSet<SkuIndex> =
            self.draft.catalog.skus().filter(|sku| self.left_now(*sku) > self.left_before(*sku)).collect();
        let mut seen = BTreeSet::new();
        for seeker in self.seekers.values().filter(|seeker| seen.insert(seeker.case.number)) {
            let question = &seeker.case.question;
            products.extend(question.held.difference(&seeker.case.full.held).copied());
            let moving = question
                .candidates
                .iter()
                .filter(|one| one.standing == crate::licensing::candidate::Standing::Moving);
            products.extend(moving.flat_map(|one| one.in_force.keys().copied()));
        }
        let waiting = &self.draft.tenant.registers.waiting;
        let users = products.iter().filter_map(|sku| waiting.get(sku)).flatten().map(UserIndex);
        let new: BTreeSet<UserIndex> = users
            .filter(|index| !self.seekers.contains_key(index) || self.unhealed.contains(index))
            .filter(|index| !self.cleared.contains_key(index))
            .filter(|index| self.draft.user(*index).is_some_and(|user| user.deleted_at.is_none()))
            .collect();
        for index in &new {
            self.add(*index, true);
        }
        !new.is_empty()
    }

    fn left_now(&self, sku: SkuIndex) -> i128 {
        i128::from(self.draft.catalog.pool(sku).capacity) - i128::from(self.consumed(sku))
    }

    fn left_before(&self, sku: SkuIndex) -> i128 {
        let tenant = self.draft.tenant;
        i128::from(tenant.catalog.pool(sku).capacity) - i128::from(tenant.consumed(sku))
    }

    /// Seats in use before any seeker gets or gives one.
    fn consumed(&self, sku: SkuIndex) -> u64 {
        self.draft.consumed(sku).saturating_add_signed(self.freed.get(&sku).copied().unwrap_or_default())
    }

    /// Gives seats, and writes down what everyone has.
    pub(super) fn settle(self, ids: &dyn UserIds) -> Settled {
        let seekers: Vec<Seeker<'_>> = self.seekers.values().cloned().collect();
        let allotment = allot(self.rules, &seekers, ids, &|sku| self.consumed(sku));
        let mut books =
            Books { people: &self, allotment: &allotment, known: HashMap::new(), compared: HashMap::new() };
        let mut settled = Settled { changes: Vec::new(), users: BTreeMap::new(), outcomes: BTreeMap::new() };
        for seeker in &seekers {
            let settlement = books.settlement(seeker);
            let (outcome, converted) = (Arc::clone(&settlement.0), &settlement.1);
            books.enter(&mut settled, seeker.index, outcome, converted);
        }
        for (index, outcome) in &self.cleared {
            books.enter(&mut settled, *index, Arc::clone(outcome), &Version::new());
        }
        settled.changes.sort_by_key(|change| change.user);
        settled
    }
}

type Settlements = HashMap<(usize, Option<*const Resolution>, Refusals), Rc<(Arc<Outcome>, Version)>>;

/// Writes down outcomes, each distinct one once.
struct Books<'p, 'a> {
    people: &'p People<'a>,
    allotment: &'p Allotment,
    known: Settlements,
    compared: HashMap<(*const Outcome, *const Outcome), Option<Arc<OutcomeChange>>>,
}

impl Books<'_, '_> {
    fn settlement(&mut self, seeker: &Seeker<'_>) -> Rc<(Arc<Outcome>, Version)> {
        let own = self.allotment.answers.get(&seeker.index);
        let of_user = (seeker.index, 0)..=(seeker.index, usize::MAX);
        let refusals: Refusals = match own {
            Some(_) => self
                .allotment
                .refusals
                .range(of_user)
                .map(|((_, order), skus)| (*order, skus.clone()))
                .collect(),
            None => Refusals::new(),
        };
        let key = (seeker.case.number, own.map(Rc::as_ptr), refusals);
        if let Some(known) = self.known.get(&key) {
            return Rc::clone(known);
        }
        let (rules, people) = (self.people.rules, self.people);
        let is_short = |sku: SkuIndex| {
            let used = self.allotment.consumed.get(&sku).copied().unwrap_or_else(|| people.consumed(sku));
            used >= rules.catalog.pool(sku).capacity
        };
        let answer = own.unwrap_or(&seeker.case.full);
        let Settlement { outcome, converted } =
            settle(rules, &seeker.case.question, answer, &key.2, &is_short);
        let former = &seeker.case.question.outcome;
        let outcome = if **former == outcome { Arc::clone(former) } else { Arc::new(outcome) };
        let settlement = Rc::new((outcome, converted));
        self.known.insert(key, Rc::clone(&settlement));
        settlement
    }

    /// Enters what a user has, if it differs from what they had.
    fn enter(&mut self, settled: &mut Settled, index: UserIndex, outcome: Arc<Outcome>, converted: &Version) {
        let draft = self.people.draft;
        let (Some(before), Some(user)) = (draft.tenant.outcomes.get(index.0 as usize), draft.user(index))
        else {
            return;
        };
        let mut user = user.clone();
        for (sku, disabled) in converted {
            let since = user.direct.get(sku).map_or(draft.now, |direct| direct.since);
            user.direct.insert(*sku, DirectLicense { disabled: disabled.clone(), since });
        }
        user.left
            .retain(|group, _| outcome.records.iter().any(|record| record.source == Source::Group(*group)));
        if draft.tenant.user(index) != Some(&user) {
            settled.users.insert(index, user);
        }
        if Arc::ptr_eq(before, &outcome) && Arc::ptr_eq(&draft.catalog, &draft.tenant.catalog) {
            return;
        }
        let rules = self.people.rules;
        let pair = (Arc::as_ptr(before), Arc::as_ptr(&outcome));
        let change = self.compared.entry(pair).or_insert_with(|| {
            let change = OutcomeChange::between((rules.catalog_before, before), (rules.catalog, &outcome));
            change.map(Arc::new)
        });
        if let Some(change) = change.clone() {
            let causes = draft.marks.get(&index).map_or_else(|| [].into(), |mark| draft.ids(&mark.causes));
            settled.changes.push(UserChange { user: index, change, causes });
        }
        if **before != *outcome {
            settled.outcomes.insert(index, outcome);
        }
    }
}
