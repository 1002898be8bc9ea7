//! What is wrong with a data file, and where.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::base::code::Code;
use crate::base::limits::{DATA_ERRORS_PER_FILE_MAX, EXCERPT_MAX_CHARS};
use crate::base::span::Position;

/// One fault at one place of one file.
///
/// ```
/// use dyngroup::base::{code, span::Position};
/// use dyngroup::directory::error::DataError;
/// let error = DataError::new(&code::DATA_FIELD, "users.ndjson", "expected true, false or null, found \"yes\"")
///     .at(Position { line: 17, column: 43 })
///     .field("accountEnabled");
/// assert_eq!(
///     error.to_string(),
///     "users.ndjson:17:43: field accountEnabled: expected true, false or null, found \"yes\""
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct DataError {
    /// The kind of fault, of the `DG05xx` family.
    pub code: &'static Code,
    /// The file or folder, as it was named by the caller.
    pub file: PathBuf,
    /// Line and column (in characters, from 1) in the file; `None` for a fault of the whole file.
    pub position: Option<Position>,
    /// The field as the file spells it, parts joined by dots: `assignedPlans[2].service`.
    pub field: Option<String>,
    /// What is wrong and, where it helps, what to do: lower case, no full stop.
    pub message: String,
}

impl DataError {
    /// A fault of the whole file.
    pub fn new(code: &'static Code, file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { code, file: file.into(), position: None, field: None, message: message.into() }
    }

    /// Says where in the file.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Says in which field; an empty path means none.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.field = (!path.is_empty()).then_some(path);
        self
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(out, ":{line}:{column}")?;
        }
        if let Some(field) = &self.field {
            write!(out, ": field {field}")?;
        }
        write!(out, ": {}", self.message)
    }
}

/// All that is wrong with what was to be read: at least one error, in the order of the files and of
/// the places in them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct DataErrors {
    errors: Vec<DataError>,
    omitted: usize,
}

impl DataErrors {
    /// The errors that are listed.
    pub fn iter(&self) -> std::slice::Iter<'_, DataError> {
        self.errors.iter()
    }

    /// How many more there are beyond the limit of one file.
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Adds what is wrong with another file.
    pub fn append(&mut self, other: Self) {
        self.errors.extend(other.errors);
        self.omitted += other.omitted;
    }

    /// `Ok` if nothing was collected.
    pub(crate) fn none_of(collected: Option<Self>) -> Result<(), Self> {
        collected.map_or(Ok(()), Err)
    }

    /// Adds the errors of `result`, if it holds any, to `collected`, and hands on its value.
    pub(crate) fn collect<T>(collected: &mut Option<Self>, result: Result<T, Self>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(errors) => match collected {
                Some(earlier) => earlier.append(errors),
                None => *collected = Some(errors),
            },
        }
        None
    }

    pub(crate) fn new(errors: Vec<DataError>, omitted: usize) -> Self {
        Self { errors, omitted }
    }
}

impl From<DataError> for DataErrors {
    fn from(error: DataError) -> Self {
        Self { errors: vec![error], omitted: 0 }
    }
}

impl IntoIterator for DataErrors {
    type Item = DataError;
    type IntoIter = std::vec::IntoIter<DataError>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl<'errors> IntoIterator for &'errors DataErrors {
    type Item = &'errors DataError;
    type IntoIter = std::slice::Iter<'errors, DataError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for DataErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            let line_feed = if at == 0 { "" } else { "\n" };
            write!(out, "{line_feed}{error}")?;
        }
        match self.omitted {
            0 => Ok(()),
            1 => write!(out, "\n… and 1 more error"),
            more => write!(out, "\n… and {more} more errors"),
        }
    }
}

/// A fault before its place is turned into line and column.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) code: &'static Code,
    /// Byte of the file.
    pub(crate) offset: usize,
    /// Empty where no field is meant.
    pub(crate) field: String,
    pub(crate) message: String,
}

/// The faults of one file or of a part of it: the first ones are kept, all are counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    kept: Vec<Fault>,
    count: usize,
}

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        if self.has_room() {
            self.kept.push(fault);
        }
        self.count += 1;
    }

    /// Whether another fault would be listed. If not, its place need not be found.
    pub(crate) fn has_room(&self) -> bool {
        self.kept.len() < DATA_ERRORS_PER_FILE_MAX
    }

    /// Counts faults that are not listed: there were enough of them already.
    pub(crate) fn push_omitted(&mut self, count: usize) {
        self.count += count;
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.kept.extend(other.kept);
        self.count += other.count;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The first faults in the order of the file, and how many more there are.
    pub(crate) fn into_first(mut self) -> (Vec<Fault>, usize) {
        self.kept.sort_by_key(|fault| fault.offset);
        self.kept.truncate(DATA_ERRORS_PER_FILE_MAX);
        let omitted = self.count - self.kept.len();
        (self.kept, omitted)
    }
}

/// The beginning of `text` in quotes, with control characters escaped, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    let mut kept: String = text.chars().take(EXCERPT_MAX_CHARS).flat_map(printable).collect();
    if text.chars().nth(EXCERPT_MAX_CHARS).is_some() {
        kept.push('…');
    }
    format!("\"{kept}\"")
}

fn printable(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = escaped.is_none().then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::code;

    #[test]
    fn the_first_faults_of_the_file_are_listed_and_the_rest_is_counted() {
        let mut faults = Faults::default();
        for offset in (0..30).rev() {
            let mut part = Faults::default();
            part.push(Fault {
                code: &code::DATA_FIELD,
                offset,
                field: String::new(),
                message: String::new(),
            });
            faults.append(part);
        }
        let (first, omitted) = faults.into_first();
        let offsets: Vec<_> = first.iter().map(|fault| fault.offset).collect();
        assert_eq!(offsets, (0..DATA_ERRORS_PER_FILE_MAX).collect::<Vec<_>>());
        assert_eq!(omitted, 10);
    }

    #[test]
    fn display_names_place_field_and_the_rest() {
        let whole = DataError::new(&code::FILE_UNREADABLE, "users.csv", "the file does not exist");
        let field = DataError::new(&code::DATA_FIELD, "groups.json", "`id` is missing")
            .at(Position { line: 2, column: 3 })
            .field("");
        let errors = DataErrors::new(vec![whole, field], 2);
        insta::assert_snapshot!(errors, @r"
            users.csv: the file does not exist
            groups.json:2:3: `id` is missing
            … and 2 more errors
            ");
    }

    #[test]
    fn excerpts_are_short_and_printable() {
        assert_eq!(excerpt("a\u{7}ä\n"), "\"a\\u{7}ä\\n\"");
        let long = excerpt(&"ä".repeat(1_000));
        assert_eq!(long.chars().count(), EXCERPT_MAX_CHARS + 3);
    }
}
