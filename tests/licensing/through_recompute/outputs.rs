//! What a run leaves in the folder of `--out`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::runner::Folder;

/// Where an assignment comes from: a group by id, or nothing for a direct one.
pub(super) type Group = Option<String>;

/// An assignment: user, product and source.
pub(super) type Key = (String, String, Group);

/// All files of a run that are about licenses.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) deltas: Vec<Delta>,
    pub(super) states: BTreeMap<String, Arc<UserState>>,
    pub(super) errors: Vec<ErrorLine>,
    pub(super) seats: BTreeMap<String, Seats>,
    pub(super) audit: Vec<AuditLine>,
    pub(super) groups: BTreeMap<String, Value>,
    /// Lines of `membership-deltas.ndjson`.
    pub(super) moves: usize,
}

/// A line of `license-deltas.ndjson`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delta {
    pub(super) user_id: String,
    pub(super) sku_id: String,
    pub(super) source: Source,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) error: Option<String>,
    pub(super) plans_on: BTreeSet<String>,
    pub(super) plans_off: BTreeSet<String>,
    pub(super) seat: i64,
    #[serde(default)]
    pub(super) pending_removal: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Source {
    Word(Direct),
    Group {
        #[serde(rename = "groupId")]
        group_id: String,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Direct {
    Direct,
}

/// A line of `license-states.ndjson`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserState {
    user_id: String,
    pub(super) license_assignment_states: Vec<Assignment>,
    pub(super) assigned_licenses: Vec<License>,
    pub(super) plans: Vec<PlanStatus>,
}

/// Graph's `licenseAssignmentState`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Assignment {
    pub(super) sku_id: String,
    pub(super) disabled_plans: BTreeSet<String>,
    pub(super) assigned_by_group: Group,
    pub(super) state: String,
    /// `None` as a word without one.
    pub(super) error: String,
    pub(super) last_updated_date_time: String,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct License {
    pub(super) sku_id: String,
    pub(super) disabled_plans: BTreeSet<String>,
}

/// A plan that is not plainly on.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlanStatus {
    pub(super) service_plan_id: String,
    pub(super) grace_until: Option<String>,
    #[serde(default)]
    pub(super) held_back: bool,
}

/// A line of `license-errors.ndjson`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorLine {
    pub(super) user_id: String,
    pub(super) group_id: Group,
    pub(super) sku_id: String,
    pub(super) error: String,
    pub(super) detail: Value,
    pub(super) first_seen: Option<String>,
    pub(super) waiting_since: Option<String>,
}

/// An object of `seats.json`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seats {
    sku_id: String,
    pub(super) sku_part_number: String,
    pub(super) capacity: i64,
    pub(super) consumed: i64,
    pub(super) available: i64,
    pub(super) demand: i64,
    pub(super) waiting: i64,
}

/// A line of `audit.ndjson`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditLine {
    pub(super) activity: String,
    pub(super) category: String,
    pub(super) actor: String,
    pub(super) target: Value,
    pub(super) time: String,
    pub(super) run: String,
    pub(super) details: Value,
}

impl Told {
    /// Reads the files of a folder.
    pub(super) fn read(folder: &Folder, out: &str) -> Result<Self, String> {
        let states: Vec<UserState> = rows(folder, out, "license-states.ndjson")?;
        let groups: Vec<Value> = rows(folder, out, "groups.ndjson")?;
        let seats: Vec<Seats> = parsed("seats.json", &text(folder, out, "seats.json")?)?;
        let moves: Vec<Value> = rows(folder, out, "membership-deltas.ndjson")?;
        Ok(Self {
            deltas: rows(folder, out, "license-deltas.ndjson")?,
            states: states.into_iter().map(|state| (state.user_id.clone(), Arc::new(state))).collect(),
            errors: rows(folder, out, "license-errors.ndjson")?,
            seats: seats.into_iter().map(|seats| (seats.sku_id.clone(), seats)).collect(),
            audit: rows(folder, out, "audit.ndjson")?,
            groups: groups.into_iter().map(|row| (word(&row["groupId"]).to_owned(), row)).collect(),
            moves: moves.len(),
        })
    }
}

impl Delta {
    pub(super) fn key(&self) -> Key {
        let group = match &self.source {
            Source::Word(Direct::Direct) => None,
            Source::Group { group_id } => Some(group_id.clone()),
        };
        (self.user_id.clone(), self.sku_id.clone(), group)
    }
}

impl UserState {
    /// The assignments by product and source.
    pub(super) fn assignments(&self) -> BTreeMap<Key, &Assignment> {
        let key =
            |one: &Assignment| (self.user_id.clone(), one.sku_id.clone(), one.assigned_by_group.clone());
        self.license_assignment_states.iter().map(|one| (key(one), one)).collect()
    }

    /// Products that take a seat.
    pub(super) fn held(&self) -> BTreeSet<&str> {
        self.in_force().map(|one| one.sku_id.as_str()).collect()
    }

    pub(super) fn in_force(&self) -> impl Iterator<Item = &Assignment> {
        self.license_assignment_states.iter().filter(|one| one.is_in_force())
    }

    /// Plans that came to a product and cannot be given.
    pub(super) fn held_back(&self) -> BTreeSet<&str> {
        let plans = self.plans.iter().filter(|plan| plan.held_back);
        plans.map(|plan| plan.service_plan_id.as_str()).collect()
    }
}

impl Assignment {
    pub(super) fn is_in_force(&self) -> bool {
        self.state != "Error"
    }
}

/// The text of a value; empty if it is none.
pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The text of a file.
pub(super) fn text(folder: &Folder, out: &str, name: &str) -> Result<String, String> {
    let path = folder.path().join(out).join(name);
    std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))
}

fn rows<T: DeserializeOwned>(folder: &Folder, out: &str, name: &str) -> Result<Vec<T>, String> {
    text(folder, out, name)?.lines().map(|line| parsed(name, line)).collect()
}

fn parsed<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("{name}: {error}: {text}"))
}
