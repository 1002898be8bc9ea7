//! The beginning of a term.

use super::{Expect, Repair, is_literal, is_simple, is_word, operator, starts_term};
use crate::base::span::Span;
use crate::language::keyword::{self, Word};
use crate::language::lex::Spanned;
use crate::language::token::Token;

impl<'text> Repair<'text, '_> {
    pub(super) fn operand(&mut self, spanned: Spanned<'text>) {
        let (start, token, end) = spanned;
        let span = Span::new(start, end);
        match token {
            Token::Open => self.open(spanned, false),
            Token::Not => self.take(spanned, Expect::Operand),
            Token::Reports(_) => self.reports(spanned),
            Token::Broken => self.take(spanned, Expect::Joiner { after_value: false }),
            Token::Path(_) | Token::Word(_) | Token::Compare(_) if self.call(span) => {}
            Token::Word(word)
                if self.peek(1).is_some_and(starts_term) && keyword::foreign_operator(word).is_some() =>
            {
                self.foreign_prefix(word, span);
            }
            token if token != Token::Hole && is_literal(token) && self.is_shared_value() => {
                self.shared_value(span);
            }
            token if is_simple(token) => self.take(spanned, Expect::Operator),
            Token::ListOpen => {
                self.list();
                self.expect = Expect::Operator;
            }
            Token::And | Token::Or => {
                self.dangling(span);
                self.at += 1;
            }
            Token::Close if self.open.is_empty() => self.close(spanned),
            Token::Close if self.is_connective_inside() => self.move_connective(spanned),
            Token::Close => {
                self.missing_term(span);
                self.expect = Expect::Joiner { after_value: false };
            }
            Token::UnknownOperator(word) => self.foreign_prefix(word, span),
            // `-any -any (…)`.
            Token::Any | Token::All if matches!(self.last_out(), Some(Token::Any | Token::All)) => {
                self.stray(span);
            }
            Token::Compare(_) | Token::Any | Token::All => {
                self.missing_attribute(span);
                self.put(Token::Hole, Span::at(start));
                self.expect = Expect::Operator;
            }
            _ => self.stray(span),
        }
    }

    /// A word or symbol of another language where a term begins.
    fn foreign_prefix(&mut self, word: &'text str, span: Span) {
        let meant = operator::foreign(word);
        self.unknown_operator(span, word, &[Word::Not, Word::And, Word::Or]);
        self.at += 1;
        if meant == Some(Word::Not) {
            self.put(Token::Not, span);
        }
    }

    /// Whether a value stands here that wants the attribute and operator of the comparison before it:
    /// `user.city -eq "Oslo" -or "Bergen"`.
    fn is_shared_value(&self) -> bool {
        let is_alone = !self.peek(1).is_some_and(|next| {
            matches!(next, Token::Compare(_) | Token::Any | Token::All | Token::UnknownOperator(_))
                || is_word(next)
        });
        is_alone && self.last_comparison.is_some() && matches!(self.last_out(), Some(Token::And | Token::Or))
    }

    fn shared_value(&mut self, span: Span) {
        self.value_alone(span);
        self.put(Token::Broken, span);
        self.at += 1;
        self.expect = Expect::Joiner { after_value: false };
    }

    fn reports(&mut self, spanned: Spanned<'text>) {
        self.out.push(spanned);
        self.at += 1;
        match self.tokens.get(self.at).copied() {
            Some(manager @ (_, token, _)) if is_simple(token) => {
                self.out.push(manager);
                self.at += 1;
            }
            _ => {
                let (start, _, end) = spanned;
                self.missing_manager(Span::new(start, end));
                self.put(Token::Hole, Span::at(end));
                self.joined_silently = true;
            }
        }
        self.expect = Expect::Joiner { after_value: false };
    }

    /// Whether a connective stands before the parenthesis that closes, and a term without one behind it.
    fn is_connective_inside(&self) -> bool {
        matches!(self.last_out(), Some(Token::And | Token::Or)) && self.peek(1).is_some_and(starts_term)
    }

    fn move_connective(&mut self, close: Spanned<'text>) {
        let Some((start, connective, end)) = self.out.pop() else { return };
        let span = Span::new(close.0, close.2);
        self.connective_inside(Span::new(start, end), span);
        self.close(close);
        self.put(connective, Span::at(span.end));
        self.expect = Expect::Operand;
    }

    /// Nothing where a term belongs, before `span`.
    pub(super) fn missing_term(&mut self, span: Span) {
        match self.last_out() {
            Some(Token::And | Token::Or) => {
                if let Some((start, _, end)) = self.out.pop() {
                    self.dangling(Span::new(start, end));
                }
                // What stood before the connective was a whole term.
                return;
            }
            Some(Token::Any | Token::All) => self.missing_body(),
            Some(Token::Not) => self.missing_after_not(),
            Some(Token::Open) => {
                let opened = self.open.last().map_or(span, |opened| opened.span);
                self.empty_parentheses(opened.to(span));
            }
            // Whatever stood there was reported and dropped.
            _ if !self.diagnostics.is_empty() => {}
            _ => self.empty_rule(span),
        }
        let behind = self.behind();
        self.put(Token::Broken, behind);
    }
}
