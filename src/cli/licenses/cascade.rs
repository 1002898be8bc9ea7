//! Rules that look at the service plans of users, which licenses of groups change in turn: members and licenses
//! are worked out until neither changes the other any more.

use std::collections::BTreeMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::People;
use crate::directory::columns::{Column, Columns};
use crate::directory::object::{AssignedPlan, Object, Value};
use crate::directory::row_object::items;
use crate::language::attribute::{Attribute, Attributes, PlanField, Subject};
use crate::licensing::catalog::Catalog;
use crate::licensing::outcome::{AssignmentState, Outcome};
use crate::licensing::plan_set::PlanSet;
use crate::licensing::tenant::Tenant;
use crate::membership::recompute::Plan;
use crate::membership::roster::{Ordinal, Roster};

/// The attribute that holds the plans of a user.
const ASSIGNED_PLANS: &str = "assignedPlans";

/// How many times members and licenses are worked out before they count as going round in a circle.
pub(in crate::cli) const ROUNDS_MAX: usize = crate::base::limits::LICENSE_ROUNDS_MAX;

/// What the plans of users are, beside what their file says: sets of plans that came and that went, by id, with
/// the users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Overlay(BTreeMap<(Vec<String>, Vec<String>), RoaringBitmap>);

/// Whether a rule looks at the plans of users.
pub(in crate::cli) fn reads_plans(plan: &Plan) -> bool {
    plan.rule().is_some_and(|rule| {
        rule.subject == Subject::User
            && rule.attributes_read().iter().any(|attribute| *attribute.name == *ASSIGNED_PLANS)
    })
}

impl Overlay {
    /// What the licenses of a tenant give or take, against those that users are told to hold. `users` are those
    /// who exist.
    pub(in crate::cli) fn of(tenant: &Tenant, filed: &People, users: &RoaringBitmap) -> Self {
        let mut overlay = Self::default();
        let catalog = tenant.catalog();
        let by_file: Vec<(&RoaringBitmap, PlanSet)> =
            filed.licenses().map(|(users, licenses)| (users, plans_of_file(catalog, licenses))).collect();
        let mut without = users.clone();
        for (outcome, holders) in tenant.outcome_classes() {
            let holders = holders & users;
            without -= &holders;
            overlay.add_all(catalog, &outcome, &holders, &by_file);
        }
        overlay.add_all(catalog, &Outcome::default(), &without, &by_file);
        overlay
    }

    fn add_all(
        &mut self,
        catalog: &Catalog,
        outcome: &Outcome,
        holders: &RoaringBitmap,
        by_file: &[(&RoaringBitmap, PlanSet)],
    ) {
        let now = outcome.enabled(catalog);
        for (users, before) in by_file {
            let both = *users & holders;
            if both.is_empty() {
                continue;
            }
            let ids = |plans: PlanSet| -> Vec<String> {
                let mut ids: Vec<String> =
                    plans.iter().filter_map(|plan| Some(catalog.plan_at(plan)?.id.clone())).collect();
                ids.sort_unstable();
                ids
            };
            let key = (ids(now.minus(before)), ids(before.minus(&now)));
            if !key.0.is_empty() || !key.1.is_empty() {
                *self.0.entry(key).or_default() |= both;
            }
        }
    }

    /// Whether plans are as the file says.
    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Users whose plans differ between two of them.
    pub(in crate::cli) fn differing(&self, other: &Self) -> RoaringBitmap {
        let mut users = RoaringBitmap::new();
        for (one, two) in [(self, other), (other, self)] {
            for (key, of_one) in &one.0 {
                match two.0.get(key) {
                    Some(of_two) => users |= of_one - of_two,
                    None => users |= of_one,
                }
            }
        }
        users
    }

    /// The users with their plans as they are now.
    pub(in crate::cli) fn over(&self, columns: &Columns, roster: &Roster) -> Columns {
        let Some(attribute) = plans_attribute() else { return columns.clone() };
        let mut changes: BTreeMap<Ordinal, &(Vec<String>, Vec<String>)> = BTreeMap::new();
        for (key, users) in &self.0 {
            changes.extend(users.iter().map(|user| (user, key)));
        }
        let services = services(columns);
        let objects: Vec<Object> = (0..columns.rows())
            .map(|row| {
                let mut plans = plans_of_row(columns, row);
                let ordinal =
                    u32::try_from(row).ok().and_then(|row| roster.ordinal_of_row(Subject::User, row));
                if let Some((on, off)) = ordinal.and_then(|ordinal| changes.get(&ordinal)).copied() {
                    apply(&mut plans, on, off, &services);
                }
                Object::new("").with(ASSIGNED_PLANS, Value::Plans(plans))
            })
            .collect();
        let Columns { columns: mut made, originals, .. } = Columns::of_objects(&objects, [&attribute]);
        let mut over = columns.clone();
        over.columns.append(&mut made);
        let kept = originals.into_iter().filter(|(name, _)| columns.originals.contains_key(name));
        over.originals.extend(kept.collect::<Vec<_>>());
        over
    }
}

fn plans_attribute() -> Option<Arc<Attribute>> {
    Attributes::standard().find(Subject::User, ASSIGNED_PLANS)
}

/// What licenses give that a user is told to hold.
fn plans_of_file(catalog: &Catalog, licenses: &[crate::directory::user_licenses::UserLicense]) -> PlanSet {
    let mut plans = PlanSet::default();
    for license in
        licenses.iter().filter(|license| super::import::state_of(license) != AssignmentState::Error)
    {
        let Some(sku) = catalog.find_sku(&license.sku_id) else { continue };
        let disabled: PlanSet =
            license.disabled_plans.iter().filter_map(|id| catalog.find_plan(id)).collect();
        plans.extend_with(&catalog.plans_of(sku).minus(&disabled));
    }
    plans
}

fn apply(plans: &mut Vec<AssignedPlan>, on: &[String], off: &[String], services: &BTreeMap<String, String>) {
    let mut set = |id: &String, status: &str, add: bool| {
        let is_it = |plan: &&mut AssignedPlan| {
            plan.service_plan_id.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(id))
        };
        let mut found = false;
        for plan in plans.iter_mut().filter(is_it) {
            plan.capability_status = Some(status.to_owned());
            found = true;
        }
        if !found && add {
            plans.push(AssignedPlan {
                service: services.get(id).cloned(),
                service_plan_id: Some(id.clone()),
                capability_status: Some(status.to_owned()),
            });
        }
    };
    on.iter().for_each(|id| set(id, "Enabled", true));
    // Data stays for a while: the service suspends plans before it deletes them.
    off.iter().for_each(|id| set(id, "Suspended", false));
}

fn plans_of_row(columns: &Columns, row: usize) -> Vec<AssignedPlan> {
    let Some(Column::Plans(table)) = columns.columns.get(ASSIGNED_PLANS) else { return Vec::new() };
    let field = |field: PlanField, item: usize| {
        let written = columns.originals.get(&*format!("{ASSIGNED_PLANS}.{}", field.word()));
        let texts = written.unwrap_or(crate::directory::columns::PlanColumns::of(&table.items, field));
        texts.get(item).map(str::to_owned)
    };
    items(table, row)
        .map(|item| AssignedPlan {
            service: field(PlanField::Service, item),
            service_plan_id: field(PlanField::ServicePlanId, item),
            capability_status: field(PlanField::CapabilityStatus, item),
        })
        .collect()
}

/// The service of each plan, as users who have it tell.
fn services(columns: &Columns) -> BTreeMap<String, String> {
    let Some(Column::Plans(table)) = columns.columns.get(ASSIGNED_PLANS) else { return BTreeMap::new() };
    let mut services = BTreeMap::new();
    let count = table.items.service_plan_id.len();
    for item in 0..count {
        if let (Some(id), Some(service)) =
            (table.items.service_plan_id.get(item), table.items.service.get(item))
        {
            services.entry(id.to_ascii_lowercase()).or_insert_with(|| service.to_owned());
        }
    }
    services
}
