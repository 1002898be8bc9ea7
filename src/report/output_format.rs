//! The words of `--output-format`.

use std::str::FromStr;

/// The shape of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutputFormat {
    /// Excerpts with underlines, help and fixes, for people.
    Full,
    /// One line per finding, for people and editors.
    Concise,
    /// One pretty-printed JSON array.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Workflow commands that GitHub Actions turns into annotations.
    Github,
    /// SARIF 2.1.0.
    Sarif,
    /// `JUnit` XML.
    Junit,
}

impl OutputFormat {
    /// All shapes, in the order of the help text: what `check` takes.
    pub const ALL: [Self; 7] =
        [Self::Full, Self::Concise, Self::Json, Self::Jsonl, Self::Github, Self::Sarif, Self::Junit];

    /// The shapes that every command with a report takes.
    pub const COMMON: [Self; 4] = [Self::Full, Self::Concise, Self::Json, Self::Jsonl];

    /// The word on the command line.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Concise => "concise",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Github => "github",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
        }
    }
}

/// The word names no output format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no output format; there are {}", OutputFormat::ALL.map(OutputFormat::word).join(", "))]
pub struct UnknownOutputFormat {
    /// The word as given.
    pub word: String,
}

impl FromStr for OutputFormat {
    type Err = UnknownOutputFormat;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.word() == word)
            .ok_or_else(|| UnknownOutputFormat { word: word.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for format in OutputFormat::ALL {
            assert_eq!(format.word().parse(), Ok(format));
        }
        let refused = "xml".parse::<OutputFormat>().unwrap_err();
        insta::assert_snapshot!(
            refused,
            @"`xml` is no output format; there are full, concise, json, jsonl, github, sarif, junit"
        );
    }
}
