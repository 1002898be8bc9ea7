//! One JSON value into what its field may hold.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::names::KnownField;
use super::row::{RowReader, Step, entries, record};
use crate::directory::error::excerpt;
use crate::directory::license_fields::LicensingList;
use crate::directory::read::text;
use crate::directory::row::{Datum, Row};
use crate::directory::shape::FieldKind;

/// What is to be read next.
pub(super) enum Want<'row> {
    /// A whole record.
    Record { level: usize, row: &'row mut Row },
    /// An object inside row number `number` whose entries are fields of that row.
    Container { level: usize, number: u64, row: &'row mut Row },
    /// The value of a field, with the level of its records.
    Field { kind: FieldKind, inner: Option<usize> },
    /// A string in a list.
    Text,
    /// An id in a list, or an object, which is passed over.
    Id,
}

impl Want<'_> {
    fn words(&self) -> &'static str {
        match self {
            Self::Record { .. } => "an object",
            Self::Container { .. } => "an object or null",
            Self::Field { kind, .. } => kind.words(),
            Self::Text => "a string",
            Self::Id => "an id",
        }
    }
}

/// Reads one value, whatever it is.
pub(super) struct Reading<'reader, 'shape, 'row> {
    pub(super) reader: &'reader mut RowReader<'shape>,
    pub(super) want: Want<'row>,
}

impl Reading<'_, '_, '_> {
    fn wrong(self, found: impl fmt::Display) -> Datum {
        self.reader.wrong(self.want.words(), found)
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_, '_, '_> {
    type Value = Datum;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Datum, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_, '_, '_> {
    type Value = Datum;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.want.words())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Datum, E> {
        Ok(match self.want {
            Want::Field { kind: FieldKind::Boolean, .. } => Datum::Boolean(value),
            Want::Field { kind: FieldKind::Mark, .. } if value => Datum::Boolean(true),
            Want::Field { kind: FieldKind::Mark, .. } => Datum::Null,
            _ => self.wrong(value),
        })
    }

    fn visit_u64<E>(self, value: u64) -> Result<Datum, E> {
        Ok(match self.want {
            Want::Field { kind: FieldKind::Count, .. } => Datum::Count(value),
            _ => self.wrong(format_args!("the number {value}")),
        })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Datum, E> {
        Ok(self.wrong(format_args!("the number {value}")))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Datum, E> {
        Ok(self.wrong(format_args!("the number {value}")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Datum, E> {
        let (reader, kind) = match self.want {
            Want::Field { kind, .. } => (self.reader, kind),
            Want::Text | Want::Id => return Ok(Datum::Text(value.to_owned())),
            _ => return Ok(self.wrong(excerpt(value))),
        };
        Ok(match kind {
            FieldKind::Text | FieldKind::FirstText | FieldKind::Reference | FieldKind::Extension => {
                Datum::Text(value.to_owned())
            }
            FieldKind::Checked(check) => match check(value) {
                Ok(()) => Datum::Text(value.to_owned()),
                Err(expected) => reader.wrong(expected, excerpt(value)),
            },
            FieldKind::Date => match text::instant(value) {
                Ok(instant) => Datum::Instant(instant),
                Err(expected) => reader.wrong(expected, excerpt(value)),
            },
            _ => reader.wrong(kind.words(), excerpt(value)),
        })
    }

    fn visit_unit<E>(self) -> Result<Datum, E> {
        Ok(match self.want {
            Want::Field { .. } => Datum::Null,
            Want::Container { level, row, .. } => {
                // All that could stand in it is null: only who is told of changes needs to know.
                row.push(self.reader.names.prefix(level).into(), Datum::Null);
                Datum::Null
            }
            _ => self.wrong("null"),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Datum, A::Error> {
        let Want::Field { kind, inner } = self.want else {
            skip_list(list)?;
            return Ok(self.wrong("a list"));
        };
        match (kind, inner) {
            (FieldKind::Texts, _) => Ok(Datum::Texts(texts(self.reader, list, || Want::Text)?)),
            (FieldKind::Ids, _) => Ok(Datum::Texts(texts(self.reader, list, || Want::Id)?)),
            (FieldKind::FirstText, _) => {
                let first = texts(self.reader, list, || Want::Text)?.into_iter().next();
                Ok(first.map(Datum::Text).unwrap_or_default())
            }
            (FieldKind::Rows(_), Some(level)) => Ok(Datum::Rows(rows(self.reader, level, list, usize::MAX)?)),
            (FieldKind::Licensing(made), Some(level)) => licensing(self.reader, made, level, list),
            _ => {
                skip_list(list)?;
                Ok(self.wrong("a list"))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Datum, A::Error> {
        let reader = self.reader;
        match self.want {
            Want::Record { level, row } => record(reader, level, object, row).map(|()| Datum::Null),
            Want::Container { level, number, row } => {
                entries(reader, level, number, object, row).map(|()| Datum::Null)
            }
            Want::Field { kind: FieldKind::Reference, inner: Some(level) } => {
                let mut row = Row::default();
                record(reader, level, object, &mut row)?;
                Ok(row.take("id"))
            }
            Want::Field { kind: FieldKind::Mark, .. } => skip_object(object).map(|()| Datum::Boolean(true)),
            Want::Id => skip_object(object).map(|()| Datum::Null),
            want => {
                skip_object(object)?;
                Ok(reader.wrong(want.words(), "an object"))
            }
        }
    }
}

/// Reads the value of a field.
pub(super) fn read_value<'de, A: MapAccess<'de>>(
    reader: &mut RowReader<'_>,
    KnownField { kind, inner, .. }: KnownField,
    object: &mut A,
) -> Result<Datum, A::Error> {
    match kind {
        FieldKind::Extension => Ok(extension(reader, object.next_value()?)),
        _ => object.next_value_seed(Reading { reader, want: Want::Field { kind, inner } }),
    }
}

/// Reads the value of a field whose name has another meaning too.
pub(super) fn read_raw(
    reader: &mut RowReader<'_>,
    KnownField { kind, inner, .. }: KnownField,
    json: &RawValue,
) -> Datum {
    if let FieldKind::Extension = kind {
        return extension(reader, json);
    }
    let depth = reader.steps.len();
    let reading = Reading { reader: &mut *reader, want: Want::Field { kind, inner } };
    let read = reading.deserialize(&mut serde_json::Deserializer::from_str(json.get()));
    // What passes for JSON at first sight may still hold half of a surrogate pair.
    reader.steps.truncate(depth);
    read.unwrap_or_else(|_| reader.wrong(kind.words(), "broken JSON"))
}

/// A directory extension: its text as it is written, so that no digit of a number is lost.
fn extension(reader: &mut RowReader<'_>, json: &RawValue) -> Datum {
    match json.get().as_bytes() {
        [b'"', ..] => match serde_json::from_str(json.get()) {
            Ok(text) => Datum::Text(text),
            Err(_) => reader.wrong(FieldKind::Extension.words(), "a string with a broken escape"),
        },
        [b'{', ..] => reader.wrong(FieldKind::Extension.words(), "an object"),
        [b'[' | b'n', ..] => Datum::Null,
        _ => Datum::Text(json.get().to_owned()),
    }
}

/// Reads the strings of a list; what is no string is noted and left out.
fn texts<'de, A: SeqAccess<'de>>(
    reader: &mut RowReader<'_>,
    mut list: A,
    want: impl Fn() -> Want<'static>,
) -> Result<Vec<String>, A::Error> {
    let mut texts = Vec::new();
    for item in 0.. {
        reader.steps.push(Step::Item(item));
        let value = list.next_element_seed(Reading { reader, want: want() })?;
        reader.steps.pop();
        match value {
            Some(Datum::Text(text)) => texts.push(text),
            Some(_) => {}
            None => break,
        }
    }
    Ok(texts)
}

/// Reads a list of which licensing makes one value.
fn licensing<'de, A: SeqAccess<'de>>(
    reader: &mut RowReader<'_>,
    made: LicensingList,
    level: usize,
    list: A,
) -> Result<Datum, A::Error> {
    let faults_before = reader.faults();
    // One more than there may be, which tells that there are too many.
    let rows = rows(reader, level, list, made.items_max().saturating_add(1))?;
    if reader.faults() > faults_before {
        return Ok(Datum::Refused);
    }
    Ok(made.of_rows(rows).unwrap_or_else(|(item, message)| {
        reader.steps.push(Step::Item(item));
        reader.fault(None, || message);
        reader.steps.pop();
        Datum::Refused
    }))
}

/// Reads the records of a list, at most the first `items_max` of them.
fn rows<'de, A: SeqAccess<'de>>(
    reader: &mut RowReader<'_>,
    level: usize,
    mut list: A,
    items_max: usize,
) -> Result<Vec<Row>, A::Error> {
    let mut rows = Vec::new();
    for item in 0.. {
        if item == items_max {
            skip_list(list)?;
            break;
        }
        let mut row = Row::default();
        reader.steps.push(Step::Item(item));
        let want = Want::Record { level, row: &mut row };
        let value = list.next_element_seed(Reading { reader, want })?;
        reader.steps.pop();
        if value.is_none() {
            break;
        }
        rows.push(row);
    }
    Ok(rows)
}

fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
