//! The comparisons of a rule, each with its places in the text and its meaning: what lints read.

use std::sync::Arc;

use super::attribute::{Attribute, PlanField};
use super::keyword::Operator;
use super::tree::OperandKind;
use super::typed::Test;
use crate::base::span::Span;

/// One comparison that was accepted.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The whole comparison, without wrapping parentheses.
    pub span: Span,
    /// The attribute or item.
    pub left: Span,
    /// The operator as written.
    pub operator: Operator,
    /// Where it stands.
    pub operator_span: Span,
    /// The value, quotes and brackets included.
    pub right: Span,
    /// The value as written.
    pub right_kind: OperandKind,
    /// What is tested.
    pub target: Target,
    /// The positive form of what is asked.
    pub test: Test,
}

/// What a comparison tests.
#[derive(Clone, Debug)]
pub enum Target {
    /// An attribute of the object with one value.
    Attribute(Arc<Attribute>),
    /// A collection, with a plain operator: some item, or with a negative operator no item.
    Collection(Arc<Attribute>),
    /// The current item of a string collection.
    Item(Arc<Attribute>),
    /// A field of the current service plan.
    Plan(PlanField),
}

impl Condition {
    /// Whether the operator is a negative one.
    pub fn is_negative(&self) -> bool {
        self.operator.positive().1
    }
}
