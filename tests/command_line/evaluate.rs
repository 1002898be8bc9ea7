//! `evaluate`.

use crate::runner::{Folder, assert_transcript};

const USERS: &str = "{\"id\":\"ada\",\"displayName\":\"Ada\",\"department\":\"Sales\",\"manager\":{\"id\":\"bob\"}}\n\
                     {\"id\":\"bob\",\"displayName\":\"Bob\",\"department\":null,\"employeeHireDate\":\"2026-01-10T00:00:00Z\"}\n\
                     {\"id\":\"cyd\",\"@removed\":{\"reason\":\"deleted\"},\"department\":\"Sales\"}\n";

fn folder() -> Folder {
    Folder::with(&[
        ("users.ndjson", USERS),
        ("users.csv", "id,displayName,department\nada,Ada,Sales\nbob,Bob,\n"),
        ("users.json", "{\"value\":[{\"id\":\"ada\",\"department\":\"sales\"},{\"id\":\"bob\"}]}"),
        ("devices.ndjson", "{\"id\":\"d1\",\"operatingSystemVersion\":\"10.0.9\"}\n"),
        ("members.csv", "groupId,memberId\nstaff,sales\nsales,ada\n"),
    ])
}

#[test]
fn the_members_in_every_shape() {
    let folder = folder();
    let rule = "user.department -eq \"Sales\"";
    let runs: Vec<_> = ["full", "concise", "json", "jsonl"]
        .map(|format| {
            folder.run(&["evaluate", "--rule", rule, "--users", "users.ndjson", "--output-format", format])
        })
        .into();
    assert_transcript("evaluate-formats", &runs.iter().collect::<Vec<_>>());
    for file in ["users.csv", "users.json"] {
        assert_eq!(
            folder.run(&["evaluate", "--rule", rule, "--users", file]).expect_code(0),
            "ada\n",
            "{file}"
        );
    }
}

#[test]
fn columns_and_folders_of_files_are_read_and_members_stand_in_the_order_of_the_file() {
    let folder = Folder::new();
    let sizes = ["--users", "200", "--groups", "20", "--devices", "100"];
    for format in ["ndjson", "parquet"] {
        let arguments = [&["synth", "--out", format, "--format", format][..], &sizes].concat();
        folder.run(&arguments).expect_code(0);
    }
    folder.write("users/2.ndjson", "{\"id\":\"z\"}\n{\"id\":\"b\"}\n");
    folder.write("users/3.jsonl", "{\"id\":\"a\"}\n");
    for (rule, option, name) in [
        ("user.country -in [\"US\", \"DE\"]", "--users", "users"),
        ("Direct Reports for \"11111111-1111-1111-1111-111111111111\"", "--users", "users"),
        ("device.accountEnabled -eq true", "--devices", "devices"),
    ] {
        let [ndjson, parquet] = ["ndjson", "parquet"].map(|format| {
            let file = format!("{format}/{name}.{format}");
            folder.run(&["evaluate", "--rule", rule, option, &file]).expect_code(0).to_owned()
        });
        assert_eq!(ndjson, parquet, "{rule}");
    }
    let ran = folder.run(&["evaluate", "--rule", "user.city -eq null", "--users", "users"]);
    assert_eq!(ran.expect_code(0), "z\nb\na\n");
}

#[test]
fn relations_clock_and_choices() {
    let folder = folder();
    let evaluate = |rule: &str, more: &[&str]| {
        let arguments = [&["evaluate", "--rule", rule][..], more].concat();
        folder.run(&arguments).expect_code(0).to_owned()
    };
    let users = ["--users", "users.ndjson"];
    assert_eq!(evaluate("Direct Reports for \"BOB\"", &users), "ada\nbob\n");
    let members = ["--users", "users.ndjson", "--members", "members.csv"];
    assert_eq!(evaluate("user.memberOf -any (group.objectId -in ['sales'])", &members), "ada\n");
    assert_eq!(evaluate("user.memberOf -any (group.objectId -in ['staff'])", &members), "");
    let extended = [&members[..], &["--dialect", "extended"]].concat();
    assert_eq!(evaluate("user.transitiveMemberOf -any (group.objectId -in ['staff'])", &extended), "ada\n");
    let hired = "user.employeeHireDate -ge (system.now -minus P10D)";
    for (now, found) in [("2026-01-20T00:00:00Z", "bob\n"), ("2026-01-20T00:00:00.0000001Z", "")] {
        assert_eq!(evaluate(hired, &[&users[..], &["--now", now]].concat()), found);
    }
    let version = "device.deviceOSVersion -ge \"10.0.10\"";
    for (order, found) in [("version", ""), ("ordinal", "d1\n")] {
        assert_eq!(evaluate(version, &["--devices", "devices.ndjson", "--version-order", order]), found);
    }
}

#[test]
fn what_cannot_be_evaluated() {
    let folder = folder();
    folder.write("broken.ndjson", "{\"id\":\"a\",\"accountEnabled\":\"yes\"}\n{\"department\":\"x\"}\n");
    let runs = [
        folder.run(&["evaluate", "--rule", "user.departmnt -eq \"Sales\"", "--users", "users.csv"]),
        folder.run(&[
            "evaluate",
            "--rule",
            "device.deviceOSVersion -ge \"10\"",
            "--devices",
            "devices.ndjson",
        ]),
        folder.run(&["evaluate", "--rule", "user.city -eq null"]),
        folder.run(&["evaluate", "--rule", "device.displayName -eq null", "--users", "users.csv"]),
        folder.run(&["evaluate", "--rule", "user.city -eq null", "--users", "none.csv"]),
        folder.run(&["evaluate", "--rule", "user.city -eq null", "--users", "broken.ndjson"]),
        folder.run(&[
            "evaluate",
            "--rule",
            "user.city -eq null",
            "--users",
            "users.csv",
            "--members",
            "users.csv",
        ]),
    ];
    for (ran, code) in runs.iter().zip([1, 1, 2, 2, 2, 2, 2]) {
        assert_eq!(ran.expect_code(code), "");
    }
    assert_transcript("evaluate-errors", &runs.iter().collect::<Vec<_>>());
}
