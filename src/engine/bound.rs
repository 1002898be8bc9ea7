//! A program bound to columns: for each attribute its column with all tests of it, and what can be
//! known before the rows are looked at.

use std::collections::BTreeMap;

use arrow_array::StringArray;
use arrow_buffer::{BooleanBuffer, NullBuffer};
use rayon::prelude::*;

use super::decided::{Decided, Ranked};
use super::oracle::EvaluationError;
use super::prepared::{Prepared, PreparedCollection, PreparedText};
use super::scalar_tests::{BooleanTest, InstantTest};
use super::term::{Term, terms};
use super::text_tests::{Slot, TextTests};
use crate::directory::columns::{Column, Columns, ItemTable, PlanColumns, TextColumn};
use crate::language::typed::Test;
use crate::program::Program;

/// A program and the columns it reads.
pub(super) struct Bound<'a> {
    /// Attributes with one value.
    pub(super) attributes: Vec<BoundAttribute<'a>>,
    /// Collections.
    pub(super) collections: Vec<BoundCollection<'a>>,
    /// Predicates that are true on every row, because their column is missing.
    pub(super) everyone: Vec<Slot>,
    /// Predicates that cannot be decided.
    pub(super) failures: Failures,
}

/// Predicates that cannot be decided, and why.
pub(super) type Failures = BTreeMap<Slot, EvaluationError>;

/// An attribute with all predicates that look at it.
pub(super) enum BoundAttribute<'a> {
    Boolean { values: &'a BooleanBuffer, valid: Option<&'a NullBuffer>, tests: Vec<(Slot, BooleanTest)> },
    Instant { ticks: &'a [i64], valid: Option<&'a NullBuffer>, tests: Vec<(Slot, InstantTest)> },
    Text(BoundText<'a>),
}

/// A text column with its tests.
pub(super) enum BoundText<'a> {
    /// A dictionary, decided, of which few enough codes satisfy anything that rows can be sorted by
    /// them.
    Ranked { codes: &'a [u32], ranked: Ranked },
    /// Any other dictionary, decided.
    Wide { codes: &'a [u32], decided: Decided },
    /// Values are folded, or as written if the tests are patterns.
    Plain { values: &'a StringArray, tests: &'a TextTests<'a>, path: &'a str },
}

/// A collection with all predicates on its items. Its dictionaries are [`BoundText::Wide`].
pub(super) struct BoundCollection<'a> {
    pub(super) offsets: &'a [u32],
    /// One for a string collection, one for each field of service plans that is tested; one more where
    /// regular expressions look at text as written.
    pub(super) columns: Vec<BoundText<'a>>,
    /// For each column that is a dictionary, the predicates that items are listed for.
    pub(super) listed: Vec<Option<Decided>>,
    pub(super) terms: Vec<Term>,
}

/// What binding one attribute gives.
#[derive(Default)]
struct Part<'a> {
    attributes: Vec<BoundAttribute<'a>>,
    collection: Option<BoundCollection<'a>>,
    everyone: Vec<Slot>,
    failures: Failures,
}

/// What kind of rows a text column has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Objects,
    Items,
}

impl<'a> Bound<'a> {
    pub(super) fn new(prepared: &'a Prepared<'a>, columns: &'a Columns) -> Self {
        let (single, collections): (Vec<Part<'a>>, Vec<Part<'a>>) = rayon::join(
            || {
                prepared
                    .single
                    .par_iter()
                    .with_max_len(1)
                    .map(|text| single(text, prepared, columns))
                    .collect()
            },
            || {
                let collections = prepared.collections.par_iter();
                collections.filter_map(|found| collection(found, prepared.program, columns)).collect()
            },
        );
        let mut bound = Self {
            attributes: Vec::new(),
            collections: Vec::new(),
            everyone: Vec::new(),
            failures: Failures::new(),
        };
        for part in single.into_iter().chain(collections) {
            bound.attributes.extend(part.attributes);
            bound.collections.extend(part.collection);
            bound.everyone.extend(part.everyone);
            bound.failures.extend(part.failures);
        }
        bound
    }
}

fn single<'a>(text: &'a PreparedText<'a>, prepared: &Prepared<'_>, columns: &'a Columns) -> Part<'a> {
    let mut part = Part::default();
    let attribute = match columns.columns.get(text.name) {
        Some(Column::Text(column)) => {
            let texts = part.texts(text, column, columns.originals.get(text.name), Of::Objects);
            part.attributes.extend(texts.into_iter().map(BoundAttribute::Text));
            return part;
        }
        Some(Column::Boolean { values, valid }) => {
            let tests = text.tests.iter().filter_map(|&(slot, test)| Some((slot, BooleanTest::of(test)?)));
            BoundAttribute::Boolean { values, valid: valid.as_ref(), tests: tests.collect() }
        }
        Some(Column::Instant { ticks, valid }) => {
            let now = prepared.now;
            let tests =
                text.tests.iter().filter_map(|&(slot, test)| Some((slot, InstantTest::of(test, now)?)));
            BoundAttribute::Instant { ticks, valid: valid.as_ref(), tests: tests.collect() }
        }
        Some(Column::Texts(_) | Column::Plans(_)) | None => {
            part.missing(text, columns.rows());
            return part;
        }
    };
    part.attributes.push(attribute);
    part
}

/// `None` if nobody has items: then no quantified term is satisfied.
fn collection<'a>(
    prepared: &'a PreparedCollection<'a>,
    program: &Program,
    columns: &'a Columns,
) -> Option<Part<'a>> {
    let mut part = Part::default();
    let column = columns.columns.get(prepared.name)?;
    let mut texts = Vec::new();
    for (field, text) in &prepared.parts {
        let (column, original) = match (column, field) {
            (Column::Texts(ItemTable { items, .. }), None) => (items, columns.originals.get(prepared.name)),
            (Column::Plans(ItemTable { items, .. }), Some(field)) => {
                let name = format!("{}.{}", prepared.name, field.word());
                (PlanColumns::of(items, *field), columns.originals.get(name.as_str()))
            }
            _ => return None,
        };
        texts.extend(part.texts(text, column, original, Of::Items));
    }
    let (Column::Texts(ItemTable { offsets, .. }) | Column::Plans(ItemTable { offsets, .. })) = column else {
        return None;
    };
    let terms = terms(prepared, program, &texts);
    let is_listed = |slot| terms.iter().any(|term| term.lists(program, slot));
    let listed = texts.iter().map(|text| match text {
        BoundText::Wide { decided, .. } => Some(decided.only(is_listed)),
        BoundText::Ranked { .. } | BoundText::Plain { .. } => None,
    });
    part.collection = Some(BoundCollection { offsets, listed: listed.collect(), columns: texts, terms });
    Some(part)
}

impl<'a> Part<'a> {
    /// Tests of a value that no object has.
    fn missing(&mut self, text: &PreparedText<'_>, rows: usize) {
        let nulls = text.tests.iter().filter(|(_, test)| matches!(test, Test::IsNull));
        self.everyone.extend(nulls.map(|(slot, _)| *slot));
        if rows > 0 {
            self.undecidable(&text.folded, &text.path);
        }
    }

    fn undecidable(&mut self, tests: &TextTests<'_>, path: &str) {
        for slot in tests.undecidable() {
            let attribute = path.to_owned();
            self.failures.entry(slot).or_insert(EvaluationError::VersionOrderNotChosen { attribute });
        }
    }

    /// A text column. Patterns look at the text as it was written, all others at the folded text.
    fn texts(
        &mut self,
        text: &'a PreparedText<'a>,
        column: &'a TextColumn,
        originals: Option<&'a TextColumn>,
        of: Of,
    ) -> Vec<BoundText<'a>> {
        [(column, &text.folded), (originals.unwrap_or(column), &text.written)]
            .into_iter()
            .filter(|(_, tests)| tests.len() > 0)
            .map(|(column, tests)| self.text(&text.path, column, tests, of))
            .collect()
    }

    fn text(
        &mut self,
        path: &'a str,
        column: &'a TextColumn,
        tests: &'a TextTests<'a>,
        of: Of,
    ) -> BoundText<'a> {
        if !column.is_empty() {
            self.undecidable(tests, path);
        }
        match column {
            TextColumn::Plain(values) => BoundText::Plain { values, tests, path },
            TextColumn::Dictionary { codes, values } => {
                let decided = Decided::new(values, tests, path, &mut self.failures);
                if of == Of::Objects
                    && let Some(ranked) = Ranked::new(&decided)
                {
                    return BoundText::Ranked { codes, ranked };
                }
                BoundText::Wide { codes, decided }
            }
        }
    }
}
