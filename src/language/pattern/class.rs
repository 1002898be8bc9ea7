//! Reading what stands in brackets.

use super::read::{Read, Reader};
use super::tree::{Class, Item};
use super::unit::code_of;

impl Reader<'_> {
    /// Reads a class; the cursor is at the opening bracket.
    ///
    /// Everything but `\`, `]` after the first place, ranges and a subtraction stands for itself:
    /// `[`, `&&` and blanks, too.
    pub(super) fn class(&mut self) -> Read<Class> {
        let start = self.at;
        self.at += 1;
        let negated = self.eat('^');
        let mut class = Class { negated, items: Vec::new(), minus: None, fold: self.options.fold };
        let first = self.at;
        while let Some(unit) = self.peek() {
            match unit {
                ']' if self.at > first => {
                    self.at += 1;
                    return Ok(class);
                }
                '-' if self.at > first && self.ahead(1) == Some('[') => {
                    self.at += 1;
                    class.minus = Some(self.subtraction()?);
                }
                '\\' => match self.named_set()? {
                    Some(items) => class.items.extend(items),
                    None => self.range(&mut class)?,
                },
                _ => self.range(&mut class)?,
            }
        }
        Err(self.error(start, start + 1, "`[` is never closed"))
    }

    /// Reads one unit, or two with a dash between.
    fn range(&mut self, class: &mut Class) -> Read<()> {
        let start = self.at;
        let escaped_dash = self.peek() == Some('\\') && self.ahead(1) == Some('-');
        let low = code_of(self.class_unit()?);
        // An escaped dash never starts a range, and a dash before `]` never makes one.
        if escaped_dash || self.peek() != Some('-') || matches!(self.ahead(1), None | Some(']')) {
            class.items.push(Item::Range(low, low));
            return Ok(());
        }
        self.at += 1;
        if self.peek() == Some('[') {
            class.items.push(Item::Range(low, low));
            class.minus = Some(self.subtraction()?);
            return Ok(());
        }
        if self.peek() == Some('\\') && self.ahead(1).is_some_and(|letter| "wWsSdDpP".contains(letter)) {
            let message = format!("a range cannot end in `{}`", self.text(self.at, self.at + 2));
            return Err(self.error(start, self.at + 2, message));
        }
        let high = code_of(self.class_unit()?);
        if high < low {
            let range = self.text(start, self.at);
            // Seen as code units, such a range starts with the second half of its first character.
            let is_half = (0xDC00..=0xDFFF).contains(&low);
            let fault = if is_half { "cannot hold characters beyond U+FFFF" } else { "is reversed" };
            return Err(self.error(start, self.at, format!("range `{range}` {fault}")));
        }
        class.items.push(Item::Range(low, high));
        Ok(())
    }

    /// Reads one unit that may be escaped.
    fn class_unit(&mut self) -> Read<char> {
        match self.peek() {
            Some('\\') if self.ahead(1).is_some() => self.character(),
            unit => {
                self.at += 1;
                Ok(unit.unwrap_or_default())
            }
        }
    }

    /// Reads the class that is taken away; it has to stand last.
    fn subtraction(&mut self) -> Read<Box<Class>> {
        let start = self.at;
        let class = self.descend(start, Self::class)?;
        match self.peek() {
            None | Some(']') => Ok(Box::new(class)),
            Some(_) => Err(self.error(start, self.at, "a subtraction has to stand last in its class")),
        }
    }
}
