//! How fast are rules evaluated over columns in memory? 100, 1,000 and 5,000 rules over 65,536 and
//! 262,144 users, on all cores.
//!
//! Throughput is pairs of a rule and a user a second. `program` and `prepare` are what a run does once
//! before: rules to bytecode, and what finds the values that the bytecode asks for; their throughput is
//! rules a second.

mod made;
mod rules;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dyngroup::directory::column_reader::{Wanted, read_columns};
use dyngroup::directory::columns::Columns;
use dyngroup::engine::evaluate::Evaluator;
use dyngroup::language::attribute::{Attributes, Subject};
use dyngroup::language::typed::TypedRule;
use dyngroup::program::verify::verify;
use dyngroup::program::{Optimise, Program, emit};
use jiff::Timestamp;
use roaring::RoaringBitmap;

/// What `system.now` stands for: the dates of made-up tenants lie around it.
const NOW: &str = "2026-01-15T00:00:00Z";
const USERS: [usize; 2] = [65_536, 262_144];
const RULES: [usize; 3] = [100, 1_000, 5_000];

fn evaluate(criterion: &mut Criterion) {
    let now: Timestamp = NOW.parse().expect("an instant");
    for users in USERS {
        let tenant = made::tenant(users, RULES[2], "parquet");
        let rules = rules::rules_of(tenant.path());
        let columns = columns_of(tenant.path(), &rules);
        if users == USERS[0] {
            before(criterion, &rules, now);
        }
        let mut group = criterion.benchmark_group(format!("evaluate/{users}-users"));
        group.sample_size(10).warm_up_time(Duration::from_millis(500));
        for count in RULES {
            let program = program_of(&rules, count);
            let evaluator = Evaluator::new(&program, now, None);
            let externals = no_relations(&program);
            group.throughput(Throughput::Elements((users * count) as u64));
            group.bench_function(format!("{count}-rules"), |bencher| {
                bencher.iter(|| evaluator.evaluate(black_box(&columns), &externals, &|_| {}));
            });
        }
        group.finish();
    }
}

/// What comes before the first row.
fn before(criterion: &mut Criterion, rules: &[TypedRule], now: Timestamp) {
    let mut group = criterion.benchmark_group("evaluate/before");
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    for count in RULES {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("program", format!("{count}-rules")), |bencher| {
            bencher.iter(|| program_of(black_box(rules), count));
        });
        let program = program_of(rules, count);
        group.bench_function(BenchmarkId::new("prepare", format!("{count}-rules")), |bencher| {
            bencher.iter(|| black_box(Evaluator::new(&program, now, None)));
        });
    }
    group.finish();
}

fn columns_of(tenant: &Path, rules: &[TypedRule]) -> Columns {
    let wanted = Wanted::of_rules(rules, Subject::User, false);
    let users = tenant.join("users.parquet");
    read_columns(&users, Subject::User, Attributes::standard(), &wanted).expect("columns").columns
}

/// The first `count` rules as bytecode.
fn program_of(rules: &[TypedRule], count: usize) -> Program {
    let program = emit::program(rules.iter().take(count), Optimise::On).expect("a program");
    verify(&program).expect("a sound program");
    program
}

/// Nobody reports to anybody or is a member of another group: those bitmaps are made elsewhere.
fn no_relations(program: &Program) -> Vec<RoaringBitmap> {
    vec![RoaringBitmap::new(); program.externals.len()]
}

criterion_group!(benches, evaluate);
criterion_main!(benches);
