//! The runs that a state file remembers.

use std::io;

use serde_json::{Map, Value, json};

use super::Style;
use super::palette;
use super::printable::printable;
use super::state_table::{Cell, Column, Row, signed, write_table};
use crate::store::{ChangeCounts, RunRecord, UnfitRun};

/// A run and how much it changed.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// The run.
    pub run: RunRecord,
    /// How much it changed: in all groups, or in the one that is asked about.
    pub changed: ChangeCounts,
}

impl RunSummary {
    /// How many groups were in error, if the run tells.
    fn failed(&self) -> Option<u64> {
        self.run.head.summary.pointer("/counts/failed").and_then(Value::as_u64)
    }

    /// `full`, or `undo of 3`.
    pub(super) fn kind(&self) -> String {
        let kind = self.run.head.kind.word();
        self.run.head.undoes.map_or_else(|| kind.to_owned(), |run| format!("{kind} of {run}"))
    }

    /// When it began, to the second.
    pub(super) fn started(&self) -> String {
        to_the_second(self.run.head.started)
    }

    pub(super) fn json(&self) -> Map<String, Value> {
        let run = &self.run;
        let value = json!({
            "run": run.run,
            "id": run.head.id,
            "kind": run.head.kind.word(),
            "undoes": run.head.undoes,
            "started": run.head.started.to_string(),
            "now": run.head.now.to_string(),
            "actor": run.head.actor,
            "version": run.head.version,
            "added": self.changed.added,
            "removed": self.changed.removed,
            "failed": self.failed(),
            "hash": run.hash,
        });
        if let Value::Object(fields) = value { fields } else { Map::new() }
    }
}

/// An instant as tables have it.
pub(super) fn to_the_second(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The table for people.
///
/// # Errors
/// Those of `out`.
pub fn write_runs_table(runs: &[RunSummary], style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = [
        Column::right("run"),
        Column::left("kind"),
        Column::left("started"),
        Column::names("by"),
        Column::right("added"),
        Column::right("removed"),
        Column::right("in error"),
        Column::left("id"),
    ];
    let rows: Vec<Row> = runs
        .iter()
        .map(|summary| {
            let failed = match summary.failed() {
                None => Cell::of("?"),
                Some(0) => Cell::of("·"),
                Some(failed) => Cell::of(&failed.to_string()).painted(palette::BAD),
            };
            let cells = vec![
                Cell::of(&summary.run.run.to_string()),
                Cell::of(&summary.kind()),
                Cell::of(&summary.started()),
                Cell::of(&summary.run.head.actor),
                Cell::of(&signed(summary.changed.added, '+')),
                Cell::of(&signed(summary.changed.removed, '-')),
                failed,
                Cell::of(&summary.run.head.id).painted(palette::DIM),
            ];
            Row { cells, notes: Vec::new() }
        })
        .collect();
    write_table(&columns, &rows, style, out)
}

/// One line for each run.
///
/// # Errors
/// Those of `out`.
pub fn write_runs_concise(runs: &[RunSummary], out: &mut dyn io::Write) -> io::Result<()> {
    runs.iter().try_for_each(|summary| {
        let ChangeCounts { added, removed } = summary.changed;
        let (id, actor) = (printable(&summary.run.head.id), printable(&summary.run.head.actor));
        let (kind, started) = (summary.kind(), summary.started());
        let failed = summary.failed().filter(|&failed| failed > 0);
        let failed = failed.map(|failed| format!(", {failed} in error")).unwrap_or_default();
        writeln!(
            out,
            "{}: {id}, {kind}, {started}, by {actor}, {added} added, {removed} removed{failed}",
            summary.run.run
        )
    })
}

/// All runs as one array.
///
/// # Errors
/// Those of `out`.
pub fn write_runs_json(runs: &[RunSummary], out: &mut dyn io::Write) -> io::Result<()> {
    let runs: Vec<Value> = runs.iter().map(|run| Value::Object(run.json())).collect();
    writeln!(out, "{:#}", Value::Array(runs))
}

/// An object for each run, one a line.
///
/// # Errors
/// Those of `out`.
pub fn write_runs_lines(runs: &[RunSummary], out: &mut dyn io::Write) -> io::Result<()> {
    runs.iter().try_for_each(|run| writeln!(out, "{}", Value::Object(run.json())))
}

/// What a look at all hashes has found, for people: one line.
///
/// # Errors
/// Those of `out`.
pub fn write_proof(
    last: Option<&RunRecord>,
    unfit: Option<&UnfitRun>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match (unfit, last) {
        (Some(unfit), _) => writeln!(out, "run {} does not fit: {}", unfit.run, unfit.what),
        (None, Some(last)) => {
            writeln!(
                out,
                "all runs fit; the hash of the last one, {}, is {}",
                last.run,
                printable(&last.hash)
            )
        }
        (None, None) => writeln!(out, "there is no run yet"),
    }
}

/// The same as an object.
pub fn proof_json(last: Option<&RunRecord>, unfit: Option<&UnfitRun>) -> Value {
    json!({
        "valid": unfit.is_none(),
        "lastRun": last.map(|last| last.run),
        "lastHash": last.map(|last| &last.hash),
        "firstUnfit": unfit.map(|unfit| json!({ "run": unfit.run, "message": unfit.what })),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::report::samples::visible;
    use crate::store::{RunHead, RunKind};

    /// A run with a name that acts on the terminal.
    pub(in super::super) fn summary(
        run: i64,
        kind: RunKind,
        undoes: Option<i64>,
        failed: &Value,
    ) -> RunSummary {
        let head = RunHead {
            id: format!("run-{run}"),
            kind,
            undoes,
            started: "2026-01-15T08:00:00.123456789Z".parse().unwrap(),
            now: "2026-01-15T00:00:00Z".parse().unwrap(),
            actor: "ada\u{1b}[2J".to_owned(),
            version: "0.1.0".to_owned(),
            summary: json!({ "counts": { "failed": failed } }),
        };
        let run = RunRecord { run, head, hash: "00ff".to_owned() };
        RunSummary { run, changed: ChangeCounts { added: 12, removed: 0 } }
    }

    #[test]
    fn runs_in_every_shape() {
        let runs = [
            summary(12, RunKind::Undo, Some(11), &json!(0)),
            summary(11, RunKind::Incremental, None, &json!("none")),
            summary(10, RunKind::Full, None, &json!(3)),
        ];
        let mut out = Vec::new();
        write_runs_table(&runs, &Style::PLAIN, &mut out).unwrap();
        write_runs_concise(&runs, &mut out).unwrap();
        write_runs_lines(&runs, &mut out).unwrap();
        insta::assert_snapshot!(visible(&String::from_utf8(out).unwrap()));
        let mut array = Vec::new();
        write_runs_json(&runs, &mut array).unwrap();
        let array: Value = serde_json::from_slice(&array).unwrap();
        assert_eq!(array[2], Value::Object(runs[2].json()));
    }

    #[test]
    fn a_proof_names_the_first_run_that_does_not_fit() {
        let last = summary(2, RunKind::Full, None, &json!(0)).run;
        let unfit = UnfitRun { run: 2, what: "it is missing" };
        let words = |last, unfit| {
            let mut out = Vec::new();
            write_proof(last, unfit, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(words(Some(&last), Some(&unfit)), "run 2 does not fit: it is missing\n");
        assert_eq!(words(Some(&last), None), "all runs fit; the hash of the last one, 2, is 00ff\n");
        assert_eq!(words(None, None), "there is no run yet\n");
        assert_eq!(proof_json(None, Some(&unfit))["firstUnfit"]["run"], 2);
    }
}
