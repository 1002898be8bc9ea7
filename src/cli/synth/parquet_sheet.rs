//! Objects as Parquet: names as rules spell them, collections as lists.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, ListArray, StringArray, StructArray, TimestampMicrosecondArray};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use indicatif::ProgressBar;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnWriter, ArrowLeafColumn, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use rayon::prelude::*;

use super::super::failure::Failure;
use super::row::{Cell, CellKind, Column, Row, Table};
use super::stream::stream;

/// Blocks in one row group, which makes 131,072 rows.
const GROUP_BLOCKS: usize = 128;

/// Writes all rows of a table.
pub(super) fn write(
    table: &Table<'_>,
    file: &mut File,
    path: &Path,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let failed =
        |error: &dyn std::fmt::Display| Failure::file(path, "write", &io::Error::other(error.to_string()));
    let schema = schema(&table.columns);
    let mut writer = GroupWriter::new(file, Arc::clone(&schema)).map_err(|error| failed(&error))?;
    stream(
        table,
        bar,
        |rows| leaves(&table.columns, &schema, rows).map_err(|error| failed(&error)),
        |blocks| writer.write(blocks).map_err(|error| failed(&error)),
    )?;
    writer.finish().map_err(|error| failed(&error))
}

/// The columns of a block, nested ones taken apart.
type Leaves = Vec<ArrowLeafColumn>;

/// Encodes the columns of a row group side by side and appends it to the file when it is full.
struct GroupWriter<'file> {
    file: SerializedFileWriter<&'file mut File>,
    factory: ArrowRowGroupWriterFactory,
    columns: Vec<ArrowColumnWriter>,
    blocks: usize,
    groups: usize,
}

impl<'file> GroupWriter<'file> {
    fn new(file: &'file mut File, schema: SchemaRef) -> Result<Self, ParquetError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_dictionary_enabled(true)
            .build();
        // Readers get plain types: the file says nothing about Arrow.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(file, schema, options)?;
        let (file, factory) = writer.into_serialized_writer()?;
        Ok(Self { file, factory, columns: Vec::new(), blocks: 0, groups: 0 })
    }

    fn write(&mut self, blocks: Vec<Leaves>) -> Result<(), ParquetError> {
        let mut blocks = blocks.into_iter().peekable();
        while blocks.peek().is_some() {
            if self.columns.is_empty() {
                self.columns = self.factory.create_column_writers(self.groups)?;
            }
            let room: Vec<Leaves> = blocks.by_ref().take(GROUP_BLOCKS - self.blocks).collect();
            self.blocks += room.len();
            self.columns.par_iter_mut().enumerate().try_for_each(|(at, column)| {
                room.iter().filter_map(|leaves| leaves.get(at)).try_for_each(|leaf| column.write(leaf))
            })?;
            if self.blocks == GROUP_BLOCKS {
                self.close_group()?;
            }
        }
        Ok(())
    }

    fn close_group(&mut self) -> Result<(), ParquetError> {
        let columns = std::mem::take(&mut self.columns);
        let chunks: Vec<_> =
            columns.into_par_iter().map(ArrowColumnWriter::close).collect::<Result<_, _>>()?;
        let mut group = self.file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        self.groups += 1;
        self.blocks = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<(), ParquetError> {
        if self.blocks > 0 {
            self.close_group()?;
        }
        self.file.close().map(|_| ())
    }
}

fn schema(columns: &[Column]) -> SchemaRef {
    let field = |column: &Column| Field::new(column.name, data_type(column.kind), column.name != "id");
    Arc::new(Schema::new(columns.iter().map(field).collect::<Fields>()))
}

fn data_type(kind: CellKind) -> DataType {
    match kind {
        CellKind::Boolean => DataType::Boolean,
        CellKind::Text | CellKind::Reference => DataType::Utf8,
        CellKind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        CellKind::Texts => DataType::List(item(DataType::Utf8)),
        CellKind::Plans => DataType::List(item(DataType::Struct(plan_fields()))),
        CellKind::Licenses => DataType::List(item(DataType::Struct(license_fields()))),
    }
}

const UTC: &str = "UTC";

fn item(data_type: DataType) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, true))
}

fn plan_fields() -> Fields {
    ["capabilityStatus", "service", "servicePlanId"]
        .map(|name| Field::new(name, DataType::Utf8, true))
        .into_iter()
        .collect()
}

fn license_fields() -> Fields {
    let disabled_plans = Field::new("disabledPlans", DataType::List(item(DataType::Utf8)), true);
    [disabled_plans, Field::new("skuId", DataType::Utf8, true)].into_iter().collect()
}

fn leaves(columns: &[Column], schema: &Schema, rows: &[Row<'_>]) -> Result<Leaves, ParquetError> {
    let mut leaves = Leaves::new();
    for (at, (column, field)) in columns.iter().zip(schema.fields()).enumerate() {
        let cells: Vec<&Cell<'_>> = rows.iter().filter_map(|row| row.get(at)).collect();
        leaves.extend(compute_leaves(field, &array(column.kind, &cells)?)?);
    }
    Ok(leaves)
}

fn array(kind: CellKind, cells: &[&Cell<'_>]) -> Result<ArrayRef, ArrowError> {
    Ok(match kind {
        CellKind::Boolean => {
            let value = |cell: &&Cell<'_>| match cell {
                Cell::Boolean(value) => Some(*value),
                _ => None,
            };
            Arc::new(cells.iter().map(value).collect::<BooleanArray>())
        }
        CellKind::Text | CellKind::Reference => {
            Arc::new(cells.iter().map(|cell| cell.as_text()).collect::<StringArray>())
        }
        CellKind::Instant => {
            let value = |cell: &&Cell<'_>| match cell {
                Cell::Instant(instant) => Some(instant.as_microsecond()),
                _ => None,
            };
            Arc::new(cells.iter().map(value).collect::<TimestampMicrosecondArray>().with_timezone(UTC))
        }
        CellKind::Texts => {
            let items = texts(cells.iter().flat_map(|cell| cell.as_texts()).map(String::as_str));
            list(cells.iter().map(|cell| cell.as_texts().len()), items)?
        }
        CellKind::Plans => {
            let plans = || cells.iter().flat_map(|cell| cell.as_plans());
            let fields = vec![
                texts(plans().map(|plan| plan.status)),
                texts(plans().map(|plan| plan.service)),
                texts(plans().map(|plan| plan.id)),
            ];
            let items = StructArray::try_new(plan_fields(), fields, None)?;
            list(cells.iter().map(|cell| cell.as_plans().len()), Arc::new(items))?
        }
        CellKind::Licenses => {
            let products = || cells.iter().flat_map(|cell| cell.as_licenses());
            let disabled_plans = list(products().map(|_| 0), texts(std::iter::empty()))?;
            let skus = texts(products().map(|product| product.sku_id.as_str()));
            let items = StructArray::try_new(license_fields(), vec![disabled_plans, skus], None)?;
            list(cells.iter().map(|cell| cell.as_licenses().len()), Arc::new(items))?
        }
    })
}

fn texts<'text>(texts: impl Iterator<Item = &'text str>) -> ArrayRef {
    // The array asks how many there are, and a flat iterator does not tell.
    Arc::new(StringArray::from(texts.collect::<Vec<_>>()))
}

/// Lists of these lengths over one array of items.
fn list(lengths: impl IntoIterator<Item = usize>, items: ArrayRef) -> Result<ArrayRef, ArrowError> {
    let field = item(items.data_type().clone());
    Ok(Arc::new(ListArray::try_new(field, OffsetBuffer::from_lengths(lengths), items, None)?))
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::metadata::RowGroupMetaData;

    use super::*;
    use crate::language::attribute::Subject;

    #[test]
    fn row_groups_are_full_and_rows_stay_in_order() {
        let columns = vec![
            Column::new(Subject::User, "id", CellKind::Text),
            Column::new(Subject::User, "otherMails", CellKind::Texts),
        ];
        let row = |index: u64| {
            let mails = (0..index % 3).map(|number| format!("{index}.{number}")).collect();
            vec![Cell::Text(index.to_string().into()), Cell::Texts(mails)]
        };
        let table = Table { columns, rows: 131_072 + 5, row: Box::new(row) };
        let mut file = tempfile::tempfile().unwrap();
        write(&table, &mut file, Path::new("users.parquet"), &ProgressBar::hidden()).unwrap();

        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let groups: Vec<i64> =
            reader.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [131_072, 5]);
        assert!(reader.metadata().row_groups().iter().all(|group| {
            let compressed = group.column(0).compression();
            matches!(compressed, Compression::ZSTD(_))
        }));
        let mut index = 0_u64;
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            let mails = batch.column(1).as_list::<i32>();
            for (id, mails) in batch.column(0).as_string::<i32>().iter().zip(mails.iter()) {
                assert_eq!(id, Some(index.to_string().as_str()));
                let mails = mails.unwrap();
                let last = mails.as_string::<i32>().iter().flatten().last().map(str::to_owned);
                let expected = (index % 3).checked_sub(1).map(|number| format!("{index}.{number}"));
                assert_eq!(last, expected);
                index += 1;
            }
        }
        assert_eq!(index, 131_077);
    }
}
