//! The tree of a pattern. Options are already resolved into it: a literal says whether it ignores
//! case, a dot whether it takes a line feed.

use crate::base::span::Span;

/// A part of a pattern and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Kind,
}

/// What a part of a pattern asks for.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Nothing: always matches.
    Empty,
    /// One code unit.
    Literal { unit: char, fold: bool },
    /// `.`; with `feed` also a line feed.
    Dot { feed: bool },
    /// `[…]`, `\d`, `\p{…}`.
    Class(Class),
    /// A place.
    Anchor(Anchor),
    /// One after the other.
    Sequence(Vec<Node>),
    /// One of them.
    Either(Vec<Node>),
    /// Some number of times; without `max` any number.
    Repeat { node: Box<Node>, min: u32, max: Option<u32>, lazy: bool },
    /// Parentheses; `slot` is the number under which they capture.
    Group { node: Box<Node>, slot: Option<u32> },
    /// Look-ahead and look-behind.
    Look { node: Box<Node>, behind: bool, negative: bool },
    /// `(?>…)`: the first way to match is the only one.
    Atomic(Box<Node>),
    /// What a group captured.
    Back { slot: u32, fold: bool },
    /// `(?(…)yes|no)`.
    If { condition: Condition, yes: Box<Node>, no: Box<Node> },
}

/// The condition of `(?(…)yes|no)`.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    /// The group captured something.
    Captured(u32),
    /// This matches from here.
    Ahead(Box<Node>),
}

/// A place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `^`, `\A`, and `\G` too: a search for one match starts at the start.
    Start,
    /// `$` and `\Z`: the end, or before a line feed that ends the text.
    EndOrFeed,
    /// `\z`.
    End,
    /// `^` under option `m`.
    LineStart,
    /// `$` under option `m`.
    LineEnd,
    /// `\b`.
    Border,
    /// `\B`.
    NoBorder,
}

/// A set of code units: the items, or all but the items, less `minus`.
#[derive(Clone, Debug)]
pub(super) struct Class {
    pub(super) negated: bool,
    pub(super) items: Vec<Item>,
    pub(super) minus: Option<Box<Class>>,
    /// Whether ranges ignore case.
    pub(super) fold: bool,
}

/// A part of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// From one UTF-16 code unit to another, both included.
    Range(u16, u16),
    /// A named set or its complement.
    Named { set: Set, negated: bool },
}

/// A set with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// `\w`.
    Word,
    /// `\s`.
    Space,
    /// `\d`.
    Digit,
    /// Letters that have case: what `\p{Lu}`, `\p{Ll}` and `\p{Lt}` mean when case is ignored.
    Cased,
    /// A general category, by its short name.
    Category(&'static str),
}

impl Node {
    pub(super) const fn new(span: Span, kind: Kind) -> Self {
        Self { span, kind }
    }

    /// Whether it never takes a character, whatever the text.
    pub(super) fn is_empty_width(&self) -> bool {
        match &self.kind {
            Kind::Empty | Kind::Anchor(_) | Kind::Look { .. } => true,
            Kind::Literal { .. } | Kind::Dot { .. } | Kind::Class(_) | Kind::Back { .. } => false,
            Kind::If { yes, no, .. } => yes.is_empty_width() && no.is_empty_width(),
            Kind::Sequence(nodes) | Kind::Either(nodes) => nodes.iter().all(Self::is_empty_width),
            Kind::Repeat { node, max, .. } => *max == Some(0) || node.is_empty_width(),
            Kind::Group { node, .. } | Kind::Atomic(node) => node.is_empty_width(),
        }
    }

    /// Calls `visit` for this node and all below, in the order of the text.
    pub(super) fn walk(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match &self.kind {
            Kind::Empty
            | Kind::Literal { .. }
            | Kind::Dot { .. }
            | Kind::Class(_)
            | Kind::Anchor(_)
            | Kind::Back { .. } => {}
            Kind::Sequence(nodes) | Kind::Either(nodes) => nodes.iter().for_each(|node| node.walk(visit)),
            Kind::Repeat { node, .. }
            | Kind::Group { node, .. }
            | Kind::Look { node, .. }
            | Kind::Atomic(node) => node.walk(visit),
            Kind::If { condition, yes, no } => {
                if let Condition::Ahead(node) = condition {
                    node.walk(visit);
                }
                yes.walk(visit);
                no.walk(visit);
            }
        }
    }
}
