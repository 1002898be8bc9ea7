//! Seats that are missing, and direct licenses that groups give as well.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::{Desk, LicenseFact, LicenseFinding, is_available};
use crate::base::diagnostic::Severity;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::{GroupIndex, User, UserIndex};
use crate::licensing::outcome::{Outcome, Source};
use crate::licensing::plan_set::PlanSet;

/// All findings about seats and direct licenses; `classes` are the users of the tenant.
pub(super) fn look_at_seats(desk: &Desk<'_>, classes: &[(Arc<User>, RoaringBitmap)]) -> Vec<LicenseFinding> {
    let mut findings = too_few_seats(desk);
    findings.extend(covered_licenses(desk, classes));
    findings
}

fn too_few_seats(desk: &Desk<'_>) -> Vec<LicenseFinding> {
    let catalog = desk.tenant.catalog();
    let look = |(sku, users): (&SkuIndex, &RoaringBitmap)| {
        let (pool, demand) = (catalog.pool(*sku), users.len());
        // What cannot be had at all is another finding.
        if demand <= pool.capacity || !is_available(catalog, *sku) {
            return None;
        }
        let gives = desk
            .licensed
            .iter()
            .filter(|licensed| !licensed.members.is_empty() && licensed.group.template.contains_key(sku));
        let severity = if pool.capacity == 0 { Severity::Error } else { Severity::Warning };
        let fact = LicenseFact::TooFewSeats {
            sku: *sku,
            status: pool.status,
            capacity: pool.capacity,
            demand,
            direct: desk.demand.direct.get(sku).map_or(0, RoaringBitmap::len),
            groups: gives.map(|licensed| licensed.index).collect(),
        };
        Some(LicenseFinding { severity, fact })
    };
    desk.demand.wanted.iter().filter_map(look).collect()
}

/// A direct license and the groups that give all of it.
type Cover = (SkuIndex, Vec<GroupIndex>);

fn covered_licenses(desk: &Desk<'_>, classes: &[(Arc<User>, RoaringBitmap)]) -> Vec<LicenseFinding> {
    let licensed = desk.licensed.iter().filter(|licensed| licensed.can_be_given);
    let given: BTreeMap<GroupIndex, BTreeMap<SkuIndex, PlanSet>> =
        licensed.map(|one| (one.index, one.given.iter().cloned().collect())).collect();
    let mut counts: BTreeMap<Cover, (u64, u64)> = BTreeMap::new();
    for (user, users) in classes.iter().filter(|(user, _)| user.deleted_at.is_none()) {
        for (sku, direct) in &user.direct {
            let plans = desk.tenant.catalog().plans_of(*sku).minus(&direct.disabled);
            let Some(groups) = cover(&given, user, *sku, &plans) else { continue };
            let safe = count_safe(desk, *sku, &groups, &plans, users);
            let (all, without_change) = counts.entry((*sku, groups)).or_default();
            (*all, *without_change) = (*all + users.len(), *without_change + safe);
        }
    }
    let finding = |((sku, groups), (users, safe))| LicenseFinding {
        severity: Severity::Info,
        fact: LicenseFact::DirectCovered { sku, groups, users, safe },
    };
    counts.into_iter().map(finding).collect()
}

/// The first group of a user that gives plans of a product, or all groups that give it if it takes more than
/// one; nothing if they give less.
fn cover(
    given: &BTreeMap<GroupIndex, BTreeMap<SkuIndex, PlanSet>>,
    user: &User,
    sku: SkuIndex,
    plans: &PlanSet,
) -> Option<Vec<GroupIndex>> {
    let gives = |group: &GroupIndex| Some((*group, given.get(group)?.get(&sku)?));
    let giving: Vec<(GroupIndex, &PlanSet)> = user.memberships.keys().filter_map(gives).collect();
    if let Some((group, _)) = giving.iter().find(|(_, own)| plans.is_subset(own)) {
        return Some(vec![*group]);
    }
    let mut together = PlanSet::default();
    for (_, own) in &giving {
        together.extend_with(own);
    }
    let is_covered = !giving.is_empty() && plans.is_subset(&together);
    is_covered.then(|| giving.into_iter().map(|(group, _)| group).collect())
}

/// Of users with one direct license, those who have all of its plans from groups.
fn count_safe(
    desk: &Desk<'_>,
    sku: SkuIndex,
    groups: &[GroupIndex],
    plans: &PlanSet,
    users: &RoaringBitmap,
) -> u64 {
    let catalog = desk.tenant.catalog();
    let has_all = |outcome: &Outcome| {
        let records = groups.iter().filter_map(|group| outcome.record(sku, Source::Group(*group)));
        let mut held = PlanSet::default();
        let mut is_held = false;
        for record in records.filter(|record| record.state.is_in_force() && !record.pending_removal) {
            is_held = true;
            held.extend_with(&record.enabled(catalog));
        }
        is_held && plans.is_subset(&held)
    };
    // Users who are alike share what they have.
    let mut known: HashMap<*const Outcome, bool> = HashMap::new();
    let outcomes = users.iter().filter_map(|user| desk.tenant.outcome(UserIndex(user)));
    let safe = outcomes
        .filter(|&outcome| *known.entry(std::ptr::from_ref(outcome)).or_insert_with(|| has_all(outcome)));
    safe.count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::World;
    use super::super::tests::told;

    #[test]
    fn every_user_counts_once_against_the_seats() {
        let mut world = World::new("overallocation = { ems = 1 }");
        world.group("a", "e3, ems", 0..4);
        world.group("b", "e3", 2..6);
        world.group("idle", "e3", 0..0);
        world.direct(5..8, "e3 -teams, ems");
        world.deleted(7..8);
        world.enter();
        // Seven are to have the suite, six the other product; of that one more seat may be used.
        insta::assert_snapshot!(told(&world, "LL09"), @"warning a b: e3 Enabled 5 for 7, 2 direct");
        world.seats("e3", 0);
        insta::assert_snapshot!(told(&world, "LL09"), @"error a b: e3 Enabled 0 for 7, 2 direct");
        world.seats("e3", 7);
        assert_eq!(told(&world, "LL09"), "");
    }

    #[test]
    fn direct_licenses_that_groups_give_can_go() {
        let mut world = World::new("");
        world.group("most", "e3 -office", 0..6);
        world.group("rest", "e3 -teams -spo2 -exo2", 0..2);
        world.group("broken", "e1, e3", 8..9);
        world.direct(0..1, "e3");
        world.direct(1..4, "e3 -office");
        world.direct(5..6, "e3");
        world.direct(8..9, "e3");
        world.deleted(3..4);
        world.enter();
        let before = told(&world, "LL10");
        insta::assert_snapshot!(before, @r"
        info most: e3 2 users, 0 safe
        info most rest: e3 1 users, 0 safe
        ");
        world.seats("e3", 10);
        world.settle();
        assert_eq!(
            told(&world, "LL10"),
            before
                .replace("1 users, 0 safe", "1 users, 1 safe")
                .replace("2 users, 0 safe", "2 users, 2 safe")
        );
    }

    #[test]
    fn a_license_that_the_group_fails_to_give_is_not_safe_to_remove() {
        let mut world = World::new("");
        world.seats("ems", 0);
        world.group("both", "e3, ems", 0..2);
        world.direct(0..2, "e3");
        world.settle();
        assert_eq!(told(&world, "LL10"), "info both: e3 2 users, 0 safe");
    }
}
