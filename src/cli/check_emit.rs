//! `dyngroup check --emit`: what the accepted rules become.

use std::io::{self, BufWriter, Write};

use super::check;
use super::failure::Failure;
use super::settings::Settings;
use super::source::{Input, RuleSource};
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::language::typed::TypedRule;
use crate::program::{Optimise, emit, listing};
use crate::report::printable::printable;

/// Prints the bytecode of all accepted rules: one program for those about users and one for those about
/// devices, each behind a list of its rules.
pub(super) fn print_bytecode(inputs: &[Input], settings: &Settings) -> Result<(), Failure> {
    let rules: Vec<(&RuleSource, TypedRule)> = inputs
        .iter()
        .flat_map(|input| &input.rules)
        .filter(|source| check::group_finding(source).is_none())
        .filter_map(|source| {
            Some((source, compile(&source.text, check::options_for(source, settings)).rule?))
        })
        .collect();
    let mut out = BufWriter::new(io::stdout().lock());
    let mut gap = "";
    for subject in [Subject::User, Subject::Device] {
        let (sources, rules): (Vec<&RuleSource>, Vec<&TypedRule>) = rules
            .iter()
            .filter(|(_, rule)| rule.subject == subject)
            .map(|(source, rule)| (*source, rule))
            .unzip();
        if rules.is_empty() {
            continue;
        }
        let program = emit::program(rules, Optimise::On).map_err(|error| Failure::new(error.to_string()))?;
        writeln!(out, "{gap}; rules about {}s", subject.word())?;
        for (place, source) in sources.into_iter().enumerate() {
            let id = source.id.as_deref().map(|id| format!(" ({id})")).unwrap_or_default();
            let name = format!("{}:{}{id}", source.file, source.line());
            writeln!(out, "; rule {place} is {}", printable(&name))?;
        }
        for line in listing::listing(&program).lines() {
            writeln!(out, "{}", printable(line))?;
        }
        gap = "\n";
    }
    out.flush()?;
    Ok(())
}
