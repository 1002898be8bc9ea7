//! What the names in a JSON file stand for, looked up once for each spelling.

use std::collections::HashMap;
use std::sync::Arc;

use crate::directory::shape::{Field, FieldKind, Found, REFERENCE, Shape};

/// The names that one worker has met so far.
///
/// An object that holds fields of its record, such as `onPremisesExtensionAttributes`, is a level; so
/// is a record, and each kind of record inside it.
pub(super) struct Names<'shape> {
    levels: Vec<Level<'shape>>,
    slots: Vec<Slot>,
    spellings: Vec<Box<str>>,
}

/// The names that occurred in one kind of object.
struct Level<'shape> {
    shape: &'shape Shape<'shape>,
    /// The level that stands for the whole record: this one or one around it.
    record: usize,
    /// The path from the record to here, with a dot at its end.
    prefix: String,
    keys: HashMap<Box<str>, Known>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum Known {
    Ignored,
    Container {
        level: usize,
    },
    Field(KnownField),
    /// A field, and another one that licensing reads under the same name.
    Both(KnownField, KnownField),
}

/// A field under one of its names.
#[derive(Clone, Copy)]
pub(super) struct KnownField {
    slot: usize,
    spelling: usize,
    pub(super) kind: FieldKind,
    /// The level of the records inside.
    pub(super) inner: Option<usize>,
}

/// One field of one kind of record.
struct Slot {
    record: usize,
    name: Arc<str>,
    /// The number of the last row that gave it, and how it was spelled there.
    given: (u64, usize),
}

impl<'shape> Names<'shape> {
    /// The names of the records of `shape`, which become level 0.
    pub(super) fn new(shape: &'shape Shape<'shape>) -> Self {
        let mut names = Self { levels: Vec::new(), slots: Vec::new(), spellings: Vec::new() };
        names.add_record_level(shape);
        names
    }

    /// What `key` stands for in an object of `level`.
    pub(super) fn known(&mut self, level: usize, key: &str) -> Known {
        let known = self.levels.get(level).and_then(|level| level.keys.get(key)).copied();
        known.unwrap_or_else(|| self.learn(level, key))
    }

    /// The name under which rows hold a field.
    pub(super) fn name(&self, field: KnownField) -> Option<Arc<str>> {
        self.slots.get(field.slot).map(|slot| Arc::clone(&slot.name))
    }

    /// What stands before the names of a level, with the dot behind it.
    pub(super) fn prefix(&self, level: usize) -> &str {
        self.levels.get(level).map(|level| level.prefix.as_str()).unwrap_or_default()
    }

    /// The shape of the records of a level.
    pub(super) fn shape(&self, level: usize) -> Option<&'shape Shape<'shape>> {
        self.levels.get(level).map(|level| level.shape)
    }

    /// Notes that row number `row` gives the field. If it did before, hands back both spellings, paths
    /// as in the file, the earlier one first.
    pub(super) fn give(&mut self, field: KnownField, row: u64) -> Option<(&str, &str)> {
        let slot = self.slots.get_mut(field.slot)?;
        let (earlier_row, earlier) = std::mem::replace(&mut slot.given, (row, field.spelling));
        (earlier_row == row).then(|| (self.spelling(earlier), self.spelling(field.spelling)))
    }

    fn spelling(&self, spelling: usize) -> &str {
        self.spellings.get(spelling).map(|path| &**path).unwrap_or_default()
    }

    fn learn(&mut self, level: usize, key: &str) -> Known {
        let Some(Level { shape, record, prefix, .. }) = self.levels.get(level) else { return Known::Ignored };
        let (shape, record, path) = (*shape, *record, format!("{prefix}{key}"));
        let known = match shape.find_both(&path) {
            (Found::Field(field), Some(licensing)) => {
                Known::Both(self.field(record, &field, &path), self.field(record, &licensing, &path))
            }
            (Found::Field(field), None) | (_, Some(field)) => Known::Field(self.field(record, &field, &path)),
            (Found::Unknown, None) => Known::Ignored,
            (Found::Container, None) => {
                let prefix = format!("{path}.");
                self.levels.push(Level { shape, record, prefix, keys: HashMap::new() });
                Known::Container { level: self.levels.len() - 1 }
            }
        };
        if let Some(level) = self.levels.get_mut(level) {
            level.keys.insert(key.into(), known);
        }
        known
    }

    fn field(&mut self, record: usize, field: &Field, path: &str) -> KnownField {
        let inner = match field.kind {
            FieldKind::Rows(shape) => Some(self.add_record_level(shape)),
            FieldKind::Licensing(list) => Some(self.add_record_level(list.shape())),
            FieldKind::Reference => Some(self.add_record_level(&REFERENCE)),
            _ => None,
        };
        let slot = self.slot(record, &field.name);
        self.spellings.push(path.into());
        KnownField { slot, spelling: self.spellings.len() - 1, kind: field.kind, inner }
    }

    fn slot(&mut self, record: usize, name: &str) -> usize {
        let known = self.slots.iter().position(|slot| slot.record == record && *slot.name == *name);
        known.unwrap_or_else(|| {
            // A name of its own for this worker: workers that share the counter of a name slow each
            // other down.
            self.slots.push(Slot { record, name: name.into(), given: (0, 0) });
            self.slots.len() - 1
        })
    }

    fn add_record_level(&mut self, shape: &'shape Shape<'shape>) -> usize {
        let record = self.levels.len();
        self.levels.push(Level { shape, record, prefix: String::new(), keys: HashMap::new() });
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::shape::ASSIGNED_PLAN;

    static ROOT: std::sync::LazyLock<Shape<'static>> = std::sync::LazyLock::new(|| {
        Shape::new([("units.enabled", FieldKind::Count), ("plans", FieldKind::Rows(&ASSIGNED_PLAN))])
    });

    #[test]
    fn two_spellings_of_a_field_share_its_slot_within_a_row() {
        let mut names = Names::new(&ROOT);
        let Known::Container { level } = names.known(0, "UNITS") else { panic!("a container") };
        let Known::Field(inside) = names.known(level, "Enabled") else { panic!("a field") };
        let Known::Field(dotted) = names.known(0, "units.enabled") else { panic!("a field") };
        assert_eq!(names.give(inside, 1), None);
        assert_eq!(names.give(dotted, 1), Some(("UNITS.Enabled", "units.enabled")));
        assert_eq!(names.give(dotted, 2), None);
        assert_eq!(names.name(dotted).as_deref(), Some("units.enabled"));
        assert!(matches!(names.known(0, "Enabled"), Known::Ignored));
    }

    #[test]
    fn records_inside_have_names_of_their_own() {
        let mut names = Names::new(&ROOT);
        let Known::Field(plans) = names.known(0, "plans") else { panic!("a field") };
        let inner = plans.inner.unwrap();
        assert!(matches!(names.known(inner, "service"), Known::Field(_)));
        assert!(matches!(names.known(inner, "plans"), Known::Ignored));
        assert!(matches!(names.known(0, "service"), Known::Ignored));
    }
}
