//! Every rule of the corpus is judged as the corpus says.

use dyngroup::language::attribute::{Attributes, Subject};
use dyngroup::language::compile::{Options, compile};
use dyngroup::language::dialect::Dialect;

use crate::rules::{Sample, samples};

/// Rules that are judged otherwise, with the reason. There is none today.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
fn every_verdict_is_met() {
    let wrong: Vec<String> = samples().iter().filter_map(disagreement).collect();
    assert!(wrong.is_empty(), "{} rules are judged otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

/// What to say where a rule is judged otherwise; `unknown` fits any judgement.
fn disagreement(sample: &Sample) -> Option<String> {
    let subject = if sample.subject == "device" { Subject::Device } else { Subject::User };
    let options =
        Options { dialect: Dialect::Entra, subject: Some(subject), attributes: Attributes::standard() };
    let compiled = compile(&sample.rule, options);
    let accepted = compiled.rule.is_some();
    let is_exception = EXCEPTIONS.iter().any(|&(rule, _)| rule == sample.rule);
    let fits = match sample.verdict.as_str() {
        "valid" => accepted,
        "invalid" => !accepted,
        _ => true,
    };
    (fits == is_exception).then(|| {
        let findings: Vec<_> = compiled.diagnostics.iter().map(|found| &found.message).collect();
        format!("{}: {} {findings:?}", sample.verdict, sample.rule)
    })
}

#[test]
fn no_finding_is_without_help() {
    for sample in samples() {
        for finding in crate::rules::compiled(&sample.rule).diagnostics {
            assert!(finding.help.is_some(), "{}: {}", sample.rule, finding.message);
        }
    }
}
