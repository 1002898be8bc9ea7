//! The second reading: a rule that is broken somewhere is cut with what stands around each place in
//! mind, so that one missing quote or bracket does not garble the rest.

use super::bare::{self, Bare};
use super::looks::{is_condition, is_dash, word};
use super::quotes::{Around, Kind, string_of};
use super::{Lexed, Lexer, foreign, names, report};
use crate::base::diagnostic::{Edit, Fix};
use crate::base::span::Span;
use crate::language::keyword::{self, Word};
use crate::language::literal;
use crate::language::token::{Shape, Token};

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
}

/// A variable of a body that rules do not have.
struct Lambda<'text> {
    variable: &'text str,
    item: &'static str,
    /// How many brackets are open in the body.
    depth: usize,
    finding: usize,
    edits: Vec<Edit>,
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
        let taken = self.odd_bracket(start, first)
            || self.closing_quote(start, first)
            || self.lambda_variable(start, rest)
            || match self.expect {
                Expect::Operand => self.operand(start, rest, first),
                Expect::Operator => self.odata(start, rest),
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
        if let Some(comment) = self.lexer.comment(start) {
            self.lexer.at = comment.end;
            return self.lexer.report(report::comment(self.text(), comment));
        }
        if let Some(found) = self.lexer.next() {
            self.lexer.read(found);
        }
    }

    fn string(&mut self, start: usize, rest: &'text str, first: char) {
        let enclosing = self.enclosing.and_then(|quote| quote.of(self.text()).chars().next());
        let around = Around { in_list: self.open.last() == Some(&Opened::List), enclosing };
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
            (']', Some(Opened::Group)) if self.expect == Expect::Joiner => {
                self.lexer.report(foreign::unlike_brackets(text, span, ")"));
                self.take(Token::Close, span);
            }
            (')', Some(Opened::List)) if self.open.len() == 1 => {
                self.lexer.report(foreign::unlike_brackets(text, span, "]"));
                self.take(Token::ListClose, span);
            }
            _ => return false,
        }
        true
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
        let close = Span::new(start, start + first.len_utf8());
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

    // ---- where a condition begins ----

    fn operand(&mut self, start: usize, rest: &'text str, first: char) -> bool {
        let text = self.text();
        if self.lambda_begins(start, rest) {
            return true;
        }
        if let Some((whole, name)) = names::enclosed(text, start) {
            self.lexer.report(report::enclosed_name(text, whole, name));
            self.lexer.at = whole.end;
            self.lexer.push(Token::Path(name.of(text)), name);
        } else if let Some((whole, name)) = names::with_dollar(text, start) {
            self.dollar(whole, name);
        } else if let Some(names::Broken { object, gap, name }) = names::broken(text, start) {
            self.lexer.at = name.end;
            self.lexer.hole(object.to(name), report::broken_name(text, object, gap, name));
        } else if matches!(first, '[' | '{') && rest.get(1..).is_some_and(is_condition) {
            let open = Span::new(start, start + 1);
            self.open.push(Opened::Odd(first, self.lexer.out.diagnostics.len()));
            self.lexer.report(foreign::bracketed_condition(text, open));
            self.take(Token::Open, open);
        } else if let Some(words) = names::almost_reports(text, start) {
            self.lexer.report(foreign::almost_reports(text, words));
            self.take(Token::Reports(false), words);
        } else {
            return self.opening_quote(start, rest, first);
        }
        true
    }

    /// `$user.city` and `$_.city`.
    fn dollar(&mut self, whole: Span, name: Span) {
        let text = self.text();
        let written = name.of(text);
        let token = match written.to_ascii_lowercase().as_str() {
            "true" | "false" | "null" => {
                self.lexer.at = whole.start;
                return self.next();
            }
            _ if written.split('.').next().is_some_and(names::is_object) && written.contains('.') => {
                Token::Path(written)
            }
            _ => Token::Hole,
        };
        let at_operand = self.expect == Expect::Operand;
        let item = written.strip_prefix("_.").filter(|_| at_operand);
        self.lexer.report(match item {
            Some(attribute) => report::pipeline_variable(text, whole, attribute),
            None => report::dollar(text, whole, token),
        });
        self.lexer.at = whole.end;
        self.lexer.push(token, if token == Token::Hole { whole } else { name });
    }

    fn next(&mut self) {
        if let Some(found) = self.lexer.next() {
            self.lexer.read(found);
        }
    }

    /// A quote before a condition.
    fn opening_quote(&mut self, start: usize, rest: &str, first: char) -> bool {
        let is_quote = matches!(first, '"' | '\'' | '`') || literal::is_curly(first);
        let behind = rest.get(first.len_utf8()..).unwrap_or_default();
        if !is_quote || self.enclosing.is_some() || !is_condition(behind) {
            return false;
        }
        let quote = Span::new(start, start + first.len_utf8());
        self.enclosing = Some(quote);
        self.lexer.at = quote.end;
        true
    }

    // ---- lambdas ----

    /// `x:` at the beginning of a body.
    fn lambda_begins(&mut self, start: usize, rest: &'text str) -> bool {
        let mut last = self.lexer.out.tokens.iter().rev().map(|&(_, token, _)| token);
        let in_body = match last.next() {
            Some(Token::Open) => matches!(last.next(), Some(Token::Any | Token::All)),
            Some(Token::Any | Token::All) => true,
            _ => false,
        };
        let Some((variable, length)) = foreign::lambda(rest).filter(|_| in_body) else { return false };
        let collection = self.lexer.out.tokens.iter().rev().find_map(|&(_, token, _)| match token {
            Token::Path(path) => Some(path),
            _ => None,
        });
        let item = foreign::item_word(collection.unwrap_or_default());
        let span = Span::new(start, start + variable.len());
        let behind = rest.get(length..).unwrap_or_default();
        let gap = behind.len() - behind.trim_start().len();
        let mut edits: Vec<Edit> = self.lambda_edit.take().into_iter().collect();
        edits.push(Edit::new(Span::new(start, start + length + gap), ""));
        let finding = self.lexer.out.diagnostics.len();
        self.lexer.report(foreign::lambda_finding(self.text(), span, item));
        self.lambda = Some(Lambda { variable, item, depth: self.open.len(), finding, edits });
        self.lexer.at = start + length;
        true
    }

    /// A use of the variable: reported with its beginning.
    fn lambda_variable(&mut self, start: usize, rest: &'text str) -> bool {
        let found = word(rest);
        let Some(lambda) = self.lambda.as_mut().filter(|lambda| lambda.variable == found) else {
            return false;
        };
        let mut end = start + found.len();
        let name =
            rest.get(found.len()..).and_then(|behind| behind.strip_prefix(['.', '/'])).map_or("", word);
        let replaced = if name.is_empty() || lambda.item == "_" {
            lambda.item.to_owned()
        } else {
            format!("{}.{name}", lambda.item)
        };
        if !name.is_empty() {
            end += 1 + name.len();
        }
        lambda.edits.push(Edit::new(Span::new(start, end), replaced));
        self.take(Token::Hole, Span::new(start, end));
        true
    }

    fn lambda_ends(&mut self) {
        let Some(lambda) = self.lambda.take() else { return };
        if let Some(finding) = self.lexer.out.diagnostics.get_mut(lambda.finding) {
            finding.fix = Some(Fix::guess(lambda.edits));
        }
    }

    /// `/any(` of OData in place of ` -any (`.
    fn odata(&mut self, start: usize, rest: &'text str) -> bool {
        let Some(behind) = rest.strip_prefix('/') else { return false };
        let found = word(behind);
        let Some(quantifier @ (Word::Any | Word::All)) = Word::find(found) else { return false };
        let span = Span::new(start, start + 1 + found.len());
        let meant = format!(" {} ", quantifier.written());
        let edit = Edit::new(span, meant);
        let body = behind.get(found.len()..).and_then(|behind| behind.trim_start().strip_prefix('('));
        if body.is_some_and(|body| foreign::lambda(body.trim_start()).is_some()) {
            self.lambda_edit = Some(edit);
        } else {
            let finding = report::foreign_quantifier(self.text(), span, quantifier);
            self.lexer.report(finding.fix(Fix::guess(vec![edit])));
        }
        self.take(Token::of_word(quantifier), span);
        true
    }

    // ---- values ----

    fn value(&mut self, start: usize, rest: &'text str, first: char) -> bool {
        if matches!(first, '"' | '\'' | '(' | ')' | '[' | ']' | ',')
            || literal::is_curly(first)
            || is_dash(first)
        {
            return false;
        }
        let text = self.text();
        if let Some(length) = bare::placeholder_of(rest) {
            let span = Span::new(start, start + length);
            self.lexer.at = span.end;
            self.lexer.hole(span, report::placeholder(text, span));
            return true;
        }
        if let Some((whole, name)) = names::with_dollar(text, start) {
            self.dollar(whole, name);
            return true;
        }
        let Some((shape, found)) = self.lexer.shape_behind(start) else { return false };
        if matches!(shape, Some(Shape::EscapedQuoted | Shape::Symbol)) || is_known_path(found.of(text)) {
            return false;
        }
        let (bare, length) = bare::bare_of(rest);
        let span = Span::new(start, start + length);
        if length == 0 || (bare == Bare::Plain && span == found && shape.is_some()) {
            return false;
        }
        self.bare_value(bare, span);
        true
    }

    fn bare_value(&mut self, bare: Bare, span: Span) {
        let text = self.text();
        self.lexer.at = span.end;
        if let Some(inner) = bare::emphasized(text, span) {
            self.lexer.report(report::emphasis(text, span, inner));
            self.lexer.at = inner.start;
            self.next();
            self.lexer.at = span.end;
            return;
        }
        match bare {
            Bare::Unopened => self.lexer.hole(span, report::unopened(text, span)),
            Bare::Misplaced => self.lexer.hole(span, report::misplaced_quotes(text, span)),
            Bare::Plain if bare::is_placeholder(span.of(text)) => {
                self.lexer.hole(span, report::placeholder(text, span));
            }
            Bare::Plain => self.lexer.push(Token::Word(span.of(text)), span),
        }
    }

    /// `system.now()`, `system.now + P1D` and `system.now - P1D`.
    fn arithmetic(&mut self, start: usize, rest: &'text str, first: char) -> bool {
        let Some((Token::Now, now)) = self.lexer.last() else { return false };
        if let Some(behind) = rest.strip_prefix('(').filter(|_| start == now.end)
            && let Some(tail) = behind.trim_start().strip_prefix(')')
        {
            let call = Span::new(start, self.text().len() - tail.len());
            self.lexer.at = call.end;
            self.lexer.report(foreign::call_of_now(call));
            return true;
        }
        let behind = rest.get(first.len_utf8()..).unwrap_or_default();
        let duration = behind.trim_start();
        let is_duration = duration.starts_with(|c: char| c.is_ascii_digit())
            || duration
                .strip_prefix(['p', 'P'])
                .is_some_and(|tail| tail.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 't' | 'T')));
        let meant = match first {
            '+' => Word::Plus,
            _ if is_dash(first) => Word::Minus,
            _ => return false,
        };
        if !is_duration {
            return false;
        }
        let sign = Span::new(start, start + first.len_utf8());
        self.lexer.report(report::arithmetic_sign(self.text(), sign, meant));
        self.take(Token::of_word(meant), sign);
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

    // ---- what comes next ----

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
                Token::ListOpen => self.open.push(Opened::List),
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

/// What to expect behind `token`, which stood where `expect` was expected.
fn after(token: Token<'_>, expect: Expect) -> Expect {
    match token {
        Token::And | Token::Or | Token::Any | Token::All => Expect::Operand,
        Token::Not if expect == Expect::Operator => Expect::Operator,
        Token::Not => Expect::Operand,
        Token::Compare(_) | Token::Plus | Token::Minus | Token::Reports(_) => Expect::Value,
        Token::ListOpen | Token::Comma => Expect::Value,
        Token::Open if expect == Expect::Value => Expect::Value,
        Token::Open => Expect::Operand,
        Token::Close | Token::ListClose | Token::Broken => Expect::Joiner,
        Token::UnknownOperator(written) | Token::Word(written) if expect != Expect::Operand => {
            let is_sign = matches!(token, Token::UnknownOperator(_));
            let bare = written.trim_start_matches(|c: char| is_dash(c) || c.is_whitespace());
            match (keyword::foreign_operator(bare), expect) {
                (Some(Word::And | Word::Or), _) => Expect::Operand,
                (Some(Word::Compare(_)), Expect::Operator | Expect::Joiner) => Expect::Value,
                (Some(Word::Any | Word::All), Expect::Operator) => Expect::Operand,
                (_, Expect::Operator) if is_sign => Expect::Value,
                (_, Expect::Joiner) if is_sign => Expect::Operand,
                (_, Expect::Value) if !is_sign => Expect::Joiner,
                (_, expect) => expect,
            }
        }
        Token::UnknownOperator(_) => Expect::Operand,
        Token::Path(_) | Token::Word(_) if expect != Expect::Value => Expect::Operator,
        _ if expect == Expect::Operand => Expect::Operator,
        _ => Expect::Joiner,
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
