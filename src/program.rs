//! Typed rules to bytecode. All rules of a tenant compile together: each predicate exists once, each
//! shared sub-expression is computed once. Knows nothing of columns.
//!
//! ```text
//! typed rules -> graph (predicates and expressions, interned) -> instructions -> verified program
//! ```

pub mod emit;
pub mod graph;
pub mod instruction;
pub mod listing;
pub mod predicate;
pub mod verify;

use instruction::Instruction;
use predicate::{External, Predicate};

/// All rules of one subject, compiled together.
#[derive(Clone, Debug)]
pub struct Program {
    /// The predicates, each once.
    pub predicates: Vec<Predicate>,
    /// Selections that the caller supplies: memberships and reporting lines, each once.
    pub externals: Vec<External>,
    /// The quantified terms, each once.
    pub quantified: Vec<predicate::AnyItem>,
    /// For each rule the predicates that may have no result, in the order of its text: the first one
    /// without a result is the rule's error.
    pub fallible: Vec<Vec<predicate::Fallible>>,
    /// The bodies of the quantified terms.
    pub item_expressions: Vec<graph::Expression>,
    /// The instructions.
    pub code: Vec<Instruction>,
    /// Where in the code the shared sub-expressions stand, in the order in which they are computed.
    pub shared: Vec<Section>,
    /// Where in the code each rule stands, in the order of the rules.
    pub rules: Vec<Section>,
    /// How many registers the code needs.
    pub registers: usize,
}

/// A stretch of code that computes one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// First instruction.
    pub start: u32,
    /// One past the last instruction.
    pub end: u32,
    /// The shared sections that have to be computed before, ascending.
    pub needs: Vec<u32>,
}

/// Whether equal things are computed once and conditions reordered. Off only for comparison: the
/// members are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimise {
    /// Share and reorder.
    #[default]
    On,
    /// Each rule by itself, in the order of its text.
    Off,
}
