//! The order of ids, byte for byte, for lists of members that are sorted many times.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::membership::roster::Ordinal;
use crate::store::StoredIds;

/// The ids of a state file in their order, each spelled as a format has it.
pub(super) struct MemberOrder {
    /// By ordinal: the place among all.
    places: Vec<u32>,
    /// By place: where the spelled id ends in `spelled`.
    ends: Vec<usize>,
    spelled: Vec<u8>,
}

/// A list that is longer than this share of all ids is sorted by marking its places.
const MARKED_SHARE: usize = 64;

impl MemberOrder {
    /// Sorts all ids; `spell` appends an id as the format has it.
    pub(super) fn new(ids: &StoredIds, mut spell: impl FnMut(&str, &mut Vec<u8>)) -> Self {
        let ordinals: Vec<Ordinal> = ids.ordinals().iter().collect();
        let id = |ordinal| ids.id(ordinal).unwrap_or_default();
        let mut sorted: Vec<(u64, Ordinal)> =
            ordinals.into_par_iter().map(|ordinal| (beginning(id(ordinal)), ordinal)).collect();
        sorted.par_sort_unstable_by(|one, other| {
            one.0.cmp(&other.0).then_with(|| id(one.1).cmp(id(other.1))).then_with(|| one.1.cmp(&other.1))
        });
        let mut places = vec![0; ids.ordinals().max().map_or(0, |last| last as usize + 1)];
        let (mut ends, mut spelled) = (Vec::with_capacity(sorted.len()), Vec::new());
        for (place, (_, ordinal)) in (0..).zip(sorted) {
            if let Some(home) = places.get_mut(ordinal as usize) {
                *home = place;
            }
            spell(id(ordinal), &mut spelled);
            ends.push(spelled.len());
        }
        Self { places, ends, spelled }
    }

    /// The id at a place, as the format has it.
    pub(super) fn spelled(&self, place: u32) -> &[u8] {
        let place = place as usize;
        let start =
            place.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(place).copied().unwrap_or(start);
        self.spelled.get(start..end).unwrap_or_default()
    }

    /// The places of some ordinals, ascending.
    pub(super) fn places(&self, members: &RoaringBitmap) -> Vec<u32> {
        let places = members.iter().filter_map(|member| self.places.get(member as usize).copied());
        if members.len() < (self.ends.len() / MARKED_SHARE) as u64 {
            let mut places: Vec<u32> = places.collect();
            places.sort_unstable();
            return places;
        }
        let mut marks = vec![0_u64; self.ends.len().div_ceil(64)];
        for place in places {
            if let Some(word) = marks.get_mut(place as usize / 64) {
                *word |= 1 << (place % 64);
            }
        }
        let bits = |(first, mut left): (u32, u64)| {
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(first + bit)
            })
        };
        (0..).step_by(64).zip(marks).flat_map(bits).collect()
    }
}

/// The first bytes decide most comparisons and stand in the list itself.
fn beginning(id: &str) -> u64 {
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
}
