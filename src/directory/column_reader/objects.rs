//! Parquet files into objects, for what looks at few of them and wants each whole.

use std::path::Path;
use std::sync::Arc;

use arrow_array::Array;
use jiff::Timestamp;

use super::layout::{Layout, Spelling};
use super::part::Rows;
use super::{Plan, Wanted, parquet};
use crate::directory::columns::{Column, ItemTable, TICK_NANOSECONDS, TextColumn};
use crate::directory::error::DataErrors;
use crate::directory::object::{AssignedPlan, Object, Value};
use crate::directory::read::ReadObject;
use crate::language::attribute::{Attributes, Subject};

/// Reads the objects of a Parquet file with all attributes that it has. The line of an object is the
/// number of its row, from 1.
///
/// # Errors
///
/// As [`read_columns`](super::read_columns).
pub(in crate::directory) fn objects_of_parquet(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ReadObject>, DataErrors> {
    let wanted = Wanted {
        attributes: parquet::attributes(path, subject, attributes)?,
        managers: true,
        ..Wanted::default()
    };
    let plan = Plan::new(subject, attributes, &wanted, Spelling::Written);
    let rows = plan.read(path)?;
    Ok((0..rows.ids.len()).map(|row| object(&plan.layout, &rows, row)).collect())
}

fn object(layout: &Layout, rows: &Rows, row: usize) -> ReadObject {
    let columns = rows.columns();
    let value = |slot: usize| columns.get(slot).map(|column| value(column, row)).unwrap_or_default();
    let attributes = layout.slots().iter().enumerate().skip(Layout::ATTRIBUTES);
    let values = attributes.map(|(at, slot)| (Arc::clone(&slot.name), value(at)));
    let mut object =
        Object::with_values(rows.ids.value(row), values.filter(|(_, value)| *value != Value::Null));
    if let Value::Text(manager) = value(Layout::MANAGER) {
        object.set_manager(Some(manager));
    }
    let member_of = match value(Layout::MEMBER_OF) {
        Value::Texts(groups) => groups,
        _ => Vec::new(),
    };
    let removed = value(Layout::REMOVED) == Value::Boolean(true);
    ReadObject { object, member_of, removed, line: row + 1 }
}

/// The value of a column on a row. An empty list is as good as none.
pub(super) fn value(column: &Column, row: usize) -> Value {
    let text = |texts: &TextColumn, row| texts.get(row).map(str::to_owned);
    match column {
        Column::Boolean { values, valid } => {
            let is_valid = valid.as_ref().is_none_or(|valid| valid.is_valid(row));
            if is_valid { Value::Boolean(values.value(row)) } else { Value::Null }
        }
        Column::Instant { ticks, valid } => {
            let ticks = ticks.get(row).filter(|_| valid.as_ref().is_none_or(|valid| valid.is_valid(row)));
            let instant =
                ticks.map(|&ticks| Timestamp::from_nanosecond(i128::from(ticks) * TICK_NANOSECONDS));
            instant.and_then(Result::ok).map(Value::Instant).unwrap_or_default()
        }
        Column::Text(texts) => text(texts, row).map(Value::Text).unwrap_or_default(),
        Column::Texts(table) => {
            let items: Vec<String> = items(table, row).filter_map(|item| text(&table.items, item)).collect();
            if items.is_empty() { Value::Null } else { Value::Texts(items) }
        }
        Column::Plans(table) => {
            let plan = |item: usize| AssignedPlan {
                service: text(&table.items.service, item),
                service_plan_id: text(&table.items.service_plan_id, item),
                capability_status: text(&table.items.capability_status, item),
            };
            let plans: Vec<AssignedPlan> = items(table, row).map(plan).collect();
            if plans.is_empty() { Value::Null } else { Value::Plans(plans) }
        }
    }
}

fn items<T>(table: &ItemTable<T>, row: usize) -> std::ops::Range<usize> {
    let bound =
        |at: usize| table.offsets.get(at).and_then(|&end| usize::try_from(end).ok()).unwrap_or_default();
    bound(row)..bound(row + 1)
}
