//! What is worked out once for a program: how each attribute is looked at, and which rules to look at then.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::bits::Bits;
use super::collection::Terms;
use super::leaf::{Leaf, Leaves};
use super::lists::Lists;
use super::readers::Readers;
use super::reports::Reports;
use super::required::{Condition, Required, Requirements, Way};
use super::source::{Source, sources};
use super::way::RuleWay;
use crate::engine::world::VersionOrder;
use crate::program::Program;
use crate::program::predicate::{External, Fallible};

/// A program with the index over its rules.
#[derive(Debug)]
pub(super) struct Prepared<'p> {
    pub(super) program: &'p Program,
    pub(super) leaves: Leaves,
    /// Sorted by name.
    pub(super) sources: Vec<Source<'p>>,
    pub(super) terms: Terms<'p>,
    pub(super) reports: Reports,
    /// For each leaf the place of the source that decides it: behind those of the attributes come the
    /// line of managers and the groups.
    pub(super) source_of: Vec<u32>,
    /// Externals about groups: only asked for when somebody wants to know.
    pub(super) groups: Vec<Leaf>,
    /// For each leaf the rules that hold when it is true and the checks of one of their ways pass. These
    /// rules need not be run.
    pub(super) ways: Lists<RuleWay>,
    /// For each leaf the rules to run when it is true.
    pub(super) waiting: Lists<u32>,
    /// The rules that can hold with no leaf true, but only need checks.
    pub(super) checked: Vec<RuleWay>,
    /// The other rules that can hold with no leaf true.
    pub(super) always: Bits,
    pub(super) readers: Readers,
    /// For each leaf the sources to look at where its readers are to be run: all that they wait for, and all
    /// that may leave them without a result.
    pub(super) companions: Lists<u32>,
}

impl<'p> Prepared<'p> {
    pub(super) fn new(program: &'p Program, now: Timestamp, version_order: Option<VersionOrder>) -> Self {
        let leaves = Leaves::of(program);
        let required = Requirements::of(program, leaves);
        let sources = sources(program, leaves, now, version_order, &required.terms);
        let mut always = Bits::none(program.rules.len());
        let (mut ways, mut waiting, mut checked) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, condition) in (0..).zip(&required.rules) {
            match (&condition.required, &condition.literals) {
                (Some(required), _) if required.exact => {
                    let of_rule = |way: &Way| (way.leaf, RuleWay::new(rule, &way.checks));
                    ways.extend(required.ways.iter().map(of_rule));
                }
                (Some(required), _) => waiting.extend(required.leaves().map(|leaf| (leaf, rule))),
                (None, Some(literals)) => checked.push(RuleWay::new(rule, literals)),
                (None, None) => always.add(rule),
            }
        }
        let source_of = source_of(program, leaves, &sources);
        let readers = Readers::of(program, leaves);
        Self {
            program,
            leaves,
            terms: Terms::new(program, leaves, &required.terms),
            reports: Reports::of(program, leaves),
            groups: (0..)
                .zip(&program.externals)
                .filter(|(_, external)| matches!(external, External::MemberOf(..)))
                .map(|(place, _)| leaves.external(place))
                .collect(),
            ways: Lists::new(leaves.count, ways),
            waiting: Lists::new(leaves.count, waiting),
            checked,
            always,
            companions: companions(program, &required.rules, &readers, &sources, &source_of),
            readers,
            sources,
            source_of,
        }
    }

    /// The place of the line of managers among the sources.
    pub(super) fn managers(&self) -> usize {
        self.sources.len()
    }

    /// The place of the groups among the sources.
    pub(super) fn groups_place(&self) -> usize {
        self.sources.len() + 1
    }
}

fn source_of(program: &Program, leaves: Leaves, sources: &[Source<'_>]) -> Vec<u32> {
    let mut found = vec![u32::MAX; leaves.count];
    let mut put = |leaf: Leaf, source: u32| {
        if let Some(home) = found.get_mut(leaf as usize) {
            *home = source;
        }
    };
    for (place, source) in (0..).zip(sources) {
        source.leaves.iter().for_each(|&leaf| put(leaf, place));
    }
    let managers = u32::try_from(sources.len()).unwrap_or(u32::MAX);
    for (place, external) in (0..).zip(&program.externals) {
        let source = match external {
            External::Reports(..) => managers,
            External::MemberOf(..) => managers + 1,
        };
        put(leaves.external(place), source);
    }
    found
}

/// For each leaf the sources of what its readers wait for and of what may leave them without a result.
fn companions(
    program: &Program,
    conditions: &[Condition],
    readers: &Readers,
    sources: &[Source<'_>],
    source_of: &[u32],
) -> Lists<u32> {
    let mut can_fail = Bits::none(program.predicates.len());
    for predicate in sources.iter().flat_map(Source::fallible) {
        can_fail.add(predicate);
    }
    let of_rule = |(condition, fallible): (&Condition, &Vec<Fallible>)| {
        let required = condition.required.iter().flat_map(Required::leaves);
        let fallible = fallible.iter().map(|fallible| fallible.predicate).filter(|&leaf| can_fail.has(leaf));
        required.chain(fallible).filter_map(|leaf| source_of.get(leaf as usize).copied()).collect()
    };
    let of_rules: Vec<BTreeSet<u32>> = conditions.iter().zip(&program.fallible).map(of_rule).collect();
    let mut pairs = BTreeSet::new();
    for leaf in (0..).take(source_of.len()) {
        let sources = readers.of_leaf.of(leaf).iter().filter_map(|&rule| of_rules.get(rule as usize));
        pairs.extend(sources.flatten().map(|&source| (leaf, source)));
    }
    Lists::new(source_of.len(), pairs.into_iter().collect())
}
