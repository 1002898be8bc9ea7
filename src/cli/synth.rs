//! `dyngroup synth`: a made-up tenant folder to try things on.

mod clause;
mod csv_sheet;
mod date_rule;
mod device;
mod device_rule;
mod extension;
mod folder;
mod group;
mod item_rule;
mod mailbox;
mod names;
mod ndjson;
mod parquet_sheet;
mod person;
mod places;
mod products;
mod random;
mod row;
mod rule;
mod stream;
mod user;
mod user_rule;
mod vocabulary;
mod work;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::device::Devices;
use self::folder::{Folder, Written};
use self::products::TENANT_ID;
use self::random::Seed;
use self::row::{Cell, Row, Table};
use self::rule::Rules;
use self::user::Users;
use self::vocabulary::Vocabulary;
use super::Outcome;
use super::args::{Global, ObjectFormat, SynthArgs};
use super::failure::Failure;
use super::output;
use super::words::Instant;
use crate::base::limits::FILE_MAX_BYTES;

/// What `system.now` is taken for where nobody says: a clock would make other bytes every day.
/// This is 2026-01-15T00:00:00Z.
const NOW: Timestamp = Timestamp::constant(1_768_435_200, 0);

/// Runs the command.
pub(super) fn run(args: &SynthArgs, global: &Global) -> Result<Outcome, Failure> {
    // Of the command line only: with a settings file a seed would not make the same tenant everywhere.
    let now = global.now.map_or(NOW, |Instant(now)| now);
    let mut folder = Folder::create(&args.out)?;
    let summary = fill(&mut folder, args, now)?;
    let written = folder.publish()?;
    report(args, now, &summary, &written);
    Ok(Outcome::Clean)
}

/// What the last lines tell.
struct Summary {
    paused: u64,
    memberships: u64,
}

fn fill(folder: &mut Folder, args: &SynthArgs, now: Timestamp) -> Result<Summary, Failure> {
    let seed = Seed(args.seed);
    let vocabulary = Vocabulary::new();
    let users = Users::new(&vocabulary, seed, now);
    let devices = Devices::new(&vocabulary, &users, args.users, seed);
    let bar = progress_bar(args.users + args.devices);
    let consumed: Vec<AtomicU64> = (0..vocabulary.products.count()).map(|_| AtomicU64::new(0)).collect();
    let user = |index| {
        let row = users.row(index);
        count_licenses(&row, &consumed);
        row
    };
    let table = Table { columns: users.columns(), rows: args.users, row: Box::new(user) };
    add_table(folder, "users", &table, args.format, &bar)?;
    if args.devices > 0 {
        let row = Box::new(|index| devices.row(index));
        let table = Table { columns: devices.columns(), rows: args.devices, row };
        add_table(folder, "devices", &table, args.format, &bar)?;
    }
    bar.finish_and_clear();
    drop(table);

    let memberships = folder.add("members.ndjson", |file, path| {
        text(file, path, |out| group::write_members(out, args.groups, &users, args.users, seed))
    })?;
    let consumed: Vec<u64> = consumed.into_iter().map(AtomicU64::into_inner).collect();
    add_document(folder, "subscribedSkus.json", &vocabulary.products.subscribed_skus(&consumed))?;
    add_document(folder, "organization.json", &organization())?;
    // Last: a folder with groups is a whole one.
    let rules = Rules::new(&vocabulary, seed, now, args.devices > 0);
    let paused = folder.add("groups.json", |file, path| {
        text(file, path, |out| group::write_groups(out, args.groups, &rules, &vocabulary.products, seed))
    })?;
    Ok(Summary { paused, memberships })
}

fn add_table(
    folder: &mut Folder,
    stem: &str,
    table: &Table<'_>,
    format: ObjectFormat,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    match format {
        ObjectFormat::Ndjson => {
            folder.add(&format!("{stem}.ndjson"), |file, path| ndjson::write(table, file, path, bar))
        }
        ObjectFormat::Csv => {
            folder.add(&format!("{stem}.csv"), |file, path| csv_sheet::write(table, file, path, bar))
        }
        ObjectFormat::Parquet => {
            folder.add(&format!("{stem}.parquet"), |file, path| parquet_sheet::write(table, file, path, bar))
        }
    }
}

fn add_document(folder: &mut Folder, name: &str, document: &Value) -> Result<(), Failure> {
    folder.add(name, |file, path| text(file, path, |out| writeln!(out, "{document:#}")))
}

/// Writes a file piece by piece.
fn text<T>(
    file: &mut File,
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> std::io::Result<T>,
) -> Result<T, Failure> {
    let mut out = BufWriter::new(file);
    let result = write(&mut out).and_then(|result| out.flush().map(|()| result));
    result.map_err(|error| Failure::file(path, "write", &error))
}

/// The order in which threads count does not matter.
fn count_licenses(row: &Row<'_>, consumed: &[AtomicU64]) {
    for product in row.iter().flat_map(Cell::as_licenses) {
        if let Some(count) = consumed.get(product.number) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn organization() -> Value {
    let domains = [work::INITIAL_DOMAIN, "contoso.example"];
    let domain = |name: &str| json!({ "name": name, "isInitial": name == work::INITIAL_DOMAIN });
    json!({ "value": [{
        "id": TENANT_ID,
        "displayName": "Contoso",
        "countryLetterCode": "US",
        "verifiedDomains": domains.map(domain),
    }] })
}

fn report(args: &SynthArgs, now: Timestamp, summary: &Summary, written: &[Written]) {
    let SynthArgs { users, groups, devices, seed, out, .. } = args;
    let (users, devices, groups) = (HumanCount(*users), HumanCount(*devices), HumanCount(*groups));
    let (fixed, paused) = (HumanCount(group::static_groups(args.groups)), HumanCount(summary.paused));
    let memberships = HumanCount(summary.memberships);
    output::say(&format!(
        "{}: {users} users, {devices} devices, {groups} dynamic groups ({paused} paused), \
         {fixed} static groups with {memberships} members, seed {seed}",
        out.display()
    ));
    let width = written.iter().map(|file| file.name.len()).max().unwrap_or_default();
    for Written { name, size_bytes } in written {
        output::say(&format!("  {name:width$}  {}", HumanBytes(*size_bytes)));
        if args.format != ObjectFormat::Parquet && *size_bytes > FILE_MAX_BYTES {
            let limit = HumanBytes(FILE_MAX_BYTES);
            output::warn(&format!(
                "{name} is larger than what the other commands read ({limit}): take `--format parquet`"
            ));
        }
    }
    output::say(&format!("dates lie around {now}: evaluate with `--now {now}`"));
}

/// A bar on a terminal, nothing in a pipe.
fn progress_bar(objects: u64) -> ProgressBar {
    let bar = ProgressBar::new(objects);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} objects, {eta} left") {
        bar.set_style(style);
    }
    bar
}
