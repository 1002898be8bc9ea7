//! The rows of one block that satisfy something: a sorted list when they are few, bits when many.

/// Rows of a block. One roaring container each, so that results need no conversion.
pub(super) const BLOCK_ROWS: usize = 65_536;

/// Words of a dense selection.
pub(super) const WORDS: usize = BLOCK_ROWS / 64;

/// From so many rows on bits take no more room than a list: 4,096 rows are 8 KiB either way. It is also
/// the border between roaring's containers.
pub(super) const DENSE_MIN_ROWS: usize = 4_096;

/// The bits of all rows of a block.
pub(super) type Bits = [u64; WORDS];

/// A selection that stands elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows<'a> {
    /// Ascending, each once.
    Sparse(&'a [u16]),
    /// Bits and how many are set.
    Dense(&'a Bits, usize),
}

impl Rows<'_> {
    pub(super) fn len(self) -> usize {
        match self {
            Rows::Sparse(rows) => rows.len(),
            Rows::Dense(_, count) => count,
        }
    }
}

/// A selection with room of its own, in either form. The room is kept when the form changes.
#[derive(Debug)]
pub(super) struct Selection {
    sparse: Vec<u16>,
    dense: Box<Bits>,
    /// How many bits are set, if the bits are what counts.
    dense_count: Option<usize>,
}

impl Default for Selection {
    fn default() -> Self {
        Self { sparse: Vec::new(), dense: Box::new([0; WORDS]), dense_count: None }
    }
}

impl Selection {
    pub(super) fn rows(&self) -> Rows<'_> {
        match self.dense_count {
            Some(count) => Rows::Dense(&self.dense, count),
            None => Rows::Sparse(&self.sparse),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows().len()
    }

    pub(super) fn load(&mut self, from: Rows<'_>) {
        match from {
            Rows::Sparse(rows) => {
                self.dense_count = None;
                self.sparse.clear();
                self.sparse.extend_from_slice(rows);
            }
            Rows::Dense(bits, count) => {
                *self.dense = *bits;
                self.dense_count = Some(count);
            }
        }
    }

    /// All rows of a block of `block_rows` but those of `from`.
    pub(super) fn complement(&mut self, from: Rows<'_>, block_rows: usize) {
        match from {
            Rows::Sparse(rows) => {
                fill(&mut self.dense, block_rows);
                for &row in rows {
                    clear(&mut self.dense, row);
                }
            }
            Rows::Dense(bits, _) => {
                fill(&mut self.dense, block_rows);
                for (word, other) in self.dense.iter_mut().zip(bits) {
                    *word &= !other;
                }
            }
        }
        self.dense_count = Some(block_rows - from.len());
    }

    pub(super) fn and(&mut self, with: Rows<'_>) {
        match (self.dense_count, with) {
            (None, Rows::Sparse(rows)) => intersect(&mut self.sparse, rows),
            (None, Rows::Dense(bits, _)) => self.sparse.retain(|&row| is_set(bits, row)),
            (Some(_), Rows::Sparse(rows)) => {
                self.sparse.clear();
                let bits = &self.dense;
                self.sparse.extend(rows.iter().filter(|&&row| is_set(bits, row)));
                self.dense_count = None;
            }
            (Some(_), Rows::Dense(bits, _)) => self.combine(bits, |word, other| word & other),
        }
    }

    pub(super) fn and_not(&mut self, without: Rows<'_>) {
        match (self.dense_count, without) {
            (None, Rows::Sparse(rows)) => subtract(&mut self.sparse, rows),
            (None, Rows::Dense(bits, _)) => self.sparse.retain(|&row| !is_set(bits, row)),
            (Some(count), Rows::Sparse(rows)) => {
                let mut left = count;
                for &row in rows {
                    left -= usize::from(clear(&mut self.dense, row));
                }
                self.dense_count = Some(left);
            }
            (Some(_), Rows::Dense(bits, _)) => self.combine(bits, |word, other| word & !other),
        }
    }

    pub(super) fn or(&mut self, with: Rows<'_>) {
        match (self.dense_count, with) {
            (None, Rows::Sparse(rows)) if self.sparse.len() + rows.len() < DENSE_MIN_ROWS => {
                unite(&mut self.sparse, rows);
            }
            (None, _) => {
                self.make_dense();
                self.or(with);
            }
            (Some(count), Rows::Sparse(rows)) => {
                let mut total = count;
                for &row in rows {
                    total += usize::from(set(&mut self.dense, row));
                }
                self.dense_count = Some(total);
            }
            (Some(_), Rows::Dense(bits, _)) => self.combine(bits, |word, other| word | other),
        }
    }

    pub(super) fn or_not(&mut self, without: Rows<'_>, block_rows: usize) {
        // a or not b = not (b and not a)
        let mut rest = Self::default();
        rest.load(without);
        rest.and_not(self.rows());
        let rest_rows = rest.rows();
        self.complement(rest_rows, block_rows);
    }

    fn combine(&mut self, other: &Bits, operation: impl Fn(u64, u64) -> u64) {
        let mut count = 0;
        for (word, &other) in self.dense.iter_mut().zip(other) {
            *word = operation(*word, other);
            count += word.count_ones() as usize;
        }
        self.dense_count = Some(count);
    }

    fn make_dense(&mut self) {
        self.dense.fill(0);
        for &row in &self.sparse {
            set(&mut self.dense, row);
        }
        self.dense_count = Some(self.sparse.len());
    }
}

/// Sets the bit of a row; true if it was not set.
#[inline]
pub(super) fn set(bits: &mut Bits, row: u16) -> bool {
    let Some(word) = bits.get_mut(usize::from(row >> 6)) else { return false };
    let mask = 1_u64 << (row & 63);
    let was_clear = *word & mask == 0;
    *word |= mask;
    was_clear
}

/// Clears the bit of a row; true if it was set.
#[inline]
fn clear(bits: &mut Bits, row: u16) -> bool {
    let Some(word) = bits.get_mut(usize::from(row >> 6)) else { return false };
    let mask = 1_u64 << (row & 63);
    let was_set = *word & mask != 0;
    *word &= !mask;
    was_set
}

#[inline]
pub(super) fn is_set(bits: &Bits, row: u16) -> bool {
    bits.get(usize::from(row >> 6)).is_some_and(|word| word & (1_u64 << (row & 63)) != 0)
}

/// Sets the first `rows` bits and clears the others.
pub(super) fn fill(bits: &mut Bits, rows: usize) {
    for (at, word) in bits.iter_mut().enumerate() {
        let here = rows.saturating_sub(at * 64).min(64);
        *word = if here == 64 { u64::MAX } else { (1_u64 << here) - 1 };
    }
}

/// Keeps in `rows` what `others` holds too. Steps through the shorter list where the lengths differ a
/// lot.
fn intersect(rows: &mut Vec<u16>, others: &[u16]) {
    if rows.len() * GALLOP_FACTOR < others.len() {
        rows.retain(|row| others.binary_search(row).is_ok());
        return;
    }
    let mut rest = others;
    rows.retain(|&row| {
        while let [first, tail @ ..] = rest
            && *first < row
        {
            rest = tail;
        }
        rest.first() == Some(&row)
    });
}

fn subtract(rows: &mut Vec<u16>, others: &[u16]) {
    let mut rest = others;
    rows.retain(|&row| {
        while let [first, tail @ ..] = rest
            && *first < row
        {
            rest = tail;
        }
        rest.first() != Some(&row)
    });
}

fn unite(rows: &mut Vec<u16>, others: &[u16]) {
    let before = std::mem::take(rows);
    rows.reserve(before.len() + others.len());
    let (mut left, mut right) = (before.as_slice(), others);
    loop {
        match (left, right) {
            ([a, left_rest @ ..], [b, right_rest @ ..]) => {
                rows.push(*a.min(b));
                if a <= b {
                    left = left_rest;
                }
                if b <= a {
                    right = right_rest;
                }
            }
            (rest, []) | ([], rest) => return rows.extend_from_slice(rest),
        }
    }
}

/// Lists whose lengths differ more than this are searched instead of walked.
const GALLOP_FACTOR: usize = 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn selection(rows: &BTreeSet<u16>, dense: bool) -> Selection {
        let mut selection = Selection::default();
        let list: Vec<u16> = rows.iter().copied().collect();
        selection.load(Rows::Sparse(&list));
        if dense {
            selection.make_dense();
        }
        selection
    }

    fn members(selection: &Selection) -> BTreeSet<u16> {
        let found: BTreeSet<u16> = match selection.rows() {
            Rows::Sparse(rows) => rows.iter().copied().collect(),
            Rows::Dense(bits, _) => (0..=u16::MAX).filter(|&row| is_set(bits, row)).collect(),
        };
        assert_eq!(found.len(), selection.len(), "the count is right");
        found
    }

    proptest! {
        #[test]
        fn every_form_agrees_with_sets(
            a in prop::collection::btree_set(0_u16..200, 0..60),
            b in prop::collection::btree_set(0_u16..200, 0..60),
            forms in any::<(bool, bool)>(),
        ) {
            let block_rows = 200;
            let all: BTreeSet<u16> = (0..200).collect();
            let other = selection(&b, forms.1);
            let run = |step: &dyn Fn(&mut Selection, Rows<'_>)| {
                let mut target = selection(&a, forms.0);
                step(&mut target, other.rows());
                members(&target)
            };
            prop_assert_eq!(run(&|to, with| to.and(with)), &a & &b);
            prop_assert_eq!(run(&|to, with| to.or(with)), &a | &b);
            prop_assert_eq!(run(&|to, with| to.and_not(with)), &a - &b);
            prop_assert_eq!(run(&|to, with| to.or_not(with, block_rows)), &a | &(&all - &b));
            prop_assert_eq!(run(&|to, with| to.complement(with, block_rows)), &all - &b);
        }
    }

    #[test]
    fn unions_change_their_form_when_they_grow() {
        let even: BTreeSet<u16> = (0..6_000).step_by(2).collect();
        let odd: BTreeSet<u16> = (1..6_000).step_by(2).collect();
        let mut both = selection(&even, false);
        both.or(selection(&odd, false).rows());
        assert!(matches!(both.rows(), Rows::Dense(_, 6_000)));
    }
}
