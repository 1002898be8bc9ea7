//! The letter case folding under which rule constants and attribute values are compared.
//!
//! The service is taken to compare as .NET's `OrdinalIgnoreCase` does: each character is mapped to
//! its simple invariant upper case, with no culture, accent folding or normalisation, and no mapping
//! that changes the number of characters (`ß` stays `ß`).

use std::borrow::Cow;

/// `text` with every character in its invariant upper case.
///
/// ```
/// use dyngroup::base::fold::fold;
/// assert_eq!(fold("sALES"), fold("Sales"));
/// assert_ne!(fold("straße"), fold("STRASSE"));
/// assert_ne!(fold("ı"), fold("I"), "no Turkish rule");
/// ```
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase()) {
        return Cow::Borrowed(text);
    }
    if text.is_ascii() {
        return Cow::Owned(text.to_ascii_uppercase());
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// One character in its invariant upper case.
///
/// Dotless i (U+0131) and long s (U+017F) stay as they are: invariant casing never turns another
/// letter into an ASCII one. Characters outside the basic plane stay too: the comparison works on
/// UTF-16 code units, and half a pair has no case.
pub fn fold_char(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    if matches!(character, '\u{131}' | '\u{17f}') || u32::from(character) > 0xFFFF {
        return character;
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

/// A constant of a rule together with its folded form, so that folding happens once.
///
/// Equality looks at the folded form only: two constants that match the same values are equal.
#[derive(Clone, Debug)]
pub struct FoldedText {
    written: Box<str>,
    folded: Box<str>,
}

impl FoldedText {
    /// Keeps `written` and its folded form.
    pub fn new(written: &str) -> Self {
        Self { written: written.into(), folded: fold(written).into() }
    }

    /// The text as the author wrote it, escapes resolved.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// The text in the form in which values are compared.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl PartialEq for FoldedText {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for FoldedText {}

impl std::hash::Hash for FoldedText {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl PartialOrd for FoldedText {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FoldedText {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded.cmp(&other.folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_keeps_the_number_of_characters() {
        for text in ["ŉ", "ﬁ", "ß", "ǰ", "İ", "𐐨", "ſ", "Σςσ"] {
            assert_eq!(fold(text).chars().count(), text.chars().count(), "{text}");
        }
        assert_eq!(fold("ς"), fold("σ"), "both have the same upper case");
        assert_eq!(fold("𐐨"), "𐐨", "no case outside the basic plane");
    }
}
