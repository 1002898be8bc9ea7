//! Looking back: single runs, how much they changed, and who was a member after them.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;
use rusqlite::{OptionalExtension, Row};

use super::bitmap::set_of;
use super::ids::StoredIds;
use super::runs::{COLUMNS, record};
use super::{RunRecord, Session, StoreError, StoredDelta};
use crate::membership::roster::Ordinal;

/// How much changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    /// How many memberships began.
    pub added: u64,
    /// How many ended.
    pub removed: u64,
}

/// How much a run changed one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaHead {
    /// The group.
    pub ordinal: Ordinal,
    /// Why, in the words of [`StoredDelta::cause`].
    pub cause: String,
    /// How much.
    pub counts: ChangeCounts,
}

/// Which run is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunChoice {
    /// The one so many before the last one; 0 is the last one.
    Last(u64),
    /// The one with this number.
    Number(i64),
    /// The one with this id.
    Id(String),
}

impl Session<'_> {
    /// One run, if it is there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn run(&self, choice: &RunChoice) -> Result<Option<RunRecord>, StoreError> {
        let row = |clause: &str, value: &dyn rusqlite::ToSql| {
            let sql = format!("SELECT {COLUMNS} FROM run {clause}");
            self.at(self.transaction.query_row(&sql, [value], record).optional())
        };
        match choice {
            RunChoice::Last(back) => {
                row("ORDER BY run DESC LIMIT 1 OFFSET ?1", &i64::try_from(*back).unwrap_or(i64::MAX))
            }
            RunChoice::Number(number) => row("WHERE run = ?1", number),
            RunChoice::Id(id) => row("WHERE id = ?1", id),
        }
    }

    /// The last runs, newest first: at most `limit`, and of these only such as changed the members of
    /// `group` or have an event about it.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn latest_runs(
        &self,
        limit: u64,
        group: Option<(Ordinal, &str)>,
    ) -> Result<Vec<RunRecord>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT {COLUMNS} FROM run
             WHERE ?1 IS NULL OR run IN (
                 SELECT run FROM delta WHERE ordinal = ?1
                 UNION SELECT run FROM audit WHERE lower(json_extract(target, '$.groupId')) = lower(?2))
             ORDER BY run DESC LIMIT ?3"
        );
        self.at((|| {
            let values = (group.map(|(ordinal, _)| ordinal), group.map(|(_, id)| id), limit);
            self.transaction.prepare_cached(&sql)?.query_map(values, record)?.collect()
        })())
    }

    /// How much each run from number `first` on changed, in all groups or in one; runs that changed nothing
    /// are left out.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn change_counts(
        &self,
        first: i64,
        group: Option<Ordinal>,
    ) -> Result<BTreeMap<i64, ChangeCounts>, StoreError> {
        let sql = "SELECT run, added_count, removed_count FROM delta
                   WHERE run >= ?1 AND (?2 IS NULL OR ordinal = ?2)";
        self.at((|| {
            let mut found: BTreeMap<i64, ChangeCounts> = BTreeMap::new();
            let mut statement = self.transaction.prepare_cached(sql)?;
            let mut rows = statement.query((first, group))?;
            while let Some(row) = rows.next()? {
                let sum = found.entry(row.get(0)?).or_default();
                let ChangeCounts { added, removed } = counts(row, 1)?;
                sum.added = sum.added.saturating_add(added);
                sum.removed = sum.removed.saturating_add(removed);
            }
            Ok(found)
        })())
    }

    /// How much a run changed each group, sorted by the ordinal of the group.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn delta_heads(&self, run: i64) -> Result<Vec<DeltaHead>, StoreError> {
        let sql = "SELECT ordinal, cause, added_count, removed_count FROM delta
                   WHERE run = ?1 ORDER BY ordinal";
        self.at((|| {
            let head = |row: &Row<'_>| {
                Ok(DeltaHead { ordinal: row.get(0)?, cause: row.get(1)?, counts: counts(row, 2)? })
            };
            self.transaction.prepare_cached(sql)?.query_map([run], head)?.collect()
        })())
    }

    /// How a run changed one group, if it did.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn delta(&self, run: i64, group: Ordinal) -> Result<Option<StoredDelta>, StoreError> {
        let sql = "SELECT ordinal, cause, added, removed FROM delta WHERE run = ?1 AND ordinal = ?2";
        self.at((|| self.transaction.prepare_cached(sql)?.query_row((run, group), delta).optional())())
    }

    /// Whether any run changed the members of `group`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn has_changed(&self, group: Ordinal) -> Result<bool, StoreError> {
        self.at((|| {
            self.transaction.prepare_cached("SELECT 1 FROM delta WHERE ordinal = ?1")?.exists([group])
        })())
    }

    /// The members of a group after a run: those of today, less what later runs did. Nobody in a group that
    /// the file does not know.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or speaks of members that it has no id of.
    pub fn members_after(
        &self,
        group: Ordinal,
        run: i64,
        ids: &StoredIds,
    ) -> Result<RoaringBitmap, StoreError> {
        let mut members = self.settled(ids, self.members(group)?.unwrap_or_default())?;
        let sql = "SELECT ordinal, cause, added, removed FROM delta
                   WHERE ordinal = ?1 AND run > ?2 ORDER BY run DESC";
        let later: Vec<StoredDelta> =
            self.at((|| self.transaction.prepare_cached(sql)?.query_map((group, run), delta)?.collect())())?;
        for StoredDelta { added, removed, .. } in later {
            members -= self.settled(ids, added)?;
            members |= self.settled(ids, removed)?;
        }
        Ok(members)
    }
}

/// Two columns from `first` on.
fn counts(row: &Row<'_>, first: usize) -> rusqlite::Result<ChangeCounts> {
    let count = |column| {
        let stored: i64 = row.get(column)?;
        u64::try_from(stored).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, stored))
    };
    Ok(ChangeCounts { added: count(first)?, removed: count(first + 1)? })
}

fn delta(row: &Row<'_>) -> rusqlite::Result<StoredDelta> {
    Ok(StoredDelta {
        ordinal: row.get(0)?,
        cause: row.get(1)?,
        added: set_of(row.get_ref(2)?.as_blob()?)?,
        removed: set_of(row.get_ref(3)?.as_blob()?)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::samples::{DEVICE, GROUP, delta, run, store};

    #[test]
    fn runs_are_found_by_number_id_and_place() {
        let (_folder, mut store) = store();
        let session = store.read().unwrap();
        let number = |choice: RunChoice| session.run(&choice).unwrap().map(|run| run.run);
        assert_eq!(
            [0, 2, 3, u64::MAX].map(|back| number(RunChoice::Last(back))),
            [Some(3), Some(1), None, None]
        );
        assert_eq!([2, 4].map(|run| number(RunChoice::Number(run))), [Some(2), None]);
        assert_eq!(number(RunChoice::Id("run-2".to_owned())), Some(2));
        assert_eq!(number(RunChoice::Id("RUN-2".to_owned())), None);
    }

    #[test]
    fn runs_are_narrowed_to_those_that_touched_a_group() {
        let (_folder, mut store) = store();
        let session = store.write().unwrap();
        let numbers = |limit, group| {
            session.latest_runs(limit, group).unwrap().iter().map(|run| run.run).collect::<Vec<_>>()
        };
        assert_eq!((numbers(2, None), numbers(9, None)), (vec![3, 2], vec![3, 2, 1]));
        assert_eq!(numbers(9, Some((GROUP, "SALES"))), [2, 1]);
        assert_eq!(numbers(1, Some((GROUP + 2, "old"))), [3]);
        assert_eq!(numbers(9, Some((GROUP + 1, "all"))), [0_i64; 0]);
        assert_eq!(numbers(9, Some((GROUP + 1, "sales"))), [2], "the rule changed");
        let counts = |group| session.change_counts(2, group).unwrap();
        let (one, none) = (1, 0);
        let moved = ChangeCounts { added: one, removed: one };
        let left = ChangeCounts { added: none, removed: one };
        assert_eq!(counts(None), [(2, moved), (3, left)].into());
        assert_eq!(counts(Some(GROUP)), [(2, moved)].into());
        assert_eq!(session.delta(2, GROUP).unwrap(), Some(delta(GROUP, &[2], &[0])));
        assert_eq!(session.delta(2, GROUP + 1).unwrap(), None);
        assert!(session.has_changed(GROUP + 2).unwrap() && !session.has_changed(GROUP + 1).unwrap());
        assert_eq!(session.delta_heads(1).unwrap().len(), 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_members_after_every_run_are_what_they_were(
            states in prop::collection::vec(prop::collection::btree_set(0_u32..3, 0..4), 1..8),
        ) {
            let (_folder, mut store) = store();
            let session = store.write().unwrap();
            let ids = session.ids().unwrap();
            let mut group = session.groups().unwrap().remove(0);
            let mut expected = vec![(3, group.members.clone())];
            for state in states {
                let members: RoaringBitmap = state.into_iter().collect();
                let (added, removed) = (&members - &group.members, &group.members - &members);
                let id = format!("run-{}", session.next_run().unwrap());
                let change = StoredDelta { added, removed, ..delta(GROUP, &[], &[]) };
                let changes = if group.members == members { Vec::new() } else { vec![change] };
                let run = session.add_run(&run(&id), &changes, &[], &[]).unwrap();
                group.members.clone_from(&members);
                (group.head.updated_run, group.head.changed_run) = (run, Some(run));
                session.set_groups(std::slice::from_ref(&group), &RoaringBitmap::new()).unwrap();
                expected.push((run, members));
            }
            for (run, members) in expected {
                prop_assert_eq!(session.members_after(GROUP, run, &ids).unwrap(), members);
            }
            prop_assert_eq!(session.first_unfit_run().unwrap(), None);
        }
    }

    #[test]
    fn later_runs_are_taken_back_one_after_the_other() {
        let (_folder, mut store) = store();
        let session = store.write().unwrap();
        session.add_run(&run("run-4"), &[delta(GROUP, &[0, DEVICE], &[2])], &[], &[]).unwrap();
        session.transaction.execute("UPDATE member_set SET members = (SELECT added FROM delta WHERE run = 4) WHERE ordinal = 131072", []).unwrap();
        let ids = session.ids().unwrap();
        let after =
            |group, run| session.members_after(group, run, &ids).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(after(GROUP, 4), [0, DEVICE]);
        assert_eq!(after(GROUP, 3), [2]);
        assert_eq!(after(GROUP, 1), [0]);
        assert_eq!(after(GROUP + 2, 2), [2], "a group that is deleted now");
        assert!(after(GROUP + 2, 3).is_empty() && after(9, 0).is_empty());
        session.add_run(&run("run-5"), &[delta(GROUP, &[], &[77])], &[], &[]).unwrap();
        let error = session.members_after(GROUP, 4, &ids).unwrap_err().to_string();
        assert!(error.contains("damaged: there are members without an id"), "{error}");
    }
}
