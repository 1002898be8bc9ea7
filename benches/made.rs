//! Made-up tenants for the benchmarks. A seed makes the same bytes every time.

use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A tenant folder in a temporary place. `format` is `ndjson`, `csv` or `parquet`.
pub(crate) fn tenant(users: usize, groups: usize, format: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (users, groups) = (users.to_string(), groups.to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_dyngroup"));
    command.args(["synth", "--users", &users, "--groups", &groups, "--seed", "1"]);
    command.args(["--format", format, "--out"]).arg(folder.path());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "synth: {status}");
    folder
}
