//! Which id has which ordinal, and who exists.

use arrow_array::builder::StringBuilder;
use rayon::prelude::*;
use roaring::RoaringBitmap;
use rusqlite::OptionalExtension;

use super::bitmap::{bytes_of, set_of};
use super::schema::PAGE_IDS;
use super::{Session, StoreError};
use crate::membership::register::{Holder, Known, Position, Register, SEGMENT_ORDINALS};
use crate::membership::roster::{Ordinal, Roster};

impl Session<'_> {
    /// All ids with their ordinals.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or pages are missing in it.
    pub fn register(&self) -> Result<Register, StoreError> {
        let known = Holder::ALL.map(|holder| self.known(holder));
        let [users, devices, others] = known;
        Register::new([users?, devices?, others?])
            .ok_or_else(|| self.damaged("its ids contradict each other"))
    }

    fn known(&self, holder: Holder) -> Result<Known, StoreError> {
        let sql = "SELECT ordinal, ids FROM id_page WHERE holder = ?1 ORDER BY ordinal";
        let pages: Vec<(u32, String)> = self.at((|| {
            let mut statement = self.transaction.prepare_cached(sql)?;
            let pages = statement.query_map([holder.word()], |row| Ok((row.get(0)?, row.get(1)?)))?;
            pages.collect()
        })())?;
        let ids: Option<Vec<Vec<String>>> =
            pages.par_iter().map(|(_, ids)| serde_json::from_str(ids).ok()).collect();
        let ids = ids.ok_or_else(|| self.damaged("a page of ids is no list of texts"))?;
        let mut segments: Vec<u32> = Vec::new();
        let mut all = StringBuilder::with_capacity(ids.iter().map(Vec::len).sum(), 0);
        let mut expected = None;
        for ((first, _), ids) in pages.iter().zip(&ids) {
            let (segment, place) = (first / SEGMENT_ORDINALS, first % SEGMENT_ORDINALS);
            // Pages follow each other within a segment; a new segment begins when the last one is full.
            let fits = match (place, expected) {
                (0, None | Some(0)) => true,
                (place, Some(expected)) => place == expected && segments.last() == Some(&segment),
                (_, None) => false,
            };
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            if !fits || count == 0 || count > PAGE_IDS {
                return Err(
                    self.damaged(format!("the page of ids at {first} does not follow the one before"))
                );
            }
            if place == 0 {
                segments.push(segment);
            }
            // What is not full has no page behind it.
            let next = if count == PAGE_IDS { (place + PAGE_IDS) % SEGMENT_ORDINALS } else { u32::MAX };
            expected = Some(next);
            ids.iter().for_each(|id| all.append_value(id));
        }
        Ok(Known { segments, ids: all.finish() })
    }

    /// Adds the ids that `roster` has and its register did not know from the start.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn add_ids(&self, roster: &Roster) -> Result<(), StoreError> {
        let register = roster.register();
        for holder in Holder::ALL {
            let (known, end) = (register.known(holder), register.end(holder));
            if known == end {
                continue;
            }
            let firsts: Vec<Position> = (known - known % PAGE_IDS..end).step_by(PAGE_IDS as usize).collect();
            let pages: Vec<Option<(Ordinal, String)>> = firsts
                .into_par_iter()
                .map(|first| {
                    let ids: Vec<&str> = (first..end.min(first + PAGE_IDS))
                        .map(|position| register.ordinal(holder, position).map(|it| roster.id(it)))
                        .collect::<Option<_>>()?;
                    Some((register.ordinal(holder, first)?, serde_json::to_string(&ids).ok()?))
                })
                .collect();
            self.at((|| {
                let sql = "INSERT INTO id_page (ordinal, holder, ids) VALUES (?1, ?2, ?3)
                           ON CONFLICT (ordinal) DO UPDATE SET ids = ?3";
                let mut statement = self.transaction.prepare_cached(sql)?;
                for (ordinal, ids) in pages.into_iter().flatten() {
                    statement.execute((ordinal, holder.word(), ids))?;
                }
                Ok(())
            })())?;
        }
        Ok(())
    }

    /// The ordinals of the users or devices that exist, of others those that were deleted; none before the
    /// first run.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn present(&self, holder: Holder) -> Result<RoaringBitmap, StoreError> {
        let sql = "SELECT present FROM population WHERE holder = ?1";
        let found =
            self.transaction.query_row(sql, [holder.word()], |row| set_of(row.get_ref(0)?.as_blob()?));
        Ok(self.at(found.optional())?.unwrap_or_default())
    }

    /// Says which users or devices exist from now on.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn set_present(&self, holder: Holder, present: &RoaringBitmap) -> Result<(), StoreError> {
        let sql = "INSERT INTO population (holder, present) VALUES (?1, ?2)
                   ON CONFLICT (holder) DO UPDATE SET present = ?2";
        self.at(bytes_of(present).and_then(|bytes| self.transaction.execute(sql, (holder.word(), bytes))))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use arrow_array::StringArray;

    use super::*;
    use crate::language::attribute::Subject;
    use crate::membership::roster::RowIds;
    use crate::store::{Store, present_ids};

    /// A run over users with these ids and some groups.
    fn run(store: &mut Store, users: std::ops::Range<u32>, groups: u32) -> Roster {
        let session = store.write().unwrap();
        let mut register = session.register().unwrap();
        let ids = StringArray::from_iter_values(users.map(|number| format!("User \"{number}\"")));
        let positions = register.place(Holder::User, &ids).unwrap();
        let ordinals = positions.iter().map(|&at| register.ordinal(Holder::User, at).unwrap()).collect();
        let rows = RowIds::of(ids.iter().flatten());
        let mut roster = Roster::resume(register, (rows, ordinals), (RowIds::of([]), Vec::new()));
        for group in 0..groups {
            roster.intern(&format!("group {group}")).unwrap();
        }
        session.add_ids(&roster).unwrap();
        session.commit().unwrap();
        roster
    }

    #[test]
    fn ordinals_stay_over_runs_and_segments() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        let first = run(&mut store, 0..1_500, 3);
        let second = run(&mut store, 1_000..70_000, 5);
        let third = run(&mut store, 0..70_100, 1_030);
        for user in [0, 999, 1_000, 1_499, 1_500, 65_535, 65_536, 69_999] {
            let id = format!("user \"{user}\"");
            let known: Vec<_> =
                [&first, &second, &third].iter().filter_map(|roster| roster.find(&id)).collect();
            assert!(known.windows(2).all(|pair| pair[0] == pair[1]), "{id}: {known:?}");
            assert_eq!(third.id(known[0]), format!("User \"{user}\""));
        }
        assert_eq!(first.find("group 2"), third.find("GROUP 2"));
        let register = store.read().unwrap().register().unwrap();
        assert_eq!(register.segments(Holder::User), [0, 2]);
        assert_eq!(register.segments(Holder::Other), [1]);
        assert_eq!((register.known(Holder::User), register.known(Holder::Other)), (70_100, 1_030));
        assert_eq!(third.row_of(Subject::User, third.find("user \"70099\"").unwrap()), Some(70_099));
    }

    #[test]
    fn a_page_that_is_missing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        run(&mut store, 0..5_000, 0);
        for (change, found) in [
            ("DELETE FROM id_page WHERE ordinal = 1024", false),
            ("UPDATE id_page SET ids = '[]' WHERE ordinal = 4096", false),
            ("UPDATE id_page SET ids = 'x' WHERE ordinal = 0", false),
            ("DELETE FROM id_page WHERE ordinal = 4096", true),
        ] {
            let session = store.write().unwrap();
            session.transaction.execute(change, []).unwrap();
            assert_eq!(session.register().is_ok(), found, "{change}");
        }
    }

    #[test]
    fn who_exists_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        run(&mut store, 0..10, 0);
        let session = store.write().unwrap();
        assert!(session.present(Holder::User).unwrap().is_empty());
        let present: RoaringBitmap = [1, 3].into_iter().collect();
        session.set_present(Holder::User, &present).unwrap();
        assert_eq!(session.present(Holder::User).unwrap(), present);
        let (ids, ordinals) = present_ids(&session.register().unwrap(), Holder::User, &present);
        assert_eq!(ids, StringArray::from(vec!["User \"1\"", "User \"3\""]));
        assert_eq!(ordinals, [1, 3]);
    }
}
