//! The cases of the language reference that concern evaluation, rebuilt on typed rules.

use super::building::{Draft, all_of, and, any_of, not, now, one, or, user, world};
use super::oracle::evaluate;
use super::world::{Relations, World};
use crate::base::fold::fold;
use crate::directory::object::{AssignedPlan, Object, Value};
use crate::language::typed::{NodeKind, Reach};
use jiff::SignedDuration;

fn check(draft: Draft, object: &Object, expected: bool) {
    let rule = draft.rule();
    let found = evaluate(&rule, object, &world());
    assert_eq!(found, Ok(expected), "{} on {object:?}", rule.text);
}

/// A user with string values.
fn with(values: &[(&str, &str)]) -> Object {
    values.iter().fold(user("u"), |user, (name, value)| user.with(*name, Value::Text((*value).into())))
}

fn items(name: &str, values: &[&str]) -> Object {
    user("u").with(name, Value::Texts(values.iter().map(ToString::to_string).collect()))
}

fn plans(values: &[[&str; 3]]) -> Object {
    let plan = |[service, id, status]: &[&str; 3]| AssignedPlan {
        service: Some((*service).into()),
        service_plan_id: Some((*id).into()),
        capability_status: Some((*status).into()),
    };
    user("u").with("assignedPlans", Value::Plans(values.iter().map(plan).collect()))
}

/// A rule, the string values of an object, the result.
type Case = (&'static str, &'static [(&'static str, &'static str)], bool);

#[test]
fn text_is_compared_without_case_and_without_trimming() {
    let cases: &[Case] = &[
        ("user.department -eq 'Sales'", &[("department", "Sales")], true),
        ("user.department -eq 'Sales'", &[("department", "sALES")], true),
        ("user.department -eq 'Sales'", &[("department", "Sales ")], false),
        ("user.department -ne 'Sales'", &[("department", "HR")], true),
        ("user.department -ne 'Sales'", &[("department", "SALES")], false),
        ("user.department -eq 'null'", &[("department", "null")], true),
        ("user.department -eq ''", &[("department", "")], true),
        ("user.city -eq 'straße'", &[("city", "STRASSE")], false),
        ("user.city -eq 'straße'", &[("city", "STRAßE")], true),
        ("user.city -eq 'ISTANBUL'", &[("city", "ıstanbul")], false),
        ("user.city -eq 'é'", &[("city", "E\u{301}")], false),
        ("user.city -startsWith 'Lag'", &[("city", "LAGOS")], true),
        ("user.userPrincipalName -notStartsWith 'Z-'", &[("userPrincipalName", "z-svc@x")], false),
        ("user.mailNickName -endsWith '-vendor'", &[("mailNickName", "bob-Vendor")], true),
        ("user.mail -notEndsWith '@Contoso.com'", &[("mail", "a@contoso.com")], false),
        ("user.userPrincipalName -notContains '#EXT#'", &[("userPrincipalName", "a_b.c#ext#@t")], false),
        ("user.jobTitle -contains 'sde'", &[("jobTitle", "Senior SDE")], true),
        ("user.department -in ['50001','50002']", &[("department", "50002")], true),
        ("user.department -in ['sales', 'hr']", &[("department", "HR")], true),
        ("user.city -notIn ['Lagos', 'Ibadan']", &[("city", "lagos")], false),
        ("user.displayName -match '^Da.*'", &[("displayName", "David")], true),
        ("user.displayName -match '^Da.*'", &[("displayName", "aDa")], false),
        ("user.displayName -match 'Da.*'", &[("displayName", "aDa")], true),
        ("user.displayName -match '.*vid'", &[("displayName", "Da")], false),
        ("user.city -match '.*on'", &[("city", "Londonderry")], true),
        ("user.displayName -match '^DA'", &[("displayName", "David")], true),
        ("user.mail -ne null", &[("mail", "a@b.c")], true),
        ("user.department -eq null", &[("department", "HR")], false),
        ("user.extensionAttribute15 -eq 'Marketing'", &[("extensionAttribute15", "marketing")], true),
        ("device.deviceOwnership -eq 'Corporate'", &[("deviceOwnership", "Company")], false),
        ("device.organizationalUnit -eq 'US PCs'", &[("organizationalUnit", "US PCs")], false),
    ];
    for (rule, values, expected) in cases {
        check(one(rule), &with(values), *expected);
    }
    check(one("user.objectId -ne null"), &user("guest"), true);
}

#[test]
fn a_missing_value_fails_every_positive_test_and_passes_every_negative_one() {
    let cases = [
        ("user.department -eq 'Sales'", false),
        ("user.department -ne 'Sales'", true),
        ("user.department -eq null", true),
        ("user.department -ne null", false),
        ("user.department -eq 'null'", false),
        ("user.department -ne 'null'", true),
        ("user.department -eq ''", false),
        ("user.city -startsWith 'Lag'", false),
        ("user.city -notStartsWith 'Z'", true),
        ("user.mail -endsWith 'x'", false),
        ("user.mail -notEndsWith '@Contoso.com'", true),
        ("user.jobTitle -contains 'SDE'", false),
        ("user.jobTitle -notContains 'SDE'", true),
        ("user.department -in ['50001']", false),
        ("user.department -notIn ['50001']", true),
        ("user.displayName -match 'x'", false),
        ("user.displayName -match ''", false),
        ("user.jobTitle -notMatch 'x'", true),
        ("user.dirSyncEnabled -eq true", false),
        ("user.dirSyncEnabled -eq false", false),
        ("user.dirSyncEnabled -ne true", true),
        ("user.dirSyncEnabled -ne false", true),
        ("user.dirSyncEnabled -eq null", true),
        ("user.employeeHireDate -le system.now", false),
        ("user.employeeHireDate -ge system.now", false),
        ("user.employeeHireDate -eq 2025-05-28T00:00:00Z", false),
        ("user.employeeHireDate -ne 2025-05-28T00:00:00Z", true),
        ("user.employeeHireDate -eq null", true),
        ("user.userType -ne 'Guest'", true),
    ];
    for (rule, expected) in cases {
        check(one(rule), &user("u"), expected);
    }
}

#[test]
fn booleans_are_themselves_only() {
    let enabled = |value| user("u").with("accountEnabled", Value::Boolean(value));
    check(one("user.accountEnabled -eq true"), &enabled(true), true);
    check(one("user.accountEnabled -ne true"), &enabled(false), true);
    check(one("user.accountEnabled -ne true"), &enabled(true), false);
}

#[test]
fn connectives_have_two_values() {
    let marketing = || one("user.department -eq 'Marketing'");
    let sales = || one("user.department -eq 'Sales'");
    let american = || one("user.country -eq 'US'");
    let german = with(&[("department", "Marketing"), ("country", "DE")]);
    check(or([marketing(), and([sales(), american()])]), &german, true);
    check(and([american(), or([marketing(), sales()])]), &german, false);

    let no_engineer = || and([sales(), not(one("user.jobTitle -startsWith 'SDE'"))]);
    check(no_engineer(), &with(&[("department", "Sales"), ("jobTitle", "SDE II")]), false);
    check(no_engineer(), &with(&[("department", "Sales")]), true);
    check(not(sales()), &with(&[("department", "HR")]), true);
}

#[test]
fn string_collections() {
    let ends = |text: &str| one(&format!("_ -endsWith '{text}'"));
    let proxies = |body: &str| any_of("user.proxyAddresses", one(body));
    check(proxies("_ -startsWith 'contoso'"), &items("proxyAddresses", &["SMTP:contoso@x.com"]), false);
    check(proxies("_ -startsWith 'smtp:bob@'"), &items("proxyAddresses", &["SMTP:Bob@x.com"]), true);
    check(proxies("_ -contains 'contoso'"), &items("proxyAddresses", &["smtp:a@contoso.com"]), true);
    let mails = || items("otherMails", &["a@x.y", "b@contoso.com"]);
    check(any_of("user.otherMails", ends("@contoso.com")), &mails(), true);
    check(all_of("user.otherMails", ends("@contoso.com")), &mails(), false);

    for none in [user("u"), items("otherMails", &[])] {
        check(any_of("user.otherMails", one("_ -ne null")), &none, false);
        check(any_of("user.otherMails", one("_ -eq null")), &none, false);
        check(all_of("user.otherMails", ends("@contoso.com")), &none, true);
        check(one("user.otherMails -contains 'x'"), &none, false);
        check(one("user.otherMails -notEndsWith 'x'"), &none, true);
    }
    check(any_of("user.otherMails", one("_ -eq null")), &mails(), false);

    let outlook = || items("proxyAddresses", &["smtp:a@outlook.com", "smtp:a@b.c"]);
    check(proxies("_ -notEndsWith '@outlook.com'"), &outlook(), true);
    check(one("user.proxyAddresses -notEndsWith '@outlook.com'"), &outlook(), false);
    check(not(proxies("_ -endsWith '@outlook.com'")), &outlook(), false);
    let bob = || items("proxyAddresses", &["smtp:bob@x.com"]);
    check(one("user.proxyAddresses -contains 'SMTP:bob@x.com'"), &bob(), true);
    check(one("user.proxyAddresses -contains 'x.com'"), &bob(), true);
    check(one("user.otherMails -startsWith 'bob@'"), &items("otherMails", &["a@x.y", "bob@x.y"]), true);

    let autopilot = || items("devicePhysicalIds", &["[ZTDID]:1234"]);
    check(any_of("device.devicePhysicalIds", one("_ -startsWith '[ZTDid]'")), &autopilot(), true);
    let no_autopilot = || all_of("device.devicePhysicalIds", one("_ -notStartsWith '[ZTDID]'"));
    check(no_autopilot(), &user("d"), true);
    check(no_autopilot(), &autopilot(), false);
    let kiosk = any_of("device.devicePhysicalIds", one("_ -eq '[OrderID]:Kiosk'"));
    check(kiosk, &items("devicePhysicalIds", &["[OrderId]:KIOSK"]), true);
    let labels = items("systemLabels", &["AzureResource", "M365Managed"]);
    check(one("device.systemLabels -startsWith 'M365Managed'"), &labels, true);
}

#[test]
fn service_plans() {
    let has = || {
        let body =
            [one("assignedPlan.servicePlanId -eq 'x'"), one("assignedPlan.capabilityStatus -eq 'Enabled'")];
        any_of("user.assignedPlans", and(body))
    };
    check(has(), &plans(&[["s", "X", "Enabled"]]), true);
    check(has(), &plans(&[["s", "X", "Deleted"], ["s", "Y", "Enabled"]]), false);

    let none = || all_of("user.assignedPlans", one("assignedPlan.servicePlanId -eq null"));
    check(none(), &plans(&[]), true);
    check(none(), &plans(&[["s", "X", "Deleted"]]), false);
    check(none(), &user("u").with("assignedPlans", Value::Plans(vec![AssignedPlan::default()])), true);

    let without = || {
        let body =
            [one("assignedPlan.service -ne 'SCO'"), one("assignedPlan.capabilityStatus -ne 'Enabled'")];
        all_of("user.assignedPlans", or(body))
    };
    check(without(), &plans(&[]), true);
    check(without(), &plans(&[["SCO", "X", "Enabled"]]), false);
    check(without(), &plans(&[["SCO", "X", "Deleted"], ["exchange", "Y", "Enabled"]]), true);

    let both = || plans(&[["s", "X", "Enabled"], ["s", "Y", "Enabled"]]);
    check(any_of("user.assignedPlans", one("assignedPlan.servicePlanId -ne 'X'")), &both(), true);
    check(all_of("user.assignedPlans", one("assignedPlan.servicePlanId -ne 'X'")), &both(), false);
    check(all_of("user.assignedPlans", one("assignedPlan.servicePlanId -ne null")), &both(), true);
}

#[test]
fn dates_are_whole_instants() {
    let at = |instant: jiff::Timestamp| user("u").with("employeeHireDate", Value::Instant(instant));
    let on = |text: &str| at(text.parse().expect("an instant"));
    let hours = |hours| at(now() + SignedDuration::from_hours(hours));
    let until = || one("user.employeeHireDate -le 2020-06-10T18:13:20Z");
    check(until(), &on("2020-06-10T18:13:20Z"), true);
    check(until(), &on("2020-06-10T18:13:20.001Z"), false);
    check(one("user.employeeHireDate -lt 2020-06-10T18:13:20Z"), &on("2020-06-10T18:13:20Z"), false);
    check(one("user.employeeHireDate -gt 2020-06-10T18:13:20Z"), &on("2020-06-10T18:13:20Z"), false);
    let tomorrow = || one("user.employeeHireDate -ge system.now -plus p1d");
    check(tomorrow(), &hours(48), true);
    check(tomorrow(), &hours(24), true);
    check(tomorrow(), &hours(12), false);
    let recent = || {
        let parts =
            ["user.employeeHireDate -ge system.now -minus p30d", "user.employeeHireDate -le system.now"];
        and(parts.map(one))
    };
    check(recent(), &hours(-240), true);
    check(recent(), &hours(-24 * 31), false);
    check(one("user.employeeHireDate -eq 2025-05-28T00:00:00Z"), &on("2025-05-28T01:00:00Z"), false);
    check(one("user.employeeHireDate -eq 2025-05-28T00:00:00Z"), &on("2025-05-28T02:00:00+02:00"), true);
}

/// `ada` reports to `M`, `bob` to `ada`; `ada` is in `G2`, and `G1` holds the group `inner` with `bob`.
struct Staff;

impl Relations for Staff {
    fn is_member(&self, group: &str, object: &str, reach: Reach) -> bool {
        let direct = [("G2", "ADA"), ("INNER", "BOB")];
        let nested = [("G1", "BOB")];
        let asked = (fold(group), fold(object));
        let holds = |rows: &[(&str, &str)]| {
            rows.iter().any(|(group, object)| asked.0 == *group && asked.1 == *object)
        };
        holds(&direct) || (reach == Reach::Transitive && holds(&nested))
    }

    fn manager_of(&self, user: &str) -> Option<&str> {
        (fold(user) == "ADA").then_some("M")
    }
}

#[test]
fn reports_and_groups_go_one_step_unless_told() {
    let world = World { relations: &Staff, ..world() };
    let person = |id: &str, manager: Option<&str>| {
        let mut person = user(id);
        person.set_manager(manager.map(Into::into));
        person
    };
    let (ada, bob) = (person("ada", Some("M")), person("bob", Some("Ada")));
    let result = |draft: Draft, object: &Object| evaluate(&draft.rule(), object, &world).expect("no error");
    assert!(result(one("Direct Reports for 'm'"), &ada));
    assert!(result(one("Direct Reports for 'm'"), &person("M", None)), "the manager too");
    assert!(!result(one("Direct Reports for 'm'"), &bob));
    assert!(!result(one("Direct Reports for 'm'"), &person("x", None)));
    assert!(result(one("All Reports for 'm'"), &bob));
    assert!(result(one("All Reports for 'm'"), &person("M", None)), "the manager too");

    let groups = || one("user.memberOf -in ['g1', 'g2']");
    assert!(result(groups(), &ada));
    assert!(!result(groups(), &bob), "nested groups are not followed");
    let mut transitive = groups();
    if let NodeKind::MemberOf { reach, .. } = &mut transitive.node.kind {
        *reach = Reach::Transitive;
    }
    assert!(result(transitive, &bob));
    assert!(!evaluate(&groups().rule(), &ada, &super::building::world()).expect("no error"));
}
