//! A Parquet file: its footer, and the bytes of its column chunks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length};

/// An open file that several workers read from.
#[derive(Clone, Debug)]
pub(super) struct SharedFile {
    file: Arc<Mutex<File>>,
    length: u64,
}

impl SharedFile {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self { file: Arc::new(Mutex::new(file)), length: metadata.len() })
    }

    /// Reads `length` bytes from byte `start` on.
    pub(super) fn read(&self, start: u64, length: u64) -> io::Result<Vec<u8>> {
        if start.checked_add(length).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(length).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()) != Ok(length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

impl Length for SharedFile {
    fn len(&self) -> u64 {
        self.length
    }
}

/// Reads the footer: all of what follows `start`, which is where the footer begins.
impl ChunkReader for SharedFile {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let length = self.length.saturating_sub(start);
        Ok(Bytes::from(self.read(start, length)?).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.read(start, u64::try_from(length).unwrap_or(u64::MAX))?.into())
    }
}

/// The column chunks that one task reads, each of them in memory as a whole.
pub(super) struct Chunks {
    file_length: u64,
    /// Where each chunk begins, and its bytes.
    chunks: Vec<(u64, Bytes)>,
}

impl Chunks {
    /// Reads some chunks of a file.
    pub(super) fn read<'chunk>(
        file: &SharedFile,
        chunks: impl IntoIterator<Item = &'chunk ColumnChunkMetaData>,
    ) -> io::Result<Self> {
        let chunks = chunks.into_iter().map(|chunk| {
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            let place =
                |number: i64| u64::try_from(number).map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
            let (start, length) = (place(start)?, place(chunk.compressed_size())?);
            Ok((start, Bytes::from(file.read(start, length)?)))
        });
        Ok(Self { file_length: file.length, chunks: chunks.collect::<io::Result<_>>()? })
    }

    /// The bytes from `start` to the end of its chunk.
    fn rest(&self, start: u64) -> Result<Bytes> {
        let found = self.chunks.iter().find_map(|(first, bytes)| {
            let skipped = usize::try_from(start.checked_sub(*first)?).ok()?;
            (skipped < bytes.len()).then(|| bytes.slice(skipped..))
        });
        found.ok_or_else(|| ParquetError::EOF("a page lies outside of its column".to_owned()))
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        self.file_length
    }
}

impl ChunkReader for Chunks {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.rest(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let rest = self.rest(start)?;
        if length > rest.len() {
            return Err(ParquetError::EOF("a page is longer than its column".to_owned()));
        }
        Ok(rest.slice(..length))
    }
}
