//! Ids in the place of indices, and back.

use std::borrow::Cow;

use super::CodecError;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::GroupIndex;
use crate::licensing::outcome::Source;
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::tenant::Tenant;

/// An id as it stands in a text.
pub(super) type Id<'t> = Cow<'t, str>;

/// Knows the ids of a tenant's products, plans and groups. What the tenant does not have gets an empty id,
/// which is refused when it is read.
#[derive(Clone, Copy)]
pub(super) struct Names<'t>(pub(super) &'t Tenant);

impl<'t> Names<'t> {
    pub(super) fn sku(self, sku: SkuIndex) -> Id<'t> {
        self.0
            .catalog()
            .product(sku)
            .map(|product| Cow::Borrowed(product.sku_id.as_str()))
            .unwrap_or_default()
    }

    pub(super) fn plan(self, plan: PlanIndex) -> Id<'t> {
        self.0.catalog().plan_at(plan).map(|plan| Cow::Borrowed(plan.id.as_str())).unwrap_or_default()
    }

    /// Sorted.
    pub(super) fn plans(self, plans: &PlanSet) -> Vec<Id<'t>> {
        let mut ids: Vec<Id<'t>> = plans.iter().map(|plan| self.plan(plan)).collect();
        ids.sort_unstable();
        ids
    }

    pub(super) fn group(self, group: GroupIndex) -> Id<'t> {
        self.0.group(group).map(|group| Cow::Borrowed(group.id.as_str())).unwrap_or_default()
    }

    /// The group; `None` if there is none in between.
    pub(super) fn source(self, source: Source) -> Option<Id<'t>> {
        match source {
            Source::Direct => None,
            Source::Group(group) => Some(self.group(group)),
        }
    }
}

/// Finds the places of ids in a tenant, where products and plans that it did not know get new ones.
pub(super) struct Places<'t> {
    pub(super) tenant: &'t mut Tenant,
    /// What is being read.
    pub(super) of: &'static str,
}

impl Places<'_> {
    pub(super) fn sku(&mut self, id: &str) -> Result<SkuIndex, CodecError> {
        let id = self.some(id)?;
        Ok(self.tenant.sku(id))
    }

    pub(super) fn plan(&mut self, id: &str) -> Result<PlanIndex, CodecError> {
        self.named_plan(id, None)
    }

    pub(super) fn named_plan(&mut self, id: &str, name: Option<&str>) -> Result<PlanIndex, CodecError> {
        let id = self.some(id)?;
        Ok(self.tenant.plan(id, name))
    }

    pub(super) fn plans(&mut self, ids: &[Id<'_>]) -> Result<PlanSet, CodecError> {
        ids.iter().map(|id| self.plan(id)).collect()
    }

    pub(super) fn group(&self, id: &str) -> Result<GroupIndex, CodecError> {
        let found = self.tenant.find_group(self.some(id)?);
        found.ok_or_else(|| self.error(&format!("there is no group `{id}`")))
    }

    pub(super) fn source(&self, group: Option<&str>) -> Result<Source, CodecError> {
        group.map_or(Ok(Source::Direct), |group| self.group(group).map(Source::Group))
    }

    pub(super) fn error(&self, reason: &str) -> CodecError {
        CodecError::new(self.of, reason)
    }

    /// Two things are told of one.
    pub(super) fn twice(&self, id: &str) -> CodecError {
        self.error(&format!("`{id}` is in a list twice"))
    }

    /// The id, if it is one.
    pub(super) fn some<'id>(&self, id: &'id str) -> Result<&'id str, CodecError> {
        if id.is_empty() { Err(self.error("an id is empty")) } else { Ok(id) }
    }
}
