//! The numbers under which groups capture.

use std::collections::HashMap;

/// The capturing groups met while reading.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    plain: u32,
    /// How many groups have each number.
    numbers: HashMap<u32, usize>,
    /// How many groups have each name.
    names: HashMap<Box<str>, usize>,
    /// The names as they first came.
    order: Vec<Box<str>>,
}

/// What names and numbers refer to, once all groups are met.
#[derive(Clone, Debug)]
pub(super) struct Numbers {
    slots: HashMap<Box<str>, u32>,
    counts: HashMap<u32, usize>,
}

impl Groups {
    /// Counts a group without name.
    pub(super) fn add_plain(&mut self) -> u32 {
        self.plain += 1;
        self.add_number(self.plain)
    }

    /// Counts a group that gives its own number.
    pub(super) fn add_number(&mut self, slot: u32) -> u32 {
        *self.numbers.entry(slot).or_default() += 1;
        slot
    }

    /// Counts a group with a name.
    pub(super) fn add_name(&mut self, name: &str) {
        if let Some(count) = self.names.get_mut(name) {
            *count += 1;
            return;
        }
        self.names.insert(name.into(), 1);
        self.order.push(name.into());
    }

    /// Numbers the names: after all groups without name, leaving out the numbers that are taken.
    pub(super) fn numbered(self) -> Numbers {
        let Self { plain, numbers: mut counts, names, order } = self;
        let mut slots = HashMap::new();
        let mut next = plain + 1;
        for name in order {
            while counts.contains_key(&next) {
                next += 1;
            }
            counts.insert(next, names.get(&name).copied().unwrap_or(1));
            slots.insert(name, next);
        }
        Numbers { slots, counts }
    }
}

impl Numbers {
    /// The number behind a name or a written number.
    pub(super) fn slot_of(&self, name: &str) -> Option<u32> {
        let number = || name.parse().ok().filter(|slot| self.counts.contains_key(slot));
        self.slots.get(name).copied().or_else(number)
    }

    /// Whether several groups have this number.
    pub(super) fn is_shared(&self, slot: u32) -> bool {
        self.counts.get(&slot).is_some_and(|&count| count > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_after_plain_groups() {
        let mut groups = Groups::default();
        groups.add_name("year");
        groups.add_plain();
        groups.add_number(3);
        groups.add_plain();
        groups.add_name("day");
        groups.add_name("year");
        let numbers = groups.numbered();
        let slots = ["1", "2", "3", "year", "day", "4", "6", "month"].map(|name| numbers.slot_of(name));
        assert_eq!(slots, [Some(1), Some(2), Some(3), Some(4), Some(5), Some(4), None, None]);
        assert!(numbers.is_shared(4) && !numbers.is_shared(5));
    }
}
