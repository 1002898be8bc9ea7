//! What is wrong with an assignment: for people as a sentence with what to do, for machines with all ids.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::naming::Words;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::outcome::{Outcome, Problem, Record, Source};
use crate::licensing::plan_set::{PlanIndex, PlanSet};

/// What is wrong with one assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What is wrong: one sentence with names.
    pub(super) message: String,
    /// What can be done.
    pub(super) fix: String,
    /// Everything, with ids and names.
    pub(super) problems: Vec<Value>,
    /// The ids of all plans that matter, sorted.
    pub(super) plan_ids: Vec<String>,
}

impl Trouble {
    /// The object in `license-errors`.
    pub(super) fn detail(&self) -> Value {
        json!({ "message": self.message, "fix": self.fix, "problems": self.problems })
    }
}

/// Tells of problems of one tenant.
pub(super) struct Teller<'a> {
    pub(super) words: Words<'a>,
    /// By product, how many seats are missing for those who wait.
    short: BTreeMap<SkuIndex, u64>,
}

/// So many problems of one assignment are told in its sentence; the list has all.
const SENTENCES_MAX: usize = 3;

impl<'a> Teller<'a> {
    pub(super) fn new(words: Words<'a>) -> Self {
        let missing = words.tenant.pools().into_iter().map(|pool| {
            let left = u64::try_from(pool.available).unwrap_or_default();
            (pool.sku, pool.waiting.saturating_sub(left))
        });
        Self { words, short: missing.collect() }
    }

    /// What is wrong with a record of a user; `outcome` is all that the user has.
    pub(super) fn tell(&self, outcome: &Outcome, record: &Record) -> Trouble {
        let mut told: Vec<(String, String)> = Vec::new();
        for problem in &record.problems {
            let one = self.sentence(outcome, record, problem);
            if !told.contains(&one) {
                told.push(one);
            }
        }
        let omitted = told.len().saturating_sub(SENTENCES_MAX);
        told.truncate(SENTENCES_MAX);
        let mut messages: Vec<String> = told.iter().map(|(message, _)| message.clone()).collect();
        if omitted > 0 {
            messages.push(format!("{omitted} more"));
        }
        let mut fixes: Vec<String> = Vec::new();
        for (_, fix) in told {
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
        let plans: BTreeSet<PlanIndex> = record.problems.iter().flat_map(plans_of).collect();
        let mut plan_ids: Vec<String> =
            plans.into_iter().map(|plan| self.words.plan_id(plan).to_owned()).collect();
        plan_ids.sort_unstable();
        Trouble {
            message: messages.join("; "),
            fix: fixes.join("; "),
            problems: record.problems.iter().map(|problem| self.object(outcome, record, problem)).collect(),
            plan_ids,
        }
    }

    /// What is wrong, and what to do.
    fn sentence(&self, outcome: &Outcome, record: &Record, problem: &Problem) -> (String, String) {
        let words = self.words;
        let product = words.product(record.sku);
        let source = words.source_words(record.source);
        let at_source = at_source(words, record.source);
        match problem {
            Problem::Exclusive { plan, other, other_sku, other_source } => {
                self.exclusive(record, [*plan, *other], (*other_sku, *other_source))
            }
            Problem::NeededBy { plan, other_sku, other_source, any_of } => {
                self.needed(record, *plan, (*other_sku, *other_source), any_of)
            }
            Problem::Needs { plan, any_of } => (
                format!("`{}` of `{product}` needs {}, which the user does not have", words.plan(*plan), self.either(any_of)),
                format!("give the user a license with {} on, or switch `{}` off {at_source}", self.either(any_of), words.plan(*plan)),
            ),
            Problem::Prohibited { plan, location } => (
                format!("`{}` of `{product}` may not be used in {location}, where the user is", words.plan(*plan)),
                format!("switch `{}` off {at_source}, or correct the usage location of the user", words.plan(*plan)),
            ),
            Problem::LocationMissing => (
                format!("neither the user nor the directory has a location, so nobody knows whether `{product}` may be used there"),
                "set the usage location of the user".to_owned(),
            ),
            Problem::NoSeat => self.no_seat(record.sku),
            Problem::HeldForMove => (
                format!("`{product}` of {source} stays although the user has left, because another group has no seat for them yet"),
                "give the other group its seats: then this goes by itself".to_owned(),
            ),
            Problem::AddressTaken => (
                format!("the mail address that the user would get with `{product}` belongs to someone else"),
                "give one of the two another address".to_owned(),
            ),
            Problem::NotSubscribed => (
                format!("the tenant has no subscription of `{product}`"),
                format!("buy it, or take it out of {source}"),
            ),
            Problem::Sibling => {
                let why = format!("`{product}` is not given, because {source} gives all of its products or none");
                self.because(outcome, record, why)
            }
            Problem::ChangeFailed(code) => {
                let why = format!("`{product}` stays as it was, because what was to come failed ({})", code.word());
                self.because(outcome, record, why)
            }
        }
    }

    fn exclusive(&self, record: &Record, [plan, other]: [PlanIndex; 2], rival: (SkuIndex, Source)) -> (String, String) {
        let words = self.words;
        let (rival_sku, rival_source) = rival;
        let (product, rival_product) = (words.product(record.sku), words.product(rival_sku));
        let [name, other_name] = if words.plan(plan) == words.plan(other) {
            [plan, other].map(|plan| words.exact_plan(plan))
        } else {
            [plan, other].map(|plan| format!("`{}`", words.plan(plan)))
        };
        if rival_source == record.source {
            let source = words.source_words(record.source);
            return (
                format!("{source} gives {name} with `{product}` and {other_name} with `{rival_product}`, and a user can have one of them only"),
                format!("switch {name} or {other_name} off {}: as it is, it fails for everyone", at_source(words, record.source)),
            );
        }
        let rival_words = words.source_words(rival_source);
        (
            format!("{name} of `{product}` cannot be on together with {other_name}, which the user has with `{rival_product}` from {rival_words}"),
            format!(
                "switch {name} off {}, or {other_name} {}, or take the user out of one of the two",
                at_source(words, record.source),
                at_source(words, rival_source),
            ),
        )
    }

    fn needed(&self, record: &Record, plan: PlanIndex, dependent: (SkuIndex, Source), any_of: &PlanSet) -> (String, String) {
        let words = self.words;
        let (sku, source) = dependent;
        let (product, other, plan) = (words.product(record.sku), words.product(sku), words.plan(plan));
        let (needs, source) = (self.either(any_of), words.source_words(source));
        (
            format!("`{product}` cannot be taken away, because `{plan}`, which the user has with `{other}` from {source}, needs {needs}"),
            format!("take `{other}` away first or switch `{plan}` off there, or give the user {needs} with another license"),
        )
    }

    fn no_seat(&self, sku: SkuIndex) -> (String, String) {
        let product = self.words.product(sku);
        let then = if self.words.tenant.policy().capacity_retry_auto {
            "it is given by itself then"
        } else {
            "then process the group again"
        };
        let seats = match self.short_of(sku) {
            1 => "1 seat".to_owned(),
            short => format!("{short} seats"),
        };
        (
            format!("no seat of `{product}` is left, and {seats} more would be needed for all who wait"),
            format!("buy or free {seats} of `{product}`: {then}"),
        )
    }

    /// Adds the reason that stands with another product of the same source.
    fn because(&self, outcome: &Outcome, record: &Record, why: String) -> (String, String) {
        match root(outcome, record) {
            Some((other, problem)) => {
                let (reason, fix) = self.sentence(outcome, other, problem);
                (format!("{why}: {reason}"), fix)
            }
            None => (why, "process the user again".to_owned()),
        }
    }

    fn short_of(&self, sku: SkuIndex) -> u64 {
        self.short.get(&sku).copied().unwrap_or_default().max(1)
    }

    /// `A` or `B`
    fn either(&self, plans: &PlanSet) -> String {
        let mut names: Vec<String> =
            plans.iter().map(|plan| format!("`{}`", self.words.plan(plan))).collect();
        names.sort_unstable();
        names.join(" or ")
    }

    fn object(&self, outcome: &Outcome, record: &Record, problem: &Problem) -> Value {
        let words = self.words;
        let plan = |plan: &PlanIndex| words.plan_object(*plan);
        match problem {
            Problem::Prohibited { plan: one, location } => {
                json!({ "kind": "location", "plan": plan(one), "location": location.to_string() })
            }
            Problem::LocationMissing => json!({ "kind": "locationMissing" }),
            Problem::Exclusive { plan: one, other, other_sku, other_source } => json!({
                "kind": "exclusive",
                "plan": plan(one),
                "other": plan(other),
                "otherSkuId": words.sku_id(*other_sku),
                "otherSkuPartNumber": words.part_number(*other_sku),
                "otherSource": words.source(*other_source),
            }),
            Problem::Needs { plan: one, any_of } => {
                json!({ "kind": "needs", "plan": plan(one), "anyOf": words.plan_objects(any_of) })
            }
            Problem::NeededBy { plan: one, other_sku, other_source, any_of } => json!({
                "kind": "neededBy",
                "plan": plan(one),
                "otherSkuId": words.sku_id(*other_sku),
                "otherSkuPartNumber": words.part_number(*other_sku),
                "otherSource": words.source(*other_source),
                "anyOf": words.plan_objects(any_of),
            }),
            Problem::NoSeat => json!({ "kind": "noSeat", "short": self.short_of(record.sku) }),
            Problem::HeldForMove => json!({ "kind": "heldForMove" }),
            Problem::AddressTaken => json!({ "kind": "addressTaken" }),
            Problem::NotSubscribed => json!({ "kind": "notSubscribed" }),
            Problem::Sibling => json!({ "kind": "sibling", "because": self.root_object(outcome, record) }),
            Problem::ChangeFailed(code) => json!({
                "kind": "changeFailed",
                "error": code.word(),
                "because": self.root_object(outcome, record),
            }),
        }
    }

    /// The product of the same source that is to blame.
    fn root_object(&self, outcome: &Outcome, record: &Record) -> Value {
        let Some((other, problem)) = root(outcome, record) else { return Value::Null };
        json!({
            "skuId": self.words.sku_id(other.sku),
            "skuPartNumber": self.words.part_number(other.sku),
            "error": problem.code().word(),
        })
    }
}

/// Where a plan is switched off, after `switch … off`.
fn at_source(words: Words<'_>, source: Source) -> String {
    match source {
        Source::Direct => "in the direct license".to_owned(),
        Source::Group(group) => format!("in group `{}`", words.group(group)),
    }
}

/// The first problem of the same source that stands for itself.
fn root<'o>(outcome: &'o Outcome, record: &Record) -> Option<(&'o Record, &'o Problem)> {
    let own = outcome.records.iter().filter(|other| other.source == record.source);
    let all = own.flat_map(|other| other.problems.iter().map(move |problem| (other, problem)));
    all.filter(|(_, problem)| !matches!(problem, Problem::Sibling | Problem::ChangeFailed(_)))
        .min_by_key(|(_, problem)| problem.code())
}

/// The plans that a problem is about.
fn plans_of(problem: &Problem) -> Vec<PlanIndex> {
    match problem {
        Problem::Prohibited { plan, .. } => vec![*plan],
        Problem::Exclusive { plan, other, .. } => vec![*plan, *other],
        Problem::Needs { plan, any_of } | Problem::NeededBy { plan, any_of, .. } => {
            std::iter::once(*plan).chain(any_of.iter()).collect()
        }
        _ => Vec::new(),
    }
}
