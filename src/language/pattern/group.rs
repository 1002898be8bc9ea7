//! Reading what stands in parentheses.

use super::PatternError;
use super::read::{Options, Read, Reader, is_word};
use super::tree::{Anchor, Condition, Kind, Node};
use crate::base::span::Span;

/// How a group opens.
enum Opening {
    /// Its content follows, under this kind.
    Content(Role),
    /// `(?(`: a condition follows.
    Condition,
    /// `(?i)`: it only sets options.
    Options,
}

enum Role {
    Plain,
    Capture(u32),
    Look { behind: bool, negative: bool },
    Atomic,
}

impl Reader<'_> {
    /// Reads a group; nothing for one that only sets options, which then stay on.
    pub(super) fn group(&mut self) -> Read<Option<Node>> {
        let start = self.at;
        let outer = self.options;
        let kind = match self.opening()? {
            Opening::Options => return Ok(None),
            Opening::Content(role) => {
                let node = Box::new(self.content(start)?);
                match role {
                    Role::Plain => Kind::Group { node, slot: None },
                    Role::Capture(slot) => Kind::Group { node, slot: Some(slot) },
                    Role::Look { behind, negative } => Kind::Look { node, behind, negative },
                    Role::Atomic => Kind::Atomic(node),
                }
            }
            Opening::Condition => self.descend(start, |reader| reader.conditional(start))?,
        };
        self.options = outer;
        Ok(Some(Node::new(self.span(start, self.at), kind)))
    }

    /// Reads up to and including the closing parenthesis.
    fn content(&mut self, start: usize) -> Read<Node> {
        let node = self.descend(start, Self::alternatives)?;
        if !self.eat(')') {
            return Err(self.error(start, start + 1, "`(` is never closed"));
        }
        Ok(node)
    }

    fn opening(&mut self) -> Read<Opening> {
        let start = self.at;
        let in_condition = std::mem::take(&mut self.in_condition);
        self.at += 1;
        // `(?)` is a group that starts with a quantifier, which then has nothing to repeat.
        if self.peek() != Some('?') || self.ahead(1) == Some(')') {
            let plain = in_condition || self.options.named_only;
            let role = if plain { Role::Plain } else { Role::Capture(self.groups.add_plain()) };
            return Ok(Opening::Content(role));
        }
        self.at += 1;
        let look = |behind, negative| Opening::Content(Role::Look { behind, negative });
        let (opening, length) = match (self.peek(), self.ahead(1)) {
            (Some(':'), _) => (Opening::Content(Role::Plain), 1),
            (Some('>'), _) => (Opening::Content(Role::Atomic), 1),
            (Some('='), _) => (look(false, false), 1),
            (Some('!'), _) => (look(false, true), 1),
            (Some('<'), Some('=')) => (look(true, false), 2),
            (Some('<'), Some('!')) => (look(true, true), 2),
            (Some('<'), Some(_)) => return self.named(start, '>'),
            (Some('\''), Some(_)) => return self.named(start, '\''),
            (Some('('), _) => (Opening::Condition, 0),
            _ => return self.inline_options(start),
        };
        self.at += length;
        Ok(opening)
    }

    /// The error for parentheses that open as nothing known.
    fn unknown_group(&self, start: usize) -> PatternError {
        let end = self.at + 1;
        self.error(start, end, format!("unknown kind of group `{}`", self.text(start, end)))
    }

    /// `(?imnsx-imnsx)` and `(?imnsx-imnsx:…)`.
    fn inline_options(&mut self, start: usize) -> Read<Opening> {
        let mut on = true;
        let outer = self.options;
        loop {
            match self.peek() {
                Some('-') => on = false,
                Some('+') => on = true,
                Some(unit) if self.options.set(unit, on) => {}
                Some(')') => {
                    self.at += 1;
                    return Ok(Opening::Options);
                }
                Some(':') => {
                    self.at += 1;
                    return Ok(Opening::Content(Role::Plain));
                }
                _ => {
                    self.options = outer;
                    return Err(self.unknown_group(start));
                }
            }
            self.at += 1;
        }
    }

    /// `(?<name>`, `(?'name'`, `(?<7>`; the cursor is at the opening delimiter.
    fn named(&mut self, start: usize, close: char) -> Read<Opening> {
        self.at += 1;
        let name_start = self.at;
        let slot = match self.peek() {
            Some('0'..='9') => Some(self.number()?),
            Some(unit) if is_word(unit) => {
                self.name();
                None
            }
            Some('-') => None,
            _ => return Err(self.bad_name(name_start)),
        };
        let name = self.text(name_start, self.at);
        match self.peek() {
            Some('-') => Err(self.unsupported(start, self.at + 1, "balancing groups are not supported")),
            Some(unit) if unit == close && name.starts_with('0') => {
                Err(self.error(name_start, self.at, "a group number cannot start with `0`"))
            }
            Some(unit) if unit == close => {
                self.at += 1;
                Ok(Opening::Content(Role::Capture(self.define(slot, name))))
            }
            Some(_) => Err(self.bad_name(name_start)),
            None => Err(self.unknown_group(start)),
        }
    }

    fn bad_name(&self, start: usize) -> PatternError {
        let end = self.at + 1;
        if start == self.at && matches!(self.peek(), Some('>' | '\'')) {
            return self.error(start, end, "the group has no name");
        }
        self.error(start, end, format!("a group name cannot hold `{}`", self.text(self.at, end)))
    }

    /// The number of a group that has a name or number; 0 as long as names have no number.
    fn define(&mut self, slot: Option<u32>, name: &str) -> u32 {
        if let Some(slot) = slot {
            return self.groups.add_number(slot);
        }
        self.groups.add_name(name);
        self.known.as_ref().and_then(|groups| groups.slot_of(name)).unwrap_or(0)
    }

    /// Reads the letters, digits and the like of a name.
    pub(super) fn name(&mut self) {
        while self.peek().is_some_and(is_word) {
            self.at += 1;
        }
    }

    /// The number behind a reference; 0 as long as the groups are not known.
    pub(super) fn slot_of(&mut self, start: usize, end: usize, name: &str) -> Read<u32> {
        self.refers = true;
        let Some(groups) = &self.known else { return Ok(0) };
        if name.bytes().all(|byte| byte == b'0') {
            return Err(self.unsupported(start, end, "a reference to the whole match is not supported"));
        }
        let Some(slot) = groups.slot_of(name) else {
            return Err(self.error(start, end, format!("there is no group `{name}`")));
        };
        if groups.is_shared(slot) {
            let message =
                format!("a reference to group `{name}`, which stands for several groups, is not supported");
            return Err(self.unsupported(start, end, message));
        }
        Ok(slot)
    }

    /// Whether a group has this name or number; yes as long as the groups are not known.
    pub(super) fn is_group(&mut self, name: &str) -> bool {
        self.refers = true;
        self.known.as_ref().is_none_or(|groups| groups.slot_of(name).is_some())
    }

    /// `(?(…)yes|no)`; the cursor is at the second parenthesis.
    fn conditional(&mut self, start: usize) -> Read<Kind> {
        let condition = match self.captured()? {
            Some(slot) => Condition::Captured(slot),
            None => Condition::Ahead(Box::new(self.condition_ahead()?)),
        };
        let branches_start = self.at;
        let branches = self.content(start)?;
        let nothing = |at| Box::new(Node::new(Span::at(at), Kind::Empty));
        let (yes, no) = match branches.kind {
            Kind::Either(branches) => {
                let Ok([yes, no]) = <[Node; 2]>::try_from(branches) else {
                    let message = "a condition takes two branches at most";
                    return Err(self.error(branches_start, self.at - 1, message));
                };
                (Box::new(yes), Box::new(no))
            }
            _ => (Box::new(branches), nothing(self.span(start, self.at).end)),
        };
        Ok(Kind::If { condition, yes, no })
    }

    /// The group of a condition that asks for one: `(1)`, `(name)`.
    fn captured(&mut self) -> Read<Option<u32>> {
        let start = self.at + 1;
        let is_number = self.ahead(1).is_some_and(|unit| unit.is_ascii_digit());
        if !is_number && !self.ahead(1).is_some_and(is_word) {
            return Ok(None);
        }
        self.at = start;
        self.name();
        let name = self.text(start, self.at);
        if is_number && (self.peek() != Some(')') || !name.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(self.error(
                start,
                self.at,
                "a condition that starts with a digit has to be a group number",
            ));
        }
        if self.peek() == Some(')') && (is_number || self.is_group(name)) {
            let slot = self.slot_of(start, self.at, name)?;
            self.at += 1;
            return Ok(Some(slot));
        }
        self.at = start - 1;
        Ok(None)
    }

    /// A condition that has to match from here. Its own parentheses do not capture.
    fn condition_ahead(&mut self) -> Read<Node> {
        let start = self.at;
        if self.ahead(1) == Some('?') {
            let refused = match (self.ahead(2), self.ahead(3)) {
                (Some(':' | '=' | '!' | '>' | '('), _) | (Some('<'), Some('=' | '!')) => None,
                (Some('#'), _) => Some("a condition cannot be a comment"),
                (Some('\'' | '<'), _) => Some("a condition cannot be a named group"),
                _ => Some("a condition cannot set options"),
            };
            if let Some(refused) = refused {
                return Err(self.error(start, start + 3, refused));
            }
        }
        self.in_condition = true;
        match self.group()? {
            Some(node) => Ok(node),
            None => Err(self.error(start, self.at, "a condition cannot set options")),
        }
    }
}

impl Options {
    /// Switches the option that `letter` stands for; false if it stands for none.
    fn set(&mut self, letter: char, on: bool) -> bool {
        let option = match letter.to_ascii_lowercase() {
            'i' => &mut self.fold,
            'm' => &mut self.lines,
            'n' => &mut self.named_only,
            's' => &mut self.feed,
            'x' => &mut self.blank,
            _ => return false,
        };
        *option = on;
        true
    }

    /// What `^` stands for.
    pub(super) const fn line_start(self) -> Anchor {
        if self.lines { Anchor::LineStart } else { Anchor::Start }
    }

    /// What `$` stands for.
    pub(super) const fn line_end(self) -> Anchor {
        if self.lines { Anchor::LineEnd } else { Anchor::EndOrFeed }
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::errors;

    #[test]
    fn groups_and_references_have_to_be_known() {
        insta::assert_snapshot!(errors(&[
            "(?", "(?z)", "(?<", "(?<>a)", "(?<a.b>c)", "(?<1a>b)", "(?<0>a)", "(?P<a>b)", "(?'a>b)", "(?<a>", "(?<a",
            r"\1", r"(a)\2", r"(a)(?<b>c)\3", r"\k<a>", r"\k", r"\k<a", r"\kx", r"\<a>", "(?(1)a)", "(?(1a)b)",
            "(?(a)b|c|d)", "(?(?#c)a)", "(?(?<n>a)b)", "(?(?i)a)", "(?(a)", "(?<a>b)(?<c-a>d)", "(?<-a>b)",
            r"(?<a>b)(?<a>c)\k<a>", r"a(?<=(b))\1", r"x(?<!a+)b", r"\k<0>",
        ]), @r"
        (?    0..2 `(?`: unknown kind of group `(?`
        (?z)    0..3 `(?z`: unknown kind of group `(?z`
        (?<    0..3 `(?<`: unknown kind of group `(?<`
        (?<>a)    3..4 `>`: the group has no name
        (?<a.b>c)    3..5 `a.`: a group name cannot hold `.`
        (?<1a>b)    3..5 `1a`: a group name cannot hold `a`
        (?<0>a)    3..4 `0`: a group number cannot start with `0`
        (?P<a>b)    0..3 `(?P`: unknown kind of group `(?P`
        (?'a>b)    3..5 `a>`: a group name cannot hold `>`
        (?<a>    0..1 `(`: `(` is never closed
        (?<a    0..4 `(?<a`: unknown kind of group `(?<a`
        \1    0..2 `\1`: there is no group `1`
        (a)\2    3..5 `\2`: there is no group `2`
        (a)(?<b>c)\3    10..12 `\3`: there is no group `3`
        \k<a>    0..5 `\k<a>`: there is no group `a`
        \k    0..2 `\k`: `\k` needs the name of a group, as in `\k<name>`
        \k<a    0..2 `\k`: `\k` needs the name of a group, as in `\k<name>`
        \kx    0..2 `\k`: `\k` needs the name of a group, as in `\k<name>`
        \<a>    0..4 `\<a>`: there is no group `a`
        (?(1)a)    3..4 `1`: there is no group `1`
        (?(1a)b)    3..5 `1a`: a condition that starts with a digit has to be a group number
        (?(a)b|c|d)    5..10 `b|c|d`: a condition takes two branches at most
        (?(?#c)a)    2..5 `(?#`: a condition cannot be a comment
        (?(?<n>a)b)    2..5 `(?<`: a condition cannot be a named group
        (?(?i)a)    2..5 `(?i`: a condition cannot set options
        (?(a)    0..1 `(`: `(` is never closed
        (?<a>b)(?<c-a>d)    7..12 `(?<c-`: balancing groups are not supported (unsupported)
        (?<-a>b)    0..4 `(?<-`: balancing groups are not supported (unsupported)
        (?<a>b)(?<a>c)\k<a>    14..19 `\k<a>`: a reference to group `a`, which stands for several groups, is not supported (unsupported)
        a(?<=(b))\1    1..9 `(?<=(b))`: a look-behind with groups that are referred to is not supported (unsupported)
        x(?<!a+)b    0..9 `x(?<!a+)b`: a look-behind of no fixed length is not supported here (unsupported)
        \k<0>    0..5 `\k<0>`: a reference to the whole match is not supported (unsupported)
        ");
    }
}
