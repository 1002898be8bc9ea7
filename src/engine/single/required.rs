//! What has to be true for a rule to be true: the rule is looked at only then.

use super::leaf::{Leaf, Leaves};
use super::share;
use crate::program::graph::{Expression, ExpressionId};
use crate::program::instruction::{Instruction, Source};
use crate::program::predicate::External;
use crate::program::{Program, Section};

/// Ways for something to be true: each begins with a leaf that is true then, so that one of these leaves
/// is true whenever it is. None at all if it never is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Required {
    pub(super) ways: Vec<Way>,
    /// Whether something is true as soon as one way is: its leaf is true, and all that it checks beside.
    pub(super) exact: bool,
    /// The guessed share of objects that make one of the leaves true.
    share: f64,
}

/// One way for something to be true.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) leaf: Leaf,
    /// What has to hold beside it.
    pub(super) checks: Vec<Literal>,
}

/// A leaf or its negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Literal {
    pub(super) leaf: Leaf,
    pub(super) negated: bool,
}

/// A way that checks more than this is not worth its room: the rule's code does it.
pub(super) const CHECKS_MAX: usize = 3;

/// What is known of a condition: what it requires to be true, and the literals that it joins, if it is
/// nothing but literals joined by `-and`.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    pub(super) required: Option<Required>,
    pub(super) literals: Option<Vec<Literal>>,
}

impl Condition {
    fn and(self, other: Self) -> Self {
        let required = match (self.required, other.required) {
            // What either requires is enough: the rarer.
            (Some(one), Some(another)) if another.share < one.share => {
                Some(another.beside(self.literals.as_ref()))
            }
            (Some(one), _) => Some(one.beside(other.literals.as_ref())),
            (None, Some(another)) => Some(another.beside(self.literals.as_ref())),
            (None, None) => None,
        };
        let literals = self.literals.zip(other.literals).map(|(one, another)| [one, another].concat());
        Self { required, literals: literals.filter(|literals| literals.len() <= CHECKS_MAX) }
    }

    fn or(self, other: Self) -> Self {
        let required = self.required.zip(other.required).map(|(mut one, another)| {
            one.ways.extend(another.ways);
            one.exact &= another.exact;
            one.share += another.share;
            one
        });
        Self { required, literals: None }
    }
}

impl Required {
    /// The same where `literals` have to hold too; `None` stands for something else.
    fn beside(mut self, literals: Option<&Vec<Literal>>) -> Self {
        for way in &mut self.ways {
            way.checks.extend(literals.into_iter().flatten());
            self.exact &= literals.is_some() && way.checks.len() <= CHECKS_MAX;
        }
        self
    }

    /// The leaves of which one is true.
    pub(super) fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.ways.iter().map(|way| way.leaf)
    }
}

/// An expression and its complement.
#[derive(Clone, Debug, Default)]
struct Both {
    holds: Condition,
    fails: Condition,
}

impl Both {
    /// A leaf holds if it is true, and fails for no reason that could be waited for.
    fn leaf(leaf: Leaf, share: Option<f64>) -> Self {
        let condition =
            |negated| Condition { required: None, literals: Some(vec![Literal { leaf, negated }]) };
        let way = Way { leaf, checks: Vec::new() };
        let required = share.map(|share| Required { ways: vec![way], exact: true, share });
        Self { holds: Condition { required, ..condition(false) }, fails: condition(true) }
    }

    fn not(self) -> Self {
        Self { holds: self.fails, fails: self.holds }
    }

    fn and(self, other: Self) -> Self {
        Self { holds: self.holds.and(other.holds), fails: self.fails.or(other.fails) }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// What each rule and the body of each quantified term requires.
#[derive(Debug)]
pub(super) struct Requirements {
    /// By rule.
    pub(super) rules: Vec<Condition>,
    /// By quantified term; the leaves are predicates on items.
    pub(super) terms: Vec<Option<Required>>,
}

impl Requirements {
    /// INVARIANT: [`crate::program::emit`] made the program, so that a jump only leaves out what cannot
    /// change its register.
    pub(super) fn of(program: &Program, leaves: Leaves) -> Self {
        let predicates = share::of_predicates(program);
        let terms: Vec<Option<Required>> = program
            .quantified
            .iter()
            .map(|term| body(program, &predicates, term.body).holds.required)
            .collect();
        let of_term = |term: &Option<Required>| {
            term.as_ref().map_or(share::NEARLY_ALL, |required| share::of_term(required.share))
        };
        let of_external = |external: &External| match external {
            // Nobody knows all groups of an object, so nothing says that it is time to look.
            External::MemberOf(..) => None,
            External::Reports(..) => Some(share::REPORTS_SHARE),
        };
        let shares = predicates.iter().copied().map(Some);
        let shares = shares.chain(terms.iter().map(|term| Some(of_term(term))));
        let shares: Vec<Option<f64>> = shares.chain(program.externals.iter().map(of_external)).collect();
        let mut walk = Walk { program, leaves, shares, registers: vec![Both::default(); program.registers] };
        for section in &program.shared {
            walk.section(section);
        }
        let rules = program.rules.iter().map(|section| walk.section(section).holds).collect();
        Self { rules, terms }
    }
}

fn body(program: &Program, shares: &[f64], id: ExpressionId) -> Both {
    let joined = |parts: &[ExpressionId], join: fn(Both, Both) -> Both| {
        let parts = parts.iter().map(|&part| body(program, shares, part));
        parts.reduce(join).unwrap_or_default()
    };
    match program.item_expressions.get(id as usize) {
        Some(&Expression::Predicate(place)) => Both::leaf(place, shares.get(place as usize).copied()),
        Some(&Expression::Not(part)) => body(program, shares, part).not(),
        Some(Expression::And(parts)) => joined(parts, Both::and),
        Some(Expression::Or(parts)) => joined(parts, Both::or),
        // INVARIANT: bodies hold predicates only.
        Some(Expression::External(_) | Expression::AnyItem(_)) | None => Both::default(),
    }
}

/// Goes through the code with what each register's expression requires in the register.
struct Walk<'p> {
    program: &'p Program,
    leaves: Leaves,
    shares: Vec<Option<f64>>,
    registers: Vec<Both>,
}

impl Walk<'_> {
    /// What a rule's section requires; for a shared section it stays in the register.
    fn section(&mut self, section: &Section) -> Both {
        let code = self.program.code.get(section.start as usize..section.end as usize).unwrap_or_default();
        let mut result = Both::default();
        for instruction in code {
            match *instruction {
                Instruction::Load { to, from } => self.change(to, from, |_, from| from),
                Instruction::Not { to, from } => self.change(to, from, |_, from| from.not()),
                Instruction::And { to, with } => self.change(to, with, Both::and),
                Instruction::AndNot { to, without } => {
                    self.change(to, without, |to, without| to.and(without.not()));
                }
                Instruction::Or { to, with } => self.change(to, with, Both::or),
                Instruction::OrNot { to, without } => {
                    self.change(to, without, |to, without| to.or(without.not()));
                }
                Instruction::JumpIfEmpty { .. } | Instruction::JumpIfFull { .. } => {}
                Instruction::Emit { from, .. } => result = self.read(from),
            }
        }
        result
    }

    fn change(&mut self, to: u16, from: Source, join: impl FnOnce(Both, Both) -> Both) {
        let from = self.read(from);
        if let Some(register) = self.registers.get_mut(usize::from(to)) {
            *register = join(std::mem::take(register), from);
        }
    }

    fn read(&self, source: Source) -> Both {
        match (source, self.leaves.read_by(source)) {
            (_, Some(leaf)) => Both::leaf(leaf, self.shares.get(leaf as usize).copied().flatten()),
            (Source::Register(register), None) => {
                self.registers.get(usize::from(register)).cloned().unwrap_or_default()
            }
            (_, None) => Both::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::building::{Draft, all_of, and, any_of, not, one, or};
    use super::*;
    use crate::program::{Optimise, emit};

    /// What the first rule requires, in words.
    fn required(drafts: impl IntoIterator<Item = Draft>) -> String {
        let rules: Vec<_> = drafts.into_iter().map(Draft::rule).collect();
        let described = |optimise| {
            let program = emit::program(&rules, optimise).expect("small");
            let found = Requirements::of(&program, Leaves::of(&program));
            let Some(required) = &found.rules[0].required else { return "always".to_owned() };
            let term = |place: usize| match found.terms.get(place) {
                Some(Some(required)) => format!("any of {}", words(&program, required)),
                Some(None) => "any item".to_owned(),
                None => "manager".to_owned(),
            };
            let mut leaves: Vec<String> = required
                .leaves()
                .map(|leaf| match program.predicates.get(leaf as usize) {
                    Some(predicate) => predicate.key(),
                    None => term(leaf as usize - program.predicates.len()),
                })
                .collect();
            leaves.sort();
            leaves.join(" | ")
        };
        let on = described(Optimise::On);
        assert_eq!(on, described(Optimise::Off));
        on
    }

    fn words(program: &Program, required: &Required) -> String {
        let keys = required.leaves().map(|slot| program.predicates[slot as usize].key());
        keys.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn ways_say_all_that_a_plain_rule_asks() {
        let ways = |draft: Draft| {
            let rules = [draft.rule()];
            let program = emit::program(&rules, Optimise::On).expect("small");
            let found = Requirements::of(&program, Leaves::of(&program));
            let required = found.rules[0].required.clone().expect("something is required");
            let words = |way: &Way| {
                let key = |leaf: Leaf| program.predicates[leaf as usize].key();
                let checks = way.checks.iter().map(|check| {
                    format!(" & {}{}", if check.negated { "not " } else { "" }, key(check.leaf))
                });
                format!("{}{}", key(way.leaf), checks.collect::<String>())
            };
            let ways: Vec<String> = required.ways.iter().map(words).collect();
            format!("{}: {}", if required.exact { "exact" } else { "needed" }, ways.join(" | "))
        };
        let (city, state) = (|| one("user.city -eq 'a'"), || one("user.state -eq 'b'"));
        let enabled = || one("user.accountEnabled -eq true");
        let cases = [
            (city(), r#"exact: city = "A""#),
            (and([enabled(), city()]), r#"exact: city = "A" & accountEnabled = true"#),
            (and([city(), not(state())]), r#"exact: city = "A" & not state = "B""#),
            (
                or([city(), and([state(), enabled()])]),
                r#"exact: city = "A" | state = "B" & accountEnabled = true"#,
            ),
            (
                and([enabled(), or([city(), state()])]),
                r#"exact: city = "A" & accountEnabled = true | state = "B" & accountEnabled = true"#,
            ),
            (and([city(), or([enabled(), not(state())])]), r#"needed: city = "A""#),
        ];
        for (draft, expected) in cases {
            let text = draft.text.clone();
            assert_eq!(ways(draft), expected, "{text}");
        }
    }

    #[test]
    fn a_conjunction_waits_for_its_rarest_part() {
        let sales = || one("user.department -eq 'Sales'");
        let member = || one("user.userType -eq 'Member'");
        assert_eq!(required([and([member(), sales()])]), r#"department = "SALES""#);
        assert_eq!(
            required([and([sales(), one("user.accountEnabled -eq true")])]),
            r#"department = "SALES""#
        );
        assert_eq!(required([and([member(), one("user.city -ne 'Oslo'")])]), r#"userType = "MEMBER""#);
    }

    #[test]
    fn the_more_values_rules_name_the_rarer_is_each() {
        let rule = and([one("user.city -eq 'Oslo'"), one("user.department -eq 'Sales'")]);
        let others = ["HR", "IT", "Law"].map(|name| one(&format!("user.department -eq '{name}'")));
        assert_eq!(required([rule.clone()]), r#"city = "OSLO""#);
        assert_eq!(required([rule].into_iter().chain(others)), r#"department = "SALES""#);
    }

    #[test]
    fn a_disjunction_waits_for_all_its_parts() {
        let (a, b) = (|| one("user.city -eq 'a'"), || one("user.city -eq 'b'"));
        assert_eq!(required([or([a(), b()])]), r#"city = "A" | city = "B""#);
        assert_eq!(required([or([a(), not(b())])]), "always");
        assert_eq!(required([not(and([not(a()), not(b())]))]), r#"city = "A" | city = "B""#);
        assert_eq!(required([and([or([a(), not(b())]), one("user.state -eq 'x'")])]), r#"state = "X""#);
        assert_eq!(required([not(a())]), "always");
    }

    #[test]
    fn shared_parts_are_seen_through() {
        let shared = || or([one("user.city -eq 'a'"), one("user.city -eq 'b'")]);
        let rules = [
            and([one("user.accountEnabled -eq true"), shared()]),
            and([one("user.dirSyncEnabled -eq true"), shared()]),
        ];
        assert_eq!(required(rules), r#"city = "A" | city = "B""#);
    }

    #[test]
    fn terms_wait_for_their_items() {
        let plan =
            and([one("assignedPlan.servicePlanId -eq 'x'"), one("assignedPlan.capabilityStatus -ne 'y'")]);
        let expected = r#"any of assignedPlans[_].servicePlanId = "X""#;
        assert_eq!(required([any_of("user.assignedPlans", plan)]), expected);
        let expected = r#"any of otherMails[_] begins "A""#;
        assert_eq!(required([not(all_of("user.otherMails", one("_ -notStartsWith 'a'")))]), expected);
        assert_eq!(required([any_of("user.otherMails", one("_ -notStartsWith 'a'"))]), "any item");
        assert_eq!(required([all_of("user.otherMails", one("_ -startsWith 'a'"))]), "always");
    }

    #[test]
    fn groups_cannot_be_waited_for_and_managers_can() {
        assert_eq!(required([one("user.memberOf -in ['g']")]), "always");
        let rules = [and([one("user.memberOf -in ['g']"), one("user.city -eq 'a'")])];
        assert_eq!(required(rules), r#"city = "A""#);
        assert_eq!(required([one("Direct Reports for 'm'")]), "manager");
    }
}
