//! The tree that the grammar builds: what the rule says, before anyone asks whether it may.
//!
//! Wrapping parentheses make no node. A chain of one connective is one node with many parts, so that a
//! long rule is not a deep tree. Depth is bounded while the tree grows.

use super::keyword::Operator;
use super::typed::Quantifier;
use crate::base::limits;
use crate::base::span::Span;

/// A condition as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its text without wrapping parentheses.
    pub span: Span,
    /// Its text with the outermost parentheses around it, if there are any.
    pub wrapped: Option<Span>,
    depth: usize,
}

/// The shapes of conditions.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// At least two parts joined by `-and`.
    And(Vec<Expr>),
    /// At least two parts joined by `-or`.
    Or(Vec<Expr>),
    /// `-not`, once or several times in a row.
    Not {
        /// How many.
        times: usize,
        /// What is negated.
        part: Box<Expr>,
    },
    /// Operand, operator, operand.
    Comparison {
        /// Usually a path.
        left: Operand,
        /// The operator.
        operator: Operator,
        /// Where the operator stands.
        operator_span: Span,
        /// Usually a literal.
        right: Operand,
    },
    /// `path -any body`.
    Quantified {
        /// Usually the path of a collection.
        collection: Operand,
        /// `-any` or `-all`.
        quantifier: Quantifier,
        /// Where the operator stands.
        quantifier_span: Span,
        /// The body; [`Expr::wrapped`] tells whether it stands in parentheses.
        body: Box<Expr>,
    },
    /// `Direct Reports for "id"`.
    Reports {
        /// Whether it is the extended `All Reports for`.
        transitive: bool,
        /// Usually a string.
        manager: Operand,
    },
    /// Something that was reported already.
    Hole,
}

/// A side of a comparison as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// What it is.
    pub kind: OperandKind,
    /// Its text.
    pub span: Span,
}

/// The shapes of operands.
#[derive(Clone, Debug, PartialEq)]
pub enum OperandKind {
    /// Words joined by dots, such as `user.department`.
    Path,
    /// `_`
    Underscore,
    /// A string in quotes; the span holds the quotes.
    Text,
    /// `true` or `false`.
    Boolean(bool),
    /// `null` or `$null`.
    Null,
    /// `system.now`.
    Now,
    /// A number, date-time or GUID without quotes.
    Literal,
    /// A word without quotes.
    Word,
    /// `[a, b]`.
    List(Vec<Operand>),
    /// A value with `-plus` and `-minus` behind it; at least one offset.
    Sum {
        /// What is moved.
        base: Box<Operand>,
        /// The offsets in order.
        offsets: Vec<Offset>,
    },
    /// Something that was reported already.
    Hole,
}

/// `-plus P1D` or `-minus P1D`.
#[derive(Clone, Debug, PartialEq)]
pub struct Offset {
    /// Whether it is `-minus`.
    pub minus: bool,
    /// The duration.
    pub duration: Operand,
}

/// Places where the tree would have grown too deep. Filled by the grammar.
pub type TooDeep = Vec<Span>;

impl Expr {
    /// A leaf.
    pub fn leaf(kind: ExprKind, span: Span) -> Self {
        Self { kind, span, wrapped: None, depth: 1 }
    }

    /// `first`, or a chain of it and `rest` joined by the connective that `make` stands for.
    pub fn chain(first: Self, rest: Vec<Self>, make: fn(Vec<Self>) -> ExprKind, deep: &mut TooDeep) -> Self {
        let Some(last) = rest.last() else { return first };
        let span = first.outer_span().to(last.outer_span());
        let mut parts = Vec::with_capacity(rest.len() + 1);
        parts.push(first);
        parts.extend(rest);
        let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0) + 1;
        Self::bounded(make(parts), span, depth, deep)
    }

    /// `part` behind `times` times `-not`, the first of which begins at `start`.
    pub fn negated(start: usize, times: usize, part: Self, deep: &mut TooDeep) -> Self {
        if times == 0 {
            return part;
        }
        let span = Span::new(start, part.outer_span().end);
        // `-not (-not x)` is one node: a long row of them must not become a deep tree.
        let (times, part) = match part.kind {
            ExprKind::Not { times: inner, part } => (times + inner, *part),
            _ => (times, part),
        };
        let depth = part.depth + 1;
        Self::bounded(ExprKind::Not { times, part: Box::new(part) }, span, depth, deep)
    }

    /// A quantified term.
    pub fn quantified(
        collection: Operand,
        quantifier: Quantifier,
        quantifier_span: Span,
        body: Self,
        deep: &mut TooDeep,
    ) -> Self {
        let span = collection.span.to(body.outer_span());
        let depth = body.depth + 1;
        let kind = ExprKind::Quantified { collection, quantifier, quantifier_span, body: Box::new(body) };
        Self::bounded(kind, span, depth, deep)
    }

    /// The condition in parentheses that take up `outer`.
    #[must_use]
    pub fn wrapped_in(mut self, outer: Span) -> Self {
        self.wrapped = Some(outer);
        self
    }

    /// The text with wrapping parentheses, if there are any.
    pub fn outer_span(&self) -> Span {
        self.wrapped.unwrap_or(self.span)
    }

    /// The parts directly below, the body of a quantifier included.
    pub fn parts(&self) -> &[Self] {
        match &self.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => parts,
            ExprKind::Not { part, .. } | ExprKind::Quantified { body: part, .. } => {
                std::slice::from_ref(part)
            }
            ExprKind::Comparison { .. } | ExprKind::Reports { .. } | ExprKind::Hole => &[],
        }
    }

    /// Calls `visit` for this condition and all below it, parents first, in the order of the text.
    pub fn walk<'tree>(&'tree self, visit: &mut impl FnMut(&'tree Self)) {
        visit(self);
        for part in self.parts() {
            part.walk(visit);
        }
    }

    fn bounded(kind: ExprKind, span: Span, depth: usize, deep: &mut TooDeep) -> Self {
        if depth > limits::TREE_DEPTH_MAX_LEVELS {
            deep.push(span);
            return Self::leaf(ExprKind::Hole, span);
        }
        Self { kind, span, wrapped: None, depth }
    }
}

impl Operand {
    /// An operand of `kind` from byte `start` to byte `end`.
    pub fn new(kind: OperandKind, start: usize, end: usize) -> Self {
        Self { kind, span: Span::new(start, end) }
    }

    /// `base` moved by `offsets`, or `base` itself if there are none. A sum that is moved again stays one
    /// sum: parentheses around parentheses must not become a deep tree.
    pub fn sum(base: Self, offsets: Vec<Offset>) -> Self {
        let Some(last) = offsets.last() else { return base };
        let span = base.span.to(last.duration.span);
        let kind = match base.kind {
            OperandKind::Sum { base, offsets: mut all } => {
                all.extend(offsets);
                OperandKind::Sum { base, offsets: all }
            }
            _ => OperandKind::Sum { base: Box::new(base), offsets },
        };
        Self { kind, span }
    }
}
