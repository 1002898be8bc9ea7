//! Where output goes: colour, width, and files that appear whole or not at all.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style as Paint};

use super::args::{Color, Global, ReportFormat};
use super::failure::Failure;
use crate::report::Style;

/// The word `error`.
pub(super) const ERROR: Paint = AnsiColor::Red.on_default().bold();
/// The word `warning`.
pub(super) const WARNING: Paint = AnsiColor::Yellow.on_default().bold();

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The format that a report has if nothing was asked for.
pub(super) fn format_or_default(asked: Option<ReportFormat>) -> ReportFormat {
    asked.unwrap_or(ReportFormat::Full)
}

/// What standard output can show.
pub(super) fn style(global: &Global) -> Style {
    let colour = match global.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never,
    };
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let width_max_columns = columns.unwrap_or(Style::PLAIN.width_max_columns);
    Style { colour, width_max_columns }
}

/// A warning on standard error.
pub(super) fn warn(message: &str) {
    anstream::eprintln!("{WARNING}warning{WARNING:#}: {message}");
}

/// Writes a file that appears whole or not at all.
///
/// The new content goes to a file beside it, which then takes the name over.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: &io::Error| Failure::file(path, "write", error);
    // A symbolic link stays one: its target is replaced.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    file.write_all(content).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    if let Ok(metadata) = target.metadata() {
        let _ = file.as_file().set_permissions(metadata.permissions());
    }
    file.persist(&target).map_err(|error| failed(&error.error))?;
    Ok(())
}
