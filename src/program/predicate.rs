//! What a program asks of objects: tests of attributes and items, memberships, quantified terms.

use std::sync::Arc;

use crate::base::fold::FoldedText;
use crate::language::attribute::{Attribute, PlanField};
use crate::language::typed::{Order, Reach, Test, TimePoint};

use super::graph::ExpressionId;

/// One test of one attribute, or of the items of one collection.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// What is looked at.
    pub target: Target,
    /// What is asked of it.
    pub test: Test,
}

/// What a predicate looks at.
#[derive(Clone, Debug)]
pub enum Target {
    /// An attribute with one value.
    Attribute(Arc<Attribute>),
    /// The items of a string collection.
    Item(Arc<Attribute>),
    /// A field of the items of a collection of service plans.
    Plan(Arc<Attribute>, PlanField),
}

/// A selection that the caller supplies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum External {
    /// Members of any of these groups; folded ids, sorted.
    MemberOf(Vec<FoldedText>, Reach),
    /// Reports of this manager, and the manager.
    Reports(FoldedText, Reach),
}

/// Some item of a collection satisfies a body.
#[derive(Clone, Debug)]
pub struct AnyItem {
    /// The collection.
    pub collection: Arc<Attribute>,
    /// The body: an expression over predicates with the target [`Target::Item`] or [`Target::Plan`].
    pub body: ExpressionId,
}

/// A predicate that may have no result for a value, where a rule asks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallible {
    /// The place of the predicate.
    pub predicate: u32,
    /// The quantified term in whose body it stands.
    pub term: Option<u32>,
}

impl Target {
    /// The attribute or collection.
    pub fn attribute(&self) -> &Arc<Attribute> {
        match self {
            Self::Attribute(attribute) | Self::Item(attribute) | Self::Plan(attribute, _) => attribute,
        }
    }

    /// Whether it is an attribute with one value.
    pub fn is_single(&self) -> bool {
        matches!(self, Self::Attribute(_))
    }
}

impl Predicate {
    /// The predicate in words that are the same for equal predicates and differ for others.
    ///
    /// ```
    /// # use dyngroup::language::attribute::{Attributes, Subject};
    /// # use dyngroup::language::typed::Test;
    /// # use dyngroup::program::predicate::{Predicate, Target};
    /// let city = Attributes::standard().find(Subject::User, "city").unwrap();
    /// let predicate = Predicate { target: Target::Attribute(city), test: Test::IsNull };
    /// assert_eq!(predicate.key(), "city is null");
    /// ```
    pub fn key(&self) -> String {
        let target = match &self.target {
            Target::Attribute(attribute) => attribute.name.to_string(),
            Target::Item(collection) => format!("{}[_]", collection.name),
            Target::Plan(collection, field) => format!("{}[_].{}", collection.name, field.word()),
        };
        let quoted = |text: &FoldedText| format!("{:?}", text.folded());
        match &self.test {
            Test::IsNull => format!("{target} is null"),
            Test::IsBoolean(value) => format!("{target} = {value}"),
            Test::Equals(text) => format!("{target} = {}", quoted(text)),
            Test::In(texts) => {
                let mut texts: Vec<String> = texts.iter().map(quoted).collect();
                texts.sort_unstable();
                texts.dedup();
                format!("{target} in {{{}}}", texts.join(", "))
            }
            Test::StartsWith(text) => format!("{target} begins {}", quoted(text)),
            Test::EndsWith(text) => format!("{target} ends {}", quoted(text)),
            Test::Contains(text) => format!("{target} contains {}", quoted(text)),
            Test::Matches(pattern) => format!("{target} matches {:?}", pattern.source()),
            Test::IsInstant(instant) => format!("{target} = {instant}"),
            Test::Compare { order, to } => {
                let to = match to {
                    TimePoint::Fixed(instant) => instant.to_string(),
                    TimePoint::Now(offset) if offset.is_zero() => "now".to_owned(),
                    TimePoint::Now(offset) if offset.is_negative() => format!("now - {}s", -offset.as_secs()),
                    TimePoint::Now(offset) => format!("now + {}s", offset.as_secs()),
                };
                format!("{target} {} {to}", sign(*order))
            }
            Test::CompareVersion { order, to } => format!("{target} {} version {}", sign(*order), quoted(to)),
        }
    }

    /// Whether some value may leave it without a result: patterns can need too many steps, and how
    /// versions are ordered may not be chosen.
    pub fn is_fallible(&self) -> bool {
        matches!(self.test, Test::Matches(_) | Test::CompareVersion { .. })
    }

    /// A guess at the share of rows that satisfy it, for ordering: what is rare goes first.
    pub fn expected_share(&self) -> f64 {
        match &self.test {
            Test::Equals(_) | Test::IsInstant(_) => 0.01,
            Test::In(texts) => (0.01 * f64::from(u32::try_from(texts.len()).unwrap_or(u32::MAX))).min(0.5),
            Test::StartsWith(_) | Test::EndsWith(_) => 0.05,
            Test::Contains(_) | Test::Matches(_) => 0.08,
            Test::IsNull => 0.2,
            Test::Compare { .. } | Test::CompareVersion { .. } => 0.4,
            Test::IsBoolean(_) => 0.6,
        }
    }
}

const fn sign(order: Order) -> &'static str {
    match order {
        Order::AtLeast => ">=",
        Order::AtMost => "<=",
        Order::Above => ">",
        Order::Below => "<",
    }
}
