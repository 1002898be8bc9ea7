//! `test`.

use crate::runner::{Folder, Ran, assert_transcript};

/// Fixtures that fail, each in its own way.
const FAILING: &[(&str, &str)] = &[
    (
        "a-member.toml",
        "# Who sells.\nrule = '(user.department -eq \"Sales\") -and -not (user.jobTitle -startsWith \"SDE\")' # the rule\n\n\
         [[user]]\nid = \"ada\"\ndepartment = \"sales\"\nmember = false   # really?\n\n\
         [[user]]\ndepartment = \"sales\"\njobTitle = \"SDE II\"\n",
    ),
    ("b-other-code.toml", "rule = 'user.departmnt -eq \"Sales\"'\nerror = \"DG0302\"\n"),
    ("c-lints.toml", "rule = 'user.mail –ne null'\nlints = [\"L21\"] # none other\n"),
    ("d-refused.toml", "rule = 'user.departmnt -eq \"x\"'\n\n[[user]]\nmember = true\n"),
    ("e-accepted.toml", "rule = 'user.department -eq \"x\"'\nerror = true\n\n[[user]]\nid = \"a\"\n"),
    ("f-lints-of-refused.toml", "rule = 'user.mail –eq'\nerror = true\nlints = []\n"),
];

fn failing() -> Folder {
    let folder = Folder::with(&[(
        "good.toml",
        "rule = 'user.city -eq \"Oslo\"'\n\n[[user]]\ncity = \"OSLO\"\nmember = true\n",
    )]);
    for (name, text) in FAILING {
        folder.write(name, text);
    }
    folder.write("Cargo.toml", "[package]\nname = \"no fixture\"\n");
    folder
}

fn all(runs: &[Ran]) -> Vec<&Ran> {
    runs.iter().collect()
}

#[test]
fn failures_in_every_shape() {
    let folder = failing();
    let runs = ["full", "concise", "json", "jsonl"]
        .map(|format| folder.run(&["test", ".", "--output-format", format]));
    for ran in &runs {
        ran.expect_code(1);
    }
    assert_transcript("test-failures", &all(&runs));
}

#[test]
fn accepting_writes_what_was_shown_and_nothing_else() {
    let folder = failing();
    let accepted = folder.run(&["test", ".", "--accept"]);
    accepted.expect_code(0);
    let mut shown = String::new();
    for (name, before) in FAILING {
        let after = folder.read(name);
        let diff = similar::TextDiff::from_lines(*before, &after);
        shown.push_str(&diff.unified_diff().header(name, name).to_string());
    }
    let again = folder.run(&["test", "."]);
    again.expect_code(0);
    let mut accepted = accepted;
    accepted.stdout.push_str(&shown);
    assert_transcript("test-accept", &[&accepted, &again]);
    assert_eq!(folder.read("Cargo.toml"), "[package]\nname = \"no fixture\"\n");
}

#[test]
fn what_has_no_result_is_not_accepted() {
    let text = "rule = 'device.deviceOSVersion -ge \"10\"'\n\n[[device]]\ndeviceOSVersion = \"9\"\n";
    let folder = Folder::with(&[("a.toml", text)]);
    folder.run(&["test", "a.toml", "--accept"]).expect_code(1);
    assert_eq!(folder.read("a.toml"), text);
    folder.write("a.toml", format!("version-order = \"version\"\n{text}member = false\n"));
    folder.run(&["test", "a.toml"]).expect_code(0);
}

#[test]
fn fixtures_that_cannot_be_read() {
    let folder = Folder::new();
    let texts = [
        "rule = 'user.city -eq \"x\"\n",
        "rule = 3\n",
        "rule = 'user.city -eq \"x\"'\nmember = true\n",
        "rule = 'user.city -eq \"x\"'\n\n[[user]]\nciti = \"x\"\n",
        "rule = 'user.city -eq \"x\"'\n\n[[user]]\nid = \"a\"\ncity = 3\n",
        "rule = 'user.city -eq \"x\"'\n\n[[user]]\nmember = \"yes\"\n",
        "rule = 'user.city -eq \"x\"'\nuser = [{ city = \"x\" }]\n",
        "rule = 'user.city -eq \"x\"'\nsubject = \"group\"\n",
        "rule = 'user.city -eq \"x\"'\ndialect = \"Entra\"\n",
        "rule = 'user.city -eq \"x\"'\nnow = 12\n",
        "rule = 'user.city -eq \"x\"'\nerror = \"DG9999\"\n",
        "rule = 'user.city -eq \"x\"'\nlints = \"L21\"\n",
        "rule = 'user.city -eq \"x\"'\n\n[[group]]\nid = \"g\"\n",
    ];
    for (at, text) in texts.iter().enumerate() {
        folder.write(&format!("{at:02}.toml"), text);
    }
    let ran = folder.run(&["test", "."]);
    assert_eq!(ran.expect_code(2), "");
    assert_transcript("test-unreadable", &[&ran]);
}

#[test]
fn folders_without_fixtures_are_a_mistake() {
    let folder = Folder::with(&[("none/notes.txt", ""), ("none/Cargo.toml", "[package]\n")]);
    let runs = [folder.run(&["test", "none"]), folder.run(&["test", "nowhere"])];
    for ran in &runs {
        ran.expect_code(2);
    }
    assert_transcript("test-none", &all(&runs));
}

#[test]
fn relations_stand_in_the_fixture() {
    let folder = Folder::with(&[(
        "a.toml",
        "rule = \"user.transitiveMemberOf -any (group.objectId -in ['staff'])\"\ndialect = \"extended\"\n\n\
         [[user]]\nid = \"ada\"\nmemberOf = [\"sales\"]\nmember = true\n\n[[user]]\nid = \"bob\"\nmember = false\n\n\
         [[device]]\nmemberOf = [\"staff\"]\nmember = false\n\n[[group]]\nid = \"sales\"\nmemberOf = [\"staff\"]\n",
    )]);
    folder.run(&["test", "."]).expect_code(0);
}
