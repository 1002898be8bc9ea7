//! Histories that were made up, with few users and fewer seats: whatever happens, the laws hold.

use std::collections::BTreeMap;

use dyngroup::licensing::event::{Event, EventKind};
use dyngroup::licensing::intent::UserIndex;
use dyngroup::licensing::outcome::Source;
use dyngroup::licensing::plan_set::PlanSet;
use proptest::prelude::*;

use super::world::World;
use super::{laws, reference, scenario};

/// Templates and direct licenses, some of which exclude or need others.
const PRODUCTS: [&str; 14] = [
    "",
    "E1",
    "E3",
    "E5",
    "E3, EMS",
    "E1, EMS",
    "E3 -SHAREPOINTENTERPRISE",
    "E3, AC",
    "E3 only EXCHANGE_S_ENTERPRISE, WPA",
    "EMS",
    "F3",
    "E3 -TEAMS1 -MCOSTANDARD, EMS",
    "E5 only EXCHANGE_S_ENTERPRISE SWAY",
    "AC, E1",
];

/// Plans that come to products; the last one needs a mailbox.
const NEW_PLANS: [&str; 4] = ["SHAREPOINTSTANDARD", "YAMMER_EDU", "MCOIMP", "WORKPLACE_ANALYTICS"];

const SKUS: [&str; 5] = ["E1", "E3", "E5", "EMS", "AC"];

/// Teams is prohibited in XX.
const PLACES: &str =
    "[licensing]\nprohibited_countries = { '57ff2da0-773e-42df-b2af-ffb7a2317929' = ['XX'] }\n";

const POLICIES: [&str; 14] = [
    "",
    "bundle_mode = 'per_product'\n",
    "failed_change = 'strict'\n",
    "removal_block = 'convert_to_direct'\n",
    "move_hold = '2d'\n",
    "capacity_retry = 'manual'\n",
    "self_heal_on_user_change = 'off'\n",
    "conflict_profile = 'classic_2018'\nseat_order = ['wanted_since']\n",
    "conflict_order = 'precedence'\n",
    "location_revoked = 'revoke'\nmissing_location = 'require'\n",
    "new_plan_default = 'off'\nprereq_mode = 'auto_disable'\n",
    "overallocation = 1\nseat_order = []\n",
    "deleted_user_seat = 'hold_30_days'\n[groups.G2]\npriority = 5\n[groups.G1]\ngrace = '1d'\n",
    "[groups.G0]\nalternatives = [['18181a46-0d4e-45cd-891e-60aabd171b4e'], ['efccb6f7-5641-4e0e-bd10-b4976e1bf68e']]\n",
];

/// How many histories each law is tried on.
const CASES: u32 = 160;

type Action = (u8, u8, u8);

/// An action in the words of scenarios.
fn line((kind, a, b): Action, is_short: bool) -> String {
    let (group, user) = (format!("G{}", a % 4), format!("u{}", b % 5));
    let pick = |from: &[&str]| from[usize::from(b) % from.len()].to_owned();
    match kind {
        0..=4 => format!("join {group} {user}"),
        5..=7 => format!("leave {group} {user}"),
        8..=10 => format!("template {group} = {}", pick(&PRODUCTS)),
        11 => format!("direct u{} + {}", a % 5, pick(&PRODUCTS[1..])),
        12 => format!("direct u{} - {}", a % 5, pick(&SKUS)),
        13 | 14 if is_short => format!("pool {} = {}", SKUS[usize::from(a) % SKUS.len()], b % 4),
        15 => format!("location {user} {}", ["NO", "XX", "none"][usize::from(a % 3)]),
        16 => format!("address {user} {}", if a % 2 == 0 { "taken" } else { "free" }),
        17 => format!("delete-user {user}"),
        18 => format!("restore-user {user}"),
        19 => format!("delete-group {group}"),
        20 => "tick 1d".to_owned(),
        21 => format!("pool {} = 3 Suspended", SKUS[usize::from(a) % SKUS.len()]),
        23 => format!(
            "product {} + {}",
            ["EMS", "E1", "E5"][usize::from(a % 3)],
            NEW_PLANS[usize::from(b) % NEW_PLANS.len()]
        ),
        _ => format!("reprocess user {user}"),
    }
}

fn history() -> impl Strategy<Value = Vec<Vec<Action>>> {
    prop::collection::vec(prop::collection::vec((0u8..24, any::<u8>(), any::<u8>()), 1..7), 1..14)
}

fn world(policy: &str, is_short: bool) -> World {
    let mut world = World::new(&format!("{PLACES}{policy}"), Some("NO"));
    for name in ["u0", "u1", "u2", "u3", "u4"] {
        world.user(name);
    }
    let seats = if is_short { 2 } else { 1_000 };
    let mut setup: Vec<String> = SKUS.iter().map(|sku| format!("pool {sku} = {seats}")).collect();
    setup.extend(
        ["template G0 = E3", "template G1 = E1, EMS", "template G2 = E5", "template G3 = E3, AC"]
            .map(str::to_owned),
    );
    let events: Vec<Event> = setup.iter().flat_map(|line| world.events(line)).collect();
    world.apply(&events).unwrap();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold(history in history(), policy in 0..POLICIES.len()) {
        let mut world = world(POLICIES[policy], true);
        for actions in history {
            world.wait();
            let lines: Vec<String> = actions.into_iter().map(|action| line(action, true)).collect();
            let events: Vec<Event> = lines.iter().flat_map(|line| world.events(line)).collect();
            let before = world.tenant.clone();
            let batch = world.apply(&events).unwrap();
            let mut faults = laws::of_batch(&before, &batch, &world.tenant, &events, &world.names);
            faults.extend(scenario::nothing_left_to_do(&world));
            prop_assert!(faults.is_empty(), "{lines:?}\n{}", faults.join("\n"));
            prop_assert!(world.evaluate(&events).unwrap().changes.is_empty(), "{lines:?} twice");
        }
    }

    #[test]
    fn more_sources_never_take_a_plan_away(history in history()) {
        let mut world = world("", true);
        for actions in history {
            world.wait();
            let lines: Vec<String> = actions.into_iter().map(|action| line(action, true)).collect();
            let events: Vec<Event> = lines.iter().flat_map(|line| world.events(line)).collect();
            let only_more = events.iter().all(|event| matches!(&event.kind, EventKind::MembersChanged { removed, .. } if removed.is_empty()));
            let before = world.tenant.clone();
            world.apply(&events).unwrap();
            if !only_more {
                continue;
            }
            for user in world.tenant.users() {
                let plans = |tenant: &dyngroup::licensing::tenant::Tenant| -> PlanSet {
                    tenant.outcome(user).unwrap().enabled(tenant.catalog())
                };
                // A license that was left and is held back only by another one's need may go.
                let left = !before.user(user).unwrap().left.is_empty();
                prop_assert!(left || plans(&before).is_subset(&plans(&world.tenant)), "{lines:?}");
            }
        }
    }

    #[test]
    fn the_obvious_resolver_agrees(history in history()) {
        let mut world = world("", false);
        for actions in history {
            world.wait();
            // Direct edits take effect before anything else, and have a batch of their own.
            let (direct, other): (Vec<Action>, Vec<Action>) =
                actions.into_iter().filter(|action| action.0 < 17 || action.0 == 22).partition(|action| (11..=12).contains(&action.0));
            for actions in [direct, other] {
                let lines: Vec<String> = actions.into_iter().map(|action| line(action, false)).collect();
                let events: Vec<Event> = lines.iter().flat_map(|line| world.events(line)).collect();
                let before = world.tenant.clone();
                world.apply(&events).unwrap();
                for user in world.tenant.users() {
                    let expected = reference::resolve(&before, &world.tenant, user);
                    prop_assert_eq!(found(&world, user), expected, "{:?} user {}", lines, user.0);
                }
            }
        }
    }

    /// Where nothing is short, excluded or needed, one batch or two makes no difference.
    #[test]
    fn batches_can_be_split(actions in prop::collection::vec((0u8..8, any::<u8>(), any::<u8>()), 1..20), at in any::<prop::sample::Index>()) {
        let prepared = |lines: &[&str]| {
            let mut world = world("", false);
            let setup: Vec<Event> =
                ["template G1 = EMS", "template G2 = E5", "template G3 = E3 -SWAY"].iter().flat_map(|line| world.events(line)).collect();
            world.apply(&setup).unwrap();
            let events: Vec<Event> = lines.iter().flat_map(|line| world.events(line)).collect();
            (world, events)
        };
        let lines: Vec<String> = actions.into_iter().map(|action| line(action, false)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let (mut whole, events) = prepared(&lines);
        whole.apply(&events).unwrap();
        let (mut split, events) = prepared(&lines);
        let (first, second) = events.split_at(at.index(events.len()));
        split.apply(first).unwrap();
        split.apply(second).unwrap();
        for user in whole.tenant.users() {
            prop_assert_eq!(found(&whole, user), found(&split, user));
        }
    }
}

fn found(world: &World, user: UserIndex) -> BTreeMap<(Source, String), reference::Found> {
    let outcome = world.tenant.outcome(user).unwrap();
    let entry = |record: &dyngroup::licensing::outcome::Record| {
        let sku = world.tenant.catalog().product(record.sku).unwrap().sku_id.clone();
        let disabled = record.disabled.iter().collect();
        ((record.source, sku), (record.state.is_in_force().then_some(disabled), record.error))
    };
    outcome.records.iter().map(entry).collect()
}
