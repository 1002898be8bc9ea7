//! Parts of files, and what comes out when all of them are put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{Array, StringArray};
use arrow_buffer::BooleanBuffer;
use rayon::prelude::*;

use super::ReadColumns;
use super::folding::folded;
use super::ids::IdIndex;
use super::layout::{Layout, Spelling};
use super::licensing::made_of;
use super::merge::{Piece, merge, merge_text};
use super::stop::Stop;
use super::take::{kept, kept_values};
use crate::directory::columns::{Column, Columns, ItemTable, PlanColumns, TextColumn};
use crate::language::attribute::PlanField;

/// Rows of a file that follow each other.
pub(super) struct Part {
    pub(super) rows: usize,
    /// The column of each slot, in pieces that follow each other; no piece where the part has no such
    /// column.
    pub(super) slots: Vec<Vec<Column>>,
}

impl Part {
    /// A part with one piece for each slot.
    pub(super) fn of(rows: usize, columns: Vec<Column>) -> Self {
        Self { rows, slots: columns.into_iter().map(|column| vec![column]).collect() }
    }
}

/// All rows, those of deleted objects included.
pub(super) struct Rows {
    pub(super) ids: StringArray,
    pub(super) index: IdIndex,
    /// The columns in the order of the slots. That of the ids has moved to `ids`.
    columns: Vec<Column>,
}

/// What a column could not be made of: its slot, and why.
pub(super) type SlotStop = (usize, Stop);

impl Rows {
    /// Puts parts together in their order.
    ///
    /// # Errors
    ///
    /// If the texts of a column are too many bytes.
    pub(super) fn join(layout: &Layout, parts: Vec<Part>) -> Result<Self, SlotStop> {
        let rows: usize = parts.iter().map(|part| part.rows).sum();
        if u32::try_from(rows).is_err() {
            return Err((Layout::ID, Stop::TooLarge));
        }
        let mut columns = pieces_of(layout, parts)
            .into_par_iter()
            .zip(layout.slots())
            .enumerate()
            .with_max_len(1)
            .map(|(at, (pieces, slot))| merge(slot.kind, pieces).map_err(|stop| (at, stop)))
            .collect::<Result<Vec<Column>, SlotStop>>()?;
        let no_texts = || Column::Text(TextColumn::Plain(StringArray::new_null(0)));
        let ids = columns.get_mut(Layout::ID).map(|ids| std::mem::replace(ids, no_texts()));
        let ids = match ids {
            Some(Column::Text(ids)) => as_array(ids).map_err(|stop| (Layout::ID, stop))?,
            _ => return Err((Layout::ID, Stop::Refused)),
        };
        Ok(Self { index: IdIndex::new(&ids), ids, columns })
    }

    /// Sets deleted objects apart and names the columns.
    ///
    /// # Errors
    ///
    /// If the texts of a column are too many bytes.
    pub(super) fn into_columns(self, layout: &Layout, managers: bool) -> Result<ReadColumns, Stop> {
        let Self { mut ids, mut index, mut columns } = self;
        let mut removed = Vec::new();
        if let Some(keep) = keep(&columns) {
            removed = (!&keep).set_indices().map(|row| ids.value(row).to_owned()).collect();
            ids = kept_values(&ids, &keep)?;
            index = IdIndex::new(&ids);
            let others = columns.par_iter_mut().enumerate().filter(|(at, _)| *at != Layout::ID);
            others.try_for_each(|(_, column)| {
                *column = kept(column, &keep)?;
                Ok(())
            })?;
        }
        let mut named = Columns { ids, columns: BTreeMap::new(), originals: BTreeMap::new() };
        let mut read_managers = None;
        let mut member_of = Vec::new();
        for (name, slots) in layout.made() {
            let (name, made) = (Arc::from(*name), made_of(columns.get(slots.clone()).unwrap_or_default())?);
            named.originals.extend(originals(&name, made.clone()));
            named.columns.insert(name, made);
        }
        for (at, (column, slot)) in columns.into_iter().zip(layout.slots()).enumerate() {
            match (at, column) {
                (Layout::MANAGER, Column::Text(column)) => read_managers = managers.then_some(column),
                (Layout::MEMBER_OF, Column::Texts(table)) => member_of = pairs(&named.ids, &table),
                (at, _) if layout.is_source(at) => {}
                (Layout::ATTRIBUTES.., column) if slot.spelling == Spelling::Written => {
                    named.columns.insert(Arc::clone(&slot.name), folded_column(&column)?);
                    named.originals.extend(originals(&slot.name, column));
                }
                (Layout::ATTRIBUTES.., column) => {
                    named.columns.insert(Arc::clone(&slot.name), column);
                }
                _ => {}
            }
        }
        if let Some(name) = layout.id() {
            let column = TextColumn::Plain(folded(named.ids.clone())?);
            named.columns.insert(Arc::clone(name), Column::Text(column));
            named.originals.insert(Arc::clone(name), TextColumn::Plain(named.ids.clone()));
        }
        Ok(ReadColumns { columns: named, index, managers: read_managers, member_of, removed })
    }

    /// The columns in the order of the slots; that of the ids is empty.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

/// A column that was read as written, in folded form.
pub(super) fn folded_column(column: &Column) -> Result<Column, Stop> {
    let texts = |texts: &TextColumn| match texts {
        // Texts that differ in their letter case alone become one.
        TextColumn::Dictionary { codes, values } => {
            merge_text(vec![TextColumn::Dictionary { codes: codes.clone(), values: folded(values.clone())? }])
        }
        TextColumn::Plain(values) => Ok(TextColumn::Plain(folded(values.clone())?)),
    };
    Ok(match column {
        Column::Text(column) => Column::Text(texts(column)?),
        Column::Texts(table) => {
            Column::Texts(ItemTable { offsets: table.offsets.clone(), items: texts(&table.items)? })
        }
        Column::Plans(table) => {
            let items = PlanColumns {
                service: texts(&table.items.service)?,
                service_plan_id: texts(&table.items.service_plan_id)?,
                capability_status: texts(&table.items.capability_status)?,
            };
            Column::Plans(ItemTable { offsets: table.offsets.clone(), items })
        }
        Column::Boolean { .. } | Column::Instant { .. } => column.clone(),
    })
}

/// The texts of a column under the names that [`Columns::originals`] has for them.
pub(super) fn originals(name: &Arc<str>, column: Column) -> Vec<(Arc<str>, TextColumn)> {
    match column {
        Column::Text(texts) => vec![(Arc::clone(name), texts)],
        Column::Texts(table) => vec![(Arc::clone(name), table.items)],
        Column::Plans(table) => PlanField::ALL
            .into_iter()
            .map(|field| (format!("{name}.{}", field.word()).into(), table.items.of(field).clone()))
            .collect(),
        Column::Boolean { .. } | Column::Instant { .. } => Vec::new(),
    }
}

/// The pieces of each slot.
pub(super) fn pieces_of(layout: &Layout, parts: Vec<Part>) -> Vec<Vec<Piece>> {
    let mut pieces: Vec<Vec<Piece>> = layout.slots().iter().map(|_| Vec::new()).collect();
    for Part { rows, slots } in parts {
        for (pieces, slot) in pieces.iter_mut().zip(slots) {
            match slot.as_slice() {
                [] => pieces.push(Piece::Missing(rows)),
                _ => pieces.extend(slot.into_iter().map(Piece::Column)),
            }
        }
    }
    pieces
}

/// The rows that no mark of a deletion has; `None` if that is all of them.
fn keep(columns: &[Column]) -> Option<BooleanBuffer> {
    let Some(Column::Boolean { values, valid }) = columns.get(Layout::REMOVED) else { return None };
    let removed = match valid {
        Some(valid) => values & valid.inner(),
        None => values.clone(),
    };
    (removed.count_set_bits() > 0).then(|| !&removed)
}

/// Each group in `memberOf` with the object that is in it.
fn pairs(ids: &StringArray, table: &ItemTable<TextColumn>) -> Vec<(String, String)> {
    let mut pairs = Vec::with_capacity(table.items.len());
    for (row, bounds) in table.offsets.windows(2).enumerate().take(ids.len()) {
        let [from, to] = bounds else { continue };
        for item in *from..*to {
            let group = usize::try_from(item).ok().and_then(|item| table.items.get(item));
            pairs.extend(group.map(|group| (group.to_owned(), ids.value(row).to_owned())));
        }
    }
    pairs
}

/// A text column as an array.
fn as_array(texts: TextColumn) -> Result<StringArray, Stop> {
    match texts {
        TextColumn::Plain(values) => Ok(values),
        dictionary @ TextColumn::Dictionary { .. } => {
            let mut values = super::intern::Texts::default();
            for row in 0..dictionary.len() {
                values.push(dictionary.get(row).unwrap_or_default().as_bytes())?;
            }
            values.finish(super::builder::validity(
                (0..dictionary.len()).map(|row| dictionary.get(row).is_some()),
            ))
        }
    }
}
