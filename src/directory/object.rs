//! One user or device with its attribute values.

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

    /// Sets an attribute, by its canonical rule name.
    pub fn set(&mut self, name: impl Into<Arc<str>>, value: Value) {
        self.values.insert(name.into(), value);
    }

    /// The object with an attribute set.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// The value of an attribute, by its canonical rule name.
    pub fn get(&self, name: &str) -> &Value {
        self.values.get(name).unwrap_or(&Value::Null)
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
