//! Where a value belongs: values without quotes, placeholders, and arithmetic with signs.

use super::{Opened, Reread, is_known_path};
use crate::base::span::Span;
use crate::language::keyword::Word;
use crate::language::lex::bare::{self, Bare};
use crate::language::lex::looks::is_dash;
use crate::language::lex::{foreign, names, report};
use crate::language::literal;
use crate::language::token::{Shape, Token};

impl<'text> Reread<'text> {
    pub(super) fn value(&mut self, start: usize, rest: &'text str, first: char) -> bool {
        let is_structure = match first {
            '"' | '\'' | '(' | ')' | ']' | ',' => true,
            '[' => bare::is_list(rest),
            _ if is_dash(first) => !bare::is_dashed_value(rest),
            _ => literal::is_curly(first),
        };
        if is_structure {
            return false;
        }
        let text = self.text();
        if first == '{' && rest.get(1..).is_some_and(|inner| inner.trim_start().starts_with(['"', '\''])) {
            let open = Span::new(start, start + 1);
            self.open.push(Opened::OddList(self.lexer.out.diagnostics.len()));
            self.lexer.report(foreign::bracketed_list(open));
            self.take(Token::ListOpen, open);
            return true;
        }
        let run =
            rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | ',')).unwrap_or(rest.len());
        if self.emphasized(Span::new(start, start + run)).is_some() {
            self.bare_value(Bare::Plain, Span::new(start, start + run));
            return true;
        }
        if let Some(length) = bare::placeholder_of(rest) {
            let span = Span::new(start, start + length);
            self.lexer.at = span.end;
            self.lexer.hole(span, report::placeholder(text, span));
            return true;
        }
        if let Some(names::Broken { object, gap, name }) = names::broken(text, start) {
            self.lexer.at = name.end;
            self.lexer.hole(object.to(name), report::broken_name(text, object, gap, name));
            return true;
        }
        if let Some((whole, name)) = names::with_dollar(text, start) {
            self.dollar(whole, name);
            return true;
        }
        let Some((shape, found)) = self.lexer.shape_behind(start) else { return false };
        let written = found.of(text);
        let is_literal = ["true", "false", "null"].iter().any(|word| written.eq_ignore_ascii_case(word));
        // `is not null`: the operator has several words.
        let is_phrase =
            Word::find(written).is_some() && matches!(self.lexer.last(), Some((Token::Word(_), _)));
        if is_literal
            || is_phrase
            || matches!(shape, Some(Shape::EscapedQuoted | Shape::Symbol))
            || is_known_path(written)
        {
            return false;
        }
        // A sign before the value is no part of it: `-eq . "Oslo"`.
        let sign = rest.find(|c: char| !c.is_ascii_punctuation()).unwrap_or(rest.len());
        let behind = rest.get(sign..).unwrap_or_default();
        if sign > 0 && behind.starts_with(char::is_whitespace) && !behind.trim_start().is_empty() {
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

    /// The value between marks of emphasis, where it is one token.
    fn emphasized(&self, whole: Span) -> Option<Span> {
        let inner = bare::emphasized(self.text(), whole)?;
        self.lexer.shape_behind(inner.start).filter(|(_, found)| *found == inner).map(|_| inner)
    }

    fn bare_value(&mut self, bare: Bare, span: Span) {
        let text = self.text();
        self.lexer.at = span.end;
        if let Some(inner) = self.emphasized(span) {
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
    pub(super) fn arithmetic(&mut self, start: usize, rest: &'text str, first: char) -> bool {
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
}
