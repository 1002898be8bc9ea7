//! Who came and who went, group by group, without holding a line for each: a first run has tens of
//! millions.

use std::io;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::recompute::GroupReport;
use crate::base::limits::{DELTA_BATCH_MAX_ROWS, DELTA_PIECE_MAX_ROWS};
use crate::membership::delta::Delta;
use crate::membership::roster::{Ordinal, Roster};
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

/// Changes of one group that follow each other.
pub(super) struct Piece<'a> {
    /// The group's id.
    pub(super) group: &'a str,
    order: &'a MemberOrder,
    /// The places of the members, ascending.
    rows: Vec<(u32, Change)>,
}

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) member: Ordinal,
    /// The member's id as the format has it.
    pub(super) text: &'a [u8],
    pub(super) change: Change,
}

impl<'a> Piece<'a> {
    /// The changes, sorted by the id of the member.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'a>> {
        let order = self.order;
        self.rows.iter().map(|&(rank, change)| Row {
            member: order.member(rank),
            text: order.text(rank),
            change,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    Added,
    Removed,
}

impl Change {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

impl Changes {
    /// Gives all changes of `groups`, by group as they come and then by the id of the member, to `form`,
    /// and what that makes of them to `write`, in the same order. `spell` writes an id as the format has
    /// it; each is spelled once.
    ///
    /// `form` runs in parallel on some pieces, while `write` deals with those before.
    pub(super) fn stream<T: Send>(
        &self,
        groups: &[GroupReport],
        spell: impl FnMut(&str, &mut Vec<u8>),
        form: impl Fn(&Piece<'_>) -> T + Sync,
        mut write: impl FnMut(Vec<T>) -> io::Result<()> + Send,
    ) -> io::Result<()> {
        let order = MemberOrder::new(&self.roster, spell);
        let mut formed = Vec::new();
        let mut rest = groups;
        while let Some((batch, after)) = next_batch(rest) {
            rest = after;
            let pieces: Vec<Piece<'_>> =
                batch.par_iter().flat_map_iter(|group| self.pieces(group, &order)).collect();
            for pieces in pieces.chunks(DELTA_BATCH_MAX_ROWS / DELTA_PIECE_MAX_ROWS) {
                let ready = std::mem::take(&mut formed);
                let form = || pieces.par_iter().map(&form).collect();
                let (written, next) = rayon::join(|| write(ready), form);
                written?;
                formed = next;
            }
        }
        write(formed)
    }

    fn pieces<'a>(&self, group: &'a GroupReport, order: &'a MemberOrder) -> Vec<Piece<'a>> {
        let nobody = RoaringBitmap::new();
        let before = self.before.members(group.group).unwrap_or(&nobody);
        let delta = Delta::between(before, self.after.members(group.group).unwrap_or(&nobody));
        let rows = merged(order.sorted(&delta.added), order.sorted(&delta.removed));
        let piece = |rows: &[(u32, Change)]| Piece { group: &group.id, order, rows: rows.to_vec() };
        rows.chunks(DELTA_PIECE_MAX_ROWS).map(piece).collect()
    }
}

/// The next groups: some small ones together, or a large one.
fn next_batch(groups: &[GroupReport]) -> Option<(&[GroupReport], &[GroupReport])> {
    let mut rows = 0;
    let mut count = 0;
    for group in groups {
        rows += group.added + group.removed;
        count += 1;
        if rows >= DELTA_BATCH_MAX_ROWS as u64 {
            break;
        }
    }
    (count > 0).then(|| groups.split_at(count))
}

/// Two ascending lists without a common number as one.
fn merged(added: Vec<u32>, removed: Vec<u32>) -> Vec<(u32, Change)> {
    let mut rows: Vec<(u32, Change)> = added.into_iter().map(|rank| (rank, Change::Added)).collect();
    if !removed.is_empty() {
        rows.extend(removed.into_iter().map(|rank| (rank, Change::Removed)));
        // A stable sort merges what is sorted.
        rows.sort();
    }
    rows
}

/// The order of all members by id, byte for byte.
struct MemberOrder {
    /// By ordinal: the place among all.
    ranks: Vec<u32>,
    /// By place: the ordinal.
    members: Vec<Ordinal>,
    /// By place: where the text of the id ends. The texts stand side by side because they are read side
    /// by side, many times.
    ends: Vec<usize>,
    texts: Vec<u8>,
}

/// Lists that are longer than this share of all members are sorted by marking each.
const MARKED_SHARE: usize = 64;

impl MemberOrder {
    fn new(roster: &Roster, mut spell: impl FnMut(&str, &mut Vec<u8>)) -> Self {
        // The first bytes decide most comparisons, and stand beside each other in memory.
        let ordinals: Vec<Ordinal> = roster.register().ordinals().collect();
        let mut keyed: Vec<(u64, Ordinal)> =
            ordinals.into_par_iter().map(|member| (first_bytes(roster.id(member)), member)).collect();
        keyed.par_sort_unstable_by(|(key, member), (other_key, other)| {
            key.cmp(other_key).then_with(|| roster.id(*member).cmp(roster.id(*other)))
        });
        let members: Vec<Ordinal> = keyed.into_iter().map(|(_, member)| member).collect();
        let mut ranks = vec![0; roster.register().ordinals_end() as usize];
        for (rank, &member) in (0..).zip(&members) {
            if let Some(home) = ranks.get_mut(member as usize) {
                *home = rank;
            }
        }
        let mut texts = Vec::new();
        let ends = members
            .iter()
            .map(|&member| {
                spell(roster.id(member), &mut texts);
                texts.len()
            })
            .collect();
        Self { ranks, members, ends, texts }
    }

    fn text(&self, rank: u32) -> &[u8] {
        let rank = rank as usize;
        let start = rank.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        let end = self.ends.get(rank).copied().unwrap_or(start);
        self.texts.get(start..end).unwrap_or_default()
    }

    fn member(&self, rank: u32) -> Ordinal {
        self.members.get(rank as usize).copied().unwrap_or_default()
    }

    /// The places of some members, ascending.
    fn sorted(&self, members: &RoaringBitmap) -> Vec<u32> {
        let ranks = members.iter().filter_map(|member| self.ranks.get(member as usize).copied());
        let count = usize::try_from(members.len()).unwrap_or(usize::MAX);
        if count < self.members.len() / MARKED_SHARE {
            let mut sorted: Vec<u32> = ranks.collect();
            sorted.sort_unstable();
            return sorted;
        }
        let mut marks = vec![0_u64; self.members.len().div_ceil(64)];
        for rank in ranks {
            if let Some(word) = marks.get_mut(rank as usize / 64) {
                *word |= 1 << (rank % 64);
            }
        }
        let mut sorted = Vec::with_capacity(count);
        for (first, &word) in (0..).step_by(64).zip(&marks) {
            let mut left = word;
            while left != 0 {
                sorted.push(first + left.trailing_zeros());
                left &= left - 1;
            }
        }
        sorted
    }
}

fn first_bytes(id: &str) -> u64 {
    let mut bytes = [0; 8];
    for (home, byte) in bytes.iter_mut().zip(id.bytes()) {
        *home = byte;
    }
    u64::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::membership::recompute::Status;
    use crate::membership::roster::RowIds;

    fn plainly(id: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(id.as_bytes());
    }

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
            changes.stream(
                &reports,
                plainly,
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

    #[test]
    fn long_lists_and_short_ones_sort_alike() {
        let ids: Vec<String> =
            (0..5_000_u32).map(|at| format!("{:08x}", at.wrapping_mul(2_654_435_761))).collect();
        let roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        let order = MemberOrder::new(&roster, plainly);
        for step in [1, 3, 70, 100, 4_000] {
            let members: RoaringBitmap = (0..5_000).step_by(step).collect();
            let sorted: Vec<&str> =
                order.sorted(&members).into_iter().map(|rank| roster.id(order.member(rank))).collect();
            let mut expected: Vec<&str> = members.iter().map(|member| roster.id(member)).collect();
            expected.sort_unstable();
            assert_eq!(sorted, expected, "every {step}");
        }
    }

    #[test]
    fn large_groups_are_cut_and_small_ones_put_together() {
        let most = DELTA_BATCH_MAX_ROWS as u64;
        let groups = [
            report("a", 0, most, 0),
            report("b", 1, 1, 1),
            report("c", 2, 0, most * 3),
            report("d", 3, 0, 0),
        ];
        let sizes: Vec<usize> = std::iter::successors(next_batch(&groups), |(_, rest)| next_batch(rest))
            .map(|(batch, _)| batch.len())
            .collect();
        assert_eq!(sizes, [1, 2, 1]);

        let members: RoaringBitmap = (0..=u32::try_from(DELTA_PIECE_MAX_ROWS).unwrap()).collect();
        let ids: Vec<String> = members.iter().map(|member| format!("u{member:06}")).collect();
        let roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        let mut after = Snapshot::default();
        let group = roster.register().ordinals_end();
        after.replace(group, members.clone());
        let group = report("g", group, members.len(), 0);
        let changes = Changes { before: Snapshot::default(), after, deleted: RoaringBitmap::new(), roster };
        let mut sizes = Vec::new();
        let sized = |lengths: Vec<usize>| {
            sizes.extend(lengths);
            Ok(())
        };
        changes.stream(&[group], plainly, |piece| piece.rows().len(), sized).unwrap();
        assert_eq!(sizes, [DELTA_PIECE_MAX_ROWS, 1]);
    }
}
