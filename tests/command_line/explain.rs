//! `explain`.

use serde_json::{Value, json};

use crate::runner::{Folder, assert_transcript};

fn folder() -> Folder {
    Folder::with(&[
        (
            "tenant/users.ndjson",
            "{\"id\":\"ada\",\"displayName\":\"Ada\",\"userPrincipalName\":\"ada@contoso.example\",\"department\":\"Sales\",\
             \"otherMails\":[\"a@x.example\",\"b@y.example\"],\"employeeHireDate\":\"2026-01-10T00:00:00Z\"}\n\
             {\"id\":\"bob\",\"displayName\":\"Twin\"}\n{\"id\":\"cyd\",\"displayName\":\"Twin\"}\n",
        ),
        (
            "tenant/groups.json",
            r#"[{"id":"g1","displayName":"Sales","groupTypes":["DynamicMembership"],"membershipRule":"(user.department -eq \"Sales\") -and -not (user.jobTitle -startsWith \"SDE\")"},
                {"id":"g2","displayName":"Reads Sales","groupTypes":["DynamicMembership"],"membershipRule":"user.memberOf -any (group.objectId -in ['g1'])"},
                {"id":"g3","displayName":"Broken","groupTypes":["DynamicMembership"],"membershipRule":"user.departmnt -eq \"Sales\""},
                {"id":"g4","displayName":"Assigned"}]"#,
        ),
    ])
}

const MAILS: &str =
    "(user.otherMails -any (_ -contains \"y.example\")) -or (user.employeeHireDate -ge 2026-01-01)";

#[test]
fn the_reasons_in_every_shape() {
    let folder = folder();
    let mut runs = Vec::new();
    for format in ["full", "concise", "json", "jsonl"] {
        runs.push(folder.run(&[
            "explain",
            "tenant",
            "--group",
            "g1",
            "--user",
            "ada",
            "--user",
            "bob",
            "--output-format",
            format,
        ]));
    }
    runs.push(folder.run(&["explain", "tenant", "--rule", MAILS, "--user", "ada"]));
    runs.push(folder.run(&["explain", "tenant", "--rule", MAILS, "--user", "ada", "--no-flip"]));
    runs.push(folder.run(&[
        "explain",
        "tenant",
        "--rule",
        MAILS,
        "--user",
        "ada",
        "--details",
        "--output-format",
        "json",
    ]));
    assert_transcript("explain-formats", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn a_tenant_of_columns_is_explained_like_any_other() {
    let folder = Folder::new();
    for format in ["ndjson", "parquet"] {
        let sizes = ["--users", "60", "--groups", "12"];
        folder.run(&[&["synth", "--out", format, "--format", format][..], &sizes].concat()).expect_code(0);
    }
    let text = |line: &str, key: &str| {
        let line = line.trim_end_matches([',', '\n']);
        serde_json::from_str::<Value>(line).unwrap()[key].as_str().unwrap().to_owned()
    };
    let user = text(folder.read("ndjson/users.ndjson").lines().nth(7).unwrap(), "id");
    let groups: Value = serde_json::from_str(&folder.read("ndjson/groups.json")).unwrap();
    let dynamic =
        groups["value"].as_array().unwrap().iter().filter(|group| group["membershipRule"].is_string());
    let mut explained = 0;
    for group in dynamic {
        let shown = ["ndjson", "parquet"].map(|tenant| {
            let group = group["id"].as_str().unwrap();
            let arguments =
                ["explain", tenant, "--group", group, "--user", &user, "--now", "2026-01-15T00:00:00Z"];
            folder.run(&arguments).expect_code(0).to_owned()
        });
        assert_eq!(shown[0], shown[1]);
        explained += 1;
    }
    assert_eq!(explained, 12);
}

#[test]
fn json_has_the_shape_of_graph() {
    let folder = Folder::with(&[("users.json", r#"[{"id":"1","displayName":"EndTestUser001"}]"#)]);
    let rule = "(user.displayName -startsWith \"EndTestUser\")";
    let ran = folder.run(&[
        "explain",
        "--rule",
        rule,
        "--users",
        "users.json",
        "--user",
        "1",
        "--output-format",
        "json",
    ]);
    let result: Value = serde_json::from_str(ran.expect_code(0)).unwrap();
    assert_eq!(
        result,
        json!({
            "membershipRule": rule,
            "membershipRuleEvaluationResult": true,
            "membershipRuleEvaluationDetails": {
                "expression": "user.displayName -startsWith \"EndTestUser\"",
                "expressionResult": true,
                "propertyToEvaluate": { "propertyName": "displayName", "propertyValue": "EndTestUser001" },
            },
        }),
        "the one published sample"
    );
}

#[test]
fn groups_and_objects_are_found_by_name() {
    let folder = folder();
    for (group, user) in [("g1", "ada"), ("G1", "ADA"), ("Sales", "ada@CONTOSO.example"), ("Sales", "Ada")] {
        let ran = folder.run(&[
            "explain",
            "tenant",
            "--group",
            group,
            "--user",
            user,
            "--output-format",
            "concise",
        ]);
        assert_eq!(ran.expect_code(0), "✓ ada\n", "{group} {user}");
    }
}

#[test]
fn a_rule_sees_the_members_that_a_run_gives_to_the_groups_it_reads() {
    let folder = folder();
    let ran =
        folder.run(&["explain", "tenant", "--group", "g2", "--user", "ada", "--output-format", "concise"]);
    assert_eq!(ran.expect_code(0), "✓ ada\n");
    folder.run(&["recompute", "tenant", "--out", "out"]).expect_code(1);
    assert!(folder.read("out/membership-deltas.ndjson").contains("{\"groupId\":\"g2\",\"memberId\":\"ada\""));
}

#[test]
fn what_cannot_be_explained() {
    let folder = folder();
    folder.write("devices.json", r#"[{"id":"d1","operatingSystemVersion":"9"}]"#);
    let os = "device.deviceOSVersion -ge \"10\"";
    let runs = [
        folder.run(&["explain", "tenant", "--group", "g3", "--user", "ada"]),
        folder.run(&["explain", "--rule", os, "--devices", "devices.json", "--device", "d1"]),
        folder.run(&["explain", "--rule", os, "--devices", "devices.json", "--user", "d1"]),
        folder.run(&["explain", "--rule", os, "--device", "d1"]),
        folder.run(&["explain", "tenant", "--group", "g4", "--user", "ada"]),
        folder.run(&["explain", "tenant", "--group", "g5", "--user", "ada"]),
        folder.run(&["explain", "tenant", "--group", "g1", "--user", "dan"]),
        folder.run(&["explain", "tenant", "--group", "g1", "--user", "twin"]),
        folder.run(&["explain", "nowhere", "--group", "g1", "--user", "ada"]),
    ];
    for (ran, code) in runs.iter().zip([1, 1, 2, 2, 2, 2, 2, 2, 2]) {
        assert_eq!(ran.expect_code(code), "");
    }
    assert_transcript("explain-errors", &runs.iter().collect::<Vec<_>>());
}
