//! Users and devices.

use std::path::{Path, PathBuf};

use arrow_array::StringArray;

use super::{IdOf, read_rows};
use crate::directory::column_reader::repeated::{ReadFile, refuse_repeated};
use crate::directory::column_reader::{IdIndex, folder, is_parquet, objects_of_parquet};
use crate::directory::error::DataErrors;
use crate::directory::object::{AssignedPlan, Object, Value};
use crate::directory::row::{Datum, Row};
use crate::directory::shape::{MANAGER, MEMBER_OF, OBJECT_ID, REMOVED, Shape};
use crate::directory::source::{Format, Source};
use crate::language::attribute::{Attributes, Subject};

/// A user or device as its file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadObject {
    /// Its id, attributes and manager.
    pub object: Object,
    /// The ids in its `memberOf`. A list of whole groups, as Graph expands it, is passed over.
    pub member_of: Vec<String>,
    /// Whether `@removed` marks it as deleted.
    pub removed: bool,
    /// The line on which it begins, from 1.
    pub line: usize,
}

/// Reads the users or devices of the file at `path`, in the order of the file. A folder stands for the
/// Parquet and NDJSON files in it, sorted by name.
///
/// Attributes may have their rule names or their Graph names, in any letter case; a part of a Graph
/// path may be an object (`onPremisesExtensionAttributes`) or stand before a dot. Names that
/// `attributes` does not know are passed over. An attribute that is null is as good as absent. The
/// columns of Parquet files have types of their own: booleans may also be 0 and 1 or text, dates may be
/// timestamps (without a zone they are UTC), dates or text, directory extensions may be whole numbers
/// or booleans; an object counts as a deleted one if a field inside of its `@removed` has a value.
///
/// # Errors
///
/// If the file cannot be read, is not what its extension says, holds a value of the wrong type, an
/// object without id or two objects with one id (in any letter case). The first
/// [`DATA_ERRORS_PER_FILE_MAX`](crate::base::limits::DATA_ERRORS_PER_FILE_MAX) errors are listed.
pub fn read_objects(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ReadObject>, DataErrors> {
    let files = folder::files(path)?;
    if let [file] = files.as_slice() {
        return objects_of_file(file, subject, attributes);
    }
    let mut all = Vec::new();
    let mut read_files = Vec::new();
    let mut errors = None;
    for path in files {
        let read = DataErrors::collect(&mut errors, objects_of_file(&path, subject, attributes));
        read_files.push(ReadFile { path, first_row: all.len() });
        all.extend(read.unwrap_or_default());
    }
    DataErrors::none_of(errors)?;
    let ids = StringArray::from_iter_values(all.iter().map(|read| read.object.id()));
    // Each file on its own was found to be in order.
    refuse_repeated(&ids, &IdIndex::new(&ids), &read_files, |_| Ok(()))?;
    Ok(all)
}

fn objects_of_file(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ReadObject>, DataErrors> {
    if is_parquet(path) {
        return objects_of_parquet(path, subject, attributes);
    }
    objects_of(&Source::read(path)?, subject, attributes)
}

/// Reads users or devices from a text, as [`read_objects`] does; `name` stands for the file in errors.
///
/// ```
/// use dyngroup::directory::object::Value;
/// use dyngroup::directory::read::read_objects_from_str;
/// use dyngroup::directory::source::Format;
/// use dyngroup::language::attribute::{Attributes, Subject};
///
/// let text = "id,officeLocation,manager\nada,Oslo,grace\n";
/// let users = read_objects_from_str("users.csv", text, Format::Csv, Subject::User, Attributes::standard())?;
/// let ada = &users.first().unwrap().object;
/// assert_eq!(ada.get("physicalDeliveryOfficeName"), &Value::Text("Oslo".into()));
/// assert_eq!(ada.manager(), Some("grace"));
/// # Ok::<(), dyngroup::directory::error::DataErrors>(())
/// ```
///
/// # Errors
///
/// As [`read_objects`].
pub fn read_objects_from_str(
    name: impl Into<PathBuf>,
    text: &str,
    format: Format,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ReadObject>, DataErrors> {
    objects_of(&Source::of_text(name, text, format)?, subject, attributes)
}

/// Reads users or devices from a text that was read and checked before, as [`read_objects`] does.
///
/// # Errors
///
/// As [`read_objects`], apart from those of the file itself.
pub fn objects_of(
    source: &Source<'_>,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ReadObject>, DataErrors> {
    objects_of_shape(source, &Shape::of_objects(subject, attributes))
}

/// Reads users or devices with the fields of `shape`. What licensing reads stands under the names of its sources.
pub(in crate::directory) fn objects_of_shape(
    source: &Source<'_>,
    shape: &Shape<'_>,
) -> Result<Vec<ReadObject>, DataErrors> {
    let id: IdOf<ReadObject> = |read| read.object.id();
    read_rows(source, shape, Some(("id", id)), &object)
}

fn object(mut row: Row, line: usize) -> ReadObject {
    let id = row.required_text(OBJECT_ID);
    let manager = row.text(MANAGER);
    let member_of = row.texts(MEMBER_OF).unwrap_or_default();
    let removed = row.boolean(REMOVED).unwrap_or_default();
    let values = row.into_iter().map(|(name, datum)| (name, value_of(datum)));
    // What was taken out of the row is null there, the id included.
    let mut object = Object::with_values(id, values.filter(|(_, value)| *value != Value::Null));
    object.set_manager(manager);
    ReadObject { object, member_of, removed, line }
}

/// The value of an attribute.
pub(in crate::directory) fn value_of(datum: Datum) -> Value {
    match datum {
        // The last two are never those of an attribute.
        Datum::Null | Datum::Refused | Datum::Count(_) => Value::Null,
        Datum::Boolean(value) => Value::Boolean(value),
        Datum::Text(text) => Value::Text(text),
        Datum::Instant(instant) => Value::Instant(instant),
        Datum::Texts(texts) => Value::Texts(texts),
        Datum::Rows(rows) => Value::Plans(rows.into_iter().map(plan).collect()),
    }
}

fn plan(mut row: Row) -> AssignedPlan {
    AssignedPlan {
        service: row.text("service"),
        service_plan_id: row.text("servicePlanId"),
        capability_status: row.text("capabilityStatus"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::attribute::{Attribute, Kind};

    fn read(text: &str, format: Format) -> Result<Vec<ReadObject>, String> {
        let attributes = Attributes::standard();
        read_objects_from_str("users", text, format, Subject::User, attributes).map_err(|it| it.to_string())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    /// Everything that a user can have, with an attribute of each kind.
    fn ada() -> Object {
        let plan = |service: &str, id: &str, status: Option<&str>| AssignedPlan {
            service: Some(service.to_owned()),
            service_plan_id: Some(id.to_owned()),
            capability_status: status.map(str::to_owned),
        };
        let mut ada = Object::new("ada")
            .with("accountEnabled", Value::Boolean(true))
            .with("dirSyncEnabled", Value::Boolean(false))
            .with("physicalDeliveryOfficeName", text("Oslo, 4th"))
            .with("telephoneNumber", text("+47 1"))
            .with("sipProxyAddress", text("ada@sip"))
            .with("employeeHireDate", Value::Instant("2024-02-29T23:00:00Z".parse().unwrap()))
            .with("otherMails", Value::Texts(vec!["a@b.c".into(), "d@e.f".into()]))
            .with("extensionAttribute7", text("seven"))
            .with("extension_c272a57b722d4eb29bfe327874ae79cb_shoe", text("37"))
            .with(
                "assignedPlans",
                Value::Plans(vec![plan("SCO", "p1", Some("Enabled")), plan("x", "p2", None)]),
            );
        ada.set_manager(Some("grace".to_owned()));
        ada
    }

    const GRAPH: &str = concat!(
        r#"{"@odata.type": "x", "id": "ada", "accountEnabled": true, "onPremisesSyncEnabled": false, "#,
        r#""officeLocation": "Oslo, 4th", "businessPhones": ["+47 1", "+47 2"], "imAddresses": ["ada@sip"], "#,
        r#""employeeHireDate": "2024-03-01T01:00:00+02:00", "otherMails": ["a@b.c", "d@e.f"], "mail": null, "#,
        r#""onPremisesExtensionAttributes": {"extensionAttribute7": "seven", "extensionAttribute8": null, "x": 1}, "#,
        r#""extension_c272a57b722d4eb29bfe327874ae79cb_Shoe": 37, "manager": {"@odata.type": "y", "id": "grace"}, "#,
        r#""assignedPlans": [{"assignedDateTime": "2024", "service": "SCO", "servicePlanId": "p1", "#,
        r#""capabilityStatus": "Enabled"}, {"service": "x", "servicePlanId": "p2", "capabilityStatus": null}], "#,
        r#""signInActivity": {"deep": [[[{"deeper": 1e999}]]]}, "memberOf": ["g1", {"id": "g2"}, "g3"]}"#,
    );
    const RULE: &str = concat!(
        r#"{"OBJECTID": "ada", "accountenabled": true, "dirSyncEnabled": false, "physicalDeliveryOfficeName": "#,
        r#""Oslo, 4th", "telephoneNumber": "+47 1", "sipProxyAddress": "ada@sip", "employeeHireDate": "#,
        r#""2024-02-29T23:00:00", "otherMails": ["a@b.c", "d@e.f"], "extensionAttribute7": "seven", "#,
        r#""Extension_C272A57B722D4EB29BFE327874AE79CB_Shoe": "37", "managerId": "grace", "memberOf": ["g1", "g3"], "#,
        r#""assignedPlans": [{"service": "SCO", "ServicePlanId": "p1", "capabilityStatus": "Enabled"}, "#,
        r#"{"service": "x", "servicePlanId": "p2"}]}"#,
    );
    const COLUMNS: &str = "Id,accountEnabled,onPremisesSyncEnabled,officeLocation,businessPhones,imAddresses,\
        employeeHireDate,otherMails,mail,OnPremisesExtensionAttributes.extensionAttribute7,\
        extension_c272a57b722d4eb29bfe327874ae79cb_Shoe,manager,memberOf,nonsense,assignedPlans\r\n\
        ada,True,FALSE,\"Oslo, 4th\",+47 1;+47 2,\"[\"\"ada@sip\"\"]\",2024-02-29T23:00:00Z,a@b.c; d@e.f,,seven,37,\
        grace,g1;g3,?,\"[{\"\"service\"\":\"\"SCO\"\",\"\"servicePlanId\"\":\"\"p1\"\",\"\"capabilityStatus\"\":\
        \"\"Enabled\"\"},{\"\"service\"\":\"\"x\"\",\"\"servicePlanId\"\":\"\"p2\"\"}]\"\r\n";

    #[test]
    fn one_user_is_the_same_in_every_format_and_spelling() {
        let expected = |line| {
            let member_of = vec!["g1".to_owned(), "g3".to_owned()];
            Ok(vec![ReadObject { object: ada(), member_of, removed: false, line }])
        };
        for user in [GRAPH, RULE] {
            assert_eq!(read(user, Format::Ndjson), expected(1));
            assert_eq!(read(&format!("\u{FEFF}\r\n  \r\n{user}\r\n\r\n"), Format::Ndjson), expected(3));
            assert_eq!(read(&format!("[\n{user}\n]"), Format::Json), expected(2));
            assert_eq!(
                read(&format!("{{\"@odata.count\": 1,\n\"value\": [{user}]}}"), Format::Json),
                expected(2)
            );
            assert_eq!(
                read(&format!("{{\"value\": []}}\n\n{{\"value\": [\n{user}]}}"), Format::Json),
                expected(4)
            );
            assert_eq!(read(user, Format::Json), expected(1));
        }
        assert_eq!(read(COLUMNS, Format::Csv), expected(2));
        assert_eq!(read(&format!("\u{FEFF}{}", COLUMNS.replace("\r\n", "\n\n")), Format::Csv), expected(3));
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let lines = |text: &str, format| {
            read(text, format)
                .unwrap()
                .iter()
                .map(|read| (read.object.id().to_owned(), read.line))
                .collect::<Vec<_>>()
        };
        let expected = [("a".to_owned(), 2), ("b".to_owned(), 4)];
        assert_eq!(lines("\n{\"id\":\"a\"}\n\n{\"id\":\"b\"}", Format::Ndjson), expected);
        assert_eq!(lines("[\n{\"id\":\n\"a\"},\n{\"id\":\"b\"}]", Format::Json), expected);
        assert_eq!(lines("id,city\na,\"x\ny\"\nb,\n", Format::Csv), expected);
    }

    #[test]
    fn removed_objects_are_marked() {
        let removed =
            |text: &str, format| read(text, format).unwrap().iter().map(|it| it.removed).collect::<Vec<_>>();
        let json =
            r#"[{"id": "a", "@removed": {"reason": "deleted"}}, {"id": "b", "@removed": null}, {"id": "c"}]"#;
        assert_eq!(removed(json, Format::Json), [true, false, false]);
        assert_eq!(
            removed("id,@removed\na,true\nb,False\nc,changed\nd,\n", Format::Csv),
            [true, false, true, false]
        );
    }

    #[test]
    fn only_known_and_declared_attributes_are_kept() {
        let attributes = Attributes::standard().clone().declare([
            Attribute::declared(Subject::User, "employeeType", Kind::Text),
            Attribute::declared(Subject::User, "employeeOrgData.division", Kind::Text),
            Attribute::declared(Subject::User, "createdDateTime", Kind::Date),
        ]);
        let user = r#"{"id": "a", "EmployeeType": "x", "employeeOrgData": {"division": "y", "costCenter": "z"},
            "createdDateTime": "2026-01-01", "creationType": "q", "deviceModel": "d"}"#;
        let read = read_objects_from_str("-", user, Format::Json, Subject::User, &attributes).unwrap();
        let expected = Object::new("a")
            .with("employeeType", text("x"))
            .with("employeeOrgData.division", text("y"))
            .with("createdDateTime", Value::Instant("2026-01-01T00:00:00Z".parse().unwrap()));
        assert_eq!(read.first().map(|read| &read.object), Some(&expected));
    }

    #[test]
    fn devices_have_their_own_names() {
        let device = r#"{"id": "d", "manufacturer": "M", "deviceModel": "X", "physicalIds": ["[ZTDID]:1"],
            "extensionAttributes": {"extensionAttribute3": "three"}, "onPremisesExtensionAttributes": 5, "city": 5}"#;
        let csv = "objectId,deviceManufacturer,model,devicePhysicalIds,extensionAttributes.extensionAttribute3\n\
                   d,M,X,[ZTDID]:1,three\n";
        let read = |text, format| {
            let attributes = Attributes::standard();
            read_objects_from_str("-", text, format, Subject::Device, attributes).unwrap().remove(0).object
        };
        let expected = Object::new("d")
            .with("deviceManufacturer", text("M"))
            .with("deviceModel", text("X"))
            .with("devicePhysicalIds", Value::Texts(vec!["[ZTDID]:1".into()]))
            .with("extensionAttribute3", text("three"));
        assert_eq!(read(device, Format::Json), expected);
        assert_eq!(read(csv, Format::Csv), expected);
    }

    #[test]
    fn directory_extensions_are_kept_as_their_text() {
        let name = "extension_c272a57b722d4eb29bfe327874ae79cb_x";
        let value = |json: &str| {
            let text = format!("{{\"id\": \"a\", \"{name}\": {json}}}");
            read(&text, Format::Ndjson).map(|read| read.first().unwrap().object.get(name).clone())
        };
        assert_eq!(value("\"a\\u00e5\""), Ok(text("aå")));
        assert_eq!(value("9007199254740993.10"), Ok(text("9007199254740993.10")));
        assert_eq!(value("false"), Ok(text("false")));
        assert_eq!(value("null"), Ok(Value::Null));
        assert_eq!(value("[\"a\", \"b\"]"), Ok(Value::Null), "rules do not see several values");
        assert!(value("{}").is_err_and(|error| error.contains("found an object")));
    }

    #[test]
    fn wrong_values_are_named_with_place_and_field() {
        let lines = [
            r#"{"id": "a", "accountEnabled": "yes", "city": 5, "mail": true}"#,
            r#"{"id": "b", "department": ["x"], "jobTitle": {"a": 1}, "state": 1.5, "country": -3}"#,
            r#"{"id": "c", "employeeHireDate": "yesterday"}"#,
            r#"{"id": "d", "EmployeeHireDate": "2024-02-30T00:00:00Z"}"#,
            r#"{"id": "e", "otherMails": "a@b.c", "proxyAddresses": ["SMTP:å", 7, null]}"#,
            r#"{"id": "f", "assignedPlans": [{}, "x", {"service": 5}, {"Service": "a", "service": "b"}]}"#,
            r#"{"id": "g", "businessPhones": [5], "manager": {"id": null}, "onPremisesExtensionAttributes": "x"}"#,
            r#"{"id": "h", "onPremisesExtensionAttributes": {"extensionAttribute1": 1}, "@removed": "x"}"#,
        ];
        insta::assert_snapshot!(read(&lines.join("\n"), Format::Ndjson).unwrap_err(), @r#"
            users:1:31: field accountEnabled: expected true, false or null, found "yes"
            users:1:46: field city: expected a string or null, found the number 5
            users:1:57: field mail: expected a string or null, found true
            users:2:27: field department: expected a string or null, found a list
            users:2:46: field jobTitle: expected a string or null, found an object
            users:2:65: field state: expected a string or null, found the number 1.5
            users:2:81: field country: expected a string or null, found the number -3
            users:3:33: field employeeHireDate: expected a date-time such as "2026-01-15T08:00:00Z", found "yesterday"
            users:4:33: field EmployeeHireDate: expected a date-time that exists and lies before 9999-12-31, found "2024-02-30T00:00:00Z"
            users:5:27: field otherMails: expected a list of strings or null, found "a@b.c"
            users:5:65: field proxyAddresses[1]: expected a string, found the number 7
            users:5:68: field proxyAddresses[2]: expected a string, found null
            users:6:35: field assignedPlans[1]: expected an object, found "x"
            users:6:52: field assignedPlans[2].service: expected a string or null, found the number 5
            users:6:84: field assignedPlans[3].service: `Service` and `service` are one field, and both are given
            users:7:32: field businessPhones[0]: expected a string, found the number 5
            users:7:47: field manager.id: a value is missing
            users:7:94: field onPremisesExtensionAttributes: expected an object or null, found "x"
            users:8:70: field onPremisesExtensionAttributes.extensionAttribute1: expected a string or null, found the number 1
            users:8:86: field @removed: expected an object or true, found "x"
            "#);
    }

    #[test]
    fn names_that_are_given_twice_are_refused() {
        let lines = [
            r#"{"id": "a", "city": "x", "city": "x"}"#,
            r#"{"id": "b", "officeLocation": null, "physicalDeliveryOfficeName": "x"}"#,
            r#"{"id": "c", "objectId": "c"}"#,
            r#"{"id": "d", "onPremisesExtensionAttributes": {"extensionAttribute1": "x"}, "extensionAttribute1": "x"}"#,
            r#"{"id": "e", "manager": "x", "managerId": "x"}"#,
            r#"{"id": "f", "extension_c272a57b722d4eb29bfe327874ae79cb_x": 1, "extension_C272a57b722d4eb29bfe327874ae79cb_x": 1}"#,
        ];
        insta::assert_snapshot!(read(&lines.join("\n"), Format::Ndjson).unwrap_err(), @r"
            users:1:34: field city: `city` is given twice
            users:2:67: field physicalDeliveryOfficeName: `officeLocation` and `physicalDeliveryOfficeName` are one field, and both are given
            users:3:25: field objectId: `id` and `objectId` are one field, and both are given
            users:4:99: field extensionAttribute1: `onPremisesExtensionAttributes.extensionAttribute1` and `extensionAttribute1` are one field, and both are given
            users:5:42: field managerId: `manager` and `managerId` are one field, and both are given
            users:6:112: field extension_C272a57b722d4eb29bfe327874ae79cb_x: `extension_c272a57b722d4eb29bfe327874ae79cb_x` and `extension_C272a57b722d4eb29bfe327874ae79cb_x` are one field, and both are given
            ");
        insta::assert_snapshot!(read("id,city,Mobile,mobilePhone\n", Format::Csv).unwrap_err(), @"users:1:16: field mobilePhone: `Mobile` and `mobilePhone` are one field, and both are given");
    }

    #[test]
    fn ids_are_needed_and_told_apart() {
        let lines = r#"{"id": "A"}
            {"city": "x"}
            {"id": null}
            {"id": ""}
            {"id": 5}
            {"objectId": "a"}
            {"value": [{"id": "b"}]}
            "x"
            ["a"]"#;
        insta::assert_snapshot!(read(lines, Format::Ndjson).unwrap_err(), @r#"
            users:2:13: field id: a value is missing
            users:3:13: field id: a value is missing
            users:4:13: field id: a value is missing
            users:5:20: field id: expected a string or null, found the number 5
            users:6:1: field id: `a` is taken by the object at line 1, column 1
            users:7:13: field id: a value is missing; a Graph page (`{"value":[…]}`) belongs in a `.json` file
            users:8:13: expected an object, found "x"
            users:9:13: expected an object, found a list
            "#);
        insta::assert_snapshot!(read("[{\"id\": \"å\"}, {\"id\": \"Å\"}]", Format::Json).unwrap_err(), @"users:1:15: field id: `Å` is taken by the object at line 1, column 2");
        insta::assert_snapshot!(read("id,city\na,x\n,y\n\"A\",z\n", Format::Csv).unwrap_err(), @r"
            users:3:1: field id: a value is missing
            users:4:1: field id: `A` is taken by the object at line 2, column 1
            ");
        insta::assert_snapshot!(read("name,city\na,x\n", Format::Csv).unwrap_err(), @"users:1:1: the header has no column `id`");
        insta::assert_snapshot!(read("id;city\na;x\n", Format::Csv).unwrap_err(), @"users:1:1: the columns have to be separated by commas");
    }
}
