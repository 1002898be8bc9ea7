//! Which groups a group's rule reads.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::recompute::GroupInput;
use super::roster::{Ordinal, Roster};
use super::snapshot::Snapshot;
use crate::language::typed::{NodeKind, Reach, TypedRule};

/// For each group the positions, in `groups`, of the groups whose members it needs: ascending, each once.
///
/// A rule that reaches into nested groups needs those as well. They stand in groups whose members are
/// given, since a rule selects no groups; so `snapshot`, taken before anything is evaluated, has them all.
pub(super) fn of(groups: &[GroupInput], roster: &Roster, snapshot: &Snapshot) -> Vec<Vec<usize>> {
    let positions: HashMap<Ordinal, usize> =
        groups.iter().enumerate().map(|(at, input)| (input.group, at)).collect();
    let tenant = Tenant { groups, positions, snapshot };
    groups
        .iter()
        .map(|input| input.plan.rule().map(|rule| tenant.read_by(rule, roster)).unwrap_or_default())
        .collect()
}

struct Tenant<'a> {
    groups: &'a [GroupInput],
    positions: HashMap<Ordinal, usize>,
    snapshot: &'a Snapshot,
}

impl Tenant<'_> {
    fn read_by(&self, rule: &TypedRule, roster: &Roster) -> Vec<usize> {
        let mut read = RoaringBitmap::new();
        rule.root.walk(&mut |node| {
            if let NodeKind::MemberOf { groups, reach } = &node.kind {
                for group in groups.iter().filter_map(|id| roster.find(id.written())) {
                    match reach {
                        Reach::Direct => {
                            read.insert(group);
                        }
                        Reach::Transitive => self.add_with_nested(group, &mut read),
                    }
                }
            }
        });
        let mut read: Vec<usize> =
            read.into_iter().filter_map(|group| self.positions.get(&group)).copied().collect();
        read.sort_unstable();
        read
    }

    /// Adds a group and those nested in it. What stands in a group with a rule is about to be replaced.
    fn add_with_nested(&self, group: Ordinal, read: &mut RoaringBitmap) {
        let mut seen = RoaringBitmap::from_iter([group]);
        let mut waiting = vec![group];
        while let Some(group) = waiting.pop() {
            read.insert(group);
            let has_rule = self
                .positions
                .get(&group)
                .and_then(|&at| self.groups.get(at))
                .is_some_and(|input| input.plan.rule().is_some());
            if !has_rule {
                waiting.extend(self.snapshot.nested(group).into_iter().filter(|&nested| seen.insert(nested)));
            }
        }
    }
}
