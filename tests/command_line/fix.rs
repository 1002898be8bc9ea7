//! `check --fix` and `check --diff`.

use super::check::every_kind;
use crate::runner::{Folder, assert_transcript};

/// The files of `every_kind` and what stands in them.
fn contents(folder: &Folder) -> Vec<(&'static str, String)> {
    let names = [
        "rules/fine.rule",
        "rules/two lines.rule",
        "rules/windows.rules",
        "exports/groups.json",
        "exports/groups.ndjson",
        "exports/groups.csv",
        "infra/main.tf",
    ];
    names.map(|name| (name, folder.read(name))).to_vec()
}

#[test]
fn a_difference_changes_nothing() {
    let folder = every_kind();
    let before = contents(&folder);
    let safe = folder.run(&["check", ".", "--diff"]);
    let all = folder.run(&["check", ".", "--diff", "--unsafe-fixes"]);
    assert_eq!(contents(&folder), before);
    assert_transcript("fix-diff", &[&safe, &all]);
}

#[test]
fn fixing_does_what_the_difference_shows() {
    let folder = every_kind();
    let shown = folder.run(&["check", ".", "--diff", "--unsafe-fixes"]);
    let before = contents(&folder);
    let fixed = folder.run(&["check", ".", "--fix", "--unsafe-fixes", "--output-format", "concise"]);
    let mut differences = String::new();
    for ((name, before), (_, after)) in before.iter().zip(contents(&folder)) {
        let name = format!("./{name}");
        let diff = similar::TextDiff::from_lines(before.as_str(), after.as_str());
        differences.push_str(&diff.unified_diff().header(&name, &name).to_string());
    }
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&differences), sorted(&shown.stdout));
    assert_transcript("fix-report", &[&fixed]);
    let again = folder.run(&["check", ".", "--diff", "--unsafe-fixes"]);
    assert_eq!(again.stdout, "", "a second round finds nothing to fix");
}

#[test]
fn only_the_rule_changes() {
    let json = "{\r\n\t\"value\" : [ {\"membershipRule\":\"user.mail \\u2013ne null\" , \"x\": 1.50} ]\r\n}";
    let rules = "user.mail –ne null\r\nuser.city -eq \"Oslo\"";
    let folder = Folder::with(&[("a.json", json), ("b.rules", rules)]);
    folder.run(&["check", ".", "--fix"]).expect_code(0);
    assert_eq!(folder.read("a.json"), json.replace("\\u2013", "-"));
    assert_eq!(folder.read("b.rules"), rules.replace('–', "-"));
}

#[test]
fn rules_without_a_file_go_fixed_to_standard_output() {
    let folder = Folder::new();
    let runs = [
        folder.dyngroup(&["check", "-", "--fix"]).stdin("user.mail –ne null\n").run(),
        folder.dyngroup(&["check", "-", "--fix"]).stdin("user.mail -ne null").run(),
        folder.dyngroup(&["check", "-", "--fix", "--output-format", "jsonl"]).stdin("user.mail -eq").run(),
        folder.run(&["check", "--fix", "--rule", "user.mail –ne null", "--rule", "user.mail -eq $null"]),
    ];
    assert_transcript("fix-stdin", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn a_file_that_cannot_be_written_back_is_reported() {
    let folder = Folder::with(&[("b.rule", "user.mail –ne null\n")]);
    let utf16: Vec<u8> = "\u{feff}user.mail –ne null".encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.write("a.rule", &utf16);
    let runs = [folder.run(&["check", ".", "--fix"]), folder.run(&["fmt", "."])];
    assert_eq!(folder.read("b.rule"), "user.mail -ne null\n");
    assert_eq!(std::fs::read(folder.path().join("a.rule")).unwrap(), utf16);
    assert_transcript("fix-unwritable", &[&runs[0], &runs[1]]);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with(&[("real.rule", "user.mail –ne null\n")]);
    let path = folder.path().join("real.rule");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.rule", folder.path().join("link.rule")).unwrap();
    folder.run(&["check", "link.rule", "--fix"]).expect_code(0);
    assert_eq!(folder.read("real.rule"), "user.mail -ne null\n");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link.rule").is_symlink());
}
