//! Memberships from Parquet files.

use std::path::Path;

use super::layout::Layout;
use super::merge::merge;
use super::part::pieces_of;
use super::{DataFile, Plan, parquet};
use crate::directory::columns::{Column, TextColumn};
use crate::directory::error::DataErrors;
use crate::directory::shape::Shape;
use crate::language::attribute::{Attributes, Subject};

/// Reads the two texts that each row of a Parquet file has under the names of `shape`, all of which it
/// has to require.
///
/// # Errors
///
/// If the file cannot be read, has not both columns, or a text is missing.
pub(in crate::directory) fn pairs_of_parquet(
    path: &Path,
    shape: Shape<'static>,
    names: [&'static str; 2],
) -> Result<Vec<(String, String)>, DataErrors> {
    let layout = Layout::of_texts(names);
    let plan = Plan { subject: Subject::User, attributes: Attributes::standard(), shape, layout };
    let parts = parquet::read(&DataFile { path, plan: &plan })?;
    let mut columns = Vec::new();
    for (at, (pieces, slot)) in
        pieces_of(&plan.layout, parts).into_iter().zip(plan.layout.slots()).enumerate()
    {
        columns.push(merge(slot.kind, pieces).map_err(|stop| plan.refused(path, (at, stop)))?);
    }
    let [Column::Text(firsts), Column::Text(seconds)] = columns.as_slice() else { return Ok(Vec::new()) };
    let text = |texts: &TextColumn, row: usize| texts.get(row).unwrap_or_default().to_owned();
    Ok((0..firsts.len()).map(|row| (text(firsts, row), text(seconds, row))).collect())
}
