//! A finding about licenses: a code, how bad it is, and the facts from which a sentence can be made.

use crate::base::diagnostic::Severity;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::GroupIndex;
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::pool::SubscriptionStatus;

/// Something about licenses that an administrator should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseFinding {
    /// [`Severity::Error`] if no member can ever get what the template gives, [`Severity::Info`] for a hint.
    pub severity: Severity,
    /// What it is.
    pub fact: LicenseFact,
}

/// What was found. Deleted users count nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseFact {
    /// `LL01`: a template gives plans of one family in different products.
    ConflictWithin {
        /// The group.
        group: GroupIndex,
        /// The pairs of plans that exclude each other, all of one family.
        clashes: Vec<Clash>,
        /// What to switch off, so that one plan of the family is left.
        switch_off: Vec<(SkuIndex, PlanIndex)>,
    },
    /// `LL02`: a plan of a template needs one that the template does not give.
    MissingNeed {
        /// The group.
        group: GroupIndex,
        /// The plan.
        plan: PlanIndex,
        /// The products of the template that give it.
        skus: Vec<SkuIndex>,
        /// One of these is needed.
        any_of: PlanSet,
        /// Plans that would do, and are off in the template.
        switch_on: Vec<(SkuIndex, PlanIndex)>,
        /// Other products that the tenant owns and that have one of the plans.
        owned: Vec<SkuIndex>,
        /// Whether the policy switches the plan off, where an edit is refused otherwise.
        is_switched_off: bool,
    },
    /// `LL03`: a template switches off a plan that its product does not have.
    StrayPlan {
        /// The group.
        group: GroupIndex,
        /// The product.
        sku: SkuIndex,
        /// The plan.
        plan: PlanIndex,
        /// A plan of the product that is like it and on.
        suggestion: Option<PlanIndex>,
        /// Products of the tenant that have it.
        known_in: Vec<SkuIndex>,
    },
    /// `LL04`: a template names a product that nobody can get.
    Unavailable {
        /// The group.
        group: GroupIndex,
        /// The product.
        sku: SkuIndex,
        /// Whether the tenant owns it: then it is one for the whole tenant.
        is_owned: bool,
    },
    /// `LL05`: a template gives a product with all of its plans off.
    AllOff {
        /// The group.
        group: GroupIndex,
        /// The product.
        sku: SkuIndex,
    },
    /// `LL06`: two groups with common members give the same products.
    Overlap {
        /// The groups.
        groups: [GroupIndex; 2],
        /// Common members.
        users: u64,
        /// The products, and whether both give the same plans of each.
        products: Vec<(SkuIndex, bool)>,
    },
    /// `LL07`: two groups with common members give plans that exclude each other.
    ConflictBetween {
        /// The groups.
        groups: [GroupIndex; 2],
        /// Common members: they get the licenses of one of the two.
        users: u64,
        /// The pairs of plans; in each, the first is of the first group.
        clashes: Vec<Clash>,
    },
    /// `LL08`: a licensed group has guests.
    Guests {
        /// The group.
        group: GroupIndex,
        /// Members who are guests.
        guests: u64,
        /// All members.
        members: u64,
    },
    /// `LL09`: more users are to have a product than there are seats.
    TooFewSeats {
        /// The product.
        sku: SkuIndex,
        /// The best state of its subscriptions.
        status: SubscriptionStatus,
        /// Seats that can be in use.
        capacity: u64,
        /// Users who are to have it.
        demand: u64,
        /// Those of them who are to have it as a direct license.
        direct: u64,
        /// The groups with members that give it.
        groups: Vec<GroupIndex>,
    },
    /// `LL10`: users have a direct license of which groups give them every plan.
    DirectCovered {
        /// The product.
        sku: SkuIndex,
        /// The groups: one, or several that do it together.
        groups: Vec<GroupIndex>,
        /// The users.
        users: u64,
        /// Those of them who have the licenses of these groups now: from them, the direct license can be taken
        /// without a change.
        safe: u64,
    },
    /// `LL11`: a licensed group has no members.
    NoMembers {
        /// The group.
        group: GroupIndex,
    },
    /// `LL12`: a group has a template and is of a kind that can have none.
    NotEligible {
        /// The group.
        group: GroupIndex,
    },
}

/// Two plans of one family from different products.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The name of the family.
    pub family: String,
    /// One plan.
    pub plan: PlanIndex,
    /// Its product.
    pub sku: SkuIndex,
    /// The other plan.
    pub other: PlanIndex,
    /// Its product.
    pub other_sku: SkuIndex,
    /// Which of the two the policy switches off by its rank; then nobody fails.
    pub switched_off: Option<PlanIndex>,
}

impl LicenseFinding {
    /// The code: it stays the same over versions.
    pub const fn code(&self) -> &'static str {
        match self.fact {
            LicenseFact::ConflictWithin { .. } => "LL01",
            LicenseFact::MissingNeed { .. } => "LL02",
            LicenseFact::StrayPlan { .. } => "LL03",
            LicenseFact::Unavailable { .. } => "LL04",
            LicenseFact::AllOff { .. } => "LL05",
            LicenseFact::Overlap { .. } => "LL06",
            LicenseFact::ConflictBetween { .. } => "LL07",
            LicenseFact::Guests { .. } => "LL08",
            LicenseFact::TooFewSeats { .. } => "LL09",
            LicenseFact::DirectCovered { .. } => "LL10",
            LicenseFact::NoMembers { .. } => "LL11",
            LicenseFact::NotEligible { .. } => "LL12",
        }
    }

    /// The groups that it is about.
    pub fn groups(&self) -> Vec<GroupIndex> {
        match &self.fact {
            LicenseFact::ConflictWithin { group, .. }
            | LicenseFact::MissingNeed { group, .. }
            | LicenseFact::StrayPlan { group, .. }
            | LicenseFact::Unavailable { group, .. }
            | LicenseFact::AllOff { group, .. }
            | LicenseFact::Guests { group, .. }
            | LicenseFact::NoMembers { group }
            | LicenseFact::NotEligible { group } => vec![*group],
            LicenseFact::Overlap { groups, .. } | LicenseFact::ConflictBetween { groups, .. } => {
                groups.to_vec()
            }
            LicenseFact::TooFewSeats { groups, .. } | LicenseFact::DirectCovered { groups, .. } => {
                groups.clone()
            }
        }
    }

    /// The products that it is about, each once; products that would heal it are not among them.
    pub fn skus(&self) -> Vec<SkuIndex> {
        let mut skus = match &self.fact {
            LicenseFact::ConflictWithin { clashes, .. } | LicenseFact::ConflictBetween { clashes, .. } => {
                clashes.iter().flat_map(|clash| [clash.sku, clash.other_sku]).collect()
            }
            LicenseFact::MissingNeed { skus, .. } => skus.clone(),
            LicenseFact::StrayPlan { sku, .. }
            | LicenseFact::Unavailable { sku, .. }
            | LicenseFact::AllOff { sku, .. }
            | LicenseFact::TooFewSeats { sku, .. }
            | LicenseFact::DirectCovered { sku, .. } => vec![*sku],
            LicenseFact::Overlap { products, .. } => products.iter().map(|(sku, _)| *sku).collect(),
            LicenseFact::Guests { .. } | LicenseFact::NoMembers { .. } | LicenseFact::NotEligible { .. } => {
                Vec::new()
            }
        };
        skus.sort_unstable();
        skus.dedup();
        skus
    }

    /// The plans that it is about, each once; plans that would heal it are not among them.
    pub fn plans(&self) -> PlanSet {
        match &self.fact {
            LicenseFact::ConflictWithin { clashes, .. } | LicenseFact::ConflictBetween { clashes, .. } => {
                clashes.iter().flat_map(|clash| [clash.plan, clash.other]).collect()
            }
            LicenseFact::MissingNeed { plan, .. } | LicenseFact::StrayPlan { plan, .. } => {
                std::iter::once(*plan).collect()
            }
            _ => PlanSet::default(),
        }
    }

    /// How many users it is about, where they were counted.
    pub const fn users(&self) -> Option<u64> {
        match self.fact {
            LicenseFact::Overlap { users, .. }
            | LicenseFact::ConflictBetween { users, .. }
            | LicenseFact::DirectCovered { users, .. } => Some(users),
            LicenseFact::Guests { guests, .. } => Some(guests),
            LicenseFact::TooFewSeats { demand, capacity, .. } => Some(demand.saturating_sub(capacity)),
            _ => None,
        }
    }
}
