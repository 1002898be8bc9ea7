//! All tests of one text, so that a value is looked at once for all of them.

use std::sync::OnceLock;

use super::affixes::{Affix, Affixes, Edge};
use super::oracle::EvaluationError;
use super::searches::Searches;
use super::world::VersionOrder;
use crate::base::fold::FoldedText;
use crate::language::pattern::{Pattern, PatternSet};
use crate::language::typed::{Order, Test};

/// The number of a predicate in its program.
pub(super) type Slot = u32;

/// The number of a test among those of its text.
pub(super) type Place = u32;

/// The tests of one text, indexed by what they look for.
#[derive(Debug, Default)]
pub(super) struct TextTests<'p> {
    /// The predicate that each test stands for.
    pub(super) slots: Vec<Slot>,
    /// True for a missing value.
    pub(super) null: Vec<Place>,
    begins: Affixes<'p>,
    ends: Affixes<'p>,
    pub(super) contains: Searches<'p>,
    versions: Vec<(Order, &'p str, Place)>,
    version_order: Option<VersionOrder>,
    patterns: Patterns<'p>,
}

/// Regular expressions, asked together or one by one.
#[derive(Debug, Default)]
struct Patterns<'p> {
    all: Vec<&'p Pattern>,
    places: Vec<Place>,
    /// Built when enough values are to be looked at.
    set: OnceLock<PatternSet>,
}

/// From this many values on it pays to compile the patterns of a text together.
const SHARED_PATTERNS_MIN_VALUES: usize = 256;

impl<'p> TextTests<'p> {
    pub(super) fn new(
        tests: impl IntoIterator<Item = (Slot, &'p Test)>,
        version_order: Option<VersionOrder>,
    ) -> Self {
        let mut found = Self { version_order, ..Self::default() };
        let (mut begins, mut ends, mut contains) = (Vec::new(), Vec::new(), Vec::new());
        for (place, (slot, test)) in (0..).zip(tests) {
            found.slots.push(slot);
            let affix = |text: &'p FoldedText, whole| Affix { text: text.folded(), whole, place };
            match test {
                Test::IsNull => found.null.push(place),
                Test::Equals(text) => begins.push(affix(text, true)),
                Test::In(texts) => {
                    // A value that is listed twice is found once.
                    let mut texts: Vec<Affix<'p>> = texts.iter().map(|text| affix(text, true)).collect();
                    texts.sort_unstable_by_key(|affix| affix.text);
                    texts.dedup_by_key(|affix| affix.text);
                    begins.extend(texts);
                }
                Test::StartsWith(text) => begins.push(affix(text, false)),
                Test::EndsWith(text) => ends.push(affix(text, false)),
                Test::Contains(text) => contains.push((text.folded(), place)),
                Test::Matches(pattern) => {
                    found.patterns.all.push(pattern);
                    found.patterns.places.push(place);
                }
                Test::CompareVersion { order, to } => found.versions.push((*order, to.folded(), place)),
                // INVARIANT: the checker gives such tests to booleans and dates only.
                Test::IsBoolean(_) | Test::IsInstant(_) | Test::Compare { .. } => {}
            }
        }
        found.begins = Affixes::new(begins, Edge::Start);
        found.ends = Affixes::new(ends, Edge::End);
        found.contains = Searches::new(&contains);
        found
    }

    /// How many tests there are.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The predicate that a test stands for.
    pub(super) fn slot(&self, place: Place) -> Slot {
        self.slots.get(place as usize).copied().unwrap_or(Slot::MAX)
    }

    /// Whether a value has to be looked at by itself, beside searches over many values at once.
    pub(super) fn looks_at_values(&self) -> bool {
        !self.begins.is_empty() || !self.ends.is_empty() || !self.versions.is_empty()
    }

    /// Whether there are regular expressions.
    pub(super) fn has_patterns(&self) -> bool {
        !self.patterns.all.is_empty()
    }

    /// Calls `hit` for the tests that `folded` satisfies, without `contains` and patterns.
    #[inline]
    pub(super) fn cheap(&self, folded: &str, mut hit: impl FnMut(Place)) {
        self.begins.find(folded.as_bytes(), &mut hit);
        self.ends.find(folded.as_bytes(), &mut hit);
        if let Some(order) = self.version_order {
            for &(side, to, place) in &self.versions {
                if side.admits(order.compare(folded, to)) {
                    hit(place);
                }
            }
        }
    }

    /// Calls `hit` for all tests but patterns that a folded value satisfies; one can come more than once.
    pub(super) fn all(&self, folded: &str, mut hit: impl FnMut(Place)) {
        self.cheap(folded, &mut hit);
        if !self.contains.is_empty() {
            self.contains.find(folded.as_bytes(), &mut hit);
        }
    }

    /// A way to ask the patterns about `values` values as written.
    pub(super) fn patterns(&self, values: usize) -> AskPatterns<'_> {
        let Patterns { all: patterns, places, set } = &self.patterns;
        let set =
            (values >= SHARED_PATTERNS_MIN_VALUES).then(|| set.get_or_init(|| PatternSet::new(patterns)));
        AskPatterns { patterns, places, set }
    }

    /// The tests that cannot be decided without a choice of the caller.
    pub(super) fn undecidable(&self) -> impl Iterator<Item = Slot> {
        let waiting = if self.version_order.is_none() { self.versions.as_slice() } else { &[] };
        waiting.iter().map(|&(_, _, place)| self.slot(place))
    }
}

/// The regular expressions of a text, ready to be asked.
pub(super) struct AskPatterns<'t> {
    patterns: &'t [&'t Pattern],
    places: &'t [Place],
    set: Option<&'t PatternSet>,
}

impl AskPatterns<'_> {
    /// Calls `hit` with the patterns that each of the numbered values as written satisfies, and `fail`
    /// with those that cannot be decided. Numbers come in no certain order and can come more than once.
    /// `is_basic` says that no value has a character beyond the basic plane, if that is known.
    pub(super) fn ask_each<'v>(
        &self,
        values: &(impl Iterator<Item = (usize, &'v str)> + Clone),
        is_basic: bool,
        hit: &mut impl FnMut(Place, usize),
        mut fail: impl FnMut(Place, &Pattern),
    ) {
        let every: Vec<usize>;
        let alone = if let Some(set) = self.set {
            set.matches_each(values, is_basic, &mut |number, at| {
                if let Some(&place) = self.places.get(at) {
                    hit(place, number);
                }
            });
            set.others()
        } else {
            every = (0..self.patterns.len()).collect();
            every.as_slice()
        };
        for &at in alone {
            let (Some(pattern), Some(&place)) = (self.patterns.get(at), self.places.get(at)) else {
                continue;
            };
            for (number, value) in values.clone() {
                match pattern.is_match(value) {
                    Ok(true) => hit(place, number),
                    Ok(false) => {}
                    Err(_) => fail(place, pattern),
                }
            }
        }
    }
}

/// Why a pattern has no answer for a value of the attribute that rules write as `path`.
pub(super) fn too_many_steps(pattern: &Pattern, path: &str) -> EvaluationError {
    EvaluationError::RegexSteps { pattern: pattern.source().to_owned(), attribute: path.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fold::fold;
    use std::sync::Arc;

    fn hits(tests: &[Test], value: &str, values: usize) -> Vec<Place> {
        let numbered = tests.iter().enumerate().map(|(slot, test)| (u32::try_from(slot).unwrap(), test));
        let tests = TextTests::new(numbered, None);
        let mut found = Vec::new();
        tests.all(&fold(value), |place| found.push(place));
        let one = std::iter::once((0, value));
        tests
            .patterns(values)
            .ask_each(&one, false, &mut |place, _| found.push(place), |_, _| panic!("steps"));
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn one_look_finds_all_kinds_of_tests() {
        let text = FoldedText::new;
        let tests = [
            Test::Equals(text("Sales")),
            Test::In(vec![text("HR"), text("sales"), text("SALES")]),
            Test::StartsWith(text("sal")),
            Test::StartsWith(text("")),
            Test::EndsWith(text("LES")),
            Test::Contains(text("ale")),
            Test::Matches(Arc::new(Pattern::new("^sa.e").unwrap())),
            Test::Matches(Arc::new(Pattern::new("^(?!b)s").unwrap())),
            Test::IsNull,
        ];
        for values in [1, SHARED_PATTERNS_MIN_VALUES] {
            assert_eq!(hits(&tests, "sALES", values), [0, 1, 2, 3, 4, 5, 6, 7]);
            assert_eq!(hits(&tests, "Sale", values), [2, 3, 5, 6, 7]);
            assert_eq!(hits(&tests, "", values), [3]);
            assert_eq!(hits(&tests, "hr", values), [1, 3]);
        }
    }
}
