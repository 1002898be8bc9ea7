//! Edits that keep the text a rule: blanks where tokens would run together, escapes in literals.

use super::super::condition::Condition;
use super::super::keyword::Operator;
use super::super::literal;
use super::super::tree::Expr;
use crate::base::diagnostic::Edit;
use crate::base::span::Span;

/// Takes the parts of `container` with the indexes in `gone` out, connectives included. Where one part in
/// parentheses is left, the parentheses of the container go too. `None` if no part would be left.
pub(super) fn without(text: &str, container: &Expr, gone: &[usize]) -> Option<Vec<Edit>> {
    let parts = container.parts();
    let kept: Vec<usize> = (0..parts.len()).filter(|index| !gone.contains(index)).collect();
    let span = |index: usize| parts.get(index).map(Expr::outer_span);
    let (&first, &last) = (kept.first()?, kept.last()?);
    if let (Some(outer), Some(only)) = (container.wrapped, parts.get(first).filter(|_| first == last))
        && let Some(inner) = only.wrapped
    {
        let around = [Span::new(outer.start, inner.start), Span::new(inner.end, outer.end)];
        return Some(around.map(|span| deletion(text, span)).into());
    }
    let mut edits = Vec::new();
    if first > 0 {
        edits.push(deletion(text, Span::new(span(0)?.start, span(first)?.start)));
    }
    for pair in kept.windows(2) {
        let &[before, after] = pair else { continue };
        if after > before + 1 {
            edits.push(deletion(text, Span::new(span(before)?.end, span(after - 1)?.end)));
        }
    }
    if last + 1 < parts.len() {
        edits.push(deletion(text, Span::new(span(last)?.end, span(parts.len() - 1)?.end)));
    }
    Some(edits)
}

/// Deletes `span`; a blank stays where the text on both sides would run together.
fn deletion(text: &str, span: Span) -> Edit {
    let before = text.get(..span.start).and_then(|before| before.chars().next_back());
    let after = text.get(span.end..).and_then(|after| after.chars().next());
    let parts_from_left = before.is_none_or(|c| c.is_whitespace() || c == '(');
    let parts_from_right = after.is_none_or(|c| c.is_whitespace() || c == ')');
    Edit::new(span, if parts_from_left || parts_from_right { "" } else { " " })
}

/// Parentheses around `span`.
pub(super) fn wrap(span: Span) -> [Edit; 2] {
    [Edit::new(Span::at(span.start), "("), Edit::new(Span::at(span.end), ")")]
}

/// Another operator and value for a comparison. `value` is a literal as the text shall have it.
pub(super) fn operator_and_value(
    text: &str,
    condition: &Condition,
    operator: Operator,
    value: &str,
) -> Vec<Edit> {
    vec![Edit::new(condition.operator_span, operator.word()), other_value(text, condition.right, value)]
}

/// `value` in place of the literal at `span`. A string needs no blank before it, a word does.
pub(super) fn other_value(text: &str, span: Span, value: &str) -> Edit {
    let before = text.get(..span.start).and_then(|before| before.chars().next_back());
    let runs_together = before.is_some_and(char::is_alphanumeric) && value.starts_with(char::is_alphanumeric);
    Edit::new(span, format!("{}{value}", if runs_together { " " } else { "" }))
}

/// `added`, which begins with a blank, behind what ends at `at`; what follows may need one too.
pub(super) fn appended(text: &str, at: usize, added: &str) -> Edit {
    let after = text.get(at..).and_then(|after| after.chars().next());
    let runs_together = after.is_some_and(|c| !c.is_whitespace() && c != ')');
    Edit::new(Span::at(at), format!("{added}{}", if runs_together { " " } else { "" }))
}

/// `value` as a literal in the quotes that `raw`, another literal, has.
pub(super) fn quoted_like(raw: &str, value: &str) -> String {
    if raw.starts_with('\'') { format!("'{}'", value.replace('\'', "''")) } else { literal::quoted(value) }
}

#[cfg(test)]
mod tests {
    use super::super::super::parse::parse;
    use super::*;
    use crate::base::diagnostic::Fix;

    fn left(text: &str, gone: &[usize]) -> Option<String> {
        let tree = parse(text).tree;
        Fix::safe(without(text, &tree, gone)?).applied_to(text)
    }

    #[test]
    fn parts_go_with_their_connective() {
        let rule = "(user.a -eq \"1\")-and(user.b -eq \"2\")  -and user.c -eq \"3\"";
        assert_eq!(left(rule, &[0]).unwrap(), "(user.b -eq \"2\")  -and user.c -eq \"3\"");
        assert_eq!(left(rule, &[1]).unwrap(), "(user.a -eq \"1\")  -and user.c -eq \"3\"");
        assert_eq!(left(rule, &[2]).unwrap(), "(user.a -eq \"1\")-and(user.b -eq \"2\")");
        assert_eq!(left(rule, &[0, 1]).unwrap(), "user.c -eq \"3\"");
        assert_eq!(left(rule, &[1, 2]).unwrap(), "(user.a -eq \"1\")");
        assert_eq!(left(rule, &[0, 1, 2]), None);
    }

    #[test]
    fn parentheses_in_parentheses_go() {
        assert_eq!(
            left("((user.a -eq \"1\") -and ((user.b -eq \"2\")) -and user.c -eq \"3\")", &[0, 2]).unwrap(),
            "((user.b -eq \"2\"))"
        );
        assert_eq!(left("((user.a -eq \"1\") -and user.b -eq \"2\")", &[0]).unwrap(), "(user.b -eq \"2\")");
    }

    #[test]
    fn words_do_not_run_together() {
        let text = "x -or(user.a -eq 'b')-and user.c -eq 'd'";
        let edit = deletion(text, Span::new(5, 26));
        assert_eq!(Fix::safe(vec![edit]).applied_to(text).unwrap(), "x -or user.c -eq 'd'");
        assert_eq!(other_value("x -eq'a'", Span::new(5, 8), "null").text, " null");
        assert_eq!(other_value("x -eq'a'", Span::new(5, 8), "'b'").text, "'b'");
        assert_eq!(appended("(a)-or(b)", 3, " -and c").text, " -and c ");
        assert_eq!(appended("(a)", 2, " -and c").text, " -and c");
    }

    #[test]
    fn quotes_stay_of_their_kind() {
        assert_eq!(quoted_like("'x'", "it's"), "'it''s'");
        assert_eq!(quoted_like("\"x\"", "say \"it's\""), "\"say `\"it''s`\"\"");
    }
}
