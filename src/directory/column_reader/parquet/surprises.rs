//! Parquet files with other types than one would write, and with what cannot be read.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{
    FixedSizeListBuilder, LargeListBuilder, LargeStringBuilder, ListBuilder, StringBuilder,
    StringDictionaryBuilder, StringViewBuilder,
};
use arrow_array::types::{Int8Type, UInt32Type};
use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Date64Array, FixedSizeBinaryArray, Float64Array,
    Int8Array, Int32Array, Int64Array, LargeStringArray, NullArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt64Array,
};
use parquet::data_type::{ByteArray, ByteArrayType, Int96, Int96Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::directory::column_reader::samples::{SHOE, structure, write_parquet};
use crate::directory::column_reader::{ReadColumns, Wanted, read_columns};
use crate::directory::columns::{Column, TextColumn};
use crate::language::attribute::{Attributes, Subject};

fn read_file(path: &Path) -> Result<ReadColumns, String> {
    let names = [
        "accountEnabled",
        "assignedPlans",
        "city",
        "employeeHireDate",
        "extensionAttribute1",
        "otherMails",
        "telephoneNumber",
        SHOE,
    ];
    let find = |name: &str| Attributes::standard().find(Subject::User, name);
    let wanted = Wanted {
        attributes: names.into_iter().filter_map(find).collect(),
        managers: true,
        ..Wanted::default()
    };
    read_columns(path, Subject::User, Attributes::standard(), &wanted).map_err(|errors| {
        let folder = path.parent().unwrap().display().to_string();
        errors.to_string().replace(&folder, "tenant")
    })
}

fn read_with(columns: Vec<(&str, ArrayRef)>, properties: WriterProperties) -> Result<ReadColumns, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.parquet");
    let columns = columns.into_iter().map(|(name, column)| (name, column, true));
    write_parquet(&path, &RecordBatch::try_from_iter_with_nullable(columns).unwrap(), properties);
    read_file(&path)
}

/// Reads one column beside the ids `a`, `b`, `c` and shows it.
fn read(name: &str, column: ArrayRef) -> Result<Vec<String>, String> {
    let ids: ArrayRef =
        Arc::new(["a", "b", "c"].into_iter().take(column.len()).map(Some).collect::<StringArray>());
    let read = read_with(vec![("id", ids), (name, column)], WriterProperties::default())?;
    let rows = read.columns.rows();
    let column = read.columns.columns.values().find(|column| (0..rows).any(|row| shown(column, row) != "-"));
    Ok((0..rows).map(|row| column.map_or("-".to_owned(), |column| shown(column, row))).collect())
}

fn shown(column: &Column, row: usize) -> String {
    let text = |texts: &TextColumn, row| texts.get(row).unwrap_or("-").to_owned();
    let is_valid =
        |valid: &Option<arrow_buffer::NullBuffer>| valid.as_ref().is_none_or(|valid| valid.is_valid(row));
    match column {
        Column::Boolean { values, valid } if is_valid(valid) => values.value(row).to_string(),
        Column::Instant { ticks, valid } if is_valid(valid) => ticks[row].to_string(),
        Column::Boolean { .. } | Column::Instant { .. } => "-".to_owned(),
        Column::Text(texts) => text(texts, row),
        Column::Texts(table) => {
            let items = (table.offsets[row] as usize..table.offsets[row + 1] as usize)
                .map(|item| text(&table.items, item));
            items.collect::<Vec<_>>().join("+") + "-"
        }
        Column::Plans(table) => {
            let items = (table.offsets[row] as usize..table.offsets[row + 1] as usize).map(|item| {
                text(&table.items.service, item) + "/" + &text(&table.items.capability_status, item)
            });
            items.collect::<Vec<_>>().join("+") + "-"
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it is what a good file is compared with")]
fn owned(texts: &[&str]) -> Result<Vec<String>, String> {
    Ok(texts.iter().map(|&text| text.to_owned()).collect())
}

#[test]
fn text_is_read_in_every_encoding() {
    let expected = owned(&["OSLO", "-", "ÅS"]);
    let texts = [Some("Oslo"), None, Some("ås")];
    assert_eq!(read("CITY", Arc::new(LargeStringArray::from(texts.to_vec()))), expected);
    assert_eq!(read("city", Arc::new(StringViewArray::from(texts.to_vec()))), expected);
    let mut small = StringDictionaryBuilder::<Int8Type>::new();
    let mut wide = StringDictionaryBuilder::<UInt32Type>::new();
    for text in texts {
        small.append_option(text);
        wide.append_option(text);
    }
    assert_eq!(read("city", Arc::new(small.finish())), expected);
    assert_eq!(read("city", Arc::new(wide.finish())), expected);
    assert_eq!(read("city", Arc::new(NullArray::new(3))), owned(&["-", "-", "-"]));
    let uuid: ArrayRef = Arc::new(FixedSizeBinaryArray::try_from_iter([[0xAB_u8; 16]; 2].iter()).unwrap());
    insta::assert_snapshot!(read("city", uuid).unwrap_err(), @"tenant/users.parquet: field city: expected a string or null, found a column of type bytes that are not marked as a string");
}

#[test]
fn types_that_do_not_fit_are_named() {
    insta::assert_snapshot!(read("city", Arc::new(Int64Array::from(vec![1]))).unwrap_err(), @"tenant/users.parquet: field city: expected a string or null, found a column of type int64");
    insta::assert_snapshot!(read("city", Arc::new(BinaryArray::from(vec![&b"x"[..]]))).unwrap_err(), @"tenant/users.parquet: field city: expected a string or null, found a column of type bytes that are not marked as a string");
    insta::assert_snapshot!(read("employeeHireDate", Arc::new(Float64Array::from(vec![f64::NAN]))).unwrap_err(), @r#"tenant/users.parquet: field employeeHireDate: expected a date-time such as "2026-01-15T08:00:00Z" or null, found a column of type double"#);
    insta::assert_snapshot!(read("employeeHireDate", Arc::new(Int64Array::from(vec![1]))).unwrap_err(), @r#"tenant/users.parquet: field employeeHireDate: expected a date-time such as "2026-01-15T08:00:00Z" or null, found a column of type int64"#);
    insta::assert_snapshot!(read("otherMails", Arc::new(StringArray::from(vec!["a;b"]))).unwrap_err(), @"tenant/users.parquet: field otherMails: expected a list of strings or null, found a column of type string");
    insta::assert_snapshot!(read("assignedPlans", structure(&[("service", Arc::new(Int8Array::from(vec![1])))])).unwrap_err(), @"tenant/users.parquet: field assignedPlans: expected a list of objects or null, found a column of type struct<service: int8>");
    insta::assert_snapshot!(read("onPremisesExtensionAttributes", Arc::new(StringArray::from(vec!["{}"]))).unwrap_err(), @"tenant/users.parquet: field onPremisesExtensionAttributes: expected an object or null, found a column of type string");
    insta::assert_snapshot!(read(SHOE, Arc::new(Float64Array::from(vec![1.5]))).unwrap_err(), @"tenant/users.parquet: field extension_c272a57b722d4eb29bfe327874ae79cb_shoe: expected a string, a number, a boolean or null, found a column of type double");
    // What nobody wants may be anything.
    assert_eq!(read("state", Arc::new(Int64Array::from(vec![1]))), owned(&["-"]));
}

#[test]
fn extensions_are_read_as_their_text() {
    assert_eq!(
        read(SHOE, Arc::new(Int64Array::from(vec![Some(i64::MIN), None]))),
        owned(&["-9223372036854775808", "-"])
    );
    assert_eq!(read(SHOE, Arc::new(UInt64Array::from(vec![u64::MAX]))), owned(&["18446744073709551615"]));
    assert_eq!(read(&SHOE.to_uppercase(), Arc::new(BooleanArray::from(vec![true]))), owned(&["TRUE"]));
}

#[test]
fn booleans_may_be_text_or_zero_and_one() {
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("True"), None, Some("FALSE")]));
    assert_eq!(read("accountEnabled", text), owned(&["true", "-", "false"]));
    assert_eq!(
        read("accountEnabled", Arc::new(Int32Array::from(vec![Some(1), None, Some(0)]))),
        owned(&["true", "-", "false"])
    );
    insta::assert_snapshot!(read("accountEnabled", Arc::new(StringArray::from(vec!["true", "yes"]))).unwrap_err(), @r#"tenant/users.parquet: field accountEnabled: row 2: expected true, false or null, found "yes""#);
    insta::assert_snapshot!(read("accountEnabled", Arc::new(Int8Array::from(vec![1, 2]))).unwrap_err(), @"tenant/users.parquet: field accountEnabled: row 2: expected 0, 1 or null, found 2");
}

#[test]
fn instants_are_ticks_in_every_unit() {
    let ticks = "13569465600000000";
    let name = "employeeHireDate";
    let second = 1_356_946_560_i64;
    assert_eq!(
        read(name, Arc::new(TimestampSecondArray::from(vec![Some(second), None]))),
        owned(&[ticks, "-"])
    );
    assert_eq!(
        read(
            name,
            Arc::new(TimestampMillisecondArray::from(vec![second * 1_000]).with_timezone("Asia/Tokyo"))
        ),
        owned(&[ticks])
    );
    assert_eq!(
        read(
            name,
            Arc::new(TimestampMicrosecondArray::from(vec![second * 1_000_000]).with_timezone("+02:00"))
        ),
        owned(&[ticks])
    );
    let nanoseconds = vec![second * 1_000_000_000 + 99, -1];
    assert_eq!(read(name, Arc::new(TimestampNanosecondArray::from(nanoseconds))), owned(&[ticks, "-1"]));
    assert_eq!(
        read(name, Arc::new(Date32Array::from(vec![1, -1]))),
        owned(&["864000000000", "-864000000000"])
    );
    assert_eq!(read(name, Arc::new(Date64Array::from(vec![86_400_000]))), owned(&["864000000000"]));
    let texts = StringArray::from(vec![Some("1970-01-02"), None, Some("1970-01-01T01:00:00.12345678+01:00")]);
    assert_eq!(read(name, Arc::new(texts)), owned(&["864000000000", "-", "1234567"]));
}

#[test]
fn instants_outside_of_the_calendar_are_refused() {
    let name = "employeeHireDate";
    let out = |column: ArrayRef| read(name, column).unwrap_err();
    insta::assert_snapshot!(out(Arc::new(Date32Array::from(vec![0, i32::MAX]))), @"tenant/users.parquet: field employeeHireDate: row 2: expected a date-time that exists and lies before 9999-12-31, found one that does not");
    assert!(out(Arc::new(TimestampSecondArray::from(vec![i64::MAX]))).contains("row 1: expected"));
    assert!(out(Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN]))).contains("row 1: expected"));
    assert!(out(Arc::new(StringArray::from(vec!["2026-02-30"]))).contains("row 1: expected"));
    // Where there is no value it does not matter what stands there.
    let hidden = TimestampSecondArray::new(vec![i64::MAX, 0].into(), Some(vec![false, true].into()));
    assert_eq!(read(name, Arc::new(hidden)), owned(&["-", "0"]));
}

#[test]
fn lists_are_read_in_every_encoding() {
    let expected = owned(&["X+Y-", "-", "-"]);
    let mut list = ListBuilder::new(LargeStringBuilder::new());
    let mut large = LargeListBuilder::new(StringViewBuilder::new());
    list.append_value([Some("x"), Some("y")]);
    large.append_value([Some("x"), Some("y")]);
    list.append_null();
    large.append_null();
    list.append_value([None::<&str>; 0]);
    large.append_value([None::<&str>; 0]);
    assert_eq!(read("otherMails", Arc::new(list.finish())), expected);
    assert_eq!(read("otherMails", Arc::new(large.finish())), expected);
    let mut fixed = FixedSizeListBuilder::new(StringBuilder::new(), 2);
    fixed.values().append_value("x");
    fixed.values().append_value("y");
    fixed.append(true);
    fixed.values().append_nulls(2);
    fixed.append(false);
    assert_eq!(read("otherMails", Arc::new(fixed.finish())), owned(&["X+Y-", "-"]));
    let mut phones = ListBuilder::new(StringBuilder::new());
    phones.append_value([Some("+47"), Some("+48")]);
    phones.append_null();
    assert_eq!(read("businessPhones", Arc::new(phones.finish())), owned(&["+47", "-"]));
    let mut nulls = ListBuilder::new(StringBuilder::new());
    nulls.append_value([Some("x")]);
    nulls.append_value([Some("x"), None]);
    insta::assert_snapshot!(read("otherMails", Arc::new(nulls.finish())).unwrap_err(), @"tenant/users.parquet: field otherMails: row 2: expected a string as item 2, found null");
}

#[test]
fn ids_are_needed_and_told_apart() {
    let text = |texts: Vec<Option<&str>>| -> ArrayRef { Arc::new(StringArray::from(texts)) };
    let read = |columns| {
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        read_with(columns, properties).map(|read| read.columns.rows())
    };
    assert_eq!(read(vec![("OBJECTID", text(vec![Some("a"), Some("b")]))]), Ok(2));
    assert_eq!(read(vec![("id", text(vec![]))]), Ok(0));
    assert_eq!(
        raw("message m { required binary id (UTF8); }", |_| {}).map(|read| read.columns.rows()),
        Ok(0)
    );
    insta::assert_snapshot!(read(vec![("city", text(vec![Some("a")]))]).unwrap_err(), @"tenant/users.parquet: the file has no column `id`");
    insta::assert_snapshot!(read(vec![("id", text(vec![Some("a")])), ("objectId", text(vec![Some("a")]))]).unwrap_err(), @"tenant/users.parquet: field objectId: `id` and `objectId` are one field, and both are given");
    insta::assert_snapshot!(read(vec![("id", text(vec![Some("a"), Some("b"), None]))]).unwrap_err(), @"tenant/users.parquet: field id: row 3: a value is missing");
    insta::assert_snapshot!(read(vec![("id", text(vec![Some("")]))]).unwrap_err(), @"tenant/users.parquet: field id: row 1: a value is missing");
    insta::assert_snapshot!(read(vec![("id", text(vec![Some("å"), Some("b"), Some("c"), Some("Å")]))]).unwrap_err(), @"tenant/users.parquet: field id: row 4: `Å` is taken by row 1");
}

/// Writes a file without what Arrow would note about its types.
fn raw(schema: &str, write: impl Fn(&mut SerializedFileWriter<&mut Vec<u8>>)) -> Result<ReadColumns, String> {
    let mut bytes = Vec::new();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::default()).unwrap();
    write(&mut writer);
    writer.close().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.parquet");
    std::fs::write(&path, bytes).unwrap();
    read_file(&path)
}

#[test]
fn old_timestamps_and_uuids_are_read() {
    let read = raw(
        "message m { required binary id (UTF8); required int96 employeeHireDate; \
         required fixed_len_byte_array(16) city (UUID); }",
        |writer| {
            let mut group = writer.next_row_group().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&[ByteArray::from("a")], None, None).unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            // Year 3000, which nanoseconds since 1970 could not hold.
            let days = 2_440_588 + 376_200;
            let mut instant = Int96::new();
            instant.set_data(1_000_999, 0, days);
            column.typed::<Int96Type>().write_batch(&[instant], None, None).unwrap();
            column.close().unwrap();
            let mut column = group.next_column().unwrap().unwrap();
            let uuid: Vec<u8> = (0..16).map(|byte| byte * 16 + 10).collect();
            let uuid = parquet::data_type::FixedLenByteArray::from(uuid);
            column
                .typed::<parquet::data_type::FixedLenByteArrayType>()
                .write_batch(&[uuid], None, None)
                .unwrap();
            column.close().unwrap();
            group.close().unwrap();
        },
    )
    .unwrap();
    assert_eq!(
        shown(&read.columns.columns["employeeHireDate"], 0),
        (376_200 * 864_000_000_000_i64 + 10_000).to_string()
    );
    assert_eq!(shown(&read.columns.columns["city"], 0), "0A1A2A3A-4A5A-6A7A-8A9A-AABACADAEAFA");
}

#[test]
fn what_is_no_text_is_refused() {
    for annotation in ["UTF8", "STRING", "JSON"] {
        let result = raw(
            &format!("message m {{ required binary id (UTF8); required binary city ({annotation}); }}"),
            |writer| {
                let mut group = writer.next_row_group().unwrap();
                for value in [&b"a"[..], &[0xC3, 0x28]] {
                    let mut column = group.next_column().unwrap().unwrap();
                    let values = vec![ByteArray::from(value.to_vec())];
                    column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
                    column.close().unwrap();
                }
                group.close().unwrap();
            },
        );
        let error = result.map(|read| read.columns.rows()).unwrap_err();
        assert!(error.starts_with("tenant/users.parquet: field city: the column "), "{annotation}: {error}");
    }
}

#[test]
fn what_is_no_parquet_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.parquet");
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        read_file(&path).map(|read| read.columns.rows()).unwrap_err()
    };
    insta::assert_snapshot!(refusal(b""), @"tenant/users.parquet: the file is not Parquet");
    insta::assert_snapshot!(refusal(b"id,city\na,b\n"), @"tenant/users.parquet: the file is not Parquet");
    insta::assert_snapshot!(refusal(b"PAR1"), @"tenant/users.parquet: the Parquet file is cut off: it has no end");
    insta::assert_snapshot!(refusal(b"PARE........PARE"), @"tenant/users.parquet: the file is encrypted");
    insta::assert_snapshot!(refusal(b"PAR1\xFF\xFF\xFF\x7FPAR1"), @"tenant/users.parquet: the footer cannot be read: EOF: Parquet file too small. Size is 12 but need 2147483655");
    insta::assert_snapshot!(read_file(&folder.path().join("none.parquet")).map(|read| read.columns.rows()).unwrap_err(), @"tenant/none.parquet: the file does not exist");
}
