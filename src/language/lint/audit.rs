//! L35 to L37: what to look at before a rule is relied upon.

use super::super::attribute::Subject;
use super::super::typed::NodeKind;
use super::linted::Linted;
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::limits;
use crate::base::span::Span;

/// L35 (only when enabled): an attribute that its owner may be allowed to write. The documentation asks to
/// audit who can write each attribute of a security rule. Once for each attribute.
pub(super) fn writable(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let mut seen: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    linted.rule.root.walk(&mut |node| {
        let (NodeKind::Attribute { attribute, .. } | NodeKind::Quantified { collection: attribute, .. }) =
            &node.kind
        else {
            return;
        };
        if !attribute.writable || seen.contains(&&*attribute.name) {
            return;
        }
        seen.push(&attribute.name);
        let message = format!("people may be allowed to write `{}` themselves", attribute.path());
        findings.push(
            Diagnostic::new(&code::L35, node.span, message)
                .help("check who can write it before access depends on it"),
        );
    });
    findings
}

/// L36 (only when enabled): agent user accounts are evaluated as users and join unless a condition keeps
/// them out. The documentation says so and names no attribute; a caller can declare one.
pub(super) fn agents(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let names = linted.rule.attributes_read();
    let knows = names
        .iter()
        .any(|attribute| AGENT_ATTRIBUTES.iter().any(|name| attribute.name.eq_ignore_ascii_case(name)));
    if linted.rule.subject != Subject::User || knows {
        return Vec::new();
    }
    vec![
        Diagnostic::new(
            &code::L36,
            linted.tree.outer_span(),
            "agent user accounts join this group unless a condition keeps them out",
        )
        .help("add a condition that only people pass"),
    ]
}

/// Where Graph tells agent user accounts from people.
const AGENT_ATTRIBUTES: &[&str] = &["agentIdentityBlueprintId", "identityParentId"];

/// L37: a rule that nears the length limit. The next department does not fit in.
pub(super) fn length(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let most = limits::RULE_LENGTH_MAX_UTF16;
    let units = linted.text.encode_utf16().count();
    if units * 10 <= most * 9 {
        return Vec::new();
    }
    let message = format!("the rule has {units} of {most} characters");
    let whole = Span::new(0, linted.text.len());
    vec![
        Diagnostic::new(&code::L37, whole, message)
            .help("join `-eq` chains into `-in` lists, or test an attribute that groups the values"),
    ]
}

/// L37: a rule of more comparisons than the portal's rule builder shows.
pub(super) fn many_conditions(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let count = linted.conditions.len();
    if count <= BUILDER_MAX_CONDITIONS {
        return Vec::new();
    }
    let message = format!(
        "{count} comparisons are more than the rule builder shows, which is {BUILDER_MAX_CONDITIONS}"
    );
    vec![
        Diagnostic::new(&code::L37, linted.tree.outer_span(), message)
            .help("the rule can be edited in the text box only"),
    ]
}

/// Source: the page on creating groups with rules.
const BUILDER_MAX_CONDITIONS: usize = 5;

#[cfg(test)]
mod tests {
    use super::super::LintOptions;
    use super::super::testing::{codes, codes_with, messages};
    use super::*;

    fn with(code: &'static code::Code) -> LintOptions {
        LintOptions { enabled: vec![code], ..LintOptions::default() }
    }

    #[test]
    fn writable_attributes_when_asked_for() {
        let rule =
            "user.mobile -eq \"1\" -or user.mobile -eq \"1\" -and (user.otherMails -any (_ -eq \"a\"))";
        assert_eq!(codes(rule), "L17 L11");
        assert_eq!(codes_with(rule, &with(&code::L35)), "L35 L17 L11 L35");
        assert_eq!(codes_with("user.city -eq \"1\"", &with(&code::L35)), "");
    }

    #[test]
    fn agents_when_asked_for() {
        assert_eq!(codes_with("user.city -eq \"1\"", &with(&code::L36)), "L36");
        assert_eq!(codes_with("Direct Reports for \"a\"", &with(&code::L36)), "L36");
        assert_eq!(codes_with("device.deviceCategory -eq \"1\"", &with(&code::L36)), "");
    }

    #[test]
    fn rules_near_the_limits() {
        let rule = |length: usize| format!("user.city -eq \"{}\"", "x".repeat(length - 16));
        assert_eq!(codes(&rule(2_764)), "");
        insta::assert_snapshot!(messages(&rule(2_765)), @"L37: the rule has 2765 of 3072 characters");
        let of = |count: usize| {
            vec!["user.mail -startsWith \"a\""; count].join(" -or ").replace("-startsWith", "-match")
        };
        assert!(!codes(&of(5)).contains("L37"));
        assert!(codes(&of(6)).contains("L37"));
    }
}
