//! Collections worth trying in the place of an object's own.

use super::candidates::{Candidate, PER_ATTRIBUTE_MAX, Rank, Wish, texts};
use crate::directory::object::AssignedPlan;
use crate::language::attribute::PlanField;
use crate::language::typed::NodeKind;

/// Items of a string collection, best first.
pub(super) fn text_items(wishes: &[Wish<'_>]) -> Vec<Candidate<String>> {
    texts(wishes, &[], true)
}

/// Service plans, best first: every combination of the constants of the fields.
pub(super) fn plan_items(wishes: &[Wish<'_>]) -> Vec<Candidate<AssignedPlan>> {
    let mut plans = vec![Candidate::new(AssignedPlan::default(), Rank::Asked)];
    for field in PlanField::ALL {
        let values = field_values(wishes, field);
        if values.is_empty() {
            continue;
        }
        let mut combined = Vec::new();
        for value in &values {
            combined.extend(plans.iter().map(|plan| {
                let mut with_field = plan.value.clone();
                field_of(&mut with_field, field).clone_from(&value.value);
                Candidate::new(with_field, plan.rank.max(value.rank))
            }));
        }
        combined.sort_by_key(|plan| plan.rank);
        combined.truncate(PER_ATTRIBUTE_MAX);
        plans = combined;
    }
    plans
}

/// The values of one field that the tests tell apart; none where no test looks at it.
fn field_values(wishes: &[Wish<'_>], field: PlanField) -> Vec<Candidate<Option<String>>> {
    let looks_at_it =
        |wish: &&Wish<'_>| matches!(wish.node.kind, NodeKind::Item { field: Some(of), .. } if of == field);
    let wishes: Vec<Wish<'_>> = wishes.iter().filter(looks_at_it).copied().collect();
    if wishes.is_empty() {
        return Vec::new();
    }
    let some = texts(&wishes, &[], true).into_iter();
    some.map(|text| Candidate::new(Some(text.value), text.rank))
        .chain([Candidate::new(None, Rank::Unlikely)])
        .collect()
}

fn field_of(plan: &mut AssignedPlan, field: PlanField) -> &mut Option<String> {
    match field {
        PlanField::CapabilityStatus => &mut plan.capability_status,
        PlanField::Service => &mut plan.service,
        PlanField::ServicePlanId => &mut plan.service_plan_id,
    }
}

/// Collections made from the `present` items: fewer of them, `reduced` as the caller found useful,
/// with one or two of `items` more, none, or one of `items` alone. At most [`PER_ATTRIBUTE_MAX`],
/// best first.
pub(super) fn collections<T: Clone>(
    present: &[T],
    reduced: Vec<Vec<T>>,
    items: &[Candidate<T>],
) -> Vec<Candidate<Vec<T>>> {
    let with = |base: &[T], more: &[&Candidate<T>], rank: Rank| {
        let rank = more.iter().fold(rank, |rank, item| rank.max(item.rank));
        let items = base.iter().cloned().chain(more.iter().map(|item| item.value.clone()));
        Candidate::new(items.collect(), rank)
    };
    let without_one = (0..present.len()).map(|at| {
        let others = present.iter().enumerate().filter(move |(of, _)| *of != at);
        others.map(|(_, item)| item.clone()).collect::<Vec<T>>()
    });
    let bases: Vec<Vec<T>> = without_one.chain(reduced).take(PER_ATTRIBUTE_MAX).collect();
    let nothing: [T; 0] = [];

    // Lazy throughout: the pairs of a long rule are many more than are tried.
    let one_more = items.iter().map(|item| with(present, &[item], Rank::Asked));
    let fewer = bases.iter().map(|base| with(base, &[], Rank::Asked));
    let none = std::iter::once_with(|| with(&nothing, &[], Rank::Nothing));
    let alone = items.iter().map(|item| with(&nothing, &[item], Rank::Unlikely));
    let exchanged =
        bases.iter().flat_map(|base| items.iter().map(move |item| with(base, &[item], Rank::Asked)));
    let two_more = items.iter().enumerate().flat_map(|(at, one)| {
        items.iter().skip(at + 1).map(move |other| with(present, &[one, other], Rank::Asked))
    });
    let mut found: Vec<Candidate<Vec<T>>> = fewer
        .take(PER_ATTRIBUTE_MAX / 4)
        .chain(one_more.take(PER_ATTRIBUTE_MAX / 4))
        .chain(none)
        .chain(alone.take(PER_ATTRIBUTE_MAX / 8))
        .chain(exchanged.take(PER_ATTRIBUTE_MAX / 4))
        .chain(two_more)
        .take(PER_ATTRIBUTE_MAX)
        .collect();
    found.sort_by_key(|candidate| candidate.rank);
    found
}

#[cfg(test)]
mod tests {
    use super::super::building::{and, any_of, one};
    use super::super::candidates::wishes;
    use super::*;

    #[test]
    fn collections_grow_shrink_and_are_exchanged() {
        let items = [Candidate::new('x', Rank::Asked), Candidate::new('y', Rank::Invented)];
        let found = collections(&['a', 'b'], vec![vec![]], &items);
        let print = |candidate: &Candidate<Vec<char>>| {
            format!("{}:{:?}", candidate.value.iter().collect::<String>(), candidate.rank)
        };
        let mut printed: Vec<String> = found.iter().map(print).collect();
        printed.dedup();
        insta::assert_snapshot!(printed.join(" "), @"b:Asked a:Asked :Asked abx:Asked bx:Asked ax:Asked x:Asked :Nothing aby:Invented by:Invented ay:Invented y:Invented abxy:Invented x:Unlikely y:Unlikely");
    }

    #[test]
    fn plans_combine_the_fields_that_are_looked_at() {
        let body = and([
            one("assignedPlan.service -in ['SCO', 'EXO']"),
            one("assignedPlan.capabilityStatus -ne 'Deleted'"),
        ]);
        let mut all = Vec::new();
        let draft = any_of("user.assignedPlans", body);
        wishes(&draft.node, false, &mut all);
        let plans = plan_items(&all);
        assert!(plans.iter().all(|plan| plan.value.service_plan_id.is_none()));
        let best = plans.first().expect("a plan");
        assert_eq!(best.value.service.as_deref(), Some("SCO"));
        assert_eq!((best.value.capability_status.as_deref(), best.rank), (Some("Deleted"), Rank::Refused));
        assert_eq!(plans.len(), 4 * 3, "two constants, an invented one and none; one, invented, none");
    }
}
