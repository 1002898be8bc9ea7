//! The colours of the reports for people: the same for headers, excerpts and summaries.

use annotate_snippets::renderer::{
    DEFAULT_EMPHASIS_STYLE, DEFAULT_ERROR_STYLE, DEFAULT_INFO_STYLE, DEFAULT_LINE_NUM_STYLE,
    DEFAULT_WARNING_STYLE,
};
use anstyle::{AnsiColor, Style as Ansi};

use super::Style;
use crate::base::diagnostic::Severity;

/// For the message of a finding.
pub(super) const EMPHASIS: Ansi = DEFAULT_EMPHASIS_STYLE;

/// For arrows and line numbers.
pub(super) const GUTTER: Ansi = DEFAULT_LINE_NUM_STYLE;

/// For a result that holds.
pub(super) const GOOD: Ansi = AnsiColor::Green.on_default();
/// For a result that does not.
pub(super) const BAD: Ansi = AnsiColor::Red.on_default();
/// For what was seen beside it.
pub(super) const DIM: Ansi = Ansi::new().dimmed();

/// For the word and code of a finding.
pub(super) const fn of(severity: Severity) -> Ansi {
    match severity {
        Severity::Error => DEFAULT_ERROR_STYLE,
        Severity::Warning => DEFAULT_WARNING_STYLE,
        Severity::Info => DEFAULT_INFO_STYLE,
    }
}

/// `text` in `ansi` if the output takes colour.
pub(super) fn painted(style: Style, ansi: Ansi, text: &str) -> String {
    if style.colour { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
}
