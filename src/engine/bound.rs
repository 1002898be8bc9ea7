//! A program bound to columns: for each attribute its column with all tests of it, and what can be
//! known before the rows are looked at.

use std::collections::BTreeMap;

use arrow_array::{Array, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use jiff::Timestamp;

use super::oracle::EvaluationError;
use super::text_tests::{Slot, TextTests};
use super::world::VersionOrder;
use crate::directory::columns::{Column, Columns, ItemTable, NULL_CODE, PlanColumns, TextColumn, ticks_of};
use crate::language::attribute::PlanField;
use crate::language::typed::{Order, Test, TimePoint};
use crate::program::Program;
use crate::program::predicate::Target;

/// A program and the columns it reads.
pub(super) struct Bound<'a> {
    /// Attributes with one value.
    pub(super) attributes: Vec<BoundAttribute<'a>>,
    /// Collections.
    pub(super) collections: Vec<BoundCollection<'a>>,
    /// Predicates that are the same on every row, because their column is missing.
    pub(super) constant: Vec<(Slot, bool)>,
    /// Predicates that cannot be decided.
    pub(super) failures: BTreeMap<Slot, EvaluationError>,
}

/// An attribute with all predicates that look at it.
pub(super) enum BoundAttribute<'a> {
    Boolean { values: &'a BooleanBuffer, valid: Option<&'a NullBuffer>, tests: Vec<(Slot, BooleanTest)> },
    Instant { ticks: &'a [i64], valid: Option<&'a NullBuffer>, tests: Vec<(Slot, InstantTest)> },
    Text(Box<BoundText<'a>>),
}

/// What is asked of a boolean.
#[derive(Clone, Copy)]
pub(super) enum BooleanTest {
    IsNull,
    Is(bool),
}

/// What is asked of an instant, in ticks.
#[derive(Clone, Copy)]
pub(super) enum InstantTest {
    IsNull,
    Is(i64),
    Compare(Order, i64),
}

/// A text column with its tests. For a dictionary they are decided already.
pub(super) enum BoundText<'a> {
    Dictionary {
        codes: &'a [u32],
        /// How many codes there are, the one for null included.
        code_count: usize,
        /// For each predicate the codes that satisfy it, ascending.
        satisfying: Vec<(Slot, Vec<u32>)>,
        /// The predicates that each code satisfies: `slots[starts[code]..starts[code + 1]]`.
        starts: Vec<u32>,
        slots: Vec<Slot>,
    },
    /// Values are folded, or as written if the tests are patterns.
    Plain { values: &'a StringArray, tests: Box<TextTests<'a>>, name: &'a str },
}

/// A collection with all predicates on its items.
pub(super) struct BoundCollection<'a> {
    pub(super) offsets: &'a [u32],
    /// One for a string collection, one for each field of service plans that is tested.
    pub(super) columns: Vec<BoundText<'a>>,
    /// Places among the program's quantified terms.
    pub(super) quantified: Vec<u32>,
}

/// What binding needs to know beside program and columns.
#[derive(Clone, Copy)]
pub(super) struct Circumstances {
    pub(super) now: Timestamp,
    pub(super) version_order: Option<VersionOrder>,
}

type Tests<'p> = Vec<(Slot, &'p Test)>;

impl<'a> Bound<'a> {
    pub(super) fn new(program: &'a Program, columns: &'a Columns, circumstances: Circumstances) -> Self {
        let mut bound = Self {
            attributes: Vec::new(),
            collections: Vec::new(),
            constant: Vec::new(),
            failures: BTreeMap::new(),
        };
        let mut single: BTreeMap<&str, Tests<'a>> = BTreeMap::new();
        let mut of_items: BTreeMap<(&str, Option<PlanField>), Tests<'a>> = BTreeMap::new();
        for (slot, predicate) in (0..).zip(&program.predicates) {
            let name = predicate.target.attribute().name.as_ref();
            match predicate.target {
                Target::Attribute(_) => single.entry(name).or_default().push((slot, &predicate.test)),
                Target::Item(_) => of_items.entry((name, None)).or_default().push((slot, &predicate.test)),
                Target::Plan(_, field) => {
                    of_items.entry((name, Some(field))).or_default().push((slot, &predicate.test));
                }
            }
        }
        for (name, tests) in single {
            bound.attribute(name, tests, columns, circumstances);
        }
        bound.bind_collections(program, columns, &of_items, circumstances);
        bound
    }

    fn attribute(
        &mut self,
        name: &'a str,
        tests: Tests<'a>,
        columns: &'a Columns,
        circumstances: Circumstances,
    ) {
        let attribute = match columns.columns.get(name) {
            Some(Column::Text(column)) => {
                let texts = self.texts(name, column, columns.originals.get(name), tests, circumstances);
                self.attributes.extend(texts.into_iter().map(|text| BoundAttribute::Text(Box::new(text))));
                return;
            }
            Some(Column::Boolean { values, valid }) => BoundAttribute::Boolean {
                values,
                valid: valid.as_ref(),
                tests: tests.iter().filter_map(|&(slot, test)| Some((slot, boolean_test(test)?))).collect(),
            },
            Some(Column::Instant { ticks, valid }) => BoundAttribute::Instant {
                ticks,
                valid: valid.as_ref(),
                tests: tests
                    .iter()
                    .filter_map(|&(slot, test)| Some((slot, instant_test(test, circumstances.now)?)))
                    .collect(),
            },
            Some(Column::Texts(_) | Column::Plans(_)) | None => {
                return self.missing(tests, columns.rows(), circumstances);
            }
        };
        self.attributes.push(attribute);
    }

    /// Tests of a value that no object has.
    fn missing(&mut self, tests: Tests<'a>, rows: usize, circumstances: Circumstances) {
        for (slot, test) in tests {
            self.constant.push((slot, matches!(test, Test::IsNull)));
            if matches!(test, Test::CompareVersion { .. })
                && circumstances.version_order.is_none()
                && rows > 0
            {
                self.fail_version(slot, "deviceOSVersion");
            }
        }
    }

    fn fail_version(&mut self, slot: Slot, name: &str) {
        let attribute = name.to_owned();
        self.failures.entry(slot).or_insert(EvaluationError::VersionOrderNotChosen { attribute });
    }

    /// The tests of a text column. Patterns look at the text as it was written, all others at the
    /// folded text.
    fn texts(
        &mut self,
        name: &'a str,
        column: &'a TextColumn,
        originals: Option<&'a TextColumn>,
        tests: Tests<'a>,
        circumstances: Circumstances,
    ) -> Vec<BoundText<'a>> {
        let (patterns, others): (Tests<'a>, Tests<'a>) =
            tests.into_iter().partition(|(_, test)| matches!(test, Test::Matches(_)));
        let halves = [(column, others), (originals.unwrap_or(column), patterns)];
        halves
            .into_iter()
            .filter(|(_, tests)| !tests.is_empty())
            .map(|(column, tests)| self.text(name, column, tests, circumstances))
            .collect()
    }

    fn text(
        &mut self,
        name: &'a str,
        column: &'a TextColumn,
        tests: Tests<'a>,
        circumstances: Circumstances,
    ) -> BoundText<'a> {
        let slots: Vec<Slot> = tests.iter().map(|&(slot, _)| slot).collect();
        let tests = TextTests::new(tests, circumstances.version_order);
        if !column.is_empty() {
            for slot in tests.undecidable() {
                self.fail_version(slot, name);
            }
        }
        match column {
            TextColumn::Dictionary { codes, values } => self.decide(name, codes, values, &tests, &slots),
            TextColumn::Plain(values) => BoundText::Plain { values, tests: Box::new(tests), name },
        }
    }

    /// Decides all tests on the distinct values.
    fn decide(
        &mut self,
        name: &str,
        codes: &'a [u32],
        values: &'a StringArray,
        tests: &TextTests<'a>,
        slots: &[Slot],
    ) -> BoundText<'a> {
        let mut satisfying: BTreeMap<Slot, Vec<u32>> = slots.iter().map(|&slot| (slot, Vec::new())).collect();
        let mut by_code: Vec<(u32, Slot)> = Vec::new();
        let mut hit = |slot: Slot, code: u32| {
            if let Some(codes) = satisfying.get_mut(&slot) {
                codes.push(code);
                by_code.push((code, slot));
            }
        };
        for &slot in &tests.null {
            hit(slot, NULL_CODE);
        }
        for (at, value) in (1..).zip(values.iter().flatten()) {
            tests.all(value, |slot| hit(slot, at));
            let fail = |slot, error| {
                self.failures.entry(slot).or_insert(error);
            };
            tests.patterns(value, name, |slot| hit(slot, at), fail);
        }
        by_code.sort_unstable();
        let code_count = values.len() + 1;
        let mut starts = vec![0_u32; code_count + 1];
        for &(code, _) in &by_code {
            if let Some(start) = starts.get_mut(code as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        BoundText::Dictionary {
            codes,
            code_count,
            satisfying: satisfying.into_iter().collect(),
            starts,
            slots: by_code.into_iter().map(|(_, slot)| slot).collect(),
        }
    }

    fn bind_collections(
        &mut self,
        program: &'a Program,
        columns: &'a Columns,
        of_items: &BTreeMap<(&'a str, Option<PlanField>), Tests<'a>>,
        circumstances: Circumstances,
    ) {
        let mut quantified: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (place, any) in (0..).zip(&program.quantified) {
            quantified.entry(any.collection.name.as_ref()).or_default().push(place);
        }
        for (name, quantified) in quantified {
            let tests = |field| of_items.get(&(name, field)).cloned().unwrap_or_default();
            let (offsets, texts) = match columns.columns.get(name) {
                Some(Column::Texts(ItemTable { offsets, items })) => {
                    let originals = columns.originals.get(name);
                    (offsets, self.texts(name, items, originals, tests(None), circumstances))
                }
                Some(Column::Plans(ItemTable { offsets, items })) => {
                    (offsets, self.plans(name, items, columns, &tests, circumstances))
                }
                // Nobody has items: no quantified term is satisfied.
                _ => continue,
            };
            self.collections.push(BoundCollection { offsets, columns: texts, quantified });
        }
    }

    fn plans(
        &mut self,
        name: &'a str,
        items: &'a PlanColumns,
        columns: &'a Columns,
        tests: &dyn Fn(Option<PlanField>) -> Tests<'a>,
        circumstances: Circumstances,
    ) -> Vec<BoundText<'a>> {
        PlanField::ALL
            .into_iter()
            .flat_map(|field| {
                let originals = columns.originals.get(format!("{name}.{}", field.word()).as_str());
                self.texts(name, items.of(field), originals, tests(Some(field)), circumstances)
            })
            .collect()
    }
}

fn boolean_test(test: &Test) -> Option<BooleanTest> {
    match test {
        Test::IsNull => Some(BooleanTest::IsNull),
        Test::IsBoolean(value) => Some(BooleanTest::Is(*value)),
        _ => None,
    }
}

fn instant_test(test: &Test, now: Timestamp) -> Option<InstantTest> {
    match test {
        Test::IsNull => Some(InstantTest::IsNull),
        Test::IsInstant(instant) => Some(InstantTest::Is(ticks_of(*instant))),
        Test::Compare { order, to } => Some(InstantTest::Compare(*order, ticks_of(TimePoint::at(*to, now)))),
        _ => None,
    }
}
