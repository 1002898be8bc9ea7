//! Which ordinals ids have had so far: a number that was given out once stays with its id for ever.
//!
//! Ordinals are given out in segments of 65,536, each for one kind of holder. So the members of a group
//! that are users stand in containers of their own, and what is stored by segment holds one kind only.

use arrow_array::{Array, StringArray};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::roster::{Ordinal, RowIds};
use crate::directory::column_reader::IdIndex;

/// How many ordinals a segment has.
pub const SEGMENT_ORDINALS: u32 = 1 << 16;

/// What an ordinal stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// A user, also one that was deleted.
    User,
    /// A device, also one that was deleted.
    Device,
    /// A group, or a member of unknown kind.
    Other,
}

impl Holder {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::User, Self::Device, Self::Other];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Device => "device",
            Self::Other => "other",
        }
    }
}

/// The place of an id among those of its kind, in the order in which they were met.
pub type Position = u32;

/// The ids of one kind that have ordinals.
#[derive(Clone, Debug)]
pub struct Known {
    /// The numbers of the segments, ascending; all but the last one are full.
    pub segments: Vec<u32>,
    /// The ids by position, as first written.
    pub ids: StringArray,
}

impl Default for Known {
    /// None.
    fn default() -> Self {
        Self { segments: Vec::new(), ids: StringArray::new_null(0) }
    }
}

/// The ordinals given out so far.
///
/// ```
/// use arrow_array::StringArray;
/// use dyngroup::membership::register::{Holder, Known, Register};
/// let ids = StringArray::from(vec!["ada", "bob"]);
/// let users = Known { segments: vec![0], ids };
/// let mut register = Register::new([users, Known::default(), Known::default()]).unwrap();
/// let positions = register.place(Holder::User, &StringArray::from(vec!["BOB", "eve"])).unwrap();
/// assert_eq!(positions, [1, 2]);
/// assert_eq!(register.ordinal(Holder::User, 2), Some(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Register {
    shelves: [Shelf; 3],
    /// By segment: whose it is, and its place among the segments of that kind.
    owners: Vec<(Holder, u32)>,
}

#[derive(Clone, Debug, Default)]
struct Shelf {
    known: Known,
    index: IdIndex,
    /// All positions are below this.
    end: Position,
}

impl Register {
    /// A register of the ids known so far, in the order of [`Holder::ALL`]. `None` if the segments are not
    /// all there, each once and with no more ids than it has room for.
    pub fn new(known: [Known; 3]) -> Option<Self> {
        let count = known.iter().map(|known| known.segments.len()).sum();
        let mut owners: Vec<Option<(Holder, u32)>> = vec![None; count];
        for (holder, known) in Holder::ALL.into_iter().zip(&known) {
            let room = known.segments.len().checked_mul(SEGMENT_ORDINALS as usize)?;
            if !known.segments.is_sorted() || known.ids.len() > room {
                return None;
            }
            for (place, &segment) in (0..).zip(&known.segments) {
                let owner = owners.get_mut(segment as usize)?;
                if owner.replace((holder, place)).is_some() {
                    return None;
                }
            }
        }
        let owners = owners.into_iter().collect::<Option<_>>()?;
        let shelves = known.map(|known| {
            let end = u32::try_from(known.ids.len()).unwrap_or(u32::MAX);
            Shelf { index: IdIndex::new(&known.ids), known, end }
        });
        Some(Self { shelves, owners })
    }

    /// The positions of `ids`, in their order; new ones get the next. `None` if there are no numbers left.
    pub fn place(&mut self, holder: Holder, ids: &StringArray) -> Option<Vec<Position>> {
        let shelf = self.shelf(holder);
        let found: Vec<Option<Position>> = if shelf.known.ids.is_empty() {
            vec![None; ids.len()]
        } else {
            (0..ids.len()).into_par_iter().map(|row| shelf.find_near(ids.value(row), row)).collect()
        };
        let new = found.iter().filter(|position| position.is_none()).count();
        let mut next = self.add(holder, u32::try_from(new).ok()?)?;
        let placed = found.into_iter().map(|position| {
            position.unwrap_or_else(|| {
                next += 1;
                next - 1
            })
        });
        Some(placed.collect())
    }

    /// Gives out `count` positions and says which is the first. `None` if there are not so many left.
    pub fn add(&mut self, holder: Holder, count: u32) -> Option<Position> {
        let (owners, shelf) = (&mut self.owners, self.shelves.get_mut(holder as usize)?);
        let first = shelf.end;
        shelf.end = first.checked_add(count)?;
        while (shelf.known.segments.len() as u64) * u64::from(SEGMENT_ORDINALS) < u64::from(shelf.end) {
            // The last segment stays free: what follows the last ordinal is a number too.
            let segment = u32::try_from(owners.len()).ok().filter(|&segment| segment < SEGMENTS_MAX)?;
            owners.push((holder, u32::try_from(shelf.known.segments.len()).ok()?));
            shelf.known.segments.push(segment);
        }
        Some(first)
    }

    /// The ordinal at a position.
    pub fn ordinal(&self, holder: Holder, position: Position) -> Option<Ordinal> {
        let shelf = self.shelf(holder);
        let segment = *shelf.known.segments.get((position / SEGMENT_ORDINALS) as usize)?;
        (position < shelf.end).then_some(segment * SEGMENT_ORDINALS + position % SEGMENT_ORDINALS)
    }

    /// Whose an ordinal is, and at which position.
    pub fn position(&self, ordinal: Ordinal) -> Option<(Holder, Position)> {
        let &(holder, place) = self.owners.get((ordinal / SEGMENT_ORDINALS) as usize)?;
        let position = place * SEGMENT_ORDINALS + ordinal % SEGMENT_ORDINALS;
        (position < self.shelf(holder).end).then_some((holder, position))
    }

    /// The position of an id that was known from the start, in any letter case.
    pub fn find_known(&self, holder: Holder, id: &str) -> Option<Position> {
        self.shelf(holder).find(id)
    }

    /// The id at a position that was known from the start.
    pub fn known_id(&self, holder: Holder, position: Position) -> Option<&str> {
        let ids = &self.shelf(holder).known.ids;
        let at = position as usize;
        (at < ids.len()).then(|| ids.value(at))
    }

    /// All that were known from the start, as rows in the order of their positions.
    pub fn known_rows(&self, holder: Holder) -> RowIds {
        let shelf = self.shelf(holder);
        RowIds::new(shelf.known.ids.clone(), shelf.index.clone())
    }

    /// How many positions were known from the start; those behind are new.
    pub fn known(&self, holder: Holder) -> Position {
        u32::try_from(self.shelf(holder).known.ids.len()).unwrap_or(u32::MAX)
    }

    /// All positions of a kind are below this.
    pub fn end(&self, holder: Holder) -> Position {
        self.shelf(holder).end
    }

    /// The numbers of the segments of a kind, in the order of their positions.
    pub fn segments(&self, holder: Holder) -> &[u32] {
        &self.shelf(holder).known.segments
    }

    /// The ordinals of one kind that stand for something.
    pub fn of(&self, holder: Holder) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        for (place, segment) in (0..).zip(self.segments(holder)) {
            let first = segment * SEGMENT_ORDINALS;
            let count = (self.end(holder) - place * SEGMENT_ORDINALS).min(SEGMENT_ORDINALS);
            found.insert_range(first..first + count);
        }
        found
    }

    /// All ordinals that stand for something, by kind and then ascending.
    pub fn ordinals(&self) -> impl Iterator<Item = Ordinal> {
        Holder::ALL
            .into_iter()
            .flat_map(move |holder| (0..self.end(holder)).filter_map(move |at| self.ordinal(holder, at)))
    }

    /// All ordinals are below this.
    pub fn ordinals_end(&self) -> Ordinal {
        u32::try_from(self.owners.len()).unwrap_or(u32::MAX).saturating_mul(SEGMENT_ORDINALS)
    }

    fn shelf(&self, holder: Holder) -> &Shelf {
        let [users, devices, others] = &self.shelves;
        match holder {
            Holder::User => users,
            Holder::Device => devices,
            Holder::Other => others,
        }
    }
}

/// There are 2³² ordinals; those of the last segment are not given out.
const SEGMENTS_MAX: u32 = u32::MAX / SEGMENT_ORDINALS;

impl Shelf {
    fn find(&self, id: &str) -> Option<Position> {
        u32::try_from(self.index.row(&self.known.ids, id)?).ok()
    }

    /// Most files list what they did the last time, in the same order: so the guess `at` is looked at first.
    fn find_near(&self, id: &str, at: usize) -> Option<Position> {
        let ids = &self.known.ids;
        if at < ids.len() && ids.value(at) == id {
            return u32::try_from(at).ok();
        }
        self.find(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u32>) -> StringArray {
        StringArray::from_iter_values(range.map(|number| format!("id-{number}")))
    }

    #[test]
    fn each_kind_has_segments_of_its_own() {
        let mut register = Register::default();
        assert_eq!(register.place(Holder::User, &ids(0..70_000)).unwrap().last(), Some(&69_999));
        assert_eq!(register.place(Holder::Device, &ids(0..1)).unwrap(), [0]);
        assert_eq!(register.add(Holder::User, 70_000), Some(70_000));
        assert_eq!(register.segments(Holder::User), [0, 1, 3]);
        assert_eq!(register.segments(Holder::Device), [2]);
        for (holder, position, ordinal) in [
            (Holder::User, 65_535, 65_535),
            (Holder::User, 131_071, 131_071),
            (Holder::User, 131_072, 196_608),
            (Holder::Device, 0, 131_072),
        ] {
            assert_eq!(register.ordinal(holder, position), Some(ordinal));
            assert_eq!(register.position(ordinal), Some((holder, position)));
        }
        assert_eq!((register.ordinal(Holder::Device, 1), register.position(131_073)), (None, None));
        assert_eq!((register.ordinal(Holder::Other, 0), register.position(9_999_999)), (None, None));
        assert_eq!(register.ordinals().count(), 140_001);
        assert_eq!(
            register.of(Holder::User).iter().collect::<Vec<_>>(),
            [(0..131_072).collect::<Vec<_>>(), (196_608..205_536).collect()].concat()
        );
        assert!(register.of(Holder::Other).is_empty());
        assert_eq!(register.ordinals_end(), 4 * SEGMENT_ORDINALS);
    }

    #[test]
    fn known_ids_keep_their_positions_in_any_order_and_letter_case() {
        let users = Known { segments: vec![0], ids: ids(0..3) };
        let mut register = Register::new([users, Known::default(), Known::default()]).unwrap();
        let read = StringArray::from(vec!["new", "id-1", "ID-0", "newer"]);
        assert_eq!(register.place(Holder::User, &read).unwrap(), [3, 1, 0, 4]);
        assert_eq!((register.known(Holder::User), register.end(Holder::User)), (3, 5));
        assert_eq!(register.known_id(Holder::User, 2), Some("id-2"));
        assert_eq!(register.known_id(Holder::User, 3), None);
        assert_eq!(register.find_known(Holder::User, "Id-2"), Some(2));
    }

    #[test]
    fn segments_that_contradict_each_other_are_refused() {
        let known = |segments: &[u32], count| Known { segments: segments.to_vec(), ids: ids(0..count) };
        let none = Known::default;
        assert!(Register::new([known(&[0], 1), known(&[1], 1), none()]).is_some());
        for [users, devices] in [
            [known(&[0], 1), known(&[0], 1)],
            [known(&[1], 1), none()],
            [known(&[1, 0], 1), none()],
            [none(), known(&[], 1)],
        ] {
            assert!(Register::new([users, devices, none()]).is_none());
        }
    }
}
