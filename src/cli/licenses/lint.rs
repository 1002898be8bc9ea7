//! `dyngroup licenses lint`: templates that cannot work, groups that overlap, guests in licensed groups.

use std::io::{self, BufWriter, Write};

use clap::Args;

use super::view::{ViewArgs, computed_view, guests, no_products};
use crate::base::diagnostic::Severity;
use crate::cli::args::Global;
use crate::cli::failure::Failure;
use crate::cli::{Outcome, output};
use crate::licensing::lint::lint;
use crate::report::license_lint::write_license_lint;

#[derive(Args, Debug)]
pub(super) struct LintArgs {
    #[command(flatten)]
    view: ViewArgs,
}

/// Runs the command.
pub(super) fn run(args: &LintArgs, global: &Global) -> Result<Outcome, Failure> {
    let (_, names, format, computed) = computed_view(&args.view, global)?;
    let licensed = computed.licensed.ok_or_else(|| no_products(&args.view.folder()))?;
    let guests = guests(&computed.loaded.users, &computed.loaded.roster);
    let findings = lint(&licensed.ledger.tenant, &guests);
    let mut out = BufWriter::new(io::stdout().lock());
    write_license_lint(format, &licensed.ledger.tenant, &findings, &names, &output::style(), &mut out)?;
    out.flush()?;
    let fails = findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if fails { Outcome::Findings } else { Outcome::Clean })
}
