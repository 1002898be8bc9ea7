//! The only list of the language's words: the lexer, the printer and "did you mean" read it.

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `-eq`
    Eq,
    /// `-ne`
    Ne,
    /// `-startsWith`
    StartsWith,
    /// `-notStartsWith`
    NotStartsWith,
    /// `-endsWith`
    EndsWith,
    /// `-notEndsWith`
    NotEndsWith,
    /// `-contains`
    Contains,
    /// `-notContains`
    NotContains,
    /// `-match`
    Match,
    /// `-notMatch`
    NotMatch,
    /// `-in`
    In,
    /// `-notIn`
    NotIn,
    /// `-ge`
    Ge,
    /// `-le`
    Le,
    /// `-gt` (extended dialect)
    Gt,
    /// `-lt` (extended dialect)
    Lt,
}

impl Operator {
    /// The canonical spelling, with its hyphen.
    pub fn word(self) -> &'static str {
        Word::Compare(self).written()
    }

    /// The operator without its negation, and whether it was negated.
    pub const fn positive(self) -> (Self, bool) {
        match self {
            Self::Ne => (Self::Eq, true),
            Self::NotStartsWith => (Self::StartsWith, true),
            Self::NotEndsWith => (Self::EndsWith, true),
            Self::NotContains => (Self::Contains, true),
            Self::NotMatch => (Self::Match, true),
            Self::NotIn => (Self::In, true),
            positive => (positive, false),
        }
    }

    /// The operator that says the opposite, where there is one.
    pub const fn negated(self) -> Option<Self> {
        Some(match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::StartsWith => Self::NotStartsWith,
            Self::NotStartsWith => Self::StartsWith,
            Self::EndsWith => Self::NotEndsWith,
            Self::NotEndsWith => Self::EndsWith,
            Self::Contains => Self::NotContains,
            Self::NotContains => Self::Contains,
            Self::Match => Self::NotMatch,
            Self::NotMatch => Self::Match,
            Self::In => Self::NotIn,
            Self::NotIn => Self::In,
            Self::Ge | Self::Le | Self::Gt | Self::Lt => return None,
        })
    }

    /// Whether it orders values.
    pub const fn is_order(self) -> bool {
        matches!(self, Self::Ge | Self::Le | Self::Gt | Self::Lt)
    }
}

/// What a word of the language stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
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
    /// A comparison.
    Compare(Operator),
}

/// Every operator word in its canonical spelling.
pub const WORDS: &[(&str, Word)] = &[
    ("-and", Word::And),
    ("-or", Word::Or),
    ("-not", Word::Not),
    ("-any", Word::Any),
    ("-all", Word::All),
    ("-plus", Word::Plus),
    ("-minus", Word::Minus),
    ("-eq", Word::Compare(Operator::Eq)),
    ("-ne", Word::Compare(Operator::Ne)),
    ("-startsWith", Word::Compare(Operator::StartsWith)),
    ("-notStartsWith", Word::Compare(Operator::NotStartsWith)),
    ("-endsWith", Word::Compare(Operator::EndsWith)),
    ("-notEndsWith", Word::Compare(Operator::NotEndsWith)),
    ("-contains", Word::Compare(Operator::Contains)),
    ("-notContains", Word::Compare(Operator::NotContains)),
    ("-match", Word::Compare(Operator::Match)),
    ("-notMatch", Word::Compare(Operator::NotMatch)),
    ("-in", Word::Compare(Operator::In)),
    ("-notIn", Word::Compare(Operator::NotIn)),
    ("-ge", Word::Compare(Operator::Ge)),
    ("-le", Word::Compare(Operator::Le)),
    ("-gt", Word::Compare(Operator::Gt)),
    ("-lt", Word::Compare(Operator::Lt)),
];

impl Word {
    /// Looks an operator word up, without its hyphen, in any letter case.
    ///
    /// ```
    /// use dyngroup::language::keyword::{Operator, Word};
    /// assert_eq!(Word::find("STARTSWITH"), Some(Word::Compare(Operator::StartsWith)));
    /// assert_eq!(Word::find("india"), None);
    /// ```
    pub fn find(bare: &str) -> Option<Self> {
        let bare_of = |written: &'static str| written.strip_prefix('-').unwrap_or(written);
        WORDS.iter().find(|(written, _)| bare_of(written).eq_ignore_ascii_case(bare)).map(|&(_, word)| word)
    }

    /// The canonical spelling, with its hyphen.
    pub fn written(self) -> &'static str {
        WORDS.iter().find(|&&(_, word)| word == self).map_or("", |&(written, _)| written)
    }

    /// Whether it joins two conditions.
    pub const fn is_connective(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }
}

/// Operators in other languages that people write by habit, or that a translated page put there, and
/// the operator of this language that says the same.
const FOREIGN_OPERATORS: &[(&str, Word)] = &[
    // Symbols of programming languages.
    ("=", Word::Compare(Operator::Eq)),
    ("==", Word::Compare(Operator::Eq)),
    ("===", Word::Compare(Operator::Eq)),
    ("!=", Word::Compare(Operator::Ne)),
    ("<>", Word::Compare(Operator::Ne)),
    ("!", Word::Not),
    ("&&", Word::And),
    ("&", Word::And),
    ("||", Word::Or),
    ("|", Word::Or),
    (">=", Word::Compare(Operator::Ge)),
    ("<=", Word::Compare(Operator::Le)),
    (">", Word::Compare(Operator::Gt)),
    ("<", Word::Compare(Operator::Lt)),
    // PowerShell, OData and SQL.
    ("equals", Word::Compare(Operator::Eq)),
    ("equal", Word::Compare(Operator::Eq)),
    ("is", Word::Compare(Operator::Eq)),
    ("ieq", Word::Compare(Operator::Eq)),
    ("ceq", Word::Compare(Operator::Eq)),
    ("notequals", Word::Compare(Operator::Ne)),
    ("neq", Word::Compare(Operator::Ne)),
    ("isnot", Word::Compare(Operator::Ne)),
    ("ine", Word::Compare(Operator::Ne)),
    ("like", Word::Compare(Operator::Contains)),
    ("ilike", Word::Compare(Operator::Contains)),
    ("notlike", Word::Compare(Operator::NotContains)),
    ("includes", Word::Compare(Operator::Contains)),
    ("contain", Word::Compare(Operator::Contains)),
    ("beginswith", Word::Compare(Operator::StartsWith)),
    ("matches", Word::Compare(Operator::Match)),
    ("regex", Word::Compare(Operator::Match)),
    // Words of a translated page.
    ("und", Word::And),
    ("et", Word::And),
    ("y", Word::And),
    ("e", Word::And),
    ("en", Word::And),
    ("och", Word::And),
    ("og", Word::And),
    ("ve", Word::And),
    ("és", Word::And),
    ("oder", Word::Or),
    ("ou", Word::Or),
    ("o", Word::Or),
    ("of", Word::Or),
    ("eller", Word::Or),
    ("veya", Word::Or),
    ("vagy", Word::Or),
    ("nicht", Word::Not),
    ("niet", Word::Not),
    ("inte", Word::Not),
    ("ikke", Word::Not),
    ("nem", Word::Not),
    ("bármely", Word::Any),
    ("bevat", Word::Compare(Operator::Contains)),
    ("enthält", Word::Compare(Operator::Contains)),
    ("contient", Word::Compare(Operator::Contains)),
    ("contiene", Word::Compare(Operator::Contains)),
    ("contém", Word::Compare(Operator::Contains)),
    ("innehåller", Word::Compare(Operator::Contains)),
    ("indeholder", Word::Compare(Operator::Contains)),
    ("tartalmazza", Word::Compare(Operator::Contains)),
    ("içerir", Word::Compare(Operator::Contains)),
];

/// Booleans in other languages.
const FOREIGN_BOOLEANS: &[(&str, bool)] = &[
    ("igaz", true),
    ("wahr", true),
    ("vrai", true),
    ("verdadero", true),
    ("verdadeiro", true),
    ("waar", true),
    ("sant", true),
    ("sand", true),
    ("vero", true),
    ("doğru", true),
    ("yes", true),
    ("hamis", false),
    ("falsch", false),
    ("faux", false),
    ("falso", false),
    ("onwaar", false),
    ("falskt", false),
    ("falsk", false),
    ("yanlış", false),
    ("no", false),
];

/// The operator that a word or symbol of another language means.
pub fn foreign_operator(bare: &str) -> Option<Word> {
    let lower = bare.to_lowercase();
    FOREIGN_OPERATORS.iter().find(|&&(written, _)| written == lower).map(|&(_, word)| word)
}

/// The boolean that a word of another language means.
pub fn foreign_boolean(word: &str) -> Option<bool> {
    let lower = word.to_lowercase();
    FOREIGN_BOOLEANS.iter().find(|&&(written, _)| written == lower).map(|&(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_written_as_listed() {
        for &(written, word) in WORDS {
            let bare = written.trim_start_matches('-');
            assert_eq!(Word::find(bare), Some(word));
            assert_eq!(Word::find(&bare.to_uppercase()), Some(word));
            assert_eq!(word.written(), written);
            assert_eq!(Word::find(&format!("{bare}x")), None);
        }
    }

    #[test]
    fn foreign_words_are_not_ours() {
        for (written, _) in FOREIGN_OPERATORS {
            assert_eq!(Word::find(written), None, "{written}");
        }
    }

    #[test]
    fn negation_is_its_own_inverse() {
        for &(_, word) in WORDS {
            if let Word::Compare(operator) = word
                && let Some(negated) = operator.negated()
            {
                assert_eq!(negated.negated(), Some(operator));
                assert_ne!(operator.positive().1, negated.positive().1);
                assert_eq!(operator.positive().0, negated.positive().0);
            }
        }
    }
}
