//! One record as it was read, before it becomes a user, a group or whatever else it is.

use std::sync::Arc;

use jiff::Timestamp;

/// The value of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Datum {
    /// No value.
    #[default]
    Null,
    /// A value that cannot be taken. A row with one does not leave the reader.
    Refused,
    Boolean(bool),
    Text(String),
    Instant(Timestamp),
    Texts(Vec<String>),
    Count(u64),
    Rows(Vec<Row>),
}

/// One record: the fields that it gives, each once, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    values: Vec<(Arc<str>, Datum)>,
}

impl Row {
    /// Adds a field that the row does not have yet.
    pub(crate) fn push(&mut self, name: Arc<str>, value: Datum) {
        self.values.push((name, value));
    }

    /// Whether the field has a value: not null, not an empty string.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(known, value)| {
            &**known == name
                && match value {
                    Datum::Null => false,
                    Datum::Text(text) => !text.is_empty(),
                    _ => true,
                }
        })
    }

    /// Takes the field out of the row; [`Datum::Null`] if it is not there.
    pub(crate) fn take(&mut self, name: &str) -> Datum {
        let found = self.values.iter_mut().find(|(known, _)| &**known == name);
        found.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }

    /// Takes a text out of the row.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name) {
            Datum::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes a text that the reader has made sure of out of the row.
    pub(crate) fn required_text(&mut self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// Takes a boolean out of the row.
    pub(crate) fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.take(name) {
            Datum::Boolean(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a whole number out of the row.
    pub(crate) fn count(&mut self, name: &str) -> Option<u64> {
        match self.take(name) {
            Datum::Count(value) => Some(value),
            _ => None,
        }
    }

    /// Takes a list of texts out of the row.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        match self.take(name) {
            Datum::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// Takes a list of records out of the row; empty if it is not there.
    pub(crate) fn rows(&mut self, name: &str) -> Vec<Row> {
        match self.take(name) {
            Datum::Rows(rows) => rows,
            _ => Vec::new(),
        }
    }
}

impl IntoIterator for Row {
    type Item = (Arc<str>, Datum);
    type IntoIter = std::vec::IntoIter<(Arc<str>, Datum)>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_once_and_an_empty_text_is_none() {
        let mut row = Row::default();
        row.push("id".into(), Datum::Text("ada".into()));
        row.push("city".into(), Datum::Text(String::new()));
        row.push("mail".into(), Datum::Null);
        assert_eq!(["id", "city", "mail", "state"].map(|name| row.has(name)), [true, false, false, false]);
        assert_eq!(row.boolean("none"), None);
        assert_eq!(row.text("id").as_deref(), Some("ada"));
        assert_eq!(row.text("id"), None);
    }
}
