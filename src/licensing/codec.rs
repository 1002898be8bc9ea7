//! What licenses depend on from one run to the next, as JSON text. Products, plans and groups stand by
//! their ids, lists are in the order of these, and what is empty or false is left out: the same state is the
//! same text, whatever the places in the catalog are.

mod intent;
mod names;
mod outcome;
mod problem;
mod product;
#[cfg(test)]
mod samples;
mod words;

use serde::{Deserialize, Serialize};

pub use self::intent::{group_text, read_group, read_user, user_text};
pub use self::outcome::{outcome_text, read_outcome};
pub use self::product::{product_text, read_product};

/// Why a text cannot be read: it is not what one of the functions here has written.
///
/// ```
/// use dyngroup::licensing::catalog::Catalog;
/// use dyngroup::licensing::codec::read_outcome;
/// use dyngroup::licensing::policy::LicensingPolicy;
/// use dyngroup::licensing::tenant::Tenant;
/// let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
/// let error = read_outcome(r#"{"licences":[]}"#, &mut tenant).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the licenses of a user: unknown field `licences`, expected `records` or `grace` at line 1 column 11",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{of}: {reason}")]
pub struct CodecError {
    /// What the text tells of.
    of: &'static str,
    reason: String,
}

impl CodecError {
    fn new(of: &'static str, reason: &str) -> Self {
        // A damaged text can hold anything, and this is shown on terminals.
        let plain = |letter: char| {
            if letter.is_control() { letter.escape_default().to_string() } else { letter.to_string() }
        };
        Self { of, reason: reason.chars().map(plain).collect() }
    }
}

fn parse<'t, T: Deserialize<'t>>(of: &'static str, text: &'t str) -> Result<T, CodecError> {
    // A list would be taken for the values of the keys, in their order.
    if !text.starts_with('{') {
        return Err(CodecError::new(of, "it is no JSON object"));
    }
    serde_json::from_str(text).map_err(|error| {
        let words = error.to_string().replace("expected u64", "expected a number that is not negative");
        CodecError::new(of, &words)
    })
}

/// The JSON of a value that has texts as keys, which cannot fail.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Whether a value goes without saying.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
