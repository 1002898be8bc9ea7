//! Which rules have no result because of what could not be decided, and with which error.

use super::bits::Bits;
use super::looks::Undecided;
use super::prepared::Prepared;
use crate::engine::oracle::EvaluationError;
use crate::language::typed::Test;
use crate::program::Program;
use crate::program::predicate::Fallible;

/// A rule without a result, and why.
pub(super) type Failure = (u32, EvaluationError);

/// The rules, of those in `among`, that read something undecided; ascending.
pub(super) fn failures(
    prepared: &Prepared<'_>,
    undecided: &[Undecided],
    among: Option<&Bits>,
) -> Vec<Failure> {
    let mut rules: Vec<u32> = undecided
        .iter()
        .flat_map(|undecided| prepared.readers.of_leaf.of(undecided.predicate))
        .copied()
        .filter(|&rule| among.is_none_or(|among| among.has(rule)))
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let program = prepared.program;
    let failure = |rule: u32| {
        let first = first(program.fallible.get(rule as usize)?, undecided)?;
        Some((rule, error(program, first)?))
    };
    rules.into_iter().filter_map(failure).collect()
}

/// The predicate that a walk over the rule would find undecided first: item by item within a term.
fn first(fallible: &[Fallible], undecided: &[Undecided]) -> Option<u32> {
    let item = |fallible: &Fallible| {
        let of_it = undecided.iter().filter(|undecided| undecided.predicate == fallible.predicate);
        of_it.map(|undecided| undecided.item).min()
    };
    let of_term = |term: &[Fallible]| {
        let items = (0..).zip(term).filter_map(|(at, fallible)| Some((item(fallible)?, at, fallible)));
        items.min_by_key(|&(item, at, _): &(u32, usize, _)| (item, at)).map(|(.., first)| first.predicate)
    };
    fallible.chunk_by(|one, next| one.term.is_some() && one.term == next.term).find_map(of_term)
}

fn error(program: &Program, predicate: u32) -> Option<EvaluationError> {
    let predicate = program.predicates.get(predicate as usize)?;
    let attribute = predicate.target.attribute().path();
    Some(match &predicate.test {
        Test::Matches(pattern) => {
            EvaluationError::RegexSteps { pattern: pattern.source().to_owned(), attribute }
        }
        _ => EvaluationError::VersionOrderNotChosen { attribute },
    })
}
