//! `dyngroup history`: the runs that a state file remembers, and what one of them changed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::args::ReportFormat;
use super::failure::Failure;
use super::output::Staged;
use super::run_arg::RunArg;
use super::state_file::StateArgs;
use super::state_groups::{self, FoundGroup, named};
use super::state_stream::StateStream;
use super::{Outcome, output};
use crate::base::fold::fold;
use crate::licensing::intent::UserIndex;
use crate::licensing::tenant::UserIds;
use crate::membership::roster::Ordinal;
use crate::report::guards::NamedGroup;
use crate::report::history as report;
use crate::report::history::RunSummary;
use crate::report::licenses::deltas::DeltaFormat as LicenseDeltaFormat;
use crate::report::licenses::past_deltas::{PastChange, write_past_license_deltas};
use crate::report::membership_stream::GroupMemberships;
use crate::report::memberships::write_past_deltas;
use crate::report::run_changes::{self, ChangedGroup, RunChanges};
use crate::store::{ChangeCounts, GroupHead, RunRecord, Session, StoredDelta, StoredIds};

/// Options of the command.
#[derive(Args, Debug)]
pub(super) struct HistoryArgs {
    /// Tell what this run changed: its number, its id, `last`, or `last~N` for the one N runs before
    #[arg(value_name = "RUN")]
    run: Option<RunArg>,
    #[command(flatten)]
    state: StateArgs,
    /// Tell only of this group, by id or display name
    #[arg(long, value_name = "ID")]
    group: Option<String>,
    /// The most runs to list, newest first
    #[arg(
        long,
        default_value_t = 20,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with = "run"
    )]
    limit: u64,
    /// Write membership-deltas.ndjson of the run into this folder once more
    #[arg(long, value_name = "DIR", requires = "run")]
    out: Option<PathBuf>,
    /// Compute the hashes of all runs again, to see whether anybody has changed the past
    #[arg(long, conflicts_with_all = ["run", "group", "limit", "out"])]
    verify: bool,
    /// The shape of the report
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<ReportFormat>,
}

/// Runs the command.
pub(super) fn run(args: &HistoryArgs) -> Result<Outcome, Failure> {
    let mut store = args.state.open()?;
    let session = store.read()?;
    let format = output::format_or_default(args.output_format);
    if args.verify {
        return verify(&session, format);
    }
    match &args.run {
        Some(run) => one(&session, args, &run.find(&session)?, format),
        None => list(&session, args, format),
    }
}

fn verify(session: &Session<'_>, format: ReportFormat) -> Result<Outcome, Failure> {
    let unfit = session.first_unfit_run()?;
    // What does not fit may not be readable either.
    let last = if unfit.is_none() { session.last_run()? } else { None };
    let mut out = io::stdout().lock();
    match format {
        ReportFormat::Full | ReportFormat::Concise => {
            report::write_proof(last.as_ref(), unfit.as_ref(), &mut out)?;
        }
        ReportFormat::Json => writeln!(out, "{:#}", report::proof_json(last.as_ref(), unfit.as_ref()))?,
        ReportFormat::Jsonl => writeln!(out, "{}", report::proof_json(last.as_ref(), unfit.as_ref()))?,
    }
    Ok(if unfit.is_some() { Outcome::Findings } else { Outcome::Clean })
}

fn list(session: &Session<'_>, args: &HistoryArgs, format: ReportFormat) -> Result<Outcome, Failure> {
    let group = args.group.as_deref().map(|name| group_of(session, name)).transpose()?;
    let narrow = group.as_ref().map(|group| (group.ordinal, group.group.id.as_str()));
    let runs = session.latest_runs(args.limit, narrow)?;
    let first = runs.last().map_or(i64::MAX, |run| run.run);
    let counts = session.change_counts(first, narrow.map(|(ordinal, _)| ordinal))?;
    let runs: Vec<RunSummary> = runs
        .into_iter()
        .map(|run| RunSummary { changed: counts.get(&run.run).copied().unwrap_or_default(), run })
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        ReportFormat::Full if runs.is_empty() => output::say(match narrow {
            Some(_) => "no run has changed the group",
            None => "there is no run yet",
        }),
        ReportFormat::Full => report::write_runs_table(&runs, &output::style(), &mut out)?,
        ReportFormat::Concise => report::write_runs_concise(&runs, &mut out)?,
        ReportFormat::Json => report::write_runs_json(&runs, &mut out)?,
        ReportFormat::Jsonl => report::write_runs_lines(&runs, &mut out)?,
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

fn group_of(session: &Session<'_>, name: &str) -> Result<FoundGroup, Failure> {
    state_groups::find_ever(session, &session.group_heads()?, &session.ids()?, name)
}

fn one(
    session: &Session<'_>,
    args: &HistoryArgs,
    run: &RunRecord,
    format: ReportFormat,
) -> Result<Outcome, Failure> {
    let ids = session.ids()?;
    let only = match &args.group {
        Some(name) => Some(state_groups::find_ever(session, &session.group_heads()?, &ids, name)?),
        None => None,
    };
    let groups = changed_groups(session, run, &ids, only.as_ref())?;
    if let Some(folder) = &args.out {
        write_deltas(session, run, &ids, &groups, folder)?;
        if only.is_none() {
            write_licenses(session, run, &ids, folder)?;
        }
    }
    let changes = changes_of(session, run, groups, only.as_ref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    match format {
        ReportFormat::Full => run_changes::write_run_text(&changes, &output::style(), &mut out)?,
        ReportFormat::Concise => run_changes::write_run_concise(&changes, &mut out)?,
        ReportFormat::Json => run_changes::write_run_json(&changes, &mut out)?,
        ReportFormat::Jsonl => run_changes::write_run_lines(&changes, &mut out)?,
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

/// The groups whose members a run changed, or the one that is asked about, sorted by id.
fn changed_groups(
    session: &Session<'_>,
    run: &RunRecord,
    ids: &StoredIds,
    only: Option<&FoundGroup>,
) -> Result<Vec<(Ordinal, ChangedGroup)>, Failure> {
    let heads = session.group_heads()?;
    let heads: HashMap<Ordinal, &GroupHead> = heads.iter().map(|head| (head.ordinal, head)).collect();
    let mut groups = Vec::new();
    for delta in session.delta_heads(run.run)? {
        if only.is_some_and(|only| only.ordinal != delta.ordinal) {
            continue;
        }
        let group = match heads.get(&delta.ordinal) {
            Some(head) => named(head),
            None => NamedGroup { id: session.id_of(ids, delta.ordinal)?.to_owned(), display_name: None },
        };
        let changed =
            ChangedGroup { group, cause: Some(delta.cause), changed: delta.counts, events: Vec::new() };
        groups.push((delta.ordinal, changed));
    }
    groups.sort_by(|(_, one), (_, other)| one.group.id.cmp(&other.group.id));
    Ok(groups)
}

fn changes_of(
    session: &Session<'_>,
    run: &RunRecord,
    groups: Vec<(Ordinal, ChangedGroup)>,
    only: Option<&FoundGroup>,
) -> Result<RunChanges, Failure> {
    let groups: Vec<ChangedGroup> = groups.into_iter().map(|(_, group)| group).collect();
    let mut changed = ChangeCounts::default();
    for group in &groups {
        changed.added = changed.added.saturating_add(group.changed.added);
        changed.removed = changed.removed.saturating_add(group.changed.removed);
    }
    let summary = RunSummary { run: run.clone(), changed };
    let mut changes = RunChanges::new(summary, groups, session.audit(run.run)?);
    if let Some(only) = only {
        changes.events.clear();
        let wanted = fold(&only.group.id);
        changes.groups.retain(|group| fold(&group.group.id) == wanted);
    }
    Ok(changes)
}

/// Writes the file of the deltas, whole or not at all.
fn write_deltas(
    session: &Session<'_>,
    run: &RunRecord,
    ids: &StoredIds,
    groups: &[(Ordinal, ChangedGroup)],
    folder: &Path,
) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::file(folder, "write", &error))?;
    let mut left = groups.iter();
    let mut stream = StateStream::new(|| {
        let Some((ordinal, group)) = left.next() else { return Ok(None) };
        let StoredDelta { added, removed, .. } =
            session.delta(run.run, *ordinal)?.unwrap_or_else(|| StoredDelta {
                ordinal: *ordinal,
                cause: String::new(),
                added: roaring::RoaringBitmap::new(),
                removed: roaring::RoaringBitmap::new(),
            });
        let (added, removed) = (session.settled(ids, added)?, session.settled(ids, removed)?);
        // One who only got another ordinal neither came nor went.
        let (added, removed) = (&added - &removed, removed - added);
        Ok(Some(GroupMemberships { group: group.group.id.clone(), added, removed }))
    });
    let path = folder.join("membership-deltas.ndjson");
    let staged = Staged::stream(&path, |out| write_past_deltas(ids, &mut || stream.next(), out));
    stream.end(staged)?.commit()
}

/// Writes the file of the licenses that a run changed, if it looked at licenses at all.
fn write_licenses(
    session: &Session<'_>,
    run: &RunRecord,
    ids: &StoredIds,
    folder: &Path,
) -> Result<(), Failure> {
    if run.head.summary.get("licenses").is_none() {
        return Ok(());
    }
    let changes = session.license_changes(run.run)?;
    let past = changes
        .iter()
        .map(|change| PastChange { users: Cow::Borrowed(&change.users), body: Cow::Borrowed(&change.body) });
    let path = folder.join("license-deltas.ndjson");
    let write = |out: &mut (dyn Write + Send)| {
        write_past_license_deltas(LicenseDeltaFormat::Ndjson, past, &IdsOfState(ids), out)
    };
    Staged::stream(&path, write)?.commit()
}

/// The ids of users by ordinal.
struct IdsOfState<'a>(&'a StoredIds);

impl UserIds for IdsOfState<'_> {
    fn id(&self, user: UserIndex) -> &str {
        self.0.id(user.0).unwrap_or_default()
    }
}
