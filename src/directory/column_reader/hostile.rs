//! Files that nobody writes on purpose: an error or the right columns, never a panic.

use std::fs;
use std::path::Path;

use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::properties::table;
use super::samples::{ATTRIBUTES, Person, batch, csv, json, ndjson, write_parquet};
use super::{ReadColumns, Wanted, read_columns};
use crate::directory::columns::{Column, Columns, TextColumn};
use crate::directory::error::DataErrors;
use crate::directory::object::AssignedPlan;
use crate::directory::read::read_objects;
use crate::language::attribute::{Attributes, Subject};

fn wanted() -> Wanted {
    let standard = Attributes::standard().of(Subject::User).into_iter().cloned();
    let extension = Attributes::standard().find(Subject::User, ATTRIBUTES[8]);
    Wanted { attributes: standard.chain(extension).collect(), managers: true, ..Wanted::default() }
}

fn read(path: &Path) -> Result<ReadColumns, DataErrors> {
    read_columns(path, Subject::User, Attributes::standard(), &wanted())
}

fn people(count: usize) -> Vec<Person> {
    let person = |number: usize| Person {
        id: format!("user-{number}"),
        city: Some(format!("Malmö {}", number % 3)),
        enabled: Some(number.is_multiple_of(2)),
        hired: Some("2026-01-15T08:00:00Z".parse().unwrap()),
        mails: vec![format!("{number}@contoso.example"); number % 3],
        plans: vec![AssignedPlan { service: Some("SCO".to_owned()), ..AssignedPlan::default() }; number % 2],
        manager: Some("grace".to_owned()),
        groups: vec!["g".to_owned()],
        ..Person::default()
    };
    (0..count).map(person).collect()
}

/// Reads a text as columns and as objects. Both say the same.
fn agree(path: &Path, bytes: &[u8]) -> Result<(), TestCaseError> {
    fs::write(path, bytes).unwrap();
    let objects = read_objects(path, Subject::User, Attributes::standard());
    match (read(path), objects) {
        (Ok(read), Ok(objects)) => {
            let kept: Vec<_> =
                objects.into_iter().filter(|read| !read.removed).map(|read| read.object).collect();
            let expected = Columns::of_objects(&kept, &wanted().attributes);
            prop_assert_eq!(&read.columns.ids, &expected.ids);
            let cities = |columns: &Columns| match columns.columns.get("city") {
                Some(Column::Text(texts)) => {
                    (0..texts.len()).map(|row| texts.get(row).map(str::to_owned)).collect()
                }
                _ => vec![None; columns.rows()],
            };
            prop_assert_eq!(cities(&read.columns), cities(&expected));
        }
        (Err(errors), Err(expected)) => prop_assert_eq!(errors, expected),
        (Ok(_), Err(expected)) => prop_assert!(false, "the columns do not say: {}", expected),
        (Err(errors), Ok(_)) => prop_assert!(false, "only the columns say: {}", errors),
    }
    Ok(())
}

/// A text with some of its bytes replaced, doubled or left out.
fn damaged(text: String) -> impl Strategy<Value = Vec<u8>> {
    let damage =
        (any::<prop::sample::Index>(), 0..4_u8, prop::sample::select(b"\"{}[],:\n\\;x5 \xC3".to_vec()));
    prop::collection::vec(damage, 1..4).prop_map(move |damages| {
        let mut bytes = text.clone().into_bytes();
        for (at, kind, byte) in damages {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at + 1),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn damaged_text_has_the_faults_that_the_row_readers_find(
        lines in damaged(ndjson(&people(4))), pages in damaged(json(&people(3))), cells in damaged(csv(&people(4)))
    ) {
        let folder = tempfile::tempdir().unwrap();
        agree(&folder.path().join("users.ndjson"), &lines)?;
        agree(&folder.path().join("users.json"), &pages)?;
        agree(&folder.path().join("users.csv"), &cells)?;
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        for name in ["users.parquet", "users.ndjson", "users.json", "users.csv"] {
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            let _ = read(&path);
        }
        let framed = [b"PAR1", bytes.as_slice(), &u32::try_from(bytes.len()).unwrap().to_le_bytes(), b"PAR1"].concat();
        let path = folder.path().join("users.parquet");
        fs::write(&path, framed).unwrap();
        prop_assert!(read(&path).is_err());
    }
}

fn parquet_bytes(folder: &Path, compression: Compression) -> Vec<u8> {
    let path = folder.join("whole.parquet");
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(60))
        .set_data_page_row_count_limit(20)
        .set_compression(compression);
    write_parquet(&path, &batch(&people(200), true), properties.build());
    fs::read(path).unwrap()
}

#[test]
fn files_that_are_cut_off_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.parquet");
    let bytes = parquet_bytes(folder.path(), Compression::SNAPPY);
    fs::write(&path, &bytes).unwrap();
    let whole = table(&read(&path).unwrap().columns);
    assert_eq!(whole["city"].len(), 200);
    let mut refused = 0;
    for part in 0..50 {
        fs::write(&path, &bytes[..bytes.len() * part / 50]).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("not Parquet") || error.contains("cut off"), "{part}: {error}");
        // The middle is missing, and the end still there.
        let cut = bytes.len() * part / 50;
        let rest = [&bytes[..cut], &bytes[(cut + 1_000).min(bytes.len() - 8)..]].concat();
        fs::write(&path, rest).unwrap();
        match read(&path) {
            // Only what is never read was missing.
            Ok(read) => assert_eq!(table(&read.columns), whole, "{part}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 10, "{refused}");
}

#[test]
fn bytes_that_flipped_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.parquet");
    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap()
    };
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let bytes = parquet_bytes(folder.path(), compression);
        for _ in 0..150 {
            let mut damaged = bytes.clone();
            for _ in 0..=random() % 3 {
                let at = random() % damaged.len();
                damaged[at] = random().to_le_bytes()[0];
            }
            fs::write(&path, damaged).unwrap();
            if let Ok(read) = read(&path) {
                let rows = read.columns.rows();
                assert!(read.columns.columns.values().all(|column| length(column) == rows));
            }
        }
    }
}

fn length(column: &Column) -> usize {
    match column {
        Column::Boolean { values, .. } => values.len(),
        Column::Instant { ticks, .. } => ticks.len(),
        Column::Text(texts) => texts.len(),
        Column::Texts(table) => table.offsets.len() - 1,
        Column::Plans(table) => table.offsets.len() - 1,
    }
}

#[test]
fn values_of_any_size_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let huge = "x".repeat(100_000_000);
    let mails: Vec<String> = (0..1_000_000).map(|number| format!("m{}", number % 10)).collect();
    let mut people = people(3);
    people[1].city = Some(huge);
    people[2].mails = mails;
    fs::write(folder.path().join("u.ndjson"), ndjson(&people)).unwrap();
    fs::write(folder.path().join("u.csv"), csv(&people)).unwrap();
    write_parquet(&folder.path().join("u.parquet"), &batch(&people, true), WriterProperties::new());
    for name in ["u.ndjson", "u.csv", "u.parquet"] {
        let read = read(&folder.path().join(name)).unwrap();
        let (Column::Text(city), Column::Texts(mails)) =
            (&read.columns.columns["city"], &read.columns.columns["otherMails"])
        else {
            panic!("the kinds of the attributes")
        };
        assert_eq!(city.get(1).map(str::len), Some(100_000_000), "{name}");
        assert_eq!(mails.offsets.last(), Some(&1_000_001), "{name}");
        assert!(
            matches!(&mails.items, TextColumn::Dictionary { values, .. } if arrow_array::Array::len(values) == 11)
        );
    }
}
