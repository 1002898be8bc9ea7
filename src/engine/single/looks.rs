//! What a look at a value finds out.

use super::leaf::Leaf;

/// What finding a text says about a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Effect {
    pub(super) leaf: Leaf,
    /// Whether the leaf is true; else it may be, and has to be asked by itself.
    pub(super) surely: bool,
}

/// A predicate that has no result for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Undecided {
    pub(super) predicate: u32,
    /// The place of the item among the object's; 0 for an attribute with one value.
    pub(super) item: u32,
}

/// The leaves that are not false, in no order; a leaf can be there twice.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// True.
    pub(super) hits: Vec<Leaf>,
    /// To be asked by themselves when somebody wants to know.
    pub(super) maybes: Vec<Leaf>,
    pub(super) undecided: Vec<Undecided>,
}

impl Looks {
    pub(super) fn clear(&mut self) {
        self.hits.clear();
        self.maybes.clear();
        self.undecided.clear();
    }

    #[inline]
    pub(super) fn add(&mut self, effects: &[Effect]) {
        for effect in effects {
            if effect.surely { &mut self.hits } else { &mut self.maybes }.push(effect.leaf);
        }
    }
}
