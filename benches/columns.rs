//! How fast do users get from files into columns? The same 50,000 users in each format, and the
//! attributes that 1,000 rules read.
//!
//! Throughput is bytes of the file a second, and users a second.

mod made;
mod rules;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dyngroup::directory::column_reader::{Wanted, read_columns};
use dyngroup::language::attribute::{Attributes, Subject};

const USERS: usize = 50_000;
const RULES: usize = 1_000;

fn columns(criterion: &mut Criterion) {
    let tenants = ["ndjson", "csv", "parquet"].map(|format| (format, made::tenant(USERS, RULES, format)));
    let mut files: Vec<(&str, PathBuf)> = tenants
        .iter()
        .map(|(format, folder)| (*format, folder.path().join(format!("users.{format}"))))
        .collect();
    let [(_, first), ..] = &tenants;
    files.push(("json", json_of(&first.path().join("users.ndjson"))));
    let rules = rules::rules_of(first.path());
    let wanted = Wanted::of_rules(&rules, Subject::User, true);

    let mut group = criterion.benchmark_group(format!("columns/{USERS}-users"));
    group.sample_size(10);
    for (format, file) in files {
        let bytes = fs::metadata(&file).expect("a file").len();
        group.throughput(Throughput::ElementsAndBytes { elements: USERS as u64, bytes });
        group.bench_function(format, |bencher| {
            bencher.iter(|| {
                let read = read_columns(black_box(&file), Subject::User, Attributes::standard(), &wanted);
                assert_eq!(read.expect("columns").columns.rows(), USERS);
            });
        });
    }
    group.finish();
}

/// The same users as one page of Graph, in a file beside them.
fn json_of(ndjson: &Path) -> PathBuf {
    let lines = fs::read_to_string(ndjson).expect("users");
    let objects: Vec<&str> = lines.lines().collect();
    let file = ndjson.with_extension("json");
    fs::write(&file, format!("{{\"value\":[\n{}\n]}}\n", objects.join(",\n"))).expect("a file");
    file
}

criterion_group!(benches, columns);
criterion_main!(benches);
