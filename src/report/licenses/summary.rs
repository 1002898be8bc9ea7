//! What a run did to licenses, in short: the block on the console and the object in `summary.json`.

use std::collections::BTreeMap;
use std::io;

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::naming::Words;
use super::seats::{seat_object, seat_table, sorted_pools};
use super::{LicenseRun, classes, refusals};
use crate::licensing::audit::{AuditEvent, Target};
use crate::licensing::batch::{PoolReport, RefusedEvent};
use crate::licensing::intent::UserIndex;
use crate::licensing::outcome::ErrorCode;
use crate::licensing::tenant::Tenant;
use crate::report::Style;
use crate::report::printable::printable;

/// So many refused edits are listed on the console; the audit has all.
const REFUSED_SHOWN_MAX: usize = 20;

/// The counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LicenseCounts {
    /// Users of whom some license came, went, failed or says something else.
    pub users_changed: u64,
    /// Seats that were free before, or are of users who had none of the product.
    pub seats_taken: u64,
    /// Seats that users gave up.
    pub seats_freed: u64,
    /// Users with an error now, from this run or an earlier one.
    pub users_with_errors: u64,
    /// Users by the error that they have now; one with several counts for each.
    pub by_error: BTreeMap<ErrorCode, u64>,
    /// Edits that were refused.
    pub refused: usize,
}

impl LicenseCounts {
    /// Counts what a run did, and the errors that are there after it.
    pub fn of(run: &LicenseRun<'_>) -> Self {
        let mut counts = Self { refused: run.batch.refused.len(), ..Self::errors_of(run.after) };
        for class in &run.batch.changes {
            let users = class.users.len();
            counts.users_changed += users;
            counts.seats_taken += users * class.change.seats_taken.len() as u64;
            counts.seats_freed += users * class.change.seats_freed.len() as u64;
        }
        counts
    }

    /// Counts the errors that are there.
    pub(super) fn errors_of(tenant: &Tenant) -> Self {
        let mut by_error: BTreeMap<ErrorCode, RoaringBitmap> = BTreeMap::new();
        for (outcome, users) in tenant.outcomes_in_error() {
            for code in outcome.records.iter().filter_map(|record| record.error) {
                *by_error.entry(code).or_default() |= &users;
            }
        }
        let all = by_error.values().fold(RoaringBitmap::new(), |all, users| all | users);
        let by_error = by_error.into_iter().map(|(code, users)| (code, users.len())).collect();
        Self { users_with_errors: all.len(), by_error, ..Self::default() }
    }
}

/// Writes the block `licenses:` for people: products that someone has or is to have, counts, and edits that
/// were refused. Nothing if the tenant has no product and nothing was asked for.
///
/// # Errors
/// Those of `out`.
pub fn write_license_block(run: &LicenseRun<'_>, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let words = Words { tenant: run.after, names: run.names };
    let matters = |pool: &PoolReport| pool.consumed > 0 || pool.demand > 0 || pool.waiting > 0;
    let pools: Vec<PoolReport> = sorted_pools(words).into_iter().filter(matters).collect();
    let counts = LicenseCounts::of(run);
    if pools.is_empty() && counts == LicenseCounts::default() {
        return Ok(());
    }
    writeln!(out, "licenses:")?;
    if !pools.is_empty() {
        let mut table = Vec::new();
        let narrower = Style { width_max_columns: style.width_max_columns.saturating_sub(2), ..*style };
        seat_table(words, &pools, &narrower, &mut table)?;
        String::from_utf8_lossy(&table).lines().try_for_each(|line| writeln!(out, "  {line}"))?;
    }
    let users = |count| if count == 1 { "1 user".to_owned() } else { format!("{count} users") };
    writeln!(
        out,
        "  {} changed, {} taken, {} freed; {} in error{}",
        users(counts.users_changed),
        if counts.seats_taken == 1 { "1 seat".to_owned() } else { format!("{} seats", counts.seats_taken) },
        counts.seats_freed,
        users(counts.users_with_errors),
        error_words(&counts.by_error),
    )?;
    for refused in run.batch.refused.iter().take(REFUSED_SHOWN_MAX) {
        writeln!(out, "  refused: {}", printable(&refusal_words(run, words, refused)))?;
    }
    match run.batch.refused.len().saturating_sub(REFUSED_SHOWN_MAX) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more refused edits"),
    }
}

/// ` (3 CountViolation, 1 Other)`, or nothing.
pub(super) fn error_words(by_error: &BTreeMap<ErrorCode, u64>) -> String {
    let counts: Vec<String> =
        by_error.iter().map(|(code, count)| format!("{count} {}", code.word())).collect();
    if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) }
}

/// The errors and how many have each, as an object.
pub(super) fn error_object(by_error: &BTreeMap<ErrorCode, u64>) -> Value {
    by_error
        .iter()
        .map(|(code, count)| (code.word().to_owned(), json!(count)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The object `licenses` of `summary.json`.
pub fn license_summary(run: &LicenseRun<'_>) -> Value {
    let words = Words { tenant: run.after, names: run.names };
    let counts = LicenseCounts::of(run);
    let products: Vec<Value> =
        sorted_pools(words).iter().map(|pool| Value::Object(seat_object(words, pool))).collect();
    let refused = run.batch.refused.iter().map(|refused| {
        let event = event_of(run, refused);
        json!({
            "event": refused.event,
            "activity": event.map(|event| event.activity.name()),
            "target": event.map(|event| words.target(run.ids, &event.target)),
            "code": refused.refusal.word(),
            "reason": refusals::sentence(words, &refused.refusal),
        })
    });
    json!({
        "usersChanged": counts.users_changed,
        "seatsTaken": counts.seats_taken,
        "seatsFreed": counts.seats_freed,
        "usersWithErrors": counts.users_with_errors,
        "byError": error_object(&counts.by_error),
        "refused": refused.collect::<Vec<Value>>(),
        "products": products,
    })
}

/// What the audit says of a refused edit, if it is of a kind that the audit tells.
fn event_of<'a>(run: &LicenseRun<'a>, refused: &RefusedEvent) -> Option<&'a AuditEvent> {
    let is_its = |event: &&AuditEvent| !event.succeeded && event.causes.contains(&refused.event);
    run.batch.audit.iter().filter(|event| !classes::is_of_users(event)).find(is_its)
}

fn refusal_words(run: &LicenseRun<'_>, words: Words<'_>, refused: &RefusedEvent) -> String {
    let reason = refusals::sentence(words, &refused.refusal);
    let Some(event) = event_of(run, refused) else { return format!("event `{}`: {reason}", refused.event) };
    let target = match &event.target {
        Target::Group(group) => format!("group `{}`", words.group(*group)),
        Target::Users(users) => {
            format!("user `{}`", users.min().map_or("", |user| run.ids.id(UserIndex(user))))
        }
        Target::Product(sku) => format!("product `{}`", words.product(*sku)),
    };
    format!("{} of {target}: {reason}", event.activity.name())
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Run, World};
    use super::*;
    use crate::licensing::event::EventKind;

    fn block(run: &Run, style: &Style) -> String {
        let mut out = Vec::new();
        write_license_block(&run.told(), style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_run_in_short() {
        insta::assert_snapshot!("block", block(&Run::mixed(), &Style::PLAIN));
        insta::assert_snapshot!("block_suspended", block(&Run::suspended(), &Style::PLAIN));
        insta::assert_snapshot!("summary", format!("{:#}", license_summary(&Run::mixed().told())));
        assert!(block(&Run::mixed(), &Style { colour: true, ..Style::PLAIN }).contains("\u{1b}["));
    }

    #[test]
    fn counts_agree_with_the_batch() {
        for run in [Run::mixed(), Run::blocked_removal(), Run::suspended(), Run::grown_product()] {
            let counts = LicenseCounts::of(&run.told());
            let seats: i64 = run.batch.seat_changes().values().sum();
            assert_eq!(counts.seats_taken.cast_signed() - counts.seats_freed.cast_signed(), seats);
            assert_eq!(counts.refused, run.batch.refused.len());
            let failing: std::collections::BTreeSet<u32> =
                run.after.errors().map(|error| error.user.0).collect();
            assert_eq!(counts.users_with_errors, failing.len() as u64);
        }
    }

    #[test]
    fn nothing_is_said_where_nothing_is() {
        assert_eq!(block(&Run::of(World::new(), Vec::new()), &Style::PLAIN), "");
    }

    #[test]
    fn refused_edits_are_listed_up_to_a_limit() {
        let world = World::new();
        let refused = EventKind::DirectSet {
            user: world.user("ada"),
            add: std::collections::BTreeMap::new(),
            remove: vec![world.sku("sku-e1")],
        };
        let run = Run::of(world, vec![vec![refused; REFUSED_SHOWN_MAX + 2]]);
        let text = block(&run, &Style::PLAIN);
        assert_eq!(text.matches("  refused: Change user license of user `ada`: ").count(), REFUSED_SHOWN_MAX);
        assert!(text.ends_with("  and 2 more refused edits\n"), "{text}");
    }
}
