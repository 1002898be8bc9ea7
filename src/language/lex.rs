//! Rule text to tokens. Never fails: what no rule can hold is reported and left out, so that the rest
//! of the rule is still read.
//!
//! [`lex`] takes the text at its word. Where that leads to mistakes, [`reread`] cuts it once more, with
//! what stands around each place in mind.

mod bare;
mod foreign;
mod looks;
mod names;
mod quotes;
mod report;
mod reread;

use logos::Logos;

pub(super) use self::looks::holds_condition;
pub(super) use self::reread::reread;
use super::keyword::Word;
use super::token::{Shape, Token};
use crate::base::diagnostic::Diagnostic;
use crate::base::span::Span;

/// A token with the bytes it takes up.
pub type Spanned<'text> = (usize, Token<'text>, usize);

/// What lexing yields.
#[derive(Debug, Default)]
pub struct Lexed<'text> {
    /// The tokens in order.
    pub tokens: Vec<Spanned<'text>>,
    /// What was wrong with characters and words.
    pub diagnostics: Vec<Diagnostic>,
}

/// Cuts a rule into tokens.
///
/// ```
/// use dyngroup::language::{lex::lex, token::Token};
/// let lexed = lex("user.city -eq 'Oslo'");
/// assert_eq!(lexed.tokens[0], (0, Token::Path("user.city"), 9));
/// assert!(lexed.diagnostics.is_empty());
/// ```
pub fn lex(text: &str) -> Lexed<'_> {
    let mut lexer = Lexer::new(text);
    while let Some(found) = lexer.next() {
        lexer.read(found);
    }
    lexer.out
}

/// A shape, or `None` for a character of no shape.
type Found = (Option<Shape>, Span);

/// A place in a rule text and what was found up to it.
struct Lexer<'text> {
    text: &'text str,
    /// The byte behind the last shape that was taken.
    at: usize,
    out: Lexed<'text>,
}

impl<'text> Lexer<'text> {
    fn new(text: &'text str) -> Self {
        Self { text, at: 0, out: Lexed::default() }
    }

    /// The text from byte `start` on.
    fn rest(&self, start: usize) -> &'text str {
        self.text.get(start..).unwrap_or_default()
    }

    /// The shape behind byte `start`, blanks left out.
    fn shape_behind(&self, start: usize) -> Option<Found> {
        let (shape, at) = Shape::lexer(self.rest(start)).spanned().next()?;
        Some((shape.ok(), Span::new(start + at.start, start + at.end)))
    }

    /// Takes the next shape.
    fn next(&mut self) -> Option<Found> {
        let found = self.shape_behind(self.at)?;
        self.at = found.1.end;
        Some(found)
    }

    fn push(&mut self, token: Token<'text>, span: Span) {
        self.out.tokens.push((span.start, token, span.end));
    }

    /// Reports something and leaves a hole where it stood.
    fn hole(&mut self, span: Span, finding: Diagnostic) {
        self.report(finding);
        self.push(Token::Hole, span);
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.diagnostics.push(diagnostic);
    }

    /// The token that was put out last, with its place.
    fn last(&self) -> Option<(Token<'text>, Span)> {
        self.out.tokens.last().map(|&(start, token, end)| (token, Span::new(start, end)))
    }

    /// Puts out what a shape stands for.
    fn read(&mut self, (shape, span): Found) {
        let slice = span.of(self.text);
        match shape {
            Some(Shape::Open) => self.push(Token::Open, span),
            Some(Shape::Close) => self.push(Token::Close, span),
            Some(Shape::ListOpen) => self.push(Token::ListOpen, span),
            Some(Shape::ListClose) => self.push(Token::ListClose, span),
            Some(Shape::Comma) => self.push(Token::Comma, span),
            Some(Shape::DoubleQuoted | Shape::SingleQuoted) => self.push(Token::Text(slice), span),
            Some(Shape::Unclosed) => {
                let string = Span::new(span.start, span.start + quotes::trimmed(slice).len());
                self.at = string.end;
                self.hole(string, report::unclosed(self.text, string));
            }
            Some(Shape::Curly | Shape::CurlyUnclosed) => self.hole(span, report::curly(self.text, span)),
            Some(Shape::EscapedQuoted) => self.hole(span, report::escaped(self.text, span)),
            Some(Shape::Path) => {
                let is_now = slice.eq_ignore_ascii_case("system.now");
                self.push(if is_now { Token::Now } else { Token::Path(slice) }, span);
            }
            Some(Shape::PathStart) => self.path_start(span),
            Some(Shape::Word) => self.word(span),
            Some(Shape::DashWord) => self.dash_word(span),
            Some(Shape::Dash) => self.dash(span),
            Some(Shape::Dollar) => self.dollar(span),
            Some(Shape::Digits | Shape::Guid) => self.push(Token::Literal(slice), span),
            Some(Shape::Symbol) => self.push(Token::UnknownOperator(slice), span),
            None => self.invalid(span),
        }
    }

    /// Pushes an operator; it needs a blank or parenthesis before it.
    fn push_operator(&mut self, word: Word, span: Span) {
        if let Some((before, place)) = self.last()
            && place.end == span.start
            && !matches!(before, Token::Open | Token::Close)
            && !self.is_blank_reported(span.start)
        {
            self.report(report::missing_blank(self.text, span));
        }
        self.push(Token::of_word(word), span);
    }

    /// Whether the finding that was made last asks for a blank at byte `at`.
    fn is_blank_reported(&self, at: usize) -> bool {
        let fix = self.out.diagnostics.last().and_then(|finding| finding.fix.as_ref());
        fix.is_some_and(|fix| fix.edits.iter().any(|edit| edit.span == Span::at(at) && edit.text == " "))
    }

    fn word(&mut self, span: Span) {
        let slice = span.of(self.text);
        if let Some((transitive, end)) = self.reports_for(span) {
            self.at = end;
            return self.push(Token::Reports(transitive), Span::new(span.start, end));
        }
        let lower = slice.to_ascii_lowercase();
        match lower.as_str() {
            "_" => self.push(Token::Underscore, span),
            "true" => self.push(Token::Boolean(true), span),
            "false" => self.push(Token::Boolean(false), span),
            "null" => self.push(Token::Null, span),
            _ => match Word::find(slice) {
                Some(word) => self.push_operator(word, span),
                None => self.push(Token::Word(slice), span),
            },
        }
    }

    /// Whether `Reports for` follows `Direct` or `All`, and where it ends.
    fn reports_for(&self, word: Span) -> Option<(bool, usize)> {
        let transitive = match word.of(self.text).to_ascii_lowercase().as_str() {
            "direct" => false,
            "all" => true,
            _ => return None,
        };
        let mut end = word.end;
        for wanted in ["reports", "for"] {
            let (_, next) = self.shape_behind(end)?;
            if !next.of(self.text).eq_ignore_ascii_case(wanted) {
                return None;
            }
            end = next.end;
        }
        Some((transitive, end))
    }

    fn dash_word(&mut self, span: Span) {
        let slice = span.of(self.text);
        let dash = slice.chars().next().unwrap_or('-');
        let bare = slice.get(dash.len_utf8()..).unwrap_or_default();
        let Some(word) = Word::find(bare) else {
            return self.push(Token::UnknownOperator(slice), span);
        };
        if dash != '-' {
            let dash_span = Span::new(span.start, span.start + dash.len_utf8());
            self.report(report::typographic_dash(dash_span, dash, bare));
        }
        self.push_operator(word, span);
    }

    /// A dash on its own: usually a blank got between it and its operator.
    fn dash(&mut self, span: Span) {
        match self.shape_behind(span.end) {
            Some((Some(Shape::Word), word_span)) => {
                self.at = word_span.end;
                let whole = span.to(word_span);
                let Some(word) = Word::find(word_span.of(self.text)) else {
                    return self.push(Token::UnknownOperator(whole.of(self.text)), whole);
                };
                self.report(report::detached(whole, word_span, word));
                self.push(Token::of_word(word), whole);
            }
            Some((Some(Shape::Dash | Shape::DashWord), next)) if next.start == span.end => {
                self.report(report::doubled_dash(self.text, span));
            }
            _ => self.invalid(span),
        }
    }

    fn dollar(&mut self, span: Span) {
        let token = match span.of(self.text).trim_start_matches('$').to_ascii_lowercase().as_str() {
            "null" => return self.push(Token::Null, span),
            "true" => Token::Boolean(true),
            "false" => Token::Boolean(false),
            _ => Token::Hole,
        };
        self.report(report::dollar(self.text, span, token));
        self.push(token, span);
    }

    /// `user.` with a blank or nothing behind it.
    fn path_start(&mut self, span: Span) {
        // `and.`: the dot alone is wrong.
        let word = Span::new(span.start, span.end - 1);
        if let Some(operator) = Word::find(word.of(self.text)) {
            self.push_operator(operator, word);
            return self.report(report::invalid(self.text, Span::new(word.end, span.end)));
        }
        if let Some((Some(Shape::Word), word)) = self.shape_behind(span.end)
            && Word::find(word.of(self.text)).is_none()
        {
            self.at = word.end;
            let gap = Span::new(span.end, word.start);
            return self.hole(span.to(word), report::broken_name(self.text, span, gap, word));
        }
        self.hole(span, report::no_name(self.text, span));
    }

    /// A character of no shape. Comments take the rest of their line with them.
    fn invalid(&mut self, span: Span) {
        if let Some(comment) = self.comment(span.start, false) {
            self.at = comment.end;
            return self.report(report::comment(self.text, comment));
        }
        // One finding for a run of them.
        let mut span = span;
        while let Some((None, next)) = self.shape_behind(span.end)
            && next.start == span.end
        {
            span = span.to(next);
        }
        self.at = span.end;
        self.report(report::invalid(self.text, span));
    }

    /// The comment that begins at byte `start`; two hyphens may begin one too.
    fn comment(&self, start: usize, is_dashed: bool) -> Option<Span> {
        let rest = self.rest(start);
        let length = if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else if is_dashed || rest.starts_with('#') || rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            return None;
        };
        Some(Span::new(start, start + length))
    }
}
