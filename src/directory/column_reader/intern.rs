//! Distinct texts with their codes, and texts one after the other.

use std::hash::BuildHasher;

use arrow_array::StringArray;
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::stop::Stop;

/// Texts one after the other.
#[derive(Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends.
    ends: Vec<i32>,
}

impl Texts {
    pub(super) fn with_capacity(texts: usize, bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ends: Vec::with_capacity(texts) }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a text and hands back how many there are then.
    pub(super) fn push(&mut self, text: &[u8]) -> Result<u32, Stop> {
        let end = self.bytes.len() + text.len();
        self.ends.push(i32::try_from(end).map_err(|_| Stop::TooLarge)?);
        self.bytes.extend_from_slice(text);
        u32::try_from(self.ends.len()).map_err(|_| Stop::TooLarge)
    }

    /// Adds all values of an array; what is null there becomes empty.
    pub(super) fn extend(&mut self, values: &StringArray) -> Result<(), Stop> {
        let offsets = values.value_offsets();
        let (first, last) = (offsets.first().copied(), offsets.last().copied());
        let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
        let place = |offset: i32| usize::try_from(offset).unwrap_or_default();
        let bytes = values.value_data().get(place(first)..place(last)).ok_or(Stop::Refused)?;
        let start = i32::try_from(self.bytes.len()).map_err(|_| Stop::TooLarge)?;
        // The last end is the greatest, so if it fits all others do.
        start.checked_add(last - first).ok_or(Stop::TooLarge)?;
        self.bytes.extend_from_slice(bytes);
        self.ends.extend(offsets.iter().skip(1).map(|end| start + (end - first)));
        Ok(())
    }

    fn get(&self, at: usize) -> Option<&[u8]> {
        let place = |end: i32| usize::try_from(end).ok();
        let start = match at.checked_sub(1) {
            Some(before) => place(*self.ends.get(before)?)?,
            None => 0,
        };
        self.bytes.get(start..place(*self.ends.get(at)?)?)
    }

    /// The texts as an array; `valid` says which of them count, `None` means all.
    pub(super) fn finish(mut self, valid: Option<NullBuffer>) -> Result<StringArray, Stop> {
        self.bytes.shrink_to_fit();
        let mut offsets = Vec::with_capacity(self.ends.len() + 1);
        offsets.push(0);
        offsets.extend(self.ends);
        let offsets = OffsetBuffer::new(offsets.into());
        StringArray::try_new(offsets, Buffer::from_vec(self.bytes), valid).map_err(|_| Stop::Refused)
    }
}

/// Distinct texts. The first one has code 1, so that 0 is free for null.
#[derive(Default)]
pub(super) struct Interner {
    codes: HashTable<u32>,
    hasher: DefaultHashBuilder,
    texts: Texts,
}

impl Interner {
    /// How many texts there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The code of a text, which is new if nobody asked for it before.
    pub(super) fn code(&mut self, text: &[u8]) -> Result<u32, Stop> {
        let Self { codes, hasher, texts } = self;
        let hash = hasher.hash_one(text);
        if let Some(&code) = codes.find(hash, |&code| text_of(texts, code) == Some(text)) {
            return Ok(code);
        }
        let code = texts.push(text)?;
        codes.insert_unique(hash, code, |&code| hasher.hash_one(text_of(texts, code).unwrap_or_default()));
        Ok(code)
    }

    /// Adds a text without looking whether it is there already.
    pub(super) fn push(&mut self, text: &[u8]) -> Result<u32, Stop> {
        self.texts.push(text)
    }

    /// The texts in the order of their codes.
    pub(super) fn into_texts(self) -> Texts {
        self.texts
    }
}

fn text_of(texts: &Texts, code: u32) -> Option<&[u8]> {
    texts.get(usize::try_from(code.checked_sub(1)?).ok()?)
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn equal_texts_share_a_code_and_the_empty_text_has_one() {
        let mut interner = Interner::default();
        let codes: Vec<u32> =
            ["a", "", "b", "a", ""].map(|text| interner.code(text.as_bytes()).unwrap()).into();
        assert_eq!(codes, [1, 2, 3, 1, 2]);
        assert_eq!(interner.push(b"a").unwrap(), 4);
        let values = interner.into_texts().finish(None).unwrap();
        assert_eq!(values.iter().flatten().collect::<Vec<_>>(), ["a", "", "b", "a"]);
    }

    #[test]
    fn arrays_are_added_with_the_part_that_they_show() {
        let mut texts = Texts::default();
        texts.push(b"x").unwrap();
        texts.extend(&StringArray::from(vec![Some("a"), Some("bc"), None, Some("d")]).slice(1, 3)).unwrap();
        texts.extend(&StringArray::new_null(0)).unwrap();
        assert_eq!(texts.finish(None).unwrap(), StringArray::from(vec!["x", "bc", "", "d"]));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let mut texts = Texts::default();
        texts.push(&[0xFF]).unwrap();
        assert!(matches!(texts.finish(None), Err(Stop::Refused)));
    }

    #[test]
    fn many_texts_grow_the_table() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for number in 0..10_000_u32 {
                assert_eq!(interner.code(number.to_string().as_bytes()).unwrap(), number + 1, "{round}");
            }
        }
        assert_eq!(interner.into_texts().finish(None).unwrap().value(9_999), "9999");
    }
}
