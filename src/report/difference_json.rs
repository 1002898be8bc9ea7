//! What `diff` found, for programs.

use std::io;

use serde_json::{Value as Json, json};

use super::analysis::Named;
use super::difference::{DifferenceReport, GroupDifference, Moves, Reader, Reason, Sample, Side};
use super::rule_finding;
use crate::analysis::logic::Relation;

/// One object: `groups`, `readers`, and `changes` if all are listed.
pub(super) fn write_object(report: &DifferenceReport<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut object = json!({
        "groups": report.groups.iter().map(|group| of_group(group, report)).collect::<Vec<_>>(),
        "readers": report.readers.iter().map(of_reader).collect::<Vec<_>>(),
    });
    if let (Some(all), Some(fields)) = (&report.all, object.as_object_mut()) {
        let mut changes = Vec::new();
        all.each(&mut |group, member, joins| {
            changes.push(of_change(group, member, joins));
            Ok(())
        })?;
        fields.insert("changes".to_owned(), Json::from(changes));
    }
    if let (Some(licenses), Some(fields)) = (&report.licenses, object.as_object_mut()) {
        fields.insert("licenses".to_owned(), licenses.object());
    }
    writeln!(out, "{object:#}")
}

/// A line for each group with another rule, one for each that reads them, and one for each change if all
/// are listed.
pub(super) fn write_lines(report: &DifferenceReport<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    for group in &report.groups {
        writeln!(out, "{}", of_group(group, report))?;
    }
    for reader in &report.readers {
        writeln!(out, "{}", of_reader(reader))?;
    }
    if let Some(licenses) = &report.licenses {
        writeln!(out, "{}", json!({ "licenses": licenses.object() }))?;
    }
    let Some(all) = &report.all else { return Ok(()) };
    all.each(&mut |group, member, joins| writeln!(out, "{}", of_change(group, member, joins)))
}

fn of_group(group: &GroupDifference, report: &DifferenceReport<'_>) -> Json {
    let findings = group.findings.iter().zip(std::iter::repeat(group.subject));
    let findings =
        findings.filter_map(|(finding, subject)| Some(rule_finding::json(finding, subject?, &report.places)));
    json!({
        "groupId": group.group.id,
        "displayName": group.group.display_name,
        "change": group.change.word(),
        "before": of_side(&group.before),
        "after": of_side(&group.after),
        "joins": of_moves(&group.joins),
        "leaves": of_moves(&group.leaves),
        "error": group.error,
        "proved": group.relation.map(|relation| match relation {
            Relation::Equivalent => "equivalent",
            Relation::Within => "nobody-leaves",
            Relation::Around => "nobody-joins",
            Relation::Apart => "disjoint",
        }),
        "findings": findings.collect::<Vec<_>>(),
    })
}

fn of_reader(reader: &Reader) -> Json {
    json!({
        "groupId": reader.group.id,
        "displayName": reader.group.display_name,
        "change": "reads",
        "reads": reader.through.iter().map(|group| &group.id).collect::<Vec<_>>(),
        "before": { "members": reader.members.0 },
        "after": { "members": reader.members.1 },
        "joins": { "count": reader.joins },
        "leaves": { "count": reader.leaves },
        "error": reader.error,
    })
}

fn of_change(group: &str, member: &str, joins: bool) -> Json {
    json!({ "groupId": group, "memberId": member, "change": if joins { "added" } else { "removed" } })
}

fn of_side(side: &Side) -> Json {
    json!({ "membershipRule": side.rule, "listed": side.listed, "members": side.members })
}

fn of_moves(moves: &Moves) -> Json {
    json!({ "count": moves.count, "samples": moves.samples.iter().map(of_sample).collect::<Vec<_>>() })
}

fn of_sample(sample: &Sample) -> Json {
    let reasons = |reasons: &[Reason]| reasons.iter().map(of_reason).collect::<Vec<_>>();
    let Named { id, display_name } = &sample.member;
    json!({
        "memberId": id,
        "displayName": display_name,
        "before": reasons(&sample.before),
        "after": reasons(&sample.after),
    })
}

/// In the words of an explanation.
fn of_reason(reason: &Reason) -> Json {
    let seen = reason.seen.as_ref();
    let seen = seen.map(|(name, value)| json!({ "propertyName": name, "propertyValue": value }));
    json!({ "expression": reason.expression, "expressionResult": reason.result, "propertyToEvaluate": seen })
}
