//! Reading what starts with a backslash.

use super::property::{Property, property};
use super::read::{Read, Reader, is_word};
use super::tree::{Anchor, Class, Item, Kind, Set};
use super::unit::unit_of;

impl Reader<'_> {
    /// Reads an escape outside of brackets; the cursor is at the backslash.
    pub(super) fn escape(&mut self) -> Read<Kind> {
        let start = self.at;
        let anchor = match self.ahead(1) {
            None => return Err(self.error(start, start + 1, "a `\\` at the end escapes nothing")),
            Some('A' | 'G') => Anchor::Start,
            Some('Z') => Anchor::EndOrFeed,
            Some('z') => Anchor::End,
            Some('b') => Anchor::Border,
            Some('B') => Anchor::NoBorder,
            Some(_) => {
                let fold = self.options.fold;
                if let Some(item) = self.named_set()? {
                    return Ok(Kind::Class(Class { negated: false, items: item, minus: None, fold }));
                }
                if let Some(slot) = self.reference()? {
                    return Ok(Kind::Back { slot, fold });
                }
                return Ok(Kind::Literal { unit: self.character()?, fold });
            }
        };
        self.at += 2;
        Ok(Kind::Anchor(anchor))
    }

    /// `\w \s \d \p{…}` and their complements. A block that is complemented has two parts.
    pub(super) fn named_set(&mut self) -> Read<Option<Vec<Item>>> {
        let Some(letter) = self.ahead(1) else { return Ok(None) };
        let set = match letter.to_ascii_lowercase() {
            'w' => Set::Word,
            's' => Set::Space,
            'd' => Set::Digit,
            'p' => return self.property(letter == 'P').map(Some),
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some(vec![Item::Named { set, negated: letter.is_ascii_uppercase() }]))
    }

    fn property(&mut self, negated: bool) -> Read<Vec<Item>> {
        let start = self.at;
        self.at += 2;
        if !self.eat('{') {
            return Err(self.error(start, self.at, "`\\p` needs a name in braces, as in `\\p{L}`"));
        }
        let name_start = self.at;
        while self.peek().is_some_and(|unit| unit == '-' || is_word(unit)) {
            self.at += 1;
        }
        let name = self.text(name_start, self.at);
        let name_end = self.at;
        if !self.eat('}') {
            return Err(self.error(start, self.at, format!("`{}` is not closed", self.text(start, self.at))));
        }
        match property(name, self.options.fold) {
            Property::Named(set) => Ok(vec![Item::Named { set, negated }]),
            Property::Block(first, last) if negated => Ok(outside(first, last)),
            Property::Block(first, last) => Ok(vec![Item::Range(first, last)]),
            Property::Undocumented => {
                Err(self.unsupported(name_start, name_end, format!("property `{name}` is not supported")))
            }
            Property::Unknown => Err(self.error(name_start, name_end, format!("unknown property `{name}`"))),
        }
    }

    /// `\1`, `\k<name>`, `\k'name'`, and the old `\<name>` and `\'name'`; nothing for another escape.
    fn reference(&mut self) -> Read<Option<u32>> {
        let start = self.at;
        let close = match (self.ahead(1), self.ahead(2)) {
            (Some('k'), Some('<')) | (Some('<'), _) => '>',
            (Some('k'), Some('\'')) | (Some('\''), _) => '\'',
            (Some('k'), _) => return Err(self.malformed_reference(start)),
            (Some('1'..='9'), _) => return self.numbered_reference(),
            _ => return Ok(None),
        };
        let is_k = self.ahead(1) == Some('k');
        self.at += if is_k { 3 } else { 2 };
        let name_start = self.at;
        if self.peek().is_some_and(|unit| unit.is_ascii_digit()) {
            self.number()?;
        } else {
            self.name();
        }
        let end = self.at;
        if end > name_start && self.eat(close) {
            return self.slot_of(start, self.at, self.text(name_start, end)).map(Some);
        }
        self.at = start;
        if is_k { Err(self.malformed_reference(start)) } else { Ok(None) }
    }

    fn malformed_reference(&self, start: usize) -> super::PatternError {
        self.error(start, start + 2, "`\\k` needs the name of a group, as in `\\k<name>`")
    }

    /// `\1` and up. A number of two digits or more that no group has is a character in octal.
    fn numbered_reference(&mut self) -> Read<Option<u32>> {
        let start = self.at;
        self.at += 1;
        let number = self.number()?;
        let name = self.text(start + 1, self.at);
        if number > 9 && !self.is_group(name) {
            self.at = start;
            return Ok(None);
        }
        self.slot_of(start, self.at, name).map(Some)
    }

    /// Reads an escape that stands for one code unit; the cursor is at the backslash.
    pub(super) fn character(&mut self) -> Read<char> {
        let start = self.at;
        self.at += 1;
        let Some(letter) = self.peek() else {
            return Err(self.error(start, start + 1, "a `\\` at the end escapes nothing"));
        };
        if ('0'..='7').contains(&letter) {
            return Ok(self.octal());
        }
        self.at += 1;
        Ok(match letter {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'x' => self.hexadecimal(start, 2)?,
            'u' => self.hexadecimal(start, 4)?,
            'c' => self.control(start)?,
            letter if is_word(letter) => {
                return Err(self.error(
                    start,
                    self.at,
                    format!("unknown escape `{}`", self.text(start, self.at)),
                ));
            }
            letter => letter,
        })
    }

    /// Up to three octal digits, of which the low eight bits count.
    fn octal(&mut self) -> char {
        let mut code = 0;
        for _ in 0..3 {
            let Some(digit) = self.peek().and_then(|unit| unit.to_digit(8)) else { break };
            code = code * 8 + digit;
            self.at += 1;
        }
        char::from(code.to_le_bytes()[0])
    }

    fn hexadecimal(&mut self, start: usize, length: usize) -> Read<char> {
        let mut code = 0;
        for _ in 0..length {
            let Some(digit) = self.peek().and_then(|unit| unit.to_digit(16)) else {
                let message = format!("`{}` needs {length} hexadecimal digits", self.text(start, start + 2));
                return Err(self.error(start, self.at, message));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(unit_of(u16::try_from(code).unwrap_or_default()))
    }

    fn control(&mut self, start: usize) -> Read<char> {
        let letter = self.peek().map(|unit| unit.to_ascii_uppercase());
        match letter.and_then(|letter| u8::try_from(letter).ok()) {
            Some(letter @ b'@'..=b'_') => {
                self.at += 1;
                Ok(char::from(letter - b'@'))
            }
            _ => Err(self.error(start, self.at + 1, "`\\c` needs a letter, as in `\\cA`")),
        }
    }
}

/// All units but those from `first` to `last`.
fn outside(first: u16, last: u16) -> Vec<Item> {
    let below = first.checked_sub(1).map(|end| Item::Range(0, end));
    let above = last.checked_add(1).map(|start| Item::Range(start, u16::MAX));
    below.into_iter().chain(above).collect()
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::errors;

    #[test]
    fn escapes_and_classes_have_to_be_known() {
        insta::assert_snapshot!(errors(&[
            r"a\", r"\_", r"\q", r"a\y", r"\é", r"[\B]", r"[\8]", r"\80", r"\x4", r"\xZZ", r"\u123", r"\c", r"\c1",
            r"\p", r"\pL", r"\p{L", r"\p{Greek}", r"[\p{lu}]", r"\p{_xmlC}", "[z-a]", r"[a-\d]", r"[\x62-\x61]",
            "[a-z-[b]c]", "[😀-😂]",
        ]), @r"
        a\    1..2 `\`: a `\` at the end escapes nothing
        \_    0..2 `\_`: unknown escape `\_`
        \q    0..2 `\q`: unknown escape `\q`
        a\y    1..3 `\y`: unknown escape `\y`
        \é    0..3 `\é`: unknown escape `\é`
        [\B]    1..3 `\B`: unknown escape `\B`
        [\8]    1..3 `\8`: unknown escape `\8`
        \80    0..2 `\8`: unknown escape `\8`
        \x4    0..3 `\x4`: `\x` needs 2 hexadecimal digits
        \xZZ    0..2 `\x`: `\x` needs 2 hexadecimal digits
        \u123    0..5 `\u123`: `\u` needs 4 hexadecimal digits
        \c    0..2 `\c`: `\c` needs a letter, as in `\cA`
        \c1    0..3 `\c1`: `\c` needs a letter, as in `\cA`
        \p    0..2 `\p`: `\p` needs a name in braces, as in `\p{L}`
        \pL    0..2 `\p`: `\p` needs a name in braces, as in `\p{L}`
        \p{L    0..4 `\p{L`: `\p{L` is not closed
        \p{Greek}    3..8 `Greek`: unknown property `Greek`
        [\p{lu}]    4..6 `lu`: unknown property `lu`
        \p{_xmlC}    3..8 `_xmlC`: property `_xmlC` is not supported (unsupported)
        [z-a]    1..4 `z-a`: range `z-a` is reversed
        [a-\d]    1..5 `a-\d`: a range cannot end in `\d`
        [\x62-\x61]    1..10 `\x62-\x61`: range `\x62-\x61` is reversed
        [a-z-[b]c]    5..8 `[b]`: a subtraction has to stand last in its class
        [😀-😂]    1..10 `😀-😂`: range `😀-😂` cannot hold characters beyond U+FFFF
        ");
    }
}
