//! Mostly unique text: every value in a range is looked at once for all tests.

use std::ops::Range;

use arrow_array::{Array, StringArray};
use arrow_buffer::NullBuffer;
use memchr::memmem::Finder;

use super::bound::Failures;
use super::text_tests::{Place, TextTests, too_many_steps};

/// Calls `push` with each test and the place of each value in `range` that satisfies it, in ascending
/// order for each test. A pair can come twice.
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
    for (finder, place) in &tests.contains {
        search(values, finder, range, |at| {
            if !is_null(at) {
                push(*place, at);
            }
        });
    }
    if tests.has_patterns() {
        let patterns = tests.patterns(values.len());
        each_value(values, nulls, range, |at, value| {
            let fail = |place, pattern: &_| {
                failures.entry(tests.slot(place)).or_insert_with(|| too_many_steps(pattern, path));
            };
            patterns.ask(value, |place| push(place, at), fail);
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

/// Finds the values that hold a text, in one search through all their bytes.
fn search(values: &StringArray, finder: &Finder<'_>, range: &Range<usize>, mut hit: impl FnMut(usize)) {
    let needle_bytes = finder.needle().len();
    if needle_bytes == 0 {
        range.clone().for_each(hit);
        return;
    }
    let offset =
        |at: usize| values.value_offsets().get(at).map_or(0, |&offset| usize::try_from(offset).unwrap_or(0));
    let (mut from, end) = (offset(range.start), offset(range.end));
    let mut at = range.start;
    let data = values.value_data();
    while let Some(found) = data.get(from..end).and_then(|rest| finder.find(rest)) {
        let found = from + found;
        let later = values.value_offsets().get(at + 1..=range.end).unwrap_or_default();
        at += passed(later, found);
        let value_end = offset(at + 1);
        // A match that runs on into the next value is none; one may still begin behind it.
        if found + needle_bytes <= value_end {
            hit(at);
            from = value_end;
        } else {
            from = found + 1;
        }
    }
}

/// How many of the ascending `ends` are not beyond `place`. Steps grow, because hits often are near.
fn passed(ends: &[i32], place: usize) -> usize {
    let is_passed = |end: &i32| usize::try_from(*end).unwrap_or(0) <= place;
    let mut step = 1;
    while ends.get(step).is_some_and(is_passed) {
        step *= 2;
    }
    let start = step / 2;
    let near = ends.get(start..ends.len().min(step + 1)).unwrap_or_default();
    start + near.partition_point(is_passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_within_values_and_not_across_them() {
        let values = StringArray::from(vec![Some("abab"), None, Some("xa"), Some("b"), Some(""), Some("cab")]);
        let found = |needle: &str, range: Range<usize>| {
            let mut rows = Vec::new();
            search(&values, &Finder::new(needle), &range, |at| rows.push(at));
            rows
        };
        assert_eq!(found("ab", 0..6), [0, 5]);
        assert_eq!(found("ab", 1..5), [0_usize; 0]);
        assert_eq!(found("a", 1..6), [2, 5]);
        assert_eq!(found("", 2..4), [2, 3]);
    }

    #[test]
    fn places_are_counted_whatever_the_distance() {
        let ends: Vec<i32> = (1..=100).map(|end| end * 3).collect();
        for place in 0..310 {
            let slow = ends.iter().filter(|&&end| usize::try_from(end).unwrap() <= place).count();
            assert_eq!(passed(&ends, place), slow, "{place}");
        }
    }
}
