//! `dyngroup fmt`: rules in their canonical layout.

use std::io::Write;
use std::path::Path;

use super::args::{FmtArgs, Global};
use super::check;
use super::failure::Failure;
use super::settings::Settings;
use super::source::{Format, Input, RuleSource};
use super::{Outcome, output};
use crate::language::compile::compile;
use crate::language::print::{Layout, format};

/// Runs the command.
pub(super) fn run(args: &FmtArgs, global: &Global) -> Result<Outcome, Failure> {
    let settings = Settings::read(global, &args.language, args.paths.first().map(AsRef::as_ref))?;
    let inputs = check::inputs_of(&args.paths, &args.rules, args.input_format)?;
    let mut outcome = Outcome::Clean;
    for input in &inputs {
        let formatted = format_input(input, &settings, args.width);
        if !formatted.is_whole || !input.errors.is_empty() {
            outcome = Outcome::Failed;
        }
        for error in &input.errors {
            output::warn(&error.to_string());
        }
        if args.check {
            for &(at, _) in &formatted.changed {
                if let Some(rule) = input.rules.get(at) {
                    let label = rule.id.as_deref().or(rule.display_name.as_deref()).unwrap_or_default();
                    writeln!(
                        std::io::stdout(),
                        "{}:{}: not in the canonical layout {label}",
                        rule.file,
                        rule.line()
                    )?;
                }
            }
            if !formatted.changed.is_empty() && outcome == Outcome::Clean {
                outcome = Outcome::Findings;
            }
        } else {
            write(input, &formatted.changed)?;
        }
    }
    Ok(outcome)
}

struct Formatted {
    changed: Vec<(usize, String)>,
    /// Whether every rule could be read.
    is_whole: bool,
}

fn format_input(input: &Input, settings: &Settings, width: usize) -> Formatted {
    let mut formatted = Formatted { changed: Vec::new(), is_whole: true };
    for (at, rule) in input.rules.iter().enumerate() {
        let compiled = compile(&rule.text, settings.options());
        let layout = match input.format {
            Format::Rule => Layout::Lines { width_max_columns: width },
            _ => Layout::OneLine,
        };
        match format(&rule.text, &compiled, &settings.attributes, layout) {
            Some(text) if !rule.is_written_as(&text) => formatted.changed.push((at, text)),
            Some(_) => {}
            None => {
                formatted.is_whole = false;
                output::warn(&refused(rule, &compiled.diagnostics));
            }
        }
    }
    formatted
}

fn refused(rule: &RuleSource, diagnostics: &[crate::base::diagnostic::Diagnostic]) -> String {
    let first = diagnostics.iter().find(|finding| finding.is_error());
    let place = rule.file_position(first.map_or(0, |finding| finding.span.start));
    let why = first.map_or_else(String::new, |finding| format!(": {}[{}]", finding.message, finding.code.id));
    format!("{}:{}:{}: left as it is, the rule is refused{why}", rule.file, place.line, place.column)
}

/// Files are written in place; standard input and rules of the command line go to standard output.
fn write(input: &Input, changed: &[(usize, String)]) -> Result<(), Failure> {
    let is_file = input.name != "-" && !input.name.starts_with('<');
    if is_file && changed.is_empty() {
        return Ok(());
    }
    let content = input.rewritten(changed)?;
    if is_file {
        return output::write_whole(Path::new(&input.name), content.as_bytes());
    }
    let mut out = std::io::stdout().lock();
    out.write_all(content.as_bytes())?;
    if !content.ends_with('\n') {
        writeln!(out)?;
    }
    Ok(())
}
