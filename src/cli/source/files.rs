//! Rules in files and folders.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ignore::WalkBuilder;

use super::encoding::{decoded, text_start, too_large};
use super::error::InputError;
use super::{Format, Input, read_bytes, read_decoded, table};
use crate::base::limits::RULE_FILE_MAX_BYTES;

/// Reads a file, or the files of a folder and the folders in it.
///
/// A file's format is `format`, or what its extension says, or what its text looks like. Of a folder,
/// the files with a known extension are read (only those of `format`, if one is given), in the order
/// of their paths, without hidden ones and those that a `.gitignore` names. A file there that cannot
/// hold a rule is left out: a table without a column of rules, other data without the word `rule`.
/// One that is broken comes as an [`Input`] with nothing but an error, so that it hides no other.
///
/// # Errors
/// [`InputError`] for a path that is not there, and as [`read_text`](super::read_text) for a file
/// named by itself.
pub fn read_path(path: &Path, format: Option<Format>) -> Result<Vec<Input>, InputError> {
    let name = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&name, &error))?;
    if metadata.is_dir() {
        return Ok(folder(path, &name, format));
    }
    let bytes = bytes_of(path, &name)?;
    Ok(vec![read_bytes(&name, bytes, format.or_else(|| Format::of_path(path)))?])
}

fn folder(path: &Path, name: &str, wanted: Option<Format>) -> Vec<Input> {
    let mut inputs = Vec::new();
    let walk = WalkBuilder::new(path).require_git(false).sort_by_file_path(Ord::cmp).build();
    for entry in walk {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let error = InputError::unreadable(name, error.to_string(), "check the permissions");
                inputs.push(Input::broken(error, wanted));
                continue;
            }
        };
        let format =
            Format::of_path(entry.path()).filter(|found| wanted.is_none_or(|format| format == *found));
        let Some(format) = format.filter(|_| entry.path().is_file()) else { continue };
        let name = entry.path().display().to_string();
        match file_of_folder(entry.path(), &name, format) {
            Ok(input) => inputs.extend(input),
            Err(error) => inputs.push(Input::broken(error, Some(format))),
        }
    }
    inputs
}

/// A file that nobody named: `None` if no rule can be in it.
fn file_of_folder(path: &Path, name: &str, format: Format) -> Result<Option<Input>, InputError> {
    let (content, encoding) = decoded(name, bytes_of(path, name)?)?;
    let text = content.get(text_start(&content)..).unwrap_or_default();
    let may_hold_rules = match format {
        Format::Rule | Format::Rules => true,
        Format::Csv => table::has_rule_column(text),
        Format::Json | Format::Ndjson | Format::Terraform => mentions_rule(text),
    };
    if may_hold_rules { read_decoded(name, content, encoding, format).map(Some) } else { Ok(None) }
}

/// Whether the word `rule` stands anywhere, in any letter case: every key of a rule has it.
fn mentions_rule(text: &str) -> bool {
    text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"rule"))
}

fn bytes_of(path: &Path, name: &str) -> Result<Vec<u8>, InputError> {
    let file = File::open(path).map_err(|error| unreadable(name, &error))?;
    // A pipe has no length, so what comes is counted too.
    if file.metadata().is_ok_and(|metadata| metadata.len() > RULE_FILE_MAX_BYTES) {
        return Err(too_large(name));
    }
    let mut bytes = Vec::new();
    file.take(RULE_FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(name, &error))?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &std::io::Error) -> InputError {
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            InputError::unreadable(name, "no such file or folder", "check the path")
        }
        std::io::ErrorKind::PermissionDenied => {
            InputError::unreadable(name, "no permission to read it", "check the permissions")
        }
        _ => InputError::unreadable(name, format!("cannot be read: {error}"), "check the file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with files of these names and contents.
    fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        folder
    }

    #[test]
    fn folders_are_walked_in_order() {
        let folder = folder_of(&[
            ("b/z.RULES", "one\ntwo\n"),
            ("b/a.json", r#"{"rule": "x"}"#),
            ("b/package.json", "{\"name\": 1} // broken, and no business of ours"),
            ("b/broken.json", "{\"rule\": }"),
            ("b/users.csv", "id,rules\n1,2\n"),
            ("a.rule", "x"),
            ("notes.txt", "rule"),
            (".hidden.rule", "x"),
            (".gitignore", "ignored/\n"),
            ("ignored/a.rule", "x"),
        ]);
        let read = |format| {
            let inputs = read_path(folder.path(), format).expect("a folder");
            let show = |input: &Input| {
                let name = input.name.replace('\\', "/");
                let name =
                    name.rsplit("/b/").next().and_then(|name| name.rsplit('/').next()).map(str::to_owned);
                (name.unwrap_or_default(), input.rules.len(), input.errors.len())
            };
            inputs.iter().map(show).collect::<Vec<_>>()
        };
        let entry = |name: &str, rules, errors| (name.to_owned(), rules, errors);
        assert_eq!(
            read(None),
            [
                entry("a.rule", 1, 0),
                entry("a.json", 1, 0),
                entry("broken.json", 0, 1),
                entry("z.RULES", 2, 0)
            ]
        );
        assert_eq!(read(Some(Format::Rules)), [entry("z.RULES", 2, 0)]);
    }

    #[test]
    fn a_named_file_may_have_any_extension() {
        let folder =
            folder_of(&[("groups.txt", "{\"rule\": \"x\"}"), ("empty.json", "{}"), ("bad.json", "{")]);
        let read = |name: &str, format| read_path(&folder.path().join(name), format);
        let first =
            |inputs: Vec<Input>| inputs.into_iter().next().map(|input| (input.format, input.rules.len()));
        assert_eq!(read("groups.txt", None).map(first), Ok(Some((Format::Json, 1))));
        assert_eq!(read("groups.txt", Some(Format::Rule)).map(first), Ok(Some((Format::Rule, 1))));
        assert_eq!(read("empty.json", None).map(first), Ok(Some((Format::Json, 0))));
        assert!(read("bad.json", None).is_err());
        let missing = read("missing.json", None).expect_err("nothing there");
        assert_eq!((missing.message.as_str(), missing.position), ("no such file or folder", None));
    }
}
