//! What is wrong with a template by itself.

use std::cmp::Reverse;

use super::clash::{self, Given};
use super::{Clash, Desk, LicenseFact, LicenseFinding, Licensed, is_available};
use crate::base::diagnostic::Severity;
use crate::language::suggest::nearest;
use crate::licensing::catalog::{Catalog, Family, SkuIndex};
use crate::licensing::intent::TemplateEntry;
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::policy::PrereqMode;

/// All findings for which no user has to be looked at.
pub(super) fn look_at_templates(desk: &Desk<'_>) -> Vec<LicenseFinding> {
    desk.licensed
        .iter()
        .flat_map(|licensed| {
            let mut findings = conflicts(desk, licensed);
            findings.extend(missing_needs(desk, licensed));
            findings.extend(stray_plans(desk, licensed));
            findings.extend(products(desk, licensed));
            let (severity, fact) = (Severity::Error, LicenseFact::NotEligible { group: licensed.index });
            findings.extend((!licensed.group.is_eligible).then_some(LicenseFinding { severity, fact }));
            findings
        })
        .collect()
}

/// One finding for each family.
fn conflicts(desk: &Desk<'_>, licensed: &Licensed<'_>) -> Vec<LicenseFinding> {
    let catalog = desk.tenant.catalog();
    let clashes = clash::within(desk.tenant, &licensed.given);
    let families = catalog.families().iter();
    let found = families.map(|family| {
        let own: Vec<Clash> = clashes.iter().filter(|clash| clash.family == family.name).cloned().collect();
        (family, own)
    });
    let finding = |(family, clashes): (&Family, Vec<Clash>)| {
        let severity = if clashes.iter().all(|clash| clash.switched_off.is_some()) {
            Severity::Info
        } else if desk.tenant.policy().per_product {
            Severity::Warning
        } else {
            Severity::Error
        };
        let (group, switch_off) = (licensed.index, switch_off(catalog, family, &licensed.given));
        LicenseFinding { severity, fact: LicenseFact::ConflictWithin { group, clashes, switch_off } }
    };
    found.filter(|(_, clashes)| !clashes.is_empty()).map(finding).collect()
}

/// All plans of a family but the one that is best kept: one without which no other plan lacks something,
/// then the best by rank, then the one in most products.
fn switch_off(catalog: &Catalog, family: &Family, given: &Given) -> Vec<(SkuIndex, PlanIndex)> {
    let all = union(given);
    let candidates = all.intersection(&family.exclusive);
    let value = |kept: &PlanIndex| {
        let gone: PlanSet = candidates.iter().filter(|plan| plan != kept).collect();
        let left = all.minus(&gone);
        let lacking = left.iter().filter(|plan| is_left_alone(catalog, *plan, &all, &left)).count();
        let products = given.iter().filter(|(_, plans)| plans.contains(*kept)).count();
        (Reverse(lacking), family.ranks.get(kept).copied(), products, Reverse(*kept))
    };
    let Some(kept) = candidates.iter().max_by_key(value) else { return Vec::new() };
    let gone = |(sku, plans): &(SkuIndex, PlanSet)| {
        let others = plans.intersection(&family.exclusive);
        others.iter().filter(|plan| *plan != kept).map(|plan| (*sku, plan)).collect::<Vec<_>>()
    };
    given.iter().flat_map(gone).collect()
}

/// Whether a plan has what it needs among `all`, and not among `left`.
fn is_left_alone(catalog: &Catalog, plan: PlanIndex, all: &PlanSet, left: &PlanSet) -> bool {
    let needs = catalog.plan_at(plan).map(|plan| plan.requires.as_slice()).unwrap_or_default();
    needs.iter().any(|set| set.intersects(all) && !set.intersects(left))
}

fn missing_needs(desk: &Desk<'_>, licensed: &Licensed<'_>) -> Vec<LicenseFinding> {
    let catalog = desk.tenant.catalog();
    let all = union(&licensed.given);
    let needs = |plan: PlanIndex| {
        let sets = catalog.plan_at(plan).map(|plan| plan.requires.as_slice()).unwrap_or_default();
        sets.iter().filter(|set| !set.intersects(&all)).map(move |set| (plan, set))
    };
    let finding = |(plan, any_of): (PlanIndex, &PlanSet)| {
        let having = licensed.given.iter().filter(|(_, plans)| plans.contains(plan));
        let template = &licensed.group.template;
        let off = |sku: &SkuIndex| {
            let would_do = catalog.plans_of(*sku).intersection(any_of);
            would_do.iter().map(|plan| (*sku, plan)).collect::<Vec<_>>()
        };
        let switch_on: Vec<_> = template.keys().flat_map(off).collect();
        let brings = |sku: &SkuIndex| {
            !template.contains_key(sku)
                && is_available(catalog, *sku)
                && catalog.plans_of(*sku).intersects(any_of)
        };
        let owned: Vec<_> = catalog.skus().filter(brings).collect();
        let is_switched_off = desk.tenant.policy().prereq_mode == PrereqMode::AutoDisable;
        let severity = if is_switched_off {
            Severity::Info
        } else if switch_on.is_empty() && owned.is_empty() {
            Severity::Error
        } else {
            Severity::Warning
        };
        LicenseFinding {
            severity,
            fact: LicenseFact::MissingNeed {
                group: licensed.index,
                plan,
                skus: having.map(|(sku, _)| *sku).collect(),
                any_of: any_of.clone(),
                switch_on,
                owned,
                is_switched_off,
            },
        }
    };
    all.iter().flat_map(needs).map(finding).collect()
}

/// Plans that are off and not in their products. What the tenant does not own has no known plans.
fn stray_plans(desk: &Desk<'_>, licensed: &Licensed<'_>) -> Vec<LicenseFinding> {
    let catalog = desk.tenant.catalog();
    let entries = licensed.group.template.iter().filter(|(sku, _)| catalog.is_subscribed(**sku));
    let strays = entries.flat_map(|(sku, entry)| {
        let strays = entry.disabled.minus(&catalog.plans_of(*sku));
        strays.iter().map(|plan| (*sku, entry, plan)).collect::<Vec<_>>()
    });
    let finding = |(sku, entry, plan): (SkuIndex, &TemplateEntry, PlanIndex)| {
        let suggestion = similar(catalog, plan, &catalog.plans_of(sku).minus(&entry.disabled));
        let known_in = catalog.skus().filter(|sku| catalog.plans_of(*sku).contains(plan)).collect();
        LicenseFinding {
            severity: if suggestion.is_some() { Severity::Warning } else { Severity::Info },
            fact: LicenseFact::StrayPlan { group: licensed.index, sku, plan, suggestion, known_in },
        }
    };
    strays.map(finding).collect()
}

/// The plan that was meant, if there is one like it: by what was written for its id, which may be a name, then
/// by its name.
fn similar(catalog: &Catalog, stray: PlanIndex, among: &PlanSet) -> Option<PlanIndex> {
    let stray = catalog.plan_at(stray)?;
    let plans: Vec<_> = among.iter().filter_map(|index| Some((index, catalog.plan_at(index)?))).collect();
    let ids = || plans.iter().map(|(index, plan)| (*index, plan.id.as_str()));
    let names = || plans.iter().filter_map(|(index, plan)| Some((*index, plan.name.as_deref()?)));
    let find = |written: &str, known: Vec<(PlanIndex, &str)>| {
        let near = nearest(written, known.iter().map(|(_, text)| *text))?;
        known.into_iter().find(|(_, text)| *text == near).map(|(index, _)| index)
    };
    find(&stray.id, ids().collect())
        .or_else(|| find(&stray.id, names().collect()))
        .or_else(|| find(stray.name.as_deref()?, names().collect()))
}

/// Products that nobody can get, and products of which nobody gets anything.
fn products(desk: &Desk<'_>, licensed: &Licensed<'_>) -> Vec<LicenseFinding> {
    let (catalog, group) = (desk.tenant.catalog(), licensed.index);
    let look = |(sku, plans): &(SkuIndex, PlanSet)| {
        if !is_available(catalog, *sku) {
            let is_owned = catalog.is_subscribed(*sku);
            let fact = LicenseFact::Unavailable { group, sku: *sku, is_owned };
            return Some(LicenseFinding { severity: Severity::Error, fact });
        }
        let all_off = plans.is_empty() && !catalog.plans_of(*sku).is_empty();
        let fact = LicenseFact::AllOff { group, sku: *sku };
        all_off.then_some(LicenseFinding { severity: Severity::Warning, fact })
    };
    licensed.given.iter().filter_map(look).collect()
}

fn union(given: &Given) -> PlanSet {
    let mut all = PlanSet::default();
    for (_, plans) in given {
        all.extend_with(plans);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::super::intent::Group;
    use super::super::super::samples::World;
    use super::super::tests::told;

    fn world(choices: &str, template: &str) -> World {
        let mut world = World::new(choices);
        world.group("g", template, 0..1);
        world.enter();
        world
    }

    #[test]
    fn a_template_must_not_conflict_with_itself() {
        let conflict = |choices, template| told(&world(choices, template), "LL01");
        let plain = conflict("", "e1, e3, ems");
        insta::assert_snapshot!(plain, @"error g: sites e1/spo1 x e3/spo2; off e1/spo1");
        assert_eq!(conflict("", "e1 -spo1, e3"), "");
        assert_eq!(conflict("bundle_mode = 'per_product'", "e1, e3, ems"), plain.replace("error", "warning"));
        let ranked = conflict("conflict_order = 'precedence'", "e1, e3");
        insta::assert_snapshot!(ranked, @"info g: sites e1/spo1 x e3/spo2 without spo1; off e1/spo1");
        // The best by rank switches others off, but a plan without a rank stays.
        insta::assert_snapshot!(conflict("conflict_order = 'precedence'", "e1, e3, f3"), @"error g: sites e1/spo1 x e3/spo2 without spo1, sites e1/spo1 x f3/spok without spo1, sites e3/spo2 x f3/spok; off e1/spo1,f3/spok");
    }

    #[test]
    fn what_others_need_is_not_switched_off_to_heal() {
        let mut world = world("", "e1, e3, audio");
        let needs = [("conf".to_owned(), vec![vec!["spo1".to_owned()]])].into();
        let facts = crate::licensing::facts::Facts { prerequisites: needs, ..Default::default() };
        let mut catalog = world.tenant.catalog().clone();
        catalog.learn(&facts);
        world.tenant.catalog = Arc::new(catalog);
        insta::assert_snapshot!(told(&world, "LL01"), @"error g: sites e1/spo1 x e3/spo2; off e3/spo2");
    }

    #[test]
    fn a_template_has_what_its_plans_need() {
        let needs = |choices, template| told(&world(choices, template), "LL02");
        insta::assert_snapshot!(needs("", "audio, e3 -teams"), @"warning g: audio/conf needs teams; on e3/teams; owned e1; false");
        insta::assert_snapshot!(needs("prereq_mode = 'auto_disable'", "audio"), @"info g: audio/conf needs teams; on ; owned e1,e3; true");
        assert_eq!(needs("", "audio, e3"), "");
        assert_eq!(needs("", "audio -conf"), "");
        let mut poor = world("", "audio");
        for sku in ["e1", "e3"] {
            let sku = poor.sku(sku);
            let mut catalog = poor.tenant.catalog().clone();
            catalog.product_mut(sku).unwrap().subscriptions.clear();
            poor.tenant.catalog = Arc::new(catalog);
        }
        insta::assert_snapshot!(told(&poor, "LL02"), @"error g: audio/conf needs teams; on ; owned ; false");
    }

    #[test]
    fn plans_that_are_off_belong_to_their_product() {
        // A slip in an id, a name in the place of an id, a plan of another product, and an unknown one.
        let world = world("", "e3 -ofice -teams1 -kiosk -zzzzzzzz, ems -intune");
        insta::assert_snapshot!(told(&world, "LL03"), @r#"
        warning g: e3/ofice meant Some("office"); known in
        warning g: e3/teams1 meant Some("teams"); known in
        info g: e3/kiosk meant None; known in f3
        info g: e3/zzzzzzzz meant None; known in
        "#);
    }

    #[test]
    fn products_can_be_given_and_give_something() {
        let world = world("", "ghost -teams, tenant-wide, ems -aad -intune, e1 -exo1");
        insta::assert_snapshot!(told(&world, "LL04"), @r"
        error g: ghost owned false
        error g: tenant-wide owned true
        ");
        assert_eq!(told(&world, "LL05"), "warning g: ems");
        assert_eq!(told(&world, "LL03"), "");
    }

    #[test]
    fn only_some_kinds_of_groups_can_have_a_template() {
        let mut world = world("", "ems");
        assert_eq!(told(&world, "LL12"), "");
        let template = world.tenant.group(crate::licensing::intent::GroupIndex(0)).unwrap().template.clone();
        world.tenant.add_group(Group { template: template.clone(), ..Group::new("list", false) });
        world.tenant.add_group(Group { template, is_deleted: true, ..Group::new("gone", false) });
        world.tenant.add_group(Group::new("plain list", false));
        assert_eq!(told(&world, "LL12"), "error list:");
    }
}
