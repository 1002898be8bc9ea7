//! Folding the letter case of whole arrays at once.

use arrow_array::{Array, StringArray};
use arrow_buffer::Buffer;

use super::intern::Texts;
use super::stop::Stop;
use crate::base::fold::fold_char;

/// All values in folded form. Most of them are ASCII, or change no length: they are folded in place.
pub(super) fn folded(values: StringArray) -> Result<StringArray, Stop> {
    let (offsets, buffer, nulls) = values.into_parts();
    let mut bytes = buffer.into_vec::<u8>().unwrap_or_else(|shared| shared.to_vec());
    bytes.make_ascii_uppercase();
    let same_length = fold_in_place(&mut bytes);
    let values = StringArray::try_new(offsets, Buffer::from_vec(bytes), nulls).map_err(|_| Stop::Refused)?;
    if same_length { Ok(values) } else { fold_each(&values) }
}

/// Folds the characters whose folded form is as long as they are. Returns whether these were all.
fn fold_in_place(bytes: &mut [u8]) -> bool {
    let mut all = true;
    let mut at = 0;
    while let Some(start) = next_beyond_ascii(bytes, at) {
        let Some(rest) = bytes.get_mut(start..) else { break };
        let width = width_of(rest);
        at = start + width;
        // What is no UTF-8 stays as it is, and is refused when the array is built.
        let Some(place) = rest.get_mut(..width) else { break };
        let Some(letter) = std::str::from_utf8(place).ok().and_then(|text| text.chars().next()) else {
            continue;
        };
        let folded = fold_char(letter);
        if folded.len_utf8() == width {
            folded.encode_utf8(place);
        } else {
            all = false;
        }
    }
    all
}

/// The number of bytes of the character that begins `text`.
fn width_of(text: &[u8]) -> usize {
    match text.first() {
        Some(0xC0..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xFF) => 4,
        _ => 1,
    }
}

fn next_beyond_ascii(bytes: &[u8], from: usize) -> Option<usize> {
    const BLOCK_BYTES: usize = 64;
    let mut at = from;
    while bytes.get(at..at + BLOCK_BYTES).is_some_and(<[u8]>::is_ascii) {
        at += BLOCK_BYTES;
    }
    let found = bytes.get(at..)?.iter().position(|byte| !byte.is_ascii())?;
    Some(at + found)
}

/// Folds values one by one, for letters that change their length.
fn fold_each(values: &StringArray) -> Result<StringArray, Stop> {
    let mut texts = Texts::with_capacity(values.len(), values.value_data().len());
    let mut folded = String::new();
    for value in values {
        folded.clear();
        folded.extend(value.unwrap_or_default().chars().map(fold_char));
        texts.push(folded.as_bytes())?;
    }
    texts.finish(values.nulls().cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fold::fold;

    #[test]
    fn arrays_fold_as_their_values_do() {
        // ɐ and ⱥ change their length; ß, ı and 𐐨 stay.
        let long = "a".repeat(200) + "é" + &"b".repeat(70);
        for texts in [
            vec![Some("Sales"), None, Some(""), Some("x")],
            vec![Some("Malmö"), None, Some("straße"), Some("ıſ𐐨"), Some(long.as_str())],
            vec![Some("é"), None, Some("ɐx"), Some("ⱥ"), Some("ß")],
        ] {
            let values = folded(StringArray::from(texts.clone())).unwrap();
            let expected: Vec<_> =
                texts.iter().map(|text| text.map(|text| fold(text).into_owned())).collect();
            assert_eq!(values.iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn every_character_folds_as_alone_and_only_once() {
        let all: Vec<String> = (0..=0x0010_FFFF_u32).filter_map(char::from_u32).map(String::from).collect();
        let values = folded(StringArray::from_iter_values(&all)).unwrap();
        for (at, text) in all.iter().enumerate() {
            assert_eq!(values.value(at), fold(text));
            assert_eq!(fold(values.value(at)), values.value(at), "a second time");
        }
    }

    #[test]
    fn a_part_of_an_array_is_folded_too() {
        let values = StringArray::from(vec!["a", "ö", "c", "ɐ"]).slice(1, 2);
        assert_eq!(folded(values).unwrap(), StringArray::from(vec!["Ö", "C"]));
    }
}
