//! Memberships and managers for the oracle, which asks by id.

use super::roster::Roster;
use super::snapshot::Snapshot;
use crate::directory::managers::Managers;
use crate::engine::world::Relations;
use crate::language::typed::Reach;

/// The relations between objects that a snapshot and the managers hold.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a> {
    /// The ids behind the ordinals of the snapshot.
    pub roster: &'a Roster,
    /// The members of all groups.
    pub snapshot: &'a Snapshot,
    /// Who reports to whom.
    pub managers: &'a Managers,
}

impl Relations for Membership<'_> {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let (Some(group), Some(object)) = (self.roster.find(group), self.roster.find(object)) else {
            return false;
        };
        match reach {
            Reach::Direct => self.snapshot.is_direct_member(group, object),
            Reach::Transitive => self.snapshot.is_transitive_member(group, object),
        }
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        self.managers.of(user)
    }
}
