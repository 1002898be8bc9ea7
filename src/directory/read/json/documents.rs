//! What stands at the top of a JSON file: arrays, Graph pages and lone objects, one after the other.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::syntax_fault;
use crate::base::code;
use crate::directory::error::{Fault, Faults};

/// The texts of all records, and what is wrong around them.
pub(in crate::directory) fn split_documents(text: &str) -> (Vec<&str>, Faults) {
    let mut records = Vec::new();
    let mut faults = Faults::default();
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Document<'_>>();
    loop {
        let start = documents.byte_offset();
        let Some(document) = documents.next() else { break };
        let end = documents.byte_offset();
        match document {
            Ok(Document { kind: DocumentKind::List, items }) => {
                records.extend(items.into_iter().map(RawValue::get));
            }
            Ok(Document { kind: DocumentKind::Object, .. }) => {
                records.extend(text.get(start..end).map(str::trim_ascii));
            }
            Ok(Document { kind: DocumentKind::Scalar, .. }) => {
                let blanks = text.get(start..).map_or(0, |rest| rest.len() - rest.trim_start().len());
                faults.push(Fault {
                    code: &code::DATA_SYNTAX,
                    offset: start + blanks,
                    field: String::new(),
                    message: "expected a list of objects or a Graph page".to_owned(),
                });
            }
            Err(error) => {
                faults.push(syntax_fault(text, 0, &error, false));
                // What stands before the fault is read all the same, for the faults in it.
                let rest = text.get(start..).unwrap_or_default();
                let mut broken = Document::default();
                let _ = broken.fill(&mut serde_json::Deserializer::from_str(rest));
                records.extend(broken.items.into_iter().map(RawValue::get));
                break;
            }
        }
    }
    (records, faults)
}

/// Whether `text`, which is valid JSON, is an object around a list of records.
pub(super) fn is_page(text: &str) -> bool {
    let document = serde_json::from_str::<Document<'_>>(text);
    text.trim_start().starts_with('{')
        && document.is_ok_and(|document| matches!(document.kind, DocumentKind::List))
}

/// One array, page, object or something else at the top of a file.
#[derive(Default)]
struct Document<'text> {
    kind: DocumentKind,
    /// The items of the array or page.
    items: Vec<&'text RawValue>,
}

#[derive(Default)]
enum DocumentKind {
    /// An array, or a page around one.
    List,
    /// An object that is no page.
    Object,
    #[default]
    Scalar,
}

impl<'text> Document<'text> {
    fn fill<D: Deserializer<'text>>(&mut self, json: D) -> Result<(), D::Error> {
        Items { document: self, at_top: true }.deserialize(json)
    }
}

impl<'text> Deserialize<'text> for Document<'text> {
    fn deserialize<D: Deserializer<'text>>(json: D) -> Result<Self, D::Error> {
        let mut document = Self::default();
        document.fill(json)?;
        Ok(document)
    }
}

/// Collects the items of an array, or of the array `value` of an object. The items that were read
/// before a fault stay.
struct Items<'document, 'text> {
    document: &'document mut Document<'text>,
    /// Whether an object would be a page; inside of one it is not.
    at_top: bool,
}

impl<'text> DeserializeSeed<'text> for Items<'_, 'text> {
    type Value = ();

    fn deserialize<D: Deserializer<'text>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'text> Visitor<'text> for Items<'_, 'text> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of objects")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'text>>(self, mut list: A) -> Result<(), A::Error> {
        self.document.kind = DocumentKind::List;
        while let Some(item) = list.next_element()? {
            self.document.items.push(item);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'text>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(name) = object.next_key::<Cow<'_, str>>()? {
            if name == "value" && self.at_top {
                object.next_value_seed(Items { document: self.document, at_top: false })?;
            } else {
                object.next_value::<IgnoredAny>()?;
            }
        }
        // An object is a page if its `value` was an array, which may be empty.
        if !matches!(self.document.kind, DocumentKind::List) {
            self.document.kind = DocumentKind::Object;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> (Vec<&str>, usize) {
        let (records, faults) = split_documents(text);
        (records, faults.into_first().0.len())
    }

    #[test]
    fn arrays_pages_and_objects_may_follow_each_other() {
        assert_eq!(
            records("[1, {}]\n{\"@odata.count\": 1, \"value\": [2]}{\"id\": 3}"),
            (vec!["1", "{}", "2", "{\"id\": 3}"], 0)
        );
        assert_eq!(records("{\"value\": []}"), (vec![], 0));
        assert_eq!(records("{\"value\": 5}"), (vec!["{\"value\": 5}"], 0));
        let nested = "{\"value\": {\"value\": [1]}}";
        assert_eq!(records(nested), (vec![nested], 0));
    }

    #[test]
    fn what_stands_before_a_fault_is_kept() {
        assert_eq!(records("[1, 2, }"), (vec!["1", "2"], 1));
        assert_eq!(records("[1] {\"value\": [2, 3"), (vec!["1", "2", "3"], 1));
        assert_eq!(records("[1], [2]"), (vec!["1"], 1));
        assert_eq!(records("5 [1]"), (vec!["1"], 1));
    }
}
