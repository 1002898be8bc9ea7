//! What a batch takes from users and gives them, before it is taken over: for what-if reports and guards.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::batch::Batch;
use super::catalog::{Catalog, SkuIndex};
use super::change::OutcomeChange;
use super::plan_set::{PlanIndex, PlanSet};
use super::tenant::Tenant;

/// What users lose and gain with a batch. Users who are deleted in it lose what they had.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// Products that someone loses or gains, by their places in the catalog.
    pub products: Vec<ProductTurnover>,
    /// Plans with data that someone does not have any more from any source, by their places in the catalog.
    pub plans: Vec<PlanLoss>,
    /// Kinds of data that someone has no plan for any more, by name.
    pub data: Vec<DataLoss>,
    /// Products of which seats are missing after the batch, by their places in the catalog.
    pub short: Vec<SeatShortage>,
}

/// Who comes to a product and who loses it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProductTurnover {
    /// The product.
    pub sku: SkuIndex,
    /// Users who give up their seat, by ordinal.
    pub lost: RoaringBitmap,
    /// Users who take a seat, by ordinal.
    pub gained: RoaringBitmap,
}

/// Who loses one plan with data.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanLoss {
    /// The plan.
    pub plan: PlanIndex,
    /// The users, by ordinal. One that has another plan of the same kind keeps the data.
    pub users: RoaringBitmap,
}

/// Who loses the last plan of a kind of data.
#[derive(Clone, Debug, PartialEq)]
pub struct DataLoss {
    /// The name of the kind, such as `mailbox`.
    pub kind: String,
    /// The users, by ordinal.
    pub users: RoaringBitmap,
}

/// Seats of a product that are missing for all who are to have it, where that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatShortage {
    /// The product.
    pub sku: SkuIndex,
    /// So many were missing before.
    pub before: u64,
    /// So many are missing now.
    pub after: u64,
}

/// Adds up what a batch does. `before` is the tenant that it was worked out from, `after` the same with the
/// batch taken over.
pub fn losses(batch: &Batch, before: &Tenant, after: &Tenant) -> Losses {
    let catalog = after.catalog();
    let mut ledger = Ledger::default();
    for (change, users) in by_change(batch) {
        ledger.enter(catalog, change, &users);
    }
    Losses {
        products: ledger.products.into_values().collect(),
        plans: ledger.plans.into_iter().map(|(plan, users)| PlanLoss { plan, users }).collect(),
        data: ledger.data.into_iter().map(|(kind, users)| DataLoss { kind, users }).collect(),
        short: shortages(before, after),
    }
}

/// Users with one change share it.
fn by_change(batch: &Batch) -> Vec<(&OutcomeChange, RoaringBitmap)> {
    let mut places: HashMap<*const OutcomeChange, usize> = HashMap::new();
    let mut found: Vec<(&OutcomeChange, RoaringBitmap)> = Vec::new();
    for one in &batch.changes {
        let place = *places.entry(Arc::as_ptr(&one.change)).or_insert(found.len());
        if place == found.len() {
            found.push((&one.change, RoaringBitmap::new()));
        }
        if let Some((_, users)) = found.get_mut(place) {
            *users |= &one.users;
        }
    }
    found
}

#[derive(Default)]
struct Ledger {
    products: BTreeMap<SkuIndex, ProductTurnover>,
    plans: BTreeMap<PlanIndex, RoaringBitmap>,
    data: BTreeMap<String, RoaringBitmap>,
}

impl Ledger {
    fn enter(&mut self, catalog: &Catalog, change: &OutcomeChange, users: &RoaringBitmap) {
        for sku in &change.seats_freed {
            self.product(*sku).lost |= users;
        }
        for sku in &change.seats_taken {
            self.product(*sku).gained |= users;
        }
        let mut off = PlanSet::default();
        for record in &change.records {
            off.extend_with(&record.plans_off);
        }
        let has_data = |plan: &PlanIndex| catalog.plan_at(*plan).is_some_and(|plan| plan.is_data_bearing);
        for plan in off.iter().filter(has_data) {
            *self.plans.entry(plan).or_default() |= users;
        }
        let left = change.after.enabled(catalog);
        for kind in catalog.data_kinds() {
            if kind.plans.intersects(&off) && !kind.plans.intersects(&left) {
                *self.data.entry(kind.name.clone()).or_default() |= users;
            }
        }
    }

    fn product(&mut self, sku: SkuIndex) -> &mut ProductTurnover {
        let (lost, gained) = (RoaringBitmap::new(), RoaringBitmap::new());
        self.products.entry(sku).or_insert(ProductTurnover { sku, lost, gained })
    }
}

fn shortages(before: &Tenant, after: &Tenant) -> Vec<SeatShortage> {
    let missing = |tenant: &Tenant| -> BTreeMap<SkuIndex, u64> {
        let pools = tenant.pools().into_iter();
        pools.map(|pool| (pool.sku, pool.demand.saturating_sub(pool.capacity))).collect()
    };
    let known = missing(before);
    let now = missing(after).into_iter().filter(|(_, short)| *short > 0);
    now.map(|(sku, after)| SeatShortage { sku, before: known.get(&sku).copied().unwrap_or_default(), after })
        .filter(|short| short.before != short.after)
        .collect()
}

impl Losses {
    /// Users who lose at least one product.
    pub fn losing(&self) -> RoaringBitmap {
        self.products.iter().fold(RoaringBitmap::new(), |all, product| all | &product.lost)
    }

    /// Users who lose the last plan of at least one kind of data.
    pub fn losing_data(&self) -> RoaringBitmap {
        self.data.iter().fold(RoaringBitmap::new(), |all, data| all | &data.users)
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::EventKind;
    use super::super::samples::World;
    use super::*;

    fn told(world: &mut World, kinds: Vec<EventKind>) -> String {
        let before = world.tenant.clone();
        let batch = world.run(kinds);
        let found = losses(&batch, &before, &world.tenant);
        let sku = |sku: SkuIndex| &world.tenant.catalog().product(sku).unwrap().sku_id;
        let list = |users: &RoaringBitmap| {
            let users: Vec<String> = users.iter().map(|user| user.to_string()).collect();
            users.join(" ")
        };
        let all = format!("losing [{}], with data [{}]", list(&found.losing()), list(&found.losing_data()));
        let products = found.products.iter().map(|one| {
            format!("{}: lost [{}] gained [{}]", sku(one.sku), list(&one.lost), list(&one.gained))
        });
        let plans = found.plans.iter().map(|one| {
            let plan = &world.tenant.catalog().plan_at(one.plan).unwrap().id;
            format!("{plan} off [{}]", list(&one.users))
        });
        let data = found.data.iter().map(|one| format!("{} gone [{}]", one.kind, list(&one.users)));
        let short =
            found.short.iter().map(|one| format!("{} short {}, was {}", sku(one.sku), one.after, one.before));
        std::iter::once(all)
            .chain(products)
            .chain(plans)
            .chain(data)
            .chain(short)
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn what_another_license_keeps_is_not_lost() {
        let mut world = World::new("");
        let suite = world.group("suite", "e3", 0..4);
        let basic = world.group("basic", "e1, ems", 10..13);
        world.group("small", "e1 -exo1 -spo1", 3..4);
        world.settle();
        // One moves from suite to suite, one just leaves, one leaves with a mere rest.
        let mut kinds = vec![World::leave(suite, 0..2), World::leave(suite, 3..4)];
        kinds.push(EventKind::MembersChanged {
            group: basic,
            added: [0].into(),
            removed: RoaringBitmap::new(),
        });
        insta::assert_snapshot!(told(&mut world, kinds), @r"
        losing [0 1 3], with data [1 3]
        e1: lost [] gained [0]
        e3: lost [0 1 3] gained []
        ems: lost [] gained [0]
        exo2 off [0 1 3]
        spo2 off [0 1 3]
        files gone [1 3]
        mailbox gone [1 3]
        ");
    }

    #[test]
    fn plans_that_are_switched_off_are_losses_without_a_product() {
        let mut world = World::new("");
        let suite = world.group("suite", "e3", 0..3);
        world.direct(2..3, "e3");
        world.settle();
        let off = world.version("e3 -exo2 -teams");
        let kinds = vec![EventKind::GroupTemplateSet { group: suite, add: off, remove: Vec::new() }];
        insta::assert_snapshot!(told(&mut world, kinds), @r"
        losing [], with data [0 1]
        exo2 off [0 1]
        mailbox gone [0 1]
        ");
        let seats = world.sku("e3");
        let one = world.tenant.catalog().product(seats).unwrap().subscriptions[0].clone();
        let one = crate::licensing::pool::Subscription { total: 2, ..one };
        let kinds = vec![EventKind::SubscriptionChanged { sku: seats, subscription: one }];
        assert_eq!(told(&mut world, kinds), "losing [], with data []\ne3 short 1, was 0");
        assert_eq!(told(&mut world, vec![EventKind::Tick]), "losing [], with data []");
    }

    #[test]
    fn deleted_users_lose_what_they_had() {
        let mut world = World::new("");
        world.group("suite", "e3 -spo2", 0..2);
        world.settle();
        let kinds = vec![EventKind::UserSoftDeleted(crate::licensing::intent::UserIndex(1))];
        insta::assert_snapshot!(told(&mut world, kinds), @r"
        losing [1], with data [1]
        e3: lost [1] gained []
        exo2 off [1]
        mailbox gone [1]
        ");
    }
}
