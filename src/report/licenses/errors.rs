//! `license-errors.ndjson`: every assignment with an error, what is wrong and what to do.

use std::io::{self, Write};

use roaring::RoaringBitmap;
use serde_json::json;

use super::ProductNaming;
use super::naming::Words;
use super::problems::{Teller, Trouble};
use super::user_lines::{Around, Spelling, UserLines};
use crate::licensing::intent::{GroupIndex, UserIndex};
use crate::licensing::outcome::{ErrorCode, Outcome, Record, Source};
use crate::licensing::tenant::{Tenant, UserIds};

/// Which assignments are told of; all where nothing is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrorScope {
    /// Only those of this user.
    pub user: Option<UserIndex>,
    /// Only those that come from this group.
    pub group: Option<GroupIndex>,
}

/// Writes a line for each assignment that has an error now, sorted by user, group and product, direct
/// licenses first.
///
/// # Errors
/// Those of `out`.
pub fn write_license_errors(
    tenant: &Tenant,
    ids: &dyn UserIds,
    names: &dyn ProductNaming,
    scope: ErrorScope,
    out: &mut dyn Write,
) -> io::Result<()> {
    let failing = Failing::of(tenant, names, scope);
    let mut lines = UserLines::default();
    for (users, failures) in &failing.classes {
        lines.add(users, failures);
    }
    let lines_of =
        |failures: &&Vec<Failure>| failures.iter().map(|failure| around(failing.words, failure)).collect();
    lines.write(ids, Spelling::Json, lines_of, out)
}

/// All assignments with an error, by users who have the same.
pub(super) struct Failing<'a> {
    pub(super) words: Words<'a>,
    /// Users with the assignments of each of them, sorted by group and product.
    pub(super) classes: Vec<(RoaringBitmap, Vec<Failure>)>,
}

/// An assignment with an error.
pub(super) struct Failure {
    pub(super) record: Record,
    pub(super) code: ErrorCode,
    pub(super) trouble: Trouble,
}

impl<'a> Failing<'a> {
    pub(super) fn of(tenant: &'a Tenant, names: &'a dyn ProductNaming, scope: ErrorScope) -> Self {
        let words = Words { tenant, names };
        let teller = Teller::new(words);
        let only = scope.user.map(|user| RoaringBitmap::from_iter([user.0]));
        let mut classes = Vec::new();
        for (outcome, users) in tenant.outcomes_in_error() {
            let users = only.as_ref().map_or(users.clone(), |only| users & only);
            if users.is_empty() {
                continue;
            }
            let failures = failures(&teller, &outcome, scope.group);
            if !failures.is_empty() {
                classes.push((users, failures));
            }
        }
        Self { words, classes }
    }
}

/// The assignments with an error among those of a user.
fn failures(teller: &Teller<'_>, outcome: &Outcome, only: Option<GroupIndex>) -> Vec<Failure> {
    let is_meant = |record: &&Record| only.is_none_or(|group| record.source == Source::Group(group));
    let failed = outcome.records.iter().filter(is_meant).filter_map(|record| {
        let trouble = || teller.tell(outcome, record);
        record.error.map(|code| Failure { record: record.clone(), code, trouble: trouble() })
    });
    let mut failures: Vec<Failure> = failed.collect();
    failures.sort_by_key(|Failure { record, .. }| {
        let (sku, group) = teller.words.order(record.sku, record.source);
        (group, sku)
    });
    failures
}

fn around(words: Words<'_>, failure: &Failure) -> Around {
    let Failure { record, code, trouble } = failure;
    let object = json!({
        "groupId": words.source(record.source).group_id(),
        "skuId": words.sku_id(record.sku),
        "skuPartNumber": words.part_number(record.sku),
        "error": code.word(),
        "detail": trouble.detail(),
        "firstSeen": record.error_since.unwrap_or(record.last_updated).to_string(),
        "waitingSince": record.waiting_since.map(|instant| instant.to_string()),
    });
    let object = object.to_string();
    let fields = object.strip_prefix('{').unwrap_or_default();
    Around { head: "{\"userId\":".to_owned(), tail: format!(",{fields}\n") }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, Run};
    use super::*;

    fn written(run: &Run) -> String {
        within(run, ErrorScope::default())
    }

    fn within(run: &Run, scope: ErrorScope) -> String {
        let mut out = Vec::new();
        write_license_errors(&run.after, &run.ids, &Names, scope, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn errors_are_sorted_by_user_group_and_product() {
        insta::assert_snapshot!("errors_mixed", written(&Run::mixed()));
        insta::assert_snapshot!("errors_blocked_removal", written(&Run::blocked_removal()));
        insta::assert_snapshot!("errors_grown_product", written(&Run::grown_product()));
    }

    #[test]
    fn every_error_of_the_tenant_is_there() {
        for run in [Run::mixed(), Run::blocked_removal(), Run::suspended(), Run::grown_product()] {
            assert_eq!(written(&run).lines().count(), run.after.errors().count());
        }
    }
    #[test]
    fn only_what_is_asked_for_is_told() {
        let run = Run::mixed();
        let all = written(&run);
        let lines_with = |words: &[&str]| {
            let lines = all.split_inclusive('\n');
            lines.filter(|line| words.iter().all(|word| line.contains(word))).collect::<String>()
        };
        let (fay, sales) = (run.ids.index("fay"), run.after.find_group("g-sales"));
        let of_fay = ErrorScope { user: Some(fay), group: None };
        assert_eq!(within(&run, of_fay), lines_with(&["\"userId\":\"fay\""]));
        let of_sales = ErrorScope { user: None, group: sales };
        assert_eq!(within(&run, of_sales), lines_with(&["\"groupId\":\"g-sales\",\"skuId\""]));
        assert_eq!(within(&run, ErrorScope { user: Some(fay), group: sales }), "");
    }
}
