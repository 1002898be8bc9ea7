//! Quantified terms, and the way in which each is answered for the items of many rows.

use super::bound::BoundText;
use super::prepared::PreparedCollection;
use super::text_tests::Slot;
use crate::program::Program;
use crate::program::graph::{Expression, ExpressionId};

/// One quantified term.
#[derive(Debug)]
pub(super) struct Term {
    /// The place among the program's quantified terms.
    pub(super) place: u32,
    pub(super) way: Way,
}

/// How the items that satisfy a term are found.
#[derive(Debug)]
pub(super) enum Way {
    /// Those of one predicate are gone through, and the others looked up for each.
    Driven { driver: Slot, checks: Vec<Check> },
    /// The items of every predicate are listed and put together.
    General(ExpressionId),
}

/// A predicate of a dictionary column, as a question about a code.
#[derive(Debug)]
pub(super) struct Check {
    /// The place of the column in its collection.
    pub(super) column: usize,
    /// Whether each code satisfies it.
    pub(super) holds: Vec<bool>,
}

impl Term {
    /// Whether the term needs a list of the items that satisfy a predicate.
    pub(super) fn lists(&self, program: &Program, slot: Slot) -> bool {
        match &self.way {
            Way::Driven { driver, .. } => *driver == slot,
            Way::General(body) => reads(program, *body, slot),
        }
    }
}

/// The terms over the items of a collection with these columns.
pub(super) fn terms(
    prepared: &PreparedCollection<'_>,
    program: &Program,
    columns: &[BoundText<'_>],
) -> Vec<Term> {
    let body = |place: u32| program.quantified.get(place as usize).map(|any| any.body);
    let term = |place: &u32| {
        let body = body(*place)?;
        let way = driven(prepared, program, columns, body).unwrap_or(Way::General(body));
        Some(Term { place: *place, way })
    };
    prepared.quantified.iter().filter_map(term).collect()
}

/// For a predicate alone, or several that an item must satisfy of which all but one can be looked up.
fn driven(
    prepared: &PreparedCollection<'_>,
    program: &Program,
    columns: &[BoundText<'_>],
    body: ExpressionId,
) -> Option<Way> {
    let predicate = |id: &ExpressionId| match program.item_expressions.get(*id as usize) {
        Some(Expression::Predicate(slot)) => Some(*slot),
        _ => None,
    };
    let slots: Vec<Slot> = match program.item_expressions.get(body as usize)? {
        Expression::Predicate(slot) => vec![*slot],
        Expression::And(parts) => parts.iter().map(predicate).collect::<Option<_>>()?,
        _ => return None,
    };
    let lookup = |slot: Slot| dictionary_of(prepared, columns, slot).map(|column| (column, slot));
    // What cannot be looked up has to drive; of the others the rarest one does.
    let driver =
        *slots.iter().min_by_key(|&&slot| lookup(slot).map(|(column, _)| sampled(columns, column, slot)))?;
    let check = |slot| {
        let (column, slot) = lookup(slot)?;
        let Some(BoundText::Wide { decided, .. }) = columns.get(column) else { return None };
        Some(Check { column, holds: decided.holds(slot) })
    };
    let checks = slots.into_iter().filter(|&slot| slot != driver).map(check).collect::<Option<_>>()?;
    Some(Way::Driven { driver, checks })
}

/// Items that are looked at to see which predicate is rare.
const SAMPLE_ITEMS: usize = 4_096;

/// How many of a sample of the items satisfy a predicate of a dictionary column.
fn sampled(columns: &[BoundText<'_>], column: usize, slot: Slot) -> usize {
    let Some(BoundText::Wide { codes, decided }) = columns.get(column) else { return 0 };
    let stride = codes.len().div_ceil(SAMPLE_ITEMS).max(1);
    codes.iter().step_by(stride).filter(|&&code| decided.slots(code).contains(&slot)).count()
}

/// The dictionary column that holds what a predicate looks at.
fn dictionary_of(prepared: &PreparedCollection<'_>, columns: &[BoundText<'_>], slot: Slot) -> Option<usize> {
    let halves = prepared.parts.iter().flat_map(|(_, text)| [&text.folded, &text.written]);
    // Columns are made of the halves that have tests, in this order.
    let mut halves = halves.filter(|tests| tests.len() > 0);
    let column = halves.position(|tests| tests.slots.contains(&slot))?;
    matches!(columns.get(column), Some(BoundText::Wide { .. })).then_some(column)
}

fn reads(program: &Program, id: ExpressionId, slot: Slot) -> bool {
    match program.item_expressions.get(id as usize) {
        Some(Expression::Predicate(read)) => *read == slot,
        Some(Expression::Not(part)) => reads(program, *part, slot),
        Some(Expression::And(parts) | Expression::Or(parts)) => {
            parts.iter().any(|&part| reads(program, part, slot))
        }
        Some(Expression::External(_) | Expression::AnyItem(_)) | None => false,
    }
}
