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
mod gate;
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
        let mut run = Run::new(prepared, &mut self.state, object, relations);
        run.look_at_all(&mut self.looks);
        self.holding.clear();
        run.rules([&self.looks, &Looks::default()], |_| true, &mut self.holding);
        let mut rules = Vec::with_capacity(self.holding.count());
        self.holding.each(|rule| rules.push(rule));
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

#[cfg(test)]
mod tests {
    use super::super::building::{Draft, and, any_of, not, now, one, or};
    use super::super::oracle;
    use super::super::world::{NoRelations, World};
    use super::*;
    use crate::directory::object::Value;
    use crate::language::typed::{Reach, TypedRule};
    use crate::program::{Optimise, emit};

    fn program_of(drafts: impl IntoIterator<Item = Draft>) -> Program {
        let rules: Vec<TypedRule> = drafts.into_iter().map(Draft::rule).collect();
        emit::program(&rules, Optimise::On).expect("small")
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    /// Relations that nobody may ask for.
    struct Untouchable;

    impl Relations for Untouchable {
        fn is_member(&self, group: &str, object: &str, _: Reach) -> bool {
            unreachable!("whether {object} is in {group}")
        }
        fn manager_of(&self, user: &str) -> Option<&str> {
            unreachable!("who manages {user}")
        }
    }

    #[test]
    fn rules_are_found_by_what_they_read() {
        let program = program_of([
            and([one("user.city -eq 'a'"), not(one("user.state -eq 'b'"))]),
            any_of("user.otherMails", one("_ -eq 'x'")),
            or([one("user.memberOf -in ['g']"), one("user.city -ne null")]),
            one("All Reports for 'm'"),
        ]);
        let machine = SingleMachine::new(&program, now(), None);
        assert_eq!(machine.rules_reading(["city"]), [0, 2]);
        assert_eq!(machine.rules_reading(["otherMails", "state", "mail"]), [0, 1]);
        assert_eq!(machine.rules_reading(["memberOf", "manager"]), [2, 3]);
        assert!(machine.rules_reading([]).is_empty());
    }

    #[test]
    fn rules_that_cannot_see_a_change_are_not_looked_at() {
        let program = program_of([
            and([one("user.memberOf -in ['g']"), one("user.city -ne 'a'")]),
            one("All Reports for 'm'"),
            and([one("user.department -eq 'c'"), one("user.memberOf -in ['h']")]),
            one("user.department -in ['c', 'd', 'e']"),
        ]);
        let mut machine = SingleMachine::new(&program, now(), None);
        let mut with = |department: &str, mail: &str| {
            let after = Object::new("u").with("department", text(department)).with("mail", text(mail));
            machine.evaluate_change(
                Some(&Object::new("u").with("department", text("d"))),
                Some(&after),
                &Untouchable,
            )
        };
        assert_eq!(with("D", "x"), Change::default(), "nothing that a rule tells apart");
        assert_eq!(with("e", "x"), Change::default());
        assert_eq!(with("x", "x"), Change { left: vec![3], ..Change::default() });
    }

    #[test]
    fn instants_are_compared_in_ticks() {
        let program = program_of([
            one("user.employeeHireDate -eq 2026-01-15T00:00:00.0000001Z"),
            one("user.employeeHireDate -gt 2026-01-15T00:00:00.0000001Z"),
            one("user.employeeHireDate -ge 2026-01-15T00:00:00.00000019Z"),
        ]);
        let mut machine = SingleMachine::new(&program, now(), None);
        let mut found = |nanoseconds| {
            let date = now() + jiff::SignedDuration::from_nanos(nanoseconds);
            let user = Object::new("u").with("employeeHireDate", Value::Instant(date));
            machine.evaluate(&user, &NoRelations).rules
        };
        assert_eq!(found(199), [0, 2]);
        assert_eq!(found(200), [1, 2]);
        assert!(found(99).is_empty());
    }

    #[test]
    fn values_of_another_type_and_of_retired_attributes_do_not_count() {
        let rules = [
            one("user.city -eq null"),
            one("user.accountEnabled -eq null"),
            one("user.employeeHireDate -eq null"),
            any_of("user.otherMails", one("_ -ne 'x'")),
            any_of("user.otherMails", one("_ -contains ''")),
        ]
        .map(Draft::rule);
        let program = emit::program(&rules, Optimise::On).expect("small");
        let mut machine = SingleMachine::new(&program, now(), None);
        let user = ["city", "accountEnabled", "employeeHireDate"]
            .iter()
            .fold(Object::new("u"), |user, name| user.with(*name, Value::Texts(vec!["y".into()])))
            .with("otherMails", text("y"));
        assert_eq!(machine.evaluate(&user, &NoRelations).rules, [0, 1, 2]);

        let rules = [one("device.organizationalUnit -eq 'x'"), one("device.organizationalUnit -ne 'x'")]
            .map(Draft::rule);
        let device = Object::new("d").with("organizationalUnit", text("x"));
        let program = emit::program(&rules, Optimise::On).expect("small");
        let world = World { now: now(), version_order: None, relations: &NoRelations };
        assert_eq!(oracle::evaluate(&rules[0], &device, &world), Ok(false));
        let mut machine = SingleMachine::new(&program, now(), None);
        assert_eq!(machine.evaluate(&device, &NoRelations).rules, [1]);
    }

    #[test]
    fn clones_do_not_disturb_each_other() {
        let program = program_of([one("user.city -eq 'a'"), one("user.city -eq 'b'")]);
        let mut machine = SingleMachine::new(&program, now(), None);
        let mut clone = machine.clone();
        let user = |city| Object::new("u").with("city", text(city));
        assert_eq!(machine.evaluate(&user("a"), &NoRelations).rules, [0]);
        assert_eq!(clone.evaluate(&user("b"), &NoRelations).rules, [1]);
        assert_eq!(machine.evaluate_change(None, Some(&user("a")), &NoRelations).joined, [0]);
    }
}
