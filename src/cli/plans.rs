//! What is to be done with each group of a tenant.

use rayon::prelude::*;

use super::settings::Settings;
use super::single::sentence;
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::directory::group::{Group, ProcessingState};
use crate::language::attribute::Subject;
use crate::language::compile::compile;
use crate::membership::recompute::Plan;

/// What is to be done with each group; rules are compiled in parallel.
pub(super) fn plans_of(groups: &[Group], settings: &Settings) -> Vec<Plan> {
    groups.par_iter().map(|group| plan_of(group, settings)).collect()
}

/// What is to be done with a group.
pub(super) fn plan_of(group: &Group, settings: &Settings) -> Plan {
    if !group.is_dynamic() {
        return Plan::Static;
    }
    if group.processing_state == Some(ProcessingState::Paused) {
        return Plan::Paused;
    }
    let Some(text) = group.membership_rule.as_deref().filter(|text| !text.trim().is_empty()) else {
        let code = code::EMPTY_RULE.id;
        return Plan::Refused(format!("error[{code}] the group is dynamic and has no membership rule"));
    };
    let mut options = settings.options();
    if group.is_unified() {
        options.subject = Some(Subject::User);
    }
    let compiled = compile(text, options);
    let mut findings = compiled.diagnostics;
    if group.is_assignable_to_role {
        findings.push(not_for_roles(text));
    }
    let errors = findings.iter().filter(|finding| finding.is_error());
    let errors: Vec<String> = errors.map(|finding| sentence(text, finding)).collect();
    match compiled.rule.filter(|_| errors.is_empty()) {
        Some(rule) => Plan::Rule(Box::new(rule)),
        None => Plan::Refused(errors.join("; ")),
    }
}

/// A group that roles can be assigned to has a rule.
pub(super) fn not_for_roles(rule: &str) -> Diagnostic {
    Diagnostic::new(
        &code::GROUP_CANNOT_BE_DYNAMIC,
        Span::new(0, rule.len()),
        "a group that roles can be assigned to cannot have a membership rule",
    )
    .help("make another group for the rule; role-assignable groups have assigned members only")
}
