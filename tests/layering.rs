//! The house rules that the compiler does not know: which layer may see which, where files, clock and
//! environment may be touched, and how files are cut.

use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the bottom up. A file may use those before its own; layers side by side share a line.
const ORDER: &[&[&str]] = &[
    &["base"],
    &["language"],
    &["program"],
    &["directory"],
    &["engine"],
    &["membership"],
    &["analysis"],
    &["licensing"],
    &["store"],
    &["report"],
    &["cli", "service"],
];

/// Layers that may touch files, the environment and the clock. All others get what they need as arguments.
const EDGES: &[&str] = &["directory", "store", "cli", "service"];

/// What the core does without.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env::",
    "std::net",
    "std::process",
    "std::time",
    "std::io::stdin",
    "std::io::stdout",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "println!",
];

/// A file that needs more should become two.
const FILE_MAX_LINES: usize = 600;

/// The whole of `main.rs`: it maps an outcome to an exit code.
const MAIN_MAX_LINES: usize = 15;

/// Names that say nothing about what is inside.
const VAGUE_NAMES: &[&str] = &["mod", "util", "utils", "helper", "helpers", "common", "misc"];

#[test]
fn layers_see_only_the_layers_below_them() {
    let mut faults = Vec::new();
    for file in source_files() {
        let Some(layer) = file.layer() else { continue };
        for (line, used) in layers_used(&file.text, file.depth()) {
            if used != layer && rank(used) >= rank(layer) {
                faults.push(format!("{}:{line}: {layer} uses {used}", file.name));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn the_core_touches_no_file_clock_or_environment() {
    let mut faults = Vec::new();
    for file in source_files() {
        if file.layer().is_none_or(|layer| EDGES.contains(&layer)) {
            continue;
        }
        for (at, line) in file.text.lines().enumerate() {
            let found = IMPURE.iter().find(|word| code_of(line).contains(**word));
            faults.extend(found.map(|word| format!("{}:{}: {word}", file.name, at + 1)));
        }
    }
    assert_none(&faults);
}

#[test]
fn the_reading_of_a_tenant_has_no_clock_and_no_environment() {
    let mut faults = Vec::new();
    for file in source_files().into_iter().filter(|file| file.layer() == Some("directory")) {
        for word in ["std::env::", "SystemTime", "Timestamp::now", "Zoned::now", "println!"] {
            if file.text.lines().any(|line| code_of(line).contains(word)) {
                faults.push(format!("{}: {word}", file.name));
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn files_are_short_named_and_introduced() {
    let mut faults = Vec::new();
    for file in source_files() {
        let (lines, stem) = (file.text.lines().count(), file.stem());
        if lines > FILE_MAX_LINES {
            faults.push(format!("{}: {lines} lines, {FILE_MAX_LINES} are allowed", file.name));
        }
        if VAGUE_NAMES.contains(&stem.as_str()) {
            faults.push(format!("{}: the name says nothing", file.name));
        }
        if file.name != "src/lib.rs" && !file.text.starts_with("//! ") {
            faults.push(format!("{}: the first line does not say what the file is for", file.name));
        }
    }
    assert_none(&faults);
}

#[test]
fn every_layer_is_listed_in_order_and_documented() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let layers: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(layers.len() > 5, "the layers of src/lib.rs were not found");
    for layer in &layers {
        assert!(
            ORDER.iter().flat_map(|line| *line).any(|known| known == layer),
            "{layer} has no place in the order"
        );
        assert!(root().join(format!("src/{layer}.rs")).is_file(), "{layer} has no file that introduces it");
    }
    let readme = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    for layer in &layers {
        assert!(readme.contains(&format!("| `{layer}` |")), "docs/architecture.md says nothing of {layer}");
    }
}

#[test]
fn main_is_tiny() {
    let main = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(main.lines().count() <= MAIN_MAX_LINES, "{main}");
}

/// `autotests` is off, so a file that `main.rs` does not name would never run.
#[test]
fn every_test_file_runs() {
    let main = fs::read_to_string(root().join("tests/main.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "main" {
            assert!(main.contains(&format!("mod {stem};")), "tests/main.rs does not name {stem}");
        }
    }
}

#[test]
fn uses_are_found_however_they_are_written() {
    let text = "use crate::report::Style;\nuse super::super::engine::oracle;\n// crate::cli is no use\n\
                let x = crate::cli::main();\nuse super::language::x;\nuse crate::{\n    base::{span, membership},\n    store,\n};\n";
    let found = layers_used(text, 2);
    assert_eq!(found, [(1, "report"), (2, "engine"), (4, "cli"), (6, "base"), (6, "store")]);
    assert_eq!(layers_used("use super::language::x;", 1), [(1, "language")]);
    assert!(rank("report") > rank("engine") && rank("cli") == rank("service"));
}

/// A file under `src/`.
struct SourceFile {
    /// The path from the root, with forward slashes.
    name: String,
    text: String,
}

impl SourceFile {
    /// The layer it belongs to; none for `lib.rs` and `main.rs`.
    fn layer(&self) -> Option<&str> {
        let inner = self.name.strip_prefix("src/")?.strip_suffix(".rs")?;
        let first = inner.split('/').next()?;
        (!matches!(first, "lib" | "main")).then_some(first)
    }

    /// How many modules deep it is: 1 for `src/base.rs`.
    fn depth(&self) -> usize {
        self.name.matches('/').count()
    }

    fn stem(&self) -> String {
        Path::new(&self.name).file_stem().unwrap().to_string_lossy().into_owned()
    }
}

/// The layers that the code of a file, `depth` modules deep, names by a path from the crate's root, with
/// their lines.
fn layers_used(text: &str, depth: usize) -> Vec<(usize, &'static str)> {
    let code = text.lines().map(code_of).collect::<Vec<_>>().join("\n");
    let to_root = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut found: Vec<(usize, &str)> = Vec::new();
    for prefix in &to_root {
        for (at, _) in code.match_indices(prefix.as_str()) {
            let line = code[..at].matches('\n').count() + 1;
            let names = first_names(&code[at + prefix.len()..]);
            let layers = ORDER.iter().flat_map(|line| *line).filter(|layer| names.contains(*layer));
            found.extend(layers.map(|layer| (line, *layer)));
        }
    }
    found.sort_unstable();
    found
}

/// The first name of a path, or the first names of the paths in braces.
fn first_names(path: &str) -> Vec<&str> {
    let name = |path: &'_ str| {
        path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().len()
    };
    let Some(list) = path.strip_prefix('{') else { return vec![&path[..name(path)]] };
    let (mut names, mut nesting) = (Vec::new(), 0);
    for (at, c) in std::iter::once((0, ',')).chain(list.char_indices()) {
        match c {
            '{' => nesting += 1,
            '}' if nesting == 0 => break,
            '}' => nesting -= 1,
            ',' if nesting == 0 => {
                let rest = list[at..].trim_start_matches([',', ' ', '\n']);
                names.push(&rest[..name(rest)]);
            }
            _ => {}
        }
    }
    names
}

/// A line without its comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn rank(layer: &str) -> usize {
    ORDER
        .iter()
        .position(|line| line.contains(&layer))
        .unwrap_or_else(|| panic!("{layer} has no place in the order"))
}

fn source_files() -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inner = path.strip_prefix(root()).unwrap();
                let name =
                    inner.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>();
                files.push(SourceFile { name: name.join("/"), text: fs::read_to_string(&path).unwrap() });
            }
        }
    }
    assert!(files.len() > 50, "the source files were not found");
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
