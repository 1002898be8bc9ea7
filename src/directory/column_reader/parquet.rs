//! Parquet files: each wanted column of each row group is read on its own, by all workers.

mod convert;
mod file;
mod licensing;
pub(super) mod lists;
mod open;
mod schema;
#[cfg(test)]
mod surprises;
mod task;
pub(super) mod texts;
mod types;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use self::file::SharedFile;
use self::open::{Opened, read_schema};
use self::schema::attributes_of;
use self::task::Task;
use super::DataFile;
use super::part::Part;
use crate::base::code::{self, Code};
use crate::base::limits::DATA_ERRORS_PER_FILE_MAX;
use crate::directory::columns::Column;
use crate::directory::error::{DataError, DataErrors};
use crate::directory::shape::Shape;
use crate::language::attribute::{Attribute, Attributes, Subject};

/// Reads a Parquet file: a part for each row group.
///
/// The decoder is not free of panics where a file is broken, so each call of it is guarded: a broken
/// file ends in an error like any other fault.
pub(super) fn read(file: &DataFile<'_>) -> Result<Vec<Part>, DataErrors> {
    let source =
        SharedFile::open(file.path).map_err(|error| errors(file.path, vec![Fault::unreadable(&error)]))?;
    let opened = guarded(|| Opened::new(source, file)).unwrap_or_else(|| Err(vec![Fault::broken()]));
    let opened = opened.map_err(|faults| errors(file.path, faults))?;
    let tasks: Vec<Task<'_>> = opened.tasks();
    let read: Vec<Result<Vec<Column>, Fault>> = tasks
        .par_iter()
        .with_max_len(1)
        .map(|task| guarded(|| task.read(&opened, file)).unwrap_or_else(|| Err(task.broken())))
        .collect();
    let no_columns = || file.plan.layout.slots().iter().map(|_| Vec::new()).collect();
    let mut parts: Vec<Part> = opened.group_rows().map(|rows| Part { rows, slots: no_columns() }).collect();
    let mut faults = Vec::new();
    for (task, columns) in tasks.iter().zip(read) {
        match columns {
            Ok(columns) => {
                let part = parts.get_mut(task.group);
                if let Some(slot) = part.and_then(|part| part.slots.get_mut(task.wanted.slot)) {
                    *slot = columns;
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(parts) } else { Err(errors(file.path, faults)) }
}

/// The attributes for which a file has columns.
pub(super) fn attributes(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<Arc<Attribute>>, DataErrors> {
    let fault = |fault: Fault| errors(path, vec![fault]);
    let source = SharedFile::open(path).map_err(|error| fault(Fault::unreadable(&error)))?;
    let schema = guarded(|| read_schema(&source)).unwrap_or_else(|| Err(Fault::broken()));
    Ok(attributes_of(&schema.map_err(fault)?, &Shape::of_objects(subject, attributes), subject, attributes))
}

/// Runs what calls the decoder; `None` if it panicked.
fn guarded<T>(call: impl FnOnce() -> T) -> Option<T> {
    // Nothing that the call could leave half done is used again.
    catch_unwind(AssertUnwindSafe(call)).ok()
}

/// What is wrong with the file or a column of it.
#[derive(Debug)]
struct Fault {
    code: &'static Code,
    /// The name of the column as the file spells it; empty if the whole file is meant.
    path: String,
    message: String,
}

impl Fault {
    fn broken() -> Self {
        Self::whole("the file is broken")
    }

    fn whole(message: impl Into<String>) -> Self {
        Self { code: &code::FILE_UNREADABLE, path: String::new(), message: message.into() }
    }

    fn column(code: &'static Code, path: &str, message: impl Into<String>) -> Self {
        Self { code, path: path.to_owned(), message: message.into() }
    }

    fn unreadable(error: &io::Error) -> Self {
        Self::whole(match error.kind() {
            io::ErrorKind::NotFound => "the file does not exist".to_owned(),
            io::ErrorKind::PermissionDenied => "the permission to read the file is missing".to_owned(),
            io::ErrorKind::IsADirectory => "a folder stands where a file is expected".to_owned(),
            _ => format!("the file cannot be read: {error}"),
        })
    }
}

fn errors(path: &Path, mut faults: Vec<Fault>) -> DataErrors {
    let omitted = faults.len().saturating_sub(DATA_ERRORS_PER_FILE_MAX);
    faults.truncate(DATA_ERRORS_PER_FILE_MAX);
    let error = |fault: Fault| DataError::new(fault.code, path, fault.message).field(fault.path);
    DataErrors::new(faults.into_iter().map(error).collect(), omitted)
}
