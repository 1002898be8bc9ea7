//! Which text each pattern waits for, of those that it requires.

use std::collections::HashMap;

use crate::base::fold::fold;
use crate::language::pattern::{Pattern, RequiredText};

/// A value has a given text of one character about this often, of two half of it, and so on.
const ONE_CHARACTER_SHARE: f64 = 0.5;

/// A text at the start is worth as many more characters.
const START_WORTH_CHARACTERS: u32 = 2;

/// For each of the patterns on one attribute the required text that is rarest; `None` without any.
///
/// What many patterns on an attribute require is common among its values: `Engineer` in job titles.
pub(super) fn gates(patterns: &[&Pattern]) -> Vec<Option<RequiredText>> {
    let all: Vec<Vec<RequiredText>> = patterns.iter().map(|pattern| pattern.required_texts()).collect();
    let mut uses: HashMap<String, f64> = HashMap::new();
    for required in all.iter().flatten() {
        for text in &required.texts {
            *uses.entry(fold(text).into_owned()).or_default() += 1.0;
        }
    }
    let count = f64::from(u32::try_from(patterns.len()).unwrap_or(u32::MAX));
    let share = |text: &str, at_start: bool| {
        let characters = u32::try_from(text.len()).unwrap_or(u32::MAX).min(30);
        let worth = characters + if at_start { START_WORTH_CHARACTERS } else { 0 };
        let others = uses.get(fold(text).as_ref()).map_or(0.0, |uses| uses - 1.0);
        ONE_CHARACTER_SHARE.powf(f64::from(worth)).max(others / count)
    };
    let shares = |required: &RequiredText| -> f64 {
        required.texts.iter().map(|text| share(text, required.at_start)).sum()
    };
    let rarest = |required: Vec<RequiredText>| {
        required.into_iter().min_by(|one, other| shares(one).total_cmp(&shares(other)))
    };
    all.into_iter().map(rarest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_wait_for_what_sets_them_apart() {
        let sources = [
            "^.*(Network|Sales) Engineer$",
            "^.*(Legal|Plant) Engineer$",
            "^.*(Tax|Field) Engineer$",
            "^Sales .*9$",
            "^[a-z]*$",
        ];
        let patterns: Vec<Pattern> = sources.iter().map(|source| Pattern::new(source).unwrap()).collect();
        let found = gates(&patterns.iter().collect::<Vec<_>>());
        let words = |gate: Option<RequiredText>| gate.map_or_else(String::new, |gate| gate.texts.join("|"));
        let found: Vec<String> = found.into_iter().map(words).collect();
        assert_eq!(found, ["Network|Sales", "Legal|Plant", "Tax|Field", "Sales ", ""]);
    }
}
