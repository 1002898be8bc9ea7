//! What is known of users in pieces: of a million users no two need be alike, but what makes them up is shared by
//! many. So much is remembered between runs.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::Timestamp;
use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::alike::{Alike, alike, sets_of};
use super::catalog::{Country, SkuIndex};
use super::intent::{DirectLicense, GroupIndex, Moment, User};
use super::outcome::{Outcome, PlanGrace, Record};
use super::tenant::Tenant;

/// A part of what is known of users, and those whom it is true of.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece<T> {
    /// The part; what is not in it is as it is by default.
    pub part: T,
    /// The users, by ordinal.
    pub users: RoaringBitmap,
}

/// Two pieces tell different things of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it tells two things of the licenses of one user")]
pub struct PiecesClash;

/// One thing that is known of a user.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Trait {
    Location(Country),
    AddressConflict,
    Deleted(Timestamp),
    Member(GroupIndex, Moment),
    Left(GroupIndex, Moment),
    Direct(SkuIndex, DirectLicense),
    Converted(SkuIndex),
}

/// One thing that users have: all records of one product, or a plan that can come back.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Holding<'o> {
    Product(&'o [Record]),
    Grace(PlanGrace),
}

impl Tenant {
    /// What is known of all users, in pieces; the first one is true of everyone. Groups of which `keeps` says no are
    /// left out.
    pub fn user_pieces(&self, keeps: impl Fn(GroupIndex) -> bool + Sync) -> Vec<Piece<User>> {
        let keeps = |one: &Trait| match one {
            Trait::Member(group, _) | Trait::Left(group, _) => keeps(*group),
            _ => true,
        };
        let classes = self.user_classes();
        let pieces = pieces(&classes, |user| traits(user).filter(keeps).collect());
        let everyone = Piece { part: User::default(), users: self.existing.clone() };
        let parts = pieces.into_iter().map(|(one, users)| Piece { part: one.user(), users });
        Some(everyone).into_iter().chain(parts).collect()
    }

    /// The licenses of all users, in pieces.
    pub fn outcome_pieces(&self) -> Vec<Piece<Outcome>> {
        let classes = self.outcome_classes();
        let pieces = pieces(&classes, |outcome| holdings(outcome).collect());
        pieces.into_iter().map(|(one, users)| Piece { part: one.outcome(), users }).collect()
    }

    /// Enters users of whom nothing is known yet, from pieces of what is known of them and of what they have. The
    /// groups that they name have to be there. Nothing else is checked.
    ///
    /// # Errors
    ///
    /// If two pieces tell different things of one user.
    pub fn enter_pieces(
        &mut self,
        users: &[Piece<User>],
        outcomes: &[Piece<Outcome>],
    ) -> Result<(), PiecesClash> {
        let sets = users.iter().map(|piece| &piece.users).chain(outcomes.iter().map(|piece| &piece.users));
        let sets: Vec<RoaringBitmap> = sets.cloned().collect();
        let whole = |class: Alike| {
            let (mut user, mut outcome) = (User::default(), Outcome::default());
            for place in class.sets {
                let place = place as usize;
                if let Some(piece) = users.get(place) {
                    add_user(&mut user, &piece.part)?;
                } else if let Some(piece) = outcomes.get(place - users.len()) {
                    add_outcome(&mut outcome, &piece.part)?;
                }
            }
            Ok((class.users, Arc::new(user), Arc::new(outcome)))
        };
        let classes: Vec<_> = alike(&sets).into_par_iter().map(whole).collect::<Result<_, _>>()?;
        self.enter(classes);
        Ok(())
    }
}

/// Each piece once, with all its users.
fn pieces<'c, T: Sync + Send + 'c, P: Eq + Hash + Send>(
    classes: &'c [(Arc<T>, RoaringBitmap)],
    parts: impl Fn(&'c T) -> Vec<P> + Sync,
) -> Vec<(P, RoaringBitmap)> {
    let of_classes: Vec<Vec<P>> = classes.par_iter().map(|(value, _)| parts(value)).collect();
    let mut numbers: HashMap<P, u32> = HashMap::new();
    let mut number = |part: P| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(part).or_insert(next)
    };
    let of_classes: Vec<Vec<u32>> =
        of_classes.into_iter().map(|parts| parts.into_iter().map(&mut number).collect()).collect();
    let users = classes.iter().map(|(_, users)| users);
    let sets = sets_of(numbers.len(), of_classes.iter().map(Vec::as_slice).zip(users));
    let mut parts: Vec<(P, u32)> = numbers.into_iter().collect();
    parts.sort_unstable_by_key(|(_, number)| *number);
    parts.into_iter().map(|(part, _)| part).zip(sets).collect()
}

fn traits(user: &User) -> impl Iterator<Item = Trait> + '_ {
    let own = [
        user.location.map(Trait::Location),
        user.has_address_conflict.then_some(Trait::AddressConflict),
        user.deleted_at.map(Trait::Deleted),
    ];
    own.into_iter()
        .flatten()
        .chain(user.memberships.iter().map(|(group, since)| Trait::Member(*group, *since)))
        .chain(user.left.iter().map(|(group, since)| Trait::Left(*group, *since)))
        .chain(user.direct.iter().map(|(sku, license)| Trait::Direct(*sku, license.clone())))
        .chain(user.converted.iter().map(|sku| Trait::Converted(*sku)))
}

fn holdings(outcome: &Outcome) -> impl Iterator<Item = Holding<'_>> {
    let products = outcome.records.chunk_by(|one, other| one.sku == other.sku).map(Holding::Product);
    products.chain(outcome.grace.iter().map(|grace| Holding::Grace(*grace)))
}

impl Trait {
    /// A user of whom nothing else is known.
    fn user(self) -> User {
        let mut user = User::default();
        match self {
            Self::Location(country) => user.location = Some(country),
            Self::AddressConflict => user.has_address_conflict = true,
            Self::Deleted(time) => user.deleted_at = Some(time),
            Self::Member(group, since) => {
                user.memberships.insert(group, since);
            }
            Self::Left(group, since) => {
                user.left.insert(group, since);
            }
            Self::Direct(sku, license) => {
                user.direct.insert(sku, license);
            }
            Self::Converted(sku) => {
                user.converted.insert(sku);
            }
        }
        user
    }
}

impl Holding<'_> {
    /// Nothing else.
    fn outcome(self) -> Outcome {
        match self {
            Self::Product(records) => Outcome { records: records.to_vec(), grace: Vec::new() },
            Self::Grace(grace) => Outcome { records: Vec::new(), grace: vec![grace] },
        }
    }
}

fn add_user(user: &mut User, part: &User) -> Result<(), PiecesClash> {
    let clashes = user.location.is_some() && part.location.is_some()
        || user.deleted_at.is_some() && part.deleted_at.is_some()
        || part.memberships.keys().any(|group| user.memberships.contains_key(group))
        || part.left.keys().any(|group| user.left.contains_key(group))
        || part.direct.keys().any(|sku| user.direct.contains_key(sku));
    if clashes {
        return Err(PiecesClash);
    }
    user.location = user.location.or(part.location);
    user.deleted_at = user.deleted_at.or(part.deleted_at);
    user.has_address_conflict |= part.has_address_conflict;
    user.memberships.extend(part.memberships.iter().map(|(group, since)| (*group, *since)));
    user.left.extend(part.left.iter().map(|(group, since)| (*group, *since)));
    user.direct.extend(part.direct.iter().map(|(sku, license)| (*sku, license.clone())));
    user.converted.extend(&part.converted);
    Ok(())
}

fn add_outcome(outcome: &mut Outcome, part: &Outcome) -> Result<(), PiecesClash> {
    for record in &part.records {
        if outcome.record(record.sku, record.source).is_some() {
            return Err(PiecesClash);
        }
        outcome.put(record.clone());
    }
    if part.grace.iter().any(|new| outcome.grace.iter().any(|known| known.plan == new.plan)) {
        return Err(PiecesClash);
    }
    outcome.grace.extend(&part.grace);
    outcome.grace.sort_unstable();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::licensing::samples::World;

    /// Users who have several things for several reasons, some of whom failed, left or were deleted.
    fn world() -> World {
        let mut world = World::new("");
        let sales = world.group("sales", "e3, ems", 0..4);
        world.group("kiosk", "f3", 2..7);
        world.direct(1..3, "audio");
        world.deleted(6..7);
        world.enter();
        world.settle();
        world.run(vec![World::leave(sales, 1..2)]);
        world
    }

    /// What is known of every user, and what each has.
    fn known(tenant: &Tenant) -> Vec<(u32, User, Outcome)> {
        let users = tenant.users();
        users
            .map(|user| (user.0, tenant.user(user).unwrap().clone(), tenant.outcome(user).unwrap().clone()))
            .collect()
    }

    #[test]
    fn users_are_made_of_their_pieces() {
        let tenant = world().tenant;
        let (users, outcomes) = (tenant.user_pieces(|_| true), tenant.outcome_pieces());
        assert!(outcomes.iter().any(|piece| piece.users.len() > 1));
        let mut other = World::new("").tenant;
        for group in tenant.groups() {
            other.add_group(tenant.group(group).unwrap().clone());
        }
        other.enter_pieces(&users, &outcomes).unwrap();
        assert_eq!(known(&other), known(&tenant));
        for group in tenant.groups() {
            assert_eq!(other.group(group), tenant.group(group));
            assert_eq!(other.has_errors(group), tenant.has_errors(group));
        }
        for sku in tenant.catalog().skus() {
            assert_eq!(other.consumed(sku), tenant.consumed(sku));
        }
        assert_eq!((other.user_pieces(|_| true), other.outcome_pieces()), (users, outcomes));
    }

    #[test]
    fn groups_that_do_not_matter_are_left_out() {
        let tenant = world().tenant;
        let pieces = tenant.user_pieces(|_| false);
        assert_eq!(
            pieces[0],
            Piece { part: User::default(), users: tenant.users().map(|user| user.0).collect() }
        );
        assert!(pieces.iter().all(|piece| piece.part.memberships.is_empty() && piece.part.left.is_empty()));
    }

    #[test]
    fn nobody_is_told_of_twice() {
        let tenant = world().tenant;
        let (users, outcomes) = (tenant.user_pieces(|_| true), tenant.outcome_pieces());
        let twice = |users: &[Piece<User>], outcomes: &[Piece<Outcome>]| {
            let mut other = World::new("").tenant;
            for group in tenant.groups() {
                other.add_group(tenant.group(group).unwrap().clone());
            }
            other.enter_pieces(users, outcomes)
        };
        for piece in users.iter().filter(|piece| piece.part != User::default()) {
            let clashes =
                twice(&[&users[..], std::slice::from_ref(piece)].concat(), &outcomes) == Err(PiecesClash);
            assert_eq!(clashes, !piece.part.has_address_conflict && piece.part.converted.is_empty());
        }
        for piece in &outcomes {
            let more = [&outcomes[..], std::slice::from_ref(piece)].concat();
            assert_eq!(twice(&users, &more), Err(PiecesClash));
        }
        assert_eq!(twice(&users, &outcomes), Ok(()));
    }
}
