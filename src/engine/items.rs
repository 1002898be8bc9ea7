//! Quantified terms of one block: bodies over items, then the rows that have such an item.

use std::ops::Range;

use super::bound::{BoundCollection, BoundText, Failures};
use super::scan::scan;
use super::term::{Term, Way};
use super::text_tests::Slot;
use crate::program::Program;
use crate::program::graph::{Expression, ExpressionId};

/// Room that is kept from block to block.
#[derive(Default)]
pub(super) struct Scratch {
    /// The items of the block that satisfy each predicate, ascending, as far as they are listed.
    lists: Vec<Vec<u32>>,
    /// The predicates that have a list.
    touched: Vec<Slot>,
    /// The row of each item, counted within the block.
    row_of: Vec<u16>,
}

impl Scratch {
    /// Calls `found` with each quantified term and the rows that satisfy it, ascending.
    pub(super) fn quantified(
        &mut self,
        program: &Program,
        collection: &BoundCollection<'_>,
        rows: &Range<usize>,
        failures: &mut Failures,
        mut found: impl FnMut(u32, Vec<u16>),
    ) {
        let offset = |row: usize| collection.offsets.get(row).map_or(0, |&offset| offset as usize);
        let items = offset(rows.start)..offset(rows.end);
        self.begin(program, collection, rows);
        for (column, listed) in collection.columns.iter().zip(&collection.listed) {
            match (column, listed) {
                (BoundText::Wide { codes, .. }, Some(listed)) if !listed.is_empty() => {
                    for (item, &code) in (0..).zip(codes.get(items.clone()).unwrap_or_default()) {
                        for &slot in listed.slots(code) {
                            self.push(slot, item);
                        }
                    }
                }
                (BoundText::Plain { values, tests, path }, _) => {
                    let mut push = |place: u32, at: usize| {
                        self.push(tests.slot(place), u32::try_from(at - items.start).unwrap_or(u32::MAX));
                    };
                    scan(values, tests, path, &items, &mut push, failures);
                }
                // A dictionary without lists; the other kind binding makes of objects only.
                (BoundText::Wide { .. } | BoundText::Ranked { .. }, _) => {}
            }
        }
        self.sort();
        for term in &collection.terms {
            found(term.place, self.rows_of(program, collection, term, &items));
        }
    }

    fn begin(&mut self, program: &Program, collection: &BoundCollection<'_>, rows: &Range<usize>) {
        self.lists.resize_with(program.predicates.len(), Vec::new);
        for slot in self.touched.drain(..) {
            if let Some(list) = self.lists.get_mut(slot as usize) {
                list.clear();
            }
        }
        self.row_of.clear();
        let ends = collection.offsets.get(rows.start..=rows.end).unwrap_or_default();
        for (row, bounds) in (0_u16..=u16::MAX).zip(ends.windows(2)) {
            if let [start, end] = bounds {
                self.row_of.extend((*start..*end).map(|_| row));
            }
        }
    }

    #[inline]
    fn push(&mut self, slot: Slot, item: u32) {
        let Some(list) = self.lists.get_mut(slot as usize) else { return };
        if list.is_empty() {
            self.touched.push(slot);
        }
        if list.last() != Some(&item) {
            list.push(item);
        }
    }

    /// Regular expressions look at several items at a time.
    fn sort(&mut self) {
        for &slot in &self.touched {
            if let Some(list) = self.lists.get_mut(slot as usize)
                && !list.is_sorted_by(|one, other| one < other)
            {
                list.sort_unstable();
                list.dedup();
            }
        }
    }

    fn list(&self, slot: Slot) -> &[u32] {
        self.lists.get(slot as usize).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rows that have an item that satisfies a term, ascending.
    fn rows_of(
        &self,
        program: &Program,
        collection: &BoundCollection<'_>,
        term: &Term,
        items: &Range<usize>,
    ) -> Vec<u16> {
        let mut rows = Rows { row_of: &self.row_of, found: Vec::new() };
        match &term.way {
            Way::Driven { driver, checks } => {
                let checks: Vec<(&[u32], &[bool])> = checks
                    .iter()
                    .map(|check| (codes_of(collection, check.column, items), check.holds.as_slice()))
                    .collect();
                for &item in self.list(*driver) {
                    let passes = |(codes, holds): &(&[u32], &[bool])| {
                        let code = codes.get(item as usize).copied().unwrap_or(u32::MAX);
                        holds.get(code as usize).copied().unwrap_or(false)
                    };
                    if checks.iter().all(passes) {
                        rows.add(item as usize);
                    }
                }
            }
            Way::General(body) => {
                for (at, &word) in self.body(program, *body, items.len()).iter().enumerate() {
                    let mut left = word;
                    while left != 0 {
                        rows.add(at * 64 + left.trailing_zeros() as usize);
                        left &= left - 1;
                    }
                }
            }
        }
        rows.found
    }

    /// Bits of the items that satisfy an expression. Depth is bounded by that of the rule's tree.
    fn body(&self, program: &Program, id: ExpressionId, items: usize) -> Vec<u64> {
        let words = items.div_ceil(64);
        let combine = |parts: &[ExpressionId], operation: fn(u64, u64) -> u64| {
            let mut parts = parts.iter().map(|&part| self.body(program, part, items));
            let mut sum = parts.next().unwrap_or_else(|| vec![0; words]);
            for part in parts {
                for (word, other) in sum.iter_mut().zip(part) {
                    *word = operation(*word, other);
                }
            }
            sum
        };
        match program.item_expressions.get(id as usize) {
            Some(Expression::Predicate(slot)) => {
                let mut bits = vec![0; words];
                for &item in self.list(*slot) {
                    if let Some(word) = bits.get_mut(item as usize / 64) {
                        *word |= 1 << (item % 64);
                    }
                }
                bits
            }
            Some(Expression::And(parts)) => combine(parts, |one, other| one & other),
            Some(Expression::Or(parts)) => combine(parts, |one, other| one | other),
            Some(Expression::Not(part)) => {
                let mut bits = self.body(program, *part, items);
                for (at, word) in bits.iter_mut().enumerate() {
                    let here = (items - at * 64).min(64);
                    let all = if here == 64 { u64::MAX } else { (1 << here) - 1 };
                    *word = !*word & all;
                }
                bits
            }
            Some(Expression::External(_) | Expression::AnyItem(_)) | None => vec![0; words],
        }
    }
}

/// The codes of the items of the block in a dictionary column.
fn codes_of<'a>(collection: &BoundCollection<'a>, column: usize, items: &Range<usize>) -> &'a [u32] {
    match collection.columns.get(column) {
        Some(BoundText::Wide { codes, .. }) => codes.get(items.clone()).unwrap_or_default(),
        _ => &[],
    }
}

/// The rows of items that come in ascending order.
struct Rows<'s> {
    row_of: &'s [u16],
    found: Vec<u16>,
}

impl Rows<'_> {
    #[inline]
    fn add(&mut self, item: usize) {
        let row = self.row_of.get(item).copied().unwrap_or(u16::MAX);
        if self.found.last() != Some(&row) {
            self.found.push(row);
        }
    }
}
