//! What one run changed, group by group.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Map, Value, json};

use super::Style;
use super::guards::NamedGroup;
use super::history::RunSummary;
use super::palette::{self, painted};
use super::printable::printable;
use super::state_table::{Cell, Column, Row, signed, write_table};
use super::summary::counted;
use crate::base::fold::fold;
use crate::store::{AuditEvent, ChangeCounts};

/// What one run changed.
#[derive(Clone, Debug)]
pub struct RunChanges {
    /// The run.
    pub summary: RunSummary,
    /// The groups that changed or that an event is about, sorted by id.
    pub groups: Vec<ChangedGroup>,
    /// What happened to no group in particular.
    pub events: Vec<AuditEvent>,
}

/// What one run changed about one group.
#[derive(Clone, Debug)]
pub struct ChangedGroup {
    /// The group.
    pub group: NamedGroup,
    /// Why members came or went; nothing if none did.
    pub cause: Option<String>,
    /// How many came and went.
    pub changed: ChangeCounts,
    /// What else happened to it.
    pub events: Vec<AuditEvent>,
}

impl RunChanges {
    /// Puts events to the groups that they are about; groups that were not there get a place.
    pub fn new(summary: RunSummary, groups: Vec<ChangedGroup>, events: Vec<AuditEvent>) -> Self {
        let mut by_id: BTreeMap<String, ChangedGroup> =
            groups.into_iter().map(|group| (fold(&group.group.id).into_owned(), group)).collect();
        let mut others = Vec::new();
        for event in events {
            let Some(id) = event.target.get("groupId").and_then(Value::as_str) else {
                others.push(event);
                continue;
            };
            let name = event.target.get("displayName").and_then(Value::as_str);
            let unseen = || ChangedGroup {
                group: NamedGroup { id: id.to_owned(), display_name: name.map(str::to_owned) },
                cause: None,
                changed: ChangeCounts::default(),
                events: Vec::new(),
            };
            by_id.entry(fold(id).into_owned()).or_insert_with(unseen).events.push(event);
        }
        let mut groups: Vec<ChangedGroup> = by_id.into_values().collect();
        groups.sort_by(|one, other| one.group.id.cmp(&other.group.id));
        Self { summary, groups, events: others }
    }
}

/// The words for people: the run, then a table of the groups.
///
/// # Errors
/// Those of `out`.
pub fn write_run_text(changes: &RunChanges, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let summary = &changes.summary;
    let (id, actor) = (printable(&summary.run.head.id), printable(&summary.run.head.actor));
    let heading = format!("run {} ({id})", summary.run.run);
    let heading = painted(*style, palette::EMPHASIS, &heading);
    writeln!(out, "{heading}: {}, started {} by {actor}", summary.kind(), summary.started())?;
    let ChangeCounts { added, removed } = summary.changed;
    let groups = counted(changes.groups.len(), "group");
    writeln!(out, "{added} added, {removed} removed, in {groups}")?;
    for event in &changes.events {
        note(event).iter().try_for_each(|note| writeln!(out, "{}", printable(note)))?;
    }
    if changes.groups.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    let columns = [
        Column::left("group id"),
        Column::names("group"),
        Column::right("added"),
        Column::right("removed"),
        Column::left("cause"),
    ];
    let row = |group: &ChangedGroup| Row {
        cells: vec![
            Cell::of(&group.group.id),
            Cell::of(group.group.display_name.as_deref().unwrap_or_default()),
            Cell::of(&signed(group.changed.added, '+')),
            Cell::of(&signed(group.changed.removed, '-')),
            Cell::of(group.cause.as_deref().unwrap_or_default()).painted(palette::DIM),
        ],
        notes: group.events.iter().flat_map(note).collect(),
    };
    write_table(&columns, &changes.groups.iter().map(row).collect::<Vec<_>>(), style, out)
}

/// One line for each group.
///
/// # Errors
/// Those of `out`.
pub fn write_run_concise(changes: &RunChanges, out: &mut dyn io::Write) -> io::Result<()> {
    for event in &changes.events {
        writeln!(out, "{}", printable(&event.activity))?;
    }
    for group in &changes.groups {
        let ChangeCounts { added, removed } = group.changed;
        write!(out, "{}: {added} added, {removed} removed", printable(&group.group.id))?;
        if let Some(cause) = &group.cause {
            write!(out, " ({})", printable(cause))?;
        }
        for event in &group.events {
            write!(out, "; {}", printable(&event.activity))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The run as one object.
///
/// # Errors
/// Those of `out`.
pub fn write_run_json(changes: &RunChanges, out: &mut dyn io::Write) -> io::Result<()> {
    let mut run = changes.summary.json();
    run.insert("summary".to_owned(), changes.summary.run.head.summary.clone());
    run.insert("groups".to_owned(), changes.groups.iter().map(group_json).collect());
    run.extend(events_json(&changes.events));
    writeln!(out, "{:#}", Value::Object(run))
}

/// An object for each group, one a line. What is about no group stands in front, with null as the id.
///
/// # Errors
/// Those of `out`.
pub fn write_run_lines(changes: &RunChanges, out: &mut dyn io::Write) -> io::Result<()> {
    if !changes.events.is_empty() {
        let nothing: [(&str, Value); 5] = [
            ("groupId", Value::Null),
            ("displayName", Value::Null),
            ("cause", Value::Null),
            ("added", json!(0)),
            ("removed", json!(0)),
        ];
        let mut line: Map<String, Value> =
            nothing.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        line.extend(events_json(&changes.events));
        writeln!(out, "{}", Value::Object(line))?;
    }
    changes.groups.iter().try_for_each(|group| writeln!(out, "{}", group_json(group)))
}

fn group_json(changed: &ChangedGroup) -> Value {
    let group = json!({
        "groupId": changed.group.id,
        "displayName": changed.group.display_name,
        "cause": changed.cause,
        "added": changed.changed.added,
        "removed": changed.changed.removed,
    });
    let mut group = if let Value::Object(fields) = group { fields } else { Map::new() };
    group.extend(events_json(&changed.events));
    Value::Object(group)
}

/// Rule changes and overridden guards under keys of their own, all else as it is.
fn events_json(events: &[AuditEvent]) -> Map<String, Value> {
    let (mut rules, mut guards, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for event in events {
        if let Some((before, after)) = rule_change(event) {
            rules.push(json!({ "before": before, "after": after }));
        } else if event.activity == OVERRIDE {
            guards.push(event.details.clone());
        } else {
            others.push(json!({
                "activity": event.activity,
                "category": event.category,
                "target": event.target,
                "details": event.details,
            }));
        }
    }
    let lists = [("ruleChanges", rules), ("overriddenGuards", guards), ("events", others)];
    lists.into_iter().map(|(name, list)| (name.to_owned(), Value::Array(list))).collect()
}

/// Lines for people about an event.
fn note(event: &AuditEvent) -> Vec<String> {
    if let Some((before, after)) = rule_change(event) {
        return vec![
            format!("rule before: {}", rule_words(before)),
            format!("rule after:  {}", rule_words(after)),
        ];
    }
    let detail = |key| event.details.get(key).and_then(Value::as_str);
    if event.activity == OVERRIDE {
        let by = detail("by").map(|by| format!(" by {by}")).unwrap_or_default();
        return vec![format!("guard overridden{by}: {}", detail("guard").unwrap_or("any"))];
    }
    let activity = &event.activity;
    match (&event.details, event.details.get("membershipRule")) {
        (_, Some(Value::Null)) | (Value::Null, _) => vec![activity.clone()],
        (_, Some(rule)) => vec![format!("{activity}, rule: {}", rule_words(rule))],
        (Value::Object(fields), _) if fields.is_empty() => vec![activity.clone()],
        (details, _) => vec![format!("{activity}: {details}")],
    }
}

/// The activity of an event about a guard that somebody let pass.
const OVERRIDE: &str = "Override guard";

/// The rule before and after, if the event is about a changed rule.
fn rule_change(event: &AuditEvent) -> Option<(&Value, &Value)> {
    let is_rule = event.activity == "Update group"
        && event.details.get("property").and_then(Value::as_str) == Some("membershipRule");
    let [before, after] = ["before", "after"].map(|key| event.details.get(key).unwrap_or(&Value::Null));
    is_rule.then_some((before, after))
}

fn rule_words(rule: &Value) -> String {
    match rule {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::tests::summary;
    use super::*;
    use crate::report::samples::visible;
    use crate::store::RunKind;

    fn changes() -> RunChanges {
        let event = |activity: &str, target: Value, details: Value| AuditEvent {
            activity: activity.to_owned(),
            category: "GroupManagement".to_owned(),
            target,
            details,
        };
        let group = |id: &str, name: Option<&str>, added, removed| ChangedGroup {
            group: NamedGroup { id: id.to_owned(), display_name: name.map(str::to_owned) },
            cause: Some("membershipRule".to_owned()),
            changed: ChangeCounts { added, removed },
            events: Vec::new(),
        };
        let rule =
            json!({ "property": "membershipRule", "before": null, "after": "user.city -eq \"Å\u{7}\"" });
        let events = vec![
            event(
                "Override guard",
                json!({ "groupId": null }),
                json!({ "by": "--approve", "guard": "totalRemovals" }),
            ),
            event("Update group", json!({ "groupId": "G1" }), rule),
            event("Override guard", json!({ "groupId": "g1" }), json!({ "by": "--allow" })),
            event(
                "Add group",
                json!({ "groupId": "g0", "displayName": "New" }),
                json!({ "membershipRule": "user.city -eq null" }),
            ),
            event("Update group", json!({ "groupId": "g0" }), json!({ "property": "displayName" })),
        ];
        let groups = vec![group("g2", None, 0, 7), group("g1", Some("Sales"), 12, 3)];
        RunChanges::new(summary(12, RunKind::Undo, Some(11), &json!(0)), groups, events)
    }

    #[test]
    fn a_run_in_every_shape() {
        let changes = changes();
        let mut out = Vec::new();
        write_run_text(&changes, &Style::PLAIN, &mut out).unwrap();
        write_run_concise(&changes, &mut out).unwrap();
        write_run_lines(&changes, &mut out).unwrap();
        write_run_json(&changes, &mut out).unwrap();
        insta::assert_snapshot!(visible(&String::from_utf8(out).unwrap()));
    }
}
