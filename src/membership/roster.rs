//! Small numbers for object ids, so that members are bitmaps.
//!
//! Here and nowhere else is known which row of users or devices has which ordinal. Snapshots and deltas
//! are in ordinals, columns and what the engine selects in rows.

use std::collections::HashMap;

use arrow_array::{Array, StringArray};
use roaring::RoaringBitmap;

use super::register::{Holder, Register};
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

    /// The ids, by row.
    pub fn ids(&self) -> &StringArray {
        &self.ids
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
    register: Register,
    users: Numbered,
    devices: Numbered,
    others: Others,
}

impl Roster {
    /// Gives ordinals to users and devices that none had before, each in the order of their rows. `None`
    /// if there are more of them than numbers.
    pub fn new(users: RowIds, devices: RowIds) -> Option<Self> {
        let mut register = Register::default();
        let first_user = register.add(Holder::User, users.len()?)?;
        let of_users: Option<Vec<Ordinal>> = (first_user..register.end(Holder::User))
            .map(|position| register.ordinal(Holder::User, position))
            .collect();
        let (users, of_users) = (users, of_users?);
        // A device that is known as a user keeps that ordinal.
        let known = |row| of_users.get(users.row(devices.id(row)?)? as usize).copied();
        let mut of_devices = Vec::with_capacity(devices.ids.len());
        for row in 0..devices.len()? {
            let ordinal = if let Some(ordinal) = known(row) {
                ordinal
            } else {
                let position = register.add(Holder::Device, 1)?;
                register.ordinal(Holder::Device, position)?
            };
            of_devices.push(ordinal);
        }
        Some(Self::resume(register, (users, of_users), (devices, of_devices)))
    }

    /// Users and devices with the ordinals of their rows, which `register` gave out; see
    /// [`Register::place`].
    pub fn resume(
        register: Register,
        (users, of_users): (RowIds, Vec<Ordinal>),
        (devices, of_devices): (RowIds, Vec<Ordinal>),
    ) -> Self {
        let users = Numbered { ids: users, ordinals: Ordinals::of(of_users) };
        let devices = Numbered { ids: devices, ordinals: Ordinals::of(of_devices) };
        Self { register, users, devices, others: Others::default() }
    }

    /// The ordinal of `id`, given out now if it is new. `None` when there are no numbers left.
    pub fn intern(&mut self, id: &str) -> Option<Ordinal> {
        if let Some(known) = self.find(id) {
            return Some(known);
        }
        let position = self.register.add(Holder::Other, 1)?;
        let ordinal = self.register.ordinal(Holder::Other, position)?;
        self.others.ids.push(id.into());
        self.others.by_folded.insert(fold(id).into(), ordinal);
        Some(ordinal)
    }

    /// The ordinal of `id`, if it has one. Ids that rows have go first, then those met now, then those of
    /// earlier runs.
    pub fn find(&self, id: &str) -> Option<Ordinal> {
        let known = |holder| self.register.ordinal(holder, self.register.find_known(holder, id)?);
        [&self.users, &self.devices]
            .into_iter()
            .find_map(|rows| rows.ordinals.of_row(rows.ids.row(id)?))
            .or_else(|| self.others.by_folded.get(fold(id).as_ref()).copied())
            .or_else(|| Holder::ALL.into_iter().find_map(known))
    }

    /// The id behind an ordinal, as it was first written; empty for an ordinal of another roster.
    pub fn id(&self, ordinal: Ordinal) -> &str {
        [&self.users, &self.devices]
            .into_iter()
            .find_map(|rows| rows.ids.id(rows.ordinals.row_of(ordinal)?))
            .or_else(|| {
                let (holder, position) = self.register.position(ordinal)?;
                self.register.known_id(holder, position).or_else(|| {
                    let new = position.checked_sub(self.register.known(Holder::Other))? as usize;
                    self.others.ids.get(new).map(AsRef::as_ref).filter(|_| holder == Holder::Other)
                })
            })
            .unwrap_or_default()
    }

    /// The ordinals given out so far, those of earlier runs included.
    pub fn register(&self) -> &Register {
        &self.register
    }

    /// Users and devices of earlier runs that have no row any more.
    pub fn gone(&self) -> RoaringBitmap {
        let rows = |subject: Subject| (0..self.of(subject).ids.len().unwrap_or_default()).collect();
        let of = |holder, subject| {
            if self.register.known(holder) == 0 {
                return RoaringBitmap::new();
            }
            self.register.of(holder) - self.ordinals_of_rows(subject, rows(subject))
        };
        of(Holder::User, Subject::User) | of(Holder::Device, Subject::Device)
    }

    /// Ids that stood for a member of unknown kind and are now users or devices: the ordinal that they had,
    /// and the one that they have.
    pub fn promoted(&self) -> Vec<(Ordinal, Ordinal)> {
        let register = &self.register;
        if register.known(Holder::Other) == 0 {
            return Vec::new();
        }
        let of = |rows: &Numbered, holder: Holder| -> Vec<(Ordinal, Ordinal)> {
            let first_new = register.ordinal(holder, register.known(holder));
            let rows_count = rows.ids.len().unwrap_or_default();
            let promoted = |row: u32| {
                let now = rows.ordinals.of_row(row).filter(|&now| first_new.is_some_and(|new| now >= new))?;
                let before = register.find_known(Holder::Other, rows.ids.id(row)?)?;
                Some((register.ordinal(Holder::Other, before)?, now))
            };
            (0..rows_count).filter_map(promoted).collect()
        };
        let mut promoted = of(&self.users, Holder::User);
        promoted.extend(of(&self.devices, Holder::Device));
        promoted
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
    /// Any, such as those that rows had in an earlier run; and the row of each ordinal from `first` on, or
    /// [`NO_ROW`].
    Listed { ordinals: Vec<Ordinal>, first: Ordinal, rows: Vec<u32> },
}

const NO_ROW: u32 = u32::MAX;

impl Ordinals {
    fn of(ordinals: Vec<Ordinal>) -> Self {
        let first = ordinals.iter().min().copied().unwrap_or_default();
        if (first..).zip(&ordinals).all(|(expected, &ordinal)| ordinal == expected) {
            return Self::From(first);
        }
        let end = ordinals.iter().max().map_or(0, |&last| (last - first) as usize + 1);
        let mut rows = vec![NO_ROW; end];
        for (row, &ordinal) in (0..).zip(&ordinals) {
            if let Some(home) = rows.get_mut((ordinal - first) as usize) {
                *home = row;
            }
        }
        Self::Listed { ordinals, first, rows }
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
            Self::Listed { first, rows, .. } => {
                let place = ordinal.checked_sub(*first)?;
                rows.get(place as usize).copied().filter(|&row| row != NO_ROW)
            }
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

/// Groups, deleted objects, and whatever else stands as a member somewhere and was not known before.
#[derive(Clone, Debug, Default)]
struct Others {
    /// By position behind those that were known.
    ids: Vec<Box<str>>,
    by_folded: HashMap<Box<str>, Ordinal>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::register::{Known, SEGMENT_ORDINALS};

    fn bitmap(members: &[u32]) -> RoaringBitmap {
        members.iter().copied().collect()
    }

    const PC: u32 = SEGMENT_ORDINALS;
    const G: u32 = 2 * SEGMENT_ORDINALS;

    #[test]
    fn users_come_first_then_devices_then_whatever_is_met() {
        let mut roster = Roster::new(RowIds::of(["ada", "Bob"]), RowIds::of(["pc"])).unwrap();
        assert_eq!(["Ada", "bob", "PC", "g"].map(|id| roster.find(id)), [Some(0), Some(1), Some(PC), None]);
        assert_eq!((roster.intern("g"), roster.intern("BOB")), (Some(G), Some(1)));
        assert_eq!([0, 1, PC, G, 4].map(|ordinal| roster.id(ordinal)), ["ada", "Bob", "pc", "g", ""]);
        assert_eq!(roster.ordinal_of_row(Subject::Device, 0), Some(PC));
        assert_eq!(roster.ordinal_of_row(Subject::Device, 1), None);
        assert_eq!((roster.row_of(Subject::User, 1), roster.row_of(Subject::User, 2)), (Some(1), None));
        let all = bitmap(&[0, 1, PC, G]);
        assert_eq!(roster.rows_of(Subject::User, &all), bitmap(&[0, 1]));
        assert_eq!(roster.rows_of(Subject::Device, &all), bitmap(&[0]));
        assert_eq!(roster.ordinals_of_rows(Subject::Device, bitmap(&[0])), bitmap(&[PC]));
    }

    #[test]
    fn a_device_that_has_the_id_of_a_user_is_that_object() {
        let mut roster = Roster::new(RowIds::of(["a", "b"]), RowIds::of(["c", "B", "d"])).unwrap();
        assert_eq!(roster.intern("other"), Some(G));
        let ordinals = [0, 1, 2].map(|row| roster.ordinal_of_row(Subject::Device, row));
        assert_eq!(ordinals, [Some(PC), Some(1), Some(PC + 1)]);
        assert_eq!(roster.ordinals_of_rows(Subject::Device, bitmap(&[1, 2])), bitmap(&[1, PC + 1]));
        assert_eq!(roster.rows_of(Subject::Device, &bitmap(&[0, 1, PC, G])), bitmap(&[0, 1]));
        assert_eq!([1, PC, PC + 1, G].map(|ordinal| roster.id(ordinal)), ["b", "c", "d", "other"]);
        assert_eq!(roster.find("D"), Some(PC + 1));
    }

    fn known(segment: u32, ids: &[&str]) -> Known {
        Known { segments: vec![segment], ids: StringArray::from(ids.to_vec()) }
    }

    #[test]
    fn ordinals_of_earlier_runs_stay() {
        let [users, devices, others] = [known(0, &["ada", "bob"]), Known::default(), known(1, &["g", "Eve"])];
        let mut register = Register::new([users, devices, others]).unwrap();
        let rows = RowIds::of(["Bob", "eve"]);
        let positions = register.place(Holder::User, &rows.ids).unwrap();
        let ordinals = positions.iter().map(|&at| register.ordinal(Holder::User, at).unwrap()).collect();
        let mut roster = Roster::resume(register, (rows, ordinals), (RowIds::of([]), Vec::new()));

        assert_eq!(
            ["ada", "bob", "eve", "G"].map(|id| roster.find(id)),
            [Some(0), Some(1), Some(2), Some(PC)]
        );
        assert_eq!([0, 1, PC, PC + 1].map(|ordinal| roster.id(ordinal)), ["ada", "Bob", "g", "Eve"]);
        assert_eq!(roster.promoted(), [(PC + 1, 2)]);
        assert_eq!(roster.gone(), bitmap(&[0]));
        assert_eq!(roster.rows_of(Subject::User, &bitmap(&[0, 1, 2, PC])), bitmap(&[0, 1]));
        assert_eq!(roster.intern("h"), Some(PC + 2));
        assert_eq!(roster.id(PC + 2), "h");
    }
}
