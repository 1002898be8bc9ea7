//! Quantified terms of one block: bodies over items, then the rows that have such an item.

use std::ops::Range;

use super::bound::{BoundCollection, BoundText, Failures};
use super::decided::Decided;
use super::scan::scan;
use super::text_tests::Slot;
use crate::program::Program;
use crate::program::graph::{Expression, ExpressionId};

/// Room that is kept from block to block.
#[derive(Default)]
pub(super) struct Scratch {
    /// Bits over the items of the block, by predicate; no words where no item satisfies it.
    predicates: Vec<Vec<u64>>,
    /// The predicates that have words.
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
        for column in &collection.columns {
            match column {
                BoundText::Wide { codes, decided } => {
                    self.decided(codes.get(items.clone()).unwrap_or_default(), decided);
                }
                BoundText::Plain { values, tests, path } => {
                    let mut push =
                        |place: u32, at: usize| self.set(tests.slot(place), at - items.start, items.len());
                    scan(values, tests, path, &items, &mut push, failures);
                }
                // INVARIANT: binding makes such columns of objects only.
                BoundText::Ranked { .. } => {}
            }
        }
        for &place in collection.quantified {
            let Some(any) = program.quantified.get(place as usize) else { continue };
            let satisfying = self.body(program, any.body, items.len());
            found(place, self.rows_with(&satisfying));
        }
    }

    fn begin(&mut self, program: &Program, collection: &BoundCollection<'_>, rows: &Range<usize>) {
        self.predicates.resize_with(program.predicates.len(), Vec::new);
        for slot in self.touched.drain(..) {
            if let Some(bits) = self.predicates.get_mut(slot as usize) {
                bits.clear();
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
    fn set(&mut self, slot: Slot, item: usize, items: usize) {
        let Some(bits) = self.predicates.get_mut(slot as usize) else { return };
        if bits.is_empty() {
            bits.resize(items.div_ceil(64), 0);
            self.touched.push(slot);
        }
        if let Some(word) = bits.get_mut(item / 64) {
            *word |= 1 << (item % 64);
        }
    }

    fn decided(&mut self, codes: &[u32], decided: &Decided) {
        for (item, &code) in codes.iter().enumerate() {
            for &slot in decided.slots(code) {
                self.set(slot, item, codes.len());
            }
        }
    }

    /// Bits of the items that satisfy an expression. Depth is bounded by that of the rule's tree.
    fn body(&self, program: &Program, id: ExpressionId, items: usize) -> Vec<u64> {
        let words = items.div_ceil(64);
        match program.item_expressions.get(id as usize) {
            Some(Expression::Predicate(slot)) => match self.predicates.get(*slot as usize) {
                Some(bits) if !bits.is_empty() => bits.clone(),
                _ => vec![0; words],
            },
            Some(Expression::And(parts)) => self.all(program, parts, items),
            Some(Expression::Or(parts)) => {
                let mut some = vec![0; words];
                for &part in parts {
                    let more = self.body(program, part, items);
                    some.iter_mut().zip(more).for_each(|(word, other)| *word |= other);
                }
                some
            }
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

    fn all(&self, program: &Program, parts: &[ExpressionId], items: usize) -> Vec<u64> {
        let mut parts = parts.iter();
        let mut every = match parts.next() {
            Some(&first) => self.body(program, first, items),
            None => return vec![0; items.div_ceil(64)],
        };
        for &part in parts {
            let of_part = |slot: &Slot| self.predicates.get(*slot as usize).filter(|bits| !bits.is_empty());
            match program.item_expressions.get(part as usize) {
                Some(Expression::Predicate(slot)) => match of_part(slot) {
                    Some(bits) => every.iter_mut().zip(bits).for_each(|(word, other)| *word &= other),
                    None => every.fill(0),
                },
                _ => {
                    let more = self.body(program, part, items);
                    every.iter_mut().zip(more).for_each(|(word, other)| *word &= other);
                }
            }
        }
        every
    }

    /// The rows that have one of the items, ascending.
    fn rows_with(&self, satisfying: &[u64]) -> Vec<u16> {
        let mut found = Vec::new();
        for (at, &word) in satisfying.iter().enumerate() {
            let mut left = word;
            while left != 0 {
                let item = at * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let row = self.row_of.get(item).copied().unwrap_or(u16::MAX);
                if found.last() != Some(&row) {
                    found.push(row);
                }
            }
        }
        found
    }
}
