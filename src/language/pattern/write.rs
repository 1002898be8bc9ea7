//! From the tree of a pattern to the text of an equal one for the engines that run it.
//!
//! Only the answer counts, not which part matched. So what stands first or last in the pattern may
//! take the characters that a look-around or `$` there only looks at, and stays linear.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::PatternError;
use super::casing::{each_variant, each_variant_of_range};
use super::read::Read;
use super::tree::{Anchor, Class, Condition, Item, Kind, Node, Set};
use super::unit::unit_of;

/// A pattern in the syntax of the engines.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) text: String,
    /// Whether it needs the back-tracking engine.
    pub(super) backtracking: bool,
}

/// Writes a whole pattern.
pub(super) fn write(tree: &Node) -> Read<Written> {
    let mut writer = Writer::new(captures(tree)?);
    writer.node(tree, Place { head: true, tail: true }, Level::Either);
    Ok(Written { text: writer.out, backtracking: writer.backtracking })
}

/// Writes one class, in brackets.
pub(super) fn write_class(class: &Class) -> String {
    let mut writer = Writer::new(HashMap::new());
    writer.class(class);
    writer.out
}

/// The groups that are referred to, by number, and their place among those that capture.
fn captures(tree: &Node) -> Read<HashMap<u32, usize>> {
    let wanted = references(tree);
    let mut captures = HashMap::new();
    let mut refused = None;
    tree.walk(&mut |node| match &node.kind {
        Kind::Group { node: inside, slot: Some(slot) } if wanted.contains(slot) => {
            captures.insert(*slot, captures.len() + 1);
            // The engine overwrites the start of the capture as soon as the group is entered again.
            if references(inside).contains(slot) {
                refused = Some((node.span, "a reference to a group from its inside is not supported"));
            }
        }
        // .NET reads a look-behind from right to left, which decides what a group captures.
        Kind::Look { node: inside, behind: true, .. } if uses(inside, &wanted) => {
            refused = Some((node.span, "a look-behind with groups that are referred to is not supported"));
        }
        _ => {}
    });
    match refused {
        Some((span, message)) => Err(PatternError { span, message: message.to_owned(), unsupported: true }),
        None => Ok(captures),
    }
}

/// The numbers of the groups that something in `tree` refers to.
fn references(tree: &Node) -> BTreeSet<u32> {
    let mut slots = BTreeSet::new();
    tree.walk(&mut |node| match node.kind {
        Kind::Back { slot, .. } | Kind::If { condition: Condition::Captured(slot), .. } => {
            slots.insert(slot);
        }
        _ => {}
    });
    slots
}

/// Whether a group that is referred to, or a reference, lies in `tree`.
fn uses(tree: &Node, wanted: &BTreeSet<u32>) -> bool {
    let mut found = false;
    tree.walk(&mut |node| {
        found |= match &node.kind {
            Kind::Group { slot: Some(slot), .. } => wanted.contains(slot),
            Kind::Back { .. } | Kind::If { .. } => true,
            _ => false,
        };
    });
    found
}

/// How tightly a part has to hold together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Branches may stand free.
    Either,
    /// Several parts may stand free.
    Sequence,
    /// One part only: a quantifier follows.
    Single,
}

/// Whether anything has to match before or after a part.
#[derive(Clone, Copy)]
struct Place {
    head: bool,
    tail: bool,
}

const WITHIN: Place = Place { head: false, tail: false };

struct Writer {
    out: String,
    captures: HashMap<u32, usize>,
    wanted: BTreeSet<u32>,
    backtracking: bool,
}

impl Writer {
    fn new(captures: HashMap<u32, usize>) -> Self {
        let wanted = captures.keys().copied().collect();
        Self { out: String::new(), captures, wanted, backtracking: false }
    }

    fn node(&mut self, node: &Node, place: Place, level: Level) {
        match &node.kind {
            Kind::Empty => {}
            Kind::Literal { unit, fold } => self.literal(*unit, *fold),
            Kind::Dot { feed } => self.out.push_str(if *feed { "(?s:.)" } else { "." }),
            Kind::Class(class) => self.class(class),
            Kind::Anchor(anchor) => self.anchor(*anchor, place),
            Kind::Sequence(nodes) if level > Level::Sequence => self.wrapped("(?:", |writer| {
                writer.sequence(nodes, place);
            }),
            Kind::Sequence(nodes) => self.sequence(nodes, place),
            Kind::Either(nodes) if level > Level::Either => self.wrapped("(?:", |writer| {
                writer.either(nodes, place);
            }),
            Kind::Either(nodes) => self.either(nodes, place),
            Kind::Repeat { node, min, max, lazy } => self.repeat(node, (*min, *max), *lazy, place, level),
            Kind::Group { node, slot: Some(slot) } if self.captures.contains_key(slot) => {
                self.wrapped("(", |writer| writer.node(node, WITHIN, Level::Either));
            }
            Kind::Group { node, .. } => self.node(node, place, level),
            Kind::Look { node, behind, negative } => self.look(node, *behind, *negative, place, level),
            // With nothing after it there is nothing that would make the group try another way.
            Kind::Atomic(node) if place.tail && !self.uses(node) => self.node(node, place, level),
            Kind::Atomic(node) => {
                self.backtracking = true;
                self.wrapped("(?>", |writer| writer.node(node, WITHIN, Level::Either));
            }
            Kind::Back { slot, fold } => self.back(*slot, *fold),
            Kind::If { condition, yes, no } => self.conditional(condition, yes, no, place),
        }
    }

    fn uses(&self, node: &Node) -> bool {
        uses(node, &self.wanted)
    }

    fn wrapped(&mut self, open: &str, content: impl FnOnce(&mut Self)) {
        self.out.push_str(open);
        content(self);
        self.out.push(')');
    }

    fn sequence(&mut self, nodes: &[Node], place: Place) {
        for (index, node) in nodes.iter().enumerate() {
            let (head, tail) = (place.head && index == 0, place.tail && index + 1 == nodes.len());
            self.node(node, Place { head, tail }, Level::Sequence);
        }
    }

    fn either(&mut self, nodes: &[Node], place: Place) {
        for (index, node) in nodes.iter().enumerate() {
            if index > 0 {
                self.out.push('|');
            }
            self.node(node, place, Level::Sequence);
        }
    }

    fn repeat(
        &mut self,
        node: &Node,
        (min, max): (u32, Option<u32>),
        lazy: bool,
        place: Place,
        level: Level,
    ) {
        let uses = self.uses(node);
        if !uses && (max == Some(0) || (min == 0 && node.is_empty_width())) {
            return;
        }
        if (min, max) == (1, Some(1)) || (!uses && node.is_empty_width()) {
            return self.node(node, place, level);
        }
        if level == Level::Single {
            return self
                .wrapped("(?:", |writer| writer.repeat(node, (min, max), lazy, place, Level::Sequence));
        }
        // The engine repeats no look-around, and a group that is never tried still has its number.
        if max == Some(0) || node.is_empty_width() {
            self.backtracking = true;
            return self.wrapped("(?:", |writer| {
                writer.out.push_str(if max == Some(0) { "(?!)" } else { "" });
                writer.node(node, WITHIN, Level::Sequence);
                writer.out.push_str(if min == 0 { "|" } else { "" });
            });
        }
        let inner = if max == Some(1) { place } else { WITHIN };
        self.node(node, inner, Level::Single);
        let _ = match (min, max) {
            (0, None) => write!(self.out, "*"),
            (1, None) => write!(self.out, "+"),
            (0, Some(1)) => write!(self.out, "?"),
            (min, None) => write!(self.out, "{{{min},}}"),
            (min, Some(max)) if min == max => write!(self.out, "{{{min}}}"),
            (min, Some(max)) => write!(self.out, "{{{min},{max}}}"),
        };
        if lazy {
            self.out.push('?');
        }
    }

    fn anchor(&mut self, anchor: Anchor, place: Place) {
        let text = match anchor {
            Anchor::Start => r"\A",
            Anchor::End => r"\z",
            Anchor::EndOrFeed if place.tail => r"(?:\x{A}?\z)",
            Anchor::EndOrFeed => {
                self.backtracking = true;
                r"(?=\x{A}?\z)"
            }
            Anchor::LineStart => "(?m:^)",
            Anchor::LineEnd => "(?m:$)",
            Anchor::Border => r"\b",
            Anchor::NoBorder => r"\B",
        };
        self.out.push_str(text);
    }

    fn look(&mut self, node: &Node, behind: bool, negative: bool, place: Place, level: Level) {
        let uses = self.uses(node);
        let at_edge = if behind { place.head } else { place.tail };
        if at_edge && !negative && !uses {
            return self.node(node, place, level);
        }
        self.backtracking = true;
        let open = match (behind, negative) {
            (false, false) => "(?=",
            (false, true) => "(?!",
            (true, false) => "(?<=",
            (true, true) => "(?<!",
        };
        let inner = Place { head: behind, tail: !behind };
        let content =
            |writer: &mut Self| writer.wrapped(open, |writer| writer.node(node, inner, Level::Either));
        // .NET does not go back into a look-around for another capture.
        if uses && !negative { self.wrapped("(?>", content) } else { content(self) }
    }

    fn back(&mut self, slot: u32, fold: bool) {
        self.backtracking = true;
        let index = self.captures.get(&slot).copied().unwrap_or_default();
        let _ = write!(self.out, "(?{}:\\{index})", if fold { "i" } else { "" });
    }

    fn conditional(&mut self, condition: &Condition, yes: &Node, no: &Node, place: Place) {
        let start = self.out.len();
        match condition {
            Condition::Captured(slot) => {
                let index = self.captures.get(slot).copied().unwrap_or_default();
                // The engine keeps the other ways to match a group only if a reference to it follows,
                // and does not count a condition. One that is repeated no time asks for nothing.
                let _ = write!(self.out, "(?:(?:\\{index}){{0}}(?({index})");
            }
            Condition::Ahead(node) => self.wrapped("(?(", |writer| {
                let inner = Place { head: false, tail: true };
                writer.wrapped("(?=", |writer| writer.node(node, inner, Level::Either));
            }),
        }
        let branches = self.out.len();
        let inner = Place { head: false, tail: place.tail };
        self.node(yes, inner, Level::Sequence);
        self.out.push('|');
        self.node(no, inner, Level::Sequence);
        // The engine takes a condition with two empty branches for something to match.
        if self.out.len() == branches + 1 {
            if !matches!(condition, Condition::Ahead(node) if self.uses(node)) {
                return self.out.truncate(start);
            }
            self.out.insert_str(branches, "(?=)");
        }
        self.backtracking = true;
        self.out.push_str(if matches!(condition, Condition::Captured(_)) { "))" } else { ")" });
    }

    fn literal(&mut self, unit: char, fold: bool) {
        let mut variants = Vec::new();
        if fold {
            each_variant(unit, |variant| variants.push(variant));
        }
        if variants.is_empty() {
            return self.unit(unit);
        }
        self.out.push('[');
        self.unit(unit);
        for variant in variants {
            self.unit(variant);
        }
        self.out.push(']');
    }

    /// One unit for itself, in brackets and outside.
    fn unit(&mut self, unit: char) {
        if unit.is_ascii_alphanumeric() || !unit.is_ascii() {
            self.out.push(unit);
        } else {
            let _ = write!(self.out, "\\x{{{:X}}}", u32::from(unit));
        }
    }

    fn class(&mut self, class: &Class) {
        if class.minus.is_some() {
            self.out.push('[');
        }
        self.out.push_str(if class.negated { "[^" } else { "[" });
        for item in &class.items {
            match *item {
                Item::Range(first, last) => self.range(first, last, class.fold),
                Item::Named { set, negated } => self.set(set, negated),
            }
        }
        self.out.push(']');
        if let Some(minus) = &class.minus {
            self.out.push_str("--");
            self.class(minus);
            self.out.push(']');
        }
    }

    fn range(&mut self, first: u16, last: u16, fold: bool) {
        for (low, high) in [(0, 0xD7FF), (0xD800, 0xDFFF), (0xE000, u16::MAX)] {
            let (low, high) = (first.max(low), last.min(high));
            if low <= high {
                self.unit(unit_of(low));
            }
            if low < high {
                self.out.push('-');
                self.unit(unit_of(high));
            }
        }
        if fold {
            each_variant_of_range(first, last, |unit| self.unit(unit));
        }
    }

    fn set(&mut self, set: Set, negated: bool) {
        let surrogates = format!("{}-{}", unit_of(0xD800), unit_of(0xDFFF));
        let members = match set {
            Set::Space => return self.out.push_str(if negated { r"\S" } else { r"\s" }),
            Set::Digit => return self.out.push_str(if negated { r"\D" } else { r"\d" }),
            Set::Word => r"\p{L}\p{Mn}\p{Nd}\p{Pc}",
            Set::Cased => r"\p{Lu}\p{Ll}\p{Lt}",
            Set::Category("Cs") => &surrogates,
            Set::Category("Co") => "\u{E000}-\u{F8FF}",
            Set::Category(name) => {
                let _ = write!(self.out, "\\{}{{{name}}}", if negated { 'P' } else { 'p' });
                return;
            }
        };
        if negated {
            let _ = write!(self.out, "[^{members}]");
        } else {
            self.out.push_str(members);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::read;
    use super::*;

    fn written(source: &str) -> String {
        write(&read(source).expect(source)).expect(source).text
    }

    #[test]
    fn what_is_written_stays_small() {
        for (source, expected) in [
            ("^Lag.*", r"\A[Ll][aA][gG].*"),
            (r"@x\.nl$", r"\x{40}[xX]\x{2E}[nN][lL](?:\x{A}?\z)"),
            ("(a|(?:1)b){2,}?", "(?:[aA]|1[bB]){2,}?"),
            ("(?-i)(?:ab)*c", "(?:ab)*c"),
            ("(?-i)[a-z-[k]]", "[[a-z]--[k]]"),
            (r"(a)(b)\2", r"[aA]([bB])(?i:\1)"),
            (r"(?-i)(?s:.)\W", r"(?s:.)[[^\p{L}\p{Mn}\p{Nd}\p{Pc}]]"),
            ("(?-i)a(?!b$)c", r"a(?!b(?:\x{A}?\z))c"),
        ] {
            assert_eq!(written(source), expected, "{source}");
        }
    }
}
