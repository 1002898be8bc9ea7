//! A run that guards have stopped: `guards.json`, which can be approved, and the words for people.

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::Style;
use super::guard_words::{how_to_pass, limit_words, sentence};
use super::licenses::losses::LossesReport;
use super::palette::{self, painted};
use super::printable::printable;
use super::recompute::{GroupReport, RunReport};
use super::summary::counted;
use crate::base::limits::GUARD_SAMPLE_MAX;
use crate::directory::approval::APPROVAL_VERSION;
use crate::membership::delta::Delta;
use crate::membership::guard::{Limit, ReviewedTrip, TripKind, TripSubject};
use crate::membership::roster::Ordinal;

/// The guards that a run has come up against, approved ones too.
#[derive(Clone, Debug)]
pub struct GuardReport {
    /// The run's id.
    pub run: String,
    /// What `system.now` stood for.
    pub now: Timestamp,
    /// The guards: by kind, then by the id of the group or the name of the attribute.
    pub trips: Vec<TripReport>,
    /// What the run would do to licenses, if the tenant has products.
    pub licenses: Option<LossesReport>,
}

/// One guard with the names of what it is about.
#[derive(Clone, Debug)]
pub struct TripReport {
    /// The guard.
    pub reviewed: ReviewedTrip,
    /// The group that it is about, if it is about one.
    pub group: Option<NamedGroup>,
    /// The attribute that it is about, such as `user.department`, if it is about one.
    pub attribute: Option<String>,
    /// The ids of some that come to the group: the first ones of all.
    pub added_sample: Vec<String>,
    /// The ids of some that leave the group: the first ones of all.
    pub removed_sample: Vec<String>,
    /// For all groups together, those with the most changes of the kind, and how many these are.
    pub groups_sample: Vec<(NamedGroup, u64)>,
}

/// A group as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub display_name: Option<String>,
}

impl GuardReport {
    /// Names what `trips` are about. `report` is the run that was stopped; groups of `allowed` are named
    /// nowhere.
    pub fn of(report: &RunReport, trips: &[ReviewedTrip], allowed: &RoaringBitmap) -> Self {
        let groups = report.groups.iter().map(|group| (group.group, group)).collect();
        let mut trips: Vec<TripReport> =
            trips.iter().map(|reviewed| TripReport::of(report, &groups, reviewed.clone(), allowed)).collect();
        trips.sort_by(|one, other| one.place().cmp(&other.place()));
        let licenses = report.licenses.as_ref().map(|licenses| licenses.losses.clone());
        Self { run: report.run.clone(), now: report.now, trips, licenses }
    }

    /// The guards that nobody has approved: the run stops if there are any.
    pub fn stopping(&self) -> impl Iterator<Item = &TripReport> {
        self.trips.iter().filter(|trip| !trip.reviewed.approved)
    }
}

impl TripReport {
    fn of(
        report: &RunReport,
        groups: &HashMap<Ordinal, &GroupReport>,
        reviewed: ReviewedTrip,
        allowed: &RoaringBitmap,
    ) -> Self {
        let subject = &reviewed.trip.subject;
        let group = subject.group();
        let delta = group.map(|group| delta_of(report, group)).unwrap_or_default();
        let sample = |members: &RoaringBitmap| first_ids(report, members);
        let is_total = *subject == TripSubject::AllGroups;
        Self {
            group: group.map(|group| named(report, groups, group)),
            attribute: subject.attribute(),
            added_sample: sample(&delta.added),
            removed_sample: match subject {
                TripSubject::Licenses => {
                    report.licenses.as_ref().map(|it| sample(&it.losing)).unwrap_or_default()
                }
                _ => sample(&delta.removed),
            },
            groups_sample: if is_total { largest(report, reviewed.trip.kind, allowed) } else { Vec::new() },
            reviewed,
        }
    }

    fn place(&self) -> (TripKind, Option<&str>, Option<&str>) {
        let group = self.group.as_ref().map(|group| group.id.as_str());
        (self.reviewed.trip.kind, group, self.attribute.as_deref())
    }
}

/// `guards.json`.
///
/// # Errors
/// Those of `out`.
pub fn write_guards(report: &GuardReport, out: &mut dyn io::Write) -> io::Result<()> {
    let trips: Vec<Value> = report.trips.iter().map(trip_json).collect();
    let mut object = json!({
        "version": APPROVAL_VERSION,
        "run": report.run,
        "now": report.now.to_string(),
        "stopped": report.stopping().next().is_some(),
        "trips": trips,
    });
    if let (Some(licenses), Some(object)) = (&report.licenses, object.as_object_mut()) {
        object.insert("licenses".to_owned(), licenses.object());
    }
    writeln!(out, "{object:#}")
}

/// The words for people: each guard that stops the run, and what to do. `file` is where `guards.json` was
/// written, if it was. Writes nothing if nothing stops the run.
///
/// # Errors
/// Those of `out`.
pub fn write_guard_text(
    report: &GuardReport,
    file: Option<&str>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let count = report.stopping().count();
    if count == 0 {
        return Ok(());
    }
    let heading = format!("stopped by {}: nothing is committed", counted(count, "guard"));
    writeln!(out, "{}", painted(*style, palette::BAD, &heading))?;
    for trip in report.stopping() {
        writeln!(out, "\n{}", painted(*style, palette::EMPHASIS, &sentence(trip)))?;
        writeln!(out, "  limit: {}", limit_words(&trip.reviewed.trip))?;
        let members = &trip.reviewed.trip;
        write_sample("leaving", &trip.removed_sample, members.removed, out)?;
        write_sample("coming", &trip.added_sample, members.added, out)?;
        if !trip.groups_sample.is_empty() {
            let groups =
                trip.groups_sample.iter().map(|(group, changes)| format!("{} {changes}", words_of(group)));
            writeln!(out, "  most in: {}", groups.collect::<Vec<_>>().join(", "))?;
        }
        writeln!(out, "  to do: {}", how_to_pass(trip))?;
    }
    if let Some(licenses) = report.licenses.as_ref().filter(|licenses| !licenses.is_empty()) {
        writeln!(out)?;
        licenses.write_text(out)?;
    }
    let approved = report.trips.len() - count;
    if approved > 0 {
        writeln!(out, "\n{} more {} approved", approved, if approved == 1 { "is" } else { "are" })?;
    }
    match file {
        Some(file) => writeln!(
            out,
            "\nwhen the changes are what they should be, `--approve {}` lets exactly these through",
            printable(file)
        ),
        None => writeln!(out, "\n`--out DIR` writes a `guards.json` that `--approve` takes after a review"),
    }
}

/// A group by its name and id.
pub(super) fn words_of(group: &NamedGroup) -> String {
    let id = printable(&group.id);
    match &group.display_name {
        Some(name) => format!("`{}` ({id})", printable(name)),
        None => format!("`{id}`"),
    }
}

fn write_sample(word: &str, sample: &[String], count: u64, out: &mut dyn io::Write) -> io::Result<()> {
    if sample.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = sample.iter().map(|id| printable(id)).collect();
    write!(out, "  {word}: {}", ids.join(", "))?;
    match count.saturating_sub(sample.len() as u64) {
        0 => writeln!(out),
        more => writeln!(out, " and {more} more"),
    }
}

fn trip_json(report: &TripReport) -> Value {
    let ReviewedTrip { trip, fingerprint, approved } = &report.reviewed;
    let exceeded = trip.exceeded.iter().map(|exceeded| {
        let limit = match exceeded.limit {
            Limit::Share(share) => share.decimal().parse::<f64>().map_or(Value::Null, Value::from),
            Limit::Count(count) => json!(count),
            Limit::NotAll => json!("notAll"),
        };
        json!({ "key": exceeded.key, "limit": limit })
    });
    let groups = report.groups_sample.iter().map(|(group, changes)| {
        json!({ "groupId": group.id, "displayName": group.display_name, "changes": changes })
    });
    json!({
        "kind": trip.kind.word(),
        "groupId": report.group.as_ref().map(|group| &group.id),
        "displayName": report.group.as_ref().and_then(|group| group.display_name.as_ref()),
        "attribute": report.attribute,
        "message": sentence(report),
        "before": trip.before,
        "added": trip.added,
        "removed": trip.removed,
        "after": trip.after(),
        "exceeded": exceeded.collect::<Vec<_>>(),
        "addedSample": report.added_sample,
        "removedSample": report.removed_sample,
        "groupsSample": groups.collect::<Vec<_>>(),
        "approved": approved,
        "fingerprint": fingerprint.to_string(),
    })
}

fn delta_of(report: &RunReport, group: Ordinal) -> Delta {
    let nobody = RoaringBitmap::new();
    let changes = &report.changes;
    let before = changes.before.members(group).unwrap_or(&nobody);
    Delta::between(before, changes.after.members(group).unwrap_or(&nobody))
}

fn named(report: &RunReport, groups: &HashMap<Ordinal, &GroupReport>, group: Ordinal) -> NamedGroup {
    let known = groups.get(&group).copied();
    let id = || report.changes.roster.id(group).to_owned();
    known.map_or_else(|| NamedGroup { id: id(), display_name: None }, name_of)
}

fn name_of(group: &GroupReport) -> NamedGroup {
    NamedGroup { id: group.id.clone(), display_name: group.display_name.clone() }
}

/// The first ids of all, byte for byte.
fn first_ids(report: &RunReport, members: &RoaringBitmap) -> Vec<String> {
    let mut ids: Vec<&str> = members.iter().map(|member| report.changes.roster.id(member)).collect();
    if ids.len() > GUARD_SAMPLE_MAX {
        ids.select_nth_unstable(GUARD_SAMPLE_MAX);
        ids.truncate(GUARD_SAMPLE_MAX);
    }
    ids.sort_unstable();
    ids.into_iter().map(str::to_owned).collect()
}

/// The groups with the most changes of a kind, then by id.
fn largest(report: &RunReport, kind: TripKind, allowed: &RoaringBitmap) -> Vec<(NamedGroup, u64)> {
    let changes_of =
        |group: &GroupReport| if kind == TripKind::TotalRemovals { group.removed } else { group.added };
    let mut groups: Vec<&GroupReport> = report
        .groups
        .iter()
        .filter(|group| changes_of(group) > 0 && !allowed.contains(group.group))
        .collect();
    groups.sort_by(|one, other| changes_of(other).cmp(&changes_of(one)).then_with(|| one.id.cmp(&other.id)));
    groups.truncate(GUARD_SAMPLE_MAX);
    groups.into_iter().map(|group| (name_of(group), changes_of(group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::fingerprint::Fingerprinting;
    use crate::directory::approval::Approval;
    use crate::directory::policy::guards::GuardPolicy;
    use crate::language::attribute::Subject;
    use crate::membership::guard::{ChangedMembers, GroupChange, Input, InputCount, review, trips};
    use crate::membership::recompute::Status;
    use crate::membership::roster::{Roster, RowIds};
    use crate::membership::snapshot::Snapshot;
    use crate::report::changes::Changes;
    use crate::report::samples::visible;

    /// One group that loses most, one that loses all, one that grows and loses one, and one that stays;
    /// numbered against the order of their ids.
    fn run() -> RunReport {
        let ids: Vec<String> = (0..40).rev().map(|number| format!("u{number:02}")).collect();
        let mut roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
        let mut groups = Vec::new();
        for (id, name, old, new) in [
            ("g4", Some("Stays"), 0..30, 0..30),
            ("g3", None, 0..10, 1..35),
            ("g2", Some("Only\u{7}one"), 39..40, 0..0),
            ("g1", Some("Sales"), 0..40, 0..12),
        ] {
            let group = roster.intern(id).unwrap();
            let (old, new): (RoaringBitmap, RoaringBitmap) = (old.collect(), new.collect());
            groups.push(GroupReport {
                id: id.to_owned(),
                group,
                display_name: name.map(str::to_owned),
                status: Status::Succeeded,
                cause: "membershipRule",
                members: new.len(),
                added: new.difference_len(&old),
                removed: old.difference_len(&new),
                error: None,
            });
            before.replace(group, old);
            after.replace(group, new);
        }
        groups.reverse();
        let changes = Changes { before, after, deleted: RoaringBitmap::new(), roster };
        RunReport { groups, changes, ..crate::report::samples::run_report() }
    }

    fn inputs() -> Vec<InputCount> {
        let attribute = |name: &str, before, after| {
            let input = Input::Attribute { subject: Subject::User, name: name.into() };
            InputCount { input, before, after }
        };
        vec![
            attribute("department", 1_000, 0),
            attribute("city", 1_000, 333),
            InputCount { input: Input::Users, before: 1_000, after: 850 },
            InputCount { input: Input::Devices, before: 20, after: 0 },
        ]
    }

    fn report(run: &RunReport, allowed: &[&str], approval: &Approval) -> GuardReport {
        let mut policy = GuardPolicy::default();
        policy.set("group_removals_max_count", "20").unwrap();
        policy.set("total_additions_max_count", "20").unwrap();
        let Changes { before, after, roster, .. } = &run.changes;
        let changes: Vec<GroupChange> = run
            .groups
            .iter()
            .map(|group| {
                let (added, removed) = (group.added, group.removed);
                GroupChange { group: group.group, before: group.members + removed - added, added, removed }
            })
            .collect();
        let allowed = allowed.iter().filter_map(|id| roster.find(id)).collect();
        let found = trips(&policy, &changes, &allowed, &inputs());
        let reviewed = review(found, &changes, &allowed, ChangedMembers { roster, before, after }, approval);
        GuardReport::of(run, &reviewed, &allowed)
    }

    fn json_of(report: &GuardReport) -> String {
        let mut out = Vec::new();
        write_guards(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn text_of(report: &GuardReport, file: Option<&str>) -> String {
        let mut out = Vec::new();
        write_guard_text(report, file, &Style::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_stopped_run_says_what_would_happen_and_what_to_do() {
        let report = report(&run(), &[], &Approval::default());
        insta::assert_snapshot!("stopped_text", visible(&text_of(&report, Some("out/guards.json"))));
        insta::assert_snapshot!("stopped_json", json_of(&report));
    }

    #[test]
    fn what_the_run_writes_lets_the_run_through() {
        let run = run();
        let seen = report(&run, &[], &Approval::default());
        let approval = Approval::of_text("guards.json", &json_of(&seen)).unwrap();
        let again = report(&run, &[], &approval);
        assert_eq!(again.trips.len(), seen.trips.len());
        assert_eq!(again.stopping().count(), 0);
        assert_eq!(text_of(&again, None), "");
        assert!(json_of(&again).contains("\"stopped\": false"));
    }

    #[test]
    fn a_partly_approved_run_keeps_what_was_approved() {
        let run = run();
        let mut some = report(&run, &[], &Approval::default());
        some.trips.retain(|trip| trip.group.is_none());
        let approval = Approval::of_text("guards.json", &json_of(&some)).unwrap();
        let again = report(&run, &[], &approval);
        let text = text_of(&again, None);
        assert!(text.starts_with("stopped by 3 guards: nothing is committed\n"), "{text}");
        assert!(text.contains("\n6 more are approved\n") && text.contains("`--out DIR`"), "{text}");
        let all = Approval::of_text("guards.json", &json_of(&again)).unwrap();
        assert_eq!(report(&run, &[], &all).stopping().count(), 0, "the new file has the old approvals too");
    }

    #[test]
    fn allowed_groups_are_named_nowhere() {
        let text = text_of(&report(&run(), &["G1", "g2"], &Approval::default()), None);
        assert!(!text.contains("Sales") && !text.contains("g2"), "{text}");
    }

    #[test]
    fn colour_is_written_where_it_is_asked_for() {
        let report = report(&run(), &[], &Approval::default());
        let mut out = Vec::new();
        write_guard_text(&report, None, &Style { colour: true, ..Style::PLAIN }, &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains("\u{1b}["));
        assert!(
            report.trips.iter().all(|trip| trip.reviewed.fingerprint != Fingerprinting::new("").finish())
        );
    }
}
