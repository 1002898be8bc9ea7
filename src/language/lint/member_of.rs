//! L14: the end of `memberOf`.

use jiff::Timestamp;

use super::super::typed::{NodeKind, Reach};
use super::linted::Linted;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Severity};

/// L14: the service stops supporting `memberOf` on 2026-11-03, as its documentation says: groups keep the
/// members they have then. An error from that instant on, where one is given.
pub(super) fn ending(linted: &Linted<'_>) -> Vec<Diagnostic> {
    let over = linted.options.now.is_some_and(|now| now >= support_end());
    let mut findings = Vec::new();
    linted.rule.root.walk(&mut |node| {
        // The transitive form is not the service's: it does not end.
        let NodeKind::MemberOf { reach: Reach::Direct, .. } = node.kind else { return };
        let message = if over {
            "support for `memberOf` rules ended on 2026-11-03: the group no longer changes"
        } else {
            "support for `memberOf` rules ends on 2026-11-03: the group will no longer change"
        };
        let severity = if over { Severity::Error } else { Severity::Warning };
        findings.push(
            Diagnostic::new(&code::L14, node.span, message)
                .severity(severity)
                .help("select the members by their attributes, or assign them to the group"),
        );
    });
    findings
}

/// 2026-11-03T00:00:00Z, the first instant without support.
fn support_end() -> Timestamp {
    Timestamp::constant(1_793_664_000, 0)
}

#[cfg(test)]
mod tests {
    use super::super::LintOptions;
    use super::super::testing::{codes, lint_with};
    use super::*;

    #[test]
    fn the_clock_makes_it_an_error() {
        assert_eq!(support_end().to_string(), "2026-11-03T00:00:00Z");
        let severity = |now: Option<&str>| {
            let now = now.map(|now| now.parse().expect("an instant"));
            let options = LintOptions { now, ..LintOptions::default() };
            let found = lint_with("user.memberOf -any (group.objectId -in ['a'])", &options);
            found.first().map(|finding| (finding.code.id, finding.severity))
        };
        assert_eq!(severity(None), Some(("L14", Severity::Warning)));
        assert_eq!(severity(Some("2026-11-02T23:59:59Z")), Some(("L14", Severity::Warning)));
        assert_eq!(severity(Some("2026-11-03T00:00:00Z")), Some(("L14", Severity::Error)));
        assert_eq!(codes("user.department -eq \"memberOf\""), "");
    }
}
