//! Making up a text that a pattern matches.

use std::collections::HashMap;

use regex_syntax::hir::{Class as Ranges, ClassUnicodeRange, HirKind};

use super::tree::{Class, Condition, Kind, Node};
use super::write::write_class;
use crate::base::limits::REGEX_SAMPLE_MAX_CHARACTERS;

/// What a class gives if it has it, the first first.
const FRIENDLY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_.@ /";

/// Candidates for a text that `tree` matches, as code units. Anchors and negative look-arounds are
/// not minded, so each has to be tried.
pub(super) fn samples(tree: &Node) -> impl Iterator<Item = String> {
    [false, true].into_iter().filter_map(|looks| Sampler { looks, captured: HashMap::new() }.node(tree))
}

struct Sampler {
    /// Whether positive look-arounds add their text.
    looks: bool,
    captured: HashMap<u32, String>,
}

impl Sampler {
    /// A short text for `node`; nothing if there is none or it is too long.
    fn node(&mut self, node: &Node) -> Option<String> {
        let text = match &node.kind {
            Kind::Literal { unit, .. } => unit.to_string(),
            Kind::Dot { .. } => "a".to_owned(),
            Kind::Class(class) => friendly(class)?.to_string(),
            Kind::Sequence(nodes) => nodes.iter().map(|node| self.node(node)).collect::<Option<_>>()?,
            Kind::Either(nodes) => {
                nodes.iter().filter_map(|node| self.node(node)).min_by_key(|text| text.chars().count())?
            }
            Kind::Repeat { node, min, .. } => self.repeated(node, *min)?,
            Kind::Group { node, slot } => {
                let text = self.node(node)?;
                if let Some(slot) = *slot {
                    self.captured.insert(slot, text.clone());
                }
                text
            }
            Kind::Look { node, negative: false, .. } if self.looks => self.node(node)?,
            Kind::Empty | Kind::Anchor(_) | Kind::Look { .. } => String::new(),
            Kind::Atomic(node) => self.node(node)?,
            Kind::Back { slot, .. } => self.captured.get(slot)?.clone(),
            Kind::If { condition: Condition::Captured(slot), yes, no } => {
                self.node(if self.captured.contains_key(slot) { yes } else { no })?
            }
            Kind::If { yes, .. } => self.node(yes)?,
        };
        (text.chars().count() <= REGEX_SAMPLE_MAX_CHARACTERS).then_some(text)
    }

    fn repeated(&mut self, node: &Node, times: u32) -> Option<String> {
        if times == 0 {
            return Some(String::new());
        }
        let text = self.node(node)?;
        let times = usize::try_from(times).ok()?;
        (text.len().checked_mul(times)? <= REGEX_SAMPLE_MAX_CHARACTERS).then(|| text.repeat(times))
    }
}

/// A letter or digit of the class if it has one.
fn friendly(class: &Class) -> Option<char> {
    let hir = regex_syntax::parse(&write_class(class)).ok()?;
    match hir.kind() {
        HirKind::Class(Ranges::Unicode(ranges)) => {
            let has = |unit: &char| ranges.iter().any(|range| (range.start()..=range.end()).contains(unit));
            FRIENDLY.chars().find(has).or_else(|| ranges.iter().next().map(ClassUnicodeRange::start))
        }
        HirKind::Class(Ranges::Bytes(ranges)) => ranges.iter().next().map(|range| char::from(range.start())),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok()?.chars().next(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;

    #[test]
    fn a_sample_is_short_and_matches() {
        for (source, expected) in [
            ("^Lag", Some("Lag")),
            (r".*@contoso\.com$", Some("@contoso.com")),
            ("^[a-zA-Z]{3}-d*[13579]", Some("aaa-1")),
            ("^.{4}[01234567]", Some("aaaa0")),
            ("^.+#EXT#@.+$", Some("a#EXT#@a")),
            ("Commander|Earl|Captain", Some("Earl")),
            (r"\w\d\s\S\W", Some("a0 a-")),
            (r"^\p{IsGreek}[^\0-\u2FFF]", Some("Ͱ\u{3000}")),
            (r"(\w)x\1", Some("axa")),
            ("^(?!.*svc).*@", Some("@")),
            ("a(?=b)", Some("ab")),
            ("a(?=b)b", Some("ab")),
            ("(?<=a)b", Some("ab")),
            ("^(a)?(?(1)b|c)$", Some("c")),
            ("a{0}b{2,}", Some("bb")),
            ("", Some("")),
            // None that could be made up.
            ("a^b", None),
            ("[a-[a]]", None),
            ("x{2000}", None),
            (r"\uD83D", None),
        ] {
            let pattern = Pattern::new(source).expect(source);
            let sample = pattern.sample();
            assert_eq!(sample.as_deref(), expected, "{source}");
            assert!(sample.is_none_or(|sample| pattern.is_match(&sample) == Ok(true)), "{source}");
        }
    }
}
