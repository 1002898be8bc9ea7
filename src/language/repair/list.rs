//! Lists: items, commas and brackets.

use super::{Repair, is_simple};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::lex::Spanned;
use crate::language::token::Token;

impl<'text> Repair<'text, '_> {
    /// Takes a list, from its opening bracket on, and mends it.
    pub(super) fn list(&mut self) {
        let Some(&opening) = self.tokens.get(self.at) else { return };
        let (start, _, end) = opening;
        let opened = Span::new(start, end);
        self.out.push(opening);
        self.at += 1;
        let mut item_before = false;
        // One finding a list about its shape: the others follow from it.
        let mut reported = false;
        while let Some(&spanned @ (start, token, end)) = self.tokens.get(self.at) {
            let span = Span::new(start, end);
            match token {
                Token::ListClose => {
                    self.trailing_comma(&mut reported);
                    self.take(spanned, self.expect);
                    return;
                }
                Token::Comma => {
                    let doubled = !item_before;
                    if doubled {
                        self.malformed(
                            &mut reported,
                            span,
                            "this comma separates nothing",
                            Some(Edit::new(span, "")),
                        );
                        self.at += 1;
                    } else {
                        self.take(spanned, self.expect);
                    }
                    item_before = false;
                }
                token if is_simple(token) => {
                    if item_before {
                        let gap = Span::at(self.behind().start);
                        self.malformed(
                            &mut reported,
                            span,
                            "a comma is missing before this item",
                            Some(Edit::new(gap, ",")),
                        );
                        self.put(Token::Comma, gap);
                    }
                    self.take(spanned, self.expect);
                    item_before = true;
                }
                Token::ListOpen => {
                    self.malformed(&mut reported, span, "a list cannot hold a list", None);
                    self.at += 1;
                    self.skip_nested();
                }
                Token::Close | Token::And | Token::Or => break,
                _ => {
                    self.malformed(&mut reported, span, "this cannot stand in a list", None);
                    self.at += 1;
                }
            }
        }
        self.trailing_comma(&mut reported);
        let behind = self.behind();
        self.malformed(
            &mut reported,
            opened,
            "this list has no closing bracket",
            Some(Edit::new(behind, "]")),
        );
        self.put(Token::ListClose, behind);
    }

    /// Whether the parentheses that open here hold a list.
    pub(super) fn is_list_in_parentheses(&self) -> bool {
        let rest = self.tokens.get(self.at + 1..).unwrap_or_default();
        let mut inner = rest.iter().map(|&(_, token, _)| token);
        inner.next().is_some_and(is_simple) && inner.next() == Some(Token::Comma)
    }

    /// Takes `("a", "b")` as the list that it was meant to be.
    pub(super) fn list_in_parentheses(&mut self, opened: Span) {
        self.put(Token::ListOpen, opened);
        self.at += 1;
        let mut edits = vec![Edit::new(opened, "[")];
        while let Some(&spanned @ (start, token, end)) = self.tokens.get(self.at) {
            let span = Span::new(start, end);
            self.at += 1;
            match token {
                Token::Close => {
                    edits.push(Edit::new(span, "]"));
                    break;
                }
                token if is_simple(token) || token == Token::Comma => self.push_item(spanned),
                _ => {}
            }
        }
        if self.last_out() == Some(Token::Comma) {
            self.out.pop();
        }
        let behind = self.behind();
        self.put(Token::ListClose, behind);
        self.report(
            Diagnostic::new(
                &code::MALFORMED_LIST,
                opened.to(behind),
                "a list stands in square brackets, not in parentheses",
            )
            .help("write `[\"a\",\"b\"]`")
            .fix(Fix::safe(edits)),
        );
    }

    /// Puts an item or comma out, never two of a kind in a row.
    fn push_item(&mut self, spanned: Spanned<'text>) {
        let comma_before = matches!(self.last_out(), Some(Token::Comma | Token::ListOpen));
        let is_comma = spanned.1 == Token::Comma;
        match (comma_before, is_comma) {
            (true, true) => return,
            (false, false) => {
                let behind = self.behind();
                self.put(Token::Comma, behind);
            }
            _ => {}
        }
        self.out.push(spanned);
    }

    fn trailing_comma(&mut self, reported: &mut bool) {
        if self.last_out() == Some(Token::Comma)
            && let Some((start, _, end)) = self.out.pop()
        {
            let span = Span::new(start, end);
            self.malformed(reported, span, "no item follows this comma", Some(Edit::new(span, "")));
        }
    }

    fn skip_nested(&mut self) {
        let mut depth = 1_usize;
        while let Some(token) = self.peek(0) {
            match token {
                Token::ListOpen => depth += 1,
                Token::ListClose => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }

    fn malformed(&mut self, reported: &mut bool, span: Span, message: &str, edit: Option<Edit>) {
        if std::mem::replace(reported, true) {
            return;
        }
        let mut finding = Diagnostic::new(&code::MALFORMED_LIST, span, message)
            .help("a list holds strings in quotes, separated by commas: `[\"a\",\"b\"]`");
        if let Some(edit) = edit {
            finding = finding.fix(Fix::safe(vec![edit]));
        }
        self.report(finding);
    }
}
