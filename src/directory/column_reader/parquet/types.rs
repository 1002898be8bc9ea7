//! The types of Parquet columns: which of them a field may have, and how each is read.

use arrow_schema::{DataType, Field, TimeUnit};

use crate::directory::license_fields::LicensingList;
use crate::directory::shape::{self, FieldKind, Found};
use crate::language::attribute::PlanField;

/// How the values of a column become those of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// No value on any row.
    Null,
    Boolean,
    /// `true` and `false` as text.
    BooleanOfText,
    /// 0 and 1.
    BooleanOfInteger,
    /// A timestamp or a date.
    Instant,
    /// A date-time as text.
    InstantOfText,
    Text,
    /// The text of a whole number.
    TextOfInteger,
    /// `true` or `false`.
    TextOfBoolean,
    /// The text of the 16 bytes of a UUID.
    TextOfUuid,
    /// The first item of a list.
    FirstText,
    Texts,
    /// A list of structs, with the names of their fields.
    Plans(Vec<(PlanField, String)>),
    /// JSON of which licensing makes a value.
    LicensingOfText(LicensingList),
    /// A list of structs of which licensing makes a value, with their fields.
    Licensing(LicensingList, Vec<Inner>),
    /// A mark of a deletion as boolean.
    Mark,
    /// A mark of a deletion as one of the words for it.
    MarkOfText,
    /// A struct that marks a deletion if one of its fields has a value.
    MarkOfStruct,
}

/// A field of the structs in a list.
#[derive(Clone, Debug)]
pub(super) struct Inner {
    pub(super) field: shape::Field,
    pub(super) way: Way,
    /// The name as the file spells it.
    pub(super) path: String,
}

impl PartialEq for Inner {
    fn eq(&self, other: &Self) -> bool {
        (&self.field.name, &self.way, &self.path) == (&other.field.name, &other.way, &other.path)
    }
}

impl Eq for Inner {}

/// A way, the field to follow inside of a struct, and the leaves to read, counted from the first leaf
/// of the column.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) way: Way,
    pub(super) inside: Option<String>,
    pub(super) leaves: Vec<usize>,
}

impl Reading {
    fn whole(way: Way, column: &DataType) -> Self {
        Self { way, inside: None, leaves: (0..leaf_count(column)).collect() }
    }
}

/// How a column becomes a field; `None` if the type does not fit.
pub(super) fn reading(kind: FieldKind, column: &DataType) -> Option<Reading> {
    let way = match (kind, column) {
        (FieldKind::Extension, DataType::List(_)) | (_, DataType::Null) => Way::Null,
        (FieldKind::Boolean, DataType::Boolean) => Way::Boolean,
        (FieldKind::Boolean, DataType::Utf8) => Way::BooleanOfText,
        (FieldKind::Boolean, whole) if whole.is_integer() => Way::BooleanOfInteger,
        (FieldKind::Date, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64) => Way::Instant,
        (FieldKind::Date, DataType::Utf8) => Way::InstantOfText,
        (FieldKind::Extension, whole) if whole.is_integer() => Way::TextOfInteger,
        (FieldKind::Extension, DataType::Boolean) => Way::TextOfBoolean,
        (FieldKind::Mark, DataType::Boolean) => Way::Mark,
        (FieldKind::Mark, DataType::Utf8) => Way::MarkOfText,
        (FieldKind::Mark, DataType::Struct(_)) => Way::MarkOfStruct,
        (FieldKind::Reference, DataType::Struct(fields)) => return reference(fields),
        (FieldKind::Rows(_), DataType::List(item)) => return plans(item),
        (FieldKind::Licensing(list), DataType::List(item)) => return licensing(list, item),
        (FieldKind::Licensing(list), DataType::Utf8) => Way::LicensingOfText(list),
        (FieldKind::Ids, DataType::List(item)) if matches!(item.data_type(), DataType::Struct(_)) => {
            Way::Null
        }
        (FieldKind::Texts | FieldKind::Ids, DataType::List(item)) if is_text(item) => Way::Texts,
        (FieldKind::FirstText, DataType::List(item)) if is_text(item) => Way::FirstText,
        (_, DataType::Utf8) if takes_text(kind) => Way::Text,
        (_, DataType::FixedSizeBinary(16)) if takes_text(kind) => Way::TextOfUuid,
        _ => return None,
    };
    Some(Reading::whole(way, column))
}

fn takes_text(kind: FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Text
            | FieldKind::Checked(_)
            | FieldKind::Extension
            | FieldKind::FirstText
            | FieldKind::Reference
    )
}

/// Null items stand in lists whose type nobody knows, because all of them are empty.
fn is_text(item: &Field) -> bool {
    matches!(item.data_type(), DataType::Utf8 | DataType::Null)
}

/// An object that stands for a reference to it.
fn reference(fields: &arrow_schema::Fields) -> Option<Reading> {
    let mut leaf = 0;
    for field in fields {
        if field.name().eq_ignore_ascii_case("id") {
            let inner = reading(FieldKind::Text, field.data_type())?;
            let inside = Some(field.name().clone());
            return Some(Reading { inside, leaves: vec![leaf], ..inner });
        }
        leaf += leaf_count(field.data_type());
    }
    None
}

fn plans(item: &Field) -> Option<Reading> {
    let DataType::Struct(fields) = item.data_type() else {
        return (*item.data_type() == DataType::Null).then(|| Reading {
            way: Way::Null,
            inside: None,
            leaves: vec![0],
        });
    };
    let (mut names, mut leaves, mut leaf) = (Vec::new(), Vec::new(), 0);
    for field in fields {
        if let Some(known) = PlanField::from_word(field.name()) {
            if !matches!(field.data_type(), DataType::Utf8 | DataType::Null)
                || names.iter().any(|(other, _)| *other == known)
            {
                return None;
            }
            names.push((known, field.name().clone()));
            leaves.push(leaf);
        }
        leaf += leaf_count(field.data_type());
    }
    // Without any known field the number of items still counts.
    if leaves.is_empty() {
        leaves = (0..leaf).collect();
    }
    Some(Reading { way: Way::Plans(names), inside: None, leaves })
}

fn licensing(list: LicensingList, item: &Field) -> Option<Reading> {
    let mut inner: Vec<Inner> = Vec::new();
    let (mut leaves, mut leaf) = (Vec::new(), 0);
    let fields = match item.data_type() {
        DataType::Struct(fields) => fields.clone(),
        DataType::Null => arrow_schema::Fields::empty(),
        _ => return None,
    };
    for field in &fields {
        let count = leaf_count(field.data_type());
        if let Found::Field(known) = list.shape().find(field.name()) {
            let found =
                reading(known.kind, field.data_type()).filter(|found| found.way != Way::TextOfUuid)?;
            if inner.iter().any(|other| other.field.name == known.name) {
                return None;
            }
            leaves.extend(found.leaves.into_iter().map(|inside| leaf + inside));
            inner.push(Inner { field: known, way: found.way, path: field.name().clone() });
        }
        leaf += count;
    }
    // Without any known field the number of items still counts.
    if leaves.is_empty() {
        leaves = (0..leaf.max(1)).collect();
    }
    Some(Reading { way: Way::Licensing(list, inner), inside: None, leaves })
}

/// How many columns of plain values a type stands for in a file.
pub(super) fn leaf_count(column: &DataType) -> usize {
    match column {
        DataType::Struct(fields) => fields.iter().map(|field| leaf_count(field.data_type())).sum(),
        DataType::List(item) | DataType::Map(item, _) => leaf_count(item.data_type()),
        _ => 1,
    }
}

/// A type in the words of messages.
pub(super) fn type_words(column: &DataType) -> String {
    let word = match column {
        DataType::Null => "null",
        DataType::Boolean => "boolean",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float16 => "float16",
        DataType::Float32 => "float",
        DataType::Float64 => "double",
        DataType::Utf8 => "string",
        DataType::Binary | DataType::FixedSizeBinary(_) => "bytes that are not marked as a string",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::Time32(_) | DataType::Time64(_) => "time of day",
        DataType::Timestamp(TimeUnit::Second, _) => "timestamp in seconds",
        DataType::Timestamp(TimeUnit::Millisecond, _) => "timestamp in milliseconds",
        DataType::Timestamp(TimeUnit::Microsecond, _) => "timestamp in microseconds",
        DataType::Timestamp(TimeUnit::Nanosecond, _) => "timestamp in nanoseconds",
        DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => "decimal",
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), type_words(field.data_type())))
                .collect();
            return format!("struct<{}>", fields.join(", "));
        }
        DataType::List(item) => return format!("list<{}>", type_words(item.data_type())),
        DataType::Map(..) => "map",
        _ => "another type",
    };
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::directory::shape::ASSIGNED_PLAN;

    fn list(item: DataType) -> DataType {
        DataType::List(Arc::new(Field::new("element", item, true)))
    }

    fn structure(fields: &[(&str, DataType)]) -> DataType {
        DataType::Struct(fields.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true)).collect())
    }

    fn way(kind: FieldKind, column: &DataType) -> Option<Way> {
        reading(kind, column).map(|reading| reading.way)
    }

    #[test]
    fn only_what_is_unambiguous_fits() {
        assert_eq!(way(FieldKind::Text, &DataType::Utf8), Some(Way::Text));
        assert_eq!(way(FieldKind::Text, &DataType::Int64), None);
        assert_eq!(way(FieldKind::Extension, &DataType::Int64), Some(Way::TextOfInteger));
        assert_eq!(way(FieldKind::Extension, &DataType::Float64), None);
        assert_eq!(way(FieldKind::Extension, &list(DataType::Int64)), Some(Way::Null));
        assert_eq!(way(FieldKind::Text, &list(DataType::Utf8)), None);
        assert_eq!(way(FieldKind::FirstText, &list(DataType::Utf8)), Some(Way::FirstText));
        assert_eq!(way(FieldKind::Boolean, &DataType::Int8), Some(Way::BooleanOfInteger));
        assert_eq!(way(FieldKind::Boolean, &DataType::Float32), None);
        assert_eq!(way(FieldKind::Date, &DataType::Int64), None, "seconds or milliseconds, who knows");
        assert_eq!(way(FieldKind::Texts, &DataType::Utf8), None);
        assert_eq!(way(FieldKind::Texts, &list(DataType::Null)), Some(Way::Texts));
        assert_eq!(way(FieldKind::Text, &DataType::Null), Some(Way::Null));
        let group = structure(&[("id", DataType::Utf8)]);
        assert_eq!(way(FieldKind::Ids, &list(group)), Some(Way::Null), "whole groups are passed over");
    }

    #[test]
    fn only_the_leaves_that_are_needed_are_read() {
        let manager = structure(&[
            ("plans", list(structure(&[("a", DataType::Utf8), ("b", DataType::Utf8)]))),
            ("Id", DataType::Utf8),
        ]);
        let found = reading(FieldKind::Reference, &manager).unwrap();
        assert_eq!((found.way, found.inside.as_deref(), found.leaves), (Way::Text, Some("Id"), vec![2]));
        assert!(reading(FieldKind::Reference, &structure(&[("mail", DataType::Utf8)])).is_none());
        let plan = structure(&[
            ("assignedDateTime", DataType::Utf8),
            ("Service", DataType::Utf8),
            ("capabilityStatus", DataType::Utf8),
        ]);
        let kind = FieldKind::Rows(&ASSIGNED_PLAN);
        let found = reading(kind, &list(plan)).unwrap();
        assert_eq!(found.leaves, [1, 2]);
        assert!(matches!(found.way, Way::Plans(names) if names.len() == 2));
        let twice = structure(&[("service", DataType::Utf8), ("SERVICE", DataType::Utf8)]);
        assert!(reading(kind, &list(twice)).is_none());
        let wrong = structure(&[("service", DataType::Int32)]);
        assert!(reading(kind, &list(wrong.clone())).is_none());
        insta::assert_snapshot!(type_words(&list(wrong)), @"list<struct<service: int32>>");
    }
}
