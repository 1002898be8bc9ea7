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

    /// The numbers in it, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).step_by(64).zip(&self.0).flat_map(|(from, &word)| Ones { from, left: word })
    }

    /// The numbers that are in one of both only, ascending. Both have the same bound.
    pub(super) fn differing<'b>(&'b self, other: &'b Self) -> impl Iterator<Item = u32> + 'b {
        let words = self.0.iter().zip(&other.0).map(|(one, other)| one ^ other);
        (0_u32..).step_by(64).zip(words).flat_map(|(from, left)| Ones { from, left })
    }
}

struct Ones {
    from: u32,
    left: u64,
}

impl Iterator for Ones {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.left == 0 {
            return None;
        }
        let at = self.from + self.left.trailing_zeros();
        self.left &= self.left - 1;
        Some(at)
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
        assert_eq!(bits.iter().collect::<Vec<_>>(), [0, 64, 129]);
        assert!(bits.has(64) && !bits.has(63) && !bits.has(200_000));
        let mut other = Bits::none(130);
        other.add(64);
        other.add(7);
        assert_eq!((other.count(), other.differing(&bits).collect::<Vec<_>>()), (2, vec![0, 7, 129]));
    }
}
