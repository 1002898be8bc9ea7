//! Licenses and conflicts of addresses in every format: the same columns, or the same words for what is wrong.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    Array, ArrayRef, BooleanArray, ListArray, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};
use parquet::file::properties::WriterProperties;
use serde_json::{Value as Json, json};

use super::samples::{structure, write_parquet};
use super::{ReadColumns, Wanted, read_columns};
use crate::directory::columns::Column;
use crate::directory::license_fields::{ADDRESS_CONFLICT, LICENSES};
use crate::directory::read::read_objects;
use crate::language::attribute::{Attribute, Attributes, Kind, Subject};

fn wanted() -> Wanted {
    Wanted::default().with_licenses()
}

/// Licenses and conflict of each user.
type Told = Vec<(Option<String>, Option<bool>)>;

fn told(read: &ReadColumns) -> Told {
    let texts = &read.columns.originals[LICENSES];
    let (Column::Text(same), Column::Boolean { values, valid }) =
        (&read.columns.columns[LICENSES], &read.columns.columns[ADDRESS_CONFLICT])
    else {
        panic!("the kinds of the columns")
    };
    let rows = 0..read.columns.rows();
    rows.map(|row| {
        assert_eq!(texts.get(row), same.get(row));
        let is_told = valid.as_ref().is_none_or(|valid| valid.is_valid(row));
        (texts.get(row).map(str::to_owned), is_told.then(|| values.value(row)))
    })
    .collect()
}

fn read_of(folder: &Path, name: &str, attributes: &Attributes) -> Result<ReadColumns, String> {
    let path = folder.join(name);
    read_columns(&path, Subject::User, attributes, &wanted())
        .map_err(|errors| errors.to_string().replace(&format!("{}/", folder.display()), ""))
}

fn read(name: &str, text: &str) -> Result<Told, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    read_of(folder.path(), name, Attributes::standard()).map(|read| told(&read))
}

/// Reads users with these fields, one of each item.
fn of_json(users: &[Json]) -> Result<Told, String> {
    let line = |(at, user): (usize, &Json)| {
        let mut user = user.clone();
        user["id"] = json!(format!("u{at}"));
        format!("{user}\n")
    };
    read("users.ndjson", &users.iter().enumerate().map(line).collect::<String>())
}

/// The same in CSV, each field a column.
fn csv_of(users: &[Json]) -> String {
    let mut names: Vec<&String> = users.iter().flat_map(|user| user.as_object().unwrap().keys()).collect();
    names.sort();
    names.dedup();
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["id"].into_iter().chain(names.iter().map(|name| name.as_str()))).unwrap();
    for (at, user) in users.iter().enumerate() {
        let cell = |name: &&String| match &user[name.as_str()] {
            Json::Null => String::new(),
            value => value.to_string(),
        };
        out.write_record([format!("u{at}")].into_iter().chain(names.iter().map(cell))).unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for what a user has")]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn states_count_before_licenses_in_every_text_format() {
    let users = [
        json!({"licenseAssignmentStates": [{"skuId": "B", "state": "ACTIVE", "error": "None"}, {"skuId": "A"}],
            "assignedLicenses": [{"skuId": "C"}]}),
        json!({"licenseAssignmentStates": null, "assignedLicenses": [{"skuId": "C", "disabledPlans": ["P2", "p1", "P1"],
            "state": 5, "assignedByGroup": {}}]}),
        json!({"licenseAssignmentStates": [], "assignedLicenses": [{"skuId": "C"}]}),
        json!({"licenseAssignmentStates": null, "assignedLicenses": []}),
        json!({}),
        json!({"LICENSEASSIGNMENTSTATES": [{"SKUID": "s", "assignedByGroup": "G", "error": "CountViolation",
            "state": "error", "lastUpdatedDateTime": "2026-01-15T09:00:00+01:00", "more": [{"skuId": 1}]}]}),
    ];
    let expected = [
        (some(r#"[{"skuId":"a"},{"skuId":"b"}]"#), None),
        (some(r#"[{"skuId":"c","disabledPlans":["p1","p2"]}]"#), None),
        (None, None),
        (None, None),
        (None, None),
        (
            some(
                r#"[{"skuId":"s","assignedByGroup":"g","state":"Error","error":"CountViolation","lastUpdatedDateTime":"2026-01-15T08:00:00Z"}]"#,
            ),
            None,
        ),
    ];
    assert_eq!(of_json(&users).unwrap(), expected);
    let pages = |users: &[Json]| {
        let user = |(at, user): (usize, &Json)| {
            let mut user = user.clone();
            user["id"] = json!(at.to_string());
            user
        };
        json!({ "value": users.iter().enumerate().map(user).collect::<Vec<_>>() }).to_string()
    };
    assert_eq!(read("users.json", &pages(&users)).unwrap(), expected);
    // One spelling for a column, or there would be two of them.
    assert_eq!(read("users.csv", &csv_of(&users[..5])).unwrap(), expected[..5]);
    assert_eq!(read("users.csv", &csv_of(&users[5..])).unwrap(), expected[5..]);
}

#[test]
fn conflicts_come_from_the_flag_or_from_errors() {
    let error = |category: &str, property: &str| json!([{"category": "x"}, {"category": category, "propertyCausingError": property, "value": "a@b.c"}]);
    let users = [
        json!({"addressConflict": true}),
        json!({"addressConflict": false}),
        json!({"address_conflict": true}),
        json!({"addressConflict": null}),
        json!({"addressConflict": false, "onPremisesProvisioningErrors": error("PropertyConflict", "ProxyAddresses")}),
        json!({"serviceProvisioningErrors": error("propertyconflict", "MAILNICKNAME")}),
        json!({"serviceProvisioningErrors": error("PropertyConflict", "ImmutableId"), "onPremisesProvisioningErrors": null}),
        json!({"onPremisesProvisioningErrors": []}),
    ];
    let expected =
        [Some(true), Some(false), Some(true), None, Some(true), Some(true), Some(false), Some(false)];
    let flags = |told: Told| told.into_iter().map(|(_, conflict)| conflict).collect::<Vec<_>>();
    assert_eq!(flags(of_json(&users).unwrap()), expected);
    assert_eq!(flags(read("users.csv", &csv_of(&users[..2])).unwrap()), expected[..2]);
    assert_eq!(flags(read("users.csv", &csv_of(&users[3..])).unwrap()), expected[3..]);
}

#[test]
fn wrong_values_are_named_with_place_and_field() {
    let users = [
        json!({"licenseAssignmentStates": {"skuId": "a"}}),
        json!({"licenseAssignmentStates": "a"}),
        json!({"assignedLicenses": [{"disabledPlans": []}, null, {"skuId": 5}, {"skuId": ""}]}),
        json!({"assignedLicenses": [{"skuId": "a", "disabledPlans": "p"}, {"skuId": "b", "disabledPlans": ["p", null]}]}),
        json!({"licenseAssignmentStates": [{"skuId": "a", "state": "Pending"}, {"skuId": "b", "assignedByGroup": ""}]}),
        json!({"licenseAssignmentStates": [{"skuId": "a", "error": 5}, {"skuId": "b", "lastUpdatedDateTime": "soon"}]}),
        json!({"assignedLicenses": [{"skuId": "a"}, {"skuId": "b"}, {"SKUID": "A"}]}),
        json!({"licenseAssignmentStates": [{"skuId": "a", "assignedByGroup": "G"}, {"skuId": "a"}, {"skuId": "A", "assignedByGroup": "g"}]}),
        json!({"licenseAssignmentStates": [{"skuId": "a", "disabledPlans": [""]}]}),
        json!({"licenseAssignmentStates": [{"skuId": "a", "SKUID": "a"}]}),
        json!({"addressConflict": "yes"}),
        json!({"addressConflict": true, "address_conflict": true}),
        json!({"onPremisesProvisioningErrors": [{"category": 5}]}),
    ];
    insta::assert_snapshot!(of_json(&users).unwrap_err(), @r#"
        users.ndjson:1:28: field licenseAssignmentStates: expected a list of objects or null, found an object
        users.ndjson:2:28: field licenseAssignmentStates: expected a list of objects or null, found "a"
        users.ndjson:3:22: field assignedLicenses[0].skuId: a value is missing
        users.ndjson:3:43: field assignedLicenses[1]: expected an object, found null
        users.ndjson:3:57: field assignedLicenses[2].skuId: expected a string or null, found the number 5
        users.ndjson:3:60: field assignedLicenses[3].skuId: a value is missing
        users.ndjson:4:51: field assignedLicenses[0].disabledPlans: expected a list of strings or null, found "p"
        users.ndjson:4:90: field assignedLicenses[1].disabledPlans[1]: expected a string, found null
        users.ndjson:5:50: field licenseAssignmentStates[0].state: expected Active, ActiveWithError, Error, Disabled or null, found "Pending"
        users.ndjson:5:92: field licenseAssignmentStates[1].assignedByGroup: expected the id of a group or null, found ""
        users.ndjson:6:50: field licenseAssignmentStates[0].error: expected a string or null, found the number 5
        users.ndjson:6:88: field licenseAssignmentStates[1].lastUpdatedDateTime: expected a date-time such as "2026-01-15T08:00:00Z", found "soon"
        users.ndjson:7:50: field assignedLicenses[2]: the product `a` is there twice as a direct license
        users.ndjson:8:79: field licenseAssignmentStates[2]: the product `a` is there twice by group `g`
        users.ndjson:9:29: field licenseAssignmentStates[0]: the id of a disabled plan is empty
        users.ndjson:10:50: field licenseAssignmentStates[0].SKUID: `skuId` and `SKUID` are one field, and both are given
        users.ndjson:11:20: field addressConflict: expected true, false or null, found "yes"
        users.ndjson:12:44: field address_conflict: `addressConflict` and `address_conflict` are one field, and both are given
        users.ndjson:13:46: field onPremisesProvisioningErrors[0].category: expected a string or null, found the number 5
        "#);
    let cells: Vec<Json> =
        users.iter().filter(|user| !user.to_string().contains("address_")).cloned().collect();
    insta::assert_snapshot!(read("users.csv", &csv_of(&cells)).unwrap_err(), @r#"
        users.csv:2:6: field licenseAssignmentStates: expected a list of objects or null, found an object
        users.csv:3:6: field licenseAssignmentStates: expected a list of objects or null, found "a"
        users.csv:4:5: field assignedLicenses[0].skuId: a value is missing
        users.csv:4:5: field assignedLicenses[1]: expected an object, found null
        users.csv:4:5: field assignedLicenses[2].skuId: expected a string or null, found the number 5
        users.csv:4:5: field assignedLicenses[3].skuId: a value is missing
        users.csv:5:5: field assignedLicenses[0].disabledPlans: expected a list of strings or null, found "p"
        users.csv:5:5: field assignedLicenses[1].disabledPlans[1]: expected a string, found null
        users.csv:6:6: field licenseAssignmentStates[0].state: expected Active, ActiveWithError, Error, Disabled or null, found "Pending"
        users.csv:6:6: field licenseAssignmentStates[1].assignedByGroup: expected the id of a group or null, found ""
        users.csv:7:6: field licenseAssignmentStates[0].error: expected a string or null, found the number 5
        users.csv:7:6: field licenseAssignmentStates[1].lastUpdatedDateTime: expected a date-time such as "2026-01-15T08:00:00Z", found "soon"
        users.csv:8:5: field assignedLicenses[2]: the product `a` is there twice as a direct license
        users.csv:9:6: field licenseAssignmentStates[2]: the product `a` is there twice by group `g`
        users.csv:10:6: field licenseAssignmentStates[0]: the id of a disabled plan is empty
        users.csv:11:6: field licenseAssignmentStates[0].SKUID: `skuId` and `SKUID` are one field, and both are given
        users.csv:12:5: field addressConflict: expected true, false or nothing, found ""yes""
        users.csv:13:8: field onPremisesProvisioningErrors[0].category: expected a string or null, found the number 5
        "#);
    insta::assert_snapshot!(read("users.csv", "id,assignedLicenses\na,ENTERPRISEPACK\n").unwrap_err(), @r#"users.csv:2:3: field assignedLicenses: expected JSON, found "ENTERPRISEPACK""#);
    insta::assert_snapshot!(read("users.csv", "id,addressConflict,address_conflict\na,,\n").unwrap_err(), @"users.csv:1:20: field address_conflict: `addressConflict` and `address_conflict` are one field, and both are given");
}

#[test]
fn what_is_not_wanted_is_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.ndjson");
    fs::write(
        &path,
        r#"{"id": "a", "assignedLicenses": "x", "addressConflict": 5, "licenseAssignmentStates": [{}]}"#,
    )
    .unwrap();
    let read = read_columns(&path, Subject::User, Attributes::standard(), &Wanted::default()).unwrap();
    assert!(read.columns.columns.is_empty() && read.columns.originals.is_empty());
    assert!(read_objects(&path, Subject::User, Attributes::standard()).is_ok());
    let devices = read_columns(&path, Subject::Device, Attributes::standard(), &wanted()).unwrap();
    assert_eq!(told(&devices), [(None, None)], "devices have no licenses");
}

#[test]
fn declared_attributes_of_the_same_names_are_read_as_ever() {
    let declared = |name: &str, kind: Kind| Attribute::declared(Subject::User, name, kind);
    let attributes = Attributes::standard().clone().declare([
        declared("assignedLicenses", Kind::Text),
        declared("licenseAssignmentStates", Kind::Texts),
        declared("addressConflict", Kind::Boolean),
        declared("licenses", Kind::Text),
    ]);
    let names = ["assignedLicenses", "licenseAssignmentStates", "addressConflict", "licenses"];
    let find = |name: &&str| attributes.find(Subject::User, name);
    let both =
        Wanted { attributes: names.iter().filter_map(find).collect(), ..Wanted::default() }.with_licenses();
    let both = Wanted {
        originals: names.iter().map(|&name| name.into()).chain([LICENSES.into()]).collect(),
        ..both
    };
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        read_columns(&path, Subject::User, &attributes, &both).map_err(|errors| errors.to_string())
    };
    let csv = "id,assignedLicenses,addressConflict,licenses\na,\"[{\"\"skuId\"\":\"\"S\"\"}]\",true,mine\n";
    let columns = read("users.csv", csv).unwrap();
    assert_eq!(told(&columns), [(some(r#"[{"skuId":"s"}]"#), Some(true))]);
    let text = |name: &str| columns.columns.originals[name].get(0).map(str::to_owned);
    assert_eq!((text("assignedLicenses"), text("licenses")), (some(r#"[{"skuId":"S"}]"#), some("mine")));
    assert!(
        matches!(&columns.columns.columns["addressConflict"], Column::Boolean { values, .. } if values.value(0))
    );

    // A list of objects is no text and no list of texts: that was an error before licenses were read.
    let json = r#"{"id": "a", "licenseAssignmentStates": [], "addressConflict": true, "licenses": "x"}"#;
    assert_eq!(told(&read("users.ndjson", json).unwrap()), [(None, Some(true))]);
    let json = r#"{"id": "a", "licenseAssignmentStates": [{"skuId": "a"}], "assignedLicenses": [{}]}"#;
    let error = read("users.ndjson", json).unwrap_err();
    let error = error.replace(&folder.path().display().to_string(), "tenant");
    insta::assert_snapshot!(error, @r"
        tenant/users.ndjson:1:41: field licenseAssignmentStates[0]: expected a string, found an object
        tenant/users.ndjson:1:78: field assignedLicenses: expected a string or null, found a list
        tenant/users.ndjson:1:79: field assignedLicenses[0].skuId: a value is missing
        ");
}

/// A Parquet file with ids `u0`, `u1`, … and these columns.
fn parquet(columns: Vec<(&str, ArrayRef)>) -> Result<Told, String> {
    let folder = tempfile::tempdir().unwrap();
    let rows = columns.first().map_or(0, |(_, column)| column.len());
    let ids: ArrayRef = Arc::new((0..rows).map(|row| Some(format!("u{row}"))).collect::<StringArray>());
    let columns = [("id", ids)].into_iter().chain(columns).map(|(name, column)| (name, column, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    write_parquet(&folder.path().join("users.parquet"), &batch, WriterProperties::default());
    read_of(folder.path(), "users.parquet", Attributes::standard()).map(|read| told(&read))
}

fn texts(values: &[Option<&str>]) -> ArrayRef {
    Arc::new(values.iter().copied().collect::<StringArray>())
}

fn lists(items: ArrayRef, lengths: &[usize], nulls: &[usize]) -> ArrayRef {
    let valid: NullBuffer = (0..lengths.len()).map(|row| !nulls.contains(&row)).collect::<Vec<_>>().into();
    let field = Arc::new(Field::new("element", DataType::clone(items.data_type()), true));
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths.iter().copied()), items, Some(valid)))
}

fn text_lists(all: &[&[&str]]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for items in all {
        items.iter().for_each(|item| lists.values().append_value(item));
        lists.append(true);
    }
    Arc::new(lists.finish())
}

#[test]
fn parquet_texts_hold_json() {
    let states = [
        Some(r#"[{"skuId":"B"},{"skuId":"a","assignedByGroup":"G"}]"#),
        None,
        Some("[]"),
        Some(""),
        Some("null"),
    ];
    let licenses =
        [None, Some(r#"[{"skuId":"A"}]"#), Some(r#"[{"skuId":"A"}]"#), None, Some(r#"[{"skuId":"A"}]"#)];
    let errors = [
        None,
        Some(r#"[{"category":"PropertyConflict","propertyCausingError":"Mail"}]"#),
        None,
        Some("[]"),
        None,
    ];
    let read = parquet(vec![
        ("licenseAssignmentStates", texts(&states)),
        ("ASSIGNEDLICENSES", texts(&licenses)),
        ("serviceProvisioningErrors", texts(&errors)),
        ("addressConflict", Arc::new(BooleanArray::from(vec![Some(true), None, None, None, None]))),
    ]);
    let a = || some(r#"[{"skuId":"a"}]"#);
    let expected = [
        (some(r#"[{"skuId":"a","assignedByGroup":"g"},{"skuId":"b"}]"#), Some(true)),
        (a(), Some(true)),
        (None, None),
        (None, Some(false)),
        (a(), None),
    ];
    assert_eq!(read.unwrap(), expected);
    let wrong = |text: &str| parquet(vec![("assignedLicenses", texts(&[None, Some(text)]))]).unwrap_err();
    insta::assert_snapshot!(wrong("ENTERPRISEPACK"), @r#"users.parquet: field assignedLicenses: row 2: expected JSON, found "ENTERPRISEPACK""#);
    insta::assert_snapshot!(wrong(r#"[{"skuId":"a"},{"skuId":"A"}]"#), @"users.parquet: field assignedLicenses: row 2: [1]: the product `a` is there twice as a direct license");
    insta::assert_snapshot!(wrong(r#"[{"disabledPlans":[]}]"#), @"users.parquet: field assignedLicenses: row 2: [0].skuId: a value is missing");
}

#[test]
fn parquet_lists_of_structs_are_read() {
    let updated =
        TimestampMicrosecondArray::from(vec![Some(1_768_464_000_000_000), None, None]).with_timezone("UTC");
    let states = structure(&[
        ("lastUpdatedDateTime", Arc::new(updated)),
        ("unknown", texts(&[Some("x"); 3])),
        ("disabledPlans", text_lists(&[&["P2", "p1"], &[], &[]])),
        ("SkuId", texts(&[Some("B"), Some("a"), Some("c")])),
        ("assignedByGroup", texts(&[None, Some("G"), None])),
        ("state", texts(&[Some("active"), Some("ERROR"), None])),
        ("error", texts(&[Some("None"), Some("CountViolation"), None])),
    ]);
    let licenses = structure(&[("skuId", texts(&[Some("X"), Some("Y")]))]);
    let errors = structure(&[
        ("category", texts(&[Some("PropertyConflict")])),
        ("propertyCausingError", texts(&[Some("ProxyAddresses")])),
    ]);
    let read = parquet(vec![
        ("licenseAssignmentStates", lists(states, &[2, 0, 0, 1], &[1])),
        ("assignedLicenses", lists(licenses, &[0, 1, 1, 0], &[])),
        ("onPremisesProvisioningErrors", lists(errors, &[0, 1, 0, 0], &[2])),
    ]);
    let expected = [
        (
            some(
                r#"[{"skuId":"a","assignedByGroup":"g","state":"Error","error":"CountViolation"},{"skuId":"b","disabledPlans":["p1","p2"],"lastUpdatedDateTime":"2026-01-15T08:00:00Z"}]"#,
            ),
            Some(false),
        ),
        (some(r#"[{"skuId":"x"}]"#), Some(true)),
        (None, None),
        (some(r#"[{"skuId":"c"}]"#), Some(false)),
    ];
    assert_eq!(read.unwrap(), expected);
}

#[test]
fn wrong_parquet_columns_are_named() {
    let states = |fields: &[(&str, ArrayRef)]| {
        parquet(vec![("licenseAssignmentStates", lists(structure(fields), &[0, 2], &[]))]).unwrap_err()
    };
    let skus = || ("skuId", texts(&[Some("a"), Some("b")]));
    insta::assert_snapshot!(states(&[("skuId", texts(&[Some("a"), None]))]), @"users.parquet: field licenseAssignmentStates: row 2: [1].skuId: a value is missing");
    insta::assert_snapshot!(states(&[("state", texts(&[None, None]))]), @"users.parquet: field licenseAssignmentStates: row 2: [0].skuId: a value is missing");
    insta::assert_snapshot!(states(&[skus(), ("state", texts(&[None, Some("Pending")]))]), @r#"users.parquet: field licenseAssignmentStates: row 2: [1].state: expected Active, ActiveWithError, Error, Disabled or null, found "Pending""#);
    insta::assert_snapshot!(states(&[skus(), ("lastUpdatedDateTime", texts(&[Some("soon"), None]))]), @r#"users.parquet: field licenseAssignmentStates: row 2: [0].lastUpdatedDateTime: expected a date-time such as "2026-01-15T08:00:00Z", found "soon""#);
    insta::assert_snapshot!(states(&[("skuId", texts(&[Some("a"), Some("A")]))]), @"users.parquet: field licenseAssignmentStates: row 2: [1]: the product `a` is there twice as a direct license");
    insta::assert_snapshot!(states(&[skus(), ("state", Arc::new(BooleanArray::from(vec![true, false])))]), @"users.parquet: field licenseAssignmentStates: expected a list of objects whose fields are text as in Graph, JSON as text, or null, found a column of type list<struct<skuId: string, state: boolean>>");
    insta::assert_snapshot!(states(&[skus(), ("SKUID", texts(&[None, None]))]), @"users.parquet: field licenseAssignmentStates: expected a list of objects whose fields are text as in Graph, JSON as text, or null, found a column of type list<struct<skuId: string, SKUID: string>>");
    insta::assert_snapshot!(parquet(vec![("assignedLicenses", text_lists(&[&["a"]]))]).unwrap_err(), @"users.parquet: field assignedLicenses: expected a list of objects whose fields are text as in Graph, JSON as text, or null, found a column of type list<string>");
    insta::assert_snapshot!(parquet(vec![("assignedLicenses", Arc::new(BooleanArray::from(vec![true])))]).unwrap_err(), @"users.parquet: field assignedLicenses: expected a list of objects whose fields are text as in Graph, JSON as text, or null, found a column of type boolean");
}
