//! What `check` reads, and what it says about inputs that it cannot read.

use crate::runner::{Folder, assert_transcript};

#[test]
fn standard_input_is_looked_at() {
    let folder = Folder::new();
    let check = |text: &str| folder.dyngroup(&["check", "-"]).stdin(text).run();
    let runs = [
        check("user.city -eq 3\r\n"),
        check("{\"value\":[{\"id\":\"1\",\"membershipRule\":\"user.city -eq 3\"}]}"),
        check(
            "{\"id\":\"1\",\"membershipRule\":\"user.city -eq 3\"}\n{\"id\":\"2\",\"membershipRule\":\"user.city -eq 4\"}\n",
        ),
        check("id,membershipRule\n1,user.city -eq 3\n"),
        check(
            "resource \"azuread_group\" \"a\" {\n  dynamic_membership {\n    enabled = true\n    rule = \"user.city -eq 3\"\n  }\n}\n",
        ),
        check(""),
        check("{\"id\": 1,"),
        folder
            .dyngroup(&["check", "-", "--input-format", "rules"])
            .stdin("user.city -eq 1\nuser.city -eq 2\n")
            .run(),
    ];
    assert_transcript("inputs-stdin", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn rules_can_be_given_as_arguments() {
    let folder = Folder::with(&[("a.rule", "user.city -eq 1")]);
    let ran = folder
        .dyngroup(&["check", "a.rule", "-", "--rule", "-not user.city", "--rule", "user.city -eq \"Oslo\""])
        .stdin("user.city -eq 2")
        .run();
    assert_transcript("inputs-arguments", &[&ran]);
}

#[test]
fn a_broken_input_hides_no_other() {
    let folder = Folder::with(&[
        ("a.rule", "user.city -eq 1\n"),
        ("broken.json", "{\"value\": [\n  {\"id\" 1}\n]}\n"),
        ("broken.csv", "id,membershipRule\n1,\"user.city -eq \"\"x\"\"\n"),
        ("broken.tf", "resource \"azuread_group\" \"a\" {\n  dynamic_membership {\n    rule =\n  }\n}\n"),
        (
            "lines.ndjson",
            "{\"id\":\"1\",\"membershipRule\":\"user.city -eq 1\"}\n{\"id\":\n{\"id\":\"3\",\"membershipRule\":\"user.city -eq 3\"}\n",
        ),
        ("field.json", "[{\"id\":\"1\",\"membershipRule\":[1]}]\n"),
    ]);
    folder.write("bytes.rule", [b'u', 0xff, 0xfe, b'\n']);
    let runs = [
        folder.run(&["check", "."]),
        folder.run(&["check", "broken.tf", "broken.json", "a.rule"]),
        folder.run(&["fmt", "--check", "broken.json", "a.rule"]),
        folder.run(&["check", "--output-format", "jsonl", "lines.ndjson"]),
    ];
    for ran in &runs {
        ran.expect_code(2);
    }
    assert_transcript("inputs-broken", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn paths_that_are_not_there_and_folders_without_rules() {
    let folder = Folder::with(&[("a.rule", "user.city -eq \"Oslo\"\n"), ("empty/notes.txt", "")]);
    let runs = [
        folder.run(&["check", "a.rule", "b.rule"]),
        folder.run(&["fmt", "b.rule"]),
        folder.run(&["check", "empty"]),
        folder.run(&["check", "empty", "--output-format", "json"]),
    ];
    assert_transcript("inputs-missing", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn groups_without_a_rule_are_skipped() {
    let folder = Folder::with(&[(
        "groups.json",
        r#"[{"id":"1","displayName":"A"},{"id":"2","membershipRule":null},{"id":"3","membershipRule":""}]"#,
    )]);
    assert_transcript("inputs-assigned-groups", &[&folder.run(&["check", "groups.json"])]);
}

#[test]
fn utf16_is_read() {
    let folder = Folder::new();
    let text = "\u{feff}user.city -eq Malmö\r\n";
    folder.write("a.rule", text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    assert_transcript("inputs-utf16", &[&folder.run(&["check", "a.rule"])]);
}
