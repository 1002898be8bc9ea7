//! L01 to L07: tests that search more than they have to.
//!
//! The guidance on efficient rules asks for equality, prefixes and suffixes in place of `-match` and
//! `-contains`: they are cheaper for the service and say plainly what is meant.

use super::super::condition::{Condition, Target};
use super::super::keyword::Operator;
use super::super::pattern::{Pattern, PlainPattern};
use super::super::typed::Test;
use super::case;
use super::linted::Linted;
use super::rewrite::{operator_and_value, quoted_like};
use crate::base::code::{self, Code};
use crate::base::diagnostic::{Diagnostic, Edit, Fix, Safety};
use crate::base::span::Span;

/// L01 to L05: a pattern that only asks for a text. There is an operator for that.
pub(super) fn plain_pattern(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let Test::Matches(pattern) = &condition.test else { return None };
    let mut found = Replacement::of(pattern, condition.is_negative())?;
    if found.text.as_deref().is_some_and(|text| !case::is_plain(text)) {
        found.caution = found.caution.or(Some(LETTER_CASE));
    }
    let raw = condition.right.of(linted.text);
    let value = found.text.as_ref().map_or_else(|| "null".to_owned(), |text| quoted_like(raw, text));
    let word = found.operator.word();
    let finding = Diagnostic::new(
        found.code,
        condition.operator_span.to(condition.right),
        format!("the pattern `{}` {}", linted.excerpt(condition.right), found.asks_for),
    );
    let help = match found.caution {
        None => format!("write `{word} {value}`"),
        Some(caution) => format!("write `{word} {value}`; {caution}"),
    };
    let edits = operator_and_value(linted.text, condition, found.operator, &value);
    let fix = if found.safety() == Safety::Safe { Fix::safe(edits) } else { Fix::guess(edits) };
    Some(finding.help(help).fix(fix))
}

/// What says the same as a pattern.
struct Replacement {
    code: &'static Code,
    asks_for: &'static str,
    operator: Operator,
    /// The text asked for; `None` for `null`.
    text: Option<String>,
    /// In which way it does not say quite the same.
    caution: Option<&'static str>,
}

impl Replacement {
    fn of(pattern: &Pattern, negative: bool) -> Option<Self> {
        let code = |positive, opposite| if negative { opposite } else { positive };
        let one = |positive: Operator| if negative { positive.negated() } else { Some(positive) };
        // `$` also lets a line feed at the very end pass, which no plain operator does.
        let at_end = (!pattern.source().ends_with("\\z")).then_some(FINAL_FEED);
        Some(match pattern.plain()? {
            PlainPattern::Prefix(text) => Self {
                code: &code::L01,
                asks_for: "only asks how the value begins",
                operator: one(Operator::StartsWith)?,
                text: Some(text),
                caution: None,
            },
            PlainPattern::Suffix { text, unescaped_dot } => Self {
                code: code(&code::L02, &code::L03),
                asks_for: "only asks how the value ends",
                operator: one(Operator::EndsWith)?,
                text: Some(text),
                caution: if unescaped_dot { Some(UNESCAPED_DOT) } else { at_end },
            },
            PlainPattern::Exact(text) => Self {
                code: &code::L04,
                asks_for: "asks for one value",
                operator: one(Operator::Eq)?,
                text: Some(text),
                caution: at_end,
            },
            // Found in every value: what is left is whether there is one.
            PlainPattern::Literal(text) if text.is_empty() => Self {
                code: &code::L05,
                asks_for: "is found in every value",
                operator: if negative { Operator::Eq } else { Operator::Ne },
                text: None,
                caution: None,
            },
            PlainPattern::Literal(text) => Self {
                code: &code::L05,
                asks_for: "only asks for a text anywhere in the value",
                operator: one(Operator::Contains)?,
                text: Some(text),
                caution: None,
            },
        })
    }

    fn safety(&self) -> Safety {
        if self.caution.is_some() { Safety::Unsafe } else { Safety::Safe }
    }
}

const UNESCAPED_DOT: &str = "the dot in the pattern stands for any character";
const LETTER_CASE: &str = "patterns take other letters of this text for the same ones";
const FINAL_FEED: &str = "the pattern also takes a value with a line feed at its end";

/// L06: `.*` at the edge of a pattern that is searched for anywhere. It asks for nothing.
pub(super) fn edge_wildcards(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let Test::Matches(pattern) = &condition.test else { return None };
    let wildcards = pattern.edge_wildcards();
    if wildcards.is_empty() || pattern.plain().is_some() {
        return None;
    }
    let finding = Diagnostic::new(
        &code::L06,
        condition.right,
        "a pattern is searched for anywhere in the value: `.*` at its edge asks for nothing",
    );
    let edits = wildcard_edits(linted, condition, pattern, &wildcards)?;
    Some(finding.help("take the `.*` out").fix(Fix::safe(edits)))
}

fn wildcard_edits(
    linted: &Linted<'_>,
    condition: &Condition,
    pattern: &Pattern,
    wildcards: &[Span],
) -> Option<Vec<Edit>> {
    let source = pattern.source();
    let raw = condition.right.of(linted.text);
    // Without escapes in the literal, places in the pattern are places in the rule.
    if raw.len() == source.len() + 2 {
        let start = condition.right.start + 1;
        let place = |span: &Span| Span::new(start + span.start, start + span.end);
        return Some(wildcards.iter().map(|span| Edit::new(place(span), "")).collect());
    }
    let edits: Vec<Edit> = wildcards.iter().map(|&span| Edit::new(span, "")).collect();
    let left = Fix::safe(edits).applied_to(source)?;
    Some(vec![Edit::new(condition.right, quoted_like(raw, &left))])
}

/// L07: `-contains` on a string. It is the slowest of the plain tests, and often a beginning, an end or
/// the whole value is meant; which, the rule does not say.
pub(super) fn contains(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    if condition.operator != Operator::Contains || !matches!(condition.target, Target::Attribute(_)) {
        return None;
    }
    let message = format!("`{}` searches the whole value", linted.excerpt(condition.operator_span));
    let help = "where it says what you mean, `-eq`, `-startsWith` or `-endsWith` is cheaper and matches less by accident";
    Some(Diagnostic::new(&code::L07, condition.operator_span, message).help(help))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn patterns_that_ask_for_the_beginning() {
        assert_snapshot!(shown("user.city -match \"^Lag\""), @r#"L01 safe: user.city -startsWith "Lag""#);
        assert_snapshot!(shown("user.displayName -match '^it''s.*'"), @"L01 safe: user.displayName -startsWith 'it''s'");
        assert_snapshot!(shown("user.displayName -notMatch \"^a\\.b\""), @r#"L01 safe: user.displayName -notStartsWith "a.b""#);
        assert_eq!(codes("user.displayName -match \"^[ab]\""), "");
    }

    #[test]
    fn letter_case_can_make_a_difference() {
        assert_snapshot!(shown("user.city -match \"^Kårs\""), @r#"L01 safe: user.city -startsWith "Kårs""#);
        assert_snapshot!(shown("user.city -match \"^Straß\""), @r#"L01 unsafe: user.city -startsWith "Straß""#);
    }

    #[test]
    fn patterns_that_ask_for_the_end() {
        assert_snapshot!(shown("user.displayName -match \"@Contoso\\.com$\""), @r#"L02 unsafe: user.displayName -endsWith "@Contoso.com""#);
        assert_snapshot!(shown("user.displayName -match \"@Contoso\\.com\\z\""), @r#"L02 safe: user.displayName -endsWith "@Contoso.com""#);
        assert_snapshot!(shown("user.displayName -match \".*@Contoso.com$\""), @r#"L02 unsafe: user.displayName -endsWith "@Contoso.com""#);
        assert_snapshot!(shown("user.displayName -notMatch \".*@Contoso.com$\""), @r#"L03 unsafe: user.displayName -notEndsWith "@Contoso.com""#);
        assert_eq!(codes("user.displayName -match \"(a|b)$\""), "");
    }

    #[test]
    fn patterns_that_ask_for_a_value_or_a_part() {
        assert_snapshot!(shown("user.city -match \"^Oslo$\""), @r#"L04 unsafe: user.city -eq "Oslo""#);
        assert_snapshot!(shown("user.city -match \"\\AOslo\\z\""), @r#"L04 safe: user.city -eq "Oslo""#);
        assert_snapshot!(shown("user.city -match \"ago\""), @r#"L05 safe: user.city -contains "ago""#);
        assert_snapshot!(shown("user.displayName -notMatch \"ago\""), @r#"L05 safe: user.displayName -notContains "ago""#);
        assert_snapshot!(shown("user.city -match \".*\""), @"L05 safe: user.city -ne null");
        assert_snapshot!(shown("user.displayName -notMatch \".*\""), @"L05 safe: user.displayName -eq null");
        assert_eq!(codes("user.city -match \"^Oslo|Bergen$\""), "");
    }

    #[test]
    fn wildcards_at_the_edge() {
        assert_snapshot!(shown("user.city -match \".*[ab]c.*\""), @r#"L06 safe: user.city -match "[ab]c""#);
        assert_snapshot!(shown("user.city -match \".*[`\"'']\""), @r#"L06 safe: user.city -match "[`"'']""#);
        assert_eq!(codes("user.city -match \"[ab].*c\""), "");
    }

    #[test]
    fn contains_on_a_string_only() {
        assert_snapshot!(shown("user.city -contains \"ago\""), @"L07");
        assert_eq!(codes("user.displayName -notContains \"ago\""), "");
        assert_eq!(codes("(user.otherMails -any (_ -contains \"ago\"))"), "");
    }
}
