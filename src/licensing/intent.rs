//! What is asked for: templates of groups, members, direct licenses, and what is known of users.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::catalog::{Country, SkuIndex};
use super::plan_set::PlanSet;

/// A group's place in the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIndex(pub u32);

/// A user's ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIndex(pub u32);

/// When something was asked for. The sequence number decides, the time is for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The number of the event.
    pub sequence: u64,
    /// Its time.
    pub time: Timestamp,
}

/// Products, each with the plans that are left out.
pub type Version = BTreeMap<SkuIndex, PlanSet>;

/// One product of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateEntry {
    /// The plans that are off.
    pub disabled: PlanSet,
    /// Since when the product is in the template.
    pub since: Moment,
}

/// A group that hands licenses to its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The object id.
    pub id: String,
    /// Whether it is of a kind that can have licenses.
    pub is_eligible: bool,
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// What members get.
    pub template: BTreeMap<SkuIndex, TemplateEntry>,
    /// Its user members, by ordinal; deleted users among them.
    pub members: RoaringBitmap,
}

/// A license that was given to the user alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectLicense {
    /// The plans that are off.
    pub disabled: PlanSet,
    /// Since when.
    pub since: Moment,
}

/// A user as far as licenses go. Users who are alike share one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User {
    /// The usage location. Nothing here ever writes it.
    pub location: Option<Country>,
    /// Whether the address that a mailbox would get belongs to someone else.
    pub has_address_conflict: bool,
    /// When the user was deleted.
    pub deleted_at: Option<Timestamp>,
    /// The groups with this user as a direct member, and since when.
    pub memberships: BTreeMap<GroupIndex, Moment>,
    /// The groups that the user left while their licenses are still there, and when.
    pub left: BTreeMap<GroupIndex, Moment>,
    /// Direct licenses.
    pub direct: BTreeMap<SkuIndex, DirectLicense>,
    /// Those of them that came from a group and became direct ones, as long as nobody has edited them since.
    pub converted: BTreeSet<SkuIndex>,
}

impl Group {
    /// A group without template and members.
    pub fn new(id: impl Into<String>, is_eligible: bool) -> Self {
        Self {
            id: id.into(),
            is_eligible,
            is_deleted: false,
            template: BTreeMap::new(),
            members: RoaringBitmap::new(),
        }
    }

    /// The template without its history.
    pub fn version(&self) -> Version {
        self.template.iter().map(|(sku, entry)| (*sku, entry.disabled.clone())).collect()
    }
}

impl User {
    /// A user without licenses.
    pub fn new(location: Option<Country>) -> Self {
        Self { location, ..Self::default() }
    }
}
