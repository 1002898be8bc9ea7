//! The events of a run, in the order in which they are looked at.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Occasion;
use crate::licensing::event::{Event, EventKind};

/// What comes after what within a run: seats are given back before they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// Products and subscriptions.
    Catalog,
    /// Templates of groups.
    Template,
    /// Groups that are no more.
    Deletion,
    /// Users who were deleted or came back, their locations and addresses.
    Person,
    /// Members who came.
    Joining,
    /// Members who went.
    Leaving,
    /// Direct licenses that are taken away.
    DirectLess,
    /// Direct licenses that are given.
    DirectMore,
    /// What is looked at again.
    Again,
}

/// What the names of edits of direct licenses begin with; the id of the user follows.
pub(super) const DIRECT: &str = "direct:";

/// How many turns a run has room for in the numbers of its events.
const TURNS: u64 = 16;

/// The events of one run.
#[derive(Clone, Debug)]
pub(super) struct Events {
    list: Vec<Event>,
    run: u64,
    time: Timestamp,
    actor: String,
}

impl Events {
    /// None yet.
    pub(super) fn new(occasion: &Occasion) -> Self {
        let Occasion { run, now, actor, .. } = occasion;
        Self { list: Vec::new(), run: run.unsigned_abs(), time: *now, actor: actor.clone() }
    }

    /// Adds one. `id` names it in what is told of its effects.
    pub(super) fn push(&mut self, turn: Turn, id: String, kind: EventKind) {
        let sequence = self.run.saturating_mul(TURNS).saturating_add(turn as u64);
        let actor = self.actor.clone();
        self.list.push(Event { id, sequence, time: self.time, actor, kind });
    }

    /// Whether a number of days have passed since an instant.
    pub(super) fn is_days_after(&self, instant: Timestamp, days: i64) -> bool {
        let end = instant.checked_add(SignedDuration::from_hours(24 * days));
        end.is_ok_and(|end| end <= self.time)
    }

    /// Takes some out again, by their names.
    pub(super) fn drop(&mut self, ids: &BTreeSet<String>) {
        self.list.retain(|event| !ids.contains(&event.id));
    }

    /// All of them.
    pub(super) fn list(&self) -> &[Event] {
        &self.list
    }
}
