//! Parquet files of text columns about groups: how they are laid out and compressed.

use std::io::{self, Write};
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::base::limits::{DELTA_PARQUET_DICTIONARY_MAX_BYTES, DELTA_PARQUET_GROUP_MAX_ROWS};

/// Columns of texts without nulls.
pub(super) fn text_schema(names: &[&str]) -> SchemaRef {
    let fields = names.iter().map(|name| Field::new(*name, DataType::Utf8, false));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A writer of rows that are sorted by the column `groupId`.
pub(super) fn writer<'out>(
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
pub(super) fn into_io(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}
