//! What is wrong with a tenant is said with file, line, column and field, and nothing is written.

use serde_json::json;

use super::tenant::{assigned, dynamic, tenant};
use crate::runner::{Folder, Ran, assert_transcript};

const USER: &str = "{\"id\":\"u1\",\"department\":\"Sales\"}\n";
/// Its rule reads what the files below have faults in.
const GROUP: &str = concat!(
    "{\"id\":\"g1\",\"groupTypes\":[\"DynamicMembership\"],\"membershipRule\":\"user.accountEnabled -eq true",
    " -or (user.assignedPlans -any (assignedPlan.service -eq 'SCO'))\"}\n"
);

fn run(files: &[(&str, &str)]) -> (Folder, Ran) {
    let folder = Folder::with(files);
    let ran = folder.run(&["recompute", "tenant", "--out", "out"]);
    (folder, ran)
}

#[test]
fn faults_have_a_place_and_nothing_is_written() {
    let groups = ("tenant/groups.ndjson", GROUP);
    let users = ("tenant/users.ndjson", USER);
    let cases: Vec<Vec<(&str, &str)>> = vec![
        vec![
            (
                "tenant/users.ndjson",
                "{\"id\":\"u1\",\"accountEnabled\":\"yes\"}\n[3]\n{\"department\":\"x\"}\n{\"id\":\n",
            ),
            groups,
        ],
        vec![
            (
                "tenant/users.json",
                "{\"value\":[\n  {\"id\":\"u1\"},\n  {\"id\":\"u2\",\"assignedPlans\":[{\"service\":7}]}\n]}\n",
            ),
            groups,
        ],
        vec![("tenant/users.csv", "id,accountEnabled\nu1,true\nu2,maybe\nu3\n"), groups],
        vec![("tenant/users.ndjson", "{\"id\":\"u1\"}\n{\"id\":\"U1\"}\n"), groups],
        vec![users, ("tenant/groups.ndjson", "{\"id\":\"g1\"}\n{\"id\":\"g1\"}\n")],
        vec![users, ("tenant/groups.json", "{\"value\":[{\"id\":\"g1\",\"groupTypes\":\"Unified\"}")],
        vec![users, ("tenant/groups.ndjson", "{\"id\":\"g1\",\"membershipRuleProcessingState\":\"Off\"}\n")],
        vec![users, groups, ("tenant/members.csv", "groupId,memberId\ng1,\n")],
        vec![users, groups, ("tenant/subscribedSkus.json", "[{\"skuId\":1}]")],
        vec![users, groups, ("tenant/users.csv", "id\nu1\n")],
        vec![groups],
        vec![users],
        vec![("tenant", "a file")],
        vec![("notes.txt", "")],
    ];
    let runs: Vec<Ran> = cases
        .iter()
        .map(|files| {
            let (folder, ran) = run(files);
            assert_eq!(ran.expect_code(2), "");
            assert!(folder.list("out").is_empty());
            ran
        })
        .collect();
    assert_transcript("recompute-faults", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn only_what_rules_read_is_looked_at() {
    let users = ("tenant/users.ndjson", "{\"id\":\"u1\",\"department\":5,\"accountEnabled\":true}\n");
    let (_folder, ran) = run(&[users, ("tenant/groups.ndjson", GROUP)]);
    assert!(ran.expect_code(0).contains("1 added"), "{}", ran.stdout);
    let (_folder, ran) = run(&[
        users,
        ("tenant/groups.ndjson", &GROUP.replace("accountEnabled -eq true", "department -ne null")),
    ]);
    assert_eq!(ran.expect_code(2), "");
    assert!(ran.stderr.contains("users.ndjson:1:25: field department"), "{}", ran.stderr);
}

#[test]
fn an_output_folder_that_cannot_be_written_leaves_nothing() {
    let folder = tenant(&[json!({ "id": "u1" })], &[dynamic("g", "user.city -eq null")], &[]);
    folder.write("file", "");
    folder.write("taken/audit.ndjson/inside", "");
    let runs = ["file", "file/below", "taken"].map(|out| folder.run(&["recompute", "tenant", "--out", out]));
    for ran in &runs {
        assert_eq!(ran.expect_code(2), "");
    }
    assert_eq!(folder.list("taken"), ["audit.ndjson"]);
    assert_transcript("recompute-unwritable", &runs.iter().collect::<Vec<_>>());
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tenant(&[json!({ "id": "u1" })], &[assigned("g")], &[]);
    let path = folder.path().join("tenant");
    let set = |mode: u32| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    set(0o000);
    let readable = std::fs::read_dir(&path).is_ok();
    let ran = folder.run(&["recompute", "tenant"]);
    set(0o755);
    // The superuser may read everything.
    if !readable {
        assert_eq!(ran.expect_code(2), "");
        assert!(ran.stderr.contains("permission"), "{}", ran.stderr);
    }
}
