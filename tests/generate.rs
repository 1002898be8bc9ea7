//! Random rules and objects, for tests that hold two ways of reading a rule against each other.
//!
//! Rules are well typed and use every construct of their dialect. Literals come from a small pool, and
//! objects are built from the same pool, so that conditions hold about as often as they do not.

mod literals;
mod objects;

use dyngroup::base::limits::RULE_LENGTH_MAX_UTF16;
use dyngroup::language::attribute::Subject;
use dyngroup::language::dialect::Dialect;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use literals::{INSTANTS, LITERALS, OFFSETS, PARTS, PATTERNS, instant, names};
pub(crate) use objects::object;

/// What `system.now` stands for: `2026-01-15T00:00:00Z`.
pub(crate) fn now() -> Timestamp {
    instant("2026-01-15T00:00:00Z")
}

/// The text of a rule about users or devices that the dialect accepts.
pub(crate) fn rule_text(dialect: Dialect) -> BoxedStrategy<String> {
    prop_oneof![rule_text_about(Subject::User, dialect), rule_text_about(Subject::Device, dialect)].boxed()
}

/// The text of a rule about `subject` that the dialect accepts.
pub(crate) fn rule_text_about(subject: Subject, dialect: Dialect) -> BoxedStrategy<String> {
    let combined = condition(subject, dialect).prop_map(|piece| piece.text);
    let blank = select(&["", "", "", " ", "\n"][..]);
    let framed =
        (blank.clone(), combined, blank).prop_map(|(before, rule, after)| format!("{before}{rule}{after}"));
    prop_oneof![
        12 => framed,
        1 => quantified(subject),
        1 => related(subject, dialect).prop_map(|piece| piece.text),
    ]
    // A condition that is said several times may grow beyond what the service stores.
    .prop_filter("longer than a rule can be", |text| text.encode_utf16().count() <= RULE_LENGTH_MAX_UTF16)
    .boxed()
}

/// A condition and how tightly its text binds.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    binds: Binds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Or,
    And,
    Not,
    Term,
}

impl Piece {
    fn term(text: String) -> Self {
        Self { text, binds: Binds::Term }
    }

    fn wrapped(self) -> Self {
        Self::term(format!("({})", self.text))
    }

    /// The text where a part has to bind at least as tightly as `least`; sometimes wrapped without need.
    fn within(self, least: Binds, needless: bool) -> String {
        if self.binds < least || needless { self.wrapped().text } else { self.text }
    }
}

/// An operator word with or without its hyphen, in some letter case.
fn word(canonical: &'static str) -> BoxedStrategy<String> {
    let bare = canonical.trim_start_matches('-');
    prop_oneof![
        8 => Just(canonical.to_owned()),
        1 => Just(canonical.to_lowercase()),
        1 => Just(canonical.to_uppercase()),
        1 => Just(bare.to_owned()),
    ]
    .boxed()
}

fn any_word(canonical: &'static [&'static str]) -> BoxedStrategy<String> {
    select(canonical).prop_flat_map(word).boxed()
}

/// `object.name`, now and then in another letter case.
fn path(object: &'static str, names: &'static [&'static str]) -> BoxedStrategy<String> {
    let path = select(names).prop_map(move |name| format!("{object}.{name}"));
    (path, 0..16_u8)
        .prop_map(|(path, style)| match style {
            0 => path.to_lowercase(),
            1 => path.to_uppercase(),
            _ => path,
        })
        .boxed()
}

fn quoted(text: &str, single: bool) -> String {
    if single {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        format!("\"{}\"", text.replace('\'', "''").replace('"', "`\""))
    }
}

fn literal(pool: &'static [&'static str]) -> BoxedStrategy<String> {
    (select(pool), any::<bool>()).prop_map(|(text, single)| quoted(text, single)).boxed()
}

fn list() -> BoxedStrategy<String> {
    (vec(literal(LITERALS), 1..4), select(&[",", ", ", " ,"][..]))
        .prop_map(|(items, comma)| format!("[{}]", items.join(comma)))
        .boxed()
}

fn null() -> BoxedStrategy<String> {
    prop_oneof![3 => Just("null".to_owned()), 1 => Just("$null".to_owned()), 1 => Just("NULL".to_owned())]
        .boxed()
}

/// A comparison of one string: an attribute, an item or a field of a plan.
fn text_comparison(left: BoxedStrategy<String>) -> BoxedStrategy<Piece> {
    let with = |left: BoxedStrategy<String>, operators, right: BoxedStrategy<String>| {
        (left, any_word(operators), right, 0..6_u8).prop_map(|(left, word, right, style)| {
            // A quote or bracket needs no blank before it.
            let tight = style == 0 && right.starts_with(['"', '\'', '[', '$']);
            format!("{left} {word}{}{right}", if tight { "" } else { " " })
        })
    };
    prop_oneof![
        6 => with(left.clone(), &["-eq", "-ne"], literal(LITERALS)),
        6 => with(left.clone(), PARTS, literal(LITERALS)),
        3 => with(left.clone(), &["-in", "-notIn"], list()),
        3 => with(left.clone(), &["-match", "-notMatch"], literal(PATTERNS)),
        3 => with(left, &["-eq", "-ne"], null()),
    ]
    .prop_map(Piece::term)
    .boxed()
}

fn boolean_comparison(left: BoxedStrategy<String>) -> BoxedStrategy<Piece> {
    let right = prop_oneof![select(&["true", "false", "True"][..]).prop_map(str::to_owned), null()];
    (left, any_word(&["-eq", "-ne"]), right)
        .prop_map(|(left, word, right)| Piece::term(format!("{left} {word} {right}")))
        .boxed()
}

fn date_comparison(left: BoxedStrategy<String>, dialect: Dialect) -> BoxedStrategy<Piece> {
    let orders: &'static [&'static str] = match dialect {
        Dialect::Entra => &["-ge", "-le"],
        Dialect::Extended => &["-ge", "-le", "-gt", "-lt"],
    };
    let fixed = prop_oneof![select(INSTANTS).prop_map(str::to_owned), literal(INSTANTS)];
    let moved =
        (any_word(&["-plus", "-minus"]), select(OFFSETS), any::<bool>()).prop_map(|(word, offset, wrap)| {
            let moved = format!("system.now {word} {offset}");
            if wrap { format!("({moved})") } else { moved }
        });
    let moving = prop_oneof![Just("system.now".to_owned()), moved];
    let ordered = (left.clone(), any_word(orders), prop_oneof![fixed.clone(), moving]);
    let equal = (left, any_word(&["-eq", "-ne"]), prop_oneof![fixed, null()]);
    prop_oneof![3 => ordered, 1 => equal]
        .prop_map(|(left, word, right)| Piece::term(format!("{left} {word} {right}")))
        .boxed()
}

/// A condition on the object, combined or not.
fn condition(subject: Subject, dialect: Dialect) -> BoxedStrategy<Piece> {
    combined(comparison(subject, dialect), 3)
}

fn comparison(subject: Subject, dialect: Dialect) -> BoxedStrategy<Piece> {
    let names = names(subject);
    let object = subject.word();
    let plain_on_collection = {
        (path(object, names.collections), any_word(PARTS), literal(LITERALS))
            .prop_map(|(left, word, right)| Piece::term(format!("{left} {word} {right}")))
    };
    let wrapped_quantified = quantified(subject).prop_map(|text| Piece::term(text).wrapped());
    let id = text_comparison(path(object, &["objectId"]));
    let common = prop_oneof![
        8 => text_comparison(path(object, names.texts)),
        3 => boolean_comparison(path(object, names.booleans)),
        2 => plain_on_collection,
        3 => wrapped_quantified,
        1 => id,
    ];
    match (subject, dialect) {
        (Subject::User, Dialect::Entra) => {
            prop_oneof![8 => common, 2 => date_comparison(path(object, names.dates), dialect)].boxed()
        }
        (Subject::Device, Dialect::Entra) => common.boxed(),
        (Subject::User, Dialect::Extended) => prop_oneof![
            8 => common,
            2 => date_comparison(path(object, names.dates), dialect),
            1 => related(subject, dialect).prop_map(Piece::wrapped),
        ]
        .boxed(),
        (Subject::Device, Dialect::Extended) => {
            prop_oneof![8 => common, 1 => related(subject, dialect).prop_map(Piece::wrapped)].boxed()
        }
    }
}

/// A condition on groups or managers.
fn related(subject: Subject, dialect: Dialect) -> BoxedStrategy<Piece> {
    let names: &'static [&'static str] = match dialect {
        Dialect::Entra => &["memberOf"],
        Dialect::Extended => &["memberOf", "transitiveMemberOf"],
    };
    let member_of = (path(subject.word(), names), word("-any"), word("-in"))
        .prop_map(|(path, any, word)| format!("{path} {any} (group.objectId {word} ['G1','g2'])"));
    if subject == Subject::Device {
        return member_of.prop_map(Piece::term).boxed();
    }
    let reports = match dialect {
        Dialect::Entra => Just("Direct Reports for \"M\"").boxed(),
        Dialect::Extended => select(&["Direct Reports for \"M\"", "All Reports for \"m\""][..]).boxed(),
    };
    prop_oneof![member_of, reports.prop_map(str::to_owned)].prop_map(Piece::term).boxed()
}

/// `path -any body`, without parentheses round the whole.
fn quantified(subject: Subject) -> BoxedStrategy<String> {
    let texts = (
        path(subject.word(), names(subject).collections),
        combined(text_comparison(Just("_".to_owned()).boxed()), 2),
    );
    let of_texts = texts.boxed();
    let of_plans = {
        let field = path("assignedPlan", &["service", "servicePlanId", "capabilityStatus"]);
        (path("user", &["assignedPlans"]), combined(text_comparison(field), 2)).boxed()
    };
    let over = match subject {
        Subject::User => prop_oneof![of_texts, of_plans].boxed(),
        Subject::Device => of_texts,
    };
    (over, any_word(&["-any", "-all"]), 0..8_u8)
        .prop_map(|((path, body), word, style)| match style {
            // A body that begins with `-not` or a parenthesis is easily misread without its own.
            0 if !body.text.starts_with(['(', '-', 'n', 'N']) => format!("{path} {word} {}", body.text),
            _ => format!("{path} {word} ({})", body.text),
        })
        .boxed()
}

/// Conditions joined, negated and wrapped, at most `depth` deep.
fn combined(leaf: BoxedStrategy<Piece>, depth: u32) -> BoxedStrategy<Piece> {
    leaf.prop_recursive(depth, 8, 3, |part| {
        let parts = || vec((part.clone(), proptest::bool::weighted(0.3)), 2..4);
        let blank = || select(&[" ", " ", "\n", ""][..]);
        prop_oneof![
            4 => (parts(), word("-and"), blank())
                .prop_map(|(parts, word, blank)| joined(parts, &word, blank, Binds::And)),
            4 => (parts(), word("-or"), blank())
                .prop_map(|(parts, word, blank)| joined(parts, &word, blank, Binds::Or)),
            1 => (part.clone(), vec(part.clone(), 2..4), any::<bool>())
                .prop_map(|(shared, others, last)| sharing(&shared, others, last)),
            2 => (part.clone(), word("-not"), any::<bool>()).prop_map(|(part, word, needless)| Piece {
                text: format!("{word} {}", part.within(Binds::Not, needless)),
                binds: Binds::Not,
            }),
            1 => part.clone().prop_map(Piece::wrapped),
        ]
    })
    .boxed()
}

fn joined(parts: Vec<(Piece, bool)>, word: &str, blank: &str, binds: Binds) -> Piece {
    let mut text = String::new();
    for (part, needless) in parts {
        let part = part.within(binds, needless);
        if !text.is_empty() {
            // Parentheses need no blanks beside them.
            let tight =
                blank.is_empty() && text.ends_with(')') && part.starts_with('(') && word.starts_with('-');
            let (before, after) =
                if tight { ("", "") } else { (if blank.is_empty() { " " } else { blank }, " ") };
            text.extend([before, word, after]);
        }
        text.push_str(&part);
    }
    Piece { text, binds }
}

/// `(D -and A) -or (D -and B)`.
fn sharing(shared: &Piece, others: Vec<Piece>, last: bool) -> Piece {
    let branch = |other: Piece| {
        let parts = if last { vec![other, shared.clone()] } else { vec![shared.clone(), other] };
        (joined(parts.into_iter().map(|part| (part, false)).collect(), "-and", " ", Binds::And), last)
    };
    joined(others.into_iter().map(branch).collect(), "-or", " ", Binds::Or)
}

mod tests {
    use dyngroup::language::compile::{Options, compile};
    use dyngroup::language::lint::{LintOptions, lint};

    use super::*;

    fn accepted(rule: &str, dialect: Dialect) -> Result<(), TestCaseError> {
        let compiled = compile(rule, Options { dialect, ..Options::default() });
        prop_assert!(compiled.rule.is_some(), "{}\n{:?}", rule, compiled.diagnostics);
        Ok(())
    }

    proptest! {
        #[test]
        fn rules_are_accepted(entra in rule_text(Dialect::Entra), extended in rule_text(Dialect::Extended)) {
            accepted(&entra, Dialect::Entra)?;
            accepted(&entra, Dialect::Extended)?;
            accepted(&extended, Dialect::Extended)?;
        }
    }

    /// The generator has to reach what the suites are about.
    #[test]
    fn every_lint_with_a_safe_fix_is_reached() {
        use proptest::strategy::ValueTree;
        use proptest::test_runner::TestRunner;

        let mut runner = TestRunner::deterministic();
        let mut reached = std::collections::BTreeSet::new();
        let rules = rule_text(Dialect::Entra);
        for _ in 0..1_500 {
            let rule = rules.new_tree(&mut runner).expect("a rule").current();
            let compiled = compile(&rule, Options::default());
            reached.extend(
                lint(&rule, &compiled, &LintOptions::default()).iter().map(|finding| finding.code.id),
            );
        }
        for id in
            ["L01", "L05", "L06", "L08", "L09", "L10", "L11", "L12", "L13", "L15", "L17", "L18", "L24", "L27"]
        {
            assert!(reached.contains(id), "{id} not in {reached:?}");
        }
    }
}
