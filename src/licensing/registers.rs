//! Which users have what, so that a batch looks only at those that it concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::{MultiOps, RoaringBitmap};

use super::catalog::SkuIndex;
use super::intent::{GroupIndex, User};
use super::outcome::{Outcome, Problem, Record, Source};
use super::roll::Roll;

/// Users by what they have.
#[derive(Clone, Debug, Default)]
pub(super) struct Registers {
    sets: BTreeMap<Trait, RoaringBitmap>,
    none: RoaringBitmap,
}

/// What users are found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trait {
    /// They have a seat of the product.
    Holds(SkuIndex),
    /// They have any record of the product.
    Recorded(SkuIndex),
    /// They wait for a seat of the product.
    Waits(SkuIndex),
    /// The product was given to them alone.
    Direct(SkuIndex),
    /// They have a record from the group.
    From(GroupIndex),
    /// They have an error from the group.
    FailsFrom(GroupIndex),
    /// They have an error.
    Fails,
    /// Something ends for them with time.
    Timed,
    /// They were deleted.
    Deleted,
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

    /// All users with a seat of any product.
    pub(super) fn holders(&self) -> RoaringBitmap {
        let held = self.sets.iter().filter(|(of, _)| matches!(of, Trait::Holds(_)));
        held.map(|(_, users)| users).union()
    }

    /// Enters what users have, in the place of what they had: by class, what became of them.
    pub(super) fn enter(&mut self, roll: &Roll, moves: &[Move]) {
        let mut numbers: BTreeMap<Trait, usize> = BTreeMap::new();
        let mut number = |of: &Trait| {
            let next = numbers.len();
            *numbers.entry(*of).or_insert(next)
        };
        // By class, the traits that come, or else go.
        let turns: Vec<Vec<(usize, bool)>> = moves
            .iter()
            .map(|one| {
                let (before, after) = (traits(&one.before), traits(&one.after));
                let went = before.difference(&after).map(|of| (number(of), false)).collect::<Vec<_>>();
                let came = after.difference(&before).map(|of| (number(of), true));
                went.into_iter().chain(came).collect()
            })
            .collect();
        let mut traits: Vec<(Trait, usize)> = numbers.into_iter().collect();
        traits.sort_by_key(|(_, number)| *number);
        let mut turned = vec![Turned::default(); traits.len()];
        for (user, class) in roll.iter() {
            for (number, comes) in turns.get(class).into_iter().flatten() {
                if let Some(turned) = turned.get_mut(*number) {
                    if *comes { turned.came.push(user) } else { turned.went.push(user) }
                }
            }
        }
        for ((of, _), turned) in traits.into_iter().zip(turned) {
            let known = self.sets.entry(of).or_default();
            *known -= turned.went.finish();
            *known |= turned.came.finish();
        }
        self.sets.retain(|_, users| !users.is_empty());
    }
}

/// Who came to have a trait, and who lost it.
#[derive(Clone, Debug, Default)]
struct Turned {
    came: SetBuilder,
    went: SetBuilder,
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

fn traits(account: &Account) -> BTreeSet<Trait> {
    let Account { user, outcome } = account;
    let mut all: BTreeSet<Trait> = user.direct.keys().map(|sku| Trait::Direct(*sku)).collect();
    for record in &outcome.records {
        all.insert(Trait::Recorded(record.sku));
        if record.state.is_in_force() {
            all.insert(Trait::Holds(record.sku));
        }
        if record.problems.contains(&Problem::NoSeat) {
            all.insert(Trait::Waits(record.sku));
        }
        if let Source::Group(group) = record.source {
            all.insert(Trait::From(group));
        }
        if record.error.is_some() {
            all.insert(Trait::Fails);
        }
        if record.pending_removal {
            all.insert(Trait::Timed);
        }
    }
    all.extend(failing_groups(outcome).into_iter().map(Trait::FailsFrom));
    if user.deleted_at.is_some() {
        all.insert(Trait::Deleted);
    }
    if !outcome.grace.is_empty() || !user.left.is_empty() || user.deleted_at.is_some() {
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
