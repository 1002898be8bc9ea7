//! Groups that read the members of groups.

use serde_json::{Value, json};

use super::tenant::{assigned, dynamic, in_departments, recompute, tenant};

const SALES: &str = "user.department -eq \"Sales\"";

fn member_of(groups: &str) -> String {
    format!("user.memberOf -any (group.objectId -in [{groups}])")
}

fn nested_in(groups: &str) -> String {
    format!("user.transitiveMemberOf -any (group.objectId -in [{groups}])")
}

const EXTENDED: [&str; 2] = ["--dialect", "extended"];

#[test]
fn a_chain_is_followed_in_one_run_whatever_the_order_of_the_file() {
    let chain = [
        dynamic("c3", &member_of("'C2'")),
        dynamic("c1", &member_of("'sales'")),
        dynamic("sales", SALES),
        dynamic("c2", &member_of("'c1', 'assigned'")),
        assigned("assigned"),
    ];
    let users = in_departments(&[("u1", "Sales"), ("u2", "HR")]);
    let mut reversed = chain.clone();
    reversed.reverse();
    for groups in [chain, reversed] {
        let folder = tenant(&users, &groups, &[("assigned", "u2"), ("c3", "u9")]);
        let expected = ["c1 +u1", "c2 +u1", "c2 +u2", "c3 +u1", "c3 +u2", "c3 -u9", "sales +u1"];
        for dialect in [&[][..], &EXTENDED] {
            let written = recompute(&folder, dialect, 0);
            assert_eq!(written.changes(), expected);
            let warned = written.summary["warnings"].as_array().unwrap().len();
            assert_eq!(warned, if dialect.is_empty() { 2 } else { 0 }, "the service may not follow a chain");
        }
    }
}

#[test]
fn a_combined_rule_waits_for_the_groups_it_reads() {
    let rule = format!("({}) -and -not ({})", member_of("'sales'"), nested_in("'staff'"));
    let groups = [
        dynamic("a", &rule),
        dynamic("sales", SALES),
        assigned("staff"),
        dynamic("board", "user.department -eq \"HR\""),
    ];
    let users = in_departments(&[("u1", "Sales"), ("u2", "HR"), ("u3", "Sales")]);
    let folder = tenant(&users, &groups, &[("staff", "u3"), ("staff", "board")]);
    assert_eq!(recompute(&folder, &EXTENDED, 0).changes(), ["a +u1", "board +u2", "sales +u1", "sales +u3"]);
    let entra = recompute(&folder, &[], 1);
    assert!(
        entra.error("a").contains("DG0319") || entra.error("a").contains("DG0318"),
        "{}",
        entra.error("a")
    );
}

#[test]
fn nested_groups_come_first() {
    // `a` comes first in the file and reaches `sales`, which has no members yet, by way of two groups.
    let groups =
        [dynamic("a", &nested_in("'outer'")), assigned("outer"), assigned("inner"), dynamic("sales", SALES)];
    let users = in_departments(&[("u1", "Sales"), ("u2", "HR")]);
    let before = [("outer", "inner"), ("inner", "sales"), ("inner", "outer"), ("inner", "u2")];
    let folder = tenant(&users, &groups, &before);
    assert_eq!(recompute(&folder, &EXTENDED, 0).changes(), ["a +u1", "a +u2", "sales +u1"]);
    let mut direct = groups;
    direct[0] = dynamic("a", &member_of("'outer'"));
    assert_eq!(recompute(&tenant(&users, &direct, &before), &[], 0).changes(), ["sales +u1"]);
}

#[test]
fn circles_are_named_and_wait_for_nobody() {
    let groups = [
        dynamic("a", &member_of("'b'")),
        dynamic("b", &member_of("'c', 'sales'")),
        dynamic("c", &member_of("'A'")),
        dynamic("itself", &member_of("'itself'")),
        dynamic("waits", &member_of("'b'")),
        dynamic("sales", SALES),
    ];
    let users = in_departments(&[("u1", "Sales")]);
    let before = [("a", "u1"), ("b", "u2"), ("waits", "u3")];
    let written = recompute(&tenant(&users, &groups, &before), &[], 1);
    assert_eq!(written.changes(), ["sales +u1"]);
    let circle = "error[DG0505] memberOf goes round in a circle: `a` reads `b` reads `c` reads `a`";
    for group in ["a", "b", "c"] {
        assert_eq!(written.error(group), circle);
    }
    assert_eq!(
        written.error("itself"),
        "error[DG0505] memberOf goes round in a circle: `itself` reads `itself`"
    );
    assert!(written.error("waits").contains("waits for, a circle"), "{}", written.error("waits"));
    assert_eq!(written.outcome("waits"), "Failed 1 +0 -0");
}

#[test]
fn a_group_nested_in_what_it_reads_is_a_circle_too() {
    let groups = [dynamic("a", &nested_in("'outer'")), assigned("outer")];
    let written = recompute(&tenant(&[], &groups, &[("outer", "a")]), &EXTENDED, 1);
    assert!(written.error("a").contains("circle: `a` reads `a`"), "{}", written.error("a"));
}

#[test]
fn groups_in_error_and_unknown_ones_can_be_read() {
    let groups = [dynamic("broken", "user.x"), dynamic("a", &member_of("'broken', 'nowhere', 'unlisted'"))];
    let users = in_departments(&[("u1", "Sales"), ("u2", "HR"), ("u3", "HR")]);
    let folder = tenant(&users, &groups, &[("broken", "u1"), ("unlisted", "u3")]);
    let written = recompute(&folder, &[], 1);
    assert_eq!(written.changes(), ["a +u1"], "a group that is not there has no members");
    let warnings: Vec<&str> =
        written.summary["warnings"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(warnings[0].contains("`nowhere`") && warnings[0].contains("DG0506"), "{warnings:?}");
    for warning in warnings {
        assert!(written.ran.stderr.contains(warning), "{}", written.ran.stderr);
    }
}

#[test]
fn devices_can_be_members_of_groups() {
    let rule = "device.memberOf -any (group.objectId -in ['kiosks', 'assigned'])";
    let groups =
        [dynamic("a", rule), dynamic("kiosks", "device.displayName -eq \"Kiosk\""), assigned("assigned")];
    let folder = tenant(&[json!({ "id": "u1" })], &groups, &[("assigned", "d2"), ("assigned", "u1")]);
    folder.write("tenant/devices.json", r#"[{"id":"d1","displayName":"kiosk"},{"id":"d2"}]"#);
    assert_eq!(recompute(&folder, &[], 0).changes(), ["a +d1", "a +d2", "kiosks +d1"]);
}

#[test]
fn membership_can_stand_with_the_users() {
    let users: Vec<Value> =
        vec![json!({ "id": "u1", "memberOf": ["assigned"] }), json!({ "id": "u2", "memberOf": ["a"] })];
    let folder = tenant(&users, &[dynamic("a", &member_of("'assigned'")), assigned("assigned")], &[]);
    assert_eq!(recompute(&folder, &[], 0).changes(), ["a +u1", "a -u2"]);
}
