//! The README and the page on licenses do what they say: their commands run, and what they show as their
//! output is what they print.
//!
//! A `sh` block that begins with one of the words in [`RUN`] is run as it stands, one after the other, in
//! a copy of `examples/` and `tests/cases/` for each page, so that a reader who types along sees the same. Its exit
//! code is 0 or what a comment `# exit code N` says. A `text` or `json` block right behind it is what
//! the terminal shows, standard output first. After a change of the output,
//! `DYNGROUP_README=accept cargo test readme` writes the new one into the pages, for a person to read.

use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use dyngroup::base::diagnostic::Diagnostic;
use dyngroup::directory::policy::Policy;
use dyngroup::language::attribute::{Attribute, Attributes, Kind, Subject};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::licensing::policy::LicensingPolicy;

/// What a reader has typed before the name of the program has a place in the search path.
const FROM_SOURCE: &str = "cargo run --release -- ";

/// The first words of the blocks that are run.
const RUN: &[&str] = &["dyngroup", "cat", "head", "cp", "sed", "grep"];

/// The fences that show output.
const SHOWN: &[&str] = &["text", "json"];

#[test]
fn the_commands_print_what_the_readme_shows() {
    check_commands("README.md");
}

#[test]
fn the_commands_print_what_the_page_on_licenses_shows() {
    check_commands("docs/licensing.md");
}

/// Runs the commands of a page, and compares or accepts what they print.
fn check_commands(name: &str) {
    let page = read(name);
    let blocks = blocks(&page);
    let work = tempfile::tempdir().unwrap();
    for folder in ["examples", "tests/cases"] {
        copy(&root().join(folder), &work.path().join(folder));
    }
    let (mut faults, mut edits, mut runs) = (String::new(), Vec::new(), 0);
    for (at, block) in blocks.iter().enumerate() {
        let Some(script) = block.script() else { continue };
        runs += 1;
        let (printed, code) = run(&script, work.path());
        if code != block.exit_code() {
            let _ = writeln!(faults, "{name}:{}: exit code {code}\n{script}\n{printed}", block.line);
        }
        let Some(shown) = blocks.get(at + 1).filter(|next| next.shows_output_of(block, &page)) else {
            continue;
        };
        if shown.content.trim_end() != printed.trim_end() {
            edits.push((shown, script, format!("{}\n", printed.trim_end())));
        }
    }
    assert!(runs > 10, "only {runs} commands were found in {name}");
    assert!(faults.is_empty(), "\n{faults}");
    if std::env::var_os("DYNGROUP_README").is_some_and(|word| word == "accept") {
        return fs::write(root().join(name), accepted(&page, &edits)).unwrap();
    }
    for (shown, script, printed) in &edits {
        let _ =
            writeln!(faults, "{name}:{}: {script}- shown\n{}- printed\n{printed}", shown.line, shown.content);
    }
    assert!(faults.is_empty(), "\n{faults}");
}

/// The page with what its commands print now.
fn accepted(page: &str, edits: &[(&Block<'_>, String, String)]) -> String {
    let mut accepted = page.to_owned();
    // From the end, so that new output does not move the places that are still to be written.
    for (shown, _, printed) in edits.iter().rev() {
        let is_fence = |line: &str| line.starts_with("```");
        let fence = &page[shown.outside.clone()];
        assert!(
            fence.starts_with("````") || !printed.lines().any(is_fence),
            "line {}: a longer fence",
            shown.line
        );
        accepted.replace_range(shown.inside.clone(), printed);
    }
    accepted
}

#[test]
fn the_page_on_licenses_and_the_example_list_every_choice_with_its_default() {
    let file = Policy::read(&root().join("examples/contoso/policy.toml")).unwrap();
    assert_eq!(LicensingPolicy::read(&file).unwrap(), LicensingPolicy::default());
    let text = read("examples/contoso/policy.toml");
    let choices = text.split("[licensing]\n").nth(1).and_then(|rest| rest.split("\n[").next()).unwrap();
    let choices: Vec<_> = choices.lines().filter_map(|line| line.split_once(" = ")).collect();
    let page = read("docs/licensing.md");
    for (key, value) in &choices {
        assert!(page.contains(&format!("| `{key}` | `{value}` |")), "{key} = {value}");
    }
    let refused =
        LicensingPolicy::read(&Policy::of_text("policy.toml", "[licensing]\nno-key = 1\n").unwrap());
    let refused = refused.unwrap_err().to_string();
    let known = refused.split("these are ").nth(1).unwrap().trim_end().split(", ");
    for key in known {
        assert!(choices.iter().any(|(listed, _)| *listed == key), "{key} is not in the example");
    }
}

#[test]
fn the_settings_file_of_the_readme_is_accepted() {
    let readme = read("README.md");
    let settings: Vec<_> = blocks(&readme)
        .into_iter()
        .filter(|block| block.fence == "toml" && block.content.starts_with("# dyngroup.toml"))
        .collect();
    let [settings] = settings.as_slice() else { panic!("one settings file") };
    let work = tempfile::tempdir().unwrap();
    fs::write(work.path().join("dyngroup.toml"), settings.content).unwrap();
    let (printed, code) = run("dyngroup attributes --subject user --output-format concise", work.path());
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("user.employeeType\n"), "the declared attribute is not listed: {printed}");
    let (printed, code) = run("dyngroup check --rule 'user.employeeType -eq \"Contractor\"'", work.path());
    assert_eq!(code, 0, "{printed}");
}

#[test]
fn every_command_and_option_is_in_the_readme() {
    let readme = read("README.md");
    let mut missing = Vec::new();
    for command in commands() {
        if !readme.contains(&format!("dyngroup {command}")) {
            missing.push(command.clone());
        }
        let (help, _) = run(&format!("dyngroup {command} --help"), &root());
        for option in help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            if option.starts_with("--") && option.len() > 2 && !readme.contains(option) {
                missing.push(format!("{command} {option}"));
            }
        }
    }
    missing.retain(|option| !option.ends_with("--help") && !option.ends_with("--version"));
    assert!(missing.is_empty(), "the README does not mention {missing:#?}");
}

#[test]
fn the_extended_dialect_is_what_the_language_page_says() {
    let declared = Attribute::declared(Subject::User, "employeeType", Kind::Text);
    let attributes = Attributes::standard().clone().declare([declared]);
    let rows = rows(&read("grammar/README.md"), "The extended dialect");
    let mut checked = 0;
    for row in &rows {
        let [_, example, code] = row.as_slice() else { continue };
        let Some(rule) = code_spans(example).into_iter().find(|span| !span.contains('…')) else { continue };
        checked += 1;
        let options = |dialect| Options { dialect, subject: None, attributes: &attributes };
        let refused = compile(rule, options(Dialect::Entra)).diagnostics;
        let codes = error_codes(&refused);
        assert!(!codes.is_empty() && codes.iter().all(|found| found == code), "{rule}: {codes:?}");
        assert!(compile(rule, options(Dialect::Extended)).rule.is_some(), "{rule}");
    }
    assert!(checked > 6, "{rows:#?}");
}

#[test]
fn rules_are_refused_as_the_language_page_says() {
    let rows = rows(&read("grammar/README.md"), "What is refused, and why");
    let mut checked = 0;
    for row in &rows {
        let [constructs, codes, _] = row.as_slice() else { continue };
        let is_rule =
            |span: &&str| span.contains(" -") && !span.contains('…') && !span.starts_with(['-', '2', 's']);
        for rule in code_spans(constructs).into_iter().filter(is_rule) {
            checked += 1;
            let found = compile(rule, Options::default()).diagnostics;
            let found = error_codes(&found);
            assert!(found.iter().any(|code| codes.contains(code)), "{rule}: {found:?}, not {codes}");
        }
    }
    assert!(checked > 8, "{rows:#?}");
}

#[test]
fn links_lead_somewhere() {
    let mut faults = Vec::new();
    let pages = pages();
    for page in &pages {
        let text = read(page);
        let folder = Path::new(page).parent().unwrap().to_owned();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            if target.contains("://") {
                continue;
            }
            let place = if path.is_empty() { root().join(page) } else { root().join(&folder).join(path) };
            if !place.exists() {
                faults.push(format!("{page}: {target}"));
            } else if !anchor.is_empty()
                && !anchors(&fs::read_to_string(place).unwrap()).contains(&anchor.to_owned())
            {
                faults.push(format!("{page}: {target}, no such heading"));
            }
        }
    }
    assert!(pages.len() > 5, "{pages:?}");
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_decision_is_in_the_index() {
    let index = read("docs/decisions/README.md");
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/decisions/")) {
        assert!(page == "README.md" || index.contains(&format!("]({page})")), "{page}");
    }
}

/// A fenced block of a page.
struct Block<'page> {
    /// What stands behind the fence.
    fence: &'page str,
    /// Where the content stands in the page.
    inside: Range<usize>,
    /// Where the whole block stands.
    outside: Range<usize>,
    line: usize,
    content: &'page str,
}

impl Block<'_> {
    /// The block as a script, if it is one that is run.
    fn script(&self) -> Option<String> {
        let script = match self.content.strip_prefix(FROM_SOURCE) {
            Some(arguments) => format!("dyngroup {arguments}"),
            None => self.content.to_owned(),
        };
        let first = script.split_whitespace().next()?;
        (self.fence == "sh" && RUN.contains(&first)).then_some(script)
    }

    fn exit_code(&self) -> i32 {
        let code = self.content.split("# exit code ").nth(1).and_then(|rest| rest.split_whitespace().next());
        code.map_or(0, |code| code.parse().expect("an exit code"))
    }

    /// Whether the block stands right behind `command`.
    fn shows_output_of(&self, command: &Block<'_>, page: &str) -> bool {
        let between = &page[command.outside.end..self.outside.start];
        SHOWN.contains(&self.fence) && between.trim().is_empty()
    }
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut found, mut offset) = (Vec::new(), 0);
    let mut open: Option<Opened<'_>> = None;
    for (at, text) in page.split_inclusive('\n').enumerate() {
        let end = offset + text.len();
        let name = text.trim_end().trim_start_matches('`');
        let ticks = text.trim_end().len() - name.len();
        match open {
            None if ticks >= 3 => {
                open = Some(Opened { start: offset, inside: end, line: at + 1, ticks, name });
            }
            // What a block shows may hold shorter fences.
            Some(Opened { start, inside, line, ticks: wanted, name: fence }) if ticks >= wanted => {
                let content = &page[inside..offset];
                found.push(Block { fence, inside: inside..offset, outside: start..end, line, content });
                open = None;
            }
            _ => {}
        }
        offset = end;
    }
    assert!(open.is_none(), "a block is never closed");
    found
}

/// A fence that was opened.
#[derive(Clone, Copy)]
struct Opened<'page> {
    start: usize,
    inside: usize,
    line: usize,
    ticks: usize,
    name: &'page str,
}

/// What a terminal shows of the script, and its exit code.
fn run(script: &str, folder: &Path) -> (String, i32) {
    let program = Path::new(env!("CARGO_BIN_EXE_dyngroup"));
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", program.parent().unwrap().display()))
        .env("NO_COLOR", "1")
        // What a terminal would choose.
        .env("DYNGROUP_OUTPUT_FORMAT", "full")
        .env_remove("COLUMNS")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout) + &text(&output.stderr), output.status.code().unwrap_or(-1))
}

/// All commands, with those within commands.
fn commands() -> Vec<String> {
    let mut all = subcommands(&run("dyngroup --help", &root()).0);
    for command in all.clone() {
        let within = subcommands(&run(&format!("dyngroup {command} --help"), &root()).0);
        all.extend(within.into_iter().map(|inner| format!("{command} {inner}")));
    }
    all
}

/// The commands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let list =
        help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    // Long descriptions go on in lines that are further in.
    let lines = list.lines().filter(|line| !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The cells of the table rows below a heading.
fn rows(page: &str, heading: &str) -> Vec<Vec<String>> {
    let section = page.split(&format!("## {heading}\n")).nth(1).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn code_spans(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn error_codes(findings: &[Diagnostic]) -> Vec<&'static str> {
    findings.iter().filter(|finding| finding.is_error()).map(|finding| finding.code.id).collect()
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> Vec<String> {
    let headings =
        page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

/// The pages of the repository, with their paths from the root.
fn pages() -> Vec<String> {
    let mut pages: Vec<String> =
        ["README.md", "CHANGELOG.md", "grammar/README.md", "examples/contoso/README.md"]
            .map(str::to_owned)
            .to_vec();
    for folder in ["docs", "docs/decisions"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                pages.push(format!("{folder}/{name}"));
            }
        }
    }
    pages
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
