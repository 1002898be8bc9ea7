//! Texts that a value has to hold for a pattern to match it: they spare most values the pattern.

use super::tree::{Anchor, Kind, Node};

/// Texts of which every ASCII value that a pattern matches holds at least one, letter case aside.
///
/// Of other values it says nothing: there letters match that are no ASCII letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredText {
    /// The texts: ASCII, none of them empty, at least one.
    pub texts: Vec<String>,
    /// Whether the value begins with the text.
    pub at_start: bool,
}

/// More alternatives than this are not worth looking for.
const ALTERNATIVES_MAX: usize = 32;

/// What a text at the start of the value is worth, in characters of a text anywhere.
const START_WORTH: usize = 2;

/// The best required text of a pattern, if it has one.
pub(super) fn required(tree: &Node) -> Option<RequiredText> {
    let mut search = Search { at_start: false, nothing_taken: true, run: Run::default(), best: None };
    search.node(tree);
    search.end_run();
    search.best
}

struct Search {
    /// Whether a start anchor was passed.
    at_start: bool,
    /// Whether everything so far takes no character.
    nothing_taken: bool,
    run: Run,
    best: Option<RequiredText>,
}

/// Literals one after the other.
#[derive(Default)]
struct Run {
    text: String,
    at_start: bool,
}

impl Search {
    /// Walks over parts that every match goes through, in their order.
    fn node(&mut self, node: &Node) {
        match &node.kind {
            Kind::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Kind::Group { node, .. } => self.node(node),
            Kind::Literal { unit, .. } if unit.is_ascii() => self.literal(*unit),
            Kind::Anchor(Anchor::Start) => self.at_start |= self.nothing_taken,
            // What takes nothing does not part its neighbours.
            _ if node.is_empty_width() => {}
            Kind::Repeat { node, min: 1.., .. } => {
                // Once is certain, and what follows it is not known.
                self.node(node);
                self.end_run();
            }
            Kind::Either(nodes) => {
                self.end_run();
                self.either(nodes);
                self.nothing_taken = false;
            }
            _ => {
                self.end_run();
                self.nothing_taken = false;
            }
        }
    }

    fn literal(&mut self, unit: char) {
        if self.run.text.is_empty() {
            self.run.at_start = self.at_start && self.nothing_taken;
        }
        self.run.text.push(unit);
        self.nothing_taken = false;
    }

    fn end_run(&mut self) {
        let Run { text, at_start } = std::mem::take(&mut self.run);
        if !text.is_empty() {
            self.propose(RequiredText { texts: vec![text], at_start });
        }
    }

    /// Some text of each branch.
    fn either(&mut self, branches: &[Node]) {
        let anchored = self.at_start && self.nothing_taken;
        let mut found = RequiredText { texts: Vec::new(), at_start: true };
        for branch in branches {
            let mut search = Search {
                at_start: anchored,
                nothing_taken: self.nothing_taken,
                run: Run::default(),
                best: None,
            };
            search.node(branch);
            search.end_run();
            let Some(best) = search.best else { return };
            found.texts.extend(best.texts);
            found.at_start &= best.at_start;
        }
        if found.texts.len() <= ALTERNATIVES_MAX {
            self.propose(found);
        }
    }

    fn propose(&mut self, found: RequiredText) {
        if self.best.as_ref().is_none_or(|best| worth(&found) > worth(best)) {
            self.best = Some(found);
        }
    }
}

fn worth(required: &RequiredText) -> usize {
    let shortest = required.texts.iter().map(String::len).min().unwrap_or(0);
    shortest + if required.at_start { START_WORTH } else { 0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;

    fn described(source: &str) -> String {
        let Some(required) = Pattern::new(source).expect(source).required_text() else {
            return "-".to_owned();
        };
        format!("{}{}", if required.at_start { "^" } else { "" }, required.texts.join("|"))
    }

    #[test]
    fn the_best_text_is_what_no_match_can_do_without() {
        for (source, expected) in [
            ("^Da.*", "^Da"),
            (r"\Aa\d", "^a"),
            ("Da", "Da"),
            ("^(senior|lead) .*consultant$", "consultant"),
            ("^(senior|lead).*x$", "^senior|lead"),
            ("^CC8[0-4][0-9]{2}$", "^CC8"),
            (r"^.*\(Ext\)$", "(Ext)"),
            ("^(HR|IT)", "^HR|IT"),
            ("HR|^IT", "HR|IT"),
            ("a|[0-9]", "-"),
            ("^E0*81", "^E"),
            ("^ab*", "^a"),
            ("x+yz", "yz"),
            ("ab+c", "ab"),
            ("(?:ab){2,}", "ab"),
            (r"a\bb", "ab"),
            ("(?=x)ab", "ab"),
            ("^*ab", "ab"),
            ("(^a|b)c", "a|b"),
            ("(^)ab", "^ab"),
            ("(?m)^ab", "ab"),
            ("a{0}bc", "bc"),
            ("kéab", "ab"),
            ("[ab]", "-"),
            (".*", "-"),
            ("", "-"),
        ] {
            assert_eq!(described(source), expected, "{source}");
        }
    }

    fn pattern() -> impl Strategy<Value = String> {
        let atom = prop_oneof![4 => "[a-cA]", 1 => Just("^".to_owned()), 1 => Just(".".to_owned()), 1 => Just("$".to_owned())];
        atom.prop_recursive(4, 24, 4, |part| {
            prop_oneof![
                4 => prop::collection::vec(part.clone(), 1..4).prop_map(|parts| parts.concat()),
                2 => prop::collection::vec(part.clone(), 2..4).prop_map(|parts| format!("({})", parts.join("|"))),
                2 => (part, prop::sample::select(vec!["*", "+", "?", "{2}", "{0,1}"]))
                    .prop_map(|(part, times)| format!("(?:{part}){times}")),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_match_holds_a_required_text(source in pattern(), value in "[a-cA-C]{0,6}") {
            let pattern = Pattern::new(&source).expect("a pattern");
            let Some(required) = pattern.required_text() else { return Ok(()) };
            if pattern.is_match(&value) == Ok(true) {
                let value = value.to_ascii_uppercase();
                let holds = |text: &String| {
                    let text = text.to_ascii_uppercase();
                    if required.at_start { value.starts_with(&text) } else { value.contains(&text) }
                };
                prop_assert!(required.texts.iter().any(holds), "{} {:?}", source, required);
            }
        }
    }
}
