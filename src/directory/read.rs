//! Reading the files of a tenant folder.
//!
//! A file becomes rows, of the fields that a shape lists; a row becomes a user, a group or whatever
//! else. Each format has its own way to rows; everything behind is shared.

mod change;
pub(in crate::directory) mod csv;
mod json;
mod object;
pub(in crate::directory) mod text;

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

pub use self::change::{
    ObjectChange, changes_from_str, changes_from_str_with, one_each, read_changes, read_changes_with,
};
pub(in crate::directory) use self::json::{Key, given_twice, split_documents};
pub use self::object::{ReadObject, objects_of, read_objects, read_objects_from_str};
pub(in crate::directory) use self::object::{objects_of_shape, value_of};
use super::error::{DataErrors, Fault, Faults};
use super::row::Row;
use super::shape::Shape;
use super::source::{Format, Source, position};
use crate::base::code;
use crate::base::fold::fold;

/// Turns a row into what it stands for; the second argument is its line. The row holds every field
/// that its shape demands.
pub(super) type Build<'build, T> = dyn Fn(Row, usize) -> T + Sync + 'build;

/// The id that no two values of a file may share.
pub(super) type IdOf<T> = fn(&T) -> &str;

/// Reads the rows of a file; `id` is the name of the field that tells them apart, and its value.
pub(super) fn read_rows<T: Send>(
    source: &Source<'_>,
    shape: &Shape<'_>,
    id: Option<(&str, IdOf<T>)>,
    build: &Build<'_, T>,
) -> Result<Vec<T>, DataErrors> {
    read_rows_checked(source, shape, id, build, |_| None)
}

/// The same, where `fault` finds what else is wrong with a value: the path of the field, and the message.
pub(super) fn read_rows_checked<T: Send>(
    source: &Source<'_>,
    shape: &Shape<'_>,
    id: Option<(&str, IdOf<T>)>,
    build: &Build<'_, T>,
    fault: fn(&T) -> Option<(String, String)>,
) -> Result<Vec<T>, DataErrors> {
    let mut read = match source.format() {
        Format::Ndjson => json::read_lines(source.text(), shape, build),
        Format::Json => json::read_documents(source.text(), shape, build),
        Format::Csv => csv::read(source.text(), shape, build),
    };
    if let Some((name, id)) = id {
        check_unique(source, &mut read, name, id);
    }
    for Placed { offset, value } in &read.values {
        match fault(value) {
            Some(_) if !read.faults.has_room() => read.faults.push_omitted(1),
            Some((field, message)) => {
                read.faults.push(Fault { code: &code::DUPLICATE_ID, offset: *offset, field, message });
            }
            None => {}
        }
    }
    DataErrors::none_of(source.errors(read.faults))?;
    Ok(read.values.into_iter().map(|placed| placed.value).collect())
}

/// What came of a file or a part of it.
struct Read<T> {
    values: Vec<Placed<T>>,
    faults: Faults,
}

impl<T> Read<T> {
    /// Puts parts together in their order.
    fn join(parts: Vec<Self>) -> Self {
        let length = parts.iter().map(|part| part.values.len()).sum();
        let mut joined = Self { values: Vec::with_capacity(length), faults: Faults::default() };
        for part in parts {
            joined.values.extend(part.values);
            joined.faults.append(part.faults);
        }
        joined
    }
}

/// A value and where its record begins.
struct Placed<T> {
    offset: usize,
    value: T,
}

fn check_unique<T>(source: &Source<'_>, read: &mut Read<T>, name: &str, id: IdOf<T>) {
    let mut seen: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(read.values.len());
    for &Placed { offset, ref value, .. } in &read.values {
        match seen.entry(fold(id(value))) {
            Entry::Vacant(free) => {
                free.insert(offset);
            }
            Entry::Occupied(_) if !read.faults.has_room() => read.faults.push_omitted(1),
            Entry::Occupied(first) => {
                let first = position(source.text(), *first.get());
                let (id, line, column) = (id(value), first.line, first.column);
                read.faults.push(Fault {
                    code: &code::DUPLICATE_ID,
                    offset,
                    field: name.to_owned(),
                    message: format!("`{id}` is taken by the object at line {line}, column {column}"),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::object::Value;
    use crate::language::attribute::{Attributes, Subject};

    fn read(text: &str, format: Format) -> Result<Vec<ReadObject>, String> {
        let attributes = Attributes::standard();
        read_objects_from_str("users", text, format, Subject::User, attributes).map_err(|it| it.to_string())
    }

    #[test]
    fn only_the_first_faults_are_listed() {
        let line = |user| format!("{{\"id\": \"{user}\", \"city\": {user}}}");
        let lines = (0..2_000).map(line).collect::<Vec<_>>().join("\n");
        let error = read(&lines, Format::Ndjson).unwrap_err();
        assert_eq!(error.lines().count(), 21);
        assert!(error.starts_with("users:1:21: field city: expected a string or null, found the number 0\n"));
        assert!(error.ends_with("\n… and 1980 more errors"), "{error}");
        let same = "{\"id\": \"a\"}\n".repeat(2_000);
        assert!(read(&same, Format::Ndjson).unwrap_err().ends_with("\n… and 1979 more errors"));
        let items = format!("{{\"id\": \"a\", \"otherMails\": [{}1]}}", "1,".repeat(999));
        assert!(read(&items, Format::Ndjson).unwrap_err().ends_with("\n… and 980 more errors"));
    }

    #[test]
    fn long_values_are_read_and_not_repeated() {
        let long = "x".repeat(5_000_000);
        let items = vec!["\"y\""; 1_000_000].join(",");
        let user = format!("{{\"id\": \"a\", \"city\": \"{long}\", \"otherMails\": [{items}]}}");
        let read_user = read(&user, Format::Ndjson).unwrap().remove(0).object;
        assert_eq!(read_user.get("city"), &Value::Text(long.clone()));
        assert!(matches!(read_user.get("otherMails"), Value::Texts(items) if items.len() == 1_000_000));
        let wrong = format!("{{\"id\": \"a\", \"accountEnabled\": \"{long}\"}}");
        assert!(read(&wrong, Format::Ndjson).unwrap_err().len() < 300);
    }

    fn formats() -> impl Strategy<Value = Format> {
        prop_oneof![Just(Format::Ndjson), Just(Format::Json), Just(Format::Csv)]
    }

    /// Pieces of data files, so that random texts come near to real ones.
    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\n",
            "\r\n",
            ";",
            "\\",
            "\\u",
            "d800",
            "id",
            "\"id\":",
            "\"a\"",
            "null",
            "true",
            "1e9",
            "-1",
            "city",
            "\"city\":",
            "\"value\":",
            "\"manager\":",
            "\"assignedPlans\":",
            "\"service\":",
            "employeeHireDate",
            "2026-01-01",
            "å",
            "\u{FEFF}",
            "\"onPremisesExtensionAttributes\":",
            "@removed",
            " ",
        ]);
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), format in formats()) {
            if let Ok(source) = Source::of_bytes("-", bytes, format) {
                let _ = objects_of(&source, Subject::User, Attributes::standard());
            }
        }

        #[test]
        fn pieces_of_data_never_panic_and_errors_have_a_place(text in pieces(), format in formats()) {
            let lines = text.trim_start_matches('\u{FEFF}').split('\n').map(|line| line.chars().count()).collect::<Vec<_>>();
            let attributes = Attributes::standard();
            if let Err(errors) = read_objects_from_str("-", &text, format, Subject::User, attributes) {
                for error in errors {
                    let Some(position) = error.position else { continue };
                    let length = lines.get(position.line - 1).copied();
                    prop_assert!(length.is_some_and(|length| position.column <= length + 1), "{error}");
                }
            }
        }
    }
}
