//! Users with the same text: those to whom the same happened, and those of whom the same is told.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::licensing::audit::{AuditEvent, Details, Target};
use crate::licensing::batch::Batch;
use crate::licensing::change::OutcomeChange;
use crate::licensing::intent::UserIndex;

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
        let (change, causes) = (&*one.change, &*one.causes);
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

/// Users of whom the audit tells the same.
pub(super) struct EventClass<'a> {
    pub(super) event: &'a AuditEvent,
    pub(super) users: RoaringBitmap,
    /// What the event is about, with the records that it says nothing of.
    pub(super) change: Option<&'a OutcomeChange>,
}

/// Whether an event tells what became of users; refused edits of a user's licenses do not.
pub(super) fn is_of_users(event: &AuditEvent) -> bool {
    matches!(event.details, Details::Sources { .. })
}

/// What the audit tells of users.
pub(super) fn user_events(batch: &Batch) -> Vec<EventClass<'_>> {
    let changes: HashMap<UserIndex, &OutcomeChange> =
        batch.changes.iter().map(|one| (one.user, &*one.change)).collect();
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut classes: Vec<EventClass<'_>> = Vec::new();
    for event in batch.audit.iter().filter(|event| is_of_users(event)) {
        let Target::User(user) = event.target else { continue };
        let change = changes.get(&user).copied();
        let key =
            (change.map(std::ptr::from_ref), event.activity, event.succeeded, &event.actor, &event.causes);
        let place = *places.entry(key).or_insert_with(|| {
            classes.push(EventClass { event, users: RoaringBitmap::new(), change });
            classes.len() - 1
        });
        if let Some(class) = classes.get_mut(place) {
            class.users.insert(user.0);
        }
    }
    classes
}
