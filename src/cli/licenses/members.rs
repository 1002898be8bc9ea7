//! Who came to groups with licenses, and who left them.

use roaring::RoaringBitmap;

use super::Ledger;
use super::events::{Events, Turn};
use crate::language::typed::Reach;
use crate::licensing::event::EventKind;
use crate::membership::roster::Ordinal;
use crate::membership::snapshot::Snapshot;

/// Makes events of the members that differ from those that the ledger knows. `users` are those who exist. `first`
/// are the members before the first run: who leaves then leaves for good reasons, too.
pub(super) fn changes(
    ledger: &Ledger,
    first: Option<&Snapshot>,
    after: &Snapshot,
    users: &RoaringBitmap,
    is_there: impl Fn(Ordinal) -> bool,
    events: &mut Events,
) {
    let members = |snapshot: &Snapshot, group: Ordinal| members_of(ledger, snapshot, group) & users;
    for (&ordinal, &index) in ledger.groups.iter().filter(|(ordinal, _)| is_there(**ordinal)) {
        let Some(group) = ledger.tenant.group(index) else { continue };
        let mut now = members(after, ordinal);
        // Who is deleted can come back, and is a member again then.
        now |= &group.members - users;
        let mut joined = &now - &group.members;
        let mut left = &group.members - &now;
        if let Some(first) = first {
            let former = members(first, ordinal) - &now;
            joined |= &former;
            left |= former;
        }
        let nobody = RoaringBitmap::new();
        for (turn, added, removed) in [(Turn::Joining, joined, nobody.clone()), (Turn::Leaving, nobody, left)]
        {
            if added.is_empty() && removed.is_empty() {
                continue;
            }
            let id = format!(
                "{}:{}",
                if turn == Turn::Joining { "members-added" } else { "members-removed" },
                group.id
            );
            events.push(turn, id, EventKind::MembersChanged { group: index, added, removed });
        }
    }
}

/// The members of a group that count for licenses, whatever they are.
pub(super) fn members_of(ledger: &Ledger, snapshot: &Snapshot, group: Ordinal) -> RoaringBitmap {
    if ledger.tenant.policy().nested_members {
        snapshot.members_of_any([group], Reach::Transitive)
    } else {
        snapshot.members(group).cloned().unwrap_or_default()
    }
}
