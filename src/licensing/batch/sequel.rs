//! Two batches, one after the other, told as one.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use roaring::{MultiOps, RoaringBitmap};

use super::{Batch, Next, RefusedEvent};
use crate::licensing::audit::Details;
use crate::licensing::change::{ClassChange, OutcomeChange};
use crate::licensing::intent::UserIndex;
use crate::licensing::tenant::Tenant;

impl Batch {
    /// Adds what came of asking once more for edits that this batch refused. `retried` are the ids of their events,
    /// `later` what came of them; `before` is the tenant before this batch, `after` the one after both.
    ///
    /// A user whom both changed is told of once, with what differs in the end.
    pub fn followed_by(&mut self, later: Self, retried: &BTreeSet<String>, before: &Tenant, after: &Tenant) {
        let is_retried = |event: &String| retried.contains(event);
        self.refused.retain(|RefusedEvent { event, .. }| !is_retried(event));
        self.audit.retain(|event| {
            !matches!(event.details, Details::Refused(_)) || !event.causes.iter().any(is_retried)
        });
        self.refused.extend(later.refused);
        self.audit.extend(later.audit);
        self.changes = joined(std::mem::take(&mut self.changes), later.changes, before, after);
        for summary in later.summaries {
            match self.summaries.iter_mut().find(|known| known.group == summary.group) {
                Some(known) => *known = summary,
                None => self.summaries.push(summary),
            }
        }
        self.summaries.sort_by_key(|summary| summary.group);
        self.run = later.run;
        // The first of them asked for everything that the second one asks for again.
        self.next = Next { seen: std::mem::take(&mut self.next.seen), ..later.next };
    }
}

fn joined(
    mut first: Vec<ClassChange>,
    mut later: Vec<ClassChange>,
    before: &Tenant,
    after: &Tenant,
) -> Vec<ClassChange> {
    let numbers: HashMap<u32, usize> = later
        .iter()
        .enumerate()
        .flat_map(|(at, class)| class.users.iter().map(move |user| (user, at)))
        .collect();
    let changed_later: RoaringBitmap = later.iter().map(|class| &class.users).union();
    let mut twice: Vec<ClassChange> = Vec::new();
    for known in &mut first {
        let both = &known.users & &changed_later;
        known.users -= &both;
        // Users who change alike may have had other days of grace before: each is compared for itself.
        for user in &both {
            let Some(class) = numbers.get(&user).and_then(|at| later.get_mut(*at)) else { continue };
            class.users.remove(user);
            let new = class.causes.iter().filter(|cause| !known.causes.contains(cause));
            let causes = known.causes.iter().chain(new).cloned().collect();
            twice.extend(in_the_end(UserIndex(user), causes, before, after));
        }
    }
    let classes = first.into_iter().chain(later).chain(twice);
    let mut classes: Vec<ClassChange> = classes.filter(|class| !class.users.is_empty()).collect();
    classes.sort_by_key(|class| class.users.min());
    classes
}

fn in_the_end(
    user: UserIndex,
    causes: Arc<[String]>,
    before: &Tenant,
    after: &Tenant,
) -> Option<ClassChange> {
    let old = before.outcomes.get(user.0).cloned().unwrap_or_default();
    let new = after.outcomes.get(user.0).cloned().unwrap_or_default();
    let change = OutcomeChange::between((&before.catalog, &old), (&after.catalog, &new))?;
    let users = RoaringBitmap::from_iter([user.0]);
    Some(ClassChange { users, change: Arc::new(change), causes })
}
