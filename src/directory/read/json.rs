//! NDJSON and JSON files: cut into records first, which is cheap, then read by all workers.

mod documents;
mod key;
mod names;
pub(super) mod place;
pub(super) mod row;
mod value;

use rayon::prelude::*;

use self::documents::is_page;
pub(in crate::directory) use self::documents::split_documents;
pub(in crate::directory) use self::key::Key;
use self::place::locate;
pub(in crate::directory) use self::row::given_twice;
use self::row::{Outcome, RowFault, RowReader};
use super::{Build, Placed, Read};
use crate::base::code;
use crate::base::limits::BATCH_MAX_RECORDS;
use crate::directory::error::{Fault, Faults};
use crate::directory::shape::Shape;
use crate::directory::source::count_lines;

/// The text of one record and where it stands.
struct Record<'text> {
    offset: usize,
    line: usize,
    text: &'text str,
}

/// Reads one record a line.
pub(super) fn read_lines<T: Send>(text: &str, shape: &Shape<'_>, build: &Build<'_, T>) -> Read<T> {
    let mut offset = 0;
    let mut records = Vec::new();
    for (line, text) in text.split('\n').enumerate() {
        if text.bytes().any(|byte| !byte.is_ascii_whitespace()) {
            records.push(Record { offset, line: line + 1, text });
        }
        offset += text.len() + 1;
    }
    read_records(&records, shape, build, true)
}

/// Reads arrays, Graph pages and lone objects, one after the other.
pub(super) fn read_documents<T: Send>(text: &str, shape: &Shape<'_>, build: &Build<'_, T>) -> Read<T> {
    let (raw, faults) = split_documents(text);
    let (mut line, mut counted) = (1, 0);
    let records: Vec<_> = raw
        .into_iter()
        .map(|record| {
            let offset = record.as_ptr().addr() - text.as_ptr().addr();
            line += text.get(counted..offset).map(count_lines).unwrap_or_default();
            counted = offset;
            Record { offset, line, text: record }
        })
        .collect();
    let mut read = read_records(&records, shape, build, false);
    read.faults.append(faults);
    read
}

fn read_records<T: Send>(
    records: &[Record<'_>],
    shape: &Shape<'_>,
    build: &Build<'_, T>,
    one_a_line: bool,
) -> Read<T> {
    let batches: Vec<Read<T>> = records
        .par_chunks(BATCH_MAX_RECORDS)
        .map(|batch| {
            let mut reader = RowReader::new(shape);
            let mut read = Read { values: Vec::with_capacity(batch.len()), faults: Faults::default() };
            for &Record { offset, line, text } in batch {
                match reader.read_record(text) {
                    Outcome::Read(row) => read.values.push(Placed { offset, value: build(row, line) }),
                    Outcome::Syntax(error) => {
                        read.faults.push(syntax_fault(text, offset, &error, one_a_line));
                    }
                    Outcome::Faults(faults, omitted) => {
                        read.faults.push_omitted(omitted);
                        for fault in faults {
                            if read.faults.has_room() {
                                read.faults.push(row_fault(text, offset, fault, one_a_line));
                            } else {
                                read.faults.push_omitted(1);
                            }
                        }
                    }
                }
            }
            read
        })
        .collect();
    Read::join(batches)
}

fn row_fault(text: &str, offset: usize, fault: RowFault, one_a_line: bool) -> Fault {
    let mut place = locate(text, &fault.steps);
    let mut message = fault.message;
    if let Some(name) = fault.missing {
        place::append_name(&mut place.path, name);
        if one_a_line && fault.steps.is_empty() && is_page(text) {
            message.push_str("; a Graph page (`{\"value\":[…]}`) belongs in a `.json` file");
        }
    }
    Fault { code: &code::DATA_FIELD, offset: offset + place.offset, field: place.path, message }
}

/// A fault of the JSON itself; `offset` is where `text` stands in the file.
fn syntax_fault(text: &str, offset: usize, error: &serde_json::Error, one_a_line: bool) -> Fault {
    let (at, message) = if error.is_eof() {
        let message = if one_a_line {
            "the JSON object does not end on its line; an `.ndjson` file holds one object a line"
        } else {
            "the file ends in the middle of the JSON"
        };
        (text.trim_end().len(), message.to_owned())
    } else {
        let at = offset_of(text, error.line(), error.column());
        (at, format!("the JSON is broken: {}", reason(error)))
    };
    Fault { code: &code::DATA_SYNTAX, offset: offset + at, field: String::new(), message }
}

/// The parser's reason, without the place that it adds.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = text.strip_suffix(&place).unwrap_or(&text);
    match reason {
        "expected value" => "a value is expected",
        "trailing characters" => "something follows the end",
        "trailing comma" => "a comma stands before the end",
        "key must be a string" => "a name in double quotes is expected",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a line feed or another control character stands in a string"
        }
        "expected ident" => "an unknown word",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "half of a surrogate pair stands alone"
        }
        "recursion limit exceeded" => "it is nested too deep",
        other => other,
    }
    .to_owned()
}

/// The byte that the parser's line and column, in bytes from 1, mean.
fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use crate::directory::read::read_objects_from_str;
    use crate::directory::source::Format;
    use crate::language::attribute::{Attributes, Subject};

    fn errors(text: &str, format: Format) -> String {
        let read = read_objects_from_str("users", text, format, Subject::User, Attributes::standard());
        read.map_or_else(|errors| errors.to_string(), |read| format!("read {}", read.len()))
    }

    #[test]
    fn broken_lines_do_not_hide_each_other() {
        let lines = [
            r#"{"id": "a", "city": "Oslo""#,
            r#"{"id": "b", city: 5}"#,
            r#"{"id": "c"},"#,
            r#"{"id": "d"}"#,
            r#"{"id": "e", "city": "å\x"}"#,
            r#"{"id": "f", "city": "\ud800"}"#,
            r#"{"id": "g", "extension_c272a57b722d4eb29bfe327874ae79cb_x": "\ud800"}"#,
            r#"{"id": "h", "city": 1e999}"#,
            r#"{"id": "i", "city": 007}"#,
            "{\"id\": \"j\", \"city\": \"a\tb\"}",
            r#"{"id": "k",}"#,
            "[",
            "{",
            r#"{"id": 5, "city": tru}"#,
        ];
        insta::assert_snapshot!(errors(&lines.join("\r\n"), Format::Ndjson), @r"
            users:1:27: the JSON object does not end on its line; an `.ndjson` file holds one object a line
            users:2:13: the JSON is broken: a name in double quotes is expected
            users:3:12: the JSON is broken: something follows the end
            users:5:24: the JSON is broken: invalid escape
            users:6:28: the JSON is broken: half of a surrogate pair stands alone
            users:7:61: field extension_c272a57b722d4eb29bfe327874ae79cb_x: expected a string, a number, a boolean or null, found a string with a broken escape
            users:8:25: the JSON is broken: number out of range
            users:9:22: the JSON is broken: invalid number
            users:10:23: the JSON is broken: a line feed or another control character stands in a string
            users:11:12: the JSON is broken: a comma stands before the end
            users:12:2: the JSON object does not end on its line; an `.ndjson` file holds one object a line
            users:13:2: the JSON object does not end on its line; an `.ndjson` file holds one object a line
            users:14:22: the JSON is broken: an unknown word
            ");
    }

    #[test]
    fn broken_documents_are_read_up_to_the_break() {
        insta::assert_snapshot!(errors("[{\"id\": \"a\"},\n {\"id\": 5},\n {\"id\": \"b\"", Format::Json), @r"
            users:2:9: field id: expected a string or null, found the number 5
            users:3:12: the file ends in the middle of the JSON
            ");
        insta::assert_snapshot!(errors("{\"value\": [\n{\"id\": \"a\"}\n{\"id\": \"b\"}]}", Format::Json), @"users:3:1: the JSON is broken: expected `,` or `]`");
        insta::assert_snapshot!(errors("[{\"id\": \"a\"}]\n,\n[{\"id\": \"b\"}]", Format::Json), @"users:2:1: the JSON is broken: a value is expected");
        insta::assert_snapshot!(errors(" 5", Format::Json), @"users:1:2: expected a list of objects or a Graph page");
        insta::assert_snapshot!(errors("{\"error\": {\"code\": \"x\"}}", Format::Json), @"users:1:1: field id: a value is missing");
        insta::assert_snapshot!(errors("id,city\na,b", Format::Json), @"users:1:1: the JSON is broken: a value is expected");
        insta::assert_snapshot!(errors("[]", Format::Json), @"read 0");
        insta::assert_snapshot!(errors("{\"value\": []}\n\n[]", Format::Json), @"read 0");
    }

    #[test]
    fn deep_nesting_is_passed_over_where_it_is_not_read() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(errors(&format!("{{\"id\": \"a\", \"x\": {deep}}}"), Format::Ndjson), "read 1");
        assert_eq!(errors(&format!("[{{\"id\": \"a\", \"x\": {deep}}}]"), Format::Json), "read 1");
        let wrong = errors(&format!("{{\"id\": \"a\", \"city\": {deep}}}"), Format::Ndjson);
        assert_eq!(wrong, "users:1:21: field city: expected a string or null, found a list");
        let top = errors(&deep, Format::Json);
        assert!(top.contains("expected an object, found a list"), "{top}");
    }
}
