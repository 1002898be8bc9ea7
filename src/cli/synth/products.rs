//! What the tenant has bought: products, and the service plans that they bring.

use rand::RngExt;
use serde_json::{Value, json};

use super::random::{Generator, Pool, Purpose, Seed, guid};

/// A product with its service plans.
#[derive(Debug)]
pub(super) struct Product {
    /// Its place among the products, from 0.
    pub(super) number: usize,
    pub(super) sku_id: String,
    part_number: &'static str,
    plans: Vec<ServicePlan>,
}

/// A service plan, as products name it.
#[derive(Clone, Debug)]
pub(super) struct ServicePlan {
    pub(super) id: String,
    pub(super) service: &'static str,
    name: String,
}

/// A service plan that a user has, or had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AssignedPlan<'products> {
    pub(super) id: &'products str,
    pub(super) service: &'products str,
    /// `Enabled`, `Deleted`, …
    pub(super) status: &'static str,
}

/// All products.
#[derive(Debug)]
pub(super) struct Products {
    all: Vec<Product>,
    /// The one that a user works with, if any.
    main: Pool<Option<usize>>,
    /// How many more a user has.
    add_ons: Pool<usize>,
    status: Pool<&'static str>,
    /// All service plans, those of many products first.
    pub(super) plans: Pool<ServicePlan>,
}

impl Products {
    pub(super) fn new() -> Self {
        // No seed of the tenant: rules of all tenants name the same plans.
        let mut generator = Seed(0).generator(Purpose::Vocabulary, 0);
        let plans: Vec<ServicePlan> = (0..PLANS)
            .zip(SERVICES.iter().cycle())
            .map(|(number, &service)| {
                let tier = number / SERVICES.len() + 1;
                let name = format!("{}_P{tier}", service.to_ascii_uppercase().replace('-', "_"));
                ServicePlan { id: guid(&mut generator), service, name }
            })
            .collect();
        let products: Vec<Product> = PRODUCTS
            .iter()
            .enumerate()
            .map(|(number, &(part_number, from, count, step))| {
                let plans = plans.iter().skip(from).step_by(step).take(count).cloned().collect();
                Product { number, sku_id: guid(&mut generator), part_number, plans }
            })
            .collect();
        let main = [None, Some(0), Some(1), Some(2), Some(3), Some(4)];
        let add_ons = [0, 1, 2, 3];
        let status = ["Enabled", "Deleted", "Suspended", "Warning", "LockedOut"];
        Self {
            all: products,
            main: Pool::shares(main.into_iter().zip([0.10, 0.12, 0.20, 0.35, 0.18, 0.05])),
            add_ons: Pool::shares(add_ons.into_iter().zip([0.60, 0.25, 0.10, 0.05])),
            status: Pool::shares(status.into_iter().zip([0.92, 0.04, 0.02, 0.015, 0.005])),
            plans: Pool::falling(plans, 0.5),
        }
    }

    /// The products that a user has, none twice.
    pub(super) fn draw(&self, generator: &mut Generator) -> Vec<&Product> {
        let Some(main) = self.main.draw(generator) else { return Vec::new() };
        let mut numbers = vec![*main];
        for _ in 0..*self.add_ons.draw(generator) {
            let number = generator.random_range(MAIN_PRODUCTS..self.all.len());
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        numbers.into_iter().filter_map(|number| self.all.get(number)).collect()
    }

    /// The service plans of these products as they stand at a user: a few are no longer in use.
    pub(super) fn assigned<'products>(
        &'products self,
        products: &[&'products Product],
        generator: &mut Generator,
    ) -> Vec<AssignedPlan<'products>> {
        let mut assigned: Vec<AssignedPlan<'_>> = Vec::new();
        for plan in products.iter().flat_map(|product| &product.plans) {
            if !assigned.iter().any(|other| other.id == plan.id) {
                let status = self.status.draw(generator);
                assigned.push(AssignedPlan { id: &plan.id, service: plan.service, status });
            }
        }
        assigned
    }

    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Products that groups hand out, by their place among them.
    pub(super) fn sku_id(&self, number: usize) -> Option<&str> {
        self.all.get(number).map(|product| product.sku_id.as_str())
    }

    /// The products as Graph lists them; `consumed` holds the seats that users take of each.
    pub(super) fn subscribed_skus(&self, consumed: &[u64]) -> Value {
        let sku = |(product, &consumed): (&Product, &u64)| {
            let plan = |plan: &ServicePlan| {
                json!({
                    "servicePlanId": plan.id,
                    "servicePlanName": plan.name,
                    "provisioningStatus": "Success",
                    "appliesTo": "User",
                })
            };
            json!({
                "id": format!("{TENANT_ID}_{}", product.sku_id),
                "skuId": product.sku_id,
                "skuPartNumber": product.part_number,
                "appliesTo": "User",
                "capabilityStatus": "Enabled",
                "consumedUnits": consumed,
                "prepaidUnits": { "enabled": consumed + consumed / 10 + 25, "warning": 0, "suspended": 0, "lockedOut": 0 },
                "servicePlans": product.plans.iter().map(plan).collect::<Vec<_>>(),
            })
        };
        json!({ "value": self.all.iter().zip(consumed).map(sku).collect::<Vec<_>>() })
    }
}

/// The id of the tenant, the same for all seeds.
pub(super) const TENANT_ID: &str = "7d3c5a10-52f4-4c0e-9b61-08a2e6d4c9f7";

/// How many service plans there are.
const PLANS: usize = 96;

/// How many products people work with; those behind are add-ons.
const MAIN_PRODUCTS: usize = 5;

/// Part number, and which service plans: the first, how many, and in which steps.
const PRODUCTS: [(&str, usize, usize, usize); 12] = [
    ("WORK_FRONTLINE", 0, 8, 1),
    ("WORK_BASIC", 0, 12, 1),
    ("WORK_STANDARD", 0, 18, 1),
    ("WORK_COMPLETE", 0, 22, 1),
    ("WORK_COMPLETE_SECURE", 2, 22, 1),
    ("CALLS_AND_MEETINGS", 26, 2, 5),
    ("DIAGRAMS", 28, 1, 1),
    ("PROJECTS", 40, 2, 3),
    ("REPORTS_PRO", 50, 2, 7),
    ("CUSTOMERS_SALES", 64, 3, 4),
    ("THREAT_PROTECTION", 70, 3, 6),
    ("COPILOT_SEATS", 90, 1, 1),
];

/// The services that plans belong to, in the words that users' plans carry.
pub(super) const SERVICES: [&str; 24] = [
    "exchange",
    "SharePoint",
    "TeamspaceAPI",
    "MicrosoftCommunicationsOnline",
    "MicrosoftOffice",
    "SCO",
    "AADPremiumService",
    "RMSOnline",
    "OfficeForms",
    "ProcessSimple",
    "PowerAppsService",
    "ProjectWorkManagement",
    "To-Do",
    "Sway",
    "WhiteboardServices",
    "YammerEnterprise",
    "MultiFactorService",
    "Adallom",
    "WindowsDefenderATP",
    "Windows",
    "PowerBI",
    "Deskless",
    "LearningAppServiceInTeams",
    "CRM",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_differ_and_all_have_plans() {
        let products = Products::new();
        for product in &products.all {
            let (_, _, count, _) = PRODUCTS[product.number];
            assert_eq!(product.plans.len(), count, "{}", product.part_number);
        }
        let again = Products::new();
        assert_eq!(products.sku_id(0), again.sku_id(0), "the same in every tenant");
        assert_ne!(products.sku_id(0), products.sku_id(1));
    }

    #[test]
    fn plans_come_from_the_products() {
        let products = Products::new();
        let mut generator = Seed(1).generator(Purpose::User, 0);
        let (mut none, mut disabled) = (0, 0);
        for _ in 0..1_000 {
            let drawn = products.draw(&mut generator);
            let assigned = products.assigned(&drawn, &mut generator);
            assert_eq!(drawn.is_empty(), assigned.is_empty());
            none += usize::from(drawn.is_empty());
            disabled += usize::from(assigned.iter().any(|plan| plan.status != "Enabled"));
        }
        assert!((60..150).contains(&none), "{none}");
        assert!((500..900).contains(&disabled), "{disabled}");
    }
}
