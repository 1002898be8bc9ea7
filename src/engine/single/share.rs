//! Guesses at how many objects make each leaf true: a rule waits for what is rarest.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::fold::FoldedText;
use crate::language::typed::Test;
use crate::program::Program;
use crate::program::predicate::{Predicate, Target};

/// What rules compare an attribute with is taken for a sample of its values: the more values they tell
/// apart, the fewer objects have each. So many are taken to be there beside.
const VALUES_UNNAMED: f64 = 9.0;

/// Prefixes, suffixes and parts are had by more objects than whole values.
const AFFIX_FACTOR: f64 = 2.0;
const PART_FACTOR: f64 = 3.0;

/// A pattern with a required text is asked about this often.
const PATTERN_SHARE: f64 = 0.08;

/// What nearly every object makes true.
pub(super) const NEARLY_ALL: f64 = 0.95;

/// A term is true if one of several items satisfies its body.
const ITEMS: f64 = 3.0;

/// Who reports to one manager.
pub(super) const REPORTS_SHARE: f64 = 0.01;

/// The guessed share of objects, or of items, that satisfy each predicate.
pub(super) fn of_predicates(program: &Program) -> Vec<f64> {
    let mut constants: BTreeMap<(String, Shape), BTreeSet<&str>> = BTreeMap::new();
    for predicate in &program.predicates {
        let Some((shape, texts)) = asked(&predicate.test) else { continue };
        constants.entry((target(predicate), shape)).or_default().extend(texts);
    }
    let share_of = |predicate: &Predicate| {
        let Some((shape, texts)) = asked(&predicate.test) else { return other_share(&predicate.test) };
        let known = constants.get(&(target(predicate), shape)).map_or(1, BTreeSet::len);
        one_of(predicate, shape, known) * number(texts.len())
    };
    program.predicates.iter().map(|predicate| share_of(predicate).min(NEARLY_ALL)).collect()
}

/// The guessed share of objects with an item that satisfies a body, from the share of items.
pub(super) fn of_term(share_of_items: f64) -> f64 {
    (share_of_items * ITEMS).min(NEARLY_ALL)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Whole,
    Begin,
    End,
    Part,
}

fn asked(test: &Test) -> Option<(Shape, Vec<&str>)> {
    match test {
        Test::Equals(text) => Some((Shape::Whole, vec![text.folded()])),
        Test::In(texts) => Some((Shape::Whole, texts.iter().map(FoldedText::folded).collect())),
        Test::StartsWith(text) => Some((Shape::Begin, vec![text.folded()])),
        Test::EndsWith(text) => Some((Shape::End, vec![text.folded()])),
        Test::Contains(text) => Some((Shape::Part, vec![text.folded()])),
        _ => None,
    }
}

/// The share of one constant among `known` ones.
fn one_of(predicate: &Predicate, shape: Shape, known: usize) -> f64 {
    let attribute = predicate.target.attribute();
    match shape {
        Shape::Whole if !attribute.open && !attribute.values.is_empty() && predicate.target.is_single() => {
            1.0 / number(attribute.values.len())
        }
        Shape::Whole => 1.0 / (number(known) + VALUES_UNNAMED),
        Shape::Begin | Shape::End => AFFIX_FACTOR / (number(known) + VALUES_UNNAMED),
        Shape::Part => PART_FACTOR / (number(known) + VALUES_UNNAMED),
    }
}

fn other_share(test: &Test) -> f64 {
    match test {
        Test::IsNull => 0.2,
        Test::IsInstant(_) => 0.01,
        Test::Matches(pattern) if !pattern.can_give_up() && !pattern.required_texts().is_empty() => {
            PATTERN_SHARE
        }
        Test::Matches(_) => NEARLY_ALL,
        Test::IsBoolean(_) => 0.6,
        _ => 0.4,
    }
}

fn target(predicate: &Predicate) -> String {
    match &predicate.target {
        Target::Attribute(attribute) | Target::Item(attribute) => attribute.name.to_string(),
        Target::Plan(collection, field) => format!("{}.{}", collection.name, field.word()),
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
