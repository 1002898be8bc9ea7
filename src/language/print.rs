//! A rule in its canonical form.
//!
//! Operators carry their hyphen and documented spelling, attributes theirs, strings double quotes.
//! Conditions next to `-and`, `-or` and `-not` stand in parentheses, as the service's documentation
//! writes them; inside the body of a quantifier they do not. The members never change: printing a rule
//! and reading it again gives the same tree.

use super::attribute::{Attributes, Kind, PlanField, Subject};
use super::compile::Compiled;
use super::literal;
use super::tree::{Expr, ExprKind, Operand, OperandKind};
use crate::base::limits;

/// How a rule is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// On one line, however long: for rules inside JSON, CSV and Terraform strings.
    OneLine,
    /// On one line if it fits, else one condition a line.
    Lines {
        /// The width that a line should keep, in characters.
        width_max_columns: usize,
    },
}

/// The canonical form of an accepted rule; `None` for a refused one.
///
/// Where the canonical form would break the length limit and the rule as written does not, the blanks
/// and parentheses that nobody needs are left out, and if that does not help the rule stays as it is.
///
/// ```
/// use dyngroup::language::compile::{compile, Options};
/// use dyngroup::language::print::{format, Layout};
/// let text = "User.department eq 'Sales' and not user.jobTitle startswith 'SDE'";
/// let compiled = compile(text, Options::default());
/// assert_eq!(
///     format(text, &compiled, Options::default().attributes, Layout::OneLine).unwrap(),
///     r#"(user.department -eq "Sales") -and -not (user.jobTitle -startsWith "SDE")"#
/// );
/// ```
pub fn format(text: &str, compiled: &Compiled, attributes: &Attributes, layout: Layout) -> Option<String> {
    compiled.rule.as_ref()?;
    let fits = |candidate: &String| utf16_length(candidate) <= limits::RULE_LENGTH_MAX_UTF16;
    [Style::Plain, Style::Compact]
        .into_iter()
        .flat_map(|style| {
            let printer = Printer { text, attributes, style };
            let one_line = printer.one_line(&compiled.tree);
            let lines = match layout {
                Layout::Lines { width_max_columns } if one_line.chars().count() > width_max_columns => {
                    Some(printer.lines(&compiled.tree, width_max_columns))
                }
                _ => None,
            };
            lines.into_iter().chain([one_line])
        })
        .find(fits)
        .or_else(|| Some(text.to_owned()))
}

/// The length that the service counts.
pub fn utf16_length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    /// Only what the reading needs.
    Compact,
}

#[derive(Clone, Copy)]
struct Printer<'a> {
    text: &'a str,
    attributes: &'a Attributes,
    style: Style,
}

/// Where a condition stands, for its parentheses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Nothing: the whole rule or the whole body of a quantifier.
    Nothing,
    /// A part of `-and`.
    And,
    /// A part of `-or`.
    Or,
    /// Behind `-not`.
    Not,
}

impl Printer<'_> {
    fn one_line(self, tree: &Expr) -> String {
        let mut out = String::with_capacity(self.text.len() + 16);
        self.expr(tree, Around::Nothing, false, &mut out);
        out
    }

    fn expr(self, expr: &Expr, around: Around, in_body: bool, out: &mut String) {
        let wrap = self.needs_parentheses(expr, around, in_body);
        if wrap {
            out.push('(');
        }
        match &expr.kind {
            ExprKind::And(parts) => self.chain(parts, " -and ", Around::And, in_body, out),
            ExprKind::Or(parts) => self.chain(parts, " -or ", Around::Or, in_body, out),
            ExprKind::Not { times, part } => {
                for _ in 0..*times {
                    out.push_str("-not ");
                }
                self.expr(part, Around::Not, in_body, out);
            }
            ExprKind::Comparison { left, operator, right, .. } => {
                self.operand(left, out);
                out.push(' ');
                out.push_str(operator.word());
                out.push(' ');
                self.operand(right, out);
            }
            ExprKind::Quantified { collection, quantifier, body, .. } => {
                self.operand(collection, out);
                out.push(' ');
                out.push_str(quantifier.word());
                out.push_str(" (");
                self.expr(body, Around::Nothing, true, out);
                out.push(')');
            }
            ExprKind::Reports { transitive, manager } => {
                out.push_str(if *transitive { "All Reports for " } else { "Direct Reports for " });
                self.operand(manager, out);
            }
            ExprKind::Hole => {}
        }
        if wrap {
            out.push(')');
        }
    }

    fn chain(self, parts: &[Expr], connective: &str, around: Around, in_body: bool, out: &mut String) {
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.push_str(connective);
            }
            self.expr(part, around, in_body, out);
        }
    }

    fn needs_parentheses(self, expr: &Expr, around: Around, in_body: bool) -> bool {
        match (&expr.kind, around) {
            (_, Around::Nothing) | (ExprKind::Hole | ExprKind::Not { .. }, _) => false,
            (ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Quantified { .. }, _) => true,
            (ExprKind::Comparison { .. } | ExprKind::Reports { .. }, _) => {
                self.style == Style::Plain && !in_body
            }
        }
    }

    fn operand(self, operand: &Operand, out: &mut String) {
        let raw = operand.span.of(self.text);
        match &operand.kind {
            OperandKind::Path => out.push_str(&self.path(raw)),
            OperandKind::Underscore => out.push('_'),
            OperandKind::Text => out.push_str(&string(raw)),
            OperandKind::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
            OperandKind::Null => out.push_str("null"),
            OperandKind::Now => out.push_str("system.now"),
            OperandKind::Literal => {
                out.push_str(raw.trim_matches(|c: char| matches!(c, '(' | ')') || c.is_whitespace()));
            }
            OperandKind::Word => out.push_str(raw),
            OperandKind::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push_str(if self.style == Style::Plain { ", " } else { "," });
                    }
                    self.operand(item, out);
                }
                out.push(']');
            }
            OperandKind::Sum { base, offsets } => {
                self.operand(base, out);
                for offset in offsets {
                    out.push_str(if offset.minus { " -minus " } else { " -plus " });
                    out.push_str(&offset.duration.span.of(self.text).to_ascii_uppercase());
                }
            }
            OperandKind::Hole => {}
        }
    }

    fn path(self, raw: &str) -> String {
        let Some((object, name)) = raw.split_once('.') else { return raw.to_owned() };
        if let Some(subject) = Subject::from_word(object) {
            let known =
                self.attributes.find(subject, name).filter(|attribute| !attribute.is_directory_extension());
            let name = known.as_ref().map_or(name, |attribute| attribute.name.as_ref());
            return format!("{}.{name}", subject.word());
        }
        if Kind::Plans.item_word().is_some_and(|word| word.eq_ignore_ascii_case(object)) {
            let field = PlanField::from_word(name);
            return format!("assignedPlan.{}", field.map_or(name, |field| field.word()));
        }
        if name.eq_ignore_ascii_case("objectId") {
            return format!("{}.objectId", object.to_ascii_lowercase());
        }
        raw.to_owned()
    }

    // ---- several lines ----

    fn lines(self, tree: &Expr, width: usize) -> String {
        let mut out = String::with_capacity(self.text.len() + 64);
        self.block(tree, Around::Nothing, 0, width, &mut out);
        out
    }

    /// `expr` from the current place on, which is `indent` levels deep; broken up if it is too wide.
    fn block(self, expr: &Expr, around: Around, indent: usize, width: usize, out: &mut String) {
        let mut flat = String::new();
        self.expr(expr, around, false, &mut flat);
        let room = width.saturating_sub(indent * INDENT_COLUMNS);
        let (parts, connective, inside) = match &expr.kind {
            ExprKind::And(parts) => (parts, "-and ", Around::And),
            ExprKind::Or(parts) => (parts, "-or ", Around::Or),
            ExprKind::Not { times, part } if flat.chars().count() > room => {
                for _ in 0..*times {
                    out.push_str("-not ");
                }
                return self.block(part, Around::Not, indent, width, out);
            }
            _ => return out.push_str(&flat),
        };
        if flat.chars().count() <= room {
            return out.push_str(&flat);
        }
        let wrap = around != Around::Nothing;
        let inner = if wrap { indent + 1 } else { indent };
        if wrap {
            out.push('(');
            new_line(inner, out);
        }
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                new_line(inner, out);
                out.push_str(connective);
            }
            self.block(part, inside, inner, width, out);
        }
        if wrap {
            new_line(indent, out);
            out.push(')');
        }
    }
}

/// A string in double quotes; one in parentheses loses them.
fn string(raw: &str) -> String {
    let bare = raw.trim_matches(|c: char| matches!(c, '(' | ')') || c.is_whitespace());
    literal::quoted(&literal::text_value(if raw.starts_with('(') { bare } else { raw }))
}

/// Blanks for each level of nesting.
const INDENT_COLUMNS: usize = 4;

fn new_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent * INDENT_COLUMNS));
}

#[cfg(test)]
mod tests {
    use super::super::compile::{Options, compile};
    use super::*;

    fn formatted(text: &str, layout: Layout) -> String {
        let compiled = compile(text, Options::default());
        format(text, &compiled, Attributes::standard(), layout).expect(text)
    }

    fn one_line(text: &str) -> String {
        formatted(text, Layout::OneLine)
    }

    #[test]
    fn spelling_quotes_and_parentheses_become_canonical() {
        for (written, printed) in [
            ("user.city EQ 'Oslo'", r#"user.city -eq "Oslo""#),
            ("((USER.City -eq $NULL))", "user.city -eq null"),
            (
                r#"user.city -eq "a" -or user.city -eq "b" -and user.accountEnabled -eq True"#,
                r#"(user.city -eq "a") -or ((user.city -eq "b") -and (user.accountEnabled -eq true))"#,
            ),
            ("not (not user.city in ['a' ,'b'])", r#"-not -not (user.city -in ["a", "b"])"#),
            (
                "user.proxyaddresses -any _ -startsWith 'smtp:' -or _ -contains \"x\"",
                r#"user.proxyAddresses -any (_ -startsWith "smtp:" -or _ -contains "x")"#,
            ),
            (
                "user.employeehiredate -ge (system.now -plus p1d)",
                "user.employeeHireDate -ge system.now -plus P1D",
            ),
            ("direct reports for 'x'", r#"Direct Reports for "x""#),
            (
                "user.memberof -any (GROUP.objectid -in ['x'])",
                r#"user.memberOf -any (group.objectId -in ["x"])"#,
            ),
            ("user.surname -eq 'O''Brien'", r#"user.surname -eq "O''Brien""#),
        ] {
            assert_eq!(one_line(written), printed, "{written}");
            assert_eq!(one_line(printed), printed, "idempotent");
        }
    }

    #[test]
    fn long_rules_break_at_connectives() {
        let layout = Layout::Lines { width_max_columns: 60 };
        let text = r#"(user.department -eq "Sales") -and ((user.city -eq "Oslo") -or (user.city -eq "Bergen") -or (user.city -eq "Tromsø"))"#;
        insta::assert_snapshot!(formatted(text, layout), @r#"
        (user.department -eq "Sales")
        -and (
            (user.city -eq "Oslo")
            -or (user.city -eq "Bergen")
            -or (user.city -eq "Tromsø")
        )
        "#);
        assert_eq!(formatted(&formatted(text, layout), layout), formatted(text, layout));
    }

    #[test]
    fn a_rule_at_the_length_limit_stays_valid() {
        let condition = "user.city eq 'x' or ";
        let mut text = condition.repeat(152);
        text.push_str("user.city eq 'last'");
        let compiled = compile(&text, Options::default());
        assert!(compiled.rule.is_some());
        assert_eq!(
            format(&text, &compiled, Attributes::standard(), Layout::OneLine).as_deref(),
            Some(text.as_str())
        );
    }
}
