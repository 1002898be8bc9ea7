//! What a tenant folder holds beside its users and devices.

use std::path::Path;

use super::columns::TenantColumns;
use super::files::Files;
use crate::base::fold::fold;
use crate::directory::column_reader::{ReadColumns, Wanted};
use crate::directory::error::DataErrors;
use crate::directory::group::{Group, read_groups};
use crate::directory::mark::mark_of;
use crate::directory::members::read_pairs_of_file;
use crate::directory::organization::{Organization, read_organization};
use crate::directory::policy::Policy;
use crate::directory::sku::{Sku, read_skus};
use crate::directory::source::Source;
use crate::language::attribute::{Attributes, Subject};

/// Groups, memberships, products and the policy of a tenant folder: what is read first, because the rules of the
/// groups say which attributes of the users and devices are wanted.
#[derive(Clone, Debug, Default)]
pub struct TenantGroups {
    /// The groups that are not deleted, sorted by id in folded form.
    pub groups: Vec<Group>,
    /// The products, in the order of their file.
    pub skus: Vec<Sku>,
    /// The tenant itself, if its file is there.
    pub organization: Option<Organization>,
    /// What was chosen for the tenant; the defaults if its file is not there.
    pub policy: Policy,
    /// Whether a members file was read.
    pub members_read: bool,
    /// The [mark](mark_of) of the members file, if there is one; taken before it was read.
    pub members_mark: Option<String>,
    /// The members file: group ids with member ids.
    pub(super) pairs: Vec<(String, String)>,
    pub(super) files: Files,
}

impl TenantGroups {
    /// Reads the tenant in `folder` but for its users and devices.
    ///
    /// # Errors
    ///
    /// If the folder or one of the files cannot be read, a file that has to be there is missing, or one
    /// stands there in two formats. Faults of all files are collected.
    pub fn read(folder: &Path) -> Result<Self, DataErrors> {
        let files = Files::find(folder)?;
        files.users()?;
        Self::of_files(files)
    }

    /// Reads the tenant in `folder` for a run over changed objects: there need be no users, and the members
    /// file is passed over if `is_known` says of its [mark](mark_of) that it was read before.
    ///
    /// # Errors
    ///
    /// As [`TenantGroups::read`].
    pub fn read_for_changes(
        folder: &Path,
        is_known: impl Fn(Option<&str>) -> bool,
    ) -> Result<Self, DataErrors> {
        let mut files = Files::find(folder)?;
        let members_mark = files.members.as_deref().and_then(mark_of);
        let passed_over = files.members.take_if(|_| is_known(members_mark.as_deref()));
        let mut read = Self::of_files(files)?;
        read.files.members = read.files.members.or(passed_over);
        Ok(Self { members_mark, ..read })
    }

    /// The file or folder of the users.
    pub fn users_file(&self) -> Option<&Path> {
        self.files.users.as_deref()
    }

    /// The file or folder of the devices.
    pub fn devices_file(&self) -> Option<&Path> {
        self.files.devices.as_deref()
    }

    /// Goes on with users and devices that were read elsewhere.
    pub fn with_objects(self, users_and_devices: [ReadColumns; 2]) -> TenantColumns {
        TenantColumns::of_objects(self, users_and_devices)
    }

    /// Goes on with the users and devices. `wanted` says what is to be read of them.
    ///
    /// # Errors
    ///
    /// If a file of users or devices cannot be read. Faults of both are collected.
    pub fn with_columns(
        self,
        attributes: &Attributes,
        wanted: impl Fn(Subject) -> Wanted,
    ) -> Result<TenantColumns, DataErrors> {
        TenantColumns::of_groups(self, attributes, wanted)
    }

    pub(super) fn of_files(files: Files) -> Result<Self, DataErrors> {
        let members_mark = files.members.as_deref().and_then(mark_of);
        let mut errors = None;
        let groups =
            DataErrors::collect(&mut errors, Source::read(&files.groups).and_then(|it| read_groups(&it)));
        let pairs = files.members.as_ref().map(|path| read_pairs_of_file(path));
        let pairs = pairs.and_then(|pairs| DataErrors::collect(&mut errors, pairs));
        let skus = files.skus.as_ref().map(|path| Source::read(path).and_then(|it| read_skus(&it)));
        let skus = skus.and_then(|skus| DataErrors::collect(&mut errors, skus));
        let organization =
            files.organization.as_ref().map(|path| Source::read(path).and_then(|it| read_organization(&it)));
        let organization = organization.and_then(|it| DataErrors::collect(&mut errors, it));
        let policy = files.policy.as_ref().map(|path| Policy::read(path));
        let policy = policy.and_then(|policy| DataErrors::collect(&mut errors, policy));
        DataErrors::none_of(errors)?;
        let mut groups = groups.unwrap_or_default();
        groups.sort_by_cached_key(|group| fold(&group.id).into_owned());
        Ok(Self {
            groups,
            skus: skus.unwrap_or_default(),
            organization,
            policy: policy.unwrap_or_default(),
            members_read: files.members.is_some(),
            members_mark,
            pairs: pairs.unwrap_or_default(),
            files,
        })
    }
}
