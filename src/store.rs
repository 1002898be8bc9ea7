//! The state file: what is remembered from one run to the next, in one `SQLite` database.
//!
//! A run is one transaction. After a kill at any instant the file opens and holds either the state before
//! the run or the one after it. Nothing here knows how members are computed.

mod bitmap;
mod blocks;
mod chain;
mod changes;
mod containing;
mod error;
mod facts;
mod groups;
mod heads;
mod history;
mod ids;
mod license_views;
mod licenses;
mod objects;
mod runs;
#[cfg(test)]
mod samples;
mod schema;
mod values;
mod views;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

pub use self::blocks::SegmentBytes;
pub use self::chain::UnfitRun;
pub use self::containing::Containing;
pub use self::error::StoreError;
use self::error::Trouble;
pub use self::groups::StoredGroup;
pub use self::heads::{GroupHead, GroupTimes};
pub use self::history::{ChangeCounts, DeltaHead, RunChoice};
pub use self::ids::StoredIds;
pub use self::licenses::{LicenseRow, LicenseTable};
pub use self::runs::{AuditEvent, RunHead, RunKind, RunRecord, StoredDelta, hash_of};
use self::schema::{APPLICATION_ID, MIGRATIONS, PAGE_SIZE_BYTES};
pub use self::values::{present_ids, rows_of_segment};

/// The longest wait that the library takes, in whole seconds: 24 days.
const WAIT_MAX: Duration = Duration::from_secs(i32::MAX.unsigned_abs() as u64 / 1_000);

/// An open state file.
///
/// ```
/// use dyngroup::store::Store;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("state.sqlite");
/// assert!(Store::open(&path, std::time::Duration::ZERO).is_err(), "it is not there yet");
/// let mut store = Store::create(&path, std::time::Duration::ZERO)?;
/// let session = store.write()?;
/// assert_eq!(session.last_run()?, None);
/// session.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the file at `path`, or makes a new one. `wait` is how long another process that writes to it is
    /// waited for.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, is no state file, or one of a later version.
    pub fn create(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        Self::with_flags(path, wait, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens the file at `path`, which has to be there.
    ///
    /// # Errors
    ///
    /// As [`Store::create`].
    pub fn open(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::new(path, Trouble::Missing));
        }
        Self::with_flags(path, wait, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    fn with_flags(path: &Path, wait: Duration, flags: OpenFlags) -> Result<Self, StoreError> {
        let failed = |error: rusqlite::Error| StoreError::of(path, error);
        if path.is_dir() {
            return Err(StoreError::new(path, Trouble::Folder));
        }
        let connection =
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
        connection.busy_timeout(wait.min(WAIT_MAX)).map_err(failed)?;
        let mut store = Self { connection, path: path.to_owned() };
        store.prepare()?;
        Ok(store)
    }

    /// Brings the schema up to date and sets what each connection needs.
    fn prepare(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| StoreError::of(&path, error);
        let number = |connection: &Connection, name: &str| -> rusqlite::Result<i64> {
            connection.pragma_query_value(None, name, |row| row.get(0))
        };
        let connection = &mut self.connection;
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(failed)?;
        let (application, version) = (
            number(connection, "application_id").map_err(failed)?,
            number(connection, "user_version").map_err(failed)?,
        );
        if tables > 0 && application != APPLICATION_ID {
            return Err(StoreError::new(&path, Trouble::Foreign));
        }
        let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        if version > known {
            return Err(StoreError::new(&path, Trouble::Later { found: version, known }));
        }
        let set = |connection: &Connection, name: &str, value: &dyn rusqlite::ToSql| {
            connection.pragma_update(None, name, value)
        };
        if tables == 0 {
            set(connection, "page_size", &PAGE_SIZE_BYTES).map_err(failed)?;
        }
        set(connection, "synchronous", &"FULL").map_err(failed)?;
        set(connection, "foreign_keys", &true).map_err(failed)?;
        if version < known {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            // Another process may have been quicker.
            let version = number(&transaction, "user_version").map_err(failed)?;
            if version > known {
                return Err(StoreError::new(&path, Trouble::Later { found: version, known }));
            }
            for migration in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
                transaction.execute_batch(&migration()).map_err(failed)?;
            }
            set(&transaction, "application_id", &APPLICATION_ID).map_err(failed)?;
            set(&transaction, "user_version", &known).map_err(failed)?;
            transaction.commit().map_err(failed)?;
        }
        // A log beside the file would have all of a first run written twice, and there is nothing yet that
        // somebody could read meanwhile.
        if self.has_runs()? { self.set_mode("WAL") } else { self.set_mode("DELETE") }
    }

    fn has_runs(&self) -> Result<bool, StoreError> {
        let found = self.connection.query_row("SELECT EXISTS (SELECT 1 FROM run)", [], |row| row.get(0));
        found.map_err(|error| StoreError::of(&self.path, error))
    }

    /// Somebody who looks at the file right now keeps the mode as it is.
    fn set_mode(&self, mode: &str) -> Result<(), StoreError> {
        let set = self.connection.pragma_update(None, "journal_mode", mode);
        match set.map_err(|error| StoreError::of(&self.path, error)) {
            Err(error) if !error.is_busy() => Err(error),
            _ => Ok(()),
        }
    }

    /// Brings the file after its first run into the mode in which readers and a writer do not wait for each
    /// other. Without this the next one who opens it does so.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn settle(&self) -> Result<(), StoreError> {
        if self.has_runs()? { self.set_mode("WAL") } else { Ok(()) }
    }

    /// Begins to write: what is read from now on stays as it is until the commit, and nobody else writes.
    ///
    /// # Errors
    ///
    /// If another process writes to the file and does not end in time.
    pub fn write(&mut self) -> Result<Session<'_>, StoreError> {
        self.session(TransactionBehavior::Immediate)
    }

    /// Begins to read: one state, whatever others write meanwhile.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(&mut self) -> Result<Session<'_>, StoreError> {
        self.session(TransactionBehavior::Deferred)
    }

    fn session(&mut self, behavior: TransactionBehavior) -> Result<Session<'_>, StoreError> {
        let Self { connection, path } = self;
        let transaction =
            connection.transaction_with_behavior(behavior).map_err(|error| StoreError::of(path, error))?;
        Ok(Session { transaction, path })
    }
}

/// One look at the state, or one change of it. Without a commit nothing is changed.
#[derive(Debug)]
pub struct Session<'s> {
    transaction: Transaction<'s>,
    path: &'s Path,
}

impl Session<'_> {
    /// Makes everything that was written in this session stay, at once.
    ///
    /// # Errors
    ///
    /// If the disk is full or fails; then nothing is changed.
    pub fn commit(self) -> Result<(), StoreError> {
        let path = self.path;
        self.transaction.commit().map_err(|error| StoreError::of(path, error))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// Puts the path to an error of the library.
    fn at<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|error| StoreError::of(self.path, error))
    }

    /// Something in the file contradicts itself.
    fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::new(self.path, Trouble::Damaged(what.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("state.sqlite")
    }

    fn refused(path: &Path) -> String {
        Store::create(path, Duration::ZERO)
            .unwrap_err()
            .to_string()
            .replace(&path.display().to_string(), "FILE")
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        std::fs::write(&path, "no database at all, but long enough to be looked at").unwrap();
        insta::assert_snapshot!(refused(&path), @"FILE: this is no state file; name another one (file is not a database)");
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        insta::assert_snapshot!(refused(&path), @"FILE: this is a database of another program, not a state file; name another one");
        std::fs::remove_file(&path).unwrap();
        drop(Store::create(&path, Duration::ZERO).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        insta::assert_snapshot!(refused(&path), @"FILE: a later version of dyngroup wrote this state file (schema 99, this one knows 2): use that version");
        insta::assert_snapshot!(refused(folder.path()), @"FILE: it is a folder; name a file");
        let missing = folder.path().join("none/state.sqlite");
        insta::assert_snapshot!(refused(&missing), @"FILE: the state file cannot be opened: look at the folder and its permissions");
    }

    #[test]
    fn a_wait_may_be_as_long_as_one_likes() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&path(&folder), Duration::MAX).unwrap();
        assert!(store.write().is_ok());
    }

    #[test]
    fn one_writes_at_a_time_and_readers_see_the_state_before() {
        let folder = tempfile::tempdir().unwrap();
        let [mut one, mut other] = [(); 2].map(|()| Store::create(&path(&folder), Duration::ZERO).unwrap());
        let session = one.write().unwrap();
        session.set_fact("x", Some("1")).unwrap();
        assert!(other.write().unwrap_err().is_busy());
        assert_eq!(other.read().unwrap().fact("x").unwrap(), None);
        session.commit().unwrap();
        assert_eq!(other.write().unwrap().fact("x").unwrap().as_deref(), Some("1"));
        one.write().unwrap().set_fact("x", Some("2")).unwrap();
        let session = one.write().unwrap();
        assert_eq!(session.fact("x").unwrap().as_deref(), Some("1"), "without a commit nothing stays");
        session.set_fact("x", None).unwrap();
        assert_eq!(session.fact("x").unwrap(), None);
    }
}
