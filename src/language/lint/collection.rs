//! L18 to L20: what is easily misread about collections.

use super::super::condition::{Condition, Target};
use super::super::keyword::Operator;
use super::super::tree::{Expr, ExprKind};
use super::super::typed::{Quantifier, Test};
use super::linted::{Linted, QuantifiedTerm};
use super::term::Term;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

/// L18: a plain operator on a collection. Editions of the documentation disagree on whether `-contains`
/// means a whole item and whether a negative operator means "no item"; the newest one writes `-any`.
///
/// The fix says in full what dyngroup reads. Where the editions disagree a person has to look at it.
pub(super) fn plain_operator(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let Target::Collection(collection) = &condition.target else { return None };
    let (positive, negative) = condition.operator.positive();
    let word = linted.excerpt(condition.operator_span);
    let message = format!("`{word}` stands directly on `{}`, a collection", collection.path());
    let (path, value) = (condition.left.of(linted.text), linted.excerpt(condition.right));
    let meant = format!("({path} -any (_ {} {value}))", positive.word());
    let help = if negative {
        format!(
            "to ask that no item passes write `-not {meant}`; the documentation's own rewriting asks for one item that differs"
        )
    } else if positive == Operator::Contains {
        format!("write `{meant}`; elsewhere the service compares whole items")
    } else {
        format!("write `{meant}`")
    };
    let (open, close) = if linted.is_wrapped(condition) && !negative { ("", ")") } else { ("(", "))") };
    let not = if negative { "-not " } else { "" };
    let mut edits = vec![
        Edit::new(condition.operator_span, format!("-any (_ {}", positive.word())),
        Edit::new(Span::at(condition.span.end), close),
    ];
    if !(open.is_empty() && not.is_empty()) {
        edits.push(Edit::new(Span::at(condition.span.start), format!("{not}{open}")));
    }
    let disputed = negative || positive == Operator::Contains;
    let fix = if disputed { Fix::guess(edits) } else { Fix::safe(edits) };
    Some(Diagnostic::new(&code::L18, condition.span, message).help(help).fix(fix))
}

/// L19: `P -any (_ -ne "x")` holds as soon as one item differs; "has no x" is `-all`. The usual mistake
/// with service plans, as people found out.
///
/// Speaks where nothing else says which item is meant: a negative condition beside a positive one only
/// narrows it down.
pub(super) fn negative_any(linted: &Linted<'_>, term: &QuantifiedTerm<'_>) -> Option<Diagnostic> {
    let collection = term.collection()?;
    if term.quantifier != Quantifier::Any || !takes_any_other(&Term::of(linted, term.body, false)) {
        return None;
    }
    let message = format!("this holds as soon as one item of `{}` is another one", collection.path());
    let finding = Diagnostic::new(&code::L19, term.expr.span, message)
        .help("if no item may be so, write `-all` in place of `-any`");
    Some(finding.fix(Fix::guess(vec![Edit::new(term.quantifier_span, Quantifier::All.word())])))
}

/// Whether an item passes only by not being something.
fn takes_any_other(term: &Term<'_>) -> bool {
    match term {
        // "Has a value" is no choice between items.
        Term::Test { test, negated, .. } => *negated && !matches!(test, Test::IsNull),
        Term::All(parts) => {
            let says_nothing =
                |part: &Term<'_>| matches!(part, Term::Test { test: Test::IsNull, negated: true, .. });
            let mut choosing = parts.iter().filter(|part| !says_nothing(part)).peekable();
            choosing.peek().is_some() && choosing.all(takes_any_other)
        }
        Term::Any(parts) => parts.iter().any(takes_any_other),
        Term::Some { .. } | Term::Every { .. } | Term::Other { .. } => false,
    }
}

/// L20: `-all` holds for a collection without items, as the documentation says beside its own sample.
///
/// The documented way to ask for people without any service plan, `-all (… -eq null)`, means just that.
pub(super) fn empty_all(linted: &Linted<'_>, term: &QuantifiedTerm<'_>) -> Option<Diagnostic> {
    let collection = term.collection()?;
    if term.quantifier != Quantifier::All || asks_for_no_plan(linted, term.body) {
        return None;
    }
    let path = collection.path();
    let message = format!("`-all` also holds where `{path}` has no items");
    let item =
        collection.kind.item_word().filter(|word| *word == "_").unwrap_or("assignedPlan.servicePlanId");
    let help = format!("if there has to be an item, add `-and ({path} -any ({item} -ne null))`");
    Some(Diagnostic::new(&code::L20, term.expr.span, message).help(help))
}

fn asks_for_no_plan(linted: &Linted<'_>, body: &Expr) -> bool {
    let is_idiom = |condition: &Condition| {
        matches!((&condition.target, &condition.test), (Target::Plan(_), Test::IsNull))
            && !condition.is_negative()
    };
    matches!(body.kind, ExprKind::Comparison { .. }) && linted.condition(body).is_some_and(is_idiom)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn plain_operators_are_said_in_full() {
        assert_snapshot!(
            shown("user.otherMails -startsWith\"bob@\""),
            @r#"L18 safe: (user.otherMails -any (_ -startsWith"bob@"))"#
        );
        assert_snapshot!(
            shown("(user.otherMails -endsWith \"@x.y\")"),
            @r#"L18 safe: (user.otherMails -any (_ -endsWith "@x.y"))"#
        );
        assert_snapshot!(
            shown("(user.proxyAddresses -contains \"x.y\")"),
            @r#"L18 unsafe: (user.proxyAddresses -any (_ -contains "x.y"))"#
        );
        assert_snapshot!(
            shown("(user.otherMails -notEndsWith \"@x.y\")"),
            @r#"L18 unsafe: (-not (user.otherMails -any (_ -endsWith "@x.y")))"#
        );
        assert_eq!(codes("user.mail -startsWith \"bob@\""), "");
    }

    #[test]
    fn negative_bodies_of_any() {
        assert_snapshot!(
            shown("user.assignedPlans -any (assignedPlan.servicePlanId -ne \"X\" -and assignedPlan.capabilityStatus -ne null)"),
            @r#"L19 unsafe: user.assignedPlans -all (assignedPlan.servicePlanId -ne "X" -and assignedPlan.capabilityStatus -ne null)"#
        );
        assert_eq!(codes("user.otherMails -any (-not (_ -eq \"a\" -or _ -eq \"b\"))"), "L19 L08");
        assert_eq!(codes("user.otherMails -any (_ -ne null)"), "");
        assert_eq!(codes("user.otherMails -any (_ -startsWith \"a\" -and _ -notEndsWith \"b\")"), "");
        assert_eq!(codes("-not (user.otherMails -all (_ -endsWith \"a\"))"), "L20");
    }

    #[test]
    fn all_without_items() {
        assert_snapshot!(shown("user.otherMails -all (_ -endsWith \"a\")"), @"L20");
        assert_eq!(codes("device.devicePhysicalIds -all (_ -notStartsWith \"[ZTDID]\")"), "L20");
        assert_eq!(codes("user.assignedPlans -all (assignedPlan.servicePlanId -eq null)"), "");
    }
}
