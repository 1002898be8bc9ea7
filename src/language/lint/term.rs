//! What a condition says, in a form in which two of them can be held against each other: negations
//! stand at the tests only.

use super::super::attribute::PlanField;
use super::super::condition::Target;
use super::super::tree::{Expr, ExprKind};
use super::super::typed::{Quantifier, Test};
use super::linted::{Linted, Over};
use super::relation;

/// A condition without `-not`.
#[derive(Debug)]
pub(super) enum Term<'a> {
    /// A test of one value, or its negation.
    Test { of: Tested<'a>, test: &'a Test, negated: bool },
    /// Some item of the collection passes.
    Some { collection: &'a str, body: Box<Term<'a>> },
    /// Every item of the collection passes.
    Every { collection: &'a str, body: Box<Term<'a>> },
    /// Something that is only like itself: `memberOf`, `Direct Reports`.
    Other { text: &'a str, negated: bool },
    /// All of them hold.
    All(Vec<Term<'a>>),
    /// Some of them holds.
    Any(Vec<Term<'a>>),
}

/// The value that a test looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tested<'a> {
    /// An attribute of the object, by its canonical name.
    Attribute(&'a str),
    /// The current item of the enclosing quantifier.
    Item,
    /// A field of the current service plan.
    Plan(PlanField),
}

impl<'a> Term<'a> {
    /// What `expr` says, or the opposite of it.
    pub(super) fn of(linted: &Linted<'a>, expr: &'a Expr, negated: bool) -> Self {
        let below = |parts: &'a [Expr]| parts.iter().map(|part| Self::of(linted, part, negated)).collect();
        match &expr.kind {
            ExprKind::And(parts) if negated => Self::Any(below(parts)),
            ExprKind::And(parts) => Self::All(below(parts)),
            ExprKind::Or(parts) if negated => Self::All(below(parts)),
            ExprKind::Or(parts) => Self::Any(below(parts)),
            ExprKind::Not { times, part } => Self::of(linted, part, negated != (times % 2 == 1)),
            ExprKind::Quantified { quantifier, body, .. } => match linted.over(expr) {
                Some(Over::Items(collection)) => {
                    let body = Box::new(Self::of(linted, body, negated));
                    let collection = &*collection.name;
                    if (*quantifier == Quantifier::Any) == negated {
                        Self::Every { collection, body }
                    } else {
                        Self::Some { collection, body }
                    }
                }
                _ => Self::other(linted, expr, negated),
            },
            ExprKind::Comparison { .. } => Self::comparison(linted, expr, negated),
            ExprKind::Reports { .. } | ExprKind::Hole => Self::other(linted, expr, negated),
        }
    }

    fn comparison(linted: &Linted<'a>, expr: &'a Expr, negated: bool) -> Self {
        let Some(condition) = linted.condition(expr) else { return Self::other(linted, expr, negated) };
        let negated = condition.is_negative() != negated;
        let of = match &condition.target {
            Target::Attribute(attribute) => Tested::Attribute(&attribute.name),
            Target::Item(_) => Tested::Item,
            Target::Plan(field) => Tested::Plan(*field),
            Target::Collection(collection) => {
                let body = Box::new(Self::Test { of: Tested::Item, test: &condition.test, negated });
                let collection = &*collection.name;
                return if negated {
                    Self::Every { collection, body }
                } else {
                    Self::Some { collection, body }
                };
            }
        };
        Self::Test { of, test: &condition.test, negated }
    }

    fn other(linted: &Linted<'a>, expr: &'a Expr, negated: bool) -> Self {
        Self::Other { text: expr.span.of(linted.text), negated }
    }

    /// Whether the two can never hold together, for any object. `false` where that is not certain.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any(parts), other) | (other, Self::Any(parts)) => {
                parts.iter().all(|part| part.excludes(other))
            }
            (Self::All(parts), other) | (other, Self::All(parts)) => {
                parts.iter().any(|part| part.excludes(other))
            }
            (
                Self::Test { of, test, negated },
                Self::Test { of: other_of, test: other_test, negated: other_negated },
            ) => {
                of == other_of
                    && match (negated, other_negated) {
                        (false, false) => relation::disjoint(test, other_test),
                        (false, true) => relation::implies(test, other_test),
                        (true, false) => relation::implies(other_test, test),
                        (true, true) => false,
                    }
            }
            (
                Self::Some { collection, body },
                Self::Every { collection: other_collection, body: other_body },
            )
            | (
                Self::Every { collection: other_collection, body: other_body },
                Self::Some { collection, body },
            ) => collection == other_collection && body.excludes(other_body),
            (Self::Other { text, negated }, Self::Other { text: other_text, negated: other_negated }) => {
                text == other_text && negated != other_negated
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::with_linted;
    use super::*;

    /// Whether the two sides of `left -and right` exclude each other.
    fn exclude(left: &str, right: &str) -> bool {
        let exclude = |left: &str, right: &str| {
            with_linted(&format!("({left}) -and ({right})"), |linted| {
                let [left, right] = linted.tree.parts() else { panic!("two parts") };
                Term::of(linted, left, false).excludes(&Term::of(linted, right, false))
            })
        };
        let found = exclude(left, right);
        assert_eq!(found, exclude(right, left), "{left} and {right}, the other way round");
        found
    }

    #[test]
    fn opposites_exclude_each_other_however_they_are_written() {
        let city = "user.city -startsWith \"L\"";
        assert!(exclude(city, "user.city -notStartsWith \"l\""));
        assert!(exclude(city, &format!("-not ({city})")));
        assert!(!exclude(city, &format!("-not -not ({city})")));
        assert!(exclude("user.city -eq \"a\" -or user.city -eq \"b\"", "user.city -eq null"));
        assert!(!exclude("user.city -eq \"a\" -or user.mail -eq \"b\"", "user.city -eq null"));
        let two = "user.city -eq \"a\" -and user.mail -eq \"b\"";
        assert!(exclude(two, &format!("-not ({two})")));
        assert!(exclude(two, "user.mail -eq \"c\" -or user.city -eq \"b\""));
    }

    #[test]
    fn items_are_not_one_value() {
        let any = |body: &str| format!("user.otherMails -any ({body})");
        let all = |body: &str| format!("user.otherMails -all ({body})");
        assert!(!exclude(&any("_ -eq \"a\""), &any("_ -eq \"b\"")));
        assert!(exclude(&any("_ -eq \"a\""), &all("_ -ne \"a\"")));
        assert!(exclude(&any("_ -eq \"a\""), "user.otherMails -notStartsWith \"a\""));
        assert!(exclude(&any("_ -eq \"ab\""), "-not (user.otherMails -contains \"b\")"));
        assert!(!exclude(&all("_ -eq \"a\""), &all("_ -eq \"b\"")), "both hold without items");
        assert!(!exclude(&any("_ -eq \"a\""), "user.proxyAddresses -notContains \"a\""));
    }
}
