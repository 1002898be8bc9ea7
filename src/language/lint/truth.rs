//! L12: conditions that are never or always true.

use super::super::condition::Target;
use super::super::typed::Test;
use super::linted::{Chain, Linted, Part};
use super::redundant::is_identity;
use super::relation::{constants, text_passes};
use super::term::{Term, Tested};
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::fold::FoldedText;
use crate::base::span::Span;

/// L12: two conditions of one chain that no object can pass, or that every object passes one of, such as
/// `p -eq "a" -and p -eq "b"` and `p -ne "a" -or p -ne "b"`. Usually `-and` and `-or` were mixed up.
///
/// Speaks only where it is certain, for every object and every instant.
pub(super) fn decided(linted: &Linted<'_>, chain: &Chain<'_>) -> Vec<Diagnostic> {
    opposed(linted, chain).or_else(|| exhausted(chain)).or_else(|| everybody(chain)).into_iter().collect()
}

/// L12 for `objectId -eq null`, which no object passes.
pub(super) fn identity(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let is_id =
        |target: &Target| matches!(target, Target::Attribute(attribute) if &*attribute.name == "objectId");
    let asked = linted.conditions.iter().filter(|condition| {
        is_id(&condition.target) && matches!(condition.test, Test::IsNull) && !condition.is_negative()
    });
    asked
        .map(|condition| {
            Diagnostic::new(
                &code::L12,
                condition.span,
                "this condition is never true: every object has an id",
            )
            .help("to select everybody write `-ne null`")
        })
        .collect()
}

/// Two parts that exclude each other, or of an `-or` two whose opposites do.
fn opposed(linted: &Linted<'_>, chain: &Chain<'_>) -> Option<Diagnostic> {
    let clash = |one: &Part<'_>, other: &Part<'_>| {
        if chain.all { one.holds.excludes(&other.holds) } else { one.fails.excludes(&other.fails) }
    };
    let mut pairs = chain
        .parts
        .iter()
        .enumerate()
        .flat_map(|(at, later)| chain.parts.iter().take(at).map(move |earlier| (earlier, later)));
    let (earlier, later) = pairs.find(|(earlier, later)| clash(earlier, later))?;
    let span = earlier.unit.outer_span().to(later.unit.outer_span());
    let [one, other] = [earlier, later].map(|part| linted.excerpt(part.unit.span));
    let message = if chain.all {
        format!("never true: `{one}` and `{other}` exclude each other")
    } else {
        format!("always true: what fails `{one}` passes `{other}`")
    };
    Some(finding(chain, span, message))
}

/// A list of which the other conditions take every value: `p -in ["a","b"] -and p -ne "a" -and p -ne "b"`.
fn exhausted(chain: &Chain<'_>) -> Option<Diagnostic> {
    let tests: Vec<_> = chain.parts.iter().filter_map(|part| single_test(chain, part)).collect();
    let refused = |value: Tested<'_>, text: &FoldedText| {
        tests.iter().any(|&(of, test, negated)| of == value && text_passes(text, test) == Some(negated))
    };
    let lists = tests.iter().filter(|(.., negated)| !negated);
    let mut lists = lists.filter_map(|&(of, test, _)| constants(test).map(|texts| (of, texts)));
    lists.find(|(of, texts)| texts.iter().all(|text| refused(*of, text)))?;
    let message = if chain.all {
        "never true: the other conditions refuse every listed value"
    } else {
        "always true: the other conditions take every listed value"
    };
    Some(finding(chain, chain.expr.span, message.to_owned()))
}

/// The test of a part, as it is asked of an `-and`: for an `-or` the opposite.
fn single_test<'a>(chain: &Chain<'a>, part: &Part<'a>) -> Option<(Tested<'a>, &'a Test, bool)> {
    match if chain.all { &part.holds } else { &part.fails } {
        Term::Test { of, test, negated } => Some((*of, *test, *negated)),
        _ => None,
    }
}

/// An `-or` with a condition that everybody passes.
fn everybody(chain: &Chain<'_>) -> Option<Diagnostic> {
    let id = chain.parts.iter().find(|part| !chain.all && is_identity(&part.holds))?;
    Some(finding(chain, id.unit.outer_span(), "always true: every object has an id".to_owned()))
}

fn finding(chain: &Chain<'_>, span: Span, message: String) -> Diagnostic {
    let (is, meant) = if chain.all { ("-and", "-or") } else { ("-or", "-and") };
    Diagnostic::new(&code::L12, span, message).help(format!("was `{meant}` meant in place of `{is}`?"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, messages};
    use insta::assert_snapshot;

    #[test]
    fn conditions_that_exclude_each_other() {
        assert_snapshot!(
            messages("user.city -eq \"a\" -and user.state -eq \"c\" -and (user.city -eq \"b\")"),
            @"L12: never true: `user.city -eq \"a\"` and `user.city -eq \"b\"` exclude each other"
        );
        for rule in [
            "user.displayName -startsWith \"ab\" -and user.displayName -startsWith \"b\"",
            "user.city -eq null -and user.city -startsWith \"b\"",
            "user.city -in [\"a\",\"b\"] -and user.city -in [\"c\",\"d\"]",
            "user.accountEnabled -eq true -and user.accountEnabled -eq false",
            "user.employeeHireDate -ge 2026-02-01 -and user.employeeHireDate -le 2026-01-01",
            "user.employeeHireDate -ge system.now -plus P2D -and user.employeeHireDate -le system.now -plus P1D",
            "user.city -match \"[ab]\" -and -not (user.city -match \"[ab]\" -or user.state -eq \"x\")",
            "(user.otherMails -any (_ -eq \"a\")) -and (user.otherMails -all (_ -ne \"a\" -and _ -ne null))",
            "user.city -in [\"a\",\"b\"] -and -not (user.city -eq \"a\") -and -not (user.city -startsWith \"b\")",
        ] {
            let found = codes(rule);
            assert!(found.contains("L12"), "{rule}: {found}");
            assert!(messages(rule).contains("never"), "{rule}");
        }
    }

    #[test]
    fn conditions_of_which_one_always_holds() {
        assert_snapshot!(
            messages("device.managementType -eq \"PC\" -or device.managementType -ne \"PC\""),
            @r#"
        L12: always true: what fails `device.managementType -eq "PC"` passes `device.managementType -ne "PC"`
        L21: devices without `device.managementType` match: `device.managementType -ne "PC"` holds for them
        "#
        );
        for rule in [
            "user.displayName -ne \"a\" -or user.displayName -ne \"b\"",
            "user.city -eq null -or user.city -ne null",
            "user.displayName -notIn [\"a\",\"b\"] -or user.displayName -eq \"a\" -or user.displayName -eq \"b\"",
            "user.objectId -ne null -or user.city -eq \"a\"",
        ] {
            let found = codes(rule);
            assert!(found.contains("L12"), "{rule}: {found}");
            assert!(messages(rule).contains("always"), "{rule}");
        }
    }

    #[test]
    fn nobody_lacks_an_id() {
        assert_eq!(codes("user.objectId -eq null"), "L12");
        assert_eq!(codes("user.objectId -ne null"), "");
    }

    #[test]
    fn conditions_that_can_go_either_way() {
        for rule in [
            "user.accountEnabled -eq true -or user.accountEnabled -eq false",
            "user.city -startsWith \"a\" -and user.city -endsWith \"b\"",
            "user.city -eq \"a\" -and user.state -eq \"b\"",
            "user.employeeHireDate -ge 2026-02-01 -and user.employeeHireDate -le system.now",
            "(user.otherMails -any (_ -eq \"a\")) -and (user.otherMails -any (_ -eq \"b\"))",
        ] {
            assert_eq!(codes(rule), "", "{rule}");
        }
    }
}
