//! Texts that a value can begin with, found in one search among all of them.

/// Texts in order, each with the longest other one that it begins with.
///
/// The texts that a value begins with are all found from its neighbour in the order: whatever stands
/// between a text and a value that begins with it begins with the text, too.
#[derive(Clone, Debug, Default)]
pub(super) struct Affixes {
    texts: Vec<Box<[u8]>>,
    /// The longest other text that each text begins with.
    parents: Vec<Option<u32>>,
    /// Where the texts begin that have each first byte, and where those above begin.
    firsts: Vec<u32>,
}

impl Affixes {
    /// `texts` are sorted, each there once, and none is empty.
    pub(super) fn new(texts: Vec<Box<[u8]>>) -> Self {
        let mut parents: Vec<Option<u32>> = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            let mut parent = at.checked_sub(1).and_then(|before| u32::try_from(before).ok());
            while let Some(candidate) = parent
                && !texts.get(candidate as usize).is_some_and(|candidate| text.starts_with(candidate))
            {
                parent = parents.get(candidate as usize).copied().flatten();
            }
            parents.push(parent);
        }
        let start = |first: usize| {
            texts.partition_point(|text| text.first().is_some_and(|&found| usize::from(found) < first))
        };
        let starts = (0..=256).map(|first| u32::try_from(start(first)).unwrap_or(u32::MAX));
        let firsts = if texts.is_empty() { Vec::new() } else { starts.collect() };
        Self { texts, parents, firsts }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Calls `found` with the place of each text that `value` begins with.
    #[inline]
    pub(super) fn of(&self, value: &[u8], mut found: impl FnMut(u32)) {
        let Some(&first) = value.first() else { return };
        let bound = |at: usize| self.firsts.get(at).map_or(0, |&start| start as usize);
        let (start, end) = (bound(usize::from(first)), bound(usize::from(first) + 1));
        let Some(texts) = self.texts.get(start..end).filter(|texts| !texts.is_empty()) else { return };
        let above = start + texts.partition_point(|text| **text <= *value);
        let mut candidate = above.checked_sub(1).and_then(|at| u32::try_from(at).ok());
        while let Some(at) = candidate {
            if self.texts.get(at as usize).is_some_and(|text| value.starts_with(text)) {
                found(at);
            }
            candidate = self.parents.get(at as usize).copied().flatten();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn all_texts_that_a_value_begins_with_are_found(
            texts in prop::collection::btree_set("[a-c]{1,4}", 0..12),
            value in "[a-c]{0,5}",
        ) {
            let all: Vec<String> = texts.into_iter().collect();
            let affixes = Affixes::new(all.iter().map(|text| text.as_bytes().into()).collect());
            let mut found = Vec::new();
            affixes.of(value.as_bytes(), |at| found.push(all[at as usize].clone()));
            found.sort();
            let expected: Vec<String> = all.into_iter().filter(|text| value.starts_with(text)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
