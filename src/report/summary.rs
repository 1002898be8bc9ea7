//! The counts at the end of a check.

use std::io;

use super::Style;
use super::finding::CheckedRule;
use super::palette::{self, painted};
use crate::base::diagnostic::Severity;

/// What a check counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rules checked: `valid` and `invalid` together.
    pub rules: usize,
    /// Rules without an error.
    pub valid: usize,
    /// Rules with at least one error.
    pub invalid: usize,
    /// Findings of severity error.
    pub errors: usize,
    /// Findings of severity warning.
    pub warnings: usize,
    /// Findings of severity info.
    pub infos: usize,
    /// Findings with a safe fix.
    pub fixable: usize,
    /// Entries that were read and hold no membership rule, such as assigned groups.
    pub skipped: usize,
}

impl Summary {
    /// Counts `rules`; `skipped` is what the reader of the input left out.
    ///
    /// An entry with an empty rule text and no error (a note about a file) counts as no rule.
    pub fn of(rules: &[CheckedRule], skipped: usize) -> Self {
        let mut summary = Self { skipped, ..Self::default() };
        for rule in rules {
            if !rule.is_valid() {
                summary.invalid += 1;
            } else if !rule.rule.is_empty() {
                summary.valid += 1;
            }
            for finding in &rule.findings {
                match finding.diagnostic.severity {
                    Severity::Error => summary.errors += 1,
                    Severity::Warning => summary.warnings += 1,
                    Severity::Info => summary.infos += 1,
                }
                summary.fixable += usize::from(finding.has_safe_fix());
            }
        }
        summary.rules = summary.valid + summary.invalid;
        summary
    }
}

/// Writes the closing line of a check for people, such as
/// `checked 3 rules: 1 invalid; 2 errors, 1 warning; 1 fixable with --fix`.
///
/// # Errors
///
/// What `out` reports when it is written to.
pub fn write_summary(summary: &Summary, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let rules = match (summary.rules, summary.invalid) {
        (0, _) => "no rule to check".to_owned(),
        (rules, 0) => format!("checked {}: all valid", counted(rules, "rule")),
        (rules, invalid) => {
            let invalid = painted(*style, palette::of(Severity::Error), &format!("{invalid} invalid"));
            format!("checked {}: {invalid}", counted(rules, "rule"))
        }
    };
    let levels = [(summary.errors, "error"), (summary.warnings, "warning"), (summary.infos, "info")];
    let found = levels.into_iter().filter(|&(count, _)| count > 0);
    let found: Vec<_> = found.map(|(count, word)| counted(count, word)).collect();
    let fixable = (summary.fixable > 0).then(|| format!("{} fixable with --fix", summary.fixable));
    let skipped = (summary.skipped > 0).then(|| format!("{} skipped", summary.skipped));
    let found = (!found.is_empty()).then(|| found.join(", "));
    let parts: Vec<_> = [Some(rules), found, fixable, skipped].into_iter().flatten().collect();
    writeln!(out, "{}", parts.join("; "))
}

/// A count with its word: `1 rule`, `3 rules`.
pub fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn line(summary: &Summary, style: Style) -> String {
        let mut out = Vec::new();
        write_summary(summary, &style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn counts_rules_and_findings() {
        let summary = Summary::of(&samples::rules(), 2);
        assert_eq!(summary.rules, summary.valid + summary.invalid);
        insta::assert_snapshot!(line(&summary, Style::PLAIN), @"checked 10 rules: 7 invalid; 7 errors, 2 warnings, 4 infos; 4 fixable with --fix; 2 skipped");
        insta::assert_snapshot!(line(&Summary::default(), Style::PLAIN), @"no rule to check");
        let clean = Summary { rules: 1, valid: 1, ..Summary::default() };
        insta::assert_snapshot!(line(&clean, Style::PLAIN), @"checked 1 rule: all valid");
        let broken = Summary { rules: 2, valid: 1, invalid: 1, errors: 1, ..Summary::default() };
        let coloured = line(&broken, Style { colour: true, ..Style::PLAIN });
        assert_eq!(coloured, "checked 2 rules: \u{1b}[1m\u{1b}[91m1 invalid\u{1b}[0m; 1 error\n");
    }
}
