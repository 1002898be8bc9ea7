//! Every format gives the columns that the objects themselves have.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::Array;
use jiff::Timestamp;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;

use super::samples::{ATTRIBUTES, Person, batch, csv, json, ndjson, write_parquet};
use super::{ReadColumns, Wanted, read_columns};
use crate::directory::columns::{Column, Columns, TextColumn};
use crate::directory::object::{AssignedPlan, Object};
use crate::directory::read::read_objects;
use crate::language::attribute::{Attributes, Subject};

/// What a column says about a row, whatever its form.
fn shown(column: &Column, row: usize) -> String {
    let text = |texts: &TextColumn, row| texts.get(row).map(str::to_owned);
    let is_valid =
        |valid: &Option<arrow_buffer::NullBuffer>| valid.as_ref().is_none_or(|valid| valid.is_valid(row));
    let items = |offsets: &[u32]| offsets[row] as usize..offsets[row + 1] as usize;
    match column {
        Column::Boolean { values, valid } => format!("{:?}", is_valid(valid).then(|| values.value(row))),
        Column::Instant { ticks, valid } => format!("{:?}", is_valid(valid).then(|| ticks[row])),
        Column::Text(texts) => format!("{:?}", text(texts, row)),
        Column::Texts(table) => {
            let all: Vec<_> = items(&table.offsets).map(|item| text(&table.items, item)).collect();
            format!("{all:?}")
        }
        Column::Plans(table) => {
            let plan = |item| {
                let plans = &table.items;
                [&plans.service, &plans.service_plan_id, &plans.capability_status]
                    .map(|texts| text(texts, item))
            };
            format!("{:?}", items(&table.offsets).map(plan).collect::<Vec<_>>())
        }
    }
}

/// What each column says about each row.
pub(super) fn table(columns: &Columns) -> BTreeMap<String, Vec<String>> {
    let rows = |column| (0..columns.rows()).map(|row| shown(column, row)).collect();
    columns.columns.iter().map(|(name, column)| (name.to_string(), rows(column))).collect()
}

fn wanted() -> Wanted {
    let find = |name: &&str| Attributes::standard().find(Subject::User, name);
    let attributes: Vec<_> = ATTRIBUTES.iter().filter_map(find).collect();
    // Both forms of one half, one form of the other.
    let originals = attributes.iter().step_by(2).map(|attribute| Arc::clone(&attribute.name)).collect();
    Wanted { attributes, originals, managers: true }
}

fn read(path: &Path) -> ReadColumns {
    read_columns(path, Subject::User, Attributes::standard(), &wanted())
        .unwrap_or_else(|errors| panic!("{errors}"))
}

/// Checks what was read against the people that were written.
fn check(people: &[Person], read: &ReadColumns, of: &str) {
    let kept: Vec<&Person> = people.iter().filter(|person| !person.removed).collect();
    let objects: Vec<Object> = kept.iter().map(|person| person.object()).collect();
    let expected = Columns::of_objects(&objects, &wanted().attributes);
    assert_eq!(read.columns.ids, expected.ids, "{of}");
    assert_eq!(table(&read.columns), table(&expected), "{of}");
    let written = |columns: &Columns, name: &Arc<str>| {
        let texts = &columns.originals[name];
        (0..texts.len()).map(|row| texts.get(row).map(str::to_owned)).collect::<Vec<_>>()
    };
    assert!(!read.columns.originals.is_empty());
    for name in read.columns.originals.keys() {
        assert_eq!(written(&read.columns, name), written(&expected, name), "{name} of {of}");
    }
    let managers: Vec<_> = kept.iter().map(|person| person.manager.as_deref()).collect();
    let read_managers = read.managers.as_ref().unwrap();
    assert_eq!((0..kept.len()).map(|row| read_managers.get(row)).collect::<Vec<_>>(), managers, "{of}");
    let pairs =
        kept.iter().flat_map(|person| person.groups.iter().map(|group| (group.clone(), person.id.clone())));
    assert_eq!(read.member_of, pairs.collect::<Vec<_>>(), "{of}");
    let removed = people.iter().filter(|person| person.removed).map(|person| person.id.clone());
    assert_eq!(read.removed, removed.collect::<Vec<_>>(), "{of}");
    for (row, person) in kept.iter().enumerate() {
        assert_eq!(read.row(&person.id.to_uppercase()), Some(row), "{of}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["Sales", "SALES", "sales", "Malmö", "MALMÖ", "ı", "ß", "ɐ", "Ɐ", ""]).prop_map(str::to_owned),
        2 => "[a-c\"\\\\;,\n{}é]{0,6}",
        1 => any::<String>().prop_map(|text| text.replace('\r', "")),
    ]
}

fn instant() -> impl Strategy<Value = Timestamp> {
    (i64::MIN / 2..i64::MAX / 2)
        .prop_map(|nanoseconds| Timestamp::from_nanosecond(nanoseconds.into()).unwrap())
}

fn person() -> impl Strategy<Value = Person> {
    let plan = (prop::option::of(text()), prop::option::of(text()), prop::option::of(text())).prop_map(
        |(service, service_plan_id, capability_status)| AssignedPlan {
            service,
            service_plan_id,
            capability_status,
        },
    );
    let texts = (
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
        prop::option::of(text()),
    );
    let lists = (
        prop::collection::vec(text(), 0..4),
        prop::collection::vec(text(), 0..3),
        prop::collection::vec(plan, 0..4),
    );
    let manager = prop::option::of("[a-z]{1,3}");
    (
        texts,
        lists,
        prop::option::of(any::<bool>()),
        prop::option::of(instant()),
        manager,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |((city, office, third, shoe), (mails, groups, plans), enabled, hired, manager, removed)| {
                Person {
                    id: String::new(),
                    city,
                    office,
                    enabled,
                    hired,
                    mails,
                    plans,
                    third,
                    shoe,
                    manager,
                    groups,
                    removed,
                }
            },
        )
}

/// People with ids of their own. Empty texts are null in CSV, so there may be none.
fn people(with_empty: bool) -> impl Strategy<Value = Vec<Person>> {
    prop::collection::vec(person(), 1..40).prop_map(move |mut people| {
        for (at, person) in people.iter_mut().enumerate() {
            person.id = format!("User-{at}-é");
            if !with_empty {
                for text in [&mut person.city, &mut person.office, &mut person.third, &mut person.shoe] {
                    text.take_if(|text| text.is_empty());
                }
            }
        }
        people
    })
}

fn properties() -> impl Strategy<Value = WriterProperties> {
    let compression = prop::sample::select(vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
    ]);
    let version = prop::sample::select(vec![
        parquet::file::properties::WriterVersion::PARQUET_1_0,
        parquet::file::properties::WriterVersion::PARQUET_2_0,
    ]);
    (1_usize..50, 1_usize..20, any::<bool>(), 1_usize..200, compression, version).prop_map(
        |(group_rows, page_rows, dictionary, dictionary_bytes, compression, version)| {
            WriterProperties::builder()
                .set_max_row_group_row_count(Some(group_rows))
                .set_data_page_row_count_limit(page_rows)
                .set_write_batch_size(page_rows)
                .set_dictionary_enabled(dictionary)
                .set_dictionary_page_size_limit(dictionary_bytes)
                .set_compression(compression)
                .set_writer_version(version)
                .build()
        },
    )
}

proptest! {
    #[test]
    fn text_formats_give_the_columns_of_the_objects(people in people(true)) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("users.ndjson", ndjson(&people)), ("users.json", json(&people))] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            check(&people, &read(&path), name);
        }
    }

    #[test]
    fn csv_gives_the_columns_of_the_objects(people in people(false)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        fs::write(&path, csv(&people)).unwrap();
        check(&people, &read(&path), "csv");
    }

    #[test]
    fn parquet_gives_the_columns_of_the_objects(people in people(true), nested: bool, properties in properties()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.parquet");
        write_parquet(&path, &batch(&people, nested), properties);
        check(&people, &read(&path), "parquet");

        let objects = read_objects(&path, Subject::User, Attributes::standard()).unwrap();
        let ndjson_path = folder.path().join("users.ndjson");
        fs::write(&ndjson_path, ndjson(&people)).unwrap();
        let expected = read_objects(&ndjson_path, Subject::User, Attributes::standard()).unwrap();
        for (read, expected) in objects.iter().zip(&expected) {
            prop_assert_eq!(read.object.manager(), expected.object.manager());
            prop_assert_eq!((&read.member_of, read.removed, read.line), (&expected.member_of, expected.removed, expected.line));
            for name in ATTRIBUTES {
                let empty = |value: &crate::directory::object::Value| format!("{value:?}").ends_with("s([])");
                let (read, expected) = (read.object.get(name), expected.object.get(name));
                prop_assert!(read == expected || empty(expected), "{}: {:?} {:?}", name, read, expected);
            }
        }
        prop_assert_eq!(objects.len(), expected.len());
    }

    #[test]
    fn a_folder_is_its_files_one_after_the_other(people in people(true), properties in properties()) {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = people.split_at(people.len() / 2);
        fs::write(folder.path().join("b.ndjson"), ndjson(second)).unwrap();
        if first.is_empty() {
            write_parquet(&folder.path().join("a.parquet"), &batch(&[], false), properties);
        } else {
            write_parquet(&folder.path().join("a.parquet"), &batch(first, true), properties);
        }
        check(&people, &read(folder.path()), "folder");
        let objects = read_objects(folder.path(), Subject::User, Attributes::standard()).unwrap();
        let ids: Vec<_> = objects.iter().map(|read| read.object.id()).collect();
        prop_assert_eq!(ids, people.iter().map(|person| &*person.id).collect::<Vec<_>>());
    }
}

#[test]
fn many_chunks_keep_the_order_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let people: Vec<Person> = (0..8_000)
        .map(|number| Person {
            id: format!("user-{number}"),
            city: Some(format!("City {}", number % 700)),
            office: Some(format!("Office {number}")),
            mails: (0..number % 4).map(|mail| format!("mail{mail}@{}", number % 5_000)).collect(),
            removed: number % 1_000 == 3,
            ..Person::default()
        })
        .collect();
    for (name, text) in [("u.ndjson", ndjson(&people)), ("u.json", json(&people)), ("u.csv", csv(&people))] {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let read = read(&path);
        check(&people, &read, name);
        let form = |name: &str| match &read.columns.columns[name] {
            Column::Text(TextColumn::Dictionary { values, .. }) => values.len(),
            _ => 0,
        };
        assert_eq!((form("city"), form("physicalDeliveryOfficeName")), (700, 0), "{name}");
    }
    let path = folder.path().join("u.parquet");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(3_000)).build();
    write_parquet(&path, &batch(&people, false), properties);
    check(&people, &read(&path), "parquet");
}
