//! What users bring along as far as licenses go: location, address, and the licenses that they hold by themselves;
//! and what changed about them since the last run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::Array;
use roaring::RoaringBitmap;

use super::Ledger;
use super::events::{Events, Turn};
use super::import::{imported, state_of};
use crate::base::limits::DELETED_USER_DAYS;
use crate::cli::failure::Failure;
use crate::directory::columns::{Column, Columns, NULL_CODE, TextColumn};
use crate::directory::license_fields::{ADDRESS_CONFLICT, LICENSES};
use crate::directory::object::{Object, Value};
use crate::directory::user_licenses::{self, UserLicense};
use crate::language::attribute::Subject;
use crate::licensing::catalog::{Country, SkuIndex};
use crate::licensing::event::EventKind;
use crate::licensing::intent::{DirectLicense, User, UserIndex, Version};
use crate::licensing::outcome::AssignmentState;
use crate::licensing::plan_set::PlanIndex;
use crate::licensing::tenant::Tenant;
use crate::membership::changed::ChangedObject;
use crate::membership::roster::{Ordinal, Roster};

/// Users with all that counts for their licenses, equal ones together.
#[derive(Debug, Default)]
pub(in crate::cli) struct People {
    classes: Vec<Class>,
    /// By ordinal the place of the user's class, or [`NOT_TOLD`].
    places: Vec<u32>,
    /// Users whose location is no country.
    odd_locations: u64,
}

#[derive(Debug)]
struct Class {
    location: Option<Country>,
    has_address_conflict: bool,
    licenses: Vec<UserLicense>,
    users: RoaringBitmap,
}

const NOT_TOLD: u32 = u32::MAX;

/// The column of the location.
const LOCATION: &str = "usageLocation";

impl People {
    /// All users.
    pub(in crate::cli) fn of_columns(columns: &Columns, roster: &Roster) -> Result<Self, Failure> {
        let mut people = Self::default();
        let locations = Coded::of(columns.columns.get(LOCATION));
        let licenses = Coded::of(columns.columns.get(LICENSES));
        let addresses = columns.columns.get(ADDRESS_CONFLICT);
        let mut known: HashMap<(u32, u32, bool), usize> = HashMap::new();
        let mut users: Vec<Vec<Ordinal>> = Vec::new();
        for row in 0..columns.rows() {
            let Some(ordinal) =
                u32::try_from(row).ok().and_then(|row| roster.ordinal_of_row(Subject::User, row))
            else {
                continue;
            };
            let key = (locations.code(row), licenses.code(row), is_true(addresses, row));
            let place = match known.get(&key) {
                Some(place) => *place,
                None => {
                    let place = people.add(locations.text(key.0), licenses.text(key.1), key.2)?;
                    users.push(Vec::new());
                    known.insert(key, place);
                    place
                }
            };
            if let Some(users) = users.get_mut(place) {
                users.push(ordinal);
            }
        }
        for (place, mut users) in users.into_iter().enumerate() {
            users.sort_unstable();
            people.put(place, users.into_iter().collect());
        }
        Ok(people)
    }

    /// The users among changed ones who exist.
    pub(in crate::cli) fn of_changed(changed: &[ChangedObject]) -> Result<Self, Failure> {
        let mut people = Self::default();
        let mut known: HashMap<(Option<&str>, Option<&str>, bool), usize> = HashMap::new();
        let mut users: Vec<RoaringBitmap> = Vec::new();
        for (ordinal, object) in changed.iter().filter_map(|one| Some((one.ordinal, one.after.as_ref()?))) {
            let conflict = matches!(object.get(ADDRESS_CONFLICT), Value::Boolean(true));
            let key = (text_of(object, LOCATION), text_of(object, LICENSES), conflict);
            let place = match known.get(&key) {
                Some(place) => *place,
                None => {
                    let place = people.add(key.0, key.1, conflict)?;
                    users.push(RoaringBitmap::new());
                    known.insert(key, place);
                    place
                }
            };
            if let Some(users) = users.get_mut(place) {
                users.insert(ordinal);
            }
        }
        for (place, users) in users.into_iter().enumerate() {
            people.put(place, users);
        }
        Ok(people)
    }

    /// How many users have a location that is no country.
    pub(in crate::cli) fn odd_locations(&self) -> u64 {
        self.odd_locations
    }

    /// The groups that licenses of users name.
    pub(super) fn groups_named(&self) -> BTreeSet<&str> {
        let licenses = self.classes.iter().flat_map(|class| &class.licenses);
        licenses.filter_map(|license| license.group_id.as_deref()).collect()
    }

    /// What each set of users was told to hold.
    pub(super) fn licenses(&self) -> impl Iterator<Item = (&RoaringBitmap, &[UserLicense])> {
        self.classes.iter().map(|class| (&class.users, &*class.licenses))
    }

    fn add(
        &mut self,
        location: Option<&str>,
        licenses: Option<&str>,
        conflict: bool,
    ) -> Result<usize, Failure> {
        let country = location.map(str::trim).filter(|text| !text.is_empty()).map(Country::new);
        let licenses = match licenses {
            Some(text) => user_licenses::parse(text).map_err(|error| Failure::new(error.to_string()))?,
            None => Vec::new(),
        };
        self.classes.push(Class {
            location: country.flatten(),
            has_address_conflict: conflict,
            licenses,
            users: RoaringBitmap::new(),
        });
        // Counted with the users, once these are known.
        if country == Some(None) {
            self.odd_locations += 1;
        }
        Ok(self.classes.len() - 1)
    }

    fn put(&mut self, place: usize, users: RoaringBitmap) {
        let end = users.max().map_or(0, |last| last as usize + 1);
        if self.places.len() < end {
            self.places.resize(end, NOT_TOLD);
        }
        let number = u32::try_from(place).unwrap_or(NOT_TOLD);
        for user in &users {
            if let Some(home) = self.places.get_mut(user as usize) {
                *home = number;
            }
        }
        if let Some(class) = self.classes.get_mut(place) {
            class.users = users;
        }
    }

    fn class_of(&self, user: Ordinal) -> Option<(u32, &Class)> {
        let place = *self.places.get(user as usize)?;
        Some((place, self.classes.get(place as usize)?))
    }
}

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
        people.classes.iter().map(|class| direct_of(&mut ledger.tenant, &class.licenses)).collect();
    let mut known = RoaringBitmap::new();
    let mut moved = Moved::default();
    for (user, holders) in ledger.tenant.user_classes() {
        known |= &holders;
        let mut last: Option<(u32, Difference)> = None;
        for ordinal in &holders {
            if !present.contains(ordinal) {
                left(&user, ordinal, roster, events);
                continue;
            }
            let Some((place, class)) = people.class_of(ordinal) else {
                if user.deleted_at.is_some() {
                    let id = format!("user-restored:{}", roster.id(ordinal));
                    events.push(Turn::Person, id, EventKind::UserRestored(UserIndex(ordinal)));
                }
                continue;
            };
            if last.as_ref().is_none_or(|(known, _)| *known != place) {
                let direct = direct.get(place as usize).cloned().unwrap_or_default();
                last = Some((place, Difference::between(&user, class, &direct)));
            }
            if let Some((_, difference)) = &last {
                difference.tell(UserIndex(ordinal), roster.id(ordinal), &mut moved, events);
            }
        }
    }
    moved.tell(events);
    for (class, direct) in people.classes.iter().zip(direct) {
        let new = &class.users - &known;
        if !new.is_empty() {
            enter(ledger, class, &new, direct, roster, events);
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
    location: Option<Option<Country>>,
    address: Option<bool>,
    add: Version,
    remove: Vec<SkuIndex>,
}

impl Difference {
    fn between(user: &User, class: &Class, direct: &Version) -> Self {
        let add = direct
            .iter()
            .filter(|(sku, disabled)| user.direct.get(sku).is_none_or(|known| known.disabled != **disabled));
        Self {
            is_back: user.deleted_at.is_some(),
            location: (user.location != class.location).then_some(class.location),
            address: (user.has_address_conflict != class.has_address_conflict)
                .then_some(class.has_address_conflict),
            add: add.map(|(sku, disabled)| (*sku, disabled.clone())).collect(),
            remove: user.direct.keys().filter(|sku| !direct.contains_key(sku)).copied().collect(),
        }
    }

    fn tell(&self, user: UserIndex, id: &str, moved: &mut Moved, events: &mut Events) {
        if self.is_back {
            events.push(Turn::Person, format!("user-restored:{id}"), EventKind::UserRestored(user));
        }
        if let Some(location) = self.location {
            moved.locations.entry(location).or_default().insert(user.0);
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
    events.push(turn, format!("direct:{id}"), EventKind::DirectSet { user, add, remove });
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

fn text_of<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    match object.get(name) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn is_true(column: Option<&Column>, row: usize) -> bool {
    match column {
        Some(Column::Boolean { values, valid }) => {
            valid.as_ref().is_none_or(|valid| valid.is_valid(row)) && values.value(row)
        }
        _ => false,
    }
}

/// A text column as codes of its values.
enum Coded<'c> {
    Dictionary(&'c [u32], &'c arrow_array::StringArray),
    Own(Vec<u32>, Vec<&'c str>),
}

impl<'c> Coded<'c> {
    fn of(column: Option<&'c Column>) -> Self {
        match column {
            Some(Column::Text(TextColumn::Dictionary { codes, values })) => Self::Dictionary(codes, values),
            Some(Column::Text(TextColumn::Plain(texts))) => {
                let mut numbers: HashMap<&str, u32> = HashMap::new();
                let mut values = Vec::new();
                let mut number = |text: &'c str| {
                    *numbers.entry(text).or_insert_with(|| {
                        values.push(text);
                        u32::try_from(values.len()).unwrap_or(NULL_CODE)
                    })
                };
                let codes = texts.iter().map(|text| text.map_or(NULL_CODE, &mut number)).collect();
                Self::Own(codes, values)
            }
            _ => Self::Own(Vec::new(), Vec::new()),
        }
    }

    fn code(&self, row: usize) -> u32 {
        let codes = match self {
            Self::Dictionary(codes, _) => codes,
            Self::Own(codes, _) => &**codes,
        };
        codes.get(row).copied().unwrap_or(NULL_CODE)
    }

    fn text(&self, code: u32) -> Option<&str> {
        // The code of nothing is 0, that of the first value 1.
        let at = code.checked_sub(NULL_CODE + 1)? as usize;
        match self {
            Self::Dictionary(_, values) => {
                (at < values.len() && values.is_valid(at)).then(|| values.value(at))
            }
            Self::Own(_, values) => values.get(at).copied(),
        }
    }
}
