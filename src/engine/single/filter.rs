//! A quick no for values that are none of some texts, without folding or hashing all of the value.

/// A bit for each hash of a text's length and ends.
#[derive(Debug)]
pub(super) struct Filter {
    /// As many words as a power of two.
    words: Vec<u64>,
    /// How far a hash is shifted to give the number of a bit.
    shift: u32,
}

/// So many bits for each text leave nearly all of them empty.
const BITS_PER_TEXT: usize = 16;

impl Filter {
    /// `texts` are folded.
    pub(super) fn new<'t>(texts: impl ExactSizeIterator<Item = &'t Vec<u8>>) -> Self {
        let bits = (texts.len() * BITS_PER_TEXT).next_power_of_two().max(64);
        let mut filter = Self { words: vec![0; bits / 64], shift: 64 - bits.trailing_zeros() };
        for text in texts {
            let (word, bit) = filter.place(text);
            if let Some(word) = filter.words.get_mut(word) {
                *word |= bit;
            }
        }
        filter
    }

    /// Whether an ASCII value can be one of the texts in some letter case.
    #[inline]
    pub(super) fn admits(&self, value: &[u8]) -> bool {
        let (word, bit) = self.place(value);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Where an ASCII text has its bit: the same for all letter cases of it.
    #[inline]
    fn place(&self, text: &[u8]) -> (usize, u64) {
        // Letters differ from their other case in this bit. What else differs in it alone shares a place.
        const CASE: u64 = 0x2020_2020_2020_2020;
        let ends = match (text.first_chunk(), text.last_chunk()) {
            (Some(first), Some(last)) => {
                (u64::from_le_bytes(*first) | CASE) ^ (u64::from_le_bytes(*last) | CASE).rotate_left(29)
            }
            _ => text.iter().fold(0, |ends, &byte| ends << 8 | u64::from(byte | 0x20)),
        };
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let hash = (ends ^ length.rotate_left(50)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The top bits are the well mixed ones.
        let at = usize::try_from(hash >> self.shift).unwrap_or(0);
        (at / 64, 1 << (at % 64))
    }
}

impl Default for Filter {
    fn default() -> Self {
        Self::new([].iter())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_text_is_refused_in_any_letter_case(texts in prop::collection::vec("[ -~]{0,20}", 0..40)) {
            let folded: Vec<Vec<u8>> = texts.iter().map(|text| text.to_ascii_uppercase().into()).collect();
            let filter = Filter::new(folded.iter());
            for text in &texts {
                prop_assert!(filter.admits(text.as_bytes()));
                prop_assert!(filter.admits(text.to_ascii_lowercase().as_bytes()));
            }
        }
    }

    #[test]
    fn nearly_all_else_is_refused() {
        let text = |number: u32| format!("DEPARTMENT {number}").into_bytes();
        let texts: Vec<Vec<u8>> = (0..200).map(text).collect();
        let filter = Filter::new(texts.iter());
        let admitted = (1_000..2_000).filter(|&number| filter.admits(&text(number))).count();
        assert!(admitted < 200, "{admitted} of 1000");
    }
}
