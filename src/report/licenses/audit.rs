//! The lines of `audit.ndjson` about licenses, and what is remembered of them.

use std::collections::{BTreeSet, HashMap};
use std::io::{self, Write};

use roaring::RoaringBitmap;
use serde_json::{Map, Value, json};

use super::naming::Words;
use super::problems::Teller;
use super::user_lines::{Around, Spelling, UserLines};
use super::{LicenseRun, classes, refusals};
use crate::licensing::audit::{Activity, AuditEvent, Details, Target, result_text};
use crate::licensing::change::{OutcomeChange, RecordChange};
use crate::licensing::outcome::{ErrorCode, Problem, Record, Source};
use crate::store;

/// Appends the license lines of a run: edits and what was asked for, in their order; what runs over groups
/// began, by group; what became of users, by user; how those runs ended, by group.
///
/// # Errors
/// Those of `out`.
pub fn write_license_audit(run: &LicenseRun<'_>, out: &mut dyn Write) -> io::Result<()> {
    let teller = AuditTeller::of(run);
    let parts = Parts::of(run);
    let mut write = |event: &AuditEvent| -> io::Result<()> {
        let Around { head, tail } = teller.around(event, &target(teller.words, event.target).to_string());
        write!(out, "{head}{tail}")
    };
    parts.edits.iter().chain(&parts.starts).try_for_each(|event| write(event))?;
    let mut lines = UserLines::default();
    for (event, users) in &parts.users {
        let Around { head, tail } = teller.around(event, "{\"userId\":\0}");
        let line = format!("{head}{tail}");
        let (head, tail) = line.split_once('\0').unwrap_or_default();
        lines.add(users, vec![Around { head: head.to_owned(), tail: tail.to_owned() }]);
    }
    lines.write(run.ids, Spelling::Json, out)?;
    Ok(())
}
