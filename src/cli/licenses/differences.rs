//! What changed about users since the last run, as far as licenses go.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::Ledger;
use super::events::{DIRECT, Events, Turn};
use super::import::{imported, state_of};
use super::people::{Class, People};
use crate::base::limits::DELETED_USER_DAYS;
use crate::directory::user_licenses::UserLicense;
use crate::licensing::catalog::{Country, SkuIndex};
use crate::licensing::event::EventKind;
use crate::licensing::intent::{DirectLicense, User, UserIndex, Version};
use crate::licensing::outcome::AssignmentState;
use crate::licensing::plan_set::PlanIndex;
use crate::licensing::tenant::Tenant;
use crate::membership::roster::{Ordinal, Roster};

/// What is told of users against what is remembered: new users get a place, and of all that differs there is an
/// event. `present` are the users who exist.
pub(super) fn changes(
    ledger: &mut Ledger,
    people: &People,
    present: &RoaringBitmap,
    roster: &Roster,
    events: &mut Events,
) {
    let direct: Vec<Version> =
        people.classes().iter().map(|class| direct_of(&mut ledger.tenant, &class.licenses)).collect();
    let known: RoaringBitmap = ledger.tenant.users().map(|user| user.0).collect();
    let mut moved = Moved::default();
    for ordinal in &known - present {
        if let Some(user) = ledger.tenant.user(UserIndex(ordinal)) {
            left(user, ordinal, roster, events);
        }
    }
    for ordinal in ledger.tenant.deleted() & present {
        if people.class_of(ordinal).is_none() {
            let id = format!("user-restored:{}", roster.id(ordinal));
            events.push(Turn::Person, id, EventKind::UserRestored(UserIndex(ordinal)));
        }
    }
    for (class, direct) in people.classes().iter().zip(&direct) {
        // Users of whom the same is known share it.
        let mut found: HashMap<*const User, Difference> = HashMap::new();
        for ordinal in &(&class.users & &known) & present {
            let Some(user) = ledger.tenant.user(UserIndex(ordinal)) else { continue };
            let difference = found
                .entry(std::ptr::from_ref(user))
                .or_insert_with(|| Difference::between(user, class, direct));
            difference.tell(UserIndex(ordinal), roster.id(ordinal), &mut moved, events);
        }
    }
    moved.tell(events);
    for (class, direct) in people.classes().iter().zip(direct) {
        let new = &class.users - &known;
        if !new.is_empty() {
            enter(ledger, class, &new, direct, roster, events);
        }
    }
}

/// Asks once more for direct licenses that were refused in the last run, of users of whom `told` says nothing.
/// `people` are all users.
pub(super) fn again(
    ledger: &mut Ledger,
    told: &People,
    people: &People,
    present: &RoaringBitmap,
    roster: &Roster,
    events: &mut Events,
) {
    let users: Vec<Ordinal> = ledger.notes.refused_direct().filter_map(|id| roster.find(id)).collect();
    for ordinal in users {
        let Some(class) = people.class_of(ordinal).filter(|_| told.class_of(ordinal).is_none()) else {
            continue;
        };
        let direct = direct_of(&mut ledger.tenant, &class.licenses);
        let Some(user) = ledger.tenant.user(UserIndex(ordinal)).filter(|_| present.contains(ordinal)) else {
            continue;
        };
        let Difference { add, remove, .. } = Difference::between(user, class, &direct);
        if !add.is_empty() || !remove.is_empty() {
            set_direct(UserIndex(ordinal), roster.id(ordinal), add, remove, events);
        }
    }
}

/// Enters users who were not known before. Those of the first run hold what they hold; later ones ask for what
/// they are said to hold by themselves, because nobody kept seats for them.
fn enter(
    ledger: &mut Ledger,
    class: &Class,
    users: &RoaringBitmap,
    direct: Version,
    roster: &Roster,
    events: &mut Events,
) {
    ledger.has_new_users = true;
    let mut user = User::new(class.location);
    user.has_address_conflict = class.has_address_conflict;
    if !ledger.is_new {
        ledger.tenant.set_users(users, Arc::new(user));
        if !direct.is_empty() {
            for ordinal in users {
                set_direct(UserIndex(ordinal), roster.id(ordinal), direct.clone(), Vec::new(), events);
            }
        }
        return;
    }
    let since = ledger.origin;
    user.direct =
        direct.into_iter().map(|(sku, disabled)| (sku, DirectLicense { disabled, since })).collect();
    ledger.tenant.set_users(users, Arc::new(user));
    if class.licenses.is_empty() {
        return;
    }
    let outcome = imported(&mut ledger.tenant, &class.licenses, since);
    ledger.tenant.set_outcomes(users, Arc::new(outcome));
    ledger.taken_over |= users;
}

/// What differs between what is remembered of users and what is told of them.
struct Difference {
    is_back: bool,
    has_moved: bool,
    location: Option<Country>,
    address: Option<bool>,
    add: Version,
    remove: Vec<SkuIndex>,
}

impl Difference {
    fn between(user: &User, class: &Class, direct: &Version) -> Self {
        let add = direct
            .iter()
            .filter(|(sku, disabled)| user.direct.get(sku).is_none_or(|known| known.disabled != **disabled))
            .chain(direct.iter().filter(|(sku, _)| user.converted.contains(sku)));
        Self {
            is_back: user.deleted_at.is_some(),
            has_moved: user.location != class.location,
            location: class.location,
            address: (user.has_address_conflict != class.has_address_conflict)
                .then_some(class.has_address_conflict),
            add: add.map(|(sku, disabled)| (*sku, disabled.clone())).collect(),
            // What became direct by itself is in no file before somebody exports it.
            remove: user
                .direct
                .keys()
                .filter(|sku| !direct.contains_key(sku) && !user.converted.contains(sku))
                .copied()
                .collect(),
        }
    }

    fn tell(&self, user: UserIndex, id: &str, moved: &mut Moved, events: &mut Events) {
        if self.is_back {
            events.push(Turn::Person, format!("user-restored:{id}"), EventKind::UserRestored(user));
        }
        if self.has_moved {
            moved.locations.entry(self.location).or_default().insert(user.0);
        }
        if let Some(conflict) = self.address {
            moved.addresses.entry(conflict).or_default().insert(user.0);
        }
        if !self.add.is_empty() || !self.remove.is_empty() {
            set_direct(user, id, self.add.clone(), self.remove.clone(), events);
        }
    }
}

/// Users with another location or address, by what it is now.
#[derive(Default)]
struct Moved {
    locations: BTreeMap<Option<Country>, RoaringBitmap>,
    addresses: BTreeMap<bool, RoaringBitmap>,
}

impl Moved {
    fn tell(self, events: &mut Events) {
        for (location, users) in self.locations {
            let name = location.map_or_else(|| "none".to_owned(), |location| location.to_string());
            let kind = EventKind::UsageLocationChanged(users, location);
            events.push(Turn::Person, format!("usage-location:{name}"), kind);
        }
        for (conflict, users) in self.addresses {
            let name = if conflict { "taken" } else { "free" };
            events.push(
                Turn::Person,
                format!("address:{name}"),
                EventKind::AddressConflictChanged(users, conflict),
            );
        }
    }
}

fn set_direct(user: UserIndex, id: &str, add: Version, remove: Vec<SkuIndex>, events: &mut Events) {
    let turn = if add.is_empty() { Turn::DirectLess } else { Turn::DirectMore };
    events.push(turn, format!("{DIRECT}{id}"), EventKind::DirectSet { user, add, remove });
}

/// A user who is not there any more; the last trace goes some time later.
fn left(user: &User, ordinal: Ordinal, roster: &Roster, events: &mut Events) {
    let id = roster.id(ordinal);
    let index = UserIndex(ordinal);
    match user.deleted_at {
        None => events.push(Turn::Person, format!("user-deleted:{id}"), EventKind::UserSoftDeleted(index)),
        Some(deleted_at) => {
            let is_empty = user.memberships.is_empty() && user.direct.is_empty();
            if !is_empty && events.is_days_after(deleted_at, DELETED_USER_DAYS) {
                events.push(Turn::Person, format!("user-purged:{id}"), EventKind::UserHardDeleted(index));
            }
        }
    }
}

/// The licenses that users hold by themselves.
pub(super) fn direct_of(tenant: &mut Tenant, licenses: &[UserLicense]) -> Version {
    let mut version = Version::new();
    let own = licenses.iter().filter(|license| license.group_id.is_none());
    for license in own.filter(|license| state_of(license) != AssignmentState::Error) {
        let sku = tenant.sku(&license.sku_id);
        let disabled: Vec<PlanIndex> =
            license.disabled_plans.iter().map(|plan| tenant.plan(plan, None)).collect();
        version.insert(sku, disabled.into_iter().collect());
    }
    version
}
