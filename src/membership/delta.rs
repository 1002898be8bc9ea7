//! What changed between two sets of members.

use roaring::RoaringBitmap;

/// Who came and who went.
///
/// ```
/// use dyngroup::membership::delta::Delta;
/// let (before, after) = ([1, 2].into_iter().collect(), [2, 3].into_iter().collect());
/// let delta = Delta::between(&before, &after);
/// assert_eq!(delta.added.iter().collect::<Vec<_>>(), [3]);
/// assert_eq!(delta.removed.iter().collect::<Vec<_>>(), [1]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delta {
    /// Members of the new set only.
    pub added: RoaringBitmap,
    /// Members of the old set only.
    pub removed: RoaringBitmap,
}

impl Delta {
    /// The change that leads from `before` to `after`.
    pub fn between(before: &RoaringBitmap, after: &RoaringBitmap) -> Self {
        Self { added: after - before, removed: before - after }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}
