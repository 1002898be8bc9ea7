//! Groups over columns: members, changes and errors are those that the definition gives for objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use dyngroup::directory::column_reader::Wanted;
use dyngroup::directory::columns::{Columns, TextColumn};
use dyngroup::directory::members::Members;
use dyngroup::directory::object::{Object, Value};
use dyngroup::engine::world::VersionOrder;
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::typed::TypedRule;
use dyngroup::membership::recompute::{GroupInput, Objects, Plan, Settings, Status, evaluations, recompute};
use dyngroup::membership::roster::{Roster, RowIds};
use dyngroup::membership::snapshot::Snapshot;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use roaring::RoaringBitmap;

use super::random::{self, MEMBERS, Sets, expected, renamed};
use crate::generate;
use crate::machines::cases;

/// Beside those of [`random::GROUPS`]: groups that may be in error, what reads them, and one that waits.
const MORE: [&str; 6] = ["steps", "versions", "waits", "deep", "reports", "paused"];

fn rule(text: &str) -> TypedRule {
    let options = Options { dialect: Dialect::Extended, ..Options::default() };
    compile(text, options).rule.unwrap_or_else(|| panic!("refused: {text}"))
}

fn rules(random: Vec<String>) -> BTreeMap<&'static str, String> {
    let fixed = [
        ("plain", "user.accountEnabled -eq true"),
        ("chain1", "user.memberOf -any (group.objectId -in ['r0', 'R1', 'plain', 'nowhere'])"),
        ("chain2", "-not (user.transitiveMemberOf -any (group.objectId -in ['chain1', 'g2']))"),
        ("steps", r#"user.displayName -match "^(a|aa)+\1c$""#),
        ("versions", "device.deviceOSVersion -ge \"10.0\""),
        ("waits", "user.transitiveMemberOf -any (group.objectId -in ['steps', 'CHAIN2'])"),
        ("deep", "device.memberOf -any (group.objectId -in ['versions', 'G1', 'r2'])"),
        ("reports", "(All Reports for 'm') -and -not (Direct Reports for 'N')"),
    ];
    let random = ["r0", "r1", "r2", "r3"].into_iter().zip(random);
    fixed.map(|(group, text)| (group, text.to_owned())).into_iter().chain(random).collect()
}

/// Objects as columns, with what `rules` read of them.
fn columns(rules: &[TypedRule], subject: Subject, objects: &[Object]) -> Columns {
    Columns::of_objects(objects, &Wanted::of_rules(rules, subject, true).attributes)
}

fn ids(objects: &[Object]) -> RowIds {
    RowIds::of(objects.iter().map(Object::id))
}

/// Members and errors by group, from columns; the counts are held against the members.
fn found(
    order: &[&'static str],
    rules: &BTreeMap<&'static str, String>,
    [users, devices]: [&[Object]; 2],
    before: &Sets,
    version_order: Option<VersionOrder>,
) -> (Sets, BTreeSet<&'static str>) {
    let typed: BTreeMap<&str, TypedRule> = rules.iter().map(|(group, text)| (*group, rule(text))).collect();
    let all: Vec<TypedRule> = typed.values().cloned().collect();
    let managers = TextColumn::of_originals(users.iter().map(Object::manager));
    let mut roster = Roster::new(ids(users), ids(devices)).unwrap();
    let mut snapshot = Snapshot::default();
    let inputs: Vec<GroupInput> = order
        .iter()
        .map(|id| {
            let plan = match typed.get(id) {
                Some(rule) => Plan::Rule(Box::new(rule.clone())),
                None if *id == "paused" => Plan::Paused,
                None => Plan::Static,
            };
            GroupInput { group: roster.intern(id).unwrap(), plan }
        })
        .collect();
    for input in &inputs {
        snapshot.add_group(input.group);
    }
    let pairs = before.iter().flat_map(|(group, members)| members.iter().map(move |member| (*group, member)));
    snapshot.add_given(&Members::new(pairs), &mut roster).unwrap();
    let objects = Objects {
        users: &columns(&all, Subject::User, users),
        devices: &columns(&all, Subject::Device, devices),
        managers: Some(&managers),
        deleted: &RoaringBitmap::from_iter(roster.find("gone")),
        roster: &roster,
    };
    let settings = Settings { now: generate::now(), version_order };
    let evaluated = AtomicU64::new(0);
    let count = |done| {
        evaluated.fetch_add(done, Relaxed);
    };
    let (outcomes, after) = recompute(&inputs, objects, &snapshot, settings, &count);
    assert_eq!(evaluated.into_inner(), evaluations(&inputs, objects), "no rule is in a circle");
    let (mut members, mut failed) = (Sets::new(), BTreeSet::new());
    for ((group, input), outcome) in order.iter().zip(&inputs).zip(&outcomes) {
        let of = |snapshot: &Snapshot| snapshot.members(input.group).cloned().unwrap_or_default();
        let (old, new) = (of(&snapshot), of(&after));
        assert_eq!(outcome.members, new.len());
        assert_eq!((outcome.added, outcome.removed), ((&new - &old).len(), (&old - &new).len()));
        assert_eq!(outcome.error.is_some(), outcome.status == Status::Failed);
        if outcome.status == Status::Failed {
            failed.insert(*group);
        }
        members.insert(group, new.iter().map(|member| roster.id(member).to_owned()).collect());
    }
    (members, failed)
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn members_changes_and_errors_are_those_of_the_definition(
        users in vec(generate::object(Subject::User), 5..9),
        devices in vec(generate::object(Subject::Device), 0..4),
        random in vec(generate::rule_text(Dialect::Extended), 4),
        before in btree_set((select([&random::GROUPS[..], &MORE].concat()), select(&MEMBERS[..])), 0..40),
        order in Just([&random::GROUPS[..], &MORE].concat()).prop_shuffle(),
        version_order in select(vec![None, Some(VersionOrder::Version), Some(VersionOrder::Ordinal)]),
        long_name in prop::bool::weighted(0.1),
        shared_id in any::<bool>(),
    ) {
        let named = |objects: &[Object], ids: &[&str]| -> Vec<Object> {
            objects.iter().zip(ids).map(|(object, id)| renamed(object, id)).collect()
        };
        let mut users = named(&users, &["M", "N", "u2", "U3", "u4", "5", "6", "7"]);
        if long_name {
            users[2].set("displayName", Value::Text("a".repeat(60)));
        }
        users[0].set_manager(Some("u2".to_owned()));
        // In no real tenant a device has the id of a user; then they are one member.
        let devices = named(&devices, &["d0", if shared_id { "u4" } else { "d1" }, "d2"]);
        let rules = rules(random);
        let groups = [&random::GROUPS[..], &MORE].concat();
        let mut sets: Sets = groups.iter().map(|group| (*group, BTreeSet::new())).collect();
        for (group, member) in before {
            sets.get_mut(group).unwrap().insert(member.to_owned());
        }
        let objects = [users.as_slice(), &devices];
        let (members, failed) = found(&order, &rules, objects, &sets, version_order);
        let (wanted, in_error) = expected(&groups, &rules, objects, &sets, version_order);
        prop_assert_eq!(failed, in_error);
        prop_assert_eq!(members, wanted);
    }
}

#[test]
fn the_failures_are_reached() {
    let fails = |name: &str, order| {
        let users = [Object::new("u").with("displayName", Value::Text(name.repeat(60)))];
        let devices = [Object::new("d")];
        let (_, failed) = found(
            &["steps", "versions"],
            &rules(vec![]).into_iter().filter(|(id, _)| ["steps", "versions"].contains(id)).collect(),
            [&users, &devices],
            &Sets::new(),
            order,
        );
        failed.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(fails("a", None), ["steps", "versions"]);
    assert_eq!(fails("b", Some(VersionOrder::Version)), [""; 0]);
}
