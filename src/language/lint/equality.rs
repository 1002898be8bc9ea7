//! L08 and L09: chains of equalities that are one list.

use super::super::condition::{Condition, Target};
use super::super::keyword::Operator;
use super::super::tree::{Expr, Operand, OperandKind};
use super::super::typed::Test;
use super::linted::{Chain, Linted};
use super::relation::constants;
use super::rewrite::without;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::fold::FoldedText;
use crate::base::span::Span;

/// L08: `p -eq "a" -or p -eq "b"` is `p -in ["a","b"]`; L09: `p -ne "a" -and p -ne "b"` is
/// `p -notIn ["a","b"]`. The guidance on efficient rules asks for the lists and calls both forms
/// interchangeable.
pub(super) fn one_list(linted: &Linted<'_>, chain: &Chain<'_>) -> Vec<Diagnostic> {
    let (code, single, list) = if chain.all {
        (&code::L09, Operator::Ne, Operator::NotIn)
    } else {
        (&code::L08, Operator::Eq, Operator::In)
    };
    let mut findings = Vec::new();
    for group in groups(linted, chain, single, list) {
        let Some(((_, first), rest)) = group.split_first() else { continue };
        let values = Values::of(linted, &group);
        if rest.is_empty() || values.distinct < 2 {
            continue;
        }
        let span = rest.last().map_or(first.span, |(_, last)| first.span.to(last.span));
        let left = linted.excerpt(first.left);
        let message = format!("`{left}` is compared {} times in one chain", group.len());
        let mut finding = Diagnostic::new(code, span, message)
            .help(format!("one `{}` with a list says the same", list.word()));
        if !chain.in_bare_body
            && let Some(edits) = joined(linted, &group, list, values)
        {
            finding = finding.fix(Fix::safe(edits));
        }
        findings.push(finding);
    }
    findings
}

/// A comparison and its place among the direct parts of its container.
type Member<'a> = ((&'a Expr, usize), &'a Condition);

/// The comparisons of the chain that one list can hold, by container and by what they test.
fn groups<'a>(
    linted: &Linted<'a>,
    chain: &Chain<'a>,
    single: Operator,
    list: Operator,
) -> Vec<Vec<Member<'a>>> {
    let mut groups: Vec<Vec<Member<'a>>> = Vec::new();
    for part in &chain.parts {
        let Some(condition) = linted.condition(part.unit) else { continue };
        let fits = condition.operator == single || condition.operator == list;
        if !fits || constants(&condition.test).is_none() {
            continue;
        }
        let alike = |group: &&mut Vec<Member<'a>>| {
            group.first().is_some_and(|((container, _), other)| {
                std::ptr::eq(*container, part.container) && same_target(&other.target, &condition.target)
            })
        };
        let member = ((part.container, part.index), condition);
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups.retain(|group| group.iter().any(|(_, condition)| condition.operator == single));
    groups
}

fn same_target(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Attribute(one), Target::Attribute(other)) => one.name == other.name,
        (Target::Item(_), Target::Item(_)) => true,
        (Target::Plan(one), Target::Plan(other)) => one == other,
        _ => false,
    }
}

/// The values of a group in the order of the text, each once, as the author wrote them.
struct Values {
    listed: String,
    distinct: usize,
}

impl Values {
    fn of(linted: &Linted<'_>, group: &[Member<'_>]) -> Self {
        let mut seen: Vec<&FoldedText> = Vec::new();
        let mut written: Vec<&str> = Vec::new();
        for (_, condition) in group {
            let texts = constants(&condition.test).unwrap_or_default();
            for (text, span) in texts.iter().zip(literal_spans(condition)) {
                if !seen.contains(&text) {
                    seen.push(text);
                    written.push(span.of(linted.text));
                }
            }
        }
        Self { listed: format!("[{}]", written.join(",")), distinct: seen.len() }
    }
}

fn literal_spans(condition: &Condition) -> Vec<Span> {
    match (&condition.right_kind, &condition.test) {
        (OperandKind::List(items), Test::In(_)) => items.iter().map(|item: &Operand| item.span).collect(),
        _ => vec![condition.right],
    }
}

/// The list in place of the first comparison; the others go.
fn joined(linted: &Linted<'_>, group: &[Member<'_>], list: Operator, values: Values) -> Option<Vec<Edit>> {
    let (((container, _), first), rest) = group.split_first()?;
    let gone: Vec<usize> = rest.iter().map(|((_, index), _)| *index).collect();
    let mut edits = without(linted.text, container, &gone)?;
    edits.push(Edit::new(first.operator_span, list.word()));
    edits.push(Edit::new(first.right, values.listed));
    Some(edits)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn equalities_become_a_list_at_the_first_of_them() {
        assert_snapshot!(
            shown("(user.city -eq \"Oslo\") or (user.mail -eq null) or (user.city -in ['Bergen', \"Hamar\"]) or user.city -eq \"x\""),
            @r#"L08 safe: (user.city -in ["Oslo",'Bergen',"Hamar","x"]) or (user.mail -eq null)"#
        );
        assert_snapshot!(
            shown("user.assignedPlans -any (assignedPlan.capabilityStatus -eq \"Enabled\" -and (assignedPlan.service -eq \"SCO\" -or assignedPlan.service -eq \"exchange\"))"),
            @r#"L08 safe: user.assignedPlans -any (assignedPlan.capabilityStatus -eq "Enabled" -and (assignedPlan.service -in ["SCO","exchange"]))"#
        );
        assert_snapshot!(
            shown("(user.otherMails -any (_ -eq \"a\" -or _ -eq \"b\"))"),
            @r#"L08 safe: (user.otherMails -any (_ -in ["a","b"]))"#
        );
    }

    #[test]
    fn inequalities_become_a_list() {
        assert_snapshot!(
            shown("user.displayName -ne \"a\" -and user.displayName -ne \"b\""),
            @r#"L09 safe: user.displayName -notIn ["a","b"]"#
        );
    }

    #[test]
    fn two_attributes_are_two_lists() {
        assert_snapshot!(
            shown("user.city -eq \"a\" -or user.state -eq \"b\" -or user.city -eq \"c\" -or user.state -eq \"d\""),
            @r#"
        L08 safe: user.city -in ["a","c"] -or user.state -eq "b" -or user.state -eq "d"
        L08 safe: user.city -eq "a" -or user.state -in ["b","d"] -or user.city -eq "c"
        "#
        );
    }

    #[test]
    fn other_chains_are_left_alone() {
        assert_eq!(codes("user.city -eq \"a\" -or user.state -eq \"b\""), "");
        assert_eq!(codes("user.city -eq \"a\" -or user.city -eq null"), "");
        assert_eq!(codes("user.city -in [\"a\"] -or user.city -in [\"b\"]"), "");
        assert_eq!(codes("user.accountEnabled -eq true -or user.city -eq \"b\""), "");
        assert_eq!(codes("user.city -eq \"a\" -or user.city -startsWith \"b\""), "");
    }
}
