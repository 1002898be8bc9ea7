//! One line for each change of a membership: `membership-deltas` and `audit`.

use std::io::{self, Write};

use serde_json::json;

use super::member_order::MemberOrder;
use super::membership_stream::{Change, Piece};
use super::memberships::{MembershipFormat, Told, lines, push_json, write_lines, write_rows};
use super::recompute::RunReport;
use crate::store::AuditEvent;

/// `membership-deltas`: the columns `groupId`, `memberId` and `change`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas(
    format: MembershipFormat,
    report: &RunReport,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    write_rows(format, Told::Change, &report.changes.roster, report.changes.of(&report.groups), out)
}

/// `audit.ndjson`: one event for each change, in the words of the service's audit log.
///
/// # Errors
/// Those of `out`.
pub fn write_audit(report: &RunReport, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let changes = &report.changes;
    let head = |group: &str, activity: &str| {
        let (activity, group) = (json!(activity), json!(group));
        format!(
            r#"{{"activity":{activity},"category":"GroupManagement","actor":"dyngroup","target":{{"groupId":{group},"memberId":"#
        )
    };
    let tail = |cause: &str| {
        let (time, run, cause) = (json!(report.started.to_string()), json!(report.run), json!(cause));
        format!("}},\"time\":{time},\"run\":{run},\"details\":{{\"cause\":{cause}}}}}\n")
    };
    for AuditEvent { activity, category, target, details } in &report.events {
        let (time, run) = (report.started.to_string(), &report.run);
        let event = json!({
            "activity": activity, "category": category, "actor": "dyngroup", "target": target,
            "time": time, "run": run, "details": details,
        });
        writeln!(out, "{event}")?;
    }
    let causes: std::collections::HashMap<&str, String> =
        report.groups.iter().map(|group| (group.id.as_str(), tail(group.cause))).collect();
    let by_deletion = tail("objectDeleted");
    let lines = |piece: &Piece<'_>| {
        let by_cause = causes.get(piece.group).map_or("", String::as_str);
        let added = head(piece.group, "Add member to group");
        let removed = head(piece.group, "Remove member from group");
        lines(piece, |row| match row.change {
            Change::Added => [&added, by_cause],
            Change::Removed if changes.deleted.contains(row.member) => [&removed, &by_deletion],
            Change::Removed => [&removed, by_cause],
        })
    };
    write_lines(&MemberOrder::new(&changes.roster, push_json), changes.of(&report.groups), lines, out)
}

#[cfg(test)]
mod tests {
    use super::super::samples::run_report;
    use super::*;

    type Writer = fn(&RunReport, &mut (dyn Write + Send)) -> io::Result<()>;

    const NDJSON: Writer = |report, out| write_deltas(MembershipFormat::Ndjson, report, out);
    const CSV: Writer = |report, out| write_deltas(MembershipFormat::Csv, report, out);

    fn written(write: Writer) -> String {
        let mut out = Vec::new();
        write(&run_report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ids_are_escaped_in_every_format() {
        insta::assert_snapshot!(written(NDJSON), @r#"
        {"groupId":"a \"group\"","memberId":"Gone","change":"removed"}
        {"groupId":"a \"group\"","memberId":"bob","change":"added"}
        {"groupId":"a \"group\"","memberId":"c,\"\\\n","change":"added"}
        {"groupId":"b","memberId":"c,\"\\\n","change":"removed"}
        "#);
        insta::assert_snapshot!(written(CSV), @r#"
        groupId,memberId,change
        "a ""group""",Gone,removed
        "a ""group""",bob,added
        "a ""group""","c,""\
        ",added
        b,"c,""\
        ",removed
        "#);
        insta::assert_snapshot!(written(write_audit), @r#"
        {"activity":"Remove member from group","category":"GroupManagement","actor":"dyngroup","target":{"groupId":"a \"group\"","memberId":"Gone"},"time":"1970-01-01T00:00:00Z","run":"run-1","details":{"cause":"objectDeleted"}}
        {"activity":"Add member to group","category":"GroupManagement","actor":"dyngroup","target":{"groupId":"a \"group\"","memberId":"bob"},"time":"1970-01-01T00:00:00Z","run":"run-1","details":{"cause":"membershipRule"}}
        {"activity":"Add member to group","category":"GroupManagement","actor":"dyngroup","target":{"groupId":"a \"group\"","memberId":"c,\"\\\n"},"time":"1970-01-01T00:00:00Z","run":"run-1","details":{"cause":"membershipRule"}}
        {"activity":"Remove member from group","category":"GroupManagement","actor":"dyngroup","target":{"groupId":"b","memberId":"c,\"\\\n"},"time":"1970-01-01T00:00:00Z","run":"run-1","details":{"cause":"membershipRule"}}
        "#);
    }

    #[test]
    fn every_line_is_an_object() {
        for text in [written(NDJSON), written(write_audit)] {
            assert!(
                text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).unwrap().is_object())
            );
        }
    }

    #[test]
    fn an_output_that_takes_nothing_is_an_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for write in [NDJSON, CSV, write_audit] {
            assert_eq!(write(&run_report(), &mut Full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
    }
}
