//! Which users have what, so that a batch looks only at those that it concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hashbrown::HashMap;
use roaring::RoaringBitmap;

use super::catalog::SkuIndex;
use super::intent::{GroupIndex, User};
use super::outcome::{Outcome, Problem, Record, Source};
use super::roll::Roll;

/// Users by what they have.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
    sets: BTreeMap<Trait, RoaringBitmap>,
    counts: BTreeMap<Usual, u64>,
    none: RoaringBitmap,
}

/// What few users have: these are known one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Trait {
    /// They wait for a seat of the product.
    Waits(SkuIndex),
    /// The product was given to them alone.
    Direct(SkuIndex),
    /// They have an error from the group.
    FailsFrom(GroupIndex),
    /// They have an error.
    Fails,
    /// Something ends for them with time.
    Timed,
    /// They were deleted.
    Deleted,
}

/// What many users have: these are only counted, and looked for when it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Usual {
    /// They have a seat of the product.
    Holds(SkuIndex),
    /// They have any record of the product.
    Recorded(SkuIndex),
    /// They have a record from the group.
    From(GroupIndex),
}

/// What becomes of users who are alike.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) before: Account,
    pub(super) after: Account,
}

/// What is known of users and what they have.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) user: Arc<User>,
    pub(super) outcome: Arc<Outcome>,
}

impl Move {
    /// What is known of the users now, if that changed.
    pub(super) fn new_user(&self) -> Option<&Arc<User>> {
        Some(&self.after.user).filter(|user| !Arc::ptr_eq(user, &self.before.user))
    }

    /// What the users have now, if that changed.
    pub(super) fn new_outcome(&self) -> Option<&Arc<Outcome>> {
        Some(&self.after.outcome).filter(|outcome| !Arc::ptr_eq(outcome, &self.before.outcome))
    }
}

impl Registers {
    /// The users of whom something holds.
    pub(super) fn users(&self, of: Trait) -> &RoaringBitmap {
        self.sets.get(&of).unwrap_or(&self.none)
    }

    /// How many users have what many have.
    pub(super) fn count(&self, of: Usual) -> u64 {
        self.counts.get(&of).copied().unwrap_or_default()
    }

    /// Enters what users have, in the place of what they had: by class, what became of them.
    pub(super) fn enter(&mut self, roll: &Roll, moves: &[Move]) {
        self.count_moves(moves, &roll.sizes(moves.len()));
        let turns = Turns::of(moves);
        if turns.kinds.is_empty() {
            return;
        }
        let mut sets = vec![SetBuilder::default(); turns.kinds.len()];
        for (user, class) in roll.iter() {
            for kind in turns.of_class(class) {
                if let Some(set) = sets.get_mut(*kind as usize) {
                    set.push(user);
                }
            }
        }
        for ((of, comes), set) in turns.kinds.into_iter().zip(sets) {
            let known = self.sets.entry(of).or_default();
            if comes {
                *known |= set.finish();
            } else {
                *known -= set.finish();
            }
        }
        self.sets.retain(|_, users| !users.is_empty());
    }

    fn count_moves(&mut self, moves: &[Move], sizes: &[u64]) {
        // Classes that differ in other things have their outcomes in common.
        let mut pairs: HashMap<(*const Outcome, *const Outcome), (&Move, u64)> = HashMap::new();
        for (one, size) in moves.iter().zip(sizes) {
            let (before, after) = (&one.before.outcome, &one.after.outcome);
            if !Arc::ptr_eq(before, after) {
                pairs.entry((Arc::as_ptr(before), Arc::as_ptr(after))).or_insert((one, 0)).1 += size;
            }
        }
        for (one, size) in pairs.into_values() {
            let (before, after) = (usual(&one.before.outcome), usual(&one.after.outcome));
            for of in after.difference(&before) {
                *self.counts.entry(*of).or_default() += size;
            }
            for of in before.difference(&after) {
                if let Some(count) = self.counts.get_mut(of) {
                    *count = count.saturating_sub(size);
                }
            }
        }
    }
}

/// What comes and goes with moves.
struct Turns {
    /// Each trait that comes (`true`) or goes, once.
    kinds: Vec<(Trait, bool)>,
    /// Lists of kinds, each once; few enough for a core's cache.
    lists: Vec<Vec<u32>>,
    /// By class, the place of its list.
    of_classes: Vec<usize>,
}

impl Turns {
    fn of(moves: &[Move]) -> Self {
        let mut turns = Self { kinds: Vec::new(), lists: Vec::new(), of_classes: Vec::new() };
        let mut kinds: HashMap<(Trait, bool), u32> = HashMap::new();
        let mut lists: HashMap<Vec<u32>, usize> = HashMap::new();
        for one in moves {
            if is_usual(&one.before) && is_usual(&one.after) {
                turns.of_classes.push(usize::MAX);
                continue;
            }
            let (before, after) = (traits(&one.before), traits(&one.after));
            let went = before.difference(&after).map(|of| (*of, false));
            let came = after.difference(&before).map(|of| (*of, true));
            let mut list = Vec::new();
            for kind in went.chain(came) {
                list.push(*kinds.entry(kind).or_insert_with(|| {
                    turns.kinds.push(kind);
                    u32::try_from(turns.kinds.len() - 1).unwrap_or(u32::MAX)
                }));
            }
            turns.of_classes.push(*lists.entry(list).or_insert_with_key(|list| {
                turns.lists.push(list.clone());
                turns.lists.len() - 1
            }));
        }
        turns
    }

    fn of_class(&self, class: usize) -> &[u32] {
        let list = self.of_classes.get(class).and_then(|list| self.lists.get(*list));
        list.map(Vec::as_slice).unwrap_or_default()
    }
}

/// Puts users who come in order into a set: the bits of a container at a time, because there can be
/// millions of them for each of many traits.
#[derive(Clone, Debug, Default)]
struct SetBuilder {
    done: RoaringBitmap,
    /// The first ordinal of the container.
    base: u32,
    few: Vec<u32>,
    bits: Vec<u8>,
}

const CONTAINER_ORDINALS: u32 = 1 << 16;

/// So many users of a container are put in one by one.
const FEW_USERS: usize = 256;

impl SetBuilder {
    fn push(&mut self, user: u32) {
        let base = user & !(CONTAINER_ORDINALS - 1);
        if base != self.base {
            self.flush();
            self.base = base;
        }
        if self.bits.is_empty() {
            if self.few.len() < FEW_USERS {
                self.few.push(user);
                return;
            }
            self.bits = vec![0; CONTAINER_ORDINALS as usize / 8];
        }
        let at = user - base;
        if let Some(byte) = self.bits.get_mut(at as usize / 8) {
            *byte |= 1 << (at % 8);
        }
    }

    fn flush(&mut self) {
        if !self.bits.is_empty() {
            self.done |= RoaringBitmap::from_lsb0_bytes(self.base, &self.bits);
            self.bits.clear();
        }
        self.done.extend(self.few.drain(..));
    }

    fn finish(mut self) -> RoaringBitmap {
        self.flush();
        self.done
    }
}

fn usual(outcome: &Outcome) -> BTreeSet<Usual> {
    let of = |record: &Record| {
        let group = match record.source {
            Source::Group(group) => Some(Usual::From(group)),
            Source::Direct => None,
        };
        let holds = record.state.is_in_force().then_some(Usual::Holds(record.sku));
        [Some(Usual::Recorded(record.sku)), group, holds].into_iter().flatten()
    };
    outcome.records.iter().flat_map(of).collect()
}

/// Whether users have none of the traits.
fn is_usual(account: &Account) -> bool {
    let Account { user, outcome } = account;
    let is_fine = |record: &Record| record.error.is_none() && !record.pending_removal;
    let lasts = user.left.is_empty() && user.deleted_at.is_none() && outcome.grace.is_empty();
    lasts && user.direct.is_empty() && outcome.records.iter().all(is_fine)
}

fn traits(account: &Account) -> BTreeSet<Trait> {
    let Account { user, outcome } = account;
    let mut all: BTreeSet<Trait> = user.direct.keys().map(|sku| Trait::Direct(*sku)).collect();
    let waits = |record: &&Record| record.problems.contains(&Problem::NoSeat);
    all.extend(outcome.records.iter().filter(waits).map(|record| Trait::Waits(record.sku)));
    all.extend(failing_groups(outcome).into_iter().map(Trait::FailsFrom));
    if outcome.records.iter().any(|record| record.error.is_some()) {
        all.insert(Trait::Fails);
    }
    if user.deleted_at.is_some() {
        all.insert(Trait::Deleted);
    }
    let pending = outcome.records.iter().any(|record| record.pending_removal);
    if pending || !outcome.grace.is_empty() || !user.left.is_empty() || user.deleted_at.is_some() {
        all.insert(Trait::Timed);
    }
    all
}

/// The groups from which a user has an error.
pub(super) fn failing_groups(outcome: &Outcome) -> BTreeSet<GroupIndex> {
    let group = |record: &Record| match record.source {
        Source::Group(group) => Some(group),
        Source::Direct => None,
    };
    outcome.records.iter().filter(|record| record.error.is_some()).filter_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_built_as_if_users_were_put_in_one_by_one() {
        for step in [1, 3, 300, 70_000] {
            let users: Vec<u32> = (5..400_000).step_by(step).collect();
            let mut builder = SetBuilder::default();
            for user in &users {
                builder.push(*user);
            }
            assert_eq!(builder.finish(), users.into_iter().collect());
        }
    }
}
