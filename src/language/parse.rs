//! Rule text to tree. Nothing outside this file names the parser generator.

use super::lex::{self, Spanned};
use super::repair;
use super::tree::{Expr, ExprKind, TooDeep};
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
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
    let mut diagnostics = lexed.diagnostics;
    let mut deep = TooDeep::new();
    let tree = if let Ok(tree) = read(&lexed.tokens, &mut deep) {
        tree
    } else {
        deep.clear();
        let repaired = repair::repair(text, &lexed.tokens);
        diagnostics.extend(repaired.diagnostics);
        read(&repaired.tokens, &mut deep).unwrap_or_else(|()| {
            diagnostics.push(unexpected(text, &repaired.tokens));
            Expr::leaf(ExprKind::Hole, Span::new(0, text.len()))
        })
    };
    diagnostics.extend(deep.first().map(|&span| too_deep(span)));
    Parsed { tree, diagnostics }
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
