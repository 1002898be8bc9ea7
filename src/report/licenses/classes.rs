//! Users with the same text: those who share a change, and those who share their licenses.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::licensing::batch::Batch;
use crate::licensing::change::OutcomeChange;
use crate::licensing::outcome::Outcome;
use crate::licensing::tenant::Tenant;

/// Users to whom the same happened.
pub(super) struct ChangeClass<'a> {
    pub(super) users: RoaringBitmap,
    pub(super) change: &'a OutcomeChange,
    /// The ids of the events that led to it.
    pub(super) causes: &'a [String],
}

/// All that a batch changed.
pub(super) fn changes(batch: &Batch) -> Vec<ChangeClass<'_>> {
    let mut places: HashMap<(*const OutcomeChange, &[String]), usize> = HashMap::new();
    let mut classes: Vec<ChangeClass<'_>> = Vec::new();
    for one in &batch.changes {
        let (change, causes) = (&*one.change, one.causes.as_slice());
        let place = *places.entry((std::ptr::from_ref(change), causes)).or_insert_with(|| {
            classes.push(ChangeClass { users: RoaringBitmap::new(), change, causes });
            classes.len() - 1
        });
        if let Some(class) = classes.get_mut(place) {
            class.users.insert(one.user.0);
        }
    }
    classes
}

/// All licenses of a tenant, with the users who have just these.
pub(super) fn outcomes(tenant: &Tenant) -> Vec<(&Outcome, RoaringBitmap)> {
    let mut places: HashMap<*const Outcome, usize> = HashMap::new();
    let mut classes: Vec<(&Outcome, RoaringBitmap)> = Vec::new();
    for user in tenant.users() {
        let Some(outcome) = tenant.outcome(user) else { continue };
        let place = *places.entry(std::ptr::from_ref(outcome)).or_insert_with(|| {
            classes.push((outcome, RoaringBitmap::new()));
            classes.len() - 1
        });
        if let Some((_, users)) = classes.get_mut(place) {
            users.insert(user.0);
        }
    }
    classes
}
