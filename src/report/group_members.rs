//! The members of one group, or the groups of one object.

use std::io;

use serde_json::{Value, json};

use super::Style;
use super::guards::NamedGroup;
use super::palette;
use super::printable::printable;
use super::state_table::{Cell, Column, Row, write_table};

/// The members of one group.
#[derive(Clone, Debug)]
pub struct GroupMembers<'a> {
    /// The group.
    pub group: NamedGroup,
    /// The ids of its members, sorted.
    pub members: Vec<&'a str>,
}

/// One id a line.
///
/// # Errors
/// Those of `out`.
pub fn write_members_text(group: &GroupMembers<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    group.members.iter().try_for_each(|member| writeln!(out, "{}", printable(member)))
}

/// The group with its members as one object.
///
/// # Errors
/// Those of `out`.
pub fn write_members_json(group: &GroupMembers<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut object = count_json(&group.group, group.members.len() as u64);
    if let Value::Object(fields) = &mut object {
        fields.insert("members".to_owned(), json!(group.members));
    }
    writeln!(out, "{object:#}")
}

/// A membership a line.
///
/// # Errors
/// Those of `out`.
pub fn write_members_lines(group: &GroupMembers<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let id = &group.group.id;
    group
        .members
        .iter()
        .try_for_each(|member| writeln!(out, "{}", json!({ "groupId": id, "memberId": member })))
}

/// How many members a group has, as an object.
pub fn count_json(group: &NamedGroup, count: u64) -> Value {
    json!({ "groupId": group.id, "displayName": group.display_name, "count": count })
}

/// The groups of one object.
#[derive(Clone, Debug)]
pub struct GroupsOf {
    /// The object's id.
    pub member: String,
    /// Groups with whether the object stands in them itself, sorted by id.
    pub groups: Vec<(NamedGroup, bool)>,
}

/// The table for people.
///
/// # Errors
/// Those of `out`.
pub fn write_groups_table(found: &GroupsOf, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = [Column::left("group id"), Column::names("group"), Column::left("member")];
    let row = |(group, direct): &(NamedGroup, bool)| Row {
        cells: vec![
            Cell::of(&group.id),
            Cell::of(group.display_name.as_deref().unwrap_or_default()),
            if *direct { Cell::of("itself") } else { Cell::of("nested").painted(palette::DIM) },
        ],
        notes: Vec::new(),
    };
    write_table(&columns, &found.groups.iter().map(row).collect::<Vec<_>>(), style, out)
}

/// One id a line.
///
/// # Errors
/// Those of `out`.
pub fn write_groups_concise(found: &GroupsOf, out: &mut dyn io::Write) -> io::Result<()> {
    found.groups.iter().try_for_each(|(group, _)| writeln!(out, "{}", printable(&group.id)))
}

/// All groups as one object.
///
/// # Errors
/// Those of `out`.
pub fn write_groups_json(found: &GroupsOf, out: &mut dyn io::Write) -> io::Result<()> {
    let groups: Vec<Value> = found.groups.iter().map(group_json).collect();
    writeln!(out, "{:#}", json!({ "memberId": found.member, "groups": groups }))
}

/// An object for each group, one a line.
///
/// # Errors
/// Those of `out`.
pub fn write_groups_lines(found: &GroupsOf, out: &mut dyn io::Write) -> io::Result<()> {
    found.groups.iter().try_for_each(|group| writeln!(out, "{}", group_json(group)))
}

fn group_json((group, direct): &(NamedGroup, bool)) -> Value {
    json!({ "groupId": group.id, "displayName": group.display_name, "direct": direct })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::visible;

    fn named(id: &str, name: Option<&str>) -> NamedGroup {
        NamedGroup { id: id.to_owned(), display_name: name.map(str::to_owned) }
    }

    #[test]
    fn ids_are_one_line_each_and_quoted_where_it_is_needed() {
        let group =
            GroupMembers { group: named("g\"1", Some("Sales")), members: vec!["a\nb", "é\u{1b}[2J"] };
        let mut out = Vec::new();
        write_members_text(&group, &mut out).unwrap();
        write_members_lines(&group, &mut out).unwrap();
        write_members_json(&group, &mut out).unwrap();
        let found = GroupsOf {
            member: "ada".to_owned(),
            groups: vec![(named("g1", None), false), (named("g2", Some("Sales\tNorth")), true)],
        };
        write_groups_table(&found, &Style::PLAIN, &mut out).unwrap();
        write_groups_concise(&found, &mut out).unwrap();
        write_groups_lines(&found, &mut out).unwrap();
        write_groups_json(&found, &mut out).unwrap();
        insta::assert_snapshot!(visible(&String::from_utf8(out).unwrap()));
    }
}
