//! The JSON contract: one object per rule, in an array or one a line.
//!
//! Keys keep their order, and what is absent is `null`. Spans count bytes of the rule, their line and
//! column are those within the rule; `location` is the place in the file.

use std::io;

use serde::{Serialize, Serializer};

use super::finding::{CheckedRule, Finding};
use crate::base::diagnostic::Fix;
use crate::base::span::{Lines, Span};
use crate::language::attribute::Subject;
use crate::language::certainty::Certainty;

/// Writes one pretty-printed array.
pub(super) fn write_array(rules: &[CheckedRule], out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::pretty(&mut *out);
    serializer.collect_seq(rules.iter().map(RuleObject::of))?;
    writeln!(out)
}

/// Writes one object a line.
pub(super) fn write_lines(rules: &[CheckedRule], out: &mut dyn io::Write) -> io::Result<()> {
    for rule in rules {
        serde_json::to_writer(&mut *out, &RuleObject::of(rule))?;
        writeln!(out)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct RuleObject<'rule> {
    source: &'rule str,
    id: Option<&'rule str>,
    line: usize,
    rule: &'rule str,
    subject: Option<&'static str>,
    valid: bool,
    diagnostics: Vec<DiagnosticObject<'rule>>,
    certainty: Option<&'static str>,
}

impl<'rule> RuleObject<'rule> {
    fn of(rule: &'rule CheckedRule) -> Self {
        let lines = Lines::of(&rule.rule);
        Self {
            source: &rule.source,
            id: rule.id.as_deref(),
            line: rule.line,
            rule: &rule.rule,
            subject: rule.subject.map(Subject::word),
            valid: rule.is_valid(),
            diagnostics: rule.findings.iter().map(|finding| DiagnosticObject::of(finding, &lines)).collect(),
            certainty: rule.certainty.map(Certainty::word),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DiagnosticObject<'rule> {
    code: &'static str,
    severity: &'static str,
    message: &'rule str,
    help: Option<&'rule str>,
    span: SpanObject,
    fix: Option<FixObject<'rule>>,
    service_message: Option<&'rule str>,
    location: LocationObject,
}

impl<'rule> DiagnosticObject<'rule> {
    fn of(finding: &'rule Finding, lines: &Lines<'_>) -> Self {
        let diagnostic = &finding.diagnostic;
        Self {
            code: diagnostic.code.id,
            severity: diagnostic.severity.word(),
            message: &diagnostic.message,
            help: diagnostic.help.as_deref(),
            span: SpanObject::of(diagnostic.span, lines),
            fix: diagnostic.fix.as_ref().map(FixObject::of),
            service_message: diagnostic.service_message.as_deref(),
            location: LocationObject::of(finding),
        }
    }
}

#[derive(Serialize)]
struct SpanObject {
    start: usize,
    end: usize,
    line: usize,
    column: usize,
}

impl SpanObject {
    fn of(span: Span, lines: &Lines<'_>) -> Self {
        let position = lines.position(span.start);
        Self { start: span.start, end: span.end, line: position.line, column: position.column }
    }
}

#[derive(Serialize)]
struct FixObject<'rule> {
    safety: &'static str,
    edits: Vec<EditObject<'rule>>,
}

impl<'rule> FixObject<'rule> {
    fn of(fix: &'rule Fix) -> Self {
        let edits = fix.edits.iter().map(|edit| EditObject {
            start: edit.span.start,
            end: edit.span.end,
            text: &edit.text,
        });
        Self { safety: fix.safety.word(), edits: edits.collect() }
    }
}

#[derive(Serialize)]
struct EditObject<'rule> {
    start: usize,
    end: usize,
    text: &'rule str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LocationObject {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl LocationObject {
    fn of(finding: &Finding) -> Self {
        let Finding { start, end, .. } = finding;
        Self { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::output_format::OutputFormat;
    use crate::report::samples;

    #[test]
    fn lines_follow_the_contract() {
        let text = samples::written(OutputFormat::Jsonl, &samples::rules());
        insta::assert_snapshot!(samples::visible(&text));
    }

    #[test]
    fn the_array_holds_the_same_objects() {
        let rules = samples::rules();
        let array = samples::written(OutputFormat::Json, &rules);
        let array: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
        let lines = samples::written(OutputFormat::Jsonl, &rules);
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(array, lines);
        insta::assert_snapshot!(samples::written(OutputFormat::Json, rules.get(1..2).unwrap()));
    }
}
