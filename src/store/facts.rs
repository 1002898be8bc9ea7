//! Small things to remember, by name.

use super::{Session, StoreError};

impl Session<'_> {
    /// A fact, if it is known.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        use rusqlite::OptionalExtension;
        let sql = "SELECT value FROM fact WHERE name = ?1";
        self.at(self.transaction.query_row(sql, [name], |row| row.get(0)).optional())
    }

    /// Remembers a fact in place of what was known, or forgets it.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_fact(&self, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let done = match value {
            Some(value) => self.transaction.execute(
                "INSERT INTO fact (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
                [name, value],
            ),
            None => self.transaction.execute("DELETE FROM fact WHERE name = ?1", [name]),
        };
        self.at(done)?;
        Ok(())
    }
}
