//! `check`: findings in every shape.

use serde_json::Value;

use crate::runner::{Folder, Ran, assert_transcript};

/// A folder with each kind of input, each with something to find.
pub(super) fn every_kind() -> Folder {
    let folder = Folder::with(&[
        ("rules/fine.rule", "(user.department -eq \"Sales\") -and (user.accountEnabled -eq true)\n"),
        ("rules/two lines.rule", "(user.department -eq \"Sales\")\n  -and (user.departmnt -eq \"Sales\")\n"),
        ("rules/windows.rules", "user.mail –ne null\r\nuser.city -eq \"Oslo\"\r\nuser.city -eq Oslo\r\n"),
        (
            "exports/groups.json",
            r#"{
  "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups",
  "value": [
    {"id": "g1", "displayName": "Verkauf \u00d6st", "groupTypes": ["DynamicMembership"], "membershipRule": "user.departmnt -eq \"Sales\""},
    {"id": "g2", "displayName": "Assigned", "groupTypes": []},
    {"id": "g3", "displayName": "No rule", "groupTypes": ["DynamicMembership"], "membershipRule": null},
    {"id": "g4", "displayName": "Team", "groupTypes": ["DynamicMembership", "Unified"], "membershipRule": "device.displayName -eq \"x\""},
    {"id": "g5", "displayName": "Admins", "isAssignableToRole": true, "membershipRule": "user.city -eq \"Oslo\""}
  ]
}
"#,
        ),
        (
            "exports/groups.ndjson",
            "{\"id\":\"n1\",\"membershipRule\":\"user.city -eq \\\"Oslo\\\" -and\"}\n{\"id\":\"n2\",\"membershipRule\":\"user.city -eq \\\"Oslo\\\"\"}\n",
        ),
        (
            "exports/groups.csv",
            "id,displayName,membershipRule\nc1,One,\"user.city -eq \"\"Oslo\"\" -or user.x -eq 1\"\nc2,Two,\n",
        ),
        (
            "infra/main.tf",
            r#"resource "azuread_group" "sales" {
  display_name = "Sales"
  types        = ["DynamicMembership"]

  dynamic_membership {
    enabled = true
    rule    = "user.deparment -eq \"Sales\""
  }
}

resource "azuread_group" "computed" {
  dynamic_membership {
    enabled = true
    rule    = "user.department -eq \"${var.department}\""
  }
}
"#,
        ),
        ("notes.txt", "user.nothing -eq here\n"),
        ("data/other.json", "{\"name\": \"no such key\"}\n"),
    ]);
    folder.write(".hidden/a.rule", "user.hidden -eq 1\n");
    folder
}

fn check(format: &str) -> Ran {
    every_kind().run(&["check", ".", "--ignore", "L21", "--output-format", format])
}

#[test]
fn the_shapes_for_people() {
    assert_transcript("check-full", &[&check("full")]);
    assert_transcript("check-concise", &[&check("concise")]);
}

#[test]
fn what_rules_become() {
    let folder = every_kind();
    folder.write(
        "more.rules",
        "(user.city -eq \"oslo\" -or user.mail -ne null) -and (user.otherMails -any (_ -match \"^a\\sb\"))\n\
         device.accountEnabled -eq true\n\
         user.memberOf -any (group.objectId -in ['g2', 'g1'])\n\
         Direct Reports for \"boss\"\n\
         user.employeeHireDate -ge system.now -minus P7D\n\
         device.deviceOSVersion -ge \"10\"\n",
    );
    let arguments = ["check", "more.rules", "exports", "--ignore", "L21", "--emit", "bytecode"];
    let broken = ["check", "--emit", "bytecode", "--rule", "user.x -eq 1", "--output-format", "jsonl"];
    let mixed = ["check", "--emit", "bytecode", "--fix", "more.rules"];
    let runs = [&arguments[..], &broken, &mixed].map(|arguments| folder.run(arguments));
    assert_transcript("check-emit", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn the_shapes_for_programs() {
    let lines = check("jsonl");
    assert_transcript("check-jsonl", &[&lines]);
    let array: Vec<Value> = serde_json::from_str(check("json").expect_code(1)).unwrap();
    let objects: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(array, objects, "the array holds what the lines hold");
    assert!(lines.stderr.is_empty(), "{}", lines.stderr);
}

#[test]
fn the_keys_of_the_json_lines_stand_in_the_order_of_the_contract() {
    let ran = check("jsonl");
    let line = ran.stdout.lines().find(|line| line.contains("\"g1\"")).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let rule: Value = serde_json::from_str(line).unwrap();
    let wanted = ["source", "id", "line", "rule", "subject", "valid", "diagnostics"];
    assert_eq!(keys(&rule)[..wanted.len()], wanted);
    let diagnostic = &rule["diagnostics"][0];
    let wanted = ["code", "severity", "message", "help", "span", "fix", "serviceMessage"];
    assert_eq!(keys(diagnostic)[..wanted.len()], wanted);
    assert_eq!(keys(&diagnostic["span"]), ["start", "end", "line", "column"]);
    assert_eq!(keys(&diagnostic["fix"]), ["safety", "edits"]);
    assert_eq!(keys(&diagnostic["fix"]["edits"][0]), ["start", "end", "text"]);
}

#[test]
fn the_shapes_for_services() {
    assert_transcript("check-github", &[&check("github")]);
    assert_transcript("check-junit", &[&check("junit")]);
    let mut ran = check("sarif");
    let mut log: Value = serde_json::from_str(ran.expect_code(1)).unwrap();
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        // The explanations of the codes have their own tests.
        rule["help"] = Value::Null;
    }
    ran.stdout = format!("{log:#}\n");
    assert_transcript("check-sarif", &[&ran]);
}

#[test]
fn the_shape_never_changes_the_exit_code() {
    let folder = Folder::with(&[
        ("clean.rule", "user.city -eq \"Oslo\"\n"),
        ("warned.rule", "user.mail –ne null\n"),
        ("refused.rule", "user.city -eq\n"),
        ("broken.json", "{\"value\": [\n  {\"id\": 1,\n]}\n"),
    ]);
    for format in ["full", "concise", "json", "jsonl", "github", "sarif", "junit"] {
        for (file, code) in [("clean.rule", 0), ("warned.rule", 0), ("refused.rule", 1), ("broken.json", 2)] {
            folder.run(&["check", file, "--output-format", format]).expect_code(code);
        }
        folder.run(&["check", "warned.rule", "--deny", "warnings", "--output-format", format]).expect_code(1);
    }
}

#[test]
fn what_counts_can_be_chosen() {
    let folder = Folder::with(&[("a.rule", "user.mail –ne null\n")]);
    let runs = [
        folder.run(&["check", "a.rule"]),
        folder.run(&["check", "a.rule", "--deny", "warnings"]),
        folder.run(&["check", "a.rule", "--deny", "l25"]),
        folder.run(&["check", "a.rule", "--deny", "L01", "--deny", "L02"]),
        folder.run(&["check", "a.rule", "--deny", "warnings", "--ignore", "L25"]),
        folder.run(&["check", "a.rule", "--enable", "L35"]),
        folder.run(&["check", "--ignore", "DG0301", "--rule", "user.x -eq \"an error cannot be ignored\""]),
    ];
    assert_transcript("check-deny", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn subject_dialect_and_declared_attributes() {
    let folder = Folder::new();
    let member_of = "(user.memberOf -any (group.objectId -in [\"a\"])) -and (user.city -eq \"Oslo\")";
    let declared = "user.employeeType -eq \"Contractor\"";
    let runs = [
        folder.run(&["check", "--subject", "device", "--rule", "user.city -eq \"Oslo\""]),
        folder.run(&["check", "--rule", member_of]),
        folder.run(&["check", "--dialect", "extended", "--rule", member_of]),
        folder.run(&["check", "--attribute", "user.employeeType:text", "--rule", declared]),
        folder.run(&[
            "check",
            "--dialect",
            "extended",
            "--attribute",
            "user.employeeType:text",
            "--rule",
            declared,
        ]),
    ];
    assert_transcript("check-language", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn nothing_of_a_rule_reaches_the_terminal_unseen() {
    let rule = "user.city -eq \"a\u{1b}[31m\u{7}\u{202e}b\" -and user.\u{1b}[2J -eq 1\n";
    let folder = Folder::with(&[("esc\u{1b}[1mape.rule", rule)]);
    for format in ["full", "concise", "github", "junit", "sarif", "jsonl"] {
        let ran = folder.run(&["check", ".", "--output-format", format]);
        let printed = format!("{}{}", ran.expect_code(1), ran.stderr);
        let hidden = |character: char| matches!(character, '\u{1b}' | '\u{7}' | '\u{202e}');
        assert!(format == "jsonl" || !printed.contains(hidden), "{format}: {printed:?}");
        assert!(!printed.contains(['\u{1b}', '\u{7}']), "{format}: {printed:?}");
    }
    let error = folder.run(&["check", "no\u{1b}[31m.rule"]);
    assert!(!error.stderr.contains('\u{1b}'), "{:?}", error.stderr);
}
