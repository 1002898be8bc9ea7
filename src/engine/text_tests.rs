//! All tests of one text attribute, so that a value is looked at once for all of them.

use std::collections::HashMap;

use memchr::memmem::Finder;

use super::oracle::EvaluationError;
use super::world::VersionOrder;
use crate::base::fold::FoldedText;
use crate::language::pattern::Pattern;
use crate::language::typed::{Order, Test};

/// The number of a test among those of its attribute.
pub(super) type Slot = u32;

/// The tests of one attribute, indexed by what they look for.
#[derive(Debug, Default)]
pub(super) struct TextTests<'p> {
    /// True for a missing value.
    pub(super) null: Vec<Slot>,
    begins: Affixes<'p>,
    ends: Affixes<'p>,
    pub(super) contains: Vec<(Finder<'p>, Slot)>,
    pub(super) patterns: Vec<(&'p Pattern, Anchor, Slot)>,
    versions: Vec<(Order, &'p str, Slot)>,
    version_order: Option<VersionOrder>,
}

impl<'p> TextTests<'p> {
    pub(super) fn new(
        tests: impl IntoIterator<Item = (Slot, &'p Test)>,
        version_order: Option<VersionOrder>,
    ) -> Self {
        let mut found = Self { version_order, ..Self::default() };
        let (mut begins, mut ends) = (Vec::new(), Vec::new());
        for (slot, test) in tests {
            match test {
                Test::IsNull => found.null.push(slot),
                Test::Equals(text) => begins.push((text.folded(), true, slot)),
                Test::In(texts) => {
                    // A value that is listed twice is found once.
                    let mut texts: Vec<&str> = texts.iter().map(FoldedText::folded).collect();
                    texts.sort_unstable();
                    texts.dedup();
                    begins.extend(texts.into_iter().map(|text| (text, true, slot)));
                }
                Test::StartsWith(text) => begins.push((text.folded(), false, slot)),
                Test::EndsWith(text) => ends.push((text.folded(), false, slot)),
                Test::Contains(text) => found.contains.push((Finder::new(text.folded()), slot)),
                Test::Matches(pattern) => found.patterns.push((pattern, Anchor::of(pattern), slot)),
                Test::CompareVersion { order, to } => found.versions.push((*order, to.folded(), slot)),
                // INVARIANT: the checker gives such tests to booleans and dates only.
                Test::IsBoolean(_) | Test::IsInstant(_) | Test::Compare { .. } => {}
            }
        }
        found.begins = Affixes::new(begins, false);
        found.ends = Affixes::new(ends, true);
        found
    }

    /// Whether a value has to be looked at by itself, beside searches over many values at once.
    pub(super) fn looks_at_values(&self) -> bool {
        !self.begins.is_empty() || !self.ends.is_empty() || !self.versions.is_empty()
    }

    /// Calls `hit` for the tests that `folded` satisfies, without `contains` and patterns.
    #[inline]
    pub(super) fn cheap(&self, folded: &str, mut hit: impl FnMut(Slot)) {
        self.begins.find(folded.as_bytes(), &mut hit);
        self.ends.find(folded.as_bytes(), &mut hit);
        if let Some(order) = self.version_order {
            for &(side, to, slot) in &self.versions {
                if side.admits(order.compare(folded, to)) {
                    hit(slot);
                }
            }
        }
    }

    /// Calls `hit` for all tests but patterns that a folded value satisfies.
    pub(super) fn all(&self, folded: &str, mut hit: impl FnMut(Slot)) {
        self.cheap(folded, &mut hit);
        for (finder, slot) in &self.contains {
            if finder.find(folded.as_bytes()).is_some() {
                hit(*slot);
            }
        }
    }

    /// Calls `hit` for the patterns that a value as written satisfies, and `fail` for those that cannot
    /// be decided.
    #[inline]
    pub(super) fn patterns(
        &self,
        original: &str,
        attribute: &str,
        mut hit: impl FnMut(Slot),
        mut fail: impl FnMut(Slot, EvaluationError),
    ) {
        for (pattern, anchor, slot) in &self.patterns {
            if !anchor.admits(original) {
                continue;
            }
            match pattern.is_match(original) {
                Ok(true) => hit(*slot),
                Ok(false) => {}
                Err(_) => {
                    let (pattern, attribute) = (pattern.source().to_owned(), attribute.to_owned());
                    fail(*slot, EvaluationError::RegexSteps { pattern, attribute });
                }
            }
        }
    }

    /// The tests that cannot be decided without a choice of the caller.
    pub(super) fn undecidable(&self) -> impl Iterator<Item = Slot> {
        let waiting = if self.version_order.is_none() { self.versions.as_slice() } else { &[] };
        waiting.iter().map(|&(_, _, slot)| slot)
    }
}

/// Texts that a value can begin with, end with or equal, found by their first or last bytes.
#[derive(Debug, Default)]
struct Affixes<'p> {
    /// So many bytes make the key; as many as the shortest text has, eight at the most.
    key_bytes: usize,
    /// By key.
    by_key: HashMap<u64, Vec<Affix<'p>>>,
    /// A bit for each hash of a key: most values stop here.
    filter: Vec<u64>,
    from_end: bool,
}

/// A text, whether the value has to end there too, and the test.
type Affix<'p> = (&'p [u8], bool, Slot);

/// Bits of the filter. A few hundred texts leave it almost empty, and it fits the first-level cache.
const FILTER_BITS: usize = 1 << 15;

impl<'p> Affixes<'p> {
    fn new(texts: Vec<(&'p str, bool, Slot)>, from_end: bool) -> Self {
        let Some(shortest) = texts.iter().map(|(text, ..)| text.len()).min() else { return Self::default() };
        let mut affixes = Self {
            key_bytes: shortest.min(8),
            by_key: HashMap::new(),
            filter: vec![0; FILTER_BITS / 64],
            from_end,
        };
        for (text, whole, slot) in texts {
            let key = affixes.key(text.as_bytes());
            let (word, bit) = place(key);
            if let Some(word) = affixes.filter.get_mut(word) {
                *word |= bit;
            }
            affixes.by_key.entry(key).or_default().push((text.as_bytes(), whole, slot));
        }
        affixes
    }

    fn is_empty(&self) -> bool {
        self.filter.is_empty()
    }

    #[inline]
    fn find(&self, value: &[u8], hit: &mut impl FnMut(Slot)) {
        if self.is_empty() || value.len() < self.key_bytes {
            return;
        }
        let key = self.key(value);
        let (word, bit) = place(key);
        if self.filter.get(word).is_none_or(|word| word & bit == 0) {
            return;
        }
        for &(text, whole, slot) in self.by_key.get(&key).into_iter().flatten() {
            let fits = if self.from_end { value.ends_with(text) } else { value.starts_with(text) };
            if fits && (!whole || value.len() == text.len()) {
                hit(slot);
            }
        }
    }

    /// The first or last bytes as a number. INVARIANT: the value has at least `key_bytes` bytes.
    #[inline]
    fn key(&self, value: &[u8]) -> u64 {
        let start = if self.from_end { value.len() - self.key_bytes } else { 0 };
        match value.get(start..start + self.key_bytes) {
            Some(&[a, b, c, d, e, f, g, h]) => u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            Some(bytes) => bytes.iter().fold(0, |key, &byte| (key << 8) | u64::from(byte)),
            None => 0,
        }
    }
}

#[inline]
fn place(key: u64) -> (usize, u64) {
    let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // The top bits are the well mixed ones.
    let at = usize::try_from(hash >> (64 - FILTER_BITS.trailing_zeros())).unwrap_or(0);
    (at / 64, 1 << (at % 64))
}

/// A text that every match of a pattern begins with, at the start of the value.
///
/// It spares most values the pattern. It only speaks for values in ASCII: there folding and the
/// pattern's own letter case agree.
#[derive(Debug)]
pub(super) struct Anchor(String);

impl Anchor {
    /// Reads the plain text behind a leading `^` or `\A`. Whatever is not plainly safe gives no anchor.
    fn of(pattern: &Pattern) -> Self {
        let source = pattern.source();
        let none = Self(String::new());
        let Some(rest) = source.strip_prefix('^').or_else(|| source.strip_prefix("\\A")) else { return none };
        // Alternatives and inline options could lift the anchor.
        if rest.contains('|') || rest.contains("(?") {
            return none;
        }
        let plain =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '@' | '/' | ',' | ':');
        let mut text: String = rest.chars().take_while(|&c| plain(c)).collect();
        let next = rest.get(text.len()..).and_then(|rest| rest.chars().next());
        if matches!(next, Some('*' | '?' | '{' | '+')) {
            text.pop();
        }
        Self(text)
    }

    /// Whether the pattern can match this value.
    #[inline]
    pub(super) fn admits(&self, original: &str) -> bool {
        let start = original.as_bytes().get(..self.0.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(self.0.as_bytes())) || !original.is_ascii()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fold::fold;
    use std::sync::Arc;

    fn hits(tests: &[Test], value: &str) -> Vec<Slot> {
        let numbered = tests.iter().enumerate().map(|(slot, test)| (u32::try_from(slot).unwrap(), test));
        let tests = TextTests::new(numbered, None);
        let mut found = Vec::new();
        tests.all(&fold(value), |slot| found.push(slot));
        tests.patterns(value, "x", |slot| found.push(slot), |_, error| panic!("{error}"));
        found.sort_unstable();
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
            Test::IsNull,
        ];
        assert_eq!(hits(&tests, "sALES"), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(hits(&tests, "Sale"), [2, 3, 5, 6]);
        assert_eq!(hits(&tests, ""), [3]);
        assert_eq!(hits(&tests, "hr"), [1, 3]);
    }

    #[test]
    fn anchors_are_only_what_every_match_begins_with() {
        let anchor = |source: &str| Anchor::of(&Pattern::new(source).unwrap()).0;
        assert_eq!(anchor("^Da.*"), "Da");
        assert_eq!(anchor("^Dav?id"), "Da");
        assert_eq!(anchor("^a|b"), "");
        assert_eq!(anchor("Da"), "");
        assert_eq!(anchor("\\Aa\\d"), "a");
        assert_eq!(anchor("^(?i)x"), "");
        assert_eq!(anchor("^x{0}y"), "");
    }
}
