//! What guards look at: how much was there, and how much of it changes.

use std::sync::Arc;

use crate::language::attribute::Subject;
use crate::membership::recompute::GroupOutcome;
use crate::membership::roster::Ordinal;

/// What a run would do to one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupChange {
    /// The group.
    pub group: Ordinal,
    /// How many members it has before the run.
    pub before: u64,
    /// How many come.
    pub added: u64,
    /// How many go.
    pub removed: u64,
}

impl GroupChange {
    /// How many members the group has after the run.
    pub const fn after(self) -> u64 {
        self.before.saturating_sub(self.removed).saturating_add(self.added)
    }
}

impl From<&GroupOutcome> for GroupChange {
    fn from(outcome: &GroupOutcome) -> Self {
        let &GroupOutcome { group, members, added, removed, .. } = outcome;
        Self { group, before: members.saturating_sub(added).saturating_add(removed), added, removed }
    }
}

/// Something that a run reads, and how much there was and is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputCount {
    /// What it is.
    pub input: Input,
    /// How many there were when the members before were computed. For an attribute: how many objects had
    /// a value of it, a collection counting if it has items.
    pub before: u64,
    /// How many there are now.
    pub after: u64,
}

/// Something that a run reads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// The users.
    Users,
    /// The devices.
    Devices,
    /// The values of one attribute.
    Attribute {
        /// What has the attribute.
        subject: Subject,
        /// Its canonical name.
        name: Arc<str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::recompute::Status;

    #[test]
    fn changes_are_those_of_outcomes() {
        let outcome = GroupOutcome {
            group: 3,
            status: Status::Succeeded,
            members: 12,
            added: 4,
            removed: 2,
            error: None,
        };
        let change = GroupChange::from(&outcome);
        assert_eq!(change, GroupChange { group: 3, before: 10, added: 4, removed: 2 });
        assert_eq!(change.after(), 12);
    }
}
