//! `dyngroup recompute`: the members of all groups of a tenant, and what changes.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::args::{Global, MemoryArgs, RecomputeArgs, ReportFormat};
use super::computed::{Computed, Past};
use super::failure::Failure;
use super::finish::{Finished, Out, stored_groups};
use super::guarded::Guards;
use super::licenses::Occasion;
use super::loaded::{Loaded, Memory};
use super::progress::Progress;
use super::remembered::Remembered;
use super::run_files::{refuse_state_among, write_guards};
use super::settings::Settings;
use super::{Outcome, incremental, output};
use crate::directory::column_reader::stored::StoredColumns;
use crate::directory::group::Group;
use crate::membership::recompute::{self, GroupOutcome, Status};
use crate::membership::register::{Holder, Register};
use crate::report::changes::Changes;
use crate::report::guards::{GuardReport, write_guard_text};
use crate::report::recompute as report;
use crate::report::recompute::{GroupReport, RunReport};
use crate::store::{
    AuditEvent, GroupHead, RunHead, RunKind, RunRecord, Session, Store, StoreError, StoredGroup,
};

/// Runs the command.
pub(super) fn run(args: &RecomputeArgs, global: &Global) -> Result<Outcome, Failure> {
    let started = Timestamp::now();
    let settings =
        Settings::read(global, &args.language, Some(&args.tenant))?.with_version_order(args.version_order);
    if let Some(out) = &args.out {
        not_the_same(&args.tenant, out)?;
        if let Some(state) = &args.memory.state {
            refuse_state_among(out, state)?;
        }
    }
    let mut store = store_of(&args.memory)?;
    let session = store.as_mut().map(Store::write).transpose()?;
    let outcome = Run { args, settings: &settings, started }.done(session)?;
    if let Some(store) = &store {
        // The run is done; what this leaves undone the next one does.
        let _ = store.settle();
    }
    Ok(outcome)
}

/// One run of the command.
struct Run<'a> {
    args: &'a RecomputeArgs,
    settings: &'a Settings,
    started: Timestamp,
}

impl Run<'_> {
    fn done(&self, session: Option<Session<'_>>) -> Result<Outcome, Failure> {
        let args = self.args;
        let mut progress = Progress::shown();
        let mut names = args.names.read()?;
        let mut lost = None;
        let (computed, past, run) = match &session {
            None => (self.computed(None, 1, &mut progress)?, Past::new(), 0),
            Some(session) => {
                let mut memory = Memory { session, remembered: Remembered::read(session)? };
                let last = memory.remembered.last.as_ref();
                let run = last.map_or(1, |last| last.run + 1);
                lost = last.zip(args.out.as_deref()).and_then(|(last, out)| lost_files(last, out));
                let past = past_of(&memory.remembered.groups);
                (self.computed(Some(&mut memory), run, &mut progress)?, past, run)
            }
        };
        let guards = Guards::of(computed.loaded.policy.clone(), &args.guards)?;
        let Computed { loaded, outcomes, after, followed, inputs, counts, present, licensed } = computed;
        let values = [(&loaded.users, loaded.managers.as_ref()), (&loaded.devices, None)]
            .map(|(columns, managers)| StoredColumns::of_read(columns, managers));
        names.add_groups(loaded.groups.iter().map(named));
        let Loaded { roster, users, devices, deleted, strangers, groups, before, warnings, .. } = loaded;
        let counted = if self.is_incremental() {
            present.each_ref().map(|present| usize::try_from(present.len()).unwrap_or(usize::MAX))
        } else {
            [users.rows(), devices.rows()]
        };
        drop((users, devices));
        let of_licenses = licensed.iter().flat_map(|licensed| licensed.warnings.iter().cloned());
        let warnings = lost.into_iter().chain(warnings).chain(of_licenses).collect();
        let id = run_id(self.started);
        let licenses = licensed.as_ref().map(|licensed| licensed.figures(&id, &roster, &names));
        let mut report = RunReport {
            run: id,
            kind: self.kind().word(),
            dry_run: args.memory.dry_run,
            out: args.out.as_ref().map(|out| out.display().to_string()),
            now: self.now(),
            started: self.started,
            events: if run > 1 { events_of(&groups, &outcomes, &past) } else { Vec::new() },
            groups: reports_of(&groups, outcomes, &past),
            changes: Changes { before, after, deleted, roster },
            licenses,
            users: counted[0],
            devices: counted[1],
            next_change: followed.iter().filter_map(|followed| followed.next_change).min(),
            stages: progress.seconds(),
            peak_memory_bytes: peak_memory_bytes(),
            warnings,
        };
        let looked = guards.look(&report, &counts)?;
        let guarded = GuardReport::of(&report, &looked.trips, &looked.allowed);
        let stopped = guarded.stopping().next().is_some();
        if stopped && !args.memory.dry_run {
            progress.finish();
            return self.stopped(&report, &guarded);
        }
        report.events.extend(looked.overridden);
        let session = session.filter(|_| !args.memory.dry_run);
        if let Some(session) = &session
            && !self.is_incremental()
        {
            progress.stage("state", "remembering attributes", || {
                remember_values(session, report.changes.roster.register(), &values, &present)
            })?;
        }
        drop(values);
        let [of_users, of_devices] = present;
        let finished = Finished {
            groups: stored_groups(&groups, followed, &past, &report, run),
            report,
            kind: self.kind(),
            undoes: None,
            actor: actor_or_user(args.memory.actor.as_ref()),
            present: Some([of_users, of_devices, strangers]),
            inputs: Some(inputs),
            licensed,
        };
        let out = args.out.as_deref().map(|folder| Out {
            folder,
            delta_format: args.delta_format,
            is_full: args.full,
            names: &names,
        });
        let is_remembered = session.is_some();
        let report = finished.write(session, out, &mut progress)?;
        progress.finish();
        if stopped {
            return self.stopped(&report, &guarded);
        }
        for warning in &report.warnings {
            output::warn(warning);
        }
        print(&report, args.output_format).map_err(|failure| done_but(failure, is_remembered))?;
        Ok(if report.has_errors() {
            Outcome::Findings
        } else if args.memory.detailed_exitcode && report.is_change() {
            Outcome::Changes
        } else {
            Outcome::Clean
        })
    }

    /// `run` is the number of the run.
    fn computed(
        &self,
        memory: Option<&mut Memory<'_>>,
        run: i64,
        progress: &mut Progress,
    ) -> Result<Computed, Failure> {
        let (folder, settings) = (&self.args.tenant, self.settings);
        let now = self.now();
        let choices = recompute::Settings { now, version_order: settings.version_order };
        let actor = actor_or_user(self.args.memory.actor.as_ref());
        let occasion = Occasion { now, run, actor, again: Vec::new() };
        match memory {
            Some(memory) if self.is_incremental() => {
                let args = &self.args.memory;
                incremental::computed(args, folder, settings, choices, memory, &occasion, progress)
            }
            memory => Computed::of_folder(folder, settings, choices, memory, &occasion, progress),
        }
    }

    fn is_incremental(&self) -> bool {
        self.args.memory.is_incremental()
    }

    fn kind(&self) -> RunKind {
        if self.is_incremental() { RunKind::Incremental } else { RunKind::Full }
    }

    fn now(&self) -> Timestamp {
        self.settings.now_or(self.started)
    }

    /// Says why nothing was committed, and leaves it in the folder of `--out` for review.
    fn stopped(&self, report: &RunReport, guarded: &GuardReport) -> Result<Outcome, Failure> {
        let file = match &self.args.out {
            Some(folder) => Some(write_guards(guarded, folder)?.display().to_string()),
            None => None,
        };
        for warning in &report.warnings {
            output::warn(warning);
        }
        print(report, self.args.output_format)?;
        let mut text = Vec::new();
        write_guard_text(guarded, file.as_deref(), &output::style_on(&io::stderr()), &mut text)?;
        let _ = anstream::stderr().write_all(&text);
        Ok(Outcome::Stopped)
    }
}

/// Has a state remember the attributes of all users and devices.
fn remember_values(
    session: &Session<'_>,
    register: &Register,
    values: &[StoredColumns; 2],
    present: &[RoaringBitmap; 2],
) -> Result<(), StoreError> {
    for ((holder, values), present) in [Holder::User, Holder::Device].into_iter().zip(values).zip(present) {
        let ordinals: Vec<u32> = present.iter().collect();
        session.set_values((register, holder), &ordinals, values)?;
    }
    session.forget_changes()
}

/// A group with its name.
pub(super) fn named(group: &Group) -> (&str, Option<&str>) {
    (&group.id, group.display_name.as_deref())
}

/// The state file, made if it is not there; none for a run that would only try.
fn store_of(args: &MemoryArgs) -> Result<Option<Store>, Failure> {
    let Some(path) = &args.state else { return Ok(None) };
    let is_new = match path.metadata() {
        Ok(metadata) => metadata.is_file() && metadata.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    if is_new && args.is_incremental() {
        return Err(nothing_remembered(path));
    }
    if is_new && args.dry_run {
        return Ok(None);
    }
    Ok(Some(Store::create(path, Duration::from_secs(args.wait))?))
}

/// Changes are told of a state that has no run yet.
pub(super) fn nothing_remembered(state: &Path) -> Failure {
    let state = state.display();
    Failure::new(format!("{state}: it remembers no run yet; run once without --changed"))
}

/// The last run was killed after it was committed and before its files were in their places: nobody will
/// see its changes in the files of the next one.
fn lost_files(last: &RunRecord, out: &Path) -> Option<String> {
    let is_same =
        last.head.summary.get("out").and_then(|it| it.as_str()) == Some(&*out.display().to_string());
    let told = std::fs::read_to_string(out.join("summary.json")).ok();
    let told: Option<Value> = told.and_then(|text| serde_json::from_str(&text).ok());
    let is_there = told.is_some_and(|told| told.get("run").and_then(|it| it.as_str()) == Some(&last.head.id));
    (output::sweep(out) > 0 && is_same && !is_there).then(|| {
        let RunRecord { run, head: RunHead { id, .. }, .. } = last;
        format!("the files of run {run} (`{id}`) did not reach {}: `dyngroup history {run} --out DIR` writes its deltas", out.display())
    })
}

/// What was remembered of groups, without their members.
pub(super) fn past_of(groups: &[StoredGroup]) -> Past {
    groups.iter().map(|group| (group.head.ordinal, group.head.clone())).collect()
}

/// Who has a run done: who is named, else the user of the system.
pub(super) fn actor_or_user(named: Option<&String>) -> String {
    let user = || ["USER", "LOGNAME", "USERNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    named.cloned().or_else(user).unwrap_or_else(|| "unknown".to_owned())
}

/// A run has files of the same names as a tenant, such as `groups.ndjson`.
fn not_the_same(tenant: &Path, out: &Path) -> Result<(), Failure> {
    let same =
        tenant.canonicalize().ok().zip(out.canonicalize().ok()).is_some_and(|(one, other)| one == other);
    if same { Err(a_tenant(out)) } else { Ok(()) }
}

fn a_tenant(out: &Path) -> Failure {
    let folder = out.display();
    Failure::new(format!("{folder}: this is a tenant folder; its files would be replaced: name another one"))
}

/// A folder with users is a tenant, whose groups the files of a run would replace.
pub(super) fn no_tenant(out: &Path) -> Result<(), Failure> {
    let Ok(entries) = std::fs::read_dir(out) else { return Ok(()) };
    let is_users =
        |name: String| name.split('.').next().is_some_and(|stem| stem.eq_ignore_ascii_case("users"));
    let is_tenant = entries.flatten().any(|entry| is_users(entry.file_name().to_string_lossy().into_owned()));
    if is_tenant { Err(a_tenant(out)) } else { Ok(()) }
}

/// Outcomes with the names of the groups, sorted by id.
fn reports_of(groups: &[Group], outcomes: Vec<GroupOutcome>, past: &Past) -> Vec<GroupReport> {
    let mut reports: Vec<GroupReport> = outcomes
        .into_iter()
        .zip(groups)
        .map(|(outcome, group)| GroupReport {
            id: group.id.clone(),
            group: outcome.group,
            display_name: group.display_name.clone(),
            status: outcome.status,
            cause: cause(group, &outcome, past.get(&outcome.group)),
            members: outcome.members,
            added: outcome.added,
            removed: outcome.removed,
            error: outcome.error,
        })
        .collect();
    reports.sort_by(|a, b| a.id.cmp(&b.id));
    reports
}

/// Why the members of a group change.
fn cause(group: &Group, outcome: &GroupOutcome, past: Option<&GroupHead>) -> &'static str {
    match outcome.status {
        Status::Deleted => "groupDeleted",
        Status::Static => "assigned",
        _ if past.is_some_and(|past| past.rule != group.membership_rule) => "ruleChanged",
        _ => "membershipRule",
    }
}

/// What happened to groups beside their members, since the last run.
fn events_of(groups: &[Group], outcomes: &[GroupOutcome], past: &Past) -> Vec<AuditEvent> {
    let event = |activity: &str, id: &str, details: Value| AuditEvent {
        activity: activity.to_owned(),
        category: "GroupManagement".to_owned(),
        target: json!({ "groupId": id }),
        details,
    };
    let of_group = |(group, outcome): (&Group, &GroupOutcome)| {
        let rule = group.membership_rule.as_ref().filter(|_| group.is_dynamic());
        match (past.get(&outcome.group), outcome.status) {
            (None, _) => Some(event("Add group", &group.id, json!({ "membershipRule": rule }))),
            (Some(past), Status::Deleted) => {
                let details = json!({ "membershipRule": past.rule, "displayName": past.display_name });
                Some(event("Delete group", &past.id, details))
            }
            (Some(past), _) => (past.rule.as_ref() != rule).then(|| {
                let details = json!({ "property": "membershipRule", "before": past.rule, "after": rule });
                event("Update group", &group.id, details)
            }),
        }
    };
    groups.iter().zip(outcomes).filter_map(of_group).collect()
}

/// Prints what a run did.
pub(super) fn print(result: &RunReport, format: Option<ReportFormat>) -> Result<(), Failure> {
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

/// What is said if only the report is lost.
pub(super) fn done_but(failure: Failure, is_remembered: bool) -> Failure {
    if is_remembered { failure.and("the run itself is done: the state holds it") } else { failure }
}

/// Runs are told apart by when they began, to the nanosecond.
pub(super) fn run_id(started: Timestamp) -> String {
    format!("run-{}", started.strftime("%Y%m%dT%H%M%S%9fZ"))
}

/// The high-water mark of this process, from Linux's process file; other systems do not tell this way.
pub(super) fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
