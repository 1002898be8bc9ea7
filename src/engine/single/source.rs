//! The attributes that rules ask about, each with all that is asked.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::collection::{Collection, ItemRoom, Terms};
use super::leaf::{Leaf, Leaves};
use super::looks::Looks;
use super::required::Required;
use super::text::{Forms, TextTests};
use crate::directory::columns::ticks_of;
use crate::directory::object::{Object, Value, stored_name};
use crate::engine::scalar_tests::{BooleanTest, InstantTest};
use crate::engine::world::VersionOrder;
use crate::language::attribute::{Attribute, Kind, PlanField};
use crate::language::typed::Test;
use crate::program::Program;
use crate::program::predicate::Target;

/// An attribute and what is asked of it.
#[derive(Debug)]
pub(super) struct Source<'p> {
    /// The name under which objects keep it.
    pub(super) name: String,
    /// Everything that its values decide: predicates, those on items too, and terms.
    pub(super) leaves: Vec<Leaf>,
    /// Whether no object has a value, whatever it says.
    retired: bool,
    asked: Asked<'p>,
}

#[derive(Debug)]
enum Asked<'p> {
    Boolean(Vec<(Leaf, BooleanTest)>),
    Instant(Vec<(Leaf, InstantTest)>),
    Text(Box<TextTests<'p>>),
    Items(Box<Collection<'p>>),
}

/// Room for looking at values.
#[derive(Debug)]
pub(super) struct Room {
    forms: Forms,
    items: ItemRoom,
}

impl Room {
    pub(super) fn of(program: &Program) -> Self {
        Self { forms: Forms::default(), items: ItemRoom::of(program) }
    }
}

impl<'p> Source<'p> {
    /// Looks at a value for all that is asked of it.
    pub(super) fn look(&self, value: &Value, terms: &Terms<'p>, room: &mut Room, looks: &mut Looks) {
        let value = if self.retired { &Value::Null } else { value };
        match &self.asked {
            Asked::Text(tests) => {
                let text = if let Value::Text(text) = value { Some(text.as_str()) } else { None };
                tests.look(text, 0, &mut room.forms, looks);
            }
            Asked::Boolean(tests) => {
                let found = if let Value::Boolean(value) = value { Some(*value) } else { None };
                let holding = tests.iter().filter(|(_, test)| test.admits(found));
                looks.hits.extend(holding.map(|(leaf, _)| leaf));
            }
            Asked::Instant(tests) => {
                let found = if let Value::Instant(value) = value { Some(ticks_of(*value)) } else { None };
                let holding = tests.iter().filter(|(_, test)| test.admits(found));
                looks.hits.extend(holding.map(|(leaf, _)| leaf));
            }
            Asked::Items(collection) => {
                terms.look(collection, value, (&mut room.forms, &mut room.items), looks);
            }
        }
    }

    /// The predicates that a value may leave without a result.
    pub(super) fn fallible(&self) -> Vec<u32> {
        match &self.asked {
            Asked::Text(tests) => tests.fallible().collect(),
            Asked::Items(collection) => collection.fallible().collect(),
            Asked::Boolean(_) | Asked::Instant(_) => Vec::new(),
        }
    }
}

type Tests<'p> = Vec<(Leaf, &'p Test)>;

/// The tests and terms of one attribute.
struct Gathered<'p> {
    attribute: &'p Attribute,
    leaves: Vec<Leaf>,
    own: Tests<'p>,
    of_items: BTreeMap<Option<PlanField>, Tests<'p>>,
    unindexed: Vec<u32>,
    /// Predicates on items that terms wait for.
    waited_for: Vec<u32>,
}

/// All attributes that `program` asks about, sorted by name. `terms` says what each quantified term
/// requires; one that requires nothing has to be tried for each item.
pub(super) fn sources<'p>(
    program: &'p Program,
    leaves: Leaves,
    now: Timestamp,
    version_order: Option<VersionOrder>,
    terms: &[Option<Required>],
) -> Vec<Source<'p>> {
    let mut gathered: BTreeMap<(String, Kind), Gathered<'p>> = BTreeMap::new();
    for (place, predicate) in (0..).zip(&program.predicates) {
        let home = gathered_of(&mut gathered, predicate.target.attribute());
        home.leaves.push(place);
        let field = match predicate.target {
            Target::Attribute(_) => {
                home.own.push((place, &predicate.test));
                continue;
            }
            Target::Item(_) => None,
            Target::Plan(_, field) => Some(field),
        };
        home.of_items.entry(field).or_default().push((place, &predicate.test));
    }
    for (place, term) in (0..).zip(&program.quantified) {
        let home = gathered_of(&mut gathered, &term.collection);
        home.leaves.push(leaves.term(place));
        match terms.get(place as usize) {
            Some(Some(required)) => home.waited_for.extend(required.leaves()),
            _ => home.unindexed.push(place),
        }
    }
    gathered
        .into_iter()
        .map(|((name, _), mut gathered)| Source {
            name,
            leaves: std::mem::take(&mut gathered.leaves),
            retired: gathered.attribute.retired,
            asked: asked(gathered, now, version_order),
        })
        .collect()
}

fn gathered_of<'g, 'p>(
    all: &'g mut BTreeMap<(String, Kind), Gathered<'p>>,
    attribute: &'p Attribute,
) -> &'g mut Gathered<'p> {
    all.entry((stored_name(&attribute.name).into_owned(), attribute.kind)).or_insert_with(|| Gathered {
        attribute,
        leaves: Vec::new(),
        own: Vec::new(),
        of_items: BTreeMap::new(),
        unindexed: Vec::new(),
        waited_for: Vec::new(),
    })
}

fn asked(gathered: Gathered<'_>, now: Timestamp, version_order: Option<VersionOrder>) -> Asked<'_> {
    let Gathered { attribute, own, of_items, unindexed, waited_for, .. } = gathered;
    match attribute.kind {
        Kind::Texts | Kind::Plans => {
            let tests = of_items.into_iter().map(|(field, tests)| {
                let is_waited_for = tests.iter().any(|(predicate, _)| waited_for.contains(predicate));
                (field, TextTests::new(tests, version_order), is_waited_for)
            });
            Asked::Items(Box::new(Collection::new(attribute.kind, tests.collect(), unindexed)))
        }
        Kind::Boolean => {
            let tests = own.into_iter().filter_map(|(leaf, test)| Some((leaf, BooleanTest::of(test)?)));
            Asked::Boolean(tests.collect())
        }
        Kind::Date => {
            let tests = own.into_iter().filter_map(|(leaf, test)| Some((leaf, InstantTest::of(test, now)?)));
            Asked::Instant(tests.collect())
        }
        // Nothing is asked of groups but who is in them, which is no value.
        Kind::Text | Kind::Groups => Asked::Text(Box::new(TextTests::new(own, version_order))),
    }
}

/// The values of an object, for names asked in ascending order.
pub(super) struct Values<'o, I: Iterator<Item = (&'o str, &'o Value)>> {
    left: I,
    at: Option<(&'o str, &'o Value)>,
}

/// The values of `object`, to be asked for in ascending order of names.
pub(super) fn values_of(object: &Object) -> Values<'_, impl Iterator<Item = (&str, &Value)>> {
    let mut left = object.values();
    Values { at: left.next(), left }
}

impl<'o, I: Iterator<Item = (&'o str, &'o Value)>> Values<'o, I> {
    /// The value of `name`, which does not come before those asked for already.
    #[inline]
    pub(super) fn of(&mut self, name: &str) -> &'o Value {
        while let Some((found, value)) = self.at {
            // The first bytes decide most of the time, and cost less than a comparison of texts.
            let first = found.as_bytes().first().cmp(&name.as_bytes().first());
            match first.then_with(|| found.cmp(name)) {
                Ordering::Less => self.at = self.left.next(),
                Ordering::Equal => return value,
                Ordering::Greater => break,
            }
        }
        &Value::Null
    }
}
