//! Who reports to whom.

use std::collections::{HashMap, HashSet};

use super::object::Object;
use crate::base::fold::fold;

/// The manager of each user. Ids are compared in any letter case; a manager may be unknown to the
/// tenant.
///
/// ```
/// use dyngroup::directory::managers::Managers;
/// let managers = Managers::new([("ada", "grace"), ("grace", "edsger")]);
/// assert_eq!(managers.of("ADA"), Some("grace"));
/// assert!(managers.reports_to("ada", "Grace"));
/// assert!(!managers.reports_to("ada", "edsger"));
/// assert!(managers.reports_transitively_to("ada", "edsger"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managers {
    by_user: HashMap<Box<str>, Manager>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Manager {
    folded: Box<str>,
    written: Box<str>,
}

impl Managers {
    /// Managers from `(user id, manager id)`; a later manager of a user replaces an earlier one.
    pub fn new<'id>(pairs: impl IntoIterator<Item = (&'id str, &'id str)>) -> Self {
        let entry = |(user, manager): (&str, &str)| {
            (fold(user).into(), Manager { folded: fold(manager).into(), written: manager.into() })
        };
        Self { by_user: pairs.into_iter().map(entry).collect() }
    }

    /// The managers that the objects themselves name.
    pub fn of_objects<'object>(objects: impl IntoIterator<Item = &'object Object>) -> Self {
        Self::new(objects.into_iter().filter_map(|object| Some((object.id(), object.manager()?))))
    }

    /// The id of a user's manager, as written.
    pub fn of(&self, user: &str) -> Option<&str> {
        self.by_user.get(&*fold(user)).map(|manager| &*manager.written)
    }

    /// Whether `manager` is the user's manager.
    pub fn reports_to(&self, user: &str, manager: &str) -> bool {
        self.above(user).next().is_some_and(|above| *above == *fold(manager))
    }

    /// Whether `manager` is the user's manager, or the manager's manager, or further up. People who
    /// manage each other in a circle do no harm.
    pub fn reports_transitively_to(&self, user: &str, manager: &str) -> bool {
        let manager = fold(manager);
        let mut seen = HashSet::new();
        self.above(user).take_while(|above| seen.insert(*above)).any(|above| *above == *manager)
    }

    /// The managers above a user in folded form, nearest first; without end in a circle.
    fn above(&self, user: &str) -> impl Iterator<Item = &str> {
        let first = self.by_user.get(&*fold(user));
        std::iter::successors(first, |manager| self.by_user.get(&manager.folded))
            .map(|manager| &*manager.folded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_end_and_nobody_reports_to_themselves_without_one() {
        let managers = Managers::new([("a", "b"), ("b", "c"), ("c", "b"), ("d", "d")]);
        assert!(managers.reports_transitively_to("a", "c"));
        assert!(managers.reports_transitively_to("b", "b"), "through c");
        assert!(!managers.reports_transitively_to("a", "a"));
        assert!(!managers.reports_transitively_to("a", "nobody"));
        assert!(managers.reports_to("d", "D"));
    }

    #[test]
    fn objects_name_their_managers() {
        let mut ada = Object::new("Ada");
        ada.set_manager(Some("grace".into()));
        let managers = Managers::of_objects([&ada, &Object::new("bob")]);
        assert_eq!((managers.of("ada"), managers.of("bob")), (Some("grace"), None));
    }
}
