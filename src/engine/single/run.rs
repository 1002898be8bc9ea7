//! Runs the code of single rules on what is known of an object, and finds out what they want to know.

use super::bits::Bits;
use super::leaf::{Leaf, Place};
use super::looks::{Looks, Undecided};
use super::prepared::Prepared;
use super::source::{Room, values_of};
use super::state::State;
use crate::directory::object::{Object, Value};
use crate::engine::world::Relations;
use crate::language::typed::Test;
use crate::program::Section;
use crate::program::instruction::{Instruction, Source};
use crate::program::predicate::External;

/// Looks at one source of an object.
pub(super) fn look(
    prepared: &Prepared<'_>,
    place: usize,
    (object, relations): (&Object, &dyn Relations),
    room: &mut Room,
    looks: &mut Looks,
) {
    if let Some(source) = prepared.sources.get(place) {
        source.look(object.get(&source.name), &prepared.terms, room, looks);
    } else if place == prepared.managers() {
        prepared.reports.look(object, relations, &mut looks.hits);
    } else {
        looks.maybes.extend(&prepared.groups);
    }
}

/// A program, an object, and what is known of it.
pub(super) struct Run<'a, 'p> {
    pub(super) prepared: &'a Prepared<'p>,
    pub(super) state: &'a mut State,
    object: &'a Object,
    relations: &'a dyn Relations,
    /// The source that a pattern was asked about last, with its value: the next one is often about the same.
    asked: Option<(u32, &'a Value)>,
}

impl<'a, 'p> Run<'a, 'p> {
    pub(super) fn new(
        prepared: &'a Prepared<'p>,
        state: &'a mut State,
        object: &'a Object,
        relations: &'a dyn Relations,
    ) -> Self {
        Self { prepared, state, object, relations, asked: None }
    }

    /// Whether a rule holds. What cannot be decided counts as false here.
    pub(super) fn rule(&mut self, rule: u32) -> bool {
        let program = self.prepared.program;
        let Some(section) = program.rules.get(rule as usize) else { return false };
        for &need in &section.needs {
            self.share(need);
        }
        self.section(section, program.shared.len())
    }

    /// Computes a shared section, unless it is known. Its depth is bounded by that of a rule's tree.
    fn share(&mut self, place: u32) {
        if self.state.shared_known.has(place) {
            return;
        }
        let Some(section) = self.prepared.program.shared.get(place as usize) else { return };
        for &need in &section.needs {
            self.share(need);
        }
        self.section(section, place as usize);
        // A shared section leaves its result in the register with its own number.
        if self.state.registers.get(place as usize) == Some(&true) {
            self.state.shared_holding.add(place);
        } else {
            self.state.shared_holding.take_out(place);
        }
        self.state.shared_known.add(place);
    }

    /// Adds to `holding` the rules, of those that `is_wanted`, which hold by what `looks` found out. Looks at
    /// all sources that these rules wait for are in there.
    pub(super) fn rules(&mut self, looks: [&Looks; 2], is_wanted: impl Fn(u32) -> bool, holding: &mut Bits) {
        let prepared = self.prepared;
        for &leaf in looks.iter().flat_map(|looks| &looks.hits) {
            for way in prepared.ways.of(leaf) {
                if is_wanted(way.rule) && way.passes(|check| self.holds(check)) {
                    holding.add(way.rule);
                }
            }
        }
        for &leaf in looks.iter().flat_map(|looks| &looks.maybes) {
            for way in prepared.ways.of(leaf) {
                let is_open = is_wanted(way.rule) && !holding.has(way.rule);
                if is_open && way.passes(|check| self.holds(check)) && self.holds(leaf) {
                    holding.add(way.rule);
                }
            }
        }
        for way in &prepared.checked {
            if is_wanted(way.rule) && way.passes(|check| self.holds(check)) {
                holding.add(way.rule);
            }
        }
        let due = std::mem::take(&mut self.state.due);
        due.each(|rule| {
            if is_wanted(rule) && self.rule(rule) {
                holding.add(rule);
            }
        });
        self.state.due = due;
    }

    /// Runs a section, which finds the results of the shared sections before `shared`. Registers from
    /// there on are its own.
    fn section(&mut self, section: &Section, shared: usize) -> bool {
        let code = &self.prepared.program.code;
        let mut at = section.start;
        while at < section.end {
            let Some(instruction) = code.get(at as usize) else { break };
            at += 1;
            match *instruction {
                Instruction::Load { to, from } => {
                    let from = self.read(from, shared);
                    self.write(to, from);
                }
                Instruction::Not { to, from } => {
                    let from = self.read(from, shared);
                    self.write(to, !from);
                }
                // A part is read only where the register leaves it the decision.
                Instruction::And { to, with } => {
                    if self.own(to) {
                        let with = self.read(with, shared);
                        self.write(to, with);
                    }
                }
                Instruction::AndNot { to, without } => {
                    if self.own(to) {
                        let without = self.read(without, shared);
                        self.write(to, !without);
                    }
                }
                Instruction::Or { to, with } => {
                    if !self.own(to) {
                        let with = self.read(with, shared);
                        self.write(to, with);
                    }
                }
                Instruction::OrNot { to, without } => {
                    if !self.own(to) {
                        let without = self.read(without, shared);
                        self.write(to, !without);
                    }
                }
                Instruction::JumpIfEmpty { register, target } => {
                    if !self.own(register) {
                        at = target;
                    }
                }
                Instruction::JumpIfFull { register, target } => {
                    if self.own(register) {
                        at = target;
                    }
                }
                Instruction::Emit { from, .. } => return self.read(from, shared),
            }
        }
        false
    }

    #[inline]
    fn write(&mut self, to: u16, value: bool) {
        if let Some(register) = self.state.registers.get_mut(usize::from(to)) {
            *register = value;
        }
    }

    /// A register that the section itself wrote.
    #[inline]
    fn own(&self, register: u16) -> bool {
        self.state.registers.get(usize::from(register)) == Some(&true)
    }

    #[inline]
    fn read(&mut self, source: Source, shared: usize) -> bool {
        match source {
            Source::Predicate(place) => self.holds(place),
            Source::AnyItem(place) => self.holds(self.prepared.leaves.term(place)),
            Source::External(place) => self.holds(self.prepared.leaves.external(place)),
            Source::Register(register) if usize::from(register) < shared => {
                self.state.shared_holding.has(u32::from(register))
            }
            Source::Register(register) => self.own(register),
        }
    }

    /// Whether a leaf is true. Looks at its attribute, if that was not done.
    #[inline]
    fn holds(&mut self, leaf: Leaf) -> bool {
        if self.state.holding.has(leaf) {
            return true;
        }
        if self.state.maybe.has(leaf) {
            return self.ask(leaf);
        }
        if self.state.looked_at_all {
            return false;
        }
        let source = self.prepared.source_of.get(leaf as usize).copied().unwrap_or(u32::MAX);
        self.look_at(source as usize) && self.holds(leaf)
    }

    /// Finds out whether a leaf that may be true is.
    fn ask(&mut self, leaf: Leaf) -> bool {
        let program = self.prepared.program;
        let holds = match self.prepared.leaves.place(leaf) {
            Place::Predicate(predicate) => self.matches(predicate),
            Place::External(place) => match program.externals.get(place as usize) {
                Some(External::MemberOf(groups, reach)) => {
                    let id = self.object.id();
                    groups.iter().any(|group| self.relations.is_member(group.written(), id, *reach))
                }
                _ => false,
            },
            Place::Term(_) => false,
        };
        self.state.maybe.take_out(leaf);
        if holds {
            self.state.holding.add(leaf);
        }
        holds
    }

    fn matches(&mut self, predicate: u32) -> bool {
        let Some(asked) = self.prepared.program.predicates.get(predicate as usize) else { return false };
        let Test::Matches(pattern) = &asked.test else { return false };
        let name = &asked.target.attribute().name;
        let source = self.prepared.source_of.get(predicate as usize).copied().unwrap_or(u32::MAX);
        let value = match self.asked {
            Some((asked, value)) if asked == source => value,
            _ => self.object.get(name),
        };
        self.asked = Some((source, value));
        let Value::Text(text) = value else { return false };
        pattern.is_match(text).unwrap_or_else(|_| {
            self.state.undecided.push(Undecided { predicate, item: 0 });
            false
        })
    }

    /// Looks at one source, unless that was done. Says whether it was not.
    fn look_at(&mut self, place: usize) -> bool {
        let mut looks = std::mem::take(&mut self.state.looks);
        looks.clear();
        let was_open = self.look_at_open(place, &mut looks);
        self.state.learn(self.prepared, &looks);
        self.state.looks = looks;
        was_open
    }

    fn look_at_open(&mut self, place: usize, looks: &mut Looks) -> bool {
        match self.state.looked_at.get_mut(place) {
            Some(looked_at) if !*looked_at => *looked_at = true,
            _ => return false,
        }
        look(self.prepared, place, (self.object, self.relations), &mut self.state.room, looks);
        true
    }

    /// Looks at all sources that the readers of `leaves` wait for, and that may leave them without a result,
    /// as far as they were not looked at.
    pub(super) fn look_beside(&mut self, leaves: &[Leaf], looks: &mut Looks) {
        let prepared = self.prepared;
        let companions = leaves.iter().map(|&leaf| prepared.companions.of(leaf));
        // To look at all is quicker than to look at most, one by one.
        if companions.clone().any(|companions| companions.len() * 2 > prepared.sources.len()) {
            return self.look_at_all(looks);
        }
        looks.clear();
        for &source in companions.flatten() {
            self.look_at_open(source as usize, looks);
        }
        self.state.learn(prepared, looks);
    }

    /// Looks at all sources that were not looked at.
    pub(super) fn look_at_all(&mut self, looks: &mut Looks) {
        looks.clear();
        let mut values = values_of(self.object);
        for (source, looked_at) in self.prepared.sources.iter().zip(&self.state.looked_at) {
            if !looked_at {
                let value = values.of(&source.name);
                source.look(value, &self.prepared.terms, &mut self.state.room, looks);
            }
        }
        if self.state.looked_at.get(self.prepared.managers()) == Some(&false) {
            self.prepared.reports.look(self.object, self.relations, &mut looks.hits);
        }
        self.state.learn(self.prepared, looks);
        self.state.looked_at_all = true;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::building::{Draft, and, not, now, one, or, world};
    use super::super::SingleMachine;
    use crate::directory::object::{Object, Value};
    use crate::engine::oracle;
    use crate::engine::world::NoRelations;
    use crate::program::{Optimise, emit};

    const NAMES: [&str; 5] = ["city", "state", "country", "department", "jobTitle"];

    #[test]
    fn shared_sections_stand_on_each_other() {
        let [a, b, c, d, e] = NAMES.map(|name| one(&format!("user.{name} -eq 'x'")));
        let inner = or([a, not(b.clone())]);
        let outer = and([inner.clone(), or([c.clone(), not(d.clone())])]);
        let rules = [
            or([outer.clone(), not(e.clone())]),
            or([outer.clone(), and([b, not(c.clone())])]),
            and([inner.clone(), or([e.clone(), not(c)])]),
            not(and([inner, d])),
            not(outer),
            e,
        ]
        .map(Draft::rule);
        let program = emit::program(&rules, Optimise::On).expect("small");
        assert!(program.shared.iter().any(|section| !section.needs.is_empty()), "nested sharing");
        let mut machine = SingleMachine::new(&program, now(), None);
        let objects: Vec<Object> = (0..1 << NAMES.len())
            .map(|bits: u32| {
                let held = (0..).zip(NAMES).filter(|(at, _)| bits >> at & 1 != 0);
                held.fold(Object::new("u"), |user, (_, name)| user.with(name, Value::Text("x".into())))
            })
            .collect();
        let expected = |object| -> Vec<u32> {
            let holds = |rule| oracle::evaluate(rule, object, &world()) == Ok(true);
            (0..).zip(&rules).filter(|(_, rule)| holds(rule)).map(|(place, _)| place).collect()
        };
        for before in &objects {
            let held = expected(before);
            assert_eq!(machine.evaluate(before, &NoRelations).rules, held, "{before:?}");
            for after in &objects {
                let holds = expected(after);
                let change = machine.evaluate_change(Some(before), Some(after), &NoRelations);
                let joined = holds.iter().filter(|rule| !held.contains(rule));
                let left = held.iter().filter(|rule| !holds.contains(rule));
                assert!(
                    change.joined.iter().eq(joined) && change.left.iter().eq(left),
                    "{before:?} {after:?}"
                );
            }
        }
    }
}
