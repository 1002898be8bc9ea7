//! A checked rule and its findings, with their places in the file: the input of every report.

use crate::base::diagnostic::{Diagnostic, Edit, Safety};
use crate::base::span::{Lines, Position, Span};
use crate::language::attribute::Subject;
use crate::language::certainty::Certainty;

/// The source name of standard input.
pub const STDIN: &str = "-";

/// One rule that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRule {
    /// The file as given, `-` for standard input, or a name in angle brackets such as `<rule 1>`.
    pub source: String,
    /// The id of the group, where the source has one.
    pub id: Option<String>,
    /// The display name of the group, where the source has one.
    pub display_name: Option<String>,
    /// Line of the file where the rule begins, from 1.
    pub line: usize,
    /// The text of the rule, without the file's own escapes. Empty for a finding about a file that
    /// has no rule.
    pub rule: String,
    /// What the rule is about, where that is known.
    pub subject: Option<Subject>,
    /// How sure the reading of a valid rule is.
    pub certainty: Option<Certainty>,
    /// The findings, in the order of the text.
    pub findings: Vec<Finding>,
}

impl CheckedRule {
    /// Whether nothing refuses it: there is no finding of severity error.
    pub fn is_valid(&self) -> bool {
        !self.findings.iter().any(|finding| finding.diagnostic.is_error())
    }

    /// The source for people: `<stdin>` for standard input.
    pub fn source_label(&self) -> &str {
        if self.source == STDIN { "<stdin>" } else { &self.source }
    }

    /// The path of the file; `None` for standard input and rules of the command line.
    pub fn file(&self) -> Option<&str> {
        let named = self.source == STDIN || (self.source.starts_with('<') && self.source.ends_with('>'));
        (!named).then_some(self.source.as_str())
    }
}

/// One finding about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found, with its span in the text of the rule.
    pub diagnostic: Diagnostic,
    /// First character, in the file.
    pub start: Position,
    /// One past the last character, in the file.
    pub end: Position,
    /// What stands between them in the file, with the file's own escapes; `None` where that is not
    /// at hand.
    pub snippet: Option<String>,
    /// The edits of the diagnostic's fix as changes of the file. Empty when there is no fix or when
    /// it cannot be given in places of the file.
    pub file_edits: Vec<FileEdit>,
}

/// One replacement in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// First character that goes.
    pub start: Position,
    /// One past the last character that goes.
    pub end: Position,
    /// What comes instead, with the escapes that the file needs.
    pub text: String,
}

impl Finding {
    /// A finding about a rule whose text stands in the file as it is, from `at` on: no escapes, and
    /// every line of the rule begins at the first column, but for the first one.
    pub fn in_plain_text(diagnostic: Diagnostic, rule: &str, at: Position) -> Self {
        let lines = Lines::of(rule);
        let place = |offset: usize| {
            let inside = lines.position(offset);
            let column = if inside.line == 1 { at.column + inside.column - 1 } else { inside.column };
            Position { line: at.line + inside.line - 1, column }
        };
        let file_edit = |Edit { span, text }: &Edit| FileEdit {
            start: place(span.start),
            end: place(span.end),
            text: text.clone(),
        };
        let Span { start, end } = diagnostic.span;
        let edits = diagnostic.fix.as_ref().map(|fix| fix.edits.as_slice()).unwrap_or_default();
        Self {
            start: place(start),
            end: place(end),
            snippet: Some(diagnostic.span.of(rule).to_owned()),
            file_edits: edits.iter().map(file_edit).collect(),
            diagnostic,
        }
    }

    /// Whether it has a fix that may be applied unseen.
    pub fn has_safe_fix(&self) -> bool {
        self.diagnostic.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::code;
    use crate::base::diagnostic::Fix;

    #[test]
    fn plain_text_is_placed_from_where_it_begins() {
        let rule = "user.å -eq 1\nand x";
        let fix = Fix::safe(vec![Edit::new(Span::new(14, 17), "-and")]);
        let diagnostic = Diagnostic::new(&code::L27, Span::new(6, 14), "m").fix(fix);
        let finding = Finding::in_plain_text(diagnostic, rule, Position { line: 7, column: 3 });
        assert_eq!(finding.start, Position { line: 7, column: 8 }, "inside å");
        assert_eq!(finding.end, Position { line: 8, column: 1 });
        assert_eq!(finding.snippet.as_deref(), Some(""), "a span inside a character covers nothing");
        let start = Position { line: 8, column: 1 };
        let end = Position { line: 8, column: 4 };
        assert_eq!(finding.file_edits, [FileEdit { start, end, text: "-and".to_owned() }]);
    }

    #[test]
    fn only_errors_make_a_rule_invalid() {
        let at = Position { line: 1, column: 1 };
        let finding = |code| Finding::in_plain_text(Diagnostic::new(code, Span::at(0), "m"), "x", at);
        let mut rule = CheckedRule {
            source: STDIN.to_owned(),
            id: None,
            display_name: None,
            line: 1,
            rule: "x".to_owned(),
            subject: None,
            certainty: None,
            findings: vec![finding(&code::L11), finding(&code::L21)],
        };
        assert!(rule.is_valid());
        rule.findings.push(finding(&code::STRAY_TEXT));
        assert!(!rule.is_valid());
        assert_eq!((rule.file(), rule.source_label()), (None, "<stdin>"));
        rule.source = "<rule 1>".to_owned();
        assert_eq!((rule.file(), rule.source_label()), (None, "<rule 1>"));
        rule.source = "a/b.rule".to_owned();
        assert_eq!((rule.file(), rule.source_label()), (Some("a/b.rule"), "a/b.rule"));
    }
}
