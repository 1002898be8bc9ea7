//! Random tenants and random changes of rules: who joins and who leaves is the difference of what the
//! definition says, and each reason given is what the definition says too.

use std::collections::{BTreeMap, BTreeSet};

use dyngroup::analysis::reasons::{deciding, turning};
use dyngroup::analysis::whatif::{Explainer, WhatIf};
use dyngroup::directory::column_reader::Wanted;
use dyngroup::directory::columns::{Columns, TextColumn};
use dyngroup::directory::members::Members;
use dyngroup::directory::object::Object;
use dyngroup::engine::world::VersionOrder;
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::typed::TypedRule;
use dyngroup::membership::recompute::{GroupInput, Objects, Plan, Settings};
use dyngroup::membership::roster::{Roster, RowIds};
use dyngroup::membership::snapshot::Snapshot;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use roaring::RoaringBitmap;

use crate::generate;
use crate::machines::cases;
use crate::recompute::random::{GROUPS, MEMBERS, Sets, expected, renamed};

type Rules = BTreeMap<&'static str, String>;

fn rule(text: &str) -> TypedRule {
    let options = Options { dialect: Dialect::Extended, ..Options::default() };
    compile(text, options).rule.unwrap_or_else(|| panic!("refused: {text}"))
}

/// A tenant as columns.
struct Tenant {
    roster: Roster,
    listed: Snapshot,
    users: Columns,
    devices: Columns,
    managers: TextColumn,
    deleted: RoaringBitmap,
}

impl Tenant {
    fn new([users, devices]: [&[Object]; 2], rules: &[TypedRule], before: &Sets) -> Self {
        let ids = |objects: &[Object]| RowIds::of(objects.iter().map(Object::id));
        let columns = |subject, objects: &[Object]| {
            Columns::of_objects(objects, &Wanted::of_rules(rules, subject, true).attributes)
        };
        let mut roster = Roster::new(ids(users), ids(devices)).unwrap();
        let mut listed = Snapshot::default();
        for group in GROUPS {
            listed.add_group(roster.intern(group).unwrap());
        }
        let pairs = before.iter().flat_map(|(group, members)| members.iter().map(move |it| (*group, it)));
        listed.add_given(&Members::new(pairs), &mut roster).unwrap();
        Self {
            listed,
            users: columns(Subject::User, users),
            devices: columns(Subject::Device, devices),
            managers: TextColumn::of_originals(users.iter().map(Object::manager)),
            deleted: RoaringBitmap::from_iter(roster.find("gone")),
            roster,
        }
    }

    fn objects(&self) -> Objects<'_> {
        let Self { users, devices, managers, deleted, roster, .. } = self;
        Objects { users, devices, managers: Some(managers), deleted, roster }
    }

    fn inputs(&self, rules: &Rules) -> Vec<GroupInput> {
        let plan =
            |group: &str| rules.get(group).map_or(Plan::Static, |text| Plan::Rule(Box::new(rule(text))));
        GROUPS
            .into_iter()
            .map(|group| GroupInput { group: self.roster.find(group).unwrap(), plan: plan(group) })
            .collect()
    }

    fn ids(&self, members: &RoaringBitmap) -> BTreeSet<String> {
        members.iter().map(|member| self.roster.id(member).to_owned()).collect()
    }
}

/// The groups in an order in which each reads only earlier ones, whatever the random rules are.
const ORDER: [&str; 9] = ["G1", "g2", "plain", "r0", "r1", "r2", "r3", "chain1", "chain2"];

/// Groups whose rules are changed; `chain1` and `chain2` read some of them.
const CHANGED: [&str; 4] = ["plain", "r0", "r1", "G1"];

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn joins_and_leaves_are_the_difference_of_the_definition(
        users in vec(generate::object(Subject::User), 5),
        devices in vec(generate::object(Subject::Device), 2),
        random in vec(generate::rule_text(Dialect::Extended), 4),
        changes in vec((select(&CHANGED[..]), prop::option::weighted(0.8, generate::rule_text(Dialect::Extended))), 1..3),
        before in btree_set((select(&GROUPS[..]), select(&MEMBERS[..])), 0..30),
    ) {
        let named = |objects: &[Object], ids: &[&str]| -> Vec<Object> {
            objects.iter().zip(ids).map(|(object, id)| renamed(object, id)).collect()
        };
        let users = named(&users, &["M", "N", "u2", "U3", "u4"]);
        let devices = named(&devices, &["d0", "d1"]);
        let mut present = Rules::from([
            ("plain", "user.accountEnabled -eq true".to_owned()),
            ("chain1", "user.memberOf -any (group.objectId -in ['r0', 'R1', 'plain', 'G1'])".to_owned()),
            ("chain2", "-not (user.transitiveMemberOf -any (group.objectId -in ['chain1', 'g2']))".to_owned()),
        ]);
        present.extend(["r0", "r1", "r2", "r3"].into_iter().zip(random));
        let mut proposed = present.clone();
        for (group, change) in changes {
            match change {
                // A random rule reads `G1` and `g2`, in which `plain` and `G1` may stand: these must not read
                // themselves.
                Some(text) if group.starts_with('r') => drop(proposed.insert(group, text)),
                Some(_) => drop(proposed.insert(group, "user.userType -ne \"Guest\"".to_owned())),
                None => drop(proposed.remove(group)),
            }
        }
        let mut sets: Sets = GROUPS.iter().map(|group| (*group, BTreeSet::new())).collect();
        for &(group, member) in &before {
            sets.get_mut(group).unwrap().insert(member.to_owned());
        }
        let version_order = Some(VersionOrder::Version);
        let settings = Settings { now: generate::now(), version_order };
        let all: Vec<TypedRule> = present.values().chain(proposed.values()).map(|text| rule(text)).collect();
        let objects = [users.as_slice(), &devices];
        let tenant = Tenant::new(objects, &all, &sets);
        let changed: RoaringBitmap = GROUPS
            .iter()
            .filter(|group| present.get(*group) != proposed.get(*group))
            .map(|group| tenant.roster.find(group).unwrap())
            .collect();
        let (now, then) = (tenant.inputs(&present), tenant.inputs(&proposed));
        let found = WhatIf::compute(&now, &then, &changed, &tenant.listed, tenant.objects(), settings, &|_| {});

        let (old, failed_before) = expected(&ORDER, &present, objects, &sets, version_order);
        let (new, failed_after) = expected(&ORDER, &proposed, objects, &sets, version_order);
        // What a group in error keeps is another thing on each side.
        prop_assume!(failed_before.is_empty() && failed_after.is_empty());
        let mut affected = BTreeSet::new();
        for group in GROUPS {
            let ordinal = tenant.roster.find(group).unwrap();
            prop_assert_eq!(&tenant.ids(&found.present.members(ordinal)), &old[group], "{}", group);
            prop_assert_eq!(&tenant.ids(&found.proposed.members(ordinal)), &new[group], "{}", group);
            if old[group] != new[group] && !changed.contains(ordinal) {
                affected.insert(ordinal);
            }
        }
        let readers: BTreeSet<u32> = found.affected(&then, &changed).into_iter().collect();
        prop_assert_eq!(readers, affected);
        explained(&tenant, &found, &present, &proposed, settings);
    }
}

/// Holds the reasons against the members.
fn explained(tenant: &Tenant, found: &WhatIf, present: &Rules, proposed: &Rules, settings: Settings) {
    for group in CHANGED {
        let ordinal = tenant.roster.find(group).unwrap();
        let sides = [(present, &found.present), (proposed, &found.proposed)].map(|(rules, side)| {
            let explainer = Explainer { objects: tenant.objects(), members: &side.members, settings };
            (rules.get(group).map(|text| rule(text)), side.members(ordinal), explainer)
        });
        for member in tenant.roster.find("M").into_iter().chain(tenant.roster.find("u4")) {
            let [before, after] = sides.each_ref().map(|(rule, members, explainer)| {
                let explanation = explainer.explain(rule.as_ref()?, member)?;
                assert_eq!(explanation.result, members.contains(member), "{group}");
                assert!(!deciding(&explanation).is_empty());
                Some(explanation)
            });
            if let (Some(before), Some(after)) = (before, after)
                && before.result != after.result
            {
                let (one, other) = turning(&before, &after);
                assert!(!(one.is_empty() && other.is_empty()), "{group}: there is a reason");
            }
        }
    }
}
