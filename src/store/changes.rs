//! What was told of objects since their files were read as a whole: the caller's text for each.

use rusqlite::OptionalExtension;

use super::{Session, StoreError};
use crate::membership::register::Holder;
use crate::membership::roster::Ordinal;

impl Session<'_> {
    /// What was told of an object.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn change(&self, ordinal: Ordinal) -> Result<Option<String>, StoreError> {
        let sql = "SELECT change FROM object_change WHERE ordinal = ?1";
        self.at((|| self.transaction.prepare_cached(sql)?.query_row([ordinal], |row| row.get(0)).optional())())
    }

    /// Remembers what was told of objects, in place of what was known.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn add_changes(&self, holder: Holder, changes: &[(Ordinal, String)]) -> Result<(), StoreError> {
        self.at((|| {
            let sql = "INSERT OR REPLACE INTO object_change (ordinal, holder, change) VALUES (?1, ?2, ?3)";
            let mut statement = self.transaction.prepare_cached(sql)?;
            for (ordinal, change) in changes {
                statement.execute((ordinal, holder.word(), change))?;
            }
            Ok(())
        })())
    }

    /// Forgets all that was told: the files were read as a whole.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn forget_changes(&self) -> Result<(), StoreError> {
        self.at(self.transaction.execute("DELETE FROM object_change", []))?;
        Ok(())
    }
}
