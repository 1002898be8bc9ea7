//! From bytes to text: UTF-8, or UTF-16 with a byte order mark as Windows tools write it.

use super::error::InputError;
use super::place::advanced;
use crate::base::limits::RULE_FILE_MAX_BYTES;
use crate::base::span::Position;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// How the bytes of an input stood for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The text is the bytes.
    Utf8,
    /// The text was converted, so positions in bytes are those of the converted text.
    Utf16,
}

/// The text of `bytes`. A byte order mark stays in a UTF-8 text, so that it is written back.
///
/// # Errors
/// Too many bytes, or bytes that are no text, with the position of the first bad one.
pub(super) fn decoded(name: &str, bytes: Vec<u8>) -> Result<(String, Encoding), InputError> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > RULE_FILE_MAX_BYTES) {
        return Err(too_large(name));
    }
    match bytes.get(..2) {
        Some([0xFF, 0xFE]) => utf16(name, &bytes, u16::from_le_bytes),
        Some([0xFE, 0xFF]) => utf16(name, &bytes, u16::from_be_bytes),
        _ => utf8(name, bytes),
    }
}

/// Where the text begins: after a byte order mark, if there is one.
pub(super) fn text_start(content: &str) -> usize {
    if content.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 }
}

/// A file above the limit.
pub(super) fn too_large(name: &str) -> InputError {
    let message = format!("larger than {} MiB", RULE_FILE_MAX_BYTES >> 20);
    InputError::unreadable(name, message, "split it into several files")
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<(String, Encoding), InputError> {
    String::from_utf8(bytes).map(|text| (text, Encoding::Utf8)).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let bad = bytes.get(good).copied().unwrap_or_default();
        let before = String::from_utf8_lossy(bytes.get(..good).unwrap_or_default());
        let message = format!("byte 0x{bad:02x} is not UTF-8");
        InputError::unreadable(name, message, "save the file as UTF-8").at(end_of(&before))
    })
}

fn utf16(name: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<(String, Encoding), InputError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len());
    for character in char::decode_utf16(pairs.iter().skip(1).map(|&pair| unit(pair))) {
        match character {
            Ok(character) => text.push(character),
            Err(half) => {
                let message =
                    format!("UTF-16 unit 0x{:04x} is half of a character", half.unpaired_surrogate());
                return Err(InputError::unreadable(name, message, "save the file as UTF-8").at(end_of(&text)));
            }
        }
    }
    if rest.is_empty() {
        return Ok((text, Encoding::Utf16));
    }
    let message = "the last character of the UTF-16 text is cut off";
    Err(InputError::unreadable(name, message, "save the file as UTF-8").at(end_of(&text)))
}

fn end_of(text: &str) -> Position {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    advanced(Position { line: 1, column: 1 }, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> String {
        decoded("x", bytes.to_vec()).expect_err("no text").to_string()
    }

    #[test]
    fn utf16_is_converted_in_both_byte_orders() {
        for bytes in [&b"\xff\xfea\x00\xe5\x00\x3d\xd8\x00\xde"[..], b"\xfe\xff\x00a\x00\xe5\xd8\x3d\xde\x00"]
        {
            assert_eq!(decoded("x", bytes.to_vec()), Ok(("aå😀".into(), Encoding::Utf16)));
        }
    }

    #[test]
    fn bad_bytes_are_pointed_at() {
        assert_eq!(error(b"\xef\xbb\xbfab\n\xc3\xa5c\xe9d"), "x:2:3: byte 0xe9 is not UTF-8");
        assert_eq!(error(b"\xff\xfea\x00\n\x00\x3d\xd8"), "x:2:1: UTF-16 unit 0xd83d is half of a character");
        assert_eq!(error(b"\xff\xfea\x00b"), "x:1:2: the last character of the UTF-16 text is cut off");
    }
}
