//! Rules that would give a list of members: found by a greedy search over the columns, then compiled and
//! evaluated like any other rule.

mod affixes;
mod conditions;
mod lists;
mod search;

use std::sync::Arc;

use roaring::RoaringBitmap;

use self::conditions::Conditions;
use self::search::{Alternative, Search};
use super::literals::evaluated;
use crate::directory::columns::Columns;
use crate::language::attribute::{Attribute, Attributes, Subject};
use crate::language::compile::{Options, compile};
use crate::language::lint::{LintOptions, lint};
use crate::language::print::{Layout, format};
use crate::language::typed::TypedRule;

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The users or devices, with all attributes that a rule may use, as written too.
    pub columns: &'a Columns,
    /// The rows that the rule has to select.
    pub wanted: &'a RoaringBitmap,
    /// How rules are read. The subject has to be there: it is that of the columns.
    pub options: Options<'a>,
    /// Most conditions of a rule.
    pub terms_max: usize,
    /// Most rules.
    pub proposals_max: usize,
}

/// A rule that was found, and how well it does.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The rule in its canonical form.
    pub rule: TypedRule,
    /// The rows that it selects.
    pub rows: RoaringBitmap,
    /// How many of those are wanted.
    pub hits: u64,
    /// How many are wanted in all.
    pub wanted: u64,
    /// How many conditions it has.
    pub terms: usize,
}

impl Proposal {
    /// The share of the selected ones that are wanted.
    pub fn precision(&self) -> f64 {
        share(self.hits, self.rows.len())
    }

    /// The share of the wanted ones that are selected.
    pub fn recall(&self) -> f64 {
        share(self.hits, self.wanted)
    }

    /// The harmonic mean of precision and recall.
    pub fn quality(&self) -> f64 {
        search::quality(self.hits, self.rows.len(), self.wanted)
    }

    /// Whether it is worth to be proposed: [`QUALITY_MIN`] at least.
    pub fn is_good(&self) -> bool {
        self.quality() >= QUALITY_MIN
    }
}

/// From which quality on a rule is a good one.
pub const QUALITY_MIN: f64 = 0.8;

/// The rules that select the wanted rows best, the best one first; a further one selects others and has no
/// more conditions. The search is greedy: there may be better ones. All of them are accepted by
/// [`compile`], and what they select comes from their evaluation.
///
/// None are found where nothing or everything is wanted.
pub fn discover(request: Request<'_>) -> Vec<Proposal> {
    let all = request.columns.rows() as u64;
    if request.wanted.is_empty() || request.wanted.len() == all {
        return Vec::new();
    }
    let conditions = Conditions::of(&request);
    let search = Search::new(&request, &conditions);
    let rules = search.rules();
    let mut found: Vec<Proposal> =
        rules.iter().filter_map(|alternatives| verified(&request, alternatives)).collect();
    found.sort_by(|one, other| {
        let by_quality = other.quality().total_cmp(&one.quality());
        by_quality.then(one.terms.cmp(&other.terms)).then_with(|| one.rule.text.cmp(&other.rule.text))
    });
    let mut kept: Vec<Proposal> = Vec::new();
    for proposal in found {
        // What is worse has to be shorter.
        if kept.iter().all(|known| proposal.terms <= known.terms && known.rows != proposal.rows) {
            kept.push(proposal);
        }
    }
    kept.truncate(request.proposals_max);
    kept
}

/// The rule as the service would read it. `None` if it would refuse it.
fn verified(request: &Request<'_>, alternatives: &[Alternative]) -> Option<Proposal> {
    let text = Alternative::rule(alternatives);
    let compiled = compile(&text, request.options);
    let canonical = format(&text, &compiled, request.options.attributes, Layout::OneLine)?;
    let compiled = compile(&canonical, request.options);
    let lints = lint(&canonical, &compiled, &LintOptions::default());
    let rule = compiled.rule.filter(|_| !lints.iter().any(|finding| finding.is_error()))?;
    let rows = evaluated(std::slice::from_ref(&rule), request.columns).pop()??;
    let hits = rows.intersection_len(request.wanted);
    let terms = alternatives.iter().map(Alternative::terms).sum();
    Some(Proposal { rule, rows, hits, wanted: request.wanted.len(), terms })
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no precision")]
fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

/// The attributes that conditions are searched for in. A rule about dates, plans, managers or groups is not
/// found.
pub fn attributes(known: &Attributes, subject: Subject) -> Vec<Arc<Attribute>> {
    conditions::usable(known, subject)
}
