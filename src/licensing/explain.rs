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
    /// What leaves it out.
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
    /// Whether any of it is in force; otherwise it gives the user nothing now.
    pub is_in_force: bool,
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
            if record.disabled.contains(plan) {
                standing.off.push(place);
            } else if !record.state.is_in_force() {
                standing.failed.push(place);
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
        let is_in_force = outcome.in_force().any(|record| goes(&record));
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
        Self { source, skus, is_in_force, seats_freed, lost, stranded }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::SignedDuration;
    use proptest::prelude::*;
    use roaring::RoaringBitmap;

    use super::*;
    use crate::licensing::event::{Event, EventKind};
    use crate::licensing::facts::{Facts, FamilyFacts};
    use crate::licensing::intent::{Group, GroupIndex};
    use crate::licensing::policy::LicensingPolicy;
    use crate::licensing::pool::Subscription;
    use crate::licensing::tenant::UserIds;

    struct NoIds;

    impl UserIds for NoIds {
        fn id(&self, _: UserIndex) -> &'static str {
            "ada"
        }
    }

    const ADA: UserIndex = UserIndex(3);

    /// Three products that share plans, three groups and one user. Plans `a` and `b` exclude each other,
    /// and `d` needs `c`.
    fn tenant() -> Tenant {
        let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<String>>();
        let family = FamilyFacts { name: "f".to_owned(), plans: owned(&["a", "b"]), ranks: BTreeMap::new() };
        let added_facts = Facts {
            families: vec![family],
            prerequisites: [("d".to_owned(), vec![owned(&["c"])])].into(),
            ..Facts::default()
        };
        let policy = LicensingPolicy { added_facts, ..LicensingPolicy::default() };
        let mut catalog = Catalog::new(&[], &policy);
        for (id, plans) in [("x", ["a", "c"]), ("y", ["b", "c"]), ("z", ["d", "e"])] {
            let plans: PlanSet = plans.into_iter().map(|plan| catalog.plan(plan, None)).collect();
            let sku = catalog.sku(id);
            catalog.product_mut(sku).unwrap().plans = plans;
        }
        let mut tenant = Tenant::new(catalog, policy, Country::new("NO"));
        for id in ["g0", "g1", "g2"] {
            tenant.add_group(Group::new(id, true));
        }
        tenant.set_users(&[ADA.0].into(), Arc::new(User::new(Country::new("SE"))));
        let kinds = ["x", "y", "z"].map(|sku| subscription(&tenant, sku, SubscriptionStatus::Enabled));
        apply(&mut tenant, kinds.into());
        tenant
    }

    fn subscription(tenant: &Tenant, sku: &str, status: SubscriptionStatus) -> EventKind {
        let sku = tenant.catalog().find_sku(sku).unwrap();
        EventKind::SubscriptionChanged {
            sku,
            subscription: Subscription { id: "s".to_owned(), status, total: 9 },
        }
    }

    fn apply(tenant: &mut Tenant, kinds: Vec<EventKind>) {
        let first = tenant.seen.last().map_or(1, |(sequence, _)| sequence + 1);
        let time = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(i64::try_from(first).unwrap());
        let event = |(sequence, kind): (u64, EventKind)| Event {
            id: sequence.to_string(),
            sequence,
            time,
            actor: String::new(),
            kind,
        };
        let events: Vec<Event> = (first..).zip(kinds).map(event).collect();
        tenant.apply(&events, &NoIds).unwrap();
    }

    /// A product without some of its plans, which are given as bits.
    fn license(tenant: &Tenant, sku: SkuIndex, off: u8) -> PlanSet {
        let plans = tenant.catalog().plans_of(sku);
        let off = plans.iter().enumerate().filter(|(at, _)| off >> at & 1 == 1);
        off.map(|(_, plan)| plan).collect()
    }

    fn template(tenant: &Tenant, group: u32, products: &[(u32, u8)]) -> EventKind {
        let add = products.iter().map(|(sku, off)| (SkuIndex(*sku), license(tenant, SkuIndex(*sku), *off)));
        EventKind::GroupTemplateSet { group: GroupIndex(group), add: add.collect(), remove: Vec::new() }
    }

    fn members(group: u32, is_in: bool) -> EventKind {
        let (some, none) = (RoaringBitmap::from([ADA.0]), RoaringBitmap::new());
        let (added, removed) = if is_in { (some, none) } else { (none, some) };
        EventKind::MembersChanged { group: GroupIndex(group), added, removed }
    }

    fn direct(tenant: &Tenant, sku: u32, off: u8) -> EventKind {
        let add = [(SkuIndex(sku), license(tenant, SkuIndex(sku), off))].into();
        EventKind::DirectSet { user: ADA, add, remove: Vec::new() }
    }

    fn removal_event(removal: &Removal) -> EventKind {
        match removal.source {
            Source::Direct => {
                let remove = removal.skus.iter().copied().collect();
                EventKind::DirectSet { user: ADA, add: BTreeMap::new(), remove }
            }
            Source::Group(group) => members(group.0, false),
        }
    }

    #[test]
    fn a_direct_license_that_a_group_covers_is_safe_to_remove() {
        let mut tenant = tenant();
        let kinds = vec![template(&tenant, 0, &[(0, 0)]), direct(&tenant, 0, 1), members(0, true)];
        apply(&mut tenant, kinds);
        let found = explain(&tenant, ADA).unwrap();
        assert_eq!(found.location, Location::Own(Country::new("SE").unwrap()));
        let safe: Vec<(Source, bool)> =
            found.removals.iter().map(|one| (one.source, one.is_safe())).collect();
        assert_eq!(safe, [(Source::Direct, true), (Source::Group(GroupIndex(0)), false)]);
        assert!(found.removals.iter().all(|one| one.seats_freed.is_empty() && one.is_in_force));
        let a = &found.plans[&tenant.catalog().find_plan("a").unwrap()];
        let x = SkuIndex(0);
        assert_eq!((&a.on, &a.off), (&vec![(x, Source::Group(GroupIndex(0)))], &vec![(x, Source::Direct)]));
        assert!(a.is_plainly_on() && explain(&tenant, UserIndex(0)).is_none());
    }

    #[test]
    fn what_strands_a_plan_is_not_safe() {
        let mut tenant = tenant();
        let kinds = vec![template(&tenant, 0, &[(0, 0)]), members(0, true)];
        apply(&mut tenant, kinds);
        let kinds = vec![direct(&tenant, 2, 0)];
        apply(&mut tenant, kinds);
        let found = explain(&tenant, ADA).unwrap();
        let group = &found.removals[1];
        let plan = |id| tenant.catalog().find_plan(id).unwrap();
        assert_eq!(group.stranded, [(plan("d"), [plan("c")].into_iter().collect())]);
        assert_eq!(group.seats_freed, [SkuIndex(0)].into());
        assert!(!group.is_safe());
    }

    #[test]
    fn a_suspended_product_does_not_cover_another() {
        let mut tenant = tenant();
        let kinds = vec![direct(&tenant, 0, 1), direct(&tenant, 1, 1)];
        apply(&mut tenant, kinds);
        assert_eq!(explain(&tenant, ADA).unwrap().removals.iter().filter(|one| one.is_safe()).count(), 2);
        let kinds = vec![subscription(&tenant, "y", SubscriptionStatus::Suspended)];
        apply(&mut tenant, kinds);
        let found = explain(&tenant, ADA).unwrap();
        let safe: Vec<bool> = found.removals.iter().map(Removal::is_safe).collect();
        assert_eq!(safe, [false, true], "only the suspended one can go");
        let c = &found.plans[&tenant.catalog().find_plan("c").unwrap()];
        assert_eq!(c.capability(), Some(SubscriptionStatus::Enabled));
        let b = &found.plans[&tenant.catalog().find_plan("b").unwrap()];
        assert_eq!((&b.on, b.capability()), (&Vec::new(), None));
    }

    #[test]
    fn plans_that_can_come_back_are_suspended() {
        let mut tenant = tenant();
        let kinds = vec![template(&tenant, 0, &[(0, 0)]), members(0, true)];
        apply(&mut tenant, kinds);
        apply(&mut tenant, vec![members(0, false)]);
        let found = explain(&tenant, ADA).unwrap();
        assert!(found.removals.is_empty() && found.plans.len() == 2);
        assert!(found.plans.values().all(|plan| plan.capability() == Some(SubscriptionStatus::Suspended)));
    }

    proptest! {
        #[test]
        fn what_is_safe_can_go_without_a_loss(
            templates in prop::collection::vec(prop::collection::vec((0_u32..3, 0_u8..4), 1..3), 3),
            joined in prop::collection::vec(0_u32..3, 0..4),
            directs in prop::collection::vec((0_u32..3, 0_u8..4), 0..3),
        ) {
            let mut tenant = tenant();
            let kinds = (0..).zip(&templates).map(|(group, products)| template(&tenant, group, products));
            let kinds: Vec<EventKind> = kinds.collect();
            apply(&mut tenant, kinds);
            for (sku, off) in directs {
                let kind = direct(&tenant, sku, off);
                apply(&mut tenant, vec![kind]);
            }
            for group in joined {
                apply(&mut tenant, vec![members(group, true)]);
            }
            let found = explain(&tenant, ADA).unwrap();
            let before = found.outcome.enabled(tenant.catalog());
            let on: PlanSet =
                found.plans.iter().filter(|(_, plan)| !plan.on.is_empty()).map(|(plan, _)| *plan).collect();
            prop_assert_eq!(&on, &before);
            for removal in &found.removals {
                let mut later = tenant.clone();
                apply(&mut later, vec![removal_event(removal)]);
                let outcome = later.outcome(ADA).unwrap();
                let lost = before.minus(&outcome.enabled(later.catalog()));
                prop_assert!(lost.is_subset(&removal.lost), "{:?} loses {:?}", removal, lost);
                let is_blocked = outcome.records.iter().any(|record| record.pending_removal);
                prop_assert!(!removal.is_safe() || lost.is_empty());
                prop_assert!(!removal.is_safe() || !is_blocked || found.outcome.records.iter().any(|one| one.pending_removal));
            }
        }
    }
}
