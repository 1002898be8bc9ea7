//! Where a string ends when its quotes cannot all be right.
//!
//! A quote closes a string where a rule can go on behind it: before a parenthesis, a comma, a connective
//! or the end. A string that runs into a connective and a condition behind it has lost its quote.

use super::looks::{follows_string, is_comparison, is_gap, is_joined};
use crate::language::literal;

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// As it should be.
    Clean,
    /// With a typographic quote at one end or both.
    Curly,
    /// With `"` at one end and `'` at the other.
    Unlike,
    /// With its own quote inside.
    Inner,
    /// With every quote doubled.
    Doubled,
    /// Without a closing quote.
    Open,
}

/// What stands around a string.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// Whether a list is open.
    pub(super) in_list: bool,
    /// The quote around the condition that holds the string.
    pub(super) enclosing: Option<char>,
}

/// How the string in `rest`, which begins with its opening quote, is written, and its length in bytes.
pub(super) fn string_of(rest: &str, around: Around) -> (Kind, usize) {
    let quote = rest.chars().next().unwrap_or('"');
    let mut search = Search {
        rest,
        quote,
        around,
        in_pair: false,
        condition: None,
        quotes: 0,
        first_same: None,
        first_other: None,
    };
    for (at, c) in rest.char_indices().skip(1) {
        if let Some(found) = search.at(at, c) {
            return found;
        }
        // Far behind a quote, another one has nothing to do with it.
        let is_far = search.first_same.or(search.first_other).is_some_and(|end| at > end + INNER_MAX_BYTES);
        if is_far || search.quotes > INNER_MAX_QUOTES {
            return search.cut_at(at);
        }
    }
    let end = trimmed(rest).len();
    search.cut_at(end)
}

/// How far behind a quote its string may go on, in bytes.
const INNER_MAX_BYTES: usize = 256;

/// How many quotes that close nothing are looked at.
const INNER_MAX_QUOTES: usize = 8;

/// The string without what follows it in the text: `"Sales)` loses its parenthesis.
pub(super) fn trimmed(unclosed: &str) -> &str {
    let is_tail = |c: char| is_gap(c) || matches!(c, ',' | ']' | '}' | ';');
    let kept = unclosed.trim_end_matches(is_tail).len();
    let first = unclosed.chars().next().map_or(0, char::len_utf8);
    let kept = kept + own_brackets(unclosed, kept);
    unclosed.get(..kept.max(first)).unwrap_or_default()
}

/// How many bytes of closing brackets behind byte `end` belong to a string whose text opened them, as
/// the pattern `^(a|b)` does.
fn own_brackets(string: &str, end: usize) -> usize {
    let (inner, behind) = string.split_at_checked(end).unwrap_or_default();
    let count = |wanted: char| inner.chars().filter(|&c| c == wanted).count();
    let mut open = [('(', ')'), ('[', ']'), ('{', '}')]
        .map(|(opening, closing)| (closing, count(opening).saturating_sub(count(closing))));
    let own = behind.chars().take_while(|&c| {
        let left = open.iter_mut().find(|(closing, left)| *closing == c && *left > 0);
        left.map(|(_, left)| *left -= 1).is_some()
    });
    own.map(char::len_utf8).sum()
}

struct Search<'text> {
    rest: &'text str,
    quote: char,
    around: Around,
    /// Whether the next apostrophe belongs to the one before it.
    in_pair: bool,
    /// Where a condition without a connective begins in the string.
    condition: Option<usize>,
    /// How many quotes came that close nothing.
    quotes: usize,
    /// Behind the first quote of the same kind that seems to close nothing.
    first_same: Option<usize>,
    /// Behind the first quote of another kind that may close the string.
    first_other: Option<usize>,
}

impl Search<'_> {
    fn behind(&self, at: usize) -> &str {
        self.rest.get(at..).unwrap_or_default()
    }

    fn before(&self, at: usize) -> &str {
        self.rest.get(self.quote.len_utf8()..at).unwrap_or_default()
    }

    /// What the character at byte `at` settles, if it does.
    fn at(&mut self, at: usize, c: char) -> Option<(Kind, usize)> {
        let before = self.before(at).chars().next_back();
        if is_gap(c) && !before.is_some_and(is_gap) && is_joined(self.behind(at).trim_start_matches(is_gap)) {
            return Some(self.cut_at(at));
        }
        if c == ']' && self.around.in_list && self.ends_list(at) {
            return Some(self.cut_at(at));
        }
        let begins_word = before.is_some_and(|c| c.is_whitespace() || c == '(');
        if begins_word && self.condition.is_none() && is_comparison(self.behind(at)) {
            self.condition = Some(at);
        }
        let is_quote = matches!(c, '"' | '\'') || literal::is_curly(c);
        if !is_quote || self.is_escaped(at, c, before) {
            return None;
        }
        self.quotes += 1;
        let end = at + c.len_utf8();
        let closes = self.closes(end);
        if literal::is_curly(self.quote) {
            if closes {
                return Some((Kind::Curly, end));
            }
            self.first_other = self.first_other.or(Some(end).filter(|_| literal::is_curly(c)));
        } else if c == self.quote {
            return self.same_quote(end, closes);
        } else if closes {
            self.first_other = self.first_other.or(Some(end));
        }
        None
    }

    fn same_quote(&mut self, end: usize, closes: bool) -> Option<(Kind, usize)> {
        if closes {
            let Some(first) = self.first_same else { return Some((Kind::Clean, end)) };
            let is_inner = self.condition.is_none_or(|condition| condition < first);
            return Some(if is_inner { (Kind::Inner, end) } else { (Kind::Clean, first) });
        }
        // `"Sales user.city -eq "Oslo"`: this quote opens the next value.
        if let Some(condition) = self.condition {
            let value = self.before(condition);
            let kept = value.trim_end_matches(|c: char| is_gap(c) || c == '(').len();
            let open = (Kind::Open, self.quote.len_utf8() + kept);
            return Some(self.first_same.map_or(open, |first| (Kind::Clean, first)));
        }
        let is_empty = end == 2 * self.quote.len_utf8();
        if is_empty && let Some(doubled) = self.doubled() {
            return Some((Kind::Doubled, doubled));
        }
        // `["Sales, "HR"]`: this quote opens the next item.
        let inner = self.before(end - 1).trim_end();
        if self.around.in_list && inner.ends_with(',') {
            let item = inner.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
            let end = self.quote.len_utf8() + item.len();
            return Some(if self.first_other == Some(end) { self.cut_at(end) } else { (Kind::Open, end) });
        }
        self.first_same = self.first_same.or(Some(end));
        None
    }

    /// Behind the doubled quotes that close what doubled quotes opened.
    fn doubled(&self) -> Option<usize> {
        let pair: String = [self.quote, self.quote].iter().collect();
        let inner = self.rest.get(pair.len()..)?;
        let end = pair.len() + inner.find(self.quote)?;
        (self.behind(end).starts_with(&pair) && self.closes(end + pair.len())).then_some(end + pair.len())
    }

    fn closes(&self, end: usize) -> bool {
        let behind = self.behind(end);
        // `"a""b"`: the comma between two items is missing.
        let next_item = behind.strip_prefix(self.quote).filter(|_| self.around.in_list);
        if next_item.is_some_and(|item| !item.is_empty() && !follows_string(item)) {
            return true;
        }
        follows_string(behind) || self.around.enclosing.is_some_and(|quote| behind.starts_with(quote))
    }

    fn ends_list(&self, at: usize) -> bool {
        let behind = self.behind(at + 1).trim_start_matches(is_gap);
        behind.is_empty() || is_joined(behind)
    }

    /// A backtick before `"` and a doubled apostrophe escape the quote.
    fn is_escaped(&mut self, at: usize, c: char, before: Option<char>) -> bool {
        match (self.quote, c) {
            ('"', '"') => before == Some('`'),
            ('\'', '\'') => {
                let is_second = std::mem::take(&mut self.in_pair);
                self.in_pair = !is_second && self.behind(at + 1).starts_with('\'');
                is_second || self.in_pair
            }
            _ => false,
        }
    }

    /// The string ends before byte `at` at the latest.
    fn cut_at(&self, at: usize) -> (Kind, usize) {
        match (self.first_same, self.first_other) {
            // Whatever is wrong is wrong behind the string.
            (Some(end), _) => (Kind::Clean, end),
            (None, Some(end)) => {
                let last = self.rest.get(..end).and_then(|string| string.chars().next_back());
                let is_curly = literal::is_curly(self.quote) || last.is_some_and(literal::is_curly);
                (if is_curly { Kind::Curly } else { Kind::Unlike }, end)
            }
            (None, None) => (Kind::Open, at + own_brackets(self.rest, at)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rest: &str) -> (Kind, &str) {
        let (kind, length) = string_of(rest, Around::default());
        (kind, &rest[..length])
    }

    #[test]
    fn strings_end_where_the_rule_goes_on() {
        assert_eq!(found("\"Sales\") -and x"), (Kind::Clean, "\"Sales\""));
        assert_eq!(found("\"Sales) -and (user.city -eq \"Oslo\")"), (Kind::Open, "\"Sales"));
        assert_eq!(found("'Sales\" -or user.city -eq 'x'"), (Kind::Unlike, "'Sales\""));
        assert_eq!(found("\"Sales” -or user.city -eq \"x\""), (Kind::Curly, "\"Sales”"));
        assert_eq!(found("“Sales\" -or user.city -eq \"x\""), (Kind::Curly, "“Sales\""));
        assert_eq!(found("\"Bob \"the\" Builder\")"), (Kind::Inner, "\"Bob \"the\" Builder\""));
        assert_eq!(found("\"\"Oslo\"\")"), (Kind::Doubled, "\"\"Oslo\"\""));
        assert_eq!(found("\"Oslo)) "), (Kind::Open, "\"Oslo"));
        assert_eq!(found("\"^(a|[bc]))"), (Kind::Open, "\"^(a|[bc])"));
        assert_eq!(found("\"^(a|b)) -and (user.city -eq \"x\")"), (Kind::Open, "\"^(a|b)"));
        assert_eq!(found("\"Oslo\" user.city -eq \"x\""), (Kind::Clean, "\"Oslo\""));
        assert_eq!(found("\"Oslo\" labels"), (Kind::Clean, "\"Oslo\""));
        assert_eq!(found("\"Oslo\" then user.city -eq \"x\""), (Kind::Clean, "\"Oslo\""));
        assert_eq!(found("\"Oslo user.city -eq \"x\""), (Kind::Open, "\"Oslo"));
    }

    #[test]
    fn escapes_close_nothing() {
        assert_eq!(found("'it''s' -and x"), (Kind::Clean, "'it''s'"));
        assert_eq!(found("'''' x"), (Kind::Clean, "''''"));
        assert_eq!(found("\"say `\"hi`\"\""), (Kind::Clean, "\"say `\"hi`\"\""));
    }

    #[test]
    fn a_list_item_ends_before_the_comma() {
        let around = Around { in_list: true, enclosing: None };
        let item = |rest: &'static str| {
            let (kind, length) = string_of(rest, around);
            (kind, &rest[..length])
        };
        assert_eq!(item("\"HR, \"IT\"]"), (Kind::Open, "\"HR"));
        assert_eq!(item("\"IT] -and user.city -eq \"x\""), (Kind::Open, "\"IT"));
        assert_eq!(item("\"Research, Development\", \"HR\"]"), (Kind::Clean, "\"Research, Development\""));
    }
}
