//! Who came and who went, group by group, without holding a line for each: a first run has tens of
//! millions.

use std::io;

use roaring::RoaringBitmap;

use super::member_order::MemberOrder;
use super::membership_stream::GroupRows;
use super::recompute::GroupReport;
use crate::membership::delta::Delta;
use crate::membership::roster::Roster;
use crate::membership::snapshot::Snapshot;

/// The members of all groups before and after a run.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The members before.
    pub before: Snapshot,
    /// The members after.
    pub after: Snapshot,
    /// Users and devices that were deleted and so left all groups.
    pub deleted: RoaringBitmap,
    /// The ids behind the ordinals.
    pub roster: Roster,
}

/// One group of them, which is compared when its rows are wanted.
pub(super) struct ChangedGroup<'a> {
    report: &'a GroupReport,
    changes: &'a Changes,
}

impl Changes {
    /// The changes of `groups`, in their order.
    pub(super) fn of<'a>(
        &'a self,
        groups: &'a [GroupReport],
    ) -> impl Iterator<Item = io::Result<ChangedGroup<'a>>> {
        groups.iter().map(|report| Ok(ChangedGroup { report, changes: self }))
    }
}

impl GroupRows for ChangedGroup<'_> {
    fn group(&self) -> &str {
        &self.report.id
    }

    fn count(&self) -> u64 {
        self.report.added + self.report.removed
    }

    fn places(&self, order: &MemberOrder) -> [Vec<u32>; 2] {
        let nobody = RoaringBitmap::new();
        let [before, after] = [&self.changes.before, &self.changes.after]
            .map(|members| members.members(self.report.group).unwrap_or(&nobody));
        let Delta { added, removed } = Delta::between(before, after);
        [order.places(&added), order.places(&removed)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::membership::recompute::Status;
    use crate::membership::roster::{Ordinal, RowIds};
    use crate::report::membership_stream::{Row, stream};

    fn report(id: &str, group: Ordinal, added: u64, removed: u64) -> GroupReport {
        let (display_name, error) = (None, None);
        GroupReport {
            id: id.into(),
            group,
            display_name,
            status: Status::Succeeded,
            cause: "membershipRule",
            members: 0,
            added,
            removed,
            error,
        }
    }

    proptest! {
        #[test]
        fn changes_are_sorted_by_the_bytes_of_the_ids(
            ids in prop::collection::btree_set("[a-cA-Z]{0,2}|prefix-[a-z]{0,3}|é[a-c]?", 1..120),
            groups in prop::collection::vec(prop::collection::vec((any::<bool>(), any::<bool>()), 120), 1..4),
        ) {
            let mut seen = std::collections::HashSet::new();
            let ids: Vec<&String> = ids.iter().rev().filter(|id| seen.insert(crate::base::fold::fold(id))).collect();
            let roster = Roster::new(RowIds::of(ids.iter().map(|id| id.as_str())), RowIds::of([])).unwrap();
            let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
            let (mut reports, mut expected) = (Vec::new(), Vec::new());
            for (at, members) in groups.iter().enumerate() {
                let (name, group) = (format!("g{at}"), 1_000 + u32::try_from(at).unwrap());
                let mut lines = Vec::new();
                for (member, (id, &(was, is))) in (0..).zip(ids.iter().zip(members)) {
                    if was { before.add(group, member); }
                    if is { after.add(group, member); }
                    if was != is { lines.push(format!("{id} {name} {}", if is { "added" } else { "removed" })); }
                }
                lines.sort_by(|a, b| a.split_once(" g").unwrap().0.cmp(b.split_once(" g").unwrap().0));
                let count = lines.iter().filter(|line| line.ends_with(" added")).count() as u64;
                reports.push(report(&name, group, count, lines.len() as u64 - count));
                expected.extend(lines);
            }
            let changes = Changes { before, after, deleted: RoaringBitmap::new(), roster };
            let mut found = Vec::new();
            let order = MemberOrder::new(&changes.roster, |id, out| out.extend_from_slice(id.as_bytes()));
            stream(
                &order,
                changes.of(&reports),
                |piece| {
                    let line = |row: Row<'_>| {
                        assert_eq!(row.text, changes.roster.id(row.member).as_bytes());
                        format!("{} {} {}", changes.roster.id(row.member), piece.group, row.change.word())
                    };
                    piece.rows().map(line).collect::<Vec<_>>()
                },
                |pieces| { found.extend(pieces.into_iter().flatten()); Ok(()) },
            ).unwrap();
            prop_assert_eq!(found, expected);
        }
    }
}
