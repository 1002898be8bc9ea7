//! Small numbers for object ids, so that members are bitmaps.

use std::collections::HashMap;

use crate::base::fold::fold;

/// The place of an object in a [`Roster`].
pub type Ordinal = u32;

/// Ids and their ordinals. Ids that differ in letter case only are one object.
///
/// ```
/// use dyngroup::membership::roster::Roster;
/// let mut roster = Roster::default();
/// let ada = roster.intern("ada").unwrap();
/// assert_eq!(roster.intern("ADA"), Some(ada));
/// assert_eq!(roster.id(ada), "ada");
/// assert_eq!(roster.find("bob"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Roster {
    ids: Vec<Box<str>>,
    by_folded: HashMap<Box<str>, Ordinal>,
}

impl Roster {
    /// The ordinal of `id`, given out now if it is new. `None` when there are no numbers left.
    pub fn intern(&mut self, id: &str) -> Option<Ordinal> {
        let folded = fold(id);
        if let Some(&ordinal) = self.by_folded.get(folded.as_ref()) {
            return Some(ordinal);
        }
        let ordinal = Ordinal::try_from(self.ids.len()).ok()?;
        self.ids.push(id.into());
        self.by_folded.insert(folded.into(), ordinal);
        Some(ordinal)
    }

    /// The ordinal of `id`, if it was interned.
    pub fn find(&self, id: &str) -> Option<Ordinal> {
        self.by_folded.get(fold(id).as_ref()).copied()
    }

    /// The id behind an ordinal, as it was first written; empty for an ordinal of another roster.
    pub fn id(&self, ordinal: Ordinal) -> &str {
        self.ids.get(ordinal as usize).map_or("", AsRef::as_ref)
    }

    /// How many ids there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no ids.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}
