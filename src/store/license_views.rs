//! Views of licenses for people with `sqlite3`: who has what from where, what groups give, and the seats.
//!
//! There are many small sets of users here, so only what is in a set is counted up: `json_each` goes over a
//! list that is made for it.

use super::views::{id_of, number};

/// The views of the second schema; that of runs takes the place of the one before.
pub(super) fn second() -> String {
    let assignments =
        users_of("license_outcome AS held CROSS JOIN json_each(held.body, '$.records') AS record");
    let changes = users_of("license_change AS held");
    let (held, user, group) = (record_columns(), id_of("member"), id_of("license_group.ordinal"));
    let part_number = part_number("entry");
    let (own, count, member) = (holds("object.ordinal"), user_count(), member());
    format!(
        "
DROP VIEW runs;
CREATE VIEW runs AS
SELECT run, id, kind, started, actor, version,
    json_extract(summary, '$.counts.users') AS users,
    json_extract(summary, '$.counts.groups') AS groups,
    json_extract(summary, '$.counts.failed') AS failed,
    (SELECT coalesce(sum(added_count), 0) FROM delta WHERE delta.run = run.run) AS added,
    (SELECT coalesce(sum(removed_count), 0) FROM delta WHERE delta.run = run.run) AS removed,
    (SELECT coalesce(sum(user_count), 0) FROM license_change
     WHERE license_change.run = run.run AND json_extract(body, '$.cause') IS NULL) AS license_changes
FROM run;

-- The licenses of users, each on a row: ask for one product, group or error.
CREATE VIEW license_assignment AS
SELECT {user} AS user_id, {held}
FROM (SELECT record.value AS value, {member} AS member FROM {assignments}) AS record;

-- The same, for those who ask for one user.
CREATE VIEW license_of_user AS
SELECT object.id AS user_id, {held}
FROM object CROSS JOIN license_outcome AS held CROSS JOIN json_each(held.body, '$.records') AS record
WHERE object.holder = 'user' AND {own};

-- How many users have a license from one source.
CREATE VIEW license_count AS
SELECT sku_id, part_number, source, state, error, sum(users) AS users
FROM (SELECT {held}, {count} AS users FROM license_outcome AS held, json_each(held.body, '$.records') AS record)
GROUP BY sku_id, source, state, error;

-- Seats that were bought and can be used, and seats that are taken.
CREATE VIEW license_seats AS
SELECT product.sku_id, json_extract(product.body, '$.partNumber') AS part_number,
    (SELECT coalesce(sum(json_extract(one.value, '$.total')), 0)
     FROM json_each(product.body, '$.subscriptions') AS one
     WHERE json_extract(one.value, '$.status') IN ('Enabled', 'Warning')) AS bought,
    coalesce(taken.users, 0) AS taken
FROM license_product AS product LEFT JOIN (
    SELECT sku_id, sum(users) AS users
    FROM (SELECT DISTINCT held.key, json_extract(record.value, '$.sku') AS sku_id, {count} AS users
          FROM license_outcome AS held, json_each(held.body, '$.records') AS record
          WHERE json_extract(record.value, '$.state') <> 'Error')
    GROUP BY sku_id) AS taken ON taken.sku_id = product.sku_id;

-- What groups give to their members.
CREATE VIEW license_of_group AS
SELECT {group} AS group_id, member_group.display_name,
    json_extract(entry.value, '$.sku') AS sku_id, {part_number} AS part_number,
    coalesce(json_extract(entry.value, '$.disabled'), '[]') AS disabled,
    json_extract(entry.value, '$.since.time') AS since
FROM license_group CROSS JOIN json_each(license_group.body, '$.template') AS entry
    LEFT JOIN member_group ON member_group.ordinal = license_group.ordinal;

-- Whose licenses changed and how: ask for one run.
CREATE VIEW license_changes AS
SELECT run, {user} AS user_id, body AS change
FROM (SELECT held.run AS run, held.body AS body, {member} AS member
      FROM {changes} AND json_extract(held.body, '$.cause') IS NULL);

-- What led to it.
CREATE VIEW license_causes AS
SELECT run, {user} AS user_id, json_extract(body, '$.cause') AS cause
FROM (SELECT held.run AS run, held.body AS body, {member} AS member
      FROM {changes} AND json_extract(held.body, '$.cause') IS NOT NULL);
"
    )
}

/// What views tell of the license that stands in `record.value`, which comes from a row `held`.
fn record_columns() -> String {
    let part_number = part_number("record");
    format!(
        "json_extract(record.value, '$.sku') AS sku_id, {part_number} AS part_number,
    coalesce(json_extract(record.value, '$.group'), 'direct') AS source,
    json_extract(record.value, '$.state') AS state,
    json_extract(record.value, '$.error') AS error,
    coalesce(json_extract(record.value, '$.problems'), '[]') AS problems,
    coalesce(json_extract(record.value, '$.disabled'), '[]') AS disabled,
    coalesce(json_extract(record.value, '$.pendingRemoval'), 0) AS pending_removal,
    json_extract(record.value, '$.activated.time') AS active_since,
    json_extract(record.value, '$.errorSince') AS error_since,
    json_extract(record.value, '$.waitingSince') AS waiting_since,
    json_extract(record.value, '$.lastUpdated') AS last_updated"
    )
}

/// The short name of the product in the value of `entry`.
fn part_number(entry: &str) -> String {
    format!(
        "(SELECT json_extract(named.body, '$.partNumber') FROM license_product AS named
     WHERE named.sku_id = json_extract({entry}.value, '$.sku'))"
    )
}

/// How many users the row `held` has.
fn user_count() -> String {
    let (containers, [_, count, _]) = (containers(), container());
    format!("(SELECT coalesce(sum({count}), 0) FROM {containers})")
}

/// `tables`, of which `held` has sets of users, joined with all users, for whom [`member`] then stands.
fn users_of(tables: &str) -> String {
    let (containers, [key, count, start]) = (containers(), container());
    // What is the same for a whole container is looked up once.
    let place = format!("json_each(json_array(json_array({key}, {count}, {start}))) AS place");
    let low = each(&format!("iif({COUNT} <= {LISTED_MAX}, {COUNT}, 65536)"));
    let bit = bit(START, "low.key");
    format!(
        "{tables} CROSS JOIN {containers} CROSS JOIN {place} CROSS JOIN {low} AS low
WHERE ({COUNT} <= {LISTED_MAX} OR {bit})"
    )
}

/// The ordinal of a user in the tables of [`users_of`].
fn member() -> String {
    let listed = listed(START, "low.key");
    format!("(json_extract(place.value, '$[0]') << 16 | iif({COUNT} <= {LISTED_MAX}, {listed}, low.key))")
}

const COUNT: &str = "json_extract(place.value, '$[1]')";
const START: &str = "json_extract(place.value, '$[2]')";

/// A container with more members has bits for them.
const LISTED_MAX: u32 = 4_096;

/// Whether the row `held` has the user with this ordinal.
fn holds(ordinal: &str) -> String {
    let (containers, [key, count, start]) = (containers(), container());
    let (bit, listed) =
        (bit("start.value", &format!("({ordinal} & 65535)")), listed("start.value", "low.key"));
    let low = each(&count);
    format!(
        "EXISTS (
    SELECT 1 FROM {containers} CROSS JOIN json_each(json_array({start})) AS start
    WHERE {key} = {ordinal} >> 16 AND iif({count} <= {LISTED_MAX},
        EXISTS (SELECT 1 FROM {low} AS low WHERE {listed} = {ordinal} & 65535), {bit}))"
    )
}

/// The containers of the set of the row `held`.
fn containers() -> String {
    format!("{} AS container", each(&number(USERS, "5", 4)))
}

/// The high half of the members of a container, how many there are, and where they begin.
fn container() -> [String; 3] {
    let containers = number(USERS, "5", 4);
    [
        number(USERS, "9 + 4 * container.key", 2),
        format!("({} + 1)", number(USERS, "11 + 4 * container.key", 2)),
        number(USERS, &format!("9 + 4 * {containers} + 4 * container.key"), 4),
    ]
}

/// The low half of the member that is listed at `place`, from 0, by the container that begins at `start`.
fn listed(start: &str, place: &str) -> String {
    number(USERS, &format!("1 + {start} + 2 * {place}"), 2)
}

/// Whether the container that begins at `start` has a bit for the member with the low half `low`.
fn bit(start: &str, low: &str) -> String {
    let byte = number(USERS, &format!("1 + {start} + {low} / 8"), 1);
    format!("({byte} >> ({low} % 8)) & 1")
}

/// The set that is read.
const USERS: &str = "held.users";

/// A table whose column `key` counts from 0 up to, and without, `count`.
fn each(count: &str) -> String {
    format!("json_each('[' || substr(replace(hex(zeroblob({count})), '00', ',0'), 2) || ']')")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use roaring::RoaringBitmap;
    use rusqlite::types::ValueRef;
    use serde_json::{Value, json};

    use crate::licensing::catalog::Catalog;
    use crate::licensing::codec;
    use crate::licensing::policy::LicensingPolicy;
    use crate::licensing::tenant::Tenant;
    use crate::membership::roster::{Roster, RowIds};
    use crate::store::{LicenseRow, LicenseTable, Session, Store, samples};

    /// Rows as the shell of `SQLite` shows them.
    fn rows(session: &Session<'_>, sql: &str) -> Vec<String> {
        let mut statement = session.transaction.prepare(sql).unwrap();
        let columns = statement.column_count();
        let value = |value: ValueRef<'_>| match value {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            other => other.as_str().unwrap().to_owned(),
        };
        let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
            let values: Result<Vec<String>, _> = (0..columns).map(|at| row.get_ref(at).map(value)).collect();
            Ok(values?.join("|"))
        };
        statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn sets_of_every_kind_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::create(&folder.path().join("state"), Duration::ZERO).unwrap();
        let session = store.write().unwrap();
        let ids: Vec<String> = (0..140_000).map(|number| format!("u{number}")).collect();
        let roster = Roster::new(RowIds::of(ids.iter().map(String::as_str)), RowIds::of([])).unwrap();
        session.add_ids(&roster).unwrap();
        let dense: RoaringBitmap = (60_000..75_000).collect();
        let full: RoaringBitmap = (0..4_097).collect();
        let sets = [
            RoaringBitmap::new(),
            [5_000, 5_255, 5_256, 59_999, 75_000, 139_999].into_iter().collect(),
            (75_001..130_000).step_by(7).collect(),
            dense.clone(),
            full,
        ];
        let row = |(number, users): (usize, &RoaringBitmap)| LicenseRow {
            body: json!({ "records": [{ "sku": format!("sku-{number}"), "state": "Active" }] }).to_string(),
            users: users.clone(),
        };
        let all: Vec<LicenseRow> = sets.iter().enumerate().map(row).collect();
        session.set_license_rows(LicenseTable::Outcome, &all).unwrap();
        for (number, users) in sets.iter().enumerate() {
            let mut expected: Vec<String> = users.iter().map(|user| format!("u{user}")).collect();
            expected.sort_unstable();
            let sql =
                format!("SELECT user_id FROM license_assignment WHERE sku_id = 'sku-{number}' ORDER BY 1");
            assert_eq!(rows(&session, &sql), expected, "{number}");
            let sql = format!("SELECT users FROM license_count WHERE sku_id = 'sku-{number}'");
            assert_eq!(rows(&session, &sql), [users.len().to_string()]);
        }
        for user in [0, 4_096, 4_097, 5_255, 59_999, 60_000, 65_535, 65_536, 74_999, 75_000, 75_001, 75_002] {
            let sql = format!("SELECT sku_id FROM license_of_user WHERE user_id = 'u{user}'");
            let holder = sets.iter().position(|set| set.contains(user));
            assert_eq!(rows(&session, &sql), holder.map(|at| format!("sku-{at}")).as_slice(), "{user}");
        }
    }

    #[test]
    fn licenses_are_shown_in_words() {
        let (_folder, mut store) = samples::store();
        let session = store.write().unwrap();
        let since = "2026-01-15T00:00:00Z";
        let product = json!({ "sku": "e5", "partNumber": "ENTERPRISE", "subscriptions": [
            { "id": "a", "status": "Enabled", "total": 3 }, { "id": "b", "status": "Warning", "total": 2 },
            { "id": "c", "status": "Suspended", "total": 9 } ] });
        let bare = json!({ "sku": "e1" });
        session
            .set_license_products(&[
                ("e5".to_owned(), product.to_string()),
                ("e1".to_owned(), bare.to_string()),
            ])
            .unwrap();
        let group = json!({ "id": "sales", "template": [
            { "sku": "e5", "disabled": ["p1"], "since": { "time": since } },
            { "sku": "e9", "since": { "time": since, "sequence": 4 } } ] });
        session.set_license_groups(&[(samples::GROUP, group.to_string())]).unwrap();
        let works = json!({ "sku": "e5", "group": "sales", "state": "Active", "disabled": ["p1"],
            "lastUpdated": since, "activated": { "time": since } });
        let direct = json!({ "sku": "e5", "state": "Active", "pendingRemoval": true, "lastUpdated": since });
        let waits = json!({ "sku": "e9", "group": "sales", "state": "Error", "error": "CountViolation",
            "problems": [{ "kind": "noSeat" }], "lastUpdated": since, "waitingSince": since, "errorSince": since });
        let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
        let mut product_of = |body: &Value| {
            let read = codec::read_product(&body.to_string(), &mut tenant).unwrap();
            codec::product_text(&read, &tenant)
        };
        assert_eq!([product_of(&product), product_of(&bare)], [product.to_string(), bare.to_string()]);
        let read = codec::read_group(&group.to_string(), &mut tenant).unwrap();
        assert_eq!(codec::group_text(&read, &tenant), group.to_string());
        tenant.add_group(read);
        let mut row = |body: Value, users: &[u32]| {
            let body = body.to_string();
            let read = codec::read_outcome(&body, &mut tenant).unwrap();
            assert_eq!(codec::outcome_text(&read, &tenant), body, "what is written looks so");
            LicenseRow { body, users: users.iter().copied().collect() }
        };
        let outcomes = [
            row(json!({ "records": [works, waits] }), &[1, 2]),
            row(json!({ "records": [direct, works] }), &[0]),
            row(json!({ "grace": [{ "plan": "p1", "until": since }] }), &[3]),
        ];
        session.set_license_rows(LicenseTable::Outcome, &outcomes).unwrap();
        let shown = |view: &str| rows(&session, &format!("SELECT * FROM {view}")).join("\n");
        insta::assert_snapshot!(shown("license_assignment ORDER BY 1, 2, 4"), @r#"
        Bob|e5|ENTERPRISE|sales|Active||[]|["p1"]|0|2026-01-15T00:00:00Z|||2026-01-15T00:00:00Z
        Bob|e9||sales|Error|CountViolation|[{"kind":"noSeat"}]|[]|0||2026-01-15T00:00:00Z|2026-01-15T00:00:00Z|2026-01-15T00:00:00Z
        ada|e5|ENTERPRISE|direct|Active||[]|[]|1||||2026-01-15T00:00:00Z
        ada|e5|ENTERPRISE|sales|Active||[]|["p1"]|0|2026-01-15T00:00:00Z|||2026-01-15T00:00:00Z
        cleo|e5|ENTERPRISE|sales|Active||[]|["p1"]|0|2026-01-15T00:00:00Z|||2026-01-15T00:00:00Z
        cleo|e9||sales|Error|CountViolation|[{"kind":"noSeat"}]|[]|0||2026-01-15T00:00:00Z|2026-01-15T00:00:00Z|2026-01-15T00:00:00Z
        "#);
        insta::assert_snapshot!(shown("license_of_user WHERE user_id = 'cleo' ORDER BY 2"), @r#"
        cleo|e5|ENTERPRISE|sales|Active||[]|["p1"]|0|2026-01-15T00:00:00Z|||2026-01-15T00:00:00Z
        cleo|e9||sales|Error|CountViolation|[{"kind":"noSeat"}]|[]|0||2026-01-15T00:00:00Z|2026-01-15T00:00:00Z|2026-01-15T00:00:00Z
        "#);
        insta::assert_snapshot!(shown("license_count ORDER BY 1, 3"), @"
        e5|ENTERPRISE|direct|Active||1
        e5|ENTERPRISE|sales|Active||3
        e9||sales|Error|CountViolation|2
        ");
        insta::assert_snapshot!(shown("license_seats ORDER BY 1"), @"
        e1||0|0
        e5|ENTERPRISE|5|3
        ");
        insta::assert_snapshot!(shown("license_of_group ORDER BY 3"), @r#"
        sales|SALES|e5|ENTERPRISE|["p1"]|2026-01-15T00:00:00Z
        sales|SALES|e9||[]|2026-01-15T00:00:00Z
        "#);
        insta::assert_snapshot!(shown("license_changes ORDER BY 1, 2"), @r#"
        2|Bob|{"change":"got"}
        2|ada|{"change":"lost"}
        2|cleo|{"change":"got"}
        "#);
        insta::assert_snapshot!(shown("runs"), @"
        1|run-1|full|1970-01-01T00:00:00Z|ada|0.1.0|||0|3|0|0
        2|run-2|full|1970-01-01T00:00:00Z|ada|0.1.0|||0|1|1|3
        3|run-3|full|1970-01-01T00:00:00Z|ada|0.1.0|||0|0|1|0
        ");
    }
}
