//! Changes of memberships as a Parquet file.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use super::changes::Piece;
use super::recompute::RunReport;
use crate::base::limits::{DELTA_PARQUET_DICTIONARY_MAX_BYTES, DELTA_PARQUET_GROUP_MAX_ROWS};
use crate::membership::roster::Roster;

/// `membership-deltas.parquet`: the columns `groupId`, `memberId` and `change`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas_parquet(report: &RunReport, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let fields = ["groupId", "memberId", "change"].map(|name| Field::new(name, DataType::Utf8, false));
    let schema = Arc::new(Schema::new(fields.to_vec()));
    let mut writer = writer(out, &schema).map_err(into_io)?;
    let roster = &report.changes.roster;
    report.changes.stream(
        &report.groups,
        |piece| batch(piece, roster, &schema),
        |batches| {
            batches
                .into_iter()
                .try_for_each(|batch| writer.write(&batch.map_err(io::Error::other)?).map_err(into_io))
        },
    )?;
    writer.close().map(drop).map_err(into_io)
}

fn writer<'out>(
    out: &'out mut (dyn Write + Send),
    schema: &SchemaRef,
) -> Result<ArrowWriter<&'out mut (dyn Write + Send)>, ParquetError> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(DELTA_PARQUET_DICTIONARY_MAX_BYTES)
        .set_max_row_group_row_count(Some(DELTA_PARQUET_GROUP_MAX_ROWS))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .build();
    // Readers get plain types: the file says nothing about Arrow.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    ArrowWriter::try_new_with_options(out, Arc::clone(schema), options)
}

fn batch(piece: &Piece<'_>, roster: &Roster, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = || piece.rows.iter();
    let columns: [ArrayRef; 3] = [
        Arc::new(StringArray::from_iter_values(rows().map(|_| piece.group))),
        Arc::new(StringArray::from_iter_values(rows().map(|row| roster.id(row.member)))),
        Arc::new(StringArray::from_iter_values(rows().map(|row| row.change.word()))),
    ];
    RecordBatch::try_new(Arc::clone(schema), columns.to_vec())
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
    use parquet::basic::Encoding;

    use super::super::deltas::write_deltas_csv;
    use super::super::samples::run_report;
    use super::*;

    #[test]
    fn it_holds_the_rows_of_the_table() {
        let report = run_report();
        let (mut file, mut table) = (Vec::new(), Vec::new());
        write_deltas_parquet(&report, &mut file).unwrap();
        write_deltas_csv(&report, &mut table).unwrap();
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
        write_deltas_parquet(&report, &mut file).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(file)).unwrap();
        assert_eq!((reader.schema().fields().len(), reader.build().unwrap().count()), (3, 0));
    }
}
