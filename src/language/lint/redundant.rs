//! L11 and L13: conditions that change nothing because of another one in their chain.

use super::super::condition::Condition;
use super::super::tree::Expr;
use super::super::typed::Test;
use super::linted::{Chain, Linted, Part};
use super::rewrite::without;
use super::term::{Term, Tested};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Fix};

/// L11: in `p -eq "Lagos" -or p -startsWith "Lag"` the first condition changes nothing, nor does the
/// second one with `-and`. Usually one of the two has a wrong value.
///
/// L13: `p -ne null -and p -eq "x"` asks for a value twice, and `user.objectId -ne null -and X` asks
/// what everybody has. Copied from the sample for all users, as the discussions of that sample show.
pub(super) fn useless_conditions(linted: &Linted<'_>, chain: &Chain<'_>) -> Vec<Diagnostic> {
    let parts = &chain.parts;
    let covers: Vec<Vec<usize>> = (0..parts.len()).map(|index| covering(chain, index)).collect();
    let stays = |index: &usize| covers.get(*index).is_some_and(Vec::is_empty);
    let mut findings = Vec::new();
    for (index, (part, covers)) in parts.iter().zip(&covers).enumerate() {
        // All fixes of a chain may be made at once, so each has to rely on a condition that stays.
        let lasting = covers.iter().find(|other| stays(other));
        let finding = match lasting.or(covers.first()).and_then(|&other| parts.get(other)) {
            Some(other) => useless(linted, chain, part, other),
            None if chain.all && is_identity(&part.holds) => {
                // One of several such tests has to stay.
                let mut others = parts.iter().enumerate().filter(|&(at, _)| at != index);
                if others.all(|(_, other)| is_identity(&other.holds)) {
                    continue;
                }
                existence(linted, part, "every object has an id")
            }
            None => continue,
        };
        let fixable = lasting.is_some() || covers.is_empty();
        findings.push(if fixable { with_fix(linted, chain, part, finding) } else { finding });
    }
    findings
}

/// The conditions that make the one at `index` useless. Of two that say the same the first stays.
fn covering(chain: &Chain<'_>, index: usize) -> Vec<usize> {
    let covers = |one: &Part<'_>, other: &Part<'_>| {
        if chain.all { one.implies(other) } else { other.implies(one) }
    };
    let Some(part) = chain.parts.get(index) else { return Vec::new() };
    let others = chain.parts.iter().enumerate().filter(|&(at, _)| at != index);
    let covering = others.filter(|&(at, other)| covers(other, part) && (at < index || !covers(part, other)));
    covering.map(|(at, _)| at).collect()
}

fn useless(linted: &Linted<'_>, chain: &Chain<'_>, part: &Part<'_>, other: &Part<'_>) -> Diagnostic {
    let asks_for_a_value = matches!(part.holds, Term::Test { test: Test::IsNull, negated: true, .. });
    let named = linted.excerpt(other.unit.span);
    if chain.all && asks_for_a_value && !other.implied_by(part) {
        return existence(linted, part, &format!("`{named}` needs one"));
    }
    let same = other.implied_by(part) && part.implied_by(other);
    let message = match (same, chain.all) {
        (true, _) => format!("this condition repeats `{named}`"),
        (false, true) => format!("this condition adds nothing: it holds wherever `{named}` does"),
        (false, false) => format!("this condition adds nothing: `{named}` covers it"),
    };
    Diagnostic::new(&code::L11, part.unit.span, message).help("take it out, or mend the value that is wrong")
}

fn existence(linted: &Linted<'_>, part: &Part<'_>, why: &str) -> Diagnostic {
    let message = format!("`{}` adds nothing: {why}", linted.excerpt(part.unit.span));
    Diagnostic::new(&code::L13, part.unit.span, message).help("take it out")
}

fn with_fix(linted: &Linted<'_>, chain: &Chain<'_>, part: &Part<'_>, finding: Diagnostic) -> Diagnostic {
    if chain.in_bare_body {
        return finding;
    }
    let Some(edits) = without(linted.text, part.container, &[part.index]) else { return finding };
    // Without a condition that may fail to evaluate, the rule may have members where it had an error.
    finding.fix(if can_fail(linted, part.unit) { Fix::guess(edits) } else { Fix::safe(edits) })
}

fn can_fail(linted: &Linted<'_>, unit: &Expr) -> bool {
    let fails =
        |condition: &Condition| matches!(condition.test, Test::Matches(_) | Test::CompareVersion { .. });
    let mut found = false;
    unit.walk(&mut |expr| found |= linted.condition(expr).is_some_and(fails));
    found
}

/// Whether it says that the object has an id.
pub(super) fn is_identity(term: &Term<'_>) -> bool {
    matches!(term, Term::Test { of: Tested::Attribute("objectId"), test: Test::IsNull, negated: true })
}

impl Part<'_> {
    fn implied_by(&self, other: &Self) -> bool {
        other.implies(self)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn the_wider_one_of_an_or_stays() {
        assert_snapshot!(
            shown("user.city -eq \"Lagos\" -or user.city -startsWith \"Lag\""),
            @r#"L11 safe: user.city -startsWith "Lag""#
        );
        assert_snapshot!(
            shown("(user.department -eq \"IT\") or (user.department -eq \"it\")"),
            @r#"L11 safe: (user.department -eq "IT")"#
        );
        assert_snapshot!(
            shown("user.city -eq \"a\" -or (user.mail -eq \"b\" -and user.city -eq \"a\")"),
            @r#"L11 safe: user.city -eq "a""#
        );
    }

    #[test]
    fn the_narrower_one_of_an_and_stays() {
        assert_snapshot!(
            shown("user.city -eq \"Lagos\" -and user.city -startsWith \"Lag\""),
            @r#"L11 safe: user.city -eq "Lagos""#
        );
        assert_snapshot!(
            shown("user.displayName -in [\"a\",\"b\"] -and -not (user.displayName -eq \"c\")"),
            @r#"L11 safe: user.displayName -in ["a","b"]"#
        );
        assert_snapshot!(
            shown("user.employeeHireDate -ge system.now -and (user.employeeHireDate -ge system.now -plus P1D)"),
            @"L11 safe: (user.employeeHireDate -ge system.now -plus P1D)"
        );
    }

    #[test]
    fn collections_are_covered_item_by_item() {
        assert_snapshot!(
            shown("(user.otherMails -any (_ -eq \"a\")) -or (user.otherMails -any (_ -contains \"A\"))"),
            @r#"L11 safe: (user.otherMails -any (_ -contains "A"))"#
        );
        assert_eq!(
            codes("(user.otherMails -any (_ -startsWith \"a\")) -and (user.otherMails -any (_ -ne \"ab\"))"),
            "L19"
        );
    }

    #[test]
    fn a_condition_that_can_fail_is_not_dropped_unseen() {
        assert_snapshot!(
            shown("device.displayName -match \"a|b\" -or device.displayName -match \"a|b\""),
            @r#"L11 unsafe: device.displayName -match "a|b""#
        );
    }

    #[test]
    fn existence_that_is_asked_anyway() {
        assert_snapshot!(
            shown("(user.objectId -ne null) -and (user.userType -eq \"Member\")"),
            @r#"L13 safe: (user.userType -eq "Member")"#
        );
        assert_snapshot!(
            shown("user.mail -endsWith \"x\" -and (user.mail -ne null)"),
            @r#"L13 safe: user.mail -endsWith "x""#
        );
        assert_eq!(codes("user.mail -ne null -and user.city -eq \"x\""), "");
        assert_eq!(codes("user.mail -ne null -and user.mail -ne \"x\""), "");
    }

    #[test]
    fn one_of_two_equal_conditions_stays() {
        assert_snapshot!(shown("user.objectId -ne null -and user.objectId -ne $null"), @"
        L11 safe: user.objectId -ne null
        L24 safe: user.objectId -ne null -and user.objectId -ne null
        ");
        assert_snapshot!(shown("user.objectId -ne null -and user.objectId -eq \"x\""), @r#"L13 safe: user.objectId -eq "x""#);
    }

    #[test]
    fn conditions_that_narrow_are_left_alone() {
        assert_eq!(codes("user.city -startsWith \"L\" -and user.city -endsWith \"s\""), "");
        assert_eq!(codes("user.city -startsWith \"L\" -or user.state -startsWith \"L\""), "");
    }
}
