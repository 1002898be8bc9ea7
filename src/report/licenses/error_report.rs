//! What is wrong and what to do, group by group: the report of `licenses errors`.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use super::errors::{ErrorScope, Failing, Failure, write_license_errors};
use super::groups::LicensedGroups;
use super::naming::{SourceObject, Words};
use super::user_lines::{Around, Spelling, UserLines, first_ids};
use super::{ProductNaming, summary};
use crate::licensing::outcome::{ErrorCode, Source};
use crate::licensing::tenant::{Tenant, UserIds};
use crate::report::Style;
use crate::report::output_format::OutputFormat;
use crate::report::palette::{self, painted};
use crate::report::printable::printable;
use crate::report::state_table::{Cell, Column, Row, write_table};
use crate::report::summary::counted;

/// So many users are named with each failure for people; the other formats have all.
const USERS_SHOWN_MAX: usize = 5;

/// Writes what is wrong: for people the groups with their top reason, then each failure with those who have
/// it and what to do; otherwise every assignment as `license-errors.ndjson` has it. Formats that are for
/// rules only are written as [`OutputFormat::Full`].
///
/// # Errors
/// Those of `out`.
pub fn write_error_report(
    format: OutputFormat,
    tenant: &Tenant,
    ids: &dyn UserIds,
    names: &dyn ProductNaming,
    scope: ErrorScope,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        OutputFormat::Jsonl => write_license_errors(tenant, ids, names, scope, out),
        OutputFormat::Json => {
            let mut lines = Vec::new();
            write_license_errors(tenant, ids, names, scope, &mut lines)?;
            let errors: Vec<Value> =
                serde_json::Deserializer::from_slice(&lines).into_iter().collect::<Result<_, _>>()?;
            let sources = sources(&Failing::of(tenant, names, scope));
            let groups: Vec<Value> = sources.iter().map(FailingSource::object).collect();
            writeln!(out, "{:#}", json!({ "groups": groups, "errors": errors }))
        }
        OutputFormat::Concise => concise(&Failing::of(tenant, names, scope), ids, out),
        _ => full(&Failing::of(tenant, names, scope), ids, style, out),
    }
}

/// A group, or all direct licenses, with the users who have an error from it.
struct FailingSource {
    source: SourceObject,
    name: String,
    members: Option<u64>,
    users: RoaringBitmap,
    by_error: BTreeMap<ErrorCode, RoaringBitmap>,
}

/// By the number of users, the most first; then by id.
fn sources(failing: &Failing<'_>) -> Vec<FailingSource> {
    let groups = LicensedGroups::of_tenant(failing.words.tenant);
    let mut found: BTreeMap<Source, FailingSource> = BTreeMap::new();
    for (users, failures) in &failing.classes {
        for failure in failures {
            let source = failure.record.source;
            let known =
                found.entry(source).or_insert_with(|| FailingSource::new(failing.words, &groups, source));
            known.users |= users;
            *known.by_error.entry(failure.code).or_default() |= users;
        }
    }
    let mut sources: Vec<FailingSource> = found.into_values().collect();
    sources.sort_by(|one, other| {
        other.users.len().cmp(&one.users.len()).then_with(|| one.source.cmp(&other.source))
    });
    sources
}

impl FailingSource {
    fn new(words: Words<'_>, groups: &LicensedGroups, source: Source) -> Self {
        let (name, members) = match source {
            Source::Direct => ("direct licenses".to_owned(), None),
            Source::Group(group) => {
                let members = groups.get(words.group_id(group)).map(|group| group.members);
                (words.group(group).to_owned(), members)
            }
        };
        let (users, by_error) = (RoaringBitmap::new(), BTreeMap::new());
        Self { source: words.source(source), name, members, users, by_error }
    }

    /// The error that most users have.
    fn top(&self) -> Option<(ErrorCode, u64)> {
        let counts = self.by_error.iter().map(|(code, users)| (*code, users.len()));
        counts.min_by_key(|(code, count)| (Reverse(*count), *code))
    }

    fn object(&self) -> Value {
        let by_error = self.by_error.iter().map(|(code, users)| (*code, users.len())).collect();
        json!({
            "source": self.source,
            "displayName": self.source.group_id().filter(|id| *id != self.name).map(|_| &self.name),
            "members": self.members,
            "failed": self.users.len(),
            "byError": summary::error_object(&by_error),
            "topReason": self.top().map(|(code, _)| code.word()),
        })
    }
}

/// A line for each assignment.
fn concise(failing: &Failing<'_>, ids: &dyn UserIds, out: &mut dyn io::Write) -> io::Result<()> {
    let words = failing.words;
    let mut lines = UserLines::default();
    for (users, failures) in &failing.classes {
        lines.add(users, failures);
    }
    let around = |failure: &Failure| {
        let (product, source) =
            (words.product(failure.record.sku), words.source_words(failure.record.source));
        let text =
            format!(": `{product}` from {source}: {}: {}", failure.code.word(), failure.trouble.message);
        Around { head: String::new(), tail: format!("{}\n", printable(&text)) }
    };
    let lines_of = |failures: &&Vec<Failure>| failures.iter().map(around).collect();
    lines.write(ids, Spelling::Text, lines_of, out)
}

/// The same failure of several users.
struct Shared<'f> {
    name: String,
    code: ErrorCode,
    message: &'f str,
    fix: &'f str,
    users: RoaringBitmap,
}

fn full(failing: &Failing<'_>, ids: &dyn UserIds, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let sources = sources(failing);
    if sources.is_empty() {
        return writeln!(out, "no license is in error");
    }
    let columns = [
        Column::names("group"),
        Column::right("members"),
        Column::right("failed"),
        Column::left("top reason"),
    ];
    let row = |source: &FailingSource| {
        let top = source.top().map(|(code, count)| format!("{} ({})", code.word(), users_words(count)));
        Row {
            cells: vec![
                Cell::of(&source.name),
                Cell::of(&source.members.map_or_else(|| "·".to_owned(), |members| members.to_string())),
                Cell::of(&source.users.len().to_string()).painted(palette::BAD),
                Cell::of(&top.unwrap_or_default()),
            ],
            notes: Vec::new(),
        }
    };
    write_table(&columns, &sources.iter().map(row).collect::<Vec<_>>(), style, out)?;
    for source in &sources {
        for one in shared(failing, &source.source) {
            let heading = format!("{}: {}: {}", source.name, one.name, one.code.word());
            let heading = painted(*style, palette::EMPHASIS, &printable(&heading));
            writeln!(out, "\n{heading}, {}", printable(&named(ids, &one.users)))?;
            writeln!(out, "  {}", printable(one.message))?;
            writeln!(out, "  to do: {}", printable(one.fix))?;
        }
    }
    Ok(())
}

/// The failures of one source, those of most users first.
fn shared<'f>(failing: &'f Failing<'_>, of: &SourceObject) -> Vec<Shared<'f>> {
    let words = failing.words;
    let mut found: BTreeMap<(&str, ErrorCode, &str, &str), RoaringBitmap> = BTreeMap::new();
    for (users, failures) in &failing.classes {
        for failure in failures.iter().filter(|failure| words.source(failure.record.source) == *of) {
            let trouble = &failure.trouble;
            let product = words.product(failure.record.sku);
            *found.entry((product, failure.code, &trouble.message, &trouble.fix)).or_default() |= users;
        }
    }
    let shared = found.into_iter().map(|((name, code, message, fix), users)| {
        let name = name.to_owned();
        Shared { name, code, message, fix, users }
    });
    let mut shared: Vec<Shared<'_>> = shared.collect();
    shared.sort_by_key(|one| (Reverse(one.users.len()), one.code));
    shared
}

/// `3 users: ada, bob, cem`
fn named(ids: &dyn UserIds, users: &RoaringBitmap) -> String {
    let first = first_ids(ids, users, USERS_SHOWN_MAX);
    let more = users.len() - first.len() as u64;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}: {}{more}", users_words(users.len()), first.join(", "))
}

fn users_words(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "user")
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, Run, World, every_format};
    use super::*;

    fn report(run: &Run, scope: ErrorScope) -> String {
        every_format(|format, style, out| {
            write_error_report(format, &run.after, &run.ids, &Names, scope, style, out)
        })
    }

    #[test]
    fn errors_in_every_shape() {
        insta::assert_snapshot!("error_report", report(&Run::mixed(), ErrorScope::default()));
        insta::assert_snapshot!(
            "error_report_blocked",
            report(&Run::blocked_removal(), ErrorScope::default())
        );
    }

    #[test]
    fn one_user_is_told_alone() {
        let run = Run::mixed();
        let scope = ErrorScope { user: Some(run.ids.index("fay")), group: None };
        let text = report(&run, scope);
        assert!(text.contains("fay") && !text.contains("bob") && !text.contains("g-sales"), "{text}");
    }

    #[test]
    fn users_with_the_same_failure_stand_together() {
        let mut world = World::new();
        world.run(vec![world.template("g-sales", "sku-e3")]);
        let kinds = vec![world.join("g-sales", &["zoe", "ada", "bob", "cem", "dan", "eve"])];
        let run = Run::of(world, kinds);
        let text = report(&run, ErrorScope::default());
        assert!(text.contains(", 3 users: dan, eve, zoe\n"), "{text}");
        let many: RoaringBitmap = (0..7).collect();
        assert_eq!(named(&run.ids, &many), "7 users: ada, bob, cem, dan, eve and 2 more");
    }

    #[test]
    fn a_tenant_without_errors_says_so() {
        let run = Run::suspended();
        assert!(report(&run, ErrorScope::default()).starts_with("== full\nno license is in error\n"));
    }
}
