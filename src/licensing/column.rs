//! A value for each ordinal, each distinct value kept once.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use roaring::RoaringBitmap;

use super::roll::Roll;

/// The number of a value in its column; none has 0.
pub(super) type Code = u32;

/// What ordinals stand for that have no value.
pub(super) const NO_VALUE: Code = 0;

/// Values by ordinal.
#[derive(Clone, Debug)]
pub(super) struct Column<T> {
    /// By ordinal.
    codes: Vec<Code>,
    /// By code less one; a gap is used again.
    values: Vec<Option<Entry<T>>>,
    by_value: HashTable<Code>,
    hasher: DefaultHashBuilder,
    gaps: Vec<Code>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    value: Arc<T>,
    /// Values are large: their hash is kept.
    hash: u64,
    /// How many ordinals have it.
    uses: u64,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            codes: Vec::new(),
            values: Vec::new(),
            by_value: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            gaps: Vec::new(),
        }
    }
}

impl<T: Eq + Hash> Column<T> {
    /// The number of an ordinal's value.
    pub(super) fn code(&self, ordinal: u32) -> Code {
        self.codes.get(ordinal as usize).copied().unwrap_or(NO_VALUE)
    }

    /// The value with a number.
    pub(super) fn value(&self, code: Code) -> Option<&Arc<T>> {
        self.values.get((code as usize).checked_sub(1)?)?.as_ref().map(|entry| &entry.value)
    }

    /// An ordinal's value.
    pub(super) fn get(&self, ordinal: u32) -> Option<&Arc<T>> {
        self.value(self.code(ordinal))
    }

    /// One more than the greatest ordinal that ever had a value.
    pub(super) fn len(&self) -> usize {
        self.codes.len()
    }

    /// All distinct values.
    pub(super) fn values(&self) -> impl Iterator<Item = &Arc<T>> {
        self.values.iter().flatten().map(|entry| &entry.value)
    }

    /// The ordinals with values for which something holds.
    pub(super) fn ordinals(&self, holds: impl Fn(&T) -> bool) -> RoaringBitmap {
        let mut fits = vec![false];
        fits.extend(self.values.iter().map(|entry| entry.as_ref().is_some_and(|entry| holds(&entry.value))));
        let fits = |code: Code| fits.get(code as usize).copied().unwrap_or_default();
        let ordinals = (0..).zip(&self.codes).filter(|(_, code)| fits(**code)).map(|(ordinal, _)| ordinal);
        ordinals.collect()
    }

    /// The number of a value. Until an ordinal gets it, nothing keeps it.
    pub(super) fn intern(&mut self, value: &Arc<T>) -> Code {
        let hash = self.hasher.hash_one(value);
        let is_it = |values: &[Option<Entry<T>>], code: Code| {
            let known = values.get((code as usize).saturating_sub(1)).and_then(Option::as_ref);
            known.is_some_and(|known| known.hash == hash && known.value == *value)
        };
        if let Some(code) = self.by_value.find(hash, |code| is_it(&self.values, *code)) {
            return *code;
        }
        let entry = Some(Entry { value: Arc::clone(value), hash, uses: 0 });
        let code = if let Some(gap) = self.gaps.pop() {
            if let Some(place) = self.values.get_mut((gap as usize).saturating_sub(1)) {
                *place = entry;
            }
            gap
        } else {
            self.values.push(entry);
            Code::try_from(self.values.len()).unwrap_or(Code::MAX)
        };
        let values = &self.values;
        let hash_of = |code: &Code| {
            let known = values.get((*code as usize).saturating_sub(1)).and_then(Option::as_ref);
            known.map_or(0, |known| known.hash)
        };
        self.by_value.insert_unique(hash, code, hash_of);
        code
    }

    /// Makes room for ordinals up to this one.
    pub(super) fn reach(&mut self, last: u32) {
        if self.codes.len() <= last as usize {
            self.codes.resize(last as usize + 1, NO_VALUE);
        }
    }

    /// Announces how many ordinals will get a value, so that it is not lost before they have it.
    pub(super) fn announce(&mut self, code: Code, ordinals: u64) {
        self.count(code, |uses| uses + ordinals);
    }

    /// Gives an ordinal the value that was announced for it, in the place of what it had.
    pub(super) fn put(&mut self, ordinal: u32, code: Code) {
        let Some(place) = self.codes.get_mut(ordinal as usize) else { return };
        let former = std::mem::replace(place, code);
        if self.count(former, |uses| uses.saturating_sub(1)) == Some(0)
            && let Some(entry) =
                self.values.get_mut((former as usize).saturating_sub(1)).and_then(Option::take)
        {
            if let Ok(place) = self.by_value.find_entry(entry.hash, |code| *code == former) {
                place.remove();
            }
            self.gaps.push(former);
        }
    }

    /// The distinct values with their ordinals, by the first of these.
    pub(super) fn classes(&self) -> Vec<(Arc<T>, RoaringBitmap)> {
        let mut roll = Roll::default();
        let mut codes: Vec<Code> = Vec::new();
        let mut numbers = vec![None; self.values.len() + 1];
        for (ordinal, &code) in (0..).zip(&self.codes) {
            let Some(number) = numbers.get_mut(code as usize).filter(|_| code != NO_VALUE) else { continue };
            let number = *number.get_or_insert_with(|| {
                codes.push(code);
                codes.len() - 1
            });
            roll.push(ordinal, number);
        }
        let itself: Vec<Option<usize>> = (0..codes.len()).map(Some).collect();
        let sets = roll.sets(codes.len(), &itself);
        codes
            .into_iter()
            .zip(sets)
            .filter_map(|(code, set)| Some((Arc::clone(self.value(code)?), set)))
            .collect()
    }

    fn count(&mut self, code: Code, change: impl FnOnce(u64) -> u64) -> Option<u64> {
        let entry = self.values.get_mut((code as usize).checked_sub(1)?)?.as_mut()?;
        entry.uses = change(entry.uses);
        Some(entry.uses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(column: &mut Column<&'static str>, ordinals: &[u32], value: &'static str) {
        let code = column.intern(&Arc::new(value));
        column.announce(code, ordinals.len() as u64);
        for ordinal in ordinals {
            column.reach(*ordinal);
            column.put(*ordinal, code);
        }
    }

    #[test]
    fn equal_values_share_a_number_that_is_free_once_nobody_has_it() {
        let mut column = Column::default();
        fill(&mut column, &[2, 5, 9], "a");
        fill(&mut column, &[5, 70_000], "b");
        fill(&mut column, &[3], "a");
        assert_eq!(
            (column.code(0), column.code(2), column.code(1_000_000)),
            (NO_VALUE, column.code(3), NO_VALUE)
        );
        let set = |ordinals: &[u32]| ordinals.iter().copied().collect::<RoaringBitmap>();
        let classes = column.classes();
        assert_eq!(classes, [(Arc::new("a"), set(&[2, 3, 9])), (Arc::new("b"), set(&[5, 70_000]))]);
        let freed = column.code(5);
        fill(&mut column, &[5, 70_000], "a");
        assert_eq!(column.values().collect::<Vec<_>>(), [&Arc::new("a")]);
        fill(&mut column, &[9], "c");
        assert_eq!((column.code(9), column.get(9)), (freed, Some(&Arc::new("c"))));
    }

    #[test]
    fn who_gets_what_they_have_keeps_it() {
        let mut column = Column::default();
        fill(&mut column, &[1], "a");
        fill(&mut column, &[1], "a");
        assert_eq!(column.get(1), Some(&Arc::new("a")));
    }
}
