//! Made-up membership rules: which kinds there are, and how often.

use jiff::Timestamp;
use rand::RngExt;

use super::clause::Clause;
use super::device_rule;
use super::random::{Generator, Pool, Purpose, Seed};
use super::user_rule::UserRules;
use super::vocabulary::Vocabulary;
use crate::base::limits::RULE_LENGTH_MAX_UTF16;
use crate::language::attribute::Subject;

/// What a rule mainly does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Equality,
    List,
    Affix,
    Contains,
    Match,
    Extension,
    AnyItem,
    Null,
    Date,
    Negation,
    Chain,
    Reports,
    MemberOf,
    Device,
}

impl Kind {
    /// The kinds of rules about users, with their shares in percent.
    pub(super) const OF_USERS: [(Self, f64); 13] = [
        (Self::Equality, 35.0),
        (Self::List, 14.0),
        (Self::Affix, 10.0),
        (Self::Contains, 8.0),
        (Self::Match, 5.0),
        (Self::Extension, 7.0),
        (Self::AnyItem, 6.0),
        (Self::Null, 4.0),
        (Self::Date, 4.0),
        (Self::Negation, 3.0),
        (Self::Chain, 3.0),
        (Self::Reports, 0.7),
        (Self::MemberOf, 0.3),
    ];

    /// The kind in the words of group descriptions.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Equality => "equal values",
            Self::List => "one of a list",
            Self::Affix => "beginning or end",
            Self::Contains => "part of a value",
            Self::Match => "regular expression",
            Self::Extension => "extension attribute",
            Self::AnyItem => "item of a collection",
            Self::Null => "value missing or there",
            Self::Date => "hire date",
            Self::Negation => "exclusion",
            Self::Chain => "long chain",
            Self::Reports => "direct reports",
            Self::MemberOf => "members of other groups",
            Self::Device => "attributes of devices",
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    pub(super) subject: Subject,
    pub(super) text: String,
}

/// Makes rules. A rule depends on the seed, the instant and its number only, never on the objects.
pub(super) struct Rules<'tenant> {
    users: UserRules<'tenant>,
    seed: Seed,
    kinds: Pool<Kind>,
    /// The share of rules about devices.
    share_devices: f64,
}

impl<'tenant> Rules<'tenant> {
    /// `with_devices` makes some of the rules ones about devices, and leaves the others as they are.
    pub(super) fn new(
        vocabulary: &'tenant Vocabulary,
        seed: Seed,
        now: Timestamp,
        with_devices: bool,
    ) -> Self {
        let kinds = Pool::shares(Kind::OF_USERS);
        let share_devices = if with_devices { 0.12 } else { 0.0 };
        Self { users: UserRules::new(vocabulary, seed, now), seed, kinds, share_devices }
    }

    /// Rule `index`, counted from 0.
    pub(super) fn rule(&self, index: u64) -> Rule {
        let generator = &mut self.seed.generator(Purpose::Rule, index);
        // Drawn in any case: a tenant without devices has the same rules otherwise.
        let device = generator.random::<f64>() < self.share_devices;
        let kind = *self.kinds.draw(generator);
        if device {
            let text = fitted(device_rule::clause(generator));
            return Rule { kind: Kind::Device, subject: Subject::Device, text };
        }
        Rule { kind, subject: Subject::User, text: fitted(self.users.clause(kind, generator)) }
    }
}

/// The text of a clause, which loses the ends of its chains until it is short enough.
fn fitted(mut clause: Clause) -> String {
    loop {
        let text = clause.to_string();
        if text.encode_utf16().count() <= RULE_LENGTH_MAX_UTF16 || !shorten(&mut clause) {
            return text;
        }
    }
}

/// Takes the last part off the first chain that has several; false where there is none.
fn shorten(clause: &mut Clause) -> bool {
    match clause {
        Clause::Any(parts) if parts.len() > 1 => parts.pop().is_some(),
        Clause::All(parts) | Clause::Any(parts) => parts.iter_mut().any(shorten),
        Clause::Not(part) => shorten(part),
        Clause::Test(_) => false,
    }
}

/// What many rules have beside their main condition.
pub(super) fn guarded(clause: Clause, generator: &mut Generator) -> Clause {
    let enabled = Clause::word("user.accountEnabled", "-eq", true);
    let member = Clause::text("user.userType", "-eq", "Member");
    match generator.random::<f64>() {
        draw if draw < 0.30 => enabled.and(clause),
        draw if draw < 0.42 => member.and(clause),
        draw if draw < 0.56 => enabled.and(member).and(clause),
        draw if draw < 0.59 => clause.and(Clause::text("user.userType", "-ne", "Guest")),
        _ => clause,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::language::attribute::Attributes;
    use crate::language::compile::{Options, compile};
    use crate::language::dialect::Dialect;

    fn with_rules(with_devices: bool, test: impl FnOnce(Vec<Rule>)) {
        let vocabulary = Vocabulary::new();
        let now = "2026-01-15T00:00:00Z".parse().unwrap();
        let rules = Rules::new(&vocabulary, Seed(1), now, with_devices);
        test((0..3_000).map(|index| rules.rule(index)).collect());
    }

    #[test]
    fn every_rule_is_accepted() {
        with_rules(true, |rules| {
            for rule in &rules {
                assert!(rule.text.encode_utf16().count() <= RULE_LENGTH_MAX_UTF16, "{}", rule.text);
                let options = Options {
                    dialect: Dialect::Entra,
                    subject: Some(rule.subject),
                    attributes: Attributes::standard(),
                };
                let compiled = compile(&rule.text, options);
                let errors: Vec<_> =
                    compiled.diagnostics.iter().filter(|finding| finding.is_error()).collect();
                assert!(compiled.rule.is_some() && errors.is_empty(), "{}: {errors:?}", rule.text);
            }
        });
    }

    #[test]
    fn every_kind_occurs_as_often_as_stated() {
        with_rules(true, |rules| {
            let mut counts: HashMap<Kind, usize> = HashMap::new();
            for rule in &rules {
                *counts.entry(rule.kind).or_default() += 1;
            }
            for (kind, share) in Kind::OF_USERS {
                let expected = share * 0.88 * 30.0;
                let count = f64::from(u32::try_from(counts[&kind]).unwrap());
                assert!((count - expected).abs() < 4.0 * expected.sqrt(), "{kind:?} {count}");
            }
            assert!((270..450).contains(&counts[&Kind::Device]), "{}", counts[&Kind::Device]);
        });
    }

    #[test]
    fn rules_differ_and_some_are_long() {
        with_rules(false, |rules| {
            let texts: HashSet<&str> = rules.iter().map(|rule| rule.text.as_str()).collect();
            assert!(texts.len() * 10 > rules.len() * 8, "{}", texts.len());
            let long = rules.iter().filter(|rule| rule.text.len() > 1_500).count();
            assert!(long > 30, "{long}");
            for operator in [
                "-eq",
                "-ne",
                "-in",
                "-notIn",
                "-startsWith",
                "-notStartsWith",
                "-endsWith",
                "-notEndsWith",
                "-contains",
                "-notContains",
                "-match",
                "-notMatch",
                "-any",
                "-all",
                "-ge",
                "-le",
                "-not (",
                "-plus",
                "-minus",
                "null",
                "system.now",
                "servicePlanId",
                "assignedPlan.service ",
                "extension_",
                "''",
            ] {
                assert!(rules.iter().any(|rule| rule.text.contains(operator)), "{operator}");
            }
        });
    }

    #[test]
    fn devices_leave_the_other_rules_as_they_are() {
        with_rules(false, |without| {
            with_rules(true, |with| {
                for (one, other) in without.iter().zip(&with) {
                    assert!(one == other || other.kind == Kind::Device);
                }
            });
        });
    }

    #[test]
    fn chains_are_cut_at_the_limit() {
        let names: Vec<String> = (0..400).map(|number| format!("{number:010}")).collect();
        let tests = names.iter().map(|name| Clause::text("user.department", "-eq", name)).collect();
        let guarded = Clause::word("user.accountEnabled", "-eq", true).and(Clause::Any(tests));
        let text = fitted(guarded);
        assert!((RULE_LENGTH_MAX_UTF16 - 60..=RULE_LENGTH_MAX_UTF16).contains(&text.len()), "{}", text.len());
    }
}
