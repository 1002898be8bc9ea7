//! One block of rows: which of them satisfy each predicate and each quantified term.

use std::ops::Range;

use arrow_array::StringArray;
use arrow_buffer::{BooleanBuffer, NullBuffer};
use roaring::RoaringBitmap;

use super::bound::{Bound, BoundAttribute, BoundText, Failures};
use super::code_rows::{self, CodeRows, RankRoom};
use super::decided::{Decided, Ranked};
use super::items;
use super::scalar_tests::{BooleanTest, InstantTest};
use super::scan::scan;
use super::selection::{Bits, QUICK_MIN_ROWS, Rows, WORDS, each_set, fill, set_all};
use super::text_tests::{Slot, TextTests};
use crate::program::Program;
use crate::program::instruction::Source;

/// What is known about one block. Kept from block to block, so that room is given out once.
pub(super) struct Block {
    /// By predicate.
    predicates: Vec<Leaf>,
    /// By external.
    externals: Vec<Leaf>,
    /// By quantified term.
    quantified: Vec<Leaf>,
    /// Rows sorted by code, one for each attribute that needs it.
    sorted: Vec<CodeRows>,
    ranks: RankRoom,
    spare: Spare,
    /// Rows by test or predicate, while a column is looked at.
    lists: Vec<Vec<u16>>,
    items: items::Scratch,
    /// Predicates that could not be decided in some block.
    pub(super) failures: Failures,
}

/// Room that is in use no longer.
#[derive(Default)]
struct Spare {
    bits: Vec<Box<Bits>>,
    lists: Vec<Vec<u16>>,
}

/// The rows of a block that satisfy one thing.
#[derive(Debug, Default)]
enum Leaf {
    #[default]
    Empty,
    /// A list of its own.
    Sparse(Vec<u16>),
    /// A part of the sorted rows of an attribute.
    Slice {
        list: usize,
        run: Range<usize>,
    },
    Dense(Box<Bits>),
}

impl Default for Block {
    fn default() -> Self {
        Self {
            predicates: Vec::new(),
            externals: Vec::new(),
            quantified: Vec::new(),
            sorted: Vec::new(),
            ranks: code_rows::room(),
            spare: Spare::default(),
            lists: Vec::new(),
            items: items::Scratch::default(),
            failures: Failures::new(),
        }
    }
}

impl Block {
    /// The rows of what is no register.
    pub(super) fn rows(&self, source: Source) -> Rows<'_> {
        let leaf = match source {
            Source::Predicate(slot) => self.predicates.get(slot as usize),
            Source::External(place) => self.externals.get(place as usize),
            Source::AnyItem(place) => self.quantified.get(place as usize),
            Source::Register(_) => None,
        };
        match leaf {
            Some(Leaf::Sparse(rows)) => Rows::Sparse(rows),
            Some(Leaf::Dense(bits)) => Rows::Dense(bits),
            Some(Leaf::Slice { list, run }) => Rows::Sparse(
                self.sorted.get(*list).map(|sorted| sorted.rows(run.clone())).unwrap_or_default(),
            ),
            Some(Leaf::Empty) | None => Rows::Sparse(&[]),
        }
    }

    /// Looks at the rows in `range`, no more than a block may have.
    pub(super) fn load(
        &mut self,
        program: &Program,
        bound: &Bound<'_>,
        externals: &[RoaringBitmap],
        range: &Range<usize>,
    ) {
        self.clear(program);
        for &slot in &bound.everyone {
            let mut bits = self.spare.bits();
            fill(&mut bits, range.len());
            put(&mut self.predicates, slot, Leaf::Dense(bits));
        }
        for (place, external) in (0..).zip(externals) {
            let leaf = self.external_leaf(external, range);
            put(&mut self.externals, place, leaf);
        }
        for (at, attribute) in bound.attributes.iter().enumerate() {
            match attribute {
                BoundAttribute::Boolean { values, valid, tests } => {
                    self.boolean(values, *valid, tests, range);
                }
                BoundAttribute::Instant { ticks, valid, tests } => self.instant(ticks, *valid, tests, range),
                BoundAttribute::Text(BoundText::Ranked { codes, ranked }) => {
                    self.ranked(at, codes.get(range.clone()).unwrap_or_default(), ranked);
                }
                BoundAttribute::Text(BoundText::Wide { codes, decided }) => {
                    self.wide(codes.get(range.clone()).unwrap_or_default(), decided);
                }
                BoundAttribute::Text(BoundText::Plain { values, tests, path }) => {
                    self.plain(values, tests, path, range);
                }
            }
        }
        for collection in &bound.collections {
            let Self { items, failures, quantified, spare, .. } = self;
            items.quantified(program, collection, range, failures, |place, rows| {
                put(quantified, place, spare.settled(rows));
            });
        }
    }

    fn clear(&mut self, program: &Program) {
        for (leaves, count) in [
            (&mut self.predicates, program.predicates.len()),
            (&mut self.externals, program.externals.len()),
            (&mut self.quantified, program.quantified.len()),
        ] {
            leaves.resize_with(count, Leaf::default);
            for leaf in leaves {
                match std::mem::take(leaf) {
                    Leaf::Dense(bits) => self.spare.bits.push(bits),
                    Leaf::Sparse(rows) => self.spare.lists.push(rows),
                    Leaf::Empty | Leaf::Slice { .. } => {}
                }
            }
        }
    }

    fn external_leaf(&mut self, external: &RoaringBitmap, range: &Range<usize>) -> Leaf {
        let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let start = bound(range.start);
        let mut rows = self.spare.list();
        // INVARIANT: a block is no longer than the numbers of a u16.
        rows.extend(
            external.range(start..bound(range.end)).filter_map(|row| u16::try_from(row - start).ok()),
        );
        self.spare.settled(rows)
    }

    fn boolean(
        &mut self,
        values: &BooleanBuffer,
        valid: Option<&NullBuffer>,
        tests: &[(Slot, BooleanTest)],
        range: &Range<usize>,
    ) {
        let words = |buffer: &BooleanBuffer| -> Vec<u64> {
            buffer.slice(range.start, range.len()).bit_chunks().iter_padded().collect()
        };
        let values = words(values);
        let valid = valid.map(|valid| words(valid.inner()));
        for &(slot, test) in tests {
            let mut bits = self.spare.bits();
            fill(&mut bits, range.len());
            for (at, word) in bits.iter_mut().enumerate() {
                let value = values.get(at).copied().unwrap_or(0);
                let valid = valid.as_ref().map_or(u64::MAX, |valid| valid.get(at).copied().unwrap_or(0));
                *word &= match test {
                    BooleanTest::IsNull => !valid,
                    BooleanTest::Is(true) => value & valid,
                    BooleanTest::Is(false) => !value & valid,
                };
            }
            put(&mut self.predicates, slot, Leaf::Dense(bits));
        }
    }

    fn instant(
        &mut self,
        ticks: &[i64],
        valid: Option<&NullBuffer>,
        tests: &[(Slot, InstantTest)],
        range: &Range<usize>,
    ) {
        let ticks = ticks.get(range.clone()).unwrap_or_default();
        let valid: Option<Vec<u64>> = valid
            .map(|valid| valid.inner().slice(range.start, range.len()).bit_chunks().iter_padded().collect());
        for &(slot, test) in tests {
            let mut bits = self.spare.bits();
            match test {
                InstantTest::IsNull => fill(&mut bits, range.len()),
                InstantTest::Is(wanted) => compare(ticks, &mut bits, |value| value == wanted),
                InstantTest::Compare(order, limit) => {
                    compare(ticks, &mut bits, |value| order.admits(value.cmp(&limit)));
                }
            }
            for (at, word) in bits.iter_mut().enumerate() {
                let valid = valid.as_ref().map_or(u64::MAX, |valid| valid.get(at).copied().unwrap_or(0));
                *word &= if matches!(test, InstantTest::IsNull) { !valid } else { valid };
            }
            put(&mut self.predicates, slot, Leaf::Dense(bits));
        }
    }

    /// A dictionary: the rows of a predicate are those of its codes.
    fn ranked(&mut self, list: usize, codes: &[u32], ranked: &Ranked) {
        if self.sorted.len() <= list {
            self.sorted.resize_with(list + 1, CodeRows::default);
        }
        let Some(sorted) = self.sorted.get_mut(list) else { return };
        sorted.sort(codes, ranked, &mut self.ranks);
        for (slot, ranks) in &ranked.satisfying {
            let total: usize = ranks.iter().map(|&rank| sorted.run(rank).len()).sum();
            let leaf = match ranks.as_slice() {
                _ if total == 0 => continue,
                [single] if total < QUICK_MIN_ROWS => Leaf::Slice { list, run: sorted.run(*single) },
                _ => {
                    let runs = ranks.iter().map(|&rank| sorted.rows(sorted.run(rank)));
                    self.spare.union(runs, total)
                }
            };
            put(&mut self.predicates, *slot, leaf);
        }
    }

    /// A dictionary of which too many codes count: each row is looked up.
    fn wide(&mut self, codes: &[u32], decided: &Decided) {
        self.begin_lists(self.predicates.len());
        for (row, &code) in (0_u16..=u16::MAX).zip(codes) {
            for &slot in decided.slots(code) {
                if let Some(rows) = self.lists.get_mut(slot as usize) {
                    rows.push(row);
                }
            }
        }
        self.end_lists(|place| place);
    }

    /// Mostly unique text: each row is looked at.
    fn plain(&mut self, values: &StringArray, tests: &TextTests<'_>, path: &str, range: &Range<usize>) {
        self.begin_lists(tests.len());
        let lists = &mut self.lists;
        let mut push = |place: u32, at: usize| {
            let row = u16::try_from(at - range.start).unwrap_or(u16::MAX);
            if let Some(rows) = lists.get_mut(place as usize)
                && rows.last() != Some(&row)
            {
                rows.push(row);
            }
        };
        scan(values, tests, path, range, &mut push, &mut self.failures);
        self.end_lists(|place| tests.slot(place));
    }

    fn begin_lists(&mut self, count: usize) {
        if self.lists.len() < count {
            self.lists.resize_with(count, Vec::new);
        }
    }

    /// Makes leaves of the lists; `slot_of` says which predicate each list is of.
    fn end_lists(&mut self, slot_of: impl Fn(u32) -> Slot) {
        for (place, rows) in (0..).zip(&mut self.lists) {
            if !rows.is_empty() {
                // Regular expressions look at several rows at a time.
                if !rows.is_sorted_by(|one, other| one < other) {
                    rows.sort_unstable();
                    rows.dedup();
                }
                let empty = self.spare.list();
                let leaf = self.spare.settled(std::mem::replace(rows, empty));
                put(&mut self.predicates, slot_of(place), leaf);
            }
        }
    }
}

impl Spare {
    fn list(&mut self) -> Vec<u16> {
        let mut list = self.lists.pop().unwrap_or_default();
        list.clear();
        list
    }

    /// Bits, none of them set.
    fn bits(&mut self) -> Box<Bits> {
        match self.bits.pop() {
            Some(mut bits) => {
                bits.fill(0);
                bits
            }
            None => Box::new([0; WORDS]),
        }
    }

    /// An ascending list in the form that its length asks for.
    fn settled(&mut self, rows: Vec<u16>) -> Leaf {
        if rows.len() < QUICK_MIN_ROWS {
            return if rows.is_empty() { Leaf::Empty } else { Leaf::Sparse(rows) };
        }
        let mut bits = self.bits();
        set_all(&mut bits, &rows);
        self.lists.push(rows);
        Leaf::Dense(bits)
    }

    /// The rows of several runs, `total` in all.
    fn union<'a>(&mut self, runs: impl Iterator<Item = &'a [u16]>, total: usize) -> Leaf {
        if total <= SORTED_MAX_ROWS {
            let mut rows = self.list();
            runs.for_each(|run| rows.extend_from_slice(run));
            rows.sort_unstable();
            return Leaf::Sparse(rows);
        }
        let mut bits = self.bits();
        for run in runs {
            set_all(&mut bits, run);
        }
        if total >= QUICK_MIN_ROWS {
            return Leaf::Dense(bits);
        }
        let mut rows = self.list();
        each_set(&bits, |row| rows.push(row));
        self.bits.push(bits);
        Leaf::Sparse(rows)
    }
}

fn put(leaves: &mut [Leaf], place: u32, leaf: Leaf) {
    if let Some(home) = leaves.get_mut(place as usize) {
        *home = leaf;
    }
}

fn compare(ticks: &[i64], bits: &mut Bits, admits: impl Fn(i64) -> bool) {
    for (word, values) in bits.iter_mut().zip(ticks.chunks(64)) {
        let mut found = 0_u64;
        for (bit, &value) in values.iter().enumerate() {
            found |= u64::from(admits(value)) << bit;
        }
        *word = found;
    }
}

/// Up to so many rows are sorted quicker than put in order through bits.
const SORTED_MAX_ROWS: usize = 64;
