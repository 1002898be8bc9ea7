//! What is wrong with an input, as opposed to what is wrong with a rule in it.

use crate::base::code::{self, Code};
use crate::base::span::Position;

/// Why an input, or a part of one, could not be read or written.
///
/// Shown as `groups.json:3:14: expected a value`; what to do about it is in [`Self::help`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {message}", suffix(*position))]
pub struct InputError {
    /// The kind of error: one of the `DG05xx` codes.
    pub code: &'static Code,
    /// The input's display name.
    pub file: String,
    /// Where in the input; `None` when the input could not be opened at all.
    pub position: Option<Position>,
    /// What is wrong: lower case, no full stop, the author's text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

fn suffix(position: Option<Position>) -> String {
    position.map(|at| format!(":{}:{}", at.line, at.column)).unwrap_or_default()
}

impl InputError {
    /// An input that cannot be read at all.
    pub(super) fn unreadable(file: &str, message: impl Into<String>, help: &str) -> Self {
        Self {
            code: &code::FILE_UNREADABLE,
            file: file.to_owned(),
            position: None,
            message: message.into(),
            help: Some(help.to_owned()),
        }
    }

    /// The same error at a place.
    pub(super) fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }
}

/// A mistake at a byte of an input, before bytes are turned into positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: &'static Code,
    pub(super) offset: usize,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Problem {
    /// Data that does not follow its format.
    pub(super) fn syntax(offset: usize, message: impl Into<String>) -> Self {
        Self { code: &code::DATA_SYNTAX, offset, message: message.into(), help: None }
    }

    /// A field that does not hold what it should.
    pub(super) fn field(offset: usize, message: impl Into<String>) -> Self {
        Self { code: &code::DATA_FIELD, offset, message: message.into(), help: None }
    }

    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error for the reader of the input.
    pub(super) fn into_error(self, file: &str, position: Position) -> InputError {
        InputError {
            code: self.code,
            file: file.to_owned(),
            position: Some(position),
            message: self.message,
            help: self.help,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_show_where_they_are() {
        let error = InputError::unreadable("a.json", "no such file or folder", "check the path");
        assert_eq!(error.to_string(), "a.json: no such file or folder");
        let error =
            Problem::syntax(9, "expected a value").into_error("a.json", Position { line: 2, column: 4 });
        assert_eq!(error.to_string(), "a.json:2:4: expected a value");
        assert_eq!(error.code.id, "DG0502");
    }
}
