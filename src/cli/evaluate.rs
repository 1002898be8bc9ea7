//! `dyngroup evaluate`: the members of one rule.

use std::io::{BufWriter, Write};

use roaring::RoaringBitmap;
use serde_json::json;

use super::args::{EvaluateArgs, Global, ReportFormat};
use super::failure::Failure;
use super::members::PopulationColumns;
use super::settings::Settings;
use super::{Outcome, output, single};
use crate::language::typed::TypedRule;
use crate::membership::evaluation::evaluate_rule;
use crate::membership::recompute::{self, Objects};

/// Runs the command.
pub(super) fn run(args: &EvaluateArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings =
        Settings::read(global, &args.language, None)?.with_version_order(args.objects.version_order);
    let Some(rule) = single::accepted("<rule>", &args.rule, settings.options()) else {
        return Ok(Outcome::Findings);
    };
    let population = PopulationColumns::read(&args.objects, &rule, &settings)?;
    let objects = Objects {
        users: &population.users,
        devices: &population.devices,
        managers: population.managers.as_ref(),
        deleted: &RoaringBitmap::new(),
        roster: &population.roster,
    };
    let choices = recompute::Settings { now: settings.now(), version_order: settings.version_order };
    match evaluate_rule(&rule, objects, &population.members, choices) {
        Ok(rows) => {
            print(&rows, objects, &rule, args.output_format)?;
            Ok(Outcome::Clean)
        }
        Err(why) => {
            output::error(&format!("the rule cannot be evaluated: {why}"));
            Ok(Outcome::Findings)
        }
    }
}

/// Prints the ids on some rows, in the order of the file.
fn print(
    rows: &RoaringBitmap,
    objects: Objects<'_>,
    rule: &TypedRule,
    format: Option<ReportFormat>,
) -> Result<(), Failure> {
    let ids = || rows.iter().map(|row| objects.roster.id_of_row(rule.subject, row));
    let all = objects.of(rule.subject).rows();
    let mut out = BufWriter::new(std::io::stdout().lock());
    match output::format_or_default(format) {
        ReportFormat::Full | ReportFormat::Concise => {
            for id in ids() {
                writeln!(out, "{id}")?;
            }
            out.flush()?;
            output::say(&format!("{} of {all} {}s are members", rows.len(), rule.subject.word()));
        }
        ReportFormat::Json => {
            let ids: Vec<&str> = ids().collect();
            writeln!(out, "{:#}", json!({ "rule": *rule.text, "objects": all, "members": ids }))?;
        }
        ReportFormat::Jsonl => {
            for id in ids() {
                writeln!(out, "{}", json!({ "memberId": id }))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
