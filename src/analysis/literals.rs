//! Values that rules ask for and nobody has.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::finding::{Absent, Asked};
use super::values::{Part, Values};
use crate::base::fold::FoldedText;
use crate::base::limits::LITERALS_AT_ONCE_MAX;
use crate::base::span::Span;
use crate::directory::columns::{Column, Columns};
use crate::engine::evaluate::Evaluator;
use crate::language::attribute::{Attribute, Subject};
use crate::language::certainty::Certainty;
use crate::language::dialect::Dialect;
use crate::language::typed::{Node, NodeKind, Quantifier, Test, TypedRule};
use crate::program::predicate::{Predicate, Target};
use crate::program::verify::verify;
use crate::program::{Optimise, emit};

/// One value that a rule asks for.
#[derive(Clone, Debug)]
struct Literal {
    target: Target,
    asked: Asked,
    text: FoldedText,
}

impl Literal {
    fn predicate(&self) -> Predicate {
        let text = self.text.clone();
        let test = match self.asked {
            Asked::Equal => Test::Equals(text),
            Asked::Beginning => Test::StartsWith(text),
            Asked::End => Test::EndsWith(text),
            Asked::Inside => Test::Contains(text),
        };
        Predicate { target: self.target.clone(), test }
    }

    /// A rule that asks for this value alone.
    fn rule(&self, subject: Subject) -> TypedRule {
        let Predicate { target, test } = self.predicate();
        let leaf = |kind| Node { kind, span: Span::default(), certainty: Certainty::Documented };
        let some = |collection, field| NodeKind::Quantified {
            quantifier: Quantifier::Any,
            collection,
            body: Box::new(leaf(NodeKind::Item { field, test: test.clone() })),
        };
        let kind = match target {
            Target::Attribute(attribute) => NodeKind::Attribute { attribute, test },
            Target::Item(collection) => some(collection, None),
            Target::Plan(collection, field) => some(collection, Some(field)),
        };
        TypedRule { text: Arc::from(""), subject, dialect: Dialect::Extended, root: leaf(kind) }
    }
}

/// For each rule the values that it asks for and no object has, in the order of its text, each once. All
/// rules are about `subject`. An attribute that no object has a value of stands there once, without one.
pub(super) fn absent(rules: &[&TypedRule], subject: Subject, columns: &Columns) -> Vec<Vec<Absent>> {
    let asked: Vec<Vec<Literal>> = rules.iter().map(|rule| literals(rule)).collect();
    let mut with_values: HashMap<&str, bool> = HashMap::new();
    for attribute in asked.iter().flatten().map(|literal| literal.target.attribute()) {
        with_values.entry(&attribute.name).or_insert_with(|| has_values(columns, attribute));
    }
    let is_empty = |literal: &Literal| with_values.get(&*literal.target.attribute().name) == Some(&false);
    let mut distinct: BTreeMap<String, &Literal> = BTreeMap::new();
    for literal in asked.iter().flatten().filter(|literal| !is_empty(literal)) {
        distinct.entry(literal.predicate().key()).or_insert(literal);
    }
    let distinct: Vec<(String, &Literal)> = distinct.into_iter().collect();
    let mut missing: HashMap<&str, &Literal> = HashMap::new();
    for some in distinct.chunks(LITERALS_AT_ONCE_MAX) {
        let rules: Vec<TypedRule> = some.iter().map(|(_, literal)| literal.rule(subject)).collect();
        let found = evaluated(&rules, columns);
        let nobody =
            some.iter().zip(found).filter(|(_, rows)| rows.as_ref().is_some_and(RoaringBitmap::is_empty));
        missing.extend(nobody.map(|((key, literal), _)| (key.as_str(), *literal)));
    }
    let mut similar = Similar { columns, values: HashMap::new() };
    asked
        .iter()
        .map(|literals| {
            let mut seen = Vec::new();
            let mut found = Vec::new();
            for literal in literals {
                let attribute = literal.target.attribute();
                let is_empty = is_empty(literal);
                let key = if is_empty { attribute.name.to_string() } else { literal.predicate().key() };
                if seen.contains(&key) || (!is_empty && !missing.contains_key(key.as_str())) {
                    continue;
                }
                found.push(similar.absent(literal, is_empty));
                seen.push(key);
            }
            found
        })
        .collect()
}

/// The rows of each rule; `None` for one that cannot be evaluated.
pub(super) fn evaluated(rules: &[TypedRule], columns: &Columns) -> Vec<Option<RoaringBitmap>> {
    // Tests of texts do not look at the clock.
    let program = emit::program(rules, Optimise::On).ok().filter(|program| verify(program).is_ok());
    let Some(program) = program else { return vec![None; rules.len()] };
    let evaluator = Evaluator::new(&program, Timestamp::UNIX_EPOCH, None);
    evaluator.evaluate(columns, &[], &|_| {}).into_iter().map(Result::ok).collect()
}

/// Values that are like those that nobody has.
struct Similar<'a> {
    columns: &'a Columns,
    values: HashMap<String, Option<Values>>,
}

impl Similar<'_> {
    fn absent(&mut self, literal: &Literal, is_empty: bool) -> Absent {
        let part = match literal.asked {
            Asked::Equal => Some(Part::Whole),
            Asked::Beginning => Some(Part::Beginning),
            Asked::End => Some(Part::End),
            Asked::Inside => None,
        };
        let similar = part.filter(|_| !is_empty).and_then(|part| {
            let key = Predicate { target: literal.target.clone(), test: Test::IsNull }.key();
            let values = self.values.entry(key).or_insert_with(|| Values::of(self.columns, &literal.target));
            values.as_ref()?.nearest(literal.text.written(), part)
        });
        Absent {
            attribute: literal.target.attribute().name.to_string(),
            field: if let Target::Plan(_, field) = &literal.target { Some(field.word()) } else { None },
            is_item: !literal.target.is_single(),
            value: (!is_empty).then(|| (literal.asked, literal.text.written().to_owned())),
            similar,
        }
    }
}

/// The values that a rule asks for, in the order of its text. Names of groups and managers are none, and
/// nobody looks for what an attribute that is not in use any more should be.
fn literals(rule: &TypedRule) -> Vec<Literal> {
    let mut found = Vec::new();
    collect(&rule.root, None, &mut found);
    found.retain(|literal| !literal.text.folded().is_empty() && !literal.target.attribute().retired);
    found
}

fn collect(node: &Node, collection: Option<&Arc<Attribute>>, found: &mut Vec<Literal>) {
    let (target, test) = match &node.kind {
        NodeKind::Attribute { attribute, test } => (Target::Attribute(Arc::clone(attribute)), test),
        NodeKind::Item { field, test } => {
            let Some(collection) = collection.map(Arc::clone) else { return };
            (
                field.map_or_else(
                    || Target::Item(Arc::clone(&collection)),
                    |field| Target::Plan(Arc::clone(&collection), field),
                ),
                test,
            )
        }
        NodeKind::Quantified { collection, body, .. } => return collect(body, Some(collection), found),
        _ => return node.parts().iter().for_each(|part| collect(part, collection, found)),
    };
    let (asked, texts) = match test {
        Test::Equals(text) => (Asked::Equal, std::slice::from_ref(text)),
        Test::In(texts) => (Asked::Equal, texts.as_slice()),
        Test::StartsWith(text) => (Asked::Beginning, std::slice::from_ref(text)),
        Test::EndsWith(text) => (Asked::End, std::slice::from_ref(text)),
        Test::Contains(text) => (Asked::Inside, std::slice::from_ref(text)),
        _ => return,
    };
    found.extend(texts.iter().map(|text| Literal { target: target.clone(), asked, text: text.clone() }));
}

/// Whether some object has a value of the attribute.
fn has_values(columns: &Columns, attribute: &Attribute) -> bool {
    match columns.columns.get(&attribute.name) {
        None => false,
        Some(Column::Text(texts)) => (0..texts.len()).any(|row| texts.get(row).is_some()),
        Some(Column::Texts(table)) => table.offsets.last().is_some_and(|&items| items > 0),
        Some(Column::Plans(table)) => table.offsets.last().is_some_and(|&items| items > 0),
        Some(Column::Boolean { .. } | Column::Instant { .. }) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::column_reader::Wanted;
    use crate::directory::object::{AssignedPlan, Object, Value};
    use crate::language::compile::{Options, compile};

    fn users() -> Vec<Object> {
        let plan = AssignedPlan { service: Some("exchange".into()), ..AssignedPlan::default() };
        let user = |id: &str, department: &str| {
            Object::new(id)
                .with("department", Value::Text(department.into()))
                .with("otherMails", Value::Texts(vec![format!("{id}@home.example")]))
                .with("assignedPlans", Value::Plans(vec![plan.clone()]))
        };
        vec![user("a", "Sales"), user("b", "Sales"), user("c", "Finance")]
    }

    fn found(text: &str) -> Vec<String> {
        let rule = compile(text, Options::default()).rule.unwrap_or_else(|| panic!("refused: {text}"));
        let wanted = Wanted::of_rules([&rule], Subject::User, false);
        let columns = Columns::of_objects(&users(), &wanted.attributes);
        let found = absent(&[&rule], Subject::User, &columns).remove(0);
        found
            .iter()
            .map(|Absent { attribute, field, is_item, value, similar }| {
                format!("{attribute} {field:?} {is_item} {value:?} {similar:?}")
            })
            .collect()
    }

    #[test]
    fn values_that_nobody_has_with_what_may_have_been_meant() {
        insta::assert_snapshot!(
            found("user.department -in [\"Slaes\",\"sales\",\"Legal\"] -and user.department -ne \"slaes\"").join("\n"),
            @r#"
        department None false Some((Equal, "Slaes")) Some(("Sales", 2))
        department None false Some((Equal, "Legal")) None
        "#
        );
        insta::assert_snapshot!(
            found("user.department -startsWith \"Fiannc\" -or (user.otherMails -any (_ -endsWith \"@hoem.example\" -or _ -contains \"zz\"))").join("\n"),
            @r#"
        department None false Some((Beginning, "Fiannc")) Some(("Financ", 1))
        otherMails None true Some((End, "@hoem.example")) Some(("@home.example", 3))
        otherMails None true Some((Inside, "zz")) None
        "#
        );
        insta::assert_snapshot!(
            found("user.city -eq \"a\" -or user.city -eq \"b\" -or (user.assignedPlans -any (assignedPlan.service -eq \"exchnage\"))").join("\n"),
            @r#"
        city None false None None
        assignedPlans Some("service") true Some((Equal, "exchnage")) Some(("exchange", 3))
        "#
        );
        assert!(
            found("user.department -startsWith \"sal\" -or user.department -contains \"NANC\"").is_empty()
        );
    }
}
