//! Users by class: who is in which of several numbered sets.

use rayon::prelude::*;
use roaring::RoaringBitmap;

/// Users in the order of their ordinals, each with the number of the class that they are in. Whole sets are
/// made from it at the end, because sets that are put together step by step cost more than the work on them.
#[derive(Clone, Debug, Default)]
pub(super) struct Roll {
    pairs: Vec<(u32, u32)>,
}

impl Roll {
    /// Enters the next user.
    pub(super) fn push(&mut self, user: u32, class: usize) {
        self.pairs.push((user, u32::try_from(class).unwrap_or(u32::MAX)));
    }

    /// Enters users of another roll, none of whom is in this one.
    pub(super) fn merge(&mut self, other: Self) {
        self.pairs.extend(other.pairs);
        // Two runs that are in order are put together in one go.
        self.sort();
    }

    /// Puts users in order who were not added so.
    pub(super) fn sort(&mut self) {
        self.pairs.sort_by_key(|(user, _)| *user);
    }

    /// The same with greater numbers of classes.
    pub(super) fn moved(mut self, by: usize) -> Self {
        let by = u32::try_from(by).unwrap_or(u32::MAX);
        for (_, class) in &mut self.pairs {
            *class = class.saturating_add(by);
        }
        self
    }

    /// All users with their classes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, usize)> + Clone + '_ {
        self.pairs.iter().map(|(user, class)| (*user, *class as usize))
    }

    /// How many users each of the first `count` classes has.
    pub(super) fn sizes(&self, count: usize) -> Vec<u64> {
        let mut sizes = vec![0; count];
        for (_, class) in self.iter() {
            if let Some(size) = sizes.get_mut(class) {
                *size += 1;
            }
        }
        sizes
    }

    /// The users of classes for which something holds.
    pub(super) fn users(&self, holds: impl Fn(usize) -> bool) -> RoaringBitmap {
        let holds = &holds;
        set(self.iter().filter(move |(_, class)| holds(*class)).map(|(user, _)| user))
    }

    /// So many sets of users: by class, the number of the set that its users are in.
    pub(super) fn sets(&self, count: usize, set_of: &[Option<usize>]) -> Vec<RoaringBitmap> {
        let placed =
            || self.iter().filter_map(|(user, class)| Some((user, set_of.get(class).copied().flatten()?)));
        let mut ends = vec![0_usize; count + 1];
        for (_, number) in placed() {
            if let Some(end) = ends.get_mut(number + 1) {
                *end += 1;
            }
        }
        let mut total = 0;
        for end in &mut ends {
            total += *end;
            *end = total;
        }
        // What is the start of a set becomes its end as the set is filled.
        let mut sorted = vec![0_u32; total];
        for (user, number) in placed() {
            let Some(next) = ends.get_mut(number) else { continue };
            if let Some(place) = sorted.get_mut(*next) {
                *place = user;
            }
            *next += 1;
        }
        let mut start = 0;
        ends.into_iter()
            .take(count)
            .map(|end| {
                set(sorted.get(std::mem::replace(&mut start, end)..end).unwrap_or_default().iter().copied())
            })
            .collect()
    }
}

/// Works on items, on all cores where there are many.
pub(super) fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if items.len() < SHARED_MIN_ITEMS {
        items.iter().map(&work).collect()
    } else {
        items.par_iter().map(&work).collect()
    }
}

/// From so many distinct cases on, other cores are worth to be woken.
const SHARED_MIN_ITEMS: usize = 32;

/// Makes a set of users who come in order.
fn set(users: impl Iterator<Item = u32> + Clone) -> RoaringBitmap {
    RoaringBitmap::from_sorted_iter(users.clone()).unwrap_or_else(|_| users.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_class() {
        let mut roll = Roll::default();
        for (user, class) in [(3, 0), (5, 2), (9, 0), (70_000, 1)] {
            roll.push(user, class);
        }
        let mut late = Roll::default();
        late.push(4, 3);
        roll.merge(late);
        assert_eq!(roll.iter().collect::<Vec<_>>(), [(3, 0), (4, 3), (5, 2), (9, 0), (70_000, 1)]);
        assert_eq!(roll.sizes(3), [2, 1, 1]);
        assert_eq!(roll.users(|class| class < 2), [3, 9, 70_000].into_iter().collect());
        let sets = roll.sets(3, &[Some(2), None, Some(0), Some(2)]);
        assert_eq!(sets, [[5].into_iter().collect(), RoaringBitmap::new(), [3, 4, 9].into_iter().collect()]);
    }
}
