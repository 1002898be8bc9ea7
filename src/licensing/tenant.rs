//! The state of a tenant between batches, in memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::batch::{Batch, GuardStop};
use super::catalog::{Catalog, Country, SkuIndex};
use super::event::Event;
use super::intent::{Group, GroupIndex, User, UserIndex};
use super::outcome::{Outcome, Record, Source};
use super::plan_set::PlanIndex;
use super::policy::{GroupSettings, LicensingPolicy};
use crate::base::limits::LICENSE_EVENTS_REMEMBERED_MAX;

/// Everything that the next batch depends on.
///
/// ```
/// use std::sync::Arc;
/// use dyngroup::licensing::catalog::{Catalog, Country};
/// use dyngroup::licensing::event::{Event, EventKind};
/// use dyngroup::licensing::intent::{Group, User};
/// use dyngroup::licensing::outcome::ErrorCode;
/// use dyngroup::licensing::policy::LicensingPolicy;
/// use dyngroup::licensing::pool::{Subscription, SubscriptionStatus};
/// use dyngroup::licensing::tenant::Tenant;
///
/// let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), Country::new("NO"));
/// let (sku, group) = (tenant.sku("6fd2c87f-b296-42f0-b197-1e91e994b900"), tenant.add_group(Group::new("hr", true)));
/// let [ada, bob] = ["ada", "bob"].map(|id| tenant.add_user(User::new(id, None), Arc::default()));
/// let subscription = Subscription { id: "s".into(), status: SubscriptionStatus::Enabled, total: 1 };
/// let kinds = [
///     EventKind::SubscriptionChanged { sku, subscription },
///     EventKind::GroupTemplateSet { group, add: [(sku, Default::default())].into(), remove: vec![] },
///     EventKind::MemberAdded(group, ada),
///     EventKind::MemberAdded(group, bob),
/// ];
/// let events: Vec<Event> = (1..).zip(kinds).map(|(sequence, kind)| Event {
///     id: sequence.to_string(), sequence, time: "2026-01-15T00:00:00Z".parse().unwrap(), actor: "me".into(), kind,
/// }).collect();
/// let batch = tenant.apply(&events).unwrap();
/// assert_eq!((batch.summaries[0].succeeded, batch.summaries[0].failed), (1, 1));
/// assert_eq!(tenant.errors().map(|error| (error.user, error.code)).collect::<Vec<_>>(), [(bob, ErrorCode::CountViolation)]);
/// ```
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(super) catalog: Arc<Catalog>,
    pub(super) policy: Arc<LicensingPolicy>,
    pub(super) country: Option<Country>,
    pub(super) groups: Vec<Arc<Group>>,
    pub(super) settings: Vec<GroupSettings>,
    pub(super) users: Vec<Arc<User>>,
    pub(super) outcomes: Vec<Arc<Outcome>>,
    /// The outcomes that users were added with, each once: users who share one are resolved together.
    known: HashSet<Arc<Outcome>>,
    pub(super) registers: Registers,
    /// Events of the past, by sequence number.
    pub(super) seen: BTreeSet<(u64, String)>,
    pub(super) seen_ids: BTreeSet<String>,
    /// How many batches there were.
    pub(super) runs: u64,
}

/// Which users have what, so that a batch looks only at those that it concerns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Registers {
    /// By product, the users with a seat.
    pub(super) holders: BTreeMap<SkuIndex, RoaringBitmap>,
    /// By product, the users with any record.
    pub(super) recorded: BTreeMap<SkuIndex, RoaringBitmap>,
    /// By product, the users who wait for a seat.
    pub(super) waiting: BTreeMap<SkuIndex, RoaringBitmap>,
    /// By group, the users with a record from it.
    pub(super) by_group: BTreeMap<GroupIndex, RoaringBitmap>,
    /// By group, the users with an error from it.
    pub(super) failing_by_group: BTreeMap<GroupIndex, RoaringBitmap>,
    /// Users who were deleted.
    pub(super) deleted: RoaringBitmap,
    /// Users with an error.
    pub(super) failing: RoaringBitmap,
    /// Users for whom something ends with time.
    pub(super) timed: RoaringBitmap,
}

impl Tenant {
    /// A tenant without groups and users. `country` is the directory's own location.
    pub fn new(catalog: Catalog, policy: LicensingPolicy, country: Option<Country>) -> Self {
        Self {
            catalog: Arc::new(catalog),
            policy: Arc::new(policy),
            country,
            groups: Vec::new(),
            settings: Vec::new(),
            users: Vec::new(),
            outcomes: Vec::new(),
            known: HashSet::new(),
            registers: Registers::default(),
            seen: BTreeSet::new(),
            seen_ids: BTreeSet::new(),
            runs: 0,
        }
    }

    /// Adds a group as it is, with its template unchecked. Its members come with the users.
    pub fn add_group(&mut self, group: Group) -> GroupIndex {
        let index = GroupIndex(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
        self.settings.push(self.policy.group(&group.id));
        self.groups.push(Arc::new(group));
        index
    }

    /// Adds a user as they are, with the licenses that they have. Nothing is checked or changed.
    pub fn add_user(&mut self, user: User, outcome: Arc<Outcome>) -> UserIndex {
        let index = UserIndex(u32::try_from(self.users.len()).unwrap_or(u32::MAX));
        for group in user.memberships.keys() {
            if let Some(group) = self.groups.get_mut(group.0 as usize) {
                Arc::make_mut(group).members.insert(index.0);
            }
        }
        let outcome = self.known.get(&outcome).cloned().unwrap_or(outcome);
        self.known.insert(Arc::clone(&outcome));
        self.registers.update(index, &user, &Outcome::default(), &outcome);
        self.users.push(Arc::new(user));
        self.outcomes.push(outcome);
        index
    }

    /// The place of a product; one that was never named gets a new place.
    pub fn sku(&mut self, sku_id: &str) -> SkuIndex {
        Arc::make_mut(&mut self.catalog).sku(sku_id)
    }

    /// The place of a service plan; one that was never named gets a new place.
    pub fn plan(&mut self, id: &str, name: Option<&str>) -> PlanIndex {
        Arc::make_mut(&mut self.catalog).plan(id, name)
    }

    /// Works out what events lead to. Nothing is changed: the batch can be looked at and thrown away.
    ///
    /// # Errors
    ///
    /// If more users would lose a license than the policy's guard allows.
    pub fn evaluate(&self, events: &[Event]) -> Result<Batch, GuardStop> {
        super::batch::evaluate(self, events)
    }

    /// Takes over a batch that was worked out from this very state.
    pub fn commit(&mut self, batch: &Batch) {
        self.catalog = Arc::clone(&batch.next.catalog);
        self.groups.clone_from(&batch.next.groups);
        for (index, user) in &batch.next.users {
            let at = index.0 as usize;
            if let (Some(place), Some(outcome)) = (self.users.get_mut(at), self.outcomes.get(at)) {
                self.registers.update(*index, user, outcome, outcome);
                *place = Arc::clone(user);
            }
        }
        for (index, outcome) in &batch.next.outcomes {
            let at = index.0 as usize;
            if let (Some(place), Some(user)) = (self.outcomes.get_mut(at), self.users.get(at)) {
                self.registers.update(*index, user, place, outcome);
                *place = Arc::clone(outcome);
            }
        }
        for (sequence, id) in &batch.next.seen {
            self.seen.insert((*sequence, id.clone()));
            self.seen_ids.insert(id.clone());
        }
        while self.seen.len() > LICENSE_EVENTS_REMEMBERED_MAX {
            if let Some((_, id)) = self.seen.pop_first() {
                self.seen_ids.remove(&id);
            }
        }
        self.runs = batch.run;
    }

    /// Works out what events lead to, and takes it over.
    ///
    /// # Errors
    ///
    /// As [`Tenant::evaluate`]; then nothing is changed.
    pub fn apply(&mut self, events: &[Event]) -> Result<Batch, GuardStop> {
        let batch = self.evaluate(events)?;
        self.commit(&batch);
        Ok(batch)
    }

    /// Products and plans.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The choices of the administrator.
    pub fn policy(&self) -> &LicensingPolicy {
        &self.policy
    }

    /// A group.
    pub fn group(&self, group: GroupIndex) -> Option<&Group> {
        self.groups.get(group.0 as usize).map(AsRef::as_ref)
    }

    /// A user.
    pub fn user(&self, user: UserIndex) -> Option<&User> {
        self.users.get(user.0 as usize).map(AsRef::as_ref)
    }

    /// A user's licenses.
    pub fn outcome(&self, user: UserIndex) -> Option<&Outcome> {
        self.outcomes.get(user.0 as usize).map(AsRef::as_ref)
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = UserIndex> + use<> {
        (0..u32::try_from(self.users.len()).unwrap_or(u32::MAX)).map(UserIndex)
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = GroupIndex> + use<> {
        (0..u32::try_from(self.groups.len()).unwrap_or(u32::MAX)).map(GroupIndex)
    }

    /// How many seats of a product are in use.
    pub fn consumed(&self, sku: SkuIndex) -> u64 {
        self.registers.holders.get(&sku).map_or(0, RoaringBitmap::len)
    }

    /// Whether some user has an error from a group: Graph's `hasMembersWithLicenseErrors`.
    pub fn has_errors(&self, group: GroupIndex) -> bool {
        self.registers.failing_by_group.get(&group).is_some_and(|users| !users.is_empty())
    }

    /// The next moment at which something ends by itself, if nothing happens before.
    pub fn next_end(&self) -> Option<Timestamp> {
        let timed = self.registers.timed.iter().filter_map(|user| self.outcome(UserIndex(user)));
        timed.flat_map(|outcome| outcome.grace.iter().map(|one| one.until)).min()
    }
}

impl Registers {
    /// Enters what a user has, in the place of what they had.
    pub(super) fn update(&mut self, index: UserIndex, user: &User, before: &Outcome, after: &Outcome) {
        move_user(&mut self.holders, index, &before.held(), &after.held());
        let skus = |outcome: &Outcome| outcome.records.iter().map(|record| record.sku).collect();
        move_user(&mut self.recorded, index, &skus(before), &skus(after));
        move_user(&mut self.waiting, index, &before.waiting(), &after.waiting());
        move_user(&mut self.by_group, index, &groups(before), &groups(after));
        move_user(&mut self.failing_by_group, index, &failing_groups(before), &failing_groups(after));
        let fails = after.records.iter().any(|record| record.error.is_some());
        let pending = after.records.iter().any(|record| record.pending_removal);
        let ends = pending || !after.grace.is_empty() || !user.left.is_empty() || user.deleted_at.is_some();
        let sets = [
            (&mut self.failing, fails),
            (&mut self.timed, ends),
            (&mut self.deleted, user.deleted_at.is_some()),
        ];
        for (set, is_in) in sets {
            if is_in {
                set.insert(index.0);
            } else {
                set.remove(index.0);
            }
        }
    }
}

fn groups(outcome: &Outcome) -> BTreeSet<GroupIndex> {
    groups_where(outcome, |_| true)
}

/// The groups from which a user has an error.
pub(super) fn failing_groups(outcome: &Outcome) -> BTreeSet<GroupIndex> {
    groups_where(outcome, |record| record.error.is_some())
}

fn groups_where(outcome: &Outcome, holds: impl Fn(&Record) -> bool) -> BTreeSet<GroupIndex> {
    let group = |source| match source {
        Source::Group(group) => Some(group),
        Source::Direct => None,
    };
    outcome.records.iter().filter(|record| holds(record)).filter_map(|record| group(record.source)).collect()
}

fn move_user<K: Ord + Copy>(
    sets: &mut BTreeMap<K, RoaringBitmap>,
    user: UserIndex,
    before: &BTreeSet<K>,
    after: &BTreeSet<K>,
) {
    for key in before.difference(after) {
        if let Some(set) = sets.get_mut(key) {
            set.remove(user.0);
        }
    }
    for key in after.difference(before) {
        sets.entry(*key).or_default().insert(user.0);
    }
}
