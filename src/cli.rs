//! The command line: arguments, clock, files, progress and exit codes.

mod analyse;
mod args;
mod attributes;
mod changed_objects;
mod check;
mod check_emit;
mod check_fix;
mod computed;
mod diff;
mod evaluate;
mod explain;
mod export;
mod failure;
mod find_rule;
mod finish;
mod fixture;
mod fixture_read;
mod fixture_run;
mod fmt;
mod given;
mod groups_of;
mod guarded;
mod history;
mod incremental;
mod licenses;
mod loaded;
mod members;
mod members_of_group;
mod named;
mod output;
mod plans;
mod progress;
mod recompute;
mod remembered;
mod rule;
mod run_arg;
mod run_files;
mod settings;
mod single;
mod singly;
pub mod source;
mod standing;
mod state_file;
mod state_groups;
mod state_stream;
mod status;
mod synth;
mod test;
mod undo;
mod words;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

pub use args::Cli;
use args::{Command, CompletionsArgs};
use failure::Failure;

/// How a command ended; the numbers are a contract with other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to report.
    Clean,
    /// Findings, failed fixtures or groups in error.
    Findings,
    /// Usage or input error; nothing was written.
    Failed,
    /// A guard stopped the run; nothing was committed.
    Stopped,
    /// A run that would change something, where that was asked.
    Changes,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Clean => 0,
            Outcome::Findings => 1,
            Outcome::Failed => 2,
            Outcome::Stopped => 3,
            Outcome::Changes => 4,
        })
    }
}

/// Runs the command line of this process.
pub fn main() -> Outcome {
    let cli = Cli::parse();
    match run(cli) {
        Ok(outcome) => outcome,
        // A reader that has seen enough is a normal end.
        Err(failure) if failure.is_broken_pipe() => Outcome::Clean,
        Err(failure) => {
            failure.print();
            Outcome::Failed
        }
    }
}

fn run(cli: Cli) -> Result<Outcome, Failure> {
    let global = cli.global;
    output::choose_colour(global.color);
    match cli.command {
        Command::Check(args) => check::run(&args, &global),
        Command::Rule(args) => rule::run(&args),
        Command::Fmt(args) => fmt::run(&args, &global),
        Command::Evaluate(args) => evaluate::run(&args, &global),
        Command::Explain(args) => explain::run(&args, &global),
        Command::Recompute(args) => recompute::run(&args, &global),
        Command::Diff(args) => diff::run(&args, &global),
        Command::Analyse(args) => analyse::run(&args, &global),
        Command::FindRule(args) => find_rule::run(&args, &global),
        Command::History(args) => history::run(&args),
        Command::Undo(args) => undo::run(&args),
        Command::Licenses(args) => licenses::run(&args, &global),
        Command::Members(args) => members_of_group::run(&args),
        Command::GroupsOf(args) => groups_of::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Test(args) => test::run(&args, &global),
        Command::Synth(args) => synth::run(&args, &global),
        Command::Attributes(args) => attributes::run(&args, &global),
        Command::Completions(CompletionsArgs { shell }) => {
            // By way of memory: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dyngroup", &mut script);
            std::io::stdout().write_all(&script)?;
            Ok(Outcome::Clean)
        }
    }
}
