//! `dyngroup attributes`: the names that rules may use.

use std::io::Write;

use serde_json::json;

use super::args::{AttributesArgs, Global, LanguageArgs, ReportFormat};
use super::failure::Failure;
use super::settings::{self, Settings};
use super::{Outcome, output};
use crate::language::attribute::{Attribute, Subject};

/// Runs the command.
pub(super) fn run(args: &AttributesArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &LanguageArgs::default(), None)?;
    let wanted = args.subject.map(settings::subject_of);
    let subjects = Subject::ALL.into_iter().filter(|subject| wanted.is_none_or(|wanted| wanted == *subject));
    let all = subjects.flat_map(|subject| settings.attributes.of(subject));
    let mut out = std::io::stdout().lock();
    match output::format_or_default(args.output_format) {
        ReportFormat::Full => {
            for attribute in all {
                writeln!(
                    out,
                    "{:<38} {:<32} {}",
                    attribute.path(),
                    attribute.kind.words(),
                    notes(attribute)
                )?;
            }
        }
        ReportFormat::Concise => {
            for attribute in all {
                writeln!(out, "{}", attribute.path())?;
            }
        }
        ReportFormat::Json => {
            let all: Vec<_> = all.map(|attribute| object(attribute)).collect();
            writeln!(out, "{:#}", json!(all))?;
        }
        ReportFormat::Jsonl => {
            for attribute in all {
                writeln!(out, "{}", object(attribute))?;
            }
        }
    }
    Ok(Outcome::Clean)
}

fn notes(attribute: &Attribute) -> String {
    let mut notes = Vec::new();
    if attribute.graph_name != attribute.name {
        notes.push(format!("Graph: {}", attribute.graph_name));
    }
    if attribute.retired {
        notes.push("never has a value".to_owned());
    }
    if attribute.declared {
        notes.push("declared here".to_owned());
    }
    if !attribute.values.is_empty() {
        notes.push(format!("values: {}", attribute.values.join(" | ")));
    }
    notes.join("; ")
}

fn object(attribute: &Attribute) -> serde_json::Value {
    json!({
        "object": attribute.subject.word(),
        "name": attribute.name,
        "graphName": attribute.graph_name,
        "kind": format!("{:?}", attribute.kind).to_lowercase(),
        "nullable": attribute.nullable,
        "certainty": attribute.certainty.word(),
        "values": attribute.values,
        "declared": attribute.declared,
    })
}
