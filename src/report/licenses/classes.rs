//! Users of whom the audit tells the same: those with the same change among those of one event.

use roaring::RoaringBitmap;

use crate::licensing::audit::{AuditEvent, Details, Target};
use crate::licensing::batch::Batch;
use crate::licensing::change::OutcomeChange;

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

/// What the audit tells of users: of each first what was done and then what failed.
pub(super) fn user_events(batch: &Batch) -> Vec<EventClass<'_>> {
    let places = places(batch);
    let mut events: Vec<&AuditEvent> = batch.audit.iter().filter(|event| is_of_users(event)).collect();
    events.sort_by_key(|event| (event.activity, !event.succeeded));
    let mut classes = Vec::new();
    for event in events {
        let Target::Users(users) = &event.target else { continue };
        let place = |user: u32| places.get(user as usize).copied().unwrap_or(NOWHERE);
        let mut rows: Vec<(u32, u32)> = users.iter().map(|user| (place(user), user)).collect();
        rows.sort_unstable();
        for rows in rows.chunk_by(|one, other| one.0 == other.0) {
            let change = rows.first().and_then(|(place, _)| batch.changes.get(*place as usize));
            let users = rows.iter().map(|(_, user)| *user).collect();
            classes.push(EventClass { event, users, change: change.map(|class| &*class.change) });
        }
    }
    classes
}

/// The place of a user of whom nothing changed.
const NOWHERE: u32 = u32::MAX;

/// By the ordinal of the user, the place of the change.
fn places(batch: &Batch) -> Vec<u32> {
    let last = batch.changes.iter().filter_map(|class| class.users.max()).max();
    let mut places = vec![NOWHERE; last.map_or(0, |last| last as usize + 1)];
    for (class, number) in batch.changes.iter().zip(0..) {
        for user in &class.users {
            if let Some(place) = places.get_mut(user as usize) {
                *place = number;
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Run, World};
    use super::*;

    /// Two changes of which the audit tells the same, and one user with two events.
    fn run() -> Run {
        let mut world = World::new();
        world.run(vec![
            world.template("g-sales", "sku-e3"),
            world.template("g-kiosk", "sku-e1"),
            world.direct("ada", "sku-e1 -spo1"),
        ]);
        let kinds = vec![world.join("g-kiosk", &["ada", "bob", "zoe"]), world.join("g-sales", &["bob"])];
        Run::of(world, kinds)
    }

    #[test]
    fn every_change_is_told_with_its_own_records() {
        let run = run();
        let classes = user_events(&run.batch);
        for class in &classes {
            for user in &class.users {
                let own = run.batch.changes.iter().find(|one| one.users.contains(user)).unwrap();
                assert_eq!(class.change, Some(&*own.change));
            }
        }
        let told: u64 = classes.iter().map(|class| class.users.len()).sum();
        let users =
            |event: &AuditEvent| if let Target::Users(users) = &event.target { users.len() } else { 0 };
        assert_eq!(told, run.batch.audit.iter().map(users).sum::<u64>());
        assert!(classes.len() > run.batch.audit.iter().filter(|event| is_of_users(event)).count());
        let of_bob: Vec<bool> = classes
            .iter()
            .filter(|class| class.users.contains(run.ids.index("bob").0))
            .map(|class| class.event.succeeded)
            .collect();
        assert_eq!(of_bob, [true, false]);
    }
}
