//! Columns of which licensing makes values: JSON as text, and lists of structs.

use std::borrow::Cow;

use arrow_array::{Array, StructArray};
use arrow_buffer::ScalarBuffer;

use super::convert::{Wrong, column};
use super::lists::{place_of, structs};
use super::texts::text_column;
use super::types::Inner;
use crate::directory::column_reader::builder::SlotBuilder;
use crate::directory::column_reader::layout::{Slot, SlotKind, Spelling};
use crate::directory::column_reader::objects;
use crate::directory::columns::{Column, TextColumn};
use crate::directory::error::excerpt;
use crate::directory::license_fields::{LicensingList, is_conflict, licenses_text};
use crate::directory::object::Value;
use crate::directory::read::{csv, value_of};
use crate::directory::row::Datum;
use crate::directory::row_object::items;
use crate::directory::shape::{Field, FieldKind};
use crate::directory::user_licenses::{Entry, LicenseState, Stamp};

/// What becomes of lists that are written as JSON. An empty text is null, as in CSV.
pub(super) fn of_texts(list: LicensingList, slot: &Slot, array: &dyn Array) -> Result<Column, Wrong> {
    let field = Field { name: slot.name.clone(), kind: FieldKind::Licensing(list) };
    let read = |row: usize, text: &str| {
        csv::value(&field, text).map(value_of).map_err(|wrong| Wrong::Value(row, wrong.first()))
    };
    let texts = text_column(array, Spelling::Written)?;
    let mut builder = SlotBuilder::new(slot);
    // What a dictionary holds is read once.
    let mut known: Vec<Option<Value>> = match &texts {
        TextColumn::Dictionary { values, .. } => vec![None; values.len() + 1],
        TextColumn::Plain(_) => Vec::new(),
    };
    for row in 0..texts.len() {
        let Some(text) = texts.get(row) else {
            builder.push_null();
            continue;
        };
        let code = match &texts {
            TextColumn::Dictionary { codes, .. } => codes.get(row).map(|&code| code as usize),
            TextColumn::Plain(_) => None,
        };
        match code.and_then(|code| known.get_mut(code)) {
            Some(Some(value)) => builder.push_value(value)?,
            Some(unknown) => builder.push_value(unknown.insert(read(row, text)?))?,
            None => builder.push_value(&read(row, text)?)?,
        }
    }
    Ok(builder.finish()?)
}

/// What becomes of lists of structs.
pub(super) fn of_lists(
    list: LicensingList,
    inner: &[Inner],
    slot: &Slot,
    array: &dyn Array,
) -> Result<Column, Wrong> {
    let (offsets, structs) = structs(array)?;
    let fields = Fields::of(inner, &structs, &offsets)?;
    let mut builder = SlotBuilder::new(slot);
    for row in 0..array.len() {
        let bound = |at: usize| offsets.get(at).map_or(0, |&end| end as usize);
        let items = bound(row)..bound(row + 1);
        let first = items.start;
        let made = match list {
            _ if array.is_null(row) => Ok(Datum::Null),
            _ if items.len() > list.items_max() => Err((list.items_max(), format!(": {}", list.too_many()))),
            LicensingList::ProvisioningErrors => Ok(Datum::Boolean(items.into_iter().any(|item| {
                is_conflict(fields.text("category", item), fields.text("propertyCausingError", item))
            }))),
            LicensingList::States | LicensingList::Licenses => {
                let entry = |item: usize| fields.entry(item).map_err(|message| (item - first, message));
                let entries: Result<Vec<Entry<'_>>, _> = items.map(entry).collect();
                entries.and_then(|entries| {
                    licenses_text(entries).map_err(|(item, message)| (item, format!(": {message}")))
                })
            }
        };
        let datum = made.map_err(|(item, message)| Wrong::Value(row, format!("[{item}]{message}")))?;
        builder.push_value(&value_of(datum))?;
    }
    Ok(builder.finish()?)
}

/// The columns of the fields of structs, by the names that the shape has for them.
struct Fields<'inner> {
    columns: Vec<(&'inner str, Column)>,
}

impl<'inner> Fields<'inner> {
    fn of(inner: &'inner [Inner], structs: &StructArray, offsets: &ScalarBuffer<u32>) -> Result<Self, Wrong> {
        let mut columns = Vec::with_capacity(inner.len());
        for Inner { field, way, path } in inner {
            let at_item = |wrong: Wrong| match wrong {
                Wrong::Value(item, message) => {
                    let (row, at) = place_of(offsets, item);
                    Wrong::Value(row, format!("[{at}].{path}: {message}"))
                }
                other => other,
            };
            let array = structs.column_by_name(path).ok_or(Wrong::Broken)?;
            let slot =
                Slot { name: field.name.clone(), kind: kind_of(field.kind), spelling: Spelling::Written };
            let column = column(way, &slot, field.kind, array).and_then(|column| checked(column, field.kind));
            columns.push((&*field.name, column.map_err(at_item)?));
        }
        Ok(Self { columns })
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find_map(|(known, column)| (*known == name).then_some(column))
    }

    fn text(&self, name: &str, item: usize) -> Option<&str> {
        match self.column(name) {
            Some(Column::Text(texts)) => texts.get(item),
            _ => None,
        }
    }

    /// The license that an item stands for. The error begins behind the place of the item.
    fn entry(&self, item: usize) -> Result<Entry<'_>, String> {
        let sku_id = self.text("skuId", item).filter(|id| !id.is_empty());
        let disabled_plans = match self.column("disabledPlans") {
            Some(Column::Texts(table)) => {
                items(table, item).filter_map(|plan| table.items.get(plan)).map(Cow::Borrowed).collect()
            }
            _ => Vec::new(),
        };
        let updated = match self.column("lastUpdatedDateTime").map(|column| objects::value(column, item)) {
            Some(Value::Instant(instant)) => Some(Stamp::of_instant(instant)),
            _ => None,
        };
        Ok(Entry {
            sku_id: Cow::Borrowed(sku_id.ok_or(".skuId: a value is missing")?),
            disabled_plans,
            group_id: self.text("assignedByGroup", item).map(Cow::Borrowed),
            state: self.text("state", item).and_then(LicenseState::from_word).unwrap_or_default(),
            error: self.text("error", item).map(Cow::Borrowed),
            updated,
        })
    }
}

fn kind_of(kind: FieldKind) -> SlotKind {
    match kind {
        FieldKind::Texts => SlotKind::Texts,
        FieldKind::Date => SlotKind::Instant,
        _ => SlotKind::Text,
    }
}

/// The column as it is, if its texts pass the check of their field.
fn checked(column: Column, kind: FieldKind) -> Result<Column, Wrong> {
    if let (Column::Text(texts), FieldKind::Checked(check)) = (&column, kind) {
        for row in 0..texts.len() {
            let Some(text) = texts.get(row) else { continue };
            check(text).map_err(|expected| {
                Wrong::Value(row, format!("expected {expected}, found {}", excerpt(text)))
            })?;
        }
    }
    Ok(column)
}
