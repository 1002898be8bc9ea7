//! A batch of events from beginning to end: what is asked for, what users end up with, and what is told
//! of it.

mod people;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::people::People;
use super::audit::AuditEvent;
use super::candidate::Rules;
use super::catalog::{Catalog, SkuIndex};
use super::change::UserChange;
use super::draft::Draft;
use super::event::Event;
use super::intent::{Group, GroupIndex, User, UserIndex};
use super::outcome::{ErrorCode, Outcome};
use super::policy::MassChange;
use super::tenant::{Tenant, UserIds};

pub use super::draft::RefusedEvent;
pub use telling::{ErrorRecord, PoolReport};

/// All that a batch leads to. [`Tenant::commit`] takes it over.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The number of the batch, from 1.
    pub run: u64,
    /// Users whose records changed, by ordinal.
    pub changes: Vec<UserChange>,
    /// Groups with a run or with other members, by ordinal.
    pub summaries: Vec<GroupSummary>,
    /// What is told, in order.
    pub audit: Vec<AuditEvent>,
    /// Edits that were refused.
    pub refused: Vec<RefusedEvent>,
    /// What takes the place of what the tenant has.
    pub(super) next: Next,
}

/// What the tenant will have.
#[derive(Clone, Debug)]
pub(super) struct Next {
    pub(super) catalog: Arc<Catalog>,
    pub(super) groups: Vec<Arc<Group>>,
    pub(super) users: Vec<(UserIndex, Arc<User>)>,
    pub(super) outcomes: Vec<(UserIndex, Arc<Outcome>)>,
    pub(super) seen: Vec<(u64, String)>,
}

/// How a group came out of a batch. Deleted users are no members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSummary {
    /// The group.
    pub group: GroupIndex,
    /// What the batch did with it.
    pub trigger: Trigger,
    /// Its user members.
    pub members: u64,
    /// Members without an error from it.
    pub succeeded: u64,
    /// Members with one.
    pub failed: u64,
    /// Members by error; one with several counts for each.
    pub by_error: BTreeMap<ErrorCode, u64>,
    /// Members about whom nothing changed.
    pub unchanged: u64,
}

/// Why a group was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// Members came or went.
    Membership,
    /// Its template was edited.
    Template,
    /// It was to be processed again.
    Reprocess,
}

/// More users would lose a license than the policy allows. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardStop {
    /// How many may.
    pub limit: MassChange,
    /// Users who have a license now.
    pub users_before: u64,
    /// Those who would lose one, with all that would change.
    pub losing: Vec<UserChange>,
}

pub(super) fn evaluate(tenant: &Tenant, events: &[Event], ids: &dyn UserIds) -> Result<Batch, GuardStop> {
    let draft = Draft::of(tenant, events);
    let rules = Rules {
        catalog: &draft.catalog,
        catalog_before: &tenant.catalog,
        policy: &tenant.policy,
        groups: &draft.groups,
        settings: &tenant.settings,
        country: tenant.country,
        now: draft.now,
    };
    let settled = People::of(&draft, &rules).settle(ids);
    guard(tenant, &settled.changes)?;
    let told = telling::tell(&draft, &settled);
    let seen = draft.events.iter().map(|event| (event.sequence, event.id.clone())).collect();
    let mut users = settled.users;
    let touched = draft.users.keys().filter(|index| !users.contains_key(index)).copied().collect::<Vec<_>>();
    for index in touched {
        users.extend(draft.users.get(&index).map(|user| (index, user.clone())));
    }
    let differs = |(index, user): &(UserIndex, User)| tenant.user(*index) != Some(user);
    let next = Next {
        catalog: Arc::clone(&draft.catalog),
        groups: draft.groups.clone(),
        users: users.into_iter().filter(differs).map(|(index, user)| (index, Arc::new(user))).collect(),
        outcomes: settled.outcomes.into_iter().collect(),
        seen,
    };
    let (changes, refused) = (settled.changes, draft.refused);
    Ok(Batch { run: draft.run, changes, summaries: told.summaries, audit: told.audit, refused, next })
}

/// Stops if more users lose a license than may.
fn guard(tenant: &Tenant, changes: &[UserChange]) -> Result<(), GuardStop> {
    let Some(limit) = tenant.policy.mass_change_guard else { return Ok(()) };
    let losing: Vec<&UserChange> = changes.iter().filter(|one| !one.change.seats_freed.is_empty()).collect();
    let users_before =
        tenant.registers.holders.values().fold(roaring::RoaringBitmap::new(), |all, one| all | one).len();
    let count = losing.len() as u64;
    let is_within = match limit {
        MassChange::Users(most) => count <= most,
        MassChange::Percent(share) => u128::from(count) * 100 <= u128::from(users_before) * u128::from(share),
    };
    if is_within {
        return Ok(());
    }
    Err(GuardStop { limit, users_before, losing: losing.into_iter().cloned().collect() })
}

impl Batch {
    /// By how many the seats in use changed, for each product where they did.
    pub fn seat_changes(&self) -> BTreeMap<SkuIndex, i64> {
        let mut seats: BTreeMap<SkuIndex, i64> = BTreeMap::new();
        for change in &self.changes {
            for sku in &change.change.seats_taken {
                *seats.entry(*sku).or_default() += 1;
            }
            for sku in &change.change.seats_freed {
                *seats.entry(*sku).or_default() -= 1;
            }
        }
        seats.retain(|_, change| *change != 0);
        seats
    }
}
