//! What can go wrong with the state file, in words that say what to do.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the state could not be read or written. Nothing was changed.
#[derive(Debug)]
pub struct StoreError {
    path: PathBuf,
    trouble: Trouble,
}

#[derive(Debug)]
pub(super) enum Trouble {
    /// There is no such file.
    Missing,
    /// It is a folder.
    Folder,
    /// Another program made the file.
    Foreign,
    /// A later version of this program made it.
    Later { found: i64, known: i64 },
    /// It contradicts itself.
    Damaged(String),
    /// The library's error.
    Sqlite(rusqlite::Error),
}

impl StoreError {
    pub(super) fn new(path: &Path, trouble: Trouble) -> Self {
        Self { path: path.to_owned(), trouble }
    }

    pub(super) fn of(path: &Path, error: rusqlite::Error) -> Self {
        Self::new(path, Trouble::Sqlite(error))
    }

    /// Whether another process holds the file.
    pub fn is_busy(&self) -> bool {
        matches!(
            &self.trouble,
            Trouble::Sqlite(error) if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            )
        )
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.path.display())?;
        match &self.trouble {
            Trouble::Missing => formatter
                .write_str("there is no such state file; `dyngroup recompute TENANT --state FILE` makes one"),
            Trouble::Folder => formatter.write_str("it is a folder; name a file"),
            Trouble::Foreign => formatter
                .write_str("this is a database of another program, not a state file; name another one"),
            Trouble::Later { found, known } => write!(
                formatter,
                "a later version of dyngroup wrote this state file (schema {found}, this one knows {known}): \
                 use that version"
            ),
            Trouble::Damaged(what) => write!(
                formatter,
                "the state file is damaged: {what}; restore it from a backup, or begin a new one"
            ),
            Trouble::Sqlite(error) => formatter.write_str(&words(error)),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Trouble::Sqlite(error) = &self.trouble { Some(error) } else { None }
    }
}

fn words(error: &rusqlite::Error) -> String {
    let plain = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another process writes to the state file; wait until it has ended, or give it longer with --wait"
        }
        Some(ErrorCode::DiskFull) => "the disk is full; make room and run again",
        Some(ErrorCode::CannotOpen) => {
            return "the state file cannot be opened: look at the folder and its permissions".to_owned();
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            "no permission to write the state file and the files beside it"
        }
        Some(ErrorCode::NotADatabase) => "this is no state file; name another one",
        Some(ErrorCode::DatabaseCorrupt) => {
            "the state file is damaged; restore it from a backup, or begin a new one"
        }
        Some(ErrorCode::SystemIoFailure) => "the disk does not read or write",
        _ if is_damage(error) => {
            return "the state file is damaged: a value is not what it can be; restore it from a backup, or \
                    begin a new one"
                .to_owned();
        }
        _ => return format!("the state file cannot be used: {error}"),
    };
    format!("{plain} ({error})")
}

/// Whether a value was read that nobody writes. The library's words for that name types of this program.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}
