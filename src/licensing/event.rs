//! What happens to a tenant.

use jiff::Timestamp;
use roaring::RoaringBitmap;

use super::catalog::{Country, SkuIndex};
use super::intent::{GroupIndex, Moment, UserIndex, Version};
use super::plan_set::PlanIndex;
use super::pool::Subscription;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id. An event whose id was seen before does nothing.
    pub id: String,
    /// Its place among all events of the tenant: what decides the order.
    pub sequence: u64,
    /// When it happened.
    pub time: Timestamp,
    /// Who did it, for the audit.
    pub actor: String,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Users became direct members of a group, or are none any more. Who is one of both is a member;
    /// ordinals that are no user's (those of devices, say) count for nothing.
    MembersChanged {
        /// The group.
        group: GroupIndex,
        /// Users who came, by ordinal.
        added: RoaringBitmap,
        /// Users who left, by ordinal.
        removed: RoaringBitmap,
    },
    /// A template was edited, in one step. A product that is there already gets the new plans.
    GroupTemplateSet {
        /// The group.
        group: GroupIndex,
        /// Products with the plans that are off.
        add: Version,
        /// Products to take out.
        remove: Vec<SkuIndex>,
    },
    /// A group was deleted.
    GroupDeleted(GroupIndex),
    /// A user's direct licenses were edited, in one step.
    DirectSet {
        /// The user.
        user: UserIndex,
        /// Products with the plans that are off.
        add: Version,
        /// Products to take away.
        remove: Vec<SkuIndex>,
    },
    /// A subscription was bought or changed; by its id, it takes the place of what was known.
    SubscriptionChanged {
        /// Its product.
        sku: SkuIndex,
        /// What it is now.
        subscription: Subscription,
    },
    /// The location of users, by ordinal, was changed.
    UsageLocationChanged(RoaringBitmap, Option<Country>),
    /// A user was deleted and can still be restored.
    UserSoftDeleted(UserIndex),
    /// A deleted user came back.
    UserRestored(UserIndex),
    /// A user is gone for good.
    UserHardDeleted(UserIndex),
    /// Service plans came to a product or left it.
    CatalogChanged {
        /// The product.
        sku: SkuIndex,
        /// Plans that came.
        add: Vec<PlanIndex>,
        /// Plans that left.
        remove: Vec<PlanIndex>,
    },
    /// Whether the addresses of the mailboxes of users, by ordinal, are taken.
    AddressConflictChanged(RoaringBitmap, bool),
    /// All is to be looked at again.
    Reprocess(Reprocess),
    /// Time has passed.
    Tick,
}

/// What is to be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reprocess {
    /// Users, by ordinal.
    Users(RoaringBitmap),
    /// All members of a group, and those who hold a license of it.
    Group(GroupIndex),
    /// All users with an error.
    Errors,
}

/// Why an edit was refused. Nothing of the edit is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The group, user or product is not known, or was deleted.
    Unknown,
    /// The group is of a kind that cannot have licenses.
    GroupNotEligible,
    /// The group still has licenses and cannot be deleted.
    GroupHasLicenses,
    /// The tenant does not have the product.
    NotSubscribed(SkuIndex),
    /// The product is not for users.
    NotAssignable(SkuIndex),
    /// The plan is not in the product.
    PlanNotInProduct(SkuIndex, PlanIndex),
    /// The product is both added and removed.
    AddedAndRemoved(SkuIndex),
    /// Plans need others that are not there.
    PrerequisiteMissing {
        /// The plan.
        plan: PlanIndex,
        /// One of these is needed.
        any_of: Vec<PlanIndex>,
    },
    /// The user has no location.
    LocationMissing,
    /// The plan is prohibited where the user is.
    Prohibited(PlanIndex, Country),
    /// The plan excludes one that the user has.
    Exclusive(PlanIndex, PlanIndex),
    /// The address of the mailbox is taken.
    AddressTaken,
    /// No seat is left.
    NoSeat(SkuIndex),
    /// The license comes from a group and cannot be removed from the user.
    InheritedLicense(SkuIndex),
    /// The user has no such license.
    NotHeld(SkuIndex),
}

impl Event {
    /// When it happened, as what decides the order.
    pub fn moment(&self) -> Moment {
        Moment { sequence: self.sequence, time: self.time }
    }
}

impl Refusal {
    /// A word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::GroupNotEligible => "GroupNotEligible",
            Self::GroupHasLicenses => "GroupHasLicenses",
            Self::NotSubscribed(_) => "NotSubscribed",
            Self::NotAssignable(_) => "NotAssignable",
            Self::PlanNotInProduct(..) => "PlanNotInProduct",
            Self::AddedAndRemoved(_) => "AddedAndRemoved",
            Self::PrerequisiteMissing { .. } => "PrerequisiteMissing",
            Self::LocationMissing => "LocationMissing",
            Self::Prohibited(..) => "Prohibited",
            Self::Exclusive(..) => "Exclusive",
            Self::AddressTaken => "AddressTaken",
            Self::NoSeat(_) => "NoSeat",
            Self::InheritedLicense(_) => "InheritedLicense",
            Self::NotHeld(_) => "NotHeld",
        }
    }
}
