//! Every fixture under `tests/cases` passes, by way of the program itself.

use std::path::{Path, PathBuf};

use crate::runner::Folder;

#[test]
fn every_case_passes() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let count = toml_files(&cases);
    assert!(count > 500, "only {count} cases");
    // In a folder of its own, so that no settings file above takes part.
    let ran = Folder::new().run(&["test", &cases.display().to_string(), "--no-config"]);
    assert_eq!(ran.expect_code(0), "");
    assert_eq!(ran.stderr, format!("{count} fixtures passed, 0 failed\n"));
}

fn toml_files(folder: &Path) -> usize {
    let count = |path: PathBuf| match path.extension() {
        _ if path.is_dir() => toml_files(&path),
        Some(extension) => usize::from(extension == "toml"),
        None => 0,
    };
    std::fs::read_dir(folder).unwrap().map(|entry| count(entry.unwrap().path())).sum()
}
