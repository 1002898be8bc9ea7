//! One JSON object into one row, in a single pass over the text and without a tree between.
//!
//! A wrong value does not end the pass: it is noted with the way to it, and reading goes on.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::key::Key;
use super::names::{Known, KnownField, Names};
use super::value::{Reading, Want, read_raw, read_value};
use crate::base::limits::DATA_ERRORS_PER_FILE_MAX;
use crate::directory::row::{Datum, Row};
use crate::directory::shape::{FieldKind, Shape};

/// One step of the way from a record to a value in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::directory::read) enum Step {
    /// The value of the n-th entry of an object, from 0.
    Entry(usize),
    /// The n-th item of a list, from 0.
    Item(usize),
}

/// A value that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::directory::read) struct RowFault {
    /// The way to it; for a missing field the way to where it is missing.
    pub(in crate::directory::read) steps: Vec<Step>,
    /// The name of the field that is missing there.
    pub(in crate::directory::read) missing: Option<&'static str>,
    pub(in crate::directory::read) message: String,
}

/// What came of one record or value.
#[derive(Debug)]
pub(in crate::directory::read) enum Outcome<T> {
    Read(T),
    /// The first faults, and how many more there are.
    Faults(Vec<RowFault>, usize),
    Syntax(serde_json::Error),
}

/// Reads the records of one shape. It remembers what the names in the file stand for, so it is kept
/// for many records; each worker has its own.
pub(in crate::directory::read) struct RowReader<'shape> {
    pub(super) names: Names<'shape>,
    rows: u64,
    pub(super) steps: Vec<Step>,
    faults: Vec<RowFault>,
    faults_omitted: usize,
}

impl<'shape> RowReader<'shape> {
    pub(in crate::directory::read) fn new(shape: &'shape Shape<'shape>) -> Self {
        Self { names: Names::new(shape), rows: 0, steps: Vec::new(), faults: Vec::new(), faults_omitted: 0 }
    }

    /// Reads `text`, which should be one JSON object.
    pub(super) fn read_record(&mut self, text: &str) -> Outcome<Row> {
        let mut row = Row::default();
        let result = self.read(Want::Record { level: 0, row: &mut row }, text);
        self.outcome(result.map(|_| row))
    }

    /// Reads `text`, which should be the JSON of a field of `kind`. The reader's shape is that of the
    /// records inside.
    pub(in crate::directory::read) fn read_field(&mut self, kind: FieldKind, text: &str) -> Outcome<Datum> {
        let result = self.read(Want::Field { kind, inner: Some(0) }, text);
        self.outcome(result)
    }

    fn read(&mut self, want: Want<'_>, text: &str) -> serde_json::Result<Datum> {
        self.steps.clear();
        self.faults.clear();
        self.faults_omitted = 0;
        let mut json = serde_json::Deserializer::from_str(text);
        let datum = Reading { reader: self, want }.deserialize(&mut json)?;
        json.end()?;
        Ok(datum)
    }

    fn outcome<T>(&mut self, result: serde_json::Result<T>) -> Outcome<T> {
        match result {
            Err(error) => Outcome::Syntax(error),
            Ok(read) if self.faults.is_empty() => Outcome::Read(read),
            Ok(_) => Outcome::Faults(std::mem::take(&mut self.faults), self.faults_omitted),
        }
    }

    /// How many faults were found so far.
    pub(super) fn faults(&self) -> usize {
        self.faults.len() + self.faults_omitted
    }

    pub(super) fn fault(&mut self, missing: Option<&'static str>, message: impl FnOnce() -> String) {
        if self.faults.len() < DATA_ERRORS_PER_FILE_MAX {
            self.faults.push(RowFault { steps: self.steps.clone(), missing, message: message() });
        } else {
            self.faults_omitted += 1;
        }
    }

    pub(super) fn wrong(&mut self, expected: &str, found: impl fmt::Display) -> Datum {
        self.fault(None, || format!("expected {expected}, found {found}"));
        Datum::Refused
    }

    fn check_required(&mut self, level: usize, row: &Row) {
        let Some(shape) = self.names.shape(level) else { return };
        for (name, spelling) in shape.required() {
            if !row.has(name) {
                self.fault(Some(spelling), || "a value is missing".to_owned());
            }
        }
    }
}

/// The message for two names of one field in one record.
pub(in crate::directory) fn given_twice(first: &str, second: &str) -> String {
    if first == second {
        format!("`{first}` is given twice")
    } else {
        format!("`{first}` and `{second}` are one field, and both are given")
    }
}

/// Reads the entries of a whole record.
pub(super) fn record<'de, A: MapAccess<'de>>(
    reader: &mut RowReader<'_>,
    level: usize,
    object: A,
    row: &mut Row,
) -> Result<(), A::Error> {
    reader.rows += 1;
    let number = reader.rows;
    entries(reader, level, number, object, row)?;
    reader.check_required(level, row);
    Ok(())
}

/// Notes that a row gives a field, which it may do once.
fn give(reader: &mut RowReader<'_>, field: KnownField, number: u64) {
    if let Some(message) = reader.names.give(field, number).map(|(a, b)| given_twice(a, b)) {
        reader.fault(None, || message);
    }
}

fn push(reader: &RowReader<'_>, field: KnownField, row: &mut Row, value: Datum) {
    if let Some(name) = reader.names.name(field) {
        row.push(name, value);
    }
}

/// Reads the entries of an object into row number `number`.
pub(super) fn entries<'de, A: MapAccess<'de>>(
    reader: &mut RowReader<'_>,
    level: usize,
    number: u64,
    mut object: A,
    row: &mut Row,
) -> Result<(), A::Error> {
    let mut entry = 0;
    while let Some(known) = object.next_key_seed(Key(|name: &str| reader.names.known(level, name)))? {
        reader.steps.push(Step::Entry(entry));
        match known {
            Known::Ignored => {
                object.next_value::<IgnoredAny>()?;
            }
            Known::Container { level } => {
                object.next_value_seed(Reading { reader, want: Want::Container { level, number, row } })?;
            }
            Known::Field(field) => {
                give(reader, field, number);
                let value = read_value(reader, field, &mut object)?;
                push(reader, field, row, value);
            }
            Known::Both(field, licensing) => {
                let json: &RawValue = object.next_value()?;
                for field in [field, licensing] {
                    give(reader, field, number);
                    let value = read_raw(reader, field, json);
                    push(reader, field, row, value);
                }
            }
        }
        reader.steps.pop();
        entry += 1;
    }
    Ok(())
}
