//! The groups that an object is a member of.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::heads::GroupHead;
use super::ids::StoredIds;
use super::{Session, StoreError};
use crate::language::typed::Reach;
use crate::membership::roster::Ordinal;

/// A group that an object is a member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Containing {
    /// The group's ordinal.
    pub group: Ordinal,
    /// Whether the object stands in the group itself, and not only in groups nested in it.
    pub direct: bool,
}

impl Session<'_> {
    /// The groups of `groups`, which are all groups of the file, that `object` is a member of, in the order
    /// of `groups`; those that hold it by way of nested groups too if `reach` says so. Circles of groups
    /// are harmless.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or speaks of members that it has no id of.
    pub fn groups_of(
        &self,
        object: Ordinal,
        reach: Reach,
        groups: &[GroupHead],
        ids: &StoredIds,
    ) -> Result<Vec<Containing>, StoreError> {
        // A group as a member of others: its id may be that of another object too.
        let as_member: HashMap<Ordinal, Ordinal> = groups
            .iter()
            .map(|group| (group.ordinal, ids.find(&group.id).unwrap_or(group.ordinal)))
            .collect();
        let nestable: RoaringBitmap = match reach {
            Reach::Direct => RoaringBitmap::new(),
            Reach::Transitive => as_member.values().copied().collect(),
        };
        let mut direct = RoaringBitmap::new();
        let mut holders: HashMap<Ordinal, Vec<Ordinal>> = HashMap::new();
        self.visit_members(ids, |group, members| {
            if members.contains(object) {
                direct.insert(group);
            }
            for nested in &members & &nestable {
                holders.entry(nested).or_default().push(group);
            }
        })?;
        let mut found = direct.clone();
        let mut waiting: Vec<Ordinal> = direct.iter().collect();
        while let Some(group) = waiting.pop() {
            let above = as_member.get(&group).and_then(|member| holders.get(member)).into_iter().flatten();
            waiting.extend(above.copied().filter(|&above| found.insert(above)));
        }
        let containing = groups.iter().filter(|group| found.contains(group.ordinal));
        Ok(containing
            .map(|group| Containing { group: group.ordinal, direct: direct.contains(group.ordinal) })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::samples::{DEVICE, GROUP, store};

    #[test]
    fn groups_are_followed_through_circles() {
        let (_folder, mut store) = store();
        let session = store.write().unwrap();
        // `sales` gets the members of `all`, which holds `sales`: both hold `sales` now.
        let found = |object, reach| {
            let (groups, ids) = (session.group_heads().unwrap(), session.ids().unwrap());
            let found = session.groups_of(object, reach, &groups, &ids).unwrap();
            found.into_iter().map(|it| (it.group, it.direct)).collect::<Vec<_>>()
        };
        let (sales, all) = (GROUP, GROUP + 1);
        assert_eq!(found(1, Reach::Direct), [(sales, true)]);
        assert_eq!(found(1, Reach::Transitive), [(all, false), (sales, true)]);
        assert_eq!(found(DEVICE, Reach::Transitive), [(all, true)]);
        assert_eq!(found(0, Reach::Transitive), []);
        let circle =
            "UPDATE member_set SET members = (SELECT members FROM member_set WHERE ordinal = 131073)";
        session.transaction.execute(circle, []).unwrap();
        assert_eq!(found(DEVICE, Reach::Transitive), [(all, true), (sales, true)]);
        assert_eq!(found(sales, Reach::Transitive), [(all, true), (sales, true)]);
    }
}
