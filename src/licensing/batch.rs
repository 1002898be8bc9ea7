//! A batch of events from beginning to end: what is asked for, what users end up with, and what is told
//! of it.

mod books;
mod people;
mod reports;
mod sequel;
mod summaries;
mod telling;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::books::Books;
use self::people::People;
use super::audit::AuditEvent;
use super::candidate::Rules;
use super::catalog::{Catalog, SkuIndex};
use super::change::{self, ClassChange, UserChange};
use super::draft::{Draft, Turnover};
use super::event::Event;
use super::intent::{Group, GroupIndex};
use super::policy::MassChange;
use super::registers::Move;
use super::roll::Roll;
use super::tenant::{Tenant, UserIds};

pub use super::draft::RefusedEvent;
pub use reports::{ErrorRecord, PoolReport};
pub use summaries::{GroupSummary, Trigger};

/// All that a batch leads to. [`Tenant::commit`] takes it over.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The number of the batch, from 1.
    pub run: u64,
    /// Users whose records changed, those together who changed alike; by the first of them.
    pub changes: Vec<ClassChange>,
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
    /// Groups that differ in more than their members, by their place.
    pub(super) groups: Vec<(usize, Arc<Group>)>,
    pub(super) turnovers: BTreeMap<GroupIndex, Turnover>,
    /// Which users make which move.
    pub(super) roll: Roll,
    pub(super) moves: Vec<Move>,
    pub(super) seen: Vec<(u64, String)>,
}

/// More users would lose a license than the policy allows. Nothing was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct GuardStop {
    /// How many may.
    pub limit: MassChange,
    /// Users who have a license now.
    pub users_before: u64,
    /// Those who would lose one, with all that would change.
    pub losing: Vec<ClassChange>,
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
    let books = Books::of(People::of(&draft, &rules), ids);
    let told = books.told(&draft);
    let changes = told.changes();
    guard(tenant, &changes)?;
    let (summaries, audit) = telling::tell(&draft, &books, &told);
    let seen = draft.events.iter().map(|event| (event.sequence, event.id.clone())).collect();
    let pairs = tenant.groups.iter().zip(draft.groups.iter()).enumerate();
    let changed = pairs.filter(|(_, (before, after))| !Arc::ptr_eq(before, after));
    let groups = changed.map(|(at, (_, after))| (at, Arc::clone(after))).collect();
    let (roll, moves) = books.moves();
    let (catalog, turnovers) = (Arc::clone(&draft.catalog), draft.turnovers);
    let next = Next { catalog, groups, turnovers, roll, moves, seen };
    Ok(Batch { run: draft.run, changes, summaries, audit, refused: draft.refused, next })
}

/// Stops if more users lose a license than may.
fn guard(tenant: &Tenant, changes: &[ClassChange]) -> Result<(), GuardStop> {
    let Some(limit) = tenant.policy.mass_change_guard else { return Ok(()) };
    let losing: Vec<&ClassChange> = changes.iter().filter(|one| !one.change.seats_freed.is_empty()).collect();
    let count = losing.iter().map(|class| class.users.len()).sum::<u64>();
    if count == 0 {
        return Ok(());
    }
    let users_before = tenant.holders();
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
    /// The ids of the events that count, in the order in which they were looked at.
    pub fn event_ids(&self) -> impl Iterator<Item = &str> {
        self.next.seen.iter().map(|(_, id)| id.as_str())
    }

    /// Whether the tenant stays as it is.
    pub fn is_idle(&self) -> bool {
        let Next { groups, turnovers, moves, .. } = &self.next;
        let moves = || moves.iter().all(|one| one.new_user().is_none() && one.new_outcome().is_none());
        self.changes.is_empty() && groups.is_empty() && turnovers.is_empty() && moves()
    }

    /// The users whose records changed one by one, in the order of their ordinals.
    pub fn user_changes(&self) -> impl Iterator<Item = UserChange> + '_ {
        change::by_user(&self.changes)
    }

    /// By how many the seats in use changed, for each product where they did.
    pub fn seat_changes(&self) -> BTreeMap<SkuIndex, i64> {
        books::seat_changes(&self.changes)
    }
}

impl GuardStop {
    /// How many users would lose a license.
    pub fn users_losing(&self) -> u64 {
        self.losing.iter().map(|class| class.users.len()).sum()
    }

    /// The users who would lose a license one by one, in the order of their ordinals.
    pub fn user_changes(&self) -> impl Iterator<Item = UserChange> + '_ {
        change::by_user(&self.losing)
    }
}
