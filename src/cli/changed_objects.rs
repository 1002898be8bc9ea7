//! Changed users or devices against what the state holds of them: as they were, as they are, and the stored
//! attributes brought up to date.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use arrow_array::StringArray;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::failure::Failure;
use super::loaded::{now_read, too_many};
use super::settings::Settings;
use crate::directory::column_reader::Wanted;
use crate::directory::column_reader::stored::{NO_ROW, StoredColumns, StoredFault, StoredName};
use crate::directory::license_fields::Licensing;
use crate::directory::object::{Object, Value};
use crate::directory::read::{ObjectChange, changes_from_str_with, one_each, read_changes_with};
use crate::directory::source::Format;
use crate::language::attribute::Subject;
use crate::membership::changed::ChangedObject;
use crate::membership::register::{Holder, Position, Register, SEGMENT_ORDINALS};
use crate::membership::roster::{Ordinal, RowIds};
use crate::store::{SegmentBytes, Session, rows_of_segment};

/// The changes of the files of one kind of object.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) subject: Subject,
    pub(super) holder: Holder,
    pub(super) changes: Vec<ObjectChange>,
    /// At the same places the ordinals.
    pub(super) ordinals: Vec<Ordinal>,
    /// Ids that were deleted and that nobody has heard of.
    pub(super) strangers: Vec<String>,
}

impl Told {
    /// Reads the files, in their order, and gives ordinals to new objects.
    pub(super) fn read(
        subject: Subject,
        paths: &[PathBuf],
        settings: &Settings,
        register: &mut Register,
    ) -> Result<Self, Failure> {
        let holder = holder_of(subject);
        let mut told = Vec::new();
        for path in paths {
            if !path.exists() {
                return Err(Failure::file(path, "read", &std::io::ErrorKind::NotFound.into()));
            }
            told.extend(read_changes_with(path, subject, &settings.attributes, Licensing::Read)?);
        }
        let (changes, strangers): (Vec<_>, Vec<_>) = one_each(told)
            .into_iter()
            .partition(|change| !change.removed || register.find_known(holder, &change.id).is_some());
        let ids = StringArray::from_iter_values(changes.iter().map(|change| &change.id));
        let positions = register.place(holder, &ids).ok_or_else(too_many)?;
        let ordinals = positions.into_iter().map(|position| register.ordinal(holder, position));
        let ordinals = ordinals.collect::<Option<_>>().ok_or_else(too_many)?;
        let strangers = strangers.into_iter().map(|change| change.id).collect();
        Ok(Self { subject, holder, changes, ordinals, strangers })
    }

    /// Whether somebody who was deleted exists again. `present` did before.
    pub(super) fn come_back(
        &self,
        register: &Register,
        present: &RoaringBitmap,
        strangers: &RoaringBitmap,
    ) -> bool {
        let known = |holder: Holder, id: &str| register.ordinal(holder, register.find_known(holder, id)?);
        self.changes.iter().filter(|change| !change.removed).any(|change| {
            known(self.holder, &change.id).is_some_and(|ordinal| !present.contains(ordinal))
                || known(Holder::Other, &change.id).is_some_and(|ordinal| strangers.contains(ordinal))
        })
    }

    /// Who exists now, if `present` did before.
    pub(super) fn present(&self, present: &RoaringBitmap) -> RoaringBitmap {
        let mut present = present.clone();
        for (change, &ordinal) in self.changes.iter().zip(&self.ordinals) {
            if change.removed {
                present.remove(ordinal);
            } else {
                present.insert(ordinal);
            }
        }
        present
    }

    /// Ids of new objects by ordinal.
    pub(super) fn ids(&self) -> BTreeMap<Ordinal, &str> {
        self.ordinals.iter().copied().zip(self.changes.iter().map(|change| &*change.id)).collect()
    }

    /// The objects before and after; what is stored of them is brought up to date. `present` is who existed
    /// before.
    pub(super) fn apply(
        &self,
        session: &Session<'_>,
        register: &Register,
        present: &RoaringBitmap,
        wanted: &Wanted,
        settings: &Settings,
    ) -> Result<Vec<ChangedObject>, Failure> {
        let mut names = session.stored_names(self.holder)?;
        if names.is_empty() {
            names = StoredName::of_wanted(wanted).collect();
        }
        let mut by_segment: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (place, ordinal) in self.ordinals.iter().enumerate() {
            by_segment.entry(ordinal / SEGMENT_ORDINALS).or_default().push(place);
        }
        let touched: Vec<Touched> = (0..)
            .zip(register.segments(self.holder))
            .filter_map(|(place, &segment)| {
                let places = by_segment.remove(&segment)?;
                Some(Touched { segment, rows: rows_of_segment(register.end(self.holder), place), places })
            })
            .collect();
        let mut changed = Vec::with_capacity(self.changes.len());
        for touched in touched.chunks(SEGMENTS_AT_ONCE) {
            let stored =
                touched.iter().map(|touched| session.segment(self.holder, touched.segment, |_| true));
            let stored = stored.collect::<Result<Vec<_>, _>>()?;
            let updated = touched.par_iter().zip(stored).map(|(touched, stored)| {
                self.updated(touched, stored.unwrap_or_default(), (&names, present), settings)
            });
            let updated: Vec<(Vec<ChangedObject>, Blocks)> = updated.collect::<Result<_, StoredFault>>()?;
            for (touched, (objects, blocks)) in touched.iter().zip(updated) {
                session.set_segment(self.holder, touched.segment, touched.rows, &blocks)?;
                changed.extend(objects);
            }
        }
        session.add_changes(self.holder, &self.logged(session, settings)?)?;
        Ok(changed)
    }

    /// The objects of a segment, and its attributes that differ now.
    fn updated(
        &self,
        touched: &Touched,
        (rows, blocks): SegmentBytes,
        (names, present): (&BTreeSet<StoredName>, &RoaringBitmap),
        settings: &Settings,
    ) -> Result<(Vec<ChangedObject>, Blocks), StoredFault> {
        let stored = StoredColumns::decoded(blocks, rows)?;
        let is_new = rows < touched.rows;
        let stored = if is_new { stored.taken(&rows_up_to(rows, touched.rows))? } else { stored };
        let object = |&place: &usize| {
            let (change, &ordinal) = (self.changes.get(place)?, self.ordinals.get(place)?);
            let row = (ordinal % SEGMENT_ORDINALS) as usize;
            let before = present.contains(ordinal).then(|| stored.object(row, &change.id));
            let after = change.applied_to(before.clone().unwrap_or_else(|| Object::new(&*change.id)));
            Some(ChangedObject { ordinal, before, after })
        };
        let objects: Vec<ChangedObject> = touched.places.iter().filter_map(object).collect();
        let differing: BTreeSet<StoredName> =
            names.iter().filter(|name| is_new || differs(name, &objects)).cloned().collect();
        let at: Vec<u32> = objects.iter().map(|object| object.ordinal % SEGMENT_ORDINALS).collect();
        let now: Vec<Object> =
            objects.iter().map(|object| object.after.clone().unwrap_or_else(|| Object::new(""))).collect();
        let by = StoredColumns::of_objects(&now, &differing, self.subject, &settings.attributes);
        let values = stored.filtered(|name| differing.contains(name)).replaced(&at, by)?;
        Ok((objects, values.encoded()?))
    }

    /// All that was told of the objects since the files were read as a whole, with what is told now.
    fn logged(&self, session: &Session<'_>, settings: &Settings) -> Result<Vec<(Ordinal, String)>, Failure> {
        let mut log = Vec::with_capacity(self.changes.len());
        for (change, &ordinal) in self.changes.iter().zip(&self.ordinals) {
            let before = earlier_change(session, ordinal, self.subject, settings)?;
            let both = match before {
                Some(before) => before.followed_by(change.clone()),
                None => change.clone(),
            };
            log.push((ordinal, both.to_lines()));
        }
        Ok(log)
    }
}

/// Attributes with their bytes.
type Blocks = Vec<(StoredName, Vec<u8>)>;

/// A segment with changed objects.
struct Touched {
    segment: u32,
    /// How many rows it has now.
    rows: usize,
    /// The places of the changes.
    places: Vec<usize>,
}

/// Segments whose attributes are in memory at once.
const SEGMENTS_AT_ONCE: usize = 4;

/// What was told of an object since its file was read as a whole.
fn earlier_change(
    session: &Session<'_>,
    ordinal: Ordinal,
    subject: Subject,
    settings: &Settings,
) -> Result<Option<ObjectChange>, Failure> {
    let Some(lines) = session.change(ordinal)? else { return Ok(None) };
    let kind = (subject, &settings.attributes);
    let told = changes_from_str_with(session.path(), &lines, Format::Ndjson, kind, Licensing::Read)?;
    Ok(told.into_iter().next())
}

/// Whether a value differs for some object.
fn differs(name: &StoredName, objects: &[ChangedObject]) -> bool {
    let value = |object: &Option<Object>| match object {
        None => Value::Null,
        Some(object) if *name == StoredName::manager() => {
            object.manager().map_or(Value::Null, |manager| Value::Text(manager.to_owned()))
        }
        Some(object) => object.get(&name.attribute).clone(),
    };
    objects.iter().any(|object| value(&object.before) != value(&object.after))
}

/// All rows, and rows without values up to a number.
fn rows_up_to(rows: usize, end: usize) -> Vec<u32> {
    (0..end).map(|row| u32::try_from(row).ok().filter(|_| row < rows).unwrap_or(NO_ROW)).collect()
}

/// Who has the ordinals of users or devices.
pub(super) const fn holder_of(subject: Subject) -> Holder {
    match subject {
        Subject::User => Holder::User,
        Subject::Device => Holder::Device,
    }
}

/// Those who exist, in the order of their ordinals, and these; `new` has the ids that the register did not
/// know.
pub(super) fn rows_of(
    register: &Register,
    holder: Holder,
    present: &RoaringBitmap,
    new: &BTreeMap<Ordinal, &str>,
) -> (RowIds, Vec<Ordinal>) {
    let ordinals: Vec<Ordinal> = present.iter().collect();
    if ordinals.len() as u64 == u64::from(register.known(holder))
        && new.keys().all(|&ordinal| {
            register.position(ordinal).is_some_and(|(_, position)| position < register.known(holder))
        })
    {
        // Everybody who was ever known, and nobody else.
        return (register.known_rows(holder), ordinals);
    }
    let id = |ordinal: Ordinal| {
        let (holder, position): (Holder, Position) = register.position(ordinal)?;
        register.known_id(holder, position).or_else(|| new.get(&ordinal).copied())
    };
    let ids = ordinals.iter().map(|&ordinal| id(ordinal).unwrap_or_default());
    (RowIds::of(ids), ordinals)
}

/// An id that is told of as a user and is a device, or the other way round.
pub(super) fn refuse_other_kind(
    told: &Told,
    register: &Register,
    others: &RoaringBitmap,
) -> Result<(), Failure> {
    let other = match told.holder {
        Holder::User => Holder::Device,
        _ => Holder::User,
    };
    for change in told.changes.iter().filter(|change| !change.removed) {
        let ordinal = register.find_known(other, &change.id).and_then(|at| register.ordinal(other, at));
        if ordinal.is_some_and(|ordinal| others.contains(ordinal)) {
            let (is, as_) = (other.word(), told.holder.word());
            return Err(Failure::new(format!(
                "`{}` is the id of a {is} and is told of as a {as_}; a state file cannot hold both",
                change.id
            )));
        }
    }
    Ok(())
}

/// The stored attributes made anew from the files of the folder and all that was told since: for rules that
/// read what was not stored. Gives what they count then.
pub(super) fn read_again(
    session: &Session<'_>,
    register: &Register,
    subject: Subject,
    (path, is_same): (Option<&Path>, bool),
    present: &RoaringBitmap,
    wanted: &Wanted,
    settings: &Settings,
) -> Result<Option<Counts>, Failure> {
    let holder = holder_of(subject);
    let stored = session.stored_names(holder)?;
    let missing = StoredName::missing(&stored, wanted);
    let Some(first) = missing.first() else { return Ok(None) };
    if present.is_empty() {
        // Nobody has values; those who come get all that is wanted now.
        session.keep_names(holder, &BTreeSet::new())?;
        return Ok(Some(StoredName::of_wanted(wanted).map(|name| (name.attribute.to_string(), 0)).collect()));
    }
    let word = subject.word();
    let Some(path) = path.filter(|_| is_same) else {
        return Err(Failure::new(format!(
            "{}, which the state file does not hold, and the folder's {word}s are not the file that it was made \
             from: run once without --changed",
            now_read(word, first)
        )));
    };
    let read = crate::directory::column_reader::read_columns(path, subject, &settings.attributes, wanted)?;
    let rows: BTreeMap<Ordinal, u32> = (0..)
        .zip(read.columns.ids.iter().flatten())
        .filter_map(|(row, id)| Some((register.ordinal(holder, register.find_known(holder, id)?)?, row)))
        .collect();
    let ordinals: Vec<Ordinal> = present.iter().collect();
    let order: Vec<u32> =
        ordinals.iter().map(|ordinal| rows.get(ordinal).copied().unwrap_or(NO_ROW)).collect();
    let values = StoredColumns::of_read(&read.columns, read.managers.as_ref()).taken(&order)?;
    let mut at = Vec::new();
    let mut objects = Vec::new();
    for (row, &ordinal) in (0_u32..).zip(&ordinals) {
        let Some(told) = earlier_change(session, ordinal, subject, settings)? else { continue };
        let (_, position) = register.position(ordinal).unwrap_or((holder, 0));
        let id = register.known_id(holder, position).unwrap_or_default();
        let now = told.applied_to(values.object(row as usize, id));
        at.push(row);
        objects.push(now.unwrap_or_else(|| Object::new(id)));
    }
    let names: Vec<StoredName> = values.names().cloned().collect();
    let by = StoredColumns::of_objects(&objects, &names, subject, &settings.attributes);
    let values = values.replaced(&at, by)?;
    session.set_values((register, holder), &ordinals, &values)?;
    Ok(Some(values.counts().map(|(name, count)| (name.to_owned(), count)).collect()))
}

/// How many objects have a value of each attribute.
pub(super) type Counts = BTreeMap<String, u64>;
