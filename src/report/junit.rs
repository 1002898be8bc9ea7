//! `JUnit` XML: one test suite per source, one test case per rule.

use std::collections::HashMap;
use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Style;
use super::concise;
use super::finding::{CheckedRule, Finding};
use super::printable::printable;

/// Writes the document. An invalid rule is a failed test; what is no error goes to its output.
pub(super) fn write(rules: &[CheckedRule], out: &mut dyn io::Write) -> io::Result<()> {
    let mut report = Report::new("dyngroup check");
    report.add_test_suites(suites(rules));
    // By way of a text, so that an error of `out`, such as a closed pipe, arrives as it is.
    let text = report.to_string().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}

/// The suites in the order in which their sources first appear.
fn suites(rules: &[CheckedRule]) -> Vec<TestSuite> {
    let mut places = HashMap::new();
    let mut suites: Vec<TestSuite> = Vec::new();
    for rule in rules {
        let place = *places.entry(rule.source.as_str()).or_insert(suites.len());
        if place == suites.len() {
            suites.push(TestSuite::new(printable(rule.source_label())));
        }
        if let Some(suite) = suites.get_mut(place) {
            suite.add_test_case(test_case(rule));
        }
    }
    suites
}

fn test_case(rule: &CheckedRule) -> TestCase {
    let (errors, others): (Vec<_>, Vec<_>) =
        rule.findings.iter().partition(|finding| finding.diagnostic.is_error());
    let status = match errors.first() {
        None => TestCaseStatus::success(),
        Some(first) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message(printable(&first.diagnostic.message))
                .set_type(first.diagnostic.code.id)
                .set_description(lines(rule, &errors));
            status
        }
    };
    let mut case = TestCase::new(name(rule), status);
    case.set_classname(printable(rule.source_label()));
    if !others.is_empty() {
        case.set_system_out(lines(rule, &others));
    }
    case
}

fn name(rule: &CheckedRule) -> String {
    let given = [&rule.display_name, &rule.id].into_iter().flatten().find(|name| !name.trim().is_empty());
    given.map_or_else(|| format!("line {}", rule.line), |name| printable(name).into_owned())
}

fn lines(rule: &CheckedRule, findings: &[&Finding]) -> String {
    let lines: Vec<_> = findings.iter().map(|finding| concise::line(rule, finding, Style::PLAIN)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use quick_junit::Report;

    use crate::report::output_format::OutputFormat;
    use crate::report::samples;

    #[test]
    fn invalid_rules_fail() {
        let rules = samples::rules();
        let text = samples::written(OutputFormat::Junit, &rules);
        insta::assert_snapshot!(text);
        let report = Report::deserialize_from_str(&text).unwrap();
        assert_eq!(report.tests, rules.len());
        assert_eq!(report.failures, rules.iter().filter(|rule| !rule.is_valid()).count());
    }
}
