//! What a guard looks at.

/// The kinds of damage that guards stop. The order is that of reports: causes before effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TripKind {
    /// Users that are not there any more.
    UsersLost,
    /// Devices that are not there any more.
    DevicesLost,
    /// Objects without a value of an attribute that had one.
    AttributeLost,
    /// Members that leave, over all groups.
    TotalRemovals,
    /// Members that come, over all groups.
    TotalAdditions,
    /// A group with members that would have none.
    GroupEmpty,
    /// Members that leave a group.
    GroupRemovals,
    /// Members that come to a group.
    GroupAdditions,
    /// Users that lose a license.
    LicenseRemovals,
}

impl TripKind {
    /// All kinds, in their order.
    pub const ALL: [Self; 9] = [
        Self::UsersLost,
        Self::DevicesLost,
        Self::AttributeLost,
        Self::TotalRemovals,
        Self::TotalAdditions,
        Self::GroupEmpty,
        Self::GroupRemovals,
        Self::GroupAdditions,
        Self::LicenseRemovals,
    ];

    /// The word that files use. It never changes.
    ///
    /// ```
    /// use dyngroup::directory::policy::trip_kind::TripKind;
    /// assert_eq!(TripKind::GroupRemovals.word(), "groupRemovals");
    /// assert_eq!(TripKind::find("groupRemovals"), Some(TripKind::GroupRemovals));
    /// ```
    pub const fn word(self) -> &'static str {
        match self {
            Self::UsersLost => "usersLost",
            Self::DevicesLost => "devicesLost",
            Self::AttributeLost => "attributeLost",
            Self::TotalRemovals => "totalRemovals",
            Self::TotalAdditions => "totalAdditions",
            Self::GroupEmpty => "groupEmpty",
            Self::GroupRemovals => "groupRemovals",
            Self::GroupAdditions => "groupAdditions",
            Self::LicenseRemovals => "licenseRemovals",
        }
    }

    /// The kind that a file means by `word`.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_kinds_are_listed_in_order_and_have_their_own_word() {
        assert!(TripKind::ALL.is_sorted());
        for kind in TripKind::ALL {
            assert_eq!(TripKind::find(kind.word()), Some(kind));
        }
        assert_eq!(TripKind::find("GroupRemovals"), None);
    }
}
