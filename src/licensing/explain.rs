//! Why a user has a plan or does not, and which licenses could go without a loss.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::catalog::{Catalog, Country, SkuIndex};
use super::intent::{User, UserIndex};
use super::outcome::{AssignmentState, Outcome, Record, Source};
use super::plan_set::{PlanIndex, PlanSet};
use super::pool::SubscriptionStatus;
use super::tenant::Tenant;

/// A product from a source.
pub type Place = (SkuIndex, Source);

/// All about the licenses of one user.
#[derive(Clone, Debug)]
pub struct Explanation<'t> {
    /// What is known of the user and asked for.
    pub user: &'t User,
    /// What became of it.
    pub outcome: &'t Outcome,
    /// Where the user is taken to be.
    pub location: Location,
    /// Every plan that a source gives, leaves out or fails to give, or that can come back.
    pub plans: BTreeMap<PlanIndex, PlanStanding>,
    /// What could be taken from the user, one by one: each direct license, and each group as a whole.
    pub removals: Vec<Removal>,
}

/// Where a user is taken to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The user's own location.
    Own(Country),
    /// That of the directory, because the user has none.
    Directory(Country),
    /// Nobody knows.
    Unknown,
}

/// How a user stands with one plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanStanding {
    /// What gives it.
    pub on: Vec<Place>,
    /// What is in force and leaves it out.
    pub off: Vec<Place>,
    /// What is in force and cannot give it to this user.
    pub held_back: Vec<Place>,
    /// What would give it if it were in force.
    pub failed: Vec<Place>,
    /// The best state among the subscriptions that give it.
    pub status: Option<SubscriptionStatus>,
    /// Until when it can come back with its data, if it was taken away.
    pub grace_until: Option<Timestamp>,
}

/// What would happen if one source were taken from a user, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The source.
    pub source: Source,
    /// What comes from it. A group goes with all of its products, direct licenses go one by one.
    pub skus: BTreeSet<SkuIndex>,
    /// Products of which a seat would become free.
    pub seats_freed: BTreeSet<SkuIndex>,
    /// Plans that the user would lose, or could not use any more.
    pub lost: PlanSet,
    /// Plans that the user would still have, and that lack one of these then.
    pub stranded: Vec<(PlanIndex, PlanSet)>,
}

/// Explains the licenses of a user; nothing if there is no such user.
pub fn explain(tenant: &Tenant, index: UserIndex) -> Option<Explanation<'_>> {
    let (user, outcome) = (tenant.user(index)?, tenant.outcome(index)?);
    let inherited = tenant.country.filter(|_| tenant.policy.inherit_location);
    let location = match (user.location, inherited) {
        (Some(own), _) => Location::Own(own),
        (None, Some(country)) => Location::Directory(country),
        (None, None) => Location::Unknown,
    };
    let catalog = tenant.catalog();
    Some(Explanation {
        user,
        outcome,
        location,
        plans: plans(catalog, outcome),
        removals: removals(catalog, outcome),
    })
}

/// How a user with these licenses stands with every plan that they touch.
pub fn plans(catalog: &Catalog, outcome: &Outcome) -> BTreeMap<PlanIndex, PlanStanding> {
    let mut plans: BTreeMap<PlanIndex, PlanStanding> = BTreeMap::new();
    for record in &outcome.records {
        let place = (record.sku, record.source);
        let status = catalog.pool(record.sku).status;
        for plan in catalog.plans_of(record.sku).iter() {
            let standing = plans.entry(plan).or_default();
            if !record.state.is_in_force() {
                if !record.disabled.contains(plan) {
                    standing.failed.push(place);
                }
            } else if record.disabled.contains(plan) {
                standing.off.push(place);
            } else if record.held_back.contains(plan) {
                standing.held_back.push(place);
            } else {
                standing.on.push(place);
                standing.status = Some(standing.status.map_or(status, |best| best.min(status)));
            }
        }
    }
    for one in &outcome.grace {
        plans.entry(one.plan).or_default().grace_until = Some(one.until);
    }
    plans
}

fn removals(catalog: &Catalog, outcome: &Outcome) -> Vec<Removal> {
    let mut units: BTreeMap<(Source, Option<SkuIndex>), BTreeSet<SkuIndex>> = BTreeMap::new();
    for record in &outcome.records {
        let one = (record.source == Source::Direct).then_some(record.sku);
        units.entry((record.source, one)).or_default().insert(record.sku);
    }
    units.into_iter().map(|((source, _), skus)| Removal::of(catalog, outcome, source, skus)).collect()
}

impl Removal {
    fn of(catalog: &Catalog, outcome: &Outcome, source: Source, skus: BTreeSet<SkuIndex>) -> Self {
        let goes = |record: &&Record| record.source == source && skus.contains(&record.sku);
        let left = Outcome {
            records: outcome.records.iter().filter(|record| !goes(record)).cloned().collect(),
            grace: Vec::new(),
        };
        let seats_freed = outcome.held().difference(&left.held()).copied().collect();
        let all = left.enabled(catalog);
        let mut lost = outcome.enabled(catalog).minus(&all);
        lost.extend_with(&usable(catalog, outcome).minus(&usable(catalog, &left)));
        let had = outcome.enabled(catalog);
        let stranded = |plan: PlanIndex| {
            let sets = &catalog.plan_at(plan)?.requires;
            let unmet = sets.iter().find(|set| !set.intersects(&all) && set.intersects(&had))?;
            Some((plan, unmet.clone()))
        };
        let stranded = all.iter().filter_map(stranded).collect();
        Self { source, skus, seats_freed, lost, stranded }
    }

    /// Whether the user would notice nothing.
    pub fn is_safe(&self) -> bool {
        self.lost.is_empty() && self.stranded.is_empty()
    }
}

/// The plans that a user has and can use: those of suspended subscriptions are there and do not work.
fn usable(catalog: &Catalog, outcome: &Outcome) -> PlanSet {
    let mut plans = PlanSet::default();
    for record in outcome.records.iter().filter(|record| record.state != AssignmentState::Disabled) {
        plans.extend_with(&record.enabled(catalog));
    }
    plans
}

impl PlanStanding {
    /// Whether the user has the plan without any reservation.
    pub fn is_plainly_on(&self) -> bool {
        self.status == Some(SubscriptionStatus::Enabled)
    }

    /// What the plan is worth to the user, in Graph's words for the state of a subscription: a plan that
    /// can come back is suspended. Nothing if the user does not have it.
    pub fn capability(&self) -> Option<SubscriptionStatus> {
        self.status.or(self.grace_until.map(|_| SubscriptionStatus::Suspended))
    }
}
