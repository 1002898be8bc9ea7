//! How far the body of an unparenthesised quantifier reaches.
//!
//! `-any` and `-all` bind loosest: in `P -any (X) -or (Y)` the body is `(X) -or (Y)`. The grammar reads
//! only the next term as the body; this pass hands over what follows where it tests items too. Where it
//! names the object again, the strict reading makes no sense: the service's dialect asks for
//! parentheses, the extended one reads the rule as if they were there.

use super::dialect::Dialect;
use super::tree::{Expr, ExprKind, Operand, OperandKind};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

/// Settles the bodies in `tree` and reports quantified terms that need parentheses.
pub(super) fn settle(tree: Expr, text: &str, dialect: Dialect, diagnostics: &mut Vec<Diagnostic>) -> Expr {
    if !has_quantifier(&tree) {
        return tree;
    }
    level(tree, &mut Settling { text, dialect, diagnostics })
}

struct Settling<'a> {
    text: &'a str,
    dialect: Dialect,
    diagnostics: &'a mut Vec<Diagnostic>,
}

/// Settles one level: a condition up to, and then within, the parentheses in it.
fn level(mut expr: Expr, settling: &mut Settling<'_>) -> Expr {
    let is_chain = matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Not { .. });
    if is_chain && reaches_to_the_end(&expr, settling.text) {
        expr = absorb(expr);
    } else if is_chain {
        report_unwrapped(&expr, settling);
    }
    map_inner(expr, settling)
}

/// Goes on into each part: a wrapped part and the body of a quantifier are levels of their own.
fn map_inner(mut expr: Expr, settling: &mut Settling<'_>) -> Expr {
    let inner = |part: Expr, settling: &mut Settling<'_>| {
        if part.wrapped.is_some() { level(part, settling) } else { map_inner(part, settling) }
    };
    expr.kind = match expr.kind {
        ExprKind::And(parts) => ExprKind::And(parts.into_iter().map(|part| inner(part, settling)).collect()),
        ExprKind::Or(parts) => ExprKind::Or(parts.into_iter().map(|part| inner(part, settling)).collect()),
        ExprKind::Not { times, part } => ExprKind::Not { times, part: Box::new(inner(*part, settling)) },
        ExprKind::Quantified { collection, quantifier, quantifier_span, body } => ExprKind::Quantified {
            collection,
            quantifier,
            quantifier_span,
            body: Box::new(level(*body, settling)),
        },
        leaf => leaf,
    };
    expr
}

/// Whether the level begins with a quantified term and all that follows tests items.
fn reaches_to_the_end(expr: &Expr, text: &str) -> bool {
    let mut leaves = Vec::new();
    leaves_of_level(expr, false, &mut leaves);
    let Some(((first, negated), rest)) = leaves.split_first() else { return false };
    matches!(first.kind, ExprKind::Quantified { .. })
        && !negated
        && first.wrapped.is_none()
        && !rest.is_empty()
        && rest.iter().all(|(leaf, _)| tests_items_only(leaf, text))
}

/// The terms of a level in the order of the text, each with whether `-not` stands right before it.
fn leaves_of_level<'tree>(expr: &'tree Expr, negated: bool, leaves: &mut Vec<(&'tree Expr, bool)>) {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            for part in parts {
                if part.wrapped.is_some() {
                    leaves.push((part, false));
                } else {
                    leaves_of_level(part, false, leaves);
                }
            }
        }
        ExprKind::Not { part, .. } if part.wrapped.is_none() => leaves_of_level(part, true, leaves),
        _ => leaves.push((expr, negated)),
    }
}

fn tests_items_only(expr: &Expr, text: &str) -> bool {
    let mut only = true;
    expr.walk(&mut |part| match &part.kind {
        ExprKind::Comparison { left, .. } => only &= is_item(left, text),
        ExprKind::Quantified { .. } | ExprKind::Reports { .. } => only = false,
        _ => {}
    });
    only
}

fn is_item(left: &Operand, text: &str) -> bool {
    match left.kind {
        OperandKind::Underscore | OperandKind::Hole => true,
        OperandKind::Path => {
            let object = left.span.of(text).split('.').next().unwrap_or_default();
            object.eq_ignore_ascii_case("assignedPlan") || object.eq_ignore_ascii_case("group")
        }
        _ => false,
    }
}

/// Makes the whole level the body of the quantified term that it begins with.
fn absorb(expr: Expr) -> Expr {
    let (span, wrapped) = (expr.span, expr.wrapped);
    let mut head = None;
    let mut body = take_head(expr, &mut head);
    let Some((collection, quantifier, quantifier_span, body_start)) = head else { return body };
    body.span = Span::new(body_start, span.end);
    body.wrapped = None;
    let kind = ExprKind::Quantified { collection, quantifier, quantifier_span, body: Box::new(body) };
    let mut whole = Expr::leaf(kind, span);
    whole.wrapped = wrapped;
    whole
}

type Head = (Operand, super::typed::Quantifier, Span, usize);

/// Replaces the quantified term at the beginning by its body.
fn take_head(mut expr: Expr, head: &mut Option<Head>) -> Expr {
    expr.kind = match expr.kind {
        ExprKind::And(parts) => ExprKind::And(take_first(parts, head)),
        ExprKind::Or(parts) => ExprKind::Or(take_first(parts, head)),
        ExprKind::Quantified { collection, quantifier, quantifier_span, body } => {
            *head = Some((collection, quantifier, quantifier_span, body.outer_span().start));
            return *body;
        }
        other => other,
    };
    if let Some((.., start)) = head {
        expr.span.start = *start;
    }
    expr
}

fn take_first(parts: Vec<Expr>, head: &mut Option<Head>) -> Vec<Expr> {
    parts
        .into_iter()
        .enumerate()
        .map(|(at, part)| if at == 0 && part.wrapped.is_none() { take_head(part, head) } else { part })
        .collect()
}

fn report_unwrapped(expr: &Expr, settling: &mut Settling<'_>) {
    // With a parenthesis too many or too few, nobody knows where the term was meant to end.
    let is_unbalanced = |finding: &Diagnostic| {
        [&code::UNCLOSED_PARENTHESIS, &code::SURPLUS_PARENTHESIS].contains(&finding.code)
    };
    if settling.diagnostics.iter().any(is_unbalanced) {
        return;
    }
    let mut leaves = Vec::new();
    leaves_of_level(expr, false, &mut leaves);
    for (leaf, _) in leaves {
        let ExprKind::Quantified { quantifier, collection, .. } = &leaf.kind else { continue };
        // The service refuses any combination of `memberOf`: parentheses would not help.
        let path = collection.span.of(settling.text).to_ascii_lowercase();
        let refused_anyway = settling.dialect == Dialect::Entra && path.ends_with(".memberof");
        if leaf.wrapped.is_some() || refused_anyway {
            continue;
        }
        let word = quantifier.word();
        let message = format!("this `{word}` term stands next to another condition without parentheses");
        let code = match settling.dialect {
            Dialect::Entra => &code::UNWRAPPED_QUANTIFIER,
            Dialect::Extended => &code::L16,
        };
        let mut finding = Diagnostic::new(code, leaf.span, message)
            .help(format!("`{word}` binds loosest: put the whole term in parentheses"))
            .fix(Fix::safe(vec![
                Edit::new(Span::at(leaf.span.start), "("),
                Edit::new(Span::at(leaf.span.end), ")"),
            ]));
        if settling.dialect == Dialect::Entra {
            finding = finding.service_message(format!("Invalid operands found for operator {word}"));
        }
        settling.diagnostics.push(finding);
    }
}

fn has_quantifier(tree: &Expr) -> bool {
    let mut found = false;
    tree.walk(&mut |expr| found |= matches!(expr.kind, ExprKind::Quantified { .. }));
    found
}
