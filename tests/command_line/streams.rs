//! Colour, pipes that close and output that cannot be written.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::runner::{Folder, lines};

#[test]
fn colour_is_for_terminals() {
    let folder = Folder::with(&[("users.csv", "id\na\n")]);
    let check: &[&str] = &["check", "--output-format", "full", "--rule", "user.x -eq 1"];
    let explain: &[&str] =
        &["explain", "--rule", "user.city -eq null", "--users", "users.csv", "--user", "a"];
    for arguments in [check, explain] {
        let plain = folder.run(arguments);
        assert!(!plain.stdout.contains('\u{1b}') && !plain.stderr.contains('\u{1b}'));
        let forced = folder.run(&[arguments, &["--color", "always"]].concat());
        assert!(forced.stdout.contains('\u{1b}'), "{:?}", forced.stdout);
        let asked = folder.dyngroup(arguments).env("CLICOLOR_FORCE", "1").run();
        assert!(asked.stdout.contains('\u{1b}'), "{:?}", asked.stdout);
        let refused = folder.dyngroup(arguments).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").run();
        assert!(!refused.stdout.contains('\u{1b}'), "{:?}", refused.stdout);
        let never =
            folder.dyngroup(&[arguments, &["--color", "never"]].concat()).env("CLICOLOR_FORCE", "1").run();
        assert!(!never.stdout.contains('\u{1b}'), "{:?}", never.stdout);
    }
    let error = folder.run(&["check", "none.rule", "--color", "always"]);
    assert!(error.stderr.contains('\u{1b}'), "{:?}", error.stderr);
}

/// The exit code of the program when its reader goes away after the first byte.
fn code_when_closed(folder: &Folder, arguments: &[&str]) -> Option<i32> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dyngroup"))
        .current_dir(folder.path())
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = [0];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    child.wait().unwrap().code()
}

#[test]
fn a_reader_that_has_seen_enough_is_a_normal_end() {
    let folder = Folder::new();
    folder.write("users.csv", format!("id\n{}", lines(0..40_000)));
    folder.write("many.rules", "user.departmnt -eq \"Sales\"\n".repeat(3_000));
    for format in ["full", "concise", "json", "jsonl", "github", "sarif", "junit"] {
        let code = code_when_closed(&folder, &["check", "many.rules", "--output-format", format]);
        assert_eq!(code, Some(0), "{format}");
    }
    for format in ["full", "json", "jsonl"] {
        let evaluate =
            ["evaluate", "--rule", "user.city -eq null", "--users", "users.csv", "--output-format", format];
        assert_eq!(code_when_closed(&folder, &evaluate), Some(0), "{format}");
    }
    folder.write("loose.rules", "user.city  -eq \"Oslo\"\n".repeat(3_000));
    assert_eq!(code_when_closed(&folder, &["fmt", "--check", "loose.rules"]), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let run = |arguments: &[&str], out: Stdio, words: Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dyngroup"));
        let status = command.current_dir(folder.path()).args(arguments).stdout(out).stderr(words).status();
        status.unwrap().code()
    };
    let check: &[&str] = &["check", "--rule", "user.x -eq 1"];
    for arguments in [check, &["completions", "bash"], &["attributes"], &["rule"]] {
        assert_eq!(run(arguments, full().into(), Stdio::null()), Some(2), "{arguments:?}");
    }
    assert_eq!(run(check, Stdio::null(), full().into()), Some(1), "words may be lost");
    assert_eq!(run(&["check", "none.rule"], Stdio::null(), full().into()), Some(2));
    assert_eq!(run(check, Stdio::null(), Stdio::null()), Some(1));
}
