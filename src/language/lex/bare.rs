//! Values without quotes, or with one quote only.

use super::looks::{self, after_dash, follows_string, is_condition, is_dash, is_joined};
use crate::base::span::Span;
use crate::language::keyword::{self, Word};
use crate::language::literal;
use crate::language::suggest;

/// How a value without proper quotes is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// Without any quote.
    Plain,
    /// With a closing quote only.
    Unopened,
    /// With quotes in its middle.
    Misplaced,
}

/// The value at the beginning of `rest` and its length in bytes. Empty where none begins there.
pub(super) fn bare_of(rest: &str) -> (Bare, usize) {
    let mut at = 0;
    // Brackets that the value opened: `^[0-7]` holds its own.
    let mut depth = 0_usize;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        let behind = rest.get(at..).unwrap_or_default();
        match c {
            ')' | ']' | '}' if depth > 0 => depth -= 1,
            ',' if depth > 0 => {}
            ')' | ']' | '}' | ',' | ';' | '\n' => break,
            '(' if at == 0 || behind.get(1..).is_some_and(|inner| inner.starts_with(['"', '\''])) => break,
            '[' | '(' | '{' => depth += 1,
            _ => {}
        }
        if matches!(c, '"') || literal::is_curly(c) {
            return quote_inside(rest, at, c);
        }
        if c == '\'' && follows_string(behind.get(1..).unwrap_or_default()) {
            return (Bare::Unopened, at + 1);
        }
        if c.is_whitespace() {
            let next = behind.trim_start();
            if ends_value(next) {
                break;
            }
            at += behind.len() - next.len();
            if next.starts_with('[') && is_list(next) {
                break;
            }
            if next.starts_with('(') {
                let Some(length) = aside(next) else { break };
                at += length;
            }
            continue;
        }
        at += c.len_utf8();
    }
    (Bare::Plain, rest.get(..at).unwrap_or_default().trim_end().len())
}

/// Whether `rest`, which begins with a square bracket, begins with a list and not with a value such as
/// `[OrderID]:Kiosk`.
pub(super) fn is_list(rest: &str) -> bool {
    let inner = rest.get(1..).unwrap_or_default();
    let ends = |c: char| matches!(c, '"' | '\'' | ',' | '[' | ']');
    let found = inner.char_indices().take(VALUE_MAX_CHARS).find(|&(_, c)| ends(c));
    let end = found.map_or(inner.len(), |(at, _)| at);
    let behind = inner.get(end..).unwrap_or_default();
    let after = behind.get(1..).unwrap_or_default();
    match behind.chars().next() {
        Some(']') => {
            after.chars().next().is_none_or(|c| c.is_whitespace() || matches!(c, ')' | ']' | ',' | '}'))
        }
        // `["` before `)`: the quote closes what was never opened.
        Some('"' | '\'') => end > 0 || !after.trim_start().starts_with(')'),
        _ => true,
    }
}

/// A double or typographic quote in or behind a value.
fn quote_inside(rest: &str, at: usize, quote: char) -> (Bare, usize) {
    let before = rest.get(..at).unwrap_or_default();
    let behind = rest.get(at + quote.len_utf8()..).unwrap_or_default();
    if at > 0 && follows_string(behind) && !before.ends_with('`') {
        return (Bare::Unopened, at + quote.len_utf8());
    }
    let has_blank = before.ends_with(char::is_whitespace);
    let end = behind.char_indices().take(VALUE_MAX_CHARS).find(|&(_, c)| c == quote);
    if let Some((next, _)) = end.filter(|_| at > 0 && !has_blank) {
        let inner = behind.get(..next).unwrap_or_default();
        let tail = behind.get(next + quote.len_utf8()..).unwrap_or_default();
        if follows_string(tail) && !looks::holds_condition(inner) {
            return (Bare::Misplaced, at + 2 * quote.len_utf8() + next);
        }
    }
    (Bare::Plain, before.trim_end().len())
}

/// Whether `rest` begins with a hyphen that belongs to a value: no operator is near.
pub(super) fn is_dashed_value(rest: &str) -> bool {
    let bare = after_dash(rest);
    let word = looks::word(bare);
    let is_operator = Word::find(word).is_some()
        || keyword::foreign_operator(word).is_some()
        || suggest::operator(word).is_some();
    bare.starts_with(char::is_alphanumeric) && !is_operator
}

/// Whether a value is over before `next`, which stands behind a blank.
fn ends_value(next: &str) -> bool {
    let Some(first) = next.chars().next() else { return true };
    if matches!(first, '"' | '#') || literal::is_curly(first) || next.starts_with("//") || is_joined(next) {
        return true;
    }
    if first == '\'' && !follows_string(next.get(1..).unwrap_or_default()) {
        return true;
    }
    if is_dash(first) && !looks::word(after_dash(next)).is_empty() {
        return !is_dashed_value(next);
    }
    let word = looks::word(next);
    let behind = next.get(word.len()..).unwrap_or_default();
    let opens_group =
        Word::find(word).is_some_and(Word::is_connective) && behind.trim_start().starts_with('(');
    opens_group || is_condition(next)
}

/// The length of `(…)` in a value such as `Sales (EMEA)`.
fn aside(rest: &str) -> Option<usize> {
    let end = rest.char_indices().take(VALUE_MAX_CHARS).find(|&(_, c)| c == ')').map(|(at, _)| at)?;
    let inner = rest.get(1..end)?;
    let is_text = !inner.contains(['(', '"', '\'', '\n', ',']) && !is_condition(inner);
    is_text.then_some(end + 1)
}

/// How far a value is followed, in characters.
const VALUE_MAX_CHARS: usize = 256;

/// The value in `*null*` or `**"Sales"**`, as a span of the text that `whole` is a span of.
pub(super) fn emphasized(text: &str, whole: Span) -> Option<Span> {
    let written = whole.of(text);
    let inner = written.trim_matches(['*', '_', '`']);
    let start = written.len() - written.trim_start_matches(['*', '_', '`']).len();
    let mark = written.get(..start)?;
    let is_whole = written.len() == inner.len() + 2 * mark.len() && written.ends_with(mark);
    let word = matches!(inner.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "$null");
    let string = inner.starts_with(['"', '\'']) && inner.len() > 1 && inner.ends_with(['"', '\'']);
    let inner_span = Span::new(whole.start + start, whole.start + start + inner.len());
    (start > 0 && is_whole && (word || string)).then_some(inner_span)
}

/// Whether a value is the placeholder of a template that nobody filled in.
pub(super) fn is_placeholder(value: &str) -> bool {
    let shape = [("{", "}"), ("<", ">"), ("%", "%"), ("${", "}"), ("$(", ")")];
    shape.iter().any(|(open, close)| {
        value.len() > open.len() + close.len() && value.starts_with(open) && value.ends_with(close)
    })
}

/// The length of a placeholder in brackets that would end a value otherwise.
pub(super) fn placeholder_of(rest: &str) -> Option<usize> {
    let opened = rest.len() - rest.trim_start_matches(['$', '{', '<']).len();
    let close = match rest.get(..opened)?.chars().next_back()? {
        '{' => '}',
        '<' => '>',
        _ => return None,
    };
    let end = rest.char_indices().take(VALUE_MAX_CHARS).find(|&(_, c)| c == close).map(|(at, _)| at)?;
    let inner = rest.get(opened..end)?;
    let is_name = !inner.is_empty() && !inner.contains(['"', '\'', '(', ')', '\n']);
    let closing = rest.get(end..)?.chars().take_while(|&c| c == close).count();
    is_name.then_some(end + closing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rest: &str) -> (Bare, &str) {
        let (bare, length) = bare_of(rest);
        (bare, &rest[..length])
    }

    #[test]
    fn bare_values_end_where_the_rule_goes_on() {
        let plain = |value| (Bare::Plain, value);
        assert_eq!(found("Human Resources) -and"), plain("Human Resources"));
        assert_eq!(found("Research and Development -or user.city -eq"), plain("Research and Development"));
        assert_eq!(found("Sales and user.city -eq \"x\""), plain("Sales"));
        assert_eq!(found("Sales (EMEA) -and x"), plain("Sales (EMEA)"));
        assert_eq!(found("R & D"), plain("R & D"));
        assert_eq!(found("Guid(\"x\")"), plain("Guid"));
        assert_eq!(found("Sales -EMEA"), plain("Sales -EMEA"));
        assert_eq!(found("Sales -startwith \"x\""), plain("Sales"));
        assert_eq!(found("Oslo user.city -eq"), plain("Oslo"));
        assert_eq!(found("collection \"y\""), plain("collection"));
        assert_eq!(found(""), plain(""));
    }

    #[test]
    fn one_quote_is_seen() {
        assert_eq!(found("Sales\") -and (user.city -eq \"Oslo\")"), (Bare::Unopened, "Sales\""));
        assert_eq!(found("Sales'"), (Bare::Unopened, "Sales'"));
        assert_eq!(found("O'Brien"), (Bare::Plain, "O'Brien"));
        assert_eq!(found("^[0-7](a|b)\") -and"), (Bare::Unopened, "^[0-7](a|b)\""));
        assert_eq!(found("[ZTDId]:1\")"), (Bare::Unopened, "[ZTDId]:1\""));
        assert_eq!(found("@domain.example\"* \")"), (Bare::Misplaced, "@domain.example\"* \""));
    }

    #[test]
    fn lists_are_told_from_values() {
        for rest in ["[\"a\"]", "[a, b]", "[a]", "[a])", "[]", "[\"a"] {
            assert!(is_list(rest), "{rest}");
        }
        for rest in ["[ZTDId]\"", "[OrderID]:Kiosk", "[\")"] {
            assert!(!is_list(rest), "{rest}");
        }
    }

    #[test]
    fn marks_of_other_languages_are_seen() {
        assert_eq!(emphasized("*null*", Span::new(0, 6)), Some(Span::new(1, 5)));
        assert_eq!(emphasized("*x*", Span::new(0, 3)), None);
        assert_eq!(placeholder_of("{{city}} -and"), Some(8));
        assert_eq!(placeholder_of("${city}"), Some(7));
        assert_eq!(placeholder_of("city"), None);
    }
}
