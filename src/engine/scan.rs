//! Mostly unique text: every value in a range is looked at once for all tests.

use std::ops::Range;

use arrow_array::{Array, StringArray};

use super::bound::Failures;
use super::text_tests::{Place, TextTests, too_many_steps};
use crate::language::pattern::is_basic;

/// Calls `push` with each test and the place of each value in `range` that satisfies it, in ascending
/// order for each test but regular expressions. A pair can come twice.
pub(super) fn scan(
    values: &StringArray,
    tests: &TextTests<'_>,
    path: &str,
    range: &Range<usize>,
    push: &mut impl FnMut(Place, usize),
    failures: &mut Failures,
) {
    let nulls = values.nulls().filter(|nulls| nulls.null_count() > 0);
    let is_null = |at: usize| nulls.is_some_and(|nulls| nulls.is_null(at));
    if !tests.null.is_empty() && nulls.is_some() {
        for at in range.clone().filter(|&at| is_null(at)) {
            tests.null.iter().for_each(|&place| push(place, at));
        }
    }
    let texts = range.clone().filter(|&at| !is_null(at)).map(|at| (at, values.value(at)));
    if tests.looks_at_values() {
        for (at, value) in texts.clone() {
            tests.cheap(value, |place| push(place, at));
        }
    }
    tests.contains.scan(values, range, &mut |place, at| {
        if !is_null(at) {
            push(place, at);
        }
    });
    if tests.has_patterns() {
        let patterns = tests.patterns(values.len());
        patterns.ask_each(&texts, is_basic(bytes_of(values, range)), push, |place, pattern| {
            failures.entry(tests.slot(place)).or_insert_with(|| too_many_steps(pattern, path));
        });
    }
}

/// The bytes of the values in `range`, one after the other.
pub(super) fn bytes_of<'v>(values: &'v StringArray, range: &Range<usize>) -> &'v [u8] {
    let offset =
        |at: usize| values.value_offsets().get(at).map_or(0, |&offset| usize::try_from(offset).unwrap_or(0));
    values.value_data().get(offset(range.start)..offset(range.end)).unwrap_or_default()
}
