//! Behind a term: connectives and closing parentheses.

use super::{Expect, Opened, Repair, is_word, operator, starts_term};
use crate::base::span::Span;
use crate::language::keyword::{Operator, Word};
use crate::language::lex::Spanned;
use crate::language::literal;
use crate::language::token::Token;

impl<'text> Repair<'text, '_> {
    pub(super) fn joiner(&mut self, spanned: Spanned<'text>) {
        let (start, token, end) = spanned;
        let span = Span::new(start, end);
        let after_value = self.expect == Expect::Joiner { after_value: true };
        match token {
            Token::And | Token::Or if !self.is_in_value() => {
                self.joined_silently = false;
                self.note_likely_end();
                self.take(spanned, Expect::Operand);
                if self.open.is_empty() {
                    self.term_at = self.out.len();
                }
            }
            Token::Plus | Token::Minus if after_value => self.take(spanned, Expect::Duration),
            Token::Close => self.close(spanned),
            Token::Word(word) | Token::Literal(word) if after_value && self.is_offset(word) => {
                self.missing_arithmetic(span);
                self.put(Token::Plus, Span::at(start));
                self.take(spanned, Expect::Joiner { after_value: true });
            }
            Token::Comma if matches!(self.peek(1), Some(Token::Plus | Token::Minus)) => self.stray(span),
            _ if self.is_in_value() => self.close_value(span),
            Token::Comma if after_value && self.is_list_without_brackets() => self.list_without_brackets(),
            Token::Comma if self.peek(1).is_some_and(starts_term) => self.comma_joins(span),
            Token::ListClose if after_value && self.is_list_without_opening() => {
                self.list_without_opening(span);
            }
            Token::Open if self.is_aside() => {
                let close = self.span_at(2).unwrap_or(span);
                self.stray_at(span.to(close));
                self.at += 3;
            }
            Token::Word(word) | Token::UnknownOperator(word) => self.unknown_connective(word, span),
            Token::Compare(_) | Token::Any | Token::All => {
                self.second_operator(span);
                self.put(Token::And, Span::at(start));
                self.put(Token::Hole, Span::at(start));
                self.expect = Expect::Operator;
            }
            token if starts_term(token) => self.join(span),
            Token::ListOpen => {
                self.stray_at(span);
                self.skip_value();
            }
            _ => self.stray(span),
        }
    }

    /// Whether `word` is a duration behind `system.now`.
    fn is_offset(&self, word: &str) -> bool {
        self.last_out() == Some(Token::Now) && literal::duration(word).is_ok()
    }

    /// Whether a word in parentheses follows, such as `(primary)`.
    fn is_aside(&self) -> bool {
        self.peek(1).is_some_and(is_word) && self.peek(2) == Some(Token::Close)
    }

    /// Whether a parenthesis around a value is open.
    fn is_in_value(&self) -> bool {
        self.open.last().is_some_and(|opened| opened.around_value)
    }

    /// Remembers where the innermost group would end if its parenthesis was forgotten.
    fn note_likely_end(&mut self) {
        let next_is_group = match self.peek(1) {
            Some(Token::Not) => self.peek(2) == Some(Token::Open),
            next => next == Some(Token::Open),
        };
        let end = self.behind().start;
        let Some(opened) = self.open.last_mut() else { return };
        let is_first = !std::mem::replace(&mut opened.is_joined, true);
        let begins_bare = self.out.get(opened.inside).is_some_and(|&(_, token, _)| token != Token::Open);
        if is_first && begins_bare && next_is_group {
            opened.likely_end = Some(end);
        }
    }

    /// Puts in the connective that is missing before `span`.
    fn join(&mut self, span: Span) {
        if !self.joined_silently {
            self.missing_connective(span);
        }
        self.joined_silently = false;
        self.put(Token::And, Span::at(span.start));
        self.expect = Expect::Operand;
    }

    fn comma_joins(&mut self, span: Span) {
        self.comma_between(span);
        self.put(Token::And, span);
        self.at += 1;
        self.expect = Expect::Operand;
    }

    fn unknown_connective(&mut self, word: &'text str, span: Span) {
        let next_starts = self.peek(1).is_some_and(starts_term);
        match operator::foreign(word) {
            Some(Word::Compare(_)) if !next_starts => {
                self.second_operator(span);
                self.put(Token::And, Span::at(span.start));
                self.put(Token::Hole, Span::at(span.start));
                self.put(Token::Compare(Operator::Eq), Span::at(span.end));
                self.at += 1;
                self.expect = Expect::Value;
            }
            foreign if next_starts || word.starts_with(|c: char| !c.is_alphanumeric()) => {
                self.unknown_operator(span, word, &[Word::And, Word::Or]);
                let meant = if foreign == Some(Word::Or) { Token::Or } else { Token::And };
                self.put(meant, span);
                self.at += 1;
                self.joined_silently = false;
                self.expect = Expect::Operand;
            }
            _ => self.stray(span),
        }
    }

    pub(super) fn close(&mut self, spanned: Spanned<'text>) {
        let (start, _, end) = spanned;
        if let Some(opened) = self.open.pop() {
            self.body = self.body.filter(|&depth| self.open.len() > depth);
            self.take(spanned, Expect::Joiner { after_value: opened.around_value });
        } else {
            self.surplus(Span::new(start, end));
            self.at += 1;
        }
    }

    /// A value's parenthesis is still open although the value is over.
    fn close_value(&mut self, span: Span) {
        if let Some(opened) = self.open.pop() {
            let behind = self.behind();
            self.unclosed(&[Opened { likely_end: Some(behind.start.min(span.start)), ..opened }]);
            self.put(Token::Close, behind);
        }
    }
}
