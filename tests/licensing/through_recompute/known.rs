//! What the runs so far have told, and what has to hold between a run and those before it.

use std::collections::{BTreeMap, BTreeSet};

use super::outputs::{ErrorLine, Key, Seats, Told, UserState};
use super::products::Products;

/// All that is known from the files of all runs.
#[derive(Clone, Default)]
pub(super) struct Known {
    /// What was last told of each user.
    pub(super) states: BTreeMap<String, UserState>,
    /// Assignments that are kept although nobody asks for them any more.
    pub(super) pending: BTreeSet<Key>,
    pub(super) seats: BTreeMap<String, Seats>,
    pub(super) errors: Vec<ErrorLine>,
    /// The plans that each user has.
    enabled: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// What is told of users before the first run.
    pub(super) fn before(states: BTreeMap<String, UserState>, products: &Products) -> Self {
        let mut known = Self { states, ..Self::default() };
        known.enabled = known.all_enabled(products);
        known
    }

    fn all_enabled(&self, products: &Products) -> BTreeMap<String, BTreeSet<String>> {
        self.states.keys().map(|user| (user.clone(), self.enabled(user, products))).collect()
    }

    /// What is known of a user; nothing of one who never had a license.
    pub(super) fn state(&self, user: &str) -> UserState {
        self.states.get(user).cloned().unwrap_or_default()
    }

    /// The plans that a user has.
    pub(super) fn enabled(&self, user: &str, products: &Products) -> BTreeSet<String> {
        let state = self.state(user);
        let mut plans = BTreeSet::new();
        for one in state.in_force() {
            plans.extend(products.plans_of(&one.sku_id).difference(&one.disabled_plans).cloned());
        }
        plans.retain(|plan| !state.held_back().contains(plan.as_str()));
        plans
    }

    /// How many plans a user can still get back at an instant.
    pub(super) fn grace(&self, user: &str, now: jiff::Timestamp) -> usize {
        let until = |text: &String| text.parse::<jiff::Timestamp>().unwrap();
        let state = self.state(user);
        state
            .plans
            .iter()
            .filter_map(|plan| plan.grace_until.as_ref())
            .filter(|text| until(text) > now)
            .count()
    }

    /// Takes a run over; gives what does not fit what was known.
    pub(super) fn take(&mut self, told: &Told, products: &Products) -> Vec<String> {
        let before = self.clone();
        self.states.extend(told.states.iter().map(|(user, state)| (user.clone(), state.clone())));
        self.seats.clone_from(&told.seats);
        self.errors.clone_from(&told.errors);
        for delta in &told.deltas {
            if delta.after.is_some() && delta.pending_removal {
                self.pending.insert(delta.key());
            } else {
                self.pending.remove(&delta.key());
            }
        }
        self.enabled = self.all_enabled(products);
        let mut faults = self.faults_of_deltas(&before, told);
        faults.extend(self.faults_of_plans(&before, told));
        faults.extend(self.faults_of_seats(&before, told));
        faults.extend(self.faults_of_times(&before, told));
        faults
    }

    /// Deltas tell the way from what was known to what is told.
    fn faults_of_deltas(&self, before: &Self, told: &Told) -> Vec<String> {
        let mut faults = Vec::new();
        let mut changed: BTreeSet<Key> = BTreeSet::new();
        for delta in &told.deltas {
            let key = delta.key();
            let [old, new] = [before, self].map(|known| {
                let state = known.state(&key.0);
                state.assignments().get(&key).map(|one| (one.state.clone(), one.error.clone()))
            });
            let error = delta.after.as_ref().map(|_| delta.error.clone().unwrap_or("None".to_owned()));
            let told_new = delta.after.clone().zip(error);
            if delta.before != old.clone().map(|(state, _)| state) || told_new != new {
                faults.push(format!("{delta:?} is not the way from {old:?} to {new:?}"));
            }
            if !changed.insert(key) {
                faults.push(format!("two lines of the same change: {delta:?}"));
            }
        }
        for (user, state) in &told.states {
            let (old, new) = (before.state(user), state);
            let (old, new) = (old.assignments(), new.assignments());
            let keys: BTreeSet<&Key> = old.keys().chain(new.keys()).collect();
            for key in keys {
                let word = |one: Option<&&super::outputs::Assignment>| {
                    one.map(|one| (one.state.clone(), one.error.clone(), one.disabled_plans.clone()))
                };
                let (old, new) = (word(old.get(key)), word(new.get(key)));
                if old != new && !changed.contains(key) {
                    faults.push(format!("no line tells of {key:?}: {old:?} became {new:?}"));
                }
            }
        }
        let of_deltas: BTreeSet<&String> = told.deltas.iter().map(|delta| &delta.user_id).collect();
        let of_states: BTreeSet<&String> = told.states.keys().collect();
        if !of_deltas.is_subset(&of_states) {
            faults.push(format!("states miss some of {of_deltas:?}"));
        }
        faults
    }

    /// Plans that come and go are told, and no others.
    fn faults_of_plans(&self, before: &Self, told: &Told) -> Vec<String> {
        let mut by_user: BTreeMap<&str, [BTreeSet<&str>; 2]> = BTreeMap::new();
        for delta in &told.deltas {
            let [on, off] = by_user.entry(&delta.user_id).or_default();
            on.extend(delta.plans_on.iter().map(String::as_str));
            off.extend(delta.plans_off.iter().map(String::as_str));
        }
        let nothing = BTreeSet::new();
        let mut faults = Vec::new();
        for (user, [on, off]) in by_user {
            let [old, new] = [before, self].map(|known| known.enabled.get(user).unwrap_or(&nothing));
            let came: BTreeSet<&str> = new.difference(old).map(String::as_str).collect();
            let went: BTreeSet<&str> = old.difference(new).map(String::as_str).collect();
            if on != came || off != went {
                faults.push(format!(
                    "{user}: plans on {on:?} and off {off:?} are told, but {came:?} came and {went:?} went"
                ));
            }
        }
        faults
    }

    /// Seats that are told to be taken and given back are the difference between the seats in use.
    fn faults_of_seats(&self, before: &Self, told: &Told) -> Vec<String> {
        let mut faults = Vec::new();
        let mut changes: BTreeMap<&str, i64> = BTreeMap::new();
        for delta in &told.deltas {
            *changes.entry(&delta.sku_id).or_default() += delta.seat;
        }
        for (sku, change) in changes.into_iter().filter(|_| !before.seats.is_empty()) {
            let [old, new] =
                [before, self].map(|known| known.seats.get(sku).map_or(0, |seats| seats.consumed));
            // A product that the tenant has no more is in no report.
            if self.seats.contains_key(sku) && new - old != change {
                faults.push(format!(
                    "{sku}: deltas make {change:+} seats, the report goes from {old} to {new}"
                ));
            }
        }
        for (sku, seats) in &self.seats {
            let former = before.seats.get(sku).map_or(0, |seats| seats.consumed);
            if !before.seats.is_empty() && seats.consumed > seats.capacity && seats.consumed > former {
                faults.push(format!("{sku}: more seats in use than there are: {seats:?}"));
            }
        }
        faults
    }

    /// Times move only with what they belong to.
    fn faults_of_times(&self, before: &Self, told: &Told) -> Vec<String> {
        let mut faults = Vec::new();
        if before.seats.is_empty() {
            // Nothing tells when direct licenses of the first run were given.
            return faults;
        }
        let changed: BTreeSet<Key> = told.deltas.iter().map(super::outputs::Delta::key).collect();
        for (user, state) in &told.states {
            let (old, new) = (before.state(user), state.assignments());
            let old = old.assignments();
            for (key, one) in new.iter().filter(|(key, _)| !changed.contains(*key)) {
                let moved =
                    old.get(key).filter(|old| old.last_updated_date_time != one.last_updated_date_time);
                if moved.is_some() {
                    faults.push(format!("{key:?} was updated without a change"));
                }
            }
        }
        let key = |line: &ErrorLine| (line.user_id.clone(), line.sku_id.clone(), line.group_id.clone());
        let former: BTreeMap<Key, &ErrorLine> = before.errors.iter().map(|line| (key(line), line)).collect();
        for line in &self.errors {
            let Some(old) = former.get(&key(line)).filter(|old| old.error == line.error) else { continue };
            let has_waited = old.waiting_since.is_some() && line.waiting_since.is_some();
            if old.first_seen != line.first_seen || has_waited && old.waiting_since != line.waiting_since {
                faults.push(format!("{old:?} became {line:?}"));
            }
        }
        faults
    }
}
