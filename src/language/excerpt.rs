//! The author's text in a message: short enough to be read.

use std::borrow::Cow;

/// `text`, cut in the middle where it is long.
pub(super) fn excerpt(text: &str) -> Cow<'_, str> {
    within(text, TEXT_MAX_CHARS)
}

/// A whole message or help, cut in the middle where what it quotes is very long.
pub(super) fn readable(message: &str) -> Cow<'_, str> {
    within(message, MESSAGE_MAX_CHARS)
}

fn within(text: &str, most_chars: usize) -> Cow<'_, str> {
    // No text has more characters than bytes.
    if text.len() <= most_chars || text.chars().nth(most_chars).is_none() {
        return Cow::Borrowed(text);
    }
    let kept = most_chars / 2 - 1;
    let border = |at: usize| text.char_indices().nth(at).map_or(text.len(), |(at, _)| at);
    let from_end = |count: usize| text.char_indices().rev().nth(count - 1).map_or(0, |(at, _)| at);
    let start = text.get(..border(kept)).unwrap_or_default();
    let end = text.get(from_end(kept)..).unwrap_or_default();
    Cow::Owned(format!("{start}…{end}"))
}

/// Longest text that a message quotes whole, in characters.
const TEXT_MAX_CHARS: usize = 60;

/// Longest message, in characters.
const MESSAGE_MAX_CHARS: usize = 240;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_their_middle() {
        assert_eq!(excerpt("Sales"), "Sales");
        assert_eq!(excerpt(&"å".repeat(60)), "å".repeat(60));
        let long = format!("{}-{}", "å".repeat(40), "ö".repeat(40));
        assert_eq!(excerpt(&long), format!("{}…{}", "å".repeat(29), "ö".repeat(29)));
        assert_eq!(readable(&long), long);
    }
}
