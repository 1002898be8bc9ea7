//! SARIF 2.1.0, the format of code scanning.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use serde_json::json;
use serde_sarif::sarif;

use super::finding::{CheckedRule, FileEdit, Finding};
use super::printable::printable;
use super::rule_help::code_help;
use super::sarif_uri::{ROOT, SourceUri};
use super::summary::Summary;
use crate::base::code::{self, Code};
use crate::base::diagnostic::{Safety, Severity};
use crate::base::span::Position;

/// Most results of one run. GitHub refuses a file with more.
const RESULTS_MAX: usize = 25_000;

/// The name of our fingerprint, with its version.
const FINGERPRINT: &str = "dyngroup/v1";

/// Writes a log with one run.
pub(super) fn write(rules: &[CheckedRule], summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &log(rules, summary, RESULTS_MAX))?;
    writeln!(out)
}

fn log(rules: &[CheckedRule], summary: &Summary, results_max: usize) -> sarif::Sarif {
    let (kept, left_out) = worst(rules, results_max);
    let found: HashSet<_> = kept.iter().map(|(_, finding)| finding.diagnostic.code.id).collect();
    let codes: Vec<_> = code::ALL.iter().copied().filter(|code| found.contains(code.id)).collect();
    let artifacts = Artifacts::of(rules);
    let results: Vec<_> =
        kept.iter().map(|(rule, finding)| result(rule, finding, &codes, &artifacts)).collect();
    let root = sarif::ArtifactLocation::builder()
        .description("the folder in which the check ran, as a rule the root of the repository")
        .build();
    let run = sarif::Run::builder()
        .tool(sarif::Tool::from(driver(&codes)))
        .invocations(vec![invocation(left_out)])
        .artifacts(artifacts.list)
        .original_uri_base_ids(BTreeMap::from([(ROOT.to_owned(), root)]))
        .column_kind(json!(sarif::ResultColumnKind::UnicodeCodePoints))
        .results(results)
        .properties(counts(summary))
        .build();
    sarif::Sarif::builder()
        .schema(sarif::SCHEMA_URL)
        .version(json!(sarif::Version::V2_1_0))
        .runs(vec![run])
        .build()
}

/// The `max` worst findings in the order of the rules, and how many are left out.
fn worst(rules: &[CheckedRule], max: usize) -> (Vec<(&CheckedRule, &Finding)>, usize) {
    let mut findings: Vec<_> =
        rules.iter().flat_map(|rule| rule.findings.iter().map(move |finding| (rule, finding))).collect();
    let left_out = findings.len().saturating_sub(max);
    if left_out > 0 {
        let mut numbered: Vec<_> = findings.into_iter().enumerate().collect();
        numbered.sort_by_key(|(number, (_, finding))| (Reverse(finding.diagnostic.severity), *number));
        numbered.truncate(max);
        numbered.sort_by_key(|(number, _)| *number);
        findings = numbered.into_iter().map(|(_, finding)| finding).collect();
    }
    (findings, left_out)
}

fn driver(codes: &[&'static Code]) -> sarif::ToolComponent {
    let mut driver = sarif::ToolComponent::builder()
        .name("dyngroup")
        .version(env!("CARGO_PKG_VERSION"))
        .semantic_version(env!("CARGO_PKG_VERSION"))
        .rules(codes.iter().map(|code| descriptor(code)).collect::<Vec<_>>())
        .build();
    driver.information_uri = home();
    driver
}

/// Where the project lives, as far as its manifest says.
fn home() -> Option<String> {
    [env!("CARGO_PKG_HOMEPAGE"), env!("CARGO_PKG_REPOSITORY")]
        .into_iter()
        .find(|uri| !uri.is_empty())
        .map(str::to_owned)
}

fn descriptor(code: &Code) -> sarif::ReportingDescriptor {
    let level = json!(level(code.severity));
    let text = format!("`dyngroup rule {}` explains it.", code.id);
    let help = sarif::MultiformatMessageString::builder().text(text).markdown(code_help(code)).build();
    let full = match code.service_message {
        Some(words) => format!("{}; the service says: {words}", code.title),
        None => code.title.to_owned(),
    };
    sarif::ReportingDescriptor::builder()
        .id(code.id)
        .full_description(sarif::MultiformatMessageString::from(&full))
        .short_description(sarif::MultiformatMessageString::builder().text(code.title).build())
        .help(help)
        .default_configuration(sarif::ReportingConfiguration::builder().level(level).build())
        .build()
}

fn level(severity: Severity) -> sarif::ResultLevel {
    match severity {
        Severity::Error => sarif::ResultLevel::Error,
        Severity::Warning => sarif::ResultLevel::Warning,
        Severity::Info => sarif::ResultLevel::Note,
    }
}

fn invocation(left_out: usize) -> sarif::Invocation {
    let mut invocation = sarif::Invocation::builder().execution_successful(true).build();
    if left_out > 0 {
        let text = format!("{left_out} findings are left out: a run holds the {RESULTS_MAX} worst");
        let notification = sarif::Notification::builder()
            .level(json!(sarif::NotificationLevel::Warning))
            .message(sarif::Message::from(&text))
            .build();
        invocation.tool_execution_notifications = Some(vec![notification]);
    }
    invocation
}

fn counts(summary: &Summary) -> sarif::PropertyBag {
    let Summary { rules, valid, invalid, skipped, .. } = *summary;
    let counts = [("rules", rules), ("validRules", valid), ("invalidRules", invalid), ("skipped", skipped)];
    let counts: BTreeMap<_, _> =
        counts.into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    sarif::PropertyBag::builder().additional_properties(counts).build()
}

/// Every source once.
struct Artifacts<'rule> {
    places: HashMap<&'rule str, usize>,
    list: Vec<sarif::Artifact>,
}

impl<'rule> Artifacts<'rule> {
    fn of(rules: &'rule [CheckedRule]) -> Self {
        let mut artifacts = Self { places: HashMap::new(), list: Vec::new() };
        for rule in rules {
            if !artifacts.places.contains_key(rule.source.as_str()) {
                artifacts.places.insert(&rule.source, artifacts.list.len());
                artifacts.list.push(sarif::Artifact::builder().location(location_of(rule)).build());
            }
        }
        artifacts
    }

    fn location(&self, rule: &CheckedRule) -> sarif::ArtifactLocation {
        let mut location = location_of(rule);
        location.index = self.places.get(rule.source.as_str()).copied().map(integer);
        location
    }
}

fn location_of(rule: &CheckedRule) -> sarif::ArtifactLocation {
    let SourceUri { uri, in_root } = SourceUri::of(rule);
    let mut location = sarif::ArtifactLocation::builder().uri(uri).build();
    location.uri_base_id = in_root.then(|| ROOT.to_owned());
    location
}

fn result(
    rule: &CheckedRule,
    finding: &Finding,
    codes: &[&'static Code],
    artifacts: &Artifacts<'_>,
) -> sarif::Result {
    let diagnostic = &finding.diagnostic;
    let mut message = printable(&diagnostic.message).into_owned();
    if let Some(help) = &diagnostic.help {
        message = format!("{message}\nhelp: {}", printable(help));
    }
    let fingerprint = BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint(rule, finding))]);
    let mut result = sarif::Result::builder()
        .rule_id(diagnostic.code.id)
        .level(level(diagnostic.severity))
        .message(sarif::Message::from(&message))
        .locations(vec![location(rule, finding, artifacts)])
        .partial_fingerprints(fingerprint)
        .build();
    result.rule_index = codes.iter().position(|code| code.id == diagnostic.code.id).map(integer);
    result.fixes = fix(rule, finding, artifacts).map(|fix| vec![fix]);
    result
}

fn location(rule: &CheckedRule, finding: &Finding, artifacts: &Artifacts<'_>) -> sarif::Location {
    let snippet = finding.snippet.as_deref().unwrap_or_else(|| finding.diagnostic.span.of(&rule.rule));
    let mut region = region(finding.start, finding.end);
    if !snippet.is_empty() {
        region.snippet = Some(sarif::ArtifactContent::builder().text(snippet).build());
    }
    let physical =
        sarif::PhysicalLocation::builder().artifact_location(artifacts.location(rule)).region(region).build();
    let mut location = sarif::Location::builder().physical_location(physical).build();
    if rule.id.is_some() || rule.display_name.is_some() {
        let mut group = sarif::LogicalLocation::builder().kind("group").build();
        group.name.clone_from(&rule.display_name);
        group.fully_qualified_name.clone_from(&rule.id);
        location.logical_locations = Some(vec![group]);
    }
    location
}

fn region(start: Position, end: Position) -> sarif::Region {
    sarif::Region::builder()
        .start_line(integer(start.line))
        .start_column(integer(start.column))
        .end_line(integer(end.line))
        .end_column(integer(end.column))
        .build()
}

/// The fix as changes of the file, if the finding has them.
fn fix(rule: &CheckedRule, finding: &Finding, artifacts: &Artifacts<'_>) -> Option<sarif::Fix> {
    if rule.file().is_none() || finding.file_edits.is_empty() {
        return None;
    }
    let description = match finding.diagnostic.fix.as_ref()?.safety {
        Safety::Safe => "safe fix: keeps the members",
        Safety::Unsafe => "unsafe fix: look at it before applying it",
    };
    let replacements: Vec<_> = finding.file_edits.iter().map(replacement).collect();
    let change = sarif::ArtifactChange::builder()
        .artifact_location(artifacts.location(rule))
        .replacements(replacements)
        .build();
    Some(sarif::Fix::builder().description(description).artifact_changes(vec![change]).build())
}

fn replacement(edit: &FileEdit) -> sarif::Replacement {
    let inserted = sarif::ArtifactContent::builder().text(edit.text.as_str()).build();
    sarif::Replacement::builder()
        .deleted_region(region(edit.start, edit.end))
        .inserted_content(inserted)
        .build()
}

/// What stays the same when a rule moves, is laid out anew, or when other rules change: a hash of the
/// code, the words of the rule and the words of the finding's excerpt.
fn fingerprint(rule: &CheckedRule, finding: &Finding) -> String {
    let excerpt = finding.diagnostic.span.of(&rule.rule);
    let mut hash = Fnv::new();
    for part in [finding.diagnostic.code.id, &rule.rule, excerpt] {
        part.split_whitespace().for_each(|word| hash.add(word));
        hash.add("\n");
    }
    format!("{:016x}", hash.0)
}

/// FNV-1a of 64 bits: the same on every machine and in every version, unlike the hashes of the
/// standard library.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds `word` and a border after it.
    fn add(&mut self, word: &str) {
        for byte in word.bytes().chain([0]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn integer(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::diagnostic::Diagnostic;
    use crate::base::span::Span;
    use crate::report::output_format::OutputFormat;
    use crate::report::samples::{self, plain};

    fn read_back(text: &str) -> sarif::Run {
        let log: sarif::Sarif = serde_json::from_str(text).unwrap();
        assert_eq!(log.version, json!("2.1.0"));
        let [run] = <[sarif::Run; 1]>::try_from(log.runs).unwrap();
        run
    }

    #[test]
    fn the_log_of_the_samples() {
        let text = samples::written(OutputFormat::Sarif, &samples::rules());
        let mut log: serde_json::Value = serde_json::from_str(&text).unwrap();
        let driver = log.pointer_mut("/runs/0/tool/driver").unwrap().as_object_mut().unwrap();
        // What the manifest and the documentation say may change without a change of the format.
        for key in ["informationUri", "semanticVersion", "version"] {
            driver.remove(key);
        }
        for rule in driver.get_mut("rules").unwrap().as_array_mut().unwrap() {
            *rule.pointer_mut("/help/markdown").unwrap() = json!("[text]");
        }
        insta::assert_snapshot!(samples::visible(&serde_json::to_string_pretty(&log).unwrap()));
    }

    #[test]
    fn indices_and_regions_hold_together() {
        let rules = samples::rules();
        let run = read_back(&samples::written(OutputFormat::Sarif, &rules));
        let descriptors = run.tool.driver.rules.unwrap();
        assert!(descriptors.is_sorted_by(|before, after| before.id < after.id));
        let artifacts = run.artifacts.unwrap();
        let results = run.results.unwrap();
        assert_eq!(results.len(), rules.iter().map(|rule| rule.findings.len()).sum::<usize>());
        for result in &results {
            let at = usize::try_from(result.rule_index.unwrap()).unwrap();
            assert_eq!(descriptors.get(at).map(|rule| &rule.id), result.rule_id.as_ref());
            let [location] = result.locations.as_deref().unwrap() else { unreachable!() };
            let physical = location.physical_location.as_ref().unwrap();
            let artifact = physical.artifact_location.as_ref().unwrap();
            let listed = artifacts.get(usize::try_from(artifact.index.unwrap()).unwrap()).unwrap();
            assert_eq!(listed.location.as_ref().unwrap().uri, artifact.uri);
            assert!(!artifact.uri.as_ref().unwrap().contains([' ', '\\', ',']));
            let region = physical.region.as_ref().unwrap();
            let (start, end) =
                ((region.start_line, region.start_column), (region.end_line, region.end_column));
            assert!(start.0 >= Some(1) && start.1 >= Some(1) && start <= end);
            assert_eq!(result.partial_fingerprints.as_ref().unwrap().len(), 1);
        }
    }

    #[test]
    fn fingerprints_ignore_layout_and_place_only() {
        let print = |line, rule: &str, part: &str| {
            let diagnostic = Diagnostic::new(&code::L24, samples::span_of(rule, part), "m");
            let rule = plain("a.rule", line, rule, vec![diagnostic]);
            fingerprint(&rule, rule.findings.first().unwrap())
        };
        let first = print(1, "user.city -eq $null", "$null");
        assert_eq!(first, print(9, "  user.city\n-eq   $null\n", "$null"));
        assert_ne!(first, print(1, "user.city -eq $null", "user.city"));
        assert_ne!(first, print(1, "user.town -eq $null", "$null"));
        assert_eq!(first, "5446b9e3dfd6f64e", "must never change");
    }

    #[test]
    fn too_many_findings_leave_the_mildest_out() {
        let finding = |code| Diagnostic::new(code, Span::at(0), "m");
        let rule =
            |code| plain("a.rule", 1, "x", vec![finding(code), finding(&code::L36), finding(&code::L14)]);
        let rules = [rule(&code::L20), rule(&code::STRAY_TEXT)];
        let log = log(&rules, &Summary::of(&rules, 0), 4);
        let run = read_back(&serde_json::to_string(&log).unwrap());
        let kept: Vec<_> = run.results.unwrap().into_iter().filter_map(|result| result.rule_id).collect();
        assert_eq!(kept, ["L20", "L14", "DG0208", "L14"]);
        let codes: Vec<_> = run.tool.driver.rules.unwrap().into_iter().map(|rule| rule.id).collect();
        assert_eq!(codes, ["DG0208", "L14", "L20"], "only what occurs");
        let invocations = run.invocations.unwrap();
        let notes = invocations.first().unwrap().tool_execution_notifications.as_ref().unwrap();
        let text = notes.first().unwrap().message.text.as_deref();
        assert_eq!(text, Some("2 findings are left out: a run holds the 25000 worst"));
    }
}
