//! The ids of a state file, and what stands for the same object.

use std::collections::HashMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::{Session, StoreError};
use crate::membership::register::{Holder, Register};
use crate::membership::roster::Ordinal;

/// All ids that a state file knows, with their ordinals.
///
/// An id that was met as a member of unknown kind and became a user later has two ordinals. Here the one
/// of the user stands for both.
#[derive(Debug)]
pub struct StoredIds {
    register: Register,
    /// The ordinals that something is known by.
    known: RoaringBitmap,
    /// Ordinals whose id has another one now, and which.
    moved: HashMap<Ordinal, Ordinal>,
    moved_set: RoaringBitmap,
}

impl StoredIds {
    /// Looks at what `register` knew from the start.
    ///
    /// ```
    /// use dyngroup::membership::register::Register;
    /// use dyngroup::store::StoredIds;
    /// let ids = StoredIds::new(Register::default());
    /// assert_eq!((ids.find("ada"), ids.id(0)), (None, None));
    /// ```
    pub fn new(register: Register) -> Self {
        let known = register.ordinals().collect();
        let moved: HashMap<Ordinal, Ordinal> = [Holder::Device, Holder::Other]
            .into_iter()
            .flat_map(|holder| {
                let moved = |position| {
                    let ordinal = register.ordinal(holder, position)?;
                    let now = find(&register, register.known_id(holder, position)?)?;
                    (now != ordinal).then_some((ordinal, now))
                };
                (0..register.known(holder)).into_par_iter().filter_map(moved).collect::<Vec<_>>()
            })
            .collect();
        let moved_set = moved.keys().copied().collect();
        Self { register, known, moved, moved_set }
    }

    /// The id behind an ordinal, as it was first written.
    pub fn id(&self, ordinal: Ordinal) -> Option<&str> {
        let (holder, position) = self.register.position(ordinal)?;
        self.register.known_id(holder, position)
    }

    /// The ordinal of an id, in any letter case.
    pub fn find(&self, id: &str) -> Option<Ordinal> {
        find(&self.register, id)
    }

    /// All ids, users first, then devices, then groups and members of unknown kind.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        Holder::ALL.into_iter().flat_map(move |holder| {
            (0..self.register.known(holder)).filter_map(move |at| self.register.known_id(holder, at))
        })
    }

    /// The ordinals that something is known by.
    pub fn ordinals(&self) -> &RoaringBitmap {
        &self.known
    }

    /// `set` with one ordinal for each object; `None` if there are ordinals in it that nothing is known by.
    pub fn settled(&self, mut set: RoaringBitmap) -> Option<RoaringBitmap> {
        if !set.is_subset(&self.known) {
            return None;
        }
        let moved = &set & &self.moved_set;
        set -= &moved;
        set.extend(moved.iter().filter_map(|ordinal| self.moved.get(&ordinal)));
        Some(set)
    }
}

fn find(register: &Register, id: &str) -> Option<Ordinal> {
    Holder::ALL.into_iter().find_map(|holder| register.ordinal(holder, register.find_known(holder, id)?))
}

impl Session<'_> {
    /// All ids with their ordinals, to look them up.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or pages are missing in it.
    pub fn ids(&self) -> Result<StoredIds, StoreError> {
        Ok(StoredIds::new(self.register()?))
    }

    /// [`StoredIds::settled`], for a set of this file.
    ///
    /// # Errors
    ///
    /// If the set has members that the file knows no id of.
    pub fn settled(&self, ids: &StoredIds, set: RoaringBitmap) -> Result<RoaringBitmap, StoreError> {
        ids.settled(set).ok_or_else(|| self.damaged("there are members without an id"))
    }

    /// [`StoredIds::id`], for an ordinal of this file.
    ///
    /// # Errors
    ///
    /// If the file knows no id of it.
    pub fn id_of<'ids>(&self, ids: &'ids StoredIds, ordinal: Ordinal) -> Result<&'ids str, StoreError> {
        ids.id(ordinal).ok_or_else(|| self.damaged("there are groups without an id"))
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;

    use super::*;
    use crate::membership::register::{Known, SEGMENT_ORDINALS};

    #[test]
    fn an_id_with_two_ordinals_is_one_object() {
        let known = |segment, ids: &[&str]| Known {
            segments: vec![segment],
            ids: StringArray::from_iter_values(ids),
        };
        let known = [known(1, &["ada", "BOB"]), known(2, &["pc"]), known(0, &["staff", "bob", "PC"])];
        let ids = StoredIds::new(Register::new(known).unwrap());
        let (user, device) = (SEGMENT_ORDINALS, 2 * SEGMENT_ORDINALS);
        assert_eq!(["bob", "Pc", "STAFF"].map(|id| ids.find(id)), [Some(user + 1), Some(device), Some(0)]);
        assert_eq!((ids.id(1), ids.id(user + 1), ids.id(3)), (Some("bob"), Some("BOB"), None));
        let settled = |set: &[u32]| {
            let set = ids.settled(set.iter().copied().collect())?;
            Some(set.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(settled(&[0, 1, 2, user]), Some(vec![0, user, user + 1, device]));
        assert_eq!(settled(&[user + 1, 1]), Some(vec![user + 1]));
        assert_eq!(settled(&[3]), None);
        assert_eq!(ids.iter().collect::<Vec<_>>(), ["ada", "BOB", "pc", "staff", "bob", "PC"]);
    }
}
