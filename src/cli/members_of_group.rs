//! `dyngroup members`: the members of a group of a state file, today or after an earlier run.

use std::io::{self, BufWriter, Write};

use clap::Args;

use super::args::ReportFormat;
use super::failure::Failure;
use super::run_arg::RunArg;
use super::state_file::StateArgs;
use super::state_groups;
use super::{Outcome, output};
use crate::report::group_members as report;
use crate::report::group_members::GroupMembers;
use crate::report::printable::printable;

/// Options of the command.
#[derive(Args, Debug)]
pub(super) struct MembersArgs {
    /// The group, by id or display name
    #[arg(value_name = "GROUP")]
    group: String,
    #[command(flatten)]
    state: StateArgs,
    /// Print only how many there are
    #[arg(long)]
    count: bool,
    /// The members after this run: its number, its id, `last`, or `last~N` for the one N runs before
    #[arg(long, value_name = "RUN")]
    at: Option<RunArg>,
    /// The shape of the report: `full` and `concise` print one id a line
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<ReportFormat>,
}

/// Runs the command.
pub(super) fn run(args: &MembersArgs) -> Result<Outcome, Failure> {
    let mut store = args.state.open()?;
    let session = store.read()?;
    let ids = session.ids()?;
    let at = args.at.as_ref().map(|run| run.find(&session)).transpose()?;
    let found = state_groups::find_ever(&session, &session.group_heads()?, &ids, &args.group)?;
    if found.is_deleted && at.is_none() {
        let id = printable(&found.group.id);
        return Err(Failure::new(format!(
            "the group `{id}` is deleted; `--at RUN` tells its members after a run"
        )));
    }
    let run = at.map_or(i64::MAX, |run| run.run);
    let members = session.members_after(found.ordinal, run, &ids)?;
    let format = output::format_or_default(args.output_format);
    let mut out = BufWriter::new(io::stdout().lock());
    if args.count {
        match format {
            ReportFormat::Full | ReportFormat::Concise => writeln!(out, "{}", members.len())?,
            ReportFormat::Json => writeln!(out, "{:#}", report::count_json(&found.group, members.len()))?,
            ReportFormat::Jsonl => writeln!(out, "{}", report::count_json(&found.group, members.len()))?,
        }
    } else {
        let mut members: Vec<&str> = members.iter().filter_map(|member| ids.id(member)).collect();
        members.sort_unstable();
        let members = GroupMembers { group: found.group, members };
        match format {
            ReportFormat::Full | ReportFormat::Concise => report::write_members_text(&members, &mut out)?,
            ReportFormat::Json => report::write_members_json(&members, &mut out)?,
            ReportFormat::Jsonl => report::write_members_lines(&members, &mut out)?,
        }
    }
    out.flush()?;
    Ok(Outcome::Clean)
}
