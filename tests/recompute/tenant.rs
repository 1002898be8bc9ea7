//! Small tenants for tests, and what a run makes of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::runner::{Folder, Ran};

/// A dynamic group.
pub(crate) fn dynamic(id: &str, rule: &str) -> Value {
    json!({ "id": id, "groupTypes": ["DynamicMembership"], "membershipRule": rule, "membershipRuleProcessingState": "On" })
}

/// A group with assigned members.
pub(crate) fn assigned(id: &str) -> Value {
    json!({ "id": id, "groupTypes": [] })
}

/// Writes a tenant into the folder `tenant`.
pub(crate) fn tenant(users: &[Value], groups: &[Value], members: &[(&str, &str)]) -> Folder {
    let folder = Folder::new();
    folder.write("tenant/users.json", json!(users).to_string());
    folder.write("tenant/groups.json", json!(groups).to_string());
    let pairs: Vec<Value> =
        members.iter().map(|(group, member)| json!({ "groupId": group, "memberId": member })).collect();
    folder.write("tenant/members.json", json!(pairs).to_string());
    folder
}

/// Users of which only the department is known.
pub(crate) fn in_departments(pairs: &[(&str, &str)]) -> Vec<Value> {
    pairs.iter().map(|(id, department)| json!({ "id": id, "department": department })).collect()
}

/// What a run wrote.
pub(super) struct Written {
    pub(super) ran: Ran,
    /// `membership-deltas.ndjson`.
    pub(super) deltas: Vec<[String; 3]>,
    /// `groups.ndjson` by group.
    pub(super) groups: BTreeMap<String, Value>,
    /// `summary.json`.
    pub(super) summary: Value,
}

impl Written {
    /// The changes as `group +member` and `group -member`, in the order of the file.
    pub(super) fn changes(&self) -> Vec<String> {
        let sign = |change: &str| if change == "added" { '+' } else { '-' };
        self.deltas
            .iter()
            .map(|[group, member, change]| format!("{group} {}{member}", sign(change)))
            .collect()
    }

    /// Status, members, added and removed of a group.
    pub(super) fn outcome(&self, group: &str) -> String {
        let row = &self.groups[group];
        let status = row["status"].as_str().unwrap();
        format!("{status} {} +{} -{}", row["members"], row["added"], row["removed"])
    }

    /// The error of a group; empty without one.
    pub(super) fn error(&self, group: &str) -> &str {
        self.groups[group]["error"].as_str().unwrap_or_default()
    }

    /// What `before` becomes.
    pub(super) fn applied_to(&self, before: &[(&str, &str)]) -> BTreeSet<(String, String)> {
        let mut members: BTreeSet<(String, String)> =
            before.iter().map(|(group, member)| ((*group).to_owned(), (*member).to_owned())).collect();
        for [group, member, change] in &self.deltas {
            let pair = (group.clone(), member.clone());
            let changed = if change == "added" { members.insert(pair) } else { members.remove(&pair) };
            assert!(changed, "{group} {member} {change} changes nothing");
        }
        members
    }
}

/// Runs `recompute tenant --out out` without guards, with further arguments, and reads what it wrote.
pub(super) fn recompute(folder: &Folder, arguments: &[&str], code: i32) -> Written {
    let fixed = ["recompute", "tenant", "--out", "out", "--now", "2026-01-15T00:00:00Z", "--no-guards"];
    let all = [&fixed, arguments].concat();
    let ran = folder.run(&all);
    ran.expect_code(code);
    let rows = |name: &str| -> Vec<Value> {
        folder.read(name).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    Written {
        ran,
        deltas: rows("out/membership-deltas.ndjson")
            .iter()
            .map(|row| ["groupId", "memberId", "change"].map(|key| text(row, key)))
            .collect(),
        groups: rows("out/groups.ndjson").into_iter().map(|row| (text(&row, "groupId"), row)).collect(),
        summary: serde_json::from_str(&folder.read("out/summary.json")).unwrap(),
    }
}
