//! What a tenant owns, as text.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::names::{Id, Names, Places};
use super::words::StatusText;
use super::{CodecError, is_default, json, parse};
use crate::licensing::catalog::{Product, SkuIndex};
use crate::licensing::pool::{Subscription, SubscriptionStatus};
use crate::licensing::tenant::Tenant;

const OF: &str = "what is known of a product";

/// What is known of a product as text, without the seats beyond those bought, which are a matter of the
/// policy. Every plan in it is one of `tenant`.
pub fn product_text(product: &Product, tenant: &Tenant) -> String {
    let names = Names(tenant);
    let plan = |plan| PlanText {
        id: names.plan(plan),
        name: tenant.catalog().plan_at(plan).and_then(|plan| plan.name.as_deref()).map(Id::Borrowed),
    };
    let mut plans: Vec<PlanText<'_>> = product.plans.iter().map(plan).collect();
    plans.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    let subscription =
        |own: &Subscription| SubscriptionText { id: own.id.clone(), status: own.status, total: own.total };
    json(&ProductText {
        sku: Id::Borrowed(&product.sku_id),
        part_number: product.part_number.clone(),
        is_assignable: product.is_assignable,
        plans,
        subscriptions: product.subscriptions.iter().map(subscription).collect(),
    })
}

/// Reads what [`product_text`] has written. The product and its plans are named in `tenant`, but what the
/// tenant knows of the product stays: [`Tenant::set_product`] changes it. The seats beyond those bought are
/// those of the tenant's policy.
///
/// ```
/// use dyngroup::licensing::codec::{product_text, read_product};
/// # use dyngroup::licensing::{catalog::Catalog, policy::LicensingPolicy, tenant::Tenant};
/// let mut tenant = Tenant::new(Catalog::default(), LicensingPolicy::default(), None);
/// let text = r#"{"sku":"e5","partNumber":"ENTERPRISE","isAssignable":true,"plans":[{"id":"p1","name":"MAIL"}],"subscriptions":[{"id":"s","status":"Enabled","total":5}]}"#;
/// let product = read_product(text, &mut tenant)?;
/// assert_eq!(product_text(&product, &tenant), text);
/// let sku = tenant.set_product(product);
/// assert_eq!(tenant.catalog().pool(sku).capacity, 5);
/// # Ok::<(), dyngroup::licensing::codec::CodecError>(())
/// ```
///
/// # Errors
///
/// If the text is anything else.
pub fn read_product(text: &str, tenant: &mut Tenant) -> Result<Product, CodecError> {
    let text: ProductText<'_> = parse(OF, text)?;
    let mut places = Places { tenant, of: OF };
    let sku_id = text.sku.to_ascii_lowercase();
    places.sku(&sku_id)?;
    let mut plans = Vec::with_capacity(text.plans.len());
    for plan in text.plans {
        plans.push(places.named_plan(&plan.id, plan.name.as_deref())?);
    }
    let subscription =
        |own: SubscriptionText| Subscription { id: own.id, status: own.status, total: own.total };
    Ok(Product {
        overallocation: places.tenant.policy().overallocation_of(&sku_id),
        sku_id,
        part_number: text.part_number,
        is_assignable: text.is_assignable,
        plans: plans.into_iter().collect(),
        subscriptions: text.subscriptions.into_iter().map(subscription).collect(),
    })
}

impl Tenant {
    /// Puts what is known of a product in the place of what was known of it. Its plans are of this tenant.
    pub fn set_product(&mut self, product: Product) -> SkuIndex {
        let catalog = Arc::make_mut(&mut self.catalog);
        let sku = catalog.sku(&product.sku_id);
        if let Some(known) = catalog.product_mut(sku) {
            let sku_id = std::mem::take(&mut known.sku_id);
            *known = Product { sku_id, ..product };
        }
        sku
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", expecting = "an object")]
struct ProductText<'t> {
    #[serde(borrow)]
    sku: Id<'t>,
    #[serde(default, skip_serializing_if = "is_default")]
    part_number: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    is_assignable: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    plans: Vec<PlanText<'t>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subscriptions: Vec<SubscriptionText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct PlanText<'t> {
    #[serde(borrow)]
    id: Id<'t>,
    #[serde(default, skip_serializing_if = "is_default")]
    name: Option<Id<'t>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct SubscriptionText {
    id: String,
    #[serde(with = "StatusText")]
    status: SubscriptionStatus,
    #[serde(default, skip_serializing_if = "is_default")]
    total: u64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::licensing::codec::samples;

    proptest! {
        #[test]
        fn products_come_back_whatever_their_places_are(
            plans in samples::plans(),
            (is_assignable, part_number) in (any::<bool>(), any::<Option<String>>()),
            bought in prop::collection::vec((any::<String>(), 0..5_usize, any::<u64>()), 0..4),
        ) {
            let subscription = |(id, status, total)| {
                Subscription { id, status: SubscriptionStatus::ALL[status], total }
            };
            let product = Product {
                sku_id: "sku-3".to_owned(),
                part_number,
                is_assignable,
                plans,
                subscriptions: bought.into_iter().map(subscription).collect(),
                overallocation: 7,
            };
            let [mut tenant, mut other] = [false, true].map(samples::tenant);
            let text = product_text(&product, &tenant);
            prop_assert_eq!(&read_product(&text, &mut tenant).unwrap(), &product, "{}", text);
            let read = read_product(&text, &mut other).unwrap();
            prop_assert_eq!(product_text(&read, &other), text.clone());
            let sku = tenant.set_product(product.clone());
            prop_assert_eq!(tenant.catalog().product(sku), Some(&product));
            prop_assert_eq!(tenant.catalog().find_sku("SKU-3"), Some(sku));
        }
    }

    #[test]
    fn what_is_no_product_is_told() {
        let told = |text: &str| {
            let mut tenant = samples::tenant(false);
            read_product(text, &mut tenant).map_err(|error| error.to_string()).unwrap_err()
        };
        insta::assert_snapshot!(told("{}"), @"what is known of a product: missing field `sku` at line 1 column 2");
        insta::assert_snapshot!(told(r#"{"sku":""}"#), @"what is known of a product: an id is empty");
        insta::assert_snapshot!(told(r#"{"sku":"a","plans":["p"]}"#), @r#"what is known of a product: invalid type: string "p", expected an object at line 1 column 23"#);
        insta::assert_snapshot!(told(r#"{"sku":"a","plans":[{"id":"p","named":"q"}]}"#), @"what is known of a product: unknown field `named`, expected `id` or `name` at line 1 column 37");
        insta::assert_snapshot!(told(r#"{"sku":"a","subscriptions":[{"id":"p","status":"enabled"}]}"#), @"what is known of a product: unknown variant `enabled`, expected one of `Enabled`, `Warning`, `Suspended`, `LockedOut`, `Deleted` at line 1 column 56");
        insta::assert_snapshot!(told(r#"{"sku":"a","subscriptions":[{"id":"p","status":"Enabled","total":-1}]}"#), @"what is known of a product: invalid value: integer `-1`, expected a number that is not negative at line 1 column 67");
        insta::assert_snapshot!(told("{\"sku\":\"a\",\"\\u001b[2J\":1}"), @r"what is known of a product: unknown field `\u{1b}[2J`, expected one of `sku`, `partNumber`, `isAssignable`, `plans`, `subscriptions` at line 1 column 22");
    }
}
