//! Reads fixtures, and says where in the file something is wrong.

use std::ops::Range;
use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use toml_edit::{ArrayOfTables, Document, Item, Table, Value as Toml};

use super::failure::Failure;
use super::fixture::{Case, ExpectedError, Fixture};
use super::words;
use crate::base::code::{self, Code};
use crate::base::span::{Lines, Position};
use crate::directory::error::DataErrors;
use crate::directory::read::read_objects_from_str;
use crate::directory::source::Format;
use crate::language::attribute::{Attributes, Subject};
use crate::language::literal;

/// The keys of a fixture.
const KEYS: &[&str] =
    &["rule", "subject", "dialect", "now", "version-order", "error", "lints", "user", "device", "group"];

/// What an object can have beside attributes.
const FIELDS: &[&str] = &[
    "id",
    "member",
    "manager",
    "managerId",
    "memberOf",
    "onPremisesExtensionAttributes",
    "extensionAttributes",
];

/// Reads a fixture; `Ok(None)` for a TOML file without a rule.
pub(super) fn read(path: &Path, text: &str, attributes: &Attributes) -> Result<Option<Fixture>, Failure> {
    let reader = Reader { path, text, attributes };
    let document = Document::parse(text.to_owned());
    let document = document.map_err(|error| reader.fault(error.span(), error.message()))?;
    if !document.contains_key("rule") {
        return Ok(None);
    }
    let mut fixture = reader.fixture(document.as_table())?;
    fixture.document = document.into_mut();
    Ok(Some(fixture))
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    attributes: &'a Attributes,
}

type Read<T> = Result<T, Failure>;

impl Reader<'_> {
    fn fixture(&self, root: &Table) -> Read<Fixture> {
        if let Some((key, _)) = root.iter().find(|(key, _)| !KEYS.contains(key)) {
            let what = format!("unknown key `{key}`; a fixture has {}", KEYS.join(", "));
            return Err(self.fault(key_span(root, key), &what));
        }
        let mut fixture = Fixture {
            path: self.path.to_owned(),
            rule: self.string(root, "rule")?.unwrap_or_default().to_owned(),
            subject: self.word(root, "subject")?,
            dialect: self.word(root, "dialect")?,
            now: self.now(root)?,
            version_order: self.word(root, "version-order")?,
            error: self.error(root)?,
            lints: self.lints(root)?,
            cases: Vec::new(),
            memberships: Vec::new(),
            document: toml_edit::DocumentMut::new(),
        };
        for subject in Subject::ALL {
            for (index, table) in self.tables(root, subject.word())?.into_iter().flatten().enumerate() {
                self.case(table, subject, index, &mut fixture)?;
            }
        }
        for table in self.tables(root, "group")?.into_iter().flatten() {
            self.group(table, &mut fixture)?;
        }
        Ok(fixture)
    }

    fn tables<'doc>(&self, root: &'doc Table, key: &str) -> Read<Option<&'doc ArrayOfTables>> {
        let Some(item) = root.get(key) else { return Ok(None) };
        let tables = item.as_array_of_tables().map(Some);
        tables.ok_or_else(|| {
            self.fault(key_span(root, key), &format!("write `[[{key}]]`, once for each {key}"))
        })
    }

    /// `[[user]]` and `[[device]]`.
    fn case(&self, table: &Table, subject: Subject, index: usize, fixture: &mut Fixture) -> Read<()> {
        let word = subject.word();
        let is_known = |name: &str| {
            FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
                || self.attributes.find(subject, name).is_some()
                || self.attributes.find_graph(subject, name).is_some()
        };
        // A misspelt attribute would be null without a word, and the fixture would test nothing.
        if let Some((name, _)) = table.iter().find(|(name, _)| !is_known(name)) {
            let what = format!("`{name}` is no attribute of a {word}; `dyngroup attributes` lists them");
            return Err(self.fault(key_span(table, name), &what));
        }
        let member = table.get("member").map(|item| {
            let value = item.as_bool();
            value.ok_or_else(|| self.fault(item.span(), "`member` has to be true or false"))
        });
        let mut fields: Map<String, Json> = table
            .iter()
            .filter(|&(key, _)| key != "member")
            .map(|(key, item)| (key.to_owned(), json_of_item(item)))
            .collect();
        if !fields.keys().any(|key| key.eq_ignore_ascii_case("id") || key.eq_ignore_ascii_case("objectId")) {
            fields.insert("id".to_owned(), format!("{word} {}", index + 1).into());
        }
        let text = Json::from(vec![Json::Object(fields)]).to_string();
        let read = read_objects_from_str("fixture", &text, Format::Json, subject, self.attributes);
        let member = member.transpose()?;
        for read in read.map_err(|errors| self.faults_in(table, &errors))? {
            let id = read.object.id();
            fixture.memberships.extend(read.member_of.into_iter().map(|group| (group, id.to_owned())));
            fixture.cases.push(Case { object: read.object, subject, member, index });
        }
        Ok(())
    }

    /// `[[group]]`: a group that is itself a member of groups.
    fn group(&self, table: &Table, fixture: &mut Fixture) -> Read<()> {
        let id = table.get("id").and_then(Item::as_str);
        let id = id.ok_or_else(|| self.fault(table.span(), "a `[[group]]` needs an `id`"))?;
        let groups = table.get("memberOf").and_then(Item::as_array);
        let groups: Option<Vec<&str>> = groups.and_then(|groups| groups.iter().map(Toml::as_str).collect());
        let what = "a `[[group]]` needs `memberOf`, a list of group ids";
        let groups = groups.ok_or_else(|| self.fault(table.span(), what))?;
        fixture.memberships.extend(groups.into_iter().map(|group| (group.to_owned(), id.to_owned())));
        Ok(())
    }

    fn now(&self, root: &Table) -> Read<Option<Timestamp>> {
        let Some(item) = root.get("now") else { return Ok(None) };
        let text = match item.as_value() {
            Some(Toml::String(text)) => text.value().clone(),
            Some(Toml::Datetime(instant)) => instant.value().to_string(),
            _ => return Err(self.fault(item.span(), "`now` has to be a date-time")),
        };
        literal::instant(&text).map(Some).map_err(|why| self.fault(item.span(), &format!("`now`: {why}")))
    }

    fn error(&self, root: &Table) -> Read<ExpectedError> {
        let Some(item) = root.get("error") else { return Ok(ExpectedError::None) };
        match (item.as_bool(), item.as_str().and_then(code::find)) {
            (Some(true), _) => Ok(ExpectedError::Some),
            (Some(false), _) => Ok(ExpectedError::None),
            (None, Some(code)) => Ok(ExpectedError::Code(code)),
            (None, None) => {
                let what = "`error` has to be true, false or a code such as \"DG0301\"";
                Err(self.fault(item.span(), what))
            }
        }
    }

    fn lints(&self, root: &Table) -> Read<Option<Vec<&'static Code>>> {
        let Some(item) = root.get("lints") else { return Ok(None) };
        let codes = item.as_array().and_then(|list| list.iter().map(|id| code::find(id.as_str()?)).collect());
        let what = "`lints` has to be a list of codes such as [\"L21\"]";
        codes.map(Some).ok_or_else(|| self.fault(item.span(), what))
    }

    fn word<T: ValueEnum>(&self, root: &Table, key: &str) -> Read<Option<T>> {
        let Some(word) = self.string(root, key)? else { return Ok(None) };
        let found = words::choice(word).map(Some);
        found.map_err(|why| self.fault(root.get(key).and_then(Item::span), &format!("`{key}`: {why}")))
    }

    fn string<'doc>(&self, root: &'doc Table, key: &str) -> Read<Option<&'doc str>> {
        let Some(item) = root.get(key) else { return Ok(None) };
        let text = item.as_str().map(Some);
        text.ok_or_else(|| self.fault(item.span(), &format!("`{key}` has to be a string")))
    }

    fn fault(&self, span: Option<Range<usize>>, what: &str) -> Failure {
        Failure::at(self.path, self.position(span), what)
    }

    /// What is wrong with the fields of an object, each at its key.
    fn faults_in(&self, table: &Table, errors: &DataErrors) -> Failure {
        let sentences = errors.iter().map(|error| {
            let field = error.field.as_deref().unwrap_or_default();
            let key = field.split(['.', '[']).next().unwrap_or_default();
            let Position { line, column } = self.position(key_span(table, key));
            let field = if field.is_empty() { String::new() } else { format!("field {field}: ") };
            format!("{}:{line}:{column}: {field}{}", self.path.display(), error.message)
        });
        Failure::of_lines(sentences.collect())
    }

    fn position(&self, span: Option<Range<usize>>) -> Position {
        Lines::of(self.text).position(span.map_or(0, |span| span.start))
    }
}

/// Where a key stands, else where its table does.
fn key_span(table: &Table, key: &str) -> Option<Range<usize>> {
    table.key(key).and_then(toml_edit::Key::span).or_else(|| table.span())
}

fn json_of_item(item: &Item) -> Json {
    match item {
        Item::Value(value) => json_of_value(value),
        Item::Table(table) => json_of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().map(json_of_table).collect(),
        Item::None => Json::Null,
    }
}

fn json_of_table(table: &Table) -> Json {
    table.iter().map(|(key, item)| (key.to_owned(), json_of_item(item))).collect()
}

fn json_of_value(value: &Toml) -> Json {
    match value {
        Toml::String(text) => Json::from(text.value().as_str()),
        Toml::Integer(number) => Json::from(*number.value()),
        Toml::Float(number) => Json::from(*number.value()),
        Toml::Boolean(boolean) => Json::from(*boolean.value()),
        Toml::Datetime(instant) => Json::from(instant.value().to_string()),
        Toml::Array(items) => items.iter().map(json_of_value).collect(),
        Toml::InlineTable(table) => {
            table.iter().map(|(key, value)| (key.to_owned(), json_of_value(value))).collect()
        }
    }
}
