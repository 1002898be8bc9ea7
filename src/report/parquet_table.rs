//! Memberships and their changes as Parquet files.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::member_order::MemberOrder;
use super::membership_stream::{GroupRows, Piece, stream};
use super::memberships::Told;
use crate::base::limits::{DELTA_PARQUET_DICTIONARY_MAX_BYTES, DELTA_PARQUET_GROUP_MAX_ROWS};

/// Writes all rows of `groups` as a file with the columns `groupId`, `memberId` and, for changes, `change`.
pub(super) fn write<G: GroupRows>(
    told: Told,
    order: &MemberOrder,
    groups: impl Iterator<Item = io::Result<G>>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    let columns: &[&str] = match told {
        Told::Member => &["groupId", "memberId"],
        Told::Change => &["groupId", "memberId", "change"],
    };
    // Columns of texts without nulls.
    let fields = columns.iter().map(|name| Field::new(*name, DataType::Utf8, false));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let mut writer = writer(out, &schema).map_err(into_io)?;
    let form = |piece: &Piece<'_>| batch(piece, told, &schema);
    stream(order, groups, form, |batches| {
        batches
            .into_iter()
            .try_for_each(|batch| writer.write(&batch.map_err(io::Error::other)?).map_err(into_io))
    })?;
    writer.close().map(drop).map_err(into_io)
}

fn batch(piece: &Piece<'_>, told: Told, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = piece.rows().len();
    let mut members = StringBuilder::with_capacity(rows, rows * ID_USUAL_BYTES);
    for row in piece.rows() {
        members.append_value(str::from_utf8(row.text).unwrap_or_default());
    }
    let groups = StringArray::from_iter_values(std::iter::repeat_n(piece.group, rows));
    let mut columns: Vec<ArrayRef> = vec![Arc::new(groups), Arc::new(members.finish())];
    if told == Told::Change {
        let changes = piece.rows().map(|row| row.change.word());
        columns.push(Arc::new(StringArray::from_iter_values(changes)));
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// A GUID.
const ID_USUAL_BYTES: usize = 36;

/// A writer of rows that are sorted by the column `groupId`.
fn writer<'out>(
    out: &'out mut (dyn Write + Send),
    schema: &SchemaRef,
) -> Result<ArrowWriter<&'out mut (dyn Write + Send)>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(DELTA_PARQUET_DICTIONARY_MAX_BYTES)
        .set_max_row_group_row_count(Some(DELTA_PARQUET_GROUP_MAX_ROWS))
        // Rows are sorted by group: that is what a reader can skip by.
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled("groupId".into(), EnabledStatistics::Chunk)
        .build();
    // Readers get plain types: the file says nothing about Arrow.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(out, Arc::clone(schema), options)
}

/// What the output said, if it was the output.
fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::{Compression, Encoding};

    use super::super::deltas::write_deltas;
    use super::super::memberships::MembershipFormat;
    use super::super::samples::run_report;

    #[test]
    fn it_holds_the_rows_of_the_table() {
        let report = run_report();
        let (mut file, mut table) = (Vec::new(), Vec::new());
        write_deltas(MembershipFormat::Parquet, &report, &mut file).unwrap();
        write_deltas(MembershipFormat::Csv, &report, &mut table).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        for column in reader.metadata().row_group(0).columns() {
            assert!(matches!(column.compression(), Compression::ZSTD(_)));
            assert!(column.encodings().any(|encoding| encoding == Encoding::RLE_DICTIONARY));
        }
        let names: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut rows = vec![names];
        for batch in reader.build().unwrap() {
            let batch = batch.unwrap();
            for row in 0..batch.num_rows() {
                rows.push(
                    batch.columns().iter().map(|it| it.as_string::<i32>().value(row).to_owned()).collect(),
                );
            }
        }
        let mut expected = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_slice());
        let expected: Vec<Vec<String>> =
            expected.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        assert!(rows.len() > 3);
        assert_eq!(rows, expected);
    }

    #[test]
    fn no_change_is_a_file_without_rows() {
        let mut report = run_report();
        report.groups.clear();
        let mut file = Vec::new();
        write_deltas(MembershipFormat::Parquet, &report, &mut file).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        assert_eq!((reader.schema().fields().len(), reader.build().unwrap().count()), (3, 0));
    }
}
