//! CSV files: cut into pieces of whole records by one worker, read by all.

use csv::{ByteRecord, StringRecord};
use rayon::prelude::*;

use super::Plan;
use super::builder::{Builders, SlotBuilder};
use super::layout::Layout;
use super::part::Part;
use super::stop::Stop;
use crate::base::limits::CHUNK_MAX_BYTES;
use crate::directory::read::csv::{first_byte, offset_of, quoting_fault, read_header, reader, value};
use crate::directory::read::value_of;
use crate::directory::shape::{Field, FieldKind};

/// Reads the records of a file.
///
/// # Errors
///
/// If anything is not as it should be. What it is the row readers will tell.
pub(super) fn read(text: &str, plan: &Plan<'_>) -> Result<Vec<Part>, Stop> {
    let layout = &plan.layout;
    let (fields, start) = read_header(text, &plan.shape).ok_or(Stop::Refused)?;
    let column = |field: Field| layout.slot(&field).map(|slot| Column { slot, field });
    let columns: Vec<Vec<Column>> =
        fields.into_iter().map(|fields| fields.into_iter().filter_map(column).collect()).collect();
    let records = text.get(start..).unwrap_or_default();
    cut(records, CHUNK_MAX_BYTES)?
        .into_par_iter()
        .with_max_len(1)
        .map(|piece| read_piece(piece, &columns, layout))
        .collect()
}

/// A field that a column of the file stands for and that is wanted.
struct Column {
    slot: usize,
    field: Field,
}

/// Cuts a text into pieces of whole records, each of at least `size` bytes but for the last one.
fn cut(text: &str, size: usize) -> Result<Vec<&str>, Stop> {
    let mut reader = reader(text);
    let mut record = ByteRecord::new();
    let mut pieces = Vec::new();
    let mut start = 0;
    while reader.read_byte_record(&mut record).map_err(|_| Stop::Refused)? {
        let end = offset_of(reader.position());
        if end - start >= size {
            pieces.extend(text.get(start..end));
            start = end;
        }
    }
    pieces.extend(text.get(start..));
    Ok(pieces)
}

fn read_piece(text: &str, columns: &[Vec<Column>], layout: &Layout) -> Result<Part, Stop> {
    let mut builders = Builders::new(layout);
    let mut reader = reader(text);
    let mut record = StringRecord::new();
    loop {
        let start = first_byte(text, offset_of(reader.position()));
        if !reader.read_record(&mut record).map_err(|_| Stop::Refused)? {
            break;
        }
        let raw = text.get(start..offset_of(reader.position())).ok_or(Stop::Refused)?;
        if record.len() != columns.len() || quoting_fault(raw).is_some() {
            return Err(Stop::Refused);
        }
        for (columns, cell) in columns.iter().zip(&record) {
            for Column { slot, field } in columns {
                push(builders.slot(*slot)?, field, cell)?;
            }
        }
        builders.end_row()?;
    }
    Ok(Part::of(builders.rows(), builders.finish()?))
}

/// Adds the value of a cell. An empty one is null, whatever the field.
fn push(slot: &mut SlotBuilder, field: &Field, cell: &str) -> Result<(), Stop> {
    match field.kind {
        FieldKind::Text | FieldKind::Extension if !cell.is_empty() => slot.push_text(cell),
        _ => slot.push_value(&value_of(value(field, cell).map_err(|_| Stop::Refused)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_whole_records() {
        let text = "a,\"x\ny\"\r\nb,z\n\n\"c\",\"\"\"\n\"\nd,e";
        for size in 1..text.len() + 2 {
            let pieces = cut(text, size).unwrap();
            assert_eq!(pieces.concat(), text, "{size}");
            let records: usize = pieces.iter().map(|piece| reader(piece).into_records().count()).sum();
            assert_eq!(records, 4, "{size}: {pieces:?}");
        }
        assert_eq!(cut("", 5).unwrap(), [""]);
    }
}
