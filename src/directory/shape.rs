//! Which fields a kind of record has: their names in a file, their types, and which must be there.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::license_fields::{self, Licensing, LicensingList};
use crate::language::attribute::{Attribute, Attributes, Kind, Subject};

/// What a field may hold. Every kind takes null, which stands for no value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FieldKind {
    /// `true` or `false`.
    Boolean,
    /// A string.
    Text,
    /// A string that passes the check; the check says what it expects.
    Checked(fn(&str) -> Result<(), &'static str>),
    /// A string, number or boolean, kept as its text. A list counts as no value: rules do not see
    /// directory extensions with several values.
    Extension,
    /// A string, or a list of strings of which the first one counts.
    FirstText,
    /// A date-time.
    Date,
    /// A list of strings.
    Texts,
    /// A whole number.
    Count,
    /// The id of another object: a string or an object with `id`.
    Reference,
    /// A list of ids. Objects in the list are passed over.
    Ids,
    /// A mark that counts when it is there.
    Mark,
    /// A list of records of another shape.
    Rows(&'static Shape<'static>),
    /// A list of records of which licensing makes one value.
    Licensing(LicensingList),
}

impl FieldKind {
    /// What is expected, in the words of messages.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Boolean => "true, false or null",
            Self::Text | Self::Checked(_) => "a string or null",
            Self::Extension => "a string, a number, a boolean or null",
            Self::FirstText => "a string, a list of strings or null",
            Self::Date => "a date-time such as \"2026-01-15T08:00:00Z\" or null",
            Self::Texts => "a list of strings or null",
            Self::Count => "a whole number of at least 0",
            Self::Reference => "an object with `id`, a string or null",
            Self::Ids => "a list of ids or null",
            Self::Mark => "an object or true",
            Self::Rows(_) | Self::Licensing(_) => "a list of objects or null",
        }
    }
}

/// One field of a shape.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// The name under which rows hold it.
    pub(crate) name: Arc<str>,
    pub(crate) kind: FieldKind,
}

/// What stands at a path.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    Field(Field),
    /// An object that holds fields.
    Container,
    /// Nothing that is read.
    Unknown,
}

/// The fields of one kind of record.
#[derive(Debug, Default)]
pub(crate) struct Shape<'table> {
    fields: HashMap<String, Field>,
    containers: HashSet<String>,
    required: Vec<Required>,
    attributes: Option<(Subject, &'table Attributes)>,
    /// The fields that licensing reads, whatever else stands under their names.
    licensing: HashMap<String, Field>,
}

#[derive(Debug)]
struct Required {
    name: &'static str,
    /// The spelling that messages use.
    spelling: &'static str,
}

impl<'table> Shape<'table> {
    /// A shape with the fields `(path, kind)`; rows hold each under its path as written here.
    pub(crate) fn new(fields: impl IntoIterator<Item = (&'static str, FieldKind)>) -> Self {
        let mut shape = Self::default();
        for (path, kind) in fields {
            shape.add(path, path, kind);
        }
        shape
    }

    /// Reads these paths as the fields with the names behind them, which the shape has.
    #[must_use]
    pub(crate) fn or_called(mut self, paths: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        for (path, name) in paths {
            if let Some(field) = self.fields.get(name).cloned() {
                self.fields.insert(path.to_ascii_lowercase(), field);
            }
        }
        self
    }

    /// The shape of users or devices: the names of `attributes` in rule and Graph spelling, and
    /// what else is read of an object: `id`, `manager`, `managerId`, `memberOf`, `@removed`.
    pub(crate) fn of_objects(subject: Subject, attributes: &'table Attributes) -> Self {
        let mut shape = Self { attributes: Some((subject, attributes)), ..Self::default() };
        shape.add("id", OBJECT_ID, FieldKind::Text);
        shape.add("objectId", OBJECT_ID, FieldKind::Text);
        shape.add("manager", MANAGER, FieldKind::Reference);
        shape.add("managerId", MANAGER, FieldKind::Reference);
        shape.add("manager.id", MANAGER, FieldKind::Text);
        shape.add("memberOf", MEMBER_OF, FieldKind::Ids);
        shape.add(REMOVED, REMOVED, FieldKind::Mark);
        for attribute in attributes.of(subject) {
            shape.add_containers(&attribute.name);
            shape.add_containers(&attribute.graph_name);
        }
        shape.required.push(Required { name: OBJECT_ID, spelling: "id" });
        shape
    }

    /// The shape of what a delta query tells of users or devices.
    pub(crate) fn of_changes(subject: Subject, attributes: &'table Attributes) -> Self {
        let mut shape = Self::of_objects(subject, attributes);
        shape.add(MANAGER_DELTA, MANAGER_DELTA, FieldKind::Rows(&MANAGER_STEP));
        shape
    }

    /// Reads what licensing needs of users too, if `licensing` asks for it.
    #[must_use]
    pub(crate) fn with_licensing(mut self, licensing: Licensing) -> Self {
        let is_of_users = self.attributes.is_some_and(|(subject, _)| subject == Subject::User);
        if is_of_users && licensing == Licensing::Read {
            self.licensing = license_fields::fields()
                .map(|(path, name, kind)| (path.to_ascii_lowercase(), Field { name: name.into(), kind }))
                .into();
        }
        self
    }

    /// Demands that every record gives these fields a value.
    #[must_use]
    pub(crate) fn require(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.required.extend(names.into_iter().map(|name| Required { name, spelling: name }));
        self
    }

    /// What stands at `path`, in any letter case, parts joined by dots.
    pub(crate) fn find(&self, path: &str) -> Found {
        let lower = path.to_ascii_lowercase();
        if let Some(field) = self.fields.get(&lower) {
            return Found::Field(field.clone());
        }
        if let Some((subject, attributes)) = self.attributes {
            if let Some(attribute) = attributes.find(subject, path) {
                return Found::Field(attribute_field(&attribute, kind_of(&attribute)));
            }
            if let Some(attribute) = attributes.find_graph(subject, path) {
                let listed = GRAPH_LISTS.iter().any(|name| name.eq_ignore_ascii_case(path));
                let kind = if listed { FieldKind::FirstText } else { kind_of(&attribute) };
                return Found::Field(attribute_field(&attribute, kind));
            }
        }
        if self.containers.contains(&lower) { Found::Container } else { Found::Unknown }
    }

    /// What stands at `path` as [`Shape::find`] has it, and the field that licensing reads there.
    pub(crate) fn find_both(&self, path: &str) -> (Found, Option<Field>) {
        let licensing = if self.licensing.is_empty() {
            None
        } else {
            self.licensing.get(&path.to_ascii_lowercase()).cloned()
        };
        (self.find(path), licensing)
    }

    /// The names that must have a value, each with the spelling that messages use.
    pub(crate) fn required(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.required.iter().map(|required| (required.name, required.spelling))
    }

    fn add(&mut self, path: &str, name: &str, kind: FieldKind) {
        self.add_containers(path);
        self.fields.insert(path.to_ascii_lowercase(), Field { name: name.into(), kind });
    }

    fn add_containers(&mut self, path: &str) {
        for (dot, _) in path.match_indices('.') {
            self.containers.extend(path.get(..dot).map(str::to_ascii_lowercase));
        }
    }
}

/// The name under which rows hold an object's id.
pub(crate) const OBJECT_ID: &str = "objectId";
/// The name under which rows hold the id of an object's manager.
pub(crate) const MANAGER: &str = "manager";
/// The name under which rows hold the ids of the groups that an object is in.
pub(crate) const MEMBER_OF: &str = "memberOf";
/// The name under which rows hold Graph's mark of a deletion.
pub(crate) const REMOVED: &str = "@removed";

/// The name under which delta queries tell of managers.
pub(crate) const MANAGER_DELTA: &str = "manager@delta";

/// A manager who came or went.
static MANAGER_STEP: LazyLock<Shape<'static>> =
    LazyLock::new(|| Shape::new([("id", FieldKind::Text), (REMOVED, FieldKind::Mark)]).require(["id"]));

/// An object that stands for a reference to it.
pub(crate) static REFERENCE: LazyLock<Shape<'static>> =
    LazyLock::new(|| Shape::new([("id", FieldKind::Text)]).require(["id"]));

/// A service plan of a user.
pub(crate) static ASSIGNED_PLAN: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("service", FieldKind::Text),
        ("servicePlanId", FieldKind::Text),
        ("capabilityStatus", FieldKind::Text),
    ])
});

/// Graph keeps a list where rules see one text, its first entry.
const GRAPH_LISTS: [&str; 2] = ["businessPhones", "imAddresses"];

fn kind_of(attribute: &Attribute) -> FieldKind {
    match attribute.kind {
        Kind::Text if is_directory_extension(&attribute.name) && !attribute.declared => FieldKind::Extension,
        Kind::Text => FieldKind::Text,
        Kind::Boolean => FieldKind::Boolean,
        Kind::Date => FieldKind::Date,
        Kind::Texts => FieldKind::Texts,
        Kind::Plans => FieldKind::Rows(&ASSIGNED_PLAN),
        Kind::Groups => FieldKind::Ids,
    }
}

/// The field of an attribute. Directory extensions are not in the table, so the letter case of their
/// names has to be evened out here: two spellings are one field.
fn attribute_field(attribute: &Attribute, kind: FieldKind) -> Field {
    let name = match kind {
        FieldKind::Extension => attribute.name.to_ascii_lowercase().into(),
        _ => Arc::clone(&attribute.name),
    };
    Field { name, kind }
}

fn is_directory_extension(name: &str) -> bool {
    name.get(..10).is_some_and(|prefix| prefix.eq_ignore_ascii_case("extension_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(shape: &Shape<'_>, path: &str) -> String {
        match shape.find(path) {
            Found::Field(field) => format!("{} {}", field.name, field.kind.words()),
            Found::Container => "container".to_owned(),
            Found::Unknown => "unknown".to_owned(),
        }
    }

    #[test]
    fn rule_and_graph_names_lead_to_one_field() {
        let shape = Shape::of_objects(Subject::User, Attributes::standard());
        for path in ["objectId", "ID"] {
            assert_eq!(found(&shape, path), "objectId a string or null");
        }
        for path in ["physicalDeliveryOfficeName", "OFFICELOCATION"] {
            assert_eq!(found(&shape, path), "physicalDeliveryOfficeName a string or null");
        }
        assert_eq!(found(&shape, "telephonenumber"), "telephoneNumber a string or null");
        assert_eq!(found(&shape, "businessphones"), "telephoneNumber a string, a list of strings or null");
        assert_eq!(found(&shape, "assignedPlans"), "assignedPlans a list of objects or null");
        assert_eq!(found(&shape, "onPremisesExtensionAttributes"), "container");
        assert_eq!(
            found(&shape, "onpremisesextensionattributes.EXTENSIONATTRIBUTE15"),
            "extensionAttribute15 a string or null"
        );
        assert_eq!(found(&shape, "onPremisesExtensionAttributes.extensionAttribute16"), "unknown");
        assert_eq!(found(&shape, "extensionAttributes"), "unknown", "of devices");
        assert_eq!(
            found(&shape, "EXTENSION_C272A57B722D4EB29BFE327874AE79CB_Shoe"),
            "extension_c272a57b722d4eb29bfe327874ae79cb_shoe a string, a number, a boolean or null"
        );
    }

    #[test]
    fn declared_names_are_read_with_their_type_and_path() {
        let attributes = Attributes::standard().clone().declare([
            Attribute::declared(Subject::User, "employeeOrgData.division", Kind::Text),
            Attribute::declared(Subject::User, "createdDateTime", Kind::Date),
        ]);
        let shape = Shape::of_objects(Subject::User, &attributes);
        assert_eq!(found(&shape, "EmployeeOrgData"), "container");
        assert_eq!(found(&shape, "employeeOrgData.Division"), "employeeOrgData.division a string or null");
        assert_eq!(found(&shape, "createdDateTime"), format!("createdDateTime {}", FieldKind::Date.words()));
        assert_eq!(found(&shape, "employeeType"), "unknown");
    }
}
