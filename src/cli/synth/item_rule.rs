//! Made-up conditions on the items of users' collections.

use rand::RngExt;

use super::clause::Clause;
use super::random::{Generator, one_of};
use super::vocabulary::Vocabulary;
use super::work::{COMPANIES, GUEST_DOMAINS, INITIAL_DOMAIN};

/// A condition on some item, or on all items, of a collection.
pub(super) fn clause(vocabulary: &Vocabulary, generator: &mut Generator) -> Clause {
    let item = |operator: &str, value: &str| Clause::text("_", operator, value);
    let plan = |field: &str, value: &str| Clause::text(&format!("assignedPlan.{field}"), "-eq", value);
    let plans = &vocabulary.products.plans;
    match generator.random::<f64>() {
        draw if draw < 0.18 => Clause::any_item(
            "user.proxyAddresses",
            &item("-contains", &format!("@{}", one_of(generator, &COMPANIES).1)),
        ),
        draw if draw < 0.32 => {
            let given = vocabulary.names.given.name(generator).plain.as_str();
            let start = one_of(generator, &["adm-", "svc-", given]);
            Clause::any_item("user.proxyAddresses", &item("-startsWith", &format!("smtp:{start}")))
        }
        draw if draw < 0.40 => {
            Clause::any_item("user.proxyAddresses", &item("-endsWith", &format!("@{INITIAL_DOMAIN}")))
        }
        draw if draw < 0.48 => {
            let domain = one_of(generator, &GUEST_DOMAINS);
            Clause::any_item("user.otherMails", &item("-endsWith", &format!("@{domain}")))
        }
        draw if draw < 0.52 => {
            let body = plan("servicePlanId", &plans.name(generator).id);
            Clause::any_item("user.assignedPlans", &body).negated()
        }
        draw if draw < 0.56 => {
            Clause::Test("user.assignedPlans -all (assignedPlan.servicePlanId -eq null)".to_owned())
        }
        draw if draw < 0.70 => {
            let service = plan("service", plans.name(generator).service);
            Clause::any_item("user.assignedPlans", &service.and(plan("capabilityStatus", "Enabled")))
        }
        draw => {
            let status =
                if draw < 0.95 { "Enabled" } else { one_of(generator, &["Deleted", "Suspended", "Warning"]) };
            let id = plan("servicePlanId", &plans.name(generator).id);
            Clause::any_item("user.assignedPlans", &id.and(plan("capabilityStatus", status)))
        }
    }
}
