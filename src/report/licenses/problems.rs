//! What is wrong with an assignment: for people as a sentence with what to do, for machines with all ids.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::naming::Words;
use super::sentences::{Sentence, Sentences, root};
use crate::licensing::outcome::{Outcome, Problem, Record};
use crate::licensing::plan_set::PlanIndex;

/// What is wrong with one assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What is wrong, with names.
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
    sentences: Sentences<'a>,
}

/// So many problems of one assignment are told in its message; the list has all.
const SENTENCES_MAX: usize = 3;

impl<'a> Teller<'a> {
    /// With names.
    pub(super) fn new(words: Words<'a>) -> Self {
        Self { words, sentences: Sentences::new(words, false) }
    }

    /// With the ids of products and plans behind their names.
    pub(super) fn exact(words: Words<'a>) -> Self {
        Self { words, sentences: Sentences::new(words, true) }
    }

    /// What is wrong with a record of a user; `outcome` is all that the user has.
    pub(super) fn tell(&self, outcome: &Outcome, record: &Record) -> Trouble {
        let mut told: Vec<Sentence> = Vec::new();
        for problem in &record.problems {
            let sentence = self.sentences.about(outcome, record, problem);
            if !told.contains(&sentence) {
                told.push(sentence);
            }
        }
        if let (Some(code), []) = (record.error, &*record.problems) {
            told.push(self.sentences.unknown(record, code));
        }
        let omitted = told.len().saturating_sub(SENTENCES_MAX);
        told.truncate(SENTENCES_MAX);
        let (mut messages, mut fixes): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for Sentence { message, fix } in told {
            messages.push(message);
            if !fixes.contains(&fix) {
                fixes.push(fix);
            }
        }
        if omitted > 0 {
            messages.push(format!("and {omitted} more"));
        }
        let plans: BTreeSet<PlanIndex> = record.problems.iter().flat_map(plans_of).collect();
        let mut plan_ids: Vec<String> =
            plans.into_iter().map(|plan| self.words.plan_id(plan).to_owned()).collect();
        plan_ids.sort_unstable();
        let problems = record.problems.iter().map(|problem| self.object(outcome, record, problem));
        Trouble {
            message: messages.join("; "),
            fix: fixes.join("; "),
            problems: problems.collect(),
            plan_ids,
        }
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
            Problem::NoSeat => json!({ "kind": "noSeat", "short": self.sentences.short_of(record.sku) }),
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

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, World, record};
    use super::*;
    use crate::licensing::catalog::Country;
    use crate::licensing::outcome::{AssignmentState, ErrorCode, Source};

    /// A record for each kind of problem, all of them from one group but the last.
    fn troubled(world: &World) -> Outcome {
        let plan = |id| world.tenant.catalog().find_plan(id).unwrap();
        let (e1, e3, audio) = (world.sku("sku-e1"), world.sku("sku-e3"), world.sku("sku-audio"));
        let (calls, kiosk) = (Source::Group(world.group("g-calls")), Source::Group(world.group("g-kiosk")));
        let exclusive = |other_source, other| Problem::Exclusive {
            plan: plan("spo2"),
            other: plan(other),
            other_sku: e1,
            other_source,
        };
        let needed_by = Problem::NeededBy {
            plan: plan("conf"),
            other_sku: audio,
            other_source: Source::Direct,
            any_of: [plan("teams"), plan("exo2")].into_iter().collect(),
        };
        let needs = Problem::Needs { plan: plan("conf"), any_of: [plan("teams")].into_iter().collect() };
        let china = Country::new("CN").unwrap();
        let prohibited = |id| Problem::Prohibited { plan: plan(id), location: china };
        let all = vec![
            vec![exclusive(kiosk, "spo1")],
            vec![exclusive(calls, "spo1")],
            vec![exclusive(Source::Direct, "spo2")],
            vec![needs],
            vec![needed_by],
            vec![prohibited("exo2"), prohibited("office"), prohibited("spo2"), prohibited("teams")],
            vec![Problem::LocationMissing],
            vec![Problem::NoSeat, Problem::AddressTaken],
            vec![Problem::HeldForMove],
            vec![Problem::NotSubscribed],
            vec![Problem::Sibling],
            vec![Problem::ChangeFailed(ErrorCode::CountViolation)],
        ];
        let record = |problems| record(e3, calls, AssignmentState::Error, problems);
        Outcome { records: all.into_iter().map(record).collect(), grace: Vec::new() }
    }

    #[test]
    fn every_problem_has_a_sentence_a_fix_and_its_ids() {
        let world = World::new();
        let outcome = troubled(&world);
        for (name, teller) in [
            ("problems_named", Teller::new(Words { tenant: &world.tenant, names: &Names })),
            ("problems_exact", Teller::exact(Words { tenant: &world.tenant, names: &Names })),
        ] {
            let told = outcome.records.iter().map(|record| {
                let trouble = teller.tell(&outcome, record);
                let problems = Value::Array(trouble.problems);
                format!("{}\n  {}\n  {:?}\n  {problems}\n", trouble.message, trouble.fix, trouble.plan_ids)
            });
            insta::assert_snapshot!(name, told.collect::<String>());
        }
    }

    #[test]
    fn a_failure_without_a_reason_beside_it_says_what_is_known() {
        let world = World::new();
        let mut outcome = troubled(&world);
        outcome.records.drain(..10);
        let teller = Teller::new(Words { tenant: &world.tenant, names: &Names });
        let trouble = teller.tell(&outcome, &outcome.records[0]);
        assert_eq!(trouble.fix, "process the user again");
        assert_eq!(trouble.problems, [json!({ "kind": "sibling", "because": null })]);
        let mut record = outcome.records[0].clone();
        record.problems.clear();
        let trouble = teller.tell(&outcome, &record);
        assert_eq!(
            trouble.message,
            "`Office 365 E3` from group `g-calls` failed with Other, and nothing more is known"
        );
        assert_eq!((trouble.fix.as_str(), trouble.problems.len()), ("process the user again", 0));
    }
}
