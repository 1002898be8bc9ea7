//! Reading how often a part repeats.

use super::PatternError;
use super::read::{Read, Reader};
use super::tree::{Kind, Node};
use crate::base::span::Span;

impl Reader<'_> {
    /// Reads the quantifier after `atom`, if there is one.
    pub(super) fn quantified(&mut self, atom: Node) -> Read<Node> {
        self.skip_blank()?;
        let Some(length) = self.quantifier_length() else { return Ok(atom) };
        let start = self.at;
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            _ => self.counts()?,
        };
        self.at = start + length;
        if max.is_some_and(|max| max < min) {
            let quantifier = self.text(start, self.at);
            return Err(self.error(start, self.at, format!("the bounds of `{quantifier}` are reversed")));
        }
        // A comment may stand between, but what comes after it need not be a `?`.
        let end = self.at;
        self.skip_blank()?;
        let lazy = self.eat('?');
        let span = Span::new(atom.span.start, self.span(start, if lazy { self.at } else { end }).end);
        Ok(Node::new(span, Kind::Repeat { node: Box::new(atom), min, max, lazy }))
    }

    /// The number of units of the quantifier that stands here. A brace that counts nothing is a letter.
    pub(super) fn quantifier_length(&self) -> Option<usize> {
        match self.peek()? {
            '*' | '+' | '?' => Some(1),
            '{' => {
                let mut length = 1 + self.digits(1);
                if length == 1 {
                    return None;
                }
                if self.ahead(length) == Some(',') {
                    length += 1 + self.digits(length + 1);
                }
                (self.ahead(length) == Some('}')).then_some(length + 1)
            }
            _ => None,
        }
    }

    pub(super) fn digits(&self, from: usize) -> usize {
        let is_digit = |&ahead: &usize| self.ahead(ahead).is_some_and(|unit| unit.is_ascii_digit());
        (from..usize::MAX).take_while(is_digit).count()
    }

    /// The bounds in braces; the cursor is at the opening one.
    fn counts(&mut self) -> Read<(u32, Option<u32>)> {
        self.at += 1;
        let min = self.number()?;
        if !self.eat(',') {
            return Ok((min, Some(min)));
        }
        let max = if self.peek() == Some('}') { None } else { Some(self.number()?) };
        Ok((min, max))
    }

    /// The error for a quantifier that stands where a part should.
    pub(super) fn stray_quantifier(&self, after_quantifier: bool) -> PatternError {
        let end = self.at + self.quantifier_length().unwrap_or(1);
        let quantifier = self.text(self.at, end);
        let message = if after_quantifier {
            format!("quantifier `{quantifier}` follows another quantifier")
        } else {
            format!("quantifier `{quantifier}` has nothing to repeat")
        };
        self.error(self.at, end, message)
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::tests::errors;

    #[test]
    fn quantifiers_need_one_thing_to_repeat() {
        insta::assert_snapshot!(errors(&[
            "*@contoso.com", "^(*a)", "a|*b", "+", "?", "{2}", "(?)", "(?i)*", "a**", "a{2}{3}", "a*+", "a???",
            "(?x)a* *", "a{3,2}", "a{2147483648}", "é*(?#c)?+",
        ]), @r"
        *@contoso.com    0..1 `*`: quantifier `*` has nothing to repeat
        ^(*a)    2..3 `*`: quantifier `*` has nothing to repeat
        a|*b    2..3 `*`: quantifier `*` has nothing to repeat
        +    0..1 `+`: quantifier `+` has nothing to repeat
        ?    0..1 `?`: quantifier `?` has nothing to repeat
        {2}    0..3 `{2}`: quantifier `{2}` has nothing to repeat
        (?)    1..2 `?`: quantifier `?` has nothing to repeat
        (?i)*    4..5 `*`: quantifier `*` has nothing to repeat
        a**    2..3 `*`: quantifier `*` follows another quantifier
        a{2}{3}    4..7 `{3}`: quantifier `{3}` follows another quantifier
        a*+    2..3 `+`: quantifier `+` follows another quantifier
        a???    3..4 `?`: quantifier `?` follows another quantifier
        (?x)a* *    7..8 `*`: quantifier `*` follows another quantifier
        a{3,2}    1..6 `{3,2}`: the bounds of `{3,2}` are reversed
        a{2147483648}    2..12 `2147483648`: number `2147483648` is too large
        é*(?#c)?+    9..10 `+`: quantifier `+` follows another quantifier
        ");
    }
}
