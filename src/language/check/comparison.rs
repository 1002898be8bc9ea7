//! One comparison: which operators an attribute takes, and what the whole means.

use std::sync::Arc;

use super::super::attribute::{Attribute, Kind, PlanField};
use super::super::certainty::Certainty;
use super::super::condition::{Condition, Target};
use super::super::keyword::Operator;
use super::super::literal;
use super::super::tree::{Expr, Operand, OperandKind};
use super::super::typed::{Node, NodeKind, Quantifier, Test};
use super::{Checker, Scope};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

impl Checker<'_> {
    pub(super) fn comparison(
        &mut self,
        expr: &Expr,
        left: &Operand,
        (operator, operator_span): (Operator, Span),
        right: &Operand,
        scope: Scope<'_>,
    ) -> Option<Node> {
        self.is_whole_rule = false;
        let target = self.target(left, (operator, operator_span), right, scope)?;
        // An operator of no width was put in where nobody wrote one: that was reported.
        if operator_span.is_empty() {
            return None;
        }
        // One finding is enough: a value is not held against an operator that does not fit.
        self.operator_fits(&target, operator, operator_span, expr, right)?;
        if matches!(operator, Operator::Gt | Operator::Lt) && !self.extended() {
            self.strict_order(operator, operator_span);
            return None;
        }
        let (test, certainty) = self.test(&target, (operator, operator_span), right)?;
        self.lone_apostrophes(right);
        let certainty = certainty.max(self.left_certainty(&target, left.span));
        self.conditions.push(Condition {
            span: expr.span,
            left: left.span,
            operator,
            operator_span,
            right: right.span,
            right_kind: right.kind.clone(),
            target: target.clone(),
            test: test.clone(),
        });
        Some(node(target, operator, test, expr.span, certainty))
    }

    /// What stands on the left, where it may stand there.
    fn target(
        &mut self,
        left: &Operand,
        (_, operator_span): (Operator, Span),
        right: &Operand,
        scope: Scope<'_>,
    ) -> Option<Target> {
        let text = left.span.of(self.text);
        match (&left.kind, scope) {
            (OperandKind::Hole, _) | (OperandKind::Word, Scope::Unknown) => None,
            (OperandKind::Path | OperandKind::Underscore, _) => self.named_target(left, text, scope),
            (OperandKind::Word, Scope::Items(collection)) => {
                self.wrong_item(left.span, collection);
                None
            }
            (OperandKind::Word, _) => self.no_object(left.span),
            _ => {
                let mut finding = Diagnostic::new(
                    &code::OPERAND_ORDER,
                    left.span,
                    format!("`{text}` stands before the operator; the attribute belongs there"),
                )
                .help("the order is attribute, operator, value");
                if right.kind == OperandKind::Path {
                    let value = right.span.of(self.text);
                    let edits = vec![Edit::new(left.span, value), Edit::new(right.span, text)];
                    finding = finding.fix(Fix::guess(edits));
                }
                let _ = operator_span;
                self.report(finding);
                None
            }
        }
    }

    fn named_target(&mut self, left: &Operand, text: &str, scope: Scope<'_>) -> Option<Target> {
        let (object, name) = text.split_once('.').unwrap_or((text, ""));
        let is_item = left.kind == OperandKind::Underscore
            || object.eq_ignore_ascii_case("assignedPlan")
            || object.eq_ignore_ascii_case("group");
        match (scope, is_item) {
            (Scope::Unknown, _) => None,
            (Scope::Items(collection), true) => self.item_target(left.span, object, name, collection),
            (Scope::Items(collection), false) => {
                if super::Subject::from_word(object).is_some() {
                    self.report(
                        Diagnostic::new(
                            &code::ITEM_SCOPE,
                            left.span,
                            format!("`{text}` cannot be tested inside `-any` or `-all`"),
                        )
                        .help("put it outside, as a condition of its own next to the quantified one"),
                    );
                } else {
                    self.wrong_item(left.span, collection);
                }
                None
            }
            (Scope::Object, true) => {
                self.report(
                    Diagnostic::new(
                        &code::ITEM_SCOPE,
                        left.span,
                        format!("`{text}` is an item and stands outside `-any` and `-all`"),
                    )
                    .help("items exist inside a body only: `user.otherMails -any (_ -contains \"…\")`"),
                );
                None
            }
            (Scope::Object, false) => {
                if self.is_transitive_member_of(left) && self.extended() {
                    self.transitive_member_of(left)?;
                    self.report(
                        Diagnostic::new(
                            &code::OPERATOR_NOT_SUPPORTED,
                            left.span,
                            format!("`{text}` takes `-any` only"),
                        )
                        .help("write `(user.transitiveMemberOf -any (group.objectId -in ['<object id>']))`"),
                    );
                    return None;
                }
                let attribute = self.object_attribute(left.span)?;
                Some(if attribute.kind.is_collection() {
                    Target::Collection(attribute)
                } else {
                    Target::Attribute(attribute)
                })
            }
        }
    }

    fn item_target(
        &mut self,
        span: Span,
        object: &str,
        name: &str,
        collection: &Arc<Attribute>,
    ) -> Option<Target> {
        let wanted = collection.kind.item_word().unwrap_or("_");
        if !object.eq_ignore_ascii_case(wanted) {
            self.wrong_item(span, collection);
            return None;
        }
        if collection.kind == Kind::Texts {
            return Some(Target::Item(Arc::clone(collection)));
        }
        let field = PlanField::from_word(name);
        if field.is_none() {
            let near = super::super::suggest::nearest(name, PlanField::ALL.map(PlanField::word));
            let name_span = Span::new(span.start + object.len() + 1, span.end);
            let finding = Diagnostic::new(
                &code::UNKNOWN_ATTRIBUTE,
                name_span,
                format!("`{name}` is no field of a service plan"),
            );
            self.report(match near {
                Some(near) => finding
                    .help(format!("did you mean `{near}`?"))
                    .fix(Fix::guess(vec![Edit::new(name_span, near)])),
                None => finding.help("service plans have `service`, `servicePlanId` and `capabilityStatus`"),
            });
        }
        field.map(Target::Plan)
    }

    fn wrong_item(&mut self, span: Span, collection: &Attribute) {
        let wanted = collection.kind.item_word().unwrap_or("_");
        let written = span.of(self.text);
        let finding = Diagnostic::new(
            &code::WRONG_ITEM,
            span,
            format!("an item of `{}` is called `{wanted}`, not `{written}`", collection.path()),
        );
        self.report(match collection.kind {
            Kind::Texts => finding
                .help(format!("write `(_ -eq \"…\")` inside `{}`", collection.path()))
                .fix(Fix::guess(vec![Edit::new(span, "_")])),
            _ => finding.help(format!(
                "write `{wanted}.servicePlanId`, `{wanted}.service` or `{wanted}.capabilityStatus`"
            )),
        });
    }

    fn strict_order(&mut self, operator: Operator, span: Span) {
        let inclusive = if operator == Operator::Gt { Operator::Ge } else { Operator::Le };
        self.report(
            Diagnostic::new(
                &code::EXTENDED_ONLY,
                span,
                format!("`{}` belongs to the dialect `extended`", operator.word()),
            )
            .help(format!("the service knows `{}` only", inclusive.word()))
            .fix(Fix::guess(vec![Edit::new(span, inclusive.word())])),
        );
    }

    /// Whether the target takes the operator; reports it where not.
    fn operator_fits(
        &mut self,
        target: &Target,
        operator: Operator,
        span: Span,
        expr: &Expr,
        right: &Operand,
    ) -> Option<()> {
        let (positive, negative) = operator.positive();
        let is_text_test = matches!(positive, Operator::StartsWith | Operator::EndsWith | Operator::Contains);
        let fits = match target {
            Target::Attribute(attribute) => match attribute.kind {
                Kind::Boolean => positive == Operator::Eq,
                Kind::Text => !operator.is_order() || is_version_order(attribute, operator),
                Kind::Date => positive == Operator::Eq || operator.is_order(),
                Kind::Texts | Kind::Plans | Kind::Groups => false,
            },
            Target::Collection(attribute) => attribute.kind == Kind::Texts && is_text_test,
            Target::Item(_) | Target::Plan(_) => !operator.is_order(),
        };
        if fits {
            return Some(());
        }
        let (name, kind) = match target {
            Target::Attribute(attribute) | Target::Collection(attribute) => {
                (attribute.path(), attribute.kind.words())
            }
            Target::Item(_) => ("_".to_owned(), "a string"),
            Target::Plan(field) => (format!("assignedPlan.{}", field.word()), "a string"),
        };
        let word = operator.word();
        let finding = Diagnostic::new(
            &code::OPERATOR_NOT_SUPPORTED,
            span,
            format!("`{word}` does not work on `{name}`, {kind}"),
        );
        self.report(match target {
            Target::Attribute(attribute) if attribute.kind == Kind::Boolean => {
                finding.help("a boolean takes `-eq` and `-ne` with `true`, `false` or `null`")
            }
            Target::Attribute(attribute) if attribute.kind == Kind::Date => finding.help(
                "a date-time takes `-ge` and `-le`, and `-eq` and `-ne` with a fixed instant or `null`",
            ),
            Target::Collection(attribute) if attribute.kind == Kind::Texts && !operator.is_order() => {
                let value = right.span.of(self.text);
                // A collection is never null, only empty.
                let is_null = right.kind == OperandKind::Null;
                let item_operator = if is_null { Operator::Ne } else { positive };
                let inner = format!("({name} -any (_ {} {value}))", item_operator.word());
                let whole = if negative == is_null { inner } else { format!("-not {inner}") };
                finding
                    .help(format!("test the items: `{whole}`"))
                    .fix(Fix::guess(vec![Edit::new(expr.span, whole)]))
            }
            Target::Collection(attribute) if attribute.kind == Kind::Plans => finding
                .help("test the items: `(user.assignedPlans -any (assignedPlan.servicePlanId -eq \"…\"))`"),
            Target::Collection(attribute) if attribute.kind == Kind::Groups => {
                finding.help("write `user.memberOf -any (group.objectId -in ['<object id>'])`")
            }
            _ => finding.help("`-ge` and `-le` compare dates only"),
        });
        None
    }

    /// How sure the reading of the left side is.
    fn left_certainty(&self, target: &Target, span: Span) -> Certainty {
        match target {
            Target::Attribute(attribute) | Target::Collection(attribute) => {
                attribute.certainty.max(self.spelling_certainty(span, &attribute.path()))
            }
            Target::Item(_) => Certainty::Documented,
            Target::Plan(field) => self.spelling_certainty(span, &format!("assignedPlan.{}", field.word())),
        }
    }

    /// A lone apostrophe in a double-quoted string is read as itself, with a warning.
    fn lone_apostrophes(&mut self, right: &Operand) {
        let mut texts = Vec::new();
        match &right.kind {
            OperandKind::Text => texts.push(right.span),
            OperandKind::List(items) => texts.extend(items.iter().map(|item| item.span)),
            _ => {}
        }
        for span in texts {
            let raw = span.of(self.text);
            if !raw.starts_with('"') || raw.matches('\'').count() == 2 * raw.matches("''").count() {
                continue;
            }
            let value = literal::text_value(raw);
            self.report(
                Diagnostic::new(&code::L38, span, "a lone apostrophe in a string does not always match")
                    .help("write it twice: `''`")
                    .fix(Fix::safe(vec![Edit::new(span, literal::quoted(&value))])),
            );
        }
    }
}

/// Guides order operating system versions, so the rule is read; evaluating it takes a choice.
fn is_version_order(attribute: &Attribute, operator: Operator) -> bool {
    attribute.name.as_ref() == "deviceOSVersion" && operator.is_order()
}

/// The typed node of a comparison: negative operators become `not` around their positive twin, plain
/// operators on a collection a quantifier around an item test. All carry the comparison's span.
fn node(target: Target, operator: Operator, test: Test, span: Span, certainty: Certainty) -> Node {
    let (positive, negative) = operator.positive();
    let (kind, certainty) = match target {
        Target::Attribute(attribute) => (NodeKind::Attribute { attribute, test }, certainty),
        Target::Item(_) => (NodeKind::Item { field: None, test }, certainty),
        Target::Plan(field) => (NodeKind::Item { field: Some(field), test }, certainty),
        Target::Collection(collection) => {
            let body =
                Node { kind: NodeKind::Item { field: None, test }, span, certainty: Certainty::Documented };
            let kind = NodeKind::Quantified { quantifier: Quantifier::Any, collection, body: Box::new(body) };
            // Whether `-contains` means the whole item, and whether negatives mean "none", is disputed.
            let disputed = negative || positive == Operator::Contains;
            (kind, if disputed { Certainty::Inferred } else { certainty })
        }
    };
    let inner = Node { kind, span, certainty };
    if negative { Node { kind: NodeKind::Not(Box::new(inner)), span, certainty } } else { inner }
}
