//! `license-errors.ndjson`: every assignment with an error, what is wrong and what to do.

use std::io::{self, Write};

use serde_json::json;

use super::ProductNaming;
use super::naming::Words;
use super::problems::Teller;
use super::user_lines::{Around, Spelling, UserLines};
use crate::licensing::outcome::{ErrorCode, Outcome, Record};
use crate::licensing::tenant::{Tenant, UserIds};

/// Writes a line for each assignment that has an error now, sorted by user, group and product, direct
/// licenses first.
///
/// # Errors
/// Those of `out`.
pub fn write_license_errors(
    tenant: &Tenant,
    ids: &dyn UserIds,
    names: &dyn ProductNaming,
    out: &mut dyn Write,
) -> io::Result<()> {
    let teller = Teller::new(Words { tenant, names });
    let mut lines = UserLines::default();
    for (outcome, users) in tenant.outcome_classes() {
        lines.add(&users, failures(&teller, &outcome).iter().map(Failure::around).collect());
    }
    lines.write(ids, Spelling::Json, out)
}

/// An assignment with an error.
pub(super) struct Failure {
    /// The fields of the line behind the user.
    fields: serde_json::Value,
}

impl Failure {
    fn around(&self) -> Around {
        let object = self.fields.to_string();
        let fields = object.strip_prefix('{').unwrap_or_default();
        Around { head: "{\"userId\":".to_owned(), tail: format!(",{fields}\n") }
    }
}

/// The assignments with an error among those of a user.
pub(super) fn failures(teller: &Teller<'_>, outcome: &Outcome) -> Vec<Failure> {
    let words = teller.words;
    let mut failed: Vec<(&Record, ErrorCode)> =
        outcome.records.iter().filter_map(|record| Some((record, record.error?))).collect();
    failed.sort_by_key(|(record, _)| {
        let (sku, group) = words.order(record.sku, record.source);
        (group, sku)
    });
    let failure = |(record, code): (&Record, ErrorCode)| {
        let fields = json!({
            "groupId": words.source(record.source).group_id(),
            "skuId": words.sku_id(record.sku),
            "skuPartNumber": words.part_number(record.sku),
            "error": code.word(),
            "detail": teller.tell(outcome, record).detail(),
            "firstSeen": record.error_since.unwrap_or(record.last_updated).to_string(),
            "waitingSince": record.waiting_since.map(|instant| instant.to_string()),
        });
        Failure { fields }
    };
    failed.into_iter().map(failure).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, Run};
    use super::*;

    fn written(run: &Run) -> String {
        let mut out = Vec::new();
        write_license_errors(&run.after, &run.ids, &Names, &mut out).unwrap();
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
}
