//! The explanation of a user's licenses as an object.

use serde_json::{Value, json};

use super::explanation::{ExplainedPlan, ExplainedProduct, ExplainedUser, products};
use super::naming::{SourceObject, Words};
use super::problems::Teller;
use crate::licensing::catalog::SkuIndex;
use crate::licensing::explain::{Location, Place, Removal};
use crate::licensing::outcome::{ErrorCode, Record};
use crate::licensing::pool::SubscriptionStatus;

/// All about one user.
pub(super) fn object(teller: &Teller<'_>, user: &ExplainedUser<'_>) -> Value {
    let (words, explanation) = (teller.words, &user.explanation);
    let (country, from) = match explanation.location {
        Location::Own(country) => (Some(country), Some("user")),
        Location::Directory(country) => (Some(country), Some("directory")),
        Location::Unknown => (None, None),
    };
    let products = products(words, explanation);
    let products = products.iter().map(|one| product(teller, user, one)).collect::<Value>();
    let mut grace: Vec<_> = explanation.outcome.grace.iter().collect();
    grace.sort_by_key(|one| words.plan_id(one.plan));
    let grace = grace
        .into_iter()
        .map(|one| json!({ "plan": words.plan_object(one.plan), "graceUntil": one.until.to_string() }));
    json!({
        "userId": user.id,
        "location": { "country": country.map(|country| country.to_string()), "source": from },
        "deletedAt": explanation.user.deleted_at.map(|instant| instant.to_string()),
        "products": products,
        "grace": grace.collect::<Value>(),
        "removals": explanation.removals.iter().map(|one| removal(words, one)).collect::<Value>(),
    })
}

fn product(teller: &Teller<'_>, user: &ExplainedUser<'_>, product: &ExplainedProduct<'_>) -> Value {
    let words = teller.words;
    let sku = product.sku;
    json!({
        "skuId": words.sku_id(sku),
        "skuPartNumber": words.part_number(sku),
        "displayName": words.names.product(words.sku_id(sku)),
        "status": words.tenant.catalog().pool(sku).status.word(),
        "takesSeat": product.records.iter().any(|record| record.state.is_in_force()),
        "sources": product.records.iter().map(|record| source(teller, user, record)).collect::<Value>(),
        "plans": product.plans.iter().map(|one| plan(words, sku, one)).collect::<Value>(),
    })
}

fn source(teller: &Teller<'_>, user: &ExplainedUser<'_>, record: &Record) -> Value {
    let words = teller.words;
    let outcome = user.explanation.outcome;
    json!({
        "source": words.source(record.source),
        "state": record.state.word(),
        "error": record.error.map(ErrorCode::word),
        "detail": record.error.map(|_| teller.tell(outcome, record).detail()),
        "disabledPlans": words.plan_ids(&record.disabled),
        "pendingRemoval": record.pending_removal,
        "activeSince": record.activated.map(|moment| moment.time.to_string()),
        "waitingSince": record.waiting_since.map(|instant| instant.to_string()),
    })
}

fn plan(words: Words<'_>, sku: SkuIndex, plan: &ExplainedPlan<'_>) -> Value {
    let own = |places: &[Place]| {
        let own = places.iter().filter(|(other, _)| *other == sku);
        let mut own: Vec<SourceObject> = own.map(|(_, source)| words.source(*source)).collect();
        own.sort();
        json!(own)
    };
    let mut elsewhere: Vec<Place> = plan.standing.on.clone();
    elsewhere.retain(|(other, _)| *other != sku);
    elsewhere.sort_by_key(|(sku, source)| words.order(*sku, *source));
    let elsewhere = elsewhere
        .into_iter()
        .map(|(sku, source)| json!({ "skuId": words.sku_id(sku), "source": words.source(source) }));
    json!({
        "plan": words.plan_object(plan.plan),
        "state": plan.state.word(),
        "capabilityStatus": plan.standing.capability().map(SubscriptionStatus::word),
        "on": own(&plan.standing.on),
        "off": own(&plan.standing.off),
        "heldBack": own(&plan.standing.held_back),
        "notGiven": own(&plan.standing.failed),
        "onElsewhere": elsewhere.collect::<Value>(),
    })
}

fn removal(words: Words<'_>, removal: &Removal) -> Value {
    let skus = |skus: &std::collections::BTreeSet<SkuIndex>| {
        let mut ids: Vec<&str> = skus.iter().map(|sku| words.sku_id(*sku)).collect();
        ids.sort_unstable();
        json!(ids)
    };
    let stranded = removal.stranded.iter().map(
        |(plan, any_of)| json!({ "plan": words.plan_object(*plan), "anyOf": words.plan_objects(any_of) }),
    );
    json!({
        "source": words.source(removal.source),
        "skuIds": skus(&removal.skus),
        "safe": removal.is_safe(),
        "inForce": removal.is_in_force,
        "seatsFreed": skus(&removal.seats_freed),
        "plansLost": words.plan_objects(&removal.lost),
        "stranded": stranded.collect::<Value>(),
    })
}
