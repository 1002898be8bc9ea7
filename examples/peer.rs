//! Loads a file of users, evaluates the first rules of a file of groups over them again and again, and
//! prints one line of JSON with the seconds and the members of each rule. It is how dyngroup stands
//! beside other engines in one table of measurements.
//!
//! ```text
//! cargo run --release --example peer -- --users users.parquet --groups groups.json \
//!     --now 2026-01-15T00:00:00Z --rules 1000
//! ```

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use dyngroup::directory::column_reader::{Wanted, read_columns};
use dyngroup::directory::columns::Columns;
use dyngroup::directory::group::read_groups;
use dyngroup::directory::source::Source;
use dyngroup::engine::evaluate::{Inputs, RuleResult, evaluate};
use dyngroup::language::attribute::{Attributes, Subject};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::typed::TypedRule;
use dyngroup::program::verify::verify;
use dyngroup::program::{Optimise, Program, emit};
use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;
use serde_json::json;

/// Measures the evaluation of membership rules over a file of users.
#[derive(Parser)]
struct Args {
    /// The users: `.parquet`, `.ndjson`, `.json` or `.csv`
    #[arg(long)]
    users: PathBuf,
    /// The groups with their rules, as Graph writes them
    #[arg(long)]
    groups: PathBuf,
    /// What `system.now` stands for
    #[arg(long)]
    now: Timestamp,
    /// How many of the rules are evaluated, from the first on
    #[arg(long, default_value_t = usize::MAX)]
    rules: usize,
    /// How often
    #[arg(long, default_value_t = 7)]
    repeat: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let rules = rules_of(&args.groups, args.rules)?;
    let start = Instant::now();
    let columns = load(&args.users, &rules)?;
    let load_s = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let program = emit::program(&rules, Optimise::On)?;
    verify(&program)?;
    let program_s = start.elapsed().as_secs_f64();
    eprintln!(
        "{} users, {} rules, {} predicates, {} instructions; read in {load_s:.3} s, program in {program_s:.3} s",
        columns.rows(),
        rules.len(),
        program.predicates.len(),
        program.code.len(),
    );
    let inputs = Inputs { now: args.now, version_order: None, externals: &[] };
    let mut results = evaluate(&program, &columns, inputs);
    let bitmap = timed(args.repeat, || results = evaluate(&program, &columns, inputs));
    let count = timed(args.repeat, || {
        let counts: u64 = members(&evaluate(&program, &columns, inputs)).into_iter().sum();
        std::hint::black_box(counts);
    });
    let pairs = timed(args.repeat, || {
        std::hint::black_box(pairs(&program, &columns, inputs));
    });
    let modes = json!({ "count": count, "bitmap": bitmap, "pairs": pairs });
    let version = format!("dyngroup {}", env!("CARGO_PKG_VERSION"));
    println!(
        "{}",
        json!({ "version": version, "load_s": load_s, "modes": modes, "counts": members(&results) })
    );
    Ok(())
}

fn rules_of(groups: &Path, most: usize) -> Result<Vec<TypedRule>, Box<dyn Error>> {
    let groups = read_groups(&Source::read(groups)?)?;
    let start = Instant::now();
    let texts: Vec<String> =
        groups.into_iter().filter_map(|group| group.membership_rule).take(most).collect();
    let rules: Result<Vec<TypedRule>, String> = texts
        .par_iter()
        .map(|text| compile(text, Options::default()).rule.ok_or_else(|| format!("refused: {text}")))
        .collect();
    eprintln!("compiled in {:.3} s", start.elapsed().as_secs_f64());
    Ok(rules?)
}

fn load(users: &Path, rules: &[TypedRule]) -> Result<Columns, Box<dyn Error>> {
    let wanted = Wanted::of_rules(rules, Subject::User, false);
    Ok(read_columns(users, Subject::User, Attributes::standard(), &wanted)?.columns)
}

/// Members of each rule; none for a rule that could not be evaluated.
fn members(results: &[RuleResult]) -> Vec<u64> {
    results.iter().map(|result| result.as_ref().map_or(0, RoaringBitmap::len)).collect()
}

/// The explicit members: one list of row numbers for each rule.
fn pairs(program: &Program, columns: &Columns, inputs: Inputs<'_>) -> Vec<Vec<u32>> {
    let results = evaluate(program, columns, inputs);
    results
        .into_par_iter()
        .map(|result| result.map(|rows| rows.iter().collect()).unwrap_or_default())
        .collect()
}

/// Wall and processor seconds of each of `repeat` runs.
fn timed(repeat: usize, mut work: impl FnMut()) -> serde_json::Value {
    let (mut wall_s, mut cpu_s) = (Vec::new(), Vec::new());
    for _ in 0..repeat {
        let (start, before) = (Instant::now(), processor_seconds());
        work();
        wall_s.push(start.elapsed().as_secs_f64());
        cpu_s.push(processor_seconds() - before);
    }
    json!({ "wall_s": wall_s, "cpu_s": cpu_s })
}

/// Processor time of this process so far, from Linux's process file; zero elsewhere.
fn processor_seconds() -> f64 {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    // Behind the name in parentheses: user time is the 12th field, system time the 13th.
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}
