//! Arrays as they come out of a file into columns.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};
use jiff::Timestamp;

use super::licensing;
use super::lists::{first_texts, plans, texts_table};
use super::texts::text_column;
use super::types::Way;
use crate::directory::column_reader::builder::{SlotBuilder, TextBuilder};
use crate::directory::column_reader::layout::{Slot, Spelling};
use crate::directory::column_reader::stop::Stop;
use crate::directory::columns::{Column, TICK_NANOSECONDS, TextColumn, ticks_of};
use crate::directory::error::excerpt;
use crate::directory::read::{csv, text};
use crate::directory::row::Datum;
use crate::directory::shape::{Field, FieldKind};

/// Why an array does not become a column.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::directory::column_reader) enum Wrong {
    /// The value on a row, counted from 0 within the array, and what is wrong with it.
    Value(usize, String),
    /// The texts take too many bytes.
    TooLarge,
    /// The array contradicts itself, or is of another type than was asked for.
    Broken,
}

impl From<Stop> for Wrong {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::TooLarge => Self::TooLarge,
            Stop::Refused => Self::Broken,
        }
    }
}

/// The column that an array becomes.
pub(super) fn column(way: &Way, slot: &Slot, kind: FieldKind, array: &dyn Array) -> Result<Column, Wrong> {
    Ok(match way {
        Way::Null => {
            let mut builder = SlotBuilder::new(slot);
            (0..array.len()).for_each(|_| builder.push_null());
            builder.finish()?
        }
        Way::Boolean | Way::Mark => {
            let array = array.as_boolean_opt().ok_or(Wrong::Broken)?;
            let valid = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
            Column::Boolean { values: array.values().clone(), valid }
        }
        Way::BooleanOfText => {
            of_texts(slot, kind, array, |text| Ok(Datum::Boolean(text::boolean(text).ok_or(kind.words())?)))?
        }
        Way::BooleanOfInteger => of_integers(slot, array, |number, builder| match number {
            0 | 1 => Ok(builder.push_boolean(number == 1)?),
            _ => Err(Wrong::Value(0, format!("expected 0, 1 or null, found {number}"))),
        })?,
        Way::Instant => instants(array)?,
        Way::InstantOfText => of_texts(slot, kind, array, |text| text::instant(text).map(Datum::Instant))?,
        Way::Text => Column::Text(text_column(array, slot.spelling)?),
        Way::TextOfInteger => {
            of_integers(slot, array, |number, builder| Ok(builder.push_text(&number.to_string())?))?
        }
        Way::TextOfBoolean => {
            let array = array.as_boolean_opt().ok_or(Wrong::Broken)?;
            let mut texts = TextBuilder::new(slot.spelling, false);
            for value in array {
                match value {
                    Some(value) => texts.push(if value { "true" } else { "false" })?,
                    None => texts.push_null(),
                }
            }
            Column::Text(texts.finish()?)
        }
        Way::TextOfUuid => Column::Text(uuids(array, slot.spelling)?),
        Way::FirstText => Column::Text(first_texts(array, slot.spelling)?),
        Way::Texts => Column::Texts(texts_table(array, slot.spelling)?),
        Way::Plans(names) => Column::Plans(plans(array, names, slot.spelling)?),
        Way::LicensingOfText(list) => licensing::of_texts(*list, slot, array)?,
        Way::Licensing(list, inner) => licensing::of_lists(*list, inner, slot, array)?,
        Way::MarkOfText => of_texts(slot, kind, array, |text| {
            let field = Field { name: slot.name.clone(), kind };
            csv::value(&field, text).map_err(|_| "true, false, changed, deleted or nothing")
        })?,
        Way::MarkOfStruct => {
            let array = array.as_struct_opt().ok_or(Wrong::Broken)?;
            let has_value = |row| array.columns().iter().any(|column| column.is_valid(row));
            let marks = (0..array.len()).map(|row| array.is_valid(row) && has_value(row));
            Column::Boolean { values: marks.collect(), valid: None }
        }
    })
}

/// A column of values that are written as text. `read` says what it expects where it finds none.
fn of_texts(
    slot: &Slot,
    kind: FieldKind,
    array: &dyn Array,
    read: impl Fn(&str) -> Result<Datum, &'static str>,
) -> Result<Column, Wrong> {
    let texts = text_column(array, Spelling::Written)?;
    let mut builder = SlotBuilder::new(slot);
    for row in 0..texts.len() {
        let Some(text) = texts.get(row) else {
            builder.push_null();
            continue;
        };
        let wrong = |expected| Wrong::Value(row, format!("expected {expected}, found {}", excerpt(text)));
        match read(text).map_err(wrong)? {
            Datum::Boolean(value) => builder.push_boolean(value)?,
            Datum::Instant(instant) => builder.push_instant(instant)?,
            Datum::Null if matches!(kind, FieldKind::Mark) => builder.push_null(),
            _ => return Err(Wrong::Broken),
        }
    }
    Ok(builder.finish()?)
}

/// A column of what whole numbers stand for.
fn of_integers(
    slot: &Slot,
    array: &dyn Array,
    push: impl Fn(i128, &mut SlotBuilder) -> Result<(), Wrong>,
) -> Result<Column, Wrong> {
    let mut builder = SlotBuilder::new(slot);
    for (row, number) in integers(array)?.into_iter().enumerate() {
        match number {
            Some(number) => push(number, &mut builder).map_err(|wrong| match wrong {
                Wrong::Value(_, message) => Wrong::Value(row, message),
                wrong => wrong,
            })?,
            None => builder.push_null(),
        }
    }
    Ok(builder.finish()?)
}

fn integers(array: &dyn Array) -> Result<Vec<Option<i128>>, Wrong> {
    fn read<T: ArrowPrimitiveType<Native: Into<i128>>>(array: &dyn Array) -> Option<Vec<Option<i128>>> {
        Some(array.as_primitive_opt::<T>()?.iter().map(|number| number.map(Into::into)).collect())
    }
    let numbers = match array.data_type() {
        DataType::Int8 => read::<Int8Type>(array),
        DataType::Int16 => read::<Int16Type>(array),
        DataType::Int32 => read::<Int32Type>(array),
        DataType::Int64 => read::<Int64Type>(array),
        DataType::UInt8 => read::<UInt8Type>(array),
        DataType::UInt16 => read::<UInt16Type>(array),
        DataType::UInt32 => read::<UInt32Type>(array),
        DataType::UInt64 => read::<UInt64Type>(array),
        _ => None,
    };
    numbers.ok_or(Wrong::Broken)
}

const TICKS_PER_MICROSECOND: i64 = 10;
const TICKS_PER_MILLISECOND: i64 = 1_000 * TICKS_PER_MICROSECOND;
const TICKS_PER_SECOND: i64 = 1_000 * TICKS_PER_MILLISECOND;
const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

fn instants(array: &dyn Array) -> Result<Column, Wrong> {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => scaled::<TimestampSecondType>(array, TICKS_PER_SECOND),
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            scaled::<TimestampMillisecondType>(array, TICKS_PER_MILLISECOND)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            scaled::<TimestampMicrosecondType>(array, TICKS_PER_MICROSECOND)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            let tick = i64::try_from(TICK_NANOSECONDS).map_err(|_| Wrong::Broken)?;
            ticks::<TimestampNanosecondType>(array, |nanoseconds| Some(nanoseconds.div_euclid(tick)))
        }
        DataType::Date32 => scaled::<Date32Type>(array, TICKS_PER_DAY),
        DataType::Date64 => scaled::<Date64Type>(array, TICKS_PER_MILLISECOND),
        _ => Err(Wrong::Broken),
    }
}

fn scaled<T: ArrowPrimitiveType<Native: Into<i64>>>(array: &dyn Array, unit: i64) -> Result<Column, Wrong> {
    ticks::<T>(array, |value| value.checked_mul(unit))
}

fn ticks<T: ArrowPrimitiveType<Native: Into<i64>>>(
    array: &dyn Array,
    convert: impl Fn(i64) -> Option<i64>,
) -> Result<Column, Wrong> {
    let array: &PrimitiveArray<T> = array.as_primitive_opt().ok_or(Wrong::Broken)?;
    // The calendar of all other readers.
    let calendar = ticks_of(Timestamp::MIN)..=ticks_of(Timestamp::MAX);
    let mut all = Vec::with_capacity(array.len());
    for (row, value) in array.values().iter().enumerate() {
        let ticks = convert((*value).into()).filter(|ticks| calendar.contains(ticks));
        match ticks {
            Some(ticks) => all.push(ticks),
            None if array.is_null(row) => all.push(0),
            None => {
                let message =
                    "expected a date-time that exists and lies before 9999-12-31, found one that does not";
                return Err(Wrong::Value(row, message.to_owned()));
            }
        }
    }
    let valid = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
    Ok(Column::Instant { ticks: ScalarBuffer::from(all), valid })
}

/// The text of UUIDs: five groups of hexadecimal digits.
fn uuids(array: &dyn Array, spelling: Spelling) -> Result<TextColumn, Wrong> {
    let array = array.as_fixed_size_binary_opt().ok_or(Wrong::Broken)?;
    let mut texts = TextBuilder::new(spelling, false);
    for value in array {
        let Some(value) = value else {
            texts.push_null();
            continue;
        };
        let mut text = String::with_capacity(36);
        for (at, byte) in value.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(digit), 16));
            }
        }
        texts.push(&text)?;
    }
    Ok(texts.finish()?)
}
