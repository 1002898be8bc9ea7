//! The members of all groups at one moment.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::roster::Ordinal;

/// Group ordinals to member ordinals.
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
    members: HashMap<Ordinal, RoaringBitmap>,
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
        self.members.entry(group).or_default().insert(member);
    }

    /// Replaces the members of a group, which is added if it is new.
    pub fn replace(&mut self, group: Ordinal, members: RoaringBitmap) {
        self.groups.insert(group);
        self.members.insert(group, members);
    }

    /// Takes objects out of all groups.
    pub fn remove_everywhere(&mut self, objects: &RoaringBitmap) {
        if !objects.is_empty() {
            self.members.values_mut().for_each(|members| *members -= objects);
        }
    }

    /// The members of a group, if any were ever set.
    pub fn members(&self, group: Ordinal) -> Option<&RoaringBitmap> {
        self.members.get(&group)
    }

    /// The groups that stand in a group as members.
    pub fn nested(&self, group: Ordinal) -> RoaringBitmap {
        self.members(group).map(|members| members & &self.groups).unwrap_or_default()
    }

    /// Whether `member` stands in the group itself.
    pub fn is_direct_member(&self, group: Ordinal, member: Ordinal) -> bool {
        self.members(group).is_some_and(|members| members.contains(member))
    }

    /// Whether `member` stands in the group or in a group nested in it, however deep. Circles of
    /// groups are harmless.
    pub fn is_transitive_member(&self, group: Ordinal, member: Ordinal) -> bool {
        let mut seen = RoaringBitmap::from_iter([group]);
        let mut waiting = vec![group];
        while let Some(group) = waiting.pop() {
            if self.is_direct_member(group, member) {
                return true;
            }
            waiting.extend(self.nested(group).into_iter().filter(|&nested| seen.insert(nested)));
        }
        false
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
}
