//! Texts that are no rule, and rules with something of another language around them.

use super::looks::{self, after_dash, is_condition, is_dash, word};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::excerpt::excerpt;
use crate::language::keyword::{self, Word};

/// What to say about a text of which no part is a rule.
pub(super) fn no_rule(text: &str) -> Option<Diagnostic> {
    json(text).or_else(|| encoded(text)).or_else(|| prose(text))
}

/// A rule out of a web address.
fn encoded(text: &str) -> Option<Diagnostic> {
    let is_encoded = text.contains("%20") && !text.trim().contains(char::is_whitespace);
    is_encoded.then(|| {
        Diagnostic::new(&code::LEFTOVER_ESCAPE, whole(text), "the rule is encoded for a web address")
            .help("decode it first: `%20` is a blank, `%22` a quote")
    })
}

/// A JSON object, such as a group with its rule.
fn json(text: &str) -> Option<Diagnostic> {
    let inner =
        text.trim_start().strip_prefix(['{', '['])?.trim_start_matches(['{', '[', ' ', '\n', '\r', '\t']);
    let key_end = inner.strip_prefix('"')?.find('"')? + 2;
    if !inner.get(key_end..)?.trim_start().starts_with(':') {
        return None;
    }
    let finding = Diagnostic::new(&code::FOREIGN_SYNTAX, whole(text), "this is JSON, not a rule")
        .help("take the value of `membershipRule` alone, without its quotes and escapes");
    let parsed: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let rule = parsed.as_ref().and_then(|value| value.get("membershipRule")?.as_str());
    Some(match rule {
        Some(rule) => finding.fix(Fix::guess(vec![Edit::new(whole(text), rule)])),
        None => finding,
    })
}

/// A sentence: words, and nothing that a rule is made of.
fn prose(text: &str) -> Option<Diagnostic> {
    let is_rule_like =
        |c: char| matches!(c, '"' | '(' | ')' | '[' | ']' | '$' | '=' | '#' | '/') || is_dash(c);
    if text.contains(is_rule_like) || is_condition(text) {
        return None;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let starts_name = |written: &str| {
        let name = looks::path(written);
        name.contains('.')
    };
    let compares = |written: &str| matches!(Word::find(written), Some(Word::Compare(_)));
    let second = words.get(1).copied().unwrap_or_default();
    let is_short = words.len() < PROSE_MIN_WORDS;
    if is_short || words.iter().any(|written| starts_name(written)) || compares(second) {
        return None;
    }
    Some(
        Diagnostic::new(&code::STRAY_TEXT, whole(text), "this is a sentence, not a rule")
            .help("a condition is attribute, operator, value: `user.department -eq \"Sales\"`"),
    )
}

/// Fewer words than these are a rule with pieces missing.
const PROSE_MIN_WORDS: usize = 4;

fn whole(text: &str) -> Span {
    let start = text.len() - text.trim_start().len();
    Span::new(start, text.trim_end().len().max(start))
}

/// Words before the first condition, such as `SELECT * FROM users WHERE`; the span ends where the
/// condition begins.
pub(super) fn words_before(text: &str) -> Option<Span> {
    let start = text.len() - text.trim_start().len();
    let names = text.char_indices().filter(|&(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        let object = rest.get(..5).filter(|object| object.eq_ignore_ascii_case("user."));
        object.or_else(|| rest.get(..7).filter(|object| object.eq_ignore_ascii_case("device."))).is_some()
    });
    let first =
        names.map(|(at, _)| at).take(NAMES_MAX).find(|&at| text.get(at..).is_some_and(is_condition))?;
    let before = text.get(start..first)?;
    if let Some(length) = assignment(before) {
        return Some(Span::new(start, start + length));
    }
    let words = before.trim_end_matches(|c: char| matches!(c, '(' | '[' | '{' | '!') || c.is_whitespace());
    let words = without_negation(words).trim_end();
    let has_structure = words.contains(['"', '\'', ')', '`', '$', '#', ',', '“', '”', '[', '('])
        || words.contains("//")
        || words.contains("/*")
        || words.split_whitespace().any(is_operator_word);
    if words.is_empty() || has_structure {
        return None;
    }
    let behind = text.get(start + words.len()..)?;
    let gap = behind.len() - behind.trim_start().len();
    Some(Span::new(start, start + words.len() + gap))
}

/// How many names are tried as the beginning of the rule.
const NAMES_MAX: usize = 32;

/// The length of `"membershipRule": ` or `-MembershipRule ` before a rule in quotes.
fn assignment(before: &str) -> Option<usize> {
    let name = before.to_ascii_lowercase().rfind("membershiprule")? + "membershiprule".len();
    let behind = before.get(name..)?;
    let signs = behind.strip_prefix(['"', '\'']).unwrap_or(behind);
    let value = signs.trim_start_matches(|c: char| matches!(c, ':' | '=' | '>') || c.is_whitespace());
    Some(before.len() - value.len()).filter(|_| value.len() <= QUOTES_BEFORE_MAX_BYTES)
}

/// Quotes, escapes and parentheses between `membershipRule` and the first condition, at most so many.
const QUOTES_BEFORE_MAX_BYTES: usize = 8;

fn without_negation(words: &str) -> &str {
    let cut = words.len().saturating_sub(3);
    match words.get(cut..) {
        Some(last) if last.eq_ignore_ascii_case("not") => {
            words.get(..cut).unwrap_or_default().trim_end_matches(is_dash)
        }
        _ => words,
    }
}

/// Whether a word says that a condition has begun already: then nothing before it is a preamble.
fn is_operator_word(written: &str) -> bool {
    let bare = after_dash(written);
    let has_dash = bare.len() < written.len() && !bare.is_empty();
    let foreign = keyword::foreign_operator(bare).is_some_and(Word::is_connective);
    has_dash
        || foreign
        || Word::find(bare).is_some_and(|found| matches!(found, Word::Compare(_)) || found.is_connective())
}

pub(super) fn preamble(text: &str, span: Span) -> Diagnostic {
    let words = span.of(text).trim_end();
    Diagnostic::new(
        &code::STRAY_TEXT,
        Span::new(span.start, span.start + words.len()),
        format!("`{}` belongs to no condition", excerpt(words)),
    )
    .help("take it out: a rule begins with its first condition")
    .fix(Fix::guess(vec![Edit::new(span, "")]))
}

/// `x:` or `x =>` at the beginning of a body: the variable and the length of both.
pub(super) fn lambda(rest: &str) -> Option<(&str, usize)> {
    let variable = word(rest);
    if variable.is_empty() || Word::find(variable).is_some() {
        return None;
    }
    let behind = rest.get(variable.len()..)?;
    let sign = ["=>", "->", ":", "|"].into_iter().find(|sign| behind.trim_start().starts_with(sign))?;
    let gap = behind.len() - behind.trim_start().len();
    Some((variable, variable.len() + gap + sign.len()))
}

/// How the items of the collection at `path` are called, where that is known.
pub(super) fn item_word(path: &str) -> Option<&'static str> {
    let name = path.rsplit('.').next().unwrap_or_default();
    Some(match name.to_ascii_lowercase().as_str() {
        "assignedplans" => "assignedPlan",
        "memberof" => "group",
        "othermails" | "proxyaddresses" | "devicephysicalids" | "systemlabels" => "_",
        _ => return None,
    })
}

pub(super) fn lambda_finding(text: &str, variable: Span, item: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::new(
        &code::FOREIGN_SYNTAX,
        variable,
        format!("`{}` names a variable; rules have none", excerpt(variable.of(text))),
    );
    match item {
        Some(item) => finding.help(format!("an item of this collection is called `{item}`")),
        None => finding.help("the items of a collection are called `_`, `assignedPlan` or `group`"),
    }
}

/// `system.now()`.
pub(super) fn call_of_now(call: Span) -> Diagnostic {
    Diagnostic::new(&code::FOREIGN_SYNTAX, call, "`system.now` is no function")
        .help("write `system.now`")
        .fix(Fix::safe(vec![Edit::new(call, "")]))
}

/// `Direct Report of`.
pub(super) fn almost_reports(text: &str, words: Span) -> Diagnostic {
    Diagnostic::new(
        &code::MALFORMED_DIRECT_REPORTS,
        words,
        format!("`{}` is written `Direct Reports for`", excerpt(words.of(text))),
    )
    .help("the form is `Direct Reports for \"<object id>\"`")
    .fix(Fix::guess(vec![Edit::new(words, "Direct Reports for")]))
}

/// A quote around a condition, and the one that closes it where there is one.
pub(super) fn quoted_condition(text: &str, open: Span, close: Option<Span>) -> Diagnostic {
    let quote = open.of(text);
    let mut edits = vec![Edit::new(open, "")];
    edits.extend(close.map(|close| Edit::new(close, "")));
    let message = if quote == "`" {
        "a condition stands in backticks".to_owned()
    } else {
        format!("a condition stands in quotes (`{quote}`)")
    };
    Diagnostic::new(&code::STRAY_TEXT, open.to(close.unwrap_or(open)), message)
        .help("quotes belong around values only: take these out")
        .fix(Fix::guess(edits))
}

/// `[user.city -eq "Oslo"]` or `{…}`.
pub(super) fn bracketed_condition(text: &str, open: Span) -> Diagnostic {
    let code = if open.of(text) == "{" { &code::INVALID_CHARACTER } else { &code::STRAY_TEXT };
    Diagnostic::new(code, open, format!("a condition stands in round brackets, not in `{}`", open.of(text)))
        .help("write `(` and `)`; square brackets belong to lists")
        .fix(Fix::guess(vec![Edit::new(open, "(")]))
}

/// `{"a","b"}`.
pub(super) fn bracketed_list(open: Span) -> Diagnostic {
    Diagnostic::new(&code::INVALID_CHARACTER, open, "a list stands in square brackets, not in `{`")
        .help("write `[` and `]`")
        .fix(Fix::guess(vec![Edit::new(open, "[")]))
}

/// `;` between the items of a list.
pub(super) fn wrong_separator(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        &code::MALFORMED_LIST,
        span,
        format!("the items of a list are separated by commas, not by `{}`", span.of(text)),
    )
    .help("write `,`")
    .fix(Fix::guess(vec![Edit::new(span, ",")]))
}

/// The length of a tag or entity of HTML at the beginning of `rest`.
pub(super) fn markup_of(rest: &str) -> Option<usize> {
    if let Some(entity) = rest.strip_prefix('&') {
        let name = entity.find(|c: char| !c.is_ascii_alphanumeric() && c != '#')?;
        let is_entity = name > 1 && entity.get(name..)?.starts_with(';');
        let is_operator =
            matches!(entity.get(..name)?, "amp" | "lt" | "gt" | "quot" | "apos" | "#34" | "#39");
        return (is_entity && !is_operator).then_some(name + 2);
    }
    let tag = rest.strip_prefix('<')?;
    let name = tag.strip_prefix('/').unwrap_or(tag);
    let length = name.find(|c: char| !c.is_ascii_alphanumeric())?;
    let end = name.get(length..)?.trim_start_matches([' ', '/']);
    let is_tag = length > 0 && length <= TAG_MAX_BYTES && end.starts_with('>');
    is_tag.then_some(rest.len() - end.len() + 1)
}

/// Longest name of a tag, in bytes.
const TAG_MAX_BYTES: usize = 10;

pub(super) fn markup(text: &str, span: Span) -> Diagnostic {
    let written = span.of(text);
    let blank = if written == "&nbsp;" { " " } else { "" };
    let sign = written.get(..1).unwrap_or_default();
    Diagnostic::new(&code::LEFTOVER_ESCAPE, span, format!("`{}` is HTML, not a rule", excerpt(written)))
        .help(if blank.is_empty() { "take it out" } else { "put an ordinary blank here" })
        .service_message(format!("Invalid characters found in the rule: {sign}"))
        .fix(Fix::guess(vec![Edit::new(span, blank)]))
}

/// `]` where `)` closes, or the other way round.
pub(super) fn unlike_brackets(text: &str, span: Span, wanted: &str) -> Diagnostic {
    let written = span.of(text);
    let (code, what) = if wanted == "]" {
        (&code::MALFORMED_LIST, "a list")
    } else {
        (&code::SURPLUS_PARENTHESIS, "a group that `(` opened")
    };
    Diagnostic::new(code, span, format!("`{written}` closes {what}"))
        .help(format!("write `{wanted}`"))
        .fix(Fix::guess(vec![Edit::new(span, wanted)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_rule_are_seen() {
        assert!(no_rule("All users in the Sales department who work in Oslo").is_some());
        let rule = no_rule("{\"membershipRule\": \"user.city -eq \\\"Oslo\\\"\"}").unwrap();
        assert_eq!(rule.fix.unwrap().edits[0].text, "user.city -eq \"Oslo\"");
        for text in
            ["user.city -eq \"Oslo\"", "city equals Oslo", "accountEnabled eq true and more", "", "{x"]
        {
            assert_eq!(no_rule(text), None, "{text}");
        }
    }

    #[test]
    fn words_before_a_rule_are_seen() {
        let before = |text: &'static str| words_before(text).map(|span| span.of(text));
        assert_eq!(before("SELECT * FROM users WHERE user.city = 'x'"), Some("SELECT * FROM users WHERE "));
        assert_eq!(before("if (user.city -eq 'x')"), Some("if "));
        for text in [
            "user.city -eq 'x'",
            "-not (user.city -eq 'x')",
            "not user.city -eq 'x'",
            "((user.city -eq 'x'))",
            "-and user.city -eq 'x'",
            "accountEnabled eq true and user.city -eq 'x'",
            "Direct Reports for 'x' -and user.city -eq 'x'",
        ] {
            assert_eq!(before(text), None, "{text}");
        }
    }

    #[test]
    fn lambdas_are_seen() {
        assert_eq!(lambda("x: x.id"), Some(("x", 2)));
        assert_eq!(lambda("plan => plan.id"), Some(("plan", 7)));
        assert_eq!(lambda("x -eq 1"), None);
    }
}
