//! Mistakes in JSON, in our words and with their place.

use serde_json::error::Category;

use super::super::error::Problem;
use crate::base::limits::JSON_DEPTH_MAX_LEVELS;

/// The mistake in `text`, which begins at byte `start` of the content, in our words.
pub(super) fn syntax(text: &str, start: usize, error: &serde_json::Error) -> Problem {
    let shown = error.to_string();
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line_start = lines.map(str::len).sum::<usize>();
    let offset = match error.classify() {
        Category::Eof => text.trim_end().len(),
        // Of this mistake, and no other, the library gives the column before it.
        _ if shown.starts_with("control character") => line_start + error.column(),
        _ => line_start + error.column().saturating_sub(1),
    };
    let place = format!(" at line {} column {}", error.line(), error.column());
    let (message, help) = match shown.strip_suffix(&place).unwrap_or(&shown) {
        "EOF while parsing a string" => ("the text ends inside a string".to_owned(), None),
        "EOF while parsing a list" => ("the text ends inside an array".to_owned(), None),
        "EOF while parsing an object" => ("the text ends inside an object".to_owned(), None),
        "EOF while parsing a value" => ("the text ends where a value should stand".to_owned(), None),
        "expected value" => ("expected a value".to_owned(), None),
        "trailing characters" => ("expected the end of the line".to_owned(), None),
        "key must be a string" => ("expected a key in quotes".to_owned(), None),
        "recursion limit exceeded" => (format!("nested deeper than {JSON_DEPTH_MAX_LEVELS} levels"), None),
        comma if comma.starts_with("expected `,`") => {
            (comma.to_owned(), Some("a quote inside a string is written as `\\\"`"))
        }
        control if control.starts_with("control character") => (
            "unescaped control character in a string".to_owned(),
            Some("a line break inside a string is written as `\\n`, a tab as `\\t`"),
        ),
        other => (other.to_owned(), None),
    };
    let problem = Problem::syntax(start + offset, message);
    match help {
        Some(help) => problem.help(help),
        None => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Format, read_text};

    fn error(content: &str) -> String {
        let error = read_text("x", content.to_owned(), Some(Format::Json)).expect_err("broken");
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    }

    #[test]
    fn broken_documents_are_pointed_at() {
        assert_eq!(error(""), "x:1:1: the text ends where a value should stand; ");
        assert_eq!(
            error("{\"å\":\n \"rule\": \"user.city -eq \"Oslo\"\"}"),
            "x:2:8: expected `,` or `}`; a quote inside a string is written as `\\\"`"
        );
        assert_eq!(
            error("{\"rule\": \"å -eq \"Oslo\"\"}"),
            "x:1:18: expected `,` or `}`; a quote inside a string is written as `\\\"`"
        );
        assert_eq!(error("[{}]\n]"), "x:2:1: expected a value; ");
        assert_eq!(error(&"[".repeat(200)), "x:1:128: nested deeper than 128 levels; ");
        assert_eq!(
            error("{\"rule\": \"a\nb\"}"),
            "x:1:12: unescaped control character in a string; \
             a line break inside a string is written as `\\n`, a tab as `\\t`"
        );
    }
}
