//! All findings about rules on a tenant.

use std::collections::HashMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::finding::{Finding, Other};
use super::literals::absent;
use super::logic::{Constant, Relation, constant, relation};
use super::overlap::{Overlap, overlaps};
use crate::base::code;
use crate::base::limits::{ABSENT_VALUES_PER_RULE_MAX, TWINS_PER_GROUP_MAX};
use crate::language::attribute::{Attributes, Subject};
use crate::language::compile::{Options, compile};
use crate::language::lint::{LintOptions, lint};
use crate::language::typed::TypedRule;
use crate::membership::recompute::Objects;

/// A rule with the members that it selects.
#[derive(Clone, Copy, Debug)]
pub struct Studied<'a> {
    /// The rule.
    pub rule: &'a TypedRule,
    /// Its members, as ordinals.
    pub members: &'a RoaringBitmap,
}

/// The findings about those of `rules` that stand at the places `asked`, in their order; all rules are what
/// they are held against. Values are looked for in the columns of `objects`, which have to hold all
/// attributes that the rules at these places read, as written too. `attributes` are the names that
/// rules may use.
pub fn survey(
    rules: &[Studied<'_>],
    asked: &[usize],
    objects: Objects<'_>,
    attributes: &Attributes,
) -> Vec<Vec<Finding>> {
    let members: Vec<&RoaringBitmap> = rules.iter().map(|studied| studied.members).collect();
    let overlaps = overlaps(&members, asked);
    let nobody = Selecting::nobody(rules);
    let mut absent = absent_values(rules, asked, objects);
    asked
        .par_iter()
        .zip(overlaps)
        .map(|(&at, overlap)| {
            let Some(&studied) = rules.get(at) else { return Vec::new() };
            let mut found = of_data(studied, objects, attributes);
            let is_settled = found.iter().any(|it| matches!(it, Finding::Constant(_)));
            let others = Others { rules, studied };
            if !is_settled {
                found.extend(others.findings(&overlap, objects));
                found.extend(nobody.same_as(at, studied));
            }
            found
        })
        .collect::<Vec<_>>()
        .into_iter()
        .zip(asked)
        .map(|(mut found, at)| {
            found.extend(absent.remove(at).unwrap_or_default());
            found
        })
        .collect()
}

/// What a rule says by itself, and how many it selects.
fn of_data(studied: Studied<'_>, objects: Objects<'_>, attributes: &Attributes) -> Vec<Finding> {
    let Studied { rule, members } = studied;
    let all = objects.of(rule.subject).rows() as u64;
    let mut found = Vec::new();
    let constant = constant(rule);
    found.extend(constant.map(Finding::Constant));
    match (constant, members.len()) {
        (None, 0) => found.push(Finding::Nobody),
        (None, count) if count == all => found.push(Finding::Everybody(all)),
        (Some(Constant::Always), count) => found.push(Finding::Everybody(count)),
        _ => {}
    }
    let options = Options { dialect: rule.dialect, subject: Some(rule.subject), attributes };
    let compiled = compile(&rule.text, options);
    let lints = lint(&rule.text, &compiled, &LintOptions::default());
    found.extend(lints.into_iter().filter(|it| it.code == &code::L12).map(|it| Finding::Part(it.message)));
    found
}

/// A rule and what it is held against.
struct Others<'a> {
    rules: &'a [Studied<'a>],
    studied: Studied<'a>,
}

impl Others<'_> {
    fn findings(&self, overlap: &Overlap, objects: Objects<'_>) -> Vec<Finding> {
        let all = objects.of(self.studied.rule.subject).rows() as u64;
        let mut found = Vec::new();
        let same: Vec<Other> =
            overlap.same.iter().filter_map(|&at| self.other(at, &[Relation::Equivalent])).collect();
        if !same.is_empty() {
            found.push(Finding::SameAs(first_proved(same)));
        }
        // Everything lies within what selects everybody.
        let is_telling = |other: &Other| other.members < all;
        let proving = [Relation::Within, Relation::Equivalent];
        let within: Vec<Other> =
            overlap.within.iter().filter_map(|&at| self.other(at, &proving)).filter(is_telling).collect();
        if !within.is_empty() {
            found.push(Finding::Within(within));
        }
        found
    }

    fn other(&self, at: usize, proving: &[Relation]) -> Option<Other> {
        let other = self.rules.get(at)?;
        let proved = relation(self.studied.rule, other.rule);
        let is_proved = proved.is_some_and(|found| proving.contains(&found));
        Some(Other { rule: at, members: other.members.len(), is_proved })
    }
}

/// The first ones, those with a proof before the others.
fn first_proved(mut same: Vec<Other>) -> Vec<Other> {
    same.sort_by_key(|other| (!other.is_proved, other.rule));
    same.truncate(TWINS_PER_GROUP_MAX);
    same
}

/// Rules that select nobody. That two of them do says nothing, but their equality may be provable.
struct Selecting<'a> {
    by_words: HashMap<String, Vec<usize>>,
    rules: &'a [Studied<'a>],
}

impl<'a> Selecting<'a> {
    fn nobody(rules: &'a [Studied<'a>]) -> Self {
        let mut by_words: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, studied) in rules.iter().enumerate().filter(|(_, studied)| studied.members.is_empty()) {
            by_words.entry(attributes_of(studied.rule)).or_default().push(at);
        }
        Self { by_words, rules }
    }

    fn same_as(&self, at: usize, studied: Studied<'_>) -> Option<Finding> {
        if !studied.members.is_empty() {
            return None;
        }
        let alike = self.by_words.get(&attributes_of(studied.rule))?;
        let is_same = |other: &Studied<'_>| relation(studied.rule, other.rule) == Some(Relation::Equivalent);
        let same = alike.iter().filter(|&&other| other != at && self.rules.get(other).is_some_and(is_same));
        let same: Vec<Other> =
            same.map(|&rule| Other { rule, members: 0, is_proved: true }).take(TWINS_PER_GROUP_MAX).collect();
        (!same.is_empty()).then_some(Finding::SameAs(same))
    }
}

/// What a rule reads, in one text: only rules that read the same are tried against each other.
fn attributes_of(rule: &TypedRule) -> String {
    let names = rule.attributes_read().iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
    format!("{} {}", rule.subject.word(), names.join(" "))
}

/// The findings about values that nobody has, by place.
fn absent_values(
    rules: &[Studied<'_>],
    asked: &[usize],
    objects: Objects<'_>,
) -> HashMap<usize, Vec<Finding>> {
    let mut found = HashMap::new();
    for subject in Subject::ALL {
        let columns = objects.of(subject);
        let of_subject = asked.iter().filter_map(|&at| Some((at, rules.get(at)?.rule)));
        let (places, about): (Vec<usize>, Vec<&TypedRule>) =
            of_subject.filter(|(_, rule)| rule.subject == subject).unzip();
        if columns.rows() == 0 {
            continue;
        }
        for (at, values) in places.into_iter().zip(absent(&about, subject, columns)) {
            let more = values.len().saturating_sub(ABSENT_VALUES_PER_RULE_MAX);
            let listed = values.into_iter().take(ABSENT_VALUES_PER_RULE_MAX).map(Finding::Absent);
            found.insert(at, listed.chain((more > 0).then_some(Finding::MoreAbsent(more))).collect());
        }
    }
    found
}
