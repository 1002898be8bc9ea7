//! Objects as CSV: names as rules spell them, collections as JSON in their cells.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use csv::{Writer, WriterBuilder};
use indicatif::ProgressBar;

use super::super::failure::Failure;
use super::ndjson::{Licenses, Plans};
use super::row::{Cell, Row, Table};
use super::stream::stream;

/// Writes the header and all rows of a table.
pub(super) fn write(
    table: &Table<'_>,
    file: &mut File,
    path: &Path,
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(path, "write", &error);
    let names = table.columns.iter().map(|column| Cow::Borrowed(column.name)).collect();
    file.write_all(&records([Ok(names)]).map_err(failed)?).map_err(failed)?;
    let encode = |rows: &[Row<'_>]| records(rows.iter().map(|row| cells(row))).map_err(failed);
    let write = |parts: Vec<Vec<u8>>| parts.iter().try_for_each(|part| file.write_all(part)).map_err(failed);
    stream(table, bar, encode, write)
}

fn records<'row>(records: impl IntoIterator<Item = io::Result<Vec<Cow<'row, str>>>>) -> io::Result<Vec<u8>> {
    let mut writer: Writer<Vec<u8>> = WriterBuilder::new().from_writer(Vec::new());
    for cells in records {
        writer.write_record(cells?.iter().map(|cell| cell.as_bytes()))?;
    }
    writer.into_inner().map_err(|error| io::Error::new(error.error().kind(), error.error().to_string()))
}

fn cells<'row>(row: &'row Row<'_>) -> io::Result<Vec<Cow<'row, str>>> {
    let cell = |cell: &'row Cell<'_>| -> serde_json::Result<Cow<'row, str>> {
        Ok(match cell {
            Cell::Null => Cow::Borrowed(""),
            Cell::Boolean(true) => Cow::Borrowed("true"),
            Cell::Boolean(false) => Cow::Borrowed("false"),
            Cell::Text(text) => Cow::Borrowed(text),
            Cell::Instant(instant) => instant.to_string().into(),
            Cell::Texts(texts) => serde_json::to_string(texts)?.into(),
            Cell::Plans(plans) => serde_json::to_string(&Plans(plans))?.into(),
            Cell::Licenses(products) => serde_json::to_string(&Licenses(products))?.into(),
        })
    };
    row.iter().map(|it| cell(it).map_err(io::Error::from)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::products::AssignedPlan;
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        let row = vec![
            Cell::Text("Berg, \"Anna\"".into()),
            Cell::Null,
            Cell::Boolean(true),
            Cell::Instant("2020-06-01T00:00:00Z".parse().unwrap()),
            Cell::Texts(Vec::new()),
            Cell::Texts(vec!["a".into(), "b".into()]),
            Cell::Plans(vec![AssignedPlan { id: "p", service: "exchange", status: "Enabled" }]),
        ];
        let text = String::from_utf8(records([cells(&row)]).unwrap()).unwrap();
        insta::assert_snapshot!(text, @r#""Berg, ""Anna""",,true,2020-06-01T00:00:00Z,[],"[""a"",""b""]","[{""capabilityStatus"":""Enabled"",""service"":""exchange"",""servicePlanId"":""p""}]""#);
    }
}
