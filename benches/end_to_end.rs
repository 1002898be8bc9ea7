//! How long does a whole run take? The program recomputes a tenant of 50,000 users and 300 groups, from
//! files to files, as it would on the command line.
//!
//! Throughput is users a second. `first` is a run over a folder that tells no members of dynamic
//! groups, and writes nothing. `again` is a run over the same folder with the members that the first one
//! found, in the format of the users, and writes the little that changed.

mod made;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// What `system.now` stands for: the dates of made-up tenants lie around it.
const NOW: &str = "2026-01-15T00:00:00Z";
const USERS: usize = 50_000;
const GROUPS: usize = 300;

fn end_to_end(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("end-to-end/{USERS}-users-{GROUPS}-groups"));
    group.sample_size(10).throughput(Throughput::Elements(USERS as u64));
    for format in ["ndjson", "parquet"] {
        let tenant = made::tenant(USERS, GROUPS, format);
        let tenant = tenant.path();
        group.bench_function(format!("first-{format}"), |bencher| {
            bencher.iter(|| recompute(tenant, None));
        });
        keep_members(tenant, format);
        let out = tempfile::tempdir().expect("a temporary folder");
        group.bench_function(format!("again-{format}"), |bencher| {
            bencher.iter(|| recompute(tenant, Some((out.path(), format))));
        });
    }
    group.finish();
}

/// Runs the program; with a folder and a format it writes what changed.
fn recompute(tenant: &Path, out: Option<(&Path, &str)>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dyngroup"));
    command.arg("recompute").arg(tenant).args(["--no-config", "--now", NOW]);
    if let Some((folder, format)) = out {
        command.arg("--out").arg(folder).args(["--delta-format", format]);
    }
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "recompute: {status}");
}

/// Makes what a run finds the members before the next one. Those of static groups are dropped.
fn keep_members(tenant: &Path, format: &str) {
    let out = tempfile::tempdir().expect("a temporary folder");
    recompute(tenant, Some((out.path(), format)));
    let found = out.path().join(format!("membership-deltas.{format}"));
    fs::remove_file(tenant.join("members.ndjson")).expect("the members of static groups");
    fs::copy(found, tenant.join(format!("members.{format}"))).expect("members");
}

criterion_group!(benches, end_to_end);
criterion_main!(benches);
