//! Why a command could not do its work: what, where, and what to do.

use std::io;
use std::path::Path;

use super::output;
use super::source::InputError;
use crate::base::span::Position;
use crate::directory::column_reader::stored::StoredFault;
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
        Self::of_lines(vec![line.into()])
    }

    /// `path` could not be read or written.
    pub(super) fn file(path: &Path, doing: &str, error: &io::Error) -> Self {
        Self::new(format!("{}: cannot {doing}: {}", path.display(), reason(error)))
    }

    /// Something is wrong at a place of a file.
    pub(super) fn at(path: &Path, position: Position, what: &str) -> Self {
        Self::new(format!("{}:{}:{}: {what}", path.display(), position.line, position.column))
    }

    pub(super) fn of_lines(lines: Vec<String>) -> Self {
        Self { lines, broken_pipe: false }
    }

    /// The same with a sentence more about it.
    pub(super) fn and(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    pub(super) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    pub(super) fn print(&self) {
        for line in &self.lines {
            output::error(line);
        }
    }
}

/// What the system says, in our words where they are plainer.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file stands where a folder is expected".to_owned()
        }
        _ => error.to_string(),
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self { lines: vec![format!("output: {}", reason(&error))], broken_pipe }
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

impl From<StoredFault> for Failure {
    fn from(fault: StoredFault) -> Self {
        Self::new(fault.to_string())
    }
}

impl From<DataErrors> for Failure {
    fn from(errors: DataErrors) -> Self {
        let mut lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        if errors.omitted() > 0 {
            lines.push(format!("{} more errors are not listed", errors.omitted()));
        }
        Self::of_lines(lines)
    }
}
