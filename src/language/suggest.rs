//! "Did you mean": the nearest known word, where one is near enough.

use std::borrow::Borrow;

use super::keyword::{WORDS, Word};

/// The candidate nearest to `written`, if it is near: at most a third of the letters differ.
///
/// ```
/// use dyngroup::language::suggest::nearest;
/// assert_eq!(nearest("departmnt", ["department", "displayName"]), Some("department"));
/// assert_eq!(nearest("zebra", ["department", "displayName"]), None);
/// ```
pub fn nearest<'word>(written: &str, candidates: impl IntoIterator<Item = &'word str>) -> Option<&'word str> {
    let lower = written.to_lowercase();
    let letters = lower.chars().count();
    // Longer words than any attribute have no near one, and distance costs time.
    if letters > WORD_MAX_CHARS {
        return None;
    }
    let allowed = (letters / 3).max(1);
    // Words of very different length are never near; finding that out is quicker than the distance.
    let could_be_near = |candidate: &&str| candidate.chars().count().abs_diff(letters) <= allowed;
    candidates
        .into_iter()
        .filter(could_be_near)
        .map(|candidate| (strsim::osa_distance(&lower, candidate.to_lowercase().borrow()), candidate))
        .filter(|&(distance, candidate)| distance <= allowed && distance < candidate.chars().count())
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// The operator nearest to `bare` (without hyphen), if one is near.
pub fn operator(bare: &str) -> Option<Word> {
    let near = nearest(bare, WORDS.iter().map(|&(written, _)| written.trim_start_matches('-')))?;
    Word::find(near)
}

/// No attribute, operator or value that is worth a suggestion is longer, in characters.
const WORD_MAX_CHARS: usize = 64;
