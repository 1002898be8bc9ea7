//! The same tenant in every format gives the same files, and the files are whole in every format.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use arrow_array::cast::AsArray;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::tenant::{dynamic, in_departments, tenant};
use crate::runner::{Folder, lines, scrubbed};

const NOW: [&str; 2] = ["--now", "2026-01-15T00:00:00Z"];

/// Makes the same tenant in `format`, in the folder of that name.
fn synth(folder: &Folder, format: &str) {
    let sizes = "--users 600 --devices 150 --groups 80 --seed 11 --format";
    let arguments: Vec<&str> =
        ["synth", "--out", format].into_iter().chain(sizes.split(' ')).chain([format]).collect();
    folder.run(&arguments).expect_code(0);
}

/// What a run leaves that depends on the tenant alone.
fn recomputed(folder: &Folder, name: &str) -> [String; 4] {
    let choices = ["--dialect", "extended", "--version-order", "version"];
    let out = format!("out-{name}");
    let ran = folder.run(&[&["recompute", name, "--full", "--out", &out][..], &NOW, &choices].concat());
    ran.expect_code(0);
    ["membership-deltas.ndjson", "groups.ndjson", "audit.ndjson", "license-states.ndjson"]
        .map(|file| scrubbed(&folder.read(&format!("{out}/{file}"))))
}

#[test]
fn the_format_of_the_tenant_makes_no_difference() {
    let folder = Folder::new();
    for format in ["ndjson", "csv", "parquet"] {
        synth(&folder, format);
    }
    // Graph pages, and users in several files of a folder.
    for name in ["users", "devices"] {
        let values: Vec<Value> = folder
            .read(&format!("ndjson/{name}.ndjson"))
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let (first, second) = values.split_at(values.len() / 3);
        let pages = [first, second].map(|values| json!({ "value": values }));
        folder.write(&format!("json/{name}.json"), lines(pages));
        folder.write(&format!("parts/{name}/part-0.ndjson"), lines(first));
        folder.write(&format!("parts/{name}/part-1.jsonl"), lines(second));
    }
    for name in ["json", "parts"] {
        for file in ["groups.json", "members.ndjson", "organization.json", "subscribedSkus.json"] {
            folder.write(&format!("{name}/{file}"), folder.read(&format!("ndjson/{file}")));
        }
    }
    let expected = recomputed(&folder, "ndjson");
    assert!(expected[0].lines().count() > 1_000, "the rules select nobody");
    for name in ["csv", "parquet", "json", "parts"] {
        assert!(recomputed(&folder, name) == expected, "{name}");
    }
}

/// The rows of a Parquet file of texts.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let mut rows = Vec::new();
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let text =
            |row: usize| batch.columns().iter().map(move |it| it.as_string::<i32>().value(row).to_owned());
        rows.extend((0..batch.num_rows()).map(|row| text(row).collect::<Vec<String>>()));
    }
    rows
}

#[test]
fn deltas_say_the_same_in_every_format_and_the_last_run_is_alone() {
    let folder = Folder::new();
    synth(&folder, "parquet");
    folder.write("out/notes.txt", "not ours");
    let mut found = Vec::new();
    for format in ["ndjson", "csv", "parquet", "ndjson"] {
        let choice = ["recompute", "parquet", "--out", "out", "--delta-format", format];
        folder.run(&[&choice[..], &NOW].concat()).expect_code(0);
        let name = format!("membership-deltas.{format}");
        let of_licenses =
            ["license-deltas", "license-errors", "license-states"].map(|it| format!("{it}.ndjson"));
        let [deltas, errors, states] = &of_licenses;
        let files = [
            "audit.ndjson",
            "groups.ndjson",
            deltas,
            errors,
            states,
            &name,
            "notes.txt",
            "seats.json",
            "summary.json",
        ];
        assert_eq!(folder.list("out"), files);
        let text = || folder.read(&format!("out/{name}"));
        found.push(match format {
            "parquet" => rows(&folder.path().join("out").join(name)),
            "csv" => csv::Reader::from_reader(text().as_bytes()).deserialize().map(Result::unwrap).collect(),
            _ => text()
                .lines()
                .map(|line| {
                    let row: Value = serde_json::from_str(line).unwrap();
                    ["groupId", "memberId", "change"].map(|key| row[key].as_str().unwrap().to_owned()).into()
                })
                .collect::<Vec<Vec<String>>>(),
        });
    }
    assert!(found[0].len() > 1_000);
    assert!(found[0].is_sorted(), "by group, then member");
    assert!(found.iter().all(|rows| *rows == found[0]));
}

#[test]
fn a_failed_write_leaves_what_was_there() {
    let users = in_departments(&[("u1", "Sales")]);
    let folder = tenant(&users, &[dynamic("g", "user.department -eq \"Sales\"")], &[]);
    folder.run(&["recompute", "tenant", "--out", "out"]).expect_code(0);
    let names = folder.list("out");
    let before: Vec<String> = names.iter().map(|name| folder.read(&format!("out/{name}"))).collect();
    fs::remove_file(folder.path().join("out/audit.ndjson")).unwrap();
    folder.write("out/audit.ndjson/inside", "");
    folder.run(&["recompute", "tenant", "--out", "out", "--delta-format", "parquet"]).expect_code(2);
    assert_eq!(folder.list("out"), names);
    for (name, before) in names.iter().zip(before).filter(|(name, _)| *name != "audit.ndjson") {
        assert_eq!(folder.read(&format!("out/{name}")), before, "{name}");
    }
}

/// A tenant of which all users are in all groups.
fn large_tenant() -> Folder {
    let folder = Folder::new();
    folder
        .write("tenant/users.csv", format!("id\n{}", lines((0..20_000).map(|user| format!("user-{user}")))));
    let group = |at: usize| dynamic(&format!("g{at:03}"), "user.objectId -ne null");
    folder.write("tenant/groups.ndjson", lines((0..40).map(group)));
    folder
}

#[test]
fn a_run_that_is_killed_leaves_whole_files_or_none() {
    let folder = large_tenant();
    for wait_milliseconds in [0, 150, 400] {
        let out = format!("out-{wait_milliseconds}");
        let mut run = Command::new(env!("CARGO_BIN_EXE_dyngroup"))
            .args(["recompute", "tenant", "--out", &out])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // It writes as soon as something stands in the folder.
        while folder.list(&out).is_empty() && run.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(wait_milliseconds));
        run.kill().unwrap();
        run.wait().unwrap();
        let whole = [("membership-deltas.ndjson", 800_000), ("groups.ndjson", 40), ("audit.ndjson", 800_000)];
        for (name, count) in whole {
            if folder.path().join(&out).join(name).exists() {
                assert_eq!(folder.read(&format!("{out}/{name}")).lines().count(), count, "{name}");
            }
        }
    }
}
