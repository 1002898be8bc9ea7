//! Changed rules back into their file, in the words of its format.

use std::borrow::Cow;

use super::encoding::Encoding;
use super::error::InputError;
use super::json::string as json_string;
use super::terraform::string as terraform_string;
use super::{Input, RuleSource};
use crate::base::code;
use crate::base::diagnostic::{Edit, apply};

/// How a rule is written at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The whole file.
    Text {
        /// Lines end with a carriage return too.
        crlf: bool,
    },
    /// A line.
    Line,
    /// A JSON string.
    JsonString,
    /// A field of a table.
    Cell {
        /// The field stands in quotes.
        quoted: bool,
        /// What separates the fields.
        delimiter: char,
    },
    /// A quoted string of Terraform.
    TerraformString,
    /// The lines of a heredoc of Terraform.
    Heredoc(Heredoc),
}

/// How the lines of a heredoc are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// What begins each line that is not blank; `None` in the form that keeps blanks.
    pub(super) indentation: Option<String>,
    /// The word that ends it.
    pub(super) delimiter: String,
    /// Lines end with a carriage return too.
    pub(super) crlf: bool,
}

impl Host {
    /// `text` as it is compared: without the differences that the host format settles.
    pub(super) fn normalized<'text>(&self, text: &'text str) -> Cow<'text, str> {
        match self {
            Self::Text { .. } => with_line_feeds(text.trim_end_matches(['\r', '\n'])),
            Self::Heredoc(_) => match with_line_feeds(text) {
                lines if lines.is_empty() || lines.ends_with('\n') => lines,
                lines => Cow::Owned(lines.into_owned() + "\n"),
            },
            _ => Cow::Borrowed(text),
        }
    }

    /// `text` as it stands in the file.
    fn encoded(&self, text: &str) -> Result<String, &'static str> {
        let normal = self.normalized(text);
        match self {
            Self::Text { crlf } => Ok(with_line_ends(&normal, *crlf)),
            Self::Line if text.contains(['\r', '\n']) => Err("the file has room for one line a rule"),
            Self::Line => Ok(text.to_owned()),
            Self::JsonString => Ok(json_string::encoded(text)),
            Self::Cell { quoted, delimiter } => Ok(cell(text, *quoted, *delimiter)),
            Self::TerraformString => Ok(terraform_string::encoded(text)),
            Self::Heredoc(heredoc) => {
                let lines = terraform_string::heredoc_lines(&normal, heredoc)?;
                Ok(with_line_ends(&lines, heredoc.crlf))
            }
        }
    }
}

/// `text` with every line end as a line feed, a carriage return by itself included.
fn with_line_feeds(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn with_line_ends(text: &str, crlf: bool) -> String {
    if crlf { text.replace('\n', "\r\n") } else { text.to_owned() }
}

/// A field of a table, in quotes when it had some or needs them.
fn cell(text: &str, quoted: bool, delimiter: char) -> String {
    let needs_quotes = text.contains([delimiter, '"', '\r', '\n']) || text.trim() != text;
    if quoted || needs_quotes { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

impl Input {
    /// The whole text with the texts of some rules replaced: pairs of an index into [`Self::rules`] and
    /// the new text. Everything else stays byte for byte the same, and so does a rule whose text is
    /// [written so already](RuleSource::is_written_as).
    ///
    /// # Errors
    /// A text that its place cannot hold, such as two lines in a file with one rule a line; an index
    /// that is no rule or stands there twice; an input in UTF-16.
    pub fn rewritten(&self, new_texts: &[(usize, String)]) -> Result<String, InputError> {
        if self.encoding == Encoding::Utf16 {
            let message = "a file in UTF-16 is not rewritten";
            return Err(InputError::unreadable(&self.name, message, "save the file as UTF-8 first"));
        }
        let mut edits = Vec::with_capacity(new_texts.len());
        for (index, text) in new_texts {
            let rule = self.rules.get(*index).ok_or_else(|| self.no_such_rule(*index))?;
            if !rule.is_written_as(text) {
                let written = rule.place.host.encoded(text).map_err(|reason| no_room(rule, reason))?;
                edits.push(Edit::new(rule.place.token, written));
            }
        }
        edits.sort();
        apply(&self.content, edits.iter()).ok_or_else(|| {
            InputError::unreadable(&self.name, "a rule is to be replaced twice", "replace each rule once")
        })
    }

    fn no_such_rule(&self, index: usize) -> InputError {
        let message = format!("there is no rule with index {index}");
        InputError::unreadable(&self.name, message, "count the rules from 0")
    }
}

fn no_room(rule: &RuleSource, reason: &str) -> InputError {
    InputError {
        code: &code::DATA_FIELD,
        file: rule.file.clone(),
        position: Some(rule.place.at),
        message: format!("the changed rule cannot be written here: {reason}"),
        help: Some("change the rule by hand".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read_bytes, read_text};
    use super::*;

    fn read(content: &str, format: Format) -> Input {
        read_text("x", content.to_owned(), Some(format)).expect("readable")
    }

    /// The text with its first rule replaced, which must read back as that text.
    fn changed(content: &str, format: Format, text: &str) -> String {
        let written = read(content, format).rewritten(&[(0, text.to_owned())]).expect("room");
        let again = read(&written, format);
        let rule = again.rules.first().expect("a rule");
        assert!(rule.is_written_as(text), "{written:?} reads back as {:?}", rule.text);
        written
    }

    #[test]
    fn each_format_gets_its_own_writing() {
        let text = "a -eq \"b\\\"\n-or ${c}";
        let cases = [
            (Format::Rule, "x\n\n", "a -eq \"b\\\"\n-or ${c}\n\n"),
            (Format::Rule, "x\r\n", "a -eq \"b\\\"\r\n-or ${c}\r\n"),
            (
                Format::Json,
                r#"{"rule": "\u0078" , "id": 1}"#,
                r#"{"rule": "a -eq \"b\\\"\n-or ${c}" , "id": 1}"#,
            ),
            (Format::Csv, "id;rule\n1;x\n", "id;rule\n1;\"a -eq \"\"b\\\"\"\n-or ${c}\"\n"),
            (
                Format::Terraform,
                "a \"b\" {\n  dynamic_membership {\n    rule = \"x\" # y\n  }\n}\n",
                "a \"b\" {\n  dynamic_membership {\n    rule = \"a -eq \\\"b\\\\\\\"\\n-or $${c}\" # y\n  }\n}\n",
            ),
            (
                Format::Terraform,
                "dynamic_membership {\n  rule = <<-EOT\n\t  x\n\n\t    y\n  EOT\n}\n",
                "dynamic_membership {\n  rule = <<-EOT\n\t  a -eq \"b\\\"\n\t  -or $${c}\n  EOT\n}\n",
            ),
            (
                Format::Terraform,
                "dynamic_membership {\r\n  rule = <<EOT\r\n  x\r\nEOT\r\n}\r\n",
                "dynamic_membership {\r\n  rule = <<EOT\r\na -eq \"b\\\"\r\n-or $${c}\r\nEOT\r\n}\r\n",
            ),
        ];
        for (format, content, expected) in cases {
            assert_eq!(changed(content, format, text), expected, "{format:?}");
        }
        assert_eq!(changed("x\r\n y\r\n", Format::Rules, "z"), "z\r\n y\r\n");
        assert_eq!(changed("rule\nx\n", Format::Csv, "z"), "rule\nz\n");
        assert_eq!(changed("rule\n\"x\"\n", Format::Csv, "z"), "rule\n\"z\"\n");
    }

    #[test]
    fn a_text_that_is_there_already_changes_no_byte() {
        for (format, content, same) in [
            (Format::Json, r#"{"rule": "\u0078"}"#, "x"),
            (Format::Rule, "a\r\nb\r\n", "a\nb\n"),
            (Format::Terraform, "dynamic_membership {\n  rule = <<-E\n    x\n  E\n}\n", "x"),
        ] {
            let input = read(content, format);
            assert_eq!(input.rewritten(&[(0, same.to_owned())]).as_deref(), Ok(content));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refusal = |input: &Input, texts: &[(usize, String)]| {
            input.rewritten(texts).expect_err("no room").to_string()
        };
        let rules = read("\nx\ny\n", Format::Rules);
        assert_eq!(
            refusal(&rules, &[(0, "a\nb".to_owned())]),
            "x:2:1: the changed rule cannot be written here: the file has room for one line a rule"
        );
        assert_eq!(refusal(&rules, &[(2, "a".to_owned())]), "x: there is no rule with index 2");
        assert_eq!(
            refusal(&rules, &[(0, "a".to_owned()), (0, "b".to_owned())]),
            "x: a rule is to be replaced twice"
        );
        let heredoc = read("dynamic_membership {\n  rule = <<-E\n    x\n  E\n}\n", Format::Terraform);
        for text in ["a\n E\n", "a\nE)", " a\n b"] {
            assert!(heredoc.rewritten(&[(0, text.to_owned())]).is_err(), "{text:?}");
        }
        let wide = read_bytes("x", b"\xff\xfex\x00".to_vec(), Some(Format::Rule)).expect("UTF-16");
        assert_eq!(refusal(&wide, &[]), "x: a file in UTF-16 is not rewritten");
    }
}
