//! Beginnings and ends that values share.

use std::collections::HashMap;

/// Which side of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Its beginning.
    Start,
    /// Its end.
    End,
}

/// Shorter ones say nothing.
const AFFIX_MIN_CHARS: usize = 2;

/// So many are kept of one attribute and side.
const AFFIXES_MAX: usize = 8;

/// The beginnings or ends that at least `least` of the values share, those of most values first. Each value
/// comes with how often it is there. Of two that the same number of values share the longer one is kept.
///
/// A beginning ends where a word ends, or before a number; an end begins with `@` or behind a comma.
/// What all values share counts too, unless it ends inside a word.
pub(super) fn affixes<'a>(
    values: impl Iterator<Item = (&'a str, u64)> + Clone,
    side: Side,
    least: u64,
) -> Vec<&'a str> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    for (value, count) in values.clone() {
        for affix in cuts(value, side) {
            *counts.entry(affix).or_default() += count;
        }
    }
    if side == Side::Start
        && let Some(shared) = shared_start(values.clone().map(|(value, _)| value))
        // Not in the middle of a word.
        && shared.ends_with(|last: char| !last.is_alphabetic() && !last.is_whitespace())
    {
        counts.insert(shared, values.map(|(_, count)| count).sum());
    }
    let mut found: Vec<(&str, u64)> = counts
        .into_iter()
        .filter(|(affix, count)| *count >= least && affix.chars().count() >= AFFIX_MIN_CHARS)
        .collect();
    found.sort_unstable_by_key(|&(affix, count)| (std::cmp::Reverse((count, affix.len())), affix));
    let mut kept: Vec<(&str, u64)> = Vec::new();
    for (affix, count) in found {
        let is_within = |longer: &str| match side {
            Side::Start => longer.starts_with(affix),
            Side::End => longer.ends_with(affix),
        };
        if !kept.iter().any(|&(longer, of)| of == count && is_within(longer)) {
            kept.push((affix, count));
        }
    }
    kept.into_iter().map(|(affix, _)| affix).take(AFFIXES_MAX).collect()
}

/// What a value may be cut to.
fn cuts(value: &str, side: Side) -> Vec<&str> {
    let mut found = Vec::new();
    let mut before: Option<char> = None;
    for (at, here) in value.char_indices() {
        let Some(last) = before.replace(here) else { continue };
        let place = match side {
            Side::Start if last.is_alphanumeric() && here.is_whitespace() => Some(at),
            Side::Start if !last.is_alphanumeric() && !last.is_whitespace() => Some(at),
            Side::Start if last.is_alphabetic() && here.is_numeric() => Some(at),
            Side::End if here == '@' || last == ',' => Some(at),
            _ => None,
        };
        let cut = place.and_then(|place| match side {
            Side::Start => value.get(..place),
            Side::End => value.get(place..),
        });
        found.extend(cut);
    }
    found
}

/// What all values begin with, if that is none of them as a whole.
fn shared_start<'a>(mut values: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut shared = values.next()?;
    for value in values {
        let same = shared.chars().zip(value.chars()).take_while(|(one, other)| one == other);
        let length = same.map(|(one, _)| one.len_utf8()).sum();
        shared = shared.get(..length)?;
        if shared.is_empty() || shared.len() == value.len() {
            return None;
        }
    }
    Some(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(values: &[&'a str], side: Side, least: u64) -> Vec<&'a str> {
        affixes(values.iter().map(|value| (*value, 1)), side, least)
    }

    #[test]
    fn words_and_what_stands_before_numbers() {
        assert_eq!(found(&["STORE MANAGER", "STORE CLERK", "CLERK"], Side::Start, 2), ["STORE"]);
        assert_eq!(found(&["IE-2001", "IE-2002"], Side::Start, 2), ["IE-200"]);
        assert_eq!(found(&["IE-2001", "IE-3002", "x"], Side::Start, 2), ["IE-"]);
        assert_eq!(found(&["PC12", "PC34", "LAP1"], Side::Start, 2), ["PC"]);
        assert!(found(&["STORE", "STOCK"], Side::Start, 2).is_empty(), "inside a word");
    }

    #[test]
    fn domains_and_units() {
        assert_eq!(found(&["A@X.EXAMPLE", "B@X.EXAMPLE", "C@Y.EXAMPLE"], Side::End, 2), ["@X.EXAMPLE"]);
        let units = ["CN=A,OU=S,DC=X", "CN=B,OU=S,DC=X", "CN=C,OU=T,DC=X"];
        assert_eq!(found(&units, Side::End, 2), ["DC=X", "OU=S,DC=X"]);
    }
}
