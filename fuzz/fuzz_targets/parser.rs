//! Any text at all gets an answer: findings that lie within it, fixes that apply, no panic.

#![no_main]

use dyngroup::base::code;
use dyngroup::base::diagnostic::{Diagnostic, Safety};
use dyngroup::base::limits;
use dyngroup::language::compile::{Compiled, Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::fix::fix_until_stable;
use dyngroup::language::lex::lex;
use dyngroup::language::lint::{LintOptions, OPT_IN, lint};
use dyngroup::language::print::utf16_length;
use libfuzzer_sys::{Corpus, fuzz_target};

#[path = "../../tests/spans.rs"]
mod spans;

use spans::check_tree;

/// Longest text that is fixed pass after pass, in bytes. A longer one costs much and tells little more.
const FIXED_MAX_BYTES: usize = 400;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(bytes) else { return Corpus::Reject };
    check_tokens(text);
    for dialect in [Dialect::Entra, Dialect::Extended] {
        check(text, Options { dialect, ..Options::default() });
    }
    Corpus::Keep
});

fn check_tokens(text: &str) {
    let mut end = 0;
    for (start, token, token_end) in lex(text).tokens {
        assert!(text.get(start..token_end).is_some(), "{text:?}: {token:?} does not fit");
        assert!(end <= start, "{text:?}: {token:?} overlaps the one before");
        end = token_end;
    }
}

fn check(text: &str, options: Options<'_>) {
    let lint_options = LintOptions { enabled: OPT_IN.to_vec(), ..LintOptions::default() };
    let compiled = compile(text, options);
    assert_eq!(compiled.rule.is_none(), errors(&compiled) > 0, "{text:?}");
    check_tree(text, &compiled.tree);
    let lints = lint(text, &compiled, &lint_options);
    assert!(compiled.rule.is_some() || lints.is_empty(), "{text:?} is refused and has lints");
    for findings in [&compiled.diagnostics, &lints] {
        check_findings(text, findings);
    }
    for finding in compiled.diagnostics.iter().chain(&lints) {
        check_fix(text, &compiled, finding, options);
    }
    if text.len() <= FIXED_MAX_BYTES {
        check_fixing(text, &compiled, options, &lint_options);
    }
}

fn check_findings(text: &str, findings: &[Diagnostic]) {
    let mut before = 0;
    for finding in findings {
        let (start, end) = (finding.span.start, finding.span.end);
        assert!(text.get(start..end).is_some(), "{text:?}: {finding:?} does not fit");
        // It says that no mistake was recognised.
        assert_ne!(finding.code.id, code::UNEXPECTED_TOKEN.id, "{text:?}: {finding:?}");
        // The note that there are more findings stands last, wherever it points.
        assert!(
            before <= start || finding.code.id == code::MORE_FINDINGS.id,
            "{text:?}: {finding:?} is out of order"
        );
        before = start;
    }
}

/// A fix applies, and an accepted rule stays accepted.
fn check_fix(text: &str, compiled: &Compiled, finding: &Diagnostic, options: Options<'_>) {
    let Some(fix) = &finding.fix else { return };
    assert!(!fix.edits.is_empty(), "{text:?}: {finding:?} changes nothing");
    let fixed = fix.applied_to(text);
    let fixed = fixed.unwrap_or_else(|| panic!("{text:?}: {finding:?} has a fix that does not apply"));
    if compiled.rule.is_some() && utf16_length(&fixed) <= limits::RULE_LENGTH_MAX_UTF16 {
        let after = compile(&fixed, options);
        assert!(after.rule.is_some(), "{text:?}: {finding:?}\nleads to {fixed:?}: {:?}", after.diagnostics);
    }
}

/// Fixing pass after pass never makes a rule worse, and comes to an end.
fn check_fixing(text: &str, compiled: &Compiled, options: Options<'_>, lint_options: &LintOptions) {
    for which in [Safety::Safe, Safety::Unsafe] {
        let (fixed, count) = fix_until_stable(text, options, lint_options, which);
        assert_eq!(count == 0, fixed == text, "{text:?} became {fixed:?} by {count} fixes");
        let after = compile(&fixed, options);
        assert!(errors(&after) <= errors(compiled), "{text:?} became {fixed:?}: {:?}", after.diagnostics);
        assert!(compiled.rule.is_none() || after.subject == compiled.subject, "{text:?} became {fixed:?}");
    }
}

fn errors(compiled: &Compiled) -> usize {
    compiled.diagnostics.iter().filter(|finding| finding.is_error()).count()
}
