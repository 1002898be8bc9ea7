//! Groups without their members, and members group by group: for those who need not hold all at once.

use std::collections::HashMap;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use rusqlite::{OptionalExtension, Row};

use super::bitmap::set_of;
use super::ids::StoredIds;
use super::{Session, StoreError};
use crate::membership::roster::Ordinal;

/// What is remembered of a group beside its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupHead {
    /// The group's ordinal.
    pub ordinal: Ordinal,
    /// Its id, as first written.
    pub id: String,
    /// Its name.
    pub display_name: Option<String>,
    /// What became of it in the last run, in the words of [`Status`](crate::membership::recompute::Status).
    pub status: String,
    /// Why it is in error.
    pub error: Option<String>,
    /// Its membership rule, as written.
    pub rule: Option<String>,
    /// What its members follow from beside the objects, in a form that can be compared; `None` if they have
    /// to be computed from scratch the next time.
    pub evaluated: Option<String>,
    /// When the clock alone can change its members next.
    pub next_change: Option<Timestamp>,
    /// How many members it has.
    pub members: u64,
    /// The run that looked at it last.
    pub updated_run: i64,
    /// The run that changed its members last.
    pub changed_run: Option<i64>,
}

/// When things happened to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupTimes {
    /// When the run began that changed its members last.
    pub members_changed: Option<Timestamp>,
    /// When the run began that looked at it last.
    pub looked_at: Timestamp,
}

impl Session<'_> {
    /// All groups, sorted by id, byte for byte.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn group_heads(&self) -> Result<Vec<GroupHead>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM member_group ORDER BY id COLLATE BINARY, ordinal");
        self.at((|| self.transaction.prepare_cached(&sql)?.query_map([], head)?.collect())())
    }

    /// When the members of each of `groups` changed last and when it was looked at last, in their order.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a run is missing.
    pub fn group_times(&self, groups: &[GroupHead]) -> Result<Vec<GroupTimes>, StoreError> {
        let sql = "SELECT run, started FROM run
                   WHERE run IN (SELECT updated_run FROM member_group UNION SELECT changed_run FROM member_group)";
        let started: HashMap<i64, Timestamp> = self.at((|| {
            let start = |row: &Row<'_>| Ok((row.get(0)?, super::runs::instant(row.get_ref(1)?.as_str()?)?));
            self.transaction.prepare_cached(sql)?.query_map([], start)?.collect()
        })())?;
        let time = |run: i64| {
            started.get(&run).copied().ok_or_else(|| self.damaged(format!("run {run} is missing")))
        };
        groups
            .iter()
            .map(|group| {
                let members_changed = group.changed_run.map(time).transpose()?;
                Ok(GroupTimes { members_changed, looked_at: time(group.updated_run)? })
            })
            .collect()
    }

    /// The members of one group; `None` if there is no such group.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or there are not as many as the group should have.
    pub fn members(&self, group: Ordinal) -> Result<Option<RoaringBitmap>, StoreError> {
        let sql = format!("{MEMBERS} WHERE member_group.ordinal = ?1");
        let read =
            self.at((|| self.transaction.prepare_cached(&sql)?.query_row([group], members).optional())())?;
        read.map(|read| self.whole(read)).transpose().map(|whole| whole.map(|(_, members)| members))
    }

    /// Gives the members of all groups to `visit`, one group after the other, with one ordinal for each
    /// object as [`StoredIds::settled`] has it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, speaks of members that it has no id of, or a group has not as many as
    /// it should have.
    pub fn visit_members(
        &self,
        ids: &StoredIds,
        mut visit: impl FnMut(Ordinal, RoaringBitmap),
    ) -> Result<(), StoreError> {
        let sql = format!("{MEMBERS} ORDER BY member_group.ordinal");
        let mut statement = self.at(self.transaction.prepare_cached(&sql))?;
        let mut rows = self.at(statement.query([]))?;
        while let Some(row) = self.at(rows.next())? {
            let (group, members) = self.whole(self.at(members(row))?)?;
            visit(group, self.settled(ids, members)?);
        }
        Ok(())
    }

    /// A group's ordinal and its members, if these are all there.
    fn whole(&self, (group, count, members): ReadMembers) -> Result<(Ordinal, RoaringBitmap), StoreError> {
        let members = members.filter(|members| u64::try_from(count) == Ok(members.len()));
        let members =
            members.ok_or_else(|| self.damaged("a group has not as many members as it should have"))?;
        Ok((group, members))
    }
}

/// The columns of a head.
pub(super) const COLUMNS: &str = "member_group.ordinal, id, display_name, status, error, rule, evaluated, next_change, \
                                  member_count, updated_run, changed_run";

const MEMBERS: &str = "SELECT member_group.ordinal, member_count, members
                       FROM member_group LEFT JOIN member_set ON member_set.ordinal = member_group.ordinal";

/// A group's ordinal, how many members it should have, and these.
type ReadMembers = (Ordinal, i64, Option<RoaringBitmap>);

fn members(row: &Row<'_>) -> rusqlite::Result<ReadMembers> {
    let bytes = row.get_ref(2)?.as_blob_or_null()?;
    Ok((row.get(0)?, row.get(1)?, bytes.map(set_of).transpose()?))
}

pub(super) fn head(row: &Row<'_>) -> rusqlite::Result<GroupHead> {
    let next_change: Option<String> = row.get(7)?;
    let members: i64 = row.get(8)?;
    Ok(GroupHead {
        ordinal: row.get(0)?,
        id: row.get(1)?,
        display_name: row.get(2)?,
        status: row.get(3)?,
        error: row.get(4)?,
        rule: row.get(5)?,
        evaluated: row.get(6)?,
        next_change: next_change.map(|text| super::runs::instant(&text)).transpose()?,
        members: u64::try_from(members).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(8, members))?,
        updated_run: row.get(9)?,
        changed_run: row.get(10)?,
    })
}

#[cfg(test)]
mod tests {
    use crate::store::samples::{DEVICE, GROUP, store};

    #[test]
    fn groups_are_read_with_and_without_members() {
        let (_folder, mut store) = store();
        let session = store.read().unwrap();
        let heads = session.group_heads().unwrap();
        let seen: Vec<_> = heads.iter().map(|head| (head.id.as_str(), head.ordinal, head.members)).collect();
        assert_eq!(seen, [("all", GROUP + 1, 2), ("sales", GROUP, 2)]);
        assert_eq!(session.members(GROUP).unwrap(), Some([1, 2].into_iter().collect()));
        assert_eq!(session.members(GROUP + 2).unwrap(), None);
        let times = session.group_times(&heads).unwrap();
        assert_eq!(times[0].members_changed, Some(times[0].looked_at));
        let mut visited = Vec::new();
        let ids = session.ids().unwrap();
        session.visit_members(&ids, |group, members| visited.push((group, members.max()))).unwrap();
        assert_eq!(visited, [(GROUP, Some(2)), (GROUP + 1, Some(GROUP))]);
        assert_eq!(DEVICE + DEVICE, GROUP);
    }

    #[test]
    fn a_run_that_is_missing_is_told() {
        let (_folder, mut store) = store();
        let session = store.write().unwrap();
        let change = "PRAGMA defer_foreign_keys = on; UPDATE member_group SET changed_run = 9";
        session.transaction.execute_batch(change).unwrap();
        let error = session.group_times(&session.group_heads().unwrap()).unwrap_err().to_string();
        assert!(error.contains("the state file is damaged: run 9 is missing"), "{error}");
    }

    #[test]
    fn members_that_are_missing_are_told() {
        let (_folder, mut store) = store();
        let ids = store.read().unwrap().ids().unwrap();
        for change in ["DELETE FROM member_set", "UPDATE member_group SET member_count = 1"] {
            let session = store.write().unwrap();
            session.transaction.execute(change, []).unwrap();
            for error in [session.members(GROUP).err(), session.visit_members(&ids, |_, _| ()).err()] {
                let words = error.expect(change).to_string();
                assert!(words.contains("a group has not as many members as it should have"), "{words}");
            }
        }
    }

    #[test]
    fn damage_is_told_in_plain_words() {
        let (_folder, mut store) = store();
        let ids = store.read().unwrap().ids().unwrap();
        for change in [
            "UPDATE member_set SET members = x'00'",
            "UPDATE member_group SET ordinal = 5000000000 WHERE id = 'all'",
            "UPDATE member_group SET next_change = 'soon'",
        ] {
            let session = store.write().unwrap();
            let change = format!("PRAGMA defer_foreign_keys = on; {change}");
            session.transaction.execute_batch(&change).unwrap();
            let errors = [
                session.group_heads().err(),
                session.members(GROUP).err(),
                session.visit_members(&ids, |_, _| ()).err(),
            ];
            let words: Vec<String> = errors.iter().flatten().map(ToString::to_string).collect();
            assert!(!words.is_empty(), "{change}");
            for words in words {
                assert!(
                    words.contains("the state file is damaged: a value is not what it can be"),
                    "{words}"
                );
            }
        }
    }
}
