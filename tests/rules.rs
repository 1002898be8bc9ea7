//! What several tests need: the corpus, and a plain rendering of findings.

use dyngroup::base::diagnostic::Diagnostic;
use dyngroup::language::compile::{Compiled, Options, compile};

/// A rule of the corpus.
#[derive(serde::Deserialize)]
pub(crate) struct Sample {
    /// The rule text.
    pub(crate) rule: String,
    /// `user` or `device`.
    pub(crate) subject: String,
    /// `valid`, `invalid` or `unknown`.
    pub(crate) verdict: String,
}

/// The corpus: rules in the shapes that people write, with invented names and values.
pub(crate) fn samples() -> Vec<Sample> {
    let lines = include_str!("corpus/rules.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A rule in the service's dialect.
pub(crate) fn compiled(rule: &str) -> Compiled {
    compile(rule, Options::default())
}

/// A rule and its findings, one or two lines each.
pub(crate) fn rendered(rule: &str) -> String {
    let mut out = format!("{rule}\n");
    let compiled = compiled(rule);
    for finding in &compiled.diagnostics {
        out += &format!("  {}\n", one_line(rule, finding));
        if let Some(fix) = &finding.fix {
            let fixed = fix.applied_to(rule).expect("edits fit the rule");
            out += &format!("    {}: {fixed}\n", fix.safety.word());
        }
    }
    if compiled.rule.is_some() {
        out += "  accepted\n";
    }
    out
}

fn one_line(rule: &str, finding: &Diagnostic) -> String {
    let severity = if finding.is_error() { "" } else { finding.severity.word() };
    let separator = if severity.is_empty() { "" } else { " " };
    format!(
        "{}{separator}{severity} [{}] {}; {}",
        finding.code.id,
        finding.span.of(rule),
        finding.message.replace('\n', " "),
        finding.help.as_deref().unwrap_or("no help")
    )
}
