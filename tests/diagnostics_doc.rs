//! Holds `docs/diagnostics.md` to what the program does: every code has a section, every example gets
//! the findings that it is there for, every fix is as safe as the text says.

use std::collections::BTreeSet;

use dyngroup::base::code::{self, Code};
use dyngroup::base::diagnostic::{Diagnostic, Severity};
use dyngroup::base::limits;
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::lint::{LintOptions, OPT_IN, lint};

const DOCUMENT: &str = include_str!("../docs/diagnostics.md");

/// Shortest explanation of a code, in characters.
const PROSE_MIN_CHARS: usize = 40;

/// Codes without an example that can be read here, and why.
const WITHOUT_EXAMPLE: &[(&Code, &str)] = &[
    (&code::MALFORMED_LITERAL, "reserved: nothing reports it"),
    (&code::UNEXPECTED_TOKEN, "a safety net: no rule is known that gets it"),
    (&code::WRONG_SUBJECT, "depends on the kind of members that is wanted; made below"),
    (&code::NOT_A_CONDITION, "reserved: nothing reports it"),
    (&code::RULE_TOO_LONG, "takes three thousand characters; made below"),
    (&code::TOO_DEEP, "takes a rule of many levels; made below"),
    (&code::TOO_MANY_GROUPS, "takes a list of many ids; made below"),
    (&code::MORE_FINDINGS, "takes a rule of many mistakes; made below"),
    (&code::GROUP_CANNOT_BE_DYNAMIC, "about the group, not its rule"),
    (&code::EVALUATION_FAILED, "about objects, not rules"),
    (&code::FILE_UNREADABLE, "about files"),
    (&code::DATA_SYNTAX, "about files"),
    (&code::DATA_FIELD, "about data"),
    (&code::DUPLICATE_ID, "about data"),
    (&code::GROUP_CYCLE, "about several groups"),
    (&code::UNKNOWN_GROUP, "about the groups of a tenant"),
    (&code::NO_RULE_FOUND, "about files"),
];

/// The words for where a fact comes from.
const SOURCES: &[&str] = &["documented", "seen by users", "inferred"];

#[test]
fn every_code_is_explained() {
    let mut complaints = Vec::new();
    for code in code::ALL {
        let Some(section) = Section::of(code) else {
            complaints.push(format!("{}: no section", code.id));
            continue;
        };
        let length = section.prose().chars().count();
        if length < PROSE_MIN_CHARS {
            complaints.push(format!("{}: {length} characters of prose", code.id));
        }
        complaints.extend(section.missing_words().into_iter().map(|why| format!("{}: {why}", code.id)));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn examples_get_the_findings_that_they_are_there_for() {
    let mut complaints = Vec::new();
    for code in code::ALL {
        let section = Section::of(code).unwrap();
        let (examples, unread) = section.examples();
        complaints.extend(unread.into_iter().map(|line| format!("{}: `{line}` is no example", code.id)));
        for example in examples {
            let why = example.complaint(code);
            complaints.extend(why.map(|why| format!("{}: {}: {why}", code.id, example.rule)));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_code_that_a_rule_decides_has_an_example() {
    let without: Vec<&str> = code::ALL
        .iter()
        .filter(|code| !Section::of(code).unwrap().examples().0.iter().any(|example| example.shows(code)))
        .map(|code| code.id)
        .collect();
    let excused: Vec<&str> = WITHOUT_EXAMPLE.iter().map(|(code, _)| code.id).collect();
    assert_eq!(without, excused);
}

#[test]
fn codes_that_take_too_much_room_for_an_example_occur() {
    let ids = (0..=limits::MEMBER_OF_MAX_GROUPS).map(|number| format!("'{number}'")).collect::<Vec<_>>();
    let depth = limits::TREE_DEPTH_MAX_LEVELS;
    let made = [
        (&code::RULE_TOO_LONG, format!("user.city -eq \"{}\"", "x".repeat(limits::RULE_LENGTH_MAX_UTF16))),
        (
            &code::TOO_DEEP,
            format!(
                "{}user.city -eq \"a\"{}",
                "user.city -eq null -or -not (".repeat(depth),
                ")".repeat(depth)
            ),
        ),
        (&code::TOO_MANY_GROUPS, format!("user.memberOf -any (group.objectId -in [{}])", ids.join(","))),
        (
            &code::MORE_FINDINGS,
            vec!["user.ctiy -eq \"a\""; limits::DIAGNOSTICS_PER_RULE_MAX + 1].join(" -or "),
        ),
    ];
    for (code, rule) in made {
        assert!(Checked::new(&rule, Dialect::Entra).has(code), "{}", code.id);
    }
    let options = Options { subject: Some(Subject::User), ..Options::default() };
    let found = compile("device.deviceOSType -eq \"Windows\"", options).diagnostics;
    assert!(found.iter().any(|finding| finding.code == &code::WRONG_SUBJECT));
}

#[test]
fn fixes_are_as_safe_as_the_text_says() {
    let mut complaints = Vec::new();
    for code in code::ALL {
        let section = Section::of(code).unwrap();
        let mut shown = BTreeSet::new();
        for example in section.examples().0.iter().filter(|example| example.shows(code)) {
            let found = Checked::new(example.rule, example.kind.dialect());
            let of_code = found.findings.iter().filter(|finding| finding.code == *code);
            shown.extend(of_code.map(|finding| finding.fix.as_ref().map_or("none", |fix| fix.safety.word())));
        }
        let line = section.paragraph("**Fix:**").unwrap_or_default();
        let words = line.split(|character: char| !character.is_alphabetic());
        let said: BTreeSet<&str> = words.filter(|word| ["safe", "unsafe", "none"].contains(word)).collect();
        if said != shown {
            complaints.push(format!("{}: the text says {said:?}, the examples show {shown:?}", code.id));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_table_lists_all_codes() {
    let rows = DOCUMENT.lines().filter(|line| line.starts_with("| ["));
    let expected: Vec<String> = code::ALL.iter().map(|code| row(code)).collect();
    let other = rows.clone().zip(&expected).find(|(found, expected)| found != expected);
    assert_eq!(other, None, "the first row that differs, and what it should be");
    assert_eq!(rows.count(), expected.len());
}

#[test]
fn codes_in_the_text_exist() {
    let looks_like_a_code = |word: &&str| {
        let digits = word.strip_prefix("DG").or_else(|| word.strip_prefix('L')).unwrap_or_default();
        digits.len() >= 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let families = ["DG01", "DG02", "DG03", "DG04", "DG05"];
    let words = DOCUMENT.split(|character: char| !character.is_ascii_alphanumeric());
    let unknown: Vec<&str> = words
        .filter(looks_like_a_code)
        .filter(|word| !families.contains(word) && code::find(word).is_none())
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// The row of `code` in the table. The link is what GitHub makes of the heading: lower case, without
/// signs, hyphens for blanks.
fn row(code: &Code) -> String {
    let heading = format!("{} · {}", code.id, code.title).to_lowercase();
    let kept = heading.chars().filter(|&c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let link: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
    format!("| [{}](#{link}) | {} | {} |", code.id, code.severity.word(), code.title)
}

/// The text below one heading.
struct Section {
    code: &'static Code,
    lines: Vec<&'static str>,
}

impl Section {
    fn of(code: &'static Code) -> Option<Self> {
        let heading = format!("## {} · {}", code.id, code.title);
        let mut lines = DOCUMENT.lines().skip_while(|line| *line != heading);
        lines.next()?;
        let mut fenced = false;
        let within = lines.take_while(|line| {
            fenced ^= line.starts_with("```");
            fenced || !(line.starts_with("# ") || line.starts_with("## "))
        });
        Some(Self { code, lines: within.collect() })
    }

    /// The lines inside, or outside, fenced code.
    fn lines(&self, inside: bool) -> Vec<&'static str> {
        let mut fenced = false;
        let mut kept = Vec::new();
        for line in &self.lines {
            if line.starts_with("```") {
                fenced = !fenced;
                // Blocks do not run together.
                kept.push("");
            } else if fenced == inside {
                kept.push(line);
            }
        }
        kept
    }

    /// The paragraphs in one line each.
    fn paragraphs(&self) -> Vec<String> {
        let lines = self.lines(false);
        let paragraphs = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
        paragraphs.filter(|paragraph| !paragraph.is_empty()).collect()
    }

    fn paragraph(&self, label: &str) -> Option<String> {
        self.paragraphs().into_iter().find(|paragraph| paragraph.starts_with(label))
    }

    fn prose(&self) -> String {
        self.paragraphs().join(" ")
    }

    /// What the text fails to say: what to do, how sure the facts are, the service's own words.
    fn missing_words(&self) -> Vec<String> {
        let mut missing = Vec::new();
        let prose = self.prose();
        if prose.starts_with("Reserved.") {
            return missing;
        }
        if self.paragraph("**Do:**").is_none() {
            missing.push("no paragraph **Do:**".to_owned());
        }
        let facts = self.paragraph("**Service:**");
        let is_about_rules = !WITHOUT_EXAMPLE.iter().any(|(code, _)| *code == self.code);
        match facts {
            None if is_about_rules => missing.push("no paragraph **Service:**".to_owned()),
            Some(facts) if !SOURCES.iter().any(|source| facts.contains(source)) => {
                missing.push("nothing says how sure the facts are".to_owned());
            }
            _ => {}
        }
        let words = self.code.service_message.map(|words| words.trim_end_matches(['…', ' ']));
        if let Some(words) = words.filter(|words| !prose.contains(words)) {
            missing.push(format!("the service's words `{words}` are missing"));
        }
        missing
    }

    /// The examples, and lines among them that are none.
    fn examples(&self) -> (Vec<Example>, Vec<&'static str>) {
        let (mut examples, mut unread) = (Vec::new(), Vec::new());
        let lines = self.lines(true);
        for group in lines.split(|line| line.is_empty()) {
            let read: Vec<Option<Example>> = group.iter().map(|line| Example::read(line)).collect();
            if read.iter().all(Option::is_none) {
                continue;
            }
            unread.extend(
                read.iter().zip(group).filter(|(example, _)| example.is_none()).map(|(_, line)| *line),
            );
            let starts_well = read
                .first()
                .is_some_and(|first| first.as_ref().is_some_and(|example| example.kind != Kind::Instead));
            if !starts_well {
                unread.extend(group.first());
            }
            examples.extend(read.into_iter().flatten());
        }
        (examples, unread)
    }
}

/// One line of an example.
struct Example {
    kind: Kind,
    rule: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Gets the code and is not accepted.
    Refused,
    /// Is accepted and gets the code.
    Found,
    /// Is accepted and does not get the code.
    Instead,
    /// Is accepted in the extended dialect only; a lint speaks about it there.
    Extended,
}

impl Kind {
    const fn dialect(self) -> Dialect {
        match self {
            Self::Extended => Dialect::Extended,
            Self::Refused | Self::Found | Self::Instead => Dialect::Entra,
        }
    }
}

impl Example {
    fn read(line: &'static str) -> Option<Self> {
        let (key, rule) = line.split_once(": ")?;
        let kind = match key {
            "refused" => Kind::Refused,
            "found" => Kind::Found,
            "instead" => Kind::Instead,
            "extended" => Kind::Extended,
            _ => return None,
        };
        Some(Self { kind, rule })
    }

    /// Whether the example is there to get `code`.
    fn shows(&self, code: &Code) -> bool {
        match self.kind {
            Kind::Refused | Kind::Found => true,
            Kind::Instead => false,
            Kind::Extended => code.is_lint(),
        }
    }

    /// What is not as the example says.
    fn complaint(&self, code: &'static Code) -> Option<String> {
        let found = Checked::new(self.rule, self.kind.dialect());
        let ids = found.ids();
        if found.accepted == (self.kind == Kind::Refused) {
            return Some(format!("accepted is {}: {ids}", found.accepted));
        }
        if found.has(code) != self.shows(code) {
            return Some(format!("gets {ids}"));
        }
        let beside = |finding: &Diagnostic| match self.kind {
            Kind::Refused => finding.is_error() && finding.code != code,
            // The rules that show another code of `memberOf` have its end in common.
            Kind::Instead => finding.severity > Severity::Info && finding.code != &code::L14,
            Kind::Found | Kind::Extended => false,
        };
        if found.findings.iter().any(beside) {
            return Some(format!("gets too much: {ids}"));
        }
        let needless = self.kind == Kind::Extended && Checked::new(self.rule, Dialect::Entra).accepted;
        needless.then(|| "is accepted in the other dialect too".to_owned())
    }
}

/// What the program says about a rule, lints that are off by default included.
struct Checked {
    accepted: bool,
    findings: Vec<Diagnostic>,
}

impl Checked {
    fn new(rule: &str, dialect: Dialect) -> Self {
        let compiled = compile(rule, Options { dialect, ..Options::default() });
        let mut findings = compiled.diagnostics.clone();
        let options = LintOptions { enabled: OPT_IN.to_vec(), ..LintOptions::default() };
        findings.extend(lint(rule, &compiled, &options));
        Self { accepted: compiled.rule.is_some(), findings }
    }

    fn has(&self, code: &Code) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    fn ids(&self) -> String {
        self.findings.iter().map(|finding| finding.code.id).collect::<Vec<_>>().join(" ")
    }
}
