//! Why an object is in or out: the result of every condition, what it saw, and how sure that is.

use super::oracle::{EvaluationError, is_member};
use super::reading::Scope;
use super::weighing::{Weighed, joined, weigh};
use super::world::World;
use crate::base::fold::FoldedText;
use crate::base::span::Span;
use crate::directory::object::Object;
use crate::language::certainty::Certainty;
use crate::language::typed::{Node, NodeKind, TypedRule};

/// The result of a rule for one object, with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the rule selects the object.
    pub result: bool,
    /// The whole condition.
    pub root: Detail,
    /// The weakest reading that the result depends on: that of a condition whose other result alone
    /// would turn the whole result. Documented when there is none.
    pub certainty: Certainty,
}

/// One condition of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The condition as written, each run of white space outside strings as one blank.
    pub expression: String,
    /// Where it stands in the rule.
    pub span: Span,
    /// Whether it holds. For a negative operator this is the negated result.
    pub result: bool,
    /// The weakest reading that this result depends on, in the sense of [`Explanation::certainty`].
    pub certainty: Certainty,
    /// The operands of a connective, in the order of the rule; operands with the same connective are
    /// dissolved into theirs. Empty on leaves.
    pub parts: Vec<Self>,
    /// What a leaf looked at; `None` on connectives.
    pub property: Option<PropertySeen>,
    /// The items of a quantified leaf, in the order of the object.
    pub items: Vec<ItemSeen>,
    /// The connective; `None` on leaves.
    pub connective: Option<Connective>,
}

/// The ways of joining conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connective {
    /// `-and`
    And,
    /// `-or`
    Or,
    /// `-not` as written before a condition; negative operators are leaves.
    Not,
}

/// An attribute as a leaf saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PropertySeen {
    /// The canonical name without `user.` or `device.`; `manager` for Direct Reports.
    pub name: String,
    /// The value; `None` for a missing one and for a collection without items. Items are joined by
    /// `, `, a plan is `service/servicePlanId/capabilityStatus`. For `memberOf` the listed groups that
    /// the object is in, for `manager` the manager's id.
    pub value: Option<String>,
}

/// One item of a collection as a quantified leaf saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemSeen {
    /// The item.
    pub value: String,
    /// Whether the body holds for it; before any negation of the whole leaf.
    pub result: bool,
}

/// Evaluates a rule for one object and says why.
///
/// The result is that of [`evaluate`](super::oracle::evaluate); every part is shown, also where the
/// others decide.
///
/// # Errors
/// [`EvaluationError`], the same as `evaluate` gives.
pub fn explain(rule: &TypedRule, object: &Object, world: &World<'_>) -> Result<Explanation, EvaluationError> {
    let root = detail(&rule.root, &rule.text, Scope::new(object, world))?;
    Ok(Explanation { result: root.result, certainty: root.certainty, root })
}

fn detail(node: &Node, text: &str, scope: Scope<'_>) -> Result<Detail, EvaluationError> {
    let connective = match &node.kind {
        _ if node.is_leaf() => return leaf(node, text, scope),
        NodeKind::And(_) => Connective::And,
        NodeKind::Or(_) => Connective::Or,
        _ => Connective::Not,
    };
    let (mut own, mut nodes) = (node.certainty, Vec::new());
    operands(node, connective, &mut own, &mut nodes);
    let parts: Vec<Detail> =
        nodes.into_iter().map(|part| detail(part, text, scope)).collect::<Result<_, _>>()?;
    let weighed: Vec<Weighed> = parts.iter().map(Detail::weighed).collect();
    let found = match connective {
        Connective::And => joined(&weighed, false),
        Connective::Or => joined(&weighed, true),
        Connective::Not => joined(&weighed, true).negated(),
    };
    let found = found.at_best(own);
    Ok(Detail { parts, connective: Some(connective), ..Detail::new(node, text, found) })
}

/// Collects the operands of a connective, and theirs in the place of those that are the same connective.
/// `own` becomes the weakest certainty of the connectives that are one here.
fn operands<'rule>(
    node: &'rule Node,
    connective: Connective,
    own: &mut Certainty,
    found: &mut Vec<&'rule Node>,
) {
    for part in node.parts() {
        match (&part.kind, connective) {
            (NodeKind::And(_), Connective::And) | (NodeKind::Or(_), Connective::Or) => {
                *own = part.certainty.max(*own);
                operands(part, connective, own, found);
            }
            _ => found.push(part),
        }
    }
}

fn leaf(node: &Node, text: &str, scope: Scope<'_>) -> Result<Detail, EvaluationError> {
    let mut detail = Detail::new(node, text, weigh(node, scope)?);
    let mut positive = node;
    while let NodeKind::Not(part) = &positive.kind {
        positive = part;
    }
    let (name, value) = match &positive.kind {
        NodeKind::Attribute { attribute, .. } => (&*attribute.name, scope.value(attribute).print()),
        NodeKind::Quantified { collection, body, .. } => {
            for item in scope.items(collection) {
                let result = weigh(body, scope.at(collection, item))?.result;
                detail.items.push(ItemSeen { value: item.print(), result });
            }
            (&*collection.name, listed(detail.items.iter().map(|item| item.value.as_str())))
        }
        NodeKind::MemberOf { groups, reach } => {
            let matching = groups.iter().filter(|group| is_member(group, *reach, scope));
            ("memberOf", listed(matching.map(FoldedText::written)))
        }
        NodeKind::Reports { .. } => ("manager", scope.object.manager().map(str::to_owned)),
        _ => return Ok(detail),
    };
    detail.property = Some(PropertySeen { name: name.to_owned(), value });
    Ok(detail)
}

fn listed<'text>(values: impl Iterator<Item = &'text str>) -> Option<String> {
    let values: Vec<&str> = values.collect();
    (!values.is_empty()).then(|| values.join(", "))
}

impl Detail {
    /// A node without what it looked at.
    fn new(node: &Node, text: &str, found: Weighed) -> Self {
        Self {
            expression: squeezed(node.span.of(text)),
            span: node.span,
            result: found.result,
            certainty: found.certainty,
            parts: Vec::new(),
            property: None,
            items: Vec::new(),
            connective: None,
        }
    }

    fn weighed(&self) -> Weighed {
        Weighed { result: self.result, certainty: self.certainty }
    }
}

/// `text` with each run of white space outside strings as one blank.
fn squeezed(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut quote = None;
    let mut characters = text.trim().chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            // A quote that a backtick escapes does not end a string.
            Some('"') if character == '`' && characters.peek() == Some(&'"') => {
                result.push(character);
                result.extend(characters.next());
            }
            Some(open) => {
                // A doubled apostrophe ends a string and opens the next one at once.
                if character == open {
                    quote = None;
                }
                result.push(character);
            }
            None if character.is_whitespace() => {
                if !result.ends_with(' ') {
                    result.push(' ');
                }
            }
            None => {
                if matches!(character, '"' | '\'') {
                    quote = Some(character);
                }
                result.push(character);
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::building::{Draft, all_of, and, any_of, not, one, or, user, world};
    use super::super::world::Relations;
    use super::*;
    use crate::directory::object::{AssignedPlan, Value};
    use crate::language::typed::Reach;

    fn outline(draft: Draft, object: &Object, world: &World<'_>) -> String {
        let found = explain(&draft.rule(), object, world).expect("no error");
        assert_eq!((found.result, found.certainty), (found.root.result, found.root.certainty));
        let mut lines = String::new();
        write(&found.root, 0, &mut lines);
        lines
    }

    fn write(detail: &Detail, depth: usize, lines: &mut String) {
        use std::fmt::Write as _;

        let Detail { expression, result, certainty, .. } = detail;
        let connective = detail.connective.map(|word| format!("{word:?} ")).unwrap_or_default();
        write!(lines, "{:1$}{connective}{result} {2}: {expression}", "", 2 * depth, certainty.word())
            .expect("a string takes all");
        if let Some(PropertySeen { name, value }) = &detail.property {
            write!(lines, "  [{name} = {}]", value.as_deref().unwrap_or("null")).expect("a string");
        }
        for item in &detail.items {
            write!(lines, " <{} {}>", item.value, item.result).expect("a string");
        }
        lines.push('\n');
        for part in &detail.parts {
            write(part, depth + 1, lines);
        }
    }

    #[test]
    fn equal_connectives_are_one_and_no_part_is_skipped() {
        let draft = or([
            and([
                and([one("user.department -eq 'Sales'"), one("user.city -ne 'a  b'")]),
                not(one("user.jobTitle -startsWith 'SDE'")),
            ]),
            not(or([
                one("user.accountEnabled -eq true"),
                one("user.employeeHireDate -le system.now -minus p1d"),
            ])),
        ]);
        let ada = user("ada")
            .with("department", Value::Text("sales".into()))
            .with("employeeHireDate", Value::Instant(super::super::building::now()));
        insta::assert_snapshot!(outline(draft, &ada, &world()), @r"
        Or true documented: (((user.department -eq 'Sales') -and (user.city -ne 'a  b')) -and (-not (user.jobTitle -startsWith 'SDE'))) -or (-not ((user.accountEnabled -eq true) -or (user.employeeHireDate -le system.now -minus p1d)))
          And true sibling: ((user.department -eq 'Sales') -and (user.city -ne 'a  b')) -and (-not (user.jobTitle -startsWith 'SDE'))
            true documented: user.department -eq 'Sales'  [department = sales]
            true sibling: user.city -ne 'a  b'  [city = null]
            Not true sibling: -not (user.jobTitle -startsWith 'SDE')
              false sibling: user.jobTitle -startsWith 'SDE'  [jobTitle = null]
          Not true inferred: -not ((user.accountEnabled -eq true) -or (user.employeeHireDate -le system.now -minus p1d))
            Or false inferred: (user.accountEnabled -eq true) -or (user.employeeHireDate -le system.now -minus p1d)
              false inferred: user.accountEnabled -eq true  [accountEnabled = null]
              false documented: user.employeeHireDate -le system.now -minus p1d  [employeeHireDate = 2026-01-15T00:00:00Z]
        ");
    }

    #[test]
    fn collections_show_their_items() {
        let plan = |service: Option<&str>, id: &str, status: &str| AssignedPlan {
            service: service.map(Into::into),
            service_plan_id: Some(id.into()),
            capability_status: Some(status.into()),
        };
        let ada = user("ada")
            .with("proxyAddresses", Value::Texts(vec!["SMTP:a@b.c".into(), "smtp:d@e.f".into()]))
            .with(
                "assignedPlans",
                Value::Plans(vec![plan(Some("SCO"), "X", "Enabled"), plan(None, "Y", "Deleted")]),
            );
        let sco =
            and([one("assignedPlan.service -eq 'SCO'"), one("assignedPlan.capabilityStatus -eq 'enabled'")]);
        let draft = and([
            one("user.proxyAddresses -notContains '@e.f'"),
            any_of("user.assignedPlans", sco),
            all_of("user.assignedPlans", one("assignedPlan.service -ne 'EXO'")),
            any_of("user.otherMails", one("_ -ne null")),
            all_of("user.otherMails", one("_ -endsWith 'x'")),
        ]);
        insta::assert_snapshot!(outline(draft, &ada, &world()), @r"
        And false documented: (user.proxyAddresses -notContains '@e.f') -and (user.assignedPlans -any ((assignedPlan.service -eq 'SCO') -and (assignedPlan.capabilityStatus -eq 'enabled'))) -and (user.assignedPlans -all (assignedPlan.service -ne 'EXO')) -and (user.otherMails -any (_ -ne null)) -and (user.otherMails -all (_ -endsWith 'x'))
          false documented: user.proxyAddresses -notContains '@e.f'  [proxyAddresses = SMTP:a@b.c, smtp:d@e.f] <SMTP:a@b.c false> <smtp:d@e.f true>
          true documented: user.assignedPlans -any ((assignedPlan.service -eq 'SCO') -and (assignedPlan.capabilityStatus -eq 'enabled'))  [assignedPlans = SCO/X/Enabled, /Y/Deleted] <SCO/X/Enabled true> </Y/Deleted false>
          true sibling: user.assignedPlans -all (assignedPlan.service -ne 'EXO')  [assignedPlans = SCO/X/Enabled, /Y/Deleted] <SCO/X/Enabled true> </Y/Deleted true>
          false inferred: user.otherMails -any (_ -ne null)  [otherMails = null]
          true documented: user.otherMails -all (_ -endsWith 'x')  [otherMails = null]
        ");
    }

    #[test]
    fn groups_and_managers_are_properties_too() {
        struct Groups;
        impl Relations for Groups {
            fn is_member(&self, group: &str, object: &str, _: Reach) -> bool {
                object == "ada" && group != "g2"
            }
            fn manager_of(&self, _: &str) -> Option<&str> {
                None
            }
        }
        let world = World { relations: &Groups, ..world() };
        let mut ada = user("ada");
        let draft = or([one("Direct Reports for 'M'"), one("user.memberOf -in ['g1', 'g2', 'g3']")]);
        insta::assert_snapshot!(outline(draft.clone(), &ada, &world), @r"
        Or true documented: (Direct Reports for 'M') -or (user.memberOf -in ['g1', 'g2', 'g3'])
          false documented: Direct Reports for 'M'  [manager = null]
          true documented: user.memberOf -in ['g1', 'g2', 'g3']  [memberOf = g1, g3]
        ");
        ada.set_manager(Some("m".into()));
        insta::assert_snapshot!(outline(draft, &ada, &world), @r"
        Or true documented: (Direct Reports for 'M') -or (user.memberOf -in ['g1', 'g2', 'g3'])
          true documented: Direct Reports for 'M'  [manager = m]
          true documented: user.memberOf -in ['g1', 'g2', 'g3']  [memberOf = g1, g3]
        ");
        insta::assert_snapshot!(outline(one("user.memberOf -in ['g2']"), &ada, &world), @r"false documented: user.memberOf -in ['g2']  [memberOf = null]");
    }

    #[test]
    fn blanks_are_squeezed_outside_strings_only() {
        let cases = [
            ("a\n\t -eq  \"x  y\"  -or b", "a -eq \"x  y\" -or b"),
            ("a -eq \"x`\"  y\"  z", "a -eq \"x`\"  y\" z"),
            ("a -eq 'x''  y'  z", "a -eq 'x''  y' z"),
            ("a -eq \"O'B  c\"  'd\"  e'  f", "a -eq \"O'B  c\" 'd\"  e' f"),
        ];
        for (text, expected) in cases {
            assert_eq!(squeezed(text), expected);
        }
    }
}
