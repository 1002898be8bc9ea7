//! The seats of a product: its subscriptions as one pool.

/// The state of a subscription, in the order of its decline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriptionStatus {
    /// In good standing.
    Enabled,
    /// Expired, in its time of grace: still to be used and assigned.
    Warning,
    /// Disabled: holders have no access, nothing is assigned.
    Suspended,
    /// Locked by the seller; as if suspended.
    LockedOut,
    /// Gone.
    Deleted,
}

impl SubscriptionStatus {
    /// All, in the order of their decline.
    pub const ALL: [Self; 5] =
        [Self::Enabled, Self::Warning, Self::Suspended, Self::LockedOut, Self::Deleted];

    /// The word of Graph.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Warning => "Warning",
            Self::Suspended => "Suspended",
            Self::LockedOut => "LockedOut",
            Self::Deleted => "Deleted",
        }
    }

    /// Reads the word of Graph, in any letter case.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word().eq_ignore_ascii_case(word))
    }
}

/// So many seats of one product, bought together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: String,
    /// Its state.
    pub status: SubscriptionStatus,
    /// Seats bought.
    pub total: u64,
}

/// What the subscriptions of a product come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// The best state among them; `Deleted` if there is none.
    pub status: SubscriptionStatus,
    /// Seats that can be in use, with those that may be assigned beyond what was bought.
    pub capacity: u64,
}

impl Pool {
    /// Adds up subscriptions. `overallocation` is the number of seats that may be used beyond those
    /// bought; it counts only while some can be assigned at all.
    ///
    /// ```
    /// use dyngroup::licensing::pool::{Pool, Subscription, SubscriptionStatus};
    /// let of = |status, total| Subscription { id: String::new(), status, total };
    /// let pool = Pool::of(&[of(SubscriptionStatus::Suspended, 8), of(SubscriptionStatus::Warning, 5)], 1);
    /// assert_eq!(pool, Pool { status: SubscriptionStatus::Warning, capacity: 6 });
    /// ```
    pub fn of(subscriptions: &[Subscription], overallocation: u64) -> Self {
        let status = subscriptions.iter().map(|one| one.status).min().unwrap_or(SubscriptionStatus::Deleted);
        let usable = subscriptions.iter().filter(|one| one.status <= SubscriptionStatus::Warning);
        let bought = usable.fold(0, |sum: u64, one| sum.saturating_add(one.total));
        let capacity =
            if status <= SubscriptionStatus::Warning { bought.saturating_add(overallocation) } else { 0 };
        Self { status, capacity }
    }

    /// Whether holders cannot use what they hold.
    pub fn is_disabled(&self) -> bool {
        matches!(self.status, SubscriptionStatus::Suspended | SubscriptionStatus::LockedOut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_disabled_subscriptions_cannot_be_assigned() {
        let of = |status, total| Subscription { id: "s".to_owned(), status, total };
        let pool = Pool::of(&[of(SubscriptionStatus::Suspended, 8), of(SubscriptionStatus::LockedOut, 2)], 5);
        assert!(pool.is_disabled() && pool.capacity == 0, "{pool:?}");
        assert_eq!(Pool::of(&[], 5), Pool { status: SubscriptionStatus::Deleted, capacity: 0 });
        let most = [of(SubscriptionStatus::Enabled, u64::MAX), of(SubscriptionStatus::Enabled, 1)];
        assert_eq!(Pool::of(&most, 1).capacity, u64::MAX);
    }
}
