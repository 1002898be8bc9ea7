//! Regular expressions of `-match` and `-notMatch`, in the flavour of .NET.

use crate::base::span::Span;

/// A regular expression that compiles.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    regex: regex::Regex,
}

/// A pattern that is a plain test for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainPattern {
    /// The value is the text.
    Exact(String),
    /// The value starts with the text.
    Prefix(String),
    /// The value ends with the text.
    Suffix {
        /// The text.
        text: String,
        /// Whether a dot of the text was written without a backslash.
        unescaped_dot: bool,
    },
    /// The value holds the text.
    Literal(String),
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

    /// The plain test that it is, if it is one. (Stand-in.)
    pub fn plain(&self) -> Option<PlainPattern> {
        let mut rest = self.source.as_str();
        while let Some(tail) = rest.strip_prefix(".*?").or_else(|| rest.strip_prefix(".*")) {
            rest = tail;
        }
        while let Some(head) = rest.strip_suffix(".*?").or_else(|| rest.strip_suffix(".*")) {
            rest = head;
        }
        let start = rest.strip_prefix('^').or_else(|| rest.strip_prefix(r"\A"));
        let rest = start.unwrap_or(rest);
        let end = rest.strip_suffix(r"\z").or_else(|| rest.strip_suffix('$').filter(|r| !r.ends_with('\\')));
        let rest = end.unwrap_or(rest);
        let (mut text, mut unescaped_dot) = (String::new(), false);
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.push(chars.next().filter(|c| !c.is_alphanumeric())?),
                '.' => {
                    unescaped_dot = true;
                    text.push('.');
                }
                '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | '{' | '|' => return None,
                c => text.push(c),
            }
        }
        let dotted_edge = rest.starts_with('.') || rest.replace("\\.", "__").ends_with('.');
        match (start.is_some(), end.is_some()) {
            _ if unescaped_dot && dotted_edge => None,
            (false, true) if !text.is_empty() => Some(PlainPattern::Suffix { text, unescaped_dot }),
            _ if unescaped_dot => None,
            (true, true) => Some(PlainPattern::Exact(text)),
            (true, false) if !text.is_empty() => Some(PlainPattern::Prefix(text)),
            _ => Some(PlainPattern::Literal(text)),
        }
    }

    /// The wildcards at the very start and end that can go. (Stand-in.)
    pub fn edge_wildcards(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        let length = self.source.len();
        let first = [".*?", ".*"].into_iter().find(|w| self.source.starts_with(w)).map_or(0, str::len);
        let last = [".*?", ".*"].into_iter().find(|w| self.source.ends_with(w)).map_or(0, str::len);
        if first > 0 {
            spans.push(Span::new(0, first));
        }
        if last > 0 && length - last >= first && !self.source[..length - last].ends_with('\\') {
            spans.push(Span::new(length - last, length));
        }
        spans
    }
}
