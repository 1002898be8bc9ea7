//! Rule text to tree. Nothing outside this file names the parser generator.

use super::excerpt::excerpt;
use super::lex::{self, Lexed, Spanned};
use super::repair;
use super::token::Token;
use super::tree::{Expr, ExprKind, TooDeep};
use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::limits;
use crate::base::span::Span;

#[rustfmt::skip]
#[expect(
    warnings, unreachable_pub, missing_docs, clippy::pedantic, clippy::unwrap_used, clippy::panic,
    clippy::indexing_slicing, clippy::allow_attributes_without_reason, clippy::unimplemented,
    reason = "written by the parser generator from grammar/rule.lalrpop"
)]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/rule.rs"));
}

/// A tree and what was wrong on the way to it. Where something was wrong, the tree has holes.
#[derive(Debug)]
pub struct Parsed {
    /// The condition.
    pub tree: Expr,
    /// Findings in the order in which they were made.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a rule.
///
/// ```
/// use dyngroup::language::parse::parse;
/// assert!(parse("user.city -eq \"Oslo\"").diagnostics.is_empty());
/// let broken = parse("(user.city -eq \"Oslo\") (user.city -eq \"Bergen\")");
/// assert_eq!(broken.diagnostics[0].code.id, "DG0201");
/// ```
pub fn parse(text: &str) -> Parsed {
    let lexed = lex::lex(text);
    let mut deep = TooDeep::new();
    let found = read(&lexed.tokens, &mut deep);
    let (tree, mut diagnostics) = match found {
        Ok(tree) if !lexed.diagnostics.iter().any(Diagnostic::is_error) => {
            let mut diagnostics = lexed.diagnostics;
            diagnostics.extend(swallowed(text, &lexed.tokens));
            (tree, diagnostics)
        }
        _ => {
            deep.clear();
            let is_short = text.len() <= REREAD_MAX_BYTES;
            mend(text, if is_short { lex::reread(text) } else { lexed }, &mut deep)
        }
    };
    diagnostics.extend(deep.first().map(|&span| too_deep(span)));
    Parsed { tree, diagnostics }
}

/// Longest text that is cut a second time, in bytes. A longer one is refused anyway, and looking around
/// at every place costs time.
const REREAD_MAX_BYTES: usize = 4 * limits::RULE_LENGTH_MAX_UTF16;

/// Reads a rule that is broken.
fn mend(text: &str, lexed: Lexed<'_>, deep: &mut TooDeep) -> (Expr, Vec<Diagnostic>) {
    let mut diagnostics = lexed.diagnostics;
    if let Ok(tree) = read(&lexed.tokens, deep) {
        return (tree, diagnostics);
    }
    deep.clear();
    let repaired = repair::repair(text, &lexed.tokens);
    diagnostics.extend(repaired.diagnostics);
    let tree = read(&repaired.tokens, deep).unwrap_or_else(|()| {
        diagnostics.push(unexpected(text, &repaired.tokens));
        Expr::leaf(ExprKind::Hole, Span::new(0, text.len()))
    });
    (tree, diagnostics)
}

/// Strings that hold a condition: the rule can be read, but hardly as it was meant.
fn swallowed<'a>(text: &'a str, tokens: &'a [Spanned<'_>]) -> impl Iterator<Item = Diagnostic> + 'a {
    let spans = tokens.iter().filter_map(|&(start, token, end)| match token {
        Token::Text(string) if lex::holds_condition(string) => Some(Span::new(start, end)),
        _ => None,
    });
    spans.map(|span| {
        let message = format!("the string `{}` holds a condition", excerpt(span.of(text)));
        Diagnostic::new(&code::UNTERMINATED_STRING, span, message)
            .severity(Severity::Warning)
            .help("a quote may be missing inside it")
    })
}

fn read(tokens: &[Spanned<'_>], deep: &mut TooDeep) -> Result<Expr, ()> {
    grammar::RuleParser::new().parse(deep, tokens.iter().copied()).map_err(|_| ())
}

/// Repair left something that the grammar does not take. A property test shows that this does not
/// happen; were it to, the rule is still refused with an answer.
fn unexpected(text: &str, tokens: &[Spanned<'_>]) -> Diagnostic {
    let first = tokens.first().map_or(0, |&(start, _, _)| start);
    Diagnostic::new(&code::UNEXPECTED_TOKEN, Span::new(first, text.len()), "the rule cannot be read")
        .help("a condition is attribute, operator, value; conditions are joined by `-and` and `-or`")
}

fn too_deep(span: Span) -> Diagnostic {
    let most = limits::TREE_DEPTH_MAX_LEVELS;
    Diagnostic::new(&code::TOO_DEEP, span, format!("conditions nest more than {most} levels deep"))
        .help("split the rule, or join conditions of one kind without nesting")
}
