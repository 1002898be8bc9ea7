//! The rows of one block that satisfy something: a sorted list when they are few, bits when many.

/// Most rows of a block: one roaring container, so that results need no conversion.
pub(super) const BLOCK_ROWS: usize = 65_536;

/// Words of a dense selection.
pub(super) const WORDS: usize = BLOCK_ROWS / 64;

/// From so many rows on bits take no more room than a list: 4,096 rows are 8 KiB either way. It is also
/// the border between roaring's containers.
pub(super) const DENSE_MIN_ROWS: usize = 4_096;

/// From so many rows on bits are quicker to compute with than a list.
pub(super) const QUICK_MIN_ROWS: usize = 2_048;

/// The bits of all rows of a block.
pub(super) type Bits = [u64; WORDS];

/// A selection that stands elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows<'a> {
    /// Ascending, each once.
    Sparse(&'a [u16]),
    Dense(&'a Bits),
}

impl Rows<'_> {
    pub(super) fn count(self) -> usize {
        match self {
            Rows::Sparse(rows) => rows.len(),
            Rows::Dense(bits) => bits.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    pub(super) fn is_empty(self) -> bool {
        match self {
            Rows::Sparse(rows) => rows.is_empty(),
            Rows::Dense(bits) => bits.iter().all(|&word| word == 0),
        }
    }

    /// Whether these are all rows of a block of `block_rows`.
    pub(super) fn is_full(self, block_rows: usize) -> bool {
        match self {
            Rows::Sparse(rows) => rows.len() == block_rows,
            Rows::Dense(bits) => bits.iter().enumerate().all(|(at, &word)| word == full_word(at, block_rows)),
        }
    }
}

/// A selection with room of its own, in either form. The room is kept when the form changes.
#[derive(Debug)]
pub(super) struct Selection {
    sparse: Vec<u16>,
    dense: Box<Bits>,
    /// Whether the bits are what counts.
    is_dense: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { sparse: Vec::new(), dense: Box::new([0; WORDS]), is_dense: false }
    }
}

impl Selection {
    pub(super) fn rows(&self) -> Rows<'_> {
        if self.is_dense { Rows::Dense(&self.dense) } else { Rows::Sparse(&self.sparse) }
    }

    pub(super) fn load(&mut self, from: Rows<'_>) {
        match from {
            Rows::Sparse(rows) => {
                self.is_dense = false;
                self.sparse.clear();
                self.sparse.extend_from_slice(rows);
            }
            Rows::Dense(bits) => {
                self.is_dense = true;
                *self.dense = *bits;
            }
        }
    }

    /// All rows of a block of `block_rows` but those of `from`.
    pub(super) fn complement(&mut self, from: Rows<'_>, block_rows: usize) {
        self.is_dense = true;
        fill(&mut self.dense, block_rows);
        match from {
            Rows::Sparse(rows) => clear_all(&mut self.dense, rows),
            Rows::Dense(bits) => combine(&mut self.dense, bits, |word, other| word & !other),
        }
    }

    pub(super) fn and(&mut self, with: Rows<'_>) {
        match (self.is_dense, with) {
            (false, Rows::Sparse(rows)) => intersect(&mut self.sparse, rows),
            (false, Rows::Dense(bits)) => keep(&mut self.sparse, |row| is_set(bits, row)),
            (true, Rows::Sparse(rows)) => {
                self.sparse.clear();
                self.sparse.extend_from_slice(rows);
                let bits = &self.dense;
                keep(&mut self.sparse, |row| is_set(bits, row));
                self.is_dense = false;
            }
            (true, Rows::Dense(bits)) => combine(&mut self.dense, bits, |word, other| word & other),
        }
    }

    pub(super) fn and_not(&mut self, without: Rows<'_>) {
        match (self.is_dense, without) {
            (false, Rows::Sparse(rows)) => subtract(&mut self.sparse, rows),
            (false, Rows::Dense(bits)) => keep(&mut self.sparse, |row| !is_set(bits, row)),
            (true, Rows::Sparse(rows)) => clear_all(&mut self.dense, rows),
            (true, Rows::Dense(bits)) => combine(&mut self.dense, bits, |word, other| word & !other),
        }
    }

    pub(super) fn or(&mut self, with: Rows<'_>) {
        match with {
            Rows::Sparse(rows) if !self.is_dense && self.sparse.len() + rows.len() < QUICK_MIN_ROWS => {
                unite(&mut self.sparse, rows);
            }
            Rows::Sparse(rows) => {
                self.make_dense();
                set_all(&mut self.dense, rows);
            }
            Rows::Dense(bits) if self.is_dense => combine(&mut self.dense, bits, |word, other| word | other),
            Rows::Dense(bits) => {
                *self.dense = *bits;
                set_all(&mut self.dense, &self.sparse);
                self.is_dense = true;
            }
        }
    }

    pub(super) fn or_not(&mut self, without: Rows<'_>, block_rows: usize) {
        match without {
            Rows::Sparse(rows) => {
                // All rows but those that neither side has.
                let here = self.rows();
                let missing: Vec<u16> = match here {
                    Rows::Sparse(own) => {
                        rows.iter().copied().filter(|row| own.binary_search(row).is_err()).collect()
                    }
                    Rows::Dense(own) => rows.iter().copied().filter(|&row| !is_set(own, row)).collect(),
                };
                self.complement(Rows::Sparse(&missing), block_rows);
            }
            Rows::Dense(bits) => {
                self.make_dense();
                for (at, (word, other)) in self.dense.iter_mut().zip(bits).enumerate() {
                    *word |= !other & full_word(at, block_rows);
                }
            }
        }
    }

    fn make_dense(&mut self) {
        if !self.is_dense {
            self.dense.fill(0);
            set_all(&mut self.dense, &self.sparse);
            self.is_dense = true;
        }
    }
}

fn combine(bits: &mut Bits, others: &Bits, operation: impl Fn(u64, u64) -> u64) {
    for (word, &other) in bits.iter_mut().zip(others) {
        *word = operation(*word, other);
    }
}

/// Sets the bits of some rows.
pub(super) fn set_all(bits: &mut Bits, rows: &[u16]) {
    for &row in rows {
        set(bits, row);
    }
}

#[inline]
fn set(bits: &mut Bits, row: u16) {
    if let Some(word) = bits.get_mut(usize::from(row >> 6)) {
        *word |= 1_u64 << (row & 63);
    }
}

fn clear_all(bits: &mut Bits, rows: &[u16]) {
    for &row in rows {
        clear(bits, row);
    }
}

#[inline]
fn clear(bits: &mut Bits, row: u16) {
    if let Some(word) = bits.get_mut(usize::from(row >> 6)) {
        *word &= !(1_u64 << (row & 63));
    }
}

#[inline]
pub(super) fn is_set(bits: &Bits, row: u16) -> bool {
    bits.get(usize::from(row >> 6)).is_some_and(|word| word & (1_u64 << (row & 63)) != 0)
}

/// Sets the first `rows` bits and clears the others.
pub(super) fn fill(bits: &mut Bits, rows: usize) {
    for (at, word) in bits.iter_mut().enumerate() {
        *word = full_word(at, rows);
    }
}

/// The word at a place when the first `rows` bits are set.
#[inline]
fn full_word(at: usize, rows: usize) -> u64 {
    let here = rows.saturating_sub(at * 64).min(64);
    if here == 64 { u64::MAX } else { (1_u64 << here) - 1 }
}

/// Calls `visit` with the rows whose bits are set, ascending.
#[inline]
pub(super) fn each_set(bits: &Bits, mut visit: impl FnMut(u16)) {
    for (at, &word) in (0_u16..).zip(bits) {
        let mut left = word;
        while left != 0 {
            // A word has 64 bits, so this fits.
            let bit = u16::try_from(left.trailing_zeros()).unwrap_or(0);
            visit(at * 64 + bit);
            left &= left - 1;
        }
    }
}

/// Keeps the rows for which `wanted` holds. Free of branches on the answer, which is hard to foresee.
fn keep(rows: &mut Vec<u16>, wanted: impl Fn(u16) -> bool) {
    let mut kept = 0;
    for at in 0..rows.len() {
        let Some(&row) = rows.get(at) else { break };
        if let Some(place) = rows.get_mut(kept) {
            *place = row;
        }
        kept += usize::from(wanted(row));
    }
    rows.truncate(kept);
}

/// Keeps in `rows` what `others` holds too. Steps through the shorter list where the lengths differ a
/// lot.
fn intersect(rows: &mut Vec<u16>, others: &[u16]) {
    if rows.len() * GALLOP_FACTOR < others.len() {
        rows.retain(|row| others.binary_search(row).is_ok());
        return;
    }
    if others.len() * GALLOP_FACTOR < rows.len() {
        let common: Vec<u16> = others.iter().copied().filter(|row| rows.binary_search(row).is_ok()).collect();
        rows.clear();
        rows.extend_from_slice(&common);
        return;
    }
    let (mut kept, mut at, mut other) = (0, 0, 0);
    while let (Some(&row), Some(&against)) = (rows.get(at), others.get(other)) {
        if let Some(place) = rows.get_mut(kept) {
            *place = row;
        }
        kept += usize::from(row == against);
        at += usize::from(row <= against);
        other += usize::from(against <= row);
    }
    rows.truncate(kept);
}

fn subtract(rows: &mut Vec<u16>, others: &[u16]) {
    if rows.len() * GALLOP_FACTOR < others.len() {
        rows.retain(|row| others.binary_search(row).is_err());
        return;
    }
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
            Rows::Dense(bits) => (0..=u16::MAX).filter(|&row| is_set(bits, row)).collect(),
        };
        assert_eq!(found.len(), selection.rows().count(), "the count is right");
        assert_eq!(found.is_empty(), selection.rows().is_empty());
        assert_eq!(found.len() == 200, selection.rows().is_full(200));
        found
    }

    proptest! {
        #[test]
        fn every_form_agrees_with_sets(
            a in prop_oneof![4 => prop::collection::btree_set(0_u16..200, 0..60), 1 => Just((0..200).collect())],
            b in prop_oneof![4 => prop::collection::btree_set(0_u16..200, 0..60), 1 => prop::collection::btree_set(0_u16..200, 0..3)],
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
        assert!(matches!(both.rows(), Rows::Dense(_)));
    }
}
