//! What everyone ends up with, each distinct outcome and each distinct change worked out once.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use super::people::{Fate, People};
use crate::licensing::catalog::{Catalog, SkuIndex};
use crate::licensing::change::{ClassChange, OutcomeChange};
use crate::licensing::draft::{Draft, State, drop_what_is_gone};
use crate::licensing::intent::{DirectLicense, User, Version};
use crate::licensing::outcome::{Outcome, Source};
use crate::licensing::records::{Refusals, settle};
use crate::licensing::registers::{Account, Move};
use crate::licensing::resolve::Resolution;
use crate::licensing::roll::{Roll, each};
use crate::licensing::seats::{Allotment, Case, Seeker, allot};
use crate::licensing::tenant::UserIds;

/// What everyone ends up with.
pub(super) struct Books {
    pub(super) entries: Vec<Entry>,
    /// Which user ends up with which entry.
    pub(super) roll: Roll,
}

/// Users who end up alike.
pub(super) struct Entry {
    /// How many users these are.
    pub(super) size: u64,
    /// As events left them.
    pub(super) state: Arc<State>,
    /// What is known of them when the batch is over.
    pub(super) user: Arc<User>,
    pub(super) outcome: Arc<Outcome>,
    pub(super) change: Option<Arc<OutcomeChange>>,
}

impl Books {
    /// Gives seats, and writes down what everyone has.
    pub(super) fn of(people: People<'_>, ids: &dyn UserIds) -> Self {
        let mut seekers: Vec<Seeker<'_>> = Vec::new();
        for (number, crowd) in people.crowds.iter().enumerate() {
            let Fate::Seeks(case) = crowd.fate else { continue };
            let Some(case) = people.cases.get(case) else { continue };
            seekers.push(Seeker { crowd: number, size: crowd.size, user: &crowd.state.user, case });
        }
        let allotment = allot(people.rules, &seekers, &people.roll, ids, &|sku| people.consumed(sku));
        let (settlements, numbers) = settlements(&people, &seekers, &allotment);
        let crowds: Vec<usize> = seekers.into_iter().map(|seeker| seeker.crowd).collect();
        let (draft, rules) = (people.draft, people.rules);
        let mut entries: Vec<Entry> = Vec::new();
        let mut enter = |size, state: &Arc<State>, outcome: &Arc<Outcome>, converted: &Version| {
            let user = user_after(draft, state, outcome, converted);
            let (state, outcome) = (Arc::clone(state), Arc::clone(outcome));
            entries.push(Entry { size, state, user, outcome, change: None });
            entries.len() - 1
        };
        let mut states: Vec<Arc<State>> = Vec::new();
        let mut of_crowds: Vec<Place> = Vec::new();
        for crowd in people.crowds {
            let state = Arc::new(crowd.state);
            of_crowds.push(match &crowd.fate {
                Fate::Idles => Place::Nowhere,
                Fate::Seeks(_) => Place::Apart,
                Fate::Cleared(outcome) => Place::Entry(enter(crowd.size, &state, outcome, &Version::new())),
            });
            states.push(state);
        }
        let mut of_parts: Vec<usize> = Vec::new();
        for (part, number) in allotment.parts.iter().zip(numbers) {
            let crowd = crowds.get(part.seeker).copied().unwrap_or_default();
            let Some((state, (outcome, converted))) = states.get(crowd).zip(settlements.get(number)) else {
                continue;
            };
            let entry = enter(part.size, state, outcome, converted);
            if part.is_whole
                && let Some(place) = of_crowds.get_mut(crowd)
            {
                *place = Place::Entry(entry);
            }
            of_parts.push(entry);
        }
        let roll = entered(&people.roll, &of_crowds, &allotment, &of_parts);
        compare(draft, (rules.catalog_before, rules.catalog), &mut entries);
        Self { entries, roll }
    }

    /// The entries with changes, those together of which the same is to be told.
    pub(super) fn told(&self, draft: &Draft<'_>) -> Told<'_> {
        let mut ids: HashMap<&[usize], Arc<[String]>> = HashMap::new();
        let mut numbers: HashMap<(*const OutcomeChange, &[usize], bool), usize> = HashMap::new();
        let mut told = Told { roll: &self.roll, classes: Vec::new(), of_entries: Vec::new() };
        for entry in &self.entries {
            let (causes, lives) = (entry.state.causes.as_slice(), entry.user.deleted_at.is_none());
            told.of_entries.push(entry.change.as_ref().map(|change| {
                *numbers.entry((Arc::as_ptr(change), causes, lives)).or_insert_with(|| {
                    let ids = Arc::clone(ids.entry(causes).or_insert_with(|| draft.ids(causes)));
                    told.classes.push(Class { change, causes, ids, lives });
                    told.classes.len() - 1
                })
            }));
        }
        told
    }

    /// What the tenant takes over, by entry.
    pub(super) fn moves(self) -> (Roll, Vec<Move>) {
        let of = |entry: Entry| {
            let before = entry.state.before.clone();
            // What is the same as before is the very same, so that this can be seen at a glance.
            let user = if *before.user == *entry.user { Arc::clone(&before.user) } else { entry.user };
            let is_same = *before.outcome == *entry.outcome;
            let outcome = if is_same { Arc::clone(&before.outcome) } else { entry.outcome };
            Move { before, after: Account { user, outcome } }
        };
        (self.roll, self.entries.into_iter().map(of).collect())
    }
}

/// What is to be told of users.
pub(super) struct Told<'b> {
    roll: &'b Roll,
    pub(super) classes: Vec<Class<'b>>,
    /// By entry, its class, if anything is to be told.
    of_entries: Vec<Option<usize>>,
}

/// Users of whom the same is told.
pub(super) struct Class<'b> {
    pub(super) change: &'b Arc<OutcomeChange>,
    /// Events, by their place in the batch.
    pub(super) causes: &'b [usize],
    /// The ids of these events; classes with the same causes share them.
    pub(super) ids: Arc<[String]>,
    /// Whether they are not deleted.
    pub(super) lives: bool,
}

impl Told<'_> {
    /// So many sets of users: by class, the number of the set that its users are in.
    pub(super) fn sets(&self, count: usize, of_classes: &[Option<usize>]) -> Vec<RoaringBitmap> {
        let of_entry =
            |class: &Option<usize>| class.and_then(|class| of_classes.get(class).copied().flatten());
        let of_entries: Vec<Option<usize>> = self.of_entries.iter().map(of_entry).collect();
        self.roll.sets(count, &of_entries)
    }

    /// The changes, those together that are alike and have the same causes; by the first of their users.
    pub(super) fn changes(&self) -> Vec<ClassChange> {
        let mut numbers: HashMap<(*const OutcomeChange, *const [String]), usize> = HashMap::new();
        let mut found: Vec<(Arc<OutcomeChange>, Arc<[String]>)> = Vec::new();
        let mut of_classes: Vec<Option<usize>> = Vec::new();
        for Class { change, ids, .. } in &self.classes {
            of_classes.push(Some(*numbers.entry((Arc::as_ptr(change), Arc::as_ptr(ids))).or_insert_with(
                || {
                    found.push((Arc::clone(change), Arc::clone(ids)));
                    found.len() - 1
                },
            )));
        }
        let sets = self.sets(found.len(), &of_classes);
        let pairs = found.into_iter().zip(sets);
        let mut classes: Vec<ClassChange> =
            pairs.map(|((change, causes), users)| ClassChange { users, change, causes }).collect();
        classes.sort_by_key(|class| class.users.min());
        classes
    }
}

type Settlements = Vec<(Arc<Outcome>, Version)>;

/// The outcomes of all parts, with the licenses that become direct ones, and which of them is each part's.
fn settlements(
    people: &People<'_>,
    seekers: &[Seeker<'_>],
    allotment: &Allotment,
) -> (Settlements, Vec<usize>) {
    let mut numbers: HashMap<(usize, *const Resolution, &Refusals), usize> = HashMap::new();
    let mut jobs: Vec<(&Case, &Resolution, &Refusals)> = Vec::new();
    let mut of_parts = Vec::new();
    for part in &allotment.parts {
        let Some(seeker) = seekers.get(part.seeker) else { continue };
        let (case, answer) = (seeker.case, part.answer.as_ref().unwrap_or(&seeker.case.full));
        let number =
            *numbers.entry((case.number, Arc::as_ptr(answer), &part.refusals)).or_insert_with(|| {
                jobs.push((case, answer, &part.refusals));
                jobs.len() - 1
            });
        of_parts.push(number);
    }
    let rules = people.rules;
    let settlements = each(&jobs, |(case, answer, refusals)| {
        let is_short = |sku: SkuIndex| {
            let used = people.consumed(sku).saturating_add_signed(allotment.use_change(sku));
            used >= rules.catalog.pool(sku).capacity
        };
        let settlement = settle(rules, &case.question, answer, refusals, &is_short);
        let former = &case.question.outcome;
        let is_same = **former == settlement.outcome;
        let outcome = if is_same { Arc::clone(former) } else { Arc::new(settlement.outcome) };
        (outcome, settlement.converted)
    });
    (settlements, of_parts)
}

/// Where users of a crowd end up.
enum Place {
    /// They stay as they are.
    Nowhere,
    /// All in one entry.
    Entry(usize),
    /// Each in the entry of a part.
    Apart,
}

/// Which user ends up with which entry.
fn entered(crowds: &Roll, of_crowds: &[Place], allotment: &Allotment, of_parts: &[usize]) -> Roll {
    let mut roll = Roll::default();
    let mut walkers = allotment.walkers.iter();
    for (user, crowd) in crowds.iter() {
        let entry = match of_crowds.get(crowd) {
            Some(Place::Entry(entry)) => Some(*entry),
            Some(Place::Apart) => walkers.next().and_then(|part| of_parts.get(*part).copied()),
            Some(Place::Nowhere) | None => None,
        };
        if let Some(entry) = entry {
            roll.push(user, entry);
        }
    }
    roll
}

/// What is known of users once they have an outcome.
fn user_after(draft: &Draft<'_>, state: &State, outcome: &Outcome, converted: &Version) -> Arc<User> {
    let has_record = |group| outcome.records.iter().any(|record| record.source == Source::Group(group));
    if converted.is_empty() && state.user.left.keys().all(|group| has_record(*group)) {
        return Arc::clone(&state.user);
    }
    let mut user = User::clone(&state.user);
    for (sku, disabled) in converted {
        let since = user.direct.get(sku).map_or(draft.now, |direct| direct.since);
        if !user.direct.contains_key(sku) {
            user.converted.insert(*sku);
        }
        user.direct.insert(*sku, DirectLicense { disabled: disabled.clone(), since });
    }
    drop_what_is_gone(&mut user, &outcome.records);
    Arc::new(user)
}

/// Finds out what changed for everyone.
fn compare(draft: &Draft<'_>, (before, now): (&Catalog, &Catalog), entries: &mut [Entry]) {
    let is_same_catalog = Arc::ptr_eq(&draft.catalog, &draft.tenant.catalog);
    let mut numbers: HashMap<(*const Outcome, *const Outcome), usize> = HashMap::new();
    let mut jobs: Vec<(&Arc<Outcome>, &Arc<Outcome>)> = Vec::new();
    let mut of_entries: Vec<Option<usize>> = Vec::new();
    for entry in entries.iter() {
        let (before, after) = (&entry.state.before.outcome, &entry.outcome);
        if is_same_catalog && Arc::ptr_eq(before, after) {
            of_entries.push(None);
            continue;
        }
        of_entries.push(Some(*numbers.entry((Arc::as_ptr(before), Arc::as_ptr(after))).or_insert_with(
            || {
                jobs.push((before, after));
                jobs.len() - 1
            },
        )));
    }
    let changes =
        each(&jobs, |(former, after)| OutcomeChange::between((before, former), (now, after)).map(Arc::new));
    for (entry, number) in entries.iter_mut().zip(of_entries) {
        entry.change = number.and_then(|number| changes.get(number).cloned().flatten());
    }
}

/// By how many the seats in use changed, for each product where they did.
pub(super) fn seat_changes(changes: &[ClassChange]) -> BTreeMap<SkuIndex, i64> {
    let mut seats: BTreeMap<SkuIndex, i64> = BTreeMap::new();
    for class in changes {
        let users = i64::try_from(class.users.len()).unwrap_or(i64::MAX);
        for sku in &class.change.seats_taken {
            *seats.entry(*sku).or_default() += users;
        }
        for sku in &class.change.seats_freed {
            *seats.entry(*sku).or_default() -= users;
        }
    }
    seats.retain(|_, change| *change != 0);
    seats
}
