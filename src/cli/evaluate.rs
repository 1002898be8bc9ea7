//! `dyngroup evaluate`: the members of one rule.

use std::io::{BufWriter, Write};

use rayon::prelude::*;
use serde_json::json;

use super::args::{EvaluateArgs, Global, ReportFormat};
use super::failure::Failure;
use super::members::Population;
use super::settings::Settings;
use super::{Outcome, output};
use crate::base::diagnostic::Diagnostic;
use crate::directory::object::Object;
use crate::engine::oracle;
use crate::engine::world::World;
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::language::typed::TypedRule;

/// Runs the command.
pub(super) fn run(args: &EvaluateArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings =
        Settings::read(global, &args.language, None)?.with_version_order(args.objects.version_order);
    let Some(rule) = accepted(&args.rule, &settings) else { return Ok(Outcome::Findings) };
    let wanted = match rule.subject {
        Subject::User => (&args.objects.users, "--users FILE"),
        Subject::Device => (&args.objects.devices, "--devices FILE"),
    };
    if wanted.0.is_none() {
        return Err(Failure::new(format!("the rule is about {}s: give {}", rule.subject.word(), wanted.1)));
    }
    let population = Population::read(&args.objects, &settings)?;
    let world =
        World { now: settings.now(), version_order: settings.version_order, relations: &population.related };
    let objects = population.of(rule.subject);
    let results: Result<Vec<Option<&Object>>, String> = objects
        .par_iter()
        .map(|object| match oracle::evaluate(&rule, object, &world) {
            Ok(admitted) => Ok(admitted.then_some(object)),
            Err(error) => Err(format!("{} `{}`: {error}", rule.subject.word(), object.id())),
        })
        .collect();
    match results {
        Ok(found) => {
            let members: Vec<&Object> = found.into_iter().flatten().collect();
            print(&members, objects.len(), &args.rule, args.output_format)?;
            Ok(Outcome::Clean)
        }
        Err(why) => {
            output::warn(&format!("the rule cannot be evaluated: {why}"));
            Ok(Outcome::Findings)
        }
    }
}

/// The rule, if it is accepted; else its errors go to standard error.
pub(super) fn accepted(text: &str, settings: &Settings) -> Option<TypedRule> {
    let compiled = compile(text, settings.options());
    for finding in compiled.diagnostics.iter().filter(|finding| finding.is_error()) {
        output::warn(&sentence(text, finding));
    }
    compiled.rule
}

/// A finding on one line.
pub(super) fn sentence(text: &str, finding: &Diagnostic) -> String {
    let position = crate::base::span::Lines::of(text).position(finding.span.start);
    let help = finding.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
    format!(
        "{}:{}: {}[{}]: {}{help}",
        position.line,
        position.column,
        finding.severity.word(),
        finding.code.id,
        finding.message
    )
}

fn print(
    members: &[&Object],
    objects: usize,
    rule: &str,
    format: Option<ReportFormat>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    match output::format_or_default(format) {
        ReportFormat::Full | ReportFormat::Concise => {
            for member in members {
                writeln!(out, "{}", member.id())?;
            }
            out.flush()?;
            anstream::eprintln!("{} of {objects} are members", members.len());
        }
        ReportFormat::Json => {
            let ids: Vec<&str> = members.iter().map(|member| member.id()).collect();
            writeln!(out, "{:#}", json!({ "rule": rule, "objects": objects, "members": ids }))?;
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
