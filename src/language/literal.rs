//! What literals mean: strings with their escapes, date-times, durations.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Timestamp};

/// Whether `c` is a quote that text processors put in place of a straight one.
pub fn is_curly(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '＂') || is_single_curly(c)
}

/// Whether `c` is a typographic single quote.
pub fn is_single_curly(c: char) -> bool {
    matches!(c, '‘' | '’' | '‚' | '‛' | '‹' | '›')
}

/// The value of a string literal given with its quotes.
///
/// In double quotes a backtick escapes the quote; in both kinds a doubled apostrophe is one.
///
/// ```
/// use dyngroup::language::literal::text_value;
/// assert_eq!(text_value("\"O''Brien\""), "O'Brien");
/// assert_eq!(text_value("\"say `\"hi`\"\""), "say \"hi\"");
/// assert_eq!(text_value("'it''s'"), "it's");
/// assert_eq!(text_value(r#""\d+""#), r"\d+");
/// ```
pub fn text_value(quoted: &str) -> Cow<'_, str> {
    let quote = quoted.chars().next().unwrap_or('"');
    let inner = quoted.get(quote.len_utf8()..quoted.len().saturating_sub(1)).unwrap_or_default();
    let has_escapes = inner.contains("''") || (quote == '"' && inner.contains("`\""));
    if !has_escapes {
        return Cow::Borrowed(inner);
    }
    let unescaped = if quote == '"' { inner.replace("`\"", "\"") } else { inner.to_owned() };
    Cow::Owned(unescaped.replace("''", "'"))
}

/// `value` as a literal, in double quotes where that is possible.
///
/// ```
/// use dyngroup::language::literal::{quoted, text_value};
/// assert_eq!(quoted("say \"O'Brien\""), "\"say `\"O''Brien`\"\"");
/// assert_eq!(text_value(&quoted("a`'\"")), "a`'\"");
/// ```
pub fn quoted(value: &str) -> String {
    // A backtick before the closing quote would escape it.
    if value.ends_with('`') {
        return format!("'{}'", value.replace('\'', "''"));
    }
    format!("\"{}\"", value.replace('\'', "''").replace('"', "`\""))
}

/// Reads a date-time: RFC 3339, without zone (UTC), or a date alone (midnight UTC).
///
/// # Errors
/// A sentence about what is wrong, for a message.
///
/// ```
/// use dyngroup::language::literal::instant;
/// assert_eq!(instant("2025-01-01").unwrap(), instant("2025-01-01T01:00:00+01:00").unwrap());
/// assert!(instant("2025-02-30").is_err());
/// ```
pub fn instant(text: &str) -> Result<Timestamp, String> {
    let zoned: Result<Timestamp, _> = text.parse();
    if let Ok(instant) = zoned {
        return Ok(instant);
    }
    let shape_fits = text.len() >= 10
        && text.bytes().take(10).enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape_fits {
        return Err("a date-time looks like `2026-01-31T08:00:00Z` or `2026-01-31`".to_owned());
    }
    let local: Result<DateTime, _> =
        if text.len() == 10 { text.parse::<Date>().map(DateTime::from) } else { text.parse() };
    let in_utc = local.and_then(|local| local.to_zoned(jiff::tz::TimeZone::UTC));
    in_utc.map(|zoned| zoned.timestamp()).map_err(|_| "there is no such day or time".to_owned())
}

/// Reads an ISO 8601 duration of weeks, or of days, hours, minutes and seconds, in any letter case.
///
/// # Errors
/// A sentence about what is wrong, for a message.
///
/// ```
/// use dyngroup::language::literal::duration;
/// assert_eq!(duration("p1d").unwrap().as_hours(), 24);
/// assert_eq!(duration("P7DT3H").unwrap().as_hours(), 7 * 24 + 3);
/// assert!(duration("P1Y").is_err());
/// ```
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let shape = || "a duration looks like `P30D`, `P2W` or `P7DT3H`".to_owned();
    let upper = text.to_ascii_uppercase();
    let body = upper.strip_prefix('P').filter(|body| !body.is_empty()).ok_or_else(shape)?;
    let (date_part, time_part) = match body.split_once('T') {
        Some((_, "")) => return Err(shape()),
        Some((date_part, time_part)) => (date_part, time_part),
        None => (body, ""),
    };
    let mut seconds: i64 = 0;
    let mut rest = [date_part, time_part];
    for (part, units) in rest.iter_mut().zip([DATE_UNITS, TIME_UNITS]) {
        let mut units_left = units;
        while !part.is_empty() {
            let digits = part.find(|c: char| !c.is_ascii_digit()).ok_or_else(shape)?;
            let (number, tail) = part.split_at(digits);
            let unit = tail.chars().next().ok_or_else(shape)?;
            if unit == 'Y' || (unit == 'M' && units == DATE_UNITS) {
                return Err("years and months have no fixed length; count days, such as `P365D`".to_owned());
            }
            let at = units_left.iter().position(|&(name, _)| name == unit).ok_or_else(shape)?;
            let (_, seconds_each) = units_left.get(at).copied().ok_or_else(shape)?;
            // Weeks stand alone; the other units descend.
            units_left = if unit == 'W' { &[] } else { units_left.get(at + 1..).unwrap_or_default() };
            let number: i64 = number.parse().map_err(|_| shape())?;
            let added = number.checked_mul(seconds_each).and_then(|added| seconds.checked_add(added));
            seconds = added.filter(|&sum| sum <= DURATION_MAX_SECONDS).ok_or("the duration is too long")?;
            *part = tail.get(1..).unwrap_or_default();
        }
    }
    if date_part.contains('W') && !time_part.is_empty() {
        return Err(shape());
    }
    Ok(SignedDuration::from_secs(seconds))
}

/// The longest offset from the clock: ten thousand years, more than the calendar holds.
const DURATION_MAX_SECONDS: i64 = 10_000 * 366 * 86_400;

const DATE_UNITS: &[(char, i64)] = &[('W', 7 * 86_400), ('D', 86_400)];
const TIME_UNITS: &[(char, i64)] = &[('H', 3_600), ('M', 60), ('S', 1)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_their_shape() {
        let seconds = |text: &str| duration(text).map(|found| found.as_secs());
        assert_eq!(seconds("P2W"), Ok(14 * 86_400));
        assert_eq!(seconds("PT1H30M5S"), Ok(5_405));
        assert_eq!(seconds("P0D"), Ok(0));
        for refused in [
            "", "P", "PT", "P1DT", "1D", "P-1D", "P1H", "PT1D", "P1M", "P1Y2D", "P1WT1H", "P1W1D", "P1S",
            "P1.5D",
        ] {
            assert!(duration(refused).is_err(), "{refused}");
        }
        assert!(duration("P99999999999D").is_err());
    }

    #[test]
    fn instants_without_zone_are_utc() {
        assert_eq!(instant("2018-01-01T06:00:00").unwrap(), instant("2018-01-01T06:00:00Z").unwrap());
        for refused in ["", "today", "2025", "2025-13-01", "01/02/2025", "2025-01-01T25:00:00Z"] {
            assert!(instant(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn every_value_survives_quoting() {
        for value in ["", "'", "''", "\"", "`", "`\"", "a`", "\\", "“”", "'\"`'"] {
            assert_eq!(text_value(&quoted(value)), value, "{value}");
        }
    }
}
