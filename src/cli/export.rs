//! `dyngroup export`: all memberships of a state file as one file.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::Outcome;
use super::failure::Failure;
use super::output::Staged;
use super::progress::Progress;
use super::state_file::StateArgs;
use super::state_groups::find_all;
use super::state_stream::StateStream;
use crate::report::membership_stream::GroupMemberships;
use crate::report::memberships::{MembershipFormat, write_memberships};
use crate::store::{GroupHead, Session, StoreError, StoredIds};

/// Options of the command.
#[derive(Args, Debug)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    state: StateArgs,
    /// The file to write: NDJSON, CSV or Parquet by its name; `-` for standard output as NDJSON
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only the members of this group, by id or display name; may be repeated
    #[arg(long = "group", value_name = "ID")]
    groups: Vec<String>,
}

/// Runs the command.
pub(super) fn run(args: &ExportArgs) -> Result<Outcome, Failure> {
    let format = format_of(&args.out)?;
    let mut store = args.state.open()?;
    let session = store.read()?;
    let groups = find_all(session.group_heads()?, &args.groups)?;
    let mut progress = Progress::shown();
    let staged = progress.stage("write", "writing the memberships", || {
        let ids = session.ids()?;
        let mut left = groups.iter();
        let mut stream =
            StateStream::new(|| left.next().map(|group| memberships(&session, &ids, group)).transpose());
        let mut write =
            |out: &mut (dyn Write + Send)| write_memberships(format, &ids, &mut || stream.next(), out);
        if is_standard_output(&args.out) {
            let mut out = BufWriter::new(io::stdout());
            let written = write(&mut out).and_then(|()| out.flush());
            stream.end(written.map_err(Failure::from)).map(|()| None)
        } else {
            let staged = Staged::stream(&args.out, write);
            stream.end(staged).map(Some)
        }
    });
    progress.finish();
    if let Some(staged) = staged? {
        staged.commit()?;
    }
    Ok(Outcome::Clean)
}

fn memberships(
    session: &Session<'_>,
    ids: &StoredIds,
    group: &GroupHead,
) -> Result<GroupMemberships, StoreError> {
    let members = session.settled(ids, session.members(group.ordinal)?.unwrap_or_default())?;
    Ok(GroupMemberships { group: group.id.clone(), added: members, ..GroupMemberships::default() })
}

fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-")
}

fn format_of(path: &Path) -> Result<MembershipFormat, Failure> {
    if is_standard_output(path) {
        return Ok(MembershipFormat::Ndjson);
    }
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    match extension.as_deref().and_then(|extension| extension.to_str()) {
        Some("ndjson") => Ok(MembershipFormat::Ndjson),
        Some("csv") => Ok(MembershipFormat::Csv),
        Some("parquet") => Ok(MembershipFormat::Parquet),
        _ => Err(Failure::new(format!(
            "{}: the name has to end in .ndjson, .csv or .parquet, which says the format",
            path.display()
        ))),
    }
}
