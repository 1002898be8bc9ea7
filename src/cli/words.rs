//! Choices as options and settings spell them: one reading for both.

use std::fmt::Display;
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use crate::base::code::{self, Code};
use crate::engine::world::VersionOrder;
use crate::language::attribute::{Attribute, Kind, Subject};
use crate::language::dialect::Dialect;
use crate::language::literal;
use crate::report::output_format::OutputFormat;

impl ValueEnum for Dialect {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Entra, Self::Extended]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Entra => "What the service accepts",
            Self::Extended => {
                "That, and combinations, transitive membership, -gt, -lt and declared attributes"
            }
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

impl ValueEnum for Subject {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

impl ValueEnum for VersionOrder {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Version, Self::Ordinal]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Version => PossibleValue::new("version").help("As numbers, part by part"),
            Self::Ordinal => PossibleValue::new("ordinal").help("As text"),
        })
    }
}

impl ValueEnum for OutputFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Self::Full => "Excerpts with underlines, help and fixes",
            Self::Concise => "One line for each finding",
            Self::Json => "One JSON array",
            Self::Jsonl => "One JSON object for each rule",
            Self::Github => "Annotations for GitHub Actions",
            Self::Sarif => "SARIF 2.1.0",
            Self::Junit => "JUnit XML",
        };
        Some(PossibleValue::new(self.word()).help(help))
    }
}

/// Reads one of the words of `T`; the error lists them.
pub(super) fn choice<T: ValueEnum>(word: &str) -> Result<T, String> {
    T::from_str(word, false).map_err(|_| {
        let known: Vec<String> = T::value_variants()
            .iter()
            .filter_map(T::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        format!("`{word}` is none of {}", known.join(", "))
    })
}

/// A diagnostic code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CodeName(pub(super) &'static Code);

impl FromStr for CodeName {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        code::find(id)
            .map(Self)
            .ok_or_else(|| format!("`{id}` is no code; `dyngroup rule` without a code lists them"))
    }
}

/// What else than errors makes a check fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// Findings of severity warning.
    Warnings,
    /// Findings with this code.
    Code(&'static Code),
}

impl FromStr for Denial {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "warning" | "warnings" => Ok(Self::Warnings),
            id => id.parse().map(|CodeName(code)| Self::Code(code)),
        }
    }
}

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instant(pub(super) Timestamp);

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        literal::instant(text).map(Self)
    }
}

/// An attribute that the service does not know, such as `user.employeeType:text`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DeclarationTable")]
pub(super) struct Declaration(pub(super) Attribute);

/// A declaration in the settings file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclarationTable {
    object: Subject,
    name: String,
    kind: Kind,
}

impl TryFrom<DeclarationTable> for Declaration {
    type Error = String;

    fn try_from(table: DeclarationTable) -> Result<Self, String> {
        Self::new(table.object, &table.name, table.kind)
    }
}

impl FromStr for Declaration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(path, kind)| {
            let (object, name) = path.split_once('.')?;
            Some((Subject::from_word(object)?, name, kind_of(kind)?))
        });
        let (subject, name, kind) =
            parts.ok_or_else(|| format!("write `user.employeeType:text`; kinds are {KINDS}"))?;
        Self::new(subject, name, kind)
    }
}

/// The kinds that can be declared.
const KINDS: &str = "boolean, text, date and texts";

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "boolean" => Some(Kind::Boolean),
        "text" => Some(Kind::Text),
        "date" => Some(Kind::Date),
        "texts" => Some(Kind::Texts),
        _ => None,
    }
}

impl Declaration {
    fn new(subject: Subject, name: &str, kind: Kind) -> Result<Self, String> {
        let mut characters = name.chars();
        let is_name = characters.next().is_some_and(char::is_alphabetic)
            && characters.all(|character| character.is_alphanumeric() || character == '_');
        if !is_name {
            return Err(format!("`{name}` is no name: a letter, then letters, digits and `_`"));
        }
        if matches!(kind, Kind::Plans | Kind::Groups) {
            return Err(format!("{} cannot be declared; kinds are {KINDS}", kind.words()));
        }
        Ok(Self(Attribute::declared(subject, name, kind)))
    }
}

/// A value that the settings file gives as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word<T>(pub(super) T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A word of a fixed set that the settings file gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choice<T>(pub(super) T);

impl<'de, T: ValueEnum> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        choice(&word).map(Self).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declaration(text: &str) -> Result<Declaration, String> {
        text.parse()
    }

    #[test]
    fn attributes_are_declared_with_object_and_kind() {
        let declared = declaration("Device.isCompliant:boolean").unwrap().0;
        assert_eq!((declared.path().as_str(), declared.kind), ("device.isCompliant", Kind::Boolean));
        for text in [
            "employeeType",
            "user.employeeType",
            "group.a:text",
            "user.a:plans",
            "user.a:Text",
            "user.1a:text",
            "user.:text",
            "user.a.b:text",
        ] {
            assert!(declaration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn choices_are_exact_words() {
        assert_eq!(choice("ordinal"), Ok(VersionOrder::Ordinal));
        assert_eq!(choice::<Dialect>("Entra").unwrap_err(), "`Entra` is none of entra, extended");
        assert_eq!("warnings".parse(), Ok(Denial::Warnings));
        assert_eq!("l25".parse(), Ok(Denial::Code(&code::L25)));
        assert!("L99".parse::<Denial>().is_err());
    }
}
