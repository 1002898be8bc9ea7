//! What lints promise, held against the definition: a safe fix keeps the members, "never" and "always"
//! are just that, and fixing never makes a rule worse.

use std::path::Path;

use dyngroup::base::diagnostic::{Diagnostic, Safety};
use dyngroup::directory::object::{Object, Value};
use dyngroup::engine::oracle::evaluate;
use dyngroup::engine::world::{NoRelations, World};
use dyngroup::language::attribute::Subject;
use dyngroup::language::compile::{Compiled, Options, compile};
use dyngroup::language::dialect::Dialect;
use dyngroup::language::fix::fix_until_stable;
use dyngroup::language::lint::{LintOptions, lint};
use dyngroup::language::tree::{Expr, ExprKind};
use dyngroup::language::typed::TypedRule;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::generate::{now, object, rule_text};

fn options(dialect: Dialect) -> Options<'static> {
    Options { dialect, ..Options::default() }
}

fn read(text: &str, dialect: Dialect) -> Compiled {
    compile(text, options(dialect))
}

/// Findings of both stages.
fn findings(text: &str, compiled: &Compiled) -> Vec<Diagnostic> {
    let lints = lint(text, compiled, &LintOptions::default());
    compiled.diagnostics.iter().cloned().chain(lints).collect()
}

fn errors(compiled: &Compiled) -> usize {
    compiled.diagnostics.iter().filter(|finding| finding.is_error()).count()
}

/// Whether the rule selects each object; `None` where it cannot be evaluated.
fn members(rule: &TypedRule, objects: &[Object]) -> Vec<Option<bool>> {
    let world = World { now: now(), version_order: None, relations: &NoRelations };
    objects.iter().map(|object| evaluate(rule, object, &world).ok()).collect()
}

fn rule_of(text: &str, dialect: Dialect) -> Result<TypedRule, TestCaseError> {
    let compiled = read(text, dialect);
    compiled.rule.ok_or_else(|| TestCaseError::fail(format!("refused: {text}\n{:?}", compiled.diagnostics)))
}

/// Users and devices; a rule is asked about those that it is about.
type Objects = (Vec<Object>, Vec<Object>);

fn objects() -> impl Strategy<Value = Objects> {
    (vec(object(Subject::User), 10), vec(object(Subject::Device), 10))
}

fn of_subject(objects: &Objects, subject: Subject) -> &[Object] {
    match subject {
        Subject::User => &objects.0,
        Subject::Device => &objects.1,
    }
}

/// Each fix leaves an accepted rule, a safe one with the same members; and so do all of them together.
fn check_fixes(text: &str, dialect: Dialect, objects: &Objects) -> Result<(), TestCaseError> {
    let compiled = read(text, dialect);
    let rule = rule_of(text, dialect)?;
    let objects = of_subject(objects, rule.subject);
    let before = members(&rule, objects);
    for finding in findings(text, &compiled) {
        let Some(fix) = &finding.fix else { continue };
        let fixed = fix.applied_to(text).expect("edits fit the text");
        let after = members(&rule_of(&fixed, dialect)?, objects);
        // What L18 writes out is what dyngroup reads; only the service may read it otherwise.
        if fix.safety == Safety::Safe || finding.code.id == "L18" {
            prop_assert_eq!(&before, &after, "{}: {}\n{}", finding.code.id, text, fixed);
        }
    }
    let (stable, _) = fix_until_stable(text, options(dialect), &LintOptions::default(), Safety::Safe);
    let rule = rule_of(&stable, dialect)?;
    prop_assert_eq!(before, members(&rule, objects), "{}\n{}", text, stable);
    let left = findings(&stable, &read(&stable, dialect));
    let open = left.iter().find(|finding| finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe));
    prop_assert!(open.is_none(), "still to fix in {}: {:?}", stable, open);
    let (guessed, _) = fix_until_stable(text, options(dialect), &LintOptions::default(), Safety::Unsafe);
    rule_of(&guessed, dialect).map(|_| ())
}

/// The conditions that L12 speaks of are never or always true, wherever they stand outside a body.
fn check_verdicts(text: &str, dialect: Dialect, objects: &Objects) -> Result<(), TestCaseError> {
    let compiled = read(text, dialect);
    let rule = rule_of(text, dialect)?;
    for finding in lint(text, &compiled, &LintOptions::default()) {
        let Some(verdict) = verdict(&finding) else { continue };
        let Some(chain) = chain_around(&compiled.tree, &finding) else { continue };
        let part = chain.span.of(text);
        let found = members(&rule_of(part, dialect)?, of_subject(objects, rule.subject));
        prop_assert!(
            found.iter().flatten().all(|&found| found == verdict),
            "{}: {}\n{}",
            finding.message,
            part,
            text
        );
    }
    Ok(())
}

fn verdict(finding: &Diagnostic) -> Option<bool> {
    if finding.code.id != "L12" {
        return None;
    }
    match (finding.message.contains("never true"), finding.message.contains("always true")) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => panic!("L12 says neither: {}", finding.message),
    }
}

/// The innermost chain that holds the finding; `None` where that is inside a body, whose conditions are
/// no rules of their own.
fn chain_around<'tree>(tree: &'tree Expr, finding: &Diagnostic) -> Option<&'tree Expr> {
    let mut found = None;
    let mut in_body = false;
    tree.walk(&mut |expr| {
        if !expr.outer_span().contains(finding.span) {
            return;
        }
        match &expr.kind {
            ExprKind::Quantified { body, .. } => in_body |= body.outer_span().contains(finding.span),
            ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Comparison { .. }
                if expr.span.contains(finding.span) =>
            {
                found = Some(expr);
            }
            _ => {}
        }
    });
    found.filter(|_| !in_body)
}

proptest! {
    #[test]
    fn fixes_keep_what_they_promise(text in rule_text(Dialect::Entra), objects in objects()) {
        check_fixes(&text, Dialect::Entra, &objects)?;
    }

    #[test]
    fn fixes_of_the_extended_dialect_keep_what_they_promise(
        text in rule_text(Dialect::Extended),
        objects in objects(),
    ) {
        check_fixes(&text, Dialect::Extended, &objects)?;
    }

    #[test]
    fn never_and_always_are_certain(text in rule_text(Dialect::Extended), objects in objects()) {
        check_verdicts(&text, Dialect::Extended, &objects)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Chains of tests of one attribute, against every short value: here conditions meet all the time.
    #[test]
    fn chains_on_one_attribute_hold_against_every_value(text in chain_on_one_attribute()) {
        let objects = (every_user(), Vec::new());
        check_fixes(&text, Dialect::Extended, &objects)?;
        check_verdicts(&text, Dialect::Extended, &objects)?;
    }
}

/// Two to four conditions on the city, the hire date or the mail addresses of a user, in one chain.
fn chain_on_one_attribute() -> impl Strategy<Value = String> {
    const CITIES: &[&str] = &["'a'", "'b'", "'ab'", "'BA'", "''"];
    const OPERATORS: &[&str] = &[
        "-eq",
        "-ne",
        "-startsWith",
        "-notStartsWith",
        "-endsWith",
        "-notEndsWith",
        "-contains",
        "-notContains",
        "-match",
    ];
    const LISTS: &[&str] = &["-in ['a']", "-in ['a','B']", "-notIn ['ab','b']", "-eq null", "-ne null"];
    const DATES: &[&str] =
        &["2026-01-14", "2026-01-15", "system.now", "system.now -plus P1D", "system.now -minus P1D"];
    const ORDERS: &[&str] = &["-ge", "-le", "-gt", "-lt"];
    let tests = || {
        prop_oneof![
            3 => (select(OPERATORS), select(CITIES)).prop_map(|(word, value)| format!("{word} {value}")),
            2 => select(LISTS).prop_map(str::to_owned),
        ]
    };
    let city = || tests().prop_map(|test| format!("user.city {test}"));
    let date = || {
        prop_oneof![
            4 => (select(ORDERS), select(DATES)).prop_map(|(word, value)| format!("user.employeeHireDate {word} {value}")),
            1 => select(&["-eq 2026-01-14", "-ne 2026-01-15", "-eq null", "-ne null"][..]).prop_map(|test| format!("user.employeeHireDate {test}")),
        ]
    };
    let mails = || {
        (select(&["-any", "-all"][..]), tests())
            .prop_map(|(word, test)| format!("(user.otherMails {word} (_ {test}))"))
    };
    let boolean = || {
        select(&["-eq true", "-ne true", "-eq false", "-ne false", "-eq null", "-ne null"][..])
            .prop_map(|test| format!("user.dirSyncEnabled {test}"))
    };
    let negated = |part: BoxedStrategy<String>| {
        (part, 0..4_u8).prop_map(|(part, style)| if style == 0 { format!("-not ({part})") } else { part })
    };
    let chain = move |part: BoxedStrategy<String>| {
        let parts = vec(negated(part), 2..5);
        (parts, any::<bool>(), any::<bool>()).prop_map(|(parts, all, nested)| {
            let word = if all { " -and " } else { " -or " };
            match parts.split_last() {
                Some((last, first)) if nested => format!("{last}{word}({})", first.join(word)),
                _ => parts.join(word),
            }
        })
    };
    prop_oneof![
        chain(city().boxed()),
        chain(date().boxed()),
        chain(mails().boxed()),
        chain(boolean().boxed())
    ]
}

/// A user for each value that the conditions can tell apart, and then some.
fn every_user() -> Vec<Object> {
    let texts: Vec<String> =
        ["", "a", "b", "A", "c", "ab", "ba", "aB", "aa", "bb", "abc", "bab", "aba", "cab", "bac"]
            .map(str::to_owned)
            .into();
    let mut users =
        vec![Object::new("nothing"), Object::new("no mails").with("otherMails", Value::Texts(Vec::new()))];
    for one in &texts {
        users.push(Object::new("city").with("city", Value::Text(one.clone())));
        for other in &texts {
            let mails = vec![one.clone(), other.clone()];
            users.push(Object::new("mails").with("otherMails", Value::Texts(mails)));
        }
    }
    for hours in (-60..=60).step_by(12) {
        for second in -1..=1 {
            let at = now() + jiff::SignedDuration::from_secs(hours * 3_600 + second);
            users.push(Object::new("date").with("employeeHireDate", Value::Instant(at)));
        }
    }
    users.extend(
        [true, false].map(|value| Object::new("synced").with("dirSyncEnabled", Value::Boolean(value))),
    );
    users
}

/// Patterns that are plain tests, or nearly, against every value that is made of their letters.
#[test]
fn patterns_are_replaced_by_what_takes_the_same_values() {
    const PATTERNS: &[&str] = &[
        "^kå",
        "kå",
        "kå$",
        "kå\\z",
        "^kå$",
        "^kå\\z",
        "\\Akå\\Z",
        ".*kå",
        "kå.*",
        "^.*kå",
        "^kå.*$",
        "k.å$",
        "k\\.å$",
        "ß",
        "^ς",
        ".*",
        "",
        "^",
        "$",
        "^$",
        "\\A\\z",
        ".*[kå].*",
        ".*?k+",
        "(k)å",
        "(?-i)kå",
        "k|å",
        "kå?",
        "^*kå",
        "\\.k",
    ];
    const LETTERS: &[&str] = &["", "k", "K", "å", "Å", ".", "x", "\n", "ß", "ẞ", "σ", "ς"];
    let values = LETTERS.iter().flat_map(|one| {
        LETTERS.iter().flat_map(move |two| LETTERS.iter().map(move |three| format!("{one}{two}{three}")))
    });
    let ended = values.flat_map(|value| [format!("{value}\n"), value]);
    let mut users: Vec<Object> =
        ended.map(|value| Object::new("user").with("city", Value::Text(value))).collect();
    users.push(Object::new("nothing"));
    let mut safe = 0;
    for pattern in PATTERNS {
        for word in ["-match", "-notMatch"] {
            let text = format!("user.city {word} '{pattern}' -and user.city -ne null");
            let compiled = read(&text, Dialect::Entra);
            let before = members(compiled.rule.as_ref().expect(&text), &users);
            for finding in lint(&text, &compiled, &LintOptions::default()) {
                let is_pattern_lint =
                    matches!(finding.code.id, "L01" | "L02" | "L03" | "L04" | "L05" | "L06");
                let Some(fix) = finding.fix.filter(|_| is_pattern_lint) else { continue };
                let fixed = fix.applied_to(&text).expect("edits fit the text");
                let after = members(&read(&fixed, Dialect::Entra).rule.expect(&fixed), &users);
                // A guess that takes the same values after all should be none.
                assert_eq!(
                    fix.safety == Safety::Safe,
                    before == after,
                    "{}: {text}\n{fixed}",
                    finding.code.id
                );
                safe += usize::from(fix.safety == Safety::Safe);
            }
        }
    }
    assert!(safe > 20, "{safe} safe fixes");
}

// ---- rules that are refused ----

/// The refused rules among the fixtures: file name and rule.
fn refused_fixtures() -> Vec<(String, String, Dialect)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/refused");
    let mut rules = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of refused rules") {
        let path = entry.expect("an entry").path();
        let content = std::fs::read_to_string(&path).expect("a readable fixture");
        let fixture: toml::Table = content.parse().expect("a fixture in TOML");
        let rule = fixture.get("rule").and_then(toml::Value::as_str).expect("a rule").to_owned();
        let extended = fixture.get("dialect").and_then(toml::Value::as_str) == Some("extended");
        let dialect = if extended { Dialect::Extended } else { Dialect::Entra };
        rules.push((path.display().to_string(), rule, dialect));
    }
    rules
}

#[test]
fn a_safe_fix_of_a_refused_rule_leaves_fewer_errors() {
    let rules = refused_fixtures();
    assert!(rules.len() > 100, "{} fixtures", rules.len());
    for (name, rule, dialect) in rules {
        let compiled = read(&rule, dialect);
        let fixes: Vec<_> = compiled.diagnostics.iter().filter_map(|finding| finding.fix.as_ref()).collect();
        let all_safe = !fixes.is_empty()
            && compiled.diagnostics.iter().all(|finding| {
                !finding.is_error() || finding.fix.as_ref().is_some_and(|fix| fix.safety == Safety::Safe)
            });
        for safety in [Safety::Safe, Safety::Unsafe] {
            let (fixed, count) = fix_until_stable(&rule, options(dialect), &LintOptions::default(), safety);
            let after = read(&fixed, dialect);
            assert!(errors(&after) <= errors(&compiled), "{name}: {rule}\n{fixed}\n{:?}", after.diagnostics);
            assert_eq!(count == 0, fixed == rule, "{name}");
            if all_safe {
                assert!(
                    errors(&after) < errors(&compiled),
                    "{name}: {rule}\n{fixed}\n{:?}",
                    after.diagnostics
                );
            }
        }
    }
}

#[test]
fn broken_rules_are_mended_into_the_only_rule_they_can_mean() {
    for (broken, mended) in [
        ("user.department -eq “Sales”", "user.department -eq \"Sales\""),
        ("user.mail – ne null", "user.mail -ne null"),
        (
            "accountEnabled -eq true -and user.city -eq Oslo",
            "user.accountEnabled -eq true -and user.city -eq \"Oslo\"",
        ),
        ("user.accountEnabled -eq \"True\"", "user.accountEnabled -eq true"),
        ("user.city -eq \\\"Oslo\\\"", "user.city -eq \"Oslo\""),
        ("user.officeLocation -in \"3\"", "user.physicalDeliveryOfficeName -in [\"3\"]"),
        ("user.city -eq [\"a\",\"b\"]", "user.city -in [\"a\",\"b\"]"),
        (
            "user.accountEnabled -eq $true -and user.otherMails -any _ -eq \"a\"",
            "user.accountEnabled -eq true -and (user.otherMails -any (_ -eq \"a\"))",
        ),
    ] {
        let (fixed, _) =
            fix_until_stable(broken, options(Dialect::Entra), &LintOptions::default(), Safety::Safe);
        assert_eq!(fixed, mended);
        assert!(read(&fixed, Dialect::Entra).rule.is_some(), "{fixed}");
    }
}
