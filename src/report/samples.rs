//! The rules and the run that the tests of every format print.

use jiff::Timestamp;

use super::changes::Changes;
use super::finding::{CheckedRule, FileEdit, Finding};
use super::output_format::OutputFormat;
use super::printable::printable;
use super::recompute::{GroupReport, RunReport};
use super::summary::Summary;
use super::{Style, write_check};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::{Position, Span};
use crate::language::attribute::Subject;
use crate::language::certainty::Certainty;
use crate::membership::recompute::Status;
use crate::membership::roster::{Roster, RowIds};
use crate::membership::snapshot::Snapshot;

/// `rules` in `format`, without colour.
pub(super) fn written(format: OutputFormat, rules: &[CheckedRule]) -> String {
    written_in(format, rules, Style { colour: false, width_max_columns: 100 })
}

/// `rules` in `format` and `style`.
pub(super) fn written_in(format: OutputFormat, rules: &[CheckedRule], style: Style) -> String {
    let mut out = Vec::new();
    write_check(format, rules, &Summary::of(rules, 0), &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// `text` with its line ends, and with escapes for what a snapshot would hide.
pub(super) fn visible(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(printable).collect();
    lines.join("\n")
}

/// A rule of `source` from line `line` on, with findings whose places follow from its text.
pub(super) fn plain(source: &str, line: usize, rule: &str, diagnostics: Vec<Diagnostic>) -> CheckedRule {
    let at = Position { line, column: 1 };
    let findings: Vec<_> =
        diagnostics.into_iter().map(|diagnostic| Finding::in_plain_text(diagnostic, rule, at)).collect();
    let mut checked = CheckedRule {
        source: source.to_owned(),
        id: None,
        display_name: None,
        line,
        rule: rule.to_owned(),
        subject: Some(Subject::User),
        certainty: None,
        findings,
    };
    checked.certainty = checked.is_valid().then_some(Certainty::Documented);
    checked
}

/// The span of the first `part` of `text`.
pub(super) fn span_of(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap();
    Span::new(start, start + part.len())
}

/// A run over two groups: one grew and lost a deleted user, one changed with a member whose id needs
/// quotes everywhere.
pub(super) fn run_report() -> RunReport {
    let users = RowIds::of(["bob", "ada", "c,\"\\\n"]);
    let mut roster = Roster::new(users, RowIds::of([])).unwrap();
    let [first, second, gone] = ["a \"group\"", "b", "Gone"].map(|id| roster.intern(id).unwrap());
    let (mut before, mut after) = (Snapshot::default(), Snapshot::default());
    before.replace(first, [gone, 1].into_iter().collect());
    after.replace(first, [0, 1, 2].into_iter().collect());
    before.replace(second, [2].into_iter().collect());
    let group = |group, members, added, removed| GroupReport {
        id: roster.id(group).to_owned(),
        group,
        display_name: None,
        status: Status::Succeeded,
        cause: "membershipRule",
        members,
        added,
        removed,
        error: None,
    };
    let groups = vec![group(first, 3, 2, 1), group(second, 0, 0, 1)];
    RunReport {
        run: "run-1".to_owned(),
        kind: "full",
        dry_run: false,
        out: None,
        events: Vec::new(),
        next_change: None,
        now: Timestamp::UNIX_EPOCH,
        started: Timestamp::UNIX_EPOCH,
        groups,
        changes: Changes { before, after, deleted: [gone].into_iter().collect(), roster },
        licenses: None,
        users: 3,
        devices: 0,
        stages: Vec::new(),
        peak_memory_bytes: None,
        warnings: Vec::new(),
    }
}

/// One rule of every kind.
pub(super) fn rules() -> Vec<CheckedRule> {
    vec![
        plain("rules/clean.rule", 1, "user.city -eq \"Oslo\"", vec![]),
        misspelt(),
        chatty(),
        several_lines(),
        after_wide_letters(),
        from_json(),
        several_lines_from_json(),
        named_with_commas(),
        with_control_characters(),
        from_the_command_line(),
        without_rule(),
    ]
}

/// An error with a guess as its fix.
fn misspelt() -> CheckedRule {
    let rule = "user.departmnt -eq \"Sales\"";
    let span = span_of(rule, "departmnt");
    let diagnostic = Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, span, "`departmnt` is no attribute of a user")
        .help("did you mean `department`?")
        .fix(Fix::guess(vec![Edit::new(span, "department")]));
    plain("rules/sales.rule", 1, rule, vec![diagnostic])
}

/// A valid rule with a warning and two notes, one of which has a safe fix of two edits.
fn chatty() -> CheckedRule {
    let rule = "user.jobTitle -eq \"Chef\" -or user.jobTitle -eq \"Cook\" -or user.city -ne \"\"";
    let chain = span_of(rule, "user.jobTitle -eq \"Chef\" -or user.jobTitle -eq \"Cook\"");
    let list = Fix::safe(vec![
        Edit::new(span_of(rule, "-eq \"Chef\""), "-in [\"Chef\""),
        Edit::new(span_of(rule, " -or user.jobTitle -eq "), ", "),
        Edit::new(Span::at(chain.end), "]"),
    ]);
    let mut checked = plain(
        "rules/kitchen.rule",
        3,
        rule,
        vec![
            Diagnostic::new(&code::L08, chain, "2 values of `user.jobTitle` are compared one by one")
                .fix(list),
            Diagnostic::new(&code::L23, span_of(rule, "\"\""), "no attribute is ever empty text")
                .help("compare with null"),
            Diagnostic::new(
                &code::L21,
                span_of(rule, "user.city -ne \"\""),
                "true for people without `user.city`",
            ),
        ],
    );
    checked.certainty = Some(Certainty::Inferred);
    checked
}

/// A rule of three lines with a span over two of them.
fn several_lines() -> CheckedRule {
    let rule = "user.city -eq \"Oslo\" -and\n\t(user.country -eq \"NO\"\n\tuser.userType -eq \"Member\")";
    let span = span_of(rule, "\"NO\"\n\tuser.userType");
    let fix = Fix::guess(vec![Edit::new(Span::at(span_of(rule, "\n\tuser").start), " -and")]);
    let diagnostics = vec![
        Diagnostic::new(&code::MISSING_CONNECTIVE, span, "nothing connects `\"NO\"` and `user.userType`")
            .fix(fix),
        Diagnostic::new(&code::L36, span_of(rule, "user.userType"), "agents join too"),
    ];
    plain("rules/lines.rule", 8, rule, diagnostics)
}

/// Characters of two columns and of several bytes before the span; from standard input.
fn after_wide_letters() -> CheckedRule {
    let rule = "user.city -eq \"東京 Ærø\" -adn user.country -eq \"JP\"";
    let span = span_of(rule, "-adn");
    let diagnostic = Diagnostic::new(&code::UNKNOWN_OPERATOR, span, "`-adn` is no operator")
        .help("did you mean `-and`?")
        .fix(Fix::safe(vec![Edit::new(span, "-and")]));
    plain("-", 1, rule, vec![diagnostic])
}

/// A rule whose quotes are escaped in the file, and which begins inside a line.
fn from_json() -> CheckedRule {
    let rule = "user.city -eq \"Oslo\" -and user.foo -eq \"x\"";
    let span = span_of(rule, "foo");
    let place = |column| Position { line: 12, column };
    let diagnostic = Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, span, "`foo` is no attribute of a user")
        .fix(Fix::guess(vec![Edit::new(span_of(rule, " -and user.foo -eq \"x\""), "")]));
    CheckedRule {
        id: Some("9f1c".to_owned()),
        display_name: Some("Oslo".to_owned()),
        findings: vec![Finding {
            diagnostic,
            start: place(54),
            end: place(57),
            snippet: Some("foo".to_owned()),
            file_edits: vec![FileEdit { start: place(43), end: place(68), text: String::new() }],
        }],
        certainty: None,
        ..plain("./data/groups.json", 12, rule, vec![])
    }
}

/// A rule of two lines that stands on one line of the file.
fn several_lines_from_json() -> CheckedRule {
    let rule = "user.city -eq \"Oslo\"\n  -and user.bar -eq \"x\"";
    let diagnostic =
        Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, span_of(rule, "bar"), "`bar` is no attribute of a user");
    let finding = Finding {
        diagnostic,
        start: Position { line: 31, column: 60 },
        end: Position { line: 31, column: 63 },
        snippet: None,
        file_edits: vec![],
    };
    CheckedRule {
        id: Some("77aa".to_owned()),
        display_name: Some("Oslo again".to_owned()),
        findings: vec![finding],
        certainty: None,
        ..plain("./data/groups.json", 31, rule, vec![])
    }
}

/// Names in which a format has something to escape.
fn named_with_commas() -> CheckedRule {
    let rule = "user.mail -match \".*@x.example$\" -and user.city -eq $null";
    let span = span_of(rule, "$null");
    let diagnostic =
        Diagnostic::new(&code::L24, span, "write `null` for 100 % of rules, <not> \"$null\" & co")
            .fix(Fix::safe(vec![Edit::new(span, "null")]));
    CheckedRule {
        id: Some("a,b:c".to_owned()),
        display_name: Some("Sales, 50 % <\"DACH\"> & more".to_owned()),
        ..plain("my rules/a,b:50%.rule", 2, rule, vec![diagnostic])
    }
}

/// Characters that act on a terminal, in the name, the rule, the message and the help.
fn with_control_characters() -> CheckedRule {
    let rule = "user.city -eq \"\u{1b}[31mred\u{202e}\" \u{200b}-and\u{7} user.x";
    let diagnostic = Diagnostic::new(
        &code::INVALID_CHARACTER,
        span_of(rule, "\u{200b}"),
        "`\u{200b}` stands outside quotes",
    )
    .help("remove `\u{200b}`\nor `\u{7}`")
    .service_message("Invalid characters found in the rule: \u{200b}\u{7}");
    CheckedRule {
        display_name: Some("bell\u{7}\r\nsecond line".to_owned()),
        ..plain("rules/control.rule", 1, rule, vec![diagnostic])
    }
}

/// A rule that no file holds, with a finding at its very end.
fn from_the_command_line() -> CheckedRule {
    let rule = "(user.city -eq \"Oslo\"";
    let end = Span::at(rule.len());
    let diagnostic = Diagnostic::new(&code::UNCLOSED_PARENTHESIS, end, "the parenthesis is never closed")
        .fix(Fix::safe(vec![Edit::new(end, ")")]));
    plain("<rule 1>", 1, rule, vec![diagnostic])
}

/// A finding about a file in which there is no rule.
fn without_rule() -> CheckedRule {
    let diagnostic = Diagnostic::new(&code::NO_RULE_FOUND, Span::at(0), "the file holds no rule")
        .help("name the column of the rules `membershipRule`");
    let mut checked = plain("empty.csv", 1, "", vec![diagnostic]);
    (checked.subject, checked.certainty) = (None, None);
    checked
}
