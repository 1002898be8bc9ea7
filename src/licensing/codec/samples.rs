//! A tenant, and made-up users and outcomes of it, for the tests of the texts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use crate::directory::policy::Policy;
use crate::licensing::catalog::{Catalog, Country, SkuIndex};
use crate::licensing::intent::{DirectLicense, Group, GroupIndex, Moment, User};
use crate::licensing::outcome::{AssignmentState, ErrorCode, Outcome, PlanGrace, Problem, Record, Source};
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::policy::LicensingPolicy;
use crate::licensing::tenant::Tenant;

const PLANS: u32 = 70;
const SKUS: u32 = 6;
const GROUPS: u32 = 5;

/// A tenant with `plan-0`, `sku-0`, `group-0` and so on, with their numbers as places; the other way round
/// if `is_reversed`.
pub(super) fn tenant(is_reversed: bool) -> Tenant {
    let policy = "[licensing]\noverallocation = { sku-3 = 7 }\n";
    let policy = LicensingPolicy::read(&Policy::of_text("policy.toml", policy).unwrap()).unwrap();
    let mut tenant = Tenant::new(Catalog::default(), policy, None);
    let numbers =
        |count: u32| (0..count).map(move |number| if is_reversed { count - 1 - number } else { number });
    for number in numbers(PLANS) {
        let name = format!("PLAN {number}");
        tenant.plan(&format!("plan-{number}"), (number % 2 == 0).then_some(name.as_str()));
    }
    for number in numbers(SKUS) {
        tenant.sku(&format!("sku-{number}"));
    }
    for number in numbers(GROUPS) {
        tenant.add_group(Group::new(format!("group-{number}"), true));
    }
    tenant
}

/// One problem of each kind in two records, and time to come back.
pub(super) fn everything(time: Timestamp) -> Outcome {
    let plans = |numbers: &[u32]| numbers.iter().map(|&number| PlanIndex(number)).collect::<PlanSet>();
    let (plan, other) = (PlanIndex(1), PlanIndex(2));
    let record = |source, problems: Vec<Problem>| Record {
        sku: SkuIndex(3),
        source,
        state: AssignmentState::ActiveWithError,
        error: problems.first().map(Problem::code),
        problems,
        disabled: plans(&[9, 10]),
        held_back: plans(&[11]),
        pending_removal: true,
        last_updated: time,
        activated: Some(Moment { sequence: 4, time }),
        waiting_since: Some(time),
        error_since: Some(time),
    };
    let location = Country::new("NO").unwrap();
    let group = Source::Group(GroupIndex(2));
    let any_of = plans(&[3, 20]);
    let direct = vec![
        Problem::Prohibited { plan, location },
        Problem::LocationMissing,
        Problem::Exclusive { plan, other, other_sku: SkuIndex(5), other_source: group },
        Problem::Needs { plan, any_of: any_of.clone() },
        Problem::NeededBy { plan, other_sku: SkuIndex(5), other_source: Source::Direct, any_of },
    ];
    let inherited = vec![
        Problem::NoSeat,
        Problem::HeldForMove,
        Problem::AddressTaken,
        Problem::NotSubscribed,
        Problem::Sibling,
        Problem::ChangeFailed(ErrorCode::Other),
    ];
    let records = vec![record(Source::Direct, direct), record(group, inherited)];
    Outcome { records, grace: vec![PlanGrace { plan, until: time }] }
}

pub(super) fn plans() -> impl Strategy<Value = PlanSet> {
    prop::collection::btree_set(0..PLANS, 0..5)
        .prop_map(|plans: BTreeSet<u32>| plans.into_iter().map(PlanIndex).collect())
}

fn plan() -> impl Strategy<Value = PlanIndex> {
    (0..PLANS).prop_map(PlanIndex)
}

fn sku() -> impl Strategy<Value = SkuIndex> {
    (0..SKUS).prop_map(SkuIndex)
}

fn group() -> impl Strategy<Value = GroupIndex> {
    (0..GROUPS).prop_map(GroupIndex)
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![Just(Source::Direct), group().prop_map(Source::Group)]
}

fn country() -> impl Strategy<Value = Country> {
    "[A-Z]{2}".prop_map(|letters| Country::new(&letters).unwrap())
}

fn time() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond())
        .prop_map(|nanosecond| Timestamp::from_nanosecond(nanosecond).unwrap())
}

fn moment() -> impl Strategy<Value = Moment> {
    (prop_oneof![Just(0), any::<u64>()], time()).prop_map(|(sequence, time)| Moment { sequence, time })
}

fn code() -> impl Strategy<Value = ErrorCode> {
    prop_oneof![
        Just(ErrorCode::ProhibitedInUsageLocationViolation),
        Just(ErrorCode::MutuallyExclusiveViolation),
        Just(ErrorCode::DependencyViolation),
        Just(ErrorCode::CountViolation),
        Just(ErrorCode::UniquenessViolation),
        Just(ErrorCode::Other),
    ]
}

fn problem() -> impl Strategy<Value = Problem> {
    prop_oneof![
        (plan(), country()).prop_map(|(plan, location)| Problem::Prohibited { plan, location }),
        Just(Problem::LocationMissing),
        (plan(), plan(), sku(), source()).prop_map(|(plan, other, other_sku, other_source)| {
            Problem::Exclusive { plan, other, other_sku, other_source }
        }),
        (plan(), plans()).prop_map(|(plan, any_of)| Problem::Needs { plan, any_of }),
        (plan(), sku(), source(), plans()).prop_map(|(plan, other_sku, other_source, any_of)| {
            Problem::NeededBy { plan, other_sku, other_source, any_of }
        }),
        Just(Problem::NoSeat),
        Just(Problem::HeldForMove),
        Just(Problem::AddressTaken),
        Just(Problem::NotSubscribed),
        Just(Problem::Sibling),
        code().prop_map(Problem::ChangeFailed),
    ]
}

fn state() -> impl Strategy<Value = AssignmentState> {
    prop_oneof![
        Just(AssignmentState::Active),
        Just(AssignmentState::ActiveWithError),
        Just(AssignmentState::Error),
        Just(AssignmentState::Disabled),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let what =
        (sku(), source(), state(), prop::option::of(code()), prop::collection::btree_set(problem(), 0..6));
    let when = (time(), prop::option::of(moment()), prop::option::of(time()), prop::option::of(time()));
    (what, plans(), plans(), any::<bool>(), when).prop_map(
        |(what, disabled, held_back, pending_removal, when)| {
            let (sku, source, state, error, problems) = what;
            let (last_updated, activated, waiting_since, error_since) = when;
            // In the order in which the engine has them.
            let mut problems: Vec<Problem> = problems.into_iter().collect();
            problems.sort_by_key(Problem::code);
            Record {
                sku,
                source,
                state,
                error,
                problems,
                disabled,
                held_back,
                pending_removal,
                last_updated,
                activated,
                waiting_since,
                error_since,
            }
        },
    )
}

pub(super) fn outcome() -> impl Strategy<Value = Outcome> {
    let grace = prop::collection::btree_map(plan(), time(), 0..4);
    (prop::collection::vec(record(), 0..5), grace).prop_map(|(records, grace)| {
        let mut outcome = Outcome::default();
        for record in records {
            outcome.put(record);
        }
        outcome.grace = grace.into_iter().map(|(plan, until)| PlanGrace { plan, until }).collect();
        outcome
    })
}

pub(super) fn user() -> impl Strategy<Value = User> {
    let groups = || prop::collection::btree_map(group(), moment(), 0..4);
    let direct = prop::collection::vec((sku(), plans(), moment()), 0..4);
    let known = (prop::option::of(country()), any::<bool>(), prop::option::of(time()));
    (known, groups(), groups(), direct).prop_map(|(known, memberships, left, direct)| {
        let (location, has_address_conflict, deleted_at) = known;
        let license = |(sku, disabled, since)| (sku, DirectLicense { disabled, since });
        let direct: BTreeMap<SkuIndex, DirectLicense> = direct.into_iter().map(license).collect();
        let converted = direct.keys().copied().take(usize::from(has_address_conflict)).collect();
        User { location, has_address_conflict, deleted_at, memberships, left, direct, converted }
    })
}
