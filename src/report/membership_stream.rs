//! Memberships group by group, sorted and formatted piece by piece: a state may hold tens of millions.

use std::io;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::changes::Change;
use super::member_order::MemberOrder;
use crate::base::limits::{DELTA_BATCH_MAX_ROWS, DELTA_PIECE_MAX_ROWS};

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

/// Some memberships of one group that follow each other.
pub(super) struct Piece<'a> {
    pub(super) group: &'a str,
    order: &'a MemberOrder,
    rows: Vec<(u32, Change)>,
}

impl<'a> Piece<'a> {
    /// The spelled id of each member, sorted, and what became of it.
    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = (&'a [u8], Change)> {
        let order = self.order;
        self.rows.iter().map(|&(place, change)| (order.spelled(place), change))
    }
}

/// Takes all groups from `next`, has `form` make something of each piece, in parallel, and gives that to
/// `write` in the same order. Never more than some groups and pieces are in memory.
pub(super) fn stream<T: Send>(
    order: &MemberOrder,
    next: NextGroup<'_>,
    form: impl Fn(&Piece<'_>) -> T + Sync,
    mut write: impl FnMut(Vec<T>) -> io::Result<()> + Send,
) -> io::Result<()> {
    let mut formed = Vec::new();
    loop {
        let groups = batch(next)?;
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

/// Some small groups together, or a large one.
fn batch(next: NextGroup<'_>) -> io::Result<Vec<GroupMemberships>> {
    let mut groups = Vec::new();
    let mut rows = 0;
    while rows < DELTA_BATCH_MAX_ROWS as u64 {
        let Some(group) = next()? else { break };
        // A group without members counts too: there may be many.
        rows += group.added.len() + group.removed.len() + 1;
        groups.push(group);
    }
    Ok(groups)
}

fn pieces<'a>(group: &'a GroupMemberships, order: &'a MemberOrder) -> Vec<Piece<'a>> {
    let rows = |members, change| order.places(members).into_iter().map(move |place| (place, change));
    let mut all: Vec<(u32, Change)> = rows(&group.added, Change::Added).collect();
    if !group.removed.is_empty() {
        all.extend(rows(&group.removed, Change::Removed));
        // A stable sort merges what is sorted.
        all.sort();
    }
    let piece = |rows: &[(u32, Change)]| Piece { group: &group.group, order, rows: rows.to_vec() };
    all.chunks(DELTA_PIECE_MAX_ROWS).map(piece).collect()
}
