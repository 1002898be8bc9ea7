//! All rules over all rows, in parallel.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::block::Block;
use super::bound::{Bound, Failures};
use super::gathered::Gathered;
use super::machine::Machine;
use super::oracle::EvaluationError;
use super::prepared::Prepared;
use super::selection::BLOCK_ROWS;
use super::world::VersionOrder;
use crate::directory::columns::Columns;
use crate::program::Program;
use crate::program::predicate::Fallible;

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
/// The threads of the current rayon pool share the blocks of rows. Who evaluates one program more than
/// once makes an [`Evaluator`].
///
/// INVARIANT: [`crate::program::verify`] accepted the program.
pub fn evaluate(program: &Program, columns: &Columns, inputs: Inputs<'_>) -> Vec<RuleResult> {
    Evaluator::new(program, inputs.now, inputs.version_order).evaluate(columns, inputs.externals, &|_| {})
}

/// A program ready to be evaluated: what finds the values that its predicates ask for is built.
#[derive(Debug)]
pub struct Evaluator<'p> {
    prepared: Prepared<'p>,
}

impl<'p> Evaluator<'p> {
    /// Prepares `program` for evaluations at the instant `now`. `version_order` says how operating
    /// system versions are ordered, where the caller chose.
    ///
    /// INVARIANT: [`crate::program::verify`] accepted the program.
    pub fn new(program: &'p Program, now: Timestamp, version_order: Option<VersionOrder>) -> Self {
        Self { prepared: Prepared::new(program, now, version_order) }
    }

    /// Evaluates all rules over `columns`; `externals` are the rows of each of the program's
    /// externals. `progress` is told of every share of the rows that is done how many they are. The
    /// results are in the order of the rules.
    pub fn evaluate(
        &self,
        columns: &Columns,
        externals: &[RoaringBitmap],
        progress: &(dyn Fn(usize) + Sync),
    ) -> Vec<RuleResult> {
        let program = self.prepared.program;
        let bound = Bound::new(&self.prepared, columns);
        let gathered = Gathered::new(program.rules.len());
        let failed: Vec<Failures> = blocks(columns.rows(), rayon::current_num_threads())
            .into_par_iter()
            .with_max_len(1)
            .map_init(
                || (Block::default(), Machine::default()),
                |(block, machine), range| {
                    block.load(program, &bound, externals, &range);
                    let mut writer = gathered.writer(range.start);
                    machine.run(program, block, range.len(), |rule, rows| writer.add(rule, rows));
                    progress(range.len());
                    std::mem::take(&mut block.failures)
                },
            )
            .collect();
        let mut failures = bound.failures;
        for (slot, error) in failed.into_iter().flatten() {
            failures.entry(slot).or_insert(error);
        }
        let failed = failed_rules(program, &failures);
        let rows = gathered.into_rows().into_iter().enumerate();
        rows.map(|(rule, rows)| failed.get(&rule).map_or(Ok(rows), |error| Err((*error).clone()))).collect()
    }
}

/// Smaller blocks cost more for each row.
const BLOCK_MIN_ROWS: usize = 8_192;

/// Ranges of rows that are evaluated at a time: as large as a container of the results, or parts of one
/// where there would be too few for all threads.
fn blocks(rows: usize, threads: usize) -> Vec<Range<usize>> {
    let mut block_rows = BLOCK_ROWS;
    while block_rows > BLOCK_MIN_ROWS && rows.div_ceil(block_rows) < threads * 2 {
        block_rows /= 2;
    }
    (0..rows).step_by(block_rows).map(|start| start..(start + block_rows).min(rows)).collect()
}

/// Rules that read a predicate which cannot be decided, and why: the first one in the rule's text.
fn failed_rules<'f>(program: &Program, failures: &'f Failures) -> BTreeMap<usize, &'f EvaluationError> {
    let error_of =
        |fallible: &Vec<Fallible>| fallible.iter().find_map(|fallible| failures.get(&fallible.predicate));
    let rules = program.fallible.iter().enumerate();
    rules.filter_map(|(rule, fallible)| Some((rule, error_of(fallible)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_all_rows_and_stay_within_containers() {
        for rows in [0, 1, 10_000, 65_535, 65_536, 65_537, 200_000, 1_000_000] {
            for threads in [1, 2, 16] {
                let mut end = 0;
                for block in blocks(rows, threads) {
                    assert_eq!(block.start, end);
                    assert_eq!(block.start / BLOCK_ROWS, (block.end - 1) / BLOCK_ROWS);
                    assert_eq!(block.start % 64, 0);
                    end = block.end;
                }
                assert_eq!(end, rows);
            }
        }
        assert_eq!(blocks(10_000, 2).len(), 2);
    }
}
