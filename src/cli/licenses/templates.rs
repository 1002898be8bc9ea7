//! The license templates of the groups, and what changed about them since the last run.

use super::Ledger;
use super::events::{Events, Turn};
use crate::directory::group::{AssignedLicense, Group};
use crate::licensing::catalog::SkuIndex;
use crate::licensing::event::EventKind;
use crate::licensing::intent::{Group as LicensedGroup, GroupIndex, TemplateEntry, Version};
use crate::licensing::outcome::Source;
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::policy::PrereqMode;
use crate::licensing::tenant::Tenant;
use crate::membership::roster::Ordinal;

/// Enters groups that have a template now and had none before, and makes events of all that was edited.
///
/// `groups` are those of the folder; what is not among them any more was deleted. Gives the ids of deleted
/// groups that still have licenses.
pub(super) fn changes<'g>(
    ledger: &mut Ledger,
    groups: impl IntoIterator<Item = (Ordinal, &'g Group)>,
    events: &mut Events,
) -> Vec<String> {
    let mut gone = ledger.groups.clone();
    for (ordinal, group) in groups {
        gone.remove(&ordinal);
        let known = ledger.groups.get(&ordinal).copied();
        if known.is_none() && group.assigned_licenses.is_empty() {
            continue;
        }
        let index = known.unwrap_or_else(|| {
            ledger.tenant.add_group(LicensedGroup::new(group.id.clone(), group.security_enabled))
        });
        ledger.groups.insert(ordinal, index);
        ledger.tenant.set_eligible(index, group.security_enabled);
        if ledger.tenant.group(index).is_some_and(|known| known.is_deleted) {
            // One that is back begins anew.
            ledger.tenant.change_group(index, |known| known.is_deleted = false);
        }
        let asked = version_of(&mut ledger.tenant, &group.assigned_licenses);
        let before = ledger.requested.get(&index).cloned().unwrap_or_default();
        if ledger.is_new && is_held(ledger, index, &asked) {
            take_over(ledger, index, &asked);
        } else if asked != before {
            let kind = edit(&ledger.tenant, index, &before, &asked);
            events.push(Turn::Template, template_event(&group.id), kind);
        }
        ledger.asked.insert(index, asked);
    }
    let mut licensed = Vec::new();
    for index in gone.into_values() {
        let Some(group) = ledger.tenant.group(index).filter(|group| !group.is_deleted) else { continue };
        if !group.template.is_empty() {
            licensed.push(group.id.clone());
        }
        events.push(Turn::Deletion, format!("group-deleted:{}", group.id), EventKind::GroupDeleted(index));
    }
    licensed
}

/// Whether some user already holds what a template gives, or fails to: then it is not new.
fn is_held(ledger: &Ledger, group: GroupIndex, template: &Version) -> bool {
    let source = Source::Group(group);
    ledger.tenant.outcomes().any(|outcome| {
        let own = outcome.records.iter().filter(|record| record.source == source);
        let held: Version = own.map(|record| (record.sku, record.disabled.clone())).collect();
        !held.is_empty() && held == *template
    })
}

/// Enters a template as it is, without a look at it.
pub(super) fn take_over(ledger: &mut Ledger, group: GroupIndex, template: &Version) {
    let since = ledger.origin;
    ledger.tenant.change_group(group, |group| {
        let entry = |(sku, disabled): (&SkuIndex, &PlanSet)| {
            (*sku, TemplateEntry { disabled: disabled.clone(), since })
        };
        group.template = template.iter().map(entry).collect();
    });
}

/// The name of the event of an edited template.
pub(super) fn template_event(group: &str) -> String {
    format!("template:{group}")
}

/// What leads from one version to the other. A plan that was switched off because it needs others may have what it
/// needs now: its product is asked for anew.
fn edit(tenant: &Tenant, group: GroupIndex, before: &Version, after: &Version) -> EventKind {
    let edited = after.iter().filter(|(sku, disabled)| before.get(sku) != Some(disabled));
    let mut add = match tenant.policy().prereq_mode {
        PrereqMode::AutoDisable => tenant.with_needs_anew(group, before),
        PrereqMode::Refuse => Version::new(),
    };
    add.retain(|sku, _| after.contains_key(sku));
    add.extend(edited.map(|(sku, disabled)| (*sku, disabled.clone())));
    let remove = before.keys().filter(|sku| !after.contains_key(sku)).copied().collect();
    EventKind::GroupTemplateSet { group, add, remove }
}

/// Licenses as the engine has them.
pub(super) fn version_of(tenant: &mut Tenant, licenses: &[AssignedLicense]) -> Version {
    let mut version = Version::new();
    for license in licenses {
        let sku = tenant.sku(&license.sku_id);
        let disabled: Vec<PlanIndex> =
            license.disabled_plans.iter().map(|plan| tenant.plan(plan, None)).collect();
        version.insert(sku, disabled.into_iter().collect());
    }
    version
}
