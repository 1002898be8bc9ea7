//! Disks without room: the run fails, and state and files are as they were, or it has done its work.

use std::fs;
use std::process::Command;

use super::town::{Held, Town, arguments, files};
use crate::runner::Folder;

/// A tenant with a first run behind it and changes to come; the state after these.
struct Case {
    folder: Folder,
    before: Held,
    after: Held,
}

impl Case {
    fn new(users: usize) -> Self {
        let folder = Folder::new();
        let mut town = Town::new(&folder, users);
        for name in ["kept", "calm"] {
            run(&folder, name, true);
        }
        let before = Held::by(&folder, "kept.state");
        for _ in 0..5 {
            town.step(&folder, true);
        }
        run(&folder, "calm", true);
        let after = Held::by(&folder, "calm.state");
        assert_ne!(before.groups, after.groups);
        Self { folder, before, after }
    }

    /// Copies state and files of the first run.
    fn copy(&self, name: &str) {
        let path = |name: &str| self.folder.path().join(name);
        fs::copy(path("kept.state"), path(&format!("{name}.state"))).unwrap();
        for (file, text) in files(&self.folder, "kept.out") {
            self.folder.write(&format!("{name}.out/{file}"), text);
        }
    }

    /// The run did all or nothing; says which.
    fn look(&self, name: &str, code: Option<i32>, words: &str) -> bool {
        let found = Held::by(&self.folder, &format!("{name}.state"));
        let written = files(&self.folder, &format!("{name}.out"));
        assert!(!words.contains("panicked"), "{words}");
        assert!(matches!(code, Some(0 | 2)), "{name}: {code:?} {words}");
        let is_done = code == Some(0);
        let expected = if is_done { &self.after } else { &self.before };
        assert_eq!(found.groups, expected.groups, "{name}: {words}");
        assert_eq!(found.runs.len(), expected.runs.len(), "{name}: {words}");
        if is_done {
            assert_eq!(written.len(), 4);
        } else {
            assert_eq!(written, files(&self.folder, "kept.out"), "{name}: {words}");
            assert!(words.starts_with("error: "), "{words}");
        }
        is_done
    }
}

fn run(folder: &Folder, name: &str, whole: bool) {
    let arguments = arguments(name, whole);
    folder.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).expect_code(0);
}

/// Has a shell do `before` and then the run.
fn shell(folder: &Folder, wrap: &[&str], script: &str, name: &str) -> (Option<i32>, String) {
    let mut command = match wrap {
        [] => Command::new("sh"),
        [program, rest @ ..] => {
            let mut command = Command::new(program);
            command.args(rest).arg("sh");
            command
        }
    };
    let output = command
        .current_dir(folder.path())
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_dyngroup")])
        .args(arguments(name, true))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_file_that_may_not_grow_stops_the_run_wherever_it_is() {
    let case = Case::new(600);
    let mut done = Vec::new();
    // In blocks of 512 bytes: from no room for the smallest file to enough for all.
    for blocks in [0, 1, 4, 20, 63, 66, 100, 150, 200, 300, 400, 500, 600, 800, 1_200, 100_000] {
        let name = format!("blocks-{blocks}");
        case.copy(&name);
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let (code, words) = shell(&case.folder, &[], &script, &name);
        done.push(case.look(&name, code, &words));
        if done.last() == Some(&false) {
            run(&case.folder, &name, true);
            assert!(case.look(&name, Some(0), ""), "the run can be done again");
        }
    }
    assert!(done.contains(&true) && done.contains(&false), "{done:?}");
}

/// The run on a file system of its own with this much room, into which the state is copied and from which
/// it is fetched; `None` where nobody may mount one.
fn on_a_small_disk(case: &Case, name: &str, kibibytes: u64) -> Option<(Option<i32>, String)> {
    const UNSHARE: [&str; 2] = ["unshare", "-rm"];
    let may = Command::new(UNSHARE[0])
        .args([UNSHARE[1], "sh", "-c", "mount -t tmpfs none /mnt"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !may {
        return None;
    }
    case.copy(name);
    case.folder.write("disk/.keep", "");
    let script = format!(
        "mount -t tmpfs -o size={kibibytes}k none disk && cp {name}.state disk/ && cp -r {name}.out disk/ \
         && tenant=\"$(pwd)/tenant\" && cd disk && ln -s \"$tenant\" tenant && \"$@\"; code=$?; \
         cp {name}.state* ../ && rm -r ../{name}.out && cp -r {name}.out ../; exit $code"
    );
    Some(shell(&case.folder, &UNSHARE, &script, name))
}

#[test]
fn a_full_disk_is_told_and_changes_nothing() {
    let case = Case::new(600);
    // In pages of 4 KiB, one more for each file.
    let kibibytes = |bytes: u64| (bytes >> 12) * 4 + 4;
    let state = kibibytes(fs::metadata(case.folder.path().join("kept.state")).unwrap().len());
    let files: u64 = files(&case.folder, "kept.out").values().map(|text| kibibytes(text.len() as u64)).sum();
    let mut words_of_all = String::new();
    let mut done = Vec::new();
    for room in [0, 20, 40, 60, 100, 150, 200, 250, 300, 400, 600, 20_000] {
        let name = format!("room-{room}");
        let Some((code, words)) = on_a_small_disk(&case, &name, state + files + room) else {
            println!("nobody may mount a file system here");
            return;
        };
        done.push(case.look(&name, code, &words));
        words_of_all += &words;
    }
    assert!(done.contains(&true) && done.contains(&false), "{done:?}");
    assert!(words_of_all.contains("the disk is full; make room and run again"), "{words_of_all}");
}
