//! Where a condition begins: names, and what stands in their way.

use super::{Expect, Opened, Reread};
use crate::base::span::Span;
use crate::language::keyword::Word;
use crate::language::lex::looks::{after_dash, is_condition};
use crate::language::lex::{foreign, names, report};
use crate::language::literal;
use crate::language::token::Token;

impl<'text> Reread<'text> {
    pub(super) fn operand(&mut self, start: usize, rest: &'text str, first: char) -> bool {
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
            return self.opening_quote(start, rest, first) || self.sign_as_name(start);
        }
        true
    }

    /// A sign that no rule can hold where a name belongs: `(* -contains "x")`.
    fn sign_as_name(&mut self, start: usize) -> bool {
        let Some((None, sign)) = self.lexer.shape_behind(start) else { return false };
        if self.lexer.comment(start, false).is_some() {
            return false;
        }
        let operator = self.lexer.shape_behind(sign.end);
        let bare = operator.map(|(_, span)| after_dash(span.of(self.text()))).and_then(Word::find);
        if !matches!(bare, Some(Word::Compare(_) | Word::Any | Word::All)) {
            return false;
        }
        self.lexer.at = sign.end;
        self.lexer.hole(sign, report::invalid(self.text(), sign));
        true
    }

    /// `$user.city` and `$_.city`.
    pub(super) fn dollar(&mut self, whole: Span, name: Span) {
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

    /// A quote before a condition.
    fn opening_quote(&mut self, start: usize, rest: &str, first: char) -> bool {
        let is_quote = matches!(first, '"' | '\'' | '`') || literal::is_curly(first);
        let behind = if first == '`' {
            rest.trim_start_matches('`')
        } else {
            rest.get(first.len_utf8()..).unwrap_or_default()
        };
        if !is_quote || self.enclosing.is_some() || !is_condition(behind) {
            return false;
        }
        // A block of Markdown begins with three of them.
        let length = if first == '`' { rest.len() - behind.len() } else { first.len_utf8() };
        let quote = Span::new(start, start + length);
        self.enclosing = Some(quote);
        self.lexer.at = quote.end;
        true
    }
}
