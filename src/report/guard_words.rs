//! What a guard has found, in words.

use super::guards::{TripReport, words_of};
use super::printable::printable;
use crate::membership::guard::{Exceeded, Limit, Trip, TripKind};

/// What would happen, or has happened to an input.
pub(super) fn sentence(report: &TripReport) -> String {
    let trip = &report.reviewed.trip;
    let Trip { before, added, removed, .. } = trip;
    let group = report.group.as_ref().map(words_of).unwrap_or_default();
    let attribute = printable(report.attribute.as_deref().unwrap_or_default());
    let gone = percent(*removed, *before);
    let come = percent(*added, *before);
    match trip.kind {
        TripKind::UsersLost => format!("{} missing", lost(*removed, *before, "users")),
        TripKind::DevicesLost => format!("{} missing", lost(*removed, *before, "devices")),
        TripKind::AttributeLost if removed == before => {
            format!("`{attribute}` has no values any more; there were {before}")
        }
        TripKind::AttributeLost => format!("`{attribute}` has lost {removed} of {before} values{gone}"),
        TripKind::TotalRemovals => {
            format!("all groups together would lose {removed} of {before} memberships{gone}")
        }
        TripKind::TotalAdditions => {
            format!("all groups together would get {added} memberships on top of {before}{come}")
        }
        TripKind::GroupEmpty if *before == 1 => format!("group {group} would lose its only member"),
        TripKind::GroupEmpty => format!("group {group} would lose all its {before} members"),
        TripKind::GroupRemovals => format!("group {group} would lose {removed} of {before} members{gone}"),
        TripKind::GroupAdditions => {
            format!("group {group} would get {added} members on top of {before}{come}")
        }
        TripKind::LicenseRemovals => {
            format!("{removed} of {before} users with licenses{gone} would lose one or more")
        }
    }
}

/// The limits that are exceeded, with their keys.
pub(super) fn limit_words(trip: &Trip) -> String {
    let words = trip.exceeded.iter().map(|exceeded| {
        let limit = match exceeded.limit {
            Limit::Share(share) => format!("at most {share}"),
            Limit::Count(count) => format!("at most {count}"),
            Limit::NotAll => "never all".to_owned(),
        };
        format!("{limit} ({})", exceeded.key)
    });
    words.collect::<Vec<_>>().join(", ")
}

/// What to do where the change is wanted, and where to look where it is not.
pub(super) fn how_to_pass(report: &TripReport) -> String {
    let trip = &report.reviewed.trip;
    if trip.kind == TripKind::LicenseRemovals {
        return "raise `mass_change_guard` in `[licensing]` of `policy.toml`".to_owned();
    }
    let policy = trip.exceeded.iter().map(|Exceeded { key, limit }| match (limit, trip.kind) {
        (Limit::NotAll, TripKind::GroupEmpty) => format!("set `{key}` to \"pass\""),
        (Limit::NotAll, _) => format!("set `{key}` to \"none\""),
        _ => format!("raise `{key}`"),
    });
    let policy = format!("{} in `[guards]` of `policy.toml`", policy.collect::<Vec<_>>().join(" and "));
    match (&report.group, trip.kind) {
        (Some(group), _) => format!("`--allow {}`, or {policy}", printable(&group.id)),
        (None, TripKind::AttributeLost) => {
            format!("see whether the export still has the attribute, or {policy}")
        }
        (None, TripKind::UsersLost) => format!("see whether the export has all users, or {policy}"),
        (None, TripKind::DevicesLost) => format!("see whether the export has all devices, or {policy}"),
        (None, _) => format!("`--allow ID` for each group that may change, or {policy}"),
    }
}

fn lost(removed: u64, before: u64, word: &str) -> String {
    if removed == before {
        return format!("all {word} ({before}) are");
    }
    format!("{removed} of {before} {word}{} are", percent(removed, before))
}

/// ` (12.5%)`, rounded up to two digits, so that what is beyond a limit never looks like the limit.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let hundredths = (u128::from(part) * 10_000).div_ceil(u128::from(whole));
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    format!(" ({}%)", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_rounded_up() {
        for (part, whole, words) in [
            (0, 7, " (0%)"),
            (1, 3, " (33.34%)"),
            (20, 100, " (20%)"),
            (200_001, 1_000_000, " (20.01%)"),
            (1, 8, " (12.5%)"),
            (300, 100, " (300%)"),
            (u64::MAX, u64::MAX, " (100%)"),
            (5, 0, ""),
        ] {
            assert_eq!(percent(part, whole), words, "{part} of {whole}");
        }
    }
}
