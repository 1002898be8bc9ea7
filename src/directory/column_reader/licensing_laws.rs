//! What holds of the licenses of any users, and of files that nobody writes on purpose.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, BooleanArray, ListArray, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};
use jiff::Timestamp;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::samples::{structure, write_parquet};
use super::stored::{NO_ROW, StoredColumns, StoredName};
use super::{ReadColumns, Wanted, read_columns};
use crate::base::limits::{
    DISABLED_PLANS_PER_LICENSE_MAX, LICENSES_PER_USER_MAX, PROVISIONING_ERRORS_PER_USER_MAX,
};
use crate::directory::columns::{Column, TextColumn};
use crate::directory::error::DataErrors;
use crate::directory::license_fields::{
    ADDRESS_CONFLICT, CONFLICT_SOURCES, LICENSE_SOURCES, LICENSES, Licensing, conflict_of, licenses_of,
};
use crate::directory::object::{Object, Value};
use crate::directory::read::objects_of_shape;
use crate::directory::shape::Shape;
use crate::directory::source::Source;
use crate::directory::user_licenses::{LicenseState, UserLicense, parse, text_of};
use crate::language::attribute::{Attributes, Subject};

fn wanted() -> Wanted {
    Wanted::default().with_licenses()
}

fn read(path: &Path) -> Result<ReadColumns, DataErrors> {
    read_columns(path, Subject::User, Attributes::standard(), &wanted())
}

/// A user as a file describes it.
#[derive(Clone, Debug, Default)]
struct User {
    states: Option<Vec<UserLicense>>,
    licenses: Option<Vec<UserLicense>>,
    conflict: Option<bool>,
}

impl User {
    /// As Graph writes it, in an order of its own.
    fn json(&self, id: &str) -> Json {
        let state = |license: &UserLicense| {
            json!({"lastUpdatedDateTime": license.last_updated.map(|it| it.to_string()), "state": license.state.word(),
                "assignedByGroup": license.group_id.as_ref().map(|id| id.to_uppercase()),
                "error": license.error.as_deref().unwrap_or("None"), "skuId": license.sku_id.to_uppercase(),
                "disabledPlans": license.disabled_plans.iter().rev().collect::<Vec<_>>()})
        };
        let license =
            |license: &UserLicense| json!({"disabledPlans": license.disabled_plans, "skuId": license.sku_id});
        let list = |all: &Option<Vec<UserLicense>>, each: &dyn Fn(&UserLicense) -> Json| {
            all.as_ref().map(|all| all.iter().rev().map(each).collect::<Vec<_>>())
        };
        json!({"id": id, "licenseAssignmentStates": list(&self.states, &state),
            "assignedLicenses": list(&self.licenses, &license), "addressConflict": self.conflict})
    }

    fn told(&self) -> (Option<String>, Option<bool>) {
        let all = self.states.as_ref().or(self.licenses.as_ref()).filter(|all| !all.is_empty());
        (all.map(|all| text_of(all).unwrap()), self.conflict)
    }
}

fn ids(prefix: &'static str) -> impl Strategy<Value = String> {
    (0..4_u8).prop_map(move |number| format!("{prefix}{number}"))
}

fn license(with_state: bool) -> impl Strategy<Value = UserLicense> {
    let plans = prop::collection::btree_set(ids("p"), 0..3).prop_map(|plans| plans.into_iter().collect());
    let seconds = prop::option::of(0..4_000_000_000_i64);
    let error = prop::option::of(prop::sample::select(vec!["CountViolation", "Other", "å\"\\\n"]));
    let state = prop::sample::select(LicenseState::ALL.to_vec());
    (ids("s"), prop::option::of(ids("g")), plans, state, error, seconds).prop_map(
        move |(sku_id, group_id, disabled_plans, state, error, seconds)| {
            let direct = UserLicense { sku_id, disabled_plans, ..UserLicense::default() };
            if !with_state {
                return direct;
            }
            let last_updated = seconds.map(|seconds| Timestamp::from_second(seconds).unwrap());
            UserLicense { group_id, state, error: error.map(str::to_owned), last_updated, ..direct }
        },
    )
}

/// Licenses in canonical order.
fn licenses(with_states: bool) -> impl Strategy<Value = Option<Vec<UserLicense>>> {
    prop::option::of(prop::collection::vec(license(with_states), 0..4).prop_map(|all| {
        let key = |license: UserLicense| ((license.sku_id.clone(), license.group_id.clone()), license);
        all.into_iter().map(key).collect::<BTreeMap<_, _>>().into_values().collect()
    }))
}

fn user() -> impl Strategy<Value = User> {
    (licenses(true), licenses(false), prop::option::of(any::<bool>()))
        .prop_map(|(states, licenses, conflict)| User { states, licenses, conflict })
}

fn ndjson(users: &[User], first: usize) -> String {
    let line = |(at, user): (usize, &User)| format!("{}\n", user.json(&format!("u{at}")));
    (first..).zip(users).map(line).collect()
}

fn csv(users: &[User]) -> String {
    let names = ["id", "licenseAssignmentStates", "assignedLicenses", "addressConflict"];
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(names).unwrap();
    for (at, user) in users.iter().enumerate() {
        let json = user.json(&format!("u{at}"));
        out.write_record(names.map(|name| match &json[name] {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        }))
        .unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

fn write_texts(path: &Path, users: &[User], properties: WriterProperties) {
    let column = |name: &str| -> ArrayRef {
        let text = |(at, user): (usize, &User)| match &user.json(&format!("u{at}"))[name] {
            Json::Null => None,
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        Arc::new(users.iter().enumerate().map(text).collect::<StringArray>())
    };
    let names = ["addressConflict", "licenseAssignmentStates", "id", "assignedLicenses"];
    let columns = names.map(|name| (name, column(name), true));
    write_parquet(path, &RecordBatch::try_from_iter_with_nullable(columns).unwrap(), properties);
}

/// The same as lists of structs.
fn write_lists(path: &Path, users: &[User], properties: WriterProperties) {
    let lists = |of: &dyn Fn(&User) -> Option<&Vec<UserLicense>>| -> ArrayRef {
        let all: Vec<&UserLicense> = users.iter().filter_map(of).flatten().collect();
        let texts = |of: &dyn Fn(&UserLicense) -> Option<String>| -> ArrayRef {
            Arc::new(all.iter().map(|license| of(license)).collect::<StringArray>())
        };
        let mut plans = ListBuilder::new(StringBuilder::new());
        for license in &all {
            license.disabled_plans.iter().rev().for_each(|plan| plans.values().append_value(plan));
            plans.append(!license.disabled_plans.is_empty());
        }
        let updated: TimestampMillisecondArray =
            all.iter().map(|license| license.last_updated.map(Timestamp::as_millisecond)).collect();
        let items = structure(&[
            ("disabledPlans", Arc::new(plans.finish())),
            ("assignedByGroup", texts(&|license| license.group_id.clone())),
            ("skuId", texts(&|license| Some(license.sku_id.to_uppercase()))),
            ("x", texts(&|_| None)),
            ("error", texts(&|license| license.error.clone())),
            ("state", texts(&|license| Some(license.state.word().to_lowercase()))),
            ("lastUpdatedDateTime", Arc::new(updated)),
        ]);
        let offsets = OffsetBuffer::from_lengths(users.iter().map(|user| of(user).map_or(0, Vec::len)));
        let valid: NullBuffer = users.iter().map(|user| of(user).is_some()).collect::<Vec<_>>().into();
        let field = Arc::new(Field::new("element", DataType::clone(items.data_type()), true));
        Arc::new(ListArray::new(field, offsets, items, Some(valid)))
    };
    let columns: [(&str, ArrayRef, bool); 4] = [
        ("licenseAssignmentStates", lists(&|user| user.states.as_ref()), true),
        ("addressConflict", Arc::new(users.iter().map(|user| user.conflict).collect::<BooleanArray>()), true),
        ("id", Arc::new((0..users.len()).map(|at| Some(format!("u{at}"))).collect::<StringArray>()), true),
        ("assignedLicenses", lists(&|user| user.licenses.as_ref()), true),
    ];
    write_parquet(path, &RecordBatch::try_from_iter_with_nullable(columns).unwrap(), properties);
}

type Told = Vec<(Option<String>, Option<bool>)>;

fn told(read: &ReadColumns) -> Told {
    let stored = StoredColumns::of_read(&read.columns, None);
    (0..read.columns.rows()).map(|row| told_of(&stored.object(row, "x"))).collect()
}

fn told_of(object: &Object) -> (Option<String>, Option<bool>) {
    let text = |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
    let flag = |value: &Value| if let Value::Boolean(flag) = value { Some(*flag) } else { None };
    (text(object.get(LICENSES)), flag(object.get(ADDRESS_CONFLICT)))
}

proptest! {
    #[test]
    fn all_formats_say_the_same(users in prop::collection::vec(user(), 1..30), group_rows in 1..20_usize, dictionary: bool) {
        let folder = tempfile::tempdir().unwrap();
        let expected: Told = users.iter().map(User::told).collect();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("u.ndjson"), ndjson(&users, 0)).unwrap();
        fs::write(path("u.csv"), csv(&users)).unwrap();
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).set_dictionary_enabled(dictionary);
        write_texts(&path("u.parquet"), &users, properties.clone().build());
        write_lists(&path("lists.parquet"), &users, properties.clone().build());
        for name in ["u.ndjson", "u.csv", "u.parquet", "lists.parquet"] {
            prop_assert_eq!(&told(&read(&path(name)).unwrap()), &expected, "{}", name);
        }
        let parts = folder.path().join("parts");
        fs::create_dir(&parts).unwrap();
        let (first, second) = users.split_at(users.len() / 2);
        write_texts(&parts.join("a.parquet"), first, properties.build());
        fs::write(parts.join("b.ndjson"), ndjson(second, first.len())).unwrap();
        if !first.is_empty() {
            prop_assert_eq!(&told(&read(&parts).unwrap()), &expected);
        }
    }

    #[test]
    fn what_is_stored_is_read_back(users in prop::collection::vec(user(), 1..30), changed in prop::collection::vec((any::<prop::sample::Index>(), user()), 0..5)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.ndjson");
        fs::write(&path, ndjson(&users, 0)).unwrap();
        let read = read(&path).unwrap();
        let ids = read.columns.ids.clone();
        let stored = StoredColumns::of_read(&read.columns, None);
        let names: Vec<StoredName> = stored.names().cloned().collect();
        let rows = users.len();
        let decoded = StoredColumns::decoded(stored.encoded().unwrap(), rows).unwrap();
        prop_assert_eq!(decoded.encoded().unwrap(), stored.encoded().unwrap());

        // Some users change, one row is nobody's.
        let mut expected: Told = users.iter().map(User::told).collect();
        let mut at: Vec<u32> = Vec::new();
        let mut objects = Vec::new();
        for (index, user) in &changed {
            let row = index.index(rows);
            let (licenses, conflict) = user.told();
            expected[row] = (licenses.clone(), conflict);
            at.push(u32::try_from(row).unwrap());
            let object = Object::new("x").with(LICENSES, licenses.map(Value::Text).unwrap_or_default());
            objects.push(object.with(ADDRESS_CONFLICT, conflict.map(Value::Boolean).unwrap_or_default()));
        }
        let by = StoredColumns::of_objects(&objects, &names, Subject::User, Attributes::standard());
        let order: Vec<u32> = (0..u32::try_from(rows).unwrap()).chain([NO_ROW]).collect();
        let taken = decoded.replaced(&at, by).unwrap().taken(&order).unwrap();
        expected.push((None, None));
        let objects: Told = (0..=rows).map(|row| told_of(&taken.object(row, "x"))).collect();
        prop_assert_eq!(&objects, &expected);

        let all_ids = StringArray::from_iter_values(ids.iter().flatten().chain(["nobody"]));
        let again = taken.into_read(all_ids, &wanted()).unwrap();
        prop_assert_eq!(&told(&again), &expected);
        let (Column::Text(column), original) = (&again.columns.columns[LICENSES], &again.columns.originals[LICENSES]) else {
            panic!("text")
        };
        let all = |texts: &TextColumn| (0..=rows).map(|row| texts.get(row).map(str::to_owned)).collect::<Vec<_>>();
        prop_assert_eq!(all(column), all(original), "nothing is folded");
    }

    #[test]
    fn a_canonical_text_stays_as_it_is(user in user()) {
        if let (Some(text), _) = user.told() {
            let licenses = parse(&text).unwrap();
            prop_assert_eq!(text_of(&licenses).unwrap(), text);
            prop_assert_eq!(Some(licenses), user.states.or(user.licenses));
        }
    }
}

/// Pieces of users with licenses, so that random texts come near to real ones.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "null",
        "\"\"",
        "5",
        "true",
        "\"a\"",
        "\"A\"",
        "\"skuId\":\"a\"",
        "\"SKUID\":\"b\"",
        "\"skuId\":",
        "{\"skuId\":\"a\"}",
        "{\"skuId\":\"b\"}",
        "\"disabledPlans\":[\"p\"]",
        "\"disabledPlans\":null",
        "\"disabledPlans\":[null]",
        "\"assignedByGroup\":\"g\"",
        "\"assignedByGroup\":null",
        "\"assignedByGroup\":\"\"",
        "\"state\":\"Error\"",
        "\"state\":\"x\"",
        "\"error\":\"None\"",
        "\"error\":\"\\ud800\"",
        "\"lastUpdatedDateTime\":\"2026-01-15T08:00:00Z\"",
        "\"lastUpdatedDateTime\":\"2026-02-30T08:00:00Z\"",
        "\"lastUpdatedDateTime\":\"\"",
        "\"x\":[{}]",
        "\"x\":1e999",
        "\"category\":\"PropertyConflict\"",
        "\"propertyCausingError\":\"Mail\"",
        "\"category\":null",
        "\"category\":5",
        " ",
    ]);
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

/// Objects of fields, mostly well formed.
fn lists() -> impl Strategy<Value = String> {
    let object = prop::collection::vec(pieces(), 0..3).prop_map(|pieces| format!("{{{}}}", pieces.join(",")));
    let field = prop::sample::select(vec![
        "\"skuId\":\"a\"",
        "\"skuId\":\"b\"",
        "\"SkuId\":\"A\"",
        "\"assignedByGroup\":\"g\"",
        "\"assignedByGroup\":\"\"",
        "\"state\":\"disabled\"",
        "\"state\":null",
        "\"state\":\"gone\"",
        "\"disabledPlans\":[\"q\",\"P\"]",
        "\"disabledPlans\":[\"\"]",
        "\"error\":\"none\"",
        "\"error\":\"Other\"",
        "\"x\":{}",
        "\"lastUpdatedDateTime\":\"2026-01-15\"",
        "\"lastUpdatedDateTime\":\"2026-02-29T00:00:00Z\"",
        "\"category\":\"PropertyConflict\"",
        "\"propertyCausingError\":\"mail\"",
        "\"propertyCausingError\":7",
    ]);
    let fields = prop::collection::vec(field, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(",")));
    let list = prop::collection::vec(prop_oneof![1 => object, 6 => fields], 0..4);
    prop_oneof![8 => list.prop_map(|all| format!("[{}]", all.join(","))), 1 => pieces()]
}

fn fields() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "licenseAssignmentStates",
        "assignedLicenses",
        "AssignedLicenses",
        "addressConflict",
        "address_conflict",
        "serviceProvisioningErrors",
        "onPremisesProvisioningErrors",
    ]);
    let value = prop_oneof![6 => lists(), 1 => prop::sample::select(vec!["true", "false", "null", "\"x\""]).prop_map(str::to_owned)];
    prop::collection::vec((name, value), 1..3).prop_map(|fields| {
        fields
            .iter()
            .flat_map(|(name, value)| [",\"", *name, "\":", value.as_str()].map(str::to_owned))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The quick readers take exactly what the row readers take, and read the same.
    #[test]
    fn odd_files_have_the_faults_that_the_row_readers_find(fields in prop::collection::vec(fields(), 1..3)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.ndjson");
        let line = |(at, fields): (usize, &String)| format!("{{\"id\":\"u{at}\"{fields}}}\n");
        fs::write(&path, fields.iter().enumerate().map(line).collect::<String>()).unwrap();
        let shape = Shape::of_objects(Subject::User, Attributes::standard()).with_licensing(Licensing::Read);
        let objects = objects_of_shape(&Source::read(&path).unwrap(), &shape);
        match (read(&path), objects) {
            (Ok(read), Ok(objects)) => {
                let expected: Told = objects.iter().map(|read| {
                    let [states, licenses] = LICENSE_SOURCES.map(|name| match read.object.get(name) {
                        Value::Text(text) => Some(text.as_str()),
                        _ => None,
                    });
                    let flags = CONFLICT_SOURCES.map(|name| match read.object.get(name) {
                        Value::Boolean(flag) => Some(*flag),
                        _ => None,
                    });
                    (licenses_of(states, licenses).map(str::to_owned), conflict_of(flags))
                }).collect();
                prop_assert_eq!(told(&read), expected);
            }
            (Err(errors), Err(expected)) => prop_assert_eq!(errors, expected),
            (Ok(_), Err(expected)) => prop_assert!(false, "the columns do not say: {}", expected),
            (Err(errors), Ok(_)) => prop_assert!(false, "only the columns say: {}", errors),
        }
    }
}

#[test]
fn sizes_that_nobody_has_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let entry = |number: usize| format!("{{\"skuId\":\"{number}\"}}");
    let errors = |name: &str, list: &str| {
        let path = folder.path().join("users.ndjson");
        fs::write(&path, format!("{{\"id\":\"a\",\"{name}\":{list}}}\n")).unwrap();
        let read = read(&path).map(|read| told(&read));
        read.map_err(|errors| errors.to_string().replace(&format!("{}/", folder.path().display()), ""))
    };
    let list = |count: usize, entry: &dyn Fn(usize) -> String| {
        format!("[{}]", (0..count).map(entry).collect::<Vec<_>>().join(","))
    };
    assert!(errors("assignedLicenses", &list(LICENSES_PER_USER_MAX, &entry)).is_ok());
    let too_many = list(LICENSES_PER_USER_MAX * 100, &entry);
    insta::assert_snapshot!(errors("assignedLicenses", &too_many).unwrap_err(), @"users.ndjson:1:168921: field assignedLicenses[10000]: a user has at most 10000 licenses");
    let plan = |number: usize| format!("\"{number}\"");
    let plans = |count: usize| format!("[{{\"skuId\":\"a\",\"disabledPlans\":{}}}]", list(count, &plan));
    assert!(errors("licenseAssignmentStates", &plans(DISABLED_PLANS_PER_LICENSE_MAX)).is_ok());
    insta::assert_snapshot!(errors("licenseAssignmentStates", &plans(DISABLED_PLANS_PER_LICENSE_MAX + 1)).unwrap_err(), @"users.ndjson:1:38: field licenseAssignmentStates[0]: a license has at most 1000 disabled plans");
    let nothing = |_: usize| "{}".to_owned();
    assert!(errors("serviceProvisioningErrors", &list(PROVISIONING_ERRORS_PER_USER_MAX, &nothing)).is_ok());
    let too_many = list(PROVISIONING_ERRORS_PER_USER_MAX + 1, &nothing);
    insta::assert_snapshot!(errors("serviceProvisioningErrors", &too_many).unwrap_err(), @"users.ndjson:1:30040: field serviceProvisioningErrors[10000]: a user has at most 10000 provisioning errors");
    let deep = format!("[{{\"skuId\":\"a\",\"x\":{}{}}}]", "[".repeat(200_000), "]".repeat(200_000));
    assert!(errors("assignedLicenses", &deep).is_ok(), "what is passed over may be as deep as it likes");
    insta::assert_snapshot!(errors("assignedLicenses", &"[".repeat(200_000)).unwrap_err(), @"users.ndjson:1:200030: the JSON is broken: a value is expected");
}
