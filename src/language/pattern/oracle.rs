//! What a pattern means, said once more: a walk over the tree without any cleverness. The engines
//! are tested against it.

use std::collections::HashMap;

use super::read::is_word;
use super::tree::{Anchor, Class, Condition, Item, Kind, Node};
use super::unit::code_of;

/// Start and end of what each group captured.
type Captures = HashMap<u32, (usize, usize)>;

/// What follows a part: gets where the part ended, says whether all the rest matches.
type Then<'then> = &'then mut dyn FnMut(usize, &Captures) -> bool;

/// Whether `tree` matches anywhere in ASCII `text`; nothing when that takes too many steps.
pub(super) fn is_match(tree: &Node, text: &str) -> Option<bool> {
    let mut walk = Walk { text: text.chars().collect(), steps: 100_000 };
    let found = (0..=walk.text.len()).any(|at| walk.node(tree, at, &Captures::new(), &mut |_, _| true));
    (walk.steps > 0).then_some(found)
}

struct Walk {
    text: Vec<char>,
    steps: usize,
}

impl Walk {
    fn node(&mut self, node: &Node, at: usize, captures: &Captures, then: Then) -> bool {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 {
            return true;
        }
        match &node.kind {
            Kind::Empty => then(at, captures),
            Kind::Literal { unit, fold } => self.unit(at, captures, then, |found| same(found, *unit, *fold)),
            Kind::Dot { feed } => self.unit(at, captures, then, |found| *feed || found != '\n'),
            Kind::Class(class) => self.unit(at, captures, then, |found| holds(class, found)),
            Kind::Anchor(anchor) => self.is_at(*anchor, at) && then(at, captures),
            Kind::Sequence(nodes) => self.sequence(nodes, at, captures, then),
            Kind::Either(nodes) => nodes.iter().any(|node| self.node(node, at, captures, then)),
            Kind::Repeat { node, min, max, lazy } => {
                self.repeat(node, (*min, max.unwrap_or(u32::MAX), *lazy), at, captures, then)
            }
            Kind::Group { node, slot } => self.node(node, at, captures, &mut |end, captures| {
                let mut captures = captures.clone();
                captures.extend(slot.map(|slot| (slot, (at, end))));
                then(end, &captures)
            }),
            Kind::Look { node, behind, negative } => {
                let found =
                    if *behind { self.behind(node, at, captures) } else { self.first(node, at, captures) };
                match found {
                    Some((_, captures)) if !negative => then(at, &captures),
                    None if *negative => then(at, captures),
                    _ => false,
                }
            }
            Kind::Atomic(node) => {
                self.first(node, at, captures).is_some_and(|(end, captures)| then(end, &captures))
            }
            Kind::Back { slot, fold } => self.back(captures.get(slot).copied(), *fold, at, captures, then),
            Kind::If { condition, yes, no } => {
                let found = match condition {
                    Condition::Captured(slot) => captures.contains_key(slot).then(|| captures.clone()),
                    Condition::Ahead(node) => self.first(node, at, captures).map(|(_, captures)| captures),
                };
                match found {
                    Some(captures) => self.node(yes, at, &captures, then),
                    None => self.node(no, at, captures, then),
                }
            }
        }
    }

    fn unit(&mut self, at: usize, captures: &Captures, then: Then, is: impl Fn(char) -> bool) -> bool {
        self.text.get(at).is_some_and(|&found| is(found)) && then(at + 1, captures)
    }

    fn sequence(&mut self, nodes: &[Node], at: usize, captures: &Captures, then: Then) -> bool {
        let [first, rest @ ..] = nodes else { return then(at, captures) };
        // The walk is borrowed by the first part, so the rest walks with a copy of it.
        let mut other = Walk { text: self.text.clone(), steps: self.steps };
        let found =
            self.node(first, at, captures, &mut |at, captures| other.sequence(rest, at, captures, then));
        self.steps = self.steps.min(other.steps);
        found
    }

    fn repeat(
        &mut self,
        node: &Node,
        times: (u32, u32, bool),
        at: usize,
        captures: &Captures,
        then: Then,
    ) -> bool {
        let (min, max, lazy) = times;
        if lazy && min == 0 && then(at, captures) {
            return true;
        }
        let mut other = Walk { text: self.text.clone(), steps: self.steps };
        let rest = (min.saturating_sub(1), if max == u32::MAX { max } else { max.saturating_sub(1) }, lazy);
        let found = max > 0
            && self.node(node, at, captures, &mut |end, captures| {
                // A round that took nothing ends the loop.
                if end == at { then(end, captures) } else { other.repeat(node, rest, end, captures, then) }
            });
        self.steps = self.steps.min(other.steps);
        found || (!lazy && min == 0 && then(at, captures))
    }

    /// The first way in which `node` matches from `at`.
    fn first(&mut self, node: &Node, at: usize, captures: &Captures) -> Option<(usize, Captures)> {
        let mut first = None;
        self.node(node, at, captures, &mut |end, captures| {
            first = Some((end, captures.clone()));
            true
        });
        first
    }

    fn behind(&mut self, node: &Node, at: usize, captures: &Captures) -> Option<(usize, Captures)> {
        let found = (0..=at).any(|start| self.node(node, start, captures, &mut |end, _| end == at));
        found.then(|| (at, captures.clone()))
    }

    fn back(
        &self,
        group: Option<(usize, usize)>,
        fold: bool,
        at: usize,
        captures: &Captures,
        then: Then,
    ) -> bool {
        let Some((start, end)) = group else { return false };
        let (wanted, found) = (self.text.get(start..end), self.text.get(at..at + end - start));
        let (Some(wanted), Some(found)) = (wanted, found) else { return false };
        let is_same = wanted.iter().zip(found).all(|(&wanted, &found)| same(found, wanted, fold));
        is_same && then(at + end - start, captures)
    }

    fn is_at(&self, anchor: Anchor, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.text.get(at)).copied();
        let after = self.text.get(at).copied();
        match anchor {
            Anchor::Start => before.is_none(),
            Anchor::End => after.is_none(),
            Anchor::EndOrFeed => after.is_none() || (after == Some('\n') && at + 1 == self.text.len()),
            Anchor::LineStart => before.is_none_or(|before| before == '\n'),
            Anchor::LineEnd => after.is_none_or(|after| after == '\n'),
            Anchor::Border => before.is_some_and(is_word) != after.is_some_and(is_word),
            Anchor::NoBorder => before.is_some_and(is_word) == after.is_some_and(is_word),
        }
    }
}

fn same(found: char, wanted: char, fold: bool) -> bool {
    found == wanted || (fold && found.eq_ignore_ascii_case(&wanted))
}

/// Only ranges: the engines get the named sets as they are.
fn holds(class: &Class, found: char) -> bool {
    let has = |found: char| {
        class
            .items
            .iter()
            .any(|item| matches!(item, Item::Range(low, high) if (low..=high).contains(&&code_of(found))))
    };
    let within =
        has(found) || (class.fold && (has(found.to_ascii_lowercase()) || has(found.to_ascii_uppercase())));
    within != class.negated && !class.minus.as_deref().is_some_and(|minus| holds(minus, found))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;
    use super::super::read::read;
    use super::*;

    fn pattern() -> impl Strategy<Value = String> {
        let atom = prop::sample::select(vec![
            "a",
            "b",
            "B",
            "ab",
            ".",
            "[ab]",
            "[^a]",
            "[a-c-[b]]",
            "^",
            "$",
            r"\b",
            r"\z",
            r"\n",
            r"\1",
            r"(?:\2|\1)",
            "(?s:.)",
            "(?m:^)",
            "",
        ]);
        let quantifier = prop::sample::select(vec!["", "*", "+", "?", "{2}", "{0,2}", "*?", "??", "{0}"]);
        let open = prop::sample::select(vec!["(?:", "(", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?-i:"]);
        atom.prop_map(str::to_owned).prop_recursive(4, 20, 4, move |inner| {
            prop_oneof![
                3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.concat()),
                4 => (open.clone(), inner.clone(), quantifier.clone())
                    .prop_map(|(open, part, times)| format!("{open}{part}){times}")),
                2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left}|{right}")),
                1 => (prop::sample::select(vec!["1", "2", "a", "?=.b", "?!a", "?=(a)"]), inner.clone(), inner)
                    .prop_map(|(condition, yes, no)| format!("(?({condition})(?:{yes})|(?:{no}))")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_engines_mean_what_the_tree_says(source in pattern(), values in prop::collection::vec("[abAB\n ]{0,6}", 1..8)) {
            let Ok(pattern) = Pattern::new(&source) else { return Ok(()) };
            let tree = read(&source).expect("it was read before");
            for value in values {
                if let (Ok(answer), Some(expected)) = (pattern.is_match(&value), is_match(&tree, &value)) {
                    prop_assert_eq!(answer, expected, "{:?} on {:?}, written {}", source, value, pattern.engine.written.text);
                }
            }
        }
    }
}
