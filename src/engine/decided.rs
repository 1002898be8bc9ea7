//! The tests of a dictionary, decided once for each distinct value.

use arrow_array::{Array, StringArray};
use rayon::prelude::*;

use super::bound::Failures;
use super::scan::bytes_of;
use super::text_tests::{Slot, TextTests, too_many_steps};
use crate::directory::columns::NULL_CODE;
use crate::language::pattern::is_basic;

/// The predicates that each code of a dictionary satisfies.
#[derive(Debug)]
pub(super) struct Decided {
    /// Those of a code are `slots[starts[code]..starts[code + 1]]`.
    starts: Vec<u32>,
    slots: Vec<Slot>,
}

/// Values that one worker decides at a time.
const SHARE_VALUES: usize = 8_192;

impl Decided {
    /// Decides `tests` for all values of the attribute `path`.
    pub(super) fn new(
        values: &StringArray,
        tests: &TextTests<'_>,
        path: &str,
        failures: &mut Failures,
    ) -> Self {
        let shares: Vec<usize> = (0..values.len()).step_by(SHARE_VALUES).collect();
        let decided: Vec<(Vec<(u32, Slot)>, Failures)> =
            shares.into_par_iter().map(|start| decide(values, start, tests, path)).collect();
        let mut pairs: Vec<(u32, Slot)> =
            tests.null.iter().map(|&place| (NULL_CODE, tests.slot(place))).collect();
        for (more, failed) in decided {
            pairs.extend(more);
            failures.extend(failed);
        }
        let mut starts = vec![0_u32; values.len() + 2];
        for &(code, _) in &pairs {
            if let Some(start) = starts.get_mut(code as usize + 1) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // The pairs stand in the order of their codes already.
        Self { starts, slots: pairs.into_iter().map(|(_, slot)| slot).collect() }
    }

    /// The predicates that a code satisfies.
    #[inline]
    pub(super) fn slots(&self, code: u32) -> &[Slot] {
        let at = code as usize;
        let (Some(&start), Some(&end)) = (self.starts.get(at), self.starts.get(at + 1)) else { return &[] };
        self.slots.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The same for some of the predicates.
    pub(super) fn only(&self, wanted: impl Fn(Slot) -> bool) -> Self {
        let mut some = Self { starts: Vec::with_capacity(self.starts.len()), slots: Vec::new() };
        for code in 0..self.codes() {
            some.starts.push(u32::try_from(some.slots.len()).unwrap_or(u32::MAX));
            some.slots.extend(self.slots(code).iter().copied().filter(|&slot| wanted(slot)));
        }
        some.starts.push(u32::try_from(some.slots.len()).unwrap_or(u32::MAX));
        some
    }

    /// Whether each code satisfies a predicate.
    pub(super) fn holds(&self, slot: Slot) -> Vec<bool> {
        (0..self.codes()).map(|code| self.slots(code).contains(&slot)).collect()
    }

    /// Whether no code satisfies anything.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn codes(&self) -> u32 {
        u32::try_from(self.starts.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// The predicates that a share of the values satisfies, in the order of the codes.
fn decide(
    values: &StringArray,
    start: usize,
    tests: &TextTests<'_>,
    path: &str,
) -> (Vec<(u32, Slot)>, Failures) {
    let (mut pairs, mut failures) = (Vec::new(), Failures::new());
    let range = start..(start + SHARE_VALUES).min(values.len());
    // Value `n` has code `n + 1`.
    let code = |at: usize| u32::try_from(at + 1).unwrap_or(u32::MAX);
    let texts = range.clone().map(|at| (at, values.value(at)));
    if tests.has_patterns() {
        let mut hit = |place, at| pairs.push((code(at), tests.slot(place)));
        let fail = |place, pattern: &_| {
            failures.entry(tests.slot(place)).or_insert_with(|| too_many_steps(pattern, path));
        };
        let is_basic = is_basic(bytes_of(values, &range));
        tests.patterns(values.len()).ask_each(&texts, is_basic, &mut hit, fail);
    } else {
        texts.for_each(|(at, value)| tests.all(value, |place| pairs.push((code(at), tests.slot(place)))));
    }
    pairs.sort_unstable();
    pairs.dedup();
    (pairs, failures)
}

/// The codes that satisfy something, numbered without gaps.
#[derive(Debug)]
pub(super) struct Ranked {
    /// The rank of each code; 0 for one that satisfies nothing.
    pub(super) rank_of: Vec<u16>,
    /// How many ranks there are, 0 included.
    pub(super) ranks: usize,
    /// For each predicate the ranks that satisfy it, ascending.
    pub(super) satisfying: Vec<(Slot, Vec<u16>)>,
}

impl Ranked {
    /// `None` if too many codes satisfy something.
    pub(super) fn new(decided: &Decided) -> Option<Self> {
        let mut rank_of = Vec::with_capacity(decided.codes() as usize);
        let mut pairs: Vec<(Slot, u16)> = Vec::with_capacity(decided.slots.len());
        let mut last = 0_u16;
        for code in 0..decided.codes() {
            let slots = decided.slots(code);
            if slots.is_empty() {
                rank_of.push(0);
                continue;
            }
            last = last.checked_add(1)?;
            rank_of.push(last);
            pairs.extend(slots.iter().map(|&slot| (slot, last)));
        }
        pairs.sort_unstable();
        let satisfying = pairs
            .chunk_by(|(one, _), (other, _)| one == other)
            .filter_map(|chunk| Some((chunk.first()?.0, chunk.iter().map(|(_, rank)| *rank).collect())))
            .collect();
        Some(Self { rank_of, ranks: usize::from(last) + 1, satisfying })
    }
}
