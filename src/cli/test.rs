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
use crate::report::printable::printable;
use crate::report::summary::counted;

/// Runs the command.
pub(super) fn run(args: &TestArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &args.language, args.paths.first().map(AsRef::as_ref))?;
    let files = fixture_files(&args.paths)?;
    let read: Vec<Result<Option<Fixture>, Failure>> =
        files.par_iter().map(|path| Fixture::read(path, &settings.attributes)).collect();
    let mut counts = Counts::default();
    let mut fixtures = Vec::new();
    for fixture in read {
        match fixture {
            Ok(Some(fixture)) => fixtures.push(fixture),
            Ok(None) => counts.skipped += 1,
            Err(failure) => {
                counts.broken += 1;
                failure.print();
            }
        }
    }
    if fixtures.is_empty() && counts.broken == 0 {
        return Err(Failure::new("no fixture was found: a fixture is a TOML file with a `rule`"));
    }
    let ran: Vec<Ran> = fixtures.par_iter().map(|fixture| fixture_run::run(fixture, &settings)).collect();
    let mut verdicts = Vec::with_capacity(ran.len());
    for (fixture, ran) in fixtures.iter().zip(&ran) {
        let verdict = match ran.accepted().filter(|_| args.accept) {
            _ if ran.passed() => Verdict::Passed,
            Some(changes) => {
                output::write_whole(&fixture.path, fixture.rewritten(changes).as_bytes())?;
                Verdict::Accepted
            }
            None => Verdict::Failed,
        };
        counts.add(verdict);
        verdicts.push((fixture, ran, verdict));
    }
    report(&verdicts, args.output_format)?;
    output::say(&counts.line());
    Ok(match (counts.broken, counts.failed) {
        (0, 0) => Outcome::Clean,
        (0, _) => Outcome::Findings,
        _ => Outcome::Failed,
    })
}

/// How a fixture fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    /// It failed, and its file now expects what it showed.
    Accepted,
}

#[derive(Debug, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    accepted: usize,
    broken: usize,
    skipped: usize,
}

impl Counts {
    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Passed => self.passed += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::Accepted => self.accepted += 1,
        }
    }

    fn line(&self) -> String {
        let part = |count: usize, text: String| (count > 0).then_some(text);
        let parts = [
            Some(format!("{} passed", counted(self.passed, "fixture"))),
            Some(format!("{} failed", self.failed)),
            part(self.accepted, format!("{} accepted", self.accepted)),
            part(self.broken, format!("{} could not be read", self.broken)),
            part(self.skipped, format!("{} without a rule left out", counted(self.skipped, "TOML file"))),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn report(verdicts: &[(&Fixture, &Ran, Verdict)], format: Option<ReportFormat>) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let object = |&(fixture, ran, verdict): &(&Fixture, &Ran, Verdict)| {
        json!({
            "fixture": fixture.path.display().to_string(),
            "passed": verdict == Verdict::Passed,
            "accepted": verdict == Verdict::Accepted,
            "failures": ran.failures(),
        })
    };
    let unmet = verdicts.iter().filter(|(_, ran, _)| !ran.passed());
    match output::format_or_default(format) {
        ReportFormat::Full => {
            for (fixture, ran, verdict) in unmet {
                let word = if *verdict == Verdict::Accepted { "accepted" } else { "FAILED" };
                writeln!(
                    out,
                    "{word} {}\n  rule: {}",
                    fixture.path.display(),
                    printable(fixture.rule.trim())
                )?;
                for line in ran.failures().into_iter().flat_map(str::lines) {
                    writeln!(out, "  {}", printable(line))?;
                }
            }
        }
        ReportFormat::Concise => {
            for (fixture, ran, _) in unmet {
                for failure in ran.failures() {
                    let first = failure.lines().next().unwrap_or_default().trim_end_matches(':');
                    writeln!(out, "{}: {}", fixture.path.display(), printable(first))?;
                }
            }
        }
        ReportFormat::Json => {
            let all: Vec<_> = verdicts.iter().map(object).collect();
            writeln!(out, "{:#}", json!(all))?;
        }
        ReportFormat::Jsonl => {
            for verdict in verdicts {
                writeln!(out, "{}", object(verdict))?;
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
