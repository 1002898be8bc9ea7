//! The attributes of users or devices in the form in which they are kept between runs.

mod bytes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use arrow_array::StringArray;
use arrow_buffer::ScalarBuffer;
use rayon::prelude::*;

use self::bytes::{decoded, encoded};
use super::layout::SlotKind;
use super::merge::{Piece, merge};
use super::objects::value;
use super::part::{folded_column, originals};
use super::stop::Stop;
use super::take::{NO_ROW as NOBODY, taken, taken_values};
use super::{IdIndex, ReadColumns, Wanted};
use crate::directory::columns::{Column, Columns, ItemTable, PlanColumns, TextColumn};
use crate::directory::license_fields::{self, LICENSES};
use crate::directory::object::{Object, Value};
use crate::directory::shape::{MANAGER, OBJECT_ID};
use crate::language::attribute::{Attribute, Attributes, Kind, PlanField, Subject};

/// Stands for a row without values.
pub const NO_ROW: u32 = NOBODY;

/// An attribute, and the form of its texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredName {
    /// The canonical name; `manager` for the id of the manager.
    pub attribute: Arc<str>,
    /// Whether texts are as the file wrote them; folded if not.
    pub as_written: bool,
    /// What its values are.
    pub kind: Kind,
}

/// Why columns cannot be put together or read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredFault {
    /// The texts of one attribute take more bytes than a column can address.
    TooLarge,
    /// The bytes are no column, or columns do not fit together.
    Broken,
}

impl fmt::Display for StoredFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "the texts of one attribute take more than 2 GiB",
            Self::Broken => "the stored values cannot be read",
        })
    }
}

impl std::error::Error for StoredFault {}

impl From<Stop> for StoredFault {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::TooLarge => Self::TooLarge,
            Stop::Refused => Self::Broken,
        }
    }
}

/// Attributes of objects, row by row, without their ids. Each attribute is there in one form.
///
/// ```
/// use std::sync::Arc;
/// use dyngroup::directory::column_reader::stored::{NO_ROW, StoredColumns, StoredName};
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::language::attribute::{Attributes, Kind, Subject};
///
/// let ada = Object::new("ada").with("city", Value::Text("Oslo".into()));
/// let names = [StoredName { attribute: "city".into(), as_written: true, kind: Kind::Text }];
/// let columns = StoredColumns::of_objects(&[ada.clone()], &names, Subject::User, Attributes::standard());
/// let (name, bytes) = columns.encoded()?.pop().unwrap();
/// let read = StoredColumns::decoded([(name, bytes)], 1)?;
/// assert_eq!(read.object(0, "ada"), ada);
/// assert_eq!(read.taken(&[NO_ROW, 0])?.object(0, "bob"), Object::new("bob"));
/// # Ok::<(), dyngroup::directory::column_reader::stored::StoredFault>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct StoredColumns {
    rows: usize,
    columns: BTreeMap<StoredName, Column>,
}

impl StoredColumns {
    /// What was read from files, with the ids of the managers if they were read.
    pub fn of_read(read: &Columns, managers: Option<&TextColumn>) -> Self {
        let mut columns = BTreeMap::new();
        for (attribute, column) in &read.columns {
            if **attribute == *OBJECT_ID {
                continue;
            }
            let written = written(attribute, column, &read.originals);
            let as_written = written.is_some();
            let name =
                StoredName { attribute: Arc::clone(attribute), as_written, kind: kind_of_values(column) };
            columns.insert(name, written.unwrap_or_else(|| column.clone()));
        }
        if let Some(managers) = managers {
            columns.insert(StoredName::manager(), Column::Text(managers.clone()));
        }
        Self { rows: read.rows(), columns }
    }

    /// The attributes `names` of objects. Those that `attributes` does not know are left out.
    pub fn of_objects<'n>(
        objects: &[Object],
        names: impl IntoIterator<Item = &'n StoredName>,
        subject: Subject,
        attributes: &Attributes,
    ) -> Self {
        let mut columns = BTreeMap::new();
        for name in names {
            if *name == StoredName::manager() {
                let managers = TextColumn::of_originals(objects.iter().map(Object::manager));
                columns.insert(name.clone(), Column::Text(managers));
            } else if let Some(attribute) = license_fields::attribute(subject, &name.attribute)
                .or_else(|| attributes.find(subject, &name.attribute))
                .filter(|attribute| attribute.kind == name.kind)
            {
                let made = Columns::of_objects(objects, [&attribute]);
                let Some(column) = made.columns.get(&attribute.name) else { continue };
                let written = written(&attribute.name, column, &made.originals).filter(|_| name.as_written);
                columns.insert(name.clone(), written.unwrap_or_else(|| column.clone()));
            }
        }
        Self { rows: objects.len(), columns }
    }

    /// Columns from their bytes, all with so many rows.
    ///
    /// INVARIANT: the bytes are as [`StoredColumns::encoded`] gave them, or were never such: whoever keeps
    /// them makes sure that they are not damaged.
    ///
    /// # Errors
    ///
    /// If bytes are none that [`StoredColumns::encoded`] made, or of another number of rows.
    pub fn decoded<B: AsRef<[u8]> + Sync + Send>(
        columns: impl IntoIterator<Item = (StoredName, B)>,
        rows: usize,
    ) -> Result<Self, StoredFault> {
        let bytes: Vec<(StoredName, B)> = columns.into_iter().collect();
        let columns = bytes.into_par_iter().map(|(name, bytes)| Ok((name, decoded(bytes.as_ref(), rows)?)));
        Ok(Self { rows, columns: columns.collect::<Result<_, StoredFault>>()? })
    }

    /// The bytes of each column, sorted by name: a stream of the Arrow IPC format with one batch of one
    /// column. Equal columns give equal bytes.
    ///
    /// # Errors
    ///
    /// If a column is too large for its format.
    pub fn encoded(&self) -> Result<Vec<(StoredName, Vec<u8>)>, StoredFault> {
        self.columns.par_iter().map(|(name, column)| Ok((name.clone(), encoded(column)?))).collect()
    }

    /// On how many rows each attribute has a value, by its name.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u64)> {
        let attributes = self.columns.iter().filter(|(name, _)| **name != StoredName::manager());
        attributes.map(|(name, column)| (&*name.attribute, column.count_values() as u64))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns that are there, sorted.
    pub fn names(&self) -> impl Iterator<Item = &StoredName> {
        self.columns.keys()
    }

    /// Only the columns that `keep` wants.
    #[must_use]
    pub fn filtered(mut self, keep: impl Fn(&StoredName) -> bool) -> Self {
        self.columns.retain(|name, _| keep(name));
        self
    }

    /// The rows in the order in which `rows` names them; [`NO_ROW`] gives a row without values.
    ///
    /// # Errors
    ///
    /// If a column becomes too large.
    pub fn taken(&self, rows: &[u32]) -> Result<Self, StoredFault> {
        let columns = self.columns.par_iter().map(|(name, column)| Ok((name.clone(), taken(column, rows)?)));
        Ok(Self { rows: rows.len(), columns: columns.collect::<Result<_, Stop>>()? })
    }

    /// All rows of `parts`, one after the other. A column that a part lacks has no values there.
    ///
    /// # Errors
    ///
    /// If a column becomes too large, or parts differ in the kind of an attribute.
    pub fn joined(parts: &[Self]) -> Result<Self, StoredFault> {
        let rows = parts.iter().map(|part| part.rows).sum();
        let names: BTreeSet<StoredName> =
            parts.iter().flat_map(|part| part.columns.keys().cloned()).collect();
        let joined = |name: StoredName| -> Result<(StoredName, Column), StoredFault> {
            let columns = || parts.iter().map(|part| (part.rows, part.columns.get(&name)));
            let kind = columns().find_map(|(_, column)| column.map(kind_of)).ok_or(StoredFault::Broken)?;
            let pieces = columns().map(|(rows, column)| match column {
                Some(column) => Piece::Column(column.clone()),
                None => Piece::Missing(rows),
            });
            let column = merge(kind, pieces.collect())?;
            Ok((name, column))
        };
        let columns = names.into_par_iter().map(joined).collect::<Result<_, StoredFault>>()?;
        Ok(Self { rows, columns })
    }

    /// The same columns with other values on some rows: row `at` of these becomes row `n` of `by` for the
    /// `n`-th of `rows`.
    ///
    /// # Errors
    ///
    /// As those of [`StoredColumns::joined`].
    pub fn replaced(self, rows: &[u32], by: Self) -> Result<Self, StoredFault> {
        let first = u32::try_from(self.rows).map_err(|_| StoredFault::TooLarge)?;
        let mut order: Vec<u32> = (0..first).collect();
        for (new, &row) in (first..).zip(rows) {
            if let Some(place) = order.get_mut(row as usize) {
                *place = new;
            }
        }
        Self::joined(&[self, by])?.taken(&order)
    }

    /// The object on a row, with what is stored of it.
    pub fn object(&self, row: usize, id: &str) -> Object {
        let attributes = self.columns.iter().filter(|(name, _)| **name != StoredName::manager());
        let values = attributes.map(|(name, column)| (Arc::clone(&name.attribute), value(column, row)));
        let mut object = Object::with_values(id, values.filter(|(_, value)| *value != Value::Null));
        if let Some(manager) = self.columns.get(&StoredName::manager())
            && let Value::Text(manager) = value(manager, row)
        {
            object.set_manager(Some(manager));
        }
        object
    }

    /// The columns of what is wanted, as if they came out of a file.
    ///
    /// # Errors
    ///
    /// If a column becomes too large.
    pub fn into_read(mut self, ids: StringArray, wanted: &Wanted) -> Result<ReadColumns, StoredFault> {
        let mut columns = Columns { ids, columns: BTreeMap::new(), originals: BTreeMap::new() };
        for attribute in wanted.attributes.iter().filter(|attribute| *attribute.name == *OBJECT_ID) {
            let column = Column::Text(TextColumn::Plain(columns.ids.clone()));
            columns.columns.insert(Arc::clone(&attribute.name), folded_column(&column)?);
            columns.originals.extend(originals(&attribute.name, column));
        }
        let managers = self.columns.remove(&StoredName::manager());
        self.columns.retain(|name, _| name.is_of(wanted));
        let folded: Vec<(StoredName, Column, Column)> = self
            .columns
            .into_par_iter()
            .map(|(name, column)| {
                let is_folded = !name.as_written || *name.attribute == *LICENSES;
                let folded = if is_folded { column.clone() } else { folded_column(&column)? };
                Ok((name, folded, column))
            })
            .collect::<Result<_, Stop>>()?;
        for (name, folded, column) in folded {
            if name.as_written && wanted.originals.contains(&name.attribute) {
                columns.originals.extend(originals(&name.attribute, column));
            }
            columns.columns.insert(name.attribute, folded);
        }
        let managers = match managers {
            Some(Column::Text(managers)) => Some(managers).filter(|_| wanted.managers),
            _ => None,
        };
        let index = IdIndex::new(&columns.ids);
        Ok(ReadColumns { columns, index, managers, member_of: Vec::new(), removed: Vec::new() })
    }
}

impl StoredName {
    /// The ids of the managers, as written.
    pub fn manager() -> Self {
        Self { attribute: MANAGER.into(), as_written: true, kind: Kind::Text }
    }

    /// What is stored of what is wanted.
    pub fn of_wanted(wanted: &Wanted) -> impl Iterator<Item = Self> {
        let attributes =
            wanted.attributes.iter().filter(|attribute| !attribute.retired && *attribute.name != *OBJECT_ID);
        let name = |attribute: &Arc<Attribute>| Self {
            attribute: Arc::clone(&attribute.name),
            as_written: wanted.originals.contains(&attribute.name),
            kind: attribute.kind,
        };
        attributes.map(name).chain(wanted.managers.then(Self::manager))
    }

    /// Whether it is among what is wanted.
    pub fn is_of(&self, wanted: &Wanted) -> bool {
        let is_manager = wanted.managers && *self == Self::manager();
        let is_it = |it: &Arc<Attribute>| it.name == self.attribute && it.kind == self.kind;
        is_manager || wanted.attributes.iter().any(is_it)
    }

    /// What has to be stored for what is wanted, and is not among `stored`: attributes in rule spelling.
    pub fn missing<'w>(stored: &BTreeSet<Self>, wanted: &'w Wanted) -> Vec<&'w str> {
        let is_there = |attribute: &Attribute| {
            let form = |as_written| Self {
                attribute: Arc::clone(&attribute.name),
                as_written,
                kind: attribute.kind,
            };
            let needs_text = wanted.originals.contains(&attribute.name);
            stored.contains(&form(true)) || (!needs_text && stored.contains(&form(false)))
        };
        let attributes = wanted
            .attributes
            .iter()
            .filter(|attribute| !attribute.retired && *attribute.name != *OBJECT_ID && !is_there(attribute));
        let mut missing: Vec<&str> = attributes.map(|attribute| &*attribute.name).collect();
        if wanted.managers && !stored.contains(&Self::manager()) {
            missing.push(MANAGER);
        }
        missing
    }
}

impl ReadColumns {
    /// The rows in the order in which `rows` names them.
    ///
    /// # Errors
    ///
    /// If a column becomes too large.
    pub fn taken(self, rows: &[u32], wanted: &Wanted) -> Result<Self, StoredFault> {
        let ids = taken_values(&self.columns.ids, rows)?;
        let stored = StoredColumns::of_read(&self.columns, self.managers.as_ref()).taken(rows)?;
        let Self { member_of, removed, .. } = self;
        Ok(Self { member_of, removed, ..stored.into_read(ids, wanted)? })
    }
}

/// A column with its texts as written, if they are kept.
fn written(name: &Arc<str>, column: &Column, originals: &BTreeMap<Arc<str>, TextColumn>) -> Option<Column> {
    let offsets = |offsets: &ScalarBuffer<u32>| offsets.clone();
    Some(match column {
        Column::Text(_) => Column::Text(originals.get(name)?.clone()),
        Column::Texts(table) => {
            Column::Texts(ItemTable { offsets: offsets(&table.offsets), items: originals.get(name)?.clone() })
        }
        Column::Plans(table) => {
            let field =
                |field: PlanField| originals.get(format!("{name}.{}", field.word()).as_str()).cloned();
            let items = PlanColumns {
                service: field(PlanField::Service)?,
                service_plan_id: field(PlanField::ServicePlanId)?,
                capability_status: field(PlanField::CapabilityStatus)?,
            };
            Column::Plans(ItemTable { offsets: offsets(&table.offsets), items })
        }
        Column::Boolean { .. } | Column::Instant { .. } => return None,
    })
}

fn kind_of_values(column: &Column) -> Kind {
    match column {
        Column::Boolean { .. } => Kind::Boolean,
        Column::Instant { .. } => Kind::Date,
        Column::Text(_) => Kind::Text,
        Column::Texts(_) => Kind::Texts,
        Column::Plans(_) => Kind::Plans,
    }
}

fn kind_of(column: &Column) -> SlotKind {
    match column {
        Column::Boolean { .. } => SlotKind::Boolean,
        Column::Instant { .. } => SlotKind::Instant,
        Column::Text(_) => SlotKind::Text,
        Column::Texts(_) => SlotKind::Texts,
        Column::Plans(_) => SlotKind::Plans,
    }
}
