//! Who reports to whom: the managers that rules ask for, looked up along an object's own line.

use std::collections::{BTreeMap, HashSet};

use super::leaf::{Leaf, Leaves};
use crate::base::fold::fold;
use crate::directory::object::Object;
use crate::engine::world::Relations;
use crate::language::typed::Reach;
use crate::program::Program;
use crate::program::predicate::External;

/// The managers of rules, by folded id.
#[derive(Debug, Default)]
pub(super) struct Reports {
    direct: BTreeMap<Box<str>, Vec<Leaf>>,
    transitive: BTreeMap<Box<str>, Vec<Leaf>>,
}

impl Reports {
    pub(super) fn of(program: &Program, leaves: Leaves) -> Self {
        let mut found = Self::default();
        for (place, external) in (0..).zip(&program.externals) {
            if let External::Reports(manager, reach) = external {
                let managers = match reach {
                    Reach::Direct => &mut found.direct,
                    Reach::Transitive => &mut found.transitive,
                };
                managers.entry(manager.folded().into()).or_default().push(leaves.external(place));
            }
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.direct.is_empty() && self.transitive.is_empty()
    }

    /// Adds the leaves of the managers that `object` is or reports to. A circle of managers ends where
    /// it closes.
    pub(super) fn look(&self, object: &Object, relations: &dyn Relations, hits: &mut Vec<Leaf>) {
        if self.is_empty() {
            return;
        }
        let mut add = |managers: &BTreeMap<Box<str>, Vec<Leaf>>, id: &str| {
            hits.extend(managers.get(id).into_iter().flatten());
        };
        let own_id = fold(object.id());
        add(&self.direct, &own_id);
        add(&self.transitive, &own_id);
        let Some(own_manager) = object.manager() else { return };
        let folded = fold(own_manager);
        add(&self.direct, &folded);
        add(&self.transitive, &folded);
        if self.transitive.is_empty() {
            return;
        }
        let mut seen = HashSet::from([own_id]);
        let mut above = Some(own_manager);
        while let Some(id) = above {
            let folded = fold(id);
            add(&self.transitive, &folded);
            if !seen.insert(folded) {
                return;
            }
            above = relations.manager_of(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::building::{Circle, one};
    use super::*;
    use crate::program::{Optimise, emit};

    #[test]
    fn the_line_is_followed_as_far_as_rules_ask() {
        let asked = [
            "Direct Reports for 'b'",
            "Direct Reports for 'c'",
            "All Reports for 'c'",
            "All Reports for 'z'",
            "Direct Reports for 'A'",
        ];
        let rules = asked.map(|text| one(text).rule());
        let found = |rules: &[crate::language::typed::TypedRule]| {
            let program = emit::program(rules, Optimise::On).expect("small");
            let mut ada = Object::new("a");
            ada.set_manager(Some("B".into()));
            let mut hits = Vec::new();
            Reports::of(&program, Leaves::of(&program)).look(&ada, &Circle, &mut hits);
            hits.sort_unstable();
            hits
        };
        assert_eq!(found(&rules), [0, 2, 4]);
        assert_eq!(found(&rules[..2]), [0]);
        assert!(found(&[]).is_empty());
    }
}
