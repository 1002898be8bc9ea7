//! What the names in a JSON object stand for. Objects of one kind mostly have the same names in the
//! same order, so each name is compared with the one that stood there before.

use std::collections::HashMap;

use crate::directory::column_reader::layout::Layout;
use crate::directory::shape::{Field, FieldKind, Found, Shape};
use crate::language::attribute::PlanField;

/// The names that one worker has met so far.
pub(super) struct Names<'layout> {
    shape: &'layout Shape<'layout>,
    layout: &'layout Layout,
    levels: Vec<Level>,
}

/// What a name stands for.
#[derive(Clone, Copy)]
pub(super) enum Known {
    Ignored,
    /// An object whose names are those of a level.
    Container(usize),
    /// A field and its column.
    Field {
        slot: usize,
        kind: FieldKind,
    },
    /// What licensing reads, and the field that has the same name, if it is wanted.
    Licensing {
        slot: usize,
        kind: FieldKind,
        also: Option<(usize, FieldKind)>,
    },
    /// A field of a service plan.
    Plan(PlanField),
    /// The id of an object that stands for a reference to it.
    ReferenceId,
}

/// The names that occurred in one kind of object.
struct Level {
    kind: LevelKind,
    names: Vec<(Box<str>, Known)>,
    places: HashMap<Box<str>, usize>,
    /// Where the next name is expected.
    next: usize,
}

enum LevelKind {
    /// A record, or an object inside of one that holds fields of it. The path to it, with a dot at the
    /// end.
    Record {
        prefix: String,
    },
    Plan,
    Reference,
}

impl<'layout> Names<'layout> {
    /// The level of whole records.
    pub(super) const RECORD: usize = 0;
    /// The level of service plans.
    pub(super) const PLAN: usize = 1;
    /// The level of references.
    pub(super) const REFERENCE: usize = 2;

    pub(super) fn new(shape: &'layout Shape<'layout>, layout: &'layout Layout) -> Self {
        let levels = [LevelKind::Record { prefix: String::new() }, LevelKind::Plan, LevelKind::Reference];
        Self { shape, layout, levels: levels.map(Level::new).into() }
    }

    /// Says that an object of `level` begins.
    pub(super) fn begin(&mut self, level: usize) {
        if let Some(level) = self.levels.get_mut(level) {
            level.next = 0;
        }
    }

    /// What `name` stands for in an object of `level`.
    pub(super) fn known(&mut self, level: usize, name: &str) -> Known {
        let Some(here) = self.levels.get_mut(level) else { return Known::Ignored };
        let expected = here.names.get(here.next).filter(|(expected, _)| **expected == *name);
        let known = expected.or_else(|| {
            here.next = *here.places.get(name)?;
            here.names.get(here.next)
        });
        if let Some(&(_, known)) = known {
            here.next += 1;
            return known;
        }
        self.learn(level, name)
    }

    fn learn(&mut self, level: usize, name: &str) -> Known {
        let levels = self.levels.len();
        let Some(here) = self.levels.get_mut(level) else { return Known::Ignored };
        let (known, inside) = match &here.kind {
            LevelKind::Plan => (PlanField::from_word(name).map_or(Known::Ignored, Known::Plan), None),
            LevelKind::Reference if name.eq_ignore_ascii_case("id") => (Known::ReferenceId, None),
            LevelKind::Reference => (Known::Ignored, None),
            LevelKind::Record { prefix } => {
                let path = format!("{prefix}{name}");
                let (found, licensing) = self.shape.find_both(&path);
                let slot = |field: Field| self.layout.slot(&field).map(|slot| (slot, field.kind));
                match (found, licensing.and_then(slot)) {
                    (Found::Field(field), Some((at, kind))) => {
                        (Known::Licensing { slot: at, kind, also: slot(field) }, None)
                    }
                    (_, Some((slot, kind))) => (Known::Licensing { slot, kind, also: None }, None),
                    (Found::Unknown, None) => (Known::Ignored, None),
                    (Found::Container, None) => (Known::Container(levels), Some(format!("{path}."))),
                    (Found::Field(field), None) => match slot(field) {
                        Some((slot, kind)) => (Known::Field { slot, kind }, None),
                        None => (Known::Ignored, None),
                    },
                }
            }
        };
        here.next = here.names.len() + 1;
        here.places.insert(name.into(), here.names.len());
        here.names.push((name.into(), known));
        self.levels.extend(inside.map(|prefix| Level::new(LevelKind::Record { prefix })));
        known
    }
}

impl Level {
    fn new(kind: LevelKind) -> Self {
        Self { kind, names: Vec::new(), places: HashMap::new(), next: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::column_reader::Wanted;
    use crate::directory::column_reader::layout::Spelling;
    use crate::language::attribute::{Attributes, Subject};

    #[test]
    fn names_are_known_in_any_order() {
        let attributes = Attributes::standard();
        let find = |name: &&str| attributes.find(Subject::User, name);
        let wanted = Wanted {
            attributes: ["city", "extensionAttribute7"].iter().filter_map(find).collect(),
            ..Wanted::default()
        };
        let layout = Layout::new(&wanted, Spelling::Folded);
        let shape = Shape::of_objects(Subject::User, attributes);
        let mut names = Names::new(&shape, &layout);
        let mut words = |level, name: &str| match names.known(level, name) {
            Known::Ignored => "-".to_owned(),
            Known::Container(level) => format!("level {level}"),
            Known::Field { slot, .. } | Known::Licensing { slot, .. } => slot.to_string(),
            Known::Plan(field) => field.word().to_owned(),
            Known::ReferenceId => "id".to_owned(),
        };
        for _ in 0..2 {
            let found = ["ID", "City", "state", "manager", "OnPremisesExtensionAttributes", "city"]
                .map(|name| words(Names::RECORD, name));
            assert_eq!(found, ["0", "4", "-", "-", "level 3", "4"]);
            let found = ["extensionAttribute6", "extensionAttribute7"].map(|name| words(3, name));
            assert_eq!(found, ["-", "5"]);
            assert_eq!(words(Names::PLAN, "Service"), "service");
            assert_eq!(words(Names::REFERENCE, "Id"), "id");
        }
        names.begin(Names::RECORD);
        assert!(matches!(names.known(Names::RECORD, "ID"), Known::Field { slot: 0, .. }));
        assert!(matches!(names.known(Names::RECORD, "state"), Known::Ignored));
    }
}
