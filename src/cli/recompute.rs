//! `dyngroup recompute`: the members of all groups of a tenant, and what changes.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::args::{DeltaFormat, Global, RecomputeArgs, ReportFormat};
use super::failure::Failure;
use super::loaded::{self, Loaded};
use super::output::Staged;
use super::settings::Settings;
use super::{Outcome, output};
use crate::base::code;
use crate::base::fold::fold;
use crate::directory::tenant::Tenant;
use crate::language::dialect::Dialect;
use crate::membership::recompute::{self, GroupOutcome, Plan};
use crate::report::recompute as report;
use crate::report::recompute::{GroupReport, RunReport};
use crate::report::summary::counted;

/// Runs the command.
pub(super) fn run(args: &RecomputeArgs, global: &Global) -> Result<Outcome, Failure> {
    let started = Timestamp::now();
    let settings =
        Settings::read(global, &args.language, Some(&args.tenant))?.with_version_order(args.version_order);
    if let Some(out) = &args.out {
        not_the_same(&args.tenant, out)?;
    }
    let mut stages = Stages::default();
    let tenant = stages.time("read", || Tenant::read(&args.tenant, &settings.attributes))?;
    let plans = stages.time("compile", || loaded::plans_of(&tenant.groups, &settings));
    let warnings = warnings_of(&tenant, &plans);
    let rules = plans.iter().filter(|plan| matches!(plan, Plan::Rule(_))).count();
    let loaded = Loaded::of(tenant, plans)?;
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    let bar = progress_bar(rules);
    let (outcomes, _) = stages.time("evaluate", || loaded.recompute(choices, &|| bar.inc(1)));
    bar.finish_and_clear();
    let mut result = RunReport {
        run: run_id(started),
        now: choices.now,
        started,
        groups: reports_of(&loaded, outcomes),
        deleted: loaded.deleted.iter().map(|ordinal| loaded.roster.id(ordinal).to_owned()).collect(),
        users: loaded.users.len(),
        devices: loaded.devices.len(),
        stages: stages.0,
        peak_memory_bytes: peak_memory_bytes(),
        warnings,
    };
    if let Some(folder) = &args.out {
        write_files(&mut result, folder, args.delta_format)?;
    }
    for warning in &result.warnings {
        output::warn(warning);
    }
    print(&result, args.output_format)?;
    Ok(if result.failed() > 0 { Outcome::Findings } else { Outcome::Clean })
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

/// What is worth a look and no error: groups that are named and not there, chains of `memberOf`.
fn warnings_of(tenant: &Tenant, plans: &[Plan]) -> Vec<String> {
    let reads_groups = |plan: &Plan| matches!(plan, Plan::Rule(rule) if !rule.groups_read().is_empty());
    let known: HashMap<_, _> =
        tenant.groups.iter().zip(plans).map(|(group, plan)| (fold(&group.id), reads_groups(plan))).collect();
    let mut warnings = Vec::new();
    for (group, plan) in tenant.groups.iter().zip(plans) {
        let Plan::Rule(rule) = plan else { continue };
        for source in rule.groups_read() {
            let finding = match known.get(&fold(source)) {
                None => format!("which the tenant does not have [{}]", code::UNKNOWN_GROUP.id),
                Some(true) if rule.dialect == Dialect::Entra => {
                    "which has a memberOf rule itself; the service may not follow it".to_owned()
                }
                Some(_) => continue,
            };
            warnings.push(format!("group `{}`: memberOf names `{source}`, {finding}", group.id));
        }
    }
    let unknown = tenant.unknown_groups();
    if let Some(first) = unknown.first() {
        let groups = counted(unknown.len(), "group");
        warnings
            .push(format!("left out: members of {groups} that the tenant does not have, such as `{first}`"));
    }
    warnings
}

/// Outcomes with ids, sorted by group.
fn reports_of(loaded: &Loaded, outcomes: Vec<GroupOutcome>) -> Vec<GroupReport> {
    let ids = |ordinals: &RoaringBitmap| {
        let mut ids: Vec<String> = ordinals.iter().map(|it| loaded.roster.id(it).to_owned()).collect();
        ids.sort_unstable();
        ids
    };
    let mut reports: Vec<GroupReport> = outcomes
        .into_iter()
        .zip(&loaded.groups)
        .map(|(outcome, group)| GroupReport {
            id: group.id.clone(),
            display_name: group.display_name.clone(),
            status: outcome.status,
            members: outcome.members,
            added: ids(&outcome.delta.added),
            removed: ids(&outcome.delta.removed),
            error: outcome.error,
        })
        .collect();
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    reports
}

type Writer = fn(&RunReport, &mut dyn Write) -> io::Result<()>;

/// Writes all files or none. The summary takes its place last, so that a folder with one is whole.
fn write_files(result: &mut RunReport, folder: &Path, delta_format: DeltaFormat) -> Result<(), Failure> {
    let writing = Instant::now();
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "write", &error))?;
    let deltas: (&str, Writer) = match delta_format {
        DeltaFormat::Ndjson => ("membership-deltas.ndjson", report::write_deltas_ndjson),
        DeltaFormat::Csv => ("membership-deltas.csv", report::write_deltas_csv),
    };
    let files: [(&str, Writer); 3] =
        [deltas, ("groups.ndjson", report::write_groups), ("audit.ndjson", report::write_audit)];
    let stage = |name: &str, write: Writer, result: &RunReport| {
        let mut content = Vec::new();
        write(result, &mut content)?;
        Staged::write(&folder.join(name), &content)
    };
    let mut staged = Vec::new();
    for (name, write) in files {
        staged.push(stage(name, write, result)?);
    }
    result.stages.push(("write", writing.elapsed().as_secs_f64()));
    staged.push(stage("summary.json", report::write_summary, result)?);
    staged.into_iter().try_for_each(Staged::commit)
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

/// A bar on a terminal, nothing in a pipe.
fn progress_bar(rules: usize) -> ProgressBar {
    let bar = ProgressBar::new(rules as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} groups, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// Runs are told apart by when they began, to the nanosecond.
fn run_id(started: Timestamp) -> String {
    format!("run-{}", started.strftime("%Y%m%dT%H%M%S%9fZ"))
}

/// Seconds of each stage.
#[derive(Default)]
struct Stages(Vec<(&'static str, f64)>);

impl Stages {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.0.push((name, start.elapsed().as_secs_f64()));
        result
    }
}

/// The high-water mark of this process, from Linux's process file; other systems do not tell this way.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
