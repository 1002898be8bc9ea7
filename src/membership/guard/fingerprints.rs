//! Trips with the fingerprint of the exact change, and which of them somebody has approved.

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::{GroupChange, Input, Trip, TripSubject};
use crate::base::fingerprint::{Fingerprint, Fingerprinting};
use crate::base::fold::fold;
use crate::directory::approval::Approval;
use crate::membership::delta::Delta;
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;

/// A guard that stops the run unless the very change was approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewedTrip {
    /// The guard.
    pub trip: Trip,
    /// What stands for the change: the ids of all who come and go, or the counts of an input.
    pub fingerprint: Fingerprint,
    /// Whether somebody has approved exactly this change.
    pub approved: bool,
}

/// The members of all groups before and after a run, and who they are.
#[derive(Clone, Copy, Debug)]
pub struct ChangedMembers<'a> {
    /// The ids behind the ordinals.
    pub roster: &'a Roster,
    /// The members before.
    pub before: &'a Snapshot,
    /// The members after.
    pub after: &'a Snapshot,
}

/// Gives each of `trips` its fingerprint and looks it up in `approval`; the order stays. The run stops if
/// one of them is not approved.
///
/// `groups` and `allowed` are those of [`trips`](super::trips): the fingerprint of a total is one over all
/// groups in it. Fingerprints are of ids in folded form, so that the order of files and the letter case
/// do not matter.
pub fn review(
    trips: Vec<Trip>,
    groups: &[GroupChange],
    allowed: &RoaringBitmap,
    members: ChangedMembers<'_>,
    approval: &Approval,
) -> Vec<ReviewedTrip> {
    let has_total = trips.iter().any(|trip| trip.subject == TripSubject::AllGroups);
    let stopped: RoaringBitmap = trips.iter().filter_map(|trip| trip.subject.group()).collect();
    let changes: HashMap<Ordinal, Fingerprint> = groups
        .par_iter()
        .filter(|change| {
            stopped.contains(change.group)
                || has_total && change.added + change.removed > 0 && !allowed.contains(change.group)
        })
        .map(|change| (change.group, of_group(change.group, members)))
        .collect();
    let total = has_total.then(|| of_total(changes.values()));
    trips
        .into_iter()
        .map(|trip| {
            let fingerprint = match &trip.subject {
                TripSubject::Input(input) => of_input(input, &trip),
                TripSubject::Licenses => of_objects(&RoaringBitmap::new(), members.roster),
                // Both are there for the trips that ask.
                TripSubject::AllGroups => total.unwrap_or_else(|| of_total([])),
                TripSubject::Group(group) => {
                    changes.get(group).copied().unwrap_or_else(|| of_group(*group, members))
                }
            };
            let approved =
                approval.passes(trip.kind, trip.subject.text(members.roster).as_deref(), fingerprint);
            ReviewedTrip { trip, fingerprint, approved }
        })
        .collect()
}

/// What stands for some objects, whatever happens to them.
pub fn of_objects(objects: &RoaringBitmap, roster: &Roster) -> Fingerprint {
    let mut content = Fingerprinting::new("objects");
    add_ids(objects, roster, &mut content);
    content.finish()
}

fn add_ids(objects: &RoaringBitmap, roster: &Roster, content: &mut Fingerprinting) {
    let mut ids: Vec<Cow<'_, str>> = objects.iter().map(|ordinal| fold(roster.id(ordinal))).collect();
    ids.sort_unstable();
    content.count(ids.len() as u64);
    for id in &ids {
        content.text(id);
    }
}

fn of_input(input: &Input, trip: &Trip) -> Fingerprint {
    let mut content = Fingerprinting::new("input");
    content.text(trip.kind.word());
    content.text(&fold(&TripSubject::Input(input.clone()).attribute().unwrap_or_default()));
    content.count(trip.before);
    content.count(trip.after());
    content.finish()
}

/// Over the changes of groups in whatever order.
fn of_total<'a>(changes: impl IntoIterator<Item = &'a Fingerprint>) -> Fingerprint {
    let mut changes: Vec<&Fingerprint> = changes.into_iter().collect();
    changes.sort_unstable();
    let mut content = Fingerprinting::new("groups");
    content.count(changes.len() as u64);
    for change in changes {
        content.fingerprint(change);
    }
    content.finish()
}

fn of_group(group: Ordinal, members: ChangedMembers<'_>) -> Fingerprint {
    let nobody = RoaringBitmap::new();
    let members_of = |snapshot: &'_ Snapshot| snapshot.members(group).unwrap_or(&nobody).clone();
    let delta = Delta::between(&members_of(members.before), &members_of(members.after));
    let mut content = Fingerprinting::new("group");
    content.text(&fold(members.roster.id(group)));
    add_ids(&delta.added, members.roster, &mut content);
    add_ids(&delta.removed, members.roster, &mut content);
    content.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::directory::policy::guards::GuardPolicy;
    use crate::membership::guard::{InputCount, TripKind, trips};
    use crate::membership::roster::RowIds;

    /// Groups with the ids of their members before and after.
    type Groups<'a> = &'a [(&'a str, &'a [&'a str], &'a [&'a str])];

    struct World {
        roster: Roster,
        before: Snapshot,
        after: Snapshot,
        changes: Vec<GroupChange>,
    }

    impl World {
        /// Everybody has the ordinal of where `users` has them, or whatever is free.
        fn new(users: &[&str], groups: Groups<'_>) -> Self {
            let mut roster = Roster::new(RowIds::of(users.iter().copied()), RowIds::of([])).unwrap();
            let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
            let mut changes = Vec::new();
            for (group, old, new) in groups {
                let group = roster.intern(group).unwrap();
                let mut of = |ids: &[&str]| -> RoaringBitmap {
                    ids.iter().map(|id| roster.intern(id).unwrap()).collect()
                };
                let (old, new) = (of(old), of(new));
                let (added, removed) = (new.difference_len(&old), old.difference_len(&new));
                changes.push(GroupChange { group, before: old.len(), added, removed });
                before.replace(group, old);
                after.replace(group, new);
            }
            Self { roster, before, after, changes }
        }

        fn reviewed(
            &self,
            inputs: &[InputCount],
            allowed: &[&str],
            approval: &Approval,
        ) -> Vec<ReviewedTrip> {
            let mut policy = GuardPolicy::default();
            for (key, value) in [("small_changes_max_count", "0"), ("total_additions_max_share", "0")] {
                policy.set(key, value).unwrap();
            }
            let allowed = allowed.iter().filter_map(|id| self.roster.find(id)).collect();
            let Self { roster, before, after, changes } = self;
            let found = trips(&policy, changes, &allowed, inputs);
            review(found, changes, &allowed, ChangedMembers { roster, before, after }, approval)
        }

        /// The kinds with their subjects that stop the run.
        fn stopping(&self, approval: &Approval) -> Vec<String> {
            let reviewed = self.reviewed(&[], &[], approval);
            let stopping = reviewed.iter().filter(|trip| !trip.approved);
            stopping
                .map(|stop| {
                    let subject = stop.trip.subject.text(&self.roster).unwrap_or_default();
                    format!("{} {subject}", stop.trip.kind.word())
                })
                .collect()
        }

        /// What a person who approves everything hands back.
        fn approval(&self) -> Approval {
            approval_of(&self.reviewed(&[], &[], &Approval::default()), &self.roster)
        }
    }

    fn approval_of(reviewed: &[ReviewedTrip], roster: &Roster) -> Approval {
        let trips: Vec<serde_json::Value> = reviewed
            .iter()
            .map(|reviewed| {
                serde_json::json!({
                    "kind": reviewed.trip.kind.word(),
                    "groupId": reviewed.trip.subject.group().map(|group| roster.id(group)),
                    "attribute": reviewed.trip.subject.attribute(),
                    "fingerprint": reviewed.fingerprint.to_string(),
                })
            })
            .collect();
        let file = serde_json::json!({ "version": 1, "trips": trips });
        Approval::of_text("guards.json", &file.to_string()).unwrap()
    }

    const GROUPS: Groups<'static> =
        &[("g1", &["a", "b", "c"], &["a"]), ("G2", &["a", "b"], &["b", "c", "d"]), ("g3", &["d"], &["d"])];

    #[test]
    fn what_was_approved_passes_and_nothing_else_does() {
        let seen = World::new(&["a", "b", "c", "d"], GROUPS);
        let all = ["totalRemovals ", "totalAdditions ", "groupRemovals g1", "groupRemovals G2"];
        assert_eq!(seen.stopping(&Approval::default()), all);
        assert!(seen.stopping(&seen.approval()).is_empty());
        let other = |groups| World::new(&["a", "b", "c", "d"], groups).stopping(&seen.approval());
        let same_counts: Groups<'_> = &[
            ("g1", &["a", "b", "c"], &["b"]),
            ("G2", &["a", "b"], &["b", "c", "d"]),
            ("g3", &["d"], &["d"]),
        ];
        assert_eq!(other(same_counts), ["totalRemovals ", "totalAdditions ", "groupRemovals g1"]);
        let further: Groups<'_> = &[
            ("g1", &["a", "b", "c"], &["a"]),
            ("G2", &["a", "b"], &["b", "c", "d"]),
            ("g3", &["d"], &["d", "a"]),
        ];
        assert_eq!(other(further), ["totalRemovals ", "totalAdditions "]);
        let added_too: Groups<'_> = &[
            ("g1", &["a", "b", "c"], &["a", "d"]),
            ("G2", &["a", "b"], &["b", "c", "d"]),
            ("g3", &["d"], &["d"]),
        ];
        assert_eq!(other(added_too), ["totalRemovals ", "totalAdditions ", "groupRemovals g1"]);
        let empty: Groups<'_> =
            &[("g1", &["a", "b", "c"], &[]), ("G2", &["a", "b"], &["b", "c", "d"]), ("g3", &["d"], &["d"])];
        assert_eq!(other(empty), ["totalRemovals ", "totalAdditions ", "groupEmpty g1", "groupRemovals g1"]);
    }

    #[test]
    fn the_order_of_files_and_the_letter_case_do_not_matter() {
        let seen = World::new(&["a", "b", "c", "d"], GROUPS);
        let other: Groups<'_> = &[
            ("g3", &["D"], &["d"]),
            ("g2", &["B", "A"], &["D", "C", "b"]),
            ("G1", &["c", "A", "b"], &["a"]),
        ];
        assert!(World::new(&["D", "c"], other).stopping(&seen.approval()).is_empty());
    }

    #[test]
    fn where_an_id_ends_is_part_of_a_change() {
        let seen = World::new(&[], &[("g", &["ab", "c", "x"], &["x"])]);
        let other = World::new(&[], &[("g", &["a", "bc", "x"], &["x"])]);
        assert_eq!(other.stopping(&seen.approval()), ["totalRemovals ", "groupRemovals g"]);
        let swapped = World::new(&[], &[("g", &["x"], &["ab", "c", "x"])]);
        let prints = |world: &World| {
            let members =
                ChangedMembers { roster: &world.roster, before: &world.before, after: &world.after };
            of_group(world.roster.find("g").unwrap(), members)
        };
        assert_ne!(prints(&seen), prints(&swapped), "coming is not going");
    }

    #[test]
    fn allowed_groups_are_in_no_total() {
        let world = World::new(&[], GROUPS);
        let without = world.reviewed(&[], &["G1"], &Approval::default());
        let kinds: Vec<_> = without.iter().map(|reviewed| reviewed.trip.kind).collect();
        assert_eq!(kinds, [TripKind::TotalRemovals, TripKind::TotalAdditions, TripKind::GroupRemovals]);
        let all = world.reviewed(&[], &[], &Approval::default());
        assert_ne!(without.first().unwrap().fingerprint, all.first().unwrap().fingerprint);
        let approval = approval_of(&without, &world.roster);
        assert!(world.reviewed(&[], &["g1"], &approval).iter().all(|reviewed| reviewed.approved));
    }

    #[test]
    fn inputs_are_approved_by_their_counts() {
        let world = World::new(&[], &[]);
        let attribute = |name: &str, before, after| {
            let subject = crate::language::attribute::Subject::User;
            InputCount { input: Input::Attribute { subject, name: name.into() }, before, after }
        };
        let users = |before, after| InputCount { input: Input::Users, before, after };
        let seen = [users(100, 50), attribute("city", 100, 0)];
        let approval = approval_of(&world.reviewed(&seen, &[], &Approval::default()), &world.roster);
        let passes =
            |count: InputCount| world.reviewed(&[count], &[], &approval).iter().all(|it| it.approved);
        assert!(passes(users(100, 50)) && passes(attribute("CITY", 100, 0)));
        for other in [users(100, 49), users(99, 50), attribute("state", 100, 0), attribute("city", 101, 0)] {
            assert!(!passes(other.clone()), "{other:?}");
        }
    }

    /// A group's members before, after the run that was reviewed, and after another one.
    type Three = [BTreeSet<u8>; 3];

    fn three() -> impl Strategy<Value = Three> {
        let members = || prop::collection::btree_set(0_u8..6, 0..6);
        (members(), members(), members(), any::<bool>())
            .prop_map(|(before, seen, other, same)| [before, seen.clone(), if same { seen } else { other }])
    }

    /// The world with the members at `after` of each group.
    fn world(groups: &[Three], after: usize) -> World {
        fn texts(ids: &[String]) -> Vec<&str> {
            ids.iter().map(String::as_str).collect()
        }
        let ids = |members: &BTreeSet<u8>| members.iter().map(|id| format!("u{id}")).collect::<Vec<_>>();
        let named: Vec<_> = (0..)
            .zip(groups)
            .map(|(number, of)| (format!("g{number}"), ids(&of[0]), ids(&of[after])))
            .collect();
        let named: Vec<_> =
            named.iter().map(|(id, old, new)| (id.as_str(), texts(old), texts(new))).collect();
        let groups: Vec<_> =
            named.iter().map(|(id, old, new)| (*id, old.as_slice(), new.as_slice())).collect();
        World::new(&[], &groups)
    }

    proptest! {
        #[test]
        fn an_approval_lets_exactly_the_same_change_through(groups in prop::collection::vec(three(), 0..5)) {
            let (seen, other) = (world(&groups, 1), world(&groups, 2));
            let words = |world: &World, trip: &Trip| {
                (trip.kind, trip.subject.text(&world.roster).map(Cow::into_owned))
            };
            let reviewed = seen.reviewed(&[], &[], &Approval::default());
            let known: Vec<_> = reviewed.iter().map(|reviewed| words(&seen, &reviewed.trip)).collect();
            for reviewed in other.reviewed(&[], &[], &seen.approval()) {
                let what = words(&other, &reviewed.trip);
                let number = what.1.as_deref().and_then(|id| id.strip_prefix('g')?.parse::<usize>().ok());
                let same = match number {
                    Some(number) => groups[number][1] == groups[number][2],
                    None => groups.iter().all(|[_, seen, other]| seen == other),
                };
                prop_assert_eq!(reviewed.approved, same && known.contains(&what), "{:?}", what);
            }
        }
    }
}
