//! Runs the program in a folder of its own and keeps what it says.

use std::ffi::OsStr;
use std::fmt::{Display, Write as _};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use regex::Regex;
use tempfile::TempDir;

/// A folder that vanishes with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self::new();
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, and the folders above it where they are missing.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of what stands in a folder below, sorted; empty for one that is not there.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path().join(name)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The program with arguments, about to run in this folder.
    pub(crate) fn dyngroup(&self, arguments: &[&str]) -> Invocation {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dyngroup"));
        command.current_dir(self.path()).args(arguments);
        for variable in
            ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "DYNGROUP_OUTPUT_FORMAT", "DYNGROUP_STATE"]
        {
            command.env_remove(variable);
        }
        let shown: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        Invocation {
            command,
            shown: format!("dyngroup {}", shown.join(" ")).trim_end().to_owned(),
            stdin: Vec::new(),
            folder: self.path().to_owned(),
        }
    }

    /// Runs the program with arguments.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.dyngroup(arguments).run()
    }
}

/// A text of lines.
pub(crate) fn lines(lines: impl IntoIterator<Item = impl Display>) -> String {
    lines.into_iter().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{line}");
        text
    })
}

/// An argument as one would type it.
fn quoted(argument: &str) -> String {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./=,:".contains(character);
    if !argument.is_empty() && argument.chars().all(is_plain) {
        argument.to_owned()
    } else {
        format!("'{argument}'")
    }
}

/// The program, about to run.
pub(crate) struct Invocation {
    command: Command,
    shown: String,
    stdin: Vec<u8>,
    folder: PathBuf,
}

impl Invocation {
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self.shown.push_str(" < input");
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.shown = format!("{name}={} {}", value.as_ref().display(), self.shown);
        self.command.env(name, value);
        self
    }

    /// Runs it in a folder below.
    pub(crate) fn below(mut self, name: &str) -> Self {
        self.command.current_dir(self.folder.join(name));
        self.shown = format!("cd {name} && {}", self.shown);
        self
    }

    /// Starts it, with nothing to read and nobody who reads what it says.
    pub(crate) fn start(mut self) -> Child {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub(crate) fn run(mut self) -> Ran {
        let mut child =
            self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.stdin;
        let writer = std::thread::spawn(move || {
            // A program that reads nothing closes its end.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Ran {
            command: self.shown,
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            folder: self.folder,
        }
    }
}

/// What a run showed.
pub(crate) struct Ran {
    command: String,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    folder: PathBuf,
}

impl Ran {
    /// Standard output, if the exit code is this one.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &str {
        assert_eq!(self.code, Some(code), "{}", transcript(&[self]));
        &self.stdout
    }
}

/// Runs one after the other as a terminal would show them, without what differs from run to run.
pub(crate) fn transcript(runs: &[&Ran]) -> String {
    let mut text = String::new();
    for (at, ran) in runs.iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        let _ = writeln!(text, "{gap}$ {}", ran.command);
        text.push_str(&ran.stdout);
        if !ran.stderr.is_empty() {
            let _ = write!(text, "--- words ---\n{}", ran.stderr);
        }
        let code = ran.code.map_or("none".to_owned(), |code| code.to_string());
        let _ = writeln!(text, "--- exit code {code} ---");
    }
    let text = match runs.first() {
        Some(ran) => text.replace(&ran.folder.display().to_string(), "[FOLDER]"),
        None => text,
    };
    scrubbed(&text)
}

/// `text` with placeholders for run ids, times, durations, memory and the version.
pub(crate) fn scrubbed(text: &str) -> String {
    let replacements = [
        (r"run-\d{8}T\d{15}Z", "[RUN]"),
        (r#""time":"[^"]+""#, r#""time":"[TIME]""#),
        (r#""(read|compile|licenses|evaluate|write)": [0-9.e-]+"#, r#""$1": [SECONDS]"#),
        (r#""peakMemoryBytes": (\d+|null)"#, r#""peakMemoryBytes": [BYTES]"#),
    ];
    let text = text.replace(env!("CARGO_PKG_VERSION"), "[VERSION]");
    replacements.iter().fold(text, |text, (pattern, replacement)| {
        Regex::new(pattern).unwrap().replace_all(&text, *replacement).into_owned()
    })
}

/// Holds a transcript against `tests/snapshots/<name>.snap`.
#[track_caller]
pub(crate) fn assert_transcript(name: &str, runs: &[&Ran]) {
    let text = transcript(runs);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}
