//! `dyngroup fmt`: rules in their canonical layout.

use std::io::{BufWriter, Write};
use std::path::Path;

use rayon::prelude::*;

use super::args::{FmtArgs, Global};
use super::failure::Failure;
use super::settings::Settings;
use super::source::{Format, Input, RuleSource};
use super::{Outcome, check, output};
use crate::base::diagnostic::Diagnostic;
use crate::language::compile::compile;
use crate::language::print::{Layout, format};
use crate::report::printable::printable;

/// Runs the command.
pub(super) fn run(args: &FmtArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &args.language, args.paths.first().map(AsRef::as_ref))?;
    let mut inputs = check::inputs_of(&args.paths, &args.rules, args.input_format)?;
    let mut outcome = Outcome::Clean;
    for input in &mut inputs {
        let (changed, refused) = format_input(input, &settings, args.width);
        for why in &refused {
            output::error(why);
        }
        if args.check {
            report(input, &changed)?;
        } else {
            write(input, &changed)?;
        }
        for error in &input.errors {
            Failure::from(error.clone()).print();
        }
        if !refused.is_empty() || !input.errors.is_empty() {
            outcome = Outcome::Failed;
        } else if args.check && !changed.is_empty() && outcome == Outcome::Clean {
            outcome = Outcome::Findings;
        }
    }
    Ok(outcome)
}

/// The rules that change, by their place in the input, and why others cannot be formatted.
fn format_input(input: &Input, settings: &Settings, width_max_columns: usize) -> (Changed, Vec<String>) {
    let layout = match input.format {
        Format::Rule => Layout::Lines { width_max_columns },
        _ => Layout::OneLine,
    };
    let formatted: Vec<_> = input
        .rules
        .par_iter()
        .map(|rule| {
            let compiled = compile(&rule.text, settings.options());
            format(&rule.text, &compiled, &settings.attributes, layout)
                .ok_or_else(|| refusal(rule, &compiled.diagnostics))
        })
        .collect();
    let mut changed = Vec::new();
    let mut refused = Vec::new();
    for ((at, rule), formatted) in input.rules.iter().enumerate().zip(formatted) {
        match formatted {
            Ok(text) if rule.is_written_as(&text) => {}
            Ok(text) => changed.push((at, text)),
            Err(why) => refused.push(why),
        }
    }
    (changed, refused)
}

type Changed = Vec<(usize, String)>;

fn refusal(rule: &RuleSource, diagnostics: &[Diagnostic]) -> String {
    let first = diagnostics.iter().find(|finding| finding.is_error());
    let place = rule.file_position(first.map_or(0, |finding| finding.span.start));
    let why =
        first.map_or_else(String::new, |finding| format!(": {} [{}]", finding.message, finding.code.id));
    format!("{}:{}:{}: the rule stays as it is{why}", rule.file, place.line, place.column)
}

/// One line for each rule that is not in the canonical layout.
fn report(input: &Input, changed: &[(usize, String)]) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for rule in changed.iter().filter_map(|&(at, _)| input.rules.get(at)) {
        let name = rule.display_name.as_deref().or(rule.id.as_deref());
        let name = name.map(|name| format!(" ({})", printable(name))).unwrap_or_default();
        writeln!(out, "{}:{}: not in the canonical layout{name}", printable(&rule.file), rule.line())?;
    }
    out.flush()?;
    Ok(())
}

/// Files are written in place; standard input and rules of the command line go to standard output.
fn write(input: &mut Input, changed: &[(usize, String)]) -> Result<(), Failure> {
    if input.is_file() && changed.is_empty() {
        return Ok(());
    }
    match input.rewritten(changed) {
        Ok(content) if input.is_file() => output::write_whole(Path::new(&input.name), content.as_bytes())?,
        Ok(content) => output::print_text(&content)?,
        Err(error) => input.errors.push(error),
    }
    Ok(())
}
