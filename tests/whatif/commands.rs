//! What the commands print, and how they end.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::runner::{Folder, assert_transcript, lines};

const GROUPS: &str = r#"[
  {"id":"sales","displayName":"Sales","groupTypes":["DynamicMembership"],"membershipRule":"(user.department -eq \"Sales\") -and (user.accountEnabled -eq true)"},
  {"id":"oslo","displayName":"Oslo","groupTypes":["DynamicMembership"],"membershipRule":"user.city -eq \"Oslo\""},
  {"id":"lists","displayName":"Lists","groupTypes":["DynamicMembership"],"membershipRule":"(user.department -in [\"Slaes\", \"HR\"]) -or (user.otherMails -any (_ -endsWith \"@hoem.example\"))"},
  {"id":"staff","displayName":"Staff","groupTypes":["DynamicMembership"],"membershipRule":"user.accountEnabled -ne null"},
  {"id":"none","displayName":"None","groupTypes":["DynamicMembership"],"membershipRule":"(user.city -eq \"Oslo\") -and (user.city -eq \"Bergen\")"},
  {"id":"reads","displayName":"Reads Sales","groupTypes":["DynamicMembership"],"membershipRule":"user.memberOf -any (group.objectId -in ['sales'])"},
  {"id":"paused","displayName":"Paused","groupTypes":["DynamicMembership"],"membershipRule":"user.city -eq \"Bergen\"","membershipRuleProcessingState":"Paused"},
  {"id":"broken","displayName":"Broken","groupTypes":["DynamicMembership"],"membershipRule":"user.departmnt -eq \"Sales\""},
  {"id":"hand","displayName":"By hand","groupTypes":[]},
  {"id":"twin1","displayName":"Twin"},
  {"id":"twin2","displayName":"Twin"}
]"#;

/// Twelve users: `u00` to `u05` in Sales, the others in HR; the even ones in Oslo, the others in Bergen. `u05` and
/// `u11` are closed.
fn tenant() -> Folder {
    let users = (0..12).map(|number| {
        json!({
            "id": format!("u{number:02}"),
            "displayName": format!("Person {number}"),
            "department": if number < 6 { "Sales" } else { "HR" },
            "city": if number % 2 == 0 { "Oslo" } else { "Bergen" },
            "jobTitle": if number < 3 { "Store Clerk" } else { "Advisor" },
            "accountEnabled": number % 6 != 5,
            "otherMails": [format!("p{number}@home.example")],
        })
    });
    let folder = Folder::new();
    folder.write("tenant/users.ndjson", lines(users));
    folder.write("tenant/groups.json", GROUPS);
    let members = [("hand", "u00"), ("hand", "u02"), ("hand", "u04"), ("paused", "u01"), ("broken", "u00")];
    let members = members.map(|(group, member)| json!({ "groupId": group, "memberId": member }));
    folder.write("tenant/members.ndjson", lines(members));
    folder
}

const NEW_RULE: &str =
    "(user.department -eq \"Sales\") -and (user.city -eq \"Olso\" -or user.city -eq \"Bergen\")";

#[test]
fn a_rule_is_compared_in_every_shape() {
    let folder = tenant();
    let run = |more: &[&str]| {
        folder.run(&[&["diff", "tenant", "--group", "Sales", "--rule", NEW_RULE][..], more].concat())
    };
    let runs = [
        run(&[]),
        run(&["--samples", "1"]),
        run(&["--output-format", "concise", "--all"]),
        run(&["--output-format", "json", "--samples", "1", "--all"]),
        run(&["--output-format", "jsonl", "--samples", "0", "--all"]),
    ];
    assert_transcript("diff-rule", &runs.iter().collect::<Vec<_>>());
    // A closed account joins, those in Oslo leave, and so do readers.
    let lines: BTreeSet<String> = runs[4].stdout.lines().skip(2).map(str::to_owned).collect();
    assert!(lines.contains(r#"{"groupId":"sales","memberId":"u05","change":"added"}"#), "{lines:?}");
    assert!(lines.contains(r#"{"groupId":"reads","memberId":"u02","change":"removed"}"#), "{lines:?}");
}

#[test]
fn groups_without_an_evaluated_rule_begin_with_their_list() {
    let folder = tenant();
    let runs = ["hand", "PAUSED", "Broken"].map(|group| {
        folder.run(&["diff", "tenant", "--group", group, "--rule", "user.jobTitle -startsWith \"Store\""])
    });
    assert_transcript("diff-listed", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn another_groups_file_is_compared() {
    let folder = tenant();
    let mut groups: Vec<Value> = serde_json::from_str(GROUPS).unwrap();
    let rule = |group: &mut Value, text: &str| group["membershipRule"] = text.into();
    rule(&mut groups[0], "user.accountEnabled -eq true -and user.department -eq \"Sales\"");
    rule(&mut groups[1], "user.memberOf -any (group.objectId -in ['fresh'])");
    // Gone: `Lists`. New: `Fresh`. `By hand` is not in the file and stays.
    groups.retain(|group| !["lists", "hand", "broken"].contains(&group["id"].as_str().unwrap()));
    groups.push(json!({
        "id": "fresh", "displayName": "Fresh", "groupTypes": ["DynamicMembership"],
        "membershipRule": "user.jobTitle -eq \"Store Clerk\"",
    }));
    folder.write("new.json", json!(groups).to_string());
    folder.write("same.json", GROUPS);
    let runs = [
        folder.run(&["diff", "tenant", "--groups", "new.json", "--samples", "2"]),
        folder.run(&["diff", "tenant", "--groups", "new.json", "--output-format", "concise"]),
        folder.run(&["diff", "tenant", "--groups", "same.json"]),
    ];
    assert_transcript("diff-groups", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = tenant();
    let mut groups: Vec<Value> = serde_json::from_str(GROUPS).unwrap();
    groups[0]["membershipRule"] = "user.city -eq Oslo".into();
    groups[1]["isAssignableToRole"] = true.into();
    folder.write("broken.json", json!(groups).to_string());
    let diff = |group: &str, rule: &str| folder.run(&["diff", "tenant", "--group", group, "--rule", rule]);
    let runs = [
        diff("sales", "user.departmnt -eq \"Sales\""),
        diff("sales", "user.memberOf -any (group.objectId -in ['reads'])"),
        diff("Twin", "user.city -eq \"Oslo\""),
        diff("nobody", "user.city -eq \"Oslo\""),
        folder.run(&["diff", "tenant", "--groups", "broken.json"]),
        folder.run(&["diff", "tenant", "--groups", "missing.json"]),
        folder.run(&["diff", "tenant", "--group", "sales"]),
        folder.run(&["diff", "tenant"]),
        folder.run(&["diff", "missing", "--group", "sales", "--rule", "user.city -eq \"Oslo\""]),
    ];
    assert_transcript("diff-errors", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn rules_are_analysed_in_every_shape() {
    let folder = tenant();
    let run = |more: &[&str]| folder.run(&[&["analyse", "tenant"][..], more].concat());
    let runs = [
        run(&[]),
        run(&["--output-format", "concise"]),
        run(&["--output-format", "jsonl"]),
        run(&["--output-format", "json", "--group", "Lists"]),
        run(&["--group", "hand", "--group", "paused", "--group", "Staff"]),
        run(&["--group", "nobody"]),
        folder.run(&["analyze", "tenant", "--group", "oslo"]),
    ];
    assert_transcript("analyse", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn a_rule_is_found_for_a_list() {
    let folder = tenant();
    let members: Vec<Value> = [("twin1", vec![0, 1, 2]), ("twin2", vec![6, 8, 10, 1]), ("hand", vec![3, 8])]
        .into_iter()
        .flat_map(|(group, users)| {
            users.into_iter().map(move |user| json!({ "groupId": group, "memberId": format!("u{user:02}") }))
        })
        .chain([json!({ "groupId": "twin1", "memberId": "ghost" })])
        .collect();
    folder.write("tenant/members.ndjson", lines(members));
    let run = |group: &str, more: &[&str]| {
        folder.run(&[&["find-rule", "tenant", "--group", group][..], more].concat())
    };
    let runs = [
        run("twin1", &[]),
        run("twin2", &["--proposals", "5", "--samples", "1"]),
        run("twin2", &["--output-format", "json"]),
        run("twin2", &["--output-format", "jsonl", "--max-terms", "1"]),
        run("twin2", &["--output-format", "concise"]),
        run("hand", &[]),
        run("hand", &["--output-format", "concise"]),
        run("hand", &["--max-terms", "0"]),
        run("none", &[]),
        run("Twin", &[]),
    ];
    assert_transcript("find-rule", &runs.iter().collect::<Vec<_>>());
}

/// The rule that is proposed for the members that another rule gives selects these members.
#[test]
fn planted_rules_are_found_again_in_a_tenant() {
    let folder = Folder::new();
    folder.run(&[
        "synth",
        "--users",
        "1500",
        "--groups",
        "0",
        "--devices",
        "300",
        "--seed",
        "5",
        "--out",
        "tenant",
    ]);
    let planted = [
        "user.country -eq \"Germany\"",
        "(user.usageLocation -eq \"US\") -and (user.userType -eq \"Member\")",
        "device.deviceOSType -eq \"Windows\"",
    ];
    let groups: Vec<Value> =
        (0..planted.len()).map(|number| json!({ "id": format!("g{number}"), "groupTypes": [] })).collect();
    folder.write("tenant/groups.json", json!(groups).to_string());
    let mut members = Vec::new();
    for (number, rule) in planted.iter().enumerate() {
        let (file, name) =
            if rule.starts_with("device.") { ("--devices", "devices") } else { ("--users", "users") };
        let path = format!("tenant/{name}.ndjson");
        let found = folder.run(&["evaluate", "--rule", rule, file, &path, "--output-format", "jsonl"]);
        for line in found.expect_code(0).lines() {
            let member: Value = serde_json::from_str(line).unwrap();
            members.push(json!({ "groupId": format!("g{number}"), "memberId": member["memberId"] }));
        }
    }
    folder.write("tenant/members.ndjson", lines(&members));
    for (number, rule) in planted.iter().enumerate() {
        let group = format!("g{number}");
        let found = folder.run(&["find-rule", "tenant", "--group", &group, "--output-format", "jsonl"]);
        let best: Value = serde_json::from_str(found.expect_code(0).lines().next().unwrap()).unwrap();
        assert_eq!((&best["precision"], &best["recall"]), (&json!(1.0), &json!(1.0)), "{rule}: {best}");
        let checked = folder.run(&["check", "--rule", best["membershipRule"].as_str().unwrap()]);
        checked.expect_code(0);
    }
}
