//! The licenses of one user: the canonical text in which a column holds them, and the same typed.
//!
//! The text is JSON in the shape of Graph's `licenseAssignmentStates`, made so that the same licenses are always
//! the same text: sorted by product and source, ids in lower case, plans sorted, keys in one order, and only what
//! differs from a direct license in force with all plans.

mod entry;
mod json;

use std::borrow::Cow;

use jiff::Timestamp;
use thiserror::Error;

pub(in crate::directory) use self::entry::{Entry, Stamp, canonical};
pub(in crate::directory) use self::json::{EntriesSeed, TextSeed};
use super::read::text::instant;

/// The text of no licenses. Columns have null instead.
pub(in crate::directory) const NO_LICENSES: &str = "[]";

/// One license of a user: a product, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserLicense {
    /// The product's GUID, in lower case.
    pub sku_id: String,
    /// The service plans that are switched off, in lower case, sorted, each once.
    pub disabled_plans: Vec<String>,
    /// The group that gives it, in lower case; `None` for a direct license.
    pub group_id: Option<String>,
    /// Whether it is in force.
    pub state: LicenseState,
    /// What is wrong with it, as the file writes it: `CountViolation` and so on.
    pub error: Option<String>,
    /// When it changed last.
    pub last_updated: Option<Timestamp>,
}

/// Whether a license is in force, in the words of Graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LicenseState {
    /// In force.
    #[default]
    Active,
    /// In force, but what was last asked of it failed.
    ActiveWithError,
    /// Asked for and not in force.
    Error,
    /// Granted, but the subscription is suspended or locked.
    Disabled,
}

impl LicenseState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Active, Self::ActiveWithError, Self::Error, Self::Disabled];

    /// The word that Graph uses.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::ActiveWithError => "ActiveWithError",
            Self::Error => "Error",
            Self::Disabled => "Disabled",
        }
    }

    /// Reads the word, in any letter case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word().eq_ignore_ascii_case(word))
    }
}

/// Why licenses have no canonical text, or a text holds no licenses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LicensesFault {
    /// The text is no list of licenses.
    #[error("expected a list of licenses as `licenseAssignmentStates` has them")]
    Unreadable,
    /// One of them cannot be.
    #[error("license {}: {message}", item + 1)]
    License {
        /// Its place in the list, from 0.
        item: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// Reads the licenses in a canonical text, or in any other text with the JSON of `licenseAssignmentStates`. They
/// come sorted by product and source.
///
/// ```
/// use dyngroup::directory::user_licenses::{LicenseState, parse, text_of};
///
/// let text = r#"[{"skuId": "B"}, {"skuId": "a", "assignedByGroup": "G", "state": "error"}]"#;
/// let licenses = parse(text)?;
/// assert_eq!((&*licenses[0].sku_id, licenses[0].group_id.as_deref()), ("a", Some("g")));
/// assert_eq!((licenses[0].state, licenses[1].state), (LicenseState::Error, LicenseState::Active));
/// assert_eq!(text_of(&licenses)?, r#"[{"skuId":"a","assignedByGroup":"g","state":"Error"},{"skuId":"b"}]"#);
/// # Ok::<(), dyngroup::directory::user_licenses::LicensesFault>(())
/// ```
///
/// # Errors
///
/// If the text is none that users may have, as told at
/// [`Wanted::with_licenses`](super::column_reader::Wanted::with_licenses).
pub fn parse(text: &str) -> Result<Vec<UserLicense>, LicensesFault> {
    let entries = EntriesSeed::STATES.read(text).map_err(|_| LicensesFault::Unreadable)?;
    entry::tidied(entries.unwrap_or_default())?.into_iter().map(license).collect()
}

/// The canonical text of licenses: `[]` if there are none.
///
/// # Errors
///
/// If two have one product and source, an id is empty, or they are more than
/// [`LICENSES_PER_USER_MAX`](crate::base::limits::LICENSES_PER_USER_MAX).
pub fn text_of(licenses: &[UserLicense]) -> Result<String, LicensesFault> {
    let mut text = String::new();
    canonical(licenses.iter().map(entry_of).collect(), &mut text)?;
    Ok(text)
}

/// The canonical text of what a user with the licenses `before` has when the direct ones become those of `direct`;
/// both are canonical texts or none, and so is the result.
pub(in crate::directory) fn with_direct(before: Option<&str>, direct: Option<&str>) -> Option<String> {
    let licenses = |text: Option<&str>| text.and_then(|text| parse(text).ok()).unwrap_or_default();
    let inherited = licenses(before).into_iter().filter(|license| license.group_id.is_some());
    let all: Vec<UserLicense> = inherited.chain(licenses(direct)).collect();
    // Each part is free of doubles, and they have no source in common.
    text_of(&all).ok().filter(|text| text != NO_LICENSES)
}

fn license(entry: Entry<'_>) -> Result<UserLicense, LicensesFault> {
    let Entry { sku_id, disabled_plans, group_id, state, error, updated } = entry;
    let last_updated = updated.map(|stamp| instant(stamp.text())).transpose();
    Ok(UserLicense {
        sku_id: sku_id.into_owned(),
        disabled_plans: disabled_plans.into_iter().map(Cow::into_owned).collect(),
        group_id: group_id.map(Cow::into_owned),
        state,
        error: error.map(Cow::into_owned),
        last_updated: last_updated.map_err(|_| LicensesFault::Unreadable)?,
    })
}

fn entry_of(license: &UserLicense) -> Entry<'_> {
    Entry {
        sku_id: Cow::Borrowed(&license.sku_id),
        disabled_plans: license.disabled_plans.iter().map(|plan| Cow::Borrowed(plan.as_str())).collect(),
        group_id: license.group_id.as_deref().map(Cow::Borrowed),
        state: license.state,
        error: license.error.as_deref().map(Cow::Borrowed),
        updated: license.last_updated.map(Stamp::of_instant),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_licenses_have_one_text() {
        let text = r#"[{"skuId":"s1"},{"skuId":"s1","disabledPlans":["p1","p2"],"assignedByGroup":"g","state":"Disabled","error":"CountViolation","lastUpdatedDateTime":"2026-01-15T08:00:00Z"}]"#;
        let other = r#" [ {"STATE": "disabled", "error": "CountViolation", "skuId": "S1", "assignedByGroup": "G", "x": [{}],
            "disabledPlans": ["P2", "p1", "p2"], "lastUpdatedDateTime": "2026-01-15T10:00:00+02:00"},
            {"error": "none", "skuId": "s1", "assignedByGroup": null, "disabledPlans": null, "state": "Active"}] "#;
        assert_eq!(text_of(&parse(other).unwrap()).unwrap(), text);
        assert_eq!(parse(text), parse(other));
        let last = parse(text).unwrap().pop().unwrap();
        assert_eq!((last.state, last.error.as_deref()), (LicenseState::Disabled, Some("CountViolation")));
        assert_eq!(last.last_updated, Some("2026-01-15T08:00:00Z".parse().unwrap()));
    }

    #[test]
    fn nothing_is_an_empty_list() {
        for text in ["[]", "null", " [ ] "] {
            assert_eq!(parse(text), Ok(Vec::new()), "{text}");
        }
        assert_eq!(text_of(&[]).as_deref(), Ok(NO_LICENSES));
    }

    #[test]
    fn other_texts_are_refused() {
        let texts = [
            "",
            "{}",
            "[{}]",
            "[null]",
            "[[]]",
            "[{\"skuId\":5}]",
            "[{\"skuId\":null}]",
            "[{\"skuId\":\"a\"}]]",
            "[{\"skuId\":\"a\",\"SKUID\":\"a\"}]",
            "[{\"skuId\":\"a\",\"disabledPlans\":[null]}]",
            "[{\"skuId\":\"a\",\"disabledPlans\":\"p\"}]",
            "[{\"skuId\":\"a\",\"state\":\"Pending\"}]",
            "[{\"skuId\":\"a\",\"assignedByGroup\":{\"id\":\"g\"}}]",
            "[{\"skuId\":\"a\",\"lastUpdatedDateTime\":\"2026-02-30\"}]",
        ];
        for text in texts {
            assert_eq!(parse(text), Err(LicensesFault::Unreadable), "{text}");
        }
        let message = |text| parse(text).unwrap_err().to_string();
        insta::assert_snapshot!(message("[{\"skuId\":\"b\"},{\"skuId\":\"a\"},{\"skuId\":\"B\"}]"), @"license 3: the product `b` is there twice as a direct license");
        insta::assert_snapshot!(message("[{\"skuId\":\"\"}]"), @"license 1: the id of the product is empty");
    }

    #[test]
    fn direct_licenses_are_replaced_and_inherited_ones_stay() {
        let before = r#"[{"skuId":"a"},{"skuId":"b","assignedByGroup":"g"}]"#;
        let direct = r#"[{"skuId":"b"},{"skuId":"c"}]"#;
        assert_eq!(
            with_direct(Some(before), Some(direct)).unwrap(),
            r#"[{"skuId":"b"},{"skuId":"b","assignedByGroup":"g"},{"skuId":"c"}]"#
        );
        assert_eq!(with_direct(Some(before), None).unwrap(), r#"[{"skuId":"b","assignedByGroup":"g"}]"#);
        assert_eq!(with_direct(None, Some(direct)).as_deref(), Some(direct));
        assert_eq!(with_direct(Some(r#"[{"skuId":"a"}]"#), None), None);
    }
}
