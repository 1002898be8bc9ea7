//! Which columns of a Parquet file are read, and how.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};

use super::Fault;
use super::types::{Reading, Way, leaf_count, reading, type_words};
use crate::base::code;
use crate::directory::column_reader::DataFile;
use crate::directory::read::given_twice;
use crate::directory::shape::{self, FieldKind, Found, Shape};
use crate::language::attribute::{Attribute, Attributes, Subject};

/// A column that is read.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The slot that it fills.
    pub(super) slot: usize,
    pub(super) kind: FieldKind,
    pub(super) way: Way,
    /// The name as the file spells it, parts joined by dots.
    pub(super) path: String,
    /// The fields to follow from the top to the values.
    pub(super) steps: Vec<String>,
    /// The leaves to read, counted over the whole file.
    pub(super) leaves: Vec<usize>,
}

/// Looks for the columns that are wanted. `is_uuid` says which leaves are marked as UUIDs.
pub(super) fn find(
    schema: &Schema,
    is_uuid: &dyn Fn(usize) -> bool,
    file: &DataFile<'_>,
) -> Result<Vec<Wanted>, Vec<Fault>> {
    let mut search = Search { file, is_uuid, found: Vec::new(), faults: Vec::new(), leaf: 0 };
    for field in schema.fields() {
        search.visit(field, &[]);
    }
    if search.faults.is_empty() {
        search.require();
    }
    if search.faults.is_empty() { Ok(search.found) } else { Err(search.faults) }
}

/// The attributes for which a file has columns.
pub(super) fn attributes_of(
    schema: &Schema,
    shape: &Shape<'_>,
    subject: Subject,
    attributes: &Attributes,
) -> Vec<Arc<Attribute>> {
    let mut found = Vec::new();
    let mut open: Vec<(String, &Field)> =
        schema.fields().iter().map(|field| (field.name().clone(), field.as_ref())).collect();
    while let Some((path, field)) = open.pop() {
        match (shape.find(&path), field.data_type()) {
            (Found::Field(field), _) => found.extend(attributes.find(subject, &field.name)),
            (Found::Container, DataType::Struct(fields)) => {
                open.extend(fields.iter().map(|inner| (format!("{path}.{}", inner.name()), inner.as_ref())));
            }
            (Found::Container | Found::Unknown, _) => {}
        }
    }
    found
}

struct Search<'file> {
    file: &'file DataFile<'file>,
    is_uuid: &'file dyn Fn(usize) -> bool,
    found: Vec<Wanted>,
    faults: Vec<Fault>,
    /// The first leaf of the next column.
    leaf: usize,
}

impl Search<'_> {
    /// Looks at a column and, if it holds fields of the object, at what is inside.
    fn visit(&mut self, field: &Field, around: &[String]) {
        let first_leaf = self.leaf;
        self.leaf += leaf_count(field.data_type());
        let mut steps = around.to_vec();
        steps.push(field.name().clone());
        let path = steps.join(".");
        let (found, licensing) = self.file.plan.shape.find_both(&path);
        if let Some(licensing) = licensing
            && let Some(slot) = self.file.plan.layout.slot(&licensing)
        {
            self.take(&licensing, slot, field.data_type(), steps.clone(), first_leaf);
        }
        match (found, field.data_type()) {
            (Found::Container, DataType::Struct(fields)) => {
                self.leaf = first_leaf;
                for field in fields {
                    self.visit(field, &steps);
                }
            }
            (Found::Container, column) if self.holds_wanted(&path) && *column != DataType::Null => {
                self.faults.push(fault(&path, expected("an object or null", column)));
            }
            (Found::Field(found), column) => {
                if let Some(slot) = self.file.plan.layout.slot(&found) {
                    self.take(&found, slot, column, steps, first_leaf);
                }
            }
            (Found::Container | Found::Unknown, _) => {}
        }
    }

    fn take(
        &mut self,
        found: &shape::Field,
        slot: usize,
        column: &DataType,
        mut steps: Vec<String>,
        first_leaf: usize,
    ) {
        let path = steps.join(".");
        if let Some(first) = self.found.iter().find(|other| other.slot == slot) {
            let message = given_twice(&first.path, &path);
            self.faults.push(fault(&path, message));
            return;
        }
        let reading = reading(found.kind, column).map(|mut reading| {
            reading.leaves.iter_mut().for_each(|leaf| *leaf += first_leaf);
            reading
        });
        let is_uuid = |leaf: &usize| (self.is_uuid)(*leaf);
        match reading.filter(|reading| reading.way != Way::TextOfUuid || reading.leaves.iter().all(is_uuid)) {
            None => {
                let words = match found.kind {
                    FieldKind::Licensing(_) => {
                        "a list of objects whose fields are text as in Graph, JSON as text, or null"
                    }
                    kind => kind.words(),
                };
                self.faults.push(fault(&path, expected(words, column)));
            }
            Some(Reading { way, inside, leaves }) => {
                steps.extend(inside);
                self.found.push(Wanted { slot, kind: found.kind, way, path, steps, leaves });
            }
        }
    }

    /// Asks for the columns that have to be there.
    fn require(&mut self) {
        for (name, spelling) in self.file.plan.shape.required() {
            let slots = self.file.plan.layout.slots();
            let is_there = |wanted: &Wanted| slots.get(wanted.slot).is_some_and(|slot| *slot.name == *name);
            if !self.found.iter().any(is_there) {
                self.faults.push(fault("", format!("the file has no column `{spelling}`")));
            }
        }
    }

    /// Whether an attribute that is wanted lies inside of the object at `path`.
    fn holds_wanted(&self, path: &str) -> bool {
        let inside = |name: &str| {
            let rest = name.get(path.len()..).is_some_and(|rest| rest.starts_with('.'));
            rest && name.get(..path.len()).is_some_and(|start| start.eq_ignore_ascii_case(path))
        };
        self.file.plan.layout.slots().iter().any(|slot| {
            let attribute = self.file.plan.attributes.find(self.file.plan.subject, &slot.name);
            attribute.is_some_and(|attribute| inside(&attribute.name) || inside(&attribute.graph_name))
        })
    }
}

fn fault(path: &str, message: String) -> Fault {
    Fault::column(&code::DATA_FIELD, path, message)
}

fn expected(words: &str, column: &DataType) -> String {
    format!("expected {words}, found a column of type {}", type_words(column))
}
