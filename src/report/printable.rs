//! Text from outside made safe to print: nothing in it moves the cursor, colours the terminal,
//! turns the direction of writing or hides.

use std::borrow::Cow;

/// `text` with every character that does not show as itself written as an escape: `\n`, `\r`, `\t`
/// or its number in the form `\u{202e}`. The result is one line.
///
/// ```
/// use dyngroup::report::printable::printable;
/// assert_eq!(printable("Åsa\u{1b}[31m"), "Åsa\\u{1b}[31m");
/// assert_eq!(printable("a\nb"), "a\\nb");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    text.chars().for_each(|character| push_printable(&mut out, character));
    Cow::Owned(out)
}

/// Appends `character`, or its escape.
pub(super) fn push_printable(out: &mut String, character: char) {
    match character {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if is_hidden(character) => out.extend(character.escape_unicode()),
        _ => out.push(character),
    }
}

/// Whether a terminal or browser acts on the character, or shows nothing for it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Soft hyphen, Arabic letter mark, Mongolian vowel separator.
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            // Zero-width blanks and joiners, marks of direction, line and paragraph separators.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates of direction, retired format characters.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark, annotation marks, tags.
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
            // Noncharacters of the first plane, which XML refuses too.
            | '\u{fdd0}'..='\u{fdef}')
        // The last two places of every plane are noncharacters.
        || u32::from(character) & 0xFFFE == 0xFFFE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_letters_and_escapes_what_acts() {
        assert!(matches!(printable("日本 é 👩 “x”\u{a0}"), Cow::Borrowed(_)));
        assert_eq!(printable("\u{202e}evil\u{2069}"), "\\u{202e}evil\\u{2069}");
        assert_eq!(printable("\u{9b}2J\u{7f}\0"), "\\u{9b}2J\\u{7f}\\u{0}");
        assert_eq!(printable("a\u{200b}b\u{feff}\u{ffff}\t"), "a\\u{200b}b\\u{feff}\\u{ffff}\\t");
    }
}
