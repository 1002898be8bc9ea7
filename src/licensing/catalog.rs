//! What a tenant owns: products with their service plans and seats, and what is known of the plans.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::facts::Facts;
use super::plan_set::{PlanIndex, PlanSet};
use super::policy::LicensingPolicy;
use super::pool::{Pool, Subscription, SubscriptionStatus};
use crate::directory::sku::Sku;

/// A product's place in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkuIndex(pub u32);

/// A country as two letters in upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

/// One service plan.
#[derive(Clone, Debug)]
pub struct ServicePlan {
    /// The GUID in lower case: what tells plans apart.
    pub id: String,
    /// Its short name. Two plans can share one.
    pub name: Option<String>,
    /// Where it may not be used.
    pub prohibited_in: BTreeSet<Country>,
    /// What it needs: one plan of each set.
    pub requires: Vec<PlanSet>,
    /// Whether it brings a mailbox, and so takes an address.
    pub is_mailbox: bool,
    /// Whether users have data of their own behind it: [`Catalog::data_kinds`] tells what.
    pub is_data_bearing: bool,
}

/// One product. One that is only named by a template has no plans and no subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The GUID in lower case.
    pub sku_id: String,
    /// Its short name. Two products can share one.
    pub part_number: Option<String>,
    /// Whether it is for users and not for the whole tenant.
    pub is_assignable: bool,
    /// The service plans in it.
    pub plans: PlanSet,
    /// What was bought.
    pub subscriptions: Vec<Subscription>,
    /// Seats that may be used beyond those bought.
    pub overallocation: u64,
}

/// Plans of which a user can have one only, unless they come in one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Its name in the data and in policies.
    pub name: String,
    /// The plans that exclude each other.
    pub exclusive: PlanSet,
    /// The order among some plans; the higher number is the better plan.
    pub ranks: BTreeMap<PlanIndex, u32>,
}

/// Plans behind which users have data of one kind. Who has one of them can reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataKind {
    /// What it is, in words with hyphens: `mailbox`, `files`, `calling-plan`.
    pub name: String,
    /// The plans.
    pub plans: PlanSet,
}

/// Products, plans and what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    plans: Vec<ServicePlan>,
    plans_by_id: HashMap<String, PlanIndex>,
    products: Vec<Product>,
    products_by_id: HashMap<String, SkuIndex>,
    families: Vec<Family>,
    data_kinds: Vec<DataKind>,
    /// Plans that need others.
    pub(super) needy: PlanSet,
    /// Plans that may not be used everywhere.
    pub(super) restricted: PlanSet,
}

impl Catalog {
    /// The products that a tenant owns, with what is known of their plans: the built-in facts, changed by
    /// what the policy adds.
    pub fn new(skus: &[Sku], policy: &LicensingPolicy) -> Self {
        let mut catalog = Self::default();
        for sku in skus {
            let plans = sku.service_plans.iter();
            let plans =
                plans.map(|plan| catalog.plan(&plan.service_plan_id, plan.service_plan_name.as_deref()));
            let plans = plans.collect::<Vec<_>>().into_iter().collect();
            let index = catalog.sku(&sku.sku_id);
            let overallocation = policy.overallocation_of(&sku.sku_id);
            if let Some(product) = catalog.product_mut(index) {
                product.part_number = Some(sku.sku_part_number.clone());
                product.is_assignable =
                    sku.applies_to.as_ref().is_none_or(|to| to.eq_ignore_ascii_case("User"));
                product.plans = plans;
                product.subscriptions = subscriptions(sku);
                product.overallocation = overallocation;
            }
        }
        catalog.learn(&policy.facts());
        catalog
    }

    /// The place of a plan; one that was never named gets a new place.
    pub fn plan(&mut self, id: &str, name: Option<&str>) -> PlanIndex {
        let id = id.to_ascii_lowercase();
        let next = PlanIndex(u32::try_from(self.plans.len()).unwrap_or(u32::MAX));
        let index = *self.plans_by_id.entry(id.clone()).or_insert(next);
        if index == next {
            let (name, prohibited_in, requires) = (None, BTreeSet::new(), Vec::new());
            let (is_mailbox, is_data_bearing) = (false, false);
            self.plans.push(ServicePlan { id, name, prohibited_in, requires, is_mailbox, is_data_bearing });
        }
        if let (Some(plan), Some(name)) = (self.plans.get_mut(index.0 as usize), name) {
            plan.name.get_or_insert_with(|| name.to_owned());
        }
        index
    }

    /// The place of a product; one that was never named gets a new place, without plans and seats.
    pub fn sku(&mut self, sku_id: &str) -> SkuIndex {
        let sku_id = sku_id.to_ascii_lowercase();
        let next = SkuIndex(u32::try_from(self.products.len()).unwrap_or(u32::MAX));
        let index = *self.products_by_id.entry(sku_id.clone()).or_insert(next);
        if index == next {
            self.products.push(Product {
                sku_id,
                part_number: None,
                is_assignable: true,
                plans: PlanSet::default(),
                subscriptions: Vec::new(),
                overallocation: 0,
            });
        }
        index
    }

    /// Puts facts over those that are known: a family or kind of data of the same name, and the needs, the
    /// countries and the mailbox of a plan are replaced.
    pub fn learn(&mut self, facts: &Facts) {
        for family in &facts.families {
            let exclusive = family.plans.iter().map(|plan| self.plan(plan, None)).collect();
            let ranks = family.ranks.iter().map(|(plan, rank)| (self.plan(plan, None), *rank)).collect();
            let family = Family { name: family.name.clone(), exclusive, ranks };
            match self.families.iter_mut().find(|known| known.name == family.name) {
                Some(known) => *known = family,
                None => self.families.push(family),
            }
        }
        for (plan, sets) in &facts.prerequisites {
            let sets: Vec<PlanSet> =
                sets.iter().map(|set| set.iter().map(|plan| self.plan(plan, None)).collect()).collect();
            self.change_plan(plan, |known| known.requires = sets);
        }
        for (plan, countries) in &facts.prohibited {
            self.change_plan(plan, |known| known.prohibited_in.clone_from(countries));
        }
        for plan in &facts.mailboxes {
            self.change_plan(plan, |known| known.is_mailbox = true);
        }
        self.learn_data(facts);
    }

    fn learn_data(&mut self, facts: &Facts) {
        for (name, plans) in &facts.data {
            let kind = DataKind {
                name: name.clone(),
                plans: plans.iter().map(|plan| self.plan(plan, None)).collect(),
            };
            match self.data_kinds.iter_mut().find(|known| known.name == kind.name) {
                Some(known) => *known = kind,
                None => self.data_kinds.push(kind),
            }
        }
        let mut bearing = PlanSet::default();
        for kind in &self.data_kinds {
            bearing.extend_with(&kind.plans);
        }
        for (index, plan) in (0..).map(PlanIndex).zip(&mut self.plans) {
            plan.is_data_bearing = bearing.contains(index);
        }
    }

    /// A plan's facts.
    pub fn plan_at(&self, plan: PlanIndex) -> Option<&ServicePlan> {
        self.plans.get(plan.0 as usize)
    }

    /// A product's facts.
    pub fn product(&self, sku: SkuIndex) -> Option<&Product> {
        self.products.get(sku.0 as usize)
    }

    /// A product's facts, to change them.
    pub fn product_mut(&mut self, sku: SkuIndex) -> Option<&mut Product> {
        self.products.get_mut(sku.0 as usize)
    }

    /// The place of a product that was named before.
    pub fn find_sku(&self, sku_id: &str) -> Option<SkuIndex> {
        self.products_by_id.get(&sku_id.to_ascii_lowercase()).copied()
    }

    /// The place of a plan that was named before.
    pub fn find_plan(&self, id: &str) -> Option<PlanIndex> {
        self.plans_by_id.get(&id.to_ascii_lowercase()).copied()
    }

    /// All products, in the order in which they were named.
    pub fn skus(&self) -> impl Iterator<Item = SkuIndex> + use<> {
        (0..u32::try_from(self.products.len()).unwrap_or(u32::MAX)).map(SkuIndex)
    }

    /// The families of plans that exclude each other.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// The kinds of data that users have behind plans.
    pub fn data_kinds(&self) -> &[DataKind] {
        &self.data_kinds
    }

    /// The plans of a product; none of an unknown one.
    pub fn plans_of(&self, sku: SkuIndex) -> PlanSet {
        self.product(sku).map(|product| product.plans.clone()).unwrap_or_default()
    }

    /// The seats of a product.
    pub fn pool(&self, sku: SkuIndex) -> Pool {
        match self.product(sku) {
            Some(product) => Pool::of(&product.subscriptions, product.overallocation),
            None => Pool::of(&[], 0),
        }
    }

    /// Whether the tenant has the product at all, whatever the state of its seats.
    pub fn is_subscribed(&self, sku: SkuIndex) -> bool {
        self.pool(sku).status != SubscriptionStatus::Deleted
    }

    /// Countries where some plan may not be used.
    pub(super) fn countries(&self) -> BTreeSet<Country> {
        let plans = self.restricted.iter().filter_map(|plan| self.plan_at(plan));
        plans.flat_map(|plan| plan.prohibited_in.iter().copied()).collect()
    }

    fn change_plan(&mut self, id: &str, change: impl FnOnce(&mut ServicePlan)) {
        let index = self.plan(id, None);
        let Some(plan) = self.plans.get_mut(index.0 as usize) else { return };
        change(plan);
        let marks = [
            (&mut self.needy, !plan.requires.is_empty()),
            (&mut self.restricted, !plan.prohibited_in.is_empty()),
        ];
        for (set, is_in) in marks {
            if is_in {
                set.insert(index);
            } else {
                set.remove(index);
            }
        }
    }
}

impl Country {
    /// Reads two letters, in any case.
    pub fn new(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        letters
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|&letter| write!(f, "{}", char::from(letter)))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A list of products has sums by state and no subscriptions; each sum stands for one.
fn subscriptions(sku: &Sku) -> Vec<Subscription> {
    let units = [
        (SubscriptionStatus::Enabled, sku.prepaid_units.enabled),
        (SubscriptionStatus::Warning, sku.prepaid_units.warning),
        (SubscriptionStatus::Suspended, sku.prepaid_units.suspended),
        (SubscriptionStatus::LockedOut, sku.prepaid_units.locked_out),
    ];
    let of = |(status, total): (SubscriptionStatus, u64)| Subscription {
        id: format!("{}-{}", sku.sku_id.to_ascii_lowercase(), status.word()),
        status,
        total,
    };
    let some: Vec<Subscription> = units.into_iter().filter(|&(_, total)| total > 0).map(of).collect();
    if !some.is_empty() {
        return some;
    }
    let status = sku.capability_status.as_deref().and_then(SubscriptionStatus::from_word);
    vec![of((status.unwrap_or(SubscriptionStatus::Enabled), 0))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::sku::{PrepaidUnits, ServicePlan as OwnedPlan};

    fn sku(id: &str, plans: &[&str], prepaid_units: PrepaidUnits) -> Sku {
        let plan = |id: &&str| OwnedPlan {
            service_plan_id: (*id).to_owned(),
            service_plan_name: None,
            applies_to: None,
            provisioning_status: None,
        };
        Sku {
            sku_id: id.to_owned(),
            sku_part_number: id.to_uppercase(),
            applies_to: None,
            capability_status: None,
            prepaid_units,
            consumed_units: 0,
            service_plans: plans.iter().map(plan).collect(),
            subscription_ids: Vec::new(),
            line: 1,
        }
    }

    #[test]
    fn ids_are_told_apart_without_regard_to_case() {
        let units = PrepaidUnits { enabled: 3, warning: 2, suspended: 9, locked_out: 0 };
        let skus = [sku("AA", &["P1", "P2"], units), sku("bb", &["p2"], PrepaidUnits::default())];
        let catalog = Catalog::new(&skus, &LicensingPolicy::default());
        let (a, b) = (catalog.find_sku("aa").unwrap(), catalog.find_sku("BB").unwrap());
        assert_eq!(catalog.plans_of(a).intersection(&catalog.plans_of(b)).len(), 1);
        assert_eq!(catalog.pool(a), Pool { status: SubscriptionStatus::Enabled, capacity: 5 });
        assert!(catalog.is_subscribed(b) && catalog.pool(b).capacity == 0);
    }

    #[test]
    fn plans_with_data_are_known_by_kind() {
        let mut catalog = Catalog::new(&[], &LicensingPolicy::default());
        // Plan 2 and Kiosk of Exchange, and a plan for meetings.
        let [plan2, kiosk, meetings] = [
            "efb87545-963c-4e0d-99df-69c6916d9eb0",
            "4a82b400-a79f-41a4-b4e2-e94f5787b113",
            "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40",
        ]
        .map(|id| catalog.plan(id, None));
        let kinds = |plan| {
            let kinds = catalog.data_kinds().iter().filter(|kind| kind.plans.contains(plan));
            kinds.map(|kind| kind.name.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!([plan2, kiosk, meetings].map(kinds), ["archive mailbox", "mailbox", ""]);
        assert!(catalog.plan_at(kiosk).unwrap().is_data_bearing);
        assert!(!catalog.plan_at(meetings).unwrap().is_data_bearing);
        let id = catalog.plan_at(meetings).unwrap().id.clone();
        catalog.learn(&Facts { data: [("mailbox".to_owned(), [id].into())].into(), ..Facts::default() });
        assert!(catalog.plan_at(meetings).unwrap().is_data_bearing);
        assert!(!catalog.plan_at(kiosk).unwrap().is_data_bearing);
    }

    #[test]
    fn countries_are_two_letters() {
        assert_eq!(Country::new("no").unwrap().to_string(), "NO");
        assert!(["", "N", "NOR", "N1", "é"].into_iter().all(|text| Country::new(text).is_none()));
    }
}
