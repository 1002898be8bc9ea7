//! The second reading: a rule that is broken somewhere is cut with what stands around each place in
//! mind, so that one missing quote or bracket does not garble the rest.

mod beginning;
mod lambda;
mod value;

use self::lambda::Lambda;
use super::looks::{self, after_dash, is_condition, is_dash, word};
use super::quotes::{Around, Kind, string_of};
use super::{Lexed, Lexer, foreign, names, report};
use crate::base::diagnostic::Edit;
use crate::base::span::Span;
use crate::language::keyword::{self, Operator, Word};
use crate::language::literal;
use crate::language::token::Token;

/// Cuts a broken rule into tokens.
pub(in crate::language) fn reread(text: &str) -> Lexed<'_> {
    if let Some(finding) = foreign::no_rule(text) {
        return Lexed { tokens: vec![(0, Token::Broken, text.len())], diagnostics: vec![finding] };
    }
    let mut reread = Reread::new(text);
    if let Some(words) = foreign::words_before(text) {
        reread.lexer.report(foreign::preamble(text, words));
        reread.lexer.at = words.end;
    }
    while reread.step() {}
    reread.finish();
    reread.lexer.out
}

/// What is to be expected at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// The beginning of a condition.
    Operand,
    /// An operator behind a name.
    Operator,
    /// A value.
    Value,
    /// A connective or closing bracket.
    Joiner,
}

/// An open bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opened {
    Group,
    List,
    /// A group in `[` or `{`, with the number of the finding about it.
    Odd(char, usize),
    /// A list in `{`, with the number of the finding about it.
    OddList(usize),
}

struct Reread<'text> {
    lexer: Lexer<'text>,
    expect: Expect,
    open: Vec<Opened>,
    /// The quote around the conditions that are being read.
    enclosing: Option<Span>,
    lambda: Option<Lambda<'text>>,
    /// What has to change before the variable that comes next.
    lambda_edit: Option<Edit>,
}

impl<'text> Reread<'text> {
    fn new(text: &'text str) -> Self {
        let lexer = Lexer::new(text);
        Self {
            lexer,
            expect: Expect::Operand,
            open: Vec::new(),
            enclosing: None,
            lambda: None,
            lambda_edit: None,
        }
    }

    fn text(&self) -> &'text str {
        self.lexer.text
    }

    /// Reads on; `false` at the end.
    fn step(&mut self) -> bool {
        let behind = self.lexer.rest(self.lexer.at);
        let rest = behind.trim_start_matches(BLANKS);
        let start = self.lexer.at + behind.len() - rest.len();
        let Some(first) = rest.chars().next() else { return false };
        let before = self.lexer.out.tokens.len();
        let taken = self.markup(start, rest)
            || self.glued(start, rest)
            || self.odd_bracket(start, first)
            || self.closing_quote(start, first)
            || self.lambda_variable(start, rest)
            || match self.expect {
                Expect::Operand => self.operand(start, rest, first),
                Expect::Operator => self.odata(start, rest) || self.sign_as_operator(start, rest),
                Expect::Value => self.value(start, rest, first),
                Expect::Joiner => self.arithmetic(start, rest, first) || self.sign_between(start, rest),
            };
        if !taken {
            self.plain(start, rest, first);
        }
        self.settle(before);
        true
    }

    /// Reads a string or whatever else stands there.
    fn plain(&mut self, start: usize, rest: &'text str, first: char) {
        if matches!(first, '"' | '\'') || literal::is_curly(first) {
            return self.string(start, rest, first);
        }
        let is_dashed = self.expect == Expect::Joiner && rest.starts_with("-- ");
        if let Some(comment) = self.lexer.comment(start, is_dashed) {
            self.lexer.at = comment.end;
            return self.lexer.report(report::comment(self.text(), comment));
        }
        self.next();
    }

    fn next(&mut self) {
        if let Some(found) = self.lexer.next() {
            self.lexer.read(found);
        }
    }

    fn string(&mut self, start: usize, rest: &'text str, first: char) {
        let enclosing = self.enclosing.and_then(|quote| quote.of(self.text()).chars().next());
        let in_list = matches!(self.open.last(), Some(Opened::List | Opened::OddList(_)));
        let around = Around { in_list, enclosing };
        let (kind, length) = string_of(rest, around);
        let quote = Span::new(start, start + first.len_utf8());
        let span = Span::new(start, start + length);
        self.lexer.at = span.end;
        let text = self.text();
        let finding = match kind {
            Kind::Clean => return self.lexer.push(Token::Text(span.of(text)), span),
            Kind::Open if self.expect == Expect::Joiner => {
                self.lexer.at = quote.end;
                return self.lexer.report(report::lone_quote(text, quote));
            }
            Kind::Open if literal::is_curly(first) => report::curly(text, span),
            Kind::Open => report::unclosed(text, span),
            Kind::Curly => report::curly(text, span),
            Kind::Unlike => report::unlike_quotes(text, span),
            Kind::Inner => report::inner_quotes(text, span),
            Kind::Doubled => report::doubled_quotes(text, span),
        };
        self.lexer.hole(span, finding);
    }

    // ---- brackets and quotes around conditions ----

    /// A bracket of the wrong kind.
    fn odd_bracket(&mut self, start: usize, first: char) -> bool {
        let span = Span::new(start, start + first.len_utf8());
        let text = self.text();
        match (first, self.open.last().copied()) {
            (']' | '}', Some(Opened::Odd(open, finding))) if closing(open) == first => {
                self.add_edit(finding, Edit::new(span, ")"));
                self.take(Token::Close, span);
            }
            ('}', Some(Opened::OddList(finding))) => {
                self.add_edit(finding, Edit::new(span, "]"));
                self.take(Token::ListClose, span);
            }
            (';', Some(Opened::List | Opened::OddList(_))) if self.expect == Expect::Joiner => {
                self.lexer.report(foreign::wrong_separator(text, span));
                self.take(Token::Comma, span);
            }
            (']', Some(Opened::Group)) if self.expect == Expect::Joiner && self.is_for_parenthesis(span) => {
                self.lexer.report(foreign::unlike_brackets(text, span, ")"));
                self.take(Token::Close, span);
            }
            (')', Some(Opened::List)) if self.is_for_bracket(span) => {
                self.lexer.report(foreign::unlike_brackets(text, span, "]"));
                self.take(Token::ListClose, span);
            }
            _ => return false,
        }
        true
    }

    /// Whether the `]` at `span` stands where `)` belongs.
    fn is_for_parenthesis(&self, span: Span) -> bool {
        // `"b"]])`: one bracket too many.
        let is_doubled = matches!(self.lexer.last(), Some((Token::ListClose, _)))
            && self.lexer.rest(span.end).trim_start().starts_with(')');
        !self.is_listed() && !is_doubled
    }

    /// Whether the `)` at `span` stands where `]` belongs: more of them follow than groups are open.
    fn is_for_bracket(&self, span: Span) -> bool {
        let groups = self.open.iter().filter(|opened| **opened == Opened::Group).count();
        let closing = self.lexer.rest(span.start).chars().filter(|c| !c.is_whitespace());
        closing.take_while(|&c| c == ')').count() > groups
    }

    /// Whether the value that was read last belongs to a list: the opening bracket is missing.
    fn is_listed(&self) -> bool {
        let before = self.lexer.out.tokens.iter().rev().nth(1).map(|&(_, token, _)| token);
        matches!(before, Some(Token::Comma | Token::Compare(Operator::In | Operator::NotIn)))
    }

    /// The quote that closes the one around a condition.
    fn closing_quote(&mut self, start: usize, first: char) -> bool {
        let Some(open) = self.enclosing else { return false };
        let opening = open.of(self.text()).chars().next();
        let fits =
            opening == Some(first) || (opening.is_some_and(literal::is_curly) && literal::is_curly(first));
        if !fits || self.expect != Expect::Joiner {
            return false;
        }
        let marks = self.lexer.rest(start).chars().take_while(|&c| c == '`').count();
        let length = if first == '`' { marks.min(open.end - open.start) } else { first.len_utf8() };
        let close = Span::new(start, start + length);
        self.lexer.at = close.end;
        self.lexer.report(foreign::quoted_condition(self.text(), open, Some(close)));
        self.enclosing = None;
        true
    }

    fn take(&mut self, token: Token<'text>, span: Span) {
        self.lexer.at = span.end;
        self.lexer.push(token, span);
    }

    fn add_edit(&mut self, finding: usize, edit: Edit) {
        if let Some(fix) = self.lexer.out.diagnostics.get_mut(finding).and_then(|found| found.fix.as_mut()) {
            fix.edits.push(edit);
        }
    }

    /// An operator without a blank behind it: `-anyuser.city`, `-plusP1D`, `-any_`.
    fn glued(&mut self, start: usize, rest: &'text str) -> bool {
        let Some((found, length)) = glued_operator(rest, self.expect) else { return false };
        let span = Span::new(start, start + length);
        self.lexer.report(report::blank_behind(self.text(), span));
        self.take(Token::of_word(found), span);
        true
    }

    /// A tag or entity of HTML.
    fn markup(&mut self, start: usize, rest: &str) -> bool {
        let is_value = self.expect == Expect::Value && !rest.starts_with('&');
        let Some(length) = foreign::markup_of(rest).filter(|_| !is_value) else { return false };
        let span = Span::new(start, start + length);
        self.lexer.at = span.end;
        self.lexer.report(foreign::markup(self.text(), span));
        true
    }

    /// A sign that no rule can hold where an operator belongs.
    fn sign_as_operator(&mut self, start: usize, rest: &'text str) -> bool {
        let is_sign =
            |c: char| matches!(c, '~' | ':' | '=' | '!' | '<' | '>' | '+' | '*' | '^' | '%' | '?' | '@');
        let length = rest.find(|c| !is_sign(c)).unwrap_or(rest.len());
        let (sign, _) = rest.split_at_checked(length).unwrap_or_default();
        if sign.is_empty() {
            return false;
        }
        self.take(Token::UnknownOperator(sign), Span::new(start, start + length));
        true
    }

    /// A sign that no rule can hold where a connective belongs.
    fn sign_between(&mut self, start: usize, rest: &'text str) -> bool {
        let is_sign = |c: char| {
            c.is_ascii_punctuation()
                && !matches!(c, '"' | '\'' | '(' | ')' | '[' | ']' | ',' | '#' | '$' | '_' | '`' | '-')
        };
        let length = rest.find(|c| !is_sign(c)).unwrap_or(rest.len());
        let (sign, behind) = rest.split_at_checked(length).unwrap_or_default();
        if sign.is_empty() || sign.contains("//") || sign.contains("/*") || !is_condition(behind) {
            return false;
        }
        self.take(Token::UnknownOperator(sign), Span::new(start, start + length));
        true
    }

    /// Draws the conclusions from the tokens behind number `before`.
    fn settle(&mut self, before: usize) {
        let tokens: Vec<Token<'_>> = self
            .lexer
            .out
            .tokens
            .get(before..)
            .unwrap_or_default()
            .iter()
            .map(|&(_, token, _)| token)
            .collect();
        for token in tokens {
            match token {
                Token::Open if !matches!(self.open.last(), Some(Opened::Odd(_, at)) if self.is_new(*at)) => {
                    self.open.push(Opened::Group);
                }
                Token::ListOpen if !matches!(self.open.last(), Some(Opened::OddList(at)) if self.is_new(*at)) =>
                {
                    self.open.push(Opened::List);
                }
                Token::ListClose if self.open.last() == Some(&Opened::Group) => {}
                Token::Close | Token::ListClose => {
                    self.open.pop();
                }
                _ => {}
            }
            self.expect = after(token, self.expect);
        }
        if self.lambda.as_ref().is_some_and(|lambda| self.open.len() < lambda.depth) {
            self.lambda_ends();
        }
    }

    /// Whether the finding of that number was made last.
    fn is_new(&self, finding: usize) -> bool {
        finding + 1 == self.lexer.out.diagnostics.len()
    }

    fn finish(&mut self) {
        self.lambda_ends();
        if let Some(open) = self.enclosing {
            self.lexer.report(foreign::quoted_condition(self.text(), open, None));
        }
    }
}

/// The blanks between tokens.
const BLANKS: [char; 6] = [' ', '\t', '\r', '\n', '\u{b}', '\u{c}'];

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

/// Whether an attribute stands where a value belongs: its name may go wrong, but it is no text.
fn is_known_path(written: &str) -> bool {
    written.split_once('.').is_some_and(|(object, _)| names::is_object(object))
}

/// The operator that `rest` begins with where its blank is missing, and its length in bytes.
fn glued_operator(rest: &str, expect: Expect) -> Option<(Word, usize)> {
    let is_candidate = |word: Word| match expect {
        Expect::Operator => matches!(word, Word::Any | Word::All | Word::Compare(_)),
        Expect::Joiner => matches!(word, Word::And | Word::Or | Word::Plus | Word::Minus),
        Expect::Operand | Expect::Value => false,
    };
    let bare = after_dash(rest);
    keyword::WORDS.iter().filter(|(_, word)| is_candidate(*word)).find_map(|&(written, candidate)| {
        let written = written.trim_start_matches('-');
        let begins = bare.get(..written.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(written));
        let tail = bare.get(written.len()..).filter(|_| begins)?;
        is_glued(candidate, tail).then_some((candidate, rest.len() - tail.len()))
    })
}

/// Whether `tail`, which follows `operator` without a blank, is what may follow it.
fn is_glued(operator: Word, tail: &str) -> bool {
    let next = word(tail);
    match operator {
        Word::Any | Word::All => next == "_",
        Word::And | Word::Or => is_known_path(looks::path(tail)) || next.eq_ignore_ascii_case("not"),
        Word::Compare(_) => {
            let is_literal = ["true", "false", "null"].iter().any(|known| next.eq_ignore_ascii_case(known));
            is_literal || looks::path(tail).eq_ignore_ascii_case("system.now")
        }
        _ => {
            let number = tail.strip_prefix(['P', 'p']);
            number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
        }
    }
}

/// What to expect behind `token`, which stood where `expect` was expected.
fn after(token: Token<'_>, expect: Expect) -> Expect {
    match token {
        Token::Not if expect == Expect::Operator => Expect::Operator,
        Token::Open if expect == Expect::Value => Expect::Value,
        Token::And | Token::Or | Token::Any | Token::All | Token::Not | Token::Open => Expect::Operand,
        Token::Compare(_)
        | Token::Plus
        | Token::Minus
        | Token::Reports(_)
        | Token::ListOpen
        | Token::Comma => Expect::Value,
        Token::Close | Token::ListClose | Token::Broken => Expect::Joiner,
        Token::UnknownOperator(written) | Token::Word(written) => after_unknown(token, written, expect),
        Token::Path(_) if expect != Expect::Value => Expect::Operator,
        _ if expect == Expect::Operand => Expect::Operator,
        _ => Expect::Joiner,
    }
}

/// What to expect behind a word or sign that may be an operator of another language.
fn after_unknown(token: Token<'_>, written: &str, expect: Expect) -> Expect {
    let is_sign = matches!(token, Token::UnknownOperator(_));
    let bare = written.trim_start_matches(|c: char| is_dash(c) || c.is_whitespace());
    match (keyword::foreign_operator(bare), expect, is_sign) {
        (Some(Word::And | Word::Or), Expect::Operator | Expect::Value | Expect::Joiner, _)
        | (Some(Word::Any | Word::All), Expect::Operator, _)
        | (_, Expect::Operand | Expect::Joiner, true) => Expect::Operand,
        (Some(Word::Compare(_)), Expect::Operator | Expect::Joiner, _)
        | (_, Expect::Operator | Expect::Value, true) => Expect::Value,
        (_, Expect::Operand | Expect::Operator, false) => Expect::Operator,
        (_, Expect::Value | Expect::Joiner, false) => Expect::Joiner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token<'_>> {
        reread(text).tokens.into_iter().map(|(_, token, _)| token).collect()
    }

    #[test]
    fn values_without_quotes_are_one_token() {
        let found = tokens("user.city -eq Port Linden -and user.state -eq R&D");
        assert_eq!(found.get(2), Some(&Token::Word("Port Linden")));
        assert_eq!(found.last(), Some(&Token::Word("R&D")));
    }
}
