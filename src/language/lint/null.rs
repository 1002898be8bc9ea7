//! L21 to L24 and L33: missing values.

use super::super::attribute::{Attribute, Kind, Subject};
use super::super::condition::{Condition, Target};
use super::super::keyword::Operator;
use super::super::tree::{Expr, ExprKind, OperandKind};
use super::super::typed::Test;
use super::linted::Linted;
use super::rewrite::{appended, operator_and_value, other_value};
use super::term::{Term, Tested};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::fold::FoldedText;
use crate::base::span::Span;

/// L21: a negative condition holds for objects without a value, so `user.department -ne "Sales"` takes
/// everybody without a department in. That follows from the documentation of the sibling language and
/// surprises most readers.
///
/// Once for each attribute of a conjunction, and not where the conjunction asks for a value anyway. The
/// items of a collection are no missing values.
pub(super) fn negative_without_value(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let mut search = Search { linted, findings: Vec::new() };
    let place = Place { negated: false, conjunction: true, unit: None };
    search.visit(linted.tree, false, place, &mut Vec::new());
    search.findings
}

struct Search<'linted, 'a> {
    linted: &'linted Linted<'a>,
    findings: Vec<Diagnostic>,
}

/// Where the condition at hand stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// Whether an odd number of `-not` stands above the unit.
    negated: bool,
    /// Whether the unit is the whole rule or a part of an `-and`.
    conjunction: bool,
    /// The outermost `-not` directly over the condition, if there is one.
    unit: Option<&'a Expr>,
}

impl<'a> Search<'_, 'a> {
    /// `settled` holds the attributes that have a value here, or were spoken of.
    fn visit(&mut self, expr: &'a Expr, negated: bool, place: Place<'a>, settled: &mut Vec<&'a str>) {
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                let conjunction = matches!(expr.kind, ExprKind::And(_));
                let place = Place { negated, conjunction, unit: None };
                needs_value(&Term::of(self.linted, expr, negated), settled);
                for part in parts {
                    if conjunction == negated {
                        self.visit(part, negated, place, &mut settled.clone());
                    } else {
                        self.visit(part, negated, place, settled);
                    }
                }
            }
            ExprKind::Not { times, part } => {
                let place = Place { unit: place.unit.or(Some(expr)), ..place };
                self.visit(part, negated != (times % 2 == 1), place, settled);
            }
            ExprKind::Comparison { .. } => self.comparison(expr, negated, place, settled),
            ExprKind::Quantified { .. } | ExprKind::Reports { .. } | ExprKind::Hole => {}
        }
    }

    fn comparison(&mut self, expr: &'a Expr, negated: bool, place: Place<'a>, settled: &mut Vec<&'a str>) {
        let Some(condition) = self.linted.condition(expr) else { return };
        let Target::Attribute(attribute) = &condition.target else { return };
        let surprises = attribute.nullable
            && condition.is_negative() != negated
            && !matches!(condition.test, Test::IsNull)
            && !is_not_synced(attribute, &condition.test);
        if !surprises || settled.contains(&&*attribute.name) {
            return;
        }
        settled.push(&attribute.name);
        let unit = place.unit.unwrap_or(expr);
        let who = match attribute.subject {
            Subject::User => "people",
            Subject::Device => "devices",
        };
        let path = condition.left.of(self.linted.text);
        let message =
            format!("{who} without `{path}` match: `{}` holds for them", self.linted.excerpt(unit.span));
        let mut finding = Diagnostic::new(&code::L21, unit.span, message)
            .help(format!("to leave them out add `-and {path} -ne null`"));
        if !place.negated {
            finding = finding.fix(Fix::guess(with_value(self.linted.text, unit, path, place.conjunction)));
        }
        self.findings.push(finding);
    }
}

/// `dirSyncEnabled` is null for people who were never synced: "is not true" is how to ask for them.
fn is_not_synced(attribute: &Attribute, test: &Test) -> bool {
    &*attribute.name == SYNCED && matches!(test, Test::IsBoolean(true))
}

const SYNCED: &str = "dirSyncEnabled";

/// Adds `-and path -ne null` to a condition.
fn with_value(text: &str, unit: &Expr, path: &str, conjunction: bool) -> Vec<Edit> {
    let added = format!(" -and {path} -ne null");
    if unit.wrapped.is_some() || conjunction {
        let end = if unit.wrapped.is_some() { unit.span.end } else { unit.outer_span().end };
        return vec![appended(text, end, &added)];
    }
    vec![Edit::new(Span::at(unit.span.start), "("), Edit::new(Span::at(unit.span.end), format!("{added})"))]
}

/// Adds the attributes that have a value wherever `term` holds.
fn needs_value<'a>(term: &Term<'a>, found: &mut Vec<&'a str>) {
    match term {
        Term::Test { of: Tested::Attribute(name), test, negated } => {
            if *negated == matches!(test, Test::IsNull) && !found.contains(name) {
                found.push(name);
            }
        }
        Term::All(parts) => parts.iter().for_each(|part| needs_value(part, found)),
        Term::Any(parts) => {
            let mut branches = parts.iter().map(|part| {
                let mut needed = Vec::new();
                needs_value(part, &mut needed);
                needed
            });
            let first = branches.next().unwrap_or_default();
            let others: Vec<Vec<&str>> = branches.collect();
            let everywhere = |name: &&str| others.iter().all(|other| other.contains(name));
            let new: Vec<&str> =
                first.into_iter().filter(everywhere).filter(|name| !found.contains(name)).collect();
            found.extend(new);
        }
        Term::Test { .. } | Term::Some { .. } | Term::Every { .. } | Term::Other { .. } => {}
    }
}

/// L22: `"null"` in quotes is the word, not the missing value. An edition of the documentation printed it
/// by mistake.
pub(super) fn quoted_null(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let is_null = |text: &FoldedText| matches!(text.folded(), "NULL" | "$NULL");
    let (span, alone) = listed(condition, is_null)?;
    let raw = span.of(linted.text);
    let finding =
        Diagnostic::new(&code::L22, span, format!("`{raw}` in quotes is a word, not a missing value"));
    Some(if alone {
        finding.help("write `null` without quotes").fix(Fix::guess(vec![other_value(
            linted.text,
            span,
            "null",
        )]))
    } else {
        finding.help("a list cannot hold `null`; add `-or … -eq null` beside it")
    })
}

/// L23: the empty string is not the missing value, and the service does not normally store it. A sample of
/// the documentation had it wrong until readers complained.
pub(super) fn empty_text(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let (span, alone) = listed(condition, |text| text.folded().is_empty())?;
    let finding = Diagnostic::new(&code::L23, span, "the empty string is not a missing value");
    // An item is never missing: null would say something else again.
    if !alone || matches!(condition.target, Target::Item(_)) {
        return Some(finding.help("no stored value is empty; take it out"));
    }
    Some(finding.help("to find missing values write `null`").fix(Fix::guess(vec![other_value(
        linted.text,
        span,
        "null",
    )])))
}

/// The first of the texts asked for by `-eq`, `-in` and their opposites that is `wanted`, and whether
/// it is the only value.
fn listed(condition: &Condition, wanted: impl Fn(&FoldedText) -> bool) -> Option<(Span, bool)> {
    match (&condition.test, &condition.right_kind) {
        (Test::Equals(text), _) => wanted(text).then_some((condition.right, true)),
        (Test::In(texts), OperandKind::List(items)) => {
            let (_, item) = texts.iter().zip(items).find(|(text, _)| wanted(text))?;
            Some((item.span, false))
        }
        _ => None,
    }
}

/// L24: `$null` is PowerShell's spelling. Older editions of the documentation call both the same; newer
/// ones write `null`.
pub(super) fn dollar_null(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let raw = condition.right.of(linted.text);
    if condition.right_kind != OperandKind::Null || !raw.starts_with('$') {
        return None;
    }
    let finding =
        Diagnostic::new(&code::L24, condition.right, format!("`{raw}` is an old spelling of `null`"));
    Some(finding.help("write `null`").fix(Fix::safe(vec![other_value(linted.text, condition.right, "null")])))
}

/// L33: `dirSyncEnabled -eq false` misses people who were never synced: Graph documents null for them.
pub(super) fn synced(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let asks_false = |condition: &Condition| {
        matches!(&condition.target, Target::Attribute(attribute) if &*attribute.name == SYNCED && attribute.kind == Kind::Boolean)
            && matches!(condition.test, Test::IsBoolean(false))
    };
    if condition.operator != Operator::Eq || !asks_false(condition) || under_not(linted.tree, condition.span)
    {
        return None;
    }
    // The author who asks for null as well knows.
    let knows = |other: &Condition| {
        matches!(&other.target, Target::Attribute(attribute) if &*attribute.name == SYNCED)
            && matches!(other.test, Test::IsNull)
    };
    if linted.conditions.iter().any(knows) {
        return None;
    }
    let finding = Diagnostic::new(
        &code::L33,
        condition.span,
        "people who were never synced have no value and do not match",
    );
    let edits = operator_and_value(linted.text, condition, Operator::Ne, "true");
    Some(finding.help("to select everybody who is not synced write `-ne true`").fix(Fix::guess(edits)))
}

/// Whether an odd number of `-not` stands above the condition at `span`.
fn under_not(expr: &Expr, span: Span) -> bool {
    let below = || expr.parts().iter().find(|part| part.span.contains(span));
    let flips = matches!(expr.kind, ExprKind::Not { times, .. } if times % 2 == 1);
    flips != below().is_some_and(|part| under_not(part, span))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, messages, shown};
    use insta::assert_snapshot;

    #[test]
    fn negative_conditions_take_in_who_has_no_value() {
        assert_snapshot!(
            messages("(user.department -eq \"Sales\") -and -not (user.jobTitle -startsWith \"SDE\")"),
            @r#"L21: people without `user.jobTitle` match: `-not (user.jobTitle -startsWith "SDE")` holds for them"#
        );
        assert_snapshot!(
            shown("(user.department -eq \"Sales\") -and -not (user.jobTitle -startsWith \"SDE\")"),
            @r#"L21 unsafe: (user.department -eq "Sales") -and -not (user.jobTitle -startsWith "SDE") -and user.jobTitle -ne null"#
        );
        assert_snapshot!(
            shown("user.department -ne \"Sales\""),
            @r#"L21 unsafe: user.department -ne "Sales" -and user.department -ne null"#
        );
        assert_snapshot!(
            shown("(user.department -ne \"Sales\") -or user.city -notIn [\"a\",\"b\"]"),
            @r#"
        L21 unsafe: (user.department -ne "Sales" -and user.department -ne null) -or user.city -notIn ["a","b"]
        L21 unsafe: (user.department -ne "Sales") -or (user.city -notIn ["a","b"] -and user.city -ne null)
        "#
        );
        assert_snapshot!(
            shown("-not (user.city -eq 'a' -or user.state -eq 'b' -or user.state -startsWith 'c')"),
            @"
        L21
        L21
        "
        );
    }

    #[test]
    fn a_value_that_is_asked_for_is_there() {
        for rule in [
            "user.department -ne \"Sales\" -and user.department -ne null",
            "(user.city -startsWith \"L\") -and (user.state -eq \"x\" -or user.city -notEndsWith \"s\")",
            "(user.city -eq \"L\" -or user.city -eq null -and user.city -ne null) -and user.city -notEndsWith \"s\"",
            "-not (user.city -eq null -or user.city -eq \"L\")",
            "-not (user.city -ne \"L\")",
            "user.displayName -ne \"L\"",
            "user.otherMails -all (_ -ne \"L\")",
            "user.dirSyncEnabled -ne true",
        ] {
            assert!(!codes(rule).contains("L21"), "{rule}: {}", codes(rule));
        }
        assert_eq!(codes("-not (user.city -eq null -and user.city -eq \"L\")"), "L12 L21");
        assert_eq!(codes("user.city -ne null -or user.city -ne \"L\""), "L12 L21");
        assert_eq!(codes("user.dirSyncEnabled -ne false"), "L21");
    }

    #[test]
    fn null_in_quotes() {
        assert_snapshot!(shown("user.city -eq \"null\""), @"L22 unsafe: user.city -eq null");
        assert_snapshot!(shown("user.displayName -ne '$Null'"), @"L22 unsafe: user.displayName -ne null");
        assert_snapshot!(shown("user.city -in [\"a\",\"null\"]"), @"L22");
        assert_eq!(codes("user.city -startsWith \"null\""), "");
    }

    #[test]
    fn empty_strings() {
        assert_snapshot!(shown("user.displayName -ne ''"), @"L23 unsafe: user.displayName -ne null");
        assert_snapshot!(
            shown("user.assignedPlans -all (assignedPlan.servicePlanId -eq \"\")"),
            @r#"
        L20
        L34
        L23 unsafe: user.assignedPlans -all (assignedPlan.servicePlanId -eq null)
        "#
        );
        assert_snapshot!(shown("user.otherMails -any (_ -in [\"\",\"a\"])"), @"L23");
        assert_eq!(codes("user.city -eq \" \""), "");
    }

    #[test]
    fn dollar_null_in_any_case() {
        assert_snapshot!(shown("user.city -ne$null"), @"L24 safe: user.city -ne null");
        assert_snapshot!(shown("user.city -ne $Null"), @"L24 safe: user.city -ne null");
        assert_eq!(codes("user.city -ne NULL"), "");
    }

    #[test]
    fn people_who_were_never_synced() {
        assert_snapshot!(shown("(user.dirSyncEnabled -eq false)"), @"L33 unsafe: (user.dirSyncEnabled -ne true)");
        assert_eq!(codes("user.dirSyncEnabled -eq true"), "");
        assert_eq!(codes("user.dirSyncEnabled -eq false -or user.dirSyncEnabled -eq null"), "");
        assert_eq!(codes("-not (user.dirSyncEnabled -eq false)"), "L21");
        assert_eq!(codes("user.accountEnabled -eq false"), "");
    }
}
