//! Objects that stand in several files: a folder with Parquet and NDJSON files.

use std::fs;
use std::path::{Path, PathBuf};

use super::is_parquet;
use crate::base::code;
use crate::directory::error::{DataError, DataErrors};
use crate::directory::source::Format;

/// The files to read, in their order: `path` itself, or the files of a folder, sorted by name. Names
/// that begin with a dot or an underscore are passed over: other programs keep notes there.
///
/// # Errors
///
/// If the folder cannot be read, holds no file to read, or one of another kind.
pub(in crate::directory) fn files(path: &Path) -> Result<Vec<PathBuf>, DataErrors> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let fault = |path: &Path, message: String| DataError::new(&code::FILE_UNREADABLE, path, message);
    let unreadable = |error: std::io::Error| fault(path, format!("the folder cannot be read: {error}"));
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?.path();
        let name = entry.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if entry.is_dir() || !is_part(&entry) {
            let message = "a folder of objects holds `.parquet`, `.ndjson` and `.jsonl` files; \
                           names that begin with a dot or an underscore are passed over";
            return Err(fault(&entry, message.to_owned()).into());
        }
        files.push(entry);
    }
    if files.is_empty() {
        let message = "the folder holds no `.parquet`, `.ndjson` or `.jsonl` file";
        return Err(fault(path, message.to_owned()).into());
    }
    files.sort_unstable();
    Ok(files)
}

fn is_part(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    is_parquet(path) || Format::of_extension(extension) == Some(Format::Ndjson)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_sorted_and_others_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let shown = || {
            let name = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
            let found = files(path).map(|files| files.iter().map(name).collect::<Vec<_>>());
            found.map_err(|errors| errors.to_string().replace(&path.display().to_string(), "users"))
        };
        insta::assert_snapshot!(shown().unwrap_err(), @"users: the folder holds no `.parquet`, `.ndjson` or `.jsonl` file");
        for name in ["part-1.Parquet", "part-0.snappy.parquet", "more.jsonl", "_SUCCESS", ".part.crc"] {
            fs::write(path.join(name), "").unwrap();
        }
        assert_eq!(shown().unwrap(), ["more.jsonl", "part-0.snappy.parquet", "part-1.Parquet"]);
        assert_eq!(files(&path.join("more.jsonl")), Ok(vec![path.join("more.jsonl")]));
        fs::write(path.join("users.csv"), "").unwrap();
        insta::assert_snapshot!(shown().unwrap_err(), @"users/users.csv: a folder of objects holds `.parquet`, `.ndjson` and `.jsonl` files; names that begin with a dot or an underscore are passed over");
    }
}
