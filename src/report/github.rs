//! Workflow commands of GitHub Actions, which become annotations of the changed files.
//!
//! GitHub shows few annotations per step, so the worst findings come first.

use std::cmp::Reverse;
use std::io;

use super::concise;
use super::finding::{CheckedRule, Finding};
use super::printable::printable;
use crate::base::diagnostic::Severity;

/// Writes a command for every finding: errors, then warnings, then notices.
pub(super) fn write(rules: &[CheckedRule], out: &mut dyn io::Write) -> io::Result<()> {
    let mut findings: Vec<_> =
        rules.iter().flat_map(|rule| rule.findings.iter().map(move |finding| (rule, finding))).collect();
    findings.sort_by_key(|(_, finding)| Reverse(finding.diagnostic.severity));
    for (rule, finding) in findings {
        writeln!(out, "{}", command(rule, finding))?;
    }
    Ok(())
}

fn command(rule: &CheckedRule, finding: &Finding) -> String {
    let diagnostic = &finding.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut text = printable(&diagnostic.message).into_owned();
    if let Some(help) = &diagnostic.help {
        text = format!("{text}\nhelp: {}", printable(help));
    }
    let place = if let Some(file) = rule.file() {
        format!("file={},{},", property(&printable(&file_path(file))), region(finding))
    } else {
        // An annotation needs a file of the repository; without one, the text says where.
        text = format!("{}: {text}", concise::place(rule, finding));
        String::new()
    };
    format!("::{level} {place}title={code}::{text}", code = diagnostic.code.id, text = data(&text))
}

/// Lines and columns. GitHub refuses columns on an annotation of several lines.
fn region(finding: &Finding) -> String {
    let Finding { start, end, .. } = finding;
    if start.line == end.line {
        let (line, column) = (start.line, start.column);
        format!("line={line},endLine={line},col={column},endColumn={}", end.column)
    } else {
        format!("line={},endLine={}", start.line, end.line)
    }
}

/// The path as GitHub knows it: relative to the root of the repository, with forward slashes.
fn file_path(file: &str) -> String {
    let path = file.replace(std::path::MAIN_SEPARATOR, "/");
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}

/// Escapes the text after the second pair of colons.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::output_format::OutputFormat;
    use crate::report::samples;

    #[test]
    fn worst_findings_come_first() {
        insta::assert_snapshot!(samples::written(OutputFormat::Github, &samples::rules()));
    }

    #[test]
    fn properties_escape_more_than_data() {
        assert_eq!(data("100 %:\r\n,"), "100 %25:%0D%0A,");
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
        assert_eq!(file_path("./rules/a.rule"), "rules/a.rule");
    }
}
