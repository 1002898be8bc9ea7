//! All tests of one text attribute, or of one field of items: a value is looked at once for all of them.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::affix::Affixes;
use super::filter::Filter;
use super::gate::gates;
use super::leaf::Leaf;
use super::lists::Lists;
use super::looks::{Effect, Looks, Undecided};
use crate::base::fold::{FoldedText, fold, fold_char};
use crate::engine::inside::Inside;
use crate::engine::world::VersionOrder;
use crate::language::pattern::Pattern;
use crate::language::typed::{Order, Test};

/// The tests, by what they look for.
#[derive(Debug, Default)]
pub(super) struct TextTests<'p> {
    /// True for a missing value.
    null: Vec<Leaf>,
    /// True for every value, such as those that ask for an empty prefix.
    present: Vec<Leaf>,
    equal: Equal,
    /// Whether the texts of `equal` are all that is asked of a value.
    only_equal: bool,
    begins: Affixes,
    begins_effects: Lists<Effect>,
    /// Texts back to front.
    ends: Affixes,
    ends_effects: Lists<Effect>,
    inside: Inside,
    inside_effects: Lists<Effect>,
    patterns: Patterns<'p>,
    versions: Vec<(Order, &'p FoldedText, Leaf)>,
    version_order: Option<VersionOrder>,
}

#[derive(Debug, Default)]
struct Patterns<'p> {
    /// All that cannot fail: for values that are not ASCII the required texts do not speak.
    sure: Vec<Leaf>,
    /// Those that cannot fail and have no required text.
    without_text: Vec<Leaf>,
    /// Those that can fail. No required text spares a value from them: it would hide the failure.
    fallible: Vec<(Leaf, &'p Pattern)>,
}

/// Texts that a value can be.
#[derive(Debug, Default)]
struct Equal {
    places: HashMap<Box<str>, u32>,
    effects: Lists<Effect>,
    filter: Filter,
}

impl Equal {
    fn new(wanted: &Wanted) -> Self {
        let places = wanted.texts().into_iter().zip(0..).collect();
        Self { places, effects: wanted.effects(), filter: Filter::new(wanted.0.keys()) }
    }
}

impl Patterns<'_> {
    fn is_empty(&self) -> bool {
        self.sure.is_empty() && self.fallible.is_empty()
    }
}

/// Room for forms of a value.
#[derive(Debug, Default)]
pub(super) struct Forms {
    folded: String,
    reversed: Vec<u8>,
}

/// What is asked for, text by text.
#[derive(Default)]
struct Wanted(BTreeMap<Vec<u8>, Vec<Effect>>);

impl Wanted {
    fn add(&mut self, text: impl Into<Vec<u8>>, leaf: Leaf, surely: bool) {
        self.0.entry(text.into()).or_default().push(Effect { leaf, surely });
    }

    fn effects(&self) -> Lists<Effect> {
        let pairs = (0..).zip(self.0.values());
        let pairs = pairs.flat_map(|(at, effects)| effects.iter().map(move |&effect| (at, effect)));
        Lists::new(self.0.len(), pairs.collect())
    }

    fn affixes(&self) -> Affixes {
        Affixes::new(self.0.keys().map(|text| text.as_slice().into()).collect())
    }

    fn texts(&self) -> Vec<Box<str>> {
        // INVARIANT: only texts are added, back to front at the most where this is not called.
        self.0.keys().map(|text| String::from_utf8_lossy(text).into()).collect()
    }
}

impl<'p> TextTests<'p> {
    pub(super) fn new(
        tests: impl IntoIterator<Item = (Leaf, &'p Test)>,
        version_order: Option<VersionOrder>,
    ) -> Self {
        let mut found = Self { version_order, ..Self::default() };
        let mut patterns = Vec::new();
        let [mut equal, mut begins, mut ends, mut inside] = [(); 4].map(|()| Wanted::default());
        for (leaf, test) in tests {
            match test {
                Test::IsNull => found.null.push(leaf),
                Test::Equals(text) => equal.add(text.folded(), leaf, true),
                Test::In(texts) => texts.iter().for_each(|text| equal.add(text.folded(), leaf, true)),
                Test::StartsWith(text) | Test::EndsWith(text) | Test::Contains(text)
                    if text.folded().is_empty() =>
                {
                    found.present.push(leaf);
                }
                Test::StartsWith(text) => begins.add(text.folded(), leaf, true),
                Test::EndsWith(text) => ends.add(reversed(text.folded().as_bytes()), leaf, true),
                Test::Contains(text) => inside.add(text.folded(), leaf, true),
                Test::Matches(pattern) => patterns.push((leaf, pattern.as_ref())),
                Test::CompareVersion { order, to } => found.versions.push((*order, to, leaf)),
                // INVARIANT: the checker gives such tests to booleans and dates only.
                Test::IsBoolean(_) | Test::IsInstant(_) | Test::Compare { .. } => {}
            }
        }
        found.patterns(patterns, &mut begins, &mut inside);
        found.equal = Equal::new(&equal);
        (found.begins, found.begins_effects) = (begins.affixes(), begins.effects());
        (found.ends, found.ends_effects) = (ends.affixes(), ends.effects());
        (found.inside, found.inside_effects) = (Inside::new(&inside.texts()), inside.effects());
        found.only_equal = found.begins.is_empty()
            && found.ends.is_empty()
            && found.inside.is_empty()
            && found.patterns.is_empty()
            && found.versions.is_empty();
        found
    }

    /// Sorts patterns by how they are asked.
    fn patterns(&mut self, all: Vec<(Leaf, &'p Pattern)>, begins: &mut Wanted, inside: &mut Wanted) {
        let (fallible, sure): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(_, pattern)| pattern.can_give_up());
        self.patterns.fallible = fallible;
        let gates = gates(&sure.iter().map(|&(_, pattern)| pattern).collect::<Vec<_>>());
        for (&(leaf, _), gate) in sure.iter().zip(gates) {
            self.patterns.sure.push(leaf);
            let Some(gate) = gate else {
                self.patterns.without_text.push(leaf);
                continue;
            };
            let wanted = if gate.at_start { &mut *begins } else { &mut *inside };
            for text in &gate.texts {
                wanted.add(fold(text).as_bytes(), leaf, false);
            }
        }
    }

    /// Looks at a value, the `item`-th of a collection or 0.
    ///
    /// A test that cannot be decided for the value is undecided whatever the others find.
    pub(super) fn look(&self, value: Option<&str>, item: u32, forms: &mut Forms, looks: &mut Looks) {
        if self.version_order.is_none() {
            let undecided = |&(_, _, predicate): &(_, _, Leaf)| Undecided { predicate, item };
            looks.undecided.extend(self.versions.iter().map(undecided));
        }
        let Some(value) = value else { return looks.hits.extend(&self.null) };
        looks.hits.extend(&self.present);
        let is_ascii = value.is_ascii();
        if self.only_equal && is_ascii && !self.equal.filter.admits(value.as_bytes()) {
            return;
        }
        forms.fold(value, is_ascii);
        let folded = forms.folded.as_str();
        if let Some(&place) = self.equal.places.get(folded) {
            looks.add(self.equal.effects.of(place));
        }
        self.begins.of(folded.as_bytes(), |at| looks.add(self.begins_effects.of(at)));
        if !self.ends.is_empty() {
            forms.reversed.clear();
            forms.reversed.extend(folded.bytes().rev());
            self.ends.of(&forms.reversed, |at| looks.add(self.ends_effects.of(at)));
        }
        if !self.inside.is_empty() {
            self.inside.of(folded.as_bytes(), |at| looks.add(self.inside_effects.of(at)));
        }
        looks.maybes.extend(if is_ascii { &self.patterns.without_text } else { &self.patterns.sure });
        for &(leaf, pattern) in &self.patterns.fallible {
            match pattern.is_match(value) {
                Ok(true) => looks.hits.push(leaf),
                Ok(false) => {}
                Err(_) => looks.undecided.push(Undecided { predicate: leaf, item }),
            }
        }
        if let Some(version_order) = self.version_order {
            let holds =
                |order: Order, to: &FoldedText| order.admits(version_order.compare(value, to.written()));
            let versions = self.versions.iter().filter(|&&(order, to, _)| holds(order, to));
            looks.hits.extend(versions.map(|&(_, _, leaf)| leaf));
        }
    }

    /// The predicates that a value may leave without a result.
    pub(super) fn fallible(&self) -> impl Iterator<Item = u32> {
        let unordered = if self.version_order.is_none() { self.versions.as_slice() } else { &[] };
        let patterns = self.patterns.fallible.iter().map(|&(leaf, _)| leaf);
        patterns.chain(unordered.iter().map(|&(_, _, leaf)| leaf))
    }
}

impl Forms {
    fn fold(&mut self, value: &str, is_ascii: bool) {
        self.folded.clear();
        if is_ascii {
            self.folded.push_str(value);
            self.folded.make_ascii_uppercase();
        } else {
            self.folded.extend(value.chars().map(fold_char));
        }
    }
}

fn reversed(text: &[u8]) -> Vec<u8> {
    text.iter().rev().copied().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// True leaves, leaves to be asked and undecided ones for each value, in the order of the tests.
    fn found(tests: &[Test], order: Option<VersionOrder>, value: Option<&str>) -> [Vec<u32>; 3] {
        let tests = TextTests::new((0..).zip(tests), order);
        let mut looks = Looks::default();
        tests.look(value, 0, &mut Forms::default(), &mut looks);
        let undecided = looks.undecided.iter().map(|undecided| undecided.predicate).collect();
        [looks.hits, looks.maybes, undecided].map(|mut leaves: Vec<u32>| {
            leaves.sort_unstable();
            leaves.dedup();
            leaves
        })
    }

    fn pattern(source: &str) -> Test {
        Test::Matches(Arc::new(Pattern::new(source).unwrap()))
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
            Test::IsNull,
            Test::EndsWith(text("É")),
        ];
        let hits = |value| found(&tests, None, value)[0].clone();
        assert_eq!(hits(Some("sALES")), [0, 1, 2, 3, 4, 5]);
        assert_eq!(hits(Some("Sale")), [2, 3, 5]);
        assert_eq!(hits(Some("")), [3]);
        assert_eq!(hits(Some("hr")), [1, 3]);
        assert_eq!(hits(Some("salé")), [2, 3, 7]);
        assert_eq!(hits(None), [6]);
    }

    #[test]
    fn patterns_wait_behind_what_they_require() {
        let tests = [pattern("^sa.e"), pattern("le$"), pattern("[0-9]"), pattern("^(?!sal)")];
        let maybes = |value| found(&tests, None, Some(value))[1].clone();
        assert_eq!(maybes("Sale"), [0, 1, 2]);
        assert_eq!(maybes("Male"), [1, 2]);
        assert_eq!(maybes("x"), [2]);
        assert_eq!(maybes("\u{17F}x"), [0, 1, 2], "not ASCII");
        assert_eq!(found(&tests, None, Some("x"))[0], [3], "one that can fail is asked at once");
    }

    #[test]
    fn what_cannot_be_decided_is_undecided_whatever_the_value() {
        let version = Test::CompareVersion { order: Order::AtLeast, to: FoldedText::new("10.0.9") };
        let tests = [pattern(r"^(?:(?!b)a|a)*c$"), version];
        let long = "a".repeat(60);
        assert_eq!(found(&tests, None, Some(&long)), [vec![], vec![], vec![0, 1]]);
        assert_eq!(found(&tests, None, None), [vec![], vec![], vec![1]]);
        assert_eq!(found(&tests, Some(VersionOrder::Version), Some("10.0.10")), [vec![1], vec![], vec![]]);
        assert_eq!(found(&tests, Some(VersionOrder::Ordinal), Some("10.0.10")), <[Vec<u32>; 3]>::default());
    }
}
