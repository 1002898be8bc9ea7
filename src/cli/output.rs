//! Where output goes: colour, width, words on standard error, and files that appear whole or not at all.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style as Paint};
use tempfile::NamedTempFile;

use super::args::{Color, ReportFormat};
use super::failure::Failure;
use crate::report::Style;
use crate::report::output_format::OutputFormat;
use crate::report::printable::printable;

const ERROR: Paint = AnsiColor::Red.on_default().bold();
const WARNING: Paint = AnsiColor::Yellow.on_default().bold();

/// Makes the choice of `--color` that of the whole process.
pub(super) fn choose_colour(color: Color) {
    match color {
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
        Color::Auto => ColorChoice::Auto,
    }
    .write_global();
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// The format that a report has if nothing was asked for.
pub(super) fn format_or_default(asked: Option<ReportFormat>) -> ReportFormat {
    asked.unwrap_or(ReportFormat::Full)
}

/// The same, in the words of the reports.
pub(super) fn report_format(asked: Option<ReportFormat>) -> OutputFormat {
    match format_or_default(asked) {
        ReportFormat::Full => OutputFormat::Full,
        ReportFormat::Concise => OutputFormat::Concise,
        ReportFormat::Json => OutputFormat::Json,
        ReportFormat::Jsonl => OutputFormat::Jsonl,
    }
}

/// What standard output can show.
pub(super) fn style() -> Style {
    style_on(&io::stdout())
}

/// What `stream` can show.
pub(super) fn style_on(stream: &impl RawStream) -> Style {
    let colour = AutoStream::choice(stream) != ColorChoice::Never;
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    Style { colour, width_max_columns: columns.unwrap_or(Style::PLAIN.width_max_columns) }
}

/// Prints a text with a line end after it.
pub(super) fn print_text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// A line of words on standard error. Where nobody can read it, it is lost: that is no reason to fail.
pub(super) fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{}", printable(line));
}

/// An error on standard error.
pub(super) fn error(message: &str) {
    let _ = writeln!(anstream::stderr(), "{ERROR}error{ERROR:#}: {}", printable(message));
}

/// A warning on standard error.
pub(super) fn warn(message: &str) {
    let _ = writeln!(anstream::stderr(), "{WARNING}warning{WARNING:#}: {}", printable(message));
}

/// Writes a file that appears whole or not at all.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    Staged::write(path, content)?.commit()
}

/// A file that is written beside its place and takes it over when it is committed.
#[derive(Debug)]
pub(super) struct Staged {
    file: NamedTempFile,
    target: PathBuf,
}

impl Staged {
    /// Writes the content. Without a commit nothing is left of it.
    pub(super) fn write(path: &Path, content: &[u8]) -> Result<Self, Failure> {
        Self::stream(path, |out| out.write_all(content))
    }

    /// Has the content written piece by piece, so that it need not be in memory as a whole.
    pub(super) fn stream(
        path: &Path,
        write: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
    ) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::file(path, "write", error);
        // A symbolic link stays one: its target is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if target.is_dir() {
            return Err(failed(&io::ErrorKind::IsADirectory.into()));
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(STAGED_PREFIX);
        #[cfg(unix)]
        builder.permissions(ordinary_permissions());
        let file = builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(|error| failed(&error))?;
        // Says that somebody is still writing it; see `sweep`. Not every file system can.
        let _ = file.as_file().try_lock();
        let mut out = BufWriter::new(file.as_file());
        write(&mut out).and_then(|()| out.flush()).map_err(|error| failed(&error))?;
        drop(out);
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        if let Ok(metadata) = target.metadata() {
            // Not every file system can; the content is what counts.
            let _ = file.as_file().set_permissions(metadata.permissions());
        }
        Ok(Self { file, target })
    }

    /// The place that the file will take.
    pub(super) fn target(&self) -> &Path {
        &self.target
    }

    /// Puts the file in its place.
    pub(super) fn commit(self) -> Result<(), Failure> {
        let Self { file, target } = self;
        file.persist(&target).map_err(|error| Failure::file(&target, "write", &error.error))?;
        Ok(())
    }
}

/// How the names of files begin that have not taken their place yet.
const STAGED_PREFIX: &str = ".dyngroup-";

/// Removes the files of commands that were killed before theirs took their places, and says how many there
/// were. What is still being written is locked, and stays.
pub(super) fn sweep(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let is_staged = |path: &Path| {
        let name = path.file_name().map(std::ffi::OsStr::to_string_lossy);
        name.is_some_and(|name| name.starts_with(STAGED_PREFIX))
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_staged(path));
    let swept = paths.filter(|path| {
        let is_free = std::fs::File::open(path).is_ok_and(|file| file.try_lock().is_ok());
        is_free && std::fs::remove_file(path).is_ok()
    });
    swept.count()
}

/// What every file gets, less what the user's mask takes: temporary files are for their owner only.
#[cfg(unix)]
pub(super) fn ordinary_permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o666)
}
