//! How groups are: in the words of Graph's `membershipRuleProcessingStatus`.

use std::io;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Style;
use super::history::to_the_second;
use super::palette;
use super::printable::printable;
use super::state_table::{Cell, Column, Row, write_table};
use crate::membership::recompute::Status;
use crate::store::{GroupHead, GroupTimes};

/// A group and when things happened to it.
#[derive(Clone, Debug)]
pub struct GroupStatus {
    /// The group.
    pub head: GroupHead,
    /// When its members changed and when it was looked at.
    pub times: GroupTimes,
}

impl GroupStatus {
    /// Whether its rule could not be evaluated.
    pub fn is_failed(&self) -> bool {
        self.head.status == Status::Failed.word()
    }

    /// Whether there is a rule, or should be one.
    pub fn has_rule(&self) -> bool {
        ![Status::Static, Status::Deleted].iter().any(|status| self.head.status == status.word())
    }

    /// `On` or `Paused`; nothing without a rule.
    fn processing_state(&self) -> Option<&'static str> {
        let is_paused = self.head.status == Status::Paused.word();
        self.has_rule().then_some(if is_paused { "Paused" } else { "On" })
    }

    /// The word of Graph for how far the processing of the rule is; nothing if it is paused or there is none.
    /// A word that is not known here is that of a run that did not come to the group.
    fn processing_status(&self) -> Option<&'static str> {
        let words = ["Succeeded", "Failed", "Running"];
        let known = words.into_iter().find(|word| *word == self.head.status).unwrap_or("NotStarted");
        self.processing_state().filter(|state| *state == "On").map(|_| known)
    }

    fn json(&self) -> Value {
        let head = &self.head;
        let status = self.processing_status().map(|status| {
            json!({
                "status": status,
                "lastMembershipUpdated": self.times.members_changed.map(|instant| instant.to_string()),
                "errorMessage": head.error,
            })
        });
        json!({
            "groupId": head.id,
            "displayName": head.display_name,
            "membershipRuleProcessingState": self.processing_state(),
            "membershipRuleProcessingStatus": status,
            "members": head.members,
            "lastRun": head.updated_run,
            "nextChange": head.next_change.map(|instant| instant.to_string()),
        })
    }

    /// The word for people.
    fn word(&self) -> &'static str {
        match (self.processing_status(), self.processing_state()) {
            (Some(status), _) => status,
            (None, Some(state)) => state,
            (None, None) => "Static",
        }
    }
}

/// The table for people.
///
/// # Errors
/// Those of `out`.
pub fn write_status_table(groups: &[GroupStatus], style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = [
        Column::names("group"),
        Column::right("members"),
        Column::left("status"),
        Column::left("members changed"),
        Column::left("looked at"),
        Column::left("next change"),
    ];
    let row = |group: &GroupStatus| {
        let head = &group.head;
        let instant =
            |instant: Option<Timestamp>| Cell::of(&instant.map_or_else(|| "·".to_owned(), to_the_second));
        let status = Cell::of(group.word());
        let status = match group.word() {
            "Failed" => status.painted(palette::BAD),
            "Succeeded" => status,
            _ => status.painted(palette::DIM),
        };
        Row {
            cells: vec![
                Cell::of(head.display_name.as_deref().unwrap_or(&head.id)),
                Cell::of(&head.members.to_string()),
                status,
                instant(group.times.members_changed),
                instant(Some(group.times.looked_at)),
                instant(head.next_change),
            ],
            notes: head.error.iter().cloned().collect(),
        }
    };
    write_table(&columns, &groups.iter().map(row).collect::<Vec<_>>(), style, out)
}

/// One line for each group.
///
/// # Errors
/// Those of `out`.
pub fn write_status_concise(groups: &[GroupStatus], out: &mut dyn io::Write) -> io::Result<()> {
    groups.iter().try_for_each(|group| {
        let head = &group.head;
        let members = match head.members {
            1 => "1 member".to_owned(),
            members => format!("{members} members"),
        };
        write!(out, "{}: {}, {members}", printable(&head.id), group.word())?;
        match &head.error {
            Some(error) => writeln!(out, ": {}", printable(error)),
            None => writeln!(out),
        }
    })
}

/// All groups as one array.
///
/// # Errors
/// Those of `out`.
pub fn write_status_json(groups: &[GroupStatus], out: &mut dyn io::Write) -> io::Result<()> {
    let groups: Vec<Value> = groups.iter().map(GroupStatus::json).collect();
    writeln!(out, "{:#}", Value::Array(groups))
}

/// An object for each group, one a line.
///
/// # Errors
/// Those of `out`.
pub fn write_status_lines(groups: &[GroupStatus], out: &mut dyn io::Write) -> io::Result<()> {
    groups.iter().try_for_each(|group| writeln!(out, "{}", group.json()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::visible;

    fn group(id: &str, status: &str, rule: Option<&str>, error: Option<&str>) -> GroupStatus {
        let instant = |text: &str| text.parse::<Timestamp>().unwrap();
        let head = GroupHead {
            ordinal: 1,
            id: id.to_owned(),
            display_name: (id == "g1").then(|| "Sales\u{7}".to_owned()),
            status: status.to_owned(),
            error: error.map(str::to_owned),
            rule: rule.map(str::to_owned),
            evaluated: None,
            next_change: rule.map(|_| instant("2026-02-01T00:00:00Z")),
            members: 7,
            updated_run: 3,
            changed_run: Some(2),
        };
        let members_changed = (id != "g3").then(|| instant("2026-01-15T08:00:00.5Z"));
        let looked_at = instant("2026-01-16T08:00:00Z");
        GroupStatus { head, times: GroupTimes { members_changed, looked_at } }
    }

    #[test]
    fn groups_in_every_shape() {
        let rule = Some("user.city -eq \"Oslo\"");
        let groups = [
            group("g1", "Succeeded", rule, None),
            group("g2", "Failed", rule, Some("no\nversion order")),
            group("g3", "Paused", rule, None),
            group("g4", "Static", None, None),
            group("g5", "Waiting", rule, None),
            group("g6", "Running", rule, None),
            group("g7", "Failed", None, Some("the group is dynamic and has no membership rule")),
        ];
        assert_eq!(groups.iter().filter(|group| group.is_failed()).count(), 2);
        let mut out = Vec::new();
        write_status_table(&groups, &Style::PLAIN, &mut out).unwrap();
        write_status_concise(&groups, &mut out).unwrap();
        write_status_lines(&groups, &mut out).unwrap();
        write_status_json(&groups[..1], &mut out).unwrap();
        insta::assert_snapshot!(visible(&String::from_utf8(out).unwrap()));
    }
}
