//! The value of a comparison: its kind has to fit the attribute and the operator.

use std::sync::Arc;

use jiff::SignedDuration;

use super::super::attribute::Kind;
use super::super::certainty::Certainty;
use super::super::condition::Target;
use super::super::keyword::{self, Operator};
use super::super::literal;
use super::super::pattern::Pattern;
use super::super::tree::{Offset, Operand, OperandKind};
use super::super::typed::{Order, Test, TimePoint};
use super::Checker;
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::fold::FoldedText;
use crate::base::span::Span;

impl Checker<'_> {
    /// The test that `operator` and `right` make, and how sure that reading is.
    pub(super) fn test(
        &mut self,
        target: &Target,
        (operator, operator_span): (Operator, Span),
        right: &Operand,
    ) -> Option<(Test, Certainty)> {
        if right.kind == OperandKind::Hole {
            return None;
        }
        let (positive, _) = operator.positive();
        if right.kind == OperandKind::Null {
            return self.null(positive, operator, operator_span, right.span);
        }
        let kind = match target {
            Target::Attribute(attribute) => attribute.kind,
            _ => Kind::Text,
        };
        self.needless_parentheses(kind, right)?;
        match (kind, positive) {
            (Kind::Boolean, _) => self.boolean(right).map(|test| (test, Certainty::Documented)),
            (Kind::Date, _) => self.date(positive, operator_span, right),
            (_, Operator::In) => self.list(right).map(|test| (test, Certainty::Documented)),
            (_, Operator::Ge | Operator::Le | Operator::Gt | Operator::Lt) => {
                self.version(positive, operator_span, right)
            }
            _ => self.text_test(positive, (operator, operator_span), right),
        }
    }

    fn null(
        &mut self,
        positive: Operator,
        operator: Operator,
        operator_span: Span,
        span: Span,
    ) -> Option<(Test, Certainty)> {
        if positive == Operator::Eq {
            return Some((Test::IsNull, Certainty::Documented));
        }
        let word = operator.word();
        self.report(
            Diagnostic::new(
                &code::NULL_OPERAND,
                operator_span.to(span),
                format!("`{word}` cannot be asked of `null`"),
            )
            .help("only `-eq null` and `-ne null` ask whether a value is there")
            .service_message(format!("Invalid operands found for operator {word}")),
        );
        None
    }

    fn needless_parentheses(&mut self, kind: Kind, right: &Operand) -> Option<()> {
        let raw = right.span.of(self.text);
        if !raw.starts_with('(')
            || kind == Kind::Date
            || matches!(right.kind, OperandKind::Now | OperandKind::Sum { .. })
        {
            return Some(());
        }
        let inner = raw.trim_matches(|c: char| matches!(c, '(' | ')') || c.is_whitespace());
        self.report(
            Diagnostic::new(&code::VALUE_KIND, right.span, "a value stands in no parentheses")
                .help(format!("write `{inner}`"))
                .fix(Fix::safe(vec![Edit::new(right.span, inner)])),
        );
        None
    }

    fn boolean(&mut self, right: &Operand) -> Option<Test> {
        if let OperandKind::Boolean(value) = right.kind {
            return Some(Test::IsBoolean(value));
        }
        let raw = right.span.of(self.text);
        let word = raw.trim_matches(['"', '\'']).trim();
        let finding = Diagnostic::new(&code::VALUE_KIND, right.span, format!("`{raw}` is no boolean"));
        let boolean = match word.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => keyword::foreign_boolean(word),
        };
        self.report(match boolean {
            Some(value) => {
                // Quotes can only have meant the boolean; a word of another language is a guess.
                let edits = vec![Edit::new(right.span, value.to_string())];
                let quoted =
                    word.parse::<bool>().is_ok() || matches!(word, "True" | "False" | "TRUE" | "FALSE");
                finding.help(format!("write `{value}`, without quotes")).fix(if quoted {
                    Fix::safe(edits)
                } else {
                    Fix::guess(edits)
                })
            }
            None => finding.help("a boolean attribute is compared with `true`, `false` or `null`"),
        });
        None
    }

    // ---- strings ----

    fn text_test(
        &mut self,
        positive: Operator,
        (operator, operator_span): (Operator, Span),
        right: &Operand,
    ) -> Option<(Test, Certainty)> {
        let value = self.text(right, (operator, operator_span))?;
        let folded = || FoldedText::new(&value);
        let test = match positive {
            Operator::StartsWith => Test::StartsWith(folded()),
            Operator::EndsWith => Test::EndsWith(folded()),
            Operator::Contains => Test::Contains(folded()),
            Operator::Match => Test::Matches(self.pattern(&value, right.span)?),
            _ => Test::Equals(folded()),
        };
        Some((test, self.text_certainty(right.span)))
    }

    /// The value of a string operand; anything else is reported.
    fn text(&mut self, right: &Operand, (operator, operator_span): (Operator, Span)) -> Option<String> {
        let raw = right.span.of(self.text);
        if right.kind == OperandKind::Text {
            return Some(literal::text_value(raw).into_owned());
        }
        let finding = |message: String| Diagnostic::new(&code::VALUE_KIND, right.span, message);
        let quote = || Fix::guess(vec![Edit::new(right.span, literal::quoted(raw))]);
        let found = match &right.kind {
            OperandKind::Word => {
                Diagnostic::new(&code::BARE_WORD, right.span, format!("`{raw}` is a value without quotes"))
                    .help(format!("write `{}`", literal::quoted(raw)))
                    .fix(Fix::safe(vec![Edit::new(right.span, literal::quoted(raw))]))
            }
            OperandKind::List(items) => {
                let meant = match operator.positive() {
                    (Operator::Eq, negative) => Some(if negative { Operator::NotIn } else { Operator::In }),
                    _ => None,
                };
                let finding = finding(format!("`{}` takes one string, not a list", operator.word()));
                match meant {
                    Some(meant) if items.iter().all(|item| item.kind == OperandKind::Text) => finding
                        .help(format!("a list needs `{}`", meant.word()))
                        .fix(Fix::safe(vec![Edit::new(operator_span, meant.word())])),
                    _ => finding.help(
                        "join the patterns with `|` inside one string, or write one condition for each",
                    ),
                }
            }
            OperandKind::Path | OperandKind::Underscore => {
                finding(format!("`{raw}` is an attribute; it cannot be the value"))
                    .help("attributes cannot be compared with each other; a value stands in quotes")
            }
            OperandKind::Boolean(_) => finding(format!("`{raw}` is a boolean and the attribute is a string"))
                .help("put the value in quotes")
                .fix(quote()),
            OperandKind::Literal => finding(format!("`{raw}` needs quotes: the attribute is a string"))
                .help(format!("write `\"{raw}\"`"))
                .fix(quote()),
            _ => finding("the attribute is a string and this is no string".to_owned())
                .help("put the value in quotes"),
        };
        self.report(found);
        None
    }

    fn pattern(&mut self, source: &str, span: Span) -> Option<Arc<Pattern>> {
        match Pattern::new(source) {
            Ok(pattern) => Some(Arc::new(pattern)),
            Err(error) => {
                let raw = span.of(self.text);
                // Without escapes in the literal, places in the pattern are places in the rule.
                let has_escapes = raw.len() != source.len() + 2;
                let at = if has_escapes {
                    span
                } else {
                    Span::new(span.start + 1 + error.span.start, span.start + 1 + error.span.end)
                };
                let (code, what) = if error.unsupported {
                    (
                        &code::UNSUPPORTED_REGEX,
                        "the service may take this regular expression, dyngroup cannot run it",
                    )
                } else {
                    (&code::INVALID_REGEX, "the regular expression does not compile")
                };
                let message = format!("{what}: {}", error.message);
                let help = if source.starts_with(['*', '+', '?']) {
                    "a pattern is no wildcard: the search finds the text anywhere, and `.*` stands for any text"
                } else {
                    "patterns are .NET regular expressions, matched anywhere in the value, ignoring case"
                };
                self.report(Diagnostic::new(code, at, message).help(help));
                None
            }
        }
    }

    /// A lone apostrophe in double quotes was seen to match only sometimes.
    fn text_certainty(&self, span: Span) -> Certainty {
        let raw = span.of(self.text);
        let lone = raw.starts_with('"') && raw.matches('\'').count() != 2 * raw.matches("''").count();
        if lone { Certainty::Observed } else { Certainty::Documented }
    }

    // ---- lists ----

    fn list(&mut self, right: &Operand) -> Option<Test> {
        if let OperandKind::List(items) = &right.kind {
            return self.text_items(items, right.span).map(Test::In);
        }
        let raw = right.span.of(self.text);
        let finding = Diagnostic::new(&code::VALUE_KIND, right.span, "`-in` and `-notIn` take a list");
        self.report(if right.kind == OperandKind::Text {
            finding.help(format!("write `[{raw}]`")).fix(Fix::safe(vec![
                Edit::new(Span::at(right.span.start), "["),
                Edit::new(Span::at(right.span.end), "]"),
            ]))
        } else {
            finding.help("a list holds strings in quotes, separated by commas: `[\"a\",\"b\"]`")
        });
        None
    }

    /// The strings of a list; everything else in it is reported.
    pub(super) fn text_items(&mut self, items: &[Operand], span: Span) -> Option<Vec<FoldedText>> {
        if items.is_empty() {
            self.report(
                Diagnostic::new(&code::MALFORMED_LIST, span, "this list is empty")
                    .help("list at least one value; to find missing values write `-eq null`"),
            );
            return None;
        }
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            let raw = item.span.of(self.text);
            match item.kind {
                OperandKind::Text => values.push(FoldedText::new(&literal::text_value(raw))),
                OperandKind::Hole => {}
                OperandKind::Null => self.report(
                    Diagnostic::new(&code::MALFORMED_LIST, item.span, "a list cannot hold `null`")
                        .help("add `-or … -eq null` beside the list"),
                ),
                OperandKind::Path | OperandKind::Now | OperandKind::Boolean(_) => self.report(
                    Diagnostic::new(
                        &code::MALFORMED_LIST,
                        item.span,
                        format!("`{raw}` cannot stand in a list"),
                    )
                    .help("a list holds strings in quotes"),
                ),
                _ => self.report(
                    Diagnostic::new(
                        &code::MALFORMED_LIST,
                        item.span,
                        format!("the list item `{raw}` needs quotes"),
                    )
                    .help(format!("write `{}`", literal::quoted(raw)))
                    .fix(Fix::safe(vec![Edit::new(item.span, literal::quoted(raw))])),
                ),
            }
        }
        (values.len() == items.len()).then_some(values)
    }

    // ---- dates ----

    fn date(
        &mut self,
        positive: Operator,
        operator_span: Span,
        right: &Operand,
    ) -> Option<(Test, Certainty)> {
        let order = order_of(positive);
        let moving = matches!(right.kind, OperandKind::Now | OperandKind::Sum { .. });
        let Some(order) = order else {
            if positive != Operator::Eq {
                return None; // The operator was refused already.
            }
            if moving {
                self.report(
                    Diagnostic::new(
                        &code::DATE_ARITHMETIC,
                        operator_span.to(right.span),
                        "`-eq` and `-ne` compare with a fixed instant only",
                    )
                    .help("use `-ge` and `-le`: an instant is never met exactly"),
                );
                return None;
            }
            let (instant, certainty) = self.instant(right)?;
            return Some((Test::IsInstant(instant), certainty));
        };
        let (to, certainty) = match &right.kind {
            OperandKind::Now => (TimePoint::Now(SignedDuration::ZERO), Certainty::Documented),
            OperandKind::Sum { base, offsets } => {
                (self.moved(base, offsets, right.span)?, Certainty::Documented)
            }
            _ => {
                let (instant, certainty) = self.instant(right)?;
                (TimePoint::Fixed(instant), certainty)
            }
        };
        let strict = matches!(order, Order::Above | Order::Below);
        let certainty = if strict { Certainty::Inferred } else { certainty };
        Some((Test::Compare { order, to }, certainty))
    }

    fn instant(&mut self, right: &Operand) -> Option<(jiff::Timestamp, Certainty)> {
        let raw = right.span.of(self.text);
        let text = match right.kind {
            OperandKind::Text => literal::text_value(raw).into_owned(),
            OperandKind::Literal => raw.trim_matches(['(', ')', ' ']).to_owned(),
            _ => {
                self.report(
                    Diagnostic::new(&code::VALUE_KIND, right.span, format!("`{raw}` is no date-time"))
                        .help("write `2026-01-31T08:00:00Z`, or `system.now` with `-plus` or `-minus`"),
                );
                return None;
            }
        };
        match literal::instant(&text) {
            Ok(instant) => {
                let documented = right.kind == OperandKind::Literal && text.ends_with(['Z', 'z']);
                Some((instant, if documented { Certainty::Documented } else { Certainty::Observed }))
            }
            Err(why) => {
                self.report(
                    Diagnostic::new(&code::INVALID_DATE, right.span, format!("`{text}` is no date-time"))
                        .help(why),
                );
                None
            }
        }
    }

    /// `system.now` with one offset.
    fn moved(&mut self, base: &Operand, offsets: &[Offset], span: Span) -> Option<TimePoint> {
        if base.kind == OperandKind::Hole {
            return None;
        }
        if base.kind != OperandKind::Now {
            self.report(
                Diagnostic::new(&code::DATE_ARITHMETIC, span, "only `system.now` can be moved by a duration")
                    .help("write the fixed date that you mean"),
            );
            return None;
        }
        let [offset] = offsets else {
            self.report(
                Diagnostic::new(
                    &code::DATE_ARITHMETIC,
                    span,
                    "the service takes one `-plus` or `-minus`, not several",
                )
                .help("add the durations up"),
            );
            return None;
        };
        if offset.duration.kind == OperandKind::Hole {
            return None;
        }
        let written = offset.duration.span.of(self.text);
        match literal::duration(written) {
            Ok(duration) => Some(TimePoint::Now(if offset.minus { -duration } else { duration })),
            Err(why) => {
                self.report(
                    Diagnostic::new(
                        &code::INVALID_DURATION,
                        offset.duration.span,
                        format!("`{written}` is no duration that a rule can hold"),
                    )
                    .help(why),
                );
                None
            }
        }
    }

    // ---- operating system versions ----

    /// Guides order `deviceOSVersion`; no source says how the service compares.
    fn version(
        &mut self,
        operator: Operator,
        operator_span: Span,
        right: &Operand,
    ) -> Option<(Test, Certainty)> {
        let order = order_of(operator)?;
        let value = self.text(right, (operator, operator_span))?;
        self.report(
            Diagnostic::new(&code::VERSION_ORDER, operator_span, "nobody documents how versions are ordered here")
                .help("`-startsWith \"10.0.22\"` is certain; to evaluate this rule choose `--version-order version` or `ordinal`"),
        );
        Some((Test::CompareVersion { order, to: FoldedText::new(&value) }, Certainty::Observed))
    }
}

fn order_of(operator: Operator) -> Option<Order> {
    Some(match operator {
        Operator::Ge => Order::AtLeast,
        Operator::Le => Order::AtMost,
        Operator::Gt => Order::Above,
        Operator::Lt => Order::Below,
        _ => return None,
    })
}
