//! Lints: what an accepted rule says the long way, says in vain, or may not mean.
//!
//! A lint never changes what a rule means and never runs on a refused rule. Each family has a file;
//! a lint is a small function, and the lists below are the only place that names them all. Other
//! stages report those lints that they see first: typographic dashes and quotes (L25, L26), unwrapped
//! quantifiers (L16), lone apostrophes (L38) and names of other languages (L39).

mod audit;
mod case;
mod collection;
mod equality;
mod factor;
mod linted;
mod member_of;
mod null;
mod parentheses;
mod plan;
mod redundant;
pub(crate) mod relation;
mod rewrite;
mod search;
mod spelling;
mod term;
#[cfg(test)]
mod testing;
mod truth;
mod value;

use jiff::Timestamp;

use super::compile::Compiled;
use super::condition::Condition;
use super::tree::ExprKind;
use crate::base::code::{self, Code};
use crate::base::diagnostic::Diagnostic;
use crate::base::limits;
use linted::{Chain, Linted, QuantifiedTerm};

/// What lints are held against.
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// The instant from which deadlines are judged. Without one a deadline is a warning, however late
    /// it is: a check must not change its answer overnight.
    pub now: Option<Timestamp>,
    /// Lints to run that do not run by themselves: see [`OPT_IN`].
    pub enabled: Vec<&'static Code>,
    /// Lints not to run; wins over `enabled`.
    pub disabled: Vec<&'static Code>,
}

impl LintOptions {
    /// Whether findings of `code` are wanted.
    pub fn wants(&self, code: &'static Code) -> bool {
        let listed = |codes: &[&'static Code]| codes.iter().any(|listed| listed.id == code.id);
        !listed(&self.disabled) && (!listed(OPT_IN) || listed(&self.enabled))
    }
}

/// Lints that run only when they are enabled: a rule alone cannot decide them, so that they would speak
/// about nearly every rule.
pub static OPT_IN: &[&Code] = &[&code::L35, &code::L36];

/// What there is to say about an accepted rule, in the order of the text. Nothing about a refused one.
///
/// `compiled` is what [`super::compile::compile`] made of `text`.
///
/// ```
/// use dyngroup::language::compile::{compile, Options};
/// use dyngroup::language::lint::{lint, LintOptions};
/// let text = r#"user.city -eq "Oslo" -or user.city -eq "Bergen""#;
/// let findings = lint(text, &compile(text, Options::default()), &LintOptions::default());
/// assert_eq!(findings[0].code.id, "L08");
/// let fixed = findings[0].fix.as_ref().unwrap().applied_to(text).unwrap();
/// assert_eq!(fixed, r#"user.city -in ["Oslo","Bergen"]"#);
/// ```
pub fn lint(text: &str, compiled: &Compiled, options: &LintOptions) -> Vec<Diagnostic> {
    let Some(rule) = &compiled.rule else { return Vec::new() };
    let linted = Linted::new(text, compiled, rule, options);
    let mut findings = Vec::new();
    for condition in &compiled.conditions {
        findings.extend(CONDITION_LINTS.iter().filter_map(|lint| lint(&linted, condition)));
    }
    for chain in linted.chains() {
        findings.extend(CHAIN_LINTS.iter().flat_map(|lint| lint(&linted, &chain)));
    }
    compiled.tree.walk(&mut |expr| {
        if matches!(expr.kind, ExprKind::Quantified { .. })
            && let Some(term) = QuantifiedTerm::of(&linted, expr)
        {
            findings.extend(QUANTIFIER_LINTS.iter().filter_map(|lint| lint(&linted, &term)));
        }
    });
    findings.extend(RULE_LINTS.iter().flat_map(|lint| lint(&linted)));
    findings.retain(|finding| options.wants(finding.code));
    findings.sort_by_key(|finding| (finding.span, finding.code.id));
    cap(&mut findings);
    findings
}

/// Keeps the first findings. Fixing them brings up the others.
fn cap(findings: &mut Vec<Diagnostic>) {
    let most = limits::DIAGNOSTICS_PER_RULE_MAX;
    let Some(beyond) = findings.get(most) else { return };
    let more = findings.len() - most;
    let note =
        Diagnostic::new(&code::MORE_FINDINGS, beyond.span, format!("{more} more lints are not listed"))
            .help("see to the ones above first");
    findings.truncate(most);
    findings.push(note);
}

/// Lints of one comparison.
const CONDITION_LINTS: &[fn(&Linted<'_>, &Condition) -> Option<Diagnostic>] = &[
    search::plain_pattern,
    search::edge_wildcards,
    search::contains,
    collection::plain_operator,
    null::quoted_null,
    null::empty_text,
    null::dollar_null,
    null::synced,
    spelling::left_side,
    value::mail_address_prefix,
    value::unknown_value,
    value::retired_attribute,
    value::management_type,
    value::midnight,
];

/// Lints of a chain of conditions joined by one connective.
const CHAIN_LINTS: &[fn(&Linted<'_>, &Chain<'_>) -> Vec<Diagnostic>] = &[
    equality::one_list,
    factor::common_condition,
    redundant::useless_conditions,
    truth::decided,
    parentheses::mixed_connectives,
];

/// Lints of a quantified term.
const QUANTIFIER_LINTS: &[fn(&Linted<'_>, &QuantifiedTerm<'_>) -> Option<Diagnostic>] = &[
    parentheses::bare_body,
    collection::negative_any,
    collection::empty_all,
    plan::without_status,
    spelling::collection,
    spelling::group_id,
];

/// Lints of the whole rule.
const RULE_LINTS: &[fn(&Linted<'_>) -> Vec<Diagnostic>] = &[
    member_of::ending,
    null::negative_without_value,
    truth::identity,
    audit::writable,
    audit::agents,
    audit::length,
    audit::many_conditions,
];

#[cfg(test)]
mod tests {
    use super::testing::{codes, codes_with, lint_with};
    use super::*;

    #[test]
    fn a_refused_rule_has_no_lints() {
        assert_eq!(codes("user.city -eq $null -and user.ctiy -eq $null"), "");
    }

    #[test]
    fn options_switch_lints_on_and_off() {
        let rule = "user.mobile -eq \"1\" -and user.city -eq $null";
        assert_eq!(codes(rule), "L24");
        let both = LintOptions { enabled: vec![&code::L35], ..LintOptions::default() };
        assert_eq!(codes_with(rule, &both), "L35 L24");
        let neither =
            LintOptions { enabled: vec![&code::L35], disabled: vec![&code::L35, &code::L24], now: None };
        assert_eq!(codes_with(rule, &neither), "");
    }

    #[test]
    fn a_long_list_of_findings_is_cut() {
        let rule = vec!["user.city -contains \"x\""; 60].join(" -or ");
        let found = lint_with(&rule, &LintOptions::default());
        let last = found.last().expect("findings");
        assert_eq!((found.len(), last.code.id), (51, "DG0404"));
        assert_eq!(last.message, "70 more lints are not listed");
    }

    #[test]
    fn the_negated_sample_of_the_documentation_has_one_finding() {
        assert_eq!(
            codes("(user.department -eq \"Sales\") -and -not (user.jobTitle -startsWith \"SDE\")"),
            "L21"
        );
    }

    #[test]
    fn everyday_rules_have_none() {
        for rule in [
            "user.objectId -ne null",
            "device.objectId -ne null",
            "(user.userType -eq \"Member\") -and (user.accountEnabled -eq true)",
            "(user.otherMails -any (_ -endsWith \"@contoso.com\"))",
            "user.assignedPlans -all (assignedPlan.servicePlanId -eq null)",
            "Direct Reports for \"3d9a1c77-0b42-4e58-a6f3-90c1d27be814\"",
            "user.employeeHireDate -ge (system.now -minus P30D) -and user.employeeHireDate -le system.now",
            "(device.devicePhysicalIds -any (_ -startsWith \"[ZTDId]\"))",
        ] {
            assert_eq!(codes(rule), "", "{rule}");
        }
    }
}
