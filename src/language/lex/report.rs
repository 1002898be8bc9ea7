//! What is said about characters, words and quotes.

use crate::base::code;
use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::language::excerpt::excerpt;
use crate::language::keyword::Word;
use crate::language::literal;
use crate::language::token::Token;

// ---- operators ----

pub(super) fn missing_blank(text: &str, operator: Span) -> Diagnostic {
    Diagnostic::new(
        &code::MISSING_BLANK,
        operator,
        format!("`{}` needs a blank before it", operator.of(text)),
    )
    .help("put a blank between the operator and what stands before it")
    .fix(Fix::safe(vec![Edit::new(Span::at(operator.start), " ")]))
}

pub(super) fn blank_behind(text: &str, operator: Span) -> Diagnostic {
    Diagnostic::new(
        &code::MISSING_BLANK,
        operator,
        format!("`{}` needs a blank behind it", operator.of(text)),
    )
    .help("put a blank between the operator and what follows it")
    .fix(Fix::safe(vec![Edit::new(Span::at(operator.end), " ")]))
}

pub(super) fn typographic_dash(dash_span: Span, dash: char, bare: &str) -> Diagnostic {
    Diagnostic::new(&code::L25, dash_span, format!("`{dash}` is a typographic dash, not a hyphen"))
        .help(format!("write `-{bare}`; dashes come from text processors and web pages"))
        .fix(Fix::safe(vec![Edit::new(dash_span, "-")]))
}

pub(super) fn detached(whole: Span, word_span: Span, word: Word) -> Diagnostic {
    Diagnostic::new(&code::DETACHED_HYPHEN, whole, "a blank stands between the hyphen and its operator")
        .help(format!("write `{}`", word.written()))
        .fix(Fix::safe(vec![Edit::new(Span::new(whole.start, word_span.start), "-")]))
}

pub(super) fn doubled_dash(text: &str, dash: Span) -> Diagnostic {
    let written = dash.of(text);
    Diagnostic::new(&code::INVALID_CHARACTER, dash, "an operator has one hyphen, not two")
        .help("take one of them out")
        .service_message(format!("Invalid characters found in the rule: {written}"))
        .fix(Fix::safe(vec![Edit::new(dash, "")]))
}

/// `system.now + P1D`.
pub(super) fn arithmetic_sign(text: &str, sign: Span, word: Word) -> Diagnostic {
    let written = word.written();
    let text_behind = text.get(sign.end..).unwrap_or_default();
    let blank = if text_behind.starts_with(char::is_whitespace) { "" } else { " " };
    Diagnostic::new(&code::UNKNOWN_OPERATOR, sign, format!("`{}` is no operator", sign.of(text)))
        .help(format!("this language writes `{written}`"))
        .fix(Fix::guess(vec![Edit::new(sign, format!("{written}{blank}"))]))
}

/// `/any` of `OData`.
pub(super) fn foreign_quantifier(text: &str, span: Span, word: Word) -> Diagnostic {
    Diagnostic::new(&code::FOREIGN_SYNTAX, span, format!("`{}` is OData, not a rule", span.of(text)))
        .help(format!("write `{}` with a blank on each side", word.written()))
}

// ---- words ----

pub(super) fn dollar(text: &str, span: Span, token: Token<'_>) -> Diagnostic {
    let written = span.of(text);
    let bare = written.trim_start_matches('$');
    let finding = Diagnostic::new(
        &code::DOLLAR_WORD,
        span,
        format!("`{}` is PowerShell, not a rule", excerpt(written)),
    );
    match token {
        Token::Boolean(_) => finding
            .help(format!("write `{bare}` without the dollar sign"))
            .fix(Fix::safe(vec![Edit::new(span, bare.to_ascii_lowercase())])),
        Token::Path(path) => finding
            .help(format!("write `{path}` without the dollar sign"))
            .fix(Fix::safe(vec![Edit::new(span, path)])),
        _ => finding.help("a variable was not filled in: put its value here, in quotes"),
    }
}

/// `$_.city`.
pub(super) fn pipeline_variable(text: &str, span: Span, attribute: &str) -> Diagnostic {
    let written = excerpt(span.of(text));
    Diagnostic::new(&code::DOLLAR_WORD, span, format!("`{written}` is PowerShell, not a rule"))
        .help(format!("write `user.{attribute}`"))
        .fix(Fix::guess(vec![Edit::new(span, format!("user.{attribute}"))]))
}

/// `{{city}}`, `<city>` or `%city%` where a value belongs.
pub(super) fn placeholder(text: &str, span: Span) -> Diagnostic {
    let written = excerpt(span.of(text));
    Diagnostic::new(&code::INVALID_CHARACTER, span, format!("`{written}` is a placeholder of a template"))
        .help("a variable was not filled in: put its value here, in quotes")
}

/// `user. city`, `user/city`.
pub(super) fn broken_name(text: &str, object: Span, gap: Span, name: Span) -> Diagnostic {
    let meant = format!("{}.{}", object.of(text).trim_end_matches('.'), name.of(text));
    let written = gap.of(text).trim();
    let message = if written.is_empty() {
        "a blank stands inside the attribute name".to_owned()
    } else {
        format!("`{}` stands inside the attribute name", excerpt(written))
    };
    let edit = if object.of(text).ends_with('.') { "" } else { "." };
    Diagnostic::new(&code::STRAY_TEXT, gap, message)
        .help(format!("write `{}`", excerpt(&meant)))
        .fix(Fix::safe(vec![Edit::new(gap, edit)]))
}

/// `user.` and no name.
pub(super) fn no_name(text: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        &code::MISSING_ATTRIBUTE,
        span,
        format!("no attribute follows `{}`", excerpt(span.of(text))),
    )
    .help("name an attribute after the dot, such as `user.department`")
}

/// `[user.city]`, with the name at `name`.
pub(super) fn enclosed_name(text: &str, whole: Span, name: Span) -> Diagnostic {
    let meant = name.of(text);
    let edits = vec![
        Edit::new(Span::new(whole.start, name.start), ""),
        Edit::new(Span::new(name.end, whole.end), ""),
    ];
    Diagnostic::new(&code::STRAY_TEXT, whole, "an attribute stands in no brackets or quotes")
        .help(format!("write `{}`", excerpt(meant)))
        .fix(Fix::safe(edits))
}

// ---- strings ----

/// A string from its opening quote to where it seems to end.
pub(super) fn unclosed(text: &str, string: Span) -> Diagnostic {
    let quote = string.of(text).get(..1).unwrap_or("\"");
    Diagnostic::new(&code::UNTERMINATED_STRING, string, "this string has no closing quote")
        .help(format!(
            "close it with `{quote}`; to write the quote itself inside, escape it: `` `\" `` or `''`"
        ))
        .fix(Fix::guess(vec![Edit::new(Span::at(string.end), quote)]))
}

/// A string from where it seems to begin to its closing quote.
pub(super) fn unopened(text: &str, string: Span) -> Diagnostic {
    let last = string.of(text).chars().next_back().unwrap_or('"');
    if literal::is_curly(last) {
        return curly(text, string);
    }
    Diagnostic::new(&code::UNTERMINATED_STRING, string, "this string has no opening quote")
        .help(format!("open it with `{last}`"))
        .fix(Fix::guess(vec![Edit::new(Span::at(string.start), last)]))
}

/// A quote that opens and closes nothing.
pub(super) fn lone_quote(text: &str, quote: Span) -> Diagnostic {
    Diagnostic::new(
        &code::UNTERMINATED_STRING,
        quote,
        format!("this `{}` opens or closes no string", quote.of(text)),
    )
    .help("take it out")
    .fix(Fix::guess(vec![Edit::new(quote, "")]))
}

/// A string that begins with one kind of straight quote and ends with the other.
pub(super) fn unlike_quotes(text: &str, string: Span) -> Diagnostic {
    let slice = string.of(text);
    let first = slice.get(..1).unwrap_or("\"");
    let last = slice.get(slice.len() - 1..).unwrap_or("'");
    let inner = slice.get(1..slice.len() - 1).unwrap_or_default();
    Diagnostic::new(
        &code::UNTERMINATED_STRING,
        string,
        format!("this string begins with `{first}` and ends with `{last}`"),
    )
    .help(format!("end it with `{first}` too"))
    .fix(Fix::guess(vec![Edit::new(string, literal::quoted(inner))]))
}

/// A string that holds its own quote without an escape.
pub(super) fn inner_quotes(text: &str, string: Span) -> Diagnostic {
    let slice = string.of(text);
    let quote = slice.chars().next().unwrap_or('"');
    let inner = slice.get(1..slice.len().saturating_sub(1)).unwrap_or_default().replace("\\\"", "\"");
    let trimmed = inner.trim_matches(quote);
    let finding = Diagnostic::new(
        &code::UNTERMINATED_STRING,
        string,
        format!("this string holds `{quote}` without an escape"),
    );
    if !trimmed.contains(quote) {
        return finding
            .help("one quote on each side is enough")
            .fix(Fix::guess(vec![Edit::new(string, format!("{quote}{trimmed}{quote}"))]));
    }
    let value = literal::text_value(&format!("{quote}{inner}{quote}")).into_owned();
    finding
        .help("a quote inside a string is written `` `\" ``, an apostrophe `''`")
        .fix(Fix::guess(vec![Edit::new(string, literal::quoted(&value))]))
}

/// `""Sales""`, as CSV and some shells write it.
pub(super) fn doubled_quotes(text: &str, string: Span) -> Diagnostic {
    let slice = string.of(text);
    let quote = slice.chars().next().unwrap_or('"');
    let inner = slice.get(2..slice.len().saturating_sub(2)).unwrap_or_default();
    Diagnostic::new(&code::LEFTOVER_ESCAPE, string, "the quotes of this string are doubled")
        .help("CSV files and command lines double quotes; the rule itself has one on each side")
        .fix(Fix::safe(vec![Edit::new(string, format!("{quote}{inner}{quote}"))]))
}

/// `@example.com"* "`: quotes somewhere in a value.
pub(super) fn misplaced_quotes(text: &str, value: Span) -> Diagnostic {
    let written = value.of(text);
    let meant: String = written.chars().filter(|&c| c != '"' && !literal::is_curly(c)).collect();
    Diagnostic::new(
        &code::UNTERMINATED_STRING,
        value,
        format!("the quotes of `{}` do not stand around it", excerpt(written)),
    )
    .help("quotes stand around the whole value")
    .fix(Fix::guess(vec![Edit::new(value, literal::quoted(meant.trim()))]))
}

/// `*null*`, with the value at `inner`.
pub(super) fn emphasis(text: &str, whole: Span, inner: Span) -> Diagnostic {
    let mark = Span::new(whole.start, inner.start).of(text);
    Diagnostic::new(
        &code::LEFTOVER_ESCAPE,
        whole,
        format!("`{mark}` around a value is the emphasis of Markdown, not a rule"),
    )
    .help(format!("write `{}`", excerpt(inner.of(text))))
    .fix(Fix::safe(vec![
        Edit::new(Span::new(whole.start, inner.start), ""),
        Edit::new(Span::new(inner.end, whole.end), ""),
    ]))
}

/// A string with a typographic quote at its beginning, its end or both; or with none at one side.
pub(super) fn curly(text: &str, string: Span) -> Diagnostic {
    let slice = string.of(text);
    let is_quote = |c: &char| literal::is_curly(*c) || matches!(c, '"' | '\'');
    let first = slice.chars().next().filter(is_quote);
    let last = slice.chars().next_back().filter(is_quote);
    let last =
        last.filter(|last| first.is_none_or(|first| slice.len() > first.len_utf8().max(last.len_utf8())));
    let typographic = first.filter(|&c| literal::is_curly(c)).map(|c| (string.start, c));
    let behind = last.filter(|&c| literal::is_curly(c)).map(|c| (string.end - c.len_utf8(), c));
    let (at, quote) = typographic.or(behind).unwrap_or((string.start, '“'));
    let inner_start = first.map_or(0, char::len_utf8);
    let inner = slice.get(inner_start..slice.len() - last.map_or(0, char::len_utf8)).unwrap_or_default();
    // A straight quote that stands there already is kept.
    let kept = [first, last].into_iter().flatten().find(|&c| !literal::is_curly(c));
    let usual = if literal::is_single_curly(quote) { '\'' } else { '"' };
    let straight = match kept.unwrap_or(usual) {
        quote if inner.contains(quote) && !inner.contains(other_quote(quote)) => other_quote(quote),
        quote => quote,
    };
    let mut edits = vec![Edit::new(Span::new(string.start, string.start + inner_start), straight)];
    edits.push(Edit::new(Span::new(string.start + inner_start + inner.len(), string.end), straight));
    edits.retain(|edit| edit.span.of(text) != edit.text);
    let finding = curly_finding(Span::new(at, at + quote.len_utf8()), quote, straight);
    let complete = first.is_some() && last.is_some() && !inner.contains(straight);
    finding.fix(if complete { Fix::safe(edits) } else { Fix::guess(edits) })
}

fn other_quote(quote: char) -> char {
    if quote == '"' { '\'' } else { '"' }
}

fn curly_finding(span: Span, quote: char, straight: char) -> Diagnostic {
    Diagnostic::new(&code::L26, span, format!("`{quote}` is a typographic quote; strings need straight ones"))
        .help(format!("write `{straight}`; typographic quotes come from text processors and web pages"))
        .service_message(format!("Invalid characters found in the rule: {quote}"))
}

/// `\"Sales\"`, `` `"Sales`" ``, `&quot;Sales&quot;`.
pub(super) fn escaped(text: &str, string: Span) -> Diagnostic {
    let slice = string.of(text);
    let (escape, inner) = if slice.starts_with('&') {
        let inner = slice.split_once(';').and_then(|(_, rest)| rest.rsplit_once('&'));
        (slice.split_inclusive(';').next().unwrap_or_default(), inner.map_or("", |(inner, _)| inner))
    } else {
        let escape = slice.get(..1).unwrap_or("\\");
        let inner = slice.trim_start_matches(escape).get(1..);
        let inner = inner.and_then(|inner| inner.get(..inner.len() - 1)).unwrap_or_default();
        (escape, inner.trim_end_matches(escape))
    };
    let meant = if inner.contains('"') { literal::quoted(inner) } else { format!("\"{inner}\"") };
    Diagnostic::new(
        &code::LEFTOVER_ESCAPE,
        string,
        format!("the quotes of this string still carry the escape `{escape}` of another language"),
    )
    .help("JSON, HTML and PowerShell need such escapes around a rule; the rule itself has plain quotes")
    .service_message(format!("Invalid characters found in the rule: {}", escape.get(..1).unwrap_or_default()))
    .fix(Fix::safe(vec![Edit::new(string, meant)]))
}

// ---- characters ----

pub(super) fn comment(text: &str, comment: Span) -> Diagnostic {
    let sign = comment.of(text).get(..1).unwrap_or("#");
    // A comment at the end takes the blanks before it along.
    let before = text.get(..comment.start).unwrap_or_default();
    let is_last = text.get(comment.end..).is_none_or(|behind| behind.trim().is_empty());
    let start = if is_last { before.trim_end().len() } else { comment.start };
    Diagnostic::new(&code::INVALID_CHARACTER, comment, "rules have no comments")
        .help("take the comment out; the group's description is the place for it")
        .service_message(format!("Invalid characters found in the rule: {sign}"))
        .fix(Fix::safe(vec![Edit::new(Span::new(start, comment.end), "")]))
}

pub(super) fn invalid(text: &str, span: Span) -> Diagnostic {
    let slice = span.of(text);
    let listed = slice.chars().take(8).map(String::from).collect::<Vec<_>>().join(" ");
    let finding = Diagnostic::new(&code::INVALID_CHARACTER, span, invalid_message(slice))
        .service_message(format!("Invalid characters found in the rule: {listed}"));
    match invalid_help(slice) {
        (help, Some(text)) => finding.help(help).fix(Fix::safe(vec![Edit::new(span, text)])),
        (help, None) => finding.help(help).fix(Fix::guess(vec![Edit::new(span, "")])),
    }
}

fn invalid_message(slice: &str) -> String {
    let names: Vec<String> = slice.chars().take(3).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    let is_visible = |c: char| !c.is_control() && !c.is_whitespace() && !is_invisible(c);
    let written = if slice.starts_with('`') {
        "a backtick".to_owned()
    } else if slice.chars().all(is_visible) {
        format!("`{}`", excerpt(slice))
    } else {
        names.join(" ")
    };
    format!("{written} cannot stand in a rule outside a string")
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}' | '\u{AD}')
}

/// What to do about a character, and what to put in its place where that is certain.
fn invalid_help(slice: &str) -> (&'static str, Option<&'static str>) {
    if slice.chars().all(char::is_whitespace) {
        return ("put an ordinary blank here", Some(" "));
    }
    if slice.chars().all(is_invisible) {
        return ("an invisible character came in by copying; take it out", Some(""));
    }
    match slice.chars().next() {
        Some('\\') => ("an escape of JSON, Markdown or PowerShell was left in; take it out", None),
        Some('`') => ("the mark of PowerShell or Markdown was left in; take it out", None),
        Some('*') => {
            ("values have no wildcards: use `-startsWith`, `-endsWith`, `-contains` or `-match`", None)
        }
        Some(';') => ("a rule has no end mark; take it out", None),
        Some('{' | '}') => ("rules have round brackets for conditions and square brackets for lists", None),
        _ => ("take it out, or put the value that it belongs to in quotes", None),
    }
}
