//! The facts of a finding as an object.

use serde_json::{Value, json};

use crate::licensing::catalog::SkuIndex;
use crate::licensing::intent::GroupIndex;
use crate::licensing::lint::{Clash, LicenseFact, LicenseFinding};
use crate::licensing::plan_set::PlanIndex;
use crate::report::licenses::Words;

/// A group: its id, and the name for people.
pub(super) fn group(words: Words<'_>, group: GroupIndex) -> Value {
    let id = words.group_id(group);
    json!({ "groupId": id, "displayName": words.names.group(id) })
}

/// A product: its id, its short name and the name for people.
pub(super) fn product(words: Words<'_>, sku: SkuIndex) -> Value {
    let id = words.sku_id(sku);
    json!({ "skuId": id, "skuPartNumber": words.part_number(sku), "displayName": words.names.product(id) })
}

/// What a finding has beyond groups, products and plans.
pub(super) fn details(words: Words<'_>, finding: &LicenseFinding) -> Value {
    let clash = |clash: &Clash| object_of_clash(words, clash);
    let clashes = |clashes: &[Clash]| clashes.iter().map(clash).collect::<Vec<Value>>();
    let places = |places: &[(SkuIndex, PlanIndex)]| {
        places.iter().map(|(sku, plan)| place(words, *sku, *plan)).collect::<Vec<Value>>()
    };
    let products = |skus: &[SkuIndex]| skus.iter().map(|sku| product(words, *sku)).collect::<Vec<Value>>();
    match &finding.fact {
        LicenseFact::ConflictWithin { clashes: found, switch_off, .. } => {
            json!({ "conflicts": clashes(found), "switchOff": places(switch_off) })
        }
        LicenseFact::MissingNeed { any_of, switch_on, owned, is_switched_off, .. } => json!({
            "anyOf": words.plan_objects(any_of),
            "switchOn": places(switch_on),
            "owned": products(owned),
            "switchedOff": is_switched_off,
        }),
        LicenseFact::StrayPlan { suggestion, known_in, .. } => json!({
            "suggestion": suggestion.map(|plan| words.plan_object(plan)),
            "knownIn": products(known_in),
        }),
        LicenseFact::Unavailable { is_owned, .. } => json!({ "owned": is_owned }),
        LicenseFact::Overlap { products: shared, .. } => {
            let one =
                |(sku, same): &(SkuIndex, bool)| json!({ "skuId": words.sku_id(*sku), "samePlans": same });
            json!({ "shared": shared.iter().map(one).collect::<Vec<Value>>() })
        }
        LicenseFact::ConflictBetween { clashes: found, .. } => json!({ "conflicts": clashes(found) }),
        LicenseFact::Guests { members, .. } => json!({ "members": members }),
        LicenseFact::TooFewSeats { status, capacity, demand, direct, .. } => json!({
            "status": status.word(),
            "capacity": capacity,
            "demand": demand,
            "direct": direct,
            "short": demand.saturating_sub(*capacity),
        }),
        LicenseFact::DirectCovered { safe, .. } => json!({ "safe": safe }),
        LicenseFact::AllOff { .. } | LicenseFact::NoMembers { .. } | LicenseFact::NotEligible { .. } => {
            json!({})
        }
    }
}

fn object_of_clash(words: Words<'_>, clash: &Clash) -> Value {
    json!({
        "family": clash.family,
        "one": place(words, clash.sku, clash.plan),
        "other": place(words, clash.other_sku, clash.other),
        "switchedOff": clash.switched_off.map(|plan| words.plan_id(plan)),
    })
}

fn place(words: Words<'_>, sku: SkuIndex, plan: PlanIndex) -> Value {
    json!({ "skuId": words.sku_id(sku), "planId": words.plan_id(plan) })
}
