//! What is wrong with a license, as it stands in a text.

use serde::{Deserialize, Serialize};

use super::names::{Id, Names, Places};
use super::words::{CodeText, CountryText};
use super::{CodecError, is_default};
use crate::licensing::outcome::Problem;

/// The kinds of problems, in the order of [`Problem`].
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[serde(expecting = "an object")]
pub(super) enum ProblemText<'t> {
    Prohibited {
        #[serde(borrow)]
        plan: Id<'t>,
        location: CountryText,
    },
    // Braces, because what else stands in the object of a bare word is not looked at.
    LocationMissing {},
    Exclusive {
        plan: Id<'t>,
        other: Id<'t>,
        other_sku: Id<'t>,
        #[serde(default, skip_serializing_if = "is_default")]
        other_group: Option<Id<'t>>,
    },
    Needs {
        plan: Id<'t>,
        #[serde(default, skip_serializing_if = "is_default")]
        any_of: Vec<Id<'t>>,
    },
    NeededBy {
        plan: Id<'t>,
        other_sku: Id<'t>,
        #[serde(default, skip_serializing_if = "is_default")]
        other_group: Option<Id<'t>>,
        #[serde(default, skip_serializing_if = "is_default")]
        any_of: Vec<Id<'t>>,
    },
    NoSeat {},
    HeldForMove {},
    AddressTaken {},
    NotSubscribed {},
    Sibling {},
    ChangeFailed {
        error: CodeText,
    },
}

/// Problems in the order of their codes, and those with one code in an order that does not depend on
/// places.
pub(super) fn texts<'t>(problems: &[Problem], names: Names<'t>) -> Vec<ProblemText<'t>> {
    let mut all: Vec<_> = problems.iter().map(|problem| (problem.code(), text(problem, names))).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, text)| text).collect()
}

/// Problems in the order in which records have them.
pub(super) fn read(texts: &[ProblemText<'_>], places: &mut Places<'_>) -> Result<Vec<Problem>, CodecError> {
    let mut problems = texts.iter().map(|text| problem(text, places)).collect::<Result<Vec<_>, _>>()?;
    problems.sort_unstable_by(|one, other| (one.code(), one).cmp(&(other.code(), other)));
    Ok(problems)
}

fn text<'t>(problem: &Problem, names: Names<'t>) -> ProblemText<'t> {
    match problem {
        Problem::Prohibited { plan, location } => {
            ProblemText::Prohibited { plan: names.plan(*plan), location: CountryText(*location) }
        }
        Problem::LocationMissing => ProblemText::LocationMissing {},
        Problem::Exclusive { plan, other, other_sku, other_source } => ProblemText::Exclusive {
            plan: names.plan(*plan),
            other: names.plan(*other),
            other_sku: names.sku(*other_sku),
            other_group: names.source(*other_source),
        },
        Problem::Needs { plan, any_of } => {
            ProblemText::Needs { plan: names.plan(*plan), any_of: names.plans(any_of) }
        }
        Problem::NeededBy { plan, other_sku, other_source, any_of } => ProblemText::NeededBy {
            plan: names.plan(*plan),
            other_sku: names.sku(*other_sku),
            other_group: names.source(*other_source),
            any_of: names.plans(any_of),
        },
        Problem::NoSeat => ProblemText::NoSeat {},
        Problem::HeldForMove => ProblemText::HeldForMove {},
        Problem::AddressTaken => ProblemText::AddressTaken {},
        Problem::NotSubscribed => ProblemText::NotSubscribed {},
        Problem::Sibling => ProblemText::Sibling {},
        Problem::ChangeFailed(error) => ProblemText::ChangeFailed { error: CodeText(*error) },
    }
}

fn problem(text: &ProblemText<'_>, places: &mut Places<'_>) -> Result<Problem, CodecError> {
    Ok(match text {
        ProblemText::Prohibited { plan, location } => {
            Problem::Prohibited { plan: places.plan(plan)?, location: location.0 }
        }
        ProblemText::LocationMissing {} => Problem::LocationMissing,
        ProblemText::Exclusive { plan, other, other_sku, other_group } => Problem::Exclusive {
            plan: places.plan(plan)?,
            other: places.plan(other)?,
            other_sku: places.sku(other_sku)?,
            other_source: places.source(other_group.as_deref())?,
        },
        ProblemText::Needs { plan, any_of } => {
            Problem::Needs { plan: places.plan(plan)?, any_of: places.plans(any_of)? }
        }
        ProblemText::NeededBy { plan, other_sku, other_group, any_of } => Problem::NeededBy {
            plan: places.plan(plan)?,
            other_sku: places.sku(other_sku)?,
            other_source: places.source(other_group.as_deref())?,
            any_of: places.plans(any_of)?,
        },
        ProblemText::NoSeat {} => Problem::NoSeat,
        ProblemText::HeldForMove {} => Problem::HeldForMove,
        ProblemText::AddressTaken {} => Problem::AddressTaken,
        ProblemText::NotSubscribed {} => Problem::NotSubscribed,
        ProblemText::Sibling {} => Problem::Sibling,
        ProblemText::ChangeFailed { error } => Problem::ChangeFailed(error.0),
    })
}
