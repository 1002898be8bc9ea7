//! Random tenants: the changes of a run, applied to the members before, give what the definition says.

use std::collections::{BTreeMap, BTreeSet};

use dyngroup::directory::managers::Managers;
use dyngroup::directory::object::Object;
use dyngroup::engine::oracle;
use dyngroup::engine::world::{Relations, VersionOrder, World};
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::typed::Reach;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::tenant::{assigned, dynamic, recompute, tenant};
use crate::generate;
use crate::runner::lines;

/// The groups in an order in which each reads only earlier ones: `G1` and `G2` are what random rules read.
pub(crate) const GROUPS: [&str; 9] = ["plain", "G1", "g2", "r0", "r1", "r2", "r3", "chain1", "chain2"];

/// Ids that the members file may name.
pub(crate) const MEMBERS: [&str; 12] =
    ["M", "N", "u2", "U3", "u4", "d0", "d1", "ghost", "plain", "G1", "g2", "gone"];

pub(crate) type Sets = BTreeMap<&'static str, BTreeSet<String>>;

struct Known<'a> {
    members: &'a Sets,
    managers: &'a Managers,
}

impl Relations for Known<'_> {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![group.to_lowercase()];
        while let Some(group) = waiting.pop() {
            let found = self.members.iter().find(|(id, _)| id.to_lowercase() == group);
            for member in found.into_iter().flat_map(|(_, members)| members) {
                if member.eq_ignore_ascii_case(object) {
                    return true;
                }
                if reach == Reach::Transitive && seen.insert(member.to_lowercase()) {
                    waiting.push(member.to_lowercase());
                }
            }
        }
        false
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.managers.of(user)
    }
}

/// The object under another id.
pub(crate) fn renamed(object: &Object, id: &str) -> Object {
    let mut renamed = Object::new(id);
    for (name, value) in object.values().filter(|(name, _)| *name != "objectId") {
        renamed.set(name, value.clone());
    }
    renamed.set_manager(object.manager().map(str::to_owned));
    renamed
}

fn as_json(object: &Object) -> Json {
    let mut fields = serde_json::Map::new();
    fields.insert("id".to_owned(), object.id().into());
    for (name, value) in object.values().filter(|(name, _)| *name != "objectId") {
        fields.insert(name.to_owned(), value.json());
    }
    if let Some(manager) = object.manager() {
        fields.insert("manager".to_owned(), json!({ "id": manager }));
    }
    fields.into()
}

/// What the definition makes of `groups`, one after the other, and those in error among them. `gone` is
/// deleted.
pub(crate) fn expected(
    groups: &[&'static str],
    rules: &BTreeMap<&'static str, String>,
    [users, devices]: [&[Object]; 2],
    before: &Sets,
    version_order: Option<VersionOrder>,
) -> (Sets, BTreeSet<&'static str>) {
    let managers = Managers::of_objects(users);
    let (mut members, mut failed) = (before.clone(), BTreeSet::new());
    for set in members.values_mut() {
        set.remove("gone");
    }
    for &group in groups {
        let Some(text) = rules.get(group) else { continue };
        let options = Options { dialect: Dialect::Extended, ..Options::default() };
        let rule = compile(text, options).rule.unwrap_or_else(|| panic!("refused: {text}"));
        let objects = match rule.subject {
            Subject::User => users,
            Subject::Device => devices,
        };
        let relations = Known { members: &members, managers: &managers };
        let world = World { now: generate::now(), version_order, relations: &relations };
        let admitted: Result<BTreeSet<String>, _> = objects
            .iter()
            .filter_map(|object| match oracle::evaluate(&rule, object, &world) {
                Ok(is_member) => is_member.then(|| Ok(object.id().to_owned())),
                Err(error) => Some(Err(error)),
            })
            .collect();
        match admitted {
            Ok(admitted) => drop(members.insert(group, admitted)),
            Err(_) => drop(failed.insert(group)),
        }
    }
    (members, failed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn changes_lead_from_the_members_before_to_those_of_the_definition(
        users in vec(generate::object(Subject::User), 5),
        devices in vec(generate::object(Subject::Device), 2),
        random in vec(generate::rule_text(Dialect::Extended), 4),
        before in btree_set((select(&GROUPS[..]), select(&MEMBERS[..])), 0..30),
        order in Just(GROUPS.to_vec()).prop_shuffle(),
    ) {
        let named = |objects: &[Object], ids: &[&str]| -> Vec<Object> {
            objects.iter().zip(ids).map(|(object, id)| renamed(object, id)).collect()
        };
        let users = named(&users, &["M", "N", "u2", "U3", "u4"]);
        let devices = named(&devices, &["d0", "d1"]);
        let mut rules = BTreeMap::from([
            ("plain", "user.accountEnabled -eq true".to_owned()),
            ("chain1", "user.memberOf -any (group.objectId -in ['r0', 'R1', 'plain'])".to_owned()),
            ("chain2", "-not (user.transitiveMemberOf -any (group.objectId -in ['chain1', 'g2']))".to_owned()),
        ]);
        rules.extend(["r0", "r1", "r2", "r3"].into_iter().zip(random));
        let groups: Vec<Json> = order
            .iter()
            .map(|id| rules.get(id).map_or_else(|| assigned(id), |rule| dynamic(id, rule)))
            .collect();
        let before: Vec<(&str, &str)> = before.into_iter().collect();
        let mut user_lines: Vec<Json> = users.iter().map(as_json).collect();
        user_lines.push(json!({ "id": "gone", "@removed": { "reason": "deleted" } }));
        let folder = tenant(&user_lines, &groups, &before);
        folder.write("tenant/devices.ndjson", lines(devices.iter().map(as_json)));

        let mut sets: Sets = GROUPS.iter().map(|group| (*group, BTreeSet::new())).collect();
        for &(group, member) in &before {
            sets.get_mut(group).unwrap().insert(member.to_owned());
        }
        let version_order = Some(VersionOrder::Version);
        let (members, _) = expected(&GROUPS, &rules, [&users, &devices], &sets, version_order);
        let wanted: BTreeSet<(String, String)> = members
            .into_iter()
            .flat_map(|(group, members)| members.into_iter().map(|member| (group.to_owned(), member)))
            .collect();
        let written = recompute(&folder, &["--dialect", "extended", "--version-order", "version"], 0);
        prop_assert_eq!(written.applied_to(&before), wanted);
    }
}
