//! Runs one fixture: is the rule accepted or refused, linted and evaluated as expected?

use super::evaluate::sentence;
use super::fixture::{ExpectedError, Fixture};
use super::members::Related;
use super::settings::Settings;
use crate::base::diagnostic::Diagnostic;
use crate::directory::managers::Managers;
use crate::directory::members::Members;
use crate::engine::explain::explain;
use crate::engine::oracle;
use crate::engine::world::World;
use crate::language::compile::{Compiled, Options, compile};
use crate::language::lint::lint;
use crate::language::typed::TypedRule;
use crate::report::Style;
use crate::report::explanation::{Explained, write_explanations};
use crate::report::output_format::OutputFormat;

/// What running a fixture showed.
#[derive(Debug)]
pub(super) struct Ran {
    /// One text for each expectation that was not met; may have several lines.
    pub(super) failures: Vec<String>,
    /// The file with the expectations that were met, if it would change.
    pub(super) accepted: Option<String>,
}

/// Runs a fixture.
pub(super) fn run(fixture: &Fixture, settings: &Settings) -> Ran {
    let options = Options {
        dialect: fixture.dialect.unwrap_or(settings.dialect),
        subject: fixture.subject.or(settings.subject),
        attributes: &settings.attributes,
    };
    let compiled = compile(&fixture.rule, options);
    let mut lints = settings.lints.clone();
    lints.now = fixture.now.or(lints.now);
    let mut findings = lint(&fixture.rule, &compiled, &lints);
    findings.extend(compiled.diagnostics.iter().cloned());
    findings.sort_by_key(|finding| (finding.span, finding.code.id));
    let mut ran = Ran { failures: Vec::new(), accepted: None };
    check_error(fixture, &compiled, &findings, &mut ran);
    let found_lints = lint_codes(&findings);
    check_lints(fixture, &found_lints, &mut ran);
    let members = match &compiled.rule {
        Some(rule) => check_members(fixture, rule, settings, &mut ran),
        None => Vec::new(),
    };
    let error = compiled.rule.is_none().then(|| first_error(&findings));
    let error = match (fixture.error, error) {
        // `error = true` is met by any code and stays.
        (Some(ExpectedError::Some), Some(_)) => None,
        (_, error) => Some(error),
    };
    let lints = fixture.lints.is_some().then_some(found_lints.as_slice());
    let nothing_new = ran.failures.is_empty();
    ran.accepted = error.filter(|_| !nothing_new).map(|error| fixture.rewritten(error, lints, &members));
    ran
}

fn first_error(findings: &[Diagnostic]) -> &'static str {
    findings.iter().find(|finding| finding.is_error()).map_or("DG0299", |finding| finding.code.id)
}

fn check_error(fixture: &Fixture, compiled: &Compiled, findings: &[Diagnostic], ran: &mut Ran) {
    let errors = || findings.iter().filter(|finding| finding.is_error());
    let listed =
        || errors().map(|finding| format!("\n  {}", sentence(&fixture.rule, finding))).collect::<String>();
    match fixture.error {
        None | Some(ExpectedError::None) if compiled.rule.is_none() => {
            ran.failures.push(format!("the rule is refused and should be accepted:{}", listed()));
        }
        Some(ExpectedError::Some) if compiled.rule.is_some() => {
            ran.failures.push("the rule is accepted and should be refused".to_owned());
        }
        Some(ExpectedError::Code(wanted)) if !errors().any(|finding| finding.code == wanted) => {
            ran.failures.push(if compiled.rule.is_some() {
                format!("the rule is accepted and should be refused with {}", wanted.id)
            } else {
                format!("the rule is refused, but not with {}:{}", wanted.id, listed())
            });
        }
        _ => {}
    }
}

/// The lints of the findings, sorted, each once.
fn lint_codes(findings: &[Diagnostic]) -> Vec<&'static str> {
    let mut ids: Vec<&str> =
        findings.iter().filter(|finding| finding.code.is_lint()).map(|finding| finding.code.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn check_lints(fixture: &Fixture, found: &[&str], ran: &mut Ran) {
    let Some(expected) = &fixture.lints else { return };
    let mut expected: Vec<&str> = expected.iter().map(|code| code.id).collect();
    expected.sort_unstable();
    expected.dedup();
    if expected != found {
        ran.failures.push(format!("lints\n  - {}\n  + {}", expected.join(", "), found.join(", ")));
    }
}

/// Evaluates all objects; returns the results in the order of the cases.
fn check_members(fixture: &Fixture, rule: &TypedRule, settings: &Settings, ran: &mut Ran) -> Vec<bool> {
    let users = fixture.cases.iter().map(|case| &case.object);
    let related = Related {
        members: Members::new(fixture.memberships.iter().cloned()),
        managers: Managers::of_objects(users),
    };
    let world = World {
        now: fixture.now.unwrap_or_else(|| settings.now()),
        version_order: fixture.version_order.or(settings.version_order),
        relations: &related,
    };
    let mut results = Vec::with_capacity(fixture.cases.len());
    for case in &fixture.cases {
        let label = format!("{} `{}`", case.subject.word(), case.object.id());
        // A user is never selected by a rule about devices.
        let result = if case.subject == rule.subject {
            oracle::evaluate(rule, &case.object, &world)
        } else {
            Ok(false)
        };
        let result = match result {
            Ok(result) => result,
            Err(error) => {
                ran.failures.push(format!("{label}: {error}"));
                results.push(case.member.unwrap_or(false));
                continue;
            }
        };
        results.push(result);
        match case.member {
            Some(expected) if expected == result => {}
            Some(expected) => {
                let why = explained(rule, &case.object, &world);
                ran.failures.push(format!("{label}\n  - member = {expected}\n  + member = {result}\n{why}"));
            }
            None => {
                ran.failures.push(format!("{label}: no `member` is expected yet; `--accept` writes {result}"))
            }
        }
    }
    results
}

fn explained(rule: &TypedRule, object: &crate::directory::object::Object, world: &World<'_>) -> String {
    let mut out = Vec::new();
    if let Ok(explanation) = explain(rule, object, world) {
        let one = [Explained { object, rule, explanation, flip: None }];
        // Writing to memory cannot fail.
        let _ = write_explanations(OutputFormat::Full, &one, false, &Style::PLAIN, &mut out);
    }
    String::from_utf8_lossy(&out)
        .lines()
        .map(|line| format!("  {line}\n"))
        .collect::<String>()
        .trim_end()
        .to_owned()
}
