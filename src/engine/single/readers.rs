//! Which rules read what.

use std::collections::{BTreeMap, BTreeSet};

use super::bits::Bits;
use super::leaf::{Leaf, Leaves, Place};
use super::lists::Lists;
use crate::language::typed::Reach;
use crate::program::graph::{Expression, ExpressionId};
use crate::program::instruction::Instruction;
use crate::program::predicate::External;
use crate::program::{Program, Section};

/// The name under which rules read the line of managers.
pub(super) const MANAGER: &str = "manager";

/// From so many readers on a set is quicker to add than a list.
const CROWD_MIN: usize = 200;

/// The rules that read each leaf, and each attribute.
#[derive(Debug)]
pub(super) struct Readers {
    /// By leaf. A rule reads its terms and the predicates of their bodies.
    pub(super) of_leaf: Lists<u32>,
    /// The same for leaves with very many readers.
    crowds: BTreeMap<Leaf, Bits>,
    /// By canonical name, sorted.
    pub(super) of_name: BTreeMap<Box<str>, Vec<u32>>,
}

impl Readers {
    pub(super) fn of(program: &Program, leaves: Leaves) -> Self {
        let mut shared: Vec<BTreeSet<Leaf>> = Vec::with_capacity(program.shared.len());
        for section in &program.shared {
            let read = read_by(program, leaves, section, &shared);
            shared.push(read);
        }
        let mut pairs = Vec::new();
        let mut of_name: BTreeMap<Box<str>, BTreeSet<u32>> = BTreeMap::new();
        for (rule, section) in (0..).zip(&program.rules) {
            for leaf in read_by(program, leaves, section, &shared) {
                pairs.push((leaf, rule));
                let Some(name) = name_of(program, leaves, leaf) else { continue };
                match of_name.get_mut(name) {
                    Some(rules) => drop(rules.insert(rule)),
                    None => drop(of_name.insert(name.into(), BTreeSet::from([rule]))),
                }
            }
        }
        let of_name = of_name.into_iter().map(|(name, rules)| (name, rules.into_iter().collect())).collect();
        let of_leaf = Lists::new(leaves.count, pairs);
        let crowded = (0..).take(leaves.count).filter(|&leaf| of_leaf.of(leaf).len() >= CROWD_MIN);
        let crowd = |leaf: Leaf| {
            let mut crowd = Bits::none(program.rules.len());
            for &rule in of_leaf.of(leaf) {
                crowd.add(rule);
            }
            (leaf, crowd)
        };
        Self { crowds: crowded.map(crowd).collect(), of_leaf, of_name }
    }

    /// Adds the readers of a leaf.
    pub(super) fn add_to(&self, rules: &mut Bits, leaf: Leaf) {
        let readers = self.of_leaf.of(leaf);
        if readers.len() >= CROWD_MIN
            && let Some(crowd) = self.crowds.get(&leaf)
        {
            return rules.add_all(crowd);
        }
        for &rule in readers {
            rules.add(rule);
        }
    }
}

/// What a section reads, with what the shared sections before it read for it.
fn read_by(
    program: &Program,
    leaves: Leaves,
    section: &Section,
    shared: &[BTreeSet<Leaf>],
) -> BTreeSet<Leaf> {
    let code = program.code.get(section.start as usize..section.end as usize).unwrap_or_default();
    let sources = code.iter().filter_map(Instruction::source);
    let mut read: BTreeSet<Leaf> = sources.filter_map(|source| leaves.read_by(source)).collect();
    read.extend(section.needs.iter().filter_map(|&need| shared.get(need as usize)).flatten());
    let terms: Vec<u32> = read
        .iter()
        .filter_map(|&leaf| if let Place::Term(place) = leaves.place(leaf) { Some(place) } else { None })
        .collect();
    for term in terms {
        if let Some(term) = program.quantified.get(term as usize) {
            predicates_of(program, term.body, &mut read);
        }
    }
    read
}

fn predicates_of(program: &Program, id: ExpressionId, found: &mut BTreeSet<Leaf>) {
    match program.item_expressions.get(id as usize) {
        Some(&Expression::Predicate(place)) => drop(found.insert(place)),
        Some(&Expression::Not(part)) => predicates_of(program, part, found),
        Some(Expression::And(parts) | Expression::Or(parts)) => {
            for &part in parts {
                predicates_of(program, part, found);
            }
        }
        Some(Expression::External(_) | Expression::AnyItem(_)) | None => {}
    }
}

fn name_of(program: &Program, leaves: Leaves, leaf: Leaf) -> Option<&str> {
    Some(match leaves.place(leaf) {
        Place::Predicate(place) => &program.predicates.get(place as usize)?.target.attribute().name,
        Place::Term(place) => &program.quantified.get(place as usize)?.collection.name,
        Place::External(place) => match program.externals.get(place as usize)? {
            External::Reports(..) => MANAGER,
            External::MemberOf(_, Reach::Direct) => "memberOf",
            External::MemberOf(_, Reach::Transitive) => "transitiveMemberOf",
        },
    })
}
