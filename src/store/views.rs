//! Views for people with `sqlite3`: ids in place of ordinals, members in place of sets.
//!
//! A set is a Roaring bitmap in its portable format, without runs: a cookie (12346), the number of
//! containers, for each of them its key and how many members it has less one (16 bits each), then where
//! each begins (32 bits), all little-endian. A container with at most 4,096 members lists the low halves of
//! its members; a larger one has a bit for each of the 65,536.

use super::schema::PAGE_IDS;

/// The views of the first schema.
pub(super) fn first() -> String {
    let members = members_of("member_set.members", "member_set", "member_set.ordinal AS owner");
    let added = members_of("delta.added", "delta", "delta.run AS run, delta.ordinal AS owner");
    let removed = members_of("delta.removed", "delta", "delta.run AS run, delta.ordinal AS owner");
    let (group, member, delta_group) = (id_of("owner"), id_of("member"), id_of("delta.ordinal"));
    format!(
        "
CREATE VIEW object AS
SELECT id_page.ordinal + entry.key AS ordinal, holder, entry.value AS id
FROM id_page, json_each(id_page.ids) AS entry;

CREATE VIEW groups AS
SELECT id, display_name, status, member_count, rule, next_change, error,
    (SELECT run.started FROM run WHERE run.run = changed_run) AS members_changed
FROM member_group;

CREATE VIEW runs AS
SELECT run, id, kind, started, actor, version,
    json_extract(summary, '$.counts.users') AS users,
    json_extract(summary, '$.counts.groups') AS groups,
    json_extract(summary, '$.counts.failed') AS failed,
    (SELECT coalesce(sum(added_count), 0) FROM delta WHERE delta.run = run.run) AS added,
    (SELECT coalesce(sum(removed_count), 0) FROM delta WHERE delta.run = run.run) AS removed
FROM run;

CREATE VIEW deltas AS
SELECT delta.run, {delta_group} AS group_id, member_group.display_name, cause, added_count, removed_count
FROM delta LEFT JOIN member_group ON member_group.ordinal = delta.ordinal;

-- The members of groups, each on a row: ask for one group (WHERE group_id = …), better a small one.
CREATE VIEW members AS
SELECT member_group.id AS group_id, {member} AS member_id
FROM member_group JOIN ({members}) ON owner = member_group.ordinal;

-- Who came and went: ask for one run and one group.
CREATE VIEW changes AS
SELECT run, {group} AS group_id, {member} AS member_id, 'added' AS change FROM ({added})
UNION ALL
SELECT run, {group} AS group_id, {member} AS member_id, 'removed' AS change FROM ({removed});
"
    )
}

/// An expression for the id behind an ordinal.
pub(super) fn id_of(ordinal: &str) -> String {
    format!(
        "(SELECT json_extract(page.ids, '$[' || ({ordinal} % {PAGE_IDS}) || ']') FROM id_page AS page
              WHERE page.ordinal = {ordinal} - {ordinal} % {PAGE_IDS})"
    )
}

/// A query for the members of sets: `columns` of `table` and `member`, for the set in `blob`.
fn members_of(blob: &str, table: &str, columns: &str) -> String {
    let containers = number(blob, "5", 4);
    let key = number(blob, "9 + 4 * container.n", 2);
    let count = format!("({} + 1)", number(blob, "11 + 4 * container.n", 2));
    let start = number(blob, &format!("9 + 4 * {containers} + 4 * container.n"), 4);
    let listed = number(blob, &format!("1 + {start} + 2 * low.n"), 2);
    let bits = number(blob, &format!("1 + {start} + low.n / 8"), 1);
    format!(
        "
    WITH RECURSIVE
        small (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM small WHERE n < 4095),
        large (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM large WHERE n < 65535)
    SELECT {columns}, {key} * 65536 + {listed} AS member
    FROM {table} CROSS JOIN small AS container CROSS JOIN small AS low
    WHERE container.n < {containers} AND {count} <= 4096 AND low.n < {count}
    UNION ALL
    SELECT {columns}, {key} * 65536 + low.n AS member
    FROM {table} CROSS JOIN small AS container CROSS JOIN large AS low
    WHERE container.n < {containers} AND {count} > 4096 AND ({bits} >> (low.n % 8)) & 1"
    )
}

/// An expression for the little-endian number of `bytes` bytes at `place`, from 1, of `blob`: SQL finds a
/// byte among all of them.
pub(super) fn number(blob: &str, place: &str, bytes: u32) -> String {
    let byte =
        |at: u32| format!("((instr({ALL_BYTES}, substr({blob}, {place} + {at}, 1)) - 1) << {})", 8 * at);
    let all: Vec<String> = (0..bytes).map(byte).collect();
    format!("({})", all.join(" | "))
}

/// Every byte, in order.
const ALL_BYTES: &str = "X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\
202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F\
404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F\
606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F\
808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F\
A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF\
C0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF\
E0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF'";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use roaring::RoaringBitmap;

    use crate::membership::roster::{Roster, RowIds};
    use crate::store::{GroupHead, RunHead, RunKind, Session, Store, StoredDelta, StoredGroup};

    fn rows(session: &Session<'_>, sql: &str) -> Vec<String> {
        let mut statement = session.transaction.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn sets_are_read_with_plain_sql() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        let session = store.write().unwrap();
        let ids: Vec<String> = (0..140_000).map(|number| format!("u{number}")).collect();
        let mut roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        let sets: [RoaringBitmap; 5] = [
            RoaringBitmap::new(),
            [0, 255, 256, 65_535, 65_536, 139_999].into_iter().collect(),
            (0..140_000).step_by(7).collect(),
            (60_000..70_000).collect(),
            (0..4_097).chain([100_000]).collect(),
        ];
        let mut groups = Vec::new();
        let mut deltas = Vec::new();
        for (number, set) in sets.iter().enumerate() {
            let id = format!("group-{number}");
            let ordinal = roster.intern(&id).unwrap();
            let head = GroupHead {
                ordinal,
                id,
                display_name: None,
                status: "Succeeded".to_owned(),
                error: None,
                rule: None,
                evaluated: None,
                next_change: None,
                members: set.len(),
                updated_run: 1,
                changed_run: Some(1),
            };
            groups.push(StoredGroup { head, members: set.clone() });
            deltas.push(StoredDelta {
                ordinal,
                cause: "membershipRule".to_owned(),
                added: set.clone(),
                removed: [5].into_iter().collect(),
            });
        }
        session.add_ids(&roster).unwrap();
        session.set_groups(&groups, &RoaringBitmap::new()).unwrap();
        let run = RunHead {
            id: "run".to_owned(),
            kind: RunKind::Full,
            undoes: None,
            started: jiff::Timestamp::UNIX_EPOCH,
            now: jiff::Timestamp::UNIX_EPOCH,
            actor: String::new(),
            version: String::new(),
            summary: serde_json::json!({ "counts": { "users": 140_000, "groups": 5, "failed": 0 } }),
        };
        session.add_run(&run, &deltas, &[], &[]).unwrap();
        for (group, set) in groups.iter().zip(&sets) {
            let mut expected: Vec<String> = set.iter().map(|ordinal| roster.id(ordinal).to_owned()).collect();
            expected.sort_unstable();
            let id = &group.head.id;
            let sql = format!("SELECT member_id FROM members WHERE group_id = '{id}' ORDER BY 1");
            assert_eq!(rows(&session, &sql), expected, "{id}");
            let sql = format!("SELECT change || member_id FROM changes WHERE run = 1 AND group_id = '{id}'");
            assert_eq!(rows(&session, &sql).len(), expected.len() + 1, "{id}");
        }
        let added: u64 = sets.iter().map(RoaringBitmap::len).sum();
        let runs = rows(&session, "SELECT id || ' ' || added || ' ' || removed FROM runs");
        assert_eq!(runs, [format!("run {added} 5")]);
        assert_eq!(rows(&session, "SELECT group_id FROM deltas WHERE added_count = 10000"), ["group-3"]);
        assert_eq!(rows(&session, "SELECT holder || id FROM object WHERE ordinal = 139999"), ["useru139999"]);
        assert_eq!(rows(&session, "SELECT id FROM groups WHERE members_changed >= '1970'").len(), 5);
    }
}
