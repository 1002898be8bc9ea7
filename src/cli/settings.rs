//! Settings: the command line over `dyngroup.toml`, found upwards from what is checked.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::args::{DialectArg, Global, LanguageArgs, SubjectArg, VersionOrderArg};
use super::failure::Failure;
use crate::base::code::{self, Code};
use crate::engine::world::VersionOrder;
use crate::language::attribute::{Attribute, Attributes, Kind, Subject};
use crate::language::compile::Options;
use crate::language::dialect::Dialect;
use crate::language::lint::LintOptions;
use crate::language::literal;

/// The name that is searched for.
const FILE_NAME: &str = "dyngroup.toml";

/// What commands need to know beside their own options.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) dialect: Dialect,
    pub(super) subject: Option<Subject>,
    pub(super) attributes: Attributes,
    pub(super) lints: LintOptions,
    pub(super) deny: Vec<String>,
    pub(super) version_order: Option<VersionOrder>,
    pub(super) output_format: Option<String>,
    /// The instant that was asked for; the clock decides where nobody asked.
    now: Option<Timestamp>,
}

/// `dyngroup.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    dialect: Dialect,
    subject: Option<Subject>,
    now: Option<String>,
    output_format: Option<String>,
    version_order: Option<VersionOrderName>,
    deny: Vec<String>,
    lints: Lints,
    attribute: Vec<Declaration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Lints {
    enable: Vec<String>,
    ignore: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum VersionOrderName {
    Version,
    Ordinal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Declaration {
    object: Subject,
    name: String,
    kind: Kind,
}

impl Settings {
    /// Reads the settings for work that begins at `place` (a file or folder), if it begins at one.
    pub(super) fn read(
        global: &Global,
        language: &LanguageArgs,
        place: Option<&Path>,
    ) -> Result<Self, Failure> {
        let file = match find(global, place) {
            Some(path) => read_file(&path)?,
            None => File::default(),
        };
        let declared = file.attribute.iter().map(|row| declared(row.object, &row.name, row.kind));
        let given = language.attributes.iter().map(|text| declaration(text));
        let attributes: Result<Vec<Attribute>, Failure> = declared.chain(given).collect();
        let now = match global.now.as_deref().or(file.now.as_deref()) {
            Some(text) => Some(instant(text)?),
            None => None,
        };
        let lints =
            LintOptions { now, enabled: codes(&file.lints.enable)?, disabled: codes(&file.lints.ignore)? };
        Ok(Self {
            dialect: language.dialect.map_or(file.dialect, dialect),
            subject: file.subject,
            attributes: Attributes::standard().clone().declare(attributes?),
            lints,
            deny: file.deny,
            version_order: file.version_order.map(|order| match order {
                VersionOrderName::Version => VersionOrder::Version,
                VersionOrderName::Ordinal => VersionOrder::Ordinal,
            }),
            output_format: file.output_format,
            now,
        })
    }

    /// How rules are read under these settings.
    pub(super) fn options(&self) -> Options<'_> {
        Options { dialect: self.dialect, subject: self.subject, attributes: &self.attributes }
    }

    /// What `system.now` stands for: what was asked for, else the clock.
    pub(super) fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// Takes a choice of the command line over.
    #[must_use]
    pub(super) fn with_subject(mut self, subject: Option<SubjectArg>) -> Self {
        self.subject = subject.map(subject_of).or(self.subject);
        self
    }

    /// Takes a choice of the command line over.
    #[must_use]
    pub(super) fn with_version_order(mut self, order: Option<VersionOrderArg>) -> Self {
        let chosen = order.map(|order| match order {
            VersionOrderArg::Version => VersionOrder::Version,
            VersionOrderArg::Ordinal => VersionOrder::Ordinal,
        });
        self.version_order = chosen.or(self.version_order);
        self
    }
}

/// The subject that an option names.
pub(super) fn subject_of(argument: SubjectArg) -> Subject {
    match argument {
        SubjectArg::User => Subject::User,
        SubjectArg::Device => Subject::Device,
    }
}

/// The codes that `ids` name.
pub(super) fn codes(ids: &[String]) -> Result<Vec<&'static Code>, Failure> {
    ids.iter()
        .map(|id| {
            code::find(id)
                .ok_or_else(|| Failure::new(format!("`{id}` is no code; `dyngroup rule` lists them")))
        })
        .collect()
}

fn dialect(argument: DialectArg) -> Dialect {
    match argument {
        DialectArg::Entra => Dialect::Entra,
        DialectArg::Extended => Dialect::Extended,
    }
}

fn instant(text: &str) -> Result<Timestamp, Failure> {
    literal::instant(text).map_err(|why| Failure::new(format!("`{text}` is no instant: {why}")))
}

/// The settings file to read: the one named, else the nearest above `place`, else above here.
fn find(global: &Global, place: Option<&Path>) -> Option<PathBuf> {
    if global.no_config {
        return None;
    }
    if let Some(named) = &global.config {
        return Some(named.clone());
    }
    let here = std::env::current_dir().ok();
    let place = place.and_then(|place| place.canonicalize().ok());
    [place, here].into_iter().flatten().find_map(|start| {
        start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|candidate| candidate.is_file())
    })
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, "read", &error))?;
    toml::from_str(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let position = crate::base::span::Lines::of(&text).position(at);
        Failure::new(format!("{}:{}:{}: {}", path.display(), position.line, position.column, error.message()))
    })
}

/// Reads `user.employeeType:text`.
fn declaration(text: &str) -> Result<Attribute, Failure> {
    let parts = text.split_once(':').and_then(|(path, kind)| {
        let (object, name) = path.split_once('.')?;
        let kind = match kind {
            "boolean" => Kind::Boolean,
            "text" => Kind::Text,
            "date" => Kind::Date,
            "texts" => Kind::Texts,
            _ => return None,
        };
        Some((Subject::from_word(object)?, name, kind))
    });
    match parts {
        Some((subject, name, kind)) => declared(subject, name, kind),
        None => Err(Failure::new(format!(
            "`{text}` declares no attribute; write `user.employeeType:text`; kinds are boolean, text, date and texts"
        ))),
    }
}

fn declared(subject: Subject, name: &str, kind: Kind) -> Result<Attribute, Failure> {
    let mut characters = name.chars();
    let fits = characters.next().is_some_and(char::is_alphabetic)
        && characters.all(|character| character.is_alphanumeric() || character == '_')
        && matches!(kind, Kind::Boolean | Kind::Text | Kind::Date | Kind::Texts);
    if fits {
        return Ok(Attribute::declared(subject, name, kind));
    }
    Err(Failure::new(format!(
        "`{name}` cannot be declared: a name is a letter and then letters, digits and `_`; kinds are boolean, text, date and texts"
    )))
}
