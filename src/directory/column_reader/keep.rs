//! Columns without some of their rows.

use arrow_array::{Array, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};

use super::intern::Texts;
use super::stop::Stop;
use crate::directory::columns::{Column, ItemTable, PlanColumns, TextColumn};

/// The rows of a column for which `keep` is set.
pub(super) fn kept(column: &Column, keep: &BooleanBuffer) -> Result<Column, Stop> {
    let bits =
        |bits: &BooleanBuffer| -> BooleanBuffer { keep.set_indices().map(|row| bits.value(row)).collect() };
    let validity = |valid: &Option<NullBuffer>| {
        let valid = valid.as_ref().map(|valid| NullBuffer::new(bits(valid.inner())));
        valid.filter(|valid| valid.null_count() > 0)
    };
    Ok(match column {
        Column::Boolean { values, valid } => Column::Boolean { values: bits(values), valid: validity(valid) },
        Column::Instant { ticks, valid } => {
            Column::Instant { ticks: numbers(ticks, keep), valid: validity(valid) }
        }
        Column::Text(texts) => Column::Text(kept_texts(texts, keep)?),
        Column::Texts(ItemTable { offsets, items }) => {
            let (offsets, keep_items) = kept_items(offsets, keep);
            Column::Texts(ItemTable { offsets, items: kept_texts(items, &keep_items)? })
        }
        Column::Plans(ItemTable { offsets, items }) => {
            let (offsets, keep_items) = kept_items(offsets, keep);
            let items = PlanColumns {
                service: kept_texts(&items.service, &keep_items)?,
                service_plan_id: kept_texts(&items.service_plan_id, &keep_items)?,
                capability_status: kept_texts(&items.capability_status, &keep_items)?,
            };
            Column::Plans(ItemTable { offsets, items })
        }
    })
}

/// The values of an array on the rows for which `keep` is set.
pub(super) fn kept_values(values: &StringArray, keep: &BooleanBuffer) -> Result<StringArray, Stop> {
    let mut texts = Texts::default();
    let mut valid = Vec::new();
    for row in keep.set_indices() {
        let value = values.is_valid(row).then(|| values.value(row));
        texts.push(value.unwrap_or_default().as_bytes())?;
        valid.push(value.is_some());
    }
    texts.finish(super::builder::validity(valid.into_iter()))
}

fn kept_texts(texts: &TextColumn, keep: &BooleanBuffer) -> Result<TextColumn, Stop> {
    Ok(match texts {
        // What only other rows hold stays in the dictionary; it does no harm there.
        TextColumn::Dictionary { codes, values } => {
            TextColumn::Dictionary { codes: numbers(codes, keep), values: values.clone() }
        }
        TextColumn::Plain(values) => TextColumn::Plain(kept_values(values, keep)?),
    })
}

fn numbers<T: arrow_buffer::ArrowNativeType>(
    numbers: &ScalarBuffer<T>,
    keep: &BooleanBuffer,
) -> ScalarBuffer<T> {
    let kept: Vec<T> = keep.set_indices().filter_map(|row| numbers.get(row).copied()).collect();
    kept.into()
}

/// The offsets of the rows that are kept, and which items are theirs.
fn kept_items(offsets: &ScalarBuffer<u32>, keep: &BooleanBuffer) -> (ScalarBuffer<u32>, BooleanBuffer) {
    let mut kept = vec![0];
    let mut keep_items = Vec::new();
    let mut end = 0;
    for (bounds, keep) in offsets.windows(2).zip(keep) {
        let length = if let [from, to] = bounds { to - from } else { 0 };
        keep_items.extend((0..length).map(|_| keep));
        if keep {
            end += length;
            kept.push(end);
        }
    }
    (kept.into(), keep_items.into())
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
}
