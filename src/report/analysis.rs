//! What `analyse` found: rules with their findings.

use std::io;

use serde_json::{Value as Json, json};

use super::Style;
use super::output_format::OutputFormat;
use super::palette::{self, painted};
use super::printable::printable;
use super::rule_finding::{self, counted};
use crate::analysis::finding::Finding;
use crate::language::attribute::Subject;

/// A group or a member by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The object id.
    pub id: String,
    /// The name that people see.
    pub display_name: Option<String>,
}

impl Named {
    /// The display name, else the id.
    pub fn name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.id)
    }

    /// Both, ready to be printed.
    pub(super) fn shown(&self) -> String {
        match &self.display_name {
            Some(name) => format!("{} ({})", printable(name), printable(&self.id)),
            None => printable(&self.id).into_owned(),
        }
    }
}

/// The findings about the rules of a tenant.
#[derive(Clone, Debug)]
pub struct AnalysisReport {
    /// The rules that were asked for, sorted by the ids of their groups.
    pub rules: Vec<AnalysedRule>,
    /// The groups of all rules, by the places that findings name.
    pub places: Vec<Named>,
}

/// One rule with its findings.
#[derive(Clone, Debug)]
pub struct AnalysedRule {
    /// The group.
    pub group: Named,
    /// What came of the rule: its kind of members, how many there are, and the findings; or why it could
    /// not be evaluated.
    pub outcome: Result<Analysed, String>,
}

/// A rule that was evaluated.
#[derive(Clone, Debug)]
pub struct Analysed {
    /// What the rule selects.
    pub subject: Subject,
    /// How many of them.
    pub members: u64,
    /// What there is to say.
    pub findings: Vec<Finding>,
}

impl AnalysisReport {
    /// Rules that could not be looked at.
    pub fn failed(&self) -> usize {
        self.rules.iter().filter(|rule| rule.outcome.is_err()).count()
    }

    fn findings(&self) -> impl Iterator<Item = &[Finding]> {
        self.rules.iter().filter_map(|rule| Some(rule.outcome.as_ref().ok()?.findings.as_slice()))
    }
}

/// Writes the report. `Json` is one array, `Jsonl` one line for each rule; the formats for people pass over
/// rules without findings.
///
/// # Errors
/// Those of `out`.
pub fn write_analysis(
    format: OutputFormat,
    report: &AnalysisReport,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Json => {
            let rules: Vec<Json> = report.rules.iter().map(|rule| as_json(rule, report)).collect();
            writeln!(out, "{:#}", Json::from(rules))
        }
        OutputFormat::Jsonl => {
            report.rules.iter().try_for_each(|rule| writeln!(out, "{}", as_json(rule, report)))
        }
        OutputFormat::Concise => report.rules.iter().try_for_each(|rule| {
            lines(rule, report).iter().try_for_each(|(kind, line)| {
                writeln!(out, "{}: {kind}: {}", printable(rule.group.name()), printable(line))
            })
        }),
        _ => write_full(report, style, out),
    }
}

fn write_full(report: &AnalysisReport, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    for rule in &report.rules {
        let lines = lines(rule, report);
        if lines.is_empty() {
            continue;
        }
        let name = painted(*style, palette::EMPHASIS, &rule.group.shown());
        match &rule.outcome {
            Ok(found) => writeln!(out, "{name}: {}", counted(found.members, found.subject.word()))?,
            Err(_) => writeln!(out, "{name}: {}", painted(*style, palette::BAD, "not evaluated"))?,
        }
        for (_, line) in lines {
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    let findings: usize = report.findings().map(<[Finding]>::len).sum();
    let with_findings = report.findings().filter(|findings| !findings.is_empty()).count() as u64;
    writeln!(
        out,
        "{}: {} about {}, {} not evaluated",
        counted(report.rules.len() as u64, "rule"),
        counted(findings as u64, "finding"),
        counted(with_findings, "rule"),
        report.failed(),
    )
}

/// The findings about a rule, each with its kind.
fn lines(rule: &AnalysedRule, report: &AnalysisReport) -> Vec<(&'static str, String)> {
    match &rule.outcome {
        Ok(Analysed { subject, findings, .. }) => findings
            .iter()
            .map(|finding| (finding.kind(), rule_finding::sentence(finding, *subject, &report.places)))
            .collect(),
        Err(why) => vec![("not-evaluated", why.clone())],
    }
}

fn as_json(rule: &AnalysedRule, report: &AnalysisReport) -> Json {
    let found = rule.outcome.as_ref().ok();
    let findings = found.into_iter().flat_map(|found| {
        found.findings.iter().map(|finding| rule_finding::json(finding, found.subject, &report.places))
    });
    json!({
        "groupId": rule.group.id,
        "displayName": rule.group.display_name,
        "subject": found.map(|found| found.subject.word()),
        "members": found.map(|found| found.members),
        "error": rule.outcome.as_ref().err(),
        "findings": findings.collect::<Vec<_>>(),
    })
}
