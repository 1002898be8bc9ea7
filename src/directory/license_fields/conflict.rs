//! Whether an address of a user is another one's too, from the errors that provisioning has met.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::base::limits::PROVISIONING_ERRORS_PER_USER_MAX;
use crate::directory::read::Key;
use crate::directory::user_licenses::TextSeed;

/// The category of errors about a value that only one object may have.
const CONFLICT: &str = "PropertyConflict";

/// The properties that hold addresses.
const ADDRESSES: [&str; 4] = ["ProxyAddresses", "Mail", "UserPrincipalName", "mailNickname"];

/// Whether an error of this category about this property is about an address that is another one's too.
pub(in crate::directory) fn is_conflict(category: Option<&str>, property: Option<&str>) -> bool {
    category.is_some_and(|category| category.eq_ignore_ascii_case(CONFLICT))
        && property.is_some_and(|property| ADDRESSES.iter().any(|it| it.eq_ignore_ascii_case(property)))
}

/// Reads a list of errors and says whether one is about an address; `None` stands for null. What is not as it should
/// be ends the reading without a word.
#[derive(Clone, Copy, Debug)]
pub(in crate::directory) struct ConflictSeed;

impl ConflictSeed {
    /// Reads a whole text.
    pub(super) fn read(self, text: &str) -> serde_json::Result<Option<bool>> {
        let mut json = serde_json::Deserializer::from_str(text);
        let conflict = self.deserialize(&mut json)?;
        json.end()?;
        Ok(conflict)
    }
}

impl<'de> DeserializeSeed<'de> for ConflictSeed {
    type Value = Option<bool>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ConflictSeed {
    type Value = Option<bool>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut any, mut items) = (false, 0);
        while let Some(conflict) = list.next_element_seed(ErrorSeed)? {
            items += 1;
            if items > PROVISIONING_ERRORS_PER_USER_MAX {
                return Err(A::Error::custom(""));
            }
            any |= conflict;
        }
        Ok(Some(any))
    }
}

/// Reads one error.
struct ErrorSeed;

impl<'de> DeserializeSeed<'de> for ErrorSeed {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ErrorSeed {
    type Value = bool;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        let (mut category, mut property) = (None, None);
        let place = |name: &str| ["category", "propertyCausingError"].map(|it| it.eq_ignore_ascii_case(name));
        while let Some(place) = object.next_key_seed(Key(place))? {
            let told = match place {
                [true, _] => &mut category,
                [_, true] => &mut property,
                _ => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let text = object.next_value_seed(TextSeed)?;
            if told.replace(text).is_some() {
                return Err(A::Error::custom(""));
            }
        }
        Ok(is_conflict(category.flatten().as_deref(), property.flatten().as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_others_count() {
        let read = |text| ConflictSeed.read(text);
        for (text, expected) in [
            ("null", None),
            ("[]", Some(false)),
            (
                r#"[{"category":"PropertyConflict","propertyCausingError":"ProxyAddresses","value":"x"}]"#,
                Some(true),
            ),
            (r#"[{"x":1},{"PROPERTYCAUSINGERROR":"mail","Category":"propertyconflict"}]"#, Some(true)),
            (r#"[{"category":"PropertyConflict","propertyCausingError":"userprincipalname"}]"#, Some(true)),
            (r#"[{"category":"PropertyConflict","propertyCausingError":"MailNickName"}]"#, Some(true)),
            (r#"[{"category":"PropertyConflict","propertyCausingError":"SipAddress"}]"#, Some(false)),
            (
                r#"[{"category":"Other","propertyCausingError":"Mail"},{"category":"PropertyConflict"}]"#,
                Some(false),
            ),
            (r#"[{"category":null,"propertyCausingError":null}]"#, Some(false)),
        ] {
            assert_eq!(read(text).ok(), Some(expected), "{text}");
        }
        for text in
            ["{}", "[null]", "[{\"category\":5}]", "[{\"category\":null,\"Category\":null}]", "[]x", "true"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
