//! L10: a condition that every branch repeats.

use super::super::tree::{Expr, ExprKind};
use super::linted::{Chain, Linted, Part};
use super::rewrite::without;
use super::term::Term;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

/// L10: `(D -and C1) -or (D -and C2)` is `D -and (C1 -or C2)`. The guidance on efficient rules asks for
/// the short form: the service evaluates `D` once, and what is left is often one list.
pub(super) fn common_condition(linted: &Linted<'_>, chain: &Chain<'_>) -> Vec<Diagnostic> {
    common(linted, chain).into_iter().collect()
}

fn common(linted: &Linted<'_>, chain: &Chain<'_>) -> Option<Diagnostic> {
    let whole = chain.expr;
    let branches: Vec<Branch<'_>> = match &whole.kind {
        ExprKind::Or(branches) => {
            branches.iter().map(|branch| Branch::of(linted, branch)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    let (first, others) = branches.split_first()?;
    let mut shared: Vec<Vec<usize>> = vec![Vec::new(); branches.len()];
    for (index, part) in first.parts.iter().enumerate() {
        let places: Option<Vec<usize>> = others.iter().map(|other| other.position(part)).collect();
        let places = places.filter(|places| {
            // A condition that one branch has twice is that branch's own matter.
            shared.iter().skip(1).zip(places).all(|(taken, place)| !taken.contains(place))
        });
        if let Some(places) = places {
            for (taken, place) in shared.iter_mut().zip(std::iter::once(index).chain(places)) {
                taken.push(place);
            }
        }
    }
    let taken = shared.first().filter(|taken| !taken.is_empty())?;
    let repeated: Vec<Span> =
        taken.iter().filter_map(|&index| first.expr.parts().get(index)).map(Expr::outer_span).collect();
    // A branch of nothing else makes the other branches useless, which is L11's to say.
    let all_left = branches.iter().zip(&shared).all(|(branch, taken)| taken.len() < branch.parts.len());
    if !all_left {
        return None;
    }
    let named = repeated.first().map(|&span| linted.excerpt(span)).unwrap_or_default();
    let message = format!("every branch of this `-or` repeats `{named}`");
    let finding = Diagnostic::new(&code::L10, whole.span, message)
        .help("ask it once: `D -and (A -or B)` in place of `(D -and A) -or (D -and B)`");
    if chain.in_bare_body {
        return Some(finding);
    }
    let mut edits = Vec::new();
    for (branch, taken) in branches.iter().zip(&mut shared) {
        taken.sort_unstable();
        edits.extend(without(linted.text, branch.expr, taken)?);
    }
    let mut head = String::new();
    for span in repeated {
        head.push_str(span.of(linted.text));
        head.push_str(" -and ");
    }
    edits.push(Edit::new(Span::at(whole.span.start), format!("{head}(")));
    edits.push(Edit::new(Span::at(whole.span.end), ")"));
    Some(finding.fix(Fix::safe(edits)))
}

/// One branch of an `-or`: an `-and` with its direct parts.
struct Branch<'a> {
    expr: &'a Expr,
    parts: Vec<Part<'a>>,
}

impl<'a> Branch<'a> {
    fn of(linted: &Linted<'a>, expr: &'a Expr) -> Option<Self> {
        let ExprKind::And(units) = &expr.kind else { return None };
        let part = |(index, unit): (usize, &'a Expr)| Part {
            unit,
            container: expr,
            index,
            holds: Term::of(linted, unit, false),
            fails: Term::of(linted, unit, true),
        };
        Some(Self { expr, parts: units.iter().enumerate().map(part).collect() })
    }

    /// Where the branch says the same as `wanted`.
    fn position(&self, wanted: &Part<'_>) -> Option<usize> {
        self.parts.iter().position(|part| part.implies(wanted) && wanted.implies(part))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn a_repeated_condition_is_asked_once() {
        assert_snapshot!(
            shown("(user.department -eq \"IT\" -and user.city -eq \"Oslo\") -or (user.city -eq \"Bergen\" -and user.department -eq 'it')"),
            @r#"L10 safe: user.department -eq "IT" -and ((user.city -eq "Oslo") -or (user.city -eq "Bergen"))"#
        );
    }

    #[test]
    fn several_repeated_conditions_go_together() {
        assert_snapshot!(
            shown("(user.city -eq 'a') -and (user.displayName -ne 'b') -and user.mobile -eq 'x' -or -not (user.displayName -eq 'B') -and (user.mail -eq 'd') -and (user.city -eq 'a')"),
            @r#"
        L10 safe: (user.city -eq 'a') -and (user.displayName -ne 'b') -and (user.mobile -eq 'x' -or (user.mail -eq 'd'))
        L17 safe: ((user.city -eq 'a') -and (user.displayName -ne 'b') -and user.mobile -eq 'x') -or (-not (user.displayName -eq 'B') -and (user.mail -eq 'd') -and (user.city -eq 'a'))
        L37
        "#
        );
    }

    #[test]
    fn branches_that_differ_are_left_alone() {
        assert_eq!(
            codes(
                "(user.city -eq 'a' -and user.state -eq 'b') -or (user.city -eq 'c' -and user.state -eq 'd')"
            ),
            ""
        );
        assert_eq!(codes("(user.city -eq 'a' -and user.state -eq 'b') -or user.mail -eq 'c'"), "");
        assert_eq!(codes("(user.city -eq 'a' -and user.state -eq 'b') -or user.city -eq 'a'"), "L11");
    }
}
