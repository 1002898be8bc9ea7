//! `dyngroup licenses`: seats, errors, and where every plan of a user comes from.

use std::io::{self, BufWriter, Write};

use clap::{Args, Subcommand};

use super::forecast::{self, ForecastArgs};
use super::lint::{self, LintArgs};
use super::reprocess::{self, ReprocessArgs};
use super::view::{View, ViewArgs};
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::{Outcome, output};
use crate::licensing::explain::explain;
use crate::licensing::intent::UserIndex;
use crate::report::licenses::error_report::write_error_report;
use crate::report::licenses::errors::ErrorScope;
use crate::report::licenses::explanation::{ExplainedUser, write_license_explanations};
use crate::report::licenses::status::write_license_status;

#[derive(Args, Debug)]
pub(in crate::cli) struct LicensesArgs {
    #[command(subcommand)]
    command: LicensesCommand,
}

#[derive(Subcommand, Debug)]
enum LicensesCommand {
    /// The seats of each product: capacity, consumed, available, demand, waiting
    Status(StatusArgs),
    /// Which users lack a license, why, and what to do
    Errors(ErrorsArgs),
    /// Every plan of a user: on or off, from which source, and what is safe to remove
    Explain(ExplainArgs),
    /// Look at users, groups or all errors again
    Reprocess(ReprocessArgs),
    /// Seats needed if everyone got what they are to have; with --until, the day a product runs short
    Forecast(ForecastArgs),

    /// Templates that cannot work, groups that overlap, guests in licensed groups
    Lint(LintArgs),
}

#[derive(Args, Debug)]
struct StatusArgs {
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Args, Debug)]
struct ErrorsArgs {
    #[command(flatten)]
    view: ViewArgs,
    /// Only errors of licenses from this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Only errors of this user
    #[arg(long, value_name = "USER")]
    user: Option<String>,
}

#[derive(Args, Debug)]
struct ExplainArgs {
    /// The users, by id
    #[arg(value_name = "USER", required = true)]
    users: Vec<String>,
    #[command(flatten)]
    view: ViewArgs,
}

/// Runs the command.
pub(in crate::cli) fn run(args: &LicensesArgs, global: &Global) -> Result<Outcome, Failure> {
    match &args.command {
        LicensesCommand::Status(args) => status(args, global),
        LicensesCommand::Errors(args) => errors(args, global),
        LicensesCommand::Explain(args) => explained(args, global),
        LicensesCommand::Reprocess(args) => reprocess::run(args, global),
        LicensesCommand::Forecast(args) => forecast::run(args, global),
        LicensesCommand::Lint(args) => lint::run(args, global),
    }
}

fn status(args: &StatusArgs, global: &Global) -> Result<Outcome, Failure> {
    let view = View::read(&args.view, global)?;
    let mut out = BufWriter::new(io::stdout().lock());
    write_license_status(view.format, &view.tenant, &view.names, &output::style(), &mut out)?;
    out.flush()?;
    let is_short = view.tenant.pools().iter().any(|pool| pool.waiting > 0);
    Ok(if is_short { Outcome::Findings } else { Outcome::Clean })
}

fn errors(args: &ErrorsArgs, global: &Global) -> Result<Outcome, Failure> {
    let view = View::read(&args.view, global)?;
    let scope = ErrorScope {
        user: args.user.as_deref().map(|id| view.user(id)).transpose()?.map(UserIndex),
        group: args.group.as_deref().map(|id| view.group(id)).transpose()?,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    write_error_report(
        view.format,
        &view.tenant,
        &view.ids(),
        &view.names,
        scope,
        &output::style(),
        &mut out,
    )?;
    out.flush()?;
    let is_in_scope = |error: &crate::licensing::batch::ErrorRecord| {
        scope.user.is_none_or(|user| user == error.user)
            && scope.group.is_none_or(|group| error.source == crate::licensing::outcome::Source::Group(group))
    };
    let any = view.tenant.errors().any(|error| is_in_scope(&error));
    Ok(if any { Outcome::Findings } else { Outcome::Clean })
}

fn explained(args: &ExplainArgs, global: &Global) -> Result<Outcome, Failure> {
    let view = View::read(&args.view, global)?;
    let mut users = Vec::new();
    for id in &args.users {
        let user = view.user(id)?;
        let explanation = explain(&view.tenant, UserIndex(user));
        let explanation = explanation
            .ok_or_else(|| Failure::new(format!("`{id}`: nothing is known of this user's licenses")))?;
        users.push(ExplainedUser { id: view.roster.id(user), explanation });
    }
    let mut out = BufWriter::new(io::stdout().lock());
    write_license_explanations(view.format, &view.tenant, &view.names, &users, &output::style(), &mut out)?;
    out.flush()?;
    Ok(Outcome::Clean)
}
