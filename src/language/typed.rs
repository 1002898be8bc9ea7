//! The typed rule: what a rule means, with every choice made.
//!
//! The tree has no negative operators: `-ne`, `-notIn` and the like are [`NodeKind::Not`] around their
//! positive twin. A plain operator on a collection is a quantifier around an item test. A node that
//! was one condition in the text, however many nodes stand for it here, has that condition's span on
//! all of them: [`Node::is_leaf`] tells.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::attribute::{Attribute, PlanField, Subject};
use super::certainty::Certainty;
use super::dialect::Dialect;
use super::pattern::Pattern;
use crate::base::fold::FoldedText;
use crate::base::span::Span;

/// A rule that was accepted.
#[derive(Clone, Debug)]
pub struct TypedRule {
    /// The rule as written.
    pub text: Arc<str>,
    /// What it selects.
    pub subject: Subject,
    /// The dialect under which it was accepted.
    pub dialect: Dialect,
    /// Its condition.
    pub root: Node,
}

/// A condition.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it asks.
    pub kind: NodeKind,
    /// The text it came from, without wrapping parentheses.
    pub span: Span,
    /// How sure this reading is, for this node alone.
    pub certainty: Certainty,
}

/// The shapes of conditions.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// True if all parts are; at least two parts.
    And(Vec<Node>),
    /// True if some part is; at least two parts.
    Or(Vec<Node>),
    /// True if the part is not.
    Not(Box<Node>),
    /// A test of one attribute of the object.
    Attribute {
        /// Which attribute; never a collection.
        attribute: Arc<Attribute>,
        /// What is asked of its value.
        test: Test,
    },
    /// `-any` or `-all` over the items of a collection. The body holds [`NodeKind::Item`] leaves and
    /// never [`NodeKind::Attribute`] ones.
    Quantified {
        /// Some item or every item.
        quantifier: Quantifier,
        /// The collection: strings or service plans.
        collection: Arc<Attribute>,
        /// What is asked of an item; all its leaves look at the same item.
        body: Box<Node>,
    },
    /// A test of the current item of the enclosing quantifier.
    Item {
        /// The field of a service plan, or `None` for a string item.
        field: Option<PlanField>,
        /// What is asked of it.
        test: Test,
    },
    /// Is the object a member of one of these groups?
    MemberOf {
        /// Group ids as written.
        groups: Vec<FoldedText>,
        /// Direct members only, or members of nested groups too.
        reach: Reach,
    },
    /// Does the object report to this manager, or is it the manager?
    Reports {
        /// The manager's object id as written.
        manager: FoldedText,
        /// Direct reports only, or theirs too.
        reach: Reach,
    },
}

/// `-any` or `-all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// Some item; false without items.
    Any,
    /// Every item; true without items.
    All,
}

impl Quantifier {
    /// The operator as canonically written.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "-any",
            Self::All => "-all",
        }
    }
}

/// How far membership or management is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reach {
    /// One step, as the service does.
    Direct,
    /// Any number of steps (extended dialect).
    Transitive,
}

/// A question about one value. Every test but [`Test::IsNull`] is false for a missing value.
///
/// Text is compared in folded form ([`crate::base::fold`]).
#[derive(Clone, Debug)]
pub enum Test {
    /// Is the value missing?
    IsNull,
    /// Is it this boolean?
    IsBoolean(bool),
    /// Is it this text?
    Equals(FoldedText),
    /// Is it one of these texts? In the order of the rule; at least one.
    In(Vec<FoldedText>),
    /// Does it begin with this text?
    StartsWith(FoldedText),
    /// Does it end with this text?
    EndsWith(FoldedText),
    /// Does it hold this text anywhere?
    Contains(FoldedText),
    /// Does the pattern match anywhere in it?
    Matches(Arc<Pattern>),
    /// Is it exactly this instant?
    IsInstant(Timestamp),
    /// How does it stand to an instant?
    Compare {
        /// The side on which the value has to be.
        order: Order,
        /// The instant.
        to: TimePoint,
    },
    /// How does an operating system version stand to this one? Evaluated only when the caller says
    /// whether versions compare part by part or as text.
    CompareVersion {
        /// The side on which the value has to be.
        order: Order,
        /// The version as written.
        to: FoldedText,
    },
}

/// The side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `-ge`: the same or later.
    AtLeast,
    /// `-le`: the same or earlier.
    AtMost,
    /// `-gt`: later (extended dialect).
    Above,
    /// `-lt`: earlier (extended dialect).
    Below,
}

impl Order {
    /// Whether a value that compares to the constant as `found` is on this side.
    pub fn admits(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::AtLeast => found.is_ge(),
            Self::AtMost => found.is_le(),
            Self::Above => found.is_gt(),
            Self::Below => found.is_lt(),
        }
    }
}

/// An instant, fixed or moving with the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimePoint {
    /// This instant.
    Fixed(Timestamp),
    /// `system.now` with an offset, negative for `-minus`.
    Now(SignedDuration),
}

impl TimePoint {
    /// The instant it means when the clock says `now`; saturates at the ends of the calendar.
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Fixed(instant) => instant,
            Self::Now(offset) => now.checked_add(offset).unwrap_or(if offset.is_negative() {
                Timestamp::MIN
            } else {
                Timestamp::MAX
            }),
        }
    }
}

impl Node {
    /// Whether the node was one condition in the text: a comparison, a quantified term, `memberOf` or
    /// `Direct Reports`.
    pub fn is_leaf(&self) -> bool {
        match &self.kind {
            NodeKind::And(_) | NodeKind::Or(_) => false,
            NodeKind::Not(part) => part.span == self.span,
            _ => true,
        }
    }

    /// The parts directly below.
    pub fn parts(&self) -> &[Node] {
        match &self.kind {
            NodeKind::And(parts) | NodeKind::Or(parts) => parts,
            NodeKind::Not(part) | NodeKind::Quantified { body: part, .. } => std::slice::from_ref(part),
            _ => &[],
        }
    }

    /// Calls `visit` for this node and all below it, parents first, in the order of the text.
    pub fn walk<'node>(&'node self, visit: &mut impl FnMut(&'node Node)) {
        visit(self);
        for part in self.parts() {
            part.walk(visit);
        }
    }

    /// The weakest certainty of this node and all below it.
    pub fn weakest_certainty(&self) -> Certainty {
        let mut weakest = Certainty::Documented;
        self.walk(&mut |node| weakest = weakest.max(node.certainty));
        weakest
    }
}

impl TypedRule {
    /// Whether the result can change without any change of an object.
    pub fn depends_on_now(&self) -> bool {
        let mut found = false;
        self.root.walk(&mut |node| {
            if let NodeKind::Attribute { test: Test::Compare { to: TimePoint::Now(_), .. }, .. } = &node.kind
            {
                found = true;
            }
        });
        found
    }

    /// The ids of the groups whose members the rule looks at, sorted, each once, as written.
    pub fn groups_read(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.root.walk(&mut |node| {
            if let NodeKind::MemberOf { groups, .. } = &node.kind {
                found.extend(groups.iter().map(FoldedText::written));
            }
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whether the rule looks at who reports to whom.
    pub fn reads_managers(&self) -> bool {
        let mut found = false;
        self.root.walk(&mut |node| found |= matches!(node.kind, NodeKind::Reports { .. }));
        found
    }

    /// The attributes that the rule reads, sorted by name, each once.
    pub fn attributes_read(&self) -> Vec<Arc<Attribute>> {
        let mut found: Vec<Arc<Attribute>> = Vec::new();
        self.root.walk(&mut |node| {
            if let NodeKind::Attribute { attribute, .. }
            | NodeKind::Quantified { collection: attribute, .. } = &node.kind
            {
                found.push(Arc::clone(attribute));
            }
        });
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found.dedup_by(|a, b| a.name == b.name);
        found
    }
}
