//! The products that the tenant has bought: how many seats, and the service plans in each.

use std::sync::LazyLock;

use super::error::DataErrors;
use super::read::{IdOf, read_rows};
use super::row::Row;
use super::shape::{FieldKind, Shape};
use super::source::Source;

/// A product, in Graph a subscribed SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sku {
    /// The product's GUID.
    pub sku_id: String,
    /// Its short name, such as `ENTERPRISEPACK`. Two products may share one.
    pub sku_part_number: String,
    /// `User` or `Company`.
    pub applies_to: Option<String>,
    /// `Enabled`, `Warning`, `Suspended`, `LockedOut` or `Deleted`.
    pub capability_status: Option<String>,
    /// The seats that were bought.
    pub prepaid_units: PrepaidUnits,
    /// The seats that the service counts as taken.
    pub consumed_units: u64,
    /// The service plans in it.
    pub service_plans: Vec<ServicePlan>,
    /// The ids of the subscriptions that its seats come from.
    pub subscription_ids: Vec<String>,
    /// The line of the file on which it begins, from 1.
    pub line: usize,
}

/// The seats of a product by the state of their subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrepaidUnits {
    /// Seats in good standing.
    pub enabled: u64,
    /// Seats of an expired subscription in its grace period.
    pub warning: u64,
    /// Seats that can no longer be assigned.
    pub suspended: u64,
    /// Seats of a subscription that was locked.
    pub locked_out: u64,
}

/// One service plan of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServicePlan {
    /// The plan's GUID.
    pub service_plan_id: String,
    /// Its short name, such as `EXCHANGE_S_ENTERPRISE`.
    pub service_plan_name: Option<String>,
    /// `User` or `Company`.
    pub applies_to: Option<String>,
    /// `Success`, `Disabled`, `PendingInput`, …
    pub provisioning_status: Option<String>,
}

/// Reads products in the order of the file.
///
/// # Errors
///
/// If the text is not what its format says, holds a value of the wrong type, a product without
/// `skuId`, `skuPartNumber` or `prepaidUnits.enabled`, a service plan without `servicePlanId`, or two
/// products with one id.
pub fn read_skus(source: &Source<'_>) -> Result<Vec<Sku>, DataErrors> {
    let id: IdOf<Sku> = |sku| &sku.sku_id;
    read_rows(source, &SKU, Some(("skuId", id)), &sku)
}

static SKU: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("skuId", FieldKind::Text),
        ("skuPartNumber", FieldKind::Text),
        ("appliesTo", FieldKind::Text),
        ("capabilityStatus", FieldKind::Text),
        ("prepaidUnits.enabled", FieldKind::Count),
        ("prepaidUnits.warning", FieldKind::Count),
        ("prepaidUnits.suspended", FieldKind::Count),
        ("prepaidUnits.lockedOut", FieldKind::Count),
        ("consumedUnits", FieldKind::Count),
        ("servicePlans", FieldKind::Rows(&SERVICE_PLAN)),
        ("subscriptionIds", FieldKind::Texts),
    ])
    .require(["skuId", "skuPartNumber", "prepaidUnits.enabled"])
});

static SERVICE_PLAN: LazyLock<Shape<'static>> = LazyLock::new(|| {
    Shape::new([
        ("servicePlanId", FieldKind::Text),
        ("servicePlanName", FieldKind::Text),
        ("appliesTo", FieldKind::Text),
        ("provisioningStatus", FieldKind::Text),
    ])
    .require(["servicePlanId"])
});

fn sku(mut row: Row, line: usize) -> Sku {
    let mut units = |name| row.count(name).unwrap_or_default();
    let prepaid_units = PrepaidUnits {
        enabled: units("prepaidUnits.enabled"),
        warning: units("prepaidUnits.warning"),
        suspended: units("prepaidUnits.suspended"),
        locked_out: units("prepaidUnits.lockedOut"),
    };
    Sku {
        sku_id: row.required_text("skuId"),
        sku_part_number: row.required_text("skuPartNumber"),
        applies_to: row.text("appliesTo"),
        capability_status: row.text("capabilityStatus"),
        prepaid_units,
        consumed_units: row.count("consumedUnits").unwrap_or_default(),
        service_plans: row.rows("servicePlans").into_iter().map(service_plan).collect(),
        subscription_ids: row.texts("subscriptionIds").unwrap_or_default(),
        line,
    }
}

fn service_plan(mut row: Row) -> ServicePlan {
    ServicePlan {
        service_plan_id: row.required_text("servicePlanId"),
        service_plan_name: row.text("servicePlanName"),
        applies_to: row.text("appliesTo"),
        provisioning_status: row.text("provisioningStatus"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::source::Format;

    fn read(text: &str, format: Format) -> Result<Vec<Sku>, String> {
        let source = Source::of_text("skus", text, format).unwrap();
        read_skus(&source).map_err(|errors| errors.to_string())
    }

    #[test]
    fn a_product_from_graph_and_from_columns() {
        let json = r#"{"value": [{"id": "tenant_s1", "skuId": "s1", "skuPartNumber": "PACK", "consumedUnits": 7,
            "prepaidUnits": {"enabled": 10, "warning": 2, "suspended": null, "lockedOut": 1},
            "servicePlans": [{"servicePlanId": "p1", "servicePlanName": "MAIL", "appliesTo": "User"}],
            "subscriptionIds": ["u1", "u2"], "accountId": "x"}]}"#;
        let csv = "skuId,skuPartNumber,consumedUnits,prepaidUnits.enabled,PrepaidUnits.Warning,\
                   prepaidUnits.lockedOut,subscriptionIds,servicePlans\n\
                   s1,PACK,7,10,2,1,u1;u2,\"[{\"\"servicePlanId\"\":\"\"p1\"\",\"\"servicePlanName\"\":\"\"MAIL\"\",\
                   \"\"appliesTo\"\":\"\"User\"\"}]\"\n";
        let mut skus = read(json, Format::Json).unwrap();
        let [sku] = skus.as_mut_slice() else { panic!("one product") };
        assert_eq!(sku.prepaid_units, PrepaidUnits { enabled: 10, warning: 2, suspended: 0, locked_out: 1 });
        assert_eq!((sku.consumed_units, sku.service_plans.len()), (7, 1));
        assert_eq!(sku.subscription_ids, ["u1", "u2"]);
        sku.line = 2;
        assert_eq!(read(csv, Format::Csv), Ok(skus));
    }

    #[test]
    fn seats_are_whole_numbers_and_must_be_given() {
        let text = "{\"skuId\":\"a\",\"skuPartNumber\":\"A\",\"prepaidUnits\":{\"enabled\":-1}}\n\
                    {\"skuId\":\"b\",\"skuPartNumber\":\"B\",\"prepaidUnits\":{\"enabled\":2.5}}\n\
                    {\"skuId\":\"c\",\"skuPartNumber\":\"C\",\"prepaidUnits\":{}}\n\
                    {\"skuId\":\"d\",\"skuPartNumber\":\"D\",\"prepaidUnits\":5}\n\
                    {\"skuId\":\"e\",\"skuPartNumber\":\"\",\"prepaidUnits\":{\"enabled\":1},\"servicePlans\":[{}]}\n";
        insta::assert_snapshot!(read(text, Format::Ndjson).unwrap_err(), @r"
            skus:1:60: field prepaidUnits.enabled: expected a whole number of at least 0, found the number -1
            skus:2:60: field prepaidUnits.enabled: expected a whole number of at least 0, found the number 2.5
            skus:3:1: field prepaidUnits.enabled: a value is missing
            skus:4:1: field prepaidUnits.enabled: a value is missing
            skus:4:49: field prepaidUnits: expected an object or null, found the number 5
            skus:5:1: field skuPartNumber: a value is missing
            skus:5:78: field servicePlans[0].servicePlanId: a value is missing
            ");
        insta::assert_snapshot!(read("skuId,skuPartNumber,prepaidUnits.enabled\na,A,ten\n", Format::Csv).unwrap_err(), @r#"skus:2:5: field prepaidUnits.enabled: expected a whole number of at least 0, found "ten""#);
    }
}
