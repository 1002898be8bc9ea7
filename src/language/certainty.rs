//! How sure it is that the service behaves as a part of a rule is read here.

use serde::Deserialize;

/// The grounds on which a reading rests, from firm to weak.
///
/// A rule, or the result for one object, is as certain as its weakest part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Microsoft documents it for this language.
    #[default]
    Documented,
    /// Microsoft documents it for the sibling language of Conditional Access device filters.
    Sibling,
    /// Users saw the service behave so.
    Observed,
    /// Nobody says; this is the most plausible reading.
    Inferred,
}

impl Certainty {
    /// The word that reports use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Sibling => "sibling",
            Self::Observed => "observed",
            Self::Inferred => "inferred",
        }
    }
}
