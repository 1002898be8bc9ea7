//! A model as the files of a tenant folder.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::model::{Group, Model, User};
use super::outputs::UserState;
use super::products::Version;
use crate::runner::lines;

/// The folder of the tenant.
pub(super) const TENANT: &str = "tenant";

/// When assignments that are there before the first run last changed.
const HELD_SINCE: &str = "2025-12-01T00:00:00Z";

impl Model {
    /// The files by name; `is_reversed` puts whatever has no order of its own the other way round.
    pub(super) fn files(&self, is_reversed: bool) -> BTreeMap<&'static str, String> {
        let order = Order(is_reversed);
        let users = self.users.iter().filter(|(_, user)| !user.is_deleted);
        let users = users.map(|(id, user)| self.user_object(id, user, order));
        let devices = self.devices.iter().map(|id| json!({ "id": id, "displayName": id }));
        let groups = self.groups.iter().map(|(id, group)| self.group_object(id, group, order));
        let is_there = |member: &&String| self.users.get(*member).is_none_or(|user| !user.is_deleted);
        let members = self.groups.iter().flat_map(|(group, it)| {
            it.members.iter().filter(is_there).map(move |id| json!({ "groupId": group, "memberId": id }))
        });
        let organization = json!({ "value": [{ "id": "org", "countryLetterCode": self.country }] });
        BTreeMap::from([
            // A file without a line is refused: it may have been cut off.
            if self.users.is_empty() {
                ("users.json", "[]".to_owned())
            } else {
                ("users.ndjson", lines(order.of(users)))
            },
            ("devices.json", json!(order.of(devices)).to_string()),
            ("groups.json", json!(order.of(groups)).to_string()),
            ("members.json", json!(order.of(members)).to_string()),
            ("subscribedSkus.json", json!(order.of(self.products(order))).to_string()),
            ("organization.json", organization.to_string()),
            ("policy.toml", self.policy.clone()),
        ])
    }

    /// The users that differ from those of `before`, as Graph tells of changes.
    pub(super) fn changes_since(&self, before: &Self) -> String {
        let order = Order(false);
        let mut lines = Vec::new();
        for (id, user) in &self.users {
            let object = |model: &Self| {
                let user = model.users.get(id).filter(|user| !user.is_deleted)?;
                Some(model.user_object(id, user, order))
            };
            let (old, new) = (object(before), object(self));
            match new {
                None if old.is_some() => {
                    lines.push(json!({ "id": id, "@removed": { "reason": "deleted" } }));
                }
                Some(mut new) if old.as_ref() != Some(&new) => {
                    // What is not named stays.
                    new["addressConflict"] = json!(user.is_address_taken);
                    lines.push(new);
                }
                _ => {}
            }
        }
        json!(lines).to_string()
    }

    /// What users are told to hold, as it would have been told by a run before.
    pub(super) fn held(&self) -> BTreeMap<String, UserState> {
        let is_holder = |user: &User| user.held.is_some() || !user.direct.is_empty();
        let holders = self.users.iter().filter(|(_, user)| is_holder(user) && !user.is_deleted);
        let state = |(id, user): (&String, &User)| {
            let object = json!({
                "userId": id,
                "licenseAssignmentStates": self.states(user, Order(false)),
                "assignedLicenses": [],
                "plans": [],
            });
            (id.clone(), serde_json::from_value(object).unwrap())
        };
        holders.map(state).collect()
    }

    fn states(&self, user: &User, order: Order) -> Vec<Value> {
        let state = |group: Option<&str>, product: &str, disabled, [state, error]: [&str; 2]| {
            json!({
                "skuId": self.products.named(product).id,
                "disabledPlans": order.of(disabled),
                "assignedByGroup": group,
                "state": state,
                "error": error,
                "lastUpdatedDateTime": HELD_SINCE,
            })
        };
        let direct = user.direct.iter().map(|(product, off)| state(None, product, off, ["Active", "None"]));
        let held = user.held.iter().flatten();
        let held = held.map(|it| state(Some(&it.group), &it.product, &it.disabled, [&it.state, &it.error]));
        order.of(direct.chain(held))
    }

    fn user_object(&self, id: &str, user: &User, order: Order) -> Value {
        let mut object = json!({
            "id": id,
            "usageLocation": user.location,
            "accountEnabled": true,
            "assignedLicenses": self.licenses(&user.direct, order),
        });
        let plans: BTreeSet<&String> = user
            .direct
            .iter()
            .flat_map(|(product, off)| {
                self.products.named(product).plans.values().filter(|plan| !off.contains(*plan))
            })
            .collect();
        let assigned = |plan| json!({ "servicePlanId": plan, "capabilityStatus": "Enabled" });
        object["assignedPlans"] = json!(order.of(plans.into_iter().map(assigned)));
        if user.held.is_some() {
            object["licenseAssignmentStates"] = json!(self.states(user, order));
        }
        if user.is_address_taken {
            object["addressConflict"] = json!(true);
        }
        for (name, value) in &user.attributes {
            object[name] = json!(value);
        }
        object
    }

    fn group_object(&self, id: &str, group: &Group, order: Order) -> Value {
        let kind = match &group.rule {
            Some(_) => vec!["DynamicMembership"],
            None if group.is_unified => vec!["Unified"],
            None => Vec::new(),
        };
        let mut object = json!({
            "id": id,
            "displayName": id,
            "groupTypes": kind,
            "securityEnabled": !group.is_ineligible,
            "mailEnabled": group.is_ineligible || group.is_unified,
            "assignedLicenses": self.licenses(&group.template, order),
        });
        if let Some(rule) = &group.rule {
            object["membershipRule"] = json!(rule);
            object["membershipRuleProcessingState"] = json!("On");
        }
        object
    }

    fn licenses(&self, version: &Version, order: Order) -> Vec<Value> {
        order.of(version.iter().map(|(product, disabled)| {
            json!({ "skuId": self.products.named(product).id, "disabledPlans": order.of(disabled) })
        }))
    }

    /// The products with a subscription.
    fn products(&self, order: Order) -> Vec<Value> {
        let mut found = Vec::new();
        for (name, subscriptions) in self.subscriptions.iter().filter(|(_, all)| !all.is_empty()) {
            let product = self.products.named(name);
            let units = |status: &str| -> u64 {
                subscriptions.values().filter(|(own, _)| own == status).map(|(_, total)| total).sum()
            };
            let plan = |(name, id): (&String, &String)| {
                json!({
                    "servicePlanId": id,
                    "servicePlanName": name,
                    "appliesTo": "User",
                    "provisioningStatus": "Success",
                })
            };
            found.push(json!({
                "skuId": product.id,
                "skuPartNumber": product.part_number,
                "appliesTo": "User",
                "prepaidUnits": {
                    "enabled": units("Enabled"),
                    "warning": units("Warning"),
                    "suspended": units("Suspended"),
                    "lockedOut": units("LockedOut"),
                },
                // What is in use follows from the licenses.
                "consumedUnits": 0,
                "servicePlans": order.of(product.plans.iter().map(plan)),
            }));
        }
        found
    }
}

/// Whether lists are turned round.
#[derive(Clone, Copy)]
struct Order(bool);

impl Order {
    fn of<T>(self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        let mut items: Vec<T> = items.into_iter().collect();
        if self.0 {
            items.reverse();
        }
        items
    }
}
