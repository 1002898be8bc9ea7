//! What the repairs say.

use super::{Repair, is_dash_or_blank};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::keyword::{self, Word};
use crate::language::suggest;
use crate::language::token::Token;

impl Repair<'_, '_> {
    pub(super) fn missing_connective(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                &code::MISSING_CONNECTIVE,
                span,
                "no connective stands between this condition and the one before it",
            )
            .help("put `-and` or `-or` between them")
            .fix(Fix::guess(vec![Edit::new(
                Span::at(span.start),
                if self.behind().start == span.start { " -and " } else { "-and " },
            )])),
        );
    }

    pub(super) fn surplus(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::SURPLUS_PARENTHESIS, span, "this parenthesis closes nothing")
                .help("take it out, or open one where the group begins")
                .fix(Fix::guess(vec![Edit::new(span, "")])),
        );
    }

    pub(super) fn unclosed(&mut self, opened: Span, end: usize) {
        self.report(
            Diagnostic::new(&code::UNCLOSED_PARENTHESIS, opened, "this parenthesis is never closed")
                .help("close it where the group ends")
                .fix(Fix::guess(vec![Edit::new(Span::at(end), ")")])),
        );
    }

    /// A value follows an attribute without an operator.
    pub(super) fn missing_operator(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                &code::MISSING_OPERATOR,
                span,
                "no operator stands between the attribute and this value",
            )
            .help("put one between them, such as `-eq`")
            .fix(Fix::guess(vec![Edit::new(Span::at(span.start), "-eq ")])),
        );
    }

    /// An operand is not compared with anything.
    pub(super) fn no_comparison(&mut self, operand: Span) {
        let text = operand.of(self.text);
        self.report(
            Diagnostic::new(
                &code::MISSING_OPERATOR,
                operand,
                format!("`{text}` is not compared with anything"),
            )
            .help(format!("a condition is attribute, operator, value: `{text} -eq …`")),
        );
    }

    pub(super) fn missing_value(&mut self, span: Span) {
        let operator = self.out.last().map_or(span, |&(start, _, end)| Span::new(start, end));
        self.report(
            Diagnostic::new(
                &code::MISSING_VALUE,
                operator,
                format!("no value follows `{}`", operator.of(self.text)),
            )
            .help("put a value behind the operator: a string in quotes, `true`, `false`, `null` or a list"),
        );
    }

    pub(super) fn missing_duration(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::MISSING_VALUE, span, "no duration follows `-plus` or `-minus`")
                .help("write a duration such as `P30D`"),
        );
    }

    pub(super) fn two_operators(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                &code::MISSING_VALUE,
                span,
                format!("`{}` stands where a value belongs", span.of(self.text)),
            )
            .help("a condition has one operator: take one of the two out")
            .fix(Fix::guess(vec![Edit::new(span, "")])),
        );
    }

    pub(super) fn missing_attribute(&mut self, span: Span) {
        let in_body = self.out.iter().rev().any(|(_, token, _)| matches!(token, Token::Any | Token::All));
        let operator = span.of(self.text);
        let finding = Diagnostic::new(
            &code::MISSING_ATTRIBUTE,
            span,
            format!("no attribute stands before `{operator}`"),
        );
        self.report(if in_body {
            finding.help(format!("inside `-any` and `-all` name the item: `_ {operator} …`"))
        } else {
            finding.help(format!("each condition names its attribute again: `user.city {operator} …`"))
        });
    }

    /// An operator follows a complete condition.
    pub(super) fn second_operator(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                &code::MISSING_ATTRIBUTE,
                span,
                format!("`{}` follows a condition that is complete", span.of(self.text)),
            )
            .help("put a connective and an attribute before it, or take it out"),
        );
    }

    pub(super) fn not_as_comparison(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                &code::NOT_AS_COMPARISON,
                span,
                "`-not` negates a condition, it does not compare",
            )
            .help("write `-ne` for \"is not\"")
            .fix(Fix::safe(vec![Edit::new(span, "-ne")])),
        );
    }

    pub(super) fn dangling(&mut self, span: Span) {
        self.report(
            Diagnostic::new(
                &code::DANGLING_CONNECTIVE,
                span,
                format!("`{}` has no condition on one side", span.of(self.text)),
            )
            .help("put a condition there or take the connective out")
            .fix(Fix::guess(vec![Edit::new(span, "")])),
        );
    }

    pub(super) fn missing_body(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::MISSING_BODY, span, "no condition on the items follows")
                .help("put one in parentheses, such as `(_ -startsWith \"smtp:\")`"),
        );
    }

    pub(super) fn missing_after_not(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::DANGLING_CONNECTIVE, span, "no condition follows `-not`")
                .help("put a condition behind it or take it out"),
        );
    }

    pub(super) fn missing_manager(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::MALFORMED_DIRECT_REPORTS, span, "no manager follows")
                .help("name the manager by object id: `Direct Reports for \"<object id>\"`"),
        );
    }

    pub(super) fn empty(&mut self, span: Span) {
        let message = if self.out.is_empty() && self.open.is_empty() {
            "the rule is empty"
        } else {
            "these parentheses hold no condition"
        };
        self.report(
            Diagnostic::new(&code::EMPTY_RULE, span, message)
                .help("a condition is attribute, operator, value: `user.department -eq \"Sales\"`"),
        );
    }

    pub(super) fn foreign_call(&mut self, word: Span, whole: Span) {
        let name = word.of(self.text);
        self.report(
            Diagnostic::new(
                &code::FOREIGN_SYNTAX,
                whole,
                format!("`{name}(…)` is a function call; rules have none"),
            )
            .help("write attribute, operator, value: `user.mail -startsWith \"a\"`; GUIDs are plain strings"),
        );
    }

    /// A word or symbol that is no operator; `fitting` limits what may be suggested, where not empty.
    pub(super) fn unknown_operator(&mut self, span: Span, written: &str, fitting: &[Word]) {
        let bare = written.trim_start_matches(is_dash_or_blank);
        let foreign = keyword::foreign_operator(bare);
        let fits = |word: &Word| fitting.is_empty() || fitting.contains(word);
        let meant = foreign.or_else(|| suggest::operator(bare).filter(fits));
        let mut finding = Diagnostic::new(
            &code::UNKNOWN_OPERATOR,
            span,
            format!("`{}` is no operator", span.of(self.text)),
        );
        finding = match (meant, foreign) {
            (Some(word), Some(_)) => finding.help(format!("this language writes `{}`", word.written())),
            (Some(word), None) => finding.help(format!("did you mean `{}`?", word.written())),
            (None, _) if !fitting.is_empty() => finding.help("conditions are joined by `-and` and `-or`"),
            (None, _) => finding.help(
                "operators are `-eq`, `-ne`, `-in`, `-startsWith`, `-contains`, `-match` and their likes",
            ),
        };
        if let Some(word) = meant {
            finding = finding.fix(Fix::guess(vec![Edit::new(span, word.written())]));
        }
        self.report(finding);
    }

    /// Something that belongs to no condition; what follows it directly belongs to the same finding.
    pub(super) fn stray_at(&mut self, span: Span) {
        let text = self.text;
        let gap = text.get(self.stray_until..span.start).unwrap_or("x");
        let continues = self.stray_until > 0 && gap.trim().is_empty();
        self.stray_until = span.end;
        if continues {
            return;
        }
        let written = span.of(self.text);
        let help = match written {
            "," => "a rule has no commas outside lists; take it out",
            "]" | "[" => "square brackets belong to lists, after `-in` and `-notIn`",
            _ => "take it out; a string that holds quotes or blanks needs quotes around all of it",
        };
        self.report(
            Diagnostic::new(&code::STRAY_TEXT, span, format!("`{written}` belongs to no condition"))
                .help(help)
                .fix(Fix::guess(vec![Edit::new(span, "")])),
        );
    }
}
