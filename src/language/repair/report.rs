//! What the repairs say.

mod operator;

pub(super) use self::operator::inclusive;
use super::{Opened, Repair};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::excerpt::excerpt;
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
        let finding = Diagnostic::new(&code::SURPLUS_PARENTHESIS, span, "this parenthesis closes nothing");
        // Where groups are the custom of the rule, a term without one has lost its opening parenthesis.
        let term = self.out.get(self.term_at).filter(|_| self.has_group);
        self.report(match term {
            Some(&(start, Token::Path(_) | Token::Underscore, _)) => finding
                .help("open one where the group begins, or take it out")
                .fix(Fix::guess(vec![Edit::new(Span::at(start), "(")])),
            _ => finding
                .help("take it out, or open one where the group begins")
                .fix(Fix::guess(vec![Edit::new(span, "")])),
        });
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

    /// `-plus P1D` with nothing before it.
    pub(super) fn missing_now(&mut self, span: Span) {
        let word = span.of(self.text);
        self.report(
            Diagnostic::new(
                &code::MISSING_VALUE,
                span,
                format!("nothing stands before `{word}` that it could move"),
            )
            .help(format!("write `system.now {word} …`"))
            .fix(Fix::guess(vec![Edit::new(Span::at(span.start), "system.now ")])),
        );
    }

    /// `system.now P1D`.
    pub(super) fn missing_arithmetic(&mut self, duration: Span) {
        self.report(
            Diagnostic::new(
                &code::MISSING_OPERATOR,
                duration,
                "no `-plus` or `-minus` stands before this duration",
            )
            .help("put `-plus` before it for the future, `-minus` for the past"),
        );
    }

    pub(super) fn missing_duration(&mut self, span: Span) {
        self.report(
            Diagnostic::new(&code::MISSING_VALUE, span, "no duration follows `-plus` or `-minus`")
                .help("write a duration such as `P30D`"),
        );
    }

    pub(super) fn two_operators(&mut self, span: Span) {
        let edit = self.removal(span);
        self.report(
            Diagnostic::new(
                &code::MISSING_VALUE,
                span,
                format!("`{}` stands where a value belongs", span.of(self.text)),
            )
            .help("a condition has one operator: take one of the two out")
            .fix(Fix::guess(vec![edit])),
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
            None if self.is_in_body() => {
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
        let is_joined = matches!(self.last_out(), Some(Token::And | Token::Or));
        let is_word = written.starts_with(|c: char| c.is_alphabetic());
        let finding = match self.last_comparison.filter(|_| is_joined && !is_word) {
            Some(compared) => {
                let again = format!("{} {}", compared.left.of(self.text), compared.operator.of(self.text));
                finding
                    .help(format!(
                        "each condition names attribute and operator again: `{} …`",
                        excerpt(&again)
                    ))
                    .fix(Fix::guess(vec![Edit::new(Span::at(value.start), format!("{again} "))]))
            }
            None if self.is_in_body() => finding.help("a body tests the items: `(_ -contains \"…\")`"),
            None => finding.help(CONDITION_HELP),
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
        let finding = Diagnostic::new(
            &code::MISSING_ATTRIBUTE,
            span,
            format!("`{}` follows a condition that is complete", span.of(self.text)),
        )
        .help("put a connective and an attribute before it, or take it out");
        self.report(match self.last_comparison {
            Some(compared) => {
                let joined = format!("-and {} ", compared.left.of(self.text));
                finding.fix(Fix::guess(vec![Edit::new(Span::at(span.start), joined)]))
            }
            None => finding,
        });
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

    /// `(… -and) …`: the connective stands on the wrong side of the parenthesis.
    pub(super) fn connective_inside(&mut self, connective: Span, close: Span) {
        let written = connective.of(self.text);
        let before = self.text.get(..connective.start).unwrap_or_default();
        let whole = Span::new(before.trim_end().len(), close.end);
        self.report(
            Diagnostic::new(
                &code::DANGLING_CONNECTIVE,
                connective,
                format!("`{}` has no condition on one side", excerpt(written)),
            )
            .help("put it behind the parenthesis")
            .fix(Fix::guess(vec![Edit::new(whole, format!(") {written}"))])),
        );
    }

    /// Takes `span` out, with the blanks that would be left over.
    pub(super) fn removal(&self, span: Span) -> Edit {
        let before = self.text.get(..span.start).unwrap_or_default();
        let behind = self.text.get(span.end..).unwrap_or_default();
        let blanks_before = before.len() - before.trim_end().len();
        let blanks_behind = behind.len() - behind.trim_start().len();
        if behind.len() == blanks_behind || behind.trim_start().starts_with(')') {
            return Edit::new(Span::new(span.start - blanks_before, span.end), "");
        }
        let is_free = blanks_before > 0 || before.is_empty() || before.ends_with('(');
        Edit::new(Span::new(span.start, span.end + if is_free { blanks_behind } else { 0 }), "")
    }

    /// The place of what was put out last.
    fn last_span(&self) -> Span {
        self.out.last().map_or(Span::at(0), |&(start, _, end)| Span::new(start, end))
    }

    /// Whether a condition on the items of a collection is being read.
    pub(super) fn is_in_body(&self) -> bool {
        let begins = self.last_out().is_some_and(|last| matches!(last, Token::Any | Token::All));
        begins || self.body.is_some_and(|depth| self.open.len() > depth)
    }

    pub(super) fn missing_body(&mut self) {
        let span = self.last_span();
        self.report(
            Diagnostic::new(&code::MISSING_BODY, span, "no condition on the items follows")
                .help("put one in parentheses, such as `(_ -startsWith \"smtp:\")`"),
        );
    }

    pub(super) fn missing_after_not(&mut self) {
        let span = self.last_span();
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

    /// A word that stands there twice in a row.
    pub(super) fn twice(&mut self, span: Span) {
        let gap = self.text.get(self.stray_until..span.start).unwrap_or("x");
        let continues = self.stray_until > 0 && gap.trim().is_empty();
        self.stray_until = span.end;
        if continues {
            return;
        }
        let written = excerpt(span.of(self.text));
        let edit = self.removal(span);
        self.report(
            Diagnostic::new(&code::STRAY_TEXT, span, format!("`{written}` stands here twice"))
                .help("take one of the two out")
                .fix(Fix::guess(vec![edit])),
        );
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
            _ if written.starts_with(['"', '\'']) => {
                "take it out, or list the values: `-in [\"a\",\"b\"]` is true for each of them"
            }
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
