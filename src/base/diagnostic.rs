//! A finding about a text: what, where, how bad, and what to do.

use super::code::Code;
use super::span::Span;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; never fails a check.
    Info,
    /// Probably not what the author meant; fails a check with `--deny warnings`.
    Warning,
    /// The rule is refused.
    Error,
}

impl Severity {
    /// The word that reports use: `info`, `warning` or `error`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Whether a fix may be applied without a person looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Safety {
    /// The fixed rule has exactly the members of the rule as written (for a rule that was refused:
    /// of the only reading it can have).
    Safe,
    /// The fixed rule is a guess, or has other members.
    Unsafe,
}

impl Safety {
    /// The word that reports use: `safe` or `unsafe`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// One replacement in the rule text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// What goes. Empty for an insertion.
    pub span: Span,
    /// What comes instead.
    pub text: String,
}

impl Edit {
    /// Replaces `span` by `text`.
    pub fn new(span: Span, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }
}

/// A machine-applicable change: all its edits or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// May it be applied unseen?
    pub safety: Safety,
    /// Replacements that do not overlap, in the order of the text.
    pub edits: Vec<Edit>,
}

impl Fix {
    /// A fix that keeps the members.
    pub fn safe(edits: Vec<Edit>) -> Self {
        Self::new(Safety::Safe, edits)
    }

    /// A fix that a person has to look at.
    pub fn guess(edits: Vec<Edit>) -> Self {
        Self::new(Safety::Unsafe, edits)
    }

    fn new(safety: Safety, mut edits: Vec<Edit>) -> Self {
        edits.sort();
        Self { safety, edits }
    }

    /// `text` with the edits made; `None` if they overlap or lie outside the text.
    pub fn applied_to(&self, text: &str) -> Option<String> {
        apply(text, self.edits.iter())
    }
}

/// Makes `edits` (in the order of the text) in `text`; `None` if they overlap or lie outside it.
pub fn apply<'edit>(text: &str, edits: impl Iterator<Item = &'edit Edit>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start)?);
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// One finding.
///
/// ```
/// use dyngroup::base::{code, diagnostic::Diagnostic, span::Span};
/// let finding = Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, Span::new(5, 14), "`departmnt` is no attribute of a user")
///     .help("did you mean `department`?");
/// assert_eq!(finding.code.id, "DG0301");
/// assert_eq!(finding.service_message.as_deref(), Some("Wrong property applied."));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: &'static Code,
    /// How bad it is: the code's own severity unless the circumstances change it.
    pub severity: Severity,
    /// Where: bytes of the rule text.
    pub span: Span,
    /// What is wrong: lower case, no full stop, the author's text in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The change that does it.
    pub fix: Option<Fix>,
    /// The service's own words for it, where known.
    pub service_message: Option<String>,
}

impl Diagnostic {
    /// A finding with the severity and the service's message of its code.
    pub fn new(code: &'static Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity,
            span,
            message: message.into(),
            help: None,
            fix: None,
            service_message: code.service_message.map(str::to_owned),
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a change.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }

    /// Sets another severity than the code's own.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets the service's words for this very finding.
    #[must_use]
    pub fn service_message(mut self, message: impl Into<String>) -> Self {
        self.service_message = Some(message.into());
        self
    }

    /// Whether the rule is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_apply_in_order_and_refuse_to_overlap() {
        let fix = Fix::safe(vec![Edit::new(Span::at(3), "c"), Edit::new(Span::new(0, 1), "A")]);
        assert_eq!(fix.applied_to("abb").as_deref(), Some("Abbc"));
        let clash = Fix::safe(vec![Edit::new(Span::new(0, 2), "x"), Edit::new(Span::new(1, 3), "y")]);
        assert_eq!(clash.applied_to("abc"), None);
        assert_eq!(Fix::safe(vec![Edit::new(Span::new(2, 9), "")]).applied_to("abc"), None);
    }
}
