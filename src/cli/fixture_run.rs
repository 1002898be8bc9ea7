//! Runs one fixture: is the rule accepted or refused, linted and evaluated as expected?

use super::fixture::{Case, Change, ExpectedError, Fixture};
use super::members::Related;
use super::settings::Settings;
use super::single::sentence;
use crate::base::code::Code;
use crate::base::diagnostic::Diagnostic;
use crate::directory::managers::Managers;
use crate::directory::members::Members;
use crate::directory::object::Object;
use crate::engine::explain::explain;
use crate::engine::oracle;
use crate::engine::world::World;
use crate::language::compile::{Options, compile};
use crate::language::lint::lint;
use crate::language::typed::TypedRule;
use crate::report::Style;
use crate::report::explanation::{Explained, write_explanations};
use crate::report::output_format::OutputFormat;

/// What running a fixture showed: each expectation that was not met.
#[derive(Debug)]
pub(super) struct Ran {
    unmet: Vec<Unmet>,
}

/// An expectation that was not met.
#[derive(Debug)]
struct Unmet {
    /// What was expected and what was found; may have several lines.
    text: String,
    /// The expectation that would be met; `None` where there is none.
    change: Option<Change>,
}

impl Ran {
    /// Whether all expectations were met.
    pub(super) fn passed(&self) -> bool {
        self.unmet.is_empty()
    }

    /// What was not met; each may have several lines.
    pub(super) fn failures(&self) -> Vec<&str> {
        self.unmet.iter().map(|unmet| unmet.text.as_str()).collect()
    }

    /// The changes with which the fixture passes; `None` if none are needed or not all can be made.
    pub(super) fn accepted(&self) -> Option<Vec<&Change>> {
        let changes: Option<Vec<&Change>> = self.unmet.iter().map(|unmet| unmet.change.as_ref()).collect();
        changes.filter(|changes| !changes.is_empty())
    }

    fn add(&mut self, text: String, change: Option<Change>) {
        self.unmet.push(Unmet { text, change });
    }
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
    findings.extend(compiled.diagnostics);
    findings.sort_by_key(|finding| (finding.span, finding.code.id));
    let mut ran = Ran { unmet: Vec::new() };
    check_error(fixture, compiled.rule.is_some(), &findings, &mut ran);
    check_lints(fixture, &findings, &mut ran);
    if let Some(rule) = &compiled.rule {
        check_members(fixture, rule, settings, &mut ran);
    }
    ran
}

fn check_error(fixture: &Fixture, is_accepted: bool, findings: &[Diagnostic], ran: &mut Ran) {
    let errors = || findings.iter().filter(|finding| finding.is_error());
    let listed =
        || errors().map(|error| ["\n  ", &sentence(&fixture.rule, error)].concat()).collect::<String>();
    let text = match fixture.error {
        ExpectedError::None if !is_accepted => {
            format!("the rule is refused and should be accepted:{}", listed())
        }
        ExpectedError::Some if is_accepted => "the rule is accepted and should be refused".to_owned(),
        ExpectedError::Code(wanted) if is_accepted => {
            format!("the rule is accepted and should be refused with {}", wanted.id)
        }
        ExpectedError::Code(wanted) if !errors().any(|error| error.code == wanted) => {
            format!("the rule is refused, but not with {}:{}", wanted.id, listed())
        }
        _ => return,
    };
    let first = errors().next().filter(|_| !is_accepted);
    ran.add(text, Some(Change::Error(first.map(|error| error.code.id))));
}

fn check_lints(fixture: &Fixture, findings: &[Diagnostic], ran: &mut Ran) {
    let Some(expected) = &fixture.lints else { return };
    let expected = sorted_ids(expected.iter().copied());
    let found = findings.iter().map(|finding| finding.code).filter(|code| code.is_lint());
    let found = sorted_ids(found);
    if expected != found {
        ran.add(
            format!("the lints are others than expected\n  - {expected:?}\n  + {found:?}"),
            Some(Change::Lints(found)),
        );
    }
}

/// The ids of codes, sorted, each once.
fn sorted_ids<'code>(codes: impl Iterator<Item = &'code Code>) -> Vec<&'static str> {
    let mut ids: Vec<&'static str> = codes.map(|code| code.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn check_members(fixture: &Fixture, rule: &TypedRule, settings: &Settings, ran: &mut Ran) {
    let related = Related {
        members: Members::new(fixture.memberships.iter().cloned()),
        managers: Managers::of_objects(fixture.cases.iter().map(|case| &case.object)),
    };
    let world = World {
        now: fixture.now.unwrap_or_else(|| settings.now()),
        version_order: fixture.version_order.or(settings.version_order),
        relations: &related,
    };
    for case in &fixture.cases {
        check_member(case, rule, &world, ran);
    }
}

fn check_member(case: &Case, rule: &TypedRule, world: &World<'_>, ran: &mut Ran) {
    let label = format!("{} `{}`", case.subject.word(), case.object.id());
    // A user is never selected by a rule about devices.
    let selects = case.subject == rule.subject;
    let result = if selects { oracle::evaluate(rule, &case.object, world) } else { Ok(false) };
    let is_member = match result {
        Ok(is_member) => is_member,
        Err(error) => return ran.add(format!("{label}: {error}"), None),
    };
    let text = match case.member {
        Some(expected) if expected == is_member => return,
        Some(expected) => {
            let why = explained(rule, &case.object, world);
            let verdict = if is_member {
                "is a member and should not be one"
            } else {
                "is no member and should be one"
            };
            format!("{label} {verdict}\n  - member = {expected}\n  + member = {is_member}\n{why}")
        }
        None => format!("{label}: no `member` is expected yet; `--accept` writes {is_member}"),
    };
    ran.add(text, Some(Change::Member { subject: case.subject, index: case.index, is_member }));
}

fn explained(rule: &TypedRule, object: &Object, world: &World<'_>) -> String {
    let mut out = Vec::new();
    if let Ok(explanation) = explain(rule, object, world) {
        let one = [Explained { object, rule, explanation, flip: None }];
        // Writing to memory cannot fail.
        let _ = write_explanations(OutputFormat::Full, &one, false, &Style::PLAIN, &mut out);
    }
    let lines = String::from_utf8_lossy(&out).trim_end().replace('\n', "\n  ");
    format!("  {lines}")
}
