//! What is wrong with an assignment, as a sentence for people, and what to do about it.

use std::collections::BTreeMap;

use super::naming::Words;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::outcome::{ErrorCode, Outcome, Problem, Record, Source};
use crate::licensing::plan_set::{PlanIndex, PlanSet};

/// What is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) message: String,
    pub(super) fix: String,
}

/// What to do where nobody knows what is wrong.
const AGAIN: &str = "process the user again";

/// Makes sentences about problems of one tenant.
pub(super) struct Sentences<'a> {
    words: Words<'a>,
    /// By product, how many seats are missing for those who wait.
    short: BTreeMap<SkuIndex, u64>,
    /// Whether ids stand behind names.
    is_exact: bool,
}

impl<'a> Sentences<'a> {
    pub(super) fn new(words: Words<'a>, is_exact: bool) -> Self {
        // Where more seats are in use than there are, those are missing, too.
        let missing = words.tenant.pools().into_iter();
        let missing = missing
            .map(|pool| (pool.sku, pool.waiting.saturating_add_signed(pool.available.saturating_neg())));
        Self { words, short: missing.collect(), is_exact }
    }

    /// How many seats of a product are missing; at least the one that somebody waits for.
    pub(super) fn short_of(&self, sku: SkuIndex) -> u64 {
        self.short.get(&sku).copied().unwrap_or_default().max(1)
    }

    /// About one problem of a record of a user; `outcome` is all that the user has.
    pub(super) fn about(&self, outcome: &Outcome, record: &Record, problem: &Problem) -> Sentence {
        match problem {
            Problem::Exclusive { plan, other, other_sku, other_source } => {
                self.exclusive(record, [*plan, *other], (*other_sku, *other_source))
            }
            Problem::NeededBy { plan, other_sku, other_source, any_of } => {
                self.needed(record.sku, *plan, (*other_sku, *other_source), any_of)
            }
            Problem::Needs { plan, any_of } => self.needs(record, *plan, any_of),
            Problem::NoSeat => self.no_seat(record.sku),
            Problem::Sibling | Problem::ChangeFailed(_) => self.because(outcome, record, problem),
            Problem::Prohibited { plan, location } => {
                let (plan, product) = (self.plan(*plan), self.product(record.sku));
                let source = self.at(record.source);
                Sentence {
                    message: format!("{plan} of {product} may not be used in {location}, where the user is"),
                    fix: format!("switch {plan} off {source}, or correct the usage location of the user"),
                }
            }
            Problem::LocationMissing
            | Problem::HeldForMove
            | Problem::AddressTaken
            | Problem::NotSubscribed => self.plain(record, problem),
        }
    }

    /// Problems that no plan is to blame for.
    fn plain(&self, record: &Record, problem: &Problem) -> Sentence {
        let product = self.product(record.sku);
        let source = self.words.source_words(record.source);
        let (message, fix) = match problem {
            Problem::LocationMissing => (
                format!("{product} needs a location, and neither the user nor the directory has one"),
                "set the usage location of the user".to_owned(),
            ),
            Problem::HeldForMove => (
                format!(
                    "{product} of {source} stays, because the group that the user went to has no seat yet"
                ),
                "give the other group its seats: then this one goes by itself".to_owned(),
            ),
            Problem::AddressTaken => (
                format!("the mail address that the user would get with {product} belongs to someone else"),
                "give one of the two another address".to_owned(),
            ),
            _ => (
                format!("the tenant has no subscription of {product}"),
                format!("buy it, or take it out of {source}"),
            ),
        };
        Sentence { message, fix }
    }

    fn needs(&self, record: &Record, plan: PlanIndex, any_of: &PlanSet) -> Sentence {
        let (plan, product, any_of) = (self.plan(plan), self.product(record.sku), self.either(any_of));
        let source = self.at(record.source);
        Sentence {
            message: format!("{plan} of {product} needs {any_of}, which the user does not have"),
            fix: format!("give the user a license with {any_of} on, or switch {plan} off {source}"),
        }
    }

    fn exclusive(&self, record: &Record, plans: [PlanIndex; 2], rival: (SkuIndex, Source)) -> Sentence {
        let (rival_sku, rival_source) = rival;
        let [plan, other] = match plans.map(|plan| self.plan(plan)) {
            [one, other] if one == other => plans.map(|plan| self.words.exact_plan(plan)),
            names => names,
        };
        let [product, rival] = [record.sku, rival_sku].map(|sku| self.product(sku));
        let (at_source, at_rival) = (self.at(record.source), self.at(rival_source));
        let source = self.words.source_words(rival_source);
        if rival_source == record.source && rival_source != Source::Direct {
            return Sentence {
                message: format!(
                    "{source} gives {plan} with {product} and {other} with {rival}, and nobody can have both"
                ),
                fix: format!("switch {plan} or {other} off {at_source}: as it is, it fails for everyone"),
            };
        }
        Sentence {
            message: format!(
                "{plan} of {product} cannot be on together with {other}, which the user has with {rival} from {source}"
            ),
            fix: format!(
                "switch {plan} off {at_source} or {other} {at_rival}, or take one of the two from the user"
            ),
        }
    }

    fn needed(&self, sku: SkuIndex, plan: PlanIndex, of: (SkuIndex, Source), any_of: &PlanSet) -> Sentence {
        let (product, plan, any_of) = (self.product(sku), self.plan(plan), self.either(any_of));
        let (other, source) = (self.product(of.0), self.words.source_words(of.1));
        Sentence {
            message: format!(
                "{product} cannot be taken away, because {plan}, which the user has with {other} from {source}, needs {any_of}"
            ),
            fix: format!(
                "take {other} away first or switch {plan} off there, or give the user {any_of} with another license"
            ),
        }
    }

    fn no_seat(&self, sku: SkuIndex) -> Sentence {
        let product = self.product(sku);
        let then = if self.words.tenant.policy().capacity_retry_auto {
            "it is given by itself then"
        } else {
            "then process the group again"
        };
        let (missing, seats) = match self.short_of(sku) {
            1 => ("1 is".to_owned(), "a seat".to_owned()),
            short => (format!("{short} are"), format!("{short} seats")),
        };
        Sentence {
            message: format!("no seat of {product} is left: {missing} missing for all who wait"),
            fix: format!("buy or free {seats} of {product}: {then}"),
        }
    }

    /// A failure that has its reason with another product of the same source.
    fn because(&self, outcome: &Outcome, record: &Record, problem: &Problem) -> Sentence {
        let (product, source) = (self.product(record.sku), self.words.source_words(record.source));
        let why = if let Problem::ChangeFailed(code) = problem {
            format!("{product} stays as it was, because what was to come failed with {}", code.word())
        } else if record.state.is_in_force() {
            format!("{product} stays as it was, because {source} gives all of its products or none")
        } else {
            format!("{product} is not given, because {source} gives all of its products or none")
        };
        match root(outcome, record) {
            Some((other, problem)) => {
                let Sentence { message, fix } = self.about(outcome, other, problem);
                Sentence { message: format!("{why}: {message}"), fix }
            }
            None => Sentence { message: why, fix: AGAIN.to_owned() },
        }
    }

    /// About a record of which only the code is known: the service told it before the first run.
    pub(super) fn unknown(&self, record: &Record, code: ErrorCode) -> Sentence {
        let (product, source) = (self.product(record.sku), self.words.source_words(record.source));
        Sentence {
            message: format!(
                "{product} from {source} failed with {}, and nothing more is known",
                code.word()
            ),
            fix: AGAIN.to_owned(),
        }
    }

    fn product(&self, sku: SkuIndex) -> String {
        if self.is_exact { self.words.exact_product(sku) } else { format!("`{}`", self.words.product(sku)) }
    }

    fn plan(&self, plan: PlanIndex) -> String {
        if self.is_exact { self.words.exact_plan(plan) } else { format!("`{}`", self.words.plan(plan)) }
    }

    /// Some plans of which one is needed.
    fn either(&self, plans: &PlanSet) -> String {
        let mut names: Vec<String> = plans.iter().map(|plan| self.plan(plan)).collect();
        names.sort_unstable();
        names.join(" or ")
    }

    /// Where a plan is switched off.
    fn at(&self, source: Source) -> String {
        match source {
            Source::Direct => "in the direct license".to_owned(),
            Source::Group(group) => format!("in group `{}`", self.words.group(group)),
        }
    }
}

/// The first problem of the same source that stands for itself.
pub(super) fn root<'o>(outcome: &'o Outcome, record: &Record) -> Option<(&'o Record, &'o Problem)> {
    let own = outcome.records.iter().filter(|other| other.source == record.source);
    let all = own.flat_map(|other| other.problems.iter().map(move |problem| (other, problem)));
    all.filter(|(_, problem)| !matches!(problem, Problem::Sibling | Problem::ChangeFailed(_)))
        .min_by_key(|(_, problem)| problem.code())
}
