//! The search for conjunctions of conditions, and for a few of them that complement each other.

use std::cmp::Ordering;
use std::sync::Arc;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::Request;
use super::conditions::{Condition, Conditions};
use super::lists::{Coded, Listed};
use crate::base::limits::{
    PROPOSAL_BEAM_MAX_CONJUNCTIONS, PROPOSAL_MAX_ALTERNATIVES, PROPOSAL_MAX_CONDITIONS,
};

/// The harmonic mean of precision and recall: of `selected` rows so many are hits, and so many are wanted.
#[expect(clippy::cast_precision_loss, reason = "qualities are compared, not added up")]
pub(super) fn quality(hits: u64, selected: u64, wanted: u64) -> f64 {
    if selected + wanted == 0 { 0.0 } else { 2.0 * hits as f64 / (selected + wanted) as f64 }
}

/// The same with more weight on precision: what is missed may come with another alternative.
#[expect(clippy::cast_precision_loss, reason = "qualities are compared, not added up")]
fn precise_quality(hits: u64, selected: u64, wanted: u64) -> f64 {
    let divisor = PRECISION_WEIGHT * wanted as f64 + selected as f64;
    if divisor == 0.0 { 0.0 } else { (1.0 + PRECISION_WEIGHT) * hits as f64 / divisor }
}

/// The square of how much less recall counts than precision.
const PRECISION_WEIGHT: f64 = 0.25;

/// What a further condition, and a further value of a list, have to bring.
const TERM_COST: f64 = 0.01;
/// See [`TERM_COST`].
const VALUE_COST: f64 = 0.002;

/// What a condition with so many values costs.
fn cost(values: usize) -> f64 {
    TERM_COST + VALUE_COST * f64::from(u32::try_from(values.saturating_sub(1)).unwrap_or(u32::MAX))
}

/// What a further alternative has to bring.
const ALTERNATIVE_GAIN_MIN: f64 = 0.02;

/// Of the conjunctions of one step, so many get lists of values that are made for them alone.
const LISTED_CONJUNCTIONS_MAX: usize = 4;

/// Conditions that all have to hold.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    conditions: Vec<Arc<Condition>>,
    rows: RoaringBitmap,
}

impl Alternative {
    /// How many conditions there are.
    pub(super) fn terms(&self) -> usize {
        self.conditions.len()
    }

    /// The rule that selects whom one of the alternatives selects.
    pub(super) fn rule(alternatives: &[Self]) -> String {
        let texts: Vec<String> = alternatives.iter().map(Self::text).collect();
        match texts.as_slice() {
            [single] => single.clone(),
            several => several.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(" -or "),
        }
    }

    fn text(&self) -> String {
        match self.conditions.as_slice() {
            [single] => single.text.clone(),
            several => several.iter().map(|it| format!("({})", it.text)).collect::<Vec<_>>().join(" -and "),
        }
    }

    fn cost(&self) -> f64 {
        self.conditions.iter().map(|condition| cost(condition.values)).sum()
    }

    fn and(&self, condition: &Arc<Condition>, rows: RoaringBitmap) -> Self {
        let mut conditions = self.conditions.clone();
        conditions.push(Arc::clone(condition));
        // The order in which they were found is of no interest.
        conditions.sort_by(|one, other| one.text.cmp(&other.text));
        Self { conditions, rows }
    }
}

/// What is to be selected beside what earlier alternatives select.
struct Goal<'a> {
    /// The wanted rows that are left.
    left: &'a RoaringBitmap,
    /// The rows that are selected already.
    selected: &'a RoaringBitmap,
    /// How many of those are wanted.
    hits: u64,
    wanted: u64,
    quality: fn(u64, u64, u64) -> f64,
}

impl Goal<'_> {
    /// How good the rule is with these rows too.
    fn with(&self, rows: &RoaringBitmap) -> f64 {
        let hits = self.hits + rows.intersection_len(self.left);
        (self.quality)(hits, self.selected.union_len(rows), self.wanted)
    }
}

/// The search for rules.
pub(super) struct Search<'a> {
    request: &'a Request<'a>,
    conditions: &'a Conditions<'a>,
    fixed: Vec<Arc<Condition>>,
    all: RoaringBitmap,
}

/// A conjunction with what it is worth.
type Rated = (f64, Alternative);

/// The best first; of equals the shorter one, then by text.
fn better(one: &Rated, other: &Rated) -> Ordering {
    let by_worth = other.0.total_cmp(&one.0);
    by_worth.then(one.1.terms().cmp(&other.1.terms())).then_with(|| one.1.text().cmp(&other.1.text()))
}

impl<'a> Search<'a> {
    pub(super) fn new(request: &'a Request<'a>, conditions: &'a Conditions<'a>) -> Self {
        let rows = u32::try_from(request.columns.rows()).unwrap_or(u32::MAX);
        let fixed = conditions.fixed.iter().cloned().map(Arc::new).collect();
        Self { request, conditions, fixed, all: (0..rows).collect() }
    }

    /// Rules, what promises most first.
    pub(super) fn rules(&self) -> Vec<Vec<Alternative>> {
        let none = RoaringBitmap::new();
        let wanted = self.request.wanted;
        let goal = |quality| Goal { left: wanted, selected: &none, hits: 0, wanted: wanted.len(), quality };
        let terms = self.request.terms_max;
        let whole = self.conjunctions(&goal(quality), terms);
        let precise = self.conjunctions(&goal(precise_quality), terms.saturating_sub(1).max(1));
        let firsts = whole.iter().take(1).chain(precise.iter().take(2));
        let mut rules: Vec<Vec<Alternative>> =
            firsts.filter_map(|first| self.with_alternatives(first)).collect();
        rules.extend(whole.into_iter().map(|alternative| vec![alternative]));
        let mut rated: Vec<(f64, String, Vec<Alternative>)> =
            rules.into_iter().map(|rule| (self.worth(&rule), Alternative::rule(&rule), rule)).collect();
        rated.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        rated.dedup_by(|one, other| one.1 == other.1);
        rated.into_iter().map(|(.., rule)| rule).collect()
    }

    fn worth(&self, rule: &[Alternative]) -> f64 {
        let rows = rule.iter().fold(RoaringBitmap::new(), |rows, it| rows | &it.rows);
        let hits = rows.intersection_len(self.request.wanted);
        let cost: f64 = rule.iter().map(Alternative::cost).sum();
        quality(hits, rows.len(), self.request.wanted.len()) - cost
    }

    /// A first alternative and others that select what it misses; `None` if none helps.
    fn with_alternatives(&self, first: &Alternative) -> Option<Vec<Alternative>> {
        let wanted = self.request.wanted;
        let mut rule = vec![first.clone()];
        let mut selected = first.rows.clone();
        while rule.len() < PROPOSAL_MAX_ALTERNATIVES {
            let terms = self.request.terms_max.saturating_sub(rule.iter().map(Alternative::terms).sum());
            let hits = selected.intersection_len(wanted);
            let left = wanted - &selected;
            if terms == 0 || left.is_empty() {
                break;
            }
            let goal = Goal { left: &left, selected: &selected, hits, wanted: wanted.len(), quality };
            let before = quality(hits, selected.len(), wanted.len());
            let next = self.conjunctions(&goal, terms).into_iter().next();
            let Some(next) = next.filter(|next| goal.with(&next.rows) > before + ALTERNATIVE_GAIN_MIN) else {
                break;
            };
            selected |= &next.rows;
            rule.push(next);
        }
        (rule.len() > 1).then_some(rule)
    }

    /// The best conjunctions of up to `terms` conditions.
    fn conjunctions(&self, goal: &Goal<'_>, terms: usize) -> Vec<Alternative> {
        let mut beam = vec![(0.0, Alternative { conditions: Vec::new(), rows: self.all.clone() })];
        let mut best: Vec<Rated> = Vec::new();
        let fixed = self.promising(goal);
        for _ in 0..terms {
            let mut next: Vec<Rated> = beam
                .par_iter()
                .enumerate()
                .flat_map_iter(|(place, (_, from))| self.longer(from, &fixed, goal, place))
                .collect();
            next.sort_by(better);
            next.dedup_by(|one, other| one.1.rows == other.1.rows);
            next.truncate(PROPOSAL_BEAM_MAX_CONJUNCTIONS);
            if next.is_empty() {
                break;
            }
            best.extend(next.iter().cloned());
            beam = next;
        }
        best.sort_by(better);
        best.truncate(PROPOSAL_BEAM_MAX_CONJUNCTIONS);
        best.into_iter().map(|(_, alternative)| alternative).collect()
    }

    /// The conditions over all rows that do most by themselves.
    fn promising(&self, goal: &Goal<'_>) -> Vec<Arc<Condition>> {
        let mut rated: Vec<(f64, &Arc<Condition>)> = self
            .fixed
            .iter()
            .filter(|condition| !condition.rows.is_disjoint(goal.left))
            .map(|condition| (goal.with(&condition.rows), condition))
            .collect();
        rated.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.text.cmp(&other.1.text)));
        rated.into_iter().take(PROPOSAL_MAX_CONDITIONS).map(|(_, condition)| Arc::clone(condition)).collect()
    }

    /// A conjunction with one condition more, in all ways that leave rows out and keep wanted ones.
    fn longer(
        &self,
        from: &Alternative,
        fixed: &[Arc<Condition>],
        goal: &Goal<'_>,
        place: usize,
    ) -> Vec<Rated> {
        let is_new = |path: &str| from.conditions.iter().all(|condition| condition.path != path);
        let mut found = Vec::new();
        let mut add = |condition: &Arc<Condition>, rows: RoaringBitmap| {
            if rows.len() < from.rows.len() && !rows.is_disjoint(goal.left) {
                let longer = from.and(condition, rows);
                found.push((goal.with(&longer.rows) - longer.cost(), longer));
            }
        };
        for condition in fixed.iter().filter(|condition| is_new(&condition.path)) {
            add(condition, &from.rows & &condition.rows);
        }
        if place < LISTED_CONJUNCTIONS_MAX {
            let rows: Vec<u32> = from.rows.iter().collect();
            for condition in self.lists(from, goal, &rows, &is_new) {
                let rows = condition.rows.clone();
                add(&Arc::new(condition), rows);
            }
        }
        found
    }

    /// The conditions with `-eq` and `-in` that do most among the rows of a conjunction.
    fn lists(
        &self,
        from: &Alternative,
        goal: &Goal<'_>,
        rows: &[u32],
        is_new: &(dyn Fn(&str) -> bool + Sync),
    ) -> Vec<Condition> {
        // What is selected already neither helps nor harms.
        let free: Vec<u32> = (&from.rows - goal.selected).into_iter().collect();
        let wanted: Vec<u32> = (&from.rows & goal.left).into_iter().collect();
        let coded = self.conditions.coded.par_iter().filter(|coded| is_new(&coded.path));
        let mut rated: Vec<(f64, &Coded<'_>, Listed)> = coded
            .flat_map_iter(|coded| {
                coded.best(&free, &wanted).into_iter().map(move |listed| {
                    let (hits, selected) = (goal.hits + listed.hits, goal.selected.len() + listed.rows);
                    ((goal.quality)(hits, selected, goal.wanted) - cost(listed.codes.len()), coded, listed)
                })
            })
            .collect();
        rated.sort_by(|(one, one_coded, one_listed), (other, other_coded, other_listed)| {
            let by_path = one_coded.path.cmp(&other_coded.path);
            let values = |coded: &'_ Coded<'_>, listed: &Listed| {
                listed.codes.iter().map(|&code| coded.value(code).to_owned()).collect::<Vec<_>>()
            };
            let by_values = || values(one_coded, one_listed).cmp(&values(other_coded, other_listed));
            other.total_cmp(one).then(by_path).then_with(by_values)
        });
        rated.truncate(PROPOSAL_BEAM_MAX_CONJUNCTIONS);
        rated.par_iter().map(|(_, coded, listed)| coded.condition(&listed.codes, rows)).collect()
    }
}
