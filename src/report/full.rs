//! Findings for people: the message, the place, the rule with an underline, and what to do.

use std::io;

use annotate_snippets::{AnnotationKind, Group, Level, Message, Renderer, Snippet};

use super::Style;
use super::concise;
use super::excerpt::{Excerpt, columns_max};
use super::finding::{CheckedRule, Finding};
use super::palette::{self, painted};
use super::printable::printable;
use crate::base::diagnostic::{Diagnostic, Fix, Safety, Severity};
use crate::base::span::{Lines, Position, Span};

/// Longest corrected text that is shown in one piece, in columns.
const CORRECTED_MAX_COLUMNS: usize = 100;

/// Columns of the widest gutter: line number, bar, blanks.
const GUTTER_MAX_COLUMNS: usize = 12;

/// Writes every finding, each followed by an empty line.
pub(super) fn write(rules: &[CheckedRule], style: Style, out: &mut dyn io::Write) -> io::Result<()> {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    // One column is kept for the mark of an empty span at the end of a full line.
    let renderer = renderer.term_width(style.width_max_columns.saturating_sub(1));
    for rule in rules {
        for finding in &rule.findings {
            writeln!(out, "{}\n", rendered(rule, finding, &renderer, style))?;
        }
    }
    Ok(())
}

fn rendered(rule: &CheckedRule, finding: &Finding, renderer: &Renderer, style: Style) -> String {
    let diagnostic = &finding.diagnostic;
    let severity = diagnostic.severity;
    let kind = format!("{}[{}]", severity.word(), diagnostic.code.id);
    let message = format!(": {}", printable(&diagnostic.message));
    let columns = style.width_max_columns.saturating_sub(GUTTER_MAX_COLUMNS);
    let excerpt = (!rule.rule.is_empty()).then(|| Excerpt::of(&rule.rule, diagnostic.span, columns));
    let first_line = first_line(rule, finding);
    let last_line = excerpt.as_ref().map_or(0, |excerpt| first_line.number() + excerpt.lines_before_last());
    let mut text = format!(
        "{kind}{message}\n{arrow} {origin}",
        kind = painted(style, palette::of(severity), &kind),
        message = painted(style, palette::EMPHASIS, &message),
        arrow = painted(style, palette::GUTTER, &format!("{}-->", " ".repeat(digits(last_line)))),
        origin = origin(rule, finding, first_line),
    );
    let mut body = Group::with_level(level(severity));
    if let Some(Excerpt { text, underlined, lines_before }) = excerpt {
        let annotation = AnnotationKind::Primary.span(underlined);
        body = body.element(
            Snippet::source(text).line_start(first_line.number() + lines_before).annotation(annotation),
        );
    }
    body = body.elements(footers(&rule.rule, diagnostic, columns));
    if !body.is_empty() {
        text.push('\n');
        text.push_str(&renderer.render(&[body]));
    }
    text
}

/// The number of a rule's first line.
#[derive(Clone, Copy)]
enum FirstLine {
    /// The lines of the rule are lines of the file, and this one is its first.
    OfFile(usize),
    /// The file writes the rule in another way, so its lines are counted from one.
    OfRule,
}

impl FirstLine {
    const fn number(self) -> usize {
        match self {
            Self::OfFile(line) => line,
            Self::OfRule => 1,
        }
    }
}

fn first_line(rule: &CheckedRule, finding: &Finding) -> FirstLine {
    let lines = Lines::of(&rule.rule);
    let Span { start, end } = finding.diagnostic.span;
    let stands_there =
        |offset: usize, place: Position| rule.line + lines.position(offset).line == place.line + 1;
    if stands_there(start, finding.start) && stands_there(end, finding.end) {
        FirstLine::OfFile(rule.line)
    } else {
        FirstLine::OfRule
    }
}

/// The place in the file, then in brackets whose rule it is and how its lines are counted.
fn origin(rule: &CheckedRule, finding: &Finding, first_line: FirstLine) -> String {
    let name = rule.display_name.as_deref().map(printable);
    let counted = match first_line {
        FirstLine::OfFile(_) => None,
        FirstLine::OfRule => Some("lines counted within the rule".into()),
    };
    let notes: Vec<_> = [name, counted].into_iter().flatten().collect();
    let place = concise::place(rule, finding);
    if notes.is_empty() { place } else { format!("{place} ({})", notes.join("; ")) }
}

/// Help, fix and the service's words, as far as there are any.
fn footers(rule: &str, diagnostic: &Diagnostic, columns: usize) -> Vec<Message<'static>> {
    let help = diagnostic.help.as_ref().map(|help| Level::HELP.message(printable(help).into_owned()));
    let fix = diagnostic.fix.as_ref().map(|fix| {
        let label = match fix.safety {
            Safety::Safe => "fix",
            Safety::Unsafe => "unsafe fix",
        };
        Level::HELP.with_name(label).message(corrected(rule, fix, columns.min(CORRECTED_MAX_COLUMNS)))
    });
    let service = diagnostic
        .service_message
        .as_ref()
        .map(|words| Level::NOTE.message(format!("the service says: {}", printable(words))));
    [help, fix, service].into_iter().flatten().collect()
}

/// The rule with the fix made, in one line, if that takes at most `columns`; else the words around
/// the change; else how many places change.
fn corrected(rule: &str, fix: &Fix, columns: usize) -> String {
    let places = fix.edits.len();
    let noun = if places == 1 { "place" } else { "places" };
    let counted = format!("changes {places} {noun} of the rule; --diff shows them");
    let Some(fixed) = fix.applied_to(rule) else { return counted };
    let Some(changed) = changed_part(rule, fix, &fixed) else { return counted };
    let whole = Span::new(0, fixed.len());
    let words = Span::new(
        word_border(&fixed, changed.start, Direction::Back),
        word_border(&fixed, changed.end, Direction::Forth),
    );
    for part in [whole, words] {
        let lines: Vec<_> = part.of(&fixed).lines().map(str::trim).collect();
        let text = lines.join(" ");
        let text = printable(text.trim());
        if columns_max(&text) <= columns {
            let before = if part.start > 0 { "... " } else { "" };
            let after = if part.end < fixed.len() { " ..." } else { "" };
            return format!("{before}{text}{after}");
        }
    }
    counted
}

/// From the first to the last edit, as bytes of the corrected text.
fn changed_part(rule: &str, fix: &Fix, fixed: &str) -> Option<Span> {
    let (first, last) = (fix.edits.first()?, fix.edits.last()?);
    let kept_after = rule.len().checked_sub(last.span.end)?;
    Some(Span::new(first.span.start, fixed.len().checked_sub(kept_after)?))
}

#[derive(Clone, Copy)]
enum Direction {
    Back,
    Forth,
}

/// The end of the word after the one that `at` touches, so that a change is seen in its place.
fn word_border(text: &str, at: usize, direction: Direction) -> usize {
    match direction {
        Direction::Back => {
            let before = Span::new(0, at).of(text);
            let word = before.trim_end_matches(|character: char| !character.is_whitespace()).trim_end();
            word.rfind(char::is_whitespace).map_or(0, |blank| blank + 1)
        }
        Direction::Forth => {
            let after = Span::new(at, text.len()).of(text);
            let rest = after.trim_start_matches(|character: char| !character.is_whitespace()).trim_start();
            rest.find(char::is_whitespace).map_or(text.len(), |blank| text.len() - rest.len() + blank)
        }
    }
}

const fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    }
}

fn digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::code;
    use crate::base::diagnostic::Edit;
    use crate::report::output_format::OutputFormat;
    use crate::report::samples::{self, plain, span_of};

    /// From this width on, no line of source is wider than asked for.
    const WIDTH_KEPT_COLUMNS: usize = 40;

    fn full(rules: &[CheckedRule], width_max_columns: usize) -> String {
        samples::written_in(OutputFormat::Full, rules, Style { colour: false, width_max_columns })
    }

    #[test]
    fn every_kind_of_rule() {
        insta::assert_snapshot!(full(&samples::rules(), 100));
    }

    #[test]
    fn colour_follows_the_severity() {
        let style = Style { colour: true, width_max_columns: 100 };
        let rules = samples::rules();
        let text = samples::written_in(OutputFormat::Full, rules.get(1..3).unwrap(), style);
        insta::assert_snapshot!(text.replace('\u{1b}', "␛"));
    }

    #[test]
    fn a_long_rule_is_cut_around_the_span() {
        let condition = "user.department -eq \"Sales\" -or ";
        let rule = format!("{}user.ctiy -eq \"Oslo\" -or {}", condition.repeat(50), condition.repeat(40));
        let span = span_of(&rule, "ctiy");
        let fix = Fix::guess(vec![Edit::new(span, "city")]);
        let everything = Span::new(10, rule.len() - 10);
        let diagnostics = vec![
            Diagnostic::new(&code::UNKNOWN_ATTRIBUTE, span, "`ctiy` is no attribute of a user").fix(fix),
            Diagnostic::new(&code::RULE_TOO_LONG, everything, "the rule has too many characters"),
            Diagnostic::new(&code::DANGLING_CONNECTIVE, Span::at(rule.len()), "nothing follows"),
        ];
        insta::assert_snapshot!(full(&[plain("long.rule", 1, &rule, diagnostics)], 80));
    }

    #[test]
    fn line_numbers_of_two_digits_keep_the_bars_aligned() {
        let rule = "user.city -eq \"Oslo\" -and\n(user.country -eq \"NO\"\nuser.userType -eq \"Member\")";
        let span = span_of(rule, "\"NO\"\nuser.userType");
        let diagnostic = Diagnostic::new(&code::MISSING_CONNECTIVE, span, "nothing connects them");
        insta::assert_snapshot!(full(&[plain("lines.rule", 8, rule, vec![diagnostic])], 100), @r#"
        error[DG0201]: nothing connects them
          --> lines.rule:9:19
           |
         9 |   (user.country -eq "NO"
           |  ___________________^
        10 | | user.userType -eq "Member")
           | |_____________^
           |
           = note: the service says: Query compilation error
        "#);
    }

    #[test]
    fn the_shortest_readable_form_of_a_fix_is_shown() {
        let rule = "user.city -eq \"Oslo\" -and user.country -eq $null -and user.mail -ne null";
        let span = span_of(rule, "$null");
        let one = Fix::safe(vec![Edit::new(span, "null")]);
        assert_eq!(corrected(rule, &one, 100), rule.replace('$', ""));
        assert_eq!(corrected(rule, &one, 40), "... -eq null -and ...");
        let two = Fix::safe(vec![Edit::new(Span::at(0), "("), Edit::new(Span::at(rule.len()), ")")]);
        assert_eq!(corrected(rule, &two, 40), "changes 2 places of the rule; --diff shows them");
        let outside = Fix::safe(vec![Edit::new(Span::new(70, 99), "")]);
        assert_eq!(corrected(rule, &outside, 40), "changes 1 place of the rule; --diff shows them");
    }

    proptest::proptest! {
        /// No text and no span, not even a wrong one, may break the renderer or the width.
        #[test]
        fn any_text_and_span(rule in "[ab \"é東\u{202e}\t\r\n\u{1b}]{0,300}", start in 0..400_usize, length in 0..400_usize, width in 0..140_usize) {
            let span = Span::new(start, start + length);
            let diagnostic = Diagnostic::new(&code::STRAY_TEXT, span, "m").fix(Fix::guess(vec![Edit::new(span, "x")]));
            let text = full(&[plain("r", 1, &rule, vec![diagnostic])], width);
            let acts = text.contains(['\u{202e}', '\u{1b}', '\r']);
            proptest::prop_assert!(!acts, "{}", text.escape_debug());
            for line in text.lines().filter(|line| line.contains(" | ")) {
                proptest::prop_assert!(columns_max(line) <= width.max(WIDTH_KEPT_COLUMNS), "{line}");
            }
        }
    }
}
