//! The state file that the tests of the store read.

use std::time::Duration;

use jiff::Timestamp;
use roaring::RoaringBitmap;
use serde_json::json;

use super::{AuditEvent, GroupHead, LicenseRow, RunHead, RunKind, Store, StoredDelta, StoredGroup};
use crate::membership::register::SEGMENT_ORDINALS;
use crate::membership::roster::{Ordinal, Roster, RowIds};

/// The ordinals of the first device and of the first group.
pub(super) const DEVICE: Ordinal = SEGMENT_ORDINALS;
pub(super) const GROUP: Ordinal = 2 * SEGMENT_ORDINALS;

/// Ada, Bob and Cleo (0, 1, 2), a device, and three groups: `sales` with a rule, `all` that holds it and a
/// device, and `old`, which run 3 has deleted.
pub(super) fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
    let session = store.write().unwrap();
    let mut roster = Roster::new(RowIds::of(["ada", "Bob", "cleo"]), RowIds::of(["pc"])).unwrap();
    let groups = ["sales", "all", "old"].map(|id| roster.intern(id).unwrap());
    assert_eq!(groups, [GROUP, GROUP + 1, GROUP + 2]);
    session.add_ids(&roster).unwrap();
    let rule = AuditEvent {
        activity: "Update group".to_owned(),
        category: "GroupManagement".to_owned(),
        target: json!({ "groupId": "sales" }),
        details: json!({ "property": "membershipRule", "before": "a", "after": "b" }),
    };
    let first = [delta(GROUP, &[0, 1], &[]), delta(GROUP + 2, &[2], &[])];
    let licenses = [
        LicenseRow { body: r#"{"change":"lost"}"#.to_owned(), users: [0].into_iter().collect() },
        LicenseRow { body: r#"{"change":"got"}"#.to_owned(), users: [1, 2].into_iter().collect() },
    ];
    session.add_run(&run("run-1"), &first, &[], &[]).unwrap();
    session.add_run(&run("run-2"), &[delta(GROUP, &[2], &[0])], &[rule], &licenses).unwrap();
    session.add_run(&run("run-3"), &[delta(GROUP + 2, &[], &[2])], &[], &[]).unwrap();
    session
        .set_groups(
            &[
                group(GROUP, "sales", &[1, 2], Some("user.department -eq \"Sales\"")),
                group(GROUP + 1, "all", &[DEVICE, GROUP], None),
            ],
            &RoaringBitmap::new(),
        )
        .unwrap();
    session.commit().unwrap();
    (folder, store)
}

pub(super) fn run(id: &str) -> RunHead {
    RunHead {
        id: id.to_owned(),
        kind: RunKind::Full,
        undoes: None,
        started: Timestamp::UNIX_EPOCH,
        now: Timestamp::UNIX_EPOCH,
        actor: "ada".to_owned(),
        version: "0.1.0".to_owned(),
        summary: json!({ "counts": { "failed": 0 } }),
    }
}

pub(super) fn delta(ordinal: Ordinal, added: &[u32], removed: &[u32]) -> StoredDelta {
    let set = |members: &[u32]| members.iter().copied().collect();
    StoredDelta { ordinal, cause: "membershipRule".to_owned(), added: set(added), removed: set(removed) }
}

fn group(ordinal: Ordinal, id: &str, members: &[u32], rule: Option<&str>) -> StoredGroup {
    let members: RoaringBitmap = members.iter().copied().collect();
    let head = GroupHead {
        ordinal,
        id: id.to_owned(),
        display_name: Some(id.to_uppercase()),
        status: if rule.is_some() { "Succeeded" } else { "Static" }.to_owned(),
        error: None,
        rule: rule.map(str::to_owned),
        evaluated: None,
        next_change: None,
        members: members.len(),
        updated_run: 3,
        changed_run: Some(2),
    };
    StoredGroup { head, members }
}
