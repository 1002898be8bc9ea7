//! The definition: a walk over the tree for one object, slow and obvious.
//!
//! Logic has two values. A missing value fails every test but [`Test::IsNull`], and so does a value
//! that does not have the attribute's type. Every part and every item is evaluated, also where the
//! others decide: an error anywhere is the error of the object.

use std::collections::HashSet;

use super::reading::{Scalar, Scope};
use super::world::World;
use crate::base::fold::{FoldedText, fold};
use crate::directory::columns::ticks_of;
use crate::directory::object::Object;
use crate::language::attribute::Attribute;
use crate::language::typed::{Node, NodeKind, Quantifier, Reach, Test, TypedRule};

/// Why a rule has no result for an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// The back-tracking regex engine gave up on the object's value.
    #[error("the regular expression `{pattern}` needs too many steps on the value of `{attribute}`")]
    RegexSteps {
        /// The pattern as written.
        pattern: String,
        /// The attribute, such as `user.displayName`.
        attribute: String,
    },
    /// Versions are ordered and [`World::version_order`] does not say how. Holds for every object,
    /// with or without a value.
    #[error("`{attribute}` is ordered, and how versions compare is not chosen: `--version-order` says it")]
    VersionOrderNotChosen {
        /// The attribute, such as `device.deviceOSVersion`.
        attribute: String,
    },
}

/// Whether the rule selects the object.
///
/// ```
/// use dyngroup::base::fold::FoldedText;
/// use dyngroup::base::span::Span;
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::engine::oracle::evaluate;
/// use dyngroup::engine::world::{NoRelations, World};
/// use dyngroup::language::attribute::{Attributes, Subject};
/// use dyngroup::language::certainty::Certainty;
/// use dyngroup::language::dialect::Dialect;
/// use dyngroup::language::typed::{Node, NodeKind, Test, TypedRule};
///
/// let text = r#"user.department -eq "Sales""#;
/// let kind = NodeKind::Attribute {
///     attribute: Attributes::standard().find(Subject::User, "department").unwrap(),
///     test: Test::Equals(FoldedText::new("Sales")),
/// };
/// let root = Node { kind, span: Span::new(0, text.len()), certainty: Certainty::Documented };
/// let rule = TypedRule { text: text.into(), subject: Subject::User, dialect: Dialect::Entra, root };
/// let world = World { now: jiff::Timestamp::UNIX_EPOCH, version_order: None, relations: &NoRelations };
///
/// let ada = Object::new("ada").with("department", Value::Text("SALES".into()));
/// assert_eq!(evaluate(&rule, &ada, &world), Ok(true));
/// assert_eq!(evaluate(&rule, &Object::new("bob"), &world), Ok(false));
/// ```
///
/// # Errors
/// [`EvaluationError`], the first in the order of the rule. No other part's result hides it.
pub fn evaluate(rule: &TypedRule, object: &Object, world: &World<'_>) -> Result<bool, EvaluationError> {
    holds(&rule.root, Scope::new(object, world))
}

/// Whether one condition holds.
pub(super) fn holds(node: &Node, scope: Scope<'_>) -> Result<bool, EvaluationError> {
    match &node.kind {
        NodeKind::And(parts) => {
            let mut all = true;
            for part in parts {
                all &= holds(part, scope)?;
            }
            Ok(all)
        }
        NodeKind::Or(parts) => {
            let mut any = false;
            for part in parts {
                any |= holds(part, scope)?;
            }
            Ok(any)
        }
        NodeKind::Not(part) => Ok(!holds(part, scope)?),
        NodeKind::Attribute { attribute, test } => {
            passes(test, scope.value(attribute), attribute, scope.world)
        }
        NodeKind::Quantified { quantifier, collection, body } => {
            let (mut any, mut all) = (false, true);
            for item in scope.items(collection) {
                let found = holds(body, scope.at(collection, item))?;
                any |= found;
                all &= found;
            }
            Ok(match quantifier {
                Quantifier::Any => any,
                Quantifier::All => all,
            })
        }
        NodeKind::Item { field, test } => match scope.item {
            Some((collection, item)) => passes(test, item.read(*field), collection, scope.world),
            // No accepted rule has an item test outside a quantifier: nothing is there to see.
            None => Ok(matches!(test, Test::IsNull)),
        },
        NodeKind::MemberOf { groups, reach } => {
            Ok(groups.iter().any(|group| is_member(group, *reach, scope)))
        }
        NodeKind::Reports { manager, reach } => Ok(reports_to(manager, *reach, scope)),
    }
}

/// Whether a value passes a test. `attribute` is named in errors.
pub(super) fn passes(
    test: &Test,
    value: Scalar<'_>,
    attribute: &Attribute,
    world: &World<'_>,
) -> Result<bool, EvaluationError> {
    Ok(match (test, value) {
        (Test::IsNull, value) => value == Scalar::Null,
        (Test::CompareVersion { order, to }, value) => {
            // Looked up before the value: which objects are in error must not depend on their values.
            let Some(version_order) = world.version_order else {
                return Err(EvaluationError::VersionOrderNotChosen { attribute: attribute.path() });
            };
            matches!(value, Scalar::Text(found) if order.admits(version_order.compare(found, to.written())))
        }
        (Test::IsBoolean(wanted), Scalar::Boolean(found)) => *wanted == found,
        (Test::IsInstant(wanted), Scalar::Instant(found)) => ticks_of(*wanted) == ticks_of(found),
        (Test::Compare { order, to }, Scalar::Instant(found)) => {
            order.admits(ticks_of(found).cmp(&ticks_of(to.at(world.now))))
        }
        (Test::Matches(pattern), Scalar::Text(found)) => pattern.is_match(found).map_err(|_| {
            EvaluationError::RegexSteps { pattern: pattern.source().to_owned(), attribute: attribute.path() }
        })?,
        (test, Scalar::Text(found)) => text_passes(test, &fold(found)),
        _ => false,
    })
}

/// Whether a folded text passes one of the tests that compare folded text.
fn text_passes(test: &Test, folded: &str) -> bool {
    match test {
        Test::Equals(wanted) => folded == wanted.folded(),
        Test::In(list) => list.iter().any(|wanted| folded == wanted.folded()),
        Test::StartsWith(wanted) => folded.starts_with(wanted.folded()),
        Test::EndsWith(wanted) => folded.ends_with(wanted.folded()),
        Test::Contains(wanted) => folded.contains(wanted.folded()),
        _ => false,
    }
}

/// Whether the object is in one listed group.
pub(super) fn is_member(group: &FoldedText, reach: Reach, scope: Scope<'_>) -> bool {
    scope.world.relations.is_member(group.written(), scope.object.id(), reach)
}

/// Whether the object is the manager or reports to them. A circle of managers ends where it closes.
fn reports_to(manager: &FoldedText, reach: Reach, scope: Scope<'_>) -> bool {
    let own_id = fold(scope.object.id());
    if own_id == manager.folded() {
        return true;
    }
    let mut seen = HashSet::from([own_id]);
    let mut above = scope.object.manager();
    while let Some(id) = above {
        let folded = fold(id);
        if folded == manager.folded() {
            return true;
        }
        if reach == Reach::Direct || !seen.insert(folded) {
            return false;
        }
        above = scope.world.relations.manager_of(id);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::super::building::{Circle, and, any_of, one, or, user, world};
    use super::super::world::{NoRelations, VersionOrder};
    use super::*;
    use crate::directory::object::Value;

    #[test]
    fn versions_are_not_ordered_without_a_choice_whatever_the_value() {
        let rule = one("device.deviceOSVersion -ge '10.0.9'").rule();
        let silent = world();
        let expected =
            Err(EvaluationError::VersionOrderNotChosen { attribute: "device.deviceOSVersion".into() });
        let device = user("d").with("deviceOSVersion", Value::Text("10.0.10".into()));
        assert_eq!(evaluate(&rule, &device, &silent), expected);
        assert_eq!(evaluate(&rule, &user("d"), &silent), expected);

        let chosen = |order| World { version_order: Some(order), ..silent };
        assert_eq!(evaluate(&rule, &device, &chosen(VersionOrder::Version)), Ok(true));
        assert_eq!(evaluate(&rule, &device, &chosen(VersionOrder::Ordinal)), Ok(false));
        assert_eq!(evaluate(&rule, &user("d"), &chosen(VersionOrder::Version)), Ok(false), "null");
    }

    #[test]
    fn no_other_part_hides_an_error() {
        let broken = || one("device.deviceOSVersion -ge '10'");
        let (yes, no) = (|| one("device.displayName -eq null"), || one("device.displayName -ne null"));
        for draft in [or([yes(), broken()]), and([no(), broken()]), or([broken(), yes()])] {
            let rule = draft.rule();
            assert!(evaluate(&rule, &user("d"), &world()).is_err(), "{}", rule.text);
        }
    }

    #[test]
    fn a_value_of_another_type_is_as_good_as_none() {
        let cases = [
            ("department", Value::Boolean(true), "user.department -eq null", true),
            ("department", Value::Boolean(true), "user.department -contains 'true'", false),
            ("accountEnabled", Value::Text("true".into()), "user.accountEnabled -eq true", false),
            ("accountEnabled", Value::Text("true".into()), "user.accountEnabled -ne true", true),
            ("employeeHireDate", Value::Text("2020".into()), "user.employeeHireDate -le system.now", false),
            ("otherMails", Value::Text("a@b.c".into()), "user.otherMails -contains 'a'", false),
        ];
        for (name, value, rule, expected) in cases {
            let found = evaluate(&one(rule).rule(), &user("u").with(name, value), &world());
            assert_eq!(found, Ok(expected), "{rule}");
        }
    }

    #[test]
    fn all_leaves_of_a_body_look_at_the_same_item() {
        let rule = any_of("user.otherMails", and([one("_ -startsWith 'a'"), one("_ -endsWith 'b'")])).rule();
        let with = |items: &[&str]| {
            user("u").with("otherMails", Value::Texts(items.iter().map(ToString::to_string).collect()))
        };
        assert_eq!(evaluate(&rule, &with(&["ax", "xb"]), &world()), Ok(false));
        assert_eq!(evaluate(&rule, &with(&["ax", "a-b"]), &world()), Ok(true));
    }

    #[test]
    fn circles_of_managers_end() {
        let mut ada = user("a");
        ada.set_manager(Some("B".into()));
        let circle = World { relations: &Circle, ..world() };
        let rule = |manager: &str| one(&format!("All Reports for '{manager}'")).rule();
        assert_eq!(evaluate(&rule("c"), &ada, &circle), Ok(true));
        assert_eq!(evaluate(&rule("b"), &ada, &circle), Ok(true));
        assert_eq!(evaluate(&rule("A"), &ada, &circle), Ok(true), "the manager too");
        assert_eq!(evaluate(&rule("z"), &ada, &circle), Ok(false));
        let alone = World { relations: &NoRelations, ..world() };
        assert_eq!(evaluate(&rule("c"), &ada, &alone), Ok(false));
    }
}
