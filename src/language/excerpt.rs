//! The author's text in a message: short enough to be read.

use std::borrow::Cow;

/// `text`, cut in the middle where it is long.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    if text.chars().nth(TEXT_MAX_CHARS).is_none() {
        return Cow::Borrowed(text);
    }
    let start: String = text.chars().take(KEPT_CHARS).collect();
    let end: Vec<char> = text.chars().rev().take(KEPT_CHARS).collect();
    Cow::Owned(format!("{start}…{}", end.iter().rev().collect::<String>()))
}

/// Longest text that a message holds whole, in characters.
const TEXT_MAX_CHARS: usize = 60;

/// What is kept of each end of a longer one, in characters.
const KEPT_CHARS: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(excerpt("Sales"), "Sales");
        assert_eq!(excerpt(&"å".repeat(60)), "å".repeat(60));
        let long = format!("{}-{}", "å".repeat(40), "ö".repeat(40));
        assert_eq!(excerpt(&long), format!("{}…{}", "å".repeat(25), "ö".repeat(25)));
    }
}
