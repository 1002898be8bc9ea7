//! `dyngroup recompute`: the members of all groups of a tenant, and what changes.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use jiff::Timestamp;

use super::args::{Global, RecomputeArgs, ReportFormat};
use super::failure::Failure;
use super::loaded::Loaded;
use super::progress::Progress;
use super::run_files::write_files;
use super::settings::Settings;
use super::{Outcome, output};
use crate::directory::group::Group;
use crate::membership::recompute::{self, GroupOutcome};
use crate::report::changes::Changes;
use crate::report::recompute as report;
use crate::report::recompute::{GroupReport, RunReport};

/// Runs the command.
pub(super) fn run(args: &RecomputeArgs, global: &Global) -> Result<Outcome, Failure> {
    let started = Timestamp::now();
    let settings =
        Settings::read(global, &args.language, Some(&args.tenant))?.with_version_order(args.version_order);
    if let Some(out) = &args.out {
        not_the_same(&args.tenant, out)?;
    }
    let mut progress = Progress::shown();
    let loaded = Loaded::read(&args.tenant, &settings, &mut progress)?;
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    let mut result = computed(loaded, choices, started, &mut progress);
    if let Some(folder) = &args.out {
        write_files(&mut result, folder, args.delta_format, &mut progress)?;
    }
    progress.finish();
    for warning in &result.warnings {
        output::warn(warning);
    }
    print(&result, args.output_format)?;
    Ok(if result.failed() > 0 { Outcome::Findings } else { Outcome::Clean })
}

/// The result of a run that begins now. Nothing of the columns outlives it.
fn computed(
    loaded: Loaded,
    choices: recompute::Settings,
    started: Timestamp,
    progress: &mut Progress,
) -> RunReport {
    let (outcomes, after) = loaded.recompute(choices, progress);
    let Loaded { roster, users, devices, deleted, groups, before, warnings, .. } = loaded;
    RunReport {
        run: run_id(started),
        now: choices.now,
        started,
        groups: reports_of(&groups, outcomes),
        changes: Changes { before, after, deleted, roster },
        users: users.rows(),
        devices: devices.rows(),
        stages: progress.seconds(),
        peak_memory_bytes: peak_memory_bytes(),
        warnings,
    }
}

/// A run has files of the same names as a tenant, such as `groups.ndjson`.
fn not_the_same(tenant: &Path, out: &Path) -> Result<(), Failure> {
    let same =
        tenant.canonicalize().ok().zip(out.canonicalize().ok()).is_some_and(|(one, other)| one == other);
    if !same {
        return Ok(());
    }
    let folder = out.display();
    Err(Failure::new(format!(
        "{folder}: this is the tenant folder; its files would be replaced: name another one"
    )))
}

/// Outcomes with the names of the groups, sorted by id.
fn reports_of(groups: &[Group], outcomes: Vec<GroupOutcome>) -> Vec<GroupReport> {
    let mut reports: Vec<GroupReport> = outcomes
        .into_iter()
        .zip(groups)
        .map(|(outcome, group)| GroupReport {
            id: group.id.clone(),
            group: outcome.group,
            display_name: group.display_name.clone(),
            status: outcome.status,
            members: outcome.members,
            added: outcome.added,
            removed: outcome.removed,
            error: outcome.error,
        })
        .collect();
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    reports
}

fn print(result: &RunReport, format: Option<ReportFormat>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match output::format_or_default(format) {
        ReportFormat::Full | ReportFormat::Concise => {
            report::write_table(result, &output::style(), &mut out)?;
        }
        ReportFormat::Json => report::write_summary(result, &mut out)?,
        ReportFormat::Jsonl => report::write_groups(result, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

/// Runs are told apart by when they began, to the nanosecond.
fn run_id(started: Timestamp) -> String {
    format!("run-{}", started.strftime("%Y%m%dT%H%M%S%9fZ"))
}

/// The high-water mark of this process, from Linux's process file; other systems do not tell this way.
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
