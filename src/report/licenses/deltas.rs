//! `license-deltas`: one line for each changed assignment of a user, from a run or from what is remembered
//! of one.

use std::io::{self, Write};

use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};

use super::LicenseRun;
use super::naming::{NoNames, SourceObject, Words};
use super::user_lines::{Around, Spelling, UserLines, csv_fields};
use crate::licensing::change::{OutcomeChange, RecordChange};
use crate::licensing::tenant::{Tenant, UserIds};

/// A format that changes of licenses are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaFormat {
    /// An object a line.
    Ndjson,
    /// A table. Plans and causes are lists with semicolons; an empty `groupId` stands for a direct license.
    Csv,
}

/// What is remembered of a change that some users share.
#[derive(Clone, Copy, Debug)]
pub struct PastChange<'a> {
    /// The users.
    pub users: &'a RoaringBitmap,
    /// What [`change_body`] gave.
    pub body: &'a str,
}

/// Writes the changes of a run, sorted by user, product and source, direct licenses first.
///
/// # Errors
/// Those of `out`.
pub fn write_license_deltas(
    format: DeltaFormat,
    run: &LicenseRun<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = UserLines::default();
    for class in &run.batch.changes {
        let records = records(run.after, &class.change, &class.causes);
        lines.add(&class.users, records.iter().map(|record| record.around(format)).collect());
    }
    write(format, lines, run.ids, out)
}

/// What is to be remembered of a change: the objects of `license-deltas` without the users, as one array.
/// `after` is the tenant with the change, `causes` are the ids of the events that led to it.
pub fn change_body(after: &Tenant, change: &OutcomeChange, causes: &[String]) -> String {
    // Texts and numbers can always be written.
    serde_json::to_string(&records(after, change, causes)).unwrap_or_default()
}

/// Writes changes that are remembered, as [`write_license_deltas`] wrote them in their run.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::InvalidData`] if a body is none of [`change_body`].
pub fn write_past_license_deltas<'a>(
    format: DeltaFormat,
    changes: impl IntoIterator<Item = PastChange<'a>>,
    ids: &dyn UserIds,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut lines = UserLines::default();
    for PastChange { users, body } in changes {
        let records: Vec<DeltaRecord> =
            serde_json::from_str(body).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        lines.add(users, records.iter().map(|record| record.around(format)).collect());
    }
    write(format, lines, ids, out)
}

fn write(format: DeltaFormat, lines: UserLines, ids: &dyn UserIds, out: &mut dyn Write) -> io::Result<()> {
    match format {
        DeltaFormat::Ndjson => lines.write(ids, Spelling::Json, out),
        DeltaFormat::Csv => {
            writeln!(out, "{}", csv_fields(&COLUMNS))?;
            lines.write(ids, Spelling::Csv, out)
        }
    }
}

const COLUMNS: [&str; 12] = [
    "userId",
    "skuId",
    "skuPartNumber",
    "groupId",
    "before",
    "after",
    "error",
    "plansOn",
    "plansOff",
    "seat",
    "pendingRemoval",
    "causes",
];

/// A line without the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeltaRecord {
    sku_id: String,
    sku_part_number: Option<String>,
    source: SourceObject,
    before: Option<String>,
    after: Option<String>,
    error: Option<String>,
    plans_on: Vec<String>,
    plans_off: Vec<String>,
    seat: i8,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pending_removal: bool,
    causes: Vec<String>,
}

fn records(after: &Tenant, change: &OutcomeChange, causes: &[String]) -> Vec<DeltaRecord> {
    let words = Words { tenant: after, names: &NoNames };
    let mut records: Vec<&RecordChange> = change.records.iter().collect();
    records.sort_by_key(|one| words.order(one.sku, one.source));
    records.into_iter().map(|one| DeltaRecord::of(words, one, causes)).collect()
}

impl DeltaRecord {
    fn of(words: Words<'_>, one: &RecordChange, causes: &[String]) -> Self {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        Self {
            sku_id: words.sku_id(one.sku).to_owned(),
            sku_part_number: words.part_number(one.sku).map(str::to_owned),
            source: words.source(one.source),
            before: one.before.as_ref().map(|record| record.state.word().to_owned()),
            after: one.after.as_ref().map(|record| record.state.word().to_owned()),
            error: one.after.as_ref().and_then(|record| record.error).map(|code| code.word().to_owned()),
            plans_on: owned(words.plan_ids(&one.plans_on)),
            plans_off: owned(words.plan_ids(&one.plans_off)),
            seat: one.seat,
            pending_removal: one.after.as_ref().is_some_and(|record| record.pending_removal),
            causes: causes.to_vec(),
        }
    }

    fn around(&self, format: DeltaFormat) -> Around {
        match format {
            DeltaFormat::Ndjson => {
                let object = serde_json::to_string(self).unwrap_or_default();
                let fields = object.strip_prefix('{').unwrap_or_default();
                Around { head: "{\"userId\":".to_owned(), tail: format!(",{fields}\n") }
            }
            DeltaFormat::Csv => {
                let [before, after, error] =
                    [&self.before, &self.after, &self.error].map(|word| word.as_deref().unwrap_or_default());
                let fields = csv_fields(&[
                    &self.sku_id,
                    self.sku_part_number.as_deref().unwrap_or_default(),
                    self.source.group_id().unwrap_or_default(),
                    before,
                    after,
                    error,
                    &self.plans_on.join(";"),
                    &self.plans_off.join(";"),
                    &self.seat.to_string(),
                    if self.pending_removal { "true" } else { "" },
                    &self.causes.join(";"),
                ]);
                Around { head: String::new(), tail: format!(",{fields}\n") }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Run, World};
    use super::*;

    fn written(format: DeltaFormat, run: &Run) -> String {
        let mut out = Vec::new();
        write_license_deltas(format, &run.told(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn remembered(format: DeltaFormat, run: &Run) -> String {
        let classes = &run.batch.changes;
        let bodies: Vec<String> =
            classes.iter().map(|class| change_body(&run.after, &class.change, &class.causes)).collect();
        let changes =
            classes.iter().zip(&bodies).map(|(class, body)| PastChange { users: &class.users, body });
        let mut out = Vec::new();
        write_past_license_deltas(format, changes, &run.ids, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn changes_are_sorted_by_user_product_and_source() {
        let run = Run::mixed();
        insta::assert_snapshot!("deltas_ndjson", written(DeltaFormat::Ndjson, &run));
        insta::assert_snapshot!("deltas_csv", written(DeltaFormat::Csv, &run));
    }

    #[test]
    fn removals_that_are_blocked_say_so() {
        let text = written(DeltaFormat::Ndjson, &Run::blocked_removal());
        assert!(text.contains(r#""after":"ActiveWithError","error":"DependencyViolation""#), "{text}");
        assert!(text.contains(r#""pendingRemoval":true"#), "{text}");
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
            let changes = [PastChange { users: &[0].into(), body }];
            let run = Run::mixed();
            let error = write_past_license_deltas(DeltaFormat::Ndjson, changes, &run.ids, &mut Vec::new())
                .unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{body}");
        }
    }

    #[test]
    fn changes_that_are_equal_share_one_text() {
        let mut world = World::new();
        world.run(vec![world.template("g-kiosk", "sku-e1")]);
        let kinds = vec![world.join("g-kiosk", &["zoe", "ada", "bob"])];
        let run = Run::of(world, kinds);
        assert_eq!(run.batch.changes.iter().map(|class| class.users.len()).collect::<Vec<_>>(), [3]);
        assert_eq!(written(DeltaFormat::Ndjson, &run).lines().count(), 3);
    }
}
