//! The products of the tenant: what was bought, and what changed about it since the last run.

use std::collections::BTreeSet;

use super::events::{Events, Turn};
use crate::directory::sku::Sku;
use crate::licensing::catalog::{Catalog, Product, SkuIndex};
use crate::licensing::event::EventKind;
use crate::licensing::plan_set::PlanIndex;
use crate::licensing::pool::{Subscription, SubscriptionStatus};
use crate::licensing::tenant::Tenant;

/// Enters products that the tenant did not have before, with their plans and without seats: nobody has them
/// yet. `now` is the catalog of today.
pub(super) fn enter_new(tenant: &mut Tenant, now: &Catalog) {
    for product in products(now) {
        let sku = tenant.sku(&product.sku_id);
        let plans: Vec<PlanIndex> = product
            .plans
            .iter()
            .filter_map(|plan| now.plan_at(plan))
            .map(|plan| tenant.plan(&plan.id, plan.name.as_deref()))
            .collect();
        tenant.change_product(sku, |known| {
            if known.subscriptions.is_empty() && known.plans.is_empty() {
                known.plans = plans.into_iter().collect();
            }
            known.part_number.clone_from(&product.part_number);
            known.is_assignable = product.is_assignable;
            known.overallocation = product.overallocation;
        });
    }
}

/// What was bought or given up, and plans that came to products or left them. `skus` are those of today; an
/// empty list tells nothing.
pub(super) fn changes(tenant: &mut Tenant, skus: &[Sku], events: &mut Events) {
    if skus.is_empty() {
        return;
    }
    let policy = tenant.policy().clone();
    // The order of the file must not show anywhere.
    let mut skus = skus.to_vec();
    skus.sort_by_cached_key(|sku| sku.sku_id.to_ascii_lowercase());
    for sku in &mut skus {
        sku.service_plans.sort_by_cached_key(|plan| plan.service_plan_id.to_ascii_lowercase());
    }
    let now = Catalog::new(&skus, &policy);
    enter_new(tenant, &now);
    let listed: BTreeSet<SkuIndex> = products(&now).map(|product| tenant.sku(&product.sku_id)).collect();
    for product in products(&now) {
        let sku = tenant.sku(&product.sku_id);
        let plans: BTreeSet<PlanIndex> = product
            .plans
            .iter()
            .filter_map(|plan| now.plan_at(plan))
            .map(|plan| tenant.plan(&plan.id, plan.name.as_deref()))
            .collect();
        let Some(known) = tenant.catalog().product(sku).cloned() else { continue };
        let before: BTreeSet<PlanIndex> = known.plans.iter().collect();
        let add: Vec<PlanIndex> = plans.difference(&before).copied().collect();
        let remove: Vec<PlanIndex> = before.difference(&plans).copied().collect();
        if !add.is_empty() || !remove.is_empty() {
            let id = format!("product:{}", known.sku_id);
            events.push(Turn::Catalog, id, EventKind::CatalogChanged { sku, add, remove });
        }
        subscriptions(sku, &known, &product.subscriptions, events);
    }
    for sku in tenant.catalog().skus().filter(|sku| !listed.contains(sku)) {
        if let Some(product) = tenant.catalog().product(sku) {
            subscriptions(sku, product, &[], events);
        }
    }
}

fn products(catalog: &Catalog) -> impl Iterator<Item = &Product> {
    let listed = catalog.skus().filter_map(|sku| catalog.product(sku));
    listed.filter(|product| !product.subscriptions.is_empty())
}

/// Subscriptions that differ; one that is not listed any more is gone.
fn subscriptions(sku: SkuIndex, before: &Product, now: &[Subscription], events: &mut Events) {
    let gone = |known: &Subscription| {
        let is_gone = now.iter().all(|one| one.id != known.id);
        (is_gone && known.status != SubscriptionStatus::Deleted).then(|| Subscription {
            status: SubscriptionStatus::Deleted,
            total: 0,
            ..known.clone()
        })
    };
    let new = now.iter().filter(|one| !before.subscriptions.contains(one)).cloned();
    for subscription in new.chain(before.subscriptions.iter().filter_map(gone)) {
        let id = format!("subscription:{}", subscription.id);
        events.push(Turn::Catalog, id, EventKind::SubscriptionChanged { sku, subscription });
    }
}
