//! The attribute table: which names a rule may use, of which type, and where they stand in Graph.
//!
//! The facts are data, in `attributes.toml` beside this file. Callers add their own names with
//! [`Attributes::declare`] for the extended dialect.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::certainty::Certainty;

/// The kind of object that a rule selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// `user.` attributes.
    User,
    /// `device.` attributes.
    Device,
}

impl Subject {
    /// Both, in the order of reports.
    pub const ALL: [Self; 2] = [Self::User, Self::Device];

    /// The word before the dot: `user` or `device`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Device => "device",
        }
    }

    /// Reads the word before the dot, in any letter case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subject| subject.word().eq_ignore_ascii_case(word))
    }
}

/// The type of an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `true`, `false` or null.
    Boolean,
    /// One string or null.
    Text,
    /// An instant or null.
    Date,
    /// A collection of strings.
    Texts,
    /// The service plans of a user, each with `service`, `servicePlanId` and `capabilityStatus`.
    Plans,
    /// The groups an object is a direct member of.
    Groups,
}

impl Kind {
    /// The kind in the words of messages.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Text => "a string",
            Self::Date => "a date-time",
            Self::Texts => "a string collection",
            Self::Plans => "a collection of service plans",
            Self::Groups => "a collection of groups",
        }
    }

    /// Whether it holds items that `-any` and `-all` go over.
    pub const fn is_collection(self) -> bool {
        matches!(self, Self::Texts | Self::Plans | Self::Groups)
    }

    /// The word for one item inside the body of `-any` and `-all`: `_`, `assignedPlan` or `group`.
    pub const fn item_word(self) -> Option<&'static str> {
        match self {
            Self::Texts => Some("_"),
            Self::Plans => Some("assignedPlan"),
            Self::Groups => Some("group"),
            Self::Boolean | Self::Text | Self::Date => None,
        }
    }
}

/// A fact of one service plan that a rule can test, after `assignedPlan.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanField {
    /// `assignedPlan.capabilityStatus`: `Enabled`, `Deleted`, …
    CapabilityStatus,
    /// `assignedPlan.service`: the service's name, such as `SCO`.
    Service,
    /// `assignedPlan.servicePlanId`: a GUID.
    ServicePlanId,
}

impl PlanField {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CapabilityStatus, Self::Service, Self::ServicePlanId];

    /// The canonical spelling.
    pub const fn word(self) -> &'static str {
        match self {
            Self::CapabilityStatus => "capabilityStatus",
            Self::Service => "service",
            Self::ServicePlanId => "servicePlanId",
        }
    }

    /// Reads a name after `assignedPlan.`, in any letter case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.word().eq_ignore_ascii_case(word))
    }
}

/// One name of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of the table")]
pub struct Attribute {
    /// Whose attribute it is.
    pub subject: Subject,
    /// The canonical rule name, such as `physicalDeliveryOfficeName`.
    pub name: Arc<str>,
    /// The path in a Graph object, parts joined by dots, such as `officeLocation`.
    pub graph_name: Arc<str>,
    /// The type of its value.
    pub kind: Kind,
    /// Whether the documentation says that the value can be missing.
    pub nullable: bool,
    /// How sure it is that the service knows the name.
    pub certainty: Certainty,
    /// The values that the service stores, where they are known.
    pub values: Vec<Arc<str>>,
    /// Whether other values than those occur.
    pub open: bool,
    /// Whether the person may be allowed to write it.
    pub writable: bool,
    /// Whether the name is accepted but no object ever has a value.
    pub retired: bool,
    /// Whether a caller declared it: the service does not know it.
    pub declared: bool,
}

impl Attribute {
    /// An attribute as a caller declares it: nullable, known to the extended dialect only.
    ///
    /// `name` is both the rule's and Graph's spelling.
    pub fn declared(subject: Subject, name: &str, kind: Kind) -> Self {
        Self {
            subject,
            name: name.into(),
            graph_name: name.into(),
            kind,
            nullable: true,
            certainty: Certainty::Inferred,
            values: Vec::new(),
            open: true,
            writable: false,
            retired: false,
            declared: true,
        }
    }

    /// Whether it is a directory extension. Their canonical name is in lower case, for lookups: nobody
    /// documents another spelling.
    pub fn is_directory_extension(&self) -> bool {
        self.name.starts_with(DIRECTORY_EXTENSION_PREFIX)
    }

    /// The name as a rule writes it: `user.department`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.subject.word(), self.name)
    }
}

/// A name that people write and the language does not have.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotAvailable {
    /// Where the name is at home.
    pub from: Origin,
    /// The rule attribute that says the same.
    #[serde(rename = "use")]
    pub instead: Option<String>,
    /// What to do where no attribute says the same.
    pub help: Option<String>,
}

/// Where a name that rules do not have is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Microsoft Graph.
    Graph,
    /// The device filter of Conditional Access.
    ConditionalAccess,
    /// Intune assignment filters.
    Intune,
    /// Active Directory.
    ActiveDirectory,
    /// Earlier editions of the rule documentation.
    Old,
}

impl Origin {
    /// The origin in the words of messages.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::ConditionalAccess => "Conditional Access filters",
            Self::Intune => "Intune filters",
            Self::ActiveDirectory => "Active Directory",
            Self::Old => "earlier editions of the documentation",
        }
    }
}

/// All names, looked up by rule name or Graph name in any letter case.
///
/// ```
/// use dyngroup::language::attribute::{Attributes, Kind, Subject};
/// let attributes = Attributes::standard();
/// let found = attributes.find(Subject::User, "DEPARTMENT").unwrap();
/// assert_eq!((&*found.name, found.kind), ("department", Kind::Text));
/// assert!(attributes.find(Subject::User, "officeLocation").is_none(), "a Graph name only");
/// assert_eq!(&*attributes.find_graph(Subject::User, "officeLocation").unwrap().name, "physicalDeliveryOfficeName");
/// ```
#[derive(Clone, Debug)]
pub struct Attributes {
    by_rule_name: [HashMap<String, Arc<Attribute>>; 2],
    by_graph_name: [HashMap<String, Arc<Attribute>>; 2],
    not_available: [HashMap<String, Arc<NotAvailable>>; 2],
}

impl Attributes {
    /// The table of the service, without declared attributes.
    pub fn standard() -> &'static Self {
        static STANDARD: LazyLock<Attributes> = LazyLock::new(|| {
            #[expect(clippy::expect_used, reason = "the file is part of the program and a test reads it")]
            Attributes::read(include_str!("attributes.toml")).expect("attributes.toml is well formed")
        });
        &STANDARD
    }

    /// Adds names that the service does not know. A name that it knows keeps the service's type.
    #[must_use]
    pub fn declare(mut self, declared: impl IntoIterator<Item = Attribute>) -> Self {
        for attribute in declared {
            if self.find(attribute.subject, &attribute.name).is_none() {
                self.insert(attribute);
            }
        }
        self
    }

    /// The attribute that a rule means by `name`. Directory extensions
    /// (`extension_<32 hexadecimal digits>_<name>`) are found without being listed.
    pub fn find(&self, subject: Subject, name: &str) -> Option<Arc<Attribute>> {
        lookup(&self.by_rule_name, subject, name).or_else(|| directory_extension(subject, name))
    }

    /// The attribute at `path` of a Graph object, where its rule name is another one or the same.
    pub fn find_graph(&self, subject: Subject, path: &str) -> Option<Arc<Attribute>> {
        lookup(&self.by_graph_name, subject, path).or_else(|| directory_extension(subject, path))
    }

    /// What is known about a name that rules do not have.
    pub fn not_available(&self, subject: Subject, name: &str) -> Option<&NotAvailable> {
        self.not_available.get(subject as usize)?.get(&name.to_ascii_lowercase()).map(AsRef::as_ref)
    }

    /// All attributes of `subject`, sorted by name.
    pub fn of(&self, subject: Subject) -> Vec<&Arc<Attribute>> {
        let mut all: Vec<_> =
            self.by_rule_name.get(subject as usize).into_iter().flat_map(HashMap::values).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn read(text: &str) -> Result<Self, toml::de::Error> {
        let file: File = toml::from_str(text)?;
        let mut table = Self {
            by_rule_name: Default::default(),
            by_graph_name: Default::default(),
            not_available: Default::default(),
        };
        for (subject, rows) in [(Subject::User, file.user), (Subject::Device, file.device)] {
            for (name, row) in rows {
                match row.numbered {
                    None => table.insert(row.into_attribute(subject, &name, "")),
                    Some(last) => (1..=last).for_each(|number| {
                        table.insert(row.clone().into_attribute(subject, &name, &number.to_string()));
                    }),
                }
            }
        }
        table.not_available = [file.not_available.user, file.not_available.device].map(|rows| {
            rows.into_iter().map(|(name, row)| (name.to_ascii_lowercase(), Arc::new(row))).collect()
        });
        Ok(table)
    }

    fn insert(&mut self, attribute: Attribute) {
        let attribute = Arc::new(attribute);
        let at = attribute.subject as usize;
        for (tables, name) in
            [(&mut self.by_rule_name, &attribute.name), (&mut self.by_graph_name, &attribute.graph_name)]
        {
            if let Some(table) = tables.get_mut(at) {
                table.insert(name.to_ascii_lowercase(), Arc::clone(&attribute));
            }
        }
    }
}

fn lookup(
    tables: &[HashMap<String, Arc<Attribute>>; 2],
    subject: Subject,
    name: &str,
) -> Option<Arc<Attribute>> {
    tables.get(subject as usize)?.get(&name.to_ascii_lowercase()).cloned()
}

const DIRECTORY_EXTENSION_PREFIX: &str = "extension_";

/// Reads `extension_<application id>_<name>`. All of them are compared as strings.
fn directory_extension(subject: Subject, name: &str) -> Option<Arc<Attribute>> {
    let (prefix, rest) = name.split_at_checked(DIRECTORY_EXTENSION_PREFIX.len())?;
    let (application_id, extension) = rest.split_once('_')?;
    let fits = prefix.eq_ignore_ascii_case(DIRECTORY_EXTENSION_PREFIX)
        && application_id.len() == 32
        && application_id.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !extension.is_empty();
    fits.then(|| {
        let mut attribute = Attribute::declared(subject, &name.to_ascii_lowercase(), Kind::Text);
        attribute.certainty = Certainty::Documented;
        attribute.declared = false;
        Arc::new(attribute)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    user: BTreeMap<String, Row>,
    device: BTreeMap<String, Row>,
    not_available: NotAvailableRows,
}

#[derive(Deserialize)]
struct NotAvailableRows {
    user: BTreeMap<String, NotAvailable>,
    device: BTreeMap<String, NotAvailable>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    kind: Kind,
    graph: Option<String>,
    nullable: Option<bool>,
    #[expect(dead_code, reason = "kept in the table for its readers")]
    since: Option<String>,
    source: Option<Certainty>,
    #[serde(default)]
    values: Vec<Arc<str>>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    writable: bool,
    #[serde(default)]
    retired: bool,
    numbered: Option<u8>,
}

impl Row {
    fn into_attribute(self, subject: Subject, name: &str, number: &str) -> Attribute {
        let graph_name = self.graph.as_deref().unwrap_or(name);
        Attribute {
            subject,
            name: format!("{name}{number}").into(),
            graph_name: format!("{graph_name}{number}").into(),
            kind: self.kind,
            nullable: self.nullable.unwrap_or(true),
            certainty: self.source.unwrap_or(Certainty::Documented),
            values: self.values,
            open: self.open,
            writable: self.writable,
            retired: self.retired,
            declared: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_reads_and_every_replacement_exists() {
        let table = Attributes::standard();
        assert_eq!(table.of(Subject::User).len(), 49);
        assert_eq!(table.of(Subject::Device).len(), 35);
        for (subject, rows) in Subject::ALL.into_iter().zip(&table.not_available) {
            for (name, row) in rows {
                assert!(row.instead.is_some() != row.help.is_some(), "{name}: `use` or `help`");
                if let Some(instead) = &row.instead {
                    assert!(table.find(subject, instead).is_some(), "{name}: {instead}");
                }
                assert!(table.find(subject, name).is_none(), "{name} is available");
            }
        }
    }

    #[test]
    fn directory_extensions_need_a_whole_application_id() {
        let table = Attributes::standard();
        assert!(
            table.find(Subject::User, "extension_c272a57b722d4eb29bfe327874ae79cb_OfficeNumber").is_some()
        );
        assert!(table.find(Subject::User, "extension_c272a57b_OfficeNumber").is_none());
        assert!(table.find(Subject::User, "extension_c272a57b722d4eb29bfe327874ae79cb_").is_none());
        assert!(table.find(Subject::User, "extensionAttribute16").is_none());
    }
}
