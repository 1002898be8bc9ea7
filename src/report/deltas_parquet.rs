//! Changes of memberships as a Parquet file.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, SchemaRef};

use super::changes::Piece;
use super::parquet_table::{into_io, text_schema, writer};
use super::recompute::RunReport;

/// `membership-deltas.parquet`: the columns `groupId`, `memberId` and `change`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas_parquet(report: &RunReport, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let schema = text_schema(&["groupId", "memberId", "change"]);
    let mut writer = writer(out, &schema).map_err(into_io)?;
    report.changes.stream(
        &report.groups,
        |id, out| out.extend_from_slice(id.as_bytes()),
        |piece| batch(piece, &schema),
        |batches| {
            batches
                .into_iter()
                .try_for_each(|batch| writer.write(&batch.map_err(io::Error::other)?).map_err(into_io))
        },
    )?;
    writer.close().map(drop).map_err(into_io)
}

fn batch(piece: &Piece<'_>, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let rows = piece.rows().len();
    let mut ids = StringBuilder::with_capacity(rows, rows * ID_USUAL_BYTES);
    let mut changes = StringBuilder::with_capacity(rows, 0);
    for row in piece.rows() {
        ids.append_value(str::from_utf8(row.text).unwrap_or_default());
        changes.append_value(row.change.word());
    }
    let groups = StringArray::from_iter_values(std::iter::repeat_n(piece.group, rows));
    let columns: [ArrayRef; 3] = [Arc::new(groups), Arc::new(ids.finish()), Arc::new(changes.finish())];
    RecordBatch::try_new(Arc::clone(schema), columns.to_vec())
}

/// A GUID.
const ID_USUAL_BYTES: usize = 36;

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use bytes::Bytes;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::{Compression, Encoding};

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
