//! One line per finding: `file:line:column: error[DG0301] message [*]`.

use std::io;

use super::Style;
use super::finding::{CheckedRule, Finding};
use super::palette::{self, painted};
use super::printable::printable;

/// Writes a line for every finding, in the order of the rules.
pub(super) fn write(rules: &[CheckedRule], style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    for rule in rules {
        for finding in &rule.findings {
            writeln!(out, "{}", line(rule, finding, style))?;
        }
    }
    Ok(())
}

/// The line of one finding, without a line feed. `[*]` marks a safe fix.
pub(super) fn line(rule: &CheckedRule, finding: &Finding, style: Style) -> String {
    let diagnostic = &finding.diagnostic;
    let severity = diagnostic.severity;
    let kind = format!("{}[{}]", severity.word(), diagnostic.code.id);
    format!(
        "{place}: {kind} {message}{mark}",
        place = painted(style, palette::EMPHASIS, &place(rule, finding)),
        kind = painted(style, palette::of(severity), &kind),
        message = printable(&diagnostic.message),
        mark = if finding.has_safe_fix() { " [*]" } else { "" },
    )
}

/// Where the finding begins in the file: `file:line:column`.
pub(super) fn place(rule: &CheckedRule, finding: &Finding) -> String {
    format!("{}:{}:{}", printable(rule.source_label()), finding.start.line, finding.start.column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::output_format::OutputFormat;
    use crate::report::samples;

    #[test]
    fn one_line_per_finding() {
        let rules = samples::rules();
        let text = samples::written(OutputFormat::Concise, &rules);
        assert_eq!(text.lines().count(), rules.iter().map(|rule| rule.findings.len()).sum::<usize>());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colour_marks_place_and_kind() {
        let rules = samples::rules();
        let style = Style { colour: true, ..Style::PLAIN };
        let text = samples::written_in(OutputFormat::Concise, &rules, style);
        insta::assert_snapshot!(
            printable(text.lines().next().unwrap()),
            @r"\u{1b}[1mrules/sales.rule:1:6\u{1b}[0m: \u{1b}[1m\u{1b}[91merror[DG0301]\u{1b}[0m `departmnt` is no attribute of a user"
        );
    }
}
