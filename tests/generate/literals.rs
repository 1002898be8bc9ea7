//! The names and literals that rules and objects share.

use dyngroup::language::attribute::Subject;
use jiff::Timestamp;

/// The attributes that rules and objects use.
#[derive(Clone, Copy)]
pub(super) struct Names {
    pub(super) texts: &'static [&'static str],
    pub(super) booleans: &'static [&'static str],
    pub(super) dates: &'static [&'static str],
    pub(super) collections: &'static [&'static str],
}

pub(super) fn names(subject: Subject) -> Names {
    match subject {
        Subject::User => Names {
            texts: &["department", "city", "userType", "displayName", EXTENSION],
            booleans: &["accountEnabled", "dirSyncEnabled"],
            dates: &["employeeHireDate"],
            collections: &["otherMails", "proxyAddresses"],
        },
        Subject::Device => Names {
            texts: &[
                "deviceOwnership",
                "deviceOSType",
                "displayName",
                "managementType",
                "extensionAttribute1",
            ],
            booleans: &["accountEnabled", "isRooted"],
            dates: &[],
            collections: &["devicePhysicalIds", "systemLabels"],
        },
    }
}

const EXTENSION: &str = "extension_c272a57b722d4eb29bfe327874ae79cb_team";

/// Values that rules compare with. Few, so that two conditions often meet.
pub(super) const LITERALS: &[&str] =
    &["Sales", "sal", "HR", "", "null", "a'b", "ales", "é\"x", "MDM", "smtp:sal", "Enabled"];

/// Patterns that every engine runs, some of which are plain tests in disguise.
pub(super) const PATTERNS: &[&str] = &[
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
];

/// The operators that look at a part of a string, and that collections take directly.
pub(super) const PARTS: &[&str] =
    &["-startsWith", "-notStartsWith", "-endsWith", "-notEndsWith", "-contains", "-notContains"];

pub(super) const INSTANTS: &[&str] = &[
    "2026-01-15T00:00:00Z",
    "2026-01-14T23:59:59Z",
    "2026-01-01T00:00:00Z",
    "2025-01-01",
    "2026-02-01T12:30:00+01:00",
];

pub(super) const OFFSETS: &[&str] = &["P1D", "p14d", "PT1S", "P7DT3H", "P2W", "P0D"];

pub(super) fn instant(text: &str) -> Timestamp {
    dyngroup::language::literal::instant(text).expect("an instant")
}
