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

/// Texts that `tree` requires: every one of them speaks for itself.
pub(super) fn required(tree: &Node) -> Vec<RequiredText> {
    let mut search = Search::new(false, true);
    search.node(tree);
    search.end_run();
    search.found
}

struct Search {
    /// Whether a start anchor was passed.
    at_start: bool,
    /// Whether everything so far takes no character.
    nothing_taken: bool,
    run: Run,
    found: Vec<RequiredText>,
}

/// Literals one after the other.
#[derive(Default)]
struct Run {
    text: String,
    at_start: bool,
}

impl Search {
    fn new(at_start: bool, nothing_taken: bool) -> Self {
        Self { at_start, nothing_taken, run: Run::default(), found: Vec::new() }
    }

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
            self.found.push(RequiredText { texts: vec![text], at_start });
        }
    }

    /// Some text of each branch.
    fn either(&mut self, branches: &[Node]) {
        let anchored = self.at_start && self.nothing_taken;
        let mut found = RequiredText { texts: Vec::new(), at_start: true };
        for branch in branches {
            let mut search = Search::new(anchored, self.nothing_taken);
            search.node(branch);
            search.end_run();
            let length = |required: &RequiredText| required.texts.iter().map(String::len).min();
            let Some(longest) = search.found.into_iter().max_by_key(length) else { return };
            found.texts.extend(longest.texts);
            found.at_start &= longest.at_start;
        }
        if found.texts.len() <= ALTERNATIVES_MAX {
            self.found.push(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;
    use super::RequiredText;

    fn described(source: &str) -> String {
        let required = Pattern::new(source).expect(source).required_texts();
        let words = |required: &RequiredText| {
            format!("{}{}", if required.at_start { "^" } else { "" }, required.texts.join("|"))
        };
        required.iter().map(words).collect::<Vec<_>>().join(" & ")
    }

    #[test]
    fn no_match_can_do_without_any_of_the_texts() {
        for (source, expected) in [
            ("^Da.*", "^Da"),
            (r"\Aa\d", "^a"),
            ("Da", "Da"),
            ("^(senior|lead) .*consultant$", "^senior|lead &   & consultant"),
            ("^CC8[0-4][0-9]{2}$", "^CC8"),
            (r"^.*\(Ext\)$", "(Ext)"),
            ("^(HR|IT)", "^HR|IT"),
            ("HR|^IT", "HR|IT"),
            ("(a.bcd|e)f", "bcd|e & f"),
            ("a|[0-9]", ""),
            ("^E0*81", "^E & 81"),
            ("^ab*", "^a"),
            ("x+yz", "x & yz"),
            ("ab+c", "ab & c"),
            ("(?:ab){2,}", "ab"),
            (r"a\bb", "ab"),
            ("(?=x)ab", "ab"),
            ("^*ab", "ab"),
            ("(^a|b)c", "a|b & c"),
            ("(^|$)ab", "ab"),
            ("(^)ab", "^ab"),
            ("(?m)^ab", "ab"),
            ("a{0}bc", "bc"),
            ("kéab", "k & ab"),
            ("[ab]", ""),
            (".*", ""),
            ("", ""),
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
        fn every_match_holds_the_required_texts(source in pattern(), value in "[a-cA-C]{0,6}") {
            let pattern = Pattern::new(&source).expect("a pattern");
            if pattern.is_match(&value) == Ok(true) {
                let value = value.to_ascii_uppercase();
                for required in pattern.required_texts() {
                    let holds = |text: &String| {
                        let text = text.to_ascii_uppercase();
                        if required.at_start { value.starts_with(&text) } else { value.contains(&text) }
                    };
                    prop_assert!(required.texts.iter().any(holds), "{} {:?}", source, required);
                }
            }
        }
    }
}
