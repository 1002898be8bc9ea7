//! All rules on one object: the machine for single changes. It runs the same bytecode as the column
//! machine, with a boolean in each register, and only for rules that can hold.
//!
//! ```text
//! object ─► each attribute looked at once for all tests of it ─► true leaves ─► rules that wait for
//! one of them ─► their code
//! ```
//!
//! A *leaf* is a predicate, a quantified term or an external of the program. For every rule the index
//! knows leaves of which at least one is true whenever the rule holds: the rarest part of a conjunction,
//! all parts of a disjunction. A rule that can hold with no leaf true, such as a lone negation, is run
//! for every object.
//!
//! Errors are those of the oracle, for which no part hides another. What can be without a result is
//! therefore decided whether or not a rule comes to it: patterns of the back-tracking engine, and
//! versions without a chosen order. Other patterns cannot fail and are asked when a rule needs to know.

mod affix;
mod bits;
mod collection;
mod difference;
mod failure;
mod filter;
mod inside;
mod leaf;
mod lists;
mod looks;
mod prepared;
mod readers;
mod reports;
mod required;
mod run;
mod share;
mod source;
mod state;
mod text;
mod way;

use std::sync::Arc;

use jiff::Timestamp;

use super::oracle::EvaluationError;
use super::world::{Relations, VersionOrder};
use crate::directory::object::Object;
use crate::program::Program;
use bits::Bits;
use difference::{DifferenceRoom, difference};
use failure::failures;
use looks::Looks;
use prepared::Prepared;
use run::Run;
use state::State;

/// What the rules of a program say about an object. Rules are named by their place in the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The rules that select the object, ascending.
    pub rules: Vec<u32>,
    /// The rules without a result and why, ascending: the errors that the oracle gives.
    pub undecided: Vec<(u32, EvaluationError)>,
}

/// The rules whose outcome is not what it was before a change. Rules are named by their place in the
/// program, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The rules that select the object now. They did not before, or had no result.
    pub joined: Vec<u32>,
    /// The rules that do not select the object now. They did before, or had no result.
    pub left: Vec<u32>,
    /// The rules that have no result now, and why. They had one before, or another error.
    pub undecided: Vec<(u32, EvaluationError)>,
}

/// A program prepared for single objects. A clone shares what was prepared, so that each thread can
/// have a machine.
///
/// ```
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::engine::single::SingleMachine;
/// use dyngroup::engine::world::NoRelations;
/// use dyngroup::language::compile::{compile, Options};
/// use dyngroup::program::{emit::program, Optimise};
///
/// let rules = ["user.city -eq \"Oslo\"", "user.department -eq \"Sales\""];
/// let rules = rules.map(|rule| compile(rule, Options::default()).rule.unwrap());
/// let program = program(&rules, Optimise::On).unwrap();
/// let mut machine = SingleMachine::new(&program, jiff::Timestamp::UNIX_EPOCH, None);
///
/// let before = Object::new("ada").with("department", Value::Text("SALES".into()));
/// assert_eq!(machine.evaluate(&before, &NoRelations).rules, [1]);
/// let after = before.clone().with("city", Value::Text("Oslo".into()));
/// let change = machine.evaluate_change(Some(&before), Some(&after), &NoRelations);
/// assert_eq!((change.joined, change.left), (vec![0], vec![]));
/// assert_eq!(machine.rules_reading(["city"]), [0]);
/// ```
#[derive(Debug)]
pub struct SingleMachine<'p> {
    prepared: Arc<Prepared<'p>>,
    state: State,
    looks: Looks,
    holding: Bits,
    room: DifferenceRoom,
}

impl<'p> SingleMachine<'p> {
    /// Prepares a program: `now` is what `system.now` stands for; without `version_order` rules that order
    /// versions have no result.
    ///
    /// INVARIANT: [`crate::program::emit`] made the program.
    pub fn new(program: &'p Program, now: Timestamp, version_order: Option<VersionOrder>) -> Self {
        Self::of(Arc::new(Prepared::new(program, now, version_order)))
    }

    fn of(prepared: Arc<Prepared<'p>>) -> Self {
        let (state, room) = (State::of(&prepared), DifferenceRoom::of(&prepared));
        let holding = Bits::none(prepared.program.rules.len());
        Self { prepared, state, looks: Looks::default(), holding, room }
    }

    /// Evaluates all rules for one object.
    pub fn evaluate(&mut self, object: &Object, relations: &dyn Relations) -> Verdict {
        let prepared = &*self.prepared;
        self.state.start(prepared);
        let mut run = Run { prepared, state: &mut self.state, object, relations };
        run.look_at_all(&mut self.looks);
        self.holding.clear();
        run.rules([&self.looks, &Looks::default()], |_| true, &mut self.holding);
        let mut rules = Vec::with_capacity(self.holding.count());
        rules.extend(self.holding.iter());
        let undecided = failures(prepared, &run.state.undecided, None);
        if !undecided.is_empty() {
            rules.retain(|rule| undecided.binary_search_by_key(rule, |&(rule, _)| rule).is_err());
        }
        Verdict { rules, undecided }
    }

    /// The rules whose outcome differs between an object before and after a change. `None` stands for an
    /// object that does not exist: no rule selects it.
    ///
    /// Only rules that read something which came or went are looked at. `relations` hold for both sides:
    /// for changes of other objects ask [`SingleMachine::rules_reading`] for `memberOf` and `manager`.
    pub fn evaluate_change(
        &mut self,
        before: Option<&Object>,
        after: Option<&Object>,
        relations: &dyn Relations,
    ) -> Change {
        match (before, after) {
            (None, None) => Change::default(),
            (None, Some(after)) => {
                let Verdict { rules, undecided } = self.evaluate(after, relations);
                Change { joined: rules, left: Vec::new(), undecided }
            }
            (Some(before), None) => {
                let Verdict { mut rules, undecided } = self.evaluate(before, relations);
                rules.extend(undecided.into_iter().map(|(rule, _)| rule));
                rules.sort_unstable();
                Change { left: rules, ..Change::default() }
            }
            (Some(before), Some(after)) => {
                difference(&self.prepared, &mut self.state, &mut self.room, (before, after), relations)
            }
        }
    }

    /// The rules that read one of these attributes, by canonical rule name, ascending. `manager` stands for
    /// the line of managers, `memberOf` and `transitiveMemberOf` for groups.
    pub fn rules_reading<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Vec<u32> {
        let of_name = &self.prepared.readers.of_name;
        let mut rules: Vec<u32> =
            names.into_iter().filter_map(|name| of_name.get(name)).flatten().copied().collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }
}

impl Clone for SingleMachine<'_> {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.prepared))
    }
}
