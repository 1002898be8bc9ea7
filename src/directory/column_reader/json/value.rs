//! One JSON value into its column. Whatever is not as it should be ends the reading.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::RecordReader;
use super::names::{Known, Names};
use crate::directory::column_reader::builder::SlotBuilder;
use crate::directory::column_reader::stop::Stop;
use crate::directory::license_fields::{ConflictSeed, LicensingList};
use crate::directory::read::{Key, text};
use crate::directory::shape::FieldKind;
use crate::directory::user_licenses::{EntriesSeed, canonical};
use crate::language::attribute::PlanField;

/// What is to be read next.
#[derive(Clone, Copy)]
pub(super) enum Want {
    /// A whole record.
    Record,
    /// An object with fields of the record.
    Container(usize),
    /// The value of a field.
    Field { slot: usize, kind: FieldKind },
    /// A string in a list.
    Item(usize),
    /// An id in a list, or an object, which is passed over.
    Id(usize),
    /// A string in a list, of which only the first one is kept.
    Passed,
    /// A service plan.
    Plan(usize),
    /// A field of a service plan.
    PlanField(usize, PlanField),
    /// The id in an object that stands for a reference to it.
    ReferenceId(usize),
}

/// Reads one value, whatever it is.
pub(super) struct Reading<'reader, 'layout> {
    pub(super) reader: &'reader mut RecordReader<'layout>,
    pub(super) want: Want,
}

impl Reading<'_, '_> {
    /// Adds a value to the column of a slot.
    fn push<E: Error>(
        self,
        slot: usize,
        push: impl FnOnce(&mut SlotBuilder) -> Result<(), Stop>,
    ) -> Result<(), E> {
        let pushed = self.reader.builders.slot(slot).and_then(push);
        pushed.map_err(|stop| self.reader.stopped(stop))
    }

    fn refused<E: Error>(self) -> E {
        self.reader.stopped(Stop::Refused)
    }
}

impl RecordReader<'_> {
    /// Notes why the reading ends. The parser's own error says nothing to anybody.
    fn stopped<E: Error>(&mut self, stop: Stop) -> E {
        self.stop = Some(stop);
        E::custom("")
    }
}

impl<'de> DeserializeSeed<'de> for Reading<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("another value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match self.want {
            Want::Field { slot, kind: FieldKind::Boolean } => {
                self.push(slot, |slot| slot.push_boolean(value))
            }
            Want::Field { slot, kind: FieldKind::Mark } if value => {
                self.push(slot, |slot| slot.push_boolean(true))
            }
            Want::Field { slot, kind: FieldKind::Mark } => self.push_null(slot),
            _ => Err(self.refused()),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        match self.want {
            Want::Field { slot, kind } => match kind {
                FieldKind::Text | FieldKind::FirstText | FieldKind::Reference => {
                    self.push(slot, |slot| slot.push_text(value))
                }
                FieldKind::Date => match text::instant(value) {
                    Ok(instant) => self.push(slot, |slot| slot.push_instant(instant)),
                    Err(_) => Err(self.refused()),
                },
                _ => Err(self.refused()),
            },
            Want::Item(slot) | Want::Id(slot) => self.push(slot, |slot| slot.push_item(value)),
            Want::PlanField(slot, field) => self.push(slot, |slot| slot.plans()?.push(field, Some(value))),
            Want::ReferenceId(slot) if !value.is_empty() => self.push(slot, |slot| slot.push_text(value)),
            Want::Passed => Ok(()),
            _ => Err(self.refused()),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.want {
            Want::Field { slot, .. } => self.push_null(slot),
            Want::PlanField(slot, field) => self.push(slot, |slot| slot.plans()?.push(field, None)),
            Want::Container(_) => Ok(()),
            _ => Err(self.refused()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Want::Field { slot, kind } = self.want else { return Err(self.refused()) };
        let want = match kind {
            FieldKind::Texts => Want::Item(slot),
            FieldKind::Ids => Want::Id(slot),
            FieldKind::Rows(_) => Want::Plan(slot),
            FieldKind::FirstText => return self.first_text(slot, list),
            _ => return Err(self.refused()),
        };
        // A list that is given a second time must not add to the first one.
        let reader = self.reader;
        reader.builders.slot(slot).map(drop).map_err(|stop| reader.stopped(stop))?;
        while list.next_element_seed(Reading { reader, want })?.is_some() {}
        Reading { reader, want }.push(slot, SlotBuilder::end_items)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
        match self.want {
            Want::Record => entries(self.reader, Names::RECORD, None, object),
            Want::Container(level) => entries(self.reader, level, None, object),
            Want::Plan(slot) => {
                entries(self.reader, Names::PLAN, Some(slot), object)?;
                self.push(slot, |slot| {
                    slot.plans()?.end_plan();
                    Ok(())
                })
            }
            Want::Field { slot, kind: FieldKind::Reference } => {
                entries(self.reader, Names::REFERENCE, Some(slot), object)?;
                // An object without id has added nothing, so the slot still takes a value.
                match self.reader.builders.slot(slot) {
                    Ok(_) => Err(self.refused()),
                    Err(_) => Ok(()),
                }
            }
            Want::Field { slot, kind: FieldKind::Mark } => {
                skip(object)?;
                self.push(slot, |slot| slot.push_boolean(true))
            }
            Want::Id(_) => skip(object),
            _ => Err(self.refused()),
        }
    }
}

impl Reading<'_, '_> {
    fn push_null<E: Error>(self, slot: usize) -> Result<(), E> {
        self.push(slot, |slot| {
            slot.push_null();
            Ok(())
        })
    }

    /// Reads a list of which the first string counts.
    fn first_text<'de, A: SeqAccess<'de>>(self, slot: usize, mut list: A) -> Result<(), A::Error> {
        let reader = self.reader;
        let want = Want::Field { slot, kind: FieldKind::Text };
        let first = list.next_element::<Cow<'de, str>>()?;
        while list.next_element_seed(Reading { reader, want: Want::Passed })?.is_some() {}
        match first {
            Some(first) => Reading { reader, want }.visit_str(&first),
            None => Reading { reader, want }.push_null(slot),
        }
    }
}

/// Reads the entries of an object. `slot` is the column of the plan or reference that it stands for.
fn entries<'de, A: MapAccess<'de>>(
    reader: &mut RecordReader<'_>,
    level: usize,
    slot: Option<usize>,
    mut object: A,
) -> Result<(), A::Error> {
    reader.names.begin(level);
    while let Some(known) = object.next_key_seed(Key(|name: &str| reader.names.known(level, name)))? {
        let want = match (known, slot) {
            (Known::Field { slot, kind: FieldKind::Extension }, _) => {
                extension(reader, slot, object.next_value()?)?;
                continue;
            }
            (Known::Field { slot, kind }, _) => Want::Field { slot, kind },
            (Known::Licensing { slot, kind, also }, _) => {
                licensing(reader, (slot, kind), also, &mut object)?;
                continue;
            }
            (Known::Container(level), _) => Want::Container(level),
            (Known::Plan(field), Some(slot)) => Want::PlanField(slot, field),
            (Known::ReferenceId, Some(slot)) => Want::ReferenceId(slot),
            (Known::Ignored | Known::Plan(_) | Known::ReferenceId, _) => {
                object.next_value::<IgnoredAny>()?;
                continue;
            }
        };
        object.next_value_seed(Reading { reader, want })?;
    }
    Ok(())
}

/// A directory extension: its text as it is written, so that no digit of a number is lost.
fn extension<E: Error>(reader: &mut RecordReader<'_>, slot: usize, json: &RawValue) -> Result<(), E> {
    let reading = Reading { reader, want: Want::Field { slot, kind: FieldKind::Text } };
    match json.get().as_bytes() {
        [b'"', ..] => match serde_json::from_str::<Cow<'_, str>>(json.get()) {
            Ok(text) => reading.visit_str(&text),
            Err(_) => Err(reading.refused()),
        },
        [b'{', ..] => Err(reading.refused()),
        [b'[' | b'n', ..] => reading.push_null(slot),
        _ => reading.visit_str(json.get()),
    }
}

/// What licensing reads under a name, and the field that has the same name.
fn licensing<'de, A: MapAccess<'de>>(
    reader: &mut RecordReader<'_>,
    (slot, kind): (usize, FieldKind),
    also: Option<(usize, FieldKind)>,
    object: &mut A,
) -> Result<(), A::Error> {
    let Some((field_slot, field_kind)) = also else {
        return object.next_value_seed(OfLicensing { reader, slot, kind });
    };
    let json: &RawValue = object.next_value()?;
    if let FieldKind::Extension = field_kind {
        extension(reader, field_slot, json)?;
    } else {
        let want = Want::Field { slot: field_slot, kind: field_kind };
        let read = Reading { reader: &mut *reader, want }.deserialize(&mut of_raw(json));
        read.map_err(A::Error::custom)?;
    }
    OfLicensing { reader, slot, kind }.deserialize(&mut of_raw(json)).map_err(A::Error::custom)
}

fn of_raw(json: &RawValue) -> serde_json::Deserializer<serde_json::de::StrRead<'_>> {
    serde_json::Deserializer::from_str(json.get())
}

/// Reads a value for licensing into its column.
struct OfLicensing<'reader, 'layout> {
    reader: &'reader mut RecordReader<'layout>,
    slot: usize,
    kind: FieldKind,
}

impl<'de> DeserializeSeed<'de> for OfLicensing<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        let Self { reader, slot, kind } = self;
        let entries = match kind {
            FieldKind::Licensing(LicensingList::States) => EntriesSeed::STATES.deserialize(json)?,
            FieldKind::Licensing(LicensingList::Licenses) => EntriesSeed::LICENSES.deserialize(json)?,
            FieldKind::Licensing(LicensingList::ProvisioningErrors) => {
                let conflict = ConflictSeed.deserialize(json)?;
                let reading = Reading { reader, want: Want::Field { slot, kind } };
                return match conflict {
                    Some(conflict) => reading.push(slot, |slot| slot.push_boolean(conflict)),
                    None => reading.push_null(slot),
                };
            }
            _ => return Reading { reader, want: Want::Field { slot, kind } }.deserialize(json),
        };
        let mut text = std::mem::take(&mut reader.licenses);
        text.clear();
        let is_null = entries.is_none();
        if canonical(entries.unwrap_or_default(), &mut text).is_err() {
            return Err(reader.stopped(Stop::Refused));
        }
        let reading = Reading { reader: &mut *reader, want: Want::Field { slot, kind } };
        let pushed =
            if is_null { reading.push_null(slot) } else { reading.push(slot, |slot| slot.push_text(&text)) };
        reader.licenses = text;
        pushed
    }
}

fn skip<'de, A: MapAccess<'de>>(mut object: A) -> Result<(), A::Error> {
    while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
