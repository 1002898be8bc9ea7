//! The events of a batch, one by one: what each changes, and why it may be refused.

use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Draft;
use super::partition::{Act, State};
use crate::licensing::audit::{Activity, Details, Target};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::event::{Refusal, Reprocess};
use crate::licensing::intent::{GroupIndex, UserIndex, Version};
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::pool::Subscription;
use crate::licensing::registers::Trait;
use crate::licensing::validate;

impl<'t> Draft<'t> {
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
        let known = self.tenant.group(group).map(|group| &group.members).ok_or(Refusal::Unknown)?;
        let turnover = self.turnovers.entry(group).or_default();
        let went = turnover.remove(known, &(removed - added));
        let came = turnover.add(known, &(added & &self.tenant.existing));
        if !went.is_empty() || !came.is_empty() {
            self.changed_groups.insert(group);
            self.take(at, &went, false, true, Act::Leave(group));
            self.take(at, &came, false, true, Act::Join(group));
        }
        Ok(())
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
        let known = self.tenant.group(group).map(|group| &group.members).ok_or(Refusal::Unknown)?;
        let turnover = self.turnovers.entry(group).or_default();
        let members = turnover.members(known);
        turnover.remove(known, &members);
        self.take(at, &members, false, true, Act::Leave(group));
        self.record(at, Activity::DeleteGroup, Target::Group(group), Details::None);
        Ok(())
    }

    pub(super) fn set_direct(
        &mut self,
        at: usize,
        user: UserIndex,
        add: &'t Version,
        remove: &'t [SkuIndex],
    ) -> Result<(), Refusal> {
        let moment = self.moment(at);
        let state =
            self.state_of(user).filter(|state| state.user.deleted_at.is_none()).ok_or(Refusal::Unknown)?;
        let before = &state.outcome;
        let edit = validate::DirectEdit { user: &state.user, before, add, remove, moment };
        let catalogs = [&*self.tenant.catalog, &*self.catalog];
        let after = edit.check(catalogs, &self.tenant.policy, |sku| self.consumed(sku))?;
        let (had, has) = (before.held(), after.held());
        let mut kept = state.kept.clone();
        for sku in has.difference(&had) {
            if !kept.remove(sku) {
                *self.seats.entry(*sku).or_default() += 1;
            }
        }
        let former = state.before.outcome.held();
        for sku in had.difference(&has) {
            // Who is to have the product from a group, too, does not give the seat back in between.
            if former.contains(sku) && self.is_given(&state, *sku) {
                kept.insert(*sku);
            } else {
                *self.seats.entry(*sku).or_default() -= 1;
            }
        }
        let outcome = (**before != after).then(|| Arc::new(after));
        let heals = self.tenant.policy.self_heal_on_user_change;
        self.change_users(at, &just(user), heals, Act::Direct { add, remove, outcome, kept })
    }

    /// Whether a group gives a product to users.
    fn is_given(&self, state: &State, sku: SkuIndex) -> bool {
        let groups = state.user.memberships.keys().filter_map(|group| self.groups.get(group.0 as usize));
        groups.into_iter().any(|group| group.template.contains_key(&sku))
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
            self.look_at(at, &self.tenant.with_record_of(sku), true);
        }
        Ok(())
    }

    pub(super) fn change_users(
        &mut self,
        at: usize,
        users: &RoaringBitmap,
        retries: bool,
        act: Act<'t>,
    ) -> Result<(), Refusal> {
        let known = self.known(users)?;
        self.take(at, &known, false, retries, act);
        Ok(())
    }

    /// Those who are users.
    fn known(&self, users: &RoaringBitmap) -> Result<RoaringBitmap, Refusal> {
        let known = users & &self.tenant.existing;
        if known.is_empty() { Err(Refusal::Unknown) } else { Ok(known) }
    }

    pub(super) fn delete_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let state = self.state_of(user).ok_or(Refusal::Unknown)?;
        if state.user.deleted_at.is_some() {
            return Ok(());
        }
        self.change_users(at, &just(user), true, Act::Delete)
    }

    pub(super) fn restore_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let state = self.state_of(user).ok_or(Refusal::Unknown)?;
        if state.user.deleted_at.is_none() {
            return Ok(());
        }
        self.change_users(at, &just(user), true, Act::Restore)
    }

    pub(super) fn purge_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let (state, users) = (self.state_of(user).ok_or(Refusal::Unknown)?, self.known(&just(user))?);
        for group in state.user.memberships.keys() {
            if let Some(known) = self.tenant.group(*group) {
                self.turnovers.entry(*group).or_default().remove(&known.members, &users);
            }
        }
        self.take(at, &users, true, true, Act::Purge);
        Ok(())
    }

    fn state_of(&self, user: UserIndex) -> Option<State> {
        self.users.state_of(user.0)
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
        let new: PlanSet = new.into_iter().collect();
        for (at, settings) in self.tenant.settings.iter().enumerate() {
            let is_on = settings.new_plan_on.unwrap_or(self.tenant.policy.new_plan_on);
            if is_on || self.groups.get(at).is_none_or(|group| !group.template.contains_key(&sku)) {
                continue;
            }
            let group = self.groups.to_mut().get_mut(at).map(Arc::make_mut);
            if let Some(entry) = group.and_then(|group| group.template.get_mut(&sku)) {
                entry.disabled.extend_with(&new);
            }
        }
        self.look_at(at, &self.tenant.with_record_of(sku), retries);
        self.record(at, Activity::ChangeProduct, Target::Product(sku), Details::None);
        Ok(())
    }

    pub(super) fn reprocess(&mut self, at: usize, what: &Reprocess) -> Result<(), Refusal> {
        match what {
            Reprocess::Users(users) => {
                let known = self.known(users)?;
                self.look_at(at, &known, true);
            }
            Reprocess::Group(group) => {
                let group = *group;
                self.groups.get(group.0 as usize).ok_or(Refusal::Unknown)?;
                self.record(at, Activity::TriggerRecalculation, Target::Group(group), Details::None);
                self.start_run(at, group, true);
            }
            Reprocess::Errors => {
                self.look_at(at, self.tenant.registers.users(Trait::Fails), true);
            }
        }
        Ok(())
    }
}

fn just(user: UserIndex) -> RoaringBitmap {
    [user.0].into_iter().collect()
}
