//! Finding a group of a state file by id or display name.

use super::failure::Failure;
use crate::base::fold::fold;
use crate::language::suggest::nearest;
use crate::membership::roster::Ordinal;
use crate::report::guards::NamedGroup;
use crate::store::{GroupHead, Session, StoredIds};

/// A group that there is, or was.
pub(super) struct FoundGroup {
    pub(super) ordinal: Ordinal,
    pub(super) group: NamedGroup,
    /// Whether the state has it no more.
    pub(super) is_deleted: bool,
}

/// The name of a group of the state.
pub(super) fn named(head: &GroupHead) -> NamedGroup {
    NamedGroup { id: head.id.clone(), display_name: head.display_name.clone() }
}

/// The group with this id, in any letter case, or with this display name if no other one has it.
pub(super) fn find<'a>(groups: &'a [GroupHead], name: &str) -> Result<&'a GroupHead, Failure> {
    known(groups, name)?.ok_or_else(|| unknown(groups, name))
}

/// The groups with these names, each once, in the order of `groups`; all of them if no name is given.
pub(super) fn find_all(groups: Vec<GroupHead>, names: &[String]) -> Result<Vec<GroupHead>, Failure> {
    if names.is_empty() {
        return Ok(groups);
    }
    let wanted = names.iter().map(|name| Ok(find(&groups, name)?.ordinal));
    let wanted = wanted.collect::<Result<Vec<Ordinal>, Failure>>()?;
    Ok(groups.into_iter().filter(|group| wanted.contains(&group.ordinal)).collect())
}

/// [`find`], also for groups that were deleted, by their id.
pub(super) fn find_ever(
    session: &Session<'_>,
    groups: &[GroupHead],
    ids: &StoredIds,
    name: &str,
) -> Result<FoundGroup, Failure> {
    if let Some(head) = known(groups, name)? {
        return Ok(FoundGroup { ordinal: head.ordinal, group: named(head), is_deleted: false });
    }
    let deleted = ids.find(name).filter(|&ordinal| groups.iter().all(|group| group.ordinal != ordinal));
    match deleted {
        Some(ordinal) if session.has_changed(ordinal)? => {
            let id = session.id_of(ids, ordinal)?.to_owned();
            Ok(FoundGroup { ordinal, group: NamedGroup { id, display_name: None }, is_deleted: true })
        }
        _ => Err(unknown(groups, name)),
    }
}

fn known<'a>(groups: &'a [GroupHead], name: &str) -> Result<Option<&'a GroupHead>, Failure> {
    let folded = fold(name);
    if let Some(group) = groups.iter().find(|group| fold(&group.id) == folded) {
        return Ok(Some(group));
    }
    let called: Vec<&GroupHead> =
        groups.iter().filter(|group| group.display_name.as_deref() == Some(name)).collect();
    match called.as_slice() {
        [] => Ok(None),
        [group] => Ok(Some(group)),
        several => {
            let ids: Vec<String> =
                several.iter().take(SUGGESTIONS_MAX).map(|group| format!("`{}`", group.id)).collect();
            let more = if several.len() > SUGGESTIONS_MAX { ", …" } else { "" };
            let count = several.len();
            Err(Failure::new(format!(
                "{count} groups are called `{name}`: give an id ({}{more})",
                ids.join(", ")
            )))
        }
    }
}

fn unknown(groups: &[GroupHead], name: &str) -> Failure {
    let near = suggestions(groups, name);
    let help = if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(", ")) };
    Failure::new(format!("there is no group `{name}`, by id or by display name{help}"))
}

/// Names that hold what was written, else those near to it.
fn suggestions(groups: &[GroupHead], name: &str) -> Vec<String> {
    let folded = fold(name);
    let holds = |group: &&GroupHead| {
        let names = [Some(group.id.as_str()), group.display_name.as_deref()];
        names.into_iter().flatten().any(|name| fold(name).contains(&*folded))
    };
    let words = |group: &GroupHead| match &group.display_name {
        Some(name) => format!("`{name}` ({})", group.id),
        None => format!("`{}`", group.id),
    };
    let is_long = name.chars().count() >= PART_MIN_CHARS;
    let holding: Vec<String> =
        groups.iter().filter(|group| is_long && holds(group)).take(SUGGESTIONS_MAX).map(words).collect();
    if !holding.is_empty() {
        return holding;
    }
    let names = |group: &'_ GroupHead| [Some(group.id.clone()), group.display_name.clone()];
    let mut candidates: Vec<String> = groups.iter().flat_map(names).flatten().collect();
    near(name, &mut candidates)
}

/// The texts that are nearest to what was written, in backticks, the nearest first; takes them out.
pub(super) fn near(written: &str, candidates: &mut Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    while found.len() < SUGGESTIONS_MAX {
        let Some(near) = nearest(written, candidates.iter().map(String::as_str)).map(str::to_owned) else {
            break;
        };
        found.push(format!("`{near}`"));
        candidates.retain(|candidate| *candidate != near);
    }
    found
}

/// More would be no help.
const SUGGESTIONS_MAX: usize = 3;

/// Shorter parts of names stand in too many.
const PART_MIN_CHARS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn groups() -> Vec<GroupHead> {
        let head = |(ordinal, id, name): (u32, &str, Option<&str>)| GroupHead {
            ordinal,
            id: id.to_owned(),
            display_name: name.map(str::to_owned),
            status: "Static".to_owned(),
            error: None,
            rule: None,
            evaluated: None,
            next_change: None,
            members: 0,
            updated_run: 1,
            changed_run: None,
        };
        let twins =
            (5..9).map(|ordinal| (ordinal, ["t5", "t6", "t7", "t8"][ordinal as usize - 5], Some("Twin")));
        let groups = [
            (1, "a1", Some("Sales")),
            (2, "a2", Some("Sales North")),
            (3, "Sales", None),
            (4, "x", Some("t5")),
        ];
        groups.into_iter().chain(twins).map(head).collect()
    }

    fn words(name: &str) -> String {
        match find(&groups(), name) {
            Ok(group) => group.ordinal.to_string(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn ids_go_before_names_and_names_have_to_be_clear() {
        assert_eq!(["A1", "Sales North", "SALES", "T5"].map(words), ["1", "2", "3", "5"]);
        assert!(words("Twin").contains("4 groups are called `Twin`: give an id (`t5`, `t6`, `t7`, …)"));
        assert!(
            words("north").contains("`north`, by id or by display name; did you mean `Sales North` (a2)?")
        );
        assert!(words("Salse").contains("did you mean `Sales`?"));
        assert!(words("elsewhere").contains("by display name\""), "{}", words("elsewhere"));
        let some = find_all(groups(), &["t5".to_owned(), "a1".to_owned(), "T5".to_owned()]).unwrap();
        assert_eq!(some.iter().map(|group| group.ordinal).collect::<Vec<_>>(), [1, 5]);
    }
}
