//! Conditions of rules, and their text.

use arbitrary::Arbitrary;

use crate::case::{GROUPS, IDS, Names};
use crate::values::{INSTANTS, Literal, OFFSETS, Pattern, pick};

/// Conditions joined and negated.
#[derive(Arbitrary, Debug)]
pub(crate) enum Tree<Leaf> {
    Leaf(Leaf),
    Not(Box<Self>),
    And(Box<[Self; 2]>),
    Or(Box<[Self; 3]>),
    /// `(shared -and a) -or (shared -and b)`, which optimisation takes apart.
    Sharing {
        shared: Leaf,
        others: [Leaf; 2],
    },
}

impl<Leaf> Tree<Leaf> {
    /// The text, in parentheses where it is more than one condition.
    pub(crate) fn text(&self, leaf: &impl Fn(&Leaf) -> String) -> String {
        match self {
            Self::Leaf(condition) => leaf(condition),
            Self::Not(part) => format!("(-not ({}))", part.text(leaf)),
            Self::And(parts) => joined(parts.iter().map(|part| part.text(leaf)), " -and "),
            Self::Or(parts) => joined(parts.iter().map(|part| part.text(leaf)), " -or "),
            Self::Sharing { shared, others } => {
                let shared = leaf(shared);
                joined(others.iter().map(|other| format!("({shared} -and {})", leaf(other))), " -or ")
            }
        }
    }
}

fn joined(parts: impl Iterator<Item = String>, connective: &str) -> String {
    let parts: Vec<String> = parts.collect();
    format!("({})", parts.join(connective))
}

/// A condition on the object.
#[derive(Arbitrary, Debug)]
pub(crate) enum Condition {
    Text {
        name: u8,
        test: Test,
    },
    Id(Test),
    Boolean {
        name: u8,
        negated: bool,
        value: Option<bool>,
    },
    Date {
        name: u8,
        test: DateTest,
    },
    Version {
        order: u8,
        to: Literal,
    },
    /// A text operator directly on a collection.
    Collection {
        name: u8,
        part: u8,
        literal: Literal,
    },
    Items {
        name: u8,
        all: bool,
        body: Tree<Test>,
    },
    Plans {
        all: bool,
        body: Tree<(u8, Test)>,
    },
    MemberOf {
        transitive: bool,
        groups: [u8; 2],
    },
    Reports {
        transitive: bool,
        manager: u8,
    },
}

/// A test of one text.
#[derive(Arbitrary, Debug)]
pub(crate) enum Test {
    Equal { negated: bool, literal: Literal },
    Null { negated: bool },
    Part { operator: u8, literal: Literal },
    In { negated: bool, first: Literal, others: Vec<Literal> },
    Match { negated: bool, pattern: Pattern },
}

#[derive(Arbitrary, Debug)]
pub(crate) enum DateTest {
    Null { negated: bool },
    Equal { negated: bool, instant: u8 },
    Order { order: u8, instant: u8 },
    Now { order: u8, offset: Option<(bool, u8)> },
}

const PART_OPERATORS: &[&str] =
    &["-startsWith", "-notStartsWith", "-endsWith", "-notEndsWith", "-contains", "-notContains"];
const ORDERS: &[&str] = &["-ge", "-le", "-gt", "-lt"];
const PLAN_FIELDS: &[&str] = &["service", "servicePlanId", "capabilityStatus"];

fn equal(negated: bool) -> &'static str {
    if negated { "-ne" } else { "-eq" }
}

impl Condition {
    /// The text, in parentheses.
    pub(crate) fn text(&self, names: &Names) -> String {
        let object = names.subject.word();
        match self {
            Self::Text { name, test } => format!("({object}.{} {})", pick(names.texts, *name), test.text()),
            Self::Id(test) => format!("({object}.objectId {})", test.text()),
            Self::Boolean { name, negated, value } => {
                let value = value.map_or("null".to_owned(), |value| value.to_string());
                format!("({object}.{} {} {value})", pick(names.booleans, *name), equal(*negated))
            }
            Self::Date { name, test } => format!("({object}.{} {})", pick(names.dates, *name), test.text()),
            Self::Version { order, to } => {
                format!("(device.deviceOSVersion {} {})", pick(ORDERS, *order), to.quoted())
            }
            Self::Collection { name, part, literal } => {
                let (name, operator) = (pick(names.collections, *name), pick(PART_OPERATORS, *part));
                format!("({object}.{name} {operator} {})", literal.quoted())
            }
            Self::Items { name, all, body } => {
                let body = body.text(&|test: &Test| format!("(_ {})", test.text()));
                format!("({object}.{} {} {body})", pick(names.collections, *name), quantifier(*all))
            }
            Self::Plans { all, body } => {
                let body = body.text(&|(field, test): &(u8, Test)| {
                    format!("(assignedPlan.{} {})", pick(PLAN_FIELDS, *field), test.text())
                });
                format!("(user.assignedPlans {} {body})", quantifier(*all))
            }
            Self::MemberOf { transitive, groups } => {
                let name = if *transitive { "transitiveMemberOf" } else { "memberOf" };
                let [one, other] = groups.map(|group| pick(GROUPS, group));
                format!("({object}.{name} -any (group.objectId -in ['{one}','{other}']))")
            }
            Self::Reports { transitive, manager } => {
                let whose = if *transitive { "All" } else { "Direct" };
                format!("({whose} Reports for '{}')", pick(IDS, *manager))
            }
        }
    }
}

fn quantifier(all: bool) -> &'static str {
    if all { "-all" } else { "-any" }
}

impl Test {
    fn text(&self) -> String {
        match self {
            Self::Equal { negated, literal } => format!("{} {}", equal(*negated), literal.quoted()),
            Self::Null { negated } => format!("{} null", equal(*negated)),
            Self::Part { operator, literal } => {
                format!("{} {}", pick(PART_OPERATORS, *operator), literal.quoted())
            }
            Self::In { negated, first, others } => {
                let literals: Vec<String> =
                    std::iter::once(first).chain(others).map(Literal::quoted).collect();
                format!("{} [{}]", if *negated { "-notIn" } else { "-in" }, literals.join(","))
            }
            Self::Match { negated, pattern } => {
                format!("{} {}", if *negated { "-notMatch" } else { "-match" }, pattern.quoted())
            }
        }
    }
}

impl DateTest {
    fn text(&self) -> String {
        match self {
            Self::Null { negated } => format!("{} null", equal(*negated)),
            Self::Equal { negated, instant } => format!("{} {}", equal(*negated), pick(INSTANTS, *instant)),
            Self::Order { order, instant } => {
                format!("{} {}", pick(ORDERS, *order), pick(INSTANTS, *instant))
            }
            Self::Now { order, offset: None } => format!("{} system.now", pick(ORDERS, *order)),
            Self::Now { order, offset: Some((minus, offset)) } => {
                let sign = if *minus { "-minus" } else { "-plus" };
                format!("{} system.now {sign} {}", pick(ORDERS, *order), pick(OFFSETS, *offset))
            }
        }
    }
}
