//! Typed rules for the tests of this layer: conditions are read from text, connectives are calls.

use jiff::{SignedDuration, Timestamp};

use super::world::{NoRelations, Relations, World};
use crate::base::fold::FoldedText;
use crate::base::span::Span;
use crate::directory::object::Object;
use crate::language::attribute::{Attribute, Attributes, PlanField, Subject};
use crate::language::certainty::Certainty;
use crate::language::dialect::Dialect;
use crate::language::pattern::Pattern;
use crate::language::typed::{Node, NodeKind, Order, Quantifier, Reach, Test, TimePoint, TypedRule};
use std::sync::Arc;

/// `2026-01-15T00:00:00Z`.
pub(super) fn now() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().expect("an instant")
}

/// [`now`], no order of versions, no relations.
pub(super) fn world() -> World<'static> {
    World { now: now(), version_order: None, relations: &NoRelations }
}

/// `B` and `C` manage each other; nobody is a member of anything.
pub(super) struct Circle;

impl Relations for Circle {
    fn is_member(&self, _: &str, _: &str, _: Reach) -> bool {
        false
    }
    fn manager_of(&self, user: &str) -> Option<&str> {
        match user {
            "B" => Some("C"),
            "C" => Some("b"),
            _ => None,
        }
    }
}

/// An object with an id only.
pub(super) fn user(id: &str) -> Object {
    Object::new(id)
}

/// A part of a rule with its text; spans count from the start of that text.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) node: Node,
}

impl Draft {
    /// The rule that consists of this part.
    pub(super) fn rule(self) -> TypedRule {
        let subject = if self.text.contains("device.") { Subject::Device } else { Subject::User };
        TypedRule { text: self.text.into(), subject, dialect: Dialect::Extended, root: self.node }
    }

    /// The part with a certainty of its own.
    pub(super) fn but(mut self, certainty: Certainty) -> Self {
        self.node.certainty = certainty;
        self
    }
}

/// Reads `path operator value`: `user.department -eq 'Sales'`, `_ -contains 'x'`,
/// `user.memberOf -in ['g']`, `Direct Reports for 'm'`, `All Reports for 'm'`. Strings stand in single
/// quotes and hold no comma where they are in a list.
pub(super) fn one(text: &str) -> Draft {
    let mut words = text.splitn(3, ' ');
    let mut word = || words.next().expect("three words");
    let (path, operator, value) = (word(), word(), word());
    let span = Span::new(0, text.len());
    let leaf = |kind| Node { kind, span, certainty: Certainty::Documented };
    if operator == "Reports" {
        let reach = if path == "All" { Reach::Transitive } else { Reach::Direct };
        let manager = FoldedText::new(unquoted(value.trim_start_matches("for ")));
        return Draft { text: text.into(), node: leaf(NodeKind::Reports { manager, reach }) };
    }
    let (asked, negated) = test(operator, value);
    let kind = if path == "_" {
        NodeKind::Item { field: None, test: asked }
    } else if let Some(field) = path.strip_prefix("assignedPlan.") {
        NodeKind::Item { field: PlanField::from_word(field), test: asked }
    } else {
        let attribute = attribute(path);
        match asked {
            Test::In(groups) if &*attribute.name == "memberOf" => {
                NodeKind::MemberOf { groups, reach: Reach::Direct }
            }
            asked if attribute.kind.is_collection() => NodeKind::Quantified {
                quantifier: Quantifier::Any,
                collection: attribute,
                body: Box::new(leaf(NodeKind::Item { field: None, test: asked })),
            },
            asked => NodeKind::Attribute { attribute, test: asked },
        }
    };
    let node = if negated { leaf(NodeKind::Not(Box::new(leaf(kind)))) } else { leaf(kind) };
    Draft { text: text.into(), node }
}

/// `(a) -and (b) …`
pub(super) fn and(parts: impl IntoIterator<Item = Draft>) -> Draft {
    joined(parts, " -and ", NodeKind::And)
}

/// `(a) -or (b) …`
pub(super) fn or(parts: impl IntoIterator<Item = Draft>) -> Draft {
    joined(parts, " -or ", NodeKind::Or)
}

/// `-not (a)`
pub(super) fn not(part: Draft) -> Draft {
    wrapped("-not (", part, |node| NodeKind::Not(Box::new(node)))
}

/// `collection -any (body)`
pub(super) fn any_of(collection: &str, body: Draft) -> Draft {
    quantified(Quantifier::Any, collection, body)
}

/// `collection -all (body)`
pub(super) fn all_of(collection: &str, body: Draft) -> Draft {
    quantified(Quantifier::All, collection, body)
}

fn quantified(quantifier: Quantifier, path: &str, body: Draft) -> Draft {
    let collection = attribute(path);
    wrapped(&format!("{path} {} (", quantifier.word()), body, |body| NodeKind::Quantified {
        quantifier,
        collection,
        body: Box::new(body),
    })
}

fn wrapped(before: &str, part: Draft, kind: impl FnOnce(Node) -> NodeKind) -> Draft {
    let text = format!("{before}{})", part.text);
    let kind = kind(shifted(part.node, before.len()));
    Draft { node: Node { kind, span: Span::new(0, text.len()), certainty: Certainty::Documented }, text }
}

fn joined(
    parts: impl IntoIterator<Item = Draft>,
    word: &str,
    kind: impl FnOnce(Vec<Node>) -> NodeKind,
) -> Draft {
    let (mut text, mut nodes) = (String::new(), Vec::new());
    for part in parts {
        if !text.is_empty() {
            text.push_str(word);
        }
        text.push('(');
        nodes.push(shifted(part.node, text.len()));
        text.push_str(&part.text);
        text.push(')');
    }
    let span = Span::new(0, text.len());
    Draft { text, node: Node { kind: kind(nodes), span, certainty: Certainty::Documented } }
}

fn shifted(mut node: Node, by: usize) -> Node {
    node.span = Span::new(node.span.start + by, node.span.end + by);
    match &mut node.kind {
        NodeKind::And(parts) | NodeKind::Or(parts) => {
            *parts = std::mem::take(parts).into_iter().map(|part| shifted(part, by)).collect();
        }
        NodeKind::Not(part) | NodeKind::Quantified { body: part, .. } => {
            **part = shifted((**part).clone(), by);
        }
        _ => {}
    }
    node
}

fn attribute(path: &str) -> Arc<Attribute> {
    let (subject, name) = path.split_once('.').expect("a path");
    let subject = Subject::from_word(subject).expect("a subject");
    Attributes::standard().find(subject, name).expect("an attribute")
}

/// The positive test of an operator, and whether the operator is the negative twin.
fn test(operator: &str, value: &str) -> (Test, bool) {
    let text = || FoldedText::new(unquoted(value));
    let list = || {
        let items = value.trim_matches(['[', ']']).split(',');
        Test::In(items.map(|item| FoldedText::new(unquoted(item.trim()))).collect())
    };
    let pattern = || Test::Matches(Arc::new(Pattern::new(unquoted(value)).expect("a pattern")));
    match operator {
        "-eq" => (equals(value), false),
        "-ne" => (equals(value), true),
        "-in" => (list(), false),
        "-notIn" => (list(), true),
        "-startsWith" => (Test::StartsWith(text()), false),
        "-notStartsWith" => (Test::StartsWith(text()), true),
        "-endsWith" => (Test::EndsWith(text()), false),
        "-notEndsWith" => (Test::EndsWith(text()), true),
        "-contains" => (Test::Contains(text()), false),
        "-notContains" => (Test::Contains(text()), true),
        "-match" => (pattern(), false),
        "-notMatch" => (pattern(), true),
        "-ge" => (ordered(Order::AtLeast, value), false),
        "-le" => (ordered(Order::AtMost, value), false),
        "-gt" => (ordered(Order::Above, value), false),
        "-lt" => (ordered(Order::Below, value), false),
        other => unreachable!("operator {other}"),
    }
}

fn equals(value: &str) -> Test {
    match value {
        "null" => Test::IsNull,
        "true" | "false" => Test::IsBoolean(value == "true"),
        text if text.starts_with('\'') => Test::Equals(FoldedText::new(unquoted(text))),
        instant => Test::IsInstant(instant.parse().expect("an instant")),
    }
}

/// An instant, a quoted version, or `system.now` with days as `-plus p1d`.
fn ordered(order: Order, value: &str) -> Test {
    if value.starts_with('\'') {
        return Test::CompareVersion { order, to: FoldedText::new(unquoted(value)) };
    }
    let Some(offset) = value.strip_prefix("system.now") else {
        return Test::Compare { order, to: TimePoint::Fixed(value.parse().expect("an instant")) };
    };
    let days = |text: &str| SignedDuration::from_hours(24 * text.parse::<i64>().expect("days"));
    let offset = match offset.trim_end_matches('d') {
        "" => SignedDuration::ZERO,
        offset => match offset.strip_prefix(" -plus p") {
            Some(text) => days(text),
            None => -days(offset.strip_prefix(" -minus p").expect("an offset")),
        },
    };
    Test::Compare { order, to: TimePoint::Now(offset) }
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).expect("a quoted string")
}
