//! Where patterns and plain tests differ on letter case.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::base::fold::fold_char;

/// Whether a pattern and a plain test take the same letters for each letter of `text`.
///
/// Patterns go by the lower case of a letter, plain tests by its upper case. For nearly all letters that
/// is the same, but not for `ς`, `ß`, `µ` and their likes. The letter-like symbols for kelvin, ångström
/// and ohm, which a pattern takes for `k`, `å` and `ω`, are left out of account: no name is written with
/// them, and `k` would be in doubt everywhere.
pub(super) fn is_plain(text: &str) -> bool {
    text.is_ascii() || text.chars().all(|character| !DIFFERING.contains(&character))
}

const SYMBOLS: [char; 3] = ['\u{212A}', '\u{212B}', '\u{2126}'];

/// The letters that patterns and plain tests put together with different other ones.
static DIFFERING: LazyLock<HashSet<char>> = LazyLock::new(|| {
    let letters = || ('\0'..='\u{FFFF}').filter(|character| !SYMBOLS.contains(character));
    let (by_lower, by_upper) = (families(letters(), lower), families(letters(), fold_char));
    letters().filter(|&letter| by_lower.get(&lower(letter)) != by_upper.get(&fold_char(letter))).collect()
});

/// The letters that `case` maps to one letter, for each such letter.
fn families(letters: impl Iterator<Item = char>, case: fn(char) -> char) -> HashMap<char, Vec<char>> {
    let mut families: HashMap<char, Vec<char>> = HashMap::new();
    for letter in letters {
        families.entry(case(letter)).or_default().push(letter);
    }
    families
}

/// The lower case where it is one letter.
fn lower(letter: char) -> char {
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::pattern::Pattern;
    use super::*;
    use crate::base::fold::fold;

    #[test]
    fn letters_that_are_plain_match_alike() {
        let letters =
            ['k', 'å', 'é', 'Ж', 'σ', 'ς', 'ß', 'ẞ', 'µ', 'μ', 'ı', 'ſ', 'İ', 'i', 's', 'Ǆ', 'ǅ', '7'];
        for constant in letters {
            let pattern = Pattern::new(&constant.to_string()).expect("a letter");
            let differs = letters.iter().any(|letter| {
                let value = letter.to_string();
                pattern.is_match(&value) != Ok(fold(&value) == fold(&constant.to_string()))
            });
            assert_eq!(is_plain(&constant.to_string()), !differs, "{constant}");
        }
    }
}
