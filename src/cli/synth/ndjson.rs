//! Objects as Microsoft Graph gives them, one a line.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use indicatif::ProgressBar;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::super::failure::Failure;
use super::products::{AssignedPlan, Product};
use super::row::{Cell, CellKind, Column, Row, Table};
use super::stream::stream;

/// Writes all rows of a table.
pub(super) fn write(
    table: &Table<'_>,
    file: &mut File,
    path: &Path,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(path, "write", &error);
    let fields = fields(&table.columns);
    let encode = |rows: &[Row<'_>]| {
        let mut text = Vec::new();
        for row in rows {
            let written = serde_json::to_writer(&mut text, &Object { fields: &fields, row });
            written.map_err(|error| failed(error.into()))?;
            text.push(b'\n');
        }
        Ok(text)
    };
    let write = |parts: Vec<Vec<u8>>| parts.iter().try_for_each(|part| file.write_all(part)).map_err(failed);
    stream(table, bar, encode, write)
}

/// What stands at the top of an object.
enum Field<'columns> {
    /// A value, and the place of its cell in the row.
    Value(&'columns str, usize, CellKind),
    /// An object with values of its own.
    Object(&'columns str, Vec<Field<'columns>>),
}

/// Columns side by side whose paths begin alike share an object.
fn fields(columns: &[Column]) -> Vec<Field<'_>> {
    let mut fields = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let Some((outer, inner)) = column.graph_name.split_once('.') else {
            fields.push(Field::Value(&column.graph_name, at, column.kind));
            continue;
        };
        let value = Field::Value(inner, at, column.kind);
        match fields.last_mut() {
            Some(Field::Object(name, values)) if *name == outer => values.push(value),
            _ => fields.push(Field::Object(outer, vec![value])),
        }
    }
    fields
}

struct Object<'row, 'columns> {
    fields: &'row [Field<'columns>],
    row: &'row Row<'row>,
}

impl Serialize for Object<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for field in self.fields {
            match field {
                Field::Object(name, fields) => {
                    map.serialize_entry(name, &Object { fields, row: self.row })?;
                }
                Field::Value(name, at, kind) => {
                    let cell = self.row.get(*at).unwrap_or(&Cell::Null);
                    map.serialize_entry(name, &Value { cell, kind: *kind })?;
                }
            }
        }
        map.end()
    }
}

struct Value<'row> {
    cell: &'row Cell<'row>,
    kind: CellKind,
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.cell {
            Cell::Null => serializer.serialize_unit(),
            Cell::Boolean(value) => serializer.serialize_bool(*value),
            Cell::Text(id) if self.kind == CellKind::Reference => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("id", id)?;
                map.end()
            }
            Cell::Text(text) => serializer.serialize_str(text),
            Cell::Instant(instant) => serializer.collect_str(instant),
            Cell::Texts(texts) => texts.serialize(serializer),
            Cell::Plans(plans) => Plans(plans).serialize(serializer),
            Cell::Licenses(products) => Licenses(products).serialize(serializer),
        }
    }
}

/// Service plans as Graph and CSV cells write them.
pub(super) struct Plans<'row>(pub(super) &'row [AssignedPlan<'row>]);

impl Serialize for Plans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for plan in self.0 {
            list.serialize_element(&PlanObject {
                capability_status: plan.status,
                service: plan.service,
                service_plan_id: plan.id,
            })?;
        }
        list.end()
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanObject<'row> {
    capability_status: &'row str,
    service: &'row str,
    service_plan_id: &'row str,
}

/// Licenses as Graph and CSV cells write them.
pub(super) struct Licenses<'row>(pub(super) &'row [&'row Product]);

impl Serialize for Licenses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let license =
            |product: &&Product| LicenseObject { disabled_plans: [], sku_id: product.sku_id.clone() };
        serializer.collect_seq(self.0.iter().map(license))
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct LicenseObject {
    disabled_plans: [String; 0],
    sku_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::attribute::Subject;

    #[test]
    fn columns_become_an_object_of_graph() {
        let columns = [
            ("id", CellKind::Text),
            ("managerId", CellKind::Reference),
            ("extensionAttribute1", CellKind::Text),
            ("extensionAttribute2", CellKind::Text),
            ("physicalDeliveryOfficeName", CellKind::Text),
            ("employeeHireDate", CellKind::Instant),
            ("otherMails", CellKind::Texts),
            ("assignedPlans", CellKind::Plans),
            ("assignedLicenses", CellKind::Licenses),
            ("dirSyncEnabled", CellKind::Boolean),
        ]
        .map(|(name, kind)| Column::new(Subject::User, name, kind));
        let text = |text: &'static str| Cell::Text(text.into());
        let row = vec![
            text("a"),
            text("b"),
            Cell::Null,
            text("\"x\"\n"),
            text("Zürich"),
            Cell::Instant("2020-06-01T00:00:00Z".parse().unwrap()),
            Cell::Texts(vec!["a@b.c".into()]),
            Cell::Plans(vec![AssignedPlan { id: "p", service: "exchange", status: "Enabled" }]),
            Cell::Licenses(Vec::new()),
            Cell::Null,
        ];
        let object = serde_json::to_string(&Object { fields: &fields(&columns), row: &row }).unwrap();
        insta::assert_snapshot!(object, @r#"{"id":"a","manager":{"id":"b"},"onPremisesExtensionAttributes":{"extensionAttribute1":null,"extensionAttribute2":"\"x\"\n"},"officeLocation":"Zürich","employeeHireDate":"2020-06-01T00:00:00Z","otherMails":["a@b.c"],"assignedPlans":[{"capabilityStatus":"Enabled","service":"exchange","servicePlanId":"p"}],"assignedLicenses":[],"onPremisesSyncEnabled":null}"#);
    }
}
