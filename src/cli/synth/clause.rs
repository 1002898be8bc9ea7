//! The text of made-up rules.

use std::fmt;

/// A condition, and how it reads.
#[derive(Clone, Debug)]
pub(super) enum Clause {
    /// One comparison, as text.
    Test(String),
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
}

impl Clause {
    /// An attribute compared with a text: `user.city -eq "Oslo"`. `attribute` has its object before it.
    pub(super) fn text(attribute: &str, operator: &str, value: &str) -> Self {
        Self::Test(format!("{attribute} {operator} {}", quoted(value)))
    }

    /// An attribute compared with what needs no quotes: a boolean, null or a date.
    pub(super) fn word(attribute: &str, operator: &str, value: impl fmt::Display) -> Self {
        Self::Test(format!("{attribute} {operator} {value}"))
    }

    /// An attribute compared with a list.
    pub(super) fn list<'value>(
        attribute: &str,
        operator: &str,
        values: impl IntoIterator<Item = &'value str>,
    ) -> Self {
        let values: Vec<String> = values.into_iter().map(quoted).collect();
        Self::Test(format!("{attribute} {operator} [{}]", values.join(", ")))
    }

    /// Some item of a collection fits.
    pub(super) fn any_item(attribute: &str, body: &Self) -> Self {
        Self::Test(format!("{attribute} -any ({body})"))
    }

    pub(super) fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Both, without a level more than needed.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All(mut parts), Self::All(others)) => {
                parts.extend(others);
                Self::All(parts)
            }
            (Self::All(mut parts), other) => {
                parts.push(other);
                Self::All(parts)
            }
            (clause, other) => Self::All(vec![clause, other]),
        }
    }

    fn operand(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Not(_) => write!(out, "{self}"),
            _ => write!(out, "({self})"),
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, connective) = match self {
            Self::Test(text) => return out.write_str(text),
            Self::Not(clause) => {
                out.write_str("-not ")?;
                return write!(out, "({clause})");
            }
            Self::All(parts) => (parts, " -and "),
            Self::Any(parts) => (parts, " -or "),
        };
        if let [only] = parts.as_slice() {
            return write!(out, "{only}");
        }
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                out.write_str(connective)?;
            }
            part.operand(out)?;
        }
        Ok(())
    }
}

/// A text in double quotes, with the escapes of rules.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "`\"").replace('\'', "''"))
}

/// A text inside a regular expression, where it stands for itself.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\.+*?()|[]{}^$#".contains(letter) {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_read_as_people_write_them() {
        let enabled = || Clause::word("user.accountEnabled", "-eq", true);
        let city = Clause::list("user.city", "-in", ["Oslo", "L'Aquila"]);
        let mails = Clause::any_item("user.otherMails", &Clause::text("_", "-contains", "a\"b"));
        let either = Clause::Any(vec![city, mails.negated()]);
        insta::assert_snapshot!(enabled().and(either).and(enabled()), @r#"(user.accountEnabled -eq true) -and ((user.city -in ["Oslo", "L''Aquila"]) -or -not (user.otherMails -any (_ -contains "a`"b"))) -and (user.accountEnabled -eq true)"#);
        assert_eq!(Clause::Any(vec![enabled()]).to_string(), "user.accountEnabled -eq true");
        assert_eq!(enabled().negated().to_string(), "-not (user.accountEnabled -eq true)");
    }

    #[test]
    fn patterns_are_escaped() {
        assert_eq!(escaped("a.b (x)"), r"a\.b \(x\)");
    }
}
