//! Values that are written as text: dates, booleans, and lists in one CSV cell.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::directory::columns::whole_ticks;

/// Reads a boolean in any letter case.
pub(in crate::directory) fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(if *value { "true" } else { "false" }))
}

/// Reads an RFC 3339 date-time; without an offset it is UTC, without a time it is midnight UTC. What is
/// finer than a tick is cut off.
///
/// The message of the error begins behind `expected`.
pub(in crate::directory) fn instant(text: &str) -> Result<Timestamp, &'static str> {
    let text = text.trim();
    if !looks_like_date(text) {
        return Err("a date-time such as \"2026-01-15T08:00:00Z\"");
    }
    let with_offset = text.parse::<Timestamp>();
    let without = || text.parse::<DateTime>().and_then(|local| TimeZone::UTC.to_timestamp(local));
    let instant = with_offset.or_else(|_| without());
    instant.map(whole_ticks).map_err(|_| "a date-time that exists and lies before 9999-12-31")
}

/// Splits the text of a cell that holds a list: a JSON array of strings, or items separated by
/// semicolons, where blanks around an item and empty items do not count.
pub(in crate::directory) fn items(text: &str) -> Result<Vec<String>, serde_json::Error> {
    if is_json_list(text) {
        return serde_json::from_str(text);
    }
    Ok(text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
}

/// Whether a text shows by its first characters that it means a JSON list. The physical ids of
/// devices begin with a bracket too: `[OrderID]:Kiosk`.
fn is_json_list(text: &str) -> bool {
    let Some(inside) = text.trim().strip_prefix('[') else { return false };
    let inside = inside.trim_start();
    inside.starts_with(['"', '{']) || inside == "]"
}

/// The parser would take week dates, dates without hyphens and names of time zones as well.
fn looks_like_date(text: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => matches!(byte, b'T' | b't' | b' '),
        0..=9 => byte.is_ascii_digit(),
        _ => byte != b'[',
    };
    text.len() >= 10 && text.bytes().enumerate().all(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_instants_and_utc_without_an_offset() {
        for (text, instant_text) in [
            ("2026-01-15T08:00:00Z", "2026-01-15T08:00:00Z"),
            ("2026-01-15t08:00:00.1234567z", "2026-01-15T08:00:00.1234567Z"),
            ("2026-01-15T08:00:00.12345678Z", "2026-01-15T08:00:00.1234567Z"),
            ("1969-12-31T23:59:59.99999999Z", "1969-12-31T23:59:59.9999999Z"),
            ("2026-01-15T08:00:00+02:00", "2026-01-15T06:00:00Z"),
            (" 2026-01-15 08:00 ", "2026-01-15T08:00:00Z"),
            ("2026-01-15T08:00:00", "2026-01-15T08:00:00Z"),
            ("2026-01-15", "2026-01-15T00:00:00Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(
                instant(text).map(|instant| instant.to_string()),
                Ok(instant_text.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            "yesterday",
            "15.01.2026",
            "2026-1-15",
            "20260115",
            "2026-W03-4",
            "1768464000",
            "2026-01-15T08:00:00[Europe/Berlin]",
            "2026-01-15T08:00:00Z[UTC]",
        ] {
            assert!(instant(text).is_err_and(|words| words.contains("such as")), "{text}");
        }
        for text in [
            "2026-02-30",
            "2026-01-15T25:00:00Z",
            "2026-13-01T00:00:00",
            "9999-12-31T23:59:59Z",
            "2026-01-15T",
            "2026-01-15T08:00:00Zx",
            "2026-01-15T08:00:00+99:99",
        ] {
            assert!(instant(text).is_err_and(|words| words.contains("exists")), "{text}");
        }
    }

    #[test]
    fn lists_are_json_or_separated_by_semicolons() {
        let items = |text| items(text).map_err(|error| error.is_eof());
        let texts = |texts: &[&str]| Ok(texts.iter().map(|&text| text.to_owned()).collect());
        assert_eq!(items("a@b.c; d@e.f;"), texts(&["a@b.c", "d@e.f"]));
        assert_eq!(items("[\"a;b\", \"c\"]"), texts(&["a;b", "c"]));
        assert_eq!(items(" [ ] "), texts(&[]));
        assert_eq!(items("[ZTDID]:1;[OrderID]:Kiosk"), texts(&["[ZTDID]:1", "[OrderID]:Kiosk"]));
        assert_eq!(items("[\"a\""), Err(true));
        assert_eq!(items("[\"a\", 1]"), Err(false));
    }

    #[test]
    fn booleans_take_any_letter_case() {
        assert_eq!(
            ["true", "FALSE", " True ", "yes", "1", ""].map(boolean),
            [Some(true), Some(false), Some(true), None, None, None]
        );
    }
}
