//! Names of attributes with something in them that does not belong there.

use super::looks::{self, is_condition, path, word};
use crate::base::span::Span;
use crate::language::keyword::Word;

/// `user. city`, `user..city`, `user/city`: the object, what stands between, and the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) object: Span,
    pub(super) gap: Span,
    pub(super) name: Span,
}

/// The broken name that begins at byte `start`.
pub(super) fn broken(text: &str, start: usize) -> Option<Broken> {
    let rest = text.get(start..)?;
    let object = word(rest);
    if !is_object(object) {
        return None;
    }
    let behind = rest.get(object.len()..)?;
    let name_part = behind.trim_start_matches(is_separator);
    let gap = behind.get(..behind.len() - name_part.len())?;
    let name = word(name_part);
    let has_sign = gap.chars().any(|c| !c.is_whitespace());
    let is_only_blank_and_dash = gap.trim() == "-" && gap.len() > 1;
    if gap == "." || is_only_blank_and_dash || name.is_empty() || Word::find(name).is_some() {
        return None;
    }
    // `user city -eq`: a blank alone does not tell.
    if !has_sign && !is_condition(name_part) {
        return None;
    }
    // `user.city` with a blank behind the dot keeps its dot.
    let kept = usize::from(gap.starts_with('.'));
    let object = Span::new(start, start + object.len() + kept);
    let gap = Span::new(object.end, object.end + gap.len() - kept);
    Some(Broken { object, gap, name: Span::new(gap.end, gap.end + name.len()) })
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | ':' | '/' | '\\' | '>' | '-') || c.is_whitespace()
}

/// Whether a word stands before the dot of a name.
pub(super) fn is_object(word: &str) -> bool {
    ["user", "device", "assignedPlan", "group", "system"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// `[user.city]`, `{{user.city}}`, `"user.city"`: the whole and the name in it.
pub(super) fn enclosed(text: &str, start: usize) -> Option<(Span, Span)> {
    let rest = text.get(start..)?;
    let marks: usize = rest.chars().take(MARKS_MAX).take_while(|&c| is_mark(c)).map(char::len_utf8).sum();
    let inner = rest.get(marks..)?;
    let name = path(inner);
    let (object, _) = name.split_once('.')?;
    let behind = inner.get(name.len()..)?;
    let closing: usize =
        behind.chars().take(MARKS_MAX + 1).take_while(|&c| is_mark(c)).map(char::len_utf8).sum();
    // As many signs behind it as before it: no list and no string that goes on.
    let fits = marks > 0 && closing == marks && is_object(object);
    let name_span = Span::new(start + marks, start + marks + name.len());
    fits.then_some((Span::new(start, name_span.end + closing), name_span))
}

/// Most signs on each side of a name.
const MARKS_MAX: usize = 3;

fn is_mark(c: char) -> bool {
    matches!(c, '[' | ']' | '{' | '}' | '<' | '>' | '"' | '\'' | '`' | '*')
}

/// `$user.city`, `$_.city` and `$city`: the whole and the name behind the dollar sign.
pub(super) fn with_dollar(text: &str, start: usize) -> Option<(Span, Span)> {
    let rest = text.get(start..)?.strip_prefix('$')?;
    let name = path(rest);
    let name_span = Span::new(start + 1, start + 1 + name.len());
    (!name.is_empty()).then_some((Span::new(start, name_span.end), name_span))
}

/// `Direct Report of` and the like before a string: the words as a whole.
pub(super) fn almost_reports(text: &str, start: usize) -> Option<Span> {
    let mut at = start;
    let mut written = String::new();
    let mut count = 0;
    let mut has_sign = false;
    for _ in 0..3 {
        let rest = text.get(at..)?;
        let behind =
            rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ',' | ';' | ':'));
        let next = word(behind);
        if next.is_empty() {
            break;
        }
        written.push_str(&next.to_ascii_lowercase());
        count += 1;
        has_sign |= behind.len() < rest.trim_start().len();
        at += rest.len() - behind.len() + next.len();
    }
    let begins = ["directreport", "allreport", "directfor", "reportsfor", "reportsto"];
    let is_almost = begins.iter().any(|known| written.starts_with(known));
    let is_right = count == 3 && !has_sign && (written == "directreportsfor" || written == "allreportsfor");
    let value = text.get(at..)?.trim_start();
    let has_value = value.is_empty() || value.starts_with(['"', '\'']) || looks::word(value).is_empty();
    (is_almost && !is_right && has_value).then_some(Span::new(start, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_names_are_seen() {
        for text in [
            "user city -eq",
            "user. city",
            "user..city",
            "user,city",
            "user/city",
            "user->city",
            "user .city",
            "user:city",
        ] {
            let found = broken(text, 0).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.name.of(text), "city");
            assert_eq!(found.object.of(text).trim_end_matches('.'), "user");
        }
        for text in ["user.city", "user -eq", "user - eq", "user city", "city. x", "user."] {
            assert_eq!(broken(text, 0), None, "{text}");
        }
    }

    #[test]
    fn enclosed_names_are_seen() {
        let name = |text: &'static str| enclosed(text, 0).map(|(_, name)| name.of(text));
        assert_eq!(name("[user.city] -eq"), Some("user.city"));
        assert_eq!(name("{{device.model}} -eq"), Some("device.model"));
        assert_eq!(name("[user.city -eq \"x\"]"), None);
        assert_eq!(name("user.city"), None);
        assert_eq!(name("\"contoso.com\" -eq"), None);
    }

    #[test]
    fn variants_of_direct_reports_are_seen() {
        for text in
            ["Direct Report for \"x\"", "DirectReports for \"x\"", "Direct Reports \"x\"", "Direct for 'x'"]
        {
            assert!(almost_reports(text, 0).is_some(), "{text}");
        }
        for text in ["Direct Reports for \"x\"", "user.city", "Direct -eq"] {
            assert_eq!(almost_reports(text, 0), None, "{text}");
        }
    }
}
