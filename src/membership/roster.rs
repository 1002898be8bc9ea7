//! Small numbers for object ids, so that members are bitmaps.
//!
//! Here and nowhere else is known which row of users or devices has which ordinal. Snapshots and deltas
//! are in ordinals, columns and what the engine selects in rows.

use std::collections::HashMap;

use arrow_array::{Array, StringArray};
use rayon::prelude::*;
use roaring::RoaringBitmap;

use crate::base::fold::fold;
use crate::directory::column_reader::IdIndex;
use crate::language::attribute::Subject;

/// The place of an object in a [`Roster`].
pub type Ordinal = u32;

/// The ids of the rows of users or devices, and how to find them.
#[derive(Clone, Debug)]
pub struct RowIds {
    ids: StringArray,
    index: IdIndex,
}

impl RowIds {
    /// The ids of rows, as written, and the index that was made of them.
    pub fn new(ids: StringArray, index: IdIndex) -> Self {
        Self { ids, index }
    }

    /// The ids of rows, as written.
    pub fn of<'id>(ids: impl IntoIterator<Item = &'id str>) -> Self {
        let ids = StringArray::from_iter_values(ids);
        Self { index: IdIndex::new(&ids), ids }
    }
}

/// Ids and their ordinals. Ids that differ in letter case only are one object, and so are a user and a
/// device with one id.
///
/// ```
/// use dyngroup::language::attribute::Subject;
/// use dyngroup::membership::roster::{Roster, RowIds};
/// let mut roster = Roster::new(RowIds::of(["ada", "bob"]), RowIds::of(["pc"])).unwrap();
/// assert_eq!(roster.find("ADA"), roster.ordinal_of_row(Subject::User, 0));
/// assert_eq!(roster.row_of(Subject::Device, roster.find("pc").unwrap()), Some(0));
/// let staff = roster.intern("staff").unwrap();
/// assert_eq!((roster.intern("STAFF"), roster.id(staff)), (Some(staff), "staff"));
/// assert_eq!(roster.find("eve"), None);
/// ```
#[derive(Clone, Debug)]
pub struct Roster {
    users: Numbered,
    devices: Numbered,
    others: Others,
}

impl Roster {
    /// Gives ordinals to users and then to devices, each in the order of their rows. `None` if there are
    /// more of them than numbers.
    pub fn new(users: RowIds, devices: RowIds) -> Option<Self> {
        let users = Numbered { ids: users, ordinals: Ordinals::From(0) };
        let first_device = users.ids.len()?;
        let first_other = first_device.checked_add(devices.len()?)?;
        let ordinals = device_ordinals(&users, &devices, first_device);
        let others = Others { first: first_other, ids: Vec::new(), by_folded: HashMap::new() };
        Some(Self { users, devices: Numbered { ids: devices, ordinals }, others })
    }

    /// The ordinal of `id`, given out now if it is new. `None` when there are no numbers left.
    pub fn intern(&mut self, id: &str) -> Option<Ordinal> {
        self.find(id).or_else(|| self.others.push(id))
    }

    /// The ordinal of `id`, if it has one.
    pub fn find(&self, id: &str) -> Option<Ordinal> {
        [&self.users, &self.devices]
            .into_iter()
            .find_map(|rows| rows.ordinals.of_row(rows.ids.row(id)?))
            .or_else(|| self.others.by_folded.get(fold(id).as_ref()).copied())
    }

    /// The id behind an ordinal, as it was first written; empty for an ordinal of another roster.
    pub fn id(&self, ordinal: Ordinal) -> &str {
        [&self.users, &self.devices]
            .into_iter()
            .find_map(|rows| rows.ids.id(rows.ordinals.row_of(ordinal)?))
            .unwrap_or_else(|| self.others.id(ordinal))
    }

    /// All ordinals are below this.
    pub fn end(&self) -> Ordinal {
        self.others.end().unwrap_or(Ordinal::MAX)
    }

    /// How many rows there are.
    pub fn rows(&self, subject: Subject) -> usize {
        self.of(subject).ids.ids.len()
    }

    /// The row of an object by its id.
    pub fn row(&self, subject: Subject, id: &str) -> Option<u32> {
        self.of(subject).ids.row(id)
    }

    /// The id on a row, as written; empty for a row that does not exist.
    pub fn id_of_row(&self, subject: Subject, row: u32) -> &str {
        self.of(subject).ids.id(row).unwrap_or_default()
    }

    /// The ordinal of the object on a row.
    pub fn ordinal_of_row(&self, subject: Subject, row: u32) -> Option<Ordinal> {
        let rows = self.of(subject);
        rows.ids.id(row).and_then(|_| rows.ordinals.of_row(row))
    }

    /// The row of the object with an ordinal.
    pub fn row_of(&self, subject: Subject, ordinal: Ordinal) -> Option<u32> {
        let rows = self.of(subject);
        rows.ordinals.row_of(ordinal).filter(|&row| rows.ids.id(row).is_some())
    }

    /// The ordinals of rows.
    pub fn ordinals_of_rows(&self, subject: Subject, rows: RoaringBitmap) -> RoaringBitmap {
        match &self.of(subject).ordinals {
            Ordinals::From(0) => rows,
            ordinals => rows.into_iter().filter_map(|row| ordinals.of_row(row)).collect(),
        }
    }

    /// The rows of those ordinals that belong to `subject`.
    pub fn rows_of(&self, subject: Subject, ordinals: &RoaringBitmap) -> RoaringBitmap {
        let rows = self.of(subject);
        let Some(count) = rows.ids.len() else { return RoaringBitmap::new() };
        match &rows.ordinals {
            Ordinals::From(0) => {
                let mut rows = ordinals.clone();
                rows.remove_range(count..);
                rows
            }
            Ordinals::From(first) => {
                let range = *first..first.saturating_add(count);
                ordinals.range(range).filter_map(|ordinal| ordinal.checked_sub(*first)).collect()
            }
            listed @ Ordinals::Listed { .. } => {
                ordinals.iter().filter_map(|ordinal| listed.row_of(ordinal)).collect()
            }
        }
    }

    fn of(&self, subject: Subject) -> &Numbered {
        match subject {
            Subject::User => &self.users,
            Subject::Device => &self.devices,
        }
    }
}

/// Devices follow the users, but those that are known as users already.
fn device_ordinals(users: &Numbered, devices: &RowIds, first: Ordinal) -> Ordinals {
    let rows = 0..devices.len().unwrap_or_default();
    let known = |row: u32| devices.id(row).and_then(|id| users.ids.row(id));
    if !rows.clone().into_par_iter().any(|row| known(row).is_some()) {
        return Ordinals::From(first);
    }
    Ordinals::listed(rows.map(|row| known(row).unwrap_or(first + row)).collect())
}

/// Rows with their ordinals.
#[derive(Clone, Debug)]
struct Numbered {
    ids: RowIds,
    ordinals: Ordinals,
}

/// Which ordinals rows have.
#[derive(Clone, Debug)]
enum Ordinals {
    /// In the order of the rows, from this one on.
    From(Ordinal),
    /// Any, such as those that rows had in an earlier run; and by ordinal the row, or [`NO_ROW`].
    Listed { ordinals: Vec<Ordinal>, rows: Vec<u32> },
}

const NO_ROW: u32 = u32::MAX;

impl Ordinals {
    fn listed(ordinals: Vec<Ordinal>) -> Self {
        let end = ordinals.iter().max().map_or(0, |&last| last as usize + 1);
        let mut rows = vec![NO_ROW; end];
        for (row, &ordinal) in (0..).zip(&ordinals) {
            if let Some(home) = rows.get_mut(ordinal as usize) {
                *home = row;
            }
        }
        Self::Listed { ordinals, rows }
    }

    fn of_row(&self, row: u32) -> Option<Ordinal> {
        match self {
            Self::From(first) => first.checked_add(row),
            Self::Listed { ordinals, .. } => ordinals.get(row as usize).copied(),
        }
    }

    /// For [`Ordinals::From`] a row that may be beyond the last one.
    fn row_of(&self, ordinal: Ordinal) -> Option<u32> {
        match self {
            Self::From(first) => ordinal.checked_sub(*first),
            Self::Listed { rows, .. } => rows.get(ordinal as usize).copied().filter(|&row| row != NO_ROW),
        }
    }
}

impl RowIds {
    fn len(&self) -> Option<u32> {
        u32::try_from(self.ids.len()).ok()
    }

    fn id(&self, row: u32) -> Option<&str> {
        let row = row as usize;
        (row < self.ids.len()).then(|| self.ids.value(row))
    }

    fn row(&self, id: &str) -> Option<u32> {
        u32::try_from(self.index.row(&self.ids, id)?).ok()
    }
}

/// Groups, deleted objects, and whatever else stands as a member somewhere.
#[derive(Clone, Debug)]
struct Others {
    first: Ordinal,
    ids: Vec<Box<str>>,
    by_folded: HashMap<Box<str>, Ordinal>,
}

impl Others {
    fn push(&mut self, id: &str) -> Option<Ordinal> {
        let ordinal = self.end()?;
        self.ids.push(id.into());
        self.by_folded.insert(fold(id).into(), ordinal);
        Some(ordinal)
    }

    fn id(&self, ordinal: Ordinal) -> &str {
        let place = ordinal.checked_sub(self.first).map(|place| place as usize);
        place.and_then(|place| self.ids.get(place)).map_or("", AsRef::as_ref)
    }

    fn end(&self) -> Option<Ordinal> {
        self.first.checked_add(u32::try_from(self.ids.len()).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bitmap(members: &[u32]) -> RoaringBitmap {
        members.iter().copied().collect()
    }

    #[test]
    fn users_come_first_then_devices_then_whatever_is_met() {
        let mut roster = Roster::new(RowIds::of(["ada", "Bob"]), RowIds::of(["pc"])).unwrap();
        assert_eq!(["Ada", "bob", "PC", "g"].map(|id| roster.find(id)), [Some(0), Some(1), Some(2), None]);
        assert_eq!((roster.intern("g"), roster.intern("BOB")), (Some(3), Some(1)));
        assert_eq!([0, 1, 2, 3, 4].map(|ordinal| roster.id(ordinal)), ["ada", "Bob", "pc", "g", ""]);
        assert_eq!(roster.end(), 4);
        assert_eq!(roster.ordinal_of_row(Subject::Device, 0), Some(2));
        assert_eq!(roster.ordinal_of_row(Subject::Device, 1), None);
        assert_eq!((roster.row_of(Subject::User, 1), roster.row_of(Subject::User, 2)), (Some(1), None));
        let all = bitmap(&[0, 1, 2, 3]);
        assert_eq!(roster.rows_of(Subject::User, &all), bitmap(&[0, 1]));
        assert_eq!(roster.rows_of(Subject::Device, &all), bitmap(&[0]));
        assert_eq!(roster.ordinals_of_rows(Subject::Device, bitmap(&[0])), bitmap(&[2]));
    }

    #[test]
    fn a_device_that_has_the_id_of_a_user_is_that_object() {
        let mut roster = Roster::new(RowIds::of(["a", "b"]), RowIds::of(["c", "B", "d"])).unwrap();
        assert_eq!(roster.intern("other"), Some(5));
        let ordinals = [0, 1, 2].map(|row| roster.ordinal_of_row(Subject::Device, row));
        assert_eq!(ordinals, [Some(2), Some(1), Some(4)]);
        assert_eq!(roster.ordinals_of_rows(Subject::Device, bitmap(&[1, 2])), bitmap(&[1, 4]));
        assert_eq!(roster.rows_of(Subject::Device, &bitmap(&[0, 1, 2, 5])), bitmap(&[0, 1]));
        assert_eq!([1, 2, 4, 5].map(|ordinal| roster.id(ordinal)), ["b", "c", "d", "other"]);
        assert_eq!(roster.find("D"), Some(4));
    }
}
