//! L34: service plans that a user had.

use super::super::attribute::PlanField;
use super::super::condition::Target;
use super::super::tree::{Expr, ExprKind};
use super::super::typed::{Quantifier, Test};
use super::linted::{Linted, QuantifiedTerm};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

/// L34: a plan stays listed after it was disabled or taken away; only its status tells. The documented
/// samples test `capabilityStatus` beside the plan.
pub(super) fn without_status(linted: &Linted<'_>, term: &QuantifiedTerm<'_>) -> Option<Diagnostic> {
    term.collection()?;
    let mut tested = None;
    let mut has_status = false;
    term.body.walk(&mut |expr| {
        let Some(condition) = linted.condition(expr) else { return };
        match &condition.target {
            Target::Plan(PlanField::CapabilityStatus) => has_status = true,
            Target::Plan(_) if !matches!(condition.test, Test::IsNull) => {
                tested = tested.or(Some(condition));
            }
            _ => {}
        }
    });
    let condition = tested.filter(|_| !has_status)?;
    let finding = Diagnostic::new(
        &code::L34,
        term.body.span,
        format!(
            "`{}` is tested without its status: disabled plans stay listed",
            linted.excerpt(condition.left)
        ),
    )
    .help("add `-and assignedPlan.capabilityStatus -eq \"Enabled\"` to the same condition");
    let fits = term.quantifier == Quantifier::Any && is_conjunction(linted, term.body);
    Some(if fits {
        let added = " -and assignedPlan.capabilityStatus -eq \"Enabled\"";
        finding.fix(Fix::guess(vec![Edit::new(Span::at(term.body.span.end), added)]))
    } else {
        finding
    })
}

/// Whether `-and` can follow the last condition, and all of them say what the plan is.
fn is_conjunction(linted: &Linted<'_>, body: &Expr) -> bool {
    let is_positive = |expr: &Expr| linted.condition(expr).is_some_and(|condition| !condition.is_negative());
    let fits = match &body.kind {
        ExprKind::Comparison { .. } => is_positive(body),
        ExprKind::And(parts) => parts.iter().all(is_positive),
        _ => false,
    };
    fits && body.wrapped.is_some()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn a_plan_without_its_status() {
        assert_snapshot!(
            shown("user.assignedPlans -any (assignedPlan.servicePlanId -eq \"X\")"),
            @r#"L34 unsafe: user.assignedPlans -any (assignedPlan.servicePlanId -eq "X" -and assignedPlan.capabilityStatus -eq "Enabled")"#
        );
        assert_snapshot!(
            shown("user.assignedPlans -any (assignedPlan.service -eq \"X\" -or assignedPlan.servicePlanId -eq \"Y\")"),
            @"L34"
        );
        assert_eq!(codes("user.assignedPlans -all (assignedPlan.servicePlanId -ne \"X\")"), "L20 L34");
    }

    #[test]
    fn a_plan_with_its_status() {
        assert_eq!(
            codes(
                "user.assignedPlans -any (assignedPlan.servicePlanId -eq \"X\" -and assignedPlan.capabilityStatus -eq \"Enabled\")"
            ),
            ""
        );
        assert_eq!(codes("user.assignedPlans -any (assignedPlan.capabilityStatus -eq \"Enabled\")"), "");
        assert_eq!(codes("user.assignedPlans -any (assignedPlan.servicePlanId -ne null)"), "");
    }
}
