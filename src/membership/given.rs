//! Memberships as files give them, by id, into a snapshot of ordinals.

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::roster::{Ordinal, Roster};
use super::snapshot::Snapshot;
use crate::directory::members::Members;

impl Snapshot {
    /// Sets the members of those groups that the snapshot knows. Members that `roster` does not know get
    /// an ordinal now; groups that the snapshot does not know may have been deleted, and nobody is a
    /// member of them.
    ///
    /// `None` if there are no numbers left.
    ///
    /// ```
    /// use dyngroup::directory::members::Members;
    /// use dyngroup::membership::roster::{Roster, RowIds};
    /// use dyngroup::membership::snapshot::Snapshot;
    /// let mut roster = Roster::new(RowIds::of(["ada"]), RowIds::of([])).unwrap();
    /// let (mut snapshot, sales) = (Snapshot::default(), roster.intern("sales").unwrap());
    /// snapshot.add_group(sales);
    /// let members = Members::new([("Sales", "ADA"), ("sales", "ghost"), ("elsewhere", "ada")]);
    /// snapshot.add_given(&members, &mut roster).unwrap();
    /// let ids: Vec<&str> = snapshot.members(sales).unwrap().iter().map(|it| roster.id(it)).collect();
    /// assert_eq!(ids, ["ada", "ghost"]);
    /// ```
    pub fn add_given(&mut self, members: &Members, roster: &mut Roster) -> Option<()> {
        let ids = members.ids();
        let mut ordinals: Vec<Option<Ordinal>> = ids.par_iter().map(|id| roster.find(id)).collect();
        let of_groups: Vec<(Ordinal, &[(u32, u32)])> = members
            .places()
            .chunk_by(|one, other| one.0 == other.0)
            .filter_map(|run| Some(((*ordinals.get(run.first()?.0 as usize)?)?, run)))
            .filter(|&(group, _)| self.has_group(group))
            .collect();
        for &(_, member) in of_groups.iter().flat_map(|(_, run)| *run) {
            let place = member as usize;
            if let (Some(ordinal @ None), Some(id)) = (ordinals.get_mut(place), ids.get(place)) {
                *ordinal = Some(roster.intern(id)?);
            }
        }
        let given: Vec<(Ordinal, RoaringBitmap)> = of_groups
            .into_par_iter()
            .map(|(group, run)| {
                let mut members: Vec<Ordinal> =
                    run.iter().filter_map(|&(_, member)| *ordinals.get(member as usize)?).collect();
                members.sort_unstable();
                (group, members.into_iter().collect())
            })
            .collect();
        for (group, members) in given {
            self.replace(group, members);
        }
        Some(())
    }
}
