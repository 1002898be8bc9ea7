//! Arrays of lists into item tables. A null list has no items; a null item is refused.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, ScalarBuffer};

use super::convert::Wrong;
use super::texts::text_column;
use crate::directory::column_reader::intern::Texts;
use crate::directory::column_reader::layout::Spelling;
use crate::directory::columns::{ItemTable, NULL_CODE, PlanColumns, TextColumn};
use crate::language::attribute::PlanField;

/// A list of strings on each row.
pub(in crate::directory::column_reader) fn texts_table(
    array: &dyn Array,
    spelling: Spelling,
) -> Result<ItemTable<TextColumn>, Wrong> {
    let (offsets, items) = items(array)?;
    let texts = text_column(&items, spelling)?;
    refuse_null(&offsets, first_null(&texts), "a string")?;
    Ok(ItemTable { offsets, items: texts })
}

/// The first string of the list on each row.
pub(super) fn first_texts(array: &dyn Array, spelling: Spelling) -> Result<TextColumn, Wrong> {
    let ItemTable { offsets, items } = texts_table(array, spelling)?;
    let firsts = offsets.windows(2).map(|bounds| match bounds {
        [from, to] if from < to => usize::try_from(*from).ok(),
        _ => None,
    });
    match items {
        TextColumn::Dictionary { codes, values } => {
            let code = |item: usize| codes.get(item).copied();
            let codes: Vec<u32> = firsts.map(|item| item.and_then(code).unwrap_or(NULL_CODE)).collect();
            Ok(TextColumn::Dictionary { codes: codes.into(), values })
        }
        plain @ TextColumn::Plain(_) => {
            let mut texts = Texts::default();
            let mut valid = NullBufferBuilder::new(offsets.len());
            for item in firsts {
                let text = item.and_then(|item| plain.get(item));
                texts.push(text.unwrap_or_default().as_bytes())?;
                valid.append(text.is_some());
            }
            Ok(TextColumn::Plain(texts.finish(valid.finish())?))
        }
    }
}

/// The service plans on each row; `names` are the fields of the structs.
pub(in crate::directory::column_reader) fn plans(
    array: &dyn Array,
    names: &[(PlanField, String)],
    spelling: Spelling,
) -> Result<ItemTable<PlanColumns>, Wrong> {
    let (offsets, items) = structs(array)?;
    let texts = |field: PlanField| match names.iter().find(|(known, _)| *known == field) {
        Some((_, name)) => text_column(items.column_by_name(name).ok_or(Wrong::Broken)?, spelling),
        None => text_column(&arrow_array::NullArray::new(items.len()), spelling),
    };
    let items = PlanColumns {
        service: texts(PlanField::Service)?,
        service_plan_id: texts(PlanField::ServicePlanId)?,
        capability_status: texts(PlanField::CapabilityStatus)?,
    };
    Ok(ItemTable { offsets, items })
}

/// Where the structs of each row end, from 0, and all of them, none of them null.
pub(super) fn structs(array: &dyn Array) -> Result<(ScalarBuffer<u32>, StructArray), Wrong> {
    let (offsets, items) = items(array)?;
    let null = items.logical_nulls().and_then(|nulls| (!nulls.inner()).set_indices().next());
    refuse_null(&offsets, null, "an object")?;
    match items.as_struct_opt() {
        Some(structs) => Ok((offsets, structs.clone())),
        // Of lists that are all empty nobody knows what they would hold.
        None if items.is_empty() => Ok((offsets, StructArray::new_empty_fields(0, None))),
        None => Err(Wrong::Broken),
    }
}

/// The row of an item and its place there, both from 0.
pub(super) fn place_of(offsets: &ScalarBuffer<u32>, item: usize) -> (usize, usize) {
    let row = offsets.partition_point(|end| usize::try_from(*end).is_ok_and(|end| end <= item));
    let row = row.saturating_sub(1);
    let start = offsets.get(row).and_then(|start| usize::try_from(*start).ok()).unwrap_or_default();
    (row, item.saturating_sub(start))
}

/// Where the items of each row end, from 0, and all of them.
fn items(array: &dyn Array) -> Result<(ScalarBuffer<u32>, ArrayRef), Wrong> {
    let array: &ListArray = array.as_list_opt().ok_or(Wrong::Broken)?;
    let offsets = array.value_offsets();
    let (first, last) = (offsets.first().copied(), offsets.last().copied());
    let (Some(first), Some(last)) = (first, last) else { return Err(Wrong::Broken) };
    let from_first = |offset: &i32| u32::try_from(offset - first).unwrap_or_default();
    let ends: Vec<u32> = offsets.iter().map(from_first).collect();
    let nulls_are_empty = array.nulls().is_none_or(|nulls| {
        ends.windows(2).zip(nulls).all(|(bounds, valid)| valid || bounds.first() == bounds.last())
    });
    let start = usize::try_from(first).map_err(|_| Wrong::Broken)?;
    let length = usize::try_from(last - first).map_err(|_| Wrong::Broken)?;
    if !nulls_are_empty || start + length > array.values().len() {
        return Err(Wrong::Broken);
    }
    Ok((ends.into(), array.values().slice(start, length)))
}

fn first_null(texts: &TextColumn) -> Option<usize> {
    match texts {
        TextColumn::Dictionary { codes, .. } => codes.iter().position(|&code| code == NULL_CODE),
        TextColumn::Plain(values) => values.nulls().and_then(|nulls| (!nulls.inner()).set_indices().next()),
    }
}

/// Refuses an item that is null.
fn refuse_null(offsets: &ScalarBuffer<u32>, item: Option<usize>, expected: &str) -> Result<(), Wrong> {
    let Some(item) = item else { return Ok(()) };
    let (row, at) = place_of(offsets, item);
    Err(Wrong::Value(row, format!("expected {expected} as item {}, found null", at + 1)))
}
