//! How long does a whole run take? The program recomputes a tenant of 50,000 users and 1,000 groups,
//! from files to files, as it would on the command line.
//!
//! Throughput is users a second. The folder tells no members of dynamic groups, so that every member is
//! a change: the most that a run can have to write.

mod made;

use std::path::Path;
use std::process::{Command, Stdio};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// What `system.now` stands for: the dates of made-up tenants lie around it.
const NOW: &str = "2026-01-15T00:00:00Z";
const USERS: usize = 50_000;
const GROUPS: usize = 1_000;

fn end_to_end(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("end-to-end/{USERS}-users-{GROUPS}-groups"));
    group.sample_size(10).throughput(Throughput::Elements(USERS as u64));
    for format in ["ndjson", "parquet"] {
        let tenant = made::tenant(USERS, GROUPS, format);
        group.bench_function(format!("{format}-compute"), |bencher| {
            bencher.iter(|| recompute(tenant.path(), None));
        });
        let out = tempfile::tempdir().expect("a temporary folder");
        group.bench_function(format!("{format}-write-{format}"), |bencher| {
            bencher.iter(|| recompute(tenant.path(), Some((out.path(), format))));
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

criterion_group!(benches, end_to_end);
criterion_main!(benches);
