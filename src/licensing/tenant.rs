//! The state of a tenant between batches, in memory.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::batch::{Batch, GuardStop, Next};
use super::catalog::{Catalog, Country, SkuIndex};
use super::column::{Code, Column, NO_VALUE};
use super::event::Event;
use super::intent::{Group, GroupIndex, User, UserIndex};
use super::outcome::{Outcome, Source};
use super::plan_set::PlanIndex;
use super::policy::{GroupSettings, LicensingPolicy};
use super::registers::{Account, Move, Registers, Trait, Usual};
use super::roll::Roll;
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
    /// By id in lower case.
    groups_by_id: HashMap<String, GroupIndex>,
    pub(super) settings: Vec<GroupSettings>,
    /// The ordinals that are users'.
    pub(super) existing: RoaringBitmap,
    pub(super) users: Column<User>,
    pub(super) outcomes: Column<Outcome>,
    pub(super) registers: Registers,
    /// Events of the past, by sequence number.
    pub(super) seen: BTreeSet<(u64, String)>,
    pub(super) seen_ids: BTreeSet<String>,
    /// How many batches there were.
    pub(super) runs: u64,
}

impl Tenant {
    /// A tenant without groups and users. `country` is the directory's own location.
    pub fn new(catalog: Catalog, policy: LicensingPolicy, country: Option<Country>) -> Self {
        Self {
            catalog: Arc::new(catalog),
            policy: Arc::new(policy),
            country,
            groups: Vec::new(),
            groups_by_id: HashMap::new(),
            settings: Vec::new(),
            existing: RoaringBitmap::new(),
            users: Column::default(),
            outcomes: Column::default(),
            registers: Registers::default(),
            seen: BTreeSet::new(),
            seen_ids: BTreeSet::new(),
            runs: 0,
        }
    }

    /// Adds a group as it is, with its template unchecked, but without its members: these come with the
    /// users.
    pub fn add_group(&mut self, mut group: Group) -> GroupIndex {
        let index = GroupIndex(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
        group.members.clear();
        self.settings.push(self.policy.group(&group.id));
        self.groups_by_id.entry(group.id.to_ascii_lowercase()).or_insert(index);
        self.groups.push(Arc::new(group));
        index
    }

    /// Enters users who are all alike under ordinals of the caller's choice, in the place of what was known
    /// of them. They become members of the groups that `user` names, which have to be there before them.
    /// Nothing is checked, and their licenses stay.
    pub fn set_users(&mut self, users: &RoaringBitmap, user: Arc<User>) {
        let with =
            move |known: &Account| Account { user: Arc::clone(&user), outcome: Arc::clone(&known.outcome) };
        self.set(users, with);
    }

    /// Enters the licenses that users have, in the place of what was known of them. Who was no user before is
    /// one without a location. Nothing is checked.
    pub fn set_outcomes(&mut self, users: &RoaringBitmap, outcome: Arc<Outcome>) {
        let with =
            move |known: &Account| Account { user: Arc::clone(&known.user), outcome: Arc::clone(&outcome) };
        self.set(users, with);
    }

    fn set(&mut self, users: &RoaringBitmap, with: impl Fn(&Account) -> Account) {
        let Some(last) = users.max() else { return };
        let (roll, accounts) = self.classes_of(users);
        let moves: Vec<Move> =
            accounts.into_iter().map(|before| Move { after: with(&before), before }).collect();
        for (at, one) in moves.iter().enumerate() {
            if Arc::ptr_eq(&one.before.user, &one.after.user) {
                continue;
            }
            let own = roll.users(|class| class == at);
            for group in one.before.user.memberships.keys() {
                if let Some(group) = self.groups.get_mut(group.0 as usize) {
                    Arc::make_mut(group).members -= &own;
                }
            }
            for group in one.after.user.memberships.keys() {
                if let Some(group) = self.groups.get_mut(group.0 as usize) {
                    Arc::make_mut(group).members |= &own;
                }
            }
        }
        self.existing |= users;
        self.users.reach(last);
        self.outcomes.reach(last);
        fill(&mut self.users, &roll, moves.iter().map(|one| Some(&one.after.user)));
        fill(&mut self.outcomes, &roll, moves.iter().map(|one| Some(&one.after.outcome)));
        self.registers.enter(&roll, &moves);
    }

    /// Enters users of whom nothing is known yet, those together who are alike.
    pub(super) fn enter(&mut self, classes: Vec<(RoaringBitmap, Arc<User>, Arc<Outcome>)>) {
        let mut roll = Roll::default();
        let mut moves: Vec<Move> = Vec::with_capacity(classes.len());
        let before = Account::default();
        for (users, user, outcome) in classes {
            users.iter().for_each(|ordinal| roll.push(ordinal, moves.len()));
            moves.push(Move { before: before.clone(), after: Account { user, outcome } });
        }
        roll.sort();
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); self.groups.len()];
        for (ordinal, class) in roll.iter() {
            let groups = moves.get(class).into_iter().flat_map(|one| one.after.user.memberships.keys());
            for group in groups {
                if let Some(members) = members.get_mut(group.0 as usize) {
                    members.push(ordinal);
                }
            }
        }
        for (group, members) in self.groups.iter_mut().zip(members).filter(|(_, members)| !members.is_empty())
        {
            Arc::make_mut(group).members.extend(members);
        }
        self.existing.extend(roll.iter().map(|(ordinal, _)| ordinal));
        if let Some(last) = self.existing.max() {
            self.users.reach(last);
            self.outcomes.reach(last);
        }
        fill(&mut self.users, &roll, moves.iter().map(|one| Some(&one.after.user)));
        fill(&mut self.outcomes, &roll, moves.iter().map(|one| Some(&one.after.outcome)));
        self.registers.enter(&roll, &moves);
    }

    /// Some users, those together of whom the same is known; ordinals that are no users' as if they were.
    pub(super) fn classes_of(&self, users: &RoaringBitmap) -> (Roll, Vec<Account>) {
        let mut numbers: HashMap<(Code, Code), usize> = HashMap::new();
        let mut accounts: Vec<Account> = Vec::new();
        let mut roll = Roll::default();
        for user in users {
            let codes = (self.users.code(user), self.outcomes.code(user));
            let number = *numbers.entry(codes).or_insert_with(|| {
                let known = (self.users.value(codes.0).cloned(), self.outcomes.value(codes.1).cloned());
                accounts.push(Account {
                    user: known.0.unwrap_or_default(),
                    outcome: known.1.unwrap_or_default(),
                });
                accounts.len() - 1
            });
            roll.push(user, number);
        }
        (roll, accounts)
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
        for (at, group) in &batch.next.groups {
            if let Some(place) = self.groups.get_mut(*at) {
                *place = Arc::clone(group);
            }
        }
        for (group, turnover) in &batch.next.turnovers {
            if let Some(group) = self.groups.get_mut(group.0 as usize) {
                let members = &mut Arc::make_mut(group).members;
                *members -= &turnover.went;
                *members |= &turnover.came;
            }
        }
        let Next { roll, moves, .. } = &batch.next;
        fill(&mut self.users, roll, moves.iter().map(|one| one.new_user()));
        fill(&mut self.outcomes, roll, moves.iter().map(|one| one.new_outcome()));
        self.registers.enter(roll, moves);
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

    /// Forgets which events it has seen, so that events of the same ids count again.
    pub fn forget_events(&mut self) {
        self.seen.clear();
        self.seen_ids.clear();
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
        self.groups_by_id.get(&id.to_ascii_lowercase()).copied()
    }

    /// A user; `None` if the ordinal is no user's.
    pub fn user(&self, user: UserIndex) -> Option<&User> {
        self.users.get(user.0).map(AsRef::as_ref)
    }

    /// A user's licenses; `None` if the ordinal is no user's.
    pub fn outcome(&self, user: UserIndex) -> Option<&Outcome> {
        self.outcomes.get(user.0).map(AsRef::as_ref)
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = UserIndex> + '_ {
        self.existing.iter().map(UserIndex)
    }

    /// What is known of users, each distinct value once, with the users of whom it holds; by the first of
    /// them.
    pub fn user_classes(&self) -> Vec<(Arc<User>, RoaringBitmap)> {
        self.users.classes()
    }

    /// The licenses that users have, each distinct value once, with the users who have it; by the first of
    /// them.
    pub fn outcome_classes(&self) -> Vec<(Arc<Outcome>, RoaringBitmap)> {
        self.outcomes.classes()
    }

    /// All groups.
    pub fn groups(&self) -> impl Iterator<Item = GroupIndex> + use<> {
        (0..u32::try_from(self.groups.len()).unwrap_or(u32::MAX)).map(GroupIndex)
    }

    /// How many seats of a product are in use.
    pub fn consumed(&self, sku: SkuIndex) -> u64 {
        self.registers.count(Usual::Holds(sku))
    }

    /// The users with any record of a product.
    pub(super) fn with_record_of(&self, sku: SkuIndex) -> RoaringBitmap {
        if self.registers.count(Usual::Recorded(sku)) == 0 {
            return RoaringBitmap::new();
        }
        self.outcomes.ordinals(|outcome| outcome.records.iter().any(|record| record.sku == sku))
    }

    /// The users with a record from a group.
    pub(super) fn with_record_from(&self, group: GroupIndex) -> RoaringBitmap {
        if self.registers.count(Usual::From(group)) == 0 {
            return RoaringBitmap::new();
        }
        let source = Source::Group(group);
        self.outcomes.ordinals(|outcome| outcome.records.iter().any(|record| record.source == source))
    }

    /// How many users have a license.
    pub fn holders(&self) -> u64 {
        self.outcomes.ordinals(|outcome| outcome.in_force().next().is_some()).len()
    }

    /// Whether some user has an error from a group: Graph's `hasMembersWithLicenseErrors`.
    pub fn has_errors(&self, group: GroupIndex) -> bool {
        !self.registers.users(Trait::FailsFrom(group)).is_empty()
    }

    /// The next moment at which something ends by itself, if nothing happens before.
    pub fn next_end(&self) -> Option<Timestamp> {
        self.outcomes.values().flat_map(|outcome| outcome.grace.iter().map(|one| one.until)).min()
    }
}

/// Gives users the values of their classes; a class without one keeps what it has.
fn fill<'v, T: Eq + Hash + 'v>(
    column: &mut Column<T>,
    roll: &Roll,
    values: impl ExactSizeIterator<Item = Option<&'v Arc<T>>>,
) {
    // Classes often share a value, which is then looked up once.
    let mut known: HashMap<*const T, Code> = HashMap::new();
    let sizes = roll.sizes(values.len());
    let codes: Vec<Code> = values
        .zip(sizes)
        .map(|(value, size)| {
            let Some(value) = value else { return NO_VALUE };
            let code = *known.entry(Arc::as_ptr(value)).or_insert_with(|| column.intern(value));
            column.announce(code, size);
            code
        })
        .collect();
    for (user, class) in roll.iter() {
        if let Some(code) = codes.get(class).filter(|code| **code != NO_VALUE) {
            column.put(user, *code);
        }
    }
}
