//! `dyngroup recompute`: the members of all groups of a tenant, and what changes.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use rayon::prelude::*;

use super::args::{DeltaFormat, Global, RecomputeArgs, ReportFormat};
use super::evaluate::sentence;
use super::failure::Failure;
use super::settings::Settings;
use super::{Outcome, output};
use crate::directory::group::{Group, ProcessingState};
use crate::directory::object::Object;
use crate::directory::tenant::Tenant;
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::language::typed::NodeKind;
use crate::membership::recompute::{self, GroupInput, GroupOutcome, Objects, Plan};
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;
use crate::report::recompute as report;
use crate::report::recompute::{GroupReport, RunReport};

/// Runs the command.
pub(super) fn run(args: &RecomputeArgs, global: &Global) -> Result<Outcome, Failure> {
    let started = Timestamp::now();
    let settings =
        Settings::read(global, &args.language, Some(&args.tenant))?.with_version_order(args.version_order);
    let mut stages = Stages::default();
    let tenant = stages.time("read", || Tenant::read(&args.tenant, &settings.attributes))?;
    let plans = stages.time("compile", || plans_of(&tenant.groups, &settings));
    let warnings = warnings_of(&tenant, &plans);
    let group_count = tenant.groups.len();
    let loaded = Loaded::of(tenant)?;
    let inputs: Vec<GroupInput> =
        loaded.group_ordinals.iter().zip(plans).map(|(&group, plan)| GroupInput { group, plan }).collect();
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    let bar = progress_bar(group_count);
    let (outcomes, _) = stages.time("evaluate", || {
        let progress = |finished: usize| bar.inc(finished as u64);
        recompute::recompute(&inputs, loaded.objects(), &loaded.roster, &loaded.before, choices, &progress)
    });
    bar.finish_and_clear();
    let mut result = RunReport {
        run: run_id(started),
        now: choices.now,
        started,
        groups: loaded.reports(outcomes),
        users: loaded.users.len(),
        devices: loaded.devices.len(),
        stages: stages.0,
        peak_memory_bytes: peak_memory_bytes(),
        warnings,
    };
    if let Some(folder) = &args.out {
        let writing = Instant::now();
        write_files(&result, folder, args.delta_format)?;
        result.stages.push(("write", writing.elapsed().as_secs_f64()));
        // Last, so that a folder with a summary is a whole one.
        write_file(&folder.join("summary.json"), |out| report::write_summary(&result, out))?;
    }
    for warning in &result.warnings {
        output::warn(warning);
    }
    print(&result, args.output_format, global)?;
    Ok(if result.failed() > 0 { Outcome::Findings } else { Outcome::Clean })
}

/// What is to be done with each group; rules are compiled in parallel.
fn plans_of(groups: &[Group], settings: &Settings) -> Vec<Plan> {
    groups.par_iter().map(|group| plan_of(group, settings)).collect()
}

fn plan_of(group: &Group, settings: &Settings) -> Plan {
    if !group.is_dynamic() {
        return Plan::Static;
    }
    if group.processing_state == ProcessingState::Paused {
        return Plan::Paused;
    }
    let Some(text) = group.membership_rule.as_deref().filter(|text| !text.trim().is_empty()) else {
        return Plan::Refused("the group is dynamic and has no membership rule".to_owned());
    };
    if group.is_assignable_to_role {
        return Plan::Refused(
            "a group that roles can be assigned to cannot have a membership rule".to_owned(),
        );
    }
    let is_unified = |kinds: &Vec<String>| kinds.iter().any(|kind| kind.eq_ignore_ascii_case("Unified"));
    let mut options = settings.options();
    if group.group_types.as_ref().is_some_and(is_unified) {
        options.subject = Some(Subject::User);
    }
    let compiled = compile(text, options);
    match compiled.rule {
        Some(rule) => Plan::Rule(Box::new(rule)),
        None => {
            let errors = compiled.diagnostics.iter().filter(|finding| finding.is_error());
            let sentences: Vec<String> = errors.map(|finding| sentence(text, finding)).collect();
            Plan::Refused(sentences.join("; "))
        }
    }
}

/// Groups that rules name and the tenant does not have, and chains of `memberOf`.
fn warnings_of(tenant: &Tenant, plans: &[Plan]) -> Vec<String> {
    let mut warnings = Vec::new();
    let reads_groups = |plan: &Plan| match plan {
        Plan::Rule(rule) => !rule.groups_read().is_empty(),
        Plan::Static | Plan::Paused | Plan::Refused(_) => false,
    };
    for (group, plan) in tenant.groups.iter().zip(plans) {
        let Plan::Rule(rule) = plan else { continue };
        for source in rule.groups_read() {
            match tenant.groups.iter().position(|other| other.id.eq_ignore_ascii_case(source)) {
                None => warnings.push(format!(
                    "group `{}`: memberOf names `{source}`, which the tenant does not have [DG0506]",
                    group.id
                )),
                Some(at) if plans.get(at).is_some_and(reads_groups) && is_direct(rule) => warnings.push(format!(
                    "group `{}`: memberOf reads `{source}`, which has a memberOf rule itself; the service may not follow it",
                    group.id
                )),
                Some(_) => {}
            }
        }
    }
    warnings
}

fn is_direct(rule: &crate::language::typed::TypedRule) -> bool {
    matches!(rule.root.kind, NodeKind::MemberOf { .. })
}

/// A tenant with ordinals in place of ids.
struct Loaded {
    roster: Roster,
    users: Vec<(Ordinal, Object)>,
    devices: Vec<(Ordinal, Object)>,
    groups: Vec<Group>,
    group_ordinals: Vec<Ordinal>,
    before: Snapshot,
    managers: crate::directory::managers::Managers,
}

impl Loaded {
    fn of(tenant: Tenant) -> Result<Self, Failure> {
        let mut roster = Roster::default();
        let mut ordinal = |id: &str| {
            roster.intern(id).ok_or_else(|| Failure::new("more objects than a run can hold (4,294,967,295)"))
        };
        let mut numbered = |objects: Vec<Object>| -> Result<Vec<(Ordinal, Object)>, Failure> {
            objects.into_iter().map(|object| Ok((ordinal(object.id())?, object))).collect()
        };
        let (users, devices) = (numbered(tenant.users)?, numbered(tenant.devices)?);
        let group_ordinals: Vec<Ordinal> =
            tenant.groups.iter().map(|group| ordinal(&group.id)).collect::<Result<_, _>>()?;
        let mut before = Snapshot::default();
        for (group, member) in tenant.members.iter() {
            before.add(ordinal(group)?, ordinal(member)?);
        }
        Ok(Self {
            roster,
            users,
            devices,
            groups: tenant.groups,
            group_ordinals,
            before,
            managers: tenant.managers,
        })
    }

    fn objects(&self) -> Objects<'_> {
        Objects { users: &self.users, devices: &self.devices, managers: &self.managers }
    }

    /// Outcomes with ids, sorted by group.
    fn reports(&self, outcomes: Vec<GroupOutcome>) -> Vec<GroupReport> {
        let ids = |ordinals: &roaring::RoaringBitmap| {
            let mut ids: Vec<String> =
                ordinals.iter().map(|ordinal| self.roster.id(ordinal).to_owned()).collect();
            ids.sort_unstable();
            ids
        };
        let mut reports: Vec<GroupReport> = outcomes
            .into_iter()
            .zip(&self.groups)
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
}

fn write_files(result: &RunReport, folder: &Path, delta_format: DeltaFormat) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "create", &error))?;
    match delta_format {
        DeltaFormat::Ndjson => {
            write_file(&folder.join("membership-deltas.ndjson"), |out| {
                report::write_deltas_ndjson(result, out)
            })?;
        }
        DeltaFormat::Csv => {
            write_file(&folder.join("membership-deltas.csv"), |out| report::write_deltas_csv(result, out))?;
        }
    }
    write_file(&folder.join("groups.ndjson"), |out| report::write_groups(result, out))?;
    write_file(&folder.join("audit.ndjson"), |out| report::write_audit(result, out))
}

fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<(), Failure> {
    let mut content = Vec::new();
    write(&mut content)?;
    output::write_whole(path, &content)
}

fn print(result: &RunReport, format: Option<ReportFormat>, global: &Global) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match output::format_or_default(format) {
        ReportFormat::Full | ReportFormat::Concise => {
            report::write_table(result, &output::style(global), &mut out)?
        }
        ReportFormat::Json => report::write_summary(result, &mut out)?,
        ReportFormat::Jsonl => report::write_groups(result, &mut out)?,
    }
    out.flush()?;
    Ok(())
}

/// A bar on a terminal, nothing in a pipe.
fn progress_bar(groups: usize) -> ProgressBar {
    let bar = ProgressBar::new(groups as u64);
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
