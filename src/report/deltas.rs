//! One line for each change of a membership: `membership-deltas` and `audit`.

use std::io::{self, Write};

use serde_json::json;

use super::changes::{Change, Piece};
use super::recompute::RunReport;
use crate::membership::roster::Ordinal;
use crate::store::AuditEvent;

/// `membership-deltas.ndjson`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas_ndjson(report: &RunReport, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let lines = |piece: &Piece<'_>| {
        let head = format!(r#"{{"groupId":{},"memberId":"#, json!(piece.group));
        lines(piece, |change, _| match change {
            Change::Added => [&head, ",\"change\":\"added\"}\n"],
            Change::Removed => [&head, ",\"change\":\"removed\"}\n"],
        })
    };
    report.changes.stream(&report.groups, push_json, lines, |pieces| write_all(&pieces, out))
}

/// `membership-deltas.csv`.
///
/// # Errors
/// Those of `out`.
pub fn write_deltas_csv(report: &RunReport, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let lines = |piece: &Piece<'_>| {
        let mut head = Vec::new();
        push_field(piece.group, &mut head);
        let head = format!("{},", String::from_utf8_lossy(&head));
        lines(piece, |change, _| match change {
            Change::Added => [&head, ",added\n"],
            Change::Removed => [&head, ",removed\n"],
        })
    };
    out.write_all(b"groupId,memberId,change\n")?;
    report.changes.stream(&report.groups, push_field, lines, |pieces| write_all(&pieces, out))
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
        lines(piece, |change, member| match change {
            Change::Added => [&added, by_cause],
            Change::Removed if changes.deleted.contains(member) => [&removed, &by_deletion],
            Change::Removed => [&removed, by_cause],
        })
    };
    changes.stream(&report.groups, push_json, lines, |pieces| write_all(&pieces, out))
}

/// The lines of a piece: what stands around the id of each member.
fn lines<'text>(piece: &Piece<'_>, around: impl Fn(Change, Ordinal) -> [&'text str; 2]) -> Vec<u8> {
    let mut lines = Vec::new();
    for row in piece.rows() {
        let [head, tail] = around(row.change, row.member);
        lines.extend_from_slice(head.as_bytes());
        lines.extend_from_slice(row.text);
        lines.extend_from_slice(tail.as_bytes());
    }
    lines
}

pub(super) fn push_json(text: &str, out: &mut Vec<u8>) {
    // A vector takes whatever it is given.
    let _ = serde_json::to_writer(out, text);
}

pub(super) fn push_field(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    let mut record = csv::WriterBuilder::new().buffer_capacity(FIELD_USUAL_BYTES).from_writer(&mut *out);
    let _ = record.write_record([text]);
    drop(record);
    // A field is a record without its end.
    if out.len() > start {
        out.pop();
    }
}

/// What the id of an object usually takes at most, with quotes.
const FIELD_USUAL_BYTES: usize = 64;

pub(super) fn write_all(pieces: &[Vec<u8>], out: &mut (dyn Write + Send)) -> io::Result<()> {
    pieces.iter().try_for_each(|piece| out.write_all(piece))
}

#[cfg(test)]
mod tests {
    use super::super::samples::run_report;
    use super::*;

    type Writer = fn(&RunReport, &mut (dyn Write + Send)) -> io::Result<()>;

    fn written(write: Writer) -> String {
        let mut out = Vec::new();
        write(&run_report(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ids_are_escaped_in_every_format() {
        insta::assert_snapshot!(written(write_deltas_ndjson), @r#"
        {"groupId":"a \"group\"","memberId":"Gone","change":"removed"}
        {"groupId":"a \"group\"","memberId":"bob","change":"added"}
        {"groupId":"a \"group\"","memberId":"c,\"\\\n","change":"added"}
        {"groupId":"b","memberId":"c,\"\\\n","change":"removed"}
        "#);
        insta::assert_snapshot!(written(write_deltas_csv), @r#"
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
        for text in [written(write_deltas_ndjson), written(write_audit)] {
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
        for write in [write_deltas_ndjson, write_deltas_csv, write_audit] {
            assert_eq!(write(&run_report(), &mut Full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        }
    }
}
