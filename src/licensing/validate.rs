//! Whether an edit of a template or of direct licenses can be accepted.

use std::collections::BTreeMap;

use super::catalog::{Catalog, SkuIndex};
use super::event::Refusal;
use super::intent::{Group, Moment, TemplateEntry, User, Version};
use super::outcome::{AssignmentState, Outcome, Record, Source};
use super::plan_set::{PlanIndex, PlanSet};
use super::policy::{LicensingPolicy, PrereqMode, lower_of};

/// The template after an edit.
pub(super) fn template(
    catalog: &Catalog,
    mode: PrereqMode,
    group: &Group,
    add: &Version,
    remove: &[SkuIndex],
    moment: Moment,
) -> Result<BTreeMap<SkuIndex, TemplateEntry>, Refusal> {
    // What a group of the wrong kind has can still be taken off.
    if !group.is_eligible && !add.is_empty() {
        return Err(Refusal::GroupNotEligible);
    }
    products_can_be_added(catalog, add, remove)?;
    let mut template = group.template.clone();
    template.retain(|sku, _| !remove.contains(sku));
    for (sku, disabled) in add {
        let since = template.get(sku).map_or(moment, |entry| entry.since);
        template.insert(*sku, TemplateEntry { disabled: disabled.clone(), since });
    }
    while let Some((sku, plan, any_of)) = unmet(catalog, &template) {
        match mode {
            PrereqMode::Refuse => {
                return Err(Refusal::PrerequisiteMissing { plan, any_of: any_of.iter().collect() });
            }
            PrereqMode::AutoDisable => match template.get_mut(&sku) {
                Some(entry) => {
                    entry.disabled.insert(plan);
                }
                None => break,
            },
        }
    }
    Ok(template)
}

/// Products and plans are such as can be assigned.
fn products_can_be_added(catalog: &Catalog, add: &Version, remove: &[SkuIndex]) -> Result<(), Refusal> {
    for (sku, disabled) in add {
        let product = catalog.product(*sku).filter(|_| catalog.is_subscribed(*sku));
        let product = product.ok_or(Refusal::NotSubscribed(*sku))?;
        if !product.is_assignable {
            return Err(Refusal::NotAssignable(*sku));
        }
        if let Some(plan) = disabled.minus(&product.plans).iter().next() {
            return Err(Refusal::PlanNotInProduct(*sku, plan));
        }
        if remove.contains(sku) {
            return Err(Refusal::AddedAndRemoved(*sku));
        }
    }
    Ok(())
}

/// The first plan of a template whose needs are not in it.
fn unmet(
    catalog: &Catalog,
    template: &BTreeMap<SkuIndex, TemplateEntry>,
) -> Option<(SkuIndex, PlanIndex, PlanSet)> {
    let plans = |sku: SkuIndex, entry: &TemplateEntry| catalog.plans_of(sku).minus(&entry.disabled);
    let mut all = PlanSet::default();
    for (sku, entry) in template {
        all.extend_with(&plans(*sku, entry));
    }
    template.iter().find_map(|(sku, entry)| {
        let found = plans(*sku, entry);
        found.iter().find_map(|plan| Some((*sku, plan, missing(catalog, plan, &all)?)))
    })
}

/// The first set of which none of the plans is there.
fn missing(catalog: &Catalog, plan: PlanIndex, all: &PlanSet) -> Option<PlanSet> {
    catalog.plan_at(plan)?.requires.iter().find(|set| !set.intersects(all)).cloned()
}

/// An edit of a user's direct licenses.
pub(super) struct DirectEdit<'a> {
    pub(super) user: &'a User,
    pub(super) before: &'a Outcome,
    pub(super) add: &'a Version,
    pub(super) remove: &'a [SkuIndex],
    pub(super) moment: Moment,
}

impl DirectEdit<'_> {
    /// The user's licenses after the edit, if all of it can be done at once.
    ///
    /// `catalogs` are the one before the batch and the one after it.
    pub(super) fn check(
        &self,
        catalogs: [&Catalog; 2],
        policy: &LicensingPolicy,
        consumed: impl Fn(SkuIndex) -> u64,
    ) -> Result<Outcome, Refusal> {
        let [_, catalog] = catalogs;
        products_can_be_added(catalog, self.add, self.remove)?;
        for sku in self.remove {
            if !self.user.direct.contains_key(sku) {
                let is_held = self.before.records.iter().any(|record| record.sku == *sku);
                return Err(if is_held { Refusal::InheritedLicense(*sku) } else { Refusal::NotHeld(*sku) });
            }
        }
        let after = self.edited(catalog);
        for sku in self.add.keys() {
            self.check_location(catalog, &after, *sku)?;
            check_exclusive(catalog, policy, &after, *sku)?;
        }
        self.check_needs(catalogs, &after)?;
        let held = self.before.held();
        for sku in self.add.keys().filter(|sku| !held.contains(sku)) {
            if consumed(*sku) >= catalog.pool(*sku).capacity {
                return Err(Refusal::NoSeat(*sku));
            }
        }
        self.check_address(catalog, &after)?;
        Ok(after)
    }

    fn edited(&self, catalog: &Catalog) -> Outcome {
        let mut after = self.before.clone();
        after.records.retain(|record| record.source != Source::Direct || !self.remove.contains(&record.sku));
        for (sku, disabled) in self.add {
            let former = self.before.record(*sku, Source::Direct).filter(|record| record.state.is_in_force());
            let is_disabled = catalog.pool(*sku).is_disabled();
            after.put(Record {
                sku: *sku,
                source: Source::Direct,
                state: if is_disabled { AssignmentState::Disabled } else { AssignmentState::Active },
                error: None,
                problems: Vec::new(),
                disabled: disabled.clone(),
                held_back: PlanSet::default(),
                pending_removal: false,
                last_updated: former.map_or(self.moment.time, |record| record.last_updated),
                activated: former.and_then(|record| record.activated).or(Some(self.moment)),
                waiting_since: None,
                error_since: None,
            });
        }
        after
    }

    fn check_location(&self, catalog: &Catalog, after: &Outcome, sku: SkuIndex) -> Result<(), Refusal> {
        let location = self.user.location.ok_or(Refusal::LocationMissing)?;
        let plans =
            after.record(sku, Source::Direct).map(|record| record.enabled(catalog)).unwrap_or_default();
        let prohibited = |plan: &PlanIndex| {
            catalog.plan_at(*plan).is_some_and(|plan| plan.prohibited_in.contains(&location))
        };
        match plans.iter().find(prohibited) {
            Some(plan) => Err(Refusal::Prohibited(plan, location)),
            None => Ok(()),
        }
    }

    /// No plan lacks what it needs that did not lack it before.
    fn check_needs(&self, [former, catalog]: [&Catalog; 2], after: &Outcome) -> Result<(), Refusal> {
        let before = self.before.enabled(former);
        let mut all = PlanSet::default();
        for record in after.in_force() {
            // What comes to other products meanwhile is looked at when the batch is over.
            let is_new = record.source == Source::Direct && self.add.contains_key(&record.sku);
            all.extend_with(&record.enabled(if is_new { catalog } else { former }));
        }
        for plan in all.iter() {
            let lacked = before.contains(plan) && missing(catalog, plan, &before).is_some();
            if let Some(any_of) = missing(catalog, plan, &all).filter(|_| !lacked) {
                return Err(Refusal::PrerequisiteMissing { plan, any_of: any_of.iter().collect() });
            }
        }
        Ok(())
    }

    fn check_address(&self, catalog: &Catalog, after: &Outcome) -> Result<(), Refusal> {
        let has_mailbox = |outcome: &Outcome| {
            outcome
                .enabled(catalog)
                .iter()
                .any(|plan| catalog.plan_at(plan).is_some_and(|plan| plan.is_mailbox))
        };
        let is_taken = self.user.has_address_conflict && has_mailbox(after) && !has_mailbox(self.before);
        if is_taken { Err(Refusal::AddressTaken) } else { Ok(()) }
    }
}

/// No plan of a direct license excludes one from another product for good.
fn check_exclusive(
    catalog: &Catalog,
    policy: &LicensingPolicy,
    after: &Outcome,
    sku: SkuIndex,
) -> Result<(), Refusal> {
    let plans = after.record(sku, Source::Direct).map(|record| record.enabled(catalog)).unwrap_or_default();
    let others = after.enabled_by_sku(catalog);
    for family in catalog.families() {
        for plan in plans.intersection(&family.exclusive).iter() {
            let rivals = others.iter().filter(|(other, _)| **other != sku).map(|(_, plans)| plans);
            let clash =
                rivals.flat_map(|rivals| rivals.intersection(&family.exclusive).iter().collect::<Vec<_>>());
            // Where the policy ranks the two, the lower one is switched off.
            let ranked = |other| policy.precedence && lower_of(&family.ranks, plan, other).is_some();
            if let Some(other) = clash.into_iter().find(|other| *other != plan && !ranked(*other)) {
                return Err(Refusal::Exclusive(plan, other));
            }
        }
    }
    Ok(())
}
