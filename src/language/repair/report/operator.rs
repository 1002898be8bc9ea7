//! What the repairs say about operators of other languages.

use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::excerpt::excerpt;
use crate::language::keyword::{Operator, Word};
use crate::language::literal;
use crate::language::repair::Repair;
use crate::language::repair::operator::{foreign, is_dash_or_blank, is_like};
use crate::language::suggest;
use crate::language::token::Token;

impl Repair<'_, '_> {
    /// `.any` behind a collection.
    pub(in crate::language::repair) fn foreign_quantifier(&mut self, call: Span, quantifier: Word) {
        let meant = quantifier.written();
        self.report(
            Diagnostic::new(
                &code::FOREIGN_SYNTAX,
                call,
                format!("`{}` is a method; rules have none", call.of(self.text)),
            )
            .help(format!("write `{meant}` with a blank on each side"))
            .fix(Fix::guess(vec![Edit::new(call, format!(" {meant} "))])),
        );
    }

    /// An operator of another language, of which it is certain what it means.
    pub(in crate::language::repair) fn foreign_operator(&mut self, span: Span, meant: Word) {
        let written = span.of(self.text);
        let last = written.rsplit(is_dash_or_blank).next().unwrap_or(written);
        let finding =
            Diagnostic::new(&code::UNKNOWN_OPERATOR, span, format!("`{}` is no operator", excerpt(written)));
        let finding = match meant {
            Word::Compare(operator) if is_like(last) => self.wildcards(finding, span, operator),
            Word::Compare(strict @ (Operator::Gt | Operator::Lt)) => {
                let inclusive = Word::Compare(inclusive(strict)).written();
                finding
                    .help(format!(
                        "this language writes `{inclusive}`, and in the dialect `extended` also `{}`",
                        strict.word()
                    ))
                    .fix(Fix::guess(vec![self.replacement(span, inclusive)]))
            }
            _ => finding
                .help(format!("this language writes `{}`", meant.written()))
                .fix(Fix::guess(vec![self.replacement(span, meant.written())])),
        };
        self.report(finding);
    }

    /// Replaces a sign or word, with the blanks that an operator needs around it.
    fn replacement(&self, span: Span, written: &str) -> Edit {
        let before = self.text.get(..span.start).unwrap_or_default();
        let behind = self.text.get(span.end..).unwrap_or_default();
        let touches_before = before.ends_with(|c: char| !c.is_whitespace() && c != '(');
        let touches_behind = behind.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let left = if touches_before { " " } else { "" };
        let right = if touches_behind { " " } else { "" };
        Edit::new(span, format!("{left}{written}{right}"))
    }

    /// `-like "*@x"`: the wildcards tell which operator is meant.
    fn wildcards(&self, finding: Diagnostic, operator: Span, meant: Operator) -> Diagnostic {
        let at = self.tokens.partition_point(|&(start, _, _)| start < operator.end);
        let Some(&(start, Token::Text(quoted), end)) = self.tokens.get(at) else {
            return finding.help("rules have no wildcards: use `-startsWith`, `-endsWith` or `-contains`");
        };
        let text = literal::text_value(quoted);
        let is_wild = |c: char| matches!(c, '*' | '%');
        let inner = text.trim_matches(is_wild);
        let (_, negative) = meant.positive();
        let operator_meant = match (text.starts_with(is_wild), text.ends_with(is_wild)) {
            _ if inner.contains(is_wild) || inner.is_empty() => {
                return finding.help("rules have no wildcards: use `-match` with a regular expression");
            }
            (true, true) => Operator::Contains,
            (true, false) => Operator::EndsWith,
            (false, true) => Operator::StartsWith,
            (false, false) => Operator::Eq,
        };
        let operator_meant = operator_meant.negated().filter(|_| negative).unwrap_or(operator_meant);
        let word = operator_meant.word();
        finding
            .help(format!("rules have no wildcards: write `{word} {}`", excerpt(&literal::quoted(inner))))
            .fix(Fix::guess(vec![
                self.replacement(operator, word),
                Edit::new(Span::new(start, end), literal::quoted(inner)),
            ]))
    }

    /// A word or symbol that is no operator; `fitting` limits what may be suggested, where not empty.
    pub(in crate::language::repair) fn unknown_operator(
        &mut self,
        span: Span,
        written: &str,
        fitting: &[Word],
    ) {
        if let Some(meant) = foreign(written) {
            return self.foreign_operator(span, meant);
        }
        let bare = written.trim_start_matches(is_dash_or_blank);
        let fits = |word: &Word| fitting.is_empty() || fitting.contains(word);
        let finding = Diagnostic::new(
            &code::UNKNOWN_OPERATOR,
            span,
            format!("`{}` is no operator", excerpt(span.of(self.text))),
        );
        self.report(match suggest::operator(bare).filter(fits) {
            Some(word) => finding
                .help(format!("did you mean `{}`?", word.written()))
                .fix(Fix::guess(vec![self.replacement(span, word.written())])),
            None if !fitting.is_empty() && is_sign(bare) && !self.out.is_empty() => finding
                .help("conditions are joined by `-and` and `-or`")
                .fix(Fix::guess(vec![self.replacement(span, "-and")])),
            None if !fitting.is_empty() => finding.help("conditions are joined by `-and` and `-or`"),
            None => finding.help(
                "operators are `-eq`, `-ne`, `-in`, `-startsWith`, `-contains`, `-match` and their likes",
            ),
        });
    }
}

fn is_sign(written: &str) -> bool {
    written.starts_with(|c: char| c.is_ascii_punctuation())
}

/// The operator that the service has in place of a strict one.
pub(in crate::language::repair) fn inclusive(operator: Operator) -> Operator {
    match operator {
        Operator::Gt => Operator::Ge,
        Operator::Lt => Operator::Le,
        other => other,
    }
}
