//! Columns as bytes: one batch of the Arrow IPC stream format, compressed, so that other tools read them.

use std::io::Cursor;
use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, Int64Array, ListArray, RecordBatch,
    StructArray, cast::AsArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_ipc::CompressionType;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema};

use super::StoredFault;
use crate::directory::column_reader::intern::Texts;
use crate::directory::column_reader::layout::Spelling;
use crate::directory::column_reader::parquet::lists::{plans, texts_table};
use crate::directory::column_reader::parquet::texts::text_column;
use crate::directory::column_reader::stop::Stop;
use crate::directory::columns::{Column, TextColumn};
use crate::language::attribute::PlanField;

/// The one column of a batch.
const FIELD: &str = "values";

/// The bytes of a column.
pub(super) fn encoded(column: &Column) -> Result<Vec<u8>, StoredFault> {
    write(array_of(column)?).map_err(|_| StoredFault::TooLarge)
}

/// The column that was written as `bytes`, with so many rows.
///
/// INVARIANT: the bytes are as they were written: who keeps them keeps a hash too. The library that reads
/// them does not take every damage well.
pub(super) fn decoded(bytes: &[u8], rows: usize) -> Result<Column, StoredFault> {
    let broken = |_: ArrowError| StoredFault::Broken;
    let mut reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(broken)?;
    let batch = reader.next().ok_or(StoredFault::Broken)?.map_err(broken)?;
    let array = batch.columns().first().filter(|array| array.len() == rows).ok_or(StoredFault::Broken)?;
    column_of(array.as_ref()).ok_or(StoredFault::Broken)
}

fn write(array: ArrayRef) -> Result<Vec<u8>, ArrowError> {
    let schema = Schema::new(vec![Field::new(FIELD, array.data_type().clone(), true)]);
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let batch = RecordBatch::try_new(Arc::new(schema), vec![array])?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options)?;
    writer.write(&batch)?;
    writer.into_inner()
}

fn array_of(column: &Column) -> Result<ArrayRef, StoredFault> {
    Ok(match column {
        Column::Boolean { values, valid } => Arc::new(BooleanArray::new(values.clone(), valid.clone())),
        Column::Instant { ticks, valid } => Arc::new(Int64Array::new(ticks.clone(), valid.clone())),
        Column::Text(texts) => text_array(texts)?,
        Column::Texts(table) => list_of(&table.offsets, text_array(&table.items)?)?,
        Column::Plans(table) => {
            let texts: Vec<ArrayRef> = PlanField::ALL
                .map(|field| text_array(table.items.of(field)))
                .into_iter()
                .collect::<Result<_, _>>()?;
            let field = |(field, array): (PlanField, &ArrayRef)| {
                Field::new(field.word(), array.data_type().clone(), true)
            };
            let fields: Fields = PlanField::ALL.into_iter().zip(&texts).map(field).collect();
            let items = StructArray::try_new(fields, texts, None).map_err(|_| StoredFault::Broken)?;
            list_of(&table.offsets, Arc::new(items))?
        }
    })
}

fn list_of(offsets: &ScalarBuffer<u32>, items: ArrayRef) -> Result<ArrayRef, StoredFault> {
    let offsets: Vec<i32> = offsets
        .iter()
        .map(|&end| i32::try_from(end).map_err(|_| StoredFault::TooLarge))
        .collect::<Result<_, _>>()?;
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    let list = ListArray::try_new(field, OffsetBuffer::new(offsets.into()), items, None);
    Ok(Arc::new(list.map_err(|_| StoredFault::Broken)?))
}

/// The key of a value that no row has had yet, and of null.
const UNSEEN: i32 = -1;

/// A text column as an array. The dictionary has what the rows hold and nothing else, in the order in
/// which it comes up, so that equal rows give equal bytes.
fn text_array(texts: &TextColumn) -> Result<ArrayRef, StoredFault> {
    let (codes, values) = match texts {
        TextColumn::Plain(values) => return Ok(Arc::new(values.clone())),
        TextColumn::Dictionary { codes, values } => (codes, values),
    };
    let mut keys_of = vec![UNSEEN; values.len()];
    let mut used = Texts::default();
    let mut keys: Vec<i32> = Vec::with_capacity(codes.len());
    for &code in codes {
        let value = code.checked_sub(1).map(|at| at as usize);
        let Some(key) = value.and_then(|at| keys_of.get_mut(at)) else {
            keys.push(UNSEEN);
            continue;
        };
        if *key == UNSEEN {
            let text = values.value(value.unwrap_or_default());
            let count = used.push(text.as_bytes())?;
            *key = i32::try_from(count - 1).map_err(|_| Stop::TooLarge)?;
        }
        keys.push(*key);
    }
    let valid: NullBuffer = keys.iter().map(|&key| key != UNSEEN).collect();
    for key in &mut keys {
        *key = (*key).max(0);
    }
    let valid = Some(valid).filter(|valid| valid.null_count() > 0);
    let keys = Int32Array::new(keys.into(), valid);
    let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(used.finish(None)?));
    Ok(Arc::new(array.map_err(|_| StoredFault::Broken)?))
}

fn column_of(array: &dyn Array) -> Option<Column> {
    let valid = || array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
    Some(match array.data_type() {
        DataType::Boolean => {
            Column::Boolean { values: array.as_boolean_opt()?.values().clone(), valid: valid() }
        }
        DataType::Int64 => {
            let ticks = array.as_primitive_opt::<arrow_array::types::Int64Type>()?.values().clone();
            Column::Instant { ticks, valid: valid() }
        }
        DataType::List(item) if matches!(item.data_type(), DataType::Struct(_)) => {
            let names = PlanField::ALL.map(|field| (field, field.word().to_owned()));
            Column::Plans(plans(array, &names, Spelling::Written).ok()?)
        }
        DataType::List(_) => Column::Texts(texts_table(array, Spelling::Written).ok()?),
        _ => Column::Text(text_column(array, Spelling::Written).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;

    use super::*;
    use crate::directory::columns::{ItemTable, PlanColumns};

    fn texts(values: &[Option<&str>]) -> TextColumn {
        TextColumn::of_originals(values.iter().copied())
    }

    fn columns() -> Vec<Column> {
        let items = || texts(&[Some("a"), Some("b"), Some("a")]);
        let offsets = || ScalarBuffer::from(vec![0_u32, 2, 2, 3]);
        let plans = PlanColumns {
            service: items(),
            service_plan_id: texts(&[None, Some("x"), None]),
            capability_status: TextColumn::Plain(StringArray::from(vec![Some("é"), None, Some("")])),
        };
        vec![
            Column::Boolean {
                values: vec![true, false, true].into(),
                valid: Some(vec![true, true, false].into()),
            },
            Column::Boolean { values: vec![true, false, true].into(), valid: None },
            Column::Instant {
                ticks: vec![i64::MIN, 0, i64::MAX].into(),
                valid: Some(vec![true, false, true].into()),
            },
            Column::Text(texts(&[Some("Oslo"), None, Some("Oslo")])),
            Column::Text(texts(&[None, None, None])),
            Column::Text(TextColumn::Plain(StringArray::from(vec![Some("x"), None, Some("")]))),
            Column::Texts(ItemTable { offsets: offsets(), items: items() }),
            Column::Plans(ItemTable { offsets: offsets(), items: plans }),
        ]
    }

    #[test]
    fn what_is_written_is_read_back() {
        for column in columns() {
            let bytes = encoded(&column).unwrap();
            let read = decoded(&bytes, 3).unwrap();
            let value = |column: &Column, row| crate::directory::column_reader::objects::value(column, row);
            for row in 0..3 {
                assert_eq!(value(&read, row), value(&column, row), "{column:?}");
            }
            assert_eq!(encoded(&read).unwrap(), bytes, "{column:?}");
            assert_eq!(decoded(&bytes, 4).unwrap_err(), StoredFault::Broken);
        }
    }

    #[test]
    fn what_rows_do_not_hold_is_not_written() {
        let small = texts(&[Some("b"), Some("a")]);
        let large = TextColumn::Dictionary {
            codes: vec![3, 1].into(),
            values: StringArray::from(vec!["a", "never", "b"]),
        };
        assert_eq!(encoded(&Column::Text(large)).unwrap(), encoded(&Column::Text(small)).unwrap());
    }

    #[test]
    fn other_bytes_are_refused() {
        for column in columns() {
            let bytes = encoded(&column).unwrap();
            for end in 0..bytes.len() - 16 {
                assert_eq!(
                    decoded(&bytes[..end], 3).unwrap_err(),
                    StoredFault::Broken,
                    "{end} of {column:?}"
                );
            }
        }
        assert_eq!(decoded(b"no column", 3).unwrap_err(), StoredFault::Broken);
    }
}
