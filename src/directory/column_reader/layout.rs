//! Which fields of a file are read, and the column that each becomes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::Wanted;
use crate::directory::license_fields::{ADDRESS_CONFLICT, CONFLICT_SOURCES, LICENSE_SOURCES, LICENSES};
use crate::directory::shape::{Field, MANAGER, MEMBER_OF, OBJECT_ID, REMOVED};
use crate::language::attribute::{Attribute, Kind};

/// The columns to read: what every object has, then the attributes.
#[derive(Debug)]
pub(super) struct Layout {
    slots: Vec<Slot>,
    by_name: HashMap<Arc<str>, usize>,
    /// The attribute of the object id, if it is wanted as a column of its own.
    id: Option<Arc<str>>,
    /// The columns that licensing makes of others, and the slots of these.
    made: Vec<(&'static str, Range<usize>)>,
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
        let mut made = Vec::new();
        for attribute in &wanted.attributes {
            if let Some((name, sources, kind)) = sources_of(attribute) {
                let first = slots.len();
                for &source in sources {
                    by_name.insert(source.into(), slots.len());
                    slots.push(Slot { name: source.into(), kind, spelling: Spelling::Written });
                }
                made.push((name, first..slots.len()));
                continue;
            }
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
        Self { slots, by_name, id, made }
    }

    /// Columns of text under the names that rows hold them under.
    pub(super) fn of_texts(names: impl IntoIterator<Item = &'static str>) -> Self {
        let slot = |name: &str| Slot { name: name.into(), kind: SlotKind::Text, spelling: Spelling::Written };
        let slots: Vec<Slot> = names.into_iter().map(slot).collect();
        let by_name = slots.iter().enumerate().map(|(at, slot)| (Arc::clone(&slot.name), at)).collect();
        Self { slots, by_name, id: None, made: Vec::new() }
    }

    /// All columns.
    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The column of a field, if it is read.
    pub(super) fn slot(&self, field: &Field) -> Option<usize> {
        self.by_name.get(&field.name).copied()
    }

    /// The columns that licensing makes of others, and the slots of these.
    pub(super) fn made(&self) -> &[(&'static str, Range<usize>)] {
        &self.made
    }

    /// Whether a slot is only there for another column to be made of it.
    pub(super) fn is_source(&self, slot: usize) -> bool {
        self.made.iter().any(|(_, slots)| slots.contains(&slot))
    }

    /// The attribute of the object id, if it is wanted.
    pub(super) fn id(&self) -> Option<&Arc<str>> {
        self.id.as_ref()
    }
}

/// What a column of licensing is made of, and what each of these holds; `None` for an attribute.
fn sources_of(attribute: &Attribute) -> Option<(&'static str, &'static [&'static str], SlotKind)> {
    match &*attribute.name {
        LICENSES => Some((LICENSES, &LICENSE_SOURCES, SlotKind::Text)),
        ADDRESS_CONFLICT => Some((ADDRESS_CONFLICT, &CONFLICT_SOURCES, SlotKind::Boolean)),
        _ => None,
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
