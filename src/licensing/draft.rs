//! What events ask for, put over the state before them, with the users whom that concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::audit::{Activity, AuditEvent, Details, Target};
use super::catalog::{Catalog, SkuIndex};
use super::event::{Event, EventKind, Refusal, Reprocess};
use super::intent::{Group, GroupIndex, Moment, User, UserIndex, Version};
use super::outcome::{Outcome, Source};
use super::plan_set::PlanIndex;
use super::pool::Subscription;
use super::tenant::Tenant;
use super::validate;

/// The state with the events of a batch applied to what is asked for.
pub(super) struct Draft<'t> {
    pub(super) tenant: &'t Tenant,
    pub(super) catalog: Arc<Catalog>,
    pub(super) groups: Vec<Arc<Group>>,
    /// Users who differ from those of the tenant, or did for a while.
    pub(super) users: BTreeMap<UserIndex, User>,
    /// What direct edits, which take effect at once, made of users' licenses.
    pub(super) outcomes: BTreeMap<UserIndex, Arc<Outcome>>,
    /// By how many direct edits changed the seats in use.
    pub(super) seats: BTreeMap<SkuIndex, i64>,
    pub(super) marks: BTreeMap<UserIndex, Mark>,
    /// Groups whose members are gone through.
    pub(super) runs: BTreeMap<GroupIndex, GroupRun>,
    /// Groups with a change of members.
    pub(super) changed_groups: BTreeSet<GroupIndex>,
    pub(super) refused: Vec<RefusedEvent>,
    pub(super) audit: Vec<AuditEvent>,
    /// The events that count, in their order.
    pub(super) events: Vec<&'t Event>,
    pub(super) now: Moment,
    pub(super) run: u64,
}

/// Why a user is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark {
    /// Events, by their place in the batch.
    pub(super) causes: BTreeSet<usize>,
    /// Whether the user is looked at even if nothing about them changed.
    pub(super) forced: bool,
    /// Whether what failed before is tried again.
    pub(super) retries: bool,
}

/// A run over the members of a group.
#[derive(Clone, Debug)]
pub(super) struct GroupRun {
    pub(super) causes: BTreeSet<usize>,
    pub(super) is_reprocess: bool,
}

/// An edit that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedEvent {
    /// The event's id.
    pub event: String,
    /// Why.
    pub refusal: Refusal,
}

impl<'t> Draft<'t> {
    /// Applies events in the order of their numbers. Those seen before do nothing.
    pub(super) fn of(tenant: &'t Tenant, events: &'t [Event]) -> Self {
        let mut ordered: Vec<&Event> = events.iter().collect();
        ordered.sort_by(|left, right| (left.sequence, &left.id).cmp(&(right.sequence, &right.id)));
        let mut ids = BTreeSet::new();
        ordered.retain(|event| !tenant.seen_ids.contains(&event.id) && ids.insert(&event.id));
        let sequence = ordered.last().map_or(0, |event| event.sequence);
        let time = ordered.iter().map(|event| event.time).max().unwrap_or_default();
        let mut draft = Self {
            tenant,
            catalog: Arc::clone(&tenant.catalog),
            groups: tenant.groups.clone(),
            users: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            seats: BTreeMap::new(),
            marks: BTreeMap::new(),
            runs: BTreeMap::new(),
            changed_groups: BTreeSet::new(),
            refused: Vec::new(),
            audit: Vec::new(),
            events: ordered,
            now: Moment { sequence, time },
            run: tenant.runs + 1,
        };
        // Direct edits are checked against what the tenant has when the batch is over: otherwise one could
        // take a seat that the same batch takes away.
        let (first, later): (Vec<usize>, Vec<usize>) = (0..draft.events.len()).partition(|at| {
            let kind = draft.events.get(*at).map(|event| &event.kind);
            matches!(kind, Some(EventKind::SubscriptionChanged { .. } | EventKind::CatalogChanged { .. }))
        });
        for at in first.into_iter().chain(later) {
            draft.apply(at);
        }
        draft.forget_what_was_undone();
        draft
    }

    /// Users to be looked at: those named, and those about whom something changed.
    pub(super) fn dirty(&self) -> Vec<UserIndex> {
        let differs = |index: &UserIndex, mark: &Mark| {
            let changed = self.users.get(index).is_some_and(|user| self.tenant.user(*index) != Some(user));
            mark.forced || changed || self.outcomes.contains_key(index)
        };
        self.marks.iter().filter(|(index, mark)| differs(index, mark)).map(|(index, _)| *index).collect()
    }

    /// A user as events left them.
    pub(super) fn user(&self, index: UserIndex) -> Option<&User> {
        self.users.get(&index).or_else(|| self.tenant.user(index))
    }

    /// A user's licenses after direct edits.
    pub(super) fn outcome(&self, index: UserIndex) -> Arc<Outcome> {
        let own = self.outcomes.get(&index).or_else(|| self.tenant.outcomes.get(index.0 as usize));
        own.cloned().unwrap_or_default()
    }

    /// Seats in use after direct edits.
    pub(super) fn consumed(&self, sku: SkuIndex) -> u64 {
        let change = self.seats.get(&sku).copied().unwrap_or_default();
        self.tenant.consumed(sku).saturating_add_signed(change)
    }

    /// The users of a group's run: its members, and those who hold a license of it.
    pub(super) fn users_of(&self, group: GroupIndex) -> RoaringBitmap {
        let members = self.groups.get(group.0 as usize).map(|group| group.members.clone()).unwrap_or_default();
        match self.tenant.registers.by_group.get(&group) {
            Some(holders) => members | holders,
            None => members,
        }
    }

    /// The ids of events.
    pub(super) fn ids(&self, causes: &BTreeSet<usize>) -> Vec<String> {
        causes.iter().filter_map(|at| Some(self.events.get(*at)?.id.clone())).collect()
    }

    fn apply(&mut self, at: usize) {
        let Some(event) = self.events.get(at).copied() else { return };
        let heals = self.tenant.policy.self_heal_on_user_change;
        let done = match &event.kind {
            EventKind::MemberAdded(group, user) => self.add_member(at, *group, *user),
            EventKind::MemberRemoved(group, user) => self.remove_member(at, *group, *user),
            EventKind::GroupTemplateSet { group, add, remove } => self.set_template(at, *group, add, remove),
            EventKind::GroupDeleted(group) => self.delete_group(at, *group),
            EventKind::DirectSet { user, add, remove } => self.set_direct(at, *user, add, remove),
            EventKind::SubscriptionChanged { sku, subscription } => self.set_subscription(at, *sku, subscription),
            EventKind::UsageLocationChanged(user, location) => {
                self.change_user(at, *user, heals, |user| user.location = *location)
            }
            EventKind::AddressConflictChanged(user, conflict) => {
                self.change_user(at, *user, heals, |user| user.has_address_conflict = *conflict)
            }
            EventKind::UserSoftDeleted(user) => self.delete_user(at, *user),
            EventKind::UserRestored(user) => self.restore_user(at, *user),
            EventKind::UserHardDeleted(user) => self.purge_user(at, *user),
            EventKind::CatalogChanged { sku, add, remove } => self.change_product(at, *sku, add, remove, heals),
            EventKind::Reprocess(what) => self.reprocess(at, *what),
            EventKind::Tick => {
                let timed = self.tenant.registers.timed.clone();
                self.mark_all(&timed, at, true);
                Ok(())
            }
        };
        if let Err(refusal) = done {
            self.refuse(event, refusal);
        }
    }

    fn add_member(&mut self, at: usize, group: GroupIndex, user: UserIndex) -> Result<(), Refusal> {
        let moment = self.moment(at);
        self.group_mut(group)?;
        let changed = self.user_mut(user)?;
        if changed.memberships.contains_key(&group) {
            return Ok(());
        }
        changed.memberships.insert(group, moment);
        changed.left.remove(&group);
        self.group_mut(group)?.members.insert(user.0);
        self.member_changed(at, group, user, Activity::AddMember);
        Ok(())
    }

    fn remove_member(&mut self, at: usize, group: GroupIndex, user: UserIndex) -> Result<(), Refusal> {
        let moment = self.moment(at);
        let changed = self.user_mut(user)?;
        if changed.memberships.remove(&group).is_none() {
            return Ok(());
        }
        changed.left.insert(group, moment);
        self.group_mut(group)?.members.remove(user.0);
        self.member_changed(at, group, user, Activity::RemoveMember);
        Ok(())
    }

    fn member_changed(&mut self, at: usize, group: GroupIndex, user: UserIndex, activity: Activity) {
        self.changed_groups.insert(group);
        self.mark(user, at, false, true);
        self.record(at, activity, Target::Member(group, user), Details::None);
    }

    fn set_template(&mut self, at: usize, group: GroupIndex, add: &Version, remove: &[SkuIndex]) -> Result<(), Refusal> {
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

    fn delete_group(&mut self, at: usize, group: GroupIndex) -> Result<(), Refusal> {
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

    fn set_direct(&mut self, at: usize, index: UserIndex, add: &Version, remove: &[SkuIndex]) -> Result<(), Refusal> {
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
            user.direct.insert(*sku, super::intent::DirectLicense { disabled: disabled.clone(), since });
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

    fn set_subscription(&mut self, at: usize, sku: SkuIndex, subscription: &Subscription) -> Result<(), Refusal> {
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

    fn change_user(
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

    fn delete_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let time = self.moment(at).time;
        if self.user_mut(user)?.deleted_at.is_some() {
            return Ok(());
        }
        self.change_user(at, user, true, |user| user.deleted_at = Some(time))?;
        self.record(at, Activity::DeleteUser, Target::User(user), Details::None);
        Ok(())
    }

    /// Who comes back asks for everything anew, from now on.
    fn restore_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
        let moment = self.moment(at);
        if self.user_mut(user)?.deleted_at.is_none() {
            return Ok(());
        }
        self.change_user(at, user, true, |user| {
            user.deleted_at = None;
            user.memberships.values_mut().for_each(|since| *since = moment);
            user.direct.values_mut().for_each(|direct| direct.since = moment);
        })?;
        self.record(at, Activity::RestoreUser, Target::User(user), Details::None);
        Ok(())
    }

    fn purge_user(&mut self, at: usize, user: UserIndex) -> Result<(), Refusal> {
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
        self.record(at, Activity::DeleteUser, Target::User(user), Details::None);
        Ok(())
    }

    fn change_product(
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

    fn reprocess(&mut self, at: usize, what: Reprocess) -> Result<(), Refusal> {
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

    fn start_run(&mut self, at: usize, group: GroupIndex, is_reprocess: bool) {
        let users = self.users_of(group);
        self.mark_all(&users, at, true);
        let run = self.runs.entry(group).or_insert_with(|| GroupRun { causes: BTreeSet::new(), is_reprocess });
        run.causes.insert(at);
        run.is_reprocess &= is_reprocess;
    }

    /// What was taken away and given back within the batch was never touched.
    fn forget_what_was_undone(&mut self) {
        for (index, user) in &mut self.users {
            let (Some(before), Some(outcome)) =
                (self.tenant.user(*index), self.tenant.outcomes.get(index.0 as usize))
            else {
                continue;
            };
            if user.deleted_at == before.deleted_at {
                for (group, since) in &mut user.memberships {
                    if let Some(known) = before.memberships.get(group) {
                        *since = *known;
                    }
                }
            }
            // Only a license that is still there has something that ends.
            user.left.retain(|group, _| outcome.records.iter().any(|record| record.source == Source::Group(*group)));
        }
    }

    fn group_mut(&mut self, group: GroupIndex) -> Result<&mut Group, Refusal> {
        let found = self.groups.get_mut(group.0 as usize).filter(|group| !group.is_deleted);
        found.map(Arc::make_mut).ok_or(Refusal::Unknown)
    }

    fn user_mut(&mut self, index: UserIndex) -> Result<&mut User, Refusal> {
        let known = self.tenant.user(index).ok_or(Refusal::Unknown)?;
        Ok(self.users.entry(index).or_insert_with(|| known.clone()))
    }

    fn moment(&self, at: usize) -> Moment {
        self.events.get(at).map_or(self.now, |event| event.moment())
    }

    fn mark(&mut self, user: UserIndex, at: usize, forced: bool, retries: bool) {
        let mark = self.marks.entry(user).or_default();
        mark.causes.insert(at);
        mark.forced |= forced;
        mark.retries |= retries;
    }

    fn mark_all(&mut self, users: &RoaringBitmap, at: usize, retries: bool) {
        for user in users {
            self.mark(UserIndex(user), at, true, retries);
        }
    }

    fn refuse(&mut self, event: &Event, refusal: Refusal) {
        let about = match &event.kind {
            EventKind::GroupTemplateSet { group, .. } => Some((Activity::SetGroupLicense, Target::Group(*group))),
            EventKind::GroupDeleted(group) => Some((Activity::DeleteGroup, Target::Group(*group))),
            EventKind::DirectSet { user, .. } => Some((Activity::ChangeUserLicense, Target::User(*user))),
            _ => None,
        };
        if let Some((activity, target)) = about {
            let details = Details::Refused(refusal.clone());
            self.audit.push(AuditEvent {
                activity,
                succeeded: false,
                actor: event.actor.clone(),
                target,
                time: event.time,
                run: self.run,
                causes: vec![event.id.clone()],
                details,
            });
        }
        self.refused.push(RefusedEvent { event: event.id.clone(), refusal });
    }

    fn record(&mut self, at: usize, activity: Activity, target: Target, details: Details) {
        let Some(event) = self.events.get(at) else { return };
        self.audit.push(AuditEvent {
            activity,
            succeeded: true,
            actor: event.actor.clone(),
            target,
            time: event.time,
            run: self.run,
            causes: vec![event.id.clone()],
            details,
        });
    }
}
