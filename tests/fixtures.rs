//! Every fixture under `tests/cases` passes, by way of the program itself.

use std::path::Path;

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
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| match path.is_dir() {
            true => toml_files(&path),
            false => usize::from(path.extension().is_some_and(|extension| extension == "toml")),
        })
        .sum()
}
