//! `dyngroup licenses reprocess`: licenses that failed are tried again, as the service's administrators ask for it.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::names::NamesArgs;
use super::view::{find_user, nothing_known};
use super::{Again, Occasion, follow};
use crate::cli::args::{DeltaFormat, Global, ReportFormat};
use crate::cli::failure::Failure;
use crate::cli::finish::{Finished, Out};
use crate::cli::progress::Progress;
use crate::cli::recompute::{actor_or_user, done_but, no_tenant, peak_memory_bytes, print, run_id};
use crate::cli::remembered::Remembered;
use crate::cli::run_files::refuse_state_among;
use crate::cli::standing::{Standing, report_of};
use crate::cli::state_file::StateArgs;
use crate::cli::{Outcome, output};
use crate::report::changes::Changes;
use crate::report::recompute::RunReport;
use crate::store::RunKind;

#[derive(Args, Debug)]
pub(super) struct ReprocessArgs {
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    what: What,
    /// Write the files of a run into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the licenses of all users into license-states.ndjson, not only of those with changes
    #[arg(long, requires = "out")]
    full: bool,
    /// Do all but remember
    #[arg(long)]
    dry_run: bool,
    /// Who has it done, for the history; the user of the system if not given
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    #[command(flatten)]
    names: NamesArgs,
    /// The shape of the report on standard output
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<ReportFormat>,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct What {
    /// This user, by id; may be repeated
    #[arg(long = "user", value_name = "USER")]
    users: Vec<String>,
    /// This group with all its members, by id; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// All users with an error
    #[arg(long)]
    errors: bool,
}

/// Runs the command.
pub(super) fn run(args: &ReprocessArgs, global: &Global) -> Result<Outcome, Failure> {
    let started = Timestamp::now();
    let mut progress = Progress::shown();
    let mut names = args.names.read()?;
    if let Some(out) = &args.out {
        no_tenant(out)?;
        refuse_state_among(out, &args.state.state)?;
    }
    let mut store = args.state.open()?;
    let session = store.write()?;
    let mut standing = Standing::of(Remembered::read(&session)?);
    names.add_groups(standing.names());
    let again = again(&args.what, &standing)?;
    let last = standing.last.as_ref();
    let run = last.map_or(1, |last| last.run + 1);
    let now = global.now.as_ref().map_or(started, |now| now.0);
    let actor = actor_or_user(args.actor.as_ref());
    let members = standing.members();
    let occasion = Occasion { now, run, actor: actor.clone(), again };
    let licensed = follow(&session, &occasion, &standing.users, &members, &mut standing.roster)?;
    let licensed = licensed.ok_or_else(|| nothing_known(session.path()))?;
    let id = run_id(started);
    let Standing { roster, counts, groups, inputs, .. } = standing;
    let mut reports: Vec<_> =
        groups.iter().map(|group| report_of(&group.head, &members, &members, "reprocess")).collect();
    reports.sort_by(|one, other| one.id.cmp(&other.id));
    let report = RunReport {
        run: id.clone(),
        kind: RunKind::Incremental.word(),
        dry_run: args.dry_run,
        out: args.out.as_ref().map(|out| out.display().to_string()),
        now,
        started,
        events: Vec::new(),
        licenses: Some(licensed.figures(&id, &roster, &names)),
        groups: reports,
        changes: Changes {
            before: members.clone(),
            after: members,
            deleted: RoaringBitmap::default(),
            roster,
        },
        users: counts[0],
        devices: counts[1],
        next_change: groups.iter().filter_map(|group| group.head.next_change).min(),
        stages: progress.seconds(),
        peak_memory_bytes: peak_memory_bytes(),
        warnings: licensed.warnings.clone(),
    };
    let finished = Finished {
        report,
        kind: RunKind::Incremental,
        undoes: None,
        actor,
        groups: Vec::new(),
        present: None,
        inputs: Some(inputs),
        licensed: Some(licensed),
    };
    let out = args.out.as_deref().map(|folder| Out {
        folder,
        delta_format: DeltaFormat::Ndjson,
        is_full: args.full,
        names: &names,
    });
    let report = finished.write(Some(session).filter(|_| !args.dry_run), out, &mut progress)?;
    progress.finish();
    for warning in &report.warnings {
        output::warn(warning);
    }
    print(&report, args.output_format).map_err(|failure| done_but(failure, !args.dry_run))?;
    Ok(if report.has_errors() { Outcome::Findings } else { Outcome::Clean })
}

fn again(what: &What, standing: &Standing) -> Result<Vec<Again>, Failure> {
    let mut again = Vec::new();
    for id in &what.users {
        again.push(Again::User(find_user(&standing.roster, id)?));
    }
    for id in &what.groups {
        let group = standing.roster.find(id);
        let group = group.filter(|group| standing.groups.iter().any(|known| known.head.ordinal == *group));
        again.push(Again::Group(
            group.ok_or_else(|| Failure::new(format!("`{id}`: there is no such group")))?,
        ));
    }
    if what.errors {
        again.push(Again::Errors);
    }
    Ok(again)
}
