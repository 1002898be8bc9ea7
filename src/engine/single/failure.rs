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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_is_that_of_a_walk_over_the_rule() {
        let fallible = |predicate, term| Fallible { predicate, term };
        let undecided = |predicate, item| Undecided { predicate, item };
        let rule = [
            fallible(4, None),
            fallible(7, Some(0)),
            fallible(6, Some(0)),
            fallible(2, None),
            fallible(1, None),
            fallible(6, Some(1)),
        ];
        let cases = [
            (vec![], None),
            (vec![undecided(9, 0)], None),
            (vec![undecided(1, 0), undecided(2, 0)], Some(2)),
            (vec![undecided(6, 0), undecided(4, 0)], Some(4)),
            // Items come before the parts of a body.
            (vec![undecided(7, 2), undecided(6, 1)], Some(6)),
            (vec![undecided(7, 1), undecided(6, 1)], Some(7)),
            (vec![undecided(6, 3), undecided(7, 2), undecided(6, 1), undecided(2, 0)], Some(6)),
        ];
        for (undecided, expected) in cases {
            assert_eq!(first(&rule, &undecided), expected, "{undecided:?}");
        }
    }

    #[test]
    fn parts_with_one_value_are_not_sorted_by_item() {
        let rule = [3, 5].map(|predicate| Fallible { predicate, term: None });
        let undecided = [(3, 1), (5, 0)].map(|(predicate, item)| Undecided { predicate, item });
        assert_eq!(first(&rule, &undecided), Some(3));
    }
}
