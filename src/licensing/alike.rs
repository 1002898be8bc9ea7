//! Users told apart by which of several sets they are in.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::roll::Roll;
use super::tree::Tree;

/// Users who are in the same sets and in no other one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alike {
    /// The places of the sets, in their order.
    pub sets: Vec<u32>,
    /// The users, by ordinal.
    pub users: RoaringBitmap,
}

/// All users of some sets, those together who are in the same ones; by the first of them.
///
/// ```
/// use dyngroup::licensing::alike::alike;
/// let classes = alike(&[[1, 2, 5].into(), [2, 5].into()]);
/// assert_eq!((&*classes[0].sets, &classes[0].users), (&[0][..], &[1].into()));
/// assert_eq!((&*classes[1].sets, &classes[1].users), (&[0, 1][..], &[2, 5].into()));
/// ```
pub fn alike(sets: &[RoaringBitmap]) -> Vec<Alike> {
    let users = sets.iter().filter_map(RoaringBitmap::max).max().map_or(0, |last| last as usize + 1);
    let mut tree = Tree::default();
    let root = tree.root(());
    let mut places = vec![root; users];
    for (set, number) in sets.iter().zip(0..) {
        for user in set {
            if let Some(place) = places.get_mut(user as usize) {
                *place = tree.next(*place, number);
            }
        }
    }
    let mut numbers = vec![None; tree.len()];
    let mut ends: Vec<u32> = Vec::new();
    let mut roll = Roll::default();
    for (user, place) in (0..).zip(&places).filter(|(_, place)| **place != root) {
        let Some(number) = numbers.get_mut(*place as usize) else { continue };
        let number = *number.get_or_insert_with(|| {
            ends.push(*place);
            ends.len() - 1
        });
        roll.push(user, number);
    }
    let itself: Vec<Option<usize>> = (0..ends.len()).map(Some).collect();
    let users = roll.sets(ends.len(), &itself);
    let class = |(end, users)| Some(Alike { sets: tree.path(end)?.1, users });
    ends.into_iter().zip(users).filter_map(class).collect()
}

/// The other way round: `count` sets, from the classes of their users.
pub fn sets_of<'c>(
    count: usize,
    classes: impl IntoIterator<Item = (&'c [u32], &'c RoaringBitmap)>,
) -> Vec<RoaringBitmap> {
    let mut sets: Vec<Vec<u32>> = vec![Vec::new(); count];
    for (places, users) in classes {
        for place in places {
            if let Some(set) = sets.get_mut(*place as usize) {
                set.extend(users);
            }
        }
    }
    let set = |mut users: Vec<u32>| {
        users.sort_unstable();
        users.dedup();
        RoaringBitmap::from_sorted_iter(users).unwrap_or_default()
    };
    sets.into_par_iter().map(set).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everyone_is_where_their_sets_are(
            sets in prop::collection::vec(prop::collection::btree_set(0_u32..40, 0..30), 0..8)
        ) {
            let mut expected: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            for (set, number) in sets.iter().zip(0..) {
                for user in set {
                    expected.entry(*user).or_default().push(number);
                }
            }
            let bitmaps: Vec<RoaringBitmap> = sets.iter().map(|set| set.iter().copied().collect()).collect();
            let classes = alike(&bitmaps);
            prop_assert!(classes.is_sorted_by_key(|class| class.users.min()));
            let distinct: BTreeSet<&Vec<u32>> = classes.iter().map(|class| &class.sets).collect();
            prop_assert_eq!(distinct.len(), classes.len());
            let found: BTreeMap<u32, Vec<u32>> = classes
                .iter()
                .flat_map(|class| class.users.iter().map(|user| (user, class.sets.clone())))
                .collect();
            prop_assert_eq!(found, expected);
            let back = sets_of(bitmaps.len(), classes.iter().map(|class| (&*class.sets, &class.users)));
            prop_assert_eq!(back, bitmaps);
        }
    }
}
