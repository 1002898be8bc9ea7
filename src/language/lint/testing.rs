//! What the tests of lints show.

use super::super::compile::{Compiled, Options, compile};
use super::super::dialect::Dialect;
use super::linted::Linted;
use super::{LintOptions, lint};
use crate::base::diagnostic::Diagnostic;

fn compiled(text: &str) -> Compiled {
    compile(text, Options::default())
}

/// The findings for a rule.
pub(super) fn lint_with(text: &str, options: &LintOptions) -> Vec<Diagnostic> {
    lint(text, &compiled(text), options)
}

/// The codes found, in the order of the text.
pub(super) fn codes_with(text: &str, options: &LintOptions) -> String {
    let ids: Vec<&str> = lint_with(text, options).iter().map(|finding| finding.code.id).collect();
    ids.join(" ")
}

/// The codes found by default, in the order of the text.
pub(super) fn codes(text: &str) -> String {
    codes_with(text, &LintOptions::default())
}

/// A line for each finding: its code and, if it has a fix, the fixed rule, which has to be accepted.
pub(super) fn shown(text: &str) -> String {
    let findings = lint_with(text, &LintOptions::default());
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| match &finding.fix {
            None => finding.code.id.to_owned(),
            Some(fix) => {
                let fixed = fix.applied_to(text).expect("edits fit the text");
                assert!(compiled(&fixed).rule.is_some(), "{fixed}");
                format!("{} {}: {fixed}", finding.code.id, fix.safety.word())
            }
        })
        .collect();
    lines.join("\n")
}

/// A line for each finding: its code and message.
pub(super) fn messages(text: &str) -> String {
    let findings = lint_with(text, &LintOptions::default());
    let lines: Vec<String> =
        findings.iter().map(|finding| format!("{}: {}", finding.code.id, finding.message)).collect();
    lines.join("\n")
}

/// Runs `check` on an accepted rule of the extended dialect.
pub(super) fn with_linted<T>(text: &str, check: impl FnOnce(&Linted<'_>) -> T) -> T {
    let compiled = compile(text, Options { dialect: Dialect::Extended, ..Options::default() });
    let rule = compiled.rule.as_ref().unwrap_or_else(|| panic!("{text}: {:?}", compiled.diagnostics));
    check(&Linted::new(text, &compiled, rule, &LintOptions::default()))
}
