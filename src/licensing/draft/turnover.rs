//! Who came to a group and who left it, beside the members that the tenant knows.

use roaring::RoaringBitmap;

/// The members of a group as a batch leaves them, without a copy of them.
#[derive(Clone, Debug, Default)]
pub(in crate::licensing) struct Turnover {
    /// Users who were no members.
    pub(in crate::licensing) came: RoaringBitmap,
    /// Users who were members.
    pub(in crate::licensing) went: RoaringBitmap,
}

impl Turnover {
    /// Those of some users who are members.
    pub(in crate::licensing) fn among(&self, known: &RoaringBitmap, users: &RoaringBitmap) -> RoaringBitmap {
        ((users & known) - &self.went) | (users & &self.came)
    }

    /// How many of some users are members.
    pub(in crate::licensing) fn count_among(&self, known: &RoaringBitmap, users: &RoaringBitmap) -> u64 {
        let stayed = known.intersection_len(users) - self.went.intersection_len(users);
        stayed + self.came.intersection_len(users)
    }

    /// How many members there are.
    pub(in crate::licensing) fn len(&self, known: &RoaringBitmap) -> u64 {
        known.len() - self.went.len() + self.came.len()
    }

    /// All members.
    pub(in crate::licensing) fn members(&self, known: &RoaringBitmap) -> RoaringBitmap {
        (known - &self.went) | &self.came
    }

    /// Adds users; gives back those who were no members.
    pub(super) fn add(&mut self, known: &RoaringBitmap, users: &RoaringBitmap) -> RoaringBitmap {
        let back = users & &self.went;
        let new = users - known - &self.came;
        self.went -= &back;
        self.came |= &new;
        back | new
    }

    /// Takes users out; gives back those who were members.
    pub(super) fn remove(&mut self, known: &RoaringBitmap, users: &RoaringBitmap) -> RoaringBitmap {
        let gone = self.among(known, users);
        let new = &gone & &self.came;
        self.came -= &new;
        self.went |= &gone - new;
        gone
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn members_are_those_who_came_last(known: Vec<u8>, turns: Vec<(bool, Vec<u8>)>, some: Vec<u8>) {
            let set = |users: &[u8]| users.iter().map(|user| u32::from(user % 32)).collect::<RoaringBitmap>();
            let (known, some) = (set(&known), set(&some));
            let (mut turnover, mut plain) = (Turnover::default(), known.clone());
            for (adds, users) in turns {
                let users = set(&users);
                if adds {
                    prop_assert_eq!(turnover.add(&known, &users), &users - &plain);
                    plain |= users;
                } else {
                    prop_assert_eq!(turnover.remove(&known, &users), &users & &plain);
                    plain -= users;
                }
                prop_assert_eq!(turnover.members(&known), plain.clone());
                prop_assert_eq!(turnover.len(&known), plain.len());
                prop_assert_eq!(turnover.among(&known, &some), &plain & &some);
                prop_assert_eq!(turnover.count_among(&known, &some), plain.intersection_len(&some));
                prop_assert!(turnover.came.is_disjoint(&known) && turnover.went.is_subset(&known));
            }
        }
    }
}
