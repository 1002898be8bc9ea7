//! What the members of templates tell: groups that overlap or exclude each other, guests, nobody at all.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

use super::clash::{self, Given};
use super::{Clash, Desk, LicenseFact, LicenseFinding, Licensed, is_available};
use crate::base::diagnostic::Severity;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::plan_set::PlanSet;

/// All findings about members of groups.
pub(super) fn look_at_people(desk: &Desk<'_>, guests: &RoaringBitmap) -> Vec<LicenseFinding> {
    let mut findings: Vec<LicenseFinding> =
        desk.licensed.iter().flat_map(|licensed| look_at_group(licensed, guests)).collect();
    findings.extend(look_at_pairs(desk));
    findings
}

fn look_at_group(licensed: &Licensed<'_>, guests: &RoaringBitmap) -> Vec<LicenseFinding> {
    let (group, members) = (licensed.index, licensed.members.len());
    let guests = licensed.members.intersection_len(guests);
    let facts = [
        (members == 0).then_some(LicenseFact::NoMembers { group }),
        (guests > 0).then_some(LicenseFact::Guests { group, guests, members }),
    ];
    facts.into_iter().flatten().map(|fact| LicenseFinding { severity: Severity::Info, fact }).collect()
}

/// A group with those of its members who are in another one, too.
struct Shared<'d> {
    licensed: &'d Licensed<'d>,
    members: RoaringBitmap,
}

/// How two templates stand to each other.
#[derive(Default)]
struct Relation {
    shared: Vec<(SkuIndex, bool)>,
    clashes: Vec<Clash>,
}

/// Groups with the same template stand to others in the same way, so templates are compared, each once, and
/// members only where that found something.
fn look_at_pairs(desk: &Desk<'_>) -> Vec<LicenseFinding> {
    let several = in_several(desk);
    let mut by_template: BTreeMap<Vec<(SkuIndex, PlanSet)>, Vec<Shared<'_>>> = BTreeMap::new();
    for licensed in desk.licensed.iter().filter(|licensed| licensed.can_be_given) {
        let members = &licensed.members & &several;
        if !members.is_empty() {
            let mut given = licensed.given.clone();
            given.retain(|(sku, _)| is_available(desk.tenant.catalog(), *sku));
            by_template.entry(given).or_default().push(Shared { licensed, members });
        }
    }
    let mut findings = Vec::new();
    for (at, (given, groups)) in by_template.iter().enumerate() {
        for (other, (other_given, others)) in by_template.iter().enumerate().skip(at) {
            let relation = Relation::of(desk, given, other_given);
            if relation.shared.is_empty() && relation.clashes.is_empty() {
                continue;
            }
            for (place, one) in groups.iter().enumerate() {
                let first = if at == other { place + 1 } else { 0 };
                for two in others.iter().skip(first) {
                    findings.extend(relation.findings(one, two));
                }
            }
        }
    }
    findings
}

/// Users who are members of more than one licensed group.
fn in_several(desk: &Desk<'_>) -> RoaringBitmap {
    let (mut seen, mut several) = (RoaringBitmap::new(), RoaringBitmap::new());
    for licensed in &desk.licensed {
        several |= &seen & &licensed.members;
        seen |= &licensed.members;
    }
    several
}

impl Relation {
    fn of(desk: &Desk<'_>, one: &Given, other: &Given) -> Self {
        let plans = |sku: SkuIndex| other.iter().find(|(known, _)| *known == sku).map(|(_, plans)| plans);
        let shared = one.iter().filter_map(|(sku, own)| Some((*sku, plans(*sku)? == own))).collect();
        Self { shared, clashes: clash::between(desk.tenant, one, other) }
    }

    /// What common members make of it. The group with the lesser id comes first.
    fn findings(&self, one: &Shared<'_>, other: &Shared<'_>) -> Vec<LicenseFinding> {
        let users = one.members.intersection_len(&other.members);
        if users == 0 {
            return Vec::new();
        }
        let is_turned = one.licensed.group.id > other.licensed.group.id;
        let mut groups = [one.licensed.index, other.licensed.index];
        let mut clashes = self.clashes.clone();
        if is_turned {
            groups.reverse();
            for clash in &mut clashes {
                std::mem::swap(&mut clash.plan, &mut clash.other);
                std::mem::swap(&mut clash.sku, &mut clash.other_sku);
            }
        }
        let fails = clashes.iter().any(|clash| clash.switched_off.is_none());
        let severity = if fails { Severity::Warning } else { Severity::Info };
        let overlap = (!self.shared.is_empty()).then(|| LicenseFinding {
            severity: Severity::Info,
            fact: LicenseFact::Overlap { groups, users, products: self.shared.clone() },
        });
        let is_conflict = !clashes.is_empty();
        let fact = LicenseFact::ConflictBetween { groups, users, clashes };
        let conflict = is_conflict.then_some(LicenseFinding { severity, fact });
        overlap.into_iter().chain(conflict).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::samples::World;
    use super::super::tests::{told, told_with};

    fn world(choices: &str) -> World {
        let mut world = World::new(choices);
        world.group("b", "e3 -teams, ems", 0..10);
        world.group("a", "e3, ems", 5..12);
        world.group("c", "e1", 8..20);
        world.group("far", "e1, ems", 30..32);
        world.deleted(8..9);
        world
    }

    #[test]
    fn common_members_are_counted() {
        let mut world = world("");
        world.enter();
        insta::assert_snapshot!(told(&world, "LL06"), @"info a b: 4 users, e3 same false, ems same true");
        insta::assert_snapshot!(told(&world, "LL07"), @r"
        warning a c: 3 users, sites e3/spo2 x e1/spo1
        warning b c: 1 users, sites e3/spo2 x e1/spo1
        ");
    }

    #[test]
    fn ranks_leave_nobody_with_an_error() {
        let mut world = world("conflict_order = 'precedence'");
        world.enter();
        insta::assert_snapshot!(told(&world, "LL07"), @r"
        info a c: 3 users, sites e3/spo2 x e1/spo1 without spo1
        info b c: 1 users, sites e3/spo2 x e1/spo1 without spo1
        ");
    }

    #[test]
    fn one_product_can_clash_with_what_another_group_gives_with_it() {
        let mut world = World::new("");
        world.group("both", "e1 -spo1, e3", 0..3);
        world.group("plain", "e1", 2..5);
        world.enter();
        insta::assert_snapshot!(told(&world, "LL07"), @"warning both plain: 1 users, sites e3/spo2 x e1/spo1");
    }

    #[test]
    fn what_nobody_can_get_harms_nobody() {
        let mut world = World::new("");
        world.group("broken", "e1, e3", 0..3);
        world.group("ghosts", "ghost, e1", 0..3);
        world.group("plain", "e3", 0..3);
        world.enter();
        assert_eq!(told(&world, "LL06") + &told(&world, "LL07"), "");
        let mut single = World::new("bundle_mode = 'per_product'");
        single.group("ghosts", "ghost, e1", 0..3);
        single.group("more", "ghost, e1, ems", 0..3);
        single.enter();
        assert_eq!(told(&single, "LL06"), "info ghosts more: 3 users, e1 same true");
    }

    #[test]
    fn guests_and_empty_groups_are_named() {
        let mut world = world("");
        world.group("empty", "ems", 8..9);
        world.group("plain", "", 9..12);
        world.enter();
        assert_eq!(told_with(&world, "LL08", 7..10), "info a: 2 of 6\ninfo b: 2 of 9\ninfo c: 1 of 11");
        assert_eq!(told(&world, "LL11"), "info empty:");
    }

    proptest::proptest! {
        /// Groups of users counted by looking at each user.
        #[test]
        fn pairs_are_counted_as_users_are(seed in proptest::collection::vec((0..6usize, 0..12u32, 0..6u32), 1..7)) {
            let templates = ["e1", "e3", "e3 -spo2", "ems", "e1 -spo1, ems", "f3"];
            let mut world = World::new("");
            for (at, (template, start, length)) in seed.iter().enumerate() {
                world.group(&format!("g{at}"), templates[*template], *start..start + length);
            }
            world.enter();
            let mut expected = Vec::new();
            for (at, one) in seed.iter().enumerate() {
                for (other_at, other) in seed.iter().enumerate().skip(at + 1) {
                    let common = (one.1..one.1 + one.2).filter(|user| (other.1..other.1 + other.2).contains(user));
                    let common = common.count();
                    let shares = |left: &str, right: &str| {
                        left.split(", ").any(|a| right.split(", ").any(|b| a[..2] == b[..2]))
                    };
                    if common > 0 && shares(templates[one.0], templates[other.0]) {
                        expected.push(format!("info g{at} g{other_at}: {common} users"));
                    }
                }
            }
            let found = told(&world, "LL06");
            let found: Vec<&str> = found.lines().map(|line| line.split(',').next().unwrap()).collect();
            proptest::prop_assert_eq!(found, expected);
        }
    }
}
