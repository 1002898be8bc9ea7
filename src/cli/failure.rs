//! Why a command could not do its work: what, where, and what to do.

use std::fmt;
use std::io;
use std::path::Path;

use super::source::InputError;
use crate::directory::error::DataErrors;

/// Usage and input errors; the command ends with exit code 2.
#[derive(Debug)]
pub(super) struct Failure {
    /// One or more sentences, each a line of its own.
    lines: Vec<String>,
    broken_pipe: bool,
}

impl Failure {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], broken_pipe: false }
    }

    /// `path` could not be read or written.
    pub(super) fn file(path: &Path, doing: &str, error: &io::Error) -> Self {
        Self::new(format!("{}: cannot {doing}: {error}", path.display()))
    }

    pub(super) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    pub(super) fn print(&self) {
        for line in &self.lines {
            anstream::eprintln!(
                "{}error{}: {line}",
                super::output::ERROR,
                super::output::ERROR.render_reset()
            );
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self {
            lines: vec![format!("output: {error}")],
            broken_pipe: error.kind() == io::ErrorKind::BrokenPipe,
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        io::Error::from(error).into()
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        match &error.help {
            Some(help) => Self::new(format!("{error} ({help})")),
            None => Self::new(error.to_string()),
        }
    }
}

impl From<DataErrors> for Failure {
    fn from(errors: DataErrors) -> Self {
        let mut lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        if errors.omitted() > 0 {
            lines.push(format!("{} more errors are not listed", errors.omitted()));
        }
        Self { lines, broken_pipe: false }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.lines.join("\n"))
    }
}
