//! The rows of all rules, put together from blocks in whatever order they are done.

use std::sync::{Mutex, PoisonError};

use roaring::RoaringBitmap;

use super::selection::{BLOCK_ROWS, Bits, DENSE_MIN_ROWS, Rows, each_set, set_all};

/// The rows of each rule, as far as they are known.
pub(super) struct Gathered {
    rules: Vec<Mutex<RoaringBitmap>>,
}

/// Adds the rows of one block.
pub(super) struct Writer<'g> {
    gathered: &'g Gathered,
    /// The container of the block, and the number of the block's first row in it.
    key: u16,
    start: u16,
    /// One container in roaring's portable format without runs.
    portable: Vec<u8>,
}

/// Bytes before the rows: the format's mark, one container, its key, its size and where its rows are.
const HEADER_BYTES: usize = 16;

impl Gathered {
    pub(super) fn new(rules: usize) -> Self {
        Self { rules: (0..rules).map(|_| Mutex::default()).collect() }
    }

    /// A writer for a block that begins at row `start` and does not leave its container.
    pub(super) fn writer(&self, start: usize) -> Writer<'_> {
        let number = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let (key, start) = (number(start / BLOCK_ROWS), number(start % BLOCK_ROWS));
        Writer { gathered: self, key, start, portable: Vec::with_capacity(HEADER_BYTES + BLOCK_ROWS / 8) }
    }

    pub(super) fn into_rows(self) -> Vec<RoaringBitmap> {
        self.rules.into_iter().map(|rows| rows.into_inner().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}

impl Writer<'_> {
    /// Adds rows, counted from the start of the block, to a rule.
    pub(super) fn add(&mut self, rule: u32, rows: Rows<'_>) {
        let count = rows.count();
        let (Some(home), true) = (self.gathered.rules.get(rule as usize), count > 0) else { return };
        self.head(count);
        if count > DENSE_MIN_ROWS {
            self.bits(rows);
        } else {
            self.list(rows);
        }
        let read = RoaringBitmap::deserialize_unchecked_from(self.portable.as_slice());
        // INVARIANT: the bytes were written just above; a property test compares the results with the oracle.
        debug_assert!(read.is_ok(), "the portable format is sound");
        *home.lock().unwrap_or_else(PoisonError::into_inner) |= read.unwrap_or_default();
    }

    fn head(&mut self, count: usize) {
        const COOKIE_WITHOUT_RUNS: u32 = 12_346;
        self.portable.clear();
        self.portable.extend(COOKIE_WITHOUT_RUNS.to_le_bytes());
        self.portable.extend(1_u32.to_le_bytes());
        self.portable.extend(self.key.to_le_bytes());
        self.portable.extend(u16::try_from(count - 1).unwrap_or(u16::MAX).to_le_bytes());
        self.portable.extend(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn list(&mut self, rows: Rows<'_>) {
        let start = self.start;
        match rows {
            Rows::Sparse(rows) => {
                self.portable.resize(HEADER_BYTES + rows.len() * 2, 0);
                let room = self.portable.get_mut(HEADER_BYTES..).unwrap_or_default();
                for (bytes, &row) in room.as_chunks_mut::<2>().0.iter_mut().zip(rows) {
                    *bytes = (start + row).to_le_bytes();
                }
            }
            Rows::Dense(bits) => each_set(bits, |row| self.portable.extend((start + row).to_le_bytes())),
        }
    }

    fn bits(&mut self, rows: Rows<'_>) {
        match rows {
            Rows::Sparse(rows) => {
                let mut bits: Box<Bits> = Box::new([0; BLOCK_ROWS / 64]);
                set_all(&mut bits, rows);
                self.words(&bits);
            }
            Rows::Dense(bits) => self.words(bits),
        }
    }

    fn words(&mut self, bits: &Bits) {
        self.portable.resize(HEADER_BYTES + BLOCK_ROWS / 8, 0);
        // INVARIANT: a block begins at a multiple of 64, so words move as a whole.
        let room = self.portable.get_mut(HEADER_BYTES + usize::from(self.start) / 8..).unwrap_or_default();
        for (bytes, word) in room.as_chunks_mut::<8>().0.iter_mut().zip(bits) {
            *bytes = word.to_le_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_container_come_together_in_any_order() {
        let every = |step: usize| -> Vec<u16> { (0_u16..8_192).step_by(step).collect() };
        for (step, dense) in [(1, true), (1, false), (3, true), (3, false), (5_000, false)] {
            let gathered = Gathered::new(2);
            let rows = every(step);
            let mut bits: Box<Bits> = Box::new([0; BLOCK_ROWS / 64]);
            set_all(&mut bits, &rows);
            let starts = [BLOCK_ROWS + 8_192, 57_344, 0, BLOCK_ROWS];
            for start in starts {
                let rows = if dense { Rows::Dense(&bits) } else { Rows::Sparse(&rows) };
                let mut writer = gathered.writer(start);
                writer.add(1, rows);
                writer.add(0, Rows::Sparse(&[]));
                writer.add(2, rows);
            }
            let mut expected: Vec<u32> = starts
                .iter()
                .flat_map(|&start| {
                    rows.iter().map(move |&row| u32::try_from(start).unwrap() + u32::from(row))
                })
                .collect();
            expected.sort_unstable();
            let found = gathered.into_rows();
            assert!(found[0].is_empty());
            assert_eq!(found[1].iter().collect::<Vec<_>>(), expected, "{step} {dense}");
            assert_eq!(found[1], RoaringBitmap::from_sorted_iter(expected).unwrap());
        }
    }
}
