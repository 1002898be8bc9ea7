//! `rule`, `attributes` and `completions`.

use dyngroup::base::code;
use serde_json::Value;

use crate::runner::Folder;

#[test]
fn every_code_is_listed_and_explained() {
    let folder = Folder::new();
    let listed = folder.run(&["rule"]);
    assert_eq!(listed.expect_code(0).lines().count(), code::ALL.len());
    assert!(listed.stdout.contains("DG0301  error    unknown attribute\n"), "{}", listed.stdout);
    let objects: Vec<Value> =
        serde_json::from_str(folder.run(&["rule", "--output-format", "json"]).expect_code(0)).unwrap();
    let lines = folder.run(&["rule", "--output-format", "jsonl"]);
    let lines: Vec<Value> =
        lines.expect_code(0).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(objects, lines);
    let ids: Vec<&str> = objects.iter().map(|object| object["code"].as_str().unwrap()).collect();
    assert_eq!(ids, code::ALL.iter().map(|code| code.id).collect::<Vec<_>>());
    assert!(folder.run(&["rule", "dg0301"]).expect_code(0).starts_with("## DG0301 · unknown attribute"));
    let concise = folder.run(&["rule", "L25", "--output-format", "concise"]);
    assert_eq!(concise.expect_code(0), "L25     warning  dash that is no hyphen\n");
}

#[test]
fn attributes_are_those_of_the_settings() {
    let folder = Folder::with(&[(
        "dyngroup.toml",
        "[[attribute]]\nobject = \"user\"\nname = \"employeeType\"\nkind = \"text\"\n",
    )]);
    let attributes =
        |arguments: &[&str]| folder.run(&[&["attributes"], arguments].concat()).expect_code(0).to_owned();
    let users = attributes(&["--subject", "user", "--output-format", "concise"]);
    assert!(users.contains("user.employeeType\n") && !users.contains("device."), "{users}");
    let devices = attributes(&["--subject", "device", "--output-format", "concise"]);
    assert!(devices.contains("device.deviceOSVersion\n") && !devices.contains("user."), "{devices}");
    assert_eq!(attributes(&["--output-format", "concise"]), users + &devices);
    let full = attributes(&[]);
    let mobile = full.lines().find(|line| line.starts_with("user.mobile ")).unwrap();
    assert!(mobile.contains("a string") && mobile.ends_with("Graph: mobilePhone"), "{mobile}");
    let objects: Vec<Value> = serde_json::from_str(&attributes(&["--output-format", "json"])).unwrap();
    assert_eq!(objects.len(), full.lines().count());
    let declared: Vec<_> = objects.iter().filter(|object| object["declared"] == true).collect();
    assert!(matches!(declared.as_slice(), [one] if one["name"] == "employeeType"), "{declared:?}");
}

#[test]
fn every_shell_gets_a_script() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = folder.run(&["completions", shell]);
        assert!(ran.expect_code(0).contains("recompute"), "{shell}");
    }
}
