//! What is wrong with templates, before any license is given: who would fail, what is paid for nothing, and
//! what heals it.

mod clash;
mod finding;
mod people;
mod seats;
mod template;

use std::cmp::Reverse;

use roaring::RoaringBitmap;

use self::people::look_at_people;
use self::seats::look_at_seats;
use self::template::look_at_templates;
use super::catalog::{Catalog, SkuIndex};
use super::demand::Demand;
use super::intent::{Group, GroupIndex};
use super::plan_set::PlanSet;
use super::tenant::Tenant;

pub use finding::{Clash, LicenseFact, LicenseFinding};

/// Looks at all groups with a template, and at direct licenses. `guests` are the ordinals of the users who are
/// guests; others among them count for nothing.
///
/// The findings are sorted: the worst first, then by code, then by the ids of groups and products.
pub fn lint(tenant: &Tenant, guests: &RoaringBitmap) -> Vec<LicenseFinding> {
    let classes = tenant.user_classes();
    let desk = Desk::of(tenant, Demand::of(tenant, &classes));
    let mut findings = look_at_templates(&desk);
    findings.extend(look_at_people(&desk, guests));
    findings.extend(look_at_seats(&desk, &classes));
    let order = |finding: &LicenseFinding| {
        let group = |group: GroupIndex| tenant.group(group).map(|group| group.id.clone());
        let sku = |sku: SkuIndex| tenant.catalog().product(sku).map(|product| product.sku_id.clone());
        let groups: Vec<_> = finding.groups().into_iter().map(group).collect();
        let skus: Vec<_> = finding.skus().into_iter().map(sku).collect();
        (Reverse(finding.severity), finding.code(), groups, skus)
    };
    findings.sort_by_cached_key(order);
    findings
}

/// What all lints look at.
struct Desk<'t> {
    tenant: &'t Tenant,
    demand: Demand,
    licensed: Vec<Licensed<'t>>,
}

/// A group with a template.
struct Licensed<'t> {
    index: GroupIndex,
    group: &'t Group,
    /// Its members who are not deleted.
    members: RoaringBitmap,
    /// The plans that the template gives, by product.
    given: Vec<(SkuIndex, PlanSet)>,
    /// Whether some member can get it, as far as the template alone tells. What nobody can get does no harm
    /// to others yet.
    can_be_given: bool,
}

impl<'t> Desk<'t> {
    fn of(tenant: &'t Tenant, demand: Demand) -> Self {
        let groups = tenant.groups().filter_map(|index| Some((index, tenant.group(index)?)));
        let groups = groups.filter(|(_, group)| !group.is_deleted && !group.template.is_empty());
        let licensed =
            groups.map(|(index, group)| Licensed::of(tenant, index, group, &group.members - &demand.deleted));
        let licensed = licensed.collect();
        Self { tenant, demand, licensed }
    }
}

impl<'t> Licensed<'t> {
    fn of(tenant: &'t Tenant, index: GroupIndex, group: &'t Group, members: RoaringBitmap) -> Self {
        let catalog = tenant.catalog();
        let given = group.template.iter();
        let given: Vec<(SkuIndex, PlanSet)> =
            given.map(|(sku, entry)| (*sku, catalog.plans_of(*sku).minus(&entry.disabled))).collect();
        let is_sound = || {
            let fails = |clash: &Clash| clash.switched_off.is_none();
            given.iter().all(|(sku, _)| is_available(catalog, *sku))
                && !clash::within(tenant, &given).iter().any(fails)
        };
        let can_be_given = group.is_eligible && (tenant.policy().per_product || is_sound());
        Self { index, group, members, given, can_be_given }
    }
}

/// Whether users can get a product at all.
fn is_available(catalog: &Catalog, sku: SkuIndex) -> bool {
    catalog.is_subscribed(sku) && catalog.product(sku).is_some_and(|product| product.is_assignable)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::super::intent::UserIndex;
    use super::super::outcome::Source;
    use super::super::plan_set::PlanIndex;
    use super::super::samples::World;
    use super::*;
    use crate::base::diagnostic::Severity;

    /// The findings with one code, as `severity groups: facts`.
    pub(super) fn told(world: &World, code: &str) -> String {
        told_with(world, code, 0..0)
    }

    pub(super) fn told_with(world: &World, code: &str, guests: Range<u32>) -> String {
        let findings = lint(&world.tenant, &guests.collect());
        let own = findings.iter().filter(|finding| finding.code() == code);
        own.map(|finding| line(world, finding)).collect::<Vec<_>>().join("\n")
    }

    fn line(world: &World, finding: &LicenseFinding) -> String {
        let groups: Vec<&str> = finding
            .groups()
            .into_iter()
            .map(|group| world.tenant.group(group).unwrap().id.as_str())
            .collect();
        let plan = |plan: &PlanIndex| world.tenant.catalog().plan_at(*plan).unwrap().id.clone();
        let sku = |sku: &SkuIndex| world.tenant.catalog().product(*sku).unwrap().sku_id.clone();
        let all = |skus: &[SkuIndex]| skus.iter().map(sku).collect::<Vec<_>>().join(",");
        let places = |places: &[(SkuIndex, PlanIndex)]| {
            let place = |(one, other): &(SkuIndex, PlanIndex)| format!("{}/{}", sku(one), plan(other));
            places.iter().map(place).collect::<Vec<_>>().join(",")
        };
        let clashes = |clashes: &[Clash]| {
            let one = |clash: &Clash| {
                let Clash { family, .. } = clash;
                let pair =
                    [(clash.sku, clash.plan), (clash.other_sku, clash.other)].map(|one| places(&[one]));
                let off = clash.switched_off.map(|off| format!(" without {}", plan(&off)));
                format!("{family} {}{}", pair.join(" x "), off.unwrap_or_default())
            };
            clashes.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let facts = match &finding.fact {
            LicenseFact::ConflictWithin { clashes: found, switch_off, .. } => {
                format!("{}; off {}", clashes(found), places(switch_off))
            }
            LicenseFact::MissingNeed {
                plan: lacking,
                skus,
                any_of,
                switch_on,
                owned,
                is_switched_off,
                ..
            } => {
                let any_of: Vec<String> = any_of.iter().map(|one| plan(&one)).collect();
                format!(
                    "{}/{} needs {}; on {}; owned {}; {is_switched_off}",
                    all(skus),
                    plan(lacking),
                    any_of.join("|"),
                    places(switch_on),
                    all(owned)
                )
            }
            LicenseFact::StrayPlan { sku: of, plan: stray, suggestion, known_in, .. } => {
                let suggestion = suggestion.as_ref().map(&plan);
                format!("{} meant {suggestion:?}; known in {}", places(&[(*of, *stray)]), all(known_in))
            }
            LicenseFact::Unavailable { sku: of, is_owned, .. } => format!("{} owned {is_owned}", sku(of)),
            LicenseFact::AllOff { sku: of, .. } => sku(of),
            LicenseFact::Overlap { users, products, .. } => {
                let one = |(of, same): &(SkuIndex, bool)| format!("{} same {same}", sku(of));
                format!("{users} users, {}", products.iter().map(one).collect::<Vec<_>>().join(", "))
            }
            LicenseFact::ConflictBetween { users, clashes: found, .. } => {
                format!("{users} users, {}", clashes(found))
            }
            LicenseFact::Guests { guests, members, .. } => format!("{guests} of {members}"),
            LicenseFact::TooFewSeats { sku: of, status, capacity, demand, direct, .. } => {
                format!("{} {} {capacity} for {demand}, {direct} direct", sku(of), status.word())
            }
            LicenseFact::DirectCovered { sku: of, users, safe, .. } => {
                format!("{} {users} users, {safe} safe", sku(of))
            }
            LicenseFact::NoMembers { .. } | LicenseFact::NotEligible { .. } => String::new(),
        };
        format!("{} {}: {facts}", finding.severity.word(), groups.join(" ")).trim_end().to_owned()
    }

    #[test]
    fn the_worst_comes_first_then_codes_and_ids() {
        let mut world = World::new("");
        world.group("z", "e1, e3", 0..2);
        world.group("b", "ems", 0..0);
        world.group("a", "audio, ems", 0..1);
        world.group("y", "e1, e3", 4..5);
        world.enter();
        let findings = lint(&world.tenant, &RoaringBitmap::new());
        let order = findings.iter().map(|finding| {
            let group = finding.groups()[0];
            format!("{} {}", finding.code(), world.tenant.group(group).unwrap().id)
        });
        assert_eq!(order.collect::<Vec<_>>(), ["LL01 y", "LL01 z", "LL02 a", "LL11 b"]);
        let conflict = &findings[0];
        assert_eq!((conflict.skus().len(), conflict.plans().len(), conflict.users()), (2, 2, None));
    }

    #[test]
    fn a_tenant_without_templates_has_no_findings() {
        let mut world = World::new("");
        world.group("plain", "", 0..3);
        world.direct(0..3, "e1");
        world.settle();
        assert_eq!(lint(&world.tenant, &(0..3).collect()), []);
    }

    /// Products with their plans off, and more that a template may be made of.
    const PARTS: [&str; 9] =
        ["e1", "e1 -spo1", "e3", "e3 -spo2 -teams", "f3", "audio", "audio -conf", "ems", "tenant-wide"];

    proptest::proptest! {
        /// What the lints say of templates is what becomes of members.
        #[test]
        fn members_fail_where_templates_are_found_wrong(
            choices in proptest::sample::select(vec![
                "", "conflict_order = 'precedence'", "bundle_mode = 'per_product'",
            ]),
            groups in proptest::collection::vec(
                (proptest::sample::subsequence(PARTS.to_vec(), 1..3), 0..8u32, 1..5u32), 1..5,
            ),
        ) {
            let mut world = World::new(choices);
            for (at, (parts, start, length)) in groups.iter().enumerate() {
                world.group(&format!("g{at}"), &parts.join(", "), *start..start + length);
            }
            for sku in ["e1", "e3", "f3", "audio", "ems"] {
                world.seats(sku, 100);
            }
            world.settle();
            let findings = lint(&world.tenant, &RoaringBitmap::new());
            let is_bad = |finding: &&LicenseFinding| {
                finding.severity > Severity::Info && finding.code() != "LL05"
            };
            if !findings.iter().any(|finding| is_bad(&finding)) {
                // Plans that are off by their rank are told with the license, which is in force.
                let without = world.tenant.errors().find(|error| {
                    let record = world.tenant.outcome(error.user).unwrap().record(error.sku, error.source);
                    !record.unwrap().state.is_in_force()
                });
                proptest::prop_assert_eq!(without, None);
            }
            for finding in findings.iter().filter(is_bad) {
                let first = *finding.groups().first().unwrap();
                let members = world.tenant.group(first).unwrap().members.clone();
                match &finding.fact {
                    LicenseFact::ConflictWithin { clashes, .. } => {
                        for clash in clashes.iter().filter(|clash| clash.switched_off.is_none()) {
                            prop_no_one_has_both(&world, clash, [first, first], &members)?;
                        }
                    }
                    LicenseFact::ConflictBetween { groups: [one, other], users, clashes } => {
                        let common = members & &world.tenant.group(*other).unwrap().members;
                        proptest::prop_assert_eq!(common.len(), *users);
                        for clash in clashes.iter().filter(|clash| clash.switched_off.is_none()) {
                            prop_no_one_has_both(&world, clash, [*one, *other], &common)?;
                        }
                    }
                    _ => proptest::prop_assert!(["LL02", "LL04"].contains(&finding.code()), "{:?}", finding),
                }
            }
        }
    }

    fn prop_no_one_has_both(
        world: &World,
        clash: &Clash,
        groups: [GroupIndex; 2],
        users: &RoaringBitmap,
    ) -> Result<(), proptest::test_runner::TestCaseError> {
        for user in users {
            let outcome = world.tenant.outcome(UserIndex(user)).unwrap();
            let has = |group: GroupIndex, sku: SkuIndex, plan: PlanIndex| {
                let record = outcome.record(sku, Source::Group(group)).unwrap();
                record.enabled(world.tenant.catalog()).contains(plan)
            };
            let both = has(groups[0], clash.sku, clash.plan) && has(groups[1], clash.other_sku, clash.other);
            proptest::prop_assert!(!both, "user {}: {:?}", user, clash);
        }
        Ok(())
    }
}
