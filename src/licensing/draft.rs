//! What events ask for, put over the state before them, with the users whom that concerns.

mod edits;
mod partition;
mod turnover;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use roaring::RoaringBitmap;

use self::partition::{Act, Partition, Step};
use super::audit::{Activity, AuditEvent, Details, Target};
use super::catalog::{Catalog, SkuIndex};
use super::event::{Event, EventKind, Refusal};
use super::intent::{Group, GroupIndex, Moment, User};
use super::outcome::{Record, Source};
use super::registers::Trait;
use super::roll::Roll;
use super::tenant::Tenant;

pub(super) use self::partition::{State, Tries};
pub(super) use self::turnover::Turnover;

/// The state with the events of a batch applied to what is asked for.
pub(super) struct Draft<'t> {
    pub(super) tenant: &'t Tenant,
    pub(super) catalog: Arc<Catalog>,
    /// Templates; the members are those of the tenant.
    pub(super) groups: Cow<'t, [Arc<Group>]>,
    /// Who came to groups and left them.
    pub(super) turnovers: BTreeMap<GroupIndex, Turnover>,
    users: Partition<'t>,
    /// By how many direct edits, which take effect at once, changed the seats in use.
    seats: BTreeMap<SkuIndex, i64>,
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
            groups: Cow::Borrowed(&tenant.groups),
            turnovers: BTreeMap::new(),
            users: Partition::new(tenant),
            seats: BTreeMap::new(),
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
        draft
    }

    /// All users whom events concern, by class.
    pub(super) fn classes(&self) -> (Roll, Vec<State>) {
        let (roll, mut states) = self.users.classes();
        for state in &mut states {
            forget_what_was_undone(state);
        }
        (roll, states)
    }

    /// Seats in use after direct edits.
    pub(super) fn consumed(&self, sku: SkuIndex) -> u64 {
        let change = self.seats.get(&sku).copied().unwrap_or_default();
        self.tenant.consumed(sku).saturating_add_signed(change)
    }

    /// Who came to a group and left it.
    pub(super) fn turnover(&self, group: GroupIndex) -> Cow<'_, Turnover> {
        self.turnovers.get(&group).map_or_else(|| Cow::Owned(Turnover::default()), Cow::Borrowed)
    }

    /// The users of a group's run: its members, and those who hold a license of it.
    fn users_of(&self, group: GroupIndex) -> RoaringBitmap {
        let known = self.tenant.group(group).map(|group| &group.members);
        let members = known.map(|known| self.turnover(group).members(known)).unwrap_or_default();
        members | self.tenant.with_record_from(group)
    }

    /// The ids of events.
    pub(super) fn ids<'c>(&self, causes: impl IntoIterator<Item = &'c usize>) -> Arc<[String]> {
        causes.into_iter().filter_map(|at| Some(self.events.get(*at)?.id.clone())).collect()
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
            EventKind::UsageLocationChanged(users, location) => {
                self.change_users(at, users, heals, Act::Locate(*location))
            }
            EventKind::AddressConflictChanged(users, conflict) => {
                self.change_users(at, users, heals, Act::ChangeAddress(*conflict))
            }
            EventKind::UserSoftDeleted(user) => self.delete_user(at, *user),
            EventKind::UserRestored(user) => self.restore_user(at, *user),
            EventKind::UserHardDeleted(user) => self.purge_user(at, *user),
            EventKind::CatalogChanged { sku, add, remove } => {
                self.change_product(at, *sku, add, remove, heals)
            }
            EventKind::Reprocess(what) => self.reprocess(at, what),
            EventKind::Tick => {
                // What waits for other things than time goes on waiting.
                let moment = self.moment(at);
                let step = Step { at, moment, forced: true, tries: Tries::WhatGoes, act: Act::Look };
                self.users.take(self.tenant.registers.users(Trait::Timed), step);
                Ok(())
            }
        };
        if let Err(refusal) = done {
            self.refuse(event, refusal);
        }
    }

    fn start_run(&mut self, at: usize, group: GroupIndex, is_reprocess: bool) {
        let users = self.users_of(group);
        self.look_at(at, &users, true);
        let run =
            self.runs.entry(group).or_insert_with(|| GroupRun { causes: BTreeSet::new(), is_reprocess });
        run.causes.insert(at);
        run.is_reprocess &= is_reprocess;
    }

    /// A group that is not deleted, to change it.
    fn group_mut(&mut self, group: GroupIndex) -> Result<&mut Group, Refusal> {
        let at = group.0 as usize;
        self.groups.get(at).filter(|group| !group.is_deleted).ok_or(Refusal::Unknown)?;
        self.groups.to_mut().get_mut(at).map(Arc::make_mut).ok_or(Refusal::Unknown)
    }

    fn moment(&self, at: usize) -> Moment {
        self.events.get(at).map_or(self.now, |event| event.moment())
    }

    /// Takes users through a step: who is not changed by it is looked at only if it forces that.
    fn take(&mut self, at: usize, users: &RoaringBitmap, forced: bool, retries: bool, act: Act<'t>) {
        let moment = self.moment(at);
        let tries = if retries { Tries::All } else { Tries::Nothing };
        self.users.take(users, Step { at, moment, forced, tries, act });
    }

    fn look_at(&mut self, at: usize, users: &RoaringBitmap, retries: bool) {
        self.take(at, users, true, retries, Act::Look);
    }

    fn refuse(&mut self, event: &Event, refusal: Refusal) {
        let about = match &event.kind {
            EventKind::GroupTemplateSet { group, .. } => {
                Some((Activity::SetGroupLicense, Target::Group(*group)))
            }
            EventKind::GroupDeleted(group) => Some((Activity::DeleteGroup, Target::Group(*group))),
            EventKind::DirectSet { user, .. } => {
                Some((Activity::ChangeUserLicense, Target::Users([user.0].into_iter().collect())))
            }
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

/// What was taken away and given back within the batch was never touched.
fn forget_what_was_undone(state: &mut State) {
    let before = &state.before;
    if Arc::ptr_eq(&state.user, &before.user) {
        return;
    }
    let user = Arc::make_mut(&mut state.user);
    if user.deleted_at == before.user.deleted_at {
        for (group, since) in &mut user.memberships {
            if let Some(known) = before.user.memberships.get(group) {
                *since = *known;
            }
        }
    }
    drop_what_is_gone(user, &before.outcome.records);
    if state.user == before.user {
        state.user = Arc::clone(&before.user);
    }
}

/// Only a license that is still there has something that ends.
pub(super) fn drop_what_is_gone(user: &mut User, records: &[Record]) {
    user.left.retain(|group, _| records.iter().any(|record| record.source == Source::Group(*group)));
}
