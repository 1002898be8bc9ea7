//! `dyngroup undo`: takes the changes of a run back, as a run of its own.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::args::{DeltaFormat, ReportFormat};
use super::failure::Failure;
use super::finish::{Finished, Out};
use super::licenses::{Licensed, Occasion, follow};
use super::progress::Progress;
use super::recompute::{actor_or_user, done_but, no_tenant, peak_memory_bytes, print, run_id};
use super::remembered::{Inputs, Remembered};
use super::run_arg::RunArg;
use super::run_files::refuse_state_among;
use super::standing::{Standing, report_of};
use super::state_file::StateArgs;
use super::{Outcome, output};
use crate::membership::recompute::Status;
use crate::membership::register::Holder;
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;
use crate::report::changes::Changes;
use crate::report::licenses::NoNames;
use crate::report::recompute::{GroupReport, RunReport};
use crate::report::summary::counted;
use crate::store::{GroupHead, RunKind, RunRecord, Session, StoredDelta, StoredGroup};

#[derive(Args, Debug)]
pub(super) struct UndoArgs {
    /// The run to take back: its number, its id, `last`, or `last~N` for the N-th before
    #[arg(value_name = "RUN")]
    run: RunArg,
    #[command(flatten)]
    state: StateArgs,
    /// Write membership-deltas, groups, audit and summary into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The format of the membership deltas
    #[arg(long, value_enum, default_value_t = DeltaFormat::Ndjson, value_name = "FORMAT", requires = "out")]
    delta_format: DeltaFormat,
    /// Do all but remember
    #[arg(long)]
    dry_run: bool,
    /// Who has it done, for the history; the user of the system if not given
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// The shape of the report on standard output
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<ReportFormat>,
}

/// Runs the command.
pub(super) fn run(args: &UndoArgs) -> Result<Outcome, Failure> {
    let started = Timestamp::now();
    let mut progress = Progress::shown();
    if let Some(out) = &args.out {
        no_tenant(out)?;
        refuse_state_among(out, &args.state.state)?;
    }
    let mut store = args.state.open()?;
    let session = store.write()?;
    let remembered = Remembered::read(&session)?;
    let target = args.run.find(&session)?;
    let undone = Undone::of(&session, remembered, &target, args)?;
    let finished = undone.finished(args, &target, started, &mut progress);
    let out = args.out.as_deref().map(|folder| Out {
        folder,
        delta_format: args.delta_format,
        is_full: false,
        names: &NoNames,
    });
    let report = finished.write(Some(session).filter(|_| !args.dry_run), out, &mut progress)?;
    progress.finish();
    for warning in &report.warnings {
        output::warn(warning);
    }
    print(&report, args.output_format).map_err(|failure| done_but(failure, !args.dry_run))?;
    Ok(Outcome::Clean)
}

/// The members before and after a run is taken back.
struct Undone {
    roster: Roster,
    counts: [usize; 2],
    groups: Vec<StoredGroup>,
    before: Snapshot,
    after: Snapshot,
    warnings: Vec<String>,
    now: Timestamp,
    /// The number that the run gets.
    run: i64,
    inputs: Inputs,
    /// The groups that are there again.
    again: RoaringBitmap,
    /// What becomes of the licenses.
    licensed: Option<Licensed>,
}

impl Undone {
    /// Turns each change of `target` round, as far as it still stands: who came goes, who went comes back.
    /// Who does not exist any more does not come back.
    fn of(
        session: &Session<'_>,
        remembered: Remembered,
        target: &RunRecord,
        args: &UndoArgs,
    ) -> Result<Self, Failure> {
        let standing = Standing::of(remembered);
        let mut before = standing.members();
        let Standing { mut roster, counts, mut groups, users, gone, last, inputs } = standing;
        let last_run = session.next_run()? - 1;
        let mut deltas = session.deltas(target.run)?;
        for delta in &mut deltas {
            promote(delta, &roster);
        }
        leave_later(session, &mut deltas, target.run + 1..=last_run, &roster)?;
        let deleted = deleted_groups(session, &roster, &groups, target)?;
        let again = deleted.iter().map(|group| group.head.ordinal).collect();
        for group in &deleted {
            before.replace(group.head.ordinal, RoaringBitmap::new());
        }
        groups.extend(deleted);
        let mut after = before.clone();
        let mut absent = RoaringBitmap::new();
        for delta in &deltas {
            let members = before.members(delta.ordinal).cloned().unwrap_or_default();
            absent |= &delta.removed & &gone;
            after.replace(delta.ordinal, (members - &delta.added) | (&delta.removed - &gone));
        }
        let mut warnings = vec![
            "the next run follows the rules again: mend the rule, or pause the group, before it".to_owned(),
        ];
        if !absent.is_empty() {
            let objects = counted(usize::try_from(absent.len()).unwrap_or(usize::MAX), "object");
            warnings.push(format!("not brought back, because they were deleted: {objects}"));
        }
        let now = last.map_or(target.head.now, |last| last.head.now);
        // The members file has to be read again: what it tells was just taken back.
        let inputs = Inputs { members_file: None, ..inputs };
        let run = last_run + 1;
        let actor = actor_or_user(args.actor.as_ref());
        let occasion = Occasion { now, run, actor, again: Vec::new() };
        let licensed = follow(session, &occasion, &users, &after, &mut roster)?;
        Ok(Self { roster, counts, groups, before, after, warnings, now, run, inputs, again, licensed })
    }

    fn finished(
        self,
        args: &UndoArgs,
        target: &RunRecord,
        started: Timestamp,
        progress: &mut Progress,
    ) -> Finished {
        let Self { roster, counts, groups, before, after, warnings, now, run, inputs, again, licensed } =
            self;
        let mut reports: Vec<GroupReport> =
            groups.iter().map(|group| report_of(&group.head, &before, &after, "undo")).collect();
        reports.sort_by(|one, other| one.id.cmp(&other.id));
        let changed: HashMap<Ordinal, bool> =
            reports.iter().map(|report| (report.group, report.added + report.removed > 0)).collect();
        let id = run_id(started);
        let licenses = licensed.as_ref().map(|licensed| licensed.figures(&id, &roster, &NoNames));
        let report = RunReport {
            run: id,
            kind: RunKind::Undo.word(),
            dry_run: args.dry_run,
            out: args.out.as_ref().map(|out| out.display().to_string()),
            now,
            started,
            events: Vec::new(),
            groups: reports,
            changes: Changes { before, after, deleted: RoaringBitmap::new(), roster },
            licenses,
            users: counts[0],
            devices: counts[1],
            next_change: groups.iter().filter_map(|group| group.head.next_change).min(),
            stages: progress.seconds(),
            peak_memory_bytes: peak_memory_bytes(),
            warnings,
        };
        let groups = groups
            .into_iter()
            .map(|group| group.head)
            .filter(|head| changed.get(&head.ordinal) == Some(&true) || again.contains(head.ordinal))
            .map(|head| {
                let members = report.changes.after.members(head.ordinal).cloned().unwrap_or_default();
                let head = GroupHead {
                    members: members.len(),
                    // The members do not follow from the rule any more: the next run has to look at all of them.
                    evaluated: None,
                    updated_run: run,
                    changed_run: Some(run),
                    ..head
                };
                StoredGroup { head, members }
            })
            .collect();
        Finished {
            report,
            kind: RunKind::Undo,
            undoes: Some(target.run),
            actor: actor_or_user(args.actor.as_ref()),
            groups,
            present: None,
            inputs: Some(inputs),
            licensed,
        }
    }
}

/// Who was of unknown kind at the time may be a user or device now.
fn promote(delta: &mut StoredDelta, roster: &Roster) {
    for set in [&mut delta.added, &mut delta.removed] {
        let now = |member: Ordinal| roster.find(roster.id(member)).unwrap_or(member);
        let is_other = |member: Ordinal| {
            roster.register().position(member).is_some_and(|(holder, _)| holder == Holder::Other)
        };
        let promoted: Vec<(Ordinal, Ordinal)> = set
            .iter()
            .filter(|&member| is_other(member))
            .map(|member| (member, now(member)))
            .filter(|(before, now)| before != now)
            .collect();
        for (before, now) in promoted {
            set.remove(before);
            set.insert(now);
        }
    }
}

/// Leaves out what later runs have changed again.
fn leave_later(
    session: &Session<'_>,
    deltas: &mut [StoredDelta],
    runs: std::ops::RangeInclusive<i64>,
    roster: &Roster,
) -> Result<(), Failure> {
    let places: HashMap<Ordinal, usize> =
        deltas.iter().enumerate().map(|(place, delta)| (delta.ordinal, place)).collect();
    for run in runs {
        for mut later in session.deltas(run)? {
            let Some(delta) = places.get(&later.ordinal).and_then(|&place| deltas.get_mut(place)) else {
                continue;
            };
            promote(&mut later, roster);
            let changed = &later.added | &later.removed;
            delta.added -= &changed;
            delta.removed -= &changed;
        }
    }
    Ok(())
}

/// The groups that the run has removed and that are not there again, without members.
fn deleted_groups(
    session: &Session<'_>,
    roster: &Roster,
    known: &[StoredGroup],
    target: &RunRecord,
) -> Result<Vec<StoredGroup>, Failure> {
    let known: RoaringBitmap = known.iter().map(|group| group.head.ordinal).collect();
    let mut groups = Vec::new();
    for event in session.audit(target.run)?.iter().filter(|event| event.activity == "Delete group") {
        let Some(id) = text_of(&event.target, "groupId") else { continue };
        let Some(ordinal) = roster.find(id).filter(|&ordinal| !known.contains(ordinal)) else { continue };
        let rule = text_of(&event.details, "membershipRule");
        let head = GroupHead {
            ordinal,
            id: id.to_owned(),
            display_name: text_of(&event.details, "displayName").map(str::to_owned),
            status: if rule.is_some() { Status::NotStarted } else { Status::Static }.word().to_owned(),
            error: None,
            rule: rule.map(str::to_owned),
            evaluated: None,
            next_change: None,
            members: 0,
            updated_run: target.run,
            changed_run: None,
        };
        groups.push(StoredGroup { head, members: RoaringBitmap::new() });
    }
    Ok(groups)
}

fn text_of<'v>(value: &'v serde_json::Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}
