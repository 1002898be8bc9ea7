//! An accepted rule laid out for lints: comparisons by place, chains with their meaning.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::attribute::Attribute;
use super::super::compile::Compiled;
use super::super::condition::Condition;
use super::super::tree::{Expr, ExprKind, Operand};
use super::super::typed::{NodeKind, Quantifier, Reach, TypedRule};
use super::LintOptions;
use super::term::Term;
use crate::base::limits;
use crate::base::span::Span;

/// An accepted rule and what lints ask about it.
pub(super) struct Linted<'a> {
    pub(super) text: &'a str,
    pub(super) tree: &'a Expr,
    pub(super) rule: &'a TypedRule,
    pub(super) conditions: &'a [Condition],
    pub(super) options: &'a LintOptions,
    condition_at: HashMap<Span, &'a Condition>,
    comparison_at: HashMap<Span, &'a Expr>,
    quantified_at: HashMap<Span, Over<'a>>,
}

/// What a quantified term goes over.
#[derive(Clone, Copy)]
pub(super) enum Over<'a> {
    /// Strings or service plans.
    Items(&'a Arc<Attribute>),
    /// The groups that an object is a member of.
    Groups(Reach),
}

impl<'a> Linted<'a> {
    pub(super) fn new(
        text: &'a str,
        compiled: &'a Compiled,
        rule: &'a TypedRule,
        options: &'a LintOptions,
    ) -> Self {
        let conditions = &compiled.conditions;
        let mut comparison_at = HashMap::with_capacity(conditions.len());
        compiled.tree.walk(&mut |expr| {
            if matches!(expr.kind, ExprKind::Comparison { .. }) {
                comparison_at.insert(expr.span, expr);
            }
        });
        let mut quantified_at = HashMap::new();
        rule.root.walk(&mut |node| {
            let over = match &node.kind {
                NodeKind::Quantified { collection, .. } => Over::Items(collection),
                NodeKind::MemberOf { reach, .. } => Over::Groups(*reach),
                _ => return,
            };
            quantified_at.insert(node.span, over);
        });
        Self {
            text,
            tree: &compiled.tree,
            rule,
            conditions,
            options,
            condition_at: conditions.iter().map(|condition| (condition.span, condition)).collect(),
            comparison_at,
            quantified_at,
        }
    }

    /// The meaning of a comparison. The one inside `memberOf` has none of its own.
    pub(super) fn condition(&self, expr: &Expr) -> Option<&'a Condition> {
        self.condition_at.get(&expr.span).copied()
    }

    /// What a quantified term goes over.
    pub(super) fn over(&self, expr: &Expr) -> Option<Over<'a>> {
        self.quantified_at.get(&expr.span).copied()
    }

    /// Whether parentheses stand around this comparison alone.
    pub(super) fn is_wrapped(&self, condition: &Condition) -> bool {
        self.comparison_at.get(&condition.span).is_some_and(|expr| expr.wrapped.is_some())
    }

    /// The text at `span` for a message: blanks joined, not too long.
    pub(super) fn excerpt(&self, span: Span) -> String {
        let words: Vec<&str> = span.of(self.text).split_whitespace().collect();
        let joined = words.join(" ");
        if joined.chars().count() <= limits::EXCERPT_MAX_CHARS {
            return joined;
        }
        let kept: String = joined.chars().take(limits::EXCERPT_MAX_CHARS).collect();
        format!("{kept}…")
    }

    /// All chains of the rule, outer ones first. A chain in parentheses within a chain of the same
    /// connective is a part of that one, not one of its own.
    pub(super) fn chains(&self) -> Vec<Chain<'a>> {
        let mut chains = Vec::new();
        self.gather(self.tree, None, false, &mut chains);
        chains
    }

    /// `above` is the connective of the chain that `expr` is a part of.
    fn gather(&self, expr: &'a Expr, above: Option<bool>, bare: bool, chains: &mut Vec<Chain<'a>>) {
        let bare = bare && expr.wrapped.is_none();
        let connective = match &expr.kind {
            ExprKind::And(_) => Some(true),
            ExprKind::Or(_) => Some(false),
            ExprKind::Quantified { body, .. } => {
                return self.gather(body, None, body.wrapped.is_none(), chains);
            }
            _ => None,
        };
        if let Some(all) = connective
            && above != connective
        {
            let mut parts = Vec::new();
            self.flatten(expr, all, &mut parts);
            chains.push(Chain { expr, all, parts, in_bare_body: bare });
        }
        for part in expr.parts() {
            self.gather(part, connective, bare, chains);
        }
    }

    fn flatten(&self, container: &'a Expr, all: bool, parts: &mut Vec<Part<'a>>) {
        for (index, unit) in container.parts().iter().enumerate() {
            match (&unit.kind, all) {
                (ExprKind::And(_), true) | (ExprKind::Or(_), false) => self.flatten(unit, all, parts),
                _ => parts.push(Part {
                    unit,
                    container,
                    index,
                    holds: Term::of(self, unit, false),
                    fails: Term::of(self, unit, true),
                }),
            }
        }
    }
}

/// Conditions joined by one connective, taken together across parentheses.
pub(super) struct Chain<'a> {
    /// The outermost node.
    pub(super) expr: &'a Expr,
    /// Whether it is `-and`.
    pub(super) all: bool,
    /// At least two.
    pub(super) parts: Vec<Part<'a>>,
    /// Whether it stands in the body of a quantifier without parentheses: how far that reaches depends
    /// on its text, so that L15 has to mend it first.
    pub(super) in_bare_body: bool,
}

/// One condition of a chain.
pub(super) struct Part<'a> {
    /// Its text and shape.
    pub(super) unit: &'a Expr,
    /// The node whose direct part it is.
    pub(super) container: &'a Expr,
    /// Where in the container it stands.
    pub(super) index: usize,
    /// What it says.
    pub(super) holds: Term<'a>,
    /// The opposite.
    pub(super) fails: Term<'a>,
}

impl Part<'_> {
    /// Whether it can only hold where `other` does.
    pub(super) fn implies(&self, other: &Self) -> bool {
        self.holds.excludes(&other.fails)
    }
}

/// `path -any body` or `path -all body`.
pub(super) struct QuantifiedTerm<'a> {
    pub(super) expr: &'a Expr,
    pub(super) over: Over<'a>,
    pub(super) path: &'a Operand,
    pub(super) quantifier: Quantifier,
    pub(super) quantifier_span: Span,
    pub(super) body: &'a Expr,
}

impl<'a> QuantifiedTerm<'a> {
    pub(super) fn of(linted: &Linted<'a>, expr: &'a Expr) -> Option<Self> {
        let ExprKind::Quantified { collection, quantifier, quantifier_span, body } = &expr.kind else {
            return None;
        };
        let over = linted.over(expr)?;
        Some(Self {
            expr,
            over,
            path: collection,
            quantifier: *quantifier,
            quantifier_span: *quantifier_span,
            body,
        })
    }

    /// The collection, unless it is `memberOf`.
    pub(super) fn collection(&self) -> Option<&'a Arc<Attribute>> {
        match self.over {
            Over::Items(collection) => Some(collection),
            Over::Groups(_) => None,
        }
    }
}
