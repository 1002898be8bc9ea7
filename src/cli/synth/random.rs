//! Random numbers that depend on the seed, on what they are for and on a row, and on nothing else.
//!
//! Rows can therefore be made in any order and by any number of threads.

use rand::distr::weighted::WeightedIndex;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// What all draws are made from. Its sequence is the same on every machine.
pub(super) type Generator = ChaCha8Rng;

/// What numbers are drawn for. Each purpose has sequences of its own, so that one draw more in a row
/// of one file changes nothing elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Vocabulary,
    NamePairs,
    UserId,
    User,
    DeviceId,
    Device,
    GroupId,
    Rule,
    Group,
    Members,
}

/// The seed of a tenant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(pub(super) u64);

impl Seed {
    /// The generator of row `index`, counted from 0.
    pub(super) fn generator(self, purpose: Purpose, index: u64) -> Generator {
        let mut key = [0; 32];
        let bytes = self.0.to_le_bytes().into_iter().chain((purpose as u64).to_le_bytes());
        for (to, from) in key.iter_mut().zip(bytes) {
            *to = from;
        }
        let mut generator = Generator::from_seed(key);
        generator.set_stream(index);
        generator
    }

    /// The id of the object in row `index`, counted from 0.
    pub(super) fn id(self, purpose: Purpose, index: u64) -> String {
        guid(&mut self.generator(purpose, index))
    }
}

/// A random GUID (version 4) in lower case.
pub(super) fn guid(generator: &mut Generator) -> String {
    const VERSION: u128 = 0xF << 76;
    const VARIANT: u128 = 0b11 << 62;
    let bits = generator.random::<u128>() & !VERSION & !VARIANT | (4 << 76) | (0b10 << 62);
    let (first, second, third) = (bits >> 96, bits >> 80 & 0xFFFF, bits >> 64 & 0xFFFF);
    let (fourth, fifth) = (bits >> 48 & 0xFFFF, bits & 0xFFFF_FFFF_FFFF);
    format!("{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{fifth:012x}")
}

/// A list that is never empty, with the weights by which its entries are drawn.
#[derive(Clone, Debug)]
pub(super) struct Pool<T> {
    entries: Vec<T>,
    weights: WeightedIndex<f64>,
}

impl<T> Pool<T> {
    /// Entry number k weighs 1/kⁿ, with n the `exponent`: the usual skew of names, places and jobs.
    pub(super) fn falling(entries: Vec<T>, exponent: f64) -> Self {
        let weights: Vec<f64> = (1_u32..).take(entries.len()).map(|k| f64::from(k).powf(-exponent)).collect();
        Self::new(entries, &weights)
    }

    /// Each entry with its weight.
    pub(super) fn shares(shares: impl IntoIterator<Item = (T, f64)>) -> Self {
        let (entries, weights): (Vec<T>, Vec<f64>) = shares.into_iter().unzip();
        Self::new(entries, &weights)
    }

    #[expect(clippy::expect_used, reason = "the lists are part of the program, and tests build all of them")]
    fn new(entries: Vec<T>, weights: &[f64]) -> Self {
        let weights = WeightedIndex::new(weights).expect("entries, all with a positive weight");
        Self { entries, weights }
    }

    /// An entry, by the weights.
    pub(super) fn draw(&self, generator: &mut Generator) -> &T {
        self.at(generator.sample(&self.weights))
    }

    /// An entry as rules name them: from the front more than from the back, and less skewed than
    /// [`Pool::draw`], so that rules also name what few objects have.
    pub(super) fn name(&self, generator: &mut Generator) -> &T {
        let edge = generator.random_range(0..self.entries.len());
        self.at(generator.random_range(0..=edge))
    }

    /// All entries in their order.
    pub(super) fn entries(&self) -> &[T] {
        &self.entries
    }

    #[expect(clippy::indexing_slicing, reason = "callers draw below the number of entries, which is above 0")]
    fn at(&self, index: usize) -> &T {
        &self.entries[index]
    }
}

/// One of a few constants, each as likely as the next.
#[expect(
    clippy::indexing_slicing,
    reason = "the index is drawn below the length, which is checked to be above 0"
)]
pub(super) fn one_of<T: Copy, const N: usize>(generator: &mut Generator, constants: &[T; N]) -> T {
    const { assert!(N > 0, "nothing to choose from") };
    constants[generator.random_range(0..N)]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_fixed_by_seed_purpose_and_row() {
        let id = Seed(1).id(Purpose::UserId, 7);
        assert_eq!(id, Seed(1).id(Purpose::UserId, 7));
        let others = [
            Seed(2).id(Purpose::UserId, 7),
            Seed(1).id(Purpose::DeviceId, 7),
            Seed(1).id(Purpose::UserId, 8),
        ];
        assert!(!others.contains(&id));
        // A change here means that old seeds make other tenants.
        insta::assert_snapshot!(id, @"73e33c34-c07c-4ff7-ad86-5999441c0d0c");
    }

    #[test]
    fn ids_are_guids_and_differ() {
        let ids: HashSet<String> = (0..10_000).map(|row| Seed(3).id(Purpose::UserId, row)).collect();
        assert_eq!(ids.len(), 10_000);
        for id in ids {
            let parts: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(parts, [8, 4, 4, 4, 12]);
            assert_eq!(id.get(14..15), Some("4"));
            assert!(id.get(19..20).is_some_and(|digit| "89ab".contains(digit)), "{id}");
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut generator = Seed(4).generator(Purpose::User, 0);
        let pool = Pool::falling((0..100).collect(), 1.0);
        let draws: Vec<i32> = (0..10_000).map(|_| *pool.draw(&mut generator)).collect();
        let share = |entry| draws.iter().filter(|&&draw| draw == entry).count();
        // 1 / (1 + 1/2 + … + 1/100) is 19.3 %.
        assert!((1_700..2_200).contains(&share(0)), "{}", share(0));
        assert!((800..1_150).contains(&share(1)), "{}", share(1));
        assert!(share(99) < 60, "{}", share(99));
        let names: Vec<i32> = (0..10_000).map(|_| *pool.name(&mut generator)).collect();
        let back = names.iter().filter(|&&name| name >= 50).count();
        assert!((1_200..1_900).contains(&back), "{back}");
        let shares = Pool::shares([("a", 9.0), ("b", 1.0)]);
        let rare = (0..10_000).filter(|_| *shares.draw(&mut generator) == "b").count();
        assert!((850..1_150).contains(&rare), "{rare}");
    }
}
