//! What was found about templates and direct licenses.

mod details;
mod words;

use std::io;

use serde_json::{Value, json};

use super::Style;
use super::licenses::{ProductNaming, Words};
use super::output_format::OutputFormat;
use super::palette::{self, painted};
use super::printable::printable;
use super::rule_finding::counted;
use crate::base::diagnostic::Severity;
use crate::licensing::lint::LicenseFinding;
use crate::licensing::tenant::Tenant;

/// Writes findings in their order. For people a finding is a sentence and, in the full format, what can be
/// done; the other formats have everything with ids. Formats that are for rules only are written as
/// [`OutputFormat::Full`].
///
/// # Errors
/// Those of `out`.
pub fn write_license_lint(
    format: OutputFormat,
    tenant: &Tenant,
    findings: &[LicenseFinding],
    names: &dyn ProductNaming,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let words = Words { tenant, names };
    match format {
        OutputFormat::Json => {
            let all: Vec<Value> = findings.iter().map(|finding| object(words, finding)).collect();
            writeln!(out, "{:#}", Value::Array(all))
        }
        OutputFormat::Jsonl => {
            findings.iter().try_for_each(|finding| writeln!(out, "{}", object(words, finding)))
        }
        OutputFormat::Concise => findings.iter().try_for_each(|finding| {
            let message = words::message(words, finding);
            writeln!(out, "{} {}", head(finding, *style), printable(&message))
        }),
        _ => full(words, findings, style, out),
    }
}

fn full(
    words: Words<'_>,
    findings: &[LicenseFinding],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    for finding in findings {
        let message = printable(&words::message(words, finding)).into_owned();
        writeln!(out, "{}: {}", head(finding, *style), painted(*style, palette::EMPHASIS, &message))?;
        if let Some(fix) = words::fix(words, finding) {
            writeln!(out, "  to do: {}", printable(&fix))?;
        }
    }
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    let counts = severities.map(|severity| {
        let count = findings.iter().filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| counted(count as u64, severity.word()))
    });
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let all = if counts.is_empty() { "nothing to say about licenses".to_owned() } else { counts.join(", ") };
    writeln!(out, "{all}")
}

/// `error[LL01]`
fn head(finding: &LicenseFinding, style: Style) -> String {
    let head = format!("{}[{}]", finding.severity.word(), finding.code());
    painted(style, palette::of(finding.severity), &head)
}

fn object(words: Words<'_>, finding: &LicenseFinding) -> Value {
    let groups = finding.groups().into_iter().map(|group| details::group(words, group));
    let products = finding.skus().into_iter().map(|sku| details::product(words, sku));
    json!({
        "code": finding.code(),
        "severity": finding.severity.word(),
        "message": words::message(words, finding),
        "fix": words::fix(words, finding),
        "groups": groups.collect::<Vec<Value>>(),
        "products": products.collect::<Vec<Value>>(),
        "plans": words.plan_objects(&finding.plans()),
        "users": finding.users(),
        "details": details::details(words, finding),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::licensing::intent::{Group, GroupIndex};
    use crate::licensing::lint::lint;
    use crate::licensing::samples::World;

    /// Names of some things; one of them tries to act on the terminal.
    pub(in crate::report) struct Names;

    impl ProductNaming for Names {
        fn product(&self, sku_id: &str) -> Option<&str> {
            let known = [("e1", "Office 365 E1"), ("e3", "Office 365 E3"), ("audio", "Audio Conferencing")];
            known.into_iter().find(|(id, _)| *id == sku_id).map(|(_, name)| name)
        }

        fn plan(&self, plan_id: &str) -> Option<&str> {
            let known =
                [("spo1", "SharePoint (Plan 1)"), ("spo2", "SharePoint (Plan 2)"), ("teams", "Teams")];
            known.into_iter().find(|(id, _)| *id == plan_id).map(|(_, name)| name)
        }

        fn group(&self, group_id: &str) -> Option<&str> {
            (group_id == "g-sales").then_some("Sales\u{1b}[2J")
        }
    }

    pub(in crate::report) fn every_format(
        write: impl Fn(OutputFormat, &Style, &mut dyn io::Write) -> io::Result<()>,
    ) -> String {
        let mut text = Vec::new();
        for format in OutputFormat::COMMON {
            text.extend_from_slice(format!("== {}\n", format.word()).as_bytes());
            write(format, &Style::PLAIN, &mut text).unwrap();
        }
        String::from_utf8(text).unwrap()
    }

    /// Everything that can be found, at least once.
    fn world(choices: &str) -> World {
        let mut world = World::new(choices);
        world.group("g-sales", "e3", 0..9);
        world.group("g-kiosk", "e1 -exo1, ems", 7..10);
        world.group("g-more", "e3 -office, ems -aad -intune", 0..3);
        world.group("g-both", "e1, e3, ems", 20..22);
        world.group("g-calls", "audio, e1 -teams", 30..31);
        world.group("g-stray", "e3 -ofice -kiosk -nowhere", 31..32);
        world.group("g-ghost", "ghost, tenant-wide", 0..0);
        let template = world.tenant.group(GroupIndex(0)).unwrap().template.clone();
        world.tenant.add_group(Group { template, ..Group::new("g-list", false) });
        world.direct(0..3, "e3 -office");
        world.direct(40..41, "e3");
        world.seats("ems", 0);
        world.settle();
        world
    }

    fn report(world: &World) -> String {
        let findings = lint(&world.tenant, &(8..30).collect());
        let codes: std::collections::BTreeSet<&str> = findings.iter().map(LicenseFinding::code).collect();
        assert_eq!(codes.len(), 12, "{codes:?}");
        every_format(|format, style, out| {
            write_license_lint(format, &world.tenant, &findings, &Names, style, out)
        })
    }

    #[test]
    fn findings_in_every_shape() {
        let text = report(&world(""));
        assert!(!text.contains('\u{1b}'));
        insta::assert_snapshot!("findings", text);
    }

    #[test]
    fn choices_of_the_policy_change_the_words() {
        for (name, choices) in [
            ("per_product", "bundle_mode = 'per_product'"),
            ("precedence", "conflict_order = 'precedence'\nprereq_mode = 'auto_disable'"),
        ] {
            let text = report(&world(choices));
            let full = text.split("== concise\n").next().unwrap();
            insta::assert_snapshot!(format!("findings_{name}"), full);
        }
    }

    #[test]
    fn a_tenant_without_findings_says_so() {
        let world = World::new("");
        let text = every_format(|format, style, out| {
            write_license_lint(format, &world.tenant, &[], &Names, style, out)
        });
        assert_eq!(text, "== full\nnothing to say about licenses\n== concise\n== json\n[]\n== jsonl\n");
    }

    #[test]
    fn colour_follows_the_severity() {
        let world = world("");
        let findings = lint(&world.tenant, &roaring::RoaringBitmap::new());
        let mut out = Vec::new();
        let style = Style { colour: true, ..Style::PLAIN };
        write_license_lint(OutputFormat::Concise, &world.tenant, &findings, &Names, &style, &mut out)
            .unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.lines().all(|line| line.starts_with("\u{1b}[") && line.contains("\u{1b}[0m ")),
            "{text}"
        );
        assert!(text.contains("Sales\\u{1b}[2J") && !text.contains("\u{1b}[2J"), "{text}");
    }
}
