//! Values worth trying for an attribute, made from the constants of the rule.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::base::fold::{FoldedText, fold};
use crate::directory::object::Value;
use crate::language::attribute::{Attribute, Kind};
use crate::language::typed::{Node, NodeKind, Test};

/// Most values tried for one attribute.
pub(super) const PER_ATTRIBUTE_MAX: usize = 1_000;

/// How readily a value is offered, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Made from constants that the rule asks for.
    Asked,
    /// Made from constants under a negation too.
    Refused,
    /// Another value that the service is known to store.
    Known,
    /// No value, or no items.
    Nothing,
    /// A text that the rule does not name.
    Invented,
    /// No value for an attribute that always has one, or other items in the place of all.
    Unlikely,
}

/// A value with its rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate<T> {
    pub(super) value: T,
    pub(super) rank: Rank,
}

impl<T> Candidate<T> {
    pub(super) fn new(value: T, rank: Rank) -> Self {
        Self { value, rank }
    }
}

/// A test, and the rank of what is made from its constants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'rule> {
    pub(super) node: &'rule Node,
    pub(super) test: &'rule Test,
    pub(super) rank: Rank,
}

/// The tests of a condition, in the order of the rule. `negated` tells whether the condition itself
/// stands under an odd number of negations.
pub(super) fn wishes<'rule>(node: &'rule Node, negated: bool, found: &mut Vec<Wish<'rule>>) {
    if let NodeKind::Attribute { test, .. } | NodeKind::Item { test, .. } = &node.kind {
        found.push(Wish { node, test, rank: if negated { Rank::Refused } else { Rank::Asked } });
    }
    let negated = negated != matches!(node.kind, NodeKind::Not(_));
    for part in node.parts() {
        wishes(part, negated, found);
    }
}

/// Values of an attribute that is not a collection, best first.
pub(super) fn values(attribute: &Attribute, wishes: &[Wish<'_>], now: Timestamp) -> Vec<Candidate<Value>> {
    let mut found = match attribute.kind {
        Kind::Boolean => booleans(wishes),
        Kind::Text => {
            let texts = texts(wishes, &attribute.values, attribute.open);
            texts.into_iter().map(|text| Candidate::new(Value::Text(text.value), text.rank)).collect()
        }
        Kind::Date => instants(wishes, now),
        Kind::Texts | Kind::Plans | Kind::Groups => Vec::new(),
    };
    let nothing = if attribute.nullable { Rank::Nothing } else { Rank::Unlikely };
    found.push(Candidate::new(Value::Null, nothing));
    found.sort_by_key(|candidate| candidate.rank);
    found
}

fn booleans(wishes: &[Wish<'_>]) -> Vec<Candidate<Value>> {
    let asked = wishes.iter().filter_map(|wish| match wish.test {
        Test::IsBoolean(value) => Some(Candidate::new(Value::Boolean(*value), wish.rank)),
        _ => None,
    });
    asked.chain([true, false].map(|value| Candidate::new(Value::Boolean(value), Rank::Known))).collect()
}

/// Each point in time, and a second to either side.
fn instants(wishes: &[Wish<'_>], now: Timestamp) -> Vec<Candidate<Value>> {
    let mut found = Vec::new();
    for wish in wishes {
        let at = match wish.test {
            Test::IsInstant(at) => *at,
            Test::Compare { to, .. } => to.at(now),
            _ => continue,
        };
        let steps = [0, 1, -1].map(|seconds| at.checked_add(SignedDuration::from_secs(seconds)));
        let near = steps.into_iter().flatten();
        found.extend(near.map(|instant| Candidate::new(Value::Instant(instant), wish.rank)));
    }
    if found.is_empty() {
        found.push(Candidate::new(Value::Instant(now), Rank::Invented));
    }
    found
}

/// Texts, best first, at most [`PER_ATTRIBUTE_MAX`], each once: the constants, what begins, holds and
/// ends as the tests ask, `known` values, and a text of its own where `known` does not list them all.
pub(super) fn texts(wishes: &[Wish<'_>], known: &[Arc<str>], open: bool) -> Vec<Candidate<String>> {
    let pieces = Pieces::of(wishes);
    let mut found = pieces.whole.clone();
    for texts in [&pieces.starts, &pieces.middles, &pieces.ends] {
        found.extend(texts.iter().cloned());
    }
    found.extend(known.iter().map(|text| Candidate::new(text.to_string(), Rank::Known)));
    let filler = (known.is_empty() || open).then(|| unlike(wishes));
    if let Some(filler) = &filler {
        found.push(Candidate::new(filler.clone(), Rank::Invented));
    }
    found.extend(pieces.combined(filler.as_deref()).take(PER_ATTRIBUTE_MAX));
    found.sort_by_key(|candidate| candidate.rank);
    let mut seen = HashSet::new();
    found.retain(|candidate| seen.insert(candidate.value.clone()));
    found.truncate(PER_ATTRIBUTE_MAX);
    found
}

/// The constants of text tests by the place where they have to stand.
#[derive(Default)]
struct Pieces {
    whole: Vec<Candidate<String>>,
    starts: Vec<Candidate<String>>,
    middles: Vec<Candidate<String>>,
    ends: Vec<Candidate<String>>,
}

impl Pieces {
    fn of(wishes: &[Wish<'_>]) -> Self {
        let mut pieces = Self::default();
        for Wish { test, rank, .. } in wishes {
            let piece = |text: &str| Candidate::new(text.to_owned(), *rank);
            match test {
                Test::Equals(text) => pieces.whole.push(piece(text.written())),
                Test::In(list) => pieces.whole.extend(list.iter().map(|text| piece(text.written()))),
                Test::StartsWith(text) => pieces.starts.push(piece(text.written())),
                Test::EndsWith(text) => pieces.ends.push(piece(text.written())),
                Test::Contains(text) => pieces.middles.push(piece(text.written())),
                Test::Matches(pattern) => {
                    let sample = pattern.sample().filter(|text| !text.is_empty());
                    pieces.middles.extend(sample.map(|text| piece(&text)));
                }
                Test::CompareVersion { to, .. } => {
                    pieces.whole.extend(versions_near(to.written()).iter().map(|text| piece(text)));
                }
                Test::IsNull | Test::IsBoolean(_) | Test::IsInstant(_) | Test::Compare { .. } => {}
            }
        }
        pieces
    }

    /// Beginnings, middles and ends put together, with and without `filler` between them.
    fn combined(&self, filler: Option<&str>) -> impl Iterator<Item = Candidate<String>> {
        let nothing = || Candidate::new(String::new(), Rank::Asked);
        let or_nothing = |texts: &[Candidate<String>]| {
            std::iter::once(nothing()).chain(texts.iter().cloned()).collect::<Vec<_>>()
        };
        let mut combined = vec![nothing()];
        // Every list begins with nothing, so what is made of few pieces comes first.
        for list in [or_nothing(&self.starts), self.cores(filler), or_nothing(&self.ends)] {
            let joined = list.iter().flat_map(|piece| {
                combined.iter().map(move |before| {
                    let value = format!("{}{}", before.value, piece.value);
                    Candidate::new(value, before.rank.max(piece.rank))
                })
            });
            combined = joined.take(4 * PER_ATTRIBUTE_MAX).collect();
        }
        combined.into_iter().filter(|candidate| !candidate.value.is_empty())
    }

    /// What can stand between a beginning and an end: nothing, one text that is to be held, all that
    /// the rule asks for, and each of them with filler around it.
    fn cores(&self, filler: Option<&str>) -> Vec<Candidate<String>> {
        let mut cores = vec![Candidate::new(String::new(), Rank::Asked)];
        cores.extend(self.middles.iter().cloned());
        let is_asked = |text: &&Candidate<String>| text.rank == Rank::Asked;
        let asked: Vec<&str> = self.middles.iter().filter(is_asked).map(|text| &*text.value).collect();
        if asked.len() > 1 {
            cores.push(Candidate::new(asked.join(" "), Rank::Asked));
        }
        let Some(filler) = filler else { return cores };
        let mut wrapped = vec![Candidate::new(filler.to_owned(), Rank::Invented)];
        for Candidate { value: core, .. } in cores.iter().skip(1) {
            let around =
                [format!("{filler}{core}"), format!("{core}{filler}"), format!("{filler}{core}{filler}")];
            wrapped.extend(around.map(|text| Candidate::new(text, Rank::Invented)));
        }
        cores.extend(wrapped);
        cores
    }
}

/// The version itself, above it and below it, by number as by text.
fn versions_near(version: &str) -> Vec<String> {
    let mut found = vec![version.to_owned(), format!("{version}.1")];
    let parts: Vec<&str> = version.split('.').collect();
    let lowered = parts.iter().rposition(|part| part.parse::<u64>().is_ok_and(|number| number > 0));
    let below = lowered.map(|at| {
        let lower = |part: &str| {
            part.parse::<u64>().map_or_else(|_| part.to_owned(), |number| (number - 1).to_string())
        };
        let parts = parts.iter().enumerate();
        parts.map(|(of, part)| if of == at { lower(part) } else { (*part).to_owned() }).collect::<Vec<_>>()
    });
    found.extend(below.map(|parts| parts.join(".")));
    let mut shorter = version.to_owned();
    shorter.pop();
    if !shorter.is_empty() {
        found.push(shorter);
    }
    found
}

/// A text that no constant holds and that holds no constant.
fn unlike(wishes: &[Wish<'_>]) -> String {
    let constants = constants(wishes);
    let is_unlike = |text: &String| {
        let folded = fold(text);
        constants.iter().all(|constant| !constant.contains(&*folded) && !folded.contains(&**constant))
    };
    let words = ["other", "another", "else"].map(str::to_owned).into_iter();
    let repeated = ('a'..='z').chain('0'..='9').chain('\u{4E00}'..='\u{9FFF}');
    let repeated = repeated.map(|character| character.to_string().repeat(3));
    words.chain(repeated).find(is_unlike).unwrap_or_else(|| "other".to_owned())
}

/// The texts that the tests compare with, folded; empty ones left out.
fn constants<'rule>(wishes: &[Wish<'rule>]) -> Vec<&'rule str> {
    let mut found = Vec::new();
    for wish in wishes {
        match wish.test {
            Test::Equals(text) | Test::StartsWith(text) | Test::EndsWith(text) | Test::Contains(text) => {
                found.push(text.folded());
            }
            Test::In(list) => found.extend(list.iter().map(FoldedText::folded)),
            _ => {}
        }
    }
    found.retain(|text| !text.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::super::building::{Draft, and, not, now, one};
    use super::*;

    fn found(draft: &Draft) -> Vec<(Value, Rank)> {
        let mut all = Vec::new();
        wishes(&draft.node, false, &mut all);
        let attribute = draft.clone().rule().attributes_read().remove(0);
        values(&attribute, &all, now()).into_iter().map(|value| (value.value, value.rank)).collect()
    }

    fn text_values(draft: &Draft) -> Vec<String> {
        let print = |(value, _)| match value {
            Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        found(draft).into_iter().map(print).collect()
    }

    #[test]
    fn what_the_rule_asks_for_comes_before_null_and_invented_texts() {
        let draft = and([one("user.city -ne 'Oslo'"), one("user.city -in ['Rome', 'Bern']")]);
        assert_eq!(text_values(&draft), ["Rome", "Bern", "Oslo", "Null", "other"]);
        let guest = one("user.userType -eq 'Guest'");
        assert_eq!(text_values(&guest), ["Guest", "Member", "Null"], "no other value is stored");
        let always_there = one("user.displayName -eq 'x'");
        assert_eq!(text_values(&always_there), ["x", "other", "Null"]);
    }

    #[test]
    fn pieces_are_put_together() {
        let draft = and([
            one("user.city -startsWith 'A'"),
            one("user.city -endsWith 'Z'"),
            one("user.city -contains 'm'"),
            one("user.city -contains 'n'"),
        ]);
        let texts = text_values(&draft);
        for expected in ["A", "AZ", "AmZ", "Am nZ", "Aotherm notherZ"] {
            assert!(texts.iter().any(|text| text == expected), "{expected} in {texts:?}");
        }
        let one_of_many = texts.iter().position(|text| text == "AmZ");
        assert!(one_of_many < texts.iter().position(|text| text == "Null"));
    }

    #[test]
    fn an_invented_text_meets_no_constant() {
        let draft = and([one("user.city -contains 'other'"), one("user.city -contains 'e'")]);
        assert!(text_values(&draft).contains(&"aaa".to_owned()));
    }

    #[test]
    fn instants_lie_at_and_around_each_point() {
        let draft = not(one("user.employeeHireDate -ge system.now -minus p1d"));
        let day_before = now() - SignedDuration::from_hours(24);
        let at = |seconds| Value::Instant(day_before + SignedDuration::from_secs(seconds));
        assert_eq!(
            found(&draft),
            [
                (at(0), Rank::Refused),
                (at(1), Rank::Refused),
                (at(-1), Rank::Refused),
                (Value::Null, Rank::Nothing)
            ]
        );
    }

    #[test]
    fn versions_have_neighbours() {
        assert_eq!(versions_near("10.0"), ["10.0", "10.0.1", "9.0", "10."]);
        assert_eq!(versions_near("x"), ["x", "x.1"]);
    }
}
