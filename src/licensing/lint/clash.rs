//! Plans of templates that exclude each other.

use super::Clash;
use crate::licensing::catalog::{Family, SkuIndex};
use crate::licensing::plan_set::{PlanIndex, PlanSet};
use crate::licensing::policy::lower_of;
use crate::licensing::tenant::Tenant;

/// The plans that a template gives, by product.
pub(super) type Given = [(SkuIndex, PlanSet)];

/// Pairs within one template, by family.
pub(super) fn within(tenant: &Tenant, given: &Given) -> Vec<Clash> {
    find(tenant, &[given], |left, right| left < right)
}

/// Pairs with one plan in each of two templates. Of several products with the same pair, the first are named.
pub(super) fn between(tenant: &Tenant, one: &Given, other: &Given) -> Vec<Clash> {
    let split = one.len();
    let mut found = find(tenant, &[one, other], |left, right| left < split && right >= split);
    let mut named: Vec<(PlanIndex, PlanIndex)> = Vec::new();
    found.retain(|clash| {
        let pair = (clash.plan, clash.other);
        let is_new = !named.contains(&pair);
        if is_new {
            named.push(pair);
        }
        is_new
    });
    found
}

/// One product of a template, with its plans of a family.
struct Piece {
    sku: SkuIndex,
    plans: PlanSet,
    /// Those of them that the policy switches off by their ranks.
    off: PlanSet,
}

/// Pairs among the pieces of templates, if `is_pair` takes their places.
fn find(tenant: &Tenant, templates: &[&Given], is_pair: impl Fn(usize, usize) -> bool) -> Vec<Clash> {
    let mut found = Vec::new();
    for family in tenant.catalog().families() {
        let pieces = pieces(family, templates, tenant.policy().precedence);
        for (left, one) in pieces.iter().enumerate() {
            let others = pieces
                .iter()
                .enumerate()
                .filter(|(right, other)| one.sku != other.sku && is_pair(left, *right));
            for (_, other) in others {
                found.extend(pairs(family, one, other));
            }
        }
    }
    found
}

fn pieces(family: &Family, templates: &[&Given], by_rank: bool) -> Vec<Piece> {
    let all = templates.iter().copied().flatten();
    let of_family = all.map(|(sku, plans)| (*sku, plans.intersection(&family.exclusive)));
    let mut pieces: Vec<Piece> =
        of_family.map(|(sku, plans)| Piece { sku, plans, off: PlanSet::default() }).collect();
    if by_rank {
        let off: Vec<PlanSet> = pieces.iter().map(|piece| lower_plans(family, piece, &pieces)).collect();
        for (piece, off) in pieces.iter_mut().zip(off) {
            piece.off = off;
        }
    }
    pieces
}

/// The plans of a piece that have a better one in another product.
fn lower_plans(family: &Family, piece: &Piece, all: &[Piece]) -> PlanSet {
    let others = || all.iter().filter(|other| other.sku != piece.sku).flat_map(|other| other.plans.iter());
    let is_lower =
        |plan: &PlanIndex| others().any(|other| lower_of(&family.ranks, *plan, other) == Some(*plan));
    piece.plans.iter().filter(is_lower).collect()
}

fn pairs(family: &Family, one: &Piece, other: &Piece) -> Vec<Clash> {
    let mut found = Vec::new();
    for plan in one.plans.iter() {
        for rival in other.plans.iter().filter(|rival| *rival != plan) {
            let switched_off = match (one.off.contains(plan), other.off.contains(rival)) {
                (true, _) => Some(plan),
                (false, true) => Some(rival),
                (false, false) => None,
            };
            found.push(Clash {
                family: family.name.clone(),
                plan,
                sku: one.sku,
                other: rival,
                other_sku: other.sku,
                switched_off,
            });
        }
    }
    found
}
