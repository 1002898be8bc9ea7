//! The part of a rule that a report for people shows, safe to print and cut to the width.

use std::ops::Range;

use super::printable::push_printable;
use crate::base::span::Span;

/// Columns that the renderer keeps free on each side of an underlined text.
const MARGIN_COLUMNS: usize = 6;

/// Fewest columns of an underlined text, however narrow the output is.
const UNDERLINED_MIN_COLUMNS: usize = 10;

/// What stands where the middle of a long underlined text was cut out.
const CUT: &str = "...";

/// The lines of a rule that a span touches.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The lines, with escapes for what would not show; tabs are left to the renderer.
    pub(super) text: String,
    /// What to underline: bytes of `text`.
    pub(super) underlined: Range<usize>,
    /// Lines of the rule before the first one shown.
    pub(super) lines_before: usize,
}

impl Excerpt {
    /// Cuts the lines of `span` out of `rule`, for an output with `columns` columns of source.
    pub(super) fn of(rule: &str, span: Span, columns: usize) -> Self {
        let span = clamped(rule, span);
        let first = Span::new(line_start(rule, span.start), span.start);
        let columns = columns.saturating_sub(2 * MARGIN_COLUMNS).max(UNDERLINED_MIN_COLUMNS);
        let span = if span.of(rule).contains('\n') && columns_max(&shown(whole_lines(rule, span))) > columns {
            // Several long lines have no common window: the first one has to do.
            Span::new(span.start, line_end(rule, span.start))
        } else {
            span
        };
        let mut text = shown(first.of(rule));
        let start = text.len();
        let inside = shown(span.of(rule));
        text.push_str(&without_middle(&inside, columns).unwrap_or(inside));
        let underlined = start..text.len();
        text.push_str(&shown(Span::new(span.end, line_end(rule, span.end)).of(rule)));
        let lines_before = Span::new(0, first.start).of(rule).matches('\n').count();
        Self { text, underlined, lines_before }
    }

    /// Lines of the rule before the last one shown.
    pub(super) fn lines_before_last(&self) -> usize {
        self.lines_before + self.text.matches('\n').count()
    }
}

/// `span` inside `rule`, on character borders, without line ends at its end.
fn clamped(rule: &str, span: Span) -> Span {
    let start = rule.floor_char_boundary(span.start);
    let end = rule.ceil_char_boundary(span.end).max(start);
    let inside = Span::new(start, end).of(rule);
    Span::new(start, start + inside.trim_end_matches(['\r', '\n']).len())
}

fn whole_lines(rule: &str, span: Span) -> &str {
    Span::new(line_start(rule, span.start), line_end(rule, span.end)).of(rule)
}

fn line_start(rule: &str, at: usize) -> usize {
    Span::new(0, at).of(rule).rfind('\n').map_or(0, |feed| feed + 1)
}

fn line_end(rule: &str, at: usize) -> usize {
    let rest = Span::new(at, rule.len()).of(rule);
    let line = rest.find('\n').map_or(rest, |feed| Span::new(0, feed).of(rest));
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// `text` with escapes; line ends and tabs stay, a carriage return before a line feed goes.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' | '\t' => out.push(character),
            '\r' if characters.peek() == Some(&'\n') => {}
            _ => push_printable(&mut out, character),
        }
    }
    out
}

/// `text` without its middle, if it is one line that is wider than `columns`.
fn without_middle(text: &str, columns: usize) -> Option<String> {
    if text.contains('\n') || columns_max(text) <= columns {
        return None;
    }
    let half = columns.saturating_sub(CUT.len()) / 2;
    let head: String = taken(text.chars(), half).collect();
    let tail: Vec<char> = taken(text.chars().rev(), half).collect();
    Some(head + CUT + &tail.into_iter().rev().collect::<String>())
}

/// As many of `characters` as fit in `columns`.
fn taken(characters: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    characters.scan(0, move |used, character| {
        *used += columns_of(character);
        (*used <= columns).then_some(character)
    })
}

/// Columns of the longest line of `text`, at most.
pub(super) fn columns_max(text: &str) -> usize {
    text.split('\n').map(|line| line.chars().map(columns_of).sum()).max().unwrap_or(0)
}

/// Columns that `character` takes on a terminal, at most.
fn columns_of(character: char) -> usize {
    match character {
        '\t' => 4,
        '\0'..='\u{10ff}' => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(rule: &str, span: Span, columns: usize) -> String {
        let Excerpt { text, underlined: Range { start, end }, lines_before } =
            Excerpt::of(rule, span, columns);
        let (head, tail) = text.split_at(start);
        let (inside, tail) = tail.split_at(end - start);
        format!("{lines_before}:{head}<{inside}>{tail}")
    }

    #[test]
    fn shows_the_lines_of_the_span() {
        let rule = "one\r\ntwo three\r\nfour\nfive";
        assert_eq!(marked(rule, Span::new(9, 14), 80), "1:two <three>");
        assert_eq!(marked(rule, Span::new(9, 20), 80), "1:two <three\nfour>");
        assert_eq!(marked(rule, Span::new(5, 16), 80), "1:<two three>", "line ends are not underlined");
        assert_eq!(marked(rule, Span::at(rule.len()), 80), "3:five<>");
        assert_eq!(marked(rule, Span::new(90, 99), 80), "3:five<>");
    }

    #[test]
    fn escapes_move_the_underline() {
        assert_eq!(marked("é\u{1b}[1m\tx y", Span::new(7, 8), 80), "0:é\\u{1b}[1m\t<x> y");
        assert_eq!(marked("\u{202e}x", Span::new(1, 3), 80), "0:<\\u{202e}>x", "from inside a character");
    }

    #[test]
    fn long_underlined_texts_lose_their_middle() {
        let rule = format!("a{}z", "-".repeat(100));
        assert_eq!(marked(&rule, Span::new(0, 102), 32), "0:<a-------...-------z>");
        let lines = format!("{rule}\n{rule}");
        assert_eq!(marked(&lines, Span::new(101, 110), 32), format!("0:a{}<z>", "-".repeat(100)));
    }
}
