//! Who is to have which product, whatever became of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::catalog::SkuIndex;
use super::intent::User;
use super::tenant::Tenant;

/// What all sources together ask for. Deleted users ask for nothing.
#[derive(Debug, Default)]
pub(super) struct Demand {
    /// By product, the users who are to have it from any source.
    pub(super) wanted: BTreeMap<SkuIndex, RoaringBitmap>,
    /// By product, the users who are to have it as a direct license.
    pub(super) direct: BTreeMap<SkuIndex, RoaringBitmap>,
    /// Users who were deleted.
    pub(super) deleted: RoaringBitmap,
}

impl Demand {
    /// Adds up the templates and the direct licenses of a tenant; `classes` are its users.
    pub(super) fn of(tenant: &Tenant, classes: &[(Arc<User>, RoaringBitmap)]) -> Self {
        let mut demand = Self::default();
        for (user, users) in classes {
            if user.deleted_at.is_some() {
                demand.deleted |= users;
                continue;
            }
            for sku in user.direct.keys() {
                *demand.direct.entry(*sku).or_default() |= users;
            }
        }
        demand.wanted = demand.direct.clone();
        for group in tenant.groups().filter_map(|group| tenant.group(group)) {
            for sku in group.template.keys() {
                *demand.wanted.entry(*sku).or_default() |= &group.members - &demand.deleted;
            }
        }
        demand
    }

    /// The users who are to have a product.
    pub(super) fn of_product(&self, sku: SkuIndex) -> RoaringBitmap {
        self.wanted.get(&sku).cloned().unwrap_or_default()
    }
}
