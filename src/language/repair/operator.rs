//! Behind the first operand: operators of several words, of other languages, or none at all.

use super::report::inclusive;
use super::{Compared, Expect, Repair, is_literal, is_word, starts_term};
use crate::base::span::Span;
use crate::language::keyword::{self, Operator, Word};
use crate::language::lex::Spanned;
use crate::language::token::Token;

impl<'text> Repair<'text, '_> {
    pub(super) fn operator(&mut self, spanned: Spanned<'text>) {
        let (start, token, end) = spanned;
        let span = Span::new(start, end);
        if let Some((meant, words)) = self.phrase() {
            return self.operator_of_words(meant, words);
        }
        match token {
            Token::Compare(_) => {
                self.note_comparison(span);
                self.take(spanned, Expect::Value);
            }
            Token::Any | Token::All => {
                self.body = Some(self.open.len());
                self.take(spanned, Expect::Operand);
            }
            Token::Not if self.peek(1).is_some_and(|next| is_literal(next) || next == Token::ListOpen) => {
                self.not_as_comparison(span);
                self.put(Token::Compare(Operator::Ne), span);
                self.at += 1;
                self.expect = Expect::Value;
            }
            Token::Word(word) | Token::UnknownOperator(word) => self.unknown_comparison(word, span),
            Token::Plus | Token::Minus | Token::Comma | Token::ListClose => self.stray(span),
            Token::Open | Token::Path(_) | Token::Underscore if self.begins_body() => {
                self.missing_quantifier(span);
                self.put(Token::Any, Span::at(start));
                self.body = Some(self.open.len());
                self.expect = Expect::Operand;
            }
            Token::Open if self.peek(1).is_some_and(|next| is_literal(next) && next != Token::Hole) => {
                self.missing_operator(span);
                self.put(Token::Compare(Operator::Eq), Span::at(start));
                self.expect = Expect::Value;
            }
            // `user.department "Sales"`: the operator is missing and the value stands there.
            token if is_literal(token) || (token == Token::ListOpen) => {
                self.missing_operator(span);
                self.put(Token::Compare(Operator::Eq), Span::at(start));
                self.put(Token::Hole, span);
                self.skip_value();
                self.expect = Expect::Joiner { after_value: true };
            }
            // A lone operand: `user.accountEnabled -and …`.
            _ => self.lone_operand(),
        }
    }

    fn note_comparison(&mut self, operator: Span) {
        if let Some(&(start, token, end)) = self.out.last()
            && matches!(token, Token::Path(_) | Token::Underscore)
        {
            self.last_comparison = Some(Compared { left: Span::new(start, end), operator });
        }
    }

    /// Whether tests of items begin here, in parentheses or without.
    fn begins_body(&self) -> bool {
        let opens = (0..OPENS_MAX).take_while(|&ahead| self.peek(ahead) == Some(Token::Open)).count();
        let tests_items = match self.peek(opens) {
            Some(Token::Underscore) => true,
            Some(Token::Path(path)) => {
                let object = path.split('.').next().unwrap_or_default();
                object.eq_ignore_ascii_case("assignedPlan") || object.eq_ignore_ascii_case("group")
            }
            _ => false,
        };
        tests_items && !self.is_in_body()
    }

    /// The term ends behind its first operand.
    pub(super) fn lone_operand(&mut self) {
        let last = self.out.last().copied();
        let operand = last.map_or(Span::at(0), |(start, _, end)| Span::new(start, end));
        self.joined_silently = true;
        self.expect = Expect::Joiner { after_value: false };
        match last {
            // The name is still looked up.
            Some((_, Token::Path(_) | Token::Underscore, _)) => {
                self.no_comparison(operand);
                self.put_rest(operand.end);
            }
            Some((_, Token::Hole, _)) => self.put_rest(operand.end),
            Some((_, Token::ListClose, _)) => {
                let start = self.unput_list();
                self.value_alone(Span::new(start, operand.end));
                self.put(Token::Broken, Span::new(start, operand.end));
            }
            _ => {
                self.out.pop();
                self.value_alone(operand);
                self.put(Token::Broken, operand);
            }
        }
    }

    /// Takes back the list that was put out last; returns where it begins.
    fn unput_list(&mut self) -> usize {
        while let Some((start, token, _)) = self.out.pop() {
            if token == Token::ListOpen {
                return start;
            }
        }
        0
    }

    /// A word of no or another language where an operator belongs.
    fn unknown_comparison(&mut self, word: &'text str, span: Span) {
        let foreign = foreign(word);
        if foreign.is_some_and(Word::is_connective) {
            self.lone_operand();
            return;
        }
        let next = self.peek(1);
        let ends_term = next.is_none_or(|next| matches!(next, Token::And | Token::Or | Token::Close));
        if ends_term && foreign.is_none() && is_word(Token::Word(word)) && !word.starts_with(is_sign) {
            self.missing_operator(span);
            self.put_rest(span.start);
            self.at += 1;
            self.expect = Expect::Joiner { after_value: true };
            return;
        }
        self.unknown_operator(span, word, &[]);
        self.at += 1;
        match foreign {
            Some(Word::Any) => {
                self.put(Token::Any, span);
                self.body = Some(self.open.len());
                self.expect = Expect::Operand;
            }
            Some(Word::Compare(operator)) if self.value_follows() && !is_like(word) => {
                // The value is checked against the operator that was meant.
                self.put(Token::Compare(inclusive(operator)), span);
                self.expect = Expect::Value;
            }
            _ => self.skip_rest(span),
        }
    }

    fn value_follows(&self) -> bool {
        self.peek(0).is_some_and(|next| is_literal(next) || next == Token::ListOpen)
    }

    /// Skips the value behind an operator that means nothing.
    fn skip_rest(&mut self, operator: Span) {
        // Further words of the same mistake: `-starts-with`.
        while self.peek(0).is_some_and(|next| matches!(next, Token::UnknownOperator(_)))
            && self.span_at(0).is_some_and(|next| next.start == self.behind_at())
        {
            self.at += 1;
        }
        let has_value = self.value_follows() || self.peek(0).is_some_and(is_word);
        self.put_rest(operator.end);
        if has_value {
            self.skip_value();
        }
        self.joined_silently = !has_value;
        self.expect = Expect::Joiner { after_value: true };
    }

    /// The end of the token that was passed last.
    fn behind_at(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |&(_, _, end)| end)
    }

    // ---- operators of several words ----

    /// An operator in several words, such as `is not` or `starts with`: what it means and how many tokens
    /// it takes up.
    fn phrase(&self) -> Option<(Operator, usize)> {
        let words: Vec<String> = (0..PHRASE_MAX_WORDS).map_while(|ahead| self.phrase_word(ahead)).collect();
        let is = |at: usize, known: &[&str]| words.get(at).is_some_and(|word| known.contains(&word.as_str()));
        let helper = usize::from(is(0, &["is", "are", "does", "do", "must", "should"]));
        let not = usize::from(is(helper, &["not"]));
        let begin = helper + not;
        let two = words.get(begin..begin + 2).map(|pair| pair.join(" "));
        let (operator, length) = two
            .and_then(|pair| phrase_operator(&pair).map(|operator| (operator, 2)))
            .or_else(|| words.get(begin).and_then(|word| phrase_operator(word)).map(|operator| (operator, 1)))
            .or((helper + not == 2).then_some((Operator::Eq, 0)))?;
        let operator = if not == 1 { operator.negated()? } else { operator };
        let words = begin + length;
        (words > 1).then_some((operator, words))
    }

    /// The word at a token that may belong to an operator of several words.
    fn phrase_word(&self, ahead: usize) -> Option<String> {
        let is_wordy = matches!(
            self.peek(ahead)?,
            Token::Word(_) | Token::UnknownOperator(_) | Token::Not | Token::Compare(_)
        );
        let written = self.span_at(ahead)?.of(self.text);
        let bare = written.trim_start_matches(is_dash_or_blank);
        (is_wordy && bare.len() <= PHRASE_WORD_MAX_BYTES).then(|| bare.to_ascii_lowercase())
    }

    fn operator_of_words(&mut self, meant: Operator, words: usize) {
        let first = self.span_at(0).unwrap_or_default();
        let last = self.span_at(words - 1).unwrap_or(first);
        let span = first.to(last);
        self.foreign_operator(span, Word::Compare(meant));
        self.note_comparison(span);
        self.at += words;
        let like = last.of(self.text);
        let next_starts = self.peek(0).is_some_and(|next| starts_term(next) && next != Token::Open);
        if is_like(like) || next_starts {
            return self.skip_rest(span);
        }
        self.put(Token::Compare(meant), span);
        self.expect = Expect::Value;
    }
}

/// How many parentheses before a condition are looked through.
const OPENS_MAX: usize = 4;

/// Most words of an operator, and the longest of them in bytes.
const PHRASE_MAX_WORDS: usize = 4;
const PHRASE_WORD_MAX_BYTES: usize = 16;

/// What one or two words mean behind `is`, `does` or `not`.
fn phrase_operator(words: &str) -> Option<Operator> {
    Some(match words {
        "eq" | "equal" | "equals" | "equal to" | "equals to" | "same as" => Operator::Eq,
        "in" | "one of" | "any of" => Operator::In,
        "contain" | "contains" | "include" | "includes" | "containing" | "like" => Operator::Contains,
        "start with" | "starts with" | "begin with" | "begins with" | "startswith" | "beginswith"
        | "starting with" => Operator::StartsWith,
        "end with" | "ends with" | "endswith" | "ending with" => Operator::EndsWith,
        "match" | "matches" | "matching" => Operator::Match,
        _ => return None,
    })
}

/// The word of this language that a word or sign of another one means.
pub(super) fn foreign(written: &str) -> Option<Word> {
    let bare = written.trim_start_matches(is_dash_or_blank);
    match bare {
        ":" | ":=" => return Some(Word::Compare(Operator::Eq)),
        "~" | "=~" | "~=" => return Some(Word::Compare(Operator::Match)),
        "!~" => return Some(Word::Compare(Operator::NotMatch)),
        _ => {}
    }
    if bare.contains('&') {
        let decoded = bare.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
        return keyword::foreign_operator(&decoded);
    }
    keyword::foreign_operator(bare)
}

/// Whether a word compares with wildcards.
pub(super) fn is_like(written: &str) -> bool {
    let bare = written.trim_start_matches(is_dash_or_blank).to_ascii_lowercase();
    matches!(bare.as_str(), "like" | "ilike" | "notlike" | "clike")
}

fn is_sign(c: char) -> bool {
    !c.is_alphanumeric()
}

pub(super) fn is_dash_or_blank(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '−' | '‐' | '‑') || c.is_whitespace()
}
