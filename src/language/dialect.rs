//! Which language a rule is held against.

use serde::Deserialize;

/// The dialect of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// What the service accepts.
    #[default]
    Entra,
    /// That, and what people ask for and the service refuses: `grammar/README.md` lists it.
    Extended,
}

impl Dialect {
    /// The word that options and messages use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Extended => "extended",
        }
    }
}
