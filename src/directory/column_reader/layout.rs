//! Which fields of a file are read, and the column that each becomes.

use std::collections::HashMap;
use std::sync::Arc;

use super::Wanted;
use crate::directory::shape::{Field, MANAGER, MEMBER_OF, OBJECT_ID, REMOVED};
use crate::language::attribute::{Attribute, Kind};

/// The columns to read: what every object has, then the attributes.
#[derive(Debug)]
pub(super) struct Layout {
    slots: Vec<Slot>,
    by_name: HashMap<Arc<str>, usize>,
    /// The attribute of the object id, if it is wanted as a column of its own.
    id: Option<Arc<str>>,
}

/// One column to read.
#[derive(Debug)]
pub(super) struct Slot {
    /// The name under which rows hold the field.
    pub(super) name: Arc<str>,
    pub(super) kind: SlotKind,
    pub(super) spelling: Spelling,
}

/// What a column holds on each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotKind {
    Boolean,
    Instant,
    Text,
    /// Text that is another one on each row.
    UniqueText,
    Texts,
    Plans,
}

/// The form in which text is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As rules compare it.
    Folded,
    /// As the file writes it.
    Written,
}

impl Layout {
    /// The slot of the object id.
    pub(super) const ID: usize = 0;
    /// The slot of the mark of a deletion.
    pub(super) const REMOVED: usize = 1;
    /// The slot of the groups that an object is in.
    pub(super) const MEMBER_OF: usize = 2;
    /// The slot of the manager.
    pub(super) const MANAGER: usize = 3;
    /// The first slot of an attribute.
    pub(super) const ATTRIBUTES: usize = 4;

    /// The columns of what is wanted, attributes with text in `spelling`. What is wanted as written too
    /// is read so; its folded form is made of that.
    pub(super) fn new(wanted: &Wanted, spelling: Spelling) -> Self {
        let own = [
            (OBJECT_ID, SlotKind::UniqueText),
            (REMOVED, SlotKind::Boolean),
            (MEMBER_OF, SlotKind::Texts),
            (MANAGER, SlotKind::Text),
        ];
        let mut slots: Vec<Slot> =
            own.map(|(name, kind)| Slot { name: name.into(), kind, spelling: Spelling::Written }).into();
        let mut by_name: HashMap<Arc<str>, usize> =
            slots.iter().enumerate().map(|(at, slot)| (Arc::clone(&slot.name), at)).collect();
        let mut id = None;
        for attribute in &wanted.attributes {
            if *attribute.name == *OBJECT_ID {
                id = Some(Arc::clone(&attribute.name));
            }
            let Some(kind) = kind_of(attribute) else { continue };
            // The names of the first slots mean what they mean there, whatever a caller declares.
            if !by_name.contains_key(&attribute.name) {
                let is_original = wanted.originals.contains(&attribute.name);
                let spelling = if is_original { Spelling::Written } else { spelling };
                by_name.insert(Arc::clone(&attribute.name), slots.len());
                slots.push(Slot { name: Arc::clone(&attribute.name), kind, spelling });
            }
        }
        if !wanted.managers {
            by_name.remove(MANAGER);
        }
        Self { slots, by_name, id }
    }

    /// Columns of text under the names that rows hold them under.
    pub(super) fn of_texts(names: impl IntoIterator<Item = &'static str>) -> Self {
        let slot = |name: &str| Slot { name: name.into(), kind: SlotKind::Text, spelling: Spelling::Written };
        let slots: Vec<Slot> = names.into_iter().map(slot).collect();
        let by_name = slots.iter().enumerate().map(|(at, slot)| (Arc::clone(&slot.name), at)).collect();
        Self { slots, by_name, id: None }
    }

    /// All columns.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The column of a field, if it is read.
    pub(super) fn slot(&self, field: &Field) -> Option<usize> {
        self.by_name.get(&field.name).copied()
    }

    /// The attribute of the object id, if it is wanted.
    pub(super) fn id(&self) -> Option<&Arc<str>> {
        self.id.as_ref()
    }
}

/// What the column of an attribute holds; `None` if it has none.
fn kind_of(attribute: &Attribute) -> Option<SlotKind> {
    if attribute.retired {
        return None;
    }
    match attribute.kind {
        Kind::Boolean => Some(SlotKind::Boolean),
        Kind::Date => Some(SlotKind::Instant),
        Kind::Text => Some(SlotKind::Text),
        Kind::Texts => Some(SlotKind::Texts),
        Kind::Plans => Some(SlotKind::Plans),
        Kind::Groups => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::shape::FieldKind;
    use crate::language::attribute::{Attributes, Subject};

    #[test]
    fn attributes_have_one_slot_each_and_the_first_slots_are_taken() {
        let find = |name| Attributes::standard().find(Subject::User, name).unwrap();
        let mut attributes: Vec<_> =
            ["city", "objectId", "memberOf", "city", "assignedPlans"].map(find).into();
        attributes.push(Arc::new(Attribute::declared(Subject::User, "manager", Kind::Text)));
        attributes.push(Attributes::standard().find(Subject::Device, "organizationalUnit").unwrap());
        let layout = Layout::new(&Wanted { attributes, ..Wanted::default() }, Spelling::Folded);
        let names: Vec<_> = layout.slots().iter().skip(Layout::ATTRIBUTES).map(|slot| &*slot.name).collect();
        assert_eq!(names, ["city", "assignedPlans"]);
        let slot = |name: &str| layout.slot(&Field { name: name.into(), kind: FieldKind::Text });
        assert_eq!(slot("objectId"), Some(Layout::ID));
        assert_eq!(slot("manager"), None);
        assert_eq!(slot("assignedPlans"), Some(Layout::ATTRIBUTES + 1));
        assert_eq!(layout.id().map(|name| &**name), Some("objectId"));
    }
}
