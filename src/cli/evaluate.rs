//! `dyngroup evaluate`: the members of one rule.

use std::io::{BufWriter, Write};

use rayon::prelude::*;
use serde_json::json;

use super::args::{EvaluateArgs, Global, ReportFormat};
use super::failure::Failure;
use super::members::Population;
use super::settings::Settings;
use super::{Outcome, output, single};
use crate::directory::object::Object;
use crate::engine::oracle;
use crate::engine::world::World;
use crate::language::typed::TypedRule;

/// Runs the command.
pub(super) fn run(args: &EvaluateArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings =
        Settings::read(global, &args.language, None)?.with_version_order(args.objects.version_order);
    let Some(rule) = single::accepted("<rule>", &args.rule, settings.options()) else {
        return Ok(Outcome::Findings);
    };
    let population = Population::read(&args.objects, rule.subject, &settings)?;
    let world =
        World { now: settings.now(), version_order: settings.version_order, relations: &population.related };
    let objects = population.of(rule.subject);
    match members(&rule, objects, &world) {
        Ok(members) => {
            print(&members, objects.len(), &rule, args.output_format)?;
            Ok(Outcome::Clean)
        }
        Err(why) => {
            output::error(&format!("the rule cannot be evaluated: {why}"));
            Ok(Outcome::Findings)
        }
    }
}

/// The objects that the rule admits; else why the first one that has no result has none.
fn members<'a>(
    rule: &TypedRule,
    objects: &'a [Object],
    world: &World<'_>,
) -> Result<Vec<&'a Object>, String> {
    let results: Vec<Result<&Object, String>> = objects
        .par_iter()
        .filter_map(|object| match oracle::evaluate(rule, object, world) {
            Ok(admitted) => admitted.then_some(Ok(object)),
            Err(error) => Some(Err(format!("{} `{}`: {error}", rule.subject.word(), object.id()))),
        })
        .collect();
    results.into_iter().collect()
}

fn print(
    members: &[&Object],
    objects: usize,
    rule: &TypedRule,
    format: Option<ReportFormat>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match output::format_or_default(format) {
        ReportFormat::Full | ReportFormat::Concise => {
            for member in members {
                writeln!(out, "{}", member.id())?;
            }
            out.flush()?;
            output::say(&format!("{} of {objects} {}s are members", members.len(), rule.subject.word()));
        }
        ReportFormat::Json => {
            let ids: Vec<&str> = members.iter().map(|member| member.id()).collect();
            writeln!(out, "{:#}", json!({ "rule": *rule.text, "objects": objects, "members": ids }))?;
        }
        ReportFormat::Jsonl => {
            for member in members {
                writeln!(out, "{}", json!({ "memberId": member.id() }))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}
