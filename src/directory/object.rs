//! One user or device with its attribute values.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

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

impl Value {
    /// The value in JSON, as files of objects have it.
    pub fn json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Boolean(value) => json!(value),
            Self::Text(text) => json!(text),
            Self::Instant(instant) => json!(instant.to_string()),
            Self::Texts(texts) => json!(texts),
            Self::Plans(plans) => plans
                .iter()
                .map(|plan| {
                    json!({
                        "service": plan.service,
                        "servicePlanId": plan.service_plan_id,
                        "capabilityStatus": plan.capability_status,
                    })
                })
                .collect(),
        }
    }
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
    /// Sorted by name, each name once, none with null.
    values: Vec<(Arc<str>, Value)>,
    manager: Option<String>,
}

impl Object {
    /// An object with an id and nothing else.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        let values = vec![("objectId".into(), Value::Text(id.clone()))];
        Self { id, values, manager: None }
    }

    /// An object with an id and many attributes at once, which is faster than setting each. Of an
    /// attribute that is given twice the last value counts.
    pub(crate) fn with_values(
        id: impl Into<String>,
        values: impl IntoIterator<Item = (Arc<str>, Value)>,
    ) -> Self {
        let mut object = Self::new(id);
        object.values.extend(values.into_iter().map(|(name, value)| (shared_name(name), value)));
        // A stable sort keeps the last of equal names last; `dedup` keeps the first, so swap.
        object.values.sort_by(|(one, _), (other, _)| one.cmp(other));
        object.values.dedup_by(|(name, value), (kept_name, kept)| {
            let same = name == kept_name;
            if same {
                std::mem::swap(value, kept);
            }
            same
        });
        object.values.retain(|(_, value)| *value != Value::Null);
        object.values.shrink_to_fit();
        object
    }

    /// The object id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sets an attribute, by its canonical rule name. Null takes it away.
    ///
    /// Directory extensions have no canonical spelling, so their letter case does not count.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        let name = shared_name(name.into());
        match (self.place(&name), value) {
            (Ok(at), Value::Null) => drop(self.values.remove(at)),
            (Ok(at), value) => {
                if let Some((_, old)) = self.values.get_mut(at) {
                    *old = value;
                }
            }
            (Err(_), Value::Null) => {}
            (Err(at), value) => self.values.insert(at, (name, value)),
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
        let found = self.place(&stored_name(name)).ok().and_then(|at| self.values.get(at));
        found.map_or(&Value::Null, |(_, value)| value)
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

    /// Where a name stands, or where it would.
    fn place(&self, stored_name: &str) -> Result<usize, usize> {
        self.values.binary_search_by(|(name, _)| (**name).cmp(stored_name))
    }
}

fn shared_name(name: Arc<str>) -> Arc<str> {
    match stored_name(&name) {
        Cow::Owned(lower) => lower.into(),
        Cow::Borrowed(_) => name,
    }
}

/// The name under which [`Object::values`] gives an attribute.
pub(crate) fn stored_name(name: &str) -> Cow<'_, str> {
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
        ada.set("state", Value::Null);
        assert_eq!(ada, Object::new("ada"));
    }

    #[test]
    fn many_values_at_once_are_the_same_as_one_by_one() {
        let text = |text: &str| Value::Text(text.to_owned());
        let values = [
            ("state", text("x")),
            ("city", text("Oslo")),
            ("mail", Value::Null),
            ("state", Value::Null),
            ("city", text("Bergen")),
            ("EXTENSION_X", text("y")),
        ];
        let mut one_by_one = Object::new("ada");
        for (name, value) in values.clone() {
            one_by_one.set(name, value);
        }
        let at_once = Object::with_values("ada", values.map(|(name, value)| (name.into(), value)));
        assert_eq!(at_once, one_by_one);
        let names: Vec<_> = at_once.values().map(|(name, _)| name).collect();
        assert_eq!(names, ["city", "extension_x", "objectId"]);
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
