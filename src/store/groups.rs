//! Groups with their members.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::bitmap::{bytes_of, set_of};
use super::heads::{COLUMNS, GroupHead, head};
use super::{Session, StoreError};
use crate::membership::roster::Ordinal;

/// What is remembered of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredGroup {
    /// What is known of it beside its members. What is written as their count is that of `members`.
    pub head: GroupHead,
    /// Its members.
    pub members: RoaringBitmap,
}

const SET_GROUP: &str = "
    INSERT INTO member_group (ordinal, id, display_name, status, error, rule, rule_hash, evaluated, next_change,
        updated_run, changed_run, member_count)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
    ON CONFLICT (ordinal) DO UPDATE SET id = ?2, display_name = ?3, status = ?4, error = ?5, rule = ?6,
        rule_hash = ?7, evaluated = ?8, next_change = ?9, updated_run = ?10, changed_run = ?11, member_count = ?12";

impl Session<'_> {
    /// All groups, sorted by ordinal.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or members are missing in it.
    pub fn groups(&self) -> Result<Vec<StoredGroup>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, members FROM member_group LEFT JOIN member_set USING (ordinal)
                           ORDER BY member_group.ordinal"
        );
        let read: Vec<(GroupHead, Option<Vec<u8>>)> = self.at((|| {
            let mut statement = self.transaction.prepare_cached(&sql)?;
            statement.query_map([], |row| Ok((head(row)?, row.get("members")?)))?.collect()
        })())?;
        let sets: i64 =
            self.at(self.transaction.query_row("SELECT count(*) FROM member_set", [], |row| row.get(0)))?;
        let in_order = read.is_sorted_by(|(one, _), (next, _)| one.ordinal < next.ordinal);
        if !in_order || usize::try_from(sets) != Ok(read.len()) {
            return Err(self.damaged("groups are missing"));
        }
        let groups: Option<Vec<StoredGroup>> = read.into_par_iter().map(whole).collect();
        groups.ok_or_else(|| self.damaged("the members of a group are not what they were"))
    }

    /// Puts groups in the place of those with the same ordinals, or adds them. Members are written of groups
    /// that are new, of those that the run that looked at them last has changed, and of those that have
    /// one of `renamed` among their members.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_groups(&self, groups: &[StoredGroup], renamed: &RoaringBitmap) -> Result<(), StoreError> {
        let is_changed = |group: &StoredGroup| {
            group.head.changed_run == Some(group.head.updated_run) || !group.members.is_disjoint(renamed)
        };
        let sets: rusqlite::Result<Vec<Option<Vec<u8>>>> = groups
            .par_iter()
            .map(|group| if is_changed(group) { bytes_of(&group.members).map(Some) } else { Ok(None) })
            .collect();
        let sets = self.at(sets)?;
        self.at((|| {
            let mut statement = self.transaction.prepare_cached(SET_GROUP)?;
            for StoredGroup { head: group, members } in groups {
                statement.execute((
                    group.ordinal,
                    &group.id,
                    &group.display_name,
                    &group.status,
                    &group.error,
                    &group.rule,
                    group.rule.as_deref().map(super::runs::hash_of),
                    &group.evaluated,
                    group.next_change.map(|instant| instant.to_string()),
                    group.updated_run,
                    group.changed_run,
                    i64::try_from(members.len()).unwrap_or(i64::MAX),
                ))?;
            }
            let mut known = self.transaction.prepare_cached("SELECT 1 FROM member_set WHERE ordinal = ?1")?;
            let sql = "INSERT OR REPLACE INTO member_set (ordinal, members) VALUES (?1, ?2)";
            let mut statement = self.transaction.prepare_cached(sql)?;
            for (group, set) in groups.iter().zip(sets) {
                if let Some(bytes) = set {
                    statement.execute((group.head.ordinal, bytes))?;
                } else if !known.exists([group.head.ordinal])? {
                    statement.execute((group.head.ordinal, bytes_of(&group.members)?))?;
                }
            }
            Ok(())
        })())
    }

    /// Forgets a group that is no more. Its deltas stay.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn remove_group(&self, ordinal: Ordinal) -> Result<(), StoreError> {
        self.at(self.transaction.execute("DELETE FROM member_group WHERE ordinal = ?1", [ordinal]))?;
        Ok(())
    }
}

/// The group with its members, if these are as many as were written.
fn whole((head, members): (GroupHead, Option<Vec<u8>>)) -> Option<StoredGroup> {
    let members = set_of(&members?).ok()?;
    (head.members == members.len()).then_some(StoredGroup { head, members })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::store::Store;

    fn stored(ordinal: Ordinal) -> StoredGroup {
        let head = GroupHead {
            ordinal,
            id: format!("g{ordinal}"),
            display_name: None,
            status: "Succeeded".to_owned(),
            error: None,
            rule: None,
            evaluated: None,
            next_change: Some(Timestamp::UNIX_EPOCH),
            members: u64::from(ordinal) * 2,
            updated_run: 1,
            changed_run: None,
        };
        StoredGroup { head, members: (ordinal..ordinal * 3).collect() }
    }

    #[test]
    fn groups_come_back_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        for (change, found) in [
            ("", true),
            ("DELETE FROM member_set WHERE ordinal = 5", false),
            ("DELETE FROM member_group WHERE ordinal = 5", true),
            ("UPDATE member_group SET member_count = 4 WHERE ordinal = 5", false),
            ("UPDATE member_set SET members = x'00'", false),
            ("UPDATE member_set SET members = (SELECT members FROM member_set WHERE ordinal = 7)", false),
        ] {
            let session = store.write().unwrap();
            let groups = [stored(2), stored(5), stored(7)];
            session.set_groups(&groups, &RoaringBitmap::new()).unwrap();
            assert_eq!(session.groups().unwrap(), groups);
            session.transaction.execute_batch(change).unwrap();
            assert_eq!(session.groups().is_ok(), found, "{change}");
        }
    }
}
