//! The columns of the parts of a file, put together in their order.

mod text;

use arrow_buffer::{BooleanBufferBuilder, NullBufferBuilder, ScalarBuffer};

pub(super) use self::text::merge_text;
use super::layout::SlotKind;
use super::stop::Stop;
use crate::directory::columns::{Column, ItemTable, NULL_CODE, PlanColumns, TextColumn};

/// One column of a part.
#[expect(clippy::large_enum_variant, reason = "there is one for each column of a part, not one for each row")]
pub(super) enum Piece {
    /// The part has no such column; it has this many rows.
    Missing(usize),
    Column(Column),
}

/// Puts the pieces of a column together. The dictionaries of text pieces may name a text twice; that
/// of the result does not.
///
/// # Errors
///
/// If the texts take more bytes than a column can address.
pub(super) fn merge(kind: SlotKind, pieces: Vec<Piece>) -> Result<Column, Stop> {
    match kind {
        SlotKind::Boolean => booleans(pieces),
        SlotKind::Instant => instants(pieces),
        SlotKind::Text | SlotKind::UniqueText => {
            let texts: Result<Vec<_>, Stop> = pieces.into_iter().map(text_piece).collect();
            Ok(Column::Text(merge_text(texts?)?))
        }
        SlotKind::Texts => {
            let tables: Result<Vec<_>, Stop> = pieces.into_iter().map(texts_piece).collect();
            let (offsets, items) = tables_merged(tables?)?;
            Ok(Column::Texts(ItemTable { offsets, items: merge_text(items)? }))
        }
        SlotKind::Plans => {
            let tables: Result<Vec<_>, Stop> = pieces.into_iter().map(plans_piece).collect();
            let (offsets, plans) = tables_merged(tables?)?;
            Ok(Column::Plans(ItemTable { offsets, items: plans_merged(plans)? }))
        }
    }
}

fn booleans(pieces: Vec<Piece>) -> Result<Column, Stop> {
    let mut all = BooleanBufferBuilder::new(0);
    let mut validity = NullBufferBuilder::new(0);
    for piece in pieces {
        match piece {
            Piece::Missing(rows) => {
                all.append_n(rows, false);
                validity.append_n_nulls(rows);
            }
            Piece::Column(Column::Boolean { values, valid }) => {
                all.append_buffer(&values);
                match valid {
                    Some(valid) => validity.append_buffer(&valid),
                    None => validity.append_n_non_nulls(values.len()),
                }
            }
            Piece::Column(_) => return Err(Stop::Refused),
        }
    }
    Ok(Column::Boolean { values: all.finish(), valid: validity.finish() })
}

fn instants(pieces: Vec<Piece>) -> Result<Column, Stop> {
    let mut all: Vec<i64> = Vec::new();
    let mut validity = NullBufferBuilder::new(0);
    for piece in pieces {
        match piece {
            Piece::Missing(rows) => {
                all.resize(all.len() + rows, 0);
                validity.append_n_nulls(rows);
            }
            Piece::Column(Column::Instant { ticks, valid }) => {
                all.extend_from_slice(&ticks);
                match valid {
                    Some(valid) => validity.append_buffer(&valid),
                    None => validity.append_n_non_nulls(ticks.len()),
                }
            }
            Piece::Column(_) => return Err(Stop::Refused),
        }
    }
    Ok(Column::Instant { ticks: all.into(), valid: validity.finish() })
}

fn text_piece(piece: Piece) -> Result<TextColumn, Stop> {
    match piece {
        Piece::Missing(rows) => Ok(no_texts(rows)),
        Piece::Column(Column::Text(texts)) => Ok(texts),
        Piece::Column(_) => Err(Stop::Refused),
    }
}

fn texts_piece(piece: Piece) -> Result<ItemTable<TextColumn>, Stop> {
    match piece {
        Piece::Missing(rows) => Ok(ItemTable { offsets: no_items(rows), items: no_texts(0) }),
        Piece::Column(Column::Texts(table)) => Ok(table),
        Piece::Column(_) => Err(Stop::Refused),
    }
}

fn plans_piece(piece: Piece) -> Result<ItemTable<PlanColumns>, Stop> {
    match piece {
        Piece::Missing(rows) => {
            let [service, service_plan_id, capability_status] = [(); 3].map(|()| no_texts(0));
            let items = PlanColumns { service, service_plan_id, capability_status };
            Ok(ItemTable { offsets: no_items(rows), items })
        }
        Piece::Column(Column::Plans(table)) => Ok(table),
        Piece::Column(_) => Err(Stop::Refused),
    }
}

fn no_texts(rows: usize) -> TextColumn {
    let values = arrow_array::StringArray::new_null(0);
    TextColumn::Dictionary { codes: vec![NULL_CODE; rows].into(), values }
}

fn no_items(rows: usize) -> ScalarBuffer<u32> {
    vec![0; rows + 1].into()
}

/// The offsets of all tables, and their items.
fn tables_merged<T>(tables: Vec<ItemTable<T>>) -> Result<(ScalarBuffer<u32>, Vec<T>), Stop> {
    let rows: usize = tables.iter().map(|table| table.offsets.len().saturating_sub(1)).sum();
    let mut offsets: Vec<u32> = Vec::with_capacity(rows + 1);
    offsets.push(0);
    let mut items = Vec::with_capacity(tables.len());
    for ItemTable { offsets: ends, items: more } in tables {
        let before = offsets.last().copied().unwrap_or_default();
        let last = ends.last().copied().unwrap_or_default();
        // Ends ascend, so if the last one fits all others do.
        before.checked_add(last).ok_or(Stop::TooLarge)?;
        offsets.extend(ends.iter().skip(1).map(|end| before + end));
        items.push(more);
    }
    Ok((offsets.into(), items))
}

fn plans_merged(plans: Vec<PlanColumns>) -> Result<PlanColumns, Stop> {
    let mut services = Vec::with_capacity(plans.len());
    let mut ids = Vec::with_capacity(plans.len());
    let mut states = Vec::with_capacity(plans.len());
    for PlanColumns { service, service_plan_id, capability_status } in plans {
        services.push(service);
        ids.push(service_plan_id);
        states.push(capability_status);
    }
    let (service, (service_plan_id, capability_status)) =
        rayon::join(|| merge_text(services), || rayon::join(|| merge_text(ids), || merge_text(states)));
    Ok(PlanColumns {
        service: service?,
        service_plan_id: service_plan_id?,
        capability_status: capability_status?,
    })
}

#[cfg(test)]
mod tests {
    use arrow_buffer::NullBuffer;

    use super::*;

    #[test]
    fn rows_of_a_part_without_the_column_are_null() {
        let flag = |values: Vec<bool>, valid: Option<Vec<bool>>| {
            Piece::Column(Column::Boolean { values: values.into(), valid: valid.map(NullBuffer::from) })
        };
        let pieces =
            vec![flag(vec![true], None), Piece::Missing(2), flag(vec![false, true], Some(vec![false, true]))];
        let Ok(Column::Boolean { values, valid: Some(valid) }) = merge(SlotKind::Boolean, pieces) else {
            panic!("booleans")
        };
        let read: Vec<_> = values.iter().zip(&valid).map(|(value, valid)| valid.then_some(value)).collect();
        assert_eq!(read, [Some(true), None, None, None, Some(true)]);

        let instants = |ticks: Vec<i64>| Piece::Column(Column::Instant { ticks: ticks.into(), valid: None });
        let all = merge(SlotKind::Instant, vec![instants(vec![5]), instants(vec![6, 7])]);
        assert!(matches!(all, Ok(Column::Instant { ticks, valid: None }) if *ticks == [5, 6, 7]));
        let wrong = merge(SlotKind::Boolean, vec![instants(vec![5])]);
        assert!(matches!(wrong, Err(Stop::Refused)));
    }

    #[test]
    fn items_stay_with_their_rows() {
        let table = |offsets: Vec<u32>, items: &[&str]| {
            let items = TextColumn::of(items.iter().map(|&item| Some(item)));
            Piece::Column(Column::Texts(ItemTable { offsets: offsets.into(), items }))
        };
        let pieces = vec![table(vec![0, 2, 2], &["a", "b"]), Piece::Missing(1), table(vec![0, 1], &["c"])];
        let Ok(Column::Texts(all)) = merge(SlotKind::Texts, pieces) else { panic!("texts") };
        assert_eq!(all.offsets.as_ref(), [0, 2, 2, 2, 3]);
        assert_eq!((all.items.get(1), all.items.get(2)), (Some("B"), Some("C")));
    }

    #[test]
    fn more_items_than_an_offset_can_count_are_refused() {
        let table = || ItemTable { offsets: vec![0, u32::MAX - 1].into(), items: () };
        assert!(tables_merged(vec![table()]).is_ok());
        assert_eq!(tables_merged(vec![table(), table()]).unwrap_err(), Stop::TooLarge);
    }
}
