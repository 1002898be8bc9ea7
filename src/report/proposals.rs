//! What `find-rule` found: rules that would give the members of a group.

use std::io;

use serde_json::{Value as Json, json};

use super::Style;
use super::analysis::Named;
use super::output_format::OutputFormat;
use super::palette::{self, painted};
use super::printable::printable;
use super::rule_finding::{counted, grouped};
use crate::language::attribute::Subject;

/// The rules that were found for a group.
#[derive(Clone, Debug)]
pub struct ProposalReport {
    /// The group.
    pub group: Named,
    /// What the rules select.
    pub subject: Subject,
    /// How many members it has of that kind.
    pub members: u64,
    /// Members of another kind, and ids that the tenant does not have: no rule about these objects
    /// selects them.
    pub others: u64,
    /// How many objects of that kind there are.
    pub objects: u64,
    /// Most conditions of a rule.
    pub terms_max: usize,
    /// The good rules, the best one first.
    pub proposals: Vec<ProposedRule>,
    /// The best rule that was found where none is good.
    pub best: Option<ProposedRule>,
}

/// A rule and how well it does.
#[derive(Clone, Debug)]
pub struct ProposedRule {
    /// The rule in its canonical form.
    pub rule: String,
    /// The share of those whom it selects that are members.
    pub precision: f64,
    /// The share of the members whom it selects.
    pub recall: f64,
    /// How many it selects.
    pub selected: u64,
    /// How many members it does not select.
    pub missed: u64,
    /// How many it selects that are no members.
    pub admitted: u64,
    /// Some of the members that it misses, sorted by id.
    pub missed_samples: Vec<Named>,
    /// Some of the others that it admits, sorted by id.
    pub admitted_samples: Vec<Named>,
}

/// A list of fewer members may well be matched by chance.
const CHANCE_MAX_MEMBERS: u64 = 5;

/// Writes the report. `Json` is one object, `Jsonl` one line for each rule that is proposed, and `Concise` the
/// rules alone.
///
/// # Errors
/// Those of `out`.
pub fn write_proposals(
    format: OutputFormat,
    report: &ProposalReport,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Json => {
            let object = json!({
                "groupId": report.group.id,
                "displayName": report.group.display_name,
                "subject": report.subject.word(),
                "members": report.members,
                "others": report.others,
                "proposals": report.proposals.iter().map(as_json).collect::<Vec<_>>(),
            });
            writeln!(out, "{object:#}")
        }
        OutputFormat::Jsonl => {
            report.proposals.iter().try_for_each(|rule| writeln!(out, "{}", as_json(rule)))
        }
        OutputFormat::Concise => {
            report.proposals.iter().try_for_each(|rule| writeln!(out, "{}", printable(&rule.rule)))
        }
        _ => write_full(report, *style, out),
    }
}

fn as_json(rule: &ProposedRule) -> Json {
    let ids = |members: &[Named]| members.iter().map(|member| member.id.clone()).collect::<Vec<_>>();
    json!({
        "membershipRule": rule.rule,
        "precision": rule.precision,
        "recall": rule.recall,
        "selected": rule.selected,
        "missed": { "count": rule.missed, "samples": ids(&rule.missed_samples) },
        "admitted": { "count": rule.admitted, "samples": ids(&rule.admitted_samples) },
    })
}

fn write_full(report: &ProposalReport, style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let ProposalReport { group, subject, members, others, objects, .. } = report;
    let who = subject.word();
    let name = painted(style, palette::EMPHASIS, &group.shown());
    writeln!(out, "{name}: {} of {}", counted(*members, who), grouped(*objects))?;
    if *others > 0 {
        writeln!(out, "  {} no {who}: no rule about {who}s selects such members", members_that_are(*others))?;
    }
    if *members == 0 {
        return writeln!(out, "  there are no members to search a rule for");
    }
    if report.proposals.is_empty() {
        writeln!(out, "  no good rule of up to {} was found", counted(report.terms_max as u64, "condition"))?;
        if let Some(best) = &report.best {
            let (precision, recall) = (percent(best.precision), percent(best.recall));
            writeln!(out, "  the best one has a precision of {precision} and a recall of {recall}:")?;
            writeln!(out, "    {}", printable(&best.rule))?;
        }
        return Ok(());
    }
    if *members < CHANCE_MAX_MEMBERS {
        writeln!(out, "  note: with so few members a rule may fit by chance")?;
    }
    report.proposals.iter().enumerate().try_for_each(|(at, rule)| {
        writeln!(out, "{}. {}", at + 1, painted(style, palette::EMPHASIS, &printable(&rule.rule)))?;
        let (precision, recall) = (percent(rule.precision), percent(rule.recall));
        let (selected, missed) = (counted(rule.selected, who), grouped(rule.missed));
        let admitted = counted(rule.admitted, "other");
        writeln!(
            out,
            "   precision {precision}, recall {recall}: selects {selected}, misses {missed}, admits {admitted}"
        )?;
        write_samples("misses", &rule.missed_samples, rule.missed, out)?;
        write_samples("admits", &rule.admitted_samples, rule.admitted, out)
    })
}

fn members_that_are(count: u64) -> String {
    if count == 1 { "1 more member is".to_owned() } else { format!("{} more members are", grouped(count)) }
}

fn write_samples(word: &str, samples: &[Named], count: u64, out: &mut dyn io::Write) -> io::Result<()> {
    if samples.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = samples.iter().map(Named::shown).collect();
    let more = count.saturating_sub(samples.len() as u64);
    let more = if more > 0 { format!(" and {} more", grouped(more)) } else { String::new() };
    writeln!(out, "   {word} {}{more}", names.join(", "))
}

/// A share in percent, to one decimal place. Only what is whole reads as 100 %.
fn percent(share: f64) -> String {
    let most = if share < 1.0 { 99.9 } else { 100.0 };
    format!("{:.1}%", (share * 100.0).min(most))
}
