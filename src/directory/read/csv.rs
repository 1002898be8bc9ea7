//! CSV files: cut into records by one worker, then turned into rows by all.

mod layout;

use std::sync::Arc;

use csv::{Reader, ReaderBuilder, StringRecord};
use rayon::prelude::*;

use self::layout::cell_start;
pub(in crate::directory) use self::layout::quoting_fault;
use super::json::place::{append_name, locate};
use super::json::row::{Outcome, RowReader, given_twice};
use super::{Build, Placed, Read, text};
use crate::base::code::{self, Code};
use crate::base::limits::BATCH_MAX_RECORDS;
use crate::directory::error::{Fault, Faults, excerpt};
use crate::directory::row::{Datum, Row};
use crate::directory::shape::{Field, FieldKind, Found, REFERENCE, Shape};
use crate::directory::source::count_lines;

/// Reads one record a line or, where line feeds are quoted, over several lines.
pub(super) fn read<T: Send>(text: &str, shape: &Shape<'_>, build: &Build<'_, T>) -> Read<T> {
    let mut records = match split(text) {
        Ok(records) => records.into_iter(),
        Err(fault) => return failed(fault),
    };
    let Some(header) = records.next() else { return Read { values: Vec::new(), faults: Faults::default() } };
    let columns = match columns(&header, shape) {
        Ok(columns) => columns,
        Err(fault) => return failed(fault),
    };
    let batches: Vec<_> = records
        .as_slice()
        .par_chunks(BATCH_MAX_RECORDS)
        .map(|batch| {
            // Names of its own for each worker: a shared counter would slow them down.
            let mut worker = Worker { columns: columns.iter().map(Column::copy).collect(), shape };
            worker.read(batch, build)
        })
        .collect();
    Read::join(batches)
}

/// The fields of each column, mostly one or none, and where the text behind the header begins; `None`
/// if the header is not as it should be.
pub(in crate::directory) fn read_header(text: &str, shape: &Shape<'_>) -> Option<(Vec<Vec<Field>>, usize)> {
    let mut reader = reader(text);
    let mut cells = StringRecord::new();
    if !reader.read_record(&mut cells).ok()? {
        return None;
    }
    let (offset, end) = (first_byte(text, 0), offset_of(reader.position()));
    let header = Record { offset, line: 1, raw: text.get(offset..end)?, cells };
    let columns = columns(&header, shape).ok()?;
    Some((columns.into_iter().map(|column| column.fields).collect(), end))
}

/// A parser of records, of which none is a header.
pub(in crate::directory) fn reader(text: &str) -> Reader<&[u8]> {
    ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// One record and where it stands.
struct Record<'text> {
    offset: usize,
    line: usize,
    /// All of it as it stands in the file, line feed included.
    raw: &'text str,
    cells: StringRecord,
}

impl Record<'_> {
    fn fault(&self, code: &'static Code, cell: usize, field: &str, message: String) -> Fault {
        Fault { code, offset: self.offset + cell_start(self.raw, cell), field: field.to_owned(), message }
    }
}

/// One column: what it is called in the header and what it stands for, mostly one field or none.
struct Column {
    name: String,
    fields: Vec<Field>,
}

impl Column {
    fn copy(&self) -> Self {
        let copy = |field: &Field| Field { name: Arc::from(&*field.name), kind: field.kind };
        Self { name: self.name.clone(), fields: self.fields.iter().map(copy).collect() }
    }

    fn holds(&self, name: &str) -> bool {
        self.fields.iter().any(|field| *field.name == *name)
    }
}

fn split(text: &str) -> Result<Vec<Record<'_>>, Fault> {
    let mut reader = reader(text);
    let mut starts = Vec::new();
    loop {
        let mut cells = StringRecord::new();
        let before = offset_of(reader.position());
        match reader.read_record(&mut cells) {
            Ok(true) => starts.push((first_byte(text, before), cells)),
            Ok(false) => break,
            Err(error) => {
                let message = format!("the CSV is broken: {error}");
                return Err(Fault {
                    code: &code::DATA_SYNTAX,
                    offset: before,
                    field: String::new(),
                    message,
                });
            }
        }
    }
    let ends = starts.iter().skip(1).map(|(start, _)| *start).chain([text.len()]).collect::<Vec<_>>();
    let (mut line, mut counted) = (1, 0);
    let records = starts.into_iter().zip(ends).map(|((offset, cells), end)| {
        line += text.get(counted..offset).map(count_lines).unwrap_or_default();
        counted = offset;
        Record { offset, line, raw: text.get(offset..end).unwrap_or_default(), cells }
    });
    Ok(records.collect())
}

pub(in crate::directory) fn offset_of(position: &csv::Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// The parser passes over empty lines only after it has told where it stands.
pub(in crate::directory) fn first_byte(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + (rest.len() - rest.trim_start_matches(['\r', '\n']).len())
}

fn columns(header: &Record<'_>, shape: &Shape<'_>) -> Result<Vec<Column>, Fault> {
    if let Some((at, message)) = quoting_fault(header.raw) {
        return Err(Fault {
            code: &code::DATA_SYNTAX,
            offset: header.offset + at,
            field: String::new(),
            message: message.to_owned(),
        });
    }
    let mut columns: Vec<Column> = Vec::new();
    for (cell, name) in header.cells.iter().enumerate() {
        let name = name.trim().to_owned();
        let (found, licensing) = shape.find_both(&name);
        let field = match found {
            Found::Field(field) => Some(field),
            Found::Container | Found::Unknown => None,
        };
        let fields: Vec<Field> = field.into_iter().chain(licensing).collect();
        let same = |column: &&Column| fields.iter().any(|field| column.holds(&field.name));
        if let Some(first) = columns.iter().find(same) {
            let message = given_twice(&first.name, &name);
            return Err(header.fault(&code::DATA_FIELD, cell, &name, message));
        }
        columns.push(Column { name, fields });
    }
    for (name, spelling) in shape.required() {
        if !columns.iter().any(|column| column.holds(name)) {
            let message = match header.cells.get(0) {
                Some(only) if header.cells.len() == 1 && only.contains([';', '\t']) => {
                    "the columns have to be separated by commas".to_owned()
                }
                _ => format!("the header has no column `{spelling}`"),
            };
            return Err(header.fault(&code::DATA_FIELD, 0, "", message));
        }
    }
    Ok(columns)
}

fn failed<T>(fault: Fault) -> Read<T> {
    let mut faults = Faults::default();
    faults.push(fault);
    Read { values: Vec::new(), faults }
}

struct Worker<'shape> {
    columns: Vec<Column>,
    shape: &'shape Shape<'shape>,
}

impl Worker<'_> {
    fn read<T>(&mut self, batch: &[Record<'_>], build: &Build<'_, T>) -> Read<T> {
        let mut read = Read { values: Vec::with_capacity(batch.len()), faults: Faults::default() };
        for record in batch {
            if let Some(row) = self.row(record, &mut read.faults) {
                let &Record { offset, line, .. } = record;
                read.values.push(Placed { offset, value: build(row, line) });
            }
        }
        read
    }

    /// The row of a record; `None` if it has faults.
    fn row(&self, record: &Record<'_>, faults: &mut Faults) -> Option<Row> {
        if let Some((at, message)) = quoting_fault(record.raw) {
            let (offset, field) = (record.offset + at, String::new());
            faults.push(Fault { code: &code::DATA_SYNTAX, offset, field, message: message.to_owned() });
            return None;
        }
        let (cells, columns) = (record.cells.len(), self.columns.len());
        if cells != columns {
            let message = format!("the header has {columns} columns, and this record has {cells}");
            faults.push(record.fault(&code::DATA_SYNTAX, 0, "", message));
            return None;
        }
        let mut row = Row::default();
        let mut good = true;
        for (at, (column, cell)) in self.columns.iter().zip(&record.cells).enumerate() {
            for field in &column.fields {
                match value(field, cell) {
                    Ok(value) => row.push(Arc::clone(&field.name), value),
                    Err(wrong) => {
                        good = false;
                        faults.push_omitted(wrong.omitted);
                        for (path, message) in wrong.faults {
                            let path = format!("{}{path}", column.name);
                            faults.push(record.fault(&code::DATA_FIELD, at, &path, message));
                        }
                    }
                }
            }
        }
        for (name, spelling) in self.shape.required() {
            if good && !row.has(name) {
                good = false;
                let at = self.columns.iter().position(|column| column.holds(name));
                let message = "a value is missing".to_owned();
                faults.push(record.fault(&code::DATA_FIELD, at.unwrap_or_default(), spelling, message));
            }
        }
        good.then_some(row)
    }
}

/// What is wrong with a cell: the way into it, if it holds JSON, and the message.
pub(in crate::directory) struct Wrong {
    faults: Vec<(String, String)>,
    omitted: usize,
}

impl Wrong {
    /// The first fault in one line: the way into the value where there is one, and the message.
    pub(in crate::directory) fn first(self) -> String {
        let (path, message) = self.faults.into_iter().next().unwrap_or_default();
        if path.is_empty() { message } else { format!("{path}: {message}") }
    }

    fn expected(expected: &str, cell: &str) -> Self {
        let message = format!("expected {expected}, found {}", excerpt(cell));
        Self { faults: vec![(String::new(), message)], omitted: 0 }
    }
}

/// The value of a cell. An empty one is null, whatever the field.
pub(in crate::directory) fn value(field: &Field, cell: &str) -> Result<Datum, Wrong> {
    if cell.is_empty() {
        return Ok(Datum::Null);
    }
    let wrong = |expected: &str| Wrong::expected(expected, cell);
    let items = || text::items(cell).map_err(|_| wrong("a JSON list of strings, or items separated by `;`"));
    match field.kind {
        FieldKind::Checked(check) => check(cell).map(|()| Datum::Text(cell.to_owned())).map_err(wrong),
        FieldKind::Boolean => {
            text::boolean(cell).map(Datum::Boolean).ok_or_else(|| wrong("true, false or nothing"))
        }
        FieldKind::Date => text::instant(cell).map(Datum::Instant).map_err(wrong),
        FieldKind::Count => cell.trim().parse().map(Datum::Count).map_err(|_| wrong(field.kind.words())),
        FieldKind::Texts | FieldKind::Ids => items().map(Datum::Texts),
        FieldKind::FirstText => Ok(items()?.into_iter().next().map(Datum::Text).unwrap_or_default()),
        FieldKind::Mark => match cell.trim() {
            mark if mark.eq_ignore_ascii_case("false") => Ok(Datum::Null),
            mark if ["true", "changed", "deleted"].iter().any(|word| mark.eq_ignore_ascii_case(word)) => {
                Ok(Datum::Boolean(true))
            }
            mark if mark.starts_with('{') => Ok(Datum::Boolean(true)),
            _ => Err(wrong("true, false, changed, deleted or nothing")),
        },
        FieldKind::Reference if cell.trim_start().starts_with('{') => json(field, &REFERENCE, cell),
        FieldKind::Text | FieldKind::Extension | FieldKind::Reference => Ok(Datum::Text(cell.to_owned())),
        FieldKind::Rows(shape) => json(field, shape, cell),
        FieldKind::Licensing(list) => list.of_json(cell).map_or_else(|| json(field, list.shape(), cell), Ok),
    }
}

/// The value of a cell that holds JSON.
fn json(field: &Field, shape: &Shape<'_>, cell: &str) -> Result<Datum, Wrong> {
    match RowReader::new(shape).read_field(field.kind, cell) {
        Outcome::Read(datum) => Ok(datum),
        Outcome::Syntax(_) => Err(Wrong::expected("JSON", cell)),
        Outcome::Faults(faults, omitted) => {
            let faults = faults.into_iter().map(|fault| {
                let mut path = locate(cell, &fault.steps).path;
                if let Some(name) = fault.missing {
                    append_name(&mut path, name);
                }
                let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
                (format!("{dot}{path}"), fault.message)
            });
            Err(Wrong { faults: faults.collect(), omitted })
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::directory::read::read_objects_from_str;
    use crate::directory::source::Format;
    use crate::language::attribute::{Attributes, Subject};

    fn errors(text: &str) -> String {
        let read =
            read_objects_from_str("users.csv", text, Format::Csv, Subject::User, Attributes::standard());
        read.map_or_else(|errors| errors.to_string(), |read| format!("read {}", read.len()))
    }

    #[test]
    fn wrong_cells_are_named_with_their_place() {
        let text = "id,accountEnabled,\"employeeHireDate\",otherMails,assignedPlans,@removed\n\
                    å,yes,,,,\n\
                    \"b\n\n\",\"x,\"\"\",2026-02-30,,,\n\
                    c,,1.1.2026,\"[\"\"a\"\", 5]\",x,perhaps\n\
                    d,,,,\"[{\"\"service\"\": 5}, 7]\",\n\
                    e,,,,\"[{\"\"service\"\": \",\n\
                    f,,,,\"{}\",\n";
        insta::assert_snapshot!(errors(text), @r#"
            users.csv:2:3: field accountEnabled: expected true, false or nothing, found "yes"
            users.csv:5:3: field accountEnabled: expected true, false or nothing, found "x,""
            users.csv:5:10: field employeeHireDate: expected a date-time that exists and lies before 9999-12-31, found "2026-02-30"
            users.csv:6:4: field employeeHireDate: expected a date-time such as "2026-01-15T08:00:00Z", found "1.1.2026"
            users.csv:6:13: field otherMails: expected a JSON list of strings, or items separated by `;`, found "["a", 5]"
            users.csv:6:26: field assignedPlans: expected JSON, found "x"
            users.csv:6:28: field @removed: expected true, false, changed, deleted or nothing, found "perhaps"
            users.csv:7:6: field assignedPlans[0].service: expected a string or null, found the number 5
            users.csv:7:6: field assignedPlans[1]: expected an object, found the number 7
            users.csv:8:6: field assignedPlans: expected JSON, found "[{"service": "
            users.csv:9:6: field assignedPlans: expected a list of objects or null, found an object
            "#);
    }

    #[test]
    fn managers_may_be_written_in_three_ways() {
        let manager = |text: &str| {
            let read = read_objects_from_str("-", text, Format::Csv, Subject::User, Attributes::standard());
            read.map(|mut read| read.remove(0).object.manager().map(str::to_owned))
                .map_err(|it| it.to_string())
        };
        let grace = Ok(Some("grace".to_owned()));
        assert_eq!(manager("id,managerId\na,grace\n"), grace);
        assert_eq!(manager("id,manager.id\na,grace\n"), grace);
        assert_eq!(manager("id,manager\na,\"{\"\"id\"\": \"\"grace\"\"}\"\n"), grace);
        assert_eq!(manager("id,manager\na,\n"), Ok(None));
        insta::assert_snapshot!(manager("id,manager\na,{}\n").unwrap_err(), @"-:2:3: field manager.id: a value is missing");
    }

    #[test]
    fn broken_records_do_not_hide_each_other() {
        let text = "id,city\na\nb,x,y\n\nc,\"Oslo\" x\nd,5\" disk\ne,\"open\nf,x\n";
        insta::assert_snapshot!(errors(text), @r"
            users.csv:2:1: the header has 2 columns, and this record has 1
            users.csv:3:1: the header has 2 columns, and this record has 3
            users.csv:5:9: text follows a closing quote; a quote inside a quoted cell is written twice
            users.csv:7:3: the quote that begins here is never closed
            ");
        insta::assert_snapshot!(errors("id,\"city\na,x\n"), @"users.csv:1:4: the quote that begins here is never closed");
        insta::assert_snapshot!(errors("id,\"city\" x\na,x\n"), @"users.csv:1:10: text follows a closing quote; a quote inside a quoted cell is written twice");
    }

    #[test]
    fn a_header_alone_means_nobody() {
        assert_eq!(errors("id,city"), "read 0");
        assert_eq!(errors("id,city\r\n\r\n"), "read 0");
        assert_eq!(errors("\n\n id , city \nada,Oslo"), "read 1");
    }
}
