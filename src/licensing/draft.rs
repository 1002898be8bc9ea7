//! What events ask for, put over the state before them, with the users whom that concerns.

mod edits;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::audit::{Activity, AuditEvent, Details, Target};
use super::catalog::{Catalog, SkuIndex};
use super::event::{Event, EventKind, Refusal};
use super::intent::{Group, GroupIndex, Moment, User, UserIndex};
use super::outcome::{Outcome, Source};
use super::tenant::Tenant;

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
        let members =
            self.groups.get(group.0 as usize).map(|group| group.members.clone()).unwrap_or_default();
        match self.tenant.registers.by_group.get(&group) {
            Some(holders) => members | holders,
            None => members,
        }
    }

    /// The ids of events.
    pub(super) fn ids(&self, causes: &BTreeSet<usize>) -> Arc<[String]> {
        causes.iter().filter_map(|at| Some(self.events.get(*at)?.id.clone())).collect()
    }

    fn apply(&mut self, at: usize) {
        let Some(event) = self.events.get(at).copied() else { return };
        let heals = self.tenant.policy.self_heal_on_user_change;
        let done = match &event.kind {
            EventKind::MembersChanged { group, added, removed } => {
                self.change_members(at, *group, added, removed)
            }
            EventKind::GroupTemplateSet { group, add, remove } => self.set_template(at, *group, add, remove),
            EventKind::GroupDeleted(group) => self.delete_group(at, *group),
            EventKind::DirectSet { user, add, remove } => self.set_direct(at, *user, add, remove),
            EventKind::SubscriptionChanged { sku, subscription } => {
                self.set_subscription(at, *sku, subscription)
            }
            EventKind::UsageLocationChanged(user, location) => {
                self.change_user(at, *user, heals, |user| user.location = *location)
            }
            EventKind::AddressConflictChanged(user, conflict) => {
                self.change_user(at, *user, heals, |user| user.has_address_conflict = *conflict)
            }
            EventKind::UserSoftDeleted(user) => self.delete_user(at, *user),
            EventKind::UserRestored(user) => self.restore_user(at, *user),
            EventKind::UserHardDeleted(user) => self.purge_user(at, *user),
            EventKind::CatalogChanged { sku, add, remove } => {
                self.change_product(at, *sku, add, remove, heals)
            }
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

    fn start_run(&mut self, at: usize, group: GroupIndex, is_reprocess: bool) {
        let users = self.users_of(group);
        self.mark_all(&users, at, true);
        let run =
            self.runs.entry(group).or_insert_with(|| GroupRun { causes: BTreeSet::new(), is_reprocess });
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
            user.left.retain(|group, _| {
                outcome.records.iter().any(|record| record.source == Source::Group(*group))
            });
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
            EventKind::GroupTemplateSet { group, .. } => {
                Some((Activity::SetGroupLicense, Target::Group(*group)))
            }
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
                causes: [event.id.clone()].into(),
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
            causes: [event.id.clone()].into(),
            details,
        });
    }
}
