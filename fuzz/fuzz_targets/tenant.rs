//! A file of users or devices: read as objects and straight into columns, it says the same or has the
//! same faults.
//!
//! The first byte is a digit that chooses: 0 NDJSON, 1 JSON, 2 CSV, 3 Parquet of users; 4 to 7 the same
//! of devices. The rest is the file.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_buffer::NullBuffer;
use dyngroup::directory::column_reader::{ReadColumns, Wanted, read_columns};
use dyngroup::directory::columns::{Column, Columns, TextColumn};
use dyngroup::directory::error::DataErrors;
use dyngroup::directory::object::Object;
use dyngroup::directory::read::{ReadObject, read_objects};
use dyngroup::language::attribute::{Attribute, Attributes, Subject};
use libfuzzer_sys::{Corpus, fuzz_target};

const FILES: [&str; 4] = ["users.ndjson", "users.json", "users.csv", "users.parquet"];

/// The one directory extension that is wanted.
const EXTENSION: &str = "extension_c272a57b722d4eb29bfe327874ae79cb_shoe";

fuzz_target!(
    init: {
        // One thread that is this one: runs repeat, and no time goes into handing work over.
        rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global().expect("the only pool");
    },
    |bytes: &[u8]| -> Corpus {
        let Some((choice @ b'0'..=b'7', content)) = bytes.split_first() else { return Corpus::Reject };
        let choice = usize::from(choice - b'0');
        let subject = if choice < FILES.len() { Subject::User } else { Subject::Device };
        let folder = tempfile::tempdir().expect("a folder for the file");
        let path = folder.path().join(FILES[choice % FILES.len()]);
        fs::write(&path, content).expect("the file can be written");
        check(&path, subject);
        Corpus::Keep
    }
);

fn check(path: &Path, subject: Subject) {
    let wanted = wanted(subject);
    let objects = read_objects(path, subject, Attributes::standard());
    let columns = read_columns(path, subject, Attributes::standard(), &wanted);
    match (columns, objects) {
        (Ok(columns), Ok(objects)) => check_values(&columns, &objects, &wanted),
        (Err(errors), Err(expected)) => assert_eq!(errors, expected, "\n{errors}\n\n{expected}"),
        (Ok(_), Err(expected)) if concerns_unwanted(&expected) => {}
        (Ok(_), Err(expected)) => panic!("the columns do not say: {expected}"),
        (Err(errors), Ok(_)) => panic!("only the columns say: {errors}"),
    }
}

/// Every attribute of the table, one extension, and every second text as written too.
fn wanted(subject: Subject) -> Wanted {
    let table = Attributes::standard();
    let extension = table.find(subject, EXTENSION);
    let attributes: Vec<Arc<Attribute>> = table.of(subject).into_iter().cloned().chain(extension).collect();
    let originals = attributes.iter().step_by(2).map(|attribute| Arc::clone(&attribute.name)).collect();
    Wanted { attributes, originals, managers: true }
}

/// Whether all faults are in directory extensions, which columns are read without if nobody wants them.
fn concerns_unwanted(errors: &DataErrors) -> bool {
    errors.iter().all(|error| {
        error.field.as_deref().is_some_and(|field| field.to_ascii_lowercase().starts_with("extension_"))
    })
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
