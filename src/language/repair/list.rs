//! Lists: items, commas and brackets.

use super::{Repair, is_simple};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::keyword::Operator;
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
        // The list begins and ends inside the parentheses: those are reported here.
        self.put(Token::ListOpen, Span::at(opened.end));
        self.at += 1;
        let mut edits = vec![Edit::new(opened, "[")];
        let mut end = opened;
        while let Some(&spanned @ (start, token, token_end)) = self.tokens.get(self.at) {
            match token {
                Token::And | Token::Or => break,
                token if is_simple(token) || token == Token::Comma => self.push_item(spanned),
                _ => {}
            }
            self.at += 1;
            end = Span::new(start, token_end);
            if token == Token::Close {
                edits.push(Edit::new(end, "]"));
                break;
            }
        }
        if self.last_out() == Some(Token::Comma) {
            self.out.pop();
        }
        if edits.len() == 1 {
            edits.push(Edit::new(Span::at(end.end), "]"));
        }
        let behind = self.behind();
        self.put(Token::ListClose, behind);
        let what = "a list stands in square brackets, not in parentheses";
        self.report(
            Diagnostic::new(&code::MALFORMED_LIST, opened.to(end), what)
                .help("write `[\"a\",\"b\"]`")
                .fix(Fix::safe(edits)),
        );
    }

    /// Whether the comma that comes next goes on with the value before it: `-eq "a","b"`.
    pub(super) fn is_list_without_brackets(&self) -> bool {
        self.last_out().is_some_and(is_simple)
            && self.peek(1).is_some_and(|next| is_simple(next) && !matches!(next, Token::Path(_)))
            && !self.peek(2).is_some_and(|next| matches!(next, Token::Compare(_) | Token::Any | Token::All))
    }

    /// Takes `"a","b"` as the list that it was meant to be.
    pub(super) fn list_without_brackets(&mut self) {
        let Some(first @ (start, _, _)) = self.out.pop() else { return };
        let operator = self.out.pop();
        let listed = operator.and_then(|(_, token, _)| match token {
            Token::Compare(Operator::Eq | Operator::In) => Some(Operator::In),
            Token::Compare(Operator::Ne | Operator::NotIn) => Some(Operator::NotIn),
            _ => None,
        });
        let operator_span = operator.map_or(Span::at(start), |(start, _, end)| Span::new(start, end));
        match (operator, listed) {
            (_, Some(listed)) => self.put(Token::Compare(listed), operator_span),
            (Some(operator), None) => self.out.push(operator),
            (None, None) => {}
        }
        self.put(Token::ListOpen, Span::at(start));
        self.out.push(first);
        while let Some(&spanned @ (_, token, _)) = self.tokens.get(self.at) {
            let goes_on = match token {
                Token::Comma => self.peek(1).is_some_and(is_simple),
                token => is_simple(token) && self.last_out() == Some(Token::Comma),
            };
            if !goes_on {
                break;
            }
            self.take(spanned, self.expect);
        }
        let behind = self.behind();
        self.put(Token::ListClose, behind);
        let whole = Span::new(start, behind.end);
        let finding =
            Diagnostic::new(&code::MALFORMED_LIST, whole, "several values stand in square brackets");
        let Some(listed) = listed else {
            // Nothing but `-in` takes a list: the values are dropped again.
            self.out
                .truncate(self.out.iter().rposition(|&(_, token, _)| token == Token::ListOpen).unwrap_or(0));
            self.put(Token::Hole, whole);
            return self.report(finding.help("this operator takes one value: write one condition for each"));
        };
        let mut edits = vec![Edit::new(Span::at(start), "["), Edit::new(behind, "]")];
        if operator.is_some_and(|(_, token, _)| token != Token::Compare(listed)) {
            edits.push(Edit::new(operator_span, listed.word()));
        }
        let meant = format!("write `{} [\"a\",\"b\"]`", listed.word());
        self.report(finding.help(meant).fix(Fix::guess(edits)));
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
