//! Calls of functions and methods, which rules do not have.

use super::{Expect, Repair, is_literal, is_simple};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;
use crate::language::keyword::{Operator, Word};
use crate::language::token::Token;

impl<'text> Repair<'text, '_> {
    /// Takes the call that begins at the current token, at `span`; `false` where there is none.
    pub(super) fn call(&mut self, span: Span) -> bool {
        if self.peek(1) != Some(Token::Open) {
            return false;
        }
        let in_value = self.expect == Expect::Value;
        match self.peek(0) {
            Some(Token::Path(path)) => !in_value && self.method(path, span),
            Some(Token::Compare(operator)) => self.function(operator, span),
            Some(Token::Word(_)) if !in_value && self.holds_conditions() => {
                // `if (…)`: the word is too many.
                self.stray(span);
                true
            }
            Some(Token::Word(word)) => {
                if in_value || !self.function_of(word, span) {
                    self.unknown_call(span, in_value);
                }
                true
            }
            _ => false,
        }
    }

    /// `user.mail.startsWith("a")`.
    fn method(&mut self, path: &'text str, span: Span) -> bool {
        let Some((object, name)) = path.rsplit_once('.') else { return false };
        if let Some(quantifier @ (Word::Any | Word::All)) = Word::find(name) {
            return self.quantifier_method(object, quantifier, span);
        }
        let Some(Word::Compare(operator)) = method_word(name) else { return false };
        let (Some(value), Some(value_span)) = (self.peek(2), self.span_at(2)) else { return false };
        if !object.contains('.') || !is_literal(value) || self.peek(3) != Some(Token::Close) {
            return false;
        }
        let whole = span.to(self.span_at(3).unwrap_or(span));
        self.call_as_comparison(whole, object, operator, value_span);
        let left = Span::new(span.start, span.start + object.len());
        self.put(Token::Path(object), left);
        self.put(Token::Compare(operator), Span::new(left.end, span.end));
        self.put(value, value_span);
        self.at += 4;
        self.expect = Expect::Joiner { after_value: false };
        true
    }

    /// `user.otherMails.any(_ -contains "x")`.
    fn quantifier_method(&mut self, object: &'text str, quantifier: Word, span: Span) -> bool {
        if !object.contains('.') {
            return false;
        }
        let left = Span::new(span.start, span.start + object.len());
        let call = Span::new(left.end, span.end);
        self.foreign_quantifier(call, quantifier);
        self.put(Token::Path(object), left);
        self.put(Token::of_word(quantifier), call);
        self.body = Some(self.open.len());
        self.at += 1;
        self.expect = Expect::Operand;
        true
    }

    fn function_of(&mut self, word: &str, span: Span) -> bool {
        match method_word(word) {
            Some(Word::Compare(operator)) => self.function(operator, span),
            _ => false,
        }
    }

    /// `startsWith(user.mail, "a")`, and `substringof("a", user.mail)` with its operands in turn.
    fn function(&mut self, operator: Operator, span: Span) -> bool {
        let tokens = [2, 3, 4, 5].map(|ahead| self.peek(ahead));
        let [Some(first), Some(Token::Comma), Some(second), Some(Token::Close)] = tokens else {
            return false;
        };
        let names = |token| matches!(token, Token::Path(_) | Token::Underscore | Token::Hole);
        let (left, right) = if names(first) && is_simple(second) {
            (2, 4)
        } else if names(second) && is_literal(first) {
            (4, 2)
        } else {
            return false;
        };
        let spans = [left, right, 5].map(|ahead| self.span_at(ahead).unwrap_or(span));
        let [left_span, right_span, close] = spans;
        self.call_as_comparison(span.to(close), left_span.of(self.text), operator, right_span);
        for (ahead, place) in [(left, left_span), (right, right_span)] {
            if ahead == right {
                self.put(Token::Compare(operator), span);
            }
            if let Some(token) = self.peek(ahead) {
                self.put(token, place);
            }
        }
        self.at += 6;
        self.expect = Expect::Joiner { after_value: false };
        true
    }

    /// Whether the parentheses behind the current word hold a comparison.
    fn holds_conditions(&self) -> bool {
        (2..2 + CONDITION_MAX_TOKENS)
            .map_while(|ahead| self.peek(ahead))
            .take_while(|token| !matches!(token, Token::Close | Token::Comma))
            .any(|token| matches!(token, Token::Compare(_) | Token::Any | Token::All))
    }

    /// Skips a word and the parentheses behind it.
    fn unknown_call(&mut self, word: Span, in_value: bool) {
        let mut depth = 0_usize;
        let mut end = word.end;
        self.at += 1;
        while let Some(&(_, token, token_end)) = self.tokens.get(self.at) {
            match token {
                Token::Open => depth += 1,
                Token::Close if depth <= 1 => {
                    end = token_end;
                    self.at += 1;
                    break;
                }
                Token::Close => depth -= 1,
                // Without its closing parenthesis the call ends with the condition.
                Token::And | Token::Or => break,
                _ => {}
            }
            end = token_end;
            self.at += 1;
        }
        self.foreign_call(word, Span::new(word.start, end));
        self.put(if in_value { Token::Hole } else { Token::Broken }, Span::new(word.start, end));
        self.expect = Expect::Joiner { after_value: in_value };
    }

    fn call_as_comparison(&mut self, whole: Span, left: &str, operator: Operator, right: Span) {
        let meant = format!("{left} {} {}", operator.word(), right.of(self.text));
        let finding: Diagnostic = super::report::call_as_comparison(self.text, whole, meant);
        self.report(finding);
    }
}

/// How far a parenthesis is looked into, in tokens.
const CONDITION_MAX_TOKENS: usize = 8;

/// The operator that a function or method stands for.
fn method_word(name: &str) -> Option<Word> {
    let lower = name.to_ascii_lowercase();
    let bare = match lower.as_str() {
        "substringof" | "indexof" | "includes" => "contains",
        "equals" => "eq",
        "matches" | "ismatch" => "match",
        other => other,
    };
    Word::find(bare)
}
