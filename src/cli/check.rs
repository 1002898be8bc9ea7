//! `dyngroup check`: rules in, findings out.

use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use rayon::prelude::*;

use super::args::{CheckArgs, Emit, Global};
use super::failure::Failure;
use super::settings::{self, Settings};
use super::source::{self, Input, RuleSource};
use super::words::Denial;
use super::{Outcome, check_emit, check_fix, output, plans};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::limits;
use crate::base::span::{Position, Span};
use crate::language::attribute::Subject;
use crate::language::certainty::Certainty;
use crate::language::compile::{Options, compile};
use crate::language::lint::lint;
use crate::report::finding::{CheckedRule, FileEdit, Finding};
use crate::report::output_format::OutputFormat;
use crate::report::summary::{Summary, write_summary};
use crate::report::write_check;

/// Runs the command.
pub(super) fn run(args: &CheckArgs, global: &Global) -> Result<Outcome, Failure> {
    let place = args.paths.first().map(AsRef::as_ref);
    let mut settings = Settings::read(global, &args.language, place)?;
    settings.subject = args.subject.or(settings.subject);
    settings.lints.enabled.extend(settings::codes(&args.enable));
    settings.lints.disabled.extend(settings::codes(&args.ignore));
    settings.deny.extend(&args.deny);
    let mut inputs = inputs_of(&args.paths, &args.rules, args.input_format)?;
    if args.fix {
        check_fix::fix_inputs(&mut inputs, &settings, args.unsafe_fixes)?;
    }
    if args.diff {
        check_fix::show_diffs(&mut inputs, &settings, args.unsafe_fixes)?;
    }
    let rules: Vec<CheckedRule> = inputs.par_iter().flat_map(|input| check_input(input, &settings)).collect();
    let summary = Summary::of(&rules, inputs.iter().map(|input| input.skipped).sum());
    let format = output_format(args.output_format, &settings);
    let fixed_text = args.fix && inputs.iter().any(|input| !input.is_file());
    if let Some(Emit::Bytecode) = args.emit {
        check_emit::print_bytecode(&inputs, &settings)?;
    }
    // Fixed text without a file, or what the rules become, has taken standard output.
    if fixed_text || args.emit.is_some() {
        let mut words = io::stderr();
        let _ = write_check(format, &rules, &summary, &output::style_on(&words), &mut words);
    } else if !args.diff {
        let mut out = BufWriter::new(io::stdout().lock());
        write_check(format, &rules, &summary, &output::style(), &mut out)?;
        out.flush()?;
    }
    if matches!(format, OutputFormat::Full | OutputFormat::Concise) {
        let mut words = io::stderr();
        // As with all words: where nobody can read them, they are lost.
        let _ = write_summary(&summary, &output::style_on(&words), &mut words);
    }
    if inputs.iter().any(|input| !input.errors.is_empty()) {
        return Ok(Outcome::Failed);
    }
    let mut findings = rules.iter().flat_map(|rule| &rule.findings);
    let refused = findings.any(|finding| is_denied(&finding.diagnostic, &settings.deny));
    Ok(if refused { Outcome::Findings } else { Outcome::Clean })
}

/// Reads the inputs of a command: paths, `-` and rules given as arguments. An input that is there and
/// broken hides no other: it comes with its error. A path that is not there ends the command.
pub(super) fn inputs_of(
    paths: &[impl AsRef<Path>],
    rules: &[String],
    format: Option<source::Format>,
) -> Result<Vec<Input>, Failure> {
    if paths.is_empty() && rules.is_empty() {
        return Err(Failure::new(
            "nothing to read: give files, folders, `-` for standard input, or --rule RULE",
        ));
    }
    let mut inputs = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let read = if path.as_os_str() == "-" {
            source::read_bytes("-", stdin_bytes()?, format).map(|input| vec![input])
        } else {
            source::read_path(path, format)
        };
        match read {
            Ok(read) => inputs.extend(read),
            Err(error) if error.position.is_some() => inputs.push(Input::broken(error, format)),
            Err(error) => return Err(error.into()),
        }
    }
    for (at, rule) in rules.iter().enumerate() {
        let name = format!("<rule {}>", at + 1);
        inputs.push(source::read_text(&name, rule.clone(), Some(source::Format::Rule))?);
    }
    Ok(inputs)
}

fn stdin_bytes() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells the reader that it is too much.
    let most = limits::RULE_FILE_MAX_BYTES + 1;
    let read = io::stdin().lock().take(most).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file(Path::new("-"), "read", &error))?;
    Ok(bytes)
}

/// Checks all rules of an input, in parallel. What is wrong with the input itself comes as an entry
/// without a rule. All are in the order of the text.
fn check_input(input: &Input, settings: &Settings) -> Vec<CheckedRule> {
    let mut checked: Vec<CheckedRule> =
        input.rules.par_iter().map(|rule| check_rule(rule, settings)).collect();
    for error in &input.errors {
        let mut finding = Diagnostic::new(error.code, Span::at(0), error.message.clone());
        finding.help.clone_from(&error.help);
        checked.push(entry_without_rule(input, error.position, finding));
    }
    for note in &input.notes {
        let finding = Diagnostic::new(&code::NO_RULE_FOUND, Span::at(0), note.message.clone());
        checked.push(entry_without_rule(input, Some(note.position), finding));
    }
    if checked.is_empty() && input.skipped == 0 {
        let finding = Diagnostic::new(&code::NO_RULE_FOUND, Span::at(0), "no rule was found in this input")
            .help("rules stand under `membershipRule` or `rule`, or are the whole text of a `.rule` file");
        checked.push(entry_without_rule(input, None, finding));
    }
    checked.sort_by_key(|rule| rule.line);
    checked
}

fn entry_without_rule(input: &Input, position: Option<Position>, diagnostic: Diagnostic) -> CheckedRule {
    let start = position.unwrap_or(Position { line: 1, column: 1 });
    CheckedRule {
        source: input.name.clone(),
        id: None,
        display_name: None,
        line: start.line,
        rule: String::new(),
        subject: None,
        certainty: None,
        findings: vec![Finding { diagnostic, start, end: start, snippet: None, file_edits: Vec::new() }],
    }
}

fn check_rule(source: &RuleSource, settings: &Settings) -> CheckedRule {
    let (subject, certainty, diagnostics) = findings_of(source, settings);
    CheckedRule {
        source: source.file.clone(),
        id: source.id.clone(),
        display_name: source.display_name.clone(),
        line: source.line(),
        rule: source.text.clone(),
        subject,
        certainty,
        findings: diagnostics.into_iter().map(|finding| placed(finding, source)).collect(),
    }
}

/// Everything there is to say about a rule and the group that it belongs to.
fn findings_of(
    source: &RuleSource,
    settings: &Settings,
) -> (Option<Subject>, Option<Certainty>, Vec<Diagnostic>) {
    let options = options_for(source, settings);
    let compiled = compile(&source.text, options);
    let mut diagnostics = lint(&source.text, &compiled, &settings.lints);
    diagnostics.extend(group_finding(source));
    let certainty = compiled.rule.as_ref().map(|rule| rule.root.weakest_certainty());
    let subject = compiled.subject.or(options.subject);
    diagnostics.extend(compiled.diagnostics);
    diagnostics.retain(|finding| !settings.lints.disabled.contains(&finding.code) || finding.is_error());
    diagnostics.sort_by_key(|finding| (finding.span, finding.code.id));
    (subject, certainty, diagnostics)
}

/// How a rule is read: what it has to select is what its input asks for, else what the settings say. A
/// Microsoft 365 group holds users only.
pub(super) fn options_for<'a>(source: &RuleSource, settings: &'a Settings) -> Options<'a> {
    let unified = source
        .group
        .as_ref()
        .and_then(|group| group.group_types.as_ref())
        .is_some_and(|types| types.iter().any(|kind| kind.eq_ignore_ascii_case("Unified")));
    let subject = source.subject.or(unified.then_some(Subject::User)).or(settings.subject);
    Options { subject, ..settings.options() }
}

/// What is wrong with a rule because of the group that it belongs to.
pub(super) fn group_finding(source: &RuleSource) -> Option<Diagnostic> {
    let is_assignable = source.group.as_ref()?.is_assignable_to_role?;
    is_assignable.then(|| plans::not_for_roles(&source.text))
}

/// The finding with its places in the file.
fn placed(diagnostic: Diagnostic, source: &RuleSource) -> Finding {
    let edits = diagnostic.fix.as_ref().map(|fix| fix.edits.as_slice()).unwrap_or_default();
    let file_edits = edits
        .iter()
        .map(|edit| FileEdit {
            start: source.file_position(edit.span.start),
            end: source.file_position(edit.span.end),
            text: source.escaped(&edit.text),
        })
        .collect();
    Finding {
        start: source.file_position(diagnostic.span.start),
        end: source.file_position(diagnostic.span.end),
        snippet: Some(source.raw(diagnostic.span).to_owned()),
        file_edits,
        diagnostic,
    }
}

fn output_format(asked: Option<OutputFormat>, settings: &Settings) -> OutputFormat {
    let usual = if output::is_terminal() { OutputFormat::Full } else { OutputFormat::Concise };
    asked.or(settings.output_format).unwrap_or(usual)
}

/// Whether the finding makes the exit code 1.
fn is_denied(finding: &Diagnostic, denials: &[Denial]) -> bool {
    finding.is_error()
        || denials.iter().any(|denial| match denial {
            Denial::Warnings => finding.severity == Severity::Warning,
            Denial::Code(code) => finding.code == *code,
        })
}
