//! Sets of service plans as bits.

use std::fmt;

/// A service plan's place in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanIndex(pub u32);

/// Service plans of one catalog.
///
/// ```
/// use dyngroup::licensing::plan_set::{PlanIndex, PlanSet};
/// let mut set: PlanSet = [PlanIndex(3), PlanIndex(70)].into_iter().collect();
/// set.remove(PlanIndex(70));
/// assert_eq!(set, [PlanIndex(3)].into_iter().collect());
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanSet {
    /// The first words: those of all plans of most tenants, so that few sets need memory of their own.
    head: [u64; HEAD_WORDS],
    /// The words behind them, if any. The last one is never zero, so that equal sets have equal words.
    tail: Option<Box<Tail>>,
}

const HEAD_WORDS: usize = 3;

#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tail(Vec<u64>);

impl PlanSet {
    /// Adds a plan; whether it was missing.
    pub fn insert(&mut self, plan: PlanIndex) -> bool {
        let (word, bit) = place(plan);
        self.reach(word + 1);
        let Some(held) = self.word_mut(word) else { return false };
        let missing = *held & bit == 0;
        *held |= bit;
        missing
    }

    /// Takes a plan out.
    pub fn remove(&mut self, plan: PlanIndex) {
        let (word, bit) = place(plan);
        if let Some(held) = self.word_mut(word) {
            *held &= !bit;
        }
        self.trim();
    }

    /// Whether the plan is in the set.
    pub fn contains(&self, plan: PlanIndex) -> bool {
        let (word, bit) = place(plan);
        self.words().nth(word).is_some_and(|held| held & bit != 0)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.head == [0; HEAD_WORDS] && self.tail.is_none()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether some plan is in both.
    pub fn intersects(&self, other: &Self) -> bool {
        self.head.iter().zip(&other.head).any(|(left, right)| left & right != 0)
            || self.tail().iter().zip(other.tail()).any(|(left, right)| left & right != 0)
    }

    /// Whether all plans are in the other set, too.
    pub fn is_subset(&self, other: &Self) -> bool {
        // The last word of what is longer is not zero.
        self.head.iter().zip(&other.head).all(|(left, right)| left & !right == 0)
            && self.tail().len() <= other.tail().len()
            && self.tail().iter().zip(other.tail()).all(|(left, right)| left & !right == 0)
    }

    /// Adds all plans of another set.
    pub fn extend_with(&mut self, other: &Self) {
        for (held, word) in self.head.iter_mut().zip(&other.head) {
            *held |= word;
        }
        if other.tail.is_some() {
            self.reach(HEAD_WORDS + other.tail().len());
            for (held, word) in self.tail_mut().iter_mut().zip(other.tail()) {
                *held |= word;
            }
        }
    }

    /// The plans of either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.extend_with(other);
        both
    }

    /// The plans of this set that are not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut rest = self.clone();
        for (held, word) in rest.head.iter_mut().zip(&other.head) {
            *held &= !word;
        }
        for (held, word) in rest.tail_mut().iter_mut().zip(other.tail()) {
            *held &= !word;
        }
        rest.trim();
        rest
    }

    /// The plans of both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let mut shared = self.clone();
        for (held, word) in shared.head.iter_mut().zip(&other.head) {
            *held &= word;
        }
        if let Some(tail) = &mut shared.tail {
            tail.0.truncate(other.tail().len());
            for (held, word) in tail.0.iter_mut().zip(other.tail()) {
                *held &= word;
            }
        }
        shared.trim();
        shared
    }

    /// The plans by their places in the catalog.
    pub fn iter(&self) -> impl Iterator<Item = PlanIndex> + '_ {
        self.words()
            .zip(0u32..)
            .flat_map(|(word, at)| bits(word).map(move |bit| PlanIndex(at * u64::BITS + bit)))
    }

    fn tail(&self) -> &[u64] {
        self.tail.as_ref().map(|tail| tail.0.as_slice()).unwrap_or_default()
    }

    fn words(&self) -> impl Iterator<Item = u64> + '_ {
        self.head.iter().chain(self.tail()).copied()
    }

    fn tail_mut(&mut self) -> &mut [u64] {
        self.tail.as_mut().map(|tail| tail.0.as_mut_slice()).unwrap_or_default()
    }

    fn word_mut(&mut self, word: usize) -> Option<&mut u64> {
        match word.checked_sub(HEAD_WORDS) {
            Some(behind) => self.tail.as_mut()?.0.get_mut(behind),
            None => self.head.get_mut(word),
        }
    }

    /// Makes room for so many words.
    fn reach(&mut self, words: usize) {
        let behind = words.saturating_sub(HEAD_WORDS);
        if behind > self.tail().len() {
            self.tail.get_or_insert_default().0.resize(behind, 0);
        }
    }

    fn trim(&mut self) {
        let Some(tail) = &mut self.tail else { return };
        while tail.0.last() == Some(&0) {
            tail.0.pop();
        }
        if tail.0.is_empty() {
            self.tail = None;
        }
    }
}

impl FromIterator<PlanIndex> for PlanSet {
    fn from_iter<I: IntoIterator<Item = PlanIndex>>(plans: I) -> Self {
        let mut set = Self::default();
        for plan in plans {
            set.insert(plan);
        }
        set
    }
}

impl fmt::Debug for PlanSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|plan| plan.0)).finish()
    }
}

/// The places of the bits that are set.
fn bits(word: u64) -> impl Iterator<Item = u32> {
    let some = |word: u64| (word != 0).then_some(word);
    std::iter::successors(some(word), move |word| some(word & (word - 1))).map(u64::trailing_zeros)
}

fn place(plan: PlanIndex) -> (usize, u64) {
    ((plan.0 / u64::BITS) as usize, 1 << (plan.0 % u64::BITS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn set(plans: &BTreeSet<u32>) -> PlanSet {
        plans.iter().map(|&plan| PlanIndex(plan)).collect()
    }

    proptest! {
        #[test]
        fn bits_and_a_tree_of_numbers_agree(left: BTreeSet<u8>, right: BTreeSet<u8>, far in 1_u32..5) {
            let wide = |narrow: BTreeSet<u8>| {
                narrow.into_iter().map(|plan| u32::from(plan) * far).collect::<BTreeSet<u32>>()
            };
            let (left, right) = (wide(left), wide(right));
            let (a, b) = (set(&left), set(&right));
            prop_assert_eq!(a.union(&b), set(&left.union(&right).copied().collect()));
            prop_assert_eq!(a.minus(&b), set(&left.difference(&right).copied().collect()));
            prop_assert_eq!(a.intersection(&b), set(&left.intersection(&right).copied().collect()));
            prop_assert_eq!(a.intersects(&b), !left.is_disjoint(&right));
            prop_assert_eq!(a.is_subset(&b), left.is_subset(&right));
            prop_assert_eq!(a.len(), left.len());
            prop_assert_eq!(a == b, left == right);
            prop_assert_eq!(a.is_empty(), left.is_empty());
            prop_assert!(left.iter().all(|plan| a.contains(PlanIndex(*plan))));
            let mut taken = a.clone();
            for plan in &right {
                taken.remove(PlanIndex(*plan));
            }
            prop_assert_eq!(taken, a.minus(&b));
            prop_assert_eq!(a.iter().map(|plan| plan.0).collect::<BTreeSet<_>>(), left);
        }
    }
}
