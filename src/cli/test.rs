//! `dyngroup test`: runs fixtures, and with `--accept` writes what they showed.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use rayon::prelude::*;
use serde_json::json;

use super::args::{Global, ReportFormat, TestArgs};
use super::failure::Failure;
use super::fixture::Fixture;
use super::fixture_run::{self, Ran};
use super::settings::Settings;
use super::{Outcome, output};

/// Runs the command.
pub(super) fn run(args: &TestArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &args.language, args.paths.first().map(AsRef::as_ref))?;
    let files = fixture_files(&args.paths)?;
    let read: Vec<Result<Option<Fixture>, Failure>> =
        files.par_iter().map(|path| Fixture::read(path, &settings.attributes)).collect();
    let mut broken = 0;
    let mut fixtures = Vec::new();
    for fixture in read {
        match fixture {
            Ok(Some(fixture)) => fixtures.push(fixture),
            Ok(None) => {}
            Err(failure) => {
                broken += 1;
                failure.print();
            }
        }
    }
    if fixtures.is_empty() && broken == 0 {
        return Err(Failure::new("no fixture was found: a fixture is a TOML file with a `rule`"));
    }
    let ran: Vec<Ran> = fixtures.par_iter().map(|fixture| fixture_run::run(fixture, &settings)).collect();
    let mut accepted = 0;
    if args.accept {
        for (fixture, ran) in fixtures.iter().zip(&ran) {
            if let Some(text) = &ran.accepted {
                output::write_whole(&fixture.path, text.as_bytes())?;
                accepted += 1;
            }
        }
    }
    report(&fixtures, &ran, args.output_format, args.accept)?;
    let failed =
        ran.iter().filter(|ran| !ran.failures.is_empty() && !(args.accept && ran.accepted.is_some())).count();
    let passed = fixtures.len() - ran.iter().filter(|ran| !ran.failures.is_empty()).count();
    let skipped = files.len() - fixtures.len() - broken;
    let mut line = format!("{passed} fixtures passed, {failed} failed");
    if accepted > 0 {
        line.push_str(&format!(", {accepted} accepted"));
    }
    if broken > 0 {
        line.push_str(&format!(", {broken} could not be read"));
    }
    if skipped > 0 {
        line.push_str(&format!(", {skipped} TOML files without a rule"));
    }
    anstream::eprintln!("{line}");
    Ok(match (broken, failed) {
        (0, 0) => Outcome::Clean,
        (0, _) => Outcome::Findings,
        _ => Outcome::Failed,
    })
}

fn report(
    fixtures: &[Fixture],
    ran: &[Ran],
    format: Option<ReportFormat>,
    accept: bool,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let object = |(fixture, ran): (&Fixture, &Ran)| {
        json!({
            "fixture": fixture.path.display().to_string(),
            "passed": ran.failures.is_empty(),
            "accepted": accept && ran.accepted.is_some(),
            "failures": ran.failures,
        })
    };
    let all = fixtures.iter().zip(ran);
    match output::format_or_default(format) {
        ReportFormat::Full => {
            for (fixture, ran) in all.filter(|(_, ran)| !ran.failures.is_empty()) {
                let word = if accept && ran.accepted.is_some() { "accepted" } else { "FAILED" };
                writeln!(out, "{word} {}\n  rule: {}", fixture.path.display(), fixture.rule.trim())?;
                for failure in &ran.failures {
                    writeln!(out, "  {}", failure.replace('\n', "\n  "))?;
                }
            }
        }
        ReportFormat::Concise => {
            for (fixture, ran) in all.filter(|(_, ran)| !ran.failures.is_empty()) {
                let first =
                    ran.failures.first().and_then(|failure| failure.lines().next()).unwrap_or_default();
                writeln!(out, "{}: {first}", fixture.path.display())?;
            }
        }
        ReportFormat::Json => {
            let all: Vec<_> = all.map(object).collect();
            writeln!(out, "{:#}", json!(all))?;
        }
        ReportFormat::Jsonl => {
            for pair in all {
                writeln!(out, "{}", object(pair))?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

/// The TOML files that are named or stand in the folders that are named, sorted.
fn fixture_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        for entry in WalkBuilder::new(path).sort_by_file_path(Path::cmp).build() {
            let entry = entry.map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
            let is_toml =
                entry.path().extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
            if is_toml && entry.path().is_file() {
                files.push(entry.into_path());
            }
        }
    }
    Ok(files)
}
