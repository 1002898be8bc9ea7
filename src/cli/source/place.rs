//! Where a rule text stands in its file: a map from bytes of the text to bytes of the file.
//!
//! A host format writes some characters in another way (`\"` for a quote) and leaves some bytes of
//! the file out of the text (the indentation of a heredoc). The map holds only the points where the
//! text and the file stop running side by side.

use crate::base::span::{Position, Span};

/// A rule text and where each of its bytes comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The text, escapes of the host format resolved.
    pub(super) text: String,
    /// Its bytes in the file.
    pub(super) map: OffsetMap,
}

/// The file offsets of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OffsetMap {
    start: usize,
    gaps: Vec<Gap>,
}

/// A point of the text where the file does not just go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    /// The offset in the text.
    text: usize,
    /// Where the file's part before it ends.
    before: usize,
    /// Where the file's part after it begins.
    after: usize,
}

impl OffsetMap {
    /// The file offset of what begins at byte `offset` of the text.
    pub(super) fn start_of(&self, offset: usize) -> usize {
        self.in_piece(self.gaps.partition_point(|gap| gap.text <= offset), offset)
    }

    /// The file offset at which that ends which ends at byte `offset` of the text.
    pub(super) fn end_of(&self, offset: usize) -> usize {
        let passed = self.gaps.partition_point(|gap| gap.text < offset);
        match self.gaps.get(passed) {
            Some(gap) if gap.text == offset => gap.before,
            _ => self.in_piece(passed, offset),
        }
    }

    /// The file bytes of a span of the text.
    pub(super) fn file_span(&self, span: Span) -> Span {
        let start = self.start_of(span.start);
        Span::new(start, self.end_of(span.end).max(start))
    }

    /// The file offset of `offset`, which lies in the piece after `passed` gaps.
    fn in_piece(&self, passed: usize, offset: usize) -> usize {
        let (text, file) = match passed.checked_sub(1).and_then(|last| self.gaps.get(last)) {
            Some(gap) => (gap.text, gap.after),
            None => (0, self.start),
        };
        file + offset.saturating_sub(text)
    }
}

/// Puts a text together from the pieces of a file, in the order of the file.
pub(super) struct Decoder<'content> {
    content: &'content str,
    text: String,
    map: OffsetMap,
    /// Where the file would go on if it ran side by side with the text.
    beside: usize,
    /// Where the last piece ended.
    end: usize,
}

impl<'content> Decoder<'content> {
    /// A text without pieces that stands at byte `start` of `content`.
    pub(super) fn new(content: &'content str, start: usize) -> Self {
        let map = OffsetMap { start, gaps: Vec::new() };
        Self { content, text: String::new(), map, beside: start, end: start }
    }

    /// The text that stands in the file just so.
    pub(super) fn verbatim(content: &'content str, span: Span) -> Decoded {
        let mut decoder = Self::new(content, span.start);
        decoder.copy(span);
        decoder.finish()
    }

    /// Adds bytes that stand in the file just so.
    pub(super) fn copy(&mut self, span: Span) {
        self.replace(span, span.of(self.content));
    }

    /// Adds `text`, which the file writes as the bytes of `span`.
    pub(super) fn replace(&mut self, span: Span, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.text.is_empty() {
            self.map.start = span.start;
        } else if span.start != self.beside {
            self.map.gaps.push(Gap { text: self.text.len(), before: self.end, after: span.start });
        }
        self.text.push_str(text);
        self.beside = span.start + text.len();
        self.end = span.end;
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> Decoded {
        if self.end != self.beside {
            self.map.gaps.push(Gap { text: self.text.len(), before: self.end, after: self.end });
        }
        Decoded { text: self.text, map: self.map }
    }
}

/// Turns offsets into positions in one pass, as long as they come in the order of the text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'content> {
    content: &'content str,
    start: usize,
    offset: usize,
    at: Position,
}

impl<'content> Cursor<'content> {
    /// A cursor whose first column is byte `start`, so that a byte order mark does not count.
    pub(super) fn new(content: &'content str, start: usize) -> Self {
        Self { content, start, offset: start, at: Position { line: 1, column: 1 } }
    }

    /// The position of byte `offset`; inside a character that character's, past the end the end.
    pub(super) fn position(&mut self, offset: usize) -> Position {
        let offset = self.content.floor_char_boundary(offset).max(self.start);
        if offset < self.offset {
            *self = Self::new(self.content, self.start);
        }
        self.at = advanced(self.at, Span::new(self.offset, offset).of(self.content));
        self.offset = offset;
        self.at
    }
}

/// The position after `passed`, which begins at `from`.
pub(super) fn advanced(from: Position, passed: &str) -> Position {
    match passed.rfind('\n') {
        None => Position { line: from.line, column: from.column + passed.chars().count() },
        Some(last) => {
            let lines = passed.bytes().filter(|&byte| byte == b'\n').count();
            let column = passed.get(last + 1..).unwrap_or_default().chars().count() + 1;
            Position { line: from.line + lines, column }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a\"b` read as `a"b`, then eight bytes left out, then `cd`.
    fn sample() -> Decoded {
        let mut decoder = Decoder::new("a\\\"b        cd", 0);
        decoder.copy(Span::new(0, 1));
        decoder.replace(Span::new(1, 3), "\"");
        decoder.copy(Span::new(3, 4));
        decoder.copy(Span::new(12, 14));
        decoder.finish()
    }

    #[test]
    fn only_breaks_are_kept() {
        let decoded = sample();
        assert_eq!(decoded.text, "a\"bcd");
        let gaps = vec![Gap { text: 2, before: 3, after: 3 }, Gap { text: 3, before: 4, after: 12 }];
        assert_eq!(decoded.map, OffsetMap { start: 0, gaps });
    }

    #[test]
    fn an_end_stays_before_what_is_left_out_and_a_start_comes_after_it() {
        let map = sample().map;
        assert_eq!(map.file_span(Span::new(1, 2)), Span::new(1, 3), "the escape");
        assert_eq!(map.file_span(Span::new(2, 3)), Span::new(3, 4), "ends before the blanks");
        assert_eq!(map.file_span(Span::new(3, 5)), Span::new(12, 14), "begins after them");
        assert_eq!(map.file_span(Span::at(3)), Span::at(12), "empty spans stay empty");
        assert_eq!(map.file_span(Span::new(0, 5)), Span::new(0, 14));
    }

    #[test]
    fn an_escape_at_the_end_counts_whole() {
        let mut decoder = Decoder::new("x\\\"", 0);
        decoder.copy(Span::new(0, 1));
        decoder.replace(Span::new(1, 3), "\"");
        let map = decoder.finish().map;
        assert_eq!(map.file_span(Span::new(1, 2)), Span::new(1, 3));
        assert_eq!(map.file_span(Span::at(2)), Span::at(3));
    }

    #[test]
    fn cursors_agree_with_lines_and_may_go_back() {
        let text = "å-b\r\ncd\n\n€";
        let lines = crate::base::span::Lines::of(text);
        let mut cursor = Cursor::new(text, 0);
        for offset in (0..=text.len() + 1).chain([3, 0, 9]) {
            assert_eq!(cursor.position(offset), lines.position(offset), "byte {offset}");
        }
        assert_eq!(Cursor::new("\u{feff}a", 3).position(3), Position { line: 1, column: 1 });
    }
}
