//! Runs with what they changed: rows that are only ever added.

use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, Type, ValueRef};
use rusqlite::{OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::bitmap::{bytes_of, set_of};
use super::chain::{Chain, hexadecimal};
use super::licenses::LicenseRow;
use super::{Session, StoreError};
use crate::membership::roster::Ordinal;

/// What kind of run it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunKind {
    /// From the files of a tenant folder.
    Full,
    /// From changed objects.
    Incremental,
    /// It took an earlier run back.
    Undo,
}

impl RunKind {
    /// The word that is stored and shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Incremental => "incremental",
            Self::Undo => "undo",
        }
    }
}

impl FromSql for RunKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        let known = [Self::Full, Self::Incremental, Self::Undo].into_iter().find(|kind| kind.word() == word);
        known.ok_or(FromSqlError::InvalidType)
    }
}

/// What is told of a run beside what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct RunHead {
    /// Its id.
    pub id: String,
    /// What kind of run it was.
    pub kind: RunKind,
    /// The run that it took back.
    pub undoes: Option<i64>,
    /// When it began.
    pub started: Timestamp,
    /// What `system.now` stood for.
    pub now: Timestamp,
    /// Who had it done.
    pub actor: String,
    /// The version of the program.
    pub version: String,
    /// Its summary.
    pub summary: serde_json::Value,
}

/// A run of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct RunRecord {
    /// Its number, counted from 1.
    pub run: i64,
    /// What is told of it.
    pub head: RunHead,
    /// The hash over it and all runs before.
    pub hash: String,
}

/// How a run changed the members of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDelta {
    /// The group.
    pub ordinal: Ordinal,
    /// Why: a word such as `membershipRule`, `ruleChanged`, `assigned`, `groupDeleted` or `undo`.
    pub cause: String,
    /// Who came.
    pub added: RoaringBitmap,
    /// Who went.
    pub removed: RoaringBitmap,
}

/// An event of a run that is no change of a membership.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    /// What happened, in the words of the service's audit log.
    pub activity: String,
    /// Its category there.
    pub category: String,
    /// What it was done to.
    pub target: serde_json::Value,
    /// More about it.
    pub details: serde_json::Value,
}

pub(super) const COLUMNS: &str = "run, id, kind, undoes, started, now, actor, version, summary, hash";

impl Session<'_> {
    /// The last run.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn last_run(&self) -> Result<Option<RunRecord>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM run ORDER BY run DESC LIMIT 1");
        self.at(self.transaction.query_row(&sql, [], record).optional())
    }

    /// All runs, the first one first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM run ORDER BY run");
        self.at((|| self.transaction.prepare_cached(&sql)?.query_map([], record)?.collect())())
    }

    /// What a run changed, sorted by the ordinal of the group.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn deltas(&self, run: i64) -> Result<Vec<StoredDelta>, StoreError> {
        let sql = "SELECT ordinal, cause, added, removed FROM delta WHERE run = ?1 ORDER BY ordinal";
        self.at((|| {
            let delta = |row: &Row<'_>| {
                Ok(StoredDelta {
                    ordinal: row.get(0)?,
                    cause: row.get(1)?,
                    added: set_of(row.get_ref(2)?.as_blob()?)?,
                    removed: set_of(row.get_ref(3)?.as_blob()?)?,
                })
            };
            self.transaction.prepare_cached(sql)?.query_map([run], delta)?.collect()
        })())
    }

    /// The events of a run, in their order.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn audit(&self, run: i64) -> Result<Vec<AuditEvent>, StoreError> {
        let sql = "SELECT activity, category, target, details FROM audit WHERE run = ?1 ORDER BY sequence";
        self.at((|| {
            let event = |row: &Row<'_>| {
                Ok(AuditEvent {
                    activity: row.get(0)?,
                    category: row.get(1)?,
                    target: json(row, 2)?,
                    details: json(row, 3)?,
                })
            };
            self.transaction.prepare_cached(sql)?.query_map([run], event)?.collect()
        })())
    }

    /// The number that the next run gets.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn next_run(&self) -> Result<i64, StoreError> {
        Ok(self.last_run()?.map_or(1, |last| last.run.saturating_add(1)))
    }

    /// Remembers a run with its changes and events, and gives its number. `license_changes` tell how
    /// licenses changed, each with the users whose licenses changed so, in the order in which they are kept.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn add_run(
        &self,
        new: &RunHead,
        deltas: &[StoredDelta],
        events: &[AuditEvent],
        license_changes: &[LicenseRow],
    ) -> Result<i64, StoreError> {
        let last = self.last_run()?;
        let run = last.as_ref().map_or(1, |last| last.run.saturating_add(1));
        let bytes: rusqlite::Result<Vec<[Vec<u8>; 2]>> =
            deltas.par_iter().map(|delta| Ok([bytes_of(&delta.added)?, bytes_of(&delta.removed)?])).collect();
        let bytes = self.at(bytes)?;
        let users: rusqlite::Result<Vec<Vec<u8>>> =
            license_changes.par_iter().map(|change| bytes_of(&change.users)).collect();
        let users = self.at(users)?;
        let summary = new.summary.to_string();
        let (started, now) = (new.started.to_string(), new.now.to_string());
        let mut chain = Chain::after(last.as_ref().map_or("", |last| &last.hash));
        let words = [&new.id, new.kind.word(), &started, &now, &new.actor, &new.version, &summary];
        chain.add_run(words, new.undoes);
        chain.begin_events(events.len());
        for event in events {
            let (target, details) = (event.target.to_string(), event.details.to_string());
            chain.add_event([&event.activity, &event.category, &target, &details]);
        }
        for (delta, [added, removed]) in deltas.iter().zip(&bytes) {
            chain.add_delta(delta.ordinal, &delta.cause, added, removed);
        }
        for (change, users) in license_changes.iter().zip(&users) {
            chain.add_license_change(&change.body, users);
        }
        let hash = chain.finish();
        self.at((|| {
            self.transaction
                .prepare_cached(&format!(
                    "INSERT INTO run ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                ))?
                .execute((
                    run,
                    &new.id,
                    new.kind.word(),
                    new.undoes,
                    started,
                    now,
                    &new.actor,
                    &new.version,
                    summary,
                    hash,
                ))?;
            self.add_deltas(run, deltas, bytes)?;
            self.add_events(run, events)?;
            self.add_license_changes(run, license_changes, users)?;
            Ok(run)
        })())
    }

    /// `bytes` are those of who came and who went.
    fn add_deltas(&self, run: i64, deltas: &[StoredDelta], bytes: Vec<[Vec<u8>; 2]>) -> rusqlite::Result<()> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO delta (run, ordinal, cause, added_count, removed_count, added, removed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for (delta, [added, removed]) in deltas.iter().zip(bytes) {
            let count = |set: &RoaringBitmap| i64::try_from(set.len()).unwrap_or(i64::MAX);
            let counts = (count(&delta.added), count(&delta.removed));
            statement.execute((run, delta.ordinal, &delta.cause, counts.0, counts.1, added, removed))?;
        }
        Ok(())
    }

    fn add_events(&self, run: i64, events: &[AuditEvent]) -> rusqlite::Result<()> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO audit (run, sequence, activity, category, target, details)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (sequence, event) in (1_i64..).zip(events) {
            let (target, details) = (event.target.to_string(), event.details.to_string());
            statement.execute((run, sequence, &event.activity, &event.category, target, details))?;
        }
        Ok(())
    }
}

pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let head = RunHead {
        id: row.get(1)?,
        kind: row.get(2)?,
        undoes: row.get(3)?,
        started: instant(row.get_ref(4)?.as_str()?)?,
        now: instant(row.get_ref(5)?.as_str()?)?,
        actor: row.get(6)?,
        version: row.get(7)?,
        summary: json(row, 8)?,
    };
    Ok(RunRecord { run: row.get(0)?, head, hash: row.get(9)? })
}

/// An instant as it is stored.
pub(super) fn instant(text: &str) -> rusqlite::Result<Timestamp> {
    text.parse().map_err(|error: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.to_string().into())
    })
}

fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<serde_json::Value> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into()))
}

/// The SHA-256 of a text, in hexadecimal digits.
pub fn hash_of(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::store::Store;

    fn new(id: &str) -> RunHead {
        RunHead {
            id: id.to_owned(),
            kind: RunKind::Full,
            undoes: None,
            started: "2026-01-15T08:00:00Z".parse().unwrap(),
            now: Timestamp::UNIX_EPOCH,
            actor: "ada".to_owned(),
            version: "0.1.0".to_owned(),
            summary: json!({ "counts": { "users": 3 } }),
        }
    }

    fn delta(ordinal: Ordinal, added: &[u32], removed: &[u32]) -> StoredDelta {
        let set = |members: &[u32]| members.iter().copied().collect();
        StoredDelta { ordinal, cause: "membershipRule".to_owned(), added: set(added), removed: set(removed) }
    }

    fn licenses(body: &str, users: &[u32]) -> LicenseRow {
        LicenseRow { body: body.to_owned(), users: users.iter().copied().collect() }
    }

    #[test]
    fn runs_follow_each_other_and_are_never_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        let session = store.write().unwrap();
        let deltas = [delta(7, &[1, 2], &[]), delta(9, &[], &[70_000])];
        let event = AuditEvent {
            activity: "Update group".to_owned(),
            category: "GroupManagement".to_owned(),
            target: json!({ "groupId": "g" }),
            details: json!({ "before": "a", "after": "b" }),
        };
        assert_eq!(session.next_run().unwrap(), 1);
        let licenses = [licenses("b", &[1, 70_000]), licenses("a", &[])];
        let events = std::slice::from_ref(&event);
        assert_eq!(session.add_run(&new("one"), &deltas, events, &licenses).unwrap(), 1);
        assert_eq!(
            session
                .add_run(&RunHead { undoes: Some(1), kind: RunKind::Undo, ..new("two") }, &[], &[], &[])
                .unwrap(),
            2
        );
        assert_eq!(session.deltas(1).unwrap(), deltas);
        assert_eq!(session.audit(1).unwrap(), [event]);
        assert_eq!(session.license_changes(1).unwrap(), licenses);
        assert_eq!(session.license_changes(2).unwrap(), []);
        let runs = session.runs().unwrap();
        assert_eq!(session.last_run().unwrap().as_ref(), runs.last());
        assert_eq!((runs[1].run, runs[1].head.undoes, runs[1].head.kind), (2, Some(1), RunKind::Undo));
        assert_ne!(runs[0].hash, runs[1].hash);
        for change in [
            "UPDATE run SET actor = 'eve'",
            "DELETE FROM delta",
            "UPDATE audit SET details = ''",
            "UPDATE license_change SET body = ''",
            "DELETE FROM license_change",
        ] {
            let error = session.transaction.execute(change, []).unwrap_err().to_string();
            assert!(error.contains("never"), "{error}");
        }
    }

    #[test]
    fn the_hash_depends_on_all_that_a_run_did() {
        let hash_with = |new: &RunHead, deltas: &[StoredDelta], licenses: &[LicenseRow]| {
            let folder = tempfile::tempdir().unwrap();
            let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
            let session = store.write().unwrap();
            session.add_run(new, deltas, &[], licenses).unwrap();
            session.last_run().unwrap().unwrap().hash
        };
        let hash = |new: &RunHead, deltas: &[StoredDelta]| hash_with(new, deltas, &[]);
        let hashes = [
            hash(&new("a"), &[]),
            hash(&new("b"), &[]),
            hash(&RunHead { actor: "eve".to_owned(), ..new("a") }, &[]),
            hash(&new("a"), &[delta(1, &[1], &[])]),
            hash(&new("a"), &[delta(1, &[], &[1])]),
            hash(&new("a"), &[delta(2, &[1], &[])]),
            hash(&new("a"), &[StoredDelta { cause: "undo".to_owned(), ..delta(1, &[1], &[]) }]),
            hash(&RunHead { kind: RunKind::Undo, undoes: Some(1), ..new("a") }, &[]),
            hash(&RunHead { kind: RunKind::Undo, ..new("a") }, &[]),
            hash_with(&new("a"), &[], &[licenses("a", &[1])]),
            hash_with(&new("a"), &[], &[licenses("b", &[1])]),
            hash_with(&new("a"), &[], &[licenses("a", &[2])]),
            hash_with(&new("a"), &[], &[licenses("a", &[]), licenses("b", &[])]),
            hash_with(&new("a"), &[], &[licenses("b", &[]), licenses("a", &[])]),
        ];
        assert_eq!(hashes[0], hash(&new("a"), &[]));
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
    }
}
