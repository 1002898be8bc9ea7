//! `dyngroup groups-of`: the groups of a state file that an object is a member of.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};

use clap::Args;

use super::args::ReportFormat;
use super::failure::Failure;
use super::state_file::StateArgs;
use super::state_groups::{named, near};
use super::{Outcome, output};
use crate::language::typed::Reach;
use crate::membership::roster::Ordinal;
use crate::report::group_members as report;
use crate::report::group_members::GroupsOf;
use crate::store::{Session, StoredIds};

/// Options of the command.
#[derive(Args, Debug)]
pub(super) struct GroupsOfArgs {
    /// The id of the user or device
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    state: StateArgs,
    /// Groups too that hold it by way of groups in them
    #[arg(long)]
    transitive: bool,
    /// The shape of the report
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<ReportFormat>,
}

/// Runs the command.
pub(super) fn run(args: &GroupsOfArgs) -> Result<Outcome, Failure> {
    let mut store = args.state.open()?;
    let session = store.read()?;
    let found = find(&session, &args.id, if args.transitive { Reach::Transitive } else { Reach::Direct })?;
    let mut out = BufWriter::new(io::stdout().lock());
    match output::format_or_default(args.output_format) {
        ReportFormat::Full if found.groups.is_empty() => {
            output::say(&format!("`{}` is a member of no group", found.member));
        }
        ReportFormat::Full => report::write_groups_table(&found, &output::style(), &mut out)?,
        ReportFormat::Concise => report::write_groups_concise(&found, &mut out)?,
        ReportFormat::Json => report::write_groups_json(&found, &mut out)?,
        ReportFormat::Jsonl => report::write_groups_lines(&found, &mut out)?,
    }
    out.flush()?;
    Ok(Outcome::Clean)
}

fn find(session: &Session<'_>, id: &str, reach: Reach) -> Result<GroupsOf, Failure> {
    let ids = session.ids()?;
    let object = ids.find(id).ok_or_else(|| unknown(&ids, id))?;
    let heads = session.group_heads()?;
    let containing = session.groups_of(object, reach, &heads, &ids)?;
    let direct: HashMap<Ordinal, bool> = containing.into_iter().map(|it| (it.group, it.direct)).collect();
    let groups = heads.iter().filter_map(|head| Some((named(head), *direct.get(&head.ordinal)?))).collect();
    Ok(GroupsOf { member: session.id_of(&ids, object)?.to_owned(), groups })
}

fn unknown(ids: &StoredIds, id: &str) -> Failure {
    let near = near(id, &mut alike(ids.iter(), id));
    let help = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
    Failure::new(format!("there is no user or device `{id}`{help}"))
}

/// Ids that begin or end as `id` does. There may be millions, and to see how near each is takes long.
fn alike<'id>(ids: impl Iterator<Item = &'id str>, id: &str) -> Vec<String> {
    let share = (id.chars().count() / 4).clamp(1, ALIKE_MAX_CHARS);
    let begins_alike = |other: &str| lower(other.chars()).take(share).eq(lower(id.chars()).take(share));
    let ends_alike =
        |other: &str| lower(other.chars().rev()).take(share).eq(lower(id.chars().rev()).take(share));
    let alike = ids.filter(|other| begins_alike(other) || ends_alike(other));
    alike.take(CANDIDATES_MAX).map(str::to_owned).collect()
}

fn lower(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    text.flat_map(char::to_lowercase)
}

/// Enough of a GUID to tell it from most others.
const ALIKE_MAX_CHARS: usize = 6;

/// So many ids are compared in no time.
const CANDIDATES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_of_many_ids_are_compared() {
        let all: Vec<String> =
            (0..100_000_u64).map(|number| format!("{:08x}-{number:08}", number * 40_503)).collect();
        let ids = || all.iter().map(String::as_str);
        let mistyped = all[777].replace('-', "--").to_uppercase();
        let found = alike(ids(), &mistyped);
        assert!(found.contains(&all[777]) && found.len() < 1_000, "{}", found.len());
        assert_eq!(alike(["cleo", "bob"].into_iter(), "cloe"), ["cleo"]);
        assert!(
            alike(["Åsa", "bob"].into_iter(), "åse").len() == 1 && alike(ids(), "").len() <= CANDIDATES_MAX
        );
    }
}
