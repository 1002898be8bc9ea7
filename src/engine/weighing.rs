//! Results together with the weakest certainty that they depend on.
//!
//! A result depends on a part if the part's other result alone would turn it.

use super::oracle::{EvaluationError, holds, passes};
use super::reading::{Item, Scalar, Scope};
use crate::language::certainty::Certainty;
use crate::language::typed::{Node, NodeKind, Quantifier, Test};

/// A result and the weakest certainty that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Weighed {
    pub(super) result: bool,
    pub(super) certainty: Certainty,
}

impl Weighed {
    pub(super) fn negated(self) -> Self {
        Self { result: !self.result, ..self }
    }

    /// The same result, at best as sure as `certainty`.
    pub(super) fn at_best(self, certainty: Certainty) -> Self {
        Self { certainty: self.certainty.max(certainty), ..self }
    }
}

/// Joins parts of which one with the result `decisive` decides: `false` for "and", `true` for "or".
///
/// A part matters if its other result alone would turn the whole. So all matter where none is decisive,
/// the decisive one where it is the only one, and none where several are.
pub(super) fn joined(parts: &[Weighed], decisive: bool) -> Weighed {
    let mut deciders = parts.iter().filter(|part| part.result == decisive);
    let (result, certainty) = match (deciders.next(), deciders.next()) {
        (None, _) => (!decisive, parts.iter().map(|part| part.certainty).max()),
        (Some(only), None) => (decisive, Some(only.certainty)),
        (Some(_), Some(_)) => (decisive, None),
    };
    Weighed { result, certainty: certainty.unwrap_or_default() }
}

/// The result of a leaf, or of a quantifier's body for one item, and how sure it is.
pub(super) fn weigh(node: &Node, scope: Scope<'_>) -> Result<Weighed, EvaluationError> {
    let all = |parts: &[Node]| parts.iter().map(|part| weigh(part, scope)).collect::<Result<Vec<_>, _>>();
    let found = match &node.kind {
        NodeKind::And(parts) => joined(&all(parts)?, false),
        NodeKind::Or(parts) => joined(&all(parts)?, true),
        NodeKind::Not(part) => weigh(part, scope)?.negated(),
        NodeKind::Attribute { attribute, test } => {
            let value = scope.value(attribute);
            Weighed { result: passes(test, value, attribute, scope.world)?, certainty: sureness(test, value) }
        }
        NodeKind::Quantified { quantifier, collection, body } => {
            let weigh_item = |item: Item<'_>| weigh(body, scope.at(collection, item));
            let items: Vec<Weighed> =
                scope.items(collection).into_iter().map(weigh_item).collect::<Result<_, _>>()?;
            match quantifier {
                Quantifier::Any if items.is_empty() => {
                    Weighed { result: false, certainty: Certainty::Inferred }
                }
                Quantifier::Any => joined(&items, true),
                Quantifier::All => joined(&items, false),
            }
        }
        NodeKind::Item { field, test } => match scope.item {
            Some((collection, item)) => {
                let value = item.read(*field);
                let result = passes(test, value, collection, scope.world)?;
                Weighed { result, certainty: sureness(test, value) }
            }
            None => Weighed { result: matches!(test, Test::IsNull), certainty: Certainty::Documented },
        },
        NodeKind::MemberOf { .. } | NodeKind::Reports { .. } => {
            Weighed { result: holds(node, scope)?, certainty: Certainty::Documented }
        }
    };
    Ok(found.at_best(node.certainty))
}

/// How sure it is what a test, or its negation, says of a missing value. Of a value that is there, the
/// node's own certainty speaks.
fn sureness(test: &Test, value: Scalar<'_>) -> Certainty {
    if value != Scalar::Null {
        return Certainty::Documented;
    }
    match test {
        Test::IsNull => Certainty::Documented,
        Test::Equals(_) | Test::In(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Contains(_) => {
            Certainty::Sibling
        }
        Test::IsBoolean(_)
        | Test::Matches(_)
        | Test::IsInstant(_)
        | Test::Compare { .. }
        | Test::CompareVersion { .. } => Certainty::Inferred,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::building::{Draft, and, not, one, or, user, world};
    use super::super::explain::explain;
    use super::super::oracle::evaluate;
    use super::*;
    use crate::directory::object::Value;

    #[test]
    fn the_certainty_of_a_missing_value_is_that_of_the_table() {
        let table = [
            ("user.city -eq 'x'", Certainty::Sibling),
            ("user.city -ne 'x'", Certainty::Sibling),
            ("user.city -eq null", Certainty::Documented),
            ("user.city -ne null", Certainty::Documented),
            ("user.city -startsWith 'x'", Certainty::Sibling),
            ("user.city -notContains 'x'", Certainty::Sibling),
            ("user.city -notIn ['x']", Certainty::Sibling),
            ("user.city -match 'x'", Certainty::Inferred),
            ("user.city -notMatch 'x'", Certainty::Inferred),
            ("user.dirSyncEnabled -ne true", Certainty::Inferred),
            ("user.employeeHireDate -ge system.now", Certainty::Inferred),
            ("user.otherMails -contains 'x'", Certainty::Inferred),
        ];
        for (text, expected) in table {
            let found =
                |draft: Draft| explain(&draft.rule(), &user("u"), &world()).expect("no error").certainty;
            assert_eq!(found(one(text)), expected, "{text}");
            let observed = one(text).but(Certainty::Observed);
            assert_eq!(found(observed), expected.max(Certainty::Observed), "{text}");
        }
    }

    const NAMES: [&str; 6] = ["city", "country", "department", "jobTitle", "mail", "state"];
    const CERTAINTIES: [Certainty; 4] =
        [Certainty::Documented, Certainty::Sibling, Certainty::Observed, Certainty::Inferred];

    fn rules() -> impl Strategy<Value = Draft> {
        let leaf = (select(&NAMES[..]), select(&CERTAINTIES[..]), any::<bool>()).prop_map(
            |(name, certainty, negative)| {
                one(&format!("user.{name} {} 'x'", if negative { "-ne" } else { "-eq" })).but(certainty)
            },
        );
        leaf.prop_recursive(4, 12, 3, |inner| {
            let parts = vec(inner.clone(), 2..4);
            prop_oneof![parts.clone().prop_map(and), parts.prop_map(or), inner.prop_map(not)]
        })
    }

    /// The leaves of the boolean tree, with their results turned one at a time.
    fn decide(node: &Node, turned: usize, next: &mut usize, scope: Scope<'_>) -> bool {
        if node.is_leaf() {
            let at = *next;
            *next += 1;
            return holds(node, scope).expect("no error") != (at == turned);
        }
        let results: Vec<bool> = node.parts().iter().map(|part| decide(part, turned, next, scope)).collect();
        match node.kind {
            NodeKind::And(_) => results.into_iter().all(|result| result),
            NodeKind::Or(_) => results.into_iter().any(|result| result),
            _ => !results.into_iter().all(|result| result),
        }
    }

    fn leaves<'rule>(node: &'rule Node, found: &mut Vec<&'rule Node>) {
        if node.is_leaf() {
            found.push(node);
        } else {
            node.parts().iter().for_each(|part| leaves(part, found));
        }
    }

    proptest! {
        #[test]
        fn a_result_is_as_sure_as_the_weakest_leaf_that_turns_it(
            draft in rules(),
            values in vec(any::<bool>(), 6),
        ) {
            let mut object = user("u");
            for (name, value) in NAMES.iter().zip(values) {
                object.set(*name, Value::Text(if value { "x" } else { "y" }.into()));
            }
            let (rule, world) = (draft.rule(), world());
            let found = explain(&rule, &object, &world).expect("no error");
            prop_assert_eq!(Ok(found.result), evaluate(&rule, &object, &world));

            let mut all = Vec::new();
            leaves(&rule.root, &mut all);
            let scope = Scope::new(&object, &world);
            let expected = all
                .iter()
                .enumerate()
                .filter(|(at, _)| decide(&rule.root, *at, &mut 0, scope) != found.result)
                .map(|(_, leaf)| leaf.certainty)
                .max();
            prop_assert_eq!(found.certainty, expected.unwrap_or_default(), "{}", rule.text);
        }
    }
}
