//! stub
use super::compile::Compiled;
use crate::base::code::Code;
use crate::base::diagnostic::Diagnostic;
/// x
#[derive(Clone, Debug, Default)]
pub struct LintOptions {
    /// x
    pub now: Option<jiff::Timestamp>,
    /// x
    pub enabled: Vec<&'static Code>,
    /// x
    pub disabled: Vec<&'static Code>,
}
/// x
pub fn lint(_text: &str, _compiled: &Compiled, _options: &LintOptions) -> Vec<Diagnostic> {
    Vec::new()
}
