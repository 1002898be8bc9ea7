//! The one form that `memberOf` takes: `user.memberOf -any (group.objectId -in ['id', …])`.

use std::sync::Arc;

use super::super::attribute::Attribute;
use super::super::certainty::Certainty;
use super::super::keyword::Operator;
use super::super::literal;
use super::super::tree::{Expr, ExprKind, Operand, OperandKind};
use super::super::typed::{Node, NodeKind, Quantifier, Reach};
use super::Checker;
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::fold::FoldedText;
use crate::base::limits;
use crate::base::span::Span;

impl Checker<'_> {
    pub(super) fn member_of(
        &mut self,
        expr: &Expr,
        attribute: &Arc<Attribute>,
        reach: Reach,
        (quantifier, quantifier_span): (Quantifier, Span),
        body: &Expr,
    ) -> Option<Node> {
        if !self.is_whole_rule && !self.extended() {
            self.report(
                Diagnostic::new(&code::MEMBER_OF_FORM, expr.span, "`memberOf` has to be the whole rule")
                    .help("the service combines it with nothing and never negates it; `--dialect extended` evaluates combinations"),
            );
            return None;
        }
        if quantifier == Quantifier::All {
            self.report(
                form(quantifier_span, "`memberOf` takes `-any` only")
                    .service_message("Invalid operands found for operator -all"),
            );
            return None;
        }
        let ExprKind::Comparison { left, operator, operator_span, right } = &body.kind else {
            if body.kind != ExprKind::Hole {
                self.report(form(body.span, "`memberOf` takes one condition on `group.objectId`"));
            }
            return None;
        };
        self.group_id(left)?;
        let single = self.extended() && *operator == Operator::Eq;
        if *operator != Operator::In && !single {
            self.report(form(
                *operator_span,
                format!("`memberOf` takes `-in` only, not `{}`", operator.word()),
            ));
            return None;
        }
        let groups = self.group_ids(right, single)?;
        if groups.len() > limits::MEMBER_OF_MAX_GROUPS && !self.extended() {
            let most = limits::MEMBER_OF_MAX_GROUPS;
            self.report(
                Diagnostic::new(
                    &code::TOO_MANY_GROUPS,
                    right.span,
                    format!("{} groups are listed, {most} are allowed", groups.len()),
                )
                .help("split the rule over several groups"),
            );
            return None;
        }
        if expr.wrapped.is_some() && self.is_whole_rule {
            self.report(
                Diagnostic::new(
                    &code::WRAPPED_MEMBER_OF,
                    expr.outer_span(),
                    "a `memberOf` rule in parentheses was refused for some people",
                )
                .help("take the outer parentheses out"),
            );
        }
        let extended_form = reach == Reach::Transitive || !self.is_whole_rule || single;
        let certainty = if extended_form { Certainty::Inferred } else { attribute.certainty };
        Some(Node { kind: NodeKind::MemberOf { groups, reach }, span: expr.span, certainty })
    }

    fn group_id(&mut self, left: &Operand) -> Option<()> {
        let text = left.span.of(self.text);
        match &left.kind {
            OperandKind::Path if text.eq_ignore_ascii_case("group.objectId") => Some(()),
            OperandKind::Hole => None,
            OperandKind::Path if text.to_ascii_lowercase().starts_with("group.") => {
                self.report(
                    form(
                        left.span,
                        format!(
                            "`{text}` cannot be tested: `memberOf` knows groups by `group.objectId` only"
                        ),
                    )
                    .service_message("Wrong property applied."),
                );
                None
            }
            _ => {
                self.report(
                    Diagnostic::new(
                        &code::WRONG_ITEM,
                        left.span,
                        format!("an item of `memberOf` is a group, not `{text}`"),
                    )
                    .help(FORM_HELP),
                );
                None
            }
        }
    }

    fn group_ids(&mut self, right: &Operand, single: bool) -> Option<Vec<FoldedText>> {
        match &right.kind {
            OperandKind::Text if single => {
                Some(vec![FoldedText::new(&literal::text_value(right.span.of(self.text)))])
            }
            OperandKind::List(items) => self.text_items(items, right.span),
            OperandKind::Hole => None,
            _ => {
                self.report(
                    Diagnostic::new(&code::VALUE_KIND, right.span, "group ids stand in a list")
                        .help(FORM_HELP),
                );
                None
            }
        }
    }
}

const FORM_HELP: &str = "the form is `user.memberOf -any (group.objectId -in ['<object id>'])`";

fn form(span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(&code::MEMBER_OF_FORM, span, message).help(FORM_HELP)
}
