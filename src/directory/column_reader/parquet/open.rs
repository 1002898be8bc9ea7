//! The footer of a Parquet file: what is in it, and as which types it is to be read.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::basic::{Compression, ConvertedType, LogicalType, Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::reader::Length;

use super::Fault;
use super::file::SharedFile;
use super::schema::{Wanted, find};
use super::task::Task;
use crate::base::code;
use crate::directory::column_reader::DataFile;

/// A file whose footer was read, and the columns of it that are wanted.
pub(super) struct Opened {
    pub(super) source: SharedFile,
    pub(super) metadata: Arc<ParquetMetaData>,
    /// Reads text as text.
    pub(super) plain: ArrowReaderMetadata,
    /// Reads text as dictionaries.
    pub(super) dictionary: ArrowReaderMetadata,
    pub(super) wanted: Vec<Wanted>,
}

impl Opened {
    /// Reads the footer and looks for the columns that are wanted.
    pub(super) fn new(source: SharedFile, file: &DataFile<'_>) -> Result<Self, Vec<Fault>> {
        let base = footer(&source).map_err(|fault| vec![fault])?;
        let metadata = Arc::clone(base.metadata());
        let schema = with_leaves(base.schema(), &leaf_types(&metadata, &base));
        let leaves = metadata.file_metadata().schema_descr().columns();
        let is_uuid = |leaf: usize| {
            leaves.get(leaf).is_some_and(|leaf| leaf.logical_type_ref() == Some(&LogicalType::Uuid))
        };
        let wanted = find(&schema, &is_uuid, file)?;
        check_groups(&metadata, &wanted).map_err(|fault| vec![fault])?;
        let mut types = flat(schema.fields());
        for leaf in wanted.iter().flat_map(|wanted| &wanted.leaves) {
            let is_marked =
                leaves.get(*leaf).is_some_and(|leaf| leaf.converted_type() == ConvertedType::UTF8);
            if let Some(text) = types.get_mut(*leaf).filter(|text| **text == DataType::Utf8 && is_marked) {
                *text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            }
        }
        let supplied = |schema: SchemaRef| {
            let options = ArrowReaderOptions::new().with_schema(schema);
            ArrowReaderMetadata::try_new(Arc::clone(&metadata), options)
                .map_err(|error| vec![unreadable(&error)])
        };
        let dictionary = supplied(with_leaves(&schema, &types))?;
        Ok(Self { plain: supplied(schema)?, dictionary, source, wanted, metadata })
    }

    /// How many rows each row group has.
    pub(super) fn group_rows(&self) -> impl Iterator<Item = usize> {
        self.metadata.row_groups().iter().map(|group| usize::try_from(group.num_rows()).unwrap_or_default())
    }

    /// What is to be read: each wanted column of each row group.
    pub(super) fn tasks(&self) -> Vec<Task<'_>> {
        let mut first_row = 0;
        let mut tasks = Vec::new();
        for (group, rows) in self.group_rows().enumerate() {
            tasks.extend(self.wanted.iter().map(|wanted| Task { group, first_row, rows, wanted }));
            first_row += rows;
        }
        tasks
    }
}

/// The columns of a file.
pub(super) fn read_schema(source: &SharedFile) -> Result<Schema, Fault> {
    Ok(footer(source)?.schema().as_ref().clone())
}

fn footer(source: &SharedFile) -> Result<ArrowReaderMetadata, Fault> {
    check_magic(source)?;
    // The types of the file itself are few. What its writer noted beside them is looked at later.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    ArrowReaderMetadata::load(source, options).map_err(|error| unreadable(&error))
}

fn unreadable(error: &ParquetError) -> Fault {
    Fault::whole(format!("the footer cannot be read: {error}"))
}

/// The first and the last bytes of a Parquet file.
const MAGIC: &[u8] = b"PAR1";
/// The last bytes of a file whose footer is encrypted.
const MAGIC_ENCRYPTED: &[u8] = b"PARE";

/// The magic twice and the length of the footer.
const FILE_MIN_BYTES: u64 = 12;

fn check_magic(source: &SharedFile) -> Result<(), Fault> {
    let bytes = |start| source.read(start, 4).ok();
    let start = bytes(0).unwrap_or_default();
    let end = source.len().checked_sub(4).and_then(bytes).unwrap_or_default();
    match (start.as_slice(), end.as_slice()) {
        (MAGIC, MAGIC) if source.len() >= FILE_MIN_BYTES => Ok(()),
        (MAGIC_ENCRYPTED, _) | (_, MAGIC_ENCRYPTED) => Err(Fault::whole("the file is encrypted")),
        (MAGIC, _) => Err(Fault::whole("the Parquet file is cut off: it has no end")),
        _ => Err(Fault::whole("the file is not Parquet")),
    }
}

/// The types of all leaves. Two notes of the writer count: how a time is encoded where Parquet has no
/// words for it, and that INT96 is a timestamp, which is read in microseconds because nanoseconds would
/// end in the year 2262.
fn leaf_types(metadata: &Arc<ParquetMetaData>, base: &ArrowReaderMetadata) -> Vec<DataType> {
    let mut types = flat(base.schema().fields());
    let noted = ArrowReaderMetadata::try_new(Arc::clone(metadata), ArrowReaderOptions::new());
    let noted = noted.map(|noted| flat(noted.schema().fields())).unwrap_or_default();
    let leaves = metadata.file_metadata().schema_descr().columns();
    for (at, (kind, leaf)) in types.iter_mut().zip(leaves).enumerate() {
        if leaf.physical_type() == Type::INT96 {
            *kind = DataType::Timestamp(TimeUnit::Microsecond, None);
        } else if kind.is_integer()
            && let Some(time @ (DataType::Timestamp(..) | DataType::Date64)) = noted.get(at)
        {
            *kind = time.clone();
        }
    }
    types
}

/// The types of the leaves of a schema.
fn flat(fields: &Fields) -> Vec<DataType> {
    fn add(column: &DataType, leaves: &mut Vec<DataType>) {
        match column {
            DataType::Struct(fields) => fields.iter().for_each(|field| add(field.data_type(), leaves)),
            DataType::List(item)
            | DataType::LargeList(item)
            | DataType::ListView(item)
            | DataType::LargeListView(item)
            | DataType::FixedSizeList(item, _)
            | DataType::Map(item, _) => add(item.data_type(), leaves),
            _ => leaves.push(column.clone()),
        }
    }
    let mut leaves = Vec::new();
    fields.iter().for_each(|field| add(field.data_type(), &mut leaves));
    leaves
}

/// The schema with other types of its leaves.
fn with_leaves(schema: &Schema, leaves: &[DataType]) -> SchemaRef {
    fn replaced(field: &Field, leaves: &mut std::slice::Iter<'_, DataType>) -> FieldRef {
        let column = match field.data_type() {
            DataType::Struct(fields) => {
                DataType::Struct(fields.iter().map(|field| replaced(field, leaves)).collect())
            }
            DataType::List(item) => DataType::List(replaced(item, leaves)),
            DataType::Map(item, sorted) => DataType::Map(replaced(item, leaves), *sorted),
            other => leaves.next().unwrap_or(other).clone(),
        };
        Arc::new(field.clone().with_data_type(column))
    }
    let mut leaves = leaves.iter();
    let fields: Fields = schema.fields().iter().map(|field| replaced(field, &mut leaves)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Refuses numbers that cannot be, and compressions that are not read.
fn check_groups(metadata: &ParquetMetaData, wanted: &[Wanted]) -> Result<(), Fault> {
    let mut rows = 0_u32;
    for group in metadata.row_groups() {
        let more = u32::try_from(group.num_rows()).ok();
        rows = more.and_then(|more| rows.checked_add(more)).ok_or_else(Fault::broken)?;
        for wanted in wanted {
            for leaf in &wanted.leaves {
                let chunk = group.columns().get(*leaf).ok_or_else(Fault::broken)?;
                let codec = match chunk.compression() {
                    Compression::UNCOMPRESSED
                    | Compression::SNAPPY
                    | Compression::LZ4
                    | Compression::LZ4_RAW
                    | Compression::ZSTD(_) => continue,
                    Compression::GZIP(_) => "gzip",
                    Compression::BROTLI(_) => "brotli",
                    Compression::LZO => "LZO",
                };
                let message = format!(
                    "the column is compressed with {codec}; snappy, zstd, lz4 and no compression are read"
                );
                return Err(Fault::column(&code::FILE_UNREADABLE, &wanted.path, message));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use parquet::basic::{BrotliLevel, GzipLevel};
    use parquet::file::metadata::{ColumnChunkMetaData, FileMetaData, RowGroupMetaData};
    use parquet::schema::parser::parse_message_type;
    use parquet::schema::types::SchemaDescriptor;

    use super::*;
    use crate::directory::column_reader::parquet::types::Way;
    use crate::directory::shape::FieldKind;

    fn refusal(compression: Compression, rows: &[i64]) -> Option<String> {
        let message = parse_message_type("message m { required binary id (UTF8); }").unwrap();
        let schema = Arc::new(SchemaDescriptor::new(Arc::new(message)));
        let group = |rows| {
            let chunk = ColumnChunkMetaData::builder(schema.column(0)).set_compression(compression);
            let group = RowGroupMetaData::builder(Arc::clone(&schema)).set_num_rows(rows);
            group.set_column_metadata(vec![chunk.build().unwrap()]).build().unwrap()
        };
        let file = FileMetaData::new(1, 1, None, None, Arc::clone(&schema), None);
        let metadata = ParquetMetaData::new(file, rows.iter().copied().map(group).collect());
        let wanted = Wanted {
            slot: 0,
            kind: FieldKind::Text,
            way: Way::Text,
            path: "id".to_owned(),
            steps: vec!["id".to_owned()],
            leaves: vec![0],
        };
        check_groups(&metadata, &[wanted]).err().map(|fault| format!("{}: {}", fault.path, fault.message))
    }

    #[test]
    fn compressions_that_are_not_read_are_named() {
        assert_eq!(refusal(Compression::LZ4, &[1]), None);
        insta::assert_snapshot!(refusal(Compression::GZIP(GzipLevel::default()), &[1]).unwrap(), @"id: the column is compressed with gzip; snappy, zstd, lz4 and no compression are read");
        assert!(refusal(Compression::BROTLI(BrotliLevel::default()), &[1]).unwrap().contains("brotli"));
    }

    #[test]
    fn numbers_of_rows_that_cannot_be_are_refused() {
        assert_eq!(refusal(Compression::SNAPPY, &[5, 0]), None);
        for rows in [&[-1][..], &[i64::MAX], &[i64::from(u32::MAX), 1]] {
            assert_eq!(refusal(Compression::SNAPPY, rows).unwrap(), ": the file is broken");
        }
    }
}
