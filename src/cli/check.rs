//! `dyngroup check`: rules in, findings out.

use std::io::{BufWriter, IsTerminal, Read, Write};
use std::path::Path;

use rayon::prelude::*;

use super::args::{CheckArgs, CheckFormat, Global};
use super::check_fix;
use super::failure::Failure;
use super::settings::{self, Settings};
use super::source::{self, Input, RuleSource};
use super::{Outcome, output};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::limits;
use crate::base::span::{Position, Span};
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::language::lint::lint;
use crate::report::finding::{CheckedRule, FileEdit, Finding};
use crate::report::output_format::OutputFormat;
use crate::report::summary::{Summary, write_summary};
use crate::report::write_check;

/// Runs the command.
pub(super) fn run(args: &CheckArgs, global: &Global) -> Result<Outcome, Failure> {
    let mut settings = Settings::read(global, &args.language, args.paths.first().map(AsRef::as_ref))?
        .with_subject(args.subject);
    settings.lints.enabled.extend(settings::codes(&args.enable)?);
    settings.lints.disabled.extend(settings::codes(&args.ignore)?);
    let denied = Denied::read(&settings.deny, &args.deny)?;
    let format = output_format(args.output_format, &settings)?;
    let mut inputs = inputs_of(&args.paths, &args.rules, args.input_format)?;
    if args.fix {
        check_fix::fix_files(&mut inputs, &settings, args.unsafe_fixes)?;
    }
    if args.diff {
        check_fix::show_diffs(&inputs, &settings, args.unsafe_fixes)?;
    }
    let rules: Vec<CheckedRule> = inputs.iter().flat_map(|input| check_input(input, &settings)).collect();
    let summary = Summary::of(&rules, inputs.iter().map(|input| input.skipped).sum());
    let style = output::style(global);
    if !args.diff {
        let mut out = BufWriter::new(std::io::stdout().lock());
        write_check(format, &rules, &summary, &style, &mut out)?;
        out.flush()?;
    }
    if matches!(format, OutputFormat::Full | OutputFormat::Concise) {
        let mut words = std::io::stderr().lock();
        write_summary(
            &summary,
            &crate::report::Style { colour: style.colour && words.is_terminal(), ..style },
            &mut words,
        )?;
    }
    if inputs.iter().any(|input| !input.errors.is_empty()) {
        return Ok(Outcome::Failed);
    }
    let refused =
        rules.iter().flat_map(|rule| &rule.findings).any(|finding| denied.denies(&finding.diagnostic));
    Ok(if refused { Outcome::Findings } else { Outcome::Clean })
}

/// Reads the inputs of a command: paths, `-` and rules given as arguments.
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
        if path.as_os_str() == "-" {
            inputs.push(read_stdin(format)?);
        } else {
            inputs.extend(source::read_path(path, format)?);
        }
    }
    for (at, rule) in rules.iter().enumerate() {
        let name = format!("<rule {}>", at + 1);
        inputs.push(source::read_text(&name, rule.clone(), Some(source::Format::Rule))?);
    }
    Ok(inputs)
}

fn read_stdin(format: Option<source::Format>) -> Result<Input, Failure> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells the reader that it is too much.
    let most = limits::RULE_FILE_MAX_BYTES + 1;
    let read = std::io::stdin().lock().take(most).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file(Path::new("-"), "read", &error))?;
    Ok(source::read_bytes("-", bytes, format)?)
}

/// Checks all rules of an input, in parallel, in the order of the input. What is wrong with the input
/// itself comes as an entry without a rule.
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
pub(super) fn findings_of(
    source: &RuleSource,
    settings: &Settings,
) -> (Option<Subject>, Option<crate::language::certainty::Certainty>, Vec<Diagnostic>) {
    let mut options = settings.options();
    options.subject = wanted_subject(source).or(options.subject);
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

/// The kind of members that the input itself asks for: a Microsoft 365 group holds users only.
fn wanted_subject(source: &RuleSource) -> Option<Subject> {
    let unified = source
        .group
        .as_ref()
        .and_then(|group| group.group_types.as_ref())
        .is_some_and(|types| types.iter().any(|kind| kind.eq_ignore_ascii_case("Unified")));
    source.subject.or(unified.then_some(Subject::User))
}

fn group_finding(source: &RuleSource) -> Option<Diagnostic> {
    let assignable = source.group.as_ref()?.is_assignable_to_role?;
    assignable.then(|| {
        Diagnostic::new(
            &code::GROUP_CANNOT_BE_DYNAMIC,
            Span::new(0, source.text.len()),
            "a group that roles can be assigned to cannot have a membership rule",
        )
        .help("make another group for the rule; role-assignable groups have assigned members only")
    })
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

fn output_format(asked: Option<CheckFormat>, settings: &Settings) -> Result<OutputFormat, Failure> {
    if let Some(asked) = asked {
        return Ok(match asked {
            CheckFormat::Full => OutputFormat::Full,
            CheckFormat::Concise => OutputFormat::Concise,
            CheckFormat::Json => OutputFormat::Json,
            CheckFormat::Jsonl => OutputFormat::Jsonl,
            CheckFormat::Github => OutputFormat::Github,
            CheckFormat::Sarif => OutputFormat::Sarif,
            CheckFormat::Junit => OutputFormat::Junit,
        });
    }
    match &settings.output_format {
        Some(word) => word.parse().map_err(|error| Failure::new(format!("output-format: {error}"))),
        None if output::is_terminal() => Ok(OutputFormat::Full),
        None => Ok(OutputFormat::Concise),
    }
}

/// What makes the exit code 1 beside errors.
struct Denied {
    warnings: bool,
    codes: Vec<&'static code::Code>,
}

impl Denied {
    fn read(configured: &[String], given: &[String]) -> Result<Self, Failure> {
        let (levels, ids): (Vec<&String>, Vec<&String>) =
            configured.iter().chain(given).partition(|word| matches!(word.as_str(), "warning" | "warnings"));
        let ids: Vec<String> = ids.into_iter().cloned().collect();
        Ok(Self { warnings: !levels.is_empty(), codes: settings::codes(&ids)? })
    }

    fn denies(&self, finding: &Diagnostic) -> bool {
        match finding.severity {
            Severity::Error => true,
            Severity::Warning => self.warnings || self.codes.contains(&finding.code),
            Severity::Info => self.codes.contains(&finding.code),
        }
    }
}
