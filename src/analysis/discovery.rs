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
use crate::base::diagnostic::Diagnostic;
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

/// The rules that select the wanted rows best, the best one first; a further one that is worse has fewer
/// conditions. The search is greedy: there may be better ones. All of them are accepted by
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
        let is_as_good = |known: &Proposal| {
            proposal.quality() >= known.quality()
                && proposal.terms == known.terms
                && proposal.rows != known.rows
        };
        // What is worse has to be shorter.
        if kept.iter().all(|known| proposal.terms < known.terms || is_as_good(known)) {
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
    let rule = compiled.rule.filter(|_| !lints.iter().any(Diagnostic::is_error))?;
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::directory::object::{Object, Value};

    const DEPARTMENTS: [&str; 5] = ["Sales", "Field Sales", "Finance", "Legal", "Human Resources"];
    const CITIES: [&str; 4] = ["Oslo", "Bergen", "Dublin", "Kraków"];
    const TITLES: [&str; 4] = ["Store Manager", "Store Clerk", "Clerk", "Counsel"];

    /// People whose attributes have nothing to do with each other.
    fn people(count: u32) -> Vec<Object> {
        let text = |text: &str| Value::Text(text.to_owned());
        (0..count)
            .map(|number| {
                // Knuth's multiplicative hash: well mixed, and the same on every machine.
                let mixed = |salt: u32| ((number * 31 + salt).wrapping_mul(2_654_435_761) >> 12) as usize;
                Object::new(format!("user-{number}"))
                    .with("department", text(DEPARTMENTS[mixed(1) % 5]))
                    .with("city", text(CITIES[mixed(2) % 4]))
                    .with("jobTitle", text(TITLES[mixed(3) % 4]))
                    .with("employeeId", text(&format!("{}-{number}", ["IE", "DE"][mixed(4) % 2])))
                    .with("accountEnabled", Value::Boolean(mixed(5) % 4 > 0))
                    .with(
                        "otherMails",
                        Value::Texts(vec![["a@x.example", "b@x.example"][mixed(6) % 2].into()]),
                    )
                    .with("displayName", text(&format!("Person {number}")))
            })
            .collect()
    }

    fn columns(people: &[Object]) -> Columns {
        Columns::of_objects(people, &attributes(Attributes::standard(), Subject::User))
    }

    fn found(columns: &Columns, wanted: &RoaringBitmap, terms_max: usize) -> Vec<Proposal> {
        let options = Options { subject: Some(Subject::User), ..Options::default() };
        discover(Request { columns, wanted, options, terms_max, proposals_max: 3 })
    }

    fn rows(text: &str, columns: &Columns) -> RoaringBitmap {
        let rule = compile(text, Options::default()).rule.unwrap_or_else(|| panic!("refused: {text}"));
        evaluated(&[rule], columns).remove(0).unwrap()
    }

    #[test]
    fn planted_rules_are_found() {
        let columns = columns(&people(800));
        for planted in [
            "user.department -eq \"Legal\"",
            "user.department -in [\"Field Sales\", \"Sales\"]",
            "user.accountEnabled -eq false",
            "user.jobTitle -startsWith \"Store\"",
            "user.employeeId -startsWith \"IE-\"",
            "user.otherMails -any (_ -eq \"a@x.example\")",
            "(user.city -eq \"Oslo\") -and (user.department -eq \"Legal\")",
            "(user.accountEnabled -eq true) -and (user.city -in [\"Bergen\", \"Oslo\"]) -and (user.department -eq \"Sales\")",
            "((user.city -eq \"Oslo\") -and (user.department -eq \"Legal\")) -or (user.jobTitle -eq \"Counsel\")",
        ] {
            let wanted = rows(planted, &columns);
            let best = found(&columns, &wanted, 3).into_iter().next().unwrap_or_else(|| panic!("{planted}"));
            assert_eq!(best.rows, wanted, "{planted}: {}", best.rule.text);
            let is_whole = |share: f64| (share - 1.0).abs() < f64::EPSILON;
            assert!(is_whole(best.precision()) && is_whole(best.recall()) && best.is_good());
        }
    }

    #[test]
    fn nothing_good_is_found_for_people_without_anything_in_common() {
        let columns = columns(&people(800));
        let wanted: RoaringBitmap = (0..800).filter(|row| row % 17 == 3).collect();
        let proposals = found(&columns, &wanted, 3);
        assert!(proposals.iter().all(|proposal| !proposal.is_good()), "{proposals:?}");
        assert!(found(&columns, &RoaringBitmap::new(), 3).is_empty());
        assert!(found(&columns, &(0..800).collect(), 3).is_empty());
    }

    #[test]
    fn nobody_is_named() {
        let columns = columns(&people(40));
        for wanted in [vec![7_u32], vec![3, 9], vec![1, 2, 5, 30]] {
            for proposal in found(&columns, &wanted.into_iter().collect(), 3) {
                let text = &proposal.rule.text;
                assert!(!text.contains("Person ") && !text.contains("objectId"), "{text}");
                assert!(!text.contains("employeeId -eq") && !text.contains("employeeId -in"), "{text}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_proposed_is_short_canonical_and_as_good_as_it_says(
            wanted in proptest::collection::btree_set(0_u32..120, 1..40),
            terms_max in 1_usize..4,
            department in select(&DEPARTMENTS[..]),
        ) {
            let columns = columns(&people(120));
            let mut wanted: RoaringBitmap = wanted.into_iter().collect();
            wanted |= rows(&format!("user.department -eq \"{department}\""), &columns);
            let proposals = found(&columns, &wanted, terms_max);
            prop_assert_eq!(
                proposals.iter().map(|it| it.rule.text.to_string()).collect::<Vec<_>>(),
                found(&columns, &wanted, terms_max).iter().map(|it| it.rule.text.to_string()).collect::<Vec<_>>(),
                "the same again"
            );
            for proposal in proposals {
                let text = &proposal.rule.text;
                let compiled = compile(text, Options::default());
                prop_assert!(compiled.diagnostics.is_empty(), "{}", text);
                let canonical = format(text, &compiled, Attributes::standard(), Layout::OneLine);
                prop_assert_eq!(canonical.as_deref(), Some(&**text));
                prop_assert!(proposal.terms <= terms_max);
                prop_assert_eq!(&rows(text, &columns), &proposal.rows);
                prop_assert_eq!(proposal.hits, proposal.rows.intersection_len(&wanted));
            }
        }
    }
}
