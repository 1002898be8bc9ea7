//! Changed users and devices, as pages of Graph's delta queries tell of them.

mod licenses;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use self::licenses::{make_licensing, with_direct_licenses, written};
use super::object::value_of;
use super::read_rows;
use crate::base::fold::fold;
use crate::directory::error::DataErrors;
use crate::directory::license_fields::{DIRECT_LICENSES, LICENSES, Licensing};
use crate::directory::object::{Object, Value};
use crate::directory::row::{Datum, Row};
use crate::directory::shape::{MANAGER, MANAGER_DELTA, MEMBER_OF, OBJECT_ID, REMOVED, Shape};
use crate::directory::source::{Format, Source};
use crate::language::attribute::{Attributes, Subject};

/// What is told of one object. What is not told stays as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectChange {
    /// The object's id.
    pub id: String,
    /// Whether it was deleted.
    pub removed: bool,
    /// Whether it was deleted and came back: nothing stays as it was.
    pub anew: bool,
    /// Attributes and their new values, null where there is none any more; each once. Where licensing is read they
    /// may have [`LICENSES`] or [`DIRECT_LICENSES`] among them, and
    /// [`ADDRESS_CONFLICT`](crate::directory::license_fields::ADDRESS_CONFLICT).
    pub values: Vec<(Arc<str>, Value)>,
    /// The id of the new manager, `Some(None)` if there is none any more.
    pub manager: Option<Option<String>>,
    /// Whether it names groups, which nobody follows: memberships have deltas of their own.
    pub names_groups: bool,
}

impl ObjectChange {
    /// The object as it is now. `None` if it was deleted.
    ///
    /// ```
    /// use dyngroup::directory::object::{Object, Value};
    /// use dyngroup::directory::read::changes_from_str;
    /// use dyngroup::directory::source::Format;
    /// use dyngroup::language::attribute::{Attributes, Subject};
    ///
    /// let text = r#"{"id": "ADA", "city": null, "department": "Sales"}"#;
    /// let changes = changes_from_str("c.ndjson", text, Format::Ndjson, Subject::User, Attributes::standard())?;
    /// let ada = Object::new("ada").with("city", Value::Text("Oslo".into()));
    /// let changed = changes[0].applied_to(ada).unwrap();
    /// assert_eq!(changed, Object::new("ada").with("department", Value::Text("Sales".into())));
    /// # Ok::<(), dyngroup::directory::error::DataErrors>(())
    /// ```
    pub fn applied_to(&self, mut object: Object) -> Option<Object> {
        if self.removed {
            return None;
        }
        if self.anew {
            object = Object::new(object.id());
        }
        for (name, value) in &self.values {
            if **name == *DIRECT_LICENSES {
                object.set(LICENSES, with_direct_licenses(object.get(LICENSES), value));
            } else {
                object.set(Arc::clone(name), value.clone());
            }
        }
        if let Some(manager) = &self.manager {
            object.set_manager(manager.clone());
        }
        Some(object)
    }

    /// The change as lines of NDJSON with the names that rules use, which read back as the same change.
    pub fn to_lines(&self) -> String {
        let mark = json!({ "id": self.id, "@removed": {} });
        if self.removed {
            return format!("{mark}\n");
        }
        let mut object = serde_json::Map::new();
        object.insert("id".to_owned(), json!(self.id));
        for (name, value) in &self.values {
            let (name, value) = written(name, value);
            object.insert(name.to_owned(), value);
        }
        if let Some(manager) = &self.manager {
            object.insert(MANAGER.to_owned(), json!(manager));
        }
        let line = Json::Object(object);
        if self.anew { format!("{mark}\n{line}\n") } else { format!("{line}\n") }
    }

    /// What is told by this and then by `later`, of the same object.
    #[must_use]
    pub fn followed_by(mut self, later: Self) -> Self {
        if later.removed || self.removed {
            return Self { anew: !later.removed, ..later };
        }
        for (name, value) in later.values {
            self.tell(name, value);
        }
        self.manager = later.manager.or(self.manager);
        self.names_groups |= later.names_groups;
        self
    }

    /// Adds what is told of an attribute after all that is told so far.
    fn tell(&mut self, name: Arc<str>, value: Value) {
        if *name == *LICENSES {
            self.values.retain(|(known, _)| **known != *DIRECT_LICENSES);
        }
        let (name, value) = match self.values.iter().find(|(known, _)| **known == *LICENSES) {
            Some((licenses, all)) if *name == *DIRECT_LICENSES => {
                (Arc::clone(licenses), with_direct_licenses(all, &value))
            }
            _ => (name, value),
        };
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.values.push((name, value)),
        }
    }
}

/// Reads changed users or devices: pages of a delta query, arrays, one object a line, or CSV.
///
/// Attributes have the names that [`read_objects`](super::read_objects) knows. One that is not there stays
/// as it was, one that is null is taken away. An object that comes up several times is told of step by step.
///
/// # Errors
///
/// As [`read_objects`](super::read_objects), but for ids that come up more than once.
pub fn read_changes(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ObjectChange>, DataErrors> {
    read_changes_with(path, subject, attributes, Licensing::PassedOver)
}

/// Reads changed users or devices as [`read_changes`] does, with what licensing needs of users if `licensing` asks
/// for it, as [`Wanted::with_licenses`](crate::directory::column_reader::Wanted::with_licenses) tells.
///
/// A user whose `licenseAssignmentStates` are given has these licenses and no others. Where only the
/// `assignedLicenses` are given the direct licenses become these and the inherited ones stay. A user who gives
/// anything about conflicts of addresses has a conflict by that alone.
///
/// # Errors
///
/// As [`read_changes`].
pub fn read_changes_with(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
    licensing: Licensing,
) -> Result<Vec<ObjectChange>, DataErrors> {
    changes_of(&Source::read(path)?, subject, attributes, licensing)
}

/// Reads changed objects from a text, as [`read_changes`] does; `name` stands for the file in errors.
///
/// # Errors
///
/// As [`read_changes`].
pub fn changes_from_str(
    name: impl Into<std::path::PathBuf>,
    text: &str,
    format: Format,
    subject: Subject,
    attributes: &Attributes,
) -> Result<Vec<ObjectChange>, DataErrors> {
    changes_from_str_with(name, text, format, (subject, attributes), Licensing::PassedOver)
}

/// Reads changed objects from a text, as [`read_changes_with`] does; `name` stands for the file in errors.
///
/// ```
/// use dyngroup::directory::license_fields::{LICENSES, Licensing};
/// use dyngroup::directory::object::{Object, Value};
/// use dyngroup::directory::read::changes_from_str_with;
/// use dyngroup::directory::source::Format;
/// use dyngroup::language::attribute::{Attributes, Subject};
///
/// let text = r#"{"id": "ada", "licenseAssignmentStates": [{"skuId": "E5", "assignedByGroup": "g"}]}"#;
/// let users = (Subject::User, Attributes::standard());
/// let changes = changes_from_str_with("c.ndjson", text, Format::Ndjson, users, Licensing::Read)?;
/// let licenses = Value::Text(r#"[{"skuId":"e5","assignedByGroup":"g"}]"#.into());
/// assert_eq!(changes[0].applied_to(Object::new("ada")).unwrap().get(LICENSES), &licenses);
/// # Ok::<(), dyngroup::directory::error::DataErrors>(())
/// ```
///
/// # Errors
///
/// As [`read_changes`].
pub fn changes_from_str_with(
    name: impl Into<std::path::PathBuf>,
    text: &str,
    format: Format,
    (subject, attributes): (Subject, &Attributes),
    licensing: Licensing,
) -> Result<Vec<ObjectChange>, DataErrors> {
    changes_of(&Source::of_text(name, text, format)?, subject, attributes, licensing)
}

fn changes_of(
    source: &Source<'_>,
    subject: Subject,
    attributes: &Attributes,
    licensing: Licensing,
) -> Result<Vec<ObjectChange>, DataErrors> {
    let shape = Shape::of_changes(subject, attributes).with_licensing(licensing);
    let told = |row, line| without_containers(change(row, line), subject, attributes);
    Ok(one_each(read_rows(source, &shape, None, &told)?))
}

/// A container that is null, whose name ends with a dot, stands for all attributes in it.
fn without_containers(mut change: ObjectChange, subject: Subject, attributes: &Attributes) -> ObjectChange {
    let (containers, values): (Vec<_>, Vec<_>) =
        change.values.into_iter().partition(|(name, _)| name.ends_with('.'));
    change.values = values;
    for (container, _) in containers {
        let is_in = |name: &str| {
            name.get(..container.len()).is_some_and(|start| start.eq_ignore_ascii_case(&container))
        };
        for attribute in attributes.of(subject) {
            let is_told = change.values.iter().any(|(name, _)| *name == attribute.name);
            if !is_told && (is_in(&attribute.graph_name) || is_in(&attribute.name)) {
                change.values.push((Arc::clone(&attribute.name), Value::Null));
            }
        }
    }
    change
}

/// One change for each object, in the order in which they come up first.
pub fn one_each(changes: Vec<ObjectChange>) -> Vec<ObjectChange> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(changes.len());
    let mut merged: Vec<Option<ObjectChange>> = Vec::with_capacity(changes.len());
    for change in changes {
        let place = *places.entry(fold(&change.id).into_owned()).or_insert(merged.len());
        match merged.get_mut(place) {
            Some(known) => *known = known.take().map(|known| known.followed_by(change)),
            None => merged.push(Some(change)),
        }
    }
    merged.into_iter().flatten().collect()
}

fn change(mut row: Row, _line: usize) -> ObjectChange {
    let id = row.required_text(OBJECT_ID);
    let removed = row.boolean(REMOVED).unwrap_or_default();
    let names_groups = row.texts(MEMBER_OF).is_some_and(|groups| !groups.is_empty());
    let mut manager = None;
    let mut values = Vec::new();
    for (name, datum) in row {
        match (&*name, datum) {
            (MANAGER, Datum::Text(id)) => manager = Some(Some(id)),
            (MANAGER, _) => manager = Some(None),
            (MANAGER_DELTA, Datum::Rows(steps)) => {
                for mut step in steps {
                    let removed = step.boolean(REMOVED).unwrap_or_default();
                    manager = Some(step.text("id").filter(|_| !removed));
                }
            }
            (OBJECT_ID | REMOVED | MEMBER_OF | MANAGER_DELTA, _) => {}
            (_, datum) => values.push((name, value_of(datum))),
        }
    }
    make_licensing(&mut values);
    ObjectChange { id, removed, anew: false, values, manager, names_groups }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::source::Format;

    fn read(text: &str, format: Format) -> Vec<ObjectChange> {
        changes_from_str("changes", text, format, Subject::User, Attributes::standard())
            .unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn pages_tell_what_came_what_went_and_nothing_of_the_rest() {
        let pages = r##"
            {"@odata.nextLink": "more", "value": [
                {"id": "ada", "city": "Oslo", "onPremisesExtensionAttributes": {"extensionAttribute1": null}},
                {"id": "bob", "@removed": {"reason": "deleted"}},
                {"id": "eve", "manager@delta": [{"@odata.type": "#microsoft.graph.user", "id": "ada"}]}
            ]}
            {"@odata.deltaLink": "end", "value": [
                {"id": "ADA", "city": null, "department": "Sales"},
                {"id": "eve", "manager@delta": [{"id": "ada", "@removed": {"reason": "deleted"}}], "memberOf": ["g"]}
            ]}"##;
        let changes = read(pages, Format::Json);
        let ids: Vec<&str> = changes.iter().map(|change| &*change.id).collect();
        assert_eq!(ids, ["ada", "bob", "eve"]);
        let values: Vec<_> = changes[0].values.iter().map(|(name, value)| (&**name, value.clone())).collect();
        assert_eq!(
            values,
            [("city", Value::Null), ("extensionAttribute1", Value::Null), ("department", text("Sales"))]
        );
        assert_eq!(changes[0].manager, None);
        assert!(changes[1].removed);
        assert_eq!((&changes[2].manager, changes[2].names_groups), (&Some(None), true));
    }

    #[test]
    fn a_container_that_is_null_takes_all_that_is_in_it_away() {
        let changes = read("{\"id\":\"a\",\"onPremisesExtensionAttributes\":null}", Format::Ndjson);
        let before = Object::new("a").with("extensionAttribute7", text("x")).with("city", text("Oslo"));
        assert_eq!(changes[0].applied_to(before).unwrap(), Object::new("a").with("city", text("Oslo")));
    }

    #[test]
    fn who_comes_back_begins_anew() {
        let lines = "{\"id\":\"a\",\"city\":\"Oslo\"}\n{\"id\":\"a\",\"@removed\":{}}\n{\"id\":\"a\",\"managerId\":\"m\"}";
        let changes = read(lines, Format::Ndjson);
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].removed, &changes[0].values), (false, &Vec::new()));
        assert_eq!(changes[0].manager, Some(Some("m".to_owned())));
        let before = Object::new("a").with("department", text("Sales"));
        assert_eq!(changes[0].applied_to(before).unwrap().get("department"), &Value::Null);
    }

    #[test]
    fn the_columns_of_a_sheet_are_told_of_every_row() {
        let changes = read("id,city,accountEnabled\na,,true\nb,Oslo,\n", Format::Csv);
        let ada = Object::new("a").with("city", text("Rome")).with("department", text("Sales"));
        let ada = changes[0].applied_to(ada).unwrap();
        assert_eq!((ada.get("city"), ada.get("department")), (&Value::Null, &text("Sales")));
        let bob =
            changes[1].applied_to(Object::new("b").with("accountEnabled", Value::Boolean(true))).unwrap();
        assert_eq!((bob.get("city"), bob.get("accountEnabled")), (&text("Oslo"), &Value::Null));
    }
}
