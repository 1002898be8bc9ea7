//! What a recompute run leaves: deltas, groups, audit and summary, and the table for people.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::Style;
use super::palette::{self, painted};
use super::printable::printable;
use crate::membership::recompute::Status;

/// The result of a run, with ids in place of ordinals. Groups are sorted by id, members too.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The run's id.
    pub run: String,
    /// What `system.now` stood for.
    pub now: Timestamp,
    /// When the run began.
    pub started: Timestamp,
    /// All groups.
    pub groups: Vec<GroupReport>,
    /// Counts of objects.
    pub users: usize,
    /// Counts of objects.
    pub devices: usize,
    /// Seconds of each stage, in order.
    pub stages: Vec<(&'static str, f64)>,
    /// The most memory that the process held, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Things worth knowing that are no errors.
    pub warnings: Vec<String>,
}

/// One group of a run.
#[derive(Clone, Debug)]
pub struct GroupReport {
    /// The group's id.
    pub id: String,
    /// Its name.
    pub display_name: Option<String>,
    /// What became of it.
    pub status: Status,
    /// How many members it has now.
    pub members: u64,
    /// Ids of those who came, sorted.
    pub added: Vec<String>,
    /// Ids of those who went, sorted.
    pub removed: Vec<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// One line of `membership-deltas`.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeltaRow<'a> {
    group_id: &'a str,
    member_id: &'a str,
    change: &'static str,
}

impl RunReport {
    /// Groups in error.
    pub fn failed(&self) -> usize {
        self.count(Status::Failed)
    }

    fn count(&self, status: Status) -> usize {
        self.groups.iter().filter(|group| group.status == status).count()
    }

    fn added(&self) -> usize {
        self.groups.iter().map(|group| group.added.len()).sum()
    }

    fn removed(&self) -> usize {
        self.groups.iter().map(|group| group.removed.len()).sum()
    }

    /// All changes, by group and then member.
    fn deltas(&self) -> impl Iterator<Item = DeltaRow<'_>> {
        self.groups.iter().flat_map(|group| {
            let row = |change| move |member_id| DeltaRow { group_id: &group.id, member_id, change };
            let added = group.added.iter().map(String::as_str).map(row("added"));
            let removed = group.removed.iter().map(String::as_str).map(row("removed"));
            let mut rows: Vec<DeltaRow<'_>> = added.chain(removed).collect();
            rows.sort_by_key(|row| row.member_id);
            rows
        })
    }
}

/// `membership-deltas.ndjson`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas_ndjson(report: &RunReport, out: &mut dyn io::Write) -> io::Result<()> {
    report.deltas().try_for_each(|row| line(&row, out))
}

/// `membership-deltas.csv`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas_csv(report: &RunReport, out: &mut dyn io::Write) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(out);
    table.write_record(["groupId", "memberId", "change"])?;
    for row in report.deltas() {
        table.serialize(row)?;
    }
    table.flush()
}

/// `groups.ndjson`.
///
/// # Errors
/// Those of `out`.
pub fn write_groups(report: &RunReport, out: &mut dyn io::Write) -> io::Result<()> {
    report.groups.iter().try_for_each(|group| {
        let row = json!({
            "groupId": group.id,
            "status": group.status.word(),
            "members": group.members,
            "added": group.added.len(),
            "removed": group.removed.len(),
            "error": group.error,
        });
        line(&row, out)
    })
}

/// `audit.ndjson`: one event for each change, in the words of the service's audit log.
///
/// # Errors
/// Those of `out`.
pub fn write_audit(report: &RunReport, out: &mut dyn io::Write) -> io::Result<()> {
    report.deltas().try_for_each(|row| {
        let activity = if row.change == "added" { "Add member to group" } else { "Remove member from group" };
        let event = json!({
            "activity": activity,
            "category": "GroupManagement",
            "actor": "dyngroup",
            "target": { "groupId": row.group_id, "memberId": row.member_id },
            "time": report.started.to_string(),
            "run": report.run,
            "details": { "cause": "membershipRule" },
        });
        line(&event, out)
    })
}

/// `summary.json`.
///
/// # Errors
/// Those of `out`.
pub fn write_summary(report: &RunReport, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{:#}", summary(report))
}

/// The counts of a run as one object.
pub fn summary(report: &RunReport) -> serde_json::Value {
    let stages: serde_json::Map<String, serde_json::Value> =
        report.stages.iter().map(|&(name, seconds)| (name.to_owned(), json!(seconds))).collect();
    json!({
        "run": report.run,
        "now": report.now.to_string(),
        "counts": {
            "users": report.users,
            "devices": report.devices,
            "groups": report.groups.len(),
            "succeeded": report.count(Status::Succeeded),
            "failed": report.failed(),
            "paused": report.count(Status::Paused),
            "static": report.count(Status::Static),
            "added": report.added(),
            "removed": report.removed(),
        },
        "stageSeconds": stages,
        "peakMemoryBytes": report.peak_memory_bytes,
        "warnings": report.warnings,
    })
}

/// The table for people: groups with a rule, then the totals.
///
/// # Errors
/// Those of `out`.
pub fn write_table(report: &RunReport, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let shown: Vec<&GroupReport> =
        report.groups.iter().filter(|group| group.status != Status::Static).collect();
    let name =
        |group: &GroupReport| printable(group.display_name.as_deref().unwrap_or(&group.id)).into_owned();
    let width =
        shown.iter().map(|group| name(group).chars().count()).max().unwrap_or(5).clamp(5, NAME_MAX_COLUMNS);
    writeln!(out, "{:width$}  {:>9}  {:>7}  {:>7}  status", "group", "members", "added", "removed")?;
    for group in shown {
        let word = match group.status {
            Status::Failed => painted(*style, palette::BAD, group.status.word()),
            Status::Paused => painted(*style, palette::DIM, group.status.word()),
            Status::Succeeded | Status::Static => group.status.word().to_owned(),
        };
        let name: String = name(group).chars().take(width).collect();
        let (added, removed) = (signed(group.added.len(), '+'), signed(group.removed.len(), '-'));
        writeln!(out, "{name:width$}  {:>9}  {added:>7}  {removed:>7}  {word}", group.members)?;
        if let Some(error) = &group.error {
            writeln!(out, "  {}", printable(error))?;
        }
    }
    writeln!(
        out,
        "{} users, {} devices, {} groups with a rule: {} added, {} removed, {} in error",
        report.users,
        report.devices,
        report.groups.len() - report.count(Status::Static),
        report.added(),
        report.removed(),
        report.failed(),
    )
}

/// Longer names are cut in the table.
const NAME_MAX_COLUMNS: usize = 48;

fn signed(count: usize, sign: char) -> String {
    if count == 0 { "·".to_owned() } else { format!("{sign}{count}") }
}

fn line(row: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, row)?;
    out.write_all(b"\n")
}
