//! The licenses of one user out of JSON, in one pass. What is not as it should be ends the reading without a word:
//! the row readers say what it is.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::LicenseState;
use super::entry::{Entry, Stamp};
use crate::base::limits::LICENSES_PER_USER_MAX;
use crate::directory::read::Key;

/// Reads the licenses of one user; `None` stands for null.
#[derive(Clone, Copy, Debug)]
pub(in crate::directory) struct EntriesSeed {
    /// Whether entries say more than product and plans.
    with_states: bool,
}

impl EntriesSeed {
    /// Entries of `licenseAssignmentStates`.
    pub(in crate::directory) const STATES: Self = Self { with_states: true };
    /// Entries of `assignedLicenses`: each is a direct license in force.
    pub(in crate::directory) const LICENSES: Self = Self { with_states: false };

    /// Reads a whole text.
    pub(in crate::directory) fn read(self, text: &str) -> serde_json::Result<Option<Vec<Entry<'_>>>> {
        let mut json = serde_json::Deserializer::from_str(text);
        let entries = self.deserialize(&mut json)?;
        json.end()?;
        Ok(entries)
    }
}

impl<'de> DeserializeSeed<'de> for EntriesSeed {
    type Value = Option<Vec<Entry<'de>>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntriesSeed {
    type Value = Option<Vec<Entry<'de>>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element_seed(EntrySeed { with_states: self.with_states })? {
            if entries.len() == LICENSES_PER_USER_MAX {
                return Err(A::Error::custom(""));
            }
            entries.push(entry);
        }
        Ok(Some(entries))
    }
}

/// A field of a license.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    SkuId,
    DisabledPlans,
    Group,
    State,
    Error,
    Updated,
}

impl Field {
    /// Their names, those of all entries first.
    const NAMES: [(Self, &'static str); 6] = [
        (Self::SkuId, "skuId"),
        (Self::DisabledPlans, "disabledPlans"),
        (Self::Group, "assignedByGroup"),
        (Self::State, "state"),
        (Self::Error, "error"),
        (Self::Updated, "lastUpdatedDateTime"),
    ];

    fn of(name: &str, with_states: bool) -> Option<Self> {
        let known = Self::NAMES.iter().take(if with_states { Self::NAMES.len() } else { 2 });
        known.copied().find_map(|(field, word)| word.eq_ignore_ascii_case(name).then_some(field))
    }
}

/// Reads one license.
struct EntrySeed {
    with_states: bool,
}

impl<'de> DeserializeSeed<'de> for EntrySeed {
    type Value = Entry<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Entry<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EntrySeed {
    type Value = Entry<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Entry<'de>, A::Error> {
        let refused = || A::Error::custom("");
        let mut entry = Entry::default();
        let mut has_product = false;
        let mut given = 0_u8;
        while let Some(field) = object.next_key_seed(Key(|name: &str| Field::of(name, self.with_states)))? {
            let Some(field) = field else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let bit = 1 << field as u8;
            if given & bit != 0 {
                return Err(refused());
            }
            given |= bit;
            if field == Field::DisabledPlans {
                entry.disabled_plans = object.next_value_seed(Plans)?;
                continue;
            }
            let Some(text) = object.next_value_seed(TextSeed)? else { continue };
            match field {
                Field::SkuId => (entry.sku_id, has_product) = (text, true),
                Field::Group => entry.group_id = Some(text),
                Field::State => entry.state = LicenseState::from_word(&text).ok_or_else(refused)?,
                Field::Error => entry.error = Some(text),
                Field::Updated => entry.updated = Some(Stamp::read(text).map_err(A::Error::custom)?),
                Field::DisabledPlans => {}
            }
        }
        if has_product { Ok(entry) } else { Err(refused()) }
    }
}

/// Reads a string or null.
pub(in crate::directory) struct TextSeed;

impl<'de> DeserializeSeed<'de> for TextSeed {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextSeed {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }
}

/// Reads a list of strings; null stands for none.
struct Plans;

impl<'de> DeserializeSeed<'de> for Plans {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Plans {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of strings")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element_seed(TextSeed)? {
            texts.push(text.ok_or_else(|| A::Error::custom(""))?);
        }
        Ok(texts)
    }
}
