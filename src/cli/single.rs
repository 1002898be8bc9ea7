//! One rule that a command works with: compiled, or told why not.

use std::io;

use super::output;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::{Lines, Position};
use crate::language::compile::{Options, compile};
use crate::language::typed::TypedRule;
use crate::report::finding::{CheckedRule, Finding};
use crate::report::output_format::OutputFormat;
use crate::report::summary::Summary;
use crate::report::write_check;

/// The rule, if it is accepted; else its errors go to standard error. `name` says where it comes from,
/// such as `<rule>`.
pub(super) fn accepted(name: &str, text: &str, options: Options<'_>) -> Option<TypedRule> {
    let compiled = compile(text, options);
    if compiled.rule.is_none() {
        let start = Position { line: 1, column: 1 };
        let errors = compiled.diagnostics.into_iter().filter(Diagnostic::is_error);
        let refused = CheckedRule {
            source: name.to_owned(),
            id: None,
            display_name: None,
            line: start.line,
            rule: text.to_owned(),
            subject: compiled.subject,
            certainty: None,
            findings: errors.map(|error| Finding::in_plain_text(error, text, start)).collect(),
        };
        let mut words = io::stderr();
        let style = output::style_on(&words);
        // Where nobody can read them they are lost; the exit code tells too.
        let _ = write_check(OutputFormat::Full, &[refused], &Summary::default(), &style, &mut words);
    }
    compiled.rule
}

/// A finding on one line: `1:6: error[DG0301] message (help)`.
pub(super) fn sentence(text: &str, finding: &Diagnostic) -> String {
    let Position { line, column } = Lines::of(text).position(finding.span.start);
    let (severity, code) = (finding.severity.word(), finding.code.id);
    let help = finding.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!("{line}:{column}: {severity}[{code}] {}{help}", finding.message)
}
