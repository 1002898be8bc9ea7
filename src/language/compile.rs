//! The front door: rule text to typed rule, with everything there is to say about it.

use std::borrow::Cow;
use std::sync::Arc;

use super::attribute::{Attributes, Subject};
use super::check::{self, Terms};
use super::condition::Condition;
use super::dialect::Dialect;
use super::excerpt;
use super::extent;
use super::parse;
use super::tree::Expr;
use super::typed::TypedRule;
use crate::base::code;
use crate::base::diagnostic::Diagnostic;
use crate::base::limits;
use crate::base::span::Span;

/// How rules are read.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The dialect.
    pub dialect: Dialect,
    /// The kind of object that is wanted; `None` takes what the rule names.
    pub subject: Option<Subject>,
    /// The names that rules may use.
    pub attributes: &'a Attributes,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self { dialect: Dialect::Entra, subject: None, attributes: Attributes::standard() }
    }
}

/// What is known about a rule text.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The rule, if it was accepted.
    pub rule: Option<TypedRule>,
    /// What it selects, as far as it says so.
    pub subject: Option<Subject>,
    /// The rule as written, with holes where it could not be read.
    pub tree: Expr,
    /// The comparisons that were understood, in the order of the text.
    pub conditions: Vec<Condition>,
    /// Findings of this stage in the order of the text; lints come from [`super::lint`].
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads and checks a rule.
///
/// ```
/// use dyngroup::language::compile::{compile, Options};
/// let good = compile("user.department -eq \"Sales\"", Options::default());
/// assert!(good.rule.is_some());
/// let bad = compile("user.departmnt -eq \"Sales\"", Options::default());
/// assert_eq!(bad.diagnostics[0].help.as_deref(), Some("did you mean `department`?"));
/// ```
pub fn compile(text: &str, options: Options<'_>) -> Compiled {
    if text.len() > limits::RULE_TEXT_MAX_BYTES {
        return unread(text);
    }
    let mut diagnostics = Vec::new();
    diagnostics.extend(too_long(text));
    let parsed = parse::parse(text);
    diagnostics.extend(parsed.diagnostics);
    let tree = extent::settle(parsed.tree, text, options.dialect, &mut diagnostics);
    let terms = Terms { dialect: options.dialect, subject: options.subject, attributes: options.attributes };
    let checked = check::check(text, &tree, terms);
    diagnostics.extend(checked.diagnostics);
    diagnostics.sort_by_key(|finding| (finding.span, finding.code.id));
    cap(&mut diagnostics);
    shorten(&mut diagnostics);
    let accepted = !diagnostics.iter().any(Diagnostic::is_error);
    let rule = checked.root.zip(checked.subject).filter(|_| accepted).map(|(root, subject)| TypedRule {
        text: Arc::from(text),
        subject,
        dialect: options.dialect,
        root,
    });
    Compiled { rule, subject: checked.subject, tree, conditions: checked.conditions, diagnostics }
}

/// A text that is far beyond any rule is not even read.
fn unread(text: &str) -> Compiled {
    let tree = Expr::leaf(super::tree::ExprKind::Hole, Span::new(0, text.len()));
    let diagnostics = too_long(text).into_iter().collect();
    Compiled { rule: None, subject: None, tree, conditions: Vec::new(), diagnostics }
}

fn too_long(text: &str) -> Option<Diagnostic> {
    let most = limits::RULE_LENGTH_MAX_UTF16;
    if text.len() <= most {
        return None;
    }
    let mut units = 0;
    let mut cut = text.len();
    for (at, character) in text.char_indices() {
        units += character.len_utf16();
        if units > most {
            cut = cut.min(at);
        }
    }
    (units > most).then(|| {
        Diagnostic::new(
            &code::RULE_TOO_LONG,
            Span::new(cut, text.len()),
            format!("the rule has {units} characters, {most} are allowed"),
        )
        .help("join `-eq` chains into `-in` lists, or split the rule over several groups")
    })
}

/// A message may quote the rule; it has to stay readable where that is very long.
fn shorten(diagnostics: &mut [Diagnostic]) {
    for finding in diagnostics {
        let texts = [Some(&mut finding.message), finding.help.as_mut(), finding.service_message.as_mut()];
        for text in texts.into_iter().flatten() {
            if let Cow::Owned(short) = excerpt::readable(text) {
                *text = short;
            }
        }
    }
}

/// Keeps the first findings; a broken text can have one for each word.
fn cap(diagnostics: &mut Vec<Diagnostic>) {
    let most = limits::DIAGNOSTICS_PER_RULE_MAX;
    let Some(beyond) = diagnostics.get(most) else { return };
    let more = diagnostics.len() - most;
    let note =
        Diagnostic::new(&code::MORE_FINDINGS, beyond.span, format!("{more} more findings are not listed"))
            .help("mend the ones above first");
    diagnostics.truncate(most);
    diagnostics.push(note);
}
