//! The quantified terms over collections, decided item by item.

use super::super::reading::{Item, Scalar};
use super::bits::Bits;
use super::leaf::Leaves;
use super::lists::Lists;
use super::looks::{Looks, Undecided};
use super::required::Required;
use super::text::{Forms, TextTests};
use crate::directory::object::Value;
use crate::language::attribute::{Kind, PlanField};
use crate::language::typed::Test;
use crate::program::Program;
use crate::program::graph::{Expression, ExpressionId};

/// A collection with all tests of its items.
#[derive(Debug)]
pub(super) struct Collection<'p> {
    kind: Kind,
    /// For each field of the items that is tested; `None` stands for the items themselves.
    first: Vec<(Option<PlanField>, TextTests<'p>)>,
    /// The same for fields that no term waits for: looked at when there is a term to try.
    then: Vec<(Option<PlanField>, TextTests<'p>)>,
    /// The terms that every item has to be tried for.
    unindexed: Vec<u32>,
}

impl<'p> Collection<'p> {
    pub(super) fn new(
        kind: Kind,
        tests: Vec<(Option<PlanField>, TextTests<'p>, bool)>,
        unindexed: Vec<u32>,
    ) -> Self {
        let mut found = Self { kind, first: Vec::new(), then: Vec::new(), unindexed };
        for (field, tests, is_waited_for) in tests {
            // What can fail is looked at in every item.
            let is_first = is_waited_for || tests.fallible().next().is_some();
            if is_first { &mut found.first } else { &mut found.then }.push((field, tests));
        }
        found
    }

    /// The predicates that an item may leave without a result.
    pub(super) fn fallible(&self) -> impl Iterator<Item = u32> {
        self.first.iter().flat_map(|(_, tests)| tests.fallible())
    }
}

/// The terms of all collections.
#[derive(Debug)]
pub(super) struct Terms<'p> {
    program: &'p Program,
    leaves: Leaves,
    /// By predicate on items: the terms to try for an item that satisfies it.
    waiting: Lists<u32>,
}

/// Room for the items of one collection; empty between collections.
#[derive(Debug)]
pub(super) struct ItemRoom {
    looks: Looks,
    /// Predicates that are true for the item.
    holding: Bits,
    /// Terms that some item satisfied.
    satisfied: Bits,
    to_try: Vec<u32>,
}

impl ItemRoom {
    pub(super) fn of(program: &Program) -> Self {
        Self {
            looks: Looks::default(),
            holding: Bits::none(program.predicates.len()),
            satisfied: Bits::none(program.quantified.len()),
            to_try: Vec::new(),
        }
    }
}

impl<'p> Terms<'p> {
    /// `required` says what the body of each term requires.
    pub(super) fn new(program: &'p Program, leaves: Leaves, required: &[Option<Required>]) -> Self {
        let pairs = (0..).zip(required).flat_map(|(place, required)| {
            required.iter().flat_map(Required::leaves).map(move |predicate| (predicate, place))
        });
        Self { program, leaves, waiting: Lists::new(program.predicates.len(), pairs.collect()) }
    }

    /// Looks at all items of a value; one of another type than the collection has none.
    pub(super) fn look(
        &self,
        collection: &Collection<'p>,
        value: &Value,
        (forms, room): (&mut Forms, &mut ItemRoom),
        looks: &mut Looks,
    ) {
        let hits_before = looks.hits.len();
        match (collection.kind, value) {
            (Kind::Texts, Value::Texts(texts)) => {
                for (place, text) in (0..).zip(texts) {
                    self.item(collection, (place, Item::Text(text)), (forms, room), looks);
                }
            }
            (Kind::Plans, Value::Plans(plans)) => {
                for (place, plan) in (0..).zip(plans) {
                    self.item(collection, (place, Item::Plan(plan)), (forms, room), looks);
                }
            }
            _ => {}
        }
        for &leaf in looks.hits.get(hits_before..).unwrap_or_default() {
            room.satisfied.take_out(self.leaves.term_place(leaf));
        }
    }

    fn item(
        &self,
        collection: &Collection<'p>,
        (place, item): (u32, Item<'_>),
        (forms, room): (&mut Forms, &mut ItemRoom),
        looks: &mut Looks,
    ) {
        room.looks.clear();
        let mut look = |(field, tests): &(Option<PlanField>, TextTests<'p>), looks: &mut Looks| {
            let text = if let Scalar::Text(text) = item.read(*field) { Some(text) } else { None };
            let maybes_before = looks.maybes.len();
            tests.look(text, place, forms, looks);
            if looks.maybes.len() > maybes_before {
                self.ask(text, maybes_before, place, looks);
            }
        };
        collection.first.iter().for_each(|tests| look(tests, &mut room.looks));
        looks.undecided.append(&mut room.looks.undecided);
        room.to_try.clear();
        room.to_try.extend(&collection.unindexed);
        for &predicate in &room.looks.hits {
            room.to_try.extend(self.waiting.of(predicate));
        }
        room.to_try.retain(|&term| !room.satisfied.has(term));
        if room.to_try.is_empty() {
            return;
        }
        collection.then.iter().for_each(|tests| look(tests, &mut room.looks));
        for &predicate in &room.looks.hits {
            room.holding.add(predicate);
        }
        for &term in &room.to_try {
            if !room.satisfied.has(term) && self.holds(term, &room.holding) {
                room.satisfied.add(term);
                looks.hits.push(self.leaves.term(term));
            }
        }
        for &predicate in &room.looks.hits {
            room.holding.take_out(predicate);
        }
    }

    /// Asks the patterns that may match the text of an item.
    fn ask(&self, text: Option<&str>, maybes_before: usize, item: u32, looks: &mut Looks) {
        let Looks { hits, maybes, undecided } = looks;
        for &predicate in maybes.get(maybes_before..).unwrap_or_default() {
            let test = self.program.predicates.get(predicate as usize).map(|predicate| &predicate.test);
            let (Some(Test::Matches(pattern)), Some(text)) = (test, text) else { continue };
            match pattern.is_match(text) {
                Ok(true) => hits.push(predicate),
                Ok(false) => {}
                Err(_) => undecided.push(Undecided { predicate, item }),
            }
        }
    }

    fn holds(&self, term: u32, holding: &Bits) -> bool {
        self.program.quantified.get(term as usize).is_some_and(|term| self.body(term.body, holding))
    }

    /// Whether a body holds for the item. Depth is bounded by that of the rule's tree.
    fn body(&self, id: ExpressionId, holding: &Bits) -> bool {
        match self.program.item_expressions.get(id as usize) {
            Some(&Expression::Predicate(place)) => holding.has(place),
            Some(&Expression::Not(part)) => !self.body(part, holding),
            Some(Expression::And(parts)) => parts.iter().all(|&part| self.body(part, holding)),
            Some(Expression::Or(parts)) => parts.iter().any(|&part| self.body(part, holding)),
            // INVARIANT: bodies hold predicates only.
            Some(Expression::External(_) | Expression::AnyItem(_)) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::building::{Draft, and, any_of, now, one, or};
    use super::super::SingleMachine;
    use crate::directory::object::{AssignedPlan, Object, Value};
    use crate::engine::world::NoRelations;
    use crate::program::{Optimise, emit};

    #[test]
    fn items_do_not_mix() {
        let plan = |service: &str, status: &str| AssignedPlan {
            service: Some(service.into()),
            capability_status: Some(status.into()),
            service_plan_id: None,
        };
        let both = |service: &str| {
            and([
                one(&format!("assignedPlan.service -eq '{service}'")),
                one("assignedPlan.capabilityStatus -eq 'Enabled'"),
            ])
        };
        let rules = [
            any_of("user.assignedPlans", both("SCO")),
            any_of("user.assignedPlans", both("EXO")),
            any_of(
                "user.assignedPlans",
                or([one("assignedPlan.service -match '^E.O$'"), one("assignedPlan.service -eq null")]),
            ),
            any_of("user.assignedPlans", one("assignedPlan.service -ne 'EXO'")),
        ]
        .map(Draft::rule);
        let program = emit::program(&rules, Optimise::On).expect("small");
        let mut machine = SingleMachine::new(&program, now(), None);
        let mut found = |plans: Vec<AssignedPlan>| {
            let user = Object::new("u").with("assignedPlans", Value::Plans(plans));
            machine.evaluate(&user, &NoRelations).rules
        };
        assert_eq!(found(vec![plan("SCO", "Deleted"), plan("exo", "enabled")]), [1, 2, 3]);
        assert_eq!(found(vec![plan("SCO", "ENABLED")]), [0, 3]);
        assert!(found(vec![]).is_empty());
        assert_eq!(found(vec![AssignedPlan::default()]), [2, 3]);
    }

    #[test]
    fn what_can_fail_is_looked_at_in_every_item() {
        let hopeless = r"assignedPlan.capabilityStatus -match '^(a|aa)+\1c$'";
        let rules =
            [any_of("user.assignedPlans", and([one("assignedPlan.service -eq 'SCO'"), one(hopeless)]))
                .rule()];
        let program = emit::program(&rules, Optimise::On).expect("small");
        let mut machine = SingleMachine::new(&program, now(), None);
        let plan = AssignedPlan { capability_status: Some("a".repeat(60)), ..AssignedPlan::default() };
        let user = Object::new("u").with("assignedPlans", Value::Plans(vec![plan]));
        let found = machine.evaluate(&user, &NoRelations);
        assert_eq!(found.undecided.len(), 1, "{found:?}");
    }
}
