//! Help texts and usage errors.

use crate::runner::{Folder, assert_transcript};

#[test]
fn every_command_has_help() {
    let folder = Folder::new();
    for command in [
        "",
        "check",
        "rule",
        "fmt",
        "evaluate",
        "explain",
        "recompute",
        "diff",
        "analyse",
        "find-rule",
        "history",
        "undo",
        "members",
        "groups-of",
        "status",
        "export",
        "test",
        "synth",
        "attributes",
        "completions",
    ] {
        let arguments: Vec<&str> = [command, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
        let name = if command.is_empty() { "help".to_owned() } else { format!("help-{command}") };
        assert_transcript(&name, &[&folder.run(&arguments)]);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let folder = Folder::new();
    let expected = format!("dyngroup {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(folder.run(&["--version"]).expect_code(0), expected);
}

#[test]
fn usage_errors_say_what_is_wanted() {
    let folder = Folder::with(&[("a.rule", "user.city -eq \"Oslo\"\n")]);
    let runs = [
        folder.run(&[]),
        folder.run(&["chekc"]),
        folder.run(&["check"]),
        folder.run(&["check", "a.rule", "--output-format", "xml"]),
        folder.run(&["check", "a.rule", "--fix", "--diff"]),
        folder.run(&["check", "a.rule", "--subject", "group"]),
        folder.run(&["check", "a.rule", "--deny", "infos"]),
        folder.run(&["check", "a.rule", "--enable", "L99"]),
        folder.run(&["check", "a.rule", "--attribute", "employeeType"]),
        folder.run(&["check", "a.rule", "--attribute", "user.city:date"]),
        folder.run(&["check", "a.rule", "--now", "yesterday"]),
        folder.run(&["check", "a.rule", "--config", "a.toml", "--no-config"]),
        folder.run(&["fmt"]),
        folder.run(&["fmt", "--width", "wide", "a.rule"]),
        folder.run(&["evaluate", "--users", "users.csv"]),
        folder.run(&["explain", "--user", "ada"]),
        folder.run(&["explain", "--group", "sales", "--user", "ada"]),
        folder.run(&[
            "explain",
            "tenant",
            "--rule",
            "user.city -eq null",
            "--user",
            "ada",
            "--users",
            "u.csv",
        ]),
        folder.run(&["recompute"]),
        folder.run(&["recompute", "tenant", "--delta-format", "csv"]),
        folder.run(&["history", "--state", "s", "last~x"]),
        folder.run(&["history", "--state", "s", "--out", "out"]),
        folder.run(&["history", "--state", "s", "--verify", "1"]),
        folder.run(&["members", "--state", "s"]),
        folder.run(&["status", "--state", "s", "--all", "sales"]),
        folder.run(&["export", "--state", "s"]),
        folder.run(&["test"]),
        folder.run(&["rule", "DG9999"]),
        folder.run(&["completions", "tcsh"]),
    ];
    for ran in &runs {
        assert_eq!((ran.expect_code(2), ran.stderr.is_empty()), ("", false));
    }
    assert_transcript("usage-errors", &runs.iter().collect::<Vec<_>>());
}
