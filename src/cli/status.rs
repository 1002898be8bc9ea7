//! `dyngroup status`: how the groups of a state file are.

use std::io::{self, BufWriter, Write};

use clap::Args;

use super::args::ReportFormat;
use super::failure::Failure;
use super::state_file::StateArgs;
use super::state_groups::find_all;
use super::{Outcome, output};
use crate::report::group_status as report;
use crate::report::group_status::GroupStatus;

/// Options of the command.
#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    /// Only these groups, by id or display name; all groups with a rule if none is given
    #[arg(value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    state: StateArgs,
    /// Groups without a rule too
    #[arg(long, conflicts_with = "groups")]
    all: bool,
    /// The shape of the report; JSON has the words of Graph's membershipRuleProcessingStatus
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<ReportFormat>,
}

/// Runs the command.
pub(super) fn run(args: &StatusArgs) -> Result<Outcome, Failure> {
    let mut store = args.state.open()?;
    let session = store.read()?;
    let heads = find_all(session.group_heads()?, &args.groups)?;
    let times = session.group_times(&heads)?;
    let everything = args.all || !args.groups.is_empty();
    let groups: Vec<GroupStatus> = heads
        .into_iter()
        .zip(times)
        .map(|(head, times)| GroupStatus { head, times })
        .filter(|group| everything || group.has_rule())
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match output::format_or_default(args.output_format) {
        ReportFormat::Full if groups.is_empty() => output::say("there is no group with a rule"),
        ReportFormat::Full => report::write_status_table(&groups, &output::style(), &mut out)?,
        ReportFormat::Concise => report::write_status_concise(&groups, &mut out)?,
        ReportFormat::Json => report::write_status_json(&groups, &mut out)?,
        ReportFormat::Jsonl => report::write_status_lines(&groups, &mut out)?,
    }
    out.flush()?;
    let failed = groups.iter().any(GroupStatus::is_failed);
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}
