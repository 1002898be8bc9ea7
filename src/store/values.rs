//! The attributes of users and devices, put together from segments and taken apart into them.

use arrow_array::StringArray;
use roaring::RoaringBitmap;

use super::{Session, StoreError};
use crate::directory::column_reader::stored::{NO_ROW, StoredColumns, StoredFault, StoredName};
use crate::membership::register::{Holder, Position, Register, SEGMENT_ORDINALS};
use crate::membership::roster::Ordinal;

impl Session<'_> {
    /// The attributes that `wanted` names of the users or devices in `of`, in the order of their ordinals.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or nothing is stored of some of them.
    pub fn values(
        &self,
        (register, holder): (&Register, Holder),
        of: &RoaringBitmap,
        wanted: impl Fn(&StoredName) -> bool,
    ) -> Result<StoredColumns, StoreError> {
        let mut parts = Vec::new();
        for &segment in register.segments(holder) {
            let first = segment * SEGMENT_ORDINALS;
            let rows: Vec<u32> =
                of.range(first..=first + (SEGMENT_ORDINALS - 1)).map(|ordinal| ordinal - first).collect();
            if rows.is_empty() {
                continue;
            }
            let stored = self.segment_values(holder, segment, &wanted)?;
            let is_there = rows.last().is_none_or(|&last| (last as usize) < stored.rows());
            if !is_there {
                return Err(self.damaged(format!("attributes of {}s are missing", holder.word())));
            }
            let all = rows.len() == stored.rows();
            parts.push(if all { stored } else { self.sound(stored.taken(&rows))? });
        }
        self.sound(StoredColumns::joined(&parts))
    }

    /// The attributes that `wanted` names of a whole segment, with rows for all its ordinals in use;
    /// without rows if nothing is stored.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn segment_values(
        &self,
        holder: Holder,
        segment: u32,
        wanted: impl Fn(&StoredName) -> bool,
    ) -> Result<StoredColumns, StoreError> {
        match self.segment(holder, segment, wanted)? {
            None => Ok(StoredColumns::default()),
            Some((rows, blocks)) => self.sound(StoredColumns::decoded(blocks, rows)),
        }
    }

    /// Stores `values` of the users or devices with these ordinals, ascending, in place of all that was
    /// stored of the kind, and says how many blocks were another.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_values(
        &self,
        (register, holder): (&Register, Holder),
        ordinals: &[Ordinal],
        values: &StoredColumns,
    ) -> Result<usize, StoreError> {
        let mut changed = 0;
        let mut rest = (0..).zip(ordinals).peekable();
        for (place, &segment) in (0..).zip(register.segments(holder)) {
            let first = segment * SEGMENT_ORDINALS;
            let mut rows = vec![NO_ROW; rows_of_segment(register.end(holder), place)];
            let of_segment = |ordinal: Ordinal| ordinal / SEGMENT_ORDINALS == segment;
            while let Some((row, &ordinal)) = rest.next_if(|(_, ordinal)| of_segment(**ordinal)) {
                if let Some(home) = rows.get_mut((ordinal - first) as usize) {
                    *home = row;
                }
            }
            let blocks = self.sound(values.taken(&rows).and_then(|values| values.encoded()))?;
            changed += self.set_segment(holder, segment, rows.len(), &blocks)?;
        }
        self.keep_names(holder, &values.names().cloned().collect())?;
        Ok(changed)
    }

    fn sound<T>(&self, result: Result<T, StoredFault>) -> Result<T, StoreError> {
        result.map_err(|fault| self.damaged(fault.to_string()))
    }
}

/// How many ordinals of a segment are in use, if all positions are below `end`.
pub fn rows_of_segment(end: Position, place: u32) -> usize {
    end.saturating_sub(place.saturating_mul(SEGMENT_ORDINALS)).min(SEGMENT_ORDINALS) as usize
}

/// The ids of users or devices that exist, in the order of their ordinals, and these.
///
/// ```
/// use arrow_array::Array;
/// # use dyngroup::membership::register::{Holder, Register};
/// use dyngroup::store::present_ids;
/// let (ids, ordinals) = present_ids(&Register::default(), Holder::User, &Default::default());
/// assert_eq!((ids.len(), ordinals.len()), (0, 0));
/// ```
pub fn present_ids(
    register: &Register,
    holder: Holder,
    present: &RoaringBitmap,
) -> (StringArray, Vec<Ordinal>) {
    let ordinals: Vec<Ordinal> = present.iter().collect();
    let id = |&ordinal: &Ordinal| {
        let (_, position) = register.position(ordinal).filter(|(of, _)| *of == holder)?;
        register.known_id(holder, position)
    };
    (StringArray::from_iter_values(ordinals.iter().map(|ordinal| id(ordinal).unwrap_or_default())), ordinals)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::directory::object::{Object, Value};
    use crate::language::attribute::{Attributes, Kind, Subject};
    use crate::store::Store;

    fn user(number: u32) -> Object {
        let city =
            if number.is_multiple_of(3) { Value::Null } else { Value::Text(format!("City {}", number % 50)) };
        Object::new(format!("u{number}")).with("city", city)
    }

    #[test]
    fn values_come_back_by_ordinal_over_segments_and_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        let session = store.write().unwrap();
        let mut register = Register::default();
        register.add(Holder::User, 3).unwrap();
        register.add(Holder::Device, 1).unwrap();
        register.add(Holder::User, 70_000).unwrap();
        let ordinals: Vec<Ordinal> = (0..70_003)
            .filter(|position| position % 7 != 1)
            .map(|position| register.ordinal(Holder::User, position).unwrap())
            .collect();
        let objects: Vec<Object> = ordinals.iter().map(|&ordinal| user(ordinal)).collect();
        let names = [StoredName { attribute: "city".into(), as_written: true, kind: Kind::Text }];
        let values = StoredColumns::of_objects(&objects, &names, Subject::User, Attributes::standard());
        let place = (&register, Holder::User);
        assert_eq!(session.set_values(place, &ordinals, &values).unwrap(), 2);
        assert_eq!(session.set_values(place, &ordinals, &values).unwrap(), 0, "nothing is another");

        let some: RoaringBitmap = ordinals.iter().copied().filter(|ordinal| ordinal % 1_000 < 3).collect();
        let read = session.values(place, &some, |_| true).unwrap();
        assert_eq!(read.rows() as u64, some.len());
        for (row, ordinal) in some.iter().enumerate() {
            assert_eq!(read.object(row, &format!("u{ordinal}")), user(ordinal));
        }
        assert_eq!(session.values(place, &some, |_| false).unwrap().names().count(), 0);
        let gap = session.segment_values(Holder::User, 0, |_| true).unwrap().object(1, "nobody");
        assert_eq!(gap, Object::new("nobody"));
        let behind: RoaringBitmap = [register.ordinals_end() - 1].into_iter().collect();
        assert!(session.values(place, &behind, |_| true).is_err());
    }
}
