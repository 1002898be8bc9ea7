//! The members of all groups at one moment.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::roster::Ordinal;

/// Group ordinals to member ordinals. A group without an entry has no members.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    members: HashMap<Ordinal, RoaringBitmap>,
}

impl Snapshot {
    /// Adds one member.
    pub fn add(&mut self, group: Ordinal, member: Ordinal) {
        self.members.entry(group).or_default().insert(member);
    }

    /// Replaces the members of a group.
    pub fn replace(&mut self, group: Ordinal, members: RoaringBitmap) {
        self.members.insert(group, members);
    }

    /// The members of a group, if any were ever set.
    pub fn members(&self, group: Ordinal) -> Option<&RoaringBitmap> {
        self.members.get(&group)
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
            let Some(members) = self.members(group) else { continue };
            if members.contains(member) {
                return true;
            }
            let nested = members.iter().filter(|candidate| self.members.contains_key(candidate));
            waiting.extend(nested.filter(|&candidate| seen.insert(candidate)));
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
}
