//! What became of it: the licenses that a user holds or fails to get, by source.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::catalog::{Catalog, Country, SkuIndex};
use super::intent::{GroupIndex, Moment, Version};
use super::plan_set::{PlanIndex, PlanSet};

/// Where an assignment comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Given to the user alone.
    Direct,
    /// A group.
    Group(GroupIndex),
}

/// Whether an assignment is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssignmentState {
    /// In force.
    Active,
    /// In force, but what was last asked of it failed.
    ActiveWithError,
    /// Asked for and not in force.
    Error,
    /// Granted, but the subscription is suspended or locked.
    Disabled,
}

/// Why an assignment failed, in the order in which one of several is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// A plan is prohibited where the user is, or the location is not known.
    ProhibitedInUsageLocationViolation,
    /// Plans exclude each other.
    MutuallyExclusiveViolation,
    /// A plan lacks another one, or a removal would leave one without.
    DependencyViolation,
    /// No seat is left.
    CountViolation,
    /// The address of the mailbox is taken.
    UniquenessViolation,
    /// Another product of the same group failed, or anything else.
    Other,
}

/// One thing that is wrong with an assignment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Problem {
    /// The plan is prohibited at the location.
    Prohibited {
        /// The plan.
        plan: PlanIndex,
        /// Where the user is taken to be.
        location: Country,
    },
    /// Neither the user nor the directory has a location.
    LocationMissing,
    /// The plan excludes one that the user has, or is to get with it, from another product.
    Exclusive {
        /// The plan of this assignment.
        plan: PlanIndex,
        /// The one that it excludes.
        other: PlanIndex,
        /// The product of the other.
        other_sku: SkuIndex,
        /// Where the other comes from.
        other_source: Source,
    },
    /// The plan needs one of others, and the user has none of them.
    Needs {
        /// The plan of this assignment.
        plan: PlanIndex,
        /// One of these is needed.
        any_of: PlanSet,
    },
    /// The license cannot go or change, because another plan needs one of its plans.
    NeededBy {
        /// The plan that needs it.
        plan: PlanIndex,
        /// The product of that plan.
        other_sku: SkuIndex,
        /// Where that product comes from.
        other_source: Source,
        /// One of these is needed.
        any_of: PlanSet,
    },
    /// No seat is left.
    NoSeat,
    /// The license is kept while another group waits for a seat.
    HeldForMove,
    /// The address of the mailbox is taken.
    AddressTaken,
    /// The tenant does not have the product.
    NotSubscribed,
    /// Another product of the same source failed.
    Sibling,
    /// It stays as it was, because what was to take its place failed with this code.
    ChangeFailed(ErrorCode),
}

/// One product of one source, for one user.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record {
    /// The product.
    pub sku: SkuIndex,
    /// Where it comes from.
    pub source: Source,
    /// Whether it is in force.
    pub state: AssignmentState,
    /// The first of its problems in the order of the codes.
    pub error: Option<ErrorCode>,
    /// All that is wrong, in the order of the codes.
    pub problems: Vec<Problem>,
    /// The plans that the source leaves out.
    pub disabled: PlanSet,
    /// Plans that came to the product and cannot be given to this user.
    pub held_back: PlanSet,
    /// Whether the source does not ask for it any more.
    pub pending_removal: bool,
    /// When anything else in this record last changed.
    pub last_updated: Timestamp,
    /// Since when it is in force.
    pub activated: Option<Moment>,
    /// Since when it waits for a seat.
    pub waiting_since: Option<Timestamp>,
    /// Since when it has an error.
    pub error_since: Option<Timestamp>,
}

/// A plan that was taken away and can come back with its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanGrace {
    /// The plan.
    pub plan: PlanIndex,
    /// Until when.
    pub until: Timestamp,
}

/// All of one user.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// By product, then source; direct first.
    pub records: Vec<Record>,
    /// Plans that were taken away not long ago, by plan.
    pub grace: Vec<PlanGrace>,
}

impl AssignmentState {
    /// Whether it takes a seat.
    pub fn is_in_force(self) -> bool {
        self != Self::Error
    }

    /// The word of Graph.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::ActiveWithError => "ActiveWithError",
            Self::Error => "Error",
            Self::Disabled => "Disabled",
        }
    }
}

impl ErrorCode {
    /// The word of Graph.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ProhibitedInUsageLocationViolation => "ProhibitedInUsageLocationViolation",
            Self::MutuallyExclusiveViolation => "MutuallyExclusiveViolation",
            Self::DependencyViolation => "DependencyViolation",
            Self::CountViolation => "CountViolation",
            Self::UniquenessViolation => "UniquenessViolation",
            Self::Other => "Other",
        }
    }
}

impl Problem {
    /// The code under which it is shown.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Prohibited { .. } | Self::LocationMissing => ErrorCode::ProhibitedInUsageLocationViolation,
            Self::Exclusive { .. } => ErrorCode::MutuallyExclusiveViolation,
            Self::Needs { .. } | Self::NeededBy { .. } => ErrorCode::DependencyViolation,
            Self::NoSeat | Self::HeldForMove => ErrorCode::CountViolation,
            Self::AddressTaken => ErrorCode::UniquenessViolation,
            Self::NotSubscribed | Self::Sibling => ErrorCode::Other,
            Self::ChangeFailed(code) => *code,
        }
    }
}

impl Record {
    /// The plans that it gives: those of the product, without those left out and those held back.
    pub fn enabled(&self, catalog: &Catalog) -> PlanSet {
        if !self.state.is_in_force() {
            return PlanSet::default();
        }
        catalog.plans_of(self.sku).minus(&self.disabled).minus(&self.held_back)
    }
}

impl Outcome {
    /// Records that take a seat.
    pub fn in_force(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(|record| record.state.is_in_force())
    }

    /// The products of which the user takes a seat.
    pub fn held(&self) -> BTreeSet<SkuIndex> {
        self.in_force().map(|record| record.sku).collect()
    }

    /// The products for which the user waits for a seat.
    pub fn waiting(&self) -> BTreeSet<SkuIndex> {
        let waits = |record: &&Record| record.problems.contains(&Problem::NoSeat);
        self.records.iter().filter(waits).map(|record| record.sku).collect()
    }

    /// All plans that the user has.
    pub fn enabled(&self, catalog: &Catalog) -> PlanSet {
        let mut plans = PlanSet::default();
        for record in self.in_force() {
            plans.extend_with(&record.enabled(catalog));
        }
        plans
    }

    /// The plans of each product that the user holds.
    pub fn enabled_by_sku(&self, catalog: &Catalog) -> BTreeMap<SkuIndex, PlanSet> {
        let mut by_sku: BTreeMap<SkuIndex, PlanSet> = BTreeMap::new();
        for record in self.in_force() {
            by_sku.entry(record.sku).or_default().extend_with(&record.enabled(catalog));
        }
        by_sku
    }

    /// The products held with the plans that are off in all of their sources: `assignedLicenses` of Graph.
    pub fn assigned_licenses(&self) -> Version {
        let mut licenses = Version::new();
        for record in self.in_force() {
            licenses
                .entry(record.sku)
                .and_modify(|disabled| *disabled = disabled.intersection(&record.disabled))
                .or_insert_with(|| record.disabled.clone());
        }
        licenses
    }

    /// What is in force from one source.
    pub fn version_of(&self, source: Source) -> Version {
        let own = self.in_force().filter(|record| record.source == source);
        own.map(|record| (record.sku, record.disabled.clone())).collect()
    }

    /// The record of a product from a source.
    pub fn record(&self, sku: SkuIndex, source: Source) -> Option<&Record> {
        let at =
            self.records.binary_search_by(|record| (record.sku, record.source).cmp(&(sku, source))).ok()?;
        self.records.get(at)
    }

    /// Puts a record in the place of the one with its product and source, or among the others.
    pub fn put(&mut self, record: Record) {
        let key = (record.sku, record.source);
        match self.records.binary_search_by(|other| (other.sku, other.source).cmp(&key)) {
            Ok(at) => {
                if let Some(place) = self.records.get_mut(at) {
                    *place = record;
                }
            }
            Err(at) => self.records.insert(at, record),
        }
    }
}
