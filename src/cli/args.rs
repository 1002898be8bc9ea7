//! The command line: names, options and help texts.

mod analysis;
mod recompute;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use self::analysis::{AnalyseArgs, DiffArgs, FindRuleArgs};
pub(super) use self::recompute::{GuardArgs, MemoryArgs, RecomputeArgs};
use super::export::ExportArgs;
use super::groups_of::GroupsOfArgs;
use super::history::HistoryArgs;
use super::licenses::LicensesArgs;
use super::members_of_group::MembersArgs;
use super::source::Format;
use super::status::StatusArgs;
use super::undo::UndoArgs;
use super::words::{CodeName, Declaration, Denial, Instant};
use crate::base::limits::{DYNAMIC_GROUPS_MAX, SYNTH_OBJECTS_MAX};
use crate::engine::world::VersionOrder;
use crate::language::attribute::Subject;
use crate::language::dialect::Dialect;
use crate::report::output_format::OutputFormat;

/// Compiler and evaluator for Microsoft Entra dynamic membership rules.
///
/// Everything works offline on files. Data goes to standard output, words to standard error.
///
/// Exit codes: 0 done and clean, 1 findings or groups in error, 2 usage or input error.
#[derive(Debug, Parser)]
#[command(name = "dyngroup", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Global {
    /// What `system.now` stands for, as RFC 3339; the clock if not given
    #[arg(long, global = true, value_name = "RFC3339", help_heading = "Global options")]
    pub(super) now: Option<Instant>,
    /// The settings file; a `dyngroup.toml` is searched upwards if not given
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "no_config",
        help_heading = "Global options"
    )]
    pub(super) config: Option<PathBuf>,
    /// Read no settings file
    #[arg(long, global = true, help_heading = "Global options")]
    pub(super) no_config: bool,
    /// When to use colour; `auto` looks at the terminal and `NO_COLOR`
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(super) color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Validate and lint rules
    ///
    /// Exit codes: 0 clean, 1 findings of level error (or denied ones), 2 usage or input error.
    Check(CheckArgs),
    /// Explain a diagnostic code
    Rule(RuleArgs),
    /// Bring rules into the canonical layout; the members never change
    ///
    /// Exit codes: 0 done, 1 with --check if a rule is not in the canonical layout, 2 for a rule that
    /// cannot be read and for input errors.
    Fmt(FmtArgs),
    /// List the members of one rule
    Evaluate(EvaluateArgs),
    /// Say why an object is in or out, and what would change that
    Explain(ExplainArgs),
    /// Compute the members of all groups of a tenant folder and what changes
    ///
    /// Exit codes: 0 done, 1 done but some groups are in error, 2 failed and nothing was committed, 3 stopped
    /// by a guard and nothing was committed, 4 with --dry-run --detailed-exitcode if there are changes.
    Recompute(Box<RecomputeArgs>),
    /// Say who would join and leave with another rule, or with another groups file
    ///
    /// Exit codes: 0 done, 1 a new rule is refused or cannot be evaluated, 2 usage or input error.
    Diff(DiffArgs),
    /// Look for mistakes in rules that only the tenant shows
    ///
    /// Such as values that nobody has, and rules that select everybody, nobody, or the same as another one.
    ///
    /// Exit codes: 0 done, 1 done but some rules are refused or cannot be evaluated, 2 usage or input error.
    #[command(visible_alias = "analyze")]
    Analyse(AnalyseArgs),
    /// Search a rule that gives the members of a group that are known as a list only
    ///
    /// Rules are made of `-eq`, `-in`, `-startsWith` and `-endsWith`, booleans, and `-any` with `-eq`. The
    /// search is greedy: there may be better rules.
    ///
    /// Exit codes: 0 done, 1 no good rule was found, 2 usage or input error.
    FindRule(FindRuleArgs),
    /// List the runs of a state file, or what one of them changed
    ///
    /// Exit codes: 0 done, 1 with --verify if a run does not fit, 2 usage or input error.
    History(HistoryArgs),
    /// Take the changes of a run back, in a run of its own
    ///
    /// Who came goes and who went comes back, as far as later runs have not changed it again.
    ///
    /// Exit codes: 0 done, 2 failed and nothing was committed.
    Undo(UndoArgs),
    /// Seats, errors of licenses, and where every service plan of a user comes from
    Licenses(LicensesArgs),
    /// List the members of a group of a state file
    Members(MembersArgs),
    /// List the groups of a state file that a user or device is a member of
    GroupsOf(GroupsOfArgs),
    /// Say how the groups of a state file are, in the words of Microsoft Graph
    ///
    /// Exit codes: 0 done, 1 if a group that is listed is in error, 2 usage or input error.
    Status(StatusArgs),
    /// Write all memberships of a state file into one file
    Export(ExportArgs),
    /// Run rule fixtures
    ///
    /// Exit codes: 0 all pass, 1 some fail, 2 usage or input error.
    Test(TestArgs),
    /// Make up a tenant folder to try things on, as large as asked for
    ///
    /// The same seed makes the same tenant. More users leave the first ones as they are, and so do
    /// more groups. Dates lie around 2026-01-15, or around `--now`.
    Synth(SynthArgs),
    /// List the attributes that rules may use
    Attributes(AttributesArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

/// How rules are read.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct LanguageArgs {
    /// The language to hold rules against
    #[arg(long, value_enum)]
    pub(super) dialect: Option<Dialect>,
    /// Declare an attribute that the service does not know (extended dialect), such as
    /// `user.employeeType:text`; kinds are boolean, text, date and texts
    #[arg(long = "attribute", value_name = "OBJECT.NAME:KIND")]
    pub(super) attributes: Vec<Declaration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people
    Full,
    /// One line for each item
    Concise,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
}

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Files and folders with rules; `-` for standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// A rule given here; may be repeated
    #[arg(long = "rule", value_name = "RULE", allow_hyphen_values = true)]
    pub(super) rules: Vec<String>,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    /// The kind of members that the rules have to select
    #[arg(long, value_enum)]
    pub(super) subject: Option<Subject>,
    /// The format of the input, where its name does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) input_format: Option<Format>,
    /// The shape of the report; `full` on a terminal, else `concise`
    #[arg(long, value_enum, value_name = "FORMAT", env = "DYNGROUP_OUTPUT_FORMAT")]
    pub(super) output_format: Option<OutputFormat>,
    /// Apply the safe fixes to the files, then report what is left. Rules without a file go fixed to
    /// standard output, and the report to standard error
    #[arg(long)]
    pub(super) fix: bool,
    /// With --fix or --diff, apply the fixes too that may change the members
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long, conflicts_with = "fix")]
    pub(super) diff: bool,
    /// Print what all accepted rules become together to standard output, and the report to standard
    /// error
    #[arg(long, value_enum, value_name = "STAGE", conflicts_with_all = ["fix", "diff"])]
    pub(super) emit: Option<Emit>,
    /// Treat findings of this level, or with this code, as errors for the exit code
    #[arg(long, value_name = "warnings|CODE")]
    pub(super) deny: Vec<Denial>,
    /// Run a lint that is off by default
    #[arg(long, value_name = "CODE")]
    pub(super) enable: Vec<CodeName>,
    /// Do not report a lint
    #[arg(long, value_name = "CODE")]
    pub(super) ignore: Vec<CodeName>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Emit {
    /// A listing of predicates and instructions, as `recompute` runs them
    Bytecode,
}

#[derive(Args, Debug)]
pub(super) struct RuleArgs {
    /// The code, such as DG0301 or L21; all codes are listed without it
    #[arg(value_name = "CODE")]
    pub(super) code: Option<CodeName>,
    /// The shape of the answer
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) output_format: Option<ReportFormat>,
}

#[derive(Args, Debug)]
pub(super) struct FmtArgs {
    /// Files and folders with rules; `-` for standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// A rule given here, printed to standard output; may be repeated
    #[arg(long = "rule", value_name = "RULE", allow_hyphen_values = true)]
    pub(super) rules: Vec<String>,
    /// Change nothing; say which rules are not in the canonical layout
    #[arg(long)]
    pub(super) check: bool,
    /// The width after which a rule in a `.rule` file is broken into lines
    #[arg(long, default_value_t = 100, value_name = "COLUMNS")]
    pub(super) width: usize,
    /// The format of the input, where its name does not tell
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) input_format: Option<Format>,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
}

/// Where objects come from when there is no tenant folder.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ObjectArgs {
    /// Users: NDJSON, JSON, CSV or Parquet, or a folder of NDJSON and Parquet files
    #[arg(long, value_name = "FILE")]
    pub(super) users: Option<PathBuf>,
    /// Devices: the same
    #[arg(long, value_name = "FILE")]
    pub(super) devices: Option<PathBuf>,
    /// Members of groups, for rules with memberOf: NDJSON, JSON, CSV or Parquet of groupId and memberId
    #[arg(long, value_name = "FILE")]
    pub(super) members: Option<PathBuf>,
    /// How -ge and -le order operating system versions
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(super) version_order: Option<VersionOrder>,
}

#[derive(Args, Debug)]
pub(super) struct EvaluateArgs {
    /// The rule
    #[arg(long, value_name = "RULE", allow_hyphen_values = true)]
    pub(super) rule: String,
    #[command(flatten)]
    pub(super) objects: ObjectArgs,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    /// The shape of the report: `full` and `concise` print one id a line
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) output_format: Option<ReportFormat>,
}

#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// A tenant folder; needed for --group
    #[arg(value_name = "TENANT", conflicts_with_all = ["users", "devices", "members"])]
    pub(super) tenant: Option<PathBuf>,
    /// The rule
    #[arg(long, value_name = "RULE", allow_hyphen_values = true, required_unless_present = "group")]
    pub(super) rule: Option<String>,
    /// The group of the tenant whose rule is explained, by id or display name
    #[arg(long, value_name = "ID", conflicts_with = "rule", requires = "tenant")]
    pub(super) group: Option<String>,
    /// The user, by id, user principal name or display name; may be repeated
    #[arg(long = "user", value_name = "ID", required_unless_present = "device")]
    pub(super) user: Vec<String>,
    /// The device, by id or display name; may be repeated
    #[arg(long = "device", value_name = "ID")]
    pub(super) device: Vec<String>,
    #[command(flatten)]
    pub(super) objects: ObjectArgs,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    /// Do not search for the smallest change of attributes that would flip the result
    #[arg(long)]
    pub(super) no_flip: bool,
    /// In JSON, add the items of quantified terms and how certain each reading is
    #[arg(long)]
    pub(super) details: bool,
    /// The shape of the report; JSON has the shape of Graph's evaluateDynamicMembership
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) output_format: Option<ReportFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DeltaFormat {
    /// One JSON object a line
    Ndjson,
    /// A table with a header
    Csv,
    /// Columns, compressed: the one for millions of changes
    Parquet,
}

#[derive(Args, Debug)]
pub(super) struct TestArgs {
    /// Fixture files and folders
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Write the results into the fixtures as what is expected
    #[arg(long)]
    pub(super) accept: bool,
    #[command(flatten)]
    pub(super) language: LanguageArgs,
    /// The shape of the report
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) output_format: Option<ReportFormat>,
}

#[derive(Args, Debug)]
pub(super) struct SynthArgs {
    /// How many users
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=SYNTH_OBJECTS_MAX))]
    pub(super) users: u64,
    /// How many dynamic groups; a few static ones come on top
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(0..=DYNAMIC_GROUPS_MAX as u64))]
    pub(super) groups: u64,
    /// How many devices; with some, one rule in eight is about devices
    #[arg(long, default_value_t = 0, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(0..=SYNTH_OBJECTS_MAX))]
    pub(super) devices: u64,
    /// Which of the many possible tenants
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub(super) seed: u64,
    /// The folder to fill; it must be new or empty
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
    /// The format of users and devices
    #[arg(long, value_enum, default_value_t = ObjectFormat::Ndjson, value_name = "FORMAT")]
    pub(super) format: ObjectFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ObjectFormat {
    /// Objects as Microsoft Graph gives them, one a line
    Ndjson,
    /// Columns, compressed: the one for large tenants
    Parquet,
    /// Columns as text, collections as JSON
    Csv,
}

#[derive(Args, Debug)]
pub(super) struct AttributesArgs {
    /// Only the attributes of this kind of object
    #[arg(long, value_enum)]
    pub(super) subject: Option<Subject>,
    /// The shape of the list
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) output_format: Option<ReportFormat>,
}

#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}
