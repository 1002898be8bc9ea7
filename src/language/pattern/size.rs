//! How large a pattern gets once compiled. The figures are measured on the engine and rounded up.

use super::tree::{Class, Condition, Item, Kind, Node, Set};

const LITERAL_BYTES: u64 = 300;
const BRANCH_BYTES: u64 = 200;
const DOT_BYTES: u64 = 1_200;
const DIGIT_BYTES: u64 = 6_000;
const SPACE_BYTES: u64 = 2_500;
const CATEGORY_BYTES: u64 = 60_000;
const RANGE_BYTES: u64 = 400;

/// A bound on the compiled size of `node`, in bytes; `each_bytes` is added for every part.
pub(super) fn compiled_bytes(node: &Node, each_bytes: u64) -> u64 {
    let inside = |node: &Node| compiled_bytes(node, each_bytes);
    let bytes = match &node.kind {
        Kind::Empty => 0,
        Kind::Literal { .. } | Kind::Anchor(_) | Kind::Back { .. } => LITERAL_BYTES,
        Kind::Dot { .. } => DOT_BYTES,
        Kind::Class(class) => class_bytes(class),
        Kind::Sequence(nodes) => nodes.iter().map(inside).fold(0, u64::saturating_add),
        Kind::Either(nodes) => {
            nodes.iter().map(|node| inside(node).saturating_add(BRANCH_BYTES)).fold(0, u64::saturating_add)
        }
        Kind::Repeat { node, min, max, .. } => {
            let times = max.unwrap_or_else(|| min.saturating_add(1));
            inside(node).saturating_add(BRANCH_BYTES).saturating_mul(u64::from(times.max(1)))
        }
        Kind::Group { node, .. } | Kind::Look { node, .. } | Kind::Atomic(node) => {
            inside(node).saturating_add(BRANCH_BYTES)
        }
        Kind::If { condition, yes, no } => {
            let condition = if let Condition::Ahead(node) = condition { inside(node) } else { 0 };
            condition.saturating_add(inside(yes)).saturating_add(inside(no))
        }
    };
    bytes.saturating_add(each_bytes)
}

fn class_bytes(class: &Class) -> u64 {
    let items = class.items.iter().map(|item| match *item {
        // Beyond ASCII a range may have a variant for every second letter.
        Item::Range(first, last) if class.fold && last >= 0x80 && first != last => CATEGORY_BYTES,
        // Each letter of an ASCII range may have one, and the complement splits at each.
        Item::Range(_, _) => 2 * RANGE_BYTES,
        Item::Named { set: Set::Space, .. } => SPACE_BYTES,
        Item::Named { set: Set::Digit, .. } => DIGIT_BYTES,
        Item::Named { .. } => CATEGORY_BYTES,
    });
    let minus = class.minus.as_deref().map_or(0, class_bytes);
    items.fold(DOT_BYTES + minus, u64::saturating_add)
}
