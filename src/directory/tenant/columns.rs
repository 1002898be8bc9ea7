//! A tenant folder with its users and devices as columns.

use std::path::Path;

use super::find;
use super::groups::TenantGroups;
use crate::directory::column_reader::{ReadColumns, Wanted, read_columns};
use crate::directory::error::DataErrors;
use crate::directory::group::Group;
use crate::directory::members::Members;
use crate::directory::organization::Organization;
use crate::directory::policy::Policy;
use crate::directory::sku::Sku;
use crate::language::attribute::{Attributes, Subject};

/// All that a tenant folder holds, with users and devices as columns in the order of their files.
#[derive(Clone, Debug)]
pub struct TenantColumns {
    /// The users. What they are members of has moved to `members`.
    pub users: ReadColumns,
    /// The devices, without rows if there is no such file. What they are members of has moved to
    /// `members`.
    pub devices: ReadColumns,
    /// The groups that are not deleted, sorted by id in folded form.
    pub groups: Vec<Group>,
    /// Memberships from the members file and from the `memberOf` of users and devices. They may name
    /// groups and members that the tenant does not have: see [`TenantColumns::unknown_groups`].
    pub members: Members,
    /// Whether anything tells of memberships: a members file, or the `memberOf` of some user or device. If
    /// not, static groups are not empty but unknown.
    pub tells_members: bool,
    /// Whether users or devices themselves name groups.
    pub objects_name_groups: bool,
    /// Whether there is a file of devices.
    pub has_devices: bool,
    /// The products, in the order of their file.
    pub skus: Vec<Sku>,
    /// The tenant itself, if its file is there.
    pub organization: Option<Organization>,
    /// What was chosen for the tenant; the defaults if its file is not there.
    pub policy: Policy,
}

impl TenantColumns {
    /// Reads the tenant in `folder`, groups first: `wanted` says from them what is to be read of users
    /// and devices.
    ///
    /// # Errors
    ///
    /// As those of [`Tenant::read`](super::Tenant::read). If anything but users and devices is wrong,
    /// these are not looked at.
    pub fn read(
        folder: &Path,
        attributes: &Attributes,
        wanted: impl FnOnce(&[Group]) -> [Wanted; 2],
    ) -> Result<Self, DataErrors> {
        let groups = TenantGroups::read(folder)?;
        let [users, devices] = wanted(&groups.groups);
        Self::of_groups(groups, attributes, |subject| match subject {
            Subject::User => users.clone(),
            Subject::Device => devices.clone(),
        })
    }

    pub(super) fn of_groups(
        groups: TenantGroups,
        attributes: &Attributes,
        wanted: impl Fn(Subject) -> Wanted,
    ) -> Result<Self, DataErrors> {
        let files = &groups.files;
        let read = |path: &Path, subject| read_columns(path, subject, attributes, &wanted(subject));
        let mut errors = None;
        let users = DataErrors::collect(&mut errors, read(files.users()?, Subject::User));
        let devices = files.devices.as_ref().map(|path| read(path, Subject::Device));
        let devices = devices.and_then(|devices| DataErrors::collect(&mut errors, devices));
        DataErrors::none_of(errors)?;
        Ok(groups.with_objects([users.unwrap_or_default(), devices.unwrap_or_default()]))
    }

    pub(super) fn of_objects(groups: TenantGroups, [mut users, mut devices]: [ReadColumns; 2]) -> Self {
        let TenantGroups { groups, skus, organization, policy, mut pairs, files, members_read, .. } = groups;
        let objects_name_groups = !users.member_of.is_empty() || !devices.member_of.is_empty();
        pairs.append(&mut users.member_of);
        pairs.append(&mut devices.member_of);
        Self {
            users,
            devices,
            groups,
            tells_members: objects_name_groups || members_read,
            objects_name_groups,
            has_devices: files.devices.is_some(),
            members: Members::new(pairs),
            skus,
            organization,
            policy,
        }
    }

    /// The group with this id, in any letter case.
    pub fn group(&self, id: &str) -> Option<&Group> {
        find(&self.groups, |group| &group.id, id)
    }

    /// Ids that stand as groups in [`TenantColumns::members`] and are no groups of the tenant, sorted.
    pub fn unknown_groups(&self) -> Vec<&str> {
        self.members.groups().filter(|id| self.group(id).is_none()).collect()
    }
}
