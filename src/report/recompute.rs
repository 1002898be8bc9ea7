//! What a recompute run leaves: groups and summary, and the table for people.

use std::io;

use jiff::Timestamp;
use serde_json::json;

use super::Style;
use super::changes::Changes;
use super::licenses::figures::LicenseFigures;
use super::palette::{self, painted};
use super::printable::printable;
use crate::membership::recompute::Status;
use crate::membership::roster::Ordinal;
use crate::store::AuditEvent;

/// The result of a run.
#[derive(Clone, Debug)]
pub struct RunReport {
    /// The run's id.
    pub run: String,
    /// What kind of run it is: `full`, `incremental` or `undo`.
    pub kind: &'static str,
    /// Whether nothing of it is remembered.
    pub dry_run: bool,
    /// What `system.now` stood for.
    pub now: Timestamp,
    /// When the run began.
    pub started: Timestamp,
    /// The folder that its files go to.
    pub out: Option<String>,
    /// What happened beside changes of members.
    pub events: Vec<AuditEvent>,
    /// All groups, sorted by id.
    pub groups: Vec<GroupReport>,
    /// The members of all groups before and after.
    pub changes: Changes,
    /// What comes of the licenses, if the tenant has products.
    pub licenses: Option<LicenseFigures>,
    /// How many users there are.
    pub users: usize,
    /// How many devices there are.
    pub devices: usize,
    /// When the clock alone can change members next.
    pub next_change: Option<Timestamp>,
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
    /// The group's ordinal.
    pub group: Ordinal,
    /// Its name.
    pub display_name: Option<String>,
    /// What became of it.
    pub status: Status,
    /// Why its members change, if they do: a word such as `membershipRule`.
    pub cause: &'static str,
    /// How many members it has now.
    pub members: u64,
    /// How many came.
    pub added: u64,
    /// How many went.
    pub removed: u64,
    /// Why it failed.
    pub error: Option<String>,
}

impl RunReport {
    /// Groups in error.
    pub fn failed(&self) -> usize {
        self.count(Status::Failed)
    }

    /// Whether some group is in error, or some user's license.
    pub fn has_errors(&self) -> bool {
        self.failed() > 0 || self.licenses.as_ref().is_some_and(LicenseFigures::has_errors)
    }

    /// Whether some group has other members than before, or some user other licenses.
    pub fn is_change(&self) -> bool {
        let of_licenses = self.licenses.as_ref().map_or(0, |licenses| licenses.counts.users_changed);
        self.added() + self.removed() + of_licenses > 0
    }

    fn count(&self, status: Status) -> usize {
        self.groups.iter().filter(|group| group.status == status).count()
    }

    fn added(&self) -> u64 {
        self.groups.iter().map(|group| group.added).sum()
    }

    fn removed(&self) -> u64 {
        self.groups.iter().map(|group| group.removed).sum()
    }
}

/// `groups.ndjson`.
///
/// # Errors
/// Those of `out`.
pub fn write_groups(report: &RunReport, out: &mut dyn io::Write) -> io::Result<()> {
    report.groups.iter().try_for_each(|group| {
        let mut row = json!({
            "groupId": group.id,
            "status": group.status.word(),
            "members": group.members,
            "added": group.added,
            "removed": group.removed,
            "error": group.error,
        });
        let licenses = report.licenses.as_ref().and_then(|licenses| licenses.groups.get(&group.id));
        if let (Some(licenses), Some(row)) = (licenses, row.as_object_mut()) {
            row.insert("licenses".to_owned(), licenses.object());
        }
        writeln!(out, "{row}")
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
    let mut summary = json!({
        "run": report.run,
        "kind": report.kind,
        "dryRun": report.dry_run,
        "out": report.out,
        "now": report.now.to_string(),
        "counts": {
            "users": report.users,
            "devices": report.devices,
            "groups": report.groups.len(),
            "succeeded": report.count(Status::Succeeded),
            "failed": report.failed(),
            "paused": report.count(Status::Paused),
            "static": report.count(Status::Static),
            "deleted": report.count(Status::Deleted),
            "added": report.added(),
            "removed": report.removed(),
        },
        "nextChange": report.next_change.map(|instant| instant.to_string()),
        "stageSeconds": stages,
        "peakMemoryBytes": report.peak_memory_bytes,
        "warnings": report.warnings,
    });
    if let (Some(licenses), Some(summary)) = (&report.licenses, summary.as_object_mut()) {
        summary.insert("licenses".to_owned(), licenses.summary.clone());
    }
    summary
}

/// The table for people: groups with a rule and others that changed, then the totals.
///
/// # Errors
/// Those of `out`.
pub fn write_table(report: &RunReport, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let is_shown = |group: &&GroupReport| group.status != Status::Static || group.added + group.removed > 0;
    let shown: Vec<&GroupReport> = report.groups.iter().filter(is_shown).collect();
    let name =
        |group: &GroupReport| printable(group.display_name.as_deref().unwrap_or(&group.id)).into_owned();
    let width =
        shown.iter().map(|group| name(group).chars().count()).max().unwrap_or(5).clamp(5, NAME_MAX_COLUMNS);
    writeln!(out, "{:width$}  {:>9}  {:>7}  {:>7}  status", "group", "members", "added", "removed")?;
    for group in shown {
        let word = match group.status {
            Status::Failed => painted(*style, palette::BAD, group.status.word()),
            Status::Paused | Status::Deleted | Status::NotStarted => {
                painted(*style, palette::DIM, group.status.word())
            }
            Status::Succeeded | Status::Static => group.status.word().to_owned(),
        };
        let name: String = name(group).chars().take(width).collect();
        let (added, removed) = (signed(group.added, '+'), signed(group.removed, '-'));
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
    )?;
    report.licenses.iter().try_for_each(|licenses| write!(out, "{}", licenses.block))
}

/// Longer names are cut in the table.
const NAME_MAX_COLUMNS: usize = 48;

fn signed(count: u64, sign: char) -> String {
    if count == 0 { "·".to_owned() } else { format!("{sign}{count}") }
}
