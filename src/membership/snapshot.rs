//! The members of all groups at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::roster::Ordinal;
use crate::language::typed::Reach;

/// Group ordinals to member ordinals. Copies share the members that neither of them changes.
///
/// ```
/// use dyngroup::membership::snapshot::Snapshot;
/// let (staff, sales, ada) = (0, 1, 2);
/// let mut snapshot = Snapshot::default();
/// snapshot.add(staff, sales);
/// snapshot.add(sales, ada);
/// assert!(!snapshot.is_direct_member(staff, ada));
/// assert!(snapshot.is_transitive_member(staff, ada));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    members: HashMap<Ordinal, Arc<RoaringBitmap>>,
    groups: RoaringBitmap,
}

impl Snapshot {
    /// Makes a group known, without members as long as none is added.
    pub fn add_group(&mut self, group: Ordinal) {
        self.groups.insert(group);
    }

    /// Whether a group is known.
    pub fn has_group(&self, group: Ordinal) -> bool {
        self.groups.contains(group)
    }

    /// Adds one member, and the group if it is new.
    pub fn add(&mut self, group: Ordinal, member: Ordinal) {
        self.groups.insert(group);
        Arc::make_mut(self.members.entry(group).or_default()).insert(member);
    }

    /// Replaces the members of a group, which is added if it is new.
    pub fn replace(&mut self, group: Ordinal, members: RoaringBitmap) {
        self.groups.insert(group);
        // What stays the same stays shared with the snapshot before.
        if self.members(group) != Some(&members) {
            self.members.insert(group, Arc::new(members));
        }
    }

    /// Gives a member another ordinal, in all groups.
    pub fn rename(&mut self, member: Ordinal, to: Ordinal) {
        for members in self.members.values_mut().filter(|members| members.contains(member)) {
            let members = Arc::make_mut(members);
            members.remove(member);
            members.insert(to);
        }
    }

    /// Takes objects out of all groups.
    pub fn remove_everywhere(&mut self, objects: &RoaringBitmap) {
        for members in self.members.values_mut().filter(|members| !members.is_disjoint(objects)) {
            *Arc::make_mut(members) -= objects;
        }
    }

    /// The members of a group, if any were ever set.
    pub fn members(&self, group: Ordinal) -> Option<&RoaringBitmap> {
        self.members.get(&group).map(AsRef::as_ref)
    }

    /// The groups that stand in a group as members.
    pub fn nested(&self, group: Ordinal) -> RoaringBitmap {
        self.members(group).map(|members| members & &self.groups).unwrap_or_default()
    }

    /// All members of any of `groups`, with those of nested groups if `reach` says so. Circles of groups
    /// are harmless.
    pub fn members_of_any(&self, groups: impl IntoIterator<Item = Ordinal>, reach: Reach) -> RoaringBitmap {
        let mut found = RoaringBitmap::new();
        self.visit(groups, reach, |members| {
            found |= members;
            true
        });
        found
    }

    /// Whether `member` stands in the group itself.
    pub fn is_direct_member(&self, group: Ordinal, member: Ordinal) -> bool {
        self.members(group).is_some_and(|members| members.contains(member))
    }

    /// Whether `member` stands in the group or in a group nested in it, however deep. Circles of
    /// groups are harmless.
    pub fn is_transitive_member(&self, group: Ordinal, member: Ordinal) -> bool {
        let mut found = false;
        self.visit([group], Reach::Transitive, |members| {
            found = members.contains(member);
            !found
        });
        found
    }

    /// Calls `visit` with the members of `groups`, and of those nested in them if `reach` says so, each
    /// group once, as long as it answers that it wants more.
    fn visit(
        &self,
        groups: impl IntoIterator<Item = Ordinal>,
        reach: Reach,
        mut visit: impl FnMut(&RoaringBitmap) -> bool,
    ) {
        let mut seen = RoaringBitmap::new();
        let mut waiting: Vec<Ordinal> = groups.into_iter().filter(|&group| seen.insert(group)).collect();
        while let Some(group) = waiting.pop() {
            if self.members(group).is_some_and(|members| !visit(members)) {
                return;
            }
            if reach == Reach::Transitive {
                waiting.extend(self.nested(group).into_iter().filter(|&nested| seen.insert(nested)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_followed_through_circles() {
        let mut snapshot = Snapshot::default();
        for (group, member) in [(1, 2), (2, 3), (3, 1), (3, 9)] {
            snapshot.add(group, member);
        }
        assert!(!snapshot.is_direct_member(1, 9));
        assert!(snapshot.is_transitive_member(1, 9));
        assert!(!snapshot.is_transitive_member(1, 8));
        let members = |reach| snapshot.members_of_any([1, 2, 7], reach).into_iter().collect::<Vec<_>>();
        assert_eq!(members(Reach::Direct), [2, 3]);
        assert_eq!(members(Reach::Transitive), [1, 2, 3, 9]);
    }

    #[test]
    fn a_group_is_nested_before_it_has_members() {
        let mut snapshot = Snapshot::default();
        snapshot.add(1, 2);
        assert!(snapshot.nested(1).is_empty());
        snapshot.add_group(2);
        assert!(snapshot.nested(1).contains(2));
        snapshot.remove_everywhere(&RoaringBitmap::from_iter([2]));
        assert!(snapshot.nested(1).is_empty());
    }

    #[test]
    fn copies_share_what_stays_the_same() {
        let mut before = Snapshot::default();
        before.add(1, 5);
        before.add(2, 6);
        let mut after = before.clone();
        after.replace(1, RoaringBitmap::from_iter([5]));
        after.remove_everywhere(&RoaringBitmap::from_iter([6]));
        assert!(std::ptr::eq(before.members(1).unwrap(), after.members(1).unwrap()));
        assert_eq!((before.members(2).unwrap().len(), after.members(2).unwrap().len()), (1, 0));
    }
}
