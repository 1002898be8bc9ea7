//! Applying fixes: those of one pass over a rule, and pass after pass until nothing is left to do.

use super::compile::{Compiled, Options, compile};
use super::lint::{LintOptions, lint};
use crate::base::diagnostic::{Diagnostic, Edit, Fix, Safety, apply};
use crate::base::limits;
use crate::base::span::Span;

/// Applies the fixes of `findings`, which were made for `text`: safe ones only, or with
/// [`Safety::Unsafe`] all of them.
///
/// A fix is applied as a whole or not at all. One that reaches into the text of an earlier one waits for
/// the next pass. The caller checks the result anew; [`fix_until_stable`] does both.
pub fn fixed(text: &str, findings: &[Diagnostic], which: Safety) -> String {
    apply_all(text, findings, which).0
}

/// Fixes a rule, checks it anew and goes on until nothing is left to fix, at most [`FIX_PASSES_MAX`]
/// times. Returns the rule and the number of fixes made.
///
/// The result is never worse than `text`: an accepted rule stays accepted and selects the same kind of
/// object, a refused one has no more errors than before, and no rule grows beyond the length limit.
///
/// ```
/// use dyngroup::base::diagnostic::Safety;
/// use dyngroup::language::compile::Options;
/// use dyngroup::language::fix::fix_until_stable;
/// use dyngroup::language::lint::LintOptions;
/// let rule = r#"User.City -eq "Oslo" -or user.city -eq "Bergen""#;
/// let (fixed, count) = fix_until_stable(rule, Options::default(), &LintOptions::default(), Safety::Safe);
/// assert_eq!((fixed.as_str(), count), (r#"user.city -in ["Oslo","Bergen"]"#, 2));
/// ```
pub fn fix_until_stable(
    text: &str,
    options: Options<'_>,
    lint_options: &LintOptions,
    which: Safety,
) -> (String, usize) {
    let mut best = Pass::of(text.to_owned(), 0, options, lint_options);
    let mut current = best.clone();
    for _ in 0..FIX_PASSES_MAX {
        let Some(next) = current.next(options, lint_options, which) else { break };
        current = next;
        if current.errors() <= best.errors() {
            best = current.clone();
        }
    }
    (best.text, best.count)
}

/// Most passes of [`fix_until_stable`]. A handful is usual; nested chains need one for each level.
pub const FIX_PASSES_MAX: usize = 64;

/// A rule on its way, with all that is found about it.
#[derive(Clone)]
struct Pass {
    text: String,
    /// The fixes made so far.
    count: usize,
    compiled: Compiled,
    findings: Vec<Diagnostic>,
}

impl Pass {
    fn of(text: String, count: usize, options: Options<'_>, lint_options: &LintOptions) -> Self {
        let compiled = compile(&text, options);
        let mut findings = compiled.diagnostics.clone();
        findings.extend(lint(&text, &compiled, lint_options));
        Self { text, count, compiled, findings }
    }

    /// The errors that keep the rule from being accepted; a lint never does.
    fn errors(&self) -> usize {
        self.compiled.diagnostics.iter().filter(|finding| finding.is_error()).count()
    }

    /// The rule with its fixes, or with as many of them as do no harm; `None` when nothing changes.
    fn next(&self, options: Options<'_>, lint_options: &LintOptions, which: Safety) -> Option<Self> {
        let attempt = |findings: &[Diagnostic]| {
            let (text, count) = apply_all(&self.text, findings, which);
            let next = Self::of(text, self.count + count, options, lint_options);
            (count > 0 && next.text != self.text && !self.is_harmed_by(&next)).then_some(next)
        };
        attempt(&self.findings)
            .or_else(|| self.findings.iter().find_map(|finding| attempt(std::slice::from_ref(finding))))
    }

    fn is_harmed_by(&self, next: &Self) -> bool {
        let length = |pass: &Self| pass.text.encode_utf16().count();
        let too_long = length(next) > limits::RULE_LENGTH_MAX_UTF16 && length(next) > length(self);
        let refused = self.compiled.rule.is_some() && next.compiled.rule.is_none();
        let other_subject = self.compiled.subject.is_some() && next.compiled.subject != self.compiled.subject;
        too_long || refused || (other_subject && self.compiled.rule.is_some())
    }
}

fn apply_all(text: &str, findings: &[Diagnostic], which: Safety) -> (String, usize) {
    let wanted = findings.iter().filter_map(|finding| finding.fix.as_ref()).filter(|fix| fix.safety <= which);
    let mut fixes: Vec<(&Fix, Span)> = wanted.filter_map(|fix| Some((fix, reach(fix)?))).collect();
    // Of fixes that begin at one place the one found first goes first: the others may follow from it.
    fixes.sort_by_key(|(_, reach)| reach.start);
    let mut edits: Vec<&Edit> = Vec::new();
    let mut count = 0;
    let mut end = None;
    for (fix, reach) in fixes {
        // Fixes that touch wait as well: two insertions at one place have no order, and of two conditions
        // side by side only one may go.
        if end.is_some_and(|end| reach.start <= end) {
            continue;
        }
        edits.extend(&fix.edits);
        end = Some(reach.end);
        count += 1;
    }
    apply(text, edits.into_iter()).map_or_else(|| (text.to_owned(), 0), |changed| (changed, count))
}

/// From the first edit to the last.
fn reach(fix: &Fix) -> Option<Span> {
    fix.edits.iter().map(|edit| edit.span).reduce(Span::to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::code::{self, Code};

    fn finding(code: &'static Code, fix: Fix) -> Diagnostic {
        Diagnostic::new(code, Span::default(), "x").fix(fix)
    }

    fn replace(start: usize, end: usize, text: &str) -> Vec<Edit> {
        vec![Edit::new(Span::new(start, end), text)]
    }

    #[test]
    fn overlapping_and_touching_fixes_wait() {
        let both = vec![Edit::new(Span::at(4), "("), Edit::new(Span::at(6), ")")];
        let findings = [
            finding(&code::L27, Fix::safe(both)),
            finding(&code::L27, Fix::safe(replace(0, 1, "A"))),
            finding(&code::L27, Fix::safe(replace(5, 6, "F"))),
            finding(&code::L27, Fix::safe(replace(1, 2, "B"))),
            finding(&code::L22, Fix::guess(replace(2, 3, "C"))),
        ];
        assert_eq!(fixed("abcdefg", &findings, Safety::Safe), "Abcd(ef)g");
        assert_eq!(fixed("abcdefg", &findings, Safety::Unsafe), "AbCd(ef)g");
        assert_eq!(fixed("", &findings, Safety::Safe), "", "edits that do not fit are left out");
    }

    fn stable(text: &str, which: Safety) -> String {
        fix_until_stable(text, Options::default(), &LintOptions::default(), which).0
    }

    #[test]
    fn passes_follow_each_other() {
        insta::assert_snapshot!(
            stable("(user.Department -eq \"IT\" -and user.city -eq \"Oslo\") -or\n(user.department -eq \"IT\" -and user.city -eq \"Bergen\") or (user.department -eq 'it' and user.city -match \"^Lag.*\")", Safety::Safe),
            @r#"user.department -eq "IT" -and ((user.city -in ["Oslo","Bergen"]) or (user.city -startsWith "Lag"))"#
        );
    }

    #[test]
    fn of_many_equal_conditions_one_stays() {
        let rule = vec!["(user.city -match \"a|b\")"; 90].join(" -or ");
        let (fixed, count) =
            fix_until_stable(&rule, Options::default(), &LintOptions::default(), Safety::Unsafe);
        assert_eq!((fixed.as_str(), count), ("(user.city -match \"a|b\")", 89));
        let rule = "user.objectId -ne null -and user.objectId -ne null -and (user.objectId -ne null)";
        assert_eq!(stable(rule, Safety::Safe), "user.objectId -ne null");
    }

    #[test]
    fn refused_rules_are_mended_step_by_step() {
        assert_eq!(stable("user.accountEnabled -eq “true”", Safety::Safe), "user.accountEnabled -eq true");
    }

    #[test]
    fn nothing_grows_beyond_the_limit() {
        let long = format!("user.department -ne \"{}\"", "x".repeat(3_040));
        assert_eq!(stable(&long, Safety::Unsafe), long);
    }

    #[test]
    fn stable_rules_stay_as_they_are() {
        for rule in ["user.city -eq \"Oslo\"", "nonsense", "", "user.city -contains \"x\""] {
            assert_eq!(stable(rule, Safety::Unsafe), rule);
        }
    }
}
