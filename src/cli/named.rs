//! Groups by the names that people give them on the command line, and members by those that they read.

use super::failure::Failure;
use super::loaded::Loaded;
use crate::base::fold::fold;
use crate::directory::group::Group;
use crate::directory::row_object::written;
use crate::language::attribute::Subject;
use crate::membership::recompute::Objects;
use crate::membership::roster::Ordinal;
use crate::report::analysis::Named;

/// The group with this id, in any letter case, or with this display name if no other one has it.
pub(super) fn group<'a>(groups: &'a [Group], name: &str) -> Result<&'a Group, Failure> {
    let wanted = fold(name);
    if let Some(group) = groups.iter().find(|group| fold(&group.id) == wanted) {
        return Ok(group);
    }
    let named = groups.iter().filter(|group| group.display_name.as_deref() == Some(name));
    match named.collect::<Vec<_>>().as_slice() {
        [group] => Ok(group),
        [] => Err(Failure::new(format!("there is no group `{name}`, by id or by display name"))),
        several => Err(Failure::new(format!("{} groups are called `{name}`: give an id", several.len()))),
    }
}

/// A group as reports name it.
pub(super) fn of_group(group: &Group) -> Named {
    Named { id: group.id.clone(), display_name: group.display_name.clone() }
}

/// A member as reports name it. Who has no display name, or is nothing that the tenant has, has an id.
pub(super) fn of_member(loaded: &Loaded, member: Ordinal) -> Named {
    let objects = loaded.objects();
    let of_row = |subject| {
        let row = objects.roster.row_of(subject, member)?;
        written(objects.of(subject), "displayName", row as usize).map(str::to_owned)
    };
    let id = objects.roster.id(member);
    let of_group = || {
        let input = loaded.inputs.iter().position(|input| input.group == member)?;
        loaded.groups.get(input)?.display_name.clone()
    };
    let display_name = Subject::ALL.into_iter().find_map(of_row).or_else(of_group);
    Named { id: id.to_owned(), display_name }
}

/// The first ones of members, sorted by id.
pub(super) fn first_members(
    objects: Objects<'_>,
    members: impl IntoIterator<Item = Ordinal>,
    count: usize,
) -> Vec<Ordinal> {
    let id = |member: &Ordinal| objects.roster.id(*member);
    let mut members: Vec<Ordinal> = members.into_iter().collect();
    if count < members.len() {
        members.select_nth_unstable_by(count, |one, other| id(one).cmp(id(other)));
        members.truncate(count);
    }
    members.sort_unstable_by(|one, other| id(one).cmp(id(other)));
    members
}
