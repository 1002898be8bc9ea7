//! Texts that a value can hold anywhere, looked for in many values at once.

use std::ops::Range;

use aho_corasick::packed;
use arrow_array::StringArray;
use memchr::memmem::Finder;

use super::inside::Inside;
use super::text_tests::Place;

/// Texts to look for. None of them is empty but those in `everyone`.
#[derive(Debug, Default)]
pub(super) struct Searches<'p> {
    finders: Vec<(Finder<'p>, Place)>,
    /// Satisfied by every value.
    everyone: Vec<Place>,
    together: Option<Together>,
    /// Finds all of them in one value; its texts are the finders.
    inside: Inside,
}

/// Many texts looked for at once.
#[derive(Debug)]
struct Together {
    /// Finds where any of them stands; its patterns are the finders.
    any: packed::Searcher,
    /// For each finder those that can stand where it stands: of two such texts one begins with the
    /// other.
    kin: Vec<Vec<usize>>,
}

/// From so many texts on one search for all is quicker than one for each.
const TOGETHER_MIN_TEXTS: usize = 4;

impl<'p> Searches<'p> {
    pub(super) fn new(texts: &[(&'p str, Place)]) -> Self {
        let wanted = || texts.iter().filter(|(text, _)| !text.is_empty());
        let together = || {
            let any =
                packed::Config::new().builder().extend(wanted().map(|(text, _)| text.as_bytes())).build()?;
            let is_kin = |one: &str, other: &str| one.starts_with(other) || other.starts_with(one);
            let kin = |(one, _): &(&str, Place)| {
                let others = wanted().enumerate().filter(|(_, (other, _))| is_kin(one, other));
                others.map(|(at, _)| at).collect()
            };
            let kin = wanted().map(kin).collect();
            Some(Together { any, kin })
        };
        Self {
            finders: wanted().map(|&(text, place)| (Finder::new(text), place)).collect(),
            everyone: texts.iter().filter(|(text, _)| text.is_empty()).map(|(_, place)| *place).collect(),
            together: if wanted().count() < TOGETHER_MIN_TEXTS { None } else { together() },
            inside: Inside::new(&wanted().map(|(text, _)| (*text).into()).collect::<Vec<_>>()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.finders.is_empty() && self.everyone.is_empty()
    }

    /// Calls `hit` with the tests that a value satisfies; one can come more than once.
    pub(super) fn find(&self, value: &[u8], hit: &mut impl FnMut(Place)) {
        self.everyone.iter().for_each(|&place| hit(place));
        self.inside.of(value, |at| {
            if let Some((_, place)) = self.finders.get(at as usize) {
                hit(*place);
            }
        });
    }

    /// Calls `hit` with each test and the place of each value in `range` that satisfies it, ascending
    /// for each test. Missing values may come too; a pair can come twice.
    pub(super) fn scan(
        &self,
        values: &StringArray,
        range: &Range<usize>,
        hit: &mut impl FnMut(Place, usize),
    ) {
        for &place in &self.everyone {
            range.clone().for_each(|at| hit(place, at));
        }
        let mut walk = Walk::new(values, range);
        if let Some(Together { any, kin }) = &self.together {
            while let Some(found) =
                walk.next(|text, from| any.find_in(text, aho_corasick::Span { start: from, end: text.len() }))
            {
                let at = walk.value_at(found.start());
                let rest = walk.rest_of_value(found.start());
                for &one in kin.get(found.pattern().as_usize()).into_iter().flatten() {
                    if let Some((finder, place)) = self.finders.get(one)
                        && rest.starts_with(finder.needle())
                    {
                        hit(*place, at);
                    }
                }
                walk.go_on_at(found.start() + 1);
            }
            return;
        }
        for (finder, place) in &self.finders {
            walk = Walk::new(values, range);
            while let Some(start) = walk.next(|text, from| Some(from + finder.find(text.get(from..)?)?)) {
                let at = walk.value_at(start);
                // A match that runs on into the next value is none; one may still begin behind it.
                if start + finder.needle().len() <= walk.value_end() {
                    hit(*place, at);
                    walk.skip_value();
                } else {
                    walk.go_on_at(start + 1);
                }
            }
        }
    }
}

/// A walk over the bytes of many values.
struct Walk<'v> {
    offsets: &'v [i32],
    /// The bytes up to the end of the last value.
    text: &'v [u8],
    /// Where the search goes on.
    from: usize,
    /// The place of the value that was looked at last.
    at: usize,
    last: usize,
}

impl<'v> Walk<'v> {
    fn new(values: &'v StringArray, range: &Range<usize>) -> Self {
        let mut walk =
            Self { offsets: values.value_offsets(), text: &[], from: 0, at: range.start, last: range.end };
        let (start, end) = (walk.offset(range.start), walk.offset(range.end));
        walk.text = values.value_data().get(..end).unwrap_or_default();
        walk.from = start;
        walk
    }

    fn offset(&self, at: usize) -> usize {
        self.offsets.get(at).map_or(0, |&offset| usize::try_from(offset).unwrap_or(0))
    }

    /// What `search` finds, asked for the text and where to begin.
    fn next<T>(&self, search: impl FnOnce(&'v [u8], usize) -> Option<T>) -> Option<T> {
        search(self.text, self.from)
    }

    /// The value in which a byte stands that is not before the last one asked for.
    fn value_at(&mut self, byte: usize) -> usize {
        let later = self.offsets.get(self.at + 1..=self.last).unwrap_or_default();
        self.at += passed(later, byte);
        self.at
    }

    /// The bytes of the last value that was asked for, from one of them on.
    fn rest_of_value(&self, byte: usize) -> &'v [u8] {
        self.text.get(byte..self.value_end()).unwrap_or_default()
    }

    fn value_end(&self) -> usize {
        self.offset(self.at + 1)
    }

    fn skip_value(&mut self) {
        self.from = self.value_end();
    }

    fn go_on_at(&mut self, byte: usize) {
        self.from = byte;
    }
}

/// How many of the ascending `ends` are not beyond `byte`. Steps grow, because hits often are near.
fn passed(ends: &[i32], byte: usize) -> usize {
    let is_passed = |end: &i32| usize::try_from(*end).unwrap_or(0) <= byte;
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
    use proptest::prelude::*;

    use arrow_array::Array as _;

    use super::*;

    proptest! {
        #[test]
        fn texts_are_found_within_values_and_not_across_them(
            texts in prop::collection::vec("[ab]{0,3}", 0..8),
            values in prop::collection::vec(prop::option::of("[abc]{0,5}"), 0..12),
            cut in (0_usize..12, 0_usize..12),
        ) {
            let wanted: Vec<(&str, Place)> = texts.iter().map(String::as_str).zip(0..).collect();
            let searches = Searches::new(&wanted);
            let array = StringArray::from(values.clone());
            let range = cut.0.min(array.len())..cut.1.min(array.len()).max(cut.0.min(array.len()));
            let mut found = Vec::new();
            searches.scan(&array, &range, &mut |place, at| {
                if array.is_valid(at) {
                    found.push((place, at));
                }
            });
            found.sort_unstable();
            found.dedup();
            let mut expected = Vec::new();
            let mut alone = Vec::new();
            for at in range {
                let Some(value) = &values[at] else { continue };
                expected.extend(wanted.iter().filter(|(text, _)| value.contains(text)).map(|(_, place)| (*place, at)));
                searches.find(value.as_bytes(), &mut |place| alone.push((place, at)));
            }
            expected.sort_unstable();
            alone.sort_unstable();
            alone.dedup();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(&alone, &expected);
        }
    }

    #[test]
    fn places_are_counted_whatever_the_distance() {
        let ends: Vec<i32> = (1..=100).map(|end| end * 3).collect();
        for byte in 0..310 {
            let slow = ends.iter().filter(|&&end| usize::try_from(end).unwrap() <= byte).count();
            assert_eq!(passed(&ends, byte), slow, "{byte}");
        }
    }
}
