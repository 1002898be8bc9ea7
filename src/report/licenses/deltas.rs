//! `license-deltas`: one line for each changed assignment of a user.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::LicenseRun;
use super::naming::{NoNames, SourceObject, Words};
use super::user_lines::{Around, Spelling, UserLines, csv_fields};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::change::{ClassChange, OutcomeChange, RecordChange};
use crate::licensing::outcome::{AssignmentState, ErrorCode, Source};
use crate::licensing::plan_set::PlanSet;
use crate::licensing::tenant::{Tenant, UserIds};

/// A format that changes of licenses are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaFormat {
    /// An object a line.
    Ndjson,
    /// A table. Plans and causes are lists with semicolons; an empty `groupId` stands for a direct license.
    Csv,
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
        lines.add(&class.users, class);
    }
    let lines_of = |class: &&ClassChange| {
        let records = records(run.after, &class.change);
        records.iter().map(|record| record.around(format, &class.causes)).collect()
    };
    write(format, lines, run.ids, lines_of, out)
}

/// Writes a file of changes.
pub(super) fn write<T: Sync>(
    format: DeltaFormat,
    lines: UserLines<T>,
    ids: &dyn UserIds,
    lines_of: impl Fn(&T) -> Vec<Around> + Sync,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        DeltaFormat::Ndjson => lines.write(ids, Spelling::Json, lines_of, out),
        DeltaFormat::Csv => {
            writeln!(out, "{}", csv_fields(&COLUMNS))?;
            lines.write(ids, Spelling::Csv, lines_of, out)
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

/// A line without the user and what led to it.
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
}

/// What is told of a changed assignment: changes of which the same is told have the same line.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Told<'r> {
    sku: SkuIndex,
    source: Source,
    before: Option<AssignmentState>,
    after: Option<AssignmentState>,
    error: Option<ErrorCode>,
    plans_on: &'r PlanSet,
    plans_off: &'r PlanSet,
    seat: i8,
    pending_removal: bool,
}

impl<'r> Told<'r> {
    pub(super) fn of(one: &'r RecordChange) -> Self {
        let after = one.after.as_ref();
        Self {
            sku: one.sku,
            source: one.source,
            before: one.before.as_ref().map(|record| record.state),
            after: after.map(|record| record.state),
            error: after.and_then(|record| record.error),
            plans_on: &one.plans_on,
            plans_off: &one.plans_off,
            seat: one.seat,
            pending_removal: after.is_some_and(|record| record.pending_removal),
        }
    }
}

fn records(after: &Tenant, change: &OutcomeChange) -> Vec<DeltaRecord> {
    let words = Words { tenant: after, names: &NoNames };
    let mut records: Vec<&RecordChange> = change.records.iter().collect();
    records.sort_by_key(|one| words.order(one.sku, one.source));
    records.into_iter().map(|one| DeltaRecord::of(words, &Told::of(one))).collect()
}

impl DeltaRecord {
    pub(super) fn of(words: Words<'_>, told: &Told<'_>) -> Self {
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let state = |state: Option<AssignmentState>| state.map(|state| state.word().to_owned());
        Self {
            sku_id: words.sku_id(told.sku).to_owned(),
            sku_part_number: words.part_number(told.sku).map(str::to_owned),
            source: words.source(told.source),
            before: state(told.before),
            after: state(told.after),
            error: told.error.map(|code| code.word().to_owned()),
            plans_on: owned(words.plan_ids(told.plans_on)),
            plans_off: owned(words.plan_ids(told.plans_off)),
            seat: told.seat,
            pending_removal: told.pending_removal,
        }
    }

    /// What the records of a user are sorted by.
    pub(super) fn order(&self) -> (&str, Option<&str>) {
        (&self.sku_id, self.source.group_id())
    }

    /// The line. `causes` are the ids of the events that led to it.
    pub(super) fn around<C: AsRef<str> + Serialize>(&self, format: DeltaFormat, causes: &[C]) -> Around {
        match format {
            DeltaFormat::Ndjson => {
                let object = serde_json::to_string(self).unwrap_or_default();
                let fields =
                    object.strip_prefix('{').and_then(|fields| fields.strip_suffix('}')).unwrap_or_default();
                let causes = serde_json::to_string(causes).unwrap_or_default();
                let tail = format!(",{fields},\"causes\":{causes}}}\n");
                Around { head: "{\"userId\":".to_owned(), tail }
            }
            DeltaFormat::Csv => {
                let [before, after, error] =
                    [&self.before, &self.after, &self.error].map(|word| word.as_deref().unwrap_or_default());
                let causes: Vec<&str> = causes.iter().map(AsRef::as_ref).collect();
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
                    &causes.join(";"),
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
    fn changes_that_are_equal_share_one_text() {
        let mut world = World::new();
        world.run(vec![world.template("g-kiosk", "sku-e1")]);
        let kinds = vec![world.join("g-kiosk", &["zoe", "ada", "bob"])];
        let run = Run::of(world, kinds);
        assert_eq!(run.batch.changes.iter().map(|class| class.users.len()).collect::<Vec<_>>(), [3]);
        assert_eq!(written(DeltaFormat::Ndjson, &run).lines().count(), 3);
    }
}
