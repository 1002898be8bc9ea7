//! Texts that nobody means well with: every one gets an answer, in bounded time and on a small stack.

use std::time::{Duration, Instant};

use dyngroup::base::diagnostic::Diagnostic;
use dyngroup::language::compile::{Compiled, Options, compile};
use dyngroup::language::lex::lex;
use dyngroup::language::tree::ExprKind;
use proptest::prelude::*;

use crate::rules::{compiled, samples};
use crate::spans::check_tree;

/// Stack of the thread that reads a hostile text, in bytes: that of a thread of the standard library.
const STACK_MAX_BYTES: usize = 2 << 20;

/// How often a piece is repeated.
const REPEATED: usize = 100_000;

/// Far more than reading takes, far less than anything that grows with the square of the length.
const TIME_MAX: Duration = Duration::from_mins(4);

/// The same for a text of [`SHORT_BYTES`].
const SHORT_TIME_MAX: Duration = Duration::from_secs(20);

/// Reads `text` on a small stack and against the clock.
fn read(name: &str, text: String) -> Compiled {
    let named = name.replace('\0', "NUL");
    let thread = std::thread::Builder::new().name(named).stack_size(STACK_MAX_BYTES);
    let is_short = text.len() <= SHORT_BYTES + 100;
    let started = Instant::now();
    let compiled = thread.spawn(move || compile(&text, Options::default())).unwrap().join().unwrap();
    let time_max = if is_short { SHORT_TIME_MAX } else { TIME_MAX };
    assert!(started.elapsed() < time_max, "{name} took {:?}", started.elapsed());
    let broken = compiled.diagnostics.iter().find(|finding| finding.code.id == "DG0299");
    assert_eq!(broken, None, "{name}");
    let longest = compiled.diagnostics.iter().map(|finding| finding.message.len()).max().unwrap_or(0);
    assert!(longest < 1_000, "{name} gets a message of {longest} bytes");
    compiled
}

/// Reads many of each piece: a text that is far too long, and shorter ones that are read with all care.
fn read_all(count: usize, pieces: &[&str]) {
    for (number, piece) in pieces.iter().enumerate() {
        read(piece, piece.repeat(count));
        let short = piece.repeat(SHORT_BYTES / piece.len());
        let before = BEFORE[number % BEFORE.len()];
        read(piece, format!("{before}{short}"));
    }
}

/// Beginnings of rules that the pieces follow in turn.
const BEFORE: &[&str] =
    &["", "user.city -eq ", "(user.city -eq \"", "user.otherMails -any (", "user.city -in ["];

/// Length of a text that is still read with all care, in bytes.
const SHORT_BYTES: usize = 12_000;

#[test]
fn brackets_commas_and_dots() {
    read_all(
        REPEATED,
        &["(", ")", "()", "[", "]", "[]", "[[],", ",", ".", "..a", "{", "}", "(((user.city -eq 'x'"],
    );
}

#[test]
fn quotes_and_escapes() {
    read_all(
        REPEATED,
        &[
            "`\"",
            "`",
            "''",
            "'",
            "\"",
            "\"a",
            "\"a ",
            "“",
            "”",
            "‘",
            "“x” ",
            "“\"",
            "\\\"",
            "\\\"a",
            "\\",
            "&quot;",
            "\"a -and user.b -eq ",
            "\"a -and user.b -eq `",
            "'a','",
            "\"\"a",
        ],
    );
}

#[test]
fn operators_and_dashes() {
    read_all(
        REPEATED / 4,
        &[
            "-",
            "- ",
            "- a ",
            "–",
            "–eq ",
            "-not ",
            "-not(",
            "-eq ",
            "-eq (",
            "-eq [",
            "-eq ('a',",
            "-and ",
            "-and -or ",
            "-any ",
            "-plus ",
            "-word ",
            "= ",
            "&",
            "not ",
            "is not ",
        ],
    );
}

#[test]
fn words_names_and_calls() {
    read_all(
        REPEATED / 4,
        &[
            "word ",
            "a",
            "a.",
            "user.city ",
            "user. ",
            "user/",
            "Direct ",
            "Direct Reports for ",
            "f(",
            "f(x) ",
            "x: ",
            "x:",
            "$x ",
            "$",
            "1",
            "1 ",
            "#",
            "#'\n",
            "//",
            "/* ",
            ";",
            "@ ",
            "\0",
            "🦀",
            "e\u{301}",
            "\n",
            "\u{a0}",
            "user.otherMails -any (",
            "user.otherMails -any ",
            "(x: x.",
        ],
    );
}

#[test]
fn balanced_nesting() {
    let wrap = |open: &str, inner: &str, close: &str, count: usize| {
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let city = "user.city -eq \"x\"";
    for count in [REPEATED, 1_000] {
        assert!(read("parentheses", wrap("(", city, ")", count)).tree.wrapped.is_some());
        read("value parentheses", format!("user.city -eq {}", wrap("(", "\"x\"", ")", count)));
        read("lists", format!("user.city -in {}", wrap("[", "", "]", count)));
        read("negations", wrap("-not(", city, ")", count));
        read("negations in a row", format!("{}{city}", "-not ".repeat(count)));
        let count = count / 4;
        let sum = wrap("(", "system.now", " -plus P1D)", count);
        read("sums", format!("user.employeeHireDate -ge {sum}"));
        let mixed = format!("({city} -or ({city} -and ");
        read("mixed", wrap(&mixed, city, "))", count / 4));
        read("quantifiers", wrap("user.otherMails -any (", "_ -eq 'x'", ")", count / 2));
    }
}

#[test]
fn long_rules_without_a_mistake() {
    let chain = |count: usize| format!("user.city -eq 'x'{}", " or user.city -eq 'x'".repeat(count));
    let tree = read("terms", chain(40_000)).tree;
    assert!(matches!(tree.kind, ExprKind::Or(parts) if parts.len() == 40_001));
    read("items", format!("user.city -in [\"x\"{}]", ",\"x\"".repeat(REPEATED)));
    read("escapes", format!("user.city -eq \"{}\"", "`\"".repeat(REPEATED)));
    read("apostrophes", format!("user.city -eq '{}'", "''".repeat(REPEATED)));
    read("line breaks", format!("user.city{}-eq \"x\"", "\n".repeat(REPEATED)));
    read("unknown names", "user.abcdefghijk -eq 'x' or ".repeat(REPEATED / 4));
    read("no connectives", "user.city -eq 'x' ".repeat(REPEATED / 2));
}

#[test]
fn a_text_beyond_all_rules_is_not_read() {
    let compiled = read("megabytes", "user.city -eq 'x' ".repeat(REPEATED));
    let codes: Vec<_> = compiled.diagnostics.iter().map(|finding| finding.code.id).collect();
    assert_eq!(codes, ["DG0401"]);
}

// ---- what holds for every text ----

/// Everything that has to be true of an answer, whatever the text.
fn check(text: &str) {
    let compiled = compiled(text);
    let has_error = compiled.diagnostics.iter().any(Diagnostic::is_error);
    assert_eq!(compiled.rule.is_some(), !has_error, "{text}");
    let mut before = None;
    for finding in &compiled.diagnostics {
        let (start, end) = (finding.span.start, finding.span.end);
        assert!(text.get(start..end).is_some(), "{text}\n{finding:?} does not fit");
        assert_ne!(finding.code.id, "DG0299", "{text}");
        // The note that more was found stands last.
        assert!(before <= Some(start) || finding.code.id == "DG0404", "{text}\n{finding:?} is out of order");
        before = Some(start);
        if let Some(fix) = &finding.fix {
            assert!(fix.applied_to(text).is_some(), "{text}\n{fix:?} does not apply");
            assert!(!fix.edits.is_empty(), "{text}\n{finding:?} changes nothing");
        }
    }
    check_tree(text, &compiled.tree);
    let tokens = lex(text).tokens;
    assert!(tokens.iter().all(|&(start, _, end)| text.get(start..end).is_some()), "{text}");
    assert!(tokens.windows(2).all(|pair| pair[0].2 <= pair[1].0), "{text}");
}

/// Pieces of rules, of other languages and of nothing.
const VOCABULARY: &[&str] = &[
    "user.city",
    "user.department",
    "device.displayName",
    "user.otherMails",
    "user.assignedPlans",
    "user.memberOf",
    "user.accountEnabled",
    "user.employeeHireDate",
    "user.nonsense",
    "city",
    "_",
    "assignedPlan.servicePlanId",
    "group.objectId",
    "user.",
    "user",
    ".",
    "-eq",
    "-ne",
    "eq",
    "-in",
    "-notIn",
    "in",
    "-startsWith",
    "-contains",
    "-match",
    "-ge",
    "-gt",
    "-any",
    "-all",
    "any",
    "all",
    "-and",
    "-or",
    "and",
    "or",
    "-not",
    "not",
    "-plus",
    "-minus",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    ",",
    "\"x\"",
    "'x'",
    "\"",
    "'",
    "“",
    "”",
    "“x”",
    "\\\"x\\\"",
    "`\"x`\"",
    "&quot;x&quot;",
    "true",
    "false",
    "null",
    "$null",
    "$true",
    "$x",
    "system.now",
    "P1D",
    "2026-01-01",
    "42",
    "Human",
    "Resources",
    "Direct Reports for",
    "Direct",
    "Reports",
    "All Reports for",
    "-like",
    "is",
    "starts",
    "with",
    "==",
    "&&",
    "||",
    "!",
    "und",
    "nicht",
    "- eq",
    "–eq",
    "-",
    "–",
    "*",
    "@",
    ";",
    "{",
    "}",
    "#",
    "//",
    "\n",
    "x:",
    "x =>",
    "x.y",
    "f(",
    "()",
    "$",
    "/any(",
    "\u{a0}",
    "é",
    "\"user.city -eq",
    "[user.city]",
    "{{x}}",
];

fn soup() -> impl Strategy<Value = String> {
    let piece = (prop::sample::select(VOCABULARY), prop::sample::select(&[" ", " ", " ", ""][..]));
    prop::collection::vec(piece, 0..24)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, blank)| [piece, blank]).collect())
}

/// A few pieces again and again, up to the length of a text that is read with all care.
fn period() -> impl Strategy<Value = String> {
    let piece = (prop::sample::select(VOCABULARY), prop::sample::select(&[" ", ""][..]));
    prop::collection::vec(piece, 1..5).prop_map(|pieces| {
        let period: String = pieces.into_iter().flat_map(|(piece, blank)| [piece, blank]).collect();
        period.repeat(SHORT_BYTES / period.len())
    })
}

/// A rule of the corpus that is short enough to be bent in many ways.
fn short_sample() -> impl Strategy<Value = String> {
    let short: Vec<String> =
        samples().into_iter().map(|sample| sample.rule).filter(|rule| rule.len() < 300).collect();
    prop::sample::select(short)
}

/// The places between the characters of a text.
fn borders(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).chain([text.len()]).collect()
}

proptest! {
    #[test]
    fn any_soup_of_tokens_is_answered(text in soup()) {
        check(&text);
    }

    #[test]
    fn any_text_is_answered(text in "\\PC{0,60}") {
        check(&text);
    }

    #[test]
    fn any_soup_of_signs_is_answered(text in "[ \"'`“”()\\[\\],.\\-a_$&;:\\\\\n]{0,40}") {
        check(&text);
    }

    #[test]
    fn a_rule_with_characters_lost_is_answered(rule in short_sample(), from in any::<prop::sample::Index>(), length in 0_usize..12) {
        let borders = borders(&rule);
        let from = from.index(borders.len());
        let to = (from + length).min(borders.len() - 1);
        check(&format!("{}{}", &rule[..borders[from]], &rule[borders[to]..]));
    }

    #[test]
    fn a_rule_with_something_put_in_is_answered(rule in short_sample(), at in any::<prop::sample::Index>(), piece in prop::sample::select(VOCABULARY)) {
        let borders = borders(&rule);
        let at = borders[at.index(borders.len())];
        check(&format!("{}{piece}{}", &rule[..at], &rule[at..]));
    }

    #[test]
    fn a_rule_with_words_swapped_is_answered(rule in short_sample(), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let mut words: Vec<&str> = rule.split(' ').collect();
        let (one, other) = (one.index(words.len()), other.index(words.len()));
        words.swap(one, other);
        check(&words.join(" "));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_few_pieces_again_and_again_are_read_in_time(text in period()) {
        let started = Instant::now();
        check(&text);
        prop_assert!(started.elapsed() < SHORT_TIME_MAX, "{:?}", started.elapsed());
    }
}

#[test]
fn texts_that_were_once_too_much_are_answered() {
    check("All Reports for system.now P1D ");
    check("``a<.;x`é");
    check("“',`\"'`\n(");
    check("user.employeeHireDate -ge ((system.now -plus P1D) -plus P1D)");
}

#[test]
fn every_beginning_and_end_of_a_rule_is_answered() {
    // Every seventh rule: all of them would take long without telling more.
    for sample in samples().into_iter().step_by(7).filter(|sample| sample.rule.len() < 400) {
        for at in borders(&sample.rule) {
            check(&sample.rule[..at]);
            check(&sample.rule[at..]);
        }
    }
}
