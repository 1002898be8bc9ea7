//! Changes of licenses as they are remembered, and `license-deltas` from them.
//!
//! Of a million users each can change in another way, by a few ways in which one assignment changes: these are
//! remembered, each with all users whom it is true of, and so is each event with those whom it led to something.

use std::borrow::Cow;
use std::io::{self, Write};

use hashbrown::HashMap;
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::LicenseRun;
use super::deltas::{DeltaFormat, DeltaRecord, Told, write};
use super::naming::{NoNames, Words};
use super::user_lines::UserLines;
use crate::licensing::alike::{alike, sets_of};
use crate::licensing::tenant::UserIds;

/// Something that is remembered of the changes of a run, and the users whom it is true of.
#[derive(Clone, Debug, PartialEq)]
pub struct PastChange<'a> {
    /// How an assignment changed, as in `license-deltas` without user and causes; or `{"cause":ID}`, an event
    /// that led to changes.
    pub body: Cow<'a, str>,
    /// The users.
    pub users: Cow<'a, RoaringBitmap>,
}

/// What is to be remembered of the changes of a run.
pub fn past_changes(run: &LicenseRun<'_>) -> Vec<PastChange<'static>> {
    let words = Words { tenant: run.after, names: &NoNames };
    // In the order of the events, which is that of the causes of each user.
    let mut causes: HashMap<&str, u32> = HashMap::new();
    let mut bodies: Vec<String> = Vec::new();
    for (event, number) in run.batch.event_ids().zip(0..) {
        causes.insert(event, number);
        bodies.push(json(&Past::Cause { cause: event.to_owned() }));
    }
    let mut records: HashMap<Told<'_>, u32> = HashMap::new();
    let mut of_classes: Vec<Vec<u32>> = Vec::new();
    for class in &run.batch.changes {
        let mut own: Vec<u32> =
            class.causes.iter().filter_map(|cause| causes.get(&**cause).copied()).collect();
        for record in &class.change.records {
            own.push(*records.entry(Told::of(record)).or_insert_with_key(|told| {
                bodies.push(json(&DeltaRecord::of(words, told)));
                u32::try_from(bodies.len() - 1).unwrap_or(u32::MAX)
            }));
        }
        of_classes.push(own);
    }
    let users = run.batch.changes.iter().map(|class| &class.users);
    let sets = sets_of(bodies.len(), of_classes.iter().map(Vec::as_slice).zip(users));
    let rows = bodies.into_iter().zip(sets).filter(|(_, users)| !users.is_empty());
    rows.map(|(body, users)| PastChange { body: body.into(), users: Cow::Owned(users) }).collect()
}

/// Writes changes that are remembered, as [`write_license_deltas`](super::deltas::write_license_deltas) wrote
/// them in their run.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::InvalidData`] if a body is none of [`past_changes`].
pub fn write_past_license_deltas<'a>(
    format: DeltaFormat,
    changes: impl IntoIterator<Item = PastChange<'a>>,
    ids: &dyn UserIds,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (mut known, mut sets): (Vec<Past>, Vec<RoaringBitmap>) = (Vec::new(), Vec::new());
    for PastChange { body, users } in changes {
        let past = serde_json::from_str(&body);
        known.push(past.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?);
        sets.push(users.into_owned());
    }
    let mut lines = UserLines::default();
    for class in alike(&sets) {
        lines.add(&class.users, class.sets);
    }
    let lines_of = |places: &Vec<u32>| {
        let (mut records, mut causes): (Vec<&DeltaRecord>, Vec<&str>) = (Vec::new(), Vec::new());
        for past in places.iter().filter_map(|place| known.get(*place as usize)) {
            match past {
                Past::Cause { cause } => causes.push(cause),
                Past::Record(record) => records.push(record),
            }
        }
        records.sort_by_key(|record| record.order());
        records.iter().map(|record| record.around(format, &causes)).collect()
    };
    write(format, lines, ids, lines_of, out)
}

/// One body.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Past {
    Cause { cause: String },
    Record(DeltaRecord),
}

/// Texts and numbers can always be written.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::deltas::write_license_deltas;
    use super::super::samples::Run;
    use super::*;

    fn written(format: DeltaFormat, run: &Run) -> String {
        let mut out = Vec::new();
        write_license_deltas(format, &run.told(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn remembered(format: DeltaFormat, run: &Run) -> String {
        let mut out = Vec::new();
        write_past_license_deltas(format, past_changes(&run.told()), &run.ids, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_remembered_gives_the_same_lines() {
        for run in [Run::mixed(), Run::blocked_removal(), Run::suspended()] {
            for format in [DeltaFormat::Ndjson, DeltaFormat::Csv] {
                assert_eq!(remembered(format, &run), written(format, &run));
            }
        }
    }

    #[test]
    fn a_damaged_body_is_an_error() {
        for body in ["", "{}", "[{\"skuId\":5}]", "[{}]"] {
            let changes = [PastChange { users: Cow::Owned([0].into()), body: body.into() }];
            let run = Run::mixed();
            let error = write_past_license_deltas(DeltaFormat::Ndjson, changes, &run.ids, &mut Vec::new())
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{body}");
        }
    }
}
