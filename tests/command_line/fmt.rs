//! `fmt`.

use super::check::every_kind;
use crate::runner::{Folder, assert_transcript};

#[test]
fn files_are_laid_out_in_place() {
    let folder = every_kind();
    folder.write(
        "exports/more.json",
        "[{\"displayName\":\"More\",\"membershipRule\":\"User.City EQ 'Oslo'\"}]",
    );
    let check = folder.run(&["fmt", "--check", "."]);
    let write = folder.run(&["fmt", "."]);
    let again = folder.run(&["fmt", "--check", "."]);
    assert_eq!(again.stdout, "");
    assert_eq!(
        folder.read("exports/more.json"),
        "[{\"displayName\":\"More\",\"membershipRule\":\"user.city -eq \\\"Oslo\\\"\"}]"
    );
    assert_transcript("fmt-files", &[&check, &write]);
}

#[test]
fn exit_codes() {
    let folder = Folder::with(&[
        ("good.rule", "user.city -eq \"Oslo\"\n"),
        ("loose.rule", "user.city  -EQ 'Oslo'\n"),
        ("refused.rule", "user.city -eq\n"),
    ]);
    for (arguments, code) in [
        (&["fmt", "--check", "good.rule"][..], 0),
        (&["fmt", "--check", "loose.rule"], 1),
        (&["fmt", "--check", "loose.rule", "refused.rule"], 2),
        (&["fmt", "refused.rule", "loose.rule"], 2),
        (&["fmt", "--check", "loose.rule"], 0),
    ] {
        folder.run(arguments).expect_code(code);
    }
    assert_eq!(folder.read("loose.rule"), "user.city -eq \"Oslo\"\n", "a refused rule stops no other");
}

#[test]
fn rules_without_a_file_go_to_standard_output() {
    let folder = Folder::new();
    let long = "user.city -eq \"Oslo\" -and user.department -in [\"Sales\",\"Marketing\",\"Finance\"] -or not user.jobTitle startswith 'Intern'";
    let runs = [
        folder.dyngroup(&["fmt", "-"]).stdin(long).run(),
        folder.run(&["fmt", "--width", "40", "--rule", "user.city  -EQ 'Oslo' and user.country eq 'NO'"]),
        folder.run(&["fmt", "--rule", "user.city  -EQ 'Oslo'", "--rule", "user.city -eq"]),
        folder.run(&["fmt", "--check", "--rule", "user.city  -EQ 'Oslo'"]),
        folder.dyngroup(&["fmt", "-"]).stdin("[{\"membershipRule\":\"user.city  -EQ 'Oslo'\"}]").run(),
    ];
    assert_transcript("fmt-stdin", &runs.iter().collect::<Vec<_>>());
}

#[test]
fn line_ends_stay() {
    for (before, after) in [
        ("user.city  -eq \"Oslo\"\r\n", "user.city -eq \"Oslo\"\r\n"),
        ("user.city  -eq \"Oslo\"", "user.city -eq \"Oslo\""),
        ("user.city -eq \"Oslo\"\n\n", "user.city -eq \"Oslo\"\n\n"),
        ("\u{feff}user.city  -eq \"Oslo\"\n", "\u{feff}user.city -eq \"Oslo\"\n"),
    ] {
        let folder = Folder::with(&[("a.rule", before)]);
        folder.run(&["fmt", "a.rule"]).expect_code(0);
        assert_eq!(folder.read("a.rule"), after);
    }
}
