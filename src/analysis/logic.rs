//! What can be proved about rules whatever the data: every combination of their predicates is tried, but
//! for those that no object can have.

use std::collections::BTreeMap;

use crate::base::limits::PROOF_MAX_PREDICATES;
use crate::language::lint::relation::{constants, disjoint, implies};
use crate::language::typed::{Test, TypedRule};
use crate::program::Optimise;
use crate::program::graph::{Expression, ExpressionId, Graph};
use crate::program::predicate::Predicate;

/// A rule that does not depend on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constant {
    /// It holds for every object.
    Always,
    /// It holds for none.
    Never,
}

/// How two rules stand to each other for every object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// They select the same.
    Equivalent,
    /// Whom the first one selects the second one selects too.
    Within,
    /// The other way round.
    Around,
    /// They never select the same object.
    Apart,
}

/// Whether a rule is the same for all objects. `None` where that is not proved.
///
/// ```
/// use dyngroup::analysis::logic::{Constant, constant};
/// use dyngroup::language::compile::{Options, compile};
/// let rule = |text| compile(text, Options::default()).rule.unwrap();
/// let never = rule(r#"user.city -eq "Oslo" -and user.city -startsWith "B""#);
/// assert_eq!(constant(&never), Some(Constant::Never));
/// assert_eq!(constant(&rule(r#"user.city -eq "Oslo""#)), None);
/// ```
pub fn constant(rule: &TypedRule) -> Option<Constant> {
    let graph = Graph::of([rule], Optimise::On);
    let mut table = Table::new(&graph)?;
    let root = table.of(*graph.roots.first()?);
    if root.is_empty() {
        Some(Constant::Never)
    } else if table.possible.minus(&root).is_empty() {
        Some(Constant::Always)
    } else {
        None
    }
}

/// How two rules about the same kind of object stand to each other. `None` where nothing is proved:
/// they have too many predicates together, or may be in error for different values.
///
/// ```
/// use dyngroup::analysis::logic::{Relation, relation};
/// use dyngroup::language::compile::{Options, compile};
/// let rule = |text| compile(text, Options::default()).rule.unwrap();
/// let (one, other) = (rule(r#"user.city -eq "Oslo""#), rule(r#"user.city -in ["Oslo","Bergen"]"#));
/// assert_eq!(relation(&one, &other), Some(Relation::Within));
/// assert_eq!(relation(&other, &one), Some(Relation::Around));
/// ```
pub fn relation(one: &TypedRule, other: &TypedRule) -> Option<Relation> {
    if one.subject != other.subject {
        return None;
    }
    let graph = Graph::of([one, other], Optimise::On);
    if !fail_alike(&graph) {
        return None;
    }
    let (&first, &second) = (graph.roots.first()?, graph.roots.get(1)?);
    if first == second {
        return Some(Relation::Equivalent);
    }
    let mut table = Table::new(&graph)?;
    let (first, second) = (table.of(first), table.of(second));
    match (first.minus(&second).is_empty(), second.minus(&first).is_empty()) {
        (true, true) => Some(Relation::Equivalent),
        (true, false) => Some(Relation::Within),
        (false, true) => Some(Relation::Around),
        (false, false) if first.and(&second).is_empty() => Some(Relation::Apart),
        (false, false) => None,
    }
}

/// Whether the rules ask the same of what may have no result: then both are in error or neither.
fn fail_alike(graph: &Graph) -> bool {
    let asked = |rule: usize| {
        let mut asked: Vec<u32> =
            graph.fallible.get(rule).into_iter().flatten().map(|it| it.predicate).collect();
        asked.sort_unstable();
        asked.dedup();
        asked
    };
    asked(0) == asked(1)
}

/// Combinations of predicates: bit `n` stands for the one in which predicate `p` holds if bit `p` of
/// `n` is set.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Combinations(Vec<u64>);

impl Combinations {
    fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    fn merged(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(&one, &other)| operation(one, other)).collect())
    }

    fn and(&self, other: &Self) -> Self {
        self.merged(other, |one, other| one & other)
    }

    fn or(&self, other: &Self) -> Self {
        self.merged(other, |one, other| one | other)
    }

    fn minus(&self, other: &Self) -> Self {
        self.merged(other, |one, other| one & !other)
    }
}

struct Table<'graph> {
    graph: &'graph Graph,
    /// The place of each atom among the atoms.
    atoms: BTreeMap<ExpressionId, usize>,
    /// The combinations that some object may have.
    possible: Combinations,
    known: BTreeMap<ExpressionId, Combinations>,
}

impl<'graph> Table<'graph> {
    /// `None` if there are too many predicates.
    fn new(graph: &'graph Graph) -> Option<Self> {
        let mut atoms = BTreeMap::new();
        let mut waiting = graph.roots.clone();
        while let Some(id) = waiting.pop() {
            match graph.expression(id)? {
                Expression::Not(part) => waiting.push(*part),
                Expression::And(parts) | Expression::Or(parts) => waiting.extend(parts),
                _ => {
                    let next = atoms.len();
                    atoms.entry(id).or_insert(next);
                    if atoms.len() > PROOF_MAX_PREDICATES {
                        return None;
                    }
                }
            }
        }
        let combinations = 1_usize << atoms.len();
        let words = combinations.div_ceil(64);
        let first = if combinations < 64 { (1_u64 << combinations) - 1 } else { u64::MAX };
        let possible = Combinations(vec![first; words]);
        let mut table = Self { graph, atoms, possible, known: BTreeMap::new() };
        table.leave_out_what_cannot_be();
        Some(table)
    }

    /// The possible combinations in which an expression holds.
    fn of(&mut self, id: ExpressionId) -> Combinations {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let found = match self.graph.expression(id) {
            Some(Expression::Not(part)) => {
                let part = self.of(*part);
                self.possible.minus(&part)
            }
            Some(Expression::And(parts)) => {
                let all = self.possible.clone();
                parts.iter().fold(all, |found, &part| found.and(&self.of(part)))
            }
            Some(Expression::Or(parts)) => {
                let none = self.possible.minus(&self.possible);
                parts.iter().fold(none, |found, &part| found.or(&self.of(part)))
            }
            _ => self.atom(id),
        };
        self.known.insert(id, found.clone());
        found
    }

    /// The possible combinations in which an atom holds.
    fn atom(&self, id: ExpressionId) -> Combinations {
        let Some(&place) = self.atoms.get(&id) else { return self.possible.minus(&self.possible) };
        let holds = |word: usize| match WITHIN_WORD.get(place) {
            Some(&mask) => mask,
            None if word >> (place - WITHIN_WORD.len()) & 1 == 1 => u64::MAX,
            None => 0,
        };
        let words = self.possible.0.iter().enumerate().map(|(word, &possible)| possible & holds(word));
        Combinations(words.collect())
    }

    fn leave_out_what_cannot_be(&mut self) {
        let tests: Vec<(ExpressionId, &Predicate)> = self
            .atoms
            .keys()
            .filter_map(|&id| match self.graph.expression(id) {
                Some(&Expression::Predicate(place)) => Some((id, self.graph.predicates.get(place as usize)?)),
                _ => None,
            })
            .collect();
        for &(id, predicate) in &tests {
            let holds = self.atom(id);
            if matches!(predicate.test, Test::IsNull) && &*predicate.target.attribute().name == "objectId" {
                self.possible = self.possible.minus(&holds);
            }
            let of_this =
                |other: &Predicate| other.target.attribute().name == predicate.target.attribute().name;
            let others: Vec<_> = tests.iter().filter(|(other, it)| *other != id && of_this(it)).collect();
            for &&(other, other_predicate) in &others {
                let (holds, other_holds) = (self.atom(id), self.atom(other));
                if disjoint(&predicate.test, &other_predicate.test) {
                    self.possible = self.possible.minus(&holds.and(&other_holds));
                }
                if implies(&predicate.test, &other_predicate.test) {
                    self.possible = self.possible.minus(&holds.minus(&other_holds));
                }
            }
            self.leave_out_lists(id, predicate, &tests);
        }
    }

    /// A value in a list is one of those in the list.
    fn leave_out_lists(
        &mut self,
        id: ExpressionId,
        predicate: &Predicate,
        tests: &[(ExpressionId, &Predicate)],
    ) {
        let Test::In(listed) = &predicate.test else { return };
        let mut left = self.atom(id);
        for text in listed {
            let takes = tests.iter().filter(|(other, it)| {
                *other != id
                    && it.target.attribute().name == predicate.target.attribute().name
                    && constants(&it.test).is_some_and(|taken| taken.contains(text))
            });
            let takes: Vec<ExpressionId> = takes.map(|(other, _)| *other).collect();
            if takes.is_empty() {
                return;
            }
            // Whichever of the tests that take this value would hold: none of them does.
            for other in takes {
                left = left.minus(&self.atom(other));
            }
        }
        self.possible = self.possible.minus(&left);
    }
}

/// The combinations of one word in which each of the first predicates holds.
const WITHIN_WORD: [u64; 6] = [
    0xAAAA_AAAA_AAAA_AAAA,
    0xCCCC_CCCC_CCCC_CCCC,
    0xF0F0_F0F0_F0F0_F0F0,
    0xFF00_FF00_FF00_FF00,
    0xFFFF_0000_FFFF_0000,
    0xFFFF_FFFF_0000_0000,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::compile::{Options, compile};

    fn rule(text: &str) -> TypedRule {
        compile(text, Options::default()).rule.unwrap_or_else(|| panic!("refused: {text}"))
    }

    fn related(one: &str, other: &str) -> Option<Relation> {
        let (one, other) = (rule(one), rule(other));
        let found = relation(&one, &other);
        let turned = match relation(&other, &one) {
            Some(Relation::Within) => Some(Relation::Around),
            Some(Relation::Around) => Some(Relation::Within),
            same => same,
        };
        assert_eq!(found, turned, "it is the same from the other side");
        found
    }

    #[test]
    fn rules_that_say_the_same_in_other_words() {
        for (one, other) in [
            (
                "user.city -eq \"a\" -and user.state -eq \"b\"",
                "user.state -eq \"B\" -and user.city -eq \"A\"",
            ),
            (
                "-not (user.city -eq \"a\" -or user.state -eq \"b\")",
                "user.city -ne \"a\" -and user.state -ne \"b\"",
            ),
            ("user.city -in [\"a\",\"b\"]", "user.city -eq \"b\" -or user.city -eq \"a\""),
            ("user.city -in [\"a\",\"b\"] -and user.city -ne \"b\"", "user.city -eq \"a\""),
            ("user.city -eq \"ab\" -or user.city -startsWith \"a\"", "user.city -startsWith \"a\""),
            (
                "(user.city -eq \"a\" -and user.state -eq \"b\") -or (user.city -eq \"a\" -and user.state -ne \"b\")",
                "user.city -eq \"a\"",
            ),
        ] {
            assert_eq!(related(one, other), Some(Relation::Equivalent), "{one} | {other}");
        }
    }

    #[test]
    fn one_rule_within_another_and_rules_apart() {
        let sales = "user.department -eq \"Sales\"";
        assert_eq!(related(&format!("{sales} -and user.city -eq \"a\""), sales), Some(Relation::Within));
        assert_eq!(related(sales, "user.department -ne null"), Some(Relation::Within));
        assert_eq!(related(sales, "user.department -startsWith \"Ma\""), Some(Relation::Apart));
        assert_eq!(related(sales, "user.city -eq \"a\""), None);
        assert_eq!(related(sales, "user.department -match \"Sales\""), None, "one may be in error");
        assert_eq!(
            relation(&rule("user.displayName -eq \"a\""), &rule("device.displayName -eq \"a\"")),
            None,
            "one is about users"
        );
    }

    #[test]
    fn rules_that_never_or_always_hold() {
        for (text, expected) in [
            ("user.city -eq \"a\" -and user.city -eq \"b\"", Some(Constant::Never)),
            ("user.objectId -eq null", Some(Constant::Never)),
            ("user.objectId -ne null", Some(Constant::Always)),
            ("user.city -eq \"a\" -or user.city -ne \"a\"", Some(Constant::Always)),
            ("user.accountEnabled -eq true -or user.accountEnabled -eq false", None),
            (
                "user.city -in [\"a\",\"b\"] -and user.city -ne \"a\" -and user.city -ne \"b\"",
                Some(Constant::Never),
            ),
            ("(user.otherMails -any (_ -eq \"a\")) -and (user.otherMails -any (_ -eq \"b\"))", None),
        ] {
            assert_eq!(constant(&rule(text)), expected, "{text}");
        }
    }

    #[test]
    fn too_many_predicates_are_not_tried() {
        let wide = |names: std::ops::RangeInclusive<u8>| {
            let parts: Vec<String> =
                names.map(|number| format!("user.extensionAttribute{number} -eq \"x\"")).collect();
            parts.join(" -or ")
        };
        assert_eq!(related(&wide(1..=6), &wide(1..=12)), Some(Relation::Within));
        assert_eq!(related(&wide(1..=6), &wide(1..=13)), None);
        assert_eq!(related(&wide(1..=13), &wide(1..=13)), Some(Relation::Equivalent), "the same tree");
    }
}
