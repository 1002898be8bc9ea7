//! The rules in files: where each one stands, and how to write it back.
//!
//! A rule seldom comes alone. It sits in a group object of Graph, in a column of a table or in the
//! configuration of Terraform, with the escapes of that format. What is found here is the rule's own
//! text together with a map into the file, so that a finding points at the character that the
//! author sees, and so that a changed rule goes back without touching anything else.
//!
//! ```
//! use dyngroup::base::span::{Position, Span};
//! use dyngroup::cli::source::{Format, read_text};
//!
//! let json = r#"{"id": "g1", "membershipRule": "user.city -eq \"Oslo\""}"#;
//! let input = read_text("groups.json", json.to_owned(), Some(Format::Json)).unwrap();
//! let rule = &input.rules[0];
//! assert_eq!(rule.text, "user.city -eq \"Oslo\"");
//! assert_eq!(rule.file_span(Span::new(14, 20)).of(&input.content), "\\\"Oslo\\\"");
//! assert_eq!(rule.file_position(14), Position { line: 1, column: 47 });
//! let written = input.rewritten(&[(0, "user.city -eq \"Bergen\"".to_owned())]).unwrap();
//! assert_eq!(written, json.replace("Oslo", "Bergen"));
//! ```

use std::path::Path;
use std::sync::Arc;

use crate::base::span::{Position, Span};
use crate::language::attribute::Subject;

mod encoding;
mod error;
mod files;
mod found;
mod fragment;
mod guess;
mod json;
mod place;
#[cfg(test)]
mod properties;
mod table;
mod terraform;
mod text;
mod write;

pub use error::InputError;
pub use files::read_path;

use encoding::Encoding;
use error::Problem;
use found::Found;
use place::OffsetMap;
use write::Host;

/// How rules are written in an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// One rule: the whole text.
    Rule,
    /// One rule a line.
    Rules,
    /// Graph groups, other records with a rule, or a Terraform plan.
    Json,
    /// One record a line.
    Ndjson,
    /// A table with a header.
    Csv,
    /// Terraform configuration.
    Terraform,
}

impl Format {
    /// The format that the extension of `path` stands for, in any letter case.
    ///
    /// ```
    /// use dyngroup::cli::source::Format;
    /// assert_eq!(Format::of_path("exports/Groups.JSONL".as_ref()), Some(Format::Ndjson));
    /// assert_eq!(Format::of_path("notes.txt".as_ref()), None);
    /// ```
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "rule" => Some(Self::Rule),
            "rules" => Some(Self::Rules),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            "tf" => Some(Self::Terraform),
            _ => None,
        }
    }
}

/// What an input says about the group that a rule belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFacts {
    /// `groupTypes`, such as `DynamicMembership` and `Unified`; `None` when the input does not say.
    pub group_types: Option<Vec<String>>,
    /// `isAssignableToRole`.
    pub is_assignable_to_role: Option<bool>,
    /// `membershipRuleProcessingState`: `On` or `Paused`.
    pub processing_state: Option<String>,
}

impl GroupFacts {
    /// What `enabled` of Terraform's `dynamic_membership` says.
    fn of_terraform(enabled: bool) -> Self {
        let state = if enabled { "On" } else { "Paused" };
        Self { processing_state: Some(state.to_owned()), ..Self::default() }
    }
}

/// One rule text found in an input.
#[derive(Clone, Debug)]
pub struct RuleSource {
    /// The input's display name: the path as given, `-` for standard input, `<rule 1>` for an argument.
    pub file: String,
    /// The id of the group, or the address of the Terraform resource.
    pub id: Option<String>,
    /// The name of the group.
    pub display_name: Option<String>,
    /// The rule, escapes of the host format resolved.
    pub text: String,
    /// What the rule selects, where the input says so.
    pub subject: Option<Subject>,
    /// The group, where the input says something about it.
    pub group: Option<GroupFacts>,
    place: Place,
}

/// Where a rule stands in its input.
#[derive(Clone, Debug)]
struct Place {
    content: Arc<str>,
    /// The position of the rule's first byte.
    at: Position,
    map: OffsetMap,
    /// What a changed rule replaces: the text with its quotes, without a heredoc's markers.
    token: Span,
    host: Host,
}

impl RuleSource {
    /// The line of the file on which the rule begins, from 1.
    pub fn line(&self) -> usize {
        self.place.at.line
    }

    /// The bytes of the file that stand for `span` of the text. Escapes count whole.
    pub fn file_span(&self, span: Span) -> Span {
        let end = self.text.len();
        self.place.map.file_span(Span::new(span.start.min(end), span.end.min(end)))
    }

    /// The position in the file of byte `offset` of the text; past the end it is the end.
    pub fn file_position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let passed = Span::new(self.place.map.start_of(0), self.place.map.start_of(offset));
        place::advanced(self.place.at, passed.of(&self.place.content))
    }

    /// Whether a changed text must stay on one line.
    pub fn is_single_line(&self) -> bool {
        self.place.host == Host::Line
    }

    /// Whether writing `text` would leave the file as it is. Line ends that the host format fixes do
    /// not count: those of a file with carriage returns, and the last one of a heredoc.
    pub fn is_written_as(&self, text: &str) -> bool {
        self.place.host.normalized(&self.text) == self.place.host.normalized(text)
    }
}

/// Something in an input that could hold a rule but cannot be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Where in the input.
    pub position: Position,
    /// What, and why not: lower case, no full stop.
    pub message: String,
}

/// An input with the rules in it.
#[derive(Clone, Debug)]
pub struct Input {
    /// The display name.
    pub name: String,
    /// The whole text. A file in UTF-16 stands here in UTF-8.
    pub content: Arc<str>,
    /// The format it was read in.
    pub format: Format,
    /// The rules, in the order of the text.
    pub rules: Vec<RuleSource>,
    /// How many objects or rows have no rule.
    pub skipped: usize,
    /// What could not be checked, in the order of the text.
    pub notes: Vec<Note>,
    /// Broken parts, in the order of the text; the rules of the other parts are there.
    pub errors: Vec<InputError>,
    encoding: Encoding,
}

impl Input {
    /// Whether it has a file that can be written back: not standard input, not an argument.
    pub fn is_file(&self) -> bool {
        self.name != "-" && !self.name.starts_with('<')
    }

    /// An input of which nothing could be read.
    pub(in crate::cli) fn broken(error: InputError, format: Option<Format>) -> Self {
        Self {
            name: error.file.clone(),
            content: Arc::from(""),
            format: format.unwrap_or(Format::Rule),
            rules: Vec::new(),
            skipped: 0,
            notes: Vec::new(),
            errors: vec![error],
            encoding: Encoding::Utf8,
        }
    }
}

/// Finds the rules in a text, such as standard input or an argument. Without a format the text is
/// looked at: a text that is no JSON, table or Terraform configuration is one rule.
///
/// # Errors
/// [`InputError`] for a text that does not follow its format as a whole. A part that can be told
/// from the rest, such as a line of NDJSON, is in [`Input::errors`] instead.
pub fn read_text(name: &str, content: String, format: Option<Format>) -> Result<Input, InputError> {
    read_bytes(name, content.into_bytes(), format)
}

/// Finds the rules in the bytes of a file: UTF-8, or UTF-16 with a byte order mark.
///
/// # Errors
/// As [`read_text`], and for bytes that are no text and for more than
/// [`RULE_FILE_MAX_BYTES`](crate::base::limits::RULE_FILE_MAX_BYTES).
pub fn read_bytes(name: &str, bytes: Vec<u8>, format: Option<Format>) -> Result<Input, InputError> {
    let (content, encoding) = encoding::decoded(name, bytes)?;
    let start = encoding::text_start(&content);
    let format = format.unwrap_or_else(|| guess::format_of(content.get(start..).unwrap_or_default()));
    read_decoded(name, content, encoding, format)
}

fn read_decoded(
    name: &str,
    content: String,
    encoding: Encoding,
    format: Format,
) -> Result<Input, InputError> {
    let start = encoding::text_start(&content);
    match rules_in(&content, start, format) {
        Ok(found) => Ok(found.into_input(name, &Arc::from(content), start, format, encoding)),
        Err(problem) => {
            let position = place::Cursor::new(&content, start).position(problem.offset);
            Err(problem.into_error(name, position))
        }
    }
}

/// Finds the rules in `content`, whose text begins at byte `start`.
fn rules_in(content: &str, start: usize, format: Format) -> Result<Found, Problem> {
    match format {
        Format::Rule => Ok(text::whole(content, start)),
        Format::Rules => Ok(text::lines(content, start)),
        Format::Json => json::read(content, start),
        Format::Ndjson => json::read_lines(content, start),
        Format::Csv => table::read(content, start),
        Format::Terraform => terraform::read(content, start),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_past_the_end_are_the_end() {
        let input = read_text("<rule 1>", "user.city\n".into(), Some(Format::Rule)).expect("one rule");
        let rule = input.rules.first().expect("one rule");
        assert_eq!(rule.text, "user.city");
        assert_eq!(rule.file_position(99), Position { line: 1, column: 10 });
        assert_eq!(rule.file_span(Span::new(5, 99)), Span::new(5, 9));
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let input = read_text("a.rule", "\u{feff}user.city".into(), None).expect("one rule");
        let rule = input.rules.first().expect("one rule");
        assert_eq!(rule.text, "user.city");
        assert_eq!(rule.file_position(5), Position { line: 1, column: 6 });
        assert_eq!(rule.file_span(Span::new(5, 9)).of(&input.content), "city");
    }

    #[test]
    fn utf16_is_read_and_not_rewritten() {
        let text = "\u{feff}membershipRule\r\n\"user.city -eq \"\"Malmö\"\"\"\r\n";
        let bytes = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let input = read_bytes("groups.csv", bytes, None).expect("a table");
        assert_eq!(input.format, Format::Csv);
        let rule = input.rules.first().expect("one rule");
        assert_eq!(rule.text, "user.city -eq \"Malmö\"");
        assert_eq!(rule.file_position(15), Position { line: 2, column: 18 });
        assert!(input.rewritten(&[(0, rule.text.clone())]).is_err());
    }

    #[test]
    fn errors_of_the_whole_text_have_a_position() {
        let error = read_text("-", "{\"value\": [\n  {\"id\" 1}\n]}".into(), None).expect_err("broken");
        assert_eq!(error.to_string(), "-:2:9: expected `:`");
    }
}
