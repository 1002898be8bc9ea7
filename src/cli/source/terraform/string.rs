//! Terraform's quoted strings and heredocs with the place of every character.

use std::fmt::Write as _;

use super::super::place::{Decoded, Decoder};
use super::super::write::Heredoc;
use crate::base::span::Span;

/// The writings of `${` and `%{` that begin no template.
const MARKERS: [(&str, &str); 2] = [("$${", "${"), ("%%{", "%{")];

/// Decodes the quoted string whose bytes, quotes included, are `token`; `None` if it is none.
pub(super) fn quoted(content: &str, token: Span) -> Option<Decoded> {
    let inner = token.of(content).strip_prefix('"')?.strip_suffix('"')?;
    let mut decoder = Decoder::new(content, token.start + 1);
    let mut at = token.start + 1;
    let end = at + inner.len();
    while let Some(plain) = Span::new(at, end).of(content).find('\\') {
        let escape = at + plain;
        copy_unmarked(&mut decoder, content, Span::new(at, escape));
        let (character, length) = unescaped(Span::new(escape, end).of(content))?;
        at = escape + length;
        decoder.replace(Span::new(escape, at), character.encode_utf8(&mut [0; 4]));
    }
    copy_unmarked(&mut decoder, content, Span::new(at, end));
    Some(decoder.finish())
}

/// `text` as a quoted string.
pub(in super::super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in marked(text).chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Decodes the heredoc whose bytes, from `<<` to the closing word, are `token`; `None` if it is none.
/// The span is that of its lines.
pub(super) fn heredoc(content: &str, token: Span) -> Option<(Decoded, Span, Heredoc)> {
    let text = token.of(content);
    let opening = text.split_inclusive('\n').next()?;
    let body = Span::new(token.start + opening.len(), token.start + text.rfind('\n')? + 1);
    let word = opening.strip_prefix("<<")?.trim_end();
    let delimiter = word.strip_prefix('-').unwrap_or(word);
    let is_flush = word.starts_with('-');
    let indentation = if is_flush { common_indentation(body.of(content)) } else { "" };
    let columns = indentation.chars().count();
    let mut decoder = Decoder::new(content, body.start);
    let mut at = body.start;
    for line in body.of(content).split_inclusive('\n') {
        let left_out = if line.trim().is_empty() { 0 } else { bytes_of_columns(line, columns) };
        copy_unmarked(&mut decoder, content, Span::new(at + left_out, at + line.len()));
        at += line.len();
    }
    let host = Heredoc {
        indentation: is_flush.then(|| indentation.to_owned()),
        delimiter: delimiter.to_owned(),
        crlf: body.of(content).contains("\r\n"),
    };
    Some((decoder.finish(), body, host))
}

/// `text`, which ends with a line feed, as the lines of a heredoc.
///
/// # Errors
/// A text that would end the heredoc, or that would lose its own indentation.
pub(in super::super) fn heredoc_lines(text: &str, heredoc: &Heredoc) -> Result<String, &'static str> {
    if text.lines().any(|line| ends_heredoc(line, &heredoc.delimiter)) {
        return Err("a line of it would end the heredoc");
    }
    let marked = marked(text);
    let Some(indentation) = &heredoc.indentation else { return Ok(marked) };
    if !common_indentation(text).is_empty() {
        return Err("the heredoc leaves out the blanks with which every line begins");
    }
    let mut out = String::with_capacity(marked.len());
    for line in marked.split_inclusive('\n') {
        if !line.trim().is_empty() {
            out.push_str(indentation);
        }
        out.push_str(line);
    }
    Ok(out)
}

/// The blanks that begin every line, those of the line with the fewest; blank lines do not count.
fn common_indentation(lines: &str) -> &str {
    let written = lines.lines().filter(|line| !line.trim().is_empty());
    let blanks = written.map(|line| line.split(|character: char| !character.is_whitespace()).next());
    blanks.flatten().min_by_key(|blanks| blanks.chars().count()).unwrap_or_default()
}

fn bytes_of_columns(line: &str, columns: usize) -> usize {
    line.chars().take(columns).map(char::len_utf8).sum()
}

fn ends_heredoc(line: &str, delimiter: &str) -> bool {
    let rest = line.trim_start().strip_prefix(delimiter);
    rest.is_some_and(|rest| {
        !rest.starts_with(|next: char| next.is_alphanumeric() || matches!(next, '_' | '-'))
    })
}

/// Adds the text of `span`, markers resolved.
fn copy_unmarked(decoder: &mut Decoder<'_>, content: &str, span: Span) {
    let mut at = span.start;
    while let Some((marker, plain)) = first_marker(Span::new(at, span.end).of(content)) {
        let start = at + marker;
        decoder.copy(Span::new(at, start));
        at = start + plain.len() + 1;
        decoder.replace(Span::new(start, at), plain);
    }
    decoder.copy(Span::new(at, span.end));
}

/// The first marker of `text`: its offset and what it stands for.
fn first_marker(text: &str) -> Option<(usize, &'static str)> {
    MARKERS.iter().filter_map(|(marker, plain)| Some((text.find(marker)?, *plain))).min()
}

/// `text` with what would begin a template written as text.
fn marked(text: &str) -> String {
    MARKERS.iter().fold(text.to_owned(), |text, (marker, plain)| text.replace(plain, marker))
}

/// The character that the escape at the start of `text` stands for, and the escape's length in bytes.
fn unescaped(text: &str) -> Option<(char, usize)> {
    let character = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'"' => '"',
        b'\\' => '\\',
        b'u' => return unicode(text, 6),
        b'U' => return unicode(text, 10),
        _ => return None,
    };
    Some((character, 2))
}

fn unicode(text: &str, length: usize) -> Option<(char, usize)> {
    let digits = text.get(2..length)?;
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Decoded> {
        quoted(text, Span::new(0, text.len()))
    }

    /// The bytes that stand for each character.
    fn places<'text>(decoded: &Decoded, content: &'text str) -> Vec<&'text str> {
        let places = decoded.text.char_indices();
        let span = |at, character: char| Span::new(at, at + character.len_utf8());
        places.map(|(at, character)| decoded.map.file_span(span(at, character)).of(content)).collect()
    }

    #[test]
    fn every_escape_is_resolved_in_its_place() {
        let text = r#""a\"\\\n\t\u00e9\U0001f600$${%%{$$${é""#;
        let read = of(text).expect("a string");
        assert_eq!(read.text, "a\"\\\n\té😀${%{$${é");
        let expected = [
            "a",
            r#"\""#,
            r"\\",
            r"\n",
            r"\t",
            r"\u00e9",
            r"\U0001f600",
            "$",
            "${",
            "%",
            "%{",
            "$",
            "$",
            "${",
            "é",
        ];
        assert_eq!(places(&read, text), expected);
        for broken in [r#""\x""#, r#""\u12""#, r#""\ud83d""#, "\"", "x"] {
            assert_eq!(of(broken), None, "{broken}");
        }
    }

    #[test]
    fn written_strings_read_back() {
        for text in ["", "a\"b\\c\n\r\t", "${a}%{b}$${c}", "\u{1}é"] {
            assert_eq!(of(&encoded(text)).map(|read| read.text).as_deref(), Some(text));
        }
    }

    #[test]
    fn indentation_is_that_of_the_least_indented_line() {
        let text = "<<-EOT\n      a\n\n \n    \u{e9}$${b}\n  EOT";
        let (read, body, host) = heredoc(text, Span::new(0, text.len())).expect("a heredoc");
        assert_eq!(read.text, "  a\n\n \né${b}\n", "blank lines stay as they are");
        assert_eq!(body.of(text), "      a\n\n \n    é$${b}\n");
        assert_eq!(host.indentation.as_deref(), Some("    "));
        let last = read.text.find('é').expect("there");
        assert_eq!(read.map.file_span(Span::new(last - 1, last)).of(text), "\n", "ends before the blanks");
        assert_eq!(read.map.file_span(Span::new(last, last + 2)).of(text), "é", "begins after them");
    }

    #[test]
    fn the_plain_form_keeps_its_blanks() {
        for (text, expected) in
            [("<<EOT\n  a\n  EOT", "  a\n"), ("<<E\nE", ""), ("<<-E\r\n a\r\n E", "a\r\n")]
        {
            let (read, ..) = heredoc(text, Span::new(0, text.len())).expect("a heredoc");
            assert_eq!(read.text, expected);
        }
    }
}
