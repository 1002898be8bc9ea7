//! Many short lists in one piece of memory.

/// A list for each number below a bound.
#[derive(Clone, Debug)]
pub(super) struct Lists<T> {
    /// The list of `n` is `entries[starts[n]..starts[n + 1]]`.
    starts: Vec<u32>,
    entries: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { starts: Vec::new(), entries: Vec::new() }
    }
}

impl<T: Copy + Ord> Lists<T> {
    /// The lists of `count` numbers from pairs of a number and an entry, each entry once.
    pub(super) fn new(count: usize, mut pairs: Vec<(u32, T)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = Vec::with_capacity(count + 1);
        let mut at = 0;
        for number in 0..=count {
            while pairs.get(at).is_some_and(|&(of, _)| (of as usize) < number) {
                at += 1;
            }
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self { starts, entries: pairs.into_iter().map(|(_, entry)| entry).collect() }
    }

    /// The list of a number, sorted.
    #[inline]
    pub(super) fn of(&self, number: u32) -> &[T] {
        let at = number as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => self.entries.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_hold_everything_once() {
        let lists = Lists::new(4, vec![(3, 'x'), (0, 'b'), (0, 'a'), (3, 'x')]);
        assert_eq!((lists.of(0), lists.of(1), lists.of(3)), (&['a', 'b'][..], &[][..], &['x'][..]));
        assert_eq!(lists.of(4), []);
    }
}
