//! Settings: the command line over `dyngroup.toml`, found upwards from what is checked.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::args::{Global, LanguageArgs};
use super::failure::Failure;
use super::words::{Choice, CodeName, Declaration, Denial, Instant, Word};
use crate::base::code::Code;
use crate::base::span::Lines;
use crate::engine::world::VersionOrder;
use crate::language::attribute::{Attributes, Subject};
use crate::language::compile::Options;
use crate::language::dialect::Dialect;
use crate::language::lint::LintOptions;
use crate::report::output_format::OutputFormat;

/// The name that is searched for.
const FILE_NAME: &str = "dyngroup.toml";

/// What commands need to know beside their own options.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) dialect: Dialect,
    /// What rules have to select; checks and fixtures look at it.
    pub(super) subject: Option<Subject>,
    pub(super) attributes: Attributes,
    pub(super) lints: LintOptions,
    pub(super) deny: Vec<Denial>,
    pub(super) version_order: Option<VersionOrder>,
    pub(super) output_format: Option<OutputFormat>,
    /// The instant that was asked for; the clock decides where nobody asked.
    now: Option<Timestamp>,
}

/// `dyngroup.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct File {
    dialect: Option<Choice<Dialect>>,
    subject: Option<Choice<Subject>>,
    now: Option<Word<Instant>>,
    output_format: Option<Choice<OutputFormat>>,
    version_order: Option<Choice<VersionOrder>>,
    deny: Vec<Word<Denial>>,
    lints: Lints,
    attribute: Vec<Declaration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Lints {
    enable: Vec<Word<CodeName>>,
    ignore: Vec<Word<CodeName>>,
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
        let now = global.now.or(file.now.map(|Word(now)| now)).map(|Instant(now)| now);
        let declared = file.attribute.iter().chain(&language.attributes);
        Ok(Self {
            dialect: language.dialect.or(file.dialect.map(|Choice(it)| it)).unwrap_or_default(),
            subject: file.subject.map(|Choice(it)| it),
            attributes: declare(declared)?,
            lints: LintOptions {
                now,
                enabled: codes(file.lints.enable.iter().map(|Word(name)| name)),
                disabled: codes(file.lints.ignore.iter().map(|Word(name)| name)),
            },
            deny: file.deny.into_iter().map(|Word(denial)| denial).collect(),
            version_order: file.version_order.map(|Choice(it)| it),
            output_format: file.output_format.map(|Choice(it)| it),
            now,
        })
    }

    /// How rules are read under these settings, whatever they select.
    pub(super) fn options(&self) -> Options<'_> {
        Options { dialect: self.dialect, subject: None, attributes: &self.attributes }
    }

    /// What `system.now` stands for: what was asked for, else the clock.
    pub(super) fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// What `system.now` stands for: what was asked for, else `instant`.
    pub(super) fn now_or(&self, instant: Timestamp) -> Timestamp {
        self.now.unwrap_or(instant)
    }

    /// Takes a choice of the command line over.
    #[must_use]
    pub(super) fn with_version_order(mut self, order: Option<VersionOrder>) -> Self {
        self.version_order = order.or(self.version_order);
        self
    }
}

/// The codes behind their names.
pub(super) fn codes<'name>(names: impl IntoIterator<Item = &'name CodeName>) -> Vec<&'static Code> {
    names.into_iter().map(|&CodeName(code)| code).collect()
}

/// The attributes of the service and the declared ones. A name has one kind only.
fn declare<'all>(declared: impl Iterator<Item = &'all Declaration>) -> Result<Attributes, Failure> {
    let mut attributes = Attributes::standard().clone();
    for Declaration(attribute) in declared {
        match attributes.find(attribute.subject, &attribute.name) {
            Some(known) if known.kind != attribute.kind => {
                let (path, is) = (attribute.path(), known.kind.words());
                return Err(Failure::new(format!("`{path}` cannot be declared like this: it is {is}")));
            }
            Some(_) => {}
            None => attributes = attributes.declare([attribute.clone()]),
        }
    }
    Ok(attributes)
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
        let position = Lines::of(&text).position(error.span().map_or(0, |span| span.start));
        Failure::at(path, position, error.message())
    })
}
