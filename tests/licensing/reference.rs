//! The obvious way to find what a user ends up with, under the default policy and with seats for all:
//! plans as plain sets, every pair compared, everything computed anew at each step.

use std::collections::{BTreeMap, BTreeSet};

use dyngroup::licensing::catalog::{Catalog, Country, SkuIndex};
use dyngroup::licensing::intent::{Moment, UserIndex};
use dyngroup::licensing::outcome::{ErrorCode, Source};
use dyngroup::licensing::plan_set::PlanIndex;
use dyngroup::licensing::tenant::Tenant;

type Plans = BTreeSet<PlanIndex>;
type Version = BTreeMap<SkuIndex, Plans>;

/// The plans that are left out if it is in force, and the error.
pub(super) type Found = (Option<Plans>, Option<ErrorCode>);

struct Bundle {
    source: Source,
    /// What is in force, and what is asked for.
    old: Version,
    wanted: Version,
    moves: bool,
}

/// What decides the place of a bundle: its class, a moment, an id.
type Rank = (u8, Option<Moment>, String);

/// Where a bundle is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Old,
    Wanted,
    Nowhere,
}

struct User<'t> {
    catalog: &'t Catalog,
    location: Option<Country>,
    has_address_conflict: bool,
    bundles: Vec<Bundle>,
}

/// What a user has after a batch, by source and product.
pub(super) fn resolve(
    before: &Tenant,
    after: &Tenant,
    index: UserIndex,
) -> BTreeMap<(Source, String), Found> {
    let user = after.user(index).unwrap();
    let user = User {
        catalog: after.catalog(),
        location: user.location.or(Country::new("NO")),
        has_address_conflict: user.has_address_conflict,
        bundles: bundles(before, after, index),
    };
    let places = user.places();
    user.report(&places)
}

fn bundles(before: &Tenant, after: &Tenant, index: UserIndex) -> Vec<Bundle> {
    let (user, former) = (after.user(index).unwrap(), before.outcome(index).unwrap());
    let of = |version: dyngroup::licensing::intent::Version| -> Version {
        version.into_iter().map(|(sku, disabled)| (sku, disabled.iter().collect())).collect()
    };
    let mut all: Vec<(Rank, Bundle)> = Vec::new();
    for (sku, direct) in &user.direct {
        let version: Version = [(*sku, direct.disabled.iter().collect())].into();
        let bundle = Bundle { source: Source::Direct, old: version.clone(), wanted: version, moves: false };
        all.push(((0, None, after.catalog().product(*sku).unwrap().sku_id.clone()), bundle));
    }
    for group in after.groups() {
        let (source, known) = (Source::Group(group), after.group(group).unwrap());
        let member = user.memberships.get(&group);
        let (old, wanted) =
            (of(former.version_of(source)), member.map(|_| of(known.version())).unwrap_or_default());
        if old.is_empty() && wanted.is_empty() {
            continue;
        }
        let activated = former
            .in_force()
            .filter(|record| record.source == source)
            .filter_map(|record| record.activated)
            .min();
        let asked = known.template.values().map(|entry| entry.since).chain(member.copied()).max();
        let pending = former.records.iter().any(|record| record.source == source && record.pending_removal);
        let (class, moment) = match () {
            () if old == wanted => (1, activated),
            () if !wanted.is_empty() => (2, asked),
            () if pending => (3, activated),
            () => (4, activated),
        };
        let moves = old != wanted;
        all.push(((class, moment, known.id.clone()), Bundle { source, old, wanted, moves }));
    }
    all.sort_by(|left, right| left.0.cmp(&right.0));
    all.into_iter().map(|(_, bundle)| bundle).collect()
}

impl User<'_> {
    fn places(&self) -> Vec<Place> {
        let mut stays: BTreeSet<usize> = BTreeSet::new();
        loop {
            let start = |at: usize| {
                if !self.bundles[at].moves || stays.contains(&at) { Place::Old } else { Place::Nowhere }
            };
            let mut places: Vec<Place> = (0..self.bundles.len()).map(start).collect();
            while let Some(at) =
                (0..places.len()).find(|&at| places[at] == Place::Nowhere && self.can_have(at, &places))
            {
                places[at] = Place::Wanted;
            }
            let failed: Vec<usize> = (0..places.len())
                .filter(|&at| {
                    places[at] == Place::Nowhere
                        && !self.bundles[at].old.is_empty()
                        && !self.bundles[at].wanted.is_empty()
                })
                .collect();
            if !failed.is_empty() {
                stays.extend(failed);
                continue;
            }
            let lacking = self.lacking(&places);
            let gives = |at: &usize| {
                let plans: Plans =
                    self.bundles[*at].old.iter().flat_map(|(sku, off)| self.plans(*sku, off)).collect();
                let had = lacking.iter().filter(|(place, ..)| places[*place] == Place::Old);
                had.into_iter().any(|(_, _, needs)| !needs.is_disjoint(&plans))
            };
            let with = |place: Place| {
                (0..places.len())
                    .filter(move |at| self.bundles[*at].moves)
                    .filter(|at| places[*at] == place)
                    .find(&gives)
            };
            match with(Place::Nowhere).or_else(|| with(Place::Wanted)) {
                Some(at) => stays.insert(at),
                None => return self.improved(places),
            };
        }
    }

    fn improved(&self, mut places: Vec<Place>) -> Vec<Place> {
        while let Some(better) = (0..places.len()).find_map(|at| {
            let next = match (places[at], self.bundles[at].wanted.is_empty()) {
                (Place::Old, true) if self.bundles[at].moves => Place::Nowhere,
                (Place::Old | Place::Nowhere, false)
                    if self.bundles[at].moves && self.can_have(at, &places) =>
                {
                    Place::Wanted
                }
                _ => return None,
            };
            let mut changed = places.clone();
            changed[at] = next;
            let known = self.lacking(&places);
            let worse = self.lacking(&changed).into_iter().any(|(place, plan, needs)| {
                !known.iter().any(|(known, other, sets)| {
                    (self.bundles[*known].source, *other, sets) == (self.bundles[place].source, plan, &needs)
                })
            });
            (!worse).then_some(changed)
        }) {
            places = better;
        }
        places
    }

    fn can_have(&self, at: usize, places: &[Place]) -> bool {
        self.faults(at, places).is_empty()
    }

    /// What is wrong with the products of a bundle as it is asked for.
    fn faults(&self, at: usize, places: &[Place]) -> BTreeMap<SkuIndex, ErrorCode> {
        let mut trial = places.to_vec();
        trial[at] = Place::Wanted;
        let given = self.given(&trial);
        let all: Plans = given.iter().map(|(_, _, plan)| *plan).collect();
        let mut faults = BTreeMap::new();
        for (_, sku, plan) in given.iter().filter(|(bundle, ..)| *bundle == at) {
            let facts = self.catalog.plan_at(*plan).unwrap();
            let excludes = |(_, other_sku, other): &(usize, SkuIndex, PlanIndex)| {
                let in_one = self
                    .catalog
                    .families()
                    .iter()
                    .any(|one| one.exclusive.contains(*plan) && one.exclusive.contains(*other));
                in_one && other != plan && other_sku != sku
            };
            let codes = [
                (
                    facts.prohibited_in.contains(&self.location.unwrap()),
                    ErrorCode::ProhibitedInUsageLocationViolation,
                ),
                (given.iter().any(excludes), ErrorCode::MutuallyExclusiveViolation),
                (!missing(self.catalog, *plan, &all).is_empty(), ErrorCode::DependencyViolation),
                (self.takes_address(at, *plan, places), ErrorCode::UniquenessViolation),
            ];
            if let Some((_, code)) = codes.into_iter().find(|(holds, _)| *holds) {
                let known = faults.entry(*sku).or_insert(code);
                *known = code.min(*known);
            }
        }
        faults
    }

    fn takes_address(&self, at: usize, plan: PlanIndex, places: &[Place]) -> bool {
        let is_mailbox = |plan: PlanIndex| self.catalog.plan_at(plan).unwrap().is_mailbox;
        let mut before = places.to_vec();
        before[at] = Place::Old;
        let had = self.given(&before).into_iter().any(|(_, _, plan)| is_mailbox(plan));
        self.has_address_conflict && is_mailbox(plan) && !had
    }

    fn given(&self, places: &[Place]) -> Vec<(usize, SkuIndex, PlanIndex)> {
        let mut given = Vec::new();
        for (at, bundle) in self.bundles.iter().enumerate() {
            let version = match places[at] {
                Place::Old => &bundle.old,
                Place::Wanted => &bundle.wanted,
                Place::Nowhere => continue,
            };
            for (sku, off) in version {
                given.extend(self.plans(*sku, off).into_iter().map(|plan| (at, *sku, plan)));
            }
        }
        given
    }

    fn plans(&self, sku: SkuIndex, off: &Plans) -> Plans {
        self.catalog.plans_of(sku).iter().filter(|plan| !off.contains(plan)).collect()
    }

    /// Plans that lack what they need.
    fn lacking(&self, places: &[Place]) -> Vec<(usize, PlanIndex, Plans)> {
        let given = self.given(places);
        let all: Plans = given.iter().map(|(_, _, plan)| *plan).collect();
        given
            .into_iter()
            .filter_map(|(at, _, plan)| {
                let needs = missing(self.catalog, plan, &all);
                (!needs.is_empty()).then_some((at, plan, needs))
            })
            .collect()
    }

    fn report(&self, places: &[Place]) -> BTreeMap<(Source, String), Found> {
        let mut report = BTreeMap::new();
        for (at, bundle) in self.bundles.iter().enumerate() {
            let id = |sku: &SkuIndex| (bundle.source, self.catalog.product(*sku).unwrap().sku_id.clone());
            match places[at] {
                Place::Wanted => {
                    report
                        .extend(bundle.wanted.iter().map(|(sku, off)| (id(sku), (Some(off.clone()), None))));
                }
                Place::Old if !bundle.moves => {
                    let prohibited = |sku: &SkuIndex, off: &Plans| {
                        let here = |plan: PlanIndex| {
                            self.catalog
                                .plan_at(plan)
                                .unwrap()
                                .prohibited_in
                                .contains(&self.location.unwrap())
                        };
                        self.plans(*sku, off)
                            .into_iter()
                            .any(here)
                            .then_some(ErrorCode::ProhibitedInUsageLocationViolation)
                    };
                    report.extend(
                        bundle
                            .old
                            .iter()
                            .map(|(sku, off)| (id(sku), (Some(off.clone()), prohibited(sku, off)))),
                    );
                }
                _ => report.extend(self.failed(at, places).into_iter().map(|(sku, found)| (id(&sku), found))),
            }
        }
        report
    }

    /// What is left of a bundle that could not move, by product.
    fn failed(&self, at: usize, places: &[Place]) -> BTreeMap<SkuIndex, Found> {
        let bundle = &self.bundles[at];
        let mut faults = if bundle.wanted.is_empty() { BTreeMap::new() } else { self.faults(at, places) };
        for (sku, _) in bundle.old.iter().filter(|_| places[at] == Place::Old) {
            let mut moved = places.to_vec();
            moved[at] = if bundle.wanted.is_empty() { Place::Nowhere } else { Place::Wanted };
            let known = self.lacking(places);
            let own = self.plans(*sku, &bundle.old[sku]);
            let needed = self
                .lacking(&moved)
                .into_iter()
                .any(|one| one.0 != at && !known.contains(&one) && !one.2.is_disjoint(&own));
            if needed {
                let code = faults.entry(*sku).or_insert(ErrorCode::DependencyViolation);
                *code = ErrorCode::DependencyViolation.min(*code);
            }
        }
        let first = faults.values().copied().min();
        let mut found: BTreeMap<SkuIndex, Found> = BTreeMap::new();
        for sku in bundle.wanted.keys() {
            found.insert(*sku, (None, Some(faults.get(sku).copied().unwrap_or(ErrorCode::Other))));
        }
        for (sku, off) in bundle.old.iter().filter(|_| places[at] == Place::Old) {
            let other = if bundle.wanted.is_empty() { Some(ErrorCode::Other) } else { first };
            let own = faults.get(sku).copied().or(other);
            let here = self.plans(*sku, off).into_iter().any(|plan| {
                self.catalog.plan_at(plan).unwrap().prohibited_in.contains(&self.location.unwrap())
            });
            let location = here.then_some(ErrorCode::ProhibitedInUsageLocationViolation);
            found.insert(*sku, (Some(off.clone()), location.or(own)));
        }
        found
    }
}

/// The first set of needed plans of which there is none.
fn missing(catalog: &Catalog, plan: PlanIndex, all: &Plans) -> Plans {
    let sets = catalog.plan_at(plan).unwrap().requires.iter().map(|set| set.iter().collect::<Plans>());
    sets.into_iter().find(|set| set.is_disjoint(all)).unwrap_or_default()
}
