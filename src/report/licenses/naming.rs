//! What products, plans and sources are called: ids for machines, names for people.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::licensing::audit::Target;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::{GroupIndex, UserIndex, Version};
use crate::licensing::outcome::Source;
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::tenant::{Tenant, UserIds};

/// Names that people know. What has none goes by its short name, and without that by its id.
pub trait ProductNaming: Sync {
    /// The name of a product, by its id in lower case.
    fn product(&self, sku_id: &str) -> Option<&str>;

    /// The name of a service plan, by its id in lower case.
    fn plan(&self, plan_id: &str) -> Option<&str>;

    /// The display name of a group, by its id as the tenant has it.
    fn group(&self, group_id: &str) -> Option<&str> {
        let _ = group_id;
        None
    }
}

/// No names at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoNames;

impl ProductNaming for NoNames {
    fn product(&self, _: &str) -> Option<&str> {
        None
    }

    fn plan(&self, _: &str) -> Option<&str> {
        None
    }
}

/// Where an assignment comes from, as the files have it: `"direct"` or `{"groupId":…}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum SourceObject {
    #[serde(rename = "direct")]
    Direct,
    #[serde(rename = "groupId")]
    Group(String),
}

impl SourceObject {
    /// The group's id; nothing if the license is direct.
    pub(super) fn group_id(&self) -> Option<&str> {
        match self {
            Self::Direct => None,
            Self::Group(id) => Some(id),
        }
    }
}

/// What things of one tenant are called.
#[derive(Clone, Copy)]
pub(in crate::report) struct Words<'a> {
    pub(in crate::report) tenant: &'a Tenant,
    pub(in crate::report) names: &'a dyn ProductNaming,
}

impl<'a> Words<'a> {
    pub(in crate::report) fn sku_id(&self, sku: SkuIndex) -> &'a str {
        self.tenant.catalog().product(sku).map_or("", |product| &product.sku_id)
    }

    pub(in crate::report) fn part_number(&self, sku: SkuIndex) -> Option<&'a str> {
        self.tenant.catalog().product(sku)?.part_number.as_deref()
    }

    pub(in crate::report) fn plan_id(&self, plan: PlanIndex) -> &'a str {
        self.tenant.catalog().plan_at(plan).map_or("", |plan| &plan.id)
    }

    /// The ids of plans, sorted.
    pub(in crate::report) fn plan_ids(&self, plans: &PlanSet) -> Vec<&'a str> {
        let mut ids: Vec<&str> = plans.iter().map(|plan| self.plan_id(plan)).collect();
        ids.sort_unstable();
        ids
    }

    pub(in crate::report) fn group_id(&self, group: GroupIndex) -> &'a str {
        self.tenant.group(group).map_or("", |group| &group.id)
    }

    pub(super) fn source(&self, source: Source) -> SourceObject {
        match source {
            Source::Direct => SourceObject::Direct,
            Source::Group(group) => SourceObject::Group(self.group_id(group).to_owned()),
        }
    }

    /// What decides the place of an assignment among those of a user: the product's id, then the source's,
    /// direct ones first.
    pub(super) fn order(&self, sku: SkuIndex, source: Source) -> (&'a str, Option<&'a str>) {
        let group = match source {
            Source::Direct => None,
            Source::Group(group) => Some(self.group_id(group)),
        };
        (self.sku_id(sku), group)
    }

    /// Whom or what an event of the audit is about.
    /// Of several users the first one stands for all.
    pub(super) fn target(&self, ids: &dyn UserIds, target: &Target) -> Value {
        match target {
            Target::Group(group) => json!({ "groupId": self.group_id(*group) }),
            Target::Users(users) => json!({ "userId": users.min().map(|user| ids.id(UserIndex(user))) }),
            Target::Product(sku) => {
                json!({ "skuId": self.sku_id(*sku), "skuPartNumber": self.part_number(*sku) })
            }
        }
    }

    /// A product for people.
    pub(in crate::report) fn product(&self, sku: SkuIndex) -> &'a str {
        let id = self.sku_id(sku);
        self.names.product(id).or_else(|| self.part_number(sku)).unwrap_or(id)
    }

    /// A plan for people.
    pub(in crate::report) fn plan(&self, plan: PlanIndex) -> &'a str {
        let id = self.plan_id(plan);
        let short = || self.tenant.catalog().plan_at(plan)?.name.as_deref();
        self.names.plan(id).or_else(short).unwrap_or(id)
    }

    /// A group for people.
    pub(in crate::report) fn group(&self, group: GroupIndex) -> &'a str {
        let id = self.group_id(group);
        self.names.group(id).unwrap_or(id)
    }

    /// A product as `Name` with its id behind it.
    pub(super) fn exact_product(&self, sku: SkuIndex) -> String {
        exact(self.product(sku), self.sku_id(sku))
    }

    /// A plan as `Name` with its id behind it.
    pub(in crate::report) fn exact_plan(&self, plan: PlanIndex) -> String {
        exact(self.plan(plan), self.plan_id(plan))
    }

    /// A source within a sentence.
    pub(super) fn source_words(&self, source: Source) -> String {
        match source {
            Source::Direct => "a direct license".to_owned(),
            Source::Group(group) => format!("group `{}`", self.group(group)),
        }
    }

    /// A plan as an object: its id, its short name and the name for people.
    pub(in crate::report) fn plan_object(&self, plan: PlanIndex) -> Value {
        let id = self.plan_id(plan);
        let name = self.tenant.catalog().plan_at(plan).and_then(|plan| plan.name.as_deref());
        json!({ "id": id, "name": name, "displayName": self.names.plan(id) })
    }

    /// Plans as objects, sorted by id.
    pub(in crate::report) fn plan_objects(&self, plans: &PlanSet) -> Vec<Value> {
        let mut plans: Vec<PlanIndex> = plans.iter().collect();
        plans.sort_by_key(|plan| self.plan_id(*plan));
        plans.into_iter().map(|plan| self.plan_object(plan)).collect()
    }

    /// `assignedLicenses` of Graph, sorted by product.
    pub(super) fn version(&self, version: &Version) -> Vec<Value> {
        let mut products: Vec<(&str, &PlanSet)> =
            version.iter().map(|(sku, disabled)| (self.sku_id(*sku), disabled)).collect();
        products.sort_unstable_by_key(|(id, _)| *id);
        let entry = |(id, disabled): (&str, &PlanSet)| json!({ "skuId": id, "disabledPlans": self.plan_ids(disabled) });
        products.into_iter().map(entry).collect()
    }
}

/// A name in backticks with the id behind it, unless the id is all there is.
fn exact(name: &str, id: &str) -> String {
    if name == id { format!("`{id}`") } else { format!("`{name}` ({id})") }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Names, World};
    use super::*;

    #[test]
    fn names_for_people_come_before_short_names_and_ids() {
        let mut world = World::new();
        let (e3, unknown) = (world.sku("sku-e3"), world.tenant.sku("SKU-X"));
        let plan = world.tenant.catalog().find_plan("exo2").unwrap();
        let words = Words { tenant: &world.tenant, names: &Names };
        assert_eq!((words.product(e3), words.plan(plan)), ("Office 365 E3", "EXCHANGE_S_ENTERPRISE"));
        assert_eq!(words.exact_product(e3), "`Office 365 E3` (sku-e3)");
        assert_eq!(words.exact_product(unknown), "`sku-x`");
        let words = Words { tenant: &world.tenant, names: &NoNames };
        assert_eq!((words.product(e3), words.product(unknown)), ("ENTERPRISEPACK", "sku-x"));
        assert_eq!(words.part_number(unknown), None);
    }

    #[test]
    fn sources_read_back() {
        for (source, text) in [
            (SourceObject::Direct, "\"direct\""),
            (SourceObject::Group("g\"".to_owned()), r#"{"groupId":"g\""}"#),
        ] {
            assert_eq!(serde_json::to_string(&source).unwrap(), text);
            assert_eq!(serde_json::from_str::<SourceObject>(text).unwrap(), source);
        }
    }
}
