//! All rules over all rows, in parallel.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::block::Block;
use super::bound::{Bound, Circumstances};
use super::machine::Machine;
use super::oracle::EvaluationError;
use super::selection::{BLOCK_ROWS, DENSE_MIN_ROWS, Rows};
use super::text_tests::Slot;
use super::world::VersionOrder;
use crate::directory::columns::Columns;
use crate::program::Program;
use crate::program::graph::{Expression, ExpressionId};
use crate::program::instruction::Source;

/// What evaluation depends on beside program and columns.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What `system.now` stands for.
    pub now: Timestamp,
    /// How operating system versions are ordered, where the caller chose.
    pub version_order: Option<VersionOrder>,
    /// The rows of each of the program's externals.
    pub externals: &'a [RoaringBitmap],
}

/// The members of one rule as row numbers, or why it cannot be evaluated.
pub type RuleResult = Result<RoaringBitmap, EvaluationError>;

/// Evaluates all rules of `program`; the results are in their order.
///
/// The threads of the current rayon pool share the blocks of rows.
///
/// INVARIANT: [`crate::program::verify`] accepted the program.
pub fn evaluate(program: &Program, columns: &Columns, inputs: Inputs<'_>) -> Vec<RuleResult> {
    let circumstances = Circumstances { now: inputs.now, version_order: inputs.version_order };
    let bound = Bound::new(program, columns, circumstances);
    let rows = columns.rows();
    let blocks: Vec<usize> = (0..rows).step_by(BLOCK_ROWS).collect();
    let done: Vec<BlockResult> = blocks
        .into_par_iter()
        .map_init(
            || (Block::default(), Machine::default()),
            |(block, machine), start| {
                let range = start..(start + BLOCK_ROWS).min(rows);
                block.load(program, &bound, inputs.externals, &range);
                let mut result = BlockResult::new(program.rules.len());
                machine.run(program, block, range.len(), |rule, rows| result.push(rule, rows));
                result.failures = std::mem::take(&mut block.failures);
                result
            },
        )
        .collect();
    let mut failures = bound.failures;
    for result in &done {
        for (&slot, error) in &result.failures {
            failures.entry(slot).or_insert_with(|| error.clone());
        }
    }
    let failed = failed_rules(program, &failures);
    (0..program.rules.len())
        .into_par_iter()
        .map(|rule| match failed.get(&rule) {
            Some(error) => Err((*error).clone()),
            None => Ok(assembled(&done, rule)),
        })
        .collect()
}

/// The rows of all rules in one block, in the layout of roaring's portable format.
struct BlockResult {
    /// By rule: how many rows, and where their bytes begin.
    rules: Vec<(u32, usize)>,
    bytes: Vec<u8>,
    failures: BTreeMap<Slot, EvaluationError>,
}

impl BlockResult {
    fn new(rules: usize) -> Self {
        Self { rules: vec![(0, 0); rules], bytes: Vec::new(), failures: BTreeMap::new() }
    }

    fn push(&mut self, rule: u32, rows: Rows<'_>) {
        let Some(home) = self.rules.get_mut(rule as usize) else { return };
        *home = (u32::try_from(rows.len()).unwrap_or(u32::MAX), self.bytes.len());
        match rows {
            Rows::Sparse(rows) if rows.len() <= DENSE_MIN_ROWS => {
                self.bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
            }
            Rows::Sparse(rows) => {
                let start = self.bytes.len();
                self.bytes.resize(start + BLOCK_ROWS / 8, 0);
                let bits = self.bytes.get_mut(start..).unwrap_or_default();
                for &row in rows {
                    if let Some(byte) = bits.get_mut(usize::from(row / 8)) {
                        *byte |= 1 << (row % 8);
                    }
                }
            }
            Rows::Dense(bits, count) if count > DENSE_MIN_ROWS => {
                self.bytes.extend(bits.iter().flat_map(|word| word.to_le_bytes()));
            }
            Rows::Dense(bits, _) => {
                for (at, &word) in bits.iter().enumerate() {
                    let mut left = word;
                    while left != 0 {
                        let row = at * 64 + left.trailing_zeros() as usize;
                        self.bytes.extend(u16::try_from(row).unwrap_or(u16::MAX).to_le_bytes());
                        left &= left - 1;
                    }
                }
            }
        }
    }

    fn rule(&self, rule: usize) -> (u32, &[u8]) {
        let Some(&(count, start)) = self.rules.get(rule) else { return (0, &[]) };
        let length = if count as usize > DENSE_MIN_ROWS { BLOCK_ROWS / 8 } else { count as usize * 2 };
        (count, self.bytes.get(start..start + length).unwrap_or_default())
    }
}

/// One bitmap of the containers of all blocks: roaring's portable format without runs, read back.
fn assembled(blocks: &[BlockResult], rule: usize) -> RoaringBitmap {
    const COOKIE_WITHOUT_RUNS: u32 = 12_346;
    let containers: Vec<(u16, u32, &[u8])> = (0_u16..)
        .zip(blocks)
        .map(|(key, block)| (key, block.rule(rule)))
        .filter(|(_, (count, _))| *count > 0)
        .map(|(key, (count, bytes))| (key, count, bytes))
        .collect();
    let size: usize = containers.iter().map(|(.., bytes)| bytes.len() + 8).sum();
    let mut portable = Vec::with_capacity(size + 8);
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    portable.extend(COOKIE_WITHOUT_RUNS.to_le_bytes());
    portable.extend(number(containers.len()).to_le_bytes());
    for &(key, count, _) in &containers {
        portable.extend(key.to_le_bytes());
        portable.extend(u16::try_from(count - 1).unwrap_or(u16::MAX).to_le_bytes());
    }
    let mut at = 8 + containers.len() * 8;
    for (.., bytes) in &containers {
        portable.extend(number(at).to_le_bytes());
        at += bytes.len();
    }
    for (.., bytes) in &containers {
        portable.extend_from_slice(bytes);
    }
    let read: io::Result<RoaringBitmap> = RoaringBitmap::deserialize_unchecked_from(portable.as_slice());
    // INVARIANT: the bytes were written just above; a property test compares the results with the oracle.
    debug_assert!(read.is_ok(), "the portable format is sound");
    read.unwrap_or_default()
}

/// Rules that read a predicate which cannot be decided, and why.
fn failed_rules<'f>(
    program: &Program,
    failures: &'f BTreeMap<Slot, EvaluationError>,
) -> BTreeMap<usize, &'f EvaluationError> {
    let mut failed = BTreeMap::new();
    if failures.is_empty() {
        return failed;
    }
    for rule in 0..program.rules.len() {
        let predicates = predicates_of(program, rule);
        if let Some(error) = predicates.iter().find_map(|slot| failures.get(slot)) {
            failed.insert(rule, error);
        }
    }
    failed
}

/// The predicates that a rule reads, those of shared sections and of bodies included.
pub(super) fn predicates_of(program: &Program, rule: usize) -> Vec<Slot> {
    let mut found = Vec::new();
    let mut waiting: Vec<(u32, u32)> = Vec::new();
    let mut sections_seen = vec![false; program.shared.len()];
    let mut needs: Vec<u32> = Vec::new();
    if let Some(section) = program.rules.get(rule) {
        waiting.push((section.start, section.end));
        needs.extend(&section.needs);
    }
    while let Some(place) = needs.pop() {
        if let (Some(seen), Some(section)) =
            (sections_seen.get_mut(place as usize), program.shared.get(place as usize))
            && !std::mem::replace(seen, true)
        {
            waiting.push((section.start, section.end));
            needs.extend(&section.needs);
        }
    }
    for (start, end) in waiting {
        let code = program.code.get(start as usize..end as usize).unwrap_or_default();
        for source in code.iter().filter_map(crate::program::instruction::Instruction::source) {
            match source {
                Source::Predicate(slot) => found.push(slot),
                Source::AnyItem(place) => {
                    if let Some(any) = program.quantified.get(place as usize) {
                        body_predicates(program, any.body, &mut found);
                    }
                }
                Source::Register(_) | Source::External(_) => {}
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn body_predicates(program: &Program, id: ExpressionId, found: &mut Vec<Slot>) {
    match program.item_expressions.get(id as usize) {
        Some(Expression::Predicate(slot)) => found.push(*slot),
        Some(Expression::Not(part)) => body_predicates(program, *part, found),
        Some(Expression::And(parts) | Expression::Or(parts)) => {
            for &part in parts {
                body_predicates(program, part, found);
            }
        }
        Some(Expression::External(_) | Expression::AnyItem(_)) | None => {}
    }
}
