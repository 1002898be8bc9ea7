//! Attributes of objects by segment: opaque bytes with their hash.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use rusqlite::{OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::{Session, StoreError};
use crate::directory::column_reader::stored::StoredName;
use crate::language::attribute::Kind;
use crate::membership::register::Holder;

/// How many rows a segment has, and the bytes of its attributes.
pub type SegmentBytes = (usize, Vec<(StoredName, Vec<u8>)>);

impl Session<'_> {
    /// Which attributes are stored of users or devices.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn stored_names(&self, holder: Holder) -> Result<BTreeSet<StoredName>, StoreError> {
        let sql = "SELECT DISTINCT attribute, as_written, kind FROM attribute_block WHERE holder = ?1";
        self.at((|| {
            self.transaction.prepare_cached(sql)?.query_map([holder.word()], |row| name(row, 0))?.collect()
        })())
    }

    /// The number of rows of a segment and the bytes of its attributes; `None` if nothing is stored.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or bytes are not what they were.
    pub fn segment(
        &self,
        holder: Holder,
        segment: u32,
        wanted: impl Fn(&StoredName) -> bool,
    ) -> Result<Option<SegmentBytes>, StoreError> {
        let sql = "SELECT rows FROM attribute_block WHERE holder = ?1 AND segment = ?2 LIMIT 1";
        let rows = self.transaction.query_row(sql, (holder.word(), segment), |row| row.get::<_, i64>(0));
        let Some(rows) = self.at(rows.optional())? else { return Ok(None) };
        let sql = "SELECT attribute, as_written, kind, hash, bytes FROM attribute_block
                   WHERE holder = ?1 AND segment = ?2 ORDER BY attribute";
        let blocks: Vec<(StoredName, Vec<u8>, Vec<u8>)> = self.at((|| {
            let mut statement = self.transaction.prepare_cached(sql)?;
            let mut rows = statement.query((holder.word(), segment))?;
            let mut blocks = Vec::new();
            while let Some(row) = rows.next()? {
                let name = name(row, 0)?;
                if wanted(&name) {
                    blocks.push((name, row.get(3)?, row.get(4)?));
                }
            }
            Ok(blocks)
        })())?;
        let damaged = blocks.par_iter().find_any(|(_, hash, bytes)| Sha256::digest(bytes)[..] != hash[..]);
        if let Some((name, ..)) = damaged {
            return Err(self.damaged(format!("the values of `{}` are not what they were", name.attribute)));
        }
        let blocks = blocks.into_iter().map(|(name, _, bytes)| (name, bytes)).collect();
        Ok(Some((usize::try_from(rows).unwrap_or_default(), blocks)))
    }

    /// Stores attributes of a segment in place of what was there, and says how many were another.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_segment(
        &self,
        holder: Holder,
        segment: u32,
        rows: usize,
        blocks: &[(StoredName, Vec<u8>)],
    ) -> Result<usize, StoreError> {
        let hashes: Vec<[u8; 32]> =
            blocks.par_iter().map(|(_, bytes)| Sha256::digest(bytes).into()).collect();
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.at((|| {
            let mut known = self.transaction.prepare_cached(
                "SELECT 1 FROM attribute_block WHERE holder = ?1 AND segment = ?2 AND attribute = ?3
                     AND as_written = ?4 AND rows = ?5 AND hash = ?6 AND kind = ?7",
            )?;
            let mut set = self.transaction.prepare_cached(
                "INSERT OR REPLACE INTO attribute_block (holder, segment, attribute, as_written, rows, hash, kind, bytes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            let mut changed = 0;
            for ((name, bytes), hash) in blocks.iter().zip(hashes) {
                let kind = word_of(name.kind);
                let place = (holder.word(), segment, &*name.attribute, name.as_written, rows, hash, kind);
                if !known.exists(place)? {
                    let (holder, segment, attribute, as_written, rows, hash, kind) = place;
                    set.execute((holder, segment, attribute, as_written, rows, hash, kind, bytes))?;
                    changed += 1;
                }
            }
            Ok(changed)
        })())
    }

    /// Forgets the attributes that are not in `kept`.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn keep_names(&self, holder: Holder, kept: &BTreeSet<StoredName>) -> Result<(), StoreError> {
        for name in self.stored_names(holder)?.difference(kept) {
            let sql = "DELETE FROM attribute_block WHERE holder = ?1 AND attribute = ?2 AND as_written = ?3 AND kind = ?4";
            self.at(self
                .transaction
                .execute(sql, (holder.word(), &*name.attribute, name.as_written, word_of(name.kind))))?;
        }
        Ok(())
    }
}

fn name(row: &Row<'_>, first: usize) -> rusqlite::Result<StoredName> {
    let attribute: String = row.get(first)?;
    let word = row.get_ref(first + 2)?.as_str()?;
    let kind = KINDS
        .into_iter()
        .find(|kind| word_of(*kind) == word)
        .ok_or(rusqlite::types::FromSqlError::InvalidType)?;
    Ok(StoredName { attribute: Arc::from(attribute), as_written: row.get(first + 1)?, kind })
}

/// The kinds that are stored.
const KINDS: [Kind; 5] = [Kind::Boolean, Kind::Text, Kind::Date, Kind::Texts, Kind::Plans];

const fn word_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Text => "text",
        Kind::Date => "date",
        Kind::Texts => "texts",
        Kind::Plans => "plans",
        Kind::Groups => "groups",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::Store;

    fn block(attribute: &str, bytes: &[u8]) -> (StoredName, Vec<u8>) {
        (StoredName { attribute: attribute.into(), as_written: false, kind: Kind::Text }, bytes.to_vec())
    }

    #[test]
    fn only_what_differs_is_written_and_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        let session = store.write().unwrap();
        let blocks = [block("city", b"1"), block("department", b"2")];
        assert_eq!(session.set_segment(Holder::User, 3, 9, &blocks).unwrap(), 2);
        assert_eq!(session.set_segment(Holder::User, 3, 9, &blocks).unwrap(), 0);
        assert_eq!(session.set_segment(Holder::User, 3, 9, &[block("city", b"3")]).unwrap(), 1);
        let stored = session.segment(Holder::User, 3, |_| true).unwrap();
        assert_eq!(stored, Some((9, vec![block("city", b"3"), block("department", b"2")])));
        let only = session.segment(Holder::User, 3, |name| &*name.attribute == "city").unwrap();
        assert_eq!(only, Some((9, vec![block("city", b"3")])));
        assert_eq!(session.segment(Holder::Device, 3, |_| true).unwrap(), None);

        session.keep_names(Holder::User, &[block("city", b"").0].into()).unwrap();
        assert_eq!(session.stored_names(Holder::User).unwrap(), [block("city", b"").0].into());
        session.transaction.execute("UPDATE attribute_block SET bytes = x'00'", []).unwrap();
        let error = session.segment(Holder::User, 3, |_| true).unwrap_err().to_string();
        assert!(error.contains("the values of `city` are not what they were"), "{error}");
    }
}
