//! A tenant folder as a whole.

mod columns;
mod files;
mod groups;

use std::collections::HashSet;
use std::path::Path;

use rayon::prelude::*;

pub use self::columns::TenantColumns;
use self::files::Files;
pub use self::groups::TenantGroups;
use super::error::DataErrors;
use super::group::Group;
use super::managers::Managers;
use super::members::Members;
use super::object::Object;
use super::organization::Organization;
use super::read::{ReadObject, read_objects};
use super::sku::Sku;
use crate::base::fold::fold;
use crate::language::attribute::{Attributes, Subject};

/// All that a tenant folder holds. Users, devices and groups are sorted by id in folded form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tenant {
    /// The users that are not deleted.
    pub users: Vec<Object>,
    /// The ids of users that `@removed` marks as deleted, sorted.
    pub removed_users: Vec<String>,
    /// The devices that are not deleted.
    pub devices: Vec<Object>,
    /// The ids of devices that `@removed` marks as deleted, sorted.
    pub removed_devices: Vec<String>,
    /// The groups that are not deleted.
    pub groups: Vec<Group>,
    /// Memberships from the members file and from the `memberOf` of users and devices. They may name
    /// groups and members that the tenant does not have: see [`Tenant::unknown_groups`].
    pub members: Members,
    /// Who reports to whom.
    pub managers: Managers,
    /// The products, in the order of their file.
    pub skus: Vec<Sku>,
    /// The tenant itself, if its file is there.
    pub organization: Option<Organization>,
}

impl Tenant {
    /// Reads the tenant in `folder`: one users file, one groups file, and, where they are there, files
    /// of devices, members, products and the organization. `attributes` says which attributes of users
    /// and devices are kept.
    ///
    /// # Errors
    ///
    /// If the folder or one of its files cannot be read, a file that has to be there is missing, or
    /// one stands there in two formats. Faults of all files are collected.
    pub fn read(folder: &Path, attributes: &Attributes) -> Result<Self, DataErrors> {
        let files = Files::find(folder)?;
        let mut errors = None;
        let users = DataErrors::collect(&mut errors, read_objects(files.users()?, Subject::User, attributes));
        let devices = files.devices.as_ref().map(|path| read_objects(path, Subject::Device, attributes));
        let devices = devices.and_then(|devices| DataErrors::collect(&mut errors, devices));
        let rest = DataErrors::collect(&mut errors, TenantGroups::of_files(files));
        DataErrors::none_of(errors)?;
        let TenantGroups { groups, skus, organization, mut pairs, .. } = rest.unwrap_or_default();
        let (users, removed_users) = sort(users.unwrap_or_default(), &mut pairs);
        let (devices, removed_devices) = sort(devices.unwrap_or_default(), &mut pairs);
        Ok(Self {
            managers: Managers::of_objects(&users),
            users,
            removed_users,
            devices,
            removed_devices,
            groups,
            members: Members::new(pairs),
            skus,
            organization,
        })
    }

    /// The user with this id, in any letter case.
    pub fn user(&self, id: &str) -> Option<&Object> {
        find(&self.users, Object::id, id)
    }

    /// The device with this id, in any letter case.
    pub fn device(&self, id: &str) -> Option<&Object> {
        find(&self.devices, Object::id, id)
    }

    /// The group with this id, in any letter case.
    pub fn group(&self, id: &str) -> Option<&Group> {
        find(&self.groups, |group| &group.id, id)
    }

    /// Ids that stand as groups in [`Tenant::members`] and are no groups of the tenant, sorted.
    pub fn unknown_groups(&self) -> Vec<&str> {
        self.members.groups().filter(|id| self.group(id).is_none()).collect()
    }

    /// Ids that stand as members in [`Tenant::members`] and are no users, devices or groups of the
    /// tenant, sorted. Deleted users and devices are not among them.
    pub fn unknown_members(&self) -> Vec<&str> {
        let removed: HashSet<_> =
            self.removed_users.iter().chain(&self.removed_devices).map(|id| fold(id)).collect();
        let is_known = |id: &str| {
            self.user(id).is_some()
                || self.device(id).is_some()
                || self.group(id).is_some()
                || removed.contains(&fold(id))
        };
        self.members.members().filter(|id| !is_known(id)).collect()
    }
}

/// Sorts objects by id, sets the deleted ones apart, and adds what they are members of to `pairs`.
fn sort(mut read: Vec<ReadObject>, pairs: &mut Vec<(String, String)>) -> (Vec<Object>, Vec<String>) {
    read.par_sort_by_cached_key(|read| fold(read.object.id()).into_owned());
    let mut objects = Vec::with_capacity(read.len());
    let mut removed = Vec::new();
    for read in read {
        if read.removed {
            removed.push(read.object.id().to_owned());
            continue;
        }
        pairs.extend(read.member_of.into_iter().map(|group| (group, read.object.id().to_owned())));
        objects.push(read.object);
    }
    (objects, removed)
}

/// Looks an id up in values that are sorted by their ids in folded form.
fn find<'values, T>(values: &'values [T], id_of: impl Fn(&T) -> &str, id: &str) -> Option<&'values T> {
    let id = fold(id);
    let at = values.binary_search_by(|value| fold(id_of(value)).cmp(&id)).ok()?;
    values.get(at)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes the files and reads them as a tenant folder, whose path becomes `tenant` in errors.
    fn read(files: &[(&str, &str)]) -> Result<Tenant, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let path = folder.path().display().to_string();
        Tenant::read(folder.path(), Attributes::standard())
            .map_err(|errors| errors.to_string().replace(&path, "tenant"))
    }

    const GROUPS: (&str, &str) = ("groups.json", r#"[{"id": "g2"}, {"id": "G1", "membershipRule": "x"}]"#);

    #[test]
    fn one_tenant_is_the_same_in_every_format_and_spelling() {
        let ndjson = read(&[
            (
                "users.ndjson",
                "{\"id\":\"B\",\"officeLocation\":\"Oslo\",\"manager\":{\"id\":\"a\"}}\n\
                              {\"id\":\"a\",\"businessPhones\":[\"1\"],\"memberOf\":[\"g2\"]}\n\
                              {\"id\":\"c\",\"@removed\":{\"reason\":\"deleted\"}}\n",
            ),
            ("devices.ndjson", "{\"id\":\"d\",\"model\":\"X\"}\n"),
            ("members.ndjson", "{\"groupId\":\"g1\",\"memberId\":\"b\"}\n"),
            ("groups.ndjson", "{\"id\":\"G1\",\"membershipRule\":\"x\"}\n{\"id\":\"g2\"}\n"),
        ])
        .unwrap();
        let pages = read(&[
            ("users.json", "{\"value\":[{\"objectId\":\"a\",\"telephoneNumber\":\"1\"}]}\n\
                            {\"value\":[{\"objectId\":\"B\",\"physicalDeliveryOfficeName\":\"Oslo\",\"managerId\":\"a\"},\
                            {\"objectId\":\"c\",\"@removed\":{}}]}"),
            ("devices.json", "[{\"objectId\":\"d\",\"deviceModel\":\"X\"}]"),
            ("members.json", "[{\"groupId\":\"g1\",\"memberId\":\"b\"},{\"groupId\":\"g2\",\"memberId\":\"a\"}]"),
            ("groups.json", "{\"value\":[{\"id\":\"G1\",\"membershipRule\":\"x\"},\n{\"id\":\"g2\"}]}"),
        ])
        .unwrap();
        let columns = read(&[
            (
                "users.csv",
                "id,businessPhones,officeLocation,managerId,@removed\nc,,,,true\nB,,Oslo,a,\na,1,,,\n",
            ),
            ("devices.csv", "id,deviceModel\nd,X\n"),
            ("members.csv", "groupId,memberId\ng2,a\ng1,b\ng1,b\n"),
            ("groups.jsonl", "{\"id\":\"G1\",\"membershipRule\":\"x\"}\n{\"id\":\"g2\"}\n"),
        ])
        .unwrap();
        assert_eq!(ndjson.users.iter().map(Object::id).collect::<Vec<_>>(), ["a", "B"]);
        assert_eq!(ndjson.removed_users, ["c"]);
        assert_eq!(ndjson.managers.of("b"), Some("a"));
        assert_eq!(ndjson.members, pages.members);
        assert_eq!(ndjson, pages);
        assert_eq!(ndjson, columns);
    }

    #[test]
    fn objects_are_found_and_unknown_ids_are_named() {
        let tenant = read(&[
            GROUPS,
            ("users.csv", "id,@removed\nZoe,\nada,\nbob,true\n"),
            ("devices.csv", "id\ndev\n"),
            ("members.csv", "groupId,memberId\nG1,ADA\ng1,g2\ng2,DEV\ng2,bob\ng2,eve\ng9,zoe\ng1,Eve\n"),
            (
                "subscribedSkus.json",
                r#"[{"skuId": "s", "skuPartNumber": "S", "prepaidUnits": {"enabled": 1}}]"#,
            ),
            ("organization.json", r#"{"countryLetterCode": "NO"}"#),
        ])
        .unwrap();
        assert_eq!(tenant.user("zoe").map(Object::id), Some("Zoe"));
        assert_eq!((tenant.user("bob"), tenant.device("ada")), (None, None));
        assert!(tenant.group("g1").is_some_and(Group::is_dynamic));
        assert_eq!(tenant.unknown_groups(), ["g9"]);
        assert_eq!(tenant.unknown_members(), ["eve"]);
        assert!(tenant.members.is_transitive("g1", "dev"));
        assert_eq!((tenant.skus.len(), tenant.organization.is_some()), (1, true));
    }

    #[test]
    fn faults_of_all_files_are_collected() {
        let files = [
            ("users.ndjson", "{\"id\":5}\n{\"id\":\"a\"}\n{\"id\":\"A\"}\n"),
            ("devices.csv", ""),
            ("groups.json", "[{\"id\":\"g\",\"groupTypes\":\"x\"}]"),
            ("members.csv", "groupId\ng\n"),
            ("subscribedSkus.json", "[{\"skuId\":\"s\"}]"),
            ("organization.json", "[]"),
            ("policy.toml", "[guard]\n"),
        ];
        insta::assert_snapshot!(read(&files).unwrap_err(), @r#"
            tenant/users.ndjson:1:7: field id: expected a string or null, found the number 5
            tenant/users.ndjson:3:1: field id: `A` is taken by the object at line 2, column 1
            tenant/devices.csv: the file is empty, and that is not the same as a list of nothing: export it again, or write `[]` into a `.json` file or only the header into a `.csv` file
            tenant/groups.json:1:25: field groupTypes: expected a list of strings or null, found "x"
            tenant/members.csv:1:1: the header has no column `memberId`
            tenant/subscribedSkus.json:1:2: field skuPartNumber: a value is missing
            tenant/subscribedSkus.json:1:2: field prepaidUnits.enabled: a value is missing
            tenant/organization.json: expected one organization, found 0
            tenant/policy.toml:1:2: `guard` is no table of a policy; did you mean `[guards]`?
            "#);
        insta::assert_snapshot!(read(&[("users.parquet", "PAR1"), GROUPS]).unwrap_err(), @"tenant/users.parquet: the Parquet file is cut off: it has no end");
        insta::assert_snapshot!(read(&[("users.csv", "id\na\n"), ("groups.parquet", "PAR1")]).unwrap_err(), @"tenant/groups.parquet: Parquet is not read here; `.ndjson`, `.jsonl`, `.json` and `.csv` files are");
        insta::assert_snapshot!(read(&[("users.json", " \n"), GROUPS]).unwrap_err(), @"tenant/users.json: the file is empty, and that is not the same as a list of nothing: export it again, or write `[]` into a `.json` file or only the header into a `.csv` file");
        insta::assert_snapshot!(read(&[("users.json", "[]")]).unwrap_err(), @"tenant: the folder has no `groups` file: a tenant folder holds `users` and `groups`, and may hold `devices`, `members`, `subscribedSkus` and `organization`, each as `.ndjson`, `.jsonl`, `.json` or `.csv`, and all but the groups, products and the organization as `.parquet`, beside them `policy.toml`; this one holds `users.json`");
    }
}
