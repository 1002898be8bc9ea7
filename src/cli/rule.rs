//! `dyngroup rule`: what a diagnostic code means.

use std::io::Write;

use serde_json::json;

use super::args::{Global, ReportFormat, RuleArgs};
use super::failure::Failure;
use super::{Outcome, output};
use crate::base::code::{self, Code};
use crate::report::rule_help::code_help;

/// Runs the command.
pub(super) fn run(args: &RuleArgs, _global: &Global) -> Result<Outcome, Failure> {
    let mut out = std::io::stdout().lock();
    let format = output::format_or_default(args.output_format);
    let Some(id) = &args.code else {
        list(format, &mut out)?;
        return Ok(Outcome::Clean);
    };
    let found = code::find(id).ok_or_else(|| {
        Failure::new(format!("`{id}` is no code; `dyngroup rule` without a code lists them"))
    })?;
    match format {
        ReportFormat::Full => writeln!(out, "{}", code_help(found).trim_end())?,
        ReportFormat::Concise => writeln!(out, "{}", line(found))?,
        ReportFormat::Json => writeln!(out, "{:#}", object(found))?,
        ReportFormat::Jsonl => writeln!(out, "{}", object(found))?,
    }
    Ok(Outcome::Clean)
}

fn list(format: ReportFormat, out: &mut impl Write) -> Result<(), Failure> {
    match format {
        ReportFormat::Full | ReportFormat::Concise => {
            for code in code::ALL {
                writeln!(out, "{}", line(code))?;
            }
        }
        ReportFormat::Json => {
            let all: Vec<_> = code::ALL.iter().map(|code| object(code)).collect();
            writeln!(out, "{:#}", json!(all))?;
        }
        ReportFormat::Jsonl => {
            for code in code::ALL {
                writeln!(out, "{}", object(code))?;
            }
        }
    }
    Ok(())
}

fn line(code: &Code) -> String {
    format!("{:<6}  {:<7}  {}", code.id, code.severity.word(), code.title)
}

fn object(code: &Code) -> serde_json::Value {
    json!({
        "code": code.id,
        "severity": code.severity.word(),
        "title": code.title,
        "serviceMessage": code.service_message,
        "explanation": code_help(code),
    })
}
