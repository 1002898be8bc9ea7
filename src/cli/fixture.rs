//! A rule fixture: one TOML file with a rule, objects, and what is expected of them.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value as Toml};

use super::failure::Failure;
use crate::base::code::{self, Code};
use crate::base::span::{Lines, Position};
use crate::directory::object::Object;
use crate::directory::read::read_objects_from_str;
use crate::directory::source::Format;
use crate::engine::world::VersionOrder;
use crate::language::attribute::{Attributes, Subject};
use crate::language::dialect::Dialect;
use crate::language::literal;

/// A fixture as its file says.
#[derive(Debug)]
pub(super) struct Fixture {
    pub(super) path: PathBuf,
    pub(super) rule: String,
    pub(super) subject: Option<Subject>,
    pub(super) dialect: Option<Dialect>,
    pub(super) now: Option<Timestamp>,
    pub(super) version_order: Option<VersionOrder>,
    pub(super) error: Option<ExpectedError>,
    pub(super) lints: Option<Vec<&'static Code>>,
    pub(super) cases: Vec<Case>,
    /// Pairs of group and member, from `memberOf` of objects and groups.
    pub(super) memberships: Vec<(String, String)>,
    document: DocumentMut,
}

/// What `error` asks for.
#[derive(Clone, Copy, Debug)]
pub(super) enum ExpectedError {
    /// Any error.
    Some,
    /// This one.
    Code(&'static Code),
    /// `error = false`: as if it were not there.
    None,
}

/// An object and whether it is expected to be a member.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) object: Object,
    pub(super) subject: Subject,
    pub(super) member: Option<bool>,
    /// Which table of its kind it is, from 0.
    index: usize,
}

/// The keys of a fixture.
const KEYS: &[&str] =
    &["rule", "subject", "dialect", "now", "version-order", "error", "lints", "user", "device", "group"];

impl Fixture {
    /// Reads a fixture; `Ok(None)` for a TOML file without a rule.
    pub(super) fn read(path: &Path, attributes: &Attributes) -> Result<Option<Self>, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", &error))?;
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            let at = error
                .span()
                .map_or(Position { line: 1, column: 1 }, |span| Lines::of(&text).position(span.start));
            Failure::new(format!("{}:{}:{}: {}", path.display(), at.line, at.column, error.message()))
        })?;
        if !document.contains_key("rule") {
            return Ok(None);
        }
        let reader = Reader { path, attributes };
        reader.fixture(document).map(Some)
    }

    /// The file's text with other expectations.
    pub(super) fn rewritten(&self, error: Option<&str>, lints: Option<&[&str]>, members: &[bool]) -> String {
        let mut document = self.document.clone();
        match error {
            Some(code) => document["error"] = toml_edit::value(code),
            None => {
                document.remove("error");
            }
        }
        if let Some(lints) = lints {
            document["lints"] = toml_edit::value(lints.iter().copied().collect::<toml_edit::Array>());
        }
        for (case, &member) in self.cases.iter().zip(members) {
            let tables = document.get_mut(case.subject.word()).and_then(Item::as_array_of_tables_mut);
            if let Some(table) = tables.and_then(|tables| tables.get_mut(case.index)) {
                table["member"] = toml_edit::value(member);
            }
        }
        document.to_string()
    }
}

struct Reader<'a> {
    path: &'a Path,
    attributes: &'a Attributes,
}

impl Reader<'_> {
    fn fixture(&self, document: DocumentMut) -> Result<Fixture, Failure> {
        if let Some((key, _)) = document.iter().find(|(key, _)| !KEYS.contains(key)) {
            return Err(self.fault(&format!("unknown key `{key}`; a fixture has {}", KEYS.join(", "))));
        }
        let text = |key: &str| -> Result<Option<&str>, Failure> {
            let item = document.get(key);
            let found = item
                .map(|item| item.as_str().ok_or_else(|| self.fault(&format!("`{key}` has to be a string"))));
            found.transpose()
        };
        let rule = text("rule")?.unwrap_or_default().to_owned();
        let subject =
            self.word(text("subject")?, "subject", &[("user", Subject::User), ("device", Subject::Device)])?;
        let dialect = self.word(
            text("dialect")?,
            "dialect",
            &[("entra", Dialect::Entra), ("extended", Dialect::Extended)],
        )?;
        let orders = [("version", VersionOrder::Version), ("ordinal", VersionOrder::Ordinal)];
        let version_order = self.word(text("version-order")?, "version-order", &orders)?;
        let now = self.now(&document)?;
        let error = self.error(document.get("error"))?;
        let lints = self.lints(document.get("lints"))?;
        let mut fixture = Fixture {
            path: self.path.to_owned(),
            rule,
            subject,
            dialect,
            now,
            version_order,
            error,
            lints,
            cases: Vec::new(),
            memberships: Vec::new(),
            document: document.clone(),
        };
        for subject in Subject::ALL {
            for (index, table) in self.tables(&document, subject.word())?.into_iter().flatten().enumerate() {
                self.case(table, subject, index, &mut fixture)?;
            }
        }
        for table in self.tables(&document, "group")?.into_iter().flatten() {
            self.group(table, &mut fixture)?;
        }
        Ok(fixture)
    }

    fn tables<'doc>(
        &self,
        document: &'doc DocumentMut,
        key: &str,
    ) -> Result<Option<&'doc ArrayOfTables>, Failure> {
        match document.get(key) {
            None => Ok(None),
            Some(item) => item
                .as_array_of_tables()
                .map(Some)
                .ok_or_else(|| self.fault(&format!("write `[[{key}]]`, once for each {key}"))),
        }
    }

    fn case(
        &self,
        table: &Table,
        subject: Subject,
        index: usize,
        fixture: &mut Fixture,
    ) -> Result<(), Failure> {
        let member = match table.get("member") {
            None => None,
            Some(item) => Some(item.as_bool().ok_or_else(|| self.fault("`member` has to be true or false"))?),
        };
        let mut fields: Map<String, Json> = table
            .iter()
            .filter(|&(key, _)| key != "member")
            .map(|(key, item)| (key.to_owned(), json_of_item(item)))
            .collect();
        let names_itself =
            fields.keys().any(|key| key.eq_ignore_ascii_case("id") || key.eq_ignore_ascii_case("objectId"));
        if !names_itself {
            fields.insert("id".to_owned(), format!("{} {}", subject.word(), index + 1).into());
        }
        self.known_fields(&fields, subject)?;
        let name = format!("{} [[{}]] {}", self.path.display(), subject.word(), index + 1);
        let text = Json::from(vec![Json::Object(fields)]).to_string();
        let read = read_objects_from_str(name.as_str(), &text, Format::Json, subject, self.attributes);
        for object in read.map_err(|errors| without_position(&name, &errors))? {
            let id = object.object.id().to_owned();
            fixture.memberships.extend(object.member_of.into_iter().map(|group| (group, id.clone())));
            fixture.cases.push(Case { object: object.object, subject, member, index });
        }
        Ok(())
    }

    /// A misspelt attribute would be null without a word, and the fixture would test nothing.
    fn known_fields(&self, fields: &Map<String, Json>, subject: Subject) -> Result<(), Failure> {
        const OTHERS: &[&str] = &[
            "id",
            "manager",
            "managerId",
            "memberOf",
            "onPremisesExtensionAttributes",
            "extensionAttributes",
        ];
        let known = |name: &str| {
            OTHERS.iter().any(|other| other.eq_ignore_ascii_case(name))
                || self.attributes.find(subject, name).is_some()
                || self.attributes.find_graph(subject, name).is_some()
        };
        match fields.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => Err(self.fault(&format!("`{name}` is no attribute of a {}", subject.word()))),
        }
    }

    /// `[[group]]`: a group that is itself a member of groups.
    fn group(&self, table: &Table, fixture: &mut Fixture) -> Result<(), Failure> {
        let id = table
            .get("id")
            .and_then(Item::as_str)
            .ok_or_else(|| self.fault("a `[[group]]` needs an `id`"))?;
        let above = table.get("memberOf").and_then(Item::as_array);
        let above = above.ok_or_else(|| self.fault("a `[[group]]` needs `memberOf`, a list of group ids"))?;
        for group in above {
            let group = group.as_str().ok_or_else(|| self.fault("`memberOf` lists group ids as strings"))?;
            fixture.memberships.push((group.to_owned(), id.to_owned()));
        }
        Ok(())
    }

    fn now(&self, document: &DocumentMut) -> Result<Option<Timestamp>, Failure> {
        let Some(item) = document.get("now") else { return Ok(None) };
        let text = match item.as_value() {
            Some(Toml::String(text)) => text.value().clone(),
            Some(Toml::Datetime(instant)) => instant.value().to_string(),
            _ => return Err(self.fault("`now` has to be a date-time")),
        };
        literal::instant(&text).map(Some).map_err(|why| self.fault(&format!("`now`: {why}")))
    }

    fn error(&self, item: Option<&Item>) -> Result<Option<ExpectedError>, Failure> {
        let Some(item) = item else { return Ok(None) };
        if let Some(wanted) = item.as_bool() {
            return Ok(Some(if wanted { ExpectedError::Some } else { ExpectedError::None }));
        }
        let found = item.as_str().and_then(code::find);
        found
            .map(|code| Some(ExpectedError::Code(code)))
            .ok_or_else(|| self.fault("`error` has to be true, false or a code such as \"DG0301\""))
    }

    fn lints(&self, item: Option<&Item>) -> Result<Option<Vec<&'static Code>>, Failure> {
        let Some(item) = item else { return Ok(None) };
        let codes = item.as_array().and_then(|list| list.iter().map(|id| code::find(id.as_str()?)).collect());
        codes.map(Some).ok_or_else(|| self.fault("`lints` has to be a list of codes such as [\"L21\"]"))
    }

    fn word<T: Copy>(
        &self,
        word: Option<&str>,
        key: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, Failure> {
        let Some(word) = word else { return Ok(None) };
        let found = words.iter().find(|(known, _)| *known == word).map(|&(_, value)| value);
        found.map(Some).ok_or_else(|| {
            let known: Vec<&str> = words.iter().map(|&(known, _)| known).collect();
            self.fault(&format!("`{key}` is one of {}", known.join(", ")))
        })
    }

    fn fault(&self, what: &str) -> Failure {
        Failure::new(format!("{}: {what}", self.path.display()))
    }
}

/// The positions point into the text made from the table; the table's name says enough.
fn without_position(name: &str, errors: &crate::directory::error::DataErrors) -> Failure {
    let sentences: Vec<String> = errors
        .iter()
        .map(|error| {
            let field = error.field.as_deref().map(|field| format!("field {field}: ")).unwrap_or_default();
            format!("{name}: {field}{}", error.message)
        })
        .collect();
    Failure::new(sentences.join("\n"))
}

fn json_of_item(item: &Item) -> Json {
    match item {
        Item::Value(value) => json_of_value(value),
        Item::Table(table) => table.iter().map(|(key, item)| (key.to_owned(), json_of_item(item))).collect(),
        Item::ArrayOfTables(tables) => tables
            .iter()
            .map(|table| {
                table.iter().map(|(key, item)| (key.to_owned(), json_of_item(item))).collect::<Json>()
            })
            .collect(),
        Item::None => Json::Null,
    }
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
