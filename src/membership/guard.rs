//! Guards: whether a change is too large to be made without somebody having looked at it.

mod change;
mod fingerprints;
mod trip;

use roaring::RoaringBitmap;

pub use self::change::{GroupChange, Input, InputCount};
pub use self::fingerprints::{ChangedMembers, ReviewedTrip, of_objects, review};
pub use self::trip::{Exceeded, Limit, Trip, TripSubject};
use crate::directory::policy::guards::{EmptyGroups, GuardPolicy, Limits};
pub use crate::directory::policy::trip_kind::TripKind;

/// The guards that stop a run, causes first: inputs, totals, then groups by ordinal. Empty if it may go on.
///
/// Groups of `allowed` are passed over: they do not stop the run, and count in no total. Which groups
/// stand in `groups` is up to the caller; the members of assigned groups change too, when users are
/// deleted. Of one group, and of one input, there is one entry.
///
/// ```
/// use dyngroup::directory::policy::guards::GuardPolicy;
/// use dyngroup::membership::guard::{GroupChange, TripKind, trips};
/// let policy = GuardPolicy::default();
/// let sales = GroupChange { group: 0, before: 1_000, added: 0, removed: 100 };
/// assert!(trips(&policy, &[sales], &Default::default(), &[]).is_empty());
/// let found = trips(&policy, &[GroupChange { removed: 201, ..sales }], &Default::default(), &[]);
/// let kinds: Vec<_> = found.iter().map(|trip| trip.kind).collect();
/// assert_eq!(kinds, [TripKind::TotalRemovals, TripKind::GroupRemovals]);
/// ```
pub fn trips(
    policy: &GuardPolicy,
    groups: &[GroupChange],
    allowed: &RoaringBitmap,
    inputs: &[InputCount],
) -> Vec<Trip> {
    if !policy.enabled {
        return Vec::new();
    }
    let groups = || groups.iter().filter(|change| !allowed.contains(change.group));
    let mut found: Vec<Trip> = inputs.iter().filter_map(|count| of_input(policy, count)).collect();
    found.extend(of_totals(policy, groups()));
    found.extend(groups().flat_map(|change| of_group(policy, *change)));
    found.sort_by(|one, other| (one.kind, &one.subject).cmp(&(other.kind, &other.subject)));
    found
}

fn of_input(policy: &GuardPolicy, count: &InputCount) -> Option<Trip> {
    let (kind, key, share) = match &count.input {
        Input::Users => (TripKind::UsersLost, "users_lost_max_share", policy.users_lost_max_share),
        Input::Devices => (TripKind::DevicesLost, "devices_lost_max_share", policy.devices_lost_max_share),
        Input::Attribute { .. } => (
            TripKind::AttributeLost,
            "attribute_values_lost_max_share",
            policy.attribute_values_lost_max_share,
        ),
    };
    let share = share?;
    let lost = count.before.saturating_sub(count.after);
    let is_small = lost <= policy.small_changes_max_count;
    // A handful of values can go at once; a handful of users that are all cannot.
    let all_gone = count.after == 0 && lost > 0 && !(is_small && kind == TripKind::AttributeLost);
    let limit = if all_gone {
        Limit::NotAll
    } else if !is_small && share.is_exceeded_by(lost, count.before) {
        Limit::Share(share)
    } else {
        return None;
    };
    Some(Trip {
        kind,
        subject: TripSubject::Input(count.input.clone()),
        before: count.before,
        added: 0,
        removed: lost,
        exceeded: vec![Exceeded { key, limit }],
    })
}

fn of_totals<'a>(policy: &GuardPolicy, groups: impl Iterator<Item = &'a GroupChange>) -> Vec<Trip> {
    let [before, added, removed] = groups.fold([0_u64; 3], |[before, added, removed], change| {
        [
            before.saturating_add(change.before),
            added.saturating_add(change.added),
            removed.saturating_add(change.removed),
        ]
    });
    let trip = |kind, keys, limits, count| {
        let exceeded = exceeded(policy, keys, limits, count, before);
        let subject = TripSubject::AllGroups;
        (!exceeded.is_empty()).then_some(Trip { kind, subject, before, added, removed, exceeded })
    };
    let removals = trip(
        TripKind::TotalRemovals,
        ["total_removals_max_share", "total_removals_max_count"],
        policy.total_removals,
        removed,
    );
    let additions = trip(
        TripKind::TotalAdditions,
        ["total_additions_max_share", "total_additions_max_count"],
        policy.total_additions,
        added,
    );
    removals.into_iter().chain(additions).collect()
}

fn of_group(policy: &GuardPolicy, change: GroupChange) -> impl Iterator<Item = Trip> {
    let GroupChange { group, before, added, removed } = change;
    let empty = before > 0 && change.after() == 0 && policy.empty_groups == EmptyGroups::Stop;
    let empty = empty.then_some(Exceeded { key: "empty_groups", limit: Limit::NotAll });
    let removals = exceeded(
        policy,
        ["group_removals_max_share", "group_removals_max_count"],
        policy.group_removals,
        removed,
        before,
    );
    let additions = exceeded(
        policy,
        ["group_additions_max_share", "group_additions_max_count"],
        policy.group_additions,
        added,
        before,
    );
    [
        (TripKind::GroupEmpty, empty.into_iter().collect()),
        (TripKind::GroupRemovals, removals),
        (TripKind::GroupAdditions, additions),
    ]
    .into_iter()
    .filter(|(_, exceeded): &(_, Vec<Exceeded>)| !exceeded.is_empty())
    .map(move |(kind, exceeded)| Trip {
        kind,
        subject: TripSubject::Group(group),
        before,
        added,
        removed,
        exceeded,
    })
}

/// The limits that `count` changes of what were `before` are beyond. `keys` are those of the share and of
/// the count.
fn exceeded(
    policy: &GuardPolicy,
    keys: [&'static str; 2],
    limits: Limits,
    count: u64,
    before: u64,
) -> Vec<Exceeded> {
    let [share_key, count_key] = keys;
    let is_small = count <= policy.small_changes_max_count;
    let share =
        limits.share_max.filter(|share| !is_small && before > 0 && share.is_exceeded_by(count, before));
    let number = limits.count_max.filter(|&max| count > max);
    let share = share.map(|share| Exceeded { key: share_key, limit: Limit::Share(share) });
    let number = number.map(|max| Exceeded { key: count_key, limit: Limit::Count(max) });
    share.into_iter().chain(number).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::policy::share::Share;
    use crate::language::attribute::Subject;
    use crate::membership::roster::Ordinal;

    fn policy(settings: &[(&str, &str)]) -> GuardPolicy {
        let mut policy = GuardPolicy::default();
        for (key, value) in settings {
            policy.set(key, value).unwrap();
        }
        policy
    }

    /// Nothing is limited but what the settings say.
    fn limited(settings: &[(&str, &str)]) -> GuardPolicy {
        let mut open = policy(&[("empty_groups", "pass")]);
        for key in GuardPolicy::KEYS {
            let none = if key == "small_changes_max_count" { "0" } else { "none" };
            if key.contains("_max_") {
                open.set(key, none).unwrap();
            }
        }
        for (key, value) in settings {
            open.set(key, value).unwrap();
        }
        open
    }

    const fn change(before: u64, added: u64, removed: u64) -> GroupChange {
        GroupChange { group: 7, before, added, removed }
    }

    /// Kinds and keys, as `kind key`.
    fn found(policy: &GuardPolicy, groups: &[GroupChange], inputs: &[InputCount]) -> Vec<String> {
        let found = trips(policy, groups, &RoaringBitmap::new(), inputs);
        let words = |trip: &Trip| {
            let keys: Vec<_> = trip.exceeded.iter().map(|exceeded| exceeded.key).collect();
            format!("{} {}", trip.kind.word(), keys.join("+"))
        };
        found.iter().map(words).collect()
    }

    /// Settings, of which the first one is exceeded; before, added and removed of a group that passes and of
    /// one that does not; the kind.
    const BORDERS: [(&str, [u64; 3], [u64; 3], &str); 18] = [
        ("group_removals_max_share=0.2", [1_000, 0, 200], [1_000, 0, 201], "groupRemovals"),
        ("group_removals_max_share=0.2", [1_000, 900, 200], [999, 900, 200], "groupRemovals"),
        ("group_removals_max_share=0", [1_000, 900, 0], [1_000, 0, 1], "groupRemovals"),
        (
            "group_removals_max_share=0.2 small_changes_max_count=10",
            [11, 0, 10],
            [12, 0, 11],
            "groupRemovals",
        ),
        (
            "group_removals_max_count=5 small_changes_max_count=10",
            [1_000, 0, 5],
            [1_000, 0, 6],
            "groupRemovals",
        ),
        ("group_removals_max_count=0", [1_000, 0, 0], [1_000, 0, 1], "groupRemovals"),
        ("group_additions_max_share=1", [50, 50, 50], [50, 51, 0], "groupAdditions"),
        ("group_additions_max_share=1", [0, 9_999, 0], [1, 2, 0], "groupAdditions"),
        (
            "group_additions_max_share=250% small_changes_max_count=10",
            [2, 10, 0],
            [4, 11, 0],
            "groupAdditions",
        ),
        ("group_additions_max_count=5", [0, 5, 0], [0, 6, 0], "groupAdditions"),
        ("total_removals_max_share=0.1", [1_000, 0, 100], [1_000, 0, 101], "totalRemovals"),
        (
            "total_removals_max_share=0.1 small_changes_max_count=10",
            [10, 0, 10],
            [11, 0, 11],
            "totalRemovals",
        ),
        ("total_removals_max_count=5", [1_000, 9, 5], [1_000, 0, 6], "totalRemovals"),
        ("total_additions_max_share=0.5", [10, 5, 9], [10, 6, 0], "totalAdditions"),
        ("total_additions_max_share=0.5", [0, 5, 0], [1, 1, 0], "totalAdditions"),
        ("total_additions_max_count=5", [0, 5, 0], [0, 6, 0], "totalAdditions"),
        ("empty_groups=stop", [0, 0, 0], [1, 0, 1], "groupEmpty"),
        ("empty_groups=stop small_changes_max_count=10", [500, 1, 500], [1, 0, 1], "groupEmpty"),
    ];

    #[test]
    fn groups_and_totals_pass_at_the_limit_and_stop_beyond() {
        let of = |[before, added, removed]: [u64; 3]| change(before, added, removed);
        for (settings, passes, stops, kind) in BORDERS {
            let settings: Vec<_> =
                settings.split(' ').filter_map(|setting| setting.split_once('=')).collect();
            let policy = limited(&settings);
            assert!(found(&policy, &[of(passes)], &[]).is_empty(), "{settings:?} {passes:?}");
            let expected = format!("{kind} {}", settings[0].0);
            assert_eq!(found(&policy, &[of(stops)], &[]), [expected], "{settings:?} {stops:?}");
        }
    }

    #[test]
    fn both_limits_of_a_kind_are_one_trip() {
        let policy = limited(&[("group_removals_max_share", "0.1"), ("group_removals_max_count", "3")]);
        assert_eq!(
            found(&policy, &[change(10, 0, 4)], &[]),
            ["groupRemovals group_removals_max_share+group_removals_max_count"]
        );
        let all = policy_that_stops_everything();
        assert_eq!(found(&all, &[change(1, 0, 1)], &[]).len(), 3);
    }

    fn policy_that_stops_everything() -> GuardPolicy {
        let mut policy = limited(&[("empty_groups", "stop")]);
        for key in GuardPolicy::KEYS.into_iter().filter(|key| key.contains("_max_")) {
            policy.set(key, "0").unwrap();
        }
        policy
    }

    #[test]
    fn inputs_pass_at_the_limit_and_stop_beyond() {
        let attribute = || Input::Attribute { subject: Subject::User, name: "city".into() };
        let defaults = GuardPolicy::default();
        for (input, before, after, stops) in [
            (Input::Users, 1_000, 900, false),
            (Input::Users, 1_000, 899, true),
            (Input::Users, 20, 10, false),
            (Input::Users, 20, 9, true),
            (Input::Users, 1, 0, true),
            (Input::Users, 0, 0, false),
            (Input::Users, 0, 500, false),
            (Input::Users, 5, 500, false),
            (Input::Devices, 1_000, 900, false),
            (Input::Devices, 1_000, 899, true),
            (Input::Devices, 3, 0, true),
            (attribute(), 1_000, 500, false),
            (attribute(), 1_000, 499, true),
            (attribute(), 10, 0, false),
            (attribute(), 11, 0, true),
            (attribute(), 11, 1, false),
            (attribute(), 12, 1, true),
            (attribute(), 0, 0, false),
        ] {
            let count = InputCount { input, before, after };
            assert_eq!(!found(&defaults, &[], std::slice::from_ref(&count)).is_empty(), stops, "{count:?}");
        }
        let all = policy(&[("users_lost_max_share", "1"), ("attribute_values_lost_max_share", "1")]);
        let users = |after| InputCount { input: Input::Users, before: 1_000, after };
        assert!(found(&all, &[], &[users(1)]).is_empty());
        assert_eq!(found(&all, &[], &[users(0)]), ["usersLost users_lost_max_share"]);
        let off = policy(&[("users_lost_max_share", "none")]);
        assert!(found(&off, &[], &[users(0)]).is_empty());
    }

    #[test]
    fn a_trip_has_the_counts_and_the_limit() {
        let count = InputCount { input: Input::Users, before: 30, after: 0 };
        let found = trips(&GuardPolicy::default(), &[], &RoaringBitmap::new(), &[count]);
        let expected = Trip {
            kind: TripKind::UsersLost,
            subject: TripSubject::Input(Input::Users),
            before: 30,
            added: 0,
            removed: 30,
            exceeded: vec![Exceeded { key: "users_lost_max_share", limit: Limit::NotAll }],
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn allowed_groups_stop_nothing_and_count_nowhere() {
        let defaults = GuardPolicy { group_removals: Limits::default(), ..GuardPolicy::default() };
        let large = GroupChange { group: 1, before: 1_000, added: 0, removed: 1_000 };
        let other = GroupChange { group: 2, before: 100, added: 0, removed: 25 };
        let found = |allowed: &[Ordinal]| {
            let found = trips(&defaults, &[large, other], &allowed.iter().copied().collect(), &[]);
            found.iter().map(|trip| (trip.kind, trip.before, trip.removed)).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&[]),
            [(TripKind::TotalRemovals, 1_100, 1_025), (TripKind::GroupEmpty, 1_000, 1_000),]
        );
        assert_eq!(found(&[1]), [(TripKind::TotalRemovals, 100, 25)], "25 of 100 stay too many");
        assert!(found(&[1, 2]).is_empty());
    }

    #[test]
    fn guards_that_are_off_stop_nothing() {
        let mut all = policy_that_stops_everything();
        let users = InputCount { input: Input::Users, before: 9, after: 0 };
        assert!(!found(&all, &[change(1, 5, 1)], std::slice::from_ref(&users)).is_empty());
        all.enabled = false;
        assert!(found(&all, &[change(1, 5, 1)], &[users]).is_empty());
    }

    fn changes() -> impl Strategy<Value = Vec<GroupChange>> {
        let change = (0_u64..40, 0_u64..40, 0_u64..40);
        prop::collection::vec(change, 0..12).prop_map(|changes| {
            let with_group = |(group, (before, added, removed)): (Ordinal, (u64, u64, u64))| GroupChange {
                group,
                before,
                added,
                removed: removed.min(before),
            };
            (0..).zip(changes).map(with_group).collect()
        })
    }

    fn inputs() -> impl Strategy<Value = Vec<InputCount>> {
        let all = ["", "city", "state", "mail"].map(|name| match name {
            "" => Input::Users,
            name => Input::Attribute { subject: Subject::User, name: name.into() },
        });
        prop::collection::vec((0_u64..40, 0_u64..40), 4).prop_map(move |counts| {
            let count =
                |(input, (before, after)): (&Input, _)| InputCount { input: input.clone(), before, after };
            all.iter().zip(counts).map(count).collect()
        })
    }

    proptest! {
        #[test]
        fn without_limits_nothing_stops(groups in changes(), inputs in inputs(), small in 0_u64..20) {
            let policy = limited(&[("small_changes_max_count", &small.to_string())]);
            prop_assert_eq!(trips(&policy, &groups, &RoaringBitmap::new(), &inputs), []);
        }

        #[test]
        fn the_order_of_what_is_given_does_not_matter(
            (groups, shuffled) in changes().prop_flat_map(|groups| (Just(groups.clone()), Just(groups).prop_shuffle())),
            (inputs, mixed) in inputs().prop_flat_map(|inputs| (Just(inputs.clone()), Just(inputs).prop_shuffle())),
            allowed in prop::collection::vec(0_u32..12, 0..3),
        ) {
            let policy = policy(&[("small_changes_max_count", "2"), ("total_additions_max_share", "0.5")]);
            let allowed = allowed.into_iter().collect();
            let one = trips(&policy, &groups, &allowed, &inputs);
            prop_assert_eq!(&one, &trips(&policy, &shuffled, &allowed, &mixed));
            prop_assert!(one.is_sorted_by_key(|trip| (trip.kind, trip.subject.clone())));
            prop_assert!(one.iter().all(|trip| !trip.exceeded.is_empty()));
        }

        #[test]
        fn stricter_limits_stop_no_less(groups in changes(), inputs in inputs(), tenths in 0_u64..10, more in 0_u64..10) {
            let of = |tenths: u64| {
                let mut policy = policy_that_stops_everything();
                for key in GuardPolicy::KEYS.into_iter().filter(|key| key.ends_with("_max_share")) {
                    policy.set(key, &Share::of_tenths(tenths.min(10)).decimal()).unwrap();
                }
                let found = trips(&policy, &groups, &RoaringBitmap::new(), &inputs);
                found.into_iter().map(|trip| (trip.kind, trip.subject)).collect::<Vec<_>>()
            };
            let strict = of(tenths);
            prop_assert!(of(tenths + more).iter().all(|trip| strict.contains(trip)));
        }
    }
}
