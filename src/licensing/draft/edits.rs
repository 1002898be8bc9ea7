//! The events of a batch, one by one: what each changes, and why it may be refused.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Draft;
use crate::licensing::audit::{Activity, Details, Target};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::event::{Refusal, Reprocess};
use crate::licensing::intent::{DirectLicense, GroupIndex, User, UserIndex, Version};
use crate::licensing::plan_set::PlanIndex;
use crate::licensing::pool::Subscription;
use crate::licensing::validate;

impl Draft<'_> {
    pub(super) fn change_members(
        &mut self,
        at: usize,
        group: GroupIndex,
        added: &RoaringBitmap,
        removed: &RoaringBitmap,
    ) -> Result<(), Refusal> {
        let known = self.groups.get(group.0 as usize).ok_or(Refusal::Unknown)?;
        if known.is_deleted && !added.is_empty() {
            return Err(Refusal::Unknown);
        }
        let gone = removed & &known.members;
        for user in (gone - added).iter().map(UserIndex) {
            self.remove_member(at, group, user)?;
        }
        for user in added.iter().map(UserIndex) {
            self.add_member(at, group, user)?;
        }
        Ok(())
    }

    fn add_member(&mut self, at: usize, group: GroupIndex, user: UserIndex) -> Result<(), Refusal> {
        let moment = self.moment(at);
        let Ok(changed) = self.user_mut(user) else { return Ok(()) };
        if changed.memberships.contains_key(&group) {
            return Ok(());
        }
        changed.memberships.insert(group, moment);
        changed.left.remove(&group);
        self.group_mut(group)?.members.insert(user.0);
        self.member_changed(at, group, user);
        Ok(())
    }

    fn remove_member(&mut self, at: usize, group: GroupIndex, user: UserIndex) -> Result<(), Refusal> {
        let moment = self.moment(at);
        let Ok(changed) = self.user_mut(user) else { return Ok(()) };
        if changed.memberships.remove(&group).is_none() {
            return Ok(());
        }
        changed.left.insert(group, moment);
        self.group_mut(group)?.members.remove(user.0);
        self.member_changed(at, group, user);
        Ok(())
    }

    fn member_changed(&mut self, at: usize, group: GroupIndex, user: UserIndex) {
        self.changed_groups.insert(group);
        self.mark(user, at, false, true);
    }

    pub(super) fn set_template(
        &mut self,
        at: usize,
        group: GroupIndex,
        add: &Version,
        remove: &[SkuIndex],
    ) -> Result<(), Refusal> {
        let moment = self.moment(at);
        let before = self.group_mut(group)?.clone();
        let mode = self.tenant.policy.prereq_mode;
        let after = validate::template(&self.catalog, mode, &before, add, remove, moment)?;
        let changed = self.group_mut(group)?;
        changed.template = after;
        let details = Details::Template { before: before.version(), after: changed.version() };
        self.record(at, Activity::SetGroupLicense, Target::Group(group), details);
        self.start_run(at, group, false);
        Ok(())
    }

    pub(super) fn delete_group(&mut self, at: usize, group: GroupIndex) -> Result<(), Refusal> {
        let deleted = self.group_mut(group)?;
        if !deleted.template.is_empty() {
            return Err(Refusal::GroupHasLicenses);
        }
        deleted.is_deleted = true;
        let members = std::mem::take(&mut deleted.members);
        let moment = self.moment(at);
        for user in members.iter().map(UserIndex) {
            if let Ok(changed) = self.user_mut(user) {
                changed.memberships.remove(&group);
                changed.left.insert(group, moment);
            }
            self.mark(user, at, false, true);
        }
        self.record(at, Activity::DeleteGroup, Target::Group(group), Details::None);
        Ok(())
    }

    pub(super) fn set_direct(
        &mut self,
        at: usize,
        index: UserIndex,
        add: &Version,
        remove: &[SkuIndex],
    ) -> Result<(), Refusal> {
        let moment = self.moment(at);
        let before = self.outcome(index);
        let user = self.user(index).filter(|user| user.deleted_at.is_none()).ok_or(Refusal::Unknown)?;
        let edit = validate::DirectEdit { user, before: &before, add, remove, moment };
        let after = edit.check(&self.catalog, |sku| self.consumed(sku))?;
        for (held, sign) in [(after.held(), 1), (before.held(), -1)] {
            for sku in held {
                *self.seats.entry(sku).or_default() += sign;
            }
        }
        let user = self.user_mut(index)?;
        for (sku, disabled) in add {
            let since = user.direct.get(sku).map_or(moment, |direct| direct.since);
            user.direct.insert(*sku, DirectLicense { disabled: disabled.clone(), since });
        }
        for sku in remove {
            user.direct.remove(sku);
        }
        if *before != after {
            self.outcomes.insert(index, Arc::new(after));
        }
        let heals = self.tenant.policy.self_heal_on_user_change;
        self.mark(index, at, false, heals);
        Ok(())
    }

    pub(super) fn set_subscription(
        &mut self,
        at: usize,
        sku: SkuIndex,
        subscription: &Subscription,
    ) -> Result<(), Refusal> {
        let before = (self.catalog.pool(sku).is_disabled(), self.catalog.is_subscribed(sku));
        let product = Arc::make_mut(&mut self.catalog).product_mut(sku).ok_or(Refusal::Unknown)?;
        match product.subscriptions.iter_mut().find(|known| known.id == subscription.id) {
            Some(known) => known.clone_from(subscription),
            None => product.subscriptions.push(subscription.clone()),
        }
        if before != (self.catalog.pool(sku).is_disabled(), self.catalog.is_subscribed(sku)) {
            let recorded = self.tenant.registers.recorded.get(&sku).cloned().unwrap_or_default();
            self.mark_all(&recorded, at, true);
        }
        Ok(())
    }

    pub(super) fn change_user(
        &mut self,
        at: usize,
        user: UserIndex,
        retries: bool,
        change: impl FnOnce(&mut User),
    ) -> Result<(), Refusal> {
        change(self.user_mut(user)?);
        self.mark(user, at, false, retries);
        Ok(())
    }

    pub(super) fn delete_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let time = self.moment(at).time;
        if self.user_mut(user)?.deleted_at.is_some() {
            return Ok(());
        }
        self.change_user(at, user, true, |user| user.deleted_at = Some(time))
    }

    /// Who comes back asks for everything anew, from now on.
    pub(super) fn restore_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let moment = self.moment(at);
        if self.user_mut(user)?.deleted_at.is_none() {
            return Ok(());
        }
        self.change_user(at, user, true, |user| {
            user.deleted_at = None;
            user.memberships.values_mut().for_each(|since| *since = moment);
            user.direct.values_mut().for_each(|direct| direct.since = moment);
        })
    }

    pub(super) fn purge_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let time = self.moment(at).time;
        let purged = self.user_mut(user)?;
        purged.deleted_at.get_or_insert(time);
        purged.left.clear();
        purged.direct.clear();
        for group in std::mem::take(&mut purged.memberships).into_keys() {
            if let Ok(group) = self.group_mut(group) {
                group.members.remove(user.0);
            }
        }
        self.mark(user, at, true, true);
        Ok(())
    }

    pub(super) fn change_product(
        &mut self,
        at: usize,
        sku: SkuIndex,
        add: &[PlanIndex],
        remove: &[PlanIndex],
        retries: bool,
    ) -> Result<(), Refusal> {
        let product = Arc::make_mut(&mut self.catalog).product_mut(sku).ok_or(Refusal::Unknown)?;
        let new: Vec<PlanIndex> = add.iter().copied().filter(|plan| product.plans.insert(*plan)).collect();
        for plan in remove {
            product.plans.remove(*plan);
        }
        for (group, settings) in self.groups.iter_mut().zip(&self.tenant.settings) {
            let is_on = settings.new_plan_on.unwrap_or(self.tenant.policy.new_plan_on);
            if is_on || !group.template.contains_key(&sku) {
                continue;
            }
            if let Some(entry) = Arc::make_mut(group).template.get_mut(&sku) {
                entry.disabled.extend_with(&new.iter().copied().collect());
            }
        }
        let recorded = self.tenant.registers.recorded.get(&sku).cloned().unwrap_or_default();
        self.mark_all(&recorded, at, retries);
        self.record(at, Activity::ChangeProduct, Target::Product(sku), Details::None);
        Ok(())
    }

    pub(super) fn reprocess(&mut self, at: usize, what: Reprocess) -> Result<(), Refusal> {
        match what {
            Reprocess::User(user) => {
                self.user(user).ok_or(Refusal::Unknown)?;
                self.mark(user, at, true, true);
            }
            Reprocess::Group(group) => {
                self.groups.get(group.0 as usize).ok_or(Refusal::Unknown)?;
                self.record(at, Activity::TriggerRecalculation, Target::Group(group), Details::None);
                self.start_run(at, group, true);
            }
            Reprocess::Errors => {
                let failing = self.tenant.registers.failing.clone();
                self.mark_all(&failing, at, true);
            }
        }
        Ok(())
    }
}
