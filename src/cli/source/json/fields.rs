//! The fields of a JSON object that say something about a rule.

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// A key of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A field of the object itself.
    Field(Field),
    /// `value`: the objects of a Graph page.
    Value,
    /// `dynamic_membership` of a Terraform resource.
    DynamicMembership,
    /// The resources of a Terraform plan as they will be.
    PlannedValues,
    /// What a Terraform plan will do.
    ResourceChanges,
    /// Parts of a Terraform plan that do not hold what will be.
    NotPlanned,
    /// Anything else.
    Other,
}

/// A field that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    MembershipRule,
    Rule,
    Id,
    ObjectId,
    DisplayName,
    Subject,
    GroupTypes,
    AssignableToRole,
    ProcessingState,
    TerraformAddress,
    TerraformDisplayName,
    TerraformTypes,
    TerraformAssignable,
    TerraformEnabled,
}

/// The longest key that is known, in bytes.
const KEY_MAX_BYTES: usize = 32;

impl Key {
    /// Reads a key in any letter case.
    fn of(name: &str) -> Self {
        let mut lower = [0; KEY_MAX_BYTES];
        let Some(lower) = lower.get_mut(..name.len()) else { return Self::Other };
        lower.copy_from_slice(name.as_bytes());
        lower.make_ascii_lowercase();
        Self::Field(match &*lower {
            b"membershiprule" => Field::MembershipRule,
            b"rule" => Field::Rule,
            b"id" => Field::Id,
            b"objectid" => Field::ObjectId,
            b"displayname" => Field::DisplayName,
            b"subject" => Field::Subject,
            b"grouptypes" => Field::GroupTypes,
            b"isassignabletorole" => Field::AssignableToRole,
            b"membershipruleprocessingstate" => Field::ProcessingState,
            b"address" => Field::TerraformAddress,
            b"display_name" => Field::TerraformDisplayName,
            b"types" => Field::TerraformTypes,
            b"assignable_to_role" => Field::TerraformAssignable,
            b"enabled" => Field::TerraformEnabled,
            b"value" => return Self::Value,
            b"dynamic_membership" => return Self::DynamicMembership,
            b"planned_values" => return Self::PlannedValues,
            b"resource_changes" => return Self::ResourceChanges,
            b"before" | b"before_sensitive" | b"after_sensitive" | b"after_unknown" | b"configuration"
            | b"prior_state" | b"resource_drift" => return Self::NotPlanned,
            _ => return Self::Other,
        })
    }
}

/// Reads a [`Key`].
pub(super) struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
        Ok(Key::of(name))
    }
}

/// The fields of one object as they stand in the text. Of a field given twice the last one counts,
/// as everywhere in JSON.
#[derive(Default)]
pub(super) struct Fields<'content> {
    found: Vec<(Field, &'content RawValue)>,
}

impl<'content> Fields<'content> {
    /// Keeps a field. Null is the same as no field.
    pub(super) fn set(&mut self, field: Field, value: &'content RawValue) {
        self.found.retain(|(known, _)| *known != field);
        if value.get() != "null" {
            self.found.push((field, value));
        }
    }

    /// The value of a field.
    pub(super) fn get(&self, field: Field) -> Option<&'content RawValue> {
        self.found.iter().find(|(known, _)| *known == field).map(|(_, value)| *value)
    }

    /// Some field, to have a place in the object.
    pub(super) fn any(&self) -> Option<&'content RawValue> {
        self.found.first().map(|(_, value)| *value)
    }

    /// A field as plain text: strings decoded, numbers and booleans as written, nothing for arrays
    /// and objects.
    pub(super) fn text(&self, field: Field) -> Option<String> {
        let raw = self.get(field)?.get();
        match raw.as_bytes().first()? {
            b'"' => serde_json::from_str(raw).ok(),
            b'[' | b'{' => None,
            _ => Some(raw.to_owned()),
        }
    }
}

/// What kind of value a piece of JSON is, for messages.
pub(super) fn kind_of(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'[') => "an array",
        Some(b'{') => "an object",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_in_any_letter_case() {
        assert_eq!(Key::of("MembershipRule"), Key::Field(Field::MembershipRule));
        assert_eq!(Key::of("membershipRuleProcessingState"), Key::Field(Field::ProcessingState));
        assert_eq!(Key::of("membership"), Key::Other);
        assert_eq!(Key::of(&"x".repeat(99)), Key::Other);
    }

    #[test]
    fn the_last_field_of_a_name_counts() {
        let values: Vec<&RawValue> = serde_json::from_str("[1, null, \"a\\u0062\", []]").expect("values");
        let mut fields = Fields::default();
        let texts: Vec<_> = values
            .into_iter()
            .map(|value| {
                fields.set(Field::Id, value);
                fields.text(Field::Id)
            })
            .collect();
        assert_eq!(texts, [Some("1".to_owned()), None, Some("ab".to_owned()), None]);
    }
}
