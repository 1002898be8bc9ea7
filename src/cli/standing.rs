//! A tenant as a state file has it: for what looks at it or changes it without the tenant's folder.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::changed_objects::rows_of;
use super::remembered::{Inputs, Remembered};
use crate::membership::recompute::Status;
use crate::membership::register::Holder;
use crate::membership::roster::Roster;
use crate::membership::snapshot::Snapshot;
use crate::report::recompute::GroupReport;
use crate::store::{GroupHead, RunRecord, StoredGroup};

/// A tenant between runs.
pub(super) struct Standing {
    pub(super) roster: Roster,
    /// How many users and devices there are.
    pub(super) counts: [usize; 2],
    pub(super) groups: Vec<StoredGroup>,
    /// The users who exist.
    pub(super) users: RoaringBitmap,
    /// Those who do not exist any more.
    pub(super) gone: RoaringBitmap,
    pub(super) last: Option<RunRecord>,
    pub(super) inputs: Inputs,
}

impl Standing {
    /// What `remembered` tells.
    pub(super) fn of(remembered: Remembered) -> Self {
        let Remembered { register, groups, present, strangers, last, inputs, .. } = remembered;
        let none = BTreeMap::new();
        let [of_users, of_devices] = present;
        let users = rows_of(&register, Holder::User, &of_users, &none);
        let devices = rows_of(&register, Holder::Device, &of_devices, &none);
        let counts = [users.1.len(), devices.1.len()];
        let roster = Roster::resume(register, users, devices);
        let gone = roster.gone() | strangers;
        Self { roster, counts, groups, users: of_users, gone, last, inputs }
    }

    /// The groups with their names.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.groups.iter().map(|group| (&*group.head.id, group.head.display_name.as_deref()))
    }

    /// The members of all groups.
    pub(super) fn members(&self) -> Snapshot {
        let mut members = Snapshot::default();
        for group in &self.groups {
            members.replace(group.head.ordinal, group.members.clone());
        }
        members
    }
}

/// A group in a run that does not look at rules. `cause` is why its members change.
pub(super) fn report_of(
    group: &GroupHead,
    before: &Snapshot,
    after: &Snapshot,
    cause: &'static str,
) -> GroupReport {
    let nobody = RoaringBitmap::new();
    let (old, new) =
        (before.members(group.ordinal).unwrap_or(&nobody), after.members(group.ordinal).unwrap_or(&nobody));
    GroupReport {
        id: group.id.clone(),
        group: group.ordinal,
        display_name: group.display_name.clone(),
        status: Status::of_word(&group.status).unwrap_or(Status::Static),
        cause,
        members: new.len(),
        added: new.difference_len(old),
        removed: old.difference_len(new),
        error: group.error.clone(),
    }
}
