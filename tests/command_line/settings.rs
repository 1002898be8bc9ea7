//! `dyngroup.toml` and the environment.

use crate::runner::{Folder, assert_transcript};

const RULE: &str = "(user.memberOf -any (group.objectId -in [\"a\"])) -and (user.mail –ne null)\n";

#[test]
fn settings_are_found_upwards_from_what_is_checked() {
    let folder = Folder::with(&[
        (
            "project/dyngroup.toml",
            "dialect = \"extended\"\ndeny = [\"warnings\"]\n\n[lints]\nignore = [\"L25\"]\n",
        ),
        ("project/rules/deep/a.rule", RULE),
        ("outside.rule", RULE),
        ("other.toml", "output-format = \"github\"\n"),
    ]);
    let runs = [
        folder.run(&["check", "project/rules/deep/a.rule"]),
        folder.dyngroup(&["check", "a.rule"]).below("project/rules/deep").run(),
        folder.dyngroup(&["check", "-"]).below("project/rules").stdin(RULE).run(),
        folder.run(&["check", "outside.rule"]),
        folder.run(&["check", "--no-config", "project/rules/deep/a.rule"]),
        folder.run(&["check", "--config", "other.toml", "project/rules/deep/a.rule"]),
        folder.run(&["check", "--dialect", "entra", "project/rules/deep/a.rule"]),
        folder.run(&["fmt", "--check", "project/rules/deep/a.rule"]),
    ];
    assert_transcript("settings-found", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn a_mistake_in_the_settings_has_a_position() {
    let folder = Folder::new();
    let runs: Vec<_> = [
        "dialect = \"extended\"\ndialct = 1\n",
        "dialect = \"exended\"\n",
        "dialect = true\n",
        "dialect = \n",
        "deny = [\"warnings\", \"L99\"]\n",
        "[lints]\nenable = [\"zz\"]\n",
        "now = \"yesterday\"\n",
        "output-format = \"xml\"\n",
        "version-order = \"numbers\"\n",
        "[[attribute]]\nobject = \"user\"\nname = \"a\"\nkind = \"plans\"\n",
        "[[attribute]]\nobject = \"user\"\nname = \"1a\"\nkind = \"text\"\n",
        "[[attribute]]\nobject = \"user\"\nname = \"city\"\nkind = \"date\"\n",
    ]
    .into_iter()
    .map(|text| {
        folder.write("dyngroup.toml", text);
        folder.run(&["check", "--rule", "user.city -eq null"])
    })
    .collect();
    for ran in &runs {
        assert_eq!(ran.expect_code(2), "");
    }
    assert_transcript("settings-mistakes", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn a_settings_file_that_is_named_has_to_be_there() {
    let folder = Folder::with(&[("folder/a.rule", "user.city -eq null")]);
    let runs = [
        folder.run(&["check", "--config", "none.toml", "folder"]),
        folder.run(&["check", "--config", "folder", "folder"]),
    ];
    assert_transcript("settings-missing", &[&runs[0], &runs[1]]);
}

#[test]
fn every_setting_works() {
    let folder = Folder::with(&[
        (
            "dyngroup.toml",
            "dialect = \"extended\"\nsubject = \"device\"\nnow = \"2026-01-15T00:00:00Z\"\nversion-order = \"version\"\n\
             output-format = \"jsonl\"\n\n[lints]\nenable = [\"L35\"]\n\n[[attribute]]\nobject = \"user\"\nname = \"employeeType\"\nkind = \"text\"\n",
        ),
        ("devices.csv", "id,operatingSystemVersion\na,10.0.9\nb,10.0.10\n"),
        (
            "users.csv",
            "id,employeeType,employeeHireDate\na,Staff,2026-01-14T00:00:00Z\nb,Guest,2026-01-16T00:00:00Z\n",
        ),
    ]);
    let evaluate = |rule: &str, objects: &str, file: &str| {
        folder.run(&["evaluate", "--rule", rule, objects, file, "--output-format", "concise"])
    };
    let members =
        |rule: &str, objects: &str, file: &str| evaluate(rule, objects, file).expect_code(0).to_owned();
    assert_eq!(members("device.deviceOSVersion -ge \"10.0.10\"", "--devices", "devices.csv"), "b\n");
    assert_eq!(members("user.employeeType -eq \"staff\"", "--users", "users.csv"), "a\n");
    assert_eq!(members("user.employeeHireDate -le system.now", "--users", "users.csv"), "a\n");
    let checked = folder.run(&["check", "--rule", "user.mobile -eq null"]);
    assert!(checked.expect_code(1).contains("DG0305"), "{}", checked.stdout);
    let device = folder.run(&["check", "--subject", "user", "--rule", "user.mobile -eq null"]);
    assert!(device.expect_code(0).contains("L35"), "{}", device.stdout);
}

#[test]
fn the_environment_can_choose_the_shape_of_a_check() {
    let folder = Folder::new();
    let check = |arguments: &[&str], format: &str| {
        let all = [&["check", "--rule", "user.city -eq"], arguments].concat();
        folder.dyngroup(&all).env("DYNGROUP_OUTPUT_FORMAT", format).run()
    };
    let runs =
        [check(&[], "github"), check(&["--output-format", "concise"], "github"), check(&[], "nonsense")];
    assert_transcript("settings-environment", &runs.iter().collect::<Vec<_>>());
}
