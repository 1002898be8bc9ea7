//! Who was a member before a run, and who is one by the files of the tenant folder.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::failure::Failure;
use super::loaded::{ordinal, too_many};
use crate::directory::group::Group;
use crate::directory::members::Members;
use crate::membership::recompute::{GroupInput, Plan, Status};
use crate::membership::register::Holder;
use crate::membership::roster::{Ordinal, Roster};
use crate::membership::snapshot::Snapshot;
use crate::store::{GroupHead, StoredGroup};

/// The groups of a run with what is to be done with them.
pub(super) struct Membership {
    /// The groups of the folder, then those that the state knows and the folder does not have any more.
    pub(super) groups: Vec<Group>,
    /// At the same places what is to be done with them.
    pub(super) inputs: Vec<GroupInput>,
    pub(super) before: Snapshot,
    /// How many static groups nothing tells the members of: they stay as they were.
    pub(super) unknown: usize,
}

impl Membership {
    /// `stored` is what the state knows, `given` what the folder tells, if it tells anything.
    ///
    /// A group that the state does not know had the members that the folder tells. What the folder tells of a
    /// dynamic group that the state knows does not count any more; of a static group it is who is a member
    /// now. Where the folder tells nothing, static groups stay as they are: nothing told is not nobody. Groups
    /// of `licensed` stay as they are even if the folder does not have them any more.
    pub(super) fn of(
        groups: Vec<Group>,
        plans: Vec<Plan>,
        (stored, licensed): (Vec<StoredGroup>, Option<&RoaringBitmap>),
        given: Option<&Members>,
        roster: &mut Roster,
    ) -> Result<Self, Failure> {
        let mut before = Snapshot::default();
        let mut gone: HashMap<Ordinal, GroupHead> = HashMap::new();
        let mut paused = RoaringBitmap::new();
        for StoredGroup { head, members } in stored {
            before.replace(head.ordinal, members);
            if head.status == Status::Paused.word() {
                paused.insert(head.ordinal);
            }
            gone.insert(head.ordinal, head);
        }
        for (old, new) in roster.promoted() {
            before.rename(old, new);
        }
        let mut this = Self { groups, inputs: Vec::with_capacity(plans.len()), before, unknown: 0 };
        let mut told = Snapshot::default();
        let mut new = Vec::new();
        for (Group { id, processing_state, .. }, mut plan) in this.groups.iter().zip(plans) {
            let group = ordinal(roster, id)?;
            if roster.register().position(group).is_some_and(|(holder, _)| holder != Holder::Other) {
                return Err(Failure::new(format!("`{id}` is the id of a group and of a user or device")));
            }
            // Not told is not `On`: a rule that was paused stays so until somebody says otherwise.
            if processing_state.is_none() && paused.contains(group) && plan.rule().is_some() {
                plan = Plan::Paused;
            }
            let is_new = gone.remove(&group).is_none();
            if is_new || matches!(plan, Plan::Static) {
                told.add_group(group);
            }
            new.push(is_new);
            this.inputs.push(GroupInput { group, plan });
        }
        if let Some(given) = given {
            told.add_given(given, roster).ok_or_else(too_many)?;
        }
        for (input, is_new) in this.inputs.iter_mut().zip(new) {
            let members = told.members(input.group).cloned().unwrap_or_default();
            if is_new {
                this.before.replace(input.group, members);
            } else if matches!(input.plan, Plan::Static) && given.is_some() {
                input.plan = Plan::Known { members: Some(members), status: Status::Static };
            } else if matches!(input.plan, Plan::Static) {
                this.unknown += 1;
            }
        }
        let mut gone: Vec<_> = gone.into_iter().collect();
        gone.sort_unstable_by_key(|(ordinal, _)| *ordinal);
        for (group, head) in gone {
            let is_licensed = licensed.is_some_and(|licensed| licensed.contains(group));
            let plan = if is_licensed {
                let status = Status::of_word(&head.status).unwrap_or(Status::Static);
                Plan::Known { members: None, status }
            } else {
                Plan::Known { members: Some(RoaringBitmap::new()), status: Status::Deleted }
            };
            let membership_rule = head.rule.filter(|_| is_licensed);
            this.groups.push(Group { membership_rule, ..Group::named(head.id, head.display_name) });
            this.inputs.push(GroupInput { group, plan });
        }
        Ok(this)
    }
}
