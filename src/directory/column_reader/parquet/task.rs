//! One column of one row group.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::NullBuffer;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;

use super::Fault;
use super::convert::{Wrong, column};
use super::file::Chunks;
use super::open::Opened;
use super::schema::Wanted;
use crate::base::code;
use crate::base::limits::{PARQUET_BATCH_MAX_ROWS, PARQUET_TEXT_BATCH_MAX_ROWS};
use crate::directory::column_reader::DataFile;
use crate::directory::columns::Column;

/// A column of a row group that is to be read.
pub(super) struct Task<'file> {
    /// The number of the row group, from 0.
    pub(super) group: usize,
    /// How many rows the row groups before it have.
    pub(super) first_row: usize,
    pub(super) rows: usize,
    pub(super) wanted: &'file Wanted,
}

impl Task<'_> {
    /// Reads the column, in pieces that follow each other.
    pub(super) fn read(&self, opened: &Opened, file: &DataFile<'_>) -> Result<Vec<Column>, Fault> {
        let slot = file.plan.layout.slots().get(self.wanted.slot).ok_or_else(Fault::broken)?;
        let is_required = file.plan.shape.required().any(|(name, _)| *slot.name == *name);
        let mut pieces = Vec::new();
        let mut rows = 0;
        for array in self.arrays(opened)? {
            let array = array.map_err(|error| self.unreadable(&error))?;
            let piece = column(&self.wanted.way, slot, self.wanted.kind, &array)
                .and_then(|piece| if is_required { complete(piece) } else { Ok(piece) })
                .map_err(|wrong| self.wrong(wrong, rows))?;
            rows += array.len();
            pieces.push(piece);
        }
        if rows != self.rows {
            let message = format!("the column has {rows} rows where the file says {}", self.rows);
            return Err(self.fault(message));
        }
        Ok(pieces)
    }

    /// The values of the column, batch by batch.
    fn arrays(
        &self,
        opened: &Opened,
    ) -> Result<impl Iterator<Item = Result<ArrayRef, ParquetError>> + use<'_>, Fault> {
        let chunks: Vec<&ColumnChunkMetaData> = opened
            .metadata
            .row_groups()
            .get(self.group)
            .map(|group| self.wanted.leaves.iter().filter_map(|leaf| group.columns().get(*leaf)).collect())
            .unwrap_or_default();
        let of_codes = chunks.iter().all(|chunk| is_dictionary(chunk));
        let (metadata, batch_rows) = if of_codes {
            (&opened.dictionary, PARQUET_BATCH_MAX_ROWS)
        } else {
            (&opened.plain, PARQUET_TEXT_BATCH_MAX_ROWS)
        };
        let chunks = Chunks::read(&opened.source, chunks).map_err(|error| Fault::unreadable(&error))?;
        let mask = ProjectionMask::leaves(metadata.parquet_schema(), self.wanted.leaves.iter().copied());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, metadata.clone())
            .with_row_groups(vec![self.group])
            .with_projection(mask)
            .with_batch_size(batch_rows.min(self.rows).max(1))
            .build()
            .map_err(|error| self.unreadable(&error))?;
        Ok(reader.map(|batch| self.follow(batch?.columns())))
    }

    /// Goes down to the values, through the objects around them.
    fn follow(&self, columns: &[ArrayRef]) -> Result<ArrayRef, ParquetError> {
        let missing = || ParquetError::General("the column is not where the schema says".to_owned());
        let mut array = columns.first().ok_or_else(missing)?.clone();
        for step in self.wanted.steps.iter().skip(1) {
            let around = array.as_struct_opt().ok_or_else(missing)?;
            let inside = around.column_by_name(step).ok_or_else(missing)?;
            array = match around.nulls().filter(|nulls| nulls.null_count() > 0) {
                None => inside.clone(),
                Some(nulls) => {
                    let nulls = NullBuffer::union(Some(nulls), inside.nulls());
                    make_array(inside.to_data().into_builder().nulls(nulls).build()?)
                }
            };
        }
        Ok(array)
    }

    fn wrong(&self, wrong: Wrong, rows_before: usize) -> Fault {
        match wrong {
            Wrong::Value(row, message) => {
                let row = self.first_row + rows_before + row + 1;
                Fault::column(&code::DATA_FIELD, &self.wanted.path, format!("row {row}: {message}"))
            }
            Wrong::TooLarge => self.fault("the texts of all rows take more than 2 GiB".to_owned()),
            Wrong::Broken => self.broken(),
        }
    }

    /// The column contradicts itself.
    pub(super) fn broken(&self) -> Fault {
        self.fault("the column is broken".to_owned())
    }

    fn unreadable(&self, error: &ParquetError) -> Fault {
        self.fault(format!("the column cannot be read: {error}"))
    }

    fn fault(&self, message: String) -> Fault {
        Fault::column(&code::FILE_UNREADABLE, &self.wanted.path, message)
    }
}

/// The column as it is, if no text is missing.
fn complete(column: Column) -> Result<Column, Wrong> {
    let Column::Text(texts) = &column else { return Err(Wrong::Broken) };
    match (0..texts.len()).find(|&row| texts.get(row).is_none_or(str::is_empty)) {
        Some(row) => Err(Wrong::Value(row, "a value is missing".to_owned())),
        None => Ok(column),
    }
}

/// Whether all values of a column are written as codes of a dictionary. Without a note about it that is
/// likely where there is a dictionary at all.
fn is_dictionary(chunk: &ColumnChunkMetaData) -> bool {
    let codings = [Encoding::PLAIN_DICTIONARY, Encoding::RLE_DICTIONARY];
    match chunk.page_encoding_stats_mask() {
        Some(mask) => codings.into_iter().any(|coding| mask.is_only(coding)),
        None => chunk.encodings().any(|encoding| codings.contains(&encoding)),
    }
}
