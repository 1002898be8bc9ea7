//! Where in the text of a record a value stands, found again from the way to it.
//!
//! Only faults need their place, so it is looked up afterwards and costs nothing before.

use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::row::Step;

/// A place in a record.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::directory::read) struct Place {
    /// Byte of the record's text.
    pub(in crate::directory::read) offset: usize,
    /// The names on the way as the text spells them: `assignedPlans[2].service`.
    pub(in crate::directory::read) path: String,
}

/// Follows `steps` into `text`, which is valid JSON. Ends where a step cannot be taken.
pub(in crate::directory::read) fn locate(text: &str, steps: &[Step]) -> Place {
    let mut here = text.trim_start();
    let mut path = String::new();
    for step in steps {
        let next = match *step {
            Step::Item(item) => serde_json::from_str::<Vec<&RawValue>>(here).ok().and_then(|items| {
                let _ = write!(path, "[{item}]");
                items.into_iter().nth(item)
            }),
            Step::Entry(entry) => serde_json::from_str::<Entries<'_>>(here).ok().and_then(|entries| {
                let (name, value) = entries.0.into_iter().nth(entry)?;
                append_name(&mut path, &name);
                Some(value)
            }),
        };
        let Some(next) = next else { break };
        here = next.get();
    }
    Place { offset: here.as_ptr().addr() - text.as_ptr().addr(), path }
}

/// Adds the name of a field inside to a path.
pub(in crate::directory::read) fn append_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(name);
}

/// The entries of an object in the order of the text, also those of one name.
struct Entries<'text>(Vec<(String, &'text RawValue)>);

impl<'text> Deserialize<'text> for Entries<'text> {
    fn deserialize<D: Deserializer<'text>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'text> Visitor<'text> for EntriesVisitor {
    type Value = Entries<'text>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'text>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = object.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_found_again() {
        let text = r#"  {"a": 1, "b" : [ {"c":2}, {"c":3,"c" : 4} ]}"#;
        let at = |steps: &[Step]| {
            let place = locate(text, steps);
            (place.path, text.get(place.offset..).unwrap().chars().take(2).collect::<String>())
        };
        assert_eq!(at(&[]), (String::new(), "{\"".to_owned()));
        assert_eq!(at(&[Step::Entry(0)]), ("a".to_owned(), "1,".to_owned()));
        let deep = [Step::Entry(1), Step::Item(1), Step::Entry(1)];
        assert_eq!(at(&deep), ("b[1].c".to_owned(), "4}".to_owned()));
        assert_eq!(at(&[Step::Entry(7)]), (String::new(), "{\"".to_owned()));
    }
}
