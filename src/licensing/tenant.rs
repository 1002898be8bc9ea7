//! The state of a tenant between batches, in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
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

/// The ids of users. Of those who want the last seat since the same moment, the one with the lesser id gets it.
pub trait UserIds: Sync {
    /// The object id of a user of the tenant.
    fn id(&self, user: UserIndex) -> &str;
}

/// Everything that the next batch depends on.
///
/// ```
/// use std::sync::Arc;
/// use dyngroup::licensing::catalog::{Catalog, Country};
/// use dyngroup::licensing::event::{Event, EventKind};
/// use dyngroup::licensing::intent::{Group, User, UserIndex};
/// use dyngroup::licensing::outcome::ErrorCode;
/// use dyngroup::licensing::policy::LicensingPolicy;
/// use dyngroup::licensing::pool::{Subscription, SubscriptionStatus};
/// use dyngroup::licensing::tenant::{Tenant, UserIds};
/// use roaring::RoaringBitmap;
///
/// let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), Country::new("NO"));
/// let (sku, group) = (tenant.sku("6fd2c87f-b296-42f0-b197-1e91e994b900"), tenant.add_group(Group::new("hr", true)));
/// // Users go by ordinals; ids only decide between those who came at the same time.
/// struct Names;
/// impl UserIds for Names {
///     fn id(&self, user: UserIndex) -> &str {
///         if user.0 == 3 { "ada" } else { "bob" }
///     }
/// }
/// let users: RoaringBitmap = [3, 7].into_iter().collect();
/// tenant.set_users(&users, Arc::new(User::new(None)));
/// let subscription = Subscription { id: "s".into(), status: SubscriptionStatus::Enabled, total: 1 };
/// let kinds = [
///     EventKind::SubscriptionChanged { sku, subscription },
///     EventKind::GroupTemplateSet { group, add: [(sku, Default::default())].into(), remove: vec![] },
///     EventKind::MembersChanged { group, added: users, removed: RoaringBitmap::new() },
/// ];
/// let events: Vec<Event> = (1..).zip(kinds).map(|(sequence, kind)| Event {
///     id: sequence.to_string(), sequence, time: "2026-01-15T00:00:00Z".parse().unwrap(), actor: "me".into(), kind,
/// }).collect();
/// let batch = tenant.apply(&events, &Names).unwrap();
/// assert_eq!((batch.summaries[0].succeeded, batch.summaries[0].failed), (1, 1));
/// assert_eq!(tenant.errors().map(|error| (error.user, error.code)).collect::<Vec<_>>(), [(UserIndex(7), ErrorCode::CountViolation)]);
/// ```
#[derive(Clone, Debug)]
pub struct Tenant {
    pub(super) catalog: Arc<Catalog>,
    pub(super) policy: Arc<LicensingPolicy>,
    pub(super) country: Option<Country>,
    pub(super) groups: Vec<Arc<Group>>,
    pub(super) settings: Vec<GroupSettings>,
    /// The ordinals that are users'.
    existing: RoaringBitmap,
    pub(super) users: Vec<Arc<User>>,
    pub(super) outcomes: Vec<Arc<Outcome>>,
    /// The outcomes that users were added with, each once: users who share one are resolved together.
    known: HashSet<Arc<Outcome>>,
    known_users: HashSet<Arc<User>>,
    nobody: Arc<User>,
    nothing: Arc<Outcome>,
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
            existing: RoaringBitmap::new(),
            users: Vec::new(),
            outcomes: Vec::new(),
            known: HashSet::new(),
            known_users: HashSet::new(),
            nobody: Arc::default(),
            nothing: Arc::default(),
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

    /// Enters users who are all alike under ordinals of the caller's choice, in the place of what was known
    /// of them. They become members of the groups that `user` names, which have to be there before them.
    /// Nothing is checked, and their licenses stay.
    pub fn set_users(&mut self, users: &RoaringBitmap, user: Arc<User>) {
        self.make_room(users);
        let user = self.known_users.get(&user).cloned().unwrap_or(user);
        self.known_users.insert(Arc::clone(&user));
        for index in users.iter().map(UserIndex) {
            let at = index.0 as usize;
            let (Some(place), Some(outcome)) = (self.users.get_mut(at), self.outcomes.get(at)) else {
                continue;
            };
            for group in place.memberships.keys() {
                if let Some(group) = self.groups.get_mut(group.0 as usize) {
                    Arc::make_mut(group).members.remove(index.0);
                }
            }
            *place = Arc::clone(&user);
            self.registers.update(index, &user, outcome, outcome);
        }
        for group in user.memberships.keys() {
            if let Some(group) = self.groups.get_mut(group.0 as usize) {
                Arc::make_mut(group).members |= users;
            }
        }
    }

    /// Enters the licenses that users have, in the place of what was known of them. Who was no user before is
    /// one without a location. Nothing is checked or changed.
    pub fn set_outcomes(&mut self, users: &RoaringBitmap, outcome: Arc<Outcome>) {
        self.make_room(users);
        let outcome = self.known.get(&outcome).cloned().unwrap_or(outcome);
        self.known.insert(Arc::clone(&outcome));
        for index in users.iter().map(UserIndex) {
            let at = index.0 as usize;
            if let (Some(place), Some(user)) = (self.outcomes.get_mut(at), self.users.get(at)) {
                self.registers.update(index, user, place, &outcome);
                *place = Arc::clone(&outcome);
            }
        }
    }

    fn make_room(&mut self, users: &RoaringBitmap) {
        let Some(last) = users.max() else { return };
        if self.users.len() <= last as usize {
            self.users.resize(last as usize + 1, Arc::clone(&self.nobody));
            self.outcomes.resize(last as usize + 1, Arc::clone(&self.nothing));
        }
        self.existing |= users;
    }

    /// The place of a product; one that was never named gets a new place.
    pub fn sku(&mut self, sku_id: &str) -> SkuIndex {
        Arc::make_mut(&mut self.catalog).sku(sku_id)
    }

    /// The place of a service plan; one that was never named gets a new place.
    pub fn plan(&mut self, id: &str, name: Option<&str>) -> PlanIndex {
        Arc::make_mut(&mut self.catalog).plan(id, name)
    }

    /// Works out what events lead to. Nothing is changed: the batch can be looked at and thrown away. `ids`
    /// are asked for only where a product is short and the ids decide who gets a seat.
    ///
    /// # Errors
    ///
    /// If more users would lose a license than the policy's guard allows.
    pub fn evaluate(&self, events: &[Event], ids: &dyn UserIds) -> Result<Batch, GuardStop> {
        super::batch::evaluate(self, events, ids)
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
    pub fn apply(&mut self, events: &[Event], ids: &dyn UserIds) -> Result<Batch, GuardStop> {
        let batch = self.evaluate(events, ids)?;
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

    /// The group with an id, in any letter case. Of several that were added, the first.
    pub fn find_group(&self, id: &str) -> Option<GroupIndex> {
        self.groups().find(|group| self.group(*group).is_some_and(|known| known.id.eq_ignore_ascii_case(id)))
    }

    /// A user; `None` if the ordinal is no user's.
    pub fn user(&self, user: UserIndex) -> Option<&User> {
        let is_user = self.existing.contains(user.0);
        self.users.get(user.0 as usize).filter(|_| is_user).map(AsRef::as_ref)
    }

    /// A user's licenses; `None` if the ordinal is no user's.
    pub fn outcome(&self, user: UserIndex) -> Option<&Outcome> {
        let is_user = self.existing.contains(user.0);
        self.outcomes.get(user.0 as usize).filter(|_| is_user).map(AsRef::as_ref)
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = UserIndex> + '_ {
        self.existing.iter().map(UserIndex)
    }

    /// What is known of users, each distinct value once, with the users of whom it holds; by the first of
    /// them.
    pub fn user_classes(&self) -> Vec<(Arc<User>, RoaringBitmap)> {
        classes(self.users().filter_map(|user| Some((user, self.users.get(user.0 as usize)?))))
    }

    /// The licenses that users have, each distinct value once, with the users who have it; by the first of
    /// them.
    pub fn outcome_classes(&self) -> Vec<(Arc<Outcome>, RoaringBitmap)> {
        classes(self.users().filter_map(|user| Some((user, self.outcomes.get(user.0 as usize)?))))
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

fn classes<'t, T: Eq + std::hash::Hash + 't>(
    values: impl Iterator<Item = (UserIndex, &'t Arc<T>)>,
) -> Vec<(Arc<T>, RoaringBitmap)> {
    let mut numbers: HashMap<&Arc<T>, usize> = HashMap::new();
    let mut classes: Vec<(Arc<T>, RoaringBitmap)> = Vec::new();
    for (user, value) in values {
        let number = *numbers.entry(value).or_insert(classes.len());
        if number == classes.len() {
            classes.push((Arc::clone(value), RoaringBitmap::new()));
        }
        if let Some((_, users)) = classes.get_mut(number) {
            users.insert(user.0);
        }
    }
    classes
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
