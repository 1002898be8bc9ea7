//! JSON strings with the place of every character.

use super::super::error::Problem;
use super::super::place::{Decoded, Decoder};
use crate::base::span::Span;

/// Decodes the JSON string whose bytes, quotes included, are `token` in `content`.
///
/// The JSON reader has checked it already, except that it lets halves of UTF-16 pairs pass.
pub(in super::super) fn decoded(content: &str, token: Span) -> Result<Decoded, Problem> {
    let inner = Span::new(token.start + 1, token.end.saturating_sub(1));
    let mut decoder = Decoder::new(content, inner.start);
    let mut at = inner.start;
    loop {
        let rest = Span::new(at, inner.end);
        let Some(plain) = rest.of(content).find('\\') else {
            decoder.copy(rest);
            return Ok(decoder.finish());
        };
        let escape = at + plain;
        decoder.copy(Span::new(at, escape));
        let Some((character, length)) = unescaped(Span::new(escape, inner.end).of(content)) else {
            let shown: String = Span::new(escape, inner.end).of(content).chars().take(6).collect();
            return Err(Problem::syntax(escape, format!("`{shown}` stands for no character"))
                .help("characters outside the basic plane take two escapes, such as `\\ud83d\\ude00`"));
        };
        at = escape + length;
        decoder.replace(Span::new(escape, at), character.encode_utf8(&mut [0; 4]));
    }
}

/// `text` as a JSON string, with no more escapes than needed.
pub(in super::super) fn encoded(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The character that the escape at the start of `text` stands for, and the escape's length in bytes.
fn unescaped(text: &str) -> Option<(char, usize)> {
    let character = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => return unicode(text),
        &other => char::from(other),
    };
    Some((character, 2))
}

/// `\uXXXX`, or two of them for a character outside the basic plane.
fn unicode(text: &str) -> Option<(char, usize)> {
    let first = unit(text, 0)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, 6));
    }
    let pair = [first, unit(text, 6)?];
    let character = char::decode_utf16(pair).next()?.ok()?;
    Some((character, 12))
}

fn unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Result<Decoded, Problem> {
        decoded(json, Span::new(0, json.len()))
    }

    #[test]
    fn every_escape_is_resolved_in_its_place() {
        let json = r#""a\"\\\/\b\f\n\r\té\u00e9\u2019\ud83d\ude00z""#;
        let read = of(json).expect("a string");
        assert_eq!(read.text, serde_json::from_str::<String>(json).expect("a string"));
        let mut places = read
            .text
            .char_indices()
            .map(|(at, character)| read.map.file_span(Span::new(at, at + character.len_utf8())).of(json));
        assert!(places.by_ref().eq([
            "a",
            r#"\""#,
            r"\\",
            r"\/",
            r"\b",
            r"\f",
            r"\n",
            r"\r",
            r"\t",
            "é",
            r"\u00e9",
            r"\u2019",
            r"\ud83d\ude00",
            "z"
        ]));
    }

    #[test]
    fn halves_of_characters_are_refused() {
        for json in [r#""a\ud83d""#, r#""a\ud83dx""#, r#""a\ude00""#, r#""a\ud83d\u0041""#] {
            assert_eq!(of(json).expect_err("half").offset, 2, "{json}");
        }
    }

    #[test]
    fn written_strings_read_back() {
        for text in ["", "a\"b\\c", "\u{1}\n", "å😀’"] {
            assert_eq!(of(&encoded(text)).expect("a string").text, text);
        }
    }
}
