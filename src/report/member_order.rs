//! The order of ids, byte for byte, for lists of members that are sorted many times.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::membership::roster::{Ordinal, Roster};
use crate::store::StoredIds;

/// The ids behind ordinals.
pub(super) trait Ids: Sync {
    /// All ordinals that have an id.
    fn ordinals(&self) -> Vec<Ordinal>;
    /// The id of one of them.
    fn id(&self, ordinal: Ordinal) -> &str;
}

impl Ids for Roster {
    fn ordinals(&self) -> Vec<Ordinal> {
        self.register().ordinals().collect()
    }

    fn id(&self, ordinal: Ordinal) -> &str {
        self.id(ordinal)
    }
}

impl Ids for StoredIds {
    fn ordinals(&self) -> Vec<Ordinal> {
        self.ordinals().iter().collect()
    }

    fn id(&self, ordinal: Ordinal) -> &str {
        self.id(ordinal).unwrap_or_default()
    }
}

/// All ids in their order, each spelled as a format has it.
pub(super) struct MemberOrder {
    /// By ordinal: the place among all.
    places: Vec<u32>,
    /// By place: the ordinal.
    members: Vec<Ordinal>,
    /// By place: where the spelled id ends. The ids stand side by side because they are read side by side,
    /// many times.
    ends: Vec<usize>,
    spelled: Vec<u8>,
}

/// A list that is longer than this share of all ids is sorted by marking its places.
const MARKED_SHARE: usize = 64;

impl MemberOrder {
    /// Sorts all ids; `spell` appends an id as the format has it.
    pub(super) fn new(ids: &impl Ids, mut spell: impl FnMut(&str, &mut Vec<u8>)) -> Self {
        // The first bytes decide most comparisons, and stand beside each other in memory.
        let mut keyed: Vec<(u64, Ordinal)> =
            ids.ordinals().into_par_iter().map(|member| (first_bytes(ids.id(member)), member)).collect();
        keyed.par_sort_unstable_by(|one, other| {
            one.0
                .cmp(&other.0)
                .then_with(|| ids.id(one.1).cmp(ids.id(other.1)))
                .then_with(|| one.1.cmp(&other.1))
        });
        let members: Vec<Ordinal> = keyed.into_iter().map(|(_, member)| member).collect();
        let mut places = vec![0; members.iter().max().map_or(0, |&last| last as usize + 1)];
        let (mut ends, mut spelled) = (Vec::with_capacity(members.len()), Vec::new());
        for (place, &member) in (0..).zip(&members) {
            if let Some(home) = places.get_mut(member as usize) {
                *home = place;
            }
            spell(ids.id(member), &mut spelled);
            ends.push(spelled.len());
        }
        Self { places, members, ends, spelled }
    }

    /// The id at a place, as the format has it.
    pub(super) fn spelled(&self, place: u32) -> &[u8] {
        let place = place as usize;
        let start =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(place).copied().unwrap_or(start);
        self.spelled.get(start..end).unwrap_or_default()
    }

    /// The ordinal at a place.
    pub(super) fn member(&self, place: u32) -> Ordinal {
        self.members.get(place as usize).copied().unwrap_or_default()
    }

    /// The places of some ordinals, ascending.
    pub(super) fn places(&self, members: &RoaringBitmap) -> Vec<u32> {
        let places = members.iter().filter_map(|member| self.places.get(member as usize).copied());
        let count = usize::try_from(members.len()).unwrap_or(usize::MAX);
        if count < self.members.len() / MARKED_SHARE {
            let mut sorted: Vec<u32> = places.collect();
            sorted.sort_unstable();
            return sorted;
        }
        let mut marks = vec![0_u64; self.members.len().div_ceil(64)];
        for place in places {
            if let Some(word) = marks.get_mut(place as usize / 64) {
                *word |= 1 << (place % 64);
            }
        }
        let mut sorted = Vec::with_capacity(count);
        for (first, &word) in (0..).step_by(64).zip(&marks) {
            let mut left = word;
            while left != 0 {
                sorted.push(first + left.trailing_zeros());
                left &= left - 1;
            }
        }
        sorted
    }
}

fn first_bytes(id: &str) -> u64 {
    let mut bytes = [0; 8];
    for (home, byte) in bytes.iter_mut().zip(id.bytes()) {
        *home = byte;
    }
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;
    use proptest::prelude::*;

    use super::*;
    use crate::membership::register::{Known, Register};
    use crate::membership::roster::RowIds;

    proptest! {
        #[test]
        fn places_follow_the_bytes_of_the_ids(
            written in prop::collection::vec("[a-cA-Z]{0,2}|prefix-[a-z]{0,3}|é[a-c]?", 1..300),
            chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let known = Known { segments: vec![0], ids: StringArray::from_iter_values(&written) };
            let ids = StoredIds::new(Register::new([known, Known::default(), Known::default()]).unwrap());
            let order = MemberOrder::new(&ids, |id, out| out.extend_from_slice(id.as_bytes()));
            let members: RoaringBitmap =
                chosen.iter().map(|index| u32::try_from(index.index(written.len())).unwrap()).collect();
            let found: Vec<&[u8]> =
                order.places(&members).into_iter().map(|place| order.spelled(place)).collect();
            let mut expected: Vec<&[u8]> =
                members.iter().map(|member| written[member as usize].as_bytes()).collect();
            expected.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
    #[test]
    fn long_lists_and_short_ones_sort_alike() {
        let ids: Vec<String> =
            (0..5_000_u32).map(|at| format!("{:08x}", at.wrapping_mul(2_654_435_761))).collect();
        let roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        let order = MemberOrder::new(&roster, |id, out| out.extend_from_slice(id.as_bytes()));
        for step in [1, 3, 70, 100, 4_000] {
            let members: RoaringBitmap = (0..5_000).step_by(step).collect();
            let sorted: Vec<&str> =
                order.places(&members).into_iter().map(|place| roster.id(order.member(place))).collect();
            let mut expected: Vec<&str> = members.iter().map(|member| roster.id(member)).collect();
            expected.sort_unstable();
            assert_eq!(sorted, expected, "every {step}");
        }
    }
}
