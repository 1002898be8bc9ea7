//! Whose turn it is when seats are given one by one.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Seeker;
use super::walk::Walker;
use crate::licensing::candidate::{Candidate, Rules, Standing, wanted_since};
use crate::licensing::intent::{Moment, User, UserIndex};
use crate::licensing::policy::SeatKey;
use crate::licensing::tenant::UserIds;

/// One bundle that wants seats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    /// The user's place among the walkers.
    pub(super) walker: u32,
    /// The candidate.
    pub(super) order: usize,
}

/// A part of the order in which seats are given.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum SeatRank {
    Priority(Reverse<i64>),
    Since(Option<Moment>),
}

/// All bundles that ask for something, the first to be served first. Only walkers ask.
pub(super) fn requests(
    rules: &Rules<'_>,
    seekers: &[Seeker<'_>],
    walkers: &[Walker],
    ids: &dyn UserIds,
) -> Vec<Request> {
    // Ranks and ids are compared once; after that there are only numbers.
    let mut numbers: BTreeMap<Vec<SeatRank>, u32> = BTreeMap::new();
    for seeker in seekers {
        for candidate in asking(seeker) {
            numbers.insert(rank(rules, seeker.user, candidate), 0);
        }
    }
    for (number, next) in numbers.values_mut().zip(0..) {
        *number = next;
    }
    let number = |seeker: &Seeker<'_>, candidate: &Candidate| {
        numbers.get(&rank(rules, seeker.user, candidate)).copied().unwrap_or_default()
    };
    let wishes: Vec<Vec<(u32, usize)>> = seekers
        .iter()
        .map(|seeker| asking(seeker).map(|one| (number(seeker, one), one.order)).collect())
        .collect();
    let places = places_by_id(walkers, ids);
    let mut keyed: Vec<(u32, u32, usize, u32)> = Vec::new();
    for ((one, place), walker) in walkers.iter().zip(places).zip(0..) {
        let wishes = wishes.get(one.seeker).into_iter().flatten();
        keyed.extend(wishes.map(|(rank, order)| (*rank, place, *order, walker)));
    }
    keyed.par_sort_unstable();
    keyed.into_iter().map(|(.., order, walker)| Request { walker, order }).collect()
}

fn asking<'u>(seeker: &Seeker<'u>) -> impl Iterator<Item = &'u Candidate> + use<'u> {
    let candidates = seeker.case.question.candidates.iter();
    candidates.filter(|one| one.standing == Standing::Moving && !one.targets.is_empty())
}

fn rank(rules: &Rules<'_>, user: &User, candidate: &Candidate) -> Vec<SeatRank> {
    let first = candidate.targets.first();
    let of = |key: &SeatKey| match key {
        SeatKey::Priority => SeatRank::Priority(Reverse(candidate.priority)),
        SeatKey::WantedSince => SeatRank::Since(
            first.and_then(|target| wanted_since(rules.groups, user, candidate.source, target)),
        ),
    };
    rules.policy.seat_order.iter().map(of).collect()
}

/// The place of each walker in the order of the ids.
fn places_by_id(walkers: &[Walker], ids: &dyn UserIds) -> Vec<u32> {
    let id = |(one, walker): (&Walker, u32)| (ids.id(UserIndex(one.user)), one.user, walker);
    let mut sorted: Vec<(&str, u32, u32)> = walkers.iter().zip(0..).map(id).collect();
    sorted.par_sort_unstable();
    let mut places = vec![0; walkers.len()];
    for ((.., walker), place) in sorted.into_iter().zip(0..) {
        if let Some(own) = places.get_mut(walker as usize) {
            *own = place;
        }
    }
    places
}
