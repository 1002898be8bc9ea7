//! What a tenant can be asked at any time: errors and seats.

use jiff::Timestamp;
use roaring::{MultiOps, RoaringBitmap};

use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::UserIndex;
use crate::licensing::outcome::{ErrorCode, Problem, Source};
use crate::licensing::registers::Trait;
use crate::licensing::tenant::Tenant;

/// One assignment with an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRecord {
    /// The user.
    pub user: UserIndex,
    /// Where the assignment comes from.
    pub source: Source,
    /// The product.
    pub sku: SkuIndex,
    /// The error that is shown.
    pub code: ErrorCode,
    /// All that is wrong.
    pub problems: Vec<Problem>,
    /// Since when.
    pub first_seen: Timestamp,
    /// Since when the user waits for a seat.
    pub waiting_since: Option<Timestamp>,
}

/// The seats of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolReport {
    /// The product.
    pub sku: SkuIndex,
    /// Seats that can be in use.
    pub capacity: u64,
    /// Seats in use.
    pub consumed: u64,
    /// Seats left; negative if more are in use than there are.
    pub available: i64,
    /// Users who wait for one.
    pub waiting: u64,
    /// Users who are to have it, from any source.
    pub demand: u64,
}

impl Tenant {
    /// All assignments with an error, by user and product.
    pub fn errors(&self) -> impl Iterator<Item = ErrorRecord> + '_ {
        let users = self.registers.users(Trait::Fails).iter().map(UserIndex);
        users.filter_map(|user| Some((user, self.outcome(user)?))).flat_map(|(user, outcome)| {
            outcome.records.iter().filter_map(move |record| {
                Some(ErrorRecord {
                    user,
                    source: record.source,
                    sku: record.sku,
                    code: record.error?,
                    problems: record.problems.clone(),
                    first_seen: record.error_since.unwrap_or(record.last_updated),
                    waiting_since: record.waiting_since,
                })
            })
        })
    }

    /// The seats of every product that the tenant has, or that someone is to have.
    pub fn pools(&self) -> Vec<PoolReport> {
        let deleted = self.registers.users(Trait::Deleted);
        let report = |sku: SkuIndex| {
            let with_it = self.groups.iter().filter(|group| group.template.contains_key(&sku));
            let wanted: Vec<&RoaringBitmap> = with_it
                .map(|group| &group.members)
                .chain(Some(self.registers.users(Trait::Direct(sku))).filter(|users| !users.is_empty()))
                .collect();
            if !self.catalog.is_subscribed(sku) && wanted.is_empty() {
                return None;
            }
            let (capacity, consumed) = (self.catalog.pool(sku).capacity, self.consumed(sku));
            let signed = |seats: u64| i64::try_from(seats).unwrap_or(i64::MAX);
            Some(PoolReport {
                sku,
                capacity,
                consumed,
                available: signed(capacity).saturating_sub(signed(consumed)),
                waiting: self.registers.users(Trait::Waits(sku)).len(),
                demand: wanted.into_iter().union().difference_len(deleted),
            })
        };
        self.catalog.skus().filter_map(report).collect()
    }
}
