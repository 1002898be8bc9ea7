//! L15 and L17: parentheses that a reader, or the portal, needs.

use super::super::tree::{Expr, ExprKind};
use super::linted::{Chain, Linted, QuantifiedTerm};
use super::rewrite::wrap;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Fix};

/// L15: the body of `-any` and `-all` without parentheses. The documentation prints it, and people saw
/// the portal refuse or mangle it; how far it reaches is easily misread.
pub(super) fn bare_body(linted: &Linted<'_>, term: &QuantifiedTerm<'_>) -> Option<Diagnostic> {
    if term.body.wrapped.is_some() {
        return None;
    }
    let word = term.quantifier.word();
    let message = format!("the condition of this `{word}` stands in no parentheses");
    let span = term.body.outer_span();
    let help = format!(
        "write `{} {word} (…)`: the rule builder mangles the other form",
        linted.excerpt(term.path.span)
    );
    Some(Diagnostic::new(&code::L15, span, message).help(help).fix(Fix::safe(wrap(span).into())))
}

/// L17: `-and` next to `-or` without parentheses. `-and` binds tighter, which many readers do not know.
pub(super) fn mixed_connectives(_: &Linted<'_>, chain: &Chain<'_>) -> Vec<Diagnostic> {
    let is_mixed = |part: &&Expr| matches!(part.kind, ExprKind::And(_)) && part.wrapped.is_none();
    let mut containers: Vec<&Expr> = Vec::new();
    for part in &chain.parts {
        if !containers.iter().any(|container| std::ptr::eq(*container, part.container)) {
            containers.push(part.container);
        }
    }
    let mut findings = Vec::new();
    for container in containers {
        let mixed: Vec<&Expr> = container.parts().iter().filter(is_mixed).collect();
        if chain.all || mixed.is_empty() {
            continue;
        }
        let finding = Diagnostic::new(
            &code::L17,
            container.span,
            "`-and` and `-or` are mixed without parentheses; `-and` binds tighter",
        )
        .help("put parentheses round each `-and` group, or where they were meant to be");
        findings.push(if chain.in_bare_body {
            finding
        } else {
            finding.fix(Fix::safe(mixed.into_iter().flat_map(|part| wrap(part.span)).collect()))
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn bodies_get_parentheses() {
        assert_snapshot!(
            shown("device.devicePhysicalIds -any _ -eq \"[OrderID]:x\""),
            @r#"L15 safe: device.devicePhysicalIds -any (_ -eq "[OrderID]:x")"#
        );
        assert_snapshot!(
            shown("user.otherMails -any (_ -startsWith \"a\") -or _ -startsWith \"b\""),
            @r#"L15 safe: user.otherMails -any ((_ -startsWith "a") -or _ -startsWith "b")"#
        );
        assert_snapshot!(
            shown("user.memberOf -any group.objectId -in ['a']"),
            @"
        L14
        L15 safe: user.memberOf -any (group.objectId -in ['a'])
        "
        );
        assert_snapshot!(
            shown("(user.otherMails -any -not _ -startsWith \"a\")"),
            @r#"
        L19 unsafe: (user.otherMails -all -not _ -startsWith "a")
        L15 safe: (user.otherMails -any (-not _ -startsWith "a"))
        "#
        );
        assert_eq!(codes("user.otherMails -any (_ -eq \"a\")"), "");
    }

    #[test]
    fn mixed_connectives_get_parentheses_as_parsed() {
        assert_snapshot!(
            shown("user.city -eq 'a' and user.state -eq 'b' or user.mail -eq 'c' or user.mobile -eq 'd' and (user.state -eq 'b')"),
            @"L17 safe: (user.city -eq 'a' and user.state -eq 'b') or user.mail -eq 'c' or (user.mobile -eq 'd' and (user.state -eq 'b'))"
        );
        assert_eq!(
            codes(
                "user.city -eq 'a' and user.state -eq 'b' or (user.mail -eq 'c' or user.mobile -eq 'd') or user.mail -eq null"
            ),
            "L17"
        );
        assert_eq!(codes("(user.city -eq 'a' and user.state -eq 'b') or user.mail -eq 'c'"), "");
        assert_eq!(codes("user.mail -eq 'c' and (user.city -eq 'a' or user.state -eq 'b')"), "");
        assert_snapshot!(
            shown("user.otherMails -any _ -startsWith 'a' -and _ -endsWith 'b' -or _ -eq 'c'"),
            @"
        L15 safe: user.otherMails -any (_ -startsWith 'a' -and _ -endsWith 'b' -or _ -eq 'c')
        L17
        "
        );
    }
}
