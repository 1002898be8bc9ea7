//! What was refused: told once, and said as long as it is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::events::DIRECT;
use super::{Ledger, templates};
use crate::licensing::audit::{Activity, Target};
use crate::licensing::batch::Batch;

/// Remembers what was refused, and takes out of the audit what was refused before for the same reason, and what
/// others tell of.
pub(super) fn note(ledger: &mut Ledger, batch: &mut Batch, is_partial: bool) {
    let mut refusals: BTreeMap<String, String> =
        batch.refused.iter().map(|one| (one.event.clone(), format!("{:?}", one.refusal))).collect();
    let known: BTreeSet<&String> = refusals
        .iter()
        .filter(|(event, why)| ledger.notes.refusals.get(*event) == Some(why))
        .map(|it| it.0)
        .collect();
    batch.audit.retain(|event| {
        event.succeeded || !event.causes.iter().any(|cause| known.contains(cause)) || !is_edit(event)
    });
    // The membership side tells of groups that are gone.
    batch.audit.retain(|event| !(event.activity == Activity::DeleteGroup && event.succeeded));
    let asked = std::mem::take(&mut ledger.asked);
    for (index, version) in &asked {
        let Some(group) = ledger.tenant.group(*index) else { continue };
        // What was refused stays asked for.
        let is_refused = refusals.contains_key(&templates::template_event(&group.id));
        if !is_refused || ledger.is_new && !group.template.is_empty() {
            ledger.requested.insert(*index, version.clone());
        }
    }
    ledger.asked = asked;
    if is_partial {
        // Of whom nothing is told, nothing else is known either.
        let before = std::mem::take(&mut ledger.notes.refusals);
        let asked: BTreeSet<&str> = batch.event_ids().collect();
        let is_open = |event: &String| event.starts_with(DIRECT) && !asked.contains(&**event);
        refusals.extend(before.into_iter().filter(|(event, _)| is_open(event)));
    }
    ledger.notes.refusals = refusals;
}

/// Whether an event of the audit tells of a refused edit, and not of a user who failed to get something.
fn is_edit(event: &crate::licensing::audit::AuditEvent) -> bool {
    matches!(event.details, crate::licensing::audit::Details::Refused(_))
        || matches!((event.activity, &event.target), (Activity::SetGroupLicense, Target::Group(_)))
}
