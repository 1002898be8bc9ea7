//! A set of small numbers.

/// A bit for each number below a bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    /// None of the numbers below `count`.
    pub(super) fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    #[inline]
    pub(super) fn has(&self, at: u32) -> bool {
        self.0.get(at as usize / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
    }

    #[inline]
    pub(super) fn add(&mut self, at: u32) {
        if let Some(word) = self.0.get_mut(at as usize / 64) {
            *word |= 1 << (at % 64);
        }
    }

    /// Adds what `other` has; both have the same bound.
    pub(super) fn add_all(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    #[inline]
    pub(super) fn take_out(&mut self, at: u32) {
        if let Some(word) = self.0.get_mut(at as usize / 64) {
            *word &= !(1 << (at % 64));
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Becomes `other`; both have the same bound.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    /// How many numbers are in it.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Calls `each` with the numbers in it, ascending.
    #[inline]
    pub(super) fn each(&self, each: impl FnMut(u32)) {
        each_bit(self.0.iter().copied(), each);
    }

    /// Calls `each` with the numbers that are in one of both only, ascending. Both have the same bound.
    pub(super) fn each_difference(&self, other: &Self, each: impl FnMut(u32)) {
        each_bit(self.0.iter().zip(&other.0).map(|(one, other)| one ^ other), each);
    }
}

/// An iterator would keep its place in a word between two numbers, which costs more than it gives.
#[inline]
fn each_bit(words: impl Iterator<Item = u64>, mut each: impl FnMut(u32)) {
    for (from, mut left) in (0_u32..).step_by(64).zip(words) {
        while left != 0 {
            each(from + left.trailing_zeros());
            left &= left - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_and_go() {
        let mut bits = Bits::none(130);
        for at in [129, 0, 63, 64] {
            bits.add(at);
        }
        bits.take_out(63);
        bits.add(200_000);
        let mut found = Vec::new();
        bits.each(|at| found.push(at));
        assert_eq!(found, [0, 64, 129]);
        assert!(bits.has(64) && !bits.has(63) && !bits.has(200_000));
        let mut other = Bits::none(130);
        other.add(64);
        other.add(7);
        found.clear();
        other.each_difference(&bits, |at| found.push(at));
        assert_eq!((other.count(), found), (2, vec![0, 7, 129]));
        other.add_all(&bits);
        assert_eq!(other.count(), 4);
    }
}
