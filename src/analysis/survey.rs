//! All findings about rules on a tenant.

use std::collections::HashMap;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::finding::{Finding, Other};
use super::literals::absent;
use super::logic::{Constant, Relation, constant, relation};
use super::overlap::{Overlap, overlaps};
use crate::base::code;
use crate::base::fold::fold;
use crate::base::limits::{
    ABSENT_VALUES_PER_RULE_MAX, CONTAINED_MIN_MEMBERS, CONTAINER_MAX_PERCENT, TWIN_PROOFS_MAX,
    TWINS_PER_GROUP_MAX,
};
use crate::language::attribute::{Attributes, Subject};
use crate::language::compile::{Options, compile};
use crate::language::lint::{LintOptions, lint};
use crate::language::typed::TypedRule;
use crate::membership::recompute::Objects;
use crate::program::Optimise;
use crate::program::graph::{ExpressionId, Graph};

/// A rule with the members that it selects.
#[derive(Clone, Copy, Debug)]
pub struct Studied<'a> {
    /// The id of the group.
    pub group: &'a str,
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
    let reading = Reading::of(rules);
    let can_hold = |one: usize, other: usize| {
        let is_small = |one: &Studied<'_>, other: &Studied<'_>| {
            let all = objects.of(one.rule.subject).rows() as u64;
            one.rule.subject == other.rule.subject && other.members.len() * 100 <= all * CONTAINER_MAX_PERCENT
        };
        rules.get(one).zip(rules.get(other)).is_some_and(|(one, other)| is_small(one, other))
            && !reading.relates(one, other)
    };
    let overlaps = overlaps(&members, asked, can_hold);
    let nobody = SelectingNobody::of(rules);
    let mut absent = absent_values(rules, asked, objects);
    asked
        .par_iter()
        .zip(overlaps)
        .map(|(&at, overlap)| {
            let Some(&studied) = rules.get(at) else { return Vec::new() };
            let mut found = of_data(studied, objects, attributes);
            let is_settled = found.iter().any(|it| matches!(it, Finding::Constant(_)));
            let others = Others { rules, at, studied, reading: &reading };
            if !is_settled {
                found.extend(others.findings(&overlap));
                found.extend(nobody.same_as(at));
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
    let Studied { rule, members, .. } = studied;
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
    at: usize,
    studied: Studied<'a>,
    reading: &'a Reading,
}

impl Others<'_> {
    fn findings(&self, overlap: &Overlap) -> Vec<Finding> {
        let mut found = Vec::new();
        let same = overlap.same.iter().enumerate();
        let same =
            same.filter_map(|(tried, &at)| self.other(at, &[Relation::Equivalent], tried < TWIN_PROOFS_MAX));
        let same: Vec<Other> = same.collect();
        if !same.is_empty() {
            found.push(first_ones(same));
        }
        let is_telling =
            |other: &Other| other.is_proved || self.studied.members.len() >= CONTAINED_MIN_MEMBERS;
        let proving = [Relation::Within, Relation::Equivalent];
        let within: Vec<Other> = overlap
            .within
            .iter()
            .filter_map(|&at| self.other(at, &proving, true))
            .filter(is_telling)
            .collect();
        if !within.is_empty() {
            found.push(Finding::Within(within));
        }
        found
    }

    fn other(&self, at: usize, proving: &[Relation], tries_proof: bool) -> Option<Other> {
        let other = self.rules.get(at).filter(|_| !self.reading.relates(self.at, at))?;
        let proved = if tries_proof { relation(self.studied.rule, other.rule) } else { None };
        let is_proved = proved.is_some_and(|found| proving.contains(&found));
        Some(Other { rule: at, members: other.members.len(), is_proved })
    }
}

/// For each rule the places of the groups that it reads: that it has their members is no news.
struct Reading(Vec<Vec<usize>>);

impl Reading {
    fn of(rules: &[Studied<'_>]) -> Self {
        let places: HashMap<_, usize> =
            rules.iter().enumerate().map(|(at, studied)| (fold(studied.group), at)).collect();
        let read = |studied: &Studied<'_>| {
            let read = studied.rule.groups_read();
            read.into_iter().filter_map(|group| places.get(&fold(group)).copied()).collect()
        };
        Self(rules.iter().map(read).collect())
    }

    /// Whether one of two rules reads the group of the other one.
    fn relates(&self, one: usize, other: usize) -> bool {
        let reads = |one: usize, other: usize| self.0.get(one).is_some_and(|read| read.contains(&other));
        reads(one, other) || reads(other, one)
    }
}

/// The finding about rules with the same members: those with a proof before the others.
fn first_ones(mut same: Vec<Other>) -> Finding {
    same.sort_by_key(|other| (!other.is_proved, other.rule));
    let more = same.len().saturating_sub(TWINS_PER_GROUP_MAX);
    same.truncate(TWINS_PER_GROUP_MAX);
    Finding::SameAs(same, more)
}

/// Rules that select nobody. That two of them do says nothing, unless they are the same rule.
struct SelectingNobody {
    /// The places of equal rules, by the place of each.
    alike: HashMap<usize, Vec<usize>>,
}

impl SelectingNobody {
    fn of(rules: &[Studied<'_>]) -> Self {
        let mut alike = HashMap::new();
        for subject in Subject::ALL {
            let nobody = rules.iter().enumerate();
            let nobody = nobody.filter(|(_, it)| it.members.is_empty() && it.rule.subject == subject);
            let (places, typed): (Vec<usize>, Vec<&TypedRule>) = nobody.map(|(at, it)| (at, it.rule)).unzip();
            let graph = Graph::of(typed, Optimise::On);
            let mut by_root: HashMap<ExpressionId, Vec<usize>> = HashMap::new();
            for (&root, &at) in graph.roots.iter().zip(&places) {
                by_root.entry(root).or_default().push(at);
            }
            let several = by_root.into_values().filter(|same| same.len() > 1);
            alike.extend(several.flat_map(|same| same.clone().into_iter().map(move |at| (at, same.clone()))));
        }
        Self { alike }
    }

    fn same_as(&self, at: usize) -> Option<Finding> {
        let same = self.alike.get(&at)?.iter().filter(|&&other| other != at);
        let same = same.map(|&rule| Other { rule, members: 0, is_proved: true }).collect();
        Some(first_ones(same))
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::column_reader::Wanted;
    use crate::directory::columns::Columns;
    use crate::directory::object::{Object, Value};
    use crate::membership::evaluation::evaluate_rule;
    use crate::membership::recompute::Settings;
    use crate::membership::roster::{Roster, RowIds};
    use crate::membership::snapshot::Snapshot;

    /// The findings about each rule over twelve users: six in Sales in Oslo, six in Finance in Bergen.
    fn found(texts: &[&str]) -> Vec<Vec<Finding>> {
        let rules: Vec<TypedRule> = texts
            .iter()
            .map(|text| compile(text, Options::default()).rule.unwrap_or_else(|| panic!("refused: {text}")))
            .collect();
        let users: Vec<Object> = (0..12)
            .map(|number| {
                let (department, city) = if number < 6 { ("Sales", "Oslo") } else { ("Finance", "Bergen") };
                Object::new(format!("u{number}"))
                    .with("department", Value::Text(department.into()))
                    .with("city", Value::Text(city.into()))
            })
            .collect();
        let users_columns =
            Columns::of_objects(&users, &Wanted::of_rules(&rules, Subject::User, false).attributes);
        let devices = Columns::of_objects(&[], []);
        let roster = Roster::new(RowIds::of(users.iter().map(Object::id)), RowIds::of([])).unwrap();
        let deleted = RoaringBitmap::new();
        let objects = Objects {
            users: &users_columns,
            devices: &devices,
            managers: None,
            deleted: &deleted,
            roster: &roster,
        };
        let settings = Settings { now: jiff::Timestamp::UNIX_EPOCH, version_order: None };
        let members: Vec<RoaringBitmap> = rules
            .iter()
            .map(|rule| evaluate_rule(rule, objects, &Snapshot::default(), settings).unwrap())
            .collect();
        let studied: Vec<Studied<'_>> = rules
            .iter()
            .zip(&members)
            .map(|(rule, members)| Studied { group: "other", rule, members })
            .collect();
        let asked: Vec<usize> = (0..rules.len()).collect();
        survey(&studied, &asked, objects, Attributes::standard())
    }

    fn other(rule: usize, members: u64, is_proved: bool) -> Other {
        Other { rule, members, is_proved }
    }

    #[test]
    fn rules_with_the_same_members() {
        let found = found(&[
            "user.department -eq \"Sales\"",
            "user.city -eq \"Oslo\"",
            "user.department -in [\"sales\"]",
        ]);
        assert_eq!(found[0], [Finding::SameAs(vec![other(2, 6, true), other(1, 6, false)], 0)]);
        assert_eq!(found[1], [Finding::SameAs(vec![other(0, 6, false), other(2, 6, false)], 0)]);
    }

    #[test]
    fn everybody_nobody_and_whatever_the_data() {
        let found = found(&[
            "user.city -ne null",
            "user.department -eq \"Sales\" -and user.city -eq \"Bergen\"",
            "user.city -eq \"Oslo\" -and user.city -eq \"Bergen\"",
            "user.objectId -ne null",
            "user.city -eq \"Bergen\" -and user.department -eq \"Sales\"",
        ]);
        assert_eq!(found[0][0], Finding::Everybody(12));
        assert_eq!(found[1], [Finding::Nobody, Finding::SameAs(vec![other(4, 0, true)], 0)]);
        assert!(matches!(
            found[2].as_slice(),
            [Finding::Constant(Constant::Never), Finding::Part(why)] if why.contains("exclude each other")
        ));
        assert_eq!(found[3], [Finding::Constant(Constant::Always), Finding::Everybody(12)]);
    }

    #[test]
    fn members_within_others_and_values_that_nobody_has() {
        let found = found(&[
            "user.department -eq \"Sales\" -and user.objectId -ne \"u0\"",
            "user.department -eq \"Sales\"",
            "user.department -ne \"Fiannce\"",
        ]);
        assert_eq!(found[0], [Finding::Within(vec![other(1, 6, true)])]);
        assert_eq!(found[1], [], "more than half of all is no news");
        assert!(matches!(
            found[2].as_slice(),
            [Finding::Everybody(12), Finding::Absent(absent)] if absent.similar == Some(("Finance".into(), 6))
        ));
    }
}
