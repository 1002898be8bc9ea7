//! `license-states.ndjson`: all licenses of users, in the shapes of Graph.

use std::io::{self, Write};
use std::sync::Arc;

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::LicenseRun;
use super::naming::{NoNames, Words};
use super::user_lines::{Around, Spelling, UserLines};
use crate::licensing::explain::{PlanStanding, plans};
use crate::licensing::outcome::{ErrorCode, Outcome, Record};
use crate::licensing::plan_set::PlanIndex;

/// Writes a line for each user with a change, with all that the user has now; with `is_full` also for all
/// others with a license or a failed one. Lines are sorted by user, what stands in them by product and
/// source.
///
/// # Errors
/// Those of `out`.
pub fn write_license_states(run: &LicenseRun<'_>, is_full: bool, out: &mut dyn Write) -> io::Result<()> {
    let words = Words { tenant: run.after, names: &NoNames };
    let mut lines = UserLines::default();
    let mut changed = RoaringBitmap::new();
    for class in &run.batch.changes {
        lines.add(&class.users, Arc::clone(&class.change.after));
        changed |= &class.users;
    }
    if is_full {
        for (outcome, users) in run.after.outcome_classes() {
            let others = users - &changed;
            if !outcome.records.is_empty() && !others.is_empty() {
                lines.add(&others, outcome);
            }
        }
    }
    lines.write(run.ids, Spelling::Json, |outcome: &Arc<Outcome>| vec![around(words, outcome)], out)
}

fn around(words: Words<'_>, outcome: &Outcome) -> Around {
    let mut records: Vec<&Record> = outcome.records.iter().collect();
    records.sort_by_key(|record| words.order(record.sku, record.source));
    let states: Vec<Value> = records.into_iter().map(|record| assignment_state(words, record)).collect();
    let states = Value::Array(states);
    let licenses = Value::Array(words.version(&outcome.assigned_licenses()));
    let plans = Value::Array(plan_objects(words, outcome));
    let tail = format!(
        ",\"licenseAssignmentStates\":{states},\"assignedLicenses\":{licenses},\"plans\":{plans}}}\n"
    );
    Around { head: "{\"userId\":".to_owned(), tail }
}

/// Graph's `licenseAssignmentState`.
pub(super) fn assignment_state(words: Words<'_>, record: &Record) -> Value {
    json!({
        "skuId": words.sku_id(record.sku),
        "disabledPlans": words.plan_ids(&record.disabled),
        "assignedByGroup": words.source(record.source).group_id(),
        "state": record.state.word(),
        "error": record.error.map_or("None", ErrorCode::word),
        "lastUpdatedDateTime": record.last_updated.to_string(),
    })
}

/// The plans that are not plainly on, and not plainly off either, sorted by id.
fn plan_objects(words: Words<'_>, outcome: &Outcome) -> Vec<Value> {
    let standings = plans(words.tenant.catalog(), outcome);
    let mut told: Vec<(PlanIndex, PlanStanding)> =
        standings.into_iter().filter(|(_, plan)| is_told(plan)).collect();
    told.sort_by_key(|(plan, _)| words.plan_id(*plan));
    told.iter().map(|(plan, standing)| plan_object(words, *plan, standing)).collect()
}

fn is_told(standing: &PlanStanding) -> bool {
    !standing.is_plainly_on() && (standing.capability().is_some() || !standing.held_back.is_empty())
}

/// A plan with what it is worth. One that is held back counts as one that could not be provided.
fn plan_object(words: Words<'_>, plan: PlanIndex, standing: &PlanStanding) -> Value {
    let mut fields = vec![("servicePlanId", json!(words.plan_id(plan)))];
    if let Some(status) = standing.capability() {
        fields.push(("capabilityStatus", json!(status.word())));
    }
    if standing.on.is_empty() {
        if let Some(until) = standing.grace_until {
            fields.push(("graceUntil", json!(until.to_string())));
        }
        if !standing.held_back.is_empty() {
            fields.push(("provisioningStatus", json!("Error")));
            fields.push(("heldBack", json!(true)));
        }
    }
    Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::samples::Run;
    use super::*;

    fn written(run: &Run, is_full: bool) -> String {
        let mut out = Vec::new();
        write_license_states(&run.told(), is_full, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn users_with_a_change_are_told_and_all_others_if_asked_for() {
        let run = Run::mixed();
        let (some, all) = (written(&run, false), written(&run, true));
        insta::assert_snapshot!("states", some);
        assert!(some.lines().all(|line| all.lines().any(|other| other == line)));
        let ids = |text: &str| {
            let id = |line: &str| {
                serde_json::from_str::<Value>(line).unwrap()["userId"].as_str().unwrap().to_owned()
            };
            text.lines().map(id).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ids(&some), "bob cem dan eve fay zoe");
        assert_eq!(ids(&all), "ada bob cem dan eve fay zoe");
    }

    #[test]
    fn plans_of_suspended_subscriptions_say_so() {
        insta::assert_snapshot!(written(&Run::suspended(), false));
    }

    #[test]
    fn plans_that_cannot_be_given_are_held_back() {
        insta::assert_snapshot!(written(&Run::grown_product(), false));
    }
}
