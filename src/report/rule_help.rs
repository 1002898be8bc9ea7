//! The long explanation of a code, out of `docs/diagnostics.md`.

use crate::base::code::Code;

/// One `## ` section per code, in the order of [`crate::base::code::ALL`].
const DIAGNOSTICS: &str = include_str!("../../docs/diagnostics.md");

/// The section of `code` in Markdown: its heading `## DG0301 · unknown attribute`, then the text.
/// No blank line stands before or after it.
///
/// ```
/// use dyngroup::base::code;
/// use dyngroup::report::rule_help::code_help;
/// assert!(code_help(&code::UNKNOWN_ATTRIBUTE).starts_with("## DG0301 · unknown attribute"));
/// ```
pub fn code_help(code: &Code) -> String {
    sections(DIAGNOSTICS)
        .into_iter()
        .find(|section| heading_id(section) == Some(code.id))
        .map_or_else(|| heading(code), str::to_owned)
}

/// The heading of the section of `code`.
fn heading(code: &Code) -> String {
    format!("## {} · {}", code.id, code.title)
}

/// The first word of a section's heading.
fn heading_id(section: &str) -> Option<&str> {
    section.strip_prefix("## ")?.split_whitespace().next()
}

/// The parts of `text` that begin with a heading of the second level and end before the next heading
/// of the first or second level. Lines in fenced code are no headings.
fn sections(text: &str) -> Vec<&str> {
    let mut sections = Vec::new();
    let mut begun = None;
    let mut fenced = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        let below_title = line.starts_with("## ");
        if !fenced && (below_title || line.starts_with("# ")) {
            sections.extend(begun.and_then(|start| text.get(start..at)));
            begun = below_title.then_some(at);
        }
        at += line.len();
    }
    sections.extend(begun.and_then(|start| text.get(start..)));
    sections.into_iter().map(str::trim_end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::code;

    #[test]
    fn every_code_has_its_section_in_order() {
        let headings: Vec<_> = sections(DIAGNOSTICS)
            .into_iter()
            .map(|section| section.lines().next().unwrap_or_default())
            .collect();
        let expected: Vec<_> = code::ALL.iter().map(|code| heading(code)).collect();
        assert_eq!(headings, expected);
    }

    #[test]
    fn sections_end_at_headings_outside_code() {
        let text = "# T\n## A · a\nx\n```sh\n# no heading\n## nor this\n```\n### deeper\n\n# Part\nintro\n## B · b\n";
        let sections = sections(text);
        assert_eq!(sections, ["## A · a\nx\n```sh\n# no heading\n## nor this\n```\n### deeper", "## B · b"]);
        assert_eq!(heading_id("## A · a"), Some("A"));
    }

    #[test]
    fn help_begins_with_the_heading_of_its_code() {
        for code in code::ALL {
            assert!(code_help(code).starts_with(&heading(code)), "{}", code.id);
        }
    }
}
