//! Licenses: scenarios that were written down, laws over histories that were made up, and an obvious
//! second implementation.

mod histories;
mod in_files;
mod laws;
mod reference;
mod scenario;
mod through_recompute;
mod world;

use std::path::Path;

#[test]
fn every_scenario_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/licensing/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut faults = Vec::new();
    for file in &files {
        let name = file.file_stem().unwrap().to_string_lossy();
        let text = std::fs::read_to_string(file).unwrap();
        faults.extend(scenario::run(&text).into_iter().map(|fault| format!("{name}: {fault}")));
    }
    assert!(files.len() > 110, "only {} scenarios", files.len());
    assert!(faults.is_empty(), "{}\n", faults.join("\n"));
}
