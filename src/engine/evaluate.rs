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

/// Rules that read a predicate which cannot be decided, and why.
fn failed_rules<'f>(program: &Program, failures: &'f Failures) -> BTreeMap<usize, &'f EvaluationError> {
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
