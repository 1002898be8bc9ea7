//! UTF-16 code units as characters.
//!
//! .NET matches code units, so that `.` takes half of a character beyond the basic plane and no
//! letter out there has a case. A half has no place in Rust text: it is stood for by a private
//! character of plane 15, which no unit of a rewritten text can be otherwise.

use std::borrow::Cow;

/// What is added to the code of half a character to get its stand-in.
const STAND_IN: u32 = 0xF_0000;

/// The character that stands for a code unit.
pub(super) fn unit_of(code: u16) -> char {
    char::from_u32(u32::from(code))
        .or_else(|| char::from_u32(STAND_IN + u32::from(code)))
        .unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The code unit that a character of a rewritten text stands for.
pub(super) fn code_of(unit: char) -> u16 {
    let code = u32::from(unit);
    u16::try_from(code).or_else(|_| u16::try_from(code.wrapping_sub(STAND_IN))).unwrap_or(u16::MAX)
}

/// `text` with each character beyond the basic plane as two stand-ins.
pub(super) fn to_units(text: &str) -> Cow<'_, str> {
    if is_basic(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.encode_utf16().map(unit_of).collect())
}

/// Whether no character of a UTF-8 text lies beyond the basic plane: those, and they alone, start with a
/// byte from 0xF0 on.
pub(crate) fn is_basic(text: &[u8]) -> bool {
    // Without an early end, so that many bytes are compared at once.
    text.iter().fold(0, |most, &byte| most.max(byte)) < 0xF0
}

/// The text that units stand for; `None` where a half stands alone.
pub(super) fn from_units(units: &str) -> Option<String> {
    String::from_utf16(&units.chars().map(code_of).collect::<Vec<_>>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_a_character_travel_as_private_ones_and_come_back() {
        assert_eq!(to_units("aé\u{FFFF}"), "aé\u{FFFF}");
        assert_eq!(to_units("x😀"), "x\u{FD83D}\u{FDE00}");
        assert_eq!(from_units("x\u{FD83D}\u{FDE00}").as_deref(), Some("x😀"));
        assert_eq!(from_units("\u{FDE00}"), None);
        for code in [0, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFFFF] {
            assert_eq!(code_of(unit_of(code)), code);
        }
        let private = "\u{FD83D}";
        assert_eq!(
            from_units(&to_units(private)).as_deref(),
            Some(private),
            "the real character is halved, too"
        );
    }
}
