//! Patterns that only ask for a text, and wildcards at the edges that ask for nothing.

use super::casing::each_variant;
use super::tree::{Anchor, Kind, Node};
use super::unit::from_units;
use crate::base::span::Span;

/// A pattern that is a plain test for a text, compared without regard to case.
///
/// The text is as the author wrote it, escapes resolved. A test that `$` ends also lets one final
/// line feed pass, which a plain comparison does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainPattern {
    /// The value is the text: `^x$`.
    Exact(String),
    /// The value starts with the text, which is not empty: `^x`.
    Prefix(String),
    /// The value ends with the text, which is not empty: `x$`.
    Suffix {
        /// The text.
        text: String,
        /// Whether a dot of the text was written without a backslash. The pattern then takes any
        /// character in its place, and is the plain test only if the author meant a dot.
        unescaped_dot: bool,
    },
    /// The value holds the text: `x`. Every value holds the empty text.
    Literal(String),
}

/// The plain test that `tree` is, if it is one.
pub(super) fn plain(tree: &Node) -> Option<PlainPattern> {
    let mut parts = Vec::new();
    flatten(tree, &mut parts);
    // A wildcard at an open edge may take nothing. One beyond an anchor may not cross a line feed,
    // so it asks for something and stays.
    let mut parts = trimmed(&parts);
    let mut start = false;
    while let [Node { kind: Kind::Anchor(Anchor::Start), .. }, rest @ ..] = parts {
        (start, parts) = (true, rest);
    }
    let mut end = false;
    while let [rest @ .., Node { kind: Kind::Anchor(Anchor::EndOrFeed | Anchor::End), .. }] = parts {
        (end, parts) = (true, rest);
    }
    let (text, unescaped_dot) = text(parts)?;
    match (start, end) {
        (true, true) if !unescaped_dot => Some(PlainPattern::Exact(text)),
        (false, true) if !text.is_empty() => Some(PlainPattern::Suffix { text, unescaped_dot }),
        (true, false) if !text.is_empty() && !unescaped_dot => Some(PlainPattern::Prefix(text)),
        (true, true) => None,
        _ => (!unescaped_dot).then_some(PlainPattern::Literal(text)),
    }
}

/// The wildcards at the very start and end of a pattern that can go without changing an answer.
pub(super) fn edge_wildcards(tree: &Node) -> Vec<Span> {
    let parts: Vec<&Node> = match &tree.kind {
        Kind::Sequence(nodes) => nodes.iter().collect(),
        _ => vec![tree],
    };
    let leading = parts.iter().take_while(|part| is_wildcard(part)).count();
    let trailing = parts.iter().skip(leading).rev().take_while(|part| is_wildcard(part)).count();
    let edges = parts.iter().take(leading).chain(parts.iter().skip(parts.len() - trailing));
    edges.map(|part| part.span).collect()
}

/// `.*`, `.*?`.
fn is_wildcard(node: &Node) -> bool {
    match &node.kind {
        Kind::Repeat { node, min: 0, max: None, .. } => matches!(node.kind, Kind::Dot { .. }),
        _ => false,
    }
}

/// The parts of a sequence, with parentheses that only wrap taken off.
fn flatten<'tree>(node: &'tree Node, parts: &mut Vec<&'tree Node>) {
    match &node.kind {
        Kind::Empty => {}
        Kind::Sequence(nodes) => nodes.iter().for_each(|node| flatten(node, parts)),
        Kind::Group { node, .. } => flatten(node, parts),
        // People write `^*` for a wildcard; it asks for nothing.
        Kind::Repeat { node, min: 0, .. } if node.is_empty_width() => {}
        _ => parts.push(node),
    }
}

fn trimmed<'parts, 'tree>(mut parts: &'parts [&'tree Node]) -> &'parts [&'tree Node] {
    while let [first, rest @ ..] = parts
        && is_wildcard(first)
    {
        parts = rest;
    }
    while let [rest @ .., last] = parts
        && is_wildcard(last)
    {
        parts = rest;
    }
    parts
}

/// The text of literals, and whether a dot between two of them was taken for one.
fn text(parts: &[&Node]) -> Option<(String, bool)> {
    let mut units = String::new();
    let mut unescaped_dot = false;
    for (index, part) in parts.iter().enumerate() {
        match part.kind {
            Kind::Literal { unit, fold } if fold || !has_variants(unit) => units.push(unit),
            Kind::Dot { .. } => {
                let neighbours = [index.checked_sub(1)?, index + 1];
                if !neighbours.iter().all(|&at| parts.get(at).is_some_and(|part| is_literal(part))) {
                    return None;
                }
                units.push('.');
                unescaped_dot = true;
            }
            _ => return None,
        }
    }
    Some((from_units(&units)?, unescaped_dot))
}

fn is_literal(node: &Node) -> bool {
    matches!(node.kind, Kind::Literal { .. })
}

fn has_variants(unit: char) -> bool {
    let mut found = false;
    each_variant(unit, |_| found = true);
    found
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use super::*;

    fn described(source: &str) -> String {
        let Some(plain) = Pattern::new(source).expect(source).plain() else { return "-".to_owned() };
        match plain {
            PlainPattern::Exact(text) => format!("= {text}"),
            PlainPattern::Prefix(text) => format!("{text}..."),
            PlainPattern::Suffix { text, unescaped_dot: false } => format!("...{text}"),
            PlainPattern::Suffix { text, unescaped_dot: true } => format!("...{text} (dot)"),
            PlainPattern::Literal(text) => format!("...{text}..."),
        }
    }

    #[test]
    fn plain_tests_are_told_from_patterns() {
        for (source, expected) in [
            ("^Lag", "Lag..."),
            ("^Da.*", "Da..."),
            (r"\ADa.*?", "Da..."),
            ("^(Da)", "Da..."),
            ("^x$", "= x"),
            (r"^\[x\]\z", "= [x]"),
            ("^$", "= "),
            ("ago", "...ago..."),
            (".*ind.*", "...ind..."),
            (".*.*ind", "...ind..."),
            ("R&D", "...R&D..."),
            (r".*@contoso\.com$", "...@contoso.com"),
            (".*@Contoso.com$", "...@Contoso.com (dot)"),
            ("(?:@contoso)(.com)$", "...@contoso.com (dot)"),
            (r"@contoso\.com\Z", "...@contoso.com"),
            ("x$.*", "...x"),
            (".*^x", "x..."),
            ("(?-i)42$", "...42"),
            ("😀$", "...😀"),
            ("^*-1", "...-1..."),
            ("", "......"),
            (".*", "......"),
            ("^", "......"),
            ("^.*", "......"),
            ("$", "......"),
            // A wildcard before `$` or after `^` may not cross a line feed.
            ("^.*x", "-"),
            ("x.*$", "-"),
            ("^Da.*$", "-"),
            ("^.*$", "-"),
            // A dot that is no dot.
            ("a.c", "-"),
            ("^a.c", "-"),
            ("^a.c$", "-"),
            (".com$", "-"),
            ("com.$", "-"),
            ("a..c$", "-"),
            (".*.com$", "-"),
            // No plain text.
            ("a|b", "-"),
            ("^(a|b)", "-"),
            (".+x", "-"),
            ("x+", "-"),
            ("[xX]", "-"),
            ("x^", "-"),
            ("(?m)^x", "-"),
            ("(?-i)x", "-"),
            (r"(x)\1", "-"),
            ("x(?=y)", "-"),
            (r"\bx", "-"),
            (r"\uD83D", "-"),
        ] {
            assert_eq!(described(source), expected, "{source}");
        }
    }

    #[test]
    fn a_plain_test_answers_as_its_pattern_does() {
        for source in ["^da", "^da$", "da$", "da", ".*da$", "^da.*", ".*da.*", "", "^$"] {
            let pattern = Pattern::new(source).expect(source);
            for value in ["", "da", "DA", "xda", "dax", "xdax", "x", "x\nda", "da\nx", "x\nda\nx"] {
                let value_lower = value.to_lowercase();
                let answer = match pattern.plain().expect(source) {
                    PlainPattern::Exact(text) => value_lower == text,
                    PlainPattern::Prefix(text) => value_lower.starts_with(&text),
                    PlainPattern::Suffix { text, .. } => value_lower.ends_with(&text),
                    PlainPattern::Literal(text) => value_lower.contains(&text),
                };
                assert_eq!(pattern.is_match(value), Ok(answer), "{source} on {value:?}");
            }
        }
    }

    #[test]
    fn wildcards_at_open_edges_can_go() {
        for (source, expected) in [
            (".*x", "0..2"),
            (".*?x.*", "0..3 4..6"),
            ("^Da.*", "3..5"),
            (r"\.*x.*", "4..6"),
            (".*.*", "0..2 2..4"),
            (".*", "0..2"),
            ("(?i).*x", "4..6"),
            ("(?x) .* ? x .*", "5..9 12..14"),
            (".*$", "0..2"),
            ("^.*x", ""),
            ("x.*$", ""),
            (".*a|b", ""),
            ("(.*a)", ""),
            (".+x.{0,}?", "3..9"),
            ("x", ""),
            ("", ""),
        ] {
            let pattern = Pattern::new(source).expect(source);
            let spans = pattern.edge_wildcards();
            let found: Vec<String> =
                spans.iter().map(|span| format!("{}..{}", span.start, span.end)).collect();
            assert_eq!(found.join(" "), expected, "{source}");
            let mut shorter = source.to_owned();
            for span in spans.iter().rev() {
                shorter.replace_range(span.start..span.end, "");
            }
            let shorter = Pattern::new(&shorter).expect("still a pattern");
            for value in ["", "x", "a\nx", "x\na", "Dan", "\n", "b"] {
                assert_eq!(pattern.is_match(value), shorter.is_match(value), "{source} on {value:?}");
            }
        }
    }
}
