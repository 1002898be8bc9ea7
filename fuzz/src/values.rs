//! Texts and instants that rules and objects share, so that conditions hold about as often as not.

use arbitrary::Arbitrary;
use dyngroup::language::literal;
use jiff::{SignedDuration, Timestamp};

/// An entry of `list`, whatever the number.
pub(crate) fn pick<T: Copy>(list: &[T], number: u8) -> T {
    list[usize::from(number) % list.len()]
}

/// Longest text of the fuzzer's own invention, in characters.
const OWN_MAX_CHARS: usize = 24;

/// A value that rules compare with.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Literal {
    Pool(u8),
    Own(String),
}

const POOL: &[&str] = &[
    "Sales",
    "sal",
    "HR",
    "",
    "null",
    "a'b",
    "ales",
    "é\"x",
    "MDM",
    "smtp:sal",
    "Enabled",
    "ab",
    "a",
    "b",
    "ba",
    "aab",
    "İı",
    "ß",
    "ς",
    "\u{1F600}",
    "10.0.9",
    "10.0.10",
    "10",
    "salsal",
    "K",
    "\n",
    "`",
    "x y",
];

impl Literal {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Pool(number) => pick(POOL, *number).to_owned(),
            Self::Own(text) => text.chars().take(OWN_MAX_CHARS).collect(),
        }
    }

    /// As it stands in a rule.
    pub(crate) fn quoted(&self) -> String {
        literal::quoted(&self.text())
    }
}

/// A value of an object: a literal in some letter case, perhaps with another around it.
#[derive(Arbitrary, Debug)]
pub(crate) struct Text {
    literal: Literal,
    case: u8,
    around: Option<(u8, bool)>,
}

impl Text {
    pub(crate) fn text(&self) -> String {
        let text = self.literal.text();
        let text = match self.case % 4 {
            0 => text.to_uppercase(),
            1 => text.to_lowercase(),
            _ => text,
        };
        match self.around {
            Some((other, true)) => format!("{}{text}", pick(POOL, other)),
            Some((other, false)) => format!("{text}{}", pick(POOL, other)),
            None => text,
        }
    }
}

/// A regular expression: a known one, or atoms in a row, which may be no expression at all.
#[derive(Arbitrary, Debug)]
pub(crate) enum Pattern {
    Pool(u8),
    Atoms(Vec<u8>),
}

const PATTERNS: &[&str] = &[
    "^sal",
    "sal",
    "^Sales$",
    "es$",
    "a\\.b$",
    "a.b$",
    "^(HR|IT)",
    ".*ale.*",
    ".*[hs].?l",
    "[hs].*r",
    ".*",
    "^$",
    "(?!s)a",
    "é",
    "\\Ahr\\z",
    "",
    "^(a|b)*$",
    "(a)\\1",
    "(?<=s)a",
];
const ATOMS: &[&str] = &[
    "a", "b", "s", "l", "sal", "é", ".", "^", "$", "*", "+", "?", "|", "(", ")", "[hs]", "[^a]", "[a-e]",
    "\\d", "\\w", "\\b", "\\.", "\\A", "\\z", "\\Z", "(?:", "(?!", "(?i)", "(?-i)", "{2}", "{0,1}", "*?",
    "ß", "ς", "K", "\\s", "\n", "\\1", "\\u0061", "\\x61", "\\p{Lu}", "İ",
];
const ATOMS_MAX: usize = 12;

impl Pattern {
    pub(crate) fn quoted(&self) -> String {
        literal::quoted(&match self {
            Self::Pool(number) => pick(PATTERNS, *number).to_owned(),
            Self::Atoms(atoms) => atoms.iter().take(ATOMS_MAX).map(|&atom| pick(ATOMS, atom)).collect(),
        })
    }
}

/// An instant near the ones that rules name, or anywhere in the calendar.
#[derive(Arbitrary, Debug)]
pub(crate) enum Instant {
    Near { number: u8, nanoseconds: i8 },
    Offset { number: u8, back: bool, seconds: i8 },
    Anywhere(i64),
}

pub(crate) const INSTANTS: &[&str] = &[
    "2026-01-15T00:00:00Z",
    "2026-01-14T23:59:59Z",
    "2026-01-01T00:00:00Z",
    "2025-01-01",
    "2026-02-01T12:30:00+01:00",
    "2026-01-15T00:00:00.0000001Z",
    "0001-01-01",
    "9999-12-30",
];
pub(crate) const OFFSETS: &[&str] = &["P1D", "p14d", "PT1S", "P7DT3H", "P2W", "P0D", "P3650000D"];

impl Instant {
    pub(crate) fn timestamp(&self) -> Timestamp {
        let now = crate::case::now();
        let (base, moved) = match self {
            Self::Near { number, nanoseconds } => {
                let near = literal::instant(pick(INSTANTS, *number)).expect("an instant");
                (near, SignedDuration::from_nanos(i64::from(*nanoseconds)))
            }
            Self::Offset { number, back, seconds } => {
                let offset = literal::duration(pick(OFFSETS, *number)).expect("a duration");
                let offset = if *back { -offset } else { offset };
                (now, offset + SignedDuration::from_secs(i64::from(*seconds)))
            }
            Self::Anywhere(seconds) => (now, SignedDuration::from_secs(seconds % 100_000_000_000)),
        };
        base.checked_add(moved).unwrap_or(now)
    }
}
