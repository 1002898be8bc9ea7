//! Mostly unique text: every value in a range is looked at once for all tests.

use std::ops::Range;

use arrow_array::{Array, StringArray};
use arrow_buffer::NullBuffer;

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
    if tests.looks_at_values() {
        each_value(values, nulls, range, |at, value| tests.cheap(value, |place| push(place, at)));
    }
    tests.contains.scan(values, range, &mut |place, at| {
        if !is_null(at) {
            push(place, at);
        }
    });
    if tests.has_patterns() {
        let patterns = tests.patterns(values.len());
        let texts = range.clone().filter(|&at| !is_null(at)).map(|at| (at, values.value(at)));
        let bytes =
            |at: usize| values.value_offsets().get(at).map_or(0, |&end| usize::try_from(end).unwrap_or(0));
        let data = values.value_data().get(bytes(range.start)..bytes(range.end)).unwrap_or_default();
        patterns.ask_each(&texts, is_basic(data), push, |place, pattern| {
            failures.entry(tests.slot(place)).or_insert_with(|| too_many_steps(pattern, path));
        });
    }
}

/// Calls `visit` with the values in `range` and their places, missing ones left out.
#[inline]
fn each_value(
    values: &StringArray,
    nulls: Option<&NullBuffer>,
    range: &Range<usize>,
    mut visit: impl FnMut(usize, &str),
) {
    for at in range.clone() {
        if nulls.is_none_or(|nulls| nulls.is_valid(at)) {
            visit(at, values.value(at));
        }
    }
}
