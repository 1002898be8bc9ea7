//! Which sets of members are equal, and which lie within which.

use std::collections::HashMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::base::limits::CONTAINERS_PER_GROUP_MAX;

/// How one set stands to the others, by their places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Overlap {
    /// The sets that are equal to it, ascending.
    pub(super) same: Vec<usize>,
    /// Sets that hold all of it and more: the smallest ones, at most [`CONTAINERS_PER_GROUP_MAX`].
    pub(super) within: Vec<usize>,
}

/// How each of the sets in `asked` stands to all sets; `can_hold` says from two places whether the second set
/// may be one that the first one lies within. Empty sets stand to none.
pub(super) fn overlaps(
    sets: &[&RoaringBitmap],
    asked: &[usize],
    can_hold: impl Fn(usize, usize) -> bool + Sync,
) -> Vec<Overlap> {
    let mut by_size: Vec<(u64, usize)> =
        sets.iter().enumerate().map(|(at, set)| (set.len(), at)).filter(|(size, _)| *size > 0).collect();
    by_size.sort_unstable();
    let twins = twins(sets);
    asked
        .par_iter()
        .map(|&at| {
            let Some(set) = sets.get(at).filter(|set| !set.is_empty()) else { return Overlap::default() };
            let probe = Probe::of(set);
            let larger = by_size.partition_point(|(size, _)| *size <= set.len());
            let larger = by_size.get(larger..).unwrap_or_default().iter();
            let holds = |other: &RoaringBitmap| probe.is_in(other) && set.is_subset(other);
            let larger = larger.map(|&(_, other)| other).filter(|&other| can_hold(at, other));
            let within = larger.filter(|&other| sets.get(other).is_some_and(|it| holds(it)));
            let same = twins.get(&at).into_iter().flatten().copied().filter(|&other| other != at);
            Overlap { same: same.collect(), within: within.take(CONTAINERS_PER_GROUP_MAX).collect() }
        })
        .collect()
}

/// For each set that is not empty and not the only one of its kind, all that are equal to it.
fn twins(sets: &[&RoaringBitmap]) -> HashMap<usize, Vec<usize>> {
    let mut alike: HashMap<(u64, Option<u32>, Option<u32>), Vec<usize>> = HashMap::new();
    for (at, set) in sets.iter().enumerate().filter(|(_, set)| !set.is_empty()) {
        alike.entry((set.len(), set.min(), set.max())).or_default().push(at);
    }
    let mut found = HashMap::new();
    for mut waiting in alike.into_values() {
        while let Some(&first) = waiting.first() {
            let (same, others): (Vec<usize>, Vec<usize>) =
                waiting.iter().partition(|&&at| sets.get(at) == sets.get(first));
            if same.len() > 1 {
                found.extend(same.iter().map(|&at| (at, same.clone())));
            }
            waiting = others;
        }
    }
    found
}

/// A few members of a set: a set that does not hold them cannot hold it.
struct Probe(Vec<u32>);

/// How many members are tried before all of them are.
const PROBE_MEMBERS: u64 = 8;

impl Probe {
    fn of(set: &RoaringBitmap) -> Self {
        let step = (set.len() / PROBE_MEMBERS).max(1);
        let places = (0..PROBE_MEMBERS).filter_map(|at| u32::try_from(at * step).ok());
        Self(places.filter_map(|place| set.select(place)).chain(set.max()).collect())
    }

    fn is_in(&self, other: &RoaringBitmap) -> bool {
        self.0.iter().all(|&member| other.contains(member))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn overlaps_are_those_of_sets(sets in vec(btree_set(0_u32..12, 0..8), 0..10)) {
            let bitmaps: Vec<RoaringBitmap> = sets.iter().map(|set| set.iter().copied().collect()).collect();
            let all: Vec<usize> = (0..sets.len()).collect();
            let found = overlaps(&bitmaps.iter().collect::<Vec<_>>(), &all, |_, other| other != 3);
            for (at, set) in sets.iter().enumerate() {
                let others = || all.iter().copied().filter(|&other| other != at && !set.is_empty());
                let same: Vec<usize> = others().filter(|&other| sets[other] == *set).collect();
                let mut within: Vec<usize> =
                    others().filter(|&other| other != 3 && sets[other] != *set && sets[other].is_superset(set)).collect();
                within.sort_by_key(|&other| (sets[other].len(), other));
                within.truncate(CONTAINERS_PER_GROUP_MAX);
                prop_assert_eq!(&found[at], &Overlap { same, within });
            }
        }
    }
}
