//! One block of rows: which of them satisfy each predicate and each quantified term.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow_array::{Array, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use memchr::memmem::Finder;
use roaring::RoaringBitmap;

use super::bound::{BooleanTest, Bound, BoundAttribute, BoundText, InstantTest};
use super::items;
use super::oracle::EvaluationError;
use super::selection::{BLOCK_ROWS, Bits, DENSE_MIN_ROWS, Rows, WORDS, fill, set};
use super::text_tests::{Slot, TextTests};
use crate::program::Program;

/// What is known about one block. Kept from block to block, so that room is given out once.
#[derive(Default)]
pub(super) struct Block {
    /// By predicate.
    predicates: Vec<Leaf>,
    /// By external.
    externals: Vec<Leaf>,
    /// By quantified term.
    quantified: Vec<Leaf>,
    /// Rows sorted by code, one list for each dictionary attribute.
    sorted: Vec<Vec<u16>>,
    counters: Vec<u32>,
    /// Bits that are in use no longer.
    spare: Vec<Box<Bits>>,
    items: items::Scratch,
    /// Predicates that could not be decided in some block.
    pub(super) failures: BTreeMap<Slot, EvaluationError>,
}

/// The rows of a block that satisfy one thing.
#[derive(Debug, Default)]
pub(super) enum Leaf {
    #[default]
    Empty,
    /// A list of its own.
    Sparse(Vec<u16>),
    /// A part of the sorted rows of an attribute.
    Slice {
        list: usize,
        start: usize,
        end: usize,
    },
    Dense(Box<Bits>, usize),
}

impl Block {
    pub(super) fn predicate(&self, slot: Slot) -> Rows<'_> {
        self.rows_of(self.predicates.get(slot as usize))
    }

    pub(super) fn external(&self, place: u32) -> Rows<'_> {
        self.rows_of(self.externals.get(place as usize))
    }

    pub(super) fn any_item(&self, place: u32) -> Rows<'_> {
        self.rows_of(self.quantified.get(place as usize))
    }

    fn rows_of<'a>(&'a self, leaf: Option<&'a Leaf>) -> Rows<'a> {
        match leaf {
            Some(Leaf::Sparse(rows)) => Rows::Sparse(rows),
            Some(Leaf::Dense(bits, count)) => Rows::Dense(bits, *count),
            Some(&Leaf::Slice { list, start, end }) => {
                Rows::Sparse(self.sorted.get(list).and_then(|rows| rows.get(start..end)).unwrap_or_default())
            }
            Some(Leaf::Empty) | None => Rows::Sparse(&[]),
        }
    }

    /// Looks at the rows in `range`, at most [`BLOCK_ROWS`] of them.
    pub(super) fn load(
        &mut self,
        program: &Program,
        bound: &Bound<'_>,
        externals: &[RoaringBitmap],
        range: &Range<usize>,
    ) {
        self.clear(program);
        for &(slot, everyone) in &bound.constant {
            if everyone {
                let mut bits = self.bits();
                fill(&mut bits, range.len());
                self.put(slot, Leaf::Dense(bits, range.len()));
            }
        }
        for (place, external) in externals.iter().enumerate() {
            let leaf = self.external_leaf(external, range);
            if let Some(home) = self.externals.get_mut(place) {
                *home = leaf;
            }
        }
        for (at, attribute) in bound.attributes.iter().enumerate() {
            match attribute {
                BoundAttribute::Boolean { values, valid, tests } => {
                    self.boolean(values, *valid, tests, range);
                }
                BoundAttribute::Instant { ticks, valid, tests } => self.instant(ticks, *valid, tests, range),
                BoundAttribute::Text(text) => self.text(at, text, range),
            }
        }
        for collection in &bound.collections {
            let mut scratch = std::mem::take(&mut self.items);
            let found = scratch.quantified(program, collection, range, &mut self.failures);
            for (place, rows) in found {
                let leaf = self.settled(rows);
                if let Some(home) = self.quantified.get_mut(place as usize) {
                    *home = leaf;
                }
            }
            self.items = scratch;
        }
    }

    fn clear(&mut self, program: &Program) {
        let spare = &mut self.spare;
        for (leaves, count) in [
            (&mut self.predicates, program.predicates.len()),
            (&mut self.externals, program.externals.len()),
            (&mut self.quantified, program.quantified.len()),
        ] {
            leaves.resize_with(count, Leaf::default);
            for leaf in leaves {
                if let Leaf::Dense(bits, _) = std::mem::take(leaf) {
                    spare.push(bits);
                }
            }
        }
    }

    fn bits(&mut self) -> Box<Bits> {
        match self.spare.pop() {
            Some(mut bits) => {
                bits.fill(0);
                bits
            }
            None => Box::new([0; WORDS]),
        }
    }

    fn put(&mut self, slot: Slot, leaf: Leaf) {
        if let Some(home) = self.predicates.get_mut(slot as usize) {
            *home = leaf;
        }
    }

    /// A sorted list in the form that its length asks for.
    fn settled(&mut self, rows: Vec<u16>) -> Leaf {
        if rows.len() < DENSE_MIN_ROWS {
            return if rows.is_empty() { Leaf::Empty } else { Leaf::Sparse(rows) };
        }
        let mut bits = self.bits();
        for &row in &rows {
            set(&mut bits, row);
        }
        Leaf::Dense(bits, rows.len())
    }

    fn external_leaf(&mut self, external: &RoaringBitmap, range: &Range<usize>) -> Leaf {
        let bound = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let start = bound(range.start);
        // INVARIANT: a block is no longer than the numbers of a u16.
        let rows = external.range(start..bound(range.end)).filter_map(|row| u16::try_from(row - start).ok());
        self.settled(rows.collect())
    }

    // ---- booleans and instants ----

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
            let mut bits = self.bits();
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
            self.put_dense(slot, bits);
        }
    }

    fn put_dense(&mut self, slot: Slot, bits: Box<Bits>) {
        let count = bits.iter().map(|word| word.count_ones() as usize).sum();
        self.put(slot, Leaf::Dense(bits, count));
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
            let mut bits = self.bits();
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
            self.put_dense(slot, bits);
        }
    }

    fn text(&mut self, list: usize, text: &BoundText<'_>, range: &Range<usize>) {
        match text {
            BoundText::Dictionary { codes, code_count, satisfying, starts, slots } => {
                let codes = codes.get(range.clone()).unwrap_or_default();
                if *code_count <= COUNTED_CODES_MAX {
                    self.sort_by_code(list, codes, *code_count);
                    self.dictionary(list, satisfying);
                } else {
                    self.wide_dictionary(codes, starts, slots);
                }
            }
            BoundText::Plain { values, tests, name } => self.plain(values, tests, name, range),
        }
    }

    // ---- dictionaries ----

    /// Sorts the rows by code, ascending within a code; `counters[code]` becomes the end of its run.
    fn sort_by_code(&mut self, list: usize, codes: &[u32], code_count: usize) {
        if self.sorted.len() <= list {
            self.sorted.resize_with(list + 1, Vec::new);
        }
        let Some(sorted) = self.sorted.get_mut(list) else { return };
        let counters = &mut self.counters;
        counters.clear();
        counters.resize(code_count, 0);
        for &code in codes {
            if let Some(counter) = counters.get_mut(code as usize) {
                *counter += 1;
            }
        }
        let mut sum = 0;
        for counter in counters.iter_mut() {
            sum += std::mem::replace(counter, sum);
        }
        sorted.clear();
        sorted.resize(codes.len(), 0);
        for (row, &code) in (0_u16..=u16::MAX).zip(codes) {
            if let Some(counter) = counters.get_mut(code as usize) {
                if let Some(place) = sorted.get_mut(*counter as usize) {
                    *place = row;
                }
                *counter += 1;
            }
        }
    }

    fn dictionary(&mut self, list: usize, satisfying: &[(Slot, Vec<u32>)]) {
        for (slot, codes) in satisfying {
            let run = |code: u32| {
                let end = self.counters.get(code as usize).copied().unwrap_or(0) as usize;
                let before = code.checked_sub(1).and_then(|before| self.counters.get(before as usize));
                before.copied().unwrap_or(0) as usize..end
            };
            let total: usize = codes.iter().map(|&code| run(code).len()).sum();
            let leaf = match codes.as_slice() {
                _ if total == 0 => Leaf::Empty,
                [single] if total < DENSE_MIN_ROWS => {
                    let run = run(*single);
                    Leaf::Slice { list, start: run.start, end: run.end }
                }
                _ => {
                    let runs: Vec<Range<usize>> = codes.iter().map(|&code| run(code)).collect();
                    self.union_of_runs(list, &runs, total)
                }
            };
            self.put(*slot, leaf);
        }
    }

    fn union_of_runs(&mut self, list: usize, runs: &[Range<usize>], total: usize) -> Leaf {
        if total < DENSE_MIN_ROWS {
            let sorted = self.sorted.get(list).map(Vec::as_slice).unwrap_or_default();
            let mut rows = Vec::with_capacity(total);
            rows.extend(runs.iter().filter_map(|run| sorted.get(run.clone())).flatten());
            rows.sort_unstable();
            return Leaf::Sparse(rows);
        }
        let mut bits = self.bits();
        let sorted = self.sorted.get(list).map(Vec::as_slice).unwrap_or_default();
        for &row in runs.iter().filter_map(|run| sorted.get(run.clone())).flatten() {
            set(&mut bits, row);
        }
        Leaf::Dense(bits, total)
    }

    /// A dictionary with more codes than rows: each row is looked up.
    fn wide_dictionary(&mut self, codes: &[u32], starts: &[u32], slots: &[Slot]) {
        let mut lists: BTreeMap<Slot, Vec<u16>> = BTreeMap::new();
        for (row, &code) in (0_u16..=u16::MAX).zip(codes) {
            let at = code as usize;
            let (Some(&start), Some(&end)) = (starts.get(at), starts.get(at + 1)) else { continue };
            for &slot in slots.get(start as usize..end as usize).unwrap_or_default() {
                lists.entry(slot).or_default().push(row);
            }
        }
        for (slot, rows) in lists {
            let leaf = self.settled(rows);
            self.put(slot, leaf);
        }
    }

    // ---- mostly unique text ----

    fn plain(&mut self, values: &StringArray, tests: &TextTests<'_>, name: &str, range: &Range<usize>) {
        let mut lists: BTreeMap<Slot, Vec<u16>> = BTreeMap::new();
        let failures = &mut self.failures;
        let mut push = |slot: Slot, at: usize| {
            if let Ok(row) = u16::try_from(at - range.start) {
                lists.entry(slot).or_default().push(row);
            }
        };
        each_hit(values, tests, name, range, &mut push, failures);
        for (slot, mut rows) in lists {
            // A test in several indexes can come twice; searches come one after the other.
            rows.sort_unstable();
            rows.dedup();
            let leaf = self.settled(rows);
            self.put(slot, leaf);
        }
    }
}

/// Calls `push` with each test and the place of each value in `range` that satisfies it, ascending for
/// each kind of test.
pub(super) fn each_hit(
    values: &StringArray,
    tests: &TextTests<'_>,
    name: &str,
    range: &Range<usize>,
    push: &mut impl FnMut(Slot, usize),
    failures: &mut BTreeMap<Slot, EvaluationError>,
) {
    let nulls = values.nulls();
    let is_null = |at: usize| nulls.is_some_and(|nulls| nulls.is_null(at));
    if !tests.null.is_empty() && nulls.is_some() {
        for at in range.clone().filter(|&at| is_null(at)) {
            tests.null.iter().for_each(|&slot| push(slot, at));
        }
    }
    if tests.looks_at_values() {
        for at in range.clone().filter(|&at| !is_null(at)) {
            tests.cheap(values.value(at), |slot| push(slot, at));
        }
    }
    for (finder, slot) in &tests.contains {
        search(values, finder, range, |at| {
            if !is_null(at) {
                push(*slot, at);
            }
        });
    }
    if !tests.patterns.is_empty() {
        for at in range.clone().filter(|&at| !is_null(at)) {
            let fail = |slot, error| {
                failures.entry(slot).or_insert(error);
            };
            tests.patterns(values.value(at), name, |slot| push(slot, at), fail);
        }
    }
}

/// Finds the values that hold a text, in one search through all their bytes.
fn search(values: &StringArray, finder: &Finder<'_>, range: &Range<usize>, mut hit: impl FnMut(usize)) {
    let needle_bytes = finder.needle().len();
    if needle_bytes == 0 {
        range.clone().for_each(hit);
        return;
    }
    let offset =
        |at: usize| values.value_offsets().get(at).map_or(0, |&offset| usize::try_from(offset).unwrap_or(0));
    let (mut from, end) = (offset(range.start), offset(range.end));
    let mut at = range.start;
    let data = values.value_data();
    while let Some(found) = data.get(from..end).and_then(|rest| finder.find(rest)) {
        let found = from + found;
        let later = values.value_offsets().get(at + 1..=range.end).unwrap_or_default();
        at += later.partition_point(|&offset| usize::try_from(offset).unwrap_or(0) <= found);
        let value_end = offset(at + 1);
        // A match that runs on into the next value is none; one may still begin behind it.
        if found + needle_bytes <= value_end {
            hit(at);
            from = value_end;
        } else {
            from = found + 1;
        }
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

/// Dictionaries up to this size are sorted by counting: the counters then fit the second-level cache.
const COUNTED_CODES_MAX: usize = BLOCK_ROWS;
