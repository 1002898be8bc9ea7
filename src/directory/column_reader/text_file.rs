//! NDJSON, JSON and CSV files. The quick readers know no words for faults: where they stop the row
//! readers read the file again and have the last word.

use std::fs::File;

use rayon::prelude::*;

use super::json::RecordReader;
use super::lines::read_lines;
use super::part::Part;
use super::rows::part_of;
use super::stop::Stop;
use super::{DataFile, Plan, csv};
use crate::base::code;
use crate::base::limits::{CHUNK_MAX_BYTES, FILE_MAX_BYTES};
use crate::directory::error::{DataError, DataErrors};
use crate::directory::read::{objects_of_shape, split_documents};
use crate::directory::source::{Format, Source};

/// Reads a file that holds text.
pub(super) fn read(file: &DataFile<'_>) -> Result<Vec<Part>, DataErrors> {
    if let Some(parts) = stream(file) {
        return parts.or_else(|stop| judge(file, &Source::read(file.path)?, stop));
    }
    let source = Source::read(file.path)?;
    let read = match source.format() {
        Format::Ndjson => {
            let length = u64::try_from(source.text().len()).unwrap_or(u64::MAX);
            read_lines(source.text().as_bytes(), length, file.plan)
        }
        Format::Json => read_documents(source.text(), file.plan),
        Format::Csv => csv::read(source.text(), file.plan),
    };
    read.or_else(|stop| judge(file, &source, stop))
}

/// Reads an NDJSON file in pieces. `None` if it is something else, or no plain file, or has a fault
/// that shows before its content does.
fn stream(file: &DataFile<'_>) -> Option<Result<Vec<Part>, Stop>> {
    let extension = file.path.extension().and_then(|extension| extension.to_str())?;
    if Format::of_extension(extension) != Some(Format::Ndjson) {
        return None;
    }
    let input = File::open(file.path).ok()?;
    let metadata = input.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > FILE_MAX_BYTES {
        return None;
    }
    let parts = read_lines(input, metadata.len(), file.plan);
    // A file of nothing but blanks is refused, not taken for a list of nothing.
    Some(parts.and_then(|parts| {
        let any = parts.iter().any(|part| part.rows > 0);
        any.then_some(parts).ok_or(Stop::Refused)
    }))
}

/// Reads arrays, Graph pages and lone objects, one after the other.
fn read_documents(text: &str, plan: &Plan<'_>) -> Result<Vec<Part>, Stop> {
    let (records, faults) = split_documents(text);
    if !faults.is_empty() {
        return Err(Stop::Refused);
    }
    let record_bytes = text.len() / records.len().max(1);
    records
        .par_chunks((CHUNK_MAX_BYTES / record_bytes.max(1)).max(1))
        .with_max_len(1)
        .map(|records| {
            let mut reader = RecordReader::new(&plan.shape, &plan.layout);
            records.iter().try_for_each(|record| reader.read(record))?;
            Ok(Part::of(reader.rows(), reader.finish()?))
        })
        .collect()
}

/// What the row readers say of the objects of a file that have one id, if they say anything.
pub(super) fn repeated(file: &DataFile<'_>) -> Result<(), DataErrors> {
    objects_of_shape(&Source::read(file.path)?, &file.plan.shape).map(drop)
}

/// What the row readers say of a file at which a quick reader stopped.
fn judge(file: &DataFile<'_>, source: &Source<'_>, stop: Stop) -> Result<Vec<Part>, DataErrors> {
    let too_large = |_| {
        let message = "the texts of one attribute take more than 2 GiB";
        DataErrors::from(DataError::new(&code::FILE_UNREADABLE, file.path, message))
    };
    match stop {
        Stop::TooLarge => Err(too_large(stop)),
        Stop::Refused => {
            let objects = objects_of_shape(source, &file.plan.shape)?;
            Ok(vec![part_of(&objects, &file.plan.layout).map_err(too_large)?])
        }
    }
}
