//! Random histories: after each step a run over the changes holds the same members, and tells the same
//! changes, as a full run over the whole tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dyngroup::store::Store;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::machines::cases;
use crate::runner::{Folder, lines};

/// What users may have, each with values that rules below tell apart.
const USER_VALUES: [(&str, &[&str]); 8] = [
    ("department", &["\"Sales\"", "\"SALES\"", "\"Design\"", "\"\"", "null"]),
    ("city", &["\"Oslo\"", "\"Malmö\"", "\"malmÖ\"", "null"]),
    ("displayName", &["\"aac\"", "\"Ann\"", "\"ann b\"", "null"]),
    ("accountEnabled", &["true", "false", "null"]),
    (
        "employeeHireDate",
        &["\"2026-01-10T00:00:00Z\"", "\"2026-01-20T12:00:00Z\"", "\"2026-03-01T00:00:00Z\"", "null"],
    ),
    ("otherMails", &["[\"a@x.example\"]", "[\"b@y.example\",\"a@x.example\"]", "[]"]),
    ("managerId", &["\"u0\"", "\"u1\"", "\"boss\"", "null"]),
    (
        "assignedPlans",
        &[
            "[]",
            "[{\"service\":\"SCO\",\"servicePlanId\":\"P1\",\"capabilityStatus\":\"Enabled\"}]",
            "[{\"service\":\"exchange\",\"servicePlanId\":\"p2\",\"capabilityStatus\":\"Deleted\"}]",
        ],
    ),
];

const DEVICE_VALUES: [(&str, &[&str]); 2] = [
    ("displayName", &["\"kiosk 1\"", "\"PC\"", "null"]),
    ("operatingSystemVersion", &["\"10.0.1\"", "\"10.0.9\"", "\"9\"", "null"]),
];

/// Rules that read objects, other groups, managers and the clock; some in error for some values.
const RULES: [&str; 18] = [
    "user.department -eq \"sales\"",
    "-not (user.city -startsWith \"mal\")",
    "user.department -ne null -and user.accountEnabled -eq true",
    "user.displayName -match \"^an\"",
    "user.displayName -match \"^(a|aa)+\\1c$\"",
    "user.otherMails -any (_ -startsWith \"a@\")",
    "user.assignedPlans -any (assignedPlan.service -eq \"SCO\" -and assignedPlan.capabilityStatus -eq \"Enabled\")",
    "user.employeeHireDate -le system.now",
    "user.employeeHireDate -ge system.now -minus p7d -and user.department -in [\"Sales\",\"Design\"]",
    "Direct Reports for \"u1\"",
    "(All Reports for \"boss\") -and user.accountEnabled -ne false",
    "user.memberOf -any (group.objectId -in ['g0','static'])",
    "user.transitiveMemberOf -any (group.objectId -in ['nest']) -and user.city -ne null",
    "device.displayName -startsWith \"KIOSK\"",
    "device.deviceOSVersion -ge \"10.0.5\"",
    "user.objectId -ne null",
    "user.jobTitle -eq null",
    "user.broken -eq \"",
];

type Attributes = BTreeMap<&'static str, &'static str>;

#[derive(Clone, Debug)]
enum Told {
    Changed(Attributes),
    Removed,
}

/// What happens between two runs.
#[derive(Clone, Debug)]
struct Step {
    users: BTreeMap<usize, Told>,
    devices: BTreeMap<usize, Told>,
    rules: BTreeMap<usize, Option<usize>>,
    paused: Option<usize>,
    members: Option<Vec<(usize, usize)>>,
    days: i64,
    /// Whether the files of users and devices are exported again and read as a whole.
    whole: bool,
}

fn attributes(of: &'static [(&'static str, &'static [&'static str])]) -> BoxedStrategy<Attributes> {
    let one = (0..of.len()).prop_flat_map(|at| (Just(of[at].0), select(of[at].1)));
    vec(one, 0..4).prop_map(|values| values.into_iter().collect()).boxed()
}

fn told(of: &'static [(&'static str, &'static [&'static str])]) -> BoxedStrategy<Told> {
    prop_oneof![5 => attributes(of).prop_map(Told::Changed), 1 => Just(Told::Removed)].boxed()
}

fn step() -> impl Strategy<Value = Step> {
    (
        btree_map(0_usize..9, told(&USER_VALUES), 0..4),
        btree_map(0_usize..3, told(&DEVICE_VALUES), 0..2),
        btree_map(0_usize..GROUPS, option::weighted(0.9, 0..RULES.len()), 0..2),
        option::weighted(0.1, 0..GROUPS),
        option::weighted(0.2, vec((0_usize..3, 0_usize..12), 0..6)),
        prop_oneof![3 => Just(0), 2 => 0..20_i64],
        prop::bool::weighted(0.15),
    )
        .prop_map(|(users, devices, rules, paused, members, days, whole)| Step {
            users,
            devices,
            rules,
            paused,
            members,
            days,
            whole,
        })
}

/// The groups `g0`, `g1`, … with rules, beside two static ones.
const GROUPS: usize = 8;

/// A tenant as it really is.
#[derive(Clone, Default)]
struct World {
    users: BTreeMap<usize, Attributes>,
    devices: BTreeMap<usize, Attributes>,
    rules: BTreeMap<usize, usize>,
    paused: BTreeSet<usize>,
    members: Vec<(usize, usize)>,
    day: i64,
}

impl World {
    fn step(&mut self, step: &Step) {
        for (objects, told) in [(&mut self.users, &step.users), (&mut self.devices, &step.devices)] {
            for (&number, told) in told {
                match told {
                    Told::Changed(values) => objects.entry(number).or_default().extend(values.clone()),
                    Told::Removed => drop(objects.remove(&number)),
                }
            }
        }
        for (&group, &rule) in &step.rules {
            match rule {
                Some(rule) => drop(self.rules.insert(group, rule)),
                None => drop(self.rules.remove(&group)),
            }
        }
        if let Some(group) = step.paused
            && !self.paused.remove(&group)
        {
            self.paused.insert(group);
        }
        if let Some(members) = &step.members {
            self.members.clone_from(members);
        }
        self.day += step.days;
    }

    fn now(&self) -> String {
        let day = jiff::Timestamp::from_second(1_768_435_200 + self.day * 86_400).unwrap();
        day.to_string()
    }

    fn groups(&self) -> String {
        let mut groups: Vec<Value> =
            ["static", "nest"].map(|id| json!({ "id": id, "groupTypes": [] })).into();
        for (&group, &rule) in &self.rules {
            groups.push(json!({
                "id": format!("g{group}"),
                "groupTypes": ["DynamicMembership"],
                "membershipRule": RULES[rule],
                "membershipRuleProcessingState": if self.paused.contains(&group) { "Paused" } else { "On" },
            }));
        }
        json!(groups).to_string()
    }

    fn members(&self) -> String {
        let member = |member: usize| match member {
            0..9 => format!("u{member}"),
            9 => "d1".to_owned(),
            10 => "static".to_owned(),
            _ => "ghost".to_owned(),
        };
        let group = |group: usize| ["static", "nest", "g3"][group];
        let pairs: Vec<Value> = self
            .members
            .iter()
            .map(|&(of, who)| json!({ "groupId": group(of), "memberId": member(who) }))
            .collect();
        json!(pairs).to_string()
    }
}

fn object(kind: char, number: usize, values: &Attributes) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(format!("{kind}{number}")));
    for (name, value) in values {
        object.insert((*name).to_owned(), serde_json::from_str(value).unwrap());
    }
    Value::Object(object)
}

fn removed(kind: char, number: usize) -> Value {
    json!({ "id": format!("{kind}{number}"), "@removed": { "reason": "deleted" } })
}

/// A file of all objects, and of those that were removed in this step.
fn export(kind: char, objects: &BTreeMap<usize, Attributes>, told: &BTreeMap<usize, Told>) -> String {
    let gone =
        told.iter().filter(|(_, told)| matches!(told, Told::Removed)).map(|(&at, _)| removed(kind, at));
    // The order of an export says nothing.
    let all = objects.iter().rev().map(|(&number, values)| object(kind, number, values)).chain(gone);
    json!(all.collect::<Vec<_>>()).to_string()
}

fn changes(kind: char, told: &BTreeMap<usize, Told>) -> String {
    lines(told.iter().map(|(&number, told)| match told {
        Told::Changed(values) => object(kind, number, values),
        Told::Removed => removed(kind, number),
    }))
}

/// Members and status of each group, from a state file.
pub(super) fn held(folder: &Folder, state: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut store = Store::open(&folder.path().join(state), Duration::from_secs(9)).unwrap();
    let session = store.read().unwrap();
    let register = session.register().unwrap();
    let id = |ordinal| {
        let (holder, position) = register.position(ordinal).unwrap();
        register.known_id(holder, position).unwrap().to_lowercase()
    };
    let groups = session.groups().unwrap().into_iter();
    groups.map(|group| (group.head.id, (group.head.status, group.members.iter().map(id).collect()))).collect()
}

fn deltas(folder: &Folder, out: &str) -> BTreeSet<String> {
    folder
        .read(&format!("{out}/membership-deltas.ndjson"))
        .to_lowercase()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn run(folder: &Folder, tenant: &str, more: &[&str], now: &str) {
    let (state, out) = (format!("{tenant}.state"), format!("{tenant}.out"));
    let fixed = ["recompute", tenant, "--state", &state, "--out", &out, "--no-guards", "--now", now];
    let fixed = [&fixed[..], &["--dialect", "extended", "--version-order", "version"], more].concat();
    let ran = folder.run(&fixed);
    // Rules in error are part of a history.
    assert!(matches!(ran.code, Some(0 | 1)), "{} {}", ran.stdout, ran.stderr);
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn runs_over_changes_hold_what_full_runs_hold(first in step(), steps in vec(step(), 1..6)) {
        let folder = Folder::new();
        let mut world = World::default();
        // An export without users is refused; with them most steps say something.
        world.users.insert(0, Attributes::from([("department", "\"Sales\"")]));
        world.rules = (0..GROUPS).map(|group| (group, group * 2)).collect();
        world.step(&first);
        let write = |name: &str, text: String| folder.write(name, text);
        let nothing = BTreeMap::new();
        for (at, step) in std::iter::once(None).chain(steps.iter().map(Some)).enumerate() {
            if let Some(step) = step {
                world.step(step);
            }
            let told = step.map_or([&nothing, &nothing], |step| [&step.users, &step.devices]);
            let whole = step.is_none_or(|step| step.whole);
            for tenant in ["full", "changes"] {
                write(&format!("{tenant}/groups.json"), world.groups());
                if step.is_none_or(|step| step.members.is_some()) {
                    write(&format!("{tenant}/members.json"), world.members());
                }
                if whole || tenant == "full" {
                    write(&format!("{tenant}/users.json"), export('u', &world.users, told[0]));
                    write(&format!("{tenant}/devices.json"), export('d', &world.devices, told[1]));
                }
            }
            run(&folder, "full", &[], &world.now());
            if whole {
                run(&folder, "changes", &[], &world.now());
            } else {
                write("users.ndjson", changes('u', told[0]) + "\n{\"id\":\"nobody\",\"@removed\":{}}\n");
                write("devices.ndjson", changes('d', told[1]) + "\n{\"id\":\"nothing\",\"@removed\":{}}\n");
                run(&folder, "changes", &["--changed", "users.ndjson", "--changed-devices", "devices.ndjson"], &world.now());
            }
            prop_assert_eq!(held(&folder, "changes.state"), held(&folder, "full.state"), "after step {}", at);
            prop_assert_eq!(deltas(&folder, "changes.out"), deltas(&folder, "full.out"), "of step {}", at);
        }
    }
}
