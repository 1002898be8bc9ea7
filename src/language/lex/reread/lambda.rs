//! Variables in the bodies of quantifiers, which rules do not have.

use super::Reread;
use crate::base::diagnostic::{Edit, Fix};
use crate::base::span::Span;
use crate::language::keyword::Word;
use crate::language::lex::looks::word;
use crate::language::lex::{foreign, report};
use crate::language::token::Token;

/// A variable and where it is used.
pub(super) struct Lambda<'text> {
    variable: &'text str,
    item: Option<&'static str>,
    /// How many brackets are open in the body.
    pub(super) depth: usize,
    /// The number of the finding about it.
    finding: usize,
    edits: Vec<Edit>,
}

impl<'text> Reread<'text> {
    /// `x:` at the beginning of a body.
    pub(super) fn lambda_begins(&mut self, start: usize, rest: &'text str) -> bool {
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
    pub(super) fn lambda_variable(&mut self, start: usize, rest: &'text str) -> bool {
        let found = word(rest);
        let Some(lambda) = self.lambda.as_mut().filter(|lambda| lambda.variable == found) else {
            return false;
        };
        let mut end = start + found.len();
        let name =
            rest.get(found.len()..).and_then(|behind| behind.strip_prefix(['.', '/'])).map_or("", word);
        let item = lambda.item.unwrap_or("_");
        let replaced =
            if name.is_empty() || item == "_" { item.to_owned() } else { format!("{item}.{name}") };
        if !name.is_empty() {
            end += 1 + name.len();
        }
        lambda.edits.push(Edit::new(Span::new(start, end), replaced));
        self.take(Token::Hole, Span::new(start, end));
        true
    }

    pub(super) fn lambda_ends(&mut self) {
        let Some(lambda) = self.lambda.take() else { return };
        // Of a collection that rules do not have, the items have no name to put in.
        if let Some(finding) =
            self.lexer.out.diagnostics.get_mut(lambda.finding).filter(|_| lambda.item.is_some())
        {
            finding.fix = Some(Fix::guess(lambda.edits));
        }
    }

    /// `/any(` of `OData` in place of ` -any (`.
    pub(super) fn odata(&mut self, start: usize, rest: &'text str) -> bool {
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
}
