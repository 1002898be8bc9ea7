//! Rule text to tokens. Never fails: what no rule can hold is reported and left out, so that the rest
//! of the rule is still read.

use logos::Logos;

use super::keyword::Word;
use super::literal;
use super::token::{Shape, Token};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
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
    let shapes = shapes_of(text);
    let mut lexer = Lexer { text, shapes: &shapes, at: 0, out: Lexed::default() };
    while let Some(&(shape, span)) = shapes.get(lexer.at) {
        lexer.at += 1;
        lexer.read(shape, span);
    }
    lexer.out
}

/// A shape, or `None` for a character of no shape.
type Found = (Option<Shape>, Span);

/// All shapes of the text. A string without its closing quote is cut where the rule seems to go on.
fn shapes_of(text: &str) -> Vec<Found> {
    let mut shapes = shapes_from(text, 0);
    let Some(cut) = cut_of_unclosed(text, &shapes) else { return shapes };
    shapes.retain(|(_, span)| span.end <= cut.start);
    shapes.push((Some(Shape::Unclosed), cut));
    shapes.extend(shapes_from(text, cut.end));
    shapes
}

fn shapes_from(text: &str, start: usize) -> Vec<Found> {
    let rest = Span::new(start, text.len()).of(text);
    let found = Shape::lexer(rest).spanned();
    found.map(|(shape, at)| (shape.ok(), Span::new(start + at.start, start + at.end))).collect()
}

/// Where the string ends that lacks its closing quote, if one does.
///
/// An odd number of quotes shows at the last one, but the culprit is usually the first string that has
/// swallowed a connective or typographic closing quote.
fn cut_of_unclosed(text: &str, shapes: &[Found]) -> Option<Span> {
    let &(_, unclosed) = shapes.iter().find(|(shape, _)| *shape == Some(Shape::Unclosed))?;
    let strings =
        shapes.iter().filter(|(shape, _)| matches!(shape, Some(Shape::DoubleQuoted | Shape::SingleQuoted)));
    let swallowed = strings.map(|&(_, span)| span).find_map(|span| cut_inside(text, span));
    swallowed.or_else(|| cut_inside(text, unclosed)).or_else(|| {
        let kept = unclosed.of(text).trim_end_matches([')', ' ', '\t', '\r', '\n', ',']);
        Some(Span::new(unclosed.start, unclosed.start + kept.len().max(1)))
    })
}

/// The part of a string before a typographic closing quote, or before a connective that follows blanks
/// and parentheses.
fn cut_inside(text: &str, string: Span) -> Option<Span> {
    let inner = string.of(text).get(1..)?;
    let curly = inner.char_indices().find(|&(_, c)| matches!(c, '”' | '“' | '„' | '»' | '″'));
    if let Some((at, quote)) = curly {
        let rest = inner.get(at + quote.len_utf8()..)?.trim_start();
        if rest.is_empty() || rest.starts_with([')', '-']) || starts_with_connective(rest) {
            return Some(Span::new(string.start, string.start + 1 + at + quote.len_utf8()));
        }
    }
    let connective = inner.char_indices().find(|&(at, c)| {
        matches!(c, ' ' | ')' | '\n')
            && inner.get(at..).is_some_and(|rest| {
                let rest = rest.trim_start_matches([' ', ')', '\n', '\r', '\t']);
                rest.starts_with('-') && starts_with_connective(rest)
            })
    });
    connective.map(|(at, _)| Span::new(string.start, string.start + 1 + at))
}

fn starts_with_connective(rest: &str) -> bool {
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let word = rest.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    Word::find(word).is_some_and(Word::is_connective)
}

struct Lexer<'text, 'shapes> {
    text: &'text str,
    shapes: &'shapes [Found],
    at: usize,
    out: Lexed<'text>,
}

impl<'text> Lexer<'text, '_> {
    fn read(&mut self, shape: Option<Shape>, span: Span) {
        let slice = span.of(self.text);
        match shape {
            Some(Shape::Open) => self.push(Token::Open, span),
            Some(Shape::Close) => self.push(Token::Close, span),
            Some(Shape::ListOpen) => self.push(Token::ListOpen, span),
            Some(Shape::ListClose) => self.push(Token::ListClose, span),
            Some(Shape::Comma) => self.push(Token::Comma, span),
            Some(Shape::DoubleQuoted | Shape::SingleQuoted) => self.push(Token::Text(slice), span),
            Some(Shape::Unclosed) => self.unclosed(span),
            Some(Shape::Curly | Shape::CurlyUnclosed) => self.curly(span),
            Some(Shape::EscapedQuoted) => self.escaped(span),
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

    fn push(&mut self, token: Token<'text>, span: Span) {
        self.out.tokens.push((span.start, token, span.end));
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.diagnostics.push(diagnostic);
    }

    /// Pushes an operator; it needs a blank or parenthesis before it.
    fn push_operator(&mut self, word: Word, span: Span) {
        if let Some(&(_, before, end)) = self.out.tokens.last()
            && end == span.start
            && !matches!(before, Token::Open | Token::Close)
        {
            self.report(
                Diagnostic::new(
                    &code::MISSING_BLANK,
                    span,
                    format!("`{}` needs a blank before it", span.of(self.text)),
                )
                .help("put a blank between the operator and what stands before it")
                .fix(Fix::safe(vec![Edit::new(Span::at(span.start), " ")])),
            );
        }
        self.push(Token::of_word(word), span);
    }

    fn word(&mut self, span: Span) {
        let slice = span.of(self.text);
        if let Some(transitive) = self.reports_for(slice) {
            let end = self.shapes.get(self.at + 1).map_or(span.end, |(_, last)| last.end);
            self.at += 2;
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

    /// Whether `Reports for` follows `Direct` or `All`.
    fn reports_for(&self, word: &str) -> Option<bool> {
        let transitive = match word.to_ascii_lowercase().as_str() {
            "direct" => false,
            "all" => true,
            _ => return None,
        };
        let mut next = self.shapes.get(self.at..)?.iter();
        ["reports", "for"]
            .iter()
            .all(|wanted| {
                next.next().is_some_and(|(_, span)| span.of(self.text).eq_ignore_ascii_case(wanted))
            })
            .then_some(transitive)
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
            self.report(
                Diagnostic::new(
                    &code::L25,
                    dash_span,
                    format!("`{dash}` is a typographic dash, not a hyphen"),
                )
                .help(format!("write `-{bare}`; dashes come from text processors and web pages"))
                .fix(Fix::safe(vec![Edit::new(dash_span, "-")])),
            );
        }
        self.push_operator(word, span);
    }

    /// A dash on its own: usually a blank got between it and its operator.
    fn dash(&mut self, span: Span) {
        let next = self.shapes.get(self.at).copied();
        let Some((Some(Shape::Word), word_span)) = next else { return self.invalid(span) };
        self.at += 1;
        let whole = span.to(word_span);
        let Some(word) = Word::find(word_span.of(self.text)) else {
            return self.push(Token::UnknownOperator(whole.of(self.text)), whole);
        };
        self.report(
            Diagnostic::new(
                &code::DETACHED_HYPHEN,
                whole,
                "a blank stands between the hyphen and its operator",
            )
            .help(format!("write `{}`", word.written()))
            .fix(Fix::safe(vec![Edit::new(Span::new(span.start, word_span.start), "-")])),
        );
        self.push(Token::of_word(word), whole);
    }

    fn dollar(&mut self, span: Span) {
        let slice = span.of(self.text);
        let bare = slice.trim_start_matches('$');
        let token = match bare.to_ascii_lowercase().as_str() {
            "null" => return self.push(Token::Null, span),
            "true" => Token::Boolean(true),
            "false" => Token::Boolean(false),
            _ => Token::Hole,
        };
        let finding =
            Diagnostic::new(&code::DOLLAR_WORD, span, format!("`{slice}` is PowerShell, not a rule"));
        self.report(match token {
            Token::Boolean(_) => finding
                .help(format!("write `{bare}` without the dollar sign"))
                .fix(Fix::safe(vec![Edit::new(span, bare.to_ascii_lowercase())])),
            _ => finding.help("a variable was not filled in: put its value here, in quotes"),
        });
        self.push(token, span);
    }

    /// `user.` with a blank or nothing behind it.
    fn path_start(&mut self, span: Span) {
        let next = self.shapes.get(self.at).copied();
        if let Some((Some(Shape::Word), word)) = next {
            let gap = Span::new(span.end, word.start);
            if Word::find(word.of(self.text)).is_none() {
                self.at += 1;
                self.report(
                    Diagnostic::new(&code::STRAY_TEXT, gap, "a blank stands inside the attribute name")
                        .help(format!("write `{}{}`", span.of(self.text), word.of(self.text)))
                        .fix(Fix::safe(vec![Edit::new(gap, "")])),
                );
                return self.push(Token::Hole, span.to(word));
            }
        }
        self.report(
            Diagnostic::new(
                &code::MISSING_ATTRIBUTE,
                span,
                format!("no attribute follows `{}`", span.of(self.text)),
            )
            .help("name an attribute after the dot, such as `user.department`"),
        );
        self.push(Token::Hole, span);
    }

    fn unclosed(&mut self, span: Span) {
        let slice = span.of(self.text);
        let last = slice.chars().next_back().unwrap_or('"');
        let closing = Span::new(span.end - last.len_utf8(), span.end);
        if slice.len() > 1 && literal::is_curly(last) {
            self.report(curly_finding(closing, last).fix(Fix::safe(vec![Edit::new(closing, "\"")])));
        } else {
            let quote = slice.get(..1).unwrap_or("\"");
            self.report(
                Diagnostic::new(&code::UNTERMINATED_STRING, span, "this string has no closing quote")
                    .help(format!("close it with `{quote}`; to write the quote itself inside, escape it: `` `\" `` or `''`"))
                    .fix(Fix::guess(vec![Edit::new(Span::at(span.end), quote)])),
            );
        }
        self.push(Token::Hole, span);
    }

    fn curly(&mut self, span: Span) {
        let slice = span.of(self.text);
        let first = slice.chars().next().unwrap_or('“');
        let last = slice.chars().next_back().unwrap_or('”');
        let quote = if literal::is_single_curly(first) { "'" } else { "\"" };
        let mut edits = vec![Edit::new(Span::new(span.start, span.start + first.len_utf8()), quote)];
        let closed =
            slice.len() > first.len_utf8() && (literal::is_curly(last) || last == '"' || last == '\'');
        if closed {
            edits.push(Edit::new(Span::new(span.end - last.len_utf8(), span.end), quote));
        } else {
            edits.push(Edit::new(Span::at(span.end), quote));
        }
        let finding = curly_finding(Span::new(span.start, span.start + first.len_utf8()), first);
        self.report(finding.fix(if closed { Fix::safe(edits) } else { Fix::guess(edits) }));
        self.push(Token::Hole, span);
    }

    /// `\"Sales\"` and `` `"Sales`" ``.
    fn escaped(&mut self, span: Span) {
        let slice = span.of(self.text);
        let escape = slice.chars().next().unwrap_or('\\');
        let inner = slice.trim_start_matches([escape, '"']).trim_end_matches('"').trim_end_matches(escape);
        let finding = Diagnostic::new(
            &code::LEFTOVER_ESCAPE,
            span,
            format!("the quotes of this string still carry the escape `{escape}` of another language"),
        )
        .help("JSON and PowerShell need such escapes around a rule; the rule itself has plain quotes")
        .service_message(format!("Invalid characters found in the rule: {escape}"))
        .fix(Fix::safe(vec![Edit::new(span, format!("\"{inner}\""))]));
        self.report(finding);
        self.push(Token::Hole, span);
    }

    /// A character of no shape. Comments take the rest of their line with them.
    fn invalid(&mut self, span: Span) {
        let mut slice = span.of(self.text);
        let mut span = span;
        let rest = self.text.get(span.start..).unwrap_or_default();
        if slice == "#" || rest.starts_with("//") || rest.starts_with("/*") {
            let end = rest.find('\n').map_or(self.text.len(), |at| span.start + at);
            let rest_of_line = Span::new(span.start, end);
            while self.shapes.get(self.at).is_some_and(|(_, next)| next.start < end) {
                self.at += 1;
            }
            return self.report(
                Diagnostic::new(&code::INVALID_CHARACTER, rest_of_line, "rules have no comments")
                    .help("take the comment out; the group's description is the place for it")
                    .service_message(format!("Invalid characters found in the rule: {slice}"))
                    .fix(Fix::safe(vec![Edit::new(rest_of_line, "")])),
            );
        }
        // One finding for a run of them.
        while let Some(&(None, next)) = self.shapes.get(self.at)
            && next.start == span.end
        {
            span = span.to(next);
            slice = span.of(self.text);
            self.at += 1;
        }
        let listed = slice.chars().take(8).map(String::from).collect::<Vec<_>>().join(" ");
        let finding = Diagnostic::new(&code::INVALID_CHARACTER, span, invalid_message(slice))
            .service_message(format!("Invalid characters found in the rule: {listed}"));
        self.report(match invalid_help(slice) {
            (help, Some(text)) => finding.help(help).fix(Fix::safe(vec![Edit::new(span, text)])),
            (help, None) => finding.help(help).fix(Fix::guess(vec![Edit::new(span, "")])),
        });
    }
}

fn curly_finding(span: Span, quote: char) -> Diagnostic {
    Diagnostic::new(&code::L26, span, format!("`{quote}` is a typographic quote; strings need straight ones"))
        .help("write `\"`; typographic quotes come from text processors and web pages")
        .service_message(format!("Invalid characters found in the rule: {quote}"))
}

fn invalid_message(slice: &str) -> String {
    let names: Vec<String> = slice.chars().take(3).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    let visible = slice.chars().all(|c| !c.is_control() && !c.is_whitespace());
    match (visible, names.len()) {
        (true, 1) => format!("`{slice}` cannot stand in a rule outside a string"),
        (true, _) => format!(
            "`{}` cannot stand in a rule outside a string",
            slice.chars().take(16).collect::<String>()
        ),
        (false, _) => format!("{} cannot stand in a rule outside a string", names.join(" ")),
    }
}

/// What to do about a character, and what to put in its place where that is certain.
fn invalid_help(slice: &str) -> (&'static str, Option<&'static str>) {
    if slice.chars().all(char::is_whitespace) {
        return ("put an ordinary blank here", Some(" "));
    }
    if slice.chars().all(|c| matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}')) {
        return ("an invisible character came in by copying; take it out", Some(""));
    }
    match slice.chars().next() {
        Some('\\') => ("an escape of JSON, Markdown or PowerShell was left in; take it out", None),
        Some('*') => {
            ("values have no wildcards: use `-startsWith`, `-endsWith`, `-contains` or `-match`", None)
        }
        Some(';') => ("a rule has no end mark; take it out", None),
        Some('{' | '}') => ("rules have round brackets for conditions and square brackets for lists", None),
        _ => ("take it out, or put the value that it belongs to in quotes", None),
    }
}
