//! From the text of a pattern to its tree, refusing what .NET refuses.

use super::PatternError;
use super::numbers::{Groups, Numbers};
use super::tree::{Kind, Node};
use super::unit::unit_of;
use crate::base::limits::{REGEX_NESTING_MAX_LEVELS, REGEX_PATTERN_MAX_BYTES};
use crate::base::span::Span;

/// The outcome of reading a part.
pub(super) type Read<T> = Result<T, PatternError>;

/// Reads a whole pattern.
pub(super) fn read(source: &str) -> Read<Node> {
    if source.len() > REGEX_PATTERN_MAX_BYTES {
        let message = format!("pattern is longer than {REGEX_PATTERN_MAX_BYTES} bytes");
        return Err(PatternError { span: Span::new(0, source.len()), message, unsupported: true });
    }
    let mut reader = Reader::new(source, None);
    let tree = reader.whole()?;
    if !reader.refers {
        return Ok(tree);
    }
    // A reference may stand before its group, and names are numbered last: read again, knowing all.
    let groups = std::mem::take(&mut reader.groups);
    Reader::new(source, Some(groups.numbered())).whole()
}

/// The options that are on at a place of the pattern.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "these are the switches of the syntax")]
pub(super) struct Options {
    /// `i`: case is ignored.
    pub(super) fold: bool,
    /// `m`: `^` and `$` at each line.
    pub(super) lines: bool,
    /// `s`: the dot takes a line feed.
    pub(super) feed: bool,
    /// `n`: plain parentheses do not capture.
    pub(super) named_only: bool,
    /// `x`: blanks and `#` comments do not count.
    pub(super) blank: bool,
}

/// A code unit of the pattern and the bytes that it comes from.
#[derive(Clone, Copy, Debug)]
struct Unit {
    character: char,
    start: usize,
    end: usize,
}

/// A cursor over the code units of a pattern.
pub(super) struct Reader<'source> {
    source: &'source str,
    units: Vec<Unit>,
    pub(super) at: usize,
    pub(super) options: Options,
    depth: usize,
    /// The groups met so far.
    pub(super) groups: Groups,
    /// All groups, on the second reading.
    pub(super) known: Option<Numbers>,
    /// Whether some part names a group.
    pub(super) refers: bool,
    /// Whether the parenthesis that stands here is part of a condition and does not capture.
    pub(super) in_condition: bool,
}

impl<'source> Reader<'source> {
    fn new(source: &'source str, known: Option<Numbers>) -> Self {
        Self {
            source,
            units: units(source),
            at: 0,
            options: Options { fold: true, lines: false, feed: false, named_only: false, blank: false },
            depth: 0,
            groups: Groups::default(),
            known,
            refers: false,
            in_condition: false,
        }
    }

    fn whole(&mut self) -> Read<Node> {
        let tree = self.alternatives()?;
        if self.peek().is_some() {
            return Err(self.error(self.at, self.at + 1, "`)` closes nothing"));
        }
        Ok(tree)
    }

    /// Reads up to the `)` of the group or the end: branches that `|` separates.
    pub(super) fn alternatives(&mut self) -> Read<Node> {
        let start = self.at;
        let (mut branches, mut branch) = (Vec::new(), Vec::new());
        let mut branch_start = start;
        let mut after_quantifier = false;
        loop {
            self.skip_blank()?;
            match self.peek() {
                None | Some(')') => break,
                Some('|') => {
                    branches.push(self.sequence(branch_start, std::mem::take(&mut branch)));
                    self.at += 1;
                    branch_start = self.at;
                    after_quantifier = false;
                }
                Some(_) if self.quantifier_length().is_some() => {
                    return Err(self.stray_quantifier(after_quantifier));
                }
                Some(unit) => {
                    after_quantifier = false;
                    if let Some(atom) = self.atom(unit)? {
                        let node = self.quantified(atom)?;
                        after_quantifier = matches!(node.kind, Kind::Repeat { .. });
                        branch.push(node);
                    }
                }
            }
        }
        let last = self.sequence(branch_start, branch);
        if branches.is_empty() {
            return Ok(last);
        }
        branches.push(last);
        Ok(Node::new(self.span(start, self.at), Kind::Either(branches)))
    }

    fn sequence(&self, start: usize, mut nodes: Vec<Node>) -> Node {
        let span = self.span(start, self.at);
        match nodes.len() {
            0 => Node::new(span, Kind::Empty),
            1 => nodes.remove(0),
            _ => Node::new(span, Kind::Sequence(nodes)),
        }
    }

    /// Reads one part that a quantifier may follow; nothing for `(?i)`.
    fn atom(&mut self, unit: char) -> Read<Option<Node>> {
        let start = self.at;
        let kind = match unit {
            '(' => return self.group(),
            '[' => Kind::Class(self.class()?),
            '\\' => self.escape()?,
            '.' => self.take(Kind::Dot { feed: self.options.feed }),
            '^' => self.take(Kind::Anchor(self.options.line_start())),
            '$' => self.take(Kind::Anchor(self.options.line_end())),
            unit => self.take(Kind::Literal { unit, fold: self.options.fold }),
        };
        Ok(Some(Node::new(self.span(start, self.at), kind)))
    }

    fn take(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    /// Reads decimal digits, up to the largest number that .NET takes.
    pub(super) fn number(&mut self) -> Read<u32> {
        let start = self.at;
        self.at += self.digits(0);
        let digits = self.span(start, self.at).of(self.source);
        match digits.parse() {
            Ok(number) if i32::try_from(number).is_ok() => Ok(number),
            _ => Err(self.error(start, self.at, format!("number `{digits}` is too large"))),
        }
    }

    /// Skips `(?#…)` and, under option `x`, blanks and comments.
    pub(super) fn skip_blank(&mut self) -> Read<()> {
        loop {
            match self.peek() {
                Some('\t'..='\n' | '\u{c}'..='\r' | ' ') if self.options.blank => self.at += 1,
                Some('#') if self.options.blank => {
                    while self.peek().is_some_and(|unit| unit != '\n') {
                        self.at += 1;
                    }
                }
                Some('(') if self.ahead(1) == Some('?') && self.ahead(2) == Some('#') => {
                    let start = self.at;
                    while self.peek().is_some_and(|unit| unit != ')') {
                        self.at += 1;
                    }
                    if !self.eat(')') {
                        return Err(self.error(start, start + 3, "comment `(?#` is never closed"));
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// Goes one level down; fails at the limit.
    pub(super) fn descend<T>(&mut self, start: usize, part: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == REGEX_NESTING_MAX_LEVELS {
            let message = format!("nested deeper than {REGEX_NESTING_MAX_LEVELS} levels");
            return Err(self.unsupported(start, start + 1, message));
        }
        self.depth += 1;
        let read = part(self);
        self.depth -= 1;
        read
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> Option<char> {
        self.units.get(self.at + count).map(|unit| unit.character)
    }

    pub(super) fn eat(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        self.at += usize::from(found);
        found
    }

    /// The bytes of the units from `start` up to but without `end`.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let from = self.units.get(start).map_or(self.source.len(), |unit| unit.start);
        let to = end.checked_sub(1).and_then(|last| self.units.get(last)).map_or(0, |unit| unit.end);
        Span::new(from, if end > self.units.len() { self.source.len() } else { to.max(from) })
    }

    /// The author's text of the units from `start` up to but without `end`.
    pub(super) fn text(&self, start: usize, end: usize) -> &'source str {
        self.span(start, end).of(self.source)
    }

    pub(super) fn error(&self, start: usize, end: usize, message: impl Into<String>) -> PatternError {
        PatternError { span: self.span(start, end), message: message.into(), unsupported: false }
    }

    pub(super) fn unsupported(&self, start: usize, end: usize, message: impl Into<String>) -> PatternError {
        PatternError { unsupported: true, ..self.error(start, end, message) }
    }
}

fn units(source: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(source.len());
    for (start, character) in source.char_indices() {
        let end = start + character.len_utf8();
        for &mut code in character.encode_utf16(&mut [0; 2]) {
            units.push(Unit { character: unit_of(code), start, end });
        }
    }
    units
}

/// Letters, digits and what else makes a name: .NET takes no other escapes for unknown.
pub(super) fn is_word(unit: char) -> bool {
    unit == '_' || unit.is_ascii_alphanumeric() || (!unit.is_ascii() && is_word_beyond_ascii(unit))
}

/// Letters, marks, digits and connectors, and the joiners that .NET lets into words at borders.
fn is_word_beyond_ascii(unit: char) -> bool {
    matches!(unit, '\u{200C}' | '\u{200D}') || regex_syntax::try_is_word_character(unit).unwrap_or(true)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;
    use super::*;

    /// Each pattern, what its error points at, and the error.
    pub(in super::super) fn errors(sources: &[&str]) -> String {
        let line = |source: &&str| match Pattern::new(source) {
            Ok(_) => format!("{source}    accepted\n"),
            Err(PatternError { span, message, unsupported }) => {
                let note = if unsupported { " (unsupported)" } else { "" };
                format!("{source}    {}..{} `{}`: {message}{note}\n", span.start, span.end, span.of(source))
            }
        };
        sources.iter().map(line).collect()
    }

    #[test]
    fn brackets_and_parentheses_have_to_close() {
        insta::assert_snapshot!(errors(&[
            "(", "a(b", "a)", "(a))", "[a", "[]", "[^]", "[a-", "[\\", "(?:a", "(?#a", "((a)", "[a-z-[a]",
        ]), @r"
        (    0..1 `(`: `(` is never closed
        a(b    1..2 `(`: `(` is never closed
        a)    1..2 `)`: `)` closes nothing
        (a))    3..4 `)`: `)` closes nothing
        [a    0..1 `[`: `[` is never closed
        []    0..1 `[`: `[` is never closed
        [^]    0..1 `[`: `[` is never closed
        [a-    0..1 `[`: `[` is never closed
        [\    0..1 `[`: `[` is never closed
        (?:a    0..1 `(`: `(` is never closed
        (?#a    0..3 `(?#`: comment `(?#` is never closed
        ((a)    0..1 `(`: `(` is never closed
        [a-z-[a]    0..1 `[`: `[` is never closed
        ");
    }

    #[test]
    fn size_is_bounded() {
        let long = "a".repeat(REGEX_PATTERN_MAX_BYTES + 1);
        for source in [
            long.as_str(),
            &"(".repeat(10_000),
            &"[a-".repeat(10_000),
            &format!("{}a{}", "(?:".repeat(101), ")".repeat(101)),
        ] {
            let error = read(source).expect_err("too much");
            assert!(error.unsupported && error.span.end <= source.len(), "{error:?}");
        }
        let deep = format!("{}a{}", "(?:".repeat(100), ")".repeat(100));
        assert!(read(&deep).is_ok());
        let endless = "(".repeat(100_000);
        assert!(Pattern::new(&endless).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn no_text_is_too_odd_to_read(source in prop_oneof![
            "\\PC{0,40}",
            prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            prop::collection::vec(prop::sample::select(vec![
                "a", "b", "1", "2", "é", "😀", "(", ")", "(?", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?<n>", "(?i)",
                "(?x)", "(?#", "[", "[^", "]", "-", "-[", "{", "}", ",", "{2}", "{1,2}", "*", "+", "?", "|", "^", "$", ".",
                "\\", "\\1", "\\k<n>", "\\w", "\\d", "\\p{L}", "\\p{", "\\b", "\\x4", "\\u00e9", "(?(1)", "(?(", "#", " ",
            ]), 0..14).prop_map(|parts| parts.concat()),
        ], value in "[a-c0-9 \n😀]{0,8}") {
            match Pattern::new(&source) {
                Ok(pattern) => {
                    let answer = pattern.is_match(&value);
                    prop_assert!(answer.is_ok() || pattern.engine.written.backtracking);
                    let _ = pattern.plain();
                    for span in pattern.edge_wildcards() {
                        prop_assert!(span.of(&source).starts_with('.') && span.of(&source).len() >= 2);
                    }
                    if let Some(sample) = pattern.sample() {
                        prop_assert_eq!(pattern.is_match(&sample), Ok(true));
                    }
                }
                Err(error) => {
                    prop_assert!(error.span.start <= error.span.end && error.span.end <= source.len());
                    prop_assert!(source.is_char_boundary(error.span.start) && source.is_char_boundary(error.span.end));
                }
            }
        }
    }
}
