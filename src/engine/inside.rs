//! Texts that a value can hold anywhere, found in one pass for all of them.

use aho_corasick::automaton::{Automaton, OverlappingState};
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Input, MatchKind};
use memchr::memmem::Finder;

/// Up to so many texts are searched for one after the other.
const FEW_TEXTS_MAX: usize = 3;

/// Up to so many bytes of texts together the automaton has a row for each state, which is quickest.
const FULL_ROWS_MAX_BYTES: usize = 1 << 14;

/// A search for many texts at once.
#[derive(Debug, Default)]
pub(super) enum Inside {
    #[default]
    Nothing,
    Few(Vec<Finder<'static>>),
    Many(Box<DFA>),
    /// As `Many`, slower and much smaller.
    VeryMany(Box<NFA>),
}

impl Inside {
    /// `texts` are not empty, each there once.
    pub(super) fn new(texts: &[Box<str>]) -> Self {
        if texts.is_empty() {
            return Self::Nothing;
        }
        let bytes = || texts.iter().map(|text| text.as_bytes());
        if texts.len() > FEW_TEXTS_MAX {
            if bytes().map(<[u8]>::len).sum::<usize>() <= FULL_ROWS_MAX_BYTES
                && let Ok(automaton) = DFA::builder().match_kind(MatchKind::Standard).build(bytes())
            {
                return Self::Many(Box::new(automaton));
            }
            if let Ok(automaton) = NFA::builder().match_kind(MatchKind::Standard).build(bytes()) {
                return Self::VeryMany(Box::new(automaton));
            }
        }
        Self::Few(bytes().map(|text| Finder::new(text).into_owned()).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Calls `found` with the place of each text that `value` holds, once or more.
    #[inline]
    pub(super) fn of(&self, value: &[u8], mut found: impl FnMut(u32)) {
        match self {
            Self::Nothing => {}
            Self::Few(finders) => {
                for (at, _) in (0..).zip(finders).filter(|(_, finder)| finder.find(value).is_some()) {
                    found(at);
                }
            }
            Self::Many(automaton) => all(automaton.as_ref(), value, found),
            Self::VeryMany(automaton) => all(automaton.as_ref(), value, found),
        }
    }
}

#[inline]
fn all(automaton: &impl Automaton, value: &[u8], mut found: impl FnMut(u32)) {
    let input = Input::new(value);
    let mut state = OverlappingState::start();
    // A plain search over everything is one that every automaton of this kind can do.
    while automaton.try_find_overlapping(&input, &mut state).is_ok()
        && let Some(matched) = state.get_match()
    {
        found(matched.pattern().as_u32());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(inside: &Inside, value: &str) -> Vec<u32> {
        let mut found = Vec::new();
        inside.of(value.as_bytes(), |at| found.push(at));
        found.sort_unstable();
        found.dedup();
        found
    }

    proptest! {
        #[test]
        fn all_texts_that_a_value_holds_are_found(
            texts in prop::collection::btree_set("[a-c]{1,3}", 0..9),
            value in "[a-c]{0,8}",
        ) {
            let texts: Vec<Box<str>> = texts.into_iter().map(Into::into).collect();
            let expected: Vec<u32> =
                (0..).zip(&texts).filter(|(_, text)| value.contains(&***text)).map(|(at, _)| at).collect();
            prop_assert_eq!(&found(&Inside::new(&texts), &value), &expected);
            if !texts.is_empty() {
                let automaton = NFA::builder().build(texts.iter().map(|text| text.as_bytes())).unwrap();
                prop_assert_eq!(found(&Inside::VeryMany(Box::new(automaton)), &value), expected);
            }
        }
    }
}
