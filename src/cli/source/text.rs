//! Rules as plain text: one in a file, or one a line.

use super::found::{Draft, Found};
use super::place::Decoder;
use super::write::Host;
use crate::base::span::Span;

const LINE_ENDS: [char; 2] = ['\r', '\n'];

/// The whole text as one rule. Line ends after it belong to the file.
pub(super) fn whole(content: &str, start: usize) -> Found {
    let text = content.get(start..).unwrap_or_default();
    let span = Span::new(start, start + text.trim_end_matches(LINE_ENDS).len());
    let notes = if looks_like_many(span.of(content)) {
        let message = "read as one rule; in a file with the extension `.rules` each line is a rule";
        vec![(start, message.to_owned())]
    } else {
        Vec::new()
    };
    let host = Host::Text { crlf: text.contains("\r\n") };
    Found { drafts: vec![draft(content, span, host)], notes, ..Found::default() }
}

/// Each line as a rule; blank ones are none.
pub(super) fn lines(content: &str, start: usize) -> Found {
    let mut found = Found::default();
    let mut at = start;
    for line in content.get(start..).unwrap_or_default().split_inclusive('\n') {
        let rule = line.trim_end_matches(LINE_ENDS);
        if !rule.trim().is_empty() {
            found.drafts.push(draft(content, Span::new(at, at + rule.len()), Host::Line));
        }
        at += line.len();
    }
    found
}

fn draft(content: &str, span: Span, host: Host) -> Draft {
    Draft::new(Decoder::verbatim(content, span), span, host)
}

/// Whether several lines could each be a rule of its own: all begin with an attribute and none ends
/// with a connective.
fn looks_like_many(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let first = lines.next();
    lines.peek().is_some() && first.into_iter().chain(lines).all(looks_like_one)
}

fn looks_like_one(line: &str) -> bool {
    let first = line.trim_start_matches(['(', ' ']);
    let begins = ["user.", "device."]
        .iter()
        .any(|word| first.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)));
    let last = line.rsplit([' ', ')']).next().unwrap_or_default().trim_start_matches('-');
    begins && !["and", "or"].iter().any(|word| last.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: &Found) -> Vec<(&str, usize)> {
        found.drafts.iter().map(|draft| (draft.decoded.text.as_str(), draft.token.start)).collect()
    }

    #[test]
    fn line_ends_after_the_rule_belong_to_the_file() {
        assert_eq!(texts(&whole("user.a\r\n-eq 1 \r\n\n", 0)), [("user.a\r\n-eq 1 ", 0)]);
        assert_eq!(texts(&whole("", 0)), [("", 0)], "a rule without a condition, to be reported");
        assert_eq!(texts(&whole("\u{feff}a", 3)), [("a", 3)]);
    }

    #[test]
    fn blank_lines_are_no_rules() {
        assert_eq!(texts(&lines("a\r\n\n \t\n  b", 0)), [("a", 0), ("  b", 7)]);
        assert_eq!(texts(&lines("\u{feff}\na\n", 3)), [("a", 4)]);
    }

    #[test]
    fn several_rules_read_as_one_are_noted() {
        let noted = |text| !whole(text, 0).notes.is_empty();
        assert!(noted("user.a -eq \"b\"\n\n(User.c -eq \"d\")\n"));
        assert!(!noted("user.a -eq \"b\""));
        assert!(!noted("user.a -eq \"b\" -and\nuser.c -eq \"d\""));
        assert!(!noted("user.a -eq \"b\"\n-or user.c -eq \"d\""));
    }
}
