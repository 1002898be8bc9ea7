//! What can change about an object, and the changes worth trying.

use std::sync::Arc;

use super::candidates::{self, Candidate, Rank, Wish, wishes};
use super::collections::{collections, plan_items, text_items};
use super::flip::AttributeChange;
use super::oracle::{holds, is_member};
use super::reading::{Item, Scope};
use super::relations::{GroupTest, Regrouped, memberships};
use super::world::World;
use crate::base::fold::FoldedText;
use crate::directory::object::{AssignedPlan, Object, Value};
use crate::language::attribute::{Attribute, Kind};
use crate::language::typed::{Node, NodeKind};

/// A condition on one attribute, with its number among the conditions of the rule.
#[derive(Clone, Copy)]
pub(super) struct Leaf<'rule> {
    pub(super) at: usize,
    pub(super) node: &'rule Node,
    /// Whether an odd number of negations stands above it.
    pub(super) negated: bool,
}

/// Something that can change, and the conditions that look at it.
pub(super) struct Place<'rule> {
    what: What<'rule>,
    pub(super) leaves: Vec<Leaf<'rule>>,
}

#[derive(Clone, Copy, PartialEq)]
enum What<'rule> {
    Attribute(&'rule Arc<Attribute>),
    Groups,
    Manager,
}

/// What the rule looks at and an object can change, in the order of the rule.
pub(super) fn places(root: &Node) -> Vec<Place<'_>> {
    let (mut leaves, mut found) = (Vec::new(), Vec::<Place<'_>>::new());
    collect(root, false, &mut leaves);
    for leaf in leaves {
        let what = match &leaf.node.kind {
            NodeKind::Attribute { attribute, .. } | NodeKind::Quantified { collection: attribute, .. } => {
                if attribute.retired || &*attribute.name == "objectId" {
                    continue;
                }
                What::Attribute(attribute)
            }
            NodeKind::MemberOf { .. } => What::Groups,
            NodeKind::Reports { .. } => What::Manager,
            _ => continue,
        };
        match found.iter_mut().find(|place| place.what == what) {
            Some(place) => place.leaves.push(leaf),
            None => found.push(Place { what, leaves: vec![leaf] }),
        }
    }
    found
}

pub(super) fn collect<'rule>(node: &'rule Node, negated: bool, found: &mut Vec<Leaf<'rule>>) {
    match &node.kind {
        NodeKind::And(parts) | NodeKind::Or(parts) => {
            for part in parts {
                collect(part, negated, found);
            }
        }
        NodeKind::Not(part) => collect(part, !negated, found),
        _ => found.push(Leaf { at: found.len(), node, negated }),
    }
}

/// A change at one place.
#[derive(Clone)]
pub(super) enum Edit<'rule> {
    Value { attribute: &'rule Arc<Attribute>, to: Value },
    Groups { from: Vec<&'rule FoldedText>, to: Vec<&'rule FoldedText> },
    Manager(Option<String>),
}

/// The changes worth trying at a place, best first.
pub(super) fn edits<'rule>(
    place: &Place<'rule>,
    object: &Object,
    world: &World<'_>,
) -> Vec<Candidate<Edit<'rule>>> {
    match place.what {
        What::Attribute(attribute) => {
            let mut all = Vec::new();
            for leaf in &place.leaves {
                wishes(leaf.node, leaf.negated, &mut all);
            }
            let values = match attribute.kind {
                Kind::Texts => text_collections(place, &all, object, world),
                Kind::Plans => plan_collections(place, &all, object, world),
                _ => candidates::values(attribute, &all, world.now),
            };
            let edit = |to| Edit::Value { attribute, to };
            values.into_iter().map(|value| Candidate::new(edit(value.value), value.rank)).collect()
        }
        What::Groups => group_edits(place, object, world),
        What::Manager => manager_edits(place),
    }
}

fn text_collections(
    place: &Place<'_>,
    wishes: &[Wish<'_>],
    object: &Object,
    world: &World<'_>,
) -> Vec<Candidate<Value>> {
    let copy = |items: Vec<Item<'_>>| -> Vec<String> {
        let texts = items.into_iter().filter_map(|item| match item {
            Item::Text(text) => Some(text.to_owned()),
            Item::Plan(_) => None,
        });
        texts.collect()
    };
    let (present, reduced) = items_and_reductions(place, object, world);
    let reduced = reduced.into_iter().map(copy).collect();
    let found = collections(&copy(present), reduced, &text_items(wishes));
    found.into_iter().map(|items| Candidate::new(Value::Texts(items.value), items.rank)).collect()
}

fn plan_collections(
    place: &Place<'_>,
    wishes: &[Wish<'_>],
    object: &Object,
    world: &World<'_>,
) -> Vec<Candidate<Value>> {
    let copy = |items: Vec<Item<'_>>| -> Vec<AssignedPlan> {
        let plans = items.into_iter().filter_map(|item| match item {
            Item::Plan(plan) => Some(plan.clone()),
            Item::Text(_) => None,
        });
        plans.collect()
    };
    let (present, reduced) = items_and_reductions(place, object, world);
    let reduced = reduced.into_iter().map(copy).collect();
    let found = collections(&copy(present), reduced, &plan_items(wishes));
    found.into_iter().map(|items| Candidate::new(Value::Plans(items.value), items.rank)).collect()
}

/// The items of a place's collection; and, for each condition on it, the items for which the body does
/// not hold and those for which it does.
fn items_and_reductions<'a>(
    place: &Place<'a>,
    object: &'a Object,
    world: &'a World<'a>,
) -> (Vec<Item<'a>>, Vec<Vec<Item<'a>>>) {
    let scope = Scope::new(object, world);
    let (mut present, mut reduced) = (Vec::new(), Vec::new());
    for leaf in &place.leaves {
        let NodeKind::Quantified { collection, body, .. } = &leaf.node.kind else { continue };
        present = scope.items(collection);
        let (inside, outside): (Vec<_>, Vec<_>) =
            present.iter().partition(|item| holds(body, scope.at(collection, **item)).unwrap_or_default());
        reduced.extend([outside, inside]);
    }
    (present, reduced)
}

fn group_edits<'rule>(
    place: &Place<'rule>,
    object: &Object,
    world: &World<'_>,
) -> Vec<Candidate<Edit<'rule>>> {
    let scope = Scope::new(object, world);
    let (mut tests, mut from) = (Vec::new(), Vec::<&'rule FoldedText>::new());
    for leaf in &place.leaves {
        let NodeKind::MemberOf { groups, reach } = &leaf.node.kind else { continue };
        tests.push(GroupTest { groups, rank: if leaf.negated { Rank::Refused } else { Rank::Asked } });
        for group in groups {
            if is_member(group, *reach, scope) && !from.contains(&group) {
                from.push(group);
            }
        }
    }
    let found = memberships(&from, &tests).into_iter();
    found.map(|to| Candidate::new(Edit::Groups { from: from.clone(), to: to.value }, to.rank)).collect()
}

fn manager_edits<'rule>(place: &Place<'rule>) -> Vec<Candidate<Edit<'rule>>> {
    let mut found: Vec<Candidate<Edit<'rule>>> = Vec::new();
    for leaf in &place.leaves {
        if let NodeKind::Reports { manager, .. } = &leaf.node.kind {
            let rank = if leaf.negated { Rank::Refused } else { Rank::Asked };
            found.push(Candidate::new(Edit::Manager(Some(manager.written().to_owned())), rank));
        }
    }
    found.push(Candidate::new(Edit::Manager(None), Rank::Nothing));
    found.sort_by_key(|candidate| candidate.rank);
    found
}

/// Calls `act` with the object and the world as they are after the edits.
pub(super) fn with_edits<T>(
    edits: &[&Edit<'_>],
    object: &Object,
    world: &World<'_>,
    act: impl FnOnce(&Object, &World<'_>) -> T,
) -> T {
    let mut object = object.clone();
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for edit in edits {
        match edit {
            Edit::Value { attribute, to } => object.set(Arc::clone(&attribute.name), to.clone()),
            Edit::Manager(to) => object.set_manager(to.clone()),
            Edit::Groups { from, to } => {
                added.extend(to.iter().filter(|group| !from.contains(group)));
                removed.extend(from.iter().filter(|group| !to.contains(group)));
            }
        }
    }
    let relations = Regrouped { base: world.relations, object: object.id(), added, removed };
    act(&object, &World { relations: &relations, ..*world })
}

impl Edit<'_> {
    /// The change as it is reported.
    pub(super) fn change(&self, object: &Object) -> AttributeChange {
        let listed = |groups: &[&FoldedText]| {
            Value::Texts(groups.iter().map(|group| group.written().to_owned()).collect())
        };
        let id = |id: Option<&str>| id.map_or(Value::Null, |id| Value::Text(id.to_owned()));
        match self {
            Self::Value { attribute, to } => AttributeChange {
                attribute: attribute.path(),
                from: object.get(&attribute.name).clone(),
                to: to.clone(),
            },
            Self::Groups { from, to } => {
                AttributeChange { attribute: "memberOf".to_owned(), from: listed(from), to: listed(to) }
            }
            Self::Manager(to) => AttributeChange {
                attribute: "manager".to_owned(),
                from: id(object.manager()),
                to: id(to.as_deref()),
            },
        }
    }
}
