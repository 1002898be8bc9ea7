//! A file of users or devices: read as objects and straight into columns, it says the same or has the
//! same faults.
//!
//! The first byte is a digit that chooses: 0 NDJSON, 1 JSON, 2 CSV, 3 Parquet of users; 4 to 7 the same
//! of devices. The rest is the file.

#![no_main]

use std::backtrace::Backtrace;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{self, PanicHookInfo};
use std::path::Path;
use std::sync::Arc;

use arrow_buffer::NullBuffer;
use dyngroup::directory::column_reader::{ReadColumns, Wanted, read_columns};
use dyngroup::directory::columns::{Column, Columns, TextColumn};
use dyngroup::directory::error::{DataError, DataErrors};
use dyngroup::directory::object::Object;
use dyngroup::directory::read::{ReadObject, read_objects};
use dyngroup::language::attribute::{Attribute, Attributes, Subject};
use libfuzzer_sys::{Corpus, fuzz_target};

const FILES: [&str; 4] = ["users.ndjson", "users.json", "users.csv", "users.parquet"];

fuzz_target!(
    init: {
        // One thread that is this one: runs repeat, and no time goes into handing work over.
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("the only pool");
        panic::set_hook(Box::new(report));
    },
    |bytes: &[u8]| -> Corpus {
        let Some((choice @ b'0'..=b'7', content)) = bytes.split_first() else { return Corpus::Reject };
        let choice = usize::from(choice - b'0');
        let subject = if choice < FILES.len() { Subject::User } else { Subject::Device };
        let folder = tempfile::tempdir().expect("a folder for the file");
        let path = folder.path().join(FILES[choice % FILES.len()]);
        fs::write(&path, content).expect("the file can be written");
        check(&path, subject, &wanted(subject, content));
        Corpus::Keep
    }
);

/// Tells of a panic and ends the process, unless it is one of the Parquet decoder: these the reader catches.
fn report(panic: &PanicHookInfo<'_>) {
    if !panic.location().is_some_and(|place| place.file().contains("/registry/src/")) {
        eprintln!("{panic}\n{}", Backtrace::force_capture());
        std::process::abort();
    }
}

fn check(path: &Path, subject: Subject, wanted: &Wanted) {
    let objects = read_objects(path, subject, Attributes::standard());
    let columns = read_columns(path, subject, Attributes::standard(), wanted);
    match (columns, objects) {
        (Ok(columns), Ok(objects)) => check_values(&columns, &objects, wanted),
        (Err(errors), Err(expected)) => check_faults(&errors, &expected, wanted),
        (Ok(_), Err(expected)) => {
            assert!(faults(&expected, wanted).is_empty(), "the columns do not say: {expected}");
        }
        (Err(errors), Ok(_)) => panic!("only the columns say: {errors}"),
    }
}

/// Every attribute of the table, the directory extensions that the file names, and every second text as
/// written too.
fn wanted(subject: Subject, content: &[u8]) -> Wanted {
    let table = Attributes::standard();
    let content = String::from_utf8_lossy(content);
    let words = content.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let extensions: BTreeMap<Arc<str>, Arc<Attribute>> = words
        .filter(|word| is_extension(word))
        .filter_map(|word| table.find(subject, word))
        .map(|attribute| (attribute.name.to_ascii_lowercase().into(), attribute))
        .collect();
    let attributes: Vec<Arc<Attribute>> =
        table.of(subject).into_iter().cloned().chain(extensions.into_values()).collect();
    let originals = attributes.iter().step_by(2).map(|attribute| Arc::clone(&attribute.name)).collect();
    Wanted { attributes, originals, managers: true }
}

fn is_extension(name: &str) -> bool {
    const START: &str = "extension_";
    name.get(..START.len()).is_some_and(|start| start.eq_ignore_ascii_case(START))
}

/// The faults but those of directory extensions that nobody wants: columns are read without these.
fn faults<'errors>(errors: &'errors DataErrors, wanted: &Wanted) -> Vec<&'errors DataError> {
    let is_wanted = |error: &&DataError| {
        let field = error.field.as_deref().unwrap_or_default();
        !is_extension(field)
            || wanted.attributes.iter().any(|attribute| attribute.name.eq_ignore_ascii_case(field))
    };
    errors.iter().filter(is_wanted).collect()
}

fn check_faults(errors: &DataErrors, expected: &DataErrors, wanted: &Wanted) {
    let (mut found, mut all) = (faults(errors, wanted), faults(expected, wanted));
    if errors.omitted() + expected.omitted() > 0 {
        // What is not listed on one side may be listed on the other.
        let listed = found.len().min(all.len());
        found.truncate(listed);
        all.truncate(listed);
    }
    assert_eq!(found, all, "\n{errors}\n\n{expected}");
}

fn check_values(read: &ReadColumns, objects: &[ReadObject], wanted: &Wanted) {
    let (removed, kept): (Vec<&ReadObject>, Vec<&ReadObject>) = objects.iter().partition(|read| read.removed);
    let objects: Vec<Object> = kept.iter().map(|read| read.object.clone()).collect();
    let expected = Columns::of_objects(&objects, &wanted.attributes);
    assert_eq!(read.columns.ids, expected.ids);
    assert_eq!(table(&read.columns), table(&expected));
    for (name, texts) in &read.columns.originals {
        assert_eq!(column(texts), column(&expected.originals[name]), "{name} as written");
    }
    let managers: Vec<_> = objects.iter().map(Object::manager).collect();
    let read_managers = read.managers.as_ref().expect("managers are wanted");
    assert_eq!(column(read_managers), managers);
    let pairs = kept
        .iter()
        .flat_map(|read| read.member_of.iter().map(|group| (group.clone(), read.object.id().to_owned())));
    assert_eq!(read.member_of, pairs.collect::<Vec<_>>());
    let removed: Vec<_> = removed.iter().map(|read| read.object.id()).collect();
    assert_eq!(read.removed, removed);
    for (row, object) in objects.iter().enumerate() {
        assert_eq!(read.row(object.id()), Some(row), "{}", object.id());
    }
}

/// What each column says about each row, whatever its form.
fn table(columns: &Columns) -> BTreeMap<&str, Vec<String>> {
    let rows = |column| (0..columns.rows()).map(|row| shown(column, row)).collect();
    columns.columns.iter().map(|(name, column)| (&**name, rows(column))).collect()
}

fn column(texts: &TextColumn) -> Vec<Option<&str>> {
    (0..texts.len()).map(|row| texts.get(row)).collect()
}

fn shown(column: &Column, row: usize) -> String {
    let is_valid = |valid: &Option<NullBuffer>| valid.as_ref().is_none_or(|valid| valid.is_valid(row));
    let items = |offsets: &[u32]| offsets[row] as usize..offsets[row + 1] as usize;
    match column {
        Column::Boolean { values, valid } => format!("{:?}", is_valid(valid).then(|| values.value(row))),
        Column::Instant { ticks, valid } => format!("{:?}", is_valid(valid).then(|| ticks[row])),
        Column::Text(texts) => format!("{:?}", texts.get(row)),
        Column::Texts(table) => {
            let texts: Vec<_> = items(&table.offsets).map(|item| table.items.get(item)).collect();
            format!("{texts:?}")
        }
        Column::Plans(table) => {
            let plans = &table.items;
            let fields = [&plans.service, &plans.service_plan_id, &plans.capability_status];
            let plans: Vec<_> =
                items(&table.offsets).map(|item| fields.map(|texts| texts.get(item))).collect();
            format!("{plans:?}")
        }
    }
}
