//! What the repairs say.

use super::operator::{foreign, is_dash_or_blank, is_like};
use super::{Opened, Repair};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::excerpt::excerpt;
use crate::language::keyword::{Operator, Word};
use crate::language::literal;
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

    /// A comma between two conditions.
    pub(super) fn comma_between(&mut self, comma: Span) {
        let text_before = self.text.get(..comma.start).unwrap_or_default();
        let blank = if text_before.ends_with(char::is_whitespace) { "" } else { " " };
        self.report(
            Diagnostic::new(&code::MISSING_CONNECTIVE, comma, "a comma joins no conditions")
                .help("put `-and` or `-or` between them")
                .fix(Fix::guess(vec![Edit::new(comma, format!("{blank}-and"))])),
        );
    }

    pub(super) fn surplus(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::SURPLUS_PARENTHESIS, span, "this parenthesis closes nothing")
                .help("take it out, or open one where the group begins")
                .fix(Fix::guess(vec![Edit::new(span, "")])),
        );
    }

    /// One finding for all parentheses that lack their twin, at the outermost one.
    pub(super) fn unclosed(&mut self, open: &[Opened]) {
        let Some(first) = open.first() else { return };
        let end = self.text.trim_end().len();
        let message = match open.len() {
            1 => "this parenthesis is never closed".to_owned(),
            count => format!("{count} parentheses are never closed; this is the first of them"),
        };
        let finding = Diagnostic::new(&code::UNCLOSED_PARENTHESIS, first.span, message)
            .help("close it where the group ends");
        if open.len() > PARENTHESES_FIXED_MAX {
            return self.report(finding);
        }
        let places = open.iter().rev().map(|opened| Span::at(opened.likely_end.unwrap_or(end)));
        self.report(finding.fix(Fix::guess(places.map(|place| Edit::new(place, ")")).collect())));
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
        let text = excerpt(operand.of(self.text));
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
        let operator = span.of(self.text);
        let finding = Diagnostic::new(
            &code::MISSING_ATTRIBUTE,
            span,
            format!("no attribute stands before `{operator}`"),
        );
        let is_joined = matches!(self.last_out(), Some(Token::And | Token::Or | Token::Not));
        let before = self.last_comparison.filter(|_| is_joined).map(|compared| compared.left.of(self.text));
        self.report(match before {
            Some(name) => finding
                .help(format!("each condition names its attribute again: `{} {operator} …`", excerpt(name)))
                .fix(Fix::guess(vec![Edit::new(Span::at(span.start), format!("{name} "))])),
            None if self.has_body && !self.open.is_empty() => {
                finding.help(format!("inside `-any` and `-all` name the item: `_ {operator} …`"))
            }
            None => finding.help(format!("name an attribute before it: `user.city {operator} …`")),
        });
    }

    /// A value that is compared with nothing.
    pub(super) fn value_alone(&mut self, value: Span) {
        let written = value.of(self.text);
        let finding = Diagnostic::new(
            &code::MISSING_OPERATOR,
            value,
            format!("`{}` is not compared with anything", excerpt(written)),
        );
        let is_joined = matches!(self.out.last(), Some((_, Token::And | Token::Or, _)));
        let finding = match self.last_comparison.filter(|_| is_joined) {
            Some(compared) => {
                let again = format!("{} {}", compared.left.of(self.text), compared.operator.of(self.text));
                finding
                    .help(format!(
                        "each condition names attribute and operator again: `{} …`",
                        excerpt(&again)
                    ))
                    .fix(Fix::guess(vec![Edit::new(Span::at(value.start), format!("{again} "))]))
            }
            None => {
                finding.help("a condition is attribute, operator, value: `user.department -eq \"Sales\"`")
            }
        };
        self.report(finding);
    }

    /// The body of a quantifier without the quantifier.
    pub(super) fn missing_quantifier(&mut self, body: Span) {
        self.report(
            Diagnostic::new(&code::MISSING_OPERATOR, body, "no `-any` or `-all` stands before this body")
                .help("put `-any` before it if one item is enough, `-all` if every one counts")
                .fix(Fix::guess(vec![Edit::new(Span::at(body.start), "-any ")])),
        );
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
        let edit = self.removal(span);
        self.report(
            Diagnostic::new(
                &code::DANGLING_CONNECTIVE,
                span,
                format!("`{}` has no condition on one side", excerpt(span.of(self.text))),
            )
            .help("put a condition there or take the connective out")
            .fix(Fix::guess(vec![edit])),
        );
    }

    /// Takes `span` out, with the blanks that would be left over.
    fn removal(&self, span: Span) -> Edit {
        let before = self.text.get(..span.start).unwrap_or_default();
        let behind = self.text.get(span.end..).unwrap_or_default();
        let blanks_before = before.len() - before.trim_end().len();
        let blanks_behind = behind.len() - behind.trim_start().len();
        if behind.len() == blanks_behind {
            return Edit::new(Span::new(span.start - blanks_before, span.end), "");
        }
        let is_free = blanks_before > 0 || before.is_empty() || before.ends_with('(');
        Edit::new(Span::new(span.start, span.end + if is_free { blanks_behind } else { 0 }), "")
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

    pub(super) fn empty_rule(&mut self, span: Span) {
        self.report(Diagnostic::new(&code::EMPTY_RULE, span, "the rule is empty").help(CONDITION_HELP));
    }

    pub(super) fn empty_parentheses(&mut self, span: Span) {
        let message = if span.of(self.text).ends_with(')') {
            "these parentheses hold no condition"
        } else {
            "no condition follows this parenthesis"
        };
        self.report(Diagnostic::new(&code::EMPTY_RULE, span, message).help(CONDITION_HELP));
    }

    pub(super) fn foreign_call(&mut self, word: Span, whole: Span) {
        let name = word.of(self.text);
        self.report(
            Diagnostic::new(
                &code::FOREIGN_SYNTAX,
                whole,
                format!("`{}(…)` is a function call; rules have none", excerpt(name)),
            )
            .help("write attribute, operator, value: `user.mail -startsWith \"a\"`; GUIDs are plain strings"),
        );
    }

    /// An operator of another language, of which it is certain what it means.
    pub(super) fn foreign_operator(&mut self, span: Span, meant: Word) {
        let written = span.of(self.text);
        let last = written.rsplit(is_dash_or_blank).next().unwrap_or(written);
        let finding =
            Diagnostic::new(&code::UNKNOWN_OPERATOR, span, format!("`{}` is no operator", excerpt(written)));
        let finding = match meant {
            Word::Compare(operator) if is_like(last) => self.wildcards(finding, span, operator),
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
    pub(super) fn unknown_operator(&mut self, span: Span, written: &str, fitting: &[Word]) {
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
            None if !fitting.is_empty() => finding.help("conditions are joined by `-and` and `-or`"),
            None => finding.help(
                "operators are `-eq`, `-ne`, `-in`, `-startsWith`, `-contains`, `-match` and their likes",
            ),
        });
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
        let edit = self.removal(span);
        self.report(
            Diagnostic::new(
                &code::STRAY_TEXT,
                span,
                format!("`{}` belongs to no condition", excerpt(written)),
            )
            .help(help)
            .fix(Fix::guess(vec![edit])),
        );
    }
}

const CONDITION_HELP: &str = "a condition is attribute, operator, value: `user.department -eq \"Sales\"`";

/// More missing parentheses than these are no slip that could be mended by putting them in.
const PARENTHESES_FIXED_MAX: usize = 8;

/// A call that says the same as a comparison.
pub(super) fn call_as_comparison(text: &str, whole: Span, meant: String) -> Diagnostic {
    Diagnostic::new(
        &code::FOREIGN_SYNTAX,
        whole,
        format!("`{}` is a function call; rules have none", excerpt(whole.of(text))),
    )
    .help(format!("write `{}`", excerpt(&meant)))
    .fix(Fix::guess(vec![Edit::new(whole, meant)]))
}
