//! What does a state file cost, and what does it save? The program recomputes a tenant of 50,000 users and
//! 300 groups from Parquet, as it would on the command line.
//!
//! Throughput is users a second. `without` keeps no state. `first` makes a state file, `unchanged` runs over
//! one that holds the same already, `changed-N` tells of N users who got another department.

mod made;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;

/// What `system.now` stands for: the dates of made-up tenants lie around it.
const NOW: &str = "2026-01-15T00:00:00Z";
const USERS: usize = 50_000;
const GROUPS: usize = 300;

fn state(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("state/{USERS}-users-{GROUPS}-groups"));
    group.sample_size(10).throughput(Throughput::Elements(USERS as u64));
    let tenant = made::tenant(USERS, GROUPS, "parquet");
    let tenant = tenant.path();
    group.bench_function("without", |bencher| bencher.iter(|| recompute(tenant, &[])));
    group.bench_function("first", |bencher| {
        bencher.iter_batched(
            folder,
            |(_, state)| recompute(tenant, &[("--state", state.as_path())]),
            BatchSize::PerIteration,
        );
    });
    let (folder, state) = folder();
    recompute(tenant, &[("--state", state.as_path())]);
    group.bench_function("unchanged", |bencher| {
        bencher.iter(|| recompute(tenant, &[("--state", state.as_path())]));
    });
    let ids = ids(&state);
    for count in [1, 500] {
        let path = folder.path().join(format!("changed-{count}.ndjson"));
        let mut round = 0;
        group.bench_function(format!("changed-{count}"), |bencher| {
            bencher.iter_batched(
                || {
                    round += 1;
                    fs::write(&path, changes(&ids, count, round)).expect("changes");
                },
                |()| recompute(tenant, &[("--state", state.as_path()), ("--changed", path.as_path())]),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let state = folder.path().join("state");
    (folder, state)
}

/// The ids of all users, from a state file.
fn ids(state: &Path) -> Vec<String> {
    let mut store = dyngroup::store::Store::open(state, std::time::Duration::ZERO).expect("the state file");
    let session = store.read().expect("a session");
    let register = session.register().expect("the ids");
    let holder = dyngroup::membership::register::Holder::User;
    (0..register.known(holder)).filter_map(|at| register.known_id(holder, at)).map(str::to_owned).collect()
}

/// Some users, spread over all, with a department that they did not have in the round before.
fn changes(ids: &[String], count: usize, round: usize) -> String {
    ids.iter().step_by(ids.len() / count).take(count).fold(String::new(), |mut lines, id| {
        let _ = writeln!(lines, "{{\"id\":\"{id}\",\"department\":\"Department {}\"}}", round % 3);
        lines
    })
}

/// Runs the program.
fn recompute(tenant: &Path, options: &[(&str, &Path)]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dyngroup"));
    command.arg("recompute").arg(tenant).args(["--no-config", "--no-guards", "--now", NOW]);
    for (option, path) in options {
        command.arg(option).arg(path);
    }
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program runs");
    assert!(status.success(), "recompute: {status}");
}

criterion_group!(benches, state);
criterion_main!(benches);
