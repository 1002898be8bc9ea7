//! What licensing needs of users beside their attributes: which fields of a file tell it, and the columns that it
//! becomes. No rule sees these columns: their names are none that an attribute can have.

mod conflict;

use std::sync::{Arc, LazyLock};

pub(in crate::directory) use self::conflict::{ConflictSeed, is_conflict};
use super::row::{Datum, Row};
use super::shape::{FieldKind, Shape};
use super::user_licenses::{EntriesSeed, Entry, LicenseState, LicensesFault, NO_LICENSES, Stamp, canonical};
use crate::base::limits::{LICENSES_PER_USER_MAX, PROVISIONING_ERRORS_PER_USER_MAX};
use crate::language::attribute::{Attribute, Kind, Subject};

/// The column of the licenses of users: on each row a [canonical text](super::user_licenses), null for none.
///
/// [`Columns::columns`](super::columns::Columns::columns) and [`originals`](super::columns::Columns::originals)
/// both hold the text as it is, not folded.
pub const LICENSES: &str = "@licenses";

/// The column that says of users whether one of their addresses is another one's too; null where nothing tells.
pub const ADDRESS_CONFLICT: &str = "@addressConflict";

/// Stands in a change for new direct licenses, where nothing is told of the inherited ones: a canonical text.
pub const DIRECT_LICENSES: &str = "@directLicenses";

/// Whether what licensing needs of users is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Licensing {
    /// Not at all: the fields that tell it are not looked at.
    #[default]
    PassedOver,
    /// All of it.
    Read,
}

/// What the two columns are to the readers: like attributes of users, and in no table that rules see.
pub(in crate::directory) fn attribute(subject: Subject, name: &str) -> Option<Arc<Attribute>> {
    static ALL: LazyLock<[Arc<Attribute>; 2]> = LazyLock::new(|| {
        [(LICENSES, Kind::Text), (ADDRESS_CONFLICT, Kind::Boolean)].map(|(name, kind)| {
            let attribute = Attribute::declared(Subject::User, name, kind);
            Arc::new(Attribute { declared: false, ..attribute })
        })
    });
    ALL.iter().find(|attribute| attribute.subject == subject && *attribute.name == *name).cloned()
}

/// The names under which rows hold what a file tells of licenses, the one that counts first.
pub(in crate::directory) const LICENSE_SOURCES: [&str; 2] = ["@licenseAssignmentStates", "@assignedLicenses"];

/// The names under which rows hold what a file tells of conflicts.
pub(in crate::directory) const CONFLICT_SOURCES: [&str; 3] =
    ["@conflict", "@onPremisesProvisioningErrors", "@serviceProvisioningErrors"];

/// The fields of a file, the names under which rows hold them, and what they hold.
pub(super) fn fields() -> [(&'static str, &'static str, FieldKind); 6] {
    let [states, licenses] = LICENSE_SOURCES;
    let [flag, on_premises, service] = CONFLICT_SOURCES;
    let errors = FieldKind::Licensing(LicensingList::ProvisioningErrors);
    [
        ("licenseAssignmentStates", states, FieldKind::Licensing(LicensingList::States)),
        ("assignedLicenses", licenses, FieldKind::Licensing(LicensingList::Licenses)),
        ("addressConflict", flag, FieldKind::Boolean),
        ("address_conflict", flag, FieldKind::Boolean),
        ("onPremisesProvisioningErrors", on_premises, errors),
        ("serviceProvisioningErrors", service, errors),
    ]
}

/// The licenses that `states` and `licenses` together tell of, both canonical texts; `None` if there are none.
pub(in crate::directory) fn licenses_of<'t>(
    states: Option<&'t str>,
    licenses: Option<&'t str>,
) -> Option<&'t str> {
    states.or(licenses).filter(|text| *text != NO_LICENSES)
}

/// Whether there is a conflict, from all that is told; `None` if nothing is.
pub(in crate::directory) fn conflict_of(told: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    told.into_iter().flatten().reduce(|one, other| one | other)
}

/// A list of objects of which one value is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LicensingList {
    /// `licenseAssignmentStates`: a canonical text.
    States,
    /// `assignedLicenses`: a canonical text too.
    Licenses,
    /// `onPremisesProvisioningErrors` and the like: whether an address is another one's too.
    ProvisioningErrors,
}

impl LicensingList {
    /// The shape of its items.
    pub(in crate::directory) fn shape(self) -> &'static Shape<'static> {
        match self {
            Self::States => &STATE,
            Self::Licenses => &LICENSE,
            Self::ProvisioningErrors => &PROVISIONING_ERROR,
        }
    }

    /// How many items it may have.
    pub(in crate::directory) const fn items_max(self) -> usize {
        match self {
            Self::States | Self::Licenses => LICENSES_PER_USER_MAX,
            Self::ProvisioningErrors => PROVISIONING_ERRORS_PER_USER_MAX,
        }
    }

    /// The message for more items than it may have.
    pub(in crate::directory) fn too_many(self) -> String {
        let what = match self {
            Self::States | Self::Licenses => "licenses",
            Self::ProvisioningErrors => "provisioning errors",
        };
        format!("a user has at most {} {what}", self.items_max())
    }

    /// What is made of the items of its shape. The error names one of them, from 0, and what is wrong with it.
    pub(in crate::directory) fn of_rows(self, rows: Vec<Row>) -> Result<Datum, (usize, String)> {
        if rows.len() > self.items_max() {
            return Err((self.items_max(), self.too_many()));
        }
        if self == Self::ProvisioningErrors {
            let is_it = |mut row: Row| {
                let (category, property) = (row.text("category"), row.text("propertyCausingError"));
                is_conflict(category.as_deref(), property.as_deref())
            };
            return Ok(Datum::Boolean(rows.into_iter().any(is_it)));
        }
        licenses_text(rows.into_iter().map(entry).collect())
    }

    /// What is made of JSON. `None` if it is not as it should be: [`LicensingList::of_rows`] says why.
    pub(in crate::directory) fn of_json(self, text: &str) -> Option<Datum> {
        let seed = match self {
            Self::States => EntriesSeed::STATES,
            Self::Licenses => EntriesSeed::LICENSES,
            Self::ProvisioningErrors => {
                return Some(ConflictSeed.read(text).ok()?.map(Datum::Boolean).unwrap_or_default());
            }
        };
        seed.read(text).ok()?.map_or(Some(Datum::Null), |entries| licenses_text(entries).ok())
    }
}

/// What is made of licenses: their canonical text. The error names one of them, from 0, and what is wrong with it.
pub(in crate::directory) fn licenses_text(entries: Vec<Entry<'_>>) -> Result<Datum, (usize, String)> {
    let mut text = String::new();
    match canonical(entries, &mut text) {
        Ok(()) => Ok(Datum::Text(text)),
        Err(LicensesFault::License { item, message }) => Err((item, message)),
        Err(fault @ LicensesFault::Unreadable) => Err((0, fault.to_string())),
    }
}

static STATE: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("skuId", FieldKind::Text),
        ("disabledPlans", FieldKind::Texts),
        ("assignedByGroup", FieldKind::Checked(check_group)),
        ("state", FieldKind::Checked(check_state)),
        ("error", FieldKind::Text),
        ("lastUpdatedDateTime", FieldKind::Date),
    ])
    .require(["skuId"])
});

static LICENSE: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([("skuId", FieldKind::Text), ("disabledPlans", FieldKind::Texts)]).require(["skuId"])
});

static PROVISIONING_ERROR: LazyLock<Shape<'static>> =
    LazyLock::new(|| Shape::new([("category", FieldKind::Text), ("propertyCausingError", FieldKind::Text)]));

pub(in crate::directory) fn check_group(id: &str) -> Result<(), &'static str> {
    if id.is_empty() { Err("the id of a group or null") } else { Ok(()) }
}

pub(in crate::directory) fn check_state(word: &str) -> Result<(), &'static str> {
    LicenseState::from_word(word).map(drop).ok_or("Active, ActiveWithError, Error, Disabled or null")
}

fn entry(mut row: Row) -> Entry<'static> {
    let updated = match row.take("lastUpdatedDateTime") {
        Datum::Instant(instant) => Some(Stamp::of_instant(instant)),
        _ => None,
    };
    Entry {
        sku_id: row.required_text("skuId").into(),
        disabled_plans: row.texts("disabledPlans").unwrap_or_default().into_iter().map(Into::into).collect(),
        group_id: row.text("assignedByGroup").map(Into::into),
        state: row.text("state").and_then(|word| LicenseState::from_word(&word)).unwrap_or_default(),
        error: row.text("error").map(Into::into),
        updated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::attribute::Attributes;
    use crate::language::compile::{Options, compile};
    use crate::language::dialect::Dialect;

    #[test]
    fn states_count_before_licenses_and_nothing_is_none() {
        assert_eq!(licenses_of(Some("a"), Some("b")), Some("a"));
        assert_eq!(licenses_of(None, Some("b")), Some("b"));
        assert_eq!(licenses_of(Some(NO_LICENSES), Some("b")), None, "it was told that there are none");
        assert_eq!(licenses_of(None, Some(NO_LICENSES)), None);
        assert_eq!(licenses_of(None, None), None);
    }

    #[test]
    fn one_word_of_a_conflict_is_enough() {
        assert_eq!(conflict_of([Some(false), None, Some(true)]), Some(true));
        assert_eq!(conflict_of([Some(false), None, None]), Some(false));
        assert_eq!(conflict_of([None, None, None]), None);
    }

    #[test]
    fn no_rule_sees_them() {
        for dialect in [Dialect::Entra, Dialect::Extended] {
            for name in
                ["licenses", "assignedLicenses", "licenseAssignmentStates", "addressConflict", LICENSES]
            {
                let rule = format!("user.{name} -eq \"x\"");
                assert!(compile(&rule, Options { dialect, ..Options::default() }).rule.is_none(), "{rule}");
            }
        }
    }

    #[test]
    fn the_names_are_no_attributes() {
        for name in [LICENSES, ADDRESS_CONFLICT, DIRECT_LICENSES] {
            assert!(Attributes::standard().find(Subject::User, name).is_none());
            assert!(Attributes::standard().find_graph(Subject::User, name).is_none());
        }
        assert!(attribute(Subject::User, LICENSES).is_some_and(|it| it.kind == Kind::Text && !it.declared));
        assert_eq!(attribute(Subject::Device, LICENSES), None);
        assert_eq!(attribute(Subject::User, DIRECT_LICENSES), None, "it is no column");
    }
}
