//! Tree to typed rule: objects, attributes, operators, values and what may be combined.

mod comparison;
mod member_of;
mod names;
mod value;

use std::sync::Arc;

use super::attribute::{Attribute, Attributes, Kind, Subject};
use super::certainty::Certainty;
use super::condition::Condition;
use super::dialect::Dialect;
use super::literal;
use super::tree::{Expr, ExprKind, Operand, OperandKind};
use super::typed::{Node, NodeKind, Quantifier, Reach};
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::fold::FoldedText;
use crate::base::span::Span;

/// What a rule is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms<'a> {
    pub(super) dialect: Dialect,
    pub(super) subject: Option<Subject>,
    pub(super) attributes: &'a Attributes,
}

/// What checking yields. The root is missing where something was wrong.
pub(super) struct Checked {
    pub(super) root: Option<Node>,
    pub(super) subject: Option<Subject>,
    pub(super) conditions: Vec<Condition>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Checks `tree`, the tree of `text`.
pub(super) fn check(text: &str, tree: &Expr, terms: Terms<'_>) -> Checked {
    let mut checker = Checker {
        text,
        terms,
        likely_subject: likely_subject(text, tree).or(terms.subject),
        subject_named: None,
        mixed: false,
        is_whole_rule: true,
        conditions: Vec::new(),
        diagnostics: Vec::new(),
    };
    let root = checker.expr(tree, Scope::Object);
    checker.wrong_subject();
    Checked {
        root,
        subject: checker.subject_named.map(|(subject, _)| subject),
        conditions: checker.conditions,
        diagnostics: checker.diagnostics,
    }
}

/// What names mean at a place of the rule.
#[derive(Clone, Copy)]
enum Scope<'a> {
    /// `user.` and `device.` attributes.
    Object,
    /// The items of this collection.
    Items(&'a Arc<Attribute>),
    /// The items of something that was reported: anything goes.
    Unknown,
}

struct Checker<'a> {
    text: &'a str,
    terms: Terms<'a>,
    /// The object that most of the rule is about, for suggestions.
    likely_subject: Option<Subject>,
    /// The object of the first attribute and where it stands.
    subject_named: Option<(Subject, Span)>,
    mixed: bool,
    /// Whether the condition being checked is the whole rule.
    is_whole_rule: bool,
    conditions: Vec<Condition>,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn extended(&self) -> bool {
        self.terms.dialect == Dialect::Extended
    }

    fn expr(&mut self, expr: &Expr, scope: Scope<'_>) -> Option<Node> {
        let whole = self.is_whole_rule;
        match &expr.kind {
            ExprKind::And(parts) => self.chain(parts, expr.span, scope, true),
            ExprKind::Or(parts) => self.chain(parts, expr.span, scope, false),
            ExprKind::Not { times, part } => {
                self.is_whole_rule = false;
                let part = self.expr(part, scope)?;
                if times % 2 == 0 {
                    return Some(part);
                }
                let kind = NodeKind::Not(Box::new(part));
                Some(Node { kind, span: expr.span, certainty: Certainty::Documented })
            }
            ExprKind::Comparison { left, operator, operator_span, right } => {
                self.comparison(expr, left, (*operator, *operator_span), right, scope)
            }
            ExprKind::Quantified { collection, quantifier, quantifier_span, body } => {
                self.is_whole_rule = whole;
                self.quantified(expr, collection, (*quantifier, *quantifier_span), body, scope)
            }
            ExprKind::Reports { transitive, manager } => self.reports(expr, *transitive, manager, scope),
            ExprKind::Hole => None,
        }
    }

    /// `-and` or `-or`; a part of the same kind is taken apart, so that chains are flat.
    fn chain(&mut self, parts: &[Expr], span: Span, scope: Scope<'_>, all: bool) -> Option<Node> {
        self.is_whole_rule = false;
        let mut nodes = Vec::with_capacity(parts.len());
        let mut complete = true;
        for part in parts {
            match self.expr(part, scope) {
                Some(Node { kind: NodeKind::And(inner), .. }) if all => nodes.extend(inner),
                Some(Node { kind: NodeKind::Or(inner), .. }) if !all => nodes.extend(inner),
                Some(node) => nodes.push(node),
                None => complete = false,
            }
        }
        let kind = if all { NodeKind::And(nodes) } else { NodeKind::Or(nodes) };
        complete.then_some(Node { kind, span, certainty: Certainty::Documented })
    }

    fn quantified(
        &mut self,
        expr: &Expr,
        collection: &Operand,
        (quantifier, quantifier_span): (Quantifier, Span),
        body: &Expr,
        scope: Scope<'_>,
    ) -> Option<Node> {
        if !matches!(scope, Scope::Object) {
            self.report(
                Diagnostic::new(
                    &code::NESTED_QUANTIFIER,
                    quantifier_span,
                    format!("`{}` cannot stand inside another one", quantifier.word()),
                )
                .help("the items of a collection have no collections; put the two conditions side by side"),
            );
            return None;
        }
        let found = self.collection(collection, (quantifier, quantifier_span), body);
        if let Some((attribute, reach)) =
            found.as_ref().filter(|(attribute, _)| attribute.kind == Kind::Groups)
        {
            return self.member_of(expr, attribute, *reach, (quantifier, quantifier_span), body);
        }
        self.is_whole_rule = false;
        let scope = found.as_ref().map_or(Scope::Unknown, |(attribute, _)| Scope::Items(attribute));
        let body = self.expr(body, scope);
        let (attribute, _) = found?;
        let certainty = attribute.certainty.max(self.spelling_certainty(collection.span, &attribute.path()));
        let kind = NodeKind::Quantified { quantifier, collection: attribute, body: Box::new(body?) };
        Some(Node { kind, span: expr.span, certainty })
    }

    /// The collection that a quantifier goes over.
    fn collection(
        &mut self,
        operand: &Operand,
        (quantifier, span): (Quantifier, Span),
        body: &Expr,
    ) -> Option<(Arc<Attribute>, Reach)> {
        let attribute = match &operand.kind {
            OperandKind::Path if self.is_transitive_member_of(operand) => {
                return self.transitive_member_of(operand).map(|attribute| (attribute, Reach::Transitive));
            }
            OperandKind::Path => self.object_attribute(operand.span)?,
            OperandKind::Word => return self.no_object(operand.span),
            OperandKind::Hole => return None,
            _ => {
                self.report(not_a_collection(span, quantifier, operand.span.of(self.text)));
                return None;
            }
        };
        if !attribute.kind.is_collection() {
            let text = operand.span.of(self.text);
            let finding = not_a_collection(span, quantifier, text);
            let body_operator = match &body.kind {
                ExprKind::Comparison { operator, .. } => operator.word(),
                _ => "-eq",
            };
            self.report(
                finding.help(format!("compare it directly: `{} {body_operator} …`", attribute.path())),
            );
            return None;
        }
        Some((attribute, Reach::Direct))
    }

    fn reports(
        &mut self,
        expr: &Expr,
        transitive: bool,
        manager: &Operand,
        scope: Scope<'_>,
    ) -> Option<Node> {
        self.named(Subject::User, expr.span);
        if transitive && !self.extended() {
            self.report(
                Diagnostic::new(&code::EXTENDED_ONLY, expr.span, "`All Reports for` belongs to the dialect `extended`")
                    .help("the service knows `Direct Reports for \"<object id>\"` only; `--dialect extended` evaluates both"),
            );
            return None;
        }
        if !matches!(scope, Scope::Object) {
            self.report(
                Diagnostic::new(
                    &code::ITEM_SCOPE,
                    expr.span,
                    "a reporting line cannot be tested inside `-any` or `-all`",
                )
                .help("put it outside, as a condition of its own (extended dialect)"),
            );
            return None;
        }
        if !self.is_whole_rule && !self.extended() {
            self.report(
                Diagnostic::new(
                    &code::DIRECT_REPORTS_COMBINED,
                    expr.span,
                    "`Direct Reports for` has to be the whole rule",
                )
                .help("the service combines it with nothing; `--dialect extended` evaluates combinations"),
            );
            return None;
        }
        let OperandKind::Text = manager.kind else {
            if manager.kind != OperandKind::Hole {
                self.report(
                    Diagnostic::new(
                        &code::MALFORMED_DIRECT_REPORTS,
                        manager.span,
                        "the manager's object id needs quotes",
                    )
                    .help("write `Direct Reports for \"<object id>\"`"),
                );
            }
            return None;
        };
        let id = literal::text_value(manager.span.of(self.text));
        if id.trim().is_empty() {
            self.report(
                Diagnostic::new(
                    &code::MALFORMED_DIRECT_REPORTS,
                    manager.span,
                    "the manager's object id is empty",
                )
                .help("write `Direct Reports for \"<object id>\"`"),
            );
            return None;
        }
        let reach = if transitive { Reach::Transitive } else { Reach::Direct };
        let certainty = if transitive { Certainty::Inferred } else { Certainty::Documented };
        Some(Node {
            kind: NodeKind::Reports { manager: FoldedText::new(&id), reach },
            span: expr.span,
            certainty,
        })
    }

    /// Takes note that the rule names `subject` at `span`; one rule has one kind of object.
    fn named(&mut self, subject: Subject, span: Span) {
        match self.subject_named {
            None => self.subject_named = Some((subject, span)),
            Some((first, _)) if first != subject && !self.mixed => {
                self.mixed = true;
                self.report(
                    Diagnostic::new(
                        &code::MIXED_OBJECTS,
                        span,
                        format!(
                            "this rule is about `{}.` and names `{}.` here",
                            first.word(),
                            subject.word()
                        ),
                    )
                    .help("a group holds users or devices; make two groups"),
                );
            }
            Some(_) => {}
        }
    }

    /// Reports a rule about users where devices are wanted, and the other way round.
    fn wrong_subject(&mut self) {
        if let (Some(wanted), Some((named, span))) = (self.terms.subject, self.subject_named)
            && wanted != named
            && !self.mixed
        {
            self.report(
                Diagnostic::new(
                    &code::WRONG_SUBJECT,
                    span,
                    format!(
                        "this rule is about `{}.`, a rule about `{}.` is wanted",
                        named.word(),
                        wanted.word()
                    ),
                )
                .help("the kind of members is chosen for the group: use its attributes only"),
            );
        }
    }

    /// A name in another letter case is understood, but the documentation says that case matters.
    fn spelling_certainty(&self, span: Span, canonical: &str) -> Certainty {
        let written = span.of(self.text);
        let is_extension = canonical.contains(".extension_") && written.eq_ignore_ascii_case(canonical);
        if written == canonical || is_extension { Certainty::Documented } else { Certainty::Inferred }
    }
}

fn not_a_collection(span: Span, quantifier: Quantifier, operand: &str) -> Diagnostic {
    let word = quantifier.word();
    Diagnostic::new(&code::NOT_A_COLLECTION, span, format!("`{word}` needs a collection, and `{operand}` is none"))
        .help("collections are `user.otherMails`, `user.proxyAddresses`, `user.assignedPlans`, `device.devicePhysicalIds` and `device.systemLabels`")
        .service_message(format!("Invalid operands found for operator {word}"))
}

/// The object that the paths of the tree name first.
fn likely_subject(text: &str, tree: &Expr) -> Option<Subject> {
    let mut found = None;
    tree.walk(&mut |expr| {
        let operand = match &expr.kind {
            ExprKind::Comparison { left, .. } => left,
            ExprKind::Quantified { collection, .. } => collection,
            ExprKind::Reports { .. } => {
                found = found.or(Some(Subject::User));
                return;
            }
            _ => return,
        };
        if operand.kind == OperandKind::Path {
            let object = operand.span.of(text).split('.').next().unwrap_or_default();
            found = found.or_else(|| Subject::from_word(object));
        }
    });
    found
}
