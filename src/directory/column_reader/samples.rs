//! Made-up users, written in every format.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{
    ArrayRef, BooleanArray, ListArray, RecordBatch, StringArray, StructArray, TimestampNanosecondArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field};
use jiff::Timestamp;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use serde_json::{Map, json};

use crate::directory::object::{AssignedPlan, Object, Value};

/// A user with an attribute of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) city: Option<String>,
    pub(super) office: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) hired: Option<Timestamp>,
    pub(super) mails: Vec<String>,
    pub(super) plans: Vec<AssignedPlan>,
    pub(super) third: Option<String>,
    pub(super) shoe: Option<String>,
    pub(super) manager: Option<String>,
    pub(super) groups: Vec<String>,
    pub(super) removed: bool,
}

/// The attributes of a person.
pub(super) const ATTRIBUTES: [&str; 9] = [
    "objectId",
    "city",
    "physicalDeliveryOfficeName",
    "accountEnabled",
    "employeeHireDate",
    "otherMails",
    "assignedPlans",
    "extensionAttribute3",
    SHOE,
];
pub(super) const SHOE: &str = "extension_c272a57b722d4eb29bfe327874ae79cb_shoe";

impl Person {
    pub(super) fn object(&self) -> Object {
        let text = |text: &Option<String>| text.clone().map(Value::Text).unwrap_or_default();
        Object::new(self.id.clone())
            .with("city", text(&self.city))
            .with("physicalDeliveryOfficeName", text(&self.office))
            .with("accountEnabled", self.enabled.map(Value::Boolean).unwrap_or_default())
            .with("employeeHireDate", self.hired.map(Value::Instant).unwrap_or_default())
            .with("otherMails", Value::Texts(self.mails.clone()))
            .with("assignedPlans", Value::Plans(self.plans.clone()))
            .with("extensionAttribute3", text(&self.third))
            .with(SHOE, text(&self.shoe))
    }

    /// As Graph writes it. What is null may be left out.
    pub(super) fn json(&self, with_nulls: bool) -> serde_json::Value {
        let plan = |plan: &AssignedPlan| {
            json!({ "assignedDateTime": "2024", "servicePlanId": plan.service_plan_id,
                "Service": plan.service, "capabilityStatus": plan.capability_status })
        };
        let all = json!({
            "@odata.type": "user", "officeLocation": self.office, "id": self.id, "city": self.city,
            "accountEnabled": self.enabled, "employeeHireDate": self.hired.map(|hired| hired.to_string()),
            "unknown": {"city": [1, "x"]}, "otherMails": self.mails,
            "onPremisesExtensionAttributes": {"extensionAttribute2": "x", "extensionAttribute3": self.third},
            "assignedPlans": self.plans.iter().map(plan).collect::<Vec<_>>(), SHOE: self.shoe,
            "manager": self.manager.as_ref().map(|id| json!({"id": id, "mail": "x"})),
            "memberOf": self.groups, "@removed": self.removed.then(|| json!({"reason": "deleted"})),
        });
        let serde_json::Value::Object(all) = all else { unreachable!() };
        let kept: Map<_, _> = all.into_iter().filter(|(_, value)| with_nulls || !value.is_null()).collect();
        kept.into()
    }
}

pub(super) fn ndjson(people: &[Person]) -> String {
    let line = |(at, person): (usize, &Person)| format!("{}\n", person.json(at % 2 == 0));
    people.iter().enumerate().map(line).collect()
}

pub(super) fn json(people: &[Person]) -> String {
    let page = |people: &[Person]| {
        let all: Vec<_> = people.iter().map(|person| person.json(false)).collect();
        json!({"@odata.count": 1, "value": all}).to_string()
    };
    let (first, second) = people.split_at(people.len() / 2);
    format!("{}\n{}", page(first), page(second))
}

/// An empty text is null in CSV.
pub(super) fn csv(people: &[Person]) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    let header =
        ["physicalDeliveryOfficeName", "CITY", "accountEnabled", "employeeHireDate", "x", "otherMails"];
    let header =
        header.into_iter().chain(["assignedPlans", "onPremisesExtensionAttributes.extensionAttribute3"]);
    out.write_record(header.chain([SHOE, "managerId", "memberOf", "@removed", "objectId"])).unwrap();
    for person in people {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let json = person.json(true);
        out.write_record([
            text(&person.office),
            text(&person.city),
            person.enabled.map(|it| it.to_string()).unwrap_or_default(),
            person.hired.map(|it| it.to_string()).unwrap_or_default(),
            "\"".to_owned(),
            json["otherMails"].to_string(),
            json["assignedPlans"].to_string(),
            text(&person.third),
            text(&person.shoe),
            text(&person.manager),
            json["memberOf"].to_string(),
            person.removed.to_string(),
            person.id.clone(),
        ])
        .unwrap();
    }
    String::from_utf8(out.into_inner().unwrap()).unwrap()
}

/// The columns of a Parquet file. `nested` says whether fields are inside of structs as in Graph.
pub(super) fn batch(people: &[Person], nested: bool) -> RecordBatch {
    let texts = |of: &dyn Fn(&Person) -> Option<String>| -> ArrayRef {
        Arc::new(people.iter().map(of).collect::<StringArray>())
    };
    let lists = |of: &dyn Fn(&Person) -> &[String]| -> ArrayRef {
        let mut lists = ListBuilder::new(StringBuilder::new());
        for person in people {
            for item in of(person) {
                lists.values().append_value(item);
            }
            lists.append(!of(person).is_empty() || person.city.is_some());
        }
        Arc::new(lists.finish())
    };
    let third = texts(&|person| person.third.clone());
    let manager = texts(&|person| person.manager.clone());
    let removed: ArrayRef =
        Arc::new(people.iter().map(|person| person.removed.then_some(true)).collect::<BooleanArray>());
    let hired: TimestampNanosecondArray = people
        .iter()
        .map(|person| person.hired.map(|hired| i64::try_from(hired.as_nanosecond()).unwrap()))
        .collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("unknown", texts(&|_| Some("x".to_owned()))),
        ("city", texts(&|person| person.city.clone())),
        ("officeLocation", texts(&|person| person.office.clone())),
        ("accountEnabled", Arc::new(people.iter().map(|person| person.enabled).collect::<BooleanArray>())),
        ("EmployeeHireDate", Arc::new(hired.with_timezone("Europe/Oslo"))),
        ("assignedPlans", plans(people)),
        ("otherMails", lists(&|person| &person.mails)),
        (SHOE, texts(&|person| person.shoe.clone())),
        ("memberOf", lists(&|person| &person.groups)),
        ("id", texts(&|person| Some(person.id.clone()))),
    ];
    if nested {
        let other = texts(&|_| Some("x".to_owned()));
        columns.push((
            "onPremisesExtensionAttributes",
            structure(&[("extensionAttribute2", other), ("extensionAttribute3", third)]),
        ));
        columns.push(("manager", structure(&[("mail", texts(&|_| None)), ("id", manager)])));
        let reason = texts(&|person| person.removed.then(|| "deleted".to_owned()));
        columns.push(("@removed", structure(&[("reason", reason)])));
    } else {
        columns.extend([("extensionAttribute3", third), ("managerId", manager), ("@removed", removed)]);
    }
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

pub(super) fn structure(fields: &[(&str, ArrayRef)]) -> ArrayRef {
    let fields = fields.iter().map(|(name, column)| {
        (Arc::new(Field::new(*name, column.data_type().clone(), true)), Arc::clone(column))
    });
    Arc::new(StructArray::from(fields.collect::<Vec<_>>()))
}

fn plans(people: &[Person]) -> ArrayRef {
    let all = || people.iter().flat_map(|person| &person.plans);
    let texts = |of: fn(&AssignedPlan) -> Option<String>| -> ArrayRef {
        Arc::new(all().map(of).collect::<StringArray>())
    };
    let items = structure(&[
        ("service", texts(|plan| plan.service.clone())),
        ("assignedDateTime", texts(|_| None)),
        ("ServicePlanId", texts(|plan| plan.service_plan_id.clone())),
        ("capabilityStatus", texts(|plan| plan.capability_status.clone())),
    ]);
    let offsets = OffsetBuffer::from_lengths(people.iter().map(|person| person.plans.len()));
    let valid: NullBuffer = people
        .iter()
        .map(|person| !person.plans.is_empty() || person.city.is_some())
        .collect::<Vec<_>>()
        .into();
    let item = Arc::new(Field::new("element", DataType::clone(items.data_type()), true));
    Arc::new(ListArray::new(item, offsets, items, Some(valid)))
}

pub(super) fn write_parquet(path: &Path, batch: &RecordBatch, properties: WriterProperties) {
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}
