//! Rows by the id of their object, in any letter case.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow_array::{Array, StringArray};
use hashbrown::DefaultHashBuilder;
use rayon::prelude::*;

use crate::base::fold::{fold, fold_char};

/// Finds the row of an id.
///
/// ```
/// use arrow_array::StringArray;
/// use dyngroup::directory::column_reader::IdIndex;
/// let ids = StringArray::from(vec!["ada", "Bob"]);
/// let index = IdIndex::new(&ids);
/// assert_eq!(index.row(&ids, "BOB"), Some(1));
/// assert_eq!(index.row(&ids, "eve"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct IdIndex {
    /// The hash of each id in folded form and its row, sorted.
    rows: Arc<[(u64, u32)]>,
    hasher: DefaultHashBuilder,
}

impl IdIndex {
    /// An index over the ids of some rows, of which there are at most 2³².
    pub fn new(ids: &StringArray) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut rows: Vec<(u64, u32)> = (0..u32::try_from(ids.len()).unwrap_or(u32::MAX))
            .into_par_iter()
            .map_init(String::new, |folded, row| (hash_of(&hasher, value(ids, row), folded), row))
            .collect();
        rows.par_sort_unstable();
        Self { rows: rows.into(), hasher }
    }

    /// The row of an id among `ids`, which the index was made of: the first one if several rows have it.
    pub fn row(&self, ids: &StringArray, id: &str) -> Option<usize> {
        let hash = hash_of(&self.hasher, id, &mut String::new());
        let first = self.rows.partition_point(|(other, _)| *other < hash);
        let same_hash = self.rows.get(first..)?.iter().take_while(|(other, _)| *other == hash);
        let folded = fold(id);
        let row = same_hash.map(|(_, row)| *row).find(|&row| fold(value(ids, row)) == folded)?;
        usize::try_from(row).ok()
    }

    /// Rows whose id stands on an earlier row, each after that earlier one; sorted.
    pub(super) fn repeated(&self, ids: &StringArray) -> Vec<(usize, usize)> {
        let mut repeated: Vec<(usize, usize)> = self
            .rows
            .chunk_by(|(one, _), (other, _)| one == other)
            .filter(|same_hash| same_hash.len() > 1)
            .flat_map(|same_hash| same_hash.iter().map(|(_, row)| *row))
            .filter_map(|row| {
                let first = self.row(ids, value(ids, row))?;
                let row = usize::try_from(row).ok()?;
                (first < row).then_some((first, row))
            })
            .collect();
        repeated.sort_unstable_by_key(|&(_, row)| row);
        repeated
    }
}

fn value(ids: &StringArray, row: u32) -> &str {
    let row = usize::try_from(row).ok().filter(|&row| row < ids.len());
    row.map(|row| ids.value(row)).unwrap_or_default()
}

/// The hash of an id in folded form; `folded` is room to write it.
fn hash_of(hasher: &DefaultHashBuilder, id: &str, folded: &mut String) -> u64 {
    folded.clear();
    if id.is_ascii() {
        folded.push_str(id);
        folded.make_ascii_uppercase();
    } else {
        folded.extend(id.chars().map(fold_char));
    }
    hasher.hash_one(folded.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_ids_are_found_in_any_letter_case() {
        let ids = StringArray::from(vec!["å", "b", "Å", "B", "c", "b"]);
        let index = IdIndex::new(&ids);
        assert_eq!(index.repeated(&ids), [(0, 2), (1, 3), (1, 5)]);
        assert_eq!((index.row(&ids, "B"), index.row(&ids, "")), (Some(1), None));
        assert!(IdIndex::new(&StringArray::new_null(0)).repeated(&ids).is_empty());
    }

    #[test]
    fn many_equal_ids_are_all_found() {
        let ids = StringArray::from(vec!["x"; 3_000]);
        let repeated = IdIndex::new(&ids).repeated(&ids);
        assert_eq!(
            (repeated.len(), repeated.first(), repeated.last()),
            (2_999, Some(&(0, 1)), Some(&(0, 2_999)))
        );
    }
}
