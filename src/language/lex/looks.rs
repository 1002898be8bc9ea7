//! What a piece of raw text looks like, without reading all of it.

use crate::language::keyword::{self, Word};

/// Whether a whole condition stands somewhere in `text` behind a connective: a string that holds one
/// has usually lost a quote.
pub(in crate::language) fn holds_condition(text: &str) -> bool {
    let mut in_gap = false;
    text.char_indices().any(|(at, c)| {
        let begins = is_gap(c) && !in_gap;
        in_gap = is_gap(c);
        begins && text.get(at..).is_some_and(|rest| is_joined(rest.trim_start_matches(is_gap)))
    })
}

/// What may stand between a string and the connective behind it.
pub(super) fn is_gap(c: char) -> bool {
    c == ')' || c.is_whitespace()
}

/// Whether `rest` begins with a connective and a condition behind it.
pub(super) fn is_joined(rest: &str) -> bool {
    let (word, behind) = connective(rest);
    !word.is_empty() && is_condition(behind.trim_start_matches(['.', ',', ';']))
}

/// A connective at the beginning of `rest`, of this language or another, and what follows it. The
/// connective is empty where none is there.
fn connective(rest: &str) -> (&str, &str) {
    let signs = rest.len() - rest.trim_start_matches(['&', '|']).len();
    let bare = rest.trim_start_matches(is_dash);
    let length = if signs > 0 { signs } else { rest.len() - bare.len() + word(bare).len() };
    let (found, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
    let bare = found.trim_start_matches(is_dash);
    let is_ours = Word::find(bare).is_some_and(Word::is_connective);
    if is_ours || keyword::foreign_operator(bare).is_some_and(Word::is_connective) {
        (found, behind)
    } else {
        ("", rest)
    }
}

/// Whether `rest` begins with a condition: parentheses, `-not`, a name and an operator.
pub(super) fn is_condition(rest: &str) -> bool {
    let mut rest = rest;
    for _ in 0..PREFIXES_MAX {
        rest = rest.trim_start();
        if let Some(inner) = rest.strip_prefix(['(', '!']) {
            rest = inner;
        } else if word(after_dash(rest)).eq_ignore_ascii_case("not") {
            rest = after_dash(rest).get(3..).unwrap_or_default();
        } else {
            break;
        }
    }
    is_comparison(rest)
}

/// `((` and `-not` before a condition, at most so many of them.
const PREFIXES_MAX: usize = 16;

/// Whether `rest` begins with a name and an operator.
pub(super) fn is_comparison(rest: &str) -> bool {
    let name = path(rest);
    if name.is_empty() {
        return false;
    }
    let behind = rest.get(name.len()..).unwrap_or_default();
    let (is_operator, has_hyphen) = operator(behind.trim_start());
    let is_certain = name.contains('.') || name == "_";
    is_operator && (is_certain || (has_hyphen && Word::find(name).is_none()))
}

/// Whether `rest` begins with a comparison or quantifier, and whether that carries a hyphen (or is a
/// sign, which no word can be mistaken for).
fn operator(rest: &str) -> (bool, bool) {
    if rest.starts_with(['=', '<', '>']) || rest.starts_with("!=") {
        return (true, true);
    }
    let found = word(after_dash(rest));
    let ours = Word::find(found).is_some_and(|word| !matches!(word, Word::And | Word::Or));
    let is_operator = ours || keyword::foreign_operator(found).is_some_and(|word| !word.is_connective());
    (is_operator, dash_length(rest) > 0)
}

/// Whether a string may end right before `rest`.
pub(super) fn follows_string(rest: &str) -> bool {
    let behind = rest.trim_start();
    let Some(first) = behind.chars().next() else { return true };
    let has_blank = behind.len() < rest.len();
    let has_line_break = rest.get(..rest.len() - behind.len()).is_some_and(|gap| gap.contains('\n'));
    match first {
        ')' | ']' | '}' | ',' | ';' | '&' | '|' | '=' | '<' | '>' | '!' => true,
        '#' | '"' | '\'' => has_blank,
        '/' => behind.starts_with("//") || behind.starts_with("/*"),
        '.' => behind.trim_end() == ".",
        _ if has_line_break || is_condition(behind) => true,
        _ if is_dash(first) => {
            let found = word(behind.trim_start_matches(is_dash));
            let is_known = Word::find(found).is_some() || keyword::foreign_operator(found).is_some();
            is_known || is_condition(after_one(behind)) || is_condition(after_dash(behind))
        }
        _ => {
            let is_connective = Word::find(word(behind)).is_some_and(Word::is_connective);
            is_connective || (has_blank && is_condition(after_one(behind)))
        }
    }
}

/// What follows the first word or sign of `rest`.
fn after_one(rest: &str) -> &str {
    let length = dash_length(rest) + word(after_dash(rest)).len();
    let sign = || rest.find(|c: char| !c.is_ascii_punctuation()).unwrap_or(rest.len());
    rest.get(if length > 0 { length } else { sign() }..).unwrap_or_default()
}

/// The name at the beginning of `rest`: words joined by dots.
pub(super) fn path(rest: &str) -> &str {
    let mut length = word(rest).len();
    while length > 0 {
        let behind = rest.get(length..).unwrap_or_default();
        let next = behind.strip_prefix('.').map_or("", word_or_number);
        if next.is_empty() {
            break;
        }
        length += 1 + next.len();
    }
    rest.get(..length).unwrap_or_default()
}

/// The word at the beginning of `rest`.
pub(super) fn word(rest: &str) -> &str {
    if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') { word_or_number(rest) } else { "" }
}

fn word_or_number(rest: &str) -> &str {
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    rest.get(..length).unwrap_or_default()
}

pub(super) fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '−' | '‐' | '‑')
}

fn dash_length(rest: &str) -> usize {
    rest.chars().next().filter(|&c| is_dash(c)).map_or(0, char::len_utf8)
}

pub(super) fn after_dash(rest: &str) -> &str {
    rest.get(dash_length(rest)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_seen_behind_connectives_only() {
        assert!(holds_condition("Sales) -and (user.city -eq "));
        assert!(holds_condition("Sales and -not user.city eq "));
        assert!(holds_condition("Sales –or device.displayName -startsWith "));
        for text in ["Research and Development", "A -or B", "x -and y", "user.city -eq", "and or in", ""] {
            assert!(!holds_condition(text), "{text}");
        }
    }

    #[test]
    fn strings_end_before_structure() {
        for rest in
            ["", " ", ")", " -and x", " or x", "]", ", \"b\"", " user.city -eq", "\nfoo", " \"x\"", "."]
        {
            assert!(follows_string(rest), "{rest}");
        }
        for rest in ["x", " Builder\"", "\"", " the boys", ".com\"", "-EMEA"] {
            assert!(!follows_string(rest), "{rest}");
        }
    }

    #[test]
    fn conditions_have_a_name_and_an_operator() {
        for rest in ["user.city -eq", "((user.city eq", "_ -contains", "-not(user.x = 1", "city -eq 'x'"] {
            assert!(is_condition(rest), "{rest}");
        }
        for rest in ["city eq", "Human Resources", "user.city", "\"x\" -eq", ""] {
            assert!(!is_condition(rest), "{rest}");
        }
    }
}
