//! How fast is told who came and who went? 1,000 groups of a tenant of a million people, from ten
//! members to half of the tenant.
//!
//! Throughput is the members of all groups before the change, a second.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dyngroup::membership::delta::Delta;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use roaring::RoaringBitmap;

const GROUPS: u32 = 1_000;
const PEOPLE: u32 = 1_000_000;

fn delta(criterion: &mut Criterion) {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    let before: Vec<RoaringBitmap> =
        (0..GROUPS).map(|group| people(share_of(group), &mut generator)).collect();
    let members: u64 = before.iter().map(RoaringBitmap::len).sum();

    let mut group = criterion.benchmark_group(format!("delta/{GROUPS}-groups"));
    group.sample_size(10).throughput(Throughput::Elements(members));
    for (name, moved) in [("unchanged", 0.0), ("one-in-10000-moved", 0.000_1), ("one-in-100-moved", 0.01)] {
        let after: Vec<RoaringBitmap> = (0..GROUPS)
            .zip(&before)
            .map(|(group, members)| changed(members, share_of(group), moved, &mut generator))
            .collect();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let pairs = before.iter().zip(&after);
                let deltas = pairs.map(|(before, after)| Delta::between(black_box(before), after));
                deltas.map(|delta| delta.added.len() + delta.removed.len()).sum::<u64>()
            });
        });
    }
    group.finish();
}

/// The share `moved` of the members leaves, and about as many others come.
fn changed(members: &RoaringBitmap, share: f64, moved: f64, generator: &mut ChaCha8Rng) -> RoaringBitmap {
    if moved == 0.0 {
        return members.clone();
    }
    (members - people(moved, generator)) | people(share * moved, generator)
}

/// From 1 in 100,000 to 1 in 2, most groups small.
fn share_of(group: u32) -> f64 {
    let exponent = f64::from(group) / f64::from(GROUPS - 1);
    0.000_01 * 50_000_f64.powf(exponent)
}

/// Each of the people with this probability.
fn people(share: f64, generator: &mut ChaCha8Rng) -> RoaringBitmap {
    // Steps from one hit to the next: a draw for each of the people would take minutes.
    let mut members = RoaringBitmap::new();
    let mut person = 0_u64;
    loop {
        let draw: f64 = generator.random();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of people"
        )]
        let step = ((1.0 - draw).ln() / (1.0 - share).ln()) as u64;
        person = person.saturating_add(step);
        match u32::try_from(person) {
            Ok(ordinal) if ordinal < PEOPLE => members.insert(ordinal),
            _ => return members,
        };
        person += 1;
    }
}

criterion_group!(benches, delta);
criterion_main!(benches);
