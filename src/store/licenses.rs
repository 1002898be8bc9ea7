//! Licenses: products, what groups give, what is asked for and what users have, and how runs changed it.
//! The texts are the caller's; what is true of many users is kept once, with the set of them.

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;
use rusqlite::Row;
use rusqlite::types::{FromSql, ToSql};
use sha2::{Digest, Sha256};

use super::bitmap::{bytes_of, set_of};
use super::{Session, StoreError};
use crate::licensing::codec::CodecError;
use crate::membership::roster::Ordinal;

/// A text and the users whom it is true of.
#[derive(Clone, Debug, PartialEq)]
pub struct LicenseRow {
    /// The text.
    pub body: String,
    /// The ordinals of the users.
    pub users: RoaringBitmap,
}

/// A table of what is true of users. A user is in a row for each thing that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LicenseTable {
    /// What is asked for: a membership, a direct license, the location.
    Intent,
    /// What users have of a product, or fail to get.
    Outcome,
}

impl LicenseTable {
    const fn name(self) -> &'static str {
        match self {
            Self::Intent => "license_intent",
            Self::Outcome => "license_outcome",
        }
    }
}

/// A SHA-256.
type Hash = [u8; 32];

impl Session<'_> {
    /// All rows of a table, sorted by their text.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a row is not what was written.
    pub fn license_rows(&self, table: LicenseTable) -> Result<Vec<LicenseRow>, StoreError> {
        let sql = format!("SELECT key, hash, body, users FROM {}", table.name());
        let read: Vec<(Hash, Hash, String, Vec<u8>)> = self.at((|| {
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
            self.transaction.prepare_cached(&sql)?.query_map([], columns)?.collect()
        })())?;
        let rows: Option<Vec<LicenseRow>> = read.into_par_iter().map(sound).collect();
        let mut rows = rows.ok_or_else(|| self.damaged("licenses of users are not what they were"))?;
        rows.par_sort_unstable_by(|one, other| one.body.cmp(&other.body));
        Ok(rows)
    }

    /// Has a table hold these rows and no others. Only what differs is written. Rows with the same text
    /// become one.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_license_rows(&self, table: LicenseTable, rows: &[LicenseRow]) -> Result<(), StoreError> {
        let new: rusqlite::Result<Vec<Encoded<'_>>> =
            by_body(rows).into_par_iter().map(|(body, users)| Encoded::of(body, &users)).collect();
        let new = self.at(new)?;
        let name = table.name();
        self.at((|| {
            let mut known: HashMap<Hash, Hash> = self
                .transaction
                .prepare_cached(&format!("SELECT key, hash FROM {name}"))?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            let mut set = self.transaction.prepare_cached(&format!(
                "INSERT INTO {name} (key, hash, body, users) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO UPDATE SET hash = ?2, body = ?3, users = ?4"
            ))?;
            for Encoded { key, hash, body, users } in new {
                if known.remove(&key) != Some(hash) {
                    set.execute((key, hash, body, users))?;
                }
            }
            let mut forget =
                self.transaction.prepare_cached(&format!("DELETE FROM {name} WHERE key = ?1"))?;
            let mut gone: Vec<Hash> = known.into_keys().collect();
            gone.sort_unstable();
            for key in gone {
                forget.execute([key])?;
            }
            Ok(())
        })())
    }

    /// What groups give, as text by the ordinal of the group, sorted by it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn license_groups(&self) -> Result<Vec<(Ordinal, String)>, StoreError> {
        self.at(self.bodies("license_group", "ordinal"))
    }

    /// Has these be all groups, each with another ordinal. Only what differs is written.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_license_groups(&self, groups: &[(Ordinal, String)]) -> Result<(), StoreError> {
        self.at(self.set_bodies("license_group", "ordinal", groups))
    }

    /// The products, as text by their id, sorted by it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn license_products(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.at(self.bodies("license_product", "sku_id"))
    }

    /// Has these be all products, each with another id. Only what differs is written.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_license_products(&self, products: &[(String, String)]) -> Result<(), StoreError> {
        self.at(self.set_bodies("license_product", "sku_id", products))
    }

    /// How a run changed licenses, in the order in which it was told.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn license_changes(&self, run: i64) -> Result<Vec<LicenseRow>, StoreError> {
        let sql = "SELECT body, users FROM license_change WHERE run = ?1 ORDER BY sequence";
        self.at((|| {
            let change = |row: &Row<'_>| {
                Ok(LicenseRow { body: row.get(0)?, users: set_of(row.get_ref(1)?.as_blob()?)? })
            };
            self.transaction.prepare_cached(sql)?.query_map([run], change)?.collect()
        })())
    }

    /// That a text of this file cannot be read.
    ///
    /// ```
    /// # use dyngroup::licensing::{catalog::Catalog, codec, policy::LicensingPolicy, tenant::Tenant};
    /// # use dyngroup::store::Store;
    /// # let folder = tempfile::tempdir()?;
    /// # let mut store = Store::create(&folder.path().join("state"), std::time::Duration::ZERO)?;
    /// # let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
    /// let session = store.write()?;
    /// let error = codec::read_user("soon", &mut tenant).map_err(|error| session.misread(&error)).unwrap_err();
    /// let words = "the state file is damaged: what is known of a user: it is no JSON object";
    /// assert!(error.to_string().contains(words));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn misread(&self, error: &CodecError) -> StoreError {
        self.damaged(error.to_string())
    }

    /// Adds how a run changed licenses. `users` are the bytes of the sets, in the order of `changes`.
    pub(super) fn add_license_changes(
        &self,
        run: i64,
        changes: &[LicenseRow],
        users: Vec<Vec<u8>>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.transaction.prepare_cached(
            "INSERT INTO license_change (run, sequence, body, user_count, users) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (sequence, (change, users)) in (1_i64..).zip(changes.iter().zip(users)) {
            let count = i64::try_from(change.users.len()).unwrap_or(i64::MAX);
            statement.execute((run, sequence, &change.body, count, users))?;
        }
        Ok(())
    }

    fn bodies<K: FromSql>(&self, table: &str, key: &str) -> rusqlite::Result<Vec<(K, String)>> {
        let sql = format!("SELECT {key}, body FROM {table} ORDER BY {key}");
        self.transaction.prepare_cached(&sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    fn set_bodies<K: FromSql + ToSql + Ord + std::hash::Hash>(
        &self,
        table: &str,
        key: &str,
        rows: &[(K, String)],
    ) -> rusqlite::Result<()> {
        let known: Vec<(K, String)> = self.bodies(table, key)?;
        let mut known: HashMap<&K, &String> = known.iter().map(|(key, body)| (key, body)).collect();
        let mut set = self
            .transaction
            .prepare_cached(&format!("INSERT OR REPLACE INTO {table} ({key}, body) VALUES (?1, ?2)"))?;
        for (key, body) in rows {
            if known.remove(key) != Some(body) {
                set.execute((key, body))?;
            }
        }
        let mut forget = self.transaction.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?;
        let mut gone: Vec<&K> = known.into_keys().collect();
        gone.sort_unstable();
        for key in gone {
            forget.execute([key])?;
        }
        Ok(())
    }
}

/// A row as it is stored.
struct Encoded<'r> {
    key: Hash,
    hash: Hash,
    body: &'r str,
    users: Vec<u8>,
}

impl<'r> Encoded<'r> {
    fn of(body: &'r str, users: &RoaringBitmap) -> rusqlite::Result<Self> {
        let users = bytes_of(users)?;
        let (key, hash) = hashes(body, &users);
        Ok(Self { key, hash, body, users })
    }
}

/// The hash of a text, and one over it and its users.
fn hashes(body: &str, users: &[u8]) -> (Hash, Hash) {
    let key = Sha256::digest(body);
    let hash = Sha256::new().chain_update(key).chain_update(users).finalize();
    (key.into(), hash.into())
}

/// The row, if it is the one that was written.
fn sound((key, hash, body, users): (Hash, Hash, String, Vec<u8>)) -> Option<LicenseRow> {
    if hashes(&body, &users) != (key, hash) {
        return None;
    }
    Some(LicenseRow { body, users: set_of(&users).ok()? })
}

/// Each text once, in the order of the rows.
fn by_body(rows: &[LicenseRow]) -> Vec<(&str, Cow<'_, RoaringBitmap>)> {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(rows.len());
    let mut found: Vec<(&str, Cow<'_, RoaringBitmap>)> = Vec::with_capacity(rows.len());
    for row in rows {
        let place = *places.entry(&row.body).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, users)) => *users.to_mut() |= &row.users,
            None => found.push((&row.body, Cow::Borrowed(&row.users))),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Store;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        (folder, store)
    }

    fn row(body: &str, users: &[u32]) -> LicenseRow {
        LicenseRow { body: body.to_owned(), users: users.iter().copied().collect() }
    }

    /// How many rows the session has written or deleted so far.
    fn written(session: &Session<'_>) -> i64 {
        session.transaction.query_row("SELECT total_changes()", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_table_holds_what_was_set_and_only_what_differs_is_written() {
        let (_folder, mut store) = store();
        let session = store.write().unwrap();
        for table in [LicenseTable::Intent, LicenseTable::Outcome] {
            let set = |rows: &[LicenseRow]| {
                let before = written(&session);
                session.set_license_rows(table, rows).unwrap();
                written(&session) - before
            };
            assert_eq!(session.license_rows(table).unwrap(), []);
            assert_eq!(set(&[row("c", &[9]), row("a", &[1, 70_000]), row("b", &[])]), 3);
            let stored = [row("a", &[1, 70_000]), row("b", &[]), row("c", &[9])];
            assert_eq!(session.license_rows(table).unwrap(), stored);
            assert_eq!(set(&stored), 0);
            assert_eq!(set(&[row("a", &[1]), row("c", &[9]), row("d", &[70_000])]), 3, "a, b and d");
            let stored = [row("a", &[1]), row("c", &[9]), row("d", &[70_000])];
            assert_eq!(session.license_rows(table).unwrap(), stored);
            assert_eq!(set(&[row("a", &[1]), row("c", &[9]), row("a", &[2]), row("d", &[70_000])]), 1);
            assert_eq!(session.license_rows(table).unwrap()[0], row("a", &[1, 2]), "one text, one row");
            assert_eq!(set(&[]), 3);
            assert_eq!(session.license_rows(table).unwrap(), []);
        }
    }

    #[test]
    fn rows_that_are_not_what_was_written_are_found() {
        let (_folder, mut store) = store();
        for (change, words) in [
            ("", None),
            ("SET body = 'c' WHERE body = 'a'", Some("licenses of users are not what they were")),
            ("SET users = x'00'", Some("licenses of users are not what they were")),
            (
                "SET users = (SELECT users FROM license_outcome WHERE body = 'b') WHERE body = 'a'",
                Some("licenses of users are not what they were"),
            ),
            ("SET key = zeroblob(32) WHERE body = 'a'", Some("licenses of users are not what they were")),
            ("SET hash = x'00'", Some("a value is not what it can be")),
        ] {
            let session = store.write().unwrap();
            let rows = [row("a", &[1]), row("b", &[2])];
            session.set_license_rows(LicenseTable::Outcome, &rows).unwrap();
            if !change.is_empty() {
                let sql = format!("UPDATE license_outcome {change}");
                session.transaction.execute(&sql, []).unwrap();
            }
            let read = session.license_rows(LicenseTable::Outcome).map_err(|error| error.to_string());
            match words {
                None => assert_eq!(read.unwrap(), rows),
                Some(words) => {
                    let error = read.unwrap_err();
                    assert!(error.contains(&format!("the state file is damaged: {words}")), "{error}");
                }
            }
        }
    }

    #[test]
    fn groups_and_products_are_exactly_those_that_were_set() {
        let (_folder, mut store) = store();
        let session = store.write().unwrap();
        let own = |rows: &[(u32, &str)]| -> Vec<(u32, String)> {
            rows.iter().map(|&(key, body)| (key, body.to_owned())).collect()
        };
        for (rows, changes) in [
            (&[(7, "a"), (5, "b")][..], 2),
            (&[(5, "b"), (7, "a")], 0),
            (&[(5, "c"), (6, "d"), (7, "a")], 2),
            (&[(6, "d")], 2),
            (&[], 1),
        ] {
            let mut sorted = own(rows);
            sorted.sort();
            let before = written(&session);
            session.set_license_groups(&own(rows)).unwrap();
            assert_eq!(written(&session) - before, changes, "{rows:?}");
            assert_eq!(session.license_groups().unwrap(), sorted);

            let products = |rows: &[(u32, String)]| -> Vec<(String, String)> {
                rows.iter().map(|(key, body)| (format!("sku-{key}"), body.clone())).collect()
            };
            let before = written(&session);
            session.set_license_products(&products(&own(rows))).unwrap();
            assert_eq!(written(&session) - before, changes, "{rows:?}");
            assert_eq!(session.license_products().unwrap(), products(&sorted));
        }
    }
}
