//! What users bring along as far as licenses go: location, address, and the licenses that they hold.

use std::collections::{BTreeSet, HashMap};

use roaring::RoaringBitmap;

use super::coded::Coded;
use crate::cli::failure::Failure;
use crate::directory::columns::{Column, Columns};
use crate::directory::license_fields::{ADDRESS_CONFLICT, LICENSES};
use crate::directory::object::{Object, Value};
use crate::directory::user_licenses::{self, UserLicense};
use crate::language::attribute::Subject;
use crate::licensing::catalog::Country;
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

/// Users who are alike.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) location: Option<Country>,
    pub(super) has_address_conflict: bool,
    pub(super) licenses: Vec<UserLicense>,
    pub(super) users: RoaringBitmap,
}

const NOT_TOLD: u32 = u32::MAX;

/// The column of the location.
const LOCATION: &str = "usageLocation";

impl People {
    /// All users.
    pub(in crate::cli) fn of_columns(columns: &Columns, roster: &Roster) -> Result<Self, Failure> {
        let mut people = Self::default();
        let [locations, licenses] =
            [LOCATION, LICENSES].map(|name| Coded::of_attribute(columns.columns.get(name)));
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
            let place = if let Some(place) = known.get(&key) {
                *place
            } else {
                let place = people.add(locations.text(key.0), licenses.text(key.1), key.2)?;
                users.push(Vec::new());
                known.insert(key, place);
                place
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
            let place = if let Some(place) = known.get(&key) {
                *place
            } else {
                let place = people.add(key.0, key.1, conflict)?;
                users.push(RoaringBitmap::new());
                known.insert(key, place);
                place
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

    /// What the users of each class were told to hold.
    pub(super) fn licenses(&self) -> impl Iterator<Item = &[UserLicense]> {
        self.classes.iter().map(|class| &*class.licenses)
    }

    /// The place of the class of a user of whom something is told.
    pub(super) fn place_of(&self, user: Ordinal) -> Option<usize> {
        self.places.get(user as usize).map(|place| *place as usize)
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

    /// All of them.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The class of a user of whom something is told.
    pub(super) fn class_of(&self, user: Ordinal) -> Option<&Class> {
        self.classes.get(self.place_of(user)?)
    }
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
