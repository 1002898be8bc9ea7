//! What a batch did to users.

use std::collections::BTreeSet;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::catalog::{Catalog, SkuIndex};
use super::intent::UserIndex;
use super::outcome::{AssignmentState, Outcome, PlanGrace, Record, Source};
use super::plan_set::{PlanIndex, PlanSet};

/// Users whose records changed, all in the same way and for the same reasons.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassChange {
    /// The users, by ordinal.
    pub users: RoaringBitmap,
    /// What changed.
    pub change: Arc<OutcomeChange>,
    /// The ids of the events that led to it; none for users who only got a seat that became free.
    pub causes: Arc<[String]>,
}

/// A user whose records changed. Users with the same change share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// The user.
    pub user: UserIndex,
    /// What changed.
    pub change: Arc<OutcomeChange>,
    /// The ids of the events that led to it; none for a user who only got a seat that became free.
    pub causes: Arc<[String]>,
}

/// What changed between two outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeChange {
    /// All that is there now.
    pub after: Arc<Outcome>,
    /// The records that differ, by product and source.
    pub records: Vec<RecordChange>,
    /// Products of which the user now takes a seat.
    pub seats_taken: BTreeSet<SkuIndex>,
    /// Products of which the user takes no seat any more.
    pub seats_freed: BTreeSet<SkuIndex>,
    /// Plans that came back before their time was over.
    pub plans_restored: Vec<PlanIndex>,
    /// Sources whose licenses came, went or give other plans.
    pub changed_sources: BTreeSet<Source>,
    /// Sources with an error that was not there before.
    pub failed_sources: BTreeSet<Source>,
    /// Whether only the state of a subscription changed what records say.
    pub is_status_only: bool,
}

/// One product of one source. Seats and plans are counted once for each product, with its first record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordChange {
    /// The product.
    pub sku: SkuIndex,
    /// Where it comes from.
    pub source: Source,
    /// What was there.
    pub before: Option<Record>,
    /// What is there.
    pub after: Option<Record>,
    /// By how many the seats in use changed: -1, 0 or 1.
    pub seat: i8,
    /// Plans that the user did not have before, from any source.
    pub plans_on: PlanSet,
    /// Plans that the user does not have any more, from any source.
    pub plans_off: PlanSet,
}

/// The users of classes one by one, in the order of their ordinals.
pub(super) fn by_user(classes: &[ClassChange]) -> impl Iterator<Item = UserChange> + '_ {
    let of_class =
        |(class, at): (&ClassChange, u32)| class.users.iter().map(move |user| (user, at)).collect::<Vec<_>>();
    let mut users: Vec<(u32, u32)> = classes.iter().zip(0..).flat_map(of_class).collect();
    users.sort_unstable();
    users.into_iter().filter_map(|(user, at)| {
        let class = classes.get(at as usize)?;
        let (change, causes) = (Arc::clone(&class.change), Arc::clone(&class.causes));
        Some(UserChange { user: UserIndex(user), change, causes })
    })
}

impl OutcomeChange {
    /// Compares; `None` if nothing changed but the times of grace.
    pub(super) fn between(
        (catalog_before, before): (&Catalog, &Outcome),
        (catalog, after): (&Catalog, &Arc<Outcome>),
    ) -> Option<Self> {
        let pairs = pairs((catalog_before, before), (catalog, after));
        let (mut plans_before, mut plans) = (PlanSet::default(), PlanSet::default());
        for pair in &pairs {
            plans_before.extend_with(&pair.had);
            plans.extend_with(&pair.has);
        }
        let mut on = plans.minus(&plans_before);
        let mut off = plans_before.minus(&plans);
        let plans_restored =
            before.grace.iter().map(|one: &PlanGrace| one.plan).filter(|plan| on.contains(*plan)).collect();
        let (held_before, held) = (before.held(), after.held());
        let seats_taken: BTreeSet<SkuIndex> = held.difference(&held_before).copied().collect();
        let seats_freed: BTreeSet<SkuIndex> = held_before.difference(&held).copied().collect();
        let (mut taken, mut freed) = (seats_taken.clone(), seats_freed.clone());
        let mut records = Vec::new();
        for Pair { sku, source, old, new, had, has } in &pairs {
            let gained =
                catalog.product(*sku).map(|product| product.plans.intersection(&on)).unwrap_or_default();
            let lost = had.intersection(&off);
            if old == new && gained.is_empty() && lost.is_empty() {
                continue;
            }
            let plans_on = if has.intersects(&gained) { gained } else { PlanSet::default() };
            (on, off) = (on.minus(&plans_on), off.minus(&lost));
            // The seat goes with the record that came into force, or with one that went out of it.
            let in_force = |record: Option<&Record>| record.is_some_and(|record| record.state.is_in_force());
            let comes = in_force(*new) && taken.remove(sku);
            let goes = in_force(*old) && freed.remove(sku);
            let seat = i8::from(comes) - i8::from(goes);
            if old == new && plans_on.is_empty() && lost.is_empty() {
                continue;
            }
            let (before, after) = (old.cloned(), new.cloned());
            let (sku, source) = (*sku, *source);
            records.push(RecordChange { sku, source, before, after, seat, plans_on, plans_off: lost });
        }
        if records.is_empty() {
            return None;
        }
        let changed_sources = changed_sources(&pairs, &records);
        let failed_sources: BTreeSet<Source> =
            records.iter().filter(|one| one.newly_failed()).map(|one| one.source).collect();
        let is_status_only = changed_sources.is_empty() && failed_sources.is_empty();
        let is_status_only = is_status_only && records.iter().any(RecordChange::changes_status);
        let after = Arc::clone(after);
        Some(Self {
            after,
            records,
            seats_taken,
            seats_freed,
            plans_restored,
            changed_sources,
            failed_sources,
            is_status_only,
        })
    }
}

impl RecordChange {
    fn newly_failed(&self) -> bool {
        let before = self.before.as_ref().and_then(|record| record.error);
        self.after.as_ref().and_then(|record| record.error).is_some_and(|code| before != Some(code))
    }

    fn changes_status(&self) -> bool {
        let is_disabled = |record: &Option<Record>| {
            record.as_ref().is_some_and(|record| record.state == AssignmentState::Disabled)
        };
        is_disabled(&self.before) != is_disabled(&self.after)
    }
}

/// What was there and what is there of one product from one source.
struct Pair<'o> {
    sku: SkuIndex,
    source: Source,
    old: Option<&'o Record>,
    new: Option<&'o Record>,
    /// The plans that it gave.
    had: PlanSet,
    /// The plans that it gives.
    has: PlanSet,
}

/// By product and source.
fn pairs<'o>(
    (catalog_before, before): (&Catalog, &'o Outcome),
    (catalog, after): (&Catalog, &'o Outcome),
) -> Vec<Pair<'o>> {
    let (mut olds, mut news) = (before.records.iter().peekable(), after.records.iter().peekable());
    let key = |record: &&Record| (record.sku, record.source);
    let mut pairs = Vec::with_capacity(before.records.len().max(after.records.len()));
    while let Some((sku, source)) = olds.peek().map(key).into_iter().chain(news.peek().map(key)).min() {
        let is_it = |record: &&Record| key(record) == (sku, source);
        let (old, new) = (olds.next_if(is_it), news.next_if(is_it));
        let had = old.map(|old| old.enabled(catalog_before)).unwrap_or_default();
        let has = new.map(|new| new.enabled(catalog)).unwrap_or_default();
        pairs.push(Pair { sku, source, old, new, had, has });
    }
    pairs
}

/// A source changed if its products did, if its plans did and the user notices, or if an error of what is in
/// force is gone.
fn changed_sources(pairs: &[Pair<'_>], records: &[RecordChange]) -> BTreeSet<Source> {
    let in_force = |record: Option<&Record>| record.is_some_and(|record| record.state.is_in_force());
    let plans_changed = pairs.chunk_by(|left, right| left.sku == right.sku).any(|of_sku| {
        let (mut before, mut after) = (PlanSet::default(), PlanSet::default());
        for pair in of_sku {
            before.extend_with(&pair.had);
            after.extend_with(&pair.has);
        }
        let (was_held, is_held) =
            (of_sku.iter().any(|pair| in_force(pair.old)), of_sku.iter().any(|pair| in_force(pair.new)));
        before != after || was_held != is_held
    });
    let error = |record: Option<&Record>| record.and_then(|record| record.error);
    let mut changed = BTreeSet::new();
    let mut told = records.iter().map(|record| (record.sku, record.source)).peekable();
    for pair in pairs {
        if told.next_if_eq(&(pair.sku, pair.source)).is_none() {
            continue;
        }
        let recovered = error(pair.old).is_some() && error(pair.new).is_none() && in_force(pair.new);
        let differs =
            recovered || in_force(pair.old) != in_force(pair.new) || (plans_changed && pair.had != pair.has);
        if differs {
            changed.insert(pair.source);
        }
    }
    changed
}
