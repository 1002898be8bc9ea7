//! Every printed shape of the findings of `dyngroup check`. Knows nothing of files, the clock or the
//! terminal: the caller opens the output and decides about colour and width.

pub mod analysis;
pub mod changes;
mod concise;
pub mod deltas;
pub mod difference;
mod difference_json;
mod excerpt;
pub mod explanation;
pub mod finding;
mod full;
mod github;
pub mod group_members;
pub mod group_status;
mod guard_words;
pub mod guards;
pub mod history;
mod json;
mod junit;
pub mod license_forecast;
pub mod license_lint;
pub mod licenses;
mod member_order;
pub mod membership_stream;
pub mod memberships;
pub mod output_format;
mod palette;
mod parquet_table;
pub mod printable;
pub mod proposals;
pub mod recompute;
mod rule_finding;
pub mod rule_help;
pub mod run_changes;
#[cfg(test)]
mod samples;
mod sarif;
mod sarif_uri;
mod state_table;
pub mod summary;

use std::io;

use finding::CheckedRule;
use output_format::OutputFormat;
use summary::Summary;

/// What the output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to write ANSI colours. The caller looks at the terminal, `NO_COLOR` and options.
    pub colour: bool,
    /// Columns of a line of source, gutter included. Only [`OutputFormat::Full`] looks at it.
    pub width_max_columns: usize,
}

impl Style {
    /// No colour, and the width that is used where there is no terminal.
    pub const PLAIN: Self = Self { colour: false, width_max_columns: 120 };
}

/// Writes the findings of `rules` in the shape `format`.
///
/// `summary` has to be that of `rules`; only SARIF carries it. The formats for people leave it to the
/// caller to print it elsewhere, with [`summary::write_summary`].
///
/// ```
/// use dyngroup::base::{code, diagnostic::Diagnostic, span::{Position, Span}};
/// use dyngroup::report::finding::{CheckedRule, Finding};
/// use dyngroup::report::{Style, output_format::OutputFormat, summary::Summary, write_check};
///
/// let rule = "user.departmnt -eq \"Sales\"";
/// let diagnostic = Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, Span::new(5, 14), "`departmnt` is no attribute");
/// let start = Position { line: 1, column: 1 };
/// let rules = [CheckedRule {
///     source: "sales.rule".to_owned(),
///     id: None,
///     display_name: None,
///     line: start.line,
///     rule: rule.to_owned(),
///     subject: None,
///     certainty: None,
///     findings: vec![Finding::in_plain_text(diagnostic, rule, start)],
/// }];
/// let mut out = Vec::new();
/// write_check(OutputFormat::Concise, &rules, &Summary::of(&rules, 0), &Style::PLAIN, &mut out)?;
/// assert_eq!(String::from_utf8_lossy(&out), "sales.rule:1:6: error[DG0301] `departmnt` is no attribute\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What `out` reports when it is written to.
pub fn write_check(
    format: OutputFormat,
    rules: &[CheckedRule],
    summary: &Summary,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Full => full::write(rules, *style, out),
        OutputFormat::Concise => concise::write(rules, *style, out),
        OutputFormat::Json => json::write_array(rules, out),
        OutputFormat::Jsonl => json::write_lines(rules, out),
        OutputFormat::Github => github::write(rules, out),
        OutputFormat::Sarif => sarif::write(rules, summary, out),
        OutputFormat::Junit => junit::write(rules, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_writes_whole_lines() {
        let rules = samples::rules();
        for format in OutputFormat::ALL {
            let text = samples::written(format, &rules);
            assert!(text.ends_with('\n') && !text.ends_with("\n\n\n"), "{}", format.word());
        }
    }

    #[test]
    fn every_format_copes_with_no_rule_at_all() {
        for (format, expected) in [
            (OutputFormat::Full, ""),
            (OutputFormat::Concise, ""),
            (OutputFormat::Json, "[]\n"),
            (OutputFormat::Jsonl, ""),
            (OutputFormat::Github, ""),
        ] {
            assert_eq!(samples::written(format, &[]), expected, "{}", format.word());
        }
        assert!(samples::written(OutputFormat::Sarif, &[]).contains("\"results\":[]"));
        assert!(samples::written(OutputFormat::Junit, &[]).contains("tests=\"0\""));
    }

    #[test]
    fn only_colour_writes_escape_characters() {
        let rules = samples::rules();
        for format in OutputFormat::ALL {
            assert!(!samples::written(format, &rules).contains('\u{1b}'), "{}", format.word());
        }
        let style = Style { colour: true, ..Style::PLAIN };
        for format in [OutputFormat::Full, OutputFormat::Concise] {
            assert!(samples::written_in(format, &rules, style).contains("\u{1b}["), "{}", format.word());
        }
    }
}
