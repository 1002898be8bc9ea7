//! Columns with some of their rows, in another order, or with rows in between that have no values.

use arrow_array::{Array, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};

use super::builder::validity;
use super::intern::Texts;
use super::stop::Stop;
use crate::directory::columns::{Column, ItemTable, NULL_CODE, PlanColumns, TextColumn};

/// Stands for a row without values.
pub(super) const NO_ROW: u32 = u32::MAX;

/// The rows of a column for which `keep` is set.
pub(super) fn kept(column: &Column, keep: &BooleanBuffer) -> Result<Column, Stop> {
    taken(column, &rows_of(keep))
}

/// The values of an array on the rows for which `keep` is set.
pub(super) fn kept_values(values: &StringArray, keep: &BooleanBuffer) -> Result<StringArray, Stop> {
    taken_values(values, &rows_of(keep))
}

fn rows_of(keep: &BooleanBuffer) -> Vec<u32> {
    // There are less than 2³² rows; the readers see to it.
    keep.set_indices().filter_map(|row| u32::try_from(row).ok()).collect()
}

/// The rows of a column in the order in which `rows` names them; [`NO_ROW`] gives a row without values.
pub(super) fn taken(column: &Column, rows: &[u32]) -> Result<Column, Stop> {
    let is_valid = |valid: &Option<NullBuffer>, row: u32| {
        row != NO_ROW && valid.as_ref().is_none_or(|valid| valid.is_valid(row as usize))
    };
    let valid_of = |valid: &Option<NullBuffer>| validity(rows.iter().map(|&row| is_valid(valid, row)));
    Ok(match column {
        Column::Boolean { values, valid } => {
            let value = |&row: &u32| row != NO_ROW && values.value(row as usize);
            Column::Boolean { values: rows.iter().map(value).collect(), valid: valid_of(valid) }
        }
        Column::Instant { ticks, valid } => {
            Column::Instant { ticks: numbers(ticks, rows, 0), valid: valid_of(valid) }
        }
        Column::Text(texts) => Column::Text(taken_texts(texts, rows)?),
        Column::Texts(ItemTable { offsets, items }) => {
            let (offsets, item_rows) = items_of(offsets, rows)?;
            Column::Texts(ItemTable { offsets, items: taken_texts(items, &item_rows)? })
        }
        Column::Plans(ItemTable { offsets, items }) => {
            let (offsets, item_rows) = items_of(offsets, rows)?;
            let items = PlanColumns {
                service: taken_texts(&items.service, &item_rows)?,
                service_plan_id: taken_texts(&items.service_plan_id, &item_rows)?,
                capability_status: taken_texts(&items.capability_status, &item_rows)?,
            };
            Column::Plans(ItemTable { offsets, items })
        }
    })
}

/// The values of an array in the order in which `rows` names them; [`NO_ROW`] gives null.
pub(super) fn taken_values(values: &StringArray, rows: &[u32]) -> Result<StringArray, Stop> {
    let mut texts = Texts::with_capacity(rows.len(), 0);
    let mut valid = Vec::with_capacity(rows.len());
    for &row in rows {
        let is_valid = row != NO_ROW && values.is_valid(row as usize);
        let value = if is_valid { values.value(row as usize) } else { "" };
        texts.push(value.as_bytes())?;
        valid.push(is_valid);
    }
    texts.finish(validity(valid.into_iter()))
}

pub(super) fn taken_texts(texts: &TextColumn, rows: &[u32]) -> Result<TextColumn, Stop> {
    Ok(match texts {
        // What only other rows hold stays in the dictionary; it does no harm there.
        TextColumn::Dictionary { codes, values } => {
            TextColumn::Dictionary { codes: numbers(codes, rows, NULL_CODE), values: values.clone() }
        }
        TextColumn::Plain(values) => TextColumn::Plain(taken_values(values, rows)?),
    })
}

fn numbers<T: arrow_buffer::ArrowNativeType>(
    numbers: &ScalarBuffer<T>,
    rows: &[u32],
    none: T,
) -> ScalarBuffer<T> {
    rows.iter().map(|&row| numbers.get(row as usize).copied().unwrap_or(none)).collect()
}

/// The offsets of some rows, and the rows of their items.
fn items_of(offsets: &ScalarBuffer<u32>, rows: &[u32]) -> Result<(ScalarBuffer<u32>, Vec<u32>), Stop> {
    let mut ends = Vec::with_capacity(rows.len() + 1);
    ends.push(0);
    let mut items = Vec::new();
    for &row in rows {
        if row != NO_ROW {
            let bound = |at: usize| offsets.get(at).copied().unwrap_or_default();
            items.extend(bound(row as usize)..bound(row as usize + 1));
        }
        ends.push(u32::try_from(items.len()).map_err(|_| Stop::TooLarge)?);
    }
    Ok((ends.into(), items))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_with_all_that_is_theirs() {
        let keep = BooleanBuffer::from(vec![true, false, true]);
        let flags = Column::Boolean {
            values: vec![true, true, false].into(),
            valid: Some(vec![true, false, true].into()),
        };
        assert!(matches!(
            kept(&flags, &keep),
            Ok(Column::Boolean { values, valid: None }) if values == vec![true, false].into()
        ));
        let ticks =
            Column::Instant { ticks: vec![1, 2, 3].into(), valid: Some(vec![true, true, false].into()) };
        assert!(matches!(
            kept(&ticks, &keep),
            Ok(Column::Instant { ticks, valid: Some(valid) }) if *ticks == [1, 3] && valid.is_null(1)
        ));
        let plain = TextColumn::Plain(StringArray::from(vec![Some("A"), Some("B"), None]));
        let Ok(Column::Text(texts)) = kept(&Column::Text(plain), &keep) else { panic!("text") };
        assert_eq!((texts.len(), texts.get(0), texts.get(1)), (2, Some("A"), None));
        let items = TextColumn::of(["a", "b", "c", "d"].map(Some));
        let table = Column::Texts(ItemTable { offsets: vec![0, 1, 3, 4].into(), items });
        let Ok(Column::Texts(table)) = kept(&table, &keep) else { panic!("texts") };
        assert_eq!(table.offsets.as_ref(), [0, 1, 2]);
        assert_eq!((table.items.get(0), table.items.get(1)), (Some("A"), Some("D")));
    }

    #[test]
    fn rows_come_in_any_order_and_may_be_nobodys() {
        let rows = [2, NO_ROW, 0];
        let flags = Column::Boolean { values: vec![true, false, true].into(), valid: None };
        let Ok(Column::Boolean { values, valid: Some(valid) }) = taken(&flags, &rows) else {
            panic!("flags")
        };
        assert_eq!(
            [0, 1, 2].map(|row| valid.is_valid(row).then(|| values.value(row))),
            [Some(true), None, Some(true)]
        );
        let texts = TextColumn::of(["a", "b", "c"].map(Some));
        let Ok(texts) = taken_texts(&texts, &rows) else { panic!("text") };
        assert_eq!([0, 1, 2].map(|row| texts.get(row)), [Some("C"), None, Some("A")]);
        let table =
            ItemTable { offsets: vec![0, 1, 1, 3].into(), items: TextColumn::of(["a", "b", "c"].map(Some)) };
        let Ok(Column::Texts(table)) = taken(&Column::Texts(table), &rows) else { panic!("texts") };
        assert_eq!(table.offsets.as_ref(), [0, 2, 2, 3]);
        assert_eq!([0, 1, 2].map(|item| table.items.get(item)), [Some("B"), Some("C"), Some("A")]);
    }
}
