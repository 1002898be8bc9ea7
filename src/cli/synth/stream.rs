//! Rows in blocks: made and encoded by all threads, written in their order, never all at once.

use std::ops::Range;

use indicatif::ProgressBar;
use rayon::prelude::*;

use super::super::failure::Failure;
use super::row::{Row, Table};

/// Rows that one thread makes at a time.
pub(super) const BLOCK_ROWS: u64 = 1_024;

/// Blocks in memory at a time, at least and at most: they bound the memory whatever the machine.
const WAVE_MIN_BLOCKS: usize = 8;
const WAVE_MAX_BLOCKS: usize = 64;

/// Takes all rows of a table through `encode` and `write`, and moves the bar.
///
/// While one wave of blocks is written, the next one is made. Which blocks there are depends on the
/// number of rows only, and `write` sees them in their order.
pub(super) fn stream<P: Send>(
    table: &Table<'_>,
    bar: &ProgressBar,
    encode: impl Fn(&[Row<'_>]) -> Result<P, Failure> + Sync,
    mut write: impl FnMut(Vec<P>) -> Result<(), Failure> + Send,
) -> Result<(), Failure> {
    let make = |block: Range<u64>| -> Result<P, Failure> {
        let rows: Vec<Row<'_>> = block.map(|index| (table.row)(index)).collect();
        encode(&rows)
    };
    let wave_blocks = (4 * rayon::current_num_threads()).clamp(WAVE_MIN_BLOCKS, WAVE_MAX_BLOCKS) as u64;
    let mut waiting: Vec<P> = Vec::new();
    let mut next = 0;
    while next < table.rows || !waiting.is_empty() {
        let end = next.saturating_add(wave_blocks * BLOCK_ROWS).min(table.rows);
        let blocks: Vec<Range<u64>> = blocks(next..end).collect();
        let ready = std::mem::take(&mut waiting);
        let (written, encoded) = rayon::join(
            || write(ready),
            || blocks.into_par_iter().map(make).collect::<Result<Vec<P>, Failure>>(),
        );
        written?;
        waiting = encoded?;
        bar.inc(end - next);
        next = end;
    }
    Ok(())
}

fn blocks(rows: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let Range { mut start, end } = rows;
    std::iter::from_fn(move || {
        let block = start..start.saturating_add(BLOCK_ROWS).min(end);
        start = block.end;
        (!block.is_empty()).then_some(block)
    })
}

#[cfg(test)]
mod tests {
    use super::super::row::Cell;
    use super::*;

    /// A table whose rows hold their own number.
    fn numbered(rows: u64) -> Table<'static> {
        let row = |index: u64| vec![Cell::Text(index.to_string().into())];
        Table { columns: Vec::new(), rows, row: Box::new(row) }
    }

    fn number(row: &Row<'_>) -> u64 {
        row[0].as_text().unwrap().parse().unwrap()
    }

    #[test]
    fn rows_arrive_once_and_in_order() {
        for rows in [0, 1, BLOCK_ROWS, BLOCK_ROWS * 8, BLOCK_ROWS * 8 + 1, BLOCK_ROWS * 20 + 7] {
            let mut seen = Vec::new();
            let encode = |rows: &[Row<'_>]| Ok(rows.iter().map(number).collect::<Vec<_>>());
            let write = |parts: Vec<Vec<u64>>| {
                assert!(parts.len() <= WAVE_MAX_BLOCKS);
                seen.extend(parts.concat());
                Ok(())
            };
            stream(&numbered(rows), &ProgressBar::hidden(), encode, write).unwrap();
            assert_eq!(seen, (0..rows).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_ends_it() {
        let mut written = 0;
        let encode = |rows: &[Row<'_>]| match number(&rows[0]) {
            0 => Ok(()),
            _ => Err(Failure::new("broken")),
        };
        let write = |parts: Vec<()>| {
            written += parts.len();
            Ok(())
        };
        let result = stream(&numbered(BLOCK_ROWS * 2), &ProgressBar::hidden(), encode, write);
        assert!(format!("{result:?}").contains("broken"));
        assert_eq!(written, 0);
        let full = |_: Vec<()>| Err(Failure::new("full"));
        let result = stream(&numbered(5), &ProgressBar::hidden(), |_| Ok(()), full);
        assert!(format!("{result:?}").contains("full"));
    }
}
