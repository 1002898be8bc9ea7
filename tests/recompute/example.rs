//! The example tenant, in every format that it can be written in.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::runner::{Folder, assert_transcript, lines, scrubbed};

/// Members, added and removed of the groups whose rules are on, by the last digits of their ids.
const GOLDEN: [(u32, u32, u32, u32); 16] = [
    (1, 16, 2, 1),
    (2, 11, 3, 2),
    (3, 2, 1, 1),
    (4, 2, 1, 1),
    (5, 4, 3, 1),
    (6, 10, 1, 0),
    (7, 4, 2, 1),
    (8, 14, 1, 1),
    (9, 9, 3, 1),
    (10, 8, 5, 1),
    (11, 5, 2, 1),
    (12, 8, 0, 0),
    (13, 2, 1, 1),
    (14, 4, 1, 1),
    (15, 2, 0, 1),
    (16, 4, 2, 1),
];

const NOW: [&str; 2] = ["--now", "2026-11-20T00:00:00Z"];

fn example(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/contoso").join(name);
    fs::read_to_string(path).unwrap()
}

fn values(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The objects of a Graph page.
fn page(name: &str) -> Vec<Value> {
    let mut page: Value = serde_json::from_str(&example(name)).unwrap();
    page["value"].as_array_mut().unwrap().drain(..).collect()
}

fn as_it_is() -> Folder {
    let folder = Folder::new();
    for name in [
        "users.ndjson",
        "devices.ndjson",
        "members.ndjson",
        "groups.json",
        "subscribedSkus.json",
        "organization.json",
        "policy.toml",
    ] {
        folder.write(&format!("tenant/{name}"), example(name));
    }
    folder
}

/// What a run leaves that does not depend on when it ran.
const FILES: [&str; 6] = [
    "membership-deltas.ndjson",
    "groups.ndjson",
    "license-deltas.ndjson",
    "license-states.ndjson",
    "license-errors.ndjson",
    "seats.json",
];

/// What a run of the example leaves. Some people in it have an error of a license.
fn run(folder: &Folder) -> String {
    folder.run(&[&["recompute", "tenant", "--out", "out", "--full"][..], &NOW].concat()).expect_code(1);
    FILES.map(|name| folder.read(&format!("out/{name}"))).concat()
}

/// Writes objects in one format.
type Write = fn(&[Value]) -> String;

#[test]
fn the_counts_of_the_example() {
    let folder = as_it_is();
    let ran = folder.run(&[&["recompute", "tenant", "--out", "out"][..], &NOW].concat());
    ran.expect_code(1);
    let rows: BTreeMap<String, Value> = values(&folder.read("out/groups.ndjson"))
        .into_iter()
        .map(|row| (row["groupId"].as_str().unwrap().to_owned(), row))
        .collect();
    assert_eq!(rows.len(), 24);
    for (number, members, added, removed) in GOLDEN {
        let row = &rows[&format!("00000000-0000-4000-8000-{number:012}")];
        let found = ["members", "added", "removed"].map(|key| row[key].as_u64().unwrap());
        assert_eq!(row["status"], "Succeeded", "{row}");
        assert_eq!(found, [members, added, removed].map(u64::from), "{row}");
    }
    let others = rows.values().filter(|row| row["status"] != "Succeeded");
    for row in others {
        assert_eq!((&row["added"], &row["removed"]), (&Value::from(0), &Value::from(0)), "{row}");
    }
    assert_transcript("recompute-example", &[&ran]);
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        let head = |name: &str| {
            let text = folder.read(name);
            lines(text.lines().take(3))
        };
        let files = ["audit.ndjson"].into_iter().chain(FILES);
        let files: Vec<String> =
            files.map(|name| format!("{name}\n{}\n", head(&format!("out/{name}")))).collect();
        let text = files.concat() + "summary.json\n" + &folder.read("out/summary.json");
        insta::assert_snapshot!("recompute-files", scrubbed(&text));
    });
}

/// Graph pages: the values of a file in two halves.
fn pages(values: &[Value]) -> String {
    let (first, second) = values.split_at(values.len() / 2);
    let page =
        |values: &[Value]| format!("{:#}\n", serde_json::json!({ "@odata.context": "x", "value": values }));
    page(first) + &page(second)
}

/// A table: objects within objects become columns with a dot, what else has parts becomes JSON.
fn table(values: &[Value]) -> String {
    let rows: Vec<Map<String, Value>> = values
        .iter()
        .map(|value| {
            let mut row = Map::new();
            for (name, value) in value.as_object().unwrap() {
                match value {
                    Value::Object(parts)
                        if name.ends_with("xtensionAttributes") || name == "prepaidUnits" =>
                    {
                        row.extend(
                            parts.iter().map(|(part, value)| (format!("{name}.{part}"), value.clone())),
                        );
                    }
                    _ => {
                        row.insert(name.clone(), value.clone());
                    }
                }
            }
            row
        })
        .collect();
    let mut names: Vec<&String> = rows.iter().flat_map(Map::keys).collect();
    names.sort();
    names.dedup();
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(&names).unwrap();
    for row in &rows {
        let cell = |name: &&String| match row.get(*name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        table.write_record(names.iter().map(cell)).unwrap();
    }
    String::from_utf8(table.into_inner().unwrap()).unwrap()
}

#[test]
fn the_format_of_the_files_makes_no_difference() {
    let expected = run(&as_it_is());
    let data = [
        ("users", values(&example("users.ndjson"))),
        ("devices", values(&example("devices.ndjson"))),
        ("members", values(&example("members.ndjson"))),
        ("groups", page("groups.json")),
        ("subscribedSkus", page("subscribedSkus.json")),
        ("organization", page("organization.json")),
    ];
    let formats: [(&str, Write); 4] = [
        ("ndjson", |values| lines(values)),
        ("json", pages),
        ("csv", table),
        ("jsonl", |values| lines(values).replace('\n', "\r\n")),
    ];
    for (extension, write) in formats {
        let folder = Folder::new();
        for (name, values) in &data {
            folder.write(&format!("tenant/{name}.{extension}"), write(values));
        }
        assert_eq!(run(&folder), expected, "{extension}");
    }
}
