//! One user or device with its attribute values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

/// The value of an attribute. A missing attribute is [`Value::Null`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// A boolean.
    Boolean(bool),
    /// A string, possibly empty.
    Text(String),
    /// An instant.
    Instant(Timestamp),
    /// A collection of strings, possibly empty.
    Texts(Vec<String>),
    /// The service plans of a user, possibly none.
    Plans(Vec<AssignedPlan>),
}

/// One service plan of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssignedPlan {
    /// The service's name, such as `SCO`.
    pub service: Option<String>,
    /// The plan's GUID.
    pub service_plan_id: Option<String>,
    /// `Enabled`, `Deleted`, `Suspended`, …
    pub capability_status: Option<String>,
}

/// A user or device.
///
/// ```
/// use dyngroup::directory::object::{Object, Value};
/// let ada = Object::new("ada").with("department", Value::Text("Sales".into()));
/// assert_eq!(ada.get("department"), &Value::Text("Sales".into()));
/// assert_eq!(ada.get("city"), &Value::Null);
/// assert_eq!(ada.get("objectId"), &Value::Text("ada".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    id: String,
    values: BTreeMap<Arc<str>, Value>,
    manager: Option<String>,
}

impl Object {
    /// An object with an id and nothing else.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        let values = BTreeMap::from([("objectId".into(), Value::Text(id.clone()))]);
        Self { id, values, manager: None }
    }

    /// The object id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sets an attribute, by its canonical rule name. Null takes it away.
    ///
    /// Directory extensions have no canonical spelling, so their letter case does not count.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let mut name = name.into();
        if let Cow::Owned(lower) = stored_name(&name) {
            name = lower.into();
        }
        if value == Value::Null {
            self.values.remove(&name);
        } else {
            self.values.insert(name, value);
        }
    }

    /// The object with an attribute set.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// The value of an attribute, by its canonical rule name.
    pub fn get(&self, name: &str) -> &Value {
        self.values.get(&*stored_name(name)).unwrap_or(&Value::Null)
    }

    /// The attributes that have a value, sorted by name. Directory extensions are in lower case.
    pub fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.values.iter().map(|(name, value)| (&**name, value))
    }

    /// The id of the manager.
    pub fn manager(&self) -> Option<&str> {
        self.manager.as_deref()
    }

    /// Sets the id of the manager.
    pub fn set_manager(&mut self, manager: Option<String>) {
        self.manager = manager;
    }
}

/// The name under which an attribute is kept.
fn stored_name(name: &str) -> Cow<'_, str> {
    const EXTENSION: &str = "extension_";
    let is_extension =
        name.get(..EXTENSION.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(EXTENSION));
    if is_extension && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_the_same_as_absent() {
        let mut ada = Object::new("ada").with("city", Value::Text("Oslo".into()));
        ada.set("city", Value::Null);
        assert_eq!(ada, Object::new("ada"));
    }

    #[test]
    fn extensions_are_found_in_any_letter_case() {
        let name = "extension_C272a57b722d4eb29bfe327874ae79cb_Shoe";
        let ada = Object::new("ada").with(name, Value::Text("37".into()));
        assert_eq!(ada.get(&name.to_ascii_uppercase()), &Value::Text("37".into()));
        assert_eq!(ada.get(name), &Value::Text("37".into()));
        assert_eq!(ada.get("DEPARTMENT"), &Value::Null);
    }
}
