//! The options of `dyngroup recompute`.

use std::path::PathBuf;

use clap::Args;

use super::{DeltaFormat, LanguageArgs, ReportFormat};
use crate::cli::licenses::NamesArgs;
use crate::cli::state_file::WAIT_SECONDS;
use crate::engine::world::VersionOrder;

#[derive(Args, Debug)]
pub(in crate::cli) struct RecomputeArgs {
    /// The tenant folder: users, groups, and optionally devices, members, products and policy.toml
    #[arg(value_name = "TENANT")]
    pub(in crate::cli) tenant: PathBuf,
    /// Write membership-deltas, groups, audit and summary into this folder
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// The format of the membership deltas; a file of theirs in another format is removed from the folder
    #[arg(long, value_enum, default_value_t = DeltaFormat::Ndjson, value_name = "FORMAT", requires = "out")]
    pub(in crate::cli) delta_format: DeltaFormat,
    /// Write the licenses of all users into license-states.ndjson, not only of those with changes
    #[arg(long, requires = "out")]
    pub(in crate::cli) full: bool,
    /// How -ge and -le order operating system versions
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(in crate::cli) version_order: Option<VersionOrder>,
    #[command(flatten)]
    pub(in crate::cli) language: LanguageArgs,
    /// The shape of the report on standard output
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(in crate::cli) output_format: Option<ReportFormat>,
    #[command(flatten)]
    pub(in crate::cli) memory: MemoryArgs,
    #[command(flatten)]
    pub(in crate::cli) guards: GuardArgs,
    #[command(flatten)]
    pub(in crate::cli) names: NamesArgs,
}

/// What is remembered from run to run.
#[derive(Args, Debug)]
#[command(next_help_heading = "State")]
pub(in crate::cli) struct MemoryArgs {
    /// Remember members and runs in this file, made if it is not there; compare with what it remembers
    #[arg(long, value_name = "FILE", env = "DYNGROUP_STATE")]
    pub(in crate::cli) state: Option<PathBuf>,
    /// Changed, new and removed users (pages of Graph's users/delta, NDJSON, JSON or CSV): look only at them
    /// and at what can see the change; may be repeated, in the order of the changes
    #[arg(long, value_name = "FILE", requires = "state")]
    pub(in crate::cli) changed: Vec<PathBuf>,
    /// Likewise devices
    #[arg(long, value_name = "FILE", requires = "state")]
    pub(in crate::cli) changed_devices: Vec<PathBuf>,
    /// Do all but remember: report and files are those of the run, the state stays
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// With --dry-run: exit with 4 if there are changes
    #[arg(long, requires = "dry_run")]
    pub(in crate::cli) detailed_exitcode: bool,
    /// Who has the run done, for the history; the user of the system if not given
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) actor: Option<String>,
    /// How long to wait for another process that writes to the state file
    #[arg(long, value_name = "SECONDS", default_value_t = WAIT_SECONDS)]
    pub(in crate::cli) wait: u64,
}

impl MemoryArgs {
    /// Whether the run is over changed objects.
    pub(in crate::cli) fn is_incremental(&self) -> bool {
        !self.changed.is_empty() || !self.changed_devices.is_empty()
    }
}

/// What stops a run that would do damage.
#[derive(Args, Debug)]
#[command(next_help_heading = "Guards")]
pub(in crate::cli) struct GuardArgs {
    /// Set one key of [guards] in policy.toml for this run, such as `group_removals_max_share=50%`; may be
    /// repeated
    #[arg(long = "guard", value_name = "KEY=VALUE")]
    pub(in crate::cli) guards: Vec<String>,
    /// Let the run change whatever it likes
    #[arg(long)]
    pub(in crate::cli) no_guards: bool,
    /// Let this group change as it likes, by id; may be repeated
    #[arg(long, value_name = "GROUP")]
    pub(in crate::cli) allow: Vec<String>,
    /// Let the changes through that a stopped run has written to this file (guards.json), and only these
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) approve: Option<PathBuf>,
}
