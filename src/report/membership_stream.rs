//! Memberships group by group, sorted and formatted piece by piece: a first run and a state may have tens of
//! millions.

use std::io;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::member_order::MemberOrder;
use crate::base::limits::{DELTA_BATCH_MAX_ROWS, DELTA_PIECE_MAX_ROWS};
use crate::membership::roster::Ordinal;

/// Who is in a group or has come to it, and who has gone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupMemberships {
    /// The group's id.
    pub group: String,
    /// The ordinals of those who are there.
    pub added: RoaringBitmap,
    /// The ordinals of those who are there no more.
    pub removed: RoaringBitmap,
}

/// Gives the memberships of one group after the other, in the order in which they are to be written;
/// nothing when there are no more.
pub type NextGroup<'a> = &'a mut dyn FnMut() -> io::Result<Option<GroupMemberships>>;

/// A group with rows to write.
pub(super) trait GroupRows: Sync {
    /// The group's id.
    fn group(&self) -> &str;
    /// How many rows there are.
    fn count(&self) -> u64;
    /// The places of those who are there or have come, and of those who have gone.
    fn places(&self, order: &MemberOrder) -> [Vec<u32>; 2];
}

impl GroupRows for GroupMemberships {
    fn group(&self) -> &str {
        &self.group
    }

    fn count(&self) -> u64 {
        self.added.len() + self.removed.len()
    }

    fn places(&self, order: &MemberOrder) -> [Vec<u32>; 2] {
        [&self.added, &self.removed].map(|members| order.places(members))
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

/// Rows of one group that follow each other.
pub(super) struct Piece<'a> {
    /// The group's id.
    pub(super) group: &'a str,
    order: &'a MemberOrder,
    /// The places of the members, ascending.
    rows: Vec<(u32, Change)>,
}

/// A member and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    pub(super) member: Ordinal,
    /// The member's id as the format has it.
    pub(super) text: &'a [u8],
    pub(super) change: Change,
}

impl<'a> Piece<'a> {
    /// The rows, sorted by the id of the member.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = Row<'a>> {
        let order = self.order;
        self.rows.iter().map(|&(place, change)| Row {
            member: order.member(place),
            text: order.spelled(place),
            change,
        })
    }
}

/// Takes all of `groups`, has `form` make something of each piece, in parallel, and gives that to `write` in
/// the same order. Never more than some groups and pieces are in memory; `write` deals with some pieces
/// while the next ones are formed.
pub(super) fn stream<G: GroupRows, T: Send>(
    order: &MemberOrder,
    mut groups: impl Iterator<Item = io::Result<G>>,
    form: impl Fn(&Piece<'_>) -> T + Sync,
    mut write: impl FnMut(Vec<T>) -> io::Result<()> + Send,
) -> io::Result<()> {
    let mut formed = Vec::new();
    loop {
        let groups = batch(&mut groups)?;
        if groups.is_empty() {
            return write(formed);
        }
        let pieces: Vec<Piece<'_>> = groups.par_iter().flat_map_iter(|group| pieces(group, order)).collect();
        for pieces in pieces.chunks(DELTA_BATCH_MAX_ROWS / DELTA_PIECE_MAX_ROWS) {
            let ready = std::mem::take(&mut formed);
            let form = || pieces.par_iter().map(&form).collect();
            let (written, ahead) = rayon::join(|| write(ready), form);
            written?;
            formed = ahead;
        }
    }
}

/// The next groups: some small ones together, or a large one.
fn batch<G: GroupRows>(left: &mut impl Iterator<Item = io::Result<G>>) -> io::Result<Vec<G>> {
    let mut groups = Vec::new();
    let mut rows = 0;
    while rows < DELTA_BATCH_MAX_ROWS as u64 {
        let Some(group) = left.next().transpose()? else { break };
        // A group without rows counts too: there may be many.
        rows += group.count() + 1;
        groups.push(group);
    }
    Ok(groups)
}

fn pieces<'a>(group: &'a impl GroupRows, order: &'a MemberOrder) -> Vec<Piece<'a>> {
    let [added, removed] = group.places(order);
    let mut rows: Vec<(u32, Change)> = added.into_iter().map(|place| (place, Change::Added)).collect();
    if !removed.is_empty() {
        rows.extend(removed.into_iter().map(|place| (place, Change::Removed)));
        // A stable sort merges what is sorted.
        rows.sort();
    }
    let piece = |rows: &[(u32, Change)]| Piece { group: group.group(), order, rows: rows.to_vec() };
    rows.chunks(DELTA_PIECE_MAX_ROWS).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::roster::{Roster, RowIds};

    #[test]
    fn large_groups_are_cut_and_small_ones_put_together() {
        let most = u32::try_from(DELTA_BATCH_MAX_ROWS).unwrap();
        let group = |added: std::ops::Range<u32>, removed: std::ops::Range<u32>| {
            let (added, removed) = (added.collect(), removed.collect());
            Ok(GroupMemberships { added, removed, ..GroupMemberships::default() })
        };
        let groups = [group(0..most, 0..0), group(0..1, 1..2), group(0..0, 0..most * 3), group(0..0, 0..0)];
        let mut left = groups.into_iter();
        let sizes: Vec<usize> = std::iter::repeat_with(|| batch(&mut left).unwrap().len()).take(4).collect();
        assert_eq!(sizes, [1, 2, 1, 0]);

        let piece = u32::try_from(DELTA_PIECE_MAX_ROWS).unwrap();
        let ids: Vec<String> = (0..=piece).map(|member| format!("u{member:06}")).collect();
        let roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        let order = MemberOrder::new(&roster, |_, _| ());
        let mut sizes = Vec::new();
        let sized = |lengths: Vec<usize>| {
            sizes.extend(lengths);
            Ok(())
        };
        stream(&order, std::iter::once(group(0..piece + 1, 0..0)), |piece| piece.rows().len(), sized)
            .unwrap();
        assert_eq!(sizes, [DELTA_PIECE_MAX_ROWS, 1]);
    }
}
