//! Users and devices straight into columns.

mod builder;
mod csv;
pub(super) mod folder;
mod folding;
#[cfg(test)]
mod hostile;
mod ids;
mod intern;
mod json;
mod layout;
mod licensing;
#[cfg(test)]
mod licensing_laws;
#[cfg(test)]
mod licensing_tests;
mod lines;
mod merge;
mod objects;
mod pairs;
mod parquet;
mod part;
#[cfg(test)]
mod properties;
pub(super) mod repeated;
mod rows;
#[cfg(test)]
mod samples;
mod stop;
pub mod stored;
mod take;
mod text_file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow_array::StringArray;

pub use self::ids::IdIndex;
use self::layout::{Layout, Spelling};
pub(super) use self::objects::objects_of_parquet;
pub(super) use self::pairs::pairs_of_parquet;
use self::part::{Part, Rows, SlotStop};
use self::repeated::{ReadFile, refuse_repeated};
use self::stop::Stop;
use super::columns::{Columns, TextColumn};
use super::error::{DataError, DataErrors};
use super::license_fields::{self, ADDRESS_CONFLICT, LICENSES, Licensing};
use super::shape::Shape;
use crate::base::code;
use crate::language::attribute::{Attribute, Attributes, Subject};
use crate::language::typed::{NodeKind, Test, TypedRule};

/// What is to be read of users or devices.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The attributes that become columns, each of them once.
    pub attributes: Vec<Arc<Attribute>>,
    /// The names of those whose text a regular expression looks at: it is kept as written too, as
    /// [`Columns::originals`].
    pub originals: BTreeSet<Arc<str>>,
    /// Whether to read the managers.
    pub managers: bool,
}

impl Wanted {
    /// What `rules` read of `subject`, and the managers if `managers` asks for them.
    pub fn of_rules<'rule>(
        rules: impl IntoIterator<Item = &'rule TypedRule>,
        subject: Subject,
        managers: bool,
    ) -> Self {
        let mut attributes = BTreeMap::new();
        let mut originals = BTreeSet::new();
        for rule in rules.into_iter().filter(|rule| rule.subject == subject) {
            rule.root.walk(&mut |node| match &node.kind {
                NodeKind::Attribute { attribute, test } => {
                    attributes.entry(Arc::clone(&attribute.name)).or_insert_with(|| Arc::clone(attribute));
                    if matches!(test, Test::Matches(_)) {
                        originals.insert(Arc::clone(&attribute.name));
                    }
                }
                NodeKind::Quantified { collection, body, .. } => {
                    attributes.entry(Arc::clone(&collection.name)).or_insert_with(|| Arc::clone(collection));
                    body.walk(&mut |item| {
                        if matches!(item.kind, NodeKind::Item { test: Test::Matches(_), .. }) {
                            originals.insert(Arc::clone(&collection.name));
                        }
                    });
                }
                _ => {}
            });
        }
        Self { attributes: attributes.into_values().collect(), originals, managers }
    }

    /// What is wanted here and what `other` wants.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        for attribute in &other.attributes {
            if !self.attributes.iter().any(|known| known.name == attribute.name) {
                self.attributes.push(Arc::clone(attribute));
            }
        }
        self.originals.extend(other.originals.iter().cloned());
        self.managers |= other.managers;
        self
    }

    /// The same, with what licensing needs of users: `usageLocation`, [`LICENSES`] and [`ADDRESS_CONFLICT`].
    ///
    /// Licenses come from the `licenseAssignmentStates` of a user or, if these are null or not there, from the
    /// `assignedLicenses`, of which each is taken for a direct license in force. An entry needs a `skuId`; of one
    /// product and source there is one; `state` is in any letter case, and null for `Active`; an error `None` is
    /// none. CSV cells and Parquet columns of text hold the same as JSON; Parquet columns of lists of structs are
    /// read too. An address conflicts if `addressConflict` says so, or if `onPremisesProvisioningErrors` or
    /// `serviceProvisioningErrors` have one of the category `PropertyConflict` for `ProxyAddresses`, `Mail`,
    /// `UserPrincipalName` or `mailNickname`. Of devices there is nothing to read.
    ///
    /// A caller who declares an attribute with one of these names has it read as ever beside that.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use dyngroup::directory::column_reader::{Wanted, read_columns};
    /// use dyngroup::directory::license_fields::LICENSES;
    /// use dyngroup::directory::user_licenses::parse;
    /// use dyngroup::language::attribute::{Attributes, Subject};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("users.ndjson");
    /// std::fs::write(&path, r#"{"id": "ada", "assignedLicenses": [{"skuId": "E5", "disabledPlans": []}]}"#)?;
    /// let wanted = Wanted::default().with_licenses();
    /// let read = read_columns(&path, Subject::User, Attributes::standard(), &wanted)?;
    /// let licenses = parse(read.columns.originals[LICENSES].get(0).unwrap())?;
    /// assert_eq!((&*licenses[0].sku_id, &licenses[0].group_id), ("e5", &None));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_licenses(self) -> Self {
        let attribute = |name| license_fields::attribute(Subject::User, name);
        let location = Attributes::standard().find(Subject::User, "usageLocation");
        let all = [location, attribute(LICENSES), attribute(ADDRESS_CONFLICT)];
        self.and(&Self {
            attributes: all.into_iter().flatten().collect(),
            originals: [LICENSES.into()].into(),
            managers: false,
        })
    }

    /// Whether what licensing needs is wanted.
    pub fn licensing(&self) -> Licensing {
        let is_wanted = self.attributes.iter().any(|attribute| *attribute.name == *LICENSES);
        if is_wanted { Licensing::Read } else { Licensing::PassedOver }
    }

    /// The same, with all text as written too.
    #[must_use]
    pub fn as_written(mut self) -> Self {
        self.originals.extend(self.attributes.iter().map(|attribute| Arc::clone(&attribute.name)));
        self
    }
}

/// Users or devices as their file describes them. Deleted objects have no row.
#[derive(Clone, Debug)]
pub struct ReadColumns {
    /// The objects in the order of the file.
    pub columns: Columns,
    /// Finds the row of an object by its id.
    pub index: IdIndex,
    /// The id of the manager on each row, as written; `None` if nobody asked for managers.
    pub managers: Option<TextColumn>,
    /// A group id and the id of an object, for each id in the `memberOf` of an object. A list of whole
    /// groups, as Graph expands it, is passed over.
    pub member_of: Vec<(String, String)>,
    /// The ids of the objects that `@removed` marks as deleted, in the order of the file.
    pub removed: Vec<String>,
}

impl ReadColumns {
    /// The row of an object by its id, in any letter case.
    pub fn row(&self, id: &str) -> Option<usize> {
        self.index.row(&self.columns.ids, id)
    }
}

impl Default for ReadColumns {
    /// No rows.
    fn default() -> Self {
        let ids = StringArray::new_null(0);
        Self {
            index: IdIndex::new(&ids),
            columns: Columns { ids, columns: BTreeMap::new(), originals: BTreeMap::new() },
            managers: None,
            member_of: Vec::new(),
            removed: Vec::new(),
        }
    }
}

/// Reads the users or devices of the file at `path` into columns, without an object in between.
///
/// What may stand in a file, under which names, and what is refused is told at
/// [`read_objects`](super::read::read_objects). Attributes that are not wanted are not looked at: a
/// value of the wrong type there is no fault, unless another fault has the whole file read again.
///
/// # Errors
///
/// As [`read_objects`](super::read::read_objects), and if the texts of one attribute take more than
/// 2 GiB.
pub fn read_columns(
    path: &Path,
    subject: Subject,
    attributes: &Attributes,
    wanted: &Wanted,
) -> Result<ReadColumns, DataErrors> {
    let plan = Plan::new(subject, attributes, wanted, Spelling::Folded);
    let rows = plan.read(path)?;
    rows.into_columns(&plan.layout, wanted.managers).map_err(|stop| plan.refused(path, (Layout::ID, stop)))
}

/// Whether a file name says that the file is Parquet.
pub(super) fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"))
}

/// What is to be read of files.
struct Plan<'read> {
    subject: Subject,
    attributes: &'read Attributes,
    shape: Shape<'read>,
    layout: Layout,
}

/// A file, and what is to be read of it.
struct DataFile<'read> {
    path: &'read Path,
    plan: &'read Plan<'read>,
}

impl<'read> Plan<'read> {
    fn new(subject: Subject, attributes: &'read Attributes, wanted: &Wanted, spelling: Spelling) -> Self {
        let shape = Shape::of_objects(subject, attributes).with_licensing(wanted.licensing());
        let layout = Layout::new(wanted, spelling);
        Self { subject, attributes, shape, layout }
    }

    /// Reads a file, or the files of a folder one after the other.
    fn read(&self, path: &Path) -> Result<Rows, DataErrors> {
        let mut files = Vec::new();
        let mut parts = Vec::new();
        let mut errors = None;
        let mut first_row = 0;
        for path in folder::files(path)? {
            let read = DataErrors::collect(&mut errors, DataFile { path: &path, plan: self }.read());
            let read = read.unwrap_or_default();
            let rows: usize = read.iter().map(|part: &Part| part.rows).sum();
            parts.extend(read);
            files.push(ReadFile { path, first_row });
            first_row += rows;
        }
        DataErrors::none_of(errors)?;
        let rows = Rows::join(&self.layout, parts).map_err(|stop| self.refused(path, stop))?;
        refuse_repeated(&rows.ids, &rows.index, &files, |path| {
            text_file::repeated(&DataFile { path, plan: self })
        })?;
        Ok(rows)
    }

    fn refused(&self, path: &Path, (slot, stop): SlotStop) -> DataErrors {
        let name = self.layout.slots().get(slot).map(|slot| slot.name.to_string()).unwrap_or_default();
        let message = match stop {
            Stop::TooLarge => "the texts of all rows take more than 2 GiB",
            Stop::Refused => "the values cannot be read",
        };
        DataError::new(&code::FILE_UNREADABLE, path, message).field(name).into()
    }
}

impl DataFile<'_> {
    fn read(&self) -> Result<Vec<Part>, DataErrors> {
        if is_parquet(self.path) { parquet::read(self) } else { text_file::read(self) }
    }
}
