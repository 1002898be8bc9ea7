//! A program's predicates by the attribute that they look at, with what finds them. Knows nothing of
//! columns yet, so that it is made once for many evaluations.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::prelude::*;

use super::text_tests::{Slot, TextTests};
use super::world::VersionOrder;
use crate::language::attribute::PlanField;
use crate::language::typed::Test;
use crate::program::Program;
use crate::program::predicate::{Predicate, Target};

/// All predicates of a program, by attribute.
#[derive(Debug)]
pub(super) struct Prepared<'p> {
    pub(super) program: &'p Program,
    pub(super) now: Timestamp,
    /// Attributes with one value, sorted by name.
    pub(super) single: Vec<PreparedText<'p>>,
    pub(super) collections: Vec<PreparedCollection<'p>>,
}

/// The tests of one attribute, or of one part of the items of a collection.
#[derive(Debug)]
pub(super) struct PreparedText<'p> {
    pub(super) name: &'p str,
    /// The attribute as rules write it, for messages.
    pub(super) path: String,
    pub(super) tests: Vec<(Slot, &'p Test)>,
    /// What looks at the text in folded form.
    pub(super) folded: TextTests<'p>,
    /// What looks at the text as written: regular expressions.
    pub(super) written: TextTests<'p>,
}

/// The tests of the items of a collection.
#[derive(Debug)]
pub(super) struct PreparedCollection<'p> {
    pub(super) name: &'p str,
    /// Without a field for a collection of strings.
    pub(super) parts: Vec<(Option<PlanField>, PreparedText<'p>)>,
    /// Places among the program's quantified terms.
    pub(super) quantified: Vec<u32>,
}

type Tests<'p> = Vec<(Slot, &'p Predicate)>;

impl<'p> Prepared<'p> {
    pub(super) fn new(program: &'p Program, now: Timestamp, version_order: Option<VersionOrder>) -> Self {
        let mut single: BTreeMap<&str, Tests<'p>> = BTreeMap::new();
        let mut of_items: BTreeMap<(&str, Option<PlanField>), Tests<'p>> = BTreeMap::new();
        for (slot, predicate) in (0..).zip(&program.predicates) {
            let name = predicate.target.attribute().name.as_ref();
            let tests = match predicate.target {
                Target::Attribute(_) => single.entry(name).or_default(),
                Target::Item(_) => of_items.entry((name, None)).or_default(),
                Target::Plan(_, field) => of_items.entry((name, Some(field))).or_default(),
            };
            tests.push((slot, predicate));
        }
        let mut collections: BTreeMap<&str, PreparedCollection<'p>> = BTreeMap::new();
        let mut collection = |name: &'p str, change: &mut dyn FnMut(&mut PreparedCollection<'p>)| {
            let new = || PreparedCollection { name, parts: Vec::new(), quantified: Vec::new() };
            change(collections.entry(name).or_insert_with(new));
        };
        for (place, any) in (0..).zip(&program.quantified) {
            collection(any.collection.name.as_ref(), &mut |found| found.quantified.push(place));
        }
        for ((name, field), tests) in of_items {
            let mut part = Some((field, PreparedText::new(name, tests, version_order)));
            collection(name, &mut |found| found.parts.extend(part.take()));
        }
        let single: Vec<(&str, Tests<'p>)> = single.into_iter().collect();
        Self {
            program,
            now,
            single: single
                .into_par_iter()
                .map(|(name, tests)| PreparedText::new(name, tests, version_order))
                .collect(),
            collections: collections.into_values().collect(),
        }
    }
}

impl<'p> PreparedText<'p> {
    fn new(name: &'p str, predicates: Tests<'p>, version_order: Option<VersionOrder>) -> Self {
        let path = predicates.first().map(|(_, predicate)| predicate.target.attribute().path());
        let tests: Vec<(Slot, &'p Test)> =
            predicates.into_iter().map(|(slot, predicate)| (slot, &predicate.test)).collect();
        let is_pattern = |test: &Test| matches!(test, Test::Matches(_));
        let half = |patterns: bool| {
            let tests = tests.iter().copied().filter(|(_, test)| is_pattern(test) == patterns);
            TextTests::new(tests, version_order)
        };
        let (folded, written) = (half(false), half(true));
        Self { name, path: path.unwrap_or_default(), tests, folded, written }
    }
}
