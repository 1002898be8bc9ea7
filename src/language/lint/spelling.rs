//! L27: names in another spelling than the documented one.
//!
//! The documentation says that letter case matters in names; the service was seen not to care, and the
//! documentation itself mixes spellings. Written as documented, a name is right either way.

use super::super::condition::{Condition, Target};
use super::super::tree::{ExprKind, OperandKind};
use super::super::typed::Reach;
use super::linted::{Linted, Over, QuantifiedTerm};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;

/// L27 for the left side of a comparison.
pub(super) fn left_side(linted: &Linted<'_>, condition: &Condition) -> Option<Diagnostic> {
    let canonical = match &condition.target {
        Target::Attribute(attribute) if attribute.is_directory_extension() => {
            let (_, name) = condition.left.of(linted.text).split_once('.')?;
            format!("{}.{name}", attribute.subject.word())
        }
        Target::Attribute(attribute) | Target::Collection(attribute) => attribute.path(),
        Target::Plan(field) => format!("assignedPlan.{}", field.word()),
        Target::Item(_) => return None,
    };
    respelled(linted, condition.left, &canonical)
}

/// L27 for the collection of a quantified term.
pub(super) fn collection(linted: &Linted<'_>, term: &QuantifiedTerm<'_>) -> Option<Diagnostic> {
    let canonical = match term.over {
        Over::Items(collection) => collection.path(),
        Over::Groups(Reach::Direct) => format!("{}.memberOf", linted.rule.subject.word()),
        Over::Groups(Reach::Transitive) => format!("{}.transitiveMemberOf", linted.rule.subject.word()),
    };
    respelled(linted, term.path.span, &canonical)
}

/// L27 for `group.objectId` in a `memberOf` rule.
pub(super) fn group_id(linted: &Linted<'_>, term: &QuantifiedTerm<'_>) -> Option<Diagnostic> {
    match (&term.over, &term.body.kind) {
        (Over::Groups(_), ExprKind::Comparison { left, .. }) if left.kind == OperandKind::Path => {
            respelled(linted, left.span, "group.objectId")
        }
        _ => None,
    }
}

fn respelled(linted: &Linted<'_>, span: Span, canonical: &str) -> Option<Diagnostic> {
    let written = span.of(linted.text);
    if written == canonical {
        return None;
    }
    let message = format!("`{written}` is documented as `{canonical}`");
    let finding = Diagnostic::new(&code::L27, span, message).help("names are said to be case-sensitive");
    Some(finding.fix(Fix::safe(vec![Edit::new(span, canonical)])))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{codes, shown};
    use insta::assert_snapshot;

    #[test]
    fn names_are_written_as_documented() {
        assert_snapshot!(
            shown("USER.Department -EQ \"Sales\""),
            @r#"L27 safe: user.department -EQ "Sales""#
        );
        assert_snapshot!(
            shown("user.mailNickname -endsWith \"-vendor\""),
            @r#"L27 safe: user.mailNickName -endsWith "-vendor""#
        );
        assert_snapshot!(
            shown("(device.devicePhysicalIDs -any (_ -eq \"[OrderID]:x\"))"),
            @r#"L27 safe: (device.devicePhysicalIds -any (_ -eq "[OrderID]:x"))"#
        );
        assert_snapshot!(
            shown("user.assignedPlans -any (AssignedPlan.capabilitystatus -eq \"Enabled\")"),
            @r#"L27 safe: user.assignedPlans -any (assignedPlan.capabilityStatus -eq "Enabled")"#
        );
        assert_snapshot!(
            shown("device.memberof -any (group.objectid -in ['a'])"),
            @"
        L27 safe: device.memberOf -any (group.objectid -in ['a'])
        L14
        L27 safe: device.memberof -any (group.objectId -in ['a'])
        "
        );
    }

    #[test]
    fn documented_names_and_extensions_are_left_alone() {
        assert_eq!(codes("user.mailNickName -EQ \"a\""), "");
        assert_snapshot!(
            shown("User.extension_C272A57B722D4EB29BFE327874AE79CB_officeNumber -eq \"1\""),
            @r#"L27 safe: user.extension_C272A57B722D4EB29BFE327874AE79CB_officeNumber -eq "1""#
        );
        assert_eq!(codes("user.extension_C272A57B722D4EB29BFE327874AE79CB_officeNumber -eq \"1\""), "");
    }
}
