//! Users and devices straight into columns.

mod builder;
mod csv;
mod folding;
mod ids;
mod intern;
mod json;
mod keep;
mod layout;
mod lines;
mod merge;
mod parquet;
mod part;
mod rows;
mod stop;
mod text_file;

use std::path::Path;
use std::sync::Arc;

pub use self::ids::IdIndex;
use self::layout::{Layout, Spelling};
use self::part::{Part, Rows, SlotStop};
use self::stop::Stop;
use super::columns::{Columns, TextColumn};
use super::error::{DataError, DataErrors};
use super::shape::Shape;
use crate::base::code;
use crate::language::attribute::{Attribute, Attributes, Subject};

/// What is to be read of users or devices.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The attributes that become columns, each of them once.
    pub attributes: Vec<Arc<Attribute>>,
    /// Whether to read the managers.
    pub managers: bool,
}

/// Users or devices as their file describes them. Deleted objects have no row.
#[derive(Clone, Debug)]
pub struct ReadColumns {
    /// The objects in the order of the file.
    pub columns: Columns,
    /// Finds the row of an object by its id.
    pub index: IdIndex,
    /// The id of the manager on each row, as written; `None` if nobody asked for managers.
    pub managers: Option<TextColumn>,
    /// A group id and the id of an object, for each id in the `memberOf` of an object. A list of whole
    /// groups, as Graph expands it, is passed over.
    pub member_of: Vec<(String, String)>,
    /// The ids of the objects that `@removed` marks as deleted, in the order of the file.
    pub removed: Vec<String>,
}

/// Reads the users or devices of the file at `path` into columns, without an object in between.
///
/// What may stand in a file, under which names, and what is refused is told at
/// [`read_objects`](super::read::read_objects). Attributes that are not wanted are not looked at: a
/// value of the wrong type there is no fault, unless another fault has the whole file read again.
///
/// # Errors
///
/// As [`read_objects`](super::read::read_objects), and if the texts of one attribute take more than
/// 2 GiB.
pub fn read_columns(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
    wanted: &Wanted,
) -> Result<ReadColumns, DataErrors> {
    let file = DataFile::new(path, subject, attributes, wanted);
    let parts = if is_parquet(path) { parquet::read(&file) } else { text_file::read(&file) };
    let rows = file.join(parts?)?;
    rows.into_columns(&file.layout, wanted.managers).map_err(|stop| file.refused((Layout::ID, stop)))
}

/// Whether a file name says that the file is Parquet.
fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// A file and what is to be read of it.
struct DataFile<'read> {
    path: &'read Path,
    subject: Subject,
    attributes: &'read Attributes,
    shape: Shape<'read>,
    layout: Layout,
}

impl<'read> DataFile<'read> {
    fn new(path: &'read Path, subject: Subject, attributes: &'read Attributes, wanted: &Wanted) -> Self {
        let (shape, layout) = (Shape::of_objects(subject, attributes), Layout::new(wanted, Spelling::Folded));
        Self { path, subject, attributes, shape, layout }
    }

    fn join(&self, parts: Vec<Part>) -> Result<Rows, DataErrors> {
        Rows::join(&self.layout, parts).map_err(|stop| self.refused(stop))
    }

    fn refused(&self, (slot, stop): SlotStop) -> DataErrors {
        let name = self.layout.slots().get(slot).map(|slot| slot.name.to_string()).unwrap_or_default();
        let message = match stop {
            Stop::TooLarge => "the texts of all rows take more than 2 GiB",
            Stop::Refused => "the values cannot be read",
        };
        DataError::new(&code::FILE_UNREADABLE, self.path, message).field(name).into()
    }
}
