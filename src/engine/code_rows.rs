//! The rows of a block sorted by what they hold in a dictionary column.

use std::ops::Range;

use super::decided::Ranked;
use super::selection::BLOCK_ROWS;

/// The rows of a block, those of each rank one after the other and ascending.
#[derive(Debug)]
pub(super) struct CodeRows {
    rows: Box<[u16; BLOCK_ROWS]>,
    /// Where the rows of each rank end.
    ends: Vec<u32>,
}

impl Default for CodeRows {
    fn default() -> Self {
        Self { rows: zeroes(), ends: Vec::new() }
    }
}

/// Room for the rows of one block with their ranks in the upper half.
pub(super) type RankRoom = Box<[u32; BLOCK_ROWS]>;

/// Room with nothing in it.
pub(super) fn room() -> RankRoom {
    zeroes()
}

#[expect(clippy::unnecessary_box_returns, reason = "a stack has no room for such an array")]
fn zeroes<T: Copy + Default>() -> Box<[T; BLOCK_ROWS]> {
    let zeroes = vec![T::default(); BLOCK_ROWS].into_boxed_slice();
    // INVARIANT: the length is that of the array.
    zeroes.try_into().unwrap_or_else(|_| Box::new([T::default(); BLOCK_ROWS]))
}

impl CodeRows {
    /// Sorts the rows with these codes, by counting. Rows of rank 0 are left out.
    pub(super) fn sort(&mut self, codes: &[u32], ranked: &Ranked, room: &mut RankRoom) {
        let ends = &mut self.ends;
        ends.clear();
        ends.resize(ranked.ranks, 0);
        let rank_of = ranked.rank_of.as_slice();
        let mut kept = 0_usize;
        for (row, &code) in (0_u32..).zip(codes) {
            let rank = rank_of.get(code as usize).copied().unwrap_or(0);
            // Written always and kept only if it counts: whether it does is hard to foresee. The mask
            // changes nothing and spares a check.
            if let Some(place) = room.get_mut(kept % BLOCK_ROWS) {
                *place = (u32::from(rank) << 16) | row;
            }
            kept += usize::from(rank != 0);
            if let Some(count) = ends.get_mut(usize::from(rank)) {
                *count += 1;
            }
        }
        if let Some(left_out) = ends.first_mut() {
            *left_out = 0;
        }
        let mut sum = 0;
        for end in ends.iter_mut() {
            sum += std::mem::replace(end, sum);
        }
        // Each entry now is where the next row of its rank goes, and in the end where the rank ends.
        for &entry in room.iter().take(kept) {
            let [row_low, row_high, rank_low, rank_high] = entry.to_le_bytes();
            let rank = u16::from_le_bytes([rank_low, rank_high]);
            if let Some(next) = ends.get_mut(usize::from(rank)) {
                if let Some(place) = self.rows.get_mut(*next as usize % BLOCK_ROWS) {
                    *place = u16::from_le_bytes([row_low, row_high]);
                }
                *next += 1;
            }
        }
    }

    /// Where the rows of a rank stand.
    pub(super) fn run(&self, rank: u16) -> Range<usize> {
        let end = |rank: u16| self.ends.get(usize::from(rank)).map_or(0, |&end| end as usize);
        rank.checked_sub(1).map_or(0, end)..end(rank)
    }

    /// The rows that stand in a range.
    pub(super) fn rows(&self, range: Range<usize>) -> &[u16] {
        self.rows.get(range).unwrap_or_default()
    }
}
