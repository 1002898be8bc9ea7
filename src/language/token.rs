//! The shapes that logos finds in a rule, and the tokens that the grammar reads.

use logos::Logos;

use super::keyword::{Operator, Word};

/// A shape in the text. Words are looked up after lexing, so that `-india` is one unknown operator and
/// not `-in` with a tail.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n\x0B\x0C]+")]
pub enum Shape {
    /// `(`
    #[token("(")]
    Open,
    /// `)`
    #[token(")")]
    Close,
    /// `[`
    #[token("[")]
    ListOpen,
    /// `]`
    #[token("]")]
    ListClose,
    /// `,`
    #[token(",")]
    Comma,
    /// `"…"`: a run of backticks before a quote escapes it.
    #[regex(r#""([^"`]|`+"|`+[^"`])*""#)]
    DoubleQuoted,
    /// `'…'`: a doubled apostrophe stands for one.
    #[regex(r"'([^']|'')*'")]
    SingleQuoted,
    /// A quote that is never closed; runs to the end of the text.
    #[regex(r#""([^"`]|`+"|`+[^"`])*`*"#)]
    #[regex(r"'([^']|'')*")]
    Unclosed,
    /// A string in typographic quotes, closed by any quote.
    #[regex(r#"[“”„‟«»″＂]([^“”„‟«»″＂"])*[“”„‟«»″＂"]"#)]
    #[regex(r"[‘’‚‛‹›]([^‘’‚‛‹›'])*[‘’‚‛‹›']")]
    Curly,
    /// A typographic quote without a partner.
    #[regex(r#"[“”„‟«»″＂]([^“”„‟«»″＂"])*"#)]
    #[regex(r"[‘’‚‛‹›]([^‘’‚‛‹›'])*")]
    CurlyUnclosed,
    /// A string whose quotes carry the escapes of another language: `\"…\"`, `` `"…`" `` or `&quot;…&quot;`.
    #[regex(r#"\\+"([^"\\]|\\+[^"\\])*\\+""#)]
    #[regex(r"\\+'([^'\\]|\\+[^'\\])*\\+'")]
    #[regex(r"&(quot|apos|#34|#39);([^&]|&amp;)*&(quot|apos|#34|#39);")]
    #[regex(r#"`"([^"`]|`+[^"`])*`+""#)]
    EscapedQuoted,
    /// `user.department`, `assignedPlan.service`, `system.now`.
    #[regex(r"[\p{L}_][\p{L}\p{M}\p{N}_]*(\.[\p{L}\p{M}\p{N}_]+)+")]
    Path,
    /// `user.` with its name missing or after a blank.
    #[regex(r"[\p{L}_][\p{L}\p{M}\p{N}_]*\.")]
    PathStart,
    /// A word without a hyphen: operator, literal or a mistake.
    #[regex(r"[\p{L}_][\p{L}\p{M}\p{N}_]*")]
    Word,
    /// A word behind a hyphen or dash.
    #[regex(r"[-–—−‐‑]\p{L}[\p{L}\p{M}\p{N}_]*")]
    DashWord,
    /// A hyphen or dash with nothing behind it.
    #[regex(r"[-–—−‐‑]")]
    Dash,
    /// `$null`, `$true`, `$name`.
    #[regex(r"\$[\p{L}_][\p{L}\p{M}\p{N}_]*")]
    Dollar,
    /// A number, date-time or whatever begins with a digit.
    #[regex(r"[0-9][\p{L}\p{N}:.+\-_]*")]
    Digits,
    /// A GUID without quotes.
    #[regex(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")]
    Guid,
    /// Operators of other languages.
    #[regex(r"(=|!|<|>|&|\||&amp;|&lt;|&gt;)+")]
    Symbol,
}

/// A token of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'text> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    ListOpen,
    /// `]`
    ListClose,
    /// `,`
    Comma,
    /// `-and`
    And,
    /// `-or`
    Or,
    /// `-not`
    Not,
    /// `-any`
    Any,
    /// `-all`
    All,
    /// `-plus`
    Plus,
    /// `-minus`
    Minus,
    /// A comparison operator.
    Compare(Operator),
    /// `Direct Reports for`, or with `true` the extended `All Reports for`.
    Reports(bool),
    /// Words joined by dots.
    Path(&'text str),
    /// `_`
    Underscore,
    /// A string with its quotes, straight or not.
    Text(&'text str),
    /// `true`, `false`
    Boolean(bool),
    /// `null`, `$null`
    Null,
    /// `system.now`
    Now,
    /// A number, date-time or GUID, without quotes.
    Literal(&'text str),
    /// Any other word.
    Word(&'text str),
    /// Something that was reported already and that stands where an operand belongs.
    Hole,
    /// Something that was reported already and that stands where a condition belongs.
    Broken,
    /// A word or symbol where an operator may be meant. In no production: it always leads to repair.
    UnknownOperator(&'text str),
}

impl Token<'_> {
    /// The token of an operator word.
    pub const fn of_word(word: Word) -> Self {
        match word {
            Word::And => Self::And,
            Word::Or => Self::Or,
            Word::Not => Self::Not,
            Word::Any => Self::Any,
            Word::All => Self::All,
            Word::Plus => Self::Plus,
            Word::Minus => Self::Minus,
            Word::Compare(operator) => Self::Compare(operator),
        }
    }
}
