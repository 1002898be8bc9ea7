//! What there is to say about a rule on a tenant.

use super::logic::Constant;

/// One finding about a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The rule selects every object of its kind, or none, whatever the data.
    Constant(Constant),
    /// A part of the rule never or always holds, whatever the data; the words are those of the lint.
    Part(String),
    /// It selects all objects of its kind that the tenant has: so many.
    Everybody(u64),
    /// It selects nobody.
    Nobody,
    /// Other rules select the same members: some of them, and how many more.
    SameAs(Vec<Other>, usize),
    /// Other rules select all of its members and more, the smallest ones first.
    Within(Vec<Other>),
    /// It asks for a value that no object has.
    Absent(Absent),
    /// It asks for so many more such values.
    MoreAbsent(usize),
}

/// Another rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Other {
    /// Its place among the rules that were looked at.
    pub rule: usize,
    /// How many members it selects.
    pub members: u64,
    /// Whether the relation is proved for every tenant.
    pub is_proved: bool,
}

/// A value that a rule asks for and no object has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The canonical name of the attribute.
    pub attribute: String,
    /// The field of a service plan.
    pub field: Option<&'static str>,
    /// Whether the value is that of an item of a collection.
    pub is_item: bool,
    /// How the value is asked for, and the value; `None` if no object has any value of the attribute.
    pub value: Option<(Asked, String)>,
    /// A value that is like it, and how many objects have that.
    pub similar: Option<(String, u64)>,
}

/// How a rule asks for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// `-eq` and `-in`
    Equal,
    /// `-startsWith`
    Beginning,
    /// `-endsWith`
    End,
    /// `-contains`
    Inside,
}

impl Finding {
    /// A word for programs, the same for all findings of a kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Constant(Constant::Always) => "always-true",
            Self::Constant(Constant::Never) => "never-true",
            Self::Part(_) => "constant-part",
            Self::Everybody(_) => "selects-everybody",
            Self::Nobody => "selects-nobody",
            Self::SameAs(..) => "same-members",
            Self::Within(_) => "contained",
            Self::Absent(Absent { value: None, .. }) => "attribute-without-values",
            Self::Absent(_) => "absent-value",
            Self::MoreAbsent(_) => "more-absent-values",
        }
    }
}
