//! Memberships as they would be after a change.

use super::candidates::{Candidate, PER_ATTRIBUTE_MAX, Rank};
use super::world::Relations;
use crate::base::fold::{FoldedText, fold};
use crate::language::typed::Reach;

/// The relations of a world with one object added to some groups and taken out of others.
///
/// An object that is taken out of a group is no member of it in any way. What that means for groups
/// that hold this one is not known; they keep the object.
pub(super) struct Regrouped<'a> {
    pub(super) base: &'a dyn Relations,
    pub(super) object: &'a str,
    pub(super) added: Vec<&'a FoldedText>,
    pub(super) removed: Vec<&'a FoldedText>,
}

impl Relations for Regrouped<'_> {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let base = self.base.is_member(group, object, reach);
        if (self.added.is_empty() && self.removed.is_empty()) || fold(object) != fold(self.object) {
            return base;
        }
        let group_folded = fold(group);
        if self.removed.iter().any(|removed| group_folded == removed.folded()) {
            return false;
        }
        // A group is itself an object that can be a member of groups.
        let through = |added: &FoldedText| {
            reach == Reach::Transitive && self.base.is_member(group, added.written(), reach)
        };
        base || self.added.iter().any(|added| group_folded == added.folded() || through(added))
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.base.manager_of(user)
    }
}

/// One `memberOf` condition of a rule.
pub(super) struct GroupTest<'rule> {
    pub(super) groups: &'rule [FoldedText],
    pub(super) rank: Rank,
}

/// Sets of groups worth trying, best first: the `present` ones with one or two changes, where a change
/// adds one group, removes one group, or removes all groups of one condition.
pub(super) fn memberships<'rule>(
    present: &[&'rule FoldedText],
    tests: &[GroupTest<'rule>],
) -> Vec<Candidate<Vec<&'rule FoldedText>>> {
    let mut changes: Vec<Candidate<GroupChange<'rule>>> = Vec::new();
    for GroupTest { groups, rank } in tests {
        let (inside, outside): (Vec<_>, Vec<_>) = groups.iter().partition(|group| present.contains(group));
        changes.extend(outside.into_iter().map(|group| Candidate::new(GroupChange::Add(group), *rank)));
        changes.extend(
            inside.iter().map(|group| Candidate::new(GroupChange::Remove(vec![*group]), Rank::Asked)),
        );
        if inside.len() > 1 {
            changes.push(Candidate::new(GroupChange::Remove(inside), Rank::Asked));
        }
    }
    let once = changes.iter().map(|change| (vec![&change.value], change.rank));
    let twice = changes.iter().enumerate().flat_map(|(at, one)| {
        changes
            .iter()
            .skip(at + 1)
            .map(move |other| (vec![&one.value, &other.value], one.rank.max(other.rank)))
    });
    let mut found: Vec<_> = once
        .chain(twice)
        .take(PER_ATTRIBUTE_MAX)
        .map(|(changes, rank)| Candidate::new(changed(present, &changes), rank))
        .collect();
    found.sort_by_key(|candidate| candidate.rank);
    found
}

enum GroupChange<'rule> {
    Add(&'rule FoldedText),
    Remove(Vec<&'rule FoldedText>),
}

fn changed<'rule>(present: &[&'rule FoldedText], changes: &[&GroupChange<'rule>]) -> Vec<&'rule FoldedText> {
    let mut groups = present.to_vec();
    for change in changes {
        match change {
            GroupChange::Add(group) if groups.contains(group) => {}
            GroupChange::Add(group) => groups.push(group),
            GroupChange::Remove(removed) => groups.retain(|group| !removed.contains(group)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::world::NoRelations;
    use super::*;

    #[test]
    fn changes_concern_one_object_and_ids_have_no_case() {
        struct All;
        impl Relations for All {
            fn is_member(&self, group: &str, _: &str, _: Reach) -> bool {
                group != "G1"
            }
            fn manager_of(&self, _: &str) -> Option<&str> {
                Some("m")
            }
        }

        let (added, removed) = (FoldedText::new("g1"), FoldedText::new("g2"));
        let changed = Regrouped { base: &All, object: "Ada", added: vec![&added], removed: vec![&removed] };
        assert!(changed.is_member("G1", "ADA", Reach::Direct));
        assert!(!changed.is_member("G2", "ada", Reach::Direct));
        assert!(!changed.is_member("G1", "bob", Reach::Direct));
        assert!(changed.is_member("G2", "bob", Reach::Direct));
        assert_eq!(changed.manager_of("ada"), Some("m"));
    }

    #[test]
    fn groups_in_groups_are_followed_only_transitively() {
        struct Nested;
        impl Relations for Nested {
            fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
                reach == Reach::Transitive && (group, object) == ("outer", "inner")
            }
            fn manager_of(&self, user: &str) -> Option<&str> {
                NoRelations.manager_of(user)
            }
        }
        let inner = FoldedText::new("inner");
        let changed = Regrouped { base: &Nested, object: "ada", added: vec![&inner], removed: vec![] };
        assert!(changed.is_member("outer", "ada", Reach::Transitive));
        assert!(!changed.is_member("outer", "ada", Reach::Direct));
    }

    #[test]
    fn one_change_comes_before_two() {
        let groups = ["a", "b", "c"].map(FoldedText::new);
        let [a, b, _] = &groups;
        let tests = [GroupTest { groups: &groups, rank: Rank::Asked }];
        let found = memberships(&[a, b], &tests);
        let print = |candidate: &Candidate<Vec<&FoldedText>>| {
            candidate.value.iter().map(|group| group.written()).collect::<String>()
        };
        let printed: Vec<String> = found.iter().map(print).collect();
        assert_eq!(printed, ["abc", "b", "a", "", "bc", "ac", "c", "", "", ""]);
    }
}
