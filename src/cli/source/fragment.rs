//! Parts of a rule as they stand, or would stand, in its file.

use super::RuleSource;
use super::json::string as json_string;
use super::terraform::string as terraform_string;
use super::write::Host;
use crate::base::span::Span;

impl RuleSource {
    /// What the file has for `span` of the text, escapes included.
    pub fn raw(&self, span: Span) -> &str {
        self.file_span(span).of(&self.place.content)
    }

    /// `fragment`, a part of a changed text, with the escapes that the file needs.
    pub fn escaped(&self, fragment: &str) -> String {
        let without_quotes = |quoted: String| {
            quoted
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .map_or(quoted.clone(), str::to_owned)
        };
        match &self.place.host {
            Host::JsonString => without_quotes(json_string::encoded(fragment)),
            Host::TerraformString => without_quotes(terraform_string::encoded(fragment)),
            Host::Cell { quoted: true, .. } => fragment.replace('"', "\"\""),
            Host::Text { .. } | Host::Line | Host::Cell { .. } | Host::Heredoc(_) => fragment.to_owned(),
        }
    }
}
