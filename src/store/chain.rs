//! The hash that each run carries: over the one before and all that the run did, so that the past cannot be
//! changed unseen.

use std::fmt;

use rusqlite::Row;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

use super::bitmap::set_of;
use super::{Session, StoreError};
use crate::membership::roster::Ordinal;

/// The first run that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfitRun {
    /// Its number.
    pub run: i64,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Session<'_> {
    /// Computes the hashes of all runs again and names the first run that does not fit; `None` if all do.
    ///
    /// A run is unfit as well if it is missing between others, or if the file speaks of it and it is gone.
    /// Runs that were taken off the end without a trace cannot be found this way: compare the last hash
    /// with one that is kept elsewhere.
    ///
    /// ```
    /// # use dyngroup::store::Store;
    /// # let folder = tempfile::tempdir()?;
    /// let mut store = Store::create(&folder.path().join("state"), std::time::Duration::ZERO)?;
    /// assert_eq!(store.read()?.first_unfit_run()?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn first_unfit_run(&self) -> Result<Option<UnfitRun>, StoreError> {
        self.at((|| {
            let sql = "SELECT run, undoes, id, kind, started, now, actor, version, summary, hash
                       FROM run ORDER BY run";
            let mut statement = self.transaction.prepare(sql)?;
            let mut rows = statement.query([])?;
            let (mut last, mut previous) = (0_i64, String::new());
            while let Some(row) = rows.next()? {
                let run: i64 = row.get(0)?;
                let expected = last.saturating_add(1);
                if run != expected {
                    return Ok(Some(UnfitRun { run: run.min(expected), what: MISSING }));
                }
                let mut chain = Chain::after(&previous);
                chain.add_run(
                    [
                        text(row, 2),
                        text(row, 3),
                        text(row, 4),
                        text(row, 5),
                        text(row, 6),
                        text(row, 7),
                        text(row, 8),
                    ],
                    row.get(1)?,
                );
                let counts_fit = self.add_contents(run, &mut chain)?;
                let hash = chain.finish();
                if text(row, 9) != hash {
                    return Ok(Some(UnfitRun { run, what: CHANGED }));
                }
                if !counts_fit {
                    return Ok(Some(UnfitRun { run, what: MISCOUNTED }));
                }
                (last, previous) = (run, hash);
            }
            let sql = "SELECT min(run) FROM (
                           SELECT run FROM delta UNION ALL SELECT run FROM audit
                           UNION ALL SELECT run FROM license_change
                           UNION ALL SELECT updated_run FROM member_group
                           UNION ALL SELECT changed_run FROM member_group)
                       WHERE run < 1 OR run > ?1";
            let orphan: Option<i64> = self.transaction.query_row(sql, [last], |row| row.get(0))?;
            Ok(orphan.map(|run| UnfitRun { run, what: MISSING }))
        })())
    }

    /// Adds the events and changes of a run, and says whether the changes are as many as their counts say.
    fn add_contents(&self, run: i64, chain: &mut Chain) -> rusqlite::Result<bool> {
        let count: i64 =
            self.transaction
                .query_row("SELECT count(*) FROM audit WHERE run = ?1", [run], |row| row.get(0))?;
        chain.begin_events(usize::try_from(count).unwrap_or_default());
        let sql = "SELECT activity, category, target, details FROM audit WHERE run = ?1 ORDER BY sequence";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query([run])?;
        while let Some(row) = rows.next()? {
            chain.add_event([text(row, 0), text(row, 1), text(row, 2), text(row, 3)]);
        }
        let sql = "SELECT ordinal, added_count, removed_count, cause, added, removed FROM delta
                   WHERE run = ?1 ORDER BY ordinal";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query([run])?;
        let mut counts_fit = true;
        while let Some(row) = rows.next()? {
            let [added, removed] = [bytes(row, 4), bytes(row, 5)];
            chain.add_delta(row.get(0)?, text(row, 3), added, removed);
            for (count, bytes) in [(row.get::<_, i64>(1)?, added), (row.get(2)?, removed)] {
                counts_fit &= fits(count, bytes);
            }
        }
        Ok(self.add_licenses(run, chain)? && counts_fit)
    }

    /// Adds the changes of licenses of a run, and says whether their users are as many as their counts say.
    fn add_licenses(&self, run: i64, chain: &mut Chain) -> rusqlite::Result<bool> {
        let sql = "SELECT user_count, body, users FROM license_change WHERE run = ?1 ORDER BY sequence";
        let mut statement = self.transaction.prepare_cached(sql)?;
        let mut rows = statement.query([run])?;
        let mut counts_fit = true;
        while let Some(row) = rows.next()? {
            let users = bytes(row, 2);
            chain.add_license_change(text(row, 1), users);
            counts_fit &= fits(row.get(0)?, users);
        }
        Ok(counts_fit)
    }
}

const MISSING: &str = "it is missing";
const CHANGED: &str = "it is not what was written, or the run before it is not";
const MISCOUNTED: &str = "its counts are not those of its changes";

/// A text as it is stored; anything else is no text that a hash fits.
fn text<'row>(row: &'row Row<'_>, column: usize) -> &'row str {
    row.get_ref(column).ok().and_then(|value| value.as_str().ok()).unwrap_or_default()
}

fn bytes<'row>(row: &'row Row<'_>, column: usize) -> &'row [u8] {
    match row.get_ref(column) {
        Ok(ValueRef::Blob(bytes)) => bytes,
        _ => &[],
    }
}

/// Whether so many are in the set.
fn fits(count: i64, bytes: &[u8]) -> bool {
    set_of(bytes).is_ok_and(|set| i64::try_from(set.len()) == Ok(count))
}

/// A hash over parts, each with its length, so that no two lists of parts are the same bytes. The order:
/// the run, its events in their order, its changes by the ordinal of the group, its changes of licenses in
/// their order.
pub(super) struct Chain(Sha256);

impl Chain {
    /// The hash of a run that follows the one with the hash `previous`; empty for the first run.
    pub(super) fn after(previous: &str) -> Self {
        let mut chain = Self(Sha256::new());
        chain.add(previous.as_bytes());
        chain
    }

    /// Adds id, kind, start, `system.now`, actor, version and summary of the run, and which one it undoes.
    pub(super) fn add_run(&mut self, words: [&str; 7], undoes: Option<i64>) {
        for word in words {
            self.add(word.as_bytes());
        }
        self.add(undoes.map(|run| run.to_string()).unwrap_or_default().as_bytes());
    }

    /// Says how many events follow.
    pub(super) fn begin_events(&mut self, count: usize) {
        self.add(&(count as u64).to_le_bytes());
    }

    /// Adds activity, category, target and details of an event.
    pub(super) fn add_event(&mut self, words: [&str; 4]) {
        for word in words {
            self.add(word.as_bytes());
        }
    }

    /// Adds how a group changed.
    pub(super) fn add_delta(&mut self, group: Ordinal, cause: &str, added: &[u8], removed: &[u8]) {
        self.add(&group.to_le_bytes());
        self.add(cause.as_bytes());
        self.add(added);
        self.add(removed);
    }

    /// Adds how licenses of some users changed. The mark is longer than the ordinal that a change of a group
    /// begins with, so the two are never taken for each other; a run without changes of licenses has the
    /// hash that it had before there were any.
    pub(super) fn add_license_change(&mut self, body: &str, users: &[u8]) {
        self.add(b"licenses");
        self.add(body.as_bytes());
        self.add(users);
    }

    pub(super) fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }

    fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{StoredDelta, samples};

    /// What is found after somebody got past the triggers.
    fn found_after(change: &str) -> Option<(i64, &'static str)> {
        let (_folder, mut store) = samples::store();
        let session = store.write().unwrap();
        let triggers = "SELECT 'DROP TRIGGER ' || name || ';' FROM sqlite_schema WHERE type = 'trigger'";
        let drops: Vec<String> = session
            .transaction
            .prepare(triggers)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let script = format!("PRAGMA defer_foreign_keys = on; {}{change}", drops.concat());
        session.transaction.execute_batch(&script).unwrap();
        session.first_unfit_run().unwrap().map(|unfit| (unfit.run, unfit.what))
    }

    #[test]
    fn whatever_is_changed_is_found_at_its_run() {
        assert_eq!(found_after(""), None);
        for (change, run, what) in [
            ("UPDATE run SET actor = 'eve' WHERE run = 2", 2, CHANGED),
            ("UPDATE run SET undoes = 1 WHERE run = 2", 2, CHANGED),
            ("UPDATE run SET hash = 'x' WHERE run = 1", 1, CHANGED),
            ("UPDATE run SET summary = summary || ' ' WHERE run = 3", 3, CHANGED),
            ("UPDATE audit SET details = '{}' WHERE run = 2", 2, CHANGED),
            ("DELETE FROM audit WHERE run = 2", 2, CHANGED),
            ("INSERT INTO audit VALUES (1, 9, '', '', '', '')", 1, CHANGED),
            ("UPDATE delta SET cause = 'undo' WHERE run = 1", 1, CHANGED),
            ("UPDATE delta SET removed = added WHERE run = 2", 2, CHANGED),
            ("DELETE FROM delta WHERE run = 3", 3, CHANGED),
            ("UPDATE delta SET added_count = 7 WHERE run = 1", 1, MISCOUNTED),
            ("DELETE FROM run WHERE run = 1", 1, MISSING),
            ("DELETE FROM run WHERE run = 2", 2, MISSING),
            ("DELETE FROM run WHERE run = 3", 3, MISSING),
            ("UPDATE run SET run = -5 WHERE run = 3", -5, MISSING),
            ("UPDATE license_change SET body = '{}' WHERE run = 2", 2, CHANGED),
            ("UPDATE license_change SET users = (SELECT added FROM delta WHERE run = 1)", 2, CHANGED),
            ("UPDATE license_change SET sequence = 9 WHERE sequence = 1", 2, CHANGED),
            ("DELETE FROM license_change WHERE sequence = 1", 2, CHANGED),
            ("INSERT INTO license_change VALUES (3, 1, '', 0, x'')", 3, CHANGED),
            ("UPDATE license_change SET user_count = 7 WHERE sequence = 2", 2, MISCOUNTED),
            ("UPDATE license_change SET run = 9", 2, CHANGED),
            ("INSERT INTO license_change VALUES (9, 1, '', 0, x'')", 9, MISSING),
        ] {
            assert_eq!(found_after(change), Some((run, what)), "{change}");
        }
    }

    #[test]
    fn the_hash_is_that_of_the_stored_texts() {
        let (_folder, mut store) = samples::store();
        let session = store.write().unwrap();
        // A number that loses digits when it is read and written again.
        let summary = serde_json::json!({ "seconds": 0.1 + 0.2, "text": "é\u{0}" });
        let new = crate::store::RunHead { summary, ..samples::run("run-4") };
        session
            .add_run(&new, &[StoredDelta { ordinal: 1, ..samples::delta(1, &[], &[]) }], &[], &[])
            .unwrap();
        assert_eq!(session.first_unfit_run().unwrap(), None);
    }
}
