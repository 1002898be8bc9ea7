//! Which code units are the same when case is ignored: those with the same invariant lower case.
//!
//! This is finer than Unicode case folding: `k` is also the Kelvin sign, but `s` is not the long
//! `ſ`, nor `σ` the final `ς`. Pairs that only a culture joins (`i` and `İ`) stay apart.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::unit::{code_of, unit_of};

/// The Kelvin sign, whose lower case is the only ASCII letter that a letter outside ASCII reaches.
const KELVIN: char = '\u{212A}';

/// Calls `add` with each unit other than `unit` that has the same lower case.
pub(super) fn each_variant(unit: char, mut add: impl FnMut(char)) {
    if unit.is_ascii() {
        if unit.is_ascii_alphabetic() {
            add(flipped(unit));
        }
        if matches!(unit, 'k' | 'K') {
            add(KELVIN);
        }
        return;
    }
    for &variant in table().get(&code_of(unit)).map(Vec::as_slice).unwrap_or_default() {
        if variant != unit {
            add(variant);
        }
    }
}

/// Calls `add` with each case variant of each unit from `first` to `last`, outside that range.
pub(super) fn each_variant_of_range(first: u16, last: u16, mut add: impl FnMut(char)) {
    let mut add_outside = |unit| {
        if !(first..=last).contains(&code_of(unit)) {
            add(unit);
        }
    };
    if last < 0x80 {
        return (first..=last).for_each(|code| each_variant(unit_of(code), &mut add_outside));
    }
    for variants in table().range(first..=last).map(|(_, variants)| variants) {
        variants.iter().copied().for_each(&mut add_outside);
    }
}

fn flipped(letter: char) -> char {
    if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() }
}

/// All units that share their lower case with another one, each with the whole family.
fn table() -> &'static BTreeMap<u16, Vec<char>> {
    static TABLE: OnceLock<BTreeMap<u16, Vec<char>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut families = BTreeMap::<char, Vec<char>>::new();
        for unit in (0..=u16::MAX).filter_map(|code| char::from_u32(u32::from(code))) {
            families.entry(lower(unit)).or_default().push(unit);
        }
        families
            .into_values()
            .filter(|family| family.len() > 1)
            .flat_map(|family| family.clone().into_iter().map(move |unit| (code_of(unit), family.clone())))
            .collect()
    })
}

/// The lower case where it is one unit.
fn lower(unit: char) -> char {
    let mut lower = unit.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) if u32::from(single) <= 0xFFFF => single,
        _ => unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants(unit: char) -> String {
        let mut found = Vec::new();
        each_variant(unit, |variant| found.push(variant));
        found.sort_unstable();
        found.into_iter().collect()
    }

    #[test]
    fn variants_share_their_lower_case() {
        for (unit, expected) in [
            ('a', "A"),
            ('K', "k\u{212A}"),
            ('\u{212A}', "Kk"),
            ('s', "S"),
            ('ſ', ""),
            ('i', "I"),
            ('İ', ""),
            ('ı', ""),
            ('Σ', "σ"),
            ('ς', ""),
            ('å', "Å\u{212B}"),
            ('ß', "ẞ"),
            ('ǅ', "Ǆǆ"),
            ('7', ""),
        ] {
            assert_eq!(variants(unit), expected, "{unit}");
        }
    }

    #[test]
    fn the_short_way_for_ascii_agrees_with_the_table() {
        for unit in (0..0x80).filter_map(char::from_u32) {
            let mut family: Vec<char> = variants(unit).chars().chain([unit]).collect();
            family.sort_unstable();
            let listed = table().get(&code_of(unit)).cloned().unwrap_or_else(|| vec![unit]);
            assert_eq!(family, listed, "{unit:?}");
        }
        let mut outside = Vec::new();
        each_variant_of_range(u16::from(b'j'), 0x100, |unit| outside.push(unit));
        outside.sort_unstable();
        outside.dedup();
        assert!(
            outside.starts_with(&['J', 'K', 'L'])
                && outside.contains(&'\u{101}')
                && outside.contains(&KELVIN)
        );
        assert!(!outside.contains(&'k') && !outside.contains(&'é'), "inside the range already");
    }
}
