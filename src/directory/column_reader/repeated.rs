//! Objects that have one id.

use std::path::{Path, PathBuf};

use arrow_array::StringArray;

use super::ids::IdIndex;
use super::is_parquet;
use crate::base::code;
use crate::base::limits::DATA_ERRORS_PER_FILE_MAX;
use crate::directory::error::{DataError, DataErrors};

/// A file that was read.
pub(in crate::directory) struct ReadFile {
    pub(in crate::directory) path: PathBuf,
    /// How many rows the files before it have.
    pub(in crate::directory) first_row: usize,
}

/// Refuses ids that stand on several rows, in any letter case. `judge` tells what is wrong with a text
/// file on its own; it knows the lines.
pub(in crate::directory) fn refuse_repeated(
    ids: &StringArray,
    index: &IdIndex,
    files: &[ReadFile],
    judge: impl Fn(&Path) -> Result<(), DataErrors>,
) -> Result<(), DataErrors> {
    let repeated = index.repeated(ids);
    let mut errors = Vec::new();
    for &(first, row) in repeated.iter().take(DATA_ERRORS_PER_FILE_MAX) {
        let (Some(earlier), Some(later)) = (file_of(files, first), file_of(files, row)) else { continue };
        let same_file = earlier.path == later.path;
        if same_file && !is_parquet(&later.path) {
            judge(&later.path)?;
        }
        let of_file = if same_file { String::new() } else { format!(" of `{}`", earlier.path.display()) };
        let message = format!(
            "{}: `{}` is taken by {}{of_file}",
            later.place(row),
            ids.value(row),
            earlier.place(first)
        );
        errors.push(DataError::new(&code::DUPLICATE_ID, &later.path, message).field("id"));
    }
    if errors.is_empty() {
        return Ok(());
    }
    let omitted = repeated.len() - errors.len();
    Err(DataErrors::new(errors, omitted))
}

/// The file that a row is from.
fn file_of(files: &[ReadFile], row: usize) -> Option<&ReadFile> {
    files.iter().rev().find(|file| file.first_row <= row)
}

impl ReadFile {
    /// A row in words, counted within the file.
    fn place(&self, row: usize) -> String {
        let word = if is_parquet(&self.path) { "row" } else { "object" };
        format!("{word} {}", row - self.first_row + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(ids: &[&str], files: &[(&str, usize)]) -> String {
        let ids = StringArray::from(ids.to_vec());
        let files: Vec<ReadFile> =
            files.iter().map(|&(path, first_row)| ReadFile { path: path.into(), first_row }).collect();
        let refused = refuse_repeated(&ids, &IdIndex::new(&ids), &files, |path| {
            Err(DataError::new(&code::DUPLICATE_ID, path, "what the row readers say").into())
        });
        refused.map_or_else(|errors| errors.to_string(), |()| "fine".to_owned())
    }

    #[test]
    fn both_places_are_named() {
        assert_eq!(refusal(&["a", "b"], &[("u.parquet", 0)]), "fine");
        insta::assert_snapshot!(refusal(&["a", "b", "A"], &[("u.parquet", 0)]), @"u.parquet: field id: row 3: `A` is taken by row 1");
        insta::assert_snapshot!(refusal(&["a", "b", "A"], &[("1.parquet", 0), ("none.parquet", 1), ("2.ndjson", 1)]), @"2.ndjson: field id: object 2: `A` is taken by row 1 of `1.parquet`");
        insta::assert_snapshot!(refusal(&["a", "b", "b"], &[("1.parquet", 0), ("2.ndjson", 1)]), @"2.ndjson: what the row readers say");
        let many = refusal(&["a"; 100], &[("u.parquet", 0)]);
        assert!(many.ends_with("… and 79 more errors"), "{many}");
    }
}
