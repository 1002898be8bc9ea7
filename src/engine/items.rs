//! Quantified terms of one block: bodies over items, then the rows that have such an item.

use std::collections::BTreeMap;
use std::ops::Range;

use super::block::each_hit;
use super::bound::{BoundCollection, BoundText};
use super::oracle::EvaluationError;
use super::text_tests::Slot;
use crate::program::Program;
use crate::program::graph::{Expression, ExpressionId};

/// Room that is kept from block to block.
#[derive(Default)]
pub(super) struct Scratch {
    /// Bits over the items of the block, by predicate.
    predicates: BTreeMap<Slot, Vec<u64>>,
}

impl Scratch {
    /// The rows of the block, as numbers within it, that satisfy each quantified term.
    pub(super) fn quantified(
        &mut self,
        program: &Program,
        collection: &BoundCollection<'_>,
        rows: &Range<usize>,
        failures: &mut BTreeMap<Slot, EvaluationError>,
    ) -> Vec<(u32, Vec<u16>)> {
        let offset = |row: usize| collection.offsets.get(row).map_or(0, |&offset| offset as usize);
        let items = offset(rows.start)..offset(rows.end);
        self.predicates.clear();
        for column in &collection.columns {
            self.column(column, &items, failures);
        }
        collection
            .quantified
            .iter()
            .filter_map(|&place| {
                let body = program.quantified.get(place as usize)?.body;
                let satisfying = self.body(program, body, items.len());
                Some((place, rows_with(&satisfying, collection.offsets, &items, rows)))
            })
            .collect()
    }

    fn column(
        &mut self,
        column: &BoundText<'_>,
        items: &Range<usize>,
        failures: &mut BTreeMap<Slot, EvaluationError>,
    ) {
        let words = items.len().div_ceil(64);
        let predicates = &mut self.predicates;
        let mut push = |slot: Slot, at: usize| {
            let bits = predicates.entry(slot).or_insert_with(|| vec![0; words]);
            let item = at - items.start;
            if let Some(word) = bits.get_mut(item / 64) {
                *word |= 1 << (item % 64);
            }
        };
        match column {
            BoundText::Dictionary { codes, starts, slots, .. } => {
                for (at, &code) in items.clone().zip(codes.get(items.clone()).unwrap_or_default()) {
                    let code = code as usize;
                    let (Some(&start), Some(&end)) = (starts.get(code), starts.get(code + 1)) else {
                        continue;
                    };
                    for &slot in slots.get(start as usize..end as usize).unwrap_or_default() {
                        push(slot, at);
                    }
                }
            }
            BoundText::Plain { values, tests, name } => {
                each_hit(values, tests, name, items, &mut push, failures);
            }
        }
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
                self.predicates.get(slot).cloned().unwrap_or_else(|| vec![0; words])
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

/// The rows that have one of the items, ascending.
fn rows_with(satisfying: &[u64], offsets: &[u32], items: &Range<usize>, rows: &Range<usize>) -> Vec<u16> {
    let mut found = Vec::new();
    let mut row = rows.start;
    for (at, &word) in satisfying.iter().enumerate() {
        let mut left = word;
        while left != 0 {
            let item = items.start + at * 64 + left.trailing_zeros() as usize;
            left &= left - 1;
            // Rows without items share an offset with the next one.
            while offsets.get(row + 1).is_some_and(|&end| end as usize <= item) {
                row += 1;
            }
            let number = u16::try_from(row - rows.start).unwrap_or(u16::MAX);
            if found.last() != Some(&number) {
                found.push(number);
            }
        }
    }
    found
}
