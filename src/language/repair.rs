//! Tokens that the grammar refuses to tokens that it takes, one finding for each mistake.
//!
//! A rule is a line of terms: operand, operator, value, connective, and so on. This pass walks along
//! that line. Where a piece is missing, too many or foreign, it says so and puts in, drops or replaces
//! just enough that the rest of the rule is read as its author meant it: a mistake hides no other one
//! and invents none. [`Token::Hole`] and [`Token::Broken`] stand for what was reported already, and so
//! does an operator of no width.

mod call;
mod joiner;
mod list;
mod operand;
mod operator;
mod report;

use super::keyword::Operator;
use super::lex::Spanned;
use super::token::Token;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

/// Repairs `tokens` of `text` so that the grammar takes them.
pub(super) fn repair<'text>(text: &'text str, tokens: &[Spanned<'text>]) -> Repaired<'text> {
    let mut repair = Repair {
        text,
        tokens,
        at: 0,
        expect: Expect::Operand,
        open: Vec::new(),
        out: Vec::with_capacity(tokens.len() + 8),
        diagnostics: Vec::new(),
        last_comparison: None,
        body: None,
        has_group: tokens.iter().any(|&(_, token, _)| token == Token::Open),
        term_at: 0,
        joined_silently: false,
        stray_until: 0,
    };
    while let Some(&token) = tokens.get(repair.at) {
        let before = (repair.at, repair.out.len(), repair.expect);
        match repair.expect {
            _ if repair.is_doubled() => repair.doubled(token),
            Expect::Operand => repair.operand(token),
            Expect::Operator => repair.operator(token),
            Expect::Value => repair.value(token),
            Expect::Duration => repair.duration(token),
            Expect::Joiner { .. } => repair.joiner(token),
        }
        // INVARIANT: every step takes a token, puts one out or changes what is expected. Were it not
        // so, skipping the token keeps the walk finite.
        if before == (repair.at, repair.out.len(), repair.expect) {
            repair.at += 1;
        }
    }
    repair.finish();
    Repaired { tokens: repair.out, diagnostics: repair.diagnostics }
}

/// What repairing yields.
pub(super) struct Repaired<'text> {
    pub(super) tokens: Vec<Spanned<'text>>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// What has to come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The beginning of a term.
    Operand,
    /// An operator behind the first operand of a term.
    Operator,
    /// The value behind an operator.
    Value,
    /// The duration behind `-plus` or `-minus`.
    Duration,
    /// A connective or closing parenthesis; `-plus` and `-minus` too when a value ended the term.
    Joiner { after_value: bool },
}

/// An open parenthesis.
#[derive(Clone, Copy)]
struct Opened {
    span: Span,
    /// Whether it stands around a value, not around conditions.
    around_value: bool,
    /// The number of the token behind it.
    inside: usize,
    /// Whether a connective came in it.
    is_joined: bool,
    /// Where its only comparison ends, when the next condition has parentheses of its own: the likely
    /// place of a missing `)`.
    likely_end: Option<usize>,
}

/// The last comparison that was read.
#[derive(Clone, Copy)]
struct Compared {
    left: Span,
    operator: Span,
}

struct Repair<'text, 'tokens> {
    text: &'text str,
    tokens: &'tokens [Spanned<'text>],
    at: usize,
    expect: Expect,
    open: Vec<Opened>,
    out: Vec<Spanned<'text>>,
    diagnostics: Vec<Diagnostic>,
    last_comparison: Option<Compared>,
    /// How many parentheses were open where the last quantifier stood, if its body may go on.
    body: Option<usize>,
    /// Whether the rule opens any parenthesis.
    has_group: bool,
    /// The number of the token that begins the last term outside all parentheses.
    term_at: usize,
    /// The next missing connective belongs to a mistake that was reported.
    joined_silently: bool,
    /// Stray tokens before this byte belong to a finding that was made.
    stray_until: usize,
}

impl<'text> Repair<'text, '_> {
    // ---- walking ----

    fn peek(&self, ahead: usize) -> Option<Token<'text>> {
        self.tokens.get(self.at + ahead).map(|&(_, token, _)| token)
    }

    fn span_at(&self, ahead: usize) -> Option<Span> {
        self.tokens.get(self.at + ahead).map(|&(start, _, end)| Span::new(start, end))
    }

    /// Takes the token as it is.
    fn take(&mut self, token: Spanned<'text>, expect: Expect) {
        self.out.push(token);
        self.at += 1;
        self.expect = expect;
    }

    /// Puts `token` out in place of, or before, what stands at `span`.
    fn put(&mut self, token: Token<'text>, span: Span) {
        self.out.push((span.start, token, span.end));
    }

    /// Puts an operator and a value out that nobody wrote: what is wrong with them was reported.
    fn put_rest(&mut self, at: usize) {
        self.put(Token::Compare(Operator::Eq), Span::at(at));
        self.put(Token::Hole, Span::at(at));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn last_out(&self) -> Option<Token<'text>> {
        self.out.last().map(|&(_, token, _)| token)
    }

    /// The place just behind what was put out last.
    fn behind(&self) -> Span {
        Span::at(self.out.last().map_or(0, |&(_, _, end)| end))
    }

    /// Whether the token that comes next stands there twice in a row.
    fn is_doubled(&self) -> bool {
        let Some(token) = self.peek(0) else { return false };
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let may_double = is_simple(token) && token != Token::Hole
            || matches!(token, Token::Compare(_) | Token::Any | Token::All | Token::Plus | Token::Minus);
        may_double && before.is_some_and(|&(_, before, _)| before == token)
    }

    fn doubled(&mut self, (start, _, end): Spanned<'text>) {
        self.twice(Span::new(start, end));
        self.at += 1;
    }

    fn open(&mut self, spanned: Spanned<'text>, around_value: bool) {
        let (start, _, end) = spanned;
        self.open.push(Opened {
            span: Span::new(start, end),
            around_value,
            inside: self.out.len() + 1,
            is_joined: false,
            likely_end: None,
        });
        self.take(spanned, if around_value { Expect::Value } else { Expect::Operand });
    }

    // ---- the value ----

    fn value(&mut self, spanned: Spanned<'text>) {
        let (start, token, end) = spanned;
        let span = Span::new(start, end);
        let after = Expect::Joiner { after_value: true };
        match token {
            Token::Word(_) if self.call(span) => {}
            // `-in collection "x"`: the value is the string.
            Token::Word(_) if matches!(self.peek(1), Some(Token::Text(_) | Token::ListOpen)) => {
                self.stray(span);
            }
            Token::Path(_)
                if self
                    .peek(1)
                    .is_some_and(|next| matches!(next, Token::Compare(_) | Token::Any | Token::All)) =>
            {
                self.no_value(span);
            }
            token if is_simple(token) => self.take(spanned, after),
            Token::ListOpen => {
                self.list();
                self.expect = after;
            }
            Token::Open if self.is_list_in_parentheses() => {
                self.list_in_parentheses(span);
                self.expect = after;
            }
            Token::Open
                if self.peek(1).is_some_and(|next| {
                    is_literal(next)
                        || is_word(next)
                        || matches!(next, Token::Open | Token::Plus | Token::Minus)
                }) =>
            {
                self.open(spanned, true);
            }
            Token::Compare(_) | Token::Any | Token::All | Token::Not | Token::Plus | Token::Minus
                if !span.of(self.text).starts_with(operator::is_dash_or_blank)
                    && !self.peek(1).is_some_and(|next| matches!(next, Token::Text(_) | Token::ListOpen)) =>
            {
                // An operator word without its hyphen: a value without its quotes.
                self.put(Token::Word(span.of(self.text)), span);
                self.at += 1;
                self.expect = after;
            }
            Token::Compare(_) | Token::Any | Token::All | Token::Not | Token::UnknownOperator(_) => {
                self.two_operators(span);
                self.at += 1;
            }
            Token::Plus | Token::Minus if self.peek(1).is_some_and(is_simple) => {
                self.missing_now(span);
                let behind = self.behind();
                self.put(Token::Hole, behind);
                self.expect = after;
            }
            Token::Plus | Token::Minus | Token::ListClose => self.stray(span),
            // `-eq, "x"`.
            Token::Comma
                if self.peek(1).is_some_and(|next| {
                    is_literal(next) || matches!(next, Token::ListOpen | Token::Open)
                }) =>
            {
                self.stray(span);
            }
            _ => self.no_value(span),
        }
    }

    fn no_value(&mut self, span: Span) {
        self.missing_value(span);
        let behind = self.behind();
        self.put(Token::Hole, behind);
        self.joined_silently = true;
        self.expect = Expect::Joiner { after_value: true };
    }

    fn duration(&mut self, spanned: Spanned<'text>) {
        let (start, token, end) = spanned;
        let after = Expect::Joiner { after_value: true };
        if is_simple(token) {
            self.take(spanned, after);
        } else if token == Token::Comma && self.peek(1).is_some_and(is_simple) {
            self.stray(Span::new(start, end));
        } else {
            self.missing_duration(Span::new(start, end));
            let behind = self.behind();
            self.put(Token::Hole, behind);
            self.expect = after;
        }
    }

    /// Ends the rule: completes the last term and closes what is open.
    fn finish(&mut self) {
        let end = Span::at(self.text.trim_end().len());
        let is_cut_off = self.last_out() == Some(Token::Open);
        match self.expect {
            Expect::Operand => self.missing_term(end),
            Expect::Operator => self.lone_operand(),
            Expect::Value => self.no_value(end),
            Expect::Duration => {
                self.missing_duration(end);
                let behind = self.behind();
                self.put(Token::Hole, behind);
            }
            Expect::Joiner { .. } => {}
        }
        let open = std::mem::take(&mut self.open);
        // What lacks behind a last parenthesis is more than its twin.
        if !is_cut_off && !open.is_empty() {
            self.unclosed(&open);
        }
        for _ in open {
            let behind = self.behind();
            self.put(Token::Close, behind);
        }
    }

    // ---- skipping ----

    /// Skips one operand, a list as a whole.
    fn skip_value(&mut self) {
        if self.peek(0) != Some(Token::ListOpen) {
            self.at += 1;
            return;
        }
        while let Some(token) = self.peek(0) {
            if matches!(token, Token::And | Token::Or | Token::Close) {
                return;
            }
            self.at += 1;
            if token == Token::ListClose {
                return;
            }
        }
    }

    /// Drops a token that belongs nowhere; a run of them is one finding.
    fn stray(&mut self, span: Span) {
        self.stray_at(span);
        self.at += 1;
    }
}

/// Whether a token is an operand on its own.
fn is_simple(token: Token<'_>) -> bool {
    is_literal(token) || matches!(token, Token::Path(_) | Token::Underscore | Token::Word(_))
}

/// Whether a token can only be a value.
fn is_literal(token: Token<'_>) -> bool {
    matches!(
        token,
        Token::Text(_) | Token::Boolean(_) | Token::Null | Token::Now | Token::Literal(_) | Token::Hole
    )
}

fn is_word(token: Token<'_>) -> bool {
    matches!(token, Token::Word(_))
}

/// Whether a token begins a condition.
fn starts_term(token: Token<'_>) -> bool {
    matches!(
        token,
        Token::Open | Token::Not | Token::Reports(_) | Token::Path(_) | Token::Underscore | Token::Broken
    )
}
