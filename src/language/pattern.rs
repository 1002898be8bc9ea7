//! Regular expressions of `-match` and `-notMatch`, in the flavour of .NET.

use crate::base::span::Span;

/// A regular expression that compiles.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: regex::Regex,
}

/// Why a pattern is refused. The span counts bytes of the pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Where in the pattern.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// Whether .NET would take it and only dyngroup cannot run it.
    pub unsupported: bool,
}

/// A value on which the back-tracking engine gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the regular expression needs too many steps on this value")]
pub struct StepLimit;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] for a pattern that .NET refuses or that cannot be run here.
    pub fn new(source: &str) -> Result<Self, PatternError> {
        let regex = regex::RegexBuilder::new(source).case_insensitive(true).build().map_err(|error| {
            PatternError { span: Span::new(0, source.len()), message: error.to_string(), unsupported: false }
        })?;
        Ok(Self { source: source.to_owned(), regex })
    }

    /// The pattern as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it matches anywhere in `value`.
    ///
    /// # Errors
    /// [`StepLimit`] when the back-tracking engine gives up.
    pub fn is_match(&self, value: &str) -> Result<bool, StepLimit> {
        Ok(self.regex.is_match(value))
    }

    /// Some short text that it matches, where one can be made up.
    pub fn sample(&self) -> Option<String> {
        None
    }
}
