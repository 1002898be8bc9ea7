//! The text of one data file: read, checked and counted in lines.

use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::error::{DataError, DataErrors, Fault, Faults};
use crate::base::code;
use crate::base::limits::FILE_MAX_BYTES;
use crate::base::span::Position;

/// How a data file is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object a line; blank lines are skipped.
    Ndjson,
    /// A JSON array of objects, a Graph page (`{"value":[…]}`), or any number of these one after the
    /// other. A lone object stands for an array with one entry.
    Json,
    /// Columns with a header line, separated by commas, quoted as RFC 4180 says.
    Csv,
}

impl Format {
    /// The file name extensions that are read, and their formats.
    pub const EXTENSIONS: [(&'static str, Self); 4] =
        [("ndjson", Self::Ndjson), ("jsonl", Self::Ndjson), ("json", Self::Json), ("csv", Self::Csv)];

    /// The format that a file name's extension stands for, in any letter case.
    ///
    /// ```
    /// use dyngroup::directory::source::Format;
    /// assert_eq!(Format::of_extension("JSONL"), Some(Format::Ndjson));
    /// assert_eq!(Format::of_extension("xlsx"), None);
    /// ```
    pub fn of_extension(extension: &str) -> Option<Self> {
        Self::EXTENSIONS
            .into_iter()
            .find_map(|(known, format)| known.eq_ignore_ascii_case(extension).then_some(format))
    }
}

/// The text of one data file. It is UTF-8, holds more than blanks, and has no byte order mark.
#[derive(Clone, Debug)]
pub struct Source<'text> {
    file: PathBuf,
    format: Format,
    text: Cow<'text, str>,
}

impl Source<'static> {
    /// Reads the file at `path`; its extension says which format it has.
    ///
    /// # Errors
    ///
    /// If the extension is unknown, the file cannot be read, is a folder, is larger than
    /// [`FILE_MAX_BYTES`], is not UTF-8 or holds nothing.
    pub fn read(path: &Path) -> Result<Self, DataErrors> {
        let unreadable = |message: String| DataError::new(&code::FILE_UNREADABLE, path, message);
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let format = match Format::of_extension(extension) {
            Some(format) => format,
            None if extension.eq_ignore_ascii_case("parquet") => {
                return Err(unreadable(format!("Parquet is not read here; {FORMATS}")).into());
            }
            None if extension.is_empty() => {
                return Err(unreadable(format!("the file name has no extension; {FORMATS}")).into());
            }
            None => {
                return Err(unreadable(format!("`.{extension}` is no format that is read; {FORMATS}")).into());
            }
        };
        let bytes = read_bytes(path, FILE_MAX_BYTES).map_err(unreadable)?;
        Self::of_bytes(path, bytes, format)
    }

    /// Takes bytes that were read elsewhere, from standard input for one; `file` names them in errors.
    ///
    /// # Errors
    ///
    /// If they are not UTF-8 or hold nothing.
    pub fn of_bytes(file: impl Into<PathBuf>, bytes: Vec<u8>, format: Format) -> Result<Self, DataErrors> {
        let file = file.into();
        let text = text_of(&file, bytes)?;
        Self { file, format, text: Cow::Owned(text) }.not_empty()
    }
}

impl<'text> Source<'text> {
    /// Takes a text; `file` names it in errors.
    ///
    /// # Errors
    ///
    /// If it holds nothing but blanks.
    pub fn of_text(file: impl Into<PathBuf>, text: &'text str, format: Format) -> Result<Self, DataErrors> {
        let text = Cow::Borrowed(text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text));
        Self { file: file.into(), format, text }.not_empty()
    }

    /// The file's path or whatever stands for it.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// How the text is laid out.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The text, without byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The faults with their places, or `None` if there are none.
    pub(crate) fn errors(&self, faults: Faults) -> Option<DataErrors> {
        if faults.is_empty() {
            return None;
        }
        let (first, omitted) = faults.into_first();
        let errors = first.into_iter().map(|fault| self.error(fault)).collect();
        Some(DataErrors::new(errors, omitted))
    }

    fn error(&self, fault: Fault) -> DataError {
        DataError::new(fault.code, &self.file, fault.message)
            .at(position(&self.text, fault.offset))
            .field(fault.field)
    }

    fn not_empty(self) -> Result<Self, DataErrors> {
        if self.text.bytes().any(|byte| !byte.is_ascii_whitespace()) {
            return Ok(self);
        }
        let message = "the file is empty, and that is not the same as a list of nothing: \
                       export it again, or write `[]` into a `.json` file or only the header into a `.csv` file";
        Err(DataError::new(&code::FILE_UNREADABLE, self.file, message).into())
    }
}

/// The text of the file at `path`, which may be empty, without byte order mark.
///
/// # Errors
///
/// If the file cannot be read, is a folder, is larger than `size_max_bytes`, or is not UTF-8.
pub(super) fn read_text(path: &Path, size_max_bytes: u64) -> Result<String, DataError> {
    let bytes = read_bytes(path, size_max_bytes)
        .map_err(|message| DataError::new(&code::FILE_UNREADABLE, path, message))?;
    text_of(path, bytes)
}

/// The text that bytes of `file` stand for, without byte order mark.
fn text_of(file: &Path, bytes: Vec<u8>) -> Result<String, DataError> {
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = bytes.as_slice() {
        let message = "the file is UTF-16; save it as UTF-8";
        return Err(DataError::new(&code::DATA_SYNTAX, file, message));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).map(String::from_utf8_lossy).unwrap_or_default();
        let byte = error.as_bytes().get(good).copied().unwrap_or_default();
        let message = format!("byte 0x{byte:02X} is not UTF-8; save the file as UTF-8");
        let position = position(before.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&before), good);
        DataError::new(&code::DATA_SYNTAX, file, message).at(position)
    })?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.drain(..BYTE_ORDER_MARK.len_utf8());
    }
    Ok(text)
}

/// Line and column of byte `offset` in `text`.
pub(crate) fn position(text: &str, offset: usize) -> Position {
    let before = text.get(..text.floor_char_boundary(offset)).unwrap_or(text);
    let line = 1 + count_lines(before);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Position { line, column: 1 + before.get(start..).unwrap_or_default().chars().count() }
}

/// How many line feeds `text` holds.
pub(crate) fn count_lines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

const BYTE_ORDER_MARK: char = '\u{FEFF}';

const FORMATS: &str = "`.ndjson`, `.jsonl`, `.json` and `.csv` files are";

fn read_bytes(path: &Path, size_max_bytes: u64) -> Result<Vec<u8>, String> {
    let words = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "the file does not exist".to_owned(),
        ErrorKind::PermissionDenied => "the permission to read the file is missing".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    };
    let mut file = File::open(path).map_err(words)?;
    let metadata = file.metadata().map_err(words)?;
    if metadata.is_dir() {
        return Err("a folder stands where a file is expected".to_owned());
    }
    let too_large = || format!("the file is larger than {}", size_words(size_max_bytes));
    if metadata.len() > size_max_bytes {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).map_err(|_| too_large())?);
    // A pipe has no length of its own, so the limit is kept here too.
    (&mut file).take(size_max_bytes + 1).read_to_end(&mut bytes).map_err(words)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > size_max_bytes) {
        return Err(too_large());
    }
    Ok(bytes)
}

/// A limit in whole units.
fn size_words(size_bytes: u64) -> String {
    if size_bytes >= 1 << 30 {
        format!("{} GiB", size_bytes >> 30)
    } else {
        format!("{} MiB", size_bytes >> 20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        match Source::of_bytes("users.csv", bytes.to_vec(), Format::Csv) {
            Ok(source) => format!("read: {:?}", source.text()),
            Err(errors) => errors.to_string(),
        }
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        insta::assert_snapshot!(refusal(b"\xFF\xFEi\0d\0"), @"users.csv: the file is UTF-16; save it as UTF-8");
        insta::assert_snapshot!(refusal("id\nå".as_bytes().split_last().unwrap().1), @"users.csv:2:1: byte 0xC3 is not UTF-8; save the file as UTF-8");
        insta::assert_snapshot!(refusal(b"id,city\nada,Malm\xF6\n"), @"users.csv:2:9: byte 0xF6 is not UTF-8; save the file as UTF-8");
        insta::assert_snapshot!(refusal(b"\xEF\xBB\xBFid\n\xFF"), @"users.csv:2:1: byte 0xFF is not UTF-8; save the file as UTF-8");
        insta::assert_snapshot!(refusal(b""), @"users.csv: the file is empty, and that is not the same as a list of nothing: export it again, or write `[]` into a `.json` file or only the header into a `.csv` file");
        insta::assert_snapshot!(refusal(b"\xEF\xBB\xBF \r\n"), @"users.csv: the file is empty, and that is not the same as a list of nothing: export it again, or write `[]` into a `.json` file or only the header into a `.csv` file");
        insta::assert_snapshot!(refusal(b"\xEF\xBB\xBFid"), @r#"read: "id""#);
    }

    #[test]
    fn what_is_no_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |name: &str| {
            let text = Source::read(&folder.path().join(name)).unwrap_err().to_string();
            text.replace(&folder.path().display().to_string(), "tenant")
        };
        std::fs::create_dir(folder.path().join("users.json")).unwrap();
        std::fs::write(folder.path().join("devices.json"), "").unwrap();
        insta::assert_snapshot!(refusal("users.json"), @"tenant/users.json: a folder stands where a file is expected");
        insta::assert_snapshot!(refusal("devices.json"), @"tenant/devices.json: the file is empty, and that is not the same as a list of nothing: export it again, or write `[]` into a `.json` file or only the header into a `.csv` file");
        insta::assert_snapshot!(refusal("groups.json"), @"tenant/groups.json: the file does not exist");
        insta::assert_snapshot!(refusal("users.parquet"), @"tenant/users.parquet: Parquet is not read here; `.ndjson`, `.jsonl`, `.json` and `.csv` files are");
        insta::assert_snapshot!(refusal("users.xlsx"), @"tenant/users.xlsx: `.xlsx` is no format that is read; `.ndjson`, `.jsonl`, `.json` and `.csv` files are");
        insta::assert_snapshot!(refusal("users"), @"tenant/users: the file name has no extension; `.ndjson`, `.jsonl`, `.json` and `.csv` files are");
    }

    #[test]
    fn positions_count_lines_and_characters() {
        assert_eq!(position("åb\nc", 2), Position { line: 1, column: 2 });
        assert_eq!(position("åb\nc", 1), Position { line: 1, column: 1 }, "inside å");
        assert_eq!(position("åb\nc", 4), Position { line: 2, column: 1 });
        assert_eq!(position("åb\nc", 99), Position { line: 2, column: 2 });
    }
}
