//! Lists: items, commas and brackets.

use super::{Repair, is_simple};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::keyword::Operator;
use crate::language::lex::Spanned;
use crate::language::token::Token;

/// What was read of a list.
#[derive(Default)]
struct Progress {
    /// Whether the last thing was an item.
    item_before: bool,
    /// How many lists are open in the list.
    nested: usize,
    /// The number of the finding about the first of them.
    nested_finding: Option<usize>,
    /// Whether something that no list holds was reported: what follows may come of it.
    has_stray: bool,
}

impl<'text> Repair<'text, '_> {
    /// Takes a list, from its opening bracket on, and mends it.
    pub(super) fn list(&mut self) {
        let Some(&opening) = self.tokens.get(self.at) else { return };
        let (start, _, end) = opening;
        self.out.push(opening);
        self.at += 1;
        let mut progress = Progress::default();
        while let Some(&spanned @ (start, token, end)) = self.tokens.get(self.at) {
            let span = Span::new(start, end);
            match token {
                Token::ListClose if progress.nested > 0 => self.nested_close(span, &mut progress),
                Token::ListClose => {
                    self.trailing_comma();
                    self.take(spanned, self.expect);
                    return;
                }
                Token::ListOpen => self.nested_open(span, &mut progress),
                Token::Comma => self.comma(spanned, &mut progress),
                Token::And | Token::Or if progress.item_before && self.separates_items() => {
                    self.wrong_separator(span);
                    self.put(Token::Comma, span);
                    self.at += 1;
                    progress.item_before = false;
                }
                token if is_simple(token) => self.item(spanned, &mut progress),
                Token::Close | Token::And | Token::Or => break,
                _ => {
                    if !std::mem::replace(&mut progress.has_stray, true) {
                        self.malformed(span, "this cannot stand in a list", None);
                    }
                    self.at += 1;
                }
            }
        }
        self.trailing_comma();
        self.never_closed(Span::new(start, end), &progress);
    }

    fn item(&mut self, spanned: Spanned<'text>, progress: &mut Progress) {
        let (start, _, end) = spanned;
        if progress.item_before {
            let gap = Span::at(self.behind().start);
            if !progress.has_stray {
                let edit = Edit::new(gap, ",");
                self.malformed(Span::new(start, end), "a comma is missing before this item", Some(edit));
            }
            self.put(Token::Comma, gap);
        }
        self.take(spanned, self.expect);
        progress.item_before = true;
    }

    fn comma(&mut self, spanned: Spanned<'text>, progress: &mut Progress) {
        let (start, _, end) = spanned;
        if progress.item_before {
            self.take(spanned, self.expect);
        } else {
            let span = Span::new(start, end);
            if !progress.has_stray {
                self.malformed(span, "this comma separates nothing", Some(Edit::new(span, "")));
            }
            progress.has_stray = true;
            self.at += 1;
        }
        progress.item_before = false;
    }

    /// A list in the list: its items are taken as items of the outer one.
    fn nested_open(&mut self, span: Span, progress: &mut Progress) {
        if progress.nested_finding.is_none() {
            progress.nested_finding = Some(self.diagnostics.len());
            let what = "a list cannot hold a list";
            let finding = Diagnostic::new(&code::MALFORMED_LIST, span, what).help(LIST_HELP);
            self.report(finding.fix(Fix::guess(Vec::new())));
        }
        self.change_nested(progress, |edits| edits.push(Edit::new(span, "")));
        progress.nested += 1;
        self.at += 1;
    }

    fn nested_close(&mut self, span: Span, progress: &mut Progress) {
        progress.nested -= 1;
        self.at += 1;
        self.change_nested(progress, |edits| edits.push(Edit::new(span, "")));
    }

    /// Changes the edits that take the inner brackets out.
    fn change_nested(&mut self, progress: &Progress, change: impl FnOnce(&mut Vec<Edit>)) {
        let finding = progress.nested_finding.and_then(|at| self.diagnostics.get_mut(at));
        if let Some(fix) = finding.and_then(|finding| finding.fix.as_mut()) {
            change(&mut fix.edits);
        }
    }

    /// The rule goes on, or ends, before the list is closed.
    fn never_closed(&mut self, opened: Span, progress: &Progress) {
        let behind = self.behind();
        if progress.nested_finding.is_some() {
            // `[["a"]`: one bracket was too many, and the last one closes the list after all.
            self.change_nested(progress, |edits| edits.truncate(edits.len().saturating_sub(1).max(1)));
        } else {
            self.malformed(opened, "this list has no closing bracket", Some(Edit::new(behind, "]")));
        }
        self.put(Token::ListClose, behind);
    }

    /// Whether the connective that comes next stands between two items.
    fn separates_items(&self) -> bool {
        let ends = |token| matches!(token, Token::Comma | Token::ListClose | Token::And | Token::Or);
        self.peek(1).is_some_and(is_simple) && self.peek(2).is_some_and(ends)
    }

    fn wrong_separator(&mut self, span: Span) {
        let written = span.of(self.text);
        let message = format!("the items of a list are separated by commas, not by `{written}`");
        self.report(
            Diagnostic::new(&code::MALFORMED_LIST, span, message)
                .help("write `,`")
                .fix(Fix::guess(vec![Edit::new(span, ",")])),
        );
    }

    /// Whether the parentheses that open here hold a list.
    pub(super) fn is_list_in_parentheses(&self) -> bool {
        let rest = self.tokens.get(self.at + 1..).unwrap_or_default();
        let mut inner = rest.iter().map(|&(_, token, _)| token);
        let takes_list = matches!(self.last_out(), Some(Token::Compare(Operator::In | Operator::NotIn)));
        inner.next().is_some_and(is_simple)
            && match inner.next() {
                Some(Token::Comma) => !matches!(inner.next(), Some(Token::Plus | Token::Minus)),
                next => takes_list && next == Some(Token::Close),
            }
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
            }
            if matches!(token, Token::Close | Token::ListClose) {
                break;
            }
        }
        if self.last_out() == Some(Token::Comma) {
            self.out.pop();
        }
        if edits.len() == 1 && end.of(self.text) != "]" {
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

    /// Whether the bracket that comes next closes a list of one value that was never opened.
    pub(super) fn is_list_without_opening(&self) -> bool {
        let operator = self.out.len().checked_sub(2).and_then(|at| self.out.get(at));
        operator.is_some_and(|(_, token, _)| matches!(token, Token::Compare(Operator::In | Operator::NotIn)))
    }

    /// Takes `"a"]` as the list that it was meant to be.
    pub(super) fn list_without_opening(&mut self, close: Span) {
        let Some(value @ (start, _, _)) = self.out.pop() else { return };
        self.put(Token::ListOpen, Span::at(start));
        self.out.push(value);
        self.put(Token::ListClose, close);
        self.at += 1;
        self.report(
            Diagnostic::new(&code::MALFORMED_LIST, close, "this bracket closes a list that nothing opened")
                .help("open the list with `[`")
                .fix(Fix::safe(vec![Edit::new(Span::at(start), "[")])),
        );
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
        let mut edits = vec![Edit::new(Span::at(start), "[")];
        if self.peek(0) == Some(Token::ListClose) {
            self.at += 1;
        } else {
            edits.push(Edit::new(behind, "]"));
        }
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

    fn trailing_comma(&mut self) {
        if self.last_out() == Some(Token::Comma)
            && let Some((start, _, end)) = self.out.pop()
        {
            let span = Span::new(start, end);
            self.malformed(span, "no item follows this comma", Some(Edit::new(span, "")));
        }
    }

    fn malformed(&mut self, span: Span, message: &str, edit: Option<Edit>) {
        let mut finding = Diagnostic::new(&code::MALFORMED_LIST, span, message).help(LIST_HELP);
        if let Some(edit) = edit {
            finding = finding.fix(Fix::safe(vec![edit]));
        }
        self.report(finding);
    }
}

const LIST_HELP: &str = "a list holds strings in quotes, separated by commas: `[\"a\",\"b\"]`";
